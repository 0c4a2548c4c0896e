import type { ArchiveFacts, BackupFacts, FileFacts, SnapshotFacts } from '../release/backup/backup-facts.ts';
import type { RestoreResult } from '../release/result.ts';
import { formatBytes, formatCount, formatDuration, formatTime, plural } from './format.ts';
import type { Block, Cell } from './story.ts';

type Fact = readonly [string, Cell];

export function backupFacts(backup: BackupFacts | FileFacts): Block[] {
  return [
    {
      kind: 'facts',
      title: 'Backup',
      facts: [
        [backup.engine === 'file' ? 'File' : 'Id', { name: backup.id }],
        ...(backup.engine === 'file' ? [] : [['Of', ofCell(backup)] as const]),
        ...factsOf(backup),
        ...(backup.engine === 'file' ? [] : [['Location', { name: backup.location }] as const]),
        [backup.engine === 'file' ? 'File changed' : 'Taken', { text: takenText(backup) }],
      ],
    },
  ];
}

function factsOf(backup: BackupFacts | FileFacts): Fact[] {
  switch (backup.engine) {
    case 'atlas':
      return snapshotFacts(backup);
    case 'file':
      return fileFacts(backup);
    default:
      return archiveFacts(backup);
  }
}

function fileFacts({ databases, serverVersion, oplogEntries, ...backup }: FileFacts): Fact[] {
  return [
    ...databases.map(
      ({ name, collections, documents, bytes }): Fact => [
        'Holds',
        {
          text: `${name}: ${plural(collections, 'collection')}, ${plural(documents, 'document')}, ${formatBytes(bytes)}`,
        },
      ],
    ),
    archiveFact(backup),
    ['Server', { text: `MongoDB ${serverVersion}` }],
    [
      'Point in time',
      oplogEntries === undefined
        ? { mark: 'unknown', text: 'unknown: the file itself does not say' }
        : { mark: 'warning', text: `with ${plural(oplogEntries, 'oplog entry', 'oplog entries')} to be applied` },
    ],
  ];
}

function archiveFacts(backup: ArchiveFacts): Fact[] {
  const { consistency, clusterTime, outsideSnapshot } = backup;
  return [
    ['Holds', { text: `${plural(backup.documents, 'document')}, ${formatBytes(backup.bytes)}` }],
    archiveFact(backup),
    [
      'Point in time',
      clusterTime === undefined
        ? { mark: 'warning', text: `not one point in time (${consistency})` }
        : { text: `${formatTime(clusterTime)} (${consistency})` },
    ],
    ...(outsideSnapshot.length === 0 ? [] : [['Except capped', { names: outsideSnapshot }] as const]),
  ];
}

function archiveFact(backup: Pick<ArchiveFacts, 'archiveBytes' | 'compression' | 'encrypted'>): Fact {
  const compression = backup.compression === 'none' ? 'not compressed' : backup.compression;
  const encrypted = backup.encrypted ? 'encrypted' : 'not encrypted';
  return ['Archive', { text: `${formatBytes(backup.archiveBytes)} (${compression}, ${encrypted})` }];
}

function snapshotFacts({ cluster, snapshotId, snapshot, expiresAt }: SnapshotFacts): Fact[] {
  return [
    ['Holds', { text: `the whole cluster ${cluster}` }],
    ['Snapshot', { name: snapshotId }],
    ['Atlas says', snapshot === 'completed' ? { mark: 'good', text: snapshot } : { mark: 'warning', text: snapshot }],
    ...(expiresAt === undefined ? [] : [['Expires', { text: formatTime(expiresAt) }] as const]),
  ];
}

function ofCell({ target, database }: BackupFacts): Cell {
  return { name: `${target} / ${database}` };
}

/** What it holds, in a sentence. */
export function backupHolds(backup: BackupFacts): string {
  return backup.engine === 'atlas'
    ? `The backup is snapshot ${backup.snapshotId} of cluster ${backup.cluster} in Atlas.`
    : `Backup ${backup.id} holds ${plural(backup.documents, 'document')}.`;
}

function takenText({ createdAt, durationMs }: BackupFacts | FileFacts): string {
  const time = formatTime(createdAt);
  return durationMs === undefined ? time : `${time}, in ${formatDuration(durationMs)}`;
}

export function backupsTable(backups: readonly BackupFacts[]): Block[] {
  if (backups.length === 0) return [];
  const columns = [
    { title: 'Backup' },
    { title: 'Of' },
    { title: 'Taken' },
    { title: 'Documents', numeric: true },
    { title: 'Archive', numeric: true },
    { title: 'Encrypted' },
    { title: 'Consistency' },
    { title: 'Verified' },
  ];
  const rows = backups.map((backup): Cell[] => [
    { name: backup.id },
    ofCell(backup),
    { text: formatTime(backup.createdAt) },
    ...(backup.engine === 'atlas'
      ? [{ text: '' }, { text: '' }, { text: '' }, { text: `snapshot of Atlas: ${backup.snapshot}` }, { text: '' }]
      : archiveCells(backup)),
  ]);
  return [{ kind: 'table', title: 'Backups', columns, rows }];
}

function archiveCells({
  documents,
  archiveBytes,
  encrypted,
  consistency,
  outsideSnapshot,
  verifiedAt,
}: ArchiveFacts): Cell[] {
  const except = outsideSnapshot.length === 0 ? '' : `, except ${outsideSnapshot.length} capped`;
  return [
    { text: formatCount(documents) },
    { text: formatBytes(archiveBytes) },
    { text: encrypted ? 'yes' : 'no' },
    { text: `${consistency}${except}` },
    { text: verifiedAt === undefined ? 'no' : formatTime(verifiedAt) },
  ];
}

export function restoreBlocks(restore: RestoreResult): Block[] {
  const rows = [
    ...restore.restored.map((one): Cell[] => [
      { name: one.collection },
      { mark: 'good', text: 'restored' },
      { text: formatCount(one.documents) },
    ]),
    ...restore.removed.map((name): Cell[] => [
      { name },
      { mark: 'warning', text: 'removed: not in the backup' },
      { text: '' },
    ]),
    ...restore.kept.map((name): Cell[] => [{ name }, { mark: 'idle', text: 'kept: not in the backup' }, { text: '' }]),
  ];
  if (rows.length === 0) return [];
  const columns = [{ title: 'Collection' }, { title: '' }, { title: 'Documents', numeric: true }];
  return [{ kind: 'table', title: 'Collections', columns, rows }];
}

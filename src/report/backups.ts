import type { ArchiveFacts, BackupFacts, FileFacts, RestoreResult, SnapshotFacts } from '../release/result.ts';
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
        ...factsOf(backup),
        ...(backup.engine === 'file' ? [] : [['Location', { name: backup.location }] as const]),
        [backup.engine === 'file' ? 'Written' : 'Taken', { text: takenText(backup) }],
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
  const { compression, encrypted } = backup;
  return [
    ...databases.map(
      ({ name, collections, documents, bytes }): Fact => [
        'Holds',
        {
          text: `${name}: ${plural(collections, 'collection')}, ${plural(documents, 'document')}, ${formatBytes(bytes)}`,
        },
      ],
    ),
    ['Archive', { text: `${formatBytes(backup.archiveBytes)} (${compression}${encrypted ? ', encrypted' : ''})` }],
    ['Server', { text: `MongoDB ${serverVersion}` }],
    [
      'Point in time',
      oplogEntries === undefined
        ? { mark: 'warning', text: 'not one point in time, each collection as it was read' }
        : { mark: 'warning', text: `with ${plural(oplogEntries, 'oplog entry', 'oplog entries')} to be applied` },
    ],
  ];
}

function archiveFacts(backup: ArchiveFacts): Fact[] {
  const { compression, encrypted, consistency, clusterTime } = backup;
  return [
    ['Holds', { text: `${plural(backup.documents, 'document')}, ${formatBytes(backup.bytes)}` }],
    ['Archive', { text: `${formatBytes(backup.archiveBytes)} (${compression}${encrypted ? ', encrypted' : ''})` }],
    [
      'Point in time',
      clusterTime === undefined
        ? { mark: 'warning', text: `not one point in time (${consistency})` }
        : { text: `${formatTime(clusterTime)} (${consistency})` },
    ],
  ];
}

function snapshotFacts({ cluster, snapshotId, snapshot, expiresAt }: SnapshotFacts): Fact[] {
  return [
    ['Holds', { text: `the whole cluster ${cluster}` }],
    ['Snapshot', { name: snapshotId }],
    ['Atlas says', snapshot === 'completed' ? { mark: 'good', text: snapshot } : { mark: 'warning', text: snapshot }],
    ...(expiresAt === undefined ? [] : [['Expires', { text: formatTime(expiresAt) }] as const]),
  ];
}

/** What it holds, in a sentence. */
export function backupHolds(backup: BackupFacts): string {
  return backup.engine === 'atlas'
    ? `The backup is snapshot ${backup.snapshotId} of cluster ${backup.cluster} in Atlas.`
    : `The backup holds ${plural(backup.documents, 'document')}.`;
}

function takenText({ createdAt, durationMs }: BackupFacts | FileFacts): string {
  const time = formatTime(createdAt);
  return durationMs === undefined ? time : `${time}, in ${formatDuration(durationMs)}`;
}

export function backupsTable(backups: readonly BackupFacts[]): Block[] {
  if (backups.length === 0) return [];
  const columns = [
    { title: 'Backup' },
    { title: 'Taken' },
    { title: 'Documents', numeric: true },
    { title: 'Archive', numeric: true },
    { title: 'Consistency' },
  ];
  const rows = backups.map((backup): Cell[] => [
    { name: backup.id },
    { text: formatTime(backup.createdAt) },
    ...(backup.engine === 'atlas'
      ? [{ text: '' }, { text: '' }, { text: `snapshot of Atlas: ${backup.snapshot}` }]
      : [
          { text: formatCount(backup.documents) },
          { text: formatBytes(backup.archiveBytes) },
          { text: backup.consistency },
        ]),
  ]);
  return [{ kind: 'table', title: 'Backups', columns, rows }];
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

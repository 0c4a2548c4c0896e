import type { BackupFacts, RestoreResult } from '../release/result.ts';
import { formatBytes, formatCount, formatDuration, formatTime, plural } from './format.ts';
import type { Block, Cell } from './story.ts';

export function backupFacts(backup: BackupFacts): Block[] {
  return [
    {
      kind: 'facts',
      title: 'Backup',
      facts: [
        ['Id', { name: backup.id }],
        ['Holds', { text: `${plural(backup.documents, 'document')}, ${formatBytes(backup.bytes)}` }],
        [
          'Archive',
          {
            text: `${formatBytes(backup.archiveBytes)} (${backup.compression}${backup.encrypted ? ', encrypted' : ''})`,
          },
        ],
        [
          'Point in time',
          backup.clusterTime === undefined
            ? { mark: 'warning', text: `not one point in time (${backup.consistency})` }
            : { text: `${formatTime(backup.clusterTime)} (${backup.consistency})` },
        ],
        ['Location', { name: backup.location }],
        ['Taken', { text: takenText(backup) }],
      ],
    },
  ];
}

function takenText({ createdAt, durationMs }: BackupFacts): string {
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
    { text: formatCount(backup.documents) },
    { text: formatBytes(backup.archiveBytes) },
    { text: backup.consistency },
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
      { mark: 'warning', text: 'removed: added since the backup' },
      { text: '' },
    ]),
    ...restore.kept.map((name): Cell[] => [
      { name },
      { mark: 'idle', text: 'kept: added since the backup' },
      { text: '' },
    ]),
  ];
  if (rows.length === 0) return [];
  const columns = [{ title: 'Collection' }, { title: '' }, { title: 'Documents', numeric: true }];
  return [{ kind: 'table', title: 'Collections', columns, rows }];
}

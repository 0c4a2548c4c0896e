import type { MigrationStatus, StatusResult } from '../release/result.ts';
import { formatTime, plural } from './format.ts';
import type { Block, Cell, Mark } from './story.ts';

const marks = {
  applied: 'good',
  pending: 'idle',
  running: 'info',
  failed: 'bad',
  interrupted: 'bad',
  'rolled-back': 'back',
} as const satisfies Record<MigrationStatus['state'], Mark>;

const notes = {
  'edited-since-applied': 'the file was changed since',
  'file-missing': 'the file is gone',
} as const satisfies Record<NonNullable<MigrationStatus['note']>, string>;

export function statusSentence({ migrations, pending }: StatusResult): string {
  if (migrations.length === 0) return 'There are no migrations.';
  return pending === 0
    ? `All of ${plural(migrations.length, 'migration')} are applied.`
    : `${pending} of ${plural(migrations.length, 'migration')} ${pending === 1 ? 'is' : 'are'} pending.`;
}

export function statusBlocks({ migrations, lease }: StatusResult): Block[] {
  const columns = ['', 'Migration', 'Applied', 'Note'].map((title) => ({ title }));
  const rows = migrations.map((one): Cell[] => [
    { mark: marks[one.state], text: one.state },
    { name: one.name },
    { text: one.appliedAt === null ? '' : formatTime(one.appliedAt) },
    one.note === undefined ? { text: '' } : { mark: 'warning', text: notes[one.note] },
  ]);
  const noted = migrations.some((one) => one.note !== undefined);
  const table: Block = noted
    ? { kind: 'table', title: 'Migrations', columns, rows }
    : { kind: 'table', title: 'Migrations', columns: columns.slice(0, 3), rows: rows.map((row) => row.slice(0, 3)) };
  return [
    ...(rows.length > 0 ? [table] : []),
    {
      kind: 'facts',
      title: '',
      facts: [
        [
          'Lease',
          lease === null
            ? { text: 'nobody holds it' }
            : {
                mark: 'warning',
                text: `held by ${lease.owner} (fence ${lease.fence}) until ${formatTime(lease.expiresAt)}`,
              },
        ],
      ],
    },
  ];
}

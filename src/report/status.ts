import type { MigrationStatus, StatusResult } from '../release/status.ts';
import { formatCount, formatTime, plural } from './format.ts';
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

const origins = {
  restore: 'by a restore',
  baseline: 'by baseline',
  'migrate-mongo': 'by migrate-mongo',
} as const satisfies Record<NonNullable<MigrationStatus['origin']>, string>;

export function statusSentence({ migrations, pending }: StatusResult): string {
  // What was taken back or left nothing, and has no file any more, is neither applied nor pending.
  const all = migrations.filter(({ state }) => state === 'applied').length + pending;
  if (all === 0) return 'There are no migrations.';
  if (all === 1) return `The only migration is ${pending === 0 ? 'applied' : 'pending'}.`;
  if (pending === 0) return all === 2 ? 'Both migrations are applied.' : `All ${plural(all, 'migration')} are applied.`;
  if (pending === all) return `${all === 2 ? 'Both' : `All ${formatCount(all)}`} migrations are pending.`;
  return `${formatCount(pending)} of ${plural(all, 'migration')} ${pending === 1 ? 'is' : 'are'} pending.`;
}

/** As many rows are shown whole; of more, only those that somebody looks for. */
const mostRows = 40;
const newestApplied = 20;
const mostOfAKind = 50;

/** The rows to show, in their order: what needs a look, what comes next, and what was applied last. */
function shownRows(migrations: readonly MigrationStatus[]): readonly MigrationStatus[] {
  if (migrations.length <= mostRows) return migrations;
  const settled = ({ state, note }: MigrationStatus) => note === undefined && state === 'applied';
  const unusual = migrations.filter((one) => !settled(one) && one.state !== 'pending');
  const pending = migrations.filter((one) => one.state === 'pending');
  const timeOf = ({ appliedAt }: MigrationStatus) => appliedAt?.getTime() ?? 0;
  const newest = migrations.filter(settled).sort((a, b) => timeOf(a) - timeOf(b));
  const shown = new Set([
    ...unusual.slice(-mostOfAKind),
    ...pending.slice(0, mostOfAKind),
    ...newest.slice(-newestApplied),
  ]);
  return migrations.filter((one) => shown.has(one));
}

/** What is not among the rows. */
function leftOut(migrations: readonly MigrationStatus[], shown: readonly MigrationStatus[]): Block[] {
  const missing = migrations.length - shown.length;
  if (missing === 0) return [];
  const kept = new Set(shown);
  const states = Map.groupBy(
    migrations.filter((one) => !kept.has(one)),
    ({ state }) => state,
  );
  const counts = [...states].map(([state, rows]) => `${formatCount(rows.length)} ${state}`).join(', ');
  return [{ kind: 'facts', title: '', facts: [['Not shown', { text: `${counts}; --json has all of them` }]] }];
}

function noteOf({ note, error }: MigrationStatus): Cell {
  const texts = [
    error === undefined ? undefined : `on its way ${error.direction}: ${error.code}`,
    note === undefined ? undefined : notes[note],
  ].filter((text) => text !== undefined);
  return texts.length === 0 ? { text: '' } : { mark: 'warning', text: texts.join('; ') };
}

function appliedInWords({ appliedAt, origin }: MigrationStatus): string {
  if (appliedAt === null) return '';
  const at = formatTime(appliedAt);
  return origin === undefined ? at : `${at}, ${origins[origin]}`;
}

export function statusBlocks({ migrations, lease }: StatusResult): Block[] {
  const columns = ['', 'Migration', 'Applied', 'Note'].map((title) => ({ title }));
  const shown = shownRows(migrations);
  const rows = shown.map((one): Cell[] => [
    { mark: marks[one.state], text: one.state },
    { name: one.name },
    { text: appliedInWords(one) },
    noteOf(one),
  ]);
  const noted = shown.some((one) => one.note !== undefined || one.error !== undefined);
  const table: Block = noted
    ? { kind: 'table', title: 'Migrations', columns, rows }
    : { kind: 'table', title: 'Migrations', columns: columns.slice(0, 3), rows: rows.map((row) => row.slice(0, 3)) };
  return [
    ...(rows.length > 0 ? [table] : []),
    ...leftOut(migrations, shown),
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

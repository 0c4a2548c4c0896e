import type { Effects } from '../migration/types.ts';
import type { AppliedMigration, FailedMigration, PendingMigration } from '../release/result.ts';
import { formatCount, formatDuration, plural } from './format.ts';
import type { Block, Cell, Column } from './story.ts';

/** More names than these in one cell make the table unreadable; they are counted instead. */
const mostNames = 4;

/** Migrations that ran, in their order, the one that failed last. */
export function migrationsTable(
  title: string,
  migrations: readonly AppliedMigration[],
  failed?: FailedMigration,
): Block[] {
  const all: { migration: FailedMigration; failed: boolean }[] = migrations.map((migration) => ({
    migration,
    failed: false,
  }));
  if (failed) all.push({ migration: failed, failed: true });
  if (all.length === 0) return [];
  const others = all.map(({ migration }) => otherChanges(migration.effects));
  const withOthers = others.some((names) => names.length > 0);
  const withLeftOut = all.some(({ migration }) => migration.effects?.quarantined);
  const columns: Column[] = [
    { title: '' },
    { title: 'Migration' },
    ...['Matched', 'Modified', 'Inserted', 'Deleted', ...(withLeftOut ? ['Left out'] : [])].map((title) => ({
      title,
      numeric: true,
    })),
    { title: 'Indexes', below: '' },
    ...(withOthers ? [{ title: 'Also', below: '' }] : []),
    { title: 'Duration', numeric: true },
  ];
  const rows = all.map(({ migration: { name, durationMs, effects }, failed }, i): Cell[] => [
    failed ? { mark: 'bad', text: 'failed' } : { mark: 'good', text: 'done' },
    { name },
    number(effects?.matched),
    number(effects?.modified),
    number(effects?.inserted),
    number(effects?.deleted),
    ...(withLeftOut ? [number(effects && (effects.quarantined ?? 0))] : []),
    namesOrCount(indexChanges(effects), 'index change'),
    ...(withOthers ? [namesOrCount(others[i] ?? [], 'change')] : []),
    { text: formatDuration(durationMs) },
  ]);
  return [{ kind: 'table', title, columns, rows }];
}

export function pendingTable(pending: readonly PendingMigration[]): Block[] {
  if (pending.length === 0) return [];
  const columns = ['Migration', 'Phase', 'Runs', 'After a kill', 'Way back', 'Checksum'].map((title) => ({ title }));
  const rows = pending.map((one): Cell[] => [
    { name: one.name },
    { text: one.phase },
    { text: runWords(one) },
    afterKill(one),
    wayBack(one),
    { name: one.checksum.slice(0, 12) },
  ]);
  return [{ kind: 'table', title: 'Pending', columns, rows }];
}

function runWords({ run }: PendingMigration): string {
  const { journal, transaction, batches } = run;
  const kept =
    journal === 'none' ? 'without journal' : journal === 'images' ? 'with journal' : 'journal without images';
  return [transaction ? 'in one transaction' : undefined, batches ? 'in batches' : undefined, kept]
    .filter((word) => word !== undefined)
    .join(', ');
}

/** The first that `rollback` would take of itself. */
function wayBack({ run, reversible }: PendingMigration): Cell {
  if (run.undoable) return { mark: 'good', text: 'undo' };
  return reversible ? { mark: 'good', text: 'down' } : { mark: 'warning', text: 'only the backup' };
}

/** What becomes of it when its run is killed in the middle. */
function afterKill({ run }: PendingMigration): Cell {
  const { journal, transaction, resumable, undoable } = run;
  if (transaction) return { mark: 'good', text: 'as it was' };
  if (resumable) return { mark: 'good', text: 'goes on' };
  if (undoable) return { mark: 'info', text: 'undone, begins afresh' };
  return journal === 'none'
    ? { mark: 'warning', text: 'begins from its top' }
    : { mark: 'warning', text: 'may stop with exit code 8' };
}

/** `3 migrations, 106,312 changes of documents, 2 indexes built`: nobody knows which documents two migrations changed. */
export function totals(migrations: readonly AppliedMigration[]): string {
  const sum = (of: (effects: Effects) => number) => migrations.reduce((total, one) => total + of(one.effects), 0);
  const changes = ({ modified, inserted, deleted }: Effects) => modified + inserted + deleted;
  const leftOut = ({ quarantined = 0 }: Effects) => quarantined;
  const bySeveral = (of: (effects: Effects) => number) => migrations.filter((one) => of(one.effects) > 0).length > 1;
  const changed = sum(changes);
  const indexes = sum((effects) => effects.indexesCreated.length);
  const quarantined = sum(leftOut);
  const unknown = sum((effects) => effects.unknown);
  return [
    plural(migrations.length, 'migration'),
    bySeveral(changes) ? `${plural(changed, 'change')} of documents` : `${plural(changed, 'document')} changed`,
    indexes > 0 ? `${plural(indexes, 'index', 'indexes')} built` : undefined,
    quarantined > 0
      ? `${bySeveral(leftOut) ? `${plural(quarantined, 'time')} a document` : plural(quarantined, 'document')} left out`
      : undefined,
    unknown > 0 ? `${plural(unknown, 'operation')} with an unknown result` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

function indexChanges(effects: Effects | undefined): string[] {
  if (effects === undefined) return [];
  return [...effects.indexesCreated.map((name) => `+ ${name}`), ...effects.indexesDropped.map((name) => `− ${name}`)];
}

function otherChanges(effects: Effects | undefined): string[] {
  if (effects === undefined) return [];
  return [
    ...effects.collectionsCreated.map((name) => `create ${name}`),
    ...effects.collectionsDropped.map((name) => `drop ${name}`),
    ...effects.otherChanges,
    ...(effects.replayed ? [`${plural(effects.replayed, 'operation')} by an earlier run`] : []),
    ...(effects.unknown > 0 ? [`${plural(effects.unknown, 'operation')} with an unknown result`] : []),
  ];
}

/** A dash where nothing was seen: 0 would be a claim. */
function number(count: number | undefined): Cell {
  return { text: count === undefined ? '–' : formatCount(count) };
}

function namesOrCount(names: readonly string[], what: string): Cell {
  if (names.length === 0) return { text: '' };
  return names.length > mostNames ? { text: plural(names.length, what) } : { names };
}

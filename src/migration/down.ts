import { ReleaseError } from '../observe/error.ts';
import { isHalfDone, nextOfHalf, undoneByJournal } from './beginning.ts';
import { findMigration, listed } from './files/find.ts';
import { isEdited } from './plan/findings.ts';
import type { HistoryRecord, MigrationFacts, MigrationFile } from './types.ts';

/** How far down: so many steps, until `to` is the newest that is applied, or all that one release applied. */
export type DownScope =
  | { readonly count: number }
  | { readonly to: string }
  | { readonly release: string }
  /** Those of these names, and what failed on top of them. */
  | { readonly names: ReadonlySet<string> };

export interface DownInput {
  readonly records: readonly HistoryRecord[];
  /** With something in place of a missing one that is undone by its journal: see `readWayDown`. */
  readonly files: readonly MigrationFile[];
  /** Of every file on the way. */
  readonly facts: ReadonlyMap<string, MigrationFacts>;
  readonly scope: DownScope;
}

export interface DownStep {
  readonly record: HistoryRecord;
  readonly file: MigrationFile;
  readonly facts: MigrationFacts;
  /** The file is not the one that was applied: its `down` may not fit what `up` did then. */
  readonly edited: boolean;
}

/**
 * The migrations to take back, the last applied first: by the time of application, not by file name. `[]` when there
 * is nothing to take back.
 *
 * A migration that failed or was interrupted, and may have left something in the data, is a step too, and the first:
 * what is older must not be pulled out from under it. One that failed before its first write is none.
 *
 * Pure; looks at the whole way before the first step. Throws `IRREVERSIBLE` when a migration on it has no way back,
 * `DOWN_BLOCKED` when later releases stand on what a release applied, `MIGRATION_UNKNOWN`, `MIGRATION_NOT_APPLIED`,
 * and `USAGE` for a count that is no positive whole number.
 */
export function selectDown({ records, files, facts, scope }: DownInput): DownStep[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const steps = onTheWay(records, scope).map((record) => {
    const file = byName.get(record._id);
    const edited = file !== undefined && !undoneByJournal(record) && isEdited(record, file);
    return { record, file, facts: facts.get(record._id), edited };
  });
  return steps.map(({ record, file, facts: known, edited }) => {
    const { _id: name } = record;
    const inTheWay = `${name} is on the way down and cannot be undone`;
    if (file === undefined) {
      const why = `${inTheWay}: its file ${record.fileName} is missing`;
      if (!isHalfDone(record)) throw irreversible(why, `Bring ${record.fileName} back`, scope);
      throw new ReleaseError('IRREVERSIBLE', `${why}. Nothing was run.`, { hint: nextOfHalf(record, undefined) });
    }
    if (known === undefined) throw new Error(`selectDown was not given the facts of ${name}`);
    if (undoneByJournal(record)) return { record, file, facts: known, edited };
    if (known.irreversible !== undefined) {
      throw irreversible(`${inTheWay}: ${known.irreversible}`, undefined, scope);
    }
    if (!known.hasDown) throw irreversible(`${inTheWay}: it has no down`, `Write a down in ${file.fileName}`, scope);
    return { record, file, facts: known, edited };
  });
}

/** The records of what `selectDown` takes back, whether or not it can be. Throws as that does for the scope. */
export function onTheWay(records: readonly HistoryRecord[], scope: DownScope): HistoryRecord[] {
  const candidates = records
    .filter((record) => record.state === 'applied' || isHalfDone(record))
    .sort((a, b) => b.sequence - a.sequence);
  return pick(candidates, records, scope);
}

function pick(newestFirst: HistoryRecord[], records: readonly HistoryRecord[], scope: DownScope): HistoryRecord[] {
  if ('count' in scope) {
    if (Number.isSafeInteger(scope.count) && scope.count > 0) return newestFirst.slice(0, scope.count);
    throw new ReleaseError('USAGE', 'The number of migrations to take back is a whole number from 1 on.', {
      hint: 'Type for example: mongo-release down 2',
    });
  }
  if ('to' in scope) {
    const named = records.map((record) => ({ name: record._id, fileName: record.fileName, record }));
    const { name, record } = findMigration(scope.to, named, '--to');
    const end = newestFirst.indexOf(record);
    if (record.state === 'applied') return newestFirst.slice(0, end);
    throw new ReleaseError('MIGRATION_NOT_APPLIED', `${name} is ${record.state}, so it cannot be what down stops at.`, {
      hint: 'Name with --to the newest migration that is to stay applied; mongo-release status lists them.',
    });
  }
  if ('names' in scope) {
    const first = newestFirst.findIndex((record) => scope.names.has(record._id));
    return newestFirst.filter((record, i) => i < first || scope.names.has(record._id));
  }
  const of = (record: HistoryRecord) => (record.appliedAt === undefined ? record.releaseId : record.appliedIn);
  const mine = newestFirst.filter((record) => of(record) === scope.release);
  const reach = mine.at(-1);
  const later = newestFirst
    .slice(0, reach === undefined ? 0 : newestFirst.indexOf(reach))
    .filter((record) => !mine.includes(record));
  if (later.length === 0) return mine;
  throw new ReleaseError(
    'DOWN_BLOCKED',
    `Applied after what release ${scope.release} applied: ${listed(later.map((record) => record._id))}.`,
    { hint: `Take the later ones back first, with ${laterBack(later, of)}.` },
  );
}

/** By the releases that applied them, the newest first; what none applied, as after a restore, one by one. */
function laterBack(later: readonly HistoryRecord[], of: (record: HistoryRecord) => string | undefined): string {
  const releases = new Set(later.map((record) => (record.origin === undefined ? of(record) : undefined)));
  return releases.has(undefined)
    ? 'mongo-release down, which takes back the one that was applied last'
    : [...releases].map((release) => `mongo-release rollback ${release}`).join(', then ');
}

function irreversible(why: string, first: string | undefined, scope: DownScope): ReleaseError {
  const ways = [
    ...(first === undefined ? [] : [first]),
    ...('release' in scope ? [] : ['go down less far']),
    'restore a backup from before it (mongo-release inspect lists them, mongo-release restore BACKUP brings one back)',
  ].join(', or ');
  return new ReleaseError('IRREVERSIBLE', `${why}. Nothing was run.`, {
    hint: `${ways.charAt(0).toUpperCase()}${ways.slice(1)}.`,
  });
}

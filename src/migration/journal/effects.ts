import type { Db } from 'mongodb';
import { leftTargetAsItWas } from '../end.ts';
import { countsOfAnswer } from '../gate/counts.ts';
import { maybeSeen } from '../gate/journal/catalog/found.ts';
import { indexNames } from '../gate/journal/catalog/look.ts';
import { shownName } from '../gate/names.ts';
import { type NamedChange, Tally } from '../gate/tally.ts';
import type { Counts, Effects } from '../types.ts';
import { type Attempt, type EntryNamespace, entriesOf, type JournalEntry } from './documents.ts';
import { countsOfEntry } from './entry-counts.ts';

/**
 * What an attempt has done by its journal, all of its runs together: for where nobody lived to tell. Unknown is of it
 * what no transaction takes and has no answer on record, and what the journal has no counts of. To be asked once nothing
 * can be committed any more. Throws the driver's errors, and the signal's reason.
 *
 * Never that nothing was done where an entry stands, whatever it counts: what was begun would be run a second time.
 */
export async function effectsOfAttempt(
  db: Db,
  journal: string,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<Effects> {
  const tally = new Tally();
  let stands = false;
  const shown = (namespace: EntryNamespace) => shownName(namespace, db.databaseName);
  const entries = db
    .collection<JournalEntry>(journal, { readConcern: { level: 'majority' }, readPreference: 'primary' })
    .find({ ...entriesOf(attempt), undone: { $exists: false } } as object, {
      ...asNumbers,
      maxTimeMS: patienceMs,
      signal,
    })
    .project<JournalEntry>({ reads: 0 })
    .sort({ _id: 1 });
  for await (const entry of entries) {
    signal?.throwIfAborted();
    stands ||= entry.state !== 'refused';
    addEntry(tally, entry, shown);
  }
  if (stands && leftTargetAsItWas({ effects: tally.effects() })) tally.unknown += 1;
  return tally.effects();
}

/** Whatever a project has its driver make of numbers. */
export const asNumbers = {
  promoteValues: true,
  promoteLongs: true,
  promoteBuffers: false,
  useBigInt64: false,
} as const;

/** Of the server, for all batches of the cursor together; milliseconds. */
const patienceMs = 10_000;

type Shown = (namespace: EntryNamespace) => string;

function addEntry(tally: Tally, entry: JournalEntry, shown: Shown): void {
  const { kind, state, namespace, method, calls, catalog, error } = entry;
  if (kind !== 'implicit') tally.operations += calls?.length ?? 1;
  if (state === 'refused') return;
  if (state === 'intent' || (kind === 'unfenced' && error !== undefined)) {
    tally.unknown += 1;
    return;
  }
  if (catalog !== undefined) {
    tally.add(catalogChange(entry, shown));
    return;
  }
  for (const call of calls ?? []) {
    // What the driver refused by itself was not sent; without images it may also be that its answer could not be read.
    if (call.result === undefined) tally.unknown += entry.images ? 0 : 1;
    else addCounts(tally, shown(call.namespace), countsOfAnswer(call.method, call.result));
  }
  if (calls !== undefined || method.endsWith('dropDatabase')) return;
  if (writesDocuments.test(method)) addCounts(tally, shown(namespace), countsOfEntry(entry));
  else tally.add({ other: `${nameOf(method)} ${shown(namespace)}` });
}

function addCounts(tally: Tally, collection: string, counts: Counts | undefined): void {
  if (counts === undefined) tally.unknown += 1;
  else tally.add({ collection, counts });
}

/** Drivers up to 4 also have `insert`, `update` and `remove`. */
const writesDocuments =
  /^(?:(?:insert|update|delete)(?:One|Many)?|replaceOne|remove|findOneAnd(?:Update|Replace|Delete)|(?:client )?bulkWrite|bulk execute|batch|command (?:insert|update|delete|findAndModify|bulkWrite))$/i;

/** `$merge` of `aggregate $merge`, `collMod` of `command collMod`. */
function nameOf(method: string): string {
  return method.replace(/^(?:command|aggregate) /, '');
}

function catalogChange({ method, namespace, catalog }: JournalEntry, shown: Shown): NamedChange {
  if (catalog === undefined) return {};
  const { type, before, after, replaced, to = namespace } = catalog;
  const indexes = (of: typeof before) => indexNames(maybeSeen(of)).filter((name) => name !== '_id_');
  const without = (these: string[], those: string[]) =>
    these.filter((name) => !those.includes(name)).map((name) => `${shown(namespace)}.${name}`);
  switch (type) {
    case 'create-collection':
      return { collectionsCreated: before === undefined ? [shown(namespace)] : [] };
    case 'drop-collection':
      return { collectionsDropped: before === undefined ? [] : [shown(namespace)] };
    case 'rename-collection': {
      const collectionsDropped = replaced === undefined ? [] : [shown(to)];
      return { collectionsDropped, other: `rename ${shown(namespace)} → ${shown(to)}` };
    }
    case 'replace-collection':
      return { collectionsCreated: replaced === undefined ? [shown(to)] : [], other: `${nameOf(method)} ${shown(to)}` };
    case 'modify-collection':
      return { other: `${nameOf(method)} ${shown(namespace)}` };
    case 'create-indexes':
      return {
        indexesCreated: without(indexes(after), indexes(before)),
        collectionsCreated: before === undefined ? [shown(namespace)] : [],
      };
    case 'drop-indexes':
      return { indexesDropped: without(indexes(before), indexes(after)) };
  }
}

import type { Db } from 'mongodb';
import { countsOfAnswer } from '../gate/counts.ts';
import { maybeSeen } from '../gate/journal/catalog/found.ts';
import { indexNames } from '../gate/journal/catalog/look.ts';
import { shownName } from '../gate/names.ts';
import { type NamedChange, noCounts, Tally } from '../gate/tally.ts';
import type { Counts, Effects } from '../types.ts';
import { type Attempt, type EntryNamespace, type JournalEntry, ofAttempt } from './documents.ts';

/**
 * What an attempt has done by its journal, all of its runs together: for where nobody lived to tell. Unknown is of it only
 * what no transaction takes and has no answer on record. To be asked once nothing can be committed any more. Throws the
 * driver's errors.
 */
export async function effectsOfAttempt(db: Db, journal: string, attempt: Attempt): Promise<Effects> {
  const tally = new Tally();
  const shown = (namespace: EntryNamespace) => shownName(namespace, db.databaseName);
  const entries = db
    .collection<JournalEntry>(journal, { readConcern: { level: 'majority' }, readPreference: 'primary' })
    .find({ ...ofAttempt(attempt), kind: { $ne: 'images' as never }, undone: { $exists: false } })
    .project<JournalEntry>({ reads: 0 })
    .sort({ _id: 1 });
  for await (const entry of entries) addEntry(tally, entry, shown);
  return tally.effects();
}

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
    tally.add({
      collection: shown(call.namespace),
      counts: call.result === undefined ? noCounts : countsOfAnswer(call.method, call.result),
    });
  }
  if (calls !== undefined || method.endsWith('dropDatabase')) return;
  if (writesDocuments.test(method)) tally.add({ collection: shown(namespace), counts: countsOfEntry(entry) });
  else tally.add({ other: `${nameOf(method)} ${shown(namespace)}` });
}

const writesDocuments =
  /^(?:command )?(?:insert|update|delete|replace|remove|bulkWrite|findOneAnd|findAndModify|batch)/i;

/** `$merge` of `aggregate $merge`, `collMod` of `command collMod`. */
function nameOf(method: string): string {
  return method.replace(/^(?:command|aggregate) /, '');
}

/** A checkpoint is that of the transaction before the last, unless its call was refused there. */
function countsOfEntry({ state, method, result, error, checkpoint }: JournalEntry): Counts {
  if (error?.result !== undefined) return countsOfAnswer(method, { form: 'bulk', value: error.result });
  const answered = state === 'done' && error === undefined && result !== undefined && result.form !== 'omitted';
  if (answered) return countsOfAnswer(method, result);
  const { quarantined } = (checkpoint?.constants ?? {}) as { readonly quarantined?: number };
  return { ...(checkpoint?.counts ?? noCounts), ...(quarantined ? { quarantined } : {}) };
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

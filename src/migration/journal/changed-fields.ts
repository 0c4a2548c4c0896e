import { type Abortable, type Collection, type Db, type FindOptions, ReadPreference } from 'mongodb';
import { type DifferingField, differingFields } from '../../mongo/differing-fields.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { bytesOf } from '../../mongo/raw-bson.ts';
import { shownName } from '../gate/names.ts';
import { type Attempt, type ImagesDocument, isOfImages, ofAttempt } from './documents.ts';
import { unpackImages } from './images.ts';

/** A field that a migration changed, set or took away, and in how many of the changes that were looked at. */
export interface ChangedField extends DifferingField {
  readonly collection: string;
  readonly changes: number;
}

export interface ChangedFields {
  /** The most often changed first. */
  readonly fields: readonly ChangedField[];
  /** How many changes of documents were looked at; more than these were made where `cut`. */
  readonly changes: number;
  /** Whether there are more changes, or more fields, than are listed. */
  readonly cut: boolean;
}

/** An operation does the same to most documents: its first show what it does. Those of all operations together. */
const mostChanges = 1000;
/** Of the journal, in ids: what is behind them is not looked at. */
const mostIds = 100_000;
const mostFields = 50;

type Limits = FindOptions & Abortable;

/**
 * What an attempt changed in the documents that were there before and after it, by the images of its journal: of each of
 * its operations the first, as many as there is room for; of very many operations some, from its beginning to its end. What it
 * inserted and deleted is not in it. Of the images little more is read than what is looked at. `limits` are of the
 * reading. Throws the driver's errors, and `JournalDamage` for images that are damaged.
 */
export async function changedFields(
  db: Db,
  own: OwnNames,
  attempt: Attempt,
  limits: Limits = {},
): Promise<ChangedFields> {
  const journal = db.collection<ImagesDocument>(own.journal, { readPreference: ReadPreference.primary });
  // The index has all of it: no document is fetched.
  const ids = await journal
    .find(ofAttempt(attempt) as object, { ...limits, projection: { _id: 1 } })
    .sort({ _id: 1 })
    .limit(mostIds)
    .map(({ _id }) => _id)
    .toArray();
  const all = operationsOf(ids);
  const step = Math.max(1, all.length / mostChanges);
  const some = all.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step));
  await readHeads(journal, some, limits);
  const shares = sharesOf(some.map(({ known }) => known));
  const room = new Map<string, { left: number }>();
  for (const [at, { packs }] of some.entries()) {
    const share = { left: shares[at] ?? 0 };
    let before = 0;
    for (const pack of packs) {
      if (before < share.left) for (const id of pack.ids) room.set(id, share);
      before += pack.count;
    }
  }
  const found = new Map<string, { -readonly [K in keyof ChangedField]: ChangedField[K] }>();
  let changes = 0;
  let more = ids.length === mostIds || all.reduce((sum, operation) => sum + operation.ids.length, 0) > room.size;
  const documents = journal
    .find({ _id: { $in: [...room.keys()] } }, limits)
    .sort({ _id: 1 })
    .batchSize(10);
  let parts: Uint8Array[] = [];
  for await (const { _id, part, parts: whole, data, namespace } of documents) {
    parts = [...(part === 0 ? [] : parts), bytesOf(data)];
    if (parts.length < whole) continue;
    const collection = shownName(namespace, db.databaseName);
    const share = room.get(_id) ?? { left: 0 };
    for (const { before, after } of unpackImages(parts)) {
      if (share.left === 0) {
        more = true;
        break;
      }
      share.left -= 1;
      if (before === undefined || after === undefined) continue;
      changes += 1;
      for (const field of differingFields(before, after)) {
        const key = [collection, field.path, field.before, field.after].join('\n');
        const known = found.get(key) ?? { ...field, collection, changes: 0 };
        known.changes += 1;
        found.set(key, known);
      }
    }
  }
  const fields = [...found.values()].sort((a, b) => b.changes - a.changes || (a.path < b.path ? -1 : 1));
  return { fields: fields.slice(0, mostFields), changes, cut: more || fields.length > mostFields };
}

/** What stands behind an entry, up to the next one: its images, and where calls ran in parallel also those of others. */
interface Operation {
  readonly ids: string[];
  /** The first ones: the documents of each, and how many changes they hold. */
  readonly packs: { readonly ids: readonly string[]; readonly count: number }[];
  /** How many of `ids` were asked for, and how many changes these hold. */
  asked: number;
  known: number;
}

/** Those that have images, in their order. */
function operationsOf(ids: readonly string[]): Operation[] {
  const all: Operation[] = [];
  for (const id of ids) {
    if (!isOfImages(id)) all.push({ ids: [], packs: [], asked: 0, known: 0 });
    else all.at(-1)?.ids.push(id);
  }
  return all.filter((operation) => operation.ids.length > 0);
}

/** Asks of each operation for its first packs, until they are enough for its share; for twice as many each time. */
async function readHeads(journal: Collection<ImagesDocument>, all: readonly Operation[], limits: Limits) {
  for (let most = 1; ; most *= 2) {
    const isOpen = ({ asked, ids }: Operation) => asked < ids.length;
    const shares = sharesOf(all.map((one) => (isOpen(one) ? mostChanges : one.known)));
    const short = all.filter((one, at) => isOpen(one) && one.known < (shares[at] ?? 0));
    if (short.length === 0) return;
    const asked = short.flatMap((one) => one.ids.slice(one.asked, one.asked + most));
    const heads = journal.find<Head>(
      { _id: { $in: asked }, part: 0 },
      { ...limits, projection: { count: 1, parts: 1 } },
    );
    const byId = new Map<string, Head>();
    for await (const head of heads) byId.set(head._id, head);
    for (const one of short) {
      for (const end = one.asked + most; one.asked < end && isOpen(one); one.asked += 1) {
        const head = byId.get(one.ids[one.asked] ?? '');
        // A later part.
        if (head === undefined) continue;
        const { count, parts } = head;
        one.packs.push({ ids: one.ids.slice(one.asked, one.asked + parts), count });
        one.known += count;
      }
    }
  }
}

type Head = Pick<ImagesDocument, '_id' | 'count' | 'parts'>;

/** How many changes of each, of so many that there are: what one does not need is for the others. */
function sharesOf(counts: readonly number[]): number[] {
  const shares: number[] = [];
  let left = mostChanges;
  for (const [at, { count, of }] of counts
    .map((count, of) => ({ count, of }))
    .sort((a, b) => a.count - b.count)
    .entries()) {
    const share = Math.min(count, Math.floor(left / (counts.length - at)));
    shares[of] = share;
    left -= share;
  }
  return shares;
}

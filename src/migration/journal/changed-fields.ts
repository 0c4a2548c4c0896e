import { type Abortable, type Db, type FindOptions, ReadPreference } from 'mongodb';
import { type DifferingField, differingFields } from '../../mongo/differing-fields.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { bytesOf } from '../../mongo/raw-bson.ts';
import { shownName } from '../gate/names.ts';
import { type Attempt, entryOf, type ImagesDocument, ofAttempt } from './documents.ts';
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
/** Of the journal, in documents of it: what is behind them is not looked at. */
const mostPacks = 100_000;
const mostFields = 50;

/**
 * What an attempt changed in the documents that were there before and after it, by the images of its journal: of each of
 * its operations the first, as many as there is room for; of very many operations some, from its beginning to its end. What it
 * inserted and deleted is not in it. `limits` are of the reading. Throws the driver's errors, and `JournalDamage` for images that are damaged.
 */
export async function changedFields(
  db: Db,
  own: OwnNames,
  attempt: Attempt,
  limits: FindOptions & Abortable = {},
): Promise<ChangedFields> {
  const journal = db.collection<ImagesDocument>(own.journal, { readPreference: ReadPreference.primary });
  const packs = await journal
    .find<Head>({ ...ofAttempt(attempt), kind: 'images' } as object, {
      ...limits,
      projection: { of: 1, count: 1, part: 1 },
    })
    .sort({ _id: 1 })
    .limit(mostPacks)
    .toArray();
  const { chosen, room } = sharesOf(packs);
  const found = new Map<string, { -readonly [K in keyof ChangedField]: ChangedField[K] }>();
  let changes = 0;
  let more = packs.length === mostPacks || chosen.length < packs.length;
  const documents = journal
    .find({ _id: { $in: chosen } }, limits)
    .sort({ _id: 1 })
    .batchSize(10);
  let parts: Uint8Array[] = [];
  for await (const { _id, of, part, parts: all, data, namespace } of documents) {
    parts = [...(part === 0 ? [] : parts), bytesOf(data)];
    if (parts.length < all) continue;
    const collection = shownName(namespace, db.databaseName);
    const entry = entryOf({ _id, of });
    for (const { before, after } of unpackImages(parts)) {
      const left = room.get(entry) ?? 0;
      if (left === 0) {
        more = true;
        break;
      }
      room.set(entry, left - 1);
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

type Head = Pick<ImagesDocument, '_id' | 'of' | 'count' | 'part'>;

/** Which documents of the journal to look at, and how many changes of each entry: what one does not need is for the others. */
function sharesOf(packs: readonly Head[]): { readonly chosen: string[]; readonly room: Map<string, number> } {
  const all = [...Map.groupBy(packs, entryOf)].map(([entry, of]) => {
    return { entry, of, count: of.reduce((sum, { count, part }) => sum + (part === 0 ? count : 0), 0) };
  });
  const step = Math.max(1, all.length / mostChanges);
  const some = all.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step));
  const room = new Map<string, number>();
  let left = mostChanges;
  for (const [at, { entry, count }] of some.toSorted((a, b) => a.count - b.count).entries()) {
    const share = Math.min(count, Math.floor(left / (some.length - at)));
    room.set(entry, share);
    left -= share;
  }
  const chosen = some.flatMap(({ entry, of }) => {
    let before = 0;
    return of.flatMap(({ _id, count, part }) => {
      // The parts of a pack belong together.
      const from = part === 0 ? before : before - count;
      before += part === 0 ? count : 0;
      return from < (room.get(entry) ?? 0) ? [_id] : [];
    });
  });
  return { chosen, room };
}

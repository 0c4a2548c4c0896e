import { type Abortable, type Db, type FindOptions, ReadPreference } from 'mongodb';
import { type DifferingField, differingFields } from '../../mongo/differing-fields.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { bytesOf } from '../../mongo/raw-bson.ts';
import { shownName } from '../gate/names.ts';
import { type Attempt, type ImagesDocument, ofAttempt } from './documents.ts';
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

/** A migration does the same to most documents: the first show what it does. */
const mostChanges = 1000;
const mostFields = 50;

/**
 * What an attempt changed in the documents that were there before and after it, by the images of its journal. What it
 * inserted and deleted is not in it. `limits` are of the reading. Throws the driver's errors, and `JournalDamage` for images that are damaged.
 */
export async function changedFields(
  db: Db,
  own: OwnNames,
  attempt: Attempt,
  limits: FindOptions & Abortable = {},
): Promise<ChangedFields> {
  const found = new Map<string, { -readonly [K in keyof ChangedField]: ChangedField[K] }>();
  let changes = 0;
  let more = false;
  const documents = db
    .collection<ImagesDocument>(own.journal, { readPreference: ReadPreference.primary })
    .find({ ...ofAttempt(attempt), kind: 'images' } as object, limits)
    .sort({ _id: 1 })
    .batchSize(10);
  let parts: Uint8Array[] = [];
  for await (const { part, parts: all, data, namespace } of documents) {
    if (changes >= mostChanges) {
      more = true;
      break;
    }
    parts = [...(part === 0 ? [] : parts), bytesOf(data)];
    if (parts.length < all) continue;
    const collection = shownName(namespace, db.databaseName);
    for (const { before, after } of unpackImages(parts)) {
      if (changes >= mostChanges) {
        more = true;
        break;
      }
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

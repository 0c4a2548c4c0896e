import { readFile } from 'node:fs/promises';
import { BSON, type CollationOptions, type Db, type Document } from 'mongodb';
import { changedFields } from '../../migration/journal/changed-fields.ts';
import { type Attempt, type JournalEntry, ofAttempt } from '../../migration/journal/documents.ts';
import type { MigrationEnd } from '../../migration/runner.ts';
import type { MigrationFile } from '../../migration/types.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { serverCodes } from '../../mongo/server-error.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { DuplicateKey, Offending } from '../result.ts';
import { mixedTypes } from './mixed-types.ts';

const mostGroups = 5;
const mostIds = 5;
const mostTypes = 3;
const patienceMs = 30_000;
const exact = { promoteValues: false, bsonRegExp: true, maxTimeMS: patienceMs } as const;

export interface FailedInSandbox {
  readonly db: Db;
  readonly own: OwnNames;
  readonly file: MigrationFile;
  readonly attempt: Attempt | undefined;
  readonly end: MigrationEnd;
}

/**
 * Which documents a migration failed on, as far as the sandbox tells: those whose keys are equal, the one that it had read
 * last, and those whose fields have another type than the others'. Throws nothing: it comes after a failure.
 */
export async function offendingDocuments(failed: FailedInSandbox): Promise<Offending[]> {
  try {
    const duplicates = await duplicateKeys(failed);
    const { end, db, own, file } = failed;
    const lastRead = end.state === 'failed' ? end.lastRead : undefined;
    const read: Offending[] = lastRead === undefined ? [] : [{ kind: 'last-read', ...lastRead }];
    if (duplicates !== undefined) return [duplicates, ...read];
    // What the server refuses has nothing to do with what JavaScript makes of a type.
    const thrown = end.state === 'failed' && end.error.code === 'MIGRATION_FAILED' && end.serverCode === undefined;
    if (!thrown) return read;
    const written = Object.keys(end.effects.byCollection);
    const near = [...new Set([...(lastRead === undefined ? [] : [lastRead.collection]), ...written])];
    const collections = near.length > 0 ? near : await allOf(db, own);
    const types = await mixedTypes(db, collections, await readFile(file.path, 'utf8'));
    // What it set itself, some documents have by now.
    const set = failed.attempt === undefined ? [] : (await changedFields(db, own, failed.attempt)).fields;
    const its = new Set(set.filter(({ before }) => before === undefined).map(({ path }) => path));
    return [...read, ...types.filter(({ field }) => !its.has(field)).slice(0, mostTypes)];
  } catch {
    return [];
  }
}

async function allOf(db: Db, own: OwnNames): Promise<string[]> {
  const entries = await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray();
  return entries.map(({ name }) => name).filter((name) => !own.owns(name) && !name.startsWith('system.'));
}

/** What the server said of a duplicate key, as the journal of the sandbox keeps it. */
interface Refusal {
  readonly keyPattern?: Document;
  readonly keyValue?: Document;
  readonly collation?: CollationOptions;
}

async function duplicateKeys({ db, own, attempt }: FailedInSandbox): Promise<DuplicateKey | undefined> {
  if (attempt === undefined) return undefined;
  const [entry] = await db
    .collection<JournalEntry>(own.journal, exact)
    .find({ ...ofAttempt(attempt), state: 'refused', 'error.code': serverCodes.DuplicateKey } as object, exact)
    .sort({ _id: -1 })
    .limit(1)
    .toArray();
  const { keyPattern, keyValue, collation } = (entry?.error?.response ?? {}) as Refusal;
  const name = entry?.namespace.collection;
  if (entry === undefined || name === undefined || keyPattern === undefined) return undefined;
  const collection = db.client.db(entry.namespace.database).collection(name);
  const fields = Object.keys(keyPattern);
  const about = { kind: 'duplicate-key', collection: name, fields } as const;
  const withKey = async (key: Document): Promise<string[]> => {
    const found = await collection.find(key, { ...exact, collation, projection: { _id: 1 }, limit: mostIds }).toArray();
    return found.map(({ _id }) => shownId(BSON.serialize({ _id })));
  };
  if (entry.kind !== 'catalog') {
    // With a collation the server tells no value.
    const ids = keyValue === undefined || collation !== undefined ? [] : await withKey(keyValue);
    return { ...about, found: 'written', groups: ids.length === 0 ? [] : [ids], more: false };
  }
  const keys = fields.map((field, i) => [`k${i}`, { $ifNull: [`$${field}`, null] }]);
  const equal = await collection
    .aggregate(
      [
        { $group: { _id: Object.fromEntries(keys), documents: { $sum: 1 } } },
        { $match: { documents: { $gt: 1 } } },
        { $limit: mostGroups + 1 },
      ],
      { ...exact, collation, allowDiskUse: true },
    )
    .toArray();
  const groups: string[][] = [];
  for (const { _id } of equal.slice(0, mostGroups)) {
    groups.push(await withKey(Object.fromEntries(fields.map((field, i) => [field, _id[`k${i}`]]))));
  }
  return { ...about, found: 'present', groups, more: equal.length > mostGroups };
}

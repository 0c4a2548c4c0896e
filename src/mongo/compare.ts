import type { Db } from 'mongodb';
import { type CollectionInfo, indexFingerprint, isCapped, readCatalog } from './catalog.ts';
import { type DocumentsDigest, digestDocuments } from './documents-digest.ts';
import type { OwnNames } from './own.ts';
import { asBuffer } from './raw-bson.ts';

/** One way in which two databases differ. Names and counts, no value. */
export type Difference =
  | { readonly kind: 'missing' | 'added'; readonly collection: string }
  | { readonly kind: 'type' | 'options'; readonly collection: string }
  | { readonly kind: 'index'; readonly collection: string; readonly index: string }
  | { readonly kind: 'count'; readonly collection: string; readonly left: number; readonly right: number }
  /** As many documents, but not the same ones. */
  | { readonly kind: 'documents'; readonly collection: string }
  /** The same documents up to the order of their fields. */
  | { readonly kind: 'field-order'; readonly collection: string }
  /** A capped collection with the same documents in another order. */
  | { readonly kind: 'sequence'; readonly collection: string };

export interface CompareOptions {
  /** These collections are left out on both sides. */
  readonly own?: OwnNames;
  readonly signal?: AbortSignal;
}

/**
 * In what the right database differs from the left one, by collection name; empty when they are equal down to the bytes
 * of every document, every option and every index. UUIDs and the order of documents do not count, except the order in
 * capped collections; of time series the measurements are compared,
 * without the order of their fields: equal ones may lie in different buckets.
 *
 * Reads both databases whole and without a snapshot: nobody should write meanwhile. Throws the driver's errors.
 */
export async function compareDatabases(left: Db, right: Db, options: CompareOptions = {}): Promise<Difference[]> {
  const sides = await Promise.all([left, right].map((db) => listed(db, options.own)));
  const [lefts, rights] = sides as [Map<string, CollectionInfo>, Map<string, CollectionInfo>];
  const differences: Difference[] = [];
  for (const name of [...new Set([...lefts.keys(), ...rights.keys()])].sort()) {
    const a = lefts.get(name);
    const b = rights.get(name);
    if (a === undefined) differences.push({ kind: 'added', collection: name });
    else if (b === undefined) differences.push({ kind: 'missing', collection: name });
    else {
      differences.push(...compareEntries(a, b));
      if (a.type === b.type && a.type !== 'view') {
        differences.push(...(await compareDocuments(left, right, a, options.signal)));
      }
    }
  }
  return differences;
}

/** One line for people. */
export function describeDifference(difference: Difference): string {
  const { collection } = difference;
  switch (difference.kind) {
    case 'missing':
      return `${collection} is missing`;
    case 'added':
      return `${collection} was added`;
    case 'type':
      return `${collection} is of another type`;
    case 'options':
      return `${collection} has other options`;
    case 'index':
      return `${collection}: index ${difference.index} differs`;
    case 'count':
      return `${collection} has ${difference.right} documents where ${difference.left} were`;
    case 'documents':
      return `${collection} has other documents`;
    case 'field-order':
      return `${collection}: fields stand in another order`;
    case 'sequence':
      return `${collection}: documents stand in another order`;
  }
}

async function listed(db: Db, own: OwnNames | undefined): Promise<Map<string, CollectionInfo>> {
  const infos = await readCatalog(db);
  return new Map(infos.filter(({ name }) => !own?.owns(name)).map((info) => [info.name, info]));
}

function compareEntries(a: CollectionInfo, b: CollectionInfo): Difference[] {
  const collection = a.name;
  if (a.type !== b.type) return [{ kind: 'type', collection }];
  const differences: Difference[] = [];
  if (!asBuffer(a.rawOptions).equals(b.rawOptions)) differences.push({ kind: 'options', collection });
  const lefts = indexesByName(a);
  const rights = indexesByName(b);
  for (const index of [...new Set([...lefts.keys(), ...rights.keys()])].sort()) {
    if (lefts.get(index) !== rights.get(index)) differences.push({ kind: 'index', collection, index });
  }
  return differences;
}

function indexesByName(info: CollectionInfo): Map<string, string> {
  return new Map(
    info.indexes.map((index, at) => [String(index.name), indexFingerprint(info.rawIndexes[at] as Uint8Array)]),
  );
}

async function compareDocuments(
  left: Db,
  right: Db,
  info: CollectionInfo,
  signal: AbortSignal | undefined,
): Promise<Difference[]> {
  const collection = info.name;
  const measurements = info.type === 'timeseries';
  const both = (form: 'exact' | 'sorted-fields') =>
    Promise.all([left, right].map((db) => digestDocuments(db, collection, { form, measurements, signal })));
  // The server puts measurements together from columns, in no fixed order of fields.
  const [a, b] = (await both(measurements ? 'sorted-fields' : 'exact')) as [DocumentsDigest, DocumentsDigest];
  if (a.documents !== b.documents) return [{ kind: 'count', collection, left: a.documents, right: b.documents }];
  if (a.multiset === b.multiset) {
    return isCapped(info) && a.sequence !== b.sequence ? [{ kind: 'sequence', collection }] : [];
  }
  if (measurements) return [{ kind: 'documents', collection }];
  const [c, d] = (await both('sorted-fields')) as [DocumentsDigest, DocumentsDigest];
  return [{ kind: c.multiset === d.multiset ? 'field-order' : 'documents', collection }];
}

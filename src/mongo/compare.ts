import { BSON, type Db } from 'mongodb';
import { type CollectionInfo, indexFingerprint, isCapped, readCatalog } from './catalog.ts';
import { type DocumentsDigest, digestDocuments } from './documents-digest.ts';
import { hashDocuments, takesHash } from './documents-hash.ts';
import { Lanes } from './lanes.ts';
import type { OwnNames } from './own.ts';
import { asBuffer, elementsOf } from './raw-bson.ts';
import { rawDocument } from './raw-build.ts';

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
  /** These collections are left out. */
  readonly own?: OwnNames;
  readonly signal?: AbortSignal;
}

/** A database at one moment, as far as a comparison needs it. */
export type DatabaseState = ReadonlyMap<string, CollectionState>;

interface CollectionState {
  readonly info: CollectionInfo;
  /** Undefined for a view. */
  readonly digest: DocumentsDigest | undefined;
}

/**
 * Reads a database whole and without a snapshot: nobody should write meanwhile. Throws the driver's errors.
 */
export function readState(db: Db, options: CompareOptions = {}): Promise<DatabaseState> {
  return stateOf(db, options, (info) => digestOf(db, info, options.signal));
}

/**
 * For states of one database that are compared with each other alone: where the server takes `dbHash`, it reads the
 * documents itself, in less than half of the time. Throws as `readState`, which is asked where it does not.
 */
export async function stateReader(db: Db, options: CompareOptions = {}): Promise<() => Promise<DatabaseState>> {
  const read = async (info: CollectionInfo) => {
    const hash = info.type === 'collection' && !isCapped(info) ? await hashDocuments(db, info.name) : undefined;
    return hash ?? digestOf(db, info, options.signal);
  };
  const hashes = await takesHash(db);
  return () => (hashes ? stateOf(db, options, read) : readState(db, options));
}

/** One is read while another one is worked on. */
const collectionsAtOnce = 2;

async function stateOf(
  db: Db,
  { own, signal }: CompareOptions,
  digest: (info: CollectionInfo) => Promise<DocumentsDigest | undefined>,
): Promise<DatabaseState> {
  const infos = (await readCatalog(db)).filter(({ name }) => !own?.owns(name));
  const lanes = new Lanes(collectionsAtOnce);
  const states = infos.map((info) =>
    lanes.run(async () => {
      signal?.throwIfAborted();
      return [info.name, { info, digest: await digest(info) }] as const;
    }),
  );
  return new Map(await Promise.all(states));
}

async function digestOf(db: Db, info: CollectionInfo, signal?: AbortSignal): Promise<DocumentsDigest | undefined> {
  if (info.type === 'view') return undefined;
  const measurements = info.type === 'timeseries';
  // The server puts measurements together from columns, in no fixed order of fields.
  return digestDocuments(db, info.name, { form: measurements ? 'sorted-fields' : 'exact', measurements, signal });
}

/**
 * In what the right state differs from the left one, by collection name; empty when they are equal down to the bytes
 * of every document, every option and every index. UUIDs and the order of documents do not count, except the order in
 * capped collections; of time series the measurements are compared, without the order of their fields: equal ones may
 * lie in different buckets.
 */
export function compareStates(left: DatabaseState, right: DatabaseState): Difference[] {
  const differences: Difference[] = [];
  for (const collection of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    const a = left.get(collection);
    const b = right.get(collection);
    if (a === undefined) differences.push({ kind: 'added', collection });
    else if (b === undefined) differences.push({ kind: 'missing', collection });
    else if (a.info.type !== b.info.type) differences.push({ kind: 'type', collection });
    else differences.push(...compareEntries(a.info, b.info), ...compareDocuments(a, b));
  }
  return differences;
}

/**
 * The same, with one kind in place of another: where documents differ, each side is asked again for its multiset with
 * the fields of every document sorted. A side that cannot tell, since it is gone, gives undefined.
 */
export async function tellFieldOrder(
  differences: readonly Difference[],
  ...sides: readonly ((collection: string) => Promise<string | undefined>)[]
): Promise<Difference[]> {
  return await Promise.all(
    differences.map(async (difference) => {
      if (difference.kind !== 'documents') return difference;
      const { collection } = difference;
      const [a, b] = await Promise.all(sides.map((side) => side(collection)));
      return a !== undefined && a === b ? { kind: 'field-order', collection } : difference;
    }),
  );
}

/** The multiset of a collection's documents with sorted fields, and any date in these. Throws the driver's errors. */
export async function withSortedFields(
  db: Db,
  collection: string,
  signal?: AbortSignal,
  anyDate?: ReadonlySet<string>,
): Promise<string> {
  return (await digestDocuments(db, collection, { form: 'sorted-fields', anyDate, signal })).multiset;
}

/** The same of those of the collections that a state has. */
export async function sortedFieldsOf(
  db: Db,
  state: DatabaseState,
  collections: Iterable<string> = state.keys(),
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const sorted = new Map<string, string>();
  for (const name of new Set(collections))
    if (state.get(name)?.info.type === 'collection') sorted.set(name, await withSortedFields(db, name, signal));
  return sorted;
}

/** `compareStates` of two databases that are there at the same time, and `field-order` told apart. */
export async function compareDatabases(left: Db, right: Db, options: CompareOptions = {}): Promise<Difference[]> {
  const [a, b] = await Promise.all([readState(left, options), readState(right, options)]);
  const sorted = (db: Db) => async (collection: string) =>
    // Of measurements that is what was compared.
    a.get(collection)?.info.type === 'timeseries' ? undefined : withSortedFields(db, collection, options.signal);
  return tellFieldOrder(compareStates(a, b), sorted(left), sorted(right));
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

function compareEntries(a: CollectionInfo, b: CollectionInfo): Difference[] {
  const collection = a.name;
  const differences: Difference[] = [];
  if (!effective(a.rawOptions).equals(effective(b.rawOptions))) differences.push({ kind: 'options', collection });
  const lefts = indexesByName(a);
  const rights = indexesByName(b);
  for (const index of [...new Set([...lefts.keys(), ...rights.keys()])].sort()) {
    if (lefts.get(index) !== rights.get(index)) differences.push({ kind: 'index', collection, index });
  }
  return differences;
}

/** Options without those that say what holds without them, which `collMod` cannot take away again; in one order. */
function effective(options: Uint8Array): Buffer {
  const buffer = asBuffer(options);
  const elements = [...elementsOf(options)]
    .map(({ name, start, end }) => ({ name, bytes: buffer.subarray(start, end) }))
    .filter(({ bytes }) => !idle.some((one) => one.equals(bytes)));
  return rawDocument(elements.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ bytes }) => bytes));
}

const idle = [
  { validator: {} },
  { validationLevel: 'strict' },
  { validationAction: 'error' },
  { recordPreImages: false },
  { changeStreamPreAndPostImages: { enabled: false } },
].map((option) => asBuffer(BSON.serialize(option)).subarray(4, -1));

function indexesByName(info: CollectionInfo): Map<string, string> {
  return new Map(
    info.indexes.map((index, at) => [String(index.name), indexFingerprint(info.rawIndexes[at] as Uint8Array)]),
  );
}

function compareDocuments({ info, digest: a }: CollectionState, { digest: b }: CollectionState): Difference[] {
  const collection = info.name;
  if (a === undefined || b === undefined) return [];
  if (a.multiset !== b.multiset) {
    if (a.documents !== b.documents) return [{ kind: 'count', collection, left: a.documents, right: b.documents }];
    return [{ kind: 'documents', collection }];
  }
  return isCapped(info) && a.sequence !== b.sequence ? [{ kind: 'sequence', collection }] : [];
}

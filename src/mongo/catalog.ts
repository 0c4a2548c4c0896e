import { createHash } from 'node:crypto';
import { BSON, type Db, type Document, UUID } from 'mongodb';
import { asBuffer, documentNamed, elementsOf, emptyDocument } from './raw-bson.ts';
import { bucketsPrefix, rawDocuments, uuidOf } from './raw-listing.ts';
import { serverCode, serverCodes } from './server-error.ts';

export { bucketsPrefix } from './raw-listing.ts';

/** One collection, view or time series as the server's catalog describes it. */
export interface CollectionInfo {
  readonly name: string;
  readonly type: 'collection' | 'view' | 'timeseries';
  /** 32 hex digits; of a time series the one of its buckets; undefined for views. */
  readonly uuid?: string;
  readonly options: Document;
  /** Index specifications as `listIndexes` gives them, `_id_` included; empty for views. */
  readonly indexes: readonly Document[];
  /** `options` as BSON bytes: objects put integer-like keys first, bytes keep them where they were. */
  readonly rawOptions: Uint8Array;
  /** `indexes` as BSON bytes, in the same order. */
  readonly rawIndexes: readonly Uint8Array[];
}

/** Numbers keep their BSON types, and regular expressions are not compiled: the server's know more than JavaScript's. */
const exact = { promoteValues: false, bsonRegExp: true } as const;

/**
 * The catalog of a database, sorted by name: collections, views, time series and `system.js`. The other `system.*`
 * collections (`system.views`, `system.buckets.*`, `system.profile`) are part of these or of the server, and left out.
 *
 * Reads are not of one point in time: list before and after and compare with `catalogDigest`. With `only` nothing but
 * the collection of that name.
 */
export async function readCatalog(db: Db, only?: string): Promise<CollectionInfo[]> {
  const filter = only === undefined ? {} : { filter: { name: { $in: [only, bucketsPrefix + only] } } };
  const listed = await listing(db, { listCollections: 1, ...filter });
  const entries = listed.map((raw) => ({ raw, entry: BSON.deserialize(raw, exact) }));
  const uuids = new Map(entries.map(({ raw, entry }) => [String(entry.name), uuidOf(raw)]));
  const infos = await Promise.all(
    entries.map(async ({ raw, entry }): Promise<CollectionInfo[]> => {
      const name = String(entry.name);
      if (name.startsWith('system.') && name !== 'system.js') return [];
      const type = entry.type as CollectionInfo['type'];
      const rawIndexes = type === 'view' ? [] : await readIndexes(db, name);
      // Dropped since it was listed.
      if (rawIndexes === undefined) return [];
      return [
        {
          name,
          type,
          uuid: uuids.get(bucketsPrefix + name) ?? uuids.get(name),
          options: entry.options ?? {},
          indexes: rawIndexes.map((index) => BSON.deserialize(index, exact)),
          rawOptions: documentNamed(raw, 'options') ?? emptyDocument,
          rawIndexes,
        },
      ];
    }),
  );
  return infos.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What stands under a name now; undefined when nothing does. */
export async function findCollection(
  db: Db,
  name: string,
): Promise<Pick<CollectionInfo, 'name' | 'type' | 'uuid'> | undefined> {
  const [raw] = await listing(db, { listCollections: 1, filter: { name } });
  return raw && { name, type: BSON.deserialize(raw, exact).type as CollectionInfo['type'], uuid: uuidOf(raw) };
}

/** The name under which the collection of this UUID (32 hex digits) stands now; undefined when there is none. */
export async function nameOfUuid(db: Db, uuid: string): Promise<string | undefined> {
  const filter = { 'info.uuid': new UUID(uuid) };
  const [entry] = await db.listCollections(filter, { nameOnly: false, bsonRegExp: true }).toArray();
  if (entry === undefined) return undefined;
  // The collection behind a time series is named after it.
  return entry.name.startsWith(bucketsPrefix) ? entry.name.slice(bucketsPrefix.length) : entry.name;
}

/** Name of the collection that holds the documents: a time series keeps them in buckets. */
export function storageName(info: Pick<CollectionInfo, 'name' | 'type'>): string {
  return info.type === 'timeseries' ? bucketsPrefix + info.name : info.name;
}

export function isCapped(info: Pick<CollectionInfo, 'options'>): boolean {
  return info.options.capped === true;
}

/**
 * SHA-256 (hex) of name, type, options and indexes; equal for equal catalogs on any server. The order of indexes and
 * of the fields of an index's specification has no meaning and does not count; the order of its keys does.
 */
function entryDigest(info: CollectionInfo): string {
  const hash = createHash('sha256');
  const add = (part: string | Uint8Array) => {
    hash.update(`${part.length}:`);
    hash.update(part);
  };
  add(info.name);
  add(info.type);
  add(info.rawOptions);
  for (const index of info.rawIndexes.map(indexFingerprint).sort()) add(index);
  return hash.digest('hex');
}

/** The same for a whole catalog, UUIDs included: differs when a collection was dropped and made again in between. */
export function catalogDigest(infos: readonly CollectionInfo[]): string {
  const hash = createHash('sha256');
  for (const info of infos) hash.update(`${info.uuid ?? ''} ${entryDigest(info)}\n`);
  return hash.digest('hex');
}

/** One text for equal index specifications: the fields sorted, without `ns`, which older servers put there. */
export function indexFingerprint(spec: Uint8Array): string {
  const buffer = asBuffer(spec);
  const fields: string[] = [];
  for (const { name, start, end } of elementsOf(spec)) {
    if (name !== 'ns') fields.push(`${name}=${buffer.toString('hex', start, end)}`);
  }
  return fields.sort().join(' ');
}

async function readIndexes(db: Db, name: string): Promise<Uint8Array[] | undefined> {
  try {
    return await listing(db, { listIndexes: name });
  } catch (error) {
    if (serverCode(error) === serverCodes.NamespaceNotFound) return undefined;
    throw error;
  }
}

function listing(db: Db, command: Document): Promise<Buffer[]> {
  return rawDocuments(db.runCursorCommand(command, { raw: true }));
}

import { type Db, type Document, type Timestamp, UUID } from 'mongodb';
import { type CollectionInfo, isCapped, readCatalog } from '../mongo/catalog.ts';
import type { Connection } from '../mongo/connect.ts';
import type { OwnNames } from '../mongo/own.ts';
import { idKey } from '../mongo/raw-bson.ts';
import { rawDocuments } from '../mongo/raw-listing.ts';
import { readClusterTime, takesCollectionUuid } from '../mongo/raw-read.ts';
import { insertRaw } from '../mongo/raw-write.ts';
import { serverCode, serverCodes } from '../mongo/server-error.ts';
import { type CollectionMetadata, encodeMetadata, parseMetadata } from './archive/metadata.ts';
import { IdsMentioned } from './ids-mentioned.ts';
import { createEmpty, createIndexes, createView, setExpiry } from './restore/catalog-writes.ts';

export interface SampleOptions {
  readonly own: OwnNames;
  /** Documents of each collection, beside those that they refer to. */
  readonly documents: number;
  readonly signal?: AbortSignal;
}

export interface Sampled {
  readonly documents: number;
  /** As BSON. */
  readonly bytes: number;
  /** Of each collection with documents, how many the source has, roughly, and how many were taken. */
  readonly collections: ReadonlyMap<string, { readonly source: number; readonly taken: number }>;
  /** Collections that have, or may have, documents that are mentioned and were not taken. */
  readonly cut: readonly string[];
}

/** How often what was taken because it is mentioned is looked through for what it mentions itself. */
const mostRounds = 3;
/** Ids in one query. */
const idsAtOnce = 1000;
/** Of one collection in memory. */
const mostBytes = 64_000_000;

/**
 * Makes every collection, view and index of a database in an empty one of the same name, with some of the documents: taken
 * by chance at one cluster time, where the server can read at one, and those that they mention by an ObjectId or UUID.
 * The source is only read. Throws the driver's errors, and the signal's reason.
 */
export async function copySample(source: Connection, to: Db, options: SampleOptions): Promise<Sampled> {
  const sample = await Sample.begin(source, options);
  for (const table of sample.tables) await sample.draw(table);
  for (let round = 0; round < mostRounds && (await sample.follow()); round++);
  const cut = await sample.cut();
  return { ...(await sample.write(to)), cut };
}

/** What is taken of one collection. */
interface Table {
  readonly info: CollectionInfo;
  readonly metadata: CollectionMetadata;
  readonly documents: Map<string, Buffer>;
  bytes: number;
  source: number;
  /** Whether something was left for want of room. */
  cut: boolean;
}

class Sample {
  readonly tables: readonly Table[];
  readonly #source: Connection;
  readonly #options: SampleOptions;
  readonly #at: Timestamp | undefined;
  readonly #mentioned = new IdsMentioned();

  private constructor(source: Connection, options: SampleOptions, tables: readonly Table[], at: Timestamp | undefined) {
    this.#source = source;
    this.#options = options;
    this.tables = tables;
    this.#at = at;
  }

  static async begin(source: Connection, options: SampleOptions): Promise<Sample> {
    const { db, topology } = source;
    const catalog = (await readCatalog(db)).filter(({ name }) => !options.own.owns(name));
    const tables = catalog.map((info): Table => {
      const metadata = parseMetadata(encodeMetadata(info), info.type, info.name);
      return { info, metadata, documents: new Map(), bytes: 0, source: 0, cut: false };
    });
    return new Sample(source, options, tables, topology.kind === 'standalone' ? undefined : await readClusterTime(db));
  }

  async draw(table: Table): Promise<void> {
    const { info } = table;
    if (info.type === 'view') return;
    const { db } = this.#source;
    const { documents } = this.#options;
    table.source = await db.collection(info.name).estimatedDocumentCount();
    // The order of a capped collection is part of it: its beginning then, as where chance finds no more, and of a small one
    // everything.
    const whole = isCapped(info) || table.source <= documents;
    const find = { find: info.name, limit: documents, ...(isCapped(info) && { hint: { $natural: 1 } }) };
    const pipeline = [{ $sample: { size: documents } }];
    const command = { aggregate: info.name, pipeline, cursor: {}, allowDiskUse: true };
    const read = whole
      ? this.#read(info, find)
      : this.#read(info, command).catch((error: unknown) => {
          if (serverCode(error) !== serverCodes.NoOtherSample) throw error;
          return this.#read(info, find);
        });
    this.#take(table, await read);
    table.cut = false;
  }

  /** Takes what is mentioned and not there yet. Comes back with whether that brought anything. */
  async follow(): Promise<boolean> {
    const before = this.tables.reduce((sum, { documents }) => sum + documents.size, 0);
    const ids = this.#mentioned.take();
    for (const table of this.#followed()) {
      const wanted = ids.of(table.documents.keys());
      for (let from = 0; from < wanted.length && !table.cut; from += idsAtOnce) {
        this.#take(table, await this.#named(table, wanted.slice(from, from + idsAtOnce)));
      }
    }
    return this.tables.reduce((sum, { documents }) => sum + documents.size, 0) > before;
  }

  /** To be asked after the last round: which collections have more that is mentioned. */
  async cut(): Promise<string[]> {
    const ids = this.#mentioned.take();
    const names: string[] = [];
    for (const table of this.#followed()) {
      const wanted = ids.of(table.documents.keys());
      let more = table.cut || (this.#mentioned.cut && table.documents.size > 0);
      for (let from = 0; from < wanted.length && !more; from += idsAtOnce) {
        more = (await this.#named(table, wanted.slice(from, from + idsAtOnce), 1)).length > 0;
      }
      if (more) names.push(table.info.name);
    }
    return names;
  }

  /** What has no ids that others could mention is left out. */
  #followed(): readonly Table[] {
    return this.tables.filter(({ info }) => info.type === 'collection' && !isCapped(info));
  }

  #named({ info }: Table, ids: readonly unknown[], limit = 0): Promise<Buffer[]> {
    return this.#read(info, { find: info.name, filter: { _id: { $in: ids } }, limit });
  }

  async write(to: Db): Promise<Omit<Sampled, 'cut'>> {
    for (const { info, metadata, documents } of this.tables) {
      if (info.type === 'view') continue;
      const { name } = info;
      if (name !== 'system.js') await createEmpty(to, name, metadata);
      await insertRaw(to, name, [[...documents.values()]], {
        inOrder: isCapped(info),
        bypassValidation: metadata.options.has('validator'),
        signal: this.#options.signal,
      });
      if (name === 'system.js') continue;
      for (const which of ['lasting', 'expiring'] as const) await createIndexes(to, name, metadata, which);
      await setExpiry(to, name, metadata);
    }
    for (const { info, metadata } of this.tables) if (info.type === 'view') await createView(to, metadata);
    const filled = this.tables.filter(({ documents }) => documents.size > 0);
    return {
      documents: filled.reduce((sum, { documents }) => sum + documents.size, 0),
      bytes: filled.reduce((sum, { bytes }) => sum + bytes, 0),
      collections: new Map(
        filled.map(({ info, source, documents }) => [info.name, { source, taken: documents.size }] as const),
      ),
    };
  }

  /** A document may come twice: by chance, and since it is mentioned. */
  #take(table: Table, documents: readonly Buffer[]): void {
    for (const document of documents) {
      const key = table.info.type === 'timeseries' ? String(table.documents.size) : idKey(document);
      if (table.documents.has(key)) continue;
      table.cut = table.bytes > mostBytes;
      if (table.cut) return;
      table.documents.set(key, document);
      table.bytes += document.length;
      this.#mentioned.add(document);
    }
  }

  async #read(info: CollectionInfo, command: Document): Promise<Buffer[]> {
    this.#options.signal?.throwIfAborted();
    const { db, topology } = this.#source;
    const same = info.uuid !== undefined && info.type === 'collection' && takesCollectionUuid(topology);
    const of = same && 'find' in command ? { collectionUUID: new UUID(info.uuid) } : {};
    const at = this.#at && { readConcern: { level: 'snapshot', atClusterTime: this.#at } };
    const read = (how: Document) => rawDocuments(db.runCursorCommand({ ...command, ...of, ...how }, { raw: true }));
    if (at === undefined) return read({});
    try {
      return await read(at);
    } catch (error) {
      const code = serverCode(error);
      // Capped collections are read at no point in time.
      if (code !== serverCodes.SnapshotUnavailable && code !== serverCodes.SnapshotTooOld) throw error;
      return read({});
    }
  }
}

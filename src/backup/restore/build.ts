import type { CollectionInfo } from '../../mongo/catalog.ts';
import { readCatalog } from '../../mongo/catalog.ts';
import type { Connection } from '../../mongo/connect.ts';
import { Lanes } from '../../mongo/lanes.ts';
import type { OwnNames } from '../../mongo/own.ts';
import type { RawDocuments } from '../../mongo/raw-documents.ts';
import { awaitMajority, InsertBudget, RawInserter } from '../../mongo/raw-write.ts';
import { ReleaseError } from '../../observe/error.ts';
import { dataNamespace } from '../archive/format.ts';
import { type CollectionMetadata, readMetadata } from '../archive/metadata.ts';
import type { ArchiveContents, ManifestNamespace } from '../manifest.ts';
import { type ReadOptions, readBackup } from '../read-backup.ts';
import type { ArchiveSource } from '../stores/store.ts';
import { createEmpty, createIndexes, setExpiry } from './catalog-writes.ts';
import { during } from './failure.ts';
import { restoreCollection } from './record.ts';

/** Where a namespace of the backup is built. */
export interface Place {
  readonly entry: ManifestNamespace;
  /** The collection that is made aside. Views have none; the swap makes them. */
  readonly as: string;
  /**
   * `whole`: as it will be, indexes included. `documents`: a plain collection that holds the documents until the swap,
   * for what cannot be renamed. `view`: nothing to build.
   */
  readonly form: 'whole' | 'documents' | 'view';
}

export interface BuildOptions extends ReadOptions {
  readonly own: OwnNames;
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface BuildProgress {
  readonly namespace: string;
  readonly documents: number;
  readonly totalDocuments: number;
  /** Of all collections together, uncompressed. */
  readonly total: { readonly bytes: number; readonly expectedBytes: number };
}

/** What was built: the metadata and, by the catalog, the collections. */
export interface Built {
  readonly place: Place;
  /** As it stands in the archive. */
  readonly text: string;
  readonly metadata: CollectionMetadata;
  /** Undefined for views. */
  readonly info?: CollectionInfo;
}

/**
 * Streams the archive once more and builds every place: collection, documents, indexes, and last what lets documents
 * expire. Touches no collection that was there before. Throws `RESTORE_FAILED`, `ARCHIVE_DAMAGED`, server failures.
 */
export async function buildPlaces(
  connection: Connection,
  source: ArchiveSource,
  contents: ArchiveContents,
  places: readonly Place[],
  options: BuildOptions,
): Promise<Built[]> {
  const { db } = connection;
  const work = new Map<string, Work>();
  const total = { bytes: 0, expectedBytes: places.reduce((sum, { entry }) => sum + entry.bytes, 0) };
  const budget = new InsertBudget();
  const [creations, endings] = [new Lanes(creationsAtOnce), new Lanes(indexBuildsAtOnce)];
  const underWay: Promise<void>[] = [];
  let failure: { readonly error: unknown } | undefined;
  const start = (lanes: Lanes, doing: () => Promise<void>) => {
    const done = lanes.run(async () => {
      if (failure === undefined) await doing();
    });
    underWay.push(
      done.catch((error: unknown) => {
        failure ??= { error };
      }),
    );
  };
  const settled = async () => {
    await Promise.all(underWay.splice(0));
    if (failure !== undefined) throw failure.error;
  };
  try {
    for await (const event of readBackup(source, contents, options)) {
      if (failure !== undefined) throw failure.error;
      if (event.kind === 'prelude') {
        for (const meta of event.metas) {
          const place = places.find(({ entry }) => entry.name === meta.collection);
          if (place === undefined) continue;
          const item = new Work(connection, place, meta.metadata, readMetadata(meta), total, budget, options);
          work.set(dataNamespace(meta).collection, item);
          start(creations, () => item.begin());
        }
        await settled();
        continue;
      }
      const item = work.get(event.namespace.collection);
      if (event.kind === 'documents') await item?.add(event.documents);
      if (event.kind === 'end' && item !== undefined) {
        // Those of one collection by one command, beside others and beside the loading of the next.
        const loaded = item.loaded();
        loaded.catch(() => {});
        start(endings, async () => {
          await loaded;
          await item.index();
        });
      }
    }
    await settled();
  } catch (error) {
    // Nothing may go on writing when the caller begins to clean up.
    failure ??= { error };
    await Promise.all([...underWay, ...[...work.values()].map((item) => item.settled())]);
    throw error;
  }
  const infos = new Map((await readCatalog(db)).map((info) => [info.name, info]));
  // Before the counts: those of a primary that is alone with its last inserts say nothing of what comes after it.
  const majority = () => awaitMajority(db, restoreCollection(options.own));
  await during('RESTORE_FAILED', 'waiting for a majority of the members', majority);
  for (const item of work.values()) await item.check(infos.get(item.place.as));
  for (const item of work.values()) await item.expire();
  return [...work.values()].map(({ place, text, metadata }) => ({ place, text, metadata, info: infos.get(place.as) }));
}

/** Commands that change the catalog are waited for until a majority has them; one alone leaves the server idle. */
const creationsAtOnce = 4;
/** The server builds at most three at a time by default (maxNumActiveUserIndexBuilds), and others wait for theirs too. */
const indexBuildsAtOnce = 2;

/** One place while it is built. */
class Work {
  readonly place: Place;
  readonly text: string;
  readonly metadata: CollectionMetadata;
  readonly #connection: Connection;
  readonly #inserter: RawInserter;
  #inserted = 0;

  constructor(
    connection: Connection,
    place: Place,
    text: string,
    metadata: CollectionMetadata,
    total: { bytes: number; readonly expectedBytes: number },
    budget: InsertBudget,
    { signal, onProgress }: BuildOptions,
  ) {
    this.#connection = connection;
    this.place = place;
    this.text = text;
    this.metadata = metadata;
    this.#inserter = new RawInserter(connection.db, place.as, {
      // The order of a capped collection is part of it.
      inOrder: metadata.options.get('capped') === true,
      budget,
      bypassValidation: metadata.options.has('validator'),
      signal,
      onInserted: (documents, bytes) => {
        this.#inserted += documents;
        total.bytes += bytes;
        const { name: namespace, count: totalDocuments } = place.entry;
        onProgress?.({ namespace, documents: this.#inserted, totalDocuments, total });
      },
    });
  }

  async begin(): Promise<void> {
    const { form, as } = this.place;
    if (form === 'view') return;
    await this.#during('creating', async () => {
      if (form === 'whole') await createEmpty(this.#connection.db, as, this.metadata);
      else await this.#connection.db.createCollection(as);
    });
  }

  async add(documents: RawDocuments): Promise<void> {
    await this.#during('inserting into', () => this.#inserter.add(documents));
  }

  async loaded(): Promise<void> {
    await this.#during('inserting into', () => this.#inserter.finish());
  }

  async index(): Promise<void> {
    if (this.place.form !== 'whole') return;
    await this.#during('building indexes of', () =>
      createIndexes(this.#connection.db, this.place.as, this.metadata, 'lasting'),
    );
  }

  async expire(): Promise<void> {
    if (this.place.form !== 'whole') return;
    await this.#during('building indexes of', () =>
      createIndexes(this.#connection.db, this.place.as, this.metadata, 'expiring'),
    );
    await this.#during('setting the expiry of', () => setExpiry(this.#connection.db, this.place.as, this.metadata));
  }

  /** That the server counts what was sent, before anything may expire. */
  async check(info: CollectionInfo | undefined): Promise<void> {
    const { entry, form, as } = this.place;
    if (form === 'view') return;
    const counted =
      info === undefined
        ? 0
        : await this.#during('counting', () => this.#connection.db.collection(as).estimatedDocumentCount());
    if (counted !== entry.count) {
      throw new ReleaseError(
        'RESTORE_FAILED',
        `The restored ${entry.name} has ${counted} documents where the backup has ${entry.count}.`,
        { hint: 'Make sure that no other restore runs into this database, and run this again.' },
      );
    }
  }

  async settled(): Promise<void> {
    await this.#inserter.finish().catch(() => {});
  }

  #during<T>(doing: string, run: () => Promise<T>): Promise<T> {
    return during('RESTORE_FAILED', `${doing} ${this.place.entry.name}`, run);
  }
}

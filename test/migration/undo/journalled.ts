import { BSON, type ClientSession, type Db, type Document } from 'mongodb';
import type { CatalogState } from '../../../src/migration/journal/catalog-state.ts';
import {
  type Attempt,
  type CatalogChange,
  entryId,
  imagesId,
  type JournalEntry,
  laneCount,
  laneId,
} from '../../../src/migration/journal/documents.ts';
import { documentOf, type Image, packImages } from '../../../src/migration/journal/images.ts';
import { readForwards } from '../../../src/migration/undo/read.ts';
import { findCollection, readCatalog } from '../../../src/mongo/catalog.ts';
import { type Connection, connect } from '../../../src/mongo/connect.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { idKey } from '../../../src/mongo/raw-bson.ts';
import { readRaw } from '../../../src/mongo/raw-read.ts';
import { insertRaw } from '../../../src/mongo/raw-write.ts';
import { ignoreCode, serverCodes } from '../../../src/mongo/server-error.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import type { TestDatabase } from '../../setup/mongo.ts';

export const own = ownNames();
export const fence = 7;

interface Recorded {
  readonly to?: string;
  readonly tombstone?: string;
  readonly intentOnly?: boolean;
}

type Draft = Partial<JournalEntry> & { readonly kind: JournalEntry['kind'] };

/**
 * Makes changes and writes their journal, as the gate does: whole collections are read before and after each change
 * within its transaction, so nothing of the gate's own ways of finding what changed takes part.
 */
export class Journalled {
  readonly db: Db;
  attempt: Attempt;
  sequence = 0;
  /** What one operation changes at once stands in packs of so many. */
  mostOfPack = Number.POSITIVE_INFINITY;

  constructor(db: Db, attempt: Attempt = { migration: '0001-first', number: 1 }) {
    this.db = db;
    this.attempt = attempt;
  }

  /** The lanes that a takeover writes, and the collections of ours. */
  async begin(): Promise<void> {
    for (const name of [own.lease, own.journal, own.quarantine]) {
      await this.db.createCollection(name).catch(ignoreCode(serverCodes.NamespaceExists));
    }
    const lanes = Array.from({ length: laneCount }, (_, lane) => ({ _id: laneId(lane), fence, entries: 0, turns: 0 }));
    await this.db.collection<{ _id: string }>(own.lease).insertMany(lanes);
  }

  /** One operation on documents of one collection, in one transaction with its entry. */
  async write(
    collection: string,
    change: (session: ClientSession) => Promise<unknown>,
    more: Partial<JournalEntry> = {},
  ) {
    await this.inTransaction(async (session) => {
      const before = await this.documents(collection, session);
      await change(session);
      const images = differences(before, await this.documents(collection, session));
      await this.record(
        { kind: 'write', method: 'write', ...this.#in(collection), ...more },
        session,
        this.#packs(images),
      );
    });
  }

  /** One operation in several transactions: images of the later ones have numbers of their own. */
  async inSteps(collection: string, changes: readonly ((session: ClientSession) => Promise<unknown>)[]) {
    let id: string | undefined;
    for (const change of changes) {
      await this.inTransaction(async (session) => {
        const before = await this.documents(collection, session);
        await change(session);
        const images = differences(before, await this.documents(collection, session));
        if (id === undefined)
          id = await this.record(
            { kind: 'write', state: 'progress', ...this.#in(collection) },
            session,
            this.#packs(images),
          );
        else {
          this.sequence += 1;
          const place = entryId(this.attempt, this.sequence);
          let part = 0;
          for (const pack of this.#packs(images))
            part += await this.#images(place, part, pack, collection, session, id);
        }
      });
    }
  }

  /** A change of the catalog, as the gate's handler puts it on record. */
  async catalog(
    collection: string,
    type: CatalogChange['type'],
    change: () => Promise<unknown>,
    { to, tombstone, intentOnly, asked, aside }: Pick<CatalogChange, 'asked' | 'aside'> & Recorded = {},
  ) {
    const before = await this.state(collection);
    const replaced = to === undefined ? undefined : await this.state(to);
    const intended = {
      type,
      before,
      ...(to === undefined ? {} : { to: this.#in(to).namespace, replaced }),
      ...(tombstone === undefined ? {} : { tombstone }),
      ...(asked === undefined ? {} : { asked }),
      ...(aside === undefined ? {} : { aside }),
    };
    const id = await this.inTransaction((session) =>
      this.record({ kind: 'catalog', state: 'intent', ...this.#in(collection), catalog: intended }, session),
    );
    await change();
    if (intentOnly === true) return;
    const after = await this.state(to ?? collection);
    await this.db
      .collection<{ _id: string }>(own.journal)
      .updateOne({ _id: id }, { $set: { state: 'done', catalog: { ...intended, after } } }, { ignoreUndefined: true });
  }

  async drop(collection: string, options: { intentOnly?: boolean } = {}) {
    const uuid = (await findCollection(this.db, collection))?.uuid ?? '';
    const tombstone = own.dropped(uuid);
    const change = async () => {
      for (const { name, expireAfterSeconds } of await this.db.collection(collection).indexes()) {
        if (expireAfterSeconds === undefined) continue;
        await this.db.command({ collMod: collection, index: { name, expireAfterSeconds: 2_147_483_647 } });
      }
      await this.db.renameCollection(collection, tombstone);
    };
    await this.catalog(collection, 'drop-collection', change, { tombstone, ...options });
  }

  async state(collection: string): Promise<CatalogState | undefined> {
    const [info] = await readCatalog(this.db, collection);
    if (info === undefined) return undefined;
    const { type, uuid, rawOptions, rawIndexes } = info;
    return { type, uuid, options: rawOptions, indexes: rawIndexes };
  }

  async record(draft: Draft, session?: ClientSession, packs: readonly (readonly Image[])[] = []): Promise<string> {
    this.sequence += 1;
    const _id = entryId(this.attempt, this.sequence);
    const entry = { _id, state: 'done', method: draft.kind, fingerprint: '', images: true, at: new Date(), ...draft };
    await this.db.collection<{ _id: string }>(own.journal).insertOne(entry, { session, ignoreUndefined: true });
    let part = 0;
    for (const images of packs)
      part += await this.#images(_id, part, images, draft.namespace?.collection ?? '', session);
    return _id;
  }

  async documents(collection: string, session?: ClientSession): Promise<Map<string, Buffer>> {
    const found = await this.db.collection(collection).find({}, { session, raw: true }).toArray();
    return new Map((found as unknown as Uint8Array[]).map((bytes) => [idKey(bytes), Buffer.from(bytes)]));
  }

  /** The `_id`s of the documents that it has images of. */
  async changed(): Promise<Set<number>> {
    const ids = new Set<number>();
    for await (const step of readForwards(this.db, own, this.attempt)) {
      if (step.kind !== 'images') continue;
      for (const image of step.images) ids.add(BSON.deserialize(documentOf(image) as Uint8Array)._id);
    }
    return ids;
  }

  async inTransaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.db.client.withSession((session) => session.withTransaction(() => work(session)));
  }

  #packs(images: readonly Image[]): Image[][] {
    const packs: Image[][] = [];
    for (let from = 0; from < images.length; from += this.mostOfPack)
      packs.push(images.slice(from, from + this.mostOfPack));
    return packs;
  }

  #in(collection: string) {
    return { namespace: { database: this.db.databaseName, collection } };
  }

  async #images(
    place: string,
    first: number,
    images: readonly Image[],
    collection: string,
    session?: ClientSession,
    of?: string,
  ) {
    if (images.length === 0) return 0;
    const parts = packImages(images);
    const documents = parts.map((data, part) => ({
      _id: imagesId(place, first + part),
      kind: 'images',
      ...(of === undefined ? {} : { of }),
      ...this.#in(collection),
      ...{ count: images.length, part, parts: parts.length, data, at: new Date() },
    }));
    await this.db.collection<Document>(own.journal).insertMany(documents as never[], { session });
    return parts.length;
  }
}

function differences(before: Map<string, Buffer>, after: Map<string, Buffer>): Image[] {
  const images: Image[] = [];
  for (const [key, document] of before) {
    const changed = after.get(key);
    if (changed === undefined || !document.equals(changed)) images.push({ before: document, after: changed });
  }
  for (const [key, document] of after) if (!before.has(key)) images.push({ after: document });
  return images;
}

export async function connected({ uri }: Pick<TestDatabase, 'uri'>): Promise<Connection> {
  return connect(uri, { secrets: new Secrets(), clientOptions: { monitorCommands: true } });
}

/** A second database with the same collections, options, indexes and documents. */
export async function copyTo(from: Db, to: Db): Promise<void> {
  for (const { name, type, options, indexes } of await readCatalog(from)) {
    if (own.owns(name)) continue;
    await to.createCollection(name, options);
    if (type !== 'collection') continue;
    for (const index of indexes) {
      if (index.name !== '_id_') await to.command({ createIndexes: name, indexes: [index] });
    }
    await insertRaw(to, name, readRaw(from, name));
  }
}

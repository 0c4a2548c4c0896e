import * as mongodb from 'mongodb';
import type { Operation } from '../../../../../src/migration/gate/call.ts';
import { Catalog } from '../../../../../src/migration/gate/catalog.ts';
import { countsOf } from '../../../../../src/migration/gate/counts.ts';
import { inBatches } from '../../../../../src/migration/gate/journal/batches/batches.ts';
import { type BatchSizes, usualSizes } from '../../../../../src/migration/gate/journal/batches/pace.ts';
import { CollectionKinds } from '../../../../../src/migration/gate/journal/collection-kinds.ts';
import type { JournalContext, Transactor } from '../../../../../src/migration/gate/journal/context.ts';
import { EntryWriter, lastSequence } from '../../../../../src/migration/gate/journal/entry-writer.ts';
import { Lanes } from '../../../../../src/migration/gate/journal/lanes.ts';
import { LaneTransactor } from '../../../../../src/migration/gate/journal/transactor.ts';
import {
  type ImagesDocument,
  type JournalEntry,
  laneCount,
  laneId,
} from '../../../../../src/migration/journal/documents.ts';
import { fingerprintOf } from '../../../../../src/migration/journal/fingerprint.ts';
import { unpackImages } from '../../../../../src/migration/journal/images.ts';
import type { Counts } from '../../../../../src/migration/types.ts';
import { ownNames } from '../../../../../src/mongo/own.ts';
import { freshDatabase, type TestDatabase } from '../../../../setup/mongo.ts';
import { driver } from '../../gated.ts';

type Method = 'updateMany' | 'deleteMany';

export interface Lab extends AsyncDisposable {
  readonly raw: TestDatabase;
  readonly own: ReturnType<typeof ownNames>;
  /** Counts that were told, in order. */
  readonly told: Counts[];
  readonly notes: string[];
  /** How many documents each committed transaction changed; and how many were in vain. */
  readonly committed: () => number;
  /** Sends a call through the handler, as the gate would. */
  through<S extends mongodb.Document>(
    collection: mongodb.Collection<S>,
    method: Method,
    args: readonly unknown[],
    how?: How,
  ): Promise<unknown>;
  entries(): Promise<JournalEntry[]>;
  /** Images of all entries, in order. */
  images(): Promise<{ before?: mongodb.Document; after?: mongodb.Document }[]>;
  /** How many documents each document of images is about. */
  parts(): Promise<number[]>;
  /** Empties the journal. */
  forget(): Promise<unknown>;
}

export interface How {
  /** The process "dies" when this many transactions were committed: what comes later is never sent. */
  readonly diesAfter?: number;
  readonly begun?: JournalEntry;
  readonly pause?: () => Promise<void>;
  readonly sizes?: BatchSizes;
}

export class Died extends Error {}

export async function lab({ images = true }: { readonly images?: boolean } = {}): Promise<Lab> {
  const raw = await freshDatabase();
  const own = ownNames();
  const attempt = { migration: 'test', number: 1 };
  await raw.db.collection<{ _id: string }>(own.lease).insertMany(
    Array.from({ length: laneCount }, (_, lane) => ({
      _id: laneId(lane),
      fence: 1,
      migration: attempt.migration,
      attempt: attempt.number,
      entries: 0,
      turns: 0,
    })),
  );
  await raw.db.createCollection(own.journal);
  const told: Counts[] = [];
  const notes: string[] = [];
  let committed = 0;
  const journal = () => raw.db.collection<ImagesDocument | JournalEntry>(own.journal);
  const entries = async () =>
    (await journal()
      .find({ kind: { $ne: 'images' } })
      .sort({ _id: 1 })
      .toArray()) as JournalEntry[];

  async function through<S extends mongodb.Document>(
    collection: mongodb.Collection<S>,
    method: Method,
    args: readonly unknown[],
    { diesAfter = Number.POSITIVE_INFINITY, begun, pause = async () => {}, sizes = usualSizes }: How = {},
  ): Promise<unknown> {
    const lanes = new Lanes({ client: raw.client, database: raw.name, own, attempt, fence: 1 });
    const place = { client: raw.client, database: raw.name, journal: own.journal, attempt };
    const lane = new LaneTransactor({
      entries: new EntryWriter({ ...place, driverMajor: 7, lastSequence: await lastSequence(place) }),
      ...{ lanes, refuseWhenClosed: () => {}, close: () => {}, readsStored: () => {} },
    });
    let count = 0;
    const transactor: Transactor = {
      transact: async (work, how) => {
        if (count >= diesAfter) throw new Died();
        const result = await lane.transact(work, how);
        count += 1;
        committed += 1;
        return result;
      },
    };
    const context: JournalContext = {
      ...{ client: raw.client, driver, database: raw.name, own, images, attempt, transactor },
      catalog: new Catalog(raw.client, own, raw.name),
      kinds: new CollectionKinds(raw.client),
      throttle: { pause },
      note: (text) => void notes.push(text),
      progress: (_, counts) => void told.push(counts),
      refuseWhenClosed: () => {},
    };
    const at = method === 'updateMany' ? 2 : 1;
    const namespace = { database: collection.dbName, collection: collection.collectionName };
    const operation: Operation<unknown> = {
      call: {
        ...{ method, namespace, multi: true, mayCreate: false },
        kind: method === 'updateMany' ? 'update' : 'delete',
      },
      args,
      on: collection,
      session: undefined,
      send: (session, sent = args) => {
        const list = [...sent];
        list[at] = { ...(list[at] as object | undefined), session };
        const call = collection[method] as unknown as (...args: unknown[]) => Promise<unknown>;
        return call.apply(collection, list);
      },
      change: (result) => ({ counts: countsOf(result) }),
    };
    const fingerprint = fingerprintOf(method, namespace, args);
    return inBatches(sizes, context, operation, { fingerprint, takeReads: () => [], begun });
  }

  return {
    raw,
    own,
    told,
    notes,
    committed: () => committed,
    through,
    entries,
    async images() {
      const kept = (await journal().find({ kind: 'images' }).sort({ _id: 1 }).toArray()) as ImagesDocument[];
      const images: { before?: mongodb.Document; after?: mongodb.Document }[] = [];
      let parts: Uint8Array[] = [];
      for (const { data, part, parts: of } of kept) {
        parts.push((data as mongodb.Binary).buffer.subarray(0, (data as mongodb.Binary).position));
        if (part < of - 1) continue;
        for (const { before, after } of unpackImages(parts)) {
          images.push({
            before: before && mongodb.BSON.deserialize(before),
            after: after && mongodb.BSON.deserialize(after),
          });
        }
        parts = [];
      }
      return images;
    },
    async parts() {
      const kept = (await journal().find({ kind: 'images' }).toArray()) as ImagesDocument[];
      return kept.map(({ count }) => count);
    },
    forget: () => journal().deleteMany({}),
    [Symbol.asyncDispose]: () => raw[Symbol.asyncDispose](),
  };
}

/** Result, or the error's class, code and message without what names the database. */
export async function outcome(run: () => Promise<unknown>, database: string): Promise<unknown> {
  try {
    return { result: await run() };
  } catch (error) {
    const { name, code, message } = error as { name: string; code?: unknown; message: string };
    return { name, code, message: message.replaceAll(database, 'db') };
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { serverCode } from '../../../../mongo/server-code.ts';
import { shownId } from '../../../../mongo/shown-id.ts';
import { ReleaseError } from '../../../../observe/error.ts';
import { passing } from '../../../journal/transactions.ts';
import type { Driver, RawCollection } from '../../raw.ts';
import { UnnameableId } from '../batches/ids.ts';
import type { Backfill } from './description.ts';
import { after, type Place, placeOf, sortOf } from './order.ts';
import { type Row, rowOf } from './rows.ts';

export interface Page {
  readonly rows: readonly Row[];
  /** Whether more documents follow. */
  readonly more: boolean;
}

export interface PagesOptions {
  readonly collection: RawCollection;
  readonly driver: Driver;
  readonly backfill: Backfill;
  /** Throws when nothing may be sent any more. */
  readonly refuseWhenClosed: () => void;
}

/** A page holds no more than this, and one transaction with the images three times as much. */
const pageBytes = 8 * 1024 * 1024;
const reading = { readPreference: 'primary', allowDiskUse: true } as const;
/** How long reading is tried again without getting on, in milliseconds: longer than an election takes. */
const patienceMs = 60_000;

/**
 * Reads the documents of a batch page by page, with one cursor. Where that dies (a new primary, a long pause between
 * two pages), another one goes on after the last document that was read.
 */
export async function* pages(options: PagesOptions, start: Place | undefined, index: number): AsyncGenerator<Page> {
  const reader = new Reader(options, start);
  try {
    let next = index;
    for (;;) {
      const found = await reader.read(options.backfill.size);
      if (found.documents.length === 0) return;
      const rows = found.documents.map(({ bytes, place }, at) => nameable(options, bytes, place, next + at));
      next += rows.length;
      yield { rows, more: found.more };
      if (!found.more) return;
    }
  } finally {
    await reader.close();
  }
}

function nameable({ driver, backfill }: PagesOptions, bytes: Uint8Array, place: Place, index: number): Row {
  try {
    return rowOf(bytes, place, index, driver);
  } catch (error) {
    if (!(error instanceof UnnameableId)) throw error;
    const message = `${backfill.title}: the document ${shownId(bytes)} has an _id that no driver sends back as it is.`;
    throw new ReleaseError('BATCH_DOCUMENT_FAILED', message, {
      hint: 'Leave it out by the filter, for example with { _id: { $type: "objectId" } }.',
      cause: error,
    });
  }
}

interface Read {
  readonly bytes: Uint8Array;
  readonly place: Place;
}

class Reader {
  readonly #options: PagesOptions;
  #place: Place | undefined;
  #cursor: ReturnType<RawCollection['find']> | undefined;

  constructor(options: PagesOptions, start: Place | undefined) {
    this.#options = options;
    this.#place = start;
  }

  async read(count: number): Promise<{ readonly documents: Read[]; readonly more: boolean }> {
    const documents: Read[] = [];
    let read = 0;
    let since = performance.now();
    for (;;) {
      this.#options.refuseWhenClosed();
      try {
        const cursor = this.#open();
        while (documents.length < count && read < pageBytes) {
          const bytes = (await cursor.next()) as Uint8Array | null;
          if (bytes === null) return { documents, more: false };
          this.#place = placeOf(bytes, this.#options.backfill.order, this.#options.driver);
          documents.push({ bytes, place: this.#place });
          read += bytes.length;
          since = performance.now();
        }
        return { documents, more: await cursor.hasNext() };
      } catch (error) {
        if (!mayPass(error) || performance.now() - since > patienceMs) throw error;
        await this.close();
        await sleep(500 * Math.random());
      }
    }
  }

  async close(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    await cursor?.close().catch(() => {});
  }

  #open(): ReturnType<RawCollection['find']> {
    const { collection, backfill, driver } = this.#options;
    const { filter, order, size } = backfill;
    const rest = this.#place === undefined ? filter : { $and: [filter, after(this.#place, order, driver)] };
    this.#cursor ??= collection.find(rest, { sort: sortOf(order), raw: true, batchSize: size, ...reading } as object);
    return this.#cursor;
  }
}

/**
 * CursorNotFound, QueryPlanKilled, CursorKilled (`src/mongo/base/error_codes.yml`): the cursor is gone, and another one
 * may do.
 */
const cursorGone = new Set([43, 175, 237]);

function mayPass(error: unknown): boolean {
  return cursorGone.has(serverCode(error) ?? -1) || passing(error) !== undefined;
}

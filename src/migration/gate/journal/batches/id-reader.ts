import { setTimeout as sleep } from 'node:timers/promises';
import type { RawCursor } from '../../raw.ts';

/** How many ids are fetched at a time: a reply of some hundred kilobytes. */
export const idsPerReply = 10_000;
/** How often one place is read again after the cursor died, with a pause of a second in between. */
const reopenings = 30;

/** Opens a cursor over documents of `_id` alone, as bytes, in the order of `_id`, after this one where there is one. */
export type OpenIds = (after: Uint8Array | undefined) => RawCursor[];

/**
 * The ids of all documents that a statement is about, read ahead: the next reply is fetched while transactions work on
 * the ids of the last. A cursor that dies (a new primary, a long pause) is opened again behind the last id it gave.
 */
export class IdReader {
  readonly #open: OpenIds;
  #cursors: RawCursor[];
  #held: Uint8Array[] = [];
  /** Index of the first of `#held` that was not dropped. */
  #from = 0;
  #last: Uint8Array | undefined;
  #coming: Promise<Uint8Array[]> | undefined;
  #ended = false;
  #failures = 0;

  constructor(open: OpenIds, after: Uint8Array | undefined) {
    this.#open = open;
    this.#last = after;
    this.#cursors = open(after);
  }

  /**
   * The next ids, `count` of them or all that are left. They stay in front until they are dropped.
   * Throws the server's error when they cannot be read.
   */
  async peek(count: number): Promise<readonly Uint8Array[]> {
    while (!this.#ended && this.#held.length - this.#from < count) {
      const coming = this.#coming ?? this.#page();
      this.#coming = undefined;
      const page = await coming;
      if (page.length === 0) {
        this.#ended = true;
        break;
      }
      this.#held = this.#from === 0 ? this.#held.concat(page) : this.#held.slice(this.#from).concat(page);
      this.#from = 0;
    }
    return this.#held.slice(this.#from, this.#from + count);
  }

  /** Starts to fetch the next reply, if fewer than this many ids are at hand. */
  readAhead(count: number): void {
    if (this.#ended || this.#coming !== undefined || this.#held.length - this.#from > count) return;
    this.#coming = this.#page();
    // Whoever asks next gets the error.
    this.#coming.catch(() => {});
  }

  drop(count: number): void {
    this.#from += count;
  }

  async close(): Promise<void> {
    await this.#coming?.catch(() => {});
    for (const cursor of this.#cursors) await cursor.close().catch(() => {});
  }

  async #page(): Promise<Uint8Array[]> {
    for (;;) {
      try {
        return await this.#fetch();
      } catch (error) {
        // At its beginning the statement itself may be wrong, and the driver has tried a read twice already.
        if (this.#last === undefined || this.#failures >= reopenings) throw error;
        this.#failures += 1;
        for (const cursor of this.#cursors) await cursor.close().catch(() => {});
        await sleep(1000);
        this.#cursors = this.#open(this.#last);
      }
    }
  }

  async #fetch(): Promise<Uint8Array[]> {
    for (;;) {
      const cursor = this.#cursors[0];
      if (cursor === undefined) return [];
      if (await cursor.hasNext()) {
        // With `raw` the driver's documents are bytes, which its types do not say.
        const page = cursor.readBufferedDocuments() as unknown as Buffer[];
        // An index may be read twice at the seam of two cursors, and only there.
        const fresh = this.#last !== undefined && page[0]?.equals(this.#last) === true ? page.slice(1) : page;
        this.#last = page.at(-1) ?? this.#last;
        this.#failures = 0;
        if (fresh.length > 0) return fresh;
        continue;
      }
      await cursor.close();
      this.#cursors.shift();
    }
  }
}

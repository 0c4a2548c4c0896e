import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import type { Image } from '../journal/images.ts';
import { digestWords, KeyTable, stateOf } from './key-table.ts';
import { readPack } from './read.ts';

/**
 * What stands with each document: what the newest image made of it, what it was before the oldest, where that is; and how
 * many it has still to go back over, with three bits for what else is known of it.
 */
const after = 0;
const before = digestWords;
const last = 2 * digestWords;
const state = last + 1;

const isBroken = 1;
const hasStepped = 2;
const hasGap = 4;
const bitsBesides = 3;
const oneLeft = 1 << bitsBesides;

/** What stands with each image: its pack, its index, and the newer one of its document. */
const wordsOfLink = 3;

/** The newer images of a document. */
export interface Newer {
  readonly key: string;
  /** How many of them are still to be gone back over: the oldest ones. */
  readonly left: number;
  /** It has gone back over others by themselves. */
  readonly stepped: boolean;
  /** Before one that is left it was not there: the migration had deleted it, and made it anew. */
  readonly wasGone: boolean;
  /** Nobody else has written to it between two of them, nor between the oldest and this image. */
  joins(image: Image): boolean;
  /** Whether all of them made this of it. */
  made(now: Uint8Array | undefined): boolean;
}

/**
 * Images on the way back of documents that have older ones in the same segment: each goes back once, at the oldest one.
 * Until then nothing of these images is done, nor marked as done, but of documents that wait for unique values: these go
 * back over each image by itself, and its mark says so. Only digests are in memory.
 */
export class Deferred {
  readonly #db: Db;
  readonly #own: OwnNames;
  #documents = new KeyTable(state + 1);
  #links: number[] = [];
  #packs: string[] = [];

  constructor(db: Db, own: OwnNames) {
    this.#db = db;
    this.#own = own;
  }

  /** With images to go back over; the newest first. */
  get packs(): readonly string[] {
    return this.#packs;
  }

  /** The newest first. `isDone`: the document has gone back over it. */
  add(key: string, image: Image, { pack, index, isDone }: { pack: string; index: number; isDone: boolean }): void {
    const documents = this.#documents;
    const known = documents.size;
    const at = documents.add(key);
    const isNew = documents.size > known;
    if (isNew) documents.setDigest(at + after, stateOf(image.after));
    else if (!documents.isDigest(at + before, stateOf(image.after))) this.#is(at, isBroken);
    documents.setDigest(at + before, stateOf(image.before));
    if (isDone) {
      this.#is(at, hasStepped);
      return;
    }
    if (image.before === undefined) this.#is(at, hasGap);
    if (this.#packs.at(-1) !== pack) this.#packs.push(pack);
    this.#links.push(this.#packs.length - 1, index, documents.get(at + last));
    documents.set(at + last, this.#links.length);
    documents.set(at + state, documents.get(at + state) + oneLeft);
  }

  /** Once the document has gone back over the newest image that was left. */
  stepped(key: string): void {
    const at = this.#documents.find(key);
    this.#documents.set(at + state, this.#documents.get(at + state) - oneLeft);
    this.#is(at, hasStepped);
  }

  of(key: string): Newer | undefined {
    const documents = this.#documents;
    const at = documents.find(key);
    if (at < 0) return undefined;
    const known = documents.get(at + state);
    return {
      key,
      left: known >>> bitsBesides,
      stepped: (known & hasStepped) !== 0,
      wasGone: (known & hasGap) !== 0,
      joins: (image) => (known & isBroken) === 0 && documents.isDigest(at + before, stateOf(image.after)),
      made: (now) => documents.isDigest(at + after, stateOf(now)),
    };
  }

  /** Those that are left, from the journal again, by key, the newest first. Throws the driver's errors, and `JournalDamage`. */
  async images(keys: readonly string[]): Promise<Map<string, readonly Image[]>> {
    const wanted = new Map<string, Image[]>();
    const places: { readonly pack: number; readonly index: number; readonly images: Image[]; readonly nth: number }[] =
      [];
    for (const key of keys) {
      const images: Image[] = [];
      wanted.set(key, images);
      const at = this.#documents.find(key);
      let link = at < 0 ? 0 : this.#documents.get(at + last);
      const left = at < 0 ? 0 : this.#documents.get(at + state) >>> bitsBesides;
      for (let nth = 0; nth < left; nth++) {
        const [pack, index, newer] = this.#links.slice(link - wordsOfLink, link) as [number, number, number];
        places.push({ pack, index, images, nth });
        link = newer;
      }
    }
    for (const [pack, of] of Map.groupBy(places, (place) => place.pack)) {
      const { images } = await readPack(this.#db, this.#own, this.#packs[pack] as string);
      for (const { index, images: found, nth } of of) found[nth] = copyOf(images[index] as Image);
    }
    for (const images of wanted.values()) images.reverse();
    return wanted;
  }

  /** At the end of the segment: all of them are back. */
  clear(): void {
    this.#documents = new KeyTable(state + 1);
    this.#links = [];
    this.#packs = [];
  }

  #is(at: number, what: number): void {
    this.#documents.set(at + state, this.#documents.get(at + state) | what);
  }
}

/** They are views into what was read together with many others. */
function copyOf({ before, after }: Image): Image {
  return { before: before && Buffer.from(before), after: after && Buffer.from(after) };
}

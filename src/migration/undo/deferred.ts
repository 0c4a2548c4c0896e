import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import type { Image } from '../journal/images.ts';
import { digestWords, KeyTable, stateOf } from './key-table.ts';
import { readPack } from './read.ts';

/** What stands with each document: what the newest image made of it, what it was before the oldest, where that is. */
const after = 0;
const before = digestWords;
const last = 2 * digestWords;
const broken = last + 1;

/** What stands with each image: its pack, its index, and the newer one of its document. */
const wordsOfLink = 3;

/** The newer images of a document. */
export interface Newer {
  readonly key: string;
  /** Somebody else has written to it between two of them, or between the oldest and this image. */
  joins(image: Image): boolean;
  /** Whether they made this of it. */
  made(now: Uint8Array | undefined): boolean;
  /** Whether some of them may be undone by now, each by itself. */
  readonly stepped: boolean;
}

/**
 * Images on the way back of documents that have older ones in the same segment: each goes back once, at the oldest one.
 * Until then nothing of these images is done, nor marked as done. Only digests are in memory.
 */
export class Deferred {
  readonly #db: Db;
  readonly #own: OwnNames;
  #documents = new KeyTable(broken + 1);
  #links: number[] = [];
  #packs: string[] = [];
  /** Whether packs of the segment have gone back by themselves. */
  stepped = false;

  constructor(db: Db, own: OwnNames) {
    this.#db = db;
    this.#own = own;
  }

  /** The newest first. */
  get packs(): readonly string[] {
    return this.#packs;
  }

  /** The newest first. */
  add(key: string, image: Image, pack: string, index: number): void {
    if (this.#packs.at(-1) !== pack) this.#packs.push(pack);
    const documents = this.#documents;
    const known = documents.size;
    const at = documents.add(key);
    const isNew = documents.size > known;
    if (isNew) documents.setDigest(at + after, stateOf(image.after));
    else if (!documents.isDigest(at + before, stateOf(image.after))) documents.set(at + broken, 1);
    documents.setDigest(at + before, stateOf(image.before));
    this.#links.push(this.#packs.length - 1, index, documents.get(at + last));
    documents.set(at + last, this.#links.length);
  }

  of(key: string): Newer | undefined {
    const documents = this.#documents;
    const at = documents.find(key);
    if (at < 0) return undefined;
    return {
      key,
      joins: (image) => documents.get(at + broken) === 0 && documents.isDigest(at + before, stateOf(image.after)),
      made: (now) => documents.isDigest(at + after, stateOf(now)),
      stepped: this.stepped,
    };
  }

  /** From the journal again, by key, the newest first. Throws the driver's errors, and `JournalDamage`. */
  async images(keys: readonly string[]): Promise<Map<string, readonly Image[]>> {
    const wanted = new Map<string, Image[]>();
    const places: { readonly pack: number; readonly index: number; readonly images: Image[]; readonly nth: number }[] =
      [];
    for (const key of keys) {
      const images: Image[] = [];
      wanted.set(key, images);
      const at = this.#documents.find(key);
      let link = at < 0 ? 0 : this.#documents.get(at + last);
      for (let nth = 0; link > 0; nth++) {
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
    this.#documents = new KeyTable(broken + 1);
    this.#links = [];
    this.#packs = [];
    this.stepped = false;
  }
}

/** They are views into what was read together with many others. */
function copyOf({ before, after }: Image): Image {
  return { before: before && Buffer.from(before), after: after && Buffer.from(after) };
}

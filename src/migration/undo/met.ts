import { KeyTable } from './key-table.ts';

/**
 * What comes of a document once one of its images is taken back. `back`: it is the oldest one of its stretch. `midway`:
 * older ones stand behind a change of the catalog, which needs it as it was then. `again`: an older one comes first.
 */
export type Place = 'back' | 'midway' | 'again';

const places: readonly Place[] = ['back', 'midway', 'again'];

/** The documents that an attempt changed, by `documentKey`, and where each of their images stands among the others. */
export class Met {
  /** A word a document: the segment where it was met last, whether it was met before that, whether it was there then. */
  readonly #documents = new KeyTable(1);
  /** By pack, of each image; absent where all are the oldest ones. */
  readonly #places = new Map<string, Uint8Array>();
  #again = false;
  #midway = false;

  /** To be told of all images in their order. `segment`: counts the changes of the catalog, from 1. */
  image(key: string, segment: number, exists: boolean, [pack, index, count]: readonly [string, number, number]): Place {
    const at = this.#documents.add(key);
    const known = this.#documents.get(at);
    const place = known === 0 ? 'back' : known >>> 2 === segment ? 'again' : 'midway';
    this.#documents.set(at, segment * 4 + (known === 0 ? 0 : 2) + Number(exists));
    if (place === 'back') return place;
    if (place === 'again') this.#again = true;
    else this.#midway = true;
    const of = this.#places.get(pack) ?? new Uint8Array(count);
    of[index] = places.indexOf(place);
    this.#places.set(pack, of);
    return place;
  }

  placeOf(pack: string, index: number): Place {
    return places[this.#places.get(pack)?.[index] ?? 0] as Place;
  }

  /** How many documents. */
  get size(): number {
    return this.#documents.size;
  }

  has(key: string): boolean {
    return this.#documents.has(key);
  }

  /** Whether any document was changed several times in a segment; and any in several segments. */
  get repeats(): { readonly again: boolean; readonly midway: boolean } {
    return { again: this.#again, midway: this.#midway };
  }

  /** Of a document that was changed several times, whether it was there after all of that. */
  existed(key: string): boolean | undefined {
    const at = this.#documents.find(key);
    const known = at < 0 ? 0 : this.#documents.get(at);
    return (known & 2) === 0 ? undefined : (known & 1) === 1;
  }
}

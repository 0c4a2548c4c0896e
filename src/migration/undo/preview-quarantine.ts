import type { Db } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { Attempt } from '../journal/documents.ts';
import type { Left } from './put-back.ts';
import { anyVersion, type BroughtBack, countBack, Quarantine } from './quarantine.ts';
import type { KeptVersions } from './store.ts';
import { LeftCount } from './why-left.ts';

/** What quarantine would hold: what it holds already, and in memory what comes to it. */
export class PreviewQuarantine implements KeptVersions {
  readonly #stored: Quarantine;
  /** Whether anybody will ask for what is left; else it is only counted. */
  readonly #keepsVersions: boolean;
  /** By place. */
  readonly #left = new Map<string, Left>();
  /** Places of what undos before have left. */
  #before: ReadonlySet<string> = new Set();
  #count = new LeftCount();
  readonly #broughtBack = { documents: 0, created: 0 };

  constructor(db: Db, own: OwnNames, attempt: Attempt, keepsVersions: boolean) {
    this.#stored = new Quarantine(db, own, attempt);
    this.#keepsVersions = keepsVersions;
  }

  async read(): ReturnType<KeptVersions['read']> {
    const kept = await this.#stored.read();
    this.#before = new Set(kept.left);
    this.#count = await this.#stored.countLeft();
    return kept;
  }

  placeOf: KeptVersions['placeOf'] = (stretch, namespace, id) => this.#stored.placeOf(stretch, namespace, id);

  async *left(): AsyncGenerator<Left> {
    yield* this.#stored.left();
    yield* this.#left.values();
  }

  async countLeft(): Promise<LeftCount> {
    return this.#count;
  }

  async countBroughtBack(): Promise<BroughtBack> {
    const { documents, created } = await this.#stored.countBroughtBack();
    return { documents: documents + this.#broughtBack.documents, created: created + this.#broughtBack.created };
  }

  async add(documents: readonly Left[]): Promise<void> {
    for (const left of documents) {
      const { image, current } = left;
      this.#add(left, 1);
      if (!this.#keepsVersions) continue;
      // They are views into what was read together with many others.
      const kept = { before: copy(image.before), after: copy(image.after) };
      this.#left.set(this.#place(left), { ...left, image: kept, current: copy(current) });
    }
  }

  async broughtBack(documents: readonly Left[]): Promise<void> {
    for (const left of documents) {
      countBack(this.#broughtBack, left.why);
      const place = this.#place(left);
      if (this.#left.has(place) || this.#before.has(place)) this.#add(left, -1);
    }
  }

  async setBefore(place: string, before: Uint8Array | undefined): Promise<void> {
    const left = this.#left.get(place);
    if (left === undefined) return;
    this.#left.set(place, { ...left, image: { ...left.image, before: copy(before) } });
  }

  async keepOpen(): Promise<void> {}

  async close(): Promise<void> {}

  #add({ namespace, why }: Left, documents: number): void {
    this.#count.add(namespace.collection ?? '', why, documents);
  }

  #place(left: Left): string {
    return this.placeOf(left.stretch, left.namespace, idKey(anyVersion(left)));
  }
}

function copy(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && Buffer.from(bytes);
}

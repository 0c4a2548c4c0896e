import type { ClientSession } from 'mongodb';
import type { EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import type { Several, SeveralTimes } from './several.ts';
import type { Open, Step } from './step-back.ts';
import type { KeptVersions } from './store.ts';
import { documentKey } from './survey.ts';

/** What is known of a document when some of its images are met. */
export interface KnownDocument {
  /** Its place in quarantine; undefined where nothing is known of any document. */
  readonly place?: string;
  readonly several: Several | undefined;
  readonly open: Open | undefined;
  /** It was left to its user at a newer image. */
  readonly left: boolean;
}

/** What became of a document at these images. */
export type WholeNews = { readonly whole: KnownDocument; readonly images: readonly Image[] } & (
  | Step
  | { readonly state: 'left' }
);

const unknown: KnownDocument = { several: undefined, open: undefined, left: false };

/**
 * The documents that an attempt changed several times, on their way back: each as a whole or not at all. What is open
 * is on record, in the transactions that put the others back, so that an interrupted undo goes on with it.
 */
export class WholeDocuments {
  readonly #several: SeveralTimes;
  readonly #quarantine: KeptVersions | undefined;
  readonly #open: Map<string, Open>;
  readonly #left: Set<string>;

  private constructor(
    several: SeveralTimes,
    quarantine: KeptVersions | undefined,
    { open, left }: { open: Map<string, Open>; left: Set<string> },
  ) {
    this.#several = several;
    this.#quarantine = quarantine;
    this.#open = open;
    this.#left = left;
  }

  /** For an undo that leaves nothing to anybody. */
  static none(): WholeDocuments {
    return new WholeDocuments(new Map(), undefined, { open: new Map(), left: new Set() });
  }

  /** Of an undo that begins or goes on. Throws the driver's errors. */
  static async load(several: SeveralTimes, quarantine: KeptVersions): Promise<WholeDocuments> {
    return new WholeDocuments(several, quarantine, await quarantine.read());
  }

  of(stretch: number, namespace: EntryNamespace, id: string): KnownDocument {
    const quarantine = this.#quarantine;
    if (quarantine === undefined || this.#several.size + this.#open.size + this.#left.size === 0) return unknown;
    const place = quarantine.placeOf(stretch, namespace, id);
    const several = this.#several.size === 0 ? undefined : this.#several.get(documentKey(stretch, namespace, id));
    return { place, several, open: this.#open.get(place), left: this.#left.has(place) };
  }

  /** Puts the open ones on record, within the transaction, and takes those off that are open no more. */
  async save(news: readonly WholeNews[], session: ClientSession): Promise<void> {
    const quarantine = this.#quarantine;
    if (quarantine === undefined) return;
    for (const { whole, images, ...step } of news) {
      const { place, open, several, left } = whole;
      if (place === undefined) continue;
      if (step.state === 'open') await quarantine.keepOpen(place, step.open, open === undefined, session);
      else if (open !== undefined) await quarantine.close(place, session);
      const last = several !== undefined && several.remaining <= images.length;
      if (left && last) await quarantine.setBefore(place, images.at(-1)?.before, session);
    }
  }

  /** Once the transaction is committed. */
  took(news: readonly WholeNews[]): void {
    for (const { whole, images, ...step } of news) {
      const { place, several } = whole;
      if (several !== undefined) several.remaining -= images.length;
      if (place === undefined) continue;
      if (step.state === 'open') this.#open.set(place, step.open);
      else this.#open.delete(place);
      if (step.state === 'blocked') this.#left.add(place);
    }
  }
}

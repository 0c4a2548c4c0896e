import type { ClientSession } from 'mongodb';
import type { EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import type { KeyTable } from './key-table.ts';
import { type Open, type Step, sizeOf } from './step-back.ts';
import type { KeptVersions } from './store.ts';
import { documentKey } from './survey.ts';

/** What is known of a document when some of its images are met. */
export interface KnownDocument {
  /** Its place in quarantine; undefined where nothing is known of any document. */
  readonly place?: string;
  /** Whether somebody else wrote to it between two of its images. */
  readonly between: boolean;
  readonly open: Open | undefined;
  /** It was left to its user at a newer image. */
  readonly left: boolean;
  /** Whether there is room for more that are open. */
  readonly hasRoom: boolean;
}

/** What became of a document at these images. */
export type WholeNews = {
  readonly whole: KnownDocument;
  readonly images: readonly Image[];
  readonly isLast: boolean;
} & (Step | { readonly state: 'left' });

/** Of all that are open together: beyond it only those are added that cannot do without. */
const mostOpenBytes = 64_000_000;

const unknown: KnownDocument = { between: false, open: undefined, left: false, hasRoom: false };

/**
 * The documents that an attempt changed several times, with changes of the catalog in between, on their way back: each as
 * a whole or not at all. What is open is on record, in the transactions that put the others back, so that an interrupted
 * undo goes on with it.
 */
export class WholeDocuments {
  readonly #between: KeyTable | undefined;
  readonly #quarantine: KeptVersions | undefined;
  readonly #open: Map<string, Open>;
  readonly #left: Set<string>;
  #openBytes: number;

  private constructor(
    between: KeyTable | undefined,
    quarantine: KeptVersions | undefined,
    { open, left }: { open: Map<string, Open>; left: Set<string> },
  ) {
    this.#between = between;
    this.#quarantine = quarantine;
    this.#open = open;
    this.#left = left;
    this.#openBytes = [...open.values()].reduce((sum, one) => sum + sizeOf(one), 0);
  }

  /** For an undo that leaves nothing to anybody. */
  static none(): WholeDocuments {
    return new WholeDocuments(undefined, undefined, { open: new Map(), left: new Set() });
  }

  /**
   * Of an undo that begins or goes on. `between`: by `documentKey`; undefined where none is met twice. Throws the driver's
   * errors.
   */
  static async load(between: KeyTable | undefined, quarantine: KeptVersions): Promise<WholeDocuments> {
    return new WholeDocuments(between, quarantine, await quarantine.read());
  }

  of(stretch: number, namespace: EntryNamespace, id: string): KnownDocument {
    const quarantine = this.#quarantine;
    if (quarantine === undefined) return unknown;
    if (this.#between === undefined && this.#open.size + this.#left.size === 0) return unknown;
    const place = quarantine.placeOf(stretch, namespace, id);
    const between = this.#between?.has(documentKey(stretch, namespace, id)) ?? false;
    const hasRoom = this.#openBytes < mostOpenBytes;
    return { place, between, open: this.#open.get(place), left: this.#left.has(place), hasRoom };
  }

  /** Puts the open ones on record, within the transaction, and takes those off that are open no more. */
  async save(news: readonly WholeNews[], session: ClientSession): Promise<void> {
    const quarantine = this.#quarantine;
    if (quarantine === undefined) return;
    for (const { whole, images, isLast, ...step } of news) {
      const { place, open, left } = whole;
      if (place === undefined) continue;
      if (step.state === 'open') await quarantine.keepOpen(place, step.open, open === undefined, session);
      else if (open !== undefined) await quarantine.close(place, session);
      if (left && isLast) await quarantine.setBefore(place, images.at(-1)?.before, session);
    }
  }

  /** Once the transaction is committed. */
  took(news: readonly WholeNews[]): void {
    for (const { whole, ...step } of news) {
      if (whole.place === undefined) continue;
      const before = this.#open.get(whole.place);
      if (before !== undefined) this.#openBytes -= sizeOf(before);
      if (step.state === 'open') {
        this.#open.set(whole.place, step.open);
        this.#openBytes += sizeOf(step.open);
      } else this.#open.delete(whole.place);
      if (step.state === 'blocked') this.#left.add(whole.place);
    }
  }
}

import { idKey } from '../../mongo/raw-bson.ts';
import type { CommitOptions } from './commits.ts';
import { KeyTable } from './key-table.ts';
import { idOf, type Put } from './put-back.ts';
import { hasClearWay } from './step-back.ts';
import { documentKey } from './survey.ts';

/** What becomes of a document: nothing more, it waits, or it does and goes back over each of its images by itself. */
const settled = 0;
const waits = 1;
const steps = 2;

type WaitingOptions = Pick<CommitOptions, 'store' | 'mode' | 'whole' | 'survey' | 'deferred'>;

/** Documents that were put off, until they are back, or left to users. */
export class Waiting {
  readonly #options: WaitingOptions;
  readonly #documents = new KeyTable(1);

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** Those of a pack. Throws the driver's errors. */
  async add(puts: readonly Put[]): Promise<void> {
    const { whole } = this.#options;
    for (const put of puts) {
      const { left } = whole.of(put.stretch, put.namespace, idKey(idOf(put.image)));
      if (!left) this.#set(keyOf(put), waits);
    }
    for (const key of await this.#withClearWay(puts)) this.#set(key, steps);
  }

  /** It is where it is going to stay. */
  settle(put: Put): void {
    this.#set(keyOf(put), settled);
  }

  isSettled(key: string): boolean {
    return this.#stateOf(key) === settled;
  }

  goesInSteps(key: string): boolean {
    return this.#stateOf(key) === steps;
  }

  /**
   * Those that get all their way back image by image. What users wrote to one of these goes back as a whole, or not at all;
   * and so does one with older images in another segment to which they wrote anything, since there it may have to stay, and
   * one that would be gone from its collection meanwhile.
   */
  async #withClearWay(puts: readonly Put[]): Promise<string[]> {
    const { store, mode, whole, deferred, survey } = this.#options;
    const several = puts.flatMap((put) => {
      const { stretch, namespace, image } = put;
      const newer = deferred.of(keyOf(put));
      const { left, open, between } = whole.of(stretch, namespace, idKey(idOf(image)));
      if (newer === undefined || newer.left === 0 || newer.wasGone) return [];
      return left || open !== undefined || (between && !put.isLast) ? [] : [{ put, newer }];
    });
    const present = several[0] && store.presentOf(several[0].put.namespace);
    if (present === undefined) return [];
    const current = await store.read(
      present,
      several.map(({ put }) => put.image),
    );
    const nowOf = ({ image }: Put) => current.get(idKey(idOf(image)));
    const isAsMade = ({ put, newer }: (typeof several)[number]) =>
      !newer.stepped && newer.joins(put.image) && newer.made(nowOf(put));
    const others = several.filter((one) => !isAsMade(one));
    const images = await deferred.images(others.map(({ newer: { key } }) => key));
    const clear = others.filter(({ put, newer }) => {
      const isRename = survey.renamesIn(put.stretch, put.namespace);
      const way = { now: nowOf(put), mode: put.isLast ? mode : 'strict', isRename } as const;
      return hasClearWay([...(images.get(newer.key) ?? []), put.image], way);
    });
    return [...several.filter(isAsMade), ...clear].map(({ newer: { key } }) => key);
  }

  #set(key: string, state: number): void {
    this.#documents.set(this.#documents.add(key), state);
  }

  #stateOf(key: string): number {
    const at = this.#documents.find(key);
    return at < 0 ? settled : this.#documents.get(at);
  }
}

export function keyOf({ stretch, namespace, image }: Pick<Put, 'stretch' | 'namespace' | 'image'>): string {
  return documentKey(stretch, namespace, idKey(idOf(image)));
}

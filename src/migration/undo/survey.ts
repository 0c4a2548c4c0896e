import type { Db } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import { FieldNames } from '../../mongo/field-layout.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { elementsOf, idKey } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import { documentOf, type Image } from '../journal/images.ts';
import { digest } from './key-table.ts';
import { Met } from './met.ts';
import { readEntries, readForwards, type UndoEntry } from './read.ts';
import { type IsRename, neverRenames, RenameEvidence } from './renames.ts';
import { shownNamespace } from './result.ts';

/** A collection whose documents an attempt changed, and that was there before. */
export interface Touched {
  /** As it was called before the first of these changes. */
  readonly namespace: EntryNamespace;
  /** Whether the attempt changed documents of it that stayed there. */
  readonly reshaped: boolean;
  /** Top-level fields that the attempt gave to documents, and that none of them had before. */
  readonly introduced: readonly string[];
  /** Whether it had this name on that stretch, when some of them were made. */
  was(stretch: number, namespace: EntryNamespace): boolean;
  /** Whether the attempt changed the document with this `idKey`. */
  knows(id: string): boolean;
}

/** What an attempt did, in short. */
export interface Survey {
  readonly touched: readonly Touched[];
  /** All the documents that it changed. */
  readonly met: Met;
  /** How many of its entries moved collections. */
  readonly moves: number;
  /** The first images in the journal. What is older changed no document. */
  readonly oldest: string | undefined;
  /** The renames of fields in the collection of that name on that stretch. */
  renamesIn(stretch: number, namespace: EntryNamespace): IsRename;
}

const moving: ReadonlySet<string> = new Set(['rename-collection', 'replace-collection', 'drop-collection']);

/**
 * A stretch of an attempt on which a name stands for the same collection; counted from the oldest. Behind a rename a
 * document is another one.
 */
export class Stretches {
  #number: number;
  readonly #step: 1 | -1;

  constructor(number: number, direction: 'forwards' | 'backwards') {
    this.#number = number;
    this.#step = direction === 'forwards' ? 1 : -1;
  }

  get number(): number {
    return this.#number;
  }

  /** To be told of every entry on the way. */
  pass(entry: UndoEntry): void {
    if (moves(entry)) this.#number += this.#step;
  }
}

/** Whether names stand for other collections from this entry on. */
export function moves({ catalog, state }: UndoEntry): boolean {
  return catalog !== undefined && state !== 'refused' && moving.has(catalog.type);
}

/** Whether any entry of an attempt does that. Throws the driver's errors. */
export async function movesCollections(db: Db, own: OwnNames, attempt: Attempt): Promise<boolean> {
  return (await readEntries(db, own, attempt, { 'catalog.type': { $in: [...moving] } })).some(moves);
}

/** Whether an entry is older than all images. */
export function isOlder({ _id }: UndoEntry, { oldest }: Pick<Survey, 'oldest'>): boolean {
  return oldest === undefined || _id < oldest;
}

export function documentKey(stretch: number, namespace: EntryNamespace, id: string): string {
  return digest(`${aliasOf(stretch, namespace)}\n${id}`);
}

/** Images of each transaction that are asked for the names of fields: one operation does the same to all. */
const mostLookedAt = 20;

/**
 * Reads all that an attempt did, whether or not it is undone by now. Throws the driver's errors, the signal's reason, and
 * `JournalDamage` for images that are damaged.
 */
export async function surveyAttempt(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<Survey> {
  const met = new Met();
  const names = new OldestNames();
  const touched = new Map<string, Changed>();
  const stretches = new Stretches(0, 'forwards');
  const renames = new Map<string, RenameEvidence>();
  let segment = 1;
  let oldest: string | undefined;
  for await (const step of readForwards(connection.db, own, attempt)) {
    signal?.throwIfAborted();
    if (step.kind === 'entry') {
      stretches.pass(step.entry);
      if (step.entry.catalog !== undefined) segment += 1;
      names.pass(step.entry, oldest !== undefined);
      continue;
    }
    oldest ??= step.id;
    const { namespace, images } = step;
    const first = names.of(namespace);
    const changed = first && touchedAt(touched, first, met);
    changed?.alias(stretches.number, namespace);
    const where = aliasOf(stretches.number, namespace);
    const evidence = renames.get(where) ?? new RenameEvidence();
    renames.set(where, evidence);
    for (const [at, image] of images.entries()) {
      const document = documentOf(image);
      if (document === undefined) continue;
      const key = documentKey(stretches.number, namespace, idKey(document));
      const place = met.image(key, segment, image.after !== undefined, [step.id, at, images.length]);
      changed?.image(image, place === 'back', at < mostLookedAt);
      if (at < mostLookedAt && image.before !== undefined && image.after !== undefined)
        evidence.add(image.before, image.after);
    }
  }
  const isRename = new Map([...renames].map(([where, evidence]) => [where, evidence.isRename]));
  const renamesIn = (stretch: number, namespace: EntryNamespace) =>
    isRename.get(aliasOf(stretch, namespace)) ?? neverRenames;
  return { touched: [...touched.values()], met, moves: stretches.number, oldest, renamesIn };
}

function aliasOf(stretch: number, namespace: EntryNamespace): string {
  return `${stretch}\n${shownNamespace(namespace)}`;
}

function touchedAt(touched: Map<string, Changed>, namespace: EntryNamespace, met: Met): Changed {
  const name = shownNamespace(namespace);
  const one = touched.get(name) ?? new Changed(namespace, met);
  touched.set(name, one);
  return one;
}

class Changed implements Touched {
  readonly namespace: EntryNamespace;
  reshaped = false;
  readonly #met: Met;
  /** What it was called on which stretch. */
  readonly #aliases = new Map<string, { readonly stretch: number; readonly namespace: EntryNamespace }>();
  readonly #made = new Set<string>();
  readonly #had = new FieldNames();

  constructor(namespace: EntryNamespace, met: Met) {
    this.namespace = namespace;
    this.#met = met;
  }

  get introduced(): readonly string[] {
    // A name with a dot or a dollar in it no query asks for.
    return [...this.#made].filter((name) => !this.#had.has(name) && !/[.$]/.test(name));
  }

  was(stretch: number, namespace: EntryNamespace): boolean {
    return this.#aliases.has(aliasOf(stretch, namespace));
  }

  knows(id: string): boolean {
    return [...this.#aliases.values()].some(({ stretch, namespace }) =>
      this.#met.has(documentKey(stretch, namespace, id)),
    );
  }

  alias(stretch: number, namespace: EntryNamespace): void {
    this.#aliases.set(aliasOf(stretch, namespace), { stretch, namespace });
  }

  /** `isFirst`: the document's oldest one, so that before it is what users had written. */
  image({ before, after }: Image, isFirst: boolean, looksCloser: boolean): void {
    if (before === undefined) return;
    if (isFirst) this.#had.add(before);
    if (after === undefined) return;
    this.reshaped = true;
    if (!looksCloser) return;
    const old = new Set([...elementsOf(before)].map(({ name }) => name));
    for (const { name } of elementsOf(after)) if (!old.has(name)) this.#made.add(name);
  }
}

/** What collections were called at the first images. */
class OldestNames {
  /** By the name of now; undefined where the attempt made it. */
  readonly #names = new Map<string, EntryNamespace | undefined>();

  of(namespace: EntryNamespace): EntryNamespace | undefined {
    const name = shownNamespace(namespace);
    return this.#names.has(name) ? this.#names.get(name) : namespace;
  }

  /** `since`: the first images were met. */
  pass({ catalog, namespace, state }: UndoEntry, since: boolean): void {
    if (catalog === undefined || state === 'refused') return;
    const { type, before, to } = catalog;
    const renames = type === 'rename-collection' && to !== undefined;
    const first = this.of(namespace);
    if (type === 'drop-collection' || renames || before === undefined) {
      this.#names.set(shownNamespace(namespace), undefined);
    }
    if (renames) this.#names.set(shownNamespace(to), since || first === undefined ? first : to);
    if (type === 'replace-collection') this.#names.set(shownNamespace(to ?? namespace), undefined);
  }
}

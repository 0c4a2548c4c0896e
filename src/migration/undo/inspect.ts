import type { Db, Document } from 'mongodb';
import { ReadPreference } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { BsonError, idKey } from '../../mongo/raw-bson.ts';
import { type Attempt, entryOf, ofAttempt } from '../journal/documents.ts';
import { changedDocuments } from '../journal/entry-counts.ts';
import { documentOf, JournalDamage } from '../journal/images.ts';
import { nothingCounted, type SoFar, sumOf } from './counted.ts';
import { type Outlined, readEntry, readForwards, readOutline, type UndoEntry } from './read.ts';
import { shownNamespace } from './result.ts';

/** What an attempt amounts to, for people. */
export interface AttemptSummary {
  readonly entries: number;
  /** By method and namespace, the most frequent first. Refused ones and those that are undone are not counted. */
  readonly operations: readonly { readonly method: string; readonly namespace: string; readonly count: number }[];
  /** Whether its journal tells all that an undo needs. What stands in the way, where not. */
  readonly complete: boolean;
  readonly reason?: string;
}

/**
 * How far an attempt got. Counted on the server, then read through once without its images. Throws the driver's errors;
 * may be repeated.
 */
export async function summariseAttempt(
  db: Db,
  own: OwnNames,
  attempt: Attempt,
  expectedEntries?: number,
): Promise<AttemptSummary> {
  const grouped = await db
    .collection(own.journal, { readPreference: ReadPreference.primary })
    .aggregate<{ _id: { method: string; namespace: UndoEntry['namespace'] }; count: number }>([
      { $match: { ...ofAttempt(attempt), kind: { $nin: ['images', 'implicit'] }, state: { $ne: 'refused' } } },
      { $match: { undone: { $exists: false } } },
      { $group: { _id: { method: '$method', namespace: '$namespace' }, count: { $sum: 1 } } },
      { $sort: { count: -1, _id: 1 } },
    ] as Document[])
    .toArray();
  const { entries, reason } = await inspectAttempt(db, own, attempt, { expectedEntries });
  return {
    entries,
    operations: grouped.map(({ _id: { method, namespace }, count }) => ({
      method,
      namespace: shownNamespace(namespace),
      count,
    })),
    complete: reason === undefined,
    reason,
  };
}

export interface Inspected {
  readonly entries: number;
  /** What undos of it have done. */
  readonly soFar: SoFar;
  /** Why it cannot be undone. */
  readonly reason?: string;
}

/** Reads all of an attempt but its images, and finds what the journal lacks. Throws the signal's reason. */
export async function inspectAttempt(
  db: Db,
  own: OwnNames,
  attempt: Attempt,
  { expectedEntries, signal }: { readonly expectedEntries?: number; readonly signal?: AbortSignal } = {},
): Promise<Inspected> {
  let entries = 0;
  let entriesUndone = 0;
  let counted = nothingCounted;
  let begun = false;
  let reason: string | undefined;
  let entry: UndoEntry | undefined;
  const packs = new Packs();
  const damaged = async (id: string) => {
    if (reason !== undefined) return;
    const whose = await readEntry(db, own, id);
    if (whose?.undone !== undefined) return;
    reason = `a part of the images of ${whose === undefined ? 'an operation' : named(whose)} is missing`;
  };
  for await (const document of readOutline(db, own, attempt)) {
    signal?.throwIfAborted();
    for (const id of packs.damagedBy(document, entry)) await damaged(id);
    if (document.undoCount !== undefined) {
      counted = sumOf(counted, { ...nothingCounted, ...document.undoCount });
      begun = true;
    }
    if (document.kind === 'images') continue;
    entry = document;
    entries += 1;
    if (entry.undone !== undefined) entriesUndone += 1;
    else reason ??= missingIn(entry);
  }
  for (const id of packs.damagedBy(undefined, entry)) await damaged(id);
  if (expectedEntries !== undefined && expectedEntries !== entries) {
    reason = `the journal has ${entries} of its ${expectedEntries} entries`;
  }
  return { entries, soFar: { counted, entriesUndone, begun }, reason };
}

/** Follows the outline of a journal, and finds the packs that are not whole. */
class Packs {
  /** The one that is not at its end yet. */
  #open: { readonly owner: string; readonly next: number; readonly parts: number } | undefined;

  /**
   * The ids of entries that lack a part of their images, as far as this document tells, or the end. `entry`: the last
   * one before it.
   */
  damagedBy(document: Outlined | undefined, entry: UndoEntry | undefined): string[] {
    const image = document?.kind === 'images' ? document : undefined;
    const owner = image && entryOf(image);
    const open = this.#open;
    const goesOn = owner === open?.owner && image?.part === open?.next && image?.parts === open?.parts;
    const begins = image?.part === 0 && (image.of !== undefined || owner === entry?._id);
    this.#open = undefined;
    if (image !== undefined && owner !== undefined && (goesOn || begins) && image.part + 1 < image.parts) {
      this.#open = { owner, next: image.part + 1, parts: image.parts };
    }
    const damaged: string[] = [];
    if (open !== undefined && !goesOn) damaged.push(open.owner);
    if (owner !== undefined && !goesOn && !begins) damaged.push(owner);
    return damaged;
  }
}

/** Why this entry cannot be undone; undefined where it can. */
function missingIn(entry: UndoEntry): string | undefined {
  const { kind, state, catalog } = entry;
  if (catalog !== undefined) return missingInCatalog(entry);
  // Of `dropDatabase`: each collection has an entry of its own.
  if (kind === 'implicit' || kind === 'catalog') return undefined;
  // What was refused may have been refused in the middle.
  if (entry.images || (state === 'refused' && !changedSomething(entry))) return undefined;
  if (kind === 'unfenced' && state === 'intent') return `it is not known whether ${named(entry)} was done`;
  if (!changedSomething(entry)) return undefined;
  return `no images were kept of what ${named(entry)} changed`;
}

function missingInCatalog(entry: UndoEntry): string | undefined {
  const { catalog, namespace, state } = entry;
  if (catalog === undefined || state === 'refused') return undefined;
  const { type, before, replaced, tombstone, to } = catalog;
  if (type === 'rename-collection' && to !== undefined && to.database !== namespace.database) {
    return `${named(entry)} moved a collection to another database`;
  }
  const lost = type === 'drop-collection' ? before : replaced;
  const drops = type === 'drop-collection' || type === 'replace-collection' || type === 'rename-collection';
  if (!drops || lost === undefined || lost.type === 'view' || state === 'intent') return undefined;
  return tombstone === undefined ? `${named(entry)} dropped a collection for good` : undefined;
}

/** False only where counts say that nothing was changed. */
function changedSomething(entry: UndoEntry): boolean {
  if (entry.kind === 'unfenced' || entry.kind === 'transaction') return entry.state !== 'refused';
  return changedDocuments(entry) !== false;
}

function named({ method, namespace }: UndoEntry): string {
  return `${method} on ${shownNamespace(namespace)}`;
}

export const damaged = 'images of the journal are damaged';

/** Whether an error says that images are not what was packed. */
export function isDamage(error: unknown): boolean {
  return error instanceof JournalDamage || error instanceof BsonError;
}

/** Whether images of an attempt cannot be read: an undo needs all of them, also those that it has put back. Throws the driver's errors, the signal's reason. */
export async function hasDamage(
  { db }: Pick<Connection, 'db'>,
  own: OwnNames,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    for await (const step of readForwards(db, own, attempt)) {
      signal?.throwIfAborted();
      if (step.kind === 'entry') continue;
      for (const image of step.images) {
        const document = documentOf(image);
        if (document !== undefined) idKey(document);
      }
    }
    return false;
  } catch (error) {
    if (isDamage(error)) return true;
    throw error;
  }
}

/** How many documents an attempt has changed, each counted as often as it was. Throws the driver's errors. */
export async function countImages(
  { db }: Connection,
  own: OwnNames,
  attempt: Attempt,
  options: { readonly maxTimeMS?: number } = {},
): Promise<number> {
  const [sum] = await db
    .collection(own.journal, { readPreference: ReadPreference.primary })
    .aggregate<{ images: number }>(
      [
        { $match: { ...ofAttempt(attempt), kind: 'images', part: 0 } },
        { $group: { _id: null, images: { $sum: '$count' } } },
      ] as Document[],
      options,
    )
    .toArray();
  return Number(sum?.images ?? 0);
}

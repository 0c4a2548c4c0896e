import type { EntryNamespace } from '../journal/documents.ts';
import type { SoFar, UndoCount } from './counted.ts';
import { allLeft, type LeftDocuments } from './why-left.ts';

/** Where a user's write and the migration's meet. Names and ids that may be shown; no value. */
export type UndoConflict =
  /** The document is not as the migration left it. */
  | { readonly kind: 'document'; readonly namespace: string; readonly id: string }
  /** A document cannot go back: another one has its unique value by now. */
  | { readonly kind: 'unique'; readonly namespace: string }
  /** A document cannot go back: the server refuses it, such as a validator that was set meanwhile. */
  | { readonly kind: 'refused'; readonly namespace: string; readonly code: number }
  | {
      readonly kind: 'collection';
      readonly namespace: string;
      /**
       * `holds-documents`: not of the migration, in a collection that it made. `name-taken`: by one that was made since.
       * `maker-unknown`: the migration was about to make it when it was interrupted.
       */
      readonly reason: 'holds-documents' | 'name-taken' | 'gone' | 'changed' | 'maker-unknown';
      /** Which of its options were changed; the collection itself is the same. */
      readonly options?: readonly string[];
    }
  /** With `code` the server refuses to build it as it was; without, somebody else has changed, dropped or replaced it. */
  | { readonly kind: 'index'; readonly namespace: string; readonly index: string; readonly code?: number }
  | {
      readonly kind: 'aside';
      readonly namespace: string;
      /** Where what others wrote is kept. */
      readonly tombstone: string;
      /**
       * `replaced`: they wrote to what the migration had put in a collection's place. `made-again`: the name was taken
       * while what the migration had made was looked at. `meanwhile`: they made it under the name of a collection that goes
       * back, or that the migration put there.
       */
      readonly why: 'replaced' | 'made-again' | 'meanwhile';
      /**
       * Of what was replaced, or of `meanwhile` documents that are kept there alone; and how many documents that they inserted
       * are in the collection that is back.
       */
      readonly writes?: number | 'unknown';
      readonly carried?: number;
    };

/** How far undos of an attempt have got, this call and earlier ones. */
export interface UndoExtent extends UndoCount, Pick<SoFar, 'entriesUndone' | 'begun'> {}

/** Documents that an attempt did not change and that are in its new shape, as far as their fields tell. */
export interface CreatedSince {
  readonly collection: string;
  /** `unknown` where the attempt gave documents no field that they did not have before. */
  readonly documents: number | 'unknown';
  /** Of the first ones. */
  readonly ids: readonly string[];
}

/** Something of the catalog that an undo leaves as it is, or would. */
export interface LeftInCatalog {
  readonly namespace: string;
  readonly index?: string;
  /** Where what others wrote is kept; of what `$out` had made, with how many writes of theirs. */
  readonly tombstone?: string;
  readonly writes?: number | 'unknown';
  /** Documents that others inserted there and that stay in the collection. */
  readonly carried?: number;
  /** One line for people. */
  readonly why: string;
}

/** What an undo comes to, or would. */
export interface UndoNumbers extends Omit<UndoCount, 'catalogChanges'> {
  /** Documents that the attempt changed: those put back, deleted since, as before, left, and brought back but not created. */
  readonly changed: number;
  /** Were as before already, such as by a user: nothing was to be done. */
  readonly asBefore: number;
  /** Left to the users who wrote to the same fields; all versions are in quarantine. */
  readonly quarantined: number;
  /** Those, by collection and reason. */
  readonly conflicts: readonly LeftDocuments[];
  /** Brought back by the migration's `downDocument`, of those that users wrote to or created since. */
  readonly downDocuments: number;
  /** Of those: that users created since, and the migration did not change. */
  readonly downCreated: number;
  /** What users created since and stays in the new shape, as far as fields tell. */
  readonly createdSince: readonly CreatedSince[];
  readonly left: readonly LeftInCatalog[];
}

export const nothingUndone: UndoNumbers = {
  ...{ changed: 0, documents: 0, inserted: 0, deleted: 0, merged: 0, deletedSince: 0, asBefore: 0 },
  ...{ quarantined: 0, downDocuments: 0, downCreated: 0 },
  ...{ conflicts: [], createdSince: [], catalogOperations: 0, left: [] },
};

export function sumOfUndos(one: UndoNumbers, other: UndoNumbers): UndoNumbers {
  return {
    changed: one.changed + other.changed,
    documents: one.documents + other.documents,
    inserted: one.inserted + other.inserted,
    deleted: one.deleted + other.deleted,
    merged: one.merged + other.merged,
    deletedSince: one.deletedSince + other.deletedSince,
    asBefore: one.asBefore + other.asBefore,
    quarantined: one.quarantined + other.quarantined,
    conflicts: allLeft([...one.conflicts, ...other.conflicts]),
    downDocuments: one.downDocuments + other.downDocuments,
    downCreated: one.downCreated + other.downCreated,
    createdSince: [...one.createdSince, ...other.createdSince],
    catalogOperations: one.catalogOperations + other.catalogOperations,
    left: [...one.left, ...other.left],
  };
}

export type UndoResult =
  /** Everything is as it was, up to what a tolerant undo leaves to users. */
  | (UndoExtent & UndoNumbers & { readonly state: 'undone' })
  /** It stopped. Where it has not `begun`, nothing was changed. */
  | (UndoExtent & {
      readonly state: 'conflicts';
      /** The first ones. */
      readonly conflicts: readonly UndoConflict[];
      readonly conflictsTotal: number;
    })
  /**
   * Others write to what has to go back, or hold its collection, and do not stop. It goes on once they do. `namespace`:
   * what one transaction was about, mostly one collection.
   */
  | (UndoExtent & { readonly state: 'busy'; readonly namespace?: string })
  /** The journal does not tell how; nothing was changed by this call. */
  | (UndoExtent & { readonly state: 'impossible'; readonly reason: string });

const mostListed = 20;

/** Counts all conflicts and keeps the first. */
export class ConflictList {
  readonly first: UndoConflict[] = [];
  total = 0;

  add(...conflicts: readonly UndoConflict[]): void {
    this.total += conflicts.length;
    this.first.push(...conflicts.slice(0, Math.max(0, mostListed - this.first.length)));
  }
}

/** One line for people. */
export function describeConflict(conflict: UndoConflict): string {
  const { namespace } = conflict;
  switch (conflict.kind) {
    case 'document':
      return `${namespace}: document ${conflict.id} was changed since by somebody else`;
    case 'unique':
      return `${namespace}: a document that somebody else wrote has a unique value that has to go back`;
    case 'refused':
      return `${namespace}: the server refuses a document as it was before (${conflict.code})`;
    case 'collection':
      return `${namespace}${theOptions(conflict.options)} ${collectionReasons[conflict.reason]}`;
    case 'index':
      return conflict.code === undefined
        ? `${namespace}: index ${conflict.index} was changed since by somebody else`
        : `${namespace}: index ${conflict.index} cannot be built as it was (${conflict.code})`;
    case 'aside':
      return `${namespace}: ${aside(conflict)}`;
  }
}

function theOptions(options: readonly string[] = []): string {
  return options.length === 0 ? '' : `: ${options.join(', ')}`;
}

function aside({ why, tombstone, writes = 'unknown', carried = 0 }: Extract<UndoConflict, { kind: 'aside' }>): string {
  const kept = `is kept in ${tombstone}`;
  if (why === 'made-again') return `what somebody else wrote before the name was taken again ${kept}`;
  if (writes === 'unknown')
    return why === 'meanwhile'
      ? `what others made there while it was put in place ${kept}, and nobody can tell what of it is there alone`
      : `what the migration put there ${kept}, and nobody can tell whether others wrote to it`;
  const stay =
    why === 'meanwhile'
      ? `what others made there meanwhile ${kept}, ${counted(writes, 'document')} of it there alone`
      : `what the migration put there ${kept}, with ${counted(writes, 'write')} of others`;
  const goOn = `${counted(carried, 'document')} that others inserted since ${carried === 1 ? 'stays' : 'stay'}`;
  return [...(writes === 0 ? [] : [stay]), ...(carried === 0 ? [] : [goOn])].join('; ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const collectionReasons = {
  'holds-documents': 'was made by the migration, and holds documents of somebody else by now',
  'name-taken': 'was made anew by somebody else',
  gone: 'is gone: somebody else dropped or renamed it',
  changed: 'was changed since by somebody else',
  'maker-unknown': 'was made by the migration or by somebody else: nobody can tell',
} as const;

export function shownNamespace({ database, collection }: EntryNamespace): string {
  return collection === undefined ? database : `${database}.${collection}`;
}

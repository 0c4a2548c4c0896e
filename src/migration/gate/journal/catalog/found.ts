import { bytesOf } from '../../../../mongo/raw-bson.ts';
import type { CatalogState } from '../../../journal/catalog-state.ts';
import type { CatalogChange, EntryNamespace } from '../../../journal/documents.ts';
import type { CatalogLook } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { indexNames, lookAt, type SeenState, sameState } from './look.ts';

/** What the catalog holds now under the names of a change. */
export interface Found {
  /** Under the name that the change is about. */
  readonly here: SeenState | undefined;
  /** Under the second name, where there is one. */
  readonly there: SeenState | undefined;
}

export async function lookAround(
  context: JournalContext,
  namespace: EntryNamespace,
  to: EntryNamespace | undefined,
): Promise<Found> {
  const here = await lookAt(context, namespace);
  return { here, there: to === undefined ? undefined : await lookAt(context, to) };
}

/** A state of the journal with plain bytes again. */
export function seen(state: CatalogState): SeenState {
  return { ...state, options: bytesOf(state.options), indexes: state.indexes.map((index) => bytesOf(index)) };
}

export function maybeSeen(state: CatalogState | undefined): SeenState | undefined {
  return state === undefined ? undefined : seen(state);
}

/** Whether anything is not as it was before the change. */
export function changed({ before, replaced, displaced }: CatalogChange, { here, there }: Found): boolean {
  if (displaced !== undefined) return true;
  return !sameState(maybeSeen(before), here) || !sameState(maybeSeen(replaced), there);
}

/** What the gate counts a change by; also of an entry, for a call that is answered from it. */
export function lookOf({ before, after, replaced }: CatalogChange): CatalogLook {
  return {
    existed: before !== undefined,
    replaced: replaced !== undefined,
    indexesBefore: indexNames(maybeSeen(before)),
    indexesAfter: indexNames(maybeSeen(after)),
  };
}

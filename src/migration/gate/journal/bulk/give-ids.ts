import type { Document } from 'mongodb';
import { BuiltBulk } from './built.ts';
import { insertedBy } from './parse.ts';

/**
 * Gives the ids of an earlier run to user code's own documents, into which the driver puts those that it makes: also
 * when a call is answered from the journal, whether it succeeded or not. `answer` is its result, or its error.
 */
export function giveIds(args: readonly unknown[], answer: unknown): void {
  const [first] = args;
  const { insertedId, insertedIds } = (answer ?? {}) as { insertedId?: unknown; insertedIds?: Record<number, unknown> };
  const ids: Record<number, unknown> = insertedIds ?? (insertedId === undefined ? {} : { 0: insertedId });
  for (const [index, id] of Object.entries(ids)) {
    if (first instanceof BuiltBulk) {
      const document = first.documentAt(Number(index));
      if (document !== undefined && first.named(document)) document._id = id;
      continue;
    }
    const entry = (Array.isArray(first) ? first[Number(index)] : first) as Document | null | undefined;
    const document = insertedBy(entry) ?? entry;
    if (typeof document === 'object' && document !== null && document._id == null && id != null) document._id = id;
  }
}

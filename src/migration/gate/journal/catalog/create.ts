import type { CatalogChange } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import type { Step } from './carry-out.ts';
import { lookAt } from './look.ts';

/** `createCollection`, `create`: collections, views, time series. */
export async function createStep<T>(
  context: JournalContext,
  operation: Operation<T>,
  begun: CatalogChange | undefined,
): Promise<Step<T>> {
  const change = begun ?? {
    type: 'create-collection',
    before: await lookAt(context, operation.call.namespace),
  };
  return {
    change,
    act: () => operation.send(operation.session),
    done: async ({ here }) => {
      // Where it was there before, the server's answer is the same again.
      if (change.before !== undefined || here === undefined) return undefined;
      return { result: operation.catalog?.object?.() ?? ({ ok: 1 } as T) };
    },
  };
}

import { wasRefused } from '../../journal/transactions.ts';
import { ensureCollection } from './catalog/implicit.ts';
import type { Handler } from './context.ts';
import { writeOne } from './one-document.ts';
import { storeError, storeResult } from './stored.ts';

/** A write of one document: effect, images and entry in one transaction. */
export const single: Handler = async (context, operation, { fingerprint, takeReads }) => {
  const { method, namespace, mayCreate } = operation.call;
  if (mayCreate) await ensureCollection(context, namespace);
  const reads = takeReads();
  const about = { kind: 'write', method, namespace, fingerprint, reads } as const;
  try {
    return await context.transactor.transact(async (tx) => {
      const { result, images } = await writeOne(context, operation, tx.session);
      await tx.record({ ...about, state: 'done', result: storeResult(result), images: context.images }, images);
      return result;
    });
  } catch (error) {
    const stored = wasRefused(error) ? storeError(error) : undefined;
    if (stored !== undefined) {
      await context.transactor.transact((tx) =>
        tx.record({ ...about, state: 'refused', error: stored, images: context.images }),
      );
    }
    throw error;
  }
};

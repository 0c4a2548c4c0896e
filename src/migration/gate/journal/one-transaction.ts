import type { Image } from '../../journal/images.ts';
import { wasRefused } from '../../journal/transactions.ts';
import type { Operation } from '../call.ts';
import { shownName } from '../names.ts';
import type { RawSession } from '../raw.ts';
import type { JournalContext, Turn } from './context.ts';
import { storeError, storeResult } from './stored.ts';

/** What was done in a session; `images` is undefined where they are not to be had. */
export interface Done<T> {
  readonly result: T;
  readonly images: readonly Image[] | undefined;
}

/**
 * Carries a call out in one transaction with its images and its entry; that the server refused it goes on record as well.
 * Without images it can be taken up again, and not undone, which is put on record. Rejects as `Transactor` does.
 */
export async function inOneTransaction<T>(
  context: JournalContext,
  { call: { method, namespace } }: Operation<T>,
  { fingerprint, takeReads }: Turn,
  work: (session: RawSession) => Promise<Done<T>>,
): Promise<T> {
  const { transactor } = context;
  const about = { kind: 'write', method, namespace, fingerprint, reads: takeReads() } as const;
  try {
    return await transactor.transact(async (tx) => {
      const { result, images } = await work(tx.session);
      if (context.images && images === undefined) {
        context.note(`${method} on ${shownName(namespace, context.database)} keeps no images: it cannot be undone.`);
      }
      const kept = context.images && images !== undefined;
      await tx.record({ ...about, state: 'done', result: storeResult(result), images: kept }, images);
      return result;
    });
  } catch (error) {
    const stored = wasRefused(error) ? storeError(error) : undefined;
    if (stored !== undefined) {
      await transactor.transact((tx) =>
        tx.record({ ...about, state: 'refused', error: stored, images: context.images }),
      );
    }
    throw error;
  }
}

import type { Document } from 'mongodb';
import type { Image } from '../../../journal/images.ts';
import { passing, wasRefused } from '../../../journal/transactions.ts';
import type { Operation } from '../../call.ts';
import { shownName } from '../../names.ts';
import type { RawSession } from '../../raw.ts';
import type { JournalContext, Turn } from '../context.ts';
import { withoutConcerns } from '../imaging.ts';
import { storeError, storeResult } from '../stored.ts';

/** What was done in a session; `images` is undefined where they are not to be had. */
export interface Done<T> {
  readonly result: T;
  readonly images: readonly Image[] | undefined;
}

/**
 * Sends a call as it is, with its entry, in one transaction. Without `apply` no images are kept: it can be taken up
 * again, and not undone, which is put on record.
 */
export async function whole<T>(
  context: JournalContext,
  operation: Operation<T>,
  turn: Turn,
  apply?: (session: RawSession, args: readonly unknown[]) => Promise<Done<T>>,
): Promise<T> {
  const { method, namespace } = operation.call;
  const args = withoutWriteConcern(operation);
  const reads = turn.takeReads();
  const about = { kind: 'write', method, namespace, fingerprint: turn.fingerprint, reads } as const;
  try {
    return await context.transactor.transact(async (tx) => {
      const done =
        apply === undefined || !context.images
          ? { result: await operation.send(tx.session, args).catch(unwrap), images: undefined }
          : await apply(tx.session, args);
      const kept = context.images && done.images !== undefined;
      if (context.images && !kept) {
        context.note(`${method} on ${shownName(namespace, context.database)} keeps no images: it cannot be undone.`);
      }
      await tx.record({ ...about, state: 'done', result: storeResult(done.result), images: kept }, done.images);
      return done.result;
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
}

/** A client's bulk write hides in its error what the transaction was ended by. */
function unwrap(error: unknown): never {
  const { cause } = error as { cause?: unknown };
  throw cause !== undefined && passing(cause) !== undefined ? cause : error;
}

/** The transaction has its own; of a raw command it stands in the command, else in the options. */
function withoutWriteConcern({ call, args }: Operation<unknown>): readonly unknown[] {
  const [first, options, ...rest] = args;
  if (!call.method.startsWith('command ')) return [first, withoutConcerns(options), ...rest];
  const { writeConcern: _own, ...command } = first as Document;
  return [command, withoutConcerns(options), ...rest];
}

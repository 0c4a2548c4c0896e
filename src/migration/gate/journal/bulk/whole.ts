import type { Document } from 'mongodb';
import { passing } from '../../../journal/transactions.ts';
import type { Operation } from '../../call.ts';
import type { RawSession } from '../../raw.ts';
import type { JournalContext, Turn } from '../context.ts';
import { withoutConcerns } from '../imaging.ts';
import { type Done, inOneTransaction } from '../one-transaction.ts';

/** Sends a call as it is, with its entry, in one transaction; without `apply` no images are kept. */
export function whole<T>(
  context: JournalContext,
  operation: Operation<T>,
  turn: Turn,
  apply?: (session: RawSession, args: readonly unknown[]) => Promise<Done<T>>,
): Promise<T> {
  const args = withoutWriteConcern(operation);
  return inOneTransaction(context, operation, turn, async (session) =>
    apply === undefined || !context.images
      ? { result: await operation.send(session, args).catch(unwrap), images: undefined }
      : apply(session, args),
  );
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

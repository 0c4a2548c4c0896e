import type { Operation } from '../../call.ts';
import type { RawSession } from '../../raw.ts';
import type { JournalContext } from '../context.ts';
import { pairImages } from '../imaging.ts';
import type { Done } from '../one-transaction.ts';
import { candidatesOf, read } from './candidates.ts';
import { CountedIds } from './ids.ts';
import { idOf } from './list.ts';
import { isList, parse } from './parse.ts';

/** What a transaction of user code may hold anyway, as the server's cache allows. */
const most = { documents: 20_000, bytes: 64_000_000 };

/**
 * Sends a list of statements in a transaction of user code, by the driver's own call, with the images of what it may
 * change. A refusal ends that transaction, as it does without us. Images are undefined where they cannot be had.
 */
export async function sendList<T>(
  context: JournalContext,
  operation: Operation<T>,
  session: RawSession,
): Promise<Done<T>> {
  const whole = async () => ({ result: await operation.send(session), images: undefined });
  if (!isList(operation)) return whole();
  const parsed = parse(context, operation, { counted: new CountedIds(context.driver), given: [] });
  if (parsed === undefined || parsed.list.statements.length === 0) return whole();
  const { list } = parsed;
  // Whose ids only the server would know.
  if (list.statements.some(({ kind, given }) => kind === 'insert' && idOf(given) === undefined)) return whole();
  const candidates = await candidatesOf(context, list, list.statements, session, most);
  if (candidates === undefined) return whole();
  const result = await operation.send(session);
  const ids = [...candidates.ids, ...upsertedIds(result)];
  const after = ids.length === 0 ? [] : await read(context, list, session, { _id: { $in: ids } });
  return { result, images: pairImages(candidates.before, after) };
}

function upsertedIds(answer: unknown): unknown[] {
  const { upsertedIds = {}, upserted = [] } = (answer ?? {}) as {
    upsertedIds?: object;
    upserted?: readonly { readonly _id: unknown }[];
  };
  return [...Object.values(upsertedIds), ...upserted.map(({ _id }) => _id)];
}

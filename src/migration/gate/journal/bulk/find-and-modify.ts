import type { Document } from 'mongodb';
import type { Operation } from '../../call.ts';
import type { Handler, JournalContext, Turn } from '../context.ts';
import { chooseOne, narrowed, pairImages, readDocuments } from '../imaging.ts';
import { whole } from './whole.ts';

/** The raw `findAndModify` command: for the one document that it would choose, chosen first. */
export const findAndModify: Handler = <T>(context: JournalContext, operation: Operation<T>, turn: Turn): Promise<T> => {
  const command = operation.args[0] as Document;
  const { query, sort, collation, hint, let: variables } = command;
  const { namespace } = operation.call;
  return whole(context, operation, turn, async (session, args) => {
    const [sent, ...rest] = args as [Document, ...unknown[]];
    const filter = (query ?? {}) as object;
    const finding = { sort, collation, hint, let: variables };
    const chosen = await chooseOne(context, namespace, session, filter, finding);
    const read = (ids: readonly unknown[]) => readDocuments(context, namespace, session, { _id: { $in: ids } });
    const before = chosen === undefined ? [] : await read([chosen.id]);
    const narrow = chosen === undefined ? sent : { ...sent, query: narrowed(filter, chosen.id) };
    const result = await operation.send(session, [narrow, ...rest]);
    const upserted = (result as { lastErrorObject?: { upserted?: unknown } } | null)?.lastErrorObject?.upserted;
    const ids = [chosen?.id, upserted].filter((id) => id !== undefined);
    return { result, images: pairImages(before, ids.length === 0 ? [] : await read(ids)) };
  });
};

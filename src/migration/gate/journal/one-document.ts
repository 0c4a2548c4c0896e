import type { EntryNamespace } from '../../journal/documents.ts';
import type { Image } from '../../journal/images.ts';
import type { Operation } from '../call.ts';
import type { RawSession } from '../raw.ts';
import type { JournalContext } from './context.ts';
import { chooseOne, filterOfId, isById, narrowed, pairImages, readDocuments, withoutConcerns } from './imaging.ts';

/** Index of the options among the arguments of the methods that write one document. */
const optionsAt: Readonly<Record<string, number>> = {
  insertOne: 1,
  updateOne: 2,
  replaceOne: 2,
  findOneAndUpdate: 2,
  findOneAndReplace: 2,
  deleteOne: 1,
  findOneAndDelete: 1,
};

export function writesOneDocument(method: string): boolean {
  return Object.hasOwn(optionsAt, method);
}

/** What an operation did within a session: what the driver answered, and the images. */
export interface Applied<T> {
  readonly result: T;
  readonly images: readonly Image[];
}

/**
 * Sends a write of one document in a transaction, with the document read before and after where images are kept. Which
 * one it is, is decided by reading first: the statement is narrowed to it, so that the image is certainly of that one.
 */
export async function writeOne<T>(
  context: JournalContext,
  { call, args, send }: Operation<T>,
  session: RawSession,
): Promise<Applied<T>> {
  const at = optionsAt[call.method] ?? 1;
  const options = withoutConcerns(args[at]);
  const sent = [...args];
  while (sent.length < at) sent.push(undefined);
  sent[at] = options;
  if (call.method === 'insertOne') return insert(context, call.namespace, sent, session, send);
  if (!context.images) return { result: await send(session, sent), images: [] };
  const filter = (args[0] ?? {}) as object;
  const { sort, collation, hint, let: variables } = options;
  const finding = { collation, hint, let: variables };
  const read = (filter: object, finding = {}) => readDocuments(context, call.namespace, session, filter, finding);
  if (isById(filter)) {
    const before = await read(filter, { ...finding, limit: 1 });
    const result = await send(session, sent);
    return { result, images: pairImages(before, await read(filter, { ...finding, limit: 1 })) };
  }
  const chosen = await chooseOne(context, call.namespace, session, filter, { ...finding, sort });
  if (chosen === undefined) {
    const result = await send(session, sent);
    const id = upsertedId(result);
    return { result, images: id === undefined ? [] : pairImages([], await read(filterOfId(id))) };
  }
  const byId = filterOfId(chosen.id);
  const before = await read(byId);
  const result = await send(session, [narrowed(filter, chosen.id), ...sent.slice(1)]);
  return { result, images: pairImages(before, await read(byId)) };
}

async function insert<T>(
  context: JournalContext,
  namespace: EntryNamespace,
  sent: unknown[],
  session: RawSession,
  send: Operation<T>['send'],
): Promise<Applied<T>> {
  const result = await send(session, sent);
  if (!context.images) return { result, images: [] };
  const id = (result as { insertedId?: unknown }).insertedId ?? (sent[0] as { _id?: unknown } | undefined)?._id;
  return { result, images: pairImages([], await readDocuments(context, namespace, session, filterOfId(id))) };
}

/** Of `updateOne` and its like, and of `findOneAnd…` (which the gate always asks for the whole answer). */
function upsertedId(result: unknown): unknown {
  const { upsertedId, lastErrorObject } = result as {
    upsertedId?: unknown;
    lastErrorObject?: { upserted?: unknown };
  };
  return upsertedId ?? lastErrorObject?.upserted ?? undefined;
}

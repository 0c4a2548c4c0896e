import type { Document } from 'mongodb';
import type { Checkpoint, JournalEntry, StoredError, StoredResult } from '../../../journal/documents.ts';
import type { Image } from '../../../journal/images.ts';
import type { Counts } from '../../../types.ts';
import type { Operation } from '../../call.ts';
import { countsOf } from '../../counts.ts';
import type { RawCollection } from '../../raw.ts';
import { batches } from '../batches/batches.ts';
import type { EntryDraft, JournalContext, Tx } from '../context.ts';
import { type Applied, nothingApplied } from './apply.ts';
import { isMany, type Statement, type StatementList } from './list.ts';

/** What the batches of one statement would write into an entry of its own. */
export interface Stage {
  /** It goes on from here. */
  readonly checkpoint?: Checkpoint;
  readonly result?: StoredResult;
  readonly error?: StoredError;
  /** Of one that was refused: what it had done by then, which the server does not count. */
  readonly done?: Counts;
}

/**
 * Carries out one statement of a list that is about many documents, as an `updateMany` or `deleteMany` of its own would
 * be: in batches, and as far as it gets where the server refuses a document. Its entry stays the list's: `write` puts
 * each stage of it there, within a transaction that `committed` is called after.
 *
 * Rejects with the driver's error where it is refused, which `write` has been told of then.
 */
export async function divided(
  context: JournalContext,
  list: StatementList,
  statement: Statement,
  from: Checkpoint | undefined,
  write: (tx: Tx, stage: Stage, images: readonly Image[]) => Promise<void>,
  committed: () => void,
): Promise<Document> {
  const { transactor } = context;
  const put = async (tx: Tx, { checkpoint, result, error, state }: Partial<EntryDraft>, images: readonly Image[]) =>
    write(tx, state === 'progress' ? { checkpoint } : { result, error, done: checkpoint?.counts }, images);
  const within: JournalContext = {
    ...context,
    // The list tells of its own.
    progress: undefined,
    transactor: {
      transact: async (work, options) => {
        const result = await transactor.transact(
          (tx) =>
            work({
              session: tx.session,
              record: async (draft, images = []) => {
                await put(tx, draft, images);
                return partOf;
              },
              amend: (_, fields, added) => put(tx, fields, added?.images ?? []),
            }),
          options,
        );
        committed();
        return result;
      },
    },
  };
  const begun = from === undefined ? undefined : ({ _id: partOf, checkpoint: from, state: 'progress' } as JournalEntry);
  const turn = { fingerprint: '', takeReads: () => [], begun };
  return batches(within, operationOf(context, list, statement), turn);
}

/** The list's entry has an id of its own. */
const partOf = 'part of a list';

function operationOf(context: JournalContext, list: StatementList, statement: Statement): Operation<Document> {
  const { op, kind } = statement;
  const { database, collection: name = '' } = list.namespace;
  const collection = context.client.db(database).collection(name);
  const { q, u, upsert, collation, hint, arrayFilters } = op;
  const options = { ...list.bson, ...list.fields[kind], ...plain({ upsert, collation, hint, arrayFilters }) };
  const removes = kind === 'delete';
  const method = removes ? 'deleteMany' : 'updateMany';
  return {
    call: { kind: removes ? 'delete' : 'update', method, namespace: list.namespace, multi: true, mayCreate: false },
    args: removes ? [q, options] : [q, u, options],
    on: collection,
    session: undefined,
    send: (session, args = []) => {
      const sent = [...args];
      sent[removes ? 1 : 2] = { ...(sent[removes ? 1 : 2] as object | undefined), session };
      const call = collection[method] as unknown as (this: RawCollection, ...args: unknown[]) => Promise<Document>;
      return call.apply(collection, sent);
    },
    change: (result) => ({ counts: countsOf(result) }),
  };
}

function plain(options: Document): Document {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Whether a statement for many documents can be sent as the `updateMany` or `deleteMany` that it is. */
export function isDividable(statement: Statement): boolean {
  if (!isMany(statement)) return false;
  const { u } = statement.op;
  return statement.kind === 'delete' || Array.isArray(u) || Object.keys(u ?? {}).every((key) => key.startsWith('$'));
}

/** Of the answer to an `updateMany` or `deleteMany`. */
export function appliedBy({ kind, upsertIndex }: Statement, answer: unknown): Applied {
  const { matchedCount, modifiedCount, upsertedCount, upsertedId, deletedCount } = (answer ?? {}) as Document;
  if (kind === 'delete') return { ...nothingApplied, removed: deletedCount };
  const upserted = upsertedCount > 0 ? [{ index: upsertIndex, _id: upsertedId }] : [];
  return { ...nothingApplied, matched: matchedCount, modified: modifiedCount, upserted };
}

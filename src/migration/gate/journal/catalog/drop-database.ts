import { type JournalEntry, ofAttempt } from '../../../journal/documents.ts';
import type { Operation } from '../../call.ts';
import type { JournalContext, Turn } from '../context.ts';
import { storeResult } from '../stored.ts';
import { carryOut } from './carry-out.ts';
import { dropStep } from './drop.ts';
import { databaseOf } from './look.ts';

/**
 * `dropDatabase`: collection by collection, each with an entry of its own behind the one of the call. Answers with the
 * names of what it dropped, views first.
 */
export async function dropDatabase(
  context: JournalContext,
  { call }: Operation<unknown>,
  { fingerprint, takeReads, begun }: Turn,
): Promise<string[]> {
  const { method, namespace } = call;
  const about = { kind: 'catalog', method, namespace, fingerprint, images: true } as const;
  const reads = takeReads();
  const id = begun?._id ?? (await context.transactor.transact((tx) => tx.record({ ...about, reads, state: 'intent' })));
  const before = begun === undefined ? [] : await droppedAfter(context, begun);
  for (const entry of before)
    if (entry.state === 'intent') await drop(context, entry.namespace.collection ?? '', call, entry);
  const { mine } = await context.catalog.collections(namespace.database);
  for (const name of mine) await drop(context, name, call);
  const dropped = [...before.map((entry) => entry.namespace.collection ?? ''), ...mine];
  await context.transactor.transact((tx) => tx.amend(id, { state: 'done', result: storeResult(dropped) }));
  return dropped;
}

async function drop(
  context: JournalContext,
  collection: string,
  call: Operation<unknown>['call'],
  begun?: JournalEntry,
): Promise<void> {
  const namespace = { database: call.namespace.database, collection };
  const operation: Operation<unknown> = {
    call: { ...call, method: 'dropCollection', namespace, multi: false },
    args: [collection],
    session: undefined,
    send: () => databaseOf(context, namespace.database).dropCollection(collection),
    change: () => ({}),
  };
  const step = await dropStep(context, operation, begun?.catalog);
  // Somebody else was first.
  if (step.change.before === undefined) return;
  await carryOut(context, operation, { fingerprint: '', takeReads: () => [], begun }, step, 'implicit');
}

/** Entries of the collections that an interrupted `dropDatabase` has begun to drop. */
async function droppedAfter(context: JournalContext, { _id, namespace }: JournalEntry): Promise<JournalEntry[]> {
  const { client, database, own, attempt } = context;
  const filter = {
    _id: { $gt: _id, $lt: ofAttempt(attempt)._id.$lt },
    kind: 'implicit',
    'catalog.type': 'drop-collection',
    'namespace.database': namespace.database,
  };
  const found = client
    .db(database)
    .collection(own.journal)
    .find(filter as object, { readPreference: 'primary' });
  return (await found.sort({ _id: 1 }).toArray()) as unknown as JournalEntry[];
}

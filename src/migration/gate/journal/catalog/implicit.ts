import { emptyDocument, sameBytes } from '../../../../mongo/raw-bson.ts';
import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import type { JournalEntry } from '../../../journal/documents.ts';
import type { Namespace, Operation } from '../../call.ts';
import type { JournalContext } from '../context.ts';
import { carryOut } from './carry-out.ts';
import { createStep } from './create.ts';
import { named } from './doubt.ts';
import { databaseOf, lookAt } from './look.ts';

/** Parallel writes into one missing collection make it once. */
const underWay = new WeakMap<JournalContext, Map<string, Promise<void>>>();

/**
 * Makes the collection that a write is about to bring into being, with an entry of its own: no transaction tells which
 * collection it made, and a refused write leaves the empty collection behind, here as without the gate. Does nothing
 * where there is a collection. Rejects with the server's error.
 */
export async function ensureCollection(context: JournalContext, namespace: Namespace): Promise<void> {
  if ((await context.kinds.of(namespace)) !== 'absent') return;
  const making = underWay.get(context) ?? new Map<string, Promise<void>>();
  underWay.set(context, making);
  const name = named(namespace);
  let made = making.get(name);
  if (made === undefined) {
    made = make(context, namespace).finally(() => making.delete(name));
    making.set(name, made);
  }
  await made;
}

async function make(context: JournalContext, namespace: Namespace): Promise<void> {
  const operation: Operation<unknown> = {
    call: { kind: 'catalog', method: 'createCollection', namespace, multi: false, mayCreate: false },
    args: [namespace.collection],
    session: undefined,
    send: (_session, [create] = [namespace.collection]) =>
      databaseOf(context, namespace.database).command({ create, writeConcern: { w: 'majority' } }),
    change: () => ({}),
  };
  const step = await createStep(context, operation, { type: 'create-collection' });
  try {
    await carryOut(context, operation, { fingerprint: '', takeReads: () => [] }, step, 'implicit');
  } catch (error) {
    // Somebody else was first.
    if (serverCode(error) !== serverCodes.NamespaceExists) throw error;
  }
}

/**
 * Settles an entry of `ensureCollection` that an earlier run left in the state `intent`: no call will come for it. To
 * be called before the migration runs again. Comes back with the entry as it is then.
 */
export async function settleImplicit(context: JournalContext, entry: JournalEntry): Promise<JournalEntry> {
  const change = entry.catalog;
  if (entry.kind !== 'implicit' || entry.state !== 'intent' || change?.type !== 'create-collection') return entry;
  const after = await lookAt(context, entry.namespace);
  // A write makes no views, and sets no options: then somebody else was at work.
  const made = after?.type === 'collection' && sameBytes(after.options, emptyDocument);
  const settled = made ? ({ state: 'done', catalog: { ...change, after } } as const) : ({ state: 'refused' } as const);
  await context.transactor.transact((tx) => tx.amend(entry._id, settled));
  return { ...entry, ...settled };
}

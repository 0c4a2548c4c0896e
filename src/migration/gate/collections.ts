import type { Change, Namespace } from './call.ts';
import type { Gate } from './gate.ts';
import { shownName } from './names.ts';
import type { RawSession } from './raw.ts';

type Send = (session: RawSession | undefined, args: readonly unknown[]) => Promise<unknown>;

/** A change of one collection as the driver's method has it. */
export interface CollectionCall {
  readonly method: string;
  readonly namespace: Namespace;
  readonly args: readonly unknown[];
  readonly session: RawSession | undefined;
  readonly send: Send;
  /** What the driver gives back, where that is an object of its own. */
  readonly object?: () => unknown;
}

export function createCollection(gate: Gate, call: CollectionCall): Promise<unknown> {
  const { namespace } = call;
  return perform(gate, call, undefined, (absent) => (absent ? { collectionsCreated: [namespace] } : {}));
}

/** Dropping a collection that does not exist is no change, whatever the driver answers. */
export function dropCollection(gate: Gate, call: CollectionCall): Promise<unknown> {
  const { namespace } = call;
  return perform(gate, call, undefined, (absent) => (absent ? {} : { collectionsDropped: [namespace] }));
}

export function renameCollection(gate: Gate, to: Namespace, call: CollectionCall): Promise<unknown> {
  const from = shownName(call.namespace, gate.database);
  return perform(gate, call, to, (absent) => {
    gate.catalog.forget(from);
    gate.catalog.appeared(to);
    return {
      collectionsDropped: absent ? [] : [to],
      other: `rename ${from} → ${shownName(to, gate.database)}`,
    };
  });
}

/** `change` is told whether nothing had the name before that comes into being or goes: of a rename the second one. */
function perform(
  gate: Gate,
  { method, namespace, args, object, ...call }: CollectionCall,
  to: Namespace | undefined,
  change: (absent: boolean) => Change,
): Promise<unknown> {
  // Where nobody may look, a rename counts as one that replaces nothing.
  let absent = to !== undefined;
  return gate.perform({
    call: { kind: 'catalog', method, namespace, also: to, multi: false, mayCreate: false },
    args,
    session: call.session,
    send: async (session, sent = args) => {
      if (gate.looksAround(session)) absent = await gate.catalog.absent(to ?? namespace);
      return call.send(session, sent);
    },
    change: () => change(absent),
    catalog: {
      object,
      seen: ({ existed, replaced }) => {
        absent = !(to === undefined ? existed : replaced);
      },
    },
  });
}

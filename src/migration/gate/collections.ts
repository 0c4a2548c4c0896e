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

export function createCollection(gate: Gate, { method, namespace, args, object, ...call }: CollectionCall) {
  let absent = false;
  return gate.perform({
    call: { kind: 'catalog', method, namespace, multi: false, mayCreate: false },
    args,
    session: call.session,
    send: async (session, sent = args) => {
      if (gate.looksAround(session)) absent = await gate.catalog.absent(namespace);
      return call.send(session, sent);
    },
    change: (): Change => (absent ? { collectionsCreated: [namespace] } : {}),
    catalog: {
      object,
      seen: ({ existed }) => {
        absent = !existed;
      },
    },
  });
}

/** Dropping a collection that does not exist is no change, whatever the driver answers. */
export function dropCollection(gate: Gate, { method, namespace, args, ...call }: CollectionCall): Promise<unknown> {
  let absent = false;
  return gate.perform({
    call: { kind: 'catalog', method, namespace, multi: false, mayCreate: false },
    args,
    session: call.session,
    send: async (session, sent = args) => {
      if (gate.looksAround(session)) absent = await gate.catalog.absent(namespace);
      return call.send(session, sent);
    },
    change: (): Change => (absent ? {} : { collectionsDropped: [namespace] }),
    catalog: {
      seen: ({ existed }) => {
        absent = !existed;
      },
    },
  });
}

export function renameCollection(
  gate: Gate,
  to: Namespace,
  { method, namespace: from, args, object, ...call }: CollectionCall,
): Promise<unknown> {
  let replaces = false;
  return gate.perform({
    call: { kind: 'catalog', method, namespace: from, also: to, multi: false, mayCreate: false },
    args,
    session: call.session,
    send: async (session, sent = args) => {
      if (gate.looksAround(session)) replaces = !(await gate.catalog.absent(to));
      return call.send(session, sent);
    },
    change: (): Change => {
      gate.catalog.forget(shownName(from, gate.database));
      gate.catalog.appeared(to);
      return {
        collectionsDropped: replaces ? [to] : [],
        other: `rename ${shownName(from, gate.database)} → ${shownName(to, gate.database)}`,
      };
    },
    catalog: {
      object,
      seen: ({ replaced }) => {
        replaces = replaced;
      },
    },
  });
}

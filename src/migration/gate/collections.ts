import type { Namespace } from './call.ts';
import type { Gate } from './gate.ts';
import { shownName } from './names.ts';
import type { RawSession } from './raw.ts';

type Send = (session: RawSession | undefined) => Promise<unknown>;

/** Dropping a collection that does not exist is no change, whatever the driver answers. */
export function dropCollection(
  gate: Gate,
  namespace: Namespace,
  session: RawSession | undefined,
  method: string,
  args: readonly unknown[],
  send: Send,
): Promise<unknown> {
  let absent = false;
  return gate.perform({
    call: { kind: 'catalog', method, namespace, multi: false, mayCreate: false },
    args,
    session,
    send: async (session) => {
      absent = await gate.catalog.absent(namespace);
      return send(session);
    },
    change: () => (absent ? {} : { collectionsDropped: [namespace] }),
  });
}

export function renameCollection(
  gate: Gate,
  from: Namespace,
  to: Namespace,
  session: RawSession | undefined,
  method: string,
  args: readonly unknown[],
  send: Send,
): Promise<unknown> {
  let replaces = false;
  return gate.perform({
    call: { kind: 'catalog', method, namespace: from, also: to, multi: false, mayCreate: false },
    args,
    session,
    send: async (session) => {
      replaces = !(await gate.catalog.absent(to));
      return send(session);
    },
    change: () => {
      gate.catalog.forget(shownName(from, gate.database));
      gate.catalog.appeared(to);
      return {
        collectionsDropped: replaces ? [to] : [],
        other: `rename ${shownName(from, gate.database)} → ${shownName(to, gate.database)}`,
      };
    },
  });
}

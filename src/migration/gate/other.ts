import { answering, invokeAsync } from './arguments.ts';
import type { Call, Namespace } from './call.ts';
import type { Override } from './membrane.ts';
import type { Wrappers } from './wrappers.ts';

/** A change that the gate has no counts for: a search index, a user, a method of a later driver. */
export function otherChange(wrappers: Wrappers, name: string, namespaceFor: (raw: object) => Namespace): Override {
  const { gate, driver } = wrappers;
  return (raw, args) =>
    answering(driver.major, args, (args) => {
      const call: Call = { kind: 'command', method: name, namespace: namespaceFor(raw), multi: true, mayCreate: false };
      return gate.perform({
        call,
        args,
        session: undefined,
        send: () => invokeAsync(raw, name, args),
        change: () => ({ other: `${name} ${gate.shown(call)}` }),
      });
    });
}

import { answering, invokeAsync, withSession } from './arguments.ts';
import { countsOf } from './counts.ts';
import type { Wrapping } from './membrane.ts';
import { namespaceOf, type RawCollection } from './raw.ts';
import type { Wrappers } from './wrappers.ts';

interface RawBulk {
  readonly s?: { readonly collection?: RawCollection; readonly options?: unknown };
}

/** The gate's part of a bulk operation that is built call by call: nothing is sent before `execute`. */
export function bulkWrapping({ gate, driver, membrane }: Wrappers): Wrapping {
  return {
    overrides: {
      execute: (raw, args) =>
        answering(driver.major, args, (args) => {
          const { collection, options } = (raw as RawBulk).s ?? {};
          return gate.perform({
            call: {
              kind: 'bulk',
              method: 'bulk execute',
              namespace: collection === undefined ? { database: gate.database } : namespaceOf(collection),
              multi: true,
              mayCreate: true,
            },
            args,
            session: membrane.sessionOf(args[0]) ?? membrane.sessionOf(options),
            send: (session) => invokeAsync(raw, 'execute', withSession(args, 0, session)),
            change: (result) => ({ counts: countsOf(result) }),
          });
        }),
    },
  };
}

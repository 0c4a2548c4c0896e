import { answering, invoke, invokeAsync, withSession } from './arguments.ts';
import { countsOf } from './counts.ts';
import { BuiltBulk, type RawBulk } from './journal/bulk/built.ts';
import type { Override, Wrapping } from './membrane.ts';
import { namespaceOf } from './raw.ts';
import type { Wrappers } from './wrappers.ts';

/** The gate's part of a bulk operation that is built call by call: nothing is sent before `execute`. */
export function bulkWrapping({ gate, driver, membrane }: Wrappers): Wrapping {
  const built = new WeakMap<object, BuiltBulk>();
  const of = (raw: object): BuiltBulk => {
    const known = built.get(raw) ?? new BuiltBulk(raw as RawBulk);
    built.set(raw, known);
    return known;
  };
  const adding =
    (name: 'insert' | 'raw'): Override =>
    (raw, args) => {
      const document = name === 'insert' ? args[0] : insertedBy(args[0]);
      return of(raw).noting(document, () => invoke(raw, name, args));
    };
  return {
    overrides: {
      insert: adding('insert'),
      raw: adding('raw'),
      execute: (raw, args) =>
        answering(driver.major, args, async (args) => {
          const list = of(raw);
          // Nothing is sent then: the driver says what is wrong.
          if (!list.executable) return invokeAsync(raw, 'execute', args);
          const { collection, options } = list.raw.s;
          try {
            return await gate.perform({
              call: {
                kind: 'bulk',
                method: 'bulk execute',
                namespace: namespaceOf(collection),
                multi: true,
                mayCreate: list.creates,
              },
              args: [list, ...args],
              on: raw,
              session: membrane.sessionOf(args[0]) ?? membrane.sessionOf(options),
              send: (session) => invokeAsync(raw, 'execute', withSession(args, 0, session)),
              change: (result) => ({ counts: countsOf(result) }),
            });
          } finally {
            // Also where the journal answered in the driver's place: a list is executed once.
            list.raw.s.executed = true;
          }
        }),
    },
  };
}

/** The document of a model that inserts one; the driver also takes it without `document` around it. */
function insertedBy(model: unknown): unknown {
  const inner = (model as { insertOne?: { document?: unknown } } | null | undefined)?.insertOne;
  return inner?.document ?? inner;
}

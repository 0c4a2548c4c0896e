import { answering, invoke, withSession } from './arguments.ts';
import { inTransaction } from './catalog.ts';
import type { Override } from './membrane.ts';
import { shownName } from './names.ts';
import { namespaceOf, type RawCollection } from './raw.ts';
import type { Wrappers } from './wrappers.ts';

/** The methods of a Collection that make and drop indexes. What was there before is no change. */
export function indexOverrides({ gate, driver, membrane }: Wrappers): Record<string, Override> {
  const index =
    (name: string, at: number, makes: boolean): Override =>
    (raw, args) =>
      answering(driver.major, args, (args) => {
        const namespace = namespaceOf(raw as RawCollection);
        const shown = shownName(namespace, gate.database);
        const named = (names: readonly string[]) => names.map((index) => `${shown}.${index}`);
        let before: string[] = [];
        let after: string[] | undefined;
        return gate.perform({
          call: { kind: 'catalog', method: name, namespace, multi: false, mayCreate: makes },
          args,
          session: membrane.sessionOf(args[at]),
          send: async (session, sent = args) => {
            const outside = gate.looksAround(session) && !inTransaction(session);
            if (outside) before = await gate.catalog.indexNames(namespace);
            const result = await invoke(raw, name, withSession(sent, at, session));
            if (outside && !makes) after = await gate.catalog.indexNames(namespace);
            return result;
          },
          change: (result) => {
            if (!makes)
              return { indexesDropped: named(before.filter((index) => after !== undefined && !after.includes(index))) };
            const made = Array.isArray(result) ? result.map(String) : [String(result)];
            return { indexesCreated: named(made.filter((index) => !before.includes(index))) };
          },
          catalog: {
            seen: ({ indexesBefore, indexesAfter }) => {
              before = [...indexesBefore];
              after = [...indexesAfter];
            },
          },
        });
      });
  return {
    createIndex: index('createIndex', 1, true),
    ensureIndex: index('ensureIndex', 1, true),
    createIndexes: index('createIndexes', 1, true),
    dropIndex: index('dropIndex', 1, false),
    dropIndexes: index('dropIndexes', 0, false),
    dropAllIndexes: index('dropAllIndexes', 0, false),
  };
}

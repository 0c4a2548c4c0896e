import { answering, invoke, invokeAsync, readArguments, withSession } from './arguments.ts';
import { dropCollection, renameCollection } from './collections.ts';
import { commandOverride, cursorCommandOverride } from './database-commands.ts';
import { dropDatabase, hideOurs } from './database-ours.ts';
import { readsOfAdmin, readsOfDb } from './listed.ts';
import type { Override, Wrapping } from './membrane.ts';
import { otherChange } from './other.ts';
import type { RawCollection, RawDb } from './raw.ts';
import type { Wrappers } from './wrappers.ts';

const nameOf = (raw: object) => (raw as RawDb).databaseName;

/** The gate's part of a Db. */
export function databaseWrapping(wrappers: Wrappers): Wrapping {
  const { gate, driver, membrane } = wrappers;
  const later = (run: (raw: object, args: unknown[]) => Promise<unknown>): Override => {
    return (raw, args) => answering(driver.major, args, (args) => run(raw, args));
  };
  const overrides: Record<PropertyKey, Override> = {
    command: commandOverride(wrappers, nameOf),
    runCursorCommand: cursorCommandOverride(wrappers, nameOf),
    aggregate: (raw, args) => invoke(raw, 'aggregate', readArguments(gate, args, 1)),
    createCollection: later((raw, args) => {
      const namespace = { database: nameOf(raw), collection: String(args[0]) };
      let absent = false;
      return gate.perform({
        call: { kind: 'catalog', method: 'createCollection', namespace, multi: false, mayCreate: false },
        args,
        session: membrane.sessionOf(args[1]),
        send: async (session) => {
          absent = await gate.catalog.absent(namespace);
          return invoke(raw, 'createCollection', withSession(args, 1, session));
        },
        change: () => (absent ? { collectionsCreated: [namespace] } : {}),
      });
    }),
    createIndex: (raw, args) => {
      const [collection, ...rest] = args;
      return invoke(membrane.out((raw as RawDb).collection(String(collection))), 'createIndex', rest);
    },
    dropCollection: later((raw, args) => {
      const namespace = { database: nameOf(raw), collection: String(args[0]) };
      return dropCollection(gate, namespace, membrane.sessionOf(args[1]), 'dropCollection', args, (session) =>
        invokeAsync(raw, 'dropCollection', withSession(args, 1, session)),
      );
    }),
    renameCollection: later((raw, args) => {
      const from = { database: nameOf(raw), collection: String(args[0]) };
      const to = { database: nameOf(raw), collection: String(args[1]) };
      return renameCollection(gate, from, to, membrane.sessionOf(args[2]), 'renameCollection', args, (session) =>
        invokeAsync(raw, 'renameCollection', withSession(args, 2, session)),
      );
    }),
    dropDatabase: later((raw) => dropDatabase(wrappers, raw as RawDb)),
    listCollections: (raw, args) => invoke(raw, 'listCollections', [hideOurs(wrappers, args[0]), ...args.slice(1)]),
    collections: later(async (raw, args) => {
      const all = (await gate.followRead(invokeAsync(raw, 'collections', args))) as RawCollection[];
      const shown = all.filter(({ collectionName }) => !gate.own.owns(collectionName));
      return shown.map((collection) => membrane.out(collection));
    }),
  };
  return {
    overrides,
    unlisted: (name) =>
      readsOfDb.has(name) ? undefined : otherChange(wrappers, name, (raw) => ({ database: nameOf(raw) })),
  };
}

/** The gate's part of an Admin: its database is `admin`. */
export function adminWrapping(wrappers: Wrappers): Wrapping {
  const admin = () => 'admin';
  return {
    overrides: { command: commandOverride(wrappers, admin) },
    unlisted: (name) =>
      readsOfAdmin.has(name) ? undefined : otherChange(wrappers, name, () => ({ database: 'admin' })),
  };
}

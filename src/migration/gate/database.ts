import { answering, invoke, invokeAsync, readArguments, withSession } from './arguments.ts';
import { createCollection, dropCollection, renameCollection } from './collections.ts';
import { commandOverride, cursorCommandOverride } from './database-commands.ts';
import { dropDatabase, hideOurs } from './database-ours.ts';
import { answersOfAdmin, answersOfDb, readsOfAdmin, readsOfDb } from './listed.ts';
import type { Override, Wrapping } from './membrane.ts';
import { otherChange } from './other.ts';
import type { RawCollection, RawDb } from './raw.ts';
import { cursorOf, followingChanges, reading } from './reading.ts';
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
    aggregate: (raw, args) => {
      const origin = { method: 'aggregate', namespace: { database: nameOf(raw) }, args, options: 1 };
      return cursorOf(wrappers, invoke(raw, 'aggregate', readArguments(gate, args, 1)), origin);
    },
    createCollection: later((raw, args) => {
      const name = String(args[0]);
      return createCollection(gate, {
        method: 'createCollection',
        namespace: { database: nameOf(raw), collection: name },
        args,
        session: membrane.sessionOf(args[1]),
        send: (session, sent) => invokeAsync(raw, 'createCollection', withSession(sent, 1, session)),
        object: () => (raw as RawDb).collection(name, args[1] as object | undefined),
      });
    }),
    createIndex: (raw, args) => {
      const [collection, ...rest] = args;
      return invoke(membrane.out((raw as RawDb).collection(String(collection))), 'createIndex', rest);
    },
    dropCollection: later((raw, args) =>
      dropCollection(gate, {
        method: 'dropCollection',
        namespace: { database: nameOf(raw), collection: String(args[0]) },
        args,
        session: membrane.sessionOf(args[1]),
        send: (session, sent) => invokeAsync(raw, 'dropCollection', withSession(sent, 1, session)),
      }),
    ),
    renameCollection: later((raw, args) => {
      const [from, to] = args.map(String);
      return renameCollection(
        gate,
        { database: nameOf(raw), collection: to },
        {
          method: 'renameCollection',
          namespace: { database: nameOf(raw), collection: from },
          args,
          session: membrane.sessionOf(args[2]),
          send: (session, sent) => invokeAsync(raw, 'renameCollection', withSession(sent, 2, session)),
          object: () => (raw as RawDb).collection(String(to)),
        },
      );
    }),
    dropDatabase: later((raw, args) => dropDatabase(wrappers, raw as RawDb, 'dropDatabase', args)),
    listCollections: (raw, args) => {
      const origin = { method: 'listCollections', namespace: { database: nameOf(raw) }, args, options: 1 };
      const hiding = [hideOurs(wrappers, args[0]), ...args.slice(1)];
      return cursorOf(wrappers, invoke(raw, 'listCollections', hiding), origin);
    },
    collections: later(async (raw, args) => {
      const call = { method: 'collections', namespace: { database: nameOf(raw) }, args, session: undefined };
      const names = await gate.followRead(
        reading(wrappers, call, async () => {
          const all = (await invokeAsync(raw, 'collections', args)) as RawCollection[];
          return all.map(({ collectionName }) => collectionName).filter((name) => !gate.own.owns(name));
        }),
      );
      return names.map((name) => membrane.out((raw as RawDb).collection(name)));
    }),
    watch: (raw, args) => {
      followingChanges(wrappers);
      return invoke(raw, 'watch', args);
    },
  };
  for (const name of answersOfDb) overrides[name] = answer(wrappers, name, nameOf);
  return {
    overrides,
    unlisted: (name) =>
      readsOfDb.has(name) ? undefined : otherChange(wrappers, name, (raw) => ({ database: nameOf(raw) })),
  };
}

/** The gate's part of an Admin: its database is `admin`. */
export function adminWrapping(wrappers: Wrappers): Wrapping {
  const admin = () => 'admin';
  const overrides: Record<string, Override> = { command: commandOverride(wrappers, admin) };
  for (const name of answersOfAdmin) overrides[name] = answer(wrappers, name, admin);
  return {
    overrides,
    unlisted: (name) =>
      readsOfAdmin.has(name) ? undefined : otherChange(wrappers, name, () => ({ database: 'admin' })),
  };
}

/** A read that gives one value, of a database or the server. */
function answer(wrappers: Wrappers, method: string, databaseOf: (raw: object) => string): Override {
  return (raw, args) =>
    answering(wrappers.driver.major, args, (args) => {
      const call = { method, namespace: { database: databaseOf(raw) }, args, session: undefined };
      return wrappers.gate.followRead(reading(wrappers, call, () => invokeAsync(raw, method, args)));
    });
}

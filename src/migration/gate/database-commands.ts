import { answering, invoke, invokeAsync, readArguments, withSession } from './arguments.ts';
import type { Call, Change } from './call.ts';
import { inTransaction } from './catalog.ts';
import { renameCollection } from './collections.ts';
import { type CommandKind, commandChange, commandKind } from './commands.ts';
import { dropDatabase, hideOurs } from './database-ours.ts';
import type { Override } from './membrane.ts';
import type { RawDb, RawSession } from './raw.ts';
import { cursorOf, reading } from './reading.ts';
import type { Wrappers } from './wrappers.ts';

type Writing = Extract<CommandKind, { kind: 'writes' }>;
type Command = Readonly<Record<string, unknown>>;

/** Reading commands that the server takes inside a transaction. */
const readsInTransaction = new Set(['find', 'aggregate', 'distinct']);
const indexCommands = new Set(['createindexes', 'dropindexes', 'deleteindexes']);

/** `command` of a Db or an Admin. */
export function commandOverride(wrappers: Wrappers, databaseOf: (raw: object) => string): Override {
  const { gate, driver, membrane } = wrappers;
  return (raw, args) =>
    answering(driver.major, args, async (args) => {
      const command = (args[0] ?? {}) as Command;
      const kind = commandKind(command, databaseOf(raw));
      switch (kind.kind) {
        case 'reads': {
          const name = Object.keys(command)[0] ?? '';
          const call = { method: `command ${name}`, namespace: { database: databaseOf(raw) }, args };
          if (!readsInTransaction.has(name)) {
            const outside = { ...call, session: undefined };
            return gate.followRead(reading(wrappers, outside, () => invokeAsync(raw, 'command', args)));
          }
          const session = membrane.sessionOf(args[1]) ?? gate.enclosing;
          return reading(wrappers, { ...call, session }, () =>
            gate.read(() => invokeAsync(raw, 'command', readArguments(gate, args, 1))),
          );
        }
        case 'lists': {
          const hiding = { ...command, filter: hideOurs(wrappers, command.filter) };
          const call = { method: 'command listCollections', namespace: { database: databaseOf(raw) }, args };
          return gate.followRead(
            reading(wrappers, { ...call, session: undefined }, () =>
              invokeAsync(raw, 'command', [hiding, ...args.slice(1)]),
            ),
          );
        }
        case 'drops-database':
          await dropDatabase(wrappers, raw as RawDb, 'command dropDatabase', args);
          return { ok: 1 };
        case 'writes': {
          const send: Send = (session, sent) => invokeAsync(raw, 'command', withSession(sent, 1, session));
          return performCommand(wrappers, kind, args, membrane.sessionOf(args[1]), send, raw);
        }
      }
    });
}

/** `runCursorCommand`: nothing is sent before the cursor's first fetch. */
export function cursorCommandOverride(wrappers: Wrappers, databaseOf: (raw: object) => string): Override {
  const { gate, membrane, writingCursors } = wrappers;
  return (raw, args) => {
    const command = (args[0] ?? {}) as Command;
    const kind = commandKind(command, databaseOf(raw));
    const name = Object.keys(command)[0] ?? '';
    const origin = { method: `cursor of ${name}`, namespace: { database: databaseOf(raw) }, args, options: 1 };
    if (kind.kind === 'lists') {
      const hiding = { ...command, filter: hideOurs(wrappers, command.filter) };
      return cursorOf(wrappers, invoke(raw, 'runCursorCommand', [hiding, ...args.slice(1)]), origin);
    }
    if (kind.kind !== 'writes') {
      const joins = readsInTransaction.has(name);
      return cursorOf(wrappers, invoke(raw, 'runCursorCommand', joins ? readArguments(gate, args, 1) : args), origin);
    }
    const cursor = invoke(raw, 'runCursorCommand', withSession(args, 1, gate.enclosing)) as object;
    const session = membrane.sessionOf(args[1]);
    // Another command than this one has no cursor: what it writes is all that counts.
    const send: Send = (session, sent) =>
      sent === args ? invokeAsync(cursor, 'hasNext', []) : invokeAsync(raw, 'command', withSession(sent, 1, session));
    writingCursors.set(cursor, () => performCommand(wrappers, kind, args, session, send, cursor));
    return cursor;
  };
}

type Send = (session: RawSession | undefined, args: readonly unknown[]) => Promise<unknown>;

function performCommand(
  { gate }: Wrappers,
  write: Writing,
  args: readonly unknown[],
  session: RawSession | undefined,
  send: Send,
  on: object,
): Promise<unknown> {
  const { namespace, also, multi, mayCreate } = write;
  const command = (args[0] ?? {}) as Command;
  const method = `command ${write.name}`;
  if (write.name === 'renameCollection' && also !== undefined) {
    return renameCollection(gate, also, { method, namespace, args, session, send });
  }
  const call: Call = { kind: write.call, method, namespace, also, multi, mayCreate };
  const lower = write.name.toLowerCase();
  const seen = { absent: false, indexesBefore: [] as readonly string[], indexesAfter: [] as readonly string[] };
  return gate.perform({
    call,
    args,
    on,
    session,
    send: async (session, sent = args) => {
      const indexes = indexCommands.has(lower) && !inTransaction(session);
      const looks = gate.looksAround(session);
      if (looks && (lower === 'create' || lower === 'drop')) seen.absent = await gate.catalog.absent(namespace);
      if (indexes && looks) seen.indexesBefore = await gate.catalog.indexNames(namespace);
      const reply = await send(session, sent);
      if (indexes && looks) seen.indexesAfter = await gate.catalog.indexNames(namespace);
      return reply;
    },
    change: (reply): Change => commandChange(gate, write, command, (reply ?? {}) as object, seen),
    catalog: {
      seen: ({ existed, indexesBefore, indexesAfter }) =>
        Object.assign(seen, { absent: !existed, indexesBefore, indexesAfter }),
    },
  });
}

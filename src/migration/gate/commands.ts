import type { CallKind, Change, Namespace } from './call.ts';
import { countsOfReply } from './counts.ts';
import type { Gate } from './gate.ts';
import { parseNamespace, shownName } from './names.ts';
import { writingStage } from './pipeline.ts';

/**
 * Commands that change no data and no catalog, in small letters (names differ between versions in case only).
 * From the server's command reference. A command that is not here counts as a change.
 */
const reading = new Set(
  `abortTransaction aggregate availableQueryOptions buildInfo collStats commitTransaction connPoolStats connectionStatus
   count currentOp dataSize dbHash dbStats distinct endSessions explain features filemd5 find getCmdLineOpts
   getDefaultRWConcern getLastError getLog getMore getParameter hello hostInfo isMaster killCursors killOp killSessions
   listCollections listCommands listDatabases listIndexes listSearchIndexes lockInfo logApplicationMessage ping planCacheListFilters
   refreshSessions replSetGetConfig replSetGetStatus rolesInfo serverStatus startSession top usersInfo validate
   validateDBMetadata whatsmyuri`
    .toLowerCase()
    .split(/\s+/),
);

export type CommandKind =
  | { readonly kind: 'reads' }
  | { readonly kind: 'lists' }
  | { readonly kind: 'drops-database' }
  | {
      readonly kind: 'writes';
      /** As the command names itself, with the stage of a writing pipeline. */
      readonly name: string;
      readonly call: CallKind;
      readonly namespace: Namespace;
      readonly also?: Namespace;
      readonly multi: boolean;
      readonly mayCreate: boolean;
    };

type Command = Readonly<Record<string, unknown>>;

const named = (database: string, value: unknown): Namespace =>
  typeof value === 'string' ? { database, collection: value } : { database };

/** What a raw command does, by its name: the first key. */
export function commandKind(command: Command, database: string): CommandKind {
  const name = Object.keys(command)[0] ?? '';
  const namespace = named(database, command[name]);
  const writes = (call: CallKind, more: Partial<Extract<CommandKind, { kind: 'writes' }>> = {}): CommandKind => ({
    kind: 'writes',
    name,
    call,
    namespace,
    multi: true,
    mayCreate: false,
    ...more,
  });
  const lower = name.toLowerCase();
  switch (lower) {
    case 'insert':
      return writes('insert', { multi: false, mayCreate: true });
    case 'update':
      return writes('update', { mayCreate: upserts(command.updates) });
    case 'delete':
      return writes('delete');
    case 'findandmodify':
      return writes(command.remove === true ? 'delete' : 'update', {
        multi: false,
        mayCreate: command.upsert === true,
      });
    case 'bulkwrite':
      return writes('bulk');
    case 'aggregate': {
      const target = command.explain === true ? undefined : writingStage(command.pipeline, database);
      if (target === undefined) return { kind: 'reads' };
      return writes('pipeline', {
        ...{ name: `aggregate ${target.stage}`, also: target.into, mayCreate: true },
        multi: target.stage !== '$out',
      });
    }
    case 'mapreduce': {
      const out = command.out;
      if (typeof out === 'object' && out !== null && 'inline' in out) return { kind: 'reads' };
      return writes('pipeline', { also: named(database, typeof out === 'string' ? out : Object.values(out ?? {})[0]) });
    }
    case 'renamecollection':
      return writes('catalog', {
        multi: false,
        namespace: parseNamespace(String(command[name])),
        also: parseNamespace(String(command.to)),
      });
    case 'create':
    case 'drop':
    case 'dropindexes':
    case 'deleteindexes':
    case 'collmod':
      return writes('catalog', { multi: false });
    case 'createindexes':
      return writes('catalog', { multi: false, mayCreate: true });
    case 'dropdatabase':
      return { kind: 'drops-database' };
    case 'listcollections':
      return { kind: 'lists' };
    default:
      return reading.has(lower) ? { kind: 'reads' } : writes('command');
  }
}

function upserts(updates: unknown): boolean {
  return Array.isArray(updates) && updates.some((update: { upsert?: unknown }) => update.upsert === true);
}

interface Reply {
  readonly lastErrorObject?: { readonly n?: number; readonly updatedExisting?: boolean };
  readonly writeErrors?: readonly unknown[];
  readonly numIndexesBefore?: number;
  readonly numIndexesAfter?: number;
}

/** What a writing command did, from the server's reply and from the names of the indexes before it. */
export function commandChange(
  gate: Gate,
  write: Extract<CommandKind, { kind: 'writes' }>,
  command: Command,
  reply: Reply,
  seen: {
    readonly absent: boolean;
    readonly indexesBefore: readonly string[];
    readonly indexesAfter: readonly string[];
  },
): Change {
  const shown = shownName(write.namespace, gate.database);
  const lower = write.name.toLowerCase();
  switch (lower) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'bulkwrite': {
      const failed = reply.writeErrors?.length ?? 0;
      // A failed statement of an update or delete may have changed some of its documents.
      return { counts: countsOfReply(lower, reply), unknown: lower === 'insert' ? 0 : failed };
    }
    case 'findandmodify': {
      const n = reply.lastErrorObject?.n ?? 0;
      const updated = reply.lastErrorObject?.updatedExisting === true ? n : 0;
      const removes = write.call === 'delete';
      return {
        counts: removes
          ? { matched: 0, modified: 0, inserted: 0, deleted: n }
          : { matched: updated, modified: updated, inserted: n - updated, deleted: 0 },
      };
    }
    case 'create':
      return seen.absent ? { collectionsCreated: [write.namespace] } : {};
    case 'drop':
      return seen.absent ? {} : { collectionsDropped: [write.namespace] };
    case 'createindexes':
    case 'dropindexes':
    case 'deleteindexes': {
      const named = (names: readonly string[]) => names.map((index) => `${shown}.${index}`);
      return {
        indexesCreated: named(
          seen.indexesAfter.filter((index) => !seen.indexesBefore.includes(index) && index !== '_id_'),
        ),
        indexesDropped: named(seen.indexesBefore.filter((index) => !seen.indexesAfter.includes(index))),
      };
    }
    default: {
      if (write.also !== undefined)
        return { other: `${write.name.replace('aggregate ', '')} ${shownName(write.also, gate.database)}` };
      const first = Object.values(command)[0];
      return { other: typeof first === 'string' ? `${write.name} ${shown}` : write.name };
    }
  }
}

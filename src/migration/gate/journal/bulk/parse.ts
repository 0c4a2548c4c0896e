import type { Document } from 'mongodb';
import type { Namespace, Operation } from '../../call.ts';
import type { RawCollection } from '../../raw.ts';
import type { JournalContext } from '../context.ts';
import { classesOf } from '../driver-classes.ts';
import { defined, exactTypes, withoutConcerns } from '../imaging.ts';
import { BuiltBulk, type RawBatch, type RawBulk } from './built.ts';
import { type CountedIds, type IdSettings, idsFrom } from './ids.ts';
import { idOf, type Statement, type StatementKind, type StatementList } from './list.ts';

/** How the answer is put together: as `insertMany` has it, as bulk writes have it, as the server replies to a command. */
export type AnswerForm = 'insertMany' | 'bulk' | 'reply';

export interface Parsed {
  readonly list: StatementList;
  readonly form: AnswerForm;
  /** Ids that cannot be made again from the first one: those that were given while the list was built. */
  readonly given: readonly GivenId[];
  /** Whether a project's own factory gives ids: another run gets other ones. */
  readonly foreignIds: boolean;
}

export interface GivenId {
  readonly index: number;
  readonly _id: unknown;
}

/** The ids of an earlier run of the same call, to be given again. */
export interface KnownIds {
  readonly counted: CountedIds;
  readonly given: readonly GivenId[];
}

const methods = new Set(['insertMany', 'insert', 'bulkWrite', 'bulk execute']);
const commands = new Set(['command insert', 'command update', 'command delete']);

/** Whether a call is a list of statements for one collection. */
export function isList({ call: { method }, args: [first] }: Operation<unknown>): boolean {
  if (commands.has(method)) return true;
  // What is no array, the driver refuses; only the oldest method takes a document alone.
  return methods.has(method) && (Array.isArray(first) || first instanceof BuiltBulk || method === 'insert');
}

/**
 * The statements of a call. The driver itself reads what user code passed, so that it checks, completes and refuses it
 * as it always does: throws the driver's own errors, before anything is sent. Undefined for a command that is malformed,
 * which is the server's to refuse.
 */
export function parse(context: JournalContext, operation: Operation<unknown>, ids: KnownIds): Parsed | undefined {
  const { method, namespace } = operation.call;
  if (method.startsWith('command ')) return parseCommand(context, operation.args[0] as Document, namespace);
  const [first, options = {}] = operation.args as [unknown, Document | undefined];
  if (first instanceof BuiltBulk) return parseBuilt(context, first, options, namespace, ids.given);
  const collection = (operation.on ??
    context.client.db(namespace.database).collection(namespace.collection ?? '')) as RawCollection;
  const models = method === 'bulkWrite' ? (first as Document[]) : insertModels(context, first, method);
  const settled = {
    ...withoutConcerns(options),
    ...defined({ forceServerObjectId: options?.forceServerObjectId }),
    ...(method === 'insert' && options?.keepGoing === true ? { ordered: false } : {}),
    ...(method === 'insert' && operation.args[1] === undefined ? { ordered: false } : {}),
  } as Document;
  const gives = idsFrom(context.driver, collection as unknown as IdSettings, settled.forceServerObjectId);
  let foreignIds = false;
  for (const document of models.map(insertedBy)) {
    if (document === undefined || document._id != null) continue;
    if (gives === 'driver') document._id = ids.counted.next();
    else if (gives === 'factory') foreignIds = true;
  }
  const raw = (settled.ordered === false
    ? collection.initializeUnorderedBulkOp(settled)
    : collection.initializeOrderedBulkOp(settled)) as unknown as RawBulk;
  for (const model of models) raw.raw(model);
  const list = listOf(context, raw, settled, namespace, (op) => op);
  return { list, form: method === 'bulkWrite' ? 'bulk' : 'insertMany', given: [], foreignIds };
}

function insertModels({ driver }: JournalContext, documents: unknown, method: string): Document[] {
  const list = method === 'insert' && !Array.isArray(documents) ? [documents] : (documents as Document[]);
  // Up to version 5 the driver looks at each document before it makes a model of it.
  if (driver.major < 6) for (const document of list) void (document as Document)._id;
  return list.map((document) => ({ insertOne: { document } }));
}

/** The document of a model that inserts one; the driver also takes it without `document` around it. */
export function insertedBy(model: Document | null | undefined): Document | undefined {
  const inner = model?.insertOne as Document | undefined;
  const document = (inner?.document ?? inner) as Document | undefined;
  return typeof document === 'object' && document !== null ? document : undefined;
}

function parseBuilt(
  context: JournalContext,
  built: BuiltBulk,
  options: Document,
  namespace: Namespace,
  known: readonly GivenId[],
): Parsed {
  const { raw } = built;
  const { BSON } = classesOf(context.driver);
  const ids = new Map(known.map(({ index, _id }) => [index, _id]));
  // User code may have changed a document since it was added: what counts is what it was then, where the driver keeps that.
  const read = listOf(context, raw, { ...raw.s.options, ...options }, namespace, (op, bytes) =>
    bytes === undefined ? op : BSON.deserialize(bytes, { ...exactTypes, bsonRegExp: true }),
  );
  const statements = read.statements.map((statement) => {
    if (!ids.has(statement.index)) return statement;
    const _id = ids.get(statement.index);
    statement.given._id = _id;
    return { ...statement, op: { ...statement.op, _id } };
  });
  const insertedIds = read.insertedIds.map(({ index, _id }) => ({ index, _id: ids.has(index) ? ids.get(index) : _id }));
  const named = statements.filter(({ kind, given }) => kind === 'insert' && built.named(given));
  const given = named.map(({ index, op }) => ({ index, _id: idOf(op) }));
  return { list: { ...read, statements, insertedIds }, form: 'bulk', given, foreignIds: false };
}

type Sent = (op: Document, bytes: Uint8Array | undefined) => Document;

function listOf(
  context: JournalContext,
  raw: RawBulk,
  options: Document,
  namespace: Namespace,
  sent: Sent,
): StatementList {
  const { comment, collation, maxTimeMS, let: variables } = options;
  const common = { comment, maxTimeMS };
  const bypass = options.bypassDocumentValidation === true || raw.s.bypassDocumentValidation === true || undefined;
  return {
    namespace,
    ordered: raw.isOrdered,
    statements: statementsOf(context, raw.batches, sent),
    insertedIds: raw.s.bulkResult.insertedIds.map(({ index, _id }) => ({ index, _id })),
    fields: {
      // As drivers send them: the server refuses a collation here.
      insert: defined({ ...common, collation, bypassDocumentValidation: bypass }),
      update: defined({ ...common, let: variables || undefined, bypassDocumentValidation: bypass }),
      delete: defined({ ...common, collation, let: variables || undefined }),
    },
    bson: bsonOptions((raw as { bsonOptions?: Document }).bsonOptions),
  };
}

/** Those that change what is sent, or the ids in the answer. */
function bsonOptions(options: Document = {}): Document {
  const { ignoreUndefined, serializeFunctions, promoteLongs, promoteBuffers, useBigInt64, bsonRegExp } = options;
  return defined({ ignoreUndefined, serializeFunctions, promoteLongs, promoteBuffers, useBigInt64, bsonRegExp });
}

const kinds: Readonly<Record<number, StatementKind>> = { 1: 'insert', 2: 'update', 3: 'delete' };

function statementsOf(context: JournalContext, batches: readonly RawBatch[], sent: Sent): Statement[] {
  const { BSON, ObjectId } = classesOf(context.driver);
  return batches.flatMap(
    ({ batchType, operations, originalIndexes, originalZeroIndex, serializedOperations = [] }, batch) => {
      const kind = kinds[batchType] ?? 'insert';
      return operations.map((given, at) => {
        const read = sent(given, serializedOperations[at]);
        const op = kind === 'insert' ? withId(read, () => new ObjectId()) : read;
        // Up to version 6 the driver makes them only for sending: what it cannot send is refused here, before any of it.
        const bytes = (serializedOperations[at] ?? BSON.serialize(op)).length;
        const index = originalIndexes[at] ?? at;
        return { kind, op, given, index, upsertIndex: originalZeroIndex + at, batch, bytes };
      });
    },
  );
}

/** The server would give it an id that nobody is told: its image is found by this one. */
function withId(document: Document, id: () => unknown): Document {
  const plain: Document = typeof document.toBSON === 'function' ? document.toBSON() : document;
  if (idOf(plain) !== undefined) return plain;
  return plain instanceof Map ? new Map([['_id', id()], ...plain]) : { _id: id(), ...plain };
}

const listed: Readonly<Record<string, { readonly field: string; readonly batchType: number }>> = {
  insert: { field: 'documents', batchType: 1 },
  update: { field: 'updates', batchType: 2 },
  delete: { field: 'deletes', batchType: 3 },
};

/** Of the session and the transaction: they are the journal's here. */
const notSent = new Set(['writeConcern', 'lsid', 'txnNumber', 'autocommit', 'startTransaction', 'readConcern', '$db']);

function parseCommand(context: JournalContext, command: Document, namespace: Namespace): Parsed | undefined {
  const name = Object.keys(command)[0] ?? '';
  const form = listed[name];
  const operations = form === undefined ? undefined : command[form.field];
  if (form === undefined || !Array.isArray(operations) || operations.length === 0) return undefined;
  if (!operations.every((entry) => typeof entry === 'object' && entry !== null)) return undefined;
  const batch = {
    batchType: form.batchType,
    originalZeroIndex: 0,
    originalIndexes: [...operations.keys()],
    operations,
  };
  const statements = statementsOf(context, [batch], (op) => op);
  const fields: Document = {};
  for (const [field, value] of Object.entries(command)) {
    if (field !== name && field !== form.field && field !== 'ordered' && !notSent.has(field)) fields[field] = value;
  }
  const list: StatementList = {
    ...{ namespace, statements, ordered: command.ordered !== false, insertedIds: [], bson: {} },
    fields: { insert: fields, update: fields, delete: fields },
  };
  return { list, form: 'reply', given: [], foreignIds: false };
}

import type { Document } from 'mongodb';
import { idKey } from '../../../../mongo/raw-bson.ts';
import type { Image } from '../../../journal/images.ts';
import { wasRefused } from '../../../journal/transactions.ts';
import type { Counts } from '../../../types.ts';
import type { RawSession } from '../../raw.ts';
import type { JournalContext } from '../context.ts';
import { chooseOne, narrowed, pairImages } from '../imaging.ts';
import { type Bound, candidatesOf, read } from './candidates.ts';
import { isMany, type Statement, type StatementKind, type StatementList } from './list.ts';

/** What statements did, within a session. */
export interface Applied {
  readonly inserted: number;
  readonly matched: number;
  readonly modified: number;
  readonly removed: number;
  readonly upserted: readonly { readonly index: number; readonly _id: unknown }[];
  readonly images: readonly Image[];
}

export const nothingApplied: Applied = { inserted: 0, matched: 0, modified: 0, removed: 0, upserted: [], images: [] };

export function countsOfApplied({ inserted, matched, modified, removed, upserted }: Applied): Counts {
  return { matched, modified, inserted: inserted + upserted.length, deleted: removed };
}

export interface StatementError {
  readonly index: number;
  readonly code: number;
  readonly errmsg?: string;
  readonly errInfo?: Document;
}

/** The server refused one statement, and with it, inside a transaction, all before it. */
export class StatementRefused extends Error {
  /** In the statements that were to be applied. */
  readonly at: number;
  readonly answer: StatementError;

  constructor(at: number, answer: StatementError) {
    super('A statement of a list was refused.');
    this.at = at;
    this.answer = answer;
  }
}

/** The server refused a whole command, before any of its statements. */
export class CommandRefused extends Error {
  /** The first of its statements. */
  readonly at: number;

  constructor(at: number, cause: unknown) {
    super('A command of a list was refused.', { cause });
    this.at = at;
  }
}

/** More documents than one transaction should hold. */
export class TooMany extends Error {}

/** What the statements are about cannot be read beforehand: most likely one of them is wrong. */
export class Unreadable extends Error {}

/**
 * Applies statements one after the other, up to the first that is refused. With a bound it may throw `TooMany` before it
 * has sent anything. Throws the other errors of this file, and those that the transaction has to be tried again for.
 */
export async function applyStatements(
  context: JournalContext,
  list: StatementList,
  statements: readonly Statement[],
  session: RawSession,
  bound: Bound | undefined,
): Promise<Applied> {
  if (!context.images) return send(context, list, statements, session);
  const candidates = await candidatesOf(context, list, statements, session, bound).catch((error: unknown) => {
    throw wasRefused(error) ? new Unreadable('', { cause: error }) : error;
  });
  if (candidates === undefined) {
    if (statements.some(isMany)) throw new TooMany();
    return applyEach(context, list, statements, session);
  }
  const applied = await send(context, list, statements, session);
  const ids = [...candidates.ids, ...applied.upserted.map(({ _id }) => _id)];
  // What a transaction reads by `_id`, it reads as it wrote it.
  const after = ids.length === 0 ? [] : await read(context, list, session, { _id: { $in: ids } });
  return { ...applied, images: pairImages(candidates.before, after) };
}

/** Each statement by itself, for the one document that it finds first: what else its filter finds is not looked at. */
async function applyEach(
  context: JournalContext,
  list: StatementList,
  statements: readonly Statement[],
  session: RawSession,
): Promise<Applied> {
  const images = new Map<string, Image>();
  let sum = nothingApplied;
  for (const [at, statement] of statements.entries()) {
    const { op, kind } = statement;
    const { sort, collation, hint } = op;
    const chosen =
      kind === 'insert'
        ? undefined
        : await chooseOne(context, list.namespace, session, op.q ?? {}, {
            ...{ sort, collation, hint, let: list.fields[kind].let },
          });
    const target =
      chosen === undefined ? statement : { ...statement, op: { ...op, q: narrowed(op.q ?? {}, chosen.id) } };
    const ids = chosen !== undefined ? [chosen.id] : kind === 'insert' ? [op._id] : [];
    const before = chosen === undefined ? [] : await read(context, list, session, { _id: { $in: ids } });
    const applied = await placed(at, () => send(context, list, [target], session));
    const found = { _id: { $in: [...ids, ...applied.upserted.map(({ _id }) => _id)] } };
    keep(images, before, await read(context, list, session, found));
    sum = plus(sum, applied);
  }
  return { ...sum, images: [...images.values()].filter(changed) };
}

/** A refusal counts in the whole list. */
async function placed<T>(at: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StatementRefused) throw new StatementRefused(at, error.answer);
    if (error instanceof CommandRefused) throw new CommandRefused(at, error.cause);
    throw error;
  }
}

/** Several statements may change the same document: from what it was before the first to what it is after the last. */
function keep(images: Map<string, Image>, before: readonly Uint8Array[], after: readonly Uint8Array[]): void {
  for (const document of before) {
    const key = idKey(document);
    images.set(key, { before: images.has(key) ? images.get(key)?.before : document });
  }
  for (const document of after) {
    const key = idKey(document);
    images.set(key, { before: images.get(key)?.before, after: document });
  }
}

function changed({ before, after }: Image): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return !Buffer.from(before).equals(after);
}

function plus(a: Applied, b: Applied): Applied {
  return {
    inserted: a.inserted + b.inserted,
    matched: a.matched + b.matched,
    modified: a.modified + b.modified,
    removed: a.removed + b.removed,
    upserted: [...a.upserted, ...b.upserted],
    images: a.images,
  };
}

const statementsField: Readonly<Record<StatementKind, string>> = {
  insert: 'documents',
  update: 'updates',
  delete: 'deletes',
};

interface Reply {
  readonly n?: number;
  readonly nModified?: number;
  readonly upserted?: readonly { readonly index: number; readonly _id: unknown }[];
  readonly writeErrors?: readonly StatementError[];
}

export async function send(
  context: JournalContext,
  { namespace, fields, bson, singly }: StatementList,
  statements: readonly Statement[],
  session: RawSession,
): Promise<Applied> {
  const db = context.client.db(namespace.database);
  let sum = nothingApplied;
  for (let from = 0; from < statements.length; ) {
    const { kind, batch } = statements[from] as Statement;
    let to = from + 1;
    while (singly !== true && statements[to]?.batch === batch) to += 1;
    const some = statements.slice(from, to);
    let reply: Reply;
    try {
      reply = await db.command(
        // Ordered, also for a list that is not: a transaction is over with the first refusal.
        {
          [kind]: namespace.collection,
          [statementsField[kind]]: some.map(({ op }) => op),
          ordered: true,
          ...fields[kind],
        },
        { ...bson, session },
      );
    } catch (error) {
      throw wasRefused(error) ? new CommandRefused(from, error) : error;
    }
    const [refused] = reply.writeErrors ?? [];
    if (refused !== undefined) throw new StatementRefused(from + refused.index, refused);
    sum = plus(sum, appliedOf(kind, reply, some));
    from = to;
  }
  return sum;
}

function appliedOf(kind: StatementKind, { n = 0, nModified = 0, upserted = [] }: Reply, sent: readonly Statement[]) {
  if (kind === 'insert') return { ...nothingApplied, inserted: n };
  if (kind === 'delete') return { ...nothingApplied, removed: n };
  return {
    ...nothingApplied,
    matched: n - upserted.length,
    modified: nModified,
    upserted: upserted.map(({ index, _id }) => ({ index: sent[index]?.upsertIndex ?? index, _id })),
  };
}

import type { AnyBulkWriteOperation } from 'mongodb';
import { idKey, sameBytes } from '../../../../mongo/raw-bson.ts';
import type { Image } from '../../../journal/images.ts';
import { wasRefused } from '../../../journal/transactions.ts';
import type { RawCollection, RawSession } from '../../raw.ts';
import type { JournalContext, Tx } from '../context.ts';
import { pairImages, readDocuments } from '../imaging.ts';
import type { Answer } from './answers.ts';
import { decodedExactly } from './decode.ts';
import type { Backfill, Tallies } from './description.ts';
import type { Failed } from './failure.ts';
import { quarantined } from './quarantine.ts';
import type { Row } from './rows.ts';
import { refusedStatement, statementFor } from './statements.ts';

/** What one transaction did with the first documents of a page. */
export interface PageDone {
  /** How many of the answers were carried out. */
  readonly count: number;
  readonly change: Tallies;
  readonly images: readonly Image[];
  /** Documents that are not any more what user code was asked about, or are gone. */
  readonly stale: ReadonlySet<string>;
}

/** The server refused what is to be done with a document. Nothing of the transaction stays. */
export class Refused extends Error {
  /** The document's; undefined where it was one statement for several. */
  readonly key: string | undefined;

  constructor(key: string | undefined, cause: unknown) {
    super('refused', { cause });
    this.key = key;
  }
}

/**
 * Carries answers out within a transaction, up to the first document that somebody changed since it was read: what was
 * decided on other content is not written over it.
 *
 * Throws `Refused`, or the server's error where that is about no single document. With `oneByOne` that tells which.
 */
export async function carryOut(
  context: JournalContext,
  backfill: Backfill,
  { session }: Tx,
  answers: readonly Answer[],
  oneByOne: boolean,
): Promise<PageDone> {
  const { namespace } = backfill;
  const byIds = (rows: readonly Row[]) =>
    readDocuments(context, namespace, session, { _id: { $in: rows.map(({ id }) => id) } });
  const rows = answers.map(({ row }) => row);
  const now = new Map((await byIds(rows)).map((bytes) => [idKey(bytes), bytes]));
  const stale = new Set(rows.filter((row) => !sameBytes(row.bytes, now.get(row.key) ?? noBytes)).map(({ key }) => key));
  const first = rows.findIndex(({ key }) => stale.has(key));
  const fresh = first < 0 ? answers : answers.slice(0, first);
  const written = fresh.filter(({ write }) => write !== undefined && write.kind !== 'keep');
  const sending = { collection: collectionOf(context, backfill), backfill, session };
  const whole = backfill.work.kind === 'update' && !oneByOne;
  const counts = await (whole ? sendWhole(sending, written) : sendEach(sending, written));
  const failed = fresh.filter((answer) => answer.write === undefined);
  if (failed.length > 0) await putAside(context, backfill, failed, session);
  const before = written.map(({ row }) => row.bytes);
  const after = context.images && before.length > 0 ? await byIds(written.map(({ row }) => row)) : [];
  return {
    count: fresh.length,
    change: {
      ...counts,
      matched: fresh.length,
      inserted: 0,
      skipped: fresh.length - written.length - failed.length,
      quarantined: failed.length,
    },
    images: context.images ? pairImages(before, after) : [],
    stale,
  };
}

const noBytes = new Uint8Array();

interface Sending {
  readonly collection: RawCollection;
  readonly backfill: Backfill;
  readonly session: RawSession;
}

type Counted = Pick<Tallies, 'modified' | 'deleted'>;

/** An update that is the same for all. The filter is part of it: a positional operator refers to what it matched. */
async function sendWhole({ collection, backfill, session }: Sending, answers: readonly Answer[]): Promise<Counted> {
  const { work, filter } = backfill;
  if (answers.length === 0 || work.kind !== 'update') return { modified: 0, deleted: 0 };
  const these = { $and: [filter, { _id: { $in: answers.map(({ row }) => row.id) } }] } as object;
  try {
    const { modifiedCount } = await collection.updateMany(these, work.update as object, { session });
    return { modified: modifiedCount, deleted: 0 };
  } catch (error) {
    throw wasRefused(error) ? new Refused(undefined, error) : error;
  }
}

async function sendEach({ collection, backfill, session }: Sending, answers: readonly Answer[]): Promise<Counted> {
  const guard = backfill.work.kind === 'update' ? { $and: [backfill.filter] } : {};
  const statements: AnyBulkWriteOperation[] = [];
  for (const { row, write } of answers) {
    const statement = write && statementFor(row, write, guard);
    if (statement !== undefined) statements.push(statement);
  }
  if (statements.length === 0) return { modified: 0, deleted: 0 };
  try {
    const { modifiedCount, deletedCount } = await collection.bulkWrite(statements, { ordered: true, session });
    return { modified: modifiedCount, deleted: deletedCount };
  } catch (error) {
    const at = refusedStatement(error);
    throw at !== undefined && wasRefused(error) ? new Refused(answers[at]?.row.key, error) : error;
  }
}

function collectionOf({ client }: JournalContext, { namespace }: Backfill): RawCollection {
  return client.db(namespace.database).collection(namespace.collection ?? '');
}

async function putAside(
  { client, database, own, attempt, driver }: JournalContext,
  { namespace, placeOf }: Backfill,
  failed: readonly Failed[],
  session: RawSession,
): Promise<void> {
  const about = { migration: attempt.migration, attempt: attempt.number, namespace };
  const documents = failed.map((answer) =>
    quarantined(about, answer, placeOf, () => decodedExactly(answer.row.bytes, driver)),
  );
  await client.db(database).collection(own.quarantine).insertMany(documents, { session });
}

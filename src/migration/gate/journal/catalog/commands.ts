import type { Document } from 'mongodb';
import type { Namespace } from '../../call.ts';
import type { RawClient, RawSession } from '../../raw.ts';
import type { JournalContext } from '../context.ts';
import { classesOf } from '../driver-classes.ts';
import { databaseOf } from './look.ts';

/** What user code asked for beside the change itself, and a command of ours takes over from the method it stands for. */
export interface Along {
  readonly session: RawSession | undefined;
  /** Options of a method, or fields of a command. */
  readonly options?: unknown;
  /** Awaited right before it is sent. */
  readonly ready?: () => Promise<void>;
}

/** Server 6.0, the first that takes `collectionUUID` in changes of the catalog, says so (`src/mongo/db/wire_version.h`). */
const wireVersionOf60 = 17;

const answers = new WeakMap<RawClient, Promise<{ readonly takesUuid: boolean; readonly sharded: boolean }>>();

function server({ client }: JournalContext) {
  let answer = answers.get(client);
  if (answer === undefined) {
    answer = client
      .db('admin')
      .command({ hello: 1 })
      .then(({ maxWireVersion, msg }) => ({
        takesUuid: Number(maxWireVersion) >= wireVersionOf60,
        sharded: msg === 'isdbgrid',
      }));
    answers.set(client, answer);
    answer.catch(() => answers.delete(client));
  }
  return answer;
}

/** `collectionUUID` for a command, where the server knows it: a collection that took the name meanwhile is left alone. */
export async function only(context: JournalContext, uuid: string | undefined): Promise<Document> {
  if (uuid === undefined || !(await server(context)).takesUuid) return {};
  const { Binary } = classesOf(context.driver).BSON;
  return { collectionUUID: new Binary(Buffer.from(uuid, 'hex'), Binary.SUBTYPE_UUID) };
}

/** Whether the collection is spread over shards; where that may not be looked at, it counts as one that is. */
export async function isSharded(context: JournalContext, { database, collection }: Namespace): Promise<boolean> {
  if (!(await server(context)).sharded) return false;
  try {
    const id = `${database}.${collection}`;
    const found = await context.client
      .db('config')
      .collection('collections')
      .findOne({ _id: id as never });
    return found !== null && found.dropped !== true && found.key !== undefined;
  } catch {
    return true;
  }
}

/**
 * Runs a command of ours in the place of a method. Waits for the majority, unless another one right behind it does: what is
 * on record may not be rolled back.
 */
export async function run(
  context: JournalContext,
  database: string,
  command: Document,
  { session, options, ready }: Along,
  w: 1 | 'majority' = 'majority',
): Promise<Document> {
  const { maxTimeMS, comment } = (options ?? {}) as { maxTimeMS?: unknown; comment?: unknown };
  const kept = {
    ...(typeof maxTimeMS === 'number' ? { maxTimeMS } : {}),
    ...(comment === undefined ? {} : { comment }),
  };
  const whole = { ...command, ...kept, writeConcern: { w } };
  await ready?.();
  return databaseOf(context, database).command(whole, session === undefined ? {} : { session });
}

/** Rejects where the new name is taken, and (6.0 and later) where another collection has the old one by now. */
export async function rename(
  context: JournalContext,
  from: Namespace,
  to: Namespace,
  uuid: string,
  along: Along,
  w?: 1,
): Promise<void> {
  const full = ({ database, collection }: Namespace) => `${database}.${collection}`;
  const command = { renameCollection: full(from), to: full(to), ...(await only(context, uuid)) };
  await run(context, 'admin', command, along, w);
}

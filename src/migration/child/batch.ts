import { ReleaseError } from '../../observe/error.ts';
import type { Batch, BatchResult } from '../define.ts';
import type { Call } from '../gate/call.ts';
import type { Gate } from '../gate/gate.ts';
import { countMs } from '../gate/journal/backfill/count-left.ts';
import { decodedExactly } from '../gate/journal/backfill/decode.ts';
import type { Backfill, BackfillOperation, Tallies } from '../gate/journal/backfill/description.ts';
import { type Failed, Unusable } from '../gate/journal/backfill/failure.ts';
import { runPlain } from '../gate/journal/backfill/plain.ts';
import { Progress } from '../gate/journal/backfill/progress.ts';
import { quarantined } from '../gate/journal/backfill/quarantine.ts';
import { shownName } from '../gate/names.ts';
import type { Driver, RawClient } from '../gate/raw.ts';
import { type Checked, checkedOptions } from './batch-options.ts';
import { thereIsNone } from './missing.ts';
import { placeIn } from './place.ts';
import type { FromChild } from './protocol.ts';
import { hiddenText, hideUnknown, showWhole } from './redact.ts';
import type { Source } from './source.ts';

export interface BatchSurroundings {
  readonly migration: string;
  readonly gate: Gate;
  readonly driver: Driver;
  /** Connected, and not wrapped. */
  readonly raw: RawClient;
  /** The one that user code gets. */
  readonly client: RawClient;
  readonly source: Source;
  readonly signal: AbortSignal;
  readonly rehearsal: boolean;
  readonly send: (message: FromChild) => void;
  /** Puts on record what nobody can see in the effects. */
  readonly note: (text: string) => void;
}

/** Documents in one transaction, where the migration does not say. */
const usualSize = 500;
const usualMaxErrors = 100;

/**
 * The `batch` of a migration's context; see `define.ts` for what it promises.
 *
 * What it gives throws `BATCH_INVALID` and `BATCH_DOCUMENT_FAILED`, and whatever the driver throws.
 */
export function batchOf(surroundings: BatchSurroundings): Batch {
  return async (given) => {
    try {
      const checked = checkedOptions(given, surroundings.gate.database);
      await warnOfNothing(surroundings, checked);
      return await (plainUpdate(checked) ? updateMany(surroundings, checked) : inPages(surroundings, checked));
    } catch (error) {
      if (error instanceof ReleaseError) surroundings.source.given.add(error.message);
      throw error;
    }
  };
}

/** Before it begins, and also where no write comes of it. */
async function warnOfNothing(surroundings: BatchSurroundings, checked: Checked): Promise<void> {
  const { gate, note } = surroundings;
  const { namespace } = checked;
  if (!(await gate.catalog.absent(namespace))) return;
  const { tell, title } = backfillOf(surroundings, checked);
  const text = `${title}: ${thereIsNone(shownName(namespace, gate.database))}, so it has nothing to do.`;
  note(text);
  tell('warn', text, {});
}

/** An update that asks for nothing which `updateMany` would not do; the gate makes batches of that one by itself. */
function plainUpdate({ work, size, order, throttle, onError }: Checked): boolean {
  return (
    work.kind === 'update' && [size, order, throttle].every((one) => one === undefined) && onError !== 'quarantine'
  );
}

async function updateMany(surroundings: BatchSurroundings, checked: Checked): Promise<BatchResult> {
  const { client, raw, gate } = surroundings;
  const { namespace, filter, work } = checked;
  const update = work.kind === 'update' ? work.update : {};
  const { database, collection = '' } = namespace;
  const left = () => raw.db(database).collection(collection).countDocuments(filter, { maxTimeMS: countMs });
  const progress = new Progress(backfillOf(surroundings, checked), 0, left);
  progress.count();
  const shown = shownName(namespace, gate.database);
  const seen = () => gate.effects().byCollection[shown]?.matched ?? 0;
  const before = seen();
  const timer = setInterval(() => progress.advance(seen() - before), lookMs);
  try {
    const written = client.db(database).collection(collection);
    const { matchedCount, modifiedCount } = await written.updateMany(filter, update as object);
    progress.end(matchedCount);
    return { matched: matchedCount, modified: modifiedCount, deleted: 0, skipped: 0, quarantined: 0 };
  } finally {
    clearInterval(timer);
  }
}

/** How often it is looked how far an update is, in milliseconds. */
const lookMs = 500;

async function inPages(surroundings: BatchSurroundings, checked: Checked): Promise<BatchResult> {
  const { gate } = surroundings;
  const backfill = backfillOf(surroundings, checked);
  const { matched, modified, deleted, skipped, quarantined } = (await journalled(gate, backfill))
    ? await gate.perform(operationOf(backfill, checked))
    : await withoutJournal(surroundings, backfill);
  if (quarantined > 0) {
    const left = `${quarantined} ${quarantined === 1 ? 'document was' : 'documents were'} left as before`;
    backfill.tell('warn', `${backfill.title}: ${left}, with a copy in ${gate.own.quarantine}.`, { quarantined });
  }
  return { matched, modified, deleted, skipped, quarantined };
}

function backfillOf({ gate, source, signal, send, rehearsal }: BatchSurroundings, checked: Checked): Backfill {
  const { namespace, name, throttle } = checked;
  const collection = shownName(namespace, gate.database);
  return {
    namespace,
    filter: checked.filter,
    work: checked.work,
    order: checked.order ?? [['_id', 1]],
    size: checked.size ?? usualSize,
    concurrency: checked.concurrency ?? 1,
    throttle: { pauseMs: throttle?.pauseMs ?? 0, documentsPerSecond: throttle?.documentsPerSecond },
    onError: checked.onError ?? 'stop',
    maxErrors: checked.maxErrors ?? usualMaxErrors,
    surveys: rehearsal,
    signal,
    describe: (error) => {
      if (error instanceof Unusable) return error.message;
      showWhole(error, source);
      return hiddenText(error, source);
    },
    placeOf: (error) => placeIn(error, source),
    tell: (level, message, fields) => send({ type: 'log', level, message, fields: { collection, ...fields } }),
    title: name === undefined ? `batch on ${collection}` : `batch ${hideUnknown(name, source)} on ${collection}`,
  };
}

/** Whether each page can be one transaction of the journal's: not on a standalone, not inside another transaction. */
async function journalled(gate: Gate, { namespace }: Backfill): Promise<boolean> {
  if (gate.journal === undefined || gate.enclosing !== undefined) return false;
  const kind = await gate.journal.context.kinds.of(namespace);
  return kind === 'plain' || kind === 'absent' || kind === 'unknown';
}

/** What its fingerprint is made of are the arguments: of functions only that they are there. */
function operationOf(backfill: Backfill, { name, filter, work, order }: Checked): BackfillOperation {
  // What was done before it is refused is told as it is committed.
  const call: Call = {
    kind: 'update',
    method: 'batch',
    namespace: backfill.namespace,
    multi: false,
    mayCreate: false,
  };
  return {
    call,
    args: [{ name, filter, update: work.kind === 'update' ? work.update : undefined, order }],
    session: undefined,
    send: () => Promise.reject(new Error('A batch is carried out by the journal.')),
    change: (tallies: Tallies) => ({ counts: tallies }),
    backfill,
  };
}

async function withoutJournal(surroundings: BatchSurroundings, backfill: Backfill): Promise<Tallies> {
  const { gate, client, raw, driver, migration } = surroundings;
  const { namespace, title, tell, placeOf } = backfill;
  const session = gate.enclosing;
  if (session === undefined) {
    const why = gate.journal === undefined ? 'this server has no transactions' : 'its collection takes no transactions';
    tell('info', `${title}: ${why}, so a batch that is interrupted begins at its top again.`, {});
  }
  const putAside = async (failed: readonly Failed[]) => {
    const about = { migration, namespace };
    const exactly = (one: Failed) => () => decodedExactly(one.row.bytes, driver);
    const documents = failed.map((one) => quarantined(about, one, placeOf, exactly(one)));
    await raw.db(gate.database).collection(gate.own.quarantine).insertMany(documents, { session });
    gate.noteQuarantined(namespace, failed.length, session);
  };
  return runPlain({
    collection: client.db(namespace.database).collection(namespace.collection ?? ''),
    driver,
    backfill,
    refuseWhenClosed: gate.refuseWhenClosed,
    putAside,
  });
}

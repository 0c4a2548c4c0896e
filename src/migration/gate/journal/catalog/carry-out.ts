import { setTimeout as sleep } from 'node:timers/promises';
import { serverCode, serverCodes } from '../../../../mongo/server-code.ts';
import { ReleaseError } from '../../../../observe/error.ts';
import type { CatalogChange, StoredError } from '../../../journal/documents.ts';
import { FreshFence } from '../../../lease/fresh-fence.ts';
import type { Namespace, Operation } from '../../call.ts';
import { failureKind } from '../../failure.ts';
import type { EntryDraft, JournalContext, Turn } from '../context.ts';
import { storeError, storeResult } from '../stored.ts';
import { unheard } from '../unheard.ts';
import { carryAlong } from './carry-along.ts';
import { named } from './doubt.ts';
import { changed, type Found, lookAround, lookOf } from './found.ts';

/** One change of the catalog: how it is made, and how the catalog tells that it was. */
export interface Step<T> {
  /** What was there before: on record before anything is done. */
  readonly change: CatalogChange;
  /** Why it cannot be undone; undefined where it can. */
  readonly note?: string;
  /**
   * Makes the change. Called again where it is not known to be done. The fence is fresh when it is called; who waits for
   * anything before sending awaits `fenced.ready` first.
   */
  act(fenced: Fenced): Promise<T>;
  /** Where an earlier try has made it, what that would have answered. Throws `OPERATION_IN_DOUBT`. */
  done(found: Found): Promise<{ readonly result: T } | undefined>;
  /** Whether the call can be sent but once in a run: the driver's cursor is of no use after an error. */
  readonly once?: boolean;
  /** Whether a refusal tells that what stands there now was made by somebody else. */
  readonly madeByOthers?: (refusal: unknown) => boolean;
  /** What came out otherwise than was intended, for the record. */
  readonly otherwise?: () => Otherwise;
}

export interface Fenced {
  /**
   * To be awaited right before each thing that is sent: the process may have been frozen since the last look. Rejects
   * with what ends the run, `LEASE_LOST` among it.
   */
  readonly ready: () => Promise<void>;
  /** Puts on record, under the fence, what an interruption from here on has to find beside what is known already. */
  readonly record: (more: Partial<CatalogChange>) => Promise<void>;
  /** The same for what others made under the second name, by its tombstone: to be awaited before it goes there. */
  readonly displaces: (tombstone: string) => Promise<void>;
}

export interface Otherwise extends Partial<Pick<CatalogChange, 'tombstone'>> {
  readonly note?: string;
}

/** How long a lock of others, an index build or an election is waited for, in milliseconds. */
const patienceMs = 60_000;

type Outcome<T> = { readonly result: T } | { readonly error: unknown };

/**
 * Intent on record, the change, its result on record: no transaction takes a change of the catalog, so after an
 * interruption the catalog itself says whether it was made. Rejects with what user code is to see.
 */
export async function carryOut<T>(
  context: JournalContext,
  operation: Operation<T>,
  { fingerprint, takeReads, begun }: Turn,
  step: Step<T>,
  kind: 'catalog' | 'implicit' = 'catalog',
): Promise<T> {
  const { method, namespace } = operation.call;
  const about = { kind, method, namespace, fingerprint, ...undoable(context, step.note) } as const;
  // The intent of an earlier run says nothing of this one's lease.
  const fence = new FreshFence(() => context.transactor.transact(async () => {}));
  let entry = begun?._id;
  if (entry === undefined) {
    const reads = takeReads();
    entry = await fence.shownBy(() =>
      context.transactor.transact((tx) => tx.record({ ...about, reads, state: 'intent', catalog: step.change })),
    );
  }
  const recorded = entry;
  const amend = (fields: Partial<EntryDraft>) => context.transactor.transact((tx) => tx.amend(recorded, fields));
  let { change } = step;
  const record = async (more: Partial<CatalogChange>) => {
    change = { ...change, ...more };
    await fence.shownBy(() => amend({ catalog: change }));
  };
  const fenced: Fenced = {
    ready: async () => {
      try {
        await fence.assertFresh();
        context.refuseWhenClosed();
      } catch (error) {
        throw new NotSent(error);
      }
    },
    record,
    displaces: async (tombstone) => {
      const { displaced = [] } = change;
      if (!displaced.includes(tombstone)) await record({ displaced: [...displaced, tombstone] });
    },
  };
  const outcome = await attempt(context, namespace, step, begun !== undefined, fenced);
  context.kinds.forget();
  if ('result' in outcome) change = await withDisplaced(context, change, fenced);
  if ('error' in outcome && !answered(outcome.error, operation)) throw replacedMeanwhile(outcome.error, namespace);
  const found = await lookAround(context, namespace, step.change.to);
  const { note, ...otherwise } = step.otherwise?.() ?? {};
  // What is known to be the migration's stays so, and what stands there after a refusal others may have made.
  const there = 'result' in outcome ? found.there : undefined;
  const after = change.after ?? (step.change.to === undefined ? found.here : there);
  const catalog: CatalogChange = { ...change, after, ...otherwise };
  operation.catalog?.seen(lookOf(catalog));
  // A refused call may have made the collection all the same, and left it empty.
  const others = 'error' in outcome && step.madeByOthers?.(outcome.error) === true;
  const done = 'result' in outcome || (!others && changed(change, found));
  await amend({
    state: done ? 'done' : 'refused',
    ...(done ? { catalog } : {}),
    ...(note === undefined ? {} : undoable(context, note)),
    // An object of the driver's is made anew for a replay.
    ...('error' in outcome ? { error: told(outcome.error) } : stored(outcome.result, operation)),
  });
  if ('error' in outcome) throw outcome.error;
  return outcome.result;
}

/** What others made under the second name belongs to what is there now; what is not in that is kept, and told. */
async function withDisplaced(
  context: JournalContext,
  change: CatalogChange,
  { ready, record }: Fenced,
): Promise<CatalogChange> {
  const { to, displaced = [], carried = [] } = change;
  if (to === undefined || displaced.length === 0) return change;
  try {
    await record({ carried: displaced });
    // Of those that an earlier try was at nobody can tell.
    const doubtful = displaced.filter((tombstone) => carried.includes(tombstone));
    const others = displaced.filter((tombstone) => !carried.includes(tombstone));
    const kept = [...doubtful, ...(await carryAlong(context, to, others, ready))];
    for (const tombstone of kept)
      context.note(
        `Of what others wrote to ${named(to)} while that was put in place, documents are in ${tombstone} alone, or may be.`,
      );
    return { ...change, displaced: kept, carried: displaced };
  } catch (error) {
    throw error instanceof NotSent ? error.cause : error;
  }
}

function undoable(context: JournalContext, note: string | undefined): Pick<EntryDraft, 'images' | 'note'> {
  if (note !== undefined) context.note(note);
  return { images: note === undefined, note };
}

function stored<T>(result: T, { catalog }: Operation<T>): Pick<EntryDraft, 'result'> {
  return { result: catalog?.object === undefined ? storeResult(result) : { form: 'nothing' } };
}

async function attempt<T>(
  context: JournalContext,
  namespace: Namespace,
  step: Step<T>,
  resumed: boolean,
  fenced: Fenced,
): Promise<Outcome<T>> {
  const since = performance.now();
  const done = async () => step.done(await lookAround(context, namespace, step.change.to));
  // Whether a try that nobody heard the end of may have made the change.
  let unsure = resumed;
  for (;;) {
    try {
      const made = unsure ? await done() : undefined;
      if (made !== undefined) return made;
      await fenced.ready();
      return { result: await step.act(fenced) };
    } catch (error) {
      if (error instanceof NotSent) throw error.cause;
      if (error instanceof ReleaseError) return { error };
      const lost = unheard(error);
      // That earlier try may have been made while this one was under way, and be why this one was refused.
      if (!lost && !busy.has(serverCode(error))) return (unsure ? await done() : undefined) ?? { error };
      if (step.once === true || performance.now() - since > patienceMs) return { error };
      unsure ||= lost;
      await sleep(100 + 200 * Math.random());
    }
  }
}

/** It ends the run, and is no answer to the call. */
class NotSent extends Error {
  constructor(cause: unknown) {
    super('The fence forbids it.', { cause });
  }
}

/** Locks and index builds of others: they pass, and nothing was done (`src/mongo/base/error_codes.yml`). */
const busy: ReadonlySet<number | undefined> = new Set([
  24, // LockTimeout
  112, // WriteConflict
  117, // ConflictingOperationInProgress
  12_586, // BackgroundOperationInProgressForDatabase
  12_587, // BackgroundOperationInProgressForNamespace
]);

/** Whether user code may be told so for good: the driver or the server said no. */
function answered(error: unknown, { call }: Operation<unknown>): boolean {
  if (error instanceof ReleaseError || unheard(error)) return false;
  if (serverCode(error) === serverCodes.CollectionUUIDMismatch) return false;
  // Of some refusals the driver makes errors without a code.
  return storeError(error) !== undefined || failureKind(error, call) !== 'unknown';
}

function told(error: unknown): StoredError {
  const { name, message } = error as Error;
  return storeError(error) ?? { name, message };
}

/** The server's own words for this are about UUIDs; what matters is that somebody else was at work. */
function replacedMeanwhile(error: unknown, { database, collection }: Namespace): unknown {
  if (serverCode(error) !== serverCodes.CollectionUUIDMismatch) return error;
  return new ReleaseError(
    'CATALOG_MOVED',
    `${database}.${collection} was replaced by another collection while a migration changed it.`,
    {
      hint: 'Find out what drops and makes collections while migrations run, stop it, and run the command again.',
      cause: error,
    },
  );
}

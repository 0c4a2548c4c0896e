import { serverCode, serverCodes } from '../../../mongo/server-code.ts';
import type { StoredError } from '../../journal/documents.ts';
import { FreshFence } from '../../lease/fresh-fence.ts';
import type { Call, Namespace, Operation } from '../call.ts';
import { failureKind } from '../failure.ts';
import { carryOut } from './catalog/carry-out.ts';
import { inDoubt, named } from './catalog/doubt.ts';
import { replaceStep } from './catalog/replace.ts';
import type { Handler, JournalContext, Turn } from './context.ts';
import { storeError, storeResult } from './stored.ts';
import { unheard } from './unheard.ts';
import { isUnreadable } from './unreadable.ts';

/**
 * What no transaction takes: `$out`, of which the catalog tells; and what nothing tells of: `$merge`, map-reduce, writes to capped collections, time
 * series and views, commands that the gate does not know. Intent on record, the call as it is, its answer on record.
 *
 * Throws `OPERATION_IN_DOUBT` for a call of which an earlier run has left the intent alone.
 */
export const unfenced: Handler = async <T>(...[context, operation, turn]: Arguments<T>): Promise<T> => {
  const { call } = operation;
  const { method } = call;
  const namespace = writtenBy(call);
  if (method.endsWith('$out') && (turn.begun === undefined || turn.begun.catalog !== undefined)) {
    const step = await unlessForbidden(replaceStep(context, operation, turn.begun?.catalog));
    if (step !== undefined) return carryOut(context, operation, turn, step);
  }
  if (turn.begun !== undefined) throw inDoubt({ method, namespace }, 'no transaction takes it');
  const note = noteOf(call, await context.kinds.of(namespace));
  context.note(note);
  const reads = turn.takeReads();
  const { transactor } = context;
  const fence = new FreshFence(() => transactor.transact(async () => {}));
  const about = { kind: 'unfenced', method, namespace, fingerprint: turn.fingerprint, images: false, note } as const;
  const id = await fence.shownBy(() => transactor.transact((tx) => tx.record({ ...about, state: 'intent', reads })));
  await fence.assertFresh();
  context.refuseWhenClosed();
  try {
    const result = await operation.send(operation.session);
    await transactor.transact((tx) => tx.amend(id, { state: 'done', result: storeResult(result) }));
    return result;
  } catch (error) {
    const settled = settledBy(error, operation, context);
    if (settled !== undefined) await transactor.transact((tx) => tx.amend(id, settled));
    throw error;
  } finally {
    context.kinds.forget();
  }
};

/** Undefined where the user may not look at the catalog. */
async function unlessForbidden<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    if (serverCode(error) !== serverCodes.Unauthorized) throw error;
    return undefined;
  }
}

type Arguments<T> = [context: JournalContext, operation: Operation<T>, turn: Turn];

/** Undefined where no answer came: the intent stays alone then. */
function settledBy(error: unknown, operation: Operation<unknown>, { driver }: JournalContext) {
  if (unheard(error)) return undefined;
  const kind = isUnreadable(error, operation, driver) ? 'unknown' : failureKind(error, operation.call);
  const stored = storeError(error);
  if (kind === 'unknown') return stored === undefined ? undefined : ({ state: 'done', error: stored } as const);
  const { name, message } = error as Error;
  const told: StoredError = stored ?? { name, message };
  return { state: 'refused', error: told } as const;
}

/** What it is about for whoever has to look: of a pipeline not what it reads. */
function writtenBy({ kind, namespace, also }: Call): Namespace {
  return kind === 'pipeline' && also !== undefined ? also : namespace;
}

function noteOf(call: Call, kind: Awaited<ReturnType<JournalContext['kinds']['of']>>): string {
  const what = `${call.method} on ${named(writtenBy(call))}`;
  const why = kind === 'plain' || kind === 'absent' || kind === 'unknown' ? 'no transaction takes it' : reasons[kind];
  return `${what} cannot be undone, nor taken up again when it is interrupted: ${why}.`;
}

const reasons = {
  capped: 'the collection is capped, and no transaction takes it',
  'time-series': 'the collection is a time series, and no transaction takes it',
  view: 'it is about a view',
  system: "the collection is the server's own",
} as const;

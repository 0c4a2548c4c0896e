import { isHalfDone } from '../../migration/beginning.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { type ErrorCode, errorCodes } from '../../observe/error-codes.ts';
import { formatTime } from '../../report/format.ts';
import { endedWell, standingOutcomes } from '../record/outcomes.ts';
import { deploysOf, latestBegan, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { Run } from '../run.ts';

/** A release that did not come to a good end, and has left something which no other one has gone on from or taken back. */
export interface LeftOpen {
  readonly record: ReleaseRecord;
  /** A sentence: where it stopped, and since when. */
  readonly stopped: string;
  /** A sentence: what comes next. */
  readonly next: string;
  /** Whether its run may still be at it. */
  readonly here: boolean;
  /** Whether a migration of its plan is half-way: then that tells what comes next. */
  readonly half: boolean;
  /** Names of what is for after its deploy, which never began; none where it did, or where nothing is. */
  readonly afterDeploy: readonly string[];
}

/**
 * The newest `release`, where it is left open, or where nothing is left of that the one before; undefined where none is. A
 * `migrate` leaves nothing but migrations, and those tell. Only reads.
 */
export async function leftOpen(
  run: Run,
  connection: Connection,
  history: readonly HistoryRecord[],
): Promise<LeftOpen | undefined> {
  try {
    const record = await newestOpen(run, connection, history);
    if (record === undefined) return undefined;
    const { agreed, migrations } = record;
    const deploys = deploysOf(record);
    const half = history.some((one) => migrations.includes(one._id) && isHalfDone(one));
    const [seen] = record.state === 'running' ? await new ReleaseRecords(connection.db, run).look([record]) : [];
    const here = seen?.presence === 'here';
    const applied = new Set(history.filter(({ state }) => state === 'applied').map(({ _id }) => _id));
    const later = agreed?.pending.filter(({ name, phase }) => phase === 'after-deploy' && !applied.has(name)) ?? [];
    const afterDeploy = deploys.length === 0 ? later.map(({ name }) => name) : [];
    return { record, ...inWords(run, record), here, half, afterDeploy };
  } catch (error) {
    throw asServerFailure(error, 'looking for a release that did not come to its end');
  }
}

/** One that was taken back leaves what another has left before it. */
async function newestOpen(
  run: Run,
  connection: Connection,
  history: readonly HistoryRecord[],
): Promise<ReleaseRecord | undefined> {
  const records = new ReleaseRecords(connection.db, run);
  for await (const record of standingOutcomes(run, connection)) {
    if (record.kind !== 'release' || endedWell(record)) return undefined;
    const { _id, migrations } = record;
    // Also where another release had begun that, and this one could not go on with it.
    const half = history.some((one) => migrations.includes(one._id) && isHalfDone(one));
    if (half || history.some(({ state, appliedIn }) => state === 'applied' && appliedIn === _id)) return record;
    const deployed = deploysOf(record).at(-1)?.startedAt;
    // By single steps it was taken back as well.
    const gone = history.some((one) => migrations.includes(one._id) && one.state === 'rolled-back');
    if (deployed !== undefined && !gone && !(await records.deployedAfter(deployed))) return record;
  }
  return undefined;
}

function inWords({ invocation }: Run, record: ReleaseRecord): Pick<LeftOpen, 'stopped' | 'next'> {
  const { _id, state, steps = [], error, finishedAt, heard } = record;
  const at = steps.find((step) => step.state === 'failed' || step.state === 'running')?.name;
  const began = deploysOf(record).length > 0;
  const before = !began && invocation.settings.hooks.deploy !== undefined ? ' before its deploy' : '';
  const where = before === '' && at !== undefined ? ` at ${at}` : before;
  const time = formatTime(finishedAt ?? heard?.at ?? latestBegan(record));
  const code = error === undefined ? '' : ` [${error.code}]`;
  const what = state === 'running' ? `was cut off${where}, at ${time} or shortly after` : `stopped${where} at ${time}`;
  const deploys = before === '' ? '' : ', and deploys';
  return {
    stopped: `Release ${_id} ${what}${code}, and nothing has gone on from there since.`,
    next: `mongo-release release --apply goes on from what is applied${deploys}; mongo-release rollback ${_id} takes it back.`,
  };
}

/** As the release itself ended, where it could say so. */
export function leftOpenError({ record, stopped, next }: LeftOpen): ReleaseError {
  const code = record.error?.code as ErrorCode | undefined;
  const itself = code !== undefined && Object.hasOwn(errorCodes, code) && [8, 9].includes(errorCodes[code].exit);
  return new ReleaseError(itself ? code : 'FAILED_DIRTY', stopped, { hint: next });
}

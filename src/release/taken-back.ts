import { listed } from '../migration/files/find.ts';
import { readHistory } from '../migration/history/history.ts';
import { isUnsettled } from '../migration/history/position.ts';
import { inspectLease } from '../migration/lease/state.ts';
import type { AgreedPlan } from '../migration/plan/agreed.ts';
import type { HistoryRecord } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { ReleaseError } from '../observe/error.ts';
import { formatTime } from '../report/format.ts';
import { latestBegan, type ReleaseRecord } from './record/record.ts';
import { isOnRecord, ReleaseRecords } from './record/records.ts';
import { RollbackRecords } from './record/rollback-records.ts';
import { runInWords } from './record/run-in-words.ts';
import { dataOf } from './rollback/open.ts';
import { stateIn } from './rollback/traffic.ts';
import { namesOf, type Run } from './run.ts';

/**
 * Nobody has the lease while an application is deployed, so what it needs may have been taken back meanwhile. Throws
 * `TAKEN_BACK` where since its latest attempt a rollback of this release has come to its data or its application, or another
 * way back of one of its migrations was begun, whether or not that came to its end; or where its record was there and is gone.
 * Comes back with whether there is a release of that id: without one nobody can tell. `own` is the fence of who asks
 * under the lease: whoever takes that first marks with it what a killed run has left.
 */
export async function refuseTakenBack(
  run: Run,
  connection: Connection,
  releaseId: string,
  own = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const { db } = connection;
  const [record, rollback, history] = await Promise.all([
    new ReleaseRecords(db, run).find(releaseId).catch(failed),
    new RollbackRecords(db, run).newestOf(releaseId).catch(failed),
    readHistory(db, namesOf(run), { brief: true }).catch(failed),
  ]);
  // One that nobody put on record has nothing that could be gone.
  if (record === null && rollback === null && !isOnRecord(releaseId)) return false;
  if (record !== null && record.kind !== 'migrate' && record.kind !== 'release') return false;
  const { fence = 0, kind } = record ?? {};
  const migrations = record === null ? [] : neededBy(record);
  const since = history.filter((one) => one.fence > fence && one.fence < own);
  const gone = since.filter((one) => migrations.includes(one._id) && isGone(one, [releaseId]));
  const begun = rollback !== null && fenceOf(rollback) > fence && (await hasTaken(run, connection, rollback));
  const by = begun ? rollback : undefined;
  if (record !== null && gone.length === 0 && by === undefined) return true;
  const names = gone.map(({ _id }) => _id);
  const part = gone.some(isUnsettled) || (by !== undefined && by.state !== 'rolled-back') ? ', in part' : '';
  const what = names.length === 0 ? 'it was taken back' : `${listed(names)} of it was taken back`;
  const how = record === null ? ', and its record with it' : part;
  // What deployed went with its record: no rollback knows of it any more.
  const too = kind === 'release' ? ` too: mongo-release rollback ${releaseId}` : ' too';
  throw new ReleaseError(
    'TAKEN_BACK',
    `While release ${releaseId} was being deployed, or since, ${what}${by === undefined ? '' : ` by rollback ${by._id}`}${how}. The application that it deployed may be on the data of before.`,
    { hint: `Bring the application of before back${too}. Or correct the cause and release again.` },
  );
}

/** What was taken back of a plan. */
interface Since {
  /** Sentences. */
  readonly said: string;
  /** Whether that is all on its way up, by the run that has the lease: nothing was taken back, and nothing is left half-way. */
  readonly onItsWay: boolean;
}

/**
 * What was taken back since it was begun of what this digest stands for: nobody agreed to apply that once more.
 * It is one of its migrations, since a release on it was last to apply that; or any release on it, since one was to apply all
 * of it. Undefined where nothing was. Only reads. Throws what `asServerFailure` makes of a server's failure.
 */
export async function takenBackSince(
  run: Run,
  connection: Connection,
  { digest, pending }: AgreedPlan,
): Promise<Since | undefined> {
  const { db } = connection;
  const on = await new ReleaseRecords(db, run).agreedOn(digest);
  const ids = on.map(({ _id }) => _id);
  const [rollbacks, history, lease] = await Promise.all([
    new RollbackRecords(db, run).of(ids).catch(failed),
    readHistory(db, namesOf(run), { brief: true }).catch(failed),
    inspectLease(db, namesOf(run)),
  ]);
  const names = pending.map(({ name }) => name);
  const lastBegun = (wanted: readonly string[]) =>
    Math.max(0, ...on.filter((one) => wanted.every((name) => one.migrations.includes(name))).map(fenceOf));
  const gone = history.filter((one) => names.includes(one._id) && one.fence > lastBegun([one._id]) && isGone(one, ids));
  // What it has taken back of these says so itself.
  const others = rollbacks.filter(
    (one) => fenceOf(one) > lastBegun(names) && !gone.some(({ releaseId }) => releaseId === one._id),
  );
  const holder = lease.held ? lease.holder?.releaseId : undefined;
  const isOnItsWay = ({ state, direction, releaseId }: HistoryRecord) =>
    releaseId === holder && state === 'running' && direction === 'up';
  const byRun = Map.groupBy(gone, ({ releaseId, state, direction }) => [releaseId, state, direction].join(' '));
  const inWords = (some: readonly HistoryRecord[]) => goneInWords(run, connection, some, some.every(isOnItsWay));
  const said = [
    ...(await Promise.all([...byRun.values()].map((some) => inWords(some).catch(failed)))),
    ...(await Promise.all(others.map((one) => takenInWords(run, connection, one)))),
  ].filter((one) => one !== undefined);
  if (said.length === 0) return undefined;
  return { said: said.join(' '), onItsWay: said.length === byRun.size && gone.every(isOnItsWay) };
}

/** All by one run, in one state, on one way. */
async function goneInWords(
  run: Run,
  connection: Connection,
  records: readonly HistoryRecord[],
  onItsWay: boolean,
): Promise<string> {
  const names = records.map(({ _id }) => _id);
  const { state, direction, releaseId, startedAt, finishedAt = startedAt } = records[0] as HistoryRecord;
  const by = await runInWords(run, connection, releaseId);
  if (onItsWay) return `${listed(names)} ${names.length === 1 ? 'is on its way' : 'are on their way'}, by ${by}.`;
  const what =
    state === 'rolled-back' ? 'taken back' : direction === 'down' ? 'taken back in part' : 'begun, and left half-way,';
  return `${listed(names)} ${names.length === 1 ? 'was' : 'were'} ${what} since by ${by} at ${formatTime(finishedAt)}.`;
}

/** Undefined where it has taken nothing back. */
async function takenInWords(run: Run, connection: Connection, rollback: ReleaseRecord): Promise<string | undefined> {
  if (!(await hasTaken(run, connection, rollback))) return undefined;
  const { _id, of, state, finishedAt = latestBegan(rollback) } = rollback;
  const part = state === 'rolled-back' ? '' : ', in part';
  return `Release ${of} was taken back since by rollback ${_id} at ${formatTime(finishedAt)}${part}.`;
}

/** A plan that moved, with what was taken back of it since it was begun, where that is so. Only reads. */
export async function tellingTakenBack(run: Run, connection: Connection, moved: ReleaseError): Promise<ReleaseError> {
  const { code, message, details } = moved;
  if (code !== 'PLAN_MOVED') return moved;
  const [on] = await new ReleaseRecords(connection.db, run).agreedOn(String(details.expected).toLowerCase());
  const since = on?.agreed && (await takenBackSince(run, connection, on.agreed));
  if (since === undefined) return moved;
  const hint = since.onItsWay
    ? moved.hint
    : 'Where it is to be applied again, have that agreed to: look at what mongo-release plan says now, and release by a new plan (plan --out FILE, or its digest).';
  return new ReleaseError(code, `${message} ${since.said}`, { hint, details, cause: moved });
}

/** What it was to apply, and what others had applied of the plan that it went on with. */
function neededBy({ migrations, agreed }: ReleaseRecord): readonly string[] {
  return [...migrations, ...(agreed?.pending ?? []).map(({ name }) => name)];
}

function fenceOf({ fence = 0 }: ReleaseRecord): number {
  return fence;
}

/** A way down, whole or half, or somebody else's half way up: these releases had it applied, or were to apply it themselves. */
function isGone({ state, direction, releaseId }: HistoryRecord, releases: readonly string[]): boolean {
  return state === 'rolled-back' || (state !== 'applied' && (direction === 'down' || !releases.includes(releaseId)));
}

/** One that stopped before its data, or put nothing of them back, and left the application as it was, has taken nothing back. */
async function hasTaken(run: Run, connection: Connection, rollback: ReleaseRecord): Promise<boolean> {
  const { state, steps = [] } = rollback;
  if (state === 'rolled-back' || state === 'running') return true;
  if ((stateIn(steps, 'rollback-app') ?? 'skipped') !== 'skipped') return true;
  return stateIn(steps, 'data') !== 'skipped' && (await dataOf(run, connection, rollback)) !== 'untouched';
}

function failed(error: unknown): never {
  throw asServerFailure(error, 'looking whether the release was taken back meanwhile');
}

import { listed } from '../../migration/files/find.ts';
import { readHistory } from '../../migration/history/history.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { OwnRecord } from '../record/own-record.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Ended, StepName } from '../result.ts';
import { aboutTarget, namesOf, type Run } from '../run.ts';
import { underLease } from '../under-lease.ts';
import { earlierRollback, isTakenOtherwise, stepsBefore } from './earlier.ts';
import { ForetoldSteps } from './foretold-steps.ts';
import { dataOf, refuseHalfRestored } from './open.ts';
import { Playbook } from './playbook.ts';
import type { DataTakenBack, RollbackResult } from './result.ts';
import { StepLog } from './step-log.ts';
import { stateIn, Traffic } from './traffic.ts';
import { findWayBack } from './way-back.ts';

/**
 * `rollback [RELEASE] --start-traffic`: lets users in whom a rollback has shut out, and does nothing else. Its record is closed
 * as rolled back only where its data are back and nothing is to come after them, or where something was applied or deployed
 * since: then what was left may not fit any more.
 *
 * Throws `RELEASE_UNKNOWN` where the release that is named is not the one whose rollback has shut them out, and
 * `RESTORE_INCOMPLETE` where the data are half of a backup, unless a person says `--yes`.
 */
export async function letUsersIn(
  run: Run,
  connection: Connection,
  asked: string | undefined,
): Promise<Ended<'rollback'>> {
  const records = new RollbackRecords(connection.db, run);
  const target = aboutTarget(run, connection);
  const known = await shutBy(records, asked);
  const releaseId = known?.of ?? asked;
  const about = { command: 'rollback', target, ...(releaseId !== undefined && { releaseId }) } as const;
  const nothing = { ...(releaseId !== undefined && { releaseId }), ...noneTaken } as const;
  const without = (why: string) => ({ ...about, outcome: 'nothing-to-do', result: nothing, warnings: [why] }) as const;
  if (known === undefined) return without('Nothing was done: no rollback has stopped traffic.');
  if (run.invocation.flags['dry-run'])
    return without('Nothing was done. It would let users in by hooks.start-traffic, and do nothing else.');
  const own: Run = { ...run, releaseId: known._id, startedAt: new Date() };
  return await underLease(own, connection, async () => {
    // That rollback may have come to its end while this run waited for the lease.
    const shut = await shutBy(records, asked);
    if (shut?._id !== known._id) return without('Nothing was done: traffic is back.');
    if (!run.invocation.flags.yes) await refuseHalfRestored(run, connection);
    const { strategy = 'none', why, backupId, migrations, reason, data } = shut;
    const found = await earlierRollback(run, connection, shut.of ?? shut._id);
    const earlier = found.record?._id === shut._id ? found : undefined;
    const before = earlier?.state === 'unfinished' ? stepsBefore(earlier) : (shut.steps ?? []);
    const record = new OwnRecord(connection, own);
    const { actor, host, runUrl } = run.origin;
    const steps: StepLog = new StepLog(before, { actor, host, runUrl }, () => record.keep({ steps: steps.all }));
    const traffic = new Traffic((now) => record.keepTraffic(now)).found(shut.traffic);
    const playbook = new Playbook(own, connection, steps, strategy, traffic);
    // Without a fence: of the data it takes nothing back, and says nothing of who deployed since.
    await record.start({
      ...{ kind: 'rollback', of: shut.of, migrations, strategy, why, backupId, data, steps: steps.all },
      reason: run.invocation.flags.reason ?? reason,
    });
    return await record.around(async () => {
      await playbook.startTraffic();
      const dataState = stateIn(before, 'data');
      const isOver = dataState === 'done' || dataState === 'skipped';
      const isBack = isOver || (dataState !== undefined && (await nothingIsLeft(run, connection, shut)));
      const taken = isBack && data !== undefined ? await allBack(run, connection, shut, data) : data;
      if (isBack && taken !== undefined) await record.keep({ data: taken });
      if (isBack && !isOver) await steps.run('data', 'nothing is left to take back', async () => {});
      const ahead = isBack && earlier?.state === 'unfinished' ? await stepsAhead(own, connection, strategy, steps) : [];
      if (isBack)
        for (const { name, state } of steps.all)
          if (state !== 'done' && state !== 'skipped' && name !== 'start-traffic' && !ahead.includes(name))
            await steps.skip(name, 'left out: --start-traffic');
      const isEnd = isBack && ahead.length === 0;
      const over = earlier?.state === 'overtaken';
      const untouched = !isBack && (await dataOf(run, connection, { ...shut, steps: before })) === 'untouched';
      const outcome = isEnd ? 'rolled-back' : over || untouched ? 'cancelled' : 'failed-dirty';
      await record.close({ outcome });
      const left = isEnd ? [] : [`Users are in. ${whatIsLeft(releaseId, untouched, over, ahead)}`];
      const result = { ...nothing, rollbackId: shut._id, ...taken, strategy, steps: steps.all };
      return { ...about, outcome, result, warnings: [...playbook.warnings, ...left] };
    });
  });
}

const noneTaken = { strategy: 'none', reverted: [], kept: [], conflicts: [] } as const;

/** Another command, such as `down`, may have ended what an undo had begun. A restore that was cut off goes on by its own record. */
async function nothingIsLeft(run: Run, connection: Connection, shut: ReleaseRecord): Promise<boolean> {
  const { of, migrations, strategy } = shut;
  if (of === undefined || strategy === 'restore') return false;
  const found = await findWayBack(run, connection, { _id: of, migrations }, 'auto').catch(() => undefined);
  return found?.way.strategy === 'none';
}

/** What is on record of data that are back: nothing is half-way, nor lost by a restore that was to come where another way came first. */
async function allBack(run: Run, { db }: Connection, shut: ReleaseRecord, data: DataTakenBack): Promise<DataTakenBack> {
  const history = await readHistory(db, namesOf(run), { brief: true }).catch(() => []);
  const otherwise = data.restore === undefined && isTakenOtherwise(history, shut);
  return { ...data, failed: undefined, ...(otherwise && { loss: undefined }) };
}

/** What is still to be done after the data, such as bringing the application back. */
async function stepsAhead(
  run: Run,
  connection: Connection,
  strategy: RollbackResult['strategy'],
  steps: StepLog,
): Promise<StepName[]> {
  const foretold = new ForetoldSteps(steps.all);
  await new Playbook(run, connection, foretold, strategy, new Traffic()).finish();
  return foretold.all.filter(({ state }) => state === 'planned').map(({ name }) => name);
}

function whatIsLeft(
  releaseId: string | undefined,
  untouched: boolean,
  over: boolean,
  ahead: readonly StepName[],
): string {
  const rollback = `mongo-release rollback ${releaseId}`;
  if (ahead.length > 0) return `The data are back, and not done yet: ${listed(ahead)}. ${rollback} goes on with that.`;
  if (over)
    return `Something was applied, restored or deployed since, which ends this rollback: ${rollback} begins anew.`;
  return untouched
    ? `Nothing was taken back yet: ${rollback} goes on.`
    : `Its data are on their way: ${rollback} goes on.`;
}

async function shutBy(records: RollbackRecords, asked: string | undefined): Promise<ReleaseRecord | undefined> {
  const shut = await records.trafficStopped();
  if (shut === null) return undefined;
  if (asked === undefined || asked === shut.of || asked === shut._id) return shut;
  throw new ReleaseError(
    'RELEASE_UNKNOWN',
    `It was no rollback of ${asked} that stopped traffic, but that of ${shut.of}.`,
    {
      hint: `Type mongo-release rollback ${shut.of} --start-traffic.`,
    },
  );
}

import type { Connection } from '../../mongo/connect.ts';
import { OwnRecord } from '../own-record.ts';
import type { ReleaseRecord } from '../record.ts';
import { ReleaseRecords } from '../records.ts';
import type { Ended } from '../result.ts';
import { aboutTarget, type Run } from '../run.ts';
import { underLease } from '../under-lease.ts';
import { Playbook } from './playbook.ts';
import { StepLog } from './step-log.ts';
import { stateIn, Traffic } from './traffic.ts';

/**
 * `rollback RELEASE --start-traffic`: lets users in whom a rollback of that release has shut out, and leaves out whatever
 * else was left of it. Its record is closed by that, unless its data are on their way: those somebody has to look after.
 */
export async function letUsersIn(run: Run, connection: Connection, release: ReleaseRecord): Promise<Ended<'rollback'>> {
  const { _id: releaseId } = release;
  const about = { command: 'rollback', target: aboutTarget(run, connection), releaseId } as const;
  const records = new ReleaseRecords(connection.db, run);
  const nothing = { releaseId, strategy: 'none', reverted: [], kept: [], conflicts: [] } as const;
  const shut = await records.trafficStopped();
  if (shut?.of !== releaseId) {
    const by = shut === null ? 'no rollback has stopped traffic.' : `it was stopped by the rollback of ${shut.of}.`;
    return { ...about, outcome: 'nothing-to-do', result: nothing, warnings: [`Nothing was done: ${by}`] };
  }
  if (run.invocation.flags['dry-run']) {
    const would = 'Nothing was done. It would let users in by hooks.start-traffic, and leave out the rest.';
    return { ...about, outcome: 'nothing-to-do', result: nothing, warnings: [would] };
  }
  const own: Run = { ...run, releaseId: shut._id, startedAt: new Date() };
  return await underLease(own, connection, async ({ lease }) => {
    const { fence } = lease;
    const { strategy = 'none', why, backupId, migrations, reason, steps: before = [], data } = shut;
    const record = new OwnRecord(connection.db, own);
    const { actor, host, runUrl } = run.origin;
    const steps: StepLog = new StepLog(before, { actor, host, runUrl }, () => record.keep(fence, { steps: steps.all }));
    const traffic = new Traffic((now) => record.keepTraffic(fence, now)).found(shut.traffic);
    const playbook = new Playbook(own, connection, steps, strategy, traffic);
    await record.start({
      ...{ kind: 'rollback', of: releaseId, migrations, strategy, why, backupId, fence, data, steps: steps.all },
      reason: run.invocation.flags.reason ?? reason,
    });
    return await record.around(async () => {
      await playbook.startTraffic();
      const dataState = stateIn(steps.all, 'data');
      const onTheWay = dataState === 'failed' || dataState === 'unknown';
      if (!onTheWay)
        for (const { name, state } of before)
          if (state !== 'done' && name !== 'start-traffic') await steps.skip(name, 'left out: --start-traffic');
      await record.close({ outcome: onTheWay ? 'failed-dirty' : 'rolled-back' });
      const left = onTheWay
        ? [`Its data are on their way: mongo-release rollback ${releaseId} goes on with them.`]
        : [];
      const result = { ...nothing, ...data, strategy, steps: steps.all };
      return { ...about, outcome: 'rolled-back', result, warnings: [...playbook.warnings, ...left] };
    });
  });
}

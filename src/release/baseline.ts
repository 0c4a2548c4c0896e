import { environment } from '../guard/guards/environment.ts';
import { isHalfDone } from '../migration/beginning.ts';
import { describeMigrations } from '../migration/describe.ts';
import { findMigration } from '../migration/files/find.ts';
import { baseline as record } from '../migration/history/without-run.ts';
import type { HistoryRecord } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { childOptions } from './child-options.ts';
import { refuseUnguarded } from './guards.ts';
import { howFar } from './half-done/half-done.ts';
import { listFiles } from './migrate-mongo.ts';
import { OwnRecord } from './record/own-record.ts';
import type { Ended } from './result.ts';
import { refuseHalfRestored } from './rollback/open.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { underLease } from './under-lease.ts';

/**
 * `baseline NAME`: records one migration as applied without running it, for a database that has already what it does,
 * and to accept the present content of a file that was edited since it had been applied. Of one that was half done it
 * gives up what the journal could have undone, and says what stays in the data.
 */
export async function baseline(run: Run): Promise<Ended<'baseline'>> {
  const [name = ''] = run.invocation.arguments;
  const file = findMigration(name, await listFiles(run), 'mongo-release baseline', false);
  const facts = await describeMigrations([file], childOptions(run));
  const phases = new Map([...facts].map(([known, { phase }]) => [known, phase]));
  await using connection = await openTarget(run, 'write');
  await refuseUnguarded(run, connection, [environment]);
  const { recorded, warnings } = await underLease(run, connection, async (tenure) => {
    await refuseHalfRestored(run, connection);
    const prior = await tenure.history.find(file.name);
    const warnings = prior !== undefined && isHalfDone(prior) ? [await left(run, connection, prior)] : [];
    const records = new OwnRecord(connection, run);
    await records.start({ kind: 'baseline', migrations: [file.name], reason: run.invocation.flags.reason });
    const names = await record(tenure.history, [file], phases);
    await tenure.adopt();
    await records.close({ outcome: names.length > 0 ? 'applied' : 'nothing-to-do' });
    return { recorded: names, warnings };
  });
  return {
    command: 'baseline',
    outcome: recorded.length > 0 ? 'applied' : 'nothing-to-do',
    result: { releaseId: run.releaseId, recorded },
    target: aboutTarget(run, connection),
    releaseId: run.releaseId,
    warnings,
  };
}

async function left(run: Run, connection: Connection, prior: HistoryRecord): Promise<string> {
  const { _id: name, direction } = prior;
  const far = await howFar(run, connection, prior);
  const again = direction === 'up' ? '' : ' again';
  return `${name} was half-way ${direction}, after ${far}: that stays in the data, and is undone by the journal no more. See to it that the target${again} has all that its up does.`;
}

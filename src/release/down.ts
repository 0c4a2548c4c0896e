import { environment } from '../guard/guards/environment.ts';
import { type DownScope, selectDown } from '../migration/down.ts';
import { nameOf } from '../migration/files/files.ts';
import { position } from '../migration/history/position.ts';
import { readChangelog } from '../migration/migrate-mongo/changelog.ts';
import type { HistoryRecord } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import { runInTarget } from './applying/apply.ts';
import { outcomeOf } from './applying/apply-plan.ts';
import { turnsOf } from './applying/turns.ts';
import { refuseUnguarded } from './guards.ts';
import { readWayDown } from './half-done/way-down.ts';
import { changelogOf } from './migrate-mongo.ts';
import { needReason } from './reason.ts';
import { OwnRecord } from './record/own-record.ts';
import type { Ended } from './result.ts';
import { refuseHalfRestored } from './rollback/open.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { underLease } from './under-lease.ts';

/** `down [N | --to NAME]`: takes migrations back, the last applied first. In production only with a reason on record. */
export async function down(run: Run): Promise<Ended<'down'>> {
  const { reason } = run.invocation.flags;
  needReason(run, 'the way down', '; to take a whole release back, type mongo-release rollback');
  const asked = run.invocation.flags.block ? undefined : scopeOf(run);
  await using connection = await openTarget(run, 'write');
  await refuseUnguarded(run, connection, [environment]);
  const about = { command: 'down', target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
  // Awaited here: the connection closes when this function is left.
  return await underLease(run, connection, async (tenure) => {
    await refuseHalfRestored(run, connection);
    const wayDown = await readWayDown(run, connection, asked ?? ((records) => block(run, connection, records)));
    const { records, files } = wayDown;
    const steps = selectDown({ ...wayDown, files: [...files.values()] });
    const result = { strategy: 'down', reverted: [], kept: [], conflicts: [] } as const;
    if (steps.length === 0) return { ...about, outcome: 'nothing-to-do', result };
    for (const step of steps.filter((one) => one.edited)) {
      run.log.warn(`${step.file.fileName} was edited since it was applied: its down may not fit what its up did.`, {
        migration: step.file.name,
      });
    }
    const names = steps.map((step) => step.file.name);
    const record = new OwnRecord(connection, run);
    const start = { kind: 'down', migrations: names, reason, positionBefore: position(records).digest } as const;
    await record.start(start, { goesOn: true });
    const progress = await record.around(() => runInTarget(run, connection, tenure, 'down', turnsOf(wayDown, names)));
    const { error } = progress;
    const outcome = error === undefined ? 'rolled-back' : outcomeOf(progress);
    await record.close({ outcome, error });
    const warnings =
      asked !== undefined && 'count' in asked && asked.count > steps.length ? [fewer(asked.count, steps.length)] : [];
    return {
      ...about,
      outcome,
      warnings,
      result: { ...result, reverted: progress.done, failed: progress.failed },
      error,
    };
  });
}

function fewer(asked: number, there: number): string {
  return `${asked} migrations were to be taken back, and there ${there === 1 ? 'was one' : `were ${there}`}.`;
}

/**
 * What was applied together with the last migration: by one `up`, which migrate-mongo's changelog calls a block; in
 * another project by one release.
 */
async function block(run: Run, { db }: Connection, records: readonly HistoryRecord[]): Promise<DownScope> {
  const newest = records.filter((record) => record.state === 'applied').sort((a, b) => b.sequence - a.sequence);
  const [last] = newest;
  if (last === undefined) return { count: 1 };
  const changelog = changelogOf(run);
  if (changelog === undefined) {
    const { appliedIn } = last;
    const together = newest.filter(
      ({ _id, appliedIn: other }) => _id === last._id || (appliedIn && other === appliedIn),
    );
    return { names: new Set(together.map(({ _id }) => _id)) };
  }
  const { entries } = await readChangelog(db, changelog);
  const blockOf = (record: HistoryRecord) =>
    entries.find(({ fileName }) => nameOf(fileName) === record._id)?.migrationBlock;
  const number = blockOf(last);
  const together = newest.filter((record) => record === last || (number !== undefined && blockOf(record) === number));
  return { names: new Set(together.map(({ _id }) => _id)) };
}

function scopeOf(run: Run): DownScope {
  const [count] = run.invocation.arguments;
  const { to } = run.invocation.flags;
  if (count !== undefined && to !== undefined) {
    throw new ReleaseError('USAGE', 'N and --to exclude each other.', {
      hint: 'Type mongo-release down 2, or mongo-release down --to NAME.',
    });
  }
  return to === undefined ? { count: Number(count ?? 1) } : { to };
}

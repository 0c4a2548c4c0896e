import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { undoSentence } from '../../report/way-back.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Ended, Step } from '../result.ts';
import { type Run, stopIfCancelled } from '../run.ts';
import { stepsBefore } from './earlier.ts';
import { ForetoldSteps } from './foretold-steps.ts';
import type { Situation } from './look.ts';
import { Playbook } from './playbook.ts';
import { wouldRestore } from './restoring.ts';
import type { RollbackResult } from './result.ts';
import { Traffic } from './traffic.ts';
import { forecastOf } from './undo-release.ts';

export function planned(release: ReleaseRecord, { way }: Situation): RollbackResult {
  return { releaseId: release._id, strategy: way.strategy, reverted: [], kept: [], conflicts: [] };
}

/** What a rollback would do, step by step, and what it would leave. Only reads. */
export async function foretell(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  situation: Situation,
): Promise<Required<Pick<Ended<'rollback'>, 'result' | 'warnings'>>> {
  const { way, wayDown } = situation;
  const result = { ...planned(release, situation), steps: await stepsOf(run, connection, situation) };
  const nothingDone = (would: string) => [`Nothing was done. A rollback would ${would.replace(/\.$/, '')}.`];
  switch (way.strategy) {
    case 'none':
      return { result, warnings: nothingDone('go on after the data') };
    case 'down':
      return { result, warnings: nothingDone(`go down: ${way.names.join(', ')}`) };
    case 'undo': {
      const undo = await forecastOf(run, connection, release._id, wayDown.records, way.names).catch(onlyLooked);
      return { result: { ...result, undo }, warnings: nothingDone(`undo: ${way.names.join(', ')}`) };
    }
    case 'restore': {
      const { words, loss } = await wouldRestore(run, connection, release, way);
      return { result: { ...result, loss }, warnings: nothingDone(words) };
    }
  }
}

/** What it would walk through, in order. */
async function stepsOf(run: Run, connection: Connection, { way, earlier }: Situation): Promise<readonly Step[]> {
  const begun = earlier.state === 'unfinished' ? earlier.record : undefined;
  const steps = new ForetoldSteps(stepsBefore(earlier));
  const strategy = way.strategy === 'none' ? (begun?.strategy ?? 'none') : way.strategy;
  const stopped = await new RollbackRecords(connection.db, run).trafficStopped();
  const playbook = new Playbook(run, connection, steps, strategy, new Traffic().found(stopped?.traffic));
  await playbook.stopTraffic();
  await playbook.data(way, async () => {});
  await playbook.finish();
  return steps.all;
}

/** How long a rollback looks at what it will leave before it begins: users may be waiting for it. Milliseconds. */
const longestLook = 10_000;

/** Says what an undo is going to leave as users have it. Whatever keeps that from being known does not keep the undo. */
export async function sayWhatStays(
  run: Run,
  connection: Connection,
  { _id }: ReleaseRecord,
  { way, wayDown }: Situation,
): Promise<void> {
  if (way.strategy !== 'undo') return;
  const limit = AbortSignal.timeout(longestLook);
  const limited = { ...run, signal: AbortSignal.any([run.signal, limit]) };
  try {
    run.log.info(undoSentence(await forecastOf(limited, connection, _id, wayDown.records, way.names)));
  } catch (thrown) {
    stopIfCancelled(run);
    const why = limit.aborted ? `looking takes longer than ${longestLook / 1000} s` : asReleaseError(thrown).message;
    run.log.warn(`What the undo will leave to users is not known beforehand: ${why}`);
  }
}

/** What asks the project's `downDocument` may fail as a migration does, and nothing was changed by that. */
function onlyLooked(thrown: unknown): never {
  const error = asReleaseError(thrown);
  if (error.exitCode !== 8) throw error;
  throw new ReleaseError('NO_WAY_BACK', `What an undo would do cannot be told: ${error.message} Nothing was done.`, {
    hint: error.hint,
    cause: error,
  });
}

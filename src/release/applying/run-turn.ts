import { beginningOf, isHalfDone } from '../../migration/beginning.ts';
import { type MigrationEnd, runMigration } from '../../migration/runner.ts';
import type { Effects, HistoryRecord, RunJournal } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { childOptions } from '../child-options.ts';
import { undoRun } from '../half-done/undo-run.ts';
import { type Run, targetOf } from '../run.ts';
import type { Tenure } from '../under-lease.ts';
import type { Turn } from './turns.ts';

export type TurnEnd =
  /** `begun`: its record as the run began. `overHalf`: a part of it was there before, and this run went on with that. */
  | { readonly state: 'ran'; readonly end: MigrationEnd; readonly begun: HistoryRecord; readonly overHalf: boolean }
  /** What an interrupted run had done was undone, and that was all there was to do. `applied`: it counts as that again. */
  | { readonly state: 'undone'; readonly durationMs: number; readonly effects: Effects; readonly applied: boolean };

/**
 * Runs one migration in one direction: from its top, or taking up what an interrupted run has left; where that cannot
 * be taken up, it is undone first. To `settle` it is to end what was begun: what was undone is not run afresh.
 *
 * Throws where nothing of it was run: what recording the intent throws, and `RESUME_BLOCKED` where an interrupted run
 * can neither be taken up nor undone.
 */
export async function runTurn(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  direction: 'up' | 'down',
  turn: Turn,
  settle: boolean,
): Promise<TurnEnd> {
  const { name } = turn.file;
  const log = run.log.with({ migration: name });
  const started = performance.now();
  const undo = (prior: HistoryRecord, journal: RunJournal, why: string) =>
    undoRun(run, connection, tenure, { direction, turn, prior, journal, why });
  const onlyUndone = async (effects: Effects): Promise<TurnEnd> => {
    const durationMs = Math.round(performance.now() - started);
    const { state } = await tenure.history.undone(name, { durationMs, effects });
    return { state: 'undone', durationMs, effects, applied: state === 'applied' };
  };
  const prior = await tenure.history.find(name);
  const beginning = beginningOf(prior, turn.file, direction);
  if (prior !== undefined && beginning.how === 'undo') {
    log.info(`What an earlier run of ${name} did is to be undone: ${beginning.why}.`);
    const effects = await undo(prior, beginning.journal, beginning.why);
    if (settle || !beginning.thenRun) return onlyUndone(effects);
  }
  const resume = beginning.how === 'resume' ? beginning.journal : undefined;
  if (resume !== undefined) log.info(`Migration ${name} is taken up where an earlier run left it.`);
  const begun = await begin(run, connection, tenure, direction, turn, resume);
  log.info(`Migration ${name} goes ${direction}.`);
  const end = await once(run, connection, tenure, direction, turn, begun, resume !== undefined);
  if (end.state !== 'failed' || end.error.code !== 'REPLAY_DIVERGED') {
    const left = beginning.how === 'undo' ? undefined : prior;
    const overHalf = left !== undefined && isHalfDone(left) && left.journal?.entries !== 0;
    return { state: 'ran', end, begun, overHalf };
  }

  const { durationMs, error } = end;
  const { code, message } = error;
  const why = `taken up again, ${name} went another way than before`;
  const then = settle ? '' : ', and then it starts afresh';
  log.warn(`${message} What was done of ${name} is to be undone${then}.`);
  // Without its effects: this run has none, and that is not to be read as a migration of which nothing is there.
  const left = await tenure.history.finish(name, { state: 'interrupted', durationMs, error: { code, message } });
  const undone = left.journal && (await undo(left, left.journal, why));
  if (settle && undone !== undefined) return onlyUndone(undone);
  const again = await begin(run, connection, tenure, direction, turn, undefined);
  const anew = await once(run, connection, tenure, direction, turn, again, false);
  return { state: 'ran', end: anew, begun: again, overHalf: false };
}

function begin(
  run: Run,
  { topology }: Connection,
  { history }: Tenure,
  direction: 'up' | 'down',
  { file, facts }: Turn,
  resume: RunJournal | undefined,
): Promise<HistoryRecord> {
  const { name, fileName, checksum } = file;
  const images = resume?.images ?? run.invocation.settings.migrations.journal === 'images';
  return history.begin(
    { name, fileName, checksum, direction, description: facts.description, phase: facts.phase },
    topology.kind === 'standalone' ? undefined : { images, resume },
  );
}

function once(
  run: Run,
  connection: Connection,
  tenure: Tenure,
  direction: 'up' | 'down',
  { file }: Turn,
  { journal }: HistoryRecord,
  resumes: boolean,
): Promise<MigrationEnd> {
  const { uri, driverOptions } = targetOf(run);
  const log = run.log.with({ migration: file.name });
  return runMigration(
    {
      ...{ file, direction, uri, driverOptions, database: connection.db.databaseName },
      journal: journal && {
        attempt: { migration: file.name, number: journal.attempt },
        fence: tenure.lease.fence,
        images: journal.images,
        entries: journal.entries,
        resumes,
      },
    },
    { ...childOptions(run), log, signal: tenure.signal },
  );
}

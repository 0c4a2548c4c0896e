import { relative } from 'node:path';
import { checksumThatRan, goesOn, type OfRelease } from '../../migration/beginning.ts';
import { unknownChecksum } from '../../migration/files/files.ts';
import { readHistory } from '../../migration/history/history.ts';
import { position } from '../../migration/history/position.ts';
import type { HistoryRecord, RunJournal } from '../../migration/types.ts';
import { describeConflict, type UndoResult } from '../../migration/undo/result.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Turn } from '../applying/turns.ts';
import { ReleaseRecords } from '../record/records.ts';
import { namesOf, type Run } from '../run.ts';
import { ofRelease } from './of-release.ts';

/** A half-done migration that cannot be undone. */
export interface HalfDone {
  /** Without facts where nobody loaded it. */
  readonly turn: Pick<Turn, 'file'> & Partial<Turn>;
  /** Its record, with the way that it is half-way on. */
  readonly prior: HistoryRecord;
  readonly journal: RunJournal;
}

/** And what was to become of it. */
export interface Blocked extends HalfDone {
  /** The way that was asked for. */
  readonly direction: 'up' | 'down';
  /** Why it is to be undone. */
  readonly why: string;
}

/** Why nothing of it was undone. */
type InTheWay = Exclude<UndoResult, { state: 'undone' }>;

/** The error for one that can neither be gone on with nor undone: what is in the way, and each way that is open. `extent`: a sentence. */
export async function resumeBlocked(
  run: Run,
  connection: Connection,
  blocked: Blocked,
  inTheWay: InTheWay,
  extent: string,
): Promise<ReleaseError> {
  const { direction, turn, prior, why } = blocked;
  const { name } = turn.file;
  const what = direction === prior.direction ? 'be taken up' : direction === 'down' ? 'be taken back' : 'be applied';
  return new ReleaseError(
    'RESUME_BLOCKED',
    `Migration ${name} cannot ${what} (${why}), and what was done of it ${notUndone(inTheWay)}. ${extent}`,
    { hint: await waysOut(run, connection, blocked, inTheWay, await ofRelease(run, connection, prior)) },
  );
}

const shownConflicts = 3;

/** Why there was no undo, in part of a sentence. */
export function undoInTheWay(result: InTheWay): string {
  if (result.state === 'impossible') return result.reason;
  if (result.state === 'busy') return busy(result);
  const { conflicts, conflictsTotal: total } = result;
  const shown = conflicts.slice(0, shownConflicts).map(describeConflict).join('; ');
  return total > shownConflicts ? `${shown}; and ${total - shownConflicts} more` : shown;
}

/** The end of a sentence about what was done of a migration. */
export function notUndone(result: InTheWay): string {
  const without = { conflicts: ' by this without losing what others wrote', busy: ' just now', impossible: '' };
  return `cannot be undone${without[result.state]}: ${undoInTheWay(result)}`;
}

function busy({ namespace }: Extract<InTheWay, { state: 'busy' }>): string {
  const where = namespace === undefined ? '' : `${namespace}: `;
  return `${where}others keep writing to documents that have to go back, or hold their collection. Nothing of theirs is lost`;
}

/** Each way that is open where what was done of it is not undone, the easiest first; back, first the one that loses nothing. Only reads. */
export async function waysOut(
  run: Run,
  connection: Connection,
  { turn, prior, journal }: HalfDone,
  inTheWay: InTheWay,
  of: OfRelease,
): Promise<string> {
  const { file } = turn;
  const missing = file.checksum === unknownChecksum;
  // What failed fails again. In its file that cannot be corrected, since the journal fits only the one that ran.
  const corrected =
    prior.state === 'failed'
      ? `, once what it failed of (${prior.error?.code}) is corrected elsewhere than in ${file.fileName}`
      : '';
  const command = prior.direction === 'up' ? goesOn(of) : 'mongo-release down';
  const ran = checksumThatRan(prior, journal);
  const ways: string[] = [];
  if (inTheWay.state === 'busy')
    ways.push('Run the same command again once they write less there: it goes on where it was.');
  // What went another way once would do so again, and an undo goes by nothing but the journal.
  else if (prior.way === 'undo' || prior.error?.code === 'REPLAY_DIVERGED') {
    if (missing) ways.push(`Bring ${file.fileName} back from version control.`);
  } else if (ran === file.checksum) ways.push(`Type ${command}${corrected}: it goes on where it was.`);
  else {
    const path = relative(run.invocation.baseDir, file.path);
    const where =
      prior.commit === undefined ? `git log -- ${path} lists its versions` : `git checkout ${prior.commit} -- ${path}`;
    ways.push(
      `Put ${file.fileName} back as it was when it ran (${where}; its SHA-256 begins with ${ran.slice(0, 12)}) and type ${command}${corrected}: it goes on where it was.`,
    );
  }
  if (prior.direction === 'up' && inTheWay.state === 'conflicts' && of.back !== undefined) ways.push(`${of.back}.`);
  const byHand =
    prior.direction === 'up'
      ? 'finish the change by hand'
      : `bring back by hand what its ${prior.way ?? 'down'} took away`;
  const either = ways.length === 0 ? '' : missing ? 'Or, with the file back, ' : 'Or ';
  ways.push(capital(`${either}${byHand} and type mongo-release baseline ${file.name}.`));
  if (prior.direction === 'up' && !missing) ways.push(...byItsDown(turn, of));
  const release = await releaseBefore(run, connection, prior);
  if (release !== undefined) {
    ways.push(
      `The backup from before it comes back, without what was written since, with mongo-release rollback ${release} --strategy restore.`,
    );
  }
  return ways.join(' ');
}

/** Its own way down needs no journal: it is what is left where that does not tell enough. */
export function byItsDown({ file: { name }, facts }: HalfDone['turn'], of: OfRelease): string[] {
  if (facts !== undefined && (!facts.hasDown || facts.irreversible !== undefined)) return [];
  return [
    `Where its down copes with half of its up: mongo-release baseline ${name}, then mongo-release down, then ${goesOn(of)}.`,
  ];
}

/** A release that began before anything of the migration was in the target, and has a backup of then. */
async function releaseBefore(run: Run, { db }: Connection, { _id: name }: HistoryRecord): Promise<string | undefined> {
  const releases = await new ReleaseRecords(db, run).withBackup(name);
  if (releases.length === 0) return undefined;
  const records = (await readHistory(db, namesOf(run))).filter((record) => record._id !== name);
  const found = releases.find(({ _id, positionBefore }) => {
    const before = records.filter(({ appliedIn }) => appliedIn !== _id);
    return position(before).digest === positionBefore;
  });
  return found?._id;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

import { leftTargetAsItWas } from './end.ts';
import { isUnsettled } from './history/position.ts';
import type { HistoryRecord, MigrationFile, RunJournal } from './types.ts';

/** What is to be done with what an earlier run left of a migration, before it runs. */
export type Beginning =
  /** Nothing is known of it that a run could build on: it runs from its top, over what is there. */
  | { readonly how: 'afresh' }
  /** Runs again from its top, and what the journal has is answered from it. */
  | { readonly how: 'resume'; readonly journal: RunJournal }
  /** First undo what the earlier run did. `thenRun` is false where that is all that was asked for. */
  | { readonly how: 'undo'; readonly journal: RunJournal; readonly why: string; readonly thenRun: boolean };

/**
 * How a migration begins in this direction. The one place where that is decided: the plan tells it beforehand, and what
 * is rehearsed follows from it.
 *
 * Of a record that is still `running` only the run that holds the lease knows for certain whether it left something.
 */
export function beginningOf(
  prior: HistoryRecord | undefined,
  { checksum, fileName }: Pick<MigrationFile, 'checksum' | 'fileName'>,
  direction: 'up' | 'down',
): Beginning {
  if (prior?.journal === undefined || !isHalfDone(prior)) return { how: 'afresh' };
  const { journal } = prior;
  if (prior.way === 'undo') {
    return { how: 'undo', journal, why: 'its undo was interrupted', thenRun: direction === 'up' };
  }
  if (prior.direction !== direction) {
    const why = `it was interrupted on its way ${prior.direction}`;
    return { how: 'undo', journal, why, thenRun: false };
  }
  if (journal.entries === 0) return { how: 'afresh' };
  if (checksumThatRan(prior, journal) !== checksum) {
    return { how: 'undo', journal, why: `${fileName} was changed since it was interrupted`, thenRun: true };
  }
  return { how: 'resume', journal };
}

/**
 * Whether a part of it may be in the data. A way up that ended without a trace is as good as never run: neither is
 * there something to go on with, nor may its `down` touch what it never made. On its way down it is there in any case.
 *
 * What the gate saw decides, where that is known: it tells what was refused, and what is unknown. Of a run that was
 * killed the journal does, and no entry means that nothing was done.
 */
export function isHalfDone(record: HistoryRecord): boolean {
  const { direction, effects, journal } = record;
  if (!isUnsettled(record)) return false;
  if (direction === 'down') return true;
  return effects === undefined ? journal?.entries !== 0 : !leftTargetAsItWas({ effects });
}

/** Whether what the journal has of its way up leads back: that needs no `down`, and no file. */
export function undoneByJournal(record: HistoryRecord): boolean {
  const { direction, way, journal } = record;
  return isUnsettled(record) && (direction === 'up' || way === 'undo') && journal?.images === true;
}

/** Of the file as it was when the run began: on its way down a record keeps the checksum of what was applied. */
export function checksumThatRan({ checksum }: HistoryRecord, journal: RunJournal): string {
  return journal.checksum ?? checksum;
}

/** The release that a half-done migration is of, as commands name it. */
export interface OfRelease {
  /** The command that began it and was cut off: it goes on with all of it, where another one may leave out a part. */
  readonly command: 'migrate' | 'release';
  /** A clause: the rollback that takes it back without a loss. Undefined where none is known to. */
  readonly back?: string;
  /** Whether others are known to have written to what it changed: then only a rollback undoes it, around what they wrote. */
  readonly met?: boolean;
}

/**
 * What comes next of a half-done migration, in a sentence or two: what each of the two ways begins with, first the one
 * that it is on.
 */
export function nextOfHalf(
  record: HistoryRecord,
  file: MigrationFile | undefined,
  of: OfRelease = { command: 'migrate' },
): string {
  const { journal, fileName } = record;
  if (!isHalfDone(record)) {
    if (file === undefined) return 'Nothing of it was done, so its file is not needed.';
    return `Nothing of it was done: ${goesOn(of)} runs it from its top.`;
  }
  if (file !== undefined) return waysOf(record, file, of);
  if (undoneByJournal(record)) {
    return `${wayBack(record, { fileName, checksum: record.checksum }, of)}; that needs no file. With ${fileName} back from version control, ${goesOn(of)} takes it up where it was.`;
  }
  const asItRan = { checksum: journal ? checksumThatRan(record, journal) : record.checksum, fileName };
  return `Bring ${fileName} back from version control. ${waysOf(record, asItRan, of)}`;
}

/** The command that goes on with it. */
export function goesOn({ command }: OfRelease): string {
  return `mongo-release ${command} --apply`;
}

type RanFrom = Pick<MigrationFile, 'checksum' | 'fileName'>;

function waysOf(record: HistoryRecord, file: RanFrom, of: OfRelease): string {
  const up = `${goesOn(of)} first ${inWords(beginningOf(record, file, 'up'), 'up', of)}`;
  const ways = [up, wayBack(record, file, of)];
  const inOrder = record.direction === 'up' ? ways : ways.reverse();
  if (record.journal !== undefined) return `${inOrder.join('; ')}.`;
  return `No journal was kept of it, so either way has to bear what is done already: ${inOrder.join('; ')}.`;
}

function wayBack(record: HistoryRecord, file: RanFrom, of: OfRelease): string {
  const { way, releaseId } = record;
  if (way !== 'undo' && of.back !== undefined && undoneByJournal(record)) return of.back;
  // Only a rollback begins an undo, and what it does after that nobody else would do. Its own id names it, too.
  const command = way === 'undo' ? `mongo-release rollback ${releaseId}` : 'mongo-release down';
  return `${command} ${inWords(beginningOf(record, file, 'down'), 'down', of)}`;
}

/** As long as nobody knows better. */
const unlessMet = ', unless others have written to it since';

function inWords(beginning: Beginning, direction: 'up' | 'down', { met }: OfRelease): string {
  if (beginning.how === 'afresh') return `runs its ${direction} from the top`;
  const { journal } = beginning;
  if (beginning.how === 'resume') {
    if (met) return 'takes it up where it was';
    const changed = journal.images
      ? `undoes what it did${unlessMet}, and begins afresh`
      : 'cannot, since no images are kept';
    return `takes it up where it was (once its file is changed: ${changed})`;
  }
  const { thenRun, why } = beginning;
  if (!journal.images && journal.entries !== 0) {
    return 'cannot undo what it did, since migrations.journal keeps no images';
  }
  return thenRun
    ? `undoes by the journal what it did, since ${why}${unlessMet}, and begins afresh`
    : 'undoes by the journal what it did';
}

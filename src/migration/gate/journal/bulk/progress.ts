import type { Document } from 'mongodb';
import type { Checkpoint } from '../../../journal/documents.ts';
import type { Counts } from '../../../types.ts';
import { countsOfCheckpoint } from '../../counts.ts';
import { noCounts, sum } from '../../tally.ts';
import { bsonSize } from '../size.ts';
import type { Applied } from './apply.ts';
import { emptyResult, type RawBulkResult, WriteError, type WriteErrorFields } from './result.ts';

/**
 * An entry is one document of at most 16 MB, and holds reads as well: up to this many bytes of BSON a checkpoint keeps
 * what its list answered so far.
 */
const keptBytes = 4_000_000;

/** How far a list has got, with what the driver would know of it by then. */
export interface Progress {
  /** Statements that are over, in the order of sending. */
  readonly done: number;
  readonly raw: RawBulkResult;
  /** What was done and no answer counts: by statements that were refused in their middle, in commands that failed whole. */
  readonly uncounted: Counts;
  /** How far the next statement has got, where that is carried out in batches. */
  readonly within?: Checkpoint;
}

export function atBeginning(insertedIds: RawBulkResult['insertedIds']): Progress {
  return { done: 0, raw: emptyResult(insertedIds), uncounted: noCounts };
}

/** Further by what was applied, and by a statement that was refused. */
export function advanced(
  { raw, uncounted }: Progress,
  done: number,
  applied: Applied,
  refused?: WriteErrorFields,
): Progress {
  return {
    done,
    uncounted,
    raw: {
      ...raw,
      writeErrors: refused === undefined ? raw.writeErrors : [...raw.writeErrors, new WriteError(refused)],
      nInserted: raw.nInserted + applied.inserted,
      nUpserted: raw.nUpserted + applied.upserted.length,
      nMatched: raw.nMatched + applied.matched,
      nModified: raw.nModified + applied.modified,
      nRemoved: raw.nRemoved + applied.removed,
      upserted: applied.upserted.length === 0 ? raw.upserted : [...raw.upserted, ...applied.upserted],
    },
  };
}

/** Further by what the driver is told nothing of. */
export function silently({ raw, uncounted }: Progress, done: number, counts: Counts): Progress {
  return { done, raw, uncounted: sum(uncounted, counts) };
}

/** All that is done by then. */
export function countsOfProgress(progress: Progress): Counts {
  return countsOfCheckpoint(checkpointOf(progress, {}));
}

/**
 * What has to be known to go on with the list in another process; `constants` beside it. With `omitted` among them no
 * other process can: what was answered so far is too large to keep, and known only to the one that runs.
 */
export function checkpointOf({ done, raw, uncounted, within }: Progress, constants: Document): Checkpoint {
  const { nMatched, nModified, nInserted, nUpserted, nRemoved, upserted, writeErrors } = raw;
  const answered = { upserted, refused: writeErrors.map(({ err: { op: _op, ...fields } }) => fields) };
  return {
    through: done - 1,
    counts: { matched: nMatched, modified: nModified, inserted: nInserted + nUpserted, deleted: nRemoved },
    constants: {
      ...constants,
      ...(bsonSize(answered, keptBytes) > keptBytes ? { omitted: true } : answered),
      ...(uncounted === noCounts ? {} : { uncounted }),
      ...(within === undefined ? {} : { within }),
    },
  };
}

/** `statement` gives what user code passed at an index, for errors to quote. */
export function progressFrom(
  { through, counts, constants = {} }: Checkpoint,
  insertedIds: RawBulkResult['insertedIds'],
  statement: (index: number) => unknown,
): Progress {
  const upserted = (constants.upserted ?? []) as RawBulkResult['upserted'];
  const refused = (constants.refused ?? []) as WriteErrorFields[];
  return {
    done: Number(through) + 1,
    uncounted: (constants.uncounted as Counts | undefined) ?? noCounts,
    within: constants.within as Progress['within'],
    raw: {
      ...emptyResult(insertedIds),
      writeErrors: refused.map((fields) => new WriteError({ ...fields, op: statement(fields.index) })),
      nInserted: counts.inserted - upserted.length,
      nUpserted: upserted.length,
      nMatched: counts.matched,
      nModified: counts.modified,
      nRemoved: counts.deleted,
      upserted,
    },
  };
}

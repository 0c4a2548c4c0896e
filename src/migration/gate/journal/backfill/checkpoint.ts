import { bytesOf } from '../../../../mongo/raw-bson.ts';
import type { Checkpoint, JournalEntry } from '../../../journal/documents.ts';
import { sum as sumOfCounts } from '../../tally.ts';
import { noTallies, type Tallies } from './description.ts';
import type { Place } from './order.ts';

/** How far a batch is. */
export interface Position {
  readonly tallies: Tallies;
  /** Of the last document that is done; undefined before the first. */
  readonly place: Place | undefined;
}

export function checkpointOf({ tallies, place }: Position): Checkpoint {
  const { skipped, quarantined, ...counts } = tallies;
  return { through: place, counts, constants: { skipped, quarantined } };
}

/** Where the entry of an earlier run stands; the beginning where there is none. */
export function positionOf(entry: JournalEntry | undefined): Position {
  const checkpoint = entry?.checkpoint;
  if (checkpoint === undefined) return { tallies: noTallies, place: undefined };
  const { skipped = 0, quarantined = 0 } = (checkpoint.constants ?? {}) as Partial<Tallies>;
  const { matched, modified, inserted, deleted } = checkpoint.counts;
  const tallies = { matched, modified, inserted, deleted, skipped, quarantined };
  return { tallies: asNumbers(tallies), place: bytesOf(checkpoint.through) };
}

export function sum(a: Tallies, b: Tallies): Tallies {
  return {
    ...sumOfCounts(a, b),
    skipped: a.skipped + b.skipped,
    quarantined: a.quarantined + b.quarantined,
  };
}

/** Options of the driver decide whether a number of BSON comes back as a number or as a Long. */
function asNumbers(tallies: Tallies): Tallies {
  return Object.fromEntries(
    Object.entries(tallies).map(([name, count]) => [name, Number(count)]),
  ) as unknown as Tallies;
}

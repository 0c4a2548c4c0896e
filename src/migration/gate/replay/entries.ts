import { ReleaseError } from '../../../observe/error.ts';
import { type Attempt, type JournalEntry, ofAttempt } from '../../journal/documents.ts';
import type { RawClient } from '../raw.ts';
import { keptNoLonger } from './stored-reads.ts';

/**
 * Entries of so many bytes of BSON are held for a replay; it has to look for the next call among all of them. In memory
 * they take up to three times that (measured with entries of 600 bytes on Node 24), which leaves room in the smallest
 * heap that Node gives itself on a runner: 2 GB.
 */
const mostBytes = 256 * 1024 * 1024;

export interface EntriesOptions {
  readonly client: RawClient;
  /** The target's database, and the journal's collection in it. */
  readonly database: string;
  readonly journal: string;
  readonly attempt: Attempt;
  /** How many entries there must be; unknown where undefined. */
  readonly expected: number | undefined;
  readonly driverMajor: number;
  readonly mostBytes?: number;
}

/**
 * The entries that an earlier run of the attempt has left, in their order. What makes a replay impossible is asked of
 * the server before any of them is loaded.
 *
 * Throws `REPLAY_DIVERGED` where they cannot be replayed, and the driver's errors.
 */
export async function entriesToReplay(options: EntriesOptions): Promise<JournalEntry[]> {
  const { client, database, journal, attempt } = options;
  const filter = { ...ofAttempt(attempt), kind: { $ne: 'images' } } as object;
  const how = { readConcern: { level: 'majority' }, readPreference: 'primary' } as const;
  const entries = client.db(database).collection(journal);
  const summarised = { ...ofAttempt(attempt), $or: [{ kind: { $ne: 'images' } }, { undoCount: { $exists: true } }] };
  const [found] = await entries.aggregate<Summary>([{ $match: summarised }, ...summary] as object[], how).toArray();
  const why = whyNot(found ?? nothing, options);
  if (why !== undefined) {
    throw new ReleaseError('REPLAY_DIVERGED', `The migration cannot be taken up. ${why}`, {
      hint: 'Run the same command again: what was done is undone first.',
    });
  }
  // A Long that user code was given, as an _id for example, stays one.
  const loaded = entries.find(filter, { ...how, promoteLongs: false }).sort({ _id: 1 });
  return (await loaded.toArray()) as unknown as JournalEntry[];
}

interface Summary {
  readonly entries: number;
  readonly bytes: number;
  readonly undone: number;
  /** Entries before which a read was not kept. */
  readonly unread: number;
  /** Calls that changed something before the error that ended the run: they can be neither answered nor sent again. */
  readonly halfway: number;
  readonly drivers: readonly number[];
}

const nothing: Summary = { entries: 0, bytes: 0, undone: 0, unread: 0, halfway: 0, drivers: [] };

const isSet = (field: string) => ({ $ne: [{ $type: field }, 'missing'] });
const count = (condition: object) => ({ $sum: { $cond: [condition, 1, 0] } });

const summary = [
  {
    $group: {
      _id: null,
      entries: { $sum: 1 },
      bytes: { $sum: { $bsonSize: '$$ROOT' } },
      undone: count({ $or: [isSet('$undone'), isSet('$undoCount')] }),
      unread: count({ $in: [keptNoLonger, { $ifNull: ['$reads.fingerprint', []] }] }),
      halfway: count({ $and: [isSet('$endedRun'), { $eq: ['$state', 'done'] }] }),
      drivers: { $addToSet: { $ifNull: ['$driver', 0] } },
    },
  },
];

function whyNot(
  { entries, bytes, undone, unread, halfway, drivers }: Summary,
  { expected, driverMajor, mostBytes: most = mostBytes }: EntriesOptions,
): string | undefined {
  // Also of an entry that is not undone in whole: then it is its images that say so.
  if (undone > 0) return 'A part of it was undone since.';
  // Nothing would be known of those that are missing, and all of them would be done a second time.
  if (expected !== undefined && entries !== expected) return `Its journal has ${entries} of ${expected} operations.`;
  if (drivers.some((major) => major !== driverMajor)) {
    return `It was begun with another major version of the driver than ${driverMajor}.`;
  }
  if (unread > 0) return 'It had read more than is kept.';
  if (halfway > 0)
    return 'It failed in the middle of one call, which cannot be made a second time over its first half.';
  if (bytes > most) {
    const [size, limit] = [bytes, most].map(megabytes);
    return `Its ${entries} operations take ${size} MB in the journal, and a run can be held against ${limit} MB of them.`;
  }
  return undefined;
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1_000_000);
}

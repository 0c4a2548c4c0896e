import type { Db, Document } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import { unlessRefused } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import { formatBytes, formatBytesBetween, formatDuration, plural } from '../../report/format.ts';
import { freeForSandbox } from '../../sandbox/room.ts';
import { sandboxOptions } from '../in-sandbox.ts';
import { namesOf, type Run } from '../run.ts';
import type { Situation } from '../situation/situation.ts';
import type { RehearsalNeed, RehearsalResult } from './result.ts';

/** What a mongod takes before it holds anything: 315 MB of it are the files of its write-ahead log. */
const emptySandbox = 350_000_000;
/** An archive of zstd to the bytes of documents on the server's disk, which are compressed too. */
const archiveShare = 0.8;
/**
 * Bytes on the sandbox's disk for each byte of documents that a migration changes there and back (up, undo, up, down): images
 * of both ups, oplog, the server's history of what was overwritten, its write-ahead log, and room left by what moved.
 * Measured as the most that a sandbox took beside what was restored: 3.5 to 4.7 with 40,000 documents of 370 B and one
 * migration or two, 6.5 with 20,000 of 3 kB and one.
 */
const changedShare = 7;
/** Without a journal nothing is undone, and no images are kept. */
const plainShare = 3;
const margin = 1.2;
/** Bytes of documents a second through backup, restore and comparison: half of what 271 MB of them took on two idle cores. */
const bytesPerSecond = 12_000_000;
/** Documents a second that are changed there and back: half of it again, where 257,000 of 350 B took 17 s. */
const changesPerSecond = 7_500;
const startSeconds = 5;
/** Below this the server says too little about how well documents compress. */
const leastData = 50_000_000;

/**
 * What a rehearsal of everything needs, before it begins: what is certain, and what it comes to where each migration changes
 * every document, which nobody knows before. `undefined` where the server does not say how large the database is.
 */
export async function measureNeed(
  run: Run,
  { db }: Connection,
  { plan }: Situation,
  takesArchive: boolean,
): Promise<RehearsalNeed | undefined> {
  const stats = (await db.command({ dbStats: 1, freeStorage: 1 }).catch(unlessRefused)) as Document | undefined;
  if (stats === undefined) return undefined;
  // What is ours is in no backup, and in no sample.
  const ours = await ownStats(run, db);
  const size = (key: string, own: string) =>
    ours.reduce((rest, one) => Math.max(0, rest - Number(one[own] ?? 0)), Number(stats[key] ?? 0));
  const dataSize = size('dataSize', 'size');
  const stored =
    size('storageSize', 'storageSize') +
    size('indexSize', 'totalIndexSize') -
    size('totalFreeStorageSize', 'freeStorageSize');
  // A service may keep it to itself how much of it is free; what was deleted a moment ago counts for a while, too.
  const share = dataSize < leastData ? 1 : Math.min(stored / dataSize, 1.5);
  const restored = dataSize * share;
  const least = emptySandbox + margin * restored * (1 + (takesArchive ? archiveShare : 0));
  const changes = plan.pending.reduce((sum, { journal }) => sum + (journal ? changedShare : plainShare), 0);
  const migrations = plan.pending.length;
  const documents = size('objects', 'count');
  return {
    leastBytes: Math.ceil(least),
    diskBytes: Math.ceil(least + margin * restored * changes),
    freeBytes: await freeForSandbox(sandboxOptions(run)),
    seconds: Math.ceil(startSeconds + dataSize / bytesPerSecond + (documents * migrations) / changesPerSecond),
    basis: `${formatBytes(dataSize)} of documents, where ${plural(migrations, 'migration')} ${migrations === 1 ? 'changes' : 'change'} each of them there and back`,
  };
}

/** What our own collections take: journal, tombstones and quarantine are kept for weeks. One that may not be read counts. */
async function ownStats(run: Run, db: Db): Promise<Document[]> {
  const collections = await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray();
  const own = collections.filter(({ name }) => namesOf(run).owns(name));
  const asked = own.map(({ name }) =>
    db
      .collection(name)
      .aggregate<{ storageStats: Document }>([{ $collStats: { storageStats: {} } }])
      .toArray()
      .catch(unlessRefused),
  );
  return (await Promise.all(asked)).flatMap((stats) => stats ?? []).map(({ storageStats }) => storageStats);
}

/** A sentence for the log. */
export function describeNeed(need: RehearsalNeed | undefined): string {
  if (need === undefined)
    return 'What a full rehearsal needs is unknown: the server does not say how large the database is.';
  const { leastBytes, diskBytes, freeBytes, seconds, basis } = need;
  const free = freeBytes === null ? 'how much is free, nobody can tell' : `${formatBytes(freeBytes)} are free`;
  return `A full rehearsal needs ${formatBytesBetween(leastBytes, diskBytes)} of disk (${free}) and about ${formatDuration(seconds * 1000)} on an idle machine, longer on a busy one (${basis}).`;
}

/** What was asked for, and whether by a flag: that is never made less. */
export interface AskedLevel {
  readonly level: RehearsalResult['level'];
  readonly byFlag: boolean;
}

/**
 * The level that fits: a full one where what it needs for certain is free. Throws `SANDBOX_TOO_SMALL` where a full one was
 * asked for by name, and where not even an empty sandbox fits; where a full one is only the configuration's, a sample does.
 */
export function fittingLevel({ level, byFlag }: AskedLevel, need: RehearsalNeed | undefined): RehearsalResult['level'] {
  const { leastBytes, freeBytes } = need ?? { leastBytes: 0, freeBytes: null };
  if (freeBytes !== null && freeBytes < emptySandbox) throw tooSmall('A rehearsal', emptySandbox, freeBytes);
  if (level === 'sample' || freeBytes === null || leastBytes <= freeBytes) return level;
  if (!byFlag) return 'sample';
  throw tooSmall('A full rehearsal', leastBytes, freeBytes, ', or rehearse a sample with --rehearsal sample');
}

function tooSmall(what: string, needed: number, free: number, orElse = ''): ReleaseError {
  return new ReleaseError(
    'SANDBOX_TOO_SMALL',
    `${what} needs at least ${formatBytes(needed)} of disk, and ${formatBytes(free)} are free.`,
    {
      hint: `Make room, set TMPDIR (RUNNER_TEMP in a workflow) to a folder on a larger disk, or name a server with --sandbox-uri${orElse}.`,
      details: { needed, free },
    },
  );
}

/** Whether it depends on how much the migrations change, and that is to be said before. */
export function mayNotFit({ diskBytes, freeBytes }: RehearsalNeed): boolean {
  return freeBytes !== null && freeBytes < diskBytes;
}

import { statfs } from 'node:fs/promises';
import { readDisk } from '../../backup/restore/room.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { formatBytes, formatDuration } from '../../report/format.ts';
import { sandboxEnvironment } from '../../sandbox/environment.ts';
import type { Run } from '../run.ts';
import type { Situation } from '../situation.ts';
import type { RehearsalNeed, RehearsalResult } from './result.ts';

/** What a mongod takes before it holds anything: its write-ahead log and the files of its own collections. */
const emptySandbox = 350_000_000;
/** At most so many bytes of oplog: as sandbox/mongod.ts starts it. */
const mostOplog = 1_073_741_824;
/** An archive of zstd to the bytes on the server's disk, which are compressed too, and without indexes. */
const archiveShare = 0.8;
const margin = 1.2;
/**
 * Bytes of documents that a rehearsal gets through in a second beside the migrations and their ways back, which nobody
 * knows before: backup, restore, comparison. Measured with 100,000 documents of 35 MB on two busy cores.
 */
const bytesPerSecond = 10_000_000;
const startSeconds = 5;

/**
 * What a rehearsal of everything needs, before it begins: room for the restored documents and indexes, the journal's
 * images of as much again where there are any, the oplog, and the archive where one is taken for it. `undefined` where the
 * server does not say how large it is.
 */
export async function measureNeed(
  run: Run,
  { db }: Connection,
  { plan }: Situation,
  takesArchive: boolean,
): Promise<RehearsalNeed | undefined> {
  const disk = await readDisk(db);
  if (disk === undefined) return undefined;
  const { dataSize, storedSize } = disk;
  const images = plan.pending.some(({ journal }) => journal) ? storedSize : 0;
  const archive = takesArchive ? storedSize * archiveShare : 0;
  const oplog = Math.min(dataSize * 2, mostOplog);
  const { flags } = run.invocation;
  const folder = sandboxEnvironment(run.env).tmpdir;
  return {
    diskBytes: Math.ceil((storedSize + images + archive + oplog) * margin + emptySandbox),
    freeBytes: flags['sandbox-uri'] === undefined ? await freeIn(folder) : null,
    seconds: Math.ceil(startSeconds + dataSize / bytesPerSecond),
    basis: `${formatBytes(dataSize)} of documents at ${formatBytes(bytesPerSecond)} a second, without the migrations`,
  };
}

async function freeIn(folder: string): Promise<number | null> {
  const stats = await statfs(folder).catch(() => undefined);
  return stats === undefined ? null : stats.bavail * stats.bsize;
}

/** A sentence for the log. */
export function describeNeed({ diskBytes, freeBytes, seconds, basis }: RehearsalNeed): string {
  const free = freeBytes === null ? 'how much is free there, nobody can tell' : `${formatBytes(freeBytes)} are free`;
  return `A full rehearsal needs about ${formatBytes(diskBytes)} of disk (${free}) and ${formatDuration(seconds * 1000)} (${basis}).`;
}

/** What was asked for, and whether by a flag: that is never made less. */
export interface AskedLevel {
  readonly level: RehearsalResult['level'];
  readonly byFlag: boolean;
}

/**
 * The level that fits. Throws `SANDBOX_TOO_SMALL` where a full one was asked for by name; where it is only the
 * configuration's, a sample does.
 */
export function fittingLevel({ level, byFlag }: AskedLevel, need: RehearsalNeed | undefined): RehearsalResult['level'] {
  const { diskBytes, freeBytes } = need ?? { diskBytes: 0, freeBytes: null };
  if (level === 'sample' || freeBytes === null || diskBytes <= freeBytes) return level;
  if (!byFlag) return 'sample';
  throw new ReleaseError(
    'SANDBOX_TOO_SMALL',
    `A full rehearsal needs about ${formatBytes(diskBytes)} of disk, and ${formatBytes(freeBytes)} are free.`,
    {
      hint: 'Make room, set TMPDIR (RUNNER_TEMP in a workflow) to a folder on a larger disk, name a server with --sandbox-uri, or rehearse a sample with --rehearsal sample.',
      details: { needed: diskBytes, free: freeBytes },
    },
  );
}

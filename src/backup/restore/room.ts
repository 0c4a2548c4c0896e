import type { Db } from 'mongodb';
import { ReleaseError } from '../../observe/error.ts';

/** What the server says of the disk that its data is on, in bytes. */
export interface Disk {
  readonly free: number;
  /** Of this database: documents uncompressed, and what they and their indexes take without what is free in the files. */
  readonly dataSize: number;
  readonly storedSize: number;
}

/** Below this a database says little about how well its documents compress. */
const leastData = 50_000_000;
/** Bytes on disk for a byte of documents, indexes included, where nothing better is known. */
const usualShare = 0.5;
/**
 * Documents hardly take more, indexes included. A database that says so has lost most of its documents: for minutes the
 * server keeps them for reads of the past (minSnapshotHistoryWindowInSeconds), and counts them as no free room.
 */
const largestShare = 1.5;

/** Undefined where the server does not say: it is standing behind a router, or a service that keeps it to itself. */
export async function readDisk(db: Db): Promise<Disk | undefined> {
  const stats = await db.command({ dbStats: 1, freeStorage: 1 }).catch(() => undefined);
  const total = Number(stats?.fsTotalSize ?? 0);
  if (stats === undefined || total <= 0) return undefined;
  return {
    free: total - Number(stats.fsUsedSize ?? 0),
    dataSize: Number(stats.dataSize ?? 0),
    storedSize: Number(stats.storageSize ?? 0) + Number(stats.indexSize ?? 0) - Number(stats.totalFreeStorageSize ?? 0),
  };
}

/** What documents of so many bytes will take on the disk, as far as this database's own do. */
export function neededOnDisk(bytes: number, { dataSize, storedSize }: Disk): number {
  return bytes * (dataSize < leastData ? usualShare : Math.min(storedSize / dataSize, largestShare));
}

/**
 * Everything is built aside before anything is replaced, so both have to fit. Throws `RESTORE_NO_ROOM`: a server whose
 * disk runs full stops for everybody.
 */
export function refuseWithoutRoom(bytes: number, disk: Disk | undefined): void {
  if (disk === undefined) return;
  const needed = neededOnDisk(bytes, disk);
  if (needed <= disk.free) return;
  throw new ReleaseError(
    'RESTORE_NO_ROOM',
    `The restore needs about ${megabytes(needed)} on the server's disk, where ${megabytes(disk.free)} are free.`,
    {
      hint: 'Make room on the server, restore some collections at a time (--only), or restore into another server and rename there.',
      details: { needed: Math.ceil(needed), free: disk.free },
    },
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}

import { expect, test, vi } from 'vitest';
import { neededOnDisk, readDisk, refuseWithoutRoom } from '../../src/backup/restore/room.ts';
import { freshDatabase } from '../setup/mongo.ts';

const gb = 1e9;

test('the server says how much room its disk has', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
  const disk = await readDisk(database.db);
  expect(disk?.free).toBeGreaterThan(0);
  expect(disk?.dataSize).toBeGreaterThan(0);
  expect(() => refuseWithoutRoom(1000, disk)).not.toThrow();
});

test('room that is free inside the files does not count as taken by the documents', async () => {
  await using database = await freshDatabase();
  for (const n of [1, 2]) {
    await database.db.collection('places').insertOne({ n });
    // A block that a checkpoint has replaced is free.
    await database.client.db('admin').command({ fsync: 1 });
  }
  await vi.waitFor(async () => {
    const { totalSize, totalFreeStorageSize } = await database.db.command({ dbStats: 1, freeStorage: 1 });
    expect(totalFreeStorageSize).toBeGreaterThan(0);
    expect((await readDisk(database.db))?.storedSize).toBe(totalSize - totalFreeStorageSize);
  }, 10_000);
});

test('a database whose documents were deleted does not say that those of the backup need a hundredfold', () => {
  const emptied = { free: 2 * gb, dataSize: gb / 10, storedSize: 10 * gb };
  expect(() => refuseWithoutRoom(gb, emptied)).not.toThrow();
  expect(() => refuseWithoutRoom(2 * gb, emptied)).toThrow(expect.objectContaining({ code: 'RESTORE_NO_ROOM' }));
});

test('what fits beside what is there is let through, by how well this database compresses', () => {
  const small = { free: gb, dataSize: 1000, storedSize: 40_000 };
  expect(neededOnDisk(gb, small)).toBe(gb / 2);
  const large = { free: gb, dataSize: 4 * gb, storedSize: gb };
  expect(neededOnDisk(gb, large)).toBe(gb / 4);
  expect(() => refuseWithoutRoom(3 * gb, large)).not.toThrow();
  expect(() => refuseWithoutRoom(5 * gb, large)).toThrow(
    expect.objectContaining({ code: 'RESTORE_NO_ROOM', exitCode: 5, message: expect.stringContaining('1,250 MB') }),
  );
  expect(() => refuseWithoutRoom(1000 * gb, undefined)).not.toThrow();
});

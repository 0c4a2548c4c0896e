import type { Db, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { leftInCatalog } from '../../../../src/migration/undo/catalog/left.ts';
import { forecastUndo } from '../../../../src/migration/undo/forecast.ts';
import type { LeftInCatalog } from '../../../../src/migration/undo/result.ts';
import { undoAttempt } from '../../../../src/migration/undo/undo.ts';
import { lab } from '../../gate/journal/catalog/lab.ts';
import { cutOff, growing } from '../cut-off.ts';
import { connected, own } from '../journalled.ts';

interface Numbered extends Document {
  _id: number;
}

const attempt = { migration: '1-test', number: 1 };

const migrations: Readonly<Record<string, (db: Db) => Promise<unknown>>> = {
  'a rename over it': (db) => db.collection('a').rename('b', { dropTarget: true }),
  $out: (db) =>
    db
      .collection('b')
      .aggregate([{ $set: { field: 1 } }, { $out: 'b' }])
      .toArray(),
  'a drop': (db) => db.collection('b').drop(),
  'a rename': (db) => db.collection('b').rename('c'),
  'a drop, and made anew': async (db) => {
    await db.collection('b').drop();
    await db.createCollection('b').catch(() => {});
    await db.collection<Numbered>('b').insertOne({ _id: -4 });
  },
};

test.each(Object.entries(migrations))(
  'a collection that %s takes away is back with all that users wrote, who never stop',
  async (method, migrate) => {
    await using it = await lab();
    const { db } = it.raw;
    const b = db.collection<Numbered>('b');
    await db.collection<Numbered>('a').insertMany([{ _id: -1 }]);
    await b.insertMany([{ _id: -2 }, { _id: -3 }]);
    let [written, stop] = [0, false];
    const users = (async () => {
      for (; !stop; written += 1) await b.insertOne({ _id: written });
    })();
    {
      await using run = await it.run();
      await migrate(run.db as unknown as Db);
    }
    const during = written;
    while (written < during + 20) await new Promise(setImmediate);
    await using connection = await connected(it.raw);
    const result = await undoAttempt(connection, own, attempt, { fence: 1, mode: 'tolerant' });
    stop = true;
    await users;
    const told = JSON.stringify(result);
    expect(result, told).toMatchObject({ state: 'undone' });
    const idsIn = async (name: string) =>
      (await db.collection<Numbered>(name).find().toArray()).map(({ _id }) => _id).sort((x, y) => x - y);
    const all = [-3, -2, ...Array.from({ length: written }, (_, n) => n)];
    if (method === 'a rename over it') {
      // What users insert into a collection that was renamed goes back with it.
      const [first, ...there] = await idsIn('a');
      expect(first).toBe(-1);
      expect(
        [...new Set([...(await idsIn('b')), ...there])].sort((x, y) => x - y),
        told,
      ).toEqual(all);
      expect((await idsIn('b')).slice(0, 2)).toEqual([-3, -2]);
    } else expect(await idsIn('b'), told).toEqual(all);
  },
);

/** Of users under a name that is to be free, and what the collection has that goes back to it. */
const written = [{ _id: 7 }, { _id: 8, unique: 1 }, { _id: 9 }, { _id: 10, unique: 2 }];
const before = [
  { _id: 7, old: true },
  { _id: 11, unique: 2 },
];

test.each(Object.entries(migrations).filter(([method]) => !method.includes('anew')))(
  'what users made where %s took a collection away comes along, wherever the undo is cut off',
  async (_, migrate) => {
    await using it = await lab();
    const { db } = it.raw;
    await db.collection('b').createIndex({ unique: 1 }, { unique: true, sparse: true });
    await db.collection<Numbered>('b').insertMany(before);
    await db.collection<Numbered>('a').insertOne({ _id: -1 });
    {
      await using run = await it.run();
      await migrate(run.db as unknown as Db);
    }
    // Where something else is there now, they drop that first.
    await db.collection('b').drop();
    await db.collection<Numbered>('b').insertMany(written);
    await using connection = await connected(it.raw);
    const [forecast] = await forecastUndo(connection, own, [attempt]);
    const { result, cuts } = await cutOff(connection, growing(1), (signal) =>
      undoAttempt(connection, own, attempt, { fence: 1, mode: 'tolerant', signal }),
    );
    expect(cuts).toBeGreaterThan(10);
    expect(result).toMatchObject({ state: 'undone' });
    expect(await db.collection<Numbered>('b').find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 7, old: true },
      { _id: 8, unique: 1 },
      { _id: 9 },
      { _id: 11, unique: 2 },
    ]);
    const along = (left: readonly LeftInCatalog[] = []) => left.find(({ carried }) => carried !== undefined);
    const told = along(await leftInCatalog(db, own, attempt));
    expect(told).toMatchObject({ writes: 2, carried: 2, why: expect.stringContaining('what others made there') });
    expect(await db.collection(told?.tombstone ?? '').countDocuments()).toBe(written.length);
    // That a unique index refuses one only the undo itself finds.
    expect(along(forecast?.left)).toMatchObject({ tombstone: told?.tombstone, writes: 1, carried: 3 });
  },
);

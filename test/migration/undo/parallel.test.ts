import type { Db } from 'mongodb';
import { expect, test } from 'vitest';
import { ParentLanes } from '../../../src/migration/journal/parent-lanes.ts';
import { undoAttempt } from '../../../src/migration/undo/undo.ts';
import { compareDatabases } from '../../../src/mongo/compare.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { type Lab, lab, type RunOptions } from '../gate/journal/catalog/lab.ts';
import { connected, copyTo, own } from './journalled.ts';

const attempt = { migration: '1-test', number: 1 };
/** More than one batch of an `updateMany`. */
const total = 2500;

interface Numbered {
  _id: number;
  n: number;
}

const numbers = (db: Db) => db.collection<Numbered>('numbers');

/** Undoes it, cut off once in the middle. */
async function undone(l: Lab): Promise<unknown> {
  await using connection = await connected(l.raw);
  const fence = 100;
  const lanes = new ParentLanes(l.raw.db, own);
  await lanes.killOlderSessions(fence);
  await lanes.takeOver(fence, undefined);
  const options = { fence, mode: 'strict' } as const;
  const stop = new AbortController();
  const onProgress = ({ documents }: { readonly documents: number }) => {
    if (documents > 300) stop.abort();
  };
  await undoAttempt(connection, own, attempt, { ...options, onProgress, signal: stop.signal }).catch(
    (error: unknown) => {
      if (!stop.signal.aborted) throw error;
    },
  );
  return await undoAttempt(connection, own, attempt, options);
}

/** Runs it on many numbers, undoes it, and tells what differs then from how it was before. */
async function thereAndBack(up: (db: Db) => Promise<unknown>, options: (db: () => Db) => RunOptions = () => ({})) {
  await using before = await freshDatabase('undo_before');
  await using l = await lab();
  await numbers(l.raw.db).insertMany(Array.from({ length: total }, (_, i) => ({ _id: i, n: i })));
  await copyTo(l.raw.db, before.db);
  {
    let db: Db | undefined;
    await using run = await l.run(options(() => db as Db));
    db = run.db;
    await up(run.db).catch((error: unknown) => {
      if (!run.died()) throw error;
    });
  }
  const changed = await compareDatabases(before.db, l.raw.db, { own });
  const result = await undone(l);
  return { changed: changed.length > 0, result, differences: await compareDatabases(before.db, l.raw.db, { own }) };
}

const wayBack = { changed: true, result: { state: 'undone', left: [] }, differences: [] };

test('calls that come between the batches of another on the same documents are undone in their turn', async () => {
  let batches = 0;
  const between = (db: () => Db) => ({
    pause: async () => {
      batches += 1;
      if (batches !== 2) return;
      // Of the batch that is done, and of those that are not.
      for (const _id of [5, 1500, 2400]) await numbers(db()).updateOne({ _id }, { $inc: { n: 1 } });
      await numbers(db()).deleteOne({ _id: 2450 });
      await numbers(db()).insertOne({ _id: 2450.5, n: 0 });
    },
  });
  const up = (db: Db) => numbers(db).updateMany({}, { $mul: { n: 2 } });
  expect(await thereAndBack(up, between)).toMatchObject(wayBack);
  expect(batches).toBeGreaterThan(1);
});

test('parallel calls in several transactions are undone, also where they were cut off', async () => {
  const up = (db: Db) =>
    Promise.all([
      numbers(db).updateMany({}, { $mul: { n: 2 } }),
      numbers(db).updateMany({}, { $inc: { n: 1 } }),
      numbers(db).bulkWrite(
        Array.from({ length: 1200 }, (_, i) => ({ updateOne: { filter: { _id: i }, update: { $inc: { n: 3 } } } })),
      ),
      (async () => {
        for (let _id = 0; _id < total; _id += 50) await numbers(db).updateOne({ _id }, { $inc: { n: 5 } });
      })(),
    ]);
  const cutOff = () => ({ dies: { after: 600, answerLost: false } });
  expect(await thereAndBack(up, cutOff)).toMatchObject(wayBack);
});

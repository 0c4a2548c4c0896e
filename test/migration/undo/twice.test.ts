import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { elementsOf } from '../../../src/mongo/raw-bson.ts';
import { rawDocument } from '../../../src/mongo/raw-build.ts';
import { insertRaw } from '../../../src/mongo/raw-write.ts';
import { setting } from './setting.ts';

/** With `n` twice: the second value no index has. */
function twice(_id: number): Buffer {
  const parts = [
    { _id, n: _id },
    { n: `second of ${_id}`, f: 0 },
  ].map((fields) => Buffer.from(BSON.serialize(fields)));
  return rawDocument(parts.flatMap((part) => [...elementsOf(part)].map(({ start, end }) => part.subarray(start, end))));
}

const count = 12;

async function seeded() {
  const s = await setting(async ({ db }) => {
    await db.collection('a').createIndex({ n: 1 }, { unique: true });
    await insertRaw(db, 'a', [Array.from({ length: count }, (_, _id) => twice(_id))]);
  });
  const a = s.db.collection<{ _id: number }>('a');
  const was = await s.journal.documents('a');
  await s.journal.write('a', (session) => a.updateMany({ _id: { $lt: 8 } }, { $set: { f: 1 } }, { session }));
  await s.journal.write('a', (session) => a.deleteMany({ _id: { $gte: 10 } }, { session }));
  // All others get the value of the one behind them.
  await s.journal.write('a', async (session) => {
    for (let _id = 9; _id >= 0; _id--) await a.updateOne({ _id }, { $inc: { n: 1 } }, { session });
  });
  return Object.assign(s, { a, was });
}

test.each(['strict', 'tolerant'] as const)('documents with a name twice are back byte for byte: %s', async (mode) => {
  await using s = await seeded();
  expect(await s.undo({ mode })).toMatchObject({ state: 'undone', documents: count, inserted: 2, merged: 0 });
  expect(await s.journal.documents('a')).toEqual(s.was);
});

test('a write of a user to one of them stops a strict undo before it begins, and is kept whole by a tolerant one', async () => {
  await using s = await seeded();
  await s.a.updateOne({ _id: 3 }, { $set: { title: 'new' } });
  const now = await s.journal.documents('a');
  const conflict = { kind: 'document', namespace: `${s.db.databaseName}.a`, id: '3' };
  expect(await s.undo()).toMatchObject({ state: 'conflicts', conflicts: [conflict], documents: 0 });
  expect(await s.journal.documents('a')).toEqual(now);
  // It keeps the value that the next one needs, and so on; 10 was deleted.
  expect(await s.undo({ mode: 'tolerant' })).toMatchObject({ state: 'undone', documents: 4, quarantined: 8 });
  const after = await s.journal.documents('a');
  const left = [3, 4, 5, 6, 7, 8, 9];
  expect([...after.values()].map((document) => BSON.deserialize(document)._id).sort((x, y) => x - y)).toEqual([
    0,
    1,
    2,
    ...left,
    11,
  ]);
  for (const [key, document] of after) {
    const stays = left.includes(BSON.deserialize(document)._id);
    expect(document).toEqual((stays ? now : s.was).get(key));
  }
});

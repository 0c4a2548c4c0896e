import { expect, test } from 'vitest';
import { lab, outcome } from './lab.ts';

test('what no transaction takes is sent as it is, with its answer on record and the reason', async () => {
  await using it = await lab();
  await it.raw.db.createCollection('cap', { capped: true, size: 4096 });
  await it.raw.db.createCollection('ts', { timeseries: { timeField: 't' } });
  await it.raw.db.collection<{ _id: number }>('c').insertMany([{ _id: 1 }, { _id: 2 }]);
  await using run = await it.run();
  await run.db.collection<{ _id: number }>('cap').insertOne({ _id: 1 });
  await run.db.collection('ts').insertOne({ t: new Date() });
  await run.db
    .collection('c')
    .aggregate([{ $merge: 'd' }])
    .toArray();
  await run.db.setProfilingLevel('off');
  expect(await it.raw.db.collection('d').countDocuments()).toBe(2);
  const entries = (await it.entries()).filter(({ kind }) => kind === 'unfenced');
  expect(entries.map(({ method, state, images }) => [method, state, images])).toEqual([
    ['insertOne', 'done', false],
    ['insertOne', 'done', false],
    ['aggregate $merge', 'done', false],
    ['setProfilingLevel', 'done', false],
  ]);
  expect(run.notes()).toHaveLength(4);
  expect(run.notes().join()).not.toContain('undefined');
});

test('a refused one is on record as refused, and refused again without being sent', async () => {
  await using it = await lab();
  await it.raw.db.createCollection('cap', { capped: true, size: 4096 });
  await it.raw.db.collection<{ _id: number }>('cap').insertOne({ _id: 1 });
  const twice = async () => {
    await using run = await it.run();
    return await outcome(it.raw.name, () => run.db.collection<{ _id: number }>('cap').insertOne({ _id: 1 }));
  };
  const first = await twice();
  expect(first).toMatchObject({ name: 'MongoServerError', code: 11000 });
  expect(await twice()).toEqual(first);
  expect(await it.entries()).toMatchObject([{ state: 'refused' }]);
});

test('one that is cut off is in doubt, and the message says where and what to do', async () => {
  await using it = await lab();
  await it.raw.db.collection<{ _id: number }>('c').insertMany([{ _id: 1 }, { _id: 2 }]);
  const merge = (db: typeof it.raw.db) =>
    db
      .collection('c')
      .aggregate([{ $merge: 'd' }])
      .toArray();
  {
    await using first = await it.run({ dies: { after: 'aggregate', answerLost: true } });
    await expect(merge(first.db)).rejects.toThrow();
  }
  const [entry] = await it.entries();
  expect(entry).toMatchObject({ state: 'intent', method: 'aggregate $merge' });
  await using second = await it.run();
  await expect(merge(second.db)).rejects.toMatchObject({
    code: 'OPERATION_IN_DOUBT',
    message: expect.stringContaining(`aggregate $merge on ${it.raw.name}.d`),
    hint: expect.stringContaining('mongo-release baseline'),
  });
});

test('a pipeline that was answered is not run again', async () => {
  await using it = await lab();
  await it.raw.db.collection<{ _id: number }>('c').insertMany([{ _id: 1 }]);
  for (let round = 0; round < 2; round += 1) {
    await using run = await it.run();
    const cursor = run.db.collection('c').aggregate([{ $merge: 'd' }]);
    expect(await cursor.toArray()).toEqual([]);
    expect(cursor.closed).toBe(true);
    await it.raw.db.collection<{ _id: number }>('c').insertOne({ _id: 10 + round });
  }
  expect(await it.raw.db.collection('d').countDocuments()).toBe(1);
});

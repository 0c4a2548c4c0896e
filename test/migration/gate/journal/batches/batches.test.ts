import {
  Binary,
  type Collection,
  Decimal128,
  type Document,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb';
import { expect, test } from 'vitest';
import { usualSizes } from '../../../../../src/migration/gate/journal/batches/pace.ts';
import type { ReleaseError } from '../../../../../src/observe/error.ts';
import { Died, lab, outcome } from './lab.ts';

interface Doc extends Document {
  _id: unknown;
  hits?: number;
}

async function filled(collection: Collection<Doc>, count: number, of: (i: number) => Document = () => ({})) {
  for (let at = 0; at < count; at += 10_000) {
    const length = Math.min(10_000, count - at);
    await collection.insertMany(Array.from({ length }, (_, i) => ({ _id: at + i, n: at + i, ...of(at + i) })));
  }
  return collection;
}

test('a few documents are changed in one transaction, with their images', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 10);
  const result = await it.through(c, 'updateMany', [{ n: { $gte: 4 } }, { $set: { n: 4 } }]);
  expect(result).toEqual({ acknowledged: true, matchedCount: 6, modifiedCount: 5, upsertedCount: 0, upsertedId: null });
  expect(await c.countDocuments({ n: 4 })).toBe(6);
  const [entry, ...others] = await it.entries();
  expect(others).toEqual([]);
  expect(entry).toMatchObject({ state: 'done', method: 'updateMany', images: true, result: { form: 'plain' } });
  // The one that was 4 already did not change.
  const images = await it.images();
  expect(images.map(({ before }) => before?.n)).toEqual([5, 6, 7, 8, 9]);
  expect(images.map(({ after }) => after)).toEqual([5, 6, 7, 8, 9].map((_id) => ({ _id, n: 4 })));
});

test('many documents are changed in batches with one entry, and answered with all counts', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 6000);
  const result = await it.through(c, 'updateMany', [{ n: { $lt: 5000 } }, { $inc: { n: 100_000 } }]);
  expect(result).toMatchObject({ matchedCount: 5000, modifiedCount: 5000, upsertedId: null });
  expect(await c.countDocuments({ n: { $gte: 100_000 } })).toBe(5000);
  const entries = await it.entries();
  expect(entries.map(({ state }) => state)).toEqual(['done']);
  expect(it.committed()).toBeGreaterThan(2);
  expect((await it.images()).every(({ before, after }) => after?.n - before?.n === 100_000)).toBe(true);
  expect((await it.images()).length).toBe(5000);
  expect(it.told.at(-1)).toMatchObject({ matched: 5000, modified: 5000 });
  const removed = await it.through(c, 'deleteMany', [{}]);
  expect(removed).toEqual({ acknowledged: true, deletedCount: 6000 });
  expect((await it.images()).length).toBe(11_000);
  expect(await c.countDocuments()).toBe(0);
});

test('without images nothing is read, and the counts are the same', async () => {
  await using it = await lab({ images: false });
  const c = await filled(it.raw.db.collection<Doc>('c'), 5000);
  expect(await it.through(c, 'updateMany', [{}, { $set: { n: 5 } }])).toMatchObject({
    matchedCount: 5000,
    modifiedCount: 4999,
  });
  expect(await it.images()).toEqual([]);
});

test('ids of all types in one collection are each changed once', async () => {
  await using it = await lab();
  const c = it.raw.db.collection<Doc>('c');
  await filled(c, 3000);
  const ids = [
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    2.5,
    'a',
    'A',
    '',
    new ObjectId(),
    new Date(0),
    { a: 1, b: [1, { c: null }] },
    new Map([
      ['10', 1],
      ['2', 2],
    ]),
    {},
    true,
    false,
    Long.fromString('9007199254740993'),
    Decimal128.fromString('1.25'),
    new Timestamp({ t: 1, i: 1 }),
    new UUID(),
    new MinKey(),
    new MaxKey(),
  ];
  await it.raw.db.command({ insert: 'c', documents: [...ids.map((_id) => ({ _id, n: -1 })), { _id: null, n: -1 }] });
  const count = 3000 + ids.length + 1;
  expect(await it.through(c, 'updateMany', [{ n: { $lt: 5000 } }, { $inc: { times: 1 } }])).toMatchObject({
    matchedCount: count,
  });
  expect(await c.countDocuments({ times: 1 })).toBe(count);
  expect(await it.through(c, 'updateMany', [{}, { $inc: { times: 1 } }])).toMatchObject({ matchedCount: count });
  expect(await c.countDocuments({ times: 2 })).toBe(count);
  expect((await it.images()).length).toBe(2 * count);
  expect(await it.through(c, 'deleteMany', [{ times: 2 }])).toMatchObject({ deletedCount: count });
});

test('a call that died goes on where it was, at any kind of id', async () => {
  await using it = await lab();
  const c = it.raw.db.collection<Doc>('c');
  await filled(c, 1500);
  await it.raw.db.command({
    insert: 'c',
    documents: [
      { _id: null, n: 0 },
      { _id: Number.NaN, n: 0 },
      ...Array.from({ length: 1500 }, (_, i) => ({ _id: `s${i}`, n: i })),
      ...Array.from({ length: 1500 }, (_, i) => ({ _id: { '10': i, '2': 0 }, n: i })),
      ...Array.from({ length: 1500 }, (_, i) => ({ _id: new Date(i), n: i })),
      { _id: new MaxKey(), n: 0 },
    ],
  });
  const count = 6003;
  const args = [{ n: { $gte: 0 } }, { $inc: { times: 1 } }];
  let runs = 0;
  for (let begun = undefined as Awaited<ReturnType<typeof it.entries>>[number] | undefined; ; runs += 1) {
    const died = await it.through(c, 'updateMany', args, { diesAfter: 1, begun }).catch((error: unknown) => error);
    begun = (await it.entries())[0];
    if (died instanceof Died) {
      expect(begun?.state).toBe('progress');
      continue;
    }
    expect(died).toMatchObject({ acknowledged: true, matchedCount: count, modifiedCount: count, upsertedId: null });
    break;
  }
  expect(runs).toBeGreaterThan(2);
  expect(await c.countDocuments({ times: 1 })).toBe(count);
  expect((await it.images()).length).toBe(count);
  const entries = await it.entries();
  expect(entries.map(({ state }) => state)).toEqual(['done']);
});

test('with a default collation of the collection, too', async () => {
  await using it = await lab();
  const c = await it.raw.db.createCollection<Doc>('c', { collation: { locale: 'en', strength: 1 } });
  await c.insertMany(Array.from({ length: 4000 }, (_, i) => ({ _id: i % 2 ? `é${i}` : `Z${i}`, n: i })));
  const args = [{}, { $inc: { times: 1 } }];
  expect(await it.through(c, 'updateMany', args, { diesAfter: 1 }).catch((error) => error)).toBeInstanceOf(Died);
  const [begun] = await it.entries();
  expect(await it.through(c, 'updateMany', args, { begun })).toMatchObject({ matchedCount: 4000 });
  expect(await c.countDocuments({ times: 1 })).toBe(4000);
});

test('a collation of the operation is kept, in one transaction', async () => {
  await using it = await lab();
  const c = it.raw.db.collection<Doc>('c');
  await c.insertMany(['a', 'A', 'b'].map((_id) => ({ _id, name: _id })));
  const collation = { locale: 'en', strength: 2 };
  expect(await it.through(c, 'updateMany', [{ name: 'a' }, { $set: { x: 1 } }, { collation }])).toMatchObject({
    matchedCount: 2,
  });
  expect((await it.images()).map(({ after }) => after?._id).sort()).toEqual(['A', 'a']);
  expect(await it.through(c, 'deleteMany', [{ _id: 'A' }, { collation }])).toMatchObject({ deletedCount: 2 });
});

test('what can be neither cut nor done at once is refused, and nothing is changed', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 20_001, () => ({ name: 'a' }));
  const collation = { locale: 'en', strength: 2 };
  const refused = await it
    .through(c, 'updateMany', [{ name: 'A' }, { $set: { x: 1 } }, { collation }])
    .catch((error: ReleaseError) => error);
  expect(refused).toMatchObject({ name: 'ReleaseError', code: 'STATEMENT_TOO_LARGE' });
  expect(await c.countDocuments({ x: 1 })).toBe(0);
});

test('$$NOW is one value in all batches, also after it died, and data stays data', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 4000);
  const update = [{ $set: { at: '$$NOW', text: { $literal: '$$NOW' }, list: ['$$NOW', { x: '$$NOW' }] } }];
  const args = [{ $expr: { $lt: [new Date(0), '$$NOW'] } }, update];
  await it.through(c, 'updateMany', args, { diesAfter: 2 }).catch((error) => expect(error).toBeInstanceOf(Died));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const [begun] = await it.entries();
  await it.through(c, 'updateMany', args, { begun });
  const seen = await c.aggregate([{ $group: { _id: { at: '$at', text: '$text', list: '$list' } } }]).toArray();
  expect(seen).toHaveLength(1);
  expect(seen[0]?._id.text).toBe('$$NOW');
  expect(seen[0]?._id.list).toEqual([seen[0]?._id.at, { x: seen[0]?._id.at }]);
  // In an update document it is data everywhere.
  await it.through(c, 'updateMany', [{}, { $set: { text: '$$NOW' } }]);
  expect(await c.countDocuments({ text: '$$NOW' })).toBe(4000);
});

test('a unique value shifted by one goes through where one statement would', async () => {
  await using it = await lab();
  for (const count of [500, 3000]) {
    const c = it.raw.db.collection<Doc>(`c${count}`);
    await c.insertMany(Array.from({ length: count }, (_, i) => ({ _id: i, n: i })));
    await c.createIndex({ n: -1 }, { unique: true });
    const args = [{ n: { $gte: 0 } }, { $inc: { n: 1 } }, { hint: { n: -1 } }] as const;
    const plain = it.raw.db.collection<Doc>(`plain${count}`);
    await plain.insertMany(Array.from({ length: count }, (_, i) => ({ _id: i, n: i })));
    await plain.createIndex({ n: -1 }, { unique: true });
    const without = await plain.updateMany(...args);
    expect(await it.through(c, 'updateMany', args)).toEqual(without);
    expect(await c.find().sort({ _id: 1 }).toArray()).toEqual(await plain.find().sort({ _id: 1 }).toArray());
  }
});

test('a refused document leaves those before it changed, as without the gate', async () => {
  await using it = await lab();
  for (const [count, bad] of [
    [100, 40],
    [5000, 2345],
    [1500, 0],
  ] as const) {
    const fill = async (name: string) => {
      const c = await filled(await it.raw.db.createCollection<Doc>(name), count);
      await it.raw.db.command({ collMod: name, validator: { m: { $ne: bad } } });
      return c;
    };
    const [c, plain] = [await fill(`c${count}`), await fill(`p${count}`)];
    const args = [{}, [{ $set: { m: '$n' } }]] as const;
    const without = await outcome(() => plain.updateMany(...args), it.raw.name);
    const entries = (await it.entries()).length;
    expect(await outcome(() => it.through(c, 'updateMany', args), it.raw.name)).toEqual(without);
    expect(await c.find().sort({ _id: 1 }).toArray()).toEqual(await plain.find().sort({ _id: 1 }).toArray());
    const entry = (await it.entries())[entries];
    expect(entry).toMatchObject({ state: bad === 0 ? 'refused' : 'done', error: { code: 121 } });
    expect(it.told.at(-1)).toMatchObject({ modified: bad });
  }
});

test('positions, filters of arrays and a chosen index work in batches', async () => {
  await using it = await lab();
  const fill = async (name: string) => {
    const c = await filled(it.raw.db.collection<Doc>(name), 2500, (i) => ({
      list: [1, i % 7, 9],
      tag: i % 2 ? i : undefined,
    }));
    await c.createIndex({ tag: 1 }, { sparse: true });
    return c;
  };
  const [c, plain] = [await fill('c'), await fill('p')];
  const steps: [object, object, object?][] = [
    [{ list: { $gt: 5 } }, { $set: { 'list.$': 100 } }],
    [{}, { $inc: { 'list.$[x]': 10 } }, { arrayFilters: [{ x: { $lt: 5 } }] }],
    [{ tag: { $gt: 0 } }, { $set: { hinted: true } }, { hint: { tag: 1 } }],
    [{ $expr: { $gt: ['$n', '$$least'] } }, [{ $set: { more: '$$least' } }], { let: { least: 100 } }],
    [{ $comment: 'x', n: { $gte: 0 } }, { $unset: { tag: '' } }, { comment: 'why', maxTimeMS: 60_000 }],
  ];
  for (const args of steps) {
    const without = await plain.updateMany(...(args as [object, object]));
    expect(await it.through(c, 'updateMany', args)).toEqual(without);
  }
  expect(await c.find().sort({ _id: 1 }).toArray()).toEqual(await plain.find().sort({ _id: 1 }).toArray());
});

test('an upsert happens only when the whole pass matched nothing', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 2500);
  const upsert = { upsert: true };
  expect(await it.through(c, 'updateMany', [{ n: { $lt: 2000 } }, { $set: { x: 1 } }, upsert])).toMatchObject({
    matchedCount: 2000,
    upsertedCount: 0,
  });
  const inserted = await it.through(c, 'updateMany', [{ _id: 'new' }, { $set: { x: 1 } }, upsert]);
  expect(inserted).toMatchObject({ matchedCount: 0, upsertedCount: 1, upsertedId: 'new' });
  expect((await it.images()).at(-1)).toEqual({ before: undefined, after: { _id: 'new', x: 1 } });
  expect(await c.countDocuments()).toBe(2501);
});

test('random filters choose once', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 900);
  const result = (await it.through(c, 'updateMany', [
    { $expr: { $lt: [{ $rand: {} }, 0.5] } },
    { $set: { x: 1 } },
  ])) as {
    matchedCount: number;
  };
  const changed = await c.countDocuments({ x: 1 });
  expect(result.matchedCount).toBe(changed);
  expect((await it.images()).length).toBe(changed);
});

test('hot documents are waited for in small batches, and nobody loses a write', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 6000, () => ({ hits: 0 }));
  let on = true;
  let hits = 0;
  const hot = it.raw.db.collection<{ _id: number; hits: number }>('c');
  const writers = [1, 2].map(async () => {
    while (on) {
      await hot.updateOne({ _id: 2500 }, { $inc: { hits: 1 } });
      hits += 1;
    }
  });
  const result = await it.through(c, 'updateMany', [{}, { $inc: { n: 1_000_000 } }]);
  on = false;
  await Promise.all(writers);
  expect(result).toMatchObject({ matchedCount: 6000, modifiedCount: 6000 });
  expect(await c.countDocuments({ n: { $gte: 1_000_000, $lt: 2_000_000 } })).toBe(6000);
  expect((await hot.findOne({ _id: 2500 }))?.hits).toBe(hits);
});

test('large documents make small batches', { timeout: 120_000 }, async () => {
  await using it = await lab();
  const c = it.raw.db.collection<Doc>('c');
  const padding = 'x'.repeat(100_000);
  for (let at = 0; at < 800; at += 100) {
    await c.insertMany(Array.from({ length: 100 }, (_, i) => ({ _id: at + i, padding })));
  }
  expect(await it.through(c, 'updateMany', [{}, { $set: { x: 1 } }])).toMatchObject({ modifiedCount: 800 });
  // 80 MB in all.
  expect(Math.max(...(await it.parts())) * 100_000).toBeLessThan(50_000_000);
  expect((await it.images()).length).toBe(800);
});

test('a cursor that dies between two batches is opened again behind the last id', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 12_000);
  let killed = 0;
  const pause = async () => {
    if (killed++ > 0) return;
    const open = { $currentOp: { idleCursors: true, allUsers: true } };
    const ours = { $match: { type: 'idleCursor', ns: `${it.raw.name}.c` } };
    const cursors = await it.raw.client.db('admin').aggregate([open, ours]).toArray();
    const ids = cursors.map(({ cursor }) => cursor.cursorId);
    expect(ids).toHaveLength(1);
    await it.raw.db.command({ killCursors: 'c', cursors: ids });
  };
  expect(await it.through(c, 'updateMany', [{}, { $inc: { times: 1 } }], { pause })).toMatchObject({
    matchedCount: 12_000,
  });
  expect(await c.countDocuments({ times: 1 })).toBe(12_000);
});

test('a unique value in the way stops the batches where it is, and what is done is on record', async () => {
  await using it = await lab();
  const c = await filled(it.raw.db.collection<Doc>('c'), 3000);
  await c.createIndex({ n: 1 }, { unique: true });
  // More than is tried as one transaction, and one of them has a neighbour that is never moved away.
  const sizes = { ...usualSizes, atOnce: 2000 };
  await c.insertOne({ _id: 'later', n: 101_500 });
  const refused = it.through(c, 'updateMany', [{ n: { $lt: 100_000 } }, { $inc: { n: 100_000 } }], {
    sizes,
  });
  await expect(refused).rejects.toMatchObject({ name: 'MongoServerError', code: 11_000, keyPattern: { n: 1 } });
  expect(await c.countDocuments({ n: { $gte: 100_000 } })).toBe(1501);
  const [entry] = await it.entries();
  expect(entry).toMatchObject({ state: 'done', error: { code: 11_000 }, checkpoint: { counts: { modified: 1500 } } });
  expect((await it.images()).length).toBe(1500);
  expect(it.notes).toEqual(['updateMany on c was refused after 1500 documents were changed.']);
});

test('an _id that cannot be named is said so, and nothing is changed', async () => {
  await using it = await lab();
  const c = it.raw.db.collection<Doc>('c');
  await c.insertMany([{ _id: 1 }, { _id: new Binary(Buffer.from('x'), 2) }]);
  const refused = it.through(c, 'updateMany', [{}, { $set: { x: 1 } }]);
  await expect(refused).rejects.toMatchObject({ name: 'ReleaseError', code: 'ID_UNUSABLE' });
  expect(await c.countDocuments({ x: 1 })).toBe(0);
  expect(await it.entries()).toEqual([]);
});

import { type Collection, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BatchSettings } from '../../../src/migration/define.ts';
import { type Lab, lab, type Running } from './lab.ts';

interface City {
  _id: number;
  name: string;
  slug?: string;
  n?: number;
}

describe('a function for each document', () => {
  let it: Lab;
  let run: Running;
  let cities: Collection<City>;

  beforeAll(async () => {
    it = await lab();
    cities = it.db.collection<City>('cities');
  });
  afterAll(() => it[Symbol.asyncDispose]());
  beforeEach(async () => {
    const seeded = Array.from({ length: 25 }, (_, _id) => ({ _id, name: `City ${_id}` }));
    run = await it.fresh('cities', seeded);
  });

  test('says with what it returns what becomes of the document', async () => {
    const result = await run.batch<City>({
      collection: 'cities',
      size: 4,
      filter: { _id: { $lt: 12 } },
      each: async ({ _id, name }) => {
        switch (_id % 6) {
          case 0:
            return { $set: { slug: name.toLowerCase() } };
          case 1:
            return [{ $set: { slug: { $concat: ['$name', '!'] } } }];
          case 2:
            return { _id, name, slug: 'replaced' };
          case 3:
            return 'delete';
          case 4:
            return null;
          default:
            return undefined;
        }
      },
    });
    expect(result).toEqual({ matched: 12, modified: 6, deleted: 2, skipped: 4, quarantined: 0 });
    const left = await cities.find({ _id: { $lt: 6 } }).toArray();
    expect(left).toEqual([
      { _id: 0, name: 'City 0', slug: 'city 0' },
      { _id: 1, name: 'City 1', slug: 'City 1!' },
      { _id: 2, name: 'City 2', slug: 'replaced' },
      { _id: 4, name: 'City 4' },
      { _id: 5, name: 'City 5' },
    ]);
    expect(run.gate.effects()).toMatchObject({ operations: 1, matched: 12, modified: 6, deleted: 2 });
    expect(await it.entries()).toMatchObject([{ state: 'done', method: 'batch', result: { value: { matched: 12 } } }]);
    // Of what did not change there is no image.
    const images = await it.images();
    expect(images).toHaveLength(8);
    expect(images[3]).toEqual({ before: { _id: 3, name: 'City 3' }, after: undefined });
  });

  test('is called once a document, in the order of _id, with an index', async () => {
    const seen: [number, number][] = [];
    await run.batch<City>({
      collection: it.db.collection<City>('cities'),
      size: 10,
      each: ({ _id }, { index }) => {
        seen.push([_id, index]);
        return { $set: { n: index } };
      },
    });
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => [n, n]));
    expect(await cities.countDocuments({ $expr: { $eq: ['$_id', '$n'] } })).toBe(25);
  });

  test('goes in another order when asked to, over missing, null and mixed values too', async () => {
    const values: unknown[] = [3, 1, 1, 'b', 'a', null, undefined, { x: 1 }, new Date(5), true, Number.NaN, 2.5];
    await cities.deleteMany({});
    await it.db
      .collection<{ _id: number; by?: unknown }>('cities')
      .insertMany(values.map((by, _id) => (by === undefined ? { _id } : { _id, by })));
    for (const way of [1, -1] as const) {
      const expected = (await cities.find().sort({ by: way, _id: 1 }).toArray()).map(({ _id }) => _id);
      // In one go; and stopped after each page, so that the place is found again from one document alone.
      for (const stops of [false, true]) {
        await it.db.collection('_mongo_release.journal').deleteMany({});
        await inRuns(it, stops, 4, { collection: 'cities', order: { by: way } }, (index) => ({ $set: { n: index } }));
        expect((await cities.find().sort({ n: 1 }).toArray()).map(({ _id }) => _id)).toEqual(expected);
      }
    }
  });

  test('does not go in an order of lists, which have several places each', async () => {
    await it.db.collection('cities').updateOne({ _id: 3 as never }, { $set: { n: [1, 2] } });
    const refused = run.batch({ collection: 'cities', order: { n: 1 }, each: () => null });
    await expect(refused).rejects.toMatchObject({
      code: 'BATCH_INVALID',
      message: expect.stringContaining('order of n'),
    });
  });

  test('is told the types that the driver gives, and keeps those of the others', async () => {
    await it.db.collection('cities').replaceOne({ _id: 1 as never }, { long: Long.fromString('9007199254740993') });
    await run.batch({
      collection: 'cities',
      filter: { _id: 1 },
      each: ({ long }) => ({ $set: { seen: typeof long } }),
    });
    expect(await it.db.collection('cities').findOne({ _id: 1 as never }, { promoteLongs: false })).toMatchObject({
      long: Long.fromString('9007199254740993'),
      seen: 'object',
    });
  });

  test('may be asked about several documents at a time', async () => {
    let now = 0;
    let most = 0;
    await run.batch<City>({
      collection: 'cities',
      size: 10,
      concurrency: 4,
      each: async ({ _id }) => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return { $set: { n: _id } };
      },
    });
    expect(most).toBe(4);
    expect(await cities.countDocuments({ $expr: { $eq: ['$_id', '$n'] } })).toBe(25);
  });

  test('finds nothing in a collection that is not there', async () => {
    const nothing = { matched: 0, modified: 0, deleted: 0, skipped: 0, quarantined: 0 };
    expect(await run.batch({ collection: 'absent', each: () => 'delete' })).toEqual(nothing);
    expect(await it.entries()).toMatchObject([{ state: 'done', namespace: { collection: 'absent' } }]);
  });

  test.each([
    ['a number', 5],
    ['an empty object', {}],
    ['operators among fields', { $set: { a: 1 }, b: 2 }],
    ['another word', 'remove'],
  ])('is refused where it returns %s', async (_, answer) => {
    const refused = run.batch({ collection: 'cities', each: () => answer as never });
    await expect(refused).rejects.toMatchObject({ code: 'BATCH_DOCUMENT_FAILED' });
    expect(run.gate.effects().operations).toBe(0);
  });
});

describe('documents of every type of _id', () => {
  const ids = [
    new MinKey(),
    Number.NaN,
    new Double(-1.5),
    new Int32(3),
    Long.fromString('9007199254740993'),
    Decimal128.fromString('9007199254740995'),
    'A',
    'a',
    { b: 1, 1: 2 },
    { b: 1 },
    new ObjectId(),
    new UUID(),
    false,
    true,
    new Date(0),
    new Timestamp({ t: 1, i: 2 }),
    null,
    new MaxKey(),
  ];

  test('are all found, changed and passed by once, also one page at a time over many runs', async () => {
    await using it = await lab();
    const mixed = it.db.collection<{ _id: unknown; n?: number }>('mixed');
    await mixed.insertMany(ids.map((_id) => ({ _id })) as never);
    for (const stops of [false, true]) {
      await it.db.collection('_mongo_release.journal').deleteMany({});
      await inRuns(it, stops, 2, { collection: 'mixed' }, () => ({ $inc: { n: 1 } }));
      const counts = await mixed.find().toArray();
      expect(counts.map(({ n }) => n)).toEqual(ids.map(() => (stops ? 2 : 1)));
    }
  });
});

/** A batch to its end: in one run, or each page in a run of its own that is stopped when it comes to the next. */
async function inRuns(
  it: Lab,
  stops: boolean,
  size: number,
  options: Pick<BatchSettings, 'collection' | 'order'>,
  answer: (index: number) => object,
): Promise<void> {
  for (let round = 0; round < 50; round += 1) {
    const run = await it.run();
    let calls = 0;
    const each = (_: object, { index }: { index: number }) => {
      calls += 1;
      if (stops && calls > size) run.stop();
      return answer(index);
    };
    const ended = run.batch({ ...options, size, each }).then(
      () => true,
      (error: { code: string }) => {
        if (error.code !== 'GATE_CLOSED') throw error;
        return false;
      },
    );
    if (await ended) return;
  }
  throw new Error('It never came to its end.');
}

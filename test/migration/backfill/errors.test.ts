import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, MongoNetworkError, ObjectId, UUID } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Lab, lab, type Running } from './lab.ts';

interface Town {
  _id: number;
  name?: string;
  slug?: string;
}

let it: Lab;
let run: Running;
let towns: Collection<Town>;

beforeAll(async () => {
  it = await lab();
  towns = it.db.collection<Town>('towns');
});
afterAll(() => it[Symbol.asyncDispose]());
beforeEach(async () => {
  const seeded = Array.from({ length: 20 }, (_, n) => ({ _id: n, ...(n === 13 ? {} : { name: `T${n}` }) }));
  run = await it.fresh('towns', seeded);
});

function thrownInProject(): Error {
  const stack = 'Error\n    at slugOf (/project/slug.ts:3:9)\n    at each (/project/backfill.ts:7:11)';
  return Object.assign(new Error('each threw: a slug of Zaphod'), { stack });
}

/** Fails at the town without a name. */
const each = ({ name }: Town) => {
  if (name === undefined) throw thrownInProject();
  return { $set: { slug: name.toLowerCase() } };
};

async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string; hint: string }> {
  return promise.then(
    () => expect.fail('it went through'),
    (error) => error,
  );
}

describe('a function that throws', () => {
  test('in a rehearsal: it is said for how many documents and which; those before it are done, and no other', async () => {
    const odd = (n: number) => n > 12 && n % 3 === 1;
    const seeded = Array.from({ length: 50 }, (_, n) => ({ _id: n, ...(odd(n) ? {} : { name: `T${n}` }) }));
    run = await it.fresh('towns', seeded, { rehearsal: true });
    const error = await failure(run.batch<Town>({ collection: 'towns', size: 5, each: each as never }));
    expect(error.message).toMatch(
      /each fails for 13 of 50 documents: 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, …\. .*: each failed for the document 13: .*\.$/,
    );
    expect(error.hint).toMatch(/^Correct these documents or the migration/);
    expect(await towns.countDocuments({ slug: { $exists: true } })).toBe(13);
    // One alone is named as ever.
    run = await it.fresh('towns', seeded.slice(0, 15), { rehearsal: true });
    const one = await failure(run.batch<Town>({ collection: 'towns', each: each as never }));
    expect(one.message).toMatch(/failed for the document 13: .*\.$/);
    expect(one.message).not.toContain('each fails for');
  });

  test('in a rehearsal: it asks no more after ten seconds, nor once a server is out', async () => {
    const seeded = Array.from({ length: 60 }, (_, n) => ({ _id: n }));
    run = await it.fresh('towns', seeded, { rehearsal: true });
    const began = performance.now();
    const slow = async () => {
      await sleep(500);
      throw thrownInProject();
    };
    const late = await failure(run.batch<Town>({ collection: 'towns', each: slow as never }));
    // All of them would be half a minute.
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(late.message).toMatch(/each fails for (\d|1\d|2[01]) of the first \1 documents: 0, 1, 2, /);

    run = await it.fresh('towns', seeded, { rehearsal: true });
    const outAt = ({ _id }: Town) => {
      throw Number(_id) < 3 ? thrownInProject() : new MongoNetworkError('gone');
    };
    const out = await failure(run.batch<Town>({ collection: 'towns', each: outAt as never }));
    expect(out.message).toContain('each fails for 3 of the first 3 documents: 0, 1, 2.');
  }, 120_000);

  test('stops the batch at its document: what comes before is done, and it goes on there', async () => {
    const error = await failure(run.batch<Town>({ collection: 'towns', size: 5, each: each as never }));
    expect(error).toMatchObject({ code: 'BATCH_DOCUMENT_FAILED', exitCode: 8 });
    expect(error.message).toBe(
      'batch on towns: each failed for the document 13: Error: each threw: ‹hidden› slug ‹hidden›.',
    );
    expect(error.hint).toBe(
      "Correct the document 13 or the migration, or let the batch leave such documents out (onError: 'quarantine', maxErrors: how many), then type the same command again.",
    );
    expect((await towns.find({ slug: { $exists: true } }).toArray()).map(({ _id }) => _id)).toEqual(
      Array.from({ length: 13 }, (_, n) => n),
    );
    expect(run.gate.effects()).toMatchObject({ operations: 1, modified: 13, unknown: 0 });

    await towns.updateOne({ _id: 13 }, { $set: { name: 'T13' } });
    const again = await it.run();
    const asked: unknown[] = [];
    const result = await again.batch<Town>({
      collection: 'towns',
      size: 5,
      each: (town) => {
        asked.push(town._id);
        return each(town as Town);
      },
    });
    expect(asked).toEqual([13, 14, 15, 16, 17, 18, 19]);
    expect(result).toMatchObject({ matched: 20, modified: 20 });
    expect(again.lines).toContainEqual({ level: 'info', message: 'batch on towns: goes on after 13 documents.' });
  });

  test.each([
    [42, 'a number'],
    [{}, 'an empty object'],
    [{ $set: { slug: '' }, name: '' }, 'an object of both operators and fields'],
  ])('or returns %o is told what it may return', async (answer, what) => {
    const error = await failure(run.batch({ collection: 'towns', each: () => answer as never }));
    expect(error.message).toBe(`batch on towns: nothing was done with the document 0: each returned ${what}.`);
    expect(error.hint).toMatch(
      /^Let each return an update .* or a pipeline\), the whole document .*, 'delete', or nothing/,
    );
  });

  test('changes nothing where it fails at the first document', async () => {
    await failure(run.batch({ collection: 'towns', filter: { _id: 13 }, each: each as never }));
    expect(run.gate.effects().operations).toBe(0);
    expect(await it.entries()).toEqual([]);
  });

  test('puts a copy into quarantine when asked to, and says how many', async () => {
    const result = await run.batch({ collection: 'towns', size: 5, onError: 'quarantine', each: each as never });
    expect(result).toEqual({ matched: 20, modified: 19, deleted: 0, skipped: 0, quarantined: 1 });
    expect(await it.quarantine()).toMatchObject([
      {
        migration: 'backfill',
        attempt: 1,
        why: 'batch',
        namespace: { database: it.raw.name, collection: 'towns' },
        documentId: 13,
        error: { name: 'Error', message: 'each threw: a slug of Zaphod', at: 'backfill.ts:7' },
        document: { _id: 13 },
        at: expect.any(Date),
      },
    ]);
    expect(run.gate.effects()).toMatchObject({ matched: 20, quarantined: 1 });
    expect(run.lines).toEqual([
      {
        level: 'warn',
        message: expect.stringMatching(
          /: the document 13 is left as it is: Error: each threw: .* at backfill\.ts:7\.$/,
        ),
      },
      {
        level: 'warn',
        message: 'batch on towns: 1 document was left as before, with a copy in _mongo_release.quarantine.',
      },
    ]);
  });

  test('stops all the same when too many fail', async () => {
    await towns.updateMany({ _id: { $in: [3, 6, 9] } }, { $unset: { name: 1 } });
    const options = { collection: 'towns', onError: 'quarantine', maxErrors: 3, each: each as never } as const;
    const error = await failure(run.batch(options));
    expect(error.message).toMatch(
      /^batch on towns: more than 3 documents failed\. The last: each failed for the document 13: /,
    );
    expect((await it.quarantine()).map(({ documentId }) => documentId)).toEqual([3, 6, 9]);
    expect(await towns.countDocuments({ slug: { $exists: true } })).toBe(10);
  });

  test('is not taken for a fault of the document when the connection was lost', async () => {
    const each = () => {
      throw Object.assign(new Error('connection 7 to 10.0.0.1 closed'), { name: 'MongoNetworkError' });
    };
    const error = await failure(run.batch({ collection: 'towns', onError: 'quarantine', each }));
    expect(error).toMatchObject({
      code: 'BATCH_DOCUMENT_FAILED',
      message:
        'batch on towns: the connection was lost at the document 0: MongoNetworkError: connection 7 to ‹hidden› closed.',
      hint: 'Look at the servers and at the network between, then type the same command again.',
    });
    expect(await it.quarantine()).toEqual([]);
  });

  test.each([
    ['a text', () => 'drop', 'each returned a string'],
    ['nothing in an object', () => ({}), 'each returned an empty object'],
    ['both kinds', () => ({ $set: { a: 1 }, b: 2 }), 'each returned an object of both operators and fields'],
  ])('that answers with %s is told so', async (_, each, told) => {
    const error = await failure(run.batch({ collection: 'towns', each: each as never }));
    expect(error.message).toBe(`batch on towns: nothing was done with the document 0: ${told}.`);
  });
});

describe('a change that the server refuses', () => {
  beforeEach(() => towns.createIndex({ slug: 1 }, { unique: true, sparse: true }));

  const clash = ({ _id }: Town) => ({ $set: { slug: _id === 7 ? 's3' : `s${_id}` } });

  test('stops the batch at its document, which is named', async () => {
    const error = await failure(run.batch({ collection: 'towns', each: clash as never }));
    expect(error).toMatchObject({
      code: 'BATCH_DOCUMENT_FAILED',
      message: 'batch on towns: the server refused the change of the document 7: duplicate key in index slug_1.',
    });
    expect(await towns.countDocuments({ slug: { $exists: true } })).toBe(7);
  });

  test('puts a copy into quarantine when asked to', async () => {
    const result = await run.batch({ collection: 'towns', onError: 'quarantine', each: clash as never });
    expect(result).toMatchObject({ matched: 20, modified: 19, quarantined: 1 });
    expect(await it.quarantine()).toMatchObject([{ documentId: 7, error: { code: 11000 } }]);
  });

  test('is found among the documents of one update', async () => {
    const update = [
      { $set: { slug: { $cond: [{ $eq: ['$_id', 7] }, 's3', { $concat: ['s', { $toString: '$_id' }] }] } } },
    ];
    const result = await run.batch({ collection: 'towns', onError: 'quarantine', update });
    expect(result).toMatchObject({ matched: 20, modified: 19, quarantined: 1 });
    expect(await it.quarantine()).toMatchObject([{ documentId: 7 }]);
  });
});

test.each([
  ['an ObjectId', new ObjectId('65f0a1b2c3d4e5f6a7b8c9d0'), /document 65f0a1b2c3d4e5f6a7b8c9d0: /],
  ['a UUID', new UUID('0189e2f4-7a3b-7c4d-8e5f-001122334455'), /document 0189e2f4-7a3b-7c4d-8e5f-001122334455: /],
  ['a number', 12.5, /document 12\.5: /],
  ['what may be a person', 'zaphod@heart.example', /document with the hash [0-9a-f]{12}: /],
])('a document whose _id is %s is named so', async (_, _id, message) => {
  await towns.deleteMany({});
  await towns.insertOne({ _id } as never);
  const error = await failure(run.batch({ collection: 'towns', each: each as never }));
  expect(error.message).toMatch(message);
  expect(JSON.stringify([error.message, error.hint])).not.toContain('zaphod');
});

test('a collection that is not there is warned of, and on record', async () => {
  const nothing = { matched: 0, modified: 0, deleted: 0, skipped: 0, quarantined: 0 };
  expect(await run.batch({ collection: 'twons', each: () => 'delete' })).toEqual(nothing);
  expect(await run.batch({ collection: 'twons', update: { $set: { a: 1 } } })).toEqual(nothing);
  const said = 'batch on twons: there is no collection twons in this database, so it has nothing to do.';
  expect(run.lines).toEqual([1, 2].map(() => ({ level: 'warn', message: said })));
  expect(new Set(run.notes)).toEqual(new Set([said]));
});

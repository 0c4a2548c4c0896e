import { expect, test } from 'vitest';
import { undoAttempt } from '../../../src/migration/undo/undo.ts';
import { connect } from '../../../src/mongo/connect.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { type Lab, lab, own } from './lab.ts';

interface Town {
  _id: number;
  name: string;
}

async function bytes({ db }: Lab): Promise<string[]> {
  const found = (await db
    .collection('towns')
    .find({}, { raw: true })
    .sort({ _id: 1 })
    .toArray()) as unknown as Buffer[];
  return found.map((one) => one.toString('hex'));
}

async function filled(it: Lab): Promise<string[]> {
  await it.db.collection<Town>('towns').insertMany(Array.from({ length: 30 }, (_, _id) => ({ _id, name: `T${_id}` })));
  return bytes(it);
}

const answers = ({ _id, name }: Town) =>
  _id % 5 === 0 ? 'delete' : _id % 5 === 1 ? { name, n: 1 } : { $set: { _: name } };

test.each([
  ['that is done', Number.POSITIVE_INFINITY],
  ['that was cut off in the middle', 17],
])('a batch %s is undone by its images, byte for byte', async (_, stopsAt) => {
  await using it = await lab();
  const before = await filled(it);
  const run = await it.run();
  const batch = run.batch<Town>({
    collection: 'towns',
    size: 7,
    each: (town, { index }) => {
      if (index === stopsAt) run.stop();
      return answers(town);
    },
  });
  await batch.catch(() => {});
  expect(await bytes(it)).not.toEqual(before);
  await using connection = await connect(it.raw.uri, { secrets: new Secrets() });
  const undone = await undoAttempt(connection, own, { migration: 'backfill', number: 1 }, { fence: 1, mode: 'strict' });
  expect(undone).toMatchObject({ state: 'undone', left: [] });
  expect(await bytes(it)).toEqual(before);
});

test('without images it is taken up all the same', async () => {
  await using it = await lab();
  await filled(it);
  const run = await it.run({ images: false });
  const each = (town: Town, { index }: { index: number }) => {
    if (index === 17) run.stop();
    return answers(town);
  };
  await run.batch<Town>({ collection: 'towns', size: 7, each }).catch(() => {});
  const again = await it.run({ images: false });
  const result = await again.batch<Town>({ collection: 'towns', size: 7, each });
  expect(result).toEqual({ matched: 30, modified: 24, deleted: 6, skipped: 0, quarantined: 0 });
  expect(await it.images()).toEqual([]);
});

test('a second batch of the same kind is told from the first when they are taken up', async () => {
  await using it = await lab();
  await filled(it);
  const both = async (stopsAt: number) => {
    const run = await it.run();
    let calls = 0;
    for (let round = 0; round < 2; round += 1) {
      await run.batch<Town>({
        collection: 'towns',
        size: 10,
        each: () => {
          calls += 1;
          if (calls === stopsAt) run.stop();
          return { $inc: { n: 1 } };
        },
      });
    }
    return calls;
  };
  await both(45).catch(() => {});
  expect(await both(Number.POSITIVE_INFINITY)).toBe(20);
  expect(await it.db.collection('towns').countDocuments({ n: 2 })).toBe(30);
});

test('between two pages it waits for as long as servers and migration ask, and not when it is stopped', async () => {
  await using it = await lab();
  await filled(it);
  let pauses = 0;
  const run = await it.run({
    throttle: async () => {
      pauses += 1;
    },
  });
  const options = { collection: 'towns', size: 10, each: () => null } as const;
  const since = performance.now();
  await run.batch({ ...options, throttle: { documentsPerSecond: 100 } });
  expect(performance.now() - since).toBeGreaterThan(190);
  expect(pauses).toBe(2);
  const stopped = run.batch({ ...options, throttle: { pauseMs: 60_000 } });
  setTimeout(() => run.stop(), 200);
  await expect(stopped).rejects.toMatchObject({ code: 'GATE_CLOSED' });
});

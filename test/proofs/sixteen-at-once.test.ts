import { expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';
import { makeFolder, type ReleaseProcess } from './release-process.ts';
import { define, places, up } from './shapes/shape.ts';
import { apply } from './trial.ts';

/** Nothing in these may happen twice without being seen. */
const files = {
  '1-count.js': up(`
    await places.updateMany({}, { $inc: { rounds: 1 } });
    for (let n = 0; n < 10; n += 1) await places.updateOne({ _id: n }, { $inc: { visits: 1 } });`),
  '2-insert.js': up("    await db.collection('log').insertMany([{ text: 'a' }, { text: 'b' }, { text: 'c' }]);"),
  '3-index.js': up(
    "    await places.createIndex({ visits: 1 });\n    await db.collection('made').insertOne({ n: 1 });",
  ),
  '4-whole.mjs': define(
    "    await places.updateOne({ _id: 0 }, { $inc: { last: 1 } });\n    await db.collection('log').insertOne({ text: 'd' });",
    'transaction: true,',
  ),
};
const names = Object.keys(files).map((name) => name.replace(/\.\w+$/, ''));

const inFolder = Object.fromEntries(Object.entries(files).map(([name, text]) => [`migrations/${name}`, text]));

const patient = apply.replace('60s', '300s');

/** Kills as many of the sixteen, one after the other, as given. */
async function round(words: string, kills = 0): Promise<void> {
  await using database = await freshDatabase();
  const { db } = database;
  await using folder = await makeFolder(
    // Sixteen at once on few cores: what works among them has to get its heartbeats through all the same.
    { 'mongo-release.yml': 'lease: { ttl: 15s }\n', ...inFolder },
    { MONGODB_URI: database.uri },
  );
  await db.collection('places').insertMany(places(100));

  const runs: ReleaseProcess[] = Array.from({ length: 16 }, () => folder.start(words));
  const killed = new Set<ReleaseProcess>();
  for (let kill = 0; kill < kills; kill += 1) {
    const working = await Promise.race(
      runs.filter((run) => !killed.has(run)).map((run) => run.said('goes up').then((said) => said && run)),
    );
    if (working === false) break;
    killed.add(working);
    working.signal('SIGKILL');
    await working.gone();
  }
  const ended = await Promise.all(runs.filter((run) => !killed.has(run)).map((run) => run.ended));
  for (const { code, stderr, json } of ended) {
    // Who planned before another one's migration was over mostly goes on with the rest; now and then it is asked again.
    const seen = { code, said: json?.error?.code ?? json?.outcome };
    expect(
      [
        { code: 0, said: 'applied' },
        { code: 0, said: 'nothing-to-do' },
        { code: 5, said: 'PLAN_MOVED' },
      ],
      stderr,
    ).toContainEqual(seen);
  }
  const last = await folder.run(words);
  expect(last.code, last.stderr).toBe(0);
  if (kills === 0) {
    const applied = [...ended, last].flatMap(({ json }) => json.applied ?? []).map(({ name }) => name);
    expect(applied.sort()).toEqual(names);
  }

  const seen = await db.collection<{ _id: number }>('places').find().sort({ _id: 1 }).toArray();
  expect(seen).toEqual(
    places(100).map((place, n) => ({ ...place, rounds: 1, ...(n < 10 && { visits: 1 }), ...(n === 0 && { last: 1 }) })),
  );
  const log = await db.collection('log').find().toArray();
  expect(log.map(({ text }) => text).sort()).toEqual(['a', 'b', 'c', 'd']);
  expect(await db.collection('made').countDocuments()).toBe(1);
  const records = await db
    .collection<{ _id: string; state: string }>('_mongo_release.history')
    .find()
    .sort({ _id: 1 })
    .toArray();
  expect(records.map(({ _id, state }) => `${_id} ${state}`)).toEqual(names.map((name) => `${name} applied`));
}

test('sixteen processes at once on one target do everything exactly once', async () => {
  await round(patient);
  await round('up --json --rehearsal none --wait 300s');
}, 300_000);

test('sixteen processes at once, of which three are killed at work, do everything exactly once', async () => {
  await round(patient, 3);
}, 300_000);

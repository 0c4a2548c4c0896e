import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { shapes } from './shapes/index.ts';
import { summarize, sweep } from './sweep.ts';
import type { Trial } from './trial.ts';

// Another one with each run of the tests; printed, so that what went wrong can be done again:
//   npm run kill-sweep -- --seed SEED --count COUNT --only NUMBER
const seed = Number(process.env.MONGO_RELEASE_TEST_SEED ?? Date.now() % 1_000_000);
const said: string[] = [];

beforeAll(() => console.log(`Kill sweep with seed ${seed}.`));
afterAll(() => console.log(said.join('\n\n')));

async function swept(options: { count: number; users: boolean; only?: readonly string[] }): Promise<Trial[]> {
  const chosen = shapes.filter(({ name }) => options.only?.includes(name) ?? true);
  const trials = await sweep({ uri: inject('mongoUri'), seed, shapes: chosen, ...options, only: undefined });
  said.push(summarize(trials));
  expect(trials).toHaveLength(options.count);
  expect(trials.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
  return trials;
}

test('thirty migrations of all shapes, killed at random moments, end as if nothing had happened', async () => {
  const trials = await swept({ count: 30, users: false });
  // Without users in between, only what no transaction takes may be left in doubt.
  const doubtful = shapes.filter(({ doubt }) => doubt !== undefined).map(({ name }) => name);
  const stopped = trials.filter(({ verdict, shape }) => verdict === 'stopped' && !doubtful.includes(shape));
  expect(stopped).toEqual([]);
  // A sweep that hits nothing proves nothing.
  expect(trials.filter(({ verdict }) => verdict !== 'undisturbed').length).toBeGreaterThan(15);
}, 1_200_000);

test('the same while users write: their writes are all there, and the rest is as if nothing had happened', async () => {
  const written = shapes.filter(({ users }) => users !== undefined).map(({ name }) => name);
  await swept({ count: 8, users: true, only: written });
}, 600_000);

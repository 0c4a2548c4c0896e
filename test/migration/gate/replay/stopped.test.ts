import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../../../setup/mongo.ts';
import { contents, fresh, run } from './crashing.ts';
import { seed, shapes } from './shapes.ts';

let it: TestDatabase;
beforeAll(async () => {
  it = await freshDatabase();
});
afterAll(() => it[Symbol.asyncDispose]());

/** The times that a shape writes differ from run to run. */
const withoutTimes = (all: unknown) => JSON.parse(JSON.stringify(all, (key, value) => (key === 'at' ? 0 : value)));

/** Before which writes: before each with MONGO_RELEASE_EVERY_STOP set, which takes minutes, else before four of them. */
function stopsOf(writes: number): number[] {
  if (process.env.MONGO_RELEASE_EVERY_STOP !== undefined) return Array.from({ length: writes }, (_, stop) => stop);
  const spread = [1, Math.floor(writes / 3), Math.floor((2 * writes) / 3), writes - 1];
  return [...new Set(spread)].filter((stop) => stop < writes);
}

test.each(shapes)('stopped before some of its writes and taken up: $name', async ({ up, resumes }) => {
  await fresh(it, seed);
  const undisturbed = await run(it, up);
  if (undisturbed.how === 'threw') throw undisturbed.error;
  if (undisturbed.how !== 'returned') return expect.unreachable(undisturbed.how);
  const expected = await contents(it.db);
  const outcomes: string[] = [];
  for (const stopBefore of stopsOf(undisturbed.writes)) {
    await fresh(it, seed);
    expect(await run(it, up, { stopBefore })).toEqual({ how: 'stopped' });
    const left = await contents(it.db);
    const second = await run(it, up, { resumes: true });
    outcomes.push(second.how === 'diverged' ? second.message : second.how);
    if (second.how === 'diverged') {
      expect(await contents(it.db), 'nothing new has run').toEqual(left);
    } else {
      expect(second, `stopped before ${stopBefore}`).toMatchObject({ how: 'returned' });
      expect(withoutTimes(await contents(it.db)), `stopped before ${stopBefore}`).toEqual(withoutTimes(expected));
    }
  }
  const returned = outcomes.filter((how) => how === 'returned').length;
  expect(returned / outcomes.length, outcomes.join('\n')).toBeGreaterThanOrEqual(resumes);
});

import { expect, test } from 'vitest';
import { freshDatabase } from '../../../../setup/mongo.ts';
import { everything, lab, outcome } from './lab.ts';
import { rows, seed } from './methods.ts';

test.concurrent.each(rows)('$name does with a journal what it does without', { timeout: 60_000 }, async (row) => {
  await using it = await lab();
  await using plain = await freshDatabase('cat');
  await seed(it.raw.db, row);
  await seed(plain.db, row);
  await using run = await it.run();
  const through = await outcome(it.raw.name, () => row.change(run.db));
  expect(through).toEqual(await outcome(plain.name, () => row.change(plain.db)));
  expect(await everything(it.raw.db)).toEqual(await everything(plain.db));
  const open = (await it.entries()).filter(({ state }) => state !== 'done' && state !== 'refused');
  expect(open).toEqual([]);
});

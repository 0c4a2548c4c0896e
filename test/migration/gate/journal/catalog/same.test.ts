import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import type { Driver } from '../../../../../src/migration/gate/raw.ts';
import { freshDatabase } from '../../../../setup/mongo.ts';
import { driver as bundled } from '../../gated.ts';
import { everything, lab, outcome } from './lab.ts';
import { rows, seed } from './methods.ts';

/** Another copy of the driver, 4 to 7, for trying it by hand: the package's folder. */
const folder = process.env.MONGO_RELEASE_TEST_DRIVER;
const driver = folder === undefined ? bundled : driverIn(folder);

function driverIn(folder: string): Driver {
  const load = createRequire(import.meta.url);
  const { version } = load(`${folder}/package.json`) as { version: string };
  return { version, major: Number.parseInt(version, 10), classes: load(folder) as Driver['classes'] };
}

test.concurrent.each(rows)('$name does with a journal what it does without', { timeout: 60_000 }, async (row) => {
  await using it = await lab();
  await using plain = await freshDatabase('cat');
  await seed(it.raw.db, row);
  await seed(plain.db, row);
  const client = await new driver.classes.MongoClient(plain.uri).connect();
  await using run = await it.run({ driver });
  const through = await outcome(it.raw.name, () => row.change(run.db));
  const without = await outcome(plain.name, () => row.change(client.db()));
  await client.close();
  expect(through).toEqual(without);
  expect(await everything(it.raw.db)).toEqual(await everything(plain.db));
  const open = (await it.entries()).filter(({ state }) => state !== 'done' && state !== 'refused');
  expect(open).toEqual([]);
});

import type { ClientSession, Collection, Db } from 'mongodb';
import { expect, test } from 'vitest';
import { changedFields } from '../../../src/migration/journal/changed-fields.ts';
import { lab } from '../gate/journal/catalog/lab.ts';
import { own } from '../undo/journalled.ts';
import { setting } from '../undo/setting.ts';

type Places = Collection<{ _id: number }>;
const places = (db: Db): Places => db.collection('places');
const seeded = (count: number) => Array.from({ length: count }, (_, _id) => ({ _id }));

/** How many documents of the journal the server fetches for it. */
async function fetched(db: Db, look: () => Promise<unknown>): Promise<number> {
  await db.command({ profile: 2 });
  await look();
  await db.command({ profile: 0 });
  const asked = await db
    .collection('system.profile')
    .find({ ns: `${db.databaseName}.${own.journal}` })
    .toArray();
  expect(asked.length).toBeGreaterThan(0);
  return asked.reduce((sum, { docsExamined }) => sum + docsExamined, 0);
}

test('of each operation the first changes are looked at, and of its images no more is fetched than these need', async () => {
  await using l = await lab();
  const { db } = l.raw;
  await places(db).insertMany(seeded(4000));
  {
    await using run = await l.run();
    const gated = places(run.db as unknown as Db);
    await gated.updateMany({}, { $set: { first: 1 } });
    await gated.updateMany({ _id: { $lt: 3 } }, { $set: { few: 1 } });
    await gated.updateMany({}, { $set: { second: 1 } });
  }
  const journal = db.collection<{ kind: string }>(l.own.journal);
  expect(await journal.countDocuments({ kind: 'images' })).toBeGreaterThanOrEqual(9);
  let found: Awaited<ReturnType<typeof changedFields>> | undefined;
  const look = async () => {
    found = await changedFields(db, own, { migration: '1-test', number: 1 });
  };
  // How much the first images of each operation hold, and then these.
  expect(await fetched(db, look)).toBeLessThanOrEqual(2 * 3);
  expect(found).toMatchObject({ changes: 1000, cut: true });
  const changes = found?.fields.map((field) => [field.path, field.changes]);
  expect(Object.fromEntries(changes ?? [])).toEqual({ first: 498, few: 3, second: 499 });
});

test('an operation in many transactions, the first of which changed nothing, shows what the later ones did', async () => {
  await using s = await setting(({ db }) => places(db).insertMany(seeded(40)));
  const { db, journal } = s;
  const step = (from: number) => (session: ClientSession) =>
    places(db).updateMany({ _id: { $gte: from, $lt: from + 2 } }, { $set: { n: 1 } }, { session });
  const steps = Array.from({ length: 20 }, (_, n) => step(2 * n));
  await journal.inSteps('places', [step(100), ...steps]);
  const found = await changedFields(db, own, journal.attempt);
  expect(found).toEqual({
    fields: [{ collection: 'places', path: 'n', after: 'int', changes: 40 }],
    ...{ changes: 40, cut: false },
  });
});

import { Db } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { leftInCatalog } from '../../../../src/migration/undo/catalog/left.ts';
import { forecastUndo } from '../../../../src/migration/undo/forecast.ts';
import { undoAttempt } from '../../../../src/migration/undo/undo.ts';
import { type Death, type Lab, lab } from '../../gate/journal/catalog/lab.ts';
import { connected, own } from '../journalled.ts';

const attempt = { migration: '1-test', number: 1 };

const migrations: Readonly<Record<string, (db: Db) => Promise<unknown>>> = {
  rename: (db) => db.collection('a').rename('b', { dropTarget: true }),
  $out: (db) =>
    db
      .collection('a')
      .aggregate([{ $out: 'b' }])
      .toArray(),
};

/** The migration from its top; how many commands it sent. */
async function ran(it: Lab, migrate: (db: Db) => Promise<unknown>, dies?: Death): Promise<number> {
  await using run = await it.run(dies === undefined ? {} : { dies });
  const before = run.sent();
  await migrate(run.db as unknown as Db).catch((error) => {
    if (!run.died()) throw error;
  });
  return run.sent() - before;
}

/** A migration that has put `b` out of the way and died, and a user who has made it anew since. */
async function madeAnew(migrate: (db: Db) => Promise<unknown>): Promise<Lab> {
  const it = await lab();
  await it.raw.db.collection('a').insertOne({ from: 'a' });
  await it.raw.db.collection('b').insertOne({ from: 'b' });
  await ran(it, migrate, { after: 'renameCollection', answerLost: false });
  await it.raw.db.collection('b').insertOne({ from: 'user' });
  return it;
}

/** Where the user's document is once the migration is undone, and which tombstones are told, before it and after. */
async function undone(it: Lab, fence: number) {
  // Whoever takes over ends what a dead run has left open.
  await using _takeover = await it.run();
  const { raw } = it;
  const { db } = raw;
  await using connection = await connected(raw);
  const [forecast] = await forecastUndo(connection, own, [attempt]);
  const result = await undoAttempt(connection, own, attempt, { fence, mode: 'tolerant' });
  expect(result).toMatchObject({ state: 'undone' });
  const left = await leftInCatalog(db, own, attempt);
  expect(forecast?.left).toEqual(left);
  const names = (await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray()).map(
    ({ name }) => name,
  );
  const holding = await Promise.all(
    names.map(async (name) => ((await db.collection(name).findOne({ from: 'user' })) === null ? [] : [name])),
  );
  const told = left.flatMap(({ why, tombstone }) => (/while the migration ran/.test(why) ? [tombstone] : []));
  return { holding: holding.flat(), told, b: await db.collection('b').find().toArray() };
}

/** Of how many commands one is tried: $out sends many before it comes to the names. */
const steps: Readonly<Record<string, number>> = { rename: 1, $out: 3 };

test.each(Object.entries(migrations))(
  'what a user made while %s had the name free is theirs, or told where it is, wherever the migration died',
  { timeout: 120_000 },
  async (method, migrate) => {
    await using whole = await madeAnew(migrate);
    const commands = await ran(whole, migrate);
    const [tombstone] = (await undone(whole, 3)).told;
    expect(tombstone).toBeDefined();
    for (let after = 0; after < commands; after += steps[method] ?? 1) {
      await using it = await madeAnew(migrate);
      await ran(it, migrate, { after, answerLost: false });
      const goesOn = after % 2 === 1;
      if (goesOn) await ran(it, migrate);
      const { holding, told, b } = await undone(it, goesOn ? 4 : 3);
      const at = `dead after command ${after} of ${commands}`;
      expect(holding, at).toEqual(told.length === 0 ? ['b'] : told);
      expect(b, at).toMatchObject([{ from: told.length === 0 ? 'user' : 'b' }]);
    }
  },
);

/** A migration whose change is refused, since users make `b` anew right before each try to put `a` there. */
async function refused(it: Lab, migrate: (db: Db) => Promise<unknown>): Promise<void> {
  await it.raw.db.collection('a').insertOne({ from: 'a' });
  await it.raw.db.collection('b').insertOne({ from: 'b' });
  const send = Db.prototype.command;
  using _spy = vi.spyOn(Db.prototype, 'command').mockImplementation(async function (this: Db, command, options) {
    if (command.renameCollection !== undefined && command.to === `${it.raw.name}.b`)
      await it.raw.db.collection('b').insertOne({ from: 'user' });
    return send.call(this, command, options);
  });
  await using run = await it.run();
  await expect(migrate(run.db as unknown as Db)).rejects.toMatchObject({ code: 48 });
}

test.each(Object.entries(migrations))(
  'what a user made where %s could not be put in place is theirs, and each one before it is told',
  async (_, migrate) => {
    await using it = await lab();
    await refused(it, migrate);
    const { holding, told, b } = await undone(it, 2);
    expect(b).toMatchObject([{ from: 'user' }]);
    expect(told.length).toBeGreaterThan(0);
    expect(holding.sort()).toEqual(['b', ...told].sort());
    expect(await it.raw.db.collection('a').find().toArray()).toMatchObject([{ from: 'a' }]);
    // What was to go there is the migration's, and goes.
    expect((await it.tombstones()).length).toBe(told.length + 1);
  },
);

test('what a user made meanwhile where $out could not even write is theirs', async () => {
  await using it = await lab();
  const { db } = it.raw;
  await db.collection('a').insertOne({ n: 'none' });
  await using run = await it.run();
  const { transactor } = run.context;
  const send = transactor.transact.bind(transactor);
  Object.assign(transactor, {
    transact: async (...args: Parameters<typeof send>) => {
      const result = await send(...args);
      await db.collection('b').insertOne({ from: 'user' });
      return result;
    },
  });
  const pipeline = [{ $set: { n: { $toInt: '$n' } } }, { $out: 'b' }];
  await expect(run.db.collection('a').aggregate(pipeline).toArray()).rejects.toMatchObject({ code: 241 });
  const { told, b } = await undone(it, 2);
  expect(told).toEqual([]);
  expect(b[0]).toMatchObject({ from: 'user' });
});

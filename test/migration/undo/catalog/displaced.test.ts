import { setTimeout as sleep } from 'node:timers/promises';
import { Db } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { leftInCatalog } from '../../../../src/migration/undo/catalog/left.ts';
import { forecastUndo } from '../../../../src/migration/undo/forecast.ts';
import type { LeftInCatalog } from '../../../../src/migration/undo/result.ts';
import { undoAttempt } from '../../../../src/migration/undo/undo.ts';
import { findCollection } from '../../../../src/mongo/catalog.ts';
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

const byWhy = (left: readonly LeftInCatalog[] = []) => left.toSorted((a, b) => (a.why < b.why ? -1 : 1));

/** What is in `b` once the migration is undone as it was foretold, and what that tells of what others made. */
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
  expect(byWhy(forecast?.left)).toEqual(byWhy(left));
  return { left, b: await fromIn(db, 'b') };
}

const fromIn = async (db: Db, name: string) =>
  (await db.collection(name).find().toArray()).map(({ from }) => from).sort();

/** Of how many commands one is tried: $out sends many before it comes to the names. */
const steps: Readonly<Record<string, number>> = { rename: 1, $out: 3 };

test.each(Object.entries(migrations))(
  'what a user made while %s had the name free is in what is there in the end, wherever the migration died',
  { timeout: 120_000 },
  async (method, migrate) => {
    await using whole = await madeAnew(migrate);
    const commands = await ran(whole, migrate);
    // Where it went its way, in what it put there.
    expect(await fromIn(whole.raw.db, 'b')).toEqual(['a', 'user']);
    await undone(whole, 3);
    const ends = new Set<string>();
    for (let after = 0; after < commands; after += steps[method] ?? 1) {
      await using it = await madeAnew(migrate);
      const { db } = it.raw;
      await ran(it, migrate, { after, answerLost: false });
      const goesOn = after % 2 === 1;
      if (goesOn) await ran(it, migrate);
      const { left, b } = await undone(it, goesOn ? 4 : 3);
      // A collection that is renamed takes along what is in it; and where it died as it put that there, it is left.
      const [there, along] = [b.includes('user'), (await fromIn(db, 'a')).includes('user')];
      const doubt = left.find(({ writes }) => writes === 'unknown');
      const at = `dead after command ${after} of ${commands}: ${JSON.stringify({ left, b, along })}`;
      expect(b, at).toEqual(there ? ['b', 'user'] : ['b']);
      expect(there && along, at).toBe(false);
      if (doubt === undefined) expect(there || along, at).toBe(true);
      else expect(await fromIn(db, doubt.tombstone ?? ''), at).toEqual(['user']);
      ends.add(there ? 'there' : along ? 'along' : 'left');
    }
    expect(ends).toContain('there');
  },
);

/** A migration that gives up, since users make `b` anew right before each try to put `a` there; how often they did. */
async function refused(it: Lab, migrate: (db: Db) => Promise<unknown>): Promise<number> {
  const { db } = it.raw;
  await db.collection('a').insertOne({ from: 'a' });
  await db.collection('b').insertOne({ from: 'b' });
  const send = Db.prototype.command;
  let made = 0;
  using _spy = vi.spyOn(Db.prototype, 'command').mockImplementation(async function (this: Db, command, options) {
    if (command.renameCollection !== undefined && command.to === `${it.raw.name}.b`) {
      while ((await findCollection(db, 'b')) !== undefined) await sleep(1);
      await db.collection('b').insertOne({ from: 'user' });
      made += 1;
    }
    return send.call(this, command, options);
  });
  await using run = await it.run();
  await expect(migrate(run.db as unknown as Db)).rejects.toMatchObject({ code: 'CATALOG_MOVED' });
  return made;
}

test.each(Object.entries(migrations))(
  'what users made again and again where %s could not be put in place comes along with what is back',
  async (_, migrate) => {
    await using it = await lab();
    const made = await refused(it, migrate);
    expect(made).toBe(50);
    const { left, b } = await undone(it, 2);
    expect(b).toEqual(['b', ...Array.from({ length: made }, () => 'user')]);
    expect(left).toMatchObject([{ writes: 0, carried: made }]);
    expect(await fromIn(it.raw.db, 'a')).toEqual(['a']);
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
  const { left, b } = await undone(it, 2);
  expect(left).toEqual([]);
  expect(b).toContain('user');
});

import fc from 'fast-check';
import type { Collection, Db, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { type LaneDocument, laneId } from '../../../src/migration/journal/documents.ts';
import { ParentLanes } from '../../../src/migration/journal/parent-lanes.ts';
import { summariseAttempt } from '../../../src/migration/undo/inspect.ts';
import { undoAttempt } from '../../../src/migration/undo/undo.ts';
import { compareDatabases } from '../../../src/mongo/compare.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { type Death, type Lab, lab } from '../gate/journal/catalog/lab.ts';
import { connected, copyTo, own } from './journalled.ts';

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. */
const runs = Number(process.env.UNDO_RUNS ?? 8);
const seed = Number(process.env.UNDO_SEED ?? 20_263);

interface Numbered extends Document {
  _id: number;
}

const attempt = { migration: '1-test', number: 1 };

async function seeded(db: Db): Promise<void> {
  for (const name of ['a', 'b']) {
    await db.createCollection(name, {
      validator: { n: { $not: { $gt: 900 } } },
      validationLevel: 'strict',
      validationAction: 'error',
    });
    const documents = Array.from({ length: 30 }, (_, i): Numbered => ({ _id: i, n: i, f: `f${i % 5}`, list: [i] }));
    await db.collection<Numbered>(name).insertMany(documents);
    await db.collection(name).createIndexes([
      { key: { n: 1 }, name: 'n', unique: true },
      { key: { at: 1 }, name: 'ttl', expireAfterSeconds: 7200 },
    ]);
  }
}

type Step = (db: Db) => Promise<unknown>;

/** A failure names the calls that led to it. */
function labelled(label: string, step: Step): Step {
  return Object.assign(step, { toString: () => label });
}

const nth = fc.nat(40);
const named = fc.constantFrom('a', 'b', 'c');
const onName = (use: (db: Db, name: string, n: number, m: number) => Promise<unknown>) =>
  fc.tuple(named, nth, nth).map(([name, n, m]) => labelled(`${name} ${n} ${m}: ${use}`, (db) => use(db, name, n, m)));
const on = (use: (collection: Collection<Numbered>, n: number, m: number) => Promise<unknown>) =>
  fc
    .tuple(named, nth, nth)
    .map(([name, n, m]) => labelled(`${name} ${n} ${m}: ${use}`, (db) => use(db.collection<Numbered>(name), n, m)));

/** Calls of the driver as a migration makes them; what the server refuses is part of it. */
const step: fc.Arbitrary<Step> = fc.oneof(
  on((c, n) => c.insertOne({ _id: n + 100, n: n + 100 })),
  on((c, n, m) => c.insertMany([{ _id: n + 50 }, { _id: m + 50, n: m }, { _id: n + 70 }], { ordered: n % 2 === 0 })),
  on((c, n) => c.updateOne({ _id: n }, { $inc: { n: 1000 * (n % 2) + 50 } })),
  on((c, n) => c.updateMany({ _id: { $gte: n } }, { $rename: { f: 'g' }, $set: { m: n } })),
  on((c, n) => c.updateMany({ n: { $lt: n } }, [{ $set: { n: { $add: ['$n', 100] }, at: '$$NOW' } }])),
  on((c, n) => c.updateOne({ _id: n + 200 }, { $set: { made: true } }, { upsert: true })),
  on((c, n, m) => c.replaceOne({ _id: n }, { m, n: n + 300 })),
  on((c, n) => c.deleteMany({ _id: { $lt: n % 10 } })),
  on((c, n) => c.findOneAndUpdate({ f: `f${n % 5}` }, { $push: { list: n } } as Document, { sort: { n: -1 } })),
  on((c, n) => c.findOneAndDelete({ _id: n })),
  on((c, n, m) =>
    c.bulkWrite(
      [
        { updateOne: { filter: { _id: n }, update: { $set: { bulk: 1 } } } },
        { insertOne: { document: { _id: m } } },
        { deleteOne: { filter: { _id: m + 1 } } },
        { updateMany: { filter: { f: 'f1' }, update: { $set: { f: 'f2' } } } },
      ],
      { ordered: n % 2 === 0 },
    ),
  ),
  onName(async (db, name, n, m) => {
    const c = db.collection<Numbered>(name);
    const session = db.client.startSession();
    await session.withTransaction(async () => {
      await c.updateMany({ _id: { $gte: n } }, { $set: { own: m } }, { session });
      await c.updateOne({ _id: n }, { $set: { own: 'twice' } }, { session });
      await c.insertOne({ _id: m + 500 }, { session });
    });
    await session.endSession();
  }),
  on((c, n) => c.createIndex({ f: 1, n: n % 2 ? 1 : -1 })),
  on((c, n) => (n % 2 ? c.dropIndex('n') : c.dropIndexes())),
  on((c) => c.drop()),
  on((c, n, m) => c.rename(['a', 'b', 'd'][n % 3] as string, { dropTarget: m % 2 === 0 })),
  on((c, n, m) =>
    c.aggregate([{ $match: { _id: { $gte: n } } }, { $out: ['a', 'b', 'd'][m % 3] as string }] as Document[]).toArray(),
  ),
  onName((db, name, n) => db.command({ collMod: name, validator: { m: { $ne: n } } })),
  onName((db, name, n) => db.command({ collMod: name, index: { name: 'n', hidden: n % 2 === 0 } })),
  onName((db, name) => db.command({ collMod: name, index: { name: 'ttl', expireAfterSeconds: 60 } })),
  onName((db, name) => db.createCollection(name)),
);

/** What the next run does before it undoes: sessions of the dead one are ended, and the lanes are its own. */
async function takeOver({ raw }: Lab): Promise<{ fence: number; expectedEntries: number | undefined }> {
  const lane = await raw.db.collection<LaneDocument>(own.lease).findOne({ _id: laneId(0) });
  const fence = (lane?.fence ?? 0) + 1;
  const lanes = new ParentLanes(raw.db, own);
  await lanes.killOlderSessions(fence);
  await lanes.takeOver(fence, undefined);
  return { fence, expectedEntries: await lanes.entriesOf(attempt, undefined) };
}

/** A collection of which the journal does not tell whether the migration made it: people have to. */
async function createdUnheard({ raw, entries }: Lab): Promise<string | undefined> {
  const last = (await entries()).at(-1);
  const { type, before } = last?.catalog ?? {};
  if (last?.kind !== 'catalog' || last.state !== 'intent' || type !== 'create-collection') return undefined;
  const name = last.namespace.collection;
  const present = before === undefined && (await raw.db.listCollections({ name }).toArray()).length > 0;
  return present ? name : undefined;
}

async function check(steps: readonly Step[], dies: Death | undefined): Promise<void> {
  await using before = await freshDatabase('undo_before');
  await using l = await lab();
  await seeded(l.raw.db);
  await copyTo(l.raw.db, before.db);
  {
    await using run = await l.run({ dies });
    for (const step of steps) {
      if (run.died()) break;
      // Refused by the server: a migration may catch that.
      await step(run.db).catch(() => {});
    }
  }
  await using connection = await connected(l.raw);
  const { fence, expectedEntries } = await takeOver(l);
  const options = { fence, mode: 'strict', expectedEntries } as const;
  const summary = await summariseAttempt(l.raw.db, own, attempt, expectedEntries);
  const unknown = await createdUnheard(l);
  if (unknown !== undefined) {
    const first = await undoAttempt(connection, own, attempt, options);
    expect(first).toMatchObject({ state: 'conflicts', conflicts: [{ kind: 'collection', reason: 'changed' }] });
    await l.raw.db.dropCollection(unknown);
  }
  const result = await undoAttempt(connection, own, attempt, options);
  expect(result, JSON.stringify(summary)).toMatchObject({ state: 'undone', left: [] });
  expect(summary).toMatchObject({ entries: expectedEntries, complete: true });
  expect(await compareDatabases(before.db, l.raw.db, { own })).toEqual([]);
}

test('whatever a migration did through the gate, undoing it leads back to the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => check(steps, undefined)),
    { numRuns: runs, seed, endOnFailure: true },
  );
});

test('a migration that died in the middle of anything is undone all the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.record({ after: fc.integer({ min: 4, max: 60 }), answerLost: fc.boolean() }),
      check,
    ),
    { numRuns: runs, seed, endOnFailure: true },
  );
});

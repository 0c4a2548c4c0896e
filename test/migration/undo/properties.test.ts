import fc from 'fast-check';
import type { ClientSession, Collection, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { cutOff, growing } from './cut-off.ts';
import type { Journalled } from './journalled.ts';
import { setting } from './setting.ts';

interface Numbered extends Document {
  _id: number;
}

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. */
const runs = Number(process.env.UNDO_RUNS ?? 10);
const seed = Number(process.env.UNDO_SEED ?? 20_261);

const names = ['a', 'b', 'c'] as const;

type Change =
  | { readonly kind: 'write'; readonly on: string; readonly writes: readonly Write[]; readonly steps: boolean }
  | { readonly kind: 'index' | 'unindex' | 'drop' | 'validate' | 'create'; readonly on: string }
  | { readonly kind: 'rename'; readonly on: string; readonly to: string };

type Write =
  | { readonly kind: 'insert' | 'delete' | 'replace'; readonly id: number; readonly value: number }
  | { readonly kind: 'set' | 'unset' | 'rename' | 'inc'; readonly from: number; readonly value: number };

const field = fc.integer({ min: 0, max: 3 });
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ kind: fc.constantFrom('insert', 'delete', 'replace'), id: fc.nat(30), value: field }),
  fc.record({ kind: fc.constantFrom('set', 'unset', 'rename', 'inc'), from: fc.nat(30), value: field }),
);
const on = fc.constantFrom(...names);
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write'),
      on,
      writes: fc.array(write, { minLength: 1, maxLength: 4 }),
      steps: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('index', 'unindex', 'drop', 'validate', 'create'), on }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename'), on, to: on }) },
);

function apply(collection: Collection<Numbered>, write: Write, session: ClientSession): Promise<unknown> {
  const { value } = write;
  switch (write.kind) {
    case 'insert':
      return collection.updateOne(
        { _id: write.id },
        { $setOnInsert: { [`f${value}`]: value } },
        { session, upsert: true },
      );
    case 'delete':
      return collection.deleteOne({ _id: write.id }, { session });
    case 'replace':
      return collection.replaceOne({ _id: write.id }, { f1: value, f0: [value] }, { session });
    case 'set':
      return collection.updateMany({ _id: { $gte: write.from } }, { $set: { [`f${value}`]: value } }, { session });
    case 'unset':
      return collection.updateMany({ _id: { $gte: write.from } }, { $unset: { [`f${value}`]: 1 } }, { session });
    case 'rename':
      return collection.updateMany(
        { _id: { $gte: write.from } },
        { $rename: { [`f${value}`]: `f${value + 1}` } },
        { session },
      );
    case 'inc':
      return collection.updateMany({ _id: { $gte: write.from } }, { $inc: { counted: value } }, { session });
  }
}

async function make(journal: Journalled, change: Change): Promise<void> {
  const { db } = journal;
  const present = (await db.listCollections({ name: change.on }).toArray()).length > 0;
  if (!present && change.kind !== 'create') return;
  const collection = db.collection<Numbered>(change.on);
  switch (change.kind) {
    case 'write': {
      const writes = change.writes.map((write) => (session: ClientSession) => apply(collection, write, session));
      if (change.steps) return journal.inSteps(change.on, writes);
      return journal.write(change.on, async (session) => {
        for (const write of writes) await write(session);
      });
    }
    case 'index':
      return journal.catalog(change.on, 'create-indexes', () => collection.createIndex({ f1: 1 }));
    case 'unindex':
      return journal.catalog(change.on, 'drop-indexes', () => collection.dropIndexes());
    case 'drop':
      return journal.drop(change.on);
    case 'validate': {
      const validator = { counted: { $not: { $gt: 3 } } };
      const command = { collMod: change.on, validator, validationAction: 'warn', validationLevel: 'strict' };
      return journal.catalog(change.on, 'modify-collection', () => db.command(command));
    }
    case 'create':
      if (!present) await journal.catalog(change.on, 'create-collection', () => db.createCollection(change.on));
      return;
    case 'rename':
      if ((await db.listCollections({ name: change.to }).toArray()).length > 0) return;
      return journal.catalog(change.on, 'rename-collection', () => db.renameCollection(change.on, change.to), {
        to: change.to,
      });
  }
}

async function seeded({ db }: Journalled): Promise<void> {
  const options = {
    validator: { counted: { $not: { $gt: 100 } } },
    validationLevel: 'strict',
    validationAction: 'warn',
  } as const;
  for (const name of ['a', 'b']) {
    await db.createCollection(name, options);
    const documents = Array.from({ length: 12 }, (_, i): Numbered => ({ _id: 2 * i, f0: i, f1: 'x', nested: { i } }));
    await db.collection<Numbered>(name).insertMany(documents);
    await db.collection(name).createIndex({ f0: 1 }, { name: 'kept' });
  }
}

test('whatever was done, undoing it leads back to the same bytes, also when it is cut off again and again', async () => {
  let cuts = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 8, max: 40 }),
      async (changes, cutAfter) => {
        await using s = await setting(seeded);
        for (const change of changes) await make(s.journal, change);
        const cut = await cutOff(s.connection, growing(cutAfter), (signal) => s.undo({ signal }));
        cuts += cut.cuts;
        expect(cut.result).toMatchObject({ state: 'undone', left: [] });
        expect(await s.differences()).toEqual([]);
      },
    ),
    { numRuns: runs, seed },
  );
  expect(cuts).toBeGreaterThan(0);
});

test('a write of a user to anything that was changed is found before anything moves', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 6 }), fc.nat(30), async (writes, id) => {
      await using s = await setting(seeded);
      const a = s.db.collection<Numbered>('a');
      for (const each of writes) await s.journal.write('a', (session) => apply(a, each, session));
      const changed = await s.journal.documents('a');
      await a.updateOne({ _id: id }, { $set: { user: true } }, { upsert: true });
      const now = await s.journal.documents('a');
      const result = await s.undo();
      if (result.state === 'conflicts') {
        expect(await s.journal.documents('a')).toEqual(now);
        expect(result).toMatchObject({ documents: 0, catalogChanges: 0, entriesUndone: 0, conflictsTotal: 1 });
      } else {
        // The user's document is none of the migration's: it stays, and all others are as they were.
        expect(result.state).toBe('undone');
        expect(await a.findOne({ _id: id })).toMatchObject({ user: true });
        await a.updateOne({ _id: id }, { $unset: { user: 1 } });
        if (!changed.has(`16:${String.fromCharCode(id)}\0\0\0`)) await a.deleteOne({ _id: id });
        expect(await s.differences()).toEqual([]);
      }
    }),
    { numRuns: runs, seed },
  );
});

import fc from 'fast-check';
import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { Lanes } from '../../src/mongo/lanes.ts';
import { RawDocuments } from '../../src/mongo/raw-documents.ts';
import { InsertBudget, RawInserter } from '../../src/mongo/raw-write.ts';
import { freshDatabase } from '../setup/mongo.ts';

const documents = fc
  .array(
    fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(fc.string(), fc.integer(), fc.constant([1, {}])), {
      maxKeys: 3,
    }),
    {
      maxLength: 130,
    },
  )
  .map((all) => all.map((one) => Buffer.from(BSON.serialize(one))));

const exact = { promoteValues: false };

test('the documents of an array are those that were put in, one after the other', () => {
  fc.assert(
    fc.property(documents, (all) => {
      // In bytes an array is a document whose keys are the places.
      const array = Buffer.from(BSON.serialize({ ...all.map((one) => BSON.deserialize(one, exact)) }));
      const run = RawDocuments.movedTogether(array);
      expect(run.length).toBe(all.length);
      expect(run.bytes.equals(Buffer.concat(all))).toBe(true);
      expect([...run].map((one) => one.toString('hex'))).toEqual(all.map((one) => one.toString('hex')));
    }),
  );
  expect(() => RawDocuments.movedTogether(BSON.serialize({ 0: 1 }))).toThrow('other than documents');
});

test('pieces hold all documents in their order, and no more than they may', () => {
  const most = fc.record({ documents: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 500 }) });
  fc.assert(
    fc.property(documents, most, (all, limits) => {
      const pieces = [...RawDocuments.of(all).pieces(limits)];
      expect(pieces.flatMap((piece) => [...piece])).toEqual(all);
      for (const piece of pieces) {
        expect(piece.length).toBe([...piece].length);
        expect(piece.length).toBeLessThanOrEqual(limits.documents);
        if (piece.length !== 1) expect(piece.bytes.length).toBeLessThanOrEqual(limits.bytes);
      }
    }),
  );
});

test('lanes hold as many as they may, in the order in which they came, and go on after a failure', async () => {
  const lanes = new Lanes(2);
  const begun: number[] = [];
  let most = 0;
  let now = 0;
  const all = Array.from({ length: 7 }, (_, n) =>
    lanes.run(async () => {
      begun.push(n);
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      if (n === 1) throw new Error('one');
    }),
  );
  const outcomes = await Promise.allSettled(all);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(most).toBe(2);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
});

test('however many collections are filled at once, what waits for a full batch is bounded', async () => {
  await using test = await freshDatabase();
  const budget = new InsertBudget();
  let inserted = 0;
  let added = 0;
  const inserters = Array.from({ length: 30 }, (_, n) => {
    const onInserted = (_documents: number, bytes: number) => {
      inserted += bytes;
    };
    return new RawInserter(test.db, `c${n}`, { budget, onInserted });
  });
  const pad = Buffer.alloc(2_000_000);
  let mostWaiting = 0;
  for (const inserter of inserters) {
    const run = RawDocuments.of([BSON.serialize({ pad })]);
    await inserter.add(run);
    added += run.bytes.length;
    mostWaiting = Math.max(mostWaiting, added - inserted);
  }
  for (const inserter of inserters) expect((await inserter.finish()).documents).toBe(1);
  expect(inserted).toBe(added);
  // Of 60 MB, 32 MB that wait and four batches under way.
  expect(mostWaiting).toBeLessThan(50_000_000);
});

test('a batch that another collection sent early fails where it belongs', async () => {
  await using test = await freshDatabase();
  await test.db.createCollection('strict', { validator: { never: true } });
  const budget = new InsertBudget();
  const large = () => RawDocuments.of([BSON.serialize({ pad: Buffer.alloc(3_900_000) })]);
  const strict = new RawInserter(test.db, 'strict', { budget });
  await strict.add(large());
  const others = Array.from({ length: 12 }, (_, n) => new RawInserter(test.db, `c${n}`, { budget }));
  for (const other of others) await other.add(large());
  for (const other of others) expect((await other.finish()).documents).toBe(1);
  await expect(strict.finish()).rejects.toMatchObject({ code: 121 });
});

test('whoever finishes while a batch waits for its turn waits for that batch too', async () => {
  await using test = await freshDatabase();
  const budget = new InsertBudget();
  const lanes = [1, 2, 3, 4];
  for (const _ of lanes) await budget.lanes.enter();
  const inserter = new RawInserter(test.db, 'places', { budget });
  await inserter.add(RawDocuments.of([BSON.serialize({ n: 1 })]));
  const first = inserter.finish();
  const second = inserter.finish();
  for (const _ of lanes) budget.lanes.leave();
  expect((await second).documents).toBe(1);
  expect(await test.db.collection('places').countDocuments()).toBe(1);
  expect((await first).documents).toBe(1);
});

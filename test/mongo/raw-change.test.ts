import fc from 'fast-check';
import { BSON, MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { elementsOf, idKey } from '../../src/mongo/raw-bson.ts';
import { changeIn } from '../../src/mongo/raw-change.ts';
import { Recipes } from '../../src/mongo/raw-recipe.ts';
import { insertRaw } from '../../src/mongo/raw-write.ts';
import { sandboxForAll } from '../setup/sandbox.ts';
import { element, everyType, int32, oddDocuments, rawDocument } from './odd-documents.ts';

type Field = readonly [name: string, type: number, value: Buffer];

/** The values of a document's top-level fields. */
function valuesOf(document: Buffer): [type: number, value: Buffer][] {
  const fields = [...elementsOf(document)].slice(1);
  return fields.map(({ type, valueStart, end }) => [type, document.subarray(valueStart, end)]);
}

const oddArrays = [
  rawDocument(element(0x10, '1', int32(1)), element(0x10, 'x', int32(2))),
  rawDocument(element(0x04, '0', rawDocument(element(0x10, '7', int32(1))))),
  rawDocument(element(0x06, '0'), element(0x03, '1', rawDocument(element(0x10, '', int32(1))))),
  rawDocument(element(0x03, '0', rawDocument(element(0x10, 'a', int32(1)), element(0x10, 'a', int32(2))))),
];
const anyValue = fc.constantFrom(
  ...[...oddDocuments(), everyType(1)].flatMap(valuesOf).filter(([, value]) => value.length < 2000),
  ...oddArrays.map((value): [number, Buffer] => [0x04, value]),
);
const plainName = fc.constantFrom('a', 'b', 'c', 'd', 'é', '10', '2', '__proto__', 'v0', 'place');
const anyName = fc.oneof({ weight: 12, arbitrary: plainName }, fc.constantFrom('$set', 'a.b', '', '$$ROOT', 'b.'));
const field = fc.tuple(anyName, anyValue).map(([name, [type, value]]): Field => [name, type, value]);
const nowFields = fc.oneof(
  { weight: 4, arbitrary: fc.uniqueArray(field, { selector: ([name]) => name, maxLength: 7 }) },
  fc.array(field, { maxLength: 7 }),
);

/** Some of the fields, some by another name, some with another value, in this or another order. */
const change = nowFields.chain((now) =>
  fc.record({
    now: fc.constant(now),
    next: fc
      .tuple(
        fc.oneof(fc.subarray(now), fc.shuffledSubarray(now)),
        fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, anyName, anyValue), { maxLength: 7 }),
      )
      .map(([kept, edits]) =>
        kept.map(([name, type, value], at): Field => {
          const edit = edits[at];
          if (edit === undefined) return [name, type, value];
          return typeof edit === 'string' ? [edit, type, value] : [name, ...edit];
        }),
      ),
  }),
);

function documentOf(id: number, fields: readonly Field[], number?: number): Buffer {
  const own = number === undefined ? [] : [element(0x10, 'number', int32(number))];
  return rawDocument(
    element(0x10, '_id', int32(id)),
    ...fields.map(([name, type, value]) => element(type, name, value)),
    ...own,
  );
}

/** More of them, and others, by hand: CHANGE_RUNS=5000 CHANGE_SEED=1. */
const numRuns = Number(process.env.CHANGE_RUNS ?? 60);
const seed = Number(process.env.CHANGE_SEED ?? 20_275);

test('documents become what they are to be, byte for byte, whatever stands in them', async () => {
  // One of its own: a mistake here would end the server.
  await using sandbox = await sandboxForAll();
  await using client = await MongoClient.connect(sandbox.uri, { serverSelectionTimeoutMS: 5000 });
  const db = client.db('changed');
  const collection = 'documents';
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (kinds) => {
      await db.collection(collection).deleteMany({});
      // Enough of most kinds for a statement of its own; each has a value that the others do not have.
      const all = kinds.flatMap(({ now, next }, kind) =>
        Array.from({ length: kind % 3 === 2 ? 3 : 21 }, (_, nth) => {
          const id = kind * 100 + nth;
          return { now: documentOf(id, now, nth), next: documentOf(id, next, kind % 2 === 0 ? nth : nth + 1) };
        }),
      );
      await insertRaw(
        db,
        collection,
        all.map(({ now }) => [now]),
      );
      await client.withSession(async (session) => {
        session.startTransaction();
        await changeIn(db, collection, all, { session, bypassValidation: false });
        await session.commitTransaction();
      });
      const found = (await db.collection(collection).find({}, { raw: true }).toArray()) as unknown as Buffer[];
      const byId = new Map(found.map((document) => [idKey(document), Buffer.from(document).toString('hex')]));
      expect(byId.size).toBe(all.length);
      for (const { next } of all) expect(byId.get(idKey(next))).toBe(next.toString('hex'));
    }),
    { numRuns, seed },
  );
});

const bson = (document: object) => Buffer.from(BSON.serialize(document));
const text = 'x'.repeat(100);

test('a document is put together of what stands in the other one already', () => {
  const recipes = new Recipes();
  const renamed = recipes.of(bson({ _id: 1, b: 1, text, c: 'v' }), bson({ _id: 1, a: 'v', b: 1, text }));
  expect(renamed.recipe).toEqual({
    kind: 'made',
    fields: [
      { name: '_id', from: '_id' },
      { name: 'a', from: 'c' },
      { name: 'b', from: 'b' },
      { name: 'text', from: 'text' },
    ],
  });
  expect(recipes.of(bson({ _id: 2, b: 7, text, c: 'w' }), bson({ _id: 2, a: 'w', b: 7, text })).recipe).toBe(
    renamed.recipe,
  );
  const valued = recipes.of(bson({ _id: 3, b: 2, text }), bson({ _id: 3, b: 5, text }));
  expect(valued.recipe.kind).toBe('made');
  expect(valued.given.map(({ bytes, start, end }) => Buffer.from(bytes.subarray(start, end)))).toEqual([int32(5)]);
  const shorter = recipes.of(bson({ _id: 4, a: 1, text, b: 2 }), bson({ _id: 4, text, b: 2 }));
  expect(shorter.recipe).toEqual({ kind: 'without', names: ['a'] });
});

test('what an expression might change is sent as it is', () => {
  const kindOf = (now: Buffer, next: Buffer) => new Recipes().of(now, next).recipe.kind;
  const field: Field = ['text', 0x02, Buffer.concat([int32(text.length + 1), Buffer.from(`${text}\0`)])];
  const a: Field = ['a', 0x10, int32(1)];
  for (const odd of [
    ['u', 0x06, Buffer.alloc(0)],
    ['$a', 0x10, int32(1)],
    ['a.b', 0x10, int32(1)],
    ...oddArrays.slice(0, 3).map((value): Field => ['list', 0x04, value]),
  ] as Field[]) {
    expect(kindOf(documentOf(1, [field, odd, a]), documentOf(1, [a, odd, field]))).toBe('whole');
  }
  expect(kindOf(documentOf(1, [field, a, a]), documentOf(1, [field, a]))).toBe('apart');
  const within = (...numbers: number[]) => {
    const twins = rawDocument(...numbers.map((number) => element(0x10, 'b', int32(number))));
    return documentOf(1, [a, ['in', 0x04, rawDocument(element(0x03, '0', twins))]]);
  };
  expect(kindOf(within(1, 2), within(2, 1))).toBe('apart');
  // Most of it is new.
  expect(kindOf(documentOf(1, [a]), documentOf(1, [a, field]))).toBe('whole');
});

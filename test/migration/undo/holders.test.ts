import fc from 'fast-check';
import { BSON, BSONRegExp, Decimal128, type Document, Double, Int32, Long, ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { DatabaseStore } from '../../../src/migration/undo/database-store.ts';
import { givingUp, PutHeld } from '../../../src/migration/undo/holders.ts';
import { keyAt, PutRefused } from '../../../src/migration/undo/store.ts';
import { UndoTransactions } from '../../../src/migration/undo/transactions.ts';
import { elementsOf } from '../../../src/mongo/raw-bson.ts';
import { rawDocument } from '../../../src/mongo/raw-build.ts';
import { RawInsertError } from '../../../src/mongo/raw-sequence.ts';
import { insertRaw } from '../../../src/mongo/raw-write.ts';
import { fence, own } from './journalled.ts';
import { setting } from './setting.ts';

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. */
const runs = Number(process.env.UNDO_RUNS ?? 10);
const seed = Number(process.env.UNDO_SEED ?? 20_264);

/** Numbers of several types that are equal, texts that some collations hold for equal, and what no plain query finds. */
const often: fc.Arbitrary<unknown> = fc.constantFrom(new Int32(1), new Double(1), 'a');
const any: fc.Arbitrary<unknown> = fc.constantFrom(
  ...[new Int32(0), new Int32(1), new Double(1), Long.fromNumber(1), new Double(Number.NaN), null, 'a', 'A', ''],
  ...[new ObjectId('656565656565656565656565'), new BSONRegExp('a'), { $x: new Int32(1) }, true, new Double(0.5)],
  ...[{ x: new Int32(1) }, { x: new Double(1) }, Decimal128.fromString('1.0'), Decimal128.fromString('0.50')],
);
const scalar = fc.oneof({ weight: 3, arbitrary: often }, { weight: 2, arbitrary: any });
const value = fc.oneof({ weight: 4, arbitrary: scalar }, fc.array(scalar, { maxLength: 2 }));
const nested = fc.oneof(fc.record({ x: value }), fc.array(fc.record({ x: value }), { maxLength: 2 }));
/** Each field may be absent; `m` stands for a second `n`. */
const document = fc.record({ n: value, l: scalar, o: nested, m: scalar }, { requiredKeys: [] });

interface Case {
  readonly name: string;
  readonly key: Document;
  readonly options?: Document;
  /** Whether a document is in it, where some are not. */
  readonly has?: (document: Document) => boolean;
}

const indexes: readonly Case[] = [
  { name: 'plain', key: { n: 1 } },
  { name: 'compound', key: { l: 1, n: -1 } },
  { name: 'sparse', key: { n: 1 }, options: { sparse: true } },
  { name: 'sparse and compound', key: { l: 1, n: 1 }, options: { sparse: true } },
  { name: 'simple, in a collated collection', key: { n: 1 }, options: { collation: { locale: 'simple' } } },
  { name: 'dotted', key: { 'o.x': 1 } },
  { name: 'dotted and compound', key: { o: 1, 'o.x': 1, l: 1 } },
  { name: 'collated', key: { n: 1 }, options: { collation: { locale: 'en', strength: 2 } } },
  {
    ...{ name: 'partial, by its own field', key: { n: 1 }, options: { partialFilterExpression: { n: { $gte: '' } } } },
    has: ({ n }) => typeof n === 'string',
  },
  {
    ...{ name: 'partial, by numbers', key: { n: 1 }, options: { partialFilterExpression: { l: { $lte: 1 } } } },
    has: ({ l }) => l !== undefined && typeof untyped(l) === 'number' && !Number.isNaN(untyped(l)),
  },
  {
    name: 'partial, by several conditions',
    key: { n: 1 },
    options: { partialFilterExpression: { $and: [{ l: { $exists: true } }, { n: { $type: ['number', 'bool'] } }] } },
    has: ({ l, n }) => l !== undefined && ['number', 'boolean'].includes(typeof untyped(n)),
  },
  {
    ...{ name: 'partial and compound', key: { l: 1, n: 1 }, options: { partialFilterExpression: { l: 'a' } } },
    has: ({ l }) => l === 'a',
  },
];

/** As bytes, with its second `n`. */
function bytesOf(_id: number, { m, ...fields }: Document): Buffer {
  const whole = Buffer.from(BSON.serialize({ _id, ...fields }));
  const elements = [...elementsOf(whole)].map(({ start, end }) => whole.subarray(start, end));
  const [, second] = [...elementsOf(BSON.serialize({ _id, n: m }))];
  const bytes = Buffer.from(BSON.serialize({ _id, n: m }));
  if (m !== undefined && second !== undefined) elements.push(bytes.subarray(second.start, second.end));
  return rawDocument(elements);
}

/** As one text, where equal texts are equal keys for certain; of `null` alone the server itself is to tell. */
function keyOf({ key, has = () => true }: Case, { m, ...fields }: Document): string | undefined {
  const twice = 'n' in key && 'n' in fields && m !== undefined;
  const values = Object.keys(key).map((name) => {
    const [first = '', second] = name.split('.');
    const one = first === 'n' && !('n' in fields) ? m : fields[first];
    return second === undefined || Array.isArray(one) ? one : one?.[second];
  });
  const several = twice || values.some((one) => one === undefined || Array.isArray(one));
  const isOut = several || !has(m !== undefined && !('n' in fields) ? { ...fields, n: m } : fields);
  if (isOut || values.every((one) => one === null)) return undefined;
  return BSON.EJSON.stringify(values.map(untyped), { relaxed: true });
}

/** Numbers are equal whatever their types. */
function untyped(value: unknown): unknown {
  if (value instanceof Int32 || value instanceof Double) return value.value;
  if (value instanceof Long || value instanceof Decimal128) return Number(value.toString());
  if (typeof value !== 'object' || value === null || '_bsontype' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, untyped(one)]));
}

test.each(indexes)(
  'who is refused for a value that another one has is told before it is written: $name',
  {
    timeout: 60_000 + runs * 2000,
  },
  async (one) => {
    const { name, key, options = {} } = one;
    const seen = { held: 0, refused: 0, holders: 0 };
    await using s = await setting(async ({ db }) => {
      const collation = options.collation?.locale === 'simple' ? { collation: { locale: 'en', strength: 2 } } : {};
      await db.createCollection('a', collation);
      await db.collection('a').createIndex(key as { n: 1 }, { ...options, unique: true });
    });
    const { db, connection, journal } = s;
    await using transactions = new UndoTransactions({ connection, own, fence, lane: 0 });
    const store = new DatabaseStore({ connection, own, attempt: journal.attempt, transactions });
    const present = { database: db.databaseName, collection: 'a' };
    const put = (bytes: Uint8Array): Promise<PutRefused | undefined> =>
      transactions
        .run((session) => store.write(present, [{ now: undefined, back: bytes, stage: 'back' }], session, 'all'))
        .then(
          () => undefined,
          (error) => {
            if (error instanceof PutRefused) return error;
            throw error;
          },
        );
    const there = fc.array(document, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(there, there, async (documents, wanted) => {
        await db.collection('a').deleteMany({});
        const inside: Document[] = [];
        for (const [_id, one] of documents.entries()) {
          const failed = await insertRaw(db, 'a', [[bytesOf(_id, one)]]).catch((error) => error);
          if (failed instanceof Error && !(failed instanceof RawInsertError)) throw failed;
          if (!(failed instanceof Error)) inside.push(one);
        }
        const refusals = new Map<string, PutRefused>();
        for (const [at, one] of wanted.entries()) {
          const bytes = bytesOf(100 + at, one);
          const refused = await put(bytes);
          if (refused === undefined) await db.collection<{ _id: number }>('a').deleteOne({ _id: 100 + at });
          else if (refused.code === 11_000) refusals.set(keyAt(present, bytes), refused);
        }
        seen.refused += refusals.size;
        const [refused] = refusals.values();
        if (refused === undefined) return;
        const { holders, keys } = await store.refusal(refused);
        // No query finds the key of an empty array.
        expect(holders.length).toBeLessThan(2);
        seen.holders += holders.length;
        expect(keys).toHaveLength(1);
        // Of two `n`s the server compares the first one, and brings no other.
        const had = new Set(inside.map((there) => keyOf(one, 'n' in there ? { ...there, m: undefined } : there)));
        const expected = wanted.flatMap((document, at) => {
          const own = keyOf(one, document);
          return own !== undefined && had.has(own) ? [keyAt(present, bytesOf(100 + at, document))] : [];
        });
        const changes = wanted.map((one, at) => ({
          ...{ now: undefined, back: bytesOf(100 + at, one), stage: 'back' as const },
        }));
        const held = await transactions
          .run((session) => givingUp(store, present, changes, keys, session))
          .then(
            () => [],
            (error) => {
              if (error instanceof PutHeld) return [...error.held.keys()];
              throw error;
            },
          );
        expect(held.sort()).toEqual(expected.sort());
        expect([...refusals.keys()]).toEqual(expect.arrayContaining(held));
        seen.held += held.length;
      }),
      { numRuns: 2 * runs, seed },
    );
    expect(seen.refused).toBeGreaterThan(0);
    expect(seen.held).toBeGreaterThan(0);
    expect(seen.holders > 0).toBe(name !== 'collated');
  },
);

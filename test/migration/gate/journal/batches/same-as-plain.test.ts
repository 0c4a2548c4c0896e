import fc from 'fast-check';
import type { Collection, Document } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchSizes } from '../../../../../src/migration/gate/journal/batches/pace.ts';
import { type Lab, lab, outcome } from './lab.ts';

/** More of them, and others, by hand: NUM_RUNS=200 SEED=1. A failure prints its seed. */
const numRuns = Number(process.env.NUM_RUNS ?? 20);
const seed = Number(process.env.SEED ?? 20_268);
const timeout = 120_000 + numRuns * 1000;

interface Doc extends Document {
  _id: number;
}

type Step = { readonly method: 'updateMany' | 'deleteMany'; readonly args: readonly unknown[] };

const small = fc.integer({ min: -2, max: 4 });
const value = fc.oneof(small, fc.constantFrom('x', null));
const filter = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  small.map((n) => ({ n: { $gte: n } })),
  small.map((n) => ({ n })),
  small.map((n) => ({ $or: [{ n }, { tags: n }] })),
  small.map((n) => ({ tags: { $elemMatch: { $gt: n } } })),
  fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }).map((ids) => ({ _id: { $in: ids } })),
  fc.constantFrom({ $where: 'this.n > 1' }, { $expr: { $gt: ['$n', 1] } }, { n: { $foo: 1 } }, { absent: 1 }),
);
const update = fc.oneof(
  value.map((n) => ({ $set: { n } })),
  small.map((n) => ({ $inc: { n } })),
  small.map((n) => ({ $push: { tags: n } })),
  small.map((n) => [{ $set: { n: { $add: ['$_id', n] } } }]),
  fc.constantFrom<unknown>(
    { $unset: { n: '' } },
    { $rename: { n: 'm' } },
    { $set: { _id: 5 } },
    { $foo: { n: 1 } },
    [{ $set: { label: { $divide: [1, '$n'] } } }],
    { $set: { 'tags.$[t]': 7 } },
  ),
);
const options = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  fc.constantFrom<object>(
    { upsert: true },
    { hint: { n: 1 } },
    { hint: { _id: 1 } },
    { comment: 'x' },
    { let: { a: 1 } },
  ),
  fc.constant({ arrayFilters: [{ t: { $gt: 1 } }] }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(filter, update, options).map((args) => ({ method: 'updateMany' as const, args })) },
  filter.map((filter) => ({ method: 'deleteMany' as const, args: [filter] })),
);
const documents = fc.array(fc.record({ n: value, tags: fc.array(small, { maxLength: 3 }) }), { maxLength: 12 });

let it: Lab;
beforeAll(async () => {
  it = await lab();
});
afterAll(() => it[Symbol.asyncDispose]());

async function fresh(name: string, content: readonly object[], unique: boolean, validator: boolean) {
  await it.raw.db.dropCollection(name);
  const c = await it.raw.db.createCollection<Doc>(name, validator ? { validator: { n: { $ne: 3 } } } : {});
  if (unique) await c.createIndex({ n: 1 }, { unique: true, partialFilterExpression: { n: { $gt: 0 } } });
  const list = content.map((document, _id) => ({ _id, ...document }));
  if (list.length > 0) await c.insertMany(list, { ordered: false }).catch(() => {});
  return c;
}

const everything = (c: Collection<Doc>) => c.find().sort({ _id: 1 }).toArray();
/** Upserted documents get an `_id` of the server's, where nothing else is asked. */
const nameless = (value: unknown) => JSON.stringify(value).replace(/"[0-9a-f]{24}"/g, '"id"');

/** Does the same through the handler and without it, and holds everything that can be seen against each other. */
async function sameAsPlain(c: Collection<Doc>, plain: Collection<Doc>, { method, args }: Step, sizes?: BatchSizes) {
  await it.forget();
  const before = await everything(c);
  const call = plain[method] as unknown as (...args: unknown[]) => Promise<unknown>;
  const without = await outcome(() => call.apply(plain, [...args]), `${it.raw.name}.plain`);
  const through = await outcome(() => it.through(c, method, args, { sizes }), `${it.raw.name}.c`);
  expect(nameless(through)).toEqual(nameless(without));
  const after = await everything(c);
  expect(nameless(after)).toEqual(nameless(await everything(plain)));
  // The images are those of the documents that changed, and of no others.
  const ids = new Map([...before, ...after].map(({ _id }) => [String(_id), _id]));
  const changes = [...ids.values()]
    .map((id) => [before, after].map((list) => list.find(({ _id }) => String(_id) === String(id))))
    .filter(([was, is]) => JSON.stringify(was) !== JSON.stringify(is));
  const images = (await it.images()).map(({ before, after }) => [before, after]);
  const sorted = (list: unknown[]) => list.map((entry) => JSON.stringify(entry)).sort();
  expect(sorted(images)).toEqual(sorted(changes));
  const entries = await it.entries();
  const failed = 'name' in (through as object);
  expect(entries.map(({ state }) => state)).toEqual([failed && changes.length === 0 ? 'refused' : 'done']);
  expect(entries[0]?.error === undefined).toBe(!failed);
}

test('data, results, errors and images are those of the plain call', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(
      documents,
      fc.array(step, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      fc.boolean(),
      async (content, steps, unique, validator) => {
        const c = await fresh('c', content, unique, validator);
        const plain = await fresh('plain', content, unique, validator);
        for (const step of steps) await sameAsPlain(c, plain, step);
      },
    ),
    { numRuns, seed },
  );
});

test('and also in batches of one to three documents, where values are not unique', { timeout }, async () => {
  const sizes = { whole: 1, atOnce: 1, first: 1, most: 3 };
  await fc.assert(
    fc.asyncProperty(documents, step, fc.boolean(), async (content, step, validator) => {
      const c = await fresh('c', content, false, validator);
      const plain = await fresh('plain', content, false, validator);
      await sameAsPlain(c, plain, step, sizes);
    }),
    { numRuns, seed },
  );
});

test("an upsert by $expr is the server's to refuse, also where its filter finds something", async () => {
  const content = [{ n: 'x' }] as unknown as Doc[];
  const args: Step['args'] = [{ $expr: { $gt: ['$n', 1] } }, { $unset: { n: '' } }, { upsert: true }];
  await sameAsPlain(await fresh('c', content, false, false), await fresh('plain', content, false, false), {
    method: 'updateMany',
    args,
  });
});

import fc from 'fast-check';
import type { ClientSession, CreateIndexesOptions, Document } from 'mongodb';
import { expect, test } from 'vitest';
import { cutOff, doubling } from './cut-off.ts';
import { own } from './journalled.ts';
import { type Numbered, type State, stateOf } from './model.ts';
import { setting } from './setting.ts';

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. */
const numRuns = Number(process.env.UNDO_RUNS ?? 6);
const seed = Number(process.env.UNDO_SEED ?? 20_271);
const count = 10;

type Setting = Awaited<ReturnType<typeof setting>>;

/** How a number stands in a document, and how its unique index is made. */
const kinds: readonly { key: Document; of: (n: number) => Document; options: CreateIndexesOptions }[] = [
  { key: { n: 1 }, of: (n) => ({ n }), options: {} },
  { key: { 'at.n': 1 }, of: (n) => ({ at: { n } }), options: {} },
  { key: { n: 1 }, of: (n) => ({ n }), options: { partialFilterExpression: { n: { $gte: 0 } } } },
  { key: { n: 1 }, of: (n) => ({ n }), options: { collation: { locale: 'de' } } },
];
type Kind = (typeof kinds)[number];

/** All go to numbers that nobody has and then to the new ones, some of them in a transaction. */
interface Phases {
  readonly by: number;
  readonly mirrored: boolean;
  readonly size: number;
  /** Documents that it makes before the second phase, and that it takes out in it. */
  readonly made: readonly number[];
  readonly out: readonly number[];
  readonly shape: boolean;
}
const id = fc.nat(count - 1);
const phases: fc.Arbitrary<Phases> = fc.record({
  by: id,
  mirrored: fc.boolean(),
  size: fc.integer({ min: 2, max: 4 }),
  made: fc.uniqueArray(id, { maxLength: 2 }),
  out: fc.uniqueArray(id, { maxLength: 2 }),
  shape: fc.constantFrom(true, true, false),
});

interface Edit {
  /** `other`, `many`: of a field that no migration knows; of this one, and of this one and all behind it. */
  readonly kind: 'other' | 'many' | 'delete' | 'shape' | 'between' | 'take' | 'move';
  readonly id: number;
}
const other: fc.Arbitrary<Edit> = fc.record({ kind: fc.constantFrom('other', 'many', 'many', 'delete'), id });
const any: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('other', 'many', 'delete', 'shape', 'between', 'between', 'take', 'move'),
  id,
});
/** Before the undo, and between the times that it is cut off. */
const batches = (edit: fc.Arbitrary<Edit>) =>
  fc.array(fc.array(edit, { maxLength: 6 }), { minLength: 1, maxLength: 5 });

const sizes = fc.constantFrom(
  { first: 2, most: 4, leastForTime: 2, together: 1 },
  { first: 1, most: 1, leastForTime: 1, together: 2 },
  { first: 2, most: 4, leastForTime: 2 },
);

async function migrate(s: Setting, { of, key }: Kind, all: readonly Phases[]): Promise<void> {
  const a = s.db.collection<Numbered>('a');
  const [path = ''] = Object.keys(key);
  for (const [nth, { by, mirrored, size, made, out, shape }] of all.entries()) {
    const far = 10_000 * (nth + 1);
    const ids = (await a.find({}, { sort: { _id: 1 } }).toArray()).map(({ _id }) => _id);
    const numbers = new Map((await a.find().toArray()).map((one) => [one._id, one.n ?? one.at.n]));
    const turned = ids.map((_, at) => ids[((mirrored ? ids.length - 1 - at : at) + by) % ids.length] as number);
    const packs = Array.from({ length: Math.ceil(ids.length / size) }, (_, at) => at * size);
    const renumber = (phase: number, to: (at: number) => number) =>
      s.journal.inSteps(
        'a',
        packs.map((from) => async (session: ClientSession) => {
          const some = ids.slice(from, from + size);
          const found = await a.find({ _id: { $in: some } }, { session }).toArray();
          await a.deleteMany({ _id: { $in: some } }, { session });
          const kept = found.filter(({ _id }) => phase === 1 || !out.includes(_id));
          const now = kept.map((one) => ({
            ...{ ...one, ...of(to(ids.indexOf(one._id))) },
            ...(shape && { s: phase === 1 ? 'between' : `after ${nth}` }),
          }));
          if (now.length > 0) await a.insertMany(now, { session });
        }),
      );
    await renumber(1, (at) => far + at);
    await s.journal.write('a', async (session) => {
      for (const one of made) {
        const _id = 100 * (nth + 1) + one;
        await a.insertOne({ _id, ...of(far + 1000 + one), s: 'made' }, { session });
      }
    });
    await renumber(2, (at) => numbers.get(turned[at] as number));
    await s.journal.write('a', async (session) => {
      for (const one of made) await a.updateOne({ _id: 100 * (nth + 1) + one }, { $inc: { [path]: 500 } }, { session });
    });
  }
}

/** What users have of theirs: by document, the fields that they wrote to, and whether they deleted it. */
class Users {
  readonly fields = new Map<number, Document>();
  readonly deleted = new Set<number>();
  readonly #s: Setting;
  readonly #kind: Kind;
  #nth = 0;

  constructor(s: Setting, kind: Kind) {
    this.#s = s;
    this.#kind = kind;
  }

  async edit(edits: readonly Edit[], isFirst: boolean): Promise<void> {
    for (const { kind, id } of edits) {
      this.#nth += 1;
      const nth = this.#nth;
      if (kind === 'other') await this.#set(id, { [`u${nth % 3}`]: nth });
      for (let one = id; kind === 'many' && one < count; one++) await this.#set(one, { [`u${nth % 3}`]: nth });
      if (kind === 'shape') await this.#set(id, { s: `user ${nth}` });
      // What the migration made of it is known before the undo has begun.
      if (kind === 'between' && isFirst) await this.#set(id, { s: 'between' });
      if (kind === 'move') await this.#set(id, this.#kind.of(50_000 + nth));
      const a = this.#s.db.collection<Numbered>('a');
      if (kind === 'delete') {
        const { deletedCount } = await a.deleteOne({ _id: id });
        if (deletedCount === 1) this.deleted.add(id);
      }
      if (kind === 'take') {
        // Where it is free.
        const one = { _id: 1000 + nth, ...this.#kind.of(id), u0: nth };
        await a.insertOne(one).then(
          () => this.fields.set(one._id, one),
          () => {},
        );
      }
    }
  }

  async #set(_id: number, $set: Document): Promise<void> {
    const a = this.#s.db.collection<Numbered>('a');
    const { modifiedCount } = await a.updateOne({ _id }, { $set });
    if (modifiedCount === 1) this.fields.set(_id, { ...this.fields.get(_id), ...$set });
  }
}

async function withUsers(
  [kind, all, edits, cutAfter, sizes]: readonly [
    Kind,
    readonly Phases[],
    readonly (readonly Edit[])[],
    number,
    Document,
  ],
  check: (s: Setting, users: Users, result: Document, made: State) => Promise<void>,
): Promise<number> {
  await using s = await setting(async ({ db }) => {
    await db.collection('a').createIndex(kind.key as { n: 1 }, { unique: true, ...kind.options });
    await db
      .collection<Numbered>('a')
      .insertMany(Array.from({ length: count }, (_, _id) => ({ _id, ...kind.of(_id), s: 'before' })));
  });
  await migrate(s, kind, all);
  const made = await stateOf(s.db.collection<Numbered>('a'));
  const users = new Users(s, kind);
  let round = 0;
  const { result, cuts } = await cutOff(s.connection, doubling(cutAfter), async (signal) => {
    await users.edit(edits[round] ?? [], round === 0);
    round += 1;
    return s.undo({ mode: 'tolerant', sizes, signal });
  });
  expect(result.state).toBe('undone');
  await check(s, users, result, made);
  return cuts;
}

const kind = fc.constantFrom(...kinds);
const all = fc.array(phases, { minLength: 1, maxLength: 2 });
const cutAfter = fc.integer({ min: 10, max: 60 });

test('all goes back where users write to other fields only, before an undo and whenever it is cut off', async () => {
  let cuts = 0;
  await fc.assert(
    fc.asyncProperty(fc.tuple(kind, all, batches(other), cutAfter, sizes), async (made) => {
      cuts += await withUsers(made, async (s, users, result, after) => {
        const was = Array.from({ length: count }, (_, _id) => ({ _id, ...made[0].of(_id), s: 'before' }));
        const expected = was
          .map((one) => ({ ...one, ...users.fields.get(one._id) }))
          .filter(({ _id }) => !users.deleted.has(_id));
        const now = await stateOf(s.db.collection<Numbered>('a'));
        expect([...now.values()].sort((x, y) => x._id - y._id)).toEqual(expected);
        const kept = await s.db.collection(own.quarantine).find().toArray();
        expect(kept).toEqual([]);
        const inserted = was.filter(({ _id }) => !after.has(_id)).length;
        const deleted = after.size - (count - inserted);
        const same = was.filter((one) => JSON.stringify(after.get(one._id)) === JSON.stringify(one)).length;
        const numbers = { documents: count - same + deleted, inserted, deleted };
        // Of one that a user has deleted nobody knows whether it was back by then.
        expect(result).toMatchObject({ quarantined: 0, ...(users.deleted.size === 0 && numbers) });
      });
    }),
    { numRuns, seed, endOnFailure: true },
  );
  expect(cuts).toBeGreaterThan(0);
});

test('no write of a user is lost, and who is left waits for one: before an undo and whenever it is cut off', async () => {
  await fc.assert(
    fc.asyncProperty(fc.tuple(kind, all, batches(any), cutAfter, sizes), (made) =>
      withUsers(made, async (s, users) => {
        const now = await stateOf(s.db.collection<Numbered>('a'));
        const kept = new Set((await s.db.collection(own.quarantine).find().toArray()).map((one) => one.documentId));
        for (const [id, fields] of users.fields) {
          if (users.deleted.has(id)) continue;
          expect(now.get(id), `document ${id}`).toMatchObject(fields);
        }
        for (const id of users.deleted) expect(now.has(id), `document ${id}`).toBe(false);
        for (let _id = 0; _id < count; _id++) {
          if (users.deleted.has(_id)) continue;
          if (kept.has(_id)) {
            const { u0: _, u1: __, u2: ___, ...ofTheMigration } = users.fields.get(_id) ?? {};
            const holds = [...now.values()].some((one) => one._id !== _id && (one.n ?? one.at.n) === _id);
            // Who had its number may be deleted by now.
            const waits = holds || users.deleted.size > 0;
            expect(Object.keys(ofTheMigration).length > 0 || waits, `document ${_id} is left`).toBe(true);
            continue;
          }
          const back = { _id, ...made[0].of(_id), s: 'before', ...users.fields.get(_id) };
          expect(now.get(_id), `document ${_id}`).toEqual(back);
        }
      }).then(() => {}),
    ),
    { numRuns, seed, endOnFailure: true },
  );
});

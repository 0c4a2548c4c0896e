import fc from 'fast-check';
import type { ClientSession, Document, IndexDescription } from 'mongodb';
import { expect, test } from 'vitest';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { cutOff, doubling } from './cut-off.ts';
import { own } from './journalled.ts';
import { expected, type Numbered, type State, stateOf } from './model.ts';
import { setting } from './setting.ts';

/** More of them, and others, by hand: UNDO_RUNS=200 UNDO_SEED=1. */
const runs = Number(process.env.UNDO_RUNS ?? 10);
const seed = Number(process.env.UNDO_SEED ?? 20_262);
const count = 8;

type Setting = Awaited<ReturnType<typeof setting>>;
type Move =
  /** All of them by one, at once: chains, of which each waits for nobody else's. */
  | { readonly kind: 'up'; readonly from: number; readonly to: number }
  /** Values go round, at once. */
  | { readonly kind: 'turn'; readonly from: number; readonly by: number }
  /** Values that are free are taken one after the other, each in a transaction of its own or all in one. */
  | { readonly kind: 'move'; readonly moves: readonly (readonly [id: number, to: number])[]; readonly atOnce: boolean }
  /** Values go round by way of others that nobody has, some of them in a transaction. */
  | { readonly kind: 'phases'; readonly from: number; readonly by: number; readonly size: number }
  | { readonly kind: 'set'; readonly from: number; readonly to: number }
  /** A change of the catalog. */
  | { readonly kind: 'index' };
const one = fc.nat(count - 1);
/** Of two lists. */
const values = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15];
const value = fc.constantFrom(...values);
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('up'), from: fc.nat(3), to: fc.integer({ min: 4, max: count - 1 }) }),
  fc.record({ kind: fc.constant('turn'), from: one, by: one }),
  fc.record({
    kind: fc.constant('move'),
    moves: fc.array(fc.tuple(one, value), { minLength: 1, maxLength: 6 }),
    atOnce: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('phases'), from: fc.nat(3), by: one, size: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('set'), from: one, to: one }),
);
type Edit = { readonly kind: 'take' | 'move' | 'set' | 'delete'; readonly id: number; readonly n: number };
const byUser: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('take', 'take', 'move', 'set', 'delete'),
  id: one,
  n: fc.nat(values.length - 1),
});
const sizes = fc.constantFrom(
  undefined,
  { first: 1, most: 1, leastForTime: 1 },
  { first: 2, most: 4, leastForTime: 2 },
  { first: 2, most: 4, leastForTime: 2, together: 2 },
  { first: 1, most: 1, leastForTime: 1, together: 3 },
);

const inIt = { n: { $gte: 0 } };
/** By which the numbers are unique. */
const indexes: fc.Arbitrary<readonly IndexDescription[]> = fc.constantFrom(
  [{ key: { n: 1 } }],
  [{ key: { n: 1 }, partialFilterExpression: inIt }],
  [{ key: { n: 1 } }, { key: { n: -1 } }],
);

/** What there was at first and after each step, apart behind each change of the catalog. */
type Past = readonly (readonly State[])[];

/** Does it, and comes back with what there was in between. */
async function migrate(s: Setting, moves: readonly Move[]): Promise<Past> {
  const a = s.db.collection<Numbered>('a');
  const past: State[][] = [[await stateOf(a)]];
  const note = async () => {
    past.at(-1)?.push(await stateOf(a));
  };
  const inSteps = async (steps: readonly ((session: ClientSession) => Promise<unknown>)[]) => {
    const noted = steps.map((step) => async (session: ClientSession) => {
      await step(session);
      past.at(-1)?.push(await stateOf(a, session));
    });
    await s.journal.inSteps('a', noted);
  };
  const renumber = async (ids: readonly number[], to: (at: number) => number, session: ClientSession) => {
    const found = await a.find({ _id: { $in: [...ids] } }, { session, sort: { _id: 1 } }).toArray();
    await a.deleteMany({ _id: { $in: [...ids] } }, { session });
    await a.insertMany(
      found.map((document) => ({ ...document, n: to(ids.indexOf(document._id)) })),
      { session },
    );
  };
  for (const [nth, move] of moves.entries()) {
    if (move.kind === 'index') {
      await s.journal.catalog('a', 'create-indexes', () => a.createIndex({ [`f${nth}`]: 1 }));
      past.push([]);
    } else if (move.kind === 'set') {
      const filter = { _id: { $gte: move.from, $lte: move.to } };
      await s.journal.write('a', (session) => a.updateMany(filter, { $set: { [`f${nth}`]: nth } }, { session }));
    } else if (move.kind === 'move') {
      const steps = move.moves.map(([_id, n]) => async (session: ClientSession) => {
        if ((await a.findOne({ n }, { session })) === null) await a.updateOne({ _id }, { $set: { n } }, { session });
      });
      if (!move.atOnce) await inSteps(steps);
      else {
        await s.journal.write('a', async (session) => {
          for (const step of steps) await step(session);
        });
      }
    } else if (move.kind === 'up') {
      await s.journal.write('a', async (session) => {
        const ids = (await a.find({ _id: { $gte: move.from, $lte: move.to } }).toArray()).map(({ _id }) => _id);
        const ns = (await a.find({ _id: { $in: ids } }, { sort: { _id: 1 } }).toArray()).map(({ n }) => n + 1);
        if ((await a.findOne({ n: { $in: ns }, _id: { $nin: ids } })) === null) {
          await renumber(ids, (at) => ns[at] as number, session);
        }
      });
    } else {
      const turned = (await a.find({ _id: { $gte: move.from } }, { sort: { _id: 1 } }).toArray()) as Numbered[];
      const to = (at: number): number => turned[(at + move.by) % turned.length]?.n;
      const ids = turned.map(({ _id }) => _id);
      if (move.kind === 'turn') await s.journal.write('a', (session) => renumber(ids, to, session));
      else {
        const parts = Array.from({ length: Math.ceil(ids.length / move.size) }, (_, at) => at * move.size);
        for (const phase of [(at: number) => 1000 * (nth + 1) + at, to]) {
          await inSteps(
            parts.map(
              (from) => (session: ClientSession) =>
                renumber(ids.slice(from, from + move.size), (at) => phase(from + at), session),
            ),
          );
        }
      }
    }
    await note();
  }
  return past;
}

async function editAll(s: Setting, edits: readonly Edit[]) {
  const a = s.db.collection<Numbered>('a');
  for (const [nth, { kind, id, n }] of edits.entries()) {
    if (kind === 'delete') await a.deleteOne({ _id: id });
    else if (kind === 'set') await a.updateOne({ _id: id }, { $set: { [`f${n % 5}`]: `u${nth}` } });
    else {
      const taken = new Set(await a.distinct('n'));
      const free = values.filter((value) => !taken.has(value));
      if (kind === 'take') await a.insertOne({ _id: 50 + nth, n: free[n % free.length] });
      else await a.updateOne({ _id: id }, { $set: { n: free[n % free.length] } });
    }
  }
}

const moves = fc.array(move, { minLength: 1, maxLength: 5 });
const short = fc.array(move, { minLength: 1, maxLength: 2 });
const index = { kind: 'index' } as const;

test.each([
  { moves, where: '' },
  {
    moves: fc.array(short, { minLength: 2, maxLength: 3 }).map((parts) => parts.flatMap((part) => [...part, index])),
    where: ' behind changes of the catalog',
  },
])(
  'unique values, users and cuts: each document is back as a whole, or waits for what a user has$where',
  { timeout: 60_000 + runs * 3000 },
  async ({ moves }) => {
    const seen = { taken: 0, cuts: 0, left: 0 };
    await fc.assert(
      fc.asyncProperty(
        moves,
        fc.array(byUser, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 3, max: 25 }),
        sizes,
        indexes,
        fc.constantFrom(Number.POSITIVE_INFINITY, 2),
        async (moves, edits, cutAfter, sizes, indexes, mostOfPack) => {
          await using s = await setting(async ({ db }) => {
            await db.collection('a').createIndexes(indexes.map((index) => ({ ...index, unique: true })));
            await db
              .collection<Numbered>('a')
              .insertMany(Array.from({ length: count }, (_, _id) => ({ _id, n: _id + (_id < 4 ? 0 : 6) })));
          });
          s.journal.mostOfPack = mostOfPack;
          const a = s.db.collection<Numbered>('a');
          const was = await stateOf(a);
          const past = await migrate(s, moves);
          const made = await stateOf(a);
          await editAll(s, edits);
          const now = await stateOf(a);
          const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
          const { result, cuts } = await cutOff(s.connection, doubling(cutAfter), (signal) =>
            s.undo({ mode: 'tolerant', sizes, signal }),
          );
          seen.cuts += cuts;

          const after = await stateOf(a);
          const kept = new Map<number, Document>();
          for await (const one of s.db.collection(own.quarantine).find()) kept.set(one.documentId, one);
          let foreseen = 0;
          let least = 0;
          let most = 0;
          for (const id of new Set([...was.keys(), ...now.keys(), ...after.keys()])) {
            const model = modelOf(id, past, now);
            const left = kept.get(id);
            if (model.left) foreseen += 1;
            if (model.left) expect(left, `document ${id}`).toBeDefined();
            if (left === undefined) {
              expect(after.get(id), `document ${id}`).toEqual(model.document);
              // Counted is who moves at the oldest change: one that came round meanwhile may, and one that came round in it may not.
              const first = past.length > 1 ? past[firstChange(id, past)] : undefined;
              const isBack = !same(after.get(id), now.get(id));
              if (isBack && !cameRound(first, id)) least += 1;
              if (isBack || first !== undefined) most += 1;
              continue;
            }
            seen.left += 1;
            const { why, before, after: as, current } = left;
            expect({ why, before, current }).toEqual({ why: 'undo', before: was.get(id), current: after.get(id) });
            // What does not fit into one transaction goes back over each of its changes by itself.
            const inSteps = sizes?.together !== undefined || past.length > 1;
            const states = past.flat().map((state) => JSON.stringify(state.get(id)));
            expect(inSteps ? states : [JSON.stringify(made.get(id))]).toContain(JSON.stringify(as));
            // What users wrote goes along.
            expect(current, `document ${id}`).toEqual(expected(as, made.get(id), now.get(id)).document);
            if (model.left) continue;
            seen.taken += 1;
            expect(waitsForUser(id, { past, made, now, after }), `who has the value of document ${id}`).toBe(true);
          }
          expect(forecast?.quarantined).toBe(foreseen);
          expect(result).toMatchObject({ state: 'undone', quarantined: kept.size });
          const documents = 'documents' in result ? result.documents : undefined;
          expect(documents).toBeLessThanOrEqual(most);
          expect(documents).toBeGreaterThanOrEqual(least);
          // Also where it was cut off among documents that go back without a mark of each.
          const changed = await s.journal.changed();
          const deletedSince = [...made.keys()].filter((id) => changed.has(id) && !now.has(id)).length;
          const asBefore = changed.size - Number(documents) - kept.size - deletedSince;
          expect(result).toMatchObject({ changed: changed.size, deletedSince, asBefore });
          expect(asBefore).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: runs, seed, endOnFailure: true },
    );
    expect({ taken: seen.taken > 0, cuts: seen.cuts > 0 }).toEqual({ taken: true, cuts: true });
  },
);

interface States {
  readonly past: Past;
  readonly made: State;
  readonly now: State;
  readonly after: State;
}

function same(one: Document | undefined, other: Document | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What has to come of a document, from one change of the catalog to the one before it. */
function modelOf(id: number, past: Past, now: State): ReturnType<typeof expected> {
  let document = now.get(id);
  for (const states of past.toReversed()) {
    const model = expected(states[0]?.get(id), states.at(-1)?.get(id), document);
    if (model.left) return { document: now.get(id), left: true };
    document = model.document;
  }
  return { document, left: false };
}

function cameRound(states: readonly State[] | undefined, id: number): boolean {
  return states !== undefined && same(states[0]?.get(id), states.at(-1)?.get(id));
}

/** The first part of the past in which a document was changed. */
function firstChange(id: number, past: Past): number {
  return past.findIndex((states) => states.some((state) => !same(state.get(id), states[0]?.get(id))));
}

/**
 * Whether somebody has the value that a document had, who keeps it as a user wrote it, or waits for one who does; or had it
 * who was changed before a change of the catalog as well, where the document was not.
 */
function waitsForUser(id: number, states: States, seen: ReadonlySet<number> = new Set()): boolean {
  const { past, made, now, after } = states;
  const { n } = modelOf(id, past, now).document ?? {};
  const has = (state: State) => [...state.values()].find((other) => other._id !== id && other.n === n)?._id;
  const before = has(now);
  if (before !== undefined && firstChange(before, past) < firstChange(id, past)) return true;
  const holder = has(after);
  if (holder === undefined || seen.has(holder)) return false;
  return !same(made.get(holder), now.get(holder)) || waitsForUser(holder, states, new Set([...seen, id]));
}

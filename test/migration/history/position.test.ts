import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/migration/canonical.ts';
import { position } from '../../../src/migration/history/position.ts';
import { type HistoryRecord, type RecordState, recordStates } from '../../../src/migration/types.ts';
import { record } from '../records.ts';

const histories = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1 }),
      checksum: fc.string(),
      state: fc.constantFrom(...recordStates),
      direction: fc.constantFrom('up' as const, 'down' as const),
    }),
    { selector: (one) => one.name, minLength: 1, maxLength: 8 },
  )
  .map((all) => all.map(({ name, ...over }, index) => record(name, index, over)));

describe('the digest of a position', () => {
  test('does not depend on the order of the records, nor on when, by whom and in which order they were applied', () => {
    const shuffled = histories.chain((records) =>
      fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.date({ noInvalidDate: true }), fc.string(), ([records, others], date, text) => {
        const elsewhere = others.map((one, sequence) => ({
          ...one,
          sequence,
          fence: 9,
          releaseId: text,
          actor: text,
          startedAt: date,
          durationMs: 5,
        }));
        expect(position(elsewhere).digest).toBe(position(records).digest);
      }),
    );
  });

  test('changes with every applied name and content, and with everything left half-way', () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.string({ minLength: 1 }), (records, at, more) => {
        const index = at % records.length;
        const one = records[index]!;
        const counts = one.state !== 'rolled-back';
        const unsettled = counts && one.state !== 'applied';
        const differs = (changed: Partial<HistoryRecord> | undefined) => {
          const others = records.flatMap((other, place) =>
            place === index ? (changed === undefined ? [] : [{ ...other, ...changed }]) : [other],
          );
          return position(others).digest !== position(records).digest;
        };
        expect(differs({ checksum: one.checksum + more })).toBe(counts);
        expect(differs(undefined)).toBe(counts);
        expect(differs({ direction: one.direction === 'up' ? 'down' : 'up' })).toBe(unsettled);
        // Whether a run still goes on or was interrupted is found out later, and moves no plan.
        const halfWay = (state: RecordState) => (state === 'running' ? 'interrupted' : state);
        for (const state of recordStates) expect(differs({ state })).toBe(halfWay(state) !== halfWay(one.state));
      }),
    );
  });

  test('does not confuse a name with a content, or two records with one', () => {
    const digests = [
      [record('ab', 1, { checksum: 'c' })],
      [record('a', 1, { checksum: 'bc' })],
      [record('a', 1, { checksum: 'b' }), record('c', 2, { checksum: '' })],
      [],
    ].map((records) => position(records).digest);
    expect(new Set(digests).size).toBe(4);
  });
});

test('applied migrations are listed in the order of their application', () => {
  const records = [record('a', 7), record('b', 3), record('c', 5, { state: 'rolled-back' })];
  expect(position(records).applied.map((one) => one.name)).toEqual(['b', 'a']);
});

test('canonical JSON does not depend on the order of keys, and is JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const reversed = (inner: unknown): unknown =>
        Array.isArray(inner)
          ? inner.map(reversed)
          : inner !== null && typeof inner === 'object'
            ? Object.fromEntries(
                Object.entries(inner)
                  .reverse()
                  .map(([key, each]) => [key, reversed(each)]),
              )
            : inner;
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeBack } from '../../../src/migration/undo/merge.ts';
import { stepBack, stepBackStrictly } from '../../../src/migration/undo/step-back.ts';
import { bytes, edit, edited, type Fields, fields, fieldsOf, modelOf, shown } from './random-documents.ts';

/** More of them, and others, by hand: UNDO_RUNS=100000 UNDO_SEED=1. A failure prints its seed. */
const numRuns = Number(process.env.UNDO_RUNS ?? 2000);
const seed = Number(process.env.UNDO_SEED ?? 20_264);

const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
const once = { isLast: true, between: false, open: undefined };

function sorted(fields: Iterable<readonly [string, unknown]>): string[] {
  return [...fields].map(([name, value]) => `${name} ${shown(value)}`).sort();
}

/** Which fields were renamed is found out elsewhere. */
const anyRename = () => 'yes' as const;

test('a document that nobody touched goes back byte for byte, and one that is back stays', () => {
  fc.assert(
    fc.property(fields, edits, (was, operations) => {
      const [before, after] = [bytes(was), bytes(edited(was, operations))];
      for (const now of [after, before]) {
        const step = stepBack({ isRename: anyRename, images: [{ before, after }], now, ...once });
        expect(step).toMatchObject({ state: 'back', merged: false });
        expect(Buffer.from((step as { document: Uint8Array }).document).equals(before)).toBe(true);
      }
    }),
    { numRuns, seed },
  );
});

test('each field is as the model says, and where both met all of it stays', () => {
  let [merged, left] = [0, 0];
  fc.assert(
    fc.property(fields, edits, edits, (was, operations, byUser) => {
      const made = edited(was, operations);
      const now = edited(made, byUser);
      const back = mergeBack(bytes(was), bytes(made), bytes(now), anyRename);
      const model = modelOf(was, made, now);
      if (back.state === 'merged') merged += 1;
      else left += 1;
      expect(back.state).toBe(model === undefined ? 'conflict' : 'merged');
      if (back.state === 'merged' && model !== undefined)
        expect(sorted(fieldsOf(back.document))).toEqual(sorted(model));
    }),
    { numRuns, seed },
  );
  expect(Math.min(merged, left)).toBeGreaterThan(numRuns / 20);
});

test('fields that only a user wrote to stay as the user has them, to the byte', () => {
  const own = fc.constantFrom('u', 'v', 'w').chain((name) => fc.tuple(fc.constant(name), fields));
  fc.assert(
    fc.property(fields, edits, fc.array(own, { minLength: 1, maxLength: 3 }), (was, operations, byUser) => {
      const made = edited(was, operations);
      const written: Fields = [...new Map(byUser.map(([name, value]) => [name, Object.fromEntries(value)]))];
      const back = mergeBack(bytes(was), bytes(made), bytes([...made, ...written]), anyRename);
      expect(back.state).toBe('merged');
      if (back.state !== 'merged') return;
      const result = fieldsOf(back.document);
      expect(sorted(result)).toEqual(sorted([...was, ...written]));
      // Fields of before stand as they stood.
      expect(result.slice(0, was.length).map(([name]) => name)).toEqual(was.map(([name]) => name));
    }),
    { numRuns, seed },
  );
});

test('several operations go back as one does, all images at once or one after the other', () => {
  fc.assert(
    fc.property(fields, fc.array(edits, { minLength: 2, maxLength: 4 }), edits, (was, operations, byUser) => {
      const states = [was];
      for (const one of operations) states.push(edited(states.at(-1) as Fields, one));
      const images = states
        .slice(1)
        .map((after, nth) => ({ before: bytes(states[nth] as Fields), after: bytes(after) }))
        .reverse();
      const now = bytes(edited(states.at(-1) as Fields, byUser));
      const atOnce = stepBack({ isRename: anyRename, images, now, ...once });
      // A user has made it what it was before all of them: only who knows the oldest sees that nothing is left to do.
      if (Buffer.from(now).equals(Buffer.from(bytes(was)))) {
        expect(atOnce).toMatchObject({ state: 'back', merged: false });
        return;
      }
      let last: ReturnType<typeof stepBack> | undefined;
      let current: Uint8Array | undefined = now;
      for (const [nth, image] of images.entries()) {
        const isLast = nth === images.length - 1;
        const open = last?.state === 'open' ? last.open : undefined;
        last = stepBack({ isRename: anyRename, images: [image], now: current, ...once, isLast, open });
        if (last.state === 'blocked') break;
        if (last.state === 'back') current = last.document;
      }
      expect(last?.state).toBe(atOnce.state);
      if (last?.state !== 'back' || atOnce.state !== 'back') return;
      expect(Buffer.from(last.document ?? []).equals(Buffer.from(atOnce.document ?? []))).toBe(true);
    }),
    { numRuns, seed },
  );
});

test('strictly, it goes back only if nobody has written to it', () => {
  fc.assert(
    fc.property(fields, edits, edits, (was, operations, byUser) => {
      const [before, after] = [bytes(was), bytes(edited(was, operations))];
      const now = bytes(edited(edited(was, operations), byUser));
      const { state } = stepBackStrictly([{ before, after }], now);
      const known = [before, after].some((one) => Buffer.from(one).equals(now));
      expect(state).toBe(known ? 'back' : 'blocked');
    }),
    { numRuns, seed },
  );
});

import { describe, expect, test } from 'vitest';
import { beginningOf, isHalfDone, nextOfHalf } from '../../src/migration/beginning.ts';
import { noEffects } from '../../src/migration/runner.ts';
import type { HistoryRecord, RunJournal } from '../../src/migration/types.ts';
import { file, record } from './records.ts';

const a = file('a');
const journal: RunJournal = { attempt: 7, checksum: a.checksum, images: true, entries: 3 };
const half = (over: Partial<HistoryRecord> = {}): HistoryRecord =>
  record('a', 7, { state: 'interrupted', direction: 'up', appliedAt: undefined, journal, ...over });
const edited = { ...a, checksum: 'another' };

describe('a half-done migration', () => {
  test.each([
    ['up', 'up', a, { how: 'resume' }],
    ['up', 'down', a, { how: 'undo', thenRun: false }],
    ['down', 'down', a, { how: 'resume' }],
    ['down', 'up', a, { how: 'undo', thenRun: false }],
    ['up', 'up', edited, { how: 'undo', thenRun: true, why: 'a.ts was changed since it was interrupted' }],
  ] as const)('on its way %s, when asked to go %s', (direction, asked, on, beginning) => {
    expect(beginningOf(half({ direction }), on, asked)).toMatchObject(beginning);
  });

  test.each([
    { journal: undefined },
    { journal: { ...journal, entries: 0 } },
    { state: 'applied' },
    // Its entries are of what was refused, and a new attempt does not meet them.
    { state: 'failed', effects: noEffects },
  ] as const)('of which nothing is there or known begins at its top (%#)', (over) => {
    expect(beginningOf(half(over), a, 'up')).toEqual({ how: 'afresh' });
  });

  test('that was killed before the first write of its way down is applied as a whole: its up does not run over it', () => {
    const killed = half({ direction: 'down', journal: { ...journal, entries: 0, images: false } });
    expect(beginningOf(killed, a, 'up')).toMatchObject({ how: 'undo', thenRun: false });
    expect(beginningOf(killed, a, 'down')).toEqual({ how: 'afresh' });
    expect(nextOfHalf(killed, a)).toMatch(
      /^mongo-release down runs its down from the top; mongo-release migrate --apply first undoes/,
    );
  });

  test.each([
    [
      {},
      a,
      /migrate --apply first takes it up where it was \(once its file is changed: undoes .*\); mongo-release down undoes by the journal what it did\.$/,
    ],
    [
      {},
      edited,
      /first undoes by the journal what it did, since a\.ts was changed .*, and begins afresh; mongo-release down/,
    ],
    [
      { direction: 'down' },
      a,
      /^mongo-release down takes it up where it was \(.*\); mongo-release migrate --apply first undoes by the journal what it did\.$/,
    ],
    [
      { journal: { ...journal, images: false } },
      a,
      /takes it up where it was \(once its file is changed: cannot.*\); mongo-release down cannot undo what it did, since .* keeps no images/,
    ],
    [{ journal: { ...journal, entries: 0 } }, a, /^Nothing of it was done/],
    [{ state: 'failed', effects: noEffects }, a, /^Nothing of it was done/],
    [
      { journal: undefined },
      a,
      /either way has to bear what is done already: mongo-release migrate --apply first runs its up .*; mongo-release down runs its down from the top\.$/,
    ],
    [
      { journal: undefined, direction: 'down' },
      a,
      /already: mongo-release down runs its down from the top; mongo-release migrate --apply first runs its up/,
    ],
    // Only the rollback that began it does what comes after it, too.
    [
      { direction: 'down', way: 'undo', releaseId: 'back' },
      a,
      /^mongo-release rollback back undoes by the journal what it did; mongo-release migrate --apply first undoes/,
    ],
    // Without its file: an undo by the journal needs none, everything else does.
    [
      {},
      undefined,
      /^mongo-release down undoes by the journal .*; that needs no file\. With a\.ts back .* --apply takes it up where it was\.$/,
    ],
    [{ direction: 'down' }, undefined, /^Bring a\.ts back from version control\. mongo-release down takes it up/],
    [
      { journal: { ...journal, images: false } },
      undefined,
      /^Bring a\.ts back .* --apply first takes it up where it was/,
    ],
    [{ journal: undefined }, undefined, /^Bring a\.ts back from version control\. No journal was kept of it/],
    [{ journal: { ...journal, entries: 0 } }, undefined, /^Nothing of it was done, so its file is not needed\.$/],
    [{ direction: 'down' }, a, /^mongo-release down .*; mongo-release migrate --apply first undoes/],
  ] as const)('says what comes next (%#)', (over, on, words) => {
    expect(nextOfHalf(half(over), on)).toMatch(words);
  });

  test.each([
    [
      {},
      a,
      /^mongo-release release --apply first takes it up where it was \(once .*, unless others have .*\); the way back\.$/,
    ],
    [{}, edited, /^mongo-release release --apply first undoes .*, unless others .* and begins afresh; the way back\.$/],
    [{}, undefined, /^the way back; that needs no file\. With a\.ts back .* mongo-release release --apply takes it up/],
    // Those do not come by a rollback of it, or not by the journal.
    [{ direction: 'down' }, a, /^mongo-release down takes it up/],
    [{ journal: { ...journal, images: false } }, a, /; mongo-release down cannot undo what it did/],
  ] as const)('names the command that was cut off, and the way back of its release (%#)', (over, on, words) => {
    expect(nextOfHalf(half(over), on, { command: 'release', back: 'the way back' })).toMatch(words);
  });

  test('does not promise that a changed file begins afresh over what others wrote', () => {
    const of = { command: 'migrate', back: 'the way back', met: true } as const;
    expect(nextOfHalf(half(), a, of)).toBe(
      'mongo-release migrate --apply first takes it up where it was; the way back.',
    );
  });

  test('is none that failed without a trace', () => {
    expect(isHalfDone(half({ state: 'failed', effects: noEffects }))).toBe(false);
    expect(isHalfDone(half({ state: 'failed', effects: { ...noEffects, unknown: 1 } }))).toBe(true);
    expect(isHalfDone(half({ state: 'failed', effects: undefined }))).toBe(true);
    expect(isHalfDone(half({ state: 'running' }))).toBe(true);
    expect(isHalfDone(half({ journal: { ...journal, entries: 0 } }))).toBe(false);
    expect(isHalfDone(half({ journal: { ...journal, entries: 0 }, effects: { ...noEffects, unknown: 1 } }))).toBe(true);
    expect(isHalfDone(half({ journal: undefined }))).toBe(true);
    expect(isHalfDone(half({ state: 'rolled-back' }))).toBe(false);
  });
});

import { expect, test } from 'vitest';
import { describeNeed, fittingLevel } from '../../../src/release/rehearsal/need.ts';

const need = { diskBytes: 2e9, freeBytes: 1e9, seconds: 90, basis: '900.0 MB of documents' };
const byDefault = { level: 'full', byFlag: false } as const;

test('what does not fit becomes a sample, unless all of it was asked for by name', () => {
  expect(fittingLevel(byDefault, need)).toBe('sample');
  expect(() => fittingLevel({ level: 'full', byFlag: true }, need)).toThrow(
    expect.objectContaining({ code: 'SANDBOX_TOO_SMALL', exitCode: 5, details: { needed: 2e9, free: 1e9 } }),
  );
});

test('what fits, and what nobody can tell, is rehearsed as it was asked for', () => {
  expect(fittingLevel(byDefault, { ...need, freeBytes: 3e9 })).toBe('full');
  expect(fittingLevel(byDefault, { ...need, freeBytes: null })).toBe('full');
  expect(fittingLevel(byDefault, undefined)).toBe('full');
  expect(fittingLevel({ level: 'sample', byFlag: true }, need)).toBe('sample');
});

test('the need is said with what is free, and where that is unknown', () => {
  expect(describeNeed(need)).toBe(
    'A full rehearsal needs about 2.0 GB of disk (1.0 GB are free) and 1 min 30 s (900.0 MB of documents).',
  );
  expect(describeNeed({ ...need, freeBytes: null })).toContain('nobody can tell');
});

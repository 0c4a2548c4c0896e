import { expect, test } from 'vitest';
import { durationText } from '../../src/config/duration.ts';

test.each([
  [1, '1 ms'],
  [250, '250 ms'],
  [2500, '2.5 s'],
  [2501, '2501 ms'],
  [4000, '4 s'],
  [90_000, '1.5 min'],
  [100_000, '100 s'],
  [3_600_000, '1 h'],
  [86_400_000, '1 d'],
])('%i milliseconds are said as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

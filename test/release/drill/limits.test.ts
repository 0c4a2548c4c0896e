import { expect, test } from 'vitest';
import { judgeLimits } from '../../../src/release/drill/limits.ts';

const seen = { 'recovery-time': 90_000, 'recovery-point': 7_200_000 };

test('a limit is exceeded by more than itself, and only what is configured is judged', () => {
  expect(judgeLimits({}, seen)).toEqual({ limits: [], problems: [] });
  expect(judgeLimits({ 'recovery-time': 90_000, 'recovery-point': 7_199_999 }, seen)).toEqual({
    limits: [
      { name: 'recovery-time', state: 'kept', limitMs: 90_000, seenMs: 90_000 },
      { name: 'recovery-point', state: 'exceeded', limitMs: 7_199_999, seenMs: 7_200_000 },
    ],
    problems: ['The data are 2 h 0 min old where 7199999 ms is the limit.'],
  });
  expect(judgeLimits({ 'recovery-time': 1 }, {})).toEqual({
    limits: [{ name: 'recovery-time', state: 'unknown', limitMs: 1 }],
    problems: [],
  });
});

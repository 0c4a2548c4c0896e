import { expect, test } from 'vitest';
import { formatBytes, formatCount, formatDuration, formatTime, plural } from '../../src/report/format.ts';

test.each([
  [0, '0 ms'],
  [340, '340 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [1234, '1.2 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 0 s'],
  [123_000, '2 min 3 s'],
  [3_599_400, '59 min 59 s'],
  [3_599_600, '1 h 0 min'],
  [3_900_000, '1 h 5 min'],
])('%d ms are shown as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [12_345_678, '12.3 MB'],
  [999_960, '1.0 MB'],
  [2.5e18, '2500.0 PB'],
])('%d bytes are shown as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test('counts have thousands separators, and their nouns a number', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect([plural(0, 'document'), plural(1, 'document'), plural(2000, 'index', 'indexes')]).toEqual([
    '0 documents',
    '1 document',
    '2,000 indexes',
  ]);
});

test('times are in UTC, and what is no time is shown as it is', () => {
  expect(formatTime('2026-10-01T14:30:05+02:00')).toBe('2026-10-01 12:30:05 UTC');
  expect(formatTime('unknown')).toBe('unknown');
});

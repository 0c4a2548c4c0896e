import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Backfill } from '../../../src/migration/gate/journal/backfill/description.ts';
import { Progress } from '../../../src/migration/gate/journal/backfill/progress.ts';

const lines: string[] = [];
const backfill = {
  title: 'batch on cities',
  tell: (_: string, message: string) => void lines.push(message),
} as unknown as Backfill;

beforeEach(() => {
  lines.length = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('says every five seconds how far it is, and what time is left once the rest was counted', async () => {
  let counted = 0;
  const progress = new Progress(backfill, 0, async () => {
    counted += 1;
    return 29_000;
  });
  for (let second = 1; second <= 12; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    progress.advance(second * 1000);
  }
  progress.end(30_000);
  expect(counted).toBe(1);
  expect(lines).toEqual([
    'batch on cities: 5,000 of 32,000 (15 %) documents, 1,000 a second, 27 s left.',
    'batch on cities: 10,000 of 32,000 (31 %) documents, 1,000 a second, 22 s left.',
    'batch on cities: all 30,000 documents are done.',
  ]);
});

test('counts only what this run did for the rate, and tells no total that could not be counted', async () => {
  const progress = new Progress(backfill, 1_000_000, () => Promise.reject(new Error('too slow')));
  await vi.advanceTimersByTimeAsync(4000);
  progress.advance(1_001_000);
  await vi.advanceTimersByTimeAsync(6000);
  progress.advance(1_002_000);
  expect(lines).toEqual(['batch on cities: 1,002,000 documents, 200 a second.']);
});

test('of a short batch nothing is said, and nothing is counted', async () => {
  const progress = new Progress(backfill, 0, () => expect.fail('counted'));
  await vi.advanceTimersByTimeAsync(2000);
  progress.advance(500);
  progress.end(500);
  expect(lines).toEqual([]);
});

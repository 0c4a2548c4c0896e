import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FreshFence } from '../../../src/migration/lease/fresh-fence.ts';

// By a clock of its own: on a busy machine even what takes no time may take half a second.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
afterEach(() => void vi.useRealTimers());
const passes = async (ms: number) => void vi.advanceTimersByTime(ms);

test('a fence that was shown just now is not shown again', async () => {
  let shown = 0;
  const fence = new FreshFence(async () => {
    shown += 1;
  });
  expect(await fence.shownBy(async () => 'done')).toBe('done');
  await fence.assertFresh();
  expect(shown).toBe(0);
});

test('one that was never shown is shown first', async () => {
  let shown = 0;
  const fence = new FreshFence(async () => {
    shown += 1;
  });
  await fence.assertFresh();
  expect(shown).toBe(1);
});

test('an answer that comes late says nothing of now: it is shown again, and what that says counts', async () => {
  const fence = new FreshFence(() => Promise.reject(new Error('taken over')));
  await fence.shownBy(() => passes(600));
  await expect(fence.assertFresh()).rejects.toThrow('taken over');
});

test('a server that is always slow gets more time after three tries', async () => {
  let shown = 0;
  const fence = new FreshFence(async () => {
    shown += 1;
    await passes(600);
  });
  await fence.assertFresh();
  expect(shown).toBe(3);
});

test('more than two seconds are never fresh: a process that was frozen in its third try looks once more', async () => {
  let shown = 0;
  const fence = new FreshFence(async () => {
    shown += 1;
    if (shown === 4) throw new Error('taken over');
    await passes(shown === 3 ? 2100 : 600);
  });
  await expect(fence.assertFresh()).rejects.toThrow('taken over');
});

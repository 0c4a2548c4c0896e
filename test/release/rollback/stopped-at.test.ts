import { expect, test } from 'vitest';
import type { Step } from '../../../src/release/result.ts';
import { stoppedAt } from '../../../src/release/rollback/traffic.ts';

const steps = (states: Partial<Record<Step['name'], Step['state']>>) =>
  Object.entries(states).map(([name, state]) => ({ name, state }) as Step);

test('a rollback stopped at what was tried last and is not done, and not at letting users in as long as more is open', () => {
  expect(stoppedAt(steps({ data: 'failed', 'stop-traffic': 'failed' }))).toBe('stop-traffic');
  expect(stoppedAt(steps({ data: 'failed', 'stop-traffic': 'done' }))).toBe('data');
  expect(stoppedAt(steps({ data: 'failed', 'start-traffic': 'unknown' }))).toBe('data');
  expect(stoppedAt(steps({ data: 'done', 'start-traffic': 'failed' }))).toBe('start-traffic');
  // Killed between two steps, or before the first.
  expect(stoppedAt(steps({ 'stop-traffic': 'done', data: 'done', 'start-traffic': 'done' }))).toBe(
    'what comes after data',
  );
  // Whoever stopped traffic in vain does not stop it any more once the data are back.
  expect(stoppedAt(steps({ 'stop-traffic': 'failed', data: 'done' }))).toBe('what comes after data');
  expect(stoppedAt(steps({ data: 'done', 'stop-traffic': 'skipped' }))).toBe('what comes after data');
  expect(stoppedAt([])).toBe('its beginning');
});

import { expect, test } from 'vitest';
import { StepLog } from '../../../src/release/rollback/step-log.ts';

test('a step that is skipped after it failed comes last, and how often it was tried is not forgotten', async () => {
  const log = new StepLog([], { host: 'here' }, async () => {});
  const fails = () => log.run('stop-traffic', '', () => Promise.reject(new Error('no')));
  await expect(fails()).rejects.toThrow();
  await log.run('data', '', async () => {});
  await log.skip('stop-traffic', 'no hook');
  expect(log.all).toMatchObject([
    { name: 'data', state: 'done' },
    { name: 'stop-traffic', state: 'skipped', attempt: 1 },
  ]);
  await log.skip('rollback-app', 'no hook');
  expect(log.all.at(-1)).not.toHaveProperty('attempt');
  await expect(fails()).rejects.toThrow();
  expect(log.all.at(-1)).toMatchObject({ name: 'stop-traffic', attempt: 2 });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { runHook } from '../../src/release/hook.ts';
import type { Run } from '../../src/release/run.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mr-hook-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const runOf = (limit: number, signal = new AbortController().signal) =>
  ({
    invocation: { settings: { hooks: { 'time-limit': limit, env: [] } }, baseDir: dir, target: { name: 'default' } },
    ...{ env: process.env, releaseId: 'r1', secrets: new Secrets(), signal },
    log: new Log(() => {}, new Secrets()),
  }) as unknown as Run;

/** Says its process id, hears nothing, and its shell waits for it. One that starts at once: the time limit runs by then. */
const deaf = async (name: string) => {
  await writeFile(join(dir, `${name}.sh`), `trap '' TERM; echo $$ > ${name}; while :; do sleep 1; done`);
  return `sh ${name}.sh; echo over`;
};
const pidOf = async (name: string) => Number(await readFile(join(dir, name), 'utf8').catch(() => 0));

test.each(['time limit', 'cancel'])('nothing of a hook is left running that did not end by itself: %s', async (why) => {
  const controller = new AbortController();
  const command = await deaf('pid');
  const running = runHook(runOf(why === 'cancel' ? 60_000 : 4000, controller.signal), 'stop-traffic', command);
  while (!(await pidOf('pid'))) await sleep(20);
  if (why === 'cancel') controller.abort();
  const end = await running;
  expect(end).toMatchObject({ state: 'failed' });
  const pid = await pidOf('pid');
  expect(() => process.kill(pid, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
});

test('what a hook that succeeds leaves in the background stays there, and nobody waits for it', async () => {
  const end = await runHook(runOf(60_000), 'deploy', 'sleep 30 & echo $! > daemon');
  expect(end).toMatchObject({ state: 'done' });
  expect(end.durationMs).toBeLessThan(10_000);
  const pid = await pidOf('daemon');
  expect(process.kill(pid, 'SIGKILL')).toBe(true);
});

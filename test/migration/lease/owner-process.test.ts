import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { hasEnded, type OwnerProcess, thisProcess } from '../../../src/migration/lease/owner-process.ts';

// Only Linux tells enough of a process.
const onLinux = test.runIf(process.platform === 'linux');

const stat = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8');
const named = (pid: number): OwnerProcess => {
  const started = stat(pid)
    .slice(stat(pid).lastIndexOf(')') + 2)
    .split(' ')[19];
  return { ...(thisProcess() as OwnerProcess), pid, started: String(started) };
};

onLinux('a process that runs has not ended, and neither has one that is frozen', async () => {
  expect(hasEnded(thisProcess() as OwnerProcess)).toBe(false);
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const { pid = 0 } = child;
  const owner = named(pid);
  child.kill('SIGSTOP');
  while (!/\) T /.test(stat(pid))) await sleep(5);
  expect(hasEnded(owner)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(hasEnded(owner)).toBe(true);
});

onLinux('a process that nobody has buried has ended', async () => {
  // Its parent becomes a program that knows nothing of it.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  const owner = named(Number(line));
  expect(hasEnded(owner)).toBe(false);
  process.kill(owner.pid, 'SIGKILL');
  while (!/\) Z /.test(stat(owner.pid))) await sleep(20);
  expect(hasEnded(owner)).toBe(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});

onLinux('one of its number that was started later is another one', () => {
  expect(hasEnded({ ...(thisProcess() as OwnerProcess), started: '1' })).toBe(true);
});

onLinux('of another machine, another start of this one, or another container nobody can tell', () => {
  const gone: OwnerProcess = { ...(thisProcess() as OwnerProcess), pid: 2 ** 22 + 1 };
  expect(hasEnded(gone)).toBe(true);
  expect(hasEnded({ ...gone, boot: '7a2f3c1e-0000-4000-8000-000000000000' })).toBe(false);
  expect(hasEnded({ ...gone, namespaces: 'pid:[1]' })).toBe(false);
});

onLinux('a process in another pid namespace cannot tell either', async () => {
  const entry = new URL('../../../src/migration/lease/owner-process.ts', import.meta.url).pathname;
  const ask = `import(${JSON.stringify(entry)}).then(({ hasEnded, thisProcess }) => {
    const owner = JSON.parse(process.argv[1]);
    console.log(JSON.stringify({ told: thisProcess() !== undefined, ended: hasEnded(owner) }));
  })`;
  const gone: OwnerProcess = { ...(thisProcess() as OwnerProcess), pid: 2 ** 22 + 1 };
  const mounted = ['--pid', '--fork', '--mount-proc'];
  for (const [flags, told] of [
    [mounted, true],
    // Its /proc is that of the machine: it shows others under its numbers.
    [['--pid', '--fork'], false],
  ] as const) {
    const args = ['--user', '--map-root-user', ...flags, process.execPath, '-e', ask, JSON.stringify(gone)];
    const child = spawn('unshare', args);
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const [code] = await once(child, 'close').catch(() => [1]);
    // Where this machine lets nobody make one there is nothing to see.
    if (code !== 0) continue;
    expect(JSON.parse(text)).toEqual({ told, ended: false });
  }
});

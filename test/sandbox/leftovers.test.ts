import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { removeFolder } from '../../src/sandbox/leftovers.ts';
import { isAlive, lab } from './lab.ts';

const { platform } = process;
const on = (value: string) => Object.defineProperty(process, 'platform', { value });
afterEach(() => void on(platform));

test.each([
  ['linux', false],
  ['darwin', false],
  ['win32', false],
  ['linux', true],
])('a process is ended only where it is seen to work in the folder: %s, %s', async (system, works) => {
  await using place = await lab();
  const folder = join(place.tmpdir, 'mongo-release-sandbox-x');
  await mkdir(folder);
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', works ? folder : 'elsewhere']);
  await once(stranger, 'spawn');
  try {
    await writeFile(join(folder, 'mongod.pid'), String(stranger.pid));
    on(system);
    await removeFolder(folder);
    expect(await readdir(place.tmpdir)).toEqual([]);
    expect(isAlive(stranger.pid!) && stranger.signalCode === null).toBe(!works);
  } finally {
    on(platform);
    stranger.kill('SIGKILL');
  }
});

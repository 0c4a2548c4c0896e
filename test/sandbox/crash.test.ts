import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive, lab, pidIn, realMongod, until } from './lab.ts';

const mongod = await realMongod();

/** Starts a sandbox in a process of its own, and ends that process in this way. */
async function endParent(how: 'SIGKILL' | 'SIGINT to the group' | 'exit'): Promise<void> {
  await using place = await lab();
  const program = `
    import { startSandbox } from ${JSON.stringify(import.meta.resolve('../../src/sandbox/start.ts'))};
    import { sandboxEnvironment } from ${JSON.stringify(import.meta.resolve('../../src/sandbox/environment.ts'))};
    import { Log } from ${JSON.stringify(import.meta.resolve('../../src/observe/log.ts'))};
    import { Secrets } from ${JSON.stringify(import.meta.resolve('../../src/observe/secrets.ts'))};
    const secrets = new Secrets();
    const environment = { ...sandboxEnvironment(process.env), tmpdir: ${JSON.stringify(place.tmpdir)} };
    const log = new Log(() => {}, secrets);
    const sandbox = await startSandbox({ environment, mongod: ${JSON.stringify(mongod)}, log, secrets });
    console.log(sandbox.uri);
    if (${how === 'exit'}) process.exit(0);
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const uri = await new Promise<string>((resolve, reject) => {
    parent.stdout.once('data', (text) => resolve(String(text).trim()));
    parent.once('exit', () => reject(new Error('the parent ended early')));
  });
  const [name] = await readdir(place.tmpdir);
  const pids =
    how === 'exit'
      ? []
      : await Promise.all(
          (['mongod.pid', 'supervisor.pid'] as const).map((file) => pidIn(join(place.tmpdir, name!), file)),
        );
  if (how === 'SIGKILL') parent.kill('SIGKILL');
  if (how === 'SIGINT to the group') process.kill(-parent.pid!, 'SIGINT');

  await until(async () => (await readdir(place.tmpdir)).length === 0);
  await until(async () => !pids.some(isAlive));
  const answered = await new Promise<boolean>((resolve) => {
    const socket = createConnection(Number(new URL(uri).port), '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  expect(answered).toBe(false);
}

test('kill -9 of the run ends the server and removes the folder', () => endParent('SIGKILL'));
test('Ctrl-C without a handler ends the server and removes the folder', () => endParent('SIGINT to the group'));
test('a run that ends without stopping it ends the server and removes the folder', () => endParent('exit'));

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongodArgs, realMongod } from '../sandbox/lab.ts';
import { ownPort } from '../setup/ports.ts';

/** A mongod that is no replica set; its drivers find it by themselves, however long it takes to start. */
export async function startStandalone(): Promise<AsyncDisposable & { readonly uri: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'standalone-'));
  const port = await ownPort();
  const server = spawn(await realMongod(), mongodArgs(folder, port), { stdio: 'ignore' });
  return {
    uri: `mongodb://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

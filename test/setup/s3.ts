import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ownPort } from './ports.ts';
import { tool } from './tools.ts';

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** What the SDK's chain of credentials finds them by. */
  readonly environment: Readonly<Record<'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY', string>>;
  /** Makes a bucket, and gives the folder in which its objects are files. */
  bucket(name: string): Promise<string>;
}

/** versitygw, which keeps objects as files of a folder of its own; gone when disposed. */
export async function startS3(): Promise<S3Server> {
  const program = await tool('versitygw');
  const root = await mkdtemp(join(tmpdir(), 's3-'));
  const [objects, state] = [join(root, 'objects'), join(root, 'state')];
  await mkdir(objects);
  await mkdir(state);
  const port = await ownPort();
  const environment = { AWS_ACCESS_KEY_ID: 'release', AWS_SECRET_ACCESS_KEY: 'not-a-secret' };
  const child: ChildProcess = spawn(
    program,
    ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--sidecar', state, objects],
    {
      env: {
        ROOT_ACCESS_KEY: environment.AWS_ACCESS_KEY_ID,
        ROOT_SECRET_KEY: environment.AWS_SECRET_ACCESS_KEY,
        PATH: process.env.PATH,
      },
      stdio: 'ignore',
    },
  );
  const gone = once(child, 'exit');
  try {
    for (let waits = 0; !(await answers(port)); waits++) {
      if (waits === 100 || child.exitCode !== null) throw new Error('versitygw does not answer');
      await pause(100);
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    environment,
    async bucket(name) {
      // A folder at the top is a bucket to it.
      await mkdir(join(objects, name));
      return join(objects, name);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

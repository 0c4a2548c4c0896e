import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program, programEnvironment } from '../setup/program.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document of `--json`; undefined where the process was ended before it wrote it. */
  // biome-ignore lint/suspicious/noExplicitAny: a proof looks into documents of every shape
  readonly json: any;
}

/** A real `mongo-release` in a process group of its own, so that it can be ended with its children, or without. */
export interface ReleaseProcess {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves once stderr holds the text, and with false when it ended without saying it. */
  said(text: string): Promise<boolean>;
  /** To the process and all its children. */
  signal(signal: NodeJS.Signals): void;
  /** Its children of now: those that run migrations. */
  children(): number[];
  /** Resolves when nothing of the group is left. */
  gone(): Promise<void>;
}

export interface Folder extends AsyncDisposable {
  readonly dir: string;
  start(words: string, env?: Readonly<Record<string, string>>): ReleaseProcess;
  run(words: string, env?: Readonly<Record<string, string>>): Promise<Ended>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
}

export async function makeFolder(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  { modules = false } = {},
): Promise<Folder> {
  const dir = await mkdtemp(join(tmpdir(), 'mr-proof-'));
  const write: Folder['write'] = async (files) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), text);
    }
  };
  await write({ 'package.json': '{ "name": "proof", "private": true }\n', ...files });
  if (modules) await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
  const start: Folder['start'] = (words, more = {}) => startRelease(words.split(' '), dir, { ...env, ...more });
  return {
    dir,
    start,
    run: (words, more) => start(words, more).ended,
    write,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

const running = new Set<number>();
// Nothing is left behind where a proof itself is ended.
process.once('exit', () => running.forEach((pid) => void signalled(-pid, 'SIGKILL')));

function startRelease(words: readonly string[], cwd: string, env: Readonly<Record<string, string>>): ReleaseProcess {
  const started = spawn(process.execPath, [program, ...words], {
    cwd,
    detached: true,
    env: { ...programEnvironment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = started.pid;
  if (pid === undefined) throw new Error('The process could not be started.');
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    started[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  const ended = once(started, 'close').then(([code, signal]): Ended => {
    const whole = /^\{.*\}\n$/s.test(text.stdout);
    return { ...text, code, signal, json: whole ? JSON.parse(text.stdout) : undefined };
  });
  const alive = () => signalled(-pid, 0);
  running.add(pid);
  void ended.then(() => running.delete(pid));
  return {
    pid,
    ended,
    said: (words) =>
      new Promise((heard) => {
        const look = () => text.stderr.includes(words) && heard(true);
        started.stderr.on('data', look);
        look();
        // Also where it has ended before anybody asked.
        void ended.then(() => heard(text.stderr.includes(words)));
      }),
    signal: (signal) => void signalled(-pid, signal),
    children: () => childrenOf(pid),
    async gone() {
      await ended;
      for (const until = Date.now() + 30_000; alive(); await sleep(10)) {
        if (Date.now() > until) throw new Error(`Processes of group ${pid} do not end.`);
      }
    },
  };
}

/** Whether there was anybody to hear it: a process, or by a negative number a group of them. */
export function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** From Linux's /proc; elsewhere the proofs that need it do not run. A process that has just ended has none. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

import { type ChildProcess, spawn } from 'node:child_process';

/**
 * The supervising process of a sandbox. It outlives us by the time that cleaning up takes: its standard input is a pipe
 * from us, and when that ends (we asked, exited, crashed or were killed with SIGKILL) it kills the server and removes
 * the folder. The kernel closes the pipe whatever happens to us, so nothing depends on our handlers running.
 *
 * It is plain JavaScript in a string because it has to run the same from sources and from a bundle in one file.
 */
const script = String.raw`
'use strict';
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const spec = JSON.parse(process.argv[1]);
const note = (name, pid) => spec.directory && fs.writeFileSync(path.join(spec.directory, name), String(pid));
const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');
let child, ended = false, ending = false;
process.stdout.on('error', () => {});
function clean() {
  if (spec.cleanup) spawnSync(spec.cleanup.command, spec.cleanup.args, { stdio: 'ignore', timeout: 60000 });
  if (spec.directory && path.basename(spec.directory).startsWith(spec.prefix))
    fs.rmSync(spec.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  process.exit(0);
}
function end() {
  if (ending) return;
  ending = true;
  if (!child || ended) return clean();
  child.once('exit', clean);
  // Nothing in a sandbox is worth a clean shutdown.
  child.kill('SIGKILL');
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
process.stdin.on('end', end).on('close', end).on('error', end).resume();
note('supervisor.pid', process.pid);
child = spawn(spec.command, spec.args, { stdio: ['ignore', 'pipe', 'pipe'] });
let output = '';
for (const stream of [child.stdout, child.stderr])
  stream.setEncoding('utf8').on('data', (text) => { output = (output + text).slice(-4096); }).on('error', () => {});
child.on('error', (error) => { ended = true; say({ event: 'ended', code: null, reason: error.code, output }); });
child.on('spawn', () => { note('mongod.pid', child.pid); say({ event: 'spawned', pid: child.pid }); });
child.on('exit', (code, signal) => {
  ended = true;
  setTimeout(() => say({ event: 'ended', code, reason: signal, output }), 10);
});
`;

/** Names of all folders of sandboxes begin with this; nothing else is ever removed. */
export const folderPrefix = 'mongo-release-sandbox-';

export interface SupervisorSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** Folder to remove at the end. Its name begins with `folderPrefix`. */
  readonly directory?: string;
  /** Command to run at the end, before the folder is removed. */
  readonly cleanup?: { readonly command: string; readonly args: readonly string[] };
}

export interface Ended {
  /** Null when a signal ended it, or when it could not be started. */
  readonly code: number | null;
  /** The signal, or the system's error word. */
  readonly reason?: string;
  /** Last 4 KB of what it wrote. */
  readonly output: string;
}

/** A command that runs under a supervising process. */
export interface Supervised {
  /** Resolves when the command ends by itself; not when `stop` ends it. */
  readonly ended: Promise<Ended>;
  /** Whether the command has ended by itself. */
  hasEnded(): boolean;
  /** Process id of the supervising process. */
  readonly pid: number | undefined;
  /** Ends the command and cleans up. Resolves when the supervising process is gone; only after `cleaned` has it done its work. */
  stop(): Promise<'cleaned' | 'gone-before' | 'stuck'>;
}

/** Longest time that killing a server and removing its files may take, in milliseconds. */
const cleaningLimitMs = 90_000;

export function supervise(spec: SupervisorSpec, variables: Readonly<Record<string, string>>): Supervised {
  const argument = JSON.stringify({ ...spec, prefix: folderPrefix });
  const child = spawn(process.execPath, ['--input-type=commonjs', '-e', script, argument], {
    // A session of its own: Ctrl-C in a terminal goes to us, and we decide when the server ends.
    detached: true,
    env: variables,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // A forgotten sandbox must not keep a program alive; the pipe cleans up after it.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref?(): void }).unref?.();
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });

  let over = false;
  let stopping: Promise<'cleaned' | 'gone-before' | 'stuck'> | undefined;
  const ended = new Promise<Ended>((resolve) => {
    let text = '';
    const finish = (end: Ended) => {
      over = true;
      resolve(end);
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const event = JSON.parse(line) as { event: string } & Ended;
        if (event.event === 'ended' && stopping === undefined) finish(event);
      }
    });
    child.once('error', (error: NodeJS.ErrnoException) => finish({ code: null, reason: error.code, output: '' }));
    child.once('exit', () => {
      if (stopping === undefined) finish({ code: null, reason: 'the supervising process ended', output: '' });
    });
  });

  return {
    ended,
    hasEnded: () => over,
    pid: child.pid,
    stop() {
      stopping ??= end(child, gone);
      return stopping;
    },
  };
}

async function end(child: ChildProcess, gone: Promise<void>): Promise<'cleaned' | 'gone-before' | 'stuck'> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return 'gone-before';
  child.ref();
  child.stdin?.end();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'stuck'>((resolve) => {
    timer = setTimeout(() => resolve('stuck'), cleaningLimitMs);
  });
  // It exits with 0 once all is cleaned, and with nothing else.
  const how = await Promise.race([gone.then(() => (child.exitCode === 0 ? 'cleaned' : 'gone-before')), late]);
  clearTimeout(timer);
  return how;
}

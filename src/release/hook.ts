import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReleaseError } from '../observe/error.ts';
import { childEnvironment } from './child-environment.ts';
import { type Run, stopIfCancelled, targetOf } from './run.ts';

/** After SIGTERM a hook has this long, in milliseconds, before it is killed. */
const gracePeriod = 5000;
/** What was killed is gone within this time, unless the kernel holds it; then nothing more can be done. */
const killedPeriod = 2000;

export type HookEnd =
  | { readonly state: 'done'; readonly durationMs: number }
  | { readonly state: 'failed'; readonly durationMs: number; readonly why: string };

/**
 * Runs a command of the project in a shell, with the allow-listed environment and what names this release. Its output
 * goes to the log, scrubbed. Ends after the time limit of `hooks.time-limit`, and when the run is cancelled: then nothing
 * of it is left running. `hasStarted` gets the leader of its group of processes.
 *
 * Throws `HOOK_FAILED` only where no shell can be started; that the command failed is an end, not an exception.
 */
export async function runHook(
  run: Run,
  name: string,
  command: string,
  hasStarted: (pid: number) => void = () => {},
): Promise<HookEnd> {
  const log = run.log.with({ hook: name });
  const limit = run.invocation.settings.hooks['time-limit'];
  const started = performance.now();
  const child = spawn(command, {
    shell: true,
    cwd: run.invocation.baseDir,
    // A group of its own, so that a limit ends the whole command and not only its shell.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...childEnvironment(run.env),
      ...(run.env.CI !== undefined && { CI: run.env.CI }),
      ...projectVariables(run),
      MONGO_RELEASE_ID: run.releaseId,
      MONGO_RELEASE_TARGET: targetOf(run).name,
      // What runs in it and changes the target is a run of its own, and not this one.
      MONGO_RELEASE_HOOK: name,
    },
  });
  let ended: string | undefined;
  let gone: Promise<void> | undefined;
  const end = (why: string) => {
    ended ??= why;
    gone ??= endGroup(child.pid);
  };
  const timer = setTimeout(() => end(`it ran longer than ${limit / 1000} s`), limit);
  const cancel = () => end('the run was cancelled');
  run.signal.addEventListener('abort', cancel, { once: true });
  try {
    log.info(`Hook ${name} starts.`);
    if (child.pid !== undefined) hasStarted(child.pid);
    const lines = Promise.all([
      forward(child.stdout, (line) => log.info(line)),
      forward(child.stderr, (line) => log.warn(line)),
    ]);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    clearTimeout(timer);
    // The shell goes first, and what it started may not listen: that would go on beside the step that comes next.
    await gone;
    // A hook may leave a daemon behind that holds its output open: what it printed until now is enough.
    await Promise.race([lines, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
    const durationMs = Math.round(performance.now() - started);
    if (ended !== undefined) return { state: 'failed', durationMs, why: ended };
    return code === 0
      ? { state: 'done', durationMs }
      : { state: 'failed', durationMs, why: `exit code ${code ?? 'unknown'}` };
  } catch (error) {
    throw new ReleaseError('HOOK_FAILED', `The hook ${name} cannot be started.`, {
      hint: `Check hooks.${name} in the configuration file.`,
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    run.signal.removeEventListener('abort', cancel);
  }
}

/** Variables whose value is kept out of the log, should a hook print it. An address or a stage's name is none of them. */
const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_KEY$|_URI$/i;

/** What the configuration lets hooks have beside the allow-list, such as a deploy token. */
function projectVariables(run: Run): Record<string, string> {
  const given: Record<string, string> = {};
  for (const name of run.invocation.settings.hooks.env) {
    const value = run.env[name];
    if (value === undefined) continue;
    if (secretName.test(name)) run.secrets.add(value);
    given[name] = value;
  }
  return given;
}

async function forward(stream: Readable, write: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) write(line);
}

/** Asks a group of processes to end, and makes it end. */
async function endGroup(pid: number | undefined): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM') || (await isGone(pid, gracePeriod))) return;
  signalGroup(pid, 'SIGKILL');
  await isGone(pid, killedPeriod);
}

async function isGone(pid: number | undefined, withinMs: number): Promise<boolean> {
  for (const until = performance.now() + withinMs; performance.now() < until; ) {
    await sleep(50);
    if (!signalGroup(pid, 0)) return true;
  }
  return false;
}

/** Whether there is somebody to hear it: 0 only asks that. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    return false;
  }
}

/** Runs a hook that has to succeed. Throws `HOOK_FAILED` when it does not, and `CANCELLED` when the run was cancelled. */
export async function needHook(run: Run, name: string, command: string): Promise<void> {
  const end = await runHook(run, name, command);
  if (end.state === 'done') return;
  stopIfCancelled(run);
  throw new ReleaseError('HOOK_FAILED', `The hook ${name} failed: ${end.why}.`, {
    hint: `Correct hooks.${name} in the configuration file.`,
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalLevel } from '../config/schema.ts';
import { openSandboxJournal, sandboxFence } from '../migration/journal/prepare.ts';
import { type MigrationEnd, type MigrationJob, runMigration } from '../migration/runner.ts';
import type { Phase } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { hostsOf } from '../mongo/hosts.ts';
import { sandboxEnvironment } from '../sandbox/environment.ts';
import type { Sandbox, SandboxOptions, SandboxTarget } from '../sandbox/sandbox.ts';
import { startSandbox } from '../sandbox/start.ts';
import type { ProbeResult } from '../verify/probe.ts';
import { unknownInSample } from '../verify/probes/mongo.ts';
import { runProbes } from '../verify/run.ts';
import { childOptions } from './child-options.ts';
import { namesOf, type Run, stopIfCancelled } from './run.ts';

/** How long work in a sandbox may take to end once that is gone, in milliseconds. */
const graceMs = 5000;

/**
 * Starts a sandbox for this run, of that server version where it can be had. `targets`: what it may be no member of, beside
 * every database that this run knows the address of. Throws as `startSandbox` does.
 */
export function sandboxFor(run: Run, serverVersion: string, targets: readonly SandboxTarget[] = []): Promise<Sandbox> {
  return startSandbox({ ...sandboxOptions(run), serverVersion, targets: [...targets, ...knownTargets(run)] });
}

/** Where a sandbox of this run comes from. */
export function sandboxOptions({ invocation: { flags, settings }, env, log, secrets, signal }: Run): SandboxOptions {
  return {
    environment: sandboxEnvironment(env),
    sandboxUri: flags['sandbox-uri'],
    mongod: flags.mongod ?? settings.rehearsal.mongod,
    ...{ log, secrets, signal },
  };
}

/**
 * Works in a sandbox. Once that is lost, `run` there is cancelled, and this throws why: what failed in it then says nothing
 * about what ran there.
 */
export async function whileThere<T>(run: Run, { lost }: Sandbox, work: (run: Run) => Promise<T>): Promise<T> {
  const working = work({ ...run, signal: AbortSignal.any([run.signal, lost]) });
  const gone = Promise.withResolvers<never>();
  const onLost = async () => {
    // What waits for the server's answer does so for longer than anybody wants to.
    await Promise.race([working, sleep(graceMs, undefined, { ref: false })]).catch(() => {});
    gone.reject(lost.reason);
  };
  lost.addEventListener('abort', onLost, { once: true });
  try {
    const ended = await Promise.race([working, gone.promise]);
    lost.throwIfAborted();
    return ended;
  } catch (error) {
    lost.throwIfAborted();
    throw error;
  } finally {
    lost.removeEventListener('abort', onLost);
  }
}

/** Runs one migration in a sandbox, as it is run on the target: in a process that knows this database and no other. */
export function runInSandbox(
  run: Run,
  { uri }: Pick<Sandbox, 'uri'>,
  job: Pick<MigrationJob, 'file' | 'direction' | 'database' | 'journal'>,
): Promise<MigrationEnd> {
  const log = run.log.with({ migration: job.file.name, rehearsal: true });
  const options = childOptions(run);
  // There is nobody whom a busy server would keep waiting, and what is waited for there says nothing of the target.
  const throttle = { ...options.throttle, serverLoad: false };
  return runMigration({ ...job, uri, rehearsal: true }, { ...options, throttle, log, signal: run.signal });
}

/** Every database that this run knows the address of, whether or not the run is about it: a sandbox may be none of them. */
function knownTargets({ invocation, env }: Run): SandboxTarget[] {
  const variables = Object.values(invocation.settings.targets).flatMap((target) => [
    target['uri-env'],
    target['read-uri-env'],
  ]);
  const addresses = [...variables, 'MONGODB_URI', 'MONGODB_READ_URI'].map((name) => name && env[name]);
  return [...addresses, invocation.target?.uri, invocation.target?.readUri]
    .filter((address) => address !== undefined)
    .map((address) => ({ hosts: hostsOf(address) }));
}

/**
 * The sandbox gets the journal that the target will get: a rehearsal shows what that costs, and what it refuses. `images`:
 * whether it keeps them, where not as on the target.
 */
export async function journalFor(
  run: Run,
  { db, topology }: Connection,
  migration: string,
  number: number,
  images = run.invocation.settings.migrations.journal === 'images',
) {
  if (topology.kind === 'standalone') return undefined;
  const attempt = { migration, number };
  await openSandboxJournal(db, namesOf(run), attempt);
  return { attempt, fence: sandboxFence, images, resumes: false };
}

/**
 * Probes that look into the database: there is no application to ask. Those without a phase, and of this one. What a sample
 * cannot tell of them is `unknown` after no attempt, and comes last.
 */
export async function probeSandbox(
  run: Run,
  { db }: Connection,
  phase?: Phase,
  level: RehearsalLevel = 'full',
): Promise<ProbeResult[]> {
  const unasked: ProbeResult[] = [];
  const asked = run.invocation.settings.probes.filter((probe) => {
    if (!('mongo' in probe) || (probe.phase !== undefined && probe.phase !== phase)) return false;
    const unknown = level === 'sample' ? unknownInSample(probe) : undefined;
    if (unknown !== undefined) unasked.push(unknown);
    return unknown === undefined;
  });
  const { log, signal } = run;
  // Nobody else writes there: a second look sees the same.
  const once = asked.map((probe) => ({ ...probe, retries: 0 }));
  const results = await runProbes(once, { db, log, signal, resolveEnv: (name) => run.env[name] });
  stopIfCancelled(run);
  return [...results, ...unasked];
}

/** Those that were asked: what was not can neither stop nor pass anything. */
export function askedOf(probes: readonly ProbeResult[]): ProbeResult[] {
  return probes.filter(({ attempts }) => attempts > 0);
}

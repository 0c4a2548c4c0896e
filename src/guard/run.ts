import { setTimeout as sleep } from 'node:timers/promises';
import { describeServerError, serverCode, serverCodes } from '../mongo/server-error.ts';
import type { Finding } from '../observe/finding.ts';
import type { Guard, GuardContext, GuardResult, Observation, Unseen } from './guard.ts';
import { backupEncryption } from './guards/backup-encryption.ts';
import { database } from './guards/database.ts';
import { environment } from './guards/environment.ts';
import { indexBuilds } from './guards/index-builds.ts';
import { oplogWindow } from './guards/oplog-window.ts';
import { privileges } from './guards/privileges.ts';
import { productionStore } from './guards/production-store.ts';
import { replicaLag } from './guards/replica-lag.ts';
import { topology } from './guards/topology.ts';

export const guards: readonly Guard[] = [
  productionStore,
  backupEncryption,
  environment,
  topology,
  database,
  privileges,
  replicaLag,
  oplogWindow,
  indexBuilds,
];

/** Guards ask small questions; a server that needs longer than this for one of them is in no state to be released to. */
const timeLimitMs = 5000;

/**
 * Runs the guards that apply here, at the same time, and returns their results in the order of `all`. Never throws for
 * what the server does: a guard that could not look is `unknown` and has a finding that says why and what would let it,
 * of severity `error` where the production target is going to be changed, or any where it must see, and `warning` elsewhere.
 *
 * A release may start when none of the findings has severity `error`. May be run again at any time: guards only read.
 */
export async function runGuards(
  context: GuardContext,
  all: readonly Guard[] = guards,
  limitMs = timeLimitMs,
): Promise<GuardResult[]> {
  return Promise.all(
    all.filter((guard) => guard.applies?.(context) ?? true).map((guard) => runGuard(guard, context, limitMs)),
  );
}

async function runGuard(guard: Guard, context: GuardContext, limitMs: number): Promise<GuardResult> {
  const started = performance.now();
  const seen = await observe(guard, context, limitMs);
  const durationMs = Math.round(performance.now() - started);
  if ('unknown' in seen) {
    const finding = unknownFinding(guard, seen, context);
    return { id: guard.id, state: 'unknown', seen: seen.unknown, findings: [finding], durationMs };
  }
  const blocked = seen.findings.some((finding) => finding.severity === 'error');
  return { id: guard.id, state: blocked ? 'blocked' : 'passed', ...seen, durationMs };
}

async function observe(guard: Guard, context: GuardContext, limitMs: number): Promise<Observation | Unseen> {
  const timer = new AbortController();
  const late = sleep(limitMs, undefined, { signal: timer.signal }).then((): Unseen => {
    return { unknown: `no answer within ${limitMs / 1000} s`, next: 'Look at the load of the server, and run again.' };
  });
  late.catch(() => {});
  try {
    return await Promise.race([guard.check(context), late]);
  } catch (error) {
    return unseen(error);
  } finally {
    timer.abort();
  }
}

function unseen(error: unknown): Unseen {
  if (serverCode(error) === serverCodes.Unauthorized)
    return {
      unknown: 'the user is not allowed to look',
      next: 'Grant the user the role clusterMonitor on the database admin.',
    };
  return { unknown: describeServerError(error), next: 'Settle what the server says, and run again.' };
}

function unknownFinding({ id, mustSee }: Guard, { unknown, next }: Unseen, given: GuardContext): Finding {
  const blocks = given.apply && (mustSee || given.environment === 'production');
  return {
    rule: id,
    severity: blocks ? 'error' : 'warning',
    place: { name: id },
    message: `The guard ${id} could not look: ${unknown}.`,
    next,
  };
}

import { guardFailure } from '../guard/failure.ts';
import type { Guard, GuardContext, GuardResult } from '../guard/guard.ts';
import { runGuards } from '../guard/run.ts';
import type { Connection } from '../mongo/connect.ts';
import { engineOf } from './backup/engine.ts';
import { keysForOthers } from './backup/keys.ts';
import { namesOf, type Run, targetOf } from './run.ts';

/** What the guards see. `apply`: whether the target is going to be changed. */
export function lookGuards(
  run: Run,
  connection: Connection,
  apply: boolean,
  which?: readonly Guard[],
): Promise<GuardResult[]> {
  const { command, settings, store } = run.invocation;
  const context: GuardContext = {
    connection,
    own: namesOf(run),
    environment: targetOf(run).environment,
    command,
    apply,
    settings: settings.guards,
    store: store === undefined ? undefined : store.startsWith('s3://') ? 's3' : 'folder',
    encryption: encryptionOf(run),
    hosted: run.origin.hosted,
  };
  return runGuards(context, which);
}

function encryptionOf(run: Run): GuardContext['encryption'] {
  const { store, settings } = run.invocation;
  if (engineOf(run) === 'atlas') return 'Atlas';
  if (keysForOthers(run).recipients.length > 0) return 'age';
  const byBucket = store?.startsWith('s3://') && settings.backup.s3['server-side-encryption'] === 'aws:kms';
  return byBucket ? 'a key of the bucket' : undefined;
}

/**
 * Throws `BLOCKED_BY_GUARD` where a guard says that nothing may start now; what else they say goes to the log. `which`:
 * default all. `apply`: whether the target is going to be changed.
 */
export async function refuseUnguarded(
  run: Run,
  connection: Connection,
  which?: readonly Guard[],
  apply = true,
): Promise<void> {
  const results = await lookGuards(run, connection, apply, which);
  const error = guardFailure(results);
  if (error !== undefined) throw error;
  for (const { message, rule } of results.flatMap((result) => result.findings)) run.log.warn(message, { guard: rule });
}

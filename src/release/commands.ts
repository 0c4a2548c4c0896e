import type { CommandName } from '../config/commands.ts';
import { asReleaseOrServerError } from '../mongo/server-error.ts';
import { audit } from './audit.ts';
import { backup } from './backup.ts';
import { baseline } from './baseline.ts';
import { create } from './create.ts';
import { down } from './down.ts';
import { drill } from './drill/drill.ts';
import { init } from './init.ts';
import { inspect } from './inspect.ts';
import { migrate } from './migrate.ts';
import { outcomeOfError } from './outcome.ts';
import { plan } from './plan.ts';
import { leftOut } from './quarantine.ts';
import { isOnRecord } from './record/records.ts';
import { release } from './release.ts';
import { restore } from './restore.ts';
import type { Ended } from './result.ts';
import { rollback } from './rollback/rollback.ts';
import { namesOf, type Run } from './run.ts';
import { status } from './status.ts';
import { typed, typedHint } from './typed.ts';
import { unlock } from './unlock.ts';
import { verify } from './verify.ts';

const useCases: { readonly [C in CommandName]: (run: Run) => Promise<Ended<C> | Ended<'migrate' | 'up'>> } = {
  status,
  plan,
  migrate,
  verify,
  backup,
  inspect,
  restore,
  release,
  rollback,
  drill,
  audit,
  up: migrate,
  down,
  init,
  create,
  baseline,
  unlock,
};

/** Runs the command of an invocation. Comes back with how it ended, also when it failed; throws nothing. */
export async function runCommand(run: Run): Promise<Ended> {
  const { command, target } = run.invocation;
  const started = performance.now();
  const ended = await useCases[command](run).catch((thrown: unknown): Ended => {
    const error = asReleaseOrServerError(thrown, `running ${command}`);
    const about = target && { name: target.name, environment: target.environment, database: target.database };
    return { command, outcome: outcomeOfError(error, false), error, target: about, releaseId: run.releaseId };
  });
  const warnings = [...(ended.warnings ?? []), ...leftOut(ended, namesOf(run).quarantine)].map((one) =>
    typed(run, one),
  );
  const recorded = ended.releaseId !== undefined && isOnRecord(ended.releaseId);
  const error = ended.error && typedHint(run, ended.error);
  return { ...ended, warnings, error, recorded, durationMs: Math.round(performance.now() - started) };
}

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describeMigrations } from '../migration/describe.ts';
import { writePlanFile } from '../migration/plan/file.ts';
import { makePlan } from '../migration/plan/plan.ts';
import { scanFiles } from '../migration/source-scan/scan.ts';
import { ReleaseError } from '../observe/error.ts';
import { renderSarif } from '../report/sarif.ts';
import { childOptions } from './child-options.ts';
import { lookGuards } from './guards.ts';
import { listFiles } from './migrate-mongo.ts';
import { failedBefore } from './rehearsal/rely.ts';
import type { Ended, PlanResult } from './result.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { findingsError } from './situation/checked-situation.ts';
import { placedIn, sourceRoot } from './situation/place.ts';
import { readSituation, scopeOf } from './situation/situation.ts';

/** `plan`: what would be applied, its digest, and everything that speaks against it. With `--offline` the files alone. */
export async function plan(run: Run): Promise<Ended<'plan'>> {
  if (run.invocation.flags.offline) return offline(run);
  await using connection = await openTarget(run, 'read');
  const situation = await readSituation(run, connection);
  const { plan: made } = situation;
  const guards = await lookGuards(run, connection, false);
  const failed = await failedBefore(run, connection, situation);
  const findings = [...made.findings, ...failed, ...guards.flatMap((guard) => guard.findings)];
  const { out } = run.invocation.flags;
  if (out !== undefined) await writePlanFile(resolve(out), made, new Date());
  const result = { digest: made.digest, pending: made.pending, findings };
  return { ...(await ended(run, result)), target: aboutTarget(run, connection) };
}

/** Every file is looked at as if nothing were applied; what is pending is unknown, and so is the digest of a real plan. */
async function offline(run: Run): Promise<Ended<'plan'>> {
  const files = await listFiles(run);
  const facts = await describeMigrations(files, childOptions(run));
  const how = { server: 'unknown', journal: run.invocation.settings.migrations.journal } as const;
  const about = { files, facts, records: [], sources: await scanFiles(files), how };
  const made = makePlan({ ...about, scope: scopeOf(run), database: '', target: '' });
  const findings = made.findings.map((finding) => placedIn(sourceRoot(run), finding));
  return ended(run, { digest: 'unknown', pending: 'unknown', findings });
}

async function ended(run: Run, result: PlanResult): Promise<Ended<'plan'>> {
  const { sarif } = run.invocation.flags;
  if (sarif !== undefined) await writeSarif(resolve(sarif), renderSarif(result.findings, run));
  const error = findingsError(result.findings);
  if (error !== undefined) return { command: 'plan', outcome: 'blocked', result, error };
  return { command: 'plan', outcome: 'nothing-to-do', result };
}

async function writeSarif(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new ReleaseError('USAGE', `The findings cannot be written to ${path}.`, {
      hint: 'Name a file in a folder that exists and may be written to with --sarif FILE.',
      cause,
    });
  });
}

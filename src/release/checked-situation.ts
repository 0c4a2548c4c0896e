import { assertUnmoved, readPlanFile } from '../migration/plan/file.ts';
import type { MigrationPlan } from '../migration/plan/plan.ts';
import type { PlanScope } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Finding } from '../observe/finding.ts';
import { refuseHalfRestored } from './rollback/open.ts';
import type { Run } from './run.ts';
import { readSituation, type Situation, scopeOf } from './situation.ts';

/**
 * The situation, found fit to go on with: it is the plan that `--plan` or `--digest` names, and no finding stops it.
 *
 * Throws `USAGE` for a digest that is too short, `RESTORE_INCOMPLETE`, `PLAN_MOVED`, `FINDINGS`.
 */
export async function checkedSituation(run: Run, connection: Connection): Promise<Situation> {
  const { plan: file, digest } = run.invocation.flags;
  const saved = file === undefined ? undefined : await readPlanFile(file);
  if (digest !== undefined) assertLongEnough(digest);
  // A plan is of one scope: applying it does not need the flags again that it was made with.
  const scope = Object.values(scopeOf(run)).some((part) => part !== undefined) ? scopeOf(run) : saved?.scope;
  return fitSituation(run, connection, scope, (plan) => {
    if (saved !== undefined) assertUnmoved(saved, plan);
    if (digest !== undefined) assertUnmoved({ digest: fullDigest(digest, plan.digest) }, plan);
  });
}

/** The same where nobody names a plan; `check` comes before the findings. Throws `RESTORE_INCOMPLETE`, `FINDINGS`. */
export async function fitSituation(
  run: Run,
  connection: Connection,
  scope: PlanScope | undefined,
  check?: (plan: MigrationPlan) => void,
): Promise<Situation> {
  await refuseHalfRestored(run, connection);
  const situation = await readSituation(run, connection, scope);
  check?.(situation.plan);
  const error = findingsError(situation.plan.findings);
  if (error !== undefined) throw error;
  for (const finding of situation.plan.findings)
    if (finding.severity === 'warning') run.log.warn(finding.message, { rule: finding.rule });
  return situation;
}

/** As with a commit, the beginning of a digest is enough when it is too long to fit by accident. */
const shortestDigest = 12;

function assertLongEnough(digest: string): void {
  if (digest.length >= shortestDigest) return;
  throw new ReleaseError('USAGE', `--digest ${digest} is too short to name a plan.`, {
    hint: `Type ${shortestDigest} characters of the digest or more: mongo-release plan shows it.`,
  });
}

function fullDigest(asked: string, actual: string): string {
  return actual.startsWith(asked.toLowerCase()) ? actual : asked;
}

/** The error of findings of severity error; undefined when there are none. */
export function findingsError(findings: readonly Finding[]): ReleaseError | undefined {
  const errors = findings.filter((finding) => finding.severity === 'error');
  const [first] = errors;
  if (first === undefined) return undefined;
  const lines = errors.map((finding) => `  ${finding.message} [${finding.rule}]`);
  return new ReleaseError(
    'FINDINGS',
    errors.length === 1
      ? `${first.message} [${first.rule}]`
      : `${errors.length} findings stop this:\n${lines.join('\n')}`,
    { hint: first.next },
  );
}

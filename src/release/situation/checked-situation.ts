import { type AgreedPlan, assertRest, assertUnmoved } from '../../migration/plan/agreed.ts';
import { readPlanFile } from '../../migration/plan/file.ts';
import type { PlanScope } from '../../migration/types.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Finding } from '../../observe/finding.ts';
import { refuseHalfRestored } from '../rollback/open.ts';
import type { Run } from '../run.ts';
import { tellingTakenBack } from '../taken-back.ts';
import { readSituation, type Situation, scopeOf } from './situation.ts';

/**
 * The situation, found fit to go on with: it is the plan that `--plan` or `--digest` names, and no finding stops it.
 *
 * Of the plan that a digest names `--phase before-deploy` applies that half. `joined` is the plan of a release that this run
 * goes on with: then it is what is left of that. So it is, `begun`, where the digest is that of another release, which was
 * stopped: a job that is run again names what was agreed to, and has another id.
 *
 * Throws `USAGE` for a digest that is too short, `RESTORE_INCOMPLETE`, `PLAN_MOVED`, `FINDINGS`.
 */
export async function checkedSituation(
  run: Run,
  connection: Connection,
  joined?: AgreedPlan,
  begun?: AgreedPlan,
): Promise<Situation> {
  const { plan: file, digest, phase, to, name } = run.invocation.flags;
  const saved = file === undefined ? undefined : await readPlanFile(file);
  if (digest !== undefined) assertLongEnough(digest);
  // A plan is of one scope: applying it does not need the flags again that it was made with.
  const scope = Object.values(scopeOf(run)).some((part) => part !== undefined) ? scopeOf(run) : saved?.scope;
  const inHalves =
    run.invocation.command !== 'release' && phase === 'before-deploy' && to === undefined && name === undefined;
  const fit = fitSituation(run, connection, scope, (situation) => {
    const { plan, wholePlan } = situation;
    const whole = { ...situation, plan: wholePlan };
    const restOf = (agreed: AgreedPlan) => {
      const left = inHalves && agreed.pending.some((one) => one.phase === 'after-deploy') ? whole : situation;
      // What its findings say is the news, where there are some.
      if (findingsError(left.plan.findings) === undefined) assertRest(agreed, left.plan);
      return left;
    };
    if (joined !== undefined) {
      const left = restOf(joined);
      if (saved !== undefined) assertRest(saved, left.plan);
      return left;
    }
    if (saved !== undefined) assertUnmoved(saved, plan);
    if (digest === undefined) return situation;
    if (inHalves && names(digest, wholePlan.digest)) return whole;
    if (begun !== undefined && !names(digest, plan.digest)) return restOf(begun);
    assertUnmoved({ digest: names(digest, plan.digest) ? plan.digest : digest }, plan);
    return situation;
  });
  return fit.catch(async (thrown: unknown) => {
    if (!(thrown instanceof ReleaseError)) throw thrown;
    // Whoever only reads may not be allowed to look at what is on record.
    throw await tellingTakenBack(run, connection, thrown).catch(() => thrown);
  });
}

/** The same where nobody names a plan; `choose` comes before the findings. Throws `RESTORE_INCOMPLETE`, `FINDINGS`. */
export async function fitSituation(
  run: Run,
  connection: Connection,
  scope: PlanScope | undefined,
  choose: (situation: Situation) => Situation = (read) => read,
): Promise<Situation> {
  await refuseHalfRestored(run, connection);
  const situation = choose(await readSituation(run, connection, scope));
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

/** Whether this is that digest, or its beginning. */
export function names(asked: string, digest: string | undefined): boolean {
  return digest?.startsWith(asked.toLowerCase()) === true;
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

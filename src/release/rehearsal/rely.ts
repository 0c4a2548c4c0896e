import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { type Run, targetOf } from '../run.ts';
import type { Situation } from '../situation.ts';
import { takenUp } from '../taken-up.ts';
import { type FoundProof, findProof } from './proof.ts';
import type { RehearsalResult, ReliedOn, Waiver } from './result.ts';

/** Characters: as many as a reason has that says something to whoever reads the record. */
const shortestReason = 10;

/** What `--waive-rehearsal` says. Throws `USAGE` for a reason that is none. */
export function waiverOf({ invocation, origin }: Run): Waiver | undefined {
  const reason = invocation.flags['waive-rehearsal'];
  if (reason === undefined) return undefined;
  if (reason.length >= shortestReason) return { what: 'rehearsal', reason, actor: origin.actor };
  throw new ReleaseError('USAGE', '--waive-rehearsal needs a reason that the record can keep.', {
    hint: `Say in ${shortestReason} characters or more why production is changed without a rehearsal.`,
  });
}

/**
 * What an apply relies on: the full rehearsal of this run, else a proof in the store that still holds, else in production a
 * waiver. Nothing is wanted for what an earlier run has begun: only the target can end that.
 *
 * Throws `PROOF_MISSING` and `PROOF_STALE` where production has none of them, `USAGE` as `waiverOf`.
 */
export async function reliedOn(
  run: Run,
  connection: Connection,
  situation: Situation,
  rehearsal?: RehearsalResult,
): Promise<ReliedOn> {
  const waiver = waiverOf(run);
  if (rehearsal?.level === 'full') return { proof: rehearsal.proof };
  if (situation.plan.pending.length === 0 || takenUp(situation).length > 0) return {};
  const production = targetOf(run).environment === 'production';
  const found = await look(run, connection, situation, production && waiver === undefined);
  if (found.state === 'valid') {
    run.log.info(`Rehearsed before: proof ${found.proof.id}, which passed at ${found.proof.at}.`);
    const { sandboxVersion } = found.proof;
    if (sandboxVersion !== undefined) {
      const { serverVersion } = connection.topology;
      run.log.warn(`It passed in a sandbox of MongoDB ${sandboxVersion}, and the target runs ${serverVersion}.`);
    }
    return { proof: found.proof };
  }
  if (!production) return {};
  if (waiver !== undefined) {
    run.log.warn(`Nothing proves that this plan works on the data of this target: ${waiver.reason}`);
    return { waiver };
  }
  throw refused(run, found, rehearsal !== undefined);
}

/**
 * For migrations whose plan is not known before they begin, so that no proof can be of it: in production they are rehearsed
 * in full then, or waived. Throws `PROOF_MISSING`, `USAGE` as `waiverOf`.
 */
export function refuseUnproven(run: Run): void {
  const { flags, settings } = run.invocation;
  const waived = waiverOf(run) !== undefined;
  const level = flags.rehearsal ?? settings.rehearsal.level;
  if (waived || level === 'full' || targetOf(run).environment !== 'production') return;
  throw new ReleaseError('PROOF_MISSING', 'Production is changed on the proof of a full rehearsal only.', {
    hint: 'Type --rehearsal full: then what is pending after the restore is rehearsed first. Without it only with --waive-rehearsal "why".',
  });
}

/** Where it is not needed, a store that does not answer is as good as one without a proof. */
async function look(run: Run, connection: Connection, situation: Situation, needed: boolean): Promise<FoundProof> {
  if (run.invocation.store === undefined) return { state: 'missing' };
  const found = findProof(run, connection, situation);
  return needed ? found : found.catch((): FoundProof => ({ state: 'missing' }));
}

function refused(run: Run, found: Exclude<FoundProof, { state: 'valid' }>, sampled: boolean): ReleaseError {
  const { command, store } = run.invocation;
  const where = store === undefined ? 'no store is named that could have one' : 'the store has none of this plan';
  const what = found.state === 'stale' ? `${found.why}` : where;
  const only = sampled ? ' This run rehearsed a sample, which is not that.' : '';
  const rehearse = `Rehearse it: mongo-release ${command === 'release' ? 'release' : 'migrate'} without --apply${store === undefined ? ', with --store' : ''}`;
  return new ReleaseError(
    found.state === 'stale' ? 'PROOF_STALE' : 'PROOF_MISSING',
    `Production is changed on the proof of a full rehearsal only: ${what}.${only}`,
    {
      hint: sampled
        ? `${rehearse} on a machine with room for all of the data, or apply with --waive-rehearsal "why".`
        : `${rehearse}, or apply with --rehearsal full; without one only with --waive-rehearsal "why".`,
    },
  );
}

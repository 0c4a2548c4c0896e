import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalLevel } from '../../config/schema.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import type { Finding } from '../../observe/finding.ts';
import { notResumed, takenUp } from '../applying/taken-up.ts';
import { type Run, targetOf } from '../run.ts';
import { readSituation, type Situation } from '../situation/situation.ts';
import { type FoundProof, findProof, hasFailed, type StoredProof } from './proof.ts';
import type { Rehearsed } from './rehearse.ts';
import type { FailedRehearsal, ReliedOn, Waiver } from './result.ts';

/** Characters: as many as a reason has that says something to whoever reads the record. */
const shortestReason = 10;

/** Milliseconds: whoever asks where things stand does not wait for a store that does not answer. */
const patienceMs = 3000;

/** What is rehearsed before an apply. */
export function levelOf({ invocation: { flags, settings } }: Run): RehearsalLevel {
  return flags.rehearsal ?? settings.rehearsal.level;
}

/** What `--waive-rehearsal` says. Throws `USAGE` for a reason that is none. */
export function waiverOf({ invocation, origin }: Run): Waiver | undefined {
  const reason = invocation.flags['waive-rehearsal'];
  if (reason === undefined) return undefined;
  if (reason.length >= shortestReason) return { what: 'rehearsal', reason, actor: origin.actor };
  throw new ReleaseError('USAGE', '--waive-rehearsal needs a reason that the record can keep.', {
    hint: `Say in ${shortestReason} characters or more why production is changed without a rehearsal.`,
  });
}

/** What a release began on, whose rest this run applies. */
export interface EarlierRun {
  /** Of its whole plan: what was rehearsed of that was rehearsed of its rest. */
  readonly digest: string;
  /** Whether this is what comes after its deploy: a level that was typed was for the half before that. */
  readonly ends: boolean;
  /** Where the store has nothing of it. */
  readonly relied?: ReliedOn;
}

/**
 * What the store has of an earlier rehearsal of all of this, before anything is done. A level that was typed wants a new
 * rehearsal. Of what an earlier run has begun none can be, and none is wanted: only the target can end that.
 *
 * Throws where production has nothing to rely on and is not going to get it in this run: `PROOF_MISSING`, `PROOF_STALE`;
 * `USAGE` as `waiverOf`.
 */
export async function provenBefore(
  run: Run,
  connection: Connection,
  situation: Situation,
  earlier?: EarlierRun,
): Promise<FoundProof> {
  const begun = takenUp(situation);
  if (begun.length > 0) {
    const after = `what comes after ${begun.map(({ name }) => name).join(', ')}`;
    if (notResumed(situation).length > 0) refuseUnproven(run, after);
    return { state: 'missing' };
  }
  const needed = isProduction(run) && levelOf(run) !== 'full' && waiverOf(run) === undefined;
  const typed = run.invocation.flags.rehearsal === 'full' && earlier?.ends !== true;
  const found = typed
    ? ({ state: 'missing' } as const)
    : await look(run, connection, situation, needed, earlier?.digest);
  if (earlier?.relied !== undefined && found.state === 'missing' && (needed || !isProduction(run)))
    return { state: 'earlier', relied: earlier.relied };
  if (needed && found.state !== 'valid') throw refused(run, found, false);
  if (found.state === 'valid') {
    const { id, at, sandboxVersion } = found.proof;
    run.log.info(`Rehearsed before: proof ${id}, which passed at ${at}.`);
    if (sandboxVersion !== undefined) {
      const { serverVersion } = connection.topology;
      run.log.warn(`It passed in a sandbox of MongoDB ${sandboxVersion}, and the target runs ${serverVersion}.`);
    }
    if (earlier?.ends) return { state: 'earlier', relied: { proof: found.proof } };
  }
  return found;
}

/**
 * What an apply relies on: the full rehearsal of this run, else what was `found`, else a waiver. Throws `PROOF_MISSING` or
 * `PROOF_STALE` where production has none of them.
 */
export function reliedOn(run: Run, found: FoundProof, rehearsed?: Rehearsed): ReliedOn {
  if (rehearsed?.proof !== undefined) return { proof: rehearsed.proof };
  if (found.state === 'valid') return { proof: found.proof };
  if (found.state === 'earlier') return found.relied;
  const waiver = waiverOf(run);
  if (waiver !== undefined && found.state === 'failed') {
    const { failed, why } = found;
    run.log.warn(`${latestFailed(failed)}, and this goes on all the same: ${waiver.reason} What it failed of: ${why}`);
    return { waiver: { ...waiver, failed } };
  }
  if (waiver !== undefined) {
    run.log.warn(`Nothing proves that this works on the data of this target: ${waiver.reason}`);
    return { waiver };
  }
  if (isProduction(run)) throw refused(run, found, rehearsed !== undefined);
  return {};
}

/**
 * For migrations whose plan is not known before they begin, so that no proof can be of it: in production they are rehearsed
 * in full then, or waived. Throws `PROOF_MISSING`, `USAGE` as `waiverOf`.
 */
export function refuseUnproven(run: Run, what: string): void {
  const waived = waiverOf(run) !== undefined;
  if (waived || levelOf(run) === 'full' || !isProduction(run)) return;
  throw new ReleaseError('PROOF_MISSING', 'Production is changed on the proof of a full rehearsal only.', {
    hint: `Type --rehearsal full: then ${what} is rehearsed first. Without it only with --waive-rehearsal "why".`,
  });
}

/** What `plan` has to say of it, where it says something. Throws nothing: a store that does not answer is none. */
export async function failedBefore(run: Run, connection: Connection, situation: Situation): Promise<Finding[]> {
  if (situation.plan.pending.length === 0) return [];
  const found = await look(run, connection, situation, false);
  if (found.state !== 'failed') return [];
  return [
    {
      rule: 'rehearsal-failed',
      severity: 'warning',
      place: { name: 'rehearsal' },
      message: `${latestFailed(found.failed)}: ${found.why}`,
      next: 'Correct what it failed of, and rehearse again: mongo-release migrate.',
    },
  ];
}

/**
 * The same for who has no plan, in sentences: the migrations are loaded for it only where a rehearsal failed of late. Throws
 * nothing but what stops the run: what cannot be looked at is not told.
 */
export async function failedOfLate(run: Run, connection: Connection): Promise<string[]> {
  if (run.invocation.store === undefined) return [];
  try {
    const silence = sleep(patienceMs, false, { ref: false });
    if (!(await Promise.race([hasFailed(run, connection), silence]))) return [];
    const findings = await failedBefore(run, connection, await readSituation(run, connection));
    return findings.map(({ message, next }) => `${message} ${next}`);
  } catch (error) {
    run.signal.throwIfAborted();
    run.log.debug('Whether what is pending failed in a rehearsal could not be seen.', {
      error: asReleaseError(error).code,
    });
    return [];
  }
}

function latestFailed({ releaseId, at }: FailedRehearsal): string {
  return `The latest rehearsal of what is to be applied failed (release ${releaseId}, at ${at})`;
}

function isProduction(run: Run): boolean {
  return targetOf(run).environment === 'production';
}

/** Where it is not needed, a store that does not answer is as good as one without a proof. */
async function look(
  run: Run,
  connection: Connection,
  situation: Situation,
  needed: boolean,
  whole?: string,
): Promise<StoredProof> {
  if (run.invocation.store === undefined) return { state: 'missing' };
  const found = findProof(run, connection, situation, whole);
  return needed ? found : found.catch((): StoredProof => ({ state: 'missing' }));
}

function refused(run: Run, found: Exclude<StoredProof, { state: 'valid' }>, sampled: boolean): ReleaseError {
  const { command, store, flags } = run.invocation;
  const scope = (['phase', 'to', 'name'] as const).flatMap((name) => (flags[name] ? [`--${name} ${flags[name]}`] : []));
  const words = [command === 'release' ? 'release' : 'migrate', ...scope].join(' ');
  const rehearse = `Rehearse it: mongo-release ${words} without --apply${store === undefined ? ', with --store' : ''}`;
  const wanted = 'Production is changed on the proof of a full rehearsal only';
  if (found.state === 'failed') {
    const next = `${rehearse}; past it only with --waive-rehearsal "why", and the record says that it was known.`;
    const hint = `Correct what it failed of. ${next}`;
    return new ReleaseError('PROOF_FAILED', `${wanted}. ${latestFailed(found.failed)}: ${found.why}`, { hint });
  }
  const exactly =
    scope.length === 0 ? 'of this plan' : `of ${scope.join(' ')}; one of a larger plan is not of a part of it`;
  const where = store === undefined ? 'no store is named that could have one' : `the store has none ${exactly}`;
  const what = found.state === 'stale' ? found.why : where;
  const only = sampled ? ' This run rehearsed a sample, which is not that.' : '';
  return new ReleaseError(found.state === 'stale' ? 'PROOF_STALE' : 'PROOF_MISSING', `${wanted}: ${what}.${only}`, {
    hint: sampled
      ? `${rehearse} on a machine with room for all of the data, or apply with --waive-rehearsal "why".`
      : `${rehearse}, or apply with --rehearsal full; without one only with --waive-rehearsal "why".`,
  });
}

import * as z from 'zod';
import type { BackedUpTarget } from '../../backup/same-target.ts';
import { type Documents, documentTime, newDocumentId } from '../../backup/stores/documents.ts';
import { digestOf } from '../../migration/canonical.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { majorOf } from '../../sandbox/version.ts';
import { takenUp } from '../applying/taken-up.ts';
import { backedUpTarget } from '../backup/backed-up-target.ts';
import { storeOf } from '../backup/take-backup.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import type { Run } from '../run.ts';
import type { Code } from '../situation/code.ts';
import type { Situation } from '../situation/situation.ts';
import { bound, boundTo, hash, whyNot } from './bound.ts';
import type { Rehearsed } from './rehearse.ts';
import type { FailedRehearsal, ProofUsed, ReliedOn } from './result.ts';

/** A rehearsal, as the store keeps it (`proofs/ID.json`): what it was of, and that is all it holds for. */
const about = z.object({
  schemaVersion: z.literal(3),
  kind: z.literal('proof'),
  /** When it ended, ISO. */
  at: z.iso.datetime(),
  ...bound,
  /** Of the history that the plan stands on, for whoever reads this: it is in the plan's digest. */
  position: hash,
  sandboxVersion: z.string(),
  backupId: z.string().optional(),
  migrations: z.array(z.string()),
  /** In what a way back did not lead to exactly what was there, and is as good. */
  notes: z.array(z.string()),
  releaseId: z.string(),
  actor: z.string().optional(),
  runUrl: z.string().optional(),
  commit: z.string().optional(),
});
const proof = z.discriminatedUnion('result', [
  about.extend({ result: z.literal('passed'), level: z.literal('full') }),
  about.extend({
    ...{ result: z.literal('failed'), level: z.enum(['full', 'sample']) },
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);

/** The data that a rehearsal ran on, and the code that it loaded. */
export interface RanOn {
  readonly of: BackedUpTarget;
  /** As of when they are, ISO. */
  readonly dataAt: string;
  /** Where they are of a backup that is in the store. */
  readonly backupId?: string;
  readonly code: Code;
}

/**
 * Puts a full rehearsal of all that is pending into the store, where there is one, and comes back with what stands for it;
 * one that failed at whatever level, too, since it ends what proofs of before say. A store that does not take it is said and
 * does not fail the rehearsal.
 */
export async function keepProof(
  run: Run,
  connection: Connection,
  situation: Situation,
  rehearsed: Rehearsed,
  { backupId, ...on }: RanOn,
): Promise<Rehearsed> {
  const { result, error } = rehearsed;
  const { level, serverVersion: sandboxVersion } = result;
  const at = new Date();
  const other = majorOf(sandboxVersion) !== majorOf(connection.topology.serverVersion);
  const used = {
    at: at.toISOString(),
    dataAt: on.dataAt,
    backupId,
    sandboxVersion: other ? sandboxVersion : undefined,
  };
  const passed = (id?: string): Rehearsed => ({ result, proof: { id, level: 'full', ...used } });
  const otherwise = error === undefined && level === 'full' ? passed() : rehearsed;
  const partial = takenUp(situation).length > 0 || (error === undefined && level !== 'full');
  if (run.invocation.store === undefined && otherwise.proof !== undefined) tellNoProof(run);
  if (run.invocation.store === undefined || partial) return otherwise;
  const { actor, runUrl, commit } = run.origin;
  const value: z.input<typeof about> = {
    ...{ schemaVersion: 3, kind: 'proof', at: used.at, ...boundTo(run, connection, situation, on) },
    position: situation.plan.position.digest,
    notes: [result.wayBack?.undo, result.wayBack?.down].flatMap((way) => way?.notes ?? []),
    ...{ sandboxVersion, backupId, migrations: result.migrations.map(({ name }) => name) },
    ...{ releaseId: run.releaseId, actor, runUrl, commit },
  };
  const how =
    error === undefined
      ? { result: 'passed', level }
      : { result: 'failed', level, error: { code: error.code, message: run.secrets.scrub(error.message) } };
  const id = `${newDocumentId(at)}${ofTarget(on.of)}${ofPlan(situation.plan.digest)}`;
  const proofs = storeOf(run).documents('proofs');
  try {
    await proofs.put(id, { ...value, ...how });
  } catch (thrown) {
    const { message, code } = asReleaseError(thrown);
    run.log.warn(`What this rehearsal proves could not be kept: ${message}`, { error: code });
    return error === undefined ? passed() : { result, error: notKept(error, code) };
  }
  await removeOld(run, connection, proofs);
  return error === undefined ? passed(id) : rehearsed;
}

/** Whether somebody relies on it later, this run does not know; production wants it. */
function tellNoProof({ log, invocation: { target, flags } }: Run): void {
  if (flags.apply) return;
  const level = target?.environment === 'production' ? 'warn' : 'info';
  log[level]('No store is named, so this rehearsal leaves no proof: --store FOLDER (or backup.store) keeps one.');
}

/** Whoever relies on the store is not told that it failed. */
function notKept({ code, message, hint, details, cause }: ReleaseError, why: string): ReleaseError {
  const still = `The store did not take that on record [${why}]: a proof of before may still hold there.`;
  return new ReleaseError(code, `${message} ${still}`, { hint, details, cause });
}

/** The end of the ids of all that is of one plan: nothing else is read. */
function ofPlan(digest: string): string {
  return `-${digest.slice(0, 16)}`;
}

/** What stands before that, so that what is of one target can be told without reading it. */
function ofTarget({ cluster, ...target }: BackedUpTarget): string {
  return `-${digestOf({ ...target, replicaSetId: cluster?.replicaSetId, clusterId: cluster?.clusterId }).slice(0, 8)}`;
}

/**
 * Removes what proves nothing any more: of this target, older than `rehearsal.max-age`, and named by none of its releases,
 * whose evidence stays. What fails here is a warning: the next one tidies up again.
 */
async function removeOld(run: Run, connection: Connection, proofs: Documents): Promise<void> {
  const oldest = Date.now() - run.invocation.settings.rehearsal['max-age'];
  const mine = `${ofTarget(backedUpTarget(run, connection))}-`;
  try {
    const old = (await proofs.list()).filter((id) => id.includes(mine) && (documentTime(id) ?? oldest) < oldest);
    if (old.length === 0) return;
    const records = await new ReleaseRecords(connection.db, run).all();
    const named = new Set(records.flatMap((record) => [record, ...(record.attempts ?? [])]).flatMap(evidenceOf));
    for (const id of old) if (!named.has(id)) await proofs.remove(id);
  } catch (thrown) {
    const { message, code } = asReleaseError(thrown);
    run.log.warn(`Old proofs could not be removed: ${message}`, { error: code });
  }
}

function evidenceOf({ proofId, waivers = [] }: Pick<ReleaseRecord, 'proofId' | 'waivers'>) {
  return [proofId, ...waivers.map(({ failed }) => failed?.proofId)];
}

/** Whether a rehearsal on this target failed of late, of whatever plan. Throws `STORE_FAILED`. */
export async function hasFailed(run: Run, connection: Connection): Promise<boolean> {
  const proofs = storeOf(run).documents('proofs');
  const mine = `${ofTarget(backedUpTarget(run, connection))}-`;
  const oldest = Date.now() - run.invocation.settings.rehearsal['max-age'];
  for (const id of (await proofs.list()).filter((one) => one.includes(mine))) {
    if ((documentTime(id) ?? oldest) < oldest) return false;
    const read = await proofs.read(id);
    if (read.state === 'readable' && read.value.result === 'failed') return true;
  }
  return false;
}

/** `stale`: there are some of this plan, and why the newest of them does not hold. `failed`: what the latest ended with. */
export type StoredProof =
  | { readonly state: 'valid'; readonly proof: ProofUsed }
  | { readonly state: 'stale'; readonly why: string }
  | { readonly state: 'failed'; readonly failed: FailedRehearsal; readonly why: string }
  | { readonly state: 'missing' };

/** `earlier`: what the release began on whose rest is applied. */
export type FoundProof = StoredProof | { readonly state: 'earlier'; readonly relied: ReliedOn };

/**
 * What the store says of this plan: the latest rehearsal that was of all that it is now decides, also one of the `whole`
 * plan of that digest, of which this is the rest. Throws `STORE_FAILED`, and
 * `USAGE` where no store is named.
 */
export async function findProof(
  run: Run,
  connection: Connection,
  situation: Situation,
  whole = situation.plan.digest,
): Promise<StoredProof> {
  const proofs = storeOf(run).documents('proofs');
  const oldest = Date.now() - run.invocation.settings.rehearsal['max-age'];
  let stale: string | undefined;
  const plans = [situation.plan.digest, whole];
  const ids = (await proofs.list()).filter((id) => plans.some((digest) => id.endsWith(ofPlan(digest))));
  for (const id of ids) {
    const read = await proofs.read(id);
    const parsed = read.state === 'readable' ? proof.safeParse(read.value) : undefined;
    // What somebody changed, or another version wrote, proves nothing.
    if (parsed?.success && plans.includes(parsed.data.planDigest)) {
      const { at, dataAt, backupId, releaseId } = parsed.data;
      const why = await whyNot(run, connection, situation, parsed.data);
      if (why === undefined && parsed.data.result === 'failed')
        return { state: 'failed', failed: { proofId: id, releaseId, at }, why: parsed.data.error.message };
      if (why === undefined) {
        const { sandboxVersion: sandbox, serverVersion } = parsed.data;
        const sandboxVersion = majorOf(sandbox) === majorOf(serverVersion) ? undefined : sandbox;
        return { state: 'valid', proof: { id, level: 'full', at, dataAt, backupId, sandboxVersion } };
      }
      // What failed elsewhere, or before what is here now, says nothing.
      if (parsed.data.result === 'passed') stale ??= `proof ${id} ${why}`;
    }
    // Those that follow are older still, and so are their data.
    if ((documentTime(id) ?? oldest) < oldest) break;
  }
  return stale === undefined ? { state: 'missing' } : { state: 'stale', why: stale };
}

import * as z from 'zod';
import { type BackedUpTarget, otherTarget } from '../../backup/same-target.ts';
import { newDocumentId } from '../../backup/stores/documents.ts';
import { environments } from '../../config/schema.ts';
import { digestOf } from '../../migration/canonical.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError } from '../../observe/error.ts';
import { backedUpTarget } from '../backed-up-target.ts';
import type { Run } from '../run.ts';
import type { Situation } from '../situation.ts';
import { storeOf } from '../take-backup.ts';
import { takenUp } from '../taken-up.ts';
import type { Rehearsed } from './rehearse.ts';
import type { ProofUsed } from './result.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A rehearsal that passed, as the store keeps it (`proofs/ID.json`): what it was of, and that is all it holds for. */
const proof = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal('proof'),
  /** When it passed, ISO. */
  at: z.iso.datetime(),
  level: z.enum(['full', 'sample']),
  planDigest: hash,
  position: hash,
  findings: hash,
  /** Of the target. */
  serverVersion: z.string(),
  sandboxVersion: z.string(),
  /** Whose data it ran on. */
  target: z.object({
    name: z.string(),
    database: z.string(),
    environment: z.enum(environments),
    cluster: z.object({ replicaSetId: z.string().optional(), members: z.array(z.string()).optional() }).optional(),
  }),
  backupId: z.string().optional(),
  migrations: z.array(z.string()),
  releaseId: z.string(),
  actor: z.string().optional(),
  runUrl: z.string().optional(),
  commit: z.string().optional(),
  toolVersion: z.string(),
});

type Proof = z.output<typeof proof>;

/** The data that a rehearsal ran on. */
export interface RanOn {
  readonly of: BackedUpTarget;
  /** Where they are of a backup that is in the store. */
  readonly backupId?: string;
}

/**
 * Puts the proof of a rehearsal that passed, and that was of all that is pending, into the store, where there is one, and
 * into the result. A store that does not take it is said and does not fail the rehearsal.
 */
export async function keepProof(
  run: Run,
  connection: Connection,
  situation: Situation,
  { result, error }: Rehearsed,
  { of, backupId }: RanOn,
): Promise<Rehearsed> {
  if (error !== undefined || takenUp(situation).length > 0) return { result, error };
  const { actor, runUrl, commit } = run.origin;
  const at = new Date();
  const used: ProofUsed = { level: result.level, at: at.toISOString(), backupId };
  if (run.invocation.store === undefined) return { result: { ...result, proof: used } };
  const value: Proof = {
    ...{ schemaVersion: 1, kind: 'proof', at: used.at, level: result.level, ...boundTo(connection, situation) },
    ...{ sandboxVersion: result.serverVersion, target: of, backupId },
    migrations: result.migrations.map(({ name }) => name),
    ...{ releaseId: run.releaseId, actor, runUrl, commit, toolVersion: run.toolVersion },
  };
  const id = `${newDocumentId(at)}${ofPlan(situation)}`;
  try {
    await storeOf(run).documents('proofs').put(id, value);
    return { result: { ...result, proof: { id, ...used } } };
  } catch (thrown) {
    const { message, code } = asReleaseError(thrown);
    run.log.warn(`The proof of this rehearsal could not be kept: ${message}`, { error: code });
    return { result: { ...result, proof: used } };
  }
}

/** The end of the ids of all proofs of a plan: no others are read. */
function ofPlan({ plan }: Situation): string {
  return `-${plan.digest.slice(0, 16)}`;
}

/** What a proof holds for. */
function boundTo({ topology }: Connection, { plan }: Situation) {
  const findings = plan.findings.map(({ rule, severity, message, place }) => ({ rule, severity, message, place }));
  return {
    planDigest: plan.digest,
    position: plan.position.digest,
    findings: digestOf(findings),
    serverVersion: topology.serverVersion,
  };
}

/** `stale`: there are some of this plan, and why the newest of them does not hold. */
export type FoundProof =
  | { readonly state: 'valid'; readonly proof: ProofUsed }
  | { readonly state: 'stale'; readonly why: string }
  | { readonly state: 'missing' };

/** So many of a plan are looked at, the newest first: the older ones hold no longer than these. */
const mostLookedAt = 20;

/**
 * The newest proof in the store that this plan was rehearsed in full, on data of this target. Throws `STORE_FAILED`, and
 * `USAGE` where no store is named.
 */
export async function findProof(run: Run, connection: Connection, situation: Situation): Promise<FoundProof> {
  const proofs = storeOf(run).documents('proofs');
  let stale: string | undefined;
  const ids = (await proofs.list()).filter((id) => id.endsWith(ofPlan(situation)));
  for (const id of ids.slice(0, mostLookedAt)) {
    const read = await proofs.read(id);
    const parsed = read.state === 'readable' ? proof.safeParse(read.value) : undefined;
    // What somebody changed, or another version wrote, proves nothing.
    if (!parsed?.success) continue;
    const { planDigest, at, level, backupId } = parsed.data;
    if (planDigest !== situation.plan.digest) continue;
    const why = whyNot(run, connection, situation, parsed.data);
    if (why === undefined) return { state: 'valid', proof: { id, level, at, backupId } };
    stale ??= `proof ${id} ${why}`;
  }
  return stale === undefined ? { state: 'missing' } : { state: 'stale', why: stale };
}

/** Why it does not hold, to stand behind "proof X"; undefined where it does. */
function whyNot(run: Run, connection: Connection, situation: Situation, one: Proof): string | undefined {
  const now = boundTo(connection, situation);
  const other = otherTarget(one.target, backedUpTarget(run, connection));
  const oldest = Date.now() - run.invocation.settings.rehearsal['max-age'];
  if (other !== undefined) return `is ${other}`;
  if (one.level !== 'full') return 'is of a sample, which never proves all';
  if (Date.parse(one.at) < oldest) return `is of ${one.at}, older than rehearsal.max-age`;
  if (one.serverVersion !== now.serverVersion)
    return `is of MongoDB ${one.serverVersion}, and the target runs ${now.serverVersion} now`;
  if (one.findings !== now.findings) return 'was made before what is found about the plan changed';
  return one.position === now.position ? undefined : 'is of another position in history';
}

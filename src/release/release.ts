import { guardFailure } from '../guard/failure.ts';
import { assertRest } from '../migration/plan/agreed.ts';
import { halfDoneRules } from '../migration/plan/findings.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseOrServerError } from '../mongo/server-error.ts';
import { asReleaseError, type ReleaseError } from '../observe/error.ts';
import type { Finding } from '../observe/finding.ts';
import type { Outcome } from '../observe/outcome.ts';
import { notStarted, type Progress } from './applying/apply.ts';
import { stoppedAfter } from './applying/apply-plan.ts';
import { type Bringing, bring } from './applying/bring.ts';
import { begunOn, restOf, shownOf } from './applying/joined.ts';
import { rehearsalImpossible, takenUp } from './applying/taken-up.ts';
import { backupBehind } from './backup/backup-for.ts';
import { keysForRelease } from './backup/keys.ts';
import { removeExpired } from './backup/retain.ts';
import { factsOf, factsOfTaken, standingOf, storeOf, takeInto } from './backup/take-backup.ts';
import { claimDeploy, deploy } from './deploy.ts';
import { doubtsAbout } from './doubts.ts';
import { lookGuards } from './guards.ts';
import { outcomeOfError } from './outcome.ts';
import { notRecorded, onRecord, type Recording } from './record/on-record.ts';
import type { Steps } from './record/steps.ts';
import { rehearsePending } from './rehearsal/pending.ts';
import type { FoundProof } from './rehearsal/proof.ts';
import { provenBefore } from './rehearsal/rely.ts';
import type { RehearsalResult, ReliedOn } from './rehearsal/result.ts';
import type { Ended, PlanResult, ReleaseResult } from './result.ts';
import { takeBackAfter } from './rollback/after-failure.ts';
import { openRollbackWarnings } from './rollback/open.ts';
import { awaitBesideRelease, unendedWarnings } from './rollback/still-running.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { checkedSituation } from './situation/checked-situation.ts';
import { readSituation, type Situation } from './situation/situation.ts';
import { refuseTakenBack } from './taken-back.ts';
import { typed } from './typed.ts';
import { refuseHeld } from './under-lease.ts';
import { nothingVerified, probe, probeFailure } from './verify.ts';

/** `release`: guards, plan, backup, rehearsal; with `--apply` also apply, deploy and verify, and on failure the way back. */
export async function release(run: Run): Promise<Ended<'release'>> {
  const apply = run.invocation.flags.apply === true;
  await using connection = await openTarget(run, apply ? 'write' : 'read');
  const walk = async (recording: Recording): Promise<Ended<'release'>> => {
    const walk = new Walk(run, connection, recording, apply);
    const end = await walk.walk();
    // What is released is of no use to users who are shut out.
    walk.warnings.push(...(await openRollbackWarnings(run, connection, run.releaseId).catch(() => [])));
    const about = { command: 'release', target: aboutTarget(run, connection), releaseId: run.releaseId } as const;
    return { ...about, ...end, result: walk.result, steps: recording.steps.all, warnings: walk.warnings };
  };
  // Awaited here: the connection closes when this function is left.
  return await (apply ? onRecord(run, connection, 'release', walk) : walk(notRecorded()));
}

interface End {
  readonly outcome: Outcome;
  readonly error?: ReleaseError;
}

/** One release on its way: each step fills its part of the result, and throws where the release cannot go on. */
class Walk {
  readonly result: { -readonly [K in keyof ReleaseResult]: ReleaseResult[K] };
  readonly warnings: string[] = [];
  readonly #run: Run;
  readonly #connection: Connection;
  readonly #recording: Recording;
  readonly #steps: Steps;
  readonly #apply: boolean;
  /** How far it is in the target. */
  #progress: Progress = notStarted;
  #found: FoundProof | undefined;
  /** The plan of another release, of which this one is to apply what that has left. */
  #rest: Awaited<ReturnType<typeof begunOn>>;
  /** Whether the hook began: nobody can tell then which application is there. */
  #deployed = false;

  constructor(run: Run, connection: Connection, recording: Recording, apply: boolean) {
    this.#run = run;
    this.#connection = connection;
    this.#recording = recording;
    this.#steps = recording.steps;
    this.#apply = apply;
    this.result = { releaseId: run.releaseId };
  }

  async walk(): Promise<End> {
    try {
      await this.#guards();
      const situation = await this.#plan();
      const pending = situation.plan.pending.length > 0;
      if (pending) await this.#backup(situation);
      if (!this.#apply) {
        if (pending) await this.#rehearse(situation);
        return { outcome: pending ? 'rehearsed' : 'nothing-to-do' };
      }
      // Without a deploy hook all of them at once: where the deploy is not ours, `--phase` says which half is meant.
      const phase = this.#deploys ? 'before-deploy' : undefined;
      const relied = pending ? await this.#bring(situation, { phase, found: this.#found }) : {};
      await this.#deploy(situation);
      if (this.#deploys) await this.#applyAfter(situation, relied);
      await this.#verify();
      if (this.#deploys) await this.#stillThere();
      return { outcome: this.#changed || this.#deployed ? 'applied' : 'nothing-to-do' };
    } catch (thrown) {
      const error = asReleaseOrServerError(thrown, 'releasing');
      const end = { outcome: outcomeOfError(error, this.#changed || this.#deployed), error };
      return (await this.#back(error)) ?? end;
    }
  }

  #guards(): Promise<void> {
    return this.#steps.run('guards', async () => {
      this.result.guards = await lookGuards(this.#run, this.#connection, this.#apply);
      const error = guardFailure(this.result.guards);
      if (error !== undefined) throw error;
      const about = [this.#run, this.#connection] as const;
      const beside = this.#apply
        ? await awaitBesideRelease(...about)
        : [...(await openRollbackWarnings(...about)), ...(await unendedWarnings(...about))];
      for (const one of beside) this.#run.log.warn(typed(this.#run, one));
    });
  }

  #plan(): Promise<Situation> {
    return this.#steps.run('plan', async () => {
      const begun = this.#apply ? await begunOn(this.#run, this.#connection) : undefined;
      const situation = await checkedSituation(this.#run, this.#connection, undefined, begun);
      const { digest, pending, findings } = situation.plan;
      this.result.plan = { digest, pending, findings };
      this.#rest = restOf(begun, situation.plan);
      const planDigest = this.#rest?.digest ?? digest;
      await this.#recording.open({ planDigest, migrations: pending.map(({ name }) => name) });
      // Before anything is done for a release that may not go on.
      if (this.#apply) this.#found = await provenBefore(this.#run, this.#connection, situation, shownOf(this.#rest));
      return situation;
    });
  }

  /** Whether anything of this release is in the target, or may be. */
  get #changed(): boolean {
    return !this.#progress.untouched;
  }

  /** A fresh one, or the one that `--backup` names; what is only rehearsed leaves none behind. */
  async #backup(situation: Situation): Promise<void> {
    const named = this.#run.invocation.flags.backup !== undefined;
    if (!this.#apply && !named) return this.#steps.skip('backup', 'the rehearsal takes one and removes it');
    await this.#steps.run('backup', async () => {
      if (this.#apply) await refuseHeld(this.#run, this.#connection);
      const given = named ? await backupBehind(this.#run, this.#connection, situation, this.#apply) : undefined;
      if (given !== undefined) {
        this.result.backup = factsOf(await given.store.readManifest(given.id), given.store.location);
        return;
      }
      const store = storeOf(this.#run);
      const taken = await takeInto(this.#run, this.#connection, store, standingOf(situation), { keys: keysForRelease });
      await removeExpired(this.#run, this.#connection, store, taken.manifest.id);
      if (taken.manifest.engine !== 'atlas') this.warnings.push(...doubtsAbout(taken.manifest, this.#connection));
      this.result.backup = factsOfTaken({ ...taken, location: store.location });
    });
  }

  get #behind() {
    const id = this.result.backup?.id;
    return id === undefined ? undefined : { store: storeOf(this.#run), id };
  }

  #rehearse(situation: Situation): Promise<void> {
    return this.#steps.run('rehearsal', async () => {
      if (takenUp(situation).length > 0) throw await rehearsalImpossible(this.#run, this.#connection, situation);
      const { result, proof, error } = await rehearsePending(this.#run, this.#connection, situation, this.#behind);
      Object.assign(this.result, { rehearsal: result, proof });
      if (error !== undefined) throw error;
    });
  }

  async #bring(
    situation: Situation,
    how: Pick<Bringing, 'phase' | 'deployed' | 'found' | 'relied' | 'agreed'>,
  ): Promise<ReliedOn> {
    const { progress, relied, rehearsal } = await bring(this.#run, this.#connection, situation, {
      ...{ kind: 'release', behind: this.#behind, before: this.#progress, steps: this.#steps, agreed: this.#rest },
      ...how,
    });
    if (rehearsal !== undefined) this.result.rehearsal = joined(this.result.rehearsal, rehearsal);
    Object.assign(this.result, relied);
    this.#applied(progress);
    return relied;
  }

  async #applyAfter({ plan }: Situation, relied: ReliedOn): Promise<void> {
    if (!plan.pending.some(({ phase }) => phase === 'after-deploy')) return;
    // What was agreed to is the whole plan: what is left of it, on top of what was applied, and nothing else.
    const now = await readSituation(this.#run, this.#connection, { ...plan.scope, phase: 'after-deploy' });
    try {
      assertRest(plan, now.plan);
    } catch (thrown) {
      const error = asReleaseError(thrown);
      if (this.#changed) this.#applied(stoppedAfter(this.#progress, plan, error));
      throw error;
    }
    // Only where a part is there already is it not known before what the others run on.
    await this.#bring(now, {
      deployed: true,
      agreed: this.#rest ?? plan,
      relied: takenUp(now).length > 0 ? undefined : relied,
    });
  }

  /** Throws where it did not come to its end. */
  #applied(progress: Progress): void {
    this.#progress = progress;
    const { done, failed, remaining, error, untouched } = progress;
    if (error === undefined || failed !== undefined || !untouched)
      this.result.migrate = { releaseId: this.result.releaseId, applied: done, failed, remaining };
    if (this.result.plan !== undefined) this.result.plan = withoutEnded(this.result.plan, progress);
    if (error !== undefined) throw error;
  }

  get #deploys(): boolean {
    return this.#run.invocation.settings.hooks.deploy !== undefined;
  }

  async #deploy({ plan }: Situation): Promise<void> {
    const { deploy: command } = this.#run.invocation.settings.hooks;
    if (command === undefined) return this.#steps.skip('deploy', 'no hook');
    // Should it not come to them.
    const later = plan.pending.filter(({ phase }) => phase === 'after-deploy').map(({ name }) => name);
    const { releaseId, migrate = { releaseId, applied: [] } } = this.result;
    if (later.length > 0) this.result.migrate = { ...migrate, remaining: later };
    const about = { changed: this.#changed, later };
    await claimDeploy(this.#run, this.#connection, this.#recording, about);
    this.#deployed = true;
    await this.#steps.run('deploy', async () => {
      const { durationMs, error } = await deploy(this.#run, this.#recording, command, about);
      this.result.deploy = { durationMs };
      if (error !== undefined) throw error;
      await this.#stillThere();
    });
    // Should it be cut off in what comes next, nobody is to take it for the deploy.
    await this.#recording.keep().catch(() => {});
  }

  async #stillThere(): Promise<void> {
    await refuseTakenBack(this.#run, this.#connection, this.#run.releaseId);
  }

  async #verify(): Promise<void> {
    if (this.#run.invocation.settings.probes.length === 0) {
      this.warnings.push(nothingVerified(this.#run));
      return this.#steps.skip('verify', 'no probes');
    }
    await this.#steps.run('verify', async () => {
      const { phase = 'after-deploy' } = this.#run.invocation.flags;
      const probes = await probe(this.#run, this.#connection, phase);
      this.result.verify = { probes };
      if (probes.length === 0) this.warnings.push(nothingVerified(this.#run));
      const error = probeFailure(probes, this.#run.releaseId);
      if (error !== undefined) throw error;
    });
  }

  /** The way back, where `on-failure` asks for one and there is something to take back. */
  async #back(cause: ReleaseError): Promise<End | undefined> {
    if (this.#run.invocation.flags['on-failure'] !== 'rollback') return undefined;
    const done = { changed: this.#changed, deployed: this.#deployed };
    const back = await takeBackAfter(this.#run, this.#connection, done, cause, this.#steps);
    if (back?.result !== undefined) this.result.rollback = back.result;
    this.warnings.push(...(back?.warnings ?? []));
    return back;
  }
}

/** What was half-way when the plan was made, and is not any more, is no news to who reads the result. */
function withoutEnded(plan: PlanResult, { done, undone }: Progress): PlanResult {
  const ended = new Set([...done.map(({ name }) => name), ...undone]);
  const over = ({ rule, place }: Finding) => halfDoneRules.has(rule) && ended.has(place.name ?? '');
  return { ...plan, findings: plan.findings.filter((finding) => !over(finding)) };
}

/** What came to light before the deploy, and after it: what the later one could not show is what is still open. */
function joined(before: RehearsalResult | undefined, after: RehearsalResult): RehearsalResult {
  if (before === undefined) return after;
  const durationMs = before.durationMs + after.durationMs;
  return { ...after, migrations: [...before.migrations, ...after.migrations], durationMs };
}

import type { RehearsalLevel } from '../config/schema.ts';
import { guardFailure } from '../guard/failure.ts';
import { assertUnmoved } from '../migration/plan/file.ts';
import { type MigrationPlan, planDigest } from '../migration/plan/plan.ts';
import type { Phase } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import type { Outcome } from '../observe/outcome.ts';
import { notStarted, type Progress } from './apply.ts';
import { type AboutApply, applyPlan, asksForExactly, stoppedAfter } from './apply-plan.ts';
import { backupBehind } from './backup-for.ts';
import { checkedSituation } from './checked-situation.ts';
import { lookGuards } from './guards.ts';
import { runHook } from './hook.ts';
import { keysForRelease } from './keys.ts';
import { outcomeOfError } from './outcome.ts';
import { type RecordOpening, ReleaseRecords } from './record.ts';
import { rehearsePending } from './rehearsal/pending.ts';
import type { Rehearsed } from './rehearsal/rehearse.ts';
import { reliedOn } from './rehearsal/rely.ts';
import type { RehearsalResult } from './rehearsal/result.ts';
import { neverByItself } from './restore-managed.ts';
import type { Ended, ReleaseResult } from './result.ts';
import { removeExpired } from './retain.ts';
import { type Earlier, earlierRollback } from './rollback/earlier.ts';
import { takeBack } from './rollback/take-back.ts';
import { findWayBack, type Released, type WayBack } from './rollback/way-back.ts';
import { aboutTarget, openTarget, type Run, stopIfCancelled, targetOf } from './run.ts';
import { settleBegun } from './settle.ts';
import { readSituation, type Situation } from './situation.ts';
import { Steps } from './steps.ts';
import { factsOf, factsOfTaken, standingOf, storeOf, takeInto } from './take-backup.ts';
import { notRehearsed, rehearsable, rehearsalImpossible, takenUp } from './taken-up.ts';
import { nothingVerified, probe, probeFailure } from './verify.ts';

/** `release`: guards, plan, backup, rehearsal; with `--apply` also apply, deploy and verify, and on failure the way back. */
export async function release(run: Run): Promise<Ended<'release'>> {
  const apply = run.invocation.flags.apply === true;
  await using connection = await openTarget(run, apply ? 'write' : 'read');
  const walk = new Walk(run, connection, apply);
  const end = await walk.walk();
  return {
    command: 'release',
    ...end,
    result: walk.result,
    target: aboutTarget(run, connection),
    releaseId: run.releaseId,
    steps: walk.steps.all,
    warnings: walk.warnings,
  };
}

interface End {
  readonly outcome: Outcome;
  readonly error?: ReleaseError;
}

/** One release on its way: each step fills its part of the result, and throws where the release cannot go on. */
class Walk {
  readonly result: { -readonly [K in keyof ReleaseResult]: ReleaseResult[K] };
  readonly steps = new Steps();
  readonly warnings: string[] = [];
  readonly #run: Run;
  readonly #connection: Connection;
  readonly #apply: boolean;
  readonly #records: ReleaseRecords;
  #opened = false;
  /** How far it is in the target. */
  #progress: Progress = notStarted;

  constructor(run: Run, connection: Connection, apply: boolean) {
    this.#run = run;
    this.#connection = connection;
    this.#apply = apply;
    this.#records = new ReleaseRecords(connection.db, run);
    this.result = { releaseId: run.releaseId };
  }

  async walk(): Promise<End> {
    try {
      await this.#guards();
      let situation = await this.#plan();
      if (situation.plan.pending.length > 0) {
        await this.#backup(situation);
        situation = await this.#settle(situation, this.#deploys ? 'before-deploy' : undefined);
      }
      if (situation.plan.pending.length > 0) await this.#rehearse(situation);
      if (!this.#apply) return { outcome: this.result.rehearsal ? 'rehearsed' : 'nothing-to-do' };
      if (situation.plan.pending.length > 0) await this.#applyBefore(situation);
      await this.#deploy();
      await this.#applyAfter(situation);
      await this.#verify();
      return await this.#record({ outcome: this.#changed ? 'applied' : 'nothing-to-do' });
    } catch (thrown) {
      const error = asReleaseError(thrown);
      const end = { outcome: outcomeOfError(error, this.#changed), error };
      const back = this.#run.invocation.flags['on-failure'] === 'rollback' && this.#hasWayBack;
      return this.#record(back ? await this.#back(error) : end);
    }
  }

  #guards(): Promise<void> {
    return this.steps.run('guards', async () => {
      this.result.guards = await lookGuards(this.#run, this.#connection, this.#apply);
      const error = guardFailure(this.result.guards);
      // What a guard has found says more than that it keeps us from writing, too.
      await this.#open().catch((thrown: unknown) => {
        if (error === undefined) throw thrown;
      });
      if (error !== undefined) throw error;
    });
  }

  #plan(): Promise<Situation> {
    return this.steps.run('plan', async () => {
      const situation = await checkedSituation(this.#run, this.#connection);
      const { digest, pending, findings } = situation.plan;
      this.result.plan = { digest, pending, findings };
      await this.#open({ planDigest: digest, migrations: pending.map(({ name }) => name) });
      // Before anything is done for a release that may not go on.
      if (this.#apply && this.#level !== 'full') await this.#rely(situation);
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
    if (!this.#apply && !named) return this.steps.skip('backup', 'the rehearsal takes one and removes it');
    await this.steps.run('backup', async () => {
      const given = named ? await backupBehind(this.#run, this.#connection, situation, this.#apply) : undefined;
      if (given !== undefined) {
        this.result.backup = factsOf(await given.store.readManifest(given.id), given.store.location);
        return;
      }
      const store = storeOf(this.#run);
      const taken = await takeInto(this.#run, this.#connection, store, standingOf(situation), { keys: keysForRelease });
      await removeExpired(this.#run, this.#connection, store, taken.manifest.id);
      this.result.backup = factsOfTaken({ ...taken, location: store.location });
    });
  }

  get #level(): RehearsalLevel {
    const { flags, settings } = this.#run.invocation;
    return flags.rehearsal ?? settings.rehearsal.level;
  }

  get #rehearses(): boolean {
    return this.#level !== 'none';
  }

  async #rely(situation: Situation, rehearsal?: RehearsalResult): Promise<void> {
    Object.assign(this.result, await reliedOn(this.#run, this.#connection, situation, rehearsal));
  }

  /** Whether what an earlier run has begun is ended before what comes after it is rehearsed. */
  get #settles(): boolean {
    return this.#apply && this.#rehearses && !asksForExactly(this.#run);
  }

  /** Ends what an earlier run has begun, or what it has begun of one phase: what is for after the deploy waits for it. */
  async #settle(situation: Situation, phase?: Phase): Promise<Situation> {
    const begun = takenUp(situation).some((one) => phase === undefined || one.phase === phase);
    if (!this.#settles || !begun) return situation;
    return this.steps.run('apply', async () => {
      const about = { ...this.#about, phase };
      const settled = await settleBegun(this.#run, this.#connection, situation, about);
      this.#applied(settled.progress);
      return settled.situation;
    });
  }

  async #rehearse(situation: Situation): Promise<void> {
    const { proof } = this.result;
    if (!this.#rehearses) return this.steps.skip('rehearsal', proof ? `passed at ${proof.at}` : 'as asked');
    if (takenUp(situation).length > 0) {
      if (!this.#apply) throw rehearsalImpossible(this.#run, situation);
      const note = notRehearsed(situation, this.#settles ? ' before the deploy' : '');
      this.#run.log.warn(note);
      if (rehearsable(situation).length === 0) return this.steps.skip('rehearsal', note);
    }
    await this.steps.run('rehearsal', async () => {
      const { result, error } = await this.#rehearsal(situation).catch((thrown: unknown) => ({
        result: undefined,
        error: asReleaseError(thrown),
      }));
      if (result !== undefined) this.result.rehearsal = joined(this.result.rehearsal, result);
      if (error !== undefined) this.#stop(situation.plan, error);
      if (this.#apply && this.#level === 'full') await this.#rely(situation, result);
    });
  }

  #rehearsal(situation: Situation): Promise<Rehearsed> {
    const id = this.result.backup?.id;
    // Of what was ended since, the backup of before knows nothing.
    const behind = id === undefined || this.#changed ? undefined : { store: storeOf(this.#run), id };
    return rehearsePending(this.#run, this.#connection, situation, behind);
  }

  /** Without a deploy hook all of them at once: where the deploy is not ours, `--phase` says which half is meant. */
  async #applyBefore({ plan }: Situation): Promise<void> {
    if (!this.#deploys) return this.#applyPlan(plan);
    if (plan.pending.some(({ phase }) => phase === 'before-deploy')) await this.#applyPlan(plan, 'before-deploy');
  }

  async #applyAfter({ plan }: Situation): Promise<void> {
    const rest = plan.pending.filter(({ phase }) => phase === 'after-deploy');
    if (!this.#deploys || rest.length === 0) return;
    let now = await readSituation(this.#run, this.#connection, plan.scope);
    // What was agreed to is the whole plan: what is left of it, on top of what was applied, and nothing else.
    try {
      assertUnmoved({ digest: planDigest(now.plan.database, now.plan.position.digest, rest) }, now.plan);
    } catch (thrown) {
      this.#stop(plan, asReleaseError(thrown));
    }
    if (this.#settles && takenUp(now).length > 0) {
      now = await this.#settle(now);
      // Only now is it known what these run on.
      if (now.plan.pending.length > 0) await this.#rehearse(now);
    }
    if (now.plan.pending.length > 0) await this.#applyPlan(now.plan);
  }

  get #about(): AboutApply {
    return { kind: 'release', backupId: this.result.backup?.id, relied: this.result, before: this.#progress };
  }

  #applyPlan(plan: MigrationPlan, phase?: Phase): Promise<void> {
    return this.steps.run('apply', async () => {
      this.#applied((await applyPlan(this.#run, this.#connection, plan, { ...this.#about, phase })).progress);
    });
  }

  /** Ends it between two migrations, and says how far it is where that is anywhere. */
  #stop(plan: MigrationPlan, error: ReleaseError): never {
    if (this.#changed) this.#applied(stoppedAfter(this.#progress, plan, error));
    throw error;
  }

  #applied(progress: Progress): void {
    this.#progress = progress;
    const { done, failed, remaining, error } = progress;
    this.result.migrate = { releaseId: this.result.releaseId, applied: done, failed, remaining };
    if (error !== undefined) throw error;
  }

  get #deploys(): boolean {
    return this.#run.invocation.settings.hooks.deploy !== undefined;
  }

  async #deploy(): Promise<void> {
    const { deploy } = this.#run.invocation.settings.hooks;
    if (deploy === undefined) return this.steps.skip('deploy', 'no hook');
    await this.steps.run('deploy', async () => {
      const end = await runHook(this.#run, 'deploy', deploy);
      stopIfCancelled(this.#run);
      this.result.deploy = { durationMs: end.durationMs };
      if (end.state === 'done') return;
      throw new ReleaseError(
        'DEPLOY_FAILED',
        `${this.#changed ? 'The migrations before it are applied, and the' : 'The'} deploy hook failed: ${end.why}.`,
        {
          hint: 'Correct hooks.deploy and deploy again, or go back with mongo-release rollback.',
        },
      );
    });
  }

  async #verify(): Promise<void> {
    if (this.#run.invocation.settings.probes.length === 0) {
      this.warnings.push(nothingVerified(this.#run));
      return this.steps.skip('verify', 'no probes');
    }
    await this.steps.run('verify', async () => {
      const { phase = 'after-deploy' } = this.#run.invocation.flags;
      const probes = await probe(this.#run, this.#connection, phase);
      this.result.verify = { probes };
      if (probes.length === 0) this.warnings.push(nothingVerified(this.#run));
      const error = probeFailure(probes);
      if (error !== undefined) throw error;
    });
  }

  /** The way back that `on-failure: rollback` asked for. A restore loses what users wrote since: production needs a person for it. */
  async #back(cause: ReleaseError): Promise<End> {
    try {
      await this.steps.run('rollback', () => this.#takeBack());
    } catch (thrown) {
      const error = asReleaseError(thrown);
      const message = `${cause.message}\nThe rollback that was asked for did not succeed: ${error.message}`;
      const reason = this.#isProduction ? ' --reason "…"' : '';
      // The release's own command would begin another release.
      const hint =
        error.code === 'LEASE_HELD'
          ? `Type mongo-release rollback ${this.#run.releaseId} --wait 60s${reason}: it begins when the lease is free.`
          : error.hint;
      return { outcome: 'failed-dirty', error: new ReleaseError('ROLLBACK_FAILED', message, { hint, cause: error }) };
    }
    const message = `${cause.message}\nThe release was rolled back, as asked.`;
    return {
      outcome: 'rolled-back',
      error: new ReleaseError('ROLLED_BACK', message, { hint: 'Correct the cause and release again.', cause }),
    };
  }

  get #isProduction(): boolean {
    return targetOf(this.#run).environment === 'production';
  }

  /** A release of code alone is taken back too, where it was deployed and a hook knows how. */
  get #hasWayBack(): boolean {
    const { 'rollback-app': rollbackApp } = this.#run.invocation.settings.hooks;
    return this.#changed || (this.result.deploy !== undefined && rollbackApp !== undefined);
  }

  async #takeBack(): Promise<void> {
    // Also after a cancel: it is a way back that was asked for, and stopping on it leaves the worst of both.
    const run = { ...this.#run, signal: new AbortController().signal };
    const release = await this.#released();
    const way = await this.#wayBack(run, release);
    run.log.info(`The way back: ${way.strategy}. ${way.why}`);
    if (way.strategy === 'none' && this.result.deploy === undefined) return;
    const never =
      way.strategy === 'restore' ? await neverByItself(run, way.backupId, targetOf(run).environment) : undefined;
    if (never !== undefined) {
      throw new ReleaseError('NO_WAY_BACK', `${never}, and there is no other way back: ${way.why}`, {
        hint: `When losing what users wrote since is right, type mongo-release rollback ${release._id} --strategy restore.`,
      });
    }
    const before = await earlierRollback(run, this.#connection, release._id);
    // What was done then was done for an earlier attempt at this release.
    const earlier: Earlier = before.state === 'unfinished' ? { ...before, state: 'overtaken' } : before;
    const { result, warnings, error } = await takeBack(run, this.#connection, release, way, earlier);
    this.result.rollback = result;
    this.warnings.push(...warnings);
    if (error !== undefined) throw error;
  }

  async #released(): Promise<Released> {
    const { releaseId } = this.#run;
    const record = await this.#records.find(releaseId);
    return record ?? { _id: releaseId, migrations: [] };
  }

  async #wayBack(run: Run, release: Released): Promise<WayBack> {
    if (this.#changed) return (await findWayBack(run, this.#connection, release, 'auto')).way;
    return { strategy: 'none', why: 'Nothing of it is in the target but the application.' };
  }

  /** Every release that may change the target is on record, also one that something stops before it does. */
  async #open(known: Omit<RecordOpening, 'kind'> = {}): Promise<void> {
    if (!this.#apply) return;
    await this.#records.open({ kind: 'release', ...known });
    this.#opened = true;
  }

  async #record(end: End): Promise<End> {
    const { outcome, error } = end;
    if (this.#opened) await this.#records.close({ outcome, error, steps: this.steps.all });
    return end;
  }
}

/** What came to light before the deploy, and after it: what the later one could not show is what is still open. */
function joined(before: RehearsalResult | undefined, after: RehearsalResult): RehearsalResult {
  if (before === undefined) return after;
  const durationMs = before.durationMs + after.durationMs;
  return { ...after, migrations: [...before.migrations, ...after.migrations], durationMs };
}

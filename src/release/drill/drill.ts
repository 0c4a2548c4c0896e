import { type ArchiveManifest, manifestTotals } from '../../backup/manifest.ts';
import { restoreVerified } from '../../backup/restore.ts';
import type { BackupStore } from '../../backup/stores/store.ts';
import { verifyBackup } from '../../backup/verify.ts';
import { listed } from '../../migration/files/find.ts';
import { type Connection, connect } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { isSameMajor } from '../../sandbox/version.ts';
import { effectsLine } from '../applying/effects-line.ts';
import type { Turn } from '../applying/turns.ts';
import { identitiesOf } from '../backup/keys.ts';
import { storeOf } from '../backup/take-backup.ts';
import { journalFor, probeSandbox, runInSandbox, sandboxFor, whileThere } from '../in-sandbox.ts';
import { outcomeOfError } from '../outcome.ts';
import { bytesProgress, restoreProgress } from '../progress.ts';
import { Steps } from '../record/steps.ts';
import { offendingInSandbox } from '../rehearsal/offending.ts';
import type { Ended } from '../result.ts';
import { namesOf, type Run, stopIfCancelled } from '../run.ts';
import { probeFailure } from '../verify.ts';
import { chooseBackup, type DrilledTarget, drilledTarget } from './choose.ts';
import { countRestored } from './compare.ts';
import { judgeLimits } from './limits.ts';
import { type Behind, behindOf } from './pending.ts';
import { keepDrill } from './record.ts';
import type { DrillResult, DrillStep } from './result.ts';
import { isUnrestorable } from './unrestorable.ts';

/**
 * `drill`: restores the newest backup into a sandbox, brings it to the schema of this checkout, looks at it, and says how
 * long that took. Store and project are enough: there is no connection to the target, which may be gone. The drill stands
 * on record in the store.
 */
export async function drill(run: Run): Promise<Ended<'drill'>> {
  const store = storeOf(run);
  const startedAt = new Date();
  const target = drilledTarget(run);
  const walk = new Walk(run, store, target, startedAt);
  const error = await walk.walk().then(
    () => undefined,
    (thrown: unknown) => asReleaseError(thrown),
  );
  const { manifest, result, warnings } = walk;
  const steps = walk.steps.all;
  const end = { startedAt, target, manifest, result, steps, error };
  const record = await keepDrill(run, store, end).catch((thrown: unknown) => {
    const { code, message } = asReleaseError(thrown);
    warnings.push(`This drill could not be put on record: ${message} [${code}]`);
    return undefined;
  });
  const { name, database, environment = 'development' } = manifest?.target ?? target;
  return {
    command: 'drill',
    // Nothing but a sandbox was ever changed.
    outcome:
      error === undefined ? 'rehearsed' : error.code === 'DRILL_FAILED' ? 'failed-clean' : outcomeOfError(error, false),
    result: result && { ...result, record },
    error,
    target: { name, database, environment },
    releaseId: run.releaseId,
    ...{ steps, warnings },
  };
}

class Walk {
  readonly steps = new Steps();
  readonly warnings: string[] = [];
  manifest: ArchiveManifest | undefined;
  result: DrillResult | undefined;
  readonly #run: Run;
  readonly #store: BackupStore;
  readonly #target: DrilledTarget;
  readonly #startedAt: Date;
  readonly #began = performance.now();
  readonly #problems: string[] = [];

  constructor(run: Run, store: BackupStore, target: DrilledTarget, startedAt: Date) {
    this.#run = run;
    this.#store = store;
    this.#target = target;
    this.#startedAt = startedAt;
  }

  async walk(): Promise<void> {
    const manifest = await chooseBackup(this.#run, this.#store, this.#target);
    this.manifest = manifest;
    this.#run.log.info(`Drilling backup ${manifest.id} of ${manifest.createdAt}.`);
    this.#begin(manifest);
    const stopped = await this.#recover(manifest).then(
      () => undefined,
      (thrown: unknown) => this.#asProblem(asReleaseError(thrown), manifest),
    );
    const problems = [...this.#problems, ...this.#judge()];
    if (problems.length === 0) return;
    throw new ReleaseError('DRILL_FAILED', `The drill of backup ${manifest.id} failed. ${problems.join(' ')}`, {
      hint:
        stopped?.hint ?? 'Look at the steps and numbers of this drill; limits stand under drill in mongo-release.yml.',
      cause: stopped,
    });
  }

  async #recover(manifest: ArchiveManifest): Promise<void> {
    const run = this.#run;
    const behind = await behindOf(run, manifest);
    this.warnings.push(...behind.warnings);
    const identities = await identitiesOf(run);
    const { log, signal } = run;
    const say = bytesProgress(log, 'Verifying.');
    const verified = await this.steps.run('verify', () =>
      verifyBackup(this.#store, manifest.id, {
        ...{ identities, signal },
        onProgress: ({ bytes, totalBytes }) => say(bytes, totalBytes),
      }),
    );
    this.#know({ verified: true });
    // The target that is told by no address here is told by what its backup has of it.
    const target = { hosts: [], replicaSetId: manifest.target.cluster?.replicaSetId };
    await using sandbox = await this.steps.run('start', () => sandboxFor(run, manifest.server.version, [target]));
    const { serverVersion, description } = sandbox;
    this.#know({ serverVersion, sandbox: description });
    this.#warnOfVersion(manifest, serverVersion);
    const { database } = manifest.target;
    await whileThere(run, sandbox, async (run) => {
      await using connection = await connect(sandbox.uri, { database, secrets: run.secrets });
      await this.steps.run('restore', () =>
        restoreVerified(connection, this.#store, verified, {
          ...{ own: namesOf(run), log, signal: run.signal, identities, onProgress: restoreProgress(log) },
        }),
      );
      await this.#look('count', () => this.#count(connection, manifest));
      await this.#migrate(run, sandbox, connection, behind);
      await this.#look('probe', () => this.#probe(connection));
    });
    const counting = this.steps.all.find(({ name }) => name === 'count')?.durationMs ?? 0;
    this.#know({ recoveryTimeMs: Math.round(performance.now() - this.#began) - counting });
  }

  /** What ended the drill and says of the backup that it does not do is a finding like others. Throws what says nothing of it. */
  #asProblem(error: ReleaseError, manifest: ArchiveManifest): ReleaseError {
    if (error.code === 'DRILL_FAILED') this.#problems.push(error.message);
    else if (isUnrestorable(error, manifest, this.result?.serverVersion))
      this.#problems.push(`The backup cannot be restored: ${error.message} [${error.code}]`);
    else throw error;
    return error;
  }

  /** A step whose finding does not end the drill: there may be others. */
  async #look(name: DrillStep, work: () => Promise<string | undefined>): Promise<void> {
    const step = this.steps.run(name, async () => {
      const problem = await work();
      if (problem !== undefined) throw new ReleaseError('DRILL_FAILED', problem, { hint: 'Look at its numbers.' });
    });
    await step.catch((thrown: unknown) => {
      const error = asReleaseError(thrown);
      if (error.code !== 'DRILL_FAILED') throw error;
      this.#problems.push(error.message);
    });
  }

  #begin(manifest: ArchiveManifest): void {
    const { id, createdAt, clusterTime } = manifest;
    const at = clusterTime === undefined ? new Date(createdAt) : new Date(clusterTime.t * 1000);
    const recoveryPoint = { at: at.toISOString(), ageMs: Math.max(0, this.#startedAt.getTime() - at.getTime()) };
    this.result = {
      ...{ backupId: id, location: this.#store.location, createdAt, ...manifestTotals(manifest) },
      ...{ verified: false, recoveryPoint, limits: [], counts: [], migrations: [] },
    };
    // How old the data are is known whatever becomes of the drill.
    this.#judge();
  }

  /** What exceeds its limit, a sentence each. */
  #judge(): readonly string[] {
    const { recoveryTimeMs, recoveryPoint } = this.result ?? {};
    const seen = { 'recovery-time': recoveryTimeMs, 'recovery-point': recoveryPoint?.ageMs };
    const { limits, problems } = judgeLimits(this.#run.invocation.settings.drill, seen);
    this.#know({ limits });
    return problems;
  }

  #know(more: Partial<DrillResult>): void {
    if (this.result !== undefined) this.result = { ...this.result, ...more };
  }

  #warnOfVersion({ server }: ArchiveManifest, version: string): void {
    if (isSameMajor(server.version, version)) return;
    this.warnings.push(
      `The backup is of MongoDB ${server.version} and the sandbox ran ${version}: that the former restores it was not seen.`,
    );
  }

  async #count({ db }: Connection, { namespaces }: ArchiveManifest): Promise<string | undefined> {
    const counts = await countRestored(db, namespaces);
    this.#know({ counts });
    stopIfCancelled(this.#run);
    const others = counts.filter(({ state }) => state === 'differs').map(({ collection }) => collection);
    return others.length === 0 ? undefined : `Of ${listed(others)} the sandbox has other documents than the backup.`;
  }

  async #migrate(run: Run, sandbox: Sandbox, connection: Connection, { turns, impossible }: Behind): Promise<void> {
    if (impossible !== undefined) {
      throw new ReleaseError(
        'DRILL_FAILED',
        `The backup can be restored, and not be brought to the schema of this checkout: ${impossible}.`,
        { hint: 'Take a backup between two releases, or drill an older one: mongo-release inspect lists them.' },
      );
    }
    if (turns.length === 0) return this.steps.skip('migrate', 'nothing is pending after this backup');
    await this.steps.run('migrate', async () => {
      for (const [number, turn] of turns.entries()) await this.#apply(run, sandbox, connection, turn, number);
    });
  }

  async #apply(run: Run, sandbox: Sandbox, connection: Connection, { file }: Turn, number: number): Promise<void> {
    stopIfCancelled(run);
    const { databaseName: database } = connection.db;
    const journal = await journalFor(run, connection, file.name, number);
    const end = await runInSandbox(run, sandbox, { file, direction: 'up', database, journal });
    const { name } = file;
    const { durationMs, effects } = end;
    if (end.state === 'done') {
      run.log.info(`Applied ${name} in the sandbox: ${effectsLine(effects)}.`, { durationMs });
      this.#know({ migrations: [...(this.result?.migrations ?? []), { name, durationMs, effects }] });
      return;
    }
    stopIfCancelled(run);
    const attempt = journal?.attempt;
    const { offending, told } = await offendingInSandbox(run, sandbox, connection, { file, attempt, end });
    stopIfCancelled(run);
    this.#know({ failed: { name, durationMs, effects, offending } });
    throw new ReleaseError(
      'DRILL_FAILED',
      `The backup can be restored, and not be brought to the schema of this checkout: migration ${name} failed: ${end.error.message} [${end.error.code}]${told}`,
      {
        // What its own hint says to correct are documents; those of a backup stay as they are.
        hint:
          offending.length === 0
            ? end.error.hint
            : `Let ${name} bear such documents, which stay in the backup as they are, and drill again. Where the target's have been put right, or it is applied there, take a new backup and drill that one.`,
        cause: end.error,
      },
    );
  }

  async #probe(connection: Connection): Promise<string | undefined> {
    const probes = await probeSandbox(this.#run, connection, 'after-deploy');
    this.#know({ probes });
    if (probes.length === 0) {
      this.warnings.push('No probe looks into the database: whether an application could work with it was not asked.');
    }
    return probeFailure(probes)?.message;
  }
}

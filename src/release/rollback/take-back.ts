import { keptInWords } from '../../backup/restore/late.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { outcomeOfError } from '../outcome.ts';
import { OwnRecord } from '../record/own-record.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { newReleaseId } from '../record/release-id.ts';
import { RollbackRecords } from '../record/rollback-records.ts';
import type { Run } from '../run.ts';
import { type Tenure, underLease } from '../under-lease.ts';
import { type DataEnd, dataBack, restoredBefore } from './data-back.ts';
import { type Earlier, earlierRollback, stepsBefore } from './earlier.ts';
import { foundBack } from './found-back.ts';
import { incomplete } from './incomplete.ts';
import { refuseHalfRestored } from './open.ts';
import { Playbook } from './playbook.ts';
import { type Consent, positionNow } from './restoring.ts';
import { type DataTakenBack, inAll, type RollbackResult } from './result.ts';
import { StepLog } from './step-log.ts';
import { refuseDeploying, refuseGoneOn } from './still-running.ts';
import { stateIn, Traffic } from './traffic.ts';
import { type Found, findWayBack, nothingRead, type Released, type WayBack } from './way-back.ts';

export interface TakenBack {
  readonly result: RollbackResult;
  readonly warnings: readonly string[];
  /** There when it is not complete: `ROLLBACK_FAILED`, or why nothing was begun. */
  readonly error?: ReleaseError;
}

/**
 * Walks the way back: traffic, data, verification, application, reconciliation, traffic. A record of its own has each
 * step before it begins; `earlier` is the one to go on with, if any. How far it got is in what comes back; nothing is
 * thrown. `consent` to a restore holds for what was asked about, and no further.
 */
export async function takeBack(
  run: Run,
  connection: Connection,
  release: Released,
  way: WayBack,
  earlier: Earlier,
  consent?: Consent,
): Promise<TakenBack> {
  const walk = new Walk(run, connection, release, way, earlier, consent);
  try {
    await walk.walk();
    return walk.taken;
  } catch (thrown) {
    return { ...walk.taken, error: await walk.stopped(asReleaseError(thrown)) };
  }
}

class Walk {
  readonly #run: Run;
  readonly #connection: Connection;
  readonly #records: OwnRecord;
  readonly #release: Released;
  readonly #way: WayBack;
  readonly #earlier: Earlier;
  readonly #consent: Consent | undefined;
  readonly #strategy: RollbackResult['strategy'];
  readonly #why: string;
  readonly #typedAt: Date | undefined;
  readonly #steps: StepLog;
  readonly #traffic: Traffic;
  readonly #playbook: Playbook;
  #data: DataTakenBack;
  #begun = false;
  /** What the record is kept under; undefined while there is none. */
  #tenure: Tenure | undefined;

  constructor(
    run: Run,
    connection: Connection,
    release: Released,
    way: WayBack,
    earlier: Earlier,
    consent: Consent | undefined,
  ) {
    const record = recordOf(earlier);
    const { actor, host, runUrl } = run.origin;
    // A release that takes itself back has begun as something else.
    this.#typedAt = run.invocation.command === 'rollback' ? run.startedAt : undefined;
    this.#run = { ...run, releaseId: record?._id ?? newReleaseId(), startedAt: new Date() };
    this.#connection = connection;
    this.#records = new OwnRecord(connection, this.#run);
    this.#release = release;
    this.#way = way;
    this.#earlier = earlier;
    this.#consent = consent;
    this.#strategy = way.strategy === 'none' ? (record?.strategy ?? 'none') : way.strategy;
    this.#why = way.strategy === 'none' ? (record?.why ?? way.why) : way.why;
    this.#steps = new StepLog(stepsBefore(earlier), { actor, host, runUrl }, () => this.#keep());
    this.#traffic = new Traffic(async (now) => {
      if (this.#tenure !== undefined) await this.#records.keepTraffic(now);
    });
    this.#playbook = new Playbook(this.#run, connection, this.#steps, this.#strategy, this.#traffic);
    this.#data = record?.data ?? { reverted: [], kept: [], conflicts: [] };
  }

  get taken(): TakenBack {
    const { probes, warnings } = this.#playbook;
    const { _id: releaseId } = this.#release;
    const rollbackId = this.#begun ? this.#run.releaseId : undefined;
    const result = { releaseId, rollbackId, strategy: this.#strategy, ...this.#data, probes, steps: this.#steps.all };
    const { kept = [] } = this.#data.loss ?? {};
    return { result, warnings: [...warnings, ...kept.map(keptInWords)] };
  }

  /** All of it under the lease: nobody migrates while users are shut out and the application is on its way back. */
  async walk(): Promise<void> {
    await underLease(this.#run, this.#connection, async (tenure) => {
      const found = await this.#lookAgain();
      const stopped = await new RollbackRecords(this.#connection.db, this.#run).trafficStopped();
      // Who keeps them out of data that are on their way lets them in, and not who brings none back.
      const isAnothers = this.#way.strategy === 'none' && stopped?.of !== this.#release._id;
      this.#traffic.found(isAnothers ? undefined : stopped?.traffic);
      await this.#begin(tenure);
      const before = recordOf(this.#earlier);
      if (before !== undefined && this.#foundRestored) {
        const keep = (known: Partial<DataTakenBack>) => this.#know(known);
        this.#data = joined(this.#data, { data: await foundBack(this.#run, this.#connection, before) });
        this.#data = joined(this.#data, await restoredBefore(this.#run, this.#connection, tenure, before, keep));
        await this.#keep();
      }
      await this.#playbook.stopTraffic();
      await this.#takeDataBack(tenure, found);
      if (!this.#erased) await this.#finish();
    });
    if (!this.#erased) return;
    // Atlas has brought another lease back, and records without this one.
    await underLease(this.#run, this.#connection, async (tenure) => {
      await this.#begin(tenure);
      if (this.#traffic.stopped !== undefined) await this.#traffic.is(this.#traffic.stopped.state);
      await this.#finish();
    });
  }

  /** Puts it on record that it is not complete; comes back with the error that says so. */
  async stopped(cause: ReleaseError): Promise<ReleaseError> {
    if (!this.#begun) return cause;
    const { stopped } = this.#traffic;
    const error = incomplete(this.#run, cause, this.taken.result, this.#steps, stopped, this.#consent?.erases);
    // Another run may go on with it by now.
    if (cause.code === 'LEASE_LOST') return error;
    await this.#records.close({ outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), error });
    return error;
  }

  get #erased(): boolean {
    return this.#data.restore?.cluster !== undefined;
  }

  /** Whether a restore may have come to its end that could not say so: then it may have left what it had put aside. */
  get #foundRestored(): boolean {
    const before = stateIn(recordOf(this.#earlier)?.steps ?? [], 'data');
    const untold = before !== 'done' || (this.#strategy === 'restore' && this.#data.restore === undefined);
    return untold && this.#steps.stateOf('data') === 'done';
  }

  /** Since the way was chosen, another run may have built on what it takes away, or gone on with it, or begun to deploy. */
  async #lookAgain(): Promise<Found> {
    const way = this.#way;
    if (this.#typedAt === undefined) await refuseGoneOn(this.#run, this.#connection, this.#release._id);
    await refuseDeploying(this.#run, this.#connection, this.#release._id);
    const earlier = await earlierRollback(this.#run, this.#connection, this.#release._id);
    if (nameOf(earlier) !== nameOf(this.#earlier)) throw changedMeanwhile();
    if (this.#consent !== undefined && (await positionNow(this.#run, this.#connection)) !== this.#consent.position)
      throw changedMeanwhile();
    if (way.strategy === 'undo' || way.strategy === 'down') await refuseHalfRestored(this.#run, this.#connection);
    if (way.strategy === 'none') return { way, wayDown: nothingRead };
    const found = await findWayBack(this.#run, this.#connection, this.#release, way.strategy, { imagesRead: true });
    if (namesIn(found.way) !== namesIn(way)) throw changedMeanwhile();
    return found;
  }

  async #begin(tenure: Tenure): Promise<void> {
    const { migrations, _id: of } = this.#release;
    const way = this.#way;
    const before = recordOf(this.#earlier);
    await this.#records.start({
      ...{ kind: 'rollback', of, migrations, strategy: this.#strategy, why: this.#why },
      // Where the data are back nothing is restored, and the record goes on to say by which backup.
      backupId: way.strategy === 'restore' ? way.backupId : way.strategy === 'none' ? before?.backupId : undefined,
      erases: this.#consent?.erases,
      ...{ reason: this.#run.invocation.flags.reason ?? before?.reason, fence: tenure.lease.fence },
      ...{ steps: this.#steps.all, data: this.#data, typedAt: this.#typedAt },
    });
    this.#begun = true;
    this.#tenure = tenure;
  }

  async #keep(): Promise<void> {
    const steps = this.#steps.all;
    if (this.#tenure === undefined) return;
    const { lease } = this.#tenure;
    if (steps.some(({ state }) => state === 'running')) lease.assertHeld();
    await this.#records.keep({ steps, data: this.#data });
  }

  async #know(known: Partial<DataTakenBack>): Promise<void> {
    this.#data = { ...this.#data, ...known };
    await this.#keep();
  }

  async #takeDataBack(tenure: Tenure, found: Found): Promise<void> {
    await this.#playbook.data(found.way, async () => {
      const before = recordOf(this.#earlier);
      if (before !== undefined)
        this.#data = joined(this.#data, { data: await foundBack(this.#run, this.#connection, before) });
      const end = await dataBack(this.#run, this.#connection, tenure, found, {
        release: this.#release._id,
        consent: this.#consent,
        keep: (known) => this.#know(known),
      });
      this.#data = joined(this.#data, end);
      if (this.#erased) this.#tenure = undefined;
      if (end.error !== undefined) throw end.error;
    });
  }

  async #finish(): Promise<void> {
    await this.#playbook.finish();
    await this.#records.close({ outcome: 'rolled-back' });
  }
}

/**
 * What an earlier run has taken back is no more there for the later one to take back. Of what a restore has replaced nothing is
 * left half-way, or to users.
 */
function joined(before: DataTakenBack, { data, replaced }: DataEnd): DataTakenBack {
  const told = new Set(before.reverted.map(({ name }) => name));
  const reverted = [...before.reverted, ...(data.reverted ?? []).filter(({ name }) => !told.has(name))];
  if (replaced) return { ...before, ...data, reverted, failed: undefined, undo: undefined, conflicts: [] };
  const undo = [...(before.undo ?? []), ...(data.undo ?? [])];
  return {
    ...before,
    ...data,
    reverted,
    conflicts: inAll([...before.conflicts, ...(data.conflicts ?? [])]),
    ...(undo.length > 0 && { undo }),
  };
}

function namesIn(way: WayBack): string {
  return 'names' in way ? `${way.strategy} ${way.names.join()}` : way.strategy;
}

function recordOf(earlier: Earlier): ReleaseRecord | undefined {
  return earlier.state === 'unfinished' ? earlier.record : undefined;
}

/** Also of one that came to its end: whoever waited for the lease meanwhile was told of the data before it. */
function nameOf({ record }: Earlier): string | undefined {
  return record && [record._id, record.fence, record.finishedAt?.getTime()].join(' ');
}

function changedMeanwhile(): ReleaseError {
  return new ReleaseError('HISTORY_CONFLICT', 'The history of this target was changed while the way back was chosen.', {
    hint: 'Look at mongo-release status, then run the command again.',
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Elapsed } from '../../migration/lease/clock.ts';
import { inspectLease, ownerText } from '../../migration/lease/state.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { asReleaseError, ReleaseError } from '../../observe/error.ts';
import { formatTime } from '../../report/format.ts';
import { thisAttempt } from '../record/attempt.ts';
import { hookAtIt, isDeploying, presenceInWords } from '../record/presence.ts';
import { deploysOf, latestBegan, type ReleaseRecord } from '../record/record.ts';
import { ReleaseRecords } from '../record/records.ts';
import { namesOf, type Run, stopIfCancelled } from '../run.ts';
import { refuseOpenRollback } from './open.ts';

/**
 * Nobody has the lease while an application is deployed: a release that is at that would end on the data of before. Throws
 * `HISTORY_CONFLICT` where signs of life come from it, or its deploy hook has outlived it, unless a person says that it is
 * gone. Where none come any more, it was cut off as far as can be seen, which is said in what comes back.
 */
export async function refuseRunning(run: Run, { db }: Connection, release: ReleaseRecord): Promise<string | undefined> {
  const { _id, state, host, pid, steps } = release;
  if (state !== 'running' || deploysOf({ steps }).length === 0) return undefined;
  const [seen] = await new ReleaseRecords(db, run).look([release]);
  if (seen === undefined) return undefined;
  const { record, presence } = seen;
  const words = presenceInWords(record, presence);
  const cutOff = presence !== 'here';
  if ((cutOff && hookAtIt(record) === undefined) || run.invocation.flags['dry-run']) return words;
  if (run.invocation.flags.yes) return cutOff ? words : undefined;
  if (cutOff) {
    if (await run.confirm?.(`${words} Take it back beside it?`)) return undefined;
    throw new ReleaseError('HISTORY_CONFLICT', words, {
      hint: `To take it back beside that all the same, type mongo-release rollback ${_id} --yes.`,
    });
  }
  const message = `${words} Its end is not on record: process ${pid} on ${host} is at it.`;
  if (await run.confirm?.(`${message} Is it gone, and to be taken back?`)) return undefined;
  throw new ReleaseError('HISTORY_CONFLICT', message, {
    hint: `Stop that run, or wait for its end. If it is gone already, type mongo-release rollback ${_id} --yes.`,
  });
}

/**
 * Throws `HISTORY_CONFLICT` where another release than the one that is taken back is at its deploy hook, or that hook has
 * outlived it, unless a person says that it is gone: whichever application came last would be there. Where that was said, or
 * it is only asked about, what it is at is in what comes back. Only reads.
 */
export async function refuseDeploying(run: Run, { db }: Connection, release: string): Promise<string | undefined> {
  const records = new ReleaseRecords(db, run);
  const [here, left] = await Promise.all([records.unended(release), records.hooksLeft()]).catch((error: unknown) => {
    throw asServerFailure(error, 'looking for a release that deploys');
  });
  const other =
    here.find(({ record, presence }) => presence === 'here' && isDeploying(record)) ??
    left.find(({ record }) => record._id !== release);
  if (other === undefined) return undefined;
  const words = presenceInWords(other.record, other.presence);
  if (run.invocation.flags.yes || run.invocation.flags['dry-run']) return words;
  const again = `type mongo-release rollback ${release}`;
  throw new ReleaseError('HISTORY_CONFLICT', words, {
    hint:
      other.presence === 'here'
        ? `It goes on by itself: wait for its end, then ${again}. If it is gone already, ${again} --yes.`
        : `Wait for the end of that hook, or stop it; then ${again}. To go on beside it, ${again} --yes.`,
  });
}

/**
 * Throws `HISTORY_CONFLICT` where another process has gone on with the release that would take itself back: what is there is
 * that one's by now, which may deploy on it without a lease. Only reads.
 */
export async function refuseGoneOn(run: Run, { db }: Connection, release: string): Promise<void> {
  const record = await new ReleaseRecords(db, run).find(release).catch((error: unknown) => {
    throw asServerFailure(error, 'looking whether another run has gone on with the release');
  });
  if (record === null || record.attemptId === thisAttempt) return;
  const { pid, host, heard } = record;
  const by = `process ${pid} on ${host}, last heard of at ${formatTime(heard?.at ?? latestBegan(record))}`;
  const message = `Another run has gone on with release ${release} since: ${by}. Nothing is taken back under that one.`;
  throw new ReleaseError('HISTORY_CONFLICT', message, {
    hint: `Wait for the end of that run. Where the release is to go all the same, type mongo-release rollback ${release} then.`,
  });
}

/**
 * Throws `HISTORY_CONFLICT` where the deploy hook of a release that was cut off is seen to be still at it, also of one that was
 * taken back beside it: what it brings may come over what is deployed now. Only reads.
 */
export async function refuseHookLeft(run: Run, { db }: Connection): Promise<void> {
  const [left] = await new ReleaseRecords(db, run).hooksLeft().catch((error: unknown) => {
    throw asServerFailure(error, 'looking for deploy hooks that have outlived their run');
  });
  if (left === undefined) return;
  throw new ReleaseError('HISTORY_CONFLICT', presenceInWords(left.record, left.presence), {
    hint: 'Wait for the end of that hook, or stop it; then run this again.',
    details: { releaseId: left.record._id },
  });
}

/** Throws `HISTORY_CONFLICT` where a rollback is under way, or such a hook: nobody applies or deploys anything beside either. Only reads. */
export async function refuseBeside(run: Run, connection: Connection): Promise<void> {
  await refuseOpenRollback(run, connection);
  await refuseHookLeft(run, connection);
}

/**
 * The same for a release, and where signs of life come from another one between the beginning of its deploy and its end:
 * nobody has the lease then, and whichever application came last would be there. One that was cut off is gone on from, and
 * so is one of an earlier version, which gives no signs: comes back with a sentence or two of each.
 */
export async function refuseBesideRelease(run: Run, connection: Connection): Promise<string[]> {
  await refuseBeside(run, connection);
  const others = await unended(run, connection);
  const other = others.find(({ record, presence }) => presence === 'here' && record.heard !== undefined)?.record;
  if (other === undefined) return others.map(({ record, presence }) => presenceInWords(record, presence));
  const { _id, pid, host } = other;
  throw new ReleaseError('HISTORY_CONFLICT', `${presenceInWords(other, 'here')} Process ${pid} on ${host} is at it.`, {
    hint: `It goes on by itself: wait for its end, then run this again; with --wait 10m it does so by itself. If it is gone already, run this again once nothing was heard of it for as long as lease.ttl says: it goes on from there; mongo-release rollback ${_id} takes it back.`,
    details: { releaseId: _id },
  });
}

/**
 * Throws `HISTORY_CONFLICT` where another release has the lease: it deploys after what it applies, and is refused that beside
 * a deploy. What else applies is in nobody's way: an application may apply what it needs as it is deployed. Only reads.
 */
export async function refuseApplying(run: Run, { db }: Connection): Promise<void> {
  const lease = await inspectLease(db, namesOf(run));
  if (!lease.held || lease.holder?.command !== 'release' || lease.holder.releaseId === run.releaseId) return;
  throw new ReleaseError('HISTORY_CONFLICT', `Another release is at its migrations: ${ownerText(lease)}.`, {
    hint: 'It goes on by itself, and deploys: wait for its end, then run this again; with --wait 10m it does so by itself.',
    details: { releaseId: lease.holder.releaseId },
  });
}

/**
 * As `refuseBesideRelease`, once what would be refused has not come to its end within `--wait`; with that it waits for a
 * release that applies as well. What nobody is at, such as a rollback that was cut off, is not waited for.
 */
export async function awaitBesideRelease(run: Run, connection: Connection): Promise<string[]> {
  const { wait = 0 } = run.invocation.flags;
  const waited = new Elapsed();
  for (let told = false; ; told = true) {
    const rest = wait - waited.ms;
    try {
      const cutOff = await refuseBesideRelease(run, connection);
      // Without it, whoever has something to apply is told by the lease.
      if (wait > 0) await refuseApplying(run, connection);
      return cutOff;
    } catch (thrown) {
      const { code, message, details } = asReleaseError(thrown);
      if (rest <= 0 || code !== 'HISTORY_CONFLICT') throw thrown;
      // A rollback that is under way has the lease.
      const ends = details.releaseId !== undefined || (await inspectLease(connection.db, namesOf(run))).held;
      if (!ends) throw thrown;
      if (!told) run.log.info(`Waiting for its end: ${message}`);
      const pause = Math.min(500 + 1000 * Math.random(), rest);
      await sleep(pause, undefined, { signal: run.signal }).catch(() => stopIfCancelled(run));
    }
  }
}

/** A sentence or two of each release without an end: its run is still at it, or was cut off. Only reads. */
export async function unendedWarnings(run: Run, connection: Connection, holder?: string): Promise<string[]> {
  const others = await unended(run, connection);
  // Whoever has the lease is named with it.
  return others
    .filter(({ record }) => record._id !== holder)
    .map(({ record, presence }) => presenceInWords(record, presence));
}

/** The other releases without an end. Throws what `asServerFailure` makes of a server's failure. */
function unended(run: Run, { db }: Connection): ReturnType<ReleaseRecords['unended']> {
  return new ReleaseRecords(db, run).unended(run.releaseId).catch((error: unknown) => {
    throw asServerFailure(error, 'looking for releases without an end');
  });
}

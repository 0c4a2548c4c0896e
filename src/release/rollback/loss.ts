import { Timestamp } from 'mongodb';
import type { Manifest } from '../../backup/manifest.ts';
import { inAll, type Lost } from '../../backup/restore/late.ts';
import { restoreCollection } from '../../backup/restore/record.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { type WritesSince, writesSince } from '../../mongo/writes-since.ts';
import { ReleaseError } from '../../observe/error.ts';
import { formatCount, plural } from '../../report/format.ts';
import { notCountedInWords } from '../../report/way-back.ts';
import { agree } from '../restore/agree.ts';
import { namesOf, type Run } from '../run.ts';
import type { RestoreLoss } from './result.ts';

const reasons: Readonly<Record<Extract<WritesSince, { state: 'unknown' }>['why'], string>> = {
  history: 'the oplog does not reach back to it',
  limit: 'the server did not read its oplog back to it in time',
  'not-authorized': 'the user may not open a change stream on the database',
  standalone: 'a standalone server has no change streams',
};

/** A count, and the cluster time up to which it goes; none where it is not known. */
export interface LossCount {
  readonly loss: RestoreLoss;
  readonly upTo?: Timestamp;
}

/**
 * How many writes of others a restore of this backup would lose as things stand; those of migrations do not count, nor what
 * an earlier restore of it has taken away. An
 * earlier count of it is gone on with: what it has read is not read again. Only reads, no longer than `limitMs`, by default
 * a minute. Throws what `asServerFailure` makes of a server's failure.
 */
export async function countLoss(
  run: Run,
  { db }: Connection,
  manifest: Manifest,
  { earlier, limitMs }: { readonly earlier?: LossCount; readonly limitMs?: number } = {},
): Promise<LossCount> {
  const unknown = (why: string) => ({ loss: { writes: null, why } });
  if (manifest.engine === 'atlas') return unknown('it erases a whole cluster, which is not looked through');
  const { clusterTime } = manifest;
  if (clusterTime === undefined) return unknown('the backup is not of one point in time');
  const own = namesOf(run);
  const known = earlier?.upTo !== undefined && earlier.loss.writes !== null ? earlier.loss.collections : [];
  const since = earlier?.upTo ?? new Timestamp({ t: clusterTime.t, i: clusterTime.i });
  let found: WritesSince;
  let notCounted: readonly string[];
  try {
    const series = await db.listCollections({ type: 'timeseries' }, { nameOnly: true }).toArray();
    notCounted = series.map(({ name }) => name).sort();
    const restores = { backupId: manifest.id, record: restoreCollection(own) };
    found = await writesSince(db, since, { leaveOut: (name) => own.owns(name), restores, limitMs, signal: run.signal });
  } catch (error) {
    if (run.signal.aborted) throw error;
    throw asServerFailure(error, 'counting the writes since the backup');
  }
  if (found.state === 'unknown') return unknown(reasons[found.why]);
  const { byCollection, upTo } = found;
  const more = [...byCollection].map(([collection, { inserted, updated, deleted }]) => {
    return { collection, writes: inserted + updated + deleted };
  });
  const collections = inAll(known, more);
  const counted = { since: new Date(clusterTime.t * 1000).toISOString(), collections, notCounted };
  return { loss: lossIn({ ...counted, kept: [] }), upTo };
}

/** Of what was counted. */
export function lossIn({ since, collections, notCounted, kept: all }: Lost): RestoreLoss {
  const kept = all.length > 0 && { kept: all };
  if (collections === undefined)
    return { writes: null, why: 'what came after the last count could not be counted', ...kept };
  const writes = collections.reduce((sum, one) => sum + one.writes, 0);
  return { writes, since, collections, ...(notCounted.length > 0 && { notCounted }), ...kept };
}

/** In a sentence, for whoever has to decide. */
export function lossInWords(loss: RestoreLoss): string {
  if (loss.writes === null) return `How much was written since is not known: ${loss.why}. All of it is lost.`;
  const series = notCountedInWords(loss.notCounted);
  if (loss.writes === 0)
    return series === ''
      ? 'Nothing but migrations has written since.'
      : `How much was written since is not known.${series} All of it is lost.`;
  const where = loss.collections.map(({ collection, writes }) => `${collection} ${formatCount(writes)}`).join(', ');
  return `What was written since is lost: ${plural(loss.writes, 'write')} (${where}).${series}`;
}

/** All that is lost, in a number: none where there is something that nobody counts. */
function allOf(loss: RestoreLoss): number | undefined {
  return loss.writes === null || loss.notCounted?.length ? undefined : loss.writes;
}

/** Whether whoever agreed to lose the one has agreed to lose the other. */
export function covers(agreed: RestoreLoss, loss: RestoreLoss): boolean {
  if (agreed.writes === null) return true;
  const { notCounted: known = [] } = agreed;
  return (
    loss.writes !== null && loss.writes <= agreed.writes && !loss.notCounted?.some((name) => !known.includes(name))
  );
}

/** How many of the writes that are counted may be lost where so many have been agreed to by now; `null`: any number. */
export function mostAgreed(run: Run, agreed: RestoreLoss | undefined, now: number): number | null {
  const { 'accept-loss': accepted = '0' } = run.invocation.flags;
  if (agreed?.writes === null) return null;
  if (accepted !== 'unknown') return Math.max(now, agreed?.writes ?? 0, Number(accepted));
  // There is no other consent where some are not counted: it is to these.
  return agreed?.notCounted?.length ? Math.max(now, agreed.writes) : null;
}

/**
 * A person agrees to a restore: at a terminal by answering a question that says what is lost, elsewhere by that number in
 * `--accept-loss`, `unknown` where it has not all of it; where it is 0 by `--yes`, or in a workflow by asking for a restore,
 * or by a hook that keeps users out until it is done. `note` goes on after what is lost. Throws as `agree` does.
 */
export async function agreeToLoss(run: Run, question: string, loss: RestoreLoss, note = ''): Promise<void> {
  const { settings, flags } = run.invocation;
  const { 'accept-loss': accepted, strategy } = flags;
  const keptOut = settings.hooks['stop-traffic'] !== undefined;
  const yes = flags.yes || (run.consents && (keptOut || strategy === 'restore'));
  const lost = allOf(loss);
  const needed = lost === undefined ? 'unknown' : String(lost);
  const whole = `${question} ${lossInWords(loss)}${note}`;
  if (accepted === undefined && !yes && run.confirm !== undefined) return agree(run, whole);
  if (accepted === 'unknown' || accepted === needed || (yes && lost === 0)) return;
  if (lost !== undefined && accepted !== undefined && Number(accepted) >= lost) return;
  const less = accepted === undefined ? '' : ` ${accepted} was accepted, and it is ${needed} by now.`;
  const open =
    lost !== 0 || keptOut
      ? ''
      : ' What users write until it is done is at best kept aside: there is no hook stop-traffic.';
  throw new ReleaseError('CONFIRMATION_NEEDED', `${whole}${less}${open}`, {
    hint: `Stop what writes, and when losing that is right, add --accept-loss ${needed} to the command${orMore(lost)}.`,
    details: { writes: lost ?? 'unknown' },
  });
}

/** While users go on writing, the number of now is too small by the time that it is typed. */
export function orMore(writes: unknown): string {
  return typeof writes === 'number' ? '; a larger number counts as well, where users go on writing' : '';
}

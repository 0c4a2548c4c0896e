import type { ArchiveManifest, Manifest, SnapshotManifest } from '../../backup/manifest.ts';
import { halfRestored } from '../../backup/restore/left.ts';
import type { Counted } from '../../backup/restore/record.ts';
import { readHistory } from '../../migration/history/history.ts';
import { position } from '../../migration/history/position.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { clusterOf } from '../backup/atlas.ts';
import { refuseForeign } from '../backup/backed-up-target.ts';
import { storeOf } from '../backup/take-backup.ts';
import { listFiles, readRecords } from '../migrate-mongo.ts';
import type { ReleaseRecord } from '../record/record.ts';
import { whatItRemoves } from '../restore/added.ts';
import { agreeToErase, checkManaged, whatItErases } from '../restore/restore-managed.ts';
import { fromStore, halfDoneIn } from '../restore/restored-from.ts';
import { namesOf, type Run, targetOf } from '../run.ts';
import { agreeToLoss, countLoss, covers, type LossCount, lossInWords, mostAgreed } from './loss.ts';
import type { RestoreLoss } from './result.ts';
import type { WayBack } from './way-back.ts';

type Restoring = Extract<WayBack, { strategy: 'restore' }>;

export interface WouldRestore {
  /** Goes on after "A rollback would ". */
  readonly words: string;
  readonly loss: RestoreLoss;
}

/** What a rollback by restore would do and lose. Only reads. Throws `NO_WAY_BACK` as `agreeToRestore` does. */
export async function wouldRestore(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  way: Restoring,
): Promise<WouldRestore> {
  const manifest = await storeOf(run).readManifest(way.backupId);
  if (manifest.engine === 'atlas') refuseUnnamed(run, release, way, manifest);
  else refuseHalfDone(run, manifest);
  const { loss } = await countLoss(run, connection, manifest);
  if (manifest.engine === 'atlas') return { words: whatItErases(run, manifest), loss };
  const removes = await whatItRemoves(run, connection, fromStore(run, manifest));
  return {
    words: `restore backup ${way.backupId}.${removes} ${lossInWords(loss)}${await noteOn(run, connection, release, loss)}`,
    loss,
  };
}

/** What a person has agreed to. */
export interface Consent {
  /** Digest of the position in history at which they were asked. */
  readonly position: string;
  /** Undefined for what cannot be counted: a whole cluster. */
  readonly counted?: LossCount;
  /** Its name, then. */
  readonly erases?: string;
}

/**
 * A person agrees to the restore of a release's backup, and to what that loses. Nobody is asked about a restore that was
 * cut off half-way: it only comes to its end. Throws as `agreeToLoss` and `agreeToErase` do, `BACKUP_MOVED` where the
 * backup is of another target, `NO_WAY_BACK` where it was made half-way through a migration, and where it erases a whole
 * cluster and nobody has named that way.
 */
export async function agreeToRestore(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  way: Restoring,
): Promise<Consent> {
  const position = await positionNow(run, connection);
  const manifest = await storeOf(run).readManifest(way.backupId);
  await refuseForeign(run, connection, release, manifest);
  if (manifest.engine === 'atlas') {
    refuseUnnamed(run, release, way, manifest);
    await checkManaged(run, connection, manifest);
    return { position, erases: await agreeToErase(run, manifest) };
  }
  refuseHalfDone(run, manifest);
  const half = await halfRestored(connection.db, namesOf(run));
  if (half?.details.backup === way.backupId) return { position, counted: { loss: nothingLost } };
  const counted = await countLoss(run, connection, manifest);
  const note = await noteOn(run, connection, release, counted.loss);
  await agreeToLoss(run, await questionOf(run, connection, manifest), counted.loss, note);
  return { position, counted };
}

const nothingLost: RestoreLoss = { writes: 0, since: '', collections: [] };

/**
 * Each time that it is asked: what is lost by then, where that is no more than what was agreed to, or a person agrees once
 * more: while traffic was being stopped users went on writing. With what is needed to count on from there. Throws as
 * `agreeToLoss` does.
 */
export function lossStillAgreed(
  run: Run,
  connection: Connection,
  manifest: Manifest,
  consent: Consent | undefined,
): () => Promise<{ readonly loss: RestoreLoss; readonly counted?: Counted }> {
  let agreed = consent?.counted?.loss;
  let latest = consent?.counted;
  return async () => {
    const { loss, upTo } = await countLoss(run, connection, manifest, { earlier: latest });
    if (manifest.engine !== 'atlas' && (agreed === undefined || !covers(agreed, loss))) {
      await agreeToLoss(run, await questionOf(run, connection, manifest), loss);
      agreed = loss;
    }
    if (loss.writes === null || upTo === undefined) return { loss };
    latest = { loss, upTo };
    const { since, collections, writes } = loss;
    return { loss, counted: { since, upTo, collections, agreed: mostAgreed(run, agreed, writes) } };
  };
}

/** Digest of where in history the target is. */
export async function positionNow(run: Run, connection: Connection): Promise<string> {
  const { records } = await readRecords(run, connection, await listFiles(run), { brief: true });
  return position(records).digest;
}

async function questionOf(run: Run, connection: Connection, manifest: ArchiveManifest): Promise<string> {
  const removes = await whatItRemoves(run, connection, fromStore(run, manifest));
  return `Restore backup ${manifest.id} in ${connection.db.databaseName} (${targetOf(run).environment})?${removes}`;
}

/** A sentence where the number may have writes of these migrations in it: only what is journalled in one transaction is told from users'. */
async function noteOn(run: Run, { db }: Connection, { migrations }: ReleaseRecord, loss: RestoreLoss): Promise<string> {
  if (!loss.writes) return '';
  const history = await readHistory(db, namesOf(run));
  const some = history.some(({ _id, journal }) => migrations.includes(_id) && journal?.notes?.length);
  return some
    ? ' What its migrations wrote in no transaction (by $merge, to a capped collection) is in that number, too.'
    : '';
}

/** What led back to the half of a migration would be no way back, and nothing could end that half any more. */
function refuseHalfDone(run: Run, manifest: ArchiveManifest): void {
  const half = halfDoneIn(fromStore(run, manifest));
  if (half === undefined) return;
  throw new ReleaseError('NO_WAY_BACK', `${half} A restore would bring that half back.`, {
    hint: `mongo-release inspect lists the backups: mongo-release restore BACKUP brings one of before back, and ${manifest.id} too.`,
  });
}

/** A whole cluster goes only where somebody has named that way; and the cluster, where nobody can be asked. */
function refuseUnnamed(run: Run, release: ReleaseRecord, { why }: Restoring, manifest: SnapshotManifest): void {
  const { strategy, yes } = run.invocation.flags;
  if (strategy === 'restore') return;
  const cluster = yes || run.confirm === undefined ? ` --erase-cluster ${clusterOf(run, manifest).name}` : '';
  throw new ReleaseError('NO_WAY_BACK', `Only a restore leads back, which erases the whole cluster: ${why}`, {
    hint: `When that is right, type mongo-release rollback ${release._id} --strategy restore${cluster}.`,
  });
}

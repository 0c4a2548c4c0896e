import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { whatItRemoves } from '../added.ts';
import { refuseForeign } from '../backed-up-target.ts';
import type { ReleaseRecord } from '../record.ts';
import { agreeToErase, checkManaged, whatItErases } from '../restore-managed.ts';
import { fromStore } from '../restored-from.ts';
import { type Run, targetOf } from '../run.ts';
import { storeOf } from '../take-backup.ts';
import { agreeToLoss, lossInWords, lossOf } from './loss.ts';
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
  if (manifest.engine === 'atlas') refuseUnnamed(run, release, way);
  const loss = await lossOf(run, connection, manifest);
  return manifest.engine === 'atlas'
    ? { words: whatItErases(run, manifest), loss }
    : { words: `restore backup ${way.backupId}. ${lossInWords(loss)}`, loss };
}

/**
 * A person agrees to the restore of a release's backup, and to what that loses. Throws as `agreeToLoss` and `agreeToErase`
 * do, `BACKUP_MOVED` where the backup is of another target, `NO_WAY_BACK` where it erases a whole cluster and nobody has
 * named that way.
 */
export async function agreeToRestore(
  run: Run,
  connection: Connection,
  release: ReleaseRecord,
  way: Restoring,
): Promise<void> {
  const manifest = await storeOf(run).readManifest(way.backupId);
  await refuseForeign(run, connection, release, manifest);
  if (manifest.engine === 'atlas') {
    refuseUnnamed(run, release, way);
    await checkManaged(run, connection, manifest);
    return agreeToErase(run, manifest);
  }
  const { environment } = targetOf(run);
  const removes = await whatItRemoves(run, connection, fromStore(run, manifest));
  const question = `Restore backup ${way.backupId} in ${connection.db.databaseName} (${environment})?${removes}`;
  await agreeToLoss(run, question, await lossOf(run, connection, manifest));
}

/** A whole cluster goes only where somebody has named that way. */
function refuseUnnamed(run: Run, release: ReleaseRecord, { why }: Restoring): void {
  if (run.invocation.flags.strategy === 'restore') return;
  throw new ReleaseError('NO_WAY_BACK', `Only a restore leads back, which erases the whole cluster: ${why}`, {
    hint: `When that is right, type mongo-release rollback ${release._id} --strategy restore.`,
  });
}

import { backupEncryption } from '../guard/guards/backup-encryption.ts';
import { position } from '../migration/history/position.ts';
import { halfDoneIn } from '../migration/history/without-run.ts';
import type { Connection } from '../mongo/connect.ts';
import { ReleaseError } from '../observe/error.ts';
import type { ErrorCode } from '../observe/error-codes.ts';
import { doubtsAbout } from './doubts.ts';
import { lookGuards } from './guards.ts';
import { keysForOthers } from './keys.ts';
import { listFiles, readRecords } from './migrate-mongo.ts';
import type { Ended } from './result.ts';
import { removeExpired } from './retain.ts';
import { aboutTarget, openTarget, type Run } from './run.ts';
import { readSituation } from './situation.ts';
import { factsOfTaken, type Standing, standingOf, storeOf, takeInto } from './take-backup.ts';

/** `backup`: one backup into the store, with the position in history that `migrate --backup` compares. */
export async function backup(run: Run): Promise<Ended<'backup'>> {
  const store = storeOf(run);
  await using connection = await openTarget(run, 'read');
  const warnings: string[] = [];
  const standing = await readStanding(run, connection, warnings);
  const taken = await takeInto(run, connection, store, standing, { keys: keysForOthers });
  const { manifest } = taken;
  await removeExpired(run, connection, store, manifest.id);
  if (manifest.engine !== 'atlas') warnings.push(...doubtsAbout(manifest, connection));
  const looked = await lookGuards(run, connection, false, [backupEncryption]);
  warnings.push(...looked.flatMap(({ findings }) => findings).map(({ message, next }) => `${message} ${next}`));
  return {
    command: 'backup',
    outcome: 'applied',
    result: factsOfTaken(taken),
    target: aboutTarget(run, connection),
    releaseId: run.releaseId,
    warnings,
  };
}

/** Failures that are about the project's files. */
const aboutFiles: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'MIGRATIONS_DIR_MISSING',
  'MIGRATION_DUPLICATE',
  'MIGRATION_INVALID',
  'MODELS_INVALID',
  'TSX_MISSING',
  'DRIVER_UNSUPPORTED',
]);

/** Files that are broken or not there keep nobody from a backup: it then says nothing of what is pending. */
async function readStanding(run: Run, connection: Connection, warnings: string[]): Promise<Standing> {
  try {
    return standingOf(await readSituation(run, connection));
  } catch (error) {
    if (!(error instanceof ReleaseError) || !aboutFiles.has(error.code)) throw error;
    const { records } = await readRecords(run, connection, await listFiles(run).catch(() => []));
    if (error.code !== 'MIGRATIONS_DIR_MISSING' || records.length > 0)
      warnings.push(`The manifest does not say what was pending: ${error.message} [${error.code}]`);
    return { position: position(records), halfDone: halfDoneIn(records) };
  }
}

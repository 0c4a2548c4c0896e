import { restoreBackup } from '../../backup/restore.ts';
import type { Connection } from '../../mongo/connect.ts';
import { type Oplog, readOplog } from '../../mongo/oplog.ts';
import { serverCode } from '../../mongo/server-error.ts';
import type { StoredBackup } from '../backup-for.ts';
import { restoreProgress } from '../progress.ts';
import { namesOf, type Run } from '../run.ts';
import type { Situation } from '../situation.ts';
import { rehearsalBackup } from './backup.ts';
import { keepProof } from './proof.ts';
import { type Rehearsed, rehearse } from './rehearse.ts';

/**
 * Rehearses what is pending on the backup that stands `behind` the apply, or on a temporary one. One that passed leaves a
 * proof in the store, where there is one. Throws as `rehearse` does.
 */
export async function rehearsePending(
  run: Run,
  connection: Connection,
  situation: Situation,
  behind: StoredBackup | undefined,
): Promise<Rehearsed> {
  const { db, topology, client } = connection;
  const oplog = await readOplog(client).catch(notAllowed);
  const about = {
    database: db.databaseName,
    topology,
    oplog: oplog && { maxBytes: oplog.maxBytes, reachMs: oplog.reachMs },
  };
  await using backup = await rehearsalBackup(run, connection, situation, behind);
  const { store, id, identities, uncovered } = backup;
  const rehearsed = await rehearse(run, situation, {
    ...about,
    level: 'full',
    uncovered,
    fill: async (sandbox) => {
      const own = namesOf(run);
      const { log, signal } = run;
      return restoreBackup(sandbox, store, id, { own, signal, log, identities, onProgress: restoreProgress(log) });
    },
  });
  const manifest = await store.readManifest(id);
  return keepProof(run, connection, situation, rehearsed, { of: manifest.target, backupId: behind && id });
}

/** Not everybody may read it, and not every server has one. */
function notAllowed(error: unknown): Oplog | undefined {
  if (serverCode(error) === undefined) throw error;
  return undefined;
}

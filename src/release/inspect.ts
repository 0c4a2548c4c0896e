import { stat } from 'node:fs/promises';
import { verifyBackup } from '../backup/verify.ts';
import { identitiesOf } from './keys.ts';
import { bytesProgress } from './progress.ts';
import type { Ended } from './result.ts';
import type { Run } from './run.ts';
import { factsOf, storeOf } from './take-backup.ts';

async function isThere(location: string): Promise<boolean> {
  if (/^[a-z0-9]+:\/\//i.test(location)) return true;
  return stat(location).then(
    () => true,
    () => false,
  );
}

/** `inspect`: lists the store, or verifies one backup, whole, without a server. Damage is thrown, with exit code 11. */
export async function inspect(run: Run): Promise<Ended<'inspect'>> {
  const store = storeOf(run);
  const [id] = run.invocation.arguments;
  if (id !== undefined) {
    const say = bytesProgress(run.log, 'Verifying.');
    const { manifest } = await verifyBackup(store, id, {
      identities: await identitiesOf(run),
      signal: run.signal,
      onProgress: ({ bytes, totalBytes }) => say(bytes, totalBytes),
    });
    return {
      command: 'inspect',
      outcome: 'nothing-to-do',
      result: { backup: factsOf(manifest, store.location), verified: true },
    };
  }
  const listed = await store.list();
  const backups = listed.flatMap((entry) =>
    entry.state === 'readable' ? [factsOf(entry.manifest, store.location)] : [],
  );
  const warnings = listed.flatMap((entry) =>
    entry.state === 'damaged' ? [`Backup ${entry.id}: ${entry.problem.message}`] : [],
  );
  if (listed.length === 0 && !(await isThere(store.location)))
    warnings.push(
      `There is no folder ${store.location}: the first backup makes it. Check the name if there should be some.`,
    );
  return { command: 'inspect', outcome: 'nothing-to-do', result: { backups }, warnings };
}

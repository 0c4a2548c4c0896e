import { existsSync } from 'node:fs';
import type { SnapshotManifest } from '../backup/manifest.ts';
import type { StoredBackup } from '../backup/stores/store.ts';
import { verifyBackup } from '../backup/verify.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import { plural } from '../report/format.ts';
import { factsOfFile, namesFile, readFileOf } from './backup/archive-file.ts';
import { askForSnapshot, assertComplete, atlasOf } from './backup/atlas.ts';
import type { SnapshotState } from './backup/backup-facts.ts';
import { identitiesOf } from './backup/keys.ts';
import { factsOf, storeOf } from './backup/take-backup.ts';
import { bytesProgress } from './progress.ts';
import type { Ended } from './result.ts';
import type { Run } from './run.ts';

/**
 * `inspect`: lists the store, or verifies one backup, or a file that mongodump wrote, whole, without a server. Damage is
 * thrown, with exit code 11. Of a snapshot Atlas is asked whether it is complete: nobody can read what is in it.
 */
export async function inspect(run: Run): Promise<Ended<'inspect'>> {
  const [id] = run.invocation.arguments;
  if (id !== undefined && namesFile(id)) {
    const backup = factsOfFile(await readFileOf(run, id));
    return { command: 'inspect', outcome: 'nothing-to-do', result: { backup, verified: true } };
  }
  const store = storeOf(run);
  if (id !== undefined) {
    const given = await store.readManifest(id);
    if (given.engine === 'atlas') {
      const state = await askForSnapshot(atlasOf(run), given);
      assertComplete(given, state);
      return {
        command: 'inspect',
        outcome: 'nothing-to-do',
        result: { backup: factsOf(given, store.location, { snapshot: state }), verified: false },
      };
    }
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
  const readable = listed.filter((entry) => entry.state === 'readable');
  const warnings = listed.flatMap((entry) =>
    entry.state === 'damaged' ? [`Backup ${entry.id}: ${entry.problem.message}`] : [],
  );
  const managed = readable.flatMap(({ manifest }) => (manifest.engine === 'atlas' ? [manifest] : []));
  const states = await statesOf(run, managed, warnings);
  const backups = readable.map(({ id, manifest, verified }) =>
    factsOf(manifest, store.location, { snapshot: states.get(id), verifiedAt: verified?.at }),
  );
  if (listed.length === 0 && store.local && !existsSync(store.location))
    warnings.push(
      `There is no folder ${store.location}: the first backup makes it. Check the name if there should be some.`,
    );
  const error = damageOf(listed);
  const outcome = error === undefined ? 'nothing-to-do' : 'blocked';
  return { command: 'inspect', outcome, result: { backups }, warnings, error };
}

/** Of archives that are gone, or not as long as they were written: whoever counts on the store has to hear of it. */
function damageOf(listed: readonly StoredBackup[]): ReleaseError | undefined {
  const ids = listed.flatMap((entry) =>
    entry.state === 'damaged' && entry.problem.code === 'ARCHIVE_DAMAGED' ? [entry.id] : [],
  );
  const [first] = ids;
  if (first === undefined) return undefined;
  return new ReleaseError('ARCHIVE_DAMAGED', `${plural(ids.length, 'backup')} cannot be restored: ${ids.join(', ')}.`, {
    hint: `Take a new one with mongo-release backup, and remove what is left of ${ids.length === 1 ? first : 'these'} from the store.`,
  });
}

/** What Atlas says of each; where it cannot be asked a list is a list all the same. */
async function statesOf(run: Run, managed: readonly SnapshotManifest[], warnings: string[]) {
  const states = new Map<string, SnapshotState>();
  try {
    for (const manifest of managed) states.set(manifest.id, await askForSnapshot(atlasOf(run), manifest));
  } catch (thrown) {
    if (run.signal.aborted) throw thrown;
    const { code, message, hint } = asReleaseError(thrown);
    warnings.push(`Whether all snapshots of Atlas are still there is unknown: ${message} [${code}] ${hint}`);
  }
  for (const { id } of managed) {
    const state = states.get(id);
    if (state !== undefined && state !== 'completed') warnings.push(`Backup ${id}: its snapshot is ${state}.`);
  }
  return states;
}

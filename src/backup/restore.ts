import { readCatalog } from '../mongo/catalog.ts';
import type { Connection } from '../mongo/connect.ts';
import type { OwnNames } from '../mongo/own.ts';
import { describeServerError } from '../mongo/server-error.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Log } from '../observe/log.ts';
import { readMetadata } from './archive/metadata.ts';
import { type ArchiveContents, withArchive } from './manifest.ts';
import type { ReadOptions } from './read-backup.ts';
import { type BuildProgress, type Built, buildPlaces } from './restore/build.ts';
import { compatibilityOf, refuseIncompatible } from './restore/compatibility.ts';
import { during, restoreFailure } from './restore/failure.ts';
import type { Lost } from './restore/late.ts';
import { describedOtherwise, placesFor, selectNamespaces, swapSteps } from './restore/plan.ts';
import {
  type Counted,
  type Displaced,
  type Placement,
  RestoreTenure,
  type SetHistory,
  type SwapStep,
} from './restore/record.ts';
import { readDisk, refuseWithoutRoom } from './restore/room.ts';
import { dropAsides, finishRestore, undoBuild } from './restore/settle.ts';
import type { ArchiveSource, BackupStore } from './stores/store.ts';
import { readMetas, rememberVerified, type VerifiedArchive, verifyBackup } from './verify.ts';

export interface RestoreOptions extends ReadOptions {
  readonly own: OwnNames;
  /** Names of collections, with or without the database; all others stay as they are. Default all of the backup. */
  readonly only?: readonly string[];
  /** Keep collections that the backup does not know. Default: a whole restore removes them. */
  readonly keepAdded?: boolean;
  /** Where in history the data are, and what makes history say so once they are in place. Default: history stays as it is. */
  readonly history?: { readonly placement: Placement; readonly set: SetHistory };
  readonly log: Log;
  readonly onProgress?: (progress: BuildProgress) => void;
  /**
   * Asked once all is built, before the first collection is replaced. What it throws leaves the data as it was. What it has
   * counted is counted on until the last is replaced, and what was written to beyond that is kept.
   */
  readonly mayReplace?: () => Promise<Counted | undefined>;
  /** Told of what was counted in all, before anything that was replaced is dropped. */
  readonly onLost?: (lost: Lost) => Promise<void>;
}

export interface Restored {
  readonly contents: ArchiveContents;
  /** Names of collections, sorted, in all the lists. */
  readonly restored: readonly string[];
  /** Added since the backup, and gone. */
  readonly removed: readonly string[];
  /** Added since the backup, and kept. */
  readonly kept: readonly string[];
  /** What others made under a restored name while it was replaced, or wrote to what was, and where that is kept. */
  readonly displaced: readonly Displaced[];
  /** Of the restored ones, those that could not be swapped in at once but were dropped and made: views, time series, `system.js`. */
  readonly inPlace: readonly string[];
  /** Whose options or indexes this server describes otherwise than the one of the backup; undefined: not looked at. */
  readonly describedOtherwise?: readonly string[];
  readonly documents: number;
  /** Of the documents, uncompressed. */
  readonly bytes: number;
  readonly durationMs: number;
}

/**
 * Restores a backup into the connection's database, whatever the database was called when the backup was taken.
 *
 * The archive is verified whole before the first write. Every collection is then built aside, with its indexes, and only
 * when all are there they are swapped in, one after the other: each is either the old or the new one, never half; then
 * history is set. What interrupts the building leaves the data as it was; what interrupts the rest `settleRestore`
 * finishes, which the caller asks for first. Our own collections are never touched.
 *
 * Indexes that expire documents are built last, and the server may begin at once to delete what has expired since the
 * backup. Writes made meanwhile are lost with the collections that are replaced: stop traffic first.
 *
 * Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`, `ARCHIVE_NEEDED`, `ARCHIVE_DAMAGED`, `IDENTITY_MISSING`, `IDENTITY_WRONG`,
 * `STORE_FAILED`, `BACKUP_NAMESPACE_UNKNOWN`, `BACKUP_INCOMPATIBLE`, `RESTORE_NO_ROOM`,
 * `RESTORE_FAILED` and server failures (data as it was), `RESTORE_IN_PROGRESS`, `RESTORE_INCOMPLETE` (run it again).
 * Throws the signal's reason when aborted while building; the swap is not interrupted by it.
 */
export async function restoreBackup(
  connection: Connection,
  store: BackupStore,
  id: string,
  options: RestoreOptions,
): Promise<Restored> {
  const { signal, identities } = options;
  const verified = await verifyBackup(store, id, { signal, identities });
  return restoreVerified(connection, store, verified, options);
}

/**
 * The same into a database that nobody misses where it fails, as a sandbox's: the archive is read once, and verified while
 * it is built. A damaged one is said to be that here, too, whatever the server made of it.
 */
export async function restoreInOnePass(
  connection: Connection,
  store: BackupStore,
  id: string,
  options: RestoreOptions,
): Promise<Restored> {
  const { signal, identities } = options;
  const manifest = withArchive(await store.readManifest(id));
  const metas = await readMetas(store, manifest, { signal, identities });
  try {
    const restored = await restoreVerified(connection, store, { contents: manifest, metas }, options);
    await rememberVerified(store, manifest);
    return restored;
  } catch (error) {
    // The server may refuse a document whose checksum was still to come.
    if (error instanceof ReleaseError && error.code === 'RESTORE_FAILED')
      await verifyBackup(store, id, { signal, identities });
    throw error;
  }
}

/**
 * The same of an archive that has just been verified. That it is still the same one is looked at again while it is built.
 */
export async function restoreVerified(
  connection: Connection,
  source: ArchiveSource,
  { contents, metas }: VerifiedArchive,
  options: RestoreOptions,
): Promise<Restored> {
  const started = performance.now();
  const { own, log, signal, history } = options;
  const { id } = contents;
  const current = await during('RESTORE_FAILED', 'listing collections', () => readCatalog(connection.db));
  const present = current.filter(({ name }) => !own.owns(name));
  const selected = selectNamespaces(contents, options.only);
  const catalog = metas.filter(({ collection }) => selected.some(({ name }) => name === collection)).map(readMetadata);
  const compatibility = compatibilityOf(contents.server, connection.topology, catalog);
  refuseIncompatible(id, compatibility);
  for (const warning of compatibility.warnings) log.warn(warning);
  const documentBytes = selected.reduce((sum, { bytes }) => sum + bytes, 0);
  refuseWithoutRoom(documentBytes, await readDisk(connection.db));
  const places = placesFor(selected, own);
  const whole = options.only === undefined;
  const added = present.filter(({ name }) => whole && !contents.namespaces.some((entry) => entry.name === name));
  // The server drops no `system.js`.
  const removed = added.filter(({ name }) => !options.keepAdded && name !== 'system.js');

  using tenure = await during('RESTORE_FAILED', 'recording its beginning', () =>
    RestoreTenure.begin(connection.db, own, id, history?.placement),
  );
  let steps: SwapStep[];
  let built: Built[];
  let counted: Counted | undefined;
  try {
    await dropAsides(connection, own);
    built = await buildPlaces(connection, source, contents, places, options);
    steps = swapSteps(built, present, removed);
    signal?.throwIfAborted();
    counted = await options.mayReplace?.();
    await tenure.update({ state: 'swapping', steps, ...(counted && { counted }) });
  } catch (error) {
    await undoBuild(connection, own, tenure).catch(() => {
      log.warn('What the restore had built could not be removed; the next restore removes it.');
    });
    if (signal?.aborted) throw signal.reason;
    throw restoreFailure('RESTORE_FAILED', 'building the collections', error);
  }
  const about = { backupId: id, steps, displaced: [], counted, placement: history?.placement };
  const displaced = await finishRestore(
    connection,
    tenure,
    { state: 'swapping', ...about },
    {
      ...{ own, log, onLost: options.onLost },
      setHistory: async (...at) => history?.set(...at),
    },
  );
  const otherwise = await lookAtResult(connection, built, log);
  const names = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name).sort();
  return {
    contents,
    restored: names(selected),
    removed: names(removed),
    kept: names(added.filter((info) => !removed.includes(info))),
    displaced,
    inPlace: names(places.filter(({ form }) => form !== 'whole').map(({ entry }) => entry)),
    describedOtherwise: otherwise,
    documents: selected.reduce((sum, { count }) => sum + count, 0),
    bytes: documentBytes,
    durationMs: Math.round(performance.now() - started),
  };
}

/** A failure to look does not undo what is in place. */
async function lookAtResult({ db }: Connection, built: readonly Built[], log: Log): Promise<string[] | undefined> {
  try {
    const otherwise = describedOtherwise(built, await readCatalog(db));
    if (otherwise.length > 0) {
      const collections = otherwise.join(', ');
      log.warn('This server describes options or indexes otherwise than the one of the backup did.', { collections });
    }
    return otherwise;
  } catch (error) {
    log.warn(`Options and indexes of the result could not be compared: ${describeServerError(error)}.`);
    return undefined;
  }
}

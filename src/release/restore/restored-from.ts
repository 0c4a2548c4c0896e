import { contentsOf, refuseUnapplied } from '../../backup/archive-file.ts';
import type { ArchiveManifest, SnapshotManifest } from '../../backup/manifest.ts';
import { selectNamespaces } from '../../backup/restore/plan.ts';
import type { Placement } from '../../backup/restore/record.ts';
import { type Restored, type RestoreOptions, restoreBackup, restoreVerified } from '../../backup/restore.ts';
import type { BackedUpTarget } from '../../backup/same-target.ts';
import { listed } from '../../migration/files/find.ts';
import { type Connection, databaseOf } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { formatTime } from '../../report/format.ts';
import { databaseIn, namesFile, positionIn, readFileOf } from '../backup/archive-file.ts';
import type { StoredBackup } from '../backup/backup-for.ts';
import { storeOf } from '../backup/take-backup.ts';
import { changelogOf } from '../migrate-mongo.ts';
import type { CollectionCount } from '../result.ts';
import { namesOf, type Run, targetOf } from '../run.ts';

/** An archive that is going to be restored, of a store or in a file of its own. */
export interface RestoredFrom {
  /** As whoever types the command names it. */
  readonly id: string;
  /** What it is and of when, for the question whether to restore it. */
  readonly words: string;
  /** Where in history its data are; undefined where nothing in it says so. */
  readonly placement?: Placement;
  readonly collections: readonly CollectionCount[];
  /** Those of them that `--only` names, or all. Throws `BACKUP_NAMESPACE_UNKNOWN`. */
  selected(only: readonly string[] | undefined): readonly CollectionCount[];
  /** Whether these were all that the database had: mongodump may have been told to leave some out, and its archive does not say so. */
  readonly whole: boolean;
  /** The backup of a store that can be rehearsed on. */
  readonly stored?: StoredBackup & { readonly of: BackedUpTarget };
  /** Of a backup of a store. */
  readonly manifest?: ArchiveManifest;
  restore(connection: Connection, options: RestoreOptions): Promise<Restored>;
}

export type Source = { readonly kind: 'archive'; readonly from: RestoredFrom } | ManagedSource;

interface ManagedSource {
  readonly kind: 'managed';
  readonly manifest: SnapshotManifest;
}

/**
 * What the argument of `restore` names: the id of a backup, or a file that mongodump wrote, which is read whole for it.
 *
 * Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`, what `readArchiveFile` throws, `BACKUP_NAMESPACE_UNKNOWN`,
 * `OPLOG_NOT_APPLIED`.
 */
export async function sourceOf(run: Run, argument: string): Promise<Source> {
  if (namesFile(argument)) return { kind: 'archive', from: await fromFile(run, argument) };
  if (run.invocation.flags.consistency !== undefined) {
    throw new ReleaseError('USAGE', `Backup ${argument} says itself of how many moments it is.`, {
      hint: 'Leave --consistency out: with restore it is about archives of mongodump --oplog.',
    });
  }
  const manifest = await storeOf(run).readManifest(argument);
  return manifest.engine === 'atlas'
    ? { kind: 'managed', manifest }
    : { kind: 'archive', from: fromStore(run, manifest) };
}

export function fromStore(run: Run, manifest: ArchiveManifest): RestoredFrom {
  const { id, target, createdAt, position, namespaces } = manifest;
  const store = storeOf(run);
  return {
    id,
    words: `backup ${id} of database ${target.database}, taken at ${createdAt}`,
    placement: { applied: position.applied, halfDone: position.halfDone },
    collections: countsOf(namespaces),
    selected: (only) => countsOf(selectNamespaces(manifest, only)),
    whole: true,
    stored: { store, id, of: target },
    manifest,
    restore: (connection, options) => restoreBackup(connection, store, id, options),
  };
}

async function fromFile(run: Run, file: string): Promise<RestoredFrom> {
  const { database: wanted, uri } = targetOf(run);
  const archive = await readFileOf(run, file);
  const database = databaseIn(archive, wanted ?? databaseOf(uri) ?? '');
  if (run.invocation.flags.consistency !== 'per-collection') refuseUnapplied(archive, database, namesOf(run));
  const verified = contentsOf(archive, database);
  const changelog = database.namespaces.some(({ name }) => name === changelogOf(run)?.collection);
  return {
    id: file,
    words: `database ${database.name} in ${file}, last changed at ${formatTime(archive.writtenAt)}`,
    placement: positionIn(database) ?? (changelog ? 'changelog' : undefined),
    collections: countsOf(database.namespaces),
    selected: (only) => countsOf(selectNamespaces(verified.contents, only)),
    whole: false,
    restore: (connection, options) => restoreVerified(connection, archive.source, verified, options),
  };
}

function countsOf(namespaces: ArchiveManifest['namespaces']): CollectionCount[] {
  return namespaces.map(({ name, count }) => ({ collection: name, documents: count }));
}

/** A sentence, where what would run over the restored data next has run in part before. */
export function halfDoneIn({ id, placement }: RestoredFrom): string | undefined {
  if (placement === undefined || placement === 'changelog' || !placement.halfDone?.length) return undefined;
  const names = placement.halfDone.map(({ name }) => name);
  return `When ${id} was made, ${listed(names)} had been left half-way, and what was done of it no journal has.`;
}

import path from 'node:path';
import { BSON } from 'mongodb';
import type { OwnNames } from '../mongo/own.ts';
import { ReleaseError } from '../observe/error.ts';
import { ContentsTally } from './archive/contents.ts';
import { archiveDamaged } from './archive/damage.ts';
import type { ArchiveMeta, Namespace } from './archive/format.ts';
import { Meter } from './archive/meter.ts';
import { OplogPart } from './archive/oplog.ts';
import { archiveNamed } from './archive-named.ts';
import type { ArchiveContents } from './manifest.ts';
import { type ReadOptions, readStored } from './read-backup.ts';
import { formOf, type StoredForm } from './stored-form.ts';
import { FolderStore } from './stores/folder.ts';
import type { ArchiveSource } from './stores/store.ts';
import type { VerifiedArchive } from './verify.ts';

export interface ArchiveFileOptions extends ReadOptions {
  readonly own: OwnNames;
  /** Bytes read so far, of those of the file. */
  readonly onProgress?: (bytes: number, of: number) => void;
}

/** An archive that is no backup of a store, such as `mongodump --archive=FILE` writes, read from its first to its last byte. */
export interface ArchiveFile {
  readonly source: ArchiveSource;
  /** As it was named. */
  readonly file: string;
  /** When the file was written last. */
  readonly writtenAt: Date;
  readonly stored: StoredForm;
  readonly serverVersion: string;
  /** What can be restored of it: not users and roles, nor what the server keeps for itself. Sorted by name. */
  readonly databases: readonly ArchiveDatabase[];
  /** With `mongodump --oplog`. */
  readonly oplog?: OplogPart;
}

export interface ArchiveDatabase {
  readonly name: string;
  readonly metas: readonly ArchiveMeta[];
  readonly namespaces: ArchiveContents['namespaces'];
  /** The documents of our own history in it: with these the data say where in history they are. */
  readonly history?: readonly BSON.Document[];
}

/**
 * Reads an archive whole, plain or compressed or encrypted, whatever its name says. That it comes back means that every
 * block is there and every checksum is right, as far as the format has them.
 *
 * Throws `BACKUP_NOT_FOUND` where there is no such file, or it is another one of a backup's; `ARCHIVE_DAMAGED`,
 * `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`; the signal's reason when aborted.
 */
export async function readArchiveFile(file: string, options: ArchiveFileOptions): Promise<ArchiveFile> {
  const { mtime, size } = await archiveNamed(file);
  const absolute = path.resolve(file);
  const source = new FolderStore(path.dirname(absolute));
  const name = path.basename(absolute);
  const { own, onProgress, identities = [] } = options;
  const form = await formOf(file, source, name, identities);
  const meter = new Meter();
  const tally = new ContentsTally();
  const oplog = new OplogPart();
  const histories = new Map<string, BSON.Document[]>();
  for await (const event of readStored(source, form, meter, options)) {
    tally.add(event);
    if (event.kind !== 'documents') continue;
    onProgress?.(meter.bytes, size);
    const { namespace, documents } = event;
    if (isOplog(namespace)) oplog.add(documents);
    if (namespace.collection !== own.history) continue;
    const known = histories.get(namespace.db) ?? [];
    known.push(...documents.map(parseHistory));
    histories.set(namespace.db, known);
  }
  const archive = { file: name, bytes: meter.bytes, sha256: meter.sha256() };
  const restorable = tally.metas.filter((meta) => isRestorable(meta) && !tally.isGone(meta));
  const names = [...new Set(restorable.map(({ db }) => db))].sort();
  return {
    ...{ source, file, writtenAt: mtime, stored: { ...form, archive } },
    serverVersion: tally.header?.serverVersion ?? '',
    databases: names.map((name) => {
      const metas = restorable.filter((meta) => meta.db === name && !own.owns(meta.collection));
      return { name, metas, namespaces: tally.namespaces(metas), history: histories.get(name) };
    }),
    oplog: tally.metas.some(isOplog) ? oplog : undefined,
  };
}

/** One of an archive's databases, as a restore takes it. */
export function contentsOf({ file, stored, serverVersion }: ArchiveFile, database: ArchiveDatabase): VerifiedArchive {
  const { name, metas, namespaces } = database;
  const target = { database: name };
  return {
    metas,
    contents: { ...stored, id: file, server: { version: serverVersion }, target, namespaces, partial: true },
  };
}

/**
 * Throws `OPLOG_NOT_APPLIED` where the collections of a database changed while they were read: they are of one point in
 * time only once the oplog is applied to them, as mongorestore --oplogReplay does.
 */
export function refuseUnapplied({ file, oplog }: ArchiveFile, { name }: ArchiveDatabase, own: OwnNames): void {
  const changed = oplog?.changed(name).filter((collection) => collection === undefined || !own.owns(collection)) ?? [];
  if (changed.length === 0) return;
  const named = changed.filter((collection) => collection !== undefined && collection !== '').sort();
  const which = named.length === 0 ? 'collections' : named.slice(0, 5).join(', ') + (named.length > 5 ? ', …' : '');
  throw new ReleaseError(
    'OPLOG_NOT_APPLIED',
    `Database ${name} was written to while ${file} was made (${which}): its collections are of one point in time only once the oplog in the archive is applied to them, which this program does not do.`,
    {
      hint: 'Restore it with mongorestore --oplogReplay into a replica set of its own, take a backup of that with mongo-release backup, and restore the backup. Or add --consistency per-collection to take every collection as it was when it was read, without the oplog.',
    },
  );
}

const isOplog = ({ db, collection }: Namespace) => db === '' && collection === 'oplog';

const serversOwn: ReadonlySet<string> = new Set(['', 'admin', 'config', 'local']);

/** Users and roles of a single database stand under `$admin.system.*`. */
function isRestorable({ db, collection }: Namespace): boolean {
  if (serversOwn.has(db) || collection.startsWith('$')) return false;
  return collection === 'system.js' || !collection.startsWith('system.');
}

function parseHistory(document: Buffer): BSON.Document {
  try {
    return BSON.deserialize(document, { bsonRegExp: true });
  } catch (error) {
    throw archiveDamaged('a record is no document', 'the history', error);
  }
}

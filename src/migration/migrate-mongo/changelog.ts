import { type ClientSession, type Collection, type Db, ReadPreference } from 'mongodb';
import { asServerFailure } from '../../mongo/server-error.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { HistoryMirror } from '../history/history.ts';

/** A document of migrate-mongo's changelog, with nothing beside: what it writes is what we write. */
export interface ChangelogEntry {
  readonly fileName: string;
  /** SHA-256 of the file's bytes, hex: our checksum. Only with `useFileHash`. */
  readonly fileHash?: string;
  readonly appliedAt: Date;
  /** Start of the `up` that applied it, in milliseconds; missing in documents of older versions. */
  readonly migrationBlock?: number;
}

export interface ChangelogSettings {
  /** Name of the collection. */
  readonly collection: string;
  readonly useFileHash: boolean;
}

export interface Changelog {
  /** Whether the collection is there: an empty one says that nothing is applied, a missing one says nothing. */
  readonly exists: boolean;
  readonly entries: readonly ChangelogEntry[];
}

/** Reads the whole changelog, as the majority has it. Throws what `asServerFailure` makes of a server's failure. */
export async function readChangelog(db: Db, { collection }: ChangelogSettings, session?: ClientSession) {
  try {
    const options = session === undefined ? { readConcern: { level: 'majority' as const } } : { session };
    const entries = await db
      .collection<ChangelogEntry>(collection, { readPreference: ReadPreference.primary })
      .find({}, options)
      .toArray();
    // In a transaction the catalog cannot be asked; whoever has one has asked before.
    const exists = entries.length > 0 || session !== undefined || (await has(db, collection));
    return { exists, entries } satisfies Changelog;
  } catch (error) {
    throw asServerFailure(error, `reading the changelog of database ${db.databaseName}`);
  }
}

async function has(db: Db, name: string): Promise<boolean> {
  return (await db.listCollections({ name }, { nameOnly: true }).toArray()).length > 0;
}

/**
 * Keeps the changelog beside our records, in migrate-mongo's exact shape: one may go back to it any day. On a replica
 * set its entry is written in the transaction of the record; on a standalone server before it, so that a run that dies
 * between the two leaves an entry of what did happen.
 */
export class ChangelogMirror implements HistoryMirror {
  readonly collection: string;
  readonly #entries: Collection<ChangelogEntry>;
  readonly #useFileHash: boolean;
  readonly #block = Date.now();

  /** One a run: what it applies is one block. */
  constructor(db: Db, { collection, useFileHash }: ChangelogSettings) {
    this.collection = collection;
    this.#entries = db.collection<ChangelogEntry>(collection);
    this.#useFileHash = useFileHash;
  }

  /** May be repeated: a file has one entry. `at` is for what was applied before this run. */
  async applied(
    { fileName, checksum }: { readonly fileName: string; readonly checksum: string },
    session: ClientSession | undefined,
    at?: Date,
  ): Promise<void> {
    const appliedAt = at ?? new Date();
    const migrationBlock = at?.getTime() ?? this.#block;
    const entry = this.#useFileHash
      ? { fileName, fileHash: checksum, appliedAt, migrationBlock }
      : { fileName, appliedAt, migrationBlock };
    await this.#entries.replaceOne({ fileName }, entry, { ...concern(session), upsert: true });
  }

  /** All entries of the file: with hashes, migrate-mongo keeps one for each content. */
  async takenBack({ fileName }: { readonly fileName: string }, session: ClientSession | undefined): Promise<void> {
    await this.#entries.deleteMany({ fileName }, concern(session));
  }
}

function concern(session: ClientSession | undefined) {
  return session === undefined ? { writeConcern: { w: 'majority' as const } } : { session };
}

/**
 * Refuses to go on while migrate-mongo itself is at work: any document in its lock collection means that.
 *
 * Throws `LEASE_HELD`; may be retried.
 */
export async function assertUnlocked(db: Db, lock: string, direction: 'up' | 'down'): Promise<void> {
  const found = await db
    .collection(lock, { readPreference: ReadPreference.primary })
    .findOne()
    .catch((error: unknown) => {
      throw asServerFailure(error, `reading the lock of migrate-mongo in database ${db.databaseName}`);
    });
  if (found === null) return;
  throw new ReleaseError(
    'LEASE_HELD',
    `Could not migrate ${direction}, a lock is in place: migrate-mongo is at work in database ${db.databaseName}, or was killed there (collection ${lock}).`,
    {
      hint: `Wait for it. Where nothing runs any more the lock goes away after lockTtl; or remove it: \`db.getCollection(${JSON.stringify(lock)}).deleteMany({})\``,
    },
  );
}

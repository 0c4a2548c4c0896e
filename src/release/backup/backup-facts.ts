/** What people are told of a backup; the manifest has all of these and more. */
export type BackupFacts = ArchiveFacts | SnapshotFacts;

interface AboutBackup {
  readonly id: string;
  /** Folder or address of the backup in its store. */
  readonly location: string;
  /** Of a file: when it was last changed. */
  readonly createdAt: string;
  /** Of taking it; undefined where a backup is only looked at. */
  readonly durationMs?: number;
}

/** What it is a backup of. */
interface AboutStored extends AboutBackup {
  readonly target: string;
  readonly database: string;
  readonly environment: string;
  /** When it was last read whole and found to be what was written, ISO; undefined where nobody has or that is not known. */
  readonly verifiedAt?: string;
}

export interface ArchiveFacts extends AboutStored {
  readonly engine: 'built-in' | 'mongodump';
  readonly documents: number;
  /** Of the documents as BSON. */
  readonly bytes: number;
  /** Of the archive as stored. */
  readonly archiveBytes: number;
  /** The cluster time that every collection was read at, ISO; undefined where the server has no snapshots. */
  readonly clusterTime?: string;
  readonly consistency: string;
  /** Capped collections: no cluster time is kept of them, so each is as it was when it was read. */
  readonly outsideSnapshot: readonly string[];
  readonly compression: string;
  readonly encrypted: boolean;
}

/** An archive that is in no store, such as mongodump writes: what it holds is what was found in it. */
export interface FileFacts
  extends AboutBackup,
    Pick<ArchiveFacts, 'documents' | 'bytes' | 'archiveBytes' | 'compression' | 'encrypted'> {
  readonly engine: 'file';
  readonly serverVersion: string;
  readonly databases: readonly {
    readonly name: string;
    readonly collections: number;
    readonly documents: number;
    readonly bytes: number;
  }[];
  /** Of what happened while it was made; undefined without `--oplog`. */
  readonly oplogEntries?: number;
}

/** Atlas keeps it; the store has the manifest alone. */
export interface SnapshotFacts extends AboutStored {
  readonly engine: 'atlas';
  readonly projectId: string;
  readonly cluster: string;
  readonly snapshotId: string;
  /** By which Atlas removes it, ISO. */
  readonly expiresAt?: string;
  /** What Atlas says of it; `gone` where it has none of this id, `unknown` where it was not asked or did not say. */
  readonly snapshot: SnapshotState;
}

export type SnapshotState = 'queued' | 'in-progress' | 'completed' | 'failed' | 'gone' | 'unknown';

import type { Timestamp } from 'mongodb';
import type { Consistency } from '../../config/schema.ts';
import type { CollectionInfo } from '../../mongo/catalog.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import type { Log } from '../../observe/log.ts';
import type { DumpProgress } from '../dump-collections.ts';
import type { ManifestNamespace } from '../manifest.ts';

/** Who reads a database into an archive. Adapters: built-in.ts, mongodump.ts; one suite is what each must pass. */
export interface ArchiveEngine {
  readonly name: 'built-in' | 'mongodump';
  /**
   * The promise that its archives can keep on this server. Throws `SNAPSHOT_UNAVAILABLE` where another one was asked for.
   */
  consistency(connection: Connection, asked: Consistency | undefined): Consistency;
  /** One attempt. What changes in the catalog meanwhile is for the caller to find out. */
  read(connection: Connection, options: ReadDatabase): Promise<Reading>;
}

export interface ReadDatabase {
  /** What the archive is to hold, in whatever order. */
  readonly catalog: readonly CollectionInfo[];
  readonly own: OwnNames;
  readonly consistency: Consistency;
  /** The archive shows the data as of this time or later. */
  readonly notBefore?: Timestamp;
  readonly toolVersion: string;
  readonly log: Log;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DumpProgress) => void;
}

export interface Reading {
  /** An archive of mongodump's format, neither compressed nor encrypted. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The one moment that all of it is of. */
  readonly clusterTime?: Timestamp;
  /** Of a tool other than this one. */
  readonly toolVersion?: string;
  /** What the archive holds; to be asked after its last chunk. */
  namespaces(): ManifestNamespace[];
}

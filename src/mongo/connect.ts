import { type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import { ReleaseError } from '../observe/error.ts';
import type { Secrets } from '../observe/secrets.ts';
import { asServerFailure } from './server-error.ts';
import { readTopology, type Topology } from './topology.ts';

/** An open client on one database of a deployment whose kind and version are known. */
export interface Connection extends AsyncDisposable {
  readonly client: MongoClient;
  readonly db: Db;
  readonly topology: Topology;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Overrides the database named in the connection string. */
  readonly database?: string;
  /** How long to look for a usable server, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  readonly secrets: Secrets;
  readonly clientOptions?: MongoClientOptions;
}

/**
 * Opens a client and looks at what it reached.
 *
 * Throws `URI_INVALID`, `DATABASE_MISSING`, `SERVER_UNREACHABLE`, `CREDENTIALS_REFUSED`, `NOT_AUTHORIZED`; all but the
 * first two may be retried. The caller closes the connection (`await using` does).
 */
export async function connect(uri: string, options: ConnectOptions): Promise<Connection> {
  options.secrets.addUri(uri);
  const database = options.database ?? databaseOf(uri);
  if (database === undefined) {
    throw new ReleaseError('DATABASE_MISSING', 'The connection string names no database.', {
      hint: 'Add it to the connection string (…/shop) or pass --database shop.',
    });
  }
  const what = `connecting to database ${database}`;
  let client: MongoClient;
  try {
    client = new MongoClient(uri, {
      appName: 'mongo-release',
      serverSelectionTimeoutMS: options.timeoutMs ?? 10_000,
      ...options.clientOptions,
    });
  } catch (error) {
    throw asServerFailure(error, what);
  }
  try {
    await client.connect();
    const topology = await readTopology(client);
    const close = () => client.close();
    return { client, db: client.db(database), topology, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await client.close().catch(() => {});
    throw asServerFailure(error, what);
  }
}

/** The database named in a connection string, percent-decoded; undefined when it names none. */
export function databaseOf(uri: string): string | undefined {
  const name = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(uri)?.[1];
  return name === undefined || name === '' ? undefined : decodeURIComponent(name);
}

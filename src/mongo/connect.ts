import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Waits for the server's goodbye for a limited time only, and does not throw. May be called more than once. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Overrides the database named in the connection string. */
  readonly database?: string;
  /** How long to look for a usable server, in milliseconds. Default: the connection string's, else 10,000. */
  readonly timeoutMs?: number;
  readonly secrets: Secrets;
  readonly clientOptions?: MongoClientOptions;
}

/**
 * Opens a client and looks at what it reached.
 *
 * Throws `URI_INVALID`, `DATABASE_MISSING`, `USAGE` for a name that no database of the user's can have, before anybody is
 * asked; `SERVER_UNREACHABLE`, `CREDENTIALS_REFUSED`, `NOT_AUTHORIZED`, which may be retried. The caller closes the connection (`await using` does).
 */
export async function connect(uri: string, options: ConnectOptions): Promise<Connection> {
  options.secrets.addUri(uri);
  const database = options.database ?? databaseOf(uri);
  if (database === undefined) {
    throw new ReleaseError('DATABASE_MISSING', 'The connection string names no database.', {
      hint: 'Add it to the connection string (…/shop) or pass --database shop.',
    });
  }
  checkDatabaseName(database);
  const what = `connecting to database ${database}`;
  let client: MongoClient;
  try {
    client = new MongoClient(uri, {
      // What the connection string says itself stands; these would override it.
      ...(!says(uri, 'appName') && { appName: 'mongo-release' }),
      ...((options.timeoutMs !== undefined || !says(uri, 'serverSelectionTimeoutMS')) && {
        serverSelectionTimeoutMS: options.timeoutMs ?? 10_000,
      }),
      ...options.clientOptions,
    });
  } catch (error) {
    throw refusedOptions(error, uri, what) ?? asServerFailure(error, what);
  }
  try {
    await client.connect();
    const topology = await readTopology(client);
    const close = () => closeWithin(client, closeLimitMs);
    return { client, db: client.db(database), topology, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await closeWithin(client, closeLimitMs);
    throw asServerFailure(error, what);
  }
}

/** Whether a server takes it: https://www.mongodb.com/docs/manual/reference/limits/#std-label-restrictions-on-db-names */
function isDatabaseName(name: string): boolean {
  return name !== '' && !/[/\\. "$\0]/.test(name) && Buffer.byteLength(name) < 64;
}

/** What is written to one of MongoDB's own databases is lost, or breaks the deployment. */
function checkDatabaseName(name: string): void {
  if (['admin', 'local', 'config'].includes(name)) {
    throw new ReleaseError('USAGE', `${name} is a database of MongoDB's own, and nothing is done in it.`, {
      hint: `Name your own database: --database NAME, or the connection string's (…/NAME?authSource=admin); with restore also --into NAME.`,
    });
  }
  if (isDatabaseName(name)) return;
  throw new ReleaseError('USAGE', `${JSON.stringify(name)} can be no name of a database.`, {
    hint: 'A name has fewer than 64 bytes and none of / \\ . " $ and space. --database and --into name a database alone, without a collection.',
  });
}

/** A client says goodbye to the server; where the network swallows everything, that alone may take minutes. */
const closeLimitMs = 3000;

async function closeWithin(client: MongoClient, limitMs: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([
    client.close().catch(() => {}),
    sleep(limitMs, undefined, { signal: timer.signal, ref: false }).catch(() => {}),
  ]);
  timer.abort();
}

/** Where the driver refuses the connection string for some of its options: their names, and no value. */
function refusedOptions(error: unknown, uri: string, what: string): ReleaseError | undefined {
  const query = /^mongodb(?:\+srv)?:\/\/[^/]+\/[^?]*\?(.*)$/.exec(uri)?.[1] ?? '';
  const names = query.split('&').map((option) => option.split('=', 1)[0] ?? '');
  const { message } = error as Error;
  // The driver says which only in its text.
  const refused = names.filter((name) => /^\w+$/.test(name) && new RegExp(`\\b${name}\\b`, 'i').test(message));
  if (refused.length === 0) return undefined;
  return new ReleaseError(
    'URI_INVALID',
    `The driver refuses ${[...new Set(refused)].join(', ')} in the connection string (while ${what}).`,
    {
      hint: 'Check spelling and value: https://www.mongodb.com/docs/manual/reference/connection-string-options/',
      cause: error,
    },
  );
}

/** Whether a connection string names an option; their names are not case-sensitive. */
function says(uri: string, option: string): boolean {
  return new RegExp(`[?&]${option}=`, 'i').test(uri);
}

/**
 * The database named in a connection string, percent-decoded; undefined when it names none. Throws `URI_INVALID` for
 * what can be no name: most often the rest of a password that holds an unencoded slash, so nothing of it is quoted.
 */
export function databaseOf(uri: string): string | undefined {
  const name = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(uri)?.[1];
  if (name === undefined || name === '') return undefined;
  if (!/[@/]/.test(name)) {
    try {
      const decoded = decodeURIComponent(name);
      if (isDatabaseName(decoded)) return decoded;
    } catch {
      // Refused below.
    }
  }
  throw new ReleaseError(
    'URI_INVALID',
    'What stands behind the host in the connection string is no name of a database.',
    {
      hint: 'Write it as mongodb://user:password@host:port/database, with @ : / % in the password percent-encoded.',
    },
  );
}

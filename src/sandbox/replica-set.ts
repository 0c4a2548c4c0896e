import { randomBytes, randomInt } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { describeServerError, serverCode } from '../mongo/server-error.ts';
import { type Marker, markerCollection, markerDatabase, markerId } from './marker.ts';

/** What makes a fresh server a replica set that only we can use. All of it random, once a sandbox. */
export interface Identity {
  readonly setName: string;
  /** Content of the key file. Whoever knows it is `__system`, so it is a secret like a password. */
  readonly key: string;
  readonly user: string;
  readonly password: string;
}

export function newIdentity(): Identity {
  return {
    setName: `sandbox-${randomBytes(4).toString('hex')}`,
    // 6 to 1024 characters of the base64 alphabet, by the server's documentation of key files.
    key: randomBytes(96).toString('base64').replace(/=/g, ''),
    user: `sandbox${randomInt(1e9)}`,
    password: randomBytes(24).toString('base64url'),
  };
}

/**
 * Settings of every mongod that we start. `ttlMonitorEnabled=false`: restored documents whose time is over would be
 * deleted during the rehearsal, and the comparison would blame the migration. `enableLocalhostAuthBypass=false`: we
 * come in with the key file, so there is no moment in which another user of this machine could create the first user.
 */
export const defaultParameters: Readonly<Record<string, string>> = {
  ttlMonitorEnabled: 'false',
  enableLocalhostAuthBypass: 'false',
  diagnosticDataCollectionEnabled: 'false',
};

export interface SetUpOptions {
  /** `host:port` under which we reach the server and it reaches itself, so that drivers find it as a set. */
  readonly address: string;
  readonly identity: Identity;
  readonly timeoutMs: number;
  /** Asked while the server does not answer: true once there is no point in waiting any more. */
  readonly givenUp: () => boolean;
  readonly signal?: AbortSignal;
}

export type SetUp =
  | { readonly kind: 'ready'; readonly serverVersion: string }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Makes a server that listens, or is about to, the primary of its own set of one, with our user and our marker.
 *
 * Does not throw; safe to call again on the same server.
 */
export async function setUpReplicaSet(options: SetUpOptions): Promise<SetUp> {
  const deadline = Date.now() + options.timeoutMs;
  let last: unknown;
  while (Date.now() < deadline && !options.givenUp() && !options.signal?.aborted) {
    const client = new MongoClient(systemUri(options), { serverSelectionTimeoutMS: 1000, connectTimeoutMS: 2000 });
    try {
      await client.connect();
      return { kind: 'ready', serverVersion: await initiate(client, options, deadline) };
    } catch (error) {
      last = error;
      // A server that answers with an error does not answer better the next time.
      if (serverCode(error) !== undefined && !isStartingUp(error)) break;
      await pause(50);
    } finally {
      await client.close().catch(() => {});
    }
  }
  if (options.signal?.aborted) return { kind: 'failed', reason: 'cancelled' };
  const why = last === undefined ? 'it did not answer' : describeServerError(last, 'setting up the replica set');
  return { kind: 'failed', reason: why };
}

/** Connection string of the sandbox's user. */
export function userUri(address: string, identity: Identity): string {
  return `mongodb://${identity.user}:${identity.password}@${address}/?replicaSet=${identity.setName}&authSource=admin`;
}

/** The key file's content is the password of the internal user; as for members of the set, so for us. */
export function systemUri({ address, identity }: Pick<SetUpOptions, 'address' | 'identity'>): string {
  const password = encodeURIComponent(identity.key);
  return `mongodb://__system:${password}@${address}/?authSource=local&authMechanism=SCRAM-SHA-256&directConnection=true`;
}

async function initiate(client: MongoClient, options: SetUpOptions, deadline: number): Promise<string> {
  const { identity, address } = options;
  const admin = client.db('admin');
  const config = {
    _id: identity.setName,
    members: [{ _id: 0, host: address }],
    // What a crash would lose nobody needs: `w: majority` waits for the member alone, and not for its disk.
    writeConcernMajorityJournalDefault: false,
    settings: { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 500 },
  };
  await admin.command({ replSetInitiate: config }).catch((error: unknown) => {
    if (serverCode(error) !== alreadyInitialized) throw error;
  });
  while ((await admin.command({ hello: 1 })).isWritablePrimary !== true) {
    if (Date.now() > deadline) throw new Error('the member did not become primary');
    await pause(20);
  }
  await admin
    .command({ createUser: identity.user, pwd: identity.password, roles: ['root'], writeConcern: { w: 'majority' } })
    .catch((error: unknown) => {
      if (serverCode(error) !== userExists) throw error;
    });
  // It recognizes itself when its address is given as a sandbox's.
  await client
    .db(markerDatabase)
    .collection<Marker>(markerCollection)
    .updateOne(
      { _id: markerId },
      { $setOnInsert: { createdAt: new Date() } },
      { upsert: true, writeConcern: { w: 'majority' } },
    );
  return String((await admin.command({ buildInfo: 1 })).version);
}

// Numbers from the server's `src/mongo/base/error_codes.yml`.
const alreadyInitialized = 23;
const userExists = 51_003;
const startingUpCodes = new Set([
  13_436, // NotPrimaryOrSecondary
  10_107, // NotWritablePrimary
  11_600, // InterruptedAtShutdown
  11_602, // InterruptedDueToReplStateChange
  // AuthenticationFailed: the image of Docker may answer on its port before the key is in place.
  18,
]);

function isStartingUp(error: unknown): boolean {
  const code = serverCode(error);
  return code !== undefined && startingUpCodes.has(code);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

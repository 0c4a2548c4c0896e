import { randomUUID } from 'node:crypto';
import type { MongoClient } from 'mongodb';
import { type Connection, connect } from '../mongo/connect.ts';
import { hostsOf } from '../mongo/hosts.ts';
import { describeServerError } from '../mongo/server-error.ts';
import type { Topology } from '../mongo/topology.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import { claim } from './claim.ts';
import { type Marker, markerCollection, markerCommand, markerDatabase, markerId } from './marker.ts';
import type { Sandbox, SandboxOptions, SandboxTarget } from './sandbox.ts';

const serversOwn = new Set(['admin', 'config', 'local', markerDatabase]);

/**
 * Uses a running replica set as a sandbox, if it is safe: it is no member of a target's set, carries our marker, is not
 * in use by another run, and is empty but for what an earlier use left there. Nothing is written before the marker was
 * seen. `stop` drops the databases that were made since.
 *
 * Throws `SANDBOX_REFUSED`, with what to type, in every other case: also when something could not be looked at.
 */
export async function useAddress(address: string, options: SandboxOptions): Promise<Sandbox> {
  const { secrets, log } = options;
  secrets.addUri(address);
  const uri = withoutDatabase(address);
  secrets.addUri(uri);
  let connection: Connection;
  try {
    connection = await connect(uri, { database: markerDatabase, secrets });
  } catch (error) {
    const cause = asReleaseError(error);
    throw refusal(`the server cannot be used: ${cause.message}`, cause.hint, cause);
  }
  const { client, topology } = connection;
  try {
    // Also as the address names it: a target may be known by nothing but the same name.
    const known = { ...topology, hosts: [...topology.hosts, ...hostsOf(address)] };
    refuseTargets(known, options.targets ?? []);
    const marker = await client
      .db(markerDatabase)
      .collection<Marker>(markerCollection)
      .findOne({ _id: markerId }, { readPreference: 'primary' });
    if (marker === null) {
      throw refusal(
        'it does not carry the marker that says that its data may be thrown away',
        `If it may, create the marker: ${markerCommand}`,
      );
    }
    const claimed = await claim(client, randomUUID(), (client) => databasesOf(client), log);
    if (claimed.kind === 'held') {
      throw refusal(
        'another run uses it at this moment',
        `Wait for that run, or give each run a sandbox of its own. A claim that a killed run left behind ends by itself within ${claimed.ttlSeconds} s.`,
      );
    }
    let left: readonly string[] | undefined = claimed.leftBehind;
    try {
      await dropDatabases(client, left);
      left = [];
      const others = await databasesOf(client);
      if (others.length > 0) {
        throw refusal(
          `it is not empty: it has ${others.length === 1 ? 'a database' : `${others.length} databases`} of its own (${others.slice(0, 5).join(', ')}${others.length > 5 ? ', …' : ''})`,
          'Name an empty replica set, or drop these databases if nobody needs them.',
        );
      }
    } catch (error) {
      await claimed.release(left);
      throw error;
    }
    // Before it was seen empty, what is there may be somebody's: noted as ours, the run after a crash would drop it.
    claimed.note();
    const restoreTtl = await stopTtlMonitor(client, log);
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= (async () => {
        left = undefined;
        try {
          // After a pause that outlived the claim, what is there belongs to another run.
          if (!(await claimed.stillOurs())) return;
          left = await databasesOf(client);
          await dropDatabases(client, left);
          left = [];
          await restoreTtl();
        } catch (error) {
          log.warn('The sandbox was not emptied; the next run that uses it does that.', {
            reason: describeServerError(error),
          });
        } finally {
          await claimed.release(left);
          await connection.close();
        }
      })();
      return stopped;
    };
    return {
      uri,
      serverVersion: topology.serverVersion,
      origin: 'address',
      description: 'the replica set at the sandbox address',
      lost: claimed.lost,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await connection.close();
    if (error instanceof ReleaseError) throw error;
    throw refusal(
      `it could not be looked at: ${describeServerError(error)}`,
      'Use a user with role root on the sandbox.',
      error,
    );
  }
}

/** The name of a database in the address would send restored data and comparisons there; only its meaning for the login is kept. */
export function withoutDatabase(uri: string): string {
  const parts = /^(mongodb(?:\+srv)?:\/\/)([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri);
  if (parts === null) return uri;
  const [, scheme = '', authority = '', database = '', query = ''] = parts;
  const parameters = new URLSearchParams(query);
  if (database !== '' && authority.includes('@') && !parameters.has('authSource')) {
    parameters.set('authSource', decodeURIComponent(database));
  }
  const rest = parameters.toString();
  return `${scheme}${authority}/${rest === '' ? '' : `?${rest}`}`;
}

function refuseTargets(topology: Topology, targets: readonly SandboxTarget[]): void {
  if (topology.kind !== 'replica-set') {
    throw refusal(
      `it is a ${topology.kind === 'sharded' ? 'sharded cluster' : 'server without a replica set'}`,
      'Start its mongod with --replSet and run rs.initiate(): transactions and snapshot reads need a replica set.',
    );
  }
  for (const target of targets) {
    if (!isSameSet(topology, target)) continue;
    throw refusal(
      'it belongs to the replica set of a target',
      'A sandbox is thrown away: name another server, or leave --sandbox-uri (MONGO_RELEASE_SANDBOX_URI) out.',
    );
  }
}

/**
 * Whether two descriptions are of one deployment. The id is given once when a set is initiated, so where both are known
 * they decide; a copy of a target's disks has its id and counts as the target. Else one host in common is enough.
 */
export function isSameSet(sandbox: SandboxTarget, target: SandboxTarget): boolean {
  if (sandbox.replicaSetId !== undefined && target.replicaSetId !== undefined) {
    return sandbox.replicaSetId === target.replicaSetId;
  }
  const hosts = new Set(target.hosts.map((host) => host.toLowerCase()));
  return sandbox.hosts.some((host) => hosts.has(host.toLowerCase()));
}

async function databasesOf(client: MongoClient): Promise<string[]> {
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  return databases.map(({ name }) => name).filter((name) => !serversOwn.has(name));
}

async function dropDatabases(client: MongoClient, names: readonly string[]): Promise<void> {
  for (const name of names) await client.db(name).dropDatabase();
}

/** Documents whose time is over would disappear between restore and comparison. Gives back how to undo it, which does not throw. */
async function stopTtlMonitor(client: MongoClient, log: SandboxOptions['log']): Promise<() => Promise<void>> {
  const admin = client.db('admin');
  try {
    const before = await admin.command({ getParameter: 1, ttlMonitorEnabled: 1 });
    if (before.ttlMonitorEnabled !== true) return async () => {};
    await admin.command({ setParameter: 1, ttlMonitorEnabled: false });
    return async () => {
      await admin
        .command({ setParameter: 1, ttlMonitorEnabled: true })
        .catch((error) =>
          log.warn('TTL indexes stay switched off in the sandbox.', { reason: describeServerError(error) }),
        );
    };
  } catch (error) {
    log.warn('TTL indexes stay at work in the sandbox: documents whose time is over may go during a rehearsal.', {
      reason: describeServerError(error),
    });
    return async () => {};
  }
}

function refusal(why: string, hint: string, cause?: unknown): ReleaseError {
  return new ReleaseError('SANDBOX_REFUSED', `The sandbox address is refused: ${why}.`, { hint, cause });
}

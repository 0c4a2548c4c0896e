import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { mongodArgs, realMongod, until } from '../sandbox/lab.ts';
import { ownPort } from '../setup/ports.ts';

export interface Servers extends AsyncDisposable {
  /** Names no database; with access control a user with the role root. */
  readonly uri: string;
  readonly hosts: readonly string[];
  /** Ends one member, without warning. */
  kill(member: number): Promise<void>;
}

export interface ServersOptions {
  /** What a member's configuration has beside its host; no members make a standalone. */
  readonly members: readonly Readonly<Record<string, unknown>>[];
  readonly accessControl?: boolean;
}

/** Servers of a test's own: several members, a standalone, access control. Takes about 3 s with three members. */
export async function startServers({ members, accessControl = false }: ServersOptions): Promise<Servers> {
  const mongod = await realMongod();
  const folder = await mkdtemp(join(tmpdir(), 'mongo-release-guard-'));
  await writeFile(join(folder, 'key'), randomBytes(300).toString('base64'), { mode: 0o600 });
  const running: ChildProcess[] = [];
  const killAll = () => running.forEach((child) => void child.kill('SIGKILL'));
  process.once('exit', killAll);
  const hosts: string[] = [];
  for (let i = 0; i < Math.max(1, members.length); i += 1) {
    const port = await ownPort();
    const data = join(folder, String(i));
    await mkdir(data);
    const args = mongodArgs(data, port);
    if (members.length > 0) args.push('--replSet', 'guarded');
    if (accessControl) args.push('--keyFile', join(folder, 'key'));
    args.push('--setParameter', 'enableTestCommands=1', '--logpath', join(folder, `${i}.log`));
    running.push(spawn(mongod, args, { stdio: 'ignore' }));
    hosts.push(`127.0.0.1:${port}`);
  }
  const dispose = async () => {
    killAll();
    process.off('exit', killAll);
    await Promise.all(running.map((child) => (child.exitCode ?? child.signalCode) === null && once(child, 'exit')));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await setUp(hosts, members, accessControl);
  } catch (error) {
    await dispose();
    throw error;
  }
  const user = accessControl ? 'root:secret@' : '';
  const set = members.length > 0 ? '?replicaSet=guarded' : '';
  return {
    uri: `mongodb://${user}${hosts.join(',')}/${set}`,
    hosts,
    async kill(member) {
      const child = running[member]!;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function setUp(hosts: readonly string[], members: ServersOptions['members'], accessControl: boolean) {
  // A member that does not listen yet would fail the initiation.
  for (const host of hosts) {
    await using member = await MongoClient.connect(`mongodb://${host}/?directConnection=true`);
    await member.db('admin').command({ hello: 1 });
  }
  await using client = await MongoClient.connect(`mongodb://${hosts[0]}/?directConnection=true`);
  const admin = client.db('admin');
  if (members.length > 0) {
    await admin.command({
      replSetInitiate: {
        _id: 'guarded',
        members: members.map((member, _id) => ({ _id, host: hosts[_id], ...member })),
        settings: { electionTimeoutMillis: 2000, heartbeatIntervalMillis: 500 },
      },
    });
    await until(async () => (await admin.command({ hello: 1 })).isWritablePrimary === true);
  }
  if (accessControl) await admin.command({ createUser: 'root', pwd: 'secret', roles: ['root'] });
}

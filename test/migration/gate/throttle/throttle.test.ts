import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ThrottleSettings } from '../../../../src/migration/gate/throttle/settings.ts';
import { ServerThrottle } from '../../../../src/migration/gate/throttle/throttle.ts';
import { type Servers, startServers } from '../../../guard/servers.ts';
import { until } from '../../../sandbox/lab.ts';

let servers: Servers;
let client: MongoClient;
/** The secondary that can be held back; the third member is delayed by an hour on purpose. */
let secondary: MongoClient;

beforeAll(async () => {
  servers = await startServers({
    members: [{ priority: 2 }, { priority: 0 }, { priority: 0, hidden: true, secondaryDelaySecs: 3600 }],
    accessControl: true,
  });
  client = await MongoClient.connect(servers.uri);
  secondary = await MongoClient.connect(`mongodb://root:secret@${servers.hosts[1]}/?directConnection=true`);
  await client.db('admin').command({ createUser: 'plain', pwd: 'secret', roles: ['readWriteAnyDatabase'] });
  await until(async () => {
    const { members } = await client.db('admin').command({ replSetGetStatus: 1 });
    return members.filter((member: { state: number }) => member.state === 2).length === 2;
  });
});

afterAll(async () => {
  await client?.close();
  await secondary?.close();
  await servers?.[Symbol.asyncDispose]();
});

const said: string[] = [];
let closed: Error | undefined;

beforeEach(async () => {
  said.length = 0;
  closed = undefined;
  // The delayed member has nothing of the test's yet, so each write is majority's business of the first two.
  await client
    .db('t')
    .collection('a')
    .insertOne({}, { writeConcern: { w: 1 } });
});

function throttle(settings: Partial<ThrottleSettings> = {}, by = client) {
  return new ServerThrottle({
    client: by,
    settings: { maxLagMs: 1000, serverLoad: true, maxPauseMs: 60_000, ...settings },
    say: (level, message) => void said.push(`${level} ${message}`),
    refuseWhenClosed: () => {
      if (closed !== undefined) throw closed;
    },
  });
}

/** Stops the secondary, and writes until it is behind by two seconds. */
async function heldBack(): Promise<AsyncDisposable> {
  const point = (mode: string) => secondary.db('admin').command({ configureFailPoint: 'rsSyncApplyStop', mode });
  await point('alwaysOn');
  const write = () =>
    client
      .db('t')
      .collection('a')
      .insertOne({}, { writeConcern: { w: 1 } });
  await write();
  await sleep(2200);
  await write();
  // Heartbeats carry it to the primary, every half a second here.
  await until(async () => {
    const { members } = await client.db('admin').command({ replSetGetStatus: 1 });
    const [first, second] = members.map(({ optimeDate }: { optimeDate: Date }) => Number(optimeDate));
    return first - second >= 2000;
  });
  return { [Symbol.asyncDispose]: async () => void (await point('off')) };
}

async function timed(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

test('nothing waits on a set that keeps up, and a member that is delayed on purpose holds nobody up', async () => {
  const { pause } = bound(throttle());
  const took = await timed(
    (async () => {
      for (let i = 0; i < 200; i++) await pause();
    })(),
  );
  expect(said).toEqual([]);
  // Else it waits for a minute.
  expect(took).toBeLessThan(30_000);
});

test('waits for a secondary that is behind, says why, and goes on when it has caught up', async () => {
  const held = await heldBack();
  const { pause } = bound(throttle());
  const waiting = Promise.all([pause(), pause()]);
  expect(await Promise.race([waiting, sleep(1500).then(() => 'waits')])).toBe('waits');
  expect(said).toEqual([
    expect.stringMatching(
      `^info The migration waits between two batches: Member ${servers.hosts[1]} is \\d+ s behind; 1 s are allowed`,
    ),
  ]);
  await held[Symbol.asyncDispose]();
  await waiting;
  expect(said[1]).toMatch(/^info The migration goes on after a pause of \d+ s/);
  expect(said).toHaveLength(2);
});

test('never waits for ever: after its longest pause one batch goes through, and the gate that closes ends it', async () => {
  await using _held = await heldBack();
  const took = await timed(throttle({ maxPauseMs: 1200 }).pause());
  expect(took).toBeGreaterThan(1000);
  expect(took).toBeLessThan(30_000);
  expect(said.at(-1)).toMatch(/^warn Member .* goes on with one batch\.$/);

  const waiting = throttle().pause();
  const failed = expect(waiting).rejects.toThrow('closed');
  await sleep(300);
  closed = new Error('closed');
  expect(await timed(failed)).toBeLessThan(30_000);
});

test('a user who may see nothing of the servers is held up by what a majority has not got', async () => {
  const [host] = servers.hosts;
  await using plain = await MongoClient.connect(`mongodb://plain:secret@${host}/?replicaSet=guarded&authSource=admin`);
  // What the test before held back is caught up first.
  await until(async () => {
    said.length = 0;
    await throttle({ maxPauseMs: 1 }, plain).pause();
    return said.length === 0;
  });
  await using _held = await heldBack();
  const took = await timed(throttle({ maxPauseMs: 500 }, plain).pause());
  expect(took).toBeGreaterThan(400);
  expect(said).toContainEqual(expect.stringContaining('The majority of the members are'));
});

test('where the load cannot be seen, a batch that took long is followed by a rest', async () => {
  const [host] = servers.hosts;
  await using plain = await MongoClient.connect(`mongodb://plain:secret@${host}/?replicaSet=guarded&authSource=admin`);
  const { pause } = bound(throttle({ maxLagMs: 60_000 }, plain));
  await pause();
  await sleep(2000);
  expect(await timed(pause())).toBeGreaterThan(1900);
  expect(await timed(pause())).toBeLessThan(1500);
});

test('a server that is gone is no reason to wait: the next write will tell', async () => {
  const gone = await MongoClient.connect(servers.uri);
  await gone.close();
  expect(await timed(throttle({}, gone).pause())).toBeLessThan(30_000);
  expect(said).toEqual([]);
});

const bound = (made: ServerThrottle) => ({ pause: () => made.pause() });

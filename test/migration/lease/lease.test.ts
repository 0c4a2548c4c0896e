import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AcquireOptions, acquireLease } from '../../../src/migration/lease/lease.ts';
import type { LeaseDocument, LeaseHolder } from '../../../src/migration/lease/record.ts';
import { inspectLease, unlock } from '../../../src/migration/lease/state.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { proxyTo } from '../../setup/tcp-proxy.ts';

const own = ownNames();
const holder: LeaseHolder = {
  host: 'runner-7',
  pid: 4711,
  actor: '$ada',
  runUrl: 'https://ci.example/runs/12',
  releaseId: 'r-1',
  command: 'migrate',
};
/** Long enough for the heartbeats of a busy machine to get through. */
const now = { ttlMs: 9000, waitMs: 0, holder } satisfies AcquireOptions;

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase('lease');
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => leases().deleteMany({}));

const leases = () => database.db.collection<LeaseDocument>(own.lease);
const acquire = (options: Partial<AcquireOptions> = {}) => acquireLease(database.db, own, { ...now, ...options });
const stored = async () => (await leases().findOne({ _id: 'lease' }))!;
/** Resolves once a heartbeat got through that is later than the last one by so many milliseconds. */
const beatAfter = async (ms = 1) => {
  const since = Number((await stored()).heartbeatAt);
  await vi.waitUntil(async () => Number((await stored()).heartbeatAt) >= since + ms, { timeout: 30_000 });
};

describe('taking a lease', () => {
  test('one of 64 at the same moment gets it, the others learn who has it', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 64 }, () => acquire({ ttlMs: 30_000 })));
    const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
    const reasons = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason] : []));
    expect(won).toHaveLength(1);
    expect(new Set(reasons.map((reason) => reason.code))).toEqual(new Set(['LEASE_HELD']));
    expect((await stored()).fence).toBe(1);
    await won[0]!.value.release();
  });

  test('LEASE_HELD names owner, age, heartbeat and what to type', async () => {
    await using _lease = await acquire();
    const error = await acquire().catch((reason) => reason);
    expect(error).toMatchObject({ code: 'LEASE_HELD', exitCode: 6 });
    expect(error.message).toMatch(
      /migrate on runner-7, process 4711, started by \$ada, release r-1, https:\/\/ci\.example\/runs\/12; taken \d s ago, last heartbeat \d s ago/,
    );
    expect(error.hint).toMatch(/--wait 60s.*runs out by itself in \d s.*mongo-release unlock/);
  });

  test('each acquisition has the next fence, after a release and after an expiry', async () => {
    const first = await acquire();
    await first.release();
    const second = await acquire({ ttlMs: 60_000 });
    expect(second.fence).toBe(first.fence + 1);
    await leases().updateOne({ _id: 'lease' }, { $set: { expiresAt: new Date(Date.now() - 1) } });
    const third = await acquire();
    expect(third.fence).toBe(second.fence + 1);
    await second.release();
    expect((await stored()).owner).toBe(third.owner);
    await third.release();
    expect((await stored()).owner).toBeNull();
  });

  test('waits for an owner that gives it back, and says once for whom', async () => {
    const first = await acquire();
    const told: string[] = [];
    const waiting = acquire({ waitMs: 60_000, onWait: (who) => told.push(who) });
    await vi.waitUntil(() => told.length > 0, { timeout: 30_000 });
    await first.release();
    await using second = await waiting;
    expect(second.fence).toBe(first.fence + 1);
    expect(told).toEqual([expect.stringMatching(/process \d+.*last heartbeat \d+ s ago$/)]);
  });

  test('gives up when the wait is over, and at once when aborted', async () => {
    await using _lease = await acquire({ ttlMs: 10_000 });
    const started = performance.now();
    await expect(acquire({ waitMs: 400 })).rejects.toMatchObject({ code: 'LEASE_HELD' });
    expect(performance.now() - started).toBeGreaterThan(390);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopped by hand')), 100);
    await expect(acquire({ waitMs: 60_000, signal: stop.signal })).rejects.toThrow('stopped by hand');
  });

  test('a clock of this machine that is wrong by a day changes nothing', async () => {
    await using _lease = await acquire({ ttlMs: 10_000 });
    const real = Date.now;
    const wrong = vi.spyOn(Date, 'now').mockImplementation(() => real() + 86_400_000);
    await expect(acquire()).rejects.toMatchObject({ code: 'LEASE_HELD' });
    const state = await inspectLease(database.db, own);
    wrong.mockRestore();
    expect(state.held && state.ageMs < 60_000).toBe(true);
  });

  test('an expiry that lies further ahead is not shortened by a heartbeat', async () => {
    const ahead = new Date(Date.now() + 60_000);
    await using lease = await acquire({ ttlMs: 6000 });
    await leases().updateOne({ _id: 'lease' }, { $set: { expiresAt: ahead } });
    await beatAfter();
    expect((await stored()).expiresAt).toEqual(ahead);
    expect(lease.lost.aborted).toBe(false);
  });

  test('a dropped lease collection does not let the fence start below what history knows', async () => {
    await database.db.collection<{ _id: string }>(own.history).insertOne({ _id: 'a', fence: 41 } as { _id: string });
    await using lease = await acquire();
    expect(lease.fence).toBe(42);
    await database.db.collection(own.history).drop();
  });

  test('a server that is not there is said to be unreachable', async () => {
    const client = new MongoClient('mongodb://127.0.0.1:9/x?directConnection=true', { serverSelectionTimeoutMS: 100 });
    await expect(acquireLease(client.db(), own, now)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await client.close();
  });
});

/** A run of its own that was killed while it held a lease which lasts long. */
async function leftByKill(): Promise<number> {
  const entry = fileURLToPath(new URL('./lease-holder.ts', import.meta.url));
  const child = spawn(process.execPath, [entry, database.uri, '60000'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout }), 'line');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return child.pid as number;
}

describe.runIf(process.platform === 'linux')('a lease whose process has ended on this machine', () => {
  test('is taken over at once, with the next fence', async () => {
    const pid = await leftByKill();
    const left = await stored();
    expect(left.holder?.process).toMatchObject({ pid });
    expect(await inspectLease(database.db, own)).toMatchObject({ held: false, abandoned: { holder: { pid } } });
    const started = performance.now();
    await using lease = await acquire();
    expect(lease.fence).toBe(left.fence + 1);
    // Not before what the process has started has left, too.
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  test('is taken by one of many that come at the same moment', async () => {
    await leftByKill();
    const { fence } = await stored();
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => acquire({ ttlMs: 30_000 })));
    const won = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    expect(won.map((lease) => lease.fence)).toEqual([fence + 1]);
    await won[0]!.release();
  });

  test('is cleared by unlock', async () => {
    const pid = await leftByKill();
    expect(await unlock(database.db, own)).toMatchObject({ outcome: 'unlocked', was: { holder: { pid } } });
    expect((await stored()).owner).toBeNull();
  });

  test.each([
    ['another machine', { $set: { 'holder.process.boot': 'another' } }],
    ['another container', { $set: { 'holder.process.namespaces': 'pid:[1]' } }],
    ['a process that others cannot tell from the next', { $unset: { 'holder.process': '' as const } }],
  ])('is waited for where it is of %s', async (_where, change) => {
    await leftByKill();
    await leases().updateOne({ _id: 'lease' }, change);
    const refusals = [acquire(), unlock(database.db, own)].map((asked) => asked.catch((reason) => reason));
    const [held, alive] = await Promise.all(refusals);
    expect([held.code, alive.code]).toEqual(['LEASE_HELD', 'LEASE_ALIVE']);
    for (const { message, hint } of [held, alive]) {
      expect(/seems to be gone: no process \d+ runs on this host/.test(message)).toBe('$unset' in change);
      expect(hint).toMatch(/--wait 60s/);
      expect(hint).toMatch(/lease runs out by itself in \d+ s/);
    }
  });
});

describe('keeping a lease', () => {
  test('heartbeats keep it beyond its ttl', async () => {
    const ttlMs = 4500;
    await using lease = await acquire({ ttlMs });
    let over = false;
    const beaten = beatAfter(ttlMs).finally(() => {
      over = true;
    });
    while (!over) {
      await expect(acquire()).rejects.toMatchObject({ code: 'LEASE_HELD' });
      lease.assertHeld();
      await sleep(50);
    }
    await beaten;
  });

  test('a takeover is noticed at the next heartbeat', async () => {
    const lease = await acquire();
    await leases().updateOne({ _id: 'lease' }, { $set: { expiresAt: new Date(0) } });
    await using _other = await acquire();
    await once(lease.lost, 'abort', { signal: AbortSignal.timeout(30_000) });
    expect(lease.lost.reason).toMatchObject({ code: 'LEASE_LOST', message: expect.stringContaining('taken over') });
    expect(() => lease.assertHeld()).toThrow('taken over');
  });

  test('a given-back lease is not ours any more', async () => {
    const lease = await acquire();
    await lease.release();
    expect(lease.remainingMs).toBe(0);
    expect(() => lease.assertHeld()).toThrow('given back');
    expect(lease.lost.aborted).toBe(false);
  });

  test('silence on the network loses it before the server lets another have it', async () => {
    await using proxy = await proxyTo(database.uri);
    const client = await MongoClient.connect(proxy.uri);
    const lease = await acquireLease(client.db(database.name), own, { ...now, ttlMs: 6000 });
    await beatAfter();
    expect(lease.lost.aborted).toBe(false);
    proxy.silence();
    const lostAt = new Promise<number>((lost) => lease.lost.addEventListener('abort', () => lost(Date.now())));
    await once(lease.lost, 'abort', { signal: AbortSignal.timeout(30_000) });
    expect(Number((await stored()).expiresAt)).toBeGreaterThan(await lostAt);
    await using next = await acquire({ waitMs: 30_000 });
    expect(next.fence).toBe(lease.fence + 1);
    proxy.resume();
    await client.close();
  });

  test('what was taken by a request without an answer is recognized by the next one', async () => {
    await using proxy = await proxyTo(database.uri);
    const client = await MongoClient.connect(proxy.uri);
    const through = client.db(database.name);
    await (await acquireLease(through, own, now)).release();
    proxy.silenceAnswers();
    const taking = acquireLease(through, own, { ...now, ttlMs: 3000, waitMs: 60_000 });
    // Far ahead, so that it cannot be the expiry which lets the second request have it.
    const expiresAt = new Date(Date.now() + 60_000);
    await vi.waitUntil(async () => (await stored()).owner !== null, { timeout: 2500 });
    await leases().updateOne({ _id: 'lease' }, { $set: { expiresAt } });
    await sleep(3000);
    proxy.resume();
    const lease = await taking;
    expect(await stored()).toMatchObject({ owner: lease.owner, fence: lease.fence, expiresAt });
    await lease.release();
    await client.close();
  });

  test('a short silence is survived', async () => {
    await using proxy = await proxyTo(database.uri);
    const client = await MongoClient.connect(proxy.uri);
    const ttlMs = 4500;
    const lease = await acquireLease(client.db(database.name), own, { ...now, ttlMs });
    const beaten = beatAfter(ttlMs);
    proxy.silence();
    // The first heartbeat is on its way.
    await sleep(2100);
    proxy.resume();
    await beaten;
    lease.assertHeld();
    await lease.release();
    expect((await stored()).owner).toBeNull();
    await client.close();
  });

  test('a process that was frozen beyond the expiry knows on waking that it has lost', async () => {
    const entry = fileURLToPath(new URL('./lease-holder.ts', import.meta.url));
    const child = spawn(process.execPath, [entry, database.uri], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('held');
    child.kill('SIGSTOP');
    await using _next = await acquire({ waitMs: 30_000 });
    child.stdin.write('work\n');
    child.kill('SIGCONT');
    expect((await lines.next()).value).toBe('LEASE_LOST');
    child.stdin.end();
    await once(child, 'exit');
  });
});

describe('looking at a lease and clearing it', () => {
  test('says free, held and abandoned', async () => {
    expect(await inspectLease(database.db, own)).toEqual({ held: false });
    const lease = await acquire();
    expect(await inspectLease(database.db, own)).toMatchObject({ held: true, fence: lease.fence, holder });
    await lease.release();
    expect(await inspectLease(database.db, own)).toEqual({ held: false });
    await leases().updateOne({ _id: 'lease' }, { $set: { owner: 'gone' } });
    expect(await inspectLease(database.db, own)).toMatchObject({ held: false, abandoned: { holder } });
  });

  test('unlock refuses while the heartbeat is alive', async () => {
    await using lease = await acquire();
    await expect(unlock(database.db, own)).rejects.toMatchObject({ code: 'LEASE_ALIVE', exitCode: 6 });
    expect((await stored()).owner).toBe(lease.owner);
  });

  test('unlock clears what an owner without heartbeat left, though its expiry lies far ahead', async () => {
    const lease = await acquire();
    await lease.release();
    for (const heartbeatAt of [new Date(Date.now() - 60_000), new Date(Date.now() + 3_600_000)]) {
      await leases().updateOne(
        { _id: 'lease' },
        { $set: { owner: 'gone', heartbeatAt, expiresAt: new Date(Date.now() + 86_400_000) } },
      );
      await expect(acquire()).rejects.toMatchObject({ code: 'LEASE_HELD' });
      expect(await unlock(database.db, own)).toMatchObject({ outcome: 'unlocked', was: { holder } });
      await (await acquire()).release();
    }
    expect(await unlock(database.db, own)).toEqual({ outcome: 'nothing-to-do' });
  });
});

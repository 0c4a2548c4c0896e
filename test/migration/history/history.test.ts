import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isHalfDone } from '../../../src/migration/beginning.ts';
import { HistoryWriter, type Intent, readHistory } from '../../../src/migration/history/history.ts';
import { position } from '../../../src/migration/history/position.ts';
import { backedUpPosition, baseline, setPosition } from '../../../src/migration/history/without-run.ts';
import { acquireLease, type Lease } from '../../../src/migration/lease/lease.ts';
import type { Effects, MigrationFile } from '../../../src/migration/types.ts';
import { type Connection, connect } from '../../../src/mongo/connect.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

const own = ownNames();
const holder = { host: 'here', pid: 1, releaseId: 'r', command: 'migrate' };
const effects: Effects = {
  matched: 3,
  modified: 2,
  inserted: 1,
  deleted: 0,
  operations: 2,
  byCollection: { 'fs.files': { matched: 3, modified: 2, inserted: 1, deleted: 0 } },
  indexesCreated: ['fs.files.name_1'],
  indexesDropped: [],
  collectionsCreated: [],
  collectionsDropped: [],
  otherChanges: [],
  unknown: 0,
};

let database: TestDatabase;
let connection: Connection;
beforeAll(async () => {
  database = await freshDatabase('history');
  connection = await connect(database.uri, { secrets: new Secrets() });
});
afterAll(async () => {
  await connection.close();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.db.collection(own.history).deleteMany({});
  await database.db.collection(own.lease).deleteMany({});
});

const acquire = () => acquireLease(connection.db, own, { ttlMs: 10_000, waitMs: 0, holder });
/** As when the owner is gone: nothing tells it, and the next run may have the lease. */
const expire = () =>
  database.db.collection(own.lease).updateOne({ _id: 'lease' as never }, { $set: { expiresAt: new Date(0) } });
const writer = (lease: Lease, releaseId = 'r-1', through = connection) =>
  new HistoryWriter(through, own, lease, { releaseId, actor: '$ada', toolVersion: '0.1.0' });
const intent = (name: string, direction: Intent['direction'] = 'up', checksum = `sum-${name}`): Intent => ({
  name,
  direction,
  checksum,
  fileName: `${name}.ts`,
  description: '$set all',
  phase: 'before-deploy',
});
const file = (name: string, checksum = `sum-${name}`): MigrationFile => ({
  name,
  checksum,
  fileName: `${name}.ts`,
  path: `/m/${name}.ts`,
});
const read = () => readHistory(connection.db, own);
const failed = { state: 'failed', durationMs: 5, error: { code: 'MIGRATION_FAILED', message: 'it threw' } } as const;
const apply = async (history: HistoryWriter, ...names: string[]) => {
  for (const name of names) {
    await history.begin(intent(name));
    await history.finish(name, { state: 'applied', durationMs: 1 });
  }
};

describe('a run', () => {
  test('puts the intent on record before the effect, and then the result', async () => {
    expect(await read()).toEqual([]);
    await using lease = await acquire();
    const history = writer(lease);
    await history.begin(intent('a'));
    expect(await read()).toMatchObject([
      {
        _id: 'a',
        state: 'running',
        direction: 'up',
        releaseId: 'r-1',
        actor: '$ada',
        description: '$set all',
        fence: 1,
      },
    ]);
    await history.finish('a', { state: 'applied', durationMs: 12, effects });
    const [record] = await read();
    expect(record).toMatchObject({ state: 'applied', durationMs: 12, effects, appliedIn: 'r-1', sequence: 2 });
    expect(record!.appliedAt).toEqual(record!.finishedAt);
    expect(record!.finishedAt! >= record!.startedAt).toBe(true);
  });

  test('runs a failed migration again, and a rolled-back one, but no applied or running one', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await history.begin(intent('a'));
    await expect(history.begin(intent('a'))).rejects.toMatchObject({ code: 'HISTORY_CONFLICT', exitCode: 5 });
    await history.finish('a', failed);
    expect(await read()).toMatchObject([{ state: 'failed', error: failed.error }]);
    await apply(history, 'a');
    expect((await read())[0]).not.toHaveProperty('error');
    await expect(history.begin(intent('a'))).rejects.toMatchObject({ code: 'HISTORY_CONFLICT' });
    await history.begin(intent('a', 'down'));
    expect((await read())[0]).toMatchObject({ state: 'running', direction: 'down', appliedIn: 'r-1' });
    await history.finish('a', { state: 'rolled-back', durationMs: 1 });
    expect((await read())[0]).not.toHaveProperty('appliedAt');
    await expect(history.begin(intent('a', 'down'))).rejects.toMatchObject({ code: 'HISTORY_CONFLICT' });
    await apply(history, 'a');
    expect((await read())[0]).toMatchObject({ state: 'applied', direction: 'up' });
  });

  test('a way up does not end as rolled back, nor a way down as applied', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await history.begin(intent('a'));
    await expect(history.finish('a', { state: 'rolled-back', durationMs: 1 })).rejects.toMatchObject({
      code: 'HISTORY_CONFLICT',
    });
    await history.finish('a', { state: 'applied', durationMs: 1 });
    await history.begin(intent('a', 'down'));
    await expect(history.finish('a', { state: 'applied', durationMs: 1 })).rejects.toMatchObject({
      code: 'HISTORY_CONFLICT',
    });
  });

  test('recording an end twice changes nothing the second time', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await history.begin(intent('a'));
    const first = await history.finish('a', { state: 'applied', durationMs: 1 });
    expect(await history.finish('a', { state: 'applied', durationMs: 9 })).toEqual(first);
    await expect(history.finish('a', failed)).rejects.toMatchObject({ code: 'HISTORY_CONFLICT' });
    await expect(history.finish('b', failed)).rejects.toMatchObject({ code: 'HISTORY_CONFLICT' });
  });

  test('each change of state has the next number, across runs', async () => {
    const first = await acquire();
    await apply(writer(first), 'b', 'a');
    await first.release();
    await using second = await acquire();
    await apply(writer(second), 'c');
    expect((await read()).map(({ _id, sequence }) => [_id, sequence])).toEqual([
      ['b', 2],
      ['a', 4],
      ['c', 6],
    ]);
  });

  test('numbers go on where history is, though the counter was dropped', async () => {
    const first = await acquire();
    await apply(writer(first), 'a', 'b');
    await first.release();
    await database.db.collection(own.lease).drop();
    await using second = await acquire();
    expect(second.fence).toBe(2);
    await apply(writer(second), 'c');
    expect((await read()).map((record) => record._id)).toEqual(['a', 'b', 'c']);
  });

  test('nothing is written once the lease is given back', async () => {
    const lease = await acquire();
    const history = writer(lease);
    await lease.release();
    await expect(history.begin(intent('a'))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await read()).toEqual([]);
  });
});

describe('a run whose lease was taken over without its noticing', () => {
  test('is marked as interrupted by the next run, which hears of it', async () => {
    const old = await acquire();
    const history = writer(old, 'r-old');
    await apply(history, 'a');
    await history.begin(intent('b'));
    await expire();
    await using lease = await acquire();
    expect(await writer(lease, 'r-new').interruptStale()).toMatchObject([
      { _id: 'b', state: 'interrupted', releaseId: 'r-old', fence: 2, error: { code: 'INTERRUPTED' } },
    ]);
    expect(await writer(lease, 'r-new').interruptStale()).toEqual([]);
    await writer(lease, 'r-new').begin(intent('c'));
    expect(await writer(lease, 'r-new').interruptStale()).toEqual([]);
    expect((await read()).map(({ _id, state }) => [_id, state])).toEqual([
      ['a', 'applied'],
      ['b', 'interrupted'],
      ['c', 'running'],
    ]);
    await old.release();
  });

  test('cannot record anything, neither an end nor a start of what nobody has touched', async () => {
    const old = await acquire();
    const history = writer(old, 'r-old');
    await history.begin(intent('a'));
    await expire();
    await using lease = await acquire();
    await writer(lease, 'r-new').interruptStale();
    const before = await read();
    await expect(history.finish('a', { state: 'applied', durationMs: 1 })).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    await expect(history.begin(intent('z'))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(baseline(history, [file('z')])).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(history.interruptStale()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await read()).toEqual(before);
    await old.release();
  });

  test('does not slip a change that it began before the takeover past the next run', async () => {
    const old = await acquire();
    const history = writer(old, 'r-old');
    await apply(history, 'a');
    const midway = Promise.withResolvers<void>();
    const resume = Promise.withResolvers<void>();
    const late = history.change('pausing', async ({ records, session }) => {
      midway.resolve();
      await resume.promise;
      await records.updateOne({ _id: 'a' }, { $set: { state: 'running' } }, { session });
    });
    await midway.promise;
    await expire();
    await using lease = await acquire();
    // Its open transaction has written what fences: the next run ends it, and does not wait for it.
    const fenced = writer(lease, 'r-new').interruptStale();
    setTimeout(resume.resolve, 300);
    await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await fenced).toEqual([]);
    expect(await read()).toMatchObject([{ _id: 'a', state: 'applied' }]);
    await old.release();
  });
});

describe('history without a run', () => {
  test('a restore sets the position, keeps every record, and says where it came from', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await apply(history, 'b', 'a');
    const saved = position(await read());
    await apply(history, 'c');
    await history.begin(intent('d'));
    await history.finish('d', failed);
    await history.begin(intent('a', 'down'));
    await history.finish('a', { state: 'rolled-back', durationMs: 1 });

    const origin = { kind: 'restore', backupId: 'bk-1' } as const;
    expect(await setPosition(history, saved, origin)).toEqual({ applied: ['b', 'a'], rolledBack: ['d', 'c'] });
    const records = await read();
    expect(position(records)).toEqual(saved);
    expect(records.map(({ _id, state }) => [_id, state])).toEqual([
      ['d', 'rolled-back'],
      ['c', 'rolled-back'],
      ['b', 'applied'],
      ['a', 'applied'],
    ]);
    for (const record of records) expect(record.origin).toEqual(origin);
    expect(records[3]).toMatchObject({ fileName: 'a.ts', description: '$set all' });
    expect(records[1]).not.toHaveProperty('appliedAt');
  });

  test('what was half done when the data were backed up is so again, without a journal', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await apply(history, 'a', 'b', 'c');
    await history.begin(intent('b', 'down'), { images: true });
    await history.finish('b', failed);
    await history.begin(intent('d'));
    const taken = await read();
    const saved = backedUpPosition(taken);
    expect(saved.halfDone?.map(({ name, state, direction }) => [name, state, direction])).toEqual([
      ['b', 'failed', 'down'],
      ['d', 'interrupted', 'up'],
    ]);
    await history.finish('d', { state: 'applied', durationMs: 1 });

    await setPosition(history, saved, { kind: 'restore', backupId: 'bk-1' });
    const records = await read();
    expect(position(records)).toEqual(position(taken));
    for (const record of records.filter(isHalfDone)) expect(record).not.toHaveProperty('journal');
    expect(records.filter(isHalfDone).map(({ _id, appliedAt }) => [_id, appliedAt !== undefined])).toEqual([
      ['b', true],
      ['d', false],
    ]);
  });

  test('a restore into an empty database writes records of migrations it has never seen', async () => {
    await using lease = await acquire();
    const applied = [
      { name: 'x.1', checksum: 'one' },
      { name: '$y', checksum: 'two' },
    ];
    await setPosition(
      writer(lease),
      { applied },
      { kind: 'restore', backupId: 'bk-1' },
      { files: [file('$y', 'two')] },
    );
    expect(position(await read()).applied).toEqual(applied);
    expect((await read()).map((record) => record.fileName)).toEqual(['x.1', '$y.ts']);
  });

  test('a baseline marks as applied what never ran, once', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await apply(history, 'a');
    expect(await baseline(history, [file('a'), file('b'), file('c')])).toEqual(['b', 'c']);
    expect(await baseline(history, [file('a'), file('b'), file('c')])).toEqual([]);
    const records = await read();
    expect(records.map(({ _id, state, origin }) => [_id, state, origin?.kind])).toEqual([
      ['a', 'applied', undefined],
      ['b', 'applied', 'baseline'],
      ['c', 'applied', 'baseline'],
    ]);
  });

  test('a baseline accepts the content of an edited file and keeps its time and place', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await apply(history, 'a', 'b');
    const [before] = await read();
    expect(await baseline(history, [file('a', 'edited')])).toEqual(['a']);
    const [after] = await read();
    expect(after).toMatchObject({ _id: 'a', checksum: 'edited', appliedIn: 'r-1', appliedAt: before!.appliedAt });
  });

  test('a baseline leaves a running migration alone, and then writes nothing at all', async () => {
    await using lease = await acquire();
    const history = writer(lease);
    await history.begin(intent('b'));
    await expect(baseline(history, [file('a'), file('b')])).rejects.toMatchObject({ code: 'HISTORY_CONFLICT' });
    expect(await read()).toHaveLength(1);
  });
});

test('a standalone server, without transactions, is written to as well', async () => {
  await using lease = await acquire();
  // The same server: what a standalone lacks is what this writer must do without.
  const alone: Connection = { ...connection, topology: { ...connection.topology, kind: 'standalone' } };
  const history = writer(lease, 'r-1', alone);
  await apply(history, 'a');
  await baseline(history, [file('b')]);
  await setPosition(history, { applied: [{ name: 'b', checksum: 'sum-b' }] }, { kind: 'restore', backupId: 'bk' });
  expect((await read()).map(({ _id, state }) => [_id, state])).toEqual([
    ['a', 'rolled-back'],
    ['b', 'applied'],
  ]);
});

test('10,000 records are written in one change and read with less than a second of work', async () => {
  await using lease = await acquire();
  const files = Array.from({ length: 10_000 }, (_, index) => file(`m${String(index).padStart(5, '0')}`));
  await baseline(writer(lease), files);
  const before = process.threadCpuUsage();
  const records = await read();
  expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
  expect(records).toHaveLength(10_000);
  expect(position(records).applied[9999]).toEqual({ name: 'm09999', checksum: 'sum-m09999' });
});

import { setTimeout as sleep } from 'node:timers/promises';
import type { Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/backup/manifest.ts';
import { type Lost, movedBy } from '../../src/backup/restore/late.ts';
import type { Counted, Displaced, RestoreRecord } from '../../src/backup/restore/record.ts';
import { restoreCollection } from '../../src/backup/restore/record.ts';
import { settleRestore } from '../../src/backup/restore/settle.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import type { Connection } from '../../src/mongo/connect.ts';
import { type WritesSince, writesSince } from '../../src/mongo/writes-since.ts';
import { forgetful } from '../mongo/forgetful.ts';
import { type Lab, lab, own } from './backing-up.ts';
import { breaking } from './breaking.ts';
import { farFrom } from './far.ts';

const names = ['a', 'b', 'c'] as const;
let at: Lab;
let manifest: Manifest;

beforeAll(async () => {
  at = await lab();
  for (const name of names) {
    await at.db.collection<{ _id: number }>(name).insertMany([{ _id: 1 }, { _id: 2 }]);
    await at.db.collection(name).createIndex({ n: 1 });
  }
  manifest = (await at.backup()).manifest;
});
afterAll(() => at[Symbol.asyncDispose]());

/** As the backup has it, and a collection that it does not hold. */
async function scene(): Promise<Connection> {
  const connection = await at.another();
  await restoreBackup(connection, at.store, manifest.id, { own, log: at.log });
  await connection.db.collection('added').insertOne({ n: 1 });
  return connection;
}

const since = '2026-11-22T10:00:00.000Z';
const now = async ({ db }: Connection): Promise<Timestamp> => (await db.command({ ping: 1 })).operationTime;

/** What the use case does: it counts, and agrees to just that, or to what is given. */
async function count({ db }: Connection, from: Timestamp, agreed?: number | null): Promise<Counted> {
  const found = (await writesSince(db, from, { leaveOut: own.owns })) as Extract<WritesSince, { state: 'known' }>;
  const collections = [...found.byCollection].map(([collection, { inserted }]) => ({ collection, writes: inserted }));
  const writes = collections.reduce((sum, one) => sum + one.writes, 0);
  return { since, upTo: found.upTo, collections, agreed: agreed === undefined ? writes : agreed };
}

const tombstones = async ({ db }: Connection) =>
  (await db.listCollections({}, { nameOnly: true }).toArray())
    .map(({ name }) => name)
    .filter((name) => name.includes('.dropped.'));
const has = ({ db }: Connection, name: string, _id: number) =>
  db.collection<{ _id: number }>(name).countDocuments({ _id });
const insert = ({ db }: Connection, name: string, _id: number) =>
  db.collection<{ _id: number }>(name).insertOne({ _id });

describe('what users write after the last count', () => {
  test('is counted, and kept with all that was replaced where it was not agreed to', async () => {
    const connection = await scene();
    await insert(connection, 'a', 10);
    let told: Lost | undefined;
    const { displaced } = await restoreBackup(connection, at.store, manifest.id, {
      ...{ own, log: at.log },
      mayReplace: async () => {
        const counted = await count(connection, await now(connection));
        await insert(connection, 'b', 11);
        await insert(connection, 'added', 12);
        return counted;
      },
      onLost: async (lost) => {
        told = lost;
        // Nothing is dropped yet.
        expect(await tombstones(connection)).toHaveLength(4);
      },
    });
    const kept = ['b', 'added'].map((name) => ({ name, tombstone: expect.stringContaining('.dropped.'), writes: 1 }));
    expect(displaced).toEqual(kept);
    expect(told).toEqual({
      since,
      collections: expect.arrayContaining([
        { collection: 'b', writes: 1 },
        { collection: 'added', writes: 1 },
      ]),
      notCounted: [],
      kept,
    });
    expect(await tombstones(connection)).toHaveLength(2);
    expect(await has(connection, displaced[0]?.tombstone ?? '', 11)).toBe(1);
    expect(await has(connection, displaced[0]?.tombstone ?? '', 1)).toBe(1);
    expect(await has(connection, displaced[1]?.tombstone ?? '', 12)).toBe(1);
    expect(at.messages.join()).toContain(`the b of before is kept as ${displaced[0]?.tombstone}`);
    // The next restore leaves them alone.
    await restoreBackup(connection, at.store, manifest.id, { own, log: at.log });
    expect(await tombstones(connection)).toHaveLength(2);
  });

  test.each([{ agreed: 2 }, { agreed: null }])('goes where that many were agreed to: $agreed', async ({ agreed }) => {
    const connection = await scene();
    let told: Lost | undefined;
    const { displaced } = await restoreBackup(connection, at.store, manifest.id, {
      ...{ own, log: at.log },
      mayReplace: async () => {
        const counted = {
          ...(await count(connection, await now(connection), agreed)),
          collections: [{ collection: 'b', writes: 1 }],
        };
        await insert(connection, 'b', 11);
        return counted;
      },
      onLost: async (lost) => {
        told = lost;
      },
    });
    expect(told).toMatchObject({ collections: [{ collection: 'b', writes: 2 }], kept: [] });
    expect(displaced).toEqual([]);
    expect(await tombstones(connection)).toEqual([]);
  });

  test.each([{ agreed: 3 }, { agreed: null }])(
    'is kept with all that was replaced where the oplog does not tell, unless any number was agreed to: $agreed',
    async ({ agreed }) => {
      const connection = await scene();
      const known = [{ collection: 'b', writes: 3 }];
      let told: Lost | undefined;
      const { displaced } = await restoreBackup(
        { ...connection, db: forgetful(connection.db) },
        at.store,
        manifest.id,
        {
          ...{ own, log: at.log },
          mayReplace: () => now(connection).then((upTo) => ({ since, upTo, collections: known, agreed })),
          onLost: async (lost) => {
            told = lost;
          },
        },
      );
      // What is not known is kept, so that what went is known.
      expect(told?.collections).toEqual(agreed === null ? undefined : known);
      if (agreed === null) {
        expect(await tombstones(connection)).toEqual([]);
        return;
      }
      expect(displaced.map(({ name, writes }) => `${name} ${writes}`).sort()).toEqual(
        ['a', 'added', 'b', 'c'].map((name) => `${name} unknown`),
      );
      expect(await tombstones(connection)).toHaveLength(4);
    },
  );

  test('is not lost wherever the restore is cut off, nor by what finishes it', async () => {
    let late = 0;
    for (let stop = 1; ; stop++) {
      const connection = await scene();
      let written = false;
      const { connection: broken } = breaking(connection, stop, stop % 2 === 0 ? 'before' : 'after');
      const ended = await restoreBackup(broken, at.store, manifest.id, {
        ...{ own, log: at.log },
        mayReplace: async () => {
          const counted = await count(connection, await now(connection));
          for (const name of ['a', 'c', 'added']) await insert(connection, name, 11);
          written = true;
          return counted;
        },
      }).then(
        () => 'done',
        () => 'failed',
      );
      const record = await connection.db.collection<RestoreRecord>(restoreCollection(own)).findOne();
      const old = record === null ? [] : [...movedBy(own, record.steps).values()];
      await settleRestore(connection, { own, log: at.log, setHistory: async () => {}, goneAfterMs: 0 });
      if (written) {
        late++;
        const left = await tombstones(connection);
        expect(`${stop} ${left.length}`).toBe(`${stop} 3`);
        for (const name of left) expect(`${stop} ${await has(connection, name, 11)}`).toBe(`${stop} 1`);
        if (old.length > 0) expect(left.every((name) => old.includes(name))).toBe(true);
        expect(`${stop} ${await has(connection, 'a', 11)}`).toBe(`${stop} 0`);
      }
      if (ended === 'done') break;
    }
    expect(late).toBeGreaterThan(7);
  }, 120_000);

  test('is not what users write to the restored one of a name whose old collection they had dropped or replaced themselves', async () => {
    const connection = await scene();
    const { db } = connection;
    let over = false;
    let told: Lost | undefined;
    const began = performance.now();
    // Where there is no document it makes no collection.
    const writing = ['a', 'b', 'c'].map(async (name) => {
      while (!over) await db.collection<{ _id: number }>(name).updateOne({ _id: 1 }, { $inc: { n: 1 } });
    });
    await restoreBackup(connection, at.store, manifest.id, {
      ...{ own, log: at.log },
      mayReplace: async () => {
        // As a temporary one, and one that is written anew, go while the restore builds.
        for (const name of ['b', 'added']) await db.dropCollection(name);
        await db
          .collection('a')
          .aggregate([{ $out: 'c' }])
          .toArray();
        const counted = await count(connection, await now(connection), 1_000_000);
        await insert(connection, 'a', 11);
        return counted;
      },
      history: {
        placement: { applied: [] },
        set: async () => {
          await insert(connection, 'b', 11);
          await insert(connection, 'c', 11);
        },
      },
      onLost: async (lost) => {
        told = lost;
      },
    }).finally(() => {
      over = true;
    });
    await Promise.all(writing);
    const written = told?.collections?.filter(({ writes }) => writes > 0).map(({ collection }) => collection);
    expect(written).toEqual(['a']);
    // A look that does not come to its end takes a minute.
    expect(performance.now() - began).toBeLessThan(50_000);
  });

  test('of a writer near the server stops no restore from far away: it finds the name free for no longer than the server needs', async () => {
    const near = await scene();
    await using far = await farFrom(near);
    let over = false;
    const writing = (async () => {
      for (let _id = 100; !over; _id++) {
        await insert(near, 'a', _id);
        await sleep(20);
      }
    })();
    const ended = await restoreBackup(far.connection, at.store, manifest.id, { own, log: at.log }).catch(
      (error) => error,
    );
    over = true;
    await writing;
    expect(ended).toMatchObject({ restored: [...names] });
  });

  test('of a writer without pause each insert is counted, restored, or kept', async () => {
    const connection = await scene();
    const acknowledged = new Map<string, number[]>(names.map((name) => [name, []]));
    const began = await now(connection);
    let over = false;
    let next = 100;
    const writing = names.map(async (name) => {
      while (!over) {
        const _id = next++;
        // A name is free for a moment while it is replaced: who inserts then makes a collection, which is kept aside.
        await insert(connection, name, _id);
        acknowledged.get(name)?.push(_id);
      }
    });
    let told: Lost | undefined;
    let before: Counted | undefined;
    const onLost = async (lost: Lost) => {
      told = lost;
    };
    let displaced: readonly Displaced[] = [];
    try {
      ({ displaced } = await restoreBackup(connection, at.store, manifest.id, {
        ...{ own, log: at.log, onLost },
        mayReplace: async () => {
          before = await count(connection, began);
          return before;
        },
      }));
    } catch (error) {
      // Who makes a collection anew twenty times in a row, each time that its name is free for a moment, stops it.
      for (let n = 0; told === undefined; n++) {
        expect(error).toMatchObject({ code: 'RESTORE_INCOMPLETE' });
        const settling = { own, log: at.log, setHistory: async () => {}, goneAfterMs: 0, onLost };
        const settled = await settleRestore(connection, settling).catch((again: unknown) => {
          if (n === 20) throw again;
        });
        if (settled?.kind === 'finished') ({ displaced } = settled);
      }
    }
    over = true;
    await Promise.all(writing);
    expect(told?.kept.length).toBeGreaterThan(0);
    for (const [name, ids] of acknowledged) {
      const places = [name, ...displaced.filter((one) => one.name === name).map(({ tombstone }) => tombstone)];
      const there = new Set<number>();
      for (const place of places)
        for (const _id of await connection.db.collection<{ _id: number }>(place).distinct('_id')) there.add(_id);
      const missing = ids.filter((_id) => !there.has(_id)).length;
      const kept = told?.kept.some((one) => one.name === name);
      const counted = before?.collections.find(({ collection }) => collection === name)?.writes ?? 0;
      // Where nothing came late all that is missing was counted before.
      expect(`${name} ${missing > (kept ? 0 : counted)}`).toBe(`${name} false`);
    }
  });
});

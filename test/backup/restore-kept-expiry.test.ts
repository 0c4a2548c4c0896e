import { expect, test } from 'vitest';
import type { Lost } from '../../src/backup/restore/late.ts';
import { settleRestore } from '../../src/backup/restore/settle.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { lab, own } from './backing-up.ts';
import { breaking } from './breaking.ts';

const never = 2_147_483_647;

/** `sessions` expires by an index, `events` by itself; a user writes to both late, and makes `fresh` anew while it is replaced. */
async function scene() {
  const at = await lab();
  const { db } = at;
  for (const name of ['sessions', 'fresh', 'plain']) {
    await db.collection(name).insertOne({ at: new Date() });
    await db.collection(name).createIndex({ at: 1 }, { expireAfterSeconds: 3600 });
  }
  const clustered = { clusteredIndex: { key: { _id: 1 }, unique: true }, expireAfterSeconds: 7200 };
  await db.createCollection<{ _id: Date }>('events', clustered);
  const { manifest } = await at.backup();
  const upTo = async () => (await db.command({ ping: 1 })).operationTime;
  const options = {
    ...{ own, log: at.log },
    mayReplace: async () => {
      const counted = { since: new Date().toISOString(), upTo: await upTo(), collections: [], agreed: 0 };
      await db.collection('sessions').insertOne({ at: new Date() });
      await db.collection<{ _id: Date }>('events').insertOne({ _id: new Date() });
      await db.dropCollection('fresh');
      await db.collection('fresh').createIndex({ at: 1 }, { expireAfterSeconds: 60, name: 'short' });
      return counted;
    },
  };
  const expiries = async (name: string) => {
    const [info] = await db.listCollections({ name }, { nameOnly: false }).toArray();
    const seconds = (await db.collection(name).indexes()).map((index) => index.expireAfterSeconds);
    return [...seconds, info?.options?.expireAfterSeconds].filter((one) => one !== undefined);
  };
  return { at, manifest, options, expiries };
}

const kept = [
  { name: 'events', expiry: [{ expireAfterSeconds: 7200 }] },
  { name: 'fresh', expiry: [{ index: 'short', expireAfterSeconds: 60 }] },
  { name: 'sessions', expiry: [{ index: 'at_1', expireAfterSeconds: 3600 }] },
];

test('what is kept of a restore does not expire, and what had it expire is told; what was restored expires', async () => {
  const { at, manifest, options, expiries } = await scene();
  await using _ = at;
  let told: Lost | undefined;
  const { displaced } = await restoreBackup(at.connection, at.store, manifest.id, {
    ...options,
    onLost: async (lost) => {
      told = lost;
    },
  });
  const byName = [...displaced].sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(byName).toMatchObject(kept);
  expect(told?.kept.map(({ name, expiry }) => ({ name, expiry }))).toEqual(expect.arrayContaining([kept[0], kept[2]]));
  expect(await Promise.all(byName.map(({ tombstone }) => expiries(tombstone)))).toEqual([[], [never], [never]]);
  expect(await Promise.all(['events', 'fresh', 'sessions'].map(expiries))).toEqual([[7200], [3600], [3600]]);
  expect(at.messages.join('\n')).toContain('Nothing expires there (expireAfterSeconds was 3600 of index at_1).');
  expect(at.messages.join('\n')).toContain('Nothing expires there (expireAfterSeconds was 60 of index short).');
});

test('so it is wherever the restore is cut off', async () => {
  for (let stop = 1; ; stop++) {
    const { at, manifest, options, expiries } = await scene();
    await using _ = at;
    const { connection } = breaking(at.connection, stop, stop % 2 === 0 ? 'before' : 'after');
    const ended = await restoreBackup(connection, at.store, manifest.id, options).catch(() => undefined);
    const settling = { own, log: at.log, setHistory: async () => {}, goneAfterMs: 0 };
    const settled = await settleRestore(at.connection, settling);
    if (ended !== undefined) break;
    if (settled.kind !== 'finished' && settled.kind !== 'cleared') continue;
    const byName = [...settled.displaced].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect({ stop, byName }).toMatchObject({ stop, byName: kept });
    for (const { tombstone } of byName) expect((await expiries(tombstone)).filter((one) => one !== never)).toEqual([]);
  }
}, 120_000);

test('where the user may not stop it, what is kept is said to go on expiring', async () => {
  const { at, manifest, options } = await scene();
  await using _ = at;
  const { db } = at.connection;
  const command = async (asked: object) => {
    if ('collMod' in asked && 'index' in asked) throw Object.assign(new Error('not allowed'), { code: 13 });
    return db.command(asked);
  };
  const lesser = new Proxy(db, {
    get(_target, key) {
      const value = key === 'command' ? command : Reflect.get(db, key, db);
      return typeof value === 'function' ? value.bind(db) : value;
    },
  });
  let lost: Lost | undefined;
  const { displaced } = await restoreBackup({ ...at.connection, db: lesser }, at.store, manifest.id, {
    ...options,
    onLost: async (found) => {
      lost = found;
    },
  });
  const [events, fresh, sessions] = kept.map(({ name, expiry }) => ({ name, expiring: expiry }));
  const all = [{ name: 'events', expiry: events?.expiring }, fresh, sessions];
  const seen = (found: Lost['kept'] | typeof displaced = []) =>
    found
      .map(({ name, expiry, expiring }) => ({ name, ...(expiry && { expiry }), ...(expiring && { expiring }) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(seen(displaced)).toEqual(all);
  expect(seen(lost?.kept)).toEqual([all[0], all[2]]);
  // Once it is known what is kept, and of nothing else: `plain` is dropped, as it was replaced.
  const goesOn = (is: string) => `go on expiring there (expireAfterSeconds is ${is}): stopping that takes the right to`;
  const warned = at.messages.filter((message) => message.includes('collMod')).sort();
  expect(warned).toEqual([
    expect.stringContaining(goesOn('3600 of index at_1')),
    expect.stringContaining(goesOn('60 of index short')),
  ]);
});

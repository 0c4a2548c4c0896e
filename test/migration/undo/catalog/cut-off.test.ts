import type { Db } from 'mongodb';
import { expect, test } from 'vitest';
import { forecastUndo } from '../../../../src/migration/undo/forecast.ts';
import { type UndoOptions, undoAttempt } from '../../../../src/migration/undo/undo.ts';
import { findCollection } from '../../../../src/mongo/catalog.ts';
import type { Stop } from '../../../setup/wire-proxy.ts';
import { cutAt } from '../cut-off.ts';
import { fence, own } from '../journalled.ts';
import { setting } from '../setting.ts';

type Setting = Awaited<ReturnType<typeof setting>>;

interface Way {
  readonly mode: UndoOptions['mode'];
  readonly stop: Stop;
  readonly kill: boolean;
}

function cutOff({ db, journal }: Setting, { mode, ...cut }: Way, between: () => Promise<unknown>) {
  return cutAt(db.databaseName, { ...cut, between }, (connection, signal) =>
    undoAttempt(connection, own, journal.attempt, { fence, mode, signal }),
  );
}

const ways = (['strict', 'tolerant'] as const).flatMap((mode) => [
  { mode, kill: true },
  { mode, kill: false },
]);

/** What it comes to is what a dry run said, before it began and where it was killed; and everything is as it was. */
async function undoneAsForetold(s: Setting, way: Way, cut: () => Promise<unknown>) {
  const foresee = () => forecastUndo(s.connection, own, [s.journal.attempt]);
  const [foreseen] = await foresee();
  const result = await cutOff(s, way, async () => {
    await cut();
    expect(await foresee()).toEqual([foreseen]);
  });
  expect(result).toMatchObject({ state: 'undone', ...foreseen, left: [] });
  expect(await s.differences()).toEqual([]);
}

const withIndexes = ({ db }: { db: Db }) =>
  db.collection('a').createIndexes([
    { key: { n: 1 }, name: 'n' },
    { key: { at: 1 }, name: 'ttl', expireAfterSeconds: 3600 },
  ]);
const modify = (db: Db, index: object) => () => db.command({ collMod: 'a', index });
const indexes = async (db: Db) => (await db.collection('a').indexes()).map(({ name }) => name);

/** What `collMod` cannot take back: such an index is dropped and built. */
const oneWay = [
  { what: 'expires', property: { expireAfterSeconds: 5 }, intentOnly: false },
  { what: 'expires, which was only intended,', property: { expireAfterSeconds: 5 }, intentOnly: true },
  { what: 'is unique', property: { unique: true }, intentOnly: false },
].flatMap((one) => ways.map((way) => ({ ...one, ...way })));

test.each(oneWay)(
  'an index that $what is there again where a $mode undo is cut off between dropping and building it (killed: $kill)',
  async ({ property, intentOnly, ...way }) => {
    await using s = await setting(withIndexes);
    const { db, journal } = s;
    // The server makes no other one unique.
    await journal.catalog('a', 'modify-collection', modify(db, { name: 'n', prepareUnique: true }));
    await journal.catalog('a', 'modify-collection', modify(db, { name: 'n', ...property }), { intentOnly });
    await undoneAsForetold(s, { ...way, stop: { nth: 1, of: ['createIndexes'], when: 'sent' } }, async () =>
      expect(await indexes(db)).toEqual(['_id_', 'ttl']),
    );
  },
);

test.each(ways)(
  'an index that was changed in two ways is as it was where a $mode undo is cut off between them (killed: $kill)',
  async (way) => {
    await using s = await setting(withIndexes);
    const { db, journal } = s;
    const change = { name: 'ttl', hidden: true, expireAfterSeconds: 5 };
    await journal.catalog('a', 'modify-collection', modify(db, change));
    await undoneAsForetold(s, { ...way, stop: { nth: 2, of: ['collMod'], when: 'sent' } }, async () => {
      const ttl = (await db.collection('a').indexes()).find(({ name }) => name === 'ttl');
      expect(ttl).toMatchObject({ expireAfterSeconds: 5 });
      expect(ttl).not.toHaveProperty('hidden');
    });
  },
);

/** Whether it was made is not on record, and so the entry does not tell its UUID. */
async function madeBeside({ db, journal }: Setting) {
  const create = () => db.collection('made').createIndex({ n: 1 });
  const asked = [{ name: 'n_1', key: '[["n","1"]]' }];
  await journal.catalog('made', 'create-indexes', create, { intentOnly: true, asked });
  return own.dropped((await findCollection(db, 'made'))?.uuid ?? '');
}

test.each(ways)(
  'a collection that is on its way out is gone where a $mode undo is cut off before it is dropped (killed: $kill)',
  async (way) => {
    await using s = await setting(withIndexes);
    const aside = await madeBeside(s);
    await undoneAsForetold(s, { ...way, stop: { nth: 1, of: ['drop'], when: 'sent' } }, async () =>
      expect(await findCollection(s.db, aside)).toBeDefined(),
    );
    expect(await findCollection(s.db, aside)).toBeUndefined();
  },
);

test('a document that came into it on its way out is under its name again where the undo is cut off', async () => {
  await using s = await setting(withIndexes);
  const aside = await madeBeside(s);
  const stop = { nth: 1, of: ['renameCollection'], when: 'answered' } as const;
  const result = await cutOff(s, { stop, mode: 'tolerant', kill: true }, async () => {
    await s.db.collection<{ _id: number }>(aside).insertOne({ _id: 1 });
  });
  expect(result).toMatchObject({ state: 'undone', left: [] });
  expect(await s.db.collection('made').find().toArray()).toEqual([{ _id: 1 }]);
  expect(await s.db.collection('made').indexes()).toHaveLength(1);
});

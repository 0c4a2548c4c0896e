import { ObjectId, UUID } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectFailure, makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { stateOf } from '../state.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  const { db } = database;
  const products = Array.from({ length: 500 }, (_, n) => ({ _id: new UUID(), n }));
  const countries = Array.from({ length: 20 }, (_, n) => ({ _id: new ObjectId(), n }));
  const users = Array.from({ length: 900 }, (_, n) => ({ _id: new ObjectId(), n, country: countries[n % 20]?._id }));
  const orders = Array.from({ length: 900 }, (_, n) => ({
    _id: n,
    user: users[n]?._id,
    lines: [{ product: products[n % 500]?._id }, { product: products[(n + 1) % 500]?._id }],
  }));
  await db.createCollection('users', { validator: { n: { $gte: 0 } } });
  await db.createCollection('log', { capped: true, size: 100_000 });
  await db.createCollection('weather', { timeseries: { timeField: 'at', metaField: 'place' } });
  await db.collection<{ _id: UUID }>('products').insertMany(products);
  await db.collection('countries').insertMany(countries);
  await db.collection('users').insertMany(users);
  await db.collection<{ _id: number }>('orders').insertMany(orders);
  await db.collection('log').insertMany(Array.from({ length: 60 }, (_, n) => ({ n })));
  await db
    .collection('weather')
    .insertMany(Array.from({ length: 60 }, (_, n) => ({ at: new Date(n * 1000), place: 'a' })));
  await db.collection('users').createIndex({ n: 1 }, { unique: true });
  await db.createCollection('young', { viewOn: 'users', pipeline: [{ $match: { n: { $lt: 5 } } }] });
});
afterAll(() => database[Symbol.asyncDispose]());

/** Runs in the sandbox, and throws unless that holds what it should. */
const looks = `
  const all = (name) => db.collection(name).find().toArray();
  const must = (holds, what) => { if (!holds) throw new Error(what); };
  const [users, orders, products, countries] = await Promise.all(['users', 'orders', 'products', 'countries'].map(all));
  const ids = (list) => new Set(list.map(({ _id }) => String(_id)));
  must(users.length >= 30 && users.length < 200 && products.length < 400, 'a sample');
  must(orders.length === 30, 'nothing mentions an order');
  must(orders.every(({ user }) => ids(users).has(String(user))), 'the user of each order');
  must(orders.every(({ lines }) => lines.every(({ product }) => ids(products).has(String(product)))), 'each product');
  must(users.every(({ country }) => ids(countries).has(String(country))), 'the country of each user');
  must((await db.collection('users').indexes()).some(({ unique }) => unique), 'the unique index');
  const kinds = Object.fromEntries((await db.listCollections().toArray()).map(({ name, type, options }) => [name, { type, ...options }]));
  must(kinds.young.type === 'view' && kinds.weather.type === 'timeseries' && kinds.log.capped && kinds.users.validator, 'the catalog');
  must((await all('log')).length === 30 && (await all('weather')).length === 30, 'documents of every kind');
  await db.collection('orders').updateMany({}, { $set: { seen: true } });`;

test('a sample keeps references and the whole catalog, says what it does not show, and never proves all', async () => {
  await using project = await makeProject(
    {
      'migrations/1-a.js': migration(looks, "await db.collection('orders').updateMany({}, { $unset: { seen: '' } });"),
      'mongo-release.yml': `rehearsal: { sample: 30 }
probes:
  - { name: users are there, mongo: { collection: users, count: 900 } }
  - { name: no user is lost, mongo: { collection: users, filter: { n: null }, count: 0 } }\n`,
    },
    { MONGODB_URI: database.uri },
  );
  const before = await stateOf(database.db);
  const ran = await project.run('migrate --rehearsal sample --store backups --environment production --json');
  const { rehearsal } = ran.json;
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'rehearsed', rehearsal: { level: 'sample' } });
  // What only all of the documents tell, some of them neither pass nor fail.
  expect(rehearsal.probes).toMatchObject([
    { name: 'no user is lost', state: 'passed' },
    { name: 'users are there', state: 'unknown', expected: 'exactly 900 in users' },
  ]);
  const [first] = rehearsal.migrations;
  expect(first.effects).toMatchObject({ modified: 30 });
  expect(first.onTarget.durationMs).toBeGreaterThan(29 * first.durationMs);
  expect(first.onTarget.basis).toContain('times 30.0');
  expect(rehearsal.uncovered[0]).toContain('duplicate keys, mixed types');
  expect(rehearsal.need).toMatchObject({ diskBytes: expect.any(Number), freeBytes: expect.any(Number) });
  expect(ran.stderr).toContain('A full rehearsal needs ');
  expect(await stateOf(database.db)).toEqual(before);

  const apply = 'release --apply --store backups --environment production --json';
  const refused = await project.run(`${apply} --rehearsal none`);
  expectFailure(refused, 5, 'PROOF_MISSING');
  expectFailure(await project.run(`${apply} --rehearsal sample`), 5, 'PROOF_MISSING');
  // All that there is since is on record: that they were stopped.
  const kinds = { kind: 'release', state: 'blocked' };
  const records = database.db.collection('_mongo_release.releases');
  expect(await records.find().toArray()).toMatchObject([kinds, kinds]);
  await records.drop();
  expect(await stateOf(database.db)).toEqual(before);
});

test('a runner that is too small is told so before anything is begun', async () => {
  await using project = await makeProject({ 'migrations/1-a.js': migration('') }, { MONGODB_URI: database.uri });
  // A file system without any room.
  const ran = await project.run('migrate --rehearsal full --json', { TMPDIR: '/proc' });
  expectFailure(ran, 5, 'SANDBOX_TOO_SMALL', /needs at least .* of disk, and 0 B are free/);
  // A sample has no room there either.
  expect(ran.json.error.hint).not.toContain('--rehearsal sample');
  expect(ran.json.error.hint).toContain('TMPDIR');
});

/** A project whose first migration fails or not, over these documents. */
async function sampled(fill: (db: TestDatabase['db']) => Promise<unknown>, up: string) {
  await using own = await freshDatabase();
  await fill(own.db);
  await using project = await makeProject(
    { 'migrations/1-a.js': migration(up), 'mongo-release.yml': 'rehearsal: { sample: 1 }\n' },
    { MONGODB_URI: own.uri },
  );
  return await project.run('migrate --rehearsal sample --json');
}

const cut = 'Of nodes not all documents are in the sample that others in it mention.';

test('what one document mentions comes along, however much that is', async () => {
  const items = Array.from({ length: 60 }, (_, n) => ({ _id: new ObjectId(), n }));
  const ran = await sampled(async (db) => {
    await db.collection('items').insertMany(items);
    await db.collection('carts').insertOne({ items: items.map(({ _id }) => _id) });
  }, "const n = await db.collection('items').countDocuments(); if (n !== 60) throw new Error('only ' + n);");
  expect(ran.json, ran.stderr).toMatchObject({ outcome: 'rehearsed' });
  expect(ran.json.rehearsal.uncovered.join(' ')).not.toContain('not all documents');
});

test('where references are cut off, the rehearsal says so, above all one that failed', async () => {
  const ids = Array.from({ length: 300 }, () => new ObjectId());
  const chain = (db: TestDatabase['db']) =>
    db.collection('nodes').insertMany(ids.map((_id, n) => ({ _id, next: ids[(n + 1) % 300] })));
  const ran = await sampled(chain, "await db.collection('nodes').countDocuments();");
  expect(ran.json.rehearsal.uncovered, ran.stderr).toContain(cut);
  const failed = await sampled(chain, "throw new Error('the next one is missing');");
  expectFailure(failed, 13, 'REHEARSAL_FAILED', new RegExp(cut));
});

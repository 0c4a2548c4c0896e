import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanSource } from '../../../src/migration/source-scan/scan.ts';

/** Rule ids of an `up` with this body, in both forms of a migration. */
function rulesOf(body: string): string[] {
  const commonJs = scanSource(`module.exports = { async up(db, client) { ${body} }, async down(db) {} };`);
  const context = scanSource(
    `import { defineMigration } from 'mongo-release-action';\nexport default defineMigration({\n  async up({ db }: Context): Promise<void> { ${body} },\n});`,
  );
  expect(commonJs.map(({ rule }) => rule)).toEqual(context.map(({ rule }) => rule));
  return commonJs.map(({ rule }) => rule);
}

const find = "db.collection('a').find({})";

test.each([
  ["await db.collection('a').aggregate([{ $match: {} }, { $out: 'b' }]).toArray();", 'run-drops-collection'],
  ["await db.collection('a').drop();", 'run-drops-collection'],
  ["await db.dropCollection('a');", 'run-drops-collection'],
  ['await db.dropDatabase();', 'run-drops-collection'],
  ["await a.rename('b', { dropTarget: true });", 'run-drops-collection'],
  ["await db.command({ renameCollection: 'd.a', to: 'd.b', dropTarget: true });", 'run-drops-collection'],
  ["await a.aggregate([{ '$merge': { into: 'b' } }]).toArray();", 'run-not-in-transactions'],
  ["await a.mapReduce(map, reduce, { out: 'b' });", 'run-not-in-transactions'],
  ['await a.insertOne({ at: new Date() });', 'run-time-or-random-value'],
  ['await a.updateMany({}, { $set: { at: Date.now() } });', 'run-time-or-random-value'],
  ['await a.insertOne({ n: Math.random() });', 'run-time-or-random-value'],
  ['await a.insertOne({ _id: new mongoose.Types.ObjectId() });', 'run-time-or-random-value'],
  ['await a.insertOne({ _id: crypto.randomUUID() });', 'run-time-or-random-value'],
  ['const rate = await (await fetch(url)).json();', 'run-external-call'],
  ["const { Worker } = await import('node:worker_threads');", 'run-external-call'],
  ["const axios = require('axios'); await axios.post(url);", 'run-external-call'],
  ["const fs = await import('node:fs'); fs.writeFileSync('done', '');", 'run-external-call'],
  ['const own = new MongoClient(url); await own.connect();', 'run-own-connection'],
  ['await mongoose.connect(url);', 'run-own-connection'],
  ["await db.createCollection<Doc>('t', { timeseries: { timeField: 't' } });", 'run-special-collection'],
  ["await db.createCollection('c', { capped: true, size: 1 });", 'run-special-collection'],
  ['await a.createIndex({ at: 1 }, { expireAfterSeconds: 60 });', 'run-ttl-index'],
  ["await db.command({ collMod: 'a', index: { name: 'at_1', expireAfterSeconds } });", 'run-ttl-index'],
  ["await a.updateMany({ $text: { $search: 'x' } }, { $set: { a: 1 } });", 'run-not-in-batches'],
  ["await a.deleteMany({ n: 'x' }, { collation: { locale: 'de' } });", 'run-not-in-batches'],
  ['await a.updateMany({ a: 1 }, { $set: { b: 1 } }, { upsert: true });', 'run-upsert-of-many'],
  [
    `for await (const one of ${find}) await a.updateOne({ _id: one._id }, { $set: { b: 1 } });`,
    'run-loop-without-batch',
  ],
  [
    `for await (const { _id } of ${find}.sort({ _id: 1 })) { bulk.find({ _id }).updateOne({}); }`,
    'run-loop-without-batch',
  ],
  [`for (const one of await ${find}.toArray()) { await one.save(); }`, 'run-loop-without-batch'],
  [`await ${find}.forEach(async (one) => { await a.replaceOne({ _id: one._id }, one); });`, 'run-loop-without-batch'],
])('%s', (body, rule) => {
  expect(rulesOf(body)).toEqual([rule]);
});

test.each([
  ["await db.collection('a').updateMany({ b: 1 }, { $set: { c: 1 } });"],
  ["await a.insertOne({ at: new Date('2026-01-01'), _id: new ObjectId('0123456789abcdef01234567') });"],
  ["// new Date(), $out, fetch(url)\nlog('new Date() $out fetch()');"],
  ['const text = `mongoose.connect($' + "{'url'}) { $merge: 1 }`;"],
  ["const settings = JSON.parse(fs.readFileSync('settings.json'));"],
  [`for await (const one of ${find}) count += one.n;`],
  ["const rest = _.drop(list, 2); await a.dropIndex('b_1'); await a.rename('b');"],
  ['const best = list.find((one) => one.n > 1); await a.updateOne({}, best);'],
  ["const merged = { merge: 1, out: 2 }; const r = /new Date()\\//.test('x');"],
  ['await bulk.find({ _id: 1 }).updateOne({ $set: { a: 1 } });'],
])('nothing is said of %s', (body) => {
  expect(rulesOf(body)).toEqual([]);
});

test.each([
  ['module.exports = { async up(db) {}, async down(db) { await a.insertOne({ at: new Date() }); } };'],
  ['export const up = async (db) => {};\nexport const down = async (db) => a.insertOne({ at: new Date() })\n'],
  ['exports.down = async function undo(db) { await fetch(url); };\nexports.up = (db) => 1;'],
  ['export async function down(db: Db): Promise<void> { await fetch(url); }\nexport async function up(db: Db) {}'],
  ['export default defineMigration({ up: async () => {}, down: ({ db }) => a.deleteMany({ $where: "x" }) });'],
])('what only the way down does is no matter of the plan: %s', (source) => {
  expect(scanSource(source)).toEqual([]);
});

test('an up behind a down without a semicolon is looked at', () => {
  const source = 'exports.down = (db) => db.dropCollection(name)\nexports.up = (db) => fetch(url)\n';
  expect(scanSource(source)).toMatchObject([{ rule: 'run-external-call', line: 2 }]);
});

test('one note a rule, at the first of its places, and without anything but names', () => {
  const source = `exports.up = async (db) => {\n  await a.insertOne({ name: 'MARKER', at: new Date() });\n  await a.insertOne({ n: Date.now() });\n};`;
  const [note, ...others] = scanSource(source);
  expect(others).toEqual([]);
  expect(note).toMatchObject({ line: 2, severity: 'note', costs: 'resuming' });
  expect(note?.message).toContain('new Date(), Date.now()');
  expect(JSON.stringify(note)).not.toContain('MARKER');
});

test('what is no JavaScript at all is survived', () => {
  expect(scanSource('enum A { B }\nnamespace X { export up( { ')).toEqual([]);
  const pieces = fc.constantFrom(
    ...[
      'down',
      'up',
      '=',
      '=>',
      '(',
      ')',
      '{',
      '}',
      '<',
      '>',
      '.',
      'find',
      'for',
      'of',
      ';',
      ',',
      'new',
      'Date',
      '`',
      '${',
      'updateMany',
      ':',
      "'$out'",
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => void scanSource(parts.join(' '))),
    { numRuns: 5000 },
  );
});

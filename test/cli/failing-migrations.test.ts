import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { expectFailure, makeProject, migration } from './cli.ts';

const apply = 'migrate --apply --rehearsal none --json';
const insert = "await db.collection('places').insertOne({ n: 1 });";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

/** Each project keeps its own history in the one database. */
let projects = 0;
function project(files: Readonly<Record<string, string>>, settings = '') {
  projects += 1;
  const config = `collections: { prefix: p${projects} }\n${settings}`;
  return makeProject({ 'mongo-release.yml': config, ...files }, { MONGODB_URI: database.uri });
}

describe('a migration that does not reach its end', () => {
  test('before any change it leaves the target as it was, and runs again once it is corrected', async () => {
    await using it = await project({ 'migrations/1-a.js': migration("throw new Error('not yet');") });
    const ran = await it.run(apply);
    expectFailure(ran, 7, 'FAILED_CLEAN', /1-a \(up\).*1-a\.js:1.*It changed nothing/s);
    expect(ran.json).toMatchObject({ outcome: 'failed-clean', applied: [], failed: { name: '1-a' }, remaining: [] });
    const { json } = await it.run('status --json');
    expect(json.migrations).toMatchObject([{ name: '1-a', state: 'failed', appliedAt: null }]);
    expect(json.lease).toBeNull();

    await it.write({ 'migrations/1-a.js': migration(insert) });
    const again = await it.run(apply);
    expect(again.code, again.stderr).toBe(0);
    expect(again.json).toMatchObject({ outcome: 'applied', applied: [{ name: '1-a', effects: { inserted: 1 } }] });
  });

  test.each([
    [
      "await db.collection('places').updateMany({}, { $foo: 1 });",
      'server error 9 FailedToParse (updateMany on places)',
    ],
    ["for await (const place of db.collection('places').find({ $foo: 1 })) void place;", 'server error 2 BadValue'],
  ])('with an error of the server names the line: %s', async (call, told) => {
    await using it = await project({ 'migrations/1-a.js': migration(`\n\n${call}`) });
    const { json } = await it.run(apply);
    expect(json.error.message).toContain(`The code threw at 1-a.js:3: ${told}. [MIGRATION_FAILED] It changed nothing.`);
  });

  test.each([
    ['insertMany([{ _id: 1 }, { _id: 1 }])', 'Correct the documents, or 1-a.js, first'],
    ["updateMany({}, [{ $set: { n: { $toInt: 'n/a' } } }])", 'Correct the documents, or 1-a.js, first'],
    ['updateMany({}, { $foo: 1 })', 'Correct 1-a.js first'],
  ])('says what may have to be corrected: %s', async (call, correct) => {
    await using it = await project({
      'migrations/1-a.js': migration(
        `await db.collection('places').insertOne({}); await db.collection('places').${call};`,
      ),
    });
    const { json } = await it.run(apply);
    expect(json.error.hint).toContain(`${correct}, then type the same command again.`);
    // The journal leads back, without any backup.
    expect(json.warnings ?? []).not.toContainEqual(expect.stringContaining('No backup stands behind this'));
  });

  test('after a change it says exactly how far it got, and what was and was not run around it', async () => {
    await using it = await project({
      'migrations/1-a.js': migration(insert),
      'migrations/2-b.js': migration(`${insert} ${insert} throw new Error('too late');`),
      'migrations/3-c.js': migration(insert),
    });
    const ran = await it.run(apply);
    expectFailure(ran, 8, 'FAILED_DIRTY', /2 operations: 2 inserted.*Before it .*: 1-a\. Not begun: 3-c\./s);
    expect(ran.json).toMatchObject({
      outcome: 'failed-dirty',
      applied: [{ name: '1-a' }],
      failed: { name: '2-b', effects: { inserted: 2 } },
      remaining: ['3-c'],
    });
    const { json } = await it.run('status --json');
    expect(json.migrations.map((one: { state: string }) => one.state)).toEqual(['applied', 'failed', 'pending']);
    expect(json.warnings).toEqual([
      expect.stringMatching(
        /^2-b failed on its way up \[MIGRATION_FAILED\], after 2 operations, 2 documents\. mongo-release/,
      ),
    ]);
    expect(ran.json.error.hint).toMatch(
      /^Correct 2-b\.js first, then type the same command again\..* mongo-release rollback \S+ takes its release back: it undoes by the journal what was done, and keeps what users wrote since\.$/,
    );
  });

  test.each([
    ['process.exit(0);', 'FAILED_CLEAN', 7, /MIGRATION_EXITED/],
    [`${insert} process.exit(0);`, 'FAILED_DIRTY', 8, /ended with exit code 0.*MIGRATION_EXITED.*1 inserted/s],
    [`${insert} await new Promise(() => {});`, 'FAILED_DIRTY', 8, /time limit of 10 s.*MIGRATION_TIMED_OUT/s],
    [
      "await db.collection('places').updateMany({ $where: 'sleep(60000)' }, { $set: { n: 2 } });",
      ...(['FAILED_CLEAN', 7, /MIGRATION_TIMED_OUT\] It changed nothing/] as const),
    ],
    [
      `${insert} await db.collection('places').insertOne({}).then(() => process.kill(process.pid, 'SIGKILL'));`,
      ...([
        'FAILED_DIRTY',
        8,
        /SIGKILL.*MIGRATION_EXITED\] It had sent 2 operations: 2 inserted(?!.*unknown)/s,
      ] as const),
    ],
    ['for (;;);', 'FAILED_CLEAN', 7, /never gives the event loop a turn.*MIGRATION_TIMED_OUT/s],
    ["db.collection('places').insertOne({});", 'FAILED_CLEAN', 7, /still at work.*MIGRATION_DANGLING/s],
  ])('%s ends it, and nothing goes on behind it', async (up, code, exit, message) => {
    // A process that starts on a busy machine is not to be over by then.
    const limit = String(message).includes('TIMED_OUT') ? '10s' : '10m';
    await using it = await project({ 'migrations/1-a.js': migration(up) }, `migrations: { time-limit: ${limit} }\n`);
    const before = await database.db.collection('places').countDocuments();
    expectFailure(await it.run(apply), exit, code, message);
    expect(await database.db.collection('places').countDocuments()).toBe(
      before + [...up.matchAll(/await [^;]*?insertOne/g)].length,
    );
    const { json } = await it.run('status --json');
    expect(json.migrations[0].state).toMatch(/^(failed|interrupted)$/);
    expect(json.lease).toBeNull();
  });
});

describe('a file that cannot be used is refused before anything runs', () => {
  test.each([
    ['module.exports = { upp() {} };', /1-a\.js.*upp/],
    ['export const up = async () => {\n  const a = ;\n};', /1-a\.mjs:2/],
    ['process.exit(0);', /ends the process while it is loaded/],
    ["import 'no-such-package';", /no-such-package/],
  ])('%s', async (text, message) => {
    const fileName = text.includes('port ') ? '1-a.mjs' : '1-a.js';
    await using it = await project({ [`migrations/${fileName}`]: text, 'migrations/2-b.js': migration(insert) });
    const ran = await it.run(apply);
    expectFailure(ran, 2, 'MIGRATION_INVALID', message);
    expect(await database.db.listCollections({ name: `p${projects}.history` }).toArray()).toEqual([]);
  });

  test.each(["import 'node:fs';\nexport const up = async () => {};\n", 'export const up = async () => {};\n'])(
    'an ES module where package.json says that files are none says what to change: %s',
    async (text) => {
      await using it = await project({ 'package.json': '{"type":"commonjs"}', 'migrations/1-a.js': text });
      const ran = await it.run('plan --offline --json');
      expectFailure(ran, 2, 'MIGRATION_INVALID', /1-a\.js.*it has import or export, and package\.json/);
      expect(ran.json.error.hint).toMatch(/\.mjs.*"type": "module"/);
    },
  );

  test('TypeScript with enums wants tsx, and tsx wants to be installed', async () => {
    const file = { 'migrations/1-a.ts': 'enum Size { Small }\nexport const up = async () => Size.Small;\n' };
    await using native = await project(file);
    const ran = await native.run(apply);
    expectFailure(ran, 2, 'MIGRATION_INVALID', /1-a\.ts/);
    expect(ran.json.error.hint).toContain('import: tsx');

    await using withTsx = await project(file, 'migrations: { import: tsx }\n');
    expectFailure(await withTsx.run(apply), 2, 'TSX_MISSING', /the project has no tsx/);
  });
});

test('TypeScript migrations work on Mongoose models, and the gate counts what those do', async () => {
  const config = 'collections: { prefix: mongoose }\nmigrations: { models: ./models.ts }\n';
  await using it = await makeProject(
    {
      'mongo-release.yml': config,
      'models.ts': `import mongoose from 'mongoose';
export const Place = mongoose.model('Place', new mongoose.Schema({ name: String, size: Number }), 'mongoose_places');\n`,
      'migrations/1-places.ts': `import { defineMigration } from 'mongo-release-action';
type Sized = { size: number };
export default defineMigration({
  description: 'Gives places a size',
  async up({ models, log }) {
    await models.Place.create([{ name: 'a' }, { name: 'b' }]);
    const { modifiedCount } = await models.Place.updateMany({}, { $set: { size: 1 } satisfies Sized });
    log('sized', { modifiedCount });
  },
  async down({ models }) { await models.Place.deleteMany({}); },
});\n`,
    },
    { MONGODB_URI: database.uri },
    { modules: true },
  );
  const ran = await it.run(apply);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.json.applied).toMatchObject([{ name: '1-places', effects: { inserted: 2, modified: 2 } }]);
  expect(await database.db.collection('mongoose_places').countDocuments({ size: 1 })).toBe(2);
  const down = await it.run('down --json');
  expect(down.json).toMatchObject({ outcome: 'rolled-back', reverted: [{ effects: { deleted: 2 } }] });
});

test('models that are not there or connect stop a run before anything is on record: exit 2', async () => {
  await using target = await freshDatabase();
  const files = { 'mongo-release.yml': 'migrations: { models: ./models.cjs }\n', 'migrations/1-a.js': migration('') };
  await using broken = await makeProject(files, { MONGODB_URI: target.uri }, { modules: true });
  expectFailure(await broken.run(apply), 2, 'MODELS_INVALID', /no file models\.cjs/);
  const connects = `const mongoose = require('mongoose');\nmongoose.connect('${target.uri}');\nmongoose.model('A', {});`;
  await broken.write({ 'models.cjs': connects });
  expectFailure(await broken.run('migrate --json'), 2, 'MODELS_INVALID', /connects to a database/);
  expect(await target.db.collection('_mongo_release.history').countDocuments()).toBe(0);
});

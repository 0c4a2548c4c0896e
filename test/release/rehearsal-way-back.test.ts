import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { expectFailure, makeProject, migration } from '../cli/cli.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { sandboxForAll } from '../setup/sandbox.ts';
import { stateOf } from './state.ts';

const sandbox = await sandboxForAll();
afterAll(() => sandbox.stop());

const places = "const places = db.collection('places');";

/** A project of these migrations on three places, and what a dry run of it says. */
async function rehearsed(files: Record<string, string>, more: Record<string, string> = {}) {
  const database = await freshDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  await database.db.collection<{ _id: number; name: string; lat?: string }>('places').insertMany([
    { _id: 1, name: 'a', lat: '1.5' },
    { _id: 2, name: 'b', lat: '2.5' },
    { _id: 3, name: 'c' },
  ]);
  const named = Object.entries(files).map(([name, text]) => [`migrations/${name}.js`, text]);
  const env = { MONGODB_URI: database.uri, MONGO_RELEASE_SANDBOX_URI: sandbox.uri };
  const project = await makeProject({ ...Object.fromEntries(named), ...more }, env);
  onTestFinished(() => project[Symbol.asyncDispose]());
  const before = await stateOf(database.db);
  const ran = await project.run('migrate --json');
  expect(await stateOf(database.db)).toEqual(before);
  return ran;
}

const rename = migration(
  `${places} await places.updateMany({}, { $rename: { name: 'title' } });`,
  `${places} await places.updateMany({}, { $rename: { title: 'name' } });`,
);

test('both ways back are rehearsed, and lead to where it began', async () => {
  const { code, json, stderr } = await rehearsed({
    '1-index': migration(
      `${places} await places.createIndex({ lat: 1 });`,
      `${places} await places.dropIndex('lat_1');`,
    ),
    '2-log': migration(
      "await db.createCollection('log'); await db.collection('log').insertOne({ _id: 1 });",
      "await db.dropCollection('log');",
    ),
  });
  expect(code, stderr).toBe(0);
  const back = [{ name: '2-log' }, { name: '1-index' }];
  expect(json.rehearsal.wayBack).toMatchObject({
    undo: { state: 'equal', migrations: back, differences: [], notes: [] },
    down: { state: 'equal', migrations: back, differences: [], notes: [] },
  });
});

test('fields in another order are a note on the way down, and the undo restores the order too', async () => {
  const { code, json, stderr } = await rehearsed({ '1-rename': rename });
  expect(code, stderr).toBe(0);
  expect(json.rehearsal.wayBack).toMatchObject({
    undo: { state: 'equal', notes: [] },
    down: { state: 'equal', notes: ['places: fields stand in another order'] },
  });
  expect(stderr).toContain('fields stand in another order');
});

test('a collection that the first insert made may stay behind empty', async () => {
  const [up, down] = ['insertOne', 'deleteOne'].map((method) => `await db.collection('new').${method}({ _id: 1 });`);
  const { code, json, stderr } = await rehearsed({ '1-a': migration(up!, down) });
  expect(code, stderr).toBe(0);
  expect(json.rehearsal.wayBack.down).toMatchObject({ state: 'equal', differences: [], notes: ['new was added'] });
});

describe('dates that each write puts anew, as Mongoose does with timestamps', () => {
  const stamped = (up: string, down: string) =>
    migration(
      `${places} await places.updateMany({ lat: { $exists: true } }, { ${up}, $currentDate: { updatedAt: true } });`,
      `${places} await places.updateMany({}, { ${down}, $currentDate: { updatedAt: true } });`,
    );
  const seed = { '0-seed': migration(`${places} await places.updateMany({}, { $set: { updatedAt: new Date(0) } });`) };

  test('are a note on the way down', async () => {
    const { code, json, stderr } = await rehearsed({
      ...seed,
      '1-a': stamped('$set: { size: 1 }', "$unset: { size: '' }"),
    });
    expect(code, stderr).toBe(0);
    const note = 'places has other documents, in nothing but new dates: updatedAt';
    expect(json.rehearsal.wayBack).toMatchObject({
      undo: { state: 'equal', notes: [] },
      down: { state: 'equal', differences: [], notes: [note] },
    });
  });

  test('hide nothing else that differs', async () => {
    const more = await rehearsed({ ...seed, '1-a': stamped('$set: { size: 1 }', '$set: { size: 2 }') });
    expectFailure(more, 13, 'REHEARSAL_FAILED', /The down of 1-a does not lead back/);
  });

  test('are no excuse for a date that the up leaves alone', async () => {
    const alone = await rehearsed({
      ...seed,
      '1-a': migration(
        `${places} await places.updateMany({}, { $set: { size: 1 } });`,
        `${places} await places.updateMany({}, { $unset: { size: '' }, $currentDate: { updatedAt: true } });`,
      ),
    });
    expectFailure(alone, 13, 'REHEARSAL_FAILED', /The down of 1-a does not lead back.*in updatedAt/);
  });
});

describe('a down that does not restore what its up changed', () => {
  const loses = {
    '1-a': migration(
      `${places} await places.updateMany({}, { $unset: { lat: '' } });`,
      `${places} await places.updateMany({}, { $set: { lat: null } });`,
    ),
  };

  test('stops the release, with the collection', async () => {
    const ran = await rehearsed(loses);
    expectFailure(
      ran,
      13,
      'REHEARSAL_FAILED',
      /The down of 1-a does not lead back.*places has other documents, among them 1, 2, in lat.*did not touch the target/s,
    );
    expect(ran.json.error.hint).toContain('declare it irreversible');
    expect(ran.json.rehearsal.wayBack).toMatchObject({ undo: { state: 'equal' }, down: { state: 'differs' } });
  });

  test('is told which documents it changes that its up passes over, and which of several it is', async () => {
    // The third has no lat, as one that is in the new shape already.
    const renamed = migration(
      `${places} await places.updateMany({ lat: { $exists: true } }, { $rename: { lat: 'y' } });`,
      `${places} await places.updateMany({}, { $rename: { y: 'lat' } });
       await places.updateMany({ lat: { $exists: false } }, { $set: { lat: '0' } });`,
    );
    const lng = migration(
      `${places} await places.updateMany({}, { $set: { lng: 1 } });`,
      `${places} await places.updateMany({}, { $unset: { lng: '' } });`,
    );
    const passed = 'the down of 2-y changed 1 document that its up passes over, .*, among them 3, in lat\\.';
    const all = await rehearsed({ '1-lng': lng, '2-y': renamed });
    expectFailure(
      all,
      13,
      'REHEARSAL_FAILED',
      new RegExp(`places has other documents, among them 3, in lat; ${passed}`),
    );
    const alone = await rehearsed({ '2-y': renamed });
    expectFailure(alone, 13, 'REHEARSAL_FAILED', new RegExp(`places has other documents; ${passed}`));
  });

  test('is said of a project of migrate-mongo, whose files cannot declare that, and does not stop it', async () => {
    const config = 'module.exports = { mongodb: { url: process.env.MONGODB_URI }, migrationsDir: "migrations" };\n';
    const { code, json, stderr } = await rehearsed(loses, { 'migrate-mongo-config.js': config });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/The down of 1-a does not lead back/);
    expect(json.rehearsal.wayBack.down).toMatchObject({
      state: 'differs',
      differences: [expect.stringContaining('places has other documents, among them 1, 2')],
    });
  });
});

test('a down that fails stops the release', async () => {
  const ran = await rehearsed({
    '1-a': migration(`${places} await places.deleteOne({ _id: 1 });`, "throw new Error('x')"),
  });
  expectFailure(ran, 13, 'REHEARSAL_FAILED', /in the down of 1-a/);
  expect(ran.json.rehearsal.wayBack).toMatchObject({ undo: { state: 'equal' }, down: { state: 'failed' } });
});

test('the way down ends at the newest migration without a down, and is compared with what was there then', async () => {
  const { code, json, stderr } = await rehearsed({
    '1-a': migration(`${places} await places.deleteOne({ _id: 1 });`),
    '2-rename': rename,
    '3-b': migration(`${places} await places.insertOne({ _id: 9 });`, `${places} await places.deleteOne({ _id: 9 });`),
  });
  expect(code, stderr).toBe(0);
  expect(json.rehearsal.wayBack).toMatchObject({
    undo: { state: 'equal', migrations: [{ name: '3-b' }, { name: '2-rename' }, { name: '1-a' }] },
    down: { state: 'equal', why: '1-a has no down', migrations: [{ name: '3-b' }, { name: '2-rename' }] },
  });
});

test('what the journal cannot undo is said, and the way down is taken from there', async () => {
  const { code, json, stderr } = await rehearsed({
    '1-a': migration(
      `${places} await places.aggregate([{ $match: { _id: 1 } }, { $merge: { into: 'ones' } }]).toArray();`,
      "await db.dropCollection('ones');",
    ),
    '2-rename': rename,
  });
  expect(code, stderr).toBe(0);
  expect(json.rehearsal.wayBack).toMatchObject({
    undo: { state: 'impossible', why: expect.stringContaining('1-a'), migrations: [{ name: '2-rename' }] },
    down: { state: 'not-compared', migrations: [{ name: '2-rename' }, { name: '1-a' }] },
  });
});

describe('probes', () => {
  const config = (filter: string) =>
    `probes:\n  - { name: titled, phase: after-deploy, mongo: { collection: places, filter: ${filter}, count: 0 } }\n  - { name: up, http: { url: "http://127.0.0.1:1/" } }\n`;

  test('that look into the database look into the sandbox', async () => {
    const { code, json, stderr } = await rehearsed(
      { '2-rename': rename },
      { 'mongo-release.yml': config('{ title: { $exists: false } }') },
    );
    expect(code, stderr).toBe(0);
    expect(json.rehearsal.probes).toMatchObject([{ name: 'titled', state: 'passed' }]);
  });

  test('that fail on the shape before are told, and stop it where a rollback would stop at them with users shut out', async () => {
    const titled = config('{ title: { $exists: false } }').replace('phase: after-deploy, ', '');
    const told = await rehearsed({ '2-rename': rename }, { 'mongo-release.yml': titled });
    expect(told.code, told.stderr).toBe(0);
    expect(told.stderr).toMatch(/Before the migrations.*Probe "titled" failed/);
    expect(told.json.rehearsal.wayBack).toMatchObject({ probes: [{ name: 'titled', state: 'failed' }] });
    const shutOut = `${titled}hooks: { stop-traffic: 'true', start-traffic: 'true' }\n`;
    const ran = await rehearsed({ '2-rename': rename }, { 'mongo-release.yml': shutOut });
    expectFailure(ran, 13, 'REHEARSAL_FAILED', /Before the migrations.*Probe "titled" failed.*would stop at it/s);
    expect(ran.json.error.hint).toContain('phase: after-deploy');
    expect(ran.json.rehearsal).toMatchObject({
      probes: [{ name: 'titled', state: 'passed' }],
      wayBack: { undo: { state: 'equal' }, down: { state: 'equal' }, probes: [{ name: 'titled', state: 'failed' }] },
    });
  });

  test('of the phase before the deploy are asked there alone', async () => {
    const named = config('{ name: { $exists: false } }').replace(
      'name: titled, phase: after',
      'name: named, phase: before',
    );
    const { code, json, stderr } = await rehearsed({ '2-rename': rename }, { 'mongo-release.yml': named });
    expect(code, stderr).toBe(0);
    expect(json.rehearsal).toMatchObject({ probes: [], wayBack: { probes: [{ name: 'named', state: 'passed' }] } });
  });

  test('that fail there stop the release', async () => {
    const ran = await rehearsed(
      { '2-rename': rename },
      { 'mongo-release.yml': config('{ title: { $exists: true } }') },
    );
    expectFailure(ran, 13, 'REHEARSAL_FAILED', /in the sandbox: Probe "titled" failed: expected none.*saw 1 or more/);
  });
});

test('the first validator of a collection goes back and leaves what validators are by default', async () => {
  const { code, json, stderr } = await rehearsed({
    '1-validator': migration(
      "await db.command({ collMod: 'places', validator: { name: { $exists: true } } });",
      "await db.command({ collMod: 'places', validator: {} });",
    ),
  });
  expect(code, stderr).toBe(0);
  expect(json.rehearsal.wayBack).toMatchObject({ undo: { state: 'equal' }, down: { state: 'equal' } });
});

describe('without images in the journal', () => {
  const settings = { 'mongo-release.yml': 'migrations: { journal: operations }\n' };
  const up = `${places} await places.updateMany({}, { $set: { lat: 1 } });`;

  test('a down that restores nothing stops the release all the same', async () => {
    const ran = await rehearsed({ '1-a': migration(up, 'await db.command({ ping: 1 });') }, settings);
    expectFailure(ran, 13, 'REHEARSAL_FAILED', /The down of 1-a does not lead back/);
  });

  test('the order of fields is told apart as well', async () => {
    const { code, json, stderr } = await rehearsed({ '1-rename': rename }, settings);
    expect(code, stderr).toBe(0);
    expect(json.rehearsal.wayBack).toMatchObject({
      undo: { state: 'impossible' },
      down: { state: 'equal', notes: ['places: fields stand in another order'] },
    });
  });
});

describe('a downDocument', () => {
  const file = (down: string) => `import { defineMigration } from 'mongo-release-action';
export default defineMigration({
  async up({ db }) {
    await db.collection('places').updateMany({}, [{ $set: { title: '$name' } }, { $unset: 'name' }]);
  },
  irreversible: 'the journal leads back',
  downDocument({ title, ...rest }) { ${down} },
});\n`;

  test('that leads back passes without a word', async () => {
    const { code, json, stderr } = await rehearsed({
      '1-title': file('return title === undefined ? rest : { ...rest, name: title };'),
    });
    expect(code, stderr).toBe(0);
    expect(json.rehearsal.wayBack.undo).toMatchObject({ state: 'equal', notes: [] });
  });

  test('that fails for real documents stops the release', async () => {
    const ran = await rehearsed({ '1-title': file("throw new Error('no name');") });
    expectFailure(ran, 13, 'REHEARSAL_FAILED', /The downDocument of 1-title failed for 3 of 3 documents/);
    expect(ran.json.rehearsal.wayBack.undo.state).toBe('failed');
  });

  test('that makes another shape than there was is told, with field and types', async () => {
    const { code, json, stderr } = await rehearsed({
      '1-title': file('return title === undefined ? rest : { ...rest, name: 1 };'),
    });
    expect(code, stderr).toBe(0);
    expect(json.rehearsal.wayBack.undo).toMatchObject({
      state: 'equal',
      notes: [
        expect.stringContaining('written to by users another shape than before: name (string, comes back int)'),
        expect.stringContaining('created by users'),
      ],
    });
  });
});

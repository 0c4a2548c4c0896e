import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectFailure, insertPlace, makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';
import { sandboxForAll } from '../../setup/sandbox.ts';
import { killHalfWay, standsStill } from './left-half.ts';

/** It stands still between its two writes for as long as somebody wants it to, and would fail if run over its half. */
const slow = migration(
  `await db.collection('places').insertOne({ _id: 'first' });
   ${standsStill}
   await db.collection('places').insertOne({ _id: 'second' });`,
  "await db.collection('places').deleteMany({ _id: { $in: ['first', 'second'] } });",
);

/** Models that can be loaded so often, when the files are looked at, and not any more when the migration begins. */
const failsToBegin = (looks: number) => ({
  'mongo-release.yml': 'migrations: { models: ./models.cjs }\n',
  'models.cjs': `
    const { appendFileSync, statSync } = require('node:fs');
    appendFileSync(__dirname + '/looks', '.');
    if (statSync(__dirname + '/looks').size > ${looks}) throw new Error('no models');
    const { model, Schema } = require('mongoose');
    exports.Place = model('Place', new Schema({}));`,
});

const sandbox = await sandboxForAll();
afterAll(() => sandbox.stop());
let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  database = await freshDatabase();
  project = await makeProject(
    { 'migrations/1-slow.js': slow, 'migrations/2-next.js': insertPlace('next') },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups', MONGO_RELEASE_SANDBOX_URI: sandbox.uri },
    { modules: true },
  );
});
afterEach(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const places = () => database.db.collection<{ _id: string }>('places').distinct('_id');
const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

/** Kills a run between the two writes of 1-slow. */
const leaveHalf = (
  command = 'migrate --apply --rehearsal none --json',
  isHalf = async () => (await places()).length > 0,
) => killHalfWay(project, database.db, command, isHalf);

describe('migrate --apply after a kill', () => {
  test('first ends what was begun, and rehearses the rest on what is there then', async () => {
    await leaveHalf();
    const dry = await project.run('migrate --json');
    expectFailure(dry, 5, 'REHEARSAL_IMPOSSIBLE', /A part of 1-slow is in the target already/);
    expect(dry.json.error.hint).toMatch(
      /^mongo-release migrate --apply first takes 1-slow up where it was, and then rehearses and applies 2-next\./,
    );
    const ran = await project.run('migrate --apply --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.applied)).toEqual(['1-slow', '2-next']);
    expect(ran.json.rehearsal).toMatchObject({ restoredDocuments: 2, migrations: [{ name: '2-next' }] });
    expect(await places()).toEqual(['first', 'next', 'second']);
    const record = await database.db
      .collection<{ _id: string }>('_mongo_release.releases')
      .findOne({ _id: ran.json.releaseId });
    expect(record).toMatchObject({ state: 'applied', migrations: ['1-slow', '2-next'] });
  });

  test('undoes one whose file was changed, and rehearses it with the rest', async () => {
    await leaveHalf();
    await project.write({ 'migrations/1-slow.js': insertPlace('other') });
    const dry = await project.run('migrate --json');
    expect(dry.json.error.hint).toMatch(
      /first undoes what was done of 1-slow, and then rehearses and applies 1-slow, 2-next/,
    );
    const ran = await project.run('migrate --apply --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.applied)).toEqual(['1-slow', '2-next']);
    expect(namesOf(ran.json.rehearsal.migrations)).toEqual(['1-slow', '2-next']);
    expect(await places()).toEqual(['next', 'other']);
  });

  test('undoes one that goes another way than before, and rehearses it with the rest', async () => {
    await project.write({ 'migrations/1-slow.js': slow.replace("_id: 'first'", "_id: 'first', at: new Date()") });
    await leaveHalf();
    const ran = await project.run('migrate --apply --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/went another way than before .*What was done of 1-slow is to be undone/);
    expect(namesOf(ran.json.applied)).toEqual(['1-slow', '2-next']);
    expect(namesOf(ran.json.rehearsal.migrations)).toEqual(['1-slow', '2-next']);
    expect(await places()).toEqual(['first', 'next', 'second']);
  });

  test('says what it has ended where the rehearsal of the rest fails', async () => {
    await leaveHalf();
    await project.write({ 'migrations/2-next.js': migration("throw new Error('no');") });
    const ran = await project.run('migrate --apply --json');
    expectFailure(
      ran,
      8,
      'FAILED_DIRTY',
      /rehearsal failed in migration 2-next.*reached their end: 1-slow\. Not begun: 2-next\./s,
    );
    expect(ran.json).toMatchObject({
      outcome: 'failed-dirty',
      remaining: ['2-next'],
      rehearsal: { failed: { name: '2-next' } },
    });
    expect(namesOf(ran.json.applied)).toEqual(['1-slow']);
    const { json } = await project.run('status --json');
    expect(json.migrations).toMatchObject([{ state: 'applied' }, { state: 'pending' }]);
    const record = await database.db
      .collection<{ _id: string }>('_mongo_release.releases')
      .findOne({ _id: ran.json.releaseId });
    expect(record).toMatchObject({ state: 'failed-dirty', error: { code: 'FAILED_DIRTY' } });
  });

  test('does the same with one certain plan, which is of all that', async () => {
    await leaveHalf();
    const { json } = await project.run('plan --json');
    const ran = await project.run(`migrate --apply --digest ${json.digest} --json`);
    expect(ran.code, ran.stderr).toBe(0);
    expect(namesOf(ran.json.rehearsal.migrations)).toEqual(['2-next']);
    expect(namesOf(ran.json.applied)).toEqual(['1-slow', '2-next']);
  });

  test('a file that is older than the one that was begun stops it before anything is done', async () => {
    await leaveHalf();
    await project.write({ 'migrations/0-late.js': insertPlace('late') });
    expectFailure(
      await project.run('migrate --apply --json'),
      4,
      'FINDINGS',
      /0-late\.js is not applied, and 1-slow\.js, .* is begun/,
    );
    expect(await places()).toEqual(['first']);
  });
});

test('release --apply after a kill ends what was begun behind its backup, and rehearses the rest', async () => {
  await leaveHalf();
  expectFailure(await project.run('release --json'), 5, 'REHEARSAL_IMPOSSIBLE');
  const ran = await project.run('release --apply --json');
  expect(ran.code, ran.stderr).toBe(0);
  expect(namesOf(ran.json.steps)).toEqual([
    'guards',
    'plan',
    'backup',
    'apply',
    'rehearsal',
    'apply',
    'deploy',
    'verify',
  ]);
  expect(ran.json).toMatchObject({
    ...{ backup: { documents: 1 }, rehearsal: { restoredDocuments: 2 } },
    warnings: ['No probes are configured: nothing was verified.'],
  });
  expect(namesOf(ran.json.migrate.applied)).toEqual(['1-slow', '2-next']);
  // It is not on its way any more.
  expect(ran.json.plan.findings).not.toContainEqual(expect.objectContaining({ place: { name: '1-slow' } }));
  expect(ran.stderr.slice(ran.stderr.indexOf('Release applied'))).not.toContain('is on its way');
  expect(await places()).toEqual(['first', 'next', 'second']);
});

describe('down', () => {
  test('finds the half of a migration also when taking it up has failed before its first write', async () => {
    await leaveHalf();
    await project.write(failsToBegin(2));
    const ran = await project.run('migrate --apply --rehearsal none --json');
    expectFailure(ran, 7, 'FAILED_CLEAN', /MODELS_INVALID\] It changed nothing; what was done of it before stays\./);
    await project.write({ 'mongo-release.yml': '' });
    const back = await project.run('down --json');
    expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-slow' }] });
    expect(await places()).toEqual([]);
  });

  test('half-way down is not taken for applied where taking that up has failed before its first write', async () => {
    const [first, second] = ['first', 'second'].map(
      (_id) => `await db.collection('places').deleteOne({ _id: '${_id}' });`,
    );
    const both = "await db.collection('places').insertMany([{ _id: 'first' }, { _id: 'second' }]);";
    await project.write({ 'migrations/1-slow.js': migration(both, `${first} ${standsStill} ${second}`) });
    expect((await project.run('migrate --apply --to 1-slow --rehearsal none --json')).code).toBe(0);
    await leaveHalf('down --json', async () => (await places()).length === 1);
    await project.write(failsToBegin(1));
    expectFailure(await project.run('down --json'), 7, 'FAILED_CLEAN', /what was done of it before stays/);
    await project.write({ 'mongo-release.yml': '' });
    const { json } = await project.run('status --json');
    expect(json.migrations[0]).toMatchObject({ state: 'failed', error: { direction: 'down' } });
    expect((await project.run('down --json')).json).toMatchObject({ outcome: 'rolled-back' });
    expect(await places()).toEqual([]);
  });

  test('of a half-done up says how many documents it put back, and how', async () => {
    await leaveHalf();
    const ran = await project.run('down --json');
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.json.reverted).toMatchObject([{ name: '1-slow', effects: { deleted: 1, inserted: 0, modified: 0 } }]);
    expect(ran.stderr).toContain('1 document changed');
    expect(await places()).toEqual([]);
  });

  test('needs only the files that it takes down, and of a half-done one not even that it can be loaded', async () => {
    const broken = { 'migrations/3-broken.js': 'exports.up = async (db) => {', 'migrations/4-empty.js': '' };
    expect((await project.run('migrate --apply --rehearsal none --json')).code).toBe(0);
    await project.write(broken);
    const back = await project.run('down --json');
    expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '2-next' }] });
    const rollback = await project.run('rollback --json');
    expect(rollback.json, rollback.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-slow' }] });
    for (const name of Object.keys(broken)) await project.write({ [name]: insertPlace(name) });
    await leaveHalf();
    await project.write({ ...broken, 'migrations/1-slow.js': 'nonsense(' });
    const half = await project.run('down --json');
    expect(half.json, half.stderr).toMatchObject({ outcome: 'rolled-back', reverted: [{ name: '1-slow' }] });
    expect(await places()).toEqual([]);
  });
});

test('baseline of a half-done migration says what stays in the data, and of any other nothing', async () => {
  await leaveHalf();
  const ran = await project.run('baseline 1-slow --json');
  expect(ran.code, ran.stderr).toBe(0);
  const left = expect.stringMatching(
    /^1-slow was half-way up, after \d operations?, 1 document: that stays in the data, and is undone by the journal no more\. See to it that the target has all that its up does\.$/,
  );
  expect(ran.json).toMatchObject({ recorded: ['1-slow'], warnings: [left] });
  expect(ran.stderr).toContain('1-slow was half-way up');
  expect((await project.run('status --json')).json.migrations[0]).toMatchObject({ state: 'applied' });
  const other = await project.run('baseline 2-next --json');
  expect(other.json, other.stderr).toMatchObject({ recorded: ['2-next'] });
  expect(other.json.warnings ?? []).toEqual([]);
});

describe('a half-done migration that can neither be gone on with nor undone', () => {
  const apply = 'migrate --apply --rehearsal none --json';

  test('names the ways that are open, the easiest first, and each of them leads out', async () => {
    expect((await project.run('backup --json')).code).toBe(0);
    await leaveHalf(apply);
    const release = await database.db.collection('_mongo_release.releases').findOne();
    await database.db.collection<{ _id: string }>('places').updateOne({ _id: 'first' }, { $set: { mine: true } });

    const down = await project.run('down --json');
    expectFailure(down, 8, 'RESUME_BLOCKED', /^Migration 1-slow cannot be taken back .*document .* was changed since/);
    const keeping = `mongo-release rollback ${release?._id} takes its release back: it undoes .* and keeps what users wrote since`;
    expect(down.json.error.hint).toMatch(
      new RegExp(`^Type mongo-release migrate --apply: it goes on where it was\\. ${keeping}\\. Or finish`),
    );
    const left = await project.run('status --json');
    // Neither of the two ways meets what is in the way of the others.
    expect(left.json.warnings).toEqual([
      expect.stringMatching(
        new RegExp(`, after .* mongo-release migrate --apply first takes it up where it was; ${keeping}\\.$`),
      ),
    ]);
    // By itself it undoes, and leaves that document to its user.
    const rollback = await project.run('rollback --strategy down --json');
    expectFailure(rollback, 10, 'ROLLBACK_FAILED', /Migration 1-slow cannot be taken back .* was changed since/);
    const named = (hint: string) => hint.replace(' --strategy undo', '');
    expect(named(rollback.json.error.hint)).toBe(down.json.error.hint);
    // Without it that would only go on with the strategy that has just failed.
    expect(rollback.json.error.hint).toMatch(/rollback \S+ --strategy undo takes its release back/);
    await project.write({ 'migrations/1-slow.js': insertPlace('other') });
    const up = await project.run(apply);
    expectFailure(up, 8, 'RESUME_BLOCKED', /^Migration 1-slow cannot be taken up \(1-slow\.js was changed/);
    expect(up.json.error.hint).toMatch(
      /^Put 1-slow\.js back as it was when it ran \(git log -- migrations\/1-slow\.js lists its versions; its SHA-256 begins with [0-9a-f]{12}\) and type mongo-release migrate --apply/,
    );
    const restore = `mongo-release rollback ${release?._id} --strategy restore`;
    for (const { json } of [down, up])
      expect(json.error.hint).toMatch(new RegExp(`takes its release back: .*${restore}`));
    const plan = await project.run('plan --json');
    const changed = await project.run('status --json');
    for (const said of [changed.json.warnings[0], plan.json.findings[0].next, up.json.error.hint])
      expect(said).toMatch(/Put 1-slow\.js back as it was .*takes its release back: .*--strategy restore\.$/);

    await project.write({ 'migrations/1-slow.js': slow });
    const ran = await project.run(apply);
    expect(ran.code, ran.stderr).toBe(0);
    expect(await places()).toEqual(['first', 'next', 'second']);
    const back = await project.run(`${restore.replace('mongo-release ', '')} --accept-loss 100 --json`);
    expect(back.json, back.stderr).toMatchObject({ outcome: 'rolled-back', strategy: 'restore' });
    expect(await places()).toEqual([]);
  });

  test('comes back by the first way back that is named, with what users wrote', async () => {
    await leaveHalf(apply);
    await database.db.collection<{ _id: string }>('places').updateOne({ _id: 'first' }, { $set: { mine: true } });
    await project.write({ 'migrations/1-slow.js': insertPlace('other') });
    const { json } = await project.run('status --json');
    const [, way = ''] = /mongo-release (rollback \S+) takes its release back/.exec(json.warnings[0]) ?? [];
    const back = await project.run(`${way} --json`);
    expect(back.json, back.stderr).toMatchObject({
      ...{ outcome: 'rolled-back', strategy: 'undo', conflicts: [{ collection: 'places', documents: 1 }] },
    });
    expect(await database.db.collection('places').find().toArray()).toEqual([{ _id: 'first', mine: true }]);
    expect((await project.run('status --json')).json.migrations[0]).toMatchObject({ state: 'rolled-back' });
  });

  test('that went another way is not said to go on where it was', async () => {
    await project.write({ 'migrations/1-slow.js': slow.replace("_id: 'first'", "_id: 'first', at: new Date()") });
    await leaveHalf(apply);
    await database.db.collection<{ _id: string }>('places').updateOne({ _id: 'first' }, { $set: { mine: true } });
    const up = await project.run(apply);
    expectFailure(up, 8, 'RESUME_BLOCKED', /went another way than before/);
    const down = await project.run('down --json');
    expectFailure(down, 8, 'RESUME_BLOCKED', /cannot be taken back/);
    const { json } = await project.run('status --json');
    for (const ways of [up.json.error.hint, down.json.error.hint]) {
      expect(ways).toMatch(
        /^mongo-release rollback .* Or finish the change by hand and type mongo-release baseline 1-slow\./,
      );
      expect(json.warnings[0]).toContain('Or finish the change by hand');
      expect(json.warnings[0]).not.toContain('it goes on where it was');
    }
  });

  test('comes out by its own down, where that copes with half of its up: after a $merge nothing can be undone', async () => {
    const merging = slow.replace(
      'while',
      "await db.collection('places').aggregate([{ $set: { merged: true } }, { $merge: 'places' }]).toArray();\n while",
    );
    await project.write({ 'migrations/1-slow.js': merging });
    await leaveHalf(apply, async () => (await database.db.collection('places').countDocuments({ merged: true })) > 0);
    await project.write({ 'migrations/1-slow.js': insertPlace('other') });
    const blocked = await project.run(apply);
    expectFailure(
      blocked,
      8,
      'RESUME_BLOCKED',
      /cannot be undone: (no images were kept of what|it is not known whether) aggregate/,
    );
    const { hint } = blocked.json.error;
    expect(hint).not.toContain('rollback');
    const [way = ''] =
      /mongo-release baseline 1-slow, then mongo-release down, then mongo-release migrate --apply/.exec(hint) ?? [];
    await project.write({ 'migrations/1-slow.js': slow });
    for (const command of way.split(', then ')) {
      const words = `${command.replace('mongo-release ', '')}${command.endsWith('--apply') ? ' --rehearsal none' : ''} --json`;
      const ran = await project.run(words);
      expect(ran.code, ran.stderr).toBe(0);
    }
    expect(await places()).toEqual(['first', 'next', 'second']);
  });
});

import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectFailure, makeProject, type Project } from '../cli/cli.ts';
import { freshDatabase, type TestDatabase, uriOf } from '../setup/mongo.ts';

let database: TestDatabase;
let project: Project;
let id: string;

beforeAll(async () => {
  database = await freshDatabase();
  await database.db.collection('cities').insertMany([{}, {}]);
  await database.db.createCollection('log', { capped: true, size: 4096 });
  project = await makeProject({}, { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: './backups' });
  const taken = await project.run('backup --json');
  expect(taken.code, taken.stderr).toBe(0);
  expect(taken.json.warnings).toEqual([expect.stringMatching(/^Capped collections .* when it was read: log\.$/)]);
  id = taken.json.id;
});
afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

test('a list and a backup say of what it is, whether it is encrypted, and whether it was verified', async () => {
  const about = { id, target: 'default', database: database.name, environment: 'development', encrypted: false };
  const before = (await project.run('inspect --json')).json.backups;
  expect(before).toMatchObject([{ ...about, outsideSnapshot: ['log'] }]);
  expect(before[0]).not.toHaveProperty('verifiedAt');
  expect((await project.run(['inspect', id, '--json'])).json).toMatchObject({ verified: true, backup: about });
  expect((await project.run('inspect --json')).json.backups).toMatchObject([{ verifiedAt: expect.any(String) }]);
});

test('a backup of a database that is not there says that nothing is in it', async () => {
  const other = { MONGODB_URI: uriOf(`${database.name}-mistyped`), MONGO_RELEASE_STORE: './others' };
  const taken = await project.run('backup --json', other);
  expect(taken.json.warnings).toEqual([expect.stringContaining(`no collection of yours in database ${database.name}`)]);
});

test('a rehearsal and a release in a database that is not there say so, since everything works on nothing', async () => {
  const other = { MONGODB_URI: uriOf(`${database.name}-none`), MONGO_RELEASE_STORE: './nothing' };
  await using empty = await makeProject({ 'migrations/1-a.js': 'exports.up = async () => {};\n' }, other);
  const missing = expect.stringMatching(/no collection of yours in database .*-none\. Check its name\.$/);
  const looked = await empty.run('migrate --json');
  expect(looked.json.rehearsal?.uncovered[0], looked.stderr).toEqual(missing);
  expect(looked.stderr).toMatch(/^! There is no collection of yours in database .*-none, and .* Is the name right\?/m);
  const released = await empty.run('release --apply --rehearsal none --json');
  await database.db.client.db(`${database.name}-none`).dropDatabase();
  expect(released.json.warnings, released.stderr).toContainEqual(missing);
});

test('a file that is no store is refused, and a backup whose archive is gone is named', async () => {
  expectFailure(await project.run('inspect --json --store package.json'), 7, 'STORE_FAILED', /ENOTDIR/);
  const store = { MONGO_RELEASE_STORE: './torn' };
  const taken = (await project.run('backup --json', store)).json;
  await rm(join(project.dir, 'torn', `${taken.id}.archive.zst`));
  const listed = await project.run('inspect --json', store);
  expectFailure(listed, 11, 'ARCHIVE_DAMAGED', new RegExp(taken.id));
  expect(listed.json).toMatchObject({
    backups: [],
    warnings: [`Backup ${taken.id}: The backup's archive ${taken.id}.archive.zst is missing.`],
  });

  const cut = (await project.run('backup --json', { MONGO_RELEASE_STORE: './cut' })).json;
  await truncate(join(project.dir, 'cut', `${cut.id}.archive.zst`), 100);
  const short = await project.run('inspect --json --store cut');
  expectFailure(short, 11, 'ARCHIVE_DAMAGED', new RegExp(cut.id));
  expect(short.json.warnings).toEqual([expect.stringMatching(/it has 100 bytes in place of \d+/)]);
});

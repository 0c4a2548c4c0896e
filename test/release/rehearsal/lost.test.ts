import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectFailure, makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase } from '../../setup/mongo.ts';

/** Waits in the sandbox until its mongod is gone, and then for it. */
const outlives = `
  const { readdirSync, readFileSync } = require('node:fs');
  const folder = readdirSync(process.env.TMPDIR).find((name) => name.startsWith('mongo-release-sandbox-'));
  process.kill(Number(readFileSync(process.env.TMPDIR + '/' + folder + '/mongod.pid', 'utf8')), 'SIGKILL');
  await db.collection('places').updateMany({}, { $set: { a: 1 } });`;

test('a sandbox that ends by itself is told as that, soon, and not as a fault of the migration', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
  await using project = await makeProject(
    { 'migrations/1-a.js': migration(outlives), 'tmp/keep': '' },
    { MONGODB_URI: database.uri },
  );
  const ran = await project.run('migrate --json', { TMPDIR: join(project.dir, 'tmp') });
  expectFailure(ran, 5, 'SANDBOX_UNAVAILABLE', /The sandbox was lost: its mongod ended by itself \(SIGKILL, .*memory/);
  expect(await readdir(join(project.dir, 'tmp'))).toEqual(['keep']);
});

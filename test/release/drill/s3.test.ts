import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { type S3Server, startS3 } from '../../setup/s3.ts';
import { installTime } from '../../setup/tools.ts';

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
}, installTime);
afterAll(() => server?.[Symbol.asyncDispose]());

test('a drill from a bucket is on record there, and is no backup', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
  const folder = await server.bucket('shop');
  await using project = await makeProject(
    {
      'migrations/1-a.js': migration("await db.collection('places').insertOne({ n: 2 })"),
      'mongo-release.yml': `backup: { store: s3://shop/prod, s3: { endpoint: '${server.endpoint}' } }\n`,
    },
    server.environment,
  );
  const withTarget = { MONGODB_URI: database.uri };
  await project.run('backup', withTarget);
  const drill = await project.run('drill --json');
  expect(drill.json, drill.stderr).toMatchObject({ outcome: 'rehearsed', documents: 1, migrations: [{ name: '1-a' }] });
  const { backups } = (await project.run('inspect --json')).json;
  expect(backups).toMatchObject([{ id: drill.json.backupId, verifiedAt: expect.any(String) }]);
  expect(await readdir(join(folder, 'prod', 'drills'))).toEqual([basename(drill.json.record)]);
  const audit = await project.run('audit --json', withTarget);
  expect(audit.json.entries).toMatchObject([{ kind: 'drill', state: 'passed', backupId: drill.json.backupId }]);
});

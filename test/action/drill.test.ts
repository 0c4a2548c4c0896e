import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';
import { runPart } from './part.ts';
import { addSlug, cities, makeProject, watched } from './project.ts';

test('a drill has no address of the target, and says in the job what it restored and how long that took', async () => {
  await using target = await freshDatabase('action');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug, 'mongo-release.yml': watched });
  const cwd = project.folder;
  const backup = await runPart('backup', { cwd, inputs: { uri: target.uri, store: 'backups' } });
  const origin = { GITHUB_ACTOR: 'somebody', GITHUB_SHA: 'ab'.repeat(20), GITHUB_RUN_ID: '7' };
  const env = { ...origin, GITHUB_SERVER_URL: 'https://github.example', GITHUB_REPOSITORY: 'org/shop' };
  const drill = await runPart('drill', { cwd, inputs: { store: 'backups' }, env });
  expect(drill.code, drill.log).toBe(0);
  expect(drill.outputs).toMatchObject({
    outcome: 'rehearsed',
    verified: 'true',
    'backup-id': backup.outputs['backup-id'],
  });
  expect(drill.report).toMatchObject({
    command: 'drill',
    recoveryTimeMs: expect.any(Number),
    migrations: [{ name: '1-slug' }],
  });
  expect(drill.summary).toContain('## ✅ The drill passed');
  expect(drill.summary).toContain('recovery-time');
  const [record = ''] = await readdir(join(cwd, 'backups', 'drills'));
  expect(JSON.parse(await readFile(join(cwd, 'backups', 'drills', record), 'utf8'))).toMatchObject({
    ...{ actor: 'somebody', commit: origin.GITHUB_SHA, runUrl: 'https://github.example/org/shop/actions/runs/7' },
  });
});

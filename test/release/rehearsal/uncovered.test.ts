import { expect, test } from 'vitest';
import { expectFailure, makeProject, migration } from '../../cli/cli.ts';
import { freshDatabase } from '../../setup/mongo.ts';

test('what a rehearsal could not see is listed, and what nobody else changes is looked at once', async () => {
  await using database = await freshDatabase();
  await database.db.collection('places').insertOne({ n: 1 });
  await using project = await makeProject(
    {
      'migrations/1-a.js': migration(
        "require('node:fs').writeFileSync(__dirname + '/../seen', ''); await db.collection('places').insertOne({ n: 2 });",
      ),
      'mongo-release.yml': 'probes: [{ name: three, mongo: { collection: places, count: 3 }, interval: 10s }]\n',
    },
    { MONGODB_URI: database.uri },
  );
  const ran = await project.run('migrate --json');
  expectFailure(ran, 13, 'REHEARSAL_FAILED', /Probe "three" failed/);
  const { probes, uncovered, backup } = ran.json.rehearsal;
  expect(probes).toMatchObject([{ name: 'three', state: 'failed', attempts: 1 }]);
  expect(uncovered).toContainEqual(expect.stringContaining('What 1-a does outside of the database (line '));
  // Of the backup that was taken for it alone.
  expect(backup).toEqual({ at: expect.stringMatching(/^2/) });
  expect(Date.now() - Date.parse(backup.at)).toBeLessThan(300_000);
});

import { expect, test } from 'vitest';
import { refuseHalfRestored } from '../../src/backup/restore/settle.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { makeProject } from '../cli/cli.ts';
import { freshDatabase } from '../setup/mongo.ts';

const own = ownNames();
const migration =
  'exports.up = (db) => db.collection("places").insertOne({}); exports.down = (db) => db.collection("places").drop();';

test.each(['migrate --apply --rehearsal none', 'backup --store ./b', 'down', 'release --apply --store ./b'])(
  '%s does not touch a database whose restore was cut off half-way',
  async (command) => {
    await using database = await freshDatabase();
    await using project = await makeProject({ 'migrations/1-a.js': migration }, { MONGODB_URI: database.uri });
    const record = { owner: 'x', backupId: 'b1', state: 'swapping', direct: [], steps: [], displaced: [] };
    await database.db
      .collection<{ _id: string }>(`${own.prefix}.restore`)
      .insertOne({ _id: 'current', ...record, startedAt: new Date(), aliveAt: new Date(0) } as never);
    const ran = await project.run(`${command} --json`);
    expect(ran.json.error).toMatchObject({ code: 'RESTORE_INCOMPLETE', hint: expect.stringContaining('restore b1') });
    expect(await database.db.listCollections({ name: 'places' }).toArray()).toEqual([]);
  },
);

test('one that was still building aside stops nobody', async () => {
  await using database = await freshDatabase();
  const record = { owner: 'x', backupId: 'b1', state: 'building', direct: [], steps: [], displaced: [] };
  const restores = database.db.collection<{ _id: string }>(`${own.prefix}.restore`);
  await restores.insertOne({ _id: 'current', ...record, startedAt: new Date(), aliveAt: new Date(0) } as never);
  await expect(refuseHalfRestored(database.db, own)).resolves.toBeUndefined();
});

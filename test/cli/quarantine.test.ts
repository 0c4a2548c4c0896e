import { expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';
import { makeProject } from './cli.ts';

const slugs = `import { defineMigration } from 'mongo-release-action';
export default defineMigration({
  description: 'slugs',
  irreversible: 'a slug harms nobody',
  async up({ batch }) {
    await batch({ collection: 'towns', onError: 'quarantine', each: slugOf });
  },
});
function slugOf({ name, mayor }: { name?: string; mayor: string }) {
  if (name === undefined) throw new Error(\`town of \${mayor} without name\`);
  return { $set: { slug: name.toLowerCase() } };
}
`;

test('what a batch leaves out is in the run, in its warnings, and in status until somebody has looked after it', async () => {
  await using database = await freshDatabase();
  const names = ['A', undefined, 'C', undefined];
  await database.db
    .collection('towns')
    .insertMany(names.map((name) => ({ mayor: 'Zaphod', ...(name !== undefined && { name }) })));
  await using it = await makeProject({ 'migrations/1-slugs.ts': slugs }, { MONGODB_URI: database.uri });
  const filter = "{ migration: '1-slugs', why: { $in: ['batch', 'undo'] } }";
  const command = `db.getCollection('_mongo_release.quarantine').find(${filter}). Once they are put right, deleteMany`;

  const ran = await it.run('migrate --apply --rehearsal none --json');
  expect(ran.json).toMatchObject({ outcome: 'applied', applied: [{ effects: { modified: 2, quarantined: 2 } }] });
  expect(ran.json.warnings).toContainEqual(expect.stringContaining(command));
  expect(ran.stderr).toMatch(/\w is left as it is: Error: town of ‹hidden› without name at 1-slugs\.ts:10\./);
  expect(ran.stderr).toMatch(/Left out .*\n.* 2 +[\d.]+ m?s\n/);
  expect(ran.stderr).toContain('2 documents changed, 2 documents left out.');

  const quarantine = database.db.collection('_mongo_release.quarantine');
  const error = { name: 'Error', message: 'town of Zaphod without name', at: '1-slugs.ts:10' };
  expect(await quarantine.find().toArray()).toMatchObject([{ error }, { error }]);
  const status = await it.run('status --json');
  expect(status.json.quarantine).toEqual([{ migration: '1-slugs', documents: 2 }]);
  expect(status.stderr).toContain(command);

  await database.db.collection('_mongo_release.history').updateOne({}, { $set: { state: 'rolled-back' } });
  expect((await it.run('status --json')).json).not.toHaveProperty('quarantine');
  await database.db.collection('_mongo_release.history').updateOne({}, { $set: { state: 'applied' } });

  await quarantine.deleteMany({ migration: '1-slugs', why: { $in: ['batch', 'undo'] } });
  expect((await it.run('status --json')).json).not.toHaveProperty('quarantine');
});

test('copies of an attempt that is undone go with it: what is left is of the one that counts', async () => {
  await using database = await freshDatabase();
  await database.db.collection('towns').insertMany([{ name: 'A' }, { mayor: 'Zaphod' }, { mayor: 'Trillian' }]);
  const failing = slugs.replace('slugOf });', "slugOf });\n    throw new Error('later');");
  await using it = await makeProject({ 'migrations/1-slugs.ts': failing }, { MONGODB_URI: database.uri });
  const apply = 'migrate --apply --rehearsal none --json';
  const copies = () => database.db.collection('_mongo_release.quarantine').distinct('attempt');

  expect((await it.run(apply)).json).toMatchObject({ outcome: 'failed-dirty' });
  expect(await copies()).toHaveLength(1);
  await it.write({ 'migrations/1-slugs.ts': slugs });
  const ran = await it.run(apply);
  expect(ran.json).toMatchObject({ outcome: 'applied', applied: [{ effects: { quarantined: 2 } }] });
  expect(await copies()).toHaveLength(1);
  expect(await database.db.collection('_mongo_release.quarantine').countDocuments()).toBe(2);
  expect((await it.run('status --json')).json.quarantine).toEqual([{ migration: '1-slugs', documents: 2 }]);
});

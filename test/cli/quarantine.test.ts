import { BSON, Double } from 'mongodb';
import { expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';
import { makeProject, migration } from './cli.ts';
import { linesForMongosh, mongosh } from './mongosh.ts';

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
  const filter = "{ migration: '1-slugs', why: 'batch' }";
  const command = `\`db.getCollection('_mongo_release.quarantine').find(${filter})\`. Once they are put right, deleteMany`;

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

  await quarantine.deleteMany({ migration: '1-slugs', why: 'batch' });
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

const mayors = `module.exports = {
  async up(db) {
    await db.collection('towns').updateMany({}, { $set: { mayor: 'Zaphod', price: 2, slug: 'z' } });
  },
};
`;

/** Of the same release, and before it: what it did is taken back after the other one has left a document. */
const wards = `module.exports = {
  async up(db) {
    await db.collection('towns').updateMany({}, { $set: { ward: 'north' } });
  },
};
`;

/** The lines of the docs, in their order; apart that which removes what was inserted. */
async function linesOfTheDocs() {
  const all = await linesForMongosh('What stays with users');
  const [remove = [], lines = []] = [true, false].map((is) =>
    all.filter((line) => line.includes('.deleteOne(') === is),
  );
  return { lines, remove };
}

test('what an undo left to users is said with its fields, and settled in mongosh by the lines of the docs', async () => {
  await using database = await freshDatabase();
  const before = { _id: 7 as never, mayor: 'Trillian', price: new Double(1), secret: 'of-before' };
  const towns = database.db.collection('towns');
  await towns.insertMany([before, { _id: 8 as never }]);
  const name = '20261121101500-slugs';
  const files = { [`migrations/${name}.js`]: mayors, 'migrations/20261120-wards.js': wards };
  await using it = await makeProject(files, { MONGODB_URI: database.uri });
  await it.run('migrate --apply --rehearsal none');
  await towns.updateOne({ _id: 7 as never }, { $set: { mayor: 'Ford', beside: 1 } });
  const back = await it.run('rollback --json --reason test');
  const conflicts = [{ collection: 'towns', reason: 'same-fields', documents: 1, fields: ['mayor'] }];
  expect(back.json.undo).toMatchObject([{ documents: 1, quarantined: 1, conflicts }, { documents: 2 }]);
  const why = 'in towns 1 document, since users and the migration wrote to the same fields: mayor';
  expect(back.stderr).toContain(why);
  const status = await it.run('status --json');
  const rollbackId = (await it.run('audit --json')).json.entries[0].id;
  expect(status.json.quarantine).toEqual([{ migration: name, documents: 1, conflicts, rollbackId }]);
  expect(status.json.warnings).toContainEqual(
    expect.stringContaining(`1 document of ${name} was left as it was by rollback ${rollbackId}: ${why};`),
  );
  // What a batch had left out of a migration that was taken back is none of these.
  expect(status.stderr).toContain(`find({ migration: '${name}', why: 'undo' })`);
  expect(`${back.stdout}${back.stderr}${status.stdout}${status.stderr}`).not.toMatch(/Zaphod|Trillian|Ford|of-before/);

  const { lines, remove } = await linesOfTheDocs();
  const [listed, [kept] = [], now] = (await mongosh(database.db, lines.slice(0, -3))) as [unknown, object[]?, unknown?];
  expect(listed).toMatchObject([{ documentId: 7, reason: 'same-fields', fields: ['mayor'] }]);
  expect(listed).not.toHaveProperty('0.before');
  expect(kept).toMatchObject({ before: { mayor: 'Trillian' }, after: { mayor: 'Zaphod' }, current: { mayor: 'Ford' } });
  expect(now).toMatchObject({ mayor: 'Ford' });
  expect((await it.run('status --json')).json).toHaveProperty('quarantine');
  // What an earlier attempt of the migration has left does not count.
  const quarantine = database.db.collection('_mongo_release.quarantine');
  const earlier = { ...kept, _id: 'earlier' as never, attempt: -1, before: { ...before, mayor: 'Marvin' } };
  await quarantine.insertOne(earlier);
  await mongosh(database.db, lines);
  expect(await towns.find({}, { promoteValues: false, raw: true }).toArray()).toEqual([
    BSON.serialize({ ...before, beside: 1 }),
    expect.anything(),
  ]);
  // Of an undo that is half-way: it is left to nobody as yet.
  const open = { why: 'undo-open', migration: name, attempt: 9 };
  await quarantine.insertOne(open);
  const settled = await it.run('status --json');
  expect(settled.json).not.toHaveProperty('quarantine');
  expect(settled.stderr).not.toContain('quarantine');
  await mongosh(database.db, [...lines.filter((line) => line.startsWith('const ')), ...remove]);
  expect(await towns.distinct('_id')).toEqual([8]);
});

test('a rollback is named for what it has left itself, not for what another way back of the same migration has', async () => {
  await using database = await freshDatabase();
  const towns = database.db.collection<{ _id: number; mayor: string }>('towns');
  const quarantine = database.db.collection('_mongo_release.quarantine');
  await towns.insertMany([1, 2, 3].map((_id) => ({ _id, mayor: 'Trillian' })));
  const up = "await db.collection('towns').updateMany({}, { $set: { mayor: 'Zaphod' } });";
  await using it = await makeProject({ 'migrations/1-mayors.js': migration(up) }, { MONGODB_URI: database.uri });
  const release = (id: string) => it.run(`migrate --apply --rehearsal none --release-id ${id} --json`);
  const write = (...ids: number[]) => towns.updateMany({ _id: { $in: ids } }, { $set: { mayor: 'Ford' } });
  const left = async () => (await it.run('status --json')).json.quarantine;
  const by = async (of: string) =>
    (await it.run('audit --json')).json.entries.find((one: { of?: string }) => one.of === of).id;

  await release('r1');
  await write(1, 2);
  expect((await it.run('rollback r1 --json')).json).toMatchObject({ undo: [{ quarantined: 2 }] });
  const r1 = await by('r1');
  expect(await left()).toMatchObject([{ documents: 2, rollbackId: r1 }]);
  const earlier = await quarantine.find({ why: 'undo' }).toArray();
  await quarantine.deleteMany({ migration: '1-mayors', why: 'undo' });

  // This one is ended by another command.
  await release('r2');
  await write(3);
  const refuse = (validator: object) => database.db.command({ collMod: '_mongo_release.history', validator });
  await refuse({ state: { $ne: 'rolled-back' } });
  expect((await it.run('rollback r2 --json')).code).toBe(10);
  await refuse({});
  expect((await it.run('down --json')).code).toBe(0);
  const unnamed = { migration: '1-mayors', conflicts: [expect.anything()] };
  expect(await left()).toEqual([{ ...unnamed, documents: 1 }]);
  // Of both: neither has left all.
  await quarantine.insertMany(earlier);
  expect(await left()).toEqual([{ ...unnamed, documents: 3 }]);
  await quarantine.deleteMany({ migration: '1-mayors', why: 'undo' });

  expect((await it.run('rollback r2 --json')).json.outcome).toBe('rolled-back');
  await release('r3');
  await towns.updateOne({ _id: 2 }, { $set: { mayor: 'Arthur' } });
  await it.run('rollback r3 --json');
  expect(await left()).toEqual([{ ...unnamed, documents: 1, rollbackId: await by('r3') }]);
  expect(await by('r3')).not.toBe(r1);
});

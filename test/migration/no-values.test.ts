import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, type Project } from './project.ts';

const marker = /zaphod|beeblebrox|DE8937|1234567/i;
const person = {
  name: 'Zaphod Beeblebrox',
  mail: 'zaphod@galaxy.example',
  iban: 'DE89370400440532013000',
  phone: '+49 171 1234567',
};

/** Each way in which a value of a document could get out of a migration's process; `who` is a document. */
const ways: Readonly<Record<string, string>> = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of a migration
  message: 'throw new Error(`cannot move ${who.name}, ${who.mail}, ${JSON.stringify(who)}`);',
  text: 'throw who.name;',
  object: 'throw { ...who };',
  name: "const e = new Error('x'); e.name = who.name; throw e;",
  cause: "throw new Error('x', { cause: new Error(who.mail) });",
  'type error': 'const list = {}; list[who.name]();',
  'syntax error': 'JSON.parse(who.name);',
  'range error': 'BigInt(who.iban);',
  'server, duplicate':
    "await db.collection('people').createIndex({ name: 1 }, { unique: true }); await db.collection('people').insertOne({ name: who.name });",
  'server, bulk':
    "await db.collection('people').bulkWrite([{ insertOne: { document: { _id: who._id, n: who.name } } }]);",
  'server, bad operator': "await db.collection('people').updateOne({}, { ['$' + who.name]: 1 });",
  'server, conversion':
    "await db.collection('people').aggregate([{ $project: { x: { $toInt: '$iban' } } }]).toArray();",
  'driver, before sending': "await db.collection('people').updateOne({}, { [who.name]: 1 });",
  'unseen rejection': 'Promise.reject(new Error(who.name)); await new Promise((go) => setTimeout(go, 3000));',
  output: 'console.log(who); console.error(who.name); process.stdout.write(who.mail); throw new Error("x");',
  'own error class':
    'class Odd extends Error { get [Symbol.toStringTag]() { return who.name; } } throw new Odd(who.phone);',
  stack: "const e = new Error('x'); e.stack = who.name + '\\n at ' + import.meta.url + ':1:1' + who.mail; throw e;",
  'system call': "const fs = await import('node:fs/promises'); await fs.readFile('/nowhere/' + who.name);",
  'file that is imported': "await import('data:text/javascript,throw new Error(' + JSON.stringify(who.name) + ')');",
};

let project: Project;
let database: TestDatabase;
beforeAll(async () => {
  project = await makeProject(
    Object.fromEntries(
      Object.entries(ways).map(([way, code]) => [
        `${way.replaceAll(/\W+/g, '-')}.mjs`,
        `export const name = 'x';\nexport const up = async ({ db, log }) => {\n  const who = await db.collection('people').findOne();\n  log('found ' + who.name, { who: who.mail, [who.name]: 1, at: 3 });\n  ${code}\n};`,
      ]),
    ),
  );
  database = await freshDatabase();
  await database.db.collection('people').insertOne(person);
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

test.each(Object.keys(ways))('no value of a document leaves a migration by its %s', async (way) => {
  project.logged.length = 0;
  const end = await project.run(`${way.replaceAll(/\W+/g, '-')}.mjs`, database);
  expect(end.state).toBe('failed');
  const said = JSON.stringify([
    end,
    end.state === 'failed' && [end.error.message, end.error.hint, end.error.stack],
    project.logged,
  ]);
  expect(said).not.toMatch(marker);
  // It failed at what this is about, and not before it.
  expect(end.state === 'failed' && end.error.code).toBe('MIGRATION_FAILED');
  expect(project.logged[0]?.message).toBe('found ‹hidden›');
});

test.each(['message', 'server, bulk'])(
  'who asked for it sees all of its %s, and what is kept has none of it',
  async (way) => {
    project.logged.length = 0;
    const end = await project.run(`${way.replaceAll(/\W+/g, '-')}.mjs`, database, { showValues: true });
    expect(JSON.stringify(project.logged)).toMatch(marker);
    expect(end).toMatchObject({ state: 'failed', hiddenLines: 0 });
    expect(JSON.stringify([end, end.state === 'failed' && [end.error.message, end.error.hint]])).not.toMatch(marker);
  },
);

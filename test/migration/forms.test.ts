import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeMigrations } from '../../src/migration/describe.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, type Project, settings } from './project.ts';

const body = (insert: string) => `await db.collection('seen').insertOne({ by: ${insert} })`;
const forms: Readonly<Record<string, string>> = {
  'commonjs.js': `module.exports = { async up(db, client) { ${body("'js'")}; if (!client.db) throw 1 }, async down(db) { await db.collection('seen').deleteMany({}) } };`,
  'exports.cjs': `exports.up = async (db) => { ${body("'cjs'")} };`,
  'named.mjs': `export const up = async (db) => { ${body("'mjs'")} };\nexport const down = async () => {};`,
  'default.mjs': `export default { async up(db) { ${body("'default'")} } };`,
  'typed.ts': `import type { Db } from 'mongodb';\nexport async function up(db: Db): Promise<void> { ${body("'ts'")} }`,
  'defined.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({
  description: 'marks', phase: 'after-deploy', irreversible: 'only a test', requires: { server: '6.0' },
  async up({ db, client, models, session, log, signal }) {
    if (session || signal.aborted || Object.keys(models).length) throw new Error('context');
    await client.db().collection('seen').insertOne({ by: 'defined' });
    log('done', { count: 1 });
  },
});`,
  'required.cjs': `const { defineMigration } = require('mongo-release-action');\nmodule.exports = defineMigration({ async up({ db }) { ${body("'required'")} }, async down() {} });`,
  'brief.mjs': `export const name = 'brief';\nexport const description = 'the brief';\nexport const up = async ({ models, log, db }) => { ${body("'brief'")} };\nexport const down = async () => {};`,
};

describe('every form that a migration can be written in', () => {
  let project: Project;
  let database: TestDatabase;
  beforeAll(async () => {
    project = await makeProject(forms);
    database = await freshDatabase();
  });
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test.each(Object.keys(forms))('%s runs', async (fileName) => {
    await database.db.collection('seen').deleteMany({});
    const end = await project.run(fileName, database);
    expect(end).toMatchObject({ state: 'done', effects: { inserted: 1, byCollection: { seen: { inserted: 1 } } } });
    expect(await database.db.collection('seen').countDocuments()).toBe(1);
  });

  test('goes down as well', async () => {
    await database.db.collection('seen').insertMany([{}, {}]);
    const before = await database.db.collection('seen').countDocuments();
    const end = await project.run('commonjs.js', database, { down: true });
    expect(end).toMatchObject({ state: 'done', effects: { deleted: before } });
    expect(await project.run('exports.cjs', database, { down: true })).toMatchObject({
      state: 'failed',
      error: { code: 'IRREVERSIBLE' },
      effects: { operations: 0 },
    });
  });

  test('are described without any database', async () => {
    const files = Object.keys(forms).map((name) => project.file(name));
    const facts = await describeMigrations(files, { ...settings(project.dir), log: project.log });
    expect([...facts.keys()].sort()).toEqual(files.map(({ name }) => name).sort());
    expect(facts.get('commonjs')).toEqual({
      form: 'migrate-mongo',
      phase: 'before-deploy',
      hasDown: true,
      transaction: false,
    });
    expect(facts.get('defined')).toEqual({
      form: 'context',
      description: 'marks',
      phase: 'after-deploy',
      hasDown: false,
      irreversible: 'only a test',
      transaction: false,
      requires: { server: '6.0' },
    });
    expect(facts.get('brief')).toMatchObject({ form: 'context', description: 'the brief', hasDown: true });
  });

  test('work with the bundled driver where the project has none', async () => {
    await using bare = await makeProject({ 'a.ts': forms['defined.ts'] ?? '' }, tmpdir());
    expect(await bare.run('a.ts', database)).toMatchObject({ state: 'done', effects: { inserted: 1 } });
  });
});

describe('what is no migration', () => {
  const refused: readonly [fileName: string, text: string, message: RegExp][] = [
    ['nothing.mjs', 'const a = 1;', /nothing\.mjs is no migration: it exports nothing/],
    [
      'other.mjs',
      'export const a = 1; export const upp = () => {};',
      /it exports a \(of type number\), upp \(of type function\) and no up/,
    ],
    ['text.mjs', "export const up = 'x';", /its up is of type string/],
    ['syntax.mjs', 'const a = 1;\nconst = 2;\n', /syntax\.mjs:2 cannot be read: SyntaxError: Unexpected token '='/],
    ['syntax.cjs', 'const a = 1;\n\nconst = 2;\n', /syntax\.cjs:3 cannot be read/],
    ['syntax.ts', 'const a: number = 1;\nconst b c = 2;\nexport const up = () => {};', /syntax\.ts:2 cannot be read/],
    ['enum.ts', 'enum A { b }\nexport const up = () => {};', /enum\.ts:1 cannot be read/],
    [
      'missing.mjs',
      "import 'not-there-at-all';\nexport const up = () => {};",
      /the module not-there-at-all cannot be found/,
    ],
    [
      'throws.mjs',
      "export const up = () => {};\nthrow new Error('top level');",
      /throws\.mjs:2 cannot be loaded: Error: top level/,
    ],
    [
      'phase.mjs',
      "export const name = 'a'; export const phase = 'later'; export const up = () => {};",
      /its phase is none/,
    ],
    [
      'typo.ts',
      "import { defineMigration } from 'mongo-release-action';\nexport default defineMigration({ trasaction: true, up() {} });",
      /does not know trasaction/,
    ],
    [
      'plain.mjs',
      'export default { async up({ db }) { await db.collection("a").deleteMany({}); } };',
      /its up takes \{ db \}, and nothing says that it is of the form/,
    ],
    ['plain.cjs', 'exports.up = async ({ log, db: mine }) => { log(mine); };', /its up takes \{ db \}/],
    ['exits.mjs', 'export const up = () => {};\nprocess.exit(0);', /ends the process while it is loaded/],
  ];

  test.each(refused)('%s is refused', async (fileName, text, message) => {
    await using project = await makeProject({ 'good.mjs': 'export const up = () => {};', [fileName]: text });
    const files = [project.file('good.mjs'), project.file(fileName)];
    const error = await describeMigrations(files, { ...settings(project.dir), log: project.log }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toMatchObject({ code: 'MIGRATION_INVALID', exitCode: 2, message: expect.stringMatching(message) });
  });

  test('the first of several is named, with their number', async () => {
    await using project = await makeProject({ 'a.mjs': '', 'b.mjs': 'export const up = () => {};', 'c.mjs': '' });
    const files = ['a.mjs', 'b.mjs', 'c.mjs'].map((name) => project.file(name));
    await expect(describeMigrations(files, { ...settings(project.dir), log: project.log })).rejects.toThrow(
      /^a\.mjs .*\(2 files cannot be used/,
    );
  });

  test('a top level that never ends is stopped', async () => {
    await using project = await makeProject({
      'a.mjs': 'await new Promise(() => {}); export const up = () => {};',
      'b.mjs': 'export const up = 1; for (;;);',
    });
    for (const name of ['a.mjs', 'b.mjs']) {
      await expect(
        describeMigrations([project.file(name)], { ...settings(project.dir), log: project.log, timeLimitMs: 1000 }),
      ).rejects.toMatchObject({ code: 'MIGRATION_INVALID', message: `Loading ${name} does not end.` });
    }
  });

  test('tsx that is asked for and missing is named', async () => {
    await using project = await makeProject({ 'a.ts': 'export const up = () => {};' }, tmpdir());
    await using database = await freshDatabase();
    await expect(project.run('a.ts', database, { import: 'tsx' })).rejects.toMatchObject({ code: 'TSX_MISSING' });
  });
});

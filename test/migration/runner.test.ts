import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { leftTargetAsItWas } from '../../src/migration/runner.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';
import { makeProject, type Project } from './project.ts';
import { startStandalone } from './standalone.ts';

const insert = "await db.collection('c').insertOne({ n: 1 });";
const files: Readonly<Record<string, string>> = {
  'throws.mjs': `export const up = async (db) => {\n  ${insert}\n  throw new Error('no place for it');\n};`,
  'throws-first.mjs': "export const up = async () => { throw new TypeError('early'); };",
  'duplicate.mjs': `export const up = async (db) => {
  await db.collection('c').insertOne({ _id: 'Zaphod' });
  await db.collection('c').insertOne({ _id: 'Zaphod' });\n};`,
  'string.mjs': `export const up = async (db) => { ${insert} throw 'just Zaphod text'; };`,
  'undefined.mjs': 'export const up = () => Promise.reject(undefined);',
  'exits.mjs': `export const up = async (db) => { ${insert} process.exit(0); };`,
  'exits-midway.mjs': `export const up = async (db) => { ${insert} db.collection('c').insertOne({}); process.exit(3); };`,
  'killed.mjs': `export const up = async (db) => { ${insert} process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); };`,
  'never.mjs': `export const up = async (db) => { ${insert} await new Promise(() => {}); };`,
  'deaf.mjs': `process.on('SIGTERM', () => {});\nexport const up = async (db) => { ${insert} await new Promise((go) => setTimeout(go, 400)); for (;;); };`,
  'dangling.mjs': `export const up = async (db) => { ${insert} db.collection('c').insertOne({ n: 2 }); };`,
  'dangling-later.mjs': `export const up = async (db) => {\n  ${insert}\n  [1, 2].forEach(async (n) => { await db.collection('c').findOne(); await db.collection('c').insertOne({ n }); });\n};`,
  'dangling-loop.mjs': `export const up = async (db) => {
  await db.collection('c').insertMany(Array.from({ length: 300 }, () => ({})));
  (async () => { for await (const { _id } of db.collection('c').find().batchSize(5)) await db.collection('c').updateOne({ _id }, { $set: { a: 1 } }); })();\n};`,
  'timer.mjs': `export const up = async (db) => {
  ${insert}
  setTimeout(() => db.collection('c').insertOne({ n: 2 }), 60000);
};`,
  'timer-promise.cjs': `const { setTimeout: sleep } = require('node:timers/promises');
exports.up = async (db) => { ${insert}
  sleep(60000).then(() => db.collection('c').insertOne({ n: 2 })); };`,
  'timer-import.mjs': `import { setInterval } from 'node:timers';
export const up = async (db) => { ${insert} setInterval(() => db.collection('c').insertOne({}), 60000); };`,
  'timers-over.mjs': `import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
export const up = async (db) => { ${insert}
  for (let n = 0; n < 1500; n += 1) clearTimeout(setTimeout(() => {}, 60000));
  await Promise.all([sleep(5), promisify(setTimeout)(5), new Promise((go) => setTimeout(go, 5))]);
  setInterval(() => {}, 60000).unref(); sleep(60000, undefined, { ref: false });
};`,
  'open-transaction.mjs': `export const up = async (db, client) => {
  const session = client.startSession(); session.startTransaction(); await db.collection('c').insertOne({}, { session });\n};`,
  'unseen.mjs': `export const up = async (db) => {\n  ${insert}\n  Promise.reject(new Error('nobody waits'));\n  await new Promise((go) => setTimeout(go, 5000));\n};`,
  'unseen-write.mjs': `export const up = async (db) => {
  db.collection('c').insertOne({ _id: 1 }).then(() => db.collection('c').insertOne({ _id: 1 }));
  await new Promise((go) => setTimeout(go, 5000));\n};`,
  'closes.mjs': `export const up = async (db, client) => { await client.close(); ${insert} };`,
  'own-connection.mjs': `export const up = async (db) => {
  const said = Object.entries(process.env).flat().join() + process.argv.join() + process.execArgv.join();
  if (/mongodb|27117|secret/i.test(said)) throw new Error('the environment names an address');
  if (process.send !== undefined) throw new Error('it can talk to the parent');
  if (process.env.MONGODB_URI !== undefined) throw new Error('MONGODB_URI');
  await db.collection('c').insertOne({ names: Object.keys(process.env).sort() });\n};`,
  'prints.mjs': "export const up = async () => { console.log('Zaphod\\nBeeblebrox'); console.error('Trillian'); };",
  'signals.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ async up({ db, signal }) {
  for (let n = 0; !signal.aborted; n += 1) await db.collection('c').insertOne({ n });
} });`,
  'transaction.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ transaction: true, async up({ db, client, session }) {
  if (!session) throw new Error('session');
  await Promise.all([1, 2, 3].map((n) => db.collection('c').insertOne({ n })));
  await client.db().collection('c').deleteOne({ n: 1 });
}, async down({ db }) { await db.collection('c').deleteMany({}); throw new Error('down'); } });`,
  'ends-transaction.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ transaction: true, async up({ db, session }) {
  await db.collection('c').insertOne({}); await session!.commitTransaction();
} });`,
  'never-transaction.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ transaction: true, async up({ db }) {
  await db.collection('c').insertOne({}); await new Promise(() => {});
} });`,
  'killed-transaction.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ transaction: true, async up({ db }) {
  await db.collection('c').insertOne({}); db.collection('c').insertOne({});
  setImmediate(() => process.kill(process.pid, 'SIGKILL')); await new Promise(() => {});
} });`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of a file
  'lib/words.ts': 'export const words = (who: string) => `helped ${who} along`;',
  'lib/people.json': '["Zaphod"]',
  'helped.mjs': `import { words } from './lib/words.ts';
import people from './lib/people.json' with { type: 'json' };
export const name = 'helped';
export const up = ({ log }) => log(words(people[0]));`,
  'logs.ts': `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ async up({ log }) {
  const who = ['Za', 'phod'].join('');
  log(\`moved \${who} in batch 12\`, { batch: 12, who, id: '507f1f77bcf86cd799439011', done: true });
  log.warn('slow');
} });`,
};

let project: Project;
let database: TestDatabase;
beforeAll(async () => {
  project = await makeProject(files);
  database = await freshDatabase();
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.db.collection('c').deleteMany({});
  project.logged.length = 0;
});

const count = () => database.db.collection('c').countDocuments();

describe('a migration that fails', () => {
  test('says where, and what it had done by then', async () => {
    const end = await project.run('throws.mjs', database);
    expect(end).toMatchObject({
      state: 'failed',
      error: { code: 'MIGRATION_FAILED', message: 'The code threw at throws.mjs:3: Error: no place for it.' },
      effects: { inserted: 1, unknown: 0 },
      operations: [{ method: 'insertOne', namespace: 'c', state: 'done' }],
    });
    expect(leftTargetAsItWas(end)).toBe(false);
  });

  test('before its first write left the target as it was', async () => {
    expect(leftTargetAsItWas(await project.run('throws-first.mjs', database))).toBe(true);
  });

  test("by the server's refusal names code and place, and no value", async () => {
    const end = await project.run('duplicate.mjs', database);
    expect(end).toMatchObject({
      state: 'failed',
      error: { message: 'The code threw at duplicate.mjs:3: duplicate key in _id (insertOne on c).' },
      effects: { inserted: 1, unknown: 0 },
    });
  });

  test.each([
    ['string.mjs', 'it threw the text: just Zaphod text'],
    ['undefined.mjs', 'it threw undefined'],
    ['unseen.mjs', 'A promise that nobody waited for was rejected at unseen.mjs:3: Error: nobody waits'],
    ['unseen-write.mjs', 'A promise that nobody waited for was rejected: duplicate key in _id (insertOne on c)'],
    [
      'ends-transaction.ts',
      'The migration called commitTransaction on the session it was given at ends-transaction.ts:3',
    ],
  ])('%s is told: %s', async (fileName, text) => {
    const end = await project.run(fileName, database);
    expect(end.state === 'failed' && end.error.message).toContain(text);
  });
});

describe('timers that have not run out when a migration returns', () => {
  test.each([
    ['timer.mjs', 3],
    ['timer-promise.cjs', 3],
    ['timer-import.mjs', 2],
  ])('%s: are on record and told', async (fileName, line) => {
    const end = await project.run(fileName, database);
    const text = `up returned before a timer that was set at ${fileName}:${line} had run out: what was to be done then is not waited for, and not done.`;
    expect(end).toMatchObject({ state: 'done', effects: { inserted: 1 }, notes: [text] });
    expect(project.logged).toContainEqual(expect.objectContaining({ level: 'warn', message: text }));
  });

  test('are no matter where they were waited for, cleared, or are not to be waited for', async () => {
    expect(await project.run('timers-over.mjs', database)).toMatchObject({ state: 'done', notes: [] });
  });
});

describe('a migration that does not end as it should', () => {
  test.each([
    ['exits.mjs', { exitCode: 0 }, { inserted: 1, unknown: 0 }],
    ['exits-midway.mjs', { exitCode: 3 }, { inserted: 1, unknown: 1 }],
  ])('%s: process.exit is seen, with the effects until then', async (fileName, exit, effects) => {
    const end = await project.run(fileName, database);
    expect(end).toMatchObject({ state: 'exited', ...exit, effects, error: { code: 'MIGRATION_EXITED' } });
    expect(leftTargetAsItWas(end)).toBe(false);
  });

  test('killed from elsewhere: something is unknown, and said to be', async () => {
    const end = await project.run('killed.mjs', database);
    expect(end).toMatchObject({ state: 'exited', signal: 'SIGKILL' });
    // Its last word came before the write, or after it.
    expect(end.effects.inserted + end.effects.unknown).toBeGreaterThanOrEqual(1);
    expect(leftTargetAsItWas(end)).toBe(false);
  });

  // Long enough for a process to start on a busy machine, and to do its first write.
  const timeLimitMs = 12_000;

  test.concurrent('a promise that never resolves ends with the time limit, with exact effects', async () => {
    const end = await project.run('never.mjs', database, { timeLimitMs });
    expect(end).toMatchObject({
      state: 'timed-out',
      blocked: false,
      error: { code: 'MIGRATION_TIMED_OUT' },
      effects: { inserted: 1, unknown: 0 },
    });
  });

  test.concurrent('a blocked event loop is killed, also where SIGTERM is not heard', async () => {
    const end = await project.run('deaf.mjs', database, { timeLimitMs });
    expect(end).toMatchObject({ state: 'timed-out', blocked: true, effects: { inserted: 1, unknown: 0 } });
  });

  test.each([
    ['dangling.mjs', 'insertOne on c', 2],
    ['dangling-later.mjs', 'insertOne on c', 3],
    ['dangling-loop.mjs', 'updateOne on c', 300],
    ['open-transaction.mjs', 'a transaction that is neither committed nor aborted', 0],
  ])('%s: what is not awaited is a failure', async (fileName, left, most) => {
    const end = await project.run(fileName, database);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'MIGRATION_DANGLING' }, effects: { unknown: 0 } });
    expect(end.state === 'failed' && end.error.message).toContain(left);
    // What is reported is what is there.
    expect(await count()).toBe(end.effects.inserted);
    expect(end.effects.inserted).toBeLessThanOrEqual(most);
  });

  test('cancelled: it hears the signal, and the effects are exact', async () => {
    const cancel = new AbortController();
    const running = project.run('signals.ts', database, {
      signal: cancel.signal,
      onProgress: ({ effects }) => {
        if (effects.inserted > 0) cancel.abort();
      },
    });
    const end = await running;
    expect(end).toMatchObject({ state: 'cancelled', error: { code: 'MIGRATION_CANCELLED' }, effects: { unknown: 0 } });
    expect(end.effects.inserted).toBeGreaterThan(0);
    expect(await count()).toBe(end.effects.inserted);
  });

  test('cancelled before it began', async () => {
    const end = await project.run('throws.mjs', database, { signal: AbortSignal.abort() });
    expect(end.state).toBe('cancelled');
    expect(leftTargetAsItWas(end)).toBe(true);
    expect(await count()).toBe(0);
  });
});

describe('a migration with transaction: true', () => {
  test('is applied whole', async () => {
    const end = await project.run('transaction.ts', database);
    expect(end).toMatchObject({ state: 'done', effects: { inserted: 3, deleted: 1, operations: 4, unknown: 0 } });
    expect(await count()).toBe(2);
  });

  test.each([
    ['throws', 'transaction.ts', { down: true }, 'failed'],
    ['is stopped', 'never-transaction.ts', { timeLimitMs: 4000 }, 'timed-out'],
    ['is killed', 'killed-transaction.ts', {}, 'exited'],
    ['ends it by itself', 'ends-transaction.ts', {}, 'failed'],
  ] as const)('leaves the target as it was when it %s', async (_how, fileName, options, state) => {
    await database.db.collection('c').insertOne({ n: 'before' });
    const end = await project.run(fileName, database, options);
    expect(end).toMatchObject({ state, effects: { operations: 0, unknown: 0 } });
    expect(leftTargetAsItWas(end)).toBe(true);
    expect(await count()).toBe(1);
    // Nor is anybody held up by a transaction that nobody ends, but the server after a minute.
    expect(await database.db.collection('c').deleteMany({}, { maxTimeMS: 20_000 })).toMatchObject({ deletedCount: 1 });
  });
});

test('a migration with transaction: true is refused on a standalone, before it runs', async () => {
  await using standalone = await startStandalone();
  const end = await project.run('transaction.ts', { ...database, uri: standalone.uri });
  expect(end).toMatchObject({ state: 'failed', error: { code: 'TRANSACTIONS_UNAVAILABLE', exitCode: 5 } });
  expect(leftTargetAsItWas(end)).toBe(true);
  // Everything else works there.
  expect(await project.run('throws.mjs', { ...database, uri: standalone.uri })).toMatchObject({
    effects: { inserted: 1 },
  });
});

describe('what a migration knows and says', () => {
  test('it knows no address and no secret', async () => {
    const environment = { PATH: process.env.PATH ?? '', HOME: '/nowhere' };
    expect(await project.run('own-connection.mjs', database, { environment })).toMatchObject({ state: 'done' });
    // NODE_* come from fork itself.
    const { names } = (await database.db.collection('c').findOne())!;
    expect(names.filter((name: string) => !name.startsWith('NODE_'))).toEqual(['HOME', 'PATH']);
  });

  test('closing the client breaks nothing', async () => {
    expect(await project.run('closes.mjs', database)).toMatchObject({ state: 'done', effects: { inserted: 1 } });
    expect(project.logged.map(({ level }) => level)).toContain('warn');
  });

  test('its output is counted and not shown, unless that is asked for', async () => {
    expect(await project.run('prints.mjs', database)).toMatchObject({ state: 'done', hiddenLines: 3 });
    expect(JSON.stringify(project.logged)).not.toMatch(/Zaphod|Beeblebrox|Trillian/);
    expect(await project.run('prints.mjs', database, { showValues: true })).toMatchObject({ hiddenLines: 0 });
    const shown = project.logged.map(({ message }) => message);
    expect(shown).toEqual(expect.arrayContaining(['Zaphod', 'Beeblebrox', 'Trillian']));
  });

  test('its log carries its own words, numbers and ids', async () => {
    await project.run('logs.ts', database);
    expect(project.logged.map(({ level, message, fields }) => ({ level, message, fields }))).toEqual([
      {
        level: 'info',
        message: 'moved ‹hidden› in batch 12',
        fields: { batch: 12, who: '‹hidden›', id: '507f1f77bcf86cd799439011', done: true },
      },
      { level: 'warn', message: 'slow', fields: {} },
    ]);
  });

  test('and the words of the code that it imports, but not of data', async () => {
    await project.run('helped.mjs', database);
    expect(project.logged.map(({ message }) => message)).toEqual(['helped ‹hidden› along']);
  });

  test('a server that is not there, and one that refuses, are told apart from failing code', async () => {
    const gone = { ...database, uri: 'mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=300' } as TestDatabase;
    const end = await project.run('throws.mjs', gone, { timeLimitMs: 15_000 });
    expect(end).toMatchObject({ state: 'failed', error: { code: 'SERVER_UNREACHABLE', exitCode: 12 } });
    expect(leftTargetAsItWas(end)).toBe(true);
  });
});

test('a migration does not outlive its parent', async () => {
  const parent: ChildProcess = spawn(
    process.execPath,
    [new URL('./lonely-parent.ts', import.meta.url).pathname, project.dir, database.uri, database.name],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: tmpdir() },
  );
  const [said] = (await once(parent.stdout!, 'data')) as [Buffer];
  const child = Number(String(said));
  expect(alive(child)).toBe(true);
  parent.kill('SIGKILL');
  for (let waited = 0; alive(child) && waited < 30_000; waited += 20) await sleep(20);
  expect(alive(child)).toBe(false);
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

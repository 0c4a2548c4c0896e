import { expect, test } from 'vitest';
import { ParentLanes } from '../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../src/migration/journal/prepare.ts';
import { type MigrationEnd, runMigration } from '../../src/migration/runner.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { unfinished } from '../../src/release/applying/how-far.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { wireProxyTo } from '../setup/wire-proxy.ts';
import { makeProject, settings } from './project.ts';

const own = ownNames();
const attempt = { migration: '1-steps', number: 1 };
const steps = 6;

const loop = (then: string) => `module.exports = { async up(db) {
  for (let n = 0; n < ${steps}; n += 1) {
    try {
      await db.collection('steps').insertOne({ n });
    } catch (error) {
      ${then}
    }
  }
} };
`;

/** A migration of which nobody hears one commit, and what each of its runs is given by the run around it. */
async function unheard(when: 'sent' | 'answered', code: string, nth = 3) {
  const database = await freshDatabase('unheard');
  const proxy = await wireProxyTo(database.uri);
  const project = await makeProject({ '1-steps.js': code });
  await prepareJournal(database.db, own);
  await database.db.createCollection('steps');
  const lanes = new ParentLanes(database.db, own);
  await lanes.seed();
  const journal = database.db.collection(own.journal);
  let fence = 0;
  const run = async (uri: string): Promise<MigrationEnd> => {
    fence += 1;
    await lanes.killOlderSessions(fence);
    const entries = await lanes.entriesOf(attempt, undefined);
    await lanes.assign(attempt, fence, entries ?? 0, undefined);
    return runMigration(
      {
        ...{ file: project.file('1-steps.js'), direction: 'up', uri, database: database.name },
        journal: { attempt, fence, images: true, resumes: fence > 1, entries, patienceMs: 500 },
      },
      { ...settings(project.dir), log: project.log },
    );
  };
  /** That commit, and each time that it is asked for again. */
  const lose = (nth: number) =>
    proxy.stopAt({ nth, of: ['commitTransaction'], when }, () => {
      proxy.count();
      lose(1);
      proxy.cut();
    });
  lose(nth);
  return {
    unheard: () => run(proxy.uri),
    heard: () => run(database.uri),
    steps: async () => (await database.db.collection('steps').find().sort({ n: 1 }).toArray()).map(({ n }) => n),
    entries: () => journal.countDocuments({ kind: 'write' }),
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

for (const [when, done] of [
  ['sent', [0, 1]],
  ['answered', [0, 1, 2]],
] as const) {
  test(`a commit of which nobody hears (${when}) ends the run with exit code 8, and the journal says what it came to`, async () => {
    await using it = await unheard(when, loop('throw error;'));
    const end = await it.unheard();
    if (end.state === 'done') throw new Error('It must not reach its end.');
    const effects = { inserted: done.length, operations: done.length, unknown: 0 };
    expect(end).toMatchObject({ state: 'failed', error: { code: 'COMMIT_UNKNOWN' }, effects });
    expect(await it.steps()).toEqual(done);
    const extent = { direction: 'up', name: '1-steps', done: [], undone: [], remaining: [] } as const;
    const told = unfinished(extent, end, {
      cancelled: false,
      lost: undefined,
      unrecorded: undefined,
      overHalf: false,
      offending: [],
      next: '',
      wayOut: [],
    });
    expect(told.exitCode).toBe(8);
    expect(told.message).toMatch(/did not say whether a write was committed at 1-steps\.js:4\. \[COMMIT_UNKNOWN\]/);
    expect(told.hint).toMatch(/^Run the same command again when it can be reached: the journal tells\./);
    expect(await it.heard()).toMatchObject({ state: 'done', effects: { inserted: steps } });
    expect(await it.steps()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await it.entries()).toBe(steps);
  });
}

test('code that goes on behind a commit of which nobody heard sends nothing more, and does not reach its end', async () => {
  await using it = await unheard('answered', loop('continue;'));
  expect(await it.unheard()).toMatchObject({ state: 'failed', error: { code: 'COMMIT_UNKNOWN' } });
  expect(await it.steps()).toEqual([0, 1, 2]);
  expect(await it.heard()).toMatchObject({ state: 'done' });
  expect(await it.steps()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('the one commit of a transaction around the whole migration is no other', async () => {
  const whole = `module.exports = { name: 'steps', transaction: true, async up({ db }) {
    for (let n = 0; n < ${steps}; n += 1) await db.collection('steps').insertOne({ n });
  } };
  `;
  await using it = await unheard('answered', whole, 1);
  const end = await it.unheard();
  const effects = { inserted: steps, unknown: 0 };
  expect(end).toMatchObject({ state: 'failed', error: { code: 'COMMIT_UNKNOWN' }, effects });
  expect(await it.heard()).toMatchObject({ state: 'done' });
  expect(await it.steps()).toEqual([0, 1, 2, 3, 4, 5]);
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ParentLanes } from '../../src/migration/journal/parent-lanes.ts';
import { prepareJournal } from '../../src/migration/journal/prepare.ts';
import { leftTargetAsItWas, runMigration } from '../../src/migration/runner.ts';
import { ownNames } from '../../src/mongo/own.ts';
import { freshDatabase } from '../setup/mongo.ts';
import { makeProject, settings } from './project.ts';

const own = ownNames();
const attempt = { migration: '1-stopped', number: 1 };
const documents = 30_000;

/** A migration on many documents with a journal, and its process. What holds the last of them keeps it from its end. */
async function started(code: string, { held = false } = {}) {
  const database = await freshDatabase('stopped');
  const pidFile = "require('node:fs').writeFileSync(__dirname + '/pid', String(process.pid));";
  const project = await makeProject({ '1-stopped.js': `${pidFile}\nmodule.exports = { async up(db) { ${code} } };` });
  await prepareJournal(database.db, own);
  const lanes = new ParentLanes(database.db, own);
  await lanes.seed();
  const places = database.db.collection<{ _id: number; n: number }>('places');
  await places.insertMany(Array.from({ length: documents }, (_, _id) => ({ _id, n: 0 })));
  await lanes.assign(attempt, 1, 0, undefined);
  const session = database.client.startSession();
  session.startTransaction();
  if (held) await places.updateOne({ _id: documents - 1 }, { $set: { held } }, { session });
  const cancel = new AbortController();
  const running = runMigration(
    {
      ...{ file: project.file('1-stopped.js'), direction: 'up', uri: database.uri, database: database.name },
      journal: { attempt, fence: 1, images: true, resumes: false },
    },
    { ...settings(project.dir), log: project.log, signal: cancel.signal },
  );
  return {
    running,
    places,
    cancel: () => cancel.abort(),
    kill: () => process.kill(Number(readFileSync(join(project.dir, 'pid'), 'utf8')), 'SIGKILL'),
    changed: () => places.countDocuments({ n: { $gt: 0 } }),
    /** Some of it is committed, and more is to come. */
    async underWay() {
      while (!existsSync(join(project.dir, 'pid')) || (await places.findOne({ n: 1 })) === null) await sleep(10);
    },
    async [Symbol.asyncDispose]() {
      await running;
      await session.endSession();
      await project[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const divided =
  "await db.collection('places').bulkWrite([{ updateMany: { filter: {}, update: { $inc: { n: 1 } } } }]);";

for (const [how, state] of [
  ['killed', 'exited'],
  ['cancelled', 'cancelled'],
] as const) {
  test(`what a statement of a list had done in batches counts where the run was ${how} in its midst`, async () => {
    await using it = await started(divided, { held: true });
    await it.underWay();
    if (how === 'killed') it.kill();
    else it.cancel();
    const end = await it.running;
    expect(end).toMatchObject({ state, effects: { unknown: 0 } });
    expect(end.effects.modified).toBe(await it.changed());
    expect(end.effects.modified).toBeGreaterThan(0);
    expect(end.effects.modified).toBeLessThan(documents);
  });
}

const large = "await db.collection('places').updateOne({ _id: 1 }, { $set: { big: 'x'.repeat(1_200_000) } });";
const increments = "await db.collection('places').findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } }";
const dies = "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});";
test.each([
  ['of one call', `${large} ${increments}); ${dies}`],
  [
    'within a transaction',
    `const session = db.client.startSession(); session.startTransaction();
     ${increments}, { session }); await session.commitTransaction(); ${dies}`,
  ],
])('a result too large to keep (%s): what it did is unknown, and the target not as it was', async (where, code) => {
  await using it = await started(where === 'of one call' ? code : `${large} ${code}`);
  const end = await it.running;
  expect(end).toMatchObject({ state: 'exited', signal: 'SIGKILL', effects: { unknown: 1 } });
  expect(leftTargetAsItWas(end)).toBe(false);
  expect(await it.changed()).toBe(1);
});

test('a run that was killed behind a write that matched nothing is not as if it had never been', async () => {
  await using it = await started(`await db.collection('places').updateOne({ _id: -1 }, { $set: { n: 1 } }); ${dies}`);
  const end = await it.running;
  expect(end).toMatchObject({ state: 'exited', effects: { matched: 0, modified: 0 } });
  expect(leftTargetAsItWas(end)).toBe(false);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listMigrations } from '../src/migration/files/files.ts';
import { openSandboxJournal, sandboxFence } from '../src/migration/journal/prepare.ts';
import { runMigration } from '../src/migration/runner.ts';
import { undoAttempt } from '../src/migration/undo/undo.ts';
import type { Connection } from '../src/mongo/connect.ts';
import type { OwnNames } from '../src/mongo/own.ts';
import type { Log } from '../src/observe/log.ts';
import { sideBySide } from './pair.ts';

/** What the issue asks for: an undo is at least as fast as the apply was. */
const goal = 1;

/** The same documents by several shapes of migration, applied and then undone, as often as there are rounds. */
const migrations = {
  'a new field': "await db.collection('people').updateMany({}, [{ $set: { label: { $concat: ['$name', '!'] } } }]);",
  'one updateMany': "await db.collection('people').updateMany({}, { $set: { label: 'new' }, $unset: { age: '' } });",
  'a rename and an index': `await db.collection('people').updateMany({}, { $rename: { name: 'called' } });
    await db.collection('people').createIndex({ called: 1 });`,
  'two calls on each document': `await db.collection('people').updateMany({}, { $inc: { age: 1 } });
    await db.collection('people').updateMany({}, [{ $set: { grown: { $gt: ['$age', 17] } } }]);`,
};

/** Undo beside apply, both with lease's fence, gate and journal as in a release. */
export async function benchUndo(
  connection: Connection,
  uri: string,
  { documents, rounds, own, log }: { documents: number; rounds: number; own: OwnNames; log: Log },
): Promise<void> {
  const { db } = connection;
  const work = await mkdtemp(join(tmpdir(), 'mongo-release-bench-'));
  let number = 0;
  try {
    for (const [name, up] of Object.entries(migrations)) {
      await writeFile(join(work, 'change.js'), `module.exports = { async up(db) { ${up} } };\n`);
      const [file] = await listMigrations(work);
      if (file === undefined) throw new Error('no migration was written');
      const attempt = () => ({ migration: file.name, number });
      const apply = async () => {
        number += 1;
        await db.collection(own.journal).deleteMany({});
        await openSandboxJournal(db, own, attempt());
        const end = await runMigration(
          {
            ...{ file, direction: 'up', uri, database: db.databaseName },
            journal: { attempt: attempt(), fence: sandboxFence, images: true, resumes: false },
          },
          {
            ...{ projectDir: work, import: 'native', environment: { PATH: process.env.PATH ?? '' } },
            ...{ timeLimitMs: 3_600_000, log },
          },
        );
        if (end.state !== 'done') throw new Error(`the migration ended ${end.state}`, { cause: end });
      };
      const undo = async () => {
        const { state, documents: back } = await undoAttempt(connection, own, attempt(), {
          ...{ fence: sandboxFence, mode: 'tolerant' },
        });
        if (state !== 'undone' || back !== documents)
          throw new Error(`the undo ended ${state}, with ${back} documents`);
      };
      const [applied, undone] = await sideBySide(
        [
          { name: `${name}: apply`, run: apply },
          { name: `${name}: undo`, run: undo },
        ],
        { documents, rounds },
      );
      const ratio = (undone?.rate ?? 0) / (applied?.rate ?? 1);
      console.log(`undo ${ratio.toFixed(2)} times as fast as the apply (goal ${goal})\n`);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

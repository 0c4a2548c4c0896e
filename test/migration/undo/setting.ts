import { type UndoOptions, undoAttempt } from '../../../src/migration/undo/undo.ts';
import { compareDatabases } from '../../../src/mongo/compare.ts';
import { freshDatabase } from '../../setup/mongo.ts';
import { connected, copyTo, fence, Journalled, own } from './journalled.ts';

const strict = { fence, mode: 'strict' } as const;

/** A database with a journal to write, its like to compare with, and the way back. */
export async function setting(seed: (journal: Journalled) => Promise<unknown>) {
  const test = await freshDatabase('undo');
  const before = await freshDatabase('undo_before');
  const connection = await connected(test);
  const journal = new Journalled(test.db);
  await seed(journal);
  await copyTo(test.db, before.db);
  await journal.begin();
  return {
    ...{ db: test.db, before: before.db, journal, connection },
    undo: (more: Partial<UndoOptions> = {}) => undoAttempt(connection, own, journal.attempt, { ...strict, ...more }),
    differences: () => compareDatabases(before.db, test.db, { own }),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await before[Symbol.asyncDispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}

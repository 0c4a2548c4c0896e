import type { Db, Document, MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { ownNames } from '../../../../src/mongo/own.ts';
import { freshDatabase } from '../../../setup/mongo.ts';
import { run } from '../replay/crashing.ts';

const documents = 20;

async function migrate(db: Db, client: MongoClient): Promise<unknown> {
  const given: unknown[] = [];
  await client.withSession(async (session) => {
    session.startTransaction();
    for (let _id = 0; _id < documents; _id += 1) {
      const before = await db
        .collection<Document>('big')
        .findOneAndUpdate({ _id: _id as never }, { $set: { n: 2 } }, { session });
      given.push([before?._id, before?.n, before?.pad.length]);
    }
    await session.commitTransaction();
  });
  expect(given).toEqual(Array.from({ length: documents }, (_, _id) => [_id, 1, 900_000]));
  return db.collection('last').insertOne({});
}

test('a transaction whose answers are larger than a document of the journal commits, and is not replayed', async () => {
  await using it = await freshDatabase();
  const big = it.db.collection<Document>('big');
  const pad = 'x'.repeat(900_000);
  await big.insertMany(Array.from({ length: documents }, (_, _id) => ({ _id, n: 1, pad }) as Document));
  const first = await run(it, migrate, { stopBefore: 1 });
  expect(first).toEqual({ how: 'stopped' });
  expect(await big.countDocuments({ n: 2 })).toBe(documents);
  const [entry] = await it.db.collection(ownNames().journal).find({ kind: 'transaction' }).toArray();
  expect(entry).toMatchObject({ state: 'done', images: true });
  const forms: string[] = entry?.calls.map(({ result }: Document) => result.form);
  // As much as fits is kept, and the first that does not, by which a replay is known not to be possible.
  expect(forms).toEqual([...Array(6).fill('plain'), 'omitted']);
  const second = await run(it, migrate, { resumes: true });
  expect(second).toMatchObject({ how: 'diverged', message: /the result of findOneAndUpdate was not kept/ });
  expect(await it.db.collection('last').countDocuments()).toBe(0);
});

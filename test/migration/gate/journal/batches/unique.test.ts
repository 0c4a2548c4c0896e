import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import type { Statement } from '../../../../../src/migration/gate/journal/batches/statement.ts';
import { mayMoveUniqueValues } from '../../../../../src/migration/gate/journal/batches/unique.ts';
import { freshDatabase } from '../../../../setup/mongo.ts';

test('a pattern in a partial index that JavaScript does not know hides no unique index', async () => {
  await using database = await freshDatabase();
  const collection = database.db.collection('places');
  const partialFilterExpression = { name: { $eq: new BSON.BSONRegExp('(?i)a', 'x') } };
  await collection.createIndex({ name: 1 }, { partialFilterExpression });
  await collection.createIndex({ number: 1 }, { unique: true });
  const moves = (update: object) =>
    mayMoveUniqueValues({ collection, update, removes: false } as unknown as Statement<unknown>);
  expect(await moves({ $set: { name: 'a' } })).toBe(false);
  expect(await moves({ $inc: { number: 1 } })).toBe(true);
});

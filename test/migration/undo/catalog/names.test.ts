import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { NamesOfThePast } from '../../../../src/migration/undo/catalog/names.ts';
import { freshDatabase } from '../../../setup/mongo.ts';
import { own } from '../journalled.ts';

test('a pattern in a validator that JavaScript does not know is in nobody’s way', async () => {
  await using database = await freshDatabase();
  await database.db.createCollection('places', { validator: { name: new BSON.BSONRegExp('(?i)a', 'x') } });
  const names = new NamesOfThePast(database, own);
  expect(await names.infoOf({ database: database.name, collection: 'places' })).toMatchObject({ type: 'collection' });
});

import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { Catalog } from '../../../src/migration/gate/catalog.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { freshDatabase } from '../../setup/mongo.ts';

test('a pattern in a partial index that JavaScript does not know hides no index', async () => {
  await using database = await freshDatabase();
  const partialFilterExpression = { name: { $eq: new BSON.BSONRegExp('(?i)a', 'x') } };
  await database.db.collection('places').createIndex({ name: 1 }, { partialFilterExpression });
  const catalog = new Catalog(database.client, ownNames(), database.name);
  const namespace = { database: database.name, collection: 'places' };
  expect(await catalog.indexNames(namespace)).toEqual(['_id_', 'name_1']);
});

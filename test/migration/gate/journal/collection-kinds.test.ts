import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { CollectionKinds } from '../../../../src/migration/gate/journal/collection-kinds.ts';
import { freshDatabase } from '../../../setup/mongo.ts';

test('a pattern in a validator that JavaScript does not know hides no kind of collection', async () => {
  await using database = await freshDatabase();
  const validator = { name: new BSON.BSONRegExp('(?i)a', 'x') };
  await database.db.createCollection('plain', { validator });
  await database.db.createCollection('capped', { validator, capped: true, size: 4096 });
  const kinds = new CollectionKinds(database.client);
  for (const collection of ['plain', 'capped', 'absent'])
    expect(await kinds.of({ database: database.name, collection })).toBe(collection);
});

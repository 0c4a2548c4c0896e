import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { countRestored } from '../../../src/release/drill/compare.ts';
import { sampleManifest } from '../../backup/sample-manifest.ts';
import { freshDatabase } from '../../setup/mongo.ts';

const [sample] = sampleManifest().namespaces;
const places = (count: number, bytes: number) => ({ ...sample!, name: 'places', count, bytes });

test('documents and bytes that are not those of the manifest are seen, and a collection that is not there', async () => {
  await using database = await freshDatabase();
  const { db } = database;
  await db.collection('places').insertMany([{ n: 1 }, { n: 2 }]);
  const bytes = 2 * BSON.calculateObjectSize((await db.collection('places').findOne())!);
  expect(await countRestored(db, [places(2, bytes), { ...places(9, 9), type: 'view' }])).toMatchObject([
    { state: 'equal' },
  ]);
  expect(await countRestored(db, [places(3, bytes), places(2, bytes + 1), { ...places(1, 1), name: 'gone' }])).toEqual([
    { collection: 'places', state: 'differs', expected: { documents: 3, bytes }, restored: { documents: 2, bytes } },
    expect.objectContaining({ state: 'differs' }),
    expect.objectContaining({ state: 'differs', restored: { documents: 0, bytes: 0 } }),
  ]);
});

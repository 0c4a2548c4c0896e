import { define, type Shape, seedPlaces } from './shape.ts';

/** The context's own `batch`. */
export const backfills: readonly Shape[] = [
  {
    name: 'batch-each',
    files: {
      '1-each.mjs': define(`
    const first = await batch({
      collection: 'places',
      filter: { kind: 'seed', slug: { $exists: false } },
      size: 100,
      each: (place) => (place.qty === 0 ? null : { $set: { slug: place.name.toLowerCase() }, $inc: { version: 1 } }),
    });
    await db.collection('sums').insertOne({ _id: 'first', modified: first.modified });
    await batch({ collection: places, filter: { kind: 'seed' }, update: { $inc: { second: 1 } } });
    await db.collection('sums').insertOne({ _id: 'second', count: await places.countDocuments({ second: 1 }) });`),
    },
    seed: seedPlaces(1500),
    users: ['places'],
  },
];

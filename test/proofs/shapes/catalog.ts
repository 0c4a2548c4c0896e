import { places, type Shape, seedPlaces, up } from './shape.ts';

/** Changes of collections and indexes, which no transaction takes. */
export const catalog: readonly Shape[] = [
  {
    name: 'indexes',
    files: {
      '1-indexes.js': up(`
    await places.createIndex({ name: 1 });
    for (let n = 0; n < 25; n += 1) await places.updateOne({ _id: n }, { $set: { code: 'c' + n }, $inc: { version: 1 } });
    await places.dropIndex('qty_1');
    await places.createIndexes([{ key: { code: 1 }, unique: true, sparse: true }, { key: { city: 1, qty: -1 }, name: 'by city' }]);
    for (let n = 25; n < 50; n += 1) await places.updateOne({ _id: n }, { $set: { code: 'c' + n }, $inc: { version: 1 } });
    await db.command({ collMod: 'places', validator: { kind: { $exists: true } }, validationLevel: 'moderate' });
    await places.createIndex({ seenAt: 1 }, { expireAfterSeconds: 3600 });
    await db.command({ collMod: 'places', index: { name: 'seenAt_1', expireAfterSeconds: 7200 } });
    await places.updateMany({ kind: 'seed' }, { $inc: { version: 1 } });
    await places.dropIndex('name_1');`),
    },
    seed: async (db) => {
      await seedPlaces(300)(db);
      await db.collection('places').createIndex({ qty: 1 });
    },
  },
  {
    name: 'refused-unique-index',
    files: {
      '1-unique.js': up(`
    try {
      await places.createIndex({ city: 1 }, { unique: true, name: 'one a city' });
    } catch (error) {
      if (error.code !== 11000) throw error;
      for await (const { _id: city } of places.aggregate([{ $group: { _id: '$city' } }, { $sort: { _id: 1 } }])) {
        const [, ...more] = await places.find({ city }).sort({ _id: 1 }).toArray();
        await places.deleteMany({ _id: { $in: more.map(({ _id }) => _id) } });
        await db.collection('sums').insertOne({ _id: city, removed: more.length });
      }
      await places.createIndex({ city: 1 }, { unique: true, name: 'one a city' });
    }`),
    },
    seed: seedPlaces(200),
  },
  {
    name: 'rename-and-drop',
    files: {
      '1-rebuild.js': up(`
    await places.rename('places_old');
    await db.createCollection('places', { validator: { kind: { $type: 'string' } } });
    const fresh = db.collection('places');
    await fresh.createIndex({ city: 1 });
    let part = [];
    for await (const place of db.collection('places_old').find()) {
      part.push({ ...place, moved: true });
      if (part.length === 80) {
        await fresh.insertMany(part);
        part = [];
      }
    }
    if (part.length > 0) await fresh.insertMany(part);
    await db.collection('legacy').drop();
    await db.collection('places_old').drop();
    await db.collection('made_by_insert').insertOne({ _id: 1 });
    await db.collection('other').rename('target', { dropTarget: true });`),
    },
    seed: async (db) => {
      await seedPlaces(320)(db);
      await db.collection('legacy').insertMany(places(50));
      await db.collection('legacy').createIndex({ at: 1 }, { expireAfterSeconds: 60 });
      await db.collection('other').insertMany(places(20));
      await db.collection('target').insertMany(places(30));
      await db.collection('target').createIndex({ gone: 1 });
    },
  },
  {
    name: 'drop-and-make-again',
    files: {
      '1-again.js': up(`
    for (let round = 0; round < 3; round += 1) {
      await db.collection('cache').drop();
      await db.createCollection('cache', { collation: { locale: 'de' } });
      await db.collection('cache').insertMany(Array.from({ length: 20 }, (_, n) => ({ _id: n, round })));
      await db.collection('cache').createIndex({ round: 1 }, { name: 'r' + round });
      await places.updateOne({ _id: round }, { $inc: { rounds: 1 } });
    }
    await db.dropCollection('cache');
    await db.createCollection('cities', { viewOn: 'places', pipeline: [{ $group: { _id: '$city' } }] });`),
    },
    seed: async (db) => {
      await seedPlaces(30)(db);
      await db.collection('cache').insertMany(places(40));
    },
  },
  {
    name: 'out-and-merge',
    files: {
      '1-out.js': up(`
    await places.updateMany({ kind: 'seed' }, { $inc: { version: 1 } });
    await places.aggregate([{ $group: { _id: '$city', qty: { $sum: '$qty' } } }, { $out: 'cities' }]).toArray();
    await db.collection('cities').updateOne({ _id: 'city-1' }, { $inc: { seen: 1 } });
    await places.aggregate([{ $match: { qty: 3 } }, { $project: { city: 1 } }, { $merge: { into: 'threes' } }]).toArray();
    await db.collection('threes').updateMany({}, { $inc: { seen: 1 } });`),
    },
    seed: seedPlaces(400),
    doubt: 'the server carries $merge out by itself, in no transaction',
  },
];

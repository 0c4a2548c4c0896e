import { places, type Shape, seedPlaces, up } from './shape.ts';

/** Calls that each change many documents. */
export const many: readonly Shape[] = [
  {
    name: 'backfill-then-insert',
    files: {
      '1-status.js': up(`
    const { modifiedCount } = await places.updateMany({ kind: 'seed', status: { $exists: false } }, { $set: { status: 'open' }, $inc: { version: 1 } });
    await db.collection('sums').insertOne({ _id: 'first', modifiedCount });
    const second = await places.updateMany({ kind: 'seed', qty: { $lt: 6 } }, [{ $set: { worth: { $multiply: ['$qty', '$price'] }, version: { $add: ['$version', 1] } } }]);
    await db.collection('sums').insertOne({ _id: 'second', modified: second.modifiedCount, matched: second.matchedCount });
    const { deletedCount } = await places.deleteMany({ kind: 'seed', qty: 10 });
    await db.collection('sums').insertOne({ _id: 'third', deletedCount, left: await places.countDocuments({ kind: 'seed' }) });`),
    },
    seed: seedPlaces(6000),
    users: ['places'],
  },
  {
    name: 'unordered-bulk-of-the-brief',
    files: {
      '1-slug.js': up(`
    let bulk = places.initializeUnorderedBulkOp();
    let count = 0;
    for await (const place of places.find({ kind: 'seed' })) {
      bulk.find({ _id: place._id }).updateOne({ $set: { slug: place.name.toLowerCase() }, $inc: { version: 1 } });
      if (++count % 100 === 0) {
        await bulk.execute();
        bulk = places.initializeUnorderedBulkOp();
      }
    }
    if (bulk.length > 0) await bulk.execute();`),
    },
    seed: seedPlaces(750),
    users: ['places'],
  },
  {
    name: 'bulk-write-mixed',
    files: {
      '1-bulk.js': up(`
    for (let from = 0; from < 600; from += 60) {
      const models = [
        { updateOne: { filter: { _id: from }, update: { $inc: { touched: 1 } } } },
        { updateMany: { filter: { _id: { $gt: from, $lt: from + 30 } }, update: { $inc: { touched: 10 } } } },
        { replaceOne: { filter: { _id: from + 31 }, replacement: { kind: 'replaced', from } } },
        { deleteOne: { filter: { _id: from + 32 } } },
        { deleteMany: { filter: { _id: { $gt: from + 50, $lt: from + 60 } } } },
        { insertOne: { document: { _id: 'new-' + from, kind: 'new' } } },
        { updateOne: { filter: { _id: 'up-' + from }, update: { $set: { kind: 'upserted' } }, upsert: true } },
      ];
      const result = await places.bulkWrite(models, { ordered: from % 120 === 0 });
      await db.collection('sums').insertOne({ _id: from, modified: result.modifiedCount, deleted: result.deletedCount, upserted: result.upsertedCount });
    }
    const twice = [3, 4, 600, 5, 601].map((_id) => ({ insertOne: { document: { _id, kind: 'twice' } } }));
    for (const ordered of [true, false]) {
      try {
        await places.bulkWrite(twice, { ordered });
      } catch (error) {
        if (error.code !== 11000) throw error;
        const inserted = error.result.insertedCount ?? error.result.nInserted;
        await db.collection('sums').insertOne({ _id: 'twice-' + ordered, inserted, failed: [].concat(error.writeErrors).map(({ index }) => index) });
      }
    }`),
    },
    seed: seedPlaces(600),
  },
  {
    name: 'divided-bulk-write',
    files: {
      '1-bulk.js': up(`
    const { modifiedCount, deletedCount } = await places.bulkWrite([
      { updateMany: { filter: { kind: 'seed' }, update: { $inc: { touched: 1 } } } },
      { insertOne: { document: { _id: 'new', kind: 'new' } } },
      { deleteMany: { filter: { _id: { $gte: 2000 } } } },
    ]);
    await db.collection('sums').insertOne({ _id: 'bulk', modifiedCount, deletedCount });`),
    },
    seed: seedPlaces(4000),
  },
  {
    // The journal does not keep answers of more than 1 MB.
    name: 'large-answers',
    files: {
      '1-large.js': up(`
    for (let _id = 0; _id < 3; _id += 1) {
      const { text, n } = await db.collection('large').findOneAndUpdate({ _id }, { $inc: { n: 1 } });
      await db.collection('sums').insertOne({ _id, n, length: text.length });
    }`),
    },
    seed: async (db) => {
      await db.collection('large').insertMany(places(3).map(({ _id }) => ({ _id, n: 1, text: 'x'.repeat(1_200_000) })));
    },
  },
  {
    name: 'delete-and-insert-many',
    files: {
      '1-archive.js': up(`
    const old = await places.find({ kind: 'seed', qty: { $gte: 6 } }).toArray();
    const archive = db.collection('archive');
    for (let from = 0; from < old.length; from += 150) {
      const part = old.slice(from, from + 150).map((place) => ({ ...place, archived: true }));
      await archive.insertMany(part);
      await places.deleteMany({ _id: { $in: part.map(({ _id }) => _id) } });
    }
    try {
      await archive.insertMany(Array.from({ length: 300 }, (_, n) => ({ _id: n * 2, late: true })), { ordered: false });
    } catch (error) {
      if (error.code !== 11000) throw error;
      await db.collection('sums').insertOne({ _id: 'late', errors: [].concat(error.writeErrors).length, archived: await archive.countDocuments({}) });
    }
    await places.insertMany(Array.from({ length: 250 }, (_, n) => ({ _id: 'n' + n, kind: 'added' })));`),
    },
    seed: seedPlaces(900),
  },
  {
    name: 'upserts',
    files: {
      '1-upsert.js': up(`
    const cities = db.collection('cities');
    for await (const place of places.find({ kind: 'seed' }).sort({ _id: 1 })) {
      const { upsertedCount } = await cities.updateOne({ _id: place.city }, { $inc: { places: 1 }, $setOnInsert: { first: place._id } }, { upsert: true });
      if (upsertedCount === 1) await db.collection('regions').updateOne({ city: place.city }, { $set: { of: place._id } }, { upsert: true });
      if (place._id % 10 === 0) await cities.findOneAndUpdate({ _id: 'ten-' + (place._id % 30) }, { $inc: { tens: 1 } }, { upsert: true, returnDocument: 'after' });
      if (place._id % 15 === 0) await cities.replaceOne({ _id: 'replaced' }, { last: place._id }, { upsert: true });
    }
    await cities.updateMany({ absent: true }, { $set: { made: 1 } }, { upsert: true });`),
    },
    seed: seedPlaces(90),
    random: { regions: ['_id'], cities: ['_id'] },
  },
  {
    name: 'nested-values',
    files: {
      '1-odd.js': up(`
    await places.updateMany({ 'tags.0': { $exists: true } }, { $push: { tags: 'more' }, $inc: { 'deep.count': 1 }, $rename: { name: 'title' } });
    await places.updateMany({ kind: 'seed' }, { $inc: { 'lines.$[line].n': 1 } }, { arrayFilters: [{ 'line.n': { $gte: 1 } }] });
    await places.updateMany({ kind: 'seed', qty: { $mod: [2, 0] } }, [{ $replaceWith: { $mergeObjects: ['$$ROOT', { even: true, n: { $add: ['$deep.count', 1] } }] } }]);
    await places.deleteMany({ _id: { $in: [null, 'a', 1.5] } });`),
    },
    seed: async (db) => {
      const documents = places(1500, (n) => ({
        deep: { count: n },
        tags: n % 3 === 0 ? [] : ['a', n],
        lines: [{ n: 0 }, { n: n % 4 }],
      }));
      const odd = [null, 'a', 1.5, true, { a: 1 }, new Date(0)].map((_id) => ({ ...documents[0], _id }));
      // As a command: insertMany would put an ObjectId in place of null.
      await db.command({ insert: 'places', documents: [...documents, ...odd] });
    },
  },
];

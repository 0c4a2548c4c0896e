const text = { bsonType: 'string' };

const withStrings = {
  $jsonSchema: {
    bsonType: 'object',
    required: ['name', 'lat', 'lng', 'country'],
    properties: { name: text, lat: text, lng: text, country: text, admin1: text, admin2: text },
  },
};

/** Knows what a location looks like, and asks for none yet: both releases of the app may write. */
const withEither = {
  $jsonSchema: {
    bsonType: 'object',
    required: ['name', 'country'],
    properties: {
      ...withStrings.$jsonSchema.properties,
      slug: text,
      location: {
        bsonType: 'object',
        required: ['type', 'coordinates'],
        properties: {
          type: { enum: ['Point'] },
          coordinates: { bsonType: 'array', minItems: 2, maxItems: 2, items: { bsonType: 'number' } },
        },
      },
    },
  },
};

/** Expand: a city may have a location and need not have strings. */
module.exports = {
  async up(db) {
    // A warning in the server's log, not an error: nothing that runs today may break on a rule of tomorrow.
    await db.command({
      collMod: 'cities',
      validator: withEither,
      validationLevel: 'moderate',
      validationAction: 'warn',
    });
  },

  async down(db) {
    await db.command({
      collMod: 'cities',
      validator: withStrings,
      validationLevel: 'strict',
      validationAction: 'error',
    });
  },
};

import { defineMigration } from 'mongo-release-action';

/** The countries of the pilot: Andorra, Spain, Portugal. */
const iberia = { country: { $in: ['AD', 'ES', 'PT'] } };

/**
 * Applies without an error, and breaks the app: `$round` without a second argument rounds to whole degrees. No linter
 * and no validator objects; the near-me probe does, for nobody there stands within 5 km of a city any more.
 */
export default defineMigration({
  description: 'Round locations of the pilot to two decimals, so that neighbours share a map tile',

  async up({ db, log }) {
    const rounded = { $map: { input: '$location.coordinates', in: { $round: ['$$this'] } } };
    const { modifiedCount } = await db
      .collection('cities')
      .updateMany({ ...iberia, location: { $exists: true }, exactLocation: { $exists: false } }, [
        { $set: { exactLocation: '$location', location: { type: 'Point', coordinates: rounded } } },
      ]);
    log('cities were rounded', { modifiedCount });
  },

  async down({ db }) {
    await db
      .collection('cities')
      .updateMany({ exactLocation: { $exists: true } }, [
        { $set: { location: '$exactLocation' } },
        { $unset: 'exactLocation' },
      ]);
  },
});

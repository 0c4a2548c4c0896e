/** Null, not an error, for what is no number: one bad city must not stop the server half way through the others. */
const numberOf = (field) => ({ $convert: { input: field, to: 'double', onError: null, onNull: null } });
const between = (field, most) => ({
  $and: [{ $gte: [numberOf(field), -most] }, { $lte: [numberOf(field), most] }],
});

const untouched = { location: { $exists: false } };
/** The geo index refuses what lies outside, so look at that here too. Null is below every number. */
const convertible = { $and: [between('$lat', 90), between('$lng', 180)] };
const point = { type: 'Point', coordinates: [numberOf('$lng'), numberOf('$lat')] };

/** Backfill: every city gets the location that its strings mean. */
module.exports = {
  async up(db) {
    const cities = db.collection('cities');
    const misfits = { ...untouched, $expr: { $not: [convertible] } };
    const count = await cities.countDocuments(misfits);
    if (count > 0) {
      const some = await cities
        .find(misfits, { projection: { _id: 1 } })
        .limit(5)
        .toArray();
      const ids = some.map((city) => city._id).join(', ');
      throw new Error(`${count} cities have no valid lat and lng, nothing was written; correct them first: ${ids}`);
    }
    await cities.updateMany({ ...untouched, $expr: convertible }, [{ $set: { location: point } }]);
  },

  async down(db) {
    // Only what `up` can set again: a location that was corrected by hand since stays.
    const ours = { location: { $exists: true }, $expr: { $and: [convertible, { $eq: ['$location', point] }] } };
    await db.collection('cities').updateMany(ours, { $unset: { location: '' } });
  },
};

/**
 * The text of a number, all digits of it. `$toString` of a double keeps six digits on MongoDB 6.0: 156,532 of the
 * 171,075 cities would come back changed. A decimal made of a double keeps 15, padded with zeros, which go.
 */
function textOf(number) {
  const padded = { $toString: { $toDecimal: number } };
  const trimmed = { $rtrim: { input: { $rtrim: { input: '$$padded', chars: '0' } }, chars: '.' } };
  const fraction = { $gte: [{ $indexOfBytes: ['$$padded', '.'] }, 0] };
  return { $let: { vars: { padded }, in: { $cond: [fraction, trimmed, '$$padded'] } } };
}

const lng = textOf({ $arrayElemAt: ['$location.coordinates', 0] });
const lat = textOf({ $arrayElemAt: ['$location.coordinates', 1] });

const withStrings = { $or: [{ lat: { $exists: true } }, { lng: { $exists: true } }] };
const exact = { $and: [{ $eq: ['$lat', lat] }, { $eq: ['$lng', lng] }] };

/** Contract, second half: the strings lat and lng go. */
module.exports = {
  async up(db) {
    const cities = db.collection('cities');
    // Removes only what `down` brings back to the letter; this server is asked, on this data, before anything is written.
    const lossy = { ...withStrings, $expr: { $not: [exact] } };
    const count = await cities.countDocuments(lossy);
    if (count > 0) {
      const some = await cities
        .find(lossy, { projection: { _id: 1 } })
        .limit(5)
        .toArray();
      const ids = some.map((city) => city._id).join(', ');
      throw new Error(`${count} cities have strings that their location does not say, nothing was removed: ${ids}`);
    }
    await cities.updateMany({ ...withStrings, $expr: exact }, { $unset: { lat: '', lng: '' } });
  },

  async down(db) {
    // $mergeObjects puts the fields where they were, behind the name; a plain $set would put them at the end.
    await db
      .collection('cities')
      .updateMany({ lat: { $exists: false }, lng: { $exists: false }, location: { $exists: true } }, [
        { $replaceWith: { $mergeObjects: [{ _id: '$_id', name: '$name', lat, lng }, '$$ROOT'] } },
      ]);
  },
};

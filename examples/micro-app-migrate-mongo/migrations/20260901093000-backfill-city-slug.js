/** Country, region and name as they stand in an address: `us-il-paris`. */
const region = { $cond: [{ $gt: ['$admin1', ''] }, '$admin1', '00'] };
const words = { $concat: ['$country', '-', region, '-', '$name'] };
const plainSlug = { $toLower: { $replaceAll: { input: words, find: ' ', replacement: '-' } } };

/** The slug itself, or with the first free number behind it. */
function firstFree(slug, taken) {
  let free = slug;
  for (let n = 2; taken.has(free); n++) free = `${slug}-${n}`;
  return free;
}

/** Backfill: every city gets a slug of its own; namesakes are numbered, none is removed. */
module.exports = {
  async up(db) {
    const cities = db.collection('cities');
    await cities.updateMany({ slug: { $exists: false } }, [{ $set: { slug: plainSlug } }]);

    // All slugs at once are 10 MB here. Where they do not fit, number inside one country at a time.
    const taken = new Set();
    let bulk = cities.initializeUnorderedBulkOp();
    let waiting = 0;
    // In the order of ids the oldest namesake keeps the plain slug, and a second run decides as the first did.
    for await (const { _id, slug } of cities
      .find({}, { projection: { slug: 1 }, batchSize: 10_000 })
      .sort({ _id: 1 })) {
      const free = firstFree(slug, taken);
      taken.add(free);
      if (free === slug) continue;
      bulk.find({ _id, slug }).updateOne({ $set: { slug: free } });
      if (++waiting === 1000) {
        await bulk.execute();
        bulk = cities.initializeUnorderedBulkOp();
        waiting = 0;
      }
    }
    if (waiting > 0) await bulk.execute();
  },

  async down(db) {
    await db.collection('cities').updateMany({ slug: { $exists: true } }, { $unset: { slug: '' } });
  },
};

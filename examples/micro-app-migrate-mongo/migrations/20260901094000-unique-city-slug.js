/** No two cities share a slug. */
module.exports = {
  async up(db) {
    const cities = db.collection('cities');
    // The index build would fail as well, after minutes and naming one pair. This names them all, before it starts.
    const shared = await cities
      .aggregate([
        { $match: { slug: { $exists: true } } },
        { $group: { _id: '$slug', ids: { $push: '$_id' } } },
        { $match: { 'ids.1': { $exists: true } } },
      ])
      .toArray();
    if (shared.length > 0) {
      const ids = shared.slice(0, 5).map((group) => group.ids.join(' and '));
      throw new Error(`${shared.length} slugs are shared, no index was built; change one each of: ${ids.join(', ')}`);
    }
    // Sparse: the release that is still running writes cities without a slug.
    await cities.createIndex({ slug: 1 }, { name: 'slug_unique', unique: true, sparse: true });
  },

  async down(db) {
    const cities = db.collection('cities');
    if (await cities.indexExists('slug_unique')) await cities.dropIndex('slug_unique');
  },
};

type ModuleSystem = 'commonjs' | 'esm';

/** A new migration in migrate-mongo's form; ready to run as it is, and then does nothing. */
export function migrationTemplate(moduleSystem: ModuleSystem): string {
  const up = `  async up(db, client) {
    // TODO write your migration here. Let it bear a second run: touch only what is still untouched, for example
    //   await db.collection('users').updateMany({ status: { $exists: false } }, { $set: { status: 'active' } });
  },`;
  const down = `  async down(db, client) {
    // TODO take back what up did, and only that.
  },`;
  const types = `  /** @param {import('mongodb').Db} db  @param {import('mongodb').MongoClient} client */`;
  const start = moduleSystem === 'esm' ? 'export default {' : 'module.exports = {';
  return [start, types, up, '', types, down, '};', ''].join('\n');
}

/** A new configuration, with what migrate-mongo has as its defaults. */
export function configTemplate(moduleSystem: ModuleSystem): string {
  const start = moduleSystem === 'esm' ? 'export default {' : 'module.exports = {';
  return `${start}
  mongodb: {
    // Better not written down here: url: process.env.MONGODB_URI
    url: "mongodb://localhost:27017",
    databaseName: "YOURDATABASENAME",
    // Of the driver, for example tls.
    options: {},
  },

  // From the working folder.
  migrationsDir: "migrations",
  // What create writes, and what counts as a migration.
  migrationFileExtension: ".js",

  // Collection of what is applied.
  changelogCollectionName: "changelog",
  // migrate-mongo's own lock; 0 seconds switch it off. mongo-release has a lease of its own in any case.
  lockCollectionName: "changelog_lock",
  lockTtl: 0,

  // Keep a checksum of each file in the changelog.
  useFileHash: false,

  // commonjs or esm: how create writes migrations.
  moduleSystem: '${moduleSystem}',
};
`;
}

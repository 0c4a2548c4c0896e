/** As `migrate-mongo init` writes it; both programs read it. */
module.exports = {
  mongodb: {
    url: process.env.MONGODB_URI || 'mongodb://127.0.0.1:27017/?replicaSet=rs0',
    // Without it the database that the address names.
    databaseName: process.env.MONGODB_DATABASE,
    options: {},
  },
  migrationsDir: 'migrations',
  changelogCollectionName: 'changelog',
  lockCollectionName: 'changelog_lock',
  lockTtl: 0,
  migrationFileExtension: '.js',
  useFileHash: false,
  moduleSystem: 'commonjs',
};

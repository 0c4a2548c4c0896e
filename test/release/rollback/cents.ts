import { makeProject, migration, type Project } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

export interface Cents extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly project: Project;
}

/** Three places with prices, and a project that makes cents of them, with `config` as its configuration. Nothing has run. */
export async function makeCents(config: string): Promise<Cents> {
  const database = await freshDatabase();
  const project = await makeProject(
    {
      'migrations/1-cents.js': migration("await db.collection('places').updateMany({}, { $mul: { price: 100 } });"),
      'mongo-release.yml': config,
    },
    { MONGODB_URI: database.uri, MONGO_RELEASE_STORE: 'backups' },
  );
  await database.db.collection<{ _id: number }>('places').insertMany([1, 2, 3].map((_id) => ({ _id, price: _id })));
  return {
    database,
    project,
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

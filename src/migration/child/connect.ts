import type { Driver, RawClient } from '../gate/raw.ts';

/** How long to look for a usable server where the address does not say, in milliseconds. */
const selectionMs = 10_000;

/** A client of the project's own driver, connected. Throws that driver's errors. */
export async function connectMigration(
  driver: Driver,
  uri: string,
  database: string,
  options: Readonly<Record<string, unknown>> = {},
  admit: (client: RawClient) => void = () => {},
): Promise<RawClient> {
  const client = new driver.classes.MongoClient(uri, {
    appName: 'mongo-release migration',
    ...(/[?&]serverSelectionTimeoutMS=/i.test(uri) ? {} : { serverSelectionTimeoutMS: selectionMs }),
    ...options,
  });
  admit(client);
  await client.connect();
  // One round trip shows that the credentials are taken, before any user code runs.
  await client.db(database).command({ ping: 1 });
  nameDatabase(client, database);
  return client;
}

/** The database that Mongoose takes from a client: the address may name another one or none. */
function nameDatabase(client: RawClient, database: string): void {
  const { s } = client as unknown as { s?: { options?: { dbName?: string } } };
  if (s?.options !== undefined && !Object.isFrozen(s.options)) s.options.dbName = database;
}

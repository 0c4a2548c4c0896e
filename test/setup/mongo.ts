import { randomBytes } from 'node:crypto';
import { type Db, MongoClient } from 'mongodb';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the replica set that all test files share; a user with all rights; names no database. */
    mongoUri: string;
  }
}

export interface TestDatabase extends AsyncDisposable {
  readonly client: MongoClient;
  readonly db: Db;
  readonly name: string;
  /** Connection string that names the database. */
  readonly uri: string;
}

/** Connection string for a database of the shared replica set. */
export function uriOf(database: string, base = inject('mongoUri')): string {
  const url = new URL(base);
  url.pathname = `/${database}`;
  if (url.username !== '' && !url.searchParams.has('authSource')) url.searchParams.set('authSource', 'admin');
  return url.toString();
}

/** An empty database of its own on the shared replica set; dropped when disposed. */
export async function freshDatabase(prefix = 't'): Promise<TestDatabase> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`;
  const uri = uriOf(name);
  const client = await MongoClient.connect(uri);
  const db = client.db(name);
  return {
    client,
    db,
    name,
    uri,
    async [Symbol.asyncDispose]() {
      await db.dropDatabase();
      await client.close();
    },
  };
}

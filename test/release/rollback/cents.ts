import { setTimeout as sleep } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import { expect } from 'vitest';
import { ownNames } from '../../../src/mongo/own.ts';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';
import { makeProject, migration, type Project, type Ran } from '../../cli/cli.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

export interface Cents extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly project: Project;
}

const times = (factor: number) => `await db.collection('places').updateMany({}, { $mul: { price: ${factor} } });`;

/** Three places with prices, and a project that makes cents of them, with `config` as its configuration. Nothing has run. */
export async function makeCents(config: string, { reversible = false } = {}): Promise<Cents> {
  const database = await freshDatabase();
  const project = await makeProject(
    {
      'migrations/1-cents.js': migration(times(100), reversible ? times(0.01) : undefined),
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

/** Each hook stands still as long as there is a file of its name. */
const hook = (name: string) => `'echo ${name} >> hooks.log; while test -e hold-${name}; do sleep 0.1; done'`;
export const hooked = `
rehearsal: { level: none }
hooks: { stop-traffic: ${hook('stop')}, rollback-app: ${hook('app')}, start-traffic: ${hook('start')} }
`;

export interface BackedUp extends Cents {
  readonly backup: string;
  readonly places: () => Collection<{ _id: number; price: number }>;
  readonly records: () => Collection<ReleaseRecord>;
  readonly ids: () => Promise<number[]>;
  /** Those that ran. */
  readonly hooks: () => Promise<string[]>;
  /** Comes back with its JSON. */
  readonly ok: (words: string) => Promise<Ran['json']>;
}

/** Release r1 made cents and has a backup and, where it is `reversible`, a way down; one write of a user's came after it. */
export async function makeBackedUp({ config = hooked, reversible = false } = {}): Promise<BackedUp> {
  const cents = await makeCents(config, { reversible });
  const { database, project } = cents;
  const places = () => database.db.collection<{ _id: number; price: number }>('places');
  const ok = async (words: string) => {
    const ran = await project.run(words);
    expect(ran.code, ran.stderr).toBe(0);
    return ran.json;
  };
  const backup = (await ok('backup --json')).id;
  await ok(`migrate --apply --release-id r1 --backup ${backup} --json`);
  await places().insertOne({ _id: 100, price: 1 });
  return {
    ...{ ...cents, backup, places, ok },
    records: () => database.db.collection<ReleaseRecord>(ownNames().releases),
    ids: () => places().distinct('_id'),
    hooks: async () => (await project.read('hooks.log')).trim().split('\n'),
  };
}

export async function until(is: () => Promise<unknown>): Promise<void> {
  for (let n = 0; !(await is()); n += 1) {
    if (n > 1200) throw new Error('It did not come to that within a minute.');
    await sleep(50);
  }
}

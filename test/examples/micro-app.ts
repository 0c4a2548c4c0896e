import { readdirSync, readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Db } from 'mongodb';
import { parse } from 'yaml';
import { seed } from '../../examples/micro-app/src/seed.ts';
import { schema } from '../../src/config/schema.ts';
import type { MigrationContext, MigrationDefinition } from '../../src/migration/define.ts';
import { freshDatabase, type TestDatabase } from '../setup/mongo.ts';

const root = join(import.meta.dirname, '..', '..');
export const example = join(root, 'examples', 'micro-app');

export interface LoadedMigration {
  readonly name: string;
  up(database: TestDatabase): Promise<void>;
  down(database: TestDatabase): Promise<void>;
}

/** How many of the cities the tests load: enough for namesakes, few enough to be fast. */
export const limit = 2000;

export const { probes } = schema.parse(parse(readFileSync(join(example, 'mongo-release.yml'), 'utf8')));
export const mongoProbes = probes.filter((probe) => 'mongo' in probe);

/** How many documents a mongo probe of the example would complain about. */
export function offenders({ db }: TestDatabase, { mongo }: (typeof mongoProbes)[number]): Promise<number> {
  return db.collection(mongo.collection).countDocuments(mongo.filter);
}

/** A database as the first release left it. */
export async function seeded(): Promise<TestDatabase> {
  const database = await freshDatabase('micro');
  await seed(database.uri, { limit });
  return database;
}

/** The migrations of a folder of the example, loaded by Node itself as a release does, not by vitest's transformer. */
export function loadMigrations(folder: string): LoadedMigration[] {
  const define = pathToFileURL(join(root, 'src', 'migration', 'define.ts')).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'mongo-release-action' ? { url: define, shortCircuit: true } : next(specifier, context),
  });
  try {
    const load = createRequire(join(example, folder, 'here.js'));
    const files = readdirSync(join(example, folder)).filter((file) => file.endsWith('.ts'));
    return files.sort().map((file) => {
      const { default: migration } = load(`./${file}`) as { default: MigrationDefinition };
      return {
        name: file.replace(/\.ts$/, ''),
        up: async (database) => void (await migration.up(contextOf(database))),
        down: async (database) => void (await migration.down?.(contextOf(database))),
      };
    });
  } finally {
    hooks.deregister();
  }
}

function contextOf({ client, db }: TestDatabase): MigrationContext {
  const ignore = () => {};
  const log = Object.assign(ignore, { debug: ignore, info: ignore, warn: ignore, error: ignore });
  const batch = () => Promise.reject(new Error('no migration of the example uses batch'));
  return { client, db, models: {}, batch, log, signal: new AbortController().signal };
}

/** All there is to compare: the bytes of every document, and every collection's options and indexes. */
export async function stateOf(db: Db): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = {};
  for (const { name, options } of (await db.listCollections().toArray()) as { name: string; options?: unknown }[]) {
    const documents = (await db.collection(name).find({}, { raw: true }).sort({ _id: 1 }).toArray()) as unknown;
    const bytes = (documents as Buffer[]).map((bytes) => Buffer.from(bytes).toString('base64'));
    state[name] = { options, indexes: await db.collection(name).indexes(), documents: bytes };
  }
  return state;
}

export const migrations = loadMigrations('migrations');

/** Applies the migrations in order; those before the one whose name ends with `until`, or all. */
export async function up(database: TestDatabase, until?: string): Promise<void> {
  for (const migration of migrations) {
    if (until !== undefined && migration.name.endsWith(until)) return;
    await migration.up(database);
  }
}

/** The migration whose name ends with these words. */
export function one(words: string): LoadedMigration {
  const found = migrations.find(({ name }) => name.endsWith(words));
  if (!found) throw new Error(`no migration ${words}`);
  return found;
}

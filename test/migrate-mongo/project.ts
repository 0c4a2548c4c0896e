import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Db, MongoClient } from 'mongodb';
import { makeProject, migration, type Project } from '../cli/cli.ts';
import type { TestDatabase } from '../setup/mongo.ts';
import { migrateMongoPackage } from './upstream.ts';

/** migrate-mongo itself, as a library: what its command calls. It reads the project's files from the working folder. */
export interface MigrateMongo {
  up(db: Db, client: MongoClient): Promise<string[]>;
  down(db: Db, client: MongoClient): Promise<string[]>;
  status(db: Db): Promise<{ fileName: string; appliedAt: string }[]>;
  config: { set(config: object): void };
}

export interface SharedProject extends Project {
  /** migrate-mongo on this very project. */
  readonly upstream: { up(): Promise<string[]>; down(): Promise<string[]>; pending(): Promise<string[]> };
}

const packages = resolve(import.meta.dirname, '../../node_modules');

/** A project that both programs run; each of its migrations adds a document of its name, and takes it away. */
export async function sharedProject(
  database: TestDatabase,
  names: readonly string[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<SharedProject> {
  const files = Object.fromEntries(names.map((name) => [`migrations/${name}.js`, marking(name)]));
  const url = { url: database.uri, databaseName: database.name };
  const whole = {
    migrationsDir: 'migrations',
    migrationFileExtension: '.js',
    changelogCollectionName: 'changelog',
    ...config,
  };
  const project = await makeProject({
    ...files,
    'migrate-mongo-config.js': `module.exports = ${JSON.stringify({ mongodb: url, ...whole })};\n`,
  });
  const library = await loadMigrateMongo();
  const { db, client } = database;
  const configured = () => {
    library.module.config.set({ ...whole, mongodb: url, migrationsDir: join(project.dir, 'migrations') });
    return library.module;
  };
  return {
    ...project,
    upstream: {
      up: () => configured().up(db, client),
      down: () => configured().down(db, client),
      pending: async () => {
        const items = await configured().status(db);
        return items.filter(({ appliedAt }) => appliedAt === 'PENDING').map(({ fileName }) => fileName);
      },
    },
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await rm(library.folder, { recursive: true, force: true });
    },
  };
}

export const marking = (name: string) =>
  migration(
    `await db.collection('marks').insertOne({ name: '${name}' });`,
    `await db.collection('marks').deleteOne({ name: '${name}' });`,
  );

/** migrate-mongo's package in a folder of its own, which is to be removed after use. */
export async function loadMigrateMongo(): Promise<{ readonly folder: string; readonly module: MigrateMongo }> {
  const folder = await mkdtemp(join(tmpdir(), `migrate-mongo-${randomBytes(3).toString('hex')}-`));
  await cp(await migrateMongoPackage(), folder, { recursive: true });
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(join(packages, 'mongodb'), join(folder, 'node_modules', 'mongodb'));
  const main = pathToFileURL(createRequire(import.meta.url).resolve(join(folder, 'lib', 'migrate-mongo.js'))).href;
  const { default: module } = (await import(/* @vite-ignore */ main)) as { default: MigrateMongo };
  return { folder, module };
}

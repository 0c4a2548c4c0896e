import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import { ReleaseError } from '../observe/error.ts';
import type { Secrets } from '../observe/secrets.ts';
import type { CommandName } from './commands.ts';
import { defaultFile } from './load.ts';
import type { Flags } from './options.ts';
import { type Settings, schema } from './schema.ts';
import { checkUri, type Target } from './target.ts';

/** The file that migrate-mongo looks for in the working folder; every other name has to be given with --file. */
export const migrateMongoFile = 'migrate-mongo-config.js';

/** A project made for migrate-mongo, as its configuration describes it. */
export interface MigrateMongoProject {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** As it is written there, or in --migrations-dir: what `create` prints. */
  readonly migrationsDir: string;
  /** Of migration files, with its dot. */
  readonly extension: string;
  readonly moduleSystem: 'commonjs' | 'esm';
  /** Collection of what is applied. */
  readonly changelog: string;
  /** Collection of migrate-mongo's own lock; undefined where the project does not use it. */
  readonly lock?: string;
  readonly useFileHash: boolean;
  readonly url?: string;
  readonly databaseName?: string;
  readonly driverOptions: Readonly<Record<string, unknown>>;
}

/** What a configuration file exports, loaded by running it; `ignored` are keys whose values cannot leave its process. */
export interface LoadedModule {
  readonly value: unknown;
  readonly ignored: readonly string[];
}

/** Runs a configuration file and comes back with what it exports. Throws `CONFIG_INVALID`. */
export type LoadModule = (file: string, cwd: string) => Promise<LoadedModule>;

const text = z.string().min(1);

/** Keys that migrate-mongo does not know either are let through: its own configurations hold some from older versions. */
const shape = z.looseObject({
  mongodb: z.looseObject({
    url: z.string().optional(),
    databaseName: text.nullish(),
    options: z.record(z.string(), z.unknown()).nullish(),
  }),
  migrationsDir: text.nullish(),
  migrationFileExtension: text.startsWith('.', 'migrationFileExtension must start with a dot').nullish(),
  changelogCollectionName: text.default('changelog'),
  lockCollectionName: text.nullish(),
  lockTtl: z.number().nullish(),
  useFileHash: z.unknown().optional(),
  moduleSystem: z.enum(['commonjs', 'esm']).default('commonjs'),
});

/** Options of older drivers that the newer ones refuse, and that change nothing there. */
const outdated = ['useNewUrlParser', 'useUnifiedTopology', 'useCreateIndex', 'useFindAndModify', 'keepAlive'];

interface Looking {
  readonly command: CommandName;
  readonly flags: Flags;
  readonly cwd: string;
  readonly secrets: Secrets;
  readonly loadModule?: LoadModule;
}

/**
 * The migrate-mongo project that a command is about: the one of --file, else the one of the working folder where
 * nothing is said of a configuration of ours (no mongo-release.yml, --config or --target). Undefined where there is none.
 *
 * Throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID`; every secret in it is added to `secrets` first.
 */
export async function findMigrateMongo(looking: Looking): Promise<MigrateMongoProject | undefined> {
  const { command, flags, cwd, secrets, loadModule } = looking;
  if (command === 'init' || loadModule === undefined) return undefined;
  const file = resolve(cwd, flags.file ?? migrateMongoFile);
  if (flags.file === undefined) {
    if (flags.config !== undefined || flags.target !== undefined) return undefined;
    if ((await exists(resolve(cwd, defaultFile))) || !(await exists(file))) return undefined;
  } else if (!(await exists(file))) {
    throw new ReleaseError('CONFIG_NOT_FOUND', `config file does not exist: ${file}`, { hint: 'Correct --file.' });
  }
  const { value, ignored } = await loadModule(file, cwd);
  return understand(file, value, ignored, flags, secrets);
}

function understand(
  file: string,
  value: unknown,
  ignored: readonly string[],
  flags: Flags,
  secrets: Secrets,
): MigrateMongoProject {
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `  ${[...path.map(String), message].join(': ')}`);
    throw new ReleaseError('CONFIG_INVALID', `${file} is no configuration of migrate-mongo:\n${problems.join('\n')}`, {
      hint: 'Correct these keys; docs/migrate-mongo.md lists those that count.',
    });
  }
  const { mongodb, ...config } = parsed.data;
  secrets.addUri(mongodb.url);
  addSecrets(mongodb.options, secrets);
  if (ignored.some((key) => key.startsWith('mongodb.'))) {
    throw new ReleaseError('CONFIG_INVALID', `${file}: a function stands in ${ignored.join(', ')}.`, {
      hint: 'Say the same in the connection string or with plain values: the configuration runs in a process of its own.',
    });
  }
  const locks = config.lockCollectionName && !((config.lockTtl ?? 1) <= 0);
  return {
    file,
    migrationsDir: flags['migrations-dir'] ?? config.migrationsDir ?? 'migrations',
    extension: config.migrationFileExtension ?? '.js',
    moduleSystem: config.moduleSystem,
    changelog: config.changelogCollectionName,
    lock: locks ? (config.lockCollectionName ?? undefined) : undefined,
    useFileHash: config.useFileHash === true,
    url: mongodb.url || undefined,
    databaseName: mongodb.databaseName ?? undefined,
    driverOptions: Object.fromEntries(Object.entries(mongodb.options ?? {}).filter(([key]) => !outdated.includes(key))),
  };
}

/** migrate-mongo knows of no rehearsal: `up` has none unless it is asked for. The other commands are ours. */
export function migrateMongoSettings(project: MigrateMongoProject, command: CommandName): Settings {
  return schema.parse({
    migrations: { dir: project.migrationsDir },
    rehearsal: { level: command === 'up' ? 'none' : 'full' },
  });
}

/**
 * The database that the configuration names; flags go before it. MONGODB_URI does not: the file says itself which
 * variables it reads.
 *
 * Throws `URI_MISSING`, `URI_INVALID`.
 */
export function migrateMongoTarget(project: MigrateMongoProject, flags: Flags, secrets: Secrets): Target {
  secrets.addUri(flags.uri);
  secrets.addUri(flags['read-uri']);
  const uri = flags.uri ?? project.url ?? flags['read-uri'];
  if (!uri) {
    throw new ReleaseError('URI_MISSING', `No \`url\` defined in config file! (${project.file})`, {
      hint: 'Set mongodb.url there, or the environment variable that it reads.',
    });
  }
  for (const given of [uri, flags['read-uri']]) if (given) checkUri(given);
  const configured = uri === project.url;
  return {
    name: 'default',
    uri,
    readUri: flags['read-uri'],
    // Where neither names one, drivers take "test", and so does migrate-mongo.
    database:
      flags.database ?? project.databaseName ?? (configured && !/:\/\/[^/]+\/[^?]/.test(uri) ? 'test' : undefined),
    environment: flags.environment ?? 'development',
    driverOptions: configured ? project.driverOptions : undefined,
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Passwords may stand in the driver's options too, at any depth. */
function addSecrets(value: unknown, secrets: Secrets, key = ''): void {
  if (typeof value === 'string' && /pass|secret|token|key$/i.test(key)) secrets.add(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  for (const [name, inner] of Object.entries(value)) addSecrets(inner, secrets, name);
}

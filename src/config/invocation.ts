import { resolve } from 'node:path';
import { ReleaseError } from '../observe/error.ts';
import type { Secrets } from '../observe/secrets.ts';
import { type CommandName, commands } from './commands.ts';
import { type Environment, isEmpty, parseFlags, type RawFlags } from './flags.ts';
import { loadConfig } from './load.ts';
import {
  findMigrateMongo,
  type LoadModule,
  type MigrateMongoProject,
  migrateMongoSettings,
  migrateMongoTarget,
} from './migrate-mongo.ts';
import { type Flags, type Option, options } from './options.ts';
import type { Settings } from './schema.ts';
import { resolveTarget, type Target } from './target.ts';

/** Everything that a command was asked to do, checked and typed. */
export interface Invocation {
  readonly command: CommandName;
  readonly arguments: readonly string[];
  readonly flags: Flags;
  readonly settings: Settings;
  /** Absolute folder that relative paths of the configuration start from. */
  readonly baseDir: string;
  /** The configuration file that was read. */
  readonly configFile?: string;
  /** Absolute. */
  readonly migrationsDir: string;
  /** A folder (absolute) or an address; undefined when none is configured. */
  readonly store?: string;
  /** Undefined for commands that act on no database. */
  readonly target?: Target;
  /** Where the project is one of migrate-mongo's: its changelog is kept, and its lines are printed. */
  readonly migrateMongo?: MigrateMongoProject;
}

export interface Asked {
  readonly command: CommandName;
  readonly arguments: readonly string[];
  readonly raw: RawFlags;
  readonly env: Environment;
  readonly cwd: string;
  readonly secrets: Secrets;
  /** An option's name as it is typed at this door, for messages. Default: in quotes. */
  readonly shown?: (name: string) => string;
  /** Runs configuration files of migrate-mongo; without it they are not looked for. */
  readonly loadModule?: LoadModule;
}

/**
 * Turns what a door read into an invocation.
 *
 * Throws `USAGE` with everything that is wrong with flags and arguments at once, and what `loadConfig`,
 * `findMigrateMongo` and `resolveTarget` throw.
 */
export async function resolveInvocation(asked: Asked): Promise<Invocation> {
  const { command, env, cwd, secrets } = asked;
  const { flags, problems } = checkAsked(asked);
  if (problems.length > 0) {
    throw new ReleaseError('USAGE', problems.join('\n'), {
      hint: `Type mongo-release ${command} --help for its options.`,
    });
  }
  const migrateMongo = await findMigrateMongo({ ...asked, flags });
  const config =
    migrateMongo === undefined
      ? await loadConfig(cwd, flags.config)
      : // Its relative paths start from the working folder, wherever the file is.
        { settings: migrateMongoSettings(migrateMongo, command), baseDir: cwd, file: migrateMongo.file };
  const store =
    flags.store === undefined ? fromBase(config.settings.backup.store, config.baseDir) : fromBase(flags.store, cwd);
  const target = () =>
    migrateMongo === undefined
      ? resolveTarget(config.settings, flags, env, secrets)
      : migrateMongoTarget(migrateMongo, flags, secrets);
  return {
    command,
    arguments: asked.arguments,
    flags,
    settings: config.settings,
    baseDir: config.baseDir,
    configFile: config.file,
    migrationsDir:
      flags['migrations-dir'] === undefined
        ? resolve(config.baseDir, config.settings.migrations.dir)
        : resolve(cwd, flags['migrations-dir']),
    store,
    target: commands[command].target && !flags.offline ? target() : undefined,
    migrateMongo,
  };
}

/** The flags with their types, and everything that is wrong with flags and arguments, before any file is read. */
export function checkAsked({ command, arguments: given, raw, env, secrets, shown = quoted }: Asked): {
  readonly flags: Flags;
  readonly problems: readonly string[];
} {
  // Before anything can fail: the text of a failure must not hold them.
  for (const [name, option] of Object.entries<Option>(options)) {
    if (option.secret === undefined) continue;
    for (const address of [raw[name], option.env && env[option.env]]) {
      if (typeof address === 'string' && address !== '') secrets.addUri(address);
    }
  }
  const { flags, problems } = parseFlags(command, raw, env, shown);
  problems.push(...argumentProblems(command, given));
  if (flags.apply && flags['dry-run']) problems.push(`${shown('apply')} and ${shown('dry-run')} exclude each other.`);
  if (flags.to !== undefined && flags.name !== undefined)
    problems.push(`${shown('to')} and ${shown('name')} exclude each other.`);
  if (flags['then-migrate'] && flags.only !== undefined)
    problems.push(
      `${shown('then-migrate')} and ${shown('only')} exclude each other: some collections are at no position in history.`,
    );
  if (raw.file && raw.config) problems.push(`${shown('file')} and ${shown('config')} exclude each other.`);
  if (flags.block && (flags.to !== undefined || given.length > 0))
    problems.push(`${shown('block')} and how far to go down exclude each other.`);
  return { flags, problems };
}

const quoted = (name: string): string => `"${name}"`;

/** One letter before the colon is a drive of Windows; more is an address, also one that lost a slash. */
function fromBase(store: string | undefined, baseDir: string): string | undefined {
  return store === undefined || /^[a-z][a-z0-9+.-]+:/i.test(store) ? store : resolve(baseDir, store);
}

function argumentProblems(command: CommandName, given: readonly string[]): string[] {
  const expected: readonly string[] = commands[command].arguments;
  const required = expected.filter((name) => !name.startsWith('['));
  if (given.length < required.length) {
    const missing = required.slice(given.length).join(' ');
    return [`${command} needs ${missing}${missing === 'BACKUP' ? ': mongo-release inspect lists what there is' : ''}.`];
  }
  const empty = expected.find((_, index) => given[index]?.trim() === '');
  if (empty !== undefined) return [`${empty.replaceAll(/[[\]]/g, '')} ${isEmpty}`];
  if (given.length > expected.length) return [`${command} does not know what to do with "${given[expected.length]}".`];
  return [];
}

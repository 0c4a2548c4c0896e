import { resolve } from 'node:path';
import { ReleaseError } from '../observe/error.ts';
import type { Secrets } from '../observe/secrets.ts';
import { type CommandName, commands } from './commands.ts';
import { type Environment, parseFlags, type RawFlags } from './flags.ts';
import { loadConfig } from './load.ts';
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
}

export interface Asked {
  readonly command: CommandName;
  readonly arguments: readonly string[];
  readonly raw: RawFlags;
  readonly env: Environment;
  readonly cwd: string;
  readonly secrets: Secrets;
}

/**
 * Turns what a door read into an invocation.
 *
 * Throws `USAGE` with everything that is wrong with flags and arguments at once, and what `loadConfig` and
 * `resolveTarget` throw.
 */
export async function resolveInvocation(asked: Asked): Promise<Invocation> {
  const { command, env, cwd, secrets } = asked;
  const { flags, problems } = checkAsked(asked);
  if (problems.length > 0) {
    throw new ReleaseError('USAGE', problems.join('\n'), {
      hint: `Type mongo-release ${command} --help for its options.`,
    });
  }
  const config = await loadConfig(cwd, flags.config);
  const store =
    flags.store === undefined ? fromBase(config.settings.backup.store, config.baseDir) : fromBase(flags.store, cwd);
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
    target:
      commands[command].target && !flags.offline ? resolveTarget(config.settings, flags, env, secrets) : undefined,
  };
}

/** The flags with their types, and everything that is wrong with flags and arguments, before any file is read. */
export function checkAsked({ command, arguments: given, raw, env, secrets }: Asked): {
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
  const { flags, problems } = parseFlags(command, raw, env);
  problems.push(...argumentProblems(command, given));
  if (flags.apply && flags['dry-run']) problems.push('"apply" and "dry-run" exclude each other.');
  if (flags.to !== undefined && flags.name !== undefined) problems.push('"to" and "name" exclude each other.');
  return { flags, problems };
}

function fromBase(store: string | undefined, baseDir: string): string | undefined {
  return store === undefined || /^[a-z0-9]+:\/\//i.test(store) ? store : resolve(baseDir, store);
}

function argumentProblems(command: CommandName, given: readonly string[]): string[] {
  const expected: readonly string[] = commands[command].arguments;
  const required = expected.filter((name) => !name.startsWith('['));
  if (given.length < required.length) return [`${command} needs ${required.slice(given.length).join(' ')}.`];
  if (given.length > expected.length) return [`${command} does not know what to do with "${given[expected.length]}".`];
  return [];
}

import { ReleaseError } from '../observe/error.ts';
import type { Secrets } from '../observe/secrets.ts';
import type { Environment } from './flags.ts';
import { didYouMean } from './nearest.ts';
import type { Flags } from './options.ts';
import { environments, type Settings, type Environment as Stage } from './schema.ts';

/** A database that a release acts on. */
export interface Target {
  readonly name: string;
  readonly uri: string;
  /** A credential that only reads; where there is one, only apply, restore and rollback use `uri`. */
  readonly readUri?: string;
  /** Undefined when the connection string names it. */
  readonly database?: string;
  readonly environment: Stage;
  /** Options of the driver that go with `uri`, where a configuration of migrate-mongo has some. */
  readonly driverOptions?: Readonly<Record<string, unknown>>;
}

interface ConfiguredTarget {
  /** Undefined where neither flag nor file names one. */
  readonly name?: string;
  readonly configured?: Settings['targets'][string];
  /** Undefined where nothing says it. */
  readonly environment?: Stage;
}

/** What the target is called where the configuration names none, also to hooks: what these run may ask for it by that. */
const nameless = 'default';

/** Which target of the configuration is meant, without its address. Throws `USAGE`, `CONFIG_INVALID`. */
export function configuredTarget(settings: Settings, flags: Flags): ConfiguredTarget {
  const names = Object.keys(settings.targets);
  const asked = names.length === 0 && flags.target === nameless ? undefined : flags.target;
  const name = asked ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined && names.length > 1 && flags.uri === undefined) {
    throw new ReleaseError('USAGE', `The configuration names several targets: ${names.join(', ')}.`, {
      hint: `Say which: --target ${names[0]}`,
    });
  }
  // A name such as "constructor" is on every object.
  const configured = name !== undefined && Object.hasOwn(settings.targets, name) ? settings.targets[name] : undefined;
  if (asked !== undefined && configured === undefined) {
    const known =
      names.length > 0 ? `the configuration names ${names.join(', ')}` : 'the configuration names no targets';
    throw new ReleaseError('USAGE', `There is no target "${asked}": ${known}.${didYouMean(asked, names)}`, {
      hint:
        names.length > 0
          ? `Say which: --target ${names[0]}`
          : 'Leave --target out, or add it under "targets" in mongo-release.yml.',
    });
  }
  return { name, configured, environment: flags.environment ?? (configured && environmentOf(name, configured)) };
}

/** Of a target whose name is one of the four words, that; a name that only sounds like production is never less than asked. */
function environmentOf(name = '', { environment }: Settings['targets'][string]): Stage {
  const said = environment ?? environments.find((word) => word === name);
  if (said !== undefined) return said;
  if (!/prod|\b(prd|live)\b/.test(name)) return 'development';
  throw new ReleaseError(
    'CONFIG_INVALID',
    `The name of target ${name} sounds like production, and its environment is not said.`,
    {
      hint: `Write targets.${name}.environment: production in mongo-release.yml, or what it is; --environment says it for once.`,
    },
  );
}

/**
 * The target that is meant. MONGODB_URI counts only where the file names no targets: with several of them it would
 * silently replace the one that was asked for.
 *
 * Throws `USAGE`, `CONFIG_INVALID`, `URI_MISSING`, `URI_INVALID`; its addresses are added to `secrets` first.
 */
export function resolveTarget(settings: Settings, flags: Flags, env: Environment, secrets: Secrets): Target {
  const { name, configured, environment = 'development' } = configuredTarget(settings, flags);
  const uriEnv = configured?.['uri-env'] ?? 'MONGODB_URI';
  const readEnv = configured ? configured['read-uri-env'] : 'MONGODB_READ_URI';
  const uri = flags.uri ?? env[uriEnv];
  const readUri = flags['read-uri'] ?? (flags.uri === undefined && readEnv !== undefined ? env[readEnv] : undefined);
  secrets.addUri(uri);
  secrets.addUri(readUri);
  // A job that only reads may have been given nothing but the credential that reads.
  const address = uri || readUri;
  if (!address) {
    throw new ReleaseError(
      'URI_MISSING',
      `No address of ${configured ? `target ${name}` : 'a database'}: ${uriEnv} is not set.`,
      {
        hint: `Set ${uriEnv} to the connection string, for example mongodb://user:password@host/shop.`,
      },
    );
  }
  for (const given of [address, readUri]) if (given) checkUri(given);
  return {
    name: name ?? nameless,
    uri: address,
    readUri: readUri || undefined,
    database: flags.database ?? configured?.database,
    environment,
  };
}

/** Throws `URI_INVALID`. */
export function checkUri(uri: string): void {
  if (/^mongodb(\+srv)?:\/\/[^/?\s]+/.test(uri)) return;
  throw new ReleaseError(
    'URI_INVALID',
    'The connection string does not begin with mongodb:// or mongodb+srv:// and a host.',
    {
      hint: 'Write it as mongodb://user:password@host:port/database, with @ : / % in the password percent-encoded.',
    },
  );
}

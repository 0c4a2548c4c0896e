import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowedEnvironment } from '../config/process-environment.ts';

/** What finding and running a mongod needs to know of the world outside. The doors fill it, once. */
export interface SandboxEnvironment {
  /** The search path for programs. */
  readonly path: string;
  /** Folder under which a sandbox keeps its data; one folder a sandbox, removed with it. */
  readonly tmpdir: string;
  /** Folder that keeps fetched binaries for the next run. */
  readonly cacheDir: string;
  /** Address of Docker's engine where it is not the default one. */
  readonly dockerHost?: string;
  /** Where mongod archives are downloaded from instead of fastdl.mongodb.org. */
  readonly downloadMirror?: string;
  /** The whole environment of the processes that are started (mongod, docker, python3): an allow-list. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What mongod, docker, pip and their downloads look for, beside what any program needs. */
const allowed = [
  'LD_LIBRARY_PATH',
  // Docker's CLI: which engine, and how to reach it.
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
  'SSH_AUTH_SOCK',
  // What a company's network needs.
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'VIRTUAL_ENV',
];
const allowedPrefixes = ['DOCKER_', 'PIP_', 'PYENV_'];

/**
 * Picks from a process's environment what sandboxes need. Addresses of databases and tokens are not among it, so
 * nothing that is started for a sandbox knows them.
 */
export function sandboxEnvironment(env: Readonly<Record<string, string | undefined>>): SandboxEnvironment {
  const home = env.HOME || env.USERPROFILE || homedir();
  const cache = env.XDG_CACHE_HOME ? join(env.XDG_CACHE_HOME, 'mongo-release') : join(home, '.cache', 'mongo-release');
  return {
    path: env.PATH ?? '',
    // A job's own folder where there is one: the runner empties it, whatever happens to us.
    tmpdir: env.RUNNER_TEMP || env.TMPDIR || tmpdir(),
    cacheDir: env.MONGO_RELEASE_CACHE_DIR || cache,
    dockerHost: env.DOCKER_HOST || undefined,
    downloadMirror: env.MONGOMS_DOWNLOAD_MIRROR || undefined,
    variables: allowedEnvironment(env, allowed, allowedPrefixes),
  };
}

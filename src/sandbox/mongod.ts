import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder } from './leftovers.ts';
import { lostSandbox } from './lost.ts';
import { freePort } from './port.ts';
import { defaultParameters, newIdentity, setUpReplicaSet, userUri } from './replica-set.ts';
import type { Attempt, SandboxOptions, SandboxOrigin } from './sandbox.ts';
import { folderPrefix, type Supervised, supervise } from './supervisor.ts';
import { whyEnded } from './why-ended.ts';

/** A mongod on this machine that was checked. */
export interface Binary {
  readonly file: string;
  readonly origin: SandboxOrigin;
  readonly description: string;
}

/** Longest time from the start of the process to a primary, in milliseconds; about 1 s is usual. */
const readyLimitMs = 60_000;

/** Exit code of a mongod that cannot listen, EXIT_NET_ERROR in the server's `src/mongo/util/exit_code.h`. */
const cannotListen = 48;

/**
 * Runs this mongod as a replica set of one, on a free port of 127.0.0.1, with a key file and a user of its own, in a
 * folder that only we can read and that is removed with it. Throws only where the folder cannot be made.
 */
export async function runMongod(binary: Binary, options: SandboxOptions): Promise<Attempt> {
  // A port is free when it is looked for and may be taken when mongod asks for it.
  for (let left = 3; ; left--) {
    const attempt = await runOnce(binary, options);
    if (attempt.kind !== 'port-taken') return attempt;
    if (left === 1) return { kind: 'unavailable', reason: `${binary.file} found no free port` };
  }
}

async function runOnce(binary: Binary, options: SandboxOptions): Promise<Attempt | { readonly kind: 'port-taken' }> {
  const { environment, log, secrets, signal } = options;
  const identity = newIdentity();
  secrets.add(identity.key);
  const directory = await mkdtemp(join(environment.tmpdir, folderPrefix));
  let supervised: Supervised;
  let port: number;
  try {
    await chmod(directory, 0o700);
    await mkdir(join(directory, 'data'));
    await writeFile(join(directory, 'key'), identity.key, { mode: 0o600 });
    port = await freePort();
    const args = mongodArguments(directory, port, identity.setName, options);
    supervised = supervise({ command: binary.file, args, directory }, environment.variables);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }

  let stopping = false;
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopping = true;
    stopped ??= supervised.stop().then(async (how) => {
      // Whoever killed the supervising process left its work to us.
      if (how !== 'cleaned') await removeFolder(directory);
    });
    return stopped;
  };
  const onAbort = () => void stop();
  signal?.addEventListener('abort', onAbort, { once: true });
  const address = `127.0.0.1:${port}`;
  const setUp = await setUpReplicaSet({
    address,
    identity,
    timeoutMs: readyLimitMs,
    givenUp: () => supervised.hasEnded(),
    signal,
  });
  signal?.removeEventListener('abort', onAbort);
  if (setUp.kind === 'failed') {
    const end = supervised.hasEnded() ? await supervised.ended : undefined;
    const reason = end === undefined ? setUp.reason : whyEnded(end, await logIn(directory));
    await stop();
    if (end?.code === cannotListen) return { kind: 'port-taken' };
    return { kind: 'unavailable', reason: `${binary.file} does not start: ${reason}` };
  }

  const lost = new AbortController();
  supervised.ended.then(async (end) => {
    const why = whyEnded(end, await logIn(directory));
    if (!stopping) lost.abort(lostSandbox(`its mongod ended by itself (${why})`));
  });
  const uri = userUri(address, identity);
  secrets.addUri(uri);
  const stopLoudly = () =>
    stop().catch((error: NodeJS.ErrnoException) =>
      log.warn('The folder of a sandbox could not be removed.', { folder: directory, reason: error.code }),
    );
  return {
    kind: 'started',
    sandbox: {
      uri,
      serverVersion: setUp.serverVersion,
      origin: binary.origin,
      description: binary.description,
      lost: lost.signal,
      stop: stopLoudly,
      [Symbol.asyncDispose]: stopLoudly,
    },
  };
}

function mongodArguments(directory: string, port: number, setName: string, options: SandboxOptions): string[] {
  return [
    ...['--dbpath', join(directory, 'data'), '--logpath', join(directory, 'mongod.log')],
    ...['--bind_ip', '127.0.0.1'],
    // Anybody could connect to the socket's file in /tmp, and nobody needs it.
    ...(process.platform === 'win32' ? [] : ['--nounixsocket']),
    ...replicaSetArguments(setName, port, options),
    ...['--keyFile', join(directory, 'key')],
  ];
}

/** Less where memory is scarce: the migration's own process and ours need some, too. */
function cacheSizeGB(): number {
  return process.availableMemory() < plentyOfMemory ? 0.5 : 1;
}

const plentyOfMemory = 4e9;

/**
 * Percent of the cache. By default the server begins to write when 5 % are changed, and makes writers do so at 20 %
 * (https://source.wiredtiger.com/develop/tune_cache.html), which keeps its checkpoints short. Nobody waits for those here, and
 * what is written later is written less often: with the larger cache a sixth of all the work of a rehearsal.
 */
const writeLate = 'eviction_dirty_target=70,eviction_dirty_trigger=90';

/** The arguments that a mongod has wherever it runs. */
export function replicaSetArguments(setName: string, port: number, options: SandboxOptions): string[] {
  const parameters = { ...defaultParameters, ...options.parameters };
  return [
    ...['--replSet', setName, '--port', String(port)],
    ...['--wiredTigerCacheSizeGB', String(options.cacheSizeGB ?? cacheSizeGB())],
    ...['--wiredTigerEngineConfigString', writeLate],
    // In MB. Without it 5% of the free disk (up to 50 GB), which the restored data may need.
    ...['--oplogSize', '1024'],
    // Milliseconds. The log of slow operations would quote documents.
    ...['--slowms', '86400000'],
    ...Object.entries(parameters).flatMap(([name, value]) => ['--setParameter', `${name}=${value}`]),
  ];
}

function logIn(directory: string): Promise<string> {
  return readFile(join(directory, 'mongod.log'), 'utf8').catch(() => '');
}

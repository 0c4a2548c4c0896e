import { randomBytes } from 'node:crypto';
import { findOnPath } from './binary.ts';
import { describeFailure, runCommand } from './command.ts';
import { lostSandbox } from './lost.ts';
import { replicaSetArguments } from './mongod.ts';
import { freePort, isFree } from './port.ts';
import { newIdentity, setUpReplicaSet, userUri } from './replica-set.ts';
import type { Attempt, SandboxOptions } from './sandbox.ts';
import { supervise } from './supervisor.ts';
import { majorOf } from './version.ts';
import { whyEnded } from './why-ended.ts';

/** Where no version is wanted. */
const defaultTag = '8.0';
/** Time limits in milliseconds: of one question to the engine, of fetching the image, of its server's start. */
const questionLimitMs = 10_000;
const pullLimitMs = 300_000;
const readyLimitMs = 60_000;

/**
 * Runs in the container, before the image's own entry point, which then changes to the user mongodb: the key file has
 * to belong to that user and be closed to others, and a file of ours that is mounted would be neither.
 */
const prepareKey =
  'key=$(mktemp) && printf %s "$MONGO_RELEASE_KEY" >"$key" && chown mongodb:mongodb "$key" && chmod 400 "$key" && ' +
  'unset MONGO_RELEASE_KEY && exec docker-entrypoint.sh mongod --keyFile "$key" "$@"';

/**
 * Runs the official image `mongo:MAJOR.MINOR` where Docker's engine answers on this machine. The container is published
 * on 127.0.0.1 only and is removed with its data, also when this process is killed.
 */
export async function startInDocker(options: SandboxOptions): Promise<Attempt> {
  const { environment, log, signal } = options;
  const unavailable = (reason: string): Attempt => ({ kind: 'unavailable', reason });
  const docker = await findOnPath('docker', environment.path);
  if (docker === undefined) return unavailable('no docker on PATH');
  if (environment.dockerHost !== undefined && !/^(unix|npipe):/.test(environment.dockerHost)) {
    return unavailable('DOCKER_HOST is another machine, whose ports cannot be reached over 127.0.0.1');
  }
  const version = await runCommand(docker, ['version', '--format', '{{.Server.Version}}'], {
    variables: environment.variables,
    timeoutMs: questionLimitMs,
    signal,
  });
  if (version.kind !== 'exited' || version.code !== 0) {
    return unavailable(`the engine does not answer: ${describeFailure(version)}`);
  }

  const image = `mongo:${options.serverVersion === undefined ? defaultTag : majorOf(options.serverVersion)}`;
  log.info(`Starting a sandbox in Docker from ${image}; the image is fetched where it is not there yet.`);
  const port = await freePort();
  const attempt = await runContainer(docker, image, port, options);
  // Somebody took the port between our look and the engine's.
  if (attempt.kind === 'unavailable' && !(await isFree(port)) && !signal?.aborted) {
    return runContainer(docker, image, await freePort(), options);
  }
  return attempt;
}

async function runContainer(docker: string, image: string, port: number, options: SandboxOptions): Promise<Attempt> {
  const { environment, log, secrets, signal } = options;
  const unavailable = (reason: string): Attempt => ({ kind: 'unavailable', reason });
  const name = `mongo-release-sandbox-${randomBytes(6).toString('hex')}`;
  const identity = newIdentity();
  secrets.add(identity.key);
  const container = supervise(
    {
      command: docker,
      args: [
        ...['run', '--rm', '--name', name, '--label', 'mongo-release=sandbox'],
        // The value comes from the environment of `docker run`, so that no list of processes shows it.
        ...['-e', 'MONGO_RELEASE_KEY'],
        // The same port inside and outside: the member's name in the set's configuration is then true on both sides.
        ...['-p', `127.0.0.1:${port}:${port}`, '--entrypoint', 'bash', image],
        ...['-c', prepareKey, 'mongod', '--bind_ip_all', ...replicaSetArguments(identity.setName, port, options)],
      ],
      cleanup: { command: docker, args: ['rm', '-f', '-v', name] },
    },
    { ...environment.variables, MONGO_RELEASE_KEY: identity.key },
  );
  let stopped: Promise<void> | undefined;
  const lost = new AbortController();
  const stop = () => {
    stopped ??= container.stop().then(async (how) => {
      if (how === 'cleaned') return;
      const removed = await runCommand(docker, ['rm', '-f', '-v', name], {
        variables: environment.variables,
        timeoutMs: questionLimitMs,
      });
      if (removed.kind !== 'exited' || removed.code !== 0) {
        log.warn('The container of a sandbox may still run.', { container: name, reason: describeFailure(removed) });
      }
    });
    return stopped;
  };

  const address = `127.0.0.1:${port}`;
  const setUp = await setUpReplicaSet({
    ...{ address, identity, signal },
    timeoutMs: pullLimitMs + readyLimitMs,
    givenUp: () => container.hasEnded(),
  });
  if (setUp.kind === 'failed') {
    const end = container.hasEnded() ? await container.ended : undefined;
    await stop();
    if (end !== undefined) return unavailable(`docker run ${image}: ${whyEnded(end)}`);
    return unavailable(`${image} does not become usable: ${setUp.reason}`);
  }
  container.ended.then((end) => {
    if (stopped === undefined) lost.abort(lostSandbox(`its container ended (${whyEnded(end)})`));
  });
  const uri = userUri(address, identity);
  secrets.addUri(uri);
  return {
    kind: 'started',
    sandbox: {
      uri,
      serverVersion: setUp.serverVersion,
      origin: 'docker',
      description: `Docker image ${image}`,
      lost: lost.signal,
      stop,
      [Symbol.asyncDispose]: stop,
    },
  };
}

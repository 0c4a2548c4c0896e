import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { sandboxEnvironment } from '../../src/sandbox/environment.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { startSandbox } from '../../src/sandbox/start.ts';

/**
 * A replica set for `MONGO_RELEASE_SANDBOX_URI`: the rehearsals of a file whose tests are not about how a sandbox is had
 * take turns in it, and spare the start of a server each. Not for runs at once, nor for one that is killed in its rehearsal.
 */
export function sandboxForAll(): Promise<Sandbox> {
  const secrets = new Secrets();
  const mongod = process.env.MONGO_RELEASE_MONGOD;
  return startSandbox({
    environment: sandboxEnvironment(process.env),
    mongod,
    log: new Log(() => {}, secrets),
    secrets,
  });
}

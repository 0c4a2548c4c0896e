import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { isBuilt } from '../../scripts/built.ts';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { sandboxEnvironment } from '../../src/sandbox/environment.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { realMongod } from '../sandbox/lab.ts';

/**
 * Gives all test files one replica set, which the product's own sandbox starts: whatever a user's machine needs to find
 * a mongod is what a clone needs to run the tests.
 *
 * MONGO_RELEASE_TEST_URI names a running replica set to use instead; MONGO_RELEASE_MONGOD a mongod to start;
 * MONGO_RELEASE_TEST_PROGRAM the `mongo-release` that tests run.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!process.env.MONGO_RELEASE_TEST_PROGRAM && (await isBuilt())) {
    process.env.MONGO_RELEASE_TEST_PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'mongo-release.js');
    console.error('Tests run the bundle, which is what these sources build.');
  }
  const running = process.env.MONGO_RELEASE_TEST_URI;
  if (running !== undefined && running !== '') {
    project.provide('mongoUri', running);
    return undefined;
  }
  const secrets = new Secrets();
  const log = new Log(({ level, message }) => {
    if (level !== 'debug') console.error(`sandbox: ${message}`);
  }, secrets);
  const sandbox = await startSandbox({
    environment: sandboxEnvironment(process.env),
    mongod: process.env.MONGO_RELEASE_MONGOD,
    // Tests make servers fail on purpose (`configureFailPoint`).
    parameters: { enableTestCommands: '1' },
    cacheSizeGB: 1,
    log,
    secrets,
  });
  console.error(`Tests run on ${sandbox.description}, MongoDB ${sandbox.serverVersion}.`);
  // The last that is looked for: each sandbox of a test would ask Docker and MongoDB first.
  if (sandbox.origin === 'wheel') process.env.MONGO_RELEASE_MONGOD = await realMongod();
  project.provide('mongoUri', sandbox.uri);
  return () => sandbox.stop();
}

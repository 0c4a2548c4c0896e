/**
 * Kills migrations at random moments and looks at what the next run makes of it: `npm run kill-sweep -- --count 500`.
 *
 *   --count N      trials (default 500)
 *   --seed N       where their random numbers start (default: the time); printed, so that a sweep can be repeated
 *   --shape NAME   one shape only, or several with commas
 *   --users        users write meanwhile
 *   --only N       the trial of this number alone, and everything that is said in it
 *   --parallel N   trials at once (default 2)
 *   --keep         leave the databases of wrong trials
 *
 * Uses the replica set of MONGO_RELEASE_TEST_URI, or starts one. Exits with 1 when a trial was wrong.
 */
import { parseArgs } from 'node:util';
import { Log } from '../src/observe/log.ts';
import { Secrets } from '../src/observe/secrets.ts';
import { sandboxEnvironment } from '../src/sandbox/environment.ts';
import { startSandbox } from '../src/sandbox/start.ts';
import { shapes } from '../test/proofs/shapes/index.ts';
import { summarize, sweep } from '../test/proofs/sweep.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string' },
    shape: { type: 'string' },
    users: { type: 'boolean', default: false },
    only: { type: 'string' },
    parallel: { type: 'string', default: '2' },
    keep: { type: 'boolean', default: false },
  },
});
const wanted = values.shape?.split(',');
const chosen = shapes.filter(({ name }) => wanted === undefined || wanted.includes(name));
if (chosen.length === 0) throw new Error(`No such shape. There are ${shapes.map(({ name }) => name).join(', ')}.`);
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const only = values.only === undefined ? undefined : Number(values.only);
const server = await replicaSet();
try {
  console.log(
    `${values.count} trials of ${chosen.length} shapes, seed ${seed}${values.users ? ', users writing' : ''}.`,
  );
  const trials = await sweep({
    ...{ uri: server.uri, seed, shapes: chosen, only, keep: values.keep, users: values.users },
    ...{ count: Number(values.count), parallel: Number(values.parallel) },
    ...(only !== undefined && { tell: (line: string) => console.log(line) }),
    onTrial: ({ shape, verdict, disturbances, durationMs, reasons }, number) => {
      console.log(`${number} ${shape}: ${verdict} after ${durationMs} ms (${disturbances.join('; ')})`);
      for (const reason of reasons) console.log(`    ${reason}`);
    },
  });
  console.log(`\n${summarize(trials)}`);
  if (trials.some(({ verdict }) => verdict === 'wrong')) process.exitCode = 1;
} finally {
  await server.stop();
}

async function replicaSet(): Promise<{ readonly uri: string; stop(): Promise<void> }> {
  const running = process.env.MONGO_RELEASE_TEST_URI;
  if (running !== undefined && running !== '') return { uri: running, stop: async () => {} };
  const secrets = new Secrets();
  return startSandbox({
    environment: sandboxEnvironment(process.env),
    mongod: process.env.MONGO_RELEASE_MONGOD,
    parameters: { enableTestCommands: '1' },
    cacheSizeGB: 1,
    log: new Log(({ level, message }) => level !== 'debug' && console.error(message), secrets),
    secrets,
  });
}

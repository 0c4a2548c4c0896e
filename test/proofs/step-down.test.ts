import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Servers, startServers } from '../guard/servers.ts';
import { differences } from './same.ts';
import { shapes } from './shapes/index.ts';
import type { Shape } from './shapes/shape.ts';
import { apply, projectOf } from './trial.ts';

let servers: Servers;
let client: MongoClient;

beforeAll(async () => {
  servers = await startServers({ members: [{}, {}, {}] });
  client = await MongoClient.connect(servers.uri);
});
afterAll(async () => {
  await client?.close();
  await servers?.[Symbol.asyncDispose]();
});

/** Lets whoever is primary step down at once and again every four seconds, until it is stopped. */
function unrest(): { readonly begun: Promise<void>; stop(): Promise<void> } {
  let going = true;
  const begun = Promise.withResolvers<void>();
  const stepping = (async () => {
    while (going) {
      const done = await client
        .db('admin')
        .command({ replSetStepDown: 5, secondaryCatchUpPeriodSecs: 1, force: true })
        .then(
          () => true,
          () => false,
        );
      if (done) begun.resolve();
      for (let waited = 0; going && waited < (done ? 4000 : 200); waited += 100) await sleep(100);
    }
  })();
  return {
    begun: begun.promise,
    async stop() {
      going = false;
      await stepping;
    },
  };
}

/** Most of these last for longer than one primary. */
const tried = ['conditional-insert', 'backfill-then-insert', 'with-transaction', 'indexes'];

test.each(shapes.filter(({ name }) => tried.includes(name)))(
  '$name ends as it does on a quiet replica set while its primary steps down again and again',
  async (shape: Shape) => {
    const name = shape.name.replaceAll('-', '_');
    const [expected, db] = [client.db(`ref_${name}`), client.db(`try_${name}`)];
    await shape.seed(expected);
    await shape.seed(db);
    await using quiet = await projectOf(shape, uriOf(expected));
    const { code, stderr } = await quiet.run(apply);
    expect(code, stderr).toBe(0);
    await using folder = await projectOf(shape, uriOf(db));
    const codes: (number | null)[] = [];
    let storm: ReturnType<typeof unrest> | undefined;
    try {
      // Nothing of these may be a defect of ours; to be stopped half-way is allowed, and the next run goes on from there.
      for (let runs = 0; runs < 6 && codes.at(-1) !== 0; runs += 1) {
        const run = folder.start(apply);
        if (await run.said('goes up')) storm ??= unrest();
        const { code, stderr } = await run.ended;
        expect([0, 6, 7, 8, 12], stderr).toContain(code);
        codes.push(code);
      }
      expect(storm).toBeDefined();
      await storm?.begun;
    } finally {
      await storm?.stop();
    }
    if (codes.at(-1) !== 0) {
      const { code, stderr } = await folder.run(apply);
      expect(code, stderr).toBe(0);
    }
    expect(await differences(shape, expected, db), `exit codes ${codes}`).toEqual([]);
    const { json } = await folder.run('status --json');
    expect(json.migrations.map(({ state }: { state: string }) => state)).toEqual(['applied']);
  },
  120_000,
);

const uriOf = (db: Db) => servers.uri.replace('/?', `/${db.databaseName}?`);

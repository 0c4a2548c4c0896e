/**
 * What the product costs beside the plain way, in one run and as ratios: `npm run bench [DOCUMENTS]`.
 *
 * Every pair works on the same data in the same throw-away replica set, turn and turn about, and the median of three is
 * what counts. Absolute times say little on a shared machine; the ratios do.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeBackup } from '../src/backup/dump.ts';
import { restoreBackup } from '../src/backup/restore.ts';
import { openStore } from '../src/backup/stores/open-store.ts';
import { listMigrations } from '../src/migration/files.ts';
import { runMigration } from '../src/migration/runner.ts';
import { type Connection, connect } from '../src/mongo/connect.ts';
import { ownNames } from '../src/mongo/own.ts';
import { readRaw } from '../src/mongo/raw-read.ts';
import { Log } from '../src/observe/log.ts';
import { Secrets } from '../src/observe/secrets.ts';
import { sandboxEnvironment } from '../src/sandbox/environment.ts';
import { startSandbox } from '../src/sandbox/start.ts';

const documents = Number(process.argv[2] ?? 200_000);
const rounds = 3;
const secrets = new Secrets();
const log = new Log(({ level, message }) => level === 'warn' && console.log(message), secrets);
const own = ownNames();

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;

/** Runs both in turn, `before` ahead of each, and prints the medians and their ratio. */
async function pair(
  plain: [string, () => Promise<unknown>],
  ours: [string, () => Promise<unknown>],
  before: () => Promise<unknown>,
) {
  const times = { plain: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    await before();
    times.plain.push(await timed(plain[1]));
    await before();
    times.ours.push(await timed(ours[1]));
  }
  const [a, b] = [median(times.plain), median(times.ours)];
  const rate = (ms: number) => `${Math.round(documents / (ms / 1000)).toLocaleString('en')}/s`;
  console.log(`${plain[0].padEnd(44)} ${a.toFixed(0).padStart(7)} ms  ${rate(a)}`);
  console.log(`${ours[0].padEnd(44)} ${b.toFixed(0).padStart(7)} ms  ${rate(b)}  speed ratio ${(a / b).toFixed(2)}\n`);
}

async function fill({ db }: Connection): Promise<void> {
  const padding = 'x'.repeat(200);
  for (let at = 0; at < documents; at += 10_000) {
    await db.collection<{ _id: number }>('people').insertMany(
      Array.from({ length: Math.min(10_000, documents - at) }, (_, i) => ({
        _id: at + i,
        name: `n${at + i}`,
        age: i % 90,
        padding,
      })),
    );
  }
}

const work = await mkdtemp(join(tmpdir(), 'mongo-release-bench-'));
try {
  await using server = await startSandbox({
    environment: sandboxEnvironment(process.env),
    mongod: process.env.MONGO_RELEASE_MONGOD,
    cacheSizeGB: 1,
    log,
    secrets,
  });
  console.log(
    `${documents.toLocaleString('en')} documents, MongoDB ${server.serverVersion}, Node ${process.version}; median of ${rounds}\n`,
  );
  await using source = await connect(server.uri, { database: 'bench', secrets });
  await using copy = await connect(server.uri, { database: 'bench_copy', secrets });
  await fill(source);
  const people = source.db.collection('people');

  await writeFile(
    join(work, 'backfill.js'),
    "exports.up = (db) => db.collection('people').updateMany({}, [{ $set: { label: { $concat: ['$name', '!'] } } }]);\n",
  );
  const [file] = await listMigrations(work);
  if (file === undefined) throw new Error('no migration was written');
  await pair(
    ['updateMany, plain', () => people.updateMany({}, [{ $set: { label: { $concat: ['$name', '!'] } } }])],
    [
      'the same through process and gate',
      () =>
        runMigration(
          { file, direction: 'up', uri: server.uri, database: 'bench' },
          {
            projectDir: work,
            import: 'native',
            environment: { PATH: process.env.PATH ?? '' },
            timeLimitMs: 600_000,
            log,
          },
        ),
    ],
    () => people.updateMany({}, { $unset: { label: '' } }),
  );

  const store = openStore(join(work, 'store'), { baseDir: work });
  const back = () =>
    takeBackup(source, {
      store,
      own,
      target: { name: 'bench', environment: 'local' },
      position: { digest: '', applied: [] },
      toolVersion: 'bench',
      log,
    });
  await pair(
    [
      'raw read of everything (the limit)',
      async () => {
        for await (const batch of readRaw(source.db, 'people')) void batch.length;
      },
    ],
    ['backup with zstd', back],
    async () => {},
  );

  const { manifest } = await back();
  await pair(
    [
      'insertMany of decoded documents, 10,000 a time',
      async () => {
        let batch: object[] = [];
        for await (const document of people.find({}, { batchSize: 10_000 })) {
          if (batch.push(document) < 10_000) continue;
          await copy.db.collection('people').insertMany(batch);
          batch = [];
        }
        if (batch.length > 0) await copy.db.collection('people').insertMany(batch);
      },
    ],
    ['restore into an empty database, verified first', () => restoreBackup(copy, store, manifest.id, { own, log })],
    () => copy.db.dropDatabase(),
  );
} finally {
  await rm(work, { recursive: true, force: true });
}

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { takeBackup } from '../src/backup/dump.ts';
import { type RunKeys, withOwnKey } from '../src/backup/keys.ts';
import { restoreBackup } from '../src/backup/restore.ts';
import { openStore } from '../src/backup/stores/open-store.ts';
import { verifyBackup } from '../src/backup/verify.ts';
import type { Connection } from '../src/mongo/connect.ts';
import type { OwnNames } from '../src/mongo/own.ts';
import { readRaw } from '../src/mongo/raw-read.ts';
import type { Log } from '../src/observe/log.ts';
import { type Figures, sideBySide, type Way } from './pair.ts';

const run = promisify(execFile);

/** One line of what is wanted: `least` or `most`. */
interface Goal {
  readonly what: string;
  readonly measured: number;
  readonly least?: number;
  readonly most?: number;
}

const onPath = (name: string) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/**
 * Backup and restore beside the tools of the server's makers, where they are on PATH, and beside the quickest that the
 * driver alone can do. `uriOf` gives the connection string of a database of the same server.
 */
export async function benchBackup(
  source: Connection,
  copy: Connection,
  { rounds, own, log, uriOf }: { rounds: number; own: OwnNames; log: Log; uriOf: (database: string) => string },
): Promise<void> {
  const names = ['people', 'orders', 'events'];
  const work = await mkdtemp(join(tmpdir(), 'mongo-release-bench-'));
  const { dataSize, objects: documents } = await source.db.stats();
  console.log(`${Math.round(dataSize / 1e6)} MB in ${documents.toLocaleString('en')} documents\n`);
  const store = openStore(join(work, 'store'), { baseDir: work });
  const [sourceUri, copyUri] = [uriOf(source.db.databaseName), uriOf(copy.db.databaseName)];
  const recipient = await identityToRecipient(await generateX25519Identity());
  const keys = await withOwnKey({ recipients: [recipient], identities: [] });
  const back = (given?: RunKeys) =>
    takeBackup(source, {
      ...{ store, own, log, keys: given },
      target: { name: 'bench', environment: 'local' },
      position: { digest: '', applied: [] },
      toolVersion: 'bench',
    });
  const dumped = join(work, 'mongodump.gz');
  const tools = onPath('mongodump') && onPath('mongorestore');
  try {
    const toolDump: Way = {
      name: 'mongodump --gzip',
      run: () => run('mongodump', ['--quiet', `--uri=${sourceUri}`, '--gzip', `--archive=${dumped}`]),
    };
    const [raw, , zstd, , dump] = await sideBySide(
      [
        {
          name: "the driver's raw cursor (the limit)",
          async run() {
            for (const name of names) {
              const cursor = source.db.collection(name).find({}, { raw: true, batchSize: 10_000 });
              while (await cursor.hasNext()) cursor.readBufferedDocuments();
            }
          },
        },
        {
          name: 'our own raw read, by one cursor',
          async run() {
            for (const name of names) for await (const batch of readRaw(source.db, name)) void batch.length;
          },
        },
        { name: 'backup with zstd', run: () => back() },
        { name: 'backup with zstd, encrypted', run: () => back(keys) },
        ...(tools ? [toolDump] : []),
      ],
      { documents, rounds },
    );
    const { manifest } = await back();
    if (!tools) console.log('mongodump and mongorestore are not on PATH: not compared with them.\n');

    const toolRestore: Way = {
      name: 'mongorestore --gzip, its default',
      run: () =>
        run('mongorestore', [
          ...['--quiet', `--uri=${uriOf('')}`, '--gzip', `--archive=${dumped}`],
          ...[`--nsFrom=${source.db.databaseName}.*`, `--nsTo=${copy.db.databaseName}.*`],
        ]),
    };
    const [, , restore, toolRestored] = await sideBySide(
      [
        {
          name: 'insertMany of decoded documents, 10,000 a time',
          async run() {
            for (const name of names) {
              let batch: object[] = [];
              for await (const document of source.db.collection(name).find({}, { batchSize: 10_000 })) {
                if (batch.push(document) < 10_000) continue;
                await copy.db.collection(name).insertMany(batch);
                batch = [];
              }
              if (batch.length > 0) await copy.db.collection(name).insertMany(batch);
            }
          },
        },
        { name: 'verification alone', run: () => verifyBackup(store, manifest.id) },
        {
          name: 'restore into an empty database, verified first',
          run: () => restoreBackup(copy, store, manifest.id, { own, log }),
        },
        ...(tools ? [toolRestore] : []),
      ],
      { documents, rounds, before: () => copy.db.dropDatabase() },
    );
    await copy.db.dropDatabase();
    const child = join(import.meta.dirname, 'memory-child.ts');
    const peak = async (...words: string[]) => {
      const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', child, ...words]);
      return Number(JSON.parse(stdout).peakMegabytes);
    };
    const memory = {
      backup: await peak('backup', sourceUri, join(work, 'store')),
      restore: await peak('restore', copyUri, join(work, 'store'), manifest.id),
    };
    const size = dump && manifest.archive.bytes / (await stat(dumped)).size;
    printGoals([
      { what: "backup with zstd: speed, of the driver's raw cursor", measured: times(zstd, raw), least: 0.8 },
      { what: 'backup with zstd: speed, of mongodump --gzip', measured: times(zstd, dump), least: 5 },
      { what: 'backup with zstd: size, of mongodump --gzip', measured: size ?? Number.NaN, most: 1 },
      { what: 'restore, verified first: speed, of mongorestore', measured: times(restore, toolRestored), least: 2 },
      { what: 'backup: peak memory, MB', measured: memory.backup, most: 300 },
      { what: 'restore: peak memory, MB', measured: memory.restore, most: 300 },
    ]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function times(ours: Figures | undefined, theirs: Figures | undefined): number {
  return (ours?.rate ?? Number.NaN) / (theirs?.rate ?? Number.NaN);
}

function printGoals(goals: readonly Goal[]): void {
  console.log(`${''.padEnd(54)} ${'measured'.padStart(9)}  goal`);
  for (const { what, measured, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } of goals) {
    const wanted = Number.isFinite(least) ? `${least} or more` : `${most} or less`;
    const verdict = Number.isNaN(measured)
      ? 'not measured'
      : measured >= least && measured <= most
        ? 'reached'
        : 'missed';
    const shown = measured >= 100 ? measured.toFixed(0) : measured.toFixed(3);
    console.log(`${what.padEnd(54)} ${shown.padStart(9)}  ${wanted.padEnd(12)} ${verdict}`);
  }
  console.log();
}

/** `mongo-release status` with many files and records: the whole process, as a person at a terminal waits for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { listMigrations } from '../src/migration/files/files.ts';
import type { HistoryRecord, MigrationFile } from '../src/migration/types.ts';

const program = join(import.meta.dirname, '..', 'bin', 'mongo-release.js');
/** The issue's limit, in milliseconds. */
const limit = 1000;

/**
 * Prints the median of five runs, which are those of the built program: `npm run build` first. `folder` is one to make
 * others in, `uri` a replica set; the database is dropped afterwards.
 */
export async function benchStatus(uri: string, folder: string, files = 10_000): Promise<void> {
  const name = 'bench_status';
  const address = new URL(uri);
  address.pathname = `/${name}`;
  const dir = await mkdtemp(join(folder, 'status-'));
  await using client = await MongoClient.connect(address.toString());
  try {
    await writeFiles(join(dir, 'migrations'), files);
    const listed = await listMigrations(join(dir, 'migrations'));
    const records = listed.slice(0, -10).map(recordOf);
    await client.db(name).collection<HistoryRecord>('_mongo_release.history').insertMany(records);
    const times: number[] = [];
    for (let run = 0; run < 5; run++) times.push(await runStatus(dir, address.toString()));
    const median = times.sort((a, b) => a - b)[2] as number;
    const verdict = median < limit ? 'within' : 'over';
    console.log(
      `${`status, ${files.toLocaleString('en')} files and records`.padEnd(44)} ${median.toFixed(0).padStart(7)} ms  ${verdict} the limit of ${limit} ms\n`,
    );
  } finally {
    await client.db(name).dropDatabase();
    await rm(dir, { recursive: true, force: true });
  }
}

async function writeFiles(dir: string, count: number): Promise<void> {
  await mkdir(dir);
  for (let i = 0; i < count; i++) {
    const body = `exports.up = (db) => db.collection('things').updateMany({ kind: ${i} }, { $set: { seen: true } });\n`;
    await writeFile(join(dir, `2026${String(i).padStart(10, '0')}-change-number-${i}.js`), body);
  }
}

/** A record as a run of ours leaves it. */
function recordOf({ name, fileName, checksum }: MigrationFile, i: number): HistoryRecord {
  const time = new Date(Date.UTC(2026, 0, 1) + i * 60_000);
  const counts = { matched: 3, modified: 3, inserted: 0, deleted: 0 };
  const none = { indexesCreated: [], indexesDropped: [], collectionsCreated: [], collectionsDropped: [] };
  return {
    ...{ _id: name, state: 'applied', direction: 'up', phase: 'before-deploy', fileName, checksum },
    ...{ startedAt: time, finishedAt: time, appliedAt: time, sequence: i + 1, fence: 1, durationMs: 12 },
    ...{ releaseId: '0199a1b2-0000-7000-8000-000000000001', toolVersion: '0.1.0', actor: 'bench' },
    effects: { ...counts, ...none, operations: 1, byCollection: { things: counts }, otherChanges: [], unknown: 0 },
    journal: { attempt: i + 1, checksum, images: true, entries: 1 },
  };
}

async function runStatus(cwd: string, uri: string): Promise<number> {
  const started = performance.now();
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, MONGODB_URI: uri };
  const child = spawn(process.execPath, [program, 'status'], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`status ended with ${code}:\n${Buffer.concat(said).toString().slice(0, 2000)}`);
  return performance.now() - started;
}

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listMigrations } from '../src/migration/files/files.ts';
import { openSandboxJournal, sandboxFence } from '../src/migration/journal/prepare.ts';
import { runMigration } from '../src/migration/runner.ts';
import type { Connection } from '../src/mongo/connect.ts';
import type { OwnNames } from '../src/mongo/own.ts';
import type { Log } from '../src/observe/log.ts';
import { sideBySide } from './pair.ts';

/** What the issue asks for: shares of a plain `updateMany`, and times a loop of `updateOne`. */
const goals = { operations: 0.7, images: 0.4, loop: 5 };
/** Documents of the loop of `updateOne`: its rate does not depend on their number. */
const loopDocuments = 5000;

interface Memory {
  /** Of the migration's process, in MB: early in the run, and at most. */
  readonly early: number;
  readonly peak: number;
}

/**
 * A backfill of all documents: as one plain `updateMany`, as the same call in a migration through process, gate and
 * journal, and as a loop of plain `updateOne`.
 */
export async function benchGate(
  connection: Connection,
  uri: string,
  { documents, rounds, own, log }: { documents: number; rounds: number; own: OwnNames; log: Log },
): Promise<void> {
  const { db } = connection;
  const people = db.collection<{ _id: number }>('people');
  const work = await mkdtemp(join(tmpdir(), 'mongo-release-bench-'));
  const memories = new Map<string, Memory[]>();
  let turn = 0;
  /** Another value each time: every run changes every document. */
  const update = () => [{ $set: { label: { $concat: ['$name', `!${turn++}`] } } }];

  async function migrate(name: string, kept: 'none' | 'operations' | 'images', filter: string): Promise<void> {
    const path = join(work, 'backfill.js');
    const noted = join(work, 'memory.json');
    await writeFile(path, migration(JSON.stringify(update()), filter, noted));
    const [file] = await listMigrations(work);
    if (file === undefined) throw new Error('no migration was written');
    const attempt = { migration: file.name, number: turn };
    if (kept !== 'none') {
      await db.collection(own.journal).deleteMany({});
      await openSandboxJournal(db, own, attempt);
    }
    const end = await runMigration(
      {
        ...{ file, direction: 'up', uri, database: db.databaseName },
        journal:
          kept === 'none' ? undefined : { attempt, fence: sandboxFence, images: kept === 'images', resumes: false },
      },
      {
        ...{ projectDir: work, import: 'native', environment: { PATH: process.env.PATH ?? '' } },
        ...{ timeLimitMs: 3_600_000, log },
      },
    );
    if (end.state !== 'done') throw new Error(`the migration ended ${end.state}`, { cause: end });
    if (end.effects.modified !== documents) throw new Error(`it changed ${end.effects.modified} documents`);
    const memory: Memory = JSON.parse(await readFile(noted, 'utf8'));
    memories.set(name, [...(memories.get(name) ?? []), memory]);
  }

  const ours = (name: string, kept: 'none' | 'operations' | 'images', filter = '{}') => ({
    name,
    run: () => migrate(name, kept, filter),
  });
  try {
    await people.updateMany({}, update());
    const [, , , images, , loop] = await sideBySide(
      [
        { name: 'updateMany, plain', run: () => people.updateMany({}, update()) },
        ours('a migration, gate without journal', 'none'),
        ours('a migration, journal without images', 'operations'),
        ours('a migration, journal with images', 'images'),
        ours('the same with a filter', 'images', '{ age: { $gte: 0 } }'),
        {
          name: `a loop of updateOne, ${loopDocuments} documents`,
          documents: loopDocuments,
          async run() {
            for (let _id = 0; _id < loopDocuments; _id++) await people.updateOne({ _id }, update());
          },
        },
      ],
      { documents, rounds },
    );
    const faster = (images?.rate ?? 0) / (loop?.rate ?? 1);
    console.log(`with images ${faster.toFixed(1)} times as fast as the loop of updateOne (goal ${goals.loop})`);
    console.log(`goals: journal without images ${goals.operations}, with images ${goals.images} of the plain one`);
    for (const [name, seen] of memories) {
      const early = Math.max(...seen.map((memory) => memory.early));
      const peak = Math.max(...seen.map((memory) => memory.peak));
      console.log(`memory of ${name}: ${early} MB after 2 s, ${peak} MB at most`);
    }
    console.log();
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function migration(update: string, filter: string, noted: string): string {
  return `
    const { writeFileSync } = require('node:fs');
    exports.up = async (db) => {
      let early;
      const timer = setTimeout(() => { early = process.memoryUsage().rss; }, 2000);
      await db.collection('people').updateMany(${filter}, ${update});
      clearTimeout(timer);
      const mb = (bytes) => Math.round(bytes / 1024 / 1024);
      const peak = mb(process.resourceUsage().maxRSS * 1024);
      writeFileSync(${JSON.stringify(noted)}, JSON.stringify({ early: mb(early ?? process.memoryUsage().rss), peak }));
    };
  `;
}

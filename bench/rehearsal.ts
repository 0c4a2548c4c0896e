import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { takeBackup } from '../src/backup/dump.ts';
import { restoreBackup } from '../src/backup/restore.ts';
import { openStore } from '../src/backup/stores/open-store.ts';
import type { Connection } from '../src/mongo/connect.ts';
import type { OwnNames } from '../src/mongo/own.ts';
import type { Log } from '../src/observe/log.ts';
import { sideBySide } from './pair.ts';

const run = promisify(execFile);

const total = [{ $set: { total: { $sum: '$lines.price' } } }];

/** The same for both: every order gets a field, which gets an index. */
const migration = `module.exports = {
  async up(db) {
    await db.collection('orders').updateMany({}, ${JSON.stringify(total)});
    await db.collection('orders').createIndex({ total: 1 });
  },
  async down(db) {
    await db.collection('orders').dropIndex('total_1');
    await db.collection('orders').updateMany({}, { $unset: { total: '' } });
  },
};
`;

/**
 * A rehearsal beside what it cannot be had without: to restore the same backup and to run the same migration, without a
 * journal. The rehearsal's time is that of the whole command, with the start of its sandbox, and with both ways back.
 */
export async function benchRehearsal(
  source: Connection,
  copy: Connection,
  { rounds, own, log, uri }: { rounds: number; own: OwnNames; log: Log; uri: string },
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'mongo-release-bench-'));
  try {
    await mkdir(join(work, 'migrations'));
    await writeFile(join(work, 'migrations', '1-total.cjs'), migration);
    const store = openStore(join(work, 'plain'), { baseDir: work });
    const { manifest } = await takeBackup(source, {
      ...{ store, own, log },
      target: { name: 'bench', environment: 'local' },
      position: { digest: '', applied: [] },
      toolVersion: 'bench',
    });
    const cli = async (...words: string[]) => {
      const program = join(import.meta.dirname, '..', 'bin', 'mongo-release.js');
      const env = { ...process.env, MONGODB_URI: uri };
      const { stdout } = await run(process.execPath, [program, ...words, '--store', 'backups', '--json'], {
        ...{ cwd: work, env, maxBuffer: 64 * 1024 * 1024 },
      });
      return JSON.parse(stdout);
    };
    const { id } = await cli('backup');
    const { objects: documents } = await source.db.stats();
    const figures = await sideBySide(
      [
        {
          name: 'restore, and the migration without a journal',
          async run() {
            await restoreBackup(copy, store, manifest.id, { own, log });
            await copy.db.collection('orders').updateMany({}, total);
            await copy.db.collection('orders').createIndex({ total: 1 });
          },
        },
        { name: 'rehearsal, as a command', run: () => cli('migrate', '--backup', id) },
      ],
      { documents, rounds, before: () => copy.db.dropDatabase() },
    );
    const [plain, rehearsed] = figures.map(({ ms }) => ms);
    const ratio = (rehearsed ?? Number.NaN) / (plain ?? Number.NaN);
    console.log(`A rehearsal takes ${ratio.toFixed(2)} times that; 2.5 or less is wanted.\n`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

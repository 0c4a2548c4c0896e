import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeBackup } from '../src/backup/dump.ts';
import { restoreBackup } from '../src/backup/restore.ts';
import { openStore } from '../src/backup/stores/open-store.ts';
import type { Connection } from '../src/mongo/connect.ts';
import type { OwnNames } from '../src/mongo/own.ts';
import { readRaw } from '../src/mongo/raw-read.ts';
import type { Log } from '../src/observe/log.ts';
import { sideBySide } from './pair.ts';

/** Backup and restore beside the quickest that the driver alone can do. */
export async function benchBackup(
  source: Connection,
  copy: Connection,
  { documents, rounds, own, log }: { documents: number; rounds: number; own: OwnNames; log: Log },
): Promise<void> {
  const people = source.db.collection('people');
  const work = await mkdtemp(join(tmpdir(), 'mongo-release-bench-'));
  try {
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
    await sideBySide(
      [
        {
          name: 'raw read of everything (the limit)',
          async run() {
            for await (const batch of readRaw(source.db, 'people')) void batch.length;
          },
        },
        { name: 'backup with zstd', run: back },
      ],
      { documents, rounds },
    );

    const { manifest } = await back();
    await sideBySide(
      [
        {
          name: 'insertMany of decoded documents, 10,000 a time',
          async run() {
            let batch: object[] = [];
            for await (const document of people.find({}, { batchSize: 10_000 })) {
              if (batch.push(document) < 10_000) continue;
              await copy.db.collection('people').insertMany(batch);
              batch = [];
            }
            if (batch.length > 0) await copy.db.collection('people').insertMany(batch);
          },
        },
        {
          name: 'restore into an empty database, verified first',
          run: () => restoreBackup(copy, store, manifest.id, { own, log }),
        },
      ],
      { documents, rounds, before: () => copy.db.dropDatabase() },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

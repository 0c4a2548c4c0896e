import { describe, expect, test } from 'vitest';
import type { ArchiveEngine } from '../../../src/backup/engines/engine.ts';
import { restoreBackup } from '../../../src/backup/restore.ts';
import { verifyBackup } from '../../../src/backup/verify.ts';
import { compareDatabases } from '../../../src/mongo/compare.ts';
import { fillWithEverything, type Lab, lab, own } from '../backing-up.ts';

/** What every adapter of `ArchiveEngine` must do. `engineFor` gives one for the lab's database. */
export function engineSuite(name: string, engineFor: (at: Lab) => Promise<ArchiveEngine>): void {
  describe(`the engine ${name}`, () => {
    test('takes a backup from which everything comes back exactly', async () => {
      await using at = await lab();
      await fillWithEverything(at.db);
      const engine = await engineFor(at);
      const { manifest } = await at.backup({ engine });
      expect(manifest.engine).toBe(engine.name);
      expect(manifest.namespaces.find((entry) => entry.name === 'many')).toMatchObject({
        count: 3000,
        indexes: expect.arrayContaining(['_id_', 'integer-like keys']),
        uuid: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      await verifyBackup(at.store, manifest.id);
      const other = await at.another();
      await restoreBackup(other, at.store, manifest.id, { own, log: at.log });
      expect(await compareDatabases(at.db, other.db, { own })).toEqual([]);
    });

    test('leaves our own collections out, and takes an empty database too', async () => {
      await using at = await lab();
      const engine = await engineFor(at);
      expect((await at.backup({ engine })).manifest.namespaces).toEqual([]);
      await at.db.collection(own.history).insertOne({});
      await at.db.collection('places').insertOne({});
      const { manifest } = await at.backup({ engine });
      expect(manifest.namespaces.map((entry) => entry.name)).toEqual(['places']);
    });

    test('begins again when a collection is made meanwhile', async () => {
      await using at = await lab();
      await at.db.collection('places').insertOne({});
      const inner = await engineFor(at);
      let made = false;
      const engine: ArchiveEngine = {
        ...inner,
        async read(connection, options) {
          const reading = await inner.read(connection, options);
          async function* chunks() {
            yield* reading.chunks;
            if (made) return;
            made = true;
            await at.db.createCollection('more');
          }
          return { ...reading, chunks: chunks() };
        },
      };
      const { manifest } = await at.backup({ engine });
      expect(manifest.namespaces.map((entry) => entry.name).sort()).toEqual(['more', 'places']);
      expect(at.messages).toContainEqual(expect.stringContaining('beginning again'));
    });

    test('leaves nothing when it is aborted', async () => {
      await using at = await lab();
      await fillWithEverything(at.db);
      const stop = new AbortController();
      const reason = new Error('enough');
      const engine = await engineFor(at);
      const backup = at.backup({ engine, signal: stop.signal, onProgress: () => stop.abort(reason) });
      await expect(backup).rejects.toBe(reason);
      expect(await at.stored()).toEqual([]);
    });
  });
}

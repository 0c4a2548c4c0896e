import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import type { BackupStore } from '../../../src/backup/stores/store.ts';
import { sampleManifest, sampleSnapshot } from '../sample-manifest.ts';

export interface StoreUnderTest {
  readonly store: BackupStore;
  /** Names of everything that is kept, hidden and unfinished things included. */
  names(): Promise<string[]>;
  /** Changes the first byte of the named thing. */
  damage(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  replace(name: string, by: (text: string) => string): Promise<void>;
}

/** What every adapter of `BackupStore` must do. `make` gives an empty store. */
export function storeSuite(kind: string, make: () => Promise<StoreUnderTest>): void {
  const fill = async (store: BackupStore, id: string, content: string, createdAt = '2026-03-01T10:15:00.000Z') => {
    const pending = await store.create(id, { ending: '.archive.zst', expectedBytes: 0 });
    await pipeline(Readable.from([Buffer.from(content)]), pending.writable);
    const archive = { file: pending.file, bytes: content.length, sha256: 'ab'.repeat(32) };
    const manifest = sampleManifest({ id, archive, createdAt });
    return { pending, manifest };
  };

  describe(`the ${kind} store`, () => {
    test('gives back what was committed', async () => {
      const { store } = await make();
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      await pending.abort();
      expect(await store.readManifest('b1')).toEqual(manifest);
      const { stream, bytes } = await store.openArchive(manifest);
      expect(bytes).toBe(7);
      expect((await buffer(stream)).toString()).toBe('content');
    });

    test('is empty before its first backup, and shows nothing of one that is not committed', async () => {
      const { store } = await make();
      expect(await store.list()).toEqual([]);
      const { pending } = await fill(store, 'b1', 'content');
      expect(await store.list()).toEqual([]);
      await expect(store.readManifest('b1')).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND', exitCode: 11 });
      await pending.abort();
    });

    test('leaves nothing of an aborted backup, whether or not anything was written', async () => {
      const { store, names } = await make();
      const { pending } = await fill(store, 'b1', 'content');
      await pending.abort();
      await pending.abort();
      const empty = await store.create('b2', { ending: '.archive', expectedBytes: 0 });
      await empty.abort();
      expect(await names()).toEqual([]);
    });

    test('lists the newest first, and damaged ones too', async () => {
      const { store, damage } = await make();
      for (const [id, createdAt] of [
        ['20260301T101500Z-a-1', '2026-03-01T10:15:00.000Z'],
        ['20260303T101500Z-a-3', '2026-03-03T10:15:00.000Z'],
        ['20260302T101500Z-a-2', '2026-03-02T10:15:00.000Z'],
      ] as const) {
        const { pending, manifest } = await fill(store, id, id, createdAt);
        await pending.commit(manifest);
      }
      await damage('20260302T101500Z-a-2.manifest.json');
      const listed = await store.list();
      expect(listed.map(({ id, state }) => [id, state])).toEqual([
        ['20260303T101500Z-a-3', 'readable'],
        ['20260302T101500Z-a-2', 'damaged'],
        ['20260301T101500Z-a-1', 'readable'],
      ]);
      await expect(store.readManifest('20260302T101500Z-a-2')).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
    });

    test('lists an archive without its manifest as damaged', async () => {
      const { store, remove } = await make();
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      await remove('b1.manifest.json');
      expect(await store.list()).toMatchObject([{ state: 'damaged', id: 'b1', problem: { code: 'MANIFEST_DAMAGED' } }]);
    });

    test('says of an archive without its manifest how it can be restored all the same', async () => {
      const { store, remove } = await make();
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      await remove('b1.manifest.json');
      await expect(store.readManifest('b1')).rejects.toMatchObject({
        code: 'MANIFEST_DAMAGED',
        hint: expect.stringMatching(/mongo-release restore \S+\/b1\.archive\.zst$/),
      });
      await expect(store.readManifest('b2')).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    });

    test('lists a backup whose archive is gone as damaged', async () => {
      const { store, remove } = await make();
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      await remove('b1.archive.zst');
      const problem = { code: 'ARCHIVE_DAMAGED', message: "The backup's archive b1.archive.zst is missing." };
      expect(await store.list()).toMatchObject([{ state: 'damaged', id: 'b1', problem }]);
    });

    test('remembers which archive was verified, and forgets it with another archive', async () => {
      const { store } = await make();
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      expect(await store.list()).toEqual([{ state: 'readable', id: 'b1', manifest }]);
      const verified = { at: '2026-03-02T00:00:00.000Z', sha256: manifest.archive.sha256 };
      await store.markVerified('b1', verified);
      expect(await store.list()).toEqual([{ state: 'readable', id: 'b1', manifest, verified }]);
      await store.markVerified('b1', { ...verified, sha256: 'cd'.repeat(32) });
      expect(await store.list()).toEqual([{ state: 'readable', id: 'b1', manifest }]);
    });

    test('removes a backup with all that belongs to it, twice if need be', async () => {
      const { store, names } = await make();
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      await store.markVerified('b1', { at: '2026-03-02T00:00:00.000Z', sha256: manifest.archive.sha256 });
      await store.remove(manifest);
      await store.remove(manifest);
      expect(await names()).toEqual([]);
      expect(await store.list()).toEqual([]);
      await expect(store.remove(sampleManifest({ id: '../b1' }))).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
    });

    test('keeps the manifest of a backup that is elsewhere, lists it, and removes it', async () => {
      const { store, names } = await make();
      const manifest = sampleSnapshot({ id: 'b1' });
      expect(await store.keep(manifest)).toBe(`${store.location}/b1.manifest.json`);
      expect(await store.readManifest('b1')).toEqual(manifest);
      expect(await store.list()).toEqual([{ state: 'readable', id: 'b1', manifest }]);
      expect(await names()).toEqual(['b1.manifest.json']);
      await store.remove(manifest);
      expect(await names()).toEqual([]);
    });

    test('a stream that breaks off leaves nothing', async () => {
      const { store, names } = await make();
      const pending = await store.create('b1', { ending: '.archive', expectedBytes: 0 });
      const broken = (async function* () {
        yield Buffer.alloc(1000);
        throw new Error('the reader failed');
      })();
      await expect(pipeline(broken, pending.writable)).rejects.toThrow('the reader failed');
      await pending.abort();
      expect(await names()).toEqual([]);
      expect(await store.list()).toEqual([]);
    });

    test('says that an archive is missing', async () => {
      const { store, remove } = await make();
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      await remove(manifest.archive.file);
      await expect(store.openArchive(manifest)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', exitCode: 11 });
    });

    test('keeps documents beside the backups, where nothing takes them for one', async () => {
      const { store, names } = await make();
      const drills = store.documents('drills');
      expect(await drills.list()).toEqual([]);
      expect(await drills.read('20260301T101500Z-a')).toEqual({ state: 'missing' });
      for (const id of ['20260301T101500Z-a', '20260302T101500Z-b']) {
        expect(await drills.put(id, { id, numbers: [1] })).toBe(`${store.location}/drills/${id}.json`);
      }
      expect(await drills.list()).toEqual(['20260302T101500Z-b', '20260301T101500Z-a']);
      const value = { id: '20260301T101500Z-a', numbers: [1] };
      expect(await drills.read(value.id)).toEqual({ state: 'readable', value });
      await drills.put(value.id, { ...value, numbers: [2] });
      expect(await drills.read(value.id)).toMatchObject({ value: { numbers: [2] } });
      expect(await store.documents('proofs').list()).toEqual([]);
      expect(await store.list()).toEqual([]);
      const { pending, manifest } = await fill(store, 'b1', 'content');
      await pending.commit(manifest);
      await store.remove(manifest);
      expect(await names()).toEqual(['drills']);
      expect(await drills.list()).toHaveLength(2);
      await drills.remove('20260301T101500Z-a');
      await drills.remove('20260301T101500Z-a');
      expect(await drills.list()).toEqual(['20260302T101500Z-b']);
    });

    test('a document that was changed since it was written counts for nothing', async () => {
      const { store, damage, replace } = await make();
      const proofs = store.documents('proofs');
      await proofs.put('p1', { outcome: 'failed' });
      await replace('proofs/p1.json', (text) => text.replace('failed', 'passed'));
      expect(await proofs.read('p1')).toEqual({ state: 'damaged' });
      await damage('proofs/p1.json');
      expect(await proofs.read('p1')).toEqual({ state: 'damaged' });
      expect(await proofs.list()).toEqual(['p1']);
    });

    test('never leaves its place for an id or a file name that is a path', async () => {
      const { store } = await make();
      for (const id of ['../b1', 'a/b', '/etc/passwd', '..', '']) {
        await expect(store.readManifest(id)).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' });
      }
      const manifest = sampleManifest({ archive: { file: '../secret', bytes: 1, sha256: 'ab'.repeat(32) } });
      await expect(store.openArchive(manifest)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
      await expect(store.documents('drills').put('../b1', {})).rejects.toThrow('cannot be part of a path');
      expect(await store.documents('drills').read('../b1.manifest')).toEqual({ state: 'missing' });
    });
  });
}

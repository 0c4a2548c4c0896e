import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type ArchiveManifest, encodeManifest } from '../../src/backup/manifest.ts';
import { verifyBackup } from '../../src/backup/verify.ts';
import { type Lab, lab } from './backing-up.ts';

async function tinyBackup(at: Lab, compression: ArchiveManifest['compression']) {
  await at.db.collection('places').insertMany([{ city: 'a' }, { city: 'b' }]);
  const { manifest } = await at.backup({ compression });
  const file = path.join(at.store.location, manifest.archive.file);
  return { manifest, file, bytes: await readFile(file) };
}

async function verdict(at: Lab, id: string): Promise<string> {
  const error = await verifyBackup(at.store, id).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return 'good';
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  return `${code} ${exitCode}`;
}

// Every byte, in every form: damage.test.ts.
test('a file in the store that was changed, cut or made longer is refused', async () => {
  await using at = await lab();
  const { manifest, file, bytes } = await tinyBackup(at, 'zstd');
  for (let position = 0; position < bytes.length; position += 40) {
    const flipped = Buffer.from(bytes);
    flipped[position]! ^= 1 << (position % 8);
    for (const damaged of [flipped, bytes.subarray(0, position)]) {
      await writeFile(file, damaged);
      expect(`${position} ${await verdict(at, manifest.id)}`).toBe(`${position} ARCHIVE_DAMAGED 11`);
    }
  }
  await writeFile(file, Buffer.concat([bytes, Buffer.from([0])]));
  expect(await verdict(at, manifest.id)).toBe('ARCHIVE_DAMAGED 11');
  await writeFile(file, bytes);
  expect(await verdict(at, manifest.id)).toBe('good');
});

test('a manifest that does not fit the archive is refused, and the message names the collection', async () => {
  await using at = await lab();
  const { manifest } = await tinyBackup(at, 'zstd');
  const [places] = manifest.namespaces as [ArchiveManifest['namespaces'][number]];
  const changes: Partial<typeof places>[] = [
    { count: 3 },
    { bytes: 1 },
    { crc64: '0123456789abcdef' },
    { catalogDigest: '00'.repeat(32) },
    { type: 'view' },
    { name: 'other' },
  ];
  for (const change of changes) {
    await writeManifest(at, { ...manifest, namespaces: [{ ...places, ...change }] });
    await expect(verifyBackup(at.store, manifest.id)).rejects.toThrow(/places/);
    expect(await verdict(at, manifest.id)).toBe('ARCHIVE_DAMAGED 11');
  }
  for (const change of [
    { namespaces: [] },
    { namespaces: [places, { ...places, name: 'more' }] },
    { compression: 'none' as const },
    { target: { ...manifest.target, database: 'other' } },
    { archive: { ...manifest.archive, sha256: '00'.repeat(32) } },
  ]) {
    await writeManifest(at, { ...manifest, ...change });
    expect(`${Object.keys(change)} ${await verdict(at, manifest.id)}`).toBe(
      `${Object.keys(change)} ARCHIVE_DAMAGED 11`,
    );
  }
  await writeManifest(at, manifest);
  expect(await verdict(at, manifest.id)).toBe('good');
});

test('a backup that is not there is said to be missing', async () => {
  await using at = await lab();
  expect(await verdict(at, 'nothing')).toBe('BACKUP_NOT_FOUND 11');
});

test('verifying can be stopped', async () => {
  await using at = await lab();
  const { manifest } = await tinyBackup(at, 'zstd');
  const stop = new AbortController();
  const reason = new Error('enough');
  const verifying = verifyBackup(at.store, manifest.id, { signal: stop.signal, onProgress: () => stop.abort(reason) });
  await expect(verifying).rejects.toBe(reason);
});

async function writeManifest(at: Lab, manifest: ArchiveManifest): Promise<void> {
  await writeFile(path.join(at.store.location, `${manifest.id}.manifest.json`), encodeManifest(manifest));
}

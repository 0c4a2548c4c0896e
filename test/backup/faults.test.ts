import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BSON } from 'mongodb';
import { expect, onTestFinished, test } from 'vitest';
import { type ArchiveManifest, encodeManifest } from '../../src/backup/manifest.ts';
import { settleRestore } from '../../src/backup/restore/settle.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { FolderStore } from '../../src/backup/stores/folder.ts';
import { verifyBackup } from '../../src/backup/verify.ts';
import { compareDatabases } from '../../src/mongo/compare.ts';
import { connect } from '../../src/mongo/connect.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { proxyTo } from '../setup/tcp-proxy.ts';
import { type Lab, lab, own, verifiedTotals } from './backing-up.ts';

const archiveOf = (at: Lab, { archive }: ArchiveManifest) => path.join(at.store.location, archive.file);

/** Writes other bytes, with a manifest that fits them: only what the archive itself says can tell. */
async function forge(at: Lab, manifest: ArchiveManifest, bytes: Buffer): Promise<void> {
  const { createHash } = await import('node:crypto');
  const archive = {
    ...manifest.archive,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
  await writeFile(archiveOf(at, manifest), bytes);
  await writeFile(
    path.join(at.store.location, `${manifest.id}.manifest.json`),
    encodeManifest({ ...manifest, archive }),
  );
}

async function oneCollection(at: Lab): Promise<{ manifest: ArchiveManifest; bytes: Buffer }> {
  await at.db.collection('a').insertMany([{ n: 1 }, { n: 2 }]);
  const { manifest } = await at.backup({ compression: 'none' });
  return { manifest, bytes: await readFile(archiveOf(at, manifest)) };
}

test('another beginning, another format version and the manifest of another backup are refused', async () => {
  await using at = await lab();
  const { manifest, bytes } = await oneCollection(at);
  const magic = Buffer.from(bytes);
  magic[0]! ^= 1;
  await forge(at, manifest, magic);
  await expect(verifyBackup(at.store, manifest.id)).rejects.toThrow(/does not begin as an archive/);
  const newer = Buffer.from(bytes);
  newer.write('0.2', bytes.indexOf('0.1\0'));
  await forge(at, manifest, newer);
  await expect(verifyBackup(at.store, manifest.id)).rejects.toThrow(/format has another version/);
  await forge(at, manifest, bytes);

  await at.db.collection('a').insertOne({ more: 1 });
  const { manifest: second } = await at.backup({ compression: 'none' });
  const file = (id: string) => path.join(at.store.location, `${id}.manifest.json`);
  await writeFile(file(manifest.id), await readFile(file(second.id)));
  await expect(verifyBackup(at.store, manifest.id)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED', exitCode: 11 });
  // Under its own name, with its own checksum, but with the archive of the first.
  await writeFile(file(manifest.id), encodeManifest({ ...second, id: manifest.id, archive: manifest.archive }));
  await expect(verifyBackup(at.store, manifest.id)).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', exitCode: 11 });
});

/** A file system of its own; gone after the test. Undefined where this user may not mount one. */
async function smallDisk(options: string): Promise<string | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
  onTestFinished(async () => {
    if (mounted) spawnSync('umount', [folder]);
    await rm(folder, { recursive: true, force: true });
  });
  return mounted ? folder : undefined;
}

test('a disk that runs full in the middle leaves no backup, and says what to do', async (context) => {
  const disk = await smallDisk('size=1m');
  if (disk === undefined) return context.skip('no right to mount a file system');
  await using at = await lab();
  const noise = Array.from({ length: 300 }, () => ({
    noise: new BSON.Binary(crypto.getRandomValues(new Uint8Array(20_000))),
  }));
  await at.db.collection('noise').insertMany(noise);
  const store = new FolderStore(disk);
  await expect(at.backup({ store })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('ENOSPC'),
    hint: expect.stringContaining('The disk is full'),
  });
  expect(await store.list()).toEqual([]);
  await at.db.collection('noise').deleteMany({});
  const { manifest } = await at.backup({ store });
  expect(await verifiedTotals(store, manifest.id)).toMatchObject({ documents: 0 });
});

test('a store that cannot be written is said before the database is read; reading from it goes on', async (context) => {
  const disk = await smallDisk('size=1m');
  if (disk === undefined) return context.skip('no right to mount a file system');
  await using at = await lab();
  await at.db.collection('a').insertOne({});
  const store = new FolderStore(disk);
  const { manifest } = await at.backup({ store });
  spawnSync('mount', ['-o', 'remount,ro', disk]);
  await expect(at.backup({ store })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('EROFS'),
  });
  expect(await verifiedTotals(store, manifest.id)).toMatchObject({ documents: 1 });
  const other = await at.another();
  await restoreBackup(other, store, manifest.id, { own, log: at.log });
  expect(await compareDatabases(at.db, other.db, { own })).toEqual([]);
});

test('a store that this user may not enter is said to be that, when it is written and when it is read', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'forbidden-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const source = (file: string) => JSON.stringify(import.meta.resolve(`../../src/backup/${file}`));
  const program = `
    import { readArchiveFile } from ${source('archive-file.ts')};
    import { FolderStore } from ${source('stores/folder.ts')};
    const store = new FolderStore(process.argv[1]);
    const tries = [
      () => store.create('b1', { ending: '.archive', expectedBytes: 1 }),
      () => store.readManifest('b1'),
      () => store.list(),
      () => store.openArchive({ archive: { file: 'b1.archive' } }),
      () => readArchiveFile(process.argv[1] + '/dump.archive', { own: { owns: () => false } }),
    ];
    for (const attempt of tries) await attempt().then(() => console.log('allowed'), (error) =>
      console.log(error.code, error.exitCode, /EACCES/.test(error.message), /^Let this user read/.test(error.hint)));
  `;
  await chmod(folder, 0);
  // The root of a machine may everything.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, folder];
  const { stdout, stderr } = spawnSync(process.execPath, args, { ...user, encoding: 'utf8', env: {} });
  expect(stdout.trim().split('\n'), stderr).toEqual([
    'STORE_FAILED 7 true true',
    'STORE_FAILED 7 true true',
    'STORE_FAILED 7 true true',
    'STORE_FAILED 7 true true',
    'BACKUP_NOT_FOUND 11 true false',
  ]);
});

test('a connection that is lost midway is no backup, and no half restore', async () => {
  await using at = await lab();
  const pad = 'x'.repeat(1000);
  for (const name of ['a', 'b'])
    await at.db.collection(name).insertMany(Array.from({ length: 10_000 }, (_, n) => ({ n, pad })));
  await using proxy = await proxyTo(at.uri);
  // A connection that was just being opened outlives the break, silent: it is given up after the driver's limits for a
  // handshake and a heartbeat, together 40 s unless told. Each operation after it looks for the server for `timeoutMs`.
  const clientOptions = { connectTimeoutMS: 2000, heartbeatFrequencyMS: 1000 };
  const options = { secrets: new Secrets(), timeoutMs: 3000, clientOptions };
  await using away = await connect(proxy.uri, options);
  let broken = false;
  const breakOnce = () => {
    if (!broken) proxy.silence();
    if (!broken) proxy.break();
    broken = true;
  };
  const backup = at.backup({ onProgress: breakOnce }, away);
  await expect(backup).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', exitCode: 12 });
  expect(await at.stored()).toEqual([]);

  const { manifest } = await at.backup();
  const to = await at.another();
  await to.db.collection('a').insertOne({ old: 1 });
  await using restoring = await proxyTo(`${at.uri.replace(at.db.databaseName, to.db.databaseName)}`);
  await using through = await connect(restoring.uri, options);
  const restore = restoreBackup(through, at.store, manifest.id, {
    own,
    log: at.log,
    onProgress: () => {
      restoring.silence();
      restoring.break();
    },
  });
  await expect(restore).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', exitCode: 12 });
  expect(await to.db.collection('a').find().toArray()).toMatchObject([{ old: 1 }]);
  await settleRestore(to, { own, log: at.log, setHistory: async () => {}, goneAfterMs: 0 });
  await restoreBackup(to, at.store, manifest.id, { own, log: at.log });
  expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);
}, 180_000);

test('killed at any moment a backup is there whole or not at all, and the next one removes what is left', async () => {
  await using at = await lab();
  const pad = 'x'.repeat(2000);
  for (const name of ['a', 'b', 'c'])
    await at.db.collection(name).insertMany(Array.from({ length: 3000 }, (_, n) => ({ n, pad })));
  for (let round = 0; round < 6; round++) {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        path.join(import.meta.dirname, 'backing-up-child.ts'),
        at.uri,
        at.store.location,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    await pause(Math.random() * 400);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (const entry of await at.store.list()) {
      if (entry.state === 'readable')
        expect(await verifiedTotals(at.store, entry.id)).toMatchObject({ documents: 9000 });
      // The archive was renamed, the manifest not yet written: listed as what it is.
      else expect(entry.problem.message).toMatch(/is missing, only the archive is there/);
    }
  }
  const partial = (await at.stored()).filter((name) => name.endsWith('.partial'));
  const yesterday = Date.now() / 1000 - 90_000;
  for (const name of partial) await utimes(path.join(at.store.location, name), yesterday, yesterday);
  await at.backup();
  expect((await at.stored()).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('documents of 16 MB, a thousand collections and names of every kind come back', async () => {
  await using at = await lab();
  const longest = 16 * 1024 * 1024 - 40;
  await at.db
    .collection<{ _id: number }>('large')
    .insertMany([1, 2, 3].map((_id) => ({ _id, text: 'x'.repeat(longest) })));
  const names = [
    'with.dots',
    'with spaces',
    '🌍',
    'ü',
    'a'.repeat(100),
    '$dollar'.slice(1),
    'x.y.z.w',
    "quote'd",
    'back\\slash',
    '<html>&',
  ];
  for (const name of names) await at.db.collection(name).insertOne({ name, 'a.b': 1, $c: 2, '': 3 });
  const many = Array.from({ length: 1000 }, (_, n) => `c${String(n).padStart(4, '0')}`);
  for (let n = 0; n < 1000; n += 50)
    await Promise.all(many.slice(n, n + 50).map((name) => at.db.collection(name).insertOne({ name })));
  const { manifest } = await at.backup();
  expect(manifest.namespaces).toHaveLength(1000 + names.length + 1);
  const other = await at.another();
  await restoreBackup(other, at.store, manifest.id, { own, log: at.log });
  expect(await compareDatabases(at.db, other.db, { own })).toEqual([]);
}, 300_000);

import { mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FolderStore } from '../../../src/backup/stores/folder.ts';
import { openStore } from '../../../src/backup/stores/open-store.ts';
import { storeSuite } from './store-suite.ts';

const folders: string[] = [];
const newFolder = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'store-'));
  folders.push(folder);
  return folder;
};
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

test('a backup of a folder that is not there: says so', async () => {
  const folder = path.join(await newFolder(), 'mistyped');
  await expect(new FolderStore(folder).readManifest('b1')).rejects.toMatchObject({
    code: 'BACKUP_NOT_FOUND',
    message: `There is no backup "b1" in ${folder}, a folder that does not exist.`,
  });
});

storeSuite('folder', async () => {
  const folder = path.join(await newFolder(), 'made', 'by', 'the', 'first', 'backup');
  return {
    store: new FolderStore(folder),
    names: () => readdir(folder),
    async damage(name) {
      const bytes = await readFile(path.join(folder, name));
      bytes[0]! ^= 1;
      await writeFile(path.join(folder, name), bytes);
    },
    remove: (name) => rm(path.join(folder, name)),
    async replace(name, by) {
      const file = path.join(folder, name);
      await writeFile(file, by(await readFile(file, 'utf8')));
    },
  };
});

test('a new backup removes what an interrupted one left a day ago, and nothing else', async () => {
  const folder = await newFolder();
  const film = 'holiday-film.mp4.partial';
  for (const name of ['old.archive.zst.partial', 'new.archive.zst.partial', 'old.archive.zst', 'notes.txt', film]) {
    await writeFile(path.join(folder, name), '');
    const age = name.startsWith('new') ? 3600 : 90_000;
    const then = Date.now() / 1000 - age;
    await utimes(path.join(folder, name), then, then);
  }
  const pending = await new FolderStore(folder).create('b1', { ending: '.archive', expectedBytes: 0 });
  await pending.abort();
  expect((await readdir(folder)).sort()).toEqual([film, 'new.archive.zst.partial', 'notes.txt', 'old.archive.zst']);
});

test('a file that another run removes at this moment stops nobody', async () => {
  const folder = await newFolder();
  // Listed, and gone when it is looked at.
  for (const name of ['b0.archive.zst.partial', 'b0.manifest.json']) {
    await symlink(path.join(folder, 'gone'), path.join(folder, name));
  }
  const store = new FolderStore(folder);
  expect(await store.list()).toEqual([]);
  const pending = await store.create('b1', { ending: '.archive', expectedBytes: 0 });
  await pending.abort();
});

test('only its owner may read an archive', async () => {
  const folder = await newFolder();
  const pending = await new FolderStore(folder).create('b1', { ending: '.archive', expectedBytes: 0 });
  const [name = ''] = await readdir(folder);
  expect((await stat(path.join(folder, name))).mode & 0o077).toBe(0);
  await pending.abort();
});

test('a folder that cannot be made or written is reported with a next step', async () => {
  const file = path.join(await newFolder(), 'file');
  await writeFile(file, '');
  const store = new FolderStore(path.join(file, 'backups'));
  await expect(store.create('b1', { ending: '.archive', expectedBytes: 0 })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    exitCode: 7,
  });
});

test('a file where the folder should be is no empty store', async () => {
  const file = path.join(await newFolder(), 'package.json');
  await writeFile(file, '{}');
  const failed = { code: 'STORE_FAILED', hint: expect.stringContaining('There is a file where the folder should be') };
  for (const place of [file, path.join(file, 'backups')]) {
    const store = new FolderStore(place);
    await expect(store.list()).rejects.toMatchObject(failed);
    await expect(store.readManifest('b1')).rejects.toMatchObject(failed);
    await expect(store.create('b1', { ending: '.archive', expectedBytes: 0 })).rejects.toMatchObject(failed);
  }
});

test('a store is named by a path or a file address; other kinds are refused by name', () => {
  expect(openStore('backups', { baseDir: '/srv/app' }).location).toBe('/srv/app/backups');
  expect(openStore('/var/backups', { baseDir: '/srv/app' }).location).toBe('/var/backups');
  expect(openStore('file:///var/backups', { baseDir: '/srv/app' }).location).toBe('/var/backups');
  expect(openStore('s3://shop-backups/prod/', { baseDir: '/' }).location).toBe('s3://shop-backups/prod');
  expect(openStore('s3://shop-backups', { baseDir: '/' }).location).toBe('s3://shop-backups');
  for (const where of ['s3://user:secret@bucket/prod', 's3://bucket/prod?region=x', 's3://x']) {
    expect(() => openStore(where, { baseDir: '/' })).toThrow(/not of the form s3:\/\/BUCKET\/PREFIX\.$/);
  }
  for (const where of ['gs://bucket/prod', 'file:backups', 'file://backups', 'S4:x'])
    expect(() => openStore(where, { baseDir: '/' })).toThrow(
      expect.objectContaining({ code: 'STORE_UNSUPPORTED', message: expect.stringMatching(/kind (gs|file|s4):/) }),
    );
});

test('a bucket that lost a slash or its name is no folder', () => {
  for (const where of ['s3:/x/y', 's3:x', 's3://', 's3:///x'])
    expect(() => openStore(where, { baseDir: '/' })).toThrow(
      expect.objectContaining({ code: 'STORE_UNSUPPORTED', hint: expect.stringContaining('two slashes and the name') }),
    );
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveNamed } from '../../src/backup/archive-named.ts';

const id = '20261121T171303Z-default-94a2f0';
let store: string;

beforeAll(async () => {
  store = await mkdtemp(path.join(tmpdir(), 'named-'));
  for (const ending of ['.manifest.json', '.archive.zst', '.verified.json'])
    await writeFile(path.join(store, id + ending), 'x');
  await mkdir(path.join(store, 'empty'));
});
afterAll(() => rm(store, { recursive: true }));

test('an archive is named by its file', async () => {
  expect((await archiveNamed(path.join(store, `${id}.archive.zst`))).size).toBe(1);
});

test.each([
  ['', /^It is a store of backups.*mongo-release inspect --store \S+ lists/],
  ['empty', /^Take the dump as one file/],
  [id, new RegExp(`named by its id: ${id} --store /`)],
  [`${id}.manifest.json`, new RegExp(`named by its id: ${id} --store /`)],
  [`${id}.verified.json`, new RegExp(`named by its id: ${id} --store /`)],
  [`${id}.archive.gz`, new RegExp(`named by its id: ${id} --store /`)],
  [`elsewhere/${id}.archive.zst`, new RegExp(`named by its id: ${id}; --store says`)],
  ['dump.gz', /^Name a file with its path/],
])('of %j it is said what is probably meant', async (name, hint) => {
  await expect(archiveNamed(path.join(store, name))).rejects.toMatchObject({
    code: 'BACKUP_NOT_FOUND',
    hint: expect.stringMatching(hint),
  });
});

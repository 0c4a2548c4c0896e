import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listMigrations } from '../../../src/migration/files/files.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(dir, { recursive: true }));

const put = (...names: string[]) => Promise.all(names.map((name) => writeFile(join(dir, name), `content of ${name}`)));
const listed = async (...args: Parameters<typeof listMigrations> | []) =>
  (await listMigrations(args[0] ?? dir, args[1])).map((file) => file.fileName);

describe('the migrations of a folder', () => {
  test('are its .js, .cjs, .mjs and .ts files, by code units, with the checksum of their bytes', async () => {
    await put('b.ts', 'a.js', 'Z.cjs', '10-ü.mjs', '9 $odd name.v2.js');
    const bytes = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);
    await writeFile(join(dir, 'c.js'), bytes);
    const files = await listMigrations(dir);
    expect(files.map((file) => file.fileName)).toEqual([
      '10-ü.mjs',
      '9 $odd name.v2.js',
      'Z.cjs',
      'a.js',
      'b.ts',
      'c.js',
    ]);
    expect(files[1]).toMatchObject({ name: '9 $odd name.v2', path: join(dir, '9 $odd name.v2.js') });
    expect(files[5]!.checksum).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('are not declarations, hidden files, maps, folders, files below, or the template of migrate-mongo', async () => {
    await put('a.ts', 'a.d.ts', '.hidden.js', '.js', 'a.ts.map', 'notes.md', 'package.json', 'sample-migration.js');
    await mkdir(join(dir, 'folder.js'));
    await writeFile(join(dir, 'folder.js', 'deep.js'), '');
    expect(await listed()).toEqual(['a.ts']);
  });

  test('may be links; one that leads nowhere is said, not skipped', async () => {
    await put('a.ts');
    await mkdir(join(dir, 'shared'));
    await writeFile(join(dir, 'shared', 'real.ts'), 'x');
    await symlink(join(dir, 'shared', 'real.ts'), join(dir, 'linked.ts'));
    expect(await listed()).toEqual(['a.ts', 'linked.ts']);
    await symlink(join(dir, 'nowhere.ts'), join(dir, 'broken.ts'));
    await expect(listed()).rejects.toMatchObject({ message: expect.stringContaining('broken.ts') });
  });

  test('can be of one extension alone', async () => {
    await put('a.js', 'a.ts', 'b.mjs');
    expect(await listed(dir, { extensions: ['.js'] })).toEqual(['a.js']);
  });

  test('none is an empty list', async () => {
    expect(await listed()).toEqual([]);
  });

  test('two files of one name are an error, since the name is the identity', async () => {
    await put('a.ts', 'a.js', 'b.js');
    await expect(listed()).rejects.toMatchObject({
      code: 'MIGRATION_DUPLICATE',
      exitCode: 2,
      message: expect.stringContaining('a.js and a.ts'),
    });
  });

  test('a missing folder, or a file in its place, says what to type', async () => {
    const missing = {
      code: 'MIGRATIONS_DIR_MISSING',
      exitCode: 2,
      hint: expect.stringContaining('mongo-release create'),
    };
    await expect(listed(join(dir, 'none'))).rejects.toMatchObject(missing);
    await put('a.ts');
    await expect(listed(join(dir, 'a.ts'))).rejects.toMatchObject(missing);
  });

  test('10,000 of them take less than a second of work', async () => {
    for (let index = 0; index < 10_000; index++) writeFileSync(join(dir, `${String(index).padStart(5, '0')}.js`), 'x');
    const before = process.threadCpuUsage();
    const files = await listMigrations(dir);
    const worked = process.threadCpuUsage(before).user;
    expect(files).toHaveLength(10_000);
    expect(files.every((file, index) => file.name === String(index).padStart(5, '0'))).toBe(true);
    expect(worked).toBeLessThan(1_000_000);
  });
});

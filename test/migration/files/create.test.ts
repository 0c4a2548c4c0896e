import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMigration } from '../../../src/migration/files/create.ts';
import { listMigrations, migrationExtensions } from '../../../src/migration/files/files.ts';

const now = new Date('2026-09-01T09:05:07.890+02:00');

let project: string;
let dir: string;
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'create-'));
  dir = join(project, 'migrations');
});
afterEach(() => rm(project, { recursive: true }));

/** Stands in for the package as a project has it installed; what is tested here is the file that imports it. */
async function installPackage(): Promise<void> {
  const home = join(project, 'node_modules', 'mongo-release-action');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
  await writeFile(join(home, 'index.js'), 'export const defineMigration = (migration) => migration;');
}

describe('a new migration', () => {
  test('is named by the time in UTC and its words, in a folder that is made for it', async () => {
    const path = await createMigration(dir, '  Add Größe & "slug" to cities! ', { extension: '.ts', now });
    expect(path).toBe(join(dir, '20260901070507-add-größe-slug-to-cities.ts'));
    expect((await listMigrations(dir)).map((file) => file.name)).toEqual(['20260901070507-add-größe-slug-to-cities']);
    expect(await readFile(path, 'utf8')).toContain(`description: 'Add Größe & "slug" to cities!'`);
  });

  test('cannot leave its folder by its name', async () => {
    const path = await createMigration(dir, '../../etc/passwd', { extension: '.js', now });
    expect(path).toBe(join(dir, '20260901070507-etc-passwd.js'));
  });

  test('comes after all that are there, whatever their names are and however fast they were made', async () => {
    const made = [];
    for (const name of ['third', 'second', 'second', 'first']) {
      const path = await createMigration(dir, name, { extension: '.js', now });
      made.push(basename(path));
      await writeFile(path, name);
    }
    expect(made[0]).toBe('20260901070507-third.js');
    expect(made[3]).toBe('20260901070510-first.js');
    expect((await listMigrations(dir)).map(({ fileName }) => fileName)).toEqual(made);
    expect(await readFile(join(dir, made[1] ?? ''), 'utf8')).toBe('second');
    // Of somebody whose clock is ahead, at the end of a year; what begins with fewer digits, or more, has no time.
    for (const name of ['20281231235959-ahead.js', '2-old.js', '202912312359590-other.js'])
      await writeFile(join(dir, name), '');
    expect(basename(await createMigration(dir, 'next', { extension: '.ts', now }))).toBe('20290101000000-next.ts');
  });

  test('is named by no number that is no time, and by nothing that would come before the last time of all', async () => {
    await mkdir(dir);
    for (const name of ['20269999999999-y.js', '20270230000000-z.js', '00000000000000-zero.js'])
      await writeFile(join(dir, name), '');
    const creating = () => createMigration(dir, 'next', { extension: '.js', now });
    expect(basename(await creating())).toBe('20260901070507-next.js');
    await writeFile(join(dir, '99991231235959-x.js'), '');
    await expect(creating()).rejects.toMatchObject({
      code: 'NO_LATER_NAME',
      message: expect.stringContaining('99991231235959-x.js'),
    });
    expect(await listMigrations(dir)).toHaveLength(5);
  });

  test('has a file of its own, whoever makes another one at the same moment', async () => {
    const paths = await Promise.all(
      Array.from({ length: 8 }, () => createMigration(dir, 'once', { extension: '.js', now })),
    );
    expect(new Set(paths).size).toBe(8);
  });

  test('needs a name', async () => {
    await expect(createMigration(dir, ' -- ', { extension: '.js', now })).rejects.toMatchObject({ code: 'USAGE' });
  });

  const awkward = "it's `new` */ $" + '{x}';
  const types = [undefined, 'module', 'commonjs'] as const;
  test.each(migrationExtensions.flatMap((extension) => types.map((type) => [extension, type] as const)))(
    'as %s in a project of type %s is what Node loads there, with up and down that run',
    async (extension, type) => {
      await installPackage();
      await writeFile(join(project, 'package.json'), JSON.stringify({ type }));
      const path = await createMigration(dir, awkward, { extension, now });
      const program = `
        const { default: m } = await import(${JSON.stringify(path)});
        const log = () => {};
        await m.up({ db: undefined, log });
        await m.down({ db: undefined, log });
        console.log(JSON.stringify([m.description, m.phase, Object.keys(m)]));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
      expect(JSON.parse(stdout)).toEqual([awkward, 'before-deploy', ['description', 'phase', 'up', 'down']]);
      expect(basename(path)).toMatch(/^20260901070507-it-s-new-x\.(ts|[cm]?js)$/);
    },
  );
});

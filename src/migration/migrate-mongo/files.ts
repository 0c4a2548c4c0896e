import { access, constants, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ReleaseError } from '../../observe/error.ts';
import { writeNew } from '../files/write-new.ts';
import { configTemplate, migrationTemplate } from './templates.ts';

type ModuleSystem = 'commonjs' | 'esm';

/**
 * Writes a new migration `yyyyMMddHHmmss-words_of_the_description.EXT` in migrate-mongo's form, and returns its file
 * name. Where the folder holds a `sample-migration.EXT`, the new file is a copy of it.
 *
 * Throws `USAGE`, `NO_LATER_NAME`.
 */
export async function createFile(
  dir: string,
  description: string,
  options: { readonly extension: string; readonly moduleSystem: ModuleSystem; readonly now: Date },
): Promise<string> {
  if (/[/\\\0]/.test(description)) {
    throw new ReleaseError('USAGE', 'A description becomes part of a file name, and holds no slash.', {
      hint: 'Type for example: mongo-release create "add slug to cities"',
    });
  }
  const sample = join(dir, `sample-migration${options.extension}`);
  return writeNew(dir, options.now, async (stamp) => {
    const fileName = `${stamp}-${description.split(' ').join('_')}${options.extension}`;
    const path = join(dir, fileName);
    await ((await isThere(sample))
      ? copyFile(sample, path, constants.COPYFILE_EXCL)
      : writeFile(path, migrationTemplate(options.moduleSystem), { flag: 'wx' }));
    return fileName;
  });
}

/**
 * Sets a project up: the configuration, and the folder of migrations. Nothing that is there is touched.
 *
 * Throws `PROJECT_EXISTS`; nothing is written then.
 */
export async function initProject(cwd: string, file: string, moduleSystem: ModuleSystem): Promise<void> {
  const dir = resolve(cwd, 'migrations');
  const path = resolve(cwd, file);
  if (await isThere(dir)) throw occupied(`migrations directory already exists: ${dir}`);
  if (await isThere(path)) throw occupied(`config file already exists: ${path}`);
  await writeFile(path, configTemplate(moduleSystem), { flag: 'wx' });
  await mkdir(dir);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function occupied(message: string): ReleaseError {
  const hint = 'The project is set up already: go on with mongo-release create NAME.';
  return new ReleaseError('PROJECT_EXISTS', message, { hint });
}

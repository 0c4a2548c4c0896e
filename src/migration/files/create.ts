import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ReleaseError } from '../../observe/error.ts';
import { type MigrationExtension, nameOf } from './files.ts';
import { migrationTemplate } from './template.ts';

export interface CreateOptions {
  readonly extension: MigrationExtension;
  readonly now: Date;
}

/**
 * Writes a new migration `yyyyMMddHHmmss-words.EXT`, its time in UTC so that files of several people sort alike, and
 * returns its absolute path. Makes the folder where there is none.
 *
 * Throws `USAGE` for a name without a letter or digit, and `MIGRATION_EXISTS`, also where only the extension differs.
 */
export async function createMigration(dir: string, name: string, options: CreateOptions): Promise<string> {
  const words = name.normalize('NFC').trim();
  const slug = words
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  if (slug === '') {
    throw new ReleaseError('USAGE', 'A migration needs a name that says what it does.', {
      hint: 'Type for example: mongo-release create add-slug-to-cities',
    });
  }
  const base = `${timestamp(options.now)}-${slug}`;
  await mkdir(dir, { recursive: true });
  const other = (await readdir(dir)).find((fileName) => nameOf(fileName) === base);
  const path = resolve(dir, `${base}${options.extension}`);
  if (other !== undefined) throw exists(join(dir, other));
  const text = migrationTemplate(words, await formOf(path, options.extension));
  await writeFile(path, text, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? exists(path) : cause;
  });
  return path;
}

/** `yyyyMMddHHmmss`, in UTC. */
export function timestamp(now: Date): string {
  return now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

function exists(path: string): ReleaseError {
  return new ReleaseError('MIGRATION_EXISTS', `${path} exists already and stays as it is.`, {
    hint: 'Edit that file, or create the migration under another name.',
  });
}

/** How Node will read the file: `.js` is what the nearest package.json says, and CommonJS where that says nothing. */
async function formOf(path: string, extension: MigrationExtension): Promise<'typescript' | 'module' | 'commonjs'> {
  if (extension === '.mjs') return 'module';
  if (extension === '.cjs') return 'commonjs';
  const type = await packageType(dirname(path));
  // A .ts file in a project that declares CommonJS is CommonJS for Node too, and `import` would not load there.
  if (extension === '.ts') return type === 'commonjs' ? 'commonjs' : 'typescript';
  return type === 'module' ? 'module' : 'commonjs';
}

async function packageType(dir: string): Promise<string | undefined> {
  const text = await readFile(join(dir, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return dirname(dir) === dir ? undefined : packageType(dirname(dir));
  try {
    return (JSON.parse(text) as { type?: string }).type;
  } catch {
    return undefined;
  }
}

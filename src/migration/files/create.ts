import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ReleaseError } from '../../observe/error.ts';
import type { MigrationExtension } from './files.ts';
import { migrationTemplate } from './template.ts';
import { writeNew } from './write-new.ts';

export interface CreateOptions {
  readonly extension: MigrationExtension;
  readonly now: Date;
}

/**
 * Writes a new migration `yyyyMMddHHmmss-words.EXT`, and returns its absolute path. Makes the folder where there is none.
 *
 * Throws `USAGE` for a name without a letter or digit, and `NO_LATER_NAME`.
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
  return writeNew(dir, options.now, async (stamp) => {
    const path = resolve(dir, `${stamp}-${slug}${options.extension}`);
    await writeFile(path, migrationTemplate(words, await formOf(path, options.extension)), { flag: 'wx' });
    return path;
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

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const version = '14.0.7';

/**
 * Folder of migrate-mongo's npm package, which ships its own tests: the installed one, else fetched once through npm
 * into the cache. Nothing of it is in this repository.
 */
export async function migrateMongoPackage(): Promise<string> {
  const installed = resolve(import.meta.dirname, '../../node_modules/migrate-mongo');
  if (existsSync(join(installed, 'test', 'integration.test.js'))) return installed;
  const cache = join(homedir(), '.cache', 'mongo-release', 'tools');
  const folder = join(cache, `migrate-mongo-${version}`);
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true });
    // Appears whole or not at all; two test files that fetch it at once do no harm.
    const into = await mkdtemp(join(cache, 'fetching-'));
    try {
      await run('npm', ['pack', '--silent', `migrate-mongo@${version}`], { cwd: into });
      await run('tar', ['-xzf', `migrate-mongo-${version}.tgz`], { cwd: into });
      await rename(join(into, 'package'), folder).catch((error: unknown) => {
        if (!existsSync(folder)) throw error;
      });
    } finally {
      await rm(into, { recursive: true, force: true });
    }
  }
  return folder;
}

import { access } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createMigration } from '../migration/files/create.ts';
import { listMigrations, type MigrationExtension } from '../migration/files/files.ts';
import { createFile } from '../migration/migrate-mongo/files.ts';
import type { Ended } from './result.ts';
import type { Run } from './run.ts';

/** `create NAME`: a new migration file, in the language of those that are there. */
export async function create(run: Run): Promise<Ended<'create'>> {
  const dir = run.invocation.migrationsDir;
  const [name = ''] = run.invocation.arguments;
  const { migrateMongo } = run.invocation;
  if (migrateMongo !== undefined) {
    const fileName = await createFile(dir, name, { ...migrateMongo, now: new Date() });
    return { command: 'create', outcome: 'applied', result: { file: `${migrateMongo.migrationsDir}/${fileName}` } };
  }
  const path = await createMigration(dir, name, {
    extension: await extensionFor(dir, run.invocation.baseDir),
    now: new Date(),
  });
  return { command: 'create', outcome: 'applied', result: { file: relative(process.cwd(), path) } };
}

/** That of the newest migration; in a new project TypeScript where there is a tsconfig.json, else JavaScript. */
async function extensionFor(dir: string, baseDir: string): Promise<MigrationExtension> {
  const newest = (await listMigrations(dir).catch(() => [])).at(-1);
  if (newest !== undefined) return newest.fileName.slice(newest.name.length) as MigrationExtension;
  return access(join(baseDir, 'tsconfig.json')).then(
    () => '.ts',
    () => '.js',
  );
}

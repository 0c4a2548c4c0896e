import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { MigrationEnd, RunOptions } from '../../src/migration/runner.ts';
import { runMigration } from '../../src/migration/runner.ts';
import type { MigrationFile } from '../../src/migration/types.ts';
import { Log, type LogEntry } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import type { TestDatabase } from '../setup/mongo.ts';
import { programEnvironment } from '../setup/program.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Project extends AsyncDisposable {
  readonly dir: string;
  readonly logged: LogEntry[];
  readonly log: Log;
  file(fileName: string): MigrationFile;
  run(
    fileName: string,
    database: TestDatabase,
    options?: Partial<RunOptions> & { down?: boolean },
  ): Promise<MigrationEnd>;
}

/**
 * A project of these files. Inside this repository, so that it has a mongodb and a mongoose installed; `elsewhere` is a
 * folder that has none.
 */
export async function makeProject(files: Readonly<Record<string, string>>, elsewhere?: string): Promise<Project> {
  const parent = elsewhere ?? join(root, 'tmp');
  await mkdir(parent, { recursive: true });
  const dir = await mkdtemp(join(parent, 'project-'));
  await writeFile(join(dir, 'package.json'), '{ "name": "project", "private": true }\n');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  const logged: LogEntry[] = [];
  const log = new Log((entry) => logged.push(entry), new Secrets());
  const file = (fileName: string): MigrationFile => ({
    name: fileName.replace(/\.[^.]+$/, ''),
    fileName,
    path: join(dir, fileName),
    checksum: createHash('sha256')
      .update(files[fileName] ?? '')
      .digest('hex'),
  });
  return {
    dir,
    logged,
    log,
    file,
    run: (fileName, database, { down, ...options } = {}) =>
      runMigration(
        { file: file(fileName), direction: down ? 'down' : 'up', uri: database.uri, database: database.name },
        { ...settings(dir), log, ...options },
      ),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

export function settings(projectDir: string) {
  return {
    projectDir,
    import: 'native',
    environment: programEnvironment,
    timeLimitMs: 20_000,
  } as const;
}

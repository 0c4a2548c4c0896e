import { migrateMongoFile } from '../config/migrate-mongo.ts';
import { initProject } from '../migration/migrate-mongo/files.ts';
import type { Ended } from './result.ts';
import type { Run } from './run.ts';

/** `init`: a project in migrate-mongo's form, its configuration and its folder of migrations. */
export async function init(run: Run): Promise<Ended<'init'>> {
  const { baseDir, flags } = run.invocation;
  await initProject(baseDir, migrateMongoFile, flags.module ?? 'commonjs');
  return { command: 'init', outcome: 'applied', result: { file: migrateMongoFile } };
}

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../config/flags.ts';
import type { Part } from './parts.ts';

let folder: string | undefined;

/** Where this step leaves its files: a folder of its own in the runner's temporary one, which goes with the job. */
export function stepFolder(part: Part, env: Environment): string {
  folder ??= mkdtempSync(join(env.RUNNER_TEMP || tmpdir(), `mongo-release-${part}-`));
  return folder;
}

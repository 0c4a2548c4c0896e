import { basename } from 'node:path';
import { ReleaseError } from '../../observe/error.ts';
import type { ErrorCode } from '../../observe/error-codes.ts';
import { Log } from '../../observe/log.ts';
import { Secrets } from '../../observe/secrets.ts';
import type { ChildError, LoadedConfig } from '../child/protocol.ts';
import { startChild } from '../child-process.ts';

/** Loading a file only runs its top level, but it may ask a vault for a password. Milliseconds. */
const limitMs = 60_000;

/**
 * Runs a configuration file of migrate-mongo in a process of its own, with this environment, and comes back with what
 * it exports. What it prints is not shown.
 *
 * Throws `CONFIG_INVALID`.
 */
export async function loadConfigFile(
  file: string,
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<LoadedConfig> {
  let config: LoadedConfig | undefined;
  let error: ChildError | undefined;
  const quiet = new Log(() => {}, new Secrets());
  const settings = { projectDir: cwd, import: 'native', environment, timeLimitMs: limitMs } as const;
  const child = startChild(settings, quiet, (message) => {
    if (message.type === 'config') config = message.config;
    else if (message.type === 'no-config') error = message.error;
  });
  const timer = setTimeout(() => child.process.kill('SIGKILL'), limitMs);
  child.send({ type: 'config', path: file });
  try {
    await child.ended;
  } finally {
    clearTimeout(timer);
  }
  if (config !== undefined) return config;
  const name = basename(file);
  if (error !== undefined) throw new ReleaseError(error.code as ErrorCode, error.message, { hint: error.hint });
  throw new ReleaseError('CONFIG_INVALID', `Loading ${name} does not end, or ends the process.`, {
    hint: `Let ${name} only export its settings, or a promise of them.`,
  });
}

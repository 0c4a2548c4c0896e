import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { ReleaseError } from '../../observe/error.ts';
import { known } from './known.ts';
import { placeIn } from './place.ts';
import { hiddenText, showWhole } from './redact.ts';
import type { Source } from './source.ts';

/**
 * Imports a file of the project. Its top level runs by this.
 *
 * Throws `MIGRATION_INVALID` (or the code given) when it cannot be loaded, with file and line where they are known.
 */
export async function loadModule(
  source: Source,
  code: 'MIGRATION_INVALID' | 'MODELS_INVALID' | 'CONFIG_INVALID' = 'MIGRATION_INVALID',
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(/* webpackIgnore: true */ pathToFileURL(source.path).href)) as Record<string, unknown>;
  } catch (error) {
    // One of ours says what it refused, and not of which file.
    const { hint: ours } = error instanceof ReleaseError ? error : {};
    const hint = ours ?? known(error)?.hint ?? `Correct ${source.fileName} and run the same command again.`;
    throw new ReleaseError(code, await whatFailed(source, error), { hint, cause: error });
  }
}

async function whatFailed(source: Source, error: unknown): Promise<string> {
  const text = hiddenText(error, source);
  showWhole(error, source);
  if (!(error instanceof SyntaxError)) return `${placeIn(error, source) ?? source.fileName} cannot be loaded: ${text}.`;
  const place = placeIn(error, source) ?? (await syntaxPlace(source));
  return `${place ?? source.fileName} cannot be read${place === undefined ? ' (or a file that it imports)' : ''}: ${text}.`;
}

const check = promisify(execFile);

/** For ES modules the engine keeps the place of a syntax error to itself, but Node prints it when it checks a file. */
async function syntaxPlace(source: Source): Promise<string | undefined> {
  try {
    await check(process.execPath, ['--check', source.path], { timeout: 10_000, env: {} });
    return undefined;
  } catch (error) {
    return placeIn({ stack: String((error as { stderr?: unknown }).stderr ?? '') }, source);
  }
}

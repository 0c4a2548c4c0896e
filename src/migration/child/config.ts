import { ReleaseError } from '../../observe/error.ts';
import { asChildError } from './failure.ts';
import type { LoadedCode } from './hooks.ts';
import { loadModule } from './load.ts';
import type { Parent } from './parent.ts';
import { hiddenText } from './redact.ts';
import { sourceAt } from './source.ts';

/** Runs a configuration file of migrate-mongo and tells what it exports. Ends the process. */
export async function readConfig(path: string, parent: Parent, { words }: LoadedCode): Promise<void> {
  const source = sourceAt(path, words, false);
  try {
    const module = await loadModule(source, 'CONFIG_INVALID');
    // `module.default ?? module`; of CommonJS the default is what it exports, and compiled code has one of its own.
    const outer = module.default ?? module;
    const inner = (outer as { default?: unknown }).default ?? outer;
    const ignored: string[] = [];
    const value = plain(await Promise.resolve(inner), [], ignored);
    await parent.finish({ type: 'config', config: { value, ignored } });
  } catch (error) {
    const failure =
      error instanceof ReleaseError
        ? error
        : // It hides what is no word of the file: the environment is in reach there, passwords included.
          new ReleaseError('CONFIG_INVALID', `${source.fileName} cannot be read: ${hiddenText(error, source)}.`, {
            hint: `Correct ${source.fileName}, or set the environment variables that it needs.`,
          });
    await parent.finish({ type: 'no-config', error: asChildError(failure) });
  }
}

/** What the channel carries as it is; functions and the like are left out, and their keys noted. */
function plain(value: unknown, path: readonly string[], ignored: string[]): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') {
    ignored.push(path.join('.'));
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value) || value instanceof Date || value instanceof RegExp) return value;
  if (path.length > 20) return undefined;
  if (Array.isArray(value)) return value.map((inner, i) => plain(inner, [...path, String(i)], ignored));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, plain(inner, [...path, key], ignored)] as const),
  );
}

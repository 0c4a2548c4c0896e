import { pathToFileURL } from 'node:url';
import type { Source } from './source.ts';

/** Where in the file an error came up, as `file.ts:12`: the innermost frame of its stack; undefined when it has none. */
export function placeIn(error: unknown, source: Source): string | undefined {
  const stack = (error as { stack?: unknown } | null | undefined)?.stack;
  if (typeof stack !== 'string') return undefined;
  for (const line of stack.split('\n')) {
    for (const name of [pathToFileURL(source.path).href, source.path]) {
      const at = line.indexOf(`${name}:`);
      const number = at < 0 ? undefined : /^\d+/.exec(line.slice(at + name.length + 1))?.[0];
      if (number !== undefined) return `${source.fileName}:${number}`;
    }
  }
  return undefined;
}

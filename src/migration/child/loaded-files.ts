import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/**
 * SHA-256 of the files that user code has loaded, by path. Of a package its package.json, which has the version, stands
 * for all of them.
 */
export class LoadedFiles {
  readonly #files = new Map<string, string>();

  get all(): ReadonlyMap<string, string> {
    return this.#files;
  }

  add(path: string): void {
    if (isOurs(path)) return;
    const folder = packageOf(path);
    const file = folder === undefined ? path : join(folder, 'package.json');
    if (this.#files.has(file)) return;
    try {
      this.#files.set(file, hash('sha256', readFileSync(file), 'hex'));
    } catch {
      // Node says by itself that it cannot read a file; a package without a package.json is none.
    }
  }
}

/** Whether a file is part of this program, and not of what it runs. */
export function isOurs(path: string): boolean {
  return path.startsWith(dirname(process.argv[1] ?? '') + sep);
}

/** The folder of the package that a file belongs to; undefined for the project's own. */
export function packageOf(path: string): string | undefined {
  const folder = `${sep}node_modules${sep}`;
  const at = path.lastIndexOf(folder);
  if (at < 0) return undefined;
  const [scope = '', name = ''] = path.slice(at + folder.length).split(sep);
  return path.slice(0, at) + folder + (scope.startsWith('@') ? join(scope, name) : scope);
}

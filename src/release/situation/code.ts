import { realpathSync } from 'node:fs';
import { basename, dirname, relative, sep } from 'node:path';
import type { MigrationFile } from '../../migration/types.ts';
import type { Run } from '../run.ts';

/**
 * What the project's code has loaded beside the migrations themselves, whose checksums are in the plan: SHA-256 by path
 * from the project's folder, with slashes on every system. Of packages it is their package.json.
 */
export type Code = ReadonlyMap<string, string>;

/** A file that was not the same each time that it was loaded: no checksum is this. */
const changedMeanwhile = '';

/** Gathers it from the processes that load code, one after the other. */
export class GatheredCode {
  readonly #root: string;
  readonly #migrations: string;
  readonly #names: ReadonlySet<string>;
  readonly #code: Map<string, string>;

  constructor({ invocation }: Run, migrations: Iterable<MigrationFile>, before: Code = new Map()) {
    this.#root = real(invocation.baseDir);
    this.#migrations = real(invocation.migrationsDir);
    this.#names = new Set(Array.from(migrations, ({ fileName }) => fileName));
    this.#code = new Map(before);
  }

  get code(): Code {
    return this.#code;
  }

  /** To be handed to a process, as `ChildSettings.onLoaded`. */
  readonly add = (files: ReadonlyMap<string, string>): void => {
    for (const [path, checksum] of files) {
      if (dirname(path) === this.#migrations && this.#names.has(basename(path))) continue;
      const name = relative(this.#root, path).replaceAll(sep, '/');
      const same = (this.#code.get(name) ?? checksum) === checksum;
      this.#code.set(name, same ? checksum : changedMeanwhile);
    }
  };
}

/** Modules are known by their real paths. */
export function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

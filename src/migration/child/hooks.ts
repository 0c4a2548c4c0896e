import { readFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Connections } from './connections.ts';
import { isOurs, LoadedFiles, packageOf } from './loaded-files.ts';
import { type Mongoose, prepareMongoose } from './mongoose.ts';
import { Processes } from './processes.ts';
import { wordsOf } from './source.ts';

const packageName = 'mongo-release-action';
const virtualUrl = 'mongo-release:define-migration';

/** What `mongo-release-action` is inside a migration, also where the project has not installed it. */
const virtualSource = `
exports.defineMigration = (migration) =>
  Object.defineProperty(migration, Symbol.for('mongo-release.migration'), { value: 1 });
`;

/** What user code has loaded so far; grows as it loads more. */
export interface LoadedCode {
  /** The copies of Mongoose, by the path of their main file. */
  readonly mongooses: ReadonlyMap<string, Mongoose>;
  /** The words of the project's own code, packages left out: what an author wrote is no document's value. */
  readonly words: ReadonlySet<string>;
  readonly connections: Connections;
  readonly files: LoadedFiles;
  readonly processes: Processes;
}

/**
 * Answers `import 'mongo-release-action'` and sets every copy of Mongoose up before models are compiled with it: from
 * then on it builds no indexes and makes no collections by itself. Every copy of the driver tells before it connects.
 */
export function registerHooks(): LoadedCode {
  const words = new Set<string>();
  const connections = new Connections();
  const loaded = new Map<string, Mongoose>();
  const seen = new Set<string>();
  const files = new LoadedFiles();
  module.registerHooks({
    resolve(specifier, context, next) {
      if (specifier === packageName) return { url: virtualUrl, format: 'commonjs', shortCircuit: true };
      const resolved = next(specifier, context);
      // Not in `load`: what tsx takes over never comes there.
      if (resolved.url.startsWith('file:')) files.add(fileURLToPath(resolved.url));
      const known = specifier === 'mongoose' || specifier === 'mongodb';
      if (!known || !resolved.url.startsWith('file:') || seen.has(resolved.url)) return resolved;
      seen.add(resolved.url);
      const path = fileURLToPath(resolved.url);
      if (specifier === 'mongodb') {
        connections.watch(createRequire(path)(path));
        return resolved;
      }
      // All files of one copy share the instance that `require` gives.
      const mongoose = createRequire(resolved.url)('mongoose') as Mongoose;
      prepareMongoose(mongoose);
      loaded.set(path, mongoose);
      return resolved;
    },
    load(url, context, next) {
      if (url === virtualUrl) return { format: 'commonjs', source: virtualSource, shortCircuit: true };
      if (isProjectCode(url)) for (const word of readWords(fileURLToPath(url))) words.add(word);
      return next(url, context);
    },
  });
  return { mongooses: loaded, words, connections, files, processes: new Processes() };
}

/** Code only: a .json that a migration loads may well hold data. */
function isProjectCode(url: string): boolean {
  if (!url.startsWith('file:') || !/\.[cm]?[jt]s$/.test(url)) return false;
  const path = fileURLToPath(url);
  return packageOf(path) === undefined && !isOurs(path);
}

function readWords(path: string): string[] {
  try {
    return wordsOf(readFileSync(path, 'utf8'));
  } catch {
    // Node says by itself that it cannot read the file.
    return [];
  }
}

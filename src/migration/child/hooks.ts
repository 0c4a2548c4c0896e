import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Mongoose, prepareMongoose } from './mongoose.ts';

const packageName = 'mongo-release-action';
const virtualUrl = 'mongo-release:define-migration';

/** What `mongo-release-action` is inside a migration, also where the project has not installed it. */
const virtualSource = `
exports.defineMigration = (migration) =>
  Object.defineProperty(migration, Symbol.for('mongo-release.migration'), { value: 1 });
`;

/** The copies of Mongoose that user code has loaded, by the path of their main file. */
export type LoadedMongoose = ReadonlyMap<string, Mongoose>;

/**
 * Answers `import 'mongo-release-action'` and sets every copy of Mongoose up before models are compiled with it: from
 * then on it builds no indexes and makes no collections by itself.
 */
export function registerHooks(): LoadedMongoose {
  const loaded = new Map<string, Mongoose>();
  const seen = new Set<string>();
  module.registerHooks({
    resolve(specifier, context, next) {
      if (specifier === packageName) return { url: virtualUrl, format: 'commonjs', shortCircuit: true };
      const resolved = next(specifier, context);
      if (specifier !== 'mongoose' || !resolved.url.startsWith('file:') || seen.has(resolved.url)) return resolved;
      seen.add(resolved.url);
      // All files of one copy share the instance that `require` gives.
      const mongoose = createRequire(resolved.url)('mongoose') as Mongoose;
      prepareMongoose(mongoose);
      loaded.set(fileURLToPath(resolved.url), mongoose);
      return resolved;
    },
    load(url, context, next) {
      if (url !== virtualUrl) return next(url, context);
      return { format: 'commonjs', source: virtualSource, shortCircuit: true };
    },
  });
  return loaded;
}

import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/**
 * What tests start as `mongo-release`. The global setup names the bundle where that is what these sources build: it is what
 * users run, and it starts in half the time. Without it the sources.
 */
export const program = process.env.MONGO_RELEASE_TEST_PROGRAM || join(root, 'test', 'cli', 'entry.ts');

/** What any process of ours needs to run, and what makes it start sooner. */
export const programEnvironment: Readonly<Record<'PATH' | 'HOME' | 'NODE_COMPILE_CACHE', string>> &
  Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  // Spares each run half a second of stripping types.
  NODE_COMPILE_CACHE: join(root, 'tmp', 'compile-cache'),
  ...(process.env.MONGO_RELEASE_MONGOD && { MONGO_RELEASE_MONGOD: process.env.MONGO_RELEASE_MONGOD }),
};

import type { TestProject } from 'vitest/node';

/** Gives all test files one replica set. MONGO_RELEASE_TEST_URI names a running one to use instead. */
export default async function setup(project: TestProject): Promise<void> {
  const uri = process.env.MONGO_RELEASE_TEST_URI;
  if (uri === undefined) throw new Error('Set MONGO_RELEASE_TEST_URI.');
  project.provide('mongoUri', uri);
}

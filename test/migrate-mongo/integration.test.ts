import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { realMongod } from '../sandbox/lab.ts';
import { program, programEnvironment } from '../setup/program.ts';
import { migrateMongoPackage } from './upstream.ts';

const root = resolve(import.meta.dirname, '../..');
const packages = join(root, 'node_modules');
const limit = 1_800_000;

test("migrate-mongo's own integration tests pass against mongo-release", { timeout: limit }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'migrate-mongo-cases-'));
  try {
    await lay(folder);
    const report = join(folder, 'report.json');
    const { output } = await runCases(folder, report);
    const { testResults, numPassedTests, numFailedTests, numTotalTests } = JSON.parse(
      await readFile(report, 'utf8').catch(() => {
        throw new Error(`The cases did not run:\n${output}`);
      }),
    );
    const cases = testResults.flatMap((file: { assertionResults: unknown[] }) => file.assertionResults);
    const failed = cases.filter((one: { status: string }) => one.status !== 'passed');
    expect(
      failed.map(({ fullName, failureMessages }: Record<string, unknown>) => ({ fullName, failureMessages })),
    ).toEqual([]);
    expect({ numPassedTests, numFailedTests, numTotalTests }).toEqual({
      numPassedTests: 63,
      numFailedTests: 0,
      numTotalTests: 63,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Their test beside a shim in the place of their command: what it spawns is our command line. */
async function lay(folder: string): Promise<void> {
  const cases = join(folder, 'test', 'integration.test.js');
  await mkdir(dirname(cases));
  const theirs = await readFile(join(await migrateMongoPackage(), 'test', 'integration.test.js'), 'utf8');
  // Their time limits are those of an idle machine.
  await writeFile(cases, theirs.replaceAll(/^( *\}), \d+\);$/gm, '$1);'));
  await mkdir(join(folder, 'bin'));
  const entry = pathToFileURL(program).href;
  await writeFile(join(folder, 'bin', 'migrate-mongo.js'), `import(${JSON.stringify(entry)});\n`);
  await mkdir(join(folder, 'node_modules'));
  for (const [name, from] of [
    ['mongodb', 'mongodb'],
    ['vitest', 'vitest'],
    // The package that they import is this one, and a download of a server when it is installed.
    ['mongodb-memory-server', 'mongodb-memory-server-core'],
  ] as const)
    await symlink(join(packages, from), join(folder, 'node_modules', name));
  await writeFile(join(folder, 'package.json'), '{ "name": "cases", "private": true }\n');
  await writeFile(
    join(folder, 'vitest.config.mjs'),
    'export default { test: { globals: true, include: ["test/**/*.test.js"], testTimeout: 600000, hookTimeout: 600000 } };\n',
  );
}

async function runCases(folder: string, report: string): Promise<{ readonly output: string }> {
  // They spawn the `node` of PATH: that is to be the one that runs us.
  const path = [dirname(process.execPath), programEnvironment.PATH].join(delimiter);
  const words = [join(packages, 'vitest', 'vitest.mjs'), 'run', '--root', folder, '--reporter=json'];
  const env = {
    ...{ ...programEnvironment, PATH: path },
    MONGOMS_SYSTEM_BINARY: await realMongod(),
    MONGOMS_SYSTEM_BINARY_VERSION_CHECK: 'false',
  };
  return new Promise((done) => {
    execFile(
      process.execPath,
      [...words, `--outputFile=${report}`],
      { cwd: folder, env, timeout: limit, maxBuffer: 64 * 1024 * 1024 },
      // Cases that fail end it with 1: the report says which.
      (_, stdout, stderr) => done({ output: stdout + stderr }),
    );
  });
}

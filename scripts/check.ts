/** Everything but the tests that has to hold before a commit: `npm run check`. All of it runs, also after a failure. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { noteBuilt } from './built.ts';
import { compareBundle, makeBundle } from './bundle.ts';

const root = dirname(import.meta.dirname);
const packages = join(root, 'node_modules');

interface Check {
  readonly name: string;
  /** What to type when it fails. */
  readonly remedy: string;
  /** Throws what is wrong. */
  readonly run: () => Promise<void>;
}

const checks: readonly Check[] = [
  {
    name: 'format, lint, import directions',
    remedy: 'npm run format',
    run: () =>
      node(
        join(packages, '@biomejs', 'biome', 'bin', 'biome'),
        'ci',
        ...(process.stdout.isTTY ? [] : ['--colors=off']),
      ),
  },
  {
    name: 'types',
    remedy: 'correct the lines that tsc names',
    run: () => node(join(packages, 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'),
  },
  {
    name: 'generated files',
    remedy: 'npm run generate',
    run: () => node(join(root, 'scripts', 'generate.ts'), '--check'),
  },
  {
    name: 'dist is what the sources build',
    remedy: 'npm run build',
    run: async () => {
      const stale = await compareBundle(await makeBundle(), join(root, 'dist'));
      if (stale.length > 0) throw new Error(`dist differs in ${stale.join(', ')}`);
      await noteBuilt();
    },
  },
];

/** Runs a script with the Node that runs this one; its output is shown as it comes. Throws when it ends with anything but 0. */
function node(script: string, ...args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`ended with ${code ?? 'a signal'}`))));
  });
}

const failed: Check[] = [];
for (const check of checks) {
  const started = performance.now();
  const error = await check.run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${error === undefined ? '✔' : '✘'} ${check.name} (${seconds} s)`);
  if (error === undefined) continue;
  failed.push(check);
  console.error(`  ${error instanceof Error ? error.message : error}`);
}
const [first] = failed;
if (first !== undefined) {
  const more = failed.length > 1 ? `, and ${failed.length - 1} more` : '';
  console.error(`\nFailed: ${first.name}${more}\n→ ${first.remedy}`);
  process.exitCode = 1;
}

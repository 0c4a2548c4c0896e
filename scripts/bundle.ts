import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { numberChunks } from './chunk-numbers.ts';

const root = dirname(import.meta.dirname);

/** File names of the bundle with their content; equal sources give equal bytes. */
export type Bundle = ReadonlyMap<string, string>;

interface NccOutput {
  readonly code: string;
  readonly assets: Record<string, { readonly source: string | Buffer }>;
}
type Ncc = (entry: string, options: Record<string, unknown>) => Promise<NccOutput>;

/**
 * What belongs into `dist/`: the sources through tsc, then through ncc with their packages and the licences of these.
 *
 * It is not minified: who pins this action by its SHA can read what runs. Chunks keep the three doors apart, so that
 * none of them reads the others' code. Throws when tsc or ncc has something to complain about.
 */
export async function makeBundle(): Promise<Bundle> {
  // Inside the project, since packages are found from the emitted files upwards; in a folder of its own, so that two
  // builds do not meet. Ids of modules are made from paths relative to the working folder: so this is the working folder.
  await mkdir(join(root, 'build'), { recursive: true });
  const folder = await mkdtemp(join(root, 'build', 'bundle-'));
  const before = process.cwd();
  try {
    process.chdir(folder);
    const emitted = join(folder, 'emitted');
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', emitted];
    const compiled = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (compiled.status !== 0) throw new Error(`tsc: ${compiled.stdout}${compiled.stderr}`);
    return await pack(emitted);
  } finally {
    process.chdir(before);
    await rm(folder, { recursive: true });
  }
}

async function pack(emitted: string): Promise<Bundle> {
  // ncc's own use of a deprecated call of Node's is nothing that a reader of a build could act on.
  process.noDeprecation = true;
  const ncc: Ncc = createRequire(import.meta.url)('@vercel/ncc');
  const { code, assets } = await ncc(join(emitted, 'index.js'), {
    cache: false,
    esm: true,
    // ncc copies what it takes for an asset: `dirname(import.meta.url)` would bring a whole folder. We have none.
    filterAssetBase: join(emitted, 'assets'),
    license: 'licenses.txt',
    quiet: true,
    sourceMap: false,
    target: 'es2022',
  });
  const files = new Map<string, string>([
    ['index.js', code],
    ['child.js', "import { child } from './index.js';\n\nawait child();\n"],
    ['package.json', '{ "type": "module" }\n'],
  ]);
  for (const [name, { source }] of Object.entries(assets)) files.set(name, String(source));
  return new Map([...numberChunks(files)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Makes a folder hold the bundle and nothing else. */
export async function writeBundle(bundle: Bundle, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) if (!bundle.has(name)) await rm(join(folder, name), { recursive: true });
  for (const [name, content] of bundle) await writeFile(join(folder, name), content);
}

/** Names of the files in which a folder is not the bundle: missing, different, or more than it. */
export async function compareBundle(bundle: Bundle, folder: string): Promise<string[]> {
  const present = await readdir(folder).catch(() => []);
  const stale = present.filter((name) => !bundle.has(name));
  for (const [name, content] of bundle) {
    const there = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (there !== content) stale.push(name);
  }
  return stale.sort();
}

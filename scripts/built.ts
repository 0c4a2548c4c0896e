/** Whether `dist/` is known to be what these sources build: building it anew to find out takes longer than a test. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const note = join(root, 'tmp', 'built');
const folders = ['dist', 'scripts', 'src'];
const files = ['package-lock.json', 'tsconfig.build.json', 'tsconfig.json'];

/** To be called where it has just been seen to be so. */
export async function noteBuilt(): Promise<void> {
  await mkdir(dirname(note), { recursive: true });
  await writeFile(note, await digest());
}

/** Whether nothing has changed since, neither there nor in what it is built from. */
export async function isBuilt(): Promise<boolean> {
  const noted = await readFile(note, 'utf8').catch(() => undefined);
  return noted !== undefined && noted === (await digest());
}

async function digest(): Promise<string> {
  const hash = createHash('sha256');
  const listed = folders.map(async (folder) =>
    (await readdir(join(root, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const paths = [...files.map((file) => join(root, file)), ...(await Promise.all(listed)).flat()];
  for (const path of paths.sort()) hash.update(`${path}\0`).update(await readFile(path));
  return hash.digest('hex');
}

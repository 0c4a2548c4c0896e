import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const standIn = fileURLToPath(new URL('./mongodump-stand-in.ts', import.meta.url));

/** Makes the stand-in the `mongodump` of whoever has this folder on PATH. */
export async function installMongodump(folder: string): Promise<void> {
  const program = path.join(folder, 'mongodump');
  await writeFile(
    program,
    `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${standIn}' "$@"\n`,
  );
  await chmod(program, 0o755);
}

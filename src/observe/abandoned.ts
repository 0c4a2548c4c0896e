import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processRuns } from './process.ts';

/** Name of a folder that this process removes itself, unless it is killed; for `mkdtemp`. */
export function ownPrefix(kind: string): string {
  return `${kind}${process.pid}-`;
}

/** Removes such folders of processes that are gone: what is in them is nobody's to find. Best effort. */
export async function removeAbandoned(tmpdir: string, kind: string): Promise<void> {
  for (const name of await readdir(tmpdir).catch(() => [])) {
    const pid = new RegExp(`^${kind}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || processRuns(Number(pid))) continue;
    // Of another user, perhaps.
    await rm(join(tmpdir, name), { recursive: true, force: true }).catch(() => {});
  }
}

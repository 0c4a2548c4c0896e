import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../observe/log.ts';
import { processRuns } from '../observe/process.ts';
import { runCommand } from './command.ts';
import { folderPrefix } from './supervisor.ts';

/** A folder younger than this may belong to a sandbox that is just starting and has not noted its process yet. */
const defaultGraceMs = 60_000;

/**
 * Removes what sandboxes left behind whose supervising process was killed too (a runner that kills everything, a
 * machine that lost power): the server, if it still runs, and the folder. Best effort; folders of other users stay.
 */
export async function removeLeftovers(tmpdir: string, log: Log, graceMs = defaultGraceMs): Promise<void> {
  const names = await readdir(tmpdir).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(folderPrefix))) {
    const folder = join(tmpdir, name);
    try {
      const info = await stat(folder);
      if (!info.isDirectory() || info.uid !== process.getuid?.()) continue;
      if (Date.now() - info.ctimeMs < graceMs) continue;
      if (await isRunning(await notedPid(folder, 'supervisor.pid'), folder)) continue;
      await removeFolder(folder);
      log.debug('Removed what an earlier sandbox left behind.', { folder });
    } catch {
      // Somebody else removes it at this moment, or it is not ours to remove.
    }
  }
}

/**
 * Kills the server that works in this folder, if one is seen to, and removes the folder. Where no command line can be read
 * nobody is killed: the number may be another process's by now. That server ends by itself, with no files to write to.
 */
export async function removeFolder(folder: string): Promise<void> {
  const pid = await notedPid(folder, 'mongod.pid');
  if (pid !== undefined && (await worksIn(pid, folder)) === true) {
    process.kill(pid, 'SIGKILL');
    for (let i = 0; i < 100 && (await worksIn(pid, folder)); i++) await new Promise((done) => setTimeout(done, 50));
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function notedPid(folder: string, file: string): Promise<number | undefined> {
  const text = await readFile(join(folder, file), 'utf8').catch(() => '');
  const pid = Number(text);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** Whether this process runs. Where its command line cannot be read, a process of that number counts. */
async function isRunning(pid: number | undefined, folder: string): Promise<boolean> {
  return pid !== undefined && ((await worksIn(pid, folder)) ?? processRuns(pid));
}

/** Whether the command line of this process names the folder, since numbers are used again; undefined where nobody can tell. */
async function worksIn(pid: number, folder: string): Promise<boolean | undefined> {
  if (process.platform === 'win32') return undefined;
  if (process.platform === 'linux') {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return commandLine.includes(folder);
  }
  const listed = await runCommand('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
    variables: {},
    timeoutMs: 5000,
  });
  return listed.kind === 'exited' ? listed.stdout.includes(folder) : undefined;
}

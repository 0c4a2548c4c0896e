import { statfs } from 'node:fs/promises';
import { connect } from '../mongo/connect.ts';
import { findOnPath } from './binary.ts';
import { runCommand } from './command.ts';
import { markerDatabase } from './marker.ts';
import type { SandboxOptions } from './sandbox.ts';

/**
 * Bytes that are free where a sandbox that is started so will keep its data: the temporary folder, Docker's storage, or the
 * disk of the server that is named. `null` where nobody can tell. Throws nothing.
 */
export async function freeForSandbox(
  options: Pick<SandboxOptions, 'environment' | 'sandboxUri' | 'mongod' | 'secrets' | 'signal'>,
): Promise<number | null> {
  const { environment, sandboxUri, mongod } = options;
  if (sandboxUri) return freeOnServer(sandboxUri, options);
  if (mongod || (await findOnPath('mongod', environment.path)) !== undefined) return freeIn(environment.tmpdir);
  const docker = await findOnPath('docker', environment.path);
  return docker === undefined ? freeIn(environment.tmpdir) : freeInDocker(docker, options);
}

async function freeOnServer(uri: string, { secrets }: Pick<SandboxOptions, 'secrets'>): Promise<number | null> {
  try {
    await using connection = await connect(uri, { database: markerDatabase, secrets });
    // The disk is the server's, and of a database that is not there yet it tells nothing.
    const stats = await connection.client.db('admin').command({ dbStats: 1 });
    return stats.fsTotalSize > 0 ? Number(stats.fsTotalSize) - Number(stats.fsUsedSize) : null;
  } catch {
    return null;
  }
}

/** Where its engine does not answer, the sandbox comes from elsewhere, and its data are in the temporary folder. */
async function freeInDocker(
  docker: string,
  { environment, signal }: Pick<SandboxOptions, 'environment' | 'signal'>,
): Promise<number | null> {
  const asked = await runCommand(docker, ['info', '--format', '{{.DockerRootDir}}'], {
    ...{ variables: environment.variables, timeoutMs: 10_000, signal },
  });
  const folder = asked.kind === 'exited' && asked.code === 0 ? asked.stdout.trim() : '';
  return freeIn(folder === '' ? environment.tmpdir : folder);
}

async function freeIn(folder: string): Promise<number | null> {
  const stats = await statfs(folder).catch(() => undefined);
  return stats === undefined ? null : stats.bavail * stats.bsize;
}

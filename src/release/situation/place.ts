import { isAbsolute, relative } from 'node:path';
import type { Finding } from '../../observe/finding.ts';
import type { Run } from '../run.ts';

/**
 * The folder that places in reports start from: the checkout in a workflow, since that is how GitHub finds a file, and
 * elsewhere the folder of the configuration.
 */
export function sourceRoot({ invocation, env }: Run): string {
  const checkout = env.GITHUB_WORKSPACE;
  return checkout && isWithin(checkout, invocation.baseDir) ? checkout : invocation.baseDir;
}

/** A finding with its file relative to a folder; one outside of it keeps its whole path. */
export function placedIn(root: string, finding: Finding): Finding {
  const { file } = finding.place;
  if (file === undefined || !isWithin(root, file)) return finding;
  return { ...finding, place: { ...finding.place, file: relative(root, file) } };
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith('..') && !isAbsolute(way);
}

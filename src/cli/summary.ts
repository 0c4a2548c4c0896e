import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../observe/log.ts';
import type { Ended } from '../release/result.ts';

interface Keeping {
  /** What `--summary` names. */
  readonly file: string | undefined;
  /** Whether the document goes to standard output. */
  readonly json: boolean;
  /** Whether a person reads it on a screen, which has no room for all of it. */
  readonly screen: boolean | undefined;
  readonly log: Log;
}

/**
 * Writes the summary where one is asked for, and where a screen leaves something out that nobody could see otherwise:
 * what was applied is not applied again. Where all of it stands comes back; undefined where it is to be shown.
 *
 * What was done stays done where its summary cannot be written: that is said, and changes no exit code.
 */
export async function keepWhole(ended: Ended, { file, json, screen, log }: Keeping): Promise<string | undefined> {
  const { renderSummary } = await import('../report/summary.ts');
  const { leavesOut } = await import('../report/text.ts');
  if (file !== undefined) {
    try {
      await writeFile(file, renderSummary(ended));
      return file;
    } catch (error) {
      log.warn(`The summary cannot be written to ${file} (${(error as NodeJS.ErrnoException).code}).`);
    }
  }
  if (json) return 'standard output';
  if (!screen || !leavesOut(ended)) return undefined;
  try {
    // Of this user alone.
    const kept = join(await mkdtemp(join(tmpdir(), 'mongo-release-')), 'summary.md');
    await writeFile(kept, renderSummary(ended));
    return kept;
  } catch {
    return undefined;
  }
}

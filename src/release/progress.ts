import type { RestoreOptions } from '../backup/restore.ts';
import type { Log } from '../observe/log.ts';

/** How often a long step says how far it is, in milliseconds. */
const interval = 5000;

/** A function to be called as often as one likes: every few seconds it lets one call through to the log. */
export function progressLog(log: Log): (message: string, fields: Readonly<Record<string, number | string>>) => void {
  let last = performance.now();
  return (message, fields) => {
    if (performance.now() - last < interval) return;
    last = performance.now();
    log.info(message, fields);
  };
}

/** For `restoreBackup`: how far a restore is. */
export function restoreProgress(log: Log): RestoreOptions['onProgress'] {
  const say = progressLog(log);
  return ({ namespace, documents, totalDocuments }) =>
    say('Restoring.', { collection: namespace, documents, of: totalDocuments });
}

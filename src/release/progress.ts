import type { RestoreOptions } from '../backup/restore.ts';
import type { Log } from '../observe/log.ts';
import { formatBytes } from '../report/format.ts';

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

/** The same for a step that knows how many bytes it is about: with rate and time left. */
export function bytesProgress(log: Log, message: string): (done: number, of: number) => void {
  const started = performance.now();
  const say = progressLog(log);
  return (done, of) => {
    const seconds = (performance.now() - started) / 1000;
    const rate = done / Math.max(seconds, 0.001);
    const left = Math.max(0, of - done) / Math.max(rate, 1);
    say(message, {
      done: `${formatBytes(done)} of ${formatBytes(Math.max(of, done))}`,
      rate: `${formatBytes(rate)}/s`,
      left: left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`,
    });
  };
}

/** For `restoreBackup`: how far a restore is. */
export function restoreProgress(log: Log): RestoreOptions['onProgress'] {
  const say = bytesProgress(log, 'Restoring.');
  return ({ total }) => say(total.bytes, total.expectedBytes);
}

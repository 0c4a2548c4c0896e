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

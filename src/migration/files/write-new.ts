import { mkdir, readdir } from 'node:fs/promises';

/**
 * Writes a new file into the folder, which is made where there is none. Its name begins with `yyyyMMddHHmmss` in UTC, so
 * that files of several people sort alike: by now, and later than every other one's there, so that those which are made
 * within one second run in the order in which they were made. `write` is called once more where another process was
 * first, and may not write over what is there (`wx`).
 */
export async function writeNew<T>(dir: string, now: Date, write: (stamp: string) => Promise<T>): Promise<T> {
  await mkdir(dir, { recursive: true });
  for (;;) {
    const stamps = (await readdir(dir)).flatMap((fileName) => /^\d{14}(?!\d)/.exec(fileName) ?? []);
    try {
      return await write([stampOf(now), ...stamps.map(next)].reduce((a, b) => (a > b ? a : b)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function stampOf(moment: Date): string {
  return moment.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

/** A second later; a month or an hour too many counts on, which is later as well. */
function next(stamp: string): string {
  const [year = 0, month = 0, ...rest] = stamp.match(/^\d{4}|\d\d/g)?.map(Number) ?? [];
  const [day, hour, minute, second = 0] = rest;
  return stampOf(new Date(Date.UTC(year, month - 1, day, hour, minute, second + 1)));
}

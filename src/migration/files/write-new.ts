import { mkdir, readdir } from 'node:fs/promises';
import { ReleaseError } from '../../observe/error.ts';

/**
 * Writes a new file into the folder, which is made where there is none. Its name begins with `yyyyMMddHHmmss` in UTC, so
 * that files of several people sort alike: by now, and later than every other time there, so that those which are made
 * within one second run in the order in which they were made. `write` is called once more where another process was
 * first, and may not write over what is there (`wx`).
 *
 * Throws `NO_LATER_NAME`; nothing is written then.
 */
export async function writeNew<T>(dir: string, now: Date, write: (stamp: string) => Promise<T>): Promise<T> {
  await mkdir(dir, { recursive: true });
  for (;;) {
    const stamp = stampAfter(await readdir(dir), now);
    try {
      return await write(stamp);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function stampAfter(fileNames: readonly string[], now: Date): string {
  const last = fileNames.find((fileName) => timeOf(fileName) === lastTime);
  if (last !== undefined) {
    throw new ReleaseError(
      'NO_LATER_NAME',
      `No time comes after that in the name of ${last}: a new file would run before it.`,
      {
        hint: 'Where it is applied nowhere yet, rename it, with the time at which it was made; else write the new file by hand, with a name that sorts after it.',
      },
    );
  }
  return stampOf(
    fileNames.reduce((latest, fileName) => Math.max(latest, (timeOf(fileName) ?? 0) + 1000), now.getTime()),
  );
}

/** What fourteen digits can say. */
const lastTime = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Undefined where it begins with no time: with other digits than fourteen, or with a thirteenth month. */
function timeOf(fileName: string): number | undefined {
  const [stamp] = /^\d{14}(?!\d)/.exec(fileName) ?? [];
  const [year = 0, month = 0, ...rest] = stamp?.match(/^\d{4}|\d\d/g)?.map(Number) ?? [];
  const [day, hour, minute, second] = rest;
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  return stamp !== undefined && stampOf(time) === stamp ? time : undefined;
}

function stampOf(time: number): string {
  return new Date(time).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

import * as z from 'zod';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The length in whole milliseconds of a text such as `500ms`, `30s`, `10m`, `24h` or `7d`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  // Timers take integers only, and 4.1 * 60000 is none.
  return Math.round(Number(match[1]) * units[match[2] as keyof typeof units]);
}

/** `4 s`, `2.5 s`, `100 s`, `1 h`: exactly that long, in the largest unit that needs one decimal at most. */
export function durationText(ms: number): string {
  const fits = (length: number) => ms >= length && (ms * 10) % length === 0;
  const [unit, length] = Object.entries(units).findLast(([, length]) => fits(length)) ?? ['ms', 1];
  return `${ms / length} ${unit === 'm' ? 'min' : unit}`;
}

/** Timers count in 32 bits with a sign; a longer one would end at once (https://nodejs.org/api/timers.html). */
const longestTimer = 2 ** 31 - 1;

/** A length of time in a file or flag: a number and a unit. Becomes milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(?:\.\d+)?(ms|s|m|h|d)$/, 'write a number and a unit, for example 30s, 10m or 24h')
  .transform((text) => parseDuration(text) as number);

/** A length of time that something may take. */
export const timeLimit = duration.refine((ms) => ms <= longestTimer, { message: 'a time limit is 24d or shorter' });

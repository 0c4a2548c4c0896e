import * as z from 'zod';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The length in milliseconds of a text such as `500ms`, `30s`, `10m`, `24h` or `7d`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  return Number(match[1]) * units[match[2] as keyof typeof units];
}

/** A length of time in a file or flag: a number and a unit. Becomes milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(?:\.\d+)?(ms|s|m|h|d)$/, 'write a number and a unit, for example 30s, 10m or 24h')
  .transform((text) => parseDuration(text) as number);

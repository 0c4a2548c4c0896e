import { durationText } from '../../config/duration.ts';
import type { Settings } from '../../config/schema.ts';
import { formatDuration } from '../../report/format.ts';
import type { DrillLimit } from './result.ts';

const words = {
  'recovery-time': (seen: string, limit: string) => `Recovery took ${seen} where ${limit} is the limit.`,
  'recovery-point': (seen: string, limit: string) => `The data are ${seen} old where ${limit} is the limit.`,
} as const;

/** Each limit that is configured, with what was seen. Pure. */
export function judgeLimits(
  settings: Settings['drill'],
  seen: Readonly<Partial<Record<keyof typeof words, number>>>,
): { readonly limits: readonly DrillLimit[]; readonly problems: readonly string[] } {
  const names = Object.keys(words) as (keyof typeof words)[];
  const problems: string[] = [];
  const limits = names.flatMap((name): DrillLimit[] => {
    const limitMs = settings[name];
    const seenMs = seen[name];
    if (limitMs === undefined) return [];
    if (seenMs === undefined) return [{ name, limitMs, state: 'unknown' }];
    const exceeded = seenMs > limitMs;
    if (exceeded) problems.push(words[name](formatDuration(seenMs), durationText(limitMs)));
    return [{ name, limitMs, seenMs, state: exceeded ? 'exceeded' : 'kept' }];
  });
  return { limits, problems };
}

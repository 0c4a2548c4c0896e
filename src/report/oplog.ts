import type { ExpectedOnTarget, RehearsalResult } from '../release/rehearsal/result.ts';
import { formatBytes, formatDuration } from './format.ts';

/** What is to be said where a migration may push out of the oplog what others still need. */
export function oplogWarning(
  name: string,
  { oplogBytes = 0, oplogMore = false }: ExpectedOnTarget,
  oplog: RehearsalResult['oplog'],
): string | undefined {
  if (oplog === undefined || !isTight({ oplogBytes, oplogMore }, oplog)) return undefined;
  const written = `${oplogMore ? 'more than' : 'about'} ${formatBytes(oplogBytes)}`;
  const holds = `which holds ${formatBytes(oplog.maxBytes)} and reaches back about ${formatDuration(oplog.reachMs)}`;
  return `${name} writes ${written} to the oplog of the target, ${holds}: a secondary or a change stream that is behind may not catch up.`;
}

/** More than half of it, or more than anybody has seen. */
export function isTight(
  { oplogBytes = 0, oplogMore }: Pick<ExpectedOnTarget, 'oplogBytes' | 'oplogMore'>,
  { maxBytes }: NonNullable<RehearsalResult['oplog']>,
): boolean {
  return oplogMore === true || oplogBytes > maxBytes / 2;
}

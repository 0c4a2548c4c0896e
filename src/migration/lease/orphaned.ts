import { setTimeout as sleep } from 'node:timers/promises';
import { answerWithin } from './clock.ts';
import { slowlyFencedForMs } from './fresh-fence.ts';
import { hasEnded } from './owner-process.ts';
import type { LeaseReading, LeaseRecord } from './record.ts';

/**
 * How long a lease is left alone once its owner is seen to have ended. The process that ran the migration may outlive
 * its parent: it leaves as soon as its event loop has a turn, and what no transaction takes it sends only while its
 * fence is fresh. After this time it has to show that again, as behind every takeover.
 */
const leaveMs = slowlyFencedForMs;

/** Whether the process that holds a lease has certainly ended: it gives no sign of life any more. */
export function isOrphaned({ document: { holder } }: LeaseReading): boolean {
  return holder?.process !== undefined && hasEnded(holder.process);
}

/**
 * Frees the lease of such a process, so that whoever comes next takes it with the next fence, as after any release:
 * what is left of the dead run is shut out by that. Changes nothing where somebody else was faster. Throws the signal's
 * reason, `SERVER_UNREACHABLE` and the driver's errors; may be repeated.
 */
export async function freeOrphaned(
  record: LeaseRecord,
  { document }: LeaseReading,
  { limitMs, signal }: { readonly limitMs: number; readonly signal?: AbortSignal },
): Promise<'freed' | 'moved'> {
  // An abort ends the pause early; what is thrown is its reason.
  await sleep(leaveMs, undefined, { signal }).catch(() => {});
  signal?.throwIfAborted();
  return answerWithin(limitMs, record.clear(document));
}

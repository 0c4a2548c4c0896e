import type { ReleaseError } from '../observe/error.ts';
import type { LastRead } from './child/protocol.ts';
import type { OperationRun } from './gate/operations.ts';
import type { Effects } from './types.ts';

interface Ended {
  /** What the gate saw up to the end; `unknown` counts what may or may not have happened. */
  readonly effects: Effects;
  /** What was sent, in order; equal neighbours are counted, and only the last 200 entries are kept. */
  readonly operations: readonly OperationRun[];
  /** Of `up` or `down` itself where it ran to its end, else of its process; milliseconds. */
  readonly durationMs: number;
  /** Lines that user code printed and nobody saw: they may hold documents' values. */
  readonly hiddenLines: number;
  /** Why the run can be taken up again or undone only in part; of a run that was killed they are not known. */
  readonly notes: readonly string[];
}

/** How the run of one migration ended. */
export type MigrationEnd =
  | (Ended & { readonly state: 'done' })
  /** The code threw, is no migration, could not connect, left calls dangling. */
  | (Ended & {
      readonly state: 'failed';
      readonly error: ReleaseError;
      readonly lastRead?: LastRead;
      /** Of the server's error, where that was it. */
      readonly serverCode?: number;
    })
  | (Ended & { readonly state: 'cancelled'; readonly error: ReleaseError })
  /** `blocked`: the process did not even answer any more, an endless loop for example. */
  | (Ended & { readonly state: 'timed-out'; readonly error: ReleaseError; readonly blocked: boolean })
  /** The process ended by itself: `process.exit`, a crash, a signal from elsewhere, no memory left. */
  | (Ended & {
      readonly state: 'exited';
      readonly error: ReleaseError;
      readonly exitCode: number | null;
      readonly signal: string | null;
    });

/**
 * Whether the target is as it was before: nothing changed, nothing is unknown. Calls that matched no document or were
 * refused by the server whole left nothing behind; what an aborted transaction did is not in the effects.
 */
export function leftTargetAsItWas({ effects }: { readonly effects: Effects }): boolean {
  const documents = effects.modified + effects.inserted + effects.deleted;
  const catalog =
    effects.indexesCreated.length +
    effects.indexesDropped.length +
    effects.collectionsCreated.length +
    effects.collectionsDropped.length +
    effects.otherChanges.length;
  return documents === 0 && catalog === 0 && effects.unknown === 0;
}

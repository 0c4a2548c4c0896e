import { sameBytes } from '../../mongo/raw-bson.ts';
import type { Step } from './step-back.ts';

/** Counts documents that are back: each once, at its oldest image. */
export class Tally {
  documents = 0;
  /** Of those: put in again, and taken out. */
  inserted = 0;
  deleted = 0;
  /** Of those: with what users have written since. */
  merged = 0;

  /** `existed`: whether it was there before any of it was undone. `now`: what it is at its oldest image. */
  add(
    existed: boolean,
    now: Uint8Array | undefined,
    { document, merged }: Extract<Step, { readonly state: 'back' }>,
  ): void {
    const exists = document !== undefined;
    // Back already, by an earlier undo or by a user.
    if (existed === (now !== undefined) && sameBytes(now, document)) return;
    // Made by the migration, and taken away by it.
    if (!existed && !exists) return;
    this.documents += 1;
    if (!existed) this.inserted += 1;
    if (!exists) this.deleted += 1;
    if (merged) this.merged += 1;
  }
}

import type { JournalEntry, StoredCall, StoredRead } from '../../journal/documents.ts';

/** What a write of user code is, as far as an earlier run's entries say. */
export type Claim =
  | { readonly kind: 'new' }
  | { readonly kind: 'recorded'; readonly entry: JournalEntry }
  /** A call inside a transaction that was committed. */
  | { readonly kind: 'call'; readonly call: StoredCall; readonly entry: JournalEntry };

/** What the journal asks of the replay. */
export interface ReplayPort {
  /** Waits until it is certain what the call is. Throws `REPLAY_DIVERGED`. */
  claim(fingerprint: string, options?: { readonly inTransaction?: boolean }): Promise<Claim>;
  /** Calls of a transaction that was aborted: user code will make them again. */
  rollBack(fingerprints: readonly string[]): void;
  /** Reads that were answered since the last call of this. */
  takeReads(): readonly StoredRead[];
}

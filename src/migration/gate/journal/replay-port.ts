import type { ReleaseError } from '../../../observe/error.ts';
import type { JournalEntry, StoredCall, StoredRead } from '../../journal/documents.ts';
import type { RawSession } from '../raw.ts';

/** What a write of user code is, as far as an earlier run's entries say. */
export type Claim =
  | { readonly kind: 'new' }
  | { readonly kind: 'recorded'; readonly entry: JournalEntry }
  /** A call inside a transaction that was committed. */
  | { readonly kind: 'call'; readonly call: StoredCall; readonly entry: JournalEntry };

/** What the journal asks of the replay; `../replay/replay.ts` says what each means. */
export interface ReplayPort {
  claim(fingerprint: string, options?: { readonly transaction?: RawSession }): Promise<Claim>;
  commit(transaction: RawSession): { readonly kind: 'new' } | { readonly kind: 'recorded' };
  committed(transaction: RawSession): void;
  rollBack(transaction: RawSession, writes?: boolean): void;
  /** Refuses everything from here on. */
  readonly progress: { diverge(how: string): ReleaseError };
  takeReads(transaction?: RawSession): readonly StoredRead[];
  readsStored(reads: readonly StoredRead[]): void;
}

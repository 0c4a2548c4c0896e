import type { JournalEntry, StoredCall } from '../../journal/documents.ts';

/** What a write of user code is, as far as an earlier run's entries say. */
export type Claim =
  | { readonly kind: 'new' }
  | { readonly kind: 'recorded'; readonly entry: JournalEntry }
  /** A call inside a transaction that was committed. */
  | { readonly kind: 'call'; readonly call: StoredCall; readonly entry: JournalEntry };

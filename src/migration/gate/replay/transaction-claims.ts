import type { JournalEntry, StoredCall } from '../../journal/documents.ts';
import type { RawSession } from '../raw.ts';
import type { Claim } from './claim.ts';
import type { Progress } from './progress.ts';

/** A recorded transaction that an open one of user code turned out to be. */
interface Bound {
  readonly entry: JournalEntry;
  /** Indexes into its calls that were not made yet. */
  readonly left: Set<number>;
}

/**
 * Transactions of user code in a replay. One is known by its first call; from there on every call has to be one of the
 * same entry, and at the commit all of them must have been made.
 */
export class TransactionClaims {
  readonly #entries: JournalEntry[];
  readonly #progress: Progress;
  readonly #open = new Map<RawSession, Bound | 'new'>();

  constructor(entries: readonly JournalEntry[], progress: Progress) {
    this.#entries = [...entries];
    this.#progress = progress;
  }

  async claim(fingerprint: string, session: RawSession): Promise<Claim> {
    let open = this.#open.get(session);
    if (open === undefined) {
      open = this.#bind(fingerprint);
      if (open === 'new' && !this.#progress.passed) await this.#progress.hold();
      this.#open.set(session, open);
    }
    if (open === 'new') return { kind: 'new' };
    const { entry, left } = open;
    for (const index of left) {
      const call = entry.calls?.[index];
      if (call?.fingerprint !== fingerprint) continue;
      if (call.result?.form === 'omitted') throw this.#progress.diverge(`the result of ${call.method} was not kept`);
      left.delete(index);
      this.#progress.moved();
      return { kind: 'call', call, entry };
    }
    throw this.#progress.diverge('a transaction has another call than before');
  }

  commit(session: RawSession): { readonly kind: 'new' } | { readonly kind: 'recorded'; readonly entry: JournalEntry } {
    const open = this.#open.get(session);
    this.#open.delete(session);
    if (open === undefined || open === 'new') return { kind: 'new' };
    if (open.left.size > 0) throw this.#progress.diverge('a transaction has fewer calls than before');
    this.#progress.claimed();
    return { kind: 'recorded', entry: open.entry };
  }

  /** Gives back what the session's open transaction has claimed; whether that was anything. */
  rollBack(session: RawSession): boolean {
    const open = this.#open.get(session);
    this.#open.delete(session);
    if (open === undefined || open === 'new') return false;
    this.#entries.unshift(open.entry);
    this.#progress.moved();
    return true;
  }

  missing(): StoredCall[] {
    const open = [...this.#open.values()].flatMap((bound) => (bound === 'new' ? [] : [bound.entry]));
    return [...open, ...this.#entries].flatMap(({ calls = [] }) => calls.slice(0, 1));
  }

  #bind(fingerprint: string): Bound | 'new' {
    const at = this.#entries.findIndex(({ calls }) => calls?.[0]?.fingerprint === fingerprint);
    const [entry] = at < 0 ? [] : this.#entries.splice(at, 1);
    if (entry === undefined) return 'new';
    return { entry, left: new Set((entry.calls ?? []).keys()) };
  }
}

import type { Call } from './call.ts';

export type OperationState = 'running' | 'done' | 'refused' | 'unknown';

/** Consecutive calls of the same method on the same collection with the same result, in the order they were sent. */
export interface OperationRun {
  readonly method: string;
  readonly namespace: string;
  readonly state: OperationState;
  readonly count: number;
  /** When the first was sent and the last answered; milliseconds since 1970 by this machine's clock. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

/** What stays in memory of a migration of millions of calls. */
const keptRuns = 200;

interface Entry {
  readonly method: string;
  readonly namespace: string;
  state: OperationState;
  count: number;
  readonly startedAt: number;
  endedAt?: number;
}

/** The record of what was sent, in order. Equal neighbours are counted, not listed. */
export class Operations {
  readonly #entries: Entry[] = [];

  /** Notes that a call is about to be sent; call the result with how it ended. */
  begin(call: Call, namespace: string): (state: Exclude<OperationState, 'running'>) => void {
    const entry: Entry = { method: call.method, namespace, state: 'running', count: 1, startedAt: Date.now() };
    this.#entries.push(entry);
    return (state) => {
      entry.state = state;
      entry.endedAt = Date.now();
      this.#fold(entry);
    };
  }

  runs(): OperationRun[] {
    return this.#entries.slice(-keptRuns).map((entry) => ({ ...entry }));
  }

  #fold(entry: Entry): void {
    const at = this.#entries.lastIndexOf(entry);
    // Parallel calls end in any order: both neighbours may have been waiting for this one.
    if (foldable(entry, this.#entries[at + 1])) this.#join(at);
    if (foldable(this.#entries[at - 1], entry)) this.#join(at - 1);
    if (this.#entries.length <= keptRuns) return;
    const oldest = this.#entries.findIndex(({ state }) => state !== 'running');
    if (oldest >= 0) this.#entries.splice(oldest, 1);
  }

  /** Makes one entry of this one and the next. */
  #join(at: number): void {
    const [entry, next] = this.#entries.slice(at, at + 2);
    if (entry === undefined || next === undefined) return;
    entry.count += next.count;
    entry.endedAt = Math.max(entry.endedAt ?? 0, next.endedAt ?? 0);
    this.#entries.splice(at + 1, 1);
  }
}

function foldable(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined || a.state === 'running') return false;
  return a.state === b.state && a.method === b.method && a.namespace === b.namespace;
}

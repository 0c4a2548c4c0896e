import type { ReleaseError } from '../../../observe/error.ts';
import { divergence } from './divergence.ts';

/** So long nothing may happen, while calls are held, before the replay counts as diverged; milliseconds. */
const quietDefault = 5000;
const tickMs = 50;

/** A tick that comes later than this says that the event loop was busy: user code was computing. */
const lateMs = 40;

export interface ProgressOptions {
  readonly quietMs?: number;
  /** What is left to check once everything was asked for; gives what differs, in words. */
  readonly check: () => Promise<string | undefined>;
  /** What was not asked for yet, in words. */
  readonly missing: () => string;
}

/**
 * How far a replay has got: what of the earlier run was not asked for yet, and the new calls that are held meanwhile.
 *
 * They are let go together, once everything was asked for and the last check found nothing. Where only held calls are
 * left, none of them can ever go on: the replay has diverged.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #held = new Set<PromiseWithResolvers<void>>();
  #expected: number;
  #underWay = 0;
  #activity = 0;
  #passed: boolean;
  #checking = false;
  #ticking = false;
  #diverged: ReleaseError | undefined;
  readonly #divergence = Promise.withResolvers<never>();

  constructor(expected: number, options: ProgressOptions) {
    this.#expected = expected;
    this.#passed = expected === 0;
    this.#options = options;
    this.#divergence.promise.catch(() => {});
  }

  /** Rejects when the replay diverges; user code need not be waited for then. */
  get divergence(): Promise<never> {
    return this.#divergence.promise;
  }

  /** Whether new calls go through. */
  get passed(): boolean {
    return this.#passed;
  }

  get diverged(): ReleaseError | undefined {
    return this.#diverged;
  }

  /** Whether everything was asked for. */
  get complete(): boolean {
    return this.#expected === 0 && this.#diverged === undefined;
  }

  /** One of the things that were expected was asked for. */
  claimed(): void {
    this.#expected -= 1;
    this.#activity += 1;
    this.#leaveWhenComplete();
  }

  /** What was asked for was given back: it will be asked for again. */
  givenBack(): void {
    this.#expected += 1;
    this.#activity += 1;
  }

  /** User code was given something. */
  moved(): void {
    this.#activity += 1;
  }

  /** Follows something that is sent during the replay: while it is under way nothing is decided. */
  async follow<T>(send: () => Promise<T>): Promise<T> {
    if (this.#passed) return send();
    this.#underWay += 1;
    try {
      return await send();
    } finally {
      this.#underWay -= 1;
      this.#activity += 1;
    }
  }

  /** Resolves once new calls may go through; rejects with `REPLAY_DIVERGED`. */
  async hold(): Promise<void> {
    this.refuseWhenDiverged();
    if (this.#passed) return;
    const held = Promise.withResolvers<void>();
    this.#held.add(held);
    this.#leaveWhenComplete();
    void this.#watch();
    await held.promise;
  }

  /** Ends the replay: everything that is held and everything later is refused. Gives the error for the caller to throw. */
  diverge(how: string): ReleaseError {
    this.#diverged ??= divergence(how);
    this.#divergence.reject(this.#diverged);
    for (const held of this.#held) held.reject(this.#diverged);
    this.#held.clear();
    return this.#diverged;
  }

  refuseWhenDiverged(): void {
    if (this.#diverged !== undefined) throw this.#diverged;
  }

  #leaveWhenComplete(): void {
    if (this.#passed || this.#checking || this.#expected > 0 || this.#held.size === 0) return;
    this.#checking = true;
    this.#options.check().then(
      (difference) => {
        this.#checking = false;
        // A transaction that was given back meanwhile is awaited again.
        if (difference !== undefined) this.diverge(difference);
        else if (this.#expected === 0) this.#leave();
      },
      (error: unknown) => {
        for (const held of this.#held) held.reject(error);
        this.#held.clear();
        this.#checking = false;
      },
    );
  }

  #leave(): void {
    if (this.#diverged !== undefined) return;
    this.#passed = true;
    for (const held of this.#held) held.resolve();
    this.#held.clear();
  }

  async #watch(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    const quietMs = this.#options.quietMs ?? quietDefault;
    let quiet = 0;
    let activity = this.#activity;
    while (this.#held.size > 0 && quiet < quietMs) {
      const begun = performance.now();
      await new Promise((resolve) => setTimeout(resolve, tickMs));
      const still = activity === this.#activity && this.#underWay === 0 && !this.#checking;
      const free = performance.now() - begun < tickMs + lateMs;
      if (!still) quiet = 0;
      else if (free) quiet += tickMs;
      activity = this.#activity;
    }
    this.#ticking = false;
    if (this.#held.size > 0) this.diverge(`it asks for something new, and never came to ${this.#options.missing()}`);
  }
}

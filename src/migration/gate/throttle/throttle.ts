import { setTimeout as sleep } from 'node:timers/promises';
import type { Throttle } from '../journal/context.ts';
import type { RawClient } from '../raw.ts';
import { readLoad } from './load.ts';
import { Replication } from './replication.ts';
import type { ThrottleSettings } from './settings.ts';

export interface ThrottleOptions {
  /** The client of the migration itself: its commands go around the gate. */
  readonly client: RawClient;
  readonly settings: ThrottleSettings;
  /** Tells a person why nothing seems to happen. */
  readonly say: (level: 'info' | 'warn', message: string) => void;
  /** Throws when nothing may be sent any more: that ends the waiting. */
  readonly refuseWhenClosed: () => void;
}

/** Milliseconds. */
const lookEvery = 1000;
const sayEvery = 5000;
/** How soon a closed gate ends the waiting. */
const step = 100;
/** A sample older than this says nothing about now. */
const stale = 5000;
/** Batches are cut for about 200 ms; one that takes this long tells of a busy server. */
const longBatch = 1000;
const longestRest = 2000;

interface Sample {
  readonly at: number;
  /** Why to wait, as a sentence; undefined where there is no reason. */
  readonly wait?: string;
}

/**
 * Waits between two batches while secondaries are too far behind or the primary has no room, and never for ever.
 *
 * It looks once a second at most, while batches go on; so the price of a look is no batch's. A look that fails is no
 * reason to wait. Where the user may not see the load, batches that take long are followed by a rest of their length.
 */
export class ServerThrottle implements Throttle {
  readonly #options: ThrottleOptions;
  readonly #replication: Replication;
  #last: Sample | undefined;
  #looking: Promise<Sample> | undefined;
  #waiting: Promise<void> | undefined;
  #resumedAt: number | undefined;
  #loadUnseen = false;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#replication = new Replication(options.client);
  }

  /** Rejects only with what `refuseWhenClosed` throws. */
  async pause(): Promise<void> {
    const now = performance.now();
    const age = now - (this.#last?.at ?? Number.NEGATIVE_INFINITY);
    const looked = age < lookEvery ? undefined : this.#look();
    if (age >= stale || this.#last?.wait !== undefined) await looked;
    if (this.#last?.wait !== undefined) {
      // Parallel operations wait together, and one of them says so.
      this.#waiting ??= this.#wait().finally(() => {
        this.#waiting = undefined;
      });
      await this.#waiting;
    } else if (this.#loadUnseen && this.#options.settings.serverLoad && this.#resumedAt !== undefined) {
      const took = now - this.#resumedAt;
      if (took >= longBatch) await this.#sleep(Math.min(took, longestRest));
    }
    this.#resumedAt = performance.now();
  }

  async #wait(): Promise<void> {
    const { say, settings } = this.#options;
    const from = performance.now();
    let saidAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      const waited = performance.now() - from;
      const why = this.#last?.wait;
      if (why === undefined) return say('info', `The migration goes on after a pause of ${seconds(waited)}.`);
      if (waited >= settings.maxPauseMs) {
        return say('warn', `${why} The migration waited ${seconds(waited)} for that, and goes on with one batch.`);
      }
      if (performance.now() - saidAt >= sayEvery) {
        say('info', `The migration waits between two batches: ${why}`);
        saidAt = performance.now();
      }
      await this.#sleep(Math.min(lookEvery, settings.maxPauseMs - waited));
      await this.#look();
    }
  }

  async #sleep(ms: number): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0; left = until - performance.now()) {
      this.#options.refuseWhenClosed();
      await sleep(Math.min(step, left));
    }
    this.#options.refuseWhenClosed();
  }

  #look(): Promise<Sample> {
    this.#looking ??= this.#sample().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #sample(): Promise<Sample> {
    const { client, settings } = this.#options;
    const [lag, load] = await Promise.all([
      this.#replication.lag().catch(() => undefined),
      settings.serverLoad && !this.#loadUnseen ? readLoad(client).catch(() => undefined) : undefined,
    ]);
    if (load?.state === 'unseen') this.#loadUnseen = true;
    const reasons = [
      lag !== undefined && lag.ms > settings.maxLagMs
        ? `${lag.of} ${lag.of.startsWith('the') ? 'are' : 'is'} ${seconds(lag.ms)} behind; ${seconds(settings.maxLagMs)} are allowed (migrations.throttle.max-lag)`
        : undefined,
      load?.state === 'busy' ? `the primary is busy with ${load.with}` : undefined,
    ].filter((reason) => reason !== undefined);
    const text = reasons.join(', and ');
    const wait = text === '' ? undefined : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
    this.#last = { at: performance.now(), ...(wait !== undefined && { wait }) };
    return this.#last;
  }
}

function seconds(ms: number): string {
  return ms < 950 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}

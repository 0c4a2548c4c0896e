import type { Backfill } from './description.ts';

/** How often a line is written, in milliseconds. */
const everyMs = 5000;

/**
 * Says now and then how far a batch is. What is left to do is counted only once it is clear that the batch takes long,
 * so that small ones cost nothing.
 */
export class Progress {
  readonly #backfill: Backfill;
  /** How many documents are left to do. */
  readonly #count: () => Promise<number>;
  readonly #before: number;
  readonly #started = performance.now();
  #said = performance.now();
  #total: number | undefined;
  #counting = false;
  #lines = 0;

  constructor(backfill: Backfill, done: number, count: () => Promise<number>) {
    this.#backfill = backfill;
    this.#before = done;
    this.#count = count;
  }

  /** To be called when so many documents are done in all. */
  advance(done: number): void {
    const now = performance.now();
    if (!this.#counting && now - this.#started > everyMs / 2) this.#countRest(done);
    if (now - this.#said < everyMs) return;
    this.#said = now;
    this.#lines += 1;
    const rate = ((done - this.#before) / (now - this.#started)) * 1000;
    const total = this.#total === undefined ? undefined : Math.max(this.#total, done);
    const of = total === undefined ? '' : ` of ${grouped(total)} (${Math.floor((done / total) * 100)} %)`;
    const left = total === undefined || rate === 0 ? '' : `, ${duration((total - done) / rate)} left`;
    this.#tell(`${grouped(done)}${of} documents, ${grouped(Math.round(rate))} a second${left}.`, {
      done,
      ...(total === undefined ? {} : { total }),
    });
  }

  /** Counts at once: for a batch whose done documents cannot be told from those that are left. */
  count(): void {
    if (!this.#counting) this.#countRest(0);
  }

  /** The last line, where there was one before. */
  end(done: number): void {
    if (this.#lines > 0) this.#tell(`all ${grouped(done)} documents are done.`, { done });
  }

  #countRest(done: number): void {
    this.#counting = true;
    this.#count().then(
      (rest) => {
        this.#total = done + rest;
      },
      // Then there is no total.
      () => {},
    );
  }

  #tell(text: string, fields: Readonly<Record<string, number>>): void {
    this.#backfill.tell('info', `${this.#backfill.title}: ${text}`, fields);
  }
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

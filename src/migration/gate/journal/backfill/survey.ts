import { shownId } from '../../../../mongo/shown-id.ts';
import { type Asking, ask } from './answers.ts';
import { isOutage } from './failure.ts';
import type { Place } from './order.ts';
import { pages } from './pages.ts';

/** What user code makes of all documents of a batch, the first that it failed for among them. */
export interface Survey {
  readonly failed: number;
  /** With those that are done. */
  readonly asked: number;
  /** Of the first that fail, as they may be shown. */
  readonly ids: readonly string[];
  /** Whether there are documents that were not asked about. */
  readonly more: boolean;
}

const mostIds = 10;
const longestMs = 10_000;

/**
 * Asks about every document after `start`, and does nothing with the answers: whoever corrects what a rehearsal ended at
 * wants to correct all of it. Only there, since user code may write by itself. Asks no more after ten seconds, nor once a
 * server is out. Undefined where that cannot be told; throws nothing.
 */
export async function survey(asking: Asking, start: Place | undefined, done: number): Promise<Survey | undefined> {
  const all: Asking = { ...asking, backfill: { ...asking.backfill, onError: 'quarantine' } };
  const { concurrency } = all.backfill;
  const until = performance.now() + longestMs;
  const ids: string[] = [];
  let failed = 0;
  let asked = done;
  try {
    for await (const { rows } of pages(all, start, done)) {
      for (let next = 0; next < rows.length; next += concurrency) {
        if (performance.now() > until) return { failed, asked, ids, more: true };
        for (const answer of await ask(rows.slice(next, next + concurrency), all)) {
          if (answer.write === undefined) {
            if (isOutage(answer)) return { failed, asked, ids, more: true };
            failed += 1;
            if (ids.length < mostIds) ids.push(shownId(answer.row.bytes));
          }
          asked += 1;
        }
      }
    }
  } catch {
    return undefined;
  }
  return { failed, asked, ids, more: false };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from '../gate/gate.ts';

/** Waits until no write is under way; false when the time ran out first. */
export async function settled(gate: Gate, limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (gate.books.writing().length > 0) {
    if (performance.now() > until) return false;
    await sleep(5);
  }
  return true;
}

/** Code that nobody waits for has at least this long to show itself; with reads still open, as long as the second. */
const quietMs = 20;
const readingMs = 400;

/**
 * Looks for calls that go on after the migration has returned: a missing `await`. Gives what is left over, in words;
 * an empty list when all is quiet.
 */
export async function dangling(gate: Gate): Promise<string[]> {
  const left = gate.books.writing();
  if (left.length > 0) return left;
  const transactions = gate.transactions.open().filter((session) => session !== gate.enclosing);
  if (transactions.length > 0) return ['a transaction that is neither committed nor aborted'];
  const begun = gate.books.begun;
  const start = performance.now();
  for (;;) {
    await sleep(5);
    if (gate.books.begun !== begun) return gate.books.writing().length > 0 ? gate.books.writing() : [gate.books.last()];
    const waited = performance.now() - start;
    if (waited >= readingMs || (waited >= quietMs && gate.reading === 0 && !gate.cursorOpen())) return [];
  }
}

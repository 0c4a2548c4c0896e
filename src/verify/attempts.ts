import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeSettings } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import type { Look, Probe, ProbeResult } from './probe.ts';

export interface Attempts {
  /** Time limit of one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Pause between two attempts, in milliseconds. */
  readonly intervalMs: number;
}

/** What the settings say, with the defaults that config/schema.ts documents. */
export function attemptsOf(settings: ProbeSettings): Attempts {
  return {
    timeoutMs: settings.timeout ?? 10_000,
    retries: settings.retries ?? 3,
    intervalMs: settings.interval ?? 2_000,
  };
}

/**
 * Looks until the probe passes or its attempts are used up; what the last attempt saw is the result. Once `signal` fires
 * the result is `unknown`, unless the probe had passed. Never throws for what the world outside does.
 */
export async function runAttempts(
  probe: Probe,
  { timeoutMs, retries, intervalMs }: Attempts,
  signal: AbortSignal,
  log: Log,
): Promise<ProbeResult> {
  const started = performance.now();
  let attempts = 0;
  let last: Look = { state: 'unknown', seen: 'cancelled before the first attempt' };
  while (!signal.aborted) {
    attempts += 1;
    last = await probe.look(timeoutMs, signal);
    if (last.state === 'passed') break;
    if (signal.aborted) {
      last = { state: 'unknown', seen: 'cancelled' };
      break;
    }
    if (last.final || attempts > retries) break;
    log.info(`Probe ${probe.name}: ${last.seen}; looking again.`, { attempt: attempts, of: retries + 1 });
    // An abort in the pause ends the loop by its condition.
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) last = { state: 'unknown', seen: `cancelled; the last attempt saw ${last.seen}` };
  }
  return {
    name: probe.name,
    state: last.state,
    expected: probe.expected,
    seen: last.seen,
    durationMs: Math.round(performance.now() - started),
    attempts,
  };
}

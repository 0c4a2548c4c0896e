import type { Db } from 'mongodb';
import type { ProbeSettings } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';

/** `unknown`: it could not be looked at, which is never a pass. */
export type ProbeState = 'passed' | 'failed' | 'unknown';

/** What one probe saw. Holds counts, statuses and names; never a document's value or a response's body. */
export interface ProbeResult {
  readonly name: string;
  readonly state: ProbeState;
  readonly expected: string;
  readonly seen: string;
  /** All attempts with their pauses. */
  readonly durationMs: number;
  readonly attempts: number;
}

/** One look. Only `passed` ends the attempts before they are used up. */
export interface Look {
  readonly state: ProbeState;
  readonly seen: string;
  /** Another attempt would see the same, such as a refused privilege. */
  readonly final?: boolean;
}

export interface ProbeContext {
  /** The target; probes only read from it. Undefined where the caller has no database: its probes are then unknown. */
  readonly db?: Db;
  /** The value of an environment variable that the configuration names. */
  readonly resolveEnv: (name: string) => string | undefined;
  readonly log: Log;
  /** Ends what is under way; the probes that were not finished are then unknown. */
  readonly signal: AbortSignal;
}

/** A probe whose settings were found to be right: from here on it can only look. */
export interface Probe {
  readonly name: string;
  readonly expected: string;
  /** Looks once, within `timeoutMs`. Throws only for defects of ours: what cannot be seen is `unknown`. */
  look(timeoutMs: number, signal: AbortSignal): Promise<Look>;
}

export type ProbeOf<Kind extends string> = Extract<ProbeSettings, Record<Kind, unknown>>;

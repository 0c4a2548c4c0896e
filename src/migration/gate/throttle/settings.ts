/** When to wait between two batches; the configuration's `migrations.throttle`. */
export interface ThrottleSettings {
  /** How far a secondary may be behind, in milliseconds; what it is delayed by on purpose does not count. */
  readonly maxLagMs: number;
  /** Whether to wait for a server that is short of memory or of turns for writers, too. */
  readonly serverLoad: boolean;
  /** After so many milliseconds of waiting one batch is let through: slow is better than never. */
  readonly maxPauseMs: number;
}

import type { ReleaseError } from '../observe/error.ts';
import type { Outcome } from '../observe/outcome.ts';
import type { Ended } from '../release/result.ts';

/**
 * The one document of `--json`: what the command has to say, with its outcome, and on failure the error beside it. One
 * line, no line break at its end. Dates are ISO texts, durations milliseconds; an error has code, message and hint, never
 * its cause.
 */
export function renderJson(ended: Ended): string {
  const { command, outcome, result, error, target, releaseId, durationMs, steps, warnings } = ended;
  return JSON.stringify({
    schemaVersion: 1,
    command,
    outcome,
    target: target?.name,
    database: target?.database,
    environment: target?.environment,
    releaseId,
    durationMs,
    steps,
    // Its keys are the contract's and win.
    ...result,
    warnings: warnings?.length ? warnings : undefined,
    error: error && describe(error),
  });
}

/** What `audit --out` writes: the entries alone, for people and for other tools. */
export function renderTrail({ target, result }: Ended<'audit'>): string {
  const { name, database, environment } = target ?? {};
  return JSON.stringify({ schemaVersion: 1, target: name, database, environment, ...result }, null, 2);
}

/** The same for a failure before the command had anything to say; `command` is undefined where none was understood. */
export function renderFailure(command: string | undefined, error: ReleaseError): string {
  return JSON.stringify({ schemaVersion: 1, command, outcome: outcomeOf(error), error: describe(error) });
}

/** The outcome that a failure alone amounts to, read from its exit code. */
export function outcomeOf(error: ReleaseError): Outcome {
  switch (error.exitCode) {
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 11:
    case 12:
      return 'blocked';
    case 7:
    case 13:
      return 'failed-clean';
    case 8:
    case 9:
    case 10:
      return 'failed-dirty';
    case 14:
      return 'rolled-back';
    case 130:
    case 143:
      return 'cancelled';
    default:
      return 'unknown';
  }
}

function describe({ code, message, hint, details }: ReleaseError) {
  return { code, message, hint, details: Object.keys(details).length > 0 ? details : undefined };
}

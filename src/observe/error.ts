import { type ErrorCode, errorCodes } from './error-codes.ts';

export interface ReleaseErrorOptions {
  /** The next thing to type or to change, as a full sentence or a command. Required: an error without a way on is a dead end. */
  readonly hint: string;
  readonly cause?: unknown;
  /** Names, types and counts that belong to the error. Never a document's value. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The one class of every failure that a user can cause or has to know about.
 *
 * `message` and `hint` are shown as they are, so neither may hold a secret or a document's value; rebuild a server's
 * error from its code (`mongo/server-code.ts`) instead of quoting it. `cause` is for `--debug` only.
 */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(code: ErrorCode, message: string, options: ReleaseErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** The process's exit code for this failure, from the table in `error-codes.ts`. */
  get exitCode(): number {
    return errorCodes[this.code].exit;
  }
}

/** What is not a `ReleaseError` is a defect of ours: exit code 1, and the message says so. */
export function asReleaseError(error: unknown): ReleaseError {
  if (error instanceof ReleaseError) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  return new ReleaseError('UNEXPECTED', `Something unexpected happened inside mongo-release (${kind}).`, {
    hint: 'Run the same command with --debug and report what it prints.',
    cause: error,
  });
}

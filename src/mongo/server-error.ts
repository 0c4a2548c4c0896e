import {
  MongoError,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { ReleaseError } from '../observe/error.ts';

/** Server error codes that decisions depend on; names and numbers from the server's `src/mongo/base/error_codes.yml`. */
export const serverCodes = {
  Unauthorized: 13,
  AuthenticationFailed: 18,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  CommandNotFound: 59,
  WriteConflict: 112,
  DocumentValidationFailure: 121,
  CommandNotSupportedOnView: 166,
  SnapshotTooOld: 239,
  SnapshotUnavailable: 246,
  CollectionUUIDMismatch: 361,
  AtlasError: 8000,
  DuplicateKey: 11_000,
} as const;

/** The server's number for an error, also where the driver rewrote it (it rewrites code 20 on writes). */
export function serverCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const original = (error as { originalError?: unknown }).originalError;
  const fromOriginal = original === undefined ? undefined : serverCode(original);
  if (fromOriginal !== undefined) return fromOriginal;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'number' ? code : undefined;
}

export function hasLabel(error: unknown, label: string): boolean {
  return error instanceof MongoError && error.hasErrorLabel(label);
}

/**
 * What a server's error says, rebuilt from its code: the server's own text may quote documents and is never shown.
 *
 * `where` names the namespace or action it is about. Works on errors of any driver version, since it looks at the
 * shape and not at the class.
 */
export function describeServerError(error: unknown, where?: string): string {
  const code = serverCode(error);
  const name = (error as { codeName?: unknown } | undefined)?.codeName;
  const at = where === undefined ? '' : ` (${where})`;
  if (code === serverCodes.DuplicateKey) {
    const keys = Object.keys((error as { keyPattern?: object }).keyPattern ?? {});
    return `duplicate key${keys.length > 0 ? ` in ${keys.join(', ')}` : ''}${at}`;
  }
  if (code === serverCodes.DocumentValidationFailure) return `a document fails the collection's validator${at}`;
  if (code !== undefined) return `server error ${code}${typeof name === 'string' ? ` ${name}` : ''}${at}`;
  return `${error instanceof Error ? error.name : typeof error}${at}`;
}

/**
 * The `ReleaseError` for a failure to reach or use a server. `what` completes "while …". A ReleaseError passes through.
 */
export function asServerFailure(error: unknown, what: string): ReleaseError {
  if (error instanceof ReleaseError) return error;
  if (error instanceof MongoParseError || error instanceof MongoInvalidArgumentError) {
    return new ReleaseError('URI_INVALID', `The connection string is not valid (while ${what}).`, {
      hint: 'Write it as mongodb://user:password@host:port/database or mongodb+srv://…, with the password percent-encoded.',
      cause: error,
    });
  }
  const code = serverCode(error);
  if (code === serverCodes.AuthenticationFailed || code === serverCodes.AtlasError) {
    return new ReleaseError('CREDENTIALS_REFUSED', `The server refused the credentials (while ${what}).`, {
      hint: 'Check user, password (percent-encoded) and authSource in the connection string.',
      cause: error,
    });
  }
  if (code === serverCodes.Unauthorized) {
    return new ReleaseError('NOT_AUTHORIZED', `The user is not allowed to do this (while ${what}).`, {
      hint: 'Grant the user the roles that docs/privileges.md lists for this command.',
      cause: error,
    });
  }
  if (
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNetworkError ||
    error instanceof MongoNetworkTimeoutError
  ) {
    return new ReleaseError('SERVER_UNREACHABLE', `No usable MongoDB server answered (while ${what}).`, {
      hint: 'Check host, port and network access from this machine (on Atlas the IP access list), and that the replica set has a primary.',
      cause: error,
    });
  }
  if (error instanceof MongoServerError || error instanceof MongoError) {
    return new ReleaseError(
      'SERVER_ERROR',
      `MongoDB answered with an error: ${describeServerError(error)} (while ${what}).`,
      {
        hint: 'Run again with --debug for the cause.',
        cause: error,
      },
    );
  }
  throw error;
}

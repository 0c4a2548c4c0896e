/** What a server's error is, by its code alone: no driver is loaded for it, and errors of every driver fit. */

import { serverCodeNames } from './server-code-names.ts';

/** Server error codes that decisions depend on; names and numbers from the server's `src/mongo/base/error_codes.yml`. */
export const serverCodes = {
  BadValue: 2,
  Unauthorized: 13,
  TypeMismatch: 14,
  AuthenticationFailed: 18,
  LockTimeout: 24,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  CommandNotFound: 59,
  WriteConflict: 112,
  DocumentValidationFailure: 121,
  CappedPositionLost: 136,
  CommandNotSupportedOnView: 166,
  QueryPlanKilled: 175,
  SnapshotTooOld: 239,
  SnapshotUnavailable: 246,
  CollectionUUIDMismatch: 361,
  AtlasError: 8000,
  BSONObjectTooLarge: 10_334,
  DuplicateKey: 11_000,
  DatabaseDifferCase: 13_297,
  /** `$sample` drew the same documents again and again; it has no name (`document_source_sample_from_random_cursor.cpp`). */
  NoOtherSample: 28_799,
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

/** By shape: the class depends on which driver the project has. */
export function labelled(error: unknown, label: string): boolean {
  const check = (error as { hasErrorLabel?: unknown } | undefined)?.hasErrorLabel;
  return typeof check === 'function' && check.call(error, label) === true;
}

/**
 * What a server's error says, rebuilt from its code: the server's own text may quote documents and is never shown.
 *
 * `where` names the namespace or action it is about. Works on errors of any driver version, since it looks at the
 * shape and not at the class.
 */
export function describeServerError(error: unknown, where?: string): string {
  const code = serverCode(error);
  const { codeName } = (error ?? {}) as { codeName?: unknown };
  const name = typeof codeName === 'string' ? codeName : serverCodeNames[code ?? 0];
  const at = where === undefined ? '' : ` (${where})`;
  if (code === serverCodes.DuplicateKey) {
    const { keyPattern = {}, message } = error as { keyPattern?: object; message?: unknown };
    const keys = Object.keys(keyPattern).join(', ');
    return `duplicate key${keys === '' ? indexIn(String(message)) : ` in ${keys}`}${at}`;
  }
  if (code === serverCodes.DocumentValidationFailure) return `a document fails the collection's validator${at}`;
  if (code === serverCodes.TypeMismatch) return `a value is not of the type that this needs (TypeMismatch)${at}`;
  if (code === serverCodes.BSONObjectTooLarge) return `a document would be larger than 16 MB${at}`;
  if (code !== undefined) return `server error ${code}${name === undefined ? '' : ` ${name}`}${at}`;
  return `${error instanceof Error ? error.name : typeof error}${at}`;
}

/** Of a bulk write's error the driver keeps only the text, which names the index before it quotes values. */
function indexIn(message: string): string {
  const name = /^E11000 [^{]*? index: ([\w.$-]+) dup key/.exec(message)?.[1];
  return name === undefined ? '' : ` in index ${name}`;
}

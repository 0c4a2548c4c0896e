import {
  MongoError,
  MongoInvalidArgumentError,
  MongoNetworkError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import { describeServerError, serverCode, serverCodes } from './server-code.ts';

export { describeServerError, labelled, serverCode, serverCodes } from './server-code.ts';

/** To catch with where a server may refuse to tell, or has nothing to: that is unknown then. All else is thrown on. */
export function unlessRefused(error: unknown): undefined {
  if (serverCode(error) === undefined) throw error;
}

/**
 * The `ReleaseError` for a failure to reach or use a server. `what` completes "while …". A ReleaseError passes through,
 * and what is neither the driver's nor the system's error is thrown on: it is a defect.
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
  if (error instanceof MongoServerSelectionError || error instanceof MongoNetworkError || isBrokenConnection(error)) {
    return new ReleaseError('SERVER_UNREACHABLE', `No usable MongoDB server answered (while ${what}).`, {
      hint: 'Check host, port and network access from this machine (on Atlas the IP access list), the name after replicaSet= in the connection string, and that the replica set has a primary.',
      cause: error,
    });
  }
  if (code === serverCodes.DatabaseDifferCase) {
    return new ReleaseError(
      'SERVER_ERROR',
      `The server has a database whose name differs in upper and lower case only (while ${what}).`,
      { hint: 'Write the name as the server has it (show dbs in mongosh), or take another one.', cause: error },
    );
  }
  if (error instanceof MongoServerError) {
    return new ReleaseError(
      'SERVER_ERROR',
      `MongoDB answered with an error: ${describeServerError(error)} (while ${what}).`,
      {
        hint: 'Run again with --debug for the cause.',
        cause: error,
      },
    );
  }
  if (error instanceof MongoError) {
    return new ReleaseError('SERVER_ERROR', `MongoDB's driver failed: ${error.name} (while ${what}).`, {
      hint: 'Check what the connection string asks for (port, authMechanism, compressors); --debug shows the cause.',
      cause: error,
    });
  }
  if (error instanceof Error) {
    const system = systemFailure(error, what);
    if (system !== undefined) return system;
  }
  throw error;
}

/**
 * As `asReleaseError`, for where a whole command ends: what a server refused or broke off is that, and no defect of ours,
 * also where nothing nearer had a word for it.
 */
export function asReleaseOrServerError(error: unknown, what: string): ReleaseError {
  const ofServer = error instanceof MongoServerError || error instanceof MongoNetworkError;
  return ofServer || error instanceof MongoServerSelectionError ? asServerFailure(error, what) : asReleaseError(error);
}

/** Codes of a socket; files never fail with them. */
const socketCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** What the system says of a connection: the driver lets it through as it is where it waits for a socket to take more. */
export function isBrokenConnection(error: unknown): boolean {
  return error instanceof Error && socketCodes.has(String((error as NodeJS.ErrnoException).code));
}

/** What the system says before any server is asked: about names of hosts, and files that the connection string names. */
function systemFailure(error: NodeJS.ErrnoException, what: string): ReleaseError | undefined {
  const { code, syscall } = error;
  if (code === undefined || syscall === undefined) return undefined;
  // `querySrv`, `queryTxt`, `getaddrinfo`: https://nodejs.org/api/dns.html#error-codes
  if (/^(query|getaddrinfo)/.test(syscall)) {
    return new ReleaseError(
      'SERVER_UNREACHABLE',
      `The host of the connection string is not known to DNS: ${code} (while ${what}).`,
      {
        hint: 'Check the name of the host; mongodb+srv:// needs a name with an SRV record, as Atlas gives it, and takes no port.',
        cause: error,
      },
    );
  }
  if (syscall !== 'open' && syscall !== 'read') return undefined;
  return new ReleaseError(
    'URI_INVALID',
    `A file that the connection string names cannot be read: ${code} (while ${what}).`,
    { hint: 'Check tlsCAFile, tlsCertificateKeyFile and tlsCRLFile in the connection string.', cause: error },
  );
}

/** For `catch`: lets an error of this code pass unheard, and throws every other one on. */
export function ignoreCode(code: number): (error: unknown) => void {
  return (error) => {
    if (serverCode(error) !== code) throw error;
  };
}

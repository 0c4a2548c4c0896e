import { labelled, serverCode } from '../../mongo/server-code.ts';
import { ReleaseError } from '../../observe/error.ts';
import { known } from './known.ts';
import { placeIn } from './place.ts';
import type { ChildError, LastRead } from './protocol.ts';
import { hidden, hiddenText, showWhole } from './redact.ts';
import type { Source } from './source.ts';

/** A failure of ours as it goes to the parent. */
export function asChildError(error: ReleaseError): ChildError {
  return { code: error.code, message: error.message, hint: error.hint };
}

/**
 * What an error that came out of user code is to the parent. `where` is the call of the driver that it came from, where
 * that is known.
 */
export function describeFailure(
  error: unknown,
  source: Source,
  where: string | undefined,
  unseen: boolean,
  lastRead?: LastRead,
): ChildError {
  const place = placeIn(error, source);
  const at = place === undefined ? '' : ` at ${place}`;
  if (error instanceof ReleaseError) {
    const told = place !== undefined && error.message.includes(place);
    return { ...asChildError(error), message: `${error.message.replace(/\.$/, '')}${told ? '' : at}.` };
  }
  const text = hiddenText(error, source, where);
  showWhole(error, source);
  const how = unseen ? 'A promise that nobody waited for was rejected' : 'The code threw';
  const ours = known(error, where);
  const hint = ours?.hint ?? hintFor(error, text, source.fileName);
  const read = lastRead === undefined ? '' : ` It had read the document ${lastRead.id} of ${lastRead.collection} last.`;
  return {
    code: ours?.code ?? 'MIGRATION_FAILED',
    message: `${how}${at}: ${text}.${read}`,
    hint,
    lastRead,
    serverCode: serverCode(error),
  };
}

function hintFor(error: unknown, shown: string, fileName: string): string {
  if (labelled(error, 'TransientTransactionError')) {
    return 'Another write was in the way, or the transaction took too long. Run the same command again.';
  }
  const correct = `Correct ${whatIn(serverCode(error), fileName)} first, then type the same command again.`;
  return shown.includes(hidden) ? `${correct} --show-values on a terminal shows the whole message.` : correct;
}

/** Where the server says that the code may be right. Codes: src/mongo/base/error_codes.yml. */
function whatIn(code: number | undefined, fileName: string): string {
  switch (code) {
    case 13:
      return `the roles of the user (docs/privileges.md), or ${fileName},`;
    case 14:
      return `the types of the documents' fields, or ${fileName},`;
    case 121:
    case 241:
    case 11000:
      return `the documents, or ${fileName},`;
    default:
      return fileName;
  }
}

const unreachable = new Set(['MongoServerSelectionError', 'MongoNetworkError', 'MongoNetworkTimeoutError']);
const malformed = new Set(['MongoParseError', 'MongoInvalidArgumentError', 'MongoAPIError']);

/** Failure to connect, by names and codes: the classes belong to the project's own driver. */
export function describeConnectFailure(error: unknown, database: string): ChildError {
  if (error instanceof ReleaseError) return asChildError(error);
  const name = error instanceof Error ? error.name : '';
  const code = serverCode(error);
  const what = `(while the migration's process connects to database ${database})`;
  // AuthenticationFailed, AtlasError, Unauthorized: src/mongo/base/error_codes.yml.
  if (code === 18 || code === 8000) {
    return {
      code: 'CREDENTIALS_REFUSED',
      message: `The server refused the credentials ${what}.`,
      hint: 'Check user, password (percent-encoded) and authSource in the connection string.',
    };
  }
  if (code === 13) {
    return {
      code: 'NOT_AUTHORIZED',
      message: `The user is not allowed to do this ${what}.`,
      hint: 'Grant the user the roles that docs/privileges.md lists for this command.',
    };
  }
  if (unreachable.has(name)) {
    return {
      code: 'SERVER_UNREACHABLE',
      message: `No usable MongoDB server answered ${what}.`,
      hint: 'Check host, port and network access from this machine, and that the replica set has a primary.',
    };
  }
  if (malformed.has(name)) {
    return {
      code: 'URI_INVALID',
      message: `The project's MongoDB driver does not take the connection string ${what}.`,
      hint: "Check the connection string's options against the version of mongodb that the project has installed.",
    };
  }
  return {
    code: 'SERVER_ERROR',
    message: `MongoDB answered with an error${code === undefined ? '' : ` ${code}`} ${what}.`,
    hint: 'Run again with --debug for the cause.',
  };
}

import { relative } from 'node:path';
import { serverCode, serverCodes } from '../../mongo/server-code.ts';
import type { ErrorCode } from '../../observe/error-codes.ts';

/** An error whose text holds no data, said in words of ours, and what to do about it. */
export interface Known {
  /** Undefined where its own text says it. */
  readonly text?: string;
  /** Default: that of whatever user code threw. */
  readonly code?: ErrorCode;
  readonly hint: string;
}

/** Of errors that many meet. `where`: the driver's call that it came from. Undefined for all others. */
export function known(error: unknown, where?: string): Known | undefined {
  if (!(error instanceof Error)) return undefined;
  if (serverCode(error) === serverCodes.BSONObjectTooLarge) return { hint: tooLarge };
  const { code } = error as { code?: unknown };
  switch (code) {
    case 'ERR_AMBIGUOUS_MODULE_SYNTAX':
      return {
        text: 'it has require, exports or module beside an await at its top level, which no module can have',
        hint: 'Move that await into up, or name the file .mjs and write import and export.',
      };
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return {
        hint: 'Node only strips types: replace enums, namespaces and parameter properties, or set migrations.import: tsx.',
      };
    case 'ERR_MODULE_NOT_FOUND':
    case 'MODULE_NOT_FOUND':
    case 'ERR_UNSUPPORTED_DIR_IMPORT':
      return {
        text: missing(error.message),
        hint: 'Install the missing package (npm ci), or write the import with its file extension.',
      };
    // Of the buffer that the driver writes documents into: it has room for one of that size.
    case 'ERR_OUT_OF_RANGE':
      return where === undefined ? undefined : { text: `a document is larger than 16 MB (${where})`, hint: tooLarge };
  }
  // The engine has no code for these. They hold no data, only what was written in a file that Node takes for CommonJS.
  if (
    error instanceof SyntaxError &&
    /^Cannot use import statement|^Unexpected token 'export'|'import\.meta'/.test(error.message)
  ) {
    return {
      text: 'it has import or export, and package.json says "type": "commonjs"',
      hint: 'Name the file .mjs, or write "type": "module" into package.json; what is written with require and module.exports is named .cjs then.',
    };
  }
  if (error.name === 'MongooseError' && error.stack?.includes('openUri')) {
    return {
      code: 'OWN_CONNECTION',
      text: 'Mongoose was asked for a connection of its own (mongoose.connect or openUri)',
      hint: "Work with the db, client and models that up is given: the runner has connected them, and the target's address is in no variable of the migration's environment.",
    };
  }
  return undefined;
}

const tooLarge =
  'MongoDB takes 16 MB a document: keep the large part in documents of its own, or outside of the database.';

/** Names of packages and files are no data; a path is shown from the project's folder. */
function missing(message: string): string | undefined {
  const [, name = ''] = /^Cannot find (?:module|package) '([^'\n]+)'/.exec(message) ?? [];
  const shown = name.startsWith('/') ? relative(process.cwd(), name) : name;
  return /^[\w@./-]{1,214}$/.test(shown) ? `the module ${shown} cannot be found` : undefined;
}

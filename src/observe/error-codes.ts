/**
 * Every stable error code, with its exit code and what it means. `docs/errors.md` is generated from this table.
 *
 * A code never changes its meaning; a new cause gets a new code. Exit codes are the contract's.
 */
export const errorCodes = {
  UNEXPECTED: { exit: 1, meaning: 'A defect of mongo-release itself.' },

  USAGE: { exit: 2, meaning: 'A flag, input or argument is missing, unknown or malformed.' },
  CONFIG_INVALID: { exit: 2, meaning: 'The configuration file does not fit its schema.' },
  CONFIG_NOT_FOUND: { exit: 2, meaning: 'The named configuration file does not exist.' },
  URI_MISSING: { exit: 2, meaning: 'No address of a database was given.' },
  URI_INVALID: { exit: 2, meaning: 'The address of the database is not a MongoDB connection string.' },
  DATABASE_MISSING: { exit: 2, meaning: 'Neither the address nor a flag names a database.' },
  RUNTIME_TOO_OLD: { exit: 2, meaning: 'The Node version is older than the program needs.' },

  SERVER_UNREACHABLE: { exit: 12, meaning: 'No usable server answered in time.' },
  CREDENTIALS_REFUSED: { exit: 12, meaning: 'The server refused the user name or password.' },
  NOT_AUTHORIZED: { exit: 12, meaning: 'The user may not do what the command needs.' },
  SERVER_ERROR: { exit: 12, meaning: 'The server answered a command with an error that has no case of its own.' },
} as const satisfies Record<string, { exit: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

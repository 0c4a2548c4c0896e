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

  MIGRATIONS_DIR_MISSING: { exit: 2, meaning: 'The folder of migrations does not exist or cannot be read.' },
  MIGRATION_DUPLICATE: { exit: 2, meaning: 'Two migration files have the same name and differ in extension only.' },
  NO_LATER_NAME: { exit: 2, meaning: 'No new migration can be named by a time after that of one which is there.' },
  PROJECT_EXISTS: { exit: 2, meaning: 'A project is set up in this folder already, and is left as it is.' },
  MIGRATION_UNKNOWN: { exit: 2, meaning: 'No migration has the name that was given.' },
  MIGRATION_NOT_APPLIED: { exit: 2, meaning: 'The named migration is not applied, so it cannot be gone down to.' },
  PLAN_FILE_INVALID: { exit: 2, meaning: 'The named plan file is missing, or is no plan of mongo-release.' },
  PLAN_MOVED: { exit: 5, meaning: 'What would be applied is no longer what was planned or asked for.' },
  IRREVERSIBLE: { exit: 5, meaning: 'A migration on the way down cannot be undone.' },
  DOWN_BLOCKED: { exit: 5, meaning: 'Later migrations stand on what should be taken back.' },
  HISTORY_CONFLICT: {
    exit: 5,
    meaning:
      'A record of the history, or a release or a rollback on record, is not in the state that the next step needs.',
  },
  CHANGELOG_MISSING: { exit: 5, meaning: "migrate-mongo's changelog is gone, and history has migrations from it." },
  COMMIT_UNKNOWN: {
    exit: 8,
    meaning: 'The server never said whether a transaction was committed; the next run reads it from the journal.',
  },
  RESUME_BLOCKED: {
    exit: 8,
    meaning: 'An interrupted migration can neither be taken up again nor undone; the message says why.',
  },
  OPERATION_IN_DOUBT: {
    exit: 8,
    meaning: 'An interrupted migration left a call behind of which nobody can tell whether it was done.',
  },
  CATALOG_MOVED: {
    exit: 8,
    meaning:
      'Somebody replaced a collection by another one while a migration changed it, or made its name anew again and again.',
  },
  REPLAY_DIVERGED: {
    exit: 8,
    meaning: 'A migration that was taken up again went another way than before; nothing of it ran anew.',
  },
  LEASE_HELD: { exit: 6, meaning: 'Another run has the right to change the history of this target.' },
  LEASE_ALIVE: { exit: 6, meaning: 'The lease is not taken away while its owner shows signs of life.' },
  LEASE_LOST: { exit: 6, meaning: 'The lease ran out or was taken over, so this run may not write any more.' },

  MIGRATION_INVALID: { exit: 2, meaning: 'A file is no migration, or cannot be loaded.' },
  MODELS_INVALID: {
    exit: 2,
    meaning: 'The module of Mongoose models cannot be loaded, exports no model, or connects.',
  },
  TSX_MISSING: { exit: 2, meaning: 'The configuration asks for tsx, and the project has none.' },
  DRIVER_UNSUPPORTED: { exit: 2, meaning: "The project's MongoDB driver is older than version 4." },
  TRANSACTIONS_UNAVAILABLE: { exit: 5, meaning: 'A migration asks for a transaction, and the server has none.' },
  TRANSACTION_CATALOG: { exit: 8, meaning: 'A change of the catalog was tried where transactions do not take it.' },
  TRANSACTION_ENCLOSED: { exit: 8, meaning: 'A migration tried to end the transaction that the runner put around it.' },
  GATE_OWN_COLLECTION: { exit: 8, meaning: 'A migration tried to change a collection that mongo-release keeps.' },
  GATE_CLOSED: { exit: 8, meaning: 'Code of a migration went on after the migration had ended or was stopped.' },
  STATEMENT_TOO_LARGE: {
    exit: 8,
    meaning: 'A statement is about too many documents for one transaction and cannot be cut into batches.',
  },
  ID_UNUSABLE: { exit: 8, meaning: 'A document has an _id that no driver can send back as it is stored.' },
  MIGRATION_FAILED: { exit: 8, meaning: "The migration's code threw, or a promise of it was rejected unseen." },
  OWN_CONNECTION: {
    exit: 8,
    meaning: 'Code of a migration connected to the target by itself, or in a rehearsal to any server.',
  },
  OWN_PROCESS: {
    exit: 8,
    meaning: 'Code of a migration started a process or a thread in a rehearsal, where none may be.',
  },
  MIGRATION_DANGLING: { exit: 8, meaning: 'A migration returned while calls of it were still under way.' },
  MIGRATION_TIMED_OUT: { exit: 8, meaning: 'A migration ran longer than its time limit and was stopped.' },
  MIGRATION_EXITED: { exit: 8, meaning: "The migration's process ended before the migration did." },
  BATCH_INVALID: { exit: 8, meaning: 'A migration called batch with something that it cannot carry out.' },
  BATCH_DOCUMENT_FAILED: { exit: 8, meaning: 'A batch stopped at a document; all before it is done and on record.' },
  MIGRATION_CANCELLED: { exit: 130, meaning: 'A migration was stopped because the run was cancelled.' },

  MIGRATIONS_PENDING: { exit: 3, meaning: 'Migrations are pending, and --check asks for none.' },
  FINDINGS: { exit: 4, meaning: 'Lint, policy, guards or the history have something to say that stops a release.' },
  BLOCKED_BY_GUARD: { exit: 5, meaning: 'A guard says that a release may not start now, or a guard could not look.' },
  BACKUP_MOVED: {
    exit: 5,
    meaning: 'The backup is of another target, or the history moved since, or while, it was taken.',
  },
  CONFIRMATION_NEEDED: { exit: 2, meaning: 'A person has to agree, and nobody was there to ask.' },
  CONFIRMATION_REFUSED: { exit: 2, meaning: 'A person was asked and did not agree.' },
  FAILED_CLEAN: { exit: 7, meaning: 'A migration failed, and the target is as it was.' },
  FAILED_DIRTY: {
    exit: 8,
    meaning: 'A migration failed after it had changed the target; the message says how far it got.',
  },
  DEPLOY_FAILED: { exit: 8, meaning: 'The migrations are applied, and the deploy hook failed, or could not begin.' },
  TAKEN_BACK: {
    exit: 8,
    meaning: 'While a release was being deployed, somebody took it back: its application may be on the data of before.',
  },
  VERIFICATION_FAILED: { exit: 9, meaning: 'A probe failed or could not look; nothing was rolled back.' },
  ROLLBACK_FAILED: { exit: 10, meaning: 'The way back failed or is incomplete.' },
  SANDBOX_UNAVAILABLE: {
    exit: 5,
    meaning: 'No mongod was found or could be started to run a sandbox with, or it ended before its time.',
  },
  SANDBOX_REFUSED: { exit: 5, meaning: 'The named sandbox address is not safe to use as a sandbox.' },
  REHEARSAL_IMPOSSIBLE: {
    exit: 5,
    meaning: 'A part of a pending migration is in the target already, so running it elsewhere shows nothing.',
  },
  SANDBOX_TOO_SMALL: {
    exit: 5,
    meaning: 'A full rehearsal was asked for, and what it needs does not fit on the disk.',
  },
  PROOF_MISSING: {
    exit: 5,
    meaning: 'Production is to be migrated, and no full rehearsal of this plan is on record.',
  },
  PROOF_STALE: {
    exit: 5,
    meaning: 'The rehearsal on record is too old, or the target, its server or the findings changed since.',
  },
  PROOF_FAILED: {
    exit: 5,
    meaning: 'Production is to be migrated, and the latest rehearsal of this plan on record failed.',
  },
  REHEARSAL_FAILED: { exit: 13, meaning: 'The rehearsal failed; the target was not touched.' },
  DRILL_FAILED: {
    exit: 9,
    meaning:
      'A drill has shown that the backup does not bring the database back as it should, or not within the limits; nothing was changed.',
  },
  ROLLED_BACK: { exit: 14, meaning: 'The release failed and was rolled back, as asked.' },
  NO_WAY_BACK: { exit: 5, meaning: 'The release cannot be taken back in the way that was asked for, or in any.' },
  RELEASE_UNKNOWN: {
    exit: 2,
    meaning:
      'The target has no record of the release that was named; or none was named, and the newest is not the one to take back.',
  },
  HOOK_FAILED: { exit: 8, meaning: 'A hook of the project failed or ran out of time.' },
  CANCELLED: { exit: 130, meaning: 'The run was cancelled; 143 when by SIGTERM.' },

  RECIPIENT_INVALID: { exit: 2, meaning: 'A backup cannot be encrypted to what was given as a recipient.' },
  IDENTITY_INVALID: { exit: 2, meaning: 'What was given as the identity of age is none.' },
  IDENTITY_MISSING: { exit: 2, meaning: 'A backup is encrypted, and no identity to read it was given.' },
  STORE_UNSUPPORTED: { exit: 2, meaning: 'Backups cannot be kept in a place of this kind.' },
  STORE_FAILED: { exit: 7, meaning: 'The place where backups are kept cannot be read or written.' },
  SNAPSHOT_UNAVAILABLE: { exit: 5, meaning: 'The server cannot read at one point in time, and that was asked for.' },
  SNAPSHOT_TOO_OLD: {
    exit: 7,
    meaning: 'The backup took longer than the server keeps its history; nothing was left in the store.',
  },
  BACKUP_CATALOG_CHANGED: {
    exit: 7,
    meaning: 'Collections or indexes kept changing while the backup was taken; nothing was left in the store.',
  },
  BACKUP_MISSING: {
    exit: 11,
    meaning: 'Production is to be migrated, and no backup of its present position is there.',
  },
  BACKUP_FAILED: { exit: 7, meaning: 'The tool or service that takes the backup failed; there is no new backup.' },
  ENGINE_UNAVAILABLE: { exit: 2, meaning: 'The tool or service that should take the backup is not there.' },
  OPLOG_NOT_APPLIED: {
    exit: 2,
    meaning:
      "An archive of mongodump --oplog holds changes of the database's collections that would have to be applied.",
  },
  ARCHIVE_NEEDED: { exit: 2, meaning: 'A backup is a snapshot of Atlas, and what was asked for needs an archive.' },
  SNAPSHOT_GONE: { exit: 11, meaning: 'Atlas has no complete snapshot of this backup, or not any more.' },
  ATLAS_OTHER_CLUSTER: { exit: 5, meaning: 'The target is not in the cluster of Atlas that is configured.' },
  ATLAS_FAILED: { exit: 12, meaning: 'The API of Atlas cannot be reached, or refused a request.' },
  ATLAS_RESTORE_FAILED: {
    exit: 8,
    meaning: 'A restore by Atlas was begun and did not end well, or nobody knows how: the cluster may be empty.',
  },
  BACKUP_NOT_FOUND: { exit: 11, meaning: 'The store has no backup of this name.' },
  BACKUP_INCOMPATIBLE: { exit: 11, meaning: 'The server does not know what the collections of the backup use.' },
  BACKUP_NAMESPACE_UNKNOWN: { exit: 2, meaning: 'The backup holds no collection of the name that was given.' },
  IDENTITY_WRONG: { exit: 11, meaning: 'None of the identities given opens the backup.' },
  ARCHIVE_DAMAGED: { exit: 11, meaning: "A backup's archive is not what was written, or does not fit its manifest." },
  MANIFEST_DAMAGED: { exit: 11, meaning: "A backup's manifest cannot be read, or was changed." },
  RESTORE_NO_ROOM: { exit: 5, meaning: "The server's disk has no room for what is to be restored." },
  RESTORE_IN_PROGRESS: { exit: 6, meaning: 'Another run is restoring into this database right now.' },
  RESTORE_FAILED: { exit: 7, meaning: 'The restore failed before it touched any collection; the data is as it was.' },
  RESTORE_INCOMPLETE: {
    exit: 8,
    meaning: 'The restore was interrupted after it had begun to swap collections in; the next restore finishes it.',
  },
  RESTORED_NOT_MIGRATED: {
    exit: 8,
    meaning:
      'The backup is restored; the migrations that were to follow are not all applied, and the message says why.',
  },

  SERVER_UNREACHABLE: { exit: 12, meaning: 'No usable server answered in time.' },
  CREDENTIALS_REFUSED: { exit: 12, meaning: 'The server, or Atlas, refused the credentials.' },
  NOT_AUTHORIZED: { exit: 12, meaning: 'The user may not do what the command needs.' },
  SERVER_ERROR: { exit: 12, meaning: 'The server answered a command with an error that has no case of its own.' },
} as const satisfies Record<string, { exit: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

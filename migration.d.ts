import type { ClientSession, Db, MongoClient } from 'mongodb';

/** Names, types and counts. Other texts are hidden on their way into a log: they may be data. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Words that do not stand in the project's own code are hidden on their way into the log. */
export interface MigrationLog {
  (message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * Mongoose models by name, as they are without a type of your own: `defineMigration<{ City: typeof City }>` gives them one.
 */
// biome-ignore lint/suspicious/noExplicitAny: Mongoose is optional, so its types cannot stand here
export type AnyModels = Readonly<Record<string, any>>;

export interface MigrationContext<Models = AnyModels> {
  /** The target's database. Every write is counted and recorded. */
  readonly db: Db;
  /** Connected, and closed by the runner: closing it here does nothing. */
  readonly client: MongoClient;
  /** The Mongoose models of the configured `migrations.models` module. */
  readonly models: Models;
  /** The transaction around the whole migration; only with `transaction: true`. Calls without a session join it. */
  readonly session?: ClientSession;
  readonly log: MigrationLog;
  /** Aborts when the run is cancelled or its time is up. */
  readonly signal: AbortSignal;
}

export interface MigrationDefinition<Models = AnyModels> {
  readonly name?: string;
  readonly description?: string;
  /** Before the new code is deployed (expand, backfill; the default) or after it (contract). */
  readonly phase?: 'before-deploy' | 'after-deploy';
  /** Why this cannot be undone. Takes the place of `down`. */
  readonly irreversible?: string;
  /** Runs the whole of `up` (and of `down`) in one transaction. */
  readonly transaction?: boolean;
  /** Least versions such as `6.0`. */
  readonly requires?: { readonly server?: string; readonly featureCompatibility?: string };
  up(context: MigrationContext<Models>): unknown;
  down?(context: MigrationContext<Models>): unknown;
}

/** Returns its argument, checked by the types and marked as a migration of the context form. */
export function defineMigration<Models = AnyModels>(
  migration: MigrationDefinition<Models>,
): MigrationDefinition<Models>;

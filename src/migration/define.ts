import type { ClientSession, Db, MongoClient } from 'mongodb';
import type { Phase } from './types.ts';

/** What `log` may carry beside its message: names, types and counts; other texts are hidden on the way out. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Writes to the release's log. Words that do not stand in the project's own code are hidden: they may be data. */
export interface MigrationLog {
  (message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface MigrationContext<Models = Record<string, unknown>> {
  /** The target's database. Every write is counted and recorded. */
  readonly db: Db;
  /** Connected, and closed by the runner: closing it here does nothing. */
  readonly client: MongoClient;
  /** Mongoose models by name: those of the configured `migrations.models` module. */
  readonly models: Models;
  /** The transaction around the whole migration; only with `transaction: true`. Calls without a session join it. */
  readonly session?: ClientSession;
  readonly log: MigrationLog;
  /** Aborts when the run is cancelled or its time is up. */
  readonly signal: AbortSignal;
}

export interface MigrationDefinition<Models = Record<string, unknown>> {
  readonly name?: string;
  readonly description?: string;
  /** Before the new code is deployed (expand, backfill; the default) or after it (contract). */
  readonly phase?: Phase;
  /** Why this cannot be undone. Takes the place of `down`. */
  readonly irreversible?: string;
  /** Runs the whole of `up` (and of `down`) in one transaction. */
  readonly transaction?: boolean;
  /** Least versions such as `6.0`. */
  readonly requires?: { readonly server?: string; readonly featureCompatibility?: string };
  up(context: MigrationContext<Models>): unknown;
  down?(context: MigrationContext<Models>): unknown;
}

/** Marks what `defineMigration` returned; registered, so that every copy of this package means the same one. */
export const migrationMark: unique symbol = Symbol.for('mongo-release.migration') as never;

/** Returns its argument, checked by the types and marked as a migration of the context form. */
export function defineMigration<Models = Record<string, unknown>>(
  migration: MigrationDefinition<Models>,
): MigrationDefinition<Models> {
  return Object.defineProperty(migration, migrationMark, { value: 1 });
}

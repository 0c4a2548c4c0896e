import type { ClientSession, Collection, Db, Document, MongoClient, WithId } from 'mongodb';

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

/** A Mongoose model, as far as a batch has to know it. */
export interface BatchModel {
  readonly modelName: string;
  readonly collection: { readonly collectionName: string };
}

/**
 * What is to be done with one document: an update (`{ $set: … }`), a pipeline (`[{ $set: … }]`), a replacement (an
 * object of fields), `'delete'`; nothing, or null, leaves it as it is.
 */
export type BatchAnswer = object | readonly object[] | 'delete' | null | undefined;

export interface BatchSettings<Doc extends Document = Document> {
  /** A name, a collection, or a Mongoose model; nothing of Mongoose's (casts, hooks, timestamps) takes part. */
  readonly collection: string | Collection<Doc> | BatchModel;
  /** Which documents; all of them without one. Best one that a document does not fit any more once it is done. */
  readonly filter?: object;
  /** Tells this batch from another one in the log. */
  readonly name?: string;
  /** Documents read at a time, and changed in one transaction at most: 500, up to 10,000. More is faster, and longer in users' way. */
  readonly size?: number;
  /**
   * `_id` without one. It has to be of a field with one value a document, which the batch does not change; without an
   * index on it the server sorts in memory.
   */
  readonly order?: Readonly<Record<string, 1 | -1>>;
  /** Slower than servers and lag make it by themselves. */
  readonly throttle?: {
    /** Between two pages, in milliseconds. */
    readonly pauseMs?: number;
    readonly documentsPerSecond?: number;
  };
  /** At a document that cannot be changed: stop there (the default), or put a copy into quarantine and leave it as it is. */
  readonly onError?: 'stop' | 'quarantine';
  /** With `quarantine`: how many may fail before it stops all the same. 100. */
  readonly maxErrors?: number;
  /** Calls of `each` at the same time: 1. */
  readonly concurrency?: number;
}

export type BatchOptions<Doc extends Document = Document> = BatchSettings<Doc> &
  (
    | {
        /** The same change for all: operators, or a pipeline. */
        readonly update: object | readonly object[];
        readonly each?: undefined;
      }
    | {
        /**
         * Asked for each document what is to be done with it. It gets asked again where users change the document in the
         * meantime; it may read from the database, and writes only by what it returns.
         */
        readonly each: (
          document: WithId<Doc>,
          asked: { readonly index: number },
        ) => BatchAnswer | undefined | Promise<BatchAnswer | undefined>;
        readonly update?: undefined;
      }
  );

/** Documents, of all runs of the batch together. */
export interface BatchResult {
  /** Had their turn. */
  readonly matched: number;
  readonly modified: number;
  readonly deleted: number;
  /** Left as they are by what `each` returned. */
  readonly skipped: number;
  /** Left as they are since they failed. */
  readonly quarantined: number;
}

/**
 * Changes many documents, page by page, each page in one transaction with its place in the batch: a batch that was
 * interrupted goes on after the last page, and nothing is done twice. Never writes over what a user wrote meanwhile.
 *
 * Rejects with `BATCH_DOCUMENT_FAILED` at a document that cannot be changed: all before it is done.
 */
export type Batch = <Doc extends Document = Document>(options: BatchOptions<Doc>) => Promise<BatchResult>;

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
  readonly batch: Batch;
  readonly log: MigrationLog;
  /** Aborts when the run is cancelled or its time is up. */
  readonly signal: AbortSignal;
}

/** What is known of a document that `downDocument` is asked about. */
export interface DownAsked {
  readonly collection: string;
  /** As the migration found it; absent where the migration did not change it, or inserted it. */
  readonly before?: Document;
  /** As the migration left it; absent where the migration did not change it, or deleted it. */
  readonly after?: Document;
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
  /**
   * One document in the old shape, asked by an undo where users wrote to what the migration changed, and about documents
   * that users created since. Returns the document, changed or as it is, or nothing to leave it alone. It gets no
   * database, and has to return a document that is in the old shape already as it is.
   */
  downDocument?(
    document: Document,
    asked: DownAsked,
  ): Document | null | undefined | Promise<Document | null | undefined>;
}

/** Returns its argument, checked by the types and marked as a migration of the context form. */
export function defineMigration<Models = AnyModels>(
  migration: MigrationDefinition<Models>,
): MigrationDefinition<Models>;

import type { LogFields } from '../define.ts';
import type { JournalJob } from '../gate/journal/context.ts';
import type { OperationRun } from '../gate/operations.ts';
import type { ThrottleSettings } from '../gate/throttle/settings.ts';
import type { Effects, MigrationFacts } from '../types.ts';

/** What the two processes say to each other, over the IPC channel alone: arguments and environment are for all to read. */

export interface RunJob {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly direction: 'up' | 'down';
  readonly uri: string;
  readonly database: string;
  /** Of the driver, beside what the address says. */
  readonly driverOptions?: Readonly<Record<string, unknown>>;
  /** In a sandbox: no other server may be connected to. */
  readonly rehearsal?: boolean;
  /** Absolute path of the module that exports the Mongoose models. */
  readonly models?: string;
  readonly ownPrefix?: string;
  /** Absent where nothing can be kept: on a standalone server. */
  readonly journal?: JournalJob;
  /** When to wait between two batches; without it never. */
  readonly throttle?: ThrottleSettings;
  /** Full messages of user code, values included. */
  readonly showValues: boolean;
}

export interface DescribeJob {
  readonly files: readonly { readonly name: string; readonly path: string }[];
  /** Has to be usable, or none of the files is. */
  readonly models?: string;
  readonly showValues: boolean;
}

/** A document whose `downDocument` is asked; all as BSON. */
export interface AskedDocument {
  readonly collection: string;
  readonly document: Uint8Array;
  /** As the migration found it, and as it left it, where that is known. */
  readonly before?: Uint8Array;
  readonly after?: Uint8Array;
}

/** What a `downDocument` made of a document. */
export type DownAnswer =
  | { readonly state: 'changed'; readonly document: Uint8Array }
  /** It is in the old shape already. */
  | { readonly state: 'same' }
  /** It returned nothing. */
  | { readonly state: 'left' }
  | { readonly state: 'failed'; readonly error: ChildError };

export interface DownDocumentJob {
  /** Of the migration's file; absolute. */
  readonly path: string;
  readonly models?: string;
  readonly documents: readonly AskedDocument[];
  readonly showValues: boolean;
}

/** What a configuration file exports; `ignored` are the keys of functions and the like, which no channel carries. */
export interface LoadedConfig {
  readonly value: unknown;
  readonly ignored: readonly string[];
}

export type ToChild =
  | { readonly type: 'run'; readonly job: RunJob }
  | { readonly type: 'describe'; readonly job: DescribeJob }
  /** To one process always about the same migration. */
  | { readonly type: 'down-documents'; readonly job: DownDocumentJob }
  /** Run the configuration file of migrate-mongo at this path. */
  | { readonly type: 'config'; readonly path: string }
  /** End soon: no further call is sent, those under way are waited for. */
  | { readonly type: 'stop' };

export interface ChildError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The document that user code had read last when it threw, by the rule for ids. */
  readonly lastRead?: LastRead;
  /** Number of the server's error that user code let through. */
  readonly serverCode?: number;
}

export interface LastRead {
  readonly collection: string;
  /** Completes "the document …". */
  readonly id: string;
}

/** What the gate has seen so far. */
export interface ChildState {
  readonly effects: Effects;
  readonly operations: readonly OperationRun[];
  /** Writes without an answer that change the target at once. Above 0 the effects are not the whole story. */
  readonly writing: number;
}

export type ChildEnd = ChildState & {
  readonly durationMs: number;
  /** Why the run can be taken up again or undone only in part. */
  readonly notes: readonly string[];
  readonly outcome: { readonly state: 'done' | 'stopped' } | { readonly state: 'failed'; readonly error: ChildError };
};

export type FromChild =
  /** A write is about to be sent, and the last state said that none was under way. */
  | { readonly type: 'writing' }
  | { readonly type: 'state'; readonly state: ChildState }
  /** A session (the 16 bytes of its id) has begun a transaction. Should this process die, nobody else would end it. */
  | { readonly type: 'transaction'; readonly session: Uint8Array }
  /** The process ends before the migration did. */
  | { readonly type: 'exiting'; readonly state: ChildState }
  | { readonly type: 'end'; readonly end: ChildEnd }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: LogFields;
    }
  /** What user code has loaded: see `LoadedFiles`. Right before the last message. */
  | { readonly type: 'loaded'; readonly files: ReadonlyMap<string, string> }
  | { readonly type: 'loading'; readonly name: string }
  | { readonly type: 'described'; readonly name: string; readonly facts: MigrationFacts }
  | { readonly type: 'undescribed'; readonly name: string; readonly error: ChildError }
  | { readonly type: 'all-described' }
  /** In the order of what was asked. */
  | { readonly type: 'down-documents'; readonly answers: readonly DownAnswer[] }
  | { readonly type: 'no-down-documents'; readonly error: ChildError }
  | { readonly type: 'config'; readonly config: LoadedConfig }
  | { readonly type: 'no-config'; readonly error: ChildError };

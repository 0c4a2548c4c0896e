import type { Counts } from '../../../types.ts';
import type { Namespace, Operation } from '../../call.ts';

/** What is to be done with one document. */
export type Write =
  | { readonly kind: 'keep' }
  | { readonly kind: 'update'; readonly update: object | readonly object[] }
  | { readonly kind: 'replace'; readonly document: object }
  | { readonly kind: 'delete' };

/** A document's turn in a batch. */
export interface Asked {
  /** Counts up from 0 over the whole batch, also over the runs of one that was interrupted. */
  readonly index: number;
}

/** One `batch` call of a migration, checked and with its defaults. */
export interface Backfill {
  readonly namespace: Namespace;
  readonly filter: object;
  /** Fields and directions, `_id` at the end: no two documents have the same place. */
  readonly order: readonly (readonly [field: string, direction: 1 | -1])[];
  /** Documents in one transaction, at most. */
  readonly size: number;
  readonly work:
    | { readonly kind: 'update'; readonly update: object | readonly object[] }
    | { readonly kind: 'each'; readonly each: (document: object, asked: Asked) => unknown };
  /** Calls of `each` under way at the same time. */
  readonly concurrency: number;
  readonly throttle: { readonly pauseMs: number; readonly documentsPerSecond: number | undefined };
  readonly onError: 'stop' | 'quarantine';
  readonly maxErrors: number;
  /** In a rehearsal: whether all documents are asked about, before it stops at the first for which `each` fails. */
  readonly surveys: boolean;
  readonly signal: AbortSignal;
  /** An error of user code or of the server, in words without a document's values. */
  readonly describe: (error: unknown) => string;
  /** Where in the project it came up, as `file.ts:12`. */
  readonly placeOf: (error: unknown) => string | undefined;
  /** Names and numbers only. */
  readonly tell: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, string | number>>) => void;
  /** How it is called in the log: its name, or `batch on COLLECTION`. */
  readonly title: string;
}

export interface Tallies extends Counts {
  readonly skipped: number;
  readonly quarantined: number;
}

export const noTallies: Tallies = { matched: 0, modified: 0, inserted: 0, deleted: 0, skipped: 0, quarantined: 0 };

/** The operation that carries a batch through the gate. */
export interface BackfillOperation extends Operation<Tallies> {
  readonly backfill: Backfill;
}

import type { Document } from 'mongodb';
import type { Namespace } from '../../call.ts';
import type { RawBulkResult } from './result.ts';

export type StatementKind = 'insert' | 'update' | 'delete';

/** One statement in the form of the wire: a document to insert, or `{ q, u, … }`, or `{ q, limit, … }`. */
export interface Statement {
  readonly kind: StatementKind;
  readonly op: Document;
  /** What user code passed, for errors to quote. */
  readonly given: Document;
  /** In user code's list. */
  readonly index: number;
  /** The index by which the driver tells of its upsert. */
  readonly upsertIndex: number;
  /** Number of the command that the driver would send it with. */
  readonly batch: number;
  readonly bytes: number;
}

/** A list of statements, in the order in which the driver sends them: an unordered one goes by kind. */
export interface StatementList {
  readonly namespace: Namespace;
  readonly statements: readonly Statement[];
  readonly ordered: boolean;
  readonly insertedIds: RawBulkResult['insertedIds'];
  /** Fields of the commands beside the statements. */
  readonly fields: Readonly<Record<StatementKind, Document>>;
  /** How the driver makes BSON of it. */
  readonly bson: Document;
  /** Each statement is sent by itself, to find one that the server says too little of. */
  readonly singly?: boolean;
}

/** Whether a statement may change several documents. */
export function isMany({ kind, op }: Statement): boolean {
  return kind === 'update' ? op.multi === true : kind === 'delete' && op.limit === 0;
}

/** The `_id` of a document to insert. */
export function idOf(document: Document): unknown {
  return document instanceof Map ? document.get('_id') : document._id;
}

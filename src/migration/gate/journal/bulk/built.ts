import type { Document } from 'mongodb';
import type { RawCollection } from '../../raw.ts';

/** One command of a bulk write, as drivers 4 to 7 build it: statements of one kind, in the form of the wire. */
export interface RawBatch {
  /** 1 insert, 2 update, 3 delete. */
  readonly batchType: number;
  /** Index in the list of the first of them. */
  readonly originalZeroIndex: number;
  readonly originalIndexes: readonly number[];
  readonly operations: readonly Document[];
  /** Their bytes as they were when they were added; some versions send these. */
  readonly serializedOperations?: readonly Uint8Array[];
}

/** A bulk operation of the driver, by the parts that all majors have. */
export interface RawBulk {
  readonly isOrdered: boolean;
  readonly batches: readonly RawBatch[];
  readonly s: {
    executed: boolean;
    readonly collection: RawCollection;
    readonly options: Document;
    readonly bypassDocumentValidation?: boolean;
    readonly bulkResult: { readonly insertedIds: readonly { readonly index: number; readonly _id: unknown }[] };
  };
  raw(model: unknown): unknown;
}

/**
 * A list of statements that user code built call by call. Two runs that build the same have the same fingerprint,
 * though the driver gives other `_id`s to their documents while they are added.
 */
export class BuiltBulk {
  readonly raw: RawBulk;
  /** Documents that had no `_id` when they were added. */
  readonly #unnamed = new Set<object>();

  constructor(raw: RawBulk) {
    this.raw = raw;
  }

  /** Adds a document by way of the driver, and remembers whether that gave it its `_id`. */
  noting<T>(document: unknown, add: () => T): T {
    const unnamed = typeof document === 'object' && document !== null && (document as Document)._id == null;
    const result = add();
    if (unnamed) this.#unnamed.add(document);
    return result;
  }

  /** Whether `execute` would send anything: it does so once, and not for an empty list. */
  get executable(): boolean {
    return !this.raw.s.executed && this.raw.batches.some(({ operations }) => operations.length > 0);
  }

  /** Whether a missing collection comes into being by it. */
  get creates(): boolean {
    return this.raw.batches.some(
      ({ batchType, operations }) =>
        operations.length > 0 && (batchType === 1 || operations.some(({ upsert }) => upsert === true)),
    );
  }

  /** Whether the driver gave this document its `_id`. */
  named(document: object): boolean {
    return this.#unnamed.has(document);
  }

  /** The document that the statement of this index inserts. */
  documentAt(index: number): Document | undefined {
    for (const { batchType, operations, originalIndexes } of this.raw.batches) {
      const at = batchType === 1 ? originalIndexes.indexOf(index) : -1;
      if (at >= 0) return operations[at];
    }
    return undefined;
  }

  /** What the fingerprint is taken of. */
  toBSON(): Document {
    const { collation, comment, let: variables, bypassDocumentValidation, forceServerObjectId } = this.raw.s.options;
    return {
      ordered: this.raw.isOrdered,
      options: { collation, comment, let: variables, bypassDocumentValidation, forceServerObjectId },
      batches: this.raw.batches.map(({ batchType, operations }) => ({
        batchType,
        operations: operations.map((operation) => {
          if (!this.#unnamed.has(operation)) return operation;
          const { _id, ...rest } = operation;
          return rest;
        }),
      })),
    };
  }
}

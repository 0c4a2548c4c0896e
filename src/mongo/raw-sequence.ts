import type { Document } from 'mongodb';
// Not a public export of the driver (7.8.0, pinned); in this file alone.
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { asBuffer, bsonTypes, elementsOf } from './raw-bson.ts';

/** What the server takes in one command: 100,000 documents and 48,000,000 bytes of message (`hello`, 4.4 to 8.0). */
export const mostDocuments = 100_000;
/** Far below the limit: the driver copies a batch twice on its way, and larger ones measured no faster. */
export const batchBytes = 4_000_000;

/** Each piece of bytes is one document or several. */
export function sequence(field: string, documents: readonly Uint8Array[]): DocumentSequence {
  const prepared = new DocumentSequence(field);
  for (const bytes of documents) prepared.push(noDocument, bytes);
  return prepared;
}

/** The driver keeps an object beside the bytes for its command events alone. */
const noDocument = {};

/** Throws `RawInsertError` where the answer to a command of writes names a document. `from`: how many were sent before it. */
export function refuseWriteErrors(answer: Document, from?: number): void {
  const first = answer.writeErrors?.[0];
  if (first === undefined) return;
  const index = from === undefined ? undefined : from + Number(first.index);
  throw new RawInsertError(
    Number(first.code),
    index,
    first.keyValue && { pattern: first.keyPattern, value: first.keyValue },
  );
}

/** A key of a unique index. */
export interface UniqueKey {
  readonly pattern: Document;
  readonly value: Document;
}

/** The server took the command and refused a document of it. */
export class RawInsertError extends Error {
  override readonly name = 'RawInsertError';
  /** The server's code for the first refusal, read by `serverCode`. */
  readonly code: number;
  /** Which of those that were sent, where each is one document. */
  readonly index: number | undefined;
  /** It holds values: nothing that shows an error may see it. */
  readonly #key: UniqueKey | undefined;

  constructor(code: number, index: number | undefined, key?: UniqueKey) {
    super(`The server refused a document (${code}).`);
    this.code = code;
    this.index = index;
    this.#key = key;
  }

  /** What another document has, where the server says so. */
  get key(): UniqueKey | undefined {
    return this.#key;
  }
}

/** An insert replaces such a value of a top-level field by the time. */
export function hasEmptyTimestamp(document: Uint8Array): boolean {
  const buffer = asBuffer(document);
  // Most documents have no such bytes at all, and searching for them is native.
  if (buffer.indexOf(emptyTimestamp) < 0) return false;
  for (const { type, valueStart } of elementsOf(document)) {
    if (type === bsonTypes.timestamp && buffer.readBigUInt64LE(valueStart) === 0n) return true;
  }
  return false;
}

/** The end of a field's name and the value. */
export const emptyTimestamp = Buffer.alloc(9);

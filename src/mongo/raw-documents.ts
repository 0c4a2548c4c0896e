import { asBuffer, BsonError, bsonTypes } from './raw-bson.ts';

/**
 * Documents as BSON bytes, one after the other without a gap: as they stand in an archive and in an insert. Whoever
 * passes them on makes no object for each of them, which for small documents would cost more than the bytes.
 */
export class RawDocuments implements Iterable<Buffer> {
  readonly bytes: Buffer;
  /** Of documents. */
  readonly length: number;

  constructor(bytes: Buffer, length: number) {
    this.bytes = bytes;
    this.length = length;
  }

  /** A copy. */
  static of(documents: readonly Uint8Array[]): RawDocuments {
    return new RawDocuments(Buffer.concat(documents), documents.length);
  }

  /**
   * The documents of a BSON array, moved together over what lay between them: the array is no longer one. Throws
   * `BsonError` where it holds anything else.
   */
  static movedTogether(array: Uint8Array): RawDocuments {
    const bytes = asBuffer(array);
    let to = 0;
    let length = 0;
    for (let at = 4; bytes[at] !== 0; length++) {
      if (bytes[at] !== bsonTypes.document) throw new BsonError('an array holds something other than documents');
      // Its name is its place, in digits.
      do at++;
      while (bytes[at] !== 0);
      const end = at + 1 + bytes.readInt32LE(at + 1);
      bytes.copyWithin(to, at + 1, end);
      to += end - at - 1;
      at = end;
    }
    return new RawDocuments(bytes.subarray(0, to), length);
  }

  /** Each document; a view. */
  *[Symbol.iterator](): Generator<Buffer> {
    for (let at = 0; at < this.bytes.length; ) {
      const end = at + this.bytes.readInt32LE(at);
      yield this.bytes.subarray(at, end);
      at = end;
    }
  }

  map<T>(make: (document: Buffer) => T): T[] {
    return Array.from(this, make);
  }

  /** The same in pieces of at most so many documents and bytes, or one document where that alone is larger. Views. */
  *pieces(most: { readonly documents: number; readonly bytes: number }): Generator<RawDocuments> {
    if (this.length <= most.documents && this.bytes.length <= most.bytes) {
      if (this.length > 0) yield this;
      return;
    }
    let from = 0;
    let length = 0;
    for (let at = 0; at < this.bytes.length; ) {
      const end = at + this.bytes.readInt32LE(at);
      if (length > 0 && (length >= most.documents || end - from > most.bytes)) {
        yield new RawDocuments(this.bytes.subarray(from, at), length);
        from = at;
        length = 0;
      }
      length++;
      at = end;
    }
    yield new RawDocuments(this.bytes.subarray(from), length);
  }
}

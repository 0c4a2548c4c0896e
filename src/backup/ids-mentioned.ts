import { Binary, ObjectId } from 'mongodb';
import { asBuffer, bsonTypes, elementsOf } from '../mongo/raw-bson.ts';

/** https://bsonspec.org/spec.html */
const uuidSubtype = 4;
/** Beyond these a sample stops following. */
const mostIds = 200_000;

/**
 * ObjectIds and UUIDs that documents mention, at any depth and in arrays: most of them are the `_id` of another document.
 * Numbers and texts are too often something else.
 */
export class IdsMentioned {
  #ids = new Map<string, ObjectId | Binary>();
  readonly #seen = new Set<string>();
  #cut = false;

  /** Whether more were mentioned than are kept. */
  get cut(): boolean {
    return this.#cut;
  }

  add(document: Uint8Array): void {
    this.#visit(asBuffer(document), 0);
  }

  /** What was mentioned since the last time. */
  take(): TakenIds {
    const ids = this.#ids;
    this.#ids = new Map();
    return new TakenIds(ids);
  }

  #visit(bytes: Buffer, offset: number): void {
    for (const { type, valueStart, end } of elementsOf(bytes, offset)) {
      if (type === bsonTypes.document || type === bsonTypes.array) this.#visit(bytes, valueStart);
      const isUuid = type === bsonTypes.binary && bytes[valueStart + 4] === uuidSubtype;
      if (type !== bsonTypes.objectId && !isUuid) continue;
      // As `idKey` has it.
      const key = `${type}:${bytes.toString('latin1', valueStart, end)}`;
      if (this.#seen.has(key)) continue;
      this.#cut ||= this.#seen.size >= mostIds;
      if (this.#cut) return;
      this.#seen.add(key);
      const value = Buffer.from(bytes.subarray(isUuid ? valueStart + 5 : valueStart, end));
      this.#ids.set(key, isUuid ? new Binary(value, uuidSubtype) : new ObjectId(value));
    }
  }
}

class TakenIds {
  readonly #ids: ReadonlyMap<string, ObjectId | Binary>;

  constructor(ids: ReadonlyMap<string, ObjectId | Binary>) {
    this.#ids = ids;
  }

  /** Those that may be of a collection with such `_id`s (by `idKey`), and are none of these. */
  of(keys: Iterable<string>): (ObjectId | Binary)[] {
    const have = new Set(keys);
    const types = new Set([...have].map((key) => key.slice(0, key.indexOf(':'))));
    return [...this.#ids].flatMap(([key, id]) =>
      types.has(key.slice(0, key.indexOf(':'))) && !have.has(key) ? [id] : [],
    );
  }
}

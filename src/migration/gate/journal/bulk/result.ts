import type { Document } from 'mongodb';

/**
 * What a bulk write answers with. The drivers do not export the classes of these objects, so no project can ask for
 * them by `instanceof`: these two have the same name, fields and methods, and are what a replayed, resumed or divided
 * bulk write gives to user code.
 */

/** What all majors of the driver keep inside a BulkWriteResult, and give out as `getRawResponse()`. */
export interface RawBulkResult {
  ok: number;
  writeErrors: WriteError[];
  writeConcernErrors: unknown[];
  /** Of every insert in the list, whether it was done or not; of no `_id` where the server gave it. */
  insertedIds: { index: number; _id?: unknown }[];
  nInserted: number;
  nUpserted: number;
  nMatched: number;
  nModified: number;
  nRemoved: number;
  upserted: { index: number; _id: unknown }[];
}

export interface WriteErrorFields {
  readonly index: number;
  readonly code: number;
  readonly errmsg?: string;
  readonly errInfo?: Document;
  readonly op?: unknown;
}

export class WriteError {
  err: WriteErrorFields;

  constructor(err: WriteErrorFields) {
    this.err = err;
  }

  get code(): number {
    return this.err.code;
  }

  get index(): number {
    return this.err.index;
  }

  get errmsg(): string | undefined {
    return this.err.errmsg;
  }

  get errInfo(): Document | undefined {
    return this.err.errInfo;
  }

  getOperation(): unknown {
    return this.err.op;
  }

  toJSON(): object {
    return { code: this.err.code, index: this.err.index, errmsg: this.err.errmsg, op: this.err.op };
  }

  toString(): string {
    return `WriteError(${JSON.stringify(this.toJSON())})`;
  }
}

type Ids = Record<number, unknown>;

export class BulkWriteResult {
  declare readonly result: RawBulkResult;
  readonly insertedCount: number;
  readonly matchedCount: number;
  readonly modifiedCount: number;
  readonly deletedCount: number;
  readonly upsertedCount: number;
  readonly upsertedIds: Ids;
  readonly insertedIds: Ids;

  constructor(raw: RawBulkResult, insertedIds: Ids) {
    this.insertedCount = raw.nInserted;
    this.matchedCount = raw.nMatched;
    this.modifiedCount = raw.nModified;
    this.deletedCount = raw.nRemoved;
    this.upsertedCount = raw.upserted.length;
    this.upsertedIds = byIndex(raw.upserted);
    this.insertedIds = insertedIds;
    Object.defineProperty(this, 'result', { value: raw, enumerable: false });
  }

  get ok(): number {
    return this.result.ok;
  }

  getUpsertedIdAt(index: number): unknown {
    return this.result.upserted[index];
  }

  getRawResponse(): RawBulkResult {
    return this.result;
  }

  hasWriteErrors(): boolean {
    return this.result.writeErrors.length > 0;
  }

  getWriteErrorCount(): number {
    return this.result.writeErrors.length;
  }

  getWriteErrorAt(index: number): WriteError | undefined {
    return this.result.writeErrors[index];
  }

  getWriteErrors(): WriteError[] {
    return this.result.writeErrors;
  }

  getWriteConcernError(): unknown {
    return this.result.writeConcernErrors[0];
  }

  isOk(): boolean {
    return this.result.ok === 1;
  }

  toString(): string {
    return `BulkWriteResult(${JSON.stringify(this.result)})`;
  }
}

/** The names that drivers up to 5 still have. */
class OlderBulkWriteResult extends BulkWriteResult {
  get nInserted(): number {
    return this.result.nInserted;
  }

  get nUpserted(): number {
    return this.result.nUpserted;
  }

  get nMatched(): number {
    return this.result.nMatched;
  }

  get nModified(): number {
    return this.result.nModified;
  }

  get nRemoved(): number {
    return this.result.nRemoved;
  }

  getInsertedIds(): unknown[] {
    return this.result.insertedIds;
  }

  getUpsertedIds(): unknown[] {
    return this.result.upserted;
  }
}

/** Driver 4 shows what is inside as JSON. */
class OldestBulkWriteResult extends OlderBulkWriteResult {
  toJSON(): RawBulkResult {
    return this.result;
  }

  getLastOp(): undefined {
    return undefined;
  }
}

for (const older of [OlderBulkWriteResult, OldestBulkWriteResult]) {
  Object.defineProperty(older, 'name', { value: 'BulkWriteResult' });
}

/** The result as this major of the driver makes it; `insertedIds` where they are not those of a list of this kind. */
export function bulkWriteResult(
  raw: RawBulkResult,
  major: number,
  ordered: boolean,
  insertedIds?: Ids,
): BulkWriteResult {
  const result = major >= 6 ? BulkWriteResult : major === 5 ? OlderBulkWriteResult : OldestBulkWriteResult;
  return new result(raw, insertedIds ?? byIndex(shownIds(raw, major, ordered)));
}

/** Which inserts a result names: 4 names all, later majors those that were done, counted in their own way. */
function shownIds(raw: RawBulkResult, major: number, ordered: boolean): RawBulkResult['insertedIds'] {
  const [first] = raw.writeErrors;
  if (first === undefined || major < 5) return raw.insertedIds;
  if (ordered) return raw.insertedIds.slice(0, first.index);
  const failed = new Set(raw.writeErrors.map(({ index }) => index));
  return raw.insertedIds.filter(({ index }) => !failed.has(index));
}

function byIndex(ids: readonly { readonly index: number; readonly _id?: unknown }[]): Ids {
  const map: Ids = {};
  for (const { index, _id } of ids) map[index] = _id;
  return map;
}

/** For a list of which nothing has been sent yet. */
export function emptyResult(insertedIds: RawBulkResult['insertedIds']): RawBulkResult {
  return {
    ok: 1,
    writeErrors: [],
    writeConcernErrors: [],
    insertedIds,
    nInserted: 0,
    nUpserted: 0,
    nMatched: 0,
    nModified: 0,
    nRemoved: 0,
    upserted: [],
  };
}

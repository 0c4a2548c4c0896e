import type { Checkpoint, StoredResult } from '../journal/documents.ts';
import type { Counts } from '../types.ts';
import { noCounts, sum } from './tally.ts';

/** Options of the driver decide in which class a number of BSON comes: Int32, Long, bigint. */
const number = (value: unknown) => {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isNumber || (typeof value === 'object' && value !== null && '_bsontype' in value) ? Number(value) : 0;
};

/**
 * What an answer of the driver says was done: of `insertOne` and the like, of bulk writes (also the partial one that a
 * bulk write's error carries).
 */
export function countsOf(result: unknown): Counts {
  if (typeof result !== 'object' || result === null) return { matched: 0, modified: 0, inserted: 0, deleted: 0 };
  const answer = result as Record<string, unknown>;
  const single = 'insertedId' in answer && answer.insertedCount === undefined && answer.acknowledged === true;
  return {
    matched: number(answer.matchedCount),
    modified: number(answer.modifiedCount),
    inserted: number(answer.insertedCount) + number(answer.upsertedCount) + (single ? 1 : 0),
    deleted: number(answer.deletedCount),
  };
}

/**
 * What `findAndModify` says in `lastErrorObject`. The server does not tell whether a matched document really changed,
 * so an updated one counts as modified.
 */
export function countsOfFindAndModify(result: unknown, removes: boolean): Counts {
  const last = (result as { lastErrorObject?: Record<string, unknown> } | null | undefined)?.lastErrorObject;
  const n = number(last?.n);
  const updated = last?.updatedExisting === true ? n : 0;
  if (removes) return { matched: 0, modified: 0, inserted: 0, deleted: n };
  return { matched: updated, modified: updated, inserted: n - updated, deleted: 0 };
}

/** What the server's reply to a raw `insert`, `update`, `delete` or `bulkWrite` command says. */
export function countsOfReply(command: string, reply: unknown): Counts {
  const answer = (typeof reply === 'object' && reply !== null ? reply : {}) as Record<string, unknown>;
  const n = number(answer.n);
  const upserted = Array.isArray(answer.upserted) ? answer.upserted.length : 0;
  if (command === 'insert') return { matched: 0, modified: 0, inserted: n, deleted: 0 };
  if (command === 'delete') return { matched: 0, modified: 0, inserted: 0, deleted: n };
  if (command === 'update') {
    return { matched: n - upserted, modified: number(answer.nModified), inserted: upserted, deleted: 0 };
  }
  return {
    matched: number(answer.nMatched),
    modified: number(answer.nModified),
    inserted: number(answer.nInserted) + number(answer.nUpserted),
    deleted: number(answer.nDeleted),
  };
}

/** All that was done up to a checkpoint: also by the statement of a list that is at work, and what no answer counts. */
export function countsOfCheckpoint({ counts, constants = {} }: Checkpoint): Counts {
  const { within, uncounted, quarantined } = constants as {
    readonly within?: Checkpoint;
    readonly uncounted?: Counts;
    readonly quarantined?: number;
  };
  const all = [counts, within?.counts, uncounted, quarantined ? { ...noCounts, quarantined } : undefined];
  return all.reduce<Counts>((total, some) => (some === undefined ? total : sum(total, some)), noCounts);
}

/** What an answer says that the journal keeps, of whichever method; undefined where it does not: one too large to be kept. */
export function countsOfAnswer(method: string, { form, value }: StoredResult): Counts | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const answer = value as Record<string, unknown>;
  if (form === 'bulk') {
    const { nMatched, nModified, nInserted, nUpserted, nRemoved } = (answer.raw ?? {}) as Record<string, unknown>;
    return {
      ...{ matched: number(nMatched), modified: number(nModified), deleted: number(nRemoved) },
      inserted: number(nInserted) + number(nUpserted),
    };
  }
  if ('lastErrorObject' in answer) {
    const { updatedExisting } = (answer.lastErrorObject ?? {}) as Record<string, unknown>;
    return countsOfFindAndModify(answer, updatedExisting === undefined);
  }
  if (method === 'batch') {
    const { matched, modified, inserted, deleted, quarantined } = answer;
    return {
      ...{ matched: number(matched), modified: number(modified) },
      ...{ inserted: number(inserted), deleted: number(deleted) },
      ...(number(quarantined) > 0 ? { quarantined: number(quarantined) } : {}),
    };
  }
  if (method.startsWith('command ')) return countsOfReply(method.replace('command ', '').toLowerCase(), answer);
  return answer.acknowledged === true ? countsOf(answer) : undefined;
}

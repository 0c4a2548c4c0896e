import type { StoredError, StoredRead } from '../../journal/documents.ts';

/** What the entries hold of one read, put together. */
export type Stored =
  | { readonly form: 'value'; readonly value: unknown; readonly error?: StoredError }
  | { readonly form: 'digest'; readonly digest: string }
  | StoredCursor;

export interface StoredCursor {
  readonly form: 'cursor';
  /** The first documents that it gave out. */
  readonly documents: readonly unknown[];
  /** How many it gave out in all; of those behind `documents` only a digest is kept. */
  readonly count: number;
  readonly digest?: string;
  readonly ended: boolean;
  /** What its last fetch was refused with. */
  readonly error?: StoredError;
}

/** In place of a fingerprint: from here on the run did not keep its reads. */
export const keptNoLonger = '*';

export function readKey(fingerprint: string, occurrence: number): string {
  return `${fingerprint}/${occurrence}`;
}

/**
 * The reads of all entries, by key. The same read may stand in several entries, and a cursor in pieces; undefined
 * where a read before one of the entries was not kept, so that the replay cannot be had.
 */
export function storedReads(reads: Iterable<StoredRead>): Map<string, Stored> | undefined {
  const pieces = new Map<string, StoredRead[]>();
  for (const read of reads) {
    if (read.fingerprint === keptNoLonger) return undefined;
    const key = readKey(read.fingerprint, read.occurrence);
    const list = pieces.get(key);
    if (list === undefined) pieces.set(key, [read]);
    else list.push(read);
  }
  const stored = new Map<string, Stored>();
  for (const [key, list] of pieces) {
    const whole = joined(list);
    if (whole === undefined) return undefined;
    stored.set(key, whole);
  }
  return stored;
}

function joined(pieces: readonly StoredRead[]): Stored | undefined {
  const [first] = pieces;
  if (first === undefined) return undefined;
  if (first.form === 'value') return { form: 'value', value: first.value, error: first.error };
  if (pieces.every(({ form, count }) => form === 'digest' && count === undefined)) {
    return typeof first.value === 'string' ? { form: 'digest', digest: first.value } : undefined;
  }
  return joinedCursor(pieces);
}

function joinedCursor(pieces: readonly StoredRead[]): StoredCursor | undefined {
  const documents: unknown[] = [];
  const lists = pieces.filter(({ form }) => form === 'documents').sort((a, b) => (a.count ?? 0) - (b.count ?? 0));
  for (const { count = 0, value } of lists) {
    const list = value as readonly unknown[];
    const start = count - list.length;
    if (start > documents.length) return undefined;
    documents.push(...list.slice(documents.length - start));
  }
  const ended = pieces.some((piece) => piece.ended === true);
  const error = pieces.find((piece) => piece.error !== undefined)?.error;
  const last = pieces
    .filter(({ form }) => form === 'digest')
    .reduce<StoredRead | undefined>((a, b) => ((a?.count ?? 0) > (b.count ?? 0) ? a : b), undefined);
  if (last === undefined) return { form: 'cursor', documents, count: documents.length, ended, error };
  if (typeof last.value !== 'string') return undefined;
  return { form: 'cursor', documents, count: last.count ?? 0, digest: last.value, ended, error };
}

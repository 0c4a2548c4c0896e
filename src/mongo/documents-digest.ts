import { createHash, hash } from 'node:crypto';
import type { Db } from 'mongodb';
import { readRaw } from './raw-read.ts';
import { SortedFields } from './sorted-fields.ts';

export interface DocumentsDigest {
  readonly documents: number;
  /** Equal for the same documents in any order; hex. */
  readonly multiset: string;
  /** Equal for the same documents in the same order, the one in which the server keeps them; hex. */
  readonly sequence: string;
}

export interface DigestOptions {
  /** `exact`: the bytes. `sorted-fields`: as if the fields were sorted by name, at every depth. Default exact. */
  readonly form?: 'exact' | 'sorted-fields';
  /** Top-level fields with dates that all count as one. With sorted fields only. */
  readonly anyDate?: ReadonlySet<string>;
  /** The collection is a time series: its measurements, in no order. */
  readonly measurements?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * What the documents of a collection amount to. The multiset digest adds up the documents' SHA-256 in eight lanes of
 * 32 bits: it tells accidents apart, not forgeries. Throws as `readRaw` does.
 */
export async function digestDocuments(
  db: Db,
  collection: string,
  options: DigestOptions = {},
): Promise<DocumentsDigest> {
  const sorted = options.form === 'sorted-fields' ? new SortedFields(options.anyDate) : undefined;
  const lanes = new Uint32Array(8);
  const sequence = createHash('sha256');
  let documents = 0;
  const { measurements, signal } = options;
  for await (const batch of readRaw(db, collection, { measurements, natural: !measurements, signal })) {
    for (const document of batch) {
      const digest = hash('sha256', sorted?.of(document) ?? document, 'buffer');
      for (let lane = 0; lane < 8; lane++) lanes[lane] = (lanes[lane] as number) + digest.readUInt32LE(lane * 4);
      sequence.update(digest);
    }
    documents += batch.length;
  }
  const multiset = [...lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('');
  return { documents, multiset, sequence: sequence.digest('hex') };
}

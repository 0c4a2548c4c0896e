import { createHash } from 'node:crypto';

/** What stands for a document in memory; the empty text where there is none. */
export function stateOf(document: Uint8Array | undefined): string {
  return document === undefined ? '' : digest(document);
}

/** 96 bits, as a short string of one byte a character. */
export function digest(value: string | Uint8Array): string {
  const hash = createHash('sha256');
  if (typeof value === 'string') hash.update(value, 'latin1');
  else hash.update(value);
  return hash.digest().toString('latin1', 0, 12);
}

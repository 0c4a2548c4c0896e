import { hash } from 'node:crypto';

/** What stands for a document in memory; the empty text where there is none. */
export function stateOf(document: Uint8Array | undefined): string {
  return document === undefined ? '' : digest(document);
}

/** 96 bits, as a short string of one byte a character. */
export function digest(value: string | Uint8Array): string {
  return hash('sha256', value, 'binary').slice(0, 12);
}

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** A file of the project, for what may be said about it: its own words are its author's and no data. */
export interface Source {
  readonly path: string;
  readonly fileName: string;
  readonly words: ReadonlySet<string>;
  /** Show what user code says as it is. */
  readonly showValues: boolean;
}

const wordPattern = /[\p{L}_$][\p{L}\p{N}_$]*/gu;

export function wordsOf(text: string): string[] {
  return text.match(wordPattern) ?? [];
}

export async function readSource(path: string, showValues: boolean): Promise<Source> {
  // A file that cannot be read has no words; loading it says what is wrong.
  const text = await readFile(path, 'utf8').catch(() => '');
  return { path, fileName: basename(path), words: new Set(wordsOf(text)), showValues };
}

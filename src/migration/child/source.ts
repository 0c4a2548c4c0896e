import { basename } from 'node:path';

/** A file of the project, for what may be said about it: the words of code are its author's and no data. */
export interface Source {
  readonly path: string;
  readonly fileName: string;
  readonly words: ReadonlySet<string>;
  /** Messages of ours that user code was given: they hold no values, and user code may quote them. */
  readonly given: Set<string>;
  /** Show what user code prints and throws as it is, for a person at a terminal. */
  readonly showValues: boolean;
}

const wordPattern = /[\p{L}_$][\p{L}\p{N}_$]*/gu;

export function wordsOf(text: string): string[] {
  return text.match(wordPattern) ?? [];
}

/** The file at this path; `words` are those of all project code that is loaded. */
export function sourceAt(path: string, words: ReadonlySet<string>, showValues: boolean): Source {
  return { path, fileName: basename(path), words, given: new Set(), showValues };
}

import { readFile } from 'node:fs/promises';
import { listed } from '../files/find.ts';
import type { MigrationFile } from '../types.ts';
import { Code } from './code.ts';
import { type SourceRule, sourceRules } from './rules.ts';

/** What one rule has to say of one file. */
export interface SourceNote extends Pick<SourceRule, 'severity' | 'next' | 'costs' | 'ofJournal' | 'ofImages'> {
  readonly rule: string;
  /** A predicate: the migration's name stands before it. */
  readonly message: string;
  /** Of the first place. */
  readonly line: number;
}

/** Larger files are data with a little code around it. */
const largest = 1_000_000;

/**
 * What the text of a migration's `up` says about how it can be run: a hint, never proof. What it imports from the project
 * is not looked at, nor is what its code puts together while it runs. Pure; never throws.
 */
export function scanSource(source: string): SourceNote[] {
  if (source.length > largest) return [];
  const code = new Code(source, ['down', 'downDocument']);
  return sourceRules.flatMap(({ id, find, message, ...rule }): SourceNote[] => {
    const places = find(code);
    const [first] = places;
    if (first === undefined) return [];
    const what = listed([...new Set(places.map((place) => place.what))], 3);
    const line = Math.min(...places.map((place) => place.line));
    return [{ rule: id, ...rule, message: message(what), line }];
  });
}

/** The same of files, by name. A file that cannot be read any more has nothing to say: loading it will. */
export async function scanFiles(files: readonly MigrationFile[]): Promise<Map<string, readonly SourceNote[]>> {
  const notes = new Map<string, readonly SourceNote[]>();
  for (const { name, path } of files) {
    const source = await readFile(path, 'utf8').catch(() => '');
    notes.set(name, scanSource(source));
  }
  return notes;
}

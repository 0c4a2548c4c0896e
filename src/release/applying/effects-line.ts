import type { Effects } from '../../migration/types.ts';

/** What a migration did, in one line: counts and names, no values. */
export function effectsLine(effects: Effects): string {
  const parts: string[] = [];
  const count = (number: number, what: string) => {
    if (number > 0) parts.push(`${number.toLocaleString('en')} ${what}`);
  };
  count(effects.matched, 'matched');
  count(effects.modified, 'modified');
  count(effects.inserted, 'inserted');
  count(effects.deleted, 'deleted');
  count(effects.quarantined ?? 0, 'left out, in quarantine');
  const list = (names: readonly string[], what: string) => {
    if (names.length > 0) parts.push(`${what} ${names.join(', ')}`.trimStart());
  };
  list(effects.indexesCreated, 'indexes created');
  list(effects.indexesDropped, 'indexes dropped');
  list(effects.collectionsCreated, 'collections created');
  list(effects.collectionsDropped, 'collections dropped');
  list(effects.otherChanges, parts.length === 0 ? '' : 'also');
  count(effects.unknown, 'with unknown result');
  return parts.length === 0 ? 'no changes' : parts.join(', ');
}

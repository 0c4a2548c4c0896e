import type { CollectionInfo } from '../../mongo/catalog.ts';
import { keyText } from '../journal/asked-indexes.ts';
import { type IndexSpec, indexesNow, indexesOf } from './indexes.ts';
import type { UndoEntry } from './read.ts';

export interface MadeIndexes {
  /** Names of the indexes that stand there now and that this entry made. */
  readonly names: readonly string[];
  /** Whether some may be of it as well as of somebody else. */
  readonly unsure: boolean;
}

/** What a `createIndexes` made of the indexes of a collection: others build theirs at any time, also in between. */
export function madeIndexes(info: CollectionInfo, { catalog, error }: UndoEntry): MadeIndexes {
  const old = indexesOf(catalog?.before);
  const after = catalog?.after === undefined ? undefined : indexesOf(catalog.after);
  const asked = catalog?.asked;
  const come = [...indexesNow(info)].filter(([name]) => !old.has(name) && after?.has(name) !== false);
  // The entry is from before calls were on record.
  if (asked === undefined) {
    const unsure = after === undefined && come.length > 0;
    return { names: unsure ? [] : come.map(([name]) => name), unsure };
  }
  const names = come
    .filter(([name, spec]) => asked.some((index) => index.name === name && hasKey(spec, index.key)))
    .map(([name]) => name);
  // The server makes none of them where it refuses one, up to shards that were faster.
  return error === undefined ? { names, unsure: false } : { names: [], unsure: names.length > 0 };
}

function hasKey(spec: IndexSpec, asked: string | undefined): boolean {
  const key = spec.get('key');
  return asked === undefined || !(key instanceof Map) || keyText(key as Map<string, unknown>) === asked;
}

import type { Document } from 'mongodb';
import type { Statement } from './statement.ts';

/**
 * Whether an update may change a field of a unique index. In the order of `_id`, in batches, a value can meet one that
 * the statement would have moved away before (a number shifted by one), so such a statement is better sent whole.
 * True also where the indexes may not be looked at.
 */
export async function mayMoveUniqueValues({ collection, update, removes }: Statement<unknown>): Promise<boolean> {
  if (removes) return false;
  let indexes: readonly Document[];
  try {
    // A partial index may hold what JavaScript does not know as a regular expression.
    indexes = await collection.indexes({ bsonRegExp: true });
  } catch {
    return true;
  }
  const keys = indexes.filter(({ unique }) => unique === true).flatMap(({ key }) => Object.keys(key as object));
  if (keys.length === 0) return false;
  const paths = changedPaths(update);
  return paths === 'any' || keys.some((key) => paths.some((path) => overlap(path, key)));
}

const setting = new Set(['$set', '$addFields']);

/** The paths that an update writes, without positions in arrays. */
export function changedPaths(update: unknown): readonly string[] | 'any' {
  const paths: string[] = [];
  for (const part of Array.isArray(update) ? update : [update]) {
    for (const [operator, value] of Object.entries((part ?? {}) as object)) {
      if (Array.isArray(update) && operator === '$unset') paths.push(...[value as string | string[]].flat());
      else if (Array.isArray(update) && !setting.has(operator)) return 'any';
      else {
        paths.push(...Object.keys((value ?? {}) as object));
        if (operator === '$rename') paths.push(...Object.values(value as object).map(String));
      }
    }
  }
  return paths.map(withoutPositions);
}

function withoutPositions(path: string): string {
  return path
    .split('.')
    .filter((part) => !part.startsWith('$') && !/^\d+$/.test(part))
    .join('.');
}

function overlap(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

import { type DatabaseState, type Difference, describeDifference, withSortedFields } from '../../mongo/compare.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { RehearsedMigration } from './result.ts';

/** By collection: the fields that have another date after each write, and the documents as they are with any date there. */
export type NewDates = ReadonlyMap<string, { readonly fields: ReadonlySet<string>; readonly documents: string }>;

/**
 * The fields in which these migrations put one date in the place of another, as Mongoose does with `timestamps`: their
 * `down` does so, too, and the date of before never comes back. With the documents beside them, as they are now.
 */
export async function newDates(
  { db }: Connection,
  state: DatabaseState,
  migrations: readonly RehearsedMigration[],
  signal: AbortSignal,
): Promise<NewDates> {
  const found = new Map<string, Set<string>>();
  for (const { collection, path, before, after } of migrations.flatMap(({ seen }) => seen?.fields?.fields ?? [])) {
    // At the top level, where timestamps stand; a name that may be data stands as `*`.
    if (before !== 'date' || after !== 'date' || /[.*[]/.test(path)) continue;
    if (state.get(collection)?.info.type !== 'collection') continue;
    found.set(collection, (found.get(collection) ?? new Set()).add(path));
  }
  const known = new Map<string, { fields: Set<string>; documents: string }>();
  for (const [collection, fields] of found)
    known.set(collection, { fields, documents: await withSortedFields(db, collection, signal, fields) });
  return known;
}

/** For people, what of a difference is nothing but such a date; undefined where more differs, or nothing tells. */
export async function onlyNewDates(
  { db }: Connection,
  dates: NewDates | undefined,
  difference: Difference,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { collection, kind } = difference;
  const known = kind === 'documents' ? dates?.get(collection) : undefined;
  if (known === undefined) return undefined;
  if ((await withSortedFields(db, collection, signal, known.fields)) !== known.documents) return undefined;
  return `${describeDifference(difference)}, in nothing but new dates: ${[...known.fields].join(', ')}`;
}

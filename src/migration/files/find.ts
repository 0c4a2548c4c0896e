import { nearest } from '../../config/nearest.ts';
import { ReleaseError } from '../../observe/error.ts';

/**
 * The migration that a flag names: its name, with or without the file's extension. Throws `MIGRATION_UNKNOWN`, naming
 * the nearest; nobody remembers the digits at the front, so a name that only contains the word is near.
 */
export function findMigration<T extends { readonly name: string; readonly fileName: string }>(
  word: string,
  migrations: readonly T[],
  flag: string,
  /** Whether the hint may be a line to type: not where the wrong migration would be taken for one that ran. */
  mayType = true,
): T {
  const found = migrations.find((one) => one.name === word || one.fileName === word);
  if (found !== undefined) return found;
  const names = migrations.map((one) => one.name);
  const containing = word === '' ? [] : names.filter((name) => name.includes(word));
  const near = containing.length > 0 ? containing : [nearest(word, names)].filter((name) => name !== undefined);
  const [first] = near;
  const hint =
    first === undefined
      ? 'mongo-release status lists the migrations there are.'
      : near.length === 1 && mayType
        ? `Type ${flag} ${first}`
        : mayType
          ? `Name one of ${listed(near)}.`
          : `mongo-release status lists the migrations there are; similar: ${listed(near)}.`;
  throw new ReleaseError('MIGRATION_UNKNOWN', `There is no migration ${JSON.stringify(word)} (${flag}).`, { hint });
}

/** Names in a sentence, the first few of many. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

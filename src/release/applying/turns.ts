import type { MigrationFacts, MigrationFile } from '../../migration/types.ts';
import { ReleaseError } from '../../observe/error.ts';
import type { Situation } from '../situation/situation.ts';

/** One migration that is to be run in one direction. */
export interface Turn {
  readonly file: MigrationFile;
  readonly facts: MigrationFacts;
}

/** Migrations with their files and facts, in the order of the names. */
export function turnsOf({ files, facts }: Pick<Situation, 'files' | 'facts'>, names: readonly string[]): Turn[] {
  return names.map((name) => {
    const file = files.get(name);
    const fact = facts.get(name);
    if (file !== undefined && fact !== undefined) return { file, facts: fact };
    throw new ReleaseError('MIGRATION_UNKNOWN', `The file of migration ${name} is not there.`, {
      hint: `Bring ${name} back into the folder of migrations, from the commit that it was applied with.`,
    });
  });
}

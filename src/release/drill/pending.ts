import type { ArchiveManifest } from '../../backup/manifest.ts';
import { describeMigrations } from '../../migration/describe.ts';
import { listed } from '../../migration/files/find.ts';
import { makePlan } from '../../migration/plan/plan.ts';
import type { HistoryRecord } from '../../migration/types.ts';
import { type Turn, turnsOf } from '../applying/turns.ts';
import { childOptions } from '../child-options.ts';
import { listFiles } from '../migrate-mongo.ts';
import type { Run } from '../run.ts';
import { unusableWhere } from '../situation/situation.ts';

/** What brings restored data to the schema of this checkout. */
export interface Behind {
  readonly turns: readonly Turn[];
  /** Why nothing can bring them there; undefined where `turns` does, or nothing has to. */
  readonly impossible?: string;
  /** What a person should know of it, a sentence each. */
  readonly warnings: readonly string[];
}

/** What is pending where the data of a backup stand. Throws what listing and loading migrations throws. */
export async function behindOf(run: Run, { id, position, createdAt, toolVersion }: ArchiveManifest): Promise<Behind> {
  const { applied, halfDone = [] } = position;
  const records = applied.map(
    ({ name, checksum }, sequence): HistoryRecord => ({
      ...{ _id: name, fileName: name, checksum, sequence, toolVersion, state: 'applied', direction: 'up' },
      ...{ phase: 'before-deploy', startedAt: new Date(createdAt), releaseId: id, fence: 0 },
    }),
  );
  const files = await listFiles(run);
  const facts = await describeMigrations(files, { ...childOptions(run), unusable: unusableWhere(run, records) });
  const { pending } = makePlan({ files, facts, records, scope: {}, database: '', target: '' });
  const byName = new Map(files.map((file) => [file.name, file]));
  const unknown = applied.filter(({ name }) => !byName.has(name)).map(({ name }) => name);
  const warnings =
    unknown.length === 0
      ? []
      : [
          `The backup has migrations that this checkout does not have, so it may be newer than this: ${listed(unknown)}.`,
        ];
  if (halfDone.length > 0) {
    const names = listed(halfDone.map(({ name }) => name));
    const impossible = `when it was taken, ${names} had been left half-way, and nobody knows what of it is in the data`;
    return { turns: [], impossible, warnings };
  }
  return {
    turns: turnsOf(
      { files: byName, facts },
      pending.map(({ name }) => name),
    ),
    warnings,
  };
}

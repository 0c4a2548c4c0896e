import type { HistoryRecord } from '../migration/types.ts';
import type { Connection } from '../mongo/connect.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import type { Ended, FailedMigration, MigrateResult } from './result.ts';
import type { InQuarantine } from './status.ts';

/**
 * How many documents each migration has in quarantine: what a `batch` left out, as long as the migration was not taken
 * back, and what an undo left to users. A document that several attempts left counts once. Throws what `asServerFailure`
 * makes of a server's failure.
 */
export async function readQuarantine(
  { db }: Connection,
  quarantine: string,
  records: readonly HistoryRecord[],
): Promise<InQuarantine[]> {
  const takenBack = records.filter(({ state }) => state === 'rolled-back').map(({ _id }) => _id);
  const document = { migration: '$migration', namespace: '$namespace', id: '$documentId' };
  try {
    return await db
      .collection(quarantine)
      .aggregate<InQuarantine>([
        { $match: { $nor: [{ why: 'batch', migration: { $in: takenBack } }, { why: 'down-document' }] } },
        { $group: { _id: document } },
        { $group: { _id: '$_id.migration', documents: { $sum: 1 } } },
        { $sort: { _id: 1 } },
        { $project: { _id: 0, migration: '$_id', documents: 1 } },
      ])
      .toArray();
  } catch (error) {
    throw asServerFailure(error, `counting the documents in ${quarantine}`);
  }
}

/** For whoever reads that there is something: how to see it, and how to be rid of it. */
export function quarantineWarning(one: InQuarantine, quarantine: string): string {
  const [were, they] = one.documents === 1 ? ['it was', 'it is'] : ['they were', 'they are'];
  // What an undo that is half-way has open stands there too, and is needed.
  const filter = `{ migration: '${one.migration}', why: { $in: ['batch', 'undo'] } }`;
  return `${documentsOf(one)} left as ${were}; quarantine has a copy of each. In mongosh: db.getCollection('${quarantine}').find(${filter}). Once ${they} put right, deleteMany with the same filter says so.`;
}

/** What the migrations of a command left out, as warnings. */
export function leftOut(ended: Ended, quarantine: string): string[] {
  const { applied, rehearsed } = migrationsOf(ended);
  const names = new Set(applied.map(({ name }) => name));
  const some = (migrations: readonly FailedMigration[]): InQuarantine[] =>
    migrations.flatMap(({ name, effects }) =>
      effects?.quarantined ? [{ migration: name, documents: effects.quarantined }] : [],
    );
  return [
    ...[...some(applied), ...leftByUndo(ended)].map((one) => quarantineWarning(one, quarantine)),
    ...some(rehearsed.filter(({ name }) => !names.has(name))).map(
      (one) =>
        `In the rehearsal ${documentsOf(one)} left as they were: applied, it puts such documents into quarantine.`,
    ),
  ];
}

/** What an undo that was done left to users. */
function leftByUndo(ended: Ended): InQuarantine[] {
  const back = ended.command === 'release' ? ended.result?.rollback : undefined;
  const { undo = [], reverted = [] } =
    (ended.command === 'rollback' || ended.command === 'down' ? ended.result : back) ?? {};
  const done = new Set(reverted.map(({ name }) => name));
  return undo.flatMap(({ name: migration, quarantined: documents }) =>
    documents > 0 && done.has(migration) ? [{ migration, documents }] : [],
  );
}

function documentsOf({ migration, documents }: InQuarantine): string {
  return documents === 1
    ? `1 document of ${migration} was`
    : `${documents.toLocaleString('en')} documents of ${migration} were`;
}

interface Ran {
  readonly applied: readonly FailedMigration[];
  readonly rehearsed: readonly FailedMigration[];
}

function migrationsOf(ended: Ended): Ran {
  switch (ended.command) {
    case 'migrate':
    case 'up':
      return ofMigrate(ended.result);
    case 'release':
      return ofMigrate({ rehearsal: ended.result?.rehearsal, ...ended.result?.migrate });
    case 'down':
    case 'rollback':
      return { applied: ended.result?.reverted ?? [], rehearsed: [] };
    default:
      return { applied: [], rehearsed: [] };
  }
}

function ofMigrate({ applied = [], failed, rehearsal }: Partial<MigrateResult> = {}): Ran {
  return { applied: [...applied, ...(failed ? [failed] : [])], rehearsed: rehearsal?.migrations ?? [] };
}

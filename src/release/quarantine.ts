import { attemptPrefix } from '../migration/journal/documents.ts';
import type { HistoryRecord } from '../migration/types.ts';
import { LeftCount, type WhyLeft } from '../migration/undo/why-left.ts';
import type { Connection } from '../mongo/connect.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { leftInWords } from '../report/left-documents.ts';
import { RollbackRecords } from './record/rollback-records.ts';
import type { Ended, FailedMigration, MigrateResult } from './result.ts';
import { namesOf, type Run } from './run.ts';
import type { InQuarantine } from './status.ts';

/**
 * How many documents each migration has in quarantine: what a `batch` left out, as long as the migration was not taken
 * back, and what an undo left to users. A document that several attempts left counts once, as the last of them has it. Throws what `asServerFailure`
 * makes of a server's failure.
 */
export async function readQuarantine(
  run: Run,
  { db }: Connection,
  records: readonly HistoryRecord[],
): Promise<InQuarantine[]> {
  const { quarantine } = namesOf(run);
  const takenBack = records.filter(({ state }) => state === 'rolled-back').map(({ _id }) => _id);
  const document = { migration: '$migration', namespace: '$namespace', id: '$documentId' };
  const unknown = { $cond: [{ $eq: ['$why', 'undo'] }, 'unknown', '$$REMOVE'] };
  const why = { reason: { $ifNull: ['$reason', unknown] }, fields: '$fields', index: '$index', code: '$code' };
  const place = { migration: '$_id.migration', collection: '$_id.namespace.collection' };
  const last = { why: '$last.why', attempt: '$last.attempt' };
  try {
    const found = await db
      .collection(quarantine)
      .aggregate<Counted>([
        // What an undo that is half-way has open is left to nobody as yet.
        { $match: { $or: [{ why: 'undo' }, { why: 'batch', migration: { $nin: takenBack } }] } },
        { $group: { _id: document, last: { $max: { attempt: '$attempt', why } } } },
        { $group: { _id: { ...place, ...last }, documents: { $sum: 1 } } },
        { $sort: { _id: 1 } },
      ])
      .toArray();
    const undone = found.some(({ _id }) => _id.why.reason);
    const rollbacks = undone ? await new RollbackRecords(db, run).leftDocuments() : new Map<string, string>();
    return [...Map.groupBy(found, ({ _id }) => _id.migration)].map(([migration, of]) => {
      const count = new LeftCount();
      for (const { _id, documents } of of) if (_id.why.reason) count.add(_id.collection, _id.why, documents);
      const documents = of.reduce((sum, one) => sum + one.documents, 0);
      // What is there may be of several, or of another way back of the same migration.
      const by = new Set(of.map(({ _id: { attempt: number } }) => rollbacks.get(attemptPrefix({ migration, number }))));
      const [rollbackId] = by.size === 1 ? by : [];
      const conflicts = count.documents > 0 && { conflicts: count.all, ...(rollbackId && { rollbackId }) };
      return { migration, documents, ...conflicts };
    });
  } catch (error) {
    throw asServerFailure(error, `counting the documents in ${quarantine}`);
  }
}

interface Counted {
  /** `why`: empty where it was no undo. */
  readonly _id: {
    readonly migration: string;
    readonly collection: string;
    readonly why: WhyLeft;
    readonly attempt: number;
  };
  readonly documents: number;
}

/** For whoever reads that there is something: how to see it, and how to be rid of it. */
export function quarantineWarning(one: InQuarantine, quarantine: string): string {
  const [were, they] = one.documents === 1 ? ['it was', 'it is'] : ['they were', 'they are'];
  // What an undo that is half-way has open stands there too, and is needed.
  const filter = `{ migration: '${one.migration}', why: ${whyOf(one)} }`;
  const { conflicts = [], rollbackId } = one;
  const by = rollbackId === undefined ? '' : ` by rollback ${rollbackId}`;
  const [why, how] =
    conflicts.length === 0
      ? ['', '']
      : [`: ${leftInWords(conflicts)}`, ' (docs/rollback.md has the lines for one of them)'];
  return `${documentsOf(one)} left as ${were}${by}${why}; quarantine has a copy of each. In mongosh: \`db.getCollection('${quarantine}').find(${filter})\`. Once ${they} put right, deleteMany with the same filter says so${how}.`;
}

/** No more than what is counted: of a migration that was taken back what a batch had left out stands there, too. */
function whyOf({ documents, conflicts = [] }: InQuarantine): string {
  const undone = conflicts.reduce((sum, one) => sum + one.documents, 0);
  if (undone === 0) return "'batch'";
  return undone === documents ? "'undo'" : "{ $in: ['batch', 'undo'] }";
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
  return undo.flatMap(({ name: migration, quarantined: documents, conflicts }) =>
    documents > 0 && done.has(migration) ? [{ migration, documents, conflicts }] : [],
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
      return { applied: (ended.result?.reverted ?? []).filter((one) => one.effects !== undefined), rehearsed: [] };
    default:
      return { applied: [], rehearsed: [] };
  }
}

function ofMigrate({ applied = [], failed, rehearsal }: Partial<MigrateResult> = {}): Ran {
  return { applied: [...applied, ...(failed ? [failed] : [])], rehearsed: rehearsal?.migrations ?? [] };
}

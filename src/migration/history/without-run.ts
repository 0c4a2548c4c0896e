import type { AnyBulkWriteOperation } from 'mongodb';
import { ReleaseError } from '../../observe/error.ts';
import { isHalfDone } from '../beginning.ts';
import type { HistoryRecord, MigrationFile, Phase, Position } from '../types.ts';
import { conflict, type HistoryWriter, type RunIdentity, replacement, type Times } from './history.ts';
import { position } from './position.ts';
import type { Turn } from './turn.ts';

/** What is known of migrations beside their names: the files of the project, and their phases where they were loaded. */
export interface KnownMigrations {
  readonly files?: readonly MigrationFile[];
  readonly phases?: ReadonlyMap<string, Phase>;
}

export interface SetPositionResult {
  readonly applied: readonly string[];
  /** Had left traces in the target before, and have none in the restored data. */
  readonly rolledBack: readonly string[];
}

/** A migration of which a part was in the data when they were backed up. */
export interface HalfDone extends Pick<HistoryRecord, 'checksum' | 'direction'> {
  readonly name: string;
  readonly state: 'failed' | 'interrupted';
}

/** Where in history the data of a backup are. */
export interface BackedUpPosition {
  /** With the release that each was applied in, so that it can be taken back by that also after a restore. */
  readonly applied: readonly (Position['applied'][number] & Pick<HistoryRecord, 'appliedIn'>)[];
  readonly halfDone?: readonly HalfDone[];
}

/** What a backup of data with this history has to say; what is running is interrupted by then. */
export function backedUpPosition(records: readonly HistoryRecord[]): BackedUpPosition & Pick<Position, 'digest'> {
  const { digest, applied } = position(records);
  const releases = new Map(records.map(({ _id, appliedIn }) => [_id, appliedIn && { appliedIn }]));
  const halfDone = records.filter(isHalfDone).map(({ _id: name, checksum, direction, state }): HalfDone => {
    return { name, checksum, direction, state: state === 'failed' ? state : 'interrupted' };
  });
  return {
    digest,
    applied: applied.map((one) => ({ ...one, ...releases.get(one.name) })),
    ...(halfDone.length > 0 && { halfDone }),
  };
}

/**
 * After a restore: makes history say what the backup's manifest says. The manifest's migrations become `applied`, in
 * its order, those that were half done are so again, without a journal, and whatever else was applied or unsettled
 * becomes `rolled-back`, all with origin `restore`. No record is deleted; one that says `rolled-back` already stays as
 * it is.
 *
 * All or nothing on a replica set. May be repeated. Throws as `HistoryTurns.take` does.
 */
export async function setPosition(
  writer: HistoryWriter,
  { applied, halfDone = [] }: BackedUpPosition,
  origin: { readonly kind: 'restore'; readonly backupId: string },
  known: KnownMigrations = {},
): Promise<SetPositionResult> {
  const wanted = new Set([...applied, ...halfDone].map(({ name }) => name));
  return writer.change('setting the position', async (turn, run, fence) => {
    const records = await turn.records.find({}, { session: turn.session }).toArray();
    const existing = new Map(records.map((record) => [record._id, record]));
    const gone = records.filter((record) => !wanted.has(record._id) && record.state !== 'rolled-back');
    let sequence = await turn.sequence(wanted.size + gone.length);
    const describe = describer(known, run, fence);
    const writes: AnyBulkWriteOperation<HistoryRecord>[] = [];
    // Newest first, as going down would have done it.
    for (const record of gone.sort((a, b) => b.sequence - a.sequence)) {
      const { name, checksum } = { name: record._id, checksum: record.checksum };
      const text = { ...describe({ name, checksum }, record), state: 'rolled-back', direction: 'down', origin };
      writes.push(write(record, name, { ...text, sequence: sequence++ }, now));
    }
    for (const { appliedIn, ...one } of applied) {
      const record = existing.get(one.name);
      // Without a journal: that is of the collections which the restored ones have replaced.
      const text = { ...describe(one, record), state: 'applied', direction: 'up', origin, appliedIn };
      writes.push(write(record, one.name, { ...text, sequence: sequence++ }, nowApplied));
    }
    const message = `A part of it was in the data when backup ${origin.backupId} was taken, and nobody knows which.`;
    for (const { state, direction, ...one } of halfDone) {
      const record = existing.get(one.name);
      const error = { code: 'INTERRUPTED', message };
      const text = { ...describe(one, record), state, direction, origin, error };
      // On its way down it still counts as applied.
      writes.push(write(record, one.name, { ...text, sequence: sequence++ }, direction === 'down' ? nowApplied : now));
    }
    await sendRecords(turn, writes);
    return { applied: applied.map((one) => one.name), rolledBack: gone.map((record) => record._id) };
  });
}

/**
 * Records migrations as applied without running them: for a database that already has what they do, and to accept the
 * present content of an applied file. Comes back with the names whose record changed; what is recorded as applied with
 * the same content stays as it is.
 *
 * Throws `HISTORY_CONFLICT` where one of them is running, and as `HistoryTurns.take` does; nothing is written then.
 */
export async function baseline(
  writer: HistoryWriter,
  files: readonly MigrationFile[],
  phases?: ReadonlyMap<string, Phase>,
): Promise<string[]> {
  return writer.change('recording a baseline', async (turn, run, fence) => {
    const names = files.map((file) => file.name);
    const records = await turn.records.find({ _id: { $in: names } }, { session: turn.session }).toArray();
    const existing = new Map(records.map((record) => [record._id, record]));
    const running = records.find((record) => record.state === 'running');
    if (running !== undefined) throw conflict(running._id, running, 'be recorded as applied');
    const changed = files.filter((file) => {
      const record = existing.get(file.name);
      return record?.state !== 'applied' || record.checksum !== file.checksum;
    });
    let sequence = await turn.sequence(changed.length);
    const describe = describer({ files, phases }, run, fence);
    const origin = { kind: 'baseline' as const };
    await sendRecords(
      turn,
      changed.map((file) => {
        const record = existing.get(file.name);
        const text = { ...describe(file, record), state: 'applied', direction: 'up', origin };
        if (record?.state !== 'applied') {
          return write(record, file.name, { ...text, sequence: sequence++ }, nowApplied);
        }
        // An accepted edit keeps its time and its place: `down` goes by the order of application.
        const { appliedAt, appliedIn, sequence: place } = record;
        return write(record, file.name, { ...text, appliedAt, appliedIn, sequence: place }, now);
      }),
    );
    return changed.map((file) => file.name);
  });
}

function describer({ files = [], phases }: KnownMigrations, run: RunIdentity, fence: number) {
  const byName = new Map(files.map((file) => [file.name, file]));
  return ({ name, checksum }: { name: string; checksum: string }, record: HistoryRecord | undefined) => ({
    ...run,
    checksum,
    // A backup names migrations, not files; where no file has the name either, the name is all there is.
    fileName: byName.get(name)?.fileName ?? record?.fileName ?? name,
    description: record?.description,
    phase: phases?.get(name) ?? record?.phase ?? 'before-deploy',
    fence,
  });
}

function write(
  prior: HistoryRecord | undefined,
  name: string,
  record: Record<string, unknown>,
  times: Times,
): AnyBulkWriteOperation<HistoryRecord> {
  const filter = prior
    ? { _id: name, sequence: prior.sequence, fence: prior.fence }
    : { _id: name, sequence: { $exists: false } };
  return { updateOne: { filter, update: replacement(record, times), upsert: prior === undefined } };
}

const now: Times = { startedAt: '$$NOW', finishedAt: '$$NOW' };
const nowApplied: Times = { ...now, appliedAt: '$$NOW' };

/** Writes records of one turn. Throws `HISTORY_CONFLICT` where one of them is not what was read. */
export async function sendRecords(
  { records, session }: Turn,
  writes: AnyBulkWriteOperation<HistoryRecord>[],
): Promise<void> {
  if (writes.length === 0) return;
  const options = session === undefined ? { writeConcern: { w: 'majority' as const } } : { session };
  const result = await records.bulkWrite(writes, { ...options, ignoreUndefined: true });
  if (result.matchedCount + result.upsertedCount === writes.length) return;
  throw new ReleaseError('HISTORY_CONFLICT', 'The history of this target was changed by another run meanwhile.', {
    hint: 'Look at mongo-release status, then run the command again.',
  });
}

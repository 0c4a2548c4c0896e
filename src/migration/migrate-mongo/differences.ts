import { byCodeUnit } from '../canonical.ts';
import { nameOf, unknownChecksum } from '../files/files.ts';
import type { HistoryRecord, MigrationFile } from '../types.ts';
import type { Changelog, ChangelogEntry, ChangelogSettings } from './changelog.ts';

/** A migration that migrate-mongo applied, and that our history does not have as applied. */
export interface Adoption {
  readonly name: string;
  readonly fileName: string;
  readonly checksum: string;
  readonly appliedAt: Date;
  /** Whether the entry itself says which content it was. */
  readonly hashed: boolean;
}

/** How our history and migrate-mongo's changelog differ, and what settles each difference. */
export interface Differences {
  /** To become `applied`, in the order in which they were. */
  readonly adopted: readonly Adoption[];
  /** Were in the changelog, and are not any more: to become `rolled-back`, the newest first. */
  readonly gone: readonly HistoryRecord[];
  /** Applied, and not so in this changelog (a native project before, another collection, an accepted edit): to be written. */
  readonly unwritten: readonly HistoryRecord[];
  /** Applied and in the changelog, and the record does not say so yet. */
  readonly unmarked: readonly HistoryRecord[];
}

/**
 * Compares the two. Pure. A record says in `changelog` that its entry was written or seen: only then does a missing
 * entry mean that migrate-mongo has taken the migration back. What is running counts as interrupted: its run may be gone,
 * and where it is not, the changelog only gets ahead of history by what has reached its end.
 */
export function differences(
  records: readonly HistoryRecord[],
  { entries }: Pick<Changelog, 'entries'>,
  files: readonly MigrationFile[],
  settings: ChangelogSettings,
): Differences {
  const byName = new Map(records.map((record) => [record._id, record]));
  const present = choose(entries, files, settings);
  const adopted: Adoption[] = [];
  const unmarked: HistoryRecord[] = [];
  const rewritten: HistoryRecord[] = [];
  const marked = (record: HistoryRecord) => record.changelog === settings.collection;
  for (const [name, found] of present) {
    const record = byName.get(name);
    // On its way down the entry stays until the end.
    if (record !== undefined && onItsWay(record) && record.direction === 'down') continue;
    // Of another content than the record: what we write agrees, so whoever is not marked as written was changed last.
    const other = found.hashed && record !== undefined && found.checksum !== record.checksum;
    if (record === undefined || record.state !== 'applied' || (other && marked(record))) adopted.push(found);
    else if (!marked(record)) (other ? rewritten : unmarked).push(record);
  }
  const absent = records.filter((record) => !present.has(record._id));
  const wasApplied = (record: HistoryRecord) =>
    record.state === 'applied' || (onItsWay(record) && record.direction === 'down');
  return {
    adopted: adopted.sort(
      (a, b) => a.appliedAt.getTime() - b.appliedAt.getTime() || byCodeUnit(a.fileName, b.fileName),
    ),
    gone: absent.filter((record) => wasApplied(record) && marked(record)).sort((a, b) => b.sequence - a.sequence),
    unwritten: [...rewritten, ...absent.filter((record) => record.state === 'applied' && !marked(record))],
    unmarked,
  };
}

export function differ({ adopted, gone, unwritten, unmarked }: Differences): boolean {
  return adopted.length + gone.length + unwritten.length + unmarked.length > 0;
}

/** History as it will be once the differences are settled: for commands that only read. */
export function settled(records: readonly HistoryRecord[], { adopted, gone }: Differences): HistoryRecord[] {
  const taken = new Set(gone.map((record) => record._id));
  const seen = new Set(adopted.map(({ name }) => name));
  let sequence = Math.max(0, ...records.map((record) => record.sequence));
  return [
    ...records
      .filter(({ _id }) => !seen.has(_id))
      .map((record): HistoryRecord => {
        if (!taken.has(record._id)) return record;
        const { appliedAt, appliedIn, ...rest } = record;
        return { ...rest, state: 'rolled-back', direction: 'down', origin: { kind: 'migrate-mongo' } };
      }),
    ...adopted.map(({ name, fileName, checksum, appliedAt }): HistoryRecord => {
      sequence += 1;
      return {
        ...{ _id: name, state: 'applied', direction: 'up', phase: 'before-deploy', fileName, checksum, sequence },
        ...{ startedAt: appliedAt, finishedAt: appliedAt, appliedAt, origin: { kind: 'migrate-mongo' } },
        ...{ releaseId: 'migrate-mongo', toolVersion: 'migrate-mongo', fence: 0 },
      };
    }),
  ];
}

function onItsWay({ state }: HistoryRecord): boolean {
  return state === 'running' || state === 'failed' || state === 'interrupted';
}

/** The entry of each migration: the file's own where the extension was changed, the one of its content among hashes. */
function choose(
  entries: readonly ChangelogEntry[],
  files: readonly MigrationFile[],
  { useFileHash }: ChangelogSettings,
): Map<string, Adoption> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const chosen = new Map<string, { readonly entry: ChangelogEntry; readonly rank: number; readonly time: number }>();
  for (const entry of entries) {
    if (typeof entry.fileName !== 'string' || entry.fileName === '') continue;
    const name = nameOf(entry.fileName);
    const file = byName.get(name);
    const time = timeOf(entry).getTime();
    const same = useFileHash && file !== undefined && entry.fileHash === file.checksum;
    const rank = (file?.fileName === entry.fileName ? 2 : 0) + (same ? 1 : 0);
    const best = chosen.get(name);
    if (best === undefined || rank > best.rank || (rank === best.rank && time > best.time))
      chosen.set(name, { entry, rank, time });
  }
  return new Map(
    [...chosen].map(([name, { entry }]) => {
      const file = byName.get(name);
      const hash = useFileHash ? entry.fileHash : undefined;
      const checksum = hash ?? file?.checksum ?? unknownChecksum;
      return [name, { name, fileName: entry.fileName, checksum, appliedAt: timeOf(entry), hashed: hash !== undefined }];
    }),
  );
}

function timeOf({ appliedAt }: ChangelogEntry): Date {
  return appliedAt instanceof Date ? appliedAt : new Date(0);
}

import type {
  ExpectedOnTarget,
  FailedRehearsal,
  RehearsalResult,
  RehearsedMigration,
  ReliedOn,
} from '../release/rehearsal/result.ts';
import { probesTable } from './checks.ts';
import { formatBytes, formatBytesBetween, formatCount, formatDuration, formatTime, plural } from './format.ts';
import { migrationsTable, totals } from './migrations.ts';
import { describeViolations } from './offending.ts';
import { isTight } from './oplog.ts';
import { type Block, type Cell, detailWhere } from './story.ts';
import { wayBackFacts } from './way-back.ts';

/** What a rehearsal showed. `short`: what it ran is told elsewhere, since all of it was applied. */
export function rehearsalBlocks(rehearsal: RehearsalResult, short: boolean): Block[] {
  const { migrations, failed, remaining = [], probes = [], wayBack, uncovered } = rehearsal;
  const unverified = (wayBack?.probes ?? []).filter(({ state }) => state !== 'passed');
  // Those that a migration failed on stand in its error.
  const notes = migrations.flatMap(({ seen }) => (seen?.violations ?? []).map(describeViolations));
  return [
    ...(short ? [] : detailWhere(failed === undefined, migrationsTable('Rehearsed', migrations, failed))),
    ...(remaining.length > 0 ? [{ kind: 'list', title: 'Not rehearsed', items: remaining } as const] : []),
    ...(notes.length > 0 ? [{ kind: 'list', title: 'Documents to look at', items: notes } as const] : []),
    ...detailWhere(true, [...fieldsTable(migrations), ...targetTable(rehearsal)]),
    ...detailWhere(
      probes.every(({ state }) => state === 'passed'),
      probesTable(probes, 'Probes in the sandbox'),
    ),
    ...probesTable(unverified, 'Probes that a rollback would not pass'),
    {
      kind: 'facts',
      title: 'Rehearsal',
      // What is said against a way back stands in there.
      detail: [wayBack?.undo, wayBack?.down].every((way) => way === undefined || way.state === 'equal'),
      facts: [
        ['Level', { text: rehearsal.level }],
        ...(short ? [['Ran', { text: ranInWords(rehearsal) }] as const] : []),
        ['Restored', { text: `${restoredData(rehearsal)}${ofBackup(rehearsal)}` }],
        ['Server', { text: `${rehearsal.serverVersion}, ${rehearsal.sandbox}` }],
        ...wayBackFacts(wayBack),
        ...oplogFacts(rehearsal),
        ...needFacts(rehearsal),
        ['Took', { text: formatDuration(rehearsal.durationMs) }],
      ],
    },
    ...(uncovered.length > 0
      ? [{ kind: 'list', title: 'What the rehearsal could not show', detail: true, items: uncovered } as const]
      : []),
  ];
}

function ofBackup({ backup, level }: RehearsalResult): string {
  if (backup === undefined) return level === 'sample' ? ', a sample of the target as it was then' : '';
  const which = backup.id === undefined ? 'a backup taken for this' : `backup ${backup.id}`;
  return ` of ${which}, as the data were at ${formatTime(backup.at)}`;
}

/** What ran of it: the numbers of what failed stand in its row of the table. */
export function ranInWords({ migrations, failed }: RehearsalResult): string {
  if (failed === undefined) return totals(migrations);
  return migrations.length === 0 ? `${failed.name} failed` : `${totals(migrations)}, then ${failed.name} failed`;
}

export function restoredData({ restoredDocuments, restoredBytes }: RehearsalResult): string {
  return `${plural(restoredDocuments, 'document')} (${formatBytes(restoredBytes)})`;
}

/** What stands for a rehearsal: its proof, or a waiver. */
export function reliedFacts({ proof, waiver }: ReliedOn): (readonly [string, Cell])[] {
  if (waiver !== undefined) {
    const { reason, failed } = waiver;
    const text = `waived${failed === undefined ? '' : `, though ${knownFailure(failed)}`}: ${reason}`;
    return [['Rehearsal', { mark: 'warning', text }]];
  }
  if (proof?.id === undefined) return [];
  const { id, level, at, sandboxVersion } = proof;
  const elsewhere = sandboxVersion === undefined ? '' : ` in a sandbox of MongoDB ${sandboxVersion}`;
  return [['Proof', { text: `${id} (${level}), passed ${formatTime(at)}${elsewhere}` }]];
}

/** For whoever asks what was known when it was waived. */
export function knownFailure({ releaseId, at }: FailedRehearsal): string {
  return `it had failed in release ${releaseId} at ${formatTime(at)}`;
}

function oplogFacts({ oplog }: RehearsalResult): (readonly [string, Cell])[] {
  if (oplog === undefined) return [];
  const text = `${formatBytes(oplog.maxBytes)}, reaches back about ${formatDuration(oplog.reachMs)}`;
  return [['Oplog of the target', { text }]];
}

function needFacts({ need }: RehearsalResult): (readonly [string, Cell])[] {
  if (need === undefined) return [];
  const { leastBytes, diskBytes, freeBytes, seconds, basis } = need;
  const free = freeBytes === null ? 'free: unknown' : `${formatBytes(freeBytes)} free`;
  const text = `${formatBytesBetween(leastBytes, diskBytes)} of disk (${free}), about ${formatDuration(seconds * 1000)} on an idle machine: ${basis}`;
  return [['A full one needs', { text }]];
}

/** Which fields the migrations changed: names and types. */
function fieldsTable(migrations: readonly RehearsedMigration[]): Block[] {
  const rows = migrations.flatMap(({ name, seen }) =>
    (seen?.fields?.fields ?? []).map(({ collection, path, before, after, changes }): Cell[] => [
      { name },
      { name: `${collection}.${path}` },
      { text: before ?? '–' },
      { text: after ?? '–' },
      { text: formatCount(changes) },
    ]),
  );
  if (rows.length === 0) return [];
  const looked = migrations.reduce((sum, { seen }) => sum + (seen?.fields?.changes ?? 0), 0);
  const made = migrations.reduce((sum, { seen, effects }) => sum + (seen?.fields ? effects.modified : 0), 0);
  const columns = ['Migration', 'Field', 'Before', 'After'].map((title) => ({ title }));
  const first = `Changed fields, in ${formatCount(looked)} of ${formatCount(made)} changes`;
  const title = made > looked ? first : 'Changed fields';
  return [{ kind: 'table', title, columns: [...columns, { title: 'Changes', numeric: true }], rows }];
}

/** What to expect on the target. */
function targetTable({ migrations, oplog }: RehearsalResult): Block[] {
  const known = migrations.filter(({ onTarget }) => onTarget !== undefined);
  if (known.length === 0) return [];
  const rows = known.map(({ name, seen, onTarget }): Cell[] => [
    { name },
    { text: onTarget === undefined ? '–' : `about ${formatDuration(onTarget.durationMs)}` },
    { text: bytes(seen?.journalBytes) },
    oplogCell(onTarget, oplog),
    {
      text: (seen?.indexBuilds ?? [])
        .map(
          ({ collection, indexes, durationMs }) =>
            `${collection}: ${indexes.join(', ')} (${formatDuration(durationMs)})`,
        )
        .join('; '),
    },
  ]);
  const columns = [
    { title: 'Migration' },
    ...['Time', 'Journal', 'Oplog'].map((title) => ({ title, numeric: true })),
    { title: 'Index builds in the sandbox', below: '' },
  ];
  return [{ kind: 'table', title: 'To be expected on the target', columns, rows }];
}

function oplogCell(onTarget: ExpectedOnTarget | undefined, oplog: RehearsalResult['oplog']): Cell {
  const { oplogBytes, oplogMore } = onTarget ?? {};
  const written = `${oplogMore ? 'more than ' : ''}${bytes(oplogBytes)}`;
  if (onTarget === undefined || oplogBytes === undefined || !oplog?.maxBytes) return { text: written };
  const share = oplogMore ? '' : `${((100 * oplogBytes) / oplog.maxBytes).toFixed(1)}% `;
  const text = `${written} (${share}of ${formatBytes(oplog.maxBytes)})`;
  return isTight(onTarget, oplog) ? { mark: 'warning', text } : { text };
}

function bytes(count: number | undefined): string {
  return count === undefined ? '–' : formatBytes(count);
}

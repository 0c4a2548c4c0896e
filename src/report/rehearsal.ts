import type { RehearsalResult, RehearsedMigration, ReliedOn } from '../release/rehearsal/result.ts';
import { probesTable } from './checks.ts';
import { formatBytes, formatCount, formatDuration, formatTime, plural } from './format.ts';
import { migrationsTable, totals } from './migrations.ts';
import { describeOffending, describeViolations } from './offending.ts';
import type { Block, Cell } from './story.ts';
import { wayBackFacts } from './way-back.ts';

/** What a rehearsal showed. `short`: what it ran is told elsewhere, since all of it was applied. */
export function rehearsalBlocks(rehearsal: RehearsalResult, short: boolean): Block[] {
  const { migrations, failed, probes = [], uncovered } = rehearsal;
  const notes = [
    ...(failed?.offending ?? []).map(describeOffending),
    ...migrations.flatMap(({ seen }) => (seen?.violations ?? []).map(describeViolations)),
  ];
  return [
    ...(short ? [] : migrationsTable('Rehearsed', migrations, failed)),
    ...(notes.length > 0 ? [{ kind: 'list', title: 'Documents to look at', items: notes } as const] : []),
    ...fieldsTable(migrations),
    ...targetTable(rehearsal),
    ...probesTable(probes, 'Probes in the sandbox'),
    {
      kind: 'facts',
      title: 'Rehearsal',
      facts: [
        ['Level', { text: rehearsal.level }],
        ...(short ? [['Ran', { text: totals(migrations) }] as const] : []),
        ['Restored', { text: restoredData(rehearsal) }],
        ['Server', { text: `${rehearsal.serverVersion}, ${rehearsal.sandbox}` }],
        ...wayBackFacts(rehearsal.wayBack),
        ...needFacts(rehearsal),
        ['Took', { text: formatDuration(rehearsal.durationMs) }],
        ...reliedFacts(rehearsal),
      ],
    },
    ...(uncovered.length > 0
      ? [{ kind: 'list', title: 'What the rehearsal could not show', items: uncovered } as const]
      : []),
  ];
}

export function restoredData({ restoredDocuments, restoredBytes }: RehearsalResult): string {
  return `${plural(restoredDocuments, 'document')} (${formatBytes(restoredBytes)})`;
}

/** What stands for a rehearsal: its proof, or a waiver. */
export function reliedFacts({ proof, waiver }: ReliedOn): (readonly [string, Cell])[] {
  if (waiver !== undefined) return [['Rehearsal', { mark: 'warning', text: `waived: ${waiver.reason}` }]];
  if (proof?.id === undefined) return [];
  return [['Proof', { text: `${proof.id} (${proof.level}), passed ${formatTime(proof.at)}` }]];
}

function needFacts({ need }: RehearsalResult): (readonly [string, Cell])[] {
  if (need === undefined) return [];
  const { diskBytes, freeBytes, seconds } = need;
  const free = freeBytes === null ? 'free: unknown' : `${formatBytes(freeBytes)} free`;
  const text = `${formatBytes(diskBytes)} of disk (${free}), about ${formatDuration(seconds * 1000)}`;
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
  const cut = migrations.some(({ seen }) => seen?.fields?.cut);
  const columns = ['Migration', 'Field', 'Before', 'After'].map((title) => ({ title }));
  const title = cut ? 'Changed fields, in the first changes' : 'Changed fields';
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
    oplogCell(onTarget?.oplogBytes, oplog?.maxBytes),
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

function oplogCell(written: number | undefined, most: number | undefined): Cell {
  if (written === undefined || !most) return { text: bytes(written) };
  const text = `${bytes(written)} (${((100 * written) / most).toFixed(1)}% of ${formatBytes(most)})`;
  return written > most / 2 ? { mark: 'warning', text } : { text };
}

function bytes(count: number | undefined): string {
  return count === undefined ? '–' : formatBytes(count);
}

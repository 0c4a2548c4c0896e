import type { DrillCount, DrillLimit, DrillResult } from '../release/drill/result.ts';
import { probesSentence, probesTable } from './checks.ts';
import { formatBytes, formatCount, formatDuration, formatTime, plural } from './format.ts';
import { migrationsTable } from './migrations.ts';
import type { Block, Cell, Mark } from './story.ts';

/** Whether a database came back that is right, in whatever time. */
export function recovered({ recoveryTimeMs, counts, probes = [] }: DrillResult): boolean {
  const right = counts.every(({ state }) => state === 'equal') && probes.every(({ state }) => state === 'passed');
  return recoveryTimeMs !== undefined && right;
}

export function drillLead(drill: DrillResult): string[] {
  const { recoveryTimeMs, documents, bytes, recoveryPoint, probes = [] } = drill;
  const data = `${plural(documents, 'document')} (${formatBytes(bytes)}), as they were ${formatDuration(recoveryPoint.ageMs)} before`;
  return [
    recoveryTimeMs !== undefined && recovered(drill)
      ? `Recovered in ${formatDuration(recoveryTimeMs)}: ${data}.`
      : `The backup holds ${data}.`,
    ...(probes.length > 0 ? [`In the sandbox ${probesSentence(probes)}.`] : []),
  ];
}

export function drillBlocks(drill: DrillResult): Block[] {
  const { backupId, createdAt, recoveryPoint, sandbox, serverVersion, migrations, failed, probes = [] } = drill;
  return [
    ...limitsTable(drill),
    ...migrationsTable('Applied in the sandbox', migrations, failed),
    ...probesTable(probes, 'Probes in the sandbox'),
    ...countsTable(drill.counts),
    {
      kind: 'facts',
      title: 'Backup',
      facts: [
        ['Id', { name: backupId }],
        ['Taken', { text: formatTime(createdAt) }],
        ['Data as of', { text: formatTime(recoveryPoint.at) }],
        ['Archive', drill.verified ? { mark: 'good', text: 'whole' } : { mark: 'unknown', text: 'not verified' }],
        ...(sandbox === undefined ? [] : [['Restored in', { text: `MongoDB ${serverVersion}, ${sandbox}` }] as const]),
        ...(drill.record === undefined ? [] : [['On record', { name: drill.record }] as const]),
      ],
    },
  ];
}

const limitMarks: Record<DrillLimit['state'], Mark> = { kept: 'good', exceeded: 'bad', unknown: 'unknown' };

function limitsTable({ limits, recoveryTimeMs, recoveryPoint }: DrillResult): Block[] {
  const row = (name: DrillLimit['name'], seenMs: number | undefined): Cell[] => {
    const limit = limits.find((one) => one.name === name);
    const seen = { text: seenMs === undefined ? 'not known' : formatDuration(seenMs) };
    if (limit === undefined) return [{ mark: 'idle', text: 'no limit' }, { text: name }, seen, { text: '' }];
    return [
      { mark: limitMarks[limit.state], text: limit.state },
      { text: name },
      seen,
      { text: formatDuration(limit.limitMs) },
    ];
  };
  const columns = [
    { title: '' },
    { title: 'Measured' },
    { title: 'Seen', numeric: true },
    { title: 'Limit', numeric: true },
  ];
  const rows = [row('recovery-time', recoveryTimeMs), row('recovery-point', recoveryPoint.ageMs)];
  return [{ kind: 'table', title: 'Recovery', columns, rows }];
}

function countsTable(counts: readonly DrillCount[]): Block[] {
  if (counts.length === 0) return [];
  const columns = [
    ...['', 'Collection'].map((title) => ({ title })),
    ...['Documents', 'In the backup', 'Bytes', 'Bytes in the backup'].map((title) => ({ title, numeric: true })),
  ];
  const rows = counts.map(({ collection, expected, restored, state }): Cell[] => [
    state === 'equal' ? { mark: 'good', text: state } : { mark: 'bad', text: state },
    { name: collection },
    ...[restored.documents, expected.documents, restored.bytes, expected.bytes].map((n) => ({ text: formatCount(n) })),
  ]);
  return [{ kind: 'table', title: 'Restored', columns, rows }];
}

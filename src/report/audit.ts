import type { AuditEntry, AuditResult } from '../release/audit.ts';
import { recovered } from './drill.ts';
import { formatDuration, formatTime, plural } from './format.ts';
import type { Block, Cell, Mark } from './story.ts';

export function auditSentence({ entries, since }: AuditResult): string {
  const from = since === undefined ? '' : ` since ${formatTime(since)}`;
  return entries.length === 0
    ? `Nothing is on record${from}.`
    : `${plural(entries.length, 'entry', 'entries')}${from}.`;
}

/** A row each; what else there is to say of one stands below it on a terminal. */
export function auditTable({ entries }: AuditResult): Block[] {
  if (entries.length === 0) return [];
  const columns = [
    ...['', 'When', 'What', 'Who', 'Migrations'].map((title) => ({ title })),
    { title: 'Took', numeric: true },
    { title: 'Id' },
    { title: 'More', below: '' },
  ];
  const rows = entries.map((entry): Cell[] => [
    { mark: marks[entry.state], text: entry.state },
    { text: formatTime(entry.startedAt) },
    { text: entry.kind },
    { name: entry.actor ?? entry.host },
    { names: entry.migrations ?? [] },
    { text: tookOf(entry) },
    { name: entry.id },
    { text: moreOf(entry).join(' · ') },
  ]);
  return [{ kind: 'table', title: 'On record', columns, rows }];
}

const marks: Record<AuditEntry['state'], Mark> = {
  ...{ applied: 'good', rehearsed: 'good', passed: 'good', 'nothing-to-do': 'idle', 'rolled-back': 'back' },
  ...{ running: 'info', failed: 'bad', 'failed-clean': 'bad', 'failed-dirty': 'bad' },
  ...{ blocked: 'blocked', cancelled: 'cancelled', unknown: 'unknown' },
};

function tookOf({ startedAt, finishedAt, ...entry }: AuditEntry): string {
  if (finishedAt === undefined) return '';
  const began = ('reopenedAt' in entry && entry.reopenedAt) || startedAt;
  return formatDuration(Math.max(0, new Date(finishedAt).getTime() - new Date(began).getTime()));
}

function moreOf(entry: AuditEntry): string[] {
  const said: (string | undefined)[] = [
    entry.backupId && `backup ${entry.backupId}`,
    entry.error?.code,
    entry.commit && `commit ${entry.commit.slice(0, 12)}`,
    entry.runUrl,
  ];
  if (entry.kind === 'drill') {
    const { recoveryTimeMs = 0, recoveryPoint } = entry.result ?? {};
    said.unshift(
      entry.result && recovered(entry.result) ? `recovered in ${formatDuration(recoveryTimeMs)}` : undefined,
      recoveryPoint && `data ${formatDuration(recoveryPoint.ageMs)} old`,
    );
  } else {
    const { of, strategy, reason, waivers = [], acceptedLoss, attempts = [], attemptsLeftOut = 0, planDigest } = entry;
    const before = attempts.length + attemptsLeftOut;
    said.unshift(
      of && `of ${of}`,
      strategy && `by ${strategy}`,
      reason && `because: ${reason}`,
      ...waivers.map((waiver) => `without ${waiver.what}, because: ${waiver.reason}`),
      acceptedLoss && `accepted loss of writes: ${acceptedLoss}`,
      before > 0 ? plural(before, 'earlier attempt') : undefined,
      planDigest && `plan ${planDigest.slice(0, 12)}`,
    );
  }
  return said.flatMap((one) => one || []);
}

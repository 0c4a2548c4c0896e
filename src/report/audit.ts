import type { AuditEntry, AuditResult } from '../release/audit.ts';
import { recovered } from './drill.ts';
import { formatDuration, formatTime, plural } from './format.ts';
import { knownFailure } from './rehearsal.ts';
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
    ...['', 'When', 'What', 'Who'].map((title) => ({ title })),
    { title: 'Took', numeric: true },
    { title: 'Id' },
    { title: 'More', below: '' },
  ];
  const rows = entries.map((entry): Cell[] => [
    stateCell(entry),
    { text: formatTime(entry.startedAt) },
    { text: entry.kind },
    entry.actor === undefined ? { mark: 'unknown', text: 'unknown' } : { name: entry.actor },
    { text: formatMaybe(tookOf(entry)) },
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

function stateCell(entry: AuditEntry): Cell {
  const text = isCutOff(entry) ? 'cut off' : entry.state;
  const back = 'takenBackBy' in entry && entry.takenBackBy !== undefined && text !== 'rolled-back';
  if (back) return { mark: 'back', text: `${text}, taken back` };
  return { mark: isCutOff(entry) ? 'unknown' : marks[entry.state], text };
}

/** As far as can be seen: its record says that it is running. */
function isCutOff(entry: AuditEntry): boolean {
  return 'presence' in entry && entry.presence !== undefined && entry.presence !== 'here';
}

function beganAt({ startedAt, ...entry }: AuditEntry): number {
  const { typedAt, reopenedAt } = entry.kind === 'drill' ? {} : entry;
  return new Date(typedAt ?? reopenedAt ?? startedAt).getTime();
}

/** From its first moment to its last, in milliseconds; of what was tried again, the latest attempt. */
function tookOf(entry: AuditEntry): number | undefined {
  const { finishedAt } = entry;
  return finishedAt === undefined ? undefined : Math.max(0, new Date(finishedAt).getTime() - beganAt(entry));
}

function formatMaybe(durationMs: number | undefined): string {
  return durationMs === undefined ? '' : formatDuration(durationMs);
}

/** What the whole consists of, step by step; undefined where no step is on record. */
function partsOf(entry: AuditEntry): string | undefined {
  // A rollback that is gone on with has done some of them in an earlier attempt.
  const began = beganAt(entry);
  const own = (entry.steps ?? []).filter(({ startedAt }) => startedAt === undefined || +new Date(startedAt) >= began);
  const parts = own.flatMap(({ name, durationMs }) => (durationMs === undefined ? [] : [{ name, durationMs }]));
  if (parts.length === 0) return undefined;
  const rest = (tookOf(entry) ?? 0) - parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const all = rest > 0 ? [...parts, { name: 'around them', durationMs: rest }] : parts;
  return `took: ${all.map(({ name, durationMs }) => `${name} ${formatDuration(durationMs)}`).join(', ')}`;
}

/** More of them say less than how many there are. */
const mostNames = 3;

function moreOf(entry: AuditEntry): string[] {
  const said: (string | undefined)[] = [
    entry.backupId && `backup ${entry.backupId}`,
    entry.error?.code,
    entry.commit && `commit ${entry.commit.slice(0, 12)}`,
    entry.runUrl,
    `on ${entry.host}`,
    partsOf(entry),
  ];
  if (entry.kind === 'drill') {
    const { recoveryTimeMs = 0, recoveryPoint } = entry.result ?? {};
    said.unshift(
      entry.result && recovered(entry.result) ? `recovered in ${formatDuration(recoveryTimeMs)}` : undefined,
      recoveryPoint && `data ${formatDuration(recoveryPoint.ageMs)} old`,
    );
  } else {
    const { of, takenBackBy, strategy, reason, waivers = [], acceptedLoss, planDigest } = entry;
    const { attempts = [], attemptsLeftOut = 0 } = entry;
    const before = attempts.length + attemptsLeftOut;
    const at = entry.steps?.findLast(({ state }) => state === 'running')?.name;
    said.unshift(
      isCutOff(entry) && at ? `at ${at}` : undefined,
      isCutOff(entry) && entry.heard ? `last heard of at ${formatTime(entry.heard.at)}` : undefined,
      of && `of ${of}`,
      takenBackBy && `taken back by ${takenBackBy}`,
      strategy && `by ${strategy}`,
      reason && `because: ${reason}`,
      ...waivers.map(({ what, reason, failed }) => {
        const known = failed === undefined ? '' : `, though ${knownFailure(failed)}`;
        return `without ${what}${known}, because: ${reason}`;
      }),
      acceptedLoss && `accepted loss of writes: ${acceptedLoss}`,
      before > 0 ? plural(before, 'earlier attempt') : undefined,
      planDigest && `plan ${planDigest.slice(0, 12)}`,
    );
  }
  const { migrations = [] } = entry;
  const [first, last] = [migrations[0], migrations.at(-1)];
  const names =
    migrations.length > mostNames
      ? `${plural(migrations.length, 'migration')}, ${first} to ${last}`
      : migrations.join(', ');
  return [names, ...said].flatMap((one) => one || []);
}

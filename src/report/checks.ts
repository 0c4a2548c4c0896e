import type { GuardResult } from '../guard/guard.ts';
import type { Finding, Severity } from '../observe/finding.ts';
import type { ProbeResult } from '../verify/probe.ts';
import { formatCount, formatDuration, plural } from './format.ts';
import type { Block, Cell, Mark } from './story.ts';

const probeMarks = { passed: 'good', failed: 'bad', unknown: 'unknown' } as const satisfies Record<string, Mark>;
const guardMarks = { passed: 'good', blocked: 'blocked', unknown: 'unknown' } as const satisfies Record<string, Mark>;
const severityMarks = { error: 'bad', warning: 'warning', note: 'info' } as const satisfies Record<Severity, Mark>;
const severities: readonly Severity[] = ['error', 'warning', 'note'];

export function probesTable(probes: readonly ProbeResult[], title = 'Probes'): Block[] {
  if (probes.length === 0) return [];
  const columns = [
    ...['', 'Probe', 'Expected', 'Seen'].map((title) => ({ title })),
    { title: 'Attempts', numeric: true },
    { title: 'Duration', numeric: true },
  ];
  const rows = probes.map((probe): Cell[] => [
    { mark: probeMarks[probe.state], text: probe.state },
    { name: probe.name },
    { text: probe.expected },
    { text: probe.seen },
    { text: formatCount(probe.attempts) },
    { text: formatDuration(probe.durationMs) },
  ]);
  return [{ kind: 'table', title, columns, rows }];
}

/** `4 of 4 probes passed`, `1 of 4 probes failed, 1 could not look`. */
export function probesSentence(probes: readonly ProbeResult[]): string {
  const of = (state: ProbeResult['state']) => probes.filter((probe) => probe.state === state).length;
  const all = plural(probes.length, 'probe');
  if (of('passed') === probes.length) return `${formatCount(probes.length)} of ${all} passed`;
  const failed = of('failed') > 0 ? `${formatCount(of('failed'))} of ${all} failed` : undefined;
  const unknown =
    of('unknown') > 0 ? `${formatCount(of('unknown'))}${failed ? '' : ` of ${all}`} could not look` : undefined;
  return [failed, unknown].filter((part) => part !== undefined).join(', ');
}

export function guardsTable(guards: readonly GuardResult[]): Block[] {
  if (guards.length === 0) return [];
  const columns = ['', 'Guard', 'Seen'].map((title) => ({ title }));
  const rows = guards.map((guard): Cell[] => [
    guard.state === 'passed' && guard.findings.length > 0
      ? { mark: 'warning', text: 'passed, but' }
      : { mark: guardMarks[guard.state], text: guard.state },
    { name: guard.id },
    { text: guard.seen },
  ]);
  return [{ kind: 'table', title: 'Guards', columns, rows }];
}

/** The worst first. */
export function findingsTable(findings: readonly Finding[]): Block[] {
  if (findings.length === 0) return [];
  const columns = [
    { title: '' },
    { title: 'About' },
    { title: 'Finding', below: '' },
    { title: 'Next', below: '→ ' },
    { title: 'Rule' },
  ];
  // A guard's findings may stand in the plan, too.
  const once = [...new Map(findings.map((one) => [JSON.stringify([one.rule, one.place, one.message]), one])).values()];
  const sorted = once.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  const rows = sorted.map((finding): Cell[] => [
    { mark: severityMarks[finding.severity], text: finding.severity },
    { name: placeOf(finding) },
    { text: finding.message },
    { text: finding.next },
    // What a guard found is about nothing else.
    { name: placeOf(finding) === finding.rule ? '' : finding.rule },
  ]);
  return [{ kind: 'table', title: 'Findings', columns, rows }];
}

function placeOf({ place }: Finding): string {
  if (place.file === undefined) return place.name ?? '';
  return place.line === undefined ? place.file : `${place.file}:${place.line}`;
}

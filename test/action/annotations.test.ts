import { expect, test } from 'vitest';
import { annotationsOf } from '../../src/action/annotations.ts';
import { ReleaseError } from '../../src/observe/error.ts';
import type { Finding, Severity } from '../../src/observe/finding.ts';

const finding = (severity: Severity, index: number): Finding => ({
  rule: `rule-${index}`,
  severity,
  place: { file: `migrations/${index}.js`, line: index },
  message: `message ${index}`,
  next: 'Change it.',
});

const planned = (findings: readonly Finding[]) =>
  ({
    command: 'plan',
    outcome: 'blocked',
    result: { digest: 'd', pending: [], findings },
    error: new ReleaseError('FINDINGS', 'Stopped.', { hint: 'Correct them.' }),
  }) as const;

test('what failed comes first, and the most severe findings are kept within the ten of a type', () => {
  const findings = [
    ...Array.from({ length: 3 }, (_, index) => finding('note', index)),
    ...Array.from({ length: 12 }, (_, index) => finding('warning', index)),
    ...Array.from({ length: 12 }, (_, index) => finding('error', index)),
  ];
  const { shown, left } = annotationsOf(planned(findings));
  const count = (type: string) => shown.filter((annotation) => annotation.type === type).length;
  expect([count('error'), count('warning'), count('notice'), left]).toEqual([10, 10, 3, 5]);
  expect(shown[0]?.message).toBe('Stopped.\nNext: Correct them.');
  expect(shown[1]?.properties).toEqual({ title: 'rule-0', file: 'migrations/0.js', startLine: 0 });
});

test('a message is cut where GitHub would cut it, and says so', () => {
  const { shown } = annotationsOf(planned([{ ...finding('error', 1), message: 'x'.repeat(5000) }]));
  expect(shown[1]?.message).toHaveLength(4096);
  expect(shown[1]?.message.endsWith('…')).toBe(true);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tokensOf } from '../../../src/migration/source-scan/tokens.ts';

const kinds = (source: string) => tokensOf(source).map(({ kind, text }) => `${kind} ${text}`);

test('comments are none, texts and templates are whole', () => {
  expect(kinds(`a /* new Date() */ // b\n'it\\'s' "x//y" \`1 \${ c('}') } 2\``)).toEqual([
    'name a',
    "text it\\'s",
    'text x//y',
    'template 1 ',
    'sign ${',
    'name c',
    'sign (',
    'text }',
    'sign )',
    'sign }',
    'template  2',
  ]);
});

test.each([
  ['a / b / c', 0],
  ['x = /a"b/g', 1],
  ['f(a) / 2; "/"', 0],
  ['if (a) /"/.test(b)', 1],
  ['return /[/"]/', 1],
  ['list[0] / 2 / 3', 0],
  ['(a, /`/)', 1],
])('a slash in %s begins %i patterns', (source, count) => {
  expect(tokensOf(source).filter(({ kind }) => kind === 'pattern')).toHaveLength(count);
});

test('lines are counted through comments, texts and templates', () => {
  const source = ['#!/usr/bin/env node', '/*', '*/ a', '`', '$' + '{b}', '`', 'c'].join('\n');
  const lines = Object.fromEntries(tokensOf(source).map(({ text, line }) => [text.trim(), line]));
  expect(lines).toMatchObject({ a: 3, b: 5, c: 7 });
});

test('whatever the text, it is cut up, and quickly', () => {
  const pieces = fc.constantFrom(
    ...['`', '${', '}', '"', "'", '/', '/*', '*/', '\\', '\n', 'a', '(', ')', '[', '1.', '#', 'é', '🙂'],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((parts) => parts.join('')),
      ),
      (source) => {
        const before = process.threadCpuUsage();
        for (const { line } of tokensOf(source)) expect(line).toBeLessThanOrEqual(source.split('\n').length);
        expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
      },
    ),
    { numRuns: 500 },
  );
});

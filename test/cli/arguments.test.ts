import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../src/cli/arguments.ts';

const read = (words: string) => readCommandLine(words.split(' ').filter((word) => word !== ''));

describe('words', () => {
  test.each([
    ['status', {}],
    ['status --json --check', { json: true, check: true }],
    ['migrate --no-apply', { apply: false }],
    ['migrate --apply=false', { apply: 'false' }],
    ['migrate --to 2-b --wait=60s', { to: '2-b', wait: '60s' }],
    ['restore B --only a --only b,c', { only: ['a', 'b,c'] }],
    // A value that begins with hyphens has to be tied to its option.
    ['down --reason=--what', { reason: '--what' }],
    ['down --reason --json', { reason: true, json: true }],
    ['status -f --json', { file: true, json: true }],
    ['status --target', { target: true }],
    ['backup --recipient', { recipient: true }],
    ['backup --recipient --compression gzip', { recipient: true, compression: 'gzip' }],
    ['backup --recipient a --recipient', { recipient: true }],
    ['backup --recipient --recipient a', { recipient: true }],
    ['restore B --into --yes --into c', { into: true, yes: true }],
    ['restore B --into=', { into: '' }],
    ['backup --no-recipient', { recipient: [''] }],
  ])('%s', (words, raw) => {
    expect(read(words)).toMatchObject({ kind: 'command', raw });
  });

  test('arguments may stand before and behind options', () => {
    expect(read('--json down 2 --reason drill')).toMatchObject({
      command: 'down',
      arguments: ['2'],
      raw: { json: true, reason: 'drill' },
    });
  });

  test('the word behind an unknown option is not taken for an argument', () => {
    expect(read('plan --degest abc')).toMatchObject({ arguments: [], raw: { degest: true } });
    expect(read('plan --degest=abc more')).toMatchObject({ arguments: ['more'], raw: { degest: 'abc' } });
    // A command there is, though, whatever stands before it.
    expect(read('--degest plan')).toMatchObject({ command: 'plan' });
  });

  test('help and version', () => {
    expect(read('')).toEqual({ kind: 'help' });
    for (const words of ['--help', '-h', 'help']) expect(read(words)).toEqual({ kind: 'help', command: undefined });
    for (const words of ['plan --help', 'help plan', '-h plan'])
      expect(read(words)).toEqual({ kind: 'help', command: 'plan' });
    for (const words of ['--version', '-V']) expect(read(words)).toEqual({ kind: 'version' });
  });

  test('no command, or none that is known', () => {
    expect(() => read('--json')).toThrow(expect.objectContaining({ code: 'USAGE', message: 'No command was given.' }));
    expect(() => read('mirgate')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/mean migrate\?$/) }),
    );
    expect(() => read('help toString')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

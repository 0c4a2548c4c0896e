import { expect, test } from 'vitest';
import { inert, runLog } from '../../src/action/run-log.ts';
import type { LogEntry } from '../../src/observe/log.ts';

const entry = (message: string, fields: LogEntry['fields'] = {}, level: LogEntry['level'] = 'info'): LogEntry => ({
  time: new Date(0),
  level,
  message,
  fields,
});

function written(entries: readonly LogEntry[], debug = false): string {
  let text = '';
  const log = runLog({
    debug,
    write: (more) => {
      text += more;
    },
  });
  for (const one of entries) log.sink(one);
  log.close();
  return text;
}

/** How the runner looks for commands: at the beginning of a line behind blanks, and the old form anywhere. */
const command = /^\s*::|##\[/m;

test.each([
  '::set-output name=outcome::applied',
  '  ::error::x',
  'a line\n::add-mask::b',
  'a line\r\n\t::add-mask::b',
  'a line\r::stop-commands::x',
  'x ##[group]y',
  '::group::x\n::endgroup::\n##[endgroup]',
])('%j is no command to the runner', (text) => {
  expect(text).toMatch(command);
  expect(inert(text)).not.toMatch(command);
  expect(written([entry(text, { value: text })])).not.toMatch(command);
});

test('what a migration and its rehearsal say folds into a group each, and what comes after stands outside', () => {
  const migration = '1-slug';
  expect(
    written([
      entry('Rehearsed.', { migration, rehearsal: true, releaseId: 'r' }),
      entry('Goes up.', { migration, releaseId: 'r' }),
      entry('Applied.', { migration, releaseId: 'r', durationMs: 3 }),
      entry('Done.', { releaseId: 'r' }),
    ]),
  ).toBe(
    [
      '::group::Rehearsal of 1-slug',
      '› Rehearsed.',
      '::endgroup::',
      '::group::Migration 1-slug',
      '› Goes up.',
      '› Applied.  durationMs=3',
      '::endgroup::',
      '› Done.',
      '',
    ].join('\n'),
  );
});

test('a group that is open at the end is closed, and its name cannot break out of its line', () => {
  expect(written([entry('x', { hook: 'a\n::error::b' })])).toBe('::group::Hook a │ ::error::b\n› x\n::endgroup::\n');
});

test('what is said for debugging is said in debug runs only', () => {
  expect(written([entry('x', {}, 'debug')])).toBe('');
  expect(written([entry('x', { releaseId: 'r' }, 'debug')], true)).toContain('x');
});

test('a warning of ours names inputs, and what a migration says stays as it is', () => {
  const text = 'With --start-traffic it only lets users in.';
  const named = 'With "start-traffic: true" it only lets users in.';
  expect(written([entry(text, {}, 'warn')])).toContain(named);
  expect(written([entry(text, { migration: 'a' }, 'warn')])).toContain(text);
});

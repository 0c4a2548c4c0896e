import { expect, test } from 'vitest';
import type { Flags } from '../../src/config/options.ts';
import type { Run } from '../../src/release/run.ts';
import { typed } from '../../src/release/typed.ts';

const runOf = (flags: Flags, environment = 'staging', env = {}) =>
  ({ invocation: { flags, target: { environment } }, env }) as unknown as Run;

test('a command that is to be typed next acts on what this one acted on', () => {
  const run = runOf({ store: './backups', target: 'shop', uri: 'mongodb://u:hunter2@h/d', config: 'my file.yml' });
  const flags = '--target shop --uri "…" --config "my file.yml"';
  expect(typed(run, 'Take one with mongo-release backup; mongo-release release --apply does both.')).toBe(
    `Take one with mongo-release backup ${flags} --store ./backups; mongo-release release --apply ${flags} --store ./backups does both.`,
  );
  // Only what the command knows, and nothing twice.
  expect(typed(run, 'mongo-release status shows it.')).toBe(`mongo-release status ${flags} shows it.`);
  expect(typed(run, 'Type mongo-release restore b1 --store ./other --yes again')).toBe(
    `Type mongo-release restore b1 --store ./other --yes ${flags} again`,
  );
  for (const text of ['Set it in mongo-release.yml.', 'mongo-release itself', 'Correct the migration.'])
    expect(typed(run, text)).toBe(text);
});

test('what the environment says need not be typed', () => {
  const env = { MONGO_RELEASE_STORE: 'backups' };
  expect(typed(runOf({ store: 'backups' }, 'staging', env), 'mongo-release backup')).toBe('mongo-release backup');
  expect(typed(runOf({ store: 'other' }, 'staging', env), 'mongo-release backup')).toBe(
    'mongo-release backup --store other',
  );
});

test('in production the way back is given its reason, in the words of this run where it has some', () => {
  const takesBack = 'Or type mongo-release rollback 20261121-x, which takes it back.';
  expect(typed(runOf({ environment: 'production' }, 'production'), takesBack)).toBe(
    'Or type mongo-release rollback 20261121-x --environment production --reason "…", which takes it back.',
  );
  const run = runOf({ reason: 'it burns' }, 'production');
  expect(typed(run, 'mongo-release down --to 1-a, or mongo-release down 2.')).toBe(
    'mongo-release down --to 1-a --reason "it burns", or mongo-release down 2 --reason "it burns".',
  );
  for (const text of [
    'mongo-release rollback --dry-run',
    'mongo-release rollback r1 --start-traffic',
    'mongo-release rollback r1 --wait 60s --reason "…"',
  ])
    expect(typed(run, text)).toBe(text);
  expect(typed(runOf({}), 'mongo-release down')).toBe('mongo-release down');
});

test('what goes on with a rollback needs no reason', () => {
  for (const text of [
    'Correct that, then type mongo-release rollback 20261121-x again: it goes on with data.',
    'Type mongo-release rollback r1 without --strategy: it goes on with data.',
    'If so, type mongo-release rollback r1 --yes: it goes on with data.',
    'Rollback x is not complete. mongo-release rollback r1 goes on with it.',
  ])
    expect(typed(runOf({}, 'production'), text)).toBe(text);
});

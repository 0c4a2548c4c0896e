import { MongoServerError } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guardFailure } from '../../src/guard/failure.ts';
import type { Guard } from '../../src/guard/guard.ts';
import { backupEncryption } from '../../src/guard/guards/backup-encryption.ts';
import { checkStore } from '../../src/guard/guards/production-store.ts';
import { runGuards } from '../../src/guard/run.ts';
import type { Connection } from '../../src/mongo/connect.ts';
import { uriOf } from '../setup/mongo.ts';
import { context, open } from './guarding.ts';

let connection: Connection;

beforeAll(async () => {
  connection = await open(uriOf('guarded'));
});

afterAll(() => connection.close());

const passes: Guard = { id: 'passes', about: '', check: async () => ({ seen: 'all is well', findings: [] }) };
const never: Guard = { id: 'never', about: '', check: () => new Promise(() => {}) };
const failing = (error: unknown): Guard => ({
  id: 'failing',
  about: '',
  check: async () => {
    throw error;
  },
});
const unauthorized = new MongoServerError({ code: 13, codeName: 'Unauthorized', message: 'MARKER' });

test('lets a release to the shared replica set start, with all guards', async () => {
  const settings = { 'replica-lag': 10_000, 'oplog-window': 1 };
  const results = await runGuards(context(connection, { apply: true, environment: 'production', settings }));
  expect(results.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'topology passed',
    'database passed',
    'privileges passed',
    'replica-lag passed',
    'oplog-window passed',
    'index-builds passed',
  ]);
  expect(guardFailure(results)).toBeUndefined();
});

test('does not look at what is not configured', async () => {
  const ids = (await runGuards(context(connection))).map(({ id }) => id);
  expect(ids).toEqual(['environment', 'topology', 'database', 'privileges', 'index-builds']);
});

test.each([
  ['production', true, 'error'],
  ['production', false, 'warning'],
  ['staging', true, 'warning'],
] as const)('a guard that could not look, in %s with apply %s, is an %s', async (environment, apply, severity) => {
  const [result] = await runGuards(context(connection, { environment, apply }), [failing(unauthorized)]);
  expect(result).toMatchObject({
    state: 'unknown',
    seen: 'the user is not allowed to look',
    findings: [{ rule: 'failing', severity, next: expect.stringContaining('clusterMonitor') }],
  });
  expect(guardFailure([result!])?.code).toBe(severity === 'error' ? 'BLOCKED_BY_GUARD' : undefined);
});

test('a guard that gets no answer is unknown, and holds up nothing', async () => {
  const results = await runGuards(context(connection), [never, passes], 100);
  expect(results.map(({ state, seen }) => [state, seen])).toEqual([
    ['unknown', 'no answer within 0.1 s'],
    ['passed', 'all is well'],
  ]);
});

test('quotes no text of the server', async () => {
  const error = new MongoServerError({ code: 96, codeName: 'OperationFailed', message: 'MARKER' });
  const results = await runGuards(context(connection), [failing(error), failing(unauthorized)]);
  expect(JSON.stringify(results)).not.toContain('MARKER');
  expect(results[0]!.seen).toContain('96');
});

test('the failure says what stops the release first, and what else does', async () => {
  const blocks = (id: string): Guard => ({
    id,
    about: '',
    check: async () => ({
      seen: 'bad',
      findings: [{ rule: id, severity: 'error', place: { name: id }, message: `${id} is bad.`, next: `Mend ${id}.` }],
    }),
  });
  const results = await runGuards(context(connection), [passes, blocks('a'), blocks('b')]);
  expect(results.map(({ state }) => state)).toEqual(['passed', 'blocked', 'blocked']);
  expect(guardFailure(results)).toMatchObject({
    code: 'BLOCKED_BY_GUARD',
    exitCode: 5,
    message: 'a is bad. (1 more: b)',
    hint: 'Mend a.',
  });
});

test.each([
  ['production', true, true, 'folder', 'blocked'],
  ['production', true, true, 's3', 'passed'],
  ['production', true, false, 'folder', undefined],
  ['production', false, true, 'folder', undefined],
  ['staging', true, true, 'folder', undefined],
] as const)('a backup of %s, apply %s, hosted %s, in a %s: %s', async (environment, apply, hosted, store, state) => {
  const results = await runGuards(context(connection, { environment, apply, hosted, store }));
  expect(results.find(({ id }) => id === 'production-store')?.state).toBe(state);
});

test.each([
  ['production', 'folder', undefined, 'warning'],
  ['production', 's3', undefined, 'warning'],
  ['production', 's3', 'age', 'passed'],
  ['production', 's3', 'a key of the bucket', 'passed'],
  ['production', undefined, undefined, undefined],
  ['staging', 'folder', undefined, undefined],
] as const)('a backup of %s in %s, encrypted by %s: %s', async (environment, store, encryption, said) => {
  const [result] = await runGuards(context(connection, { environment, store, encryption }), [backupEncryption]);
  expect(result && (result.findings[0]?.severity ?? result.state)).toBe(said);
});

test('no store is nothing to complain of', () => {
  expect(checkStore({}).findings).toEqual([]);
});

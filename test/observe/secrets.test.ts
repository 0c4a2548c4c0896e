import { expect, test } from 'vitest';
import { ReleaseError } from '../../src/observe/error.ts';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';

const password = 'm@rk:er%/pass';
const uri = `mongodb://user:${encodeURIComponent(password)}@host/db`;

test('a connection string is hidden whole, its password in every form', () => {
  const secrets = new Secrets();
  secrets.addUri(uri);
  for (const text of [
    uri,
    password,
    encodeURIComponent(password),
    Buffer.from(password).toString('base64'),
    JSON.stringify(password),
  ]) {
    expect(secrets.scrub(`a ${text} b`)).not.toContain('rk');
  }
});

test('a password that was not encoded is hidden too', () => {
  const secrets = new Secrets();
  secrets.addUri(`mongodb://user:${password}@host/db`);
  expect(secrets.scrub(`(${password})`)).toBe('(***)');
});

test('a password is hidden also where the options behind the host hold an @', () => {
  const secrets = new Secrets();
  secrets.addUri('mongodb://user:p%40rker@host/db?appName=release@shop');
  for (const text of ['p@rker', 'p%40rker']) expect(secrets.scrub(`(${text})`)).toBe('(***)');
});

test('every value is reported once, for doors that mask by themselves', () => {
  const seen: string[] = [];
  const secrets = new Secrets((value) => seen.push(value));
  secrets.addUri(uri);
  secrets.addUri(uri);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toContain(password);
});

test('a log scrubs messages and fields, and carries its fields along', () => {
  const secrets = new Secrets();
  secrets.addUri(uri);
  const lines: unknown[] = [];
  const log = new Log((entry) => lines.push(entry), secrets).with({ releaseId: 'r1' });
  log.info(`connecting to ${uri}`, { place: password, count: 3 });
  expect(lines).toEqual([
    expect.objectContaining({
      level: 'info',
      message: 'connecting to ***',
      fields: { releaseId: 'r1', place: '***', count: 3 },
    }),
  ]);
});

test('of a result the texts are scrubbed, and what it is made of stays: also where a password is one of its words', () => {
  const secrets = new Secrets();
  for (const word of ['release', '2026', 'hunter2']) secrets.addUri(`mongodb://u:${word}@h/d`);
  const at = new Date(0);
  const result = {
    ...{ kind: 'release', year: 2026, startedAt: '2026-11-21T00:00:00.000Z', at, id: '20261121-release' },
    ...{ reason: 'hunter2', steps: [{ note: 'release' }], warnings: ['The password is hunter2.'] },
    uri: 'mongodb://u:hunter2@h/d',
  };
  const error = new ReleaseError('USAGE', 'No hunter2.', {
    hint: 'Write release.',
    details: { writes: 2026 },
    cause: at,
  });
  const clean = secrets.scrubTexts({ result, error });
  expect(clean.result).toEqual({
    ...result,
    ...{ reason: '***', steps: [{ note: '***' }], warnings: ['The password is ***.'], uri: '***' },
  });
  expect(clean.error).toBeInstanceOf(ReleaseError);
  expect(clean.error).toMatchObject({
    code: 'USAGE',
    message: 'No ***.',
    hint: 'Write ***.',
    details: { writes: 2026 },
  });
  expect(clean.error.cause).toBe(at);
});

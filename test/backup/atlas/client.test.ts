import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { clusterPath } from '../../../src/backup/atlas/cluster.ts';
import type { ReleaseError } from '../../../src/observe/error.ts';
import { Secrets } from '../../../src/observe/secrets.ts';
import { type Asking, asking } from './asking.ts';
import { problem } from './stand-in.ts';

const shape = z.object({ name: z.string() });
const shopOf = ({ atlas }: Asking) => clusterPath({ projectId: atlas.project, name: atlas.cluster });
const look = (at: Asking, client = at.client) => client.get(shopOf(at), shape, 'looking');
const tokensOf = ({ atlas }: Asking) => atlas.requests.filter((line) => line.endsWith('/oauth/token')).length;
const failing = async (work: Promise<unknown>) =>
  (await work.then(
    () => undefined,
    (error) => error,
  )) as ReleaseError;

test('one token is for many requests, also for several at once', async () => {
  await using at = await asking();
  await Promise.all([look(at), look(at), look(at)]);
  expect(await look(at)).toEqual({ name: 'Shop' });
  expect(tokensOf(at)).toBe(1);
});

test('a token is renewed before it expires, and once when it is not taken any more', async () => {
  await using at = await asking();
  at.atlas.tokenSeconds = 20;
  await look(at);
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  vi.advanceTimersByTime(12_000);
  await look(at).finally(() => vi.useRealTimers());
  expect(tokensOf(at)).toBe(2);
  at.atlas.tokens.clear();
  at.atlas.tokenSeconds = 3600;
  await look(at);
  expect(tokensOf(at)).toBe(3);
  at.atlas.disturb(/clusters/, problem(401, 'INVALID_TOKEN'), { times: 2 });
  expect(await failing(look(at))).toMatchObject({ code: 'NOT_AUTHORIZED', exitCode: 12 });
  expect(tokensOf(at)).toBe(4);
});

test('wrong credentials are said with the names of their variables, and nothing of them', async () => {
  await using at = await asking();
  const error = await failing(look(at, at.clientWith({ clientSecret: 'mistyped-secret' })));
  expect(error).toMatchObject({ code: 'CREDENTIALS_REFUSED', exitCode: 12 });
  expect(error.hint).toContain('MONGODB_ATLAS_CLIENT_SECRET');
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('mistyped');
  expect(at.atlas.requests).toHaveLength(1);
});

test('what is limited is sent again when the API says so: Retry-After, RateLimit-Reset, or growing pauses', async () => {
  await using at = await asking();
  const asked: Record<string, string>[] = [{ 'retry-after': '1', 'ratelimit-reset': '30' }, { 'ratelimit-reset': '1' }];
  for (const headers of asked) {
    at.atlas.disturb(/clusters/, { ...problem(429, 'RATE_LIMITED'), headers });
    const started = performance.now();
    await look(at);
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(performance.now() - started).toBeLessThan(20_000);
  }
  at.atlas.disturb(/clusters/, problem(429, 'RATE_LIMITED'), { times: 3 });
  const started = performance.now();
  await look(at);
  // Less than a second each, which a pause is where nobody says how long.
  expect(performance.now() - started).toBeLessThan(2900);
});

test.each([
  ['429', problem(429, 'RATE_LIMITED'), '429 RATE_LIMITED'],
  ['503', { status: 503, body: '<html>proxy</html>' }, '503'],
  ['a broken connection', 'drop' as const, 'gave no answer'],
])('what only reads is sent again after %s, so often and no oftener', async (_name, answer, said) => {
  await using at = await asking();
  at.atlas.disturb(/clusters/, answer, { times: 3 });
  expect(await look(at)).toEqual({ name: 'Shop' });
  at.atlas.disturb(/clusters/, answer, { times: 99 });
  const before = at.atlas.requests.length;
  const error = await failing(look(at));
  expect(error).toMatchObject({ code: 'ATLAS_FAILED', exitCode: 12 });
  expect(error.message).toContain(said);
  expect(at.atlas.requests.length - before).toBe(4);
});

test('what changes something is sent again after 429 only; else nobody knows what became of it', async () => {
  await using at = await asking();
  const post = () =>
    at.client.post(
      `${shopOf(at)}/backup/snapshots`,
      { description: 'a', retentionInDays: 1 },
      z.object({ id: z.string() }),
      'asking',
    );
  at.atlas.disturb(/snapshots/, problem(429, 'RATE_LIMITED'), { times: 2 });
  expect(await post()).toMatchObject({ kind: 'done' });
  expect(at.atlas.posts).toHaveLength(3);
  expect(await post()).toMatchObject({ kind: 'conflict' });
  for (const answer of ['drop', problem(502, 'UNEXPECTED_ERROR')] as const) {
    at.atlas.disturb(/snapshots/, answer);
    const before = at.atlas.posts.length;
    expect(await post()).toMatchObject({ kind: 'unknown' });
    expect(at.atlas.posts).toHaveLength(before + 1);
  }
});

test.each([
  [403, 'IP_ADDRESS_NOT_ON_ACCESS_LIST', 'NOT_AUTHORIZED', /access list of the service account/],
  [403, 'USER_UNAUTHORIZED', 'NOT_AUTHORIZED', /Project Backup Manager/],
  [404, 'CLUSTER_NOT_FOUND', 'ATLAS_FAILED', /backup\.atlas\.cluster/],
  [404, 'GROUP_NOT_FOUND', 'ATLAS_FAILED', /backup\.atlas\.project/],
  [400, 'SOMETHING_ELSE', 'ATLAS_FAILED', /M10/],
])('a refusal %s %s is %s, and quotes nothing of its text', async (status, errorCode, code, hint) => {
  await using at = await asking();
  at.atlas.disturb(/clusters/, problem(status, errorCode));
  const error = await failing(look(at));
  expect(error).toMatchObject({ code, message: `Atlas answered ${status} ${errorCode} while looking.` });
  expect(error.hint).toMatch(hint);
  expect(JSON.stringify({ ...error, message: error.message, hint: error.hint })).not.toContain('secret-detail');
});

test('all pages of a list come, however few the API gives at once', async () => {
  await using at = await asking();
  at.atlas.pageSize = 2;
  const ids = Array.from({ length: 5 }, () => at.atlas.add({}).id);
  const found = await at.client.list(`${shopOf(at)}/backup/snapshots`, z.object({ id: z.string() }), 'listing');
  expect(found.map(({ id }) => id)).toEqual(ids);
});

test('a thing that is not there is told apart from a cluster that is not there', async () => {
  await using at = await asking();
  expect(await at.client.find(`${shopOf(at)}/backup/snapshots/1`, shape, 'looking')).toBeUndefined();
  const elsewhere = clusterPath({ projectId: at.atlas.project, name: 'Other' });
  await expect(at.client.find(`${elsewhere}/backup/snapshots/1`, shape, 'looking')).rejects.toMatchObject({
    code: 'ATLAS_FAILED',
  });
});

test('an answer that is none of the API, or none in time, is said as that', async () => {
  await using at = await asking();
  at.atlas.disturb(/clusters/, { status: 200, body: '<html>Sign in</html>' });
  expect(await failing(look(at))).toMatchObject({
    code: 'ATLAS_FAILED',
    message: expect.stringContaining('another form'),
  });
  at.atlas.disturb(/clusters/, { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }, { times: 4 });
  expect(await failing(look(at))).toMatchObject({ code: 'ATLAS_FAILED' });
  at.atlas.disturb(/clusters/, 'silence', { times: 9 });
  const hasty = at.clientWith({ timing: { requestLimit: 300, attempts: 2, firstPause: 2 } });
  expect(await failing(look(at, hasty))).toMatchObject({
    code: 'ATLAS_FAILED',
    message: expect.stringContaining('no answer in time'),
  });
  await at.atlas[Symbol.asyncDispose]();
  expect(await failing(look(at))).toMatchObject({
    code: 'ATLAS_FAILED',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('a cancel ends a pause at once, with its own reason', async () => {
  await using at = await asking();
  const cancel = new AbortController();
  at.atlas.disturb(/clusters/, { ...problem(429, 'RATE_LIMITED'), headers: { 'retry-after': '60' } });
  const looking = look(at, at.clientWith({ signal: cancel.signal }));
  setTimeout(() => cancel.abort(new Error('cancelled')), 50);
  await expect(looking).rejects.toThrow('cancelled');
});

test('the secret, the token and what they make are secrets of the run', async () => {
  await using at = await asking();
  const secrets = new Secrets();
  await look(at, at.clientWith({ secrets }));
  const [token = ''] = at.atlas.tokens.keys();
  const { clientId, clientSecret } = at.atlas;
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  expect(secrets.scrub(`${clientSecret} ${token} ${basic}`)).toBe('*** *** ***');
});

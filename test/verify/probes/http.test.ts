import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { probing } from '../probing.ts';
import { web } from '../web.ts';

const answer =
  (status: number, body = '', headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

test('passes when the status is the expected one', async () => {
  await using app = await web(answer(204));
  expect(await probing({ name: 'up', http: { url: app.url, path: '/healthz', status: 204 } })).toMatchObject({
    state: 'passed',
    expected: 'status 204',
    seen: 'status 204',
    attempts: 1,
  });
});

test('fails on another status and shows nothing of the body', async () => {
  await using app = await web(answer(500, 'MARKER secret of a customer'));
  const result = await probing({ name: 'up', http: { url: app.url } });
  expect(result).toMatchObject({ state: 'failed', seen: 'status 500' });
  expect(JSON.stringify(result)).not.toContain('MARKER');
});

test('looks for a text in the body, also where it comes in pieces', async () => {
  await using app = await web((_, response) => {
    response.write('{"status":"o');
    setTimeout(() => response.end('k"}'), 20);
  });
  const http = { url: app.url, 'body-contains': '"status":"ok"' };
  expect(await probing({ name: 'ok', http })).toMatchObject({ state: 'passed' });
  expect(await probing({ name: 'ok', http: { ...http, 'body-contains': 'degraded' } })).toMatchObject({
    state: 'failed',
    seen: 'status 200, a body without the text',
  });
});

test('does not take a body that never ends for one without the text', async () => {
  await using app = await web((_, response) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const more = () => response.destroyed || response.write(piece, more);
    more();
  });
  expect(await probing({ name: 'big', http: { url: app.url, 'body-contains': 'ok' } })).toMatchObject({
    state: 'unknown',
    seen: 'status 200, the text is not in the first MiB of the body',
  });
});

test.each([
  ['p%40ss', 'p@ss'],
  ['100%', '100%'],
])('finds the address in the environment, below its own path and with its credentials: %s', async (written, meant) => {
  const asked: (string | undefined)[] = [];
  await using app = await web((request, response) => {
    asked.push(request.url, request.headers.authorization);
    response.end();
  });
  const url = app.url.replace('://', `://probe:${written}@`).concat('/app/');
  const result = await probing(
    { name: 'up', http: { 'url-env': 'APP_URL', path: '/healthz?deep=1' } },
    { resolveEnv: (name) => (name === 'APP_URL' ? url : undefined) },
  );
  expect(result.state).toBe('passed');
  expect(asked).toEqual(['/app/healthz?deep=1', `Basic ${Buffer.from(`probe:${meant}`).toString('base64')}`]);
});

test.each([
  [undefined, /APP_URL, which is not set/],
  ['', /APP_URL, which is not set/],
  ['shop.example.com', /no http\(s\) address/],
  ['file:///etc/passwd', /no http\(s\) address/],
])('refuses to start with %j as the address', async (value, message) => {
  const run = probing({ name: 'up', http: { 'url-env': 'APP_URL' } }, { resolveEnv: () => value });
  await expect(run).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
});

test('follows a redirect to the same page only', async () => {
  await using app = await web((request, response) => {
    if (request.url === '/healthz') response.writeHead(308, { location: '/healthz/' });
    if (request.url === '/shop') response.writeHead(302, { location: '/login' });
    if (request.url === '/loop') response.writeHead(302, { location: '/loop' });
    response.end();
  });
  const look = (path: string, status = 200) => probing({ name: 'up', http: { url: app.url, path, status } });
  expect(await look('/healthz')).toMatchObject({ state: 'passed', seen: 'status 200' });
  expect(await look('/shop')).toMatchObject({ state: 'failed', seen: 'status 302, a redirect to another page' });
  expect(await look('/shop', 302)).toMatchObject({ state: 'passed' });
  expect(await look('/loop')).toMatchObject({ state: 'failed', seen: 'more than 5 redirects' });
});

test('does not follow a redirect to another host', async () => {
  await using other = await web(answer(200));
  await using app = await web((request, response) =>
    response.writeHead(302, { location: `${other.url}${request.url}` }).end(),
  );
  expect(await probing({ name: 'up', http: { url: app.url, path: '/' } })).toMatchObject({ state: 'failed' });
});

test('cannot say when nobody answers, and names only the system error', async () => {
  const app = await web(answer(200));
  await app[Symbol.asyncDispose]();
  const result = await probing({ name: 'up', http: { url: `${app.url}/?token=MARKER` } });
  expect(result).toMatchObject({ state: 'unknown', seen: 'no answer: ECONNREFUSED' });
});

test('cannot say when the answer, or its body, does not come in time', async () => {
  await using silent = await web(() => {});
  await using slow = await web((_, response) => void response.write('{'));
  const limits = { timeout: '100ms' };
  expect(await probing({ name: 'a', http: { url: silent.url }, ...limits })).toMatchObject({
    state: 'unknown',
    seen: 'no answer within 0.1 s',
  });
  expect(await probing({ name: 'b', http: { url: slow.url, 'body-contains': 'ok' }, ...limits })).toMatchObject({
    state: 'unknown',
    seen: 'no answer within 0.1 s',
  });
});

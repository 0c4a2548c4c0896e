import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { fetchBinary } from '../../src/sandbox/download.ts';
import { type Lab, lab, realMongod } from './lab.ts';

const mongod = await realMongod();

interface Mirror extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: string[];
}

async function serve(server: Server, scheme: 'http' | 'https'): Promise<Mirror> {
  const asked: string[] = [];
  server.on('request', ({ url }) => asked.push(String(url)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An archive as MongoDB's, except that its mongod hands over to the one of this machine. */
async function archive(place: Lab): Promise<Buffer> {
  const bin = join(place.folder, 'mongodb-x', 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'mongod'), `#!/bin/sh\nexec '${mongod}' "$@"\n`);
  const file = join(place.folder, 'archive.tgz');
  await promisify(execFile)('tar', ['-czf', file, '-C', place.folder, 'mongodb-x']);
  return readFile(file);
}

/** Serves this archive for versions that match, and 403 for all else, as MongoDB's site does. */
function publishing(bytes: Buffer, versions: RegExp): RequestListener {
  const digest = createHash('md5').update(bytes).digest('hex');
  return (request, response) => {
    const path = String(request.url);
    if (!versions.test(path)) return void response.writeHead(403).end();
    const body = path.endsWith('.md5') ? Buffer.from(`${digest}  archive.tgz\n`) : bytes;
    response.writeHead(200, { 'content-length': body.length }).end(body);
  };
}

test('brings the wanted version, and the next run asks no network', async () => {
  await using place = await lab();
  await using mirror = await serve(createServer(publishing(await archive(place), /-7\.0\.9\.tgz/)), 'http');
  const options = place.options({ serverVersion: '7.0.9' }, { downloadMirror: mirror.url });
  const first = await fetchBinary(options);
  expect(first).toEqual({ kind: 'fetched', file: expect.any(String), version: '6.0.5' });
  expect(mirror.asked).toEqual([expect.stringMatching(/-7\.0\.9\.tgz$/), expect.stringMatching(/-7\.0\.9\.tgz\.md5$/)]);
  expect(await fetchBinary(options)).toEqual(first);
  expect(mirror.asked).toHaveLength(2);
  expect(await readdir(join(place.folder, 'cache', 'mongod'))).toHaveLength(1);
});

test('takes another patch release where the wanted one is not published', async () => {
  await using place = await lab();
  await using mirror = await serve(createServer(publishing(await archive(place), /-7\.0\.14\.tgz/)), 'http');
  const result = await fetchBinary(place.options({ serverVersion: '7.0.999' }, { downloadMirror: mirror.url }));
  expect(result.kind).toBe('fetched');
});

test('says which versions were not published', async () => {
  await using place = await lab();
  await using mirror = await serve(
    createServer((_, response) => void response.writeHead(404).end()),
    'http',
  );
  const result = await fetchBinary(place.options({ serverVersion: '7.0.1' }, { downloadMirror: mirror.url }));
  expect(result).toMatchObject({ kind: 'unavailable', reason: '7.0.1: Status: 404; 7.0.14: Status: 404' });
  expect(await readdir(join(place.folder, 'cache', 'mongod'))).toEqual([]);
});

test('refuses an archive whose digest is another', async () => {
  await using place = await lab();
  const bytes = await archive(place);
  const listener: RequestListener = (request, response) => {
    const body = String(request.url).endsWith('.md5') ? Buffer.from(`${'0'.repeat(32)}  x\n`) : bytes;
    response.writeHead(200, { 'content-length': body.length }).end(body);
  };
  await using mirror = await serve(createServer(listener), 'http');
  const result = await fetchBinary(place.options({ serverVersion: '7.0.9' }, { downloadMirror: mirror.url }));
  expect(result.kind).toBe('unavailable');
  expect(await readdir(join(place.folder, 'cache', 'mongod'))).toEqual([]);
});

test('a site that never answers is given up', async () => {
  await using place = await lab();
  await using mirror = await serve(
    createServer(() => {}),
    'http',
  );
  const options = place.options({ serverVersion: '7.0.9' }, { downloadMirror: mirror.url });
  const result = await fetchBinary(options, { wholeMs: 5000, firstByteMs: 300 });
  expect(result).toMatchObject({ kind: 'unavailable', reason: '7.0.9: no answer in time' });
});

test('a site that stops in the middle is given up', async () => {
  await using place = await lab();
  const listener: RequestListener = (_, response) => void response.writeHead(200, { 'content-length': 1e6 }).write('x');
  await using mirror = await serve(createServer(listener), 'http');
  const options = place.options({ serverVersion: '7.0.9' }, { downloadMirror: mirror.url });
  const result = await fetchBinary(options, { wholeMs: 600, firstByteMs: 300 });
  expect(result).toMatchObject({ kind: 'unavailable', reason: '7.0.9: no answer in time' });
});

/** Made for this test with `openssl req -x509`; nobody trusts it. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVAswEd0W/X7FgG2A
s9IKfpWNUf2KdxcsVuTsUlRBReqhRANCAAS2urwUTD0D3Wbay30Knnp76rILdMFV
J6gcF2RCys252ySvmO3CEUynXcATI4Avcxw1S2vWm0NX2AVg4CSjRqFw
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUPEldInFqTrKvT0dsNcULuvKQ2DEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTAzNDYxN1oYDzIxMjYxMDI4
MDM0NjE3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS2urwUTD0D3Wbay30Knnp76rILdMFVJ6gcF2RCys252ySvmO3CEUyn
XcATI4Avcxw1S2vWm0NX2AVg4CSjRqFwo28wbTAdBgNVHQ4EFgQUvyHSn0yQlFZS
ozuT331erVRwAlEwHwYDVR0jBBgwFoAUvyHSn0yQlFZSozuT331erVRwAlEwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgDCA0LKinRDWh1LAFbsKflyOsjgOfnTsGU1GdswFxaS4CIDut
NxIi9k+UjLt4t/0pRUVei55j2MnmlrLUZ5qPKsWb
-----END CERTIFICATE-----`;

test('a certificate that nobody vouches for is refused: what is downloaded is run', async () => {
  await using place = await lab();
  const bytes = await archive(place);
  await using mirror = await serve(createTlsServer({ key, cert }, publishing(bytes, /./)), 'https');
  const result = await fetchBinary(place.options({ serverVersion: '7.0.9' }, { downloadMirror: mirror.url }));
  expect(result).toMatchObject({ kind: 'unavailable', reason: '7.0.9: DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(mirror.asked).toEqual([]);
});

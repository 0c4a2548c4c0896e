import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { S3Store } from '../../../src/backup/stores/s3.ts';
import { type S3Server, startS3 } from '../../setup/s3.ts';
import { proxyTo } from '../../setup/tcp-proxy.ts';
import { installTime } from '../../setup/tools.ts';
import { sampleManifest } from '../sample-manifest.ts';
import { storeSuite } from './store-suite.ts';

let server: S3Server;
let client: S3Client;
let buckets = 0;

beforeAll(async () => {
  server = await startS3();
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  client = new S3Client({ endpoint: server.endpoint, forcePathStyle: true, region: 'us-east-1' });
}, installTime);
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.[Symbol.asyncDispose]();
});

async function newStore(endpoint = server.endpoint, prefix = 'shop/prod') {
  const bucket = `bucket-${++buckets}`;
  const folder = path.join(await server.bucket(bucket), prefix);
  return { bucket, folder, store: new S3Store(bucket, prefix, { endpoint }) };
}

async function fill(store: S3Store, id: string, content: Buffer) {
  const pending = await store.create(id, { ending: '.archive', expectedBytes: content.length });
  await pipeline(Readable.from([content]), pending.writable);
  const manifest = sampleManifest({
    id,
    archive: { file: pending.file, bytes: content.length, sha256: 'ab'.repeat(32) },
  });
  await pending.commit(manifest);
  return manifest;
}

const uploadsIn = async (bucket: string) =>
  (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.map(({ Key }) => Key) ?? [];

storeSuite('S3', async () => {
  const { store, folder } = await newStore();
  return {
    store,
    names: () => readdir(folder).catch(() => []),
    async damage(name) {
      const bytes = await readFile(path.join(folder, name));
      bytes[0]! ^= 1;
      await writeFile(path.join(folder, name), bytes);
    },
    remove: (name) => rm(path.join(folder, name)),
    async replace(name, by) {
      const file = path.join(folder, name);
      await writeFile(file, by(await readFile(file, 'utf8')));
    },
  };
});

test('an archive of several parts comes back as it was, also when the connection breaks again and again', async () => {
  await using proxy = await proxyTo(server.endpoint);
  const endpoint = new URL(proxy.uri).origin;
  const { store } = await newStore(endpoint);
  const content = randomBytes(40 * 1024 * 1024);
  const manifest = await fill(store, 'b1', content);
  const { stream, bytes } = await store.openArchive(manifest);
  expect(bytes).toBe(content.length);
  const pieces: Buffer[] = [];
  let got = 0;
  let breaks = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    got += piece.length;
    if (breaks < 3 && got > (breaks + 1) * 8_000_000) {
      breaks++;
      proxy.break();
    }
  }
  expect(breaks).toBe(3);
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
});

test('an archive that is replaced while it is read is not read on as if it were the same', async () => {
  await using proxy = await proxyTo(server.endpoint);
  const { store, folder } = await newStore(new URL(proxy.uri).origin);
  const manifest = await fill(store, 'b1', randomBytes(24 * 1024 * 1024));
  const { stream } = await store.openArchive(manifest);
  const other = new S3Store(path.basename(path.dirname(path.dirname(folder))), 'shop/prod', {
    endpoint: server.endpoint,
  });
  let replaced = false;
  const read = (async () => {
    for await (const _ of stream) {
      if (replaced) continue;
      replaced = true;
      await fill(other, 'b1', randomBytes(24 * 1024 * 1024));
      proxy.break();
    }
  })();
  await expect(read).rejects.toMatchObject({ name: 'PreconditionFailed' });
});

test('nothing of a backup is there before it is committed, however long that takes', async () => {
  const { store, folder } = await newStore();
  const pending = await store.create('b1', { ending: '.archive', expectedBytes: 0 });
  await pipeline(Readable.from([Buffer.alloc(20 * 1024 * 1024)]), pending.writable);
  await sleep(500);
  expect(await store.list()).toEqual([]);
  await pending.abort();
  expect((await readdir(folder).catch(() => [])).filter((name) => name.startsWith('b1'))).toEqual([]);
});

test('an abort waits for the upload that is just being begun', async () => {
  const { store, bucket } = await newStore();
  const send = S3Client.prototype.send;
  using _slow = vi.spyOn(S3Client.prototype, 'send').mockImplementation(async function (
    this: S3Client,
    ...args: unknown[]
  ) {
    const answer = await Reflect.apply(send, this, args);
    if (args[0] instanceof CreateMultipartUploadCommand) await sleep(500);
    return answer;
  } as typeof send);
  const pending = await store.create('b1', { ending: '.archive', expectedBytes: 0 });
  pending.writable.on('error', () => {});
  pending.writable.write(Buffer.alloc(20 * 1024 * 1024));
  await sleep(200);
  await pending.abort();
  expect(await uploadsIn(bucket)).toEqual([]);
});

test('what fails in the middle leaves no parts that cost money', async () => {
  const { store, bucket } = await newStore();
  const pending = await store.create('b1', { ending: '.archive', expectedBytes: 0 });
  const broken = (async function* () {
    for (let n = 0; n < 40; n++) yield Buffer.alloc(1024 * 1024, n);
    throw new Error('the reader failed');
  })();
  await expect(pipeline(broken, pending.writable)).rejects.toThrow('the reader failed');
  await pending.abort();
  expect(await uploadsIn(bucket)).toEqual([]);
});

test('uploads of yesterday are aborted when the next backup begins, those of others and of today are not', async () => {
  const { store, bucket } = await newStore();
  for (const Key of ['shop/prod/b0.archive.zst', 'shop/prod/other/b0.archive', 'shop/b0.archive', 'shop/prod/film.mp4'])
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
  await (await store.create('b1', { ending: '.archive', expectedBytes: 0 })).abort();
  expect(await uploadsIn(bucket)).toHaveLength(4);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 90_000_000 });
  try {
    const later = new S3Store(bucket, 'shop/prod', { endpoint: server.endpoint });
    await (await later.create('b2', { ending: '.archive', expectedBytes: 0 })).abort();
  } finally {
    vi.useRealTimers();
  }
  expect((await uploadsIn(bucket)).sort()).toEqual([
    'shop/b0.archive',
    'shop/prod/film.mp4',
    'shop/prod/other/b0.archive',
  ]);
});

test('a bucket that is not there, wrong keys and a silent server are told with the next step', async () => {
  const missing = new S3Store('nobody-made-it', '', { endpoint: server.endpoint });
  await expect(missing.list()).rejects.toMatchObject({
    code: 'STORE_FAILED',
    hint: expect.stringContaining('Make the bucket'),
  });
  await expect(missing.create('b1', { ending: '.archive', expectedBytes: 0 })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: 'The store s3://nobody-made-it failed (NoSuchBucket) while beginning a backup.',
  });
  const nobody = new S3Store('bucket-1', '', { endpoint: 'http://127.0.0.1:1' });
  await expect(nobody.list()).rejects.toMatchObject({ hint: expect.stringContaining('cannot be reached') });
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
  const wrong = new S3Store('bucket-1', '', { endpoint: server.endpoint });
  await expect(wrong.list()).rejects.toMatchObject({ hint: expect.stringContaining('AWS_SECRET_ACCESS_KEY') });
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.environment.AWS_SECRET_ACCESS_KEY);
});

test('a server that takes the request and says nothing is given up after its time', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const limits = { connectMs: 200, silenceMs: 200, attempts: 2 };
  const store = new S3Store('bucket-1', '', { endpoint }, limits);
  await expect(store.list()).rejects.toMatchObject({ hint: expect.stringContaining('cannot be reached') });
  silent.closeAllConnections();
  silent.close();
});

test("a server of one's own is asked for the region that is said, in the environment too", async () => {
  const signedFor: string[] = [];
  const server = createServer(({ headers }, response) => {
    signedFor.push(/Credential=[^/]+\/\d+\/([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? '');
    response.writeHead(403).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [region, setting] of [['eu-central-1'], ['', 'eu-west-1'], ['']] as const) {
    vi.stubEnv('AWS_REGION', region);
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    await expect(new S3Store('bucket-1', '', { endpoint, region: setting }).list()).rejects.toThrow();
  }
  server.closeAllConnections();
  server.close();
  expect(signedFor).toEqual(['eu-central-1', 'eu-west-1', 'us-east-1']);
});

test.each([undefined, ''])('a region that nobody has said (%j) is asked for before the network is', async (region) => {
  vi.stubEnv('AWS_REGION', region);
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
  await expect(new S3Store('bucket-1', '').list()).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: 'The store s3://bucket-1 failed (RegionMissing) while opening it.',
    hint: expect.stringContaining('set AWS_REGION, or backup.s3.region'),
  });
});

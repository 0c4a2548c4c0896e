import fc from 'fast-check';
import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { type ArchiveEvent, readArchive } from '../../../src/backup/archive/reader.ts';
import { encodePrelude, NamespaceEncoder } from '../../../src/backup/archive/writer.ts';
import { RawDocuments } from '../../../src/mongo/raw-documents.ts';
import { ReleaseError } from '../../../src/observe/error.ts';

const header = { concurrentCollections: 2, serverVersion: '6.0.5', toolVersion: 'test' };
const meta = (collection: string, type = 'collection') => ({ db: 'shop', collection, metadata: '{}', type });

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, chunk = bytes.length): Promise<ArchiveEvent[]> {
  const events: ArchiveEvent[] = [];
  for await (const event of readArchive(chunked(bytes, Math.max(chunk, 1)))) events.push(event);
  return events;
}

/** The code with which an archive is refused; `accepted` when it is not. */
async function verdict(bytes: Buffer): Promise<string> {
  try {
    await read(bytes);
    return 'accepted';
  } catch (error) {
    return error instanceof ReleaseError ? error.code : `${error}`;
  }
}

function documentsByCollection(events: readonly ArchiveEvent[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const event of events) {
    if (event.kind !== 'documents') continue;
    found[event.namespace.collection] ??= [];
    found[event.namespace.collection]?.push(...event.documents.map((document) => document.toString('hex')));
  }
  return found;
}

const block = (encoder: NamespaceEncoder, ...documents: object[]) =>
  Buffer.concat(encoder.block(RawDocuments.of(documents.map((document) => BSON.serialize(document)))));

/** Two collections whose blocks alternate, an empty one, and a time series. */
function sample() {
  const prelude = encodePrelude(header, [meta('a'), meta('c'), meta('empty'), meta('ts', 'timeseries')]);
  const [a, c, empty, ts] = ['a', 'c', 'empty', 'system.buckets.ts'].map(
    (collection) => new NamespaceEncoder({ db: 'shop', collection }),
  ) as [NamespaceEncoder, NamespaceEncoder, NamespaceEncoder, NamespaceEncoder];
  const blocks = [
    block(a, { _id: 1, text: 'one' }),
    block(c, { _id: 1 }, { _id: 2 }),
    block(a, { _id: 2 }),
    a.end(),
    block(empty),
    empty.end(),
    c.end(),
    block(ts, { _id: 1 }),
    ts.end(),
  ];
  return { prelude, blocks, bytes: Buffer.concat([prelude, ...blocks]) };
}

test('whatever documents are written in whatever blocks are read again, in whatever chunks they arrive', async () => {
  const document = fc.dictionary(fc.string({ maxLength: 5 }), fc.oneof(fc.string(), fc.integer(), fc.double()), {
    maxKeys: 4,
  });
  const block = fc.record({ to: fc.integer({ min: 0, max: 2 }), documents: fc.array(document, { maxLength: 5 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(block, { maxLength: 8 }), fc.integer({ min: 1, max: 200 }), async (blocks, chunk) => {
      const names = ['a', 'b', 'c'];
      const encoders = names.map((collection) => new NamespaceEncoder({ db: 'shop', collection }));
      const parts = [
        encodePrelude(
          header,
          names.map((name) => meta(name)),
        ),
      ];
      const written: Record<string, string[]> = {};
      for (const { to, documents } of blocks) {
        const name = names[to] as string;
        const bytes = documents.map((one) => Buffer.from(BSON.serialize(one)));
        parts.push(...encoders[to]!.block(RawDocuments.of(bytes)));
        if (bytes.length > 0) written[name] = [...(written[name] ?? []), ...bytes.map((one) => one.toString('hex'))];
      }
      for (const encoder of encoders) parts.push(encoder.end());
      const events = await read(Buffer.concat(parts), chunk);
      expect(documentsByCollection(events)).toEqual(written);
      const ends = events.filter((event) => event.kind === 'end');
      expect(ends.map(({ totals }) => totals)).toEqual(encoders.map((encoder) => encoder.totals()));
    }),
    { numRuns: 60 },
  );
});

test('every flipped byte after the prelude is noticed, without any checksum of the file', async () => {
  const { prelude, bytes } = sample();
  const unnoticed: number[] = [];
  for (let at = prelude.length; at < bytes.length; at++) {
    for (const mask of [0x01, 0x02, 0x10, 0x80, 0xff]) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= mask;
      if ((await verdict(flipped)) !== 'ARCHIVE_DAMAGED') unnoticed.push(at);
    }
  }
  expect(unnoticed).toEqual([]);
});

test('a flipped byte in the prelude is noticed or reads as another prelude, for the manifest to judge', async () => {
  const { prelude, bytes } = sample();
  const original = JSON.stringify((await read(bytes))[0]);
  let noticed = 0;
  for (let at = 0; at < prelude.length; at++) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 0x04;
    try {
      if (JSON.stringify((await read(flipped))[0]) !== original) noticed++;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
      noticed++;
    }
  }
  // The four `size` fields are written as 0 and read by nobody: their type, name and value. Where the name of the field
  // `type` is another, the three collections are taken for collections all the same.
  expect(prelude.length - noticed).toBeLessThanOrEqual(4 * 10 + 3 * 4);
});

test('an archive that ends anywhere before its end is refused', async () => {
  const { bytes } = sample();
  for (let length = 0; length < bytes.length; length++) {
    expect(`${length} ${await verdict(bytes.subarray(0, length))}`).toBe(`${length} ARCHIVE_DAMAGED`);
  }
  expect(await verdict(bytes)).toBe('accepted');
});

test('blocks that are missing, doubled, out of place or foreign are refused', async () => {
  const { prelude, blocks, bytes } = sample();
  const refused = (parts: readonly Uint8Array[]) => verdict(Buffer.concat(parts));
  for (const [index, block] of blocks.entries()) {
    // The empty block of an empty collection may be missing.
    const missing = await refused([prelude, ...blocks.toSpliced(index, 1)]);
    expect(`${index} ${missing}`).toBe(`${index} ${index === 4 ? 'accepted' : 'ARCHIVE_DAMAGED'}`);
    const doubled = await refused([prelude, ...blocks.toSpliced(index, 0, block)]);
    expect(`${index} ${doubled}`).toBe(`${index} ${index === 4 ? 'accepted' : 'ARCHIVE_DAMAGED'}`);
  }
  const foreign = new NamespaceEncoder({ db: 'shop', collection: 'z' });
  expect(await refused([bytes, block(foreign), foreign.end()])).toBe('ARCHIVE_DAMAGED');
  expect(await refused([bytes, Buffer.from([0xff, 0xff, 0xff, 0xff])])).toBe('ARCHIVE_DAMAGED');
  expect(await refused([encodePrelude(header, [meta('a'), meta('a')])])).toBe('ARCHIVE_DAMAGED');
  expect(await refused([encodePrelude({ ...header, serverVersion: 'six' }, [])])).toBe('ARCHIVE_DAMAGED');
  expect(await refused([encodePrelude(header, [])])).toBe('accepted');
});

import { setTimeout as sleep } from 'node:timers/promises';
import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { entryId, imagesId } from '../../../src/migration/journal/documents.ts';
import { packImages } from '../../../src/migration/journal/images.ts';
import { Deferred } from '../../../src/migration/undo/deferred.ts';
import { ahead, readLots } from '../../../src/migration/undo/lots.ts';
import { Met } from '../../../src/migration/undo/met.ts';
import { documentKey } from '../../../src/migration/undo/survey.ts';
import { idKey } from '../../../src/mongo/raw-bson.ts';
import { own } from './journalled.ts';
import { setting } from './setting.ts';

/** Items that are read, with a word of each moment in between. */
function reading(told: string[], items: readonly (number | Error)[]): AsyncGenerator<number> {
  return (async function* () {
    try {
      for (const item of items) {
        const name = item instanceof Error ? item.message : String(item);
        told.push(`asked for ${name}`);
        await sleep(5);
        told.push(`read ${name}`);
        if (item instanceof Error) throw item;
        yield item;
      }
    } finally {
      told.push('ended');
    }
  })();
}

/** Takes them, each for longer than one is read; `fails`: while it is at this one. */
async function taken(
  items: readonly (number | Error)[],
  { alone = () => false, fails }: { alone?: (item: number) => boolean; fails?: number } = {},
) {
  const told: string[] = [];
  const done = async () => {
    for await (const item of ahead(reading(told, items), alone)) {
      told.push(`at ${item}`);
      if (item === fails) throw new Error(`failed at ${item}`);
      await sleep(20);
      told.push(`done ${item}`);
    }
  };
  const error = await done().then(
    () => undefined,
    (cause: Error) => cause.message,
  );
  // What is left undone by then would be told behind it.
  const { length } = told;
  await sleep(20);
  expect(told).toHaveLength(length);
  return { told, error };
}

test('the next one is read while one is at work, in their order, and none beyond it', async () => {
  expect(await taken([1, 2, 3])).toEqual({
    error: undefined,
    told: [
      ...['asked for 1', 'read 1', 'asked for 2', 'at 1', 'read 2', 'done 1'],
      ...['asked for 3', 'at 2', 'read 3', 'done 2', 'ended', 'at 3', 'done 3'],
    ],
  });
});

test('the one behind one that is alone is not asked for before that one is done', async () => {
  expect(await taken([1, 2, 3], { alone: (item) => item === 2 })).toEqual({
    error: undefined,
    told: [
      ...['asked for 1', 'read 1', 'asked for 2', 'at 1', 'read 2', 'done 1'],
      ...['at 2', 'done 2', 'asked for 3', 'read 3', 'ended', 'at 3', 'done 3'],
    ],
  });
});

test.each([
  ['read meanwhile', () => false, ['asked for broken', 'at 1', 'read broken', 'ended', 'done 1']],
  ['read behind it', () => true, ['at 1', 'done 1', 'asked for broken', 'read broken', 'ended']],
])('one that cannot be read is told once the one before it is done: %s', async (_, alone, told) => {
  expect(await taken([1, new Error('broken'), 3], { alone })).toEqual({
    error: 'broken',
    told: ['asked for 1', 'read 1', ...told],
  });
});

test.each([
  ['is read', [1, 2, 3], 'read 2'],
  ['cannot be read', [1, new Error('broken'), 3], 'read broken'],
])(
  'what goes wrong with one is told as it is, behind the next one that %s: nothing goes on then',
  async (_, items, read) => {
    expect(await taken(items, { fails: 1 })).toEqual({
      error: 'failed at 1',
      told: ['asked for 1', 'read 1', read.replace('read', 'asked for'), 'at 1', read, 'ended'],
    });
  },
);

test('who takes no more ends the reading, also of one that is alone', async () => {
  for (const isAlone of [true, false]) {
    const told: string[] = [];
    for await (const item of ahead(reading(told, [1, 2, 3]), () => isAlone)) if (item === 1) break;
    expect(told.at(-1)).toBe('ended');
    expect(told).not.toContain('asked for 3');
  }
});

/** Entries of one document each; every document is changed twice, and `count` of the images are to come. */
async function lotsOf(count: number, undone: boolean) {
  await using s = await setting(async () => {});
  const { db, connection, journal } = s;
  const met = new Met();
  const documents: object[] = [];
  const namespace = { database: db.databaseName, collection: 'a' };
  for (let nth = 1; nth <= count; nth++) {
    const id = entryId(journal.attempt, nth);
    const image = { after: BSON.serialize({ _id: nth % 2 }) };
    met.image(documentKey(0, namespace, idKey(image.after)), 1, true, [imagesId(id, 0), 0, 1]);
    const [data] = packImages([image]);
    const images = { kind: 'images', namespace, count: 1, part: 0, parts: 1, data, ...(undone && { undone: 1 }) };
    documents.push({ _id: id, kind: 'write', namespace, images: true }, { _id: imagesId(id, 0), ...images });
  }
  await db.collection(own.journal).insertMany(documents);
  const options = { connection, own, attempt: journal.attempt, met, deferred: new Deferred(db, own) };
  const lots: [pieces: number, ends: number][] = [];
  for await (const lot of readLots({ ...options, size: 100, stretch: () => 0 }))
    if (lot.kind === 'documents') lots.push([lot.pieces.length, lot.ends.length]);
  return lots;
}

test('operations whose documents wait for older images, or that are back, do not all come in one lot', async () => {
  expect(await lotsOf(250, false)).toEqual([...Array(2).fill([0, 100]), [2, 50]]);
  expect(await lotsOf(250, true)).toEqual([...Array(2).fill([0, 100]), [0, 50]]);
});

test('a lot is as large as the packs that it is of', async () => {
  await using s = await setting(async () => {});
  const { db, connection, journal } = s;
  const met = new Met();
  const namespace = { database: db.databaseName, collection: 'a' };
  const documents: object[] = [];
  // Of each ten images all but one have an older one.
  const large = 'x'.repeat(1_000_000);
  for (let nth = 1; nth <= 12; nth++) {
    const id = entryId(journal.attempt, nth);
    const images = Array.from({ length: 10 }, (_, at) => ({
      after: BSON.serialize({ _id: at + 1 + (at === 9 ? nth : 0), large }),
    }));
    for (const [at, { after }] of images.entries())
      met.image(documentKey(0, namespace, idKey(after)), 1, true, [imagesId(id, 0), at, 10]);
    const [data] = packImages(images);
    documents.push({ _id: id, kind: 'write', namespace, images: true });
    documents.push({ _id: imagesId(id, 0), kind: 'images', namespace, count: 10, part: 0, parts: 1, data });
  }
  await db.collection(own.journal).insertMany(documents);
  const options = { connection, own, attempt: journal.attempt, met, deferred: new Deferred(db, own) };
  const pieces: number[] = [];
  for await (const lot of readLots({ ...options, size: 1000, stretch: () => 0 }))
    if (lot.kind === 'documents') pieces.push(lot.pieces.length);
  // 32 MB of 10 MB each.
  expect(pieces).toEqual([4, 4, 13]);
});

import { BSON, type CreateCollectionOptions, type Db, MongoClient, type MongoClientOptions } from 'mongodb';
import { expect, test } from 'vitest';
import { insertRaw } from '../../src/mongo/raw-write.ts';
import { sandboxForAll } from '../setup/sandbox.ts';
import { element, everyType, int32, oddDocuments, rawDocument } from './odd-documents.ts';

const options: MongoClientOptions = { serverSelectionTimeoutMS: 5000, retryReads: false };

/** One of its own: a mistake here would end the server. */
async function withServer(run: (db: Db) => Promise<void>): Promise<void> {
  await using sandbox = await sandboxForAll();
  await using client = await MongoClient.connect(sandbox.uri, options);
  await run(client.db('written'));
}

/** Whose names stand twice: at the top, in a document, in one in a list; beside what an insert would fill in. */
function twins(id: number): Buffer[] {
  const number = (value: number) => element(0x10, 'a', int32(value));
  const pair = rawDocument(number(1), number(2));
  const empty = element(0x11, 'at', Buffer.alloc(8));
  // So long that the server logs of an update what has changed, not all of it.
  const long = element(0x05, 'long', Buffer.concat([int32(1000), Buffer.alloc(1001)]));
  const inOne = (...fields: Buffer[]) => rawDocument(element(0x10, '_id', int32(id++)), ...fields, long);
  return [
    inOne(empty, number(1), number(2)),
    inOne(number(1), empty, number(1)),
    inOne(empty, empty),
    inOne(empty, element(0x11, 'at', Buffer.alloc(8, 1)), number(1), empty),
    inOne(element(0x03, 'in', pair), empty),
    inOne(empty, element(0x04, 'list', rawDocument(element(0x03, '0', pair)))),
  ];
}

async function stored(db: Db, collection: string): Promise<string[]> {
  const found = db.collection(collection).find({}, { raw: true });
  return ((await found.toArray()) as unknown as Uint8Array[]).map((one) => Buffer.from(one).toString('hex'));
}

test('a collection holds the documents that were put in, byte for byte, whatever stands in them', () =>
  withServer(async (db) => {
    const plain = BSON.serialize({ _id: 500, zero: 0, long: new BSON.Long(0) });
    const all = [...twins(100), ...oddDocuments(), plain, everyType(600)];
    const hex = all.map((one) => Buffer.from(one).toString('hex'));
    expect(await insertRaw(db, 'any', [all])).toMatchObject({ documents: all.length });
    expect((await stored(db, 'any')).sort()).toEqual(hex.toSorted());

    await db.createCollection('capped', { capped: true, size: 10_000_000 });
    await insertRaw(db, 'capped', [all, twins(200)], { inOrder: true });
    expect(await stored(db, 'capped')).toEqual([...hex, ...twins(200).map((one) => one.toString('hex'))]);
  }));

test('one that is there already is refused and not replaced, also by the rules of the collection', () =>
  withServer(async (db) => {
    const collation: CreateCollectionOptions = { collation: { locale: 'en', strength: 1 } };
    await db.createCollection('letters', collation);
    await db.collection('letters').insertOne({ _id: 'A' as never, users: true });
    const before = await stored(db, 'letters');
    const [same, other] = ['A', 'a'].map((_id) => BSON.serialize({ _id, at: new BSON.Timestamp(0n) }));
    for (const document of [same, other] as Uint8Array[]) {
      await expect(insertRaw(db, 'letters', [[document]])).rejects.toMatchObject({ code: 11000 });
    }
    expect(await stored(db, 'letters')).toEqual(before);
  }));

test('a validator has its say, unless it is to be passed by', () =>
  withServer(async (db) => {
    await db.createCollection('strict', { validator: { never: true } });
    const document = BSON.serialize({ _id: 1, at: new BSON.Timestamp(0n) });
    await expect(insertRaw(db, 'strict', [[document]])).rejects.toMatchObject({ code: 121 });
    await insertRaw(db, 'strict', [[document]], { bypassValidation: true });
    expect(await stored(db, 'strict')).toEqual([Buffer.from(document).toString('hex')]);
  }));

import { BSON, type Document, Double, Long } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DownDocumentProcess } from '../../../src/migration/down-document.ts';
import type { AskDown } from '../../../src/migration/undo/down-documents.ts';
import { forecastUndo } from '../../../src/migration/undo/forecast.ts';
import { makeProject, type Project, settings } from '../project.ts';
import { cutOff, growing } from './cut-off.ts';
import { type Journalled, own } from './journalled.ts';
import { setting } from './setting.ts';

interface City extends Document {
  _id: number | string;
}

let project: Project;
let running: DownDocumentProcess[];

const migration = (downDocument: string) =>
  `module.exports = { up() {}, down() {}, downDocument(document, asked) { ${downDocument} } };`;

/** What goes back to `lat` and `lon` by itself, and leaves alone what has them already. */
const toOldShape = `
  if (document.location === undefined) return document;
  const { location, ...rest } = document;
  return { ...rest, lat: location.lat, lon: location.lon };`;

beforeAll(async () => {
  running = [];
  project = await makeProject({
    'cities.js': migration(toOldShape),
    'throws.js': migration(`if (document._id === 3) throw new Error('of ' + document.name); ${toOldShape}`),
    'restless.js': migration('return { ...document, n: (document.n ?? 0) + 1 };'),
    'other-id.js': migration('return { ...document, _id: 77 };'),
    'no-document.js': migration('return [document];'),
    'nothing.js': migration(''),
    'counts.js': migration("return { ...document, count: process.listenerCount('unhandledRejection') };"),
    'endless.js': migration('for (;;);'),
    'exits.js': migration('process.exit(0);'),
    'connects.js': `const { MongoClient } = require('mongodb');
      module.exports = { up() {}, downDocument: async () => { await new MongoClient('mongodb://127.0.0.1:1').connect(); } };`,
    'numbers.js': migration(
      'if (document.moved === undefined) return { ...document, moved: document.from, price: document.price / 100 };',
    ),
    'asked.js': migration(
      'return { ...document, asked: Object.keys(asked).filter((key) => asked[key] !== undefined).sort() };',
    ),
  });
});
afterAll(async () => {
  for (const one of running) await one[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

function asks(fileName: string, more: object = {}): AskDown {
  const { log } = project;
  const process = new DownDocumentProcess(project.file(fileName), { ...settings(project.dir), log, ...more });
  running.push(process);
  return (documents) => process.ask(documents);
}

const city = (_id: number): City => ({ _id, name: `city ${_id}`, lat: _id + 0.5, lon: -_id });

/** Some cities, of which an operation has put `lat` and `lon` into `location`. */
async function cities(count = 5, seed?: (journal: Journalled) => Promise<unknown>) {
  const s = await setting(async (journal) => {
    await journal.db.collection<City>('cities').insertMany(Array.from({ length: count }, (_, i) => city(i)));
    await seed?.(journal);
  });
  const c = s.db.collection<City>('cities');
  const change = () =>
    s.journal.write('cities', (session) =>
      c.updateMany({}, [{ $set: { location: { lat: '$lat', lon: '$lon' } } }, { $unset: ['lat', 'lon'] }], { session }),
    );
  return { ...s, cities: c, change, [Symbol.asyncDispose]: () => s[Symbol.asyncDispose]() };
}

const tolerant = (ask?: AskDown) => ({ mode: 'tolerant', ask }) as const;

test('a document of a user goes back by downDocument, with what the user wrote and all versions on record', async () => {
  await using s = await cities();
  await s.change();
  await s.cities.updateOne({ _id: 1 }, { $set: { 'location.lat': 99.25, rating: 4 } });
  const ask = asks('cities.js');
  const [forecast] = await forecastUndo(s.connection, own, [{ ...s.journal.attempt, ask }]);
  const result = await s.undo(tolerant(ask));
  expect(result).toMatchObject({ state: 'undone', documents: 4, downDocuments: 1, quarantined: 0, left: [] });
  expect(forecast).toMatchObject({ documents: 4, downDocuments: 1, quarantined: 0, createdSince: [] });
  expect(await s.cities.findOne({ _id: 1 })).toEqual({ ...city(1), lat: 99.25, rating: 4 });
  expect(await s.cities.findOne({ _id: 2 })).toEqual(city(2));
  expect(await s.db.collection(own.quarantine).find().toArray()).toMatchObject([
    {
      why: 'down-document',
      documentId: 1,
      before: city(1),
      after: { location: { lat: 1.5 } },
      current: { location: { lat: 99.25 }, rating: 4 },
    },
  ]);
});

test('what users created since in the new shape goes back, and what is in the old shape already is not written', async () => {
  await using s = await cities(450);
  await s.change();
  const made = Array.from({ length: 450 }, (_, i) => ({ _id: 1000 + i, name: 'new', location: { lat: 1, lon: i } }));
  await s.cities.insertMany([...made, { _id: 'old', name: 'old', lat: 0, lon: 0 }]);
  const ask = asks('cities.js');
  const [forecast] = await forecastUndo(s.connection, own, [{ ...s.journal.attempt, ask }]);
  expect(forecast).toMatchObject({ documents: 450, downDocuments: 450, createdSince: [] });
  expect(await s.undo(tolerant(ask))).toMatchObject({ documents: 450, downDocuments: 450, createdSince: [] });
  expect(
    await s.cities
      .find({ _id: { $gte: 1000 } })
      .sort({ _id: 1 })
      .toArray(),
  ).toEqual(made.map(({ _id, name, location }) => ({ _id, name, ...location })));
  expect(await s.cities.countDocuments({ location: { $exists: true } })).toBe(0);
  const kept = await s.db.collection(own.quarantine).find().toArray();
  expect(kept).toHaveLength(450);
  expect(kept.map(({ documentId }) => documentId)).not.toContain('old');
  expect(kept[0]).toMatchObject({ why: 'down-document', current: { name: 'new', location: { lat: 1 } } });
});

test('without one they are listed by the fields that are new, or it is said that nobody can tell', async () => {
  await using s = await cities(5, ({ db }) => db.collection<City>('prices').insertMany([{ _id: 1, price: 1 }]));
  await s.change();
  await s.journal.write('prices', (session) =>
    s.db.collection<City>('prices').updateMany({}, { $mul: { price: 100 } }, { session }),
  );
  await s.journal.write('logs', (session) => s.db.collection<City>('logs').insertOne({ _id: 1 }, { session }));
  await s.cities.insertMany([
    { _id: 1000, location: { lat: 1 } },
    { _id: 1001, lat: 1 },
    { _id: 'secret name', location: null },
  ]);
  await s.cities.updateOne({ _id: 3 }, { $set: { 'location.lat': 7 } });
  const createdSince = [
    { collection: 'cities', documents: 2, ids: ['1000', expect.not.stringContaining('secret')] },
    { collection: 'prices', documents: 'unknown', ids: [] },
  ];
  const [forecast] = await forecastUndo(s.connection, own, [s.journal.attempt]);
  expect(forecast).toMatchObject({ quarantined: 1, createdSince });
  expect(await s.undo(tolerant())).toMatchObject({ quarantined: 1, downDocuments: 0, createdSince });
});

test('a field that documents had before is not taken for a new one', async () => {
  await using s = await cities(3, ({ db }) =>
    db.collection<City>('cities').insertOne({ _id: 50, location: 'by hand', lat: 1, lon: 1 }),
  );
  await s.change();
  await s.cities.insertOne({ _id: 1000, location: { lat: 1 } });
  expect(await s.undo(tolerant())).toMatchObject({
    createdSince: [{ collection: 'cities', documents: 'unknown' }],
  });
});

test('it is asked before older indexes are back, and after newer ones are gone', async () => {
  await using s = await cities(3, ({ db }) => db.collection('cities').createIndex({ lat: 1 }, { unique: true }));
  await s.journal.catalog('cities', 'drop-indexes', () => s.cities.dropIndex('lat_1'));
  await s.change();
  await s.journal.catalog('cities', 'create-indexes', () =>
    s.cities.createIndex({ 'location.lat': 1 }, { unique: true }),
  );
  await s.journal.catalog('cities', 'rename-collection', () => s.db.renameCollection('cities', 'towns'), {
    to: 'towns',
  });
  await s.db.collection<City>('towns').insertMany([
    { _id: 1000, location: { lat: 1000, lon: 1 } },
    { _id: 1001, location: { lat: 1001, lon: 1 } },
  ]);
  const ask = asks('cities.js');
  const [forecast] = await forecastUndo(s.connection, own, [{ ...s.journal.attempt, ask }]);
  const result = await s.undo(tolerant(ask));
  expect(result).toMatchObject({ state: 'undone', downDocuments: 2, createdSince: [], left: [] });
  expect(forecast).toMatchObject({ documents: 3, downDocuments: 2, createdSince: [] });
  await s.cities.deleteMany({ _id: { $gte: 1000 } });
  expect(await s.differences()).toEqual([]);
});

test('of a document that several operations changed it gets what was before the first of them', async () => {
  await using s = await cities(2);
  await s.change();
  await s.journal.write('cities', (session) => s.cities.updateMany({}, { $set: { second: 2 } }, { session }));
  await s.cities.updateOne({ _id: 1 }, { $set: { second: 'mine' } });
  const ask = asks('asked.js');
  let before: Uint8Array | undefined;
  const spied: AskDown = (documents) => {
    before = documents.find(({ after }) => after !== undefined)?.before ?? before;
    return ask(documents);
  };
  const [forecast] = await forecastUndo(s.connection, own, [{ ...s.journal.attempt, ask: spied }]);
  const original = (
    await s.before
      .collection('cities')
      .find({ _id: 1 } as Document, { raw: true })
      .toArray()
  )[0];
  expect(Buffer.from(before!)).toEqual(Buffer.from(original as unknown as Uint8Array));
  before = undefined;
  const result = await s.undo(tolerant(spied));
  expect(Buffer.from(before!)).toEqual(Buffer.from(original as unknown as Uint8Array));
  expect(result).toMatchObject({ documents: 1, downDocuments: 1, quarantined: 0 });
  expect(forecast).toMatchObject({ documents: 1, downDocuments: 1, quarantined: 0 });
  expect(await s.cities.findOne({ _id: 1 })).toMatchObject({ asked: ['after', 'before', 'collection'] });
});

test('a document that it fails for, or that the server refuses, is left to its user', async () => {
  await using s = await cities(5, ({ db }) =>
    db.collection('cities').createIndex({ lat: 1 }, { unique: true, sparse: true }),
  );
  await s.change();
  await s.cities.updateMany({ _id: { $in: [2, 3] } }, { $set: { 'location.lat': 7 } });
  await s.cities.insertOne({ _id: 1000, location: { lat: 0.5, lon: 0 } });
  const ask = asks('throws.js');
  const result = await s.undo(tolerant(ask));
  // 0.5 is the one of document 0, which is back.
  expect(result).toMatchObject({
    ...{ documents: 3, downDocuments: 1, quarantined: 1 },
    createdSince: [{ collection: 'cities', documents: 1, ids: ['1000'] }],
  });
  expect(await s.cities.findOne({ _id: 2 })).toEqual({ ...city(2), lat: 7 });
  expect(await s.cities.findOne({ _id: 3 })).toMatchObject({ location: { lat: 7 } });
});

test('a document that users write to all the time loses none of it', async () => {
  await using s = await cities(300);
  await s.change();
  await s.cities.updateMany({}, { $set: { 'location.lat': 7 } });
  let over = false;
  const hits = new Map<number, number>();
  const writer = (async () => {
    for (let n = 0; !over; n = (n + 1) % 300) {
      await s.cities.updateOne({ _id: n }, { $inc: { hits: 1 } });
      hits.set(n, (hits.get(n) ?? 0) + 1);
    }
  })();
  const result = await s.undo(tolerant(asks('cities.js')));
  over = true;
  await writer;
  expect(result).toMatchObject({ state: 'undone', quarantined: 0, downDocuments: 300 });
  for await (const document of s.cities.find()) {
    expect(document).toEqual({ ...city(document._id as number), lat: 7, hits: hits.get(document._id as number) });
  }
});

test('cut off anywhere, and called again, it ends in the same state', async () => {
  await using s = await cities(30);
  await s.change();
  await s.cities.updateMany({ _id: { $lt: 10 } }, { $set: { 'location.lat': 7 } });
  await s.cities.insertMany(Array.from({ length: 500 }, (_, i) => ({ _id: 1000 + i, location: { lat: i, lon: i } })));
  const { result, cuts } = await cutOff(s.connection, growing(4), (signal) =>
    s.undo({ ...tolerant(asks('cities.js', { signal })), signal }),
  );
  expect(result).toMatchObject({ state: 'undone', downDocuments: 510, quarantined: 0 });
  expect(cuts).toBeGreaterThan(2);
  expect(await s.cities.countDocuments({ location: { $exists: true } })).toBe(0);
  expect(await s.cities.findOne({ _id: 5 })).toEqual({ ...city(5), lat: 7 });
  // And once more over what is back already.
  expect(await s.undo(tolerant(asks('cities.js')))).toMatchObject({ downDocuments: 510, quarantined: 0 });
});

describe('what it returns', () => {
  const answersOf = async (fileName: string, document: Document, more: Document = {}) => {
    await using s = await setting(({ db }) => db.collection<City>('cities').insertMany([document as City]));
    const [stored] = await s.db.collection('cities').find({}, { raw: true }).toArray();
    const [answer] = await asks(fileName)([
      { collection: 'cities', document: Buffer.from(stored as unknown as Uint8Array), ...more },
    ]);
    return answer!;
  };

  test('keeps the types of numbers that stay in their place', async () => {
    await using s = await cities(1);
    await s.journal.write('cities', (session) =>
      s.cities.updateMany(
        {},
        { $set: { kept: new Double(5), price: new Double(200), from: Long.fromNumber(3), list: [Long.fromNumber(1)] } },
        { session },
      ),
    );
    await s.cities.updateOne({ _id: 0 }, { $set: { price: new Double(300) } });
    await s.undo(tolerant(asks('numbers.js')));
    const [types] = await s.cities
      .aggregate([
        {
          $project: {
            kept: { $type: '$kept' },
            price: { $type: '$price' },
            from: { $type: '$from' },
            moved: { $type: '$moved' },
            list: { $type: { $first: '$list' } },
          },
        },
      ])
      .toArray();
    expect(types).toMatchObject({ kept: 'double', price: 'double', from: 'long', list: 'long', moved: 'int' });
  });

  test.each([
    ['restless.js', /changes what it has returned/],
    ['other-id.js', /another _id/],
    ['no-document.js', /no document/],
    ['connects.js', /connection of its own/],
  ])('%s is refused', async (fileName, message) => {
    expect(await answersOf(fileName, { _id: 1 })).toMatchObject({
      state: 'failed',
      error: { message: expect.stringMatching(message) },
    });
  });

  test('nothing leaves the document alone', async () => {
    expect(await answersOf('nothing.js', { _id: 1 })).toEqual({ state: 'left' });
  });

  test('asked often it does not gather what it gathers once', async () => {
    const ask = asks('counts.js');
    const document = BSON.serialize({ _id: 1 });
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(...(await ask([{ collection: 'cities', document }])));
    expect(answers[0]).toMatchObject({ state: 'changed' });
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
  });

  test('what it throws is told without values', async () => {
    const { error } = (await answersOf('throws.js', { _id: 3, name: 'Rue Morgue' })) as { error: { message: string } };
    expect(error.message).toMatch(/throws\.js:1.*‹hidden›/);
    expect(error.message).not.toContain('Morgue');
  });

  test.each([
    ['endless.js', 'MIGRATION_TIMED_OUT', 1500],
    ['exits.js', 'MIGRATION_EXITED', 20_000],
  ])('%s stops the undo, which goes on once it is corrected', async (fileName, code, timeLimitMs) => {
    await using s = await cities();
    await s.change();
    await s.cities.updateOne({ _id: 1 }, { $set: { 'location.lat': 7 } });
    await expect(s.undo(tolerant(asks(fileName, { timeLimitMs })))).rejects.toMatchObject({ code });
    expect(await s.undo(tolerant(asks('cities.js')))).toMatchObject({
      state: 'undone',
      downDocuments: 1,
      quarantined: 0,
    });
    expect(await s.cities.findOne({ _id: 1 })).toEqual({ ...city(1), lat: 7 });
  });
});

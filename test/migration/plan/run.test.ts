import { expect, test } from 'vitest';
import { makePlan, type PlanInput } from '../../../src/migration/plan/plan.ts';
import { type HowItRuns, runOf } from '../../../src/migration/plan/run.ts';
import { scanSource } from '../../../src/migration/source-scan/scan.ts';
import { factsOf, file } from '../records.ts';

const images: HowItRuns = { server: 'replica-set', journal: 'images' };
const of = (body: string, { how = images, transaction = false } = {}) => {
  const { notes, ...run } = runOf({ transaction }, scanSource(`exports.up = async (db) => { ${body} };`), how);
  return { ...run, rules: notes.map(({ rule }) => rule) };
};
const plain = "await db.collection('a').updateMany({}, { $set: { b: 1 } });";

test('on a replica set a migration runs in batches with images, and goes on after a kill', () => {
  expect(of(plain)).toEqual({
    ...{ journal: 'images', transaction: false, batches: true, resumable: true, undoable: true },
    rules: [],
  });
});

test('without images, where so configured', () => {
  expect(of(plain, { how: { ...images, journal: 'operations' } })).toMatchObject({
    journal: 'operations',
    resumable: true,
    undoable: false,
  });
});

test('on a standalone server nothing of it holds, and the plan says why', () => {
  expect(of(plain, { how: { ...images, server: 'standalone' } })).toEqual({
    ...{ journal: 'none', transaction: false, batches: false, resumable: false, undoable: false },
    rules: ['run-standalone'],
  });
});

test('in one transaction there is nothing to cut, and nothing half-done to go on from', () => {
  const run = of('await a.insertOne({ at: new Date() }); await fetch(url);', { transaction: true });
  expect(run).toEqual({
    ...{ journal: 'images', transaction: true, batches: false, resumable: true, undoable: true },
    rules: ['run-external-call'],
  });
});

test.each([
  ['await a.insertOne({ at: new Date() });', { resumable: false, undoable: true, batches: true }],
  ["await a.aggregate([{ $out: 'b' }]).toArray();", { resumable: true, undoable: true, batches: true }],
  ["await a.aggregate([{ $merge: 'b' }]).toArray();", { resumable: false, undoable: false, batches: true }],
  ["await db.createCollection('c', { capped: true, size: 1 });", { resumable: false, undoable: false, batches: true }],
  ["await a.updateMany({ $text: { $search: 'x' } }, {});", { resumable: true, batches: false }],
  ['await a.createIndex({ at: 1 }, { expireAfterSeconds: 60 });', { resumable: true, batches: true }],
])('%s', (body, expected) => {
  expect(of(body)).toMatchObject(expected);
});

test('what a kill then leads to depends on whether images are kept', () => {
  const said = scanSource('exports.up = (db) => a.insertOne({ at: new Date() });');
  const message = (journal: HowItRuns['journal']) =>
    runOf({ transaction: false }, said, { ...images, journal }).notes[0]?.message;
  expect(message('images')).toContain('what it did is undone, and it begins afresh');
  expect(message('operations')).toContain('nor undone, since migrations.journal keeps no images');
});

test('no undo is promised of a migration that does something without images', () => {
  const said = scanSource("exports.up = (db) => [a.insertOne({ at: new Date() }), a.aggregate([{ $merge: 'b' }])];");
  const { notes } = runOf({ transaction: false }, said, images);
  const note = notes.find(({ rule }) => rule === 'run-time-or-random-value');
  expect(note?.message).toContain(
    'nor undone, since no images are kept of all that it does: it stops with exit code 8',
  );
});

test('a dropped collection is said to be put aside only where that is so', () => {
  const drop = "await db.collection('a').drop();";
  expect(of(drop).rules).toEqual(['run-drops-collection']);
  expect(of(drop, { how: { ...images, journal: 'operations' } }).rules).toEqual([]);
  expect(of(drop, { how: { ...images, server: 'standalone' } }).rules).toEqual(['run-standalone']);
});

const files = ['001-a', '002-b'].map((name) => file(name));
const plan = (over: Partial<PlanInput> = {}) =>
  makePlan({ files, records: [], scope: {}, database: 'd', target: 't', facts: factsOf(files), ...over });

test('the notes are findings of the plan, with file and line', () => {
  const sources = new Map([['002-b', scanSource('exports.up = (db) =>\n  fetch(url);')]]);
  expect(plan({ sources }).findings).toEqual([
    {
      rule: 'run-external-call',
      severity: 'note',
      place: { name: '002-b', line: 2, file: files[1]?.path },
      message: expect.stringMatching(/^002-b reaches outside of the database \(fetch\(\)\): .*\.$/),
      next: expect.any(String),
    },
  ]);
});

test('what is so for every migration is said once; a transaction that cannot be had stops', () => {
  const how = { server: 'standalone', journal: 'images' } as const;
  expect(plan({ how }).findings.map(({ rule, place }) => [rule, place])).toEqual([['run-standalone', {}]]);
  const facts = factsOf(files, { '002-b': { transaction: true } });
  expect(plan({ how, facts }).findings).toMatchObject([
    { rule: 'run-standalone', severity: 'warning' },
    { rule: 'run-transaction-unavailable', severity: 'error', place: { name: '002-b' } },
  ]);
});

test('the digest changes with what the journal keeps, and not with what a remark says', () => {
  const { digest } = plan();
  expect(plan({ how: { server: 'replica-set', journal: 'operations' } }).digest).not.toBe(digest);
  expect(plan({ how: { server: 'standalone', journal: 'images' } }).digest).not.toBe(digest);
  expect(plan({ how: images }).digest).toBe(digest);
  expect(plan({ sources: new Map([['001-a', scanSource('exports.up = () => fetch(url)')]]) }).digest).toBe(digest);
});

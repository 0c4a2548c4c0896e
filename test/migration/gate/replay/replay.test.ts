import * as mongodb from 'mongodb';
import { expect, test } from 'vitest';
import type { RawSession } from '../../../../src/migration/gate/raw.ts';
import { ReadLog } from '../../../../src/migration/gate/replay/read-log.ts';
import { Replay } from '../../../../src/migration/gate/replay/replay.ts';
import { storedReads } from '../../../../src/migration/gate/replay/stored-reads.ts';
import type { JournalEntry } from '../../../../src/migration/journal/documents.ts';

const driver = { version: '7.8.0', major: 7, classes: mongodb };
const namespace = { database: 'shop', collection: 'c' };
let number = 0;

function entry(fingerprint: string, more: Partial<JournalEntry> = {}): JournalEntry {
  number += 1;
  const about = { _id: `m/000001/${number}`, kind: 'write', state: 'done', method: 'updateOne', images: true } as const;
  return { ...about, namespace, fingerprint, at: new Date(0), ...more };
}

const replayOf = (entries: JournalEntry[]) => new Replay(entries, { driver, quietMs: 150 });
const state = async (promise: Promise<unknown>) => {
  const pending = Symbol();
  const first = await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 20, pending))]);
  return first === pending ? 'pending' : first;
};
const diverged = { code: 'REPLAY_DIVERGED', exitCode: 8 };

test('a fresh run has nothing to wait for', async () => {
  const replay = replayOf([]);
  expect(await replay.claim('a')).toEqual({ kind: 'new' });
  expect(replay.end()).toBe('complete');
});

test('equal calls get their entries one after the other, and what is new waits for all of them', async () => {
  const entries = [entry('a'), entry('b'), entry('a')];
  const replay = replayOf(entries);
  const early = replay.claim('new');
  expect(await replay.claim('b')).toEqual({ kind: 'recorded', entry: entries[1] });
  expect(await replay.claim('a')).toEqual({ kind: 'recorded', entry: entries[0] });
  expect(await state(early)).toBe('pending');
  expect(await replay.claim('a')).toEqual({ kind: 'recorded', entry: entries[2] });
  expect(await early).toEqual({ kind: 'new' });
  expect(await replay.claim('a')).toEqual({ kind: 'new' });
  expect(replay.end()).toBe('complete');
});

test('what was begun and not finished goes on only when everything else was asked for', async () => {
  const entries = [entry('a', { state: 'progress' }), entry('b')];
  const replay = replayOf(entries);
  const begun = replay.claim('a');
  expect(await state(begun)).toBe('pending');
  await replay.claim('b');
  expect(await begun).toEqual({ kind: 'recorded', entry: entries[0] });
});

test('where only new calls are left it has diverged, for every later call too', async () => {
  const replay = replayOf([entry('a'), entry('b')]);
  await replay.claim('a');
  await expect(replay.claim('new')).rejects.toMatchObject(diverged);
  await expect(replay.claim('b')).rejects.toMatchObject({ ...diverged, message: /updateOne on c/ });
  expect(replay.diverged).toMatchObject(diverged);
  expect(replay.end()).toBe('diverged');
});

test('while user code computes, or a read is under way, nothing is decided', async () => {
  const replay = replayOf([entry('a')]);
  const held = replay.claim('new');
  const call = { method: 'findOne', namespace, args: [], session: undefined };
  const read = replay.reads.read(call, () => new Promise((resolve) => setTimeout(resolve, 400, 'late')));
  const until = performance.now() + 300;
  while (performance.now() < until);
  expect(await read).toBe('late');
  await replay.claim('a');
  expect(await held).toEqual({ kind: 'new' });
});

test('a migration that ends before it came to everything has diverged', async () => {
  const replay = replayOf([entry('a')]);
  expect(replay.end()).toBe('diverged');
  await expect(replay.claim('a')).rejects.toMatchObject(diverged);
});

test('an answer that was not kept cannot be given', async () => {
  const replay = replayOf([entry('a', { result: { form: 'omitted' } })]);
  await expect(replay.claim('a')).rejects.toMatchObject(diverged);
});

const calls = (...fingerprints: string[]) =>
  fingerprints.map((fingerprint) => ({ fingerprint, method: 'insertOne', namespace }));
const session = () => ({ inTransaction: () => true }) as unknown as RawSession;

test('a transaction is the recorded one only with all of its calls', async () => {
  const whole = entry('', { kind: 'transaction', calls: calls('a', 'b') });
  const replay = replayOf([whole]);
  const first = session();
  expect(await replay.claim('a', { transaction: first })).toMatchObject({ kind: 'call', entry: whole });
  replay.rollBack(first);
  expect(await replay.claim('a', { transaction: first })).toMatchObject({ kind: 'call' });
  expect(await replay.claim('b', { transaction: first })).toMatchObject({ kind: 'call' });
  const later = replay.claim('c');
  expect(await state(later)).toBe('pending');
  expect(replay.commit(first)).toEqual({ kind: 'recorded', entry: whole });
  expect(await later).toEqual({ kind: 'new' });
});

test('a transaction with another call, or without one, has diverged', async () => {
  const recorded = () => replayOf([entry('', { kind: 'transaction', calls: calls('a', 'b') })]);
  const [one, two] = [recorded(), recorded()];
  const [first, second] = [session(), session()];
  await one.claim('a', { transaction: first });
  await expect(one.claim('c', { transaction: first })).rejects.toMatchObject(diverged);
  await two.claim('a', { transaction: second });
  expect(() => two.commit(second)).toThrow(expect.objectContaining(diverged));
});

test('a read goes with every entry until one of them is committed', () => {
  const log = new ReadLog();
  log.answered('r', log.occurrence('r', undefined), 5, undefined);
  const cursor = log.cursor('f', 0, undefined);
  cursor.gave({ _id: 1 });
  const first = log.take();
  cursor.gave({ _id: 2 });
  const second = log.take();
  expect(second).toEqual([
    { fingerprint: 'r', occurrence: 0, form: 'value', value: 5 },
    { fingerprint: 'f', occurrence: 0, form: 'documents', value: [{ _id: 1 }, { _id: 2 }], count: 2, ended: false },
  ]);
  log.stored(first);
  expect(log.take()).toEqual([
    { fingerprint: 'f', occurrence: 0, form: 'documents', value: [{ _id: 2 }], count: 2, ended: false },
  ]);
  log.stored(second);
  expect(log.take()).toEqual([]);
  // However the pieces overlap, and whatever order they come in.
  expect(storedReads([...second, ...first])?.get('f/0')).toMatchObject({
    documents: [{ _id: 1 }, { _id: 2 }],
    count: 2,
  });
});

test('a transaction that is made again reads with the same numbers', () => {
  const log = new ReadLog();
  const transaction = {};
  log.answered('r', log.occurrence('r', transaction), 1, transaction);
  expect(log.take()).toEqual([]);
  log.ended(transaction, 'given-back');
  expect(log.occurrence('r', transaction)).toBe(0);
  log.answered('r', 0, 2, transaction);
  expect(log.take(transaction)).toMatchObject([{ value: 2, occurrence: 0 }]);
  log.ended(transaction, 'kept');
  expect(log.take()).toMatchObject([{ value: 2, occurrence: 0 }]);
});

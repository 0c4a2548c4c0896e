import type { Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { changedSince } from '../../src/mongo/changed-since.ts';
import { writesSince } from '../../src/mongo/writes-since.ts';
import { writesUntilMoved } from '../../src/mongo/writes-until-moved.ts';
import { freshDatabase } from '../setup/mongo.ts';

/** Somebody drops the database, twice, between writes: each time that ends the server's stream. */
async function dropped() {
  const database = await freshDatabase();
  const { db } = database;
  const { operationTime: since } = (await db.command({ ping: 1 })) as { operationTime: Timestamp };
  await db.collection('places').insertMany([{}, {}]);
  for (let times = 0; times < 2; times += 1) {
    await db.dropDatabase();
    await db.collection('places').insertMany([{}, {}, {}]);
  }
  return { ...database, since };
}

// Far below the limits of time of these, and with no more work than answers take: a process that only asks again and again
// hears of nothing else, its own lease among that.
test('what was written after somebody dropped the database counts, and what was written before', async () => {
  await using s = await dropped();
  const { user, system } = process.cpuUsage();
  const found = await writesSince(s.db, s.since, { leaveOut: () => false });
  if (found.state !== 'known') throw new Error(found.why);
  expect(found.byCollection.get('places')).toEqual({ inserted: 8, updated: 0, deleted: 0 });
  expect(found.gone).toEqual(['places', 'places']);
  const used = process.cpuUsage({ user, system });
  expect(used.user / 1e6).toBeLessThan(5);
}, 20_000);

test('so it does for who asks for changes of one collection, or what was written until it was moved', async () => {
  await using s = await dropped();
  const { db, since } = s;
  const seen: string[] = [];
  for await (const one of changedSince(db, 'places', since)) seen.push(one === 'more' ? one : 'change');
  expect(seen).toEqual(Array.from({ length: 8 }, () => 'change'));
  const later = (await db.command({ ping: 1 })).operationTime as Timestamp;
  await db.dropDatabase();
  await db.collection('places').insertMany([{}, {}]);
  await db.renameCollection('places', 'moved');
  // The one of that name was dropped: what came after is another one's.
  expect(await writesUntilMoved(db, later, new Map([['places', 'moved']]))).toEqual(new Map());
}, 20_000);

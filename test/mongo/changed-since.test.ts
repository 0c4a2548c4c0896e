import type { Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { type ChangedSinceOptions, changedSince } from '../../src/mongo/changed-since.ts';
import { freshDatabase } from '../setup/mongo.ts';

test('what was written since is told in full, or that there is more where the time for it has run out', async () => {
  await using database = await freshDatabase();
  const { db } = database;
  const { operationTime: since } = (await db.command({ ping: 1 })) as { operationTime: Timestamp };
  await db.collection('places').insertMany([{}, {}, {}]);
  const seen = async (options?: ChangedSinceOptions) => {
    const all: string[] = [];
    for await (const one of changedSince(db, 'places', since, options)) all.push(one === 'more' ? one : 'change');
    return all;
  };
  expect(await seen()).toEqual(['change', 'change', 'change']);
  expect(await seen({ limitMs: 0 })).toEqual(['more']);
});

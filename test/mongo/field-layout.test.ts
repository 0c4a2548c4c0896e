import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { FieldNames } from '../../src/mongo/field-layout.ts';

test('every name that some document had is known, and no other', () => {
  const names = new FieldNames();
  names.add(BSON.serialize({ _id: 1, a: 'x', b: { inner: 1 } }));
  names.add(BSON.serialize({ _id: 2, a: 'other', b: { inner: 2 } }));
  names.add(BSON.serialize({ _id: 3, ab: 1 }));
  names.add(BSON.serialize({ _id: 4, b: 1, a: 1, c: [1] }));
  expect(['_id', 'a', 'b', 'ab', 'c', 'inner', 'x', '0'].filter((name) => names.has(name))).toEqual([
    '_id',
    'a',
    'b',
    'ab',
    'c',
  ]);
});

test('many layouts are all read', () => {
  const names = new FieldNames();
  for (let i = 0; i < 5000; i++) names.add(BSON.serialize({ _id: i, [`f${i}`]: 1, [`g${i % 7}`]: 1 }));
  for (let i = 0; i < 5000; i++) expect(names.has(`f${i}`)).toBe(true);
});

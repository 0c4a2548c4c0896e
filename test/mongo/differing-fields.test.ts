import { BSON, type Document, ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { differingFields } from '../../src/mongo/differing-fields.ts';

const between = (before: Document, after: Document) => differingFields(BSON.serialize(before), BSON.serialize(after));

test('equal documents differ in nothing, in whatever order their fields stand', () => {
  expect(between({ a: 1, b: { c: [1, { d: 2 }] } }, { b: { c: [1, { d: 2 }] }, a: 1 })).toEqual([]);
});

test('a field that was set, taken away, changed or given another type is named with its types', () => {
  expect(between({ _id: 1, gone: true, same: 1, other: 1 }, { _id: 1, same: 2, other: '1', added: null })).toEqual([
    { path: 'gone', before: 'bool', after: undefined },
    { path: 'same', before: 'int', after: 'int' },
    { path: 'other', before: 'int', after: 'string' },
    { path: 'added', before: undefined, after: 'null' },
  ]);
});

test('embedded documents are gone into, and elements of arrays are told once for all', () => {
  const before = { a: { b: { c: 1 } }, list: [{ n: 1 }, { n: 2 }, { n: 3 }], short: [1] };
  const after = { a: { b: { c: 2.5 } }, list: [{ n: '1' }, { n: '2' }, { n: '3' }], short: [1, 2, 3] };
  expect(between(before, after)).toEqual([
    { path: 'a.b.c', before: 'int', after: 'double' },
    { path: 'list[].n', before: 'int', after: 'string' },
    { path: 'short[]', before: undefined, after: 'int' },
  ]);
});

test('names of fields that are data are not told', () => {
  const id = new ObjectId().toHexString();
  const paths = between({}, { by: 1, [id]: 1, 'ann@example.com': 1, '2026': 1, größe: 1 }).map(({ path }) => path);
  expect(new Set(paths)).toEqual(new Set(['by', '*', 'größe']));
});

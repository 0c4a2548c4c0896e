import { BSON, type Document, ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { RenameEvidence } from '../../../src/migration/undo/renames.ts';

function evidence(...changes: readonly (readonly [before: Document, after: Document])[]) {
  const found = new RenameEvidence();
  for (const [before, after] of changes) found.add(BSON.serialize(before), BSON.serialize(after));
  return found.isRename;
}

test('a field whose values all documents have under another name was renamed', () => {
  const isRename = evidence([{ n: 1 }, { m: 1 }], [{ n: 2 }, { m: 2 }], [{}, {}]);
  expect([isRename('n', 'm'), isRename('m', 'n'), isRename('n', 'x')]).toEqual(['yes', 'no', 'no']);
});

test('a value that is set for all is no rename of a field that had it', () => {
  expect(evidence([{ retries: 1 }, { version: 1 }], [{ retries: 1 }, { version: 1 }])('retries', 'version')).toBe(
    'maybe',
  );
  expect(evidence([{ retries: 1 }, { version: 1 }], [{ retries: 2 }, { version: 1 }])('retries', 'version')).toBe('no');
});

test('nor is one that came to a document which had no such field, or did not come to one that had', () => {
  const renamed = [
    [{ n: 1 }, { m: 1 }],
    [{ n: 2 }, { m: 2 }],
  ] as const;
  expect(evidence(...renamed, [{}, { m: 3 }])('n', 'm')).toBe('no');
  expect(evidence(...renamed, [{ n: 3 }, {}])('n', 'm')).toBe('no');
});

test('one document is enough where nobody sets that value by accident', () => {
  const id = new ObjectId();
  expect(evidence([{ owner: id }, { user: id }])('owner', 'user')).toBe('yes');
  expect(evidence([{ mail: 'ada@example.com' }, { email: 'ada@example.com' }])('mail', 'email')).toBe('yes');
  expect(evidence([{ state: 'on' }, { mode: 'on' }])('state', 'mode')).toBe('maybe');
});

test('two that might have become the same are none', () => {
  const isRename = evidence([{ a: 1, b: 1 }, { c: 1 }], [{ a: 2, b: 2 }, { c: 2 }]);
  expect([isRename('a', 'c'), isRename('b', 'c')]).toEqual(['maybe', 'maybe']);
});

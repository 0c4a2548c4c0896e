import { expect, test } from 'vitest';
import { backupsInUse } from '../../../src/release/record/in-use.ts';
import type { ReleaseRecord } from '../../../src/release/record/record.ts';

type About = Pick<ReleaseRecord, '_id' | 'kind' | 'state' | 'of' | 'backupId' | 'finishedAt'>;

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 10, minute));
/** A release that ended in the first minute. */
const ended = (state: ReleaseRecord['state']): About => ({
  ...{ _id: 'r', kind: 'release', state, backupId: 'b' },
  ...(state !== 'running' && { finishedAt: at(1) }),
});
const later = (kind: ReleaseRecord['kind'], state: ReleaseRecord['state'], of?: string): About => ({
  ...{ _id: 'later', kind, state, of, finishedAt: at(2) },
});

test.each(['running', 'failed-dirty', 'unknown'] as const)('the backup of a release that is %s is in use', (state) => {
  expect([...backupsInUse([ended(state)], [])]).toEqual(['b']);
});

test.each(['applied', 'rolled-back'] as const)('that of one that is %s is not', (state) => {
  const history = [{ state: 'applied', releaseId: 'r', appliedIn: 'r' }] as const;
  expect([...backupsInUse([ended(state)], history)]).toEqual([]);
});

test.each(['cancelled', 'blocked', 'failed-clean'] as const)(
  'that of one that is %s is in use where something of it is in the target',
  (state) => {
    const none = [{ state: 'rolled-back', releaseId: 'r' }] as const;
    const others = [{ state: 'applied', releaseId: 'other', appliedIn: 'other' }] as const;
    const one = [{ state: 'applied', releaseId: 'other', appliedIn: 'r' }] as const;
    const half = [{ state: 'interrupted', releaseId: 'r' }] as const;
    const inUse = [none, others, one, half].map((history) => [...backupsInUse([ended(state)], history)]);
    expect(inUse).toEqual([[], [], ['b'], ['b']]);
  },
);

test('it is free once the release was taken back, or another one came to a good end after it', () => {
  const freeBy = (...more: About[]) => backupsInUse([ended('failed-dirty'), ...more], []).size === 0;
  expect(freeBy(later('rollback', 'rolled-back', 'r'))).toBe(true);
  expect(freeBy(later('rollback', 'rolled-back', 'another'))).toBe(false);
  expect(freeBy(later('rollback', 'failed-dirty', 'r'))).toBe(false);
  expect(freeBy(later('release', 'applied'))).toBe(true);
  expect(freeBy(later('restore', 'applied'))).toBe(true);
  expect(freeBy(later('release', 'failed-dirty'))).toBe(false);
  expect(freeBy(later('down', 'applied'))).toBe(false);
  expect(freeBy({ ...later('release', 'applied'), finishedAt: at(0) })).toBe(false);
});

test('a rollback that did not come to its end needs the backup, and whoever takes the release back ends both', () => {
  const bad: About = { ...later('rollback', 'failed-dirty', 'r'), _id: 'back', backupId: 'b' };
  const good: About = { ...later('rollback', 'rolled-back', 'r'), finishedAt: at(3) };
  expect([...backupsInUse([ended('rolled-back'), bad], [])]).toEqual(['b']);
  expect([...backupsInUse([ended('failed-dirty'), bad, good], [])]).toEqual([]);
});

test('what a running release needs stays, whatever ends beside it', () => {
  expect([...backupsInUse([ended('running'), later('release', 'applied')], [])]).toEqual(['b']);
});

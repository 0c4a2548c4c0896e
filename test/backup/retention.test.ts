import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manifestDamaged } from '../../src/backup/archive/damage.ts';
import { expiredBackups } from '../../src/backup/retention.ts';
import type { BackedUpTarget } from '../../src/backup/same-target.ts';
import type { StoredBackup } from '../../src/backup/stores/store.ts';
import { sampleManifest, sampleSnapshot } from './sample-manifest.ts';

const day = 86_400_000;
const now = new Date('2026-06-30T00:00:00Z');
const of: BackedUpTarget = {
  ...{ name: 'production', database: 'shop', environment: 'production' },
  cluster: { members: ['one', 'two'] },
};

/** Taken so many days ago. */
function backup(daysAgo: number, change: Partial<BackedUpTarget> & { verified?: boolean } = {}): StoredBackup {
  const { verified = false, ...target } = change;
  const manifest = sampleManifest({
    id: `b${daysAgo}`,
    createdAt: new Date(now.getTime() - daysAgo * day).toISOString(),
    target: { ...of, ...target },
  });
  const mark = { at: now.toISOString(), sha256: manifest.archive.sha256 };
  return { state: 'readable', id: manifest.id, manifest, ...(verified && { verified: mark }) };
}

const expired = (backups: StoredBackup[], rules: { keep?: number; keepForMs?: number }, inUse: string[] = []) =>
  expiredBackups(backups, rules, { now, of, inUse: new Set(inUse) }).map(({ id }) => id);

test('without a rule everything stays', () => {
  expect(expired([backup(1), backup(900)], {})).toEqual([]);
});

test('as many stay as are to be kept, and those that are young enough; the oldest go first', () => {
  const all = [1, 2, 3, 4, 5].map((days) => backup(days));
  expect(expired(all, { keep: 3 })).toEqual(['b5', 'b4']);
  expect(expired(all, { keepForMs: 2.5 * day })).toEqual(['b5', 'b4', 'b3']);
  expect(expired(all, { keep: 4, keepForMs: 3.5 * day })).toEqual(['b5', 'b4']);
  expect(expired(all, { keepForMs: 0 })).toEqual(['b5', 'b4', 'b3', 'b2']);
});

test('the newest verified one stays however old, and so does what an unfinished release refers to', () => {
  const all = [backup(1), backup(2), backup(3, { verified: true }), backup(4, { verified: true }), backup(5)];
  expect(expired(all, { keep: 1 }, ['b5'])).toEqual(['b4', 'b2']);
});

test('a snapshot that Atlas has removed goes, and no other backup for it', () => {
  const snapshot = (daysAgo: number, leftDays: number): StoredBackup => {
    const { id, manifest } = backup(daysAgo) as Extract<StoredBackup, { state: 'readable' }>;
    const { target, createdAt } = manifest;
    const expiresAt = new Date(now.getTime() + leftDays * day).toISOString();
    const { atlas } = sampleSnapshot();
    return {
      state: 'readable',
      id,
      manifest: sampleSnapshot({ id, target, createdAt, atlas: { ...atlas, expiresAt } }),
    };
  };
  expect(expired([snapshot(1, 1), snapshot(2, 1), backup(3)], { keep: 2 })).toEqual(['b3']);
  expect(expired([snapshot(1, -1), snapshot(2, 1), backup(3)], { keep: 2 })).toEqual(['b1']);
  expect(expired([snapshot(1, -1), snapshot(2, -1)], { keep: 5 }, ['b2'])).toEqual(['b1']);
});

test('backups of other targets and unreadable ones neither count nor go', () => {
  const damaged: StoredBackup = { state: 'damaged', id: 'b0', problem: manifestDamaged('it is no JSON', 'b0') };
  const all = [
    ...[backup(1, { name: 'staging' }), backup(2), backup(3, { database: 'other' }), backup(4), damaged],
    ...[backup(1.5, { environment: 'staging' }), backup(5, { cluster: { members: ['another'] } })],
  ];
  expect(expired(all, { keep: 1 })).toEqual(['b4']);
});

test('whatever the rules, one that was verified is left if there was one, and the newest always', () => {
  const backups = fc.uniqueArray(fc.record({ days: fc.integer({ min: 0, max: 60 }), verified: fc.boolean() }), {
    selector: ({ days }) => days,
    minLength: 1,
  });
  const rules = fc.record(
    { keep: fc.integer({ min: 1, max: 9 }), keepForMs: fc.integer({ min: 0, max: 60 * day }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(backups, rules, (given, rule) => {
      const gone = new Set(
        expired(
          given.map(({ days, verified }) => backup(days, { verified })),
          rule,
        ),
      );
      const left = given.filter(({ days }) => !gone.has(`b${days}`));
      const newest = Math.min(...given.map(({ days }) => days));
      expect(left.map(({ days }) => days)).toContain(newest);
      expect(left.some(({ verified }) => verified)).toBe(given.some(({ verified }) => verified));
    }),
  );
});

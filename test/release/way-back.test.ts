import { describe, expect, test } from 'vitest';
import type { HistoryRecord, MigrationFacts } from '../../src/migration/types.ts';
import type { ReleaseRecord } from '../../src/release/record/record.ts';
import { chooseWayBack, type Ways } from '../../src/release/rollback/way-back.ts';
import { record } from '../migration/records.ts';

const release = (backupId?: string): ReleaseRecord => ({
  _id: 'r1',
  kind: 'release',
  state: 'failed-dirty',
  startedAt: new Date(0),
  target: 'default',
  environment: 'staging',
  backupId,
  migrations: ['1-a', '2-b'],
  host: 'h',
  toolVersion: '0',
});

const applied = (name: string, sequence: number, over: Partial<HistoryRecord> = {}): HistoryRecord =>
  record(name, sequence, { state: 'applied', releaseId: 'r1', appliedIn: 'r1', appliedAt: new Date(0), ...over });

/** Without a journal, where it is not said. */
function situation(
  records: readonly HistoryRecord[],
  facts: Partial<MigrationFacts> = {},
  undo: Ways['undo'] = { why: 'No journal was kept of 2-b.' },
): Ways {
  const known = { form: 'migrate-mongo', phase: 'before-deploy', hasDown: true, transaction: false, ...facts } as const;
  const files = records.map(({ _id, checksum }) => ({
    name: _id,
    fileName: `${_id}.js`,
    path: `/${_id}.js`,
    checksum,
  }));
  const wayDown = {
    records,
    files: new Map(files.map((file) => [file.name, file])),
    facts: new Map(files.map((file) => [file.name, known])),
  };
  return { wayDown, undo };
}

const both = [applied('1-a', 1), applied('2-b', 2)];
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('auto', () => {
  test('undoes where the journals tell all of it, whether or not there is a down', () => {
    const ways = situation(both, { hasDown: false }, { names: ['2-b', '1-a'] });
    expect(chooseWayBack(release('b'), ways, 'auto')).toMatchObject({ strategy: 'undo', names: ['2-b', '1-a'] });
  });

  test('else goes down where every migration has a down, the last applied first', () => {
    const way = chooseWayBack(release('b'), situation(both), 'auto');
    expect(way).toMatchObject({ strategy: 'down', names: ['2-b', '1-a'] });
    expect(way.why).toMatch(/^No journal was kept of 2-b\. Each has a way down/);
    expect(chooseWayBack(release('b'), situation(both), 'down').why).toMatch(/^Each has a way down/);
  });

  test('restores the backup of the release where one has none, or did not reach its end', () => {
    const irreversible = situation(both, { hasDown: false });
    expect(chooseWayBack(release('b'), irreversible, 'auto')).toMatchObject({ strategy: 'restore', backupId: 'b' });
    const failed = applied('2-b', 2, { state: 'failed', appliedAt: undefined, appliedIn: undefined });
    const halfRun = situation([applied('1-a', 1), failed]);
    expect(chooseWayBack(release('b'), halfRun, 'auto')).toMatchObject({
      strategy: 'restore',
      why: expect.stringContaining('2-b did not reach its end'),
    });
    // Without a backup its down is all there is, and has to bear what it finds.
    expect(chooseWayBack(release(), halfRun, 'auto')).toMatchObject({ strategy: 'down', names: ['2-b', '1-a'] });
    expect(() => chooseWayBack(release(), irreversible, 'auto')).toThrow(code('IRREVERSIBLE'));
  });

  test('has nothing to do where nothing of the release is in the target', () => {
    const others = [applied('0-z', 1, { releaseId: 'r0', appliedIn: 'r0' })];
    expect(chooseWayBack(release('b'), situation(others), 'auto')).toMatchObject({ strategy: 'none' });
  });

  test('does not pull away what a later release stands on, and does not restore over it either', () => {
    const later = applied('3-c', 3, { releaseId: 'r2', appliedIn: 'r2' });
    expect(() => chooseWayBack(release('b'), situation([...both, later]), 'auto')).toThrow(code('DOWN_BLOCKED'));
  });
});

test('does not call it nothing where a backup that names no releases has brought its migrations back', () => {
  const origin = { kind: 'restore', backupId: 'old' } as const;
  const ways = situation([applied('1-a', 1, { releaseId: 'x', appliedIn: undefined, origin })]);
  expect(() => chooseWayBack(release('b'), ways, 'auto')).toThrow(code('NO_WAY_BACK'));
});

test('what is undone in part, and whose journal does not lead any further, goes back by restore alone: no down fits it', () => {
  const half = applied('2-b', 2, { state: 'interrupted', direction: 'down', way: 'undo' });
  const ways = situation([applied('1-a', 1), half], {}, { why: 'The images are damaged.' });
  expect(chooseWayBack(release('b'), ways, 'auto')).toMatchObject({
    ...{ strategy: 'restore', why: 'The images are damaged. A part of 2-b is undone already.' },
  });
  const refused = (asked: 'auto' | 'undo', backup?: string) => {
    try {
      return chooseWayBack(release(backup), ways, asked);
    } catch (error) {
      return error;
    }
  };
  const byHand = 'ring back by hand what the undo of 2-b took away, and type mongo-release baseline 2-b';
  expect(refused('auto')).toMatchObject({ code: 'NO_WAY_BACK', hint: expect.stringContaining(byHand) });
  const hint = expect.stringMatching(/^Type mongo-release rollback r1 --strategy restore.*baseline 2-b/);
  expect(refused('undo', 'b')).toMatchObject({ code: 'NO_WAY_BACK', hint });
});

test('an undo by name does not fall back to anything', () => {
  expect(() => chooseWayBack(release('b'), situation(both), 'undo')).toThrow(
    expect.objectContaining({ code: 'NO_WAY_BACK', message: expect.stringContaining('No journal was kept of 2-b.') }),
  );
});

test('down by name does not fall back to a restore', () => {
  expect(() => chooseWayBack(release('b'), situation(both, { irreversible: 'drops' }), 'down')).toThrow(
    code('IRREVERSIBLE'),
  );
});

test('a restore by name needs a backup and nothing else', () => {
  expect(chooseWayBack(release('b'), situation(both), 'restore')).toMatchObject({ strategy: 'restore', backupId: 'b' });
  expect(() => chooseWayBack(release(), situation(both), 'restore')).toThrow(code('NO_WAY_BACK'));
});

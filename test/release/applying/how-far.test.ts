import { expect, test } from 'vitest';
import { type MigrationEnd, noEffects } from '../../../src/migration/runner.ts';
import { ReleaseError } from '../../../src/observe/error.ts';
import { type Circumstances, notRecorded, unfinished } from '../../../src/release/applying/how-far.ts';

const extent = { direction: 'up', name: '1-a', done: [], undone: [], remaining: [] } as const;
const alone: Circumstances = {
  ...{ cancelled: false, lost: undefined, unrecorded: undefined, overHalf: false, offending: [] },
  ...{ next: 'mongo-release migrate --apply takes it up where it was.', wayOut: [] },
};
const lost = new ReleaseError('LEASE_LOST', 'A newer run has written history.', {
  hint: 'Look at mongo-release status.',
});
const gone = new ReleaseError('SERVER_UNREACHABLE', 'No server answered.', { hint: 'Check the network.' });

function failed(effects: Partial<MigrationEnd['effects']>): Exclude<MigrationEnd, { state: 'done' }> {
  const error = new ReleaseError('MIGRATION_FAILED', 'The code threw.', { hint: 'Correct it.' });
  const ended = { operations: [], durationMs: 1, hiddenLines: 0, notes: [] };
  return { ...ended, state: 'failed', error, effects: { ...noEffects, ...effects } };
}

test('what an earlier run had sent is told apart from what this one sent', () => {
  const told = (effects: object) => unfinished(extent, failed({ inserted: 3, ...effects }), alone).message;
  expect(told({ operations: 3 })).toContain('It had sent 3 operations: 3 inserted.');
  expect(told({ operations: 3, replayed: 2 })).toContain('It had sent 3 operations, 2 of them in an earlier run:');
  expect(told({ operations: 3, replayed: 3 })).toContain('It had sent 3 operations, all of them in an earlier run:');
});

test('a run that has lost its lease does not say what the next one will find: another may have ended the migration', () => {
  const end = failed({ operations: 1, inserted: 1 });
  for (const { message, hint } of [
    unfinished(extent, end, { ...alone, unrecorded: lost }),
    notRecorded(extent, end.effects, lost, true),
  ]) {
    expect(message).toMatch(/Another run may have taken it up since: mongo-release status says what became of it\.$/);
    expect(hint).toContain('mongo-release status');
    expect(hint).not.toMatch(/takes it up where it was|Run the same command/);
  }
  for (const { message } of [
    unfinished(extent, end, { ...alone, unrecorded: gone }),
    notRecorded(extent, end.effects, gone, true),
  ]) {
    expect(message).toMatch(/The next run will find it interrupted\.$/);
  }
});

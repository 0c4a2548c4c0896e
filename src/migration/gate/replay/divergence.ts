import { ReleaseError } from '../../../observe/error.ts';

/** The failure of a replay: the migration went another way than the run that it takes up. `how` names no value. */
export function divergence(how: string): ReleaseError {
  return new ReleaseError('REPLAY_DIVERGED', `The migration went another way than before it was interrupted: ${how}.`, {
    hint: 'Run the same command again: what was done is undone first, as far as nobody wrote there since.',
  });
}

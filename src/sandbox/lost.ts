import { ReleaseError } from '../observe/error.ts';

/** A sandbox is gone that should be there: whatever fails in it now says nothing about what ran there. */
export function lostSandbox(how: string): ReleaseError {
  return new ReleaseError('SANDBOX_UNAVAILABLE', `The sandbox was lost: ${how}.`, {
    hint: 'Give this machine more memory and disk (TMPDIR, in a workflow RUNNER_TEMP), name a server with --sandbox-uri that nobody else uses, or rehearse a sample with --rehearsal sample.',
  });
}

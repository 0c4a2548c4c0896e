import type { Step, StepName } from '../result.ts';

export function stateIn(steps: readonly Step[], wanted: StepName): Step['state'] | undefined {
  return steps.find(({ name }) => name === wanted)?.state;
}

/** A sentence, where users are shut out after these steps of a rollback, or may be. */
export function trafficAfter(steps: readonly Step[]): string | undefined {
  const stopped = stateIn(steps, 'stop-traffic');
  if (stopped === undefined || stopped === 'skipped') return undefined;
  const started = stateIn(steps, 'start-traffic');
  if (started === 'done' || started === 'skipped') return undefined;
  if (stopped !== 'done') return 'Whether traffic is stopped is not known.';
  return started === undefined
    ? 'Traffic is stopped, and stays so until the rollback is done.'
    : 'Whether traffic is back is not known.';
}

/** The step at which a rollback stopped that did not come to its end. */
export function stoppedAt(steps: readonly Step[]): string {
  return (
    steps.find(({ state }) => state !== 'done' && state !== 'skipped')?.name ?? steps.at(-1)?.name ?? 'its beginning'
  );
}

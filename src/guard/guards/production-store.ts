import type { Guard, GuardContext } from '../guard.ts';

/** A backup of production in a folder of a hosted runner is gone with the job, just when it would be needed. */
export const productionStore: Guard = {
  id: 'production-store',
  about: 'Production, on a hosted runner: a store in a folder, which would be gone with the job. Blocks.',
  applies: ({ environment, apply, hosted }) => environment === 'production' && apply && hosted,
  async check(context) {
    return checkStore(context);
  },
};

export function checkStore({ store }: Pick<GuardContext, 'store'>) {
  if (store !== 'folder') return { seen: store === undefined ? 'no store' : `store: ${store}`, findings: [] };
  return {
    seen: "a folder on this runner's disk",
    findings: [
      {
        rule: 'production-store',
        severity: 'error',
        place: { name: 'production-store' },
        message: 'The backup would be in a folder of a hosted runner, whose disk is gone after the job.',
        next: 'Run this job on a runner whose disk stays (runs-on: self-hosted), or name a store outside of the runner.',
      },
    ],
  } as const;
}

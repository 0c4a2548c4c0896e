import { listed } from '../../migration/files/find.ts';
import type { Connection } from '../../mongo/connect.ts';
import { ReleaseError } from '../../observe/error.ts';
import { leftOpen } from '../half-done/left-open.ts';
import type { Run } from '../run.ts';
import type { Situation } from '../situation/situation.ts';

/**
 * What a release has for after its deploy is not applied where that never began: the application of before would meet it.
 * Whoever names the phase, or the migration, knows which application is there. Throws `HISTORY_CONFLICT`.
 */
export async function refuseUndeployed(run: Run, connection: Connection, { plan, records }: Situation): Promise<void> {
  const { flags, settings } = run.invocation;
  if (settings.hooks.deploy === undefined || flags.phase !== undefined || flags.name !== undefined) return;
  if (!plan.pending.some(({ phase }) => phase === 'after-deploy')) return;
  const open = await leftOpen(run, connection, records);
  const names = plan.pending.map(({ name }) => name).filter((name) => open?.afterDeploy.includes(name));
  if (open === undefined || names.length === 0) return;
  throw new ReleaseError(
    'HISTORY_CONFLICT',
    `Release ${open.record._id} has not come to its deploy, and ${listed(names)} ${names.length === 1 ? 'is' : 'are'} for after that. Nothing was done.`,
    {
      hint: 'Type mongo-release release --apply: it goes on from there, deploys, and applies the rest after that. To apply only what is for before the deploy, mongo-release migrate --apply --phase before-deploy; where the application is deployed already, mongo-release migrate --apply --phase after-deploy then applies the rest.',
    },
  );
}

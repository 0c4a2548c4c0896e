import { unlock as clear } from '../migration/lease/state.ts';
import { leaseStatus } from './lease-status.ts';
import type { Ended } from './result.ts';
import { aboutTarget, namesOf, openTarget, type Run } from './run.ts';

/** `unlock`: clears the lease of an owner that is gone; one that gives signs of life keeps it (`LEASE_ALIVE`). */
export async function unlock(run: Run): Promise<Ended<'unlock'>> {
  await using connection = await openTarget(run, 'write');
  const unlocked = await clear(connection.db, namesOf(run));
  const was = unlocked.outcome === 'unlocked' ? leaseStatus(unlocked.was) : null;
  const target = aboutTarget(run, connection);
  return { command: 'unlock', outcome: was === null ? 'nothing-to-do' : 'applied', result: { was }, target };
}

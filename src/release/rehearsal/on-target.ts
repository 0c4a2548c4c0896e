import type { Filled } from './rehearse.ts';
import type { ExpectedOnTarget, MigrationSeen, RehearsedMigration } from './result.ts';

/** What it may take on the target, as far as the number of documents tells. */
export function expectedOnTarget(
  { durationMs, effects, seen }: Pick<RehearsedMigration, 'durationMs' | 'effects'> & { readonly seen: MigrationSeen },
  { timesAsMany }: Filled,
): ExpectedOnTarget {
  const { oplogBytes, oplogMore } = seen;
  if (timesAsMany === undefined)
    return { durationMs, oplogBytes, oplogMore, basis: 'what it took in the sandbox, on all of the data' };
  const times = timesAsMany(Object.keys(effects.byCollection));
  const basis = `what it took in the sandbox, times ${times.toFixed(1)}: as many more documents the target has`;
  const reckoned = (part: number) => Math.round(part * times);
  return { durationMs: reckoned(durationMs), oplogBytes: oplogBytes && reckoned(oplogBytes), oplogMore, basis };
}

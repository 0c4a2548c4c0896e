import type { Finding } from '../../observe/finding.ts';
import type { MigrationFacts, PlannedMigration } from '../types.ts';

/** What the target runs; a `Topology` fits. */
export interface Versions {
  /** Such as `6.0.5`. */
  readonly serverVersion: string;
  /** Such as `6.0`; undefined where the user may not read it. */
  readonly featureCompatibility?: string;
}

/** Findings for pending migrations whose `requires` the target does not meet, or cannot be seen to meet. Pure. */
export function requirementFindings(
  pending: readonly PlannedMigration[],
  facts: ReadonlyMap<string, MigrationFacts>,
  target: Versions,
): Finding[] {
  return pending.flatMap(({ name }) => {
    const { server, featureCompatibility } = facts.get(name)?.requires ?? {};
    return [
      ...unmet(name, 'MongoDB', server, target.serverVersion),
      ...unmet(name, 'the feature compatibility version', featureCompatibility, target.featureCompatibility),
    ];
  });
}

function unmet(name: string, what: string, least: string | undefined, present: string | undefined): Finding[] {
  if (least === undefined || (present !== undefined && atLeast(present, least))) return [];
  const finding = { severity: 'error' as const, place: { name } };
  if (present === undefined) {
    return [
      {
        ...finding,
        rule: 'requirement-unknown',
        message: `${name} needs ${what} ${least}, and the user may not read which one the target has.`,
        next: 'Grant the user the role clusterMonitor on the database admin.',
      },
    ];
  }
  return [
    {
      ...finding,
      rule: 'requirement-unmet',
      message: `${name} needs ${what} ${least} or newer, and the target has ${present}.`,
      next: `Upgrade the engine first, in a release of its own; or leave ${name} for later with --to.`,
    },
  ];
}

/** Compares versions number by number; a missing number counts as 0. */
function atLeast(present: string, least: string): boolean {
  const [a, b] = [present, least].map((text) => text.split(/[.-]/).map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

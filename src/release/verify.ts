import type { ProbeSettings } from '../config/schema.ts';
import type { Connection } from '../mongo/connect.ts';
import { asReleaseError, ReleaseError } from '../observe/error.ts';
import type { ProbeResult } from '../verify/probe.ts';
import { runProbes } from '../verify/run.ts';
import type { Ended } from './result.ts';
import { openTarget, type Run, stopIfCancelled, targetOf } from './run.ts';
import { refuseTakenBack } from './taken-back.ts';

/** `verify`: runs the probes. Anything but passed is an error: a probe that could not look is not a pass. */
export async function verify(run: Run): Promise<Ended<'verify'>> {
  const target = targetOf(run);
  await using connection = await openTarget(run, 'read');
  const probes = await probe(run, connection);
  const database = connection.db.databaseName;
  const about = {
    command: 'verify',
    result: { probes },
    target: { name: target.name, database, environment: target.environment },
  } as const;
  const failed = probeFailure(probes, run.invocation.flags['release-id']);
  if (failed) return { ...about, outcome: outcomeOf(probes), error: failed };
  const warnings = probes.length === 0 ? [nothingVerified(run)] : [];
  const { 'release-id': release } = run.invocation.flags;
  if (release === undefined) return { ...about, outcome: 'nothing-to-do', warnings };
  try {
    // What passes on the data of before says nothing of a release that is there no more.
    if (!(await refuseTakenBack(run, connection, release)))
      warnings.push(`Database ${database} has no release ${release} on record: the probes alone were asked.`);
  } catch (thrown) {
    const error = asReleaseError(thrown);
    return { ...about, outcome: error.code === 'TAKEN_BACK' ? 'failed-dirty' : 'unknown', error };
  }
  return { ...about, outcome: 'nothing-to-do', warnings };
}

/** Not an error: a project may have no probes. Nobody may take it for a pass. */
export function nothingVerified({ invocation }: Run): string {
  const { probes } = invocation.settings;
  return `${probes.length === 0 ? 'No probes are configured' : 'No probe is of this phase'}: nothing was verified.`;
}

/** `phase` leaves out the probes of the other one; by default what `--phase` says. `wanted` leaves out more. */
export async function probe(
  run: Run,
  connection: Connection,
  phase = run.invocation.flags.phase,
  wanted: (probe: ProbeSettings) => boolean = () => true,
): Promise<ProbeResult[]> {
  const results = await runProbes(run.invocation.settings.probes.filter(wanted), {
    phase,
    db: connection.db,
    resolveEnv: (name) => run.env[name],
    log: run.log,
    signal: run.signal,
  });
  stopIfCancelled(run);
  return results;
}

export function outcomeOf(probes: readonly ProbeResult[]): 'failed-dirty' | 'unknown' {
  return probes.some((result) => result.state === 'failed') ? 'failed-dirty' : 'unknown';
}

/** The error of probes that did not all pass; undefined when they did. `release`: the id of the one that they are about. */
export function probeFailure(probes: readonly ProbeResult[], release?: string): ReleaseError | undefined {
  const bad = probes.filter((result) => result.state !== 'passed');
  const first = bad[0];
  if (first === undefined) return undefined;
  const more = bad.length > 1 ? ` (and ${bad.length - 1} more)` : '';
  const what =
    first.state === 'failed' ? `expected ${first.expected}, saw ${first.seen}` : `could not look: ${first.seen}`;
  return new ReleaseError(
    'VERIFICATION_FAILED',
    `Probe "${first.name}" ${first.state === 'failed' ? 'failed' : 'is unknown'}: ${what}${more}.`,
    {
      hint: `Look at what the probe checks; to go back, type mongo-release rollback ${release ?? 'with the id of the release'}.`,
    },
  );
}

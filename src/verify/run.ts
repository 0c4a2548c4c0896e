import type { ProbeSettings } from '../config/schema.ts';
import { attemptsOf, runAttempts } from './attempts.ts';
import type { Probe, ProbeContext, ProbeResult } from './probe.ts';
import { httpProbe } from './probes/http.ts';
import { mongoProbe } from './probes/mongo.ts';

/** Enough that one slow probe does not hold up the others, few enough that the target does not feel it. */
const atOnce = 4;

export interface ProbeRun extends ProbeContext {
  /** Only the probes of this phase and those without one; all of them when undefined. */
  readonly phase?: 'before-deploy' | 'after-deploy';
}

/**
 * Runs the probes, up to four at once, and returns their results in the order of the settings.
 *
 * Throws `CONFIG_INVALID` before the first look when one of them cannot be run as written: an environment variable that
 * is not set, a filter that is no Extended JSON, a pipeline that writes. Everything else is in the results; a server that
 * is down makes them `unknown`. May be run again at any time: probes only read.
 */
export async function runProbes(settings: readonly ProbeSettings[], run: ProbeRun): Promise<ProbeResult[]> {
  const wanted = settings.filter((probe) => run.phase === undefined || (probe.phase ?? run.phase) === run.phase);
  const probes = wanted.map((probe) => ({ probe: prepare(probe, run), attempts: attemptsOf(probe) }));
  const results: ProbeResult[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < probes.length; index = next++) {
      const { probe, attempts } = probes[index] as (typeof probes)[number];
      const result = await runAttempts(probe, attempts, run.signal, run.log);
      run.log.debug(`Probe ${result.name}: ${result.state}.`, { seen: result.seen, durationMs: result.durationMs });
      results[index] = result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, probes.length) }, worker));
  return results;
}

function prepare(settings: ProbeSettings, run: ProbeRun): Probe {
  return 'http' in settings ? httpProbe(settings, run.resolveEnv) : mongoProbe(settings, run.db);
}

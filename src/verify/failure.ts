import { ReleaseError } from '../observe/error.ts';
import type { ProbeResult } from './probe.ts';

/** `VERIFICATION_FAILED` when a probe failed or could not look; undefined when all of them passed. */
export function verificationFailure(results: readonly ProbeResult[]): ReleaseError | undefined {
  const failed = results.filter((probe) => probe.state === 'failed');
  const unknown = results.filter((probe) => probe.state === 'unknown');
  if (failed.length + unknown.length === 0) return undefined;
  const said = [
    failed.length > 0 ? `${failed.length} failed (${names(failed)})` : undefined,
    unknown.length > 0 ? `${unknown.length} could not look (${names(unknown)})` : undefined,
  ].filter((part) => part !== undefined);
  return new ReleaseError(
    'VERIFICATION_FAILED',
    `Verification failed: of ${count(results.length)}, ${said.join(' and ')}.`,
    {
      hint:
        failed.length > 0
          ? 'See what each probe expected and saw; then repair forward and run mongo-release verify, or type mongo-release rollback.'
          : 'Make what the probes look at reachable from this machine, then run mongo-release verify again.',
      details: { failed: failed.length, unknown: unknown.length, probes: results.length },
    },
  );
}

function count(probes: number): string {
  return `${probes} ${probes === 1 ? 'probe' : 'probes'}`;
}

function names(probes: readonly ProbeResult[]): string {
  return probes.map((probe) => probe.name).join(', ');
}

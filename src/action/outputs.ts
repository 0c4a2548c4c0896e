import type { Ended } from '../release/result.ts';
import type { ProbeResult } from '../verify/probe.ts';
import { type OutputName, outputs, type Part, settingsOf } from './parts.ts';

export type Outputs = Partial<Record<OutputName, string>>;

/** The outputs that a part knows after its command ended, well or not: an output that is not known is not set. */
export function outputsOf(part: Part, ended: Ended, files: Outputs): Outputs {
  const known: Outputs = { outcome: ended.outcome, 'release-id': ended.releaseId, ...said(ended), ...files };
  const names = settingsOf(part).outputs;
  return Object.fromEntries(
    (Object.keys(outputs) as OutputName[])
      .filter((name) => names.includes(name) && known[name] !== undefined)
      .map((name) => [name, known[name]]),
  );
}

function said(ended: Ended): Outputs {
  switch (ended.command) {
    case 'plan': {
      const { digest, pending } = ended.result ?? {};
      return { 'plan-digest': digest, pending: pending === 'unknown' ? 'unknown' : counted(pending) };
    }
    case 'backup':
      return { 'backup-id': ended.result?.id };
    case 'migrate':
      return {
        'backup-id': ended.result?.backupId,
        applied: counted(ended.result?.applied),
        pending: counted(ended.result?.remaining) ?? (ended.outcome === 'nothing-to-do' ? '0' : undefined),
      };
    case 'verify':
      return { verified: verifiedRelease(ended.result?.probes, ended.error?.code) };
    case 'drill':
      return { 'backup-id': ended.result?.backupId, verified: verified(ended.result?.probes) };
    case 'rollback':
      return {
        'backup-id': ended.result?.restore?.backupId,
        verified: ended.result?.probes === undefined ? undefined : verified(ended.result.probes),
      };
    default:
      return {};
  }
}

function counted(list: readonly unknown[] | undefined): string | undefined {
  return list === undefined ? undefined : String(list.length);
}

/** Probes may pass on what is left of a release that was taken back, and where nobody could look whether it was. */
function verifiedRelease(probes: readonly ProbeResult[] | undefined, error: string | undefined) {
  if (error === 'TAKEN_BACK') return 'false';
  const seen = verified(probes);
  return seen === 'true' && error !== undefined ? 'unknown' : seen;
}

/** No probe is no pass. */
function verified(probes: readonly ProbeResult[] | undefined): 'true' | 'false' | 'unknown' {
  if (probes?.some((probe) => probe.state === 'failed')) return 'false';
  return probes !== undefined && probes.length > 0 && probes.every((probe) => probe.state === 'passed')
    ? 'true'
    : 'unknown';
}

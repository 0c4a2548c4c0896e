import type { Db } from 'mongodb';
import { probe as probeSchema } from '../../src/config/schema.ts';
import { Log } from '../../src/observe/log.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import type { ProbeResult } from '../../src/verify/probe.ts';
import { type ProbeRun, runProbes } from '../../src/verify/run.ts';

/** A probe as its author writes it, run with no pause between attempts and none beyond the first unless it says so. */
export async function probing(written: object, run: Partial<ProbeRun> & { db?: Db } = {}): Promise<ProbeResult> {
  const [result] = await probingAll([{ retries: 0, interval: '1ms', ...written }], run);
  if (result === undefined) throw new Error('the probe was not run');
  return result;
}

export function probingAll(written: object[], run: Partial<ProbeRun> = {}): Promise<ProbeResult[]> {
  return runProbes(
    written.map((one) => probeSchema.parse(one)),
    {
      resolveEnv: () => undefined,
      log: new Log(() => {}, new Secrets()),
      signal: new AbortController().signal,
      ...run,
    },
  );
}

import type { OwnerProcess } from '../../migration/lease/owner-process.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asReleaseOrServerError } from '../../mongo/server-error.ts';
import { asReleaseError, type ReleaseError } from '../../observe/error.ts';
import type { Outcome } from '../../observe/outcome.ts';
import { outcomeOfError } from '../outcome.ts';
import type { Run } from '../run.ts';
import { Heartbeat } from './heartbeat.ts';
import { OwnRecord } from './own-record.ts';
import type { RecordOpening } from './record.ts';
import { Steps } from './steps.ts';

/** What a run goes on record with before it has the lease. */
export interface Recording {
  readonly steps: Steps;
  /** From here on it is on record; once more where more is known of it. Throws as `OwnRecord.open`. */
  open(known: Omit<RecordOpening, 'kind'>): Promise<void>;
  /** Says that it deploys what it is on record with, before the step begins: one that may not is none. Throws as `OwnRecord.claim`. */
  claim(): Promise<void>;
  /** Puts on record which steps it took. Throws as `open`. */
  keep(hook?: OwnerProcess): Promise<void>;
}

/** Of what is only rehearsed: there is no record to open. */
export function notRecorded(): Recording {
  return { steps: new Steps(), open: async () => {}, claim: async () => {}, keep: async () => {} };
}

/**
 * Runs what is to change the target, and puts on record how it ended and which steps it took, also where something stops it
 * before it is `open`: whoever looks for what was tried has to find that, too. Throws what `work` throws.
 */
export async function onRecord<E extends { readonly outcome: Outcome; readonly error?: ReleaseError }>(
  run: Run,
  connection: Connection,
  kind: RecordOpening['kind'],
  work: (recording: Recording) => Promise<E>,
): Promise<E> {
  const record = new OwnRecord(connection, run);
  const steps = new Steps();
  const { ttl } = run.invocation.settings.lease;
  let opening: RecordOpening = { kind };
  let opened = false;
  let heartbeat: Heartbeat | undefined;
  const open: Recording['open'] = async (known) => {
    opening = { kind, ...known };
    await record.open(opening);
    opened = true;
    heartbeat ??= new Heartbeat(() => record.beat(ttl), ttl / 3);
  };
  const close = async ({ outcome, error }: Pick<E, 'outcome' | 'error'>) => {
    await heartbeat?.stop();
    // What was mistyped is no release.
    if (!opened && error !== undefined && error.exitCode !== 2)
      await record.open({ kind }).then(
        () => {
          opened = true;
        },
        (thrown: unknown) => {
          const { code } = asReleaseError(thrown);
          run.log.warn('That this release was stopped could not be put on record.', { error: code });
        },
      );
    if (opened) await record.close({ outcome, error, steps: steps.all });
  };
  try {
    const deploys = () => ({ name: 'deploy' as const, state: 'running' as const, startedAt: new Date() });
    const claim = () => record.claim(opening, [...steps.all, deploys()]);
    const ended = await work({ steps, open, claim, keep: (hook) => record.reached(steps.all, hook) });
    await close(ended);
    return ended;
  } catch (thrown) {
    const error = asReleaseOrServerError(thrown, `running ${run.invocation.command}`);
    await close({ outcome: outcomeOfError(error, false), error });
    throw error;
  }
}

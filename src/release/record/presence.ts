import { hasEnded, runsHere } from '../../migration/lease/owner-process.ts';
import { formatTime } from '../../report/format.ts';
import { latestBegan, type ReleaseRecord } from './record.ts';

/** A sign of life of a run, by the server's clock. */
export interface Heard {
  readonly at: Date;
  /** By when it gives the next one. */
  readonly until: Date;
}

/**
 * Whether the run of a record without an end is still at it, as far as can be seen from here. Nobody has the lease while
 * an application is deployed, so it cannot tell. `silent` is no proof: its machine may have lost the server.
 */
export type Presence = 'here' | 'silent' | 'gone';

export function presenceOf({ process, heard }: Pick<ReleaseRecord, 'process' | 'heard'>, now: Date): Presence {
  if (process !== undefined && hasEnded(process)) return 'gone';
  // One that never gave any, as of an earlier version, is not missed.
  return heard === undefined || heard.until >= now ? 'here' : 'silent';
}

/** Whether its deploy has begun, and no end of that is on record. */
export function isDeploying({ steps = [] }: Pick<ReleaseRecord, 'steps'>): boolean {
  return steps.some(({ name, state }) => name === 'deploy' && state === 'running');
}

/** The process of its deploy hook, where that is seen to be still at it; whether or not its run is. */
export function hookAtIt({ hook, steps }: Pick<ReleaseRecord, 'hook' | 'steps'>): number | undefined {
  return isDeploying({ steps }) && hook !== undefined && runsHere(hook) ? hook.pid : undefined;
}

/** Sentences on one that has begun to deploy: at what it is or was, when that was heard, and what comes next where it is over. */
export function presenceInWords(record: ReleaseRecord, presence: Presence): string {
  const { _id, heard } = record;
  const doing = isDeploying(record) ? 'deploying' : 'between its deploy and its end';
  const at = formatTime(heard?.at ?? latestBegan(record));
  if (presence === 'here') return `Release ${_id} is ${doing}; it was last heard of at ${at}.`;
  const seen = presence === 'gone' ? 'its process is gone' : 'nothing was heard of it since';
  const cutOff = `Release ${_id} was cut off while ${doing}, at ${at} or shortly after: ${seen}.`;
  const hook = hookAtIt(record);
  if (hook !== undefined)
    return `${cutOff} Its deploy hook still runs here, as process ${hook}, and may bring the new application later. Wait for its end, or stop it with kill -- -${hook}; then mongo-release rollback ${_id} takes it back, and a new release goes on from what is applied.`;
  return [
    cutOff,
    'Which application is there, nobody saw.',
    `mongo-release rollback ${_id} takes it back; a new release goes on from what is applied.`,
  ].join(' ');
}

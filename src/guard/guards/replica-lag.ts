import type { Document } from 'mongodb';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Finding } from '../../observe/finding.ts';
import type { Guard } from '../guard.ts';

/** Of `replSetGetStatus`: https://www.mongodb.com/docs/manual/reference/replica-states/ */
const states = { primary: 1, secondary: 2, arbiter: 7 } as const;

interface Member {
  readonly name: string;
  readonly state: number;
  readonly stateStr: string;
  readonly health: number;
  readonly optimeDate?: Date;
  /** When the newest write that the member has was made, in milliseconds; since server 4.4. */
  readonly lastAppliedWallTime?: Date;
}

interface Delay {
  readonly hidden: boolean;
  readonly seconds: number;
}

/**
 * How far each secondary is behind the primary. A migration's writes come on top of that, and a write with majority waits
 * for the slowest that it needs. Hidden members count, as do those that are delayed on purpose: the message tells them
 * apart. A member that does not replicate at all is behind without bound.
 */
export const replicaLag: Guard = {
  id: 'replica-lag',
  about: '`guards.replica-lag`: a secondary that is further behind. Blocks.',
  applies: ({ settings }) => settings['replica-lag'] !== undefined,
  async check({ connection: { client, topology }, settings }) {
    const limitMs = settings['replica-lag'] ?? 0;
    if (topology.kind !== 'replica-set')
      return {
        unknown: `a ${topology.kind === 'sharded' ? 'sharded cluster' : 'standalone'} has no replication status of its own`,
        next: 'Take guards.replica-lag out of the configuration of this target.',
      };
    const admin = client.db('admin');
    const [status, delays] = await Promise.all([
      admin.command({ replSetGetStatus: 1 }, { readPreference: 'primary' }),
      admin.command({ replSetGetConfig: 1 }).then(delaysOf, ignoreUnauthorized),
    ]);
    const members = status.members as Member[];
    const primary = members.find((member) => member.state === states.primary);
    if (primary === undefined)
      return {
        unknown: 'the replica set has no primary at the moment',
        next: 'Wait for the election, then run again.',
      };
    const others = members.filter((member) => member !== primary && member.state !== states.arbiter);
    const lags = others.map((member) => ({ member, lagMs: lagOf(member, primary), delay: delays.get(member.name) }));
    const findings = lags.flatMap(({ member, lagMs, delay }): Finding[] => {
      if (lagMs !== undefined && lagMs <= limitMs) return [];
      const about = delay
        ? ` (${[delay.hidden ? 'hidden' : '', delay.seconds > 0 ? `delayed by ${delay.seconds} s on purpose` : ''].filter(Boolean).join(', ')})`
        : '';
      return [
        {
          rule: 'replica-lag',
          severity: 'error',
          place: { name: member.name },
          message:
            lagMs === undefined
              ? `Member ${member.name}${about} does not replicate: it is ${member.stateStr}.`
              : `Member ${member.name}${about} is ${lagMs / 1000} s behind; ${limitMs / 1000} s are allowed.`,
          next:
            delay && delay.seconds > 0
              ? `Set guards.replica-lag above the ${delay.seconds} s by which this member is delayed.`
              : 'Wait until it has caught up, then run again; rs.printSecondaryReplicationInfo() shows it.',
        },
      ];
    });
    if (lags.length === 0) return { seen: 'there are no secondaries', findings };
    const highest = lags.reduce((most, { lagMs }) => Math.max(most, lagMs ?? Number.POSITIVE_INFINITY), 0);
    const seen = Number.isFinite(highest) ? `highest lag ${highest / 1000} s` : 'a member does not replicate';
    return { seen: `${seen}, of ${lags.length} ${lags.length === 1 ? 'secondary' : 'secondaries'}`, findings };
  },
};

/** Milliseconds; undefined for a member that does not replicate. */
function lagOf(member: Member, primary: Member): number | undefined {
  if (member.state !== states.secondary || member.health !== 1) return undefined;
  const [from, to] =
    member.lastAppliedWallTime && primary.lastAppliedWallTime
      ? [member.lastAppliedWallTime, primary.lastAppliedWallTime]
      : [member.optimeDate, primary.optimeDate];
  if (from === undefined || to === undefined) return undefined;
  return Math.max(0, to.getTime() - from.getTime());
}

function delaysOf({ config }: Document): Map<string, Delay> {
  const members = config.members as {
    host: string;
    hidden?: boolean;
    secondaryDelaySecs?: number;
    slaveDelay?: number;
  }[];
  return new Map(
    members.flatMap(({ host, hidden = false, secondaryDelaySecs, slaveDelay }) => {
      const seconds = Number(secondaryDelaySecs ?? slaveDelay ?? 0);
      return hidden || seconds > 0 ? [[host, { hidden, seconds }]] : [];
    }),
  );
}

/** The configuration only explains; the status alone decides. */
function ignoreUnauthorized(error: unknown): Map<string, Delay> {
  if (serverCode(error) === serverCodes.Unauthorized) return new Map();
  throw error;
}

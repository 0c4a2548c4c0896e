import type { Document } from 'mongodb';
import type { RawClient } from '../raw.ts';
import { type Answer, askAdmin } from './admin.ts';

/** How far behind the primary the replica set is. */
export interface Lag {
  readonly ms: number;
  /** The member that is furthest behind, or what else it is measured by. */
  readonly of: string;
}

/** Of `replSetGetStatus`: https://www.mongodb.com/docs/manual/reference/replica-states/ */
const states = { primary: 1, secondary: 2 } as const;

interface Member {
  readonly name: string;
  readonly state: number;
  readonly health: number;
  readonly optimeDate?: Date;
  /** When the newest write that the member has was made; since server 4.4. */
  readonly lastAppliedWallTime?: Date;
}

/** Looks at replication, for as long as a migration runs. What the user may not read is asked for once only. */
export class Replication {
  readonly #client: RawClient;
  #statusAllowed = true;
  /** Milliseconds by which members are delayed on purpose, by name. */
  #delays: Map<string, number> | undefined;

  constructor(client: RawClient) {
    this.#client = client;
  }

  /**
   * The largest lag of a secondary that replicates, less what it is delayed by on purpose; without the right to see that,
   * how far the point is behind that a majority has. Undefined where there is no secondary, or nothing to see.
   */
  async lag(): Promise<Lag | undefined> {
    const status: Answer = this.#statusAllowed
      ? await askAdmin(this.#client, { replSetGetStatus: 1 })
      : { state: 'refused' };
    if (status.state === 'answered') return this.#ofMembers(status.document.members as Member[]);
    this.#statusAllowed = false;
    const hello = await askAdmin(this.#client, { hello: 1 });
    return hello.state === 'answered' ? ofMajority(hello.document) : undefined;
  }

  async #ofMembers(members: readonly Member[]): Promise<Lag | undefined> {
    this.#delays ??= await this.#readDelays();
    const primary = members.find(({ state }) => state === states.primary);
    // One that is down or still copies would be waited for until somebody mends it: the guards speak of those.
    const replicating = members.filter(({ state, health }) => state === states.secondary && health === 1);
    if (primary === undefined) return undefined;
    let most: Lag | undefined;
    for (const member of replicating) {
      const ms = behind(member, primary) - (this.#delays.get(member.name) ?? 0);
      if (ms > (most?.ms ?? -1)) most = { ms: Math.max(0, ms), of: `member ${member.name}` };
    }
    return most;
  }

  async #readDelays(): Promise<Map<string, number>> {
    const answer = await askAdmin(this.#client, { replSetGetConfig: 1 });
    if (answer.state === 'refused') return new Map();
    const members = answer.document.config.members as Document[];
    // `slaveDelay` before server 5.0.
    return new Map(
      members.map(({ host, secondaryDelaySecs, slaveDelay }) => [
        String(host),
        Number(secondaryDelaySecs ?? slaveDelay ?? 0) * 1000,
      ]),
    );
  }
}

function behind(member: Member, primary: Member): number {
  const [from, to] =
    member.lastAppliedWallTime && primary.lastAppliedWallTime
      ? [member.lastAppliedWallTime, primary.lastAppliedWallTime]
      : [member.optimeDate, primary.optimeDate];
  return from === undefined || to === undefined ? 0 : to.getTime() - from.getTime();
}

function ofMajority({ lastWrite }: Document): Lag | undefined {
  const { lastWriteDate, majorityWriteDate } = (lastWrite ?? {}) as Record<string, unknown>;
  if (!(lastWriteDate instanceof Date) || !(majorityWriteDate instanceof Date)) return undefined;
  return { ms: Math.max(0, lastWriteDate.getTime() - majorityWriteDate.getTime()), of: 'the majority of the members' };
}

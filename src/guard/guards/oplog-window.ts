import { readOplog } from '../../mongo/oplog.ts';
import type { Guard } from '../guard.ts';

/**
 * How far the oplog reaches back: a secondary that is down for longer, and a change stream or backfill that pauses for
 * longer, cannot go on.
 */
export const oplogWindow: Guard = {
  id: 'oplog-window',
  about: '`guards.oplog-window`: an oplog that reaches back less far. Blocks.',
  applies: ({ settings }) => settings['oplog-window'] !== undefined,
  async check({ connection: { client, topology }, settings }) {
    const leastMs = settings['oplog-window'] ?? 0;
    if (topology.kind !== 'replica-set')
      return {
        unknown: `a ${topology.kind === 'sharded' ? 'sharded cluster' : 'standalone'} has no oplog of its own`,
        next: 'Take guards.oplog-window out of the configuration of this target.',
      };
    const oplog = await readOplog(client);
    if (oplog === undefined)
      return { unknown: 'the oplog is empty', next: 'Wait for the replica set to be initiated, then run again.' };
    const { heldMs, reachMs } = oplog;
    const seen =
      reachMs === heldMs
        ? `reaches back ${hours(heldMs)}`
        : `reaches back ${hours(heldMs)} so far, and ${hours(reachMs)} once it is full`;
    if (reachMs >= leastMs) return { seen, findings: [] };
    return {
      seen,
      findings: [
        {
          rule: 'oplog-window',
          severity: 'error',
          place: { name: 'oplog-window' },
          message: `The oplog ${seen}; ${hours(leastMs)} are asked for.`,
          next: 'Enlarge it on each member with db.adminCommand({ replSetResizeOplog: 1, size: MEGABYTES }), or lower guards.oplog-window.',
        },
      ],
    };
  },
};

function hours(ms: number): string {
  const value = ms / 3_600_000;
  if (value >= 48) return `${Math.floor(value / 24)} days`;
  return value >= 1 ? `${value.toFixed(1)} h` : `${Math.floor(ms / 1000)} s`;
}

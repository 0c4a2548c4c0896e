import { type ClusterIdentity, clusterIdentity, otherCluster } from '../../mongo/cluster.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Guard } from '../guard.ts';

/** What this guard reads of a release record. */
interface OnRecord {
  readonly _id: string;
  readonly environment: string;
  readonly startedAt: Date;
  readonly database?: string;
  readonly cluster?: ClusterIdentity;
}

/**
 * A database that was released to as production, and is called something else now: by another folder, or with an address
 * that was mistaken for another. All that protects production would be left out. A copy in another cluster or under
 * another name has the records, too, and is none.
 */
export const environment: Guard = {
  id: 'environment',
  about:
    'A database that its own records call production (something was applied, taken back or restored there as such), and this run calls something else. Blocks what would change it, and warns what only reads. A copy in another cluster, under another name, or made by `restore --into` is none; where only its records can say so, the message has the statement.',
  // What it cannot see may be production, called something else.
  mustSee: true,
  applies: ({ environment: called }) => called !== 'production',
  async check({ connection: { db, topology }, environment: called, apply, own }) {
    // What was stopped before it began may have been mistyped; what a restore has made beside its target is a copy.
    const begun = { $or: [{ kind: { $nin: ['migrate', 'release'] } }, { positionBefore: { $exists: true } }] };
    const here = { ...begun, into: { $exists: false } };
    const newest = await db
      .collection<OnRecord>(own.releases)
      .findOne({ environment: 'production', ...here }, { sort: { startedAt: -1 } })
      .catch((error: unknown) => {
        if (serverCode(error) !== serverCodes.Unauthorized) throw error;
        return 'not allowed' as const;
      });
    if (newest === 'not allowed') {
      const next = `Grant the user the role read on the database ${db.databaseName}; to apply it needs readWrite.`;
      return { unknown: 'the user is not allowed to look', next };
    }
    if (newest === null) return { seen: 'nothing says that it is production', findings: [] };
    const elsewhere =
      (newest.database ?? db.databaseName) !== db.databaseName ||
      otherCluster(newest.cluster, clusterIdentity(topology));
    if (elsewhere) return { seen: 'a copy of production', findings: [] };
    return {
      seen: `on record as production: ${newest._id}`,
      findings: [
        {
          rule: 'environment',
          severity: apply ? 'error' : 'warning',
          place: { name: 'environment' },
          message: `Database ${db.databaseName} is on record as production (${newest._id}), and this run calls it ${called}.`,
          next: `Add --environment production (target-environment in a reusable workflow), or name its target. Where it is a copy, say so in it: \`db.getCollection('${own.releases}').updateMany({ environment: 'production' }, { $set: { environment: '${called}' } })\``,
        },
      ],
    };
  },
};

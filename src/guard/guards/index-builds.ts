import type { Db, MongoClient } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import type { Guard } from '../guard.ts';

/** More collections than these would take longer than a guard may. */
const mostCollections = 2000;
const atOnce = 8;

/**
 * Index builds that run in the database right now: they slow a migration down, and DDL on the same collection fails or
 * waits for them (a rename fails with 12587). Our own collections do not count: a first release that begins at the same
 * time makes their indexes.
 *
 * Asks `$currentOp` where the user may; else the statistics of each collection, for which `read` is enough.
 */
export const indexBuilds: Guard = {
  id: 'index-builds',
  about: 'An index of yours that is being built right now. Blocks.',
  async check({ connection: { client, db }, own }) {
    const building = (await fromOperations(client, db.databaseName, own)) ?? (await fromStatistics(db, own));
    if (building === undefined)
      return {
        unknown: `the database has more than ${mostCollections} collections`,
        next: 'Grant the user the role clusterMonitor on the database admin: then one question is enough.',
      };
    if (building.length === 0) return { seen: 'none', findings: [] };
    return {
      seen: `${building.length} ${building.length === 1 ? 'collection' : 'collections'} with an index build`,
      findings: building.map((collection) => ({
        rule: 'index-builds',
        severity: 'error',
        place: { name: collection },
        message: `An index of collection ${collection} is being built.`,
        next: 'Wait until it is built; db.currentOp({ "command.createIndexes": { $exists: true } }) shows how far it is.',
      })),
    };
  },
};

/** Names of collections; undefined where the user may not see the operations of others. */
async function fromOperations(client: MongoClient, database: string, own: OwnNames): Promise<string[] | undefined> {
  try {
    const operations = await client
      .db('admin')
      .aggregate<{ collection: string }>(
        [
          { $currentOp: { allUsers: true } },
          { $match: { 'command.createIndexes': { $type: 'string' }, 'command.$db': database } },
          { $group: { _id: '$command.createIndexes' } },
          { $project: { collection: '$_id' } },
          { $sort: { collection: 1 } },
        ],
        { maxTimeMS: 2000 },
      )
      .toArray();
    return operations.map(({ collection }) => collection).filter((name) => !own.owns(name));
  } catch (error) {
    const code = serverCode(error);
    // Free tiers of Atlas have no $currentOp at all.
    if (code === serverCodes.Unauthorized || code === serverCodes.CommandNotFound || code === serverCodes.AtlasError)
      return undefined;
    throw error;
  }
}

async function fromStatistics(db: Db, own: OwnNames): Promise<string[] | undefined> {
  const listed = await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray();
  const names = listed.map(({ name }) => name).filter((name) => !name.startsWith('system.') && !own.owns(name));
  if (names.length > mostCollections) return undefined;
  const building: string[] = [];
  const rest = names.values();
  const worker = async () => {
    for (const name of rest) {
      const [stats] = await db
        .collection(name)
        .aggregate<{ builds?: unknown[] }>(
          [{ $collStats: { storageStats: {} } }, { $project: { builds: '$storageStats.indexBuilds' } }],
          { maxTimeMS: 2000 },
        )
        .toArray()
        .catch(ignoreDropped);
      if ((stats?.builds?.length ?? 0) > 0) building.push(name);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return building.sort();
}

function ignoreDropped(error: unknown): { builds?: unknown[] }[] {
  if (serverCode(error) === serverCodes.NamespaceNotFound) return [];
  throw error;
}

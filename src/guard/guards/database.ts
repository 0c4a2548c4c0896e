import type { MongoClient } from 'mongodb';
import type { CommandName } from '../../config/commands.ts';
import { nearest } from '../../config/nearest.ts';
import { unlessRefused } from '../../mongo/server-error.ts';
import type { Guard, GuardContext } from '../guard.ts';

const bringing: readonly CommandName[] = ['plan', 'migrate', 'up', 'release'];
const ofServer: ReadonlySet<string> = new Set(['admin', 'config', 'local']);

/**
 * A database that has nothing in it, on a server that has others: its name may be mistyped, and the server makes one of any
 * name. No more than a warning: a project's first release begins like that.
 */
export const database: Guard = {
  id: 'database',
  about: 'A database without any collection of yours, beside others. Warns.',
  applies: ({ command }) => bringing.includes(command),
  async check({ connection: { client, db }, own }) {
    const name = db.databaseName;
    const here = await collectionsIn(client, name, own);
    if (here > 0) return { seen: inWords(here), findings: [] };
    const others = await databasesBeside(client, name).catch(unlessRefused);
    if (others?.length === 0) return { seen: 'no collection, and no other database is to be seen', findings: [] };
    const near = others && nearest(name, others);
    const there = near === undefined ? undefined : await collectionsIn(client, near, own).catch(unlessRefused);
    const beside =
      near === undefined
        ? ''
        : `, and the server has a database ${near}${there === undefined ? '' : ` with ${inWords(there)}`}`;
    return {
      seen: 'no collection',
      findings: [
        {
          rule: 'database',
          severity: 'warning',
          place: { name },
          message: `There is no collection of yours in database ${name}${beside}. Is the name right?`,
          next: 'Correct it in the connection string, with --database, or as database of the target. Where the project is new, nothing is to be done.',
        },
      ],
    };
  },
};

async function collectionsIn(client: MongoClient, name: string, own: GuardContext['own']): Promise<number> {
  const listed = await client.db(name).listCollections({}, { nameOnly: true, authorizedCollections: true }).toArray();
  return listed.filter((one) => !own.owns(one.name) && !one.name.startsWith('system.')).length;
}

/** Those that the user may look into. */
async function databasesBeside(client: MongoClient, name: string): Promise<string[]> {
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true, authorizedDatabases: true });
  return databases.map((one) => one.name).filter((other) => other !== name && !ofServer.has(other));
}

function inWords(collections: number): string {
  return collections === 1 ? '1 collection' : `${collections} collections`;
}

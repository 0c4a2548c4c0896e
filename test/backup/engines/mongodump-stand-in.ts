/**
 * Stands in for mongodump where the database tools cannot be had: takes the flags that the engine gives, reads the
 * address from the file that --config names, writes an archive to stdout and says on stderr what it does. MISBEHAVE in
 * its environment makes it fail as the real one does.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { dumpCollections } from '../../../src/backup/dump-collections.ts';
import { readCatalog } from '../../../src/mongo/catalog.ts';
import { connect, databaseOf } from '../../../src/mongo/connect.ts';
import { Secrets } from '../../../src/observe/secrets.ts';

const { values } = parseArgs({
  options: {
    version: { type: 'boolean' },
    config: { type: 'string' },
    db: { type: 'string' },
    archive: { type: 'boolean' },
    readPreference: { type: 'string' },
    excludeCollectionsWithPrefix: { type: 'string', multiple: true },
  },
});
const { MISBEHAVE, ARGUMENTS, ADDRESSES } = process.env;
if (ARGUMENTS !== undefined) appendFileSync(ARGUMENTS, `${process.argv.slice(2).join(' ')}\n`);
if (values.version) {
  console.log('mongodump version: 100.18.0\ngit version: unknown\nGo version: go1.24');
  process.exit(0);
}
const uri = JSON.parse(/^uri: (.*)$/m.exec(readFileSync(values.config ?? '', 'utf8'))?.[1] ?? '""');
if (ADDRESSES !== undefined) appendFileSync(ADDRESSES, `${uri}\n`);
if (![undefined, values.db].includes(databaseOf(uri)))
  throw new Error('Cannot specify different database in connection URI and command-line option');
await using connection = await connect(uri, { database: values.db ?? '', secrets: new Secrets() });
const excluded = (name: string) => values.excludeCollectionsWithPrefix?.some((prefix) => name.startsWith(prefix));
const catalog = (await readCatalog(connection.db)).filter(({ name }) => !excluded(name));
let chunks = 0;
for await (const chunk of dumpCollections(connection, catalog, {
  at: undefined,
  totals: new Map(),
  toolVersion: '100.18.0',
  parallel: 1,
})) {
  if (MISBEHAVE === 'cut' && ++chunks === 3) break;
  if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}
if (MISBEHAVE === 'fail') {
  console.error('Failed: error writing data for collection `t.places` to disk: connection pool cleared');
  process.exitCode = 1;
}

/**
 * What the product costs beside the plain way, in one run and as ratios: `npm run bench [DOCUMENTS] [gate|undo|status|backup|rehearsal]`.
 * MEGABYTES in the environment says how much backup and restore are about, default 300; UNDONE
 * how many documents undo is about, default 200,000; ROUNDS how often each is run.
 *
 * Every comparison works on the same data in the same throw-away replica set, turn and turn about, and the median of
 * the rounds is what counts. Absolute times say little on a shared machine; the ratios do.
 */
import { tmpdir } from 'node:os';
import { type Connection, connect } from '../src/mongo/connect.ts';
import { ownNames } from '../src/mongo/own.ts';
import { Log } from '../src/observe/log.ts';
import { Secrets } from '../src/observe/secrets.ts';
import { sandboxEnvironment } from '../src/sandbox/environment.ts';
import { startSandbox } from '../src/sandbox/start.ts';
import { benchBackup } from './backup.ts';
import { benchGate } from './gate.ts';
import { fillMixed } from './mixed-data.ts';
import { benchRehearsal } from './rehearsal.ts';
import { benchStatus } from './status.ts';
import { benchUndo } from './undo.ts';

const [given = '1000000', only] = process.argv.slice(2);
const documents = Number(given);
/** Of BSON, for backup and restore. */
const bytes = Number(process.env.MEGABYTES ?? 300) * 1e6;
/** For undo: its rate does not depend on their number. */
const undone = Number(process.env.UNDONE ?? 200_000);
const rounds = Number(process.env.ROUNDS ?? 3);
const secrets = new Secrets();
const log = new Log(({ level, message }) => level === 'warn' && console.log(message), secrets);
const own = ownNames();

async function fill({ db }: Connection, count: number): Promise<void> {
  const padding = 'x'.repeat(200);
  for (let at = 0; at < count; at += 10_000) {
    await db.collection<{ _id: number }>('people').insertMany(
      Array.from({ length: Math.min(10_000, count - at) }, (_, i) => ({
        _id: at + i,
        name: `n${at + i}`,
        age: i % 90,
        padding,
      })),
    );
  }
}

await using server = await startSandbox({
  environment: sandboxEnvironment(process.env),
  mongod: process.env.MONGO_RELEASE_MONGOD,
  cacheSizeGB: 1,
  log,
  secrets,
});
const about = `MongoDB ${server.serverVersion}, Node ${process.version}; median of ${rounds}`;
const wanted = (part: string) => only === undefined || only === part;
if (wanted('gate')) {
  console.log(`${documents.toLocaleString('en')} documents, ${about}\n`);
  await using connection = await connect(server.uri, { database: 'bench_gate', secrets });
  await fill(connection, documents);
  await benchGate(connection, server.uri, { documents, rounds, own, log });
  await connection.db.dropDatabase();
}
if (wanted('undo')) {
  console.log(`Apply and undo, ${undone.toLocaleString('en')} documents, ${about}\n`);
  await using connection = await connect(server.uri, { database: 'bench_undo', secrets });
  await fill(connection, undone);
  await benchUndo(connection, server.uri, { documents: undone, rounds, own, log });
  await connection.db.dropDatabase();
}
if (wanted('status')) await benchStatus(server.uri, tmpdir());
if (wanted('backup') || wanted('rehearsal')) {
  await using source = await connect(server.uri, { database: 'bench', secrets });
  await using copy = await connect(server.uri, { database: 'bench_copy', secrets });
  await fillMixed(source.db, bytes);
  const uriOf = (database: string) => Object.assign(new URL(server.uri), { pathname: `/${database}` }).toString();
  if (wanted('backup')) {
    console.log(`Backup and restore, ${about}\n`);
    await benchBackup(source, copy, { rounds, own, log, uriOf });
  }
  if (wanted('rehearsal')) {
    console.log(`Rehearsal, ${about}\n`);
    await benchRehearsal(source, copy, { rounds, own, log, uri: uriOf('bench') });
  }
}

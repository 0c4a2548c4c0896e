import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentsOf, readArchiveFile, refuseUnapplied } from '../../src/backup/archive-file.ts';
import { restoreVerified } from '../../src/backup/restore.ts';
import { compareDatabases } from '../../src/mongo/compare.ts';
import { connect } from '../../src/mongo/connect.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { startServers } from '../guard/servers.ts';
import { fillWithEverything, type Lab, lab, own } from './backing-up.ts';

/** The MongoDB database tools judge where they are. */
const folders = (process.env.PATH ?? '').split(path.delimiter);
const onPath = (tool: string) => folders.some((folder) => existsSync(path.join(folder, tool)));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'real-tools-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(tool: string, args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  return spawn(tool, [...args], { stdio: [stdin, 'ignore', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  expect(code, said).toBe(0);
}

const server = (at: Lab) => at.uri.replace(`/${at.db.databaseName}`, '/');

async function restoreFile(at: Lab, file: string) {
  const archive = await readArchiveFile(file, { own });
  const [database] = archive.databases;
  if (database === undefined) throw new Error('The archive is empty.');
  const to = await at.another();
  await restoreVerified(to, archive.source, contentsOf(archive, database), { own, log: at.log });
  return to;
}

describe.runIf(onPath('mongodump'))('an archive of the real mongodump', () => {
  test.each(['plain', 'gzip'])('gives everything back, %s', async (form) => {
    await using at = await lab();
    await fillWithEverything(at.db);
    const file = path.join(folder, form);
    const gzip = form === 'gzip' ? ['--gzip'] : [];
    const about = [`--uri=${server(at)}`, `--db=${at.db.databaseName}`];
    await ended(start('mongodump', [...about, `--archive=${file}`, ...gzip]));
    const to = await restoreFile(at, file);
    expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);
  });

  test('has nothing but the documents of views in it, with --viewsAsCollections', async () => {
    await using at = await lab();
    await at.db.collection('places').insertMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await at.db.createCollection('small', { viewOn: 'places', pipeline: [{ $match: { n: { $lt: 3 } } }] });
    const file = path.join(folder, 'views');
    const about = [`--uri=${server(at)}`, `--db=${at.db.databaseName}`, '--viewsAsCollections'];
    await ended(start('mongodump', [...about, `--archive=${file}`]));
    const to = await restoreFile(at, file);
    const listed = (await to.db.listCollections().toArray()).filter(({ name }) => !own.owns(name));
    expect(listed.map(({ name, type }) => [name, type])).toEqual([['small', 'collection']]);
    expect(await to.db.collection('small').countDocuments()).toBe(2);
  });

  test('of a whole server with its oplog: one database comes back, and is refused where it was written to', async () => {
    await using servers = await startServers({ members: [{}] });
    await using shop = await connect(servers.uri, { database: 'shop', secrets: new Secrets() });
    await fillWithEverything(shop.db);
    await shop.client.db('other').collection('places').insertOne({});
    const dump = (name: string) => {
      const file = path.join(folder, name);
      return {
        file,
        done: ended(start('mongodump', [`--uri=${servers.uri}`, '--oplog', '--gzip', `--archive=${file}`])),
      };
    };
    const read = async (file: string) => {
      const archive = await readArchiveFile(file, { own });
      const database = archive.databases.find(({ name }) => name === 'shop');
      if (database === undefined) throw new Error('The archive has no such database.');
      return { archive, database };
    };
    const idle = dump('idle');
    await idle.done;
    const { archive, database } = await read(idle.file);
    expect(archive.oplog?.entries).toBeGreaterThan(0);
    refuseUnapplied(archive, database, own);
    await using copy = await connect(servers.uri, { database: 'copy', secrets: new Secrets() });
    await using at = await lab();
    await restoreVerified(copy, archive.source, contentsOf(archive, database), { own, log: at.log });
    expect(await compareDatabases(shop.db, copy.db, { own })).toEqual([]);

    const busy = dump('busy');
    let over = false;
    const dumped = busy.done.finally(() => {
      over = true;
    });
    while (!over) await shop.db.collection('many').updateOne({ _id: 1 as never }, { $inc: { n: 1 } });
    await dumped;
    const written = await read(busy.file);
    expect(() => refuseUnapplied(written.archive, written.database, own)).toThrow(/written to .*many/);
  }, 120_000);
});

describe.runIf(onPath('mongorestore'))('the real mongorestore', () => {
  test.each(['zstd', 'gzip', 'none'] as const)('restores a backup exactly, %s', async (compression) => {
    await using at = await lab();
    await fillWithEverything(at.db);
    // A document that fails its own validator the tool does not put back, whatever --bypassDocumentValidation says.
    await at.db.collection('strict').deleteMany({});
    const { manifest, location } = await at.backup({ compression });
    const to = await at.another();
    const [from, into] = [at.db.databaseName, to.db.databaseName];
    const about = [...[`--uri=${server(at)}`, '--stopOnError'], ...[`--nsFrom=${from}.*`, `--nsTo=${into}.*`]];
    if (compression === 'zstd') {
      const child = start('mongorestore', [...about, '--archive'], 'pipe');
      const done = ended(child);
      done.catch(() => {});
      await pipeline(
        createReadStream(location),
        createZstdDecompress(),
        child.stdin as NonNullable<typeof child.stdin>,
      );
      await done;
    } else {
      const gzip = compression === 'gzip' ? ['--gzip'] : [];
      await ended(start('mongorestore', [...about, ...gzip, `--archive=${location}`]));
    }
    expect(manifest.namespaces.length).toBeGreaterThan(10);
    expect(await compareDatabases(at.db, to.db, { own })).toEqual([]);
  });
});

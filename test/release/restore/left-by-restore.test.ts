import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLease } from '../../../src/migration/lease/lease.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { expectFailure, type Project } from '../../cli/cli.ts';
import type { TestDatabase } from '../../setup/mongo.ts';
import { wireProxyTo } from '../../setup/wire-proxy.ts';
import { giveUpLease } from '../half-done/left-half.ts';
import { type BackedUp, makeBackedUp } from '../rollback/cents.ts';

const own = ownNames();
let cents: BackedUp;
let database: TestDatabase;
let project: Project;

beforeEach(async () => {
  cents = await makeBackedUp();
  ({ database, project } = cents);
});
afterEach(() => cents[Symbol.asyncDispose]());

const ok = (words: string) => cents.ok(words);
const restores = () => database.db.collection<{ _id: string }>(`${own.prefix}.restore`);

async function copies(): Promise<string[]> {
  const listed = await database.db.listCollections({}, { nameOnly: true }).toArray();
  return listed.map(({ name }) => name).filter((name) => name.startsWith(`${own.prefix}.restoring.`));
}

test('a status names the copies of a restore that was killed while it built them, until the next one or a person removes them', async () => {
  const { id: backupId } = await ok('backup --json');
  const kill = async () => {
    await using proxy = await wireProxyTo(database.uri);
    // Of its collection the first documents.
    const builds = new Promise<void>((held) =>
      proxy.stopAt({ nth: 1, of: ['insert'], when: 'answered' }, () => held()),
    );
    const { process, ended } = project.start(`restore ${backupId} --yes`, { MONGODB_URI: proxy.uri });
    await Promise.race([builds, ended]);
    process.kill('SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
  };
  await kill();
  // Nobody is sure yet that it is gone.
  expect(await ok('status --json')).not.toHaveProperty('leftByRestore');
  await restores().updateOne({}, { $set: { aliveAt: new Date(0) } });
  await giveUpLease(database.db);
  const holder = { host: 'h', pid: 1, releaseId: 'x', command: 'migrate' } as const;
  const lease = await acquireLease(database.db, own, { ttlMs: 60_000, waitMs: 0, holder });
  expect(await ok('status --json')).not.toHaveProperty('leftByRestore');
  await lease.release();

  const left = await copies();
  const { leftByRestore, warnings, attention } = await ok('status --check --json');
  expect(leftByRestore).toEqual({ what: 'copies', backupId, since: new Date(0).toISOString(), collections: left });
  expect(attention).toBeUndefined();
  expect(warnings).toEqual([expect.stringContaining(`A restore of backup ${backupId} was cut off`)]);
  const [prefix = ''] = /(?<=startsWith\(')[^']+/.exec(warnings[0]) ?? [];
  expect(left.filter((name) => name.startsWith(prefix))).toEqual(left);

  // Who does not agree to that restore has them removed all the same, and nothing else.
  expectFailure(await project.run(`restore ${backupId} --json`), 2, 'CONFIRMATION_NEEDED');
  expect(await copies()).toEqual([]);
  expect(await ok('status --json')).not.toHaveProperty('warnings');

  await kill();
  await restores().updateOne({}, { $set: { aliveAt: new Date(0) } });
  await giveUpLease(database.db);
  for (const name of await copies()) await database.db.collection(name).drop();
  expect(await ok('status --json')).not.toHaveProperty('leftByRestore');
}, 120_000);

test('it names what a restore that came to its end has put aside and not removed, but for what that has kept', async () => {
  const [replaced, kept] = [own.dropped('0a'), own.dropped('0b')];
  for (const name of [replaced, kept]) await database.db.createCollection(name);
  const old = (uuid: string) => ({ kind: 'remove', name: uuid, old: { type: 'collection', uuid } });
  const displaced = [{ name: '0b', tombstone: kept, writes: 1 }];
  await restores().insertOne({
    ...{ _id: 'current', owner: 'x', backupId: 'b1', state: 'clearing', displaced },
    ...{ startedAt: new Date(0), aliveAt: new Date(0), steps: ['0a', '0b', '0c'].map(old) },
  } as never);
  const { leftByRestore, warnings } = await ok('status --json');
  expect(leftByRestore).toMatchObject({ what: 'replaced', backupId: 'b1', collections: [replaced] });
  expect(warnings).toEqual([expect.stringContaining(replaced)]);
});

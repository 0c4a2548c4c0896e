import { expect, test } from 'vitest';
import { assertInCluster } from '../../../src/backup/atlas/cluster.ts';
import { restoreSnapshot } from '../../../src/backup/atlas/restore-job.ts';
import { findSnapshot, takeSnapshot } from '../../../src/backup/atlas/snapshot.ts';
import { type Asking, asking } from './asking.ts';
import { problem } from './stand-in.ts';

const shopOf = ({ atlas }: Asking) => ({ projectId: atlas.project, name: atlas.cluster });
const take = (at: Asking, timeLimitMs = 5000) =>
  takeSnapshot(
    at.client,
    { ...shopOf(at), sharded: at.atlas.sharded },
    {
      description: 'mongo-release b1',
      retentionDays: 3,
      timeLimitMs,
    },
  );

test.each([false, true])(
  'a snapshot is asked for once and waited for until it is complete (sharded: %s)',
  async (sharded) => {
    await using at = await asking();
    at.atlas.sharded = sharded;
    const taken = await take(at);
    expect(taken).toMatchObject({ status: 'completed', description: 'mongo-release b1' });
    expect(Date.parse(taken.expiresAt ?? '') - Date.now()).toBeGreaterThan(2.9 * 86_400_000);
    expect(at.atlas.posts).toHaveLength(1);
    const shelf = { ...shopOf(at), sharded };
    expect(await findSnapshot(at.client, shelf, taken.id)).toMatchObject({ status: 'completed' });
    expect(await findSnapshot(at.client, { ...shelf, sharded: !sharded }, taken.id)).toBeUndefined();
  },
);

test('another one that is under way is waited for; scheduled ones are nothing to wait for', async () => {
  await using at = await asking();
  at.atlas.add({ snapshotType: 'scheduled', status: 'inProgress' });
  const other = at.atlas.add({ status: 'inProgress' });
  const looked = () => at.atlas.requests.filter((line) => line.includes('/snapshots?')).length;
  const over = setInterval(() => {
    if (looked() > 2) other.status = 'completed';
  }, 1);
  expect(await take(at)).toMatchObject({ status: 'completed' });
  clearInterval(over);
  expect(at.atlas.posts).toHaveLength(1);
  expect(at.messages.filter((line) => line.startsWith('Waiting for snapshot'))).toHaveLength(1);
});

test('one that begins between the look and the request is waited for as well', async () => {
  await using at = await asking();
  at.atlas.disturb(/snapshots$/, problem(409, 'SNAPSHOT_IN_PROGRESS'), { method: 'POST' });
  expect(await take(at)).toMatchObject({ status: 'completed' });
});

test.each(['drop', problem(502, 'UNEXPECTED_ERROR')] as const)(
  'a request whose answer is lost is not sent twice: what it began is found by its description (%#)',
  async (answer) => {
    await using at = await asking();
    at.atlas.pageSize = 2;
    for (let n = 0; n < 5; n++) at.atlas.add({});
    at.atlas.disturb(/snapshots$/, answer, { method: 'POST', carriedOut: true });
    expect(await take(at)).toMatchObject({ status: 'completed' });
    expect(at.atlas.posts).toHaveLength(1);
    expect(at.atlas.snapshots).toHaveLength(6);
  },
);

test('a request that never arrived is sent again, a few times', async () => {
  await using at = await asking();
  at.atlas.disturb(/snapshots$/, 'drop', { method: 'POST', times: 2 });
  expect(await take(at)).toMatchObject({ status: 'completed' });
  expect(at.atlas.snapshots).toHaveLength(1);
  at.atlas.snapshots.length = 0;
  at.atlas.disturb(/snapshots$/, 'drop', { method: 'POST', times: 99 });
  await expect(take(at)).rejects.toMatchObject({ code: 'ATLAS_FAILED' });
  expect(at.atlas.snapshots).toHaveLength(0);
});

test('one that fails, takes too long, disappears or never begins is an error that says so', async () => {
  await using at = await asking();
  at.atlas.fate = 'failed';
  await expect(take(at)).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    exitCode: 7,
    message: expect.stringMatching(/^Snapshot \w+ of cluster Shop failed\.$/),
  });
  at.atlas.snapshots.length = 0;
  at.atlas.fate = 'stuck';
  await expect(take(at, 1000)).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    message: expect.stringContaining('not complete after'),
  });
  await expect(
    takeSnapshot(
      at.client,
      { ...shopOf(at), sharded: false },
      { description: 'b2', retentionDays: 1, timeLimitMs: 1000 },
    ),
  ).rejects.toMatchObject({ code: 'BACKUP_FAILED', message: expect.stringContaining('another one is under way') });
  at.atlas.snapshots.length = 0;
  at.atlas.onSnapshot = async () => void setTimeout(() => (at.atlas.snapshots.length = 0), 20);
  await expect(take(at)).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
    message: expect.stringContaining('not there any more'),
  });
});

const restore = async (at: Asking, timeLimitMs = 5000, snapshotId = at.atlas.add({}).id) => {
  await restoreSnapshot(at.client, { ...shopOf(at), snapshotId }, shopOf(at), { timeLimitMs });
  return snapshotId;
};

test('a restore is one automated job into the target, and ends when that has finished', async () => {
  await using at = await asking();
  const restored: string[] = [];
  at.atlas.onRestore = async (id) => void restored.push(id);
  const snapshotId = await restore(at);
  expect(restored).toEqual([snapshotId]);
  expect(at.atlas.jobs).toMatchObject([
    { deliveryType: 'automated', snapshotId, targetClusterName: 'Shop', targetGroupId: at.atlas.project },
  ]);
});

test.each([
  ['failed', 'failed'],
  ['cancelled', 'was cancelled'],
  ['expired', 'was expired'],
] as const)('a job that is %s has not ended well, although it has finished', async (fate, said) => {
  await using at = await asking();
  at.atlas.jobFate = fate;
  await expect(restore(at)).rejects.toMatchObject({
    code: 'ATLAS_RESTORE_FAILED',
    exitCode: 8,
    message: expect.stringContaining(said),
  });
});

test('a job whose beginning or end is unknown is looked for, and never begun twice', async () => {
  await using at = await asking();
  at.atlas.disturb(/restoreJobs$/, 'drop', { method: 'POST', carriedOut: true });
  const snapshotId = await restore(at);
  expect(at.atlas.posts).toHaveLength(1);
  expect(at.atlas.jobs).toHaveLength(1);
  // The job of an earlier restore is not the one that was asked for.
  at.atlas.disturb(/restoreJobs$/, 'drop', { method: 'POST' });
  await restore(at, 5000, snapshotId);
  expect(at.atlas.jobs).toHaveLength(2);
  at.atlas.disturb(/restoreJobs\/\w+$/, 'drop', { times: 99 });
  await expect(restore(at)).rejects.toMatchObject({
    code: 'ATLAS_RESTORE_FAILED',
    message: expect.stringContaining('is unknown'),
  });
  at.atlas.disturbances.length = 0;
  at.atlas.jobFate = 'stuck';
  await expect(restore(at, 60)).rejects.toMatchObject({
    code: 'ATLAS_RESTORE_FAILED',
    message: expect.stringContaining('not ended after'),
  });
});

test('a job that is promised in strange words, or not seen at once, is the one that is waited for', async () => {
  await using at = await asking();
  const strange = { status: 200, body: { job: 'begun' } };
  at.atlas.disturb(/restoreJobs$/, strange, { method: 'POST', carriedOut: true });
  at.atlas.disturb(/restoreJobs\/\w+$/, problem(404, 'RESOURCE_NOT_FOUND'), { times: 3 });
  await restore(at);
  expect(at.atlas.jobs).toHaveLength(1);
  at.atlas.disturb(/restoreJobs\/\w+$/, problem(404, 'RESOURCE_NOT_FOUND'), { times: 99 });
  await expect(restore(at)).rejects.toMatchObject({ message: expect.stringContaining('not there any more') });
});

test('where nobody ever says whether a job was begun, it is not told as if nothing was erased', async () => {
  await using at = await asking();
  at.atlas.disturb(/restoreJobs$/, 'drop', { method: 'POST', times: 99 });
  await expect(restore(at)).rejects.toMatchObject({ code: 'ATLAS_RESTORE_FAILED' });
});

test('a cancel ends the waiting, not the job, and says so', async () => {
  await using at = await asking();
  at.atlas.jobFate = 'stuck';
  const cancel = new AbortController();
  const client = at.clientWith({ signal: cancel.signal });
  const { id: snapshotId } = at.atlas.add({});
  const restoring = restoreSnapshot(client, { ...shopOf(at), snapshotId }, shopOf(at), { timeLimitMs: 5000 });
  const begun = setInterval(() => {
    if (at.atlas.jobs.some(({ looks }) => looks > 2)) cancel.abort(new Error('cancelled'));
  }, 1);
  await expect(restoring).rejects.toMatchObject({
    code: 'ATLAS_RESTORE_FAILED',
    hint: expect.stringContaining('goes on without this run'),
  });
  clearInterval(begun);
});

test('a refused restore has erased nothing, and its error does not say otherwise', async () => {
  await using at = await asking();
  at.atlas.disturb(/restoreJobs$/, problem(403, 'USER_UNAUTHORIZED'), { method: 'POST' });
  await expect(restore(at)).rejects.toMatchObject({ code: 'NOT_AUTHORIZED', exitCode: 12 });
  at.atlas.disturb(/restoreJobs$/, problem(409, 'RESTORE_IN_PROGRESS'), { method: 'POST' });
  await expect(restore(at)).rejects.toMatchObject({ code: 'ATLAS_FAILED' });
});

test('a target counts as in the cluster by one of its hosts, by whichever address it is reached', async () => {
  await using at = await asking();
  at.atlas.connectionStrings = {
    standard: 'mongodb://shop-00.abc.mongodb.net:27017,shop-01.abc.mongodb.net:27017/?ssl=true',
    standardSrv: 'mongodb+srv://shop.abc.mongodb.net',
    privateEndpoint: [
      {
        connectionString: 'mongodb://pl-0.abc.mongodb.net:1024/',
        srvConnectionString: 'mongodb+srv://shop-pl-0.abc.mongodb.net',
      },
    ],
  };
  for (const host of [
    'Shop-01.abc.mongodb.net:27017',
    'shop.abc.mongodb.net',
    'pl-0.abc.mongodb.net:1024',
    'shop-pl-0.abc.mongodb.net',
  ])
    await assertInCluster(at.client, shopOf(at), ['somewhere:27017', host]);
  const refused = { code: 'ATLAS_OTHER_CLUSTER', exitCode: 5 };
  await expect(assertInCluster(at.client, shopOf(at), ['shop-00.xyz.mongodb.net:27017'])).rejects.toMatchObject(
    refused,
  );
  at.atlas.connectionStrings = {};
  await expect(assertInCluster(at.client, shopOf(at), ['shop.abc.mongodb.net'])).rejects.toMatchObject(refused);
});

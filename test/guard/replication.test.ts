import { expect, test } from 'vitest';
import { oplogWindow } from '../../src/guard/guards/oplog-window.ts';
import { replicaLag } from '../../src/guard/guards/replica-lag.ts';
import { topology } from '../../src/guard/guards/topology.ts';
import { until } from '../sandbox/lab.ts';
import { uriOf } from '../setup/mongo.ts';
import { context, look, open } from './guarding.ts';
import { startServers } from './servers.ts';

test('counts a hidden member that lags, and one that is gone', async () => {
  await using servers = await startServers({
    members: [{ priority: 2 }, {}, { priority: 0, hidden: true, secondaryDelaySecs: 5 }],
  });
  await using connection = await open(servers.uri);
  const lag = (limit: number) => look(replicaLag, context(connection, { settings: { 'replica-lag': limit } }));
  const member = servers.hosts[2]!;

  let lagging = await lag(2000);
  // The other one may be at its first sync still.
  await until(async () => {
    await connection.db.collection('beats').insertOne({ at: new Date() });
    lagging = await lag(2000);
    return lagging.findings.length === 1 && lagging.findings[0]!.message.includes(`${member} (hidden`);
  });
  expect(lagging).toMatchObject({
    state: 'blocked',
    seen: expect.stringMatching(/^highest lag [\d.]+ s, of 2 secondaries$/),
  });
  expect(lagging.findings).toEqual([
    {
      rule: 'replica-lag',
      severity: 'error',
      place: { name: member },
      message: expect.stringMatching(
        new RegExp(
          `^Member ${member} \\(hidden, delayed by 5 s on purpose\\) is [\\d.]+ s behind; 2 s are allowed\\.$`,
        ),
      ),
      next: 'Set guards.replica-lag above the 5 s by which this member is delayed.',
    },
  ]);
  expect(await lag(60_000)).toMatchObject({ state: 'passed', findings: [] });

  await servers.kill(1);
  let gone = await lag(60_000);
  await until(async () => {
    gone = await lag(60_000);
    return gone.state === 'blocked';
  });
  expect(gone.findings).toMatchObject([
    { place: { name: servers.hosts[1] }, message: expect.stringContaining('does not replicate') },
  ]);
});

test('a standalone has no lag and no oplog to look at, and is told what it lacks', async () => {
  await using servers = await startServers({ members: [] });
  await using connection = await open(servers.uri);
  const given = context(connection, { settings: { 'replica-lag': 1000, 'oplog-window': 1000 } });
  expect(await look(replicaLag, given)).toMatchObject({ state: 'unknown' });
  expect(await look(oplogWindow, given)).toMatchObject({ state: 'unknown' });
  expect(await look(topology, given)).toMatchObject({
    state: 'passed',
    seen: expect.stringMatching(/^standalone, server \d/),
    findings: [{ severity: 'warning', message: expect.stringContaining('no transactions') }],
  });
});

test('compares how far the oplog reaches back with what is asked for', async () => {
  await using connection = await open(uriOf('guarded'));
  const window = (ms: number) => look(oplogWindow, context(connection, { settings: { 'oplog-window': ms } }));
  expect(await window(1)).toMatchObject({ state: 'passed', seen: expect.stringMatching(/^reaches back \d/) });
  const century = 100 * 365 * 24 * 3_600_000;
  expect(await window(century)).toMatchObject({
    state: 'blocked',
    findings: [
      {
        message: expect.stringContaining('36500 days are asked for'),
        next: expect.stringContaining('replSetResizeOplog'),
      },
    ],
  });
});

test('a replica set of one has no lag', async () => {
  await using connection = await open(uriOf('guarded'));
  expect(await look(replicaLag, context(connection, { settings: { 'replica-lag': 1 } }))).toMatchObject({
    state: 'passed',
    seen: 'there are no secondaries',
  });
});

import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { freshDatabase, type TestDatabase, uriOf } from '../setup/mongo.ts';
import { runPart } from './part.ts';
import { addSlug, breakCities, cities, makeProject, watched } from './project.ts';

async function database(): Promise<TestDatabase> {
  const database = await freshDatabase('action');
  await database.db.collection('cities').insertMany(structuredClone(cities));
  return database;
}

test('plan says what is pending, and where the findings stand', async () => {
  await using target = await database();
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug, 'migrations/2-break.mjs': breakCities });
  const step = await runPart('plan', { cwd: project.folder, inputs: { uri: target.uri } });
  expect(step.code, step.log).toBe(0);
  expect(step.outputs).toMatchObject({
    outcome: 'nothing-to-do',
    pending: '2',
    'plan-digest': expect.stringMatching(/^[0-9a-f]{64}$/),
    'sarif-path': expect.stringMatching(/\.sarif$/),
  });
  expect(step.report).toMatchObject({ schemaVersion: 1, command: 'plan', outcome: 'nothing-to-do' });
  expect(step.summary).toContain('`1-slug`');
  expect(step.seen).toContain('"version": "2.1.0"');
});

test('the next step of a finding names a part and its inputs; code scanning, which is read anywhere, the command', async () => {
  await using target = await database();
  const later = `import { defineMigration } from 'mongo-release-action';
export default defineMigration({ phase: 'after-deploy', irreversible: 'a test', async up() {} });\n`;
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug, 'migrations/2-later.mjs': later });
  const step = await runPart('plan', { cwd: project.folder, inputs: { uri: target.uri, phase: 'after-deploy' } });
  expect(step.report.findings, step.log).toMatchObject([
    { next: 'Apply the earlier phase first: the part migrate with "mode: apply", "phase: before-deploy"' },
  ]);
  const command = 'mongo-release migrate --apply --phase before-deploy';
  for (const text of [step.log, step.summary]) expect(text).not.toContain(command);
  // All that is seen of it, the SARIF among it.
  expect(step.seen).toContain(command);
});

test('one release goes through its parts, each joining it by its id, and back', async () => {
  await using target = await database();
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug, 'mongo-release.yml': watched });
  const inputs = { uri: target.uri, store: 'backups' };
  const run = (part: string, more: Record<string, string> = {}) =>
    runPart(part, { cwd: project.folder, inputs: { ...inputs, ...more } });

  const backup = await run('backup');
  expect(backup.code, backup.log).toBe(0);
  expect(backup.outputs).toMatchObject({ outcome: 'applied', 'backup-id': expect.any(String) });
  expect(backup.report).toMatchObject({ documents: cities.length, id: backup.outputs['backup-id'] });

  const joined = { 'release-id': String(backup.outputs['release-id']) };
  const migrate = await run('migrate', {
    ...joined,
    mode: 'apply',
    backup: String(backup.outputs['backup-id']),
    rehearsal: 'none',
  });
  expect(migrate.code, migrate.log).toBe(0);
  expect(migrate.outputs).toMatchObject({ ...joined, outcome: 'applied', applied: '1' });
  expect(migrate.summary).toContain('`1-slug`');
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(cities.length);

  const verify = await run('verify', joined);
  expect(verify.code, verify.log).toBe(0);
  expect(verify.outputs).toMatchObject({ ...joined, verified: 'true' });

  const looked = await run('rollback', joined);
  expect(looked.code, looked.log).toBe(0);
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(cities.length);

  const rollback = await run('rollback', { ...joined, mode: 'apply' });
  expect(rollback.code, rollback.log).toBe(0);
  expect(rollback.outputs).toMatchObject({ ...joined, outcome: 'rolled-back', verified: 'true' });
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(0);
});

test('without a mode migrations are rehearsed, and the target is only read', async () => {
  await using target = await database();
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug });
  const step = await runPart('migrate', { cwd: project.folder, inputs: { uri: target.uri } });
  expect(step.code, step.log).toBe(0);
  expect(step.outputs).toMatchObject({ outcome: 'rehearsed', applied: '0' });
  expect((await target.db.listCollections().toArray()).map(({ name }) => name)).toEqual(['cities']);
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(0);
});

test('everything that is wrong with the inputs is said at once, as an annotation and in the outputs', async () => {
  await using project = await makeProject({});
  const step = await runPart('migrate', {
    cwd: project.folder,
    inputs: { mode: 'aply', rehearsal: 'ful', wait: 'soon', 'working-directory': 'nowhere' },
  });
  expect(step.code).toBe(2);
  expect(step.outputs).toMatchObject({ outcome: 'blocked' });
  const { error } = step.report as { error: { code: string; message: string; hint: string } };
  expect(error.code).toBe('USAGE');
  expect(error.message.split('\n')).toEqual([
    `"working-directory" names no folder: ${join(project.folder, 'nowhere')}.`,
    '"mode" is one of dry-run, apply. Did you mean apply?',
    '"wait" needs a length of time such as 30s or 10m.',
    '"rehearsal" is one of full, sample, none. Did you mean full?',
  ]);
  expect(step.log).toContain('::error title=mongo-release%3A USAGE::"working-directory"');
  expect(step.log).not.toMatch(/\n\s+at /);
});

test('the first step of the composite refuses what its later steps could not use', async () => {
  await using project = await makeProject({});
  const wrong = { mode: 'apply', 'on-failure': 'roll-back', rehearsal: 'some', 'deploy-command': 'true', uri: '' };
  const step = await runPart('plan', { cwd: project.folder, inputs: { 'release-inputs': JSON.stringify(wrong) } });
  expect(step.code).toBe(2);
  const { error } = step.report as { error: { message: string } };
  expect(error.message).toContain('"on-failure" is one of stop, rollback.');
  expect(error.message).toContain('"rehearsal" is one of full, sample, none.');
});

test('a failed migration ends with the code of the contract, and its outputs are set all the same', async () => {
  await using target = await database();
  await using project = await makeProject({
    'migrations/1-slug.mjs': addSlug,
    'migrations/2-throws.mjs': `export const up = async (db) => {
      const city = await db.collection('cities').findOne({ name: /^Marker/ });
      throw new Error(city.name);
    };\n`,
  });
  const step = await runPart('migrate', {
    cwd: project.folder,
    inputs: { uri: target.uri, mode: 'apply', rehearsal: 'none' },
  });
  expect(step.code, step.log).toBe(8);
  expect(step.outputs).toMatchObject({ outcome: 'failed-dirty', applied: '1', 'release-id': expect.any(String) });
  expect(step.seen).not.toContain('Marker-of-Data');
  expect(step.log).not.toMatch(/\n\s+at /);
});

test('a failed probe and one that could not look are not verified', async () => {
  await using target = await database();
  await using project = await makeProject({ 'mongo-release.yml': watched });
  await target.db.collection('cities').updateOne({}, { $set: { broken: true } });
  const failed = await runPart('verify', { cwd: project.folder, env: { MONGODB_URI: target.uri } });
  expect(failed.code, failed.log).toBe(9);
  expect(failed.outputs).toMatchObject({ outcome: 'failed-dirty', verified: 'false' });

  await using silent = await makeProject({});
  const none = await runPart('verify', { cwd: silent.folder, env: { MONGODB_URI: target.uri } });
  expect(none.code, none.log).toBe(0);
  expect(none.outputs).toMatchObject({ verified: 'unknown' });
});

test('no secret and no value of a document is in anything that a reader sees', async () => {
  await using target = await database();
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug, 'mongo-release.yml': watched });
  const password = `m@rk:%/${randomBytes(6).toString('hex')}`;
  const user = `u${randomBytes(4).toString('hex')}`;
  await target.db.command({ createUser: user, pwd: password, roles: ['dbOwner'] });
  try {
    const url = new URL(uriOf(target.name));
    url.username = user;
    url.password = encodeURIComponent(password);
    url.searchParams.set('authSource', target.name);
    const secrets = [
      url.toString(),
      password,
      encodeURIComponent(password),
      Buffer.from(password).toString('base64'),
      JSON.stringify(password).slice(1, -1),
    ];
    const asked = { cwd: project.folder, env: { MONGODB_URI: url.toString(), RUNNER_DEBUG: '1' } };
    for (const [part, inputs] of [
      ['plan', {}],
      ['backup', { store: 'backups' }],
      ['migrate', { mode: 'apply' }],
      ['verify', {}],
      ['rollback', { mode: 'apply' }],
    ] as const) {
      const step = await runPart(part, { ...asked, inputs });
      expect(step.code, step.log).toBe(0);
      expect(step.masks).toEqual(expect.arrayContaining(secrets));
      for (const secret of [...secrets, 'Marker-of-Data']) expect(step.seen).not.toContain(secret);
    }
  } finally {
    await target.db.command({ dropUser: user });
  }
});

test('what a hook prints is shown, and is no command to the runner', async () => {
  await using target = await database();
  const says = '::set-output name=outcome::applied';
  const config = `hooks: { rollback-app: "echo ${says}; echo '  ##[error]x'" }\n`;
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug, 'mongo-release.yml': config });
  const asked = { cwd: project.folder, inputs: { uri: target.uri, mode: 'apply', rehearsal: 'none' } };
  const applied = await runPart('migrate', asked);
  expect(applied.code, applied.log).toBe(0);
  const step = await runPart('rollback', asked);
  expect(step.code, step.log).toBe(0);
  expect(step.log).toContain(says);
  expect(step.log).not.toMatch(/^\s*::set-output/m);
  expect(step.log).not.toContain('##[');
});

test('a rollback that is run again goes on over what was deployed since only where its input says that somebody has looked', async () => {
  await using target = await database();
  const config = "hooks: { rollback-app: 'echo app >> hooks.log; exit 1' }\n";
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug, 'mongo-release.yml': config });
  const inputs = { uri: target.uri, mode: 'apply' };
  const applied = await runPart('migrate', { cwd: project.folder, inputs: { ...inputs, rehearsal: 'none' } });
  expect(applied.code, applied.log).toBe(0);
  const asked = { ...inputs, 'release-id': String(applied.outputs['release-id']) };
  const rollback = (more = {}) => runPart('rollback', { cwd: project.folder, inputs: { ...asked, ...more } });
  expect((await rollback()).code).toBe(10);
  const startedAt = new Date();
  const steps = [{ name: 'deploy', state: 'done', startedAt, durationMs: 1 }];
  await target.db.collection('_mongo_release.releases').insertOne({ kind: 'release', startedAt, steps });
  const again = await rollback();
  expect(again.code, again.log).toBe(10);
  expect(again.log).toContain('something was applied or deployed since');
  const hooks = () => readFile(join(project.folder, 'hooks.log'), 'utf8');
  expect(await hooks()).toBe('app\n');
  // What is named is an input, not a flag that nobody can type here.
  const { hint } = again.report.error as { hint: string };
  expect(hint).toContain(`run the part rollback with "mode: apply", "release-id: ${asked['release-id']}", "yes: true"`);
  expect(hint).not.toContain('--');
  expect((await rollback({ yes: 'true' })).code).toBe(10);
  expect(await hooks()).toBe('app\napp\n');
}, 180_000);

test('SIGINT brings what runs to a safe end within the time that GitHub gives', async () => {
  await using target = await database();
  const waits = `export const up = async (db) => { await new Promise((resolve) => setTimeout(resolve, 60_000)); };\n`;
  await using project = await makeProject({ 'migrations/1-waits.mjs': waits });
  let sent = 0;
  const step = await runPart('migrate', {
    cwd: project.folder,
    inputs: { uri: target.uri, mode: 'apply', rehearsal: 'none' },
    watch: (log, child) => {
      if (sent !== 0 || !log.includes('goes up')) return;
      sent = Date.now();
      child.kill('SIGINT');
    },
  });
  expect(Date.now() - sent).toBeLessThan(7500);
  expect(step.code, step.log).toBe(130);
  expect(step.outputs.outcome).toBe('cancelled');
  expect(step.summary).not.toBe('');
});

test('a migration that does not let go is ended in time, and how far it got is said', async () => {
  await using target = await database();
  const hangs = `export const up = async (db) => {
    await db.collection('cities').updateMany({}, { $set: { seen: true } });
    console.log('hangs');
    for (;;);
  };\n`;
  await using project = await makeProject({ 'migrations/1-hangs.mjs': hangs });
  // What hangs is seen to be silent after two seconds.
  const hung = async () => {
    const seen = () => target.db.collection('cities').countDocuments({ seen: true });
    await expect.poll(seen, { timeout: 60_000 }).toBeGreaterThan(0);
    await sleep(3000);
  };
  let [waiting, sent] = [false, 0];
  const step = await runPart('migrate', {
    cwd: project.folder,
    inputs: { uri: target.uri, mode: 'apply', rehearsal: 'none' },
    watch: (log, child) => {
      if (waiting || !log.includes('goes up')) return;
      waiting = true;
      void hung().then(() => {
        sent = Date.now();
        child.kill('SIGINT');
      });
    },
  });
  // SIGTERM would come after 7.5 s, SIGKILL after 10 s.
  expect(Date.now() - sent).toBeLessThan(9000);
  expect(step.code, step.log).not.toBe(0);
  expect(['failed-dirty', 'unknown']).toContain(step.outputs.outcome);
  expect(step.summary).not.toBe('');
});

test('in production a folder that vanishes with the runner is no store', async () => {
  await using target = await database();
  await using project = await makeProject({ 'migrations/1-slug.mjs': addSlug });
  const step = await runPart('migrate', {
    cwd: project.folder,
    inputs: { uri: target.uri, environment: 'production', store: 'backups', mode: 'apply' },
    env: { RUNNER_ENVIRONMENT: 'github-hosted' },
  });
  expect(step.code, step.log).toBe(5);
  expect(step.outputs).toMatchObject({ outcome: 'blocked' });
  expect(step.seen).toMatch(/folder/);
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(0);
});

const oneWay = {
  'migrations/1-one-way.mjs': `export const up = async (db) => { await db.collection('cities').deleteMany({ name: 'Bern' }); };\n`,
  'mongo-release.yml': 'migrations: { journal: operations }\n',
};

test.each(['staging', 'production'])(
  'a restore is done without a word where it loses nothing and users are kept out, and else for who asks for it, by the number: %s',
  async (environment) => {
    await using target = await database();
    await using project = await makeProject(oneWay);
    const inputs = { uri: target.uri, environment, store: 'backups', mode: 'apply' };
    const run = (part: string, more: Record<string, string> = {}) =>
      runPart(part, { cwd: project.folder, inputs: { ...inputs, ...more } });
    const release = async () => {
      const backup = await run('backup');
      const unproven = { rehearsal: 'none', 'waive-rehearsal': 'not what this is about' };
      const migrate = await run('migrate', { backup: String(backup.outputs['backup-id']), ...unproven });
      expect(migrate.code, migrate.log).toBe(0);
      expect(migrate.outputs['backup-id']).toBe(backup.outputs['backup-id']);
    };
    const count = () => target.db.collection('cities').countDocuments();
    const rollback = (more = {}) => run('rollback', { reason: 'a test', ...more });
    await release();
    await target.db.collection('cities').insertOne({ name: 'Chur' });
    for (const more of [{}, { strategy: 'restore' }]) {
      const left = await rollback(more);
      expect(left.report).toMatchObject({
        error: { code: 'CONFIRMATION_NEEDED', hint: expect.stringContaining('"accept-loss: 1"') },
      });
    }
    expect(await count()).toBe(cities.length);
    const named = await rollback({ 'accept-loss': '1' });
    expect(named.outputs, named.log).toMatchObject({ outcome: 'rolled-back' });
    await release();
    // Nothing keeps users from writing meanwhile, and nobody has asked for a restore.
    const open = await rollback();
    const ways = /^Stop what writes, .* "accept-loss: 0", .*hooks\.stop-traffic/;
    expect(open.report).toMatchObject({ error: { code: 'CONFIRMATION_NEEDED', hint: expect.stringMatching(ways) } });
    expect(await count()).toBe(cities.length - 1);
    const restored = await rollback({ strategy: 'restore' });
    expect(restored.outputs, restored.log).toMatchObject({ outcome: 'rolled-back' });
    expect(await count()).toBe(cities.length);

    await release();
    await writeFile(
      join(project.folder, 'mongo-release.yml'),
      `${oneWay['mongo-release.yml']}hooks: { stop-traffic: 'true' }\n`,
    );
    const nothing = await rollback();
    expect(nothing.outputs, nothing.log).toMatchObject({ outcome: 'rolled-back' });
    expect(await count()).toBe(cities.length);
  },
);

test('asking for a restore does not say that a release which deploys is gone', async () => {
  await using target = await database();
  await using project = await makeProject(oneWay);
  const inputs = { uri: target.uri, environment: 'staging', store: 'backups', mode: 'apply' };
  const run = (part: string, more: Record<string, string>) =>
    runPart(part, { cwd: project.folder, inputs: { ...inputs, ...more } });
  const backup = await run('backup', {});
  const migrate = await run('migrate', { backup: String(backup.outputs['backup-id']), rehearsal: 'none' });
  expect(migrate.code, migrate.log).toBe(0);

  // As one that deploys elsewhere.
  const heard = { at: new Date(), until: new Date(Date.now() + 60_000) };
  const steps = [{ name: 'deploy', state: 'running', startedAt: new Date() }];
  await target.db
    .collection('_mongo_release.releases')
    .updateOne({ kind: 'migrate' }, { $set: { state: 'running', heard, steps }, $unset: { process: 1 } });
  const alive = await run('rollback', { strategy: 'restore' });
  expect(alive.report).toMatchObject({
    error: { code: 'HISTORY_CONFLICT', hint: expect.stringContaining('"yes: true"') },
  });
  expect(await target.db.collection('cities').countDocuments()).toBe(cities.length - 1);
});

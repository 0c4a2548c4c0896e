import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';
import { installTime, tool } from '../setup/tools.ts';
import { addSlug, breakCities, cities, watched } from './project.ts';
import { runWorkflow } from './workflow.ts';

beforeAll(() => tool('act'), installTime);

const workflow = (inputs: string) => `
on: push
permissions: {}
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - id: release
        uses: org/mongo-release-action@v1
        with:
          uri: \${{ secrets.MONGODB_URI }}
${inputs.trim().replaceAll(/^ */gm, '          ')}
`;

async function store(): Promise<AsyncDisposable & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mongo-release-store-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('a release in a workflow: backup, rehearsal, migration, deploy, verification', async () => {
  await using target = await freshDatabase('act');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  await using backups = await store();
  const job = await runWorkflow({
    workflow: workflow(`
      mode: apply
      store: ${backups.folder}
      deploy-command: echo "deployed $MONGO_RELEASE_ID" > ${backups.folder}/deployed
    `),
    files: { 'migrations/1-slug.mjs': addSlug, 'mongo-release.yml': watched },
    secrets: { MONGODB_URI: target.uri },
  });
  expect(job.succeeded, job.log).toBe(true);
  const { release } = job.outputs;
  expect(release).toMatchObject({
    outcome: 'applied',
    'release-id': expect.any(String),
    'backup-id': expect.any(String),
    'plan-digest': expect.stringMatching(/^[0-9a-f]{64}$/),
    pending: '1',
    applied: '1',
    verified: 'true',
    'summary-path': expect.stringMatching(/verify\.md$/),
    'report-path': expect.stringMatching(/verify\.json$/),
    'sarif-path': expect.stringMatching(/\.sarif$/),
  });
  const of = (step: string) => job.outputs[`release/${step}`]?.['release-id'];
  expect([of('backup'), of('migrate'), of('verify')]).toEqual(Array(3).fill(release?.['release-id']));
  expect(job.results).not.toHaveProperty('release/rollback');
  expect(job.results).not.toHaveProperty('release/after', 'success');
  expect(job.summaries['release/migrate']).toContain('`1-slug`');

  expect(await readdir(backups.folder)).toEqual(expect.arrayContaining(['deployed']));
  const backup = String(release?.['backup-id']);
  expect((await readdir(backups.folder)).some((name) => name.startsWith(backup))).toBe(true);
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(cities.length);
  expect(job.log).not.toContain(target.uri);
});

test('what only the new code does is done after the deploy, on the same proof, in the same release', async () => {
  await using target = await freshDatabase('act');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  await using backups = await store();
  const contract = `export const name = 'contract';
export const phase = 'after-deploy';
export const up = async ({ db }) => {
  await db.collection('cities').updateMany({}, { $unset: { name: '' } });
};\n`;
  const look = `import { MongoClient } from 'mongodb';
const client = await MongoClient.connect(process.env.TARGET);
const seen = await client.db().collection('cities').countDocuments({ name: { $exists: true }, slug: { $exists: true } });
await client.close();
process.exit(seen === ${cities.length} ? 0 : 1);\n`;
  const job = await runWorkflow({
    workflow: workflow(`
      mode: apply
      store: ${backups.folder}
      deploy-command: ln -s ${join(import.meta.dirname, '..', '..', 'node_modules')} node_modules && node look.mjs
    `).replace(
      '      - id: release\n',
      `      - id: release\n        env: { TARGET: "\${{ secrets.MONGODB_URI }}" }\n`,
    ),
    files: { 'migrations/1-slug.mjs': addSlug, 'migrations/2-contract.mjs': contract, 'look.mjs': look },
    secrets: { MONGODB_URI: target.uri },
  });
  expect(job.succeeded, job.log).toBe(true);
  expect(job.outputs.release).toMatchObject({ outcome: 'applied', pending: '2', applied: '2' });
  const of = (step: string) => job.outputs[`release/${step}`];
  expect(of('migrate')).toMatchObject({ applied: '1', pending: '1' });
  expect(of('after')).toMatchObject({ 'release-id': of('migrate')?.['release-id'], applied: '2', pending: '0' });
  expect(await target.db.collection('cities').countDocuments({ name: { $exists: true } })).toBe(0);
  expect(await target.db.collection('_mongo_release.releases').countDocuments()).toBe(1);
});

test('a dry run in a workflow leaves nothing behind', async () => {
  await using target = await freshDatabase('act');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  const job = await runWorkflow({
    workflow: workflow('deploy-command: exit 1'),
    files: { 'migrations/1-slug.mjs': addSlug },
    secrets: { MONGODB_URI: target.uri },
  });
  expect(job.succeeded, job.log).toBe(true);
  expect(job.outputs.release).toMatchObject({ outcome: 'rehearsed', pending: '1', applied: '0' });
  expect(Object.keys(job.results)).not.toEqual(expect.arrayContaining(['release/deploy']));
  expect((await target.db.listCollections().toArray()).map(({ name }) => name)).toEqual(['cities']);
});

test('a failed probe takes the release back where on-failure says so, and the job fails', async () => {
  await using target = await freshDatabase('act');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  const before = await target.db.collection('cities').find().sort({ _id: 1 }).toArray();
  await using backups = await store();
  const job = await runWorkflow({
    workflow: workflow(`
      mode: apply
      store: ${backups.folder}
      rehearsal: none
      on-failure: rollback
    `),
    files: { 'migrations/1-break.mjs': breakCities, 'mongo-release.yml': watched },
    secrets: { MONGODB_URI: target.uri },
  });
  expect(job.succeeded).toBe(false);
  expect(job.results, job.log).toMatchObject({
    'release/migrate': 'success',
    'release/verify': 'failure',
    'release/rollback': 'success',
    release: 'failure',
  });
  expect(job.outputs.release).toMatchObject({ outcome: 'rolled-back', applied: '1', verified: 'false' });
  expect(await target.db.collection('cities').find().sort({ _id: 1 }).toArray()).toEqual(before);
});

test('on-failure is stop unless something else is said, and a migration that changed nothing is no reason to go back', async () => {
  await using target = await freshDatabase('act');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  await using backups = await store();
  const run = (inputs: string, migration: string) =>
    runWorkflow({
      workflow: workflow(`mode: apply\nstore: ${backups.folder}\nrehearsal: none\n${inputs}`),
      files: { 'migrations/1-change.mjs': migration, 'mongo-release.yml': watched },
      secrets: { MONGODB_URI: target.uri },
    });
  const clean = await run('on-failure: rollback', 'export const up = async () => { throw new Error() };\n');
  expect(clean.succeeded).toBe(false);
  expect(clean.results).not.toHaveProperty('release/rollback');
  expect(clean.outputs.release).toMatchObject({ outcome: 'failed-clean' });

  const stopped = await run('', breakCities);
  expect(stopped.succeeded).toBe(false);
  expect(stopped.results, stopped.log).not.toHaveProperty('release/rollback');
  expect(stopped.outputs.release).toMatchObject({ outcome: 'failed-dirty', verified: 'false' });
  expect(await target.db.collection('cities').countDocuments({ broken: true })).toBe(cities.length);
});

/** A workflow that calls a reusable one. */
const call = (name: string, inputs: string) => `
on: push
permissions: {}
jobs:
  call:
    permissions:
      contents: read
      id-token: write
    uses: org/mongo-release-action/.github/workflows/${name}.yml@v1
    with:
      environment: production
${inputs.trim().replaceAll(/^ */gm, '      ')}
    secrets: inherit
`;

test('the reusable workflows: prepared by one job, applied by another, and taken back', async () => {
  await using target = await freshDatabase('act');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  await using backups = await store();
  const identity = await generateX25519Identity();
  const encrypted = `${watched}backup: { recipients: [${await identityToRecipient(identity)}] }\n`;
  const hooks = `hooks: { env: [DEPLOY_TOKEN], rollback-app: 'echo "$DEPLOY_TOKEN" > ${backups.folder}/deployed-before' }\n`;
  const files = { 'migrations/1-slug.mjs': addSlug, 'mongo-release.yml': encrypted + hooks };
  const secrets = { MONGODB_URI: target.uri, MONGO_RELEASE_IDENTITY: identity, DEPLOY_TOKEN: 'token-of-deploys' };
  const workflow = call(
    'release',
    `mode: apply\nstore: ${backups.folder}\ndeploy-command: echo "$DEPLOY_TOKEN" > ${backups.folder}/deployed`,
  );
  const released = await runWorkflow({ workflow, files, secrets });
  expect(released.succeeded, released.log).toBe(true);
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(cities.length);
  const deployed = (name: string) => readFile(join(backups.folder, name), 'utf8');
  expect(await deployed('deployed')).toBe('token-of-deploys\n');

  const back = await runWorkflow({
    workflow: call('rollback', `mode: apply\nstore: ${backups.folder}\nstrategy: restore\nreason: a test`),
    files,
    secrets,
  });
  expect(back.succeeded, back.log).toBe(true);
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(0);
  expect(await deployed('deployed-before')).toBe('token-of-deploys\n');
});

test('nobody has to approve where nothing is pending and nothing is deployed; a project of migrate-mongo can be production', async () => {
  await using target = await freshDatabase('act');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  await using backups = await store();
  const config = `module.exports = {
  mongodb: { url: process.env.MONGODB_URI }, migrationsDir: 'migrations', changelogCollectionName: 'changelog',
};`;
  const release = (deploy = '') =>
    runWorkflow({
      workflow: call('release', `mode: apply\ntarget-environment: production\nstore: ${backups.folder}\n${deploy}`),
      files: {
        'migrations/1-slug.js': addSlug.replaceAll('export const ', 'exports.'),
        'migrate-mongo-config.js': config,
      },
      secrets: { MONGODB_URI: target.uri },
    });
  const first = await release();
  expect(first.succeeded, first.log).toBe(true);
  expect(await target.db.collection('cities').countDocuments({ slug: { $exists: true } })).toBe(cities.length);
  const [record] = await target.db.collection('_mongo_release.releases').find({ kind: 'migrate' }).toArray();
  expect(record).toMatchObject({ environment: 'production' });

  const again = await release();
  expect(again.succeeded, again.log).toBe(true);
  // Only the second job takes a backup.
  expect(first.results).toHaveProperty('backup', 'success');
  expect(again.results).not.toHaveProperty('backup');
  const deploys = await release('deploy-command: echo deployed > deployed');
  expect(deploys.results).toHaveProperty('deploy', 'success');
  // Five jobs, one after the other.
}, 180_000);

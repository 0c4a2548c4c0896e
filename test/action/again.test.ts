import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDatabase } from '../setup/mongo.ts';
import { type Asked, runPart, type Step } from './part.ts';
import { addSlug, cities, makeProject } from './project.ts';

/** The steps that the job which applies is made of, as the action and the reusable workflow call them. */
const contract = `export const name = 'contract';
export const phase = 'after-deploy';
export const up = async ({ db }) => {
  if (await db.collection('stop').findOne({ at: 'after' })) throw new Error();
  await db.collection('cities').updateMany({}, { $unset: { name: '' } });
};\n`;

const config = `probes:
  - { name: nobody says stop, mongo: { collection: stop, filter: { at: verify }, count: 0 }, retries: 0 }
hooks: { rollback-app: 'echo app >> hooks.log' }
`;

async function prepared(migrations: Readonly<Record<string, string>>) {
  const target = await freshDatabase('again');
  await target.db.collection('cities').insertMany(structuredClone(cities));
  await target.db.createCollection('stop');
  const project = await makeProject({ ...migrations, 'mongo-release.yml': config });
  const common = { uri: target.uri, store: 'backups', environment: 'production' };
  const run = (part: string, inputs: Record<string, string> = {}, watch?: Asked['watch']) =>
    runPart(part, { cwd: project.folder, inputs: { ...common, ...inputs }, watch });
  const prepare = async () => {
    const digest = String((await run('plan')).outputs['plan-digest']);
    const { outputs } = await run('migrate', { mode: 'dry-run', digest });
    return { digest, 'release-id': String(outputs['release-id']) };
  };
  /** Until the deploy, which is somebody else's: with what the job that prepared has handed over. */
  const firstHalf = async (agreed: { digest: string; 'release-id': string }, watch?: Asked['watch']) => {
    const backup = await run('backup', { 'release-id': agreed['release-id'] });
    const inputs = { ...agreed, mode: 'apply', phase: 'before-deploy', backup: String(backup.outputs['backup-id']) };
    return run('migrate', inputs, watch);
  };
  const after = (agreed: object) => run('migrate', { ...agreed, mode: 'apply', phase: 'after-deploy' });
  const say = (at: string) => target.db.collection('stop').insertOne({ at });
  const sayNothing = () => target.db.collection('stop').deleteMany({});
  const hooks = () => readFile(join(project.folder, 'hooks.log'), 'utf8').catch(() => '');
  const dispose = async () => {
    await project[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  };
  return { ...{ target, run, prepare, firstHalf, after, say, sayNothing, hooks }, [Symbol.asyncDispose]: dispose };
}

const ok = (step: Step) => {
  expect(step.code, step.log).toBe(0);
  return step.outputs;
};

test('the job that applies, run again after a failure behind its deploy, goes on with its release', async () => {
  await using job = await prepared({ 'migrations/1-slug.mjs': addSlug, 'migrations/2-contract.mjs': contract });
  const agreed = await job.prepare();
  expect(ok(await job.firstHalf(agreed))).toMatchObject({ outcome: 'applied', applied: '1', pending: '1' });
  await job.say('after');
  expect((await job.after(agreed)).code).not.toBe(0);
  await job.sayNothing();

  const again = await job.firstHalf(agreed);
  expect(ok(again)).toMatchObject({
    outcome: 'applied',
    applied: '1',
    pending: '1',
    'release-id': agreed['release-id'],
  });
  // What was rehearsed as a whole is not rehearsed once more.
  expect(again.log).not.toContain('Rehearsal of');
  expect(ok(await job.after(agreed))).toMatchObject({ outcome: 'applied', applied: '2', pending: '0' });
  // All of it is there, and the probes failed: the same job once more.
  await job.say('verify');
  expect((await job.run('verify', agreed)).outputs).toMatchObject({ verified: 'false' });
  await job.sayNothing();
  expect(ok(await job.firstHalf(agreed))).toMatchObject({ outcome: 'applied', applied: '2', pending: '0' });
  expect(ok(await job.run('verify', agreed))).toMatchObject({ verified: 'true' });
  expect(await job.target.db.collection('_mongo_release.releases').countDocuments()).toBe(1);
}, 180_000);

test('all jobs, run again after a failure behind the deploy, make a release of the rest', async () => {
  await using job = await prepared({ 'migrations/1-slug.mjs': addSlug, 'migrations/2-contract.mjs': contract });
  const agreed = await job.prepare();
  ok(await job.firstHalf(agreed));
  const anew = await job.prepare();
  expect(anew.digest).not.toBe(agreed.digest);
  expect(ok(await job.firstHalf(anew))).toMatchObject({ outcome: 'nothing-to-do', applied: '0', pending: '1' });
  expect(ok(await job.after(anew))).toMatchObject({ outcome: 'applied', applied: '1', pending: '0' });
}, 180_000);

test('an application alone goes back too, once, and a release that was taken back is not verified', async () => {
  await using job = await prepared({ 'migrations/.gitkeep': '' });
  const agreed = await job.prepare();
  expect(ok(await job.firstHalf(agreed))).toMatchObject({ outcome: 'nothing-to-do', pending: '0' });
  await job.say('verify');
  expect((await job.run('verify', agreed)).outputs).toMatchObject({ verified: 'false' });
  await job.sayNothing();
  const rollback = () => job.run('rollback', { mode: 'apply', 'release-id': agreed['release-id'], reason: 'a test' });
  expect(ok(await rollback())).toMatchObject({ outcome: 'rolled-back' });
  expect(await job.hooks()).toBe('app\n');
  expect(ok(await rollback())).toMatchObject({ outcome: 'nothing-to-do' });
  expect(await job.hooks()).toBe('app\n');
  const verify = await job.run('verify', agreed);
  expect(verify.code, verify.log).toBe(8);
  expect(verify.outputs).toMatchObject({ outcome: 'failed-dirty', verified: 'false' });
  // Run again, it is deployed anew.
  ok(await job.firstHalf(agreed));
  expect(ok(await job.run('verify', agreed))).toMatchObject({ verified: 'true' });
}, 180_000);

test('run again after its runner was lost in a migration, and after a rollback, the job comes to the same end', async () => {
  const waits = `export const up = async (db) => {
  await db.collection('cities').updateMany({}, { $set: { seen: 1 } });
  while (await db.collection('stop').findOne({ at: 'wait' })) await new Promise((resolve) => setTimeout(resolve, 50));
  await db.collection('cities').updateMany({}, { $set: { slug: 1 } });
};\n`;
  await using job = await prepared({ 'migrations/1-waits.mjs': waits, 'migrations/2-contract.mjs': contract });
  const agreed = await job.prepare();
  await job.say('wait');
  let going = false;
  const lost = await job.firstHalf(agreed, (log, child) => {
    if (going || !log.includes('goes up')) return;
    going = true;
    setTimeout(() => child.kill('SIGKILL'), 1500);
  });
  expect(lost.code, lost.log).toBe(null);
  await job.sayNothing();
  const again = await job.firstHalf(agreed);
  expect(ok(again)).toMatchObject({
    outcome: 'applied',
    applied: '1',
    pending: '1',
    'release-id': agreed['release-id'],
  });
  expect(await job.target.db.collection('cities').countDocuments({ seen: 1, slug: 1 })).toBe(cities.length);

  ok(await job.run('rollback', { mode: 'apply', 'release-id': agreed['release-id'], reason: 'a test' }));
  expect((await job.after(agreed)).report).toMatchObject({ error: { code: 'TAKEN_BACK' } });
  expect(ok(await job.firstHalf(agreed))).toMatchObject({ outcome: 'applied', applied: '1', pending: '1' });
  expect(ok(await job.after(agreed))).toMatchObject({ outcome: 'applied', applied: '2', pending: '0' });
  expect(ok(await job.run('verify', agreed))).toMatchObject({ verified: 'true' });
}, 300_000);

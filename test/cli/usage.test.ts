import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectFailure, expectNoTrace, makeProject, migration, type Project } from './cli.ts';

/** Nothing listens there: what is wrong has to be found before anybody is asked. */
const nowhere = 'mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=300';
let project: Project;

beforeAll(async () => {
  project = await makeProject({ 'migrations/1-a.js': migration('') }, { MONGODB_URI: nowhere });
});
afterAll(() => project[Symbol.asyncDispose]());

describe('what was typed', () => {
  test.each([
    ['stauts', /no command "stauts".*Did you mean status\?/],
    ['plan --degest abc', /--degest is not an option of plan/],
    ['migrate --rehersal none', /--rehersal is not an option of migrate\. Did you mean --rehearsal\?$/],
    ['status --digest abc', /--digest is not an option of status/],
    ['restore', /restore needs BACKUP: mongo-release inspect lists/],
    ['backup --keep 3', /--keep is not an option of backup\. It is set in mongo-release\.yml: backup\.keep\.$/],
    ['status now', /does not know what to do with "now"/],
    ['migrate --wait soon', /--wait needs a length of time/],
    ['migrate --rehearsal ful', /--rehearsal is one of full, sample, none\. Did you mean full\?/],
    ['status --target', /--target needs a value/],
    ['migrate --apply --dry-run', /exclude each other/],
    ['migrate --to 1-a --name 1-a', /exclude each other/],
    ['plan --sarif', /--sarif needs a value/],
    ['migrate --apply --rehearsal', /--rehearsal needs a value: one of full, sample, none\./],
    ['migrate --apply --wait', /--wait needs a length of time such as 30s/],
    ['down --to 1-a 2', /exclude each other/],
    ['down --environment production', /needs a reason/],
    ['restore B --environment production --yes', /needs a reason/],
    ['status --target nowhere', /no target "nowhere"/],
    ['backup', /not said where backups are kept/],
    ['migrate --rehearsal none', /a dry run is a rehearsal/i],
  ])('%s is refused as usage, and says what to type', async (words, message) => {
    const ran = await project.run(`${words} --json`);
    expectFailure(ran, 2, 'USAGE', message);
    expect(ran.json.outcome).toBe('blocked');
  });

  test('everything that is wrong with it is said at once', async () => {
    const ran = await project.run('migrate --wiat 60s --rehearsal all --phase later --json');
    expectFailure(ran, 2, 'USAGE');
    for (const word of ['wiat', 'rehearsal', 'phase']) expect(ran.json.error.message).toContain(`--${word} `);
  });

  test('create writes a migration that plan can read', async () => {
    await using empty = await makeProject({});
    expectFailure(await empty.run('create --json'), 2, 'USAGE', /create needs NAME/);
    const ran = await empty.run(['create', 'Add slug to cities', '--json']);
    expect(ran.json, ran.stderr).toMatchObject({
      outcome: 'applied',
      file: expect.stringMatching(/^migrations\/\d{14}-add-slug-to-cities\.js$/),
    });
    expect(await empty.run('plan --offline --json')).toMatchObject({ code: 0, json: { pending: 'unknown' } });
  });

  test('the Markdown of an action goes to a file that is named, of a failure, too; one that cannot be written fails nothing', async () => {
    expect(await project.run('plan --offline --summary plan.md')).toMatchObject({ code: 0 });
    expect(await project.read('plan.md')).toMatch(/^## ℹ️ Plan\n\n\w/);
    const failed = await project.run('plan --summary failed.md --json');
    expectFailure(failed, 12, 'SERVER_UNREACHABLE');
    expect(await project.read('failed.md')).toContain('`SERVER_UNREACHABLE`');
    const nowhere = await project.run('plan --offline --summary no/plan.md');
    expect(nowhere).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/cannot be written to no\/plan\.md \(ENOENT\)/),
    });
  });

  test('help and version need nothing else', async () => {
    const [help, ofPlan, version, nothing] = await Promise.all(
      ['--help', 'plan --help', '--version', ''].map((words) => project.run(words === '' ? [] : words)),
    );
    expect(help?.stdout).toContain('mongo-release COMMAND');
    expect(ofPlan?.stdout).toContain('--sarif FILE');
    expect(version?.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(nothing?.stdout).toBe(help?.stdout);
    expect([help, ofPlan, version, nothing].map((ran) => ran?.code)).toEqual([0, 0, 0, 0]);
  });
});

describe('the configuration', () => {
  const configured = (text: string) => makeProject({ 'mongo-release.yml': text, 'migrations/1-a.js': migration('') });

  test('an unknown key is named with the nearest known one', async () => {
    await using project = await configured('migrations: { dri: other }\nbackups: { store: x }\n');
    const ran = await project.run('status --json');
    expectFailure(ran, 2, 'CONFIG_INVALID', /unknown key "dri"\. Did you mean dir\?/);
    expect(ran.json.error.message).toContain('unknown key "backups". Did you mean backup?');
  });

  test('what is no YAML is refused with its line', async () => {
    await using project = await configured('migrations:\n  dir: [a\nbackup: b\n');
    expectFailure(await project.run('status --json'), 2, 'CONFIG_INVALID', /mongo-release\.yml:\d+ is not YAML/);
  });

  test('a named file that is not there is refused', async () => {
    expectFailure(await project.run('status --json --config other.yml'), 2, 'CONFIG_NOT_FOUND', /other\.yml/);
  });

  test('of several targets one has to be named, and its variable set', async () => {
    await using project = await configured(
      'targets:\n  staging: { uri-env: URI_STAGING }\n  production: { uri-env: URI_PRODUCTION, environment: production }\n',
    );
    const env = { MONGODB_URI: nowhere };
    expectFailure(await project.run('status --json', env), 2, 'USAGE', /several targets: staging, production/);
    expectFailure(await project.run('status --json --target prodution', env), 2, 'USAGE', /Did you mean production\?/);
    const unset = await project.run('status --json --target staging', env);
    expectFailure(unset, 2, 'URI_MISSING', /URI_STAGING is not set/);
  });

  test('a folder of migrations that is not there is said with the folder', async () => {
    const ran = await project.run('plan --offline --json --migrations-dir nowhere');
    expectFailure(ran, 2, 'MIGRATIONS_DIR_MISSING', /nowhere does not exist/);
  });
});

describe('the address', () => {
  test.each([
    ['postgres://127.0.0.1/shop', 2, 'URI_INVALID'],
    ['127.0.0.1:27017/shop', 2, 'URI_INVALID'],
    ['mongodb://', 2, 'URI_INVALID'],
    ['mongodb://user:p@ss/w%rd@127.0.0.1:1/shop', 2, 'URI_INVALID'],
    ['mongodb://user:p@ss/half-of-it@127.0.0.1:1', 2, 'URI_INVALID'],
    ['mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=soon', 2, 'URI_INVALID'],
    ['mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300', 2, 'DATABASE_MISSING'],
    [nowhere, 12, 'SERVER_UNREACHABLE'],
  ])('%s ends with %i %s', async (uri, exit, code) => {
    const started = performance.now();
    const ran = await project.run('status --json', { MONGODB_URI: uri });
    expectFailure(ran, exit, code);
    expect(ran.stdout + ran.stderr).not.toMatch(/w%rd|half-of-it/);
    // The time that the connection string allows, and not the ten seconds of our own.
    expect(performance.now() - started).toBeLessThan(9000);
  });

  test('none at all is said with the variable to set', async () => {
    expectFailure(await project.run('status --json', { MONGODB_URI: '' }), 2, 'URI_MISSING', /MONGODB_URI is not set/);
  });
});

test('only --debug shows causes and stack traces', async () => {
  const plain = await project.run('status');
  const debug = await project.run('status --debug');
  expect([plain.code, debug.code]).toEqual([12, 12]);
  expectNoTrace(plain);
  expect(plain.stdout).toBe('');
  expect(debug.stderr).toMatch(/^\s+at /m);
  expect(debug.stderr).toContain('caused by');
});

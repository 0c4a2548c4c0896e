import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Asked, type Invocation, resolveInvocation } from '../../src/config/invocation.ts';
import { ReleaseError } from '../../src/observe/error.ts';
import { Secrets } from '../../src/observe/secrets.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'config-'));
});
afterEach(() => rm(cwd, { recursive: true }));

function ask(asked: Partial<Asked>): Promise<Invocation> {
  return resolveInvocation({
    command: 'status',
    arguments: [],
    raw: {},
    env: { MONGODB_URI: 'mongodb://h/shop' },
    cwd,
    secrets: new Secrets(),
    ...asked,
  });
}

async function refusal(asked: Partial<Asked>): Promise<ReleaseError> {
  const error = await ask(asked).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ReleaseError);
  return error as ReleaseError;
}

const config = (text: string) => writeFile(join(cwd, 'mongo-release.yml'), text);

describe('flags and inputs', () => {
  test('everything that is wrong is said at once', async () => {
    const error = await refusal({
      command: 'migrate',
      arguments: ['x'],
      raw: { wiat: '1m', wait: 'soon', apply: true, 'dry-run': true, rehearsal: 'ful' },
    });
    expect(error.exitCode).toBe(2);
    expect(error.message.split('\n')).toEqual(
      [
        '"wiat" is not an option of migrate. Did you mean "wait"?',
        '"rehearsal" is one of full, sample, none. Did you mean full?',
        '"wait" needs a length of time such as 30s or 10m.',
        'migrate does not know what to do with "x".',
        '"apply" and "dry-run" exclude each other.',
      ].sort((a, b) => error.message.indexOf(a) - error.message.indexOf(b)),
    );
  });

  test('how many writes may be lost is a number, or unknown', async () => {
    const asking = (text: string) => ({ command: 'rollback', raw: { 'accept-loss': text } }) as const;
    for (const text of ['abc', '-1', '1.5', '1,204', '1e3', 'unknown!'])
      expect((await refusal(asking(text))).message).toBe('"accept-loss" is a whole number, such as 120, or unknown.');
    for (const text of ['0', '120', 'unknown']) expect((await ask(asking(text))).flags['accept-loss']).toBe(text);
  });

  test('an empty variable is as good as none, and a flag goes before the environment', async () => {
    const MONGODB_URI = 'mongodb://h/d';
    const env = { MONGODB_URI, MONGO_RELEASE_STORE: 'a', MONGO_RELEASE_TARGET: ' ' };
    expect(await ask({ command: 'backup', env })).toMatchObject({ store: join(cwd, 'a'), target: { name: 'default' } });
    expect((await ask({ command: 'backup', raw: { store: 'b' }, env })).store).toBe(join(cwd, 'b'));
  });

  test('what applies something in a hook is a run of its own, unless a flag says otherwise; what asks about the release has its id', async () => {
    const env = { MONGODB_URI: 'mongodb://h/d', MONGO_RELEASE_ID: 'r1', MONGO_RELEASE_HOOK: 'deploy' };
    const idOf = async (...[asking]: Parameters<typeof ask>) => (await ask(asking)).flags['release-id'];
    expect(await idOf({ command: 'migrate', env })).toBeUndefined();
    expect(await idOf({ command: 'migrate', raw: { 'release-id': 'r2' }, env })).toBe('r2');
    expect(await idOf({ command: 'verify', env })).toBe('r1');
    expect(await idOf({ command: 'migrate', env: { ...env, MONGO_RELEASE_HOOK: undefined } })).toBe('r1');
  });

  test('a store is a folder of the working folder, unless it is an address, also one that lost a slash', async () => {
    const storeOf = async (store: string) => (await ask({ command: 'backup', raw: { store } })).store;
    expect(await storeOf('./a:b')).toBe(join(cwd, 'a:b'));
    for (const address of ['s3://shop/prod', 's3:/shop/prod']) expect(await storeOf(address)).toBe(address);
  });

  test('an empty flag or argument is refused, and never falls back to something else', async () => {
    await config('backup: { store: s, recipients: [age1] }');
    const raw = { into: '', only: [''], uri: ' ', reason: '', wait: '', strategy: '', yes: '', recipient: ', ' };
    const restoring = await refusal({ command: 'restore', arguments: [''], raw });
    expect(restoring).toMatchObject({ code: 'USAGE', exitCode: 2 });
    for (const name of ['into', 'only', 'uri', 'reason', 'wait'])
      expect(restoring.message).toContain(`"${name}" is empty: is the variable set`);
    expect(restoring.message).toContain('BACKUP is empty: is the variable set');
    expect(restoring.message).toContain('"yes" is true or false.');
    for (const recipient of [[''], ['age1x', ' '], '', ' , \n', true])
      expect((await refusal({ command: 'backup', raw: { recipient } })).message).toMatch(
        /^"recipient" (is empty|needs a value: KEY)/,
      );
    // Without the release that was meant, it would be the newest one.
    expect((await refusal({ command: 'rollback', arguments: [''] })).message).toMatch(/^RELEASE is empty/);
  });

  test('lists and durations become what they mean', async () => {
    const { flags } = await ask({ command: 'restore', arguments: ['b1'], raw: { only: ['a', 'b'], wait: '1.5m' } });
    expect(flags).toMatchObject({ only: ['a', 'b'], wait: 90_000 });
    // 4.1 * 60000 is 245999.99999999997, which no timer takes.
    expect((await ask({ command: 'migrate', raw: { wait: '4.1m' } })).flags.wait).toBe(246_000);
  });

  test('every address that was given is a secret from the beginning, also when something else is wrong', async () => {
    const secrets = new Secrets();
    await refusal({
      command: 'migrate',
      raw: { uri: 'mongodb://u:hunter2@h/d', rehearsal: 'ful' },
      env: { MONGO_RELEASE_SANDBOX_URI: 'mongodb://u:hunter3@h/d' },
      secrets,
    });
    expect(secrets.scrub('hunter2 hunter3')).toBe('*** ***');
  });
});

describe('the configuration file', () => {
  test('an unknown key is an error that names the nearest one', async () => {
    await config('migrations: { dri: m }\nprobs: []\nprobes: [{ name: a, mongo: { colection: x, count: 0 } }]');
    const error = await refusal({});
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('migrations: unknown key "dri". Did you mean dir?');
    expect(error.message).toContain('unknown key "probs". Did you mean probes?');
    expect(error.message).toContain('"colection". Did you mean collection?');
  });

  test('text that is no YAML is an error with its line and without its text', async () => {
    await config('a: 1\nb: [secret\nc: 2');
    const error = await refusal({});
    expect(error.message).toMatch(/mongo-release\.yml:\d+ is not YAML/);
    expect(error.message).not.toContain('secret');
  });

  test('an alias without its anchor is an error too', async () => {
    await config('probes: *nowhere');
    expect(await refusal({})).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('anchor') });
  });

  test('a time limit that no timer can count is refused, where it would end at once', async () => {
    await config('migrations: { time-limit: 30d }\nrehearsal: { max-age: 30d }');
    const error = await refusal({});
    expect(error.message.split('\n').slice(1)).toEqual(['  migrations.time-limit: a time limit is 24d or shorter']);
  });

  test('a file that it extends stands below it, key by key', async () => {
    await writeFile(join(cwd, 'org.yml'), 'lease: { ttl: 1m }\nbackup: { compression: gzip, store: org }');
    await config('extends: ./org.yml\nbackup: { store: own }');
    const { settings } = await ask({});
    expect(settings.lease.ttl).toBe(60_000);
    expect(settings.backup).toMatchObject({ compression: 'gzip', store: 'own' });
  });

  test('a circle of extends is refused', async () => {
    await config('extends: ./b.yml');
    await writeFile(join(cwd, 'b.yml'), 'extends: ./mongo-release.yml');
    expect((await refusal({})).code).toBe('CONFIG_INVALID');
  });

  test('a file that was named and is missing is an error', async () => {
    expect((await refusal({ raw: { config: 'none.yml' } })).code).toBe('CONFIG_NOT_FOUND');
  });
});

describe('the target', () => {
  const two =
    'targets:\n  staging: { uri-env: STAGING, environment: staging }\n  production: { uri-env: MONGODB_URI, read-uri-env: READ, environment: production, database: live }';
  const env = { STAGING: 'mongodb://staging/s', MONGODB_URI: 'mongodb://live/p', READ: 'mongodb://reader@live/p' };

  test("MONGODB_URI never stands in for another target's variable", async () => {
    await config(two);
    expect((await ask({ raw: { target: 'staging' }, env })).target).toMatchObject({
      uri: 'mongodb://staging/s',
      environment: 'staging',
    });
    const error = await refusal({ raw: { target: 'staging' }, env: { MONGODB_URI: env.MONGODB_URI } });
    expect(error).toMatchObject({ code: 'URI_MISSING', hint: expect.stringContaining('STAGING') });
  });

  test('with several, one has to be named', async () => {
    await config(two);
    expect((await refusal({ env })).message).toContain('staging, production');
    expect((await refusal({ env, raw: { target: 'prodution' } })).message).toContain('Did you mean production?');
    expect((await refusal({ env, raw: { target: 'constructor' } })).message).toContain('no target "constructor"');
  });

  test('the credential that reads comes along, and goes when another address is given', async () => {
    await config(two);
    expect((await ask({ raw: { target: 'production' }, env })).target?.readUri).toBe(env.READ);
    const other = await ask({ raw: { target: 'production', uri: 'mongodb://other/p' }, env });
    expect(other.target).toMatchObject({ uri: 'mongodb://other/p', readUri: undefined, database: 'live' });
  });

  test('what a target is, its name says where nothing else does; what sounds like production is never less by silence', async () => {
    const environmentOf = async (name: string, more = '', raw = {}) => {
      await config(`targets: { ${name}: { uri-env: MONGODB_URI${more} } }`);
      return (await ask({ raw, env })).target?.environment;
    };
    for (const name of ['local', 'development', 'staging', 'production']) expect(await environmentOf(name)).toBe(name);
    expect(await environmentOf('shop')).toBe('development');
    expect(await environmentOf('production', ', environment: staging')).toBe('staging');
    for (const name of ['prod', 'eu-production', 'shop-live', 'prd-1']) {
      await expect(environmentOf(name)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        hint: expect.stringContaining(`targets.${name}.environment: production`),
      });
      expect(await environmentOf(name, ', environment: staging')).toBe('staging');
      expect(await environmentOf(name, '', { environment: 'production' })).toBe('production');
    }
    expect(await environmentOf('delivery')).toBe('development');
  });

  test('an address that is none is refused without being shown', async () => {
    const error = await refusal({ env: { MONGODB_URI: 'postgres://me:hunter2@h/d' } });
    expect(error.code).toBe('URI_INVALID');
    expect(error.message + error.hint).not.toContain('hunter2');
  });

  test('no address at all names the variable to set', async () => {
    expect(await refusal({ env: {} })).toMatchObject({
      code: 'URI_MISSING',
      exitCode: 2,
      hint: expect.stringContaining('MONGODB_URI'),
    });
  });
});

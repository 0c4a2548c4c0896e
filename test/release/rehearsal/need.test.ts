import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeed, fittingLevel, mayNotFit } from '../../../src/release/rehearsal/need.ts';
import { freeForSandbox } from '../../../src/sandbox/room.ts';
import { dockerStandIn } from '../../sandbox/docker-stand-in.ts';
import { lab, realMongod } from '../../sandbox/lab.ts';
import { uriOf } from '../../setup/mongo.ts';

const need = { leastBytes: 2e9, diskBytes: 4e9, freeBytes: 1e9, seconds: 90, basis: '900.0 MB of documents' };
const byDefault = { level: 'full', byFlag: false } as const;

test('what does not fit becomes a sample, unless all of it was asked for by name', () => {
  expect(fittingLevel(byDefault, need)).toBe('sample');
  expect(() => fittingLevel({ level: 'full', byFlag: true }, need)).toThrow(
    expect.objectContaining({ code: 'SANDBOX_TOO_SMALL', exitCode: 5, details: { needed: 2e9, free: 1e9 } }),
  );
});

test('where not even an empty sandbox fits, neither does a sample', () => {
  const tiny = { ...need, freeBytes: 150e6 };
  for (const asked of [byDefault, { level: 'sample', byFlag: true } as const])
    expect(() => fittingLevel(asked, tiny)).toThrow(
      expect.objectContaining({ code: 'SANDBOX_TOO_SMALL', details: { needed: 350e6, free: 150e6 } }),
    );
});

test('what fits, and what nobody can tell, is rehearsed as it was asked for', () => {
  expect(fittingLevel(byDefault, { ...need, freeBytes: 3e9 })).toBe('full');
  expect(mayNotFit({ ...need, freeBytes: 3e9 })).toBe(true);
  expect(mayNotFit({ ...need, freeBytes: 5e9 })).toBe(false);
  expect(fittingLevel(byDefault, { ...need, freeBytes: null })).toBe('full');
  expect(fittingLevel(byDefault, undefined)).toBe('full');
  expect(fittingLevel({ level: 'sample', byFlag: true }, need)).toBe('sample');
});

test('the need is said with what is free, and where that is unknown', () => {
  expect(describeNeed(need)).toBe(
    'A full rehearsal needs 2.0 GB to 4.0 GB of disk (1.0 GB are free) and about 1 min 30 s on an idle machine, longer on a busy one (900.0 MB of documents).',
  );
  expect(describeNeed({ ...need, freeBytes: null })).toContain('nobody can tell');
  expect(describeNeed(undefined)).toContain('is unknown');
});

test('what is free is asked where the sandbox will keep its data', async () => {
  await using place = await lab();
  const near = async (folder: string, free: number | null) => {
    const { bavail, bsize } = await statfs(folder);
    expect(Math.abs((free ?? Number.NaN) - bavail * bsize)).toBeLessThan(5e9);
  };
  const mongod = await realMongod();
  await near(place.tmpdir, await freeForSandbox(place.options({ mongod })));
  // Docker's storage, of which only its engine knows where it is.
  const docker = await dockerStandIn(place.folder, mongod);
  expect(await freeForSandbox(place.options({}, { path: docker.path, tmpdir: join(place.folder, 'none') }))).toBe(null);
  expect((await docker.calls()).map(([command]) => command)).toEqual(['info']);
  // Of a server that is named it says itself.
  expect(await freeForSandbox(place.options({ sandboxUri: uriOf('') }))).toBeGreaterThan(0);
  expect(
    await freeForSandbox(place.options({ sandboxUri: 'mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50' })),
  ).toBe(null);
});

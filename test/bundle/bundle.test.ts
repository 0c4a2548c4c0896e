import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const bin = join(root, 'bin', 'mongo-release.js');

test('the command starts with less than 300 ms of work', () => {
  // Not the time that it takes: other tests run beside this one.
  const tells =
    "process.on('exit', () => { const { user, system } = process.cpuUsage(); console.error(user + system); });";
  const args = ['--import', `data:text/javascript,${encodeURIComponent(tells)}`, bin, '--version'];
  const times = Array.from({ length: 7 }, () => {
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    return Number(stderr) / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(300);
});

test('an older Node is told in a sentence, and not by a syntax error', () => {
  const older = `data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '14.21.3' } });",
  )}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', older, bin, 'status', '--json', '--uri=mongodb://me:secret@host', '--reason', "it's late"],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(2);
  expect(stderr).toContain('needs Node 24 or newer; this is Node 14.21.3.');
  expect(stderr).toMatch(/npx --yes node@24 \S+mongo-release\.js status --json --uri=URI --reason 'it'\\''s late'$/m);
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, error: { code: 'RUNTIME_TOO_OLD' } });
});

test('the bundle carries the licences of its packages, and no path of the machine that built it', async () => {
  const dist = join(root, 'dist');
  const files = await readdir(dist);
  const licences = await readFile(join(dist, 'licenses.txt'), 'utf8');
  for (const name of ['mongodb', 'bson', 'zod', 'yaml', '@actions/core'])
    expect(licences).toMatch(new RegExp(`^${name}$`, 'm'));
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const text = await readFile(join(dist, file), 'utf8');
    expect(text.includes(root), file).toBe(false);
  }
});

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, test } from 'vitest';
import { parseIdentities, type RunKeys, withOwnKey } from '../../src/backup/keys.ts';
import { encodeManifest } from '../../src/backup/manifest.ts';
import { verifyBackup } from '../../src/backup/verify.ts';
import { Secrets } from '../../src/observe/secrets.ts';
import { installTime, tool } from '../setup/tools.ts';
import { type Lab, lab, verifiedTotals } from './backing-up.ts';

const run = promisify(execFile);
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const stranger = await generateX25519Identity();

async function encryptedBackup(at: Lab, keys: RunKeys = { recipients: [recipient], identities: [] }) {
  await at.db.collection('places').insertMany([{ city: 'a' }, { city: 'b' }]);
  const { manifest } = await at.backup({ keys });
  return { manifest, file: path.join(at.store.location, manifest.archive.file) };
}

test('only who has the identity can read the archive; the manifest says to whom it was encrypted', async () => {
  await using at = await lab();
  const { manifest, file } = await encryptedBackup(at);
  expect(manifest).toMatchObject({ encryption: { format: 'age', recipients: [recipient] } });
  expect(manifest.archive.file).toMatch(/\.archive\.zst\.age$/);
  expect((await readFile(file)).subarray(0, 21).toString()).toBe('age-encryption.org/v1');
  expect(await verifiedTotals(at.store, manifest.id, { identities: [stranger, identity] })).toMatchObject({
    documents: 2,
  });
  await expect(verifyBackup(at.store, manifest.id)).rejects.toMatchObject({ code: 'IDENTITY_MISSING', exitCode: 2 });
  await expect(verifyBackup(at.store, manifest.id, { identities: [stranger] })).rejects.toMatchObject({
    code: 'IDENTITY_WRONG',
    exitCode: 11,
    hint: expect.stringContaining(recipient),
  });
});

test(
  'the age tool opens an archive, and it is the one that would have been written without encryption',
  async () => {
    await using at = await lab();
    const { file } = await encryptedBackup(at);
    const key = path.join(at.store.location, 'key.txt');
    await writeFile(key, `# a comment\n${identity}\n`);
    const { stdout } = await run(await tool('age'), ['-d', '-i', key, file], { encoding: 'buffer' });
    const plain = await at.backup();
    expect(stdout).toEqual(await readFile(path.join(at.store.location, plain.manifest.archive.file)));
  },
  installTime,
);

test('every flipped byte of an encrypted file is damage, never a wrong key, and without a key it is refused too', async () => {
  await using at = await lab();
  const { manifest, file } = await encryptedBackup(at);
  const bytes = await readFile(file);
  const verdict = (identities: string[]) =>
    verifyBackup(at.store, manifest.id, { identities }).then(
      () => 'good',
      ({ code }) => code,
    );
  for (let position = 0; position < bytes.length; position += 3) {
    const flipped = Buffer.from(bytes);
    flipped[position]! ^= 1 << (position % 8);
    await writeFile(file, flipped);
    expect(`${position} ${await verdict([identity])}`).toBe(`${position} ARCHIVE_DAMAGED`);
  }
  // Also where somebody made the manifest fit.
  for (let position = 0; position < bytes.length; position += 37) {
    const flipped = Buffer.from(bytes);
    flipped[position]! ^= 1;
    await writeFile(file, flipped);
    const archive = { ...manifest.archive, sha256: createHash('sha256').update(flipped).digest('hex') };
    await writeFile(
      path.join(at.store.location, `${manifest.id}.manifest.json`),
      encodeManifest({ ...manifest, archive }),
    );
    expect(['ARCHIVE_DAMAGED', 'IDENTITY_WRONG']).toContain(await verdict([identity]));
  }
});

test('the run that took a backup reads it with a key of its own, of the same strength', async () => {
  await using at = await lab();
  const keys = await withOwnKey({ recipients: [recipient], identities: [] });
  const { manifest } = await encryptedBackup(at, keys);
  expect(manifest.encryption?.recipients).toEqual([recipient]);
  expect(await verifiedTotals(at.store, manifest.id, keys)).toMatchObject({ documents: 2 });
  const strong = await identityToRecipient(await generateHybridIdentity());
  const { ownRecipient } = await withOwnKey({ recipients: [strong], identities: [] });
  expect(ownRecipient).toMatch(/^age1pq1/);
  expect(await withOwnKey({ recipients: [], identities: [] })).toEqual({ recipients: [], identities: [] });
});

test('what is no recipient is refused before anything is read, and a private key in its place is not shown', async () => {
  await using at = await lab();
  for (const wrong of [identity, 'age1abc', 'ssh-ed25519 AAAA']) {
    const refused = at.backup({ keys: { recipients: [wrong], identities: [] } });
    await expect(refused).rejects.toMatchObject({ code: 'RECIPIENT_INVALID', exitCode: 2 });
    await expect(refused).rejects.not.toThrow(/SECRET/);
  }
  expect(await at.stored()).toEqual([]);
});

test('identities are read from a key file, and are secrets from then on', async () => {
  const secrets = new Secrets();
  const text = `# created: 2026-03-01\n# public key: ${recipient}\n${identity}\r\n\n`;
  expect(await parseIdentities(text, 'The variable KEY', secrets)).toEqual([identity]);
  expect(secrets.scrub(`it is ${identity}`)).not.toContain(identity);
  for (const wrong of ['', '# nothing', recipient, `${identity} x`, './key.txt'])
    await expect(parseIdentities(wrong, 'The variable KEY', secrets)).rejects.toMatchObject({
      code: 'IDENTITY_INVALID',
      message: 'The variable KEY holds no identity of age.',
      hint: expect.stringContaining('named with --identity FILE'),
    });
  const torn = parseIdentities(`${identity}\n${identity.slice(0, -3)}`, 'The variable KEY', secrets);
  await expect(torn).rejects.toMatchObject({
    code: 'IDENTITY_INVALID',
    message: 'The variable KEY holds an identity of age that is not whole.',
  });
});

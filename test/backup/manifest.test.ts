import { expect, test } from 'vitest';
import { isBackupId, newBackupId } from '../../src/backup/backup-id.ts';
import {
  encodeManifest,
  type Manifest,
  manifestTotals,
  parseManifest,
  withArchive,
} from '../../src/backup/manifest.ts';
import { sampleManifest, sampleSnapshot } from './sample-manifest.ts';

const refusal = (text: string, id = 'b1') => {
  try {
    parseManifest(text, id);
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test('a manifest is read as it was written', () => {
  const manifest = sampleManifest();
  expect(parseManifest(encodeManifest(manifest), 'b1')).toEqual(manifest);
  expect(manifestTotals(manifest)).toEqual({ documents: 3, bytes: 100 });
});

test('the manifest of a snapshot in Atlas is one too, and says so where an archive is needed', () => {
  const manifest = sampleSnapshot();
  expect(parseManifest(encodeManifest(manifest), 'b1')).toEqual(manifest);
  expect(withArchive(sampleManifest())).toEqual(sampleManifest());
  expect(() => withArchive(manifest)).toThrow(expect.objectContaining({ code: 'ARCHIVE_NEEDED', exitCode: 2 }));
  // What says neither of an archive nor of a snapshot is a backup of nothing.
  const { atlas: _, ...nothing } = manifest;
  expect(refusal(encodeManifest(nothing as Manifest))).toBe('MANIFEST_DAMAGED');
  expect(refusal(encodeManifest({ ...manifest, engine: 'built-in' } as unknown as Manifest))).toBe('MANIFEST_DAMAGED');
});

test('every changed byte of a manifest is noticed', () => {
  const bytes = Buffer.from(encodeManifest(sampleManifest()));
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [0x01, 0x80]) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= mask;
      expect(`${at} ${refusal(changed.toString())}`).toBe(`${at} MANIFEST_DAMAGED`);
    }
  }
});

test('what is no manifest, of a newer schema or of another backup is refused', () => {
  expect(refusal('')).toBe('MANIFEST_DAMAGED');
  expect(refusal('null')).toBe('MANIFEST_DAMAGED');
  expect(refusal('[]')).toBe('MANIFEST_DAMAGED');
  expect(refusal(encodeManifest(sampleManifest()), 'b2')).toBe('MANIFEST_DAMAGED');
  const newer = encodeManifest({ ...sampleManifest(), schemaVersion: 2 } as unknown as Manifest);
  expect(() => parseManifest(newer, 'b1')).toThrow(/newer version/);
  const { position: _, ...incomplete } = sampleManifest();
  expect(() => parseManifest(encodeManifest(incomplete as Manifest), 'b1')).toThrow(/position/);
});

test('an id sorts by time, names its target and is a file name', () => {
  const id = newBackupId('Prod/ä …', new Date('2026-03-01T10:15:00.123Z'));
  expect(id).toMatch(/^20260301T101500Z-prod-[0-9a-f]{6}$/);
  expect(isBackupId(id)).toBe(true);
  for (const text of ['', '.', '..', '../x', 'a/b', 'a\\b', '.hidden', 'a b']) expect(isBackupId(text)).toBe(false);
});

import { MongoServerError } from 'mongodb';
import { expect, test } from 'vitest';
import { ReleaseError } from '../../../src/observe/error.ts';
import type { ErrorCode } from '../../../src/observe/error-codes.ts';
import { isUnrestorable } from '../../../src/release/drill/unrestorable.ts';

const manifest = { server: { version: '7.0.2', kind: 'replica-set' } } as const;
const shows = (code: ErrorCode, sandbox?: string, number?: number) =>
  isUnrestorable(
    new ReleaseError(code, 'm', { hint: 'h', cause: new MongoServerError({ message: 'm', code: number }) }),
    manifest,
    sandbox,
  );

test('what the server refuses of a backup, or no key opens, is the backup; what the sandbox is short of is not', () => {
  expect(shows('IDENTITY_WRONG')).toBe(true);
  expect(shows('RESTORE_FAILED', '7.0.9', 11000)).toBe(true);
  expect(shows('RESTORE_FAILED', '7.0.9', 14031)).toBe(false);
  expect(shows('BACKUP_INCOMPATIBLE', '7.0.9')).toBe(true);
  expect(shows('BACKUP_INCOMPATIBLE', '6.0.5')).toBe(false);
  for (const code of ['SANDBOX_UNAVAILABLE', 'STORE_FAILED', 'SERVER_UNREACHABLE', 'IDENTITY_MISSING'] as const)
    expect(shows(code, '7.0.9')).toBe(false);
});

import { randomBytes } from 'node:crypto';

/** Such as `20260301T101500Z-production-9f3a1c`: sorts by time, names its target, and is a safe file name. */
export function newBackupId(target: string, now = new Date()): string {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return [time, wordOf(target), randomBytes(3).toString('hex')].filter((part) => part !== '').join('-');
}

/** Whether `newBackupId` made this id for this target: all that a backup says of itself whose manifest cannot be read. */
export function backupIdNames(id: string, target: string): boolean {
  const [, word = ''] = /^\d{8}T\d{6}Z-(?:(.*)-)?[0-9a-f]{6}$/.exec(id) ?? [undefined, '?'];
  return word === wordOf(target);
}

function wordOf(target: string): string {
  return target
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
}

/** Whether the text can be a backup's id; anything else may not become part of a path. */
export function isBackupId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,120}$/.test(text);
}

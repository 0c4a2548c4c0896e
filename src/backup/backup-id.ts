import { randomBytes } from 'node:crypto';

/** Such as `20260301T101500Z-production-9f3a1c`: sorts by time, names its target, and is a safe file name. */
export function newBackupId(target: string, now = new Date()): string {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const name = target
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  return [time, name, randomBytes(3).toString('hex')].filter((part) => part !== '').join('-');
}

/** Whether the text can be a backup's id; anything else may not become part of a path. */
export function isBackupId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,120}$/.test(text);
}

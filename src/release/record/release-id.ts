import { randomBytes } from 'node:crypto';

/** Such as `20261121-031502-9f3ac1`: sorts by time, and two at the same second differ. */
export function newReleaseId(now = new Date()): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${randomBytes(3).toString('hex')}`;
}

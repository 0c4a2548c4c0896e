import type { LeaseHolder } from '../migration/lease/record.ts';
import type { LeaseFacts } from '../migration/lease/state.ts';
import type { LeaseStatus } from './status.ts';

/** A lease as reports tell of it. */
export function leaseStatus({ holder, fence, expiresAt }: LeaseFacts): LeaseStatus {
  return { owner: ownerOf(holder), fence, expiresAt, releaseId: holder?.releaseId };
}

function ownerOf(holder: LeaseHolder | undefined): string {
  if (holder === undefined) return 'unknown';
  const { actor, host, pid, command } = holder;
  return `${actor === undefined ? '' : `${actor} on `}${host}, process ${pid}, ${command}`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { serverCode, serverCodes } from './server-code.ts';

/** Of what frees a name before what takes it, so that they come to the server in this order, in milliseconds. */
const headStartMs = 2;

/**
 * Frees a name and takes it. Both are on their way at once: were the answer to the first waited for, an application that
 * writes would make the name its own meanwhile, above all where the server is far or a majority has to have it.
 *
 * False where somebody has made the name anew all the same: then only the first was done. Throws what the first throws,
 * whether or not the second was done, or else what the second throws. The first need not wait for a majority: one that has
 * the second has this one.
 */
export async function takeName(free: () => Promise<unknown>, take: () => Promise<unknown>): Promise<boolean> {
  const freed = free();
  freed.catch(() => {});
  await Promise.race([freed, sleep(headStartMs)]);
  const [before, taken] = await Promise.allSettled([freed, take()]);
  if (before.status === 'rejected') throw before.reason;
  if (taken.status === 'fulfilled') return true;
  if (serverCode(taken.reason) !== serverCodes.NamespaceExists) throw taken.reason;
  return false;
}

import type { Document } from 'mongodb';
import type { RawClient } from '../raw.ts';

/** What a command of the server's administration came back with; `refused`: this user, or this server, has it not. */
export type Answer = { readonly state: 'answered'; readonly document: Document } | { readonly state: 'refused' };

/** A server that is too busy to answer within this is asked again later. Milliseconds. */
const patienceMs = 5000;

/** Unauthorized, CommandNotFound (mongos has no replSetGetStatus), NoReplicationEnabled, AtlasError. */
const refusals = new Set([13, 59, 76, 8000]);

/** Rejects where the server did not answer in time, or with another error. */
export async function askAdmin(client: RawClient, command: Document): Promise<Answer> {
  const asked = client.db('admin').command(command, { readPreference: 'primary' });
  const patience = Promise.withResolvers<never>();
  const timer = setTimeout(() => patience.reject(new Error('no answer in time')), patienceMs);
  timer.unref();
  try {
    return { state: 'answered', document: await Promise.race([asked, patience.promise]) };
  } catch (error) {
    if (refusals.has(Number((error as { code?: unknown }).code))) return { state: 'refused' };
    throw error;
  } finally {
    clearTimeout(timer);
    asked.catch(() => {});
  }
}

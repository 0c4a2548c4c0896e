import { listed } from '../../migration/files/find.ts';
import type { Connection } from '../../mongo/connect.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import { namesOf, type Run } from '../run.ts';
import type { RestoredFrom } from './restored-from.ts';

/** Whether collections that are not in the archive stay: one that may be of a part of the database says nothing of the rest. */
export function keepsAdded({ invocation: { flags } }: Run, { whole }: RestoredFrom): boolean {
  return flags['keep-added'] ?? !whole;
}

/** A sentence for the question that names what a restore would remove; empty where that is nothing. */
export async function whatItRemoves(run: Run, connection: Connection, from: RestoredFrom): Promise<string> {
  if (run.invocation.flags.only !== undefined) return '';
  if (keepsAdded(run, from)) return ' What it does not hold stays.';
  const removed = await addedSince(run, connection, from);
  return removed.length === 0 ? '' : ` What it does not hold is removed: ${listed(removed, 20)}.`;
}

/** Collections of the database that the archive does not hold, sorted; the server's own are left out. */
export async function addedSince(run: Run, { db }: Connection, { collections }: RestoredFrom): Promise<string[]> {
  const own = namesOf(run);
  const archived = new Set(collections.map(({ collection }) => collection));
  const present = await db
    .listCollections({}, { nameOnly: true })
    .toArray()
    .catch((error: unknown) => {
      throw asServerFailure(error, 'listing collections');
    });
  return present
    .map(({ name }) => name)
    .filter((name) => !archived.has(name) && !own.owns(name) && !name.startsWith('system.'))
    .sort();
}

/** What is said where collections were kept that nobody has asked to keep; undefined where there are none. */
export function keptUnasked(run: Run, from: RestoredFrom, kept: readonly string[]): string | undefined {
  // The server drops no `system.js`.
  const names = kept.filter((name) => name !== 'system.js');
  if (from.whole || run.invocation.flags['keep-added'] !== undefined || names.length === 0) return undefined;
  return `${from.id} does not say whether it is of the whole database, so the collections that it does not hold were kept: ${listed(names)}. With --no-keep-added they are removed.`;
}

import type { Connection } from '../mongo/connect.ts';
import { asServerFailure } from '../mongo/server-error.ts';
import { formatTime } from '../report/format.ts';
import { type KeptAside, RollbackRecords } from './record/rollback-records.ts';
import { namesOf, type Run } from './run.ts';

/** Of all restores and rollbacks on record, what nobody has dropped since, the oldest first. Throws what `asServerFailure` makes of a server's failure. */
export async function readKeptAside(run: Run, { db }: Connection): Promise<KeptAside[]> {
  try {
    const kept = await new RollbackRecords(db, run).keptAside();
    if (kept.length === 0) return [];
    const filter = { name: { $in: kept.map(({ tombstone }) => tombstone) } };
    const listed = await db.listCollections(filter, { nameOnly: true }).toArray();
    const there = new Set(listed.map(({ name }) => name));
    return kept.filter(({ tombstone }) => there.has(tombstone) && namesOf(run).owns(tombstone));
  } catch (error) {
    throw asServerFailure(error, 'looking for what restores have kept aside');
  }
}

/** In one sentence for all of them, with the lines that drop them; none where there are none. */
export function keptAsideWarnings(kept: readonly KeptAside[]): string[] {
  const [oldest] = kept;
  if (oldest === undefined) return [];
  const all = kept.map((one) => `${whatItIs(one)} as ${one.tombstone}`).join(', ');
  const drops = kept.map(({ tombstone }) => `db.getCollection('${tombstone}').drop()`).join('; ');
  const expiring = kept.filter((one) => one.expiring !== undefined).map(({ tombstone }) => tombstone);
  const but = expiring.length === 0 ? '' : `, but documents go on expiring in ${expiring.join(', ')}`;
  return [
    `Kept aside by a restore for what users wrote meanwhile, since ${formatTime(oldest.since)}: ${all}. Nothing removes it${but}: put back what is missing, then drop it in mongosh: ${drops}`,
  ];
}

function whatItIs({ name, writes }: KeptAside): string {
  return writes === undefined ? `what users made as ${name} while that was replaced` : `${name} of before`;
}

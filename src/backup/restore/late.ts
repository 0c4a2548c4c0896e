import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { writesUntilMoved } from '../../mongo/writes-until-moved.ts';
import { asSeen, expiryInWords } from './put-aside.ts';
import type { Counted, KeptForWrites, SwapStep, WrittenTo } from './record.ts';

/** What users wrote that a restore does not bring back, by the time that the last collection is replaced. */
export interface Lost {
  /** As `Counted` has it. */
  readonly since: string;
  /** Undefined where nobody can tell what came after the last count, and it is not kept. */
  readonly collections?: readonly WrittenTo[];
  /** Time series that were replaced: no change stream tells of writes to them. */
  readonly notCounted: readonly string[];
  /** What of it stays, since it is more than was agreed to: collections that were replaced, with all that was in them. */
  readonly kept: readonly KeptForWrites[];
}

/**
 * Users write until the moment in which a collection is replaced, after the last count too: by now they cannot any more,
 * so this is all. Where it is more than was agreed to, what they wrote to after the last count is to be kept. Only reads.
 * Throws the driver's errors; may be repeated.
 */
export async function lookForLate(
  { db }: Connection,
  own: OwnNames,
  { upTo, since, agreed, collections }: Counted,
  steps: readonly SwapStep[],
): Promise<Lost> {
  const there = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
  // What users themselves dropped or wrote anew before its turn is no loss, and who has its name now is the restored one.
  const moves = new Map([...movedBy(own, steps)].filter(([, tombstone]) => there.has(tombstone)));
  const late = await writesUntilMoved(db, upTo, moves);
  const all = inAll(
    collections,
    [...(late ?? [])].map(([collection, writes]) => ({ collection, writes })),
  );
  const total = all.reduce((sum, { writes }) => sum + writes, 0);
  const kept: KeptForWrites[] = [];
  if (agreed !== null && (late === undefined || total > agreed))
    for (const [name, tombstone] of moves) {
      const writes = late === undefined ? 'unknown' : (late.get(name) ?? 0);
      if (writes === 0) continue;
      const { expiry } = steps.find((step) => step.name === name)?.old ?? {};
      kept.push(await asSeen<KeptForWrites>(db, { name, tombstone, writes, expiry }));
    }
  const known = late !== undefined || agreed !== null;
  const notCounted = steps.filter(({ old }) => old?.type === 'timeseries').map(({ name }) => name);
  return { since, ...(known && { collections: all }), notCounted, kept };
}

/** Each collection once, with its writes of both counts, the most first. */
export function inAll(counted: readonly WrittenTo[], more: readonly WrittenTo[]): WrittenTo[] {
  const all = new Map<string, number>();
  for (const { collection, writes } of [...counted, ...more]) all.set(collection, (all.get(collection) ?? 0) + writes);
  return [...all].map(([collection, writes]) => ({ collection, writes })).sort((a, b) => b.writes - a.writes);
}

/** In sentences. */
export function keptInWords({ name, tombstone, writes, ...expiry }: KeptForWrites): string {
  const came =
    writes === 'unknown'
      ? `What users wrote to ${name} after the last count, and before it was replaced, could not be counted`
      : `After the last count, and before it was replaced, ${name} was written to, more than was agreed to (writes: ${writes})`;
  return `${came}: the ${name} of before is kept as ${tombstone}.${expiryInWords(expiry)} Look with db.getCollection('${tombstone}').find(), put back what is missing, then drop it.`;
}

/** By its name the tombstone of each collection that these steps replace. */
export function movedBy(own: OwnNames, steps: readonly SwapStep[]): Map<string, string> {
  const moves = steps.flatMap(({ name, old }): [string, string][] =>
    old?.type === 'collection' && old.uuid !== undefined ? [[name, own.dropped(old.uuid)]] : [],
  );
  return new Map(moves);
}

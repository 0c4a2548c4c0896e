import type { Attempt } from '../../migration/journal/documents.ts';
import { readCurrent } from '../../migration/undo/current.ts';
import { readForwards } from '../../migration/undo/read.ts';
import { type Difference, describeDifference } from '../../mongo/compare.ts';
import type { Connection } from '../../mongo/connect.ts';
import { differingFields } from '../../mongo/differing-fields.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import { shownId } from '../../mongo/shown-id.ts';

const mostIds = 3;
const mostFields = 5;
/** Of a collection: those that are looked at until enough are found. */
const mostLookedAt = 100_000;

/**
 * Differences for people: of documents with the first ones that are not what they were before these attempts, and in which
 * fields. Those that the journal has no images of it does not know. Throws the driver's errors.
 */
export async function describeWith(
  connection: Connection,
  own: OwnNames,
  attempts: readonly Attempt[],
  differences: readonly Difference[],
): Promise<string[]> {
  return await Promise.all(
    differences.map(async (difference) => {
      const text = describeDifference(difference);
      if (difference.kind !== 'documents' && difference.kind !== 'count') return text;
      const { ids, fields } = await whichDiffer(connection, own, attempts, difference.collection);
      if (ids.length === 0) return text;
      const where = fields.length === 0 ? '' : `, in ${fields.slice(0, mostFields).join(', ')}`;
      return `${text}, among them ${ids.join(', ')}${where}`;
    }),
  );
}

async function whichDiffer({ db, client }: Connection, own: OwnNames, attempts: readonly Attempt[], name: string) {
  const met = new Set<string>();
  const ids: string[] = [];
  const fields = new Set<string>();
  const found = () => ({ ids, fields: [...fields] });
  for (const attempt of attempts) {
    for await (const step of readForwards(db, own, attempt)) {
      if (step.kind === 'entry' || step.namespace.collection !== name) continue;
      // What a document was before all of them, its first image says.
      const first = step.images.filter(({ before, after }) => isNew(met, before ?? after));
      const documents = first.flatMap(({ before, after }) => before ?? after ?? []);
      const current = await readCurrent(client, step.namespace, documents);
      for (const { before, after } of first) {
        const known = before ?? after;
        const now = known && current.get(idKey(known));
        const differing = before && now ? differingFields(before, now) : [];
        if (known === undefined || (before && now ? differing.length === 0 : before === now)) continue;
        ids.push(shownId(known));
        for (const { path } of differing) fields.add(path);
        if (ids.length === mostIds) return found();
      }
      if (met.size > mostLookedAt) return found();
    }
  }
  return found();
}

function isNew(met: Set<string>, document: Uint8Array | undefined): boolean {
  if (document === undefined) return false;
  const key = idKey(document);
  if (met.has(key)) return false;
  met.add(key);
  return true;
}

import type { Db } from 'mongodb';
import { dataNamespace } from '../../backup/archive/format.ts';
import type { ManifestNamespace } from '../../backup/manifest.ts';
import { asServerFailure } from '../../mongo/server-error.ts';
import type { DrillCount } from './result.ts';

/**
 * Reads every restored document once more and counts documents and bytes, beside what the manifest says. Of views there
 * is nothing to count; of a time series its buckets are, as in the manifest. Throws `asServerFailure`'s errors.
 */
export async function countRestored(db: Db, namespaces: readonly ManifestNamespace[]): Promise<DrillCount[]> {
  const counts: DrillCount[] = [];
  for (const { name, type, count, bytes } of namespaces) {
    if (type === 'view') continue;
    const { collection } = dataNamespace({ db: db.databaseName, collection: name, type });
    const [seen] = await db
      .collection(collection)
      .aggregate<Seen>([{ $group: { _id: null, documents: { $sum: 1 }, bytes: { $sum: { $bsonSize: '$$ROOT' } } } }])
      .toArray()
      .catch((error: unknown) => {
        throw asServerFailure(error, `counting ${name} in the sandbox`);
      });
    const restored = { documents: Number(seen?.documents ?? 0), bytes: Number(seen?.bytes ?? 0) };
    const equal = restored.documents === count && restored.bytes === bytes;
    const state = equal ? 'equal' : 'differs';
    counts.push({ collection: name, state, expected: { documents: count, bytes }, restored });
  }
  return counts;
}

interface Seen {
  readonly documents: number;
  readonly bytes: number;
}

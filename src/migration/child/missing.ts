import type { Gate } from '../gate/gate.ts';

export const thereIsNone = (collection: string): string => `there is no collection ${collection} in this database`;

/**
 * Collections that a migration wrote to and changed nothing in, because they are not there. No error: a migration runs on
 * databases that are empty still, too. A misspelt name must not pass in silence.
 */
export async function missingCollections(gate: Gate): Promise<string[]> {
  const { byCollection, collectionsDropped, otherChanges } = gate.effects();
  const missing: string[] = [];
  for (const [collection, counts] of Object.entries(byCollection)) {
    if (Object.values(counts).some((count) => count > 0)) continue;
    // One of another database has a dot in its name here; one that it dropped or renamed itself is rightly gone.
    if (collection.includes('.') || collectionsDropped.includes(collection)) continue;
    if (otherChanges.some((change) => change.includes(collection))) continue;
    if (await gate.catalog.absent({ database: gate.database, collection })) missing.push(collection);
  }
  return missing;
}

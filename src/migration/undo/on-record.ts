import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import type { Attempt } from '../journal/documents.ts';
import { countedOf } from './counted.ts';
import { listCreatedSince } from './created-since.ts';
import { isDamage } from './damage.ts';
import { leftInCatalog } from './left.ts';
import { namesBehind } from './names.ts';
import { Quarantine } from './quarantine.ts';
import type { UndoNumbers } from './result.ts';
import { surveyAttempt } from './survey.ts';

/**
 * What an undo of an attempt came to that has reached its end, for whoever was not told. Only reads. Throws the driver's
 * errors, and the signal's reason.
 */
export async function undoneOnRecord(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  signal?: AbortSignal,
): Promise<UndoNumbers> {
  const { client, db } = connection;
  const names = await namesBehind(connection, own, attempt);
  const store = {
    presentOf: names.presentOf.bind(names),
    over: (_: unknown, document: Uint8Array) => document,
  };
  const { touched } = await surveyAttempt(connection, own, attempt, signal).catch((error: unknown) => {
    // Its way back is behind it: damage of the images is no harm any more, but for what they would tell.
    if (isDamage(error)) return { touched: [] };
    throw error;
  });
  const lists = touched.map((one) => listCreatedSince(client, store, one));
  const { catalogChanges: _, ...counted } = await countedOf(db, own, attempt);
  const quarantine = new Quarantine(db, own, attempt);
  const quarantined = [...(await quarantine.countByCollection()).values()].reduce(
    (sum, documents) => sum + documents,
    0,
  );
  return {
    ...counted,
    quarantined,
    downDocuments: await quarantine.countBroughtBack(),
    createdSince: (await Promise.all(lists)).flat(),
    left: await leftInCatalog(db, own, attempt),
  };
}

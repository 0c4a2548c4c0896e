import type { MongoClient } from 'mongodb';
import { describeServerError } from '../mongo/server-error.ts';
import type { Log } from '../observe/log.ts';
import { lostSandbox } from './lost.ts';
import { markerCollection, markerDatabase } from './marker.ts';

/** Who uses a sandbox at an address, in the marker's collection: two runs at once would drop each other's data. */
interface Use {
  readonly _id: 'use';
  readonly owner: string | null;
  /** By the server's clock. */
  readonly expiresAt: Date;
  /** What was there at the last heartbeat: what a run that was killed leaves behind. */
  readonly databases: readonly string[];
}

export type Claim =
  | {
      readonly kind: 'claimed';
      /** Databases of an earlier use that was never ended, or could not be emptied. */
      readonly leftBehind: readonly string[];
      /** Fires with `SANDBOX_UNAVAILABLE` once another run may have taken it over. */
      readonly lost: AbortSignal;
      /** From now on each heartbeat notes what is there as this run's own. To be called when it is empty, not before. */
      note(): void;
      /** Whether no other run has taken it over. Throws the driver's errors. */
      stillOurs(): Promise<boolean>;
      /**
       * Ends the use. `left` are databases that the next run has to remove; without it those that were noted last. Does
       * not throw: a claim that cannot be released ends by itself.
       */
      release(left?: readonly string[]): Promise<void>;
    }
  | { readonly kind: 'held'; readonly ttlSeconds: number };

const ttlSeconds = 30;
const heartbeatMs = 2_000;
/** So long no heartbeat got through: well before the claim ends. */
const silenceMs = 10_000;

/**
 * Makes this run the only user of the sandbox until `release`, or until 30 s after its last sign of life.
 * `databases` says what is there; see `note`. Throws the driver's errors.
 */
export async function claim(
  client: MongoClient,
  owner: string,
  databases: (client: MongoClient) => Promise<string[]>,
  log: Log,
): Promise<Claim> {
  const uses = client.db(markerDatabase).collection<Use>(markerCollection, { writeConcern: { w: 'majority' } });
  // An upsert may not have $expr in its filter, so the document is seeded first.
  await uses.updateOne(
    { _id: 'use' },
    { $setOnInsert: { owner: null, expiresAt: new Date(0), databases: [] } },
    { upsert: true },
  );
  const expiresAt = { $dateAdd: { startDate: '$$NOW', unit: 'second', amount: ttlSeconds } };
  const before = await uses.findOneAndUpdate(
    { _id: 'use', $expr: { $lte: ['$expiresAt', '$$NOW'] } },
    [{ $set: { owner, expiresAt } }],
    { returnDocument: 'before' },
  );
  if (before === null) return { kind: 'held', ttlSeconds };

  let beating: Promise<void> = Promise.resolve();
  let noting = false;
  const lost = new AbortController();
  let last = performance.now();
  const beat = async () => {
    try {
      const noted = noting ? { databases: { $literal: await databases(client) } } : {};
      const result = await uses.updateOne({ _id: 'use', owner }, [{ $set: { expiresAt, ...noted } }]);
      if (result.matchedCount === 0) lost.abort(lostSandbox('another run has taken it over'));
      last = performance.now();
    } catch (error) {
      const reason = describeServerError(error);
      log.debug('A heartbeat of the sandbox failed.', { reason });
      if (performance.now() - last > silenceMs)
        lost.abort(lostSandbox(`its server does not answer any more: ${reason}`));
    }
  };
  const timer = setInterval(() => {
    beating = beat();
  }, heartbeatMs);
  timer.unref();
  return {
    kind: 'claimed',
    leftBehind: before.databases,
    lost: lost.signal,
    note() {
      noting = true;
    },
    async stillOurs() {
      return (await uses.updateOne({ _id: 'use', owner }, [{ $set: { expiresAt } }])).matchedCount === 1;
    },
    async release(left) {
      clearInterval(timer);
      await beating;
      const noted = left === undefined ? {} : { databases: left };
      await uses
        .updateOne({ _id: 'use', owner }, { $set: { owner: null, expiresAt: new Date(0), ...noted } })
        .catch((error) => log.debug('The sandbox was not released.', { reason: describeServerError(error) }));
    },
  };
}

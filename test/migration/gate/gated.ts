import * as mongodb from 'mongodb';
import { wrapClient } from '../../../src/migration/gate/client.ts';
import { Gate } from '../../../src/migration/gate/gate.ts';
import { type OpenedJournal, openJournal } from '../../../src/migration/gate/journal/open.ts';
import type { Driver } from '../../../src/migration/gate/raw.ts';
import { openSandboxJournal, sandboxFence } from '../../../src/migration/journal/prepare.ts';
import { ownNames } from '../../../src/mongo/own.ts';
import { freshDatabase, type TestDatabase } from '../../setup/mongo.ts';

export const driver: Driver = { version: '7.8.0', major: 7, classes: mongodb };

export interface Gated extends AsyncDisposable {
  readonly gate: Gate;
  readonly client: mongodb.MongoClient;
  readonly db: mongodb.Db;
  /** The same database without the gate. */
  readonly raw: TestDatabase;
  readonly warnings: string[];
  readonly opened?: OpenedJournal;
}

/** Of the journal that `gated` keeps. */
export const attempt = { migration: '1-gated', number: 1 };

/** A database of its own, once through the gate and once around it. */
export async function gated({ journal = false } = {}): Promise<Gated> {
  const raw = await freshDatabase();
  const warnings: string[] = [];
  const gate = new Gate({
    client: raw.client,
    database: raw.name,
    own: ownNames(),
    beforeWrite: () => undefined,
    warn: (message) => warnings.push(message),
  });
  const opened = journal ? await keepJournal(gate, raw) : undefined;
  const { client } = wrapClient(raw.client, gate, driver);
  return {
    opened,
    gate,
    client,
    db: client.db(),
    raw,
    warnings,
    [Symbol.asyncDispose]: () => raw[Symbol.asyncDispose](),
  };
}

async function keepJournal(gate: Gate, { client, db }: TestDatabase): Promise<OpenedJournal> {
  await openSandboxJournal(db, ownNames(), attempt);
  return openJournal({
    ...{ gate, client, driver },
    job: { attempt, fence: sandboxFence, images: true, resumes: false },
    throttle: { pause: async () => {} },
    begun: () => {},
  });
}

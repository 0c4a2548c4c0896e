import { BSON, type Db, type Document, type Timestamp } from 'mongodb';
import { changedFields } from '../../migration/journal/changed-fields.ts';
import { type Attempt, ofAttempt } from '../../migration/journal/documents.ts';
import type { MigrationEnd } from '../../migration/runner.ts';
import type { Connection } from '../../mongo/connect.ts';
import { oplogBytesAfter, oplogEnd } from '../../mongo/oplog.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { rawDocuments } from '../../mongo/raw-listing.ts';
import { unlessRefused } from '../../mongo/server-error.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { IndexBuild, MigrationSeen, Violations } from './result.ts';

/** Of documents that do not fulfil a validator: counted up to here, and so many are named. */
const mostViolations = 10_000;
const mostIds = 10;
/** Of one look at documents or at the oplog; what takes longer stays unknown. Milliseconds. */
const patienceMs = 60_000;

/** Looks on while one migration runs in a sandbox, where nobody else writes. */
export class Watch {
  readonly #connection: Connection;
  readonly #own: OwnNames;
  readonly #validators: ReadonlyMap<string, Document>;
  readonly #oplogEnd: Timestamp | undefined;

  private constructor(
    connection: Connection,
    own: OwnNames,
    validators: ReadonlyMap<string, Document>,
    end: Timestamp | undefined,
  ) {
    this.#connection = connection;
    this.#own = own;
    this.#validators = validators;
    this.#oplogEnd = end;
  }

  /** To be called right before it runs. Throws the driver's errors. */
  static async begin(connection: Connection, own: OwnNames): Promise<Watch> {
    const end = await oplogEnd(connection.client).catch(unlessRefused);
    return new Watch(connection, own, await validatorsIn(connection.db), end);
  }

  /** What there is to see once it has ended. Throws the driver's errors. */
  async end(attempt: Attempt | undefined, { effects, operations }: MigrationEnd): Promise<MigrationSeen> {
    const { db, client } = this.#connection;
    // Before anything else is written.
    const oplog = this.#oplogEnd && (await oplogBytesAfter(client, this.#oplogEnd).catch(unlessRefused));
    return {
      fields: attempt && (await changedFields(db, this.#own, attempt)),
      indexBuilds: indexBuilds(effects.indexesCreated, operations),
      violations: await this.#violations(Object.keys(effects.byCollection)),
      journalBytes: attempt && (await journalBytes(db, this.#own, attempt)),
      ...(oplog && { oplogBytes: oplog.bytes, ...(oplog.more && { oplogMore: true }) }),
    };
  }

  /** In the collections that it wrote to, and in those that it gave another validator. */
  async #violations(written: readonly string[]): Promise<Violations[]> {
    const found: Violations[] = [];
    for (const [collection, validator] of await validatorsIn(this.#connection.db)) {
      if (this.#own.owns(collection)) continue;
      const before = this.#validators.get(collection);
      if (!written.includes(collection) && before !== undefined && same(before, validator)) continue;
      const violations = await violationsOf(this.#connection.db, collection, validator);
      if (violations.documents !== 0) found.push(violations);
    }
    return found;
  }
}

/** By collection; regular expressions and numbers as the server has them. */
async function validatorsIn(db: Db): Promise<ReadonlyMap<string, Document>> {
  const exact = { promoteValues: false, bsonRegExp: true } as const;
  const entries = await db.listCollections({ type: 'collection' }, { nameOnly: false, ...exact }).toArray();
  return new Map(
    entries.flatMap((entry) => {
      const validator = (entry as { options?: Document }).options?.validator as Document | undefined;
      return validator === undefined || Object.keys(validator).length === 0 ? [] : [[entry.name, validator] as const];
    }),
  );
}

function same(a: Document, b: Document): boolean {
  return Buffer.from(BSON.serialize(a)).equals(BSON.serialize(b));
}

async function violationsOf(db: Db, collection: string, validator: Document): Promise<Violations> {
  const found = db
    .collection(collection)
    .find(
      { $nor: [validator] },
      { projection: { _id: 1 }, limit: mostViolations + 1, maxTimeMS: patienceMs, raw: true },
    );
  try {
    const documents = await rawDocuments(found);
    const ids = documents.slice(0, mostIds).map(shownId);
    const more = documents.length > mostViolations;
    return { collection, documents: Math.min(documents.length, mostViolations), more, ids };
  } catch (error) {
    unlessRefused(error);
    return { collection, documents: null, more: false, ids: [] };
  }
}

async function journalBytes(db: Db, own: OwnNames, attempt: Attempt): Promise<number> {
  const [sum] = await db
    .collection(own.journal)
    .aggregate<{ bytes: number }>([
      { $match: ofAttempt(attempt) },
      { $group: { _id: null, bytes: { $sum: { $bsonSize: '$$ROOT' } } } },
    ] as Document[])
    .toArray();
  return Number(sum?.bytes ?? 0);
}

/** How long the calls took that built indexes; those of one collection together, as one call may build several. */
function indexBuilds(created: readonly string[], operations: MigrationEnd['operations']): IndexBuild[] {
  const durations = new Map<string, number>();
  for (const { method, namespace, startedAt, endedAt } of operations) {
    if (endedAt === undefined || !/(?:create|ensure)Index/i.test(method)) continue;
    durations.set(namespace, (durations.get(namespace) ?? 0) + endedAt - startedAt);
  }
  return [...durations].flatMap(([collection, durationMs]) => {
    // A collection's name may begin with another one's and a dot.
    const others = [...durations.keys()].filter((name) => name.startsWith(`${collection}.`));
    const indexes = created
      .filter((name) => name.startsWith(`${collection}.`) && !others.some((other) => name.startsWith(`${other}.`)))
      .map((name) => name.slice(collection.length + 1));
    return indexes.length === 0 ? [] : [{ collection, indexes, durationMs }];
  });
}

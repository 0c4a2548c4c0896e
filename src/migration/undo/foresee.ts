import { createHash } from 'node:crypto';
import { type Document, ReadPreference } from 'mongodb';
import { readCatalog } from '../../mongo/catalog.ts';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idElement, idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { exactValue } from '../../mongo/raw-build.ts';
import { type Attempt, type EntryNamespace, ofAttempt } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { isMade } from './catalog.ts';
import { madeIndexes } from './made-indexes.ts';
import { hasOptions } from './modified.ts';
import { inTheWay, NamesOfThePast } from './names.ts';
import { imagesDone } from './pieces.ts';
import { documentConflict } from './put-back.ts';
import { readBackwards, type UndoEntry } from './read.ts';
import { ConflictList, shownNamespace } from './result.ts';

/** Documents whose state is held in memory at a time: about 100 MB. More of them take further passes over the journal. */
const mostDocuments = 400_000;
/** Documents that are looked at in one read. */
const mostRead = 500;
const mostReadBytes = 8_000_000;

/**
 * Finds every write of others that an undo would meet, without changing anything. What each document has to be follows
 * from its images: the newest one's after is what it must be now, and each older one's after what the newer one's
 * before is, or somebody wrote in between.
 *
 * What happens after it has looked is found by the undo itself. Throws the driver's errors, the signal's reason.
 */
export async function foreseeConflicts(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  { signal, documentsInMemory = mostDocuments }: { readonly signal?: AbortSignal; readonly documentsInMemory?: number },
): Promise<ConflictList> {
  const conflicts = new ConflictList();
  const total = await countImages(connection, own, attempt);
  const passes = Math.max(1, Math.ceil(total / documentsInMemory));
  for (let pass = 0; pass < passes; pass++) {
    const look = new Look(connection, conflicts, { pass, passes });
    for await (const step of readBackwards(connection.db, own, attempt)) {
      signal?.throwIfAborted();
      if (step.kind === 'entry') await look.entry(step.entry);
      else await look.images(step.pack.namespace, step.pack.images, imagesDone(step));
    }
    await look.end();
  }
  return conflicts;
}

/** How many documents an attempt has changed, each counted as often as it was. Throws the driver's errors. */
export async function countImages(
  { db }: Connection,
  own: OwnNames,
  attempt: Attempt,
  options: { readonly maxTimeMS?: number } = {},
): Promise<number> {
  const [sum] = await db
    .collection(own.journal, { readPreference: ReadPreference.primary })
    .aggregate<{ images: number }>(
      [
        { $match: { ...ofAttempt(attempt), kind: 'images', part: 0 } },
        { $group: { _id: null, images: { $sum: '$count' } } },
      ] as Document[],
      options,
    )
    .toArray();
  return Number(sum?.images ?? 0);
}

/** One pass, over those documents whose key falls to it. */
class Look {
  readonly #connection: Connection;
  readonly #conflicts: ConflictList;
  readonly #share: { readonly pass: number; readonly passes: number };
  readonly #names: NamesOfThePast;
  /** By document, the digest of what it must have been at this point. */
  readonly #states = new Map<string, string>();
  /** Documents whose newest image was seen and which were not looked at yet. */
  #waiting: { readonly namespace: EntryNamespace; readonly image: Image }[] = [];
  #waitingBytes = 0;
  /** By present name: how many documents the migration has added to it since this point. */
  readonly #added = new Map<string, number>();
  /** Views that the migration changed later, also where it is not known whether it did. */
  readonly #redefined = new Set<string>();
  /** Collections whose options were looked at. */
  readonly #modified = new Set<string>();

  constructor(connection: Connection, conflicts: ConflictList, share: { pass: number; passes: number }) {
    this.#connection = connection;
    this.#conflicts = conflicts;
    this.#share = share;
    this.#names = new NamesOfThePast(connection.client);
  }

  async images(namespace: EntryNamespace, images: readonly Image[], done: number): Promise<void> {
    const present = this.#names.presentOf(namespace);
    const where = present === undefined ? undefined : shownNamespace(present);
    for (const image of images.slice(0, images.length - done).reverse()) {
      const document = image.after ?? image.before;
      if (document === undefined) continue;
      if (where !== undefined) {
        const added = Number(image.after !== undefined) - Number(image.before !== undefined);
        this.#added.set(where, (this.#added.get(where) ?? 0) + added);
      }
      const key = digest(`${where ?? shownNamespace(namespace)}\n${idKey(document)}`);
      if (key.charCodeAt(0) % this.#share.passes !== this.#share.pass) continue;
      const state = this.#states.get(key);
      this.#states.set(key, stateOf(image.before));
      if (state === undefined) await this.#look({ namespace: present ?? namespace, image });
      else if (state !== stateOf(image.after))
        this.#conflicts.add(documentConflict({ namespace, image, current: undefined }));
    }
  }

  async entry(entry: UndoEntry): Promise<void> {
    const { catalog, namespace, state, kind } = entry;
    if (catalog === undefined || state === 'refused' || this.#share.pass > 0) {
      await this.#names.goBack(entry);
      return;
    }
    const makes = catalog.type === 'create-collection' && catalog.before === undefined && kind !== 'implicit';
    if (makes) await this.#foreseeRemoval(entry);
    if (catalog.type === 'modify-collection') await this.#foreseeModification(entry);
    if (catalog.type === 'create-indexes') await this.#foreseeIndexes(entry);
    if (catalog.displaced?.length) this.#conflicts.add(inTheWay(catalog.to ?? namespace, 'name-taken'));
    this.#conflicts.add(...(await this.#names.goBack(entry)));
  }

  async end(): Promise<void> {
    await this.#lookAtWaiting();
  }

  /** A collection that the migration made has to be empty once the migration's documents are out of it. */
  async #foreseeRemoval({ namespace, catalog, kind }: UndoEntry): Promise<void> {
    const present = await this.#names.infoOf(namespace);
    if (present === undefined) return;
    const after = catalog?.after;
    if (after === undefined || after.type === 'view') {
      // Its definition is looked at with the migration's newest change of it.
      if (after !== undefined && this.#redefined.has(shownNamespace(namespace))) return;
      const [info] = await readCatalog(this.#connection.client.db(namespace.database), present.name);
      if (info !== undefined && !isMade(info, after, kind)) this.#conflicts.add(inTheWay(namespace, 'changed'));
      return;
    }
    if (after.uuid !== undefined && present.uuid !== after.uuid) return;
    const db = this.#connection.client.db(namespace.database);
    const documents = await db.collection(present.name).countDocuments({});
    const added = this.#added.get(`${namespace.database}.${present.name}`) ?? 0;
    if (documents !== added) this.#conflicts.add(inTheWay(namespace, 'holds-documents'));
  }

  /** Indexes that may be of somebody else stay, and whether there are such ones only the catalog tells. */
  async #foreseeIndexes(entry: UndoEntry): Promise<void> {
    const { namespace, catalog, error } = entry;
    const told = catalog?.asked !== undefined ? error === undefined : catalog?.after !== undefined;
    if (told || catalog?.before === undefined) return;
    const present = await this.#names.infoOf(namespace);
    if (present === undefined || present.uuid !== catalog.before.uuid) return;
    const [info] = await readCatalog(this.#connection.client.db(namespace.database), present.name);
    if (info !== undefined && madeIndexes(info, entry).unsure) this.#conflicts.add(inTheWay(namespace, 'changed'));
  }

  /** The options must be those that the newest change of the migration has set. */
  async #foreseeModification({ namespace, catalog, state }: UndoEntry): Promise<void> {
    const present = await this.#names.infoOf(namespace);
    if (present?.type === 'view') this.#redefined.add(shownNamespace(namespace));
    if (present === undefined || catalog?.before === undefined || catalog.after === undefined) return;
    const where = `${namespace.database}.${present.name}`;
    if (this.#modified.has(where) || state !== 'done') return;
    this.#modified.add(where);
    const [info] = await readCatalog(this.#connection.client.db(namespace.database), present.name);
    if (info === undefined) return;
    const known = hasOptions(info, catalog.after) || hasOptions(info, catalog.before);
    if (!known) this.#conflicts.add(inTheWay(namespace, 'changed'));
  }

  async #look(document: { readonly namespace: EntryNamespace; readonly image: Image }): Promise<void> {
    this.#waiting.push(document);
    this.#waitingBytes += document.image.after?.length ?? document.image.before?.length ?? 0;
    if (this.#waiting.length >= mostRead || this.#waitingBytes >= mostReadBytes) await this.#lookAtWaiting();
  }

  async #lookAtWaiting(): Promise<void> {
    const waiting = Map.groupBy(this.#waiting, ({ namespace }) => shownNamespace(namespace));
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const documents of waiting.values()) {
      const { database, collection = '' } = (documents[0] as (typeof documents)[0]).namespace;
      const ids = documents.map(({ image }) => {
        const document = (image.after ?? image.before) as Uint8Array;
        return exactValue(document, idElement(document));
      });
      const found = this.#connection.client
        .db(database)
        .collection(collection, { readPreference: ReadPreference.primary })
        .find({ _id: { $in: ids } } as Document, { raw: true, batchSize: mostRead });
      const raw = (await found.toArray()) as unknown as Uint8Array[];
      const current = new Map(raw.map((document) => [idKey(document), document]));
      for (const { namespace, image } of documents) {
        const now = current.get(idKey((image.after ?? image.before) as Uint8Array));
        // Equal to before: an undo that was interrupted, or a user, has put it back already.
        if (sameBytes(now, image.after) || sameBytes(now, image.before)) continue;
        this.#conflicts.add(documentConflict({ namespace, image, current: now }));
      }
    }
  }
}

const gone = '';

function stateOf(document: Uint8Array | undefined): string {
  return document === undefined ? gone : digest(document);
}

/** 96 bits, as a short string of one byte a character. */
function digest(value: string | Uint8Array): string {
  const hash = createHash('sha256');
  if (typeof value === 'string') hash.update(value, 'latin1');
  else hash.update(value);
  return hash.digest().toString('latin1', 0, 12);
}

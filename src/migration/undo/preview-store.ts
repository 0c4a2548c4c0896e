import type { ClientSession } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import { documentOf, type Image } from '../journal/images.ts';
import { leftBy, leftInCatalog } from './catalog/left.ts';
import { CatalogLook } from './catalog/look.ts';
import { NamesOfThePast, undoneCatalogEntries } from './catalog/names.ts';
import type { CatalogUndone } from './catalog/place.ts';
import { readCurrent } from './current.ts';
import { digest, stateOf } from './key-table.ts';
import { PreviewQuarantine } from './preview-quarantine.ts';
import { readBackwards, type UndoEntry } from './read.ts';
import { type LeftInCatalog, shownNamespace, type UndoConflict } from './result.ts';
import type { Change, PutRefused, Refusal, UndoStore } from './store.ts';
import { moves, movesCollections } from './survey.ts';

/** By key, the digest of what the newest image of a stretch made of a document. */
type Layer = Map<string, string>;

/**
 * What the database will be once attempts are undone, the newest first. Of the documents that are met again it remembers
 * which ones are what an older image made of them, and the bytes of the others alone.
 */
export class Preview implements AsyncDisposable {
  readonly connection: Connection;
  readonly own: OwnNames;
  readonly catalog: CatalogLook;
  /** No transaction is begun in it. */
  readonly session: ClientSession;
  /** What is still to come: of each attempt, and of each stretch on which names stand for the same collections. */
  readonly #layers: Layer[];
  readonly #severalAttempts: boolean;
  /** What documents are by now; undefined where they are gone. */
  readonly #documents = new Map<string, Uint8Array | undefined>();
  /** Those that are what the image that comes next made of them. */
  readonly #asNext = new Set<string>();
  /** By collection, those that were put in again. */
  readonly #inserted = new Map<string, Map<string, Uint8Array>>();

  private constructor(connection: Connection, own: OwnNames, layers: Layer[], severalAttempts: boolean) {
    this.connection = connection;
    this.own = own;
    this.catalog = new CatalogLook(connection, own);
    this.session = connection.client.startSession();
    this.#layers = layers;
    this.#severalAttempts = severalAttempts;
  }

  /** `attempts`: the newest first. Throws the driver's errors, the signal's reason. */
  static async of(
    connection: Connection,
    own: OwnNames,
    attempts: readonly Attempt[],
    signal: AbortSignal | undefined,
  ): Promise<Preview> {
    const layers: Layer[] = [];
    const names = new NamesOfThePast(connection, own);
    const several = attempts.length > 1;
    for (const attempt of attempts) {
      layers.push(new Map());
      // Also of one attempt: behind a rename a document is another one, for all that knows it by its collection's name.
      if (!several && !(await movesCollections(connection.db, own, attempt))) break;
      for await (const step of readBackwards(connection.db, own, attempt)) {
        signal?.throwIfAborted();
        if (step.kind === 'entry') {
          if (step.entry.undone !== undefined) continue;
          if (moves(step.entry)) layers.push(new Map());
          await names.goBack(step.entry);
          continue;
        }
        const layer = layers.length < 2 ? undefined : layers.at(-1);
        const present = names.presentOf(step.pack.namespace);
        if (layer === undefined || present === undefined) continue;
        for (const image of step.pack.images.toReversed()) {
          const document = documentOf(image);
          const key = document && keyOf(present, document);
          if (key !== undefined && !layer.has(key)) layer.set(key, stateOf(image.after));
        }
      }
    }
    return new Preview(connection, own, layers, several);
  }

  /** Names stand for other collections from here on, or an older attempt begins. */
  nextLayer(): void {
    this.#layers.shift();
  }

  async read(present: EntryNamespace, images: readonly Image[]): Promise<Map<string, Uint8Array>> {
    const known = new Map<string, Uint8Array | undefined>();
    const asked: Uint8Array[] = [];
    for (const image of images) {
      const document = documentOf(image);
      if (document === undefined) continue;
      const key = this.#isEmpty ? '' : keyOf(present, document);
      if (this.#asNext.has(key)) known.set(idKey(document), image.after);
      else if (this.#documents.has(key)) known.set(idKey(document), this.#documents.get(key));
      else asked.push(document);
    }
    const found = await readCurrent(this.connection.client, present, asked);
    for (const along of this.catalog.along(present)) {
      const missing = asked.filter((document) => !found.has(idKey(document)));
      for (const [id, document] of await readCurrent(this.connection.client, along, missing)) found.set(id, document);
    }
    for (const [id, document] of known) if (document !== undefined) found.set(id, document);
    return found;
  }

  isAsNext(present: EntryNamespace, document: Uint8Array): boolean {
    return this.#asNext.size > 0 && this.#asNext.has(keyOf(present, document));
  }

  over(present: EntryNamespace, document: Uint8Array): Uint8Array | undefined {
    if (this.#documents.size === 0) return document;
    const key = keyOf(present, document);
    return this.#documents.has(key) ? this.#documents.get(key) : document;
  }

  inserted(present: EntryNamespace): Iterable<Uint8Array> {
    return this.#inserted.get(shownNamespace(present))?.values() ?? [];
  }

  write(present: EntryNamespace, changes: readonly Change[]): void {
    for (const { now, back, stage } of changes) {
      const document = now ?? back;
      if (document === undefined) continue;
      this.catalog.takesOut(present, Number(now !== undefined) - Number(back !== undefined));
      if (stage === 'back' && this.#isEmpty && this.#layers.length < 2 && !this.#severalAttempts) continue;
      const key = keyOf(present, document);
      if (stage === 'midway') {
        this.#asNext.add(key);
        continue;
      }
      this.#asNext.delete(key);
      this.#documents.delete(key);
      if (stage === 'down') {
        if (!sameBytes(now, back)) this.#documents.set(key, back && Buffer.from(back));
        continue;
      }
      const next = this.#layers.slice(1).find((layer) => layer.has(key));
      if (next?.get(key) === stateOf(back)) this.#asNext.add(key);
      else if (next !== undefined) this.#documents.set(key, back && Buffer.from(back));
      if (this.#severalAttempts) this.#cameAndWent(present, key, now, back);
    }
  }

  /** What older attempts did not touch has to be in the collection, or out of it, all the same. */
  #cameAndWent(present: EntryNamespace, key: string, now: Uint8Array | undefined, back: Uint8Array | undefined): void {
    const where = shownNamespace(present);
    const inserted = this.#inserted.get(where) ?? new Map<string, Uint8Array>();
    this.#inserted.set(where, inserted);
    if (now === undefined && back !== undefined) inserted.set(key, Buffer.from(back));
    if (back !== undefined) return;
    inserted.delete(key);
    if (!this.#asNext.has(key)) this.#documents.set(key, undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.endSession();
  }

  get #isEmpty(): boolean {
    return this.#asNext.size + this.#documents.size === 0;
  }
}

/** One attempt in a preview. Nothing is changed, and no lease is needed; what the server would refuse is not found. */
export class PreviewStore implements UndoStore {
  readonly quarantine: PreviewQuarantine;
  readonly #preview: Preview;
  readonly #attempt: Attempt;
  readonly #met: UndoConflict[] = [];

  constructor(preview: Preview, attempt: Attempt, keepsVersions: boolean) {
    const { connection, own } = preview;
    this.quarantine = new PreviewQuarantine(connection.db, own, attempt, keepsVersions);
    this.#preview = preview;
    this.#attempt = attempt;
  }

  async begin(): Promise<void> {
    const { connection, own, catalog } = this.#preview;
    await catalog.look(connection.db.databaseName);
    for (const entry of await undoneCatalogEntries(connection, own, this.#attempt)) await catalog.pass(entry);
  }

  presentOf(namespace: EntryNamespace): EntryNamespace | undefined {
    return this.#preview.catalog.presentOf(namespace);
  }

  run<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return work(this.#preview.session);
  }

  isAsNewest(present: EntryNamespace, document: Uint8Array): boolean {
    return this.#preview.isAsNext(present, document);
  }

  read(present: EntryNamespace, images: readonly Image[]): Promise<Map<string, Uint8Array>> {
    return this.#preview.read(present, images);
  }

  over(present: EntryNamespace, document: Uint8Array): Uint8Array | undefined {
    return this.#preview.over(present, document);
  }

  inserted(present: EntryNamespace): Iterable<Uint8Array> {
    return this.#preview.inserted(present);
  }

  async write(present: EntryNamespace, changes: readonly Change[]): Promise<void> {
    this.#preview.write(present, changes);
  }

  async refusal({ code }: PutRefused): Promise<Refusal> {
    return { why: { reason: 'refused', code }, keys: [], holders: [] };
  }

  async having(): Promise<Uint8Array[]> {
    return [];
  }

  async catalog(entry: UndoEntry): Promise<CatalogUndone> {
    const conflicts = await this.#preview.catalog.entry(entry);
    if (moves(entry)) this.#preview.nextLayer();
    this.#met.push(...conflicts);
    return { changed: 0, conflicts };
  }

  async mark(): Promise<void> {}

  async leftInCatalog(): Promise<LeftInCatalog[]> {
    const { connection, own } = this.#preview;
    return [...leftBy(this.#met), ...(await leftInCatalog(connection.db, own, this.#attempt))];
  }
}

function keyOf(present: EntryNamespace, document: Uint8Array): string {
  return digest(`${shownNamespace(present)}\n${idKey(document)}`);
}

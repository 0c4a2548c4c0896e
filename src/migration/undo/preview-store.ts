import type { ClientSession } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { CatalogLook } from './catalog-look.ts';
import type { CatalogUndone } from './catalog-place.ts';
import { readCurrent } from './current.ts';
import { digest } from './digest.ts';
import { leftBy, leftInCatalog } from './left.ts';
import { NamesOfThePast, undoneCatalogEntries } from './names.ts';
import { PreviewQuarantine } from './preview-quarantine.ts';
import { readBackwards, readOutline, type UndoEntry } from './read.ts';
import { type LeftInCatalog, shownNamespace, type UndoConflict } from './result.ts';
import type { Change, UndoStore } from './store.ts';
import { moves } from './survey.ts';

/**
 * What the database will be once attempts are undone, the newest first. In memory are those documents alone that are met
 * again, or that a `downDocument` has brought back.
 */
export class Preview implements AsyncDisposable {
  readonly connection: Connection;
  readonly own: OwnNames;
  readonly catalog: CatalogLook;
  /** No transaction is begun in it. */
  readonly session: ClientSession;
  /** Documents of older attempts, and from before a collection was moved. */
  readonly #wanted: ReadonlySet<string>;
  readonly #documents = new Map<string, Uint8Array | undefined>();
  /** Those that go back image by image, and are not at their oldest one: each is what the next one made of it. */
  readonly #midway = new Set<string>();

  private constructor(connection: Connection, own: OwnNames, wanted: ReadonlySet<string>) {
    this.connection = connection;
    this.own = own;
    this.catalog = new CatalogLook(connection.client, own);
    this.session = connection.client.startSession();
    this.#wanted = wanted;
  }

  /** `attempts`: the newest first. Throws the driver's errors, the signal's reason. */
  static async of(
    connection: Connection,
    own: OwnNames,
    attempts: readonly Attempt[],
    signal: AbortSignal | undefined,
  ): Promise<Preview> {
    const wanted = new Set<string>();
    const names = new NamesOfThePast(connection.client);
    for (const [age, attempt] of attempts.entries()) {
      // Also of one attempt: behind a rename a document is another one, for all that knows it by its collection's name.
      if (attempts.length === 1 && !(await movesCollections(connection, own, attempt))) break;
      let older = age > 0;
      for await (const step of readBackwards(connection.db, own, attempt)) {
        signal?.throwIfAborted();
        if (step.kind === 'entry') {
          older ||= moves(step.entry);
          await names.goBack(step.entry);
          continue;
        }
        const present = older ? names.presentOf(step.pack.namespace) : undefined;
        if (present === undefined) continue;
        for (const { before, after } of step.pack.images) {
          const document = after ?? before;
          if (document !== undefined) wanted.add(keyOf(present, document));
        }
      }
    }
    return new Preview(connection, own, wanted);
  }

  async read(present: EntryNamespace, images: readonly Image[]): Promise<Map<string, Uint8Array>> {
    const known = new Map<string, Uint8Array | undefined>();
    const asked: Uint8Array[] = [];
    for (const { before, after } of images) {
      const document = after ?? before;
      if (document === undefined) continue;
      const key = this.#isEmpty ? '' : keyOf(present, document);
      if (this.#midway.has(key)) known.set(idKey(document), after);
      else if (this.#documents.has(key)) known.set(idKey(document), this.#documents.get(key));
      else asked.push(document);
    }
    const found = await readCurrent(this.connection.client, present, asked);
    for (const [id, document] of known) if (document !== undefined) found.set(id, document);
    return found;
  }

  over(present: EntryNamespace, document: Uint8Array): Uint8Array {
    return this.#documents.size === 0 ? document : (this.#documents.get(keyOf(present, document)) ?? document);
  }

  write(present: EntryNamespace, changes: readonly Change[]): void {
    for (const { now, back, stage } of changes) {
      const document = now ?? back;
      if (document === undefined) continue;
      this.catalog.takesOut(present, Number(now !== undefined) - Number(back !== undefined));
      if (stage === 'back' && this.#isEmpty && this.#wanted.size === 0) continue;
      const key = keyOf(present, document);
      if (stage === 'midway') this.#midway.add(key);
      else this.#midway.delete(key);
      const kept = stage === 'down' ? !sameBytes(now, back) : stage === 'back' && this.#wanted.has(key);
      if (kept) this.#documents.set(key, back && Buffer.from(back));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.endSession();
  }

  get #isEmpty(): boolean {
    return this.#midway.size + this.#documents.size === 0;
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
    for (const entry of await undoneCatalogEntries(connection, own, this.#attempt)) await catalog.pass(entry);
  }

  presentOf(namespace: EntryNamespace): EntryNamespace | undefined {
    return this.#preview.catalog.presentOf(namespace);
  }

  run<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return work(this.#preview.session);
  }

  read(present: EntryNamespace, images: readonly Image[]): Promise<Map<string, Uint8Array>> {
    return this.#preview.read(present, images);
  }

  over(present: EntryNamespace, document: Uint8Array): Uint8Array {
    return this.#preview.over(present, document);
  }

  async write(present: EntryNamespace, changes: readonly Change[]): Promise<void> {
    this.#preview.write(present, changes);
  }

  async catalog(entry: UndoEntry): Promise<CatalogUndone> {
    const conflicts = await this.#preview.catalog.entry(entry);
    this.#met.push(...conflicts);
    return { changed: 0, conflicts };
  }

  async mark(): Promise<void> {}

  async leftInCatalog(): Promise<LeftInCatalog[]> {
    const { connection, own } = this.#preview;
    return [...leftBy(this.#met), ...(await leftInCatalog(connection.db, own, this.#attempt))];
  }
}

async function movesCollections({ db }: Connection, own: OwnNames, attempt: Attempt): Promise<boolean> {
  for await (const one of readOutline(db, own, attempt)) if (one.kind !== 'images' && moves(one)) return true;
  return false;
}

function keyOf(present: EntryNamespace, document: Uint8Array): string {
  return digest(`${shownNamespace(present)}\n${idKey(document)}`);
}

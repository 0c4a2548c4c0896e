import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { CatalogLook } from './catalog-look.ts';
import { countImages } from './count-images.ts';
import { mostRead, mostReadBytes, readCurrent } from './current.ts';
import { digest, stateOf } from './digest.ts';
import { imagesDone } from './pieces.ts';
import { documentConflict } from './put-back.ts';
import { readBackwards, type UndoEntry } from './read.ts';
import { ConflictList, shownNamespace } from './result.ts';

/** Documents whose state is held in memory at a time: about 100 MB. More of them take further passes over the journal. */
const mostDocuments = 400_000;
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
    const look = new Look(connection, own, conflicts, { pass, passes });
    for await (const step of readBackwards(connection.db, own, attempt)) {
      signal?.throwIfAborted();
      if (step.kind === 'entry') await look.entry(step.entry);
      else await look.images(step.pack.namespace, step.pack.images, imagesDone(step));
    }
    await look.end();
  }
  return conflicts;
}

/** One pass, over those documents whose key falls to it. */
class Look {
  readonly #connection: Connection;
  readonly #conflicts: ConflictList;
  readonly #share: { readonly pass: number; readonly passes: number };
  readonly #catalog: CatalogLook;
  /** By document, the digest of what it must have been at this point. */
  readonly #states = new Map<string, string>();
  /** Documents whose newest image was seen and which were not looked at yet. */
  #waiting: { readonly namespace: EntryNamespace; readonly image: Image }[] = [];
  #waitingBytes = 0;

  constructor(connection: Connection, own: OwnNames, conflicts: ConflictList, share: { pass: number; passes: number }) {
    this.#connection = connection;
    this.#conflicts = conflicts;
    this.#share = share;
    this.#catalog = new CatalogLook(connection.client, own, conflicts);
  }

  async images(namespace: EntryNamespace, images: readonly Image[], done: number): Promise<void> {
    const present = this.#catalog.presentOf(namespace);
    const where = shownNamespace(present ?? namespace);
    for (const image of images.slice(0, images.length - done).reverse()) {
      const document = image.after ?? image.before;
      if (document === undefined) continue;
      const added = Number(image.after !== undefined) - Number(image.before !== undefined);
      if (present !== undefined) this.#catalog.takesOut(present, added);
      const key = digest(`${where}\n${idKey(document)}`);
      if (key.charCodeAt(0) % this.#share.passes !== this.#share.pass) continue;
      const state = this.#states.get(key);
      this.#states.set(key, stateOf(image.before));
      if (state === undefined) await this.#look({ namespace: present ?? namespace, image });
      else if (state !== stateOf(image.after)) this.#conflicts.add(documentConflict({ namespace, image }));
    }
  }

  async entry(entry: UndoEntry): Promise<void> {
    if (this.#share.pass > 0) return this.#catalog.pass(entry);
    return this.#catalog.entry(entry);
  }

  async end(): Promise<void> {
    await this.#lookAtWaiting();
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
      const { namespace } = documents[0] as (typeof documents)[0];
      const known = documents.map(({ image }) => (image.after ?? image.before) as Uint8Array);
      const current = await readCurrent(this.#connection.client, namespace, known);
      for (const { namespace, image } of documents) {
        const now = current.get(idKey((image.after ?? image.before) as Uint8Array));
        // Equal to before: an undo that was interrupted, or a user, has put it back already.
        if (sameBytes(now, image.after) || sameBytes(now, image.before)) continue;
        this.#conflicts.add(documentConflict({ namespace, image }));
      }
    }
  }
}

import type { ClientSession, Document, MongoClient } from 'mongodb';
import { idElement, idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { exactValue } from '../../mongo/raw-build.ts';
import { deleteIn, insertIn, RawInsertError, replaceIn } from '../../mongo/raw-write.ts';
import { serverCode, serverCodes } from '../../mongo/server-error.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { mergeBack } from './merge.ts';
import { shownNamespace, type UndoConflict } from './result.ts';

/** One image on its way back. */
export interface Put {
  readonly namespace: EntryNamespace;
  readonly image: Image;
}

/** What became of one document. */
export interface Left {
  readonly namespace: EntryNamespace;
  /** The newest of its images that met a user's write. */
  readonly image: Image;
  readonly current: Uint8Array | undefined;
}

export interface PutOptions {
  readonly client: MongoClient;
  readonly session: ClientSession;
  readonly mode: 'strict' | 'tolerant';
  readonly bypassValidation: boolean;
  /**
   * `in-place`: each document is replaced where it is. `anew`: all are deleted first and inserted then, so that they
   * may swap unique values. `leave`: none is touched, and all count as left.
   */
  readonly way: 'in-place' | 'anew' | 'leave';
  /** Of documents that are not as the migration left them: whether an earlier step has left them to their user. */
  readonly alreadyLeft: (documents: readonly Left[]) => Promise<ReadonlySet<Left>>;
}

export interface PutOutcome {
  /** Documents that were changed, and how many of them went in and out. */
  readonly documents: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly merged: number;
  /** Documents that stay as they are, and are new to it. */
  readonly left: readonly Left[];
}

/** A write of somebody else is in the way; the transaction is to be given up. */
export class PutConflict extends Error {
  override readonly name = 'PutConflict';
  readonly conflicts: readonly UndoConflict[];

  constructor(conflicts: readonly UndoConflict[]) {
    super('A write of somebody else is in the way.');
    this.conflicts = conflicts;
  }
}

/** The server refuses a document as it was; the transaction is aborted. */
export class PutRefused extends Error {
  override readonly name = 'PutRefused';
  readonly code: number;
  readonly namespace: string;

  constructor(code: number, namespace: string, cause: unknown) {
    super(`The server refused a document (${code}).`, { cause });
    this.code = code;
    this.namespace = namespace;
  }
}

/** One document with all its images of these puts. */
interface Target {
  readonly namespace: EntryNamespace;
  /** The newest first. */
  readonly images: Image[];
}

interface Change {
  readonly now: Uint8Array | undefined;
  readonly back: Uint8Array | undefined;
}

/**
 * Puts documents back, within a transaction that has been begun: the newest image first. Throws `PutConflict` (strict
 * only), `PutRefused`, and the driver's errors.
 */
export async function putBack(puts: readonly Put[], options: PutOptions): Promise<PutOutcome> {
  let documents = 0;
  let inserted = 0;
  let deleted = 0;
  let merged = 0;
  const left: Left[] = [];
  const conflicts: UndoConflict[] = [];
  for (const [namespace, targets] of byNamespace(puts)) {
    const current = await readCurrent(options, namespace, [...targets.values()]);
    const changes: Change[] = [];
    const met: Left[] = [];
    for (const [key, target] of targets) {
      const now = current.get(key);
      const step = options.way === 'leave' ? blockedBy(target, now) : goBack(target, now, options.mode);
      if (step.state === 'blocked') {
        met.push({ namespace, image: step.image, current: now });
        continue;
      }
      if (step.merged) merged += 1;
      if (!sameBytes(now, step.document)) changes.push({ now, back: step.document });
    }
    const known = met.length === 0 ? noneLeft : await options.alreadyLeft(met);
    const news = met.filter((one) => !known.has(one));
    left.push(...news);
    if (options.mode === 'strict') conflicts.push(...news.map(documentConflict));
    if (conflicts.length === 0) await write(options, namespace, changes);
    documents += changes.length;
    inserted += changes.filter(({ now }) => now === undefined).length;
    deleted += changes.filter(({ back }) => back === undefined).length;
  }
  if (conflicts.length > 0) throw new PutConflict(conflicts);
  return { documents, inserted, deleted, merged, left };
}

const noneLeft: ReadonlySet<Left> = new Set();

export function documentConflict({ namespace, image }: Left): UndoConflict {
  const document = image.after ?? image.before;
  const id = document === undefined ? '?' : shownId(document);
  return { kind: 'document', namespace: shownNamespace(namespace), id };
}

function byNamespace(puts: readonly Put[]): [EntryNamespace, Map<string, Target>][] {
  const found = new Map<string, [EntryNamespace, Map<string, Target>]>();
  for (const { namespace, image } of puts) {
    const document = image.after ?? image.before;
    if (document === undefined) continue;
    const name = shownNamespace(namespace);
    const [, targets] = found.get(name) ?? [namespace, new Map<string, Target>()];
    const key = idKey(document);
    const target = targets.get(key) ?? { namespace, images: [] };
    target.images.push(image);
    targets.set(key, target);
    found.set(name, [namespace, targets]);
  }
  return [...found.values()];
}

/** The documents as the server has them in this session, by the key of their `_id`. */
async function readCurrent(
  { client, session }: Pick<PutOptions, 'client' | 'session'>,
  { database, collection = '' }: EntryNamespace,
  targets: readonly Target[],
): Promise<Map<string, Uint8Array>> {
  const documents = targets.flatMap(({ images }) => images[0]?.after ?? images[0]?.before ?? []);
  const ids = documents.map((document) => exactValue(document, idElement(document)));
  const found = client
    .db(database)
    .collection(collection)
    .find({ _id: { $in: ids } } as Document, { session, raw: true, batchSize: 10_000 });
  const current = (await found.toArray()) as unknown as Uint8Array[];
  return new Map(current.map((document) => [idKey(document), Buffer.from(document)]));
}

type Step =
  | { readonly state: 'back'; readonly document: Uint8Array | undefined; readonly merged: boolean }
  | { readonly state: 'blocked'; readonly image: Image };

function blockedBy({ images }: Target, now: Uint8Array | undefined): Step {
  const [image] = images;
  // It is as it was already: nothing to leave.
  if (image === undefined || sameBytes(now, images.at(-1)?.before)) {
    return { state: 'back', document: now, merged: false };
  }
  return { state: 'blocked', image };
}

function goBack({ images }: Target, now: Uint8Array | undefined, mode: PutOptions['mode']): Step {
  let document = now;
  let merged = false;
  for (const image of images) {
    const { before, after } = image;
    if (sameBytes(document, after)) document = before;
    else if (!sameBytes(document, before)) {
      const both = mode === 'tolerant' && before && after && document && mergeBack(before, after, document);
      if (!both || both.state === 'conflict') return { state: 'blocked', image };
      document = both.document;
      merged = true;
    }
  }
  return { state: 'back', document, merged };
}

async function write(
  { client, session, bypassValidation, way }: PutOptions,
  namespace: EntryNamespace,
  changes: readonly Change[],
): Promise<void> {
  const { database, collection = '' } = namespace;
  const db = client.db(database);
  const deletes: Uint8Array[] = [];
  const replaces: Uint8Array[] = [];
  const inserts: Uint8Array[] = [];
  for (const { now, back } of changes) {
    if (now !== undefined && (back === undefined || way === 'anew')) deletes.push(now);
    if (back === undefined) continue;
    if (now === undefined || way === 'anew') inserts.push(back);
    else replaces.push(back);
  }
  const options = { session, bypassValidation };
  try {
    // In this order a unique value is given back before it is taken.
    await deleteIn(db, collection, deletes, options);
    await replaceIn(db, collection, replaces, options);
    await insertIn(db, collection, inserts, options);
  } catch (error) {
    const code = serverCode(error);
    const refused = error instanceof RawInsertError || code === serverCodes.DuplicateKey;
    if (refused && code !== undefined) throw new PutRefused(code, shownNamespace(namespace), error);
    throw error;
  }
}

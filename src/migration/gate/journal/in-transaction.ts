import { unsent } from '../../../mongo/unsent.ts';
import type { EntryNamespace, StoredCall, StoredRead } from '../../journal/documents.ts';
import type { Image } from '../../journal/images.ts';
import type { Operation } from '../call.ts';
import { shownName } from '../names.ts';
import type { RawSession } from '../raw.ts';
import { sendList } from './bulk/in-session.ts';
import type { EntryDraft, JournalContext } from './context.ts';
import type { EntryWriter } from './entry-writer.ts';
import { chooseMany, pairImages, readDocuments, withoutConcerns } from './imaging.ts';
import type { Lanes } from './lanes.ts';
import { writeOne, writesOneDocument } from './one-document.ts';
import { bsonSize } from './size.ts';
import { storeError, storeResult } from './stored.ts';
import { isUnreadable } from './unreadable.ts';

/**
 * All calls of a transaction stand in one entry, of at most 16 MB: as many are kept as have these bytes with their
 * results. Its reads take up to 9 MB (`ReadLog`).
 */
const keptBytes = 6_000_000;

/** What a transaction of the migration's own has done so far. */
interface Open {
  readonly calls: StoredCall[];
  /** Of those calls. */
  bytes: number;
  /** Whether all calls are among them. */
  whole: boolean;
  readonly images: Map<string, { readonly namespace: EntryNamespace; readonly images: Image[] }>;
  /** Whether everything in it has an image. */
  complete: boolean;
  /** Whether anything may have been changed in it. */
  wrote: boolean;
  /** Collections that were missing, and come into being with the commit. */
  readonly created: Map<string, EntryNamespace>;
}

/**
 * Transactions of user code, and the one around a whole migration: they are kept as they are. Fence and entry become
 * their last writes, so that all of it is committed or nothing.
 */
export class OwnTransactions {
  readonly #context: JournalContext;
  readonly #lanes: Lanes;
  readonly #entries: EntryWriter;
  readonly #open = new Map<RawSession, Open>();

  constructor(context: JournalContext, lanes: Lanes, entries: EntryWriter) {
    this.#context = context;
    this.#lanes = lanes;
    this.#entries = entries;
  }

  /** Sends a call in its session's transaction. An error aborts that transaction, as it does without us. */
  async send<T>(operation: Operation<T>, session: RawSession, fingerprint: string): Promise<T> {
    await this.#lanes.register(session);
    const open = this.#of(session);
    const { call } = operation;
    const creates = call.mayCreate && (await this.#context.kinds.of(call.namespace)) === 'absent';
    const about = { fingerprint, method: call.method, namespace: call.namespace };
    const { result, images } = await this.#apply(operation, session).catch((error: unknown) => {
      if (unsent(error)) {
        keepCall(open, { ...about, error: storeError(error) });
        if (isUnreadable(error, operation, this.#context.driver)) Object.assign(open, { wrote: true, complete: false });
      }
      throw error;
    });
    open.wrote = true;
    if (images === undefined) open.complete = false;
    else this.#keep(open, call.namespace, images);
    if (creates) open.created.set(shownName(call.namespace, this.#context.database), call.namespace);
    keepCall(open, { ...about, result: storeResult(result) });
    return result;
  }

  /**
   * The last writes before a commit: fence, entry, images. Comes back with the lane, which the caller gives back once
   * the commit has been answered; undefined where the transaction wrote nothing.
   */
  async beforeCommit(session: RawSession, reads: () => readonly StoredRead[]): Promise<number | undefined> {
    const open = this.#open.get(session);
    if (open === undefined || !this.has(session)) return undefined;
    const lane = await this.#lanes.takeRested();
    try {
      await this.#lanes.fence(lane, session, 1 + open.created.size);
      for (const namespace of open.created.values()) await this.#entries.record(session, { ...created, namespace });
      const namespace = { database: this.#context.database };
      const entry: EntryDraft = {
        ...{ kind: 'transaction', state: 'done', method: 'transaction', namespace, fingerprint: '' },
        ...{ calls: open.calls, reads: reads(), images: this.#context.images && open.complete },
      };
      await this.#entries.record(session, entry, [...open.images.values()]);
      return lane;
    } catch (error) {
      this.#lanes.give(lane);
      throw error;
    }
  }

  /** Whether the session's transaction may have written anything. */
  has(session: RawSession): boolean {
    return this.#open.get(session)?.wrote === true;
  }

  ended(session: RawSession, lane: number | undefined): void {
    if (lane !== undefined) this.#lanes.give(lane);
    this.#open.delete(session);
  }

  #of(session: RawSession): Open {
    let open = this.#open.get(session);
    if (open === undefined) {
      open = {
        ...{ calls: [], bytes: 0, whole: true, images: new Map(), complete: true, wrote: false },
        created: new Map(),
      };
      this.#open.set(session, open);
    }
    return open;
  }

  #keep(open: Open, namespace: EntryNamespace, images: readonly Image[]): void {
    const name = shownName(namespace, this.#context.database);
    const kept = open.images.get(name) ?? { namespace, images: [] };
    kept.images.push(...images);
    open.images.set(name, kept);
  }

  /** `images` is undefined where they cannot be had. */
  async #apply<T>(
    operation: Operation<T>,
    session: RawSession,
  ): Promise<{ readonly result: T; readonly images: readonly Image[] | undefined }> {
    const { call, args, send } = operation;
    if (writesOneDocument(call.method)) return writeOne(this.#context, operation, session);
    if (!this.#context.images) return { result: await send(session), images: [] };
    const read = (filter: object, finding: object = {}) =>
      readDocuments(this.#context, call.namespace, session, filter, finding);
    if (call.method === 'updateMany' || call.method === 'deleteMany') {
      const { collation, hint, let: variables } = withoutConcerns(args[call.method === 'updateMany' ? 2 : 1]);
      const finding = { collation, hint, let: variables };
      const ids = await chooseMany(this.#context, call.namespace, session, (args[0] ?? {}) as object, finding);
      const named = { _id: { $in: ids } };
      const before = ids.length === 0 ? [] : await read(named);
      const result = await send(session);
      const after = ids.length === 0 ? [] : await read(named);
      const upserted = (result as { upsertedId?: unknown }).upsertedId ?? undefined;
      const made = upserted === undefined ? [] : await read({ _id: { $eq: upserted } });
      return { result, images: [...pairImages(before, after), ...pairImages([], made)] };
    }
    return sendList(this.#context, operation, session);
  }
}

/** The first one that does not fit is kept without its result: a replay cannot answer it, and diverges there. */
function keepCall(open: Open, call: StoredCall): void {
  if (!open.whole) return;
  open.bytes += bsonSize(call, keptBytes);
  open.whole = open.bytes <= keptBytes;
  open.calls.push(open.whole ? call : { ...call, result: { form: 'omitted' } });
}

/** Of a collection that a transaction brought into being: an undo removes it, where it is empty then. */
const created = {
  kind: 'implicit',
  state: 'done',
  method: 'createCollection',
  fingerprint: '',
  images: true,
  catalog: { type: 'create-collection' },
} as const;

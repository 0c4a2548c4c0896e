import type { ClientSession } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import type { AskedDocument, DownAnswer } from '../child/protocol.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import { passing } from '../journal/transactions.ts';
import { unknownTo } from './created-since.ts';
import { mostReadBytes } from './current.ts';
import { documentConflict, type Left } from './put-back.ts';
import { anyVersion } from './quarantine.ts';
import { ConflictList } from './result.ts';
import { PutRefused, type UndoStore } from './store.ts';
import type { Survey, Touched } from './survey.ts';

/** Asks the `downDocument` of the migration; the answers are in the order of what was asked. */
export type AskDown = (documents: readonly AskedDocument[]) => Promise<readonly DownAnswer[]>;

/** Documents that are asked about together, and written in one transaction. */
export const mostAsked = 200;

/** How often a document is asked about again since a user wrote to it meanwhile; then it is left to its user. */
const mostTurns = 20;

export interface DownOptions {
  readonly connection: Connection;
  readonly store: UndoStore;
  readonly survey: Survey;
  readonly ask: AskDown;
}

/** A document, with what the attempt did to it where it did. */
interface Candidate extends Left {
  /** Where its collection stands by now. */
  readonly present: EntryNamespace;
  readonly current: Uint8Array;
}

/**
 * Brings back by `downDocument` what an undo could not put back by itself: documents that it had to leave to users, and
 * those that users created since. Each is written only if it still is what was asked about, in one transaction with its
 * versions for quarantine; asked about again it stays as it is, so this may be repeated after any interruption.
 */
export class DownPass {
  readonly #options: DownOptions;

  constructor(options: DownOptions) {
    this.#options = options;
  }

  /**
   * Comes back with the documents that stay as their users have them. Throws `LEASE_LOST`, the signal's reason, the
   * driver's errors, and what `ask` throws.
   */
  async run(): Promise<ConflictList> {
    const { connection, store, survey } = this.#options;
    const conflicts = new ConflictList();
    for await (const lefts of chunks(store.quarantine.left(), ({ current }) => current?.length ?? 0)) {
      for (const [touched, of] of Map.groupBy(lefts, (left) => touchedAs(survey, left))) {
        const present = touched && store.presentOf(touched.namespace);
        const documents = of.map((left) => ({ after: anyVersion(left) }));
        const now = present && (await store.read(present, documents));
        const candidates = of.flatMap((left) => {
          const current = now?.get(idKey(anyVersion(left)));
          if (present !== undefined && current !== undefined) return [{ ...left, present, current }];
          // It is gone, or its collection is: there is nothing to bring back.
          conflicts.add(documentConflict(left));
          return [];
        });
        const stay = await this.#bringBack(candidates, 'left');
        conflicts.add(...stay.map(documentConflict));
      }
    }
    for (const touched of survey.touched) {
      const { namespace } = touched;
      const present = store.presentOf(namespace);
      if (present === undefined) continue;
      const unknown = unknownTo(connection.client, store, touched, present);
      for await (const documents of chunks(unknown, ({ document: { length } }) => length)) {
        const candidates = documents.map(({ document: current }) => {
          return { namespace, stretch: 0, present, image: {}, current };
        });
        await this.#bringBack(candidates, 'created');
      }
    }
    return conflicts;
  }

  /** Those that stay as they are. */
  async #bringBack(candidates: readonly Candidate[], kind: 'left' | 'created'): Promise<Candidate[]> {
    const stay: Candidate[] = [];
    let asking = candidates;
    for (let turn = 1; asking.length > 0; turn++) {
      if (turn > mostTurns) return [...stay, ...asking];
      const answers = await askAbout(this.#options.ask, asking);
      const back: Back[] = [];
      for (const [at, candidate] of asking.entries()) {
        const answer = answers[at];
        if (answer?.state === 'changed') back.push({ candidate, document: answer.document });
        else if (answer?.state !== 'same') stay.push(candidate);
        else if (kind === 'left') back.push({ candidate, document: candidate.current });
      }
      const { out, moved } = await this.#write(back);
      stay.push(...out);
      asking = moved;
    }
    return stay;
  }

  async #write(back: readonly Back[]): Promise<Written> {
    if (back.length === 0) return { out: [], moved: [] };
    try {
      return await this.#options.store.run(
        (session) => this.#inTransaction(back, session),
        () => back.length === 1,
      );
    } catch (error) {
      const smaller = error instanceof PutRefused || passing(error) === 'conflict';
      if (!smaller) throw error;
      if (back.length === 1) {
        if (error instanceof PutRefused) return { out: back.map(({ candidate }) => candidate), moved: [] };
        throw error;
      }
      const half = Math.ceil(back.length / 2);
      const [first, second] = [await this.#write(back.slice(0, half)), await this.#write(back.slice(half))];
      return { out: [...first.out, ...second.out], moved: [...first.moved, ...second.moved] };
    }
  }

  async #inTransaction(back: readonly Back[], session: ClientSession): Promise<Written> {
    const { store } = this.#options;
    const { present } = (back[0] as Back).candidate;
    const documents = back.map(({ candidate }) => ({ after: candidate.current }));
    const now = await store.read(present, documents, session);
    const out: Candidate[] = [];
    const moved: Candidate[] = [];
    const still: Back[] = [];
    for (const one of back) {
      const current = now.get(idKey(one.candidate.current));
      if (sameBytes(current, one.candidate.current)) still.push(one);
      else if (current !== undefined) moved.push({ ...one.candidate, current });
      else out.push(one.candidate);
    }
    const changes = still.map(({ candidate: { current: now }, document }) => ({
      now,
      back: document,
      stage: 'down' as const,
    }));
    await store.write(present, changes, session);
    const versions = still.map(({ candidate }) => candidate);
    if (versions.length > 0) await store.quarantine.broughtBack(versions, session);
    return { out, moved };
  }
}

interface Back {
  readonly candidate: Candidate;
  readonly document: Uint8Array;
}

interface Written {
  /** The server refuses them, or a user has deleted them. */
  readonly out: Candidate[];
  /** Written to by a user meanwhile. */
  readonly moved: Candidate[];
}

/** Asks about documents, each by the name that the journal has of its collection. */
function askAbout(
  ask: AskDown,
  documents: readonly (Omit<Left, 'stretch'> & { readonly current: Uint8Array })[],
): Promise<readonly DownAnswer[]> {
  return ask(
    documents.map(({ namespace: { collection = '' }, image: { before, after }, current: document }) => ({
      ...{ collection, document, before, after },
    })),
  );
}

function touchedAs({ touched }: Survey, { stretch, namespace }: Left): Touched | undefined {
  return touched.find((one) => one.was(stretch, namespace));
}

/** As many as are asked about together. */
async function* chunks<T>(source: AsyncIterable<T>, bytesOf: (one: T) => number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  let bytes = 0;
  for await (const one of source) {
    chunk.push(one);
    bytes += bytesOf(one);
    if (chunk.length < mostAsked && bytes < mostReadBytes) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}

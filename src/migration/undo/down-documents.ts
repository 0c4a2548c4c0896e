import type { ClientSession } from 'mongodb';
import type { Connection } from '../../mongo/connect.ts';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import type { AskedDocument, DownAnswer } from '../child/protocol.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import { passing } from '../journal/transactions.ts';
import { unknownTo } from './created-since.ts';
import { mostReadBytes } from './current.ts';
import type { Left } from './put-back.ts';
import { anyVersion } from './quarantine.ts';
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

  /** Throws `LEASE_LOST`, the signal's reason, the driver's errors, and what `ask` throws. */
  async run(): Promise<void> {
    const { connection, store, survey } = this.#options;
    for await (const lefts of chunks(store.quarantine.left(), ({ current }) => current?.length ?? 0)) {
      for (const [touched, of] of Map.groupBy(lefts, (left) => touchedAs(survey, left))) {
        const present = touched && store.presentOf(touched.namespace);
        // With its collection a document is gone, and there is nothing to bring back.
        if (present === undefined) continue;
        const now = await store.read(
          present,
          of.map((left) => ({ after: anyVersion(left) })),
        );
        const candidates = of.flatMap((left) => {
          const current = now.get(idKey(anyVersion(left)));
          return current === undefined ? [] : [{ ...left, present, current }];
        });
        await this.#bringBack(candidates, 'left');
      }
    }
    for (const touched of survey.touched) {
      const { namespace } = touched;
      const present = store.presentOf(namespace);
      if (present === undefined) continue;
      const unknown = unknownTo(connection.client, store, touched, present);
      for await (const documents of chunks(unknown, ({ document: { length } }) => length)) {
        const candidates = documents.map(({ document: current }) => {
          return { namespace, stretch: 0, present, image: {}, current, why: { reason: 'created' } as const };
        });
        await this.#bringBack(candidates, 'created');
      }
    }
  }

  async #bringBack(candidates: readonly Candidate[], kind: 'left' | 'created'): Promise<void> {
    let asking = candidates;
    for (let turn = 1; asking.length > 0 && turn <= mostTurns; turn++) {
      const answers = await askAbout(this.#options.ask, asking);
      const back: Back[] = [];
      for (const [at, candidate] of asking.entries()) {
        const answer = answers[at];
        if (answer?.state === 'changed') back.push({ candidate, document: answer.document });
        else if (answer?.state === 'same' && kind === 'left') back.push({ candidate, document: candidate.current });
      }
      asking = await this.#write(back);
    }
  }

  /** Those that users have written to meanwhile. What the server refuses, or users have deleted, stays as it is. */
  async #write(back: readonly Back[]): Promise<Candidate[]> {
    if (back.length === 0) return [];
    try {
      return await this.#options.store.run(
        (session) => this.#inTransaction(back, session),
        () => back.length === 1,
      );
    } catch (error) {
      const smaller = error instanceof PutRefused || passing(error) === 'conflict';
      if (!smaller) throw error;
      if (back.length === 1) {
        if (error instanceof PutRefused) return [];
        throw error;
      }
      const half = Math.ceil(back.length / 2);
      return [...(await this.#write(back.slice(0, half))), ...(await this.#write(back.slice(half)))];
    }
  }

  async #inTransaction(back: readonly Back[], session: ClientSession): Promise<Candidate[]> {
    const { store } = this.#options;
    const { present } = (back[0] as Back).candidate;
    const documents = back.map(({ candidate }) => ({ after: candidate.current }));
    const now = await store.read(present, documents, session);
    const moved: Candidate[] = [];
    const still: Back[] = [];
    for (const one of back) {
      const current = now.get(idKey(one.candidate.current));
      if (sameBytes(current, one.candidate.current)) still.push(one);
      else if (current !== undefined) moved.push({ ...one.candidate, current });
    }
    const changes = still.map(({ candidate: { current: now }, document }) => ({
      now,
      back: document,
      stage: 'down' as const,
    }));
    await store.write(present, changes, session);
    const versions = still.map(({ candidate }) => candidate);
    if (versions.length > 0) await store.quarantine.broughtBack(versions, session);
    return moved;
  }
}

interface Back {
  readonly candidate: Candidate;
  readonly document: Uint8Array;
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

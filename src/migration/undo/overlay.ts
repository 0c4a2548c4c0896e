import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import { digest } from './digest.ts';
import { NamesOfThePast } from './names.ts';
import { readBackwards } from './read.ts';
import { shownNamespace } from './result.ts';

/** What documents will be once newer attempts are undone; in memory those alone that older attempts have changed too. */
export class Overlay {
  /** Documents of the older attempts. */
  readonly #wanted: ReadonlySet<string>;
  readonly #documents = new Map<string, Uint8Array | undefined>();

  private constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  /** `attempts`: the newest first. Throws the driver's errors, the signal's reason. */
  static async of(
    connection: Connection,
    own: OwnNames,
    attempts: readonly Attempt[],
    signal: AbortSignal | undefined,
  ): Promise<Overlay> {
    const wanted = new Set<string>();
    const names = new NamesOfThePast(connection.client);
    for (const [age, attempt] of attempts.length < 2 ? [] : attempts.entries()) {
      for await (const step of readBackwards(connection.db, own, attempt)) {
        signal?.throwIfAborted();
        if (step.kind === 'entry') {
          await names.goBack(step.entry);
          continue;
        }
        if (age === 0) continue;
        const { namespace, images } = step.pack;
        const present = names.presentOf(namespace);
        if (present === undefined) continue;
        for (const { before, after } of images) {
          const document = after ?? before;
          if (document !== undefined) wanted.add(keyOf(present, idKey(document)));
        }
      }
    }
    return new Overlay(wanted);
  }

  /** `read`: what the server has. */
  over(present: EntryNamespace, id: string, read: Uint8Array | undefined): Uint8Array | undefined {
    if (this.#documents.size === 0) return read;
    const key = keyOf(present, id);
    return this.#documents.has(key) ? this.#documents.get(key) : read;
  }

  put(present: EntryNamespace, id: string, document: Uint8Array | undefined): void {
    if (this.#wanted.size === 0) return;
    const key = keyOf(present, id);
    if (this.#wanted.has(key)) this.#documents.set(key, document);
  }

  /** Of a document that no older attempt need have changed. */
  keep(present: EntryNamespace, id: string, document: Uint8Array): void {
    this.#documents.set(keyOf(present, id), document);
  }
}

function keyOf(present: EntryNamespace, id: string): string {
  return digest(`${shownNamespace(present)}\n${id}`);
}

import { createHash } from 'node:crypto';
import { BSON, type ClientSession, type Db, type Document } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { asBuffer, bsonTypes, idElement, idKey } from '../../mongo/raw-bson.ts';
import { rawDocument, rawElement } from '../../mongo/raw-build.ts';
import { insertIn } from '../../mongo/raw-write.ts';
import { type Attempt, attemptPrefix } from '../journal/documents.ts';
import type { Left } from './put-back.ts';
import { shownNamespace } from './result.ts';

/** A document of ours takes 16 MB; what does not fit into one is kept in one a version. */
const mostBytes = 15 * 1024 * 1024;

type Version = 'before' | 'after' | 'current';

/**
 * Documents that an undo leaves to the users who wrote to them, each with what it was before the migration, what the
 * migration made of it, and what it is now.
 */
export class Quarantine {
  readonly #db: Db;
  readonly #own: OwnNames;
  readonly #attempt: Attempt;

  constructor(db: Db, own: OwnNames, attempt: Attempt) {
    this.#db = db;
    this.#own = own;
    this.#attempt = attempt;
  }

  /** Those of these documents that are in it already: all of their older images stay too. */
  async alreadyIn(documents: readonly Left[], session: ClientSession): Promise<Set<Left>> {
    const byId = new Map(documents.map((document) => [this.#id(document), document]));
    const found = await this.#db
      .collection<{ _id: string }>(this.#own.quarantine)
      .find({ _id: { $in: [...byId.keys()] } }, { session, projection: { _id: 1 } })
      .toArray();
    return new Set(found.flatMap(({ _id }) => byId.get(_id) ?? []));
  }

  async add(documents: readonly Left[], session: ClientSession): Promise<void> {
    if (documents.length === 0) return;
    const kept = documents.flatMap((document) => this.#documents(document));
    await insertIn(this.#db, this.#own.quarantine, kept, { session, bypassValidation: false });
  }

  /** The same for a document whatever the step: a repeated undo finds it again. */
  #id(left: Left): string {
    const name = shownNamespace(left.namespace);
    const digest = createHash('sha256')
      .update(idKey(anyVersion(left)), 'latin1')
      .digest('base64url')
      .slice(0, 22);
    return `${attemptPrefix(this.#attempt)}undo/${name}/${digest}`;
  }

  #documents(left: Left): Buffer[] {
    const { image, current } = left;
    const versions: [Version, Uint8Array][] = [];
    if (image.before !== undefined) versions.push(['before', image.before]);
    if (image.after !== undefined) versions.push(['after', image.after]);
    if (current !== undefined) versions.push(['current', current]);
    const bytes = versions.reduce((sum, [, version]) => sum + version.length, 0);
    if (bytes <= mostBytes) return [this.#document(left, this.#id(left), versions)];
    const parts = versions.map((version) => this.#document(left, `${this.#id(left)}/${version[0]}`, [version]));
    return [this.#document(left, this.#id(left), []), ...parts];
  }

  /** Put together from bytes: what the documents hold may fit into no object. */
  #document(left: Left, _id: string, versions: readonly [Version, Uint8Array][]): Buffer {
    const { migration, number } = this.#attempt;
    const about: Document = { _id, why: 'undo', migration, attempt: number, namespace: left.namespace };
    const document = anyVersion(left);
    const { type, valueStart, end } = idElement(document);
    return rawDocument([
      elements(about),
      rawElement(type, 'documentId', asBuffer(document).subarray(valueStart, end)),
      elements({ at: new Date() }),
      ...versions.map(([name, version]) => rawElement(bsonTypes.document, name, version)),
    ]);
  }
}

function anyVersion({ image, current }: Left): Uint8Array {
  return image.after ?? image.before ?? current ?? new Uint8Array();
}

/** The elements of a document, without its length and its end. */
function elements(document: Document): Buffer {
  return asBuffer(BSON.serialize(document)).subarray(4, -1);
}

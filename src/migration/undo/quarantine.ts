import { createHash } from 'node:crypto';
import { BSON, type ClientSession, type Db, type Document } from 'mongodb';
import type { OwnNames } from '../../mongo/own.ts';
import { asBuffer, bsonTypes, elementsOf, idElement, idKey } from '../../mongo/raw-bson.ts';
import { exactValue, rawDocument, rawElement } from '../../mongo/raw-build.ts';
import { insertIn, replaceIn } from '../../mongo/raw-change.ts';
import { type Attempt, attemptPrefix, type EntryNamespace } from '../journal/documents.ts';
import { documentOf } from '../journal/images.ts';
import type { Left } from './put-back.ts';
import { shownNamespace } from './result.ts';
import type { Open } from './step-back.ts';
import { LeftCount, type WhyLeft } from './why-left.ts';

/** Characters of the digest that stands for an `_id`. */
const placeLength = 22;

/** A document of ours takes 16 MB; what does not fit into one is kept in one a version. */
const mostBytes = 15 * 1024 * 1024;

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

  /** What an earlier undo of the attempt has left, and what it has left open. Throws the driver's errors. */
  async read(): Promise<{ readonly open: Map<string, Open>; readonly left: Set<string> }> {
    const own = this.#db.collection<{ _id: string }>(this.#own.quarantine, { readPreference: 'primary' });
    const prefix = attemptPrefix(this.#attempt);
    const within = (kind: string) => ({ _id: { $gte: `${prefix}${kind}/`, $lt: `${prefix}${kind}0` } });
    const left = new Set<string>();
    for await (const { _id } of own.find(within('undo'), { projection: { _id: 1 } }))
      left.add(_id.slice(prefix.length + 5));
    const open = new Map<string, Open>();
    for await (const bytes of own.find(within('open'), { raw: true })) {
      const kept = bytes as unknown as Uint8Array;
      const id = String(exactValue(kept, idElement(kept)));
      open.set(id.slice(prefix.length + 5), openIn(kept));
    }
    return { open, left };
  }

  /** The documents that undos of the attempt have left to users. Throws the driver's errors. */
  async countLeft(): Promise<LeftCount> {
    const count = new LeftCount();
    for await (const head of this.#heads('undo')) count.add(head.namespace.collection ?? '', whyIn(head));
    return count;
  }

  /**
   * How many documents `downDocument` has brought back, by any undo of the attempt, and how many of those users had created.
   * Throws the driver's errors.
   */
  async countBroughtBack(): Promise<BroughtBack> {
    const count = { documents: 0, created: 0 };
    for await (const head of this.#heads('down')) countBack(count, whyIn(head));
    return count;
  }

  /** The documents that undos of the attempt have left to users. Throws the driver's errors. */
  async *left(): AsyncGenerator<Left> {
    for await (const head of this.#heads('undo')) {
      const { _id, namespace, stretch = 0 } = head;
      const found = this.#db
        .collection<{ _id: string }>(this.#own.quarantine, { readPreference: 'primary' })
        .find(
          { _id: { $in: [_id, ...['before', 'after', 'current'].map((name) => `${_id}/${name}`)] } },
          { raw: true },
        );
      let versions = new Map<string, Buffer>();
      for await (const bytes of found) {
        versions = new Map([...versions, ...versionsIn(bytes as unknown as Uint8Array)]);
      }
      const image = { before: versions.get('before'), after: versions.get('after') };
      yield { namespace, stretch, image, current: versions.get('current'), why: whyIn(head) };
    }
  }

  async *#heads(kind: 'undo' | 'down'): AsyncGenerator<Head> {
    const prefix = `${attemptPrefix(this.#attempt)}${kind}/`;
    const found = this.#db.collection<Head>(this.#own.quarantine, { readPreference: 'primary' }).find(
      { _id: { $gte: prefix, $lt: `${prefix.slice(0, -1)}0` } },
      {
        projection: { namespace: 1, stretch: 1, reason: 1, fields: 1, index: 1, code: 1 },
      },
    );
    for await (const head of found) {
      // Versions of large documents stand in documents of their own, behind one more slash.
      const place = shownNamespace(head.namespace).length + 1 + placeLength;
      if (head._id.length === prefix.length + place) yield head;
    }
  }

  async add(documents: readonly Left[], session: ClientSession): Promise<void> {
    if (documents.length === 0) return;
    const kept = documents.flatMap((document) => this.#documents(document, 'undo'));
    await insertIn(this.#db, this.#own.quarantine, kept, { session, bypassValidation: false });
  }

  /** Keeps the versions of documents that `downDocument` brought back, in place of what was left to users. */
  async broughtBack(documents: readonly Left[], session: ClientSession): Promise<void> {
    const kept = documents.flatMap((document) => this.#documents(document, 'down'));
    const ids = documents.flatMap((document) => {
      const [left, down] = [this.#id(document, 'undo'), this.#id(document, 'down')];
      // Of a document that a user has brought into the new shape again, the last version.
      return [left, down].flatMap((id) => [id, ...['before', 'after', 'current'].map((name) => `${id}/${name}`)]);
    });
    const quarantine = this.#db.collection<{ _id: string }>(this.#own.quarantine);
    await quarantine.deleteMany({ _id: { $in: ids } }, { session });
    await insertIn(this.#db, this.#own.quarantine, kept, { session, bypassValidation: false });
  }

  /**
   * Where a document stands in it, of whichever step: a repeated undo finds it again. On another stretch the same name
   * is another collection's.
   */
  placeOf(stretch: number, namespace: EntryNamespace, id: string): string {
    const key = stretch === 0 ? id : `${stretch}\n${id}`;
    const digest = createHash('sha256').update(key, 'latin1').digest('base64url').slice(0, placeLength);
    return `${shownNamespace(namespace)}/${digest}`;
  }

  /** Keeps what is known of a document that is open, in place of what was. */
  async keepOpen(
    place: string,
    { start, back, after, gone }: Open,
    isNew: boolean,
    session: ClientSession,
  ): Promise<void> {
    const { migration, number } = this.#attempt;
    const about = { _id: `${attemptPrefix(this.#attempt)}open/${place}`, why: 'undo-open', migration, attempt: number };
    const versions = versionElements({ start, back, after });
    const document = rawDocument([elements(about), elements({ at: new Date(), ...(gone && { gone }) }), ...versions]);
    const write = isNew ? insertIn : replaceIn;
    await write(this.#db, this.#own.quarantine, [document], { session, bypassValidation: false });
  }

  async close(place: string, session: ClientSession): Promise<void> {
    const _id = `${attemptPrefix(this.#attempt)}open/${place}`;
    await this.#db.collection<{ _id: string }>(this.#own.quarantine).deleteOne({ _id }, { session });
  }

  /** Of a document that was left at a newer image: what it was before the oldest one. */
  async setBefore(place: string, before: Uint8Array | undefined, session: ClientSession): Promise<void> {
    const _id = `${attemptPrefix(this.#attempt)}undo/${place}`;
    const own = this.#db.collection<{ _id: string }>(this.#own.quarantine);
    const found = await own.findOne({ _id }, { session, raw: true });
    if (found === null) return;
    const head = found as unknown as Uint8Array;
    const version = versionElements({ before });
    const others = elementsIn(head, (name) => name !== 'before');
    const whole = rawDocument([...others, ...version]);
    const fits = whole.length <= mostBytes;
    const options = { session, bypassValidation: false };
    await own.deleteOne({ _id: `${_id}/before` }, { session });
    await replaceIn(this.#db, this.#own.quarantine, [fits ? whole : rawDocument(others)], options);
    if (fits) return;
    const about = elementsIn(head, (name) => name !== '_id' && !versionNames.has(name));
    const apart = rawDocument([elements({ _id: `${_id}/before` }), ...about, ...version]);
    await insertIn(this.#db, this.#own.quarantine, [apart], options);
  }

  #id(left: Left, kind: 'undo' | 'down'): string {
    return `${attemptPrefix(this.#attempt)}${kind}/${this.placeOf(left.stretch, left.namespace, idKey(anyVersion(left)))}`;
  }

  #documents(left: Left, kind: 'undo' | 'down'): Buffer[] {
    const { image, current } = left;
    const id = this.#id(left, kind);
    const why = kind === 'undo' ? 'undo' : 'down-document';
    const versions = versionElements({ before: image.before, after: image.after, current });
    const bytes = versions.reduce((sum, version) => sum + version.length, 0);
    if (bytes <= mostBytes) return [this.#document(left, id, why, versions)];
    const parts = versions.map((version) => this.#document(left, `${id}/${nameOf(version)}`, why, [version]));
    return [this.#document(left, id, why, []), ...parts];
  }

  /** Put together from bytes: what the documents hold may fit into no object. */
  #document(left: Left, _id: string, why: string, versions: readonly Buffer[]): Buffer {
    const { migration, number } = this.#attempt;
    const { namespace, stretch } = left;
    const about: Document = { _id, why, ...left.why, migration, attempt: number, namespace, stretch };
    const document = anyVersion(left);
    const { type, valueStart, end } = idElement(document);
    return rawDocument([
      elements(about),
      rawElement(type, 'documentId', asBuffer(document).subarray(valueStart, end)),
      elements({ at: new Date() }),
      ...versions,
    ]);
  }
}

export interface BroughtBack {
  readonly documents: number;
  readonly created: number;
}

export function countBack(count: { -readonly [Name in keyof BroughtBack]: number }, { reason }: WhyLeft): void {
  count.documents += 1;
  if (reason === 'created') count.created += 1;
}

interface Head {
  readonly _id: string;
  readonly namespace: EntryNamespace;
  /** Absent in what older versions have kept: 0. */
  readonly stretch?: number;
  /** Absent in what older versions have kept. */
  readonly reason?: WhyLeft['reason'];
  readonly fields?: readonly string[];
  readonly index?: string;
  readonly code?: number;
}

function whyIn({ reason = 'unknown', fields, index, code }: Head): WhyLeft {
  return { reason, ...(fields && { fields }), ...(index && { index }), ...(code && { code }) } as WhyLeft;
}

/** As elements, those that are there. */
function versionElements(versions: Readonly<Record<string, Uint8Array | undefined>>): Buffer[] {
  return Object.entries(versions).flatMap(([name, version]) =>
    version === undefined ? [] : [rawElement(bsonTypes.document, name, version)],
  );
}

function elementsIn(document: Uint8Array, chosen: (name: string) => boolean): Buffer[] {
  return [...elementsOf(document)].flatMap(({ name, start, end }) =>
    chosen(name) ? [asBuffer(document).subarray(start, end)] : [],
  );
}

function nameOf(element: Buffer): string {
  return element.toString('latin1', 1, element.indexOf(0, 1));
}

function versionsIn(kept: Uint8Array): Map<string, Buffer> {
  const versions = new Map<string, Buffer>();
  for (const { name, type, valueStart, end } of elementsOf(kept)) {
    // An `_id` may be a document, too.
    if (type !== bsonTypes.document || !versionNames.has(name)) continue;
    versions.set(name, Buffer.from(asBuffer(kept).subarray(valueStart, end)));
  }
  return versions;
}

const versionNames: ReadonlySet<string> = new Set(['before', 'after', 'current', 'start', 'back']);

function openIn(kept: Uint8Array): Open {
  const versions = versionsIn(kept);
  const [start, back, after] = ['start', 'back', 'after'].map((name) => versions.get(name));
  return { start, back, after, gone: [...elementsOf(kept)].some(({ name }) => name === 'gone') };
}

export function anyVersion({ image, current }: Left): Uint8Array {
  return documentOf(image) ?? current ?? new Uint8Array();
}

/** The elements of a document, without its length and its end. */
function elements(document: Document): Buffer {
  return asBuffer(BSON.serialize(document)).subarray(4, -1);
}

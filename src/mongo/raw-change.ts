import { setImmediate as turn } from 'node:timers/promises';
import type { ClientSession, Db, Document } from 'mongodb';
import { asBuffer, elementsOf } from './raw-bson.ts';
import { batchBytes, hasEmptyTimestamp, mostDocuments, refuseWriteErrors, sequence } from './raw-sequence.ts';
import { deletesOne, replacesAll, unsetsAll } from './raw-statements.ts';

/** Writes within a transaction, of documents given as BSON bytes. */

export interface RawTransactionOptions {
  /** With a transaction open; it decides on read and write concern. */
  readonly session: ClientSession;
  /** Documents that a validator refuses are written all the same; needs the privilege bypassDocumentValidation. */
  readonly bypassValidation: boolean;
}

/** A document as the transaction has read it, and as it is to be. */
export interface RawChange {
  readonly now: Uint8Array;
  readonly next: Uint8Array;
}

/**
 * Inserts documents exactly as they are. Throws `RawInsertError` where the server refuses one and the driver's error where
 * the command fails; the server has aborted the transaction in both cases.
 */
export async function insertIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  options: RawTransactionOptions,
): Promise<void> {
  await writeIn(db, { insert: collection }, 'documents', documents, options);
  await replaceIn(db, collection, documents.filter(hasEmptyTimestamp), options);
}

/**
 * Puts each document, exactly as it is, where the one with its `_id` is; nowhere where there is none. In which order, the
 * server decides. Throws as `insertIn`.
 */
export async function replaceIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  options: RawTransactionOptions,
): Promise<void> {
  await updateIn(db, collection, replacements(documents), options);
}

/** Makes each document what it is to be, exactly, each as cheaply as it goes. Throws as `insertIn`. */
export async function changeIn(
  db: Db,
  collection: string,
  changes: readonly RawChange[],
  options: RawTransactionOptions,
): Promise<void> {
  const replaced: Uint8Array[] = [];
  const shorter = new Map<string, { readonly names: readonly string[]; readonly documents: Uint8Array[] }>();
  for (const { now, next } of changes) {
    const names = appendedFields(next, now);
    if (names === undefined) {
      replaced.push(next);
      continue;
    }
    const key = names.join('\0');
    const alike = shorter.get(key) ?? { names, documents: [] };
    alike.documents.push(next);
    shorter.set(key, alike);
  }
  const alike = [...shorter.values()];
  // A statement of its own is more than a place in that of the others.
  for (const { documents } of alike) if (documents.length < fewestAlike) replaced.push(...documents);
  const unsets = alike.filter(({ documents }) => documents.length >= fewestAlike);
  await updateIn(db, collection, commandsOf(unsets, replaced), options);
}

const fewestAlike = 20;

/**
 * The names of what stands behind the fields of the shorter document in the longer one, which begins with the same bytes;
 * undefined where that is not all, or where `$unset` would not take exactly that.
 */
function appendedFields(shorter: Uint8Array, longer: Uint8Array): string[] | undefined {
  const [a, b] = [asBuffer(shorter), asBuffer(longer)];
  const end = a.length - 1;
  if (b.length <= a.length || b.compare(a, 4, end, 4, end) !== 0) return undefined;
  const names: string[] = [];
  // Equal bytes are equal elements, so that one begins there in the longer one, too.
  for (const { name } of elementsOf(b, 0, end)) {
    if (!isPlain(name) || holds(a, name) || names.includes(name)) return undefined;
    names.push(name);
  }
  return names;
}

/** Any other is a path, or not what `$unset` takes, or was no UTF-8. */
function isPlain(name: string): boolean {
  return /^[^$.\ufffd][^.\ufffd]*$/.test(name);
}

/** Whether a document has a top-level field of that name; most have no such bytes at all. */
function holds(document: Buffer, name: string): boolean {
  if (document.indexOf(`${name}\0`) < 0) return false;
  for (const element of elementsOf(document)) if (element.name === name) return true;
  return false;
}

function* commandsOf(
  unsets: readonly { readonly names: readonly string[]; readonly documents: readonly Uint8Array[] }[],
  replaced: readonly Uint8Array[],
): Generator<Buffer[]> {
  for (const { names, documents } of unsets) for (const part of parts(documents)) yield [unsetsAll(part, names)];
  yield* replacements(replaced);
}

function* replacements(documents: readonly Uint8Array[]): Generator<Buffer[]> {
  for (const part of parts(documents)) {
    const pieces: Uint8Array[][] = [];
    for (let at = 0; at < part.length; at += mostLookedUp) pieces.push(part.slice(at, at + mostLookedUp));
    yield pieces.map(replacesAll);
  }
}

/** Documents that one command changes at most: the next is put together while the server works on it. */
const mostTogether = 1000;
/** Of those in one statement, among which the server looks each of them up; a statement each takes it longer again. */
const mostLookedUp = 250;

function* parts(documents: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let together: Uint8Array[] = [];
  let bytes = 0;
  for (const document of documents) {
    if (together.length === mostTogether || (bytes > 0 && bytes + document.length > batchBytes)) {
      yield together;
      together = [];
      bytes = 0;
    }
    together.push(document);
    bytes += document.length;
  }
  if (together.length > 0) yield together;
}

/** Deletes the documents with the `_id`s of these. Throws as `insertIn`. */
export async function deleteIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  { session }: Pick<RawTransactionOptions, 'session'>,
): Promise<void> {
  await writeIn(db, { delete: collection }, 'deletes', documents.map(deletesOne), { session });
}

type WriteOptions = Partial<RawTransactionOptions> & Pick<RawTransactionOptions, 'session'>;

/** One command after the other; each is put together while the server works on the one before. */
async function updateIn(
  db: Db,
  collection: string,
  commands: Iterable<readonly Buffer[]>,
  options: RawTransactionOptions,
): Promise<void> {
  let under: Promise<void> = Promise.resolve();
  for (const statements of commands) {
    await under;
    under = send(db, { update: collection }, 'updates', statements, options).then((answer) =>
      refuseWriteErrors(answer),
    );
    // What it throws is thrown where it is waited for.
    under.catch(() => {});
    // Until the driver has written it to the connection.
    await turn();
  }
  await under;
}

async function writeIn(
  db: Db,
  command: Document,
  field: string,
  statements: readonly Uint8Array[],
  options: WriteOptions,
): Promise<void> {
  for (let from = 0; from < statements.length; ) {
    let to = from;
    for (let bytes = 0; to < statements.length && to - from < mostDocuments; to++) {
      bytes += (statements[to] as Uint8Array).length;
      if (bytes > batchBytes && to > from) break;
    }
    refuseWriteErrors(await send(db, command, field, statements.slice(from, to), options), from);
    from = to;
  }
}

async function send(
  db: Db,
  command: Document,
  field: string,
  statements: readonly Uint8Array[],
  { session, bypassValidation }: WriteOptions,
): Promise<Document> {
  return db.command(
    {
      ...command,
      [field]: sequence(field, statements),
      ordered: true,
      ...(bypassValidation === true && { bypassDocumentValidation: true }),
    },
    { session },
  );
}

import { setImmediate as turn } from 'node:timers/promises';
import type { ClientSession, Db, Document } from 'mongodb';
import { apart, isGiven, type RawValue, type Recipe, Recipes, whole } from './raw-recipe.ts';
import { batchBytes, hasEmptyTimestamp, mostDocuments, refuseWriteErrors, sequence } from './raw-sequence.ts';
import { deletesOne, insertsOne, remakesAll, replacesAll, unsetsAll } from './raw-statements.ts';

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
  // An insert replaces Timestamp(0, 0) in top-level fields by the time, one by a pipeline does not.
  const changed = documents.filter(hasEmptyTimestamp);
  await deleteIn(db, collection, changed, options);
  await writeIn(db, { update: collection }, 'updates', changed.map(insertsOne), options);
}

/** Puts each document, exactly as it is, where the one with its `_id` is. Throws as `insertIn`. */
export async function replaceIn(
  db: Db,
  collection: string,
  documents: readonly Uint8Array[],
  options: RawTransactionOptions,
): Promise<void> {
  await deleteIn(db, collection, documents, options);
  await insertIn(db, collection, documents, options);
}

/** Makes each document what it is to be, exactly, each as cheaply as it goes. Throws as `insertIn`. */
export async function changeIn(
  db: Db,
  collection: string,
  changes: readonly RawChange[],
  options: RawTransactionOptions,
): Promise<void> {
  const recipes = new Recipes();
  const rest: Changed[] = [];
  const alike = new Map<Recipe, Changed[]>([[whole, rest]]);
  for (const { now, next } of changes) {
    const { recipe, given } = recipes.of(now, next);
    const same = alike.get(recipe);
    if (same === undefined) alike.set(recipe, [{ next, given }]);
    else same.push({ next, given });
  }
  const anew = (alike.get(apart) ?? []).map(({ next }) => next);
  alike.delete(apart);
  for (const [recipe, some] of alike) {
    if (recipe === whole || some.length >= fewestAlike) continue;
    rest.push(...some);
    alike.delete(recipe);
  }
  // In this order a unique value is given back before it is taken.
  await deleteIn(db, collection, anew, options);
  await updateIn(db, collection, commandsOf(alike), options);
  await insertIn(db, collection, anew, options);
}

/** A statement of its own is more than a place in that of the others. */
const fewestAlike = 20;

/** What a document is to be, with what its recipe takes besides. */
interface Changed {
  readonly next: Uint8Array;
  readonly given: readonly RawValue[];
}

/** The statements of one command after the other. */
function* commandsOf(alike: Iterable<readonly [Recipe, readonly Changed[]]>): Generator<Buffer[]> {
  for (const [recipe, some] of alike) {
    for (const together of parts(some, mostTogether)) {
      yield [...parts(together, mostIn(recipe))].map((part) => statementOf(recipe, part));
    }
  }
}

function statementOf(recipe: Recipe, part: readonly Changed[]): Buffer {
  const documents = part.map(({ next }) => next);
  if (recipe.kind === 'without') return unsetsAll(documents, recipe.names);
  const given = part.map(({ given }) => given);
  return recipe.kind === 'made' ? remakesAll(documents, recipe.fields, given) : replacesAll(documents);
}

/** Documents that one command changes at most: the next is put together while the server works on it. */
const mostTogether = 1000;
/** Of those in one statement, among which the server looks each of them up; a statement each takes it longer again. */
const mostLookedUp = 250;

function mostIn(recipe: Recipe): number {
  const looksUp = recipe.kind === 'whole' || (recipe.kind === 'made' && recipe.fields.some(isGiven));
  return looksUp ? mostLookedUp : mostTogether;
}

function* parts(list: readonly Changed[], most: number): Generator<Changed[]> {
  let together: Changed[] = [];
  let bytes = 0;
  for (const one of list) {
    const { length } = one.next;
    if (together.length === most || (bytes > 0 && bytes + length > batchBytes)) {
      yield together;
      together = [];
      bytes = 0;
    }
    together.push(one);
    bytes += length;
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

import type { ClientSession, CollationOptions } from 'mongodb';
import { asBuffer, bsonTypes, elementsOf, idKey, type RawElement, sameBytes } from '../../mongo/raw-bson.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import { type Change, keyAt, type UndoStore } from './store.ts';
import type { WhyLeft } from './why-left.ts';

/** Documents that the server would refuse for certain, by `keyAt`, each with the one that keeps the value at the end of its chain. */
export class PutHeld extends Error {
  override readonly name = 'PutHeld';
  readonly held: ReadonlyMap<string, Uint8Array>;
  readonly why: WhyLeft;

  constructor(held: ReadonlyMap<string, Uint8Array>, { why }: PlainKey) {
    super('Unique values are held by documents that stay as they are.');
    this.held = held;
    this.why = why;
  }
}

/** A unique index, and the fields of its key: see `Refusal`. */
export interface PlainKey {
  readonly index: string;
  readonly fields: readonly string[];
  /** Names the index only where no other one has the same key. */
  readonly why: WhyLeft;
  /** By which it compares. */
  readonly collation?: CollationOptions;
}

/** How a collection's unique keys are looked for, by its name. */
export type PlainKeys = ReadonlyMap<string, PlainKey>;

/**
 * Looks, before these changes are written, who has the unique values that they need, and stays: the server names but the
 * first one, and all that was written before it is for nothing. Throws `PutHeld` where there is any, the driver's errors.
 * Comes back with those of these documents, by the key of their `_id`, that have what another one needs.
 */
export async function refuseHeld(
  store: UndoStore,
  present: EntryNamespace,
  changes: readonly Change[],
  key: PlainKey,
  session: ClientSession,
): Promise<ReadonlySet<string>> {
  const names = key.fields;
  const moving = new Map<string, string | undefined>();
  const waiting = new Map<string, Change[]>();
  const wanted: Uint8Array[] = [];
  for (const change of changes) {
    const { now, back } = change;
    if (sameBytes(now, back)) continue;
    const value = back && keyIn(back, names);
    if (now !== undefined) moving.set(idKey(now), value);
    if (back === undefined || value === undefined) continue;
    wanted.push(back);
    waiting.set(value, [...(waiting.get(value) ?? []), change]);
  }
  const found = await store.having(present, key, wanted, session);
  const stay = found.flatMap((document) => (moving.has(idKey(document)) ? [] : [{ document, root: document }]));
  const held = new Map<string, Uint8Array>();
  // It grows on the way: who waits stays as well, and keeps what the next one waits for. A chain ends at one that may go
  // later.
  for (const { document, root } of stay) {
    const value = keyIn(document, names);
    for (const { now, back, isStep } of (value && waiting.get(value)) || []) {
      const name = keyAt(present, (now ?? back) as Uint8Array);
      if (held.has(name)) continue;
      held.set(name, root);
      if (now !== undefined) stay.push({ document: now, root: isStep ? now : root });
    }
  }
  if (held.size > 0) throw new PutHeld(held, key);
  const givesUp = (document: Uint8Array) => moving.get(idKey(document)) !== keyIn(document, names);
  return new Set(found.filter(givesUp).map((document) => idKey(document)));
}

/** The values of these fields, as one text. Undefined as `fieldsIn`. */
function keyIn(document: Uint8Array, names: readonly string[]): string | undefined {
  return fieldsIn(document, names)
    ?.map(({ within, element: { type, valueStart, end } }) => {
      return `${type}:${asBuffer(within).toString('latin1', valueStart, end)}`;
    })
    .join('\n');
}

/** A field of a document, or of one in it. */
interface Field {
  readonly within: Uint8Array;
  readonly element: RawElement;
}

/**
 * The fields of these names, in their order, those with dots in embedded documents. Undefined where one is absent, there
 * twice, or has several entries in an index.
 */
export function fieldsIn(document: Uint8Array, names: readonly string[]): Field[] | undefined {
  const fields = names.flatMap((name) => fieldAt(document, name.split('.')) ?? []);
  return fields.length === names.length ? fields : undefined;
}

function fieldAt(within: Uint8Array, [name, ...rest]: readonly string[]): Field | undefined {
  const [element, ...others] = [...elementsOf(within)].filter((one) => one.name === name);
  if (element === undefined || others.length > 0 || element.type === bsonTypes.array) return undefined;
  if (rest.length === 0) return { within, element };
  if (element.type !== bsonTypes.document) return undefined;
  return fieldAt(asBuffer(within).subarray(element.valueStart, element.end), rest);
}

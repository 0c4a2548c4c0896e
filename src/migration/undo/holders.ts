import type { ClientSession } from 'mongodb';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { serverCodes } from '../../mongo/server-code.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import { type IndexKey, keyIn, valueIn } from './index-key.ts';
import { type Change, keyAt, type UndoStore } from './store.ts';
import type { WhyLeft } from './why-left.ts';

/** A document that the server would refuse for certain. */
export interface Held {
  /** The one that keeps the value at the end of its chain. */
  readonly holder: Uint8Array;
  readonly why: WhyLeft;
}

/** Documents, by `keyAt`, whose unique values stay with others; nothing of the transaction is written. */
export class PutHeld extends Error {
  override readonly name = 'PutHeld';
  readonly code = serverCodes.DuplicateKey;
  readonly present: EntryNamespace;
  readonly held: ReadonlyMap<string, Held>;

  constructor(present: EntryNamespace, held: ReadonlyMap<string, Held>) {
    super('Unique values are held by documents that stay as they are.');
    this.present = present;
    this.held = held;
  }
}

/** What changes need of one index. */
interface Wanted {
  readonly key: IndexKey;
  /** By value, who waits for it. */
  readonly waiting: ReadonlyMap<string, readonly Change[]>;
}

/** A document that keeps what it has in these indexes. */
interface Stays {
  readonly values: readonly (readonly [Wanted, value: string | undefined])[];
  readonly name: string;
  readonly holder: Uint8Array;
}

/**
 * Looks, before these changes are written, who has the unique values that they need, and stays: the server names but the
 * first one, and all that was written before it is for nothing. Throws `PutHeld` where there is any, `IndexGone`, the
 * driver's errors. Comes back with those of these documents, by the key of their `_id`, that have what another one needs.
 */
export async function givingUp(
  store: UndoStore,
  present: EntryNamespace,
  changes: readonly Change[],
  keys: readonly IndexKey[],
  session: ClientSession,
): Promise<ReadonlySet<string>> {
  const moving = new Map<string, Change>();
  for (const change of changes) {
    const { now, back } = change;
    if (now !== undefined && !sameBytes(now, back)) moving.set(idKey(now), change);
  }
  const out = new Set<string>();
  const stay: Stays[] = [];
  const wants: Wanted[] = [];
  for (const key of keys) {
    const wanted = wantedIn(changes, key);
    wants.push(wanted);
    const documents = [...wanted.waiting.values()].flatMap(([first]) => first?.back ?? []);
    for (const document of await store.having(present, key, documents, session)) {
      const id = idKey(document);
      const mover = moving.get(id);
      const value = valueIn(document, key);
      if (mover !== undefined && (mover.back && keyIn(mover.back, key)) !== value) out.add(id);
      else stay.push({ values: [[wanted, value]], name: keyAt(present, document, id), holder: document });
    }
  }
  const held = new Map<string, Held>();
  // It grows on the way: who waits stays as well, and keeps what the next one waits for. A chain ends at one that may go
  // later.
  for (const { values, name: keeper, holder } of stay) {
    for (const [{ key, waiting }, value] of values) {
      for (const { now, back, isStep } of (value && waiting.get(value)) || []) {
        const name = keyAt(present, (now ?? back) as Uint8Array);
        // It has what it needs, where only the server could tell whether a partial index has it.
        if (held.has(name) || name === keeper) continue;
        held.set(name, { holder, why: key.why });
        if (now === undefined) continue;
        const kept = wants.map((wanted) => [wanted, keyIn(now, wanted.key)] as const);
        stay.push({ values: kept, name, holder: isStep ? now : holder });
      }
    }
  }
  if (held.size > 0) throw new PutHeld(present, held);
  return out;
}

/** Who keeps a value waits for none. */
function wantedIn(changes: readonly Change[], key: IndexKey): Wanted {
  const waiting = new Map<string, Change[]>();
  for (const change of changes) {
    const { now, back } = change;
    const value = back === undefined || sameBytes(now, back) ? undefined : keyIn(back, key);
    if (value === undefined || (now !== undefined && keyIn(now, key) === value)) continue;
    const others = waiting.get(value);
    if (others === undefined) waiting.set(value, [change]);
    else others.push(change);
  }
  return { key, waiting };
}

import { shownId } from '../../mongo/shown-id.ts';
import type { Gate } from '../gate/gate.ts';
import { classesOf } from '../gate/journal/driver-classes.ts';
import { shownName } from '../gate/names.ts';
import type { Driver } from '../gate/raw.ts';
import type { LastRead } from './protocol.ts';

/**
 * The document that a cursor gave to user code last. Undefined where it gave none, or what it gave has no `_id`, as with a
 * projection or what `map` makes.
 */
export function lastReadOf({ lastRead, database }: Gate, driver: Driver): LastRead | undefined {
  if (lastRead === undefined) return undefined;
  const { _id } = Object(lastRead.document) as { readonly _id?: unknown };
  if (_id === undefined) return undefined;
  try {
    const id = shownId(classesOf(driver).BSON.serialize({ _id }));
    return { collection: shownName(lastRead.namespace, database), id };
  } catch {
    // User code may have put anything there.
    return undefined;
  }
}

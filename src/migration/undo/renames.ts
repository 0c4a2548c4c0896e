import { asBuffer, elementsOf } from '../../mongo/raw-bson.ts';

/** Whether a migration gave a field of the first name the second one; `maybe` where nothing tells. */
export type IsRename = (from: string, to: string) => 'yes' | 'no' | 'maybe';

export const neverRenames: IsRename = () => 'no';

/** More names that went and came together are no renames that anybody wrote down. */
const mostNames = 50;
/** Bytes of a value that two fields do not have by accident: a text of eleven letters, an ObjectId. */
const distinctiveBytes = 12;

/**
 * Finds out which fields a migration renamed, by `$rename` or by any other way, from what documents were before and
 * after. A field that was taken away and another one that was set may have one value by accident: it counts as a rename
 * where each document that was looked at lost the one and got the other with the same value, and these values were two
 * different ones at least, or one that nobody sets by accident.
 */
export class RenameEvidence {
  readonly #pairs = new Map<string, Pair>();

  add(before: Uint8Array, after: Uint8Array): void {
    const [old, made] = [valuesOf(before), valuesOf(after)];
    const gone = [...old].filter(([name]) => !made.has(name));
    const come = [...made].filter(([name]) => !old.has(name));
    for (const pair of this.#pairs.values()) if (has(gone, pair.from) !== has(come, pair.to)) pair.refuted = true;
    if (gone.length * come.length > mostNames) return;
    for (const [from, was] of gone) {
      for (const [to, is] of come) {
        const key = `${from}\0${to}`;
        const pair = this.#pairs.get(key) ?? { from, to, refuted: false, value: undefined, evident: false };
        this.#pairs.set(key, pair);
        if (was !== is) pair.refuted = true;
        pair.evident ||= is.length > distinctiveBytes || (pair.value !== undefined && pair.value !== is);
        pair.value = is;
      }
    }
  }

  /** `neverRenames` where no field can have been. Where one of two fields might have become the same, or the other way round, nothing tells which. */
  get isRename(): IsRename {
    const possible = [...this.#pairs.values()].filter(({ refuted }) => !refuted);
    if (possible.length === 0) return neverRenames;
    return (from, to) => {
      const pair = possible.find((one) => one.from === from && one.to === to);
      if (pair === undefined) return 'no';
      const others = possible.filter((one) => one !== pair && (one.from === from || one.to === to));
      return pair.evident && others.length === 0 ? 'yes' : 'maybe';
    };
  }
}

interface Pair {
  readonly from: string;
  readonly to: string;
  refuted: boolean;
  value: string | undefined;
  evident: boolean;
}

function has(fields: readonly (readonly [name: string, value: string])[], name: string): boolean {
  return fields.some(([one]) => one === name);
}

/** Type and bytes of each top-level field. */
function valuesOf(document: Uint8Array): Map<string, string> {
  const buffer = asBuffer(document);
  const values = new Map<string, string>();
  for (const { name, type, valueStart, end } of elementsOf(document))
    values.set(name, `${String.fromCharCode(type)}${buffer.toString('latin1', valueStart, end)}`);
  return values;
}

import { shownId } from '../../../../mongo/shown-id.ts';
import type { Namespace } from '../../call.ts';
import type { Backfill } from './description.ts';
import type { Failed } from './failure.ts';

/** For people who look after the documents that were left out. */
export interface Quarantined {
  readonly migration: string;
  readonly attempt?: number;
  readonly why: 'batch';
  readonly namespace: Namespace;
  readonly documentId: unknown;
  /** Whole: it stands in the database that its values come from. `at`: where in the project it came up. */
  readonly error: {
    readonly name: string;
    readonly message: string;
    readonly code?: number | string;
    readonly at?: string;
  };
  readonly at: Date;
  /** As it was; absent where it is too large to stand in another document. */
  readonly document?: object;
}

/** Of the 16 MB that a document may have. */
const largestKept = 15 * 1024 * 1024;

export function quarantined(
  about: Pick<Quarantined, 'migration' | 'attempt' | 'namespace'>,
  { row, failure }: Failed,
  placeOf: Backfill['placeOf'],
  exactly: () => object,
): Quarantined {
  const { code } = Object(failure) as { code?: unknown };
  const known = typeof code === 'number' || typeof code === 'string' ? { code } : {};
  const at = placeOf(failure);
  const thrown = { name: typeof failure, message: typeof failure === 'string' ? failure : '' };
  const { name, message } = failure instanceof Error ? failure : thrown;
  return {
    ...about,
    why: 'batch',
    documentId: row.id,
    error: { name, message, ...known, ...(at === undefined ? {} : { at }) },
    at: new Date(),
    ...(row.bytes.length > largestKept ? {} : { document: exactly() }),
  };
}

/** So many are told of; the copies say it of all. */
const mostTold = 3;

/** Says why the first documents of a batch are left out: of a rehearsal's copies nothing stays. */
export class LeftOut {
  readonly #backfill: Backfill;
  #told = 0;

  constructor(backfill: Backfill) {
    this.#backfill = backfill;
  }

  tell(failed: readonly Failed[]): void {
    const { title, describe, placeOf, tell } = this.#backfill;
    for (const { row, failure } of failed.slice(0, mostTold - this.#told)) {
      this.#told += 1;
      const place = placeOf(failure);
      const at = place === undefined ? '' : ` at ${place}`;
      tell('warn', `${title}: the document ${shownId(row.bytes)} is left as it is: ${describe(failure)}${at}.`, {});
    }
  }
}

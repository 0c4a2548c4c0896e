import type { StoredError } from '../../../journal/documents.ts';
import type { Driver } from '../../raw.ts';
import { restoreError, storeError } from '../stored.ts';

/** A command of a list that was refused as a whole: where its statements begin and end, and what the server said. */
export interface Failing {
  readonly from: number;
  readonly until: number;
  readonly error: unknown;
}

export interface StoredFailing {
  readonly from: number;
  readonly until: number;
  readonly error?: StoredError;
}

export function storedFailing({ from, until, error }: Failing): StoredFailing {
  return { from, until, error: storeError(error) };
}

export function failingFrom({ from, until, error }: StoredFailing, driver: Driver): Failing {
  return { from, until, error: error === undefined ? undefined : restoreError(error, driver) };
}

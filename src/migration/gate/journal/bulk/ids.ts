import type { Driver } from '../../raw.ts';
import { classesOf } from '../driver-classes.ts';

/**
 * The `_id`s of one list's documents that have none: as the driver makes them, each counting up from the one before. A
 * list that is taken up again so gets the same ids, and the journal has to keep only the first.
 */
export class CountedIds {
  readonly first: Uint8Array;
  readonly #driver: Driver;
  readonly #known: boolean;
  #given = 0n;

  /** `first` is that of an earlier run of the same list. */
  constructor(driver: Driver, first?: Uint8Array) {
    this.#driver = driver;
    this.#known = first !== undefined;
    this.first = Uint8Array.from(first ?? new (classesOf(driver).ObjectId)().id);
  }

  next(): unknown {
    const { ObjectId } = classesOf(this.#driver);
    const bytes = Buffer.from(this.first);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, bytes.readBigUInt64BE(4) + this.#given), 4);
    // The driver's own counter keeps step: what it makes next comes after.
    if (!this.#known && this.#given > 0n) new ObjectId();
    this.#given += 1n;
    return new ObjectId(bytes);
  }
}

interface PkFactory {
  createPk(): unknown;
}

/** A collection of the driver, by the settings that decide on ids. */
export interface IdSettings {
  readonly s?: {
    readonly pkFactory?: PkFactory;
    readonly db?: { readonly options?: { readonly forceServerObjectId?: boolean } };
  };
  readonly db?: { readonly options?: { readonly forceServerObjectId?: boolean } };
}

const defaultFactories = new WeakMap<object, PkFactory | undefined>();

/** Who gives `_id`s to documents that have none. */
export function idsFrom(driver: Driver, { s, db }: IdSettings, force: unknown): 'driver' | 'factory' | 'server' {
  if (force ?? (db ?? s?.db)?.options?.forceServerObjectId) return 'server';
  const { MongoClient } = driver.classes;
  if (!defaultFactories.has(MongoClient)) {
    // Never connected: it only has what a collection without settings has.
    const plain = new MongoClient('mongodb://localhost').db('a').collection('a') as unknown as IdSettings;
    defaultFactories.set(MongoClient, plain.s?.pkFactory);
  }
  return s?.pkFactory === defaultFactories.get(MongoClient) ? 'driver' : 'factory';
}

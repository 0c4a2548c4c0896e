import { randomBytes } from 'node:crypto';
import type { Driver } from '../../raw.ts';
import { classesOf } from '../driver-classes.ts';

/**
 * The `_id`s of one list's documents that have none: an ObjectId of their own, and those that count up from it. A list
 * that is taken up again so gets the same ids, and the journal has to keep only the first.
 */
export class CountedIds {
  readonly first: Uint8Array;
  readonly #driver: Driver;
  #given = 0n;

  constructor(driver: Driver, first: Uint8Array = newFirst()) {
    this.#driver = driver;
    this.first = first;
  }

  next(): unknown {
    const bytes = Buffer.from(this.first);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, bytes.readBigUInt64BE(4) + this.#given), 4);
    this.#given += 1n;
    return new (classesOf(this.#driver).ObjectId)(bytes);
  }
}

/** Seconds since 1970, then random: https://www.mongodb.com/docs/manual/reference/bson-types/#objectid. */
function newFirst(): Uint8Array {
  const bytes = randomBytes(12);
  bytes.writeUInt32BE(Math.floor(Date.now() / 1000), 0);
  return bytes;
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

/** Whether the driver would give ids of its own making: neither the server's nor those of a project's factory. */
export function driverGivesIds(driver: Driver, { s, db }: IdSettings, force: unknown): boolean {
  if (force ?? (db ?? s?.db)?.options?.forceServerObjectId) return false;
  const { MongoClient } = driver.classes;
  if (!defaultFactories.has(MongoClient)) {
    // Never connected: it only has what a collection without settings has.
    const plain = new MongoClient('mongodb://localhost').db('a').collection('a') as unknown as IdSettings;
    defaultFactories.set(MongoClient, plain.s?.pkFactory);
  }
  return s?.pkFactory === defaultFactories.get(MongoClient);
}

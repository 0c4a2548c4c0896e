import type * as bundled from 'mongodb';
import type { Driver } from '../raw.ts';

/** Exports that all majors of the driver have beside those that the gate knows its objects by. */
export type DriverClasses = Driver['classes'] &
  Pick<typeof bundled, 'BSON' | 'MongoError' | 'MongoServerError' | 'MongoBulkWriteError' | 'ObjectId'>;

export function classesOf(driver: Driver): DriverClasses {
  return driver.classes as DriverClasses;
}

import { serverCode } from './server-code.ts';

/** Errors of the driver (4 to 7) and of BSON that are thrown before anything goes over the wire. */
const beforeSending: ReadonlySet<string> = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'BSONError',
  'BSONTypeError',
  'BSONVersionError',
  'BSONOffsetError',
  'BSONRuntimeError',
  'MongoAPIError',
  'MongoBatchReExecutionError',
  'MongoCompatibilityError',
  'MongoDriverError',
  'MongoExpiredSessionError',
  'MongoInvalidArgumentError',
  'MongoMissingDependencyError',
  'MongoNotConnectedError',
  'MongoParseError',
  'MongoTransactionError',
]);

/** Whether the driver, whichever the project has, refused something by itself: the server has not heard of it. */
export function unsent(error: unknown): error is Error {
  return error instanceof Error && serverCode(error) === undefined && beforeSending.has(error.name);
}

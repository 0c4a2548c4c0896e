import type { Operation } from '../call.ts';
import { wasDone } from '../failure.ts';
import type { Driver } from '../raw.ts';
import { classesOf } from './driver-classes.ts';

/**
 * Whether an error says that an answer could not be read, so that the server had done the call; the gate's books are told
 * so. BSON says the same of a document that it cannot write and of one that it cannot read, such as one with invalid
 * UTF-8: what was to be sent tells which of them it was.
 */
export function isUnreadable(error: unknown, { args }: Pick<Operation<unknown>, 'args'>, driver: Driver): boolean {
  if (!(error instanceof Error) || !(error.name === 'RangeError' || error.name.startsWith('BSON'))) return false;
  const sent = args.map((argument) =>
    typeof argument === 'object' && argument !== null && 'session' in argument
      ? { ...argument, session: undefined }
      : argument,
  );
  try {
    classesOf(driver).BSON.serialize({ sent }, { ignoreUndefined: true });
  } catch {
    return false;
  }
  wasDone(error);
  return true;
}

import { serverCode } from '../../../mongo/server-code.ts';
import { passing } from '../../journal/transactions.ts';

/** A server that stops being the primary, or stops (`src/mongo/base/error_codes.yml`); what it was asked for may be done. */
const stepsDown: ReadonlySet<number | undefined> = new Set([
  91, // ShutdownInProgress
  189, // PrimarySteppedDown
  10_107, // NotWritablePrimary
  11_600, // InterruptedAtShutdown
  11_602, // InterruptedDueToReplStateChange
  13_435, // NotPrimaryNoSecondaryOk
  13_436, // NotPrimaryOrSecondary
]);

/** Whether an answer never came to what was sent outside of a transaction, so that it is open what was done. */
export function unheard(error: unknown): boolean {
  return stepsDown.has(serverCode(error)) || passing(error) === 'outage';
}

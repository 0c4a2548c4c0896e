import { ReleaseError } from '../observe/error.ts';
import { type Run, targetOf } from './run.ts';

/** What takes something back in production stands in the record with its reason. Throws `USAGE` where none is given. */
export function needReason(run: Run, what: string, orElse = ''): void {
  if (targetOf(run).environment !== 'production' || run.invocation.flags.reason !== undefined) return;
  throw new ReleaseError('USAGE', `In production ${what} needs a reason, for the record.`, {
    hint: `Add --reason "…"${orElse}.`,
  });
}

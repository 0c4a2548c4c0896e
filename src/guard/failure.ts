import { ReleaseError } from '../observe/error.ts';
import type { GuardResult } from './guard.ts';

/** `BLOCKED_BY_GUARD` when a finding of the guards has severity `error`; undefined when a release may start. */
export function guardFailure(results: readonly GuardResult[]): ReleaseError | undefined {
  const errors = results.flatMap((result) => result.findings.filter((finding) => finding.severity === 'error'));
  const [first, ...more] = errors;
  if (first === undefined) return undefined;
  const others =
    more.length === 0 ? '' : ` (${more.length} more: ${[...new Set(more.map((one) => one.rule))].join(', ')})`;
  return new ReleaseError('BLOCKED_BY_GUARD', `${first.message}${others}`, {
    hint: first.next,
    details: { guard: first.rule, errors: errors.length },
  });
}

/** How a run ended. Never a boolean: what was not seen is `unknown`. */
export const outcomes = [
  'applied',
  'rehearsed',
  'nothing-to-do',
  'rolled-back',
  'failed-clean',
  'failed-dirty',
  'blocked',
  'cancelled',
  'unknown',
] as const;

export type Outcome = (typeof outcomes)[number];

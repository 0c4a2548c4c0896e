import { allowedEnvironment } from '../config/process-environment.ts';

/** What Node and its users' tools look for, beside what any program needs. */
const allowed = [
  'ComSpec',
  'TERM',
  // A proof is bound to it: code may do another thing by it, as it may by CI, which it does not get.
  'NODE_ENV',
  // Where Node keeps compiled code: each child starts in a third of the time.
  'NODE_COMPILE_CACHE',
  'TRACEPARENT',
  'NODE_EXTRA_CA_CERTS',
];

/**
 * What a child process may know of our environment. No address of a database, no token: in a rehearsal a migration knows
 * the sandbox's address and no other, and gets that one over a pipe.
 */
export function childEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return allowedEnvironment(env, allowed);
}

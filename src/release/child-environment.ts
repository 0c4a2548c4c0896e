/**
 * What a child process may know of our environment. No address of a database, no token: in a rehearsal a migration knows
 * the sandbox's address and no other, and gets that one over a pipe.
 */
const allowed = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'ComSpec',
  'PATHEXT',
  'CI',
  'TERM',
  'NODE_ENV',
  // Where Node keeps compiled code: each child starts in a third of the time.
  'NODE_COMPILE_CACHE',
  'TRACEPARENT',
  // Certificates and proxies that a company's network needs.
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;

export function childEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of allowed) {
    const value = env[name];
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}

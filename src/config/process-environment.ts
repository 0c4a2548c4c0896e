/** What any program that we start needs to run at all. No address of a database, no token. */
const needed = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'SystemRoot',
  'PATHEXT',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  // Certificates that a company's network needs.
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** The part of an environment that a process of ours may know: what any program needs, and what else is allowed to it. */
export function allowedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  more: readonly string[],
  prefixes: readonly string[] = [],
): Record<string, string> {
  const prefixed = Object.keys(env).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  const passed: Record<string, string> = {};
  for (const name of [...needed, ...more, ...prefixed]) {
    const value = env[name];
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}

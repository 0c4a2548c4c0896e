/**
 * The hosts that a connection string names, as members of a replica set name each other: small letters, with their port.
 * A `mongodb+srv` string names no member but a record that lists them: its name comes back as it is. `[]` for a text
 * that is no connection string.
 */
export function hostsOf(uri: string): string[] {
  const [, srv, authority] = /^mongodb(\+srv)?:\/\/([^/?]+)/i.exec(uri) ?? [];
  if (authority === undefined) return [];
  const hosts = authority.slice(authority.lastIndexOf('@') + 1).split(',');
  return hosts
    .filter((host) => host !== '')
    .map((host) => (srv !== undefined || /:\d+$/.test(host) ? host : `${host}:27017`).toLowerCase());
}

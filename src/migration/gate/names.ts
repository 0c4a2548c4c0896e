import type { Namespace } from './call.ts';

/** The namespace of a name such as `shop.places.old`: the database ends at the first dot. */
export function parseNamespace(name: string): Namespace {
  const dot = name.indexOf('.');
  return dot < 0 ? { database: name } : { database: name.slice(0, dot), collection: name.slice(dot + 1) };
}

/** As effects name it: `places` in the target's database, `other.places` in another. */
export function shownName(namespace: Namespace, home: string): string {
  if (namespace.collection === undefined) return namespace.database;
  return namespace.database === home ? namespace.collection : `${namespace.database}.${namespace.collection}`;
}

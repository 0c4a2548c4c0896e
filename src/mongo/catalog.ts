import type { Db, Document } from 'mongodb';

/** One collection, view or time series as the server's catalog describes it. */
export interface CollectionInfo {
  readonly name: string;
  readonly type: 'collection' | 'view' | 'timeseries';
  /** 32 hex digits; undefined for views. */
  readonly uuid?: string;
  readonly options: Document;
  /** Index specifications as `listIndexes` gives them, `_id_` included; empty for views. */
  readonly indexes: readonly Document[];
}

/**
 * The catalog of a database, sorted by name: collections, views, time series and `system.js`. The other `system.*`
 * collections (`system.views`, `system.buckets.*`, `system.profile`) are part of these or of the server, and left out.
 *
 * Reads are not of one point in time: list before and after and compare with `catalogDigest`.
 */
export async function readCatalog(db: Db): Promise<CollectionInfo[]> {
  const listed = await db.listCollections({}, { nameOnly: false, promoteValues: false }).toArray();
  const infos: CollectionInfo[] = [];
  for (const entry of listed as Document[]) {
    const name = String(entry.name);
    if (name.startsWith('system.') && name !== 'system.js') continue;
    const type = entry.type as CollectionInfo['type'];
    const indexes = type === 'view' ? [] : await db.collection(name).listIndexes({ promoteValues: false }).toArray();
    infos.push({
      name,
      type,
      uuid: entry.info?.uuid === undefined ? undefined : Buffer.from(entry.info.uuid.buffer).toString('hex'),
      options: entry.options ?? {},
      indexes,
    });
  }
  return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
}

import { createHash } from 'node:crypto';
import type { CollectionInfo } from '../../mongo/catalog.ts';
import { emptyDocument } from '../../mongo/raw-bson.ts';
import { archiveDamaged } from './damage.ts';
import { toExtendedJson } from './extended-json.ts';
import type { ArchiveMeta } from './format.ts';
import { type OrderedDocument, parseOrdered } from './ordered-json.ts';

/** What an archive knows of a collection beside its documents. */
export interface CollectionMetadata {
  readonly name: string;
  readonly type: CollectionInfo['type'];
  /** For the `create` command. */
  readonly options: OrderedDocument;
  /** As `listIndexes` gave them, `_id_` included. */
  readonly indexes: readonly OrderedDocument[];
  /** 32 hex digits; views and time series have none. */
  readonly uuid?: string;
}

/** The `metadata` text of a collection, byte for byte as mongodump writes it: no empty options, a UUID for plain ones only. */
export function encodeMetadata(info: CollectionInfo): string {
  const options = info.rawOptions.length > emptyDocument.length ? `"options":${toExtendedJson(info.rawOptions)},` : '';
  const indexes = info.rawIndexes.map(toExtendedJson).join(',');
  const uuid = info.type === 'collection' && info.uuid !== undefined ? `"uuid":"${info.uuid}",` : '';
  return `{${options}"indexes":[${indexes}],${uuid}"collectionName":${JSON.stringify(info.name)},"type":"${info.type}"}`;
}

/** SHA-256 (hex) of a `metadata` text: stands in the manifest for options and indexes, which may quote documents' values. */
export function metadataDigest(metadata: string): string {
  return createHash('sha256').update(metadata).digest('hex');
}

/**
 * Throws `SyntaxError` where the text is no metadata, or holds what cannot be sent to a server. `collection` is its name
 * where the text has none, as older tools leave it out. An empty text is that of a collection without options.
 */
export function parseMetadata(text: string, type: string, collection?: string): CollectionMetadata {
  const parsed = text === '' ? new Map() : parseOrdered(text);
  if (!(parsed instanceof Map)) throw new SyntaxError('Metadata is an object.');
  const name: unknown = parsed.get('collectionName') ?? collection;
  const options: unknown = parsed.get('options') ?? new Map();
  const indexes: unknown = parsed.get('indexes') ?? [];
  if (typeof name !== 'string' || !(options instanceof Map) || !Array.isArray(indexes)) {
    throw new SyntaxError('Metadata names a collection, its options and its indexes.');
  }
  if (!indexes.every((index): index is OrderedDocument => index instanceof Map)) {
    throw new SyntaxError('An index is an object.');
  }
  if (type !== 'collection' && type !== 'view' && type !== 'timeseries') {
    throw new SyntaxError('A collection is of type collection, view or timeseries.');
  }
  if (type === 'timeseries' && !options.has('timeseries')) {
    throw new SyntaxError('A time series says which of its fields is the time.');
  }
  const uuid: unknown = parsed.get('uuid');
  return { name, type, options, indexes, ...(typeof uuid === 'string' && { uuid }) };
}

/** The same for a text whose digest was right: `ARCHIVE_DAMAGED` where it cannot be given to a server. */
export function readMetadata({ metadata, type, collection }: ArchiveMeta): CollectionMetadata {
  try {
    return parseMetadata(metadata, type, collection);
  } catch (error) {
    throw archiveDamaged('options or indexes cannot be given to a server', 'the description of a collection', error);
  }
}

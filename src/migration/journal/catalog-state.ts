import type { Binary } from 'mongodb';

/**
 * What stood under a name in the catalog, as it is kept in the journal. Bytes and not documents: objects put
 * integer-like keys first, which is another index, and servers before 5.0 store no names such as `$jsonSchema`.
 */
export interface CatalogState {
  readonly type: 'collection' | 'view' | 'timeseries';
  /** 32 hex digits; of a time series the one of its buckets; undefined for views. */
  readonly uuid?: string;
  /** BSON of `options` as `listCollections` gives them. */
  readonly options: Binary | Uint8Array;
  /** BSON of each specification as `listIndexes` gives it, `_id_` included; empty for views. */
  readonly indexes: readonly (Binary | Uint8Array)[];
}

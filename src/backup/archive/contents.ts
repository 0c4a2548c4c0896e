import type { ManifestNamespace } from '../manifest.ts';
import { crcText } from './crc64.ts';
import { type ArchiveHeader, type ArchiveMeta, dataNamespace, keyOf } from './format.ts';
import { metadataDigest, readMetadata } from './metadata.ts';
import type { ArchiveEvent } from './reader.ts';
import type { NamespaceTotals } from './writer.ts';

const none: NamespaceTotals = { documents: 0, bytes: 0, crc: 0n };

/** What an archive turns out to hold while it is read; `readArchive` checks it meanwhile. */
export class ContentsTally {
  #header: ArchiveHeader | undefined;
  #metas: readonly ArchiveMeta[] = [];
  readonly #totals = new Map<string, NamespaceTotals>();

  add(event: ArchiveEvent): void {
    if (event.kind === 'prelude') {
      this.#header = event.header;
      this.#metas = event.metas;
    }
    if (event.kind === 'end') this.#totals.set(keyOf(event.namespace), event.totals);
  }

  get header(): ArchiveHeader | undefined {
    return this.#header;
  }

  get metas(): readonly ArchiveMeta[] {
    return this.#metas;
  }

  /**
   * Whether mongodump found nothing of a collection that it had listed: it was dropped in between. One with documents was
   * made anew since, with options and indexes that nobody looked at.
   */
  isGone(meta: ArchiveMeta): boolean {
    return meta.metadata === '' && (this.#totals.get(keyOf(dataNamespace(meta))) ?? none).documents === 0;
  }

  /** Of the archive's collections, or some of them; to be asked after its last event. Throws `ARCHIVE_DAMAGED`. */
  namespaces(metas: readonly ArchiveMeta[] = this.#metas): ManifestNamespace[] {
    return metas.map((meta) => {
      const { collection, metadata, type } = meta;
      const { documents, bytes, crc } = this.#totals.get(keyOf(dataNamespace(meta))) ?? none;
      const { indexes, uuid } = readMetadata(meta);
      return {
        name: collection,
        type: type as ManifestNamespace['type'],
        uuid: type === 'view' ? undefined : uuid,
        count: documents,
        bytes,
        crc64: crcText(crc),
        indexes: indexes.map((index) => String(index.get('name'))),
        catalogDigest: metadataDigest(metadata),
      };
    });
  }
}

import type { Image } from '../../../journal/images.ts';
import type { RawCursor, RawSession } from '../../raw.ts';
import type { Finding } from '../imaging.ts';
import type { Statement } from './statement.ts';

/** Documents that do not fit into one transaction and this process's memory. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** How much a batch may hold before it is given up for a smaller one; twice that after its update, which may have grown. */
export const mostBytes = 48 * 1024 * 1024;

/**
 * The documents of a filter as the server has them in this session, as bytes. Throws `TooLarge` as soon as they are
 * more than `limit` bytes or documents, unless there is but one.
 */
export async function readImages(
  { collection }: Statement<unknown>,
  session: RawSession,
  filter: object,
  finding: Finding,
  limit: { readonly bytes: number; readonly documents: number },
): Promise<{ readonly documents: Uint8Array[]; readonly bytes: number }> {
  const cursor: RawCursor = collection.find(filter, { ...finding, session, raw: true, batchSize: 20_000 } as object);
  const documents: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (await cursor.hasNext()) {
      // With `raw` the driver's documents are bytes, which its types do not say.
      for (const document of cursor.readBufferedDocuments() as unknown as Uint8Array[]) {
        documents.push(document);
        bytes += document.length;
      }
      if (documents.length > 1 && (bytes > limit.bytes || documents.length > limit.documents)) throw new TooLarge();
    }
  } finally {
    await cursor.close().catch(() => {});
  }
  return { documents, bytes };
}

export function deletedImages(before: readonly Uint8Array[]): Image[] {
  return before.map((document) => ({ before: document }));
}

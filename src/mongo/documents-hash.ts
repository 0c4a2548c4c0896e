import type { Db } from 'mongodb';
import type { DocumentsDigest } from './documents-digest.ts';
import { serverCode } from './server-error.ts';

/** Whether this server and these rights allow `dbHash`; mongos and the smaller tiers of Atlas do not. */
export async function takesHash(db: Db): Promise<boolean> {
  try {
    await db.command({ dbHash: 1, collections: ['no collection'] });
    return true;
  } catch (error) {
    if (serverCode(error) === undefined) throw error;
    return false;
  }
}

/**
 * The server's MD5 over the bytes of the documents in the order of `_id`, which is equal for equal documents; the number
 * is the one of the catalog. Undefined where the server leaves the collection out. Throws the driver's errors.
 * https://www.mongodb.com/docs/manual/reference/command/dbHash/
 */
export async function hashDocuments(db: Db, collection: string): Promise<DocumentsDigest | undefined> {
  const { collections } = await db.command({ dbHash: 1, collections: [collection] });
  const hash = collections?.[collection];
  if (typeof hash !== 'string') return undefined;
  const { n } = await db.command({ count: collection });
  return { documents: Number(n), multiset: `md5:${hash}`, sequence: '' };
}

import { randomBytes } from 'node:crypto';
import { isBackupId } from '../backup-id.ts';
import { decodeChecked, encodeChecked } from '../checked-json.ts';

/** What a store keeps beside backups: records of drills and of rehearsals, each kind in a folder of its own. */
export type DocumentKind = 'drills' | 'proofs';

export type StoredDocument =
  | { readonly state: 'readable'; readonly value: Readonly<Record<string, unknown>> }
  /** `damaged`: not the text that was written, so nothing in it counts. */
  | { readonly state: 'damaged' | 'missing' };

/**
 * Small JSON documents of one kind. They stand in a folder (`drills/ID.json`) that no listing of backups looks into, so
 * that neither retention nor what tidies up after a killed run can take one for a backup.
 */
export interface Documents {
  /**
   * Writes one whole or not at all, and comes back with where it is. One of the same id is replaced: what must never be
   * lost has an id of its own. Throws `STORE_FAILED`.
   */
  put(id: string, value: object): Promise<string>;
  /** Ids, in descending order: those of `newDocumentId` the newest first. Throws `STORE_FAILED`. */
  list(): Promise<string[]>;
  /** Throws `STORE_FAILED`; what cannot be relied on is an answer, not an error. */
  read(id: string): Promise<StoredDocument>;
  /** Nothing happens where there is none. Throws `STORE_FAILED`. */
  remove(id: string): Promise<void>;
}

/** Such as `20260301T101500123Z-9f3a1c`: sorts by time, and is a safe file name. */
export function newDocumentId(now = new Date()): string {
  return `${now.toISOString().replace(/[-:.]/g, '')}-${randomBytes(3).toString('hex')}`;
}

/** When a document of this id was made, in milliseconds since 1970; undefined where `newDocumentId` did not make it. */
export function documentTime(id: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-/.exec(id);
  if (parts === null) return undefined;
  const [year = 0, month = 0, ...rest] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

/** One folder of a store, by its bare means. */
interface Folder {
  readonly location: string;
  /** Names of the files in it; none where the folder is not there. */
  names(): Promise<readonly string[]>;
  /** Undefined where there is no such file. */
  readText(name: string): Promise<string | undefined>;
  /** Whole or not at all. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

const ending = '.json';

export function documentsIn(folder: Folder): Documents {
  return {
    async put(id, value) {
      if (!isBackupId(id)) throw new Error(`${JSON.stringify(id)} cannot be part of a path`);
      await folder.write(id + ending, encodeChecked(value));
      return `${folder.location}/${id}${ending}`;
    },
    async list() {
      const ids = (await folder.names()).flatMap((name) =>
        name.endsWith(ending) ? name.slice(0, -ending.length) : [],
      );
      return ids.filter(isBackupId).sort().reverse();
    },
    async read(id) {
      const text = isBackupId(id) ? await folder.readText(id + ending) : undefined;
      if (text === undefined) return { state: 'missing' };
      const read = decodeChecked(text);
      return read.state === 'intact' ? { state: 'readable', value: read.value } : { state: 'damaged' };
    },
    async remove(id) {
      if (isBackupId(id)) await folder.remove(id + ending);
    },
  };
}

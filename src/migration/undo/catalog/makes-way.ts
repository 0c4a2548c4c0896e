import { type Db, type Document, ReadPreference } from 'mongodb';
import type { OwnNames } from '../../../mongo/own.ts';
import type { JournalEntry } from '../../journal/documents.ts';

/** What stands under a name that something else goes back to. */
export interface Standing {
  readonly name: string;
  readonly type: string;
  readonly uuid?: string;
  /** Whether it has no options. */
  readonly plain: boolean;
}

/** Tells what makes way for a collection that goes back to its name. */
export class MakesWay {
  readonly #db: Db;
  readonly #own: OwnNames;
  /** UUIDs of collections whose making is undone. */
  readonly #unmade = new Set<string>();
  #known: Promise<readonly Known[]> | undefined;

  /** `db`: where the journal is. */
  constructor(db: Db, own: OwnNames) {
    this.#db = db;
    this.#own = own;
  }

  /** To be told of every entry that is undone, the newest first: what it had made holds nothing of its attempt's any more. */
  pass(entry: Pick<JournalEntry, 'catalog'>): void {
    const made = madeBy(entry);
    if (made !== undefined) this.#unmade.add(made);
  }

  /**
   * Whether this is what a write makes by the way, or what the migration had made and could not remove, for what others put
   * into it. What a journal knows as having been there before, or has options of its own, keeps its name. Throws the driver's
   * errors.
   */
  async isIt({ name, type, uuid, plain }: Standing): Promise<boolean> {
    if (type !== 'collection' || uuid === undefined || name.startsWith('system.')) return false;
    if (this.#unmade.has(uuid)) return true;
    if (!plain) return false;
    // Once: it reads all of the journal.
    this.#known ??= this.#read();
    return (await this.#known).every((entry) => !knows(entry, uuid) || foundThere(entry, name, uuid));
  }

  #read(): Promise<Known[]> {
    return this.#db
      .collection<JournalEntry>(this.#own.journal, { readPreference: ReadPreference.primary })
      .find({ kind: { $in: ['catalog', 'implicit'] } } as Document)
      .project<Known>({
        ...{ namespace: 1, 'catalog.type': 1, 'catalog.to': 1 },
        ...{ 'catalog.before.uuid': 1, 'catalog.after.uuid': 1, 'catalog.replaced.uuid': 1 },
      })
      .toArray();
  }
}

type Known = Pick<JournalEntry, 'catalog' | 'namespace'>;

function knows({ catalog }: Known, uuid: string): boolean {
  return [catalog?.before, catalog?.after, catalog?.replaced].some((state) => state?.uuid === uuid);
}

/**
 * Whether a change only found it under this name: others had made it by then. What was moved, dropped or replaced was there
 * before; what stands under the name of a dropped one at once others have made.
 */
function foundThere({ catalog, namespace }: Known, name: string, uuid: string): boolean {
  if (catalog === undefined || namespace.collection !== name) return false;
  if (catalog.type === 'drop-collection') return catalog.before?.uuid !== uuid;
  return catalog.to === undefined && catalog.before !== undefined;
}

/** The UUID of the collection that a change has made where there was none; undefined of all others. */
function madeBy({ catalog }: Pick<JournalEntry, 'catalog'>): string | undefined {
  const makes = catalog?.type === 'create-collection' || catalog?.type === 'create-indexes';
  return makes && catalog.before === undefined ? catalog.after?.uuid : undefined;
}

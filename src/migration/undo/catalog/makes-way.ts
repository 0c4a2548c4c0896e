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
  readonly #journal: Db;
  readonly #own: OwnNames;
  /** By UUID: what all journals of the target know of it. */
  readonly #known = new Map<string, 'nothing' | 'given-up' | 'something'>();

  /** `db`: where the journal is. */
  constructor(db: Db, own: OwnNames) {
    this.#journal = db;
    this.#own = own;
  }

  /**
   * Whether this is what a write makes by the way, or what a migration had made, whose making is undone and which holds
   * documents of others: `givenUp` are such of which that is not on record. What was there before a migration, or has options
   * of its own, keeps its name. Throws the driver's errors.
   */
  async isIt({ name, type, uuid, plain }: Standing, givenUp?: ReadonlySet<string>): Promise<boolean> {
    if (type !== 'collection' || uuid === undefined || name.startsWith('system.')) return false;
    if (givenUp?.has(uuid)) return true;
    const known = this.#known.get(uuid) ?? (await this.#find(uuid, name));
    this.#known.set(uuid, known);
    return known === 'given-up' || (known === 'nothing' && plain);
  }

  async #find(uuid: string, name: string): Promise<'nothing' | 'given-up' | 'something'> {
    const parts = ['before', 'after', 'replaced'].map((part) => ({ [`catalog.${part}.uuid`]: uuid }));
    const entries = await this.#journal
      .collection<JournalEntry>(this.#own.journal, { readPreference: ReadPreference.primary })
      .find({ kind: { $in: ['catalog', 'implicit'] }, $or: parts } as Document)
      .project<Known>({ catalog: 1, undone: 1, namespace: 1 })
      .toArray();
    if (entries.some((entry) => entry.undone !== undefined && madeBy(entry) === uuid)) return 'given-up';
    return entries.some((entry) => !foundThere(entry, name, uuid)) ? 'something' : 'nothing';
  }
}

type Known = Pick<JournalEntry, 'catalog' | 'undone' | 'namespace'>;

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
export function madeBy({ catalog }: Pick<JournalEntry, 'catalog'>): string | undefined {
  const makes = catalog?.type === 'create-collection' || catalog?.type === 'create-indexes';
  return makes && catalog.before === undefined ? catalog.after?.uuid : undefined;
}

import { BSON } from 'mongodb';
import { archiveDamaged } from './damage.ts';

/** As far as it matters here what an entry does; see the server's `repl::OplogEntry`. */
interface OplogEntry {
  readonly op?: unknown;
  readonly ns?: unknown;
  readonly o?: Readonly<Record<string, unknown>>;
}

/**
 * The oplog that `mongodump --oplog` puts at the end of an archive: everything that happened while the collections were
 * read. Of each entry only the namespace is kept.
 */
export class OplogPart {
  #entries = 0;
  readonly #namespaces = new Set<string>();

  add(documents: Iterable<Buffer>): void {
    for (const document of documents) {
      const entry = parse(document);
      // The tool begins with the newest entry before its first read of documents.
      if (this.#entries++ > 0 || !isInDocuments(entry)) this.#note(entry);
    }
  }

  /** How many there are. */
  get entries(): number {
    return this.#entries;
  }

  /** Names of the database's collections that an entry is about; `undefined` stands for one that may be about any. */
  changed(database: string): (string | undefined)[] {
    const prefix = `${database}.`;
    const names = [...this.#namespaces].filter((namespace) => namespace === '' || namespace.startsWith(prefix));
    return names.map((namespace) => (namespace === '' ? undefined : namespace.slice(prefix.length)));
  }

  #note({ op, ns, o = {} }: OplogEntry): void {
    // A no-op; 'km' and the like are the server's own bookkeeping, but of which collection is not known here.
    if (op === 'n' || typeof ns !== 'string') return;
    if (op !== 'c') {
      this.#namespaces.add(ns);
      return;
    }
    const [command, about] = Object.entries(o)[0] ?? [];
    if (command === 'applyOps' && Array.isArray(about)) {
      for (const inner of about as OplogEntry[]) this.#note(inner);
      return;
    }
    // The end of a transaction whose operations stand in earlier entries, perhaps earlier than the dump.
    if (command === 'commitTransaction') this.#namespaces.add('');
    // Neither begins nor ends anything that can be seen.
    if (command === 'abortTransaction' || command === 'startIndexBuild' || command === 'abortIndexBuild') return;
    const database = ns.slice(0, ns.indexOf('.'));
    this.#namespaces.add(typeof about === 'string' ? `${database}.${about}` : `${database}.`);
  }
}

/**
 * Whether what an entry did is seen by whoever reads documents after it. Of a transaction it may be an early part, which
 * became visible later; and options and indexes are read before documents, by some tools before that entry was chosen.
 */
function isInDocuments({ op, o = {} }: OplogEntry): boolean {
  if (op !== 'c' || 'commitTransaction' in o) return true;
  const { applyOps, prepare, partialTxn } = o;
  if (!Array.isArray(applyOps) || prepare === true || partialTxn === true) return false;
  return (applyOps as OplogEntry[]).every(isInDocuments);
}

/** Of any database's documents: with regular expressions that JavaScript does not know, and texts in other encodings. */
function parse(document: Buffer): OplogEntry {
  try {
    return BSON.deserialize(document, { promoteBuffers: true, bsonRegExp: true, validation: { utf8: false } });
  } catch (error) {
    throw archiveDamaged('an entry is no document', 'the oplog', error);
  }
}

import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import type { Attempt } from '../journal/documents.ts';
import { writtenBetween } from './between.ts';
import { distinct, leftBy } from './catalog/left.ts';
import { inTheWay } from './catalog/names.ts';
import { Commits } from './commits.ts';
import { notBegun, nothingCounted, readSoFar, type SoFar, sumOf, type UndoCount } from './counted.ts';
import { listCreatedSince } from './created-since.ts';
import { Deferred } from './deferred.ts';
import { type AskDown, DownPass } from './down-documents.ts';
import { readLots } from './lots.ts';
import type { Piece } from './pieces.ts';
import { documentConflict, type PutOutcome } from './put-back.ts';
import { readPack, type UndoEntry } from './read.ts';
import type { ConflictList, CreatedSince, UndoConflict, UndoExtent, UndoNumbers } from './result.ts';
import { Settling } from './settle.ts';
import { type CommitSizes, usualSizes } from './sizes.ts';
import type { UndoMode, UndoStore } from './store.ts';
import { isOlder, Stretches, type Survey, surveyAttempt } from './survey.ts';
import { WholeDocuments } from './whole.ts';

export interface WalkOptions {
  readonly connection: Connection;
  readonly own: OwnNames;
  readonly attempt: Attempt;
  readonly mode: UndoMode;
  /** What it works on. */
  readonly store: UndoStore;
  /** What a strict undo has met. */
  readonly conflicts?: ConflictList;
  /** What earlier undos have done, where that is known; else it is read. */
  readonly soFar?: SoFar;
  /** Where the migration has a `downDocument`. Only a tolerant undo asks it. */
  readonly ask?: AskDown;
  readonly sizes?: Partial<CommitSizes>;
  readonly signal?: AbortSignal;
}

/** A conflict was met in strict mode; what was committed before stays. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

interface Settled {
  readonly createdSince: readonly CreatedSince[];
  /** Collections that users have dropped or renamed, with what was in them. */
  readonly gone: readonly UndoConflict[];
}

/**
 * One undo on its way: it reads the journal backwards, and orders what is committed. Between two changes of the catalog,
 * on a segment, a document goes back once, with all its images. `run` may be called again after it has thrown, and goes
 * on where the journal's marks say.
 */
export class Walk {
  readonly #options: WalkOptions;
  /** What became of documents that users left in the new shape; it counts once, also where the walk begins again. */
  #settled: Settled | undefined;
  #known: SoFar | undefined;
  /** How many documents the attempt changed. */
  #changed = 0;
  #soFar = notBegun;
  #committed = 0;
  onProgress: (extent: UndoExtent) => void = () => {};

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#known = options.soFar;
  }

  get #sizes(): CommitSizes {
    return { ...usualSizes, ...this.#options.sizes };
  }

  get extent(): UndoExtent {
    const { counted, ...others } = this.#soFar;
    return { ...counted, ...others };
  }

  /** How many transactions it has committed: whether it gets on, also where no document is at its end by that. */
  get committed(): number {
    return this.#committed;
  }

  /** Of all that undos of the attempt have done, this one among them. Throws the driver's errors. */
  async numbers(): Promise<UndoNumbers> {
    const { store } = this.#options;
    const { catalogChanges: _, ...counted } = this.#soFar.counted;
    const { createdSince = [], gone = [] } = this.#settled ?? {};
    const left = await store.quarantine.countLeft();
    const down = await store.quarantine.countBroughtBack();
    const { documents, deletedSince } = counted;
    const asBefore = this.#changed - documents - deletedSince - left.documents - (down.documents - down.created);
    return {
      ...counted,
      ...{ changed: this.#changed, asBefore },
      quarantined: left.documents,
      conflicts: left.all,
      downDocuments: down.documents,
      downCreated: down.created,
      createdSince,
      left: distinct([...(await store.leftInCatalog()), ...leftBy(gone)]),
    };
  }

  /** Throws `Stopped`, `LEASE_LOST`, the signal's reason and the driver's errors. */
  async run(): Promise<void> {
    const { connection, own, attempt, store, signal } = this.#options;
    await store.begin();
    this.#soFar = this.#known ?? (await readSoFar(connection.db, own, attempt));
    // Where it is begun again, some of what was not answered may be done.
    this.#known = undefined;
    const survey = await surveyAttempt(connection, own, attempt, signal);
    this.#changed = survey.met.size;
    const deferred = new Deferred(connection.db, own);
    const commits = await this.#commits(survey, deferred);
    const stretches = new Stretches(survey.moves, 'backwards');
    /** Entries are undone once all that they did is back: also what was put off to the end of the segment. */
    const late: Piece[] = [];
    const endSegment = async () => {
      const read = (pack: string) => readPack(connection.db, own, pack);
      await new Settling({ ...commits.options, commits, stretch: stretches.number, read }).run();
      await commits.all(late.splice(0));
      deferred.clear();
      // What comes next may be older than the indexes by which these documents were looked for.
      commits.keys.clear();
    };
    const { met } = survey;
    const size = 2 * this.#sizes.most;
    const stretch = () => stretches.number;
    for await (const lot of readLots({ connection, own, attempt, met, deferred, size, stretch, signal })) {
      if (lot.kind === 'documents') {
        await commits.all(lot.pieces);
        if (!met.repeats.again && !commits.hasPutOff) await commits.all(lot.ends);
        else for (const end of lot.ends) late.push(end);
        continue;
      }
      await endSegment();
      const { entry } = lot;
      if (entry.undone !== undefined) {
        stretches.pass(entry);
        continue;
      }
      // Its indexes and validators are older than all documents that are back by now, and want the others in the old shape.
      if (isOlder(entry, survey)) await this.#settle(survey);
      stretches.pass(entry);
      await this.#catalog(entry);
    }
    await endSegment();
    await this.#settle(survey);
  }

  async #commits(survey: Survey, deferred: Deferred): Promise<Commits> {
    const { connection, own, attempt, mode, store, signal } = this.#options;
    const reads = mode !== 'strict' && survey.met.repeats.midway;
    const between = reads ? await writtenBetween(connection, own, attempt, survey, signal) : undefined;
    const whole = mode === 'strict' ? WholeDocuments.none() : await WholeDocuments.load(between, store.quarantine);
    return new Commits({
      ...{ store, mode, whole, survey, deferred, sizes: this.#sizes },
      taken: (pieces, outcome) => this.#take(pieces, outcome, whole),
      met: (conflicts) => this.#met(conflicts),
    });
  }

  /** All documents are back that can be: what becomes of those that users left in the new shape. */
  async #settle(survey: Survey): Promise<void> {
    const { connection, store, ask, mode } = this.#options;
    if (this.#settled !== undefined || mode !== 'tolerant') return;
    if (ask !== undefined) await new DownPass({ connection, store, survey, ask }).run();
    const lists = survey.touched.map((touched) => listCreatedSince(connection.client, store, touched));
    const gone = survey.touched.filter(({ namespace }) => store.presentOf(namespace) === undefined);
    this.#settled = {
      createdSince: (await Promise.all(lists)).flat(),
      gone: gone.map(({ namespace }) => inTheWay(namespace, 'gone')),
    };
  }

  async #catalog(entry: UndoEntry): Promise<void> {
    const { store } = this.#options;
    const { changed, conflicts } = await store.catalog(entry);
    if (conflicts.length > 0) this.#met(conflicts);
    const counted = {
      ...nothingCounted,
      catalogChanges: changed,
      catalogOperations: Number(entry.state !== 'refused'),
    };
    await store.run((session) => store.mark([{ kind: 'end', entry: entry._id }], counted, session));
    this.#count(counted, 1);
  }

  /** Once these are committed. */
  #take(pieces: readonly Piece[], { counted, left, news }: PutOutcome, whole: WholeDocuments): void {
    whole.took(news);
    this.#options.conflicts?.add(...left.map(documentConflict));
    this.#count(counted, pieces.filter(({ kind }) => kind === 'end').length);
  }

  #count(counted: UndoCount, entries: number): void {
    const { counted: before, entriesUndone } = this.#soFar;
    this.#soFar = { counted: sumOf(before, counted), entriesUndone: entriesUndone + entries, begun: true };
    this.#committed += 1;
    this.onProgress(this.extent);
  }

  /** Conflicts stop a strict undo. */
  #met(conflicts: readonly UndoConflict[]): void {
    this.#options.conflicts?.add(...conflicts);
    if (this.#options.mode === 'strict') throw new Stopped();
  }
}

import type { ClientSession } from 'mongodb';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import { documentOf, type Image } from '../journal/images.ts';
import { nothingCounted, type UndoCount } from './counted.ts';
import type { Deferred, Newer } from './deferred.ts';
import { givingUp } from './holders.ts';
import type { IndexKeys } from './index-key.ts';
import { shownNamespace, type UndoConflict } from './result.ts';
import { type Step, spanOf, stay, stepBack, stepBackStrictly, stepOver, wait } from './step-back.ts';
import { type Change, keyAt, type UndoMode, type UndoStore } from './store.ts';
import { documentKey, type Survey } from './survey.ts';
import type { KnownDocument, WholeDocuments, WholeNews } from './whole.ts';
import type { WhyLeft } from './why-left.ts';

/** One image on its way back. */
export interface Put {
  readonly namespace: EntryNamespace;
  /** The stretch of the way back that it is on. */
  readonly stretch: number;
  /** Where the image stands. */
  readonly pack: string;
  readonly index: number;
  readonly image: Image;
  /** It is the oldest of its document: older ones, if any, are another collection's. */
  readonly isLast: boolean;
  /** Its document goes back over this image by itself, where `stepOver` takes it; it is done with the oldest one. */
  readonly isStep?: boolean;
}

/** A document that is left to its user. */
export interface Left {
  /** As the journal has it, and the stretch on which that name stood for its collection. */
  readonly namespace: EntryNamespace;
  readonly stretch: number;
  /** What the migration made of it, as far as its images were met. */
  readonly image: Image;
  readonly current: Uint8Array | undefined;
  readonly why: WhyLeft;
}

export interface PutOptions {
  readonly store: UndoStore;
  readonly session: ClientSession;
  readonly mode: UndoMode;
  /** Absent where nothing makes room: then they may go back in any order. */
  readonly room?: Room;
  /** By `keyAt`, those that are left to users, and those whose turn comes later. */
  readonly leave?: ReadonlyMap<string, WhyLeft>;
  readonly skip?: ReadonlySet<string>;
  /** What earlier steps have found out of documents that were changed several times. */
  readonly whole: WholeDocuments;
  /** Newer images of these documents, which go back with these. */
  readonly deferred: Deferred;
  readonly survey: Pick<Survey, 'met' | 'renamesIn'>;
}

/** How documents make room that have unique values which others of them need: see `UndoStore.write`. */
export interface Room {
  /** Who that is, and who is refused for certain, is looked for in these. */
  readonly keys: Pick<IndexKeys, 'of'>;
  /** Collections, by name, in which that is not enough, and all are taken out. */
  readonly anew: ReadonlySet<string>;
}

export interface PutOutcome {
  /** All but those that are skipped, or that `stepOver` does not take. */
  readonly done: readonly Put[];
  readonly counted: UndoCount;
  /** Documents that stay as they are, and are new to it. */
  readonly left: readonly Left[];
  /** What is known from here on of documents that were changed several times. */
  readonly news: readonly WholeNews[];
}

/** A write of somebody else is in the way; the transaction is to be given up. */
export class PutConflict extends Error {
  override readonly name = 'PutConflict';
  readonly conflicts: readonly UndoConflict[];

  constructor(conflicts: readonly UndoConflict[]) {
    super('A write of somebody else is in the way.');
    this.conflicts = conflicts;
  }
}

/** One document with all its images of these puts. */
interface Target {
  readonly namespace: EntryNamespace;
  readonly stretch: number;
  /** The newest first. */
  images: Image[];
  isLast: boolean;
  readonly isStep: boolean;
  whole: KnownDocument;
  /** Those that were put off. */
  readonly newer: Newer | undefined;
  /** Those of them that are left stand among the images. */
  isWhole: boolean;
  /** Whether it was there before any of its images was taken back, where it was changed several times. */
  readonly existed: boolean | undefined;
  now: Uint8Array | undefined;
}

/**
 * Puts documents back, within a transaction that has been begun: the newest image first. Throws `PutConflict` (strict
 * only), `PutRefused`, `PutHeld`, `IndexGone`, the driver's errors, and `JournalDamage`.
 */
export async function putBack(puts: readonly Put[], options: PutOptions): Promise<PutOutcome> {
  const counted = { ...nothingCounted };
  const left: Left[] = [];
  const news: WholeNews[] = [];
  const { store, session, mode, room, skip, leave } = options;
  const still = new Set<string>();
  const nameOf = (put: Pick<Put, 'namespace' | 'image'>) => nameIn(store, put);
  const turn = skip === undefined ? puts : puts.filter((put) => !skip.has(nameOf(put)));
  for (const [, targets] of Map.groupBy(targetsOf(turn, options), ({ namespace }) => shownNamespace(namespace))) {
    const namespace = (targets[0] as Target).namespace;
    const present = store.presentOf(namespace);
    if (present !== undefined)
      await joinNewer(
        targets.filter(({ images: [image] }) => store.isAsNewest?.(present, idOf(image))),
        options.deferred,
      );
    const newest = targets.flatMap(({ images: [image] }) => image ?? []);
    const current = present && (await store.read(present, newest, session));
    for (const target of targets) {
      target.now = current?.get(idKey(idOf(target.images[0])));
      joinAsMade(target);
    }
    await joinNewer(targets, options.deferred);
    const changes: Change[] = [];
    for (const target of targets) {
      const { images, whole, stretch, isLast, isStep, now } = target;
      if (isStep) {
        const step = stepOver(images, now, mode);
        if (step === undefined) still.add(nameOf({ namespace, image: images[0] ?? {} }));
        else changes.push({ now, back: step.document, stage: 'midway', isStep });
        continue;
      }
      if (whole.left) {
        news.push({ whole, state: 'left', images, isLast });
        continue;
      }
      const why = leave?.get(nameOf({ namespace, image: images[0] ?? {} }));
      const step = stepOf(target, options, why, present === undefined);
      news.push({ whole, images, isLast, ...step });
      if (step.state === 'blocked') left.push({ namespace, stretch, image: step.image, current: now, why: step.why });
      if (step.state === 'gone') counted.deletedSince += 1;
      if (step.state !== 'back') continue;
      changes.push({ now, back: step.document, stage: isLast ? 'back' : 'midway' });
      if (isLast) count(counted, target, step);
    }
    if (mode === 'strict' && left.length > 0) continue;
    if (present === undefined) continue;
    const out = room && (await givingUp(store, present, changes, room.keys.of(present), session));
    const isAnew = room?.anew.has(shownNamespace(present)) === true;
    await store.write(present, changes, session, isAnew ? 'all' : out);
  }
  if (mode === 'strict' && left.length > 0) throw new PutConflict(left.map(documentConflict));
  const done = still.size === 0 ? turn : turn.filter((put) => put.isStep !== true || !still.has(nameOf(put)));
  return { done, counted, left, news };
}

/** What is to become of one document. */
function stepOf(target: Target, { mode, survey }: PutOptions, whyLeft: WhyLeft | undefined, isGone: boolean): Step {
  const { images, whole, namespace, stretch, now } = target;
  const { open } = whole;
  const span = spanOf(images, open);
  // With its collection users have deleted what was in it. What the migration deleted has no place to go back to.
  const isLost = isGone && (mode !== 'tolerant' || span.after === undefined);
  if (isLost) return stay({ images, now, open }, { reason: 'gone' });
  if (mode === 'tolerant') {
    const way = { ...target, ...whole, isRename: survey.renamesIn(stretch, namespace) };
    if (whyLeft === undefined) return stepBack(way);
    return whole.hasRoom ? wait(way, whyLeft) : stay(way, whyLeft);
  }
  // Known before it is met, where the database does not tell by and by.
  return whole.between ? { state: 'blocked', image: span, why: { reason: 'unknown' } } : stepBackStrictly(images, now);
}

/** Where it is what the newest image made of it, and nobody else wrote to it before, all are one image from here on. */
function joinAsMade(target: Target): void {
  const { newer, images, now, whole } = target;
  const [image] = images;
  if (newer === undefined || newer.stepped || image === undefined || whole.open !== undefined) return;
  if (!newer.joins(image) || !newer.made(now)) return;
  target.images = [{ before: image.before, after: now }];
  target.isWhole = true;
}

/** Reads the images that were put off, and puts them in front. */
async function joinNewer(targets: readonly Target[], deferred: Deferred): Promise<void> {
  const asked = targets.flatMap((target) => (target.isWhole ? [] : [{ target, newer: target.newer as Newer }]));
  const found = asked.length === 0 ? undefined : await deferred.images(asked.map(({ newer: { key } }) => key));
  for (const { target, newer } of asked) {
    const { images, whole } = target;
    target.whole = { ...whole, between: whole.between || !newer.joins(images[0] as Image) };
    target.images = [...(found?.get(newer.key) ?? []), ...images];
    target.isWhole = true;
  }
}

/** What names the document of an image; empty where it has none. */
export function idOf(image: Image | undefined): Uint8Array {
  return documentOf(image ?? {}) ?? new Uint8Array();
}

/** Counts one that is at its oldest image. */
function count(
  sum: { -readonly [Name in keyof UndoCount]: UndoCount[Name] },
  { now, images, newer, existed = now !== undefined }: Target,
  { document, merged }: Extract<Step, { readonly state: 'back' }>,
): void {
  const exists = document !== undefined;
  // All of its images together changed nothing.
  if (newer?.stepped && newer.made(images.at(-1)?.before)) return;
  // A user has put it back already.
  if (!newer?.stepped && existed === (now !== undefined) && sameBytes(now, document)) return;
  // Made by the migration, and taken away by it.
  if (!existed && !exists) return;
  sum.documents += 1;
  if (!existed) sum.inserted += 1;
  if (!exists) sum.deleted += 1;
  if (merged) sum.merged += 1;
}

/** The name of a document where its collection stands by now: see `keyAt`. */
export function nameIn(store: UndoStore, { namespace, image }: Pick<Put, 'namespace' | 'image'>): string {
  return keyAt(store.presentOf(namespace) ?? namespace, idOf(image));
}

export function documentConflict({ namespace, image }: Pick<Left, 'namespace' | 'image'>): UndoConflict {
  const document = documentOf(image);
  const id = document === undefined ? '?' : shownId(document);
  return { kind: 'document', namespace: shownNamespace(namespace), id };
}

function targetsOf(puts: readonly Put[], { whole, deferred, survey: { met } }: PutOptions): Target[] {
  const found = new Map<string, Target>();
  for (const { namespace, stretch, image, isLast, isStep = false } of puts) {
    const document = documentOf(image);
    if (document === undefined) continue;
    const id = idKey(document);
    const name = keyAt(namespace, document, id);
    const known = found.get(name);
    if (known !== undefined) {
      known.images.push(image);
      known.isLast = isLast;
      continue;
    }
    const repeats = !isStep && (met.repeats.again || met.repeats.midway);
    const key = repeats ? documentKey(stretch, namespace, id) : undefined;
    const newer = key === undefined ? undefined : deferred.of(key);
    found.set(name, {
      ...{ namespace, stretch, images: [image], isLast, isStep, newer, now: undefined },
      whole: whole.of(stretch, namespace, id),
      isWhole: newer === undefined || newer.left === 0,
      existed: key === undefined ? undefined : met.existed(key),
    });
  }
  return [...found.values()];
}

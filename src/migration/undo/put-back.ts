import type { ClientSession } from 'mongodb';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { shownId } from '../../mongo/shown-id.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { neverRenames } from './renames.ts';
import { shownNamespace, type UndoConflict } from './result.ts';
import { type Step, stepBack, stepBackStrictly } from './step-back.ts';
import type { Change, UndoMode, UndoStore } from './store.ts';
import type { Survey } from './survey.ts';
import { Tally } from './tally.ts';
import type { KnownDocument, WholeDocuments, WholeNews } from './whole.ts';

/** One image on its way back. */
export interface Put {
  readonly namespace: EntryNamespace;
  /** The stretch of the way back that it is on. */
  readonly stretch: number;
  readonly image: Image;
}

/** A document that is left to its user. */
export interface Left {
  /** As the journal has it, and the stretch on which that name stood for its collection. */
  readonly namespace: EntryNamespace;
  readonly stretch: number;
  /** What the migration made of it, as far as its images were met. */
  readonly image: Image;
  readonly current: Uint8Array | undefined;
}

export interface PutOptions {
  readonly store: UndoStore;
  readonly session: ClientSession;
  readonly mode: UndoMode;
  /** `leave`: none is touched, and all count as left. The others: see `UndoStore.write`. */
  readonly way: 'in-place' | 'anew' | 'leave';
  /** What earlier steps have found out of documents that were changed several times. */
  readonly whole: WholeDocuments;
  /** Of a tolerant undo. */
  readonly renamesIn?: Survey['renamesIn'];
}

export interface PutOutcome {
  /** Documents that are back by these puts, and how many of them went in and out. One counts once, at its oldest image. */
  readonly documents: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly merged: number;
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
  readonly stretch: number;
  /** The newest first. */
  readonly images: Image[];
  readonly whole: KnownDocument;
}

/**
 * Puts documents back, within a transaction that has been begun: the newest image first. Throws `PutConflict` (strict
 * only), `PutRefused`, and the driver's errors.
 */
export async function putBack(puts: readonly Put[], options: PutOptions): Promise<PutOutcome> {
  const sum = new Tally();
  const left: Left[] = [];
  const news: WholeNews[] = [];
  const { store, session, mode, way } = options;
  for (const [namespace, targets] of byNamespace(puts, options.whole)) {
    const newest = [...targets.values()].flatMap(({ images: [image] }) => image ?? []);
    const present = store.presentOf(namespace);
    const current = present && (await store.read(present, newest, session));
    const changes: Change[] = [];
    for (const [key, target] of targets) {
      const { images, whole, stretch } = target;
      const now = current?.get(key);
      if (whole.left) {
        news.push({ whole, state: 'left', images });
        continue;
      }
      const step = stepOf(target, namespace, now, present === undefined ? { ...options, isGone: true } : options);
      news.push({ whole, images, ...step });
      if (step.state === 'blocked') left.push({ namespace, stretch, image: step.image, current: now });
      if (step.state !== 'back') continue;
      const last = isLast(target);
      changes.push({ now, back: step.document, stage: last ? 'back' : 'midway' });
      if (last) sum.add(whole.several?.existed ?? now !== undefined, now, step);
    }
    if (mode === 'strict' && left.length > 0) continue;
    if (present !== undefined && way !== 'leave') await store.write(present, changes, session, way);
  }
  if (mode === 'strict' && left.length > 0) throw new PutConflict(left.map(documentConflict));
  const { documents, inserted, deleted, merged } = sum;
  return { documents, inserted, deleted, merged, left, news };
}

function stepOf(
  { images, whole, stretch }: Target,
  namespace: EntryNamespace,
  now: Uint8Array | undefined,
  { way, mode, renamesIn, isGone = false }: PutOptions & { readonly isGone?: boolean },
): Step {
  // With its collection users have deleted what was in it. What the migration deleted has no place to go back to.
  const after = whole.open === undefined ? images[0]?.after : whole.open.after;
  if (way === 'leave' || (isGone && (mode !== 'tolerant' || after === undefined)))
    return stayingStep({ images, whole }, now);
  if (mode !== 'tolerant') {
    // Known before it is met, where the database does not tell by and by.
    if (whole.several?.between === true)
      return { state: 'blocked', image: { before: images.at(-1)?.before, after: images[0]?.after } };
    return stepBackStrictly(images, now);
  }
  return stepBack({ images, now, ...whole, isRename: renamesIn?.(stretch, namespace) ?? neverRenames });
}

function isLast({ images, whole: { several } }: Target): boolean {
  return several === undefined || several.remaining <= images.length;
}

export function documentConflict({ namespace, image }: Pick<Left, 'namespace' | 'image'>): UndoConflict {
  const document = image.after ?? image.before;
  const id = document === undefined ? '?' : shownId(document);
  return { kind: 'document', namespace: shownNamespace(namespace), id };
}

function byNamespace(puts: readonly Put[], whole: WholeDocuments): [EntryNamespace, Map<string, Target>][] {
  const found = new Map<string, [EntryNamespace, Map<string, Target>]>();
  for (const { namespace, stretch, image } of puts) {
    const document = image.after ?? image.before;
    if (document === undefined) continue;
    const name = shownNamespace(namespace);
    const [, targets] = found.get(name) ?? [namespace, new Map<string, Target>()];
    const key = idKey(document);
    const target = targets.get(key) ?? { stretch, images: [], whole: whole.of(stretch, namespace, key) };
    target.images.push(image);
    targets.set(key, target);
    found.set(name, [namespace, targets]);
  }
  return [...found.values()];
}

/** Of a document that no undo writes to: it is blocked, unless it is as it was already. */
export function stayingStep(
  { images, whole: { open } }: { readonly images: readonly Image[]; readonly whole: Pick<KnownDocument, 'open'> },
  now: Uint8Array | undefined,
): Step {
  const before = images.at(-1)?.before;
  if (sameBytes(now, before)) return { state: 'back', document: now, merged: false };
  return { state: 'blocked', image: { before, after: open === undefined ? images[0]?.after : open.after } };
}

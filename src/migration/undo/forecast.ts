import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { CatalogLook } from './catalog-look.ts';
import { mostRead, mostReadBytes, readCurrent } from './current.ts';
import { Overlay } from './overlay.ts';
import { imagesDone } from './pieces.ts';
import { documentConflict, type Left } from './put-back.ts';
import { Quarantine } from './quarantine.ts';
import { readBackwards } from './read.ts';
import { ConflictList, shownNamespace } from './result.ts';
import { changedSeveralTimes, documentKey, type Several, type SeveralTimes, Stretches } from './several.ts';
import { type Open, stepBack } from './step-back.ts';
import { Tally } from './tally.ts';

/** What a tolerant undo would do as things stand. Counted as the undo counts. */
export interface UndoForecast {
  readonly documents: number;
  readonly inserted: number;
  readonly deleted: number;
  readonly merged: number;
  readonly quarantined: number;
  readonly catalogOperations: number;
  readonly conflicts: ConflictList;
}

/**
 * Goes through the tolerant undo of attempts, the newest first, without changing anything and without a lease. What the
 * server would refuse, such as a unique value that a user has taken, only the undo itself finds. Throws the driver's
 * errors, the signal's reason, and `RangeError` for images that are damaged.
 */
export async function forecastUndo(
  connection: Connection,
  own: OwnNames,
  attempts: readonly Attempt[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<UndoForecast[]> {
  const catalog = new CatalogLook(connection.client, new ConflictList());
  const overlay = await Overlay.of(connection, own, attempts, signal);
  const forecasts: UndoForecast[] = [];
  for (const attempt of attempts) {
    forecasts.push(await forecastAttempt(connection, own, attempt, { catalog, overlay, signal }));
  }
  return forecasts;
}

async function forecastAttempt(
  connection: Connection,
  own: OwnNames,
  attempt: Attempt,
  { catalog, overlay, signal }: { catalog: CatalogLook; overlay: Overlay; signal: AbortSignal | undefined },
): Promise<UndoForecast> {
  const several = await changedSeveralTimes(connection, own, attempt, { signal });
  const quarantine = new Quarantine(connection.db, own, attempt);
  const conflicts = new ConflictList();
  catalog.conflicts = conflicts;
  const forecast = new Forecast(
    { connection, quarantine, several, catalog, overlay, conflicts },
    await quarantine.read(),
  );
  const stretches = new Stretches();
  let catalogOperations = 0;
  for await (const step of readBackwards(connection.db, own, attempt)) {
    signal?.throwIfAborted();
    if (step.kind === 'pack') {
      const { namespace, images } = step.pack;
      for (const image of images.slice(0, images.length - imagesDone(step)).reverse()) {
        await forecast.image(stretches.number, namespace, image);
      }
      continue;
    }
    if (step.entry.catalog === undefined) continue;
    // What it takes out of a collection has to be known before its making is looked at.
    await forecast.flush();
    await catalog.entry(step.entry);
    if (step.entry.state !== 'refused') catalogOperations += 1;
    stretches.pass(step.entry);
  }
  await forecast.flush();
  const { documents, inserted, deleted, merged } = forecast.tally;
  return { documents, inserted, deleted, merged, quarantined: forecast.left, catalogOperations, conflicts };
}

/** One that was changed several times, at some point of its way back. */
type Midway =
  /** Goes back image by image, as nobody has written to it. */
  { readonly kind: 'clean' } | { readonly kind: 'open'; readonly open: Open } | { readonly kind: 'left' };

interface Waiting {
  /** Where it stands now. */
  readonly present: EntryNamespace;
  readonly namespace: EntryNamespace;
  readonly image: Image;
  readonly place: string;
  readonly several: Several | undefined;
}

interface Surroundings {
  readonly connection: Connection;
  readonly quarantine: Quarantine;
  readonly several: SeveralTimes;
  readonly catalog: CatalogLook;
  readonly overlay: Overlay;
  readonly conflicts: ConflictList;
}

class Forecast {
  readonly #around: Surroundings;
  readonly #midway = new Map<string, Midway>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly tally = new Tally();
  left = 0;

  constructor(
    around: Surroundings,
    kept: { readonly open: ReadonlyMap<string, Open>; readonly left: ReadonlySet<string> },
  ) {
    this.#around = around;
    for (const place of kept.left) this.#midway.set(place, { kind: 'left' });
    for (const [place, open] of kept.open) this.#midway.set(place, { kind: 'open', open });
  }

  async image(stretch: number, namespace: EntryNamespace, image: Image): Promise<void> {
    const document = image.after ?? image.before;
    if (document === undefined) return;
    const id = idKey(document);
    const { several: known, catalog, quarantine } = this.#around;
    const several = known.size === 0 ? undefined : known.get(documentKey(stretch, namespace, id));
    const present = catalog.presentOf(namespace) ?? namespace;
    this.#waiting.push({ present, namespace, image, place: quarantine.placeOf(namespace, id), several });
    this.#waitingBytes += document.length;
    if (this.#waiting.length >= mostRead || this.#waitingBytes >= mostReadBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const current = new Map<string, Map<string, Uint8Array>>();
    const met = waiting.filter(({ place }) => this.#midway.get(place)?.kind !== 'clean');
    for (const [name, of] of Map.groupBy(met, ({ present }) => shownNamespace(present))) {
      const documents = of.map(({ image }) => (image.after ?? image.before) as Uint8Array);
      current.set(name, await readCurrent(this.#around.connection.client, (of[0] as Waiting).present, documents));
    }
    for (const one of waiting) {
      const { image, present } = one;
      const id = idKey((image.after ?? image.before) as Uint8Array);
      const read = current.get(shownNamespace(present))?.get(id);
      this.#step(one, this.#around.overlay.over(present, id, read));
    }
  }

  #step({ present, namespace, image, place, several }: Waiting, read: Uint8Array | undefined): void {
    const midway = this.#midway.get(place);
    const last = several === undefined || several.remaining === 1;
    if (several !== undefined) several.remaining -= 1;
    if (midway?.kind === 'left') return;
    const clean = midway?.kind === 'clean';
    const step = clean
      ? ({ state: 'back', document: image.before, merged: false } as const)
      : stepBack({
          images: [image],
          now: read,
          // As it was before this image was counted.
          several: several && { ...several, remaining: several.remaining + 1 },
          open: midway?.open,
        });
    if (step.state === 'open') {
      this.#midway.set(place, { kind: 'open', open: step.open });
      return;
    }
    if (step.state === 'blocked') {
      if (several !== undefined) this.#midway.set(place, { kind: 'left' });
      this.left += 1;
      const left: Left = { namespace, image: step.image, current: read };
      this.#around.conflicts.add(documentConflict(left));
      return;
    }
    const now = clean ? image.after : read;
    const existed = several?.existed ?? now !== undefined;
    if (!last) {
      this.#midway.set(place, { kind: 'clean' });
      return;
    }
    this.#midway.delete(place);
    this.tally.add(existed, now, step);
    const { catalog, overlay } = this.#around;
    catalog.takesOut(present, Number(existed) - Number(step.document !== undefined));
    overlay.put(present, idKey((image.after ?? image.before) as Uint8Array), step.document);
  }
}

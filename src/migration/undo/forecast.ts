import type { Connection } from '../../mongo/connect.ts';
import type { OwnNames } from '../../mongo/own.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { Attempt, EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import { CatalogLook } from './catalog-look.ts';
import { listCreatedSince } from './created-since.ts';
import { mostRead, mostReadBytes, readCurrent } from './current.ts';
import type { AskDown } from './down-documents.ts';
import { DownForecast } from './forecast-down.ts';
import { leftBy } from './left.ts';
import { undoneCatalogEntries } from './names.ts';
import { Overlay } from './overlay.ts';
import { imagesDone } from './pieces.ts';
import { documentConflict, type Left, stayingStep } from './put-back.ts';
import { Quarantine } from './quarantine.ts';
import { readBackwards } from './read.ts';
import { ConflictList, type CreatedSince, shownNamespace, type UndoNumbers } from './result.ts';
import { changedSeveralTimes, type Several, type SeveralTimes } from './several.ts';
import { type Open, stepBack } from './step-back.ts';
import { documentKey, isOlder, Stretches, type Survey, surveyAttempt } from './survey.ts';
import { Tally } from './tally.ts';

/** What a tolerant undo would do as things stand. Counted as the undo counts. */
export interface UndoForecast extends UndoNumbers {
  readonly conflicts: ConflictList;
}

export interface ForecastAttempt extends Attempt {
  /** Where the migration has a `downDocument`. */
  readonly ask?: AskDown;
}

/**
 * Goes through the tolerant undo of attempts, the newest first, without changing anything and without a lease. What the
 * server would refuse, such as a unique value that a user has taken, only the undo itself finds. Throws the driver's
 * errors, the signal's reason, and `RangeError` for images that are damaged.
 */
export async function forecastUndo(
  connection: Connection,
  own: OwnNames,
  attempts: readonly ForecastAttempt[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<UndoForecast[]> {
  const catalog = new CatalogLook(connection.client, own, new ConflictList());
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
  attempt: ForecastAttempt,
  { catalog, overlay, signal }: { catalog: CatalogLook; overlay: Overlay; signal: AbortSignal | undefined },
): Promise<UndoForecast> {
  const { ask } = attempt;
  const survey = await surveyAttempt(connection, own, attempt, signal);
  const several = await changedSeveralTimes(connection, own, attempt, survey, signal);
  const quarantine = new Quarantine(connection.db, own, attempt);
  const conflicts = new ConflictList();
  catalog.conflicts = conflicts;
  const { renamesIn } = survey;
  const forecast = new Forecast(
    { connection, quarantine, several, catalog, overlay, ask, renamesIn },
    await quarantine.read(),
  );
  const stretches = new Stretches(survey.moves, 'backwards');
  // What an earlier undo of it has taken back of the catalog.
  for (const entry of await undoneCatalogEntries(connection, own, attempt)) await catalog.pass(entry);
  let catalogOperations = 0;
  let settled = false;
  let createdSince: readonly CreatedSince[] = [];
  const settle = async () => {
    settled = true;
    createdSince = await forecast.settle(survey);
  };
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
    if (!settled && isOlder(step.entry, survey)) await settle();
    await catalog.entry(step.entry);
    if (step.entry.state !== 'refused') catalogOperations += 1;
    stretches.pass(step.entry);
  }
  if (!settled) await settle();
  const { documents, inserted, deleted, merged } = forecast.tally;
  const { total: quarantined } = forecast.left;
  const { downDocuments } = forecast;
  const left = leftBy(conflicts.first);
  conflicts.addAll(forecast.left);
  return {
    ...{ documents, inserted, deleted, merged, quarantined, downDocuments, createdSince },
    ...{ catalogOperations, left, conflicts },
  };
}

/** One that was changed several times, at some point of its way back. */
type Midway =
  /** Goes back image by image, as nobody has written to it. */
  { readonly kind: 'clean' } | { readonly kind: 'open'; readonly open: Open } | { readonly kind: 'left' };

interface Waiting {
  /** Where it stands now; undefined where its collection is gone. */
  readonly present: EntryNamespace | undefined;
  readonly namespace: EntryNamespace;
  readonly stretch: number;
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
  readonly ask: AskDown | undefined;
  readonly renamesIn: Survey['renamesIn'];
}

class Forecast {
  readonly #around: Surroundings;
  readonly #midway = new Map<string, Midway>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  readonly tally = new Tally();
  readonly left = new ConflictList();
  readonly #down: DownForecast | undefined;
  downDocuments = 0;

  constructor(
    around: Surroundings,
    kept: { readonly open: ReadonlyMap<string, Open>; readonly left: ReadonlySet<string> },
  ) {
    this.#around = around;
    this.#down = around.ask && new DownForecast(around, around.ask);
    for (const place of kept.left) this.#midway.set(place, { kind: 'left' });
    for (const [place, open] of kept.open) this.#midway.set(place, { kind: 'open', open });
  }

  async image(stretch: number, namespace: EntryNamespace, image: Image): Promise<void> {
    const document = image.after ?? image.before;
    if (document === undefined) return;
    const id = idKey(document);
    const { several: known, catalog, quarantine } = this.#around;
    const several = known.size === 0 ? undefined : known.get(documentKey(stretch, namespace, id));
    const present = catalog.presentOf(namespace);
    const place = quarantine.placeOf(stretch, namespace, id);
    this.#waiting.push({ present, namespace, stretch, image, place, several });
    this.#waitingBytes += document.length;
    if (this.#waiting.length >= mostRead || this.#waitingBytes >= mostReadBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const current = new Map<string, Map<string, Uint8Array>>();
    const met = waiting.filter(({ place }) => this.#midway.get(place)?.kind !== 'clean');
    for (const [name, of] of Map.groupBy(met, ({ present }) => present && shownNamespace(present))) {
      const present = of[0]?.present;
      if (name === undefined || present === undefined) continue;
      const documents = of.map(({ image }) => (image.after ?? image.before) as Uint8Array);
      current.set(name, await readCurrent(this.#around.connection.client, present, documents));
    }
    for (const one of waiting) {
      const { image, present } = one;
      const id = idKey((image.after ?? image.before) as Uint8Array);
      const read = present && current.get(shownNamespace(present))?.get(id);
      this.#step(one, present && this.#around.overlay.over(present, id, read));
    }
    await this.#down?.flush();
  }

  /** At the point from which on no older entry changed a document. */
  async settle(survey: Survey): Promise<CreatedSince[]> {
    await this.flush();
    const { connection, catalog } = this.#around;
    const down = this.#down;
    if (down !== undefined) {
      const created = await down.settle(survey);
      this.downDocuments = down.documents;
      this.left.addAll(down.stay);
      return created;
    }
    const lists = survey.touched.map(async (one) => {
      const present = catalog.presentOf(one.namespace);
      return present === undefined ? [] : listCreatedSince(connection.client, one, present);
    });
    return (await Promise.all(lists)).flat();
  }

  #step({ present, namespace, stretch, image, place, several }: Waiting, read: Uint8Array | undefined): void {
    const midway = this.#midway.get(place);
    const last = several === undefined || several.remaining === 1;
    // As it was before this image was counted.
    const counted = several && { ...several };
    if (several !== undefined) several.remaining -= 1;
    if (midway?.kind === 'left') {
      if (last) this.#down?.oldest(place, image);
      return;
    }
    const clean = midway?.kind === 'clean';
    const open = midway?.kind === 'open' ? midway.open : undefined;
    const images = [image];
    const step = clean
      ? ({ state: 'back', document: image.before, merged: false } as const)
      : present === undefined
        ? stayingStep({ images, whole: { open } }, read)
        : stepBack({ images, now: read, several: counted, open, isRename: this.#around.renamesIn(stretch, namespace) });
    if (step.state === 'open') {
      this.#midway.set(place, { kind: 'open', open: step.open });
      return;
    }
    if (step.state === 'blocked') {
      if (several !== undefined) this.#midway.set(place, { kind: 'left' });
      const left: Left = { namespace, stretch, image: step.image, current: read };
      if (this.#down === undefined || present === undefined) this.left.add(documentConflict(left));
      else this.#down.blocked(place, { ...left, present }, last);
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
    if (present === undefined) return;
    const { catalog, overlay } = this.#around;
    catalog.takesOut(present, Number(existed) - Number(step.document !== undefined));
    overlay.put(present, idKey((image.after ?? image.before) as Uint8Array), step.document);
  }
}

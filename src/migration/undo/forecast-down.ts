import type { Connection } from '../../mongo/connect.ts';
import { idKey } from '../../mongo/raw-bson.ts';
import type { EntryNamespace } from '../journal/documents.ts';
import type { Image } from '../journal/images.ts';
import type { CatalogLook } from './catalog-look.ts';
import { CreatedSinceCount, unknownTo } from './created-since.ts';
import { readCurrent } from './current.ts';
import { type AskDown, askAbout, chunks, mostAsked, touchedAs } from './down-documents.ts';
import type { Overlay } from './overlay.ts';
import { documentConflict, type Left } from './put-back.ts';
import type { Quarantine } from './quarantine.ts';
import { ConflictList, type CreatedSince } from './result.ts';
import type { Survey } from './survey.ts';

interface Surroundings {
  readonly connection: Connection;
  readonly quarantine: Quarantine;
  readonly catalog: CatalogLook;
  readonly overlay: Overlay;
}

/** A document that an undo would leave to its user. */
export interface Blocked extends Left {
  /** Where its collection stands now. */
  readonly present: EntryNamespace;
}

/** What a `downDocument` would make of what an undo cannot put back by itself: see `DownPass`. */
export class DownForecast {
  readonly #around: Surroundings;
  readonly #ask: AskDown;
  /** By place: those of which older images are to come. */
  readonly #open = new Map<string, Blocked>();
  #ready: Blocked[] = [];
  readonly stay = new ConflictList();
  documents = 0;

  constructor(around: Surroundings, ask: AskDown) {
    this.#around = around;
    this.#ask = ask;
  }

  blocked(place: string, blocked: Blocked, last: boolean): void {
    if (last) this.#ready.push(blocked);
    else this.#open.set(place, blocked);
  }

  /** The oldest image of one that is blocked. */
  oldest(place: string, { before }: Image): void {
    const blocked = this.#open.get(place);
    if (blocked === undefined) return;
    this.#open.delete(place);
    const image = { ...blocked.image, ...(blocked.image.before && before ? { before } : {}) };
    this.#ready.push({ ...blocked, image });
  }

  /** Asks, once there are enough to ask about. */
  async flush(least = mostAsked): Promise<void> {
    while (this.#ready.length >= Math.max(1, least)) await this.#about(this.#ready.splice(0, mostAsked));
  }

  /** All that is to be asked; comes back with what users created since and would stay in the new shape. */
  async settle(survey: Survey): Promise<CreatedSince[]> {
    const { connection, quarantine, catalog, overlay } = this.#around;
    const { client } = connection;
    this.#ready.push(...this.#open.values());
    await this.flush(1);
    for (const documents of (await quarantine.countByCollection('down')).values()) this.documents += documents;
    for await (const lefts of chunks(quarantine.left(), ({ current }) => current?.length ?? 0)) {
      for (const left of lefts) {
        const first = touchedAs(survey, left.namespace)?.namespace;
        const present = first && catalog.presentOf(first);
        const version = left.image.after ?? left.image.before ?? left.current;
        if (version === undefined) continue;
        const current = present && (await readCurrent(client, present, [version])).get(idKey(version));
        this.#ready.push({ ...left, current, present: present ?? left.namespace });
      }
      await this.flush(1);
    }
    const created: CreatedSince[] = [];
    for (const touched of survey.touched) {
      const present = catalog.presentOf(touched.namespace);
      if (present === undefined) continue;
      const count = new CreatedSinceCount(touched);
      for await (const documents of chunks(unknownTo(client, touched, present), ({ length }) => length)) {
        const asked = documents.map((read) => {
          const current = overlay.over(present, idKey(read), read) ?? read;
          return { namespace: touched.namespace, image: {}, current };
        });
        const answers = await askAbout(this.#ask, asked);
        for (const [at, { current }] of asked.entries()) {
          const answer = answers[at];
          const back = answer?.state === 'changed' ? answer.document : current;
          if (back !== current) this.#back(present, current, back);
          count.add(back);
        }
      }
      created.push(...count.result);
    }
    return created;
  }

  async #about(blocked: readonly Blocked[]): Promise<void> {
    const asked = blocked.flatMap(({ current, ...rest }) => (current === undefined ? [] : [{ ...rest, current }]));
    const answers = asked.length === 0 ? [] : await askAbout(this.#ask, asked);
    const answered = new Map(asked.map(({ current }, at) => [current, answers[at]]));
    for (const one of blocked) {
      const answer = one.current && answered.get(one.current);
      if (answer?.state === 'changed') this.#back(one.present, answer.document, answer.document);
      else if (answer?.state === 'same') this.documents += 1;
      else this.stay.add(documentConflict(one));
    }
  }

  #back(present: EntryNamespace, document: Uint8Array, back: Uint8Array): void {
    this.documents += 1;
    this.#around.overlay.keep(present, idKey(document), back);
  }
}

import type { Document } from 'mongodb';
import { idKey, sameBytes } from '../../mongo/raw-bson.ts';
import { ReleaseError } from '../../observe/error.ts';
import { classesOf, type DriverClasses } from '../gate/journal/driver-classes.ts';
import { loadDriver } from './driver.ts';
import { exactBytes } from './exact.ts';
import { asChildError, describeFailure } from './failure.ts';
import type { LoadedCode } from './hooks.ts';
import { loadModule } from './load.ts';
import { loadModels } from './models.ts';
import type { Parent } from './parent.ts';
import type { AskedDocument, DownAnswer, DownDocumentJob } from './protocol.ts';
import { recognise } from './recognise.ts';
import { type Source, sourceAt } from './source.ts';

type DownDocument = (document: Document, asked: Document) => unknown;

/** What a migration's `downDocument` is asked with. */
interface Asking {
  readonly source: Source;
  readonly bson: DriverClasses['BSON'];
  readonly downDocument: DownDocument;
}

/** Asks the `downDocument` of one migration about documents, as often as the parent wants; knows no database. */
export class DownDocuments {
  readonly #parent: Parent;
  readonly #loaded: LoadedCode;
  #asking: Promise<Asking> | undefined;

  constructor(parent: Parent, loaded: LoadedCode) {
    this.#parent = parent;
    this.#loaded = loaded;
  }

  async ask(job: DownDocumentJob): Promise<void> {
    const source = sourceAt(job.path, this.#loaded.words, job.showValues);
    try {
      this.#asking ??= this.#load(job, source);
      const asking = await this.#asking;
      const answers: DownAnswer[] = [];
      for (const asked of job.documents) answers.push(await answer(asking, asked));
      await this.#parent.send({ type: 'down-documents', answers });
    } catch (error) {
      const failure =
        error instanceof ReleaseError ? asChildError(error) : describeFailure(error, source, undefined, false);
      await this.#parent.finish({ type: 'no-down-documents', error: failure });
    }
  }

  async #load(job: DownDocumentJob, source: Source): Promise<Asking> {
    // Told by the documents that it makes something of; a promise that it forgot is none of them.
    for (const event of ['unhandledRejection', 'uncaughtException'] as const) process.on(event, () => {});
    if (job.models !== undefined) {
      await loadModels(sourceAt(job.models, this.#loaded.words, job.showValues), this.#loaded);
    }
    const { downDocument } = recognise(await loadModule(source), source.fileName);
    if (downDocument === undefined) {
      throw new ReleaseError('MIGRATION_INVALID', `${source.fileName} has no downDocument any more.`, {
        hint: `Bring its downDocument back, or run the command again: it goes on without.`,
      });
    }
    const driver = await loadDriver(job.path, [...this.#loaded.mongooses.keys()][0]);
    return { source, bson: classesOf(driver).BSON, downDocument };
  }
}

async function answer(asking: Asking, asked: AskedDocument): Promise<DownAnswer> {
  try {
    const back = await once(asking, asked, asked.document);
    if (back === undefined) return { state: 'left' };
    if (sameBytes(back, asked.document)) return { state: 'same' };
    // A document may be asked about again after an interruption: what is in the old shape has to stay as it is.
    const again = await once(asking, asked, back);
    if (again !== undefined && !sameBytes(again, back)) {
      throw new ReleaseError('MIGRATION_INVALID', 'It changes what it has returned itself when it is given that.', {
        hint: 'Let downDocument return a document that is in the old shape already as it is.',
      });
    }
    return { state: 'changed', document: back };
  } catch (error) {
    return { state: 'failed', error: describeFailure(error, asking.source, undefined, false) };
  }
}

/** The document in the old shape; undefined where it is left as it is. Throws what the code throws. */
async function once({ bson, downDocument }: Asking, asked: AskedDocument, document: Uint8Array) {
  const read = (bytes: Uint8Array | undefined) => bytes && bson.deserialize(bytes);
  const about = { collection: asked.collection, before: read(asked.before), after: read(asked.after) };
  const made = (await downDocument(bson.deserialize(document), about)) as Document | null | undefined;
  if (made === undefined || made === null) return undefined;
  if (typeof made !== 'object' || Array.isArray(made) || '_bsontype' in made) {
    throw new ReleaseError('MIGRATION_INVALID', 'It returned what is no document.', {
      hint: 'Let downDocument return the document in its old shape, or nothing to leave it as it is.',
    });
  }
  // As the driver sees it, so that a document which only looks another way to JavaScript counts as unchanged.
  const plain = (one: Document) => bson.serialize(one, { ignoreUndefined: true });
  const original = bson.deserialize(document);
  const complete = { ...made, _id: made._id ?? original._id };
  if (sameBytes(plain({ ...original }), plain(complete))) return document;
  const { _id, ...fields } = complete;
  const back = exactBytes(bson, { _id, ...fields }, [...(asked.before ? [asked.before] : []), document]);
  if (idKey(back) === idKey(document)) return back;
  throw new ReleaseError('MIGRATION_INVALID', 'It returned a document with another _id.', {
    hint: 'Let downDocument return the _id as it is: it says which document is meant.',
  });
}

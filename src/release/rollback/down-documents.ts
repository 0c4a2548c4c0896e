import type { DownAnswer } from '../../migration/child/protocol.ts';
import { describeMigrations } from '../../migration/describe.ts';
import { DownDocumentProcess } from '../../migration/down-document.ts';
import type { MigrationFile } from '../../migration/types.ts';
import type { AskDown } from '../../migration/undo/down-documents.ts';
import { plural } from '../../report/format.ts';
import { childOptions } from '../child-options.ts';
import { listFiles } from '../migrate-mongo.ts';
import type { Run } from '../run.ts';

/**
 * The files of those migrations that have a `downDocument`, by name. One that is gone has none, and one that cannot be
 * loaded is warned of: an undo needs no file.
 */
export async function withDownDocument(
  run: Run,
  names: readonly string[],
): Promise<ReadonlyMap<string, MigrationFile>> {
  const files = (await listFiles(run)).filter(({ name }) => names.includes(name));
  const facts = await describeMigrations(files, { ...childOptions(run), unusable: new Set(names) });
  return new Map(
    files.flatMap((file) => {
      const { hasDownDocument, unusable } = facts.get(file.name) ?? {};
      if (unusable !== undefined) run.log.warn(`${unusable} If it has a downDocument, nothing asks that.`);
      return hasDownDocument === true ? [[file.name, file] as const] : [];
    }),
  );
}

/** The `downDocument` of a migration, while that is undone. Where it throws, the document is left as it is. */
export class DownDocuments implements AsyncDisposable {
  readonly #run: Run;
  readonly #file: MigrationFile | undefined;
  readonly #process: DownDocumentProcess | undefined;
  #failed = 0;
  #first: Extract<DownAnswer, { state: 'failed' }>['error'] | undefined;

  /** `file`: of a migration that has one. */
  constructor(run: Run, file: MigrationFile | undefined, signal = run.signal) {
    this.#run = run;
    this.#process = file && new DownDocumentProcess(file, { ...childOptions(run), signal });
    this.#file = file;
  }

  /** Undefined where the migration has none. */
  get ask(): AskDown | undefined {
    const process = this.#process;
    if (process === undefined) return undefined;
    return async (documents) => {
      const answers = await process.ask(documents);
      for (const answer of answers) {
        if (answer.state !== 'failed') continue;
        this.#failed += 1;
        this.#first ??= answer.error;
      }
      return answers;
    };
  }

  /** Ends its process, and says where it failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    if (this.#first === undefined) return;
    const { message, hint } = this.#first;
    this.#run.log.warn(
      `The downDocument of ${this.#file?.name} failed for ${plural(this.#failed, 'document')}, left as users have them. The first: ${message} ${hint}`,
    );
  }
}

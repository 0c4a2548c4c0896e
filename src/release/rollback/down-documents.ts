import type { DownAnswer } from '../../migration/child/protocol.ts';
import { DownDocumentProcess } from '../../migration/down-document.ts';
import type { MigrationFacts, MigrationFile } from '../../migration/types.ts';
import type { AskDown } from '../../migration/undo/down-documents.ts';
import { plural } from '../../report/format.ts';
import { childOptions } from '../child-options.ts';
import type { Run } from '../run.ts';

/** The files of migrations, and what they declare. */
export interface Declared {
  readonly files: ReadonlyMap<string, MigrationFile>;
  readonly facts: ReadonlyMap<string, MigrationFacts>;
}

/** The `downDocument` of a migration, while that is undone. Where it throws, the document is left as it is. */
export class DownDocuments implements AsyncDisposable {
  readonly #run: Run;
  readonly #process: DownDocumentProcess | undefined;
  readonly #name: string;
  #failed = 0;
  #first: Extract<DownAnswer, { state: 'failed' }>['error'] | undefined;

  constructor(run: Run, name: string, { files, facts }: Declared, signal = run.signal) {
    this.#run = run;
    this.#name = name;
    const file = facts.get(name)?.hasDownDocument === true ? files.get(name) : undefined;
    const log = run.log.with({ migration: name });
    this.#process = file && new DownDocumentProcess(file, { ...childOptions(run), log, signal });
  }

  /** Undefined where the migration has none, or its file is gone. */
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
      `The downDocument of ${this.#name} failed for ${plural(this.#failed, 'document')}, left as users have them. The first: ${message} ${hint}`,
    );
  }
}

import { ReleaseError } from '../observe/error.ts';
import type { ErrorCode } from '../observe/error-codes.ts';
import type { Log } from '../observe/log.ts';
import type { AskedDocument, DownAnswer, FromChild } from './child/protocol.ts';
import { type Child, type ChildSettings, startChild } from './child-process.ts';
import type { MigrationFile } from './types.ts';

/** Some hundred calls of a function that reads nothing; what takes longer than this never ends. Milliseconds. */
const mostMs = 60_000;

export interface DownDocumentOptions extends ChildSettings {
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** The `downDocument` of a migration, in a process of its own that knows no database. Begun when it is first asked. */
export class DownDocumentProcess implements AsyncDisposable {
  readonly #file: MigrationFile;
  readonly #options: DownDocumentOptions;
  #child: Child | undefined;
  #receive: (message: FromChild) => void = () => {};

  constructor(file: MigrationFile, options: DownDocumentOptions) {
    this.#file = file;
    this.#options = options;
  }

  /**
   * Asks about documents; the answers are in their order. One call at a time. Throws `MIGRATION_INVALID` where the file
   * cannot be loaded any more, `MIGRATION_TIMED_OUT`, `MIGRATION_EXITED`, `TSX_MISSING`, and the signal's reason.
   */
  async ask(documents: readonly AskedDocument[]): Promise<readonly DownAnswer[]> {
    const { signal, timeLimitMs, models, showValues = false } = this.#options;
    signal?.throwIfAborted();
    this.#child ??= startChild(this.#options, this.#options.log, (message) => this.#receive(message));
    const child = this.#child;
    const answered = Promise.withResolvers<readonly DownAnswer[]>();
    this.#receive = (message) => {
      if (message.type === 'down-documents') answered.resolve(message.answers);
      if (message.type === 'no-down-documents') answered.reject(refused(message.error));
    };
    const limitMs = Math.min(mostMs, timeLimitMs);
    const timer = setTimeout(() => answered.reject(this.#failed('MIGRATION_TIMED_OUT', 'does not end')), limitMs);
    const onAbort = () => answered.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    child.ended.then(() => answered.reject(this.#failed('MIGRATION_EXITED', 'ends its process')), answered.reject);
    child.send({
      type: 'down-documents',
      job: { path: this.#file.path, models, documents, showValues },
    });
    try {
      return await answered.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.process.kill('SIGKILL');
    await child?.ended;
  }

  #failed(code: ErrorCode, how: string): ReleaseError {
    return new ReleaseError(code, `The downDocument of ${this.#file.fileName} ${how}.`, {
      hint: 'Let it only compute the document that it returns. Correct it, then type the same command again.',
    });
  }
}

function refused({ code, message, hint }: { code: string; message: string; hint: string }): ReleaseError {
  return new ReleaseError(code as ErrorCode, message, { hint });
}

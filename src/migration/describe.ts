import { ReleaseError } from '../observe/error.ts';
import type { ErrorCode } from '../observe/error-codes.ts';
import type { Log } from '../observe/log.ts';
import type { ChildError } from './child/protocol.ts';
import { type ChildSettings, startChild } from './child-process.ts';
import type { MigrationFacts, MigrationFile } from './types.ts';

/** Loading a file only runs its top level; what takes longer than this is no loading. Milliseconds. */
const loadLimitMs = 60_000;

export interface DescribeOptions extends ChildSettings {
  readonly log: Log;
  /** Names of migrations that may be unusable: where one is, its facts say that there is no way back, and why. */
  readonly unusable?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
}

/**
 * What migrations declare about themselves, by name. Loads all files in one process that knows no database.
 *
 * Throws `MODELS_INVALID`; `MIGRATION_INVALID` for the first file (in the given order) that cannot be loaded or is no migration, with the
 * number of all such files; `TSX_MISSING`; the signal's reason when it is aborted.
 */
export async function describeMigrations(
  files: readonly MigrationFile[],
  options: DescribeOptions,
): Promise<Map<string, MigrationFacts>> {
  options.signal?.throwIfAborted();
  const facts = new Map<string, MigrationFacts>();
  const errors = new Map<string, ChildError>();
  if (files.length === 0) return facts;
  let loading: string | undefined;
  let complete = false;
  let stopped: 'time' | 'signal' | undefined;
  const child = startChild(options, options.log, (message) => {
    if (message.type === 'loading') loading = message.name;
    else if (message.type === 'described') facts.set(message.name, message.facts);
    else if (message.type === 'undescribed') {
      if (options.unusable?.has(message.name)) facts.set(message.name, unusable(message.error));
      else errors.set(message.name, message.error);
    } else if (message.type === 'all-described') complete = true;
  });
  const stop = (why: 'time' | 'signal') => () => {
    stopped ??= why;
    child.process.kill('SIGKILL');
  };
  const timer = setTimeout(stop('time'), Math.min(options.timeLimitMs, loadLimitMs));
  const onAbort = stop('signal');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  child.send({
    type: 'describe',
    job: {
      files: files.map(({ name, path }) => ({ name, path })),
      models: options.models,
      showValues: options.showValues === true,
    },
  });
  try {
    await child.ended;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
  options.signal?.throwIfAborted();
  if (!complete) throw unfinished(files.find(({ name }) => name === loading) ?? files[0], stopped === 'time');
  throwFirst(files, errors);
  return facts;
}

function unusable({ message }: ChildError): MigrationFacts {
  const facts = { form: 'migrate-mongo', phase: 'before-deploy', hasDown: false, transaction: false } as const;
  return { ...facts, irreversible: message, unusable: message };
}

function unfinished(file: MigrationFile | undefined, outOfTime: boolean): ReleaseError {
  const message = outOfTime
    ? `Loading ${file?.fileName} does not end.`
    : `${file?.fileName} ends the process while it is loaded.`;
  return new ReleaseError('MIGRATION_INVALID', message, {
    hint: 'Let the file only export up and down: work, and process.exit above all, belongs nowhere at its top level.',
  });
}

function throwFirst(files: readonly MigrationFile[], errors: ReadonlyMap<string, ChildError>): void {
  const first = files.map(({ name }) => errors.get(name)).find((error) => error !== undefined);
  if (first === undefined) return;
  const more =
    errors.size > 1 && first.code !== 'MODELS_INVALID'
      ? ` (${errors.size} files cannot be used, this is the first)`
      : '';
  throw new ReleaseError(first.code as ErrorCode, `${first.message}${more}`, { hint: first.hint });
}

import type { Secrets } from './secrets.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** Names, types, counts and ids: what a log line may carry beside its message. Never a document's value. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface LogEntry {
  readonly time: Date;
  readonly level: Level;
  readonly message: string;
  /** Holds at least `releaseId` once a release has one, and `migration` inside a migration. */
  readonly fields: Fields;
}

/** Where entries go: a terminal, JSON lines, a job's log. Called synchronously; must not throw. */
export type LogSink = (entry: LogEntry) => void;

export class Log {
  readonly #sink: LogSink;
  readonly #secrets: Secrets;
  readonly #fields: Fields;

  constructor(sink: LogSink, secrets: Secrets, fields: Fields = {}) {
    this.#sink = sink;
    this.#secrets = secrets;
    this.#fields = fields;
  }

  /** A log whose entries all carry these fields too. */
  with(fields: Fields): Log {
    return new Log(this.#sink, this.#secrets, { ...this.#fields, ...fields });
  }

  debug(message: string, fields?: Fields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#write('error', message, fields);
  }

  #write(level: Level, message: string, fields: Fields = {}): void {
    const clean: Record<string, string | number | boolean | undefined> = {};
    for (const [key, value] of Object.entries({ ...this.#fields, ...fields })) {
      if (value !== undefined) clean[key] = typeof value === 'string' ? this.#secrets.scrub(value) : value;
    }
    this.#sink({ time: new Date(), level, message: this.#secrets.scrub(message), fields: clean });
  }
}

import type { LogFields, MigrationLog } from '../define.ts';
import type { FromChild } from './protocol.ts';
import { hideFields, shownText } from './redact.ts';
import type { Source } from './source.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** The `log` of a migration's context: a function, and an object with a method a level, since both are in use. */
export function migrationLog(source: Source, send: (message: FromChild) => void): MigrationLog {
  const write = (level: Level) => (message: unknown, fields?: LogFields) =>
    send({ type: 'log', level, message: shownText(String(message), source), fields: hideFields(fields, source) });
  const levels = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return Object.assign(write('info'), levels);
}

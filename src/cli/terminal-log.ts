import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { LogEntry, LogSink } from '../observe/log.ts';

export interface TerminalLogOptions {
  readonly stream: Writable;
  readonly debug: boolean;
  readonly colour: boolean;
  /** One JSON object a line instead of text, for log collectors. */
  readonly json: boolean;
}

/** Log lines for a person, or for a collector. */
export function terminalLog(options: TerminalLogOptions): LogSink {
  return (entry) => {
    if (entry.level === 'debug' && !options.debug) return;
    options.stream.write(`${options.json ? jsonLine(entry) : textLine(entry, options)}\n`);
  };
}

function jsonLine({ time, level, message, fields }: LogEntry): string {
  return JSON.stringify({ time: time.toISOString(), level, message, ...fields });
}

function textLine({ level, message, fields }: LogEntry, { colour, debug }: TerminalLogOptions): string {
  // A collector needs every field on every line; a person neither the release's id each time nor a name twice.
  const said = ([key, value]: [string, unknown]) =>
    key === 'releaseId' || (typeof value === 'string' && message.includes(value));
  const shown = Object.entries(fields).filter((field) => debug || !said(field));
  const tail = shown.length === 0 ? '' : `  ${shown.map(([key, value]) => `${key}=${value}`).join(' ')}`;
  const mark = { debug: '·', info: '›', warn: '!', error: '✗' }[level];
  if (!colour) return `${mark} ${message}${tail}`;
  const style = ({ debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' } as const)[level];
  return `${styleText(style, mark, { validateStream: false })} ${message}${styleText('gray', tail, { validateStream: false })}`;
}

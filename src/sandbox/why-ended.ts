import { lastWords } from './command.ts';
import type { Ended } from './supervisor.ts';

/** ENOSPC, which WiredTiger passes on as it is. */
const noSpace = 28;
/** 128 and the number of SIGKILL: what `docker run` makes of that. */
const killed = 137;

interface LogLine {
  readonly s?: string;
  readonly msg?: string;
  readonly attr?: { readonly error?: unknown };
}

/** Why a mongod ended that nobody ended, in a clause: by what it wrote into its log, or else to its output. */
export function whyEnded(end: Ended, log = ''): string {
  const how = end.code === null ? (end.reason ?? 'unknown reason') : `exit code ${end.code}`;
  if (end.reason === 'SIGKILL' || end.code === killed) return `${how}, as the kernel does where memory runs out`;
  const lines = [...end.output.split('\n').map(toldBy), ...log.split('\n').map(toldBy)];
  const told = lines.filter((line) => line !== undefined);
  if (told.some(({ full }) => full)) return `${how}: its disk is full`;
  return `${how}${lastWords(told.map(({ text }) => text).join('\n'))}`;
}

/** Of a line of its log only errors count; any other line is a program's own words. */
function toldBy(line: string): { readonly text: string; readonly full: boolean } | undefined {
  let entry: LogLine;
  try {
    entry = JSON.parse(line) as LogLine;
  } catch {
    return { text: line, full: false };
  }
  const { s, msg = '', attr } = entry;
  if (s !== 'E' && s !== 'F') return undefined;
  const { errmsg = attr?.error } = Object(attr?.error) as { readonly errmsg?: unknown };
  const text = typeof errmsg === 'string' ? `${msg}: ${errmsg}` : msg;
  return { text, full: attr?.error === noSpace };
}

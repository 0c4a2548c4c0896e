import type { LogEntry, LogSink } from '../observe/log.ts';
import { inWorkflow } from './in-workflow.ts';

/**
 * A text that the runner takes for output and nothing else: it reads `::command::` at the beginning of a line, behind
 * any blanks, and `##[command]` anywhere in it, so that a line which a migration or a hook printed could set outputs.
 */
export function inert(text: string): string {
  return text
    .replaceAll('##[', '# #[')
    .split(/\r\n|\r|\n/)
    .map((line) => (/^\s*::/.test(line) ? `│ ${line.trimStart()}` : line))
    .join('\n');
}

export interface RunLogOptions {
  readonly write: (text: string) => void;
  readonly debug: boolean;
}

export interface RunLog {
  readonly sink: LogSink;
  /** Ends the group that stands open, so that what follows is seen without a click. */
  close(): void;
}

/**
 * The log of a step. Lines of one migration or hook fold into a group; warnings and errors are plain lines here, since
 * only ten annotations of a kind are shown and those belong to the result.
 */
export function runLog({ write, debug }: RunLogOptions): RunLog {
  let open: string | undefined;
  const enter = (group: string | undefined) => {
    if (group === open) return;
    if (open !== undefined) write('::endgroup::\n');
    if (group !== undefined) write(`::group::${inert(group).replaceAll('\n', ' ')}\n`);
    open = group;
  };
  return {
    sink: (entry) => {
      if (entry.level === 'debug' && !debug) return;
      enter(groupOf(entry));
      // What a migration or a hook prints is theirs.
      const ours = entry.level === 'warn' && groupOf(entry) === undefined;
      write(`${line(ours ? { ...entry, message: inWorkflow(entry.message) } : entry, debug)}\n`);
    },
    close: () => enter(undefined),
  };
}

function groupOf({ fields }: LogEntry): string | undefined {
  if (fields.migration !== undefined) return `${fields.rehearsal ? 'Rehearsal of' : 'Migration'} ${fields.migration}`;
  return fields.hook === undefined ? undefined : `Hook ${fields.hook}`;
}

const marks = { debug: '·', info: '›', warn: '!', error: '✗' } as const;
const colours = { debug: '\u001b[90m', info: '', warn: '\u001b[33m', error: '\u001b[31m' } as const;

/** The release's id is the same on every line; the others stand in the heading of the group. */
const inHeading = ['releaseId', 'migration', 'hook', 'rehearsal'];

function line({ level, message, fields }: LogEntry, debug: boolean): string {
  const shown = Object.entries(fields).filter(([key]) => debug || !inHeading.includes(key));
  const tail = shown.map(([key, value]) => ` ${key}=${value}`).join('');
  const colour = colours[level];
  return `${colour}${marks[level]} ${inert(message)}${colour === '' ? '' : '\u001b[0m'}${tail === '' ? '' : ` ${inert(tail)}`}`;
}

import { type CommandName, commands } from '../config/commands.ts';
import { type Option, type OptionName, options } from '../config/options.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Run } from './run.ts';

/** What says which target is meant, and where things are: typed once, it has to be typed again. */
const repeated = [
  ...(['target', 'uri', 'database', 'environment', 'config', 'file'] as const),
  ...(['migrations-dir', 'store', 'identity'] as const),
] as const satisfies readonly OptionName[];

/** In production these want a reason. */
const needReason: ReadonlySet<CommandName> = new Set<CommandName>(['restore', 'rollback', 'down']);

/** A command as it stands in a text for people. */
export interface CommandInText {
  readonly name: CommandName;
  /** All of it. */
  readonly text: string;
  readonly argument?: string;
  /** In their order; without a value where it is a switch. */
  readonly flags: ReadonlyMap<string, string | undefined>;
  /** Whether it goes on with what was begun, as the text says: that has its reason on record. */
  readonly goesOn: boolean;
}

/**
 * Completes the commands in a text for people, so that they act on what this run acts on: with the flags that this one was
 * given by and its environment does not say, and with a reason where one is needed. An address is not shown.
 */
export function typed(run: Run, text: string): string {
  return replaceCommands(text, (command) => [command.text, ...flagsFor(run, command)].join(' '));
}

/** The text with each command in it replaced; `between` makes what lies around them. */
export function replaceCommands(
  text: string,
  by: (command: CommandInText) => string,
  between: (text: string) => string = (same) => same,
): string {
  for (const { 0: start, 1: word = '', index } of text.matchAll(/mongo-release ([a-z]+)/g)) {
    if (!Object.hasOwn(commands, word)) continue;
    const command = readCommand(word as CommandName, start, text.slice(index + start.length));
    const rest = text.slice(index + command.text.length);
    return `${between(text.slice(0, index))}${by(command)}${replaceCommands(rest, by, between)}`;
  }
  return between(text);
}

/** The same of an error's hint. */
export function typedHint(run: Run, error: ReleaseError): ReleaseError {
  const { code, message, details, cause } = error;
  const hint = typed(run, error.hint);
  return hint === error.hint ? error : new ReleaseError(code, message, { hint, details, cause });
}

/** What of a text still belongs to the command that it follows: an argument, and flags with their values. */
function readCommand(name: CommandName, start: string, rest: string): CommandInText {
  const flags = new Map<string, string | undefined>();
  let text = start;
  const take = (pattern: RegExp) => {
    const [found] = pattern.exec(rest.slice(text.length - start.length)) ?? [];
    text += found ?? '';
    return found?.trim();
  };
  // What prose goes on with is in small letters, and no name.
  const argument = commands[name].arguments.length > 0 ? take(/^ (?=\S*[\dA-Z])[\w./-]*\w/) : undefined;
  for (let flag = take(/^ --[a-z]+(?:-[a-z]+)*/); flag !== undefined; flag = take(/^ --[a-z]+(?:-[a-z]+)*/)) {
    const option: Option | undefined = options[flag.slice(2) as OptionName];
    const value = option === undefined || option.type === 'switch' ? undefined : take(/^ (?:"[^"]*"|[\w./:-]*\w)/);
    flags.set(flag.slice(2), value);
  }
  const goesOn = /^(?: again| without --strategy)?(?:: it)? goes on\b/.test(rest.slice(text.length - start.length));
  return { name, text, argument, flags, goesOn };
}

function flagsFor({ invocation, env }: Run, { name, flags: given, goesOn }: CommandInText): string[] {
  const { flags, target } = invocation;
  const allowed: readonly OptionName[] = commands[name].options;
  const wanted = (option: OptionName) => allowed.includes(option) && !given.has(option);
  const more = repeated.flatMap((option) => {
    const { env: variable, secret }: Option = options[option];
    const value = flags[option];
    if (value === undefined || !wanted(option) || (variable !== undefined && env[variable]?.trim() === value))
      return [];
    return [`--${option} ${secret === undefined ? quoted(value) : '"…"'}`];
  });
  const reasoned = goesOn || given.has('dry-run') || given.has('start-traffic');
  if (needReason.has(name) && !reasoned && target?.environment === 'production' && wanted('reason'))
    more.push(`--reason ${flags.reason === undefined ? '"…"' : JSON.stringify(flags.reason)}`);
  return more;
}

function quoted(value: string): string {
  return /^[\w./:@=+-]+$/.test(value) ? value : JSON.stringify(value);
}

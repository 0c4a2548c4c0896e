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

/**
 * Completes the commands in a text for people, so that they act on what this run acts on: with the flags that this one was
 * given by and its environment does not say, and with a reason where one is needed. An address is not shown.
 */
export function typed(run: Run, text: string): string {
  return text.replaceAll(
    /(mongo-release )([a-z]+)((?: +[^\s]+)*)/g,
    (_, program: string, word: string, rest: string) => {
      // What follows may hold another command.
      if (!Object.hasOwn(commands, word)) return `${program}${word}${typed(run, rest)}`;
      const name = word as CommandName;
      const { length, given } = readCommand(name, rest);
      const more = flagsFor(run, name, given).map((flag) => ` ${flag}`);
      return `${program}${word}${rest.slice(0, length)}${more.join('')}${typed(run, rest.slice(length))}`;
    },
  );
}

/** The same of an error's hint. */
export function typedHint(run: Run, error: ReleaseError): ReleaseError {
  const { code, message, details, cause } = error;
  const hint = typed(run, error.hint);
  return hint === error.hint ? error : new ReleaseError(code, message, { hint, details, cause });
}

/** How much of a text still belongs to the command that it follows: an argument, and flags with their values. */
function readCommand(name: CommandName, text: string): { readonly length: number; readonly given: readonly string[] } {
  const given: string[] = [];
  let length = 0;
  const take = (pattern: RegExp) => {
    const [found] = pattern.exec(text.slice(length)) ?? [];
    length += found?.length ?? 0;
    return found?.trim();
  };
  // What prose goes on with is in small letters, and no name.
  if (commands[name].arguments.length > 0) take(/^ (?=\S*[\dA-Z])[\w./-]*\w/);
  for (let flag = take(/^ --[a-z]+(?:-[a-z]+)*/); flag !== undefined; flag = take(/^ --[a-z]+(?:-[a-z]+)*/)) {
    given.push(flag.slice(2));
    const option: Option | undefined = options[flag.slice(2) as OptionName];
    if (option !== undefined && option.type !== 'switch') take(/^ (?:"[^"]*"|[\w./:-]*\w)/);
  }
  return { length, given };
}

function flagsFor({ invocation, env }: Run, name: CommandName, given: readonly string[]): string[] {
  const { flags, target } = invocation;
  const allowed: readonly OptionName[] = commands[name].options;
  const wanted = (option: OptionName) => allowed.includes(option) && !given.includes(option);
  const more = repeated.flatMap((option) => {
    const { env: variable, secret }: Option = options[option];
    const value = flags[option];
    if (value === undefined || !wanted(option) || (variable !== undefined && env[variable]?.trim() === value))
      return [];
    return [`--${option} ${secret === undefined ? quoted(value) : '"…"'}`];
  });
  if (needReason.has(name) && target?.environment === 'production' && wanted('reason') && !given.includes('dry-run'))
    more.push(`--reason ${flags.reason === undefined ? '"…"' : JSON.stringify(flags.reason)}`);
  return more;
}

function quoted(value: string): string {
  return /^[\w./:@=+-]+$/.test(value) ? value : JSON.stringify(value);
}

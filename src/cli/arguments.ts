import { parseArgs } from 'node:util';
import { type CommandName, commands } from '../config/commands.ts';
import type { RawFlags } from '../config/flags.ts';
import { didYouMean } from '../config/nearest.ts';
import { type Option, options } from '../config/options.ts';
import { ReleaseError } from '../observe/error.ts';

export type CommandLine =
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'command';
      readonly command: CommandName;
      readonly arguments: readonly string[];
      readonly raw: RawFlags;
    };

type RawValue = string | boolean | readonly string[];

/** Options of the door itself. */
const ownOptions = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

/** Reads the words behind `mongo-release`. Throws `USAGE` for an unknown command; options are judged by the configuration. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { tokens } = parseArgs({
    args: [...argv],
    options: known(),
    allowPositionals: true,
    strict: false,
    allowNegative: true,
    tokens: true,
  });
  const words: string[] = [];
  const raw: Record<string, RawValue> = {};
  // Of an option that nobody knows: the word behind it is as likely its value as an argument, and no second mistake.
  let stray = -1;
  for (const token of tokens) {
    if (token.kind === 'positional' && token.index !== stray) words.push(token.value);
    if (token.kind !== 'option') continue;
    const option: Option | undefined = (options as Record<string, Option>)[token.name];
    if (option === undefined && !Object.hasOwn(ownOptions, token.name) && token.value === undefined)
      stray = words.length > 0 ? token.index + 1 : -1;
    if (option?.type === 'switch') raw[token.name] = token.value ?? !token.rawName.startsWith('--no-');
    else raw[token.name] = withValue(option, raw[token.name], token);
  }
  const [word, ...rest] = words;
  if (raw.version === true && word === undefined) return { kind: 'version' };
  if (word === 'help') return { kind: 'help', command: rest[0] === undefined ? undefined : commandNamed(rest[0]) };
  if (word === undefined) {
    if (argv.length === 0 || raw.help === true) return { kind: 'help' };
    throw new ReleaseError('USAGE', 'No command was given.', { hint: 'Type mongo-release --help for the commands.' });
  }
  const command = commandNamed(word);
  if (raw.help === true) return { kind: 'help', command };
  return { kind: 'command', command, arguments: rest, raw };
}

/**
 * What an option that takes a value has been given by now: `true` says that its value was forgotten, which nothing makes
 * good that follows.
 */
function withValue(
  option: Option | undefined,
  before: RawValue | undefined,
  { value, inlineValue }: { readonly value?: string; readonly inlineValue?: boolean },
): RawValue {
  // The next option is no value, unless it is tied to this one: --reason=--what.
  if (before === true || value === undefined || (!inlineValue && value.startsWith('--'))) return true;
  return option?.type === 'list' ? [...(Array.isArray(before) ? before : []), value] : value;
}

function commandNamed(word: string): CommandName {
  if (Object.hasOwn(commands, word)) return word as CommandName;
  throw new ReleaseError('USAGE', `There is no command "${word}".${didYouMean(word, Object.keys(commands))}`, {
    hint: 'Type mongo-release --help for the commands.',
  });
}

/** What the parser has to know beforehand: which options take a value. */
function known() {
  const described: Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }> = {
    ...ownOptions,
  };
  for (const [name, option] of Object.entries(options as Record<string, Option>)) {
    described[name] = {
      type: option.type === 'switch' ? 'boolean' : 'string',
      multiple: option.type === 'list',
      ...(option.short !== undefined && { short: option.short }),
    };
  }
  return described;
}

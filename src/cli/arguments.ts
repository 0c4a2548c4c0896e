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

/** Options of the door itself. */
const ownOptions = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

/** Reads the words behind `mongo-release`. Throws `USAGE` for an unknown command; options are judged by the configuration. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { args, forgotten } = splitForgotten(argv);
  const { tokens } = parseArgs({
    args,
    options: known(),
    allowPositionals: true,
    strict: false,
    allowNegative: true,
    tokens: true,
  });
  const words: string[] = [];
  const raw: Record<string, string | boolean | string[]> = {};
  // Of an option that nobody knows: the word behind it is as likely its value as an argument, and no second mistake.
  let stray = -1;
  for (const token of tokens) {
    if (token.kind === 'positional' && token.index !== stray) words.push(token.value);
    if (token.kind !== 'option') continue;
    const option: Option | undefined = (options as Record<string, Option>)[token.name];
    if (option === undefined && !Object.hasOwn(ownOptions, token.name) && token.value === undefined)
      stray = words.length > 0 ? token.index + 1 : -1;
    if (option?.type === 'switch') raw[token.name] = token.value ?? !token.rawName.startsWith('--no-');
    else if (option?.type === 'list') raw[token.name] = [...((raw[token.name] as string[]) ?? []), token.value ?? ''];
    else raw[token.name] = token.value ?? true;
  }
  for (const name of forgotten) raw[name] = true;
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
 * The words without options whose value was forgotten: at the end, or where the next option follows. To the parser that
 * one would be the value; a value that does begin so is tied to its option (--reason=--what).
 */
function splitForgotten(argv: readonly string[]): { args: string[]; forgotten: string[] } {
  const valued = new Map<string, string>();
  for (const [name, { type, short }] of Object.entries<Option>(options)) {
    if (type === 'switch') continue;
    valued.set(`--${name}`, name);
    if (short !== undefined) valued.set(`-${short}`, name);
  }
  const args: string[] = [];
  const forgotten: string[] = [];
  const words = argv.values();
  for (let word = words.next().value; word !== undefined; ) {
    const name = valued.get(word);
    const next = words.next().value;
    if (name === undefined) {
      args.push(word);
      word = next;
    } else if (next === undefined || next.startsWith('--')) {
      forgotten.push(name);
      word = next;
    } else {
      args.push(word, next);
      word = words.next().value;
    }
  }
  return { args, forgotten };
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

import { type Option, type OptionName, options } from '../config/options.ts';
import { type CommandInText, replaceCommands } from '../release/typed.ts';
import { flagsOf, type Part, parts } from './parts.ts';

/** Whichever part it is that has it: what is said by one may be about another. */
const inputNames: ReadonlySet<OptionName> = new Set((Object.keys(parts) as Part[]).flatMap(flagsOf));

/** A text for people as it helps in a workflow: what is a command in a terminal is a part with inputs there, and a flag an input. */
export function inWorkflow(text: string): string {
  const replaced = replaceCommands(text, (command) => asPart(command) ?? command.text, inputsIn);
  return replaced.replaceAll(/\b([Tt])ype (?=the (?:part|action)\b)/g, (_, t: string) => (t === 'T' ? 'Run ' : 'run '));
}

/** Undefined for a command that is no part: that one is for a terminal. */
function asPart({ name, argument, flags }: CommandInText): string | undefined {
  if (name !== 'release' && !Object.hasOwn(parts, name)) return undefined;
  const inputs: string[] = [];
  const applies = name === 'rollback' ? !flags.has('dry-run') : flags.has('apply');
  if (applies) inputs.push(input('mode', 'apply'));
  else if (flags.has('dry-run')) inputs.push(input('mode', 'dry-run'));
  if (argument !== undefined) inputs.push(input(name === 'rollback' ? 'release-id' : 'backup', argument));
  for (const [flag, value] of flags) if (!elsewhere.has(flag)) inputs.push(input(flag, value));
  const what = name === 'release' ? 'the action' : `the part ${name}`;
  return inputs.length === 0 ? what : `${what} with ${inputs.join(', ')}`;
}

/** `mode` says the one, and a secret the other. */
const elsewhere: ReadonlySet<string> = new Set(['apply', 'dry-run', 'uri', 'read-uri']);

/** Flags that stand alone in a sentence. */
function inputsIn(text: string): string {
  return text.replaceAll(
    /--([a-z]+(?:-[a-z]+)*)(?: ("[^"]*"|(?=\S*[\dA-Z])[\w./:-]*\w|[a-z-]+))?/g,
    (all: string, flag: string, value: string | undefined) => {
      const rest = value === undefined ? '' : ` ${value}`;
      if (flag === 'apply' || flag === 'dry-run') return `${input('mode', flag)}${rest}`;
      if (!inputNames.has(flag as OptionName)) return all;
      const option: Option = options[flag as OptionName];
      if (option.type === 'switch') return `${input(flag, undefined)}${rest}`;
      const isValue = option.choices?.includes(value ?? '') ?? (value !== undefined && !/^[a-z-]+$/.test(value));
      return isValue ? input(flag, value) : `"${flag}"${rest}`;
    },
  );
}

function input(name: string, value: string | undefined): string {
  return `"${name}: ${value?.replaceAll('"', '') ?? 'true'}"`;
}

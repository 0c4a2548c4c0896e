import { type CommandName, commands } from './commands.ts';
import { parseDuration } from './duration.ts';
import { knownKeys } from './load.ts';
import { didYouMean } from './nearest.ts';
import { type Flags, type Option, type OptionName, options } from './options.ts';

/**
 * What a door read: a flag's or input's text, `true` for a switch and for a value that was forgotten, several texts for a
 * list. What was not given is not in it.
 */
export type RawFlags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** The environment as the doors hand it in. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Flags with their types, and everything that is wrong with them, all at once.
 *
 * Precedence is flag or input, then environment, where an empty variable counts as not set. An empty flag is refused:
 * what it comes from is most often a variable that is not set, and without it the option would mean something else.
 * `shown` writes an option's name as it is typed at this door.
 */
export function parseFlags(
  command: CommandName,
  raw: RawFlags,
  env: Environment,
  shown: (name: string) => string = (name) => `"${name}"`,
): { flags: Flags; problems: string[] } {
  const allowed: readonly string[] = commands[command].options;
  const problems: string[] = [];
  const flags: Record<string, unknown> = {};
  for (const name of Object.keys(raw)) {
    if (raw[name] === undefined || allowed.includes(name)) continue;
    problems.push(`${shown(name)} is not an option of ${command}.${inFile(name) ?? didYouMean(name, allowed, shown)}`);
  }
  for (const name of allowed as readonly OptionName[]) {
    const option: Option = options[name];
    const variable = isRunOfItsOwn(command, name, env) ? undefined : option.env;
    const given = raw[name] ?? ((variable && env[variable]?.trim()) || undefined);
    if (given === undefined) continue;
    const parsed = parseValue(option, given);
    if ('problem' in parsed) problems.push(`${shown(name)} ${parsed.problem}`);
    else flags[name] = parsed.value;
  }
  return { flags: flags as Flags, problems };
}

/**
 * A hook knows by MONGO_RELEASE_ID which release it is of. What it goes on to apply is not that one, which is at it meanwhile,
 * and refuses whoever comes with its id; probes and backups only name it.
 */
function isRunOfItsOwn(command: CommandName, name: OptionName, { MONGO_RELEASE_HOOK: hook }: Environment): boolean {
  return name === 'release-id' && Boolean(hook) && command !== 'verify' && command !== 'backup';
}

/** A sentence, where that is what a key of the configuration file is called. */
function inFile(name: string): string | undefined {
  const section = knownKeys([]).find((key) => knownKeys([key]).includes(name));
  return section && ` It is set in mongo-release.yml: ${section}.${name}.`;
}

/** Completes a sentence that begins with the name of what was given. */
export const isEmpty = 'is empty: is the variable set that it comes from?';

type Parsed = { value: unknown } | { problem: string };

function parseValue(option: Option, given: string | boolean | readonly string[]): Parsed {
  if (option.type === 'switch') return parseSwitch(given);
  if (option.type === 'list') {
    if (typeof given === 'boolean') return { problem: needsValue(option) };
    const items =
      typeof given === 'string'
        ? given
            .split(/[\n,]/)
            .map((item) => item.trim())
            .filter((item) => item !== '')
        : given.map((item) => item.trim());
    return items.length === 0 || items.includes('') ? { problem: isEmpty } : { value: items };
  }
  if (typeof given !== 'string') return { problem: needsValue(option) };
  const text = given.trim();
  if (text === '') return { problem: isEmpty };
  if (option.type === 'duration') {
    const ms = parseDuration(text);
    return ms === undefined ? { problem: 'needs a length of time such as 30s or 10m.' } : { value: ms };
  }
  if (option.type === 'choice' && !option.choices?.includes(text)) {
    return { problem: `is one of ${option.choices?.join(', ')}.${didYouMean(text, option.choices ?? [])}` };
  }
  if (option.form?.pattern.test(text) === false) return { problem: option.form.words };
  return { value: text };
}

function needsValue({ type, choices, value }: Option): string {
  if (type === 'duration') return 'needs a length of time such as 30s or 10m.';
  if (choices !== undefined) return `needs a value: one of ${choices.join(', ')}.`;
  return `needs a value${value === undefined ? '' : `: ${value}`}.`;
}

/** The words that YAML 1.2 and GitHub's own `getBooleanInput` know, and RUNNER_DEBUG's 1 and 0. */
function parseSwitch(given: string | boolean | readonly string[]): Parsed {
  if (typeof given === 'boolean') return { value: given };
  const word = String(given).trim().toLowerCase();
  if (word === 'true' || word === '1') return { value: true };
  if (word === 'false' || word === '0') return { value: false };
  return { problem: 'is true or false.' };
}

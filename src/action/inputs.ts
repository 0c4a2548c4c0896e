import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { getInput } from '@actions/core';
import { commands } from '../config/commands.ts';
import type { Environment } from '../config/flags.ts';
import { type Asked, checkAsked } from '../config/invocation.ts';
import { didYouMean } from '../config/nearest.ts';
import { ReleaseError } from '../observe/error.ts';
import type { Secrets } from '../observe/secrets.ts';
import { compositeProblems } from './composite-inputs.ts';
import { flagsOf, modes, type Part, settingsOf } from './parts.ts';

/**
 * Reads every input of a part and checks them all at once.
 *
 * The secrets among them, and every connection string of the environment, are added to `secrets` first. Throws `USAGE`
 * with all that is wrong.
 */
export function readInputs(part: Part, env: Environment, workspace: string, secrets: Secrets): Asked {
  const { command, own } = settingsOf(part);
  // Whichever variable the configuration is going to name: none of them may be printed before it is read.
  for (const value of Object.values(env)) if (value && /^mongodb(\+srv)?:\/\//.test(value)) secrets.addUri(value);

  const raw: Record<string, string | boolean> = {};
  for (const name of flagsOf(part)) {
    // An input that was left out is seen as an empty one.
    const given = getInput(name);
    if (given !== '') raw[name] = given;
  }
  const cwd = resolve(workspace, getInput('working-directory'));
  const problems: string[] = [];
  if (!isFolder(cwd)) problems.push(`"working-directory" names no folder: ${cwd}.`);
  if ('mode' in own) problems.push(...applyMode(raw, getInput('mode'), commands[command].options));
  if ('release-inputs' in own) problems.push(...compositeProblems(getInput('release-inputs'), env));

  const release = 'release-id' in own ? getInput('release-id') : '';
  const asked: Asked = { command, arguments: release === '' ? [] : [release], raw, env, cwd, secrets };
  problems.push(...checkAsked(asked).problems);
  const different = [...new Set(problems)];
  if (different.length > 0) {
    throw new ReleaseError('USAGE', different.join('\n'), {
      hint: 'Correct these inputs under "with:" of the step.',
    });
  }
  return asked;
}

/** What is wrong with `mode`; nothing, when it could be turned into the flags that it stands for. */
function applyMode(raw: Record<string, string | boolean>, given: string, known: readonly string[]): string[] {
  if (given !== '' && !(modes as readonly string[]).includes(given))
    return [`"mode" is one of ${modes.join(', ')}.${didYouMean(given, modes)}`];
  if (given !== 'apply') raw['dry-run'] = true;
  else if (known.includes('apply')) raw.apply = true;
  return [];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

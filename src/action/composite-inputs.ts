import type { Environment } from '../config/flags.ts';
import { parseFlags } from '../config/flags.ts';
import { didYouMean } from '../config/nearest.ts';
import { modes } from './parts.ts';

/** Inputs of the composite action that are no flags of `release`; the composite hands them on itself. */
const ownInputs = ['mode', 'deploy-command', 'working-directory'];

/**
 * What is wrong with the inputs of the composite action, which its first step gets as JSON: a mistyped `on-failure` is
 * said before the backup, not after the migration failed.
 */
export function compositeProblems(json: string, env: Environment): string[] {
  if (json === '') return [];
  const inputs = parsed(json);
  if (inputs === undefined) return ['"release-inputs" is not a JSON object of texts.'];
  const problems: string[] = [];
  const mode = inputs.mode ?? '';
  if (mode !== '' && !(modes as readonly string[]).includes(mode))
    problems.push(`"mode" is one of ${modes.join(', ')}.${didYouMean(mode, modes)}`);
  const flags = Object.fromEntries(
    Object.entries(inputs).filter(([name, text]) => text !== '' && !ownInputs.includes(name)),
  );
  problems.push(...parseFlags('release', flags, env).problems);
  return problems;
}

function parsed(json: string): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text ?? '').trim()]));
  } catch {
    return undefined;
  }
}

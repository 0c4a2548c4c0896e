import { stringify } from 'yaml';
import { flagsOf, outputs, type Part, parts, settingsOf } from '../src/action/parts.ts';
import { type Option, options } from '../src/config/options.ts';
import { actionPage } from './action-page.ts';

interface Input {
  readonly description: string;
  readonly default?: string;
}

const banner = '# Generated from src/config/options.ts and src/action/parts.ts by `npm run generate`.\n';

/** The `action.yml` of a part: its inputs are the flags of its command. */
export function renderPart(part: Part): string {
  const { name, description, own, outputs: named } = settingsOf(part);
  const inputs: Record<string, Input> = {};
  for (const [input, { help, default: value }] of Object.entries(own))
    inputs[input] = { description: help, default: value };
  for (const flag of flagsOf(part)) inputs[flag] = { description: describeOption(options[flag]) };
  const content = {
    name,
    description,
    inputs,
    outputs: Object.fromEntries(named.map((output) => [output, { description: outputs[output] }])),
    runs: { using: 'node24', main: 'index.js' },
  };
  return banner + stringify(content, { lineWidth: 0 });
}

/** What an input of this option says of itself; the composite's and the docs' tables say the same. */
export function describeOption(option: Option): string {
  const values = option.type === 'switch' ? ['true', 'false'] : (option.choices ?? []);
  const choices = values.length === 0 ? '' : ` One of ${values.join(', ')}.`;
  const env = option.env === undefined ? '' : ` Environment variable: ${option.env}.`;
  return `${option.help}${choices}${env}`;
}

function entry(part: Part): string {
  return `import { action } from '../dist/index.js';\n\nawait action('${part}');\n`;
}

/** The files of all parts, and the page about them, with their content. */
export async function renderParts(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const definitions: Record<string, string> = {};
  for (const part of Object.keys(parts) as Part[]) {
    definitions[part] = renderPart(part);
    files[`${part}/action.yml`] = definitions[part];
    files[`${part}/index.js`] = entry(part);
  }
  files['docs/action.md'] = await actionPage(definitions);
  return files;
}

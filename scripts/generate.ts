/**
 * Writes what follows from the tables in the sources, so that it is never written twice:
 * the JSON Schema, docs/errors.md, docs/configuration.md, docs/commands.md, docs/results.md, the parts' action.yml, the version.
 *
 *   node scripts/generate.ts [--check]     with --check nothing is written; exits with 1 where a file differs
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { commands } from '../src/config/commands.ts';
import { type Option, options } from '../src/config/options.ts';
import { schema } from '../src/config/schema.ts';
import { guards } from '../src/guard/run.ts';
import { errorCodes } from '../src/observe/error-codes.ts';
import { renderParts } from './render-parts.ts';
import { resultsPage } from './results-page.ts';

const root = dirname(import.meta.dirname);
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function jsonSchema(): string {
  const made = z.toJSONSchema(schema, { io: 'input', reused: 'inline' });
  return `${JSON.stringify({ $id: 'mongo-release.schema.json', title: 'mongo-release.yml', ...made }, null, 2)}\n`;
}

function errorsPage(): string {
  const rows = Object.entries(errorCodes)
    .sort(([a, left], [b, right]) => left.exit - right.exit || (a < b ? -1 : 1))
    .map(([code, { exit, meaning }]) => `| \`${code}\` | ${exit} | ${cell(meaning)} |`);
  return `# Errors

Every failure has a stable code, a message and a next step. With \`--json\` they stand in \`error: { code, message, hint }\`.
The exit code tells what to do next: see the table in [commands.md](commands.md#exit-codes). This page is generated.

What a migration itself fails of (\`MIGRATION_FAILED\`, \`MIGRATION_TIMED_OUT\`, \`GATE_CLOSED\`, \`OPERATION_IN_DOUBT\`, \`SERVER_ERROR\`, …) stands in
brackets in the message, and in the record of the migration. The error's own code, and the exit code with it, say what that means
for the target:

- \`FAILED_CLEAN\`, 7: nothing had been changed;
- \`FAILED_DIRTY\`, 8: something had; the message says how far it got;
- \`REHEARSAL_FAILED\`, 13: it was a rehearsal;
- \`CANCELLED\`, 130: somebody stopped it.

| code | exit code | means |
| --- | --- | --- |
${rows.join('\n')}

## The guards

They look before anything begins, and what blocks ends with \`BLOCKED_BY_GUARD\`. One that could not look blocks an apply to production, and
warns elsewhere; \`environment\` blocks every apply then: what it cannot see may be production. \`plan\`, \`migrate --apply\`, \`up\` and \`release\` ask all of them; \`down\`, \`rollback\`, \`restore\` and \`baseline\` ask
\`environment\`, a dry run of \`migrate\` also \`database\`, \`backup\` also \`backup-encryption\`.

| guard | speaks against |
| --- | --- |
${guards.map(({ id, about }) => `| \`${id}\` | ${cell(about)} |`).join('\n')}
`;
}

interface Node {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
  additionalProperties?: Node | boolean;
}

/** The JSON Schema of what is typed knows no defaults of what is converted, such as lengths of time: these do. */
const defaults: unknown = schema.parse({});

function defaultAt(path: string): unknown {
  let here = defaults;
  for (const key of path.split('.')) here = (here as Record<string, unknown> | undefined)?.[key];
  return here;
}

function configurationRows(node: Node, path: string): string[] {
  const rows: string[] = [];
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const here = path === '' ? key : `${path}.${key}`;
    const nested = configurationRows(child, here);
    const list = child.items
      ? (child.items.anyOf ?? [child.items]).flatMap((item) => configurationRows(item, `${here}[]`))
      : [];
    const entries =
      typeof child.additionalProperties === 'object'
        ? configurationRows(child.additionalProperties, `${here}.NAME`)
        : [];
    if (nested.length + list.length + entries.length === 0) {
      const kind = child.enum
        ? child.enum.join(', ')
        : child.anyOf
          ? child.anyOf.map((one) => one.type).join(' or ')
          : child.pattern?.endsWith('(ms|s|m|h|d)$')
            ? 'length of time'
            : String(child.type ?? 'any');
      const converted = defaultAt(here);
      const value = child.default ?? (typeof converted === 'number' ? inUnits(converted) : converted);
      const standard = value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
      rows.push(`| \`${here}\` | ${cell(kind)} | ${standard} | ${cell(child.description ?? '')} |`);
    }
    rows.push(...nested, ...list, ...entries);
  }
  return [...new Set(rows)];
}

function inUnits(ms: number): string {
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const)
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return String(ms);
}

function configurationPage(): string {
  const rows = configurationRows(z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as Node, '');
  return `# Configuration: mongo-release.yml

One file in the project's root. An unknown key is an error that names the nearest one. Secrets never stand in it: it names
the environment variables that hold them. Lengths of time are written \`500ms\`, \`30s\`, \`10m\`, \`24h\`, \`7d\`.
Editors check it with \`# yaml-language-server: $schema=./node_modules/mongo-release-action/schema/mongo-release.schema.json\`.
Flags and inputs go before environment variables, these before the file, and the file before the defaults. This page is generated.

| key | type | default | means |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function commandsPage(): string {
  const table = Object.entries(commands).map(
    ([name, command]) => `| \`${[name, ...command.arguments].join(' ')}\` | ${cell(command.summary)} |`,
  );
  const shared = [
    'config',
    'debug',
    'json',
    'summary',
    'show-values',
    'target',
    'uri',
    'read-uri',
    'database',
    'environment',
  ];
  const optionRow = (name: string) => {
    const option: Option = options[name as keyof typeof options];
    const value = option.choices?.join(', ') ?? option.value ?? '';
    return `| \`--${name}\` | ${cell(value)} | ${option.env ? `\`${option.env}\`` : ''} | ${cell(option.help)} |`;
  };
  const header = '| option | value | environment | means |\n| --- | --- | --- | --- |';
  const sections = Object.entries(commands).map(([name, command]) => {
    const own = (command.options as readonly string[]).filter((option) => !shared.includes(option));
    return `### ${name}\n\n${command.summary}\n${own.length === 0 ? '' : `\n${header}\n${own.map(optionRow).join('\n')}\n`}`;
  });
  return `# Commands

This page is generated from the table that the command line and the action's inputs are made from.

| command | does |
| --- | --- |
${table.join('\n')}

## Options of all commands

The five from \`--target\` on belong to the commands that act on a database. What \`--json\` prints is in [results.md](results.md), and so is
\`MONGO_RELEASE_LOG=json\`, by which each line of the log is a JSON document.

${header}
${shared.map(optionRow).join('\n')}

## Options of each command

${sections.join('\n')}
## Exit codes

| exit code | means |
| --- | --- |
${exitCodes.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}
`;
}

const exitCodes: [string, string][] = [
  ['0', 'done, or nothing to do'],
  ['1', 'unexpected: a defect of ours'],
  ['2', 'usage or configuration'],
  ['3', 'migrations are pending (`status --check`)'],
  ['4', 'findings of severity error'],
  ['5', 'blocked: a guard, a moved digest, a missing or stale proof, a check that could not be made'],
  ['6', "the lease is somebody else's"],
  ['7', 'failed; the target is as it was'],
  ['8', 'failed; the target needs attention, and the message says exactly how far it got'],
  ['9', 'verification failed; nothing was rolled back'],
  ['10', 'rollback failed or is incomplete'],
  ['11', 'a backup is missing, damaged or does not match'],
  ['12', 'the server cannot be reached or refuses the credentials'],
  ['13', 'the rehearsal failed; the target was not touched'],
  ['14', 'failed, and rolled back as asked'],
  ['130, 143', 'cancelled'],
];

async function versionFile(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return `/** The version in package.json; \`npm run generate\` writes it here and \`npm run check\` compares. */
export const toolVersion = '${version}';
`;
}

const files: Record<string, string> = {
  'schema/mongo-release.schema.json': jsonSchema(),
  'docs/errors.md': errorsPage(),
  'docs/configuration.md': configurationPage(),
  'docs/commands.md': commandsPage(),
  'docs/results.md': resultsPage(),
  'src/config/version.ts': await versionFile(),
  ...(await renderParts()),
};

const stale: string[] = [];
for (const [file, content] of Object.entries(files)) {
  const path = join(root, file);
  if ((await readFile(path, 'utf8').catch(() => '')) === content) continue;
  stale.push(file);
  if (process.argv.includes('--check')) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  console.log(`wrote ${file}`);
}
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`Not what the tables give: ${stale.join(', ')}\n→ npm run generate`);
  process.exitCode = 1;
}

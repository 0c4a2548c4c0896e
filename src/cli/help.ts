import { type CommandName, commands } from '../config/commands.ts';
import { type Option, options } from '../config/options.ts';

export function generalHelp(): string {
  const rows = Object.entries(commands).map(([name, command]): [string, string] => [
    [name, ...command.arguments].join(' '),
    command.summary,
  ]);
  return [
    'mongo-release: safe releases of MongoDB data.',
    '',
    'Usage: mongo-release COMMAND [OPTION ...]',
    '',
    'Commands:',
    ...columns(rows),
    '',
    'mongo-release COMMAND --help shows the options of a command.',
    'Nothing is changed without --apply, or a command that says so: up, down, restore, rollback.',
    '',
  ].join('\n');
}

export function commandHelp(name: CommandName): string {
  const command = commands[name];
  const rows = command.options.map((option): [string, string] => {
    const described: Option = options[option];
    const value = described.choices?.join('|') ?? described.value ?? '';
    const short = described.short === undefined ? '' : `-${described.short}, `;
    const env = described.env === undefined ? '' : ` [${described.env}]`;
    return [`${short}--${option}${value === '' ? '' : ` ${value}`}`, `${described.help}${env}`];
  });
  return [
    command.summary,
    '',
    `Usage: mongo-release ${[name, ...command.arguments].join(' ')} [OPTION ...]`,
    '',
    ...columns(rows),
    '',
  ].join('\n');
}

/** The first column is as wide as its widest entry up to a limit; a wider entry has a line of its own. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) =>
    left.length > width ? [`  ${left}`, `  ${' '.repeat(width)}  ${right}`] : [`  ${left.padEnd(width)}  ${right}`],
  );
}

import type { MigrateMongoProject } from '../config/migrate-mongo.ts';
import type { ReleaseError } from '../observe/error.ts';
import type { Ended } from '../release/result.ts';
import type { ChangelogRow } from '../release/status.ts';
import { oneLine, visible } from './visible.ts';

/** What a terminal gets: migrate-mongo's own lines, which its users' scripts read, and little of ours beside them. */
export interface MigrateMongoText {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The texts of a command that migrate-mongo has too; undefined for the others. A failure keeps what was done before it
 * on stdout, and begins stderr with migrate-mongo's `ERROR: …`.
 */
export function renderMigrateMongo(
  ended: Ended,
  project: Pick<MigrateMongoProject, 'extension' | 'useFileHash'> | undefined,
): MigrateMongoText | undefined {
  const lines = linesOf(ended, project);
  if (lines === undefined) return undefined;
  const { error, warnings = [] } = ended;
  return {
    stdout: joined(lines),
    stderr: joined([
      ...warnings.map((warning) => `! ${warning}`),
      ...(error === undefined ? [] : failure(ended, project, error)),
    ]),
  };
}

function linesOf(
  ended: Ended,
  project: Pick<MigrateMongoProject, 'extension' | 'useFileHash'> | undefined,
): string[] | undefined {
  if (ended.command === 'init') {
    const file = ended.result?.file;
    return file === undefined ? [] : [`Initialization successful. Please edit the generated \`${file}\` file`];
  }
  if (project === undefined) return undefined;
  const fileName = ({ name }: { readonly name: string }) => name + project.extension;
  switch (ended.command) {
    case 'create':
      return ended.result === undefined ? [] : [`Created: ${ended.result.file}`];
    case 'up':
      return (ended.result?.applied ?? []).map((one) => `MIGRATED UP: ${fileName(one)}`);
    case 'down':
      return (ended.result?.reverted ?? []).map((one) => `MIGRATED DOWN: ${fileName(one)}`);
    case 'status':
      return ended.result?.changelog === undefined ? [] : table(ended.result.changelog, project.useFileHash);
    default:
      return undefined;
  }
}

function failure(
  ended: Ended,
  project: Pick<MigrateMongoProject, 'extension'> | undefined,
  error: ReleaseError,
): string[] {
  const failed = ended.command === 'up' || ended.command === 'down' ? ended.result?.failed : undefined;
  const first =
    failed === undefined ? error.message : reason(ended.command, failed.name + (project?.extension ?? ''), error);
  const whole = first === error.message ? [] : [error.message];
  return [`ERROR: ${first} [${error.code}]`, ...whole, `  → ${error.hint}`];
}

/** As migrate-mongo says it; the whole story is in the next line. */
function reason(direction: string, fileName: string, { cause, message }: ReleaseError): string {
  return `Could not migrate ${direction} ${fileName}: ${cause instanceof Error ? cause.message : message}`;
}

/** The table that migrate-mongo draws, with a line between any two rows. */
function table(rows: readonly ChangelogRow[], useFileHash: boolean): string[] {
  const head = ['Filename', ...(useFileHash ? ['Hash'] : []), 'Applied At', 'Migration block'];
  const cells = rows.map(({ fileName, fileHash, appliedAt, migrationBlock }) => [
    oneLine(fileName),
    ...(useFileHash ? [fileHash ?? ''] : []),
    appliedAt?.toISOString() ?? 'PENDING',
    migrationBlock === undefined ? '' : String(migrationBlock),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (left: string, middle: string, right: string) =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;
  const texts = [head, ...cells].map(
    (row) => `│${widths.map((width, i) => ` ${(row[i] ?? '').padEnd(width)} `).join('│')}│`,
  );
  return [
    line('┌', '┬', '┐'),
    ...texts.flatMap((text, i) => (i === 0 ? [text] : [line('├', '┼', '┤'), text])),
    line('└', '┴', '┘'),
  ];
}

function joined(lines: readonly string[]): string {
  return lines.map((text) => `${visible(text)}\n`).join('');
}

import type { Ended } from '../release/result.ts';
import { formatDuration } from './format.ts';
import { stepMark } from './steps.ts';
import type { Block, Cell, Mark } from './story.ts';
import { mergeFacts, tell } from './tell.ts';
import { oneLine, visible } from './visible.ts';
import { wrapped } from './wrapped.ts';

const signs: Record<Mark, string> = {
  good: '✓',
  bad: '✗',
  warning: '!',
  idle: '·',
  unknown: '?',
  blocked: '✗',
  back: '↩',
  cancelled: '■',
  info: '›',
};

/** SGR codes of ECMA-48: red, green, yellow, cyan, grey. */
const colours: Record<Mark, number> = {
  good: 32,
  bad: 31,
  warning: 33,
  idle: 90,
  unknown: 33,
  blocked: 31,
  back: 33,
  cancelled: 33,
  info: 36,
};
const bold = 1;
const grey = 90;

export interface TextOptions {
  /** Colours for a terminal; without them plain text. Default false. */
  readonly colour?: boolean;
  /** Columns of the terminal: lines that are longer are broken between words. Default: none is. */
  readonly width?: number;
  /** Where all of it stands: only then is anything left out. What was applied or failed nobody can run again to see more. */
  readonly whole?: string;
}

type Paint = (text: string, sgr: number) => string;

/**
 * The report for a person at a terminal; begins with an empty line and ends with a line break. What failed and the next
 * step come last, where somebody looks first.
 */
export function renderText(ended: Ended, { colour = false, width, whole }: TextOptions = {}): string {
  const paint: Paint = (text, sgr) => (colour && text !== '' ? `\u001b[${sgr}m${text}\u001b[0m` : text);
  const { mark, headline, lead, failure, blocks } = tell(ended);
  const lines = ['', `${paint(signs[mark], colours[mark])} ${paint(oneLine(headline), bold)}`];
  if (lead.length > 0) lines.push(`  ${oneLine(lead.join(' '), 4000)}`);
  const shown = whole !== undefined && mayBeShort(ended) ? withoutDetails(blocks, whole) : blocks;
  for (const block of shown) {
    lines.push('');
    if (block.title !== '') lines.push(`  ${paint(block.title, bold)}`);
    lines.push(...renderBlock(block, paint));
  }
  if (failure) lines.push('', ...indent(`${failure.message} [${failure.code}]`), ...indent(`→ ${failure.hint}`));
  const fitting = width === undefined ? lines : lines.flatMap((line) => wrapped(line, width));
  return `${fitting.join('\n')}\n`;
}

/** Whether a terminal leaves something out of it, where that stands elsewhere. */
export function leavesOut(ended: Ended): boolean {
  return mayBeShort(ended) && tell(ended).blocks.some(({ detail }) => detail);
}

function mayBeShort({ error, outcome }: Ended): boolean {
  return error !== undefined || outcome === 'applied';
}

function withoutDetails(blocks: readonly Block[], whole: string): readonly Block[] {
  const left = blocks.filter(({ detail }) => detail);
  if (left.length === 0) return blocks;
  // A title says what it is about before its first comma.
  const names = left.map(({ title }) => title.toLowerCase().replace(/,.*/, ''));
  const text = `${names.join(', ')} (${whole} has all of it)`;
  const fact: Block = { kind: 'facts', title: '', facts: [['Not shown', { text }]] };
  return mergeFacts([...blocks.filter(({ detail }) => !detail), fact]);
}

function renderBlock(block: Block, paint: Paint): string[] {
  switch (block.kind) {
    case 'table':
      return renderTable(block, paint);
    case 'facts':
      return columns(
        block.facts.map(([key, cell]) => [{ plain: key, painted: paint(key, grey) }, renderCell(cell, paint)]),
        [false, false],
      );
    case 'list':
      return block.items.flatMap((item) => indent(item, '  - '));
    case 'steps':
      return columns(
        block.steps.map(({ name, state, durationMs, note = '' }) => [
          renderCell({ mark: stepMark(state), text: name }, paint),
          { plain: state, painted: state },
          renderCell({ text: durationMs === undefined ? '' : formatDuration(durationMs) }, paint),
          renderCell({ text: note }, paint),
        ]),
        [false, false, true, false],
      );
  }
}

function renderTable({ columns: all, rows }: Extract<Block, { kind: 'table' }>, paint: Paint): string[] {
  const beside = all.flatMap((column, i) => (column.below === undefined ? [{ column, i }] : []));
  const below = all.flatMap((column, i) => (column.below === undefined ? [] : [{ sign: column.below, i }]));
  const head = beside.map(({ column: { title } }) => ({ plain: title, painted: paint(title, grey) }));
  const lines = columns(
    [head, ...rows.map((row) => beside.map(({ i }) => renderCell(row[i] ?? { text: '' }, paint)))],
    beside.map(({ column }) => column.numeric === true),
  );
  // Below the second column: the first is the mark.
  const indentation = ' '.repeat(
    4 + Math.max(0, ...rows.map((row) => renderCell(row[0] ?? { text: '' }, paint).plain.length)),
  );
  return lines.flatMap((line, at) => [
    line,
    ...below.flatMap(({ sign, i }) => {
      const { painted, plain } = renderCell(rows[at - 1]?.[i] ?? { text: '' }, paint);
      return plain === '' ? [] : [indentation + sign + painted];
    }),
  ]);
}

interface Painted {
  /** Without colours: what its width is measured by. */
  readonly plain: string;
  readonly painted: string;
}

function renderCell(cell: Cell, paint: Paint): Painted {
  if ('name' in cell) return same(oneLine(cell.name));
  if ('names' in cell) return same(cell.names.map((name) => oneLine(name)).join(', '));
  const text = oneLine(cell.text);
  if (!('mark' in cell)) return same(text);
  return { plain: `${signs[cell.mark]} ${text}`, painted: `${paint(signs[cell.mark], colours[cell.mark])} ${text}` };
}

function same(text: string): Painted {
  return { plain: text, painted: text };
}

function columns(rows: readonly (readonly Painted[])[], numeric: readonly boolean[]): string[] {
  const widths = numeric.map((_, i) => Math.max(0, ...rows.map((row) => (row[i]?.plain ?? '').length)));
  return rows.map((row) => {
    const cells = row.map(({ plain, painted }, i) => {
      const gap = ' '.repeat((widths[i] ?? 0) - plain.length);
      return numeric[i] ? gap + painted : painted + gap;
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}

function indent(text: string, first = '  '): string[] {
  const rest = ' '.repeat(first.length);
  return visible(text)
    .trim()
    .split('\n')
    .map((line, i) => (i === 0 ? first : rest) + line.trimEnd());
}

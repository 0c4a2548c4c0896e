import type { Ended } from '../release/result.ts';
import { code, prose } from './escape.ts';
import { formatCount } from './format.ts';
import { renderFlow } from './steps.ts';
import type { Block, Cell, Mark } from './story.ts';
import { tell } from './tell.ts';

/**
 * GitHub rejects the summary of a step as a whole when it is larger than 1 MiB
 * (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits). Other
 * lines of the same step's summary get what this leaves.
 */
export const largestSummary = 1_000_000;

const signs: Record<Mark, string> = {
  good: '✅',
  bad: '❌',
  warning: '⚠️',
  idle: '⚪',
  unknown: '❔',
  blocked: '⛔',
  back: '↩️',
  cancelled: '🛑',
  info: 'ℹ️',
};

/** The report as GitHub's Markdown, for a job's summary; never longer than `largest` bytes of UTF-8. */
export function renderSummary(ended: Ended, largest = largestSummary): string {
  const { mark, headline, lead, failure, blocks } = tell(ended);
  const parts: Part[] = [{ lines: [`## ${signs[mark]} ${prose(headline)}`] }];
  if (lead.length > 0) parts.push({ lines: [prose(lead.join(' '))] });
  if (failure) {
    const said = [`**${prose(failure.message)}** ${code(failure.code)}`, `➡️ ${prose(failure.hint)}`];
    parts.push({ lines: said.flatMap((line, i) => (i === 0 ? [`> ${line}`] : ['>', `> ${line}`])) });
  }
  for (const block of blocks) parts.push(renderBlock(block));
  return joinWithin(parts, largest);
}

interface Part {
  readonly title?: string;
  readonly lines: readonly string[];
  /** The first of `lines` that may be left out together with all that follow; without it the part is whole or not at all. */
  readonly cutFrom?: number;
}

function renderBlock(block: Block): Part {
  const head = block.title === '' ? [] : [`### ${prose(block.title)}`, ''];
  const title = block.title;
  switch (block.kind) {
    case 'table': {
      const titles = block.columns.map((column) => column.title);
      const rules = block.columns.map(({ numeric }) => (numeric ? '---:' : '---'));
      const lines = [
        ...head,
        row(titles),
        row(rules),
        ...block.rows.map((cells) => row(cells.map((cell) => renderCell(cell, true)))),
      ];
      return { title, lines, cutFrom: head.length + 2 };
    }
    case 'facts':
      // Without a heading of its own a list would become part of the list before it.
      if (title === '')
        return { lines: [block.facts.map(([key, cell]) => `${prose(key)}: ${renderCell(cell, false)}`).join(' · ')] };
      return {
        title,
        lines: [...head, ...block.facts.map(([key, cell]) => `- ${prose(key)}: ${renderCell(cell, false)}`)],
      };
    case 'list':
      return { title, lines: [...head, ...block.items.map((item) => `- ${prose(item)}`)], cutFrom: head.length };
    case 'steps': {
      const notes = block.steps.flatMap(({ name, note }) => (note === undefined ? [] : [`- ${name}: ${prose(note)}`]));
      const flow = ['```mermaid', ...renderFlow(block.steps).split('\n'), '```'];
      return { title, lines: [...flow, ...(notes.length > 0 ? ['', ...notes] : [])] };
    }
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function renderCell(cell: Cell, inTable: boolean): string {
  if ('name' in cell) return code(cell.name, { inTable });
  if ('names' in cell) return cell.names.map((name) => code(name, { inTable })).join('<br>');
  const text = prose(cell.text, { inTable });
  // The sign and its word stay together in a narrow column.
  return 'mark' in cell ? `${signs[cell.mark]}&nbsp;${text}` : text;
}

/** Joins the parts as far as they fit, and says what was left out. */
function joinWithin(parts: readonly Part[], largest: number): string {
  // What the sentence about the cut may need at most.
  const reserve = 400;
  let text = '';
  let left = largest - reserve;
  for (const [i, part] of parts.entries()) {
    const whole = `${part.lines.join('\n')}\n\n`;
    const size = Buffer.byteLength(whole);
    if (size <= left) {
      text += whole;
      left -= size;
      continue;
    }
    const { kept, dropped } = cut(part, left);
    const omitted = parts.slice(kept === '' ? i : i + 1).map(({ title }) => title || 'details');
    const names = [...new Set(omitted)].slice(0, 8).join(', ');
    const said = [
      dropped > 0 ? `${formatCount(dropped)} lines of "${part.title}" are left out` : undefined,
      omitted.length > 0 ? `left out as a whole: ${names}` : undefined,
    ].filter((one) => one !== undefined);
    return `${text}${kept}> ✂️ This summary was cut, since GitHub takes no more than 1 MiB: ${prose(said.join('; '))}. The report has everything.\n`;
  }
  return `${text.trimEnd()}\n`;
}

function cut(part: Part, left: number): { kept: string; dropped: number } {
  const from = part.cutFrom;
  if (from === undefined) return { kept: '', dropped: 0 };
  let size = 2;
  let count = 0;
  for (const line of part.lines) {
    size += Buffer.byteLength(line) + 1;
    if (size > left) break;
    count += 1;
  }
  if (count <= from) return { kept: '', dropped: 0 };
  return { kept: `${part.lines.slice(0, count).join('\n')}\n\n`, dropped: part.lines.length - count };
}

import { oneLine, visible } from './visible.ts';

/** Longer texts are cut: one of them alone must not fill a summary. */
const longestProse = 10_000;

/**
 * A name as a code span: nothing in it is read as Markdown or HTML, and GitHub finds no mention, issue or link in it.
 * Inside a table the bar has to be escaped even there (GFM, "Tables").
 */
export function code(name: string, { inTable = false } = {}): string {
  const line = oneLine(name);
  if (line === '') return '';
  const longestRun = Math.max(0, ...[...line.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longestRun + 1);
  const padded = line.startsWith('`') || line.endsWith('`') ? ` ${line} ` : line;
  const span = `${fence}${padded}${fence}`;
  return inTable ? span.replaceAll('|', '\\|') : span;
}

/**
 * A sentence from outside as Markdown that reads the same: line breaks kept, nothing in it marked up but code, which is there
 * to be copied. Entities instead of backslashes, since a mathematical formula, for one, begins after a backslash too.
 */
export function prose(text: string, { inTable = false } = {}): string {
  const shown = visible(text);
  const short = shown.length > longestProse ? `${shown.slice(0, longestProse)}…` : shown;
  return short
    .trim()
    .split('\n')
    .map((line) =>
      line
        .trim()
        .split(codeSpan)
        .map((part, at) => (at % 2 === 1 ? code(part, { inTable }) : marked(part)))
        .join('')
        // What begins a list or a heading at the start of a line.
        .replace(/^(\d+)([.)])(?=\s|$)/, (_, digits: string, mark: string) => digits + entity(mark))
        .replace(/^[-+=](?=[\s=-]|$)|^#(?=[\s#]|$)/, entity),
    )
    .join('<br>');
}

/** What stands between two single backticks on a line; a longer one is none, since `code` would cut it. */
const codeSpan = /(?<!`)`([^`\n]{1,400})`(?!`)/;

function marked(text: string): string {
  return (
    text
      // Inside a word an underscore means nothing, and names read better as they are. An empty comment keeps GitHub from
      // making mentions and references to issues of what follows @ and #.
      .replace(/[&<>\\`*[|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[@#](?=\w)/g, (sign) =>
        sign === '@' || sign === '#' ? `${sign}<!-- -->` : entity(sign),
      )
  );
}

function entity(sign: string): string {
  return `&#${sign.charCodeAt(0)};`;
}

export const id = 17;
export const ids = [17];
export const modules = {

/***/ 34022:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  renderSummary: () => (/* binding */ renderSummary)
});

// UNUSED EXPORTS: largestSummary

// EXTERNAL MODULE: ./emitted/report/visible.js
var visible = __webpack_require__(25560);
;// CONCATENATED MODULE: ./emitted/report/escape.js

/** Longer texts are cut: one of them alone must not fill a summary. */
const longestProse = 10_000;
/**
 * A name as a code span: nothing in it is read as Markdown or HTML, and GitHub finds no mention, issue or link in it.
 * Inside a table the bar has to be escaped even there (GFM, "Tables").
 */
function code(name, { inTable = false } = {}) {
    const line = (0,visible/* oneLine */.T)(name);
    if (line === '')
        return '';
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
function prose(text, { inTable = false } = {}) {
    const shown = (0,visible/* visible */.R)(text);
    const short = shown.length > longestProse ? `${shown.slice(0, longestProse)}…` : shown;
    return short
        .trim()
        .split('\n')
        .map((line) => line
        .trim()
        .split(codeSpan)
        .map((part, at) => (at % 2 === 1 ? code(part, { inTable }) : marked(part)))
        .join('')
        // What begins a list or a heading at the start of a line.
        .replace(/^(\d+)([.)])(?=\s|$)/, (_, digits, mark) => digits + entity(mark))
        .replace(/^[-+=](?=[\s=-]|$)|^#(?=[\s#]|$)/, entity))
        .join('<br>');
}
/** What stands between two single backticks on a line; a longer one is none, since `code` would cut it. */
const codeSpan = /(?<!`)`([^`\n]{1,400})`(?!`)/;
function marked(text) {
    return (text
        // Inside a word an underscore means nothing, and names read better as they are. An empty comment keeps GitHub from
        // making mentions and references to issues of what follows @ and #.
        .replace(/[&<>\\`*[|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[@#](?=\w)/g, (sign) => sign === '@' || sign === '#' ? `${sign}<!-- -->` : entity(sign)));
}
function entity(sign) {
    return `&#${sign.charCodeAt(0)};`;
}

// EXTERNAL MODULE: ./emitted/report/format.js
var format = __webpack_require__(77447);
// EXTERNAL MODULE: ./emitted/report/steps.js
var steps = __webpack_require__(80645);
// EXTERNAL MODULE: ./emitted/report/tell.js + 8 modules
var tell = __webpack_require__(95310);
;// CONCATENATED MODULE: ./emitted/report/summary.js




/**
 * GitHub rejects the summary of a step as a whole when it is larger than 1 MiB
 * (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits). Other
 * lines of the same step's summary get what this leaves.
 */
const largestSummary = 1_000_000;
const signs = {
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
function renderSummary(ended, largest = largestSummary) {
    const { mark, headline, lead, failure, blocks } = (0,tell/* tell */.q)(ended);
    const parts = [{ lines: [`## ${signs[mark]} ${prose(headline)}`] }];
    if (lead.length > 0)
        parts.push({ lines: [prose(lead.join(' '))] });
    if (failure) {
        const said = [`**${prose(failure.message)}** ${code(failure.code)}`, `➡️ ${prose(failure.hint)}`];
        parts.push({ lines: said.flatMap((line, i) => (i === 0 ? [`> ${line}`] : ['>', `> ${line}`])) });
    }
    for (const block of blocks)
        parts.push(renderBlock(block));
    return joinWithin(parts, largest);
}
function renderBlock(block) {
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
            const flow = ['```mermaid', ...(0,steps/* renderFlow */.P)(block.steps).split('\n'), '```'];
            return { title, lines: [...flow, ...(notes.length > 0 ? ['', ...notes] : [])] };
        }
    }
}
function row(cells) {
    return `| ${cells.join(' | ')} |`;
}
function renderCell(cell, inTable) {
    if ('name' in cell)
        return code(cell.name, { inTable });
    if ('names' in cell)
        return cell.names.map((name) => code(name, { inTable })).join('<br>');
    const text = prose(cell.text, { inTable });
    // The sign and its word stay together in a narrow column.
    return 'mark' in cell ? `${signs[cell.mark]}&nbsp;${text}` : text;
}
/** Joins the parts as far as they fit, and says what was left out. */
function joinWithin(parts, largest) {
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
            dropped > 0 ? `${(0,format/* formatCount */.B4)(dropped)} lines of "${part.title}" are left out` : undefined,
            omitted.length > 0 ? `left out as a whole: ${names}` : undefined,
        ].filter((one) => one !== undefined);
        return `${text}${kept}> ✂️ This summary was cut, since GitHub takes no more than 1 MiB: ${prose(said.join('; '))}. The report has everything.\n`;
    }
    return `${text.trimEnd()}\n`;
}
function cut(part, left) {
    const from = part.cutFrom;
    if (from === undefined)
        return { kept: '', dropped: 0 };
    let size = 2;
    let count = 0;
    for (const line of part.lines) {
        size += Buffer.byteLength(line) + 1;
        if (size > left)
            break;
        count += 1;
    }
    if (count <= from)
        return { kept: '', dropped: 0 };
    return { kept: `${part.lines.slice(0, count).join('\n')}\n\n`, dropped: part.lines.length - count };
}


/***/ })

};

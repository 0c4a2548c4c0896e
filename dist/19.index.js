export const id = 19;
export const ids = [19];
export const modules = {

/***/ 51296:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  leavesOut: () => (/* binding */ leavesOut),
  renderText: () => (/* binding */ renderText)
});

// EXTERNAL MODULE: ./emitted/report/format.js
var format = __webpack_require__(77447);
// EXTERNAL MODULE: ./emitted/report/steps.js
var steps = __webpack_require__(80645);
// EXTERNAL MODULE: ./emitted/report/tell.js + 8 modules
var tell = __webpack_require__(95310);
// EXTERNAL MODULE: ./emitted/report/visible.js
var visible = __webpack_require__(25560);
;// CONCATENATED MODULE: ./emitted/report/wrapped.js
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const colours = /\u001b\[\d+m/g;
/** Narrower than this a line is easier to read as the terminal breaks it. */
const leastWidth = 40;
/** A line as lines of at most `width` columns, as far as it has places to be broken at: what follows is as far in, and a little more. */
function wrapped(line, width) {
    if (width < leastWidth || lengthOf(line) <= width)
        return [line];
    const [indentation = ''] = /^\s*/.exec(line) ?? [];
    const further = `${indentation}  `;
    const lines = [];
    let rest = line.slice(indentation.length);
    let before = indentation;
    for (;;) {
        const room = width - before.length;
        const at = lengthOf(rest) <= room ? -1 : breakAt(rest, room);
        if (at < 0)
            return [...lines, before + rest];
        lines.push((before + rest.slice(0, at)).trimEnd());
        rest = rest.slice(at).trimStart();
        before = further;
    }
}
/** Of the last space that is still within the room, else of the first one behind it; -1 where there is none. */
function breakAt(text, room) {
    let at = -1;
    for (let space = text.indexOf(' '); space >= 0; space = text.indexOf(' ', space + 1)) {
        if (at >= 0 && lengthOf(text.slice(0, space)) > room)
            return at;
        if (text.slice(space).trim() !== '')
            at = space;
    }
    return at;
}
function lengthOf(text) {
    return text.replace(colours, '').length;
}

;// CONCATENATED MODULE: ./emitted/report/text.js





const signs = {
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
const text_colours = {
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
/**
 * The report for a person at a terminal; begins with an empty line and ends with a line break. What failed and the next
 * step come last, where somebody looks first.
 */
function renderText(ended, { colour = false, width, whole } = {}) {
    const paint = (text, sgr) => (colour && text !== '' ? `\u001b[${sgr}m${text}\u001b[0m` : text);
    const { mark, headline, lead, failure, blocks } = (0,tell/* tell */.q)(ended);
    const lines = ['', `${paint(signs[mark], text_colours[mark])} ${paint((0,visible/* oneLine */.T)(headline), bold)}`];
    if (lead.length > 0)
        lines.push(`  ${(0,visible/* oneLine */.T)(lead.join(' '), 4000)}`);
    const shown = whole !== undefined && mayBeShort(ended) ? withoutDetails(blocks, whole) : blocks;
    for (const block of shown) {
        lines.push('');
        if (block.title !== '')
            lines.push(`  ${paint(block.title, bold)}`);
        lines.push(...renderBlock(block, paint));
    }
    if (failure)
        lines.push('', ...indent(`${failure.message} [${failure.code}]`), ...indent(`→ ${failure.hint}`));
    const fitting = width === undefined ? lines : lines.flatMap((line) => wrapped(line, width));
    return `${fitting.join('\n')}\n`;
}
/** Whether a terminal leaves something out of it, where that stands elsewhere. */
function leavesOut(ended) {
    return mayBeShort(ended) && (0,tell/* tell */.q)(ended).blocks.some(({ detail }) => detail);
}
function mayBeShort({ error, outcome }) {
    return error !== undefined || outcome === 'applied';
}
function withoutDetails(blocks, whole) {
    const left = blocks.filter(({ detail }) => detail);
    if (left.length === 0)
        return blocks;
    // A title says what it is about before its first comma.
    const names = left.map(({ title }) => title.toLowerCase().replace(/,.*/, ''));
    const text = `${names.join(', ')} (${whole} has all of it)`;
    const fact = { kind: 'facts', title: '', facts: [['Not shown', { text }]] };
    return (0,tell/* mergeFacts */.y)([...blocks.filter(({ detail }) => !detail), fact]);
}
function renderBlock(block, paint) {
    switch (block.kind) {
        case 'table':
            return renderTable(block, paint);
        case 'facts':
            return columns(block.facts.map(([key, cell]) => [{ plain: key, painted: paint(key, grey) }, renderCell(cell, paint)]), [false, false]);
        case 'list':
            return block.items.flatMap((item) => indent(item, '  - '));
        case 'steps':
            return columns(block.steps.map(({ name, state, durationMs, note = '' }) => [
                renderCell({ mark: (0,steps/* stepMark */.e)(state), text: name }, paint),
                { plain: state, painted: state },
                renderCell({ text: durationMs === undefined ? '' : (0,format/* formatDuration */.a3)(durationMs) }, paint),
                renderCell({ text: note }, paint),
            ]), [false, false, true, false]);
    }
}
function renderTable({ columns: all, rows }, paint) {
    const beside = all.flatMap((column, i) => (column.below === undefined ? [{ column, i }] : []));
    const below = all.flatMap((column, i) => (column.below === undefined ? [] : [{ sign: column.below, i }]));
    const head = beside.map(({ column: { title } }) => ({ plain: title, painted: paint(title, grey) }));
    const lines = columns([head, ...rows.map((row) => beside.map(({ i }) => renderCell(row[i] ?? { text: '' }, paint)))], beside.map(({ column }) => column.numeric === true));
    // Below the second column: the first is the mark.
    const indentation = ' '.repeat(4 + Math.max(0, ...rows.map((row) => renderCell(row[0] ?? { text: '' }, paint).plain.length)));
    return lines.flatMap((line, at) => [
        line,
        ...below.flatMap(({ sign, i }) => {
            const { painted, plain } = renderCell(rows[at - 1]?.[i] ?? { text: '' }, paint);
            return plain === '' ? [] : [indentation + sign + painted];
        }),
    ]);
}
function renderCell(cell, paint) {
    if ('name' in cell)
        return same((0,visible/* oneLine */.T)(cell.name));
    if ('names' in cell)
        return same(cell.names.map((name) => (0,visible/* oneLine */.T)(name)).join(', '));
    const text = (0,visible/* oneLine */.T)(cell.text);
    if (!('mark' in cell))
        return same(text);
    return { plain: `${signs[cell.mark]} ${text}`, painted: `${paint(signs[cell.mark], text_colours[cell.mark])} ${text}` };
}
function same(text) {
    return { plain: text, painted: text };
}
function columns(rows, numeric) {
    const widths = numeric.map((_, i) => Math.max(0, ...rows.map((row) => (row[i]?.plain ?? '').length)));
    return rows.map((row) => {
        const cells = row.map(({ plain, painted }, i) => {
            const gap = ' '.repeat((widths[i] ?? 0) - plain.length);
            return numeric[i] ? gap + painted : painted + gap;
        });
        return `  ${cells.join('  ')}`.trimEnd();
    });
}
function indent(text, first = '  ') {
    const rest = ' '.repeat(first.length);
    return (0,visible/* visible */.R)(text)
        .trim()
        .split('\n')
        .map((line, i) => (i === 0 ? first : rest) + line.trimEnd());
}


/***/ })

};

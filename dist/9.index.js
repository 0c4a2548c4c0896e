export const id = 9;
export const ids = [9];
export const modules = {

/***/ 13167:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   renderText: () => (/* binding */ renderText)
/* harmony export */ });
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);
/* harmony import */ var _steps_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(80645);
/* harmony import */ var _tell_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(28459);
/* harmony import */ var _visible_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(25560);




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
const colours = {
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
/** The report for a person at a terminal; begins with an empty line and ends with a line break. */
function renderText(ended, { colour = false } = {}) {
    const paint = (text, sgr) => (colour && text !== '' ? `\u001b[${sgr}m${text}\u001b[0m` : text);
    const { mark, headline, lead, failure, blocks } = (0,_tell_js__WEBPACK_IMPORTED_MODULE_2__/* .tell */ .q)(ended);
    const lines = ['', `${paint(signs[mark], colours[mark])} ${paint((0,_visible_js__WEBPACK_IMPORTED_MODULE_3__/* .oneLine */ .T)(headline), bold)}`];
    if (lead.length > 0)
        lines.push(`  ${(0,_visible_js__WEBPACK_IMPORTED_MODULE_3__/* .oneLine */ .T)(lead.join(' '), 4000)}`);
    if (failure) {
        lines.push('', ...indent(`${failure.message} [${failure.code}]`), ...indent(`→ ${failure.hint}`));
    }
    for (const block of blocks) {
        lines.push('');
        if (block.title !== '')
            lines.push(`  ${paint(block.title, bold)}`);
        lines.push(...renderBlock(block, paint));
    }
    return `${lines.join('\n')}\n`;
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
                renderCell({ mark: (0,_steps_js__WEBPACK_IMPORTED_MODULE_1__/* .stepMark */ .e)(state), text: name }, paint),
                { plain: state, painted: state },
                renderCell({ text: durationMs === undefined ? '' : (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(durationMs) }, paint),
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
        return same((0,_visible_js__WEBPACK_IMPORTED_MODULE_3__/* .oneLine */ .T)(cell.name));
    if ('names' in cell)
        return same(cell.names.map((name) => (0,_visible_js__WEBPACK_IMPORTED_MODULE_3__/* .oneLine */ .T)(name)).join(', '));
    const text = (0,_visible_js__WEBPACK_IMPORTED_MODULE_3__/* .oneLine */ .T)(cell.text);
    if (!('mark' in cell))
        return same(text);
    return { plain: `${signs[cell.mark]} ${text}`, painted: `${paint(signs[cell.mark], colours[cell.mark])} ${text}` };
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
    return (0,_visible_js__WEBPACK_IMPORTED_MODULE_3__/* .visible */ .R)(text)
        .trim()
        .split('\n')
        .map((line, i) => (i === 0 ? first : rest) + line.trimEnd());
}


/***/ })

};

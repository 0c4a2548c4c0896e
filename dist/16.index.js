export const id = 16;
export const ids = [16];
export const modules = {

/***/ 84362:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   renderMigrateMongo: () => (/* binding */ renderMigrateMongo)
/* harmony export */ });
/* harmony import */ var _visible_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(25560);

/**
 * The texts of a command that migrate-mongo has too; undefined for the others. A failure keeps what was done before it
 * on stdout, and begins stderr with migrate-mongo's `ERROR: …`.
 */
function renderMigrateMongo(ended, project) {
    const lines = linesOf(ended, project);
    if (lines === undefined)
        return undefined;
    const { error, warnings = [] } = ended;
    return {
        stdout: joined(lines),
        stderr: joined([
            ...warnings.map((warning) => `! ${warning}`),
            ...(error === undefined ? [] : failure(ended, project, error)),
        ]),
    };
}
function linesOf(ended, project) {
    if (ended.command === 'init') {
        const file = ended.result?.file;
        return file === undefined ? [] : [`Initialization successful. Please edit the generated \`${file}\` file`];
    }
    if (project === undefined)
        return undefined;
    const fileName = ({ name }) => name + project.extension;
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
function failure(ended, project, error) {
    const failed = ended.command === 'up' || ended.command === 'down' ? ended.result?.failed : undefined;
    const first = failed === undefined ? error.message : reason(ended.command, failed.name + (project?.extension ?? ''), error);
    const whole = first === error.message ? [] : [error.message];
    return [`ERROR: ${first} [${error.code}]`, ...whole, `  → ${error.hint}`];
}
/** As migrate-mongo says it; the whole story is in the next line. */
function reason(direction, fileName, { cause, message }) {
    return `Could not migrate ${direction} ${fileName}: ${cause instanceof Error ? cause.message : message}`;
}
/** The table that migrate-mongo draws, with a line between any two rows. */
function table(rows, useFileHash) {
    const head = ['Filename', ...(useFileHash ? ['Hash'] : []), 'Applied At', 'Migration block'];
    const cells = rows.map(({ fileName, fileHash, appliedAt, migrationBlock }) => [
        (0,_visible_js__WEBPACK_IMPORTED_MODULE_0__/* .oneLine */ .T)(fileName),
        ...(useFileHash ? [fileHash ?? ''] : []),
        appliedAt?.toISOString() ?? 'PENDING',
        migrationBlock === undefined ? '' : String(migrationBlock),
    ]);
    const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
    const line = (left, middle, right) => left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;
    const texts = [head, ...cells].map((row) => `│${widths.map((width, i) => ` ${(row[i] ?? '').padEnd(width)} `).join('│')}│`);
    return [
        line('┌', '┬', '┐'),
        ...texts.flatMap((text, i) => (i === 0 ? [text] : [line('├', '┼', '┤'), text])),
        line('└', '┴', '┘'),
    ];
}
function joined(lines) {
    return lines.map((text) => `${(0,_visible_js__WEBPACK_IMPORTED_MODULE_0__/* .visible */ .R)(text)}\n`).join('');
}


/***/ }),

/***/ 25560:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   R: () => (/* binding */ visible),
/* harmony export */   T: () => (/* binding */ oneLine)
/* harmony export */ });
/**
 * Control characters, and those that turn the direction of text round: a name that holds them could paint over other
 * lines of a terminal, or read as another name.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
/** The text with invisible characters made visible; line breaks and tabs stay. */
function visible(text) {
    return text.replace(/\r\n?/g, '\n').replace(invisible, '\ufffd');
}
/** The same on one line, and no longer than `most` characters. */
function oneLine(text, most = 400) {
    const line = visible(text).replace(/\s+/g, ' ').trim();
    return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}


/***/ })

};

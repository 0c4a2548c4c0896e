export const id = 544;
export const ids = [544,224,366];
export const modules = {

/***/ 86224:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   newReleaseId: () => (/* binding */ newReleaseId)
/* harmony export */ });
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77598);

/** Such as `20261121-031502-9f3ac1`: sorts by time, and two at the same second differ. */
function newReleaseId(now = new Date()) {
    const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
    return `${stamp}-${(0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.randomBytes)(3).toString('hex')}`;
}


/***/ }),

/***/ 72366:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   renderFailure: () => (/* binding */ renderFailure),
/* harmony export */   renderJson: () => (/* binding */ renderJson),
/* harmony export */   s: () => (/* binding */ outcomeOf)
/* harmony export */ });
/**
 * The one document of `--json`: what the command has to say, with its outcome, and on failure the error beside it. One
 * line, no line break at its end. Dates are ISO texts, durations milliseconds; an error has code, message and hint, never
 * its cause.
 */
function renderJson(ended) {
    const { command, outcome, result, error, target, releaseId, durationMs, steps, warnings } = ended;
    return JSON.stringify({
        schemaVersion: 1,
        command,
        outcome,
        target: target?.name,
        database: target?.database,
        environment: target?.environment,
        releaseId,
        durationMs,
        // Its keys are the contract's and win.
        ...result,
        steps,
        warnings: warnings?.length ? warnings : undefined,
        error: error && describe(error),
    });
}
/** The same for a failure before the command had anything to say; `command` is undefined where none was understood. */
function renderFailure(command, error) {
    return JSON.stringify({ schemaVersion: 1, command, outcome: outcomeOf(error), error: describe(error) });
}
/** The outcome that a failure alone amounts to, read from its exit code. */
function outcomeOf(error) {
    switch (error.exitCode) {
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
        case 11:
        case 12:
            return 'blocked';
        case 7:
        case 13:
            return 'failed-clean';
        case 8:
        case 9:
        case 10:
            return 'failed-dirty';
        case 14:
            return 'rolled-back';
        case 130:
        case 143:
            return 'cancelled';
        default:
            return 'unknown';
    }
}
function describe({ code, message, hint, details }) {
    return { code, message, hint, details: Object.keys(details).length > 0 ? details : undefined };
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

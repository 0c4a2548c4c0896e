export const id = 21;
export const ids = [21];
export const modules = {

/***/ 72366:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   V: () => (/* binding */ renderTrail),
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
        steps,
        // Its keys are the contract's and win.
        ...result,
        warnings: warnings?.length ? warnings : undefined,
        error: error && describe(error),
    });
}
/** What `audit --out` writes: the entries alone, for people and for other tools. */
function renderTrail({ target, result }) {
    const { name, database, environment } = target ?? {};
    return JSON.stringify({ schemaVersion: 1, target: name, database, environment, ...result }, null, 2);
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


/***/ })

};

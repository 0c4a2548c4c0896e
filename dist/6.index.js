export const id = 6;
export const ids = [6,20,21];
export const modules = {

/***/ 11002:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   v: () => (/* binding */ startChild)
/* harmony export */ });
/* unused harmony export childEntry */
/* harmony import */ var node_child_process__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(31421);
/* harmony import */ var node_module__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(98995);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(76760);
/* harmony import */ var node_readline__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(80481);
/* harmony import */ var node_url__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(73136);
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(3510);






/**
 * Starts the process that user code runs in: our entry file, no arguments, this environment and no other, and a
 * channel for everything it has to know.
 *
 * Throws `TSX_MISSING`.
 */
function startChild(settings, log, receive) {
    const child = (0,node_child_process__WEBPACK_IMPORTED_MODULE_0__.fork)(childEntry(), [], {
        cwd: settings.projectDir,
        env: { ...settings.environment },
        // Flags of our own process (an inspector's port, a coverage hook) are not the child's.
        execArgv: [...quiet, ...loading(settings)],
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let hidden = 0;
    for (const name of ['stdout', 'stderr']) {
        const stream = child[name];
        if (stream === null)
            continue;
        (0,node_readline__WEBPACK_IMPORTED_MODULE_3__.createInterface)({ input: stream }).on('line', (line) => {
            if (settings.showValues)
                log.info(line, { stream: name });
            else
                hidden += 1;
        });
    }
    child.on('message', (message) => {
        const said = message;
        if (said.type === 'loaded')
            settings.onLoaded?.(said.files);
        else
            receive(said);
    });
    return {
        process: child,
        hiddenLines: () => hidden,
        ended: endOf(child),
        send: (message) => {
            if (child.connected)
                child.send(message, () => { });
        },
    };
}
/** Node's remarks on how a project writes its modules: they are not the migration's output. */
const quiet = ['MODULE_TYPELESS_PACKAGE_JSON', 'ExperimentalWarning'].map((kind) => `--disable-warning=${kind}`);
/** What a grandchild keeps open is not waited for longer than this, in milliseconds. */
const drainMs = 500;
function endOf(child) {
    return new Promise((resolve, reject) => {
        child.on('error', (error) => {
            if (child.pid === undefined)
                reject(error);
        });
        child.on('exit', (exitCode, signal) => {
            const done = () => resolve({ exitCode, signal });
            child.on('close', done);
            setTimeout(done, drainMs).unref();
        });
    });
}
/** The child's entry file: beside this file in the sources, and beside the chunk that this is part of in the bundle. */
function childEntry() {
    const here = (0,node_url__WEBPACK_IMPORTED_MODULE_4__.fileURLToPath)(import.meta.url);
    return here.endsWith('.ts') ? (0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.dirname)(here), 'child', 'main.ts') : (0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.dirname)(here), 'child.js');
}
function loading({ import: by, projectDir }) {
    return by === 'tsx' ? ['--import', tsxOf(projectDir)] : [];
}
function tsxOf(projectDir) {
    try {
        return (0,node_url__WEBPACK_IMPORTED_MODULE_4__.pathToFileURL)((0,node_module__WEBPACK_IMPORTED_MODULE_1__.createRequire)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(projectDir, 'package.json')).resolve('tsx')).href;
    }
    catch {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_5__/* .ReleaseError */ .K('TSX_MISSING', 'The configuration says import: tsx, and the project has no tsx.', {
            hint: 'Install it (npm install --save-dev tsx), or set migrations.import: native.',
        });
    }
}


/***/ }),

/***/ 56226:
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

/***/ 75488:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   K: () => (/* binding */ hookInstead)
/* harmony export */ });
/** A sentence for whoever loses nothing so far, and has nothing that keeps users out until a restore is done. */
const hookInstead = 'With hooks.stop-traffic in the configuration file nobody is asked where nothing is lost.';


/***/ }),

/***/ 67345:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   D1: () => (/* binding */ replaceCommands),
/* harmony export */   Kp: () => (/* binding */ typedHint),
/* harmony export */   nE: () => (/* binding */ typed)
/* harmony export */ });
/* harmony import */ var _config_commands_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(79682);
/* harmony import */ var _config_options_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(73508);
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(3510);



/** What says which target is meant, and where things are: typed once, it has to be typed again. */
const repeated = [
    ...['target', 'uri', 'database', 'environment', 'config', 'file'],
    ...['migrations-dir', 'store', 'identity'],
];
/** In production these want a reason. */
const needReason = new Set(['restore', 'rollback', 'down']);
/**
 * Completes the commands in a text for people, so that they act on what this run acts on: with the flags that this one was
 * given by and its environment does not say, and with a reason where one is needed. An address is not shown.
 */
function typed(run, text) {
    return replaceCommands(text, (command) => [command.text, ...flagsFor(run, command)].join(' '));
}
/** The text with each command in it replaced; `between` makes what lies around them. */
function replaceCommands(text, by, between = (same) => same) {
    for (const { 0: start, 1: word = '', index } of text.matchAll(/mongo-release ([a-z]+)/g)) {
        if (!Object.hasOwn(_config_commands_js__WEBPACK_IMPORTED_MODULE_0__/* .commands */ .P, word))
            continue;
        const command = readCommand(word, start, text.slice(index + start.length));
        const rest = text.slice(index + command.text.length);
        return `${between(text.slice(0, index))}${by(command)}${replaceCommands(rest, by, between)}`;
    }
    return between(text);
}
/** The same of an error's hint. */
function typedHint(run, error) {
    const { code, message, details, cause } = error;
    const hint = typed(run, error.hint);
    return hint === error.hint ? error : new _observe_error_js__WEBPACK_IMPORTED_MODULE_2__/* .ReleaseError */ .K(code, message, { hint, details, cause });
}
/** What of a text still belongs to the command that it follows: an argument, and flags with their values. */
function readCommand(name, start, rest) {
    const flags = new Map();
    let text = start;
    const take = (pattern) => {
        const [found] = pattern.exec(rest.slice(text.length - start.length)) ?? [];
        text += found ?? '';
        return found?.trim();
    };
    // What prose goes on with is in small letters, and no name.
    const argument = _config_commands_js__WEBPACK_IMPORTED_MODULE_0__/* .commands */ .P[name].arguments.length > 0 ? take(/^ (?=\S*[\dA-Z])[\w./-]*\w/) : undefined;
    for (let flag = take(/^ --[a-z]+(?:-[a-z]+)*/); flag !== undefined; flag = take(/^ --[a-z]+(?:-[a-z]+)*/)) {
        const option = _config_options_js__WEBPACK_IMPORTED_MODULE_1__/* .options */ .f[flag.slice(2)];
        const value = option === undefined || option.type === 'switch' ? undefined : take(/^ (?:"[^"]*"|[\w./:-]*\w)/);
        flags.set(flag.slice(2), value);
    }
    const goesOn = /^(?: again| without --strategy)?(?:: it)? goes on\b/.test(rest.slice(text.length - start.length));
    return { name, text, argument, flags, goesOn };
}
function flagsFor({ invocation, env }, { name, flags: given, goesOn }) {
    const { flags, target } = invocation;
    const allowed = _config_commands_js__WEBPACK_IMPORTED_MODULE_0__/* .commands */ .P[name].options;
    const wanted = (option) => allowed.includes(option) && !given.has(option);
    const more = repeated.flatMap((option) => {
        const { env: variable, secret } = _config_options_js__WEBPACK_IMPORTED_MODULE_1__/* .options */ .f[option];
        const value = flags[option];
        if (value === undefined || !wanted(option) || (variable !== undefined && env[variable]?.trim() === value))
            return [];
        return [`--${option} ${secret === undefined ? quoted(value) : '"…"'}`];
    });
    const reasoned = goesOn || given.has('dry-run') || given.has('start-traffic');
    if (needReason.has(name) && !reasoned && target?.environment === 'production' && wanted('reason'))
        more.push(`--reason ${flags.reason === undefined ? '"…"' : JSON.stringify(flags.reason)}`);
    return more;
}
function quoted(value) {
    return /^[\w./:@=+-]+$/.test(value) ? value : JSON.stringify(value);
}


/***/ }),

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

export const id = 5;
export const ids = [5,19,20];
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
    return { name, text, argument, flags };
}
function flagsFor({ invocation, env }, { name, flags: given }) {
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
    if (needReason.has(name) && target?.environment === 'production' && wanted('reason') && !given.has('dry-run'))
        more.push(`--reason ${flags.reason === undefined ? '"…"' : JSON.stringify(flags.reason)}`);
    return more;
}
function quoted(value) {
    return /^[\w./:@=+-]+$/.test(value) ? value : JSON.stringify(value);
}


/***/ }),

/***/ 77447:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   B4: () => (/* binding */ formatCount),
/* harmony export */   LS: () => (/* binding */ plural),
/* harmony export */   a3: () => (/* binding */ formatDuration),
/* harmony export */   dj: () => (/* binding */ formatBytesBetween),
/* harmony export */   fU: () => (/* binding */ formatTime),
/* harmony export */   z3: () => (/* binding */ formatBytes)
/* harmony export */ });
const thousands = new Intl.NumberFormat('en-US');
/** `1,234,567`. */
function formatCount(count) {
    return thousands.format(count);
}
/** `1,234 documents`, `1 document`. */
function plural(count, one, many = `${one}s`) {
    return `${formatCount(count)} ${count === 1 ? one : many}`;
}
/** `340 ms`, `1.2 s`, `2 min 3 s`, `1 h 5 min`; milliseconds in. */
function formatDuration(ms) {
    if (ms < 999.5)
        return `${Math.round(ms)} ms`;
    if (ms < 59_950)
        return `${(ms / 1000).toFixed(1)} s`;
    const seconds = Math.round(ms / 1000);
    if (seconds < 3600)
        return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    const minutes = Math.round(seconds / 60);
    return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}
/** `512 B`, `1.5 MB`: powers of 1000, as disks and networks are sold. */
function formatBytes(bytes) {
    const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
    let value = bytes;
    let unit = 0;
    // 999.95 would be shown as 1000.0.
    while (value >= (unit === 0 ? 1000 : 999.95) && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
/** `2026-10-01 12:30:05 UTC`, from a date or an ISO text; a text that is no date as it stands. */
function formatTime(time) {
    const date = new Date(time);
    return Number.isNaN(date.getTime()) ? String(time) : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
/** `350 MB`, or `1.2 GB to 2.4 GB` where that is told apart. */
function formatBytesBetween(least, most) {
    const [from, to] = [formatBytes(least), formatBytes(most)];
    return from === to ? from : `${from} to ${to}`;
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


/***/ }),

/***/ 692:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   lb: () => (/* binding */ describeAll),
/* harmony export */   yO: () => (/* binding */ describeViolations)
/* harmony export */ });
/* unused harmony export describeOffending */
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);

/** Which documents a migration failed on, a sentence each, and how those are found that only a hash stands for. */
function describeAll(offending) {
    const told = offending.map(describeOffending);
    return told.some((one) => one.includes('with the hash ')) ? [...told, aboutHashes] : told;
}
const aboutHashes = 'A hash is the first 12 digits of SHA-256 over an _id as BSON: docs/sandbox.md has the lines that find its document.';
/** Which documents a migration failed on, a sentence. */
function describeOffending(offending) {
    switch (offending.kind) {
        case 'duplicate-key':
            return describeDuplicates(offending);
        case 'last-read':
            return `It had read the document ${offending.id} of ${offending.collection} last.`;
        case 'mixed-types':
            return describeTypes(offending);
        case 'unconvertible':
            return describeUnconvertible(offending);
    }
}
function describeDuplicates({ collection, fields, found, groups, lacking = [], more }) {
    const key = fields.join(', ');
    const documents = groups.map((ids) => ids.join(' and ')).join('; ');
    const without = lacking.join(' and ');
    if (groups.length + lacking.length === 0)
        return `The key that is taken already is one of ${key} in ${collection}.`;
    if (found === 'written')
        return lacking.length > 0
            ? `The document ${without} of ${collection} has no ${key} either, and the index takes no second one.`
            : `The document ${documents} of ${collection} has that ${key} already.`;
    const have = found === 'made' ? 'would get' : 'have';
    const same = groups.length === 0 ? [] : [`${have} the same ${key}: ${documents}`];
    const none = lacking.length === 0 ? [] : [`${have} no ${key}, of which the index takes one: ${without}`];
    return `In ${collection} these documents ${[...same, ...none].join('; these ')}${more ? '; and more' : ''}.`;
}
function describeTypes({ collection, field, usual, others }) {
    const odd = others.map(({ type, documents, ids }) => `${type} in ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(documents, 'document')} (such as ${ids.join(', ')})`);
    return `In ${collection} the field ${field} is ${usual} in most documents, and ${odd.join(', ')}.`;
}
function describeUnconvertible({ collection, field, to, documents, ids }) {
    const others = documents > ids.length ? ', …' : '';
    const has = documents === 1 ? 'has' : 'have';
    return `In ${collection} ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(documents, 'document')} ${has} a text in ${field} that cannot be converted to ${to}: ${ids.join(', ')}${others}.`;
}
/** Which documents do not fulfil a validator, a sentence. */
function describeViolations({ collection, documents, more, ids }) {
    if (documents === null)
        return `Whether the documents of ${collection} fulfil its validator could not be looked at.`;
    const count = more ? `More than ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(documents, 'document')}` : (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(documents, 'document');
    const others = documents > ids.length ? ', …' : '';
    return `${count} of ${collection} ${documents === 1 ? 'does' : 'do'} not fulfil its validator: ${ids.join(', ')}${others}.`;
}


/***/ }),

/***/ 90045:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   F: () => (/* binding */ isTight),
/* harmony export */   W: () => (/* binding */ oplogWarning)
/* harmony export */ });
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);

/** What is to be said where a migration may push out of the oplog what others still need. */
function oplogWarning(name, { oplogBytes = 0, oplogMore = false }, oplog) {
    if (oplog === undefined || !isTight({ oplogBytes, oplogMore }, oplog))
        return undefined;
    const written = `${oplogMore ? 'more than' : 'about'} ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatBytes */ .z3)(oplogBytes)}`;
    const holds = `which holds ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatBytes */ .z3)(oplog.maxBytes)} and reaches back about ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(oplog.reachMs)}`;
    return `${name} writes ${written} to the oplog of the target, ${holds}: a secondary or a change stream that is behind may not catch up.`;
}
/** More than half of it, or more than anybody has seen. */
function isTight({ oplogBytes = 0, oplogMore }, { maxBytes }) {
    return oplogMore === true || oplogBytes > maxBytes / 2;
}


/***/ }),

/***/ 6378:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   A: () => (/* binding */ statusSentence),
/* harmony export */   V: () => (/* binding */ statusBlocks)
/* harmony export */ });
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);

const marks = {
    applied: 'good',
    pending: 'idle',
    running: 'info',
    failed: 'bad',
    interrupted: 'bad',
    'rolled-back': 'back',
};
const notes = {
    'edited-since-applied': 'the file was changed since',
    'file-missing': 'the file is gone',
};
const origins = {
    restore: 'by a restore',
    baseline: 'by baseline',
    'migrate-mongo': 'by migrate-mongo',
};
function statusSentence({ migrations, pending }) {
    // What was taken back or left nothing, and has no file any more, is neither applied nor pending.
    const all = migrations.filter(({ state }) => state === 'applied').length + pending;
    if (all === 0)
        return 'There are no migrations.';
    if (all === 1)
        return `The only migration is ${pending === 0 ? 'applied' : 'pending'}.`;
    if (pending === 0)
        return all === 2 ? 'Both migrations are applied.' : `All ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(all, 'migration')} are applied.`;
    if (pending === all)
        return `${all === 2 ? 'Both' : `All ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatCount */ .B4)(all)}`} migrations are pending.`;
    return `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatCount */ .B4)(pending)} of ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(all, 'migration')} ${pending === 1 ? 'is' : 'are'} pending.`;
}
/** As many rows are shown whole; of more, only those that somebody looks for. */
const mostRows = 40;
const newestApplied = 20;
const mostOfAKind = 50;
/** The rows to show, in their order: what needs a look, what comes next, and what was applied last. */
function shownRows(migrations) {
    if (migrations.length <= mostRows)
        return migrations;
    const settled = ({ state, note }) => note === undefined && state === 'applied';
    const unusual = migrations.filter((one) => !settled(one) && one.state !== 'pending');
    const pending = migrations.filter((one) => one.state === 'pending');
    const timeOf = ({ appliedAt }) => appliedAt?.getTime() ?? 0;
    const newest = migrations.filter(settled).sort((a, b) => timeOf(a) - timeOf(b));
    const shown = new Set([
        ...unusual.slice(-mostOfAKind),
        ...pending.slice(0, mostOfAKind),
        ...newest.slice(-newestApplied),
    ]);
    return migrations.filter((one) => shown.has(one));
}
/** What is not among the rows. */
function leftOut(migrations, shown) {
    const missing = migrations.length - shown.length;
    if (missing === 0)
        return [];
    const kept = new Set(shown);
    const states = Map.groupBy(migrations.filter((one) => !kept.has(one)), ({ state }) => state);
    const counts = [...states].map(([state, rows]) => `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatCount */ .B4)(rows.length)} ${state}`).join(', ');
    return [{ kind: 'facts', title: '', facts: [['Not shown', { text: `${counts}; --json has all of them` }]] }];
}
function noteOf({ note, error }) {
    const texts = [
        error === undefined ? undefined : `on its way ${error.direction}: ${error.code}`,
        note === undefined ? undefined : notes[note],
    ].filter((text) => text !== undefined);
    return texts.length === 0 ? { text: '' } : { mark: 'warning', text: texts.join('; ') };
}
function appliedInWords({ appliedAt, origin }) {
    if (appliedAt === null)
        return '';
    const at = (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatTime */ .fU)(appliedAt);
    return origin === undefined ? at : `${at}, ${origins[origin]}`;
}
function statusBlocks({ migrations, lease }) {
    const columns = ['', 'Migration', 'Applied', 'Note'].map((title) => ({ title }));
    const shown = shownRows(migrations);
    const rows = shown.map((one) => [
        { mark: marks[one.state], text: one.state },
        { name: one.name },
        { text: appliedInWords(one) },
        noteOf(one),
    ]);
    const noted = shown.some((one) => one.note !== undefined || one.error !== undefined);
    const table = noted
        ? { kind: 'table', title: 'Migrations', columns, rows }
        : { kind: 'table', title: 'Migrations', columns: columns.slice(0, 3), rows: rows.map((row) => row.slice(0, 3)) };
    return [
        ...(rows.length > 0 ? [table] : []),
        ...leftOut(migrations, shown),
        {
            kind: 'facts',
            title: '',
            facts: [
                [
                    'Lease',
                    lease === null
                        ? { text: 'nobody holds it' }
                        : {
                            mark: 'warning',
                            text: `held by ${lease.owner} (fence ${lease.fence}) until ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatTime */ .fU)(lease.expiresAt)}`,
                        },
                ],
            ],
        },
    ];
}


/***/ }),

/***/ 80645:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   P: () => (/* binding */ renderFlow),
/* harmony export */   e: () => (/* binding */ stepMark)
/* harmony export */ });
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);

const marks = {
    done: 'good',
    failed: 'bad',
    skipped: 'idle',
    running: 'info',
    unknown: 'unknown',
    planned: 'info',
};
function stepMark(state) {
    return marks[state];
}
const signs = {
    done: '✓',
    failed: '✗',
    skipped: '–',
    running: '…',
    unknown: '?',
    planned: '›',
};
/** Colours of GitHub's own labels, with a text dark enough to be read on them in both of its themes. */
const styles = {
    done: 'fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a',
    failed: 'fill:#ffebe9,stroke:#cf222e,color:#5c0d14',
    skipped: 'fill:#f6f8fa,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3',
    running: 'fill:#ddf4ff,stroke:#0969da,color:#0a3069',
    unknown: 'fill:#fff8c5,stroke:#9a6700,color:#4d2d00',
    planned: 'fill:#ddf4ff,stroke:#0969da,color:#0a3069',
};
/** The steps as a Mermaid flow. Holds names of steps and durations only, so there is nothing in it to escape. */
function renderFlow(steps) {
    const nodes = steps.map(({ name, state, durationMs }, i) => {
        const time = durationMs === undefined ? state : (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(durationMs);
        return `  s${i}["${signs[state]} ${name}<br/>${time}"]:::${state}`;
    });
    const arrows = steps.length > 1 ? [`  ${steps.map((_, i) => `s${i}`).join(' --> ')}`] : [];
    const used = [...new Set(steps.map((step) => step.state))];
    const classes = used.map((state) => `  classDef ${state} ${styles[state]}`);
    return ['flowchart LR', ...nodes, ...arrows, ...classes].join('\n');
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


/***/ }),

/***/ 65561:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Cn: () => (/* binding */ wayBackFacts),
/* harmony export */   Fz: () => (/* binding */ lossSentence),
/* harmony export */   ef: () => (/* binding */ undoSentence),
/* harmony export */   fT: () => (/* binding */ undoTable),
/* harmony export */   uB: () => (/* binding */ playbookTable)
/* harmony export */ });
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);
/* harmony import */ var _steps_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(80645);


/** How the ways back went in the sandbox. */
function wayBackFacts(wayBack) {
    if (wayBack === undefined)
        return [];
    const { undo, down } = wayBack;
    return [['Undo', wayCell(undo)], ...(down === undefined ? [] : [['Down', wayCell(down)]])];
}
function wayCell({ state, why, differences, notes, migrations, durationMs }) {
    // Whoever plans with it wants the way alone, without what shows that it leads back.
    const alone = migrations.reduce((sum, one) => sum + one.durationMs, 0);
    const took = `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(migrations.length, 'migration')} in ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(alone)} (rehearsed in ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(durationMs)})`;
    const until = why === undefined ? '' : `; not further: ${why}`;
    switch (state) {
        case 'equal':
            return {
                mark: 'good',
                text: `${took}, and everything is as before${notes.length === 0 ? '' : `, or as good: ${notes.join('; ')}`}${until}`,
            };
        case 'differs':
            return { mark: 'bad', text: `${took}, and not everything is as before: ${differences.join('; ')}${until}` };
        case 'failed':
            return { mark: 'bad', text: `failed after ${took}` };
        case 'not-compared':
            return { mark: 'warning', text: `${took}, and nothing tells what was there before${until}` };
        case 'impossible':
            return { mark: 'warning', text: `none: ${why}` };
    }
}
/** What an undo did, or would do, in documents; each counts once. */
function undoTable(title, undo) {
    if (undo.length === 0)
        return [];
    const columns = [
        ...['Migration', 'Put back', 'of which around users’ writes', 'Taken out', 'Put in again'],
        ...['By downDocument', 'Left to users'],
    ];
    return [
        {
            kind: 'table',
            title,
            columns: columns.map((column, i) => ({ title: column, ...(i > 0 && { numeric: true }) })),
            rows: undo.map(({ name, documents, merged, deleted, inserted, downDocuments, quarantined }) => [
                { name },
                ...[documents, merged, deleted, inserted, downDocuments, quarantined].map((n) => ({ text: (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatCount */ .B4)(n) })),
            ]),
        },
        ...leftList(undo),
        ...createdSinceList(undo),
    ];
}
/** What an undo would do, and above all what it would leave as users have it. */
function undoSentence(undo) {
    const sum = (of) => undo.reduce((total, one) => total + of(one), 0);
    const quarantined = sum((one) => one.quarantined);
    const created = undo.flatMap(({ createdSince }) => createdSince);
    const counted = created.reduce((total, { documents }) => total + (documents === 'unknown' ? 0 : documents), 0);
    const unknown = [...new Set(created.flatMap((one) => (one.documents === 'unknown' ? [one.collection] : [])))];
    const left = sum((one) => one.left?.length ?? 0);
    const stays = [
        quarantined > 0 ? `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(quarantined, 'document')} that users wrote to, in quarantine` : undefined,
        counted > 0 ? `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(counted, 'document')} that they created since` : undefined,
        unknown.length > 0 ? `what they created in ${unknown.join(', ')} since, if anything` : undefined,
        left > 0 ? `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(left, 'thing')} of the catalog` : undefined,
    ].filter((part) => part !== undefined);
    const back = `An undo would put ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(sum((one) => one.documents + one.downDocuments), 'document')} back`;
    return `${back}, and leave ${stays.length === 0 ? 'nothing as it is now' : `as they are: ${stays.join('; ')}`}.`;
}
/** Collections, indexes and options that stay as others left them. */
function leftList(undo) {
    // A rollback that an older version began has none on record.
    const items = undo.flatMap(({ name, left = [] }) => left.map(({ why }) => `${why} (${name})`));
    return items.length === 0 ? [] : [{ kind: 'list', title: 'Of the catalog, left as it is', items }];
}
/** The steps of a rollback, each as it went the last time. */
function playbookTable(steps) {
    if (steps.length === 0)
        return [];
    return [
        {
            kind: 'table',
            title: 'Steps of the way back',
            columns: [{ title: 'Step' }, { title: 'State' }, { title: 'Took', numeric: true }, { title: 'Note' }],
            rows: steps.map(({ name, state, durationMs, note = '' }) => [
                { name },
                { mark: (0,_steps_js__WEBPACK_IMPORTED_MODULE_1__/* .stepMark */ .e)(state), text: state },
                { text: durationMs === undefined ? '' : (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(durationMs) },
                { text: note },
            ]),
        },
    ];
}
/** What a restore has lost. */
function lossSentence(loss) {
    if (loss.writes === null)
        return `How much users had written since is not known: ${loss.why}.`;
    if (loss.writes === 0)
        return 'Users had written nothing since.';
    return `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(loss.writes, 'write')} of users since ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatTime */ .fU)(loss.since)} went with it.`;
}
/** What is in the new shape without the migration's doing; the fields alone do not tell since when. */
function createdSinceList(undo) {
    const items = undo.flatMap(({ name, createdSince }) => createdSince.map(({ collection, documents, ids }) => {
        if (documents === 'unknown')
            return `${collection} (${name}): nobody can tell, since no field is new`;
        const more = documents > ids.length ? ', …' : '';
        return `${collection} (${name}): ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(documents, 'document')}: ${ids.join(', ')}${more}`;
    }));
    return items.length === 0
        ? []
        : [{ kind: 'list', title: 'Stay in the new shape: created since, or so before', items }];
}


/***/ })

};

export const id = 7;
export const ids = [7];
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

/***/ 63622:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  configLoader: () => (/* binding */ configLoader)
});

// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ./emitted/observe/error.js
var observe_error = __webpack_require__(3510);
// EXTERNAL MODULE: ./emitted/observe/log.js
var log = __webpack_require__(67926);
// EXTERNAL MODULE: ./emitted/observe/secrets.js
var secrets = __webpack_require__(1757);
// EXTERNAL MODULE: ./emitted/migration/child-process.js
var child_process = __webpack_require__(11002);
;// CONCATENATED MODULE: ./emitted/migration/migrate-mongo/load-config.js





/** Loading a file only runs its top level, but it may ask a vault for a password. Milliseconds. */
const limitMs = 60_000;
/**
 * Runs a configuration file of migrate-mongo in a process of its own, with this environment, and comes back with what
 * it exports. What it prints is not shown.
 *
 * Throws `CONFIG_INVALID`.
 */
async function loadConfigFile(file, cwd, environment) {
    let config;
    let error;
    const quiet = new log/* Log */.t(() => { }, new secrets/* Secrets */.S());
    const settings = { projectDir: cwd, import: 'native', environment, timeLimitMs: limitMs };
    const child = (0,child_process/* startChild */.v)(settings, quiet, (message) => {
        if (message.type === 'config')
            config = message.config;
        else if (message.type === 'no-config')
            error = message.error;
    });
    const timer = setTimeout(() => child.process.kill('SIGKILL'), limitMs);
    child.send({ type: 'config', path: file });
    try {
        await child.ended;
    }
    finally {
        clearTimeout(timer);
    }
    if (config !== undefined)
        return config;
    const name = (0,external_node_path_.basename)(file);
    if (error !== undefined)
        throw new observe_error/* ReleaseError */.K(error.code, error.message, { hint: error.hint });
    throw new observe_error/* ReleaseError */.K('CONFIG_INVALID', `Loading ${name} does not end, or ends the process.`, {
        hint: `Let ${name} only export its settings, or a promise of them.`,
    });
}

;// CONCATENATED MODULE: ./emitted/release/load-config.js

/** What a workflow's step gets beside its environment: the runner's own means, and our inputs. */
const runnersOwn = /^(INPUT_|ACTIONS_RUNTIME_|ACTIONS_RESULTS_|ACTIONS_CACHE_)/i;
/**
 * Runs configurations of migrate-mongo. They see the whole environment, unlike migrations: it is they that name the
 * database's address, and most of them take it from a variable.
 */
function configLoader(env) {
    const environment = {};
    for (const [name, value] of Object.entries(env))
        if (value !== undefined && !runnersOwn.test(name))
            environment[name] = value;
    return (file, cwd) => loadConfigFile(file, cwd, environment);
}


/***/ })

};

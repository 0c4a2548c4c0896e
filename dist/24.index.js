export const id = 24;
export const ids = [24];
export const modules = {

/***/ 98999:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  main: () => (/* binding */ main)
});

// EXTERNAL MODULE: external "node:readline/promises"
var promises_ = __webpack_require__(26848);
// EXTERNAL MODULE: ./emitted/config/invocation.js
var config_invocation = __webpack_require__(34650);
// EXTERNAL MODULE: ./emitted/config/version.js
var version = __webpack_require__(1950);
// EXTERNAL MODULE: ./emitted/observe/causes.js
var causes = __webpack_require__(54606);
// EXTERNAL MODULE: ./emitted/observe/error.js
var observe_error = __webpack_require__(3510);
// EXTERNAL MODULE: ./emitted/observe/log.js
var observe_log = __webpack_require__(67926);
// EXTERNAL MODULE: ./emitted/observe/secrets.js
var observe_secrets = __webpack_require__(1757);
// EXTERNAL MODULE: ./emitted/release/cancelled.js
var cancelled = __webpack_require__(21106);
// EXTERNAL MODULE: ./emitted/release/origin.js
var origin = __webpack_require__(1463);
// EXTERNAL MODULE: external "node:util"
var external_node_util_ = __webpack_require__(57975);
// EXTERNAL MODULE: ./emitted/config/commands.js
var commands = __webpack_require__(79682);
// EXTERNAL MODULE: ./emitted/config/nearest.js
var nearest = __webpack_require__(25492);
// EXTERNAL MODULE: ./emitted/config/options.js
var options = __webpack_require__(73508);
;// CONCATENATED MODULE: ./emitted/cli/arguments.js





/** Options of the door itself. */
const ownOptions = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'V' },
};
/** Reads the words behind `mongo-release`. Throws `USAGE` for an unknown command; options are judged by the configuration. */
function readCommandLine(argv) {
    const { args, forgotten } = splitForgotten(argv);
    const { tokens } = (0,external_node_util_.parseArgs)({
        args,
        options: known(),
        allowPositionals: true,
        strict: false,
        allowNegative: true,
        tokens: true,
    });
    const words = [];
    const raw = {};
    // Of an option that nobody knows: the word behind it is as likely its value as an argument, and no second mistake.
    let stray = -1;
    for (const token of tokens) {
        if (token.kind === 'positional' && token.index !== stray)
            words.push(token.value);
        if (token.kind !== 'option')
            continue;
        const option = options/* options */.f[token.name];
        if (option === undefined && !Object.hasOwn(ownOptions, token.name) && token.value === undefined)
            stray = words.length > 0 ? token.index + 1 : -1;
        if (option?.type === 'switch')
            raw[token.name] = token.value ?? !token.rawName.startsWith('--no-');
        else if (option?.type === 'list')
            raw[token.name] = [...(raw[token.name] ?? []), token.value ?? ''];
        else
            raw[token.name] = token.value ?? true;
    }
    for (const name of forgotten)
        raw[name] = true;
    const [word, ...rest] = words;
    if (raw.version === true && word === undefined)
        return { kind: 'version' };
    if (word === 'help')
        return { kind: 'help', command: rest[0] === undefined ? undefined : commandNamed(rest[0]) };
    if (word === undefined) {
        if (argv.length === 0 || raw.help === true)
            return { kind: 'help' };
        throw new observe_error/* ReleaseError */.K('USAGE', 'No command was given.', { hint: 'Type mongo-release --help for the commands.' });
    }
    const command = commandNamed(word);
    if (raw.help === true)
        return { kind: 'help', command };
    return { kind: 'command', command, arguments: rest, raw };
}
/**
 * The words without options whose value was forgotten: at the end, or where the next option follows. To the parser that
 * one would be the value; a value that does begin so is tied to its option (--reason=--what).
 */
function splitForgotten(argv) {
    const valued = new Map();
    for (const [name, { type, short }] of Object.entries(options/* options */.f)) {
        if (type === 'switch')
            continue;
        valued.set(`--${name}`, name);
        if (short !== undefined)
            valued.set(`-${short}`, name);
    }
    const args = [];
    const forgotten = [];
    const words = argv.values();
    for (let word = words.next().value; word !== undefined;) {
        const name = valued.get(word);
        const next = words.next().value;
        if (name === undefined) {
            args.push(word);
            word = next;
        }
        else if (next === undefined || next.startsWith('--')) {
            forgotten.push(name);
            word = next;
        }
        else {
            args.push(word, next);
            word = words.next().value;
        }
    }
    return { args, forgotten };
}
function commandNamed(word) {
    if (Object.hasOwn(commands/* commands */.P, word))
        return word;
    throw new observe_error/* ReleaseError */.K('USAGE', `There is no command "${word}".${(0,nearest/* didYouMean */.a)(word, Object.keys(commands/* commands */.P))}`, {
        hint: 'Type mongo-release --help for the commands.',
    });
}
/** What the parser has to know beforehand: which options take a value. */
function known() {
    const described = {
        ...ownOptions,
    };
    for (const [name, option] of Object.entries(options/* options */.f)) {
        described[name] = {
            type: option.type === 'switch' ? 'boolean' : 'string',
            multiple: option.type === 'list',
            ...(option.short !== undefined && { short: option.short }),
        };
    }
    return described;
}

;// CONCATENATED MODULE: ./emitted/cli/help.js


function generalHelp() {
    const rows = Object.entries(commands/* commands */.P).map(([name, command]) => [
        [name, ...command.arguments].join(' '),
        command.summary,
    ]);
    return [
        'mongo-release: safe releases of MongoDB data.',
        '',
        'Usage: mongo-release COMMAND [OPTION ...]',
        '',
        'Commands:',
        ...columns(rows),
        '',
        'mongo-release COMMAND --help shows the options of a command.',
        'Nothing is changed without --apply, or a command that says so: up, down, restore, rollback.',
        '',
    ].join('\n');
}
function commandHelp(name) {
    const command = commands/* commands */.P[name];
    const rows = command.options.map((option) => {
        const described = options/* options */.f[option];
        const value = described.choices?.join('|') ?? described.value ?? '';
        const short = described.short === undefined ? '' : `-${described.short}, `;
        const env = described.env === undefined ? '' : ` [${described.env}]`;
        return [`${short}--${option}${value === '' ? '' : ` ${value}`}`, `${described.help}${env}`];
    });
    return [
        command.summary,
        '',
        `Usage: mongo-release ${[name, ...command.arguments].join(' ')} [OPTION ...]`,
        '',
        ...columns(rows),
        '',
    ].join('\n');
}
/** The first column is as wide as its widest entry up to a limit; a wider entry has a line of its own. */
function columns(rows) {
    const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
    return rows.flatMap(([left, right]) => left.length > width ? [`  ${left}`, `  ${' '.repeat(width)}  ${right}`] : [`  ${left.padEnd(width)}  ${right}`]);
}

// EXTERNAL MODULE: external "node:fs/promises"
var external_node_fs_promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(48161);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
;// CONCATENATED MODULE: ./emitted/cli/summary.js



/**
 * Writes the summary where one is asked for, and where a screen leaves something out that nobody could see otherwise:
 * what was applied is not applied again. Where all of it stands comes back; undefined where it is to be shown.
 *
 * What was done stays done where its summary cannot be written: that is said, and changes no exit code.
 */
async function keepWhole(ended, { file, json, screen, log }) {
    const { renderSummary } = await Promise.all(/* import() */[__webpack_require__.e(13), __webpack_require__.e(22), __webpack_require__.e(17)]).then(__webpack_require__.bind(__webpack_require__, 34022));
    const { leavesOut } = await Promise.all(/* import() */[__webpack_require__.e(13), __webpack_require__.e(22), __webpack_require__.e(19)]).then(__webpack_require__.bind(__webpack_require__, 51296));
    if (file !== undefined) {
        try {
            await (0,external_node_fs_promises_.writeFile)(file, renderSummary(ended));
            return file;
        }
        catch (error) {
            log.warn(`The summary cannot be written to ${file} (${error.code}).`);
        }
    }
    if (json)
        return 'standard output';
    if (!screen || !leavesOut(ended))
        return undefined;
    try {
        // Of this user alone.
        const kept = (0,external_node_path_.join)(await (0,external_node_fs_promises_.mkdtemp)((0,external_node_path_.join)((0,external_node_os_.tmpdir)(), 'mongo-release-')), 'summary.md');
        await (0,external_node_fs_promises_.writeFile)(kept, renderSummary(ended));
        return kept;
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./emitted/cli/terminal-log.js

/** Log lines for a person, or for a collector. */
function terminalLog(options) {
    return (entry) => {
        if (entry.level === 'debug' && !options.debug)
            return;
        options.stream.write(`${options.json ? jsonLine(entry) : textLine(entry, options)}\n`);
    };
}
function jsonLine({ time, level, message, fields }) {
    return JSON.stringify({ time: time.toISOString(), level, message, ...fields });
}
function textLine({ level, message, fields }, { colour, debug }) {
    // A collector needs every field on every line; a person neither the release's id each time nor a name twice.
    const said = ([key, value]) => key === 'releaseId' || (typeof value === 'string' && message.includes(value));
    const shown = Object.entries(fields).filter((field) => debug || !said(field));
    const tail = shown.length === 0 ? '' : `  ${shown.map(([key, value]) => `${key}=${value}`).join(' ')}`;
    const mark = { debug: '·', info: '›', warn: '!', error: '✗' }[level];
    if (!colour)
        return `${mark} ${message}${tail}`;
    const style = { debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' }[level];
    return `${(0,external_node_util_.styleText)(style, mark, { validateStream: false })} ${message}${(0,external_node_util_.styleText)('gray', tail, { validateStream: false })}`;
}

;// CONCATENATED MODULE: ./emitted/cli/main.js













/** The terminal's front door. Ends the process with the exit code of the contract. */
async function main(argv) {
    const startedAt = new Date();
    const secrets = new observe_secrets/* Secrets */.S();
    const cancel = cancelOnSignal();
    let line;
    try {
        line = readCommandLine(argv);
    }
    catch (thrown) {
        const error = (0,observe_error/* asReleaseError */.o)(thrown);
        if (argv.includes('--json'))
            await writeFailure(undefined, error, secrets);
        return end(printFailure(error, secrets, argv.includes('--debug')));
    }
    if (line.kind === 'help') {
        process.stdout.write(line.command === undefined ? generalHelp() : commandHelp(line.command));
        return end(0);
    }
    if (line.kind === 'version') {
        process.stdout.write(`${version/* toolVersion */.f}\n`);
        return end(0);
    }
    const { command } = line;
    const debug = line.raw.debug === true || process.env.RUNNER_DEBUG === '1';
    // Also where the rest of the line is wrong: whoever asked for a document gets one.
    const json = line.raw.json === true || argv.includes('--json');
    onDefect(async (error) => {
        if (json)
            await writeFailure(command, error, secrets);
        return end(printFailure(error, secrets, debug));
    });
    try {
        const invocation = await (0,config_invocation/* resolveInvocation */.t)({
            ...{ ...line, secrets, env: process.env, cwd: process.cwd(), shown: (name) => `--${name}` },
            // Loaded only where there is such a file: a command should start at once.
            loadModule: async (file, cwd) => (await __webpack_require__.e(/* import() */ 7).then(__webpack_require__.bind(__webpack_require__, 63622))).configLoader(process.env)(file, cwd),
        });
        const releaseId = invocation.flags['release-id'] ?? (await __webpack_require__.e(/* import() */ 20).then(__webpack_require__.bind(__webpack_require__, 56226))).newReleaseId();
        const log = new observe_log/* Log */.t(terminalLog({
            stream: process.stderr,
            debug,
            colour: process.stderr.hasColors?.() ?? false,
            json: process.env.MONGO_RELEASE_LOG === 'json',
        }), secrets, { releaseId });
        const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true && process.env.CI === undefined;
        const run = {
            invocation,
            releaseId,
            startedAt,
            log,
            secrets,
            signal: cancel.signal,
            env: process.env,
            origin: (0,origin/* originOf */.y)(process.env),
            toolVersion: version/* toolVersion */.f,
            showValues: invocation.flags['show-values'] === true && process.stderr.isTTY === true,
            confirm: interactive && !invocation.flags.yes ? ask : undefined,
        };
        if (invocation.flags['show-values'] && !run.showValues)
            log.warn('--show-values works on a terminal only, and is ignored here.');
        const { runCommand } = await Promise.all(/* import() */[__webpack_require__.e(4), __webpack_require__.e(13), __webpack_require__.e(8), __webpack_require__.e(15), __webpack_require__.e(6)]).then(__webpack_require__.bind(__webpack_require__, 24548));
        const ended = secrets.scrubTexts(await runCommand(run));
        const { renderJson } = await __webpack_require__.e(/* import() */ 21).then(__webpack_require__.bind(__webpack_require__, 72366));
        const { renderText } = await Promise.all(/* import() */[__webpack_require__.e(13), __webpack_require__.e(22), __webpack_require__.e(19)]).then(__webpack_require__.bind(__webpack_require__, 51296));
        const { renderMigrateMongo } = await __webpack_require__.e(/* import() */ 16).then(__webpack_require__.bind(__webpack_require__, 84362));
        const lines = renderMigrateMongo(ended, invocation.migrateMongo);
        if (lines !== undefined && !json)
            process.stdout.write(secrets.scrub(lines.stdout));
        const colour = process.stderr.hasColors?.() ?? false;
        const { isTTY, columns: width } = process.stderr;
        const screen = isTTY && lines === undefined;
        const whole = await keepWhole(ended, { file: invocation.flags.summary, json, screen, log });
        process.stderr.write(lines === undefined ? renderText(ended, { colour, width, whole }) : secrets.scrub(lines.stderr));
        if (json)
            process.stdout.write(`${renderJson(ended)}\n`);
        if (ended.error && debug)
            process.stderr.write(secrets.scrub(`\n${(0,causes/* describeCauses */.w)(ended.error)}\n`));
        return end(ended.error ? cancel.exitCode(ended.error) : 0);
    }
    catch (thrown) {
        const error = (0,observe_error/* asReleaseError */.o)(thrown);
        if (json)
            await writeFailure(command, error, secrets);
        printFailure(error, secrets, debug);
        return end(cancel.exitCode(error));
    }
}
async function writeFailure(command, error, secrets) {
    const { renderFailure } = await __webpack_require__.e(/* import() */ 21).then(__webpack_require__.bind(__webpack_require__, 72366));
    process.stdout.write(`${renderFailure(command, secrets.scrubTexts(error))}\n`);
}
/** A defect that nobody was waiting for is told like any failure; Node would print its stack trace, unscrubbed. */
function onDefect(tell) {
    const defect = (thrown) => void tell((0,observe_error/* asReleaseError */.o)(thrown));
    process.on('uncaughtException', defect).on('unhandledRejection', defect);
    // A reader that goes away early (`| head`) is no failure of ours.
    for (const stream of [process.stdout, process.stderr])
        stream.on('error', () => { });
}
function printFailure(error, secrets, debug) {
    process.stderr.write(secrets.scrub(`\n✗ ${error.message} [${error.code}]\n  → ${error.hint}\n${debug ? `\n${(0,causes/* describeCauses */.w)(error)}\n` : ''}`));
    return error.exitCode;
}
async function ask(question) {
    const prompt = (0,promises_.createInterface)({ input: process.stdin, output: process.stderr });
    try {
        return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
    }
    finally {
        prompt.close();
    }
}
/** The first signal asks for a safe end; a second one of the same kind ends at once. */
function cancelOnSignal() {
    const controller = new AbortController();
    let code;
    const onSignal = (exitCode) => () => {
        if (code === exitCode)
            process.exit(exitCode);
        code ??= exitCode;
        if (controller.signal.aborted)
            return;
        process.stderr.write('\nCancelling: what is under way is brought to a safe end. Once more ends at once.\n');
        controller.abort((0,cancelled/* cancelled */.K)());
    };
    process.on('SIGINT', onSignal(130));
    process.on('SIGTERM', onSignal(143));
    return {
        signal: controller.signal,
        exitCode: (error) => (error.code === 'CANCELLED' && code !== undefined ? code : error.exitCode),
    };
}
/** Lets what was written reach its reader first: `process.exit` would cut a pipe short. */
async function end(code) {
    process.exitCode = code;
    await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', () => resolve()))));
    process.exit(code);
}


/***/ })

};

export const id = 5;
export const ids = [5,7,20,6,21,19,17];
export const modules = {

/***/ 58209:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  main: () => (/* binding */ main)
});

// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: ../../node_modules/@actions/core/lib/core.js + 14 modules
var core = __webpack_require__(22825);
// EXTERNAL MODULE: ./emitted/config/invocation.js
var config_invocation = __webpack_require__(34650);
// EXTERNAL MODULE: ./emitted/config/version.js
var version = __webpack_require__(1950);
// EXTERNAL MODULE: ./emitted/observe/error.js
var observe_error = __webpack_require__(3510);
// EXTERNAL MODULE: ./emitted/observe/log.js
var log = __webpack_require__(67926);
// EXTERNAL MODULE: ./emitted/observe/secrets.js
var secrets = __webpack_require__(1757);
// EXTERNAL MODULE: ./emitted/release/load-config.js + 1 modules
var load_config = __webpack_require__(63622);
// EXTERNAL MODULE: ./emitted/release/origin.js
var origin = __webpack_require__(1463);
// EXTERNAL MODULE: ./emitted/release/record/release-id.js
var release_id = __webpack_require__(56226);
// EXTERNAL MODULE: ./emitted/release/rollback/hook-instead.js
var hook_instead = __webpack_require__(75488);
// EXTERNAL MODULE: ./emitted/report/json.js
var json = __webpack_require__(72366);
// EXTERNAL MODULE: ./emitted/release/cancelled.js
var cancelled = __webpack_require__(21106);
;// CONCATENATED MODULE: ./emitted/action/cancel.js

/**
 * GitHub sends SIGINT, SIGTERM 7.5 s later, and kills 2.5 s after that. What is under way has the time until SIGTERM to
 * come to a safe end; the rest is for outputs and summary.
 */
const budget = 7000;
/** `giveUp` is called with the exit code when the time is up, or at a second signal; it has to end the process. */
function cancelOnSignal(giveUp, announce) {
    const controller = new AbortController();
    let code;
    const onSignal = (exitCode) => () => {
        if (code !== undefined)
            return giveUp(code);
        code = exitCode;
        announce('Cancelling: what is under way is brought to a safe end.');
        controller.abort((0,cancelled/* cancelled */.K)());
        setTimeout(() => giveUp(exitCode), budget).unref();
    };
    process.on('SIGINT', onSignal(130));
    process.on('SIGTERM', onSignal(143));
    return {
        signal: controller.signal,
        exitCode: (error) => (error.code === 'CANCELLED' && code !== undefined ? code : error.exitCode),
    };
}

// EXTERNAL MODULE: ./emitted/config/options.js
var options = __webpack_require__(73508);
// EXTERNAL MODULE: ./emitted/release/typed.js
var typed = __webpack_require__(67345);
// EXTERNAL MODULE: ./emitted/config/commands.js
var commands = __webpack_require__(79682);
;// CONCATENATED MODULE: ./emitted/action/parts.js


/** What the action's steps can say to later steps; the contract's words. */
const outputs = {
    outcome: 'How it ended: applied, rehearsed, nothing-to-do, rolled-back, failed-clean, failed-dirty, blocked, cancelled or unknown.',
    'release-id': 'The release that this belongs to; hand it to the next part.',
    'backup-id': 'The backup that was taken, that stands behind the release, or that was brought back.',
    'plan-digest': 'Names exactly what would be, or was, applied.',
    pending: 'How many migrations are pending then; unknown where no database was asked.',
    applied: 'How many migrations were applied.',
    verified: 'true when every probe passed, false when one failed, unknown when one could not look or none is configured.',
    'summary-path': 'File that holds the job summary, as Markdown.',
    'sarif-path': 'File that holds the findings, as SARIF.',
    'report-path': 'File that holds the result, as JSON.',
};
const modes = ['dry-run', 'apply'];
const workingDirectory = {
    help: 'Folder to work in, relative to the workspace: where mongo-release.yml and relative paths start from.',
    default: '.',
};
/** The steps that the composite action is made of; each is an action of its own as well. */
const parts = {
    plan: {
        command: 'plan',
        name: 'MongoDB release: plan',
        description: 'Says which migrations are pending, and what speaks against applying them. Reads only.',
        own: {
            'working-directory': workingDirectory,
            'release-inputs': {
                help: 'All inputs of the composite action, as JSON: they are checked before the first thing is done.',
            },
        },
        outputs: ['outcome', 'plan-digest', 'pending', 'summary-path', 'sarif-path', 'report-path'],
    },
    backup: {
        command: 'backup',
        name: 'MongoDB release: backup',
        description: 'Takes a backup of a MongoDB database at one point in time.',
        own: { 'working-directory': workingDirectory },
        outputs: ['outcome', 'release-id', 'backup-id', 'summary-path', 'report-path'],
    },
    migrate: {
        command: 'migrate',
        name: 'MongoDB release: migrate',
        description: 'Rehearses the pending migrations in a sandbox, or applies them.',
        own: {
            mode: {
                help: 'dry-run changes nothing: the migrations are rehearsed. apply changes the target.',
                default: 'dry-run',
            },
            'working-directory': workingDirectory,
        },
        outputs: ['outcome', 'release-id', 'backup-id', 'applied', 'pending', 'summary-path', 'report-path'],
    },
    verify: {
        command: 'verify',
        name: 'MongoDB release: verify',
        description: 'Runs the probes that tell whether a release worked.',
        own: { 'working-directory': workingDirectory },
        outputs: ['outcome', 'release-id', 'verified', 'summary-path', 'report-path'],
    },
    rollback: {
        command: 'rollback',
        name: 'MongoDB release: rollback',
        description: 'Takes a release of a MongoDB database back.',
        own: {
            'release-id': { help: 'The release to take back; without it the newest one.' },
            mode: {
                help: 'dry-run says what would be done, and what a restore would lose. apply does it; a restore that would lose writes of users needs their number in accept-loss, and one beside which users may write, without hooks.stop-traffic, its strategy named.',
                default: 'dry-run',
            },
            'working-directory': workingDirectory,
        },
        outputs: ['outcome', 'release-id', 'backup-id', 'verified', 'summary-path', 'report-path'],
    },
    drill: {
        command: 'drill',
        name: 'MongoDB release: drill',
        description: 'Restores the newest backup of a MongoDB database into a sandbox, and says how long that took.',
        own: { 'working-directory': workingDirectory },
        outputs: ['outcome', 'backup-id', 'verified', 'summary-path', 'report-path'],
    },
};
/** Flags that `mode` stands for: apply is always explicit. */
const standInMode = ['apply', 'dry-run'];
/** The flags of a part's command that are inputs. */
function flagsOf(part) {
    const settings = parts[part];
    const known = commands/* commands */.P[settings.command].options;
    return known.filter((name) => {
        const option = options/* options */.f[name];
        return !option.terminalOnly && !standInMode.includes(name);
    });
}
function settingsOf(part) {
    return parts[part];
}

;// CONCATENATED MODULE: ./emitted/action/in-workflow.js



/** Whichever part it is that has it: what is said by one may be about another. */
const inputNames = new Set(Object.keys(parts).flatMap(flagsOf));
/** A text for people as it helps in a workflow: what is a command in a terminal is a part with inputs there, and a flag an input. */
function inWorkflow(text) {
    const replaced = (0,typed/* replaceCommands */.D1)(text, (command) => asPart(command) ?? command.text, inputsIn);
    return replaced.replaceAll(/\b([Tt])ype (?=the (?:part|action)\b)/g, (_, t) => (t === 'T' ? 'Run ' : 'run '));
}
/** Undefined for a command that is no part: that one is for a terminal. */
function asPart({ name, argument, flags }) {
    if (name !== 'release' && !Object.hasOwn(parts, name))
        return undefined;
    const inputs = [];
    const applies = name === 'rollback' ? !flags.has('dry-run') : flags.has('apply');
    if (applies)
        inputs.push(input('mode', 'apply'));
    else if (flags.has('dry-run'))
        inputs.push(input('mode', 'dry-run'));
    if (argument !== undefined)
        inputs.push(input(name === 'rollback' ? 'release-id' : 'backup', argument));
    for (const [flag, value] of flags)
        if (!elsewhere.has(flag))
            inputs.push(input(flag, value));
    const what = name === 'release' ? 'the action' : `the part ${name}`;
    return inputs.length === 0 ? what : `${what} with ${inputs.join(', ')}`;
}
/** `mode` says the one, and a secret the other. */
const elsewhere = new Set(['apply', 'dry-run', 'uri', 'read-uri']);
/** Flags that stand alone in a sentence. */
function inputsIn(text) {
    return text.replaceAll(/--([a-z]+(?:-[a-z]+)*)(?: ("[^"]*"|(?=\S*[\dA-Z])[\w./:-]*\w|[a-z-]+))?/g, (all, flag, value) => {
        const rest = value === undefined ? '' : ` ${value}`;
        if (flag === 'apply' || flag === 'dry-run')
            return `${input('mode', flag)}${rest}`;
        if (!inputNames.has(flag))
            return all;
        const option = options/* options */.f[flag];
        if (option.type === 'switch')
            return `${input(flag, undefined)}${rest}`;
        const isValue = option.choices?.includes(value ?? '') ?? (value !== undefined && !/^[a-z-]+$/.test(value));
        return isValue ? input(flag, value) : `"${flag}"${rest}`;
    });
}
function input(name, value) {
    return `"${name}: ${value?.replaceAll('"', '') ?? 'true'}"`;
}

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: ./emitted/config/nearest.js
var nearest = __webpack_require__(25492);
// EXTERNAL MODULE: ./emitted/config/flags.js
var config_flags = __webpack_require__(54597);
;// CONCATENATED MODULE: ./emitted/action/composite-inputs.js



/** Inputs of the composite action that are no flags of `release`; the composite hands them on itself. */
const ownInputs = ['mode', 'deploy-command', 'working-directory'];
/**
 * What is wrong with the inputs of the composite action, which its first step gets as JSON: a mistyped `on-failure` is
 * said before the backup, not after the migration failed.
 */
function compositeProblems(json, env) {
    if (json === '')
        return [];
    const inputs = parsed(json);
    if (inputs === undefined)
        return ['"release-inputs" is not a JSON object of texts.'];
    const problems = [];
    const mode = inputs.mode ?? '';
    if (mode !== '' && !modes.includes(mode))
        problems.push(`"mode" is one of ${modes.join(', ')}.${(0,nearest/* didYouMean */.a)(mode, modes)}`);
    const flags = Object.fromEntries(Object.entries(inputs).filter(([name, text]) => text !== '' && !ownInputs.includes(name)));
    problems.push(...(0,config_flags/* parseFlags */.b)('release', flags, env).problems);
    return problems;
}
function parsed(json) {
    try {
        const value = JSON.parse(json);
        if (typeof value !== 'object' || value === null || Array.isArray(value))
            return undefined;
        return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text ?? '').trim()]));
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./emitted/action/inputs.js









/**
 * Reads every input of a part and checks them all at once.
 *
 * The secrets among them, and every connection string of the environment, are added to `secrets` first. Throws `USAGE`
 * with all that is wrong.
 */
function readInputs(part, env, workspace, secrets) {
    const { command, own } = settingsOf(part);
    // Whichever variable the configuration is going to name: none of them may be printed before it is read.
    for (const value of Object.values(env))
        if (value && /^mongodb(\+srv)?:\/\//.test(value))
            secrets.addUri(value);
    const raw = {};
    for (const name of flagsOf(part)) {
        // An input that was left out is seen as an empty one.
        const given = (0,core/* getInput */.V4)(name);
        if (given !== '')
            raw[name] = given;
    }
    const cwd = (0,external_node_path_.resolve)(workspace, (0,core/* getInput */.V4)('working-directory'));
    const problems = [];
    if (!isFolder(cwd))
        problems.push(`"working-directory" names no folder: ${cwd}.`);
    if ('mode' in own)
        problems.push(...applyMode(raw, (0,core/* getInput */.V4)('mode'), commands/* commands */.P[command].options));
    if ('release-inputs' in own)
        problems.push(...compositeProblems((0,core/* getInput */.V4)('release-inputs'), env));
    const release = 'release-id' in own ? (0,core/* getInput */.V4)('release-id') : '';
    const asked = { command, arguments: release === '' ? [] : [release], raw, env, cwd, secrets };
    problems.push(...(0,config_invocation/* checkAsked */.j)(asked).problems);
    const different = [...new Set(problems)];
    if (different.length > 0) {
        throw new observe_error/* ReleaseError */.K('USAGE', different.join('\n'), {
            hint: 'Correct these inputs under "with:" of the step.',
        });
    }
    return asked;
}
/** What is wrong with `mode`; nothing, when it could be turned into the flags that it stands for. */
function applyMode(raw, given, known) {
    if (given !== '' && !modes.includes(given))
        return [`"mode" is one of ${modes.join(', ')}.${(0,nearest/* didYouMean */.a)(given, modes)}`];
    if (given !== 'apply')
        raw['dry-run'] = true;
    else if (known.includes('apply'))
        raw.apply = true;
    return [];
}
function isFolder(path) {
    return (0,external_node_fs_.statSync)(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

;// CONCATENATED MODULE: ./emitted/action/run-log.js

/**
 * A text that the runner takes for output and nothing else: it reads `::command::` at the beginning of a line, behind
 * any blanks, and `##[command]` anywhere in it, so that a line which a migration or a hook printed could set outputs.
 */
function inert(text) {
    return text
        .replaceAll('##[', '# #[')
        .split(/\r\n|\r|\n/)
        .map((line) => (/^\s*::/.test(line) ? `│ ${line.trimStart()}` : line))
        .join('\n');
}
/**
 * The log of a step. Lines of one migration or hook fold into a group; warnings and errors are plain lines here, since
 * only ten annotations of a kind are shown and those belong to the result.
 */
function runLog({ write, debug }) {
    let open;
    const enter = (group) => {
        if (group === open)
            return;
        if (open !== undefined)
            write('::endgroup::\n');
        if (group !== undefined)
            write(`::group::${inert(group).replaceAll('\n', ' ')}\n`);
        open = group;
    };
    return {
        sink: (entry) => {
            if (entry.level === 'debug' && !debug)
                return;
            enter(groupOf(entry));
            // What a migration or a hook prints is theirs.
            const ours = entry.level === 'warn' && groupOf(entry) === undefined;
            write(`${line(ours ? { ...entry, message: inWorkflow(entry.message) } : entry, debug)}\n`);
        },
        close: () => enter(undefined),
    };
}
function groupOf({ fields }) {
    if (fields.migration !== undefined)
        return `${fields.rehearsal ? 'Rehearsal of' : 'Migration'} ${fields.migration}`;
    return fields.hook === undefined ? undefined : `Hook ${fields.hook}`;
}
const marks = { debug: '·', info: '›', warn: '!', error: '✗' };
const colours = { debug: '\u001b[90m', info: '', warn: '\u001b[33m', error: '\u001b[31m' };
/** The release's id is the same on every line; the others stand in the heading of the group. */
const inHeading = ['releaseId', 'migration', 'hook', 'rehearsal'];
function line({ level, message, fields }, debug) {
    const shown = Object.entries(fields).filter(([key]) => debug || !inHeading.includes(key));
    const tail = shown.map(([key, value]) => ` ${key}=${value}`).join('');
    const colour = colours[level];
    return `${colour}${marks[level]} ${inert(message)}${colour === '' ? '' : '\u001b[0m'}${tail === '' ? '' : ` ${inert(tail)}`}`;
}

// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(48161);
;// CONCATENATED MODULE: ./emitted/action/step-folder.js



let folder;
/** Where this step leaves its files: a folder of its own in the runner's temporary one, which goes with the job. */
function stepFolder(part, env) {
    folder ??= (0,external_node_fs_.mkdtempSync)((0,external_node_path_.join)(env.RUNNER_TEMP || (0,external_node_os_.tmpdir)(), `mongo-release-${part}-`));
    return folder;
}

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: ./emitted/observe/causes.js
var causes = __webpack_require__(54606);
// EXTERNAL MODULE: ./emitted/report/summary.js + 1 modules
var summary = __webpack_require__(34022);
// EXTERNAL MODULE: ./emitted/report/text.js + 1 modules
var report_text = __webpack_require__(51296);
;// CONCATENATED MODULE: ./emitted/action/annotations.js
/** GitHub shows this many annotations of a type for a step, and drops the others without a word. */
const shownOfAType = 10;
/** GitHub cuts the message of an annotation here, in characters. */
const longestMessage = 4096;
/** What is annotated, the most severe first, and how many findings had no room. */
function annotationsOf(ended) {
    const all = [
        ...(ended.error ? [failure(ended)] : []),
        ...['error', 'warning', 'note'].flatMap((severity) => findingsOf(ended)
            .filter((finding) => finding.severity === severity)
            .map(annotated)),
        ...(ended.warnings ?? []).map((message) => ({ type: 'warning', message, properties: {} })),
    ];
    const room = { error: shownOfAType, warning: shownOfAType, notice: shownOfAType };
    const shown = all.filter(({ type }) => room[type]-- > 0);
    return { shown: shown.map(cut), left: all.length - shown.length };
}
function findingsOf(ended) {
    if (ended.command === 'plan')
        return ended.result?.findings ?? [];
    if (ended.command !== 'release')
        return [];
    const guards = ended.result?.guards ?? [];
    return [...(ended.result?.plan?.findings ?? []), ...guards.flatMap((guard) => guard.findings)];
}
function failure({ error }) {
    return {
        type: 'error',
        message: `${error?.message}\nNext: ${error?.hint}`,
        properties: { title: `mongo-release: ${error?.code}` },
    };
}
function annotated({ rule, severity, place, message, next }) {
    const name = place.name === undefined || message.includes(place.name) ? '' : `${place.name}: `;
    return {
        type: severity === 'note' ? 'notice' : severity,
        message: `${name}${message}\nNext: ${next}`,
        properties: { title: rule, file: place.file, startLine: place.line },
    };
}
function cut(annotation) {
    const { message } = annotation;
    if (message.length <= longestMessage)
        return annotation;
    return { ...annotation, message: `${message.slice(0, longestMessage - 1)}…` };
}

;// CONCATENATED MODULE: ./emitted/action/outputs.js

/** The outputs that a part knows after its command ended, well or not: an output that is not known is not set. */
function outputsOf(part, ended, files) {
    const known = { outcome: ended.outcome, 'release-id': ended.releaseId, ...said(ended), ...files };
    const names = settingsOf(part).outputs;
    return Object.fromEntries(Object.keys(outputs)
        .filter((name) => names.includes(name) && known[name] !== undefined)
        .map((name) => [name, known[name]]));
}
function said(ended) {
    switch (ended.command) {
        case 'plan': {
            const { digest, pending } = ended.result ?? {};
            return { 'plan-digest': digest, pending: pending === 'unknown' ? 'unknown' : counted(pending) };
        }
        case 'backup':
            return { 'backup-id': ended.result?.id };
        case 'migrate':
            return {
                'backup-id': ended.result?.backupId,
                applied: counted(ended.result?.applied),
                pending: counted(ended.result?.remaining) ?? (ended.outcome === 'nothing-to-do' ? '0' : undefined),
            };
        case 'verify':
            return { verified: verifiedRelease(ended.result?.probes, ended.error?.code) };
        case 'drill':
            return { 'backup-id': ended.result?.backupId, verified: verified(ended.result?.probes) };
        case 'rollback':
            return {
                'backup-id': ended.result?.restore?.backupId,
                verified: ended.result?.probes === undefined ? undefined : verified(ended.result.probes),
            };
        default:
            return {};
    }
}
function counted(list) {
    return list === undefined ? undefined : String(list.length);
}
/** Probes may pass on what is left of a release that was taken back, and where nobody could look whether it was. */
function verifiedRelease(probes, error) {
    if (error === 'TAKEN_BACK')
        return 'false';
    const seen = verified(probes);
    return seen === 'true' && error !== undefined ? 'unknown' : seen;
}
/** No probe is no pass. */
function verified(probes) {
    if (probes?.some((probe) => probe.state === 'failed'))
        return 'false';
    return probes !== undefined && probes.length > 0 && probes.every((probe) => probe.state === 'passed')
        ? 'true'
        : 'unknown';
}

;// CONCATENATED MODULE: ./emitted/action/tell.js












/**
 * Says how a step ended in every way a step can: log, annotations, outputs, files, job summary. One that fails does not
 * keep the others back; false when one did.
 */
async function tell(unclean, { part, env, secrets, sarif, debug }) {
    const ended = secrets.scrubTexts(unclean);
    const clean = (text) => secrets.scrub(text);
    const print = (text) => process.stdout.write(`${inert(clean(text))}\n`);
    const { shown, left } = annotationsOf(ended);
    const more = left === 0 ? '' : `\n${left} more had no room as annotations; the report has all of them.\n`;
    let markdown = '';
    const paths = { 'sarif-path': sarif !== undefined && (0,external_node_fs_.existsSync)(sarif) ? sarif : undefined };
    const write = async (name, file, text) => {
        const path = (0,external_node_path_.join)(stepFolder(part, env), file);
        await (0,promises_.writeFile)(path, text);
        paths[name] = path;
    };
    const ways = {
        log: () => {
            const whole = env.GITHUB_STEP_SUMMARY && 'the summary of the job';
            print((0,report_text.renderText)(ended, { colour: true, whole: whole || undefined }));
            if (ended.error && debug)
                print((0,causes/* describeCauses */.w)(ended.error));
        },
        annotations: () => {
            const annotate = { error: core/* error */.z3, warning: core/* warning */.$e, notice: core/* notice */.lm };
            for (const { type, message, properties } of shown)
                annotate[type](clean(message), properties);
        },
        report: () => write('report-path', `${part}.json`, `${(0,json.renderJson)(ended)}\n`),
        summary: () => {
            markdown = `${(0,summary.renderSummary)(ended)}${more}`;
            return write('summary-path', `${part}.md`, markdown);
        },
        outputs: () => {
            for (const [name, value] of Object.entries(outputsOf(part, ended, paths)))
                (0,core/* setOutput */.uH)(name, value);
        },
        'job summary': async () => {
            if (env.GITHUB_STEP_SUMMARY)
                await core/* summary */.z.addRaw(markdown, true).write();
        },
    };
    let whole = true;
    for (const [name, way] of Object.entries(ways)) {
        try {
            await way();
        }
        catch (thrown) {
            whole = false;
            print(`The ${name} could not be written (${thrown instanceof Error ? thrown.message : typeof thrown}).`);
        }
    }
    return whole;
}

;// CONCATENATED MODULE: ./emitted/action/unset.js
/**
 * Removes Amazon's variables that are empty: a workflow hands them over that way where it has no such secret or input,
 * and an empty region would be taken for the name of one, before what the machine is set up with.
 */
function dropUnset(env) {
    for (const [name, value] of Object.entries(env))
        if (name.startsWith('AWS_') && value === '')
            delete env[name];
}

;// CONCATENATED MODULE: ./emitted/action/main.js




















/** GitHub's front door: one part of the action. Ends the process with the exit code of the contract. */
async function main(name) {
    if (!Object.hasOwn(parts, name))
        throw new Error(`There is no part "${name}".`);
    dropUnset(process.env);
    await new Step(name).run();
}
class Step {
    #part;
    #env = process.env;
    /** Masks as soon as it learns of a secret, before anything is logged. */
    #secrets = new secrets/* Secrets */.S((value) => (0,core/* setSecret */.Pq)(value));
    #debug = process.env.RUNNER_DEBUG === '1' || /^(true|1)$/i.test(process.env.INPUT_DEBUG ?? '');
    #log = runLog({ write: (text) => process.stdout.write(text), debug: this.#debug });
    #releaseId;
    #sarif;
    #told = false;
    constructor(part) {
        this.#part = part;
    }
    async run() {
        const cancel = cancelOnSignal((code) => this.#giveUp(code), (text) => process.stdout.write(`${text}\n`));
        // A defect anywhere is told like any other failure; Node would print its stack trace, unscrubbed, and no outputs.
        const defect = (error) => void this.#end(this.#failed(error), 1);
        process.on('uncaughtException', defect).on('unhandledRejection', defect);
        const ended = await this.#command(cancel.signal).catch((error) => this.#failed(error));
        await this.#end(ended, ended.error ? cancel.exitCode(ended.error) : 0);
    }
    async #command(signal) {
        const startedAt = new Date();
        const asked = readInputs(this.#part, this.#env, process.cwd(), this.#secrets);
        const invocation = await (0,config_invocation/* resolveInvocation */.t)({ ...this.#withSarif(asked), loadModule: (0,load_config.configLoader)(this.#env) });
        this.#releaseId = invocation.flags['release-id'] ?? (0,release_id.newReleaseId)();
        const { runCommand } = await Promise.all(/* import() */[__webpack_require__.e(4), __webpack_require__.e(8), __webpack_require__.e(15)]).then(__webpack_require__.bind(__webpack_require__, 24548));
        const ended = await runCommand({
            invocation,
            releaseId: this.#releaseId,
            startedAt,
            log: new log/* Log */.t(this.#log.sink, this.#secrets, { releaseId: this.#releaseId }),
            secrets: this.#secrets,
            signal,
            env: this.#env,
            origin: (0,origin/* originOf */.y)(this.#env, true),
            toolVersion: version/* toolVersion */.f,
            showValues: false,
            // Nobody can be asked here: `mode: apply` is consent enough.
            consents: true,
        });
        const error = ended.error?.code === 'CONFIRMATION_NEEDED' ? askedForRestore(ended.error) : ended.error;
        return {
            ...withFindings(ended),
            warnings: ended.warnings?.map(inWorkflow),
            // `verify` has no release of its own, and hands on the one that it was told to belong to.
            releaseId: ended.releaseId ?? invocation.flags['release-id'],
            error: error && this.#hinted(error),
        };
    }
    #hinted({ code, message, hint, details, cause }) {
        return new observe_error/* ReleaseError */.K(code, message, { hint: inWorkflow(hint), details, cause });
    }
    /** Findings are always written as SARIF, for code scanning; the input only says where. */
    #withSarif(asked) {
        if (!flagsOf(this.#part).includes('sarif'))
            return asked;
        const given = String(asked.raw.sarif ?? '');
        this.#sarif = (0,external_node_path_.resolve)(asked.cwd, given || (0,external_node_path_.join)(stepFolder(this.#part, this.#env), 'findings.sarif'));
        return { ...asked, raw: { ...asked.raw, sarif: this.#sarif } };
    }
    #failed(thrown) {
        const error = (0,observe_error/* asReleaseError */.o)(thrown);
        return { command: settingsOf(this.#part).command, outcome: (0,json/* outcomeOf */.s)(error), error, releaseId: this.#releaseId };
    }
    /** The time to come to a safe end is over: what the target looks like now is not known here, and said so. */
    #giveUp(code) {
        const error = new observe_error/* ReleaseError */.K('CANCELLED', 'The run was cancelled and did not come to a safe end in time.', {
            hint: 'Look at what is on record with mongo-release status; the next run goes on from there.',
        });
        void this.#end({ ...this.#failed(error), outcome: 'unknown' }, code);
    }
    /** Says how it ended, once, and ends the process: something that was left open must not keep the step running. */
    async #end(ended, code) {
        if (this.#told)
            return;
        this.#told = true;
        process.exitCode = code;
        this.#log.close();
        const clean = await tell(ended, {
            part: this.#part,
            env: this.#env,
            secrets: this.#secrets,
            sarif: this.#sarif,
            debug: this.#debug,
        });
        // How the release ended stands; a result that nobody can read is a failure all the same.
        if (!clean && code === 0)
            process.exitCode = 1;
        process.stdout.write('', () => process.exit());
    }
}
/** Its findings as they help here. SARIF is written before, and keeps the commands: it is read outside of any workflow, too. */
function withFindings(ended) {
    if (ended.command !== 'plan' || ended.result === undefined)
        return ended;
    const findings = ended.result.findings.map((finding) => ({ ...finding, next: inWorkflow(finding.next) }));
    return { ...ended, result: { ...ended.result, findings } };
}
/** The flag that the error's own hint names is no input: a restore is agreed to by asking for it. */
function askedForRestore(error) {
    const { cluster, writes } = error.details;
    const more = writes === 'unknown' ? '' : ', or a larger number where users go on writing';
    const [first, instead] = writes === 0 ? ['Stop what writes, then', ` ${hook_instead/* hookInstead */.K}`] : ['When losing what was written since is right,', ''];
    const number = writes !== undefined ? ` and "accept-loss: ${writes}"${more}` : '';
    return new observe_error/* ReleaseError */.K('CONFIRMATION_NEEDED', error.message, {
        hint: cluster === undefined
            ? `${first} run the rollback again with "strategy: restore"${number}.${instead}`
            : `When erasing it is right, run the rollback again with "erase-cluster: ${cluster}".`,
        cause: error,
    });
}


/***/ }),

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


/***/ }),

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


/***/ }),

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

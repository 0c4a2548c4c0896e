export const id = 12;
export const ids = [12];
export const modules = {

/***/ 79682:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   P: () => (/* binding */ commands)
/* harmony export */ });
const own = ['debug', 'json', 'summary', 'show-values'];
const common = ['config', 'file', ...own];
const onTarget = ['target', 'uri', 'read-uri', 'database', 'environment'];
const sandbox = ['sandbox-uri', 'mongod'];
/** Of a new backup. */
const taking = ['engine', 'recipient', 'compression', 'consistency'];
const apply = [
    'to',
    'name',
    'phase',
    'plan',
    'digest',
    'backup',
    'wait',
    'rehearsal',
    'waive-rehearsal',
];
const commands = {
    status: {
        summary: 'Show what is applied, what is pending, and who holds the lease.',
        arguments: [],
        target: true,
        options: [...onTarget, 'migrations-dir', 'check', ...common],
    },
    plan: {
        summary: 'Say what would be applied, its digest, and what speaks against it.',
        arguments: [],
        target: true,
        options: [...onTarget, 'migrations-dir', 'to', 'name', 'phase', 'offline', 'out', 'sarif', ...common],
    },
    migrate: {
        summary: 'Rehearse the pending migrations (default), or apply them.',
        arguments: [],
        target: true,
        options: [
            ...onTarget,
            'migrations-dir',
            'store',
            'identity',
            'dry-run',
            'apply',
            ...apply,
            ...sandbox,
            'release-id',
            ...common,
        ],
    },
    verify: {
        summary: 'Run the probes.',
        arguments: [],
        target: true,
        options: [...onTarget, 'phase', 'release-id', ...common],
    },
    backup: {
        summary: 'Take a backup.',
        arguments: [],
        target: true,
        options: [...onTarget, 'migrations-dir', 'store', ...taking, 'release-id', ...common],
    },
    inspect: {
        summary: 'List the backups, or verify one, or an archive of mongodump, without a server.',
        arguments: ['[BACKUP]'],
        target: false,
        options: ['store', 'identity', ...common],
    },
    restore: {
        summary: 'Bring a backup back, or an archive of mongodump.',
        arguments: ['BACKUP'],
        target: true,
        options: [
            ...onTarget,
            'store',
            'identity',
            'into',
            'only',
            'keep-added',
            'consistency',
            'then-migrate',
            'migrations-dir',
            'rehearsal',
            'waive-rehearsal',
            ...sandbox,
            'wait',
            'yes',
            'erase-cluster',
            'reason',
            'release-id',
            ...common,
        ],
    },
    release: {
        summary: 'Everything: guards, plan, backup, rehearsal, apply, deploy, verify.',
        arguments: [],
        target: true,
        options: [
            ...onTarget,
            'migrations-dir',
            'store',
            'dry-run',
            'apply',
            ...apply,
            'identity',
            ...taking,
            'on-failure',
            ...sandbox,
            'release-id',
            ...common,
        ],
    },
    rollback: {
        summary: 'Take a release back. Without RELEASE the newest one.',
        arguments: ['[RELEASE]'],
        target: true,
        options: [
            ...onTarget,
            'migrations-dir',
            'store',
            'identity',
            'strategy',
            'start-traffic',
            'dry-run',
            'reason',
            'wait',
            'yes',
            'accept-loss',
            'erase-cluster',
            'keep-added',
            ...common,
        ],
    },
    drill: {
        summary: 'Restore the newest backup into a sandbox, bring it up to date, look at it, and time that.',
        arguments: [],
        target: false,
        options: [
            ...['target', 'database', 'environment'],
            ...['migrations-dir', 'store', 'identity', 'backup'],
            ...sandbox,
            ...common,
        ],
    },
    audit: {
        summary: 'Everything that is on record of a target, with who, when and why.',
        arguments: [],
        target: true,
        options: [...onTarget, 'store', 'since', 'out', ...common],
    },
    up: {
        summary: 'Apply the pending migrations (migrate --apply).',
        arguments: [],
        target: true,
        options: [...onTarget, 'migrations-dir', 'store', 'identity', ...apply, ...sandbox, 'release-id', ...common],
    },
    down: {
        summary: 'Take the last migration back, or the last N.',
        arguments: ['[N]'],
        target: true,
        options: [...onTarget, 'migrations-dir', 'to', 'block', 'reason', 'wait', 'release-id', ...common],
    },
    init: {
        summary: "Set a project up, in migrate-mongo's form.",
        arguments: [],
        target: false,
        options: ['module', ...own],
    },
    create: {
        summary: 'Write a new migration file.',
        arguments: ['NAME'],
        target: false,
        options: ['migrations-dir', ...common],
    },
    baseline: {
        summary: 'Record a migration as applied without running it.',
        arguments: ['NAME'],
        target: true,
        options: [...onTarget, 'migrations-dir', 'reason', 'wait', 'release-id', ...common],
    },
    unlock: {
        summary: 'Clear the lease of a run that is gone.',
        arguments: [],
        target: true,
        options: [...onTarget, ...common],
    },
};


/***/ }),

/***/ 79716:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   E9: () => (/* binding */ parseDuration),
/* harmony export */   S5: () => (/* binding */ durationText),
/* harmony export */   p0: () => (/* binding */ duration),
/* harmony export */   zc: () => (/* binding */ timeLimit)
/* harmony export */ });
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(43045);

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** The length in whole milliseconds of a text such as `500ms`, `30s`, `10m`, `24h` or `7d`; undefined when it is none. */
function parseDuration(text) {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
    if (!match)
        return undefined;
    // Timers take integers only, and 4.1 * 60000 is none.
    return Math.round(Number(match[1]) * units[match[2]]);
}
/** `4 s`, `2.5 s`, `100 s`, `1 h`: exactly that long, in the largest unit that needs one decimal at most. */
function durationText(ms) {
    const fits = (length) => ms >= length && (ms * 10) % length === 0;
    const [unit, length] = Object.entries(units).findLast(([, length]) => fits(length)) ?? ['ms', 1];
    return `${ms / length} ${unit === 'm' ? 'min' : unit}`;
}
/** Timers count in 32 bits with a sign; a longer one would end at once (https://nodejs.org/api/timers.html). */
const longestTimer = 2 ** 31 - 1;
/** A length of time in a file or flag: a number and a unit. Becomes milliseconds. */
const duration = zod__WEBPACK_IMPORTED_MODULE_0__/* .string */ .YjP()
    .regex(/^\d+(?:\.\d+)?(ms|s|m|h|d)$/, 'write a number and a unit, for example 30s, 10m or 24h')
    .transform((text) => parseDuration(text));
/** A length of time that something may take. */
const timeLimit = duration.refine((ms) => ms <= longestTimer, { message: 'a time limit is 24d or shorter' });


/***/ }),

/***/ 54597:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   I: () => (/* binding */ isEmpty),
/* harmony export */   b: () => (/* binding */ parseFlags)
/* harmony export */ });
/* harmony import */ var _commands_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(79682);
/* harmony import */ var _duration_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(79716);
/* harmony import */ var _load_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(67608);
/* harmony import */ var _nearest_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(25492);
/* harmony import */ var _options_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(73508);





/**
 * Flags with their types, and everything that is wrong with them, all at once.
 *
 * Precedence is flag or input, then environment, where an empty variable counts as not set. An empty flag is refused:
 * what it comes from is most often a variable that is not set, and without it the option would mean something else.
 * `shown` writes an option's name as it is typed at this door.
 */
function parseFlags(command, raw, env, shown = (name) => `"${name}"`) {
    const allowed = _commands_js__WEBPACK_IMPORTED_MODULE_0__/* .commands */ .P[command].options;
    const problems = [];
    const flags = {};
    for (const name of Object.keys(raw)) {
        if (raw[name] === undefined || allowed.includes(name))
            continue;
        problems.push(`${shown(name)} is not an option of ${command}.${inFile(name) ?? (0,_nearest_js__WEBPACK_IMPORTED_MODULE_4__/* .didYouMean */ .a)(name, allowed, shown)}`);
    }
    for (const name of allowed) {
        const option = _options_js__WEBPACK_IMPORTED_MODULE_3__/* .options */ .f[name];
        const variable = isRunOfItsOwn(command, name, env) ? undefined : option.env;
        const given = raw[name] ?? ((variable && env[variable]?.trim()) || undefined);
        if (given === undefined)
            continue;
        const parsed = parseValue(option, given);
        if ('problem' in parsed)
            problems.push(`${shown(name)} ${parsed.problem}`);
        else
            flags[name] = parsed.value;
    }
    return { flags: flags, problems };
}
/**
 * A hook knows by MONGO_RELEASE_ID which release it is of. What it goes on to apply is not that one, which is at it meanwhile,
 * and refuses whoever comes with its id; probes and backups only name it.
 */
function isRunOfItsOwn(command, name, { MONGO_RELEASE_HOOK: hook }) {
    return name === 'release-id' && Boolean(hook) && command !== 'verify' && command !== 'backup';
}
/** A sentence, where that is what a key of the configuration file is called. */
function inFile(name) {
    const section = (0,_load_js__WEBPACK_IMPORTED_MODULE_2__/* .knownKeys */ .eE)([]).find((key) => (0,_load_js__WEBPACK_IMPORTED_MODULE_2__/* .knownKeys */ .eE)([key]).includes(name));
    return section && ` It is set in mongo-release.yml: ${section}.${name}.`;
}
/** Completes a sentence that begins with the name of what was given. */
const isEmpty = 'is empty: is the variable set that it comes from?';
function parseValue(option, given) {
    if (option.type === 'switch')
        return parseSwitch(given);
    if (option.type === 'list') {
        if (typeof given === 'boolean')
            return { problem: needsValue(option) };
        const items = typeof given === 'string'
            ? given
                .split(/[\n,]/)
                .map((item) => item.trim())
                .filter((item) => item !== '')
            : given.map((item) => item.trim());
        return items.length === 0 || items.includes('') ? { problem: isEmpty } : { value: items };
    }
    if (typeof given !== 'string')
        return { problem: needsValue(option) };
    const text = given.trim();
    if (text === '')
        return { problem: isEmpty };
    if (option.type === 'duration') {
        const ms = (0,_duration_js__WEBPACK_IMPORTED_MODULE_1__/* .parseDuration */ .E9)(text);
        return ms === undefined ? { problem: 'needs a length of time such as 30s or 10m.' } : { value: ms };
    }
    if (option.type === 'choice' && !option.choices?.includes(text)) {
        return { problem: `is one of ${option.choices?.join(', ')}.${(0,_nearest_js__WEBPACK_IMPORTED_MODULE_4__/* .didYouMean */ .a)(text, option.choices ?? [])}` };
    }
    if (option.form?.pattern.test(text) === false)
        return { problem: option.form.words };
    return { value: text };
}
function needsValue({ type, choices, value }) {
    if (type === 'duration')
        return 'needs a length of time such as 30s or 10m.';
    if (choices !== undefined)
        return `needs a value: one of ${choices.join(', ')}.`;
    return `needs a value${value === undefined ? '' : `: ${value}`}.`;
}
/** The words that YAML 1.2 and GitHub's own `getBooleanInput` know, and RUNNER_DEBUG's 1 and 0. */
function parseSwitch(given) {
    if (typeof given === 'boolean')
        return { value: given };
    const word = String(given).trim().toLowerCase();
    if (word === 'true' || word === '1')
        return { value: true };
    if (word === 'false' || word === '0')
        return { value: false };
    return { problem: 'is true or false.' };
}


/***/ }),

/***/ 34650:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   j: () => (/* binding */ checkAsked),
/* harmony export */   t: () => (/* binding */ resolveInvocation)
/* harmony export */ });
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(76760);
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(3510);
/* harmony import */ var _commands_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(79682);
/* harmony import */ var _flags_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(54597);
/* harmony import */ var _load_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(67608);
/* harmony import */ var _migrate_mongo_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(95798);
/* harmony import */ var _options_js__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(73508);
/* harmony import */ var _target_js__WEBPACK_IMPORTED_MODULE_7__ = __webpack_require__(14313);








/**
 * Turns what a door read into an invocation.
 *
 * Throws `USAGE` with everything that is wrong with flags and arguments at once, and what `loadConfig`,
 * `findMigrateMongo` and `resolveTarget` throw.
 */
async function resolveInvocation(asked) {
    const { command, env, cwd, secrets } = asked;
    const { flags, problems } = checkAsked(asked);
    if (problems.length > 0) {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_1__/* .ReleaseError */ .K('USAGE', problems.join('\n'), {
            hint: `Type mongo-release ${command} --help for its options.`,
        });
    }
    const migrateMongo = await (0,_migrate_mongo_js__WEBPACK_IMPORTED_MODULE_5__/* .findMigrateMongo */ .$f)({ ...asked, flags });
    const config = migrateMongo === undefined
        ? await (0,_load_js__WEBPACK_IMPORTED_MODULE_4__/* .loadConfig */ .Z9)(cwd, flags.config)
        : // Its relative paths start from the working folder, wherever the file is.
            { settings: (0,_migrate_mongo_js__WEBPACK_IMPORTED_MODULE_5__/* .migrateMongoSettings */ .dt)(migrateMongo, command), baseDir: cwd, file: migrateMongo.file };
    const store = flags.store === undefined ? fromBase(config.settings.backup.store, config.baseDir) : fromBase(flags.store, cwd);
    const target = () => migrateMongo === undefined
        ? (0,_target_js__WEBPACK_IMPORTED_MODULE_7__/* .resolveTarget */ .u1)(config.settings, flags, env, secrets)
        : (0,_migrate_mongo_js__WEBPACK_IMPORTED_MODULE_5__/* .migrateMongoTarget */ .ZP)(migrateMongo, flags, secrets);
    return {
        command,
        arguments: asked.arguments,
        flags,
        settings: config.settings,
        baseDir: config.baseDir,
        configFile: config.file,
        migrationsDir: flags['migrations-dir'] === undefined
            ? (0,node_path__WEBPACK_IMPORTED_MODULE_0__.resolve)(config.baseDir, config.settings.migrations.dir)
            : (0,node_path__WEBPACK_IMPORTED_MODULE_0__.resolve)(cwd, flags['migrations-dir']),
        store,
        target: _commands_js__WEBPACK_IMPORTED_MODULE_2__/* .commands */ .P[command].target && !flags.offline ? target() : undefined,
        migrateMongo,
    };
}
/** The flags with their types, and everything that is wrong with flags and arguments, before any file is read. */
function checkAsked({ command, arguments: given, raw, env, secrets, shown = quoted }) {
    // Before anything can fail: the text of a failure must not hold them.
    for (const [name, option] of Object.entries(_options_js__WEBPACK_IMPORTED_MODULE_6__/* .options */ .f)) {
        if (option.secret === undefined)
            continue;
        for (const address of [raw[name], option.env && env[option.env]]) {
            if (typeof address === 'string' && address !== '')
                secrets.addUri(address);
        }
    }
    const { flags, problems } = (0,_flags_js__WEBPACK_IMPORTED_MODULE_3__/* .parseFlags */ .b)(command, raw, env, shown);
    problems.push(...argumentProblems(command, given));
    if (flags.apply && flags['dry-run'])
        problems.push(`${shown('apply')} and ${shown('dry-run')} exclude each other.`);
    if (flags.to !== undefined && flags.name !== undefined)
        problems.push(`${shown('to')} and ${shown('name')} exclude each other.`);
    if (flags['then-migrate'] && flags.only !== undefined)
        problems.push(`${shown('then-migrate')} and ${shown('only')} exclude each other: some collections are at no position in history.`);
    if (raw.file && raw.config)
        problems.push(`${shown('file')} and ${shown('config')} exclude each other.`);
    if (flags.block && (flags.to !== undefined || given.length > 0))
        problems.push(`${shown('block')} and how far to go down exclude each other.`);
    return { flags, problems };
}
const quoted = (name) => `"${name}"`;
/** One letter before the colon is a drive of Windows; more is an address, also one that lost a slash. */
function fromBase(store, baseDir) {
    return store === undefined || /^[a-z][a-z0-9+.-]+:/i.test(store) ? store : (0,node_path__WEBPACK_IMPORTED_MODULE_0__.resolve)(baseDir, store);
}
function argumentProblems(command, given) {
    const expected = _commands_js__WEBPACK_IMPORTED_MODULE_2__/* .commands */ .P[command].arguments;
    const required = expected.filter((name) => !name.startsWith('['));
    if (given.length < required.length) {
        const missing = required.slice(given.length).join(' ');
        return [`${command} needs ${missing}${missing === 'BACKUP' ? ': mongo-release inspect lists what there is' : ''}.`];
    }
    const empty = expected.find((_, index) => given[index]?.trim() === '');
    if (empty !== undefined)
        return [`${empty.replaceAll(/[[\]]/g, '')} ${_flags_js__WEBPACK_IMPORTED_MODULE_3__/* .isEmpty */ .I}`];
    if (given.length > expected.length)
        return [`${command} does not know what to do with "${given[expected.length]}".`];
    return [];
}


/***/ }),

/***/ 67608:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Z9: () => (/* binding */ loadConfig),
/* harmony export */   eE: () => (/* binding */ knownKeys),
/* harmony export */   kL: () => (/* binding */ defaultFile)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var yaml__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(33483);
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(3510);
/* harmony import */ var _nearest_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(25492);
/* harmony import */ var _schema_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(371);






const defaultFile = 'mongo-release.yml';
/**
 * Reads and checks the configuration. Without `file`, `mongo-release.yml` in `cwd` is read where it exists.
 *
 * Throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID` with all that is wrong in one message.
 */
async function loadConfig(cwd, file) {
    const path = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.resolve)(cwd, file ?? defaultFile);
    const content = await readLayers(path, file !== undefined, []);
    if (content === undefined)
        return { settings: _schema_js__WEBPACK_IMPORTED_MODULE_4__/* .schema */ .wQ.parse({}), baseDir: cwd };
    const parsed = _schema_js__WEBPACK_IMPORTED_MODULE_4__/* .schema */ .wQ.safeParse(content);
    if (!parsed.success) {
        const problems = parsed.error.issues.flatMap((issue) => describeIssue(issue));
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_3__/* .ReleaseError */ .K('CONFIG_INVALID', `${path} is not valid:\n${problems.map((line) => `  ${line}`).join('\n')}`, {
            hint: 'Correct these keys; docs/configuration.md lists all of them.',
        });
    }
    return { settings: parsed.data, baseDir: (0,node_path__WEBPACK_IMPORTED_MODULE_1__.dirname)(path), file: path };
}
/** A file over the file that it extends: objects merge key by key, everything else is replaced. */
async function readLayers(path, required, above) {
    if (above.includes(path)) {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_3__/* .ReleaseError */ .K('CONFIG_INVALID', `${path} extends itself, by way of ${above.join(' and ')}.`, {
            hint: 'Remove one of the "extends" lines.',
        });
    }
    const text = await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)(path, 'utf8').catch((error) => {
        if (error.code === 'ENOENT' && !required)
            return undefined;
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_3__/* .ReleaseError */ .K('CONFIG_NOT_FOUND', `The configuration file ${path} cannot be read (${error.code}).`, {
            hint: above.length > 0 ? `Correct "extends" in ${above.at(-1)}.` : 'Correct --config.',
            cause: error,
        });
    });
    if (text === undefined)
        return undefined;
    const content = parseFile(path, text);
    const base = isRecord(content) ? content.extends : undefined;
    if (typeof base !== 'string')
        return content;
    const below = await readLayers((0,node_path__WEBPACK_IMPORTED_MODULE_1__.resolve)((0,node_path__WEBPACK_IMPORTED_MODULE_1__.dirname)(path), base), true, [...above, path]);
    return merge(below, content);
}
function parseFile(path, text) {
    try {
        return (0,yaml__WEBPACK_IMPORTED_MODULE_2__/* .parse */ .qg)(text) ?? {};
    }
    catch (error) {
        // An alias without its anchor, or one that multiplies without end, is a ReferenceError.
        if (!(error instanceof yaml__WEBPACK_IMPORTED_MODULE_2__/* .YAMLParseError */ .XT || error instanceof ReferenceError))
            throw error;
        const { code, line } = error instanceof yaml__WEBPACK_IMPORTED_MODULE_2__/* .YAMLParseError */ .XT
            ? { code: error.code, line: error.linePos?.[0].line }
            : { code: 'BAD_ALIAS', line: undefined };
        const where = line === undefined ? path : `${path}:${line}`;
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_3__/* .ReleaseError */ .K('CONFIG_INVALID', `${where} is not YAML (${code}).`, {
            hint: line === undefined
                ? 'Correct its aliases (*name): each needs its anchor (&name) above it.'
                : 'Correct that line.',
            cause: error,
        });
    }
}
function isRecord(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function merge(below, above) {
    if (!isRecord(below) || !isRecord(above))
        return above;
    const merged = { ...below };
    for (const [key, value] of Object.entries(above))
        merged[key] = merge(below[key], value);
    return merged;
}
function describeIssue(issue) {
    const at = issue.path.join('.');
    const prefix = at === '' ? '' : `${at}: `;
    if (issue.code === 'unrecognized_keys') {
        const known = knownKeys(issue.path);
        return issue.keys.map((key) => `${prefix}unknown key "${key}".${(0,_nearest_js__WEBPACK_IMPORTED_MODULE_5__/* .didYouMean */ .a)(key, known)}`);
    }
    // A probe is one of two shapes: say what is wrong with the one that was meant, not with both.
    if (issue.code === 'invalid_union') {
        const strangers = (branch) => branch.filter((inner) => inner.code === 'unrecognized_keys' && inner.path.length === 0).length;
        const nearest = [...issue.errors].sort((a, b) => strangers(a) - strangers(b))[0] ?? [];
        return nearest.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }));
    }
    return [`${prefix}${issue.message}`];
}
/** The keys that the schema knows at a path. */
function knownKeys(path) {
    let here = _schema_js__WEBPACK_IMPORTED_MODULE_4__/* .schema */ .wQ;
    for (const step of path)
        here = stepInto(unwrap(here), step);
    const end = unwrap(here);
    const shape = end?.shape;
    if (shape !== undefined)
        return Object.keys(shape);
    const choices = end?.options ?? [];
    return [...new Set(choices.flatMap((choice) => Object.keys(choice.shape ?? {})))];
}
function unwrap(node) {
    const inner = node?.def;
    const next = inner?.innerType ?? inner?.in;
    return next === undefined ? node : unwrap(next);
}
function stepInto(node, step) {
    const { shape, def, options } = (node ?? {});
    if (shape !== undefined)
        return shape[String(step)];
    if (options !== undefined)
        return options.find((choice) => choice.shape && String(step) in choice.shape)?.shape?.[String(step)];
    return def?.element ?? def?.valueType;
}


/***/ }),

/***/ 95798:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $f: () => (/* binding */ findMigrateMongo),
/* harmony export */   ZP: () => (/* binding */ migrateMongoTarget),
/* harmony export */   dt: () => (/* binding */ migrateMongoSettings),
/* harmony export */   o9: () => (/* binding */ migrateMongoFile)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_6__ = __webpack_require__(43045);
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(3510);
/* harmony import */ var _load_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(67608);
/* harmony import */ var _schema_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(371);
/* harmony import */ var _target_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(14313);







/** The file that migrate-mongo looks for in the working folder; every other name has to be given with --file. */
const migrateMongoFile = 'migrate-mongo-config.js';
const text = zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP().min(1);
/** Keys that migrate-mongo does not know either are let through: its own configurations hold some from older versions. */
const shape = zod__WEBPACK_IMPORTED_MODULE_6__/* .looseObject */ ._H3({
    mongodb: zod__WEBPACK_IMPORTED_MODULE_6__/* .looseObject */ ._H3({
        url: zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP().optional(),
        databaseName: text.nullish(),
        options: zod__WEBPACK_IMPORTED_MODULE_6__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_6__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_6__/* .unknown */ .L5J()).nullish(),
    }),
    migrationsDir: text.nullish(),
    migrationFileExtension: text.startsWith('.', 'migrationFileExtension must start with a dot').nullish(),
    changelogCollectionName: text.default('changelog'),
    lockCollectionName: text.nullish(),
    lockTtl: zod__WEBPACK_IMPORTED_MODULE_6__/* .number */ .aig().nullish(),
    useFileHash: zod__WEBPACK_IMPORTED_MODULE_6__/* .unknown */ .L5J().optional(),
    moduleSystem: zod__WEBPACK_IMPORTED_MODULE_6__/* ["enum"] */ .k5n(['commonjs', 'esm']).default('commonjs'),
});
/** Options of older drivers that the newer ones refuse, and that change nothing there. */
const outdated = ['useNewUrlParser', 'useUnifiedTopology', 'useCreateIndex', 'useFindAndModify', 'keepAlive'];
/**
 * The migrate-mongo project that a command is about: the one of --file, else the one of the working folder where
 * nothing is said of a configuration of ours (no mongo-release.yml, --config or --target). Undefined where there is none.
 *
 * Throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID`; every secret in it is added to `secrets` first.
 */
async function findMigrateMongo(looking) {
    const { command, flags, cwd, secrets, loadModule } = looking;
    if (command === 'init' || loadModule === undefined)
        return undefined;
    const file = (0,node_path__WEBPACK_IMPORTED_MODULE_1__.resolve)(cwd, flags.file ?? migrateMongoFile);
    if (flags.file === undefined) {
        if (flags.config !== undefined || flags.target !== undefined)
            return undefined;
        if ((await exists((0,node_path__WEBPACK_IMPORTED_MODULE_1__.resolve)(cwd, _load_js__WEBPACK_IMPORTED_MODULE_3__/* .defaultFile */ .kL))) || !(await exists(file)))
            return undefined;
    }
    else if (!(await exists(file))) {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_2__/* .ReleaseError */ .K('CONFIG_NOT_FOUND', `config file does not exist: ${file}`, { hint: 'Correct --file.' });
    }
    const { value, ignored } = await loadModule(file, cwd);
    return understand(file, value, ignored, flags, secrets);
}
function understand(file, value, ignored, flags, secrets) {
    const parsed = shape.safeParse(value);
    if (!parsed.success) {
        const problems = parsed.error.issues.map(({ path, message }) => `  ${[...path.map(String), message].join(': ')}`);
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_2__/* .ReleaseError */ .K('CONFIG_INVALID', `${file} is no configuration of migrate-mongo:\n${problems.join('\n')}`, {
            hint: 'Correct these keys; docs/migrate-mongo.md lists those that count.',
        });
    }
    const { mongodb, ...config } = parsed.data;
    secrets.addUri(mongodb.url);
    addSecrets(mongodb.options, secrets);
    if (ignored.some((key) => key.startsWith('mongodb.'))) {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_2__/* .ReleaseError */ .K('CONFIG_INVALID', `${file}: a function stands in ${ignored.join(', ')}.`, {
            hint: 'Say the same in the connection string or with plain values: the configuration runs in a process of its own.',
        });
    }
    const locks = config.lockCollectionName && !((config.lockTtl ?? 1) <= 0);
    return {
        file,
        migrationsDir: flags['migrations-dir'] ?? config.migrationsDir ?? 'migrations',
        extension: config.migrationFileExtension ?? '.js',
        moduleSystem: config.moduleSystem,
        changelog: config.changelogCollectionName,
        lock: locks ? (config.lockCollectionName ?? undefined) : undefined,
        useFileHash: config.useFileHash === true,
        url: mongodb.url || undefined,
        databaseName: mongodb.databaseName ?? undefined,
        driverOptions: Object.fromEntries(Object.entries(mongodb.options ?? {}).filter(([key]) => !outdated.includes(key))),
    };
}
/** migrate-mongo knows of no rehearsal: `up` has none unless it is asked for. The other commands are ours. */
function migrateMongoSettings(project, command) {
    return _schema_js__WEBPACK_IMPORTED_MODULE_4__/* .schema */ .wQ.parse({
        migrations: { dir: project.migrationsDir },
        rehearsal: { level: command === 'up' ? 'none' : 'full' },
    });
}
/**
 * The database that the configuration names; flags go before it. MONGODB_URI does not: the file says itself which
 * variables it reads.
 *
 * Throws `URI_MISSING`, `URI_INVALID`.
 */
function migrateMongoTarget(project, flags, secrets) {
    secrets.addUri(flags.uri);
    secrets.addUri(flags['read-uri']);
    const uri = flags.uri ?? project.url ?? flags['read-uri'];
    if (!uri) {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_2__/* .ReleaseError */ .K('URI_MISSING', `No \`url\` defined in config file! (${project.file})`, {
            hint: 'Set mongodb.url there, or the environment variable that it reads.',
        });
    }
    for (const given of [uri, flags['read-uri']])
        if (given)
            (0,_target_js__WEBPACK_IMPORTED_MODULE_5__/* .checkUri */ .hH)(given);
    const configured = uri === project.url;
    return {
        name: 'default',
        uri,
        readUri: flags['read-uri'],
        // Where neither names one, drivers take "test", and so does migrate-mongo.
        database: flags.database ?? project.databaseName ?? (configured && !/:\/\/[^/]+\/[^?]/.test(uri) ? 'test' : undefined),
        environment: flags.environment ?? 'development',
        driverOptions: configured ? project.driverOptions : undefined,
    };
}
function exists(path) {
    return (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.access)(path).then(() => true, () => false);
}
/** Passwords may stand in the driver's options too, at any depth. */
function addSecrets(value, secrets, key = '') {
    if (typeof value === 'string' && /pass|secret|token|key$/i.test(key))
        secrets.add(value);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value))
        return;
    for (const [name, inner] of Object.entries(value))
        addSecrets(inner, secrets, name);
}


/***/ }),

/***/ 25492:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   a: () => (/* binding */ didYouMean),
/* harmony export */   p: () => (/* binding */ nearest)
/* harmony export */ });
/** The known word that is nearest to a mistyped one; undefined when none is near enough to be meant. */
function nearest(word, known) {
    let best;
    let least = Math.max(2, Math.floor(word.length / 3)) + 1;
    for (const candidate of known) {
        const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
        if (distance < least)
            [best, least] = [candidate, distance];
    }
    return best;
}
/** `did you mean X?` with a leading space, or nothing. `shown` writes X as it is typed. */
function didYouMean(word, known, shown = (near) => near) {
    const near = nearest(word, known);
    return near === undefined ? '' : ` Did you mean ${shown(near)}?`;
}
function editDistance(a, b) {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const same = a[i - 1] === b[j - 1] ? 0 : 1;
            next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}


/***/ }),

/***/ 73508:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   f: () => (/* binding */ options)
/* harmony export */ });
/* harmony import */ var _schema_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(371);

const options = {
    target: {
        type: 'text',
        value: 'NAME',
        env: 'MONGO_RELEASE_TARGET',
        help: 'The target to act on, by its name in the configuration file.',
    },
    uri: {
        type: 'text',
        value: 'URI',
        secret: 'uri',
        help: 'Connection string of the target. Better: MONGODB_URI, or the variable that the configuration names.',
    },
    'read-uri': {
        type: 'text',
        value: 'URI',
        secret: 'uri',
        help: 'Connection string that only reads, for everything but apply, restore and rollback.',
    },
    database: { type: 'text', value: 'NAME', help: "Name of the database; without it the connection string's own." },
    environment: {
        type: 'choice',
        choices: _schema_js__WEBPACK_IMPORTED_MODULE_0__/* .environments */ .dT,
        help: 'What the target is: production asks for more before it is changed.',
    },
    config: {
        type: 'text',
        value: 'FILE',
        env: 'MONGO_RELEASE_CONFIG',
        help: 'Configuration file. Default mongo-release.yml, where it exists.',
    },
    file: {
        type: 'text',
        value: 'FILE',
        short: 'f',
        terminalOnly: true,
        help: 'Configuration of migrate-mongo. Default migrate-mongo-config.js, where it exists and mongo-release.yml does not.',
    },
    'migrations-dir': { type: 'text', value: 'DIR', help: 'Folder of the migration files. Default migrations.' },
    store: {
        type: 'text',
        value: 'STORE',
        env: 'MONGO_RELEASE_STORE',
        help: 'Where backups are kept: a folder, or s3://BUCKET/PREFIX.',
    },
    recipient: {
        type: 'list',
        value: 'KEY',
        help: 'Encrypt the backup to this public key of age (age1…); may be given several times.',
    },
    identity: {
        type: 'text',
        value: 'FILE',
        terminalOnly: true,
        help: 'File with the identity of age that encrypted backups are read with. Without it MONGO_RELEASE_IDENTITY holds it.',
    },
    'release-id': {
        type: 'text',
        value: 'ID',
        env: 'MONGO_RELEASE_ID',
        help: 'The release that this belongs to; without it a new one.',
    },
    json: { type: 'switch', terminalOnly: true, help: 'Write one JSON document to standard output.' },
    summary: {
        type: 'text',
        value: 'FILE',
        terminalOnly: true,
        help: "Write what is printed to this file, as the Markdown of an action's summary; for a pull request or a chat.",
    },
    debug: { type: 'switch', env: 'RUNNER_DEBUG', help: 'Say more, with the causes of errors.' },
    'show-values': {
        type: 'switch',
        terminalOnly: true,
        help: "Show what migrations print, and their errors' full text. On a terminal only.",
    },
    check: {
        type: 'switch',
        help: 'Exit with 3 when migrations are pending, with 8, 9 or 10 when a release or a rollback did not come to its end.',
    },
    offline: { type: 'switch', help: 'Look at the files only: what is pending is unknown.' },
    out: { type: 'text', value: 'FILE', help: 'Write the plan, or what audit lists, to this file.' },
    since: {
        type: 'text',
        value: 'DATE',
        help: 'Only what happened since this day or moment, such as 2026-03-01, or within this time, such as 30d.',
    },
    sarif: { type: 'text', value: 'FILE', help: 'Write the findings to this file, as SARIF.' },
    'dry-run': { type: 'switch', help: 'Change nothing: rehearse in a sandbox, or say what would be done.' },
    apply: { type: 'switch', help: 'Change the target. Without it nothing is changed.' },
    to: {
        type: 'text',
        value: 'NAME',
        help: 'The last migration that is to be applied; with down, the last that stays.',
    },
    block: {
        type: 'switch',
        short: 'b',
        terminalOnly: true,
        help: 'Everything that was applied together with the last migration.',
    },
    module: {
        type: 'choice',
        choices: ['commonjs', 'esm'],
        short: 'm',
        terminalOnly: true,
        help: 'How the files of the project are written. Default commonjs.',
    },
    name: { type: 'text', value: 'NAME', help: 'This migration alone.' },
    phase: { type: 'choice', choices: ['before-deploy', 'after-deploy'], help: 'Only what belongs to this phase.' },
    plan: { type: 'text', value: 'FILE', help: 'Apply exactly this plan, or refuse.' },
    digest: {
        type: 'text',
        value: 'DIGEST',
        help: 'Apply exactly the plan of this digest (its first 12 characters are enough), or refuse.',
    },
    backup: {
        type: 'text',
        value: 'BACKUP',
        help: 'Rehearse on this backup, and apply only while the history stands where it stood then. With drill: this one instead of the newest.',
    },
    wait: {
        type: 'duration',
        value: 'DURATION',
        help: 'How long to wait for the lease; a release also for another one that deploys. Default 0s.',
    },
    rehearsal: {
        type: 'choice',
        choices: _schema_js__WEBPACK_IMPORTED_MODULE_0__/* .rehearsalLevels */ .H0,
        help: 'Rehearse before applying: on all of the data, on a sample, or not at all. Default full.',
    },
    'waive-rehearsal': {
        type: 'text',
        value: 'REASON',
        help: 'Apply to production without a full rehearsal, and why, in 10 characters or more; kept in the record.',
    },
    engine: {
        type: 'choice',
        choices: _schema_js__WEBPACK_IMPORTED_MODULE_0__/* .engines */ .sP,
        help: 'Who takes the backup: this program, mongodump on PATH, or Atlas by a snapshot of the whole cluster. Default built-in.',
    },
    compression: { type: 'choice', choices: ['zstd', 'gzip', 'none'], help: 'Compression of the archive. Default zstd.' },
    consistency: {
        type: 'choice',
        choices: _schema_js__WEBPACK_IMPORTED_MODULE_0__/* .consistencies */ .bk,
        help: 'All collections as they were at one moment, or each as it was when it was read. Default snapshot; on a standalone server, which has none, per-collection.',
    },
    into: { type: 'text', value: 'DATABASE', help: 'Restore into this database instead of the one that was backed up.' },
    only: { type: 'list', value: 'COLLECTION', help: 'Restore this collection only; may be given several times.' },
    'keep-added': {
        type: 'switch',
        help: 'Keep the collections that the backup does not hold. Default no; yes with an archive of mongodump, which may be of a part of the database.',
    },
    'then-migrate': {
        type: 'switch',
        help: 'Apply what is pending afterwards, as migrate --apply does: an old backup comes to the schema of today.',
    },
    yes: { type: 'switch', help: 'Do not ask: a person has looked, and says yes. Needed where nobody can answer.' },
    'accept-loss': {
        type: 'text',
        value: 'N',
        form: { pattern: /^(\d+|unknown)$/, words: 'is a whole number, such as 120, or unknown.' },
        help: 'How many writes of users a rollback by restore may lose, or unknown. A dry run says how many there are.',
    },
    'erase-cluster': {
        type: 'text',
        value: 'CLUSTER',
        help: 'Name of the cluster of Atlas that may be erased: needed where nobody can answer and the backup is its snapshot.',
    },
    'on-failure': {
        type: 'choice',
        choices: ['stop', 'rollback'],
        help: 'What to do when something fails after the first change. Default stop.',
    },
    strategy: { type: 'choice', choices: ['auto', 'undo', 'down', 'restore'], help: 'The way back. Default auto.' },
    'start-traffic': {
        type: 'switch',
        help: 'Only let users in whom a rollback has shut out. Typed without this, it goes on with what else is left.',
    },
    reason: {
        type: 'text',
        value: 'TEXT',
        help: 'Why; kept in the record. In production restore, rollback and down need it.',
    },
    'sandbox-uri': {
        type: 'text',
        value: 'URI',
        env: 'MONGO_RELEASE_SANDBOX_URI',
        secret: 'uri',
        help: 'An empty, marked MongoDB to rehearse in, instead of one started here.',
    },
    mongod: { type: 'text', value: 'FILE', env: 'MONGO_RELEASE_MONGOD', help: 'The mongod to run sandboxes with.' },
};


/***/ }),

/***/ 371:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   H0: () => (/* binding */ rehearsalLevels),
/* harmony export */   MG: () => (/* binding */ compressions),
/* harmony export */   bk: () => (/* binding */ consistencies),
/* harmony export */   dT: () => (/* binding */ environments),
/* harmony export */   sP: () => (/* binding */ engines),
/* harmony export */   wQ: () => (/* binding */ schema)
/* harmony export */ });
/* unused harmony export probe */
/* harmony import */ var zod__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(43045);
/* harmony import */ var _duration_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(79716);


/**
 * The one schema of `mongo-release.yml`. `schema/mongo-release.schema.json` is generated from it, and so is the
 * table in docs/configuration.md; the doors' flags and inputs override what it yields (see options.ts).
 */
const envName = zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write the name of an environment variable, not its value');
const environments = ['local', 'development', 'staging', 'production'];
const target = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    'uri-env': envName.describe('Environment variable that holds the connection string.'),
    'read-uri-env': envName
        .optional()
        .describe('The same for a credential that only reads: used for everything but apply, restore and rollback.'),
    database: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1).optional().describe("Name of the database; without it the connection string's own."),
    environment: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(environments)
        .optional()
        .describe("What the target is. Default the target's name where that is one of these words, else development."),
});
const about = {
    name: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1),
    phase: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(['before-deploy', 'after-deploy'])
        .optional()
        .describe('Only in this phase; without it in both. After a rollback those of after-deploy are left out.'),
};
const attempts = {
    timeout: _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .timeLimit */ .zc.optional().describe('Time limit of one attempt. Default 10s.'),
    retries: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig().int().min(0).max(100).optional().describe('Further attempts after a failed one. Default 3.'),
    interval: _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .timeLimit */ .zc.optional().describe('Pause between two attempts. Default 2s.'),
};
const httpProbe = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    ...about,
    http: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        'url-env': envName.optional().describe('Environment variable that holds the address.'),
        url: zod__WEBPACK_IMPORTED_MODULE_1__/* .url */ .OZ5({ protocol: /^https?$/ }).optional(),
        path: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().startsWith('/').optional(),
        status: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig().int().min(100).max(599).default(200),
        'body-contains': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('Text that the body must contain.'),
    })
        .refine((probe) => (probe.url === undefined) !== (probe['url-env'] === undefined), {
        message: 'name either url or url-env',
    }),
    ...attempts,
});
const document = zod__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP(), zod__WEBPACK_IMPORTED_MODULE_1__/* .unknown */ .L5J());
const mongoProbe = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    ...about,
    mongo: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        collection: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1),
        filter: document.optional().describe('Extended JSON is understood, for example {"$oid": "…"}.'),
        aggregate: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(document)
            .optional()
            .describe('A pipeline that only reads; `count` or `exists` are about its results.'),
        count: zod__WEBPACK_IMPORTED_MODULE_1__/* .union */ .KCZ([
            zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig().int().min(0),
            zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({ min: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig().int().min(0).optional(), max: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig().int().min(0).optional() }),
        ])
            .optional(),
        exists: zod__WEBPACK_IMPORTED_MODULE_1__/* .boolean */ .zMY().optional(),
    })
        .refine((probe) => (probe.count === undefined) !== (probe.exists === undefined), {
        message: 'name either count or exists',
    })
        .refine((probe) => !(probe.filter && probe.aggregate), { message: 'name either filter or aggregate' }),
    ...attempts,
});
const probe = zod__WEBPACK_IMPORTED_MODULE_1__/* .union */ .KCZ([httpProbe, mongoProbe]);
const s3 = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    endpoint: zod__WEBPACK_IMPORTED_MODULE_1__/* .url */ .OZ5({ protocol: /^https?$/ })
        .optional()
        .describe('Address of a server that speaks S3. Default Amazon S3.'),
    region: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
        .min(1)
        .optional()
        .describe('Region of the bucket. Default what the environment says (AWS_REGION).'),
    'path-style': zod__WEBPACK_IMPORTED_MODULE_1__/* .boolean */ .zMY()
        .optional()
        .describe('The bucket in the path instead of the host name. Default where an endpoint is given.'),
    'server-side-encryption': zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(['AES256', 'aws:kms'])
        .optional()
        .describe('How the server encrypts what it keeps. Default as the bucket is set up.'),
    'kms-key': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1).optional().describe("Key of aws:kms. Default the account's own."),
})
    .describe('A bucket that the environment, as Amazon describes it, does not say everything about.');
const atlas = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    project: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
        .regex(/^[0-9a-f]{24}$/, 'the id of a project is 24 hex digits')
        .optional()
        .describe('Id of the project in Atlas.'),
    cluster: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1).optional().describe('Name of the cluster that the target is in.'),
    'retention-days': zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig()
        .int()
        .min(1)
        .default(7)
        .describe('How long Atlas keeps a snapshot that was taken for a backup.'),
    'time-limit': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .timeLimit */ .zc
        .default(7_200_000)
        .describe('Time limit of a snapshot, and of a restore, with the wait for another one that is under way.'),
    'client-id-env': envName
        .default('MONGODB_ATLAS_CLIENT_ID')
        .describe('Environment variable that holds the client id of a service account.'),
    'client-secret-env': envName
        .default('MONGODB_ATLAS_CLIENT_SECRET')
        .describe('Environment variable that holds its client secret.'),
    api: zod__WEBPACK_IMPORTED_MODULE_1__/* .url */ .OZ5()
        .refine((url) => /^(https:|http:\/\/(127\.0\.0\.1|localhost)[:/])/.test(url), {
        message: 'the address begins with https://',
    })
        .default('https://cloud.mongodb.com')
        .describe('Address of the Administration API.'),
})
    .describe('The cluster whose snapshots the engine atlas takes and restores.');
/** Who takes a backup. */
const engines = ['built-in', 'mongodump', 'atlas'];
const compressions = ['zstd', 'gzip', 'none'];
/** `per-collection`: every collection as it was when it was read. */
const consistencies = ['snapshot', 'per-collection'];
const rehearsalLevels = ['full', 'sample', 'none'];
const schema = zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
    extends: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('Another file, relative to this one, whose settings this one refines.'),
    targets: zod__WEBPACK_IMPORTED_MODULE_1__/* .record */ .g1P(zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().regex(/^[a-z0-9][a-z0-9-]*$/, 'a name has small letters, digits and hyphens'), target)
        .default({}),
    migrations: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        dir: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().default('migrations').describe('Folder of the migration files, relative to this file.'),
        models: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('Module that exports the Mongoose models, relative to this file.'),
        import: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(['native', 'tsx'])
            .default('native')
            .describe("How .ts files are loaded: types stripped by Node, or by the project's own tsx (enums, path aliases)."),
        'time-limit': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .timeLimit */ .zc.default(3_600_000).describe('Time limit of one migration.'),
        journal: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(['images', 'operations'])
            .default('images')
            .describe('What is kept of each write: the documents before and after it, so that it can be undone, or the operation alone, so that a run can be taken up again.'),
        throttle: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
            'max-lag': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .duration */ .p0
                .default(10_000)
                .describe('How far a secondary may be behind before a migration waits between two batches; what it is delayed by on purpose does not count.'),
            'server-load': zod__WEBPACK_IMPORTED_MODULE_1__/* .boolean */ .zMY()
                .default(true)
                .describe('Wait, too, while the primary writes its cache out or has no turns left for writers.'),
            'max-pause': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .timeLimit */ .zc
                .default(60_000)
                .describe('After so long a pause one batch goes through: slow is better than never.'),
        })
            .prefault({}),
    })
        .prefault({}),
    backup: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        store: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
            .optional()
            .describe('Where backups are kept: a folder, relative to this file, or s3://BUCKET/PREFIX.'),
        s3: s3.prefault({}),
        engine: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(engines)
            .default('built-in')
            .describe('Who takes a backup: this program, the tool mongodump on PATH, or Atlas by a snapshot of the whole cluster.'),
        atlas: atlas.prefault({}),
        consistency: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(consistencies)
            .optional()
            .describe('All collections as they were at one moment, or each as it was when it was read. Default snapshot; on a standalone server, which has none, per-collection.'),
        compression: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(compressions).default('zstd'),
        recipients: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().startsWith('age1', 'a recipient is a public key that begins with age1'))
            .default([])
            .describe('Public keys of age (age1…): only who has the identity of one of them can read a backup.'),
        'identity-env': envName
            .default('MONGO_RELEASE_IDENTITY')
            .describe('Environment variable that holds the identity (AGE-SECRET-KEY-1…) that encrypted backups are read with.'),
        keep: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig()
            .int()
            .min(1)
            .optional()
            .describe('How many backups of a target are kept: after a new one the oldest are removed. Default all.'),
        'keep-for': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .duration */ .p0
            .optional()
            .describe('How long backups are kept, such as 90d: after a new one older ones are removed. Default for ever.'),
    })
        .prefault({}),
    rehearsal: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        level: zod__WEBPACK_IMPORTED_MODULE_1__/* ["enum"] */ .k5n(rehearsalLevels)
            .default('full')
            .describe('On all of the data, on a sample that keeps references, or not at all. Where all of it does not fit on the disk, a sample is taken; below 350 MB nothing fits (SANDBOX_TOO_SMALL). Production is applied with a full rehearsal, its proof, or a waiver.'),
        sample: zod__WEBPACK_IMPORTED_MODULE_1__/* .number */ .aig()
            .int()
            .min(1)
            .default(1000)
            .describe('How many documents of each collection a sample has, beside those that they refer to.'),
        'max-age': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .duration */ .p0
            .default(86_400_000)
            .describe('How old the data of a rehearsal may be when its proof is used, and a backup that an apply relies on without --backup.'),
        mongod: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('Path of the mongod to run sandboxes with.'),
    })
        .prefault({}),
    drill: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        'recovery-time': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .duration */ .p0
            .optional()
            .describe('How long a drill may take to bring the newest backup back; without it that is only measured.'),
        'recovery-point': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .duration */ .p0
            .optional()
            .describe('How old the data of the newest backup may be at a drill; without it that is only measured.'),
    })
        .prefault({}),
    lease: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        ttl: _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .timeLimit */ .zc
            .default(30_000)
            .refine((ms) => ms >= 3000, { message: 'a lease lives 3s or more' })
            .describe('Since the last heartbeat; 3s or more.'),
    })
        .prefault({}),
    probes: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(probe).default([]),
    guards: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        'replica-lag': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .duration */ .p0
            .optional()
            .describe('Highest lag of a secondary at which a release may start; without it that is not looked at.'),
        'oplog-window': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .duration */ .p0
            .optional()
            .describe('Least time that the oplog must reach back; without it that is not looked at.'),
    })
        .prefault({}),
    hooks: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        deploy: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('Command that deploys the application, between apply and verify.'),
        'rollback-app': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().optional().describe('Command that brings the last good application back.'),
        'stop-traffic': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
            .optional()
            .describe('Command that keeps users from writing, before the data of a release are taken back.'),
        'start-traffic': zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
            .optional()
            .describe('Command that lets users in again, once everything else of a rollback is done.'),
        'undo-under-traffic': zod__WEBPACK_IMPORTED_MODULE_1__/* .boolean */ .zMY()
            .default(false)
            .describe('An undo loses no write of users: whether traffic is left alone where that is the way back.'),
        reconcile: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
            name: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
                .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$/, 'letters, digits, spaces, dots, hyphens; up to 60'),
            run: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP().min(1).describe('The command. It may run twice, and does no harm then.'),
        }))
            .default([])
            .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
            message: 'each has a name of its own',
        })
            .describe('Commands that put right, one after the other, what a rollback leaves inconsistent elsewhere.'),
        env: zod__WEBPACK_IMPORTED_MODULE_1__/* .array */ .YOg(envName)
            .default([])
            .describe('Environment variables that hooks get, beside a short list such as PATH and HOME.'),
        'time-limit': _duration_js__WEBPACK_IMPORTED_MODULE_0__/* .timeLimit */ .zc.default(600_000).describe('Time limit of one hook.'),
    })
        .prefault({}),
    collections: zod__WEBPACK_IMPORTED_MODULE_1__/* .strictObject */ .rej({
        prefix: zod__WEBPACK_IMPORTED_MODULE_1__/* .string */ .YjP()
            .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/)
            .default('_mongo_release')
            .describe('Prefix of the collections that mongo-release keeps in a target.'),
    })
        .prefault({}),
});


/***/ }),

/***/ 14313:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   hH: () => (/* binding */ checkUri),
/* harmony export */   sn: () => (/* binding */ configuredTarget),
/* harmony export */   u1: () => (/* binding */ resolveTarget)
/* harmony export */ });
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3510);
/* harmony import */ var _nearest_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(25492);
/* harmony import */ var _schema_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(371);



/** What the target is called where the configuration names none, also to hooks: what these run may ask for it by that. */
const nameless = 'default';
/** Which target of the configuration is meant, without its address. Throws `USAGE`, `CONFIG_INVALID`. */
function configuredTarget(settings, flags) {
    const names = Object.keys(settings.targets);
    const asked = names.length === 0 && flags.target === nameless ? undefined : flags.target;
    const name = asked ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined && names.length > 1 && flags.uri === undefined) {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K('USAGE', `The configuration names several targets: ${names.join(', ')}.`, {
            hint: `Say which: --target ${names[0]}`,
        });
    }
    // A name such as "constructor" is on every object.
    const configured = name !== undefined && Object.hasOwn(settings.targets, name) ? settings.targets[name] : undefined;
    if (asked !== undefined && configured === undefined) {
        const known = names.length > 0 ? `the configuration names ${names.join(', ')}` : 'the configuration names no targets';
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K('USAGE', `There is no target "${asked}": ${known}.${(0,_nearest_js__WEBPACK_IMPORTED_MODULE_2__/* .didYouMean */ .a)(asked, names)}`, {
            hint: names.length > 0
                ? `Say which: --target ${names[0]}`
                : 'Leave --target out, or add it under "targets" in mongo-release.yml.',
        });
    }
    return { name, configured, environment: flags.environment ?? (configured && environmentOf(name, configured)) };
}
/** Of a target whose name is one of the four words, that; a name that only sounds like production is never less than asked. */
function environmentOf(name = '', { environment }) {
    const said = environment ?? _schema_js__WEBPACK_IMPORTED_MODULE_1__/* .environments */ .dT.find((word) => word === name);
    if (said !== undefined)
        return said;
    if (!/prod|\b(prd|live)\b/.test(name))
        return 'development';
    throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K('CONFIG_INVALID', `The name of target ${name} sounds like production, and its environment is not said.`, {
        hint: `Write targets.${name}.environment: production in mongo-release.yml, or what it is; --environment says it for once.`,
    });
}
/**
 * The target that is meant. MONGODB_URI counts only where the file names no targets: with several of them it would
 * silently replace the one that was asked for.
 *
 * Throws `USAGE`, `CONFIG_INVALID`, `URI_MISSING`, `URI_INVALID`; its addresses are added to `secrets` first.
 */
function resolveTarget(settings, flags, env, secrets) {
    const { name, configured, environment = 'development' } = configuredTarget(settings, flags);
    const uriEnv = configured?.['uri-env'] ?? 'MONGODB_URI';
    const readEnv = configured ? configured['read-uri-env'] : 'MONGODB_READ_URI';
    const uri = flags.uri ?? env[uriEnv];
    const readUri = flags['read-uri'] ?? (flags.uri === undefined && readEnv !== undefined ? env[readEnv] : undefined);
    secrets.addUri(uri);
    secrets.addUri(readUri);
    // A job that only reads may have been given nothing but the credential that reads.
    const address = uri || readUri;
    if (!address) {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K('URI_MISSING', `No address of ${configured ? `target ${name}` : 'a database'}: ${uriEnv} is not set.`, {
            hint: `Set ${uriEnv} to the connection string, for example mongodb://user:password@host/shop.`,
        });
    }
    for (const given of [address, readUri])
        if (given)
            checkUri(given);
    return {
        name: name ?? nameless,
        uri: address,
        readUri: readUri || undefined,
        database: flags.database ?? configured?.database,
        environment,
    };
}
/** Throws `URI_INVALID`. */
function checkUri(uri) {
    if (/^mongodb(\+srv)?:\/\/[^/?\s]+/.test(uri))
        return;
    throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K('URI_INVALID', 'The connection string does not begin with mongodb:// or mongodb+srv:// and a host.', {
        hint: 'Write it as mongodb://user:password@host:port/database, with @ : / % in the password percent-encoded.',
    });
}


/***/ }),

/***/ 1950:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   f: () => (/* binding */ toolVersion)
/* harmony export */ });
/** The version in package.json; `npm run generate` writes it here and `npm run check` compares. */
const toolVersion = '0.1.0';


/***/ }),

/***/ 54606:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   w: () => (/* binding */ describeCauses)
/* harmony export */ });
/**
 * The chain of an error's causes with their stack traces, for `--debug`. What a server or a parser says may quote a
 * document, also to somebody who debugs: of those the message is left out, and name, code and places stay.
 */
function describeCauses(error) {
    const chain = [];
    for (let cause = error; cause instanceof Error && chain.length < 10; cause = cause.cause)
        chain.push(describe(cause));
    return chain.join('\ncaused by ');
}
function describe(error) {
    const { code, codeName } = error;
    const quotes = typeof code === 'number' || error.name === 'MongoBulkWriteError' || error instanceof SyntaxError;
    if (!quotes)
        return error.stack ?? String(error);
    const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
    const known = [code, codeName].filter((part) => part !== undefined).join(' ');
    return [`${error.name}${known === '' ? '' : ` ${known}`} (its message may hold values)`, ...frames].join('\n');
}


/***/ }),

/***/ 91405:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   f: () => (/* binding */ errorCodes)
/* harmony export */ });
/**
 * Every stable error code, with its exit code and what it means. `docs/errors.md` is generated from this table.
 *
 * A code never changes its meaning; a new cause gets a new code. Exit codes are the contract's.
 */
const errorCodes = {
    UNEXPECTED: { exit: 1, meaning: 'A defect of mongo-release itself.' },
    USAGE: { exit: 2, meaning: 'A flag, input or argument is missing, unknown or malformed.' },
    CONFIG_INVALID: { exit: 2, meaning: 'The configuration file does not fit its schema.' },
    CONFIG_NOT_FOUND: { exit: 2, meaning: 'The named configuration file does not exist.' },
    URI_MISSING: { exit: 2, meaning: 'No address of a database was given.' },
    URI_INVALID: { exit: 2, meaning: 'The address of the database is not a MongoDB connection string.' },
    DATABASE_MISSING: { exit: 2, meaning: 'Neither the address nor a flag names a database.' },
    RUNTIME_TOO_OLD: { exit: 2, meaning: 'The Node version is older than the program needs.' },
    MIGRATIONS_DIR_MISSING: { exit: 2, meaning: 'The folder of migrations does not exist or cannot be read.' },
    MIGRATION_DUPLICATE: { exit: 2, meaning: 'Two migration files have the same name and differ in extension only.' },
    NO_LATER_NAME: { exit: 2, meaning: 'No new migration can be named by a time after that of one which is there.' },
    PROJECT_EXISTS: { exit: 2, meaning: 'A project is set up in this folder already, and is left as it is.' },
    MIGRATION_UNKNOWN: { exit: 2, meaning: 'No migration has the name that was given.' },
    MIGRATION_NOT_APPLIED: { exit: 2, meaning: 'The named migration is not applied, so it cannot be gone down to.' },
    PLAN_FILE_INVALID: { exit: 2, meaning: 'The named plan file is missing, or is no plan of mongo-release.' },
    PLAN_MOVED: { exit: 5, meaning: 'What would be applied is no longer what was planned or asked for.' },
    IRREVERSIBLE: { exit: 5, meaning: 'A migration on the way down cannot be undone.' },
    DOWN_BLOCKED: { exit: 5, meaning: 'Later migrations stand on what should be taken back.' },
    HISTORY_CONFLICT: {
        exit: 5,
        meaning: 'A record of the history, or a release or a rollback on record, is not in the state that the next step needs.',
    },
    CHANGELOG_MISSING: { exit: 5, meaning: "migrate-mongo's changelog is gone, and history has migrations from it." },
    COMMIT_UNKNOWN: {
        exit: 8,
        meaning: 'The server never said whether a transaction was committed; the next run reads it from the journal.',
    },
    RESUME_BLOCKED: {
        exit: 8,
        meaning: 'An interrupted migration can neither be taken up again nor undone; the message says why.',
    },
    OPERATION_IN_DOUBT: {
        exit: 8,
        meaning: 'An interrupted migration left a call behind of which nobody can tell whether it was done.',
    },
    CATALOG_MOVED: {
        exit: 8,
        meaning: 'Somebody replaced a collection by another one while a migration changed it, or made its name anew again and again.',
    },
    REPLAY_DIVERGED: {
        exit: 8,
        meaning: 'A migration that was taken up again went another way than before; nothing of it ran anew.',
    },
    LEASE_HELD: { exit: 6, meaning: 'Another run has the right to change the history of this target.' },
    LEASE_ALIVE: { exit: 6, meaning: 'The lease is not taken away while its owner shows signs of life.' },
    LEASE_LOST: { exit: 6, meaning: 'The lease ran out or was taken over, so this run may not write any more.' },
    MIGRATION_INVALID: { exit: 2, meaning: 'A file is no migration, or cannot be loaded.' },
    MODELS_INVALID: {
        exit: 2,
        meaning: 'The module of Mongoose models cannot be loaded, exports no model, or connects.',
    },
    TSX_MISSING: { exit: 2, meaning: 'The configuration asks for tsx, and the project has none.' },
    DRIVER_UNSUPPORTED: { exit: 2, meaning: "The project's MongoDB driver is older than version 4." },
    TRANSACTIONS_UNAVAILABLE: { exit: 5, meaning: 'A migration asks for a transaction, and the server has none.' },
    TRANSACTION_CATALOG: { exit: 8, meaning: 'A change of the catalog was tried where transactions do not take it.' },
    TRANSACTION_ENCLOSED: { exit: 8, meaning: 'A migration tried to end the transaction that the runner put around it.' },
    GATE_OWN_COLLECTION: { exit: 8, meaning: 'A migration tried to change a collection that mongo-release keeps.' },
    GATE_CLOSED: { exit: 8, meaning: 'Code of a migration went on after the migration had ended or was stopped.' },
    STATEMENT_TOO_LARGE: {
        exit: 8,
        meaning: 'A statement is about too many documents for one transaction and cannot be cut into batches.',
    },
    ID_UNUSABLE: { exit: 8, meaning: 'A document has an _id that no driver can send back as it is stored.' },
    MIGRATION_FAILED: { exit: 8, meaning: "The migration's code threw, or a promise of it was rejected unseen." },
    OWN_CONNECTION: {
        exit: 8,
        meaning: 'Code of a migration connected to the target by itself, or in a rehearsal to any server.',
    },
    OWN_PROCESS: {
        exit: 8,
        meaning: 'Code of a migration started a process or a thread in a rehearsal, where none may be.',
    },
    MIGRATION_DANGLING: { exit: 8, meaning: 'A migration returned while calls of it were still under way.' },
    MIGRATION_TIMED_OUT: { exit: 8, meaning: 'A migration ran longer than its time limit and was stopped.' },
    MIGRATION_EXITED: { exit: 8, meaning: "The migration's process ended before the migration did." },
    BATCH_INVALID: { exit: 8, meaning: 'A migration called batch with something that it cannot carry out.' },
    BATCH_DOCUMENT_FAILED: { exit: 8, meaning: 'A batch stopped at a document; all before it is done and on record.' },
    MIGRATION_CANCELLED: { exit: 130, meaning: 'A migration was stopped because the run was cancelled.' },
    MIGRATIONS_PENDING: { exit: 3, meaning: 'Migrations are pending, and --check asks for none.' },
    FINDINGS: { exit: 4, meaning: 'Lint, policy, guards or the history have something to say that stops a release.' },
    BLOCKED_BY_GUARD: { exit: 5, meaning: 'A guard says that a release may not start now, or a guard could not look.' },
    BACKUP_MOVED: {
        exit: 5,
        meaning: 'The backup is of another target, or the history moved since, or while, it was taken.',
    },
    CONFIRMATION_NEEDED: { exit: 2, meaning: 'A person has to agree, and nobody was there to ask.' },
    CONFIRMATION_REFUSED: { exit: 2, meaning: 'A person was asked and did not agree.' },
    FAILED_CLEAN: { exit: 7, meaning: 'A migration failed, and the target is as it was.' },
    FAILED_DIRTY: {
        exit: 8,
        meaning: 'A migration failed after it had changed the target; the message says how far it got.',
    },
    DEPLOY_FAILED: { exit: 8, meaning: 'The migrations are applied, and the deploy hook failed, or could not begin.' },
    TAKEN_BACK: {
        exit: 8,
        meaning: 'While a release was being deployed, somebody took it back: its application may be on the data of before.',
    },
    VERIFICATION_FAILED: { exit: 9, meaning: 'A probe failed or could not look; nothing was rolled back.' },
    ROLLBACK_FAILED: { exit: 10, meaning: 'The way back failed or is incomplete.' },
    SANDBOX_UNAVAILABLE: {
        exit: 5,
        meaning: 'No mongod was found or could be started to run a sandbox with, or it ended before its time.',
    },
    SANDBOX_REFUSED: { exit: 5, meaning: 'The named sandbox address is not safe to use as a sandbox.' },
    REHEARSAL_IMPOSSIBLE: {
        exit: 5,
        meaning: 'A part of a pending migration is in the target already, so running it elsewhere shows nothing.',
    },
    SANDBOX_TOO_SMALL: {
        exit: 5,
        meaning: 'A full rehearsal was asked for, and what it needs does not fit on the disk.',
    },
    PROOF_MISSING: {
        exit: 5,
        meaning: 'Production is to be migrated, and no full rehearsal of this plan is on record.',
    },
    PROOF_STALE: {
        exit: 5,
        meaning: 'The rehearsal on record is too old, or the target, its server or the findings changed since.',
    },
    PROOF_FAILED: {
        exit: 5,
        meaning: 'Production is to be migrated, and the latest rehearsal of this plan on record failed.',
    },
    REHEARSAL_FAILED: { exit: 13, meaning: 'The rehearsal failed; the target was not touched.' },
    DRILL_FAILED: {
        exit: 9,
        meaning: 'A drill has shown that the backup does not bring the database back as it should, or not within the limits; nothing was changed.',
    },
    ROLLED_BACK: { exit: 14, meaning: 'The release failed and was rolled back, as asked.' },
    NO_WAY_BACK: { exit: 5, meaning: 'The release cannot be taken back in the way that was asked for, or in any.' },
    RELEASE_UNKNOWN: {
        exit: 2,
        meaning: 'The target has no record of the release that was named; or none was named, and the newest is not the one to take back.',
    },
    HOOK_FAILED: { exit: 8, meaning: 'A hook of the project failed or ran out of time.' },
    CANCELLED: { exit: 130, meaning: 'The run was cancelled; 143 when by SIGTERM.' },
    RECIPIENT_INVALID: { exit: 2, meaning: 'A backup cannot be encrypted to what was given as a recipient.' },
    IDENTITY_INVALID: { exit: 2, meaning: 'What was given as the identity of age is none.' },
    IDENTITY_MISSING: { exit: 2, meaning: 'A backup is encrypted, and no identity to read it was given.' },
    STORE_UNSUPPORTED: { exit: 2, meaning: 'Backups cannot be kept in a place of this kind.' },
    STORE_FAILED: { exit: 7, meaning: 'The place where backups are kept cannot be read or written.' },
    SNAPSHOT_UNAVAILABLE: { exit: 5, meaning: 'The server cannot read at one point in time, and that was asked for.' },
    SNAPSHOT_TOO_OLD: {
        exit: 7,
        meaning: 'The backup took longer than the server keeps its history; nothing was left in the store.',
    },
    BACKUP_CATALOG_CHANGED: {
        exit: 7,
        meaning: 'Collections or indexes kept changing while the backup was taken; nothing was left in the store.',
    },
    BACKUP_MISSING: {
        exit: 11,
        meaning: 'Production is to be migrated, and no backup of its present position is there.',
    },
    BACKUP_FAILED: { exit: 7, meaning: 'The tool or service that takes the backup failed; there is no new backup.' },
    ENGINE_UNAVAILABLE: { exit: 2, meaning: 'The tool or service that should take the backup is not there.' },
    OPLOG_NOT_APPLIED: {
        exit: 2,
        meaning: "An archive of mongodump --oplog holds changes of the database's collections that would have to be applied.",
    },
    ARCHIVE_NEEDED: { exit: 2, meaning: 'A backup is a snapshot of Atlas, and what was asked for needs an archive.' },
    SNAPSHOT_GONE: { exit: 11, meaning: 'Atlas has no complete snapshot of this backup, or not any more.' },
    ATLAS_OTHER_CLUSTER: { exit: 5, meaning: 'The target is not in the cluster of Atlas that is configured.' },
    ATLAS_FAILED: { exit: 12, meaning: 'The API of Atlas cannot be reached, or refused a request.' },
    ATLAS_RESTORE_FAILED: {
        exit: 8,
        meaning: 'A restore by Atlas was begun and did not end well, or nobody knows how: the cluster may be empty.',
    },
    BACKUP_NOT_FOUND: { exit: 11, meaning: 'The store has no backup of this name.' },
    BACKUP_INCOMPATIBLE: { exit: 11, meaning: 'The server does not know what the collections of the backup use.' },
    BACKUP_NAMESPACE_UNKNOWN: { exit: 2, meaning: 'The backup holds no collection of the name that was given.' },
    IDENTITY_WRONG: { exit: 11, meaning: 'None of the identities given opens the backup.' },
    ARCHIVE_DAMAGED: { exit: 11, meaning: "A backup's archive is not what was written, or does not fit its manifest." },
    MANIFEST_DAMAGED: { exit: 11, meaning: "A backup's manifest cannot be read, or was changed." },
    RESTORE_NO_ROOM: { exit: 5, meaning: "The server's disk has no room for what is to be restored." },
    RESTORE_IN_PROGRESS: { exit: 6, meaning: 'Another run is restoring into this database right now.' },
    RESTORE_FAILED: { exit: 7, meaning: 'The restore failed before it touched any collection; the data is as it was.' },
    RESTORE_INCOMPLETE: {
        exit: 8,
        meaning: 'The restore was interrupted after it had begun to swap collections in; the next restore finishes it.',
    },
    RESTORED_NOT_MIGRATED: {
        exit: 8,
        meaning: 'The backup is restored; the migrations that were to follow are not all applied, and the message says why.',
    },
    SERVER_UNREACHABLE: { exit: 12, meaning: 'No usable server answered in time.' },
    CREDENTIALS_REFUSED: { exit: 12, meaning: 'The server, or Atlas, refused the credentials.' },
    NOT_AUTHORIZED: { exit: 12, meaning: 'The user may not do what the command needs.' },
    SERVER_ERROR: { exit: 12, meaning: 'The server answered a command with an error that has no case of its own.' },
};


/***/ }),

/***/ 3510:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   K: () => (/* binding */ ReleaseError),
/* harmony export */   o: () => (/* binding */ asReleaseError)
/* harmony export */ });
/* harmony import */ var _error_codes_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(91405);

/**
 * The one class of every failure that a user can cause or has to know about.
 *
 * `message` and `hint` are shown as they are, so neither may hold a secret or a document's value; rebuild a server's
 * error from its code (`mongo/server-code.ts`) instead of quoting it. `cause` is for `--debug` only.
 */
class ReleaseError extends Error {
    name = 'ReleaseError';
    code;
    hint;
    details;
    constructor(code, message, options) {
        super(message, options.cause === undefined ? undefined : { cause: options.cause });
        this.code = code;
        this.hint = options.hint;
        this.details = options.details ?? {};
    }
    /** The process's exit code for this failure, from the table in `error-codes.ts`. */
    get exitCode() {
        return _error_codes_js__WEBPACK_IMPORTED_MODULE_0__/* .errorCodes */ .f[this.code].exit;
    }
}
/** What is not a `ReleaseError` is a defect of ours: exit code 1, and the message says so. */
function asReleaseError(error) {
    if (error instanceof ReleaseError)
        return error;
    const kind = error instanceof Error ? error.name : typeof error;
    return new ReleaseError('UNEXPECTED', `Something unexpected happened inside mongo-release (${kind}).`, {
        hint: 'Run the same command with --debug and report what it prints.',
        cause: error,
    });
}


/***/ }),

/***/ 67926:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   t: () => (/* binding */ Log)
/* harmony export */ });
class Log {
    #sink;
    #secrets;
    #fields;
    constructor(sink, secrets, fields = {}) {
        this.#sink = sink;
        this.#secrets = secrets;
        this.#fields = fields;
    }
    /** A log whose entries all carry these fields too. */
    with(fields) {
        return new Log(this.#sink, this.#secrets, { ...this.#fields, ...fields });
    }
    debug(message, fields) {
        this.#write('debug', message, fields);
    }
    info(message, fields) {
        this.#write('info', message, fields);
    }
    warn(message, fields) {
        this.#write('warn', message, fields);
    }
    error(message, fields) {
        this.#write('error', message, fields);
    }
    #write(level, message, fields = {}) {
        const clean = {};
        for (const [key, value] of Object.entries({ ...this.#fields, ...fields })) {
            if (value !== undefined)
                clean[key] = typeof value === 'string' ? this.#secrets.scrub(value) : value;
        }
        this.#sink({ time: new Date(), level, message: this.#secrets.scrub(message), fields: clean });
    }
}


/***/ }),

/***/ 1757:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   S: () => (/* binding */ Secrets)
/* harmony export */ });
/* harmony import */ var _error_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3510);

const hidden = '***';
/** What people write, also where it is a single word. */
const freeTexts = new Set(['message', 'hint', 'reason', 'why', 'note', 'next']);
/** Shorter strings are not hidden: replacing every "a" would destroy the text and still tell the secret. */
const shortestSecret = 3;
/**
 * The secrets of this run, and the scrubber of every text that leaves it.
 *
 * A connection string is added by `addUri`: the whole string, the password as written and the password decoded, each
 * also in the encoded forms in which it turns up in other texts (percent-encoded, base64, JSON).
 */
class Secrets {
    #values = new Set();
    #onAdd;
    /** `onAdd` is called once with every value that becomes secret, for doors that mask on their own (`add-mask`). */
    constructor(onAdd) {
        this.#onAdd = onAdd;
    }
    add(value) {
        if (value === undefined)
            return;
        for (const form of [
            value,
            encodeURIComponent(value),
            JSON.stringify(value).slice(1, -1),
            Buffer.from(value).toString('base64'),
        ]) {
            if (form.length < shortestSecret || this.#values.has(form))
                continue;
            this.#values.add(form);
            this.#onAdd?.(form);
        }
    }
    addUri(uri) {
        if (uri === undefined)
            return;
        this.add(uri);
        for (const password of rawPasswords(uri)) {
            this.add(password);
            this.add(decoded(password));
        }
    }
    scrub(text) {
        let clean = text;
        // The longest first, so that a password inside a connection string does not leave the rest of the string standing.
        for (const value of [...this.#values].sort((a, b) => b.length - a.length))
            clean = clean.replaceAll(value, hidden);
        return clean;
    }
    /**
     * The same for a result, before a document is made of it: every text in it. Words of ours, names, ids, digests and dates
     * stay as they are, since a password that is one of them (`release`, `2026`) is not told by it, and a document with
     * another word in its place is broken.
     */
    scrubTexts(value) {
        return (this.#values.size === 0 ? value : this.#scrubIn(value));
    }
    #scrubIn(value, key = '') {
        if (typeof value === 'string')
            return freeTexts.has(key) || isText(value) ? this.scrub(value) : value;
        if (Array.isArray(value))
            return value.map((one) => this.#scrubIn(one, key));
        if (value instanceof _error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K) {
            const { code, message, hint, cause, details } = value;
            return new _error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K(code, this.scrub(message), {
                ...{ hint: this.scrub(hint), cause },
                details: this.#scrubIn(details),
            });
        }
        if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
            return value;
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#scrubIn(inner, name)]));
    }
}
/** More than one word, or an address that may hold a password. */
function isText(value) {
    return /\s|:\/\/[^/]*@/.test(value);
}
/**
 * What may be the password as it stands in the connection string. An `@`, `/` or `?` that is not encoded may belong to
 * it, which the URL parser refuses, or an `@` to the options behind it: both readings count.
 */
function rawPasswords(uri) {
    const rest = /^[a-z+]+:\/\/(.*)$/is.exec(uri)?.[1] ?? '';
    const authority = /^[^/?]*/.exec(rest)?.[0] ?? '';
    return [...new Set([rest, authority])].flatMap((text) => {
        const user = text.slice(0, Math.max(0, text.lastIndexOf('@')));
        const colon = user.indexOf(':');
        return colon < 0 ? [] : [user.slice(colon + 1)];
    });
}
function decoded(text) {
    try {
        return decodeURIComponent(text);
    }
    catch {
        return text;
    }
}


/***/ }),

/***/ 21106:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   K: () => (/* binding */ cancelled)
/* harmony export */ });
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3510);

/** The reason that a door gives when it aborts a run: whoever was waiting then ends with this, and not with a riddle. */
function cancelled() {
    return new _observe_error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K('CANCELLED', 'The run was cancelled.', { hint: 'Run the same command again when it suits.' });
}


/***/ }),

/***/ 1463:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   t: () => (/* binding */ workflowRun),
/* harmony export */   y: () => (/* binding */ originOf)
/* harmony export */ });
/* harmony import */ var node_os__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(48161);

/** Who runs this, and where: in a job of GitHub's from the runner's default variables, which its steps' own commands have too. */
function originOf(env, inJob = env.GITHUB_ACTIONS === 'true') {
    const { pid } = process;
    if (!inJob)
        return { host: (0,node_os__WEBPACK_IMPORTED_MODULE_0__.hostname)(), pid, actor: env.USER || undefined, hosted: false };
    const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
    const attempt = env.GITHUB_RUN_ATTEMPT ?? '1';
    return {
        host: env.RUNNER_NAME || (0,node_os__WEBPACK_IMPORTED_MODULE_0__.hostname)(),
        pid,
        // Of a re-run: who asked for it, and not who pushed.
        actor: env.GITHUB_TRIGGERING_ACTOR || env.GITHUB_ACTOR || undefined,
        runUrl: server && repository && run
            ? `${server}/${repository}/actions/runs/${run}${attempt === '1' ? '' : `/attempts/${attempt}`}`
            : undefined,
        commit: env.GITHUB_SHA || undefined,
        hosted: env.RUNNER_ENVIRONMENT === 'github-hosted',
    };
}
/** What of its URL is the same in each attempt at a workflow run. */
function workflowRun({ runUrl }) {
    return runUrl?.replace(/\/attempts\/\d+$/, '');
}


/***/ })

};

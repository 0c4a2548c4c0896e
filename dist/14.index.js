export const id = 14;
export const ids = [14];
export const modules = {

/***/ 47319:
/***/ ((__unused_webpack___webpack_module__, __unused_webpack___webpack_exports__, __webpack_require__) => {


// EXTERNAL MODULE: ./emitted/observe/error.js + 1 modules
var observe_error = __webpack_require__(79734);
// EXTERNAL MODULE: ./emitted/mongo/server-code.js
var server_code = __webpack_require__(52563);
;// CONCATENATED MODULE: ./emitted/migration/gate/failure.js

/** Errors of the driver (4 to 7) and of BSON that are thrown before anything goes over the wire. */
const beforeSending = new Set([
    'TypeError',
    'RangeError',
    'ReferenceError',
    'BSONError',
    'BSONTypeError',
    'BSONVersionError',
    'BSONOffsetError',
    'MongoAPIError',
    'MongoBatchReExecutionError',
    'MongoCompatibilityError',
    'MongoDriverError',
    'MongoExpiredSessionError',
    'MongoInvalidArgumentError',
    'MongoMissingDependencyError',
    'MongoNotConnectedError',
    'MongoParseError',
    'MongoTransactionError',
    'ReleaseError',
]);
/**
 * Server codes that mean that nothing of the command was begun, also where it names several documents
 * (`src/mongo/base/error_codes.yml`): Unauthorized, IllegalOperation, CommandNotFound,
 * OperationNotSupportedInTransaction, CannotCreateIndex and IndexOptionsConflict and IndexKeySpecsConflict.
 */
const neverBegun = new Set([13, 20, 59, 67, 85, 86, 263]);
function failureKind(error, call) {
    const code = (0,server_code/* serverCode */.XY)(error);
    if (code === undefined) {
        const name = error instanceof Error ? error.name : '';
        return beforeSending.has(name) ? 'not-sent' : 'unknown';
    }
    // The driver has tried twice by then; the first attempt may have arrived.
    if (labelled(error, 'RetryableWriteError'))
        return 'unknown';
    if (hasWriteConcernError(error))
        return 'unknown';
    if (neverBegun.has(code))
        return 'refused';
    const statements = failedStatements(error);
    if (statements !== undefined)
        return statements.some(touchesSeveral) ? 'unknown' : 'refused';
    return call.multi ? 'unknown' : 'refused';
}
/** By shape: the class depends on which driver the project has. */
function labelled(error, label) {
    const check = error?.hasErrorLabel;
    return typeof check === 'function' && check.call(error, label) === true;
}
function hasWriteConcernError(error) {
    const { name, result } = error;
    if (name === 'MongoWriteConcernError')
        return true;
    return typeof result?.getWriteConcernError === 'function' && result.getWriteConcernError() !== undefined;
}
/** The statements of a bulk write that failed, as they were sent; undefined for an error of another kind. */
function failedStatements(error) {
    const writeErrors = error.writeErrors;
    if (writeErrors === undefined)
        return undefined;
    const list = Array.isArray(writeErrors) ? writeErrors : [writeErrors];
    if (list.length === 0)
        return undefined;
    return list.map((entry) => entry.err?.op ?? {});
}
function touchesSeveral(statement) {
    return statement.multi === true || statement.limit === 0;
}

// EXTERNAL MODULE: external "node:url"
var external_node_url_ = __webpack_require__(73136);
;// CONCATENATED MODULE: ./emitted/migration/child/place.js

/** Where in the file an error came up, as `file.ts:12`: the innermost frame of its stack; undefined when it has none. */
function placeIn(error, source) {
    const stack = error?.stack;
    if (typeof stack !== 'string')
        return undefined;
    for (const line of stack.split('\n')) {
        for (const name of [(0,external_node_url_.pathToFileURL)(source.path).href, source.path]) {
            const at = line.indexOf(`${name}:`);
            const number = at < 0 ? undefined : /^\d+/.exec(line.slice(at + name.length + 1))?.[0];
            if (number !== undefined)
                return `${source.fileName}:${number}`;
        }
    }
    return undefined;
}

;// CONCATENATED MODULE: ./emitted/migration/child/redact.js

/** Stands for words that may be data. */
const redact_hidden = '‹hidden›';
/** What V8 and Node's loader put around names in the messages of their own errors. */
const engineWords = new Set(`Cannot access before initialization read properties of undefined null reading set setting property destructure as it is
   not a function constructor iterable defined already been declared assignment to constant variable Unexpected token identifier
   string number template end input Invalid or unexpected regular expression missing after argument list Missing initializer in
   const let var class enum type interface namespace import export default declaration must be initialized find package module
   imported from file does provide an named requested Maximum call stack size exceeded array length Assignment Class extends
   value this super Must before accessing returning derived await only valid async functions and the top level bodies modules
   convert BigInt mix other types use explicit conversions private field TypeScript supported strip mode object target
   expected Expected Expression keyword reserved word strict mode Illegal return statement continue break label for of duplicate`.split(/\s+/));
const engineErrors = new Set(['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError']);
/** Ids that may be shown: ObjectId, UUID. */
const idPattern = /^(?:[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
/** Words, ids, numbers, and runs of what is none of them. Digits joined by more than a space are no count: a date, a phone. */
const tokenPattern = /[\p{L}_$][\p{L}\p{N}_$]*|\p{N}[\p{L}\p{N}_$.,:/+-]*|\s+|[^\p{L}\p{N}_$\s]+/gu;
/** As many digits as a count has; longer ones are somebody's number. */
const countPattern = /^\d{1,9}$/;
/** Text of user code with only those words that stand in the migration's source, or in the vocabulary given. */
function hideUnknown(text, source, vocabulary = new Set()) {
    if (source.showValues)
        return text;
    let shown = '';
    let wasNumber = false;
    for (const token of joined(text)) {
        if (/^\s+$/.test(token) || !/[\p{L}\p{N}]/u.test(token)) {
            shown += /^[\s.,:;!?()'"`=<>[\]{}/&|*+→-]+$/u.test(token) ? token : '';
            continue;
        }
        const number = /^\p{N}/u.test(token);
        const known = number
            ? idPattern.test(token) || (countPattern.test(token.replace(/[.,:]+$/, '')) && !wasNumber)
            : idPattern.test(token) || source.words.has(token) || vocabulary.has(token);
        shown += known ? token : redact_hidden;
        wasNumber = number;
    }
    return shown.replaceAll(new RegExp(`${redact_hidden}(?:[\\s.,:/@+-]*${redact_hidden})+`, 'g'), redact_hidden).trim();
}
/** Ids that begin with a letter are cut at hyphens by the pattern of words: they are kept whole first. */
function joined(text) {
    const tokens = [];
    let rest = 0;
    for (const match of text.matchAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi)) {
        tokens.push(...(text.slice(rest, match.index).match(tokenPattern) ?? []), match[0]);
        rest = match.index + match[0].length;
    }
    tokens.push(...(text.slice(rest).match(tokenPattern) ?? []));
    return tokens;
}
/** Fields of a log line of user code: numbers and booleans; texts that are ids or words of the source. */
function hideFields(fields, source) {
    const shown = {};
    if (typeof fields !== 'object' || fields === null)
        return shown;
    for (const [key, value] of Object.entries(fields)) {
        const name = source.words.has(key) || source.showValues ? key : redact_hidden;
        if (typeof value === 'number' || typeof value === 'boolean')
            shown[name] = value;
        else if (typeof value === 'bigint')
            shown[name] = Number(value);
        else if (value !== undefined && value !== null)
            shown[name] = hideUnknown(String(value), source);
    }
    return shown;
}
/** What an error of user code says, without a document's values. A server's error is rebuilt from its code. */
function hiddenText(error, source, where) {
    if (!(error instanceof Error))
        return thrownText(error, source);
    if ((0,server_code/* serverCode */.XY)(error) !== undefined && isDriverError(error))
        return (0,server_code/* describeServerError */.JL)(error, where);
    if (source.showValues)
        return `${error.name}: ${error.message}`;
    const validation = validationText(error, source);
    if (validation !== undefined)
        return validation;
    const name = errorName(error, source);
    const engine = engineErrors.has(error.name) || isLoaderError(error);
    const text = hideUnknown(error.message, source, engine ? engineWords : undefined);
    const { code, syscall, cause } = error;
    const system = typeof code === 'string' &&
        /^[A-Z][A-Z0-9_]{2,}$/.test(code) &&
        (typeof syscall === 'string' || code.startsWith('ERR_'));
    const because = cause instanceof Error && cause !== error ? `, caused by ${hiddenText(cause, source)}` : '';
    const of = where === undefined ? '' : ` (${where})`;
    return `${name}${system ? ` ${code}` : ''}${text === '' ? '' : `: ${text}`}${of}${because}`;
}
function thrownText(thrown, source) {
    if (typeof thrown === 'string')
        return `it threw the text: ${hideUnknown(thrown, source) || redact_hidden}`;
    if (thrown === undefined || thrown === null)
        return `it threw ${thrown}`;
    return `it threw something of type ${typeof thrown} that is no error`;
}
function isDriverError(error) {
    return error.name.startsWith('Mongo');
}
function isLoaderError(error) {
    const { code } = error;
    return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}
/** Names of classes come from code; a name that an error was given may come from anywhere. */
function errorName(error, source) {
    const { name } = error;
    const fixed = engineErrors.has(name) || name === 'Error' || /^(?:Mongo|BSON|Mongoose)[A-Za-z]*$/.test(name);
    return fixed || source.words.has(name) || /^[A-Z][A-Za-z]{2,40}Error$/.test(name) ? name : 'Error';
}
/** Mongoose's ValidationError and CastError: the paths and kinds, which are names; their messages quote the values. */
function validationText(error, source) {
    if (error.name === 'CastError')
        return `CastError: ${failedPath(error, source)}`;
    const { errors } = error;
    if (error.name !== 'ValidationError' || typeof errors !== 'object' || errors === null)
        return undefined;
    const failed = Object.values(errors).map((one) => failedPath(one, source));
    return `ValidationError: ${failed.slice(0, 10).join(', ')}${failed.length > 10 ? ', …' : ''}`;
}
function failedPath({ path, kind }, source) {
    const shown = typeof path === 'string' && /^[\w$.]{1,100}$/.test(path) ? path : redact_hidden;
    const safe = typeof kind === 'string' && (/^[A-Za-z]{1,20}$/.test(kind) || source.words.has(kind));
    return safe ? `${shown} (${kind})` : shown;
}

;// CONCATENATED MODULE: ./emitted/migration/child/failure.js





/** A failure of ours as it goes to the parent. */
function asChildError(error) {
    return { code: error.code, message: error.message, hint: error.hint };
}
/**
 * What an error that came out of user code is to the parent. `where` is the call of the driver that it came from, where
 * that is known.
 */
function describeFailure(error, source, where, unseen) {
    const place = placeIn(error, source);
    const at = place === undefined ? '' : ` at ${place}`;
    if (error instanceof observe_error/* ReleaseError */.K)
        return { ...asChildError(error), message: `${error.message.replace(/\.$/, '')}${at}.` };
    const text = hiddenText(error, source, where);
    const how = unseen ? 'A promise that nobody waited for was rejected' : 'The code threw';
    return { code: 'MIGRATION_FAILED', message: `${how}${at}: ${text}.`, hint: hintFor(error, source) };
}
function hintFor(error, source) {
    if (labelled(error, 'TransientTransactionError')) {
        return 'Another write was in the way, or the transaction took too long. Run the same command again.';
    }
    if ((0,server_code/* serverCode */.XY)(error) === undefined && !source.showValues) {
        return 'Correct the migration and run it again. --show-values on a terminal shows the whole message.';
    }
    return 'Correct the migration and run it again.';
}
const unreachable = new Set(['MongoServerSelectionError', 'MongoNetworkError', 'MongoNetworkTimeoutError']);
const malformed = new Set(['MongoParseError', 'MongoInvalidArgumentError', 'MongoAPIError']);
/** Failure to connect, by names and codes: the classes belong to the project's own driver. */
function describeConnectFailure(error, database) {
    if (error instanceof observe_error/* ReleaseError */.K)
        return asChildError(error);
    const name = error instanceof Error ? error.name : '';
    const code = (0,server_code/* serverCode */.XY)(error);
    const what = `(while the migration's process connects to database ${database})`;
    // AuthenticationFailed, AtlasError, Unauthorized: src/mongo/base/error_codes.yml.
    if (code === 18 || code === 8000) {
        return {
            code: 'CREDENTIALS_REFUSED',
            message: `The server refused the credentials ${what}.`,
            hint: 'Check user, password (percent-encoded) and authSource in the connection string.',
        };
    }
    if (code === 13) {
        return {
            code: 'NOT_AUTHORIZED',
            message: `The user is not allowed to do this ${what}.`,
            hint: 'Grant the user the roles that docs/privileges.md lists for this command.',
        };
    }
    if (unreachable.has(name)) {
        return {
            code: 'SERVER_UNREACHABLE',
            message: `No usable MongoDB server answered ${what}.`,
            hint: 'Check host, port and network access from this machine, and that the replica set has a primary.',
        };
    }
    if (malformed.has(name)) {
        return {
            code: 'URI_INVALID',
            message: `The project's MongoDB driver does not take the connection string ${what}.`,
            hint: "Check the connection string's options against the version of mongodb that the project has installed.",
        };
    }
    return {
        code: 'SERVER_ERROR',
        message: `MongoDB answered with an error${code === undefined ? '' : ` ${code}`} ${what}.`,
        hint: 'Run again with --debug for the cause.',
    };
}

// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(31421);
// EXTERNAL MODULE: external "node:util"
var external_node_util_ = __webpack_require__(57975);
;// CONCATENATED MODULE: ./emitted/migration/child/load.js
var __rewriteRelativeImportExtension = (undefined && undefined.__rewriteRelativeImportExtension) || function (path, preserveJsx) {
    if (typeof path === "string" && /^\.\.?\//.test(path)) {
        return path.replace(/\.(tsx)$|((?:\.d)?)((?:\.[^./]+?)?)\.([cm]?)ts$/i, function (m, tsx, d, ext, cm) {
            return tsx ? preserveJsx ? ".jsx" : ".js" : d && (!ext || !cm) ? m : (d + ext + "." + cm.toLowerCase() + "js");
        });
    }
    return path;
};






/**
 * Imports a file of the project. Its top level runs by this.
 *
 * Throws `MIGRATION_INVALID` (or the code given) when it cannot be loaded, with file and line where they are known.
 */
async function loadModule(source, code = 'MIGRATION_INVALID') {
    try {
        return (await import(__rewriteRelativeImportExtension(/* webpackIgnore: true */ (0,external_node_url_.pathToFileURL)(source.path).href)));
    }
    catch (error) {
        throw new observe_error/* ReleaseError */.K(code, await whatFailed(source, error), { hint: whatToDo(error, source), cause: error });
    }
}
async function whatFailed(source, error) {
    const text = hiddenText(error, source);
    if (!(error instanceof SyntaxError))
        return `${placeIn(error, source) ?? source.fileName} cannot be loaded: ${text}.`;
    const place = placeIn(error, source) ?? (await syntaxPlace(source));
    return `${place ?? source.fileName} cannot be read${place === undefined ? ' (or a file that it imports)' : ''}: ${text}.`;
}
/** For ES modules the engine keeps the place of a syntax error to itself, but Node prints it when it checks a file. */
async function syntaxPlace(source) {
    try {
        await (0,external_node_util_.promisify)(external_node_child_process_.execFile)(process.execPath, ['--check', source.path], { timeout: 10_000, env: {} });
        return undefined;
    }
    catch (error) {
        return placeIn({ stack: String(error.stderr ?? '') }, source);
    }
}
function whatToDo(error, source) {
    const code = error?.code;
    if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
        return 'Node only strips types: replace enums, namespaces and parameter properties, or set migrations.import: tsx.';
    }
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT') {
        return 'Install the missing package (npm ci), or write the import with its file extension.';
    }
    return `Correct ${source.fileName} and run the same command again.`;
}

// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
;// CONCATENATED MODULE: ./emitted/migration/child/source.js

const wordPattern = /[\p{L}_$][\p{L}\p{N}_$]*/gu;
function wordsOf(text) {
    return text.match(wordPattern) ?? [];
}
/** The file at this path; `words` are those of all project code that is loaded. */
function sourceAt(path, words, showValues) {
    return { path, fileName: (0,external_node_path_.basename)(path), words, showValues };
}

;// CONCATENATED MODULE: ./emitted/migration/child/config.js





/** Runs a configuration file of migrate-mongo and tells what it exports. Ends the process. */
async function readConfig(path, parent, { words }) {
    const source = sourceAt(path, words, false);
    try {
        const module = await loadModule(source, 'CONFIG_INVALID');
        // `module.default ?? module`; of CommonJS the default is what it exports, and compiled code has one of its own.
        const outer = module.default ?? module;
        const inner = outer.default ?? outer;
        const ignored = [];
        const value = plain(await Promise.resolve(inner), [], ignored);
        await parent.finish({ type: 'config', config: { value, ignored } });
    }
    catch (error) {
        const failure = error instanceof observe_error/* ReleaseError */.K
            ? error
            : // It hides what is no word of the file: the environment is in reach there, passwords included.
                new observe_error/* ReleaseError */.K('CONFIG_INVALID', `${source.fileName} cannot be read: ${hiddenText(error, source)}.`, {
                    hint: `Correct ${source.fileName}, or set the environment variables that it needs.`,
                });
        await parent.finish({ type: 'no-config', error: asChildError(failure) });
    }
}
/** What the channel carries as it is; functions and the like are left out, and their keys noted. */
function plain(value, path, ignored) {
    if (typeof value === 'function' || typeof value === 'symbol') {
        ignored.push(path.join('.'));
        return undefined;
    }
    if (typeof value !== 'object' || value === null)
        return value;
    if (ArrayBuffer.isView(value) || value instanceof Date || value instanceof RegExp)
        return value;
    if (path.length > 20)
        return undefined;
    if (Array.isArray(value))
        return value.map((inner, i) => plain(inner, [...path, String(i)], ignored));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner, [...path, key], ignored)]));
}

;// CONCATENATED MODULE: ./emitted/migration/define.js
/** Marks what `defineMigration` returned; registered, so that every copy of this package means the same one. */
const migrationMark = Symbol.for('mongo-release.migration');
/** Returns its argument, checked by the types and marked as a migration of the context form. */
function defineMigration(migration) {
    return Object.defineProperty(migration, migrationMark, { value: 1 });
}

;// CONCATENATED MODULE: ./emitted/migration/child/recognise.js


const expected = 'A migration exports up and down as functions (db, client), or export default defineMigration({ up, down }).';
/**
 * What a module says it is. `fileName` is for the message.
 *
 * Throws `MIGRATION_INVALID` for what is no migration, and for a declaration that cannot be meant as it stands.
 */
function recognise(exports, fileName) {
    const main = mainOf(exports);
    if (main === undefined) {
        throw invalid(`${fileName} is no migration: ${exportedText(exports)}.`, expected);
    }
    const context = migrationMark in main || typeof main.name === 'string';
    const { up, down } = main;
    if (typeof up !== 'function') {
        throw invalid(`${fileName} is no migration: its up is ${kindOf(up)}.`, expected);
    }
    if (down !== undefined && down !== null && typeof down !== 'function') {
        throw invalid(`${fileName}: its down is ${kindOf(down)}.`, 'Write down as a function, or leave it out.');
    }
    const steps = { up: up.bind(main), down: typeof down === 'function' ? down.bind(main) : undefined };
    const facts = context ? declared(main, fileName) : undeclared(typeof down === 'function');
    return { ...steps, facts };
}
/** `module.default ?? module`, as migrate-mongo takes it, unless only the other one has an `up`. */
function mainOf(exports) {
    const inner = exports.default;
    const candidates = [inner, exports].filter((one) => typeof one === 'object' && one !== null);
    return candidates.find((one) => migrationMark in one || 'up' in one);
}
function undeclared(hasDown) {
    return { form: 'migrate-mongo', phase: 'before-deploy', hasDown, transaction: false };
}
const known = ['name', 'description', 'phase', 'irreversible', 'transaction', 'requires', 'up', 'down'];
function declared(main, fileName) {
    if (migrationMark in main) {
        const unknown = Object.keys(main).find((key) => !known.includes(key));
        if (unknown !== undefined) {
            throw invalid(`${fileName}: defineMigration does not know ${unknown}.`, `It knows ${known.join(', ')}.`);
        }
    }
    const { phase, irreversible, transaction, requires } = main;
    if (phase !== undefined && phase !== 'before-deploy' && phase !== 'after-deploy') {
        throw invalid(`${fileName}: its phase is none.`, 'Write phase: "before-deploy" or phase: "after-deploy".');
    }
    if (irreversible !== undefined && (typeof irreversible !== 'string' || irreversible.trim() === '')) {
        throw invalid(`${fileName}: irreversible gives no reason.`, 'Write the reason as a text, for example irreversible: "drops the old logs".');
    }
    if (transaction !== undefined && typeof transaction !== 'boolean') {
        throw invalid(`${fileName}: transaction is ${kindOf(transaction)}.`, 'Write transaction: true, or leave it out.');
    }
    return {
        form: 'context',
        description: typeof main.description === 'string' ? main.description : undefined,
        phase: phase ?? 'before-deploy',
        hasDown: typeof main.down === 'function',
        irreversible,
        transaction: transaction === true,
        requires: requirements(requires, fileName),
    };
}
function requirements(requires, fileName) {
    if (requires === undefined)
        return undefined;
    const { server, featureCompatibility } = (typeof requires === 'object' && requires !== null ? requires : {});
    const versions = [server, featureCompatibility].filter((version) => version !== undefined);
    if (versions.length === 0 || !versions.every((one) => typeof one === 'string' && /^\d+(\.\d+){0,2}$/.test(one))) {
        throw invalid(`${fileName}: requires names no version.`, 'Write for example requires: { server: "6.0" }.');
    }
    return { server: server, featureCompatibility: featureCompatibility };
}
function exportedText(exports) {
    const names = Object.keys(exports).filter((name) => name !== 'module.exports');
    const inner = exports.default;
    if (names.length === 0 || (names.length === 1 && isEmpty(inner)))
        return 'it exports nothing';
    const listed = names.slice(0, 8).map((name) => `${name} (${kindOf(exports[name])})`);
    return `it exports ${listed.join(', ')}${names.length > 8 ? ', …' : ''} and no up`;
}
function isEmpty(value) {
    return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
function kindOf(value) {
    if (value === undefined)
        return 'missing';
    return value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
function invalid(message, hint) {
    return new observe_error/* ReleaseError */.K('MIGRATION_INVALID', message, { hint });
}

;// CONCATENATED MODULE: ./emitted/migration/child/describe.js





/** Loads files one after the other and tells what each declares; this process knows no database. Ends the process. */
async function describeFiles(job, parent, { words }) {
    // What a file leaves behind at its top level is no failure of loading it; running it will tell.
    for (const event of ['unhandledRejection', 'uncaughtException'])
        process.on(event, () => { });
    for (const { name, path } of job.files) {
        await parent.send({ type: 'loading', name });
        const source = sourceAt(path, words, job.showValues);
        try {
            const { facts } = recognise(await loadModule(source), source.fileName);
            await parent.send({ type: 'described', name, facts });
        }
        catch (error) {
            const failure = error instanceof observe_error/* ReleaseError */.K ? asChildError(error) : describeFailure(error, source, undefined, false);
            await parent.send({ type: 'undescribed', name, error: failure });
        }
    }
    await parent.finish({ type: 'all-described' });
}

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: external "node:module"
var external_node_module_ = __webpack_require__(98995);
;// CONCATENATED MODULE: ./emitted/migration/child/mongoose.js

const automatic = ['autoIndex', 'autoCreate', 'autoSearchIndex'];
/**
 * Keeps Mongoose from building indexes and making collections behind the migration's back. Schemas that ask for it
 * themselves are overruled when their model is compiled, which is why this comes before any model.
 */
function prepareMongoose(mongoose) {
    for (const option of automatic) {
        try {
            mongoose.set(option, false);
        }
        catch {
            // An option that this version does not know cannot do anything either.
        }
    }
    mongoose.plugin((schema) => {
        for (const option of automatic)
            schema.set(option, false);
    });
}
const disconnected = 0;
/** Gives every unconnected connection of this Mongoose the gated client. */
function bindMongoose(mongoose, client) {
    for (const connection of mongoose.connections) {
        if (connection.readyState !== disconnected)
            continue;
        if (connection.setClient === undefined) {
            throw new observe_error/* ReleaseError */.K('MODELS_INVALID', "The project's Mongoose cannot use a client that is already there.", {
                hint: 'Update mongoose to version 6 or newer.',
            });
        }
        connection.setClient(client);
    }
}
/** All models of this Mongoose by name. */
function modelsOf(mongoose) {
    const models = {};
    // The default connection comes first and wins.
    for (const connection of [...mongoose.connections].reverse())
        Object.assign(models, connection.models);
    return models;
}
/** The models that a module exports, also inside its default export, by the name they are exported under. */
function exportedModels(exports) {
    const models = {};
    const inner = exports.default;
    const sources = typeof inner === 'object' && inner !== null ? [inner, exports] : [exports];
    for (const source of sources) {
        for (const [name, value] of Object.entries(source))
            if (isModel(value))
                models[name] = value;
    }
    return models;
}
function isModel(value) {
    if (typeof value !== 'function')
        return false;
    const model = value;
    return typeof model.modelName === 'string' && typeof model.schema === 'object';
}

;// CONCATENATED MODULE: ./emitted/migration/child/hooks.js






const packageName = 'mongo-release-action';
const virtualUrl = 'mongo-release:define-migration';
/** What `mongo-release-action` is inside a migration, also where the project has not installed it. */
const virtualSource = `
exports.defineMigration = (migration) =>
  Object.defineProperty(migration, Symbol.for('mongo-release.migration'), { value: 1 });
`;
/**
 * Answers `import 'mongo-release-action'` and sets every copy of Mongoose up before models are compiled with it: from
 * then on it builds no indexes and makes no collections by itself.
 */
function registerHooks() {
    const words = new Set();
    const loaded = new Map();
    const seen = new Set();
    external_node_module_.registerHooks({
        resolve(specifier, context, next) {
            if (specifier === packageName)
                return { url: virtualUrl, format: 'commonjs', shortCircuit: true };
            const resolved = next(specifier, context);
            if (specifier !== 'mongoose' || !resolved.url.startsWith('file:') || seen.has(resolved.url))
                return resolved;
            seen.add(resolved.url);
            // All files of one copy share the instance that `require` gives.
            const mongoose = (0,external_node_module_.createRequire)(resolved.url)('mongoose');
            prepareMongoose(mongoose);
            loaded.set((0,external_node_url_.fileURLToPath)(resolved.url), mongoose);
            return resolved;
        },
        load(url, context, next) {
            if (url === virtualUrl)
                return { format: 'commonjs', source: virtualSource, shortCircuit: true };
            if (isProjectCode(url))
                for (const word of readWords((0,external_node_url_.fileURLToPath)(url)))
                    words.add(word);
            return next(url, context);
        },
    });
    return { mongooses: loaded, words };
}
/** Code only: a .json that a migration loads may well hold data. */
function isProjectCode(url) {
    if (!url.startsWith('file:') || !/\.[cm]?[jt]s$/.test(url))
        return false;
    const path = (0,external_node_url_.fileURLToPath)(url);
    const ours = (0,external_node_path_.dirname)(process.argv[1] ?? '') + external_node_path_.sep;
    return !path.includes(`${external_node_path_.sep}node_modules${external_node_path_.sep}`) && !path.startsWith(ours);
}
function readWords(path) {
    try {
        return wordsOf((0,external_node_fs_.readFileSync)(path, 'utf8'));
    }
    catch {
        // Node says by itself that it cannot read the file.
        return [];
    }
}

;// CONCATENATED MODULE: ./emitted/migration/child/leave.js
/** Ends this process, whatever user code has left open. It is the entry of a process of its own, as the doors are. */
function leave(code) {
    // biome-ignore lint/plugin: the one place where the child ends itself
    process.exit(code);
}

;// CONCATENATED MODULE: ./emitted/migration/child/parent.js

/** The other end of the IPC channel. */
class Parent {
    #send;
    #ended = false;
    /** Takes the channel away from user code: `process.send` is gone afterwards. Throws in a process without one. */
    constructor() {
        if (process.send === undefined)
            throw new Error('This file is run by mongo-release itself.');
        this.#send = process.send.bind(process);
        process.send = undefined;
        // The parent is gone: nothing may go on that nobody supervises.
        process.on('disconnect', () => {
            this.#ended = true;
            leave(1);
        });
        // A terminal sends it to the whole group; the parent decides what is to happen.
        process.on('SIGINT', () => { });
    }
    receive(listener) {
        process.on('message', (message) => listener(message));
    }
    /** Resolves when the message is handed to the kernel: it arrives also when this process is killed then. */
    send(message) {
        return new Promise((resolve) => {
            this.#send(message, undefined, {}, () => resolve());
        });
    }
    /** Called when this process ends without `finish`: user code called `process.exit`, or a fatal error. */
    onEarlyExit(last) {
        process.on('exit', () => {
            if (this.#ended)
                return;
            const message = last();
            if (message !== undefined)
                this.#send(message);
        });
    }
    /** Sends the last message and ends the process. */
    async finish(message) {
        if (this.#ended)
            return;
        this.#ended = true;
        await this.send(message);
        leave(0);
    }
}

// EXTERNAL MODULE: ./emitted/migration/child/reporter.js
var reporter = __webpack_require__(95396);
// EXTERNAL MODULE: ./emitted/mongo/own.js
var own = __webpack_require__(89228);
;// CONCATENATED MODULE: ./emitted/migration/gate/arguments.js
/** Calls a method of the driver's object by name; the wrappers know it only by shape. */
function invoke(raw, name, args) {
    const method = raw[name];
    if (typeof method !== 'function')
        throw new TypeError(`${String(name)} is not a function`);
    return method.apply(raw, args);
}
/** Calls a method of the driver that answers later; what it throws at once becomes a rejection. */
async function invokeAsync(raw, name, args) {
    return invoke(raw, name, args);
}
/** The arguments with the session in the options, which stand at this index. */
function withSession(args, at, session) {
    if (session === undefined)
        return [...args];
    const copy = [...args];
    while (copy.length < at)
        copy.push(undefined);
    copy[at] = { ...copy[at], session };
    return copy;
}
/** The arguments of a read: they join the transaction around the migration unless they name a session. */
function readArguments(gate, args, at) {
    const options = args[at];
    return options?.session === undefined ? withSession(args, at, gate.enclosing) : [...args];
}
/** Driver 4 also answers through a callback as last argument; from 5 on a function there is the caller's mistake. */
function answering(major, args, run) {
    const last = args.at(-1);
    if (major >= 5 || typeof last !== 'function')
        return run(args);
    const callback = last;
    run(args.slice(0, -1)).then((result) => callback(undefined, result), (error) => callback(error));
    return undefined;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/counts.js
const number = (value) => (typeof value === 'number' ? value : 0);
/**
 * What an answer of the driver says was done: of `insertOne` and the like, of bulk writes (also the partial one that a
 * bulk write's error carries).
 */
function countsOf(result) {
    if (typeof result !== 'object' || result === null)
        return { matched: 0, modified: 0, inserted: 0, deleted: 0 };
    const answer = result;
    const single = 'insertedId' in answer && answer.insertedCount === undefined && answer.acknowledged === true;
    return {
        matched: number(answer.matchedCount),
        modified: number(answer.modifiedCount),
        inserted: number(answer.insertedCount) + number(answer.upsertedCount) + (single ? 1 : 0),
        deleted: number(answer.deletedCount),
    };
}
/**
 * What `findAndModify` says in `lastErrorObject`. The server does not tell whether a matched document really changed,
 * so an updated one counts as modified.
 */
function countsOfFindAndModify(result, removes) {
    const last = result?.lastErrorObject;
    const n = number(last?.n);
    const updated = last?.updatedExisting === true ? n : 0;
    if (removes)
        return { matched: 0, modified: 0, inserted: 0, deleted: n };
    return { matched: updated, modified: updated, inserted: n - updated, deleted: 0 };
}
/** What the server's reply to a raw `insert`, `update`, `delete` or `bulkWrite` command says. */
function countsOfReply(command, reply) {
    const answer = (typeof reply === 'object' && reply !== null ? reply : {});
    const n = number(answer.n);
    const upserted = Array.isArray(answer.upserted) ? answer.upserted.length : 0;
    if (command === 'insert')
        return { matched: 0, modified: 0, inserted: n, deleted: 0 };
    if (command === 'delete')
        return { matched: 0, modified: 0, inserted: 0, deleted: n };
    if (command === 'update') {
        return { matched: n - upserted, modified: number(answer.nModified), inserted: upserted, deleted: 0 };
    }
    return {
        matched: number(answer.nMatched),
        modified: number(answer.nModified),
        inserted: number(answer.nInserted) + number(answer.nUpserted),
        deleted: number(answer.nDeleted),
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/raw.js
function namespaceOf(collection) {
    return { database: collection.dbName, collection: collection.collectionName };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/bulk.js



/** The gate's part of a bulk operation that is built call by call: nothing is sent before `execute`. */
function bulkWrapping({ gate, driver, membrane }) {
    return {
        overrides: {
            execute: (raw, args) => answering(driver.major, args, (args) => {
                const { collection, options } = raw.s ?? {};
                return gate.perform({
                    call: {
                        kind: 'bulk',
                        method: 'bulk execute',
                        namespace: collection === undefined ? { database: gate.database } : namespaceOf(collection),
                        multi: true,
                        mayCreate: true,
                    },
                    session: membrane.sessionOf(args[0]) ?? membrane.sessionOf(options),
                    send: (session) => invokeAsync(raw, 'execute', withSession(args, 0, session)),
                    change: (result) => ({ counts: countsOf(result) }),
                });
            }),
        },
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/names.js
/** The namespace of a name such as `shop.places.old`: the database ends at the first dot. */
function parseNamespace(name) {
    const dot = name.indexOf('.');
    return dot < 0 ? { database: name } : { database: name.slice(0, dot), collection: name.slice(dot + 1) };
}
/** As effects name it: `places` in the target's database, `other.places` in another. */
function shownName(namespace, home) {
    if (namespace.collection === undefined)
        return namespace.database;
    return namespace.database === home ? namespace.collection : `${namespace.database}.${namespace.collection}`;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/collections.js

/** Dropping a collection that does not exist is no change, whatever the driver answers. */
function dropCollection(gate, namespace, session, method, send) {
    let absent = false;
    return gate.perform({
        call: { kind: 'catalog', method, namespace, multi: false, mayCreate: false },
        session,
        send: async (session) => {
            absent = await gate.catalog.absent(namespace);
            return send(session);
        },
        change: () => (absent ? {} : { collectionsDropped: [namespace] }),
    });
}
function renameCollection(gate, from, to, session, method, send) {
    let replaces = false;
    return gate.perform({
        call: { kind: 'catalog', method, namespace: from, also: to, multi: false, mayCreate: false },
        session,
        send: async (session) => {
            replaces = !(await gate.catalog.absent(to));
            return send(session);
        },
        change: () => {
            gate.catalog.forget(shownName(from, gate.database));
            gate.catalog.appeared(to);
            return {
                collectionsDropped: replaces ? [to] : [],
                other: `rename ${shownName(from, gate.database)} → ${shownName(to, gate.database)}`,
            };
        },
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/catalog.js

/**
 * What the gate has to know of the catalog to say what a call did to it: the driver's answers do not tell whether a
 * collection came into being by an insert, or which indexes were there before.
 *
 * Reads outside of any session. Where the user may not list collections, nothing is known and nothing is claimed.
 */
class Catalog {
    #client;
    #own;
    #home;
    /** Collections that were seen to exist. */
    #present = new Set();
    #looks = new Map();
    constructor(client, own, home) {
        this.#client = client;
        this.#own = own;
        this.#home = home;
    }
    /** True when the collection does not exist now; false when it does or when that could not be seen. */
    async absent(namespace) {
        if (namespace.collection === undefined)
            return false;
        const name = shownName(namespace, this.#home);
        if (this.#present.has(name))
            return false;
        // Parallel calls share one look.
        let look = this.#looks.get(name);
        if (look === undefined) {
            look = this.#exists(namespace.database, namespace.collection);
            this.#looks.set(name, look);
            void look.then(() => this.#looks.delete(name));
        }
        const exists = await look;
        if (exists === true)
            this.#present.add(name);
        return exists === false;
    }
    /** Notes that a collection exists; true for the first to notice. */
    appeared(namespace) {
        const name = shownName(namespace, this.#home);
        if (this.#present.has(name))
            return false;
        this.#present.add(name);
        return true;
    }
    /** Looks whether a collection that was missing has come into being; true for the first to notice. */
    async emerged(namespace) {
        if (namespace.collection === undefined)
            return false;
        const exists = await this.#exists(namespace.database, namespace.collection);
        return exists === true && this.appeared(namespace);
    }
    /** Forgets what was seen of a collection: it was dropped or renamed, or the transaction that made it was aborted. */
    forget(shown) {
        this.#present.delete(shown);
    }
    /** Which of its namespaces a call may bring into being and which are missing now. */
    async missing(call) {
        if (!call.mayCreate)
            return [];
        const target = call.also ?? call.namespace;
        return (await this.absent(target)) ? [target] : [];
    }
    /** Names of the indexes; empty for a collection that does not exist or may not be looked at. */
    async indexNames(namespace) {
        if (namespace.collection === undefined)
            return [];
        try {
            const list = await this.#client.db(namespace.database).collection(namespace.collection).listIndexes().toArray();
            return list.map((index) => String(index.name));
        }
        catch {
            return [];
        }
    }
    /** Collections and views of a database that user code sees: neither ours nor the server's. Views come first. */
    async collections(database) {
        const list = await this.#client.db(database).listCollections({}, { nameOnly: true }).toArray();
        const entries = list.map((entry) => ({ name: entry.name, view: entry.type === 'view' }));
        const mine = entries.filter(({ name }) => !this.#own.owns(name) && !name.startsWith('system.'));
        return {
            mine: mine.sort((a, b) => Number(b.view) - Number(a.view)).map(({ name }) => name),
            ours: entries.some(({ name }) => this.#own.owns(name)),
        };
    }
    async #exists(database, name) {
        try {
            return await this.#client.db(database).listCollections({ name }, { nameOnly: true }).hasNext();
        }
        catch {
            return undefined;
        }
    }
}
/** Inside a transaction the catalog cannot be listed as the transaction sees it. */
function inTransaction(session) {
    return session?.inTransaction() === true;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/indexes.js




/** The methods of a Collection that make and drop indexes. What was there before is no change. */
function indexOverrides({ gate, driver, membrane }) {
    const index = (name, at, makes) => (raw, args) => answering(driver.major, args, (args) => {
        const namespace = namespaceOf(raw);
        const shown = shownName(namespace, gate.database);
        const named = (names) => names.map((index) => `${shown}.${index}`);
        let before = [];
        let after;
        return gate.perform({
            call: { kind: 'catalog', method: name, namespace, multi: false, mayCreate: makes },
            session: membrane.sessionOf(args[at]),
            send: async (session) => {
                const outside = !inTransaction(session);
                if (outside)
                    before = await gate.catalog.indexNames(namespace);
                const result = await invoke(raw, name, withSession(args, at, session));
                if (outside && !makes)
                    after = await gate.catalog.indexNames(namespace);
                return result;
            },
            change: (result) => {
                if (!makes)
                    return { indexesDropped: named(before.filter((index) => after !== undefined && !after.includes(index))) };
                const made = Array.isArray(result) ? result.map(String) : [String(result)];
                return { indexesCreated: named(made.filter((index) => !before.includes(index))) };
            },
        });
    });
    return {
        createIndex: index('createIndex', 1, true),
        ensureIndex: index('ensureIndex', 1, true),
        createIndexes: index('createIndexes', 1, true),
        dropIndex: index('dropIndex', 1, false),
        dropIndexes: index('dropIndexes', 0, false),
        dropAllIndexes: index('dropAllIndexes', 0, false),
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/listed.js
/** Methods of the driver (4 to 7) that change nothing by themselves. Anything not listed is treated as a change. */
const everywhere = [
    'watch',
    'aggregate',
    'on',
    'once',
    'off',
    'emit',
    'addListener',
    'removeListener',
    'listenerCount',
];
const readsOfDb = new Set([
    ...everywhere,
    'admin',
    'collection',
    'indexInformation',
    'profilingLevel',
    'stats',
    'getLogger',
    'unref',
]);
const readsOfAdmin = new Set([
    ...everywhere,
    'buildInfo',
    'listDatabases',
    'ping',
    'replSetGetStatus',
    'serverInfo',
    'serverStatus',
    'validateCollection',
]);
const readsOfCollection = new Set([
    ...everywhere,
    'count',
    'countDocuments',
    'distinct',
    'estimatedDocumentCount',
    'find',
    'findOne',
    'getLogger',
    'indexes',
    'indexExists',
    'indexInformation',
    'initializeOrderedBulkOp',
    'initializeUnorderedBulkOp',
    'isCapped',
    'listIndexes',
    'listSearchIndexes',
    'options',
    'stats',
]);

;// CONCATENATED MODULE: ./emitted/migration/gate/other.js

/** A change that the gate has no counts for: a search index, a user, a method of a later driver. */
function otherChange(wrappers, name, namespaceFor) {
    const { gate, driver } = wrappers;
    return (raw, args) => answering(driver.major, args, (args) => {
        const call = { kind: 'command', method: name, namespace: namespaceFor(raw), multi: true, mayCreate: false };
        return gate.perform({
            call,
            session: undefined,
            send: () => invokeAsync(raw, name, args),
            change: () => ({ other: `${name} ${gate.shown(call)}` }),
        });
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/collection.js







const writes = {
    insertOne: { kind: 'insert', options: 1, creates: 'always' },
    insertMany: { kind: 'insert', options: 1, creates: 'always' },
    insert: { kind: 'insert', options: 1, creates: 'always' },
    updateOne: { kind: 'update', options: 2, creates: 'upsert' },
    updateMany: { kind: 'update', options: 2, multi: true, creates: 'upsert' },
    update: { kind: 'update', options: 2, multi: true, creates: 'upsert' },
    replaceOne: { kind: 'update', options: 2, creates: 'upsert' },
    deleteOne: { kind: 'delete', options: 1 },
    deleteMany: { kind: 'delete', options: 1, multi: true },
    remove: { kind: 'delete', options: 1, multi: true },
    bulkWrite: { kind: 'bulk', options: 1, multi: true, creates: 'always' },
};
const findAndModify = {
    findOneAndUpdate: { kind: 'update', options: 2, creates: 'upsert' },
    findOneAndReplace: { kind: 'update', options: 2, creates: 'upsert' },
    findOneAndDelete: { kind: 'delete', options: 1 },
};
/** Reads that can be part of a transaction, with the index of their options. */
const reads = { findOne: 1, countDocuments: 1, count: 1, distinct: 2 };
const cursors = { find: 1, aggregate: 1 };
/** Reads that the server refuses inside a transaction: they see the state outside of it. */
const readsOutside = [
    'estimatedDocumentCount',
    'indexes',
    'indexExists',
    'indexInformation',
    'isCapped',
    'options',
    'stats',
];
/** The gate's part of a Collection: every method that writes. */
function collectionWrapping(wrappers) {
    const { gate, driver } = wrappers;
    const overrides = {};
    for (const [name, write] of Object.entries(writes)) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => perform(wrappers, raw, name, args, write, (result) => ({ counts: countsOf(result) })));
    }
    for (const [name, write] of Object.entries(findAndModify)) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => findAndModifyWithCounts(wrappers, raw, name, args, write));
    }
    for (const [name, at] of Object.entries(reads)) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => gate.read(() => invokeAsync(raw, name, readArguments(gate, args, at))));
    }
    for (const [name, at] of Object.entries(cursors)) {
        overrides[name] = (raw, args) => invoke(raw, name, readArguments(gate, args, at));
    }
    for (const name of readsOutside) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => gate.followRead(invokeAsync(raw, name, args)));
    }
    Object.assign(overrides, indexOverrides(wrappers), collectionCatalogOverrides(wrappers));
    return {
        overrides,
        unlisted: (name) => readsOfCollection.has(name) ? undefined : otherChange(wrappers, name, (raw) => namespaceOf(raw)),
    };
}
function perform({ gate, membrane }, raw, name, args, write, change) {
    const options = args[write.options];
    const call = {
        kind: write.kind,
        method: name,
        namespace: namespaceOf(raw),
        multi: write.multi === true,
        mayCreate: write.creates === 'always' || (write.creates === 'upsert' && options?.upsert === true),
    };
    return gate.perform({
        call,
        session: membrane.sessionOf(options),
        send: (session) => invokeAsync(raw, name, withSession(args, write.options, session)),
        change,
    });
}
/**
 * From driver 6 on these methods answer with the document alone, which does not tell whether one was inserted: the
 * gate always asks for the whole answer, and gives user code what it asked for.
 */
async function findAndModifyWithCounts(wrappers, raw, name, args, write) {
    const options = (args[write.options] ?? {});
    const shortened = wrappers.driver.major >= 6 && options.includeResultMetadata !== true;
    const asked = [...args];
    if (shortened) {
        while (asked.length < write.options)
            asked.push(undefined);
        asked[write.options] = { ...options, includeResultMetadata: true };
    }
    const removes = name === 'findOneAndDelete';
    const result = await perform(wrappers, raw, name, asked, write, (answer) => ({
        counts: countsOfFindAndModify(answer, removes),
    }));
    return shortened ? (result?.value ?? null) : result;
}
function collectionCatalogOverrides({ gate, driver, membrane }) {
    return {
        drop: (raw, args) => answering(driver.major, args, (args) => dropCollection(gate, namespaceOf(raw), membrane.sessionOf(args[0]), 'drop', (session) => invokeAsync(raw, 'drop', withSession(args, 0, session)))),
        rename: (raw, args) => answering(driver.major, args, (args) => {
            const from = namespaceOf(raw);
            const to = { database: from.database, collection: String(args[0]) };
            return renameCollection(gate, from, to, membrane.sessionOf(args[1]), 'rename', (session) => invokeAsync(raw, 'rename', withSession(args, 1, session)));
        }),
    };
}

// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __webpack_require__(57075);
;// CONCATENATED MODULE: ./emitted/migration/gate/pipeline.js
/** Where the last stage of a pipeline writes to: `$out` and `$merge` can stand nowhere else. */
function writingStage(pipeline, database) {
    if (!Array.isArray(pipeline))
        return undefined;
    const last = pipeline.at(-1);
    if (typeof last !== 'object' || last === null)
        return undefined;
    if (last.$out !== undefined)
        return { stage: '$out', into: destination(last.$out, 'coll', database) };
    if (last.$merge === undefined)
        return undefined;
    const into = typeof last.$merge === 'object' ? last.$merge.into : last.$merge;
    return { stage: '$merge', into: destination(into, 'coll', database) };
}
function destination(into, key, database) {
    if (typeof into !== 'object' || into === null)
        return { database, collection: String(into) };
    const named = into;
    return { database: named.db === undefined ? database : String(named.db), collection: String(named[key]) };
}
/** The call that a writing pipeline is. The server does not say how many documents it wrote. */
function pipelineCall(from, target) {
    return {
        kind: 'pipeline',
        method: `aggregate ${target.stage}`,
        namespace: from,
        also: target.into,
        multi: true,
        mayCreate: true,
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/cursor.js




/** Methods that fetch documents one by one or all at once. */
const fetches = ['next', 'hasNext', 'tryNext', 'toArray'];
/**
 * The gate's part of a cursor. A cursor that only reads passes as it is; an aggregation that ends in `$out` or `$merge`
 * is a write at its first fetch; and with a transaction around the migration each fetch takes its turn.
 */
function cursorWrapping(wrappers) {
    const { gate, driver } = wrappers;
    const written = new WeakMap();
    const fetch = async (raw, name, args) => {
        const write = writeOf(wrappers, raw);
        if (write === undefined)
            return gate.read(() => invokeAsync(raw, name, args));
        let begun = written.get(raw);
        if (begun === undefined) {
            // The first fetch runs the whole pipeline; its cursor is empty then.
            begun = write();
            written.set(raw, begun);
        }
        await begun;
        return invokeAsync(raw, name, args);
    };
    async function* each(raw) {
        try {
            for (;;) {
                const document = await fetch(raw, 'next', []);
                if (document === null)
                    return;
                yield document;
            }
        }
        finally {
            await invokeAsync(raw, 'close', []);
        }
    }
    const plain = (raw) => gate.enclosing === undefined && writeOf(wrappers, raw) === undefined;
    const overrides = {
        forEach: (raw, args) => answering(driver.major, [...args, ...(args.length > 1 ? [] : [undefined])], async () => {
            if (plain(raw))
                return gate.followRead(invokeAsync(raw, 'forEach', args.slice(0, 1)));
            const visit = args[0];
            for await (const document of each(raw))
                if (visit(document) === false)
                    break;
            return undefined;
        }),
        stream: (raw, args) => {
            if (plain(raw))
                return invoke(raw, 'stream', args);
            const transform = args[0]?.transform;
            const stream = external_node_stream_.Readable.from(each(raw));
            return transform === undefined ? stream : stream.map(transform);
        },
        [Symbol.asyncIterator]: (raw) => (plain(raw) ? invoke(raw, Symbol.asyncIterator, []) : each(raw)),
    };
    for (const name of fetches)
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => fetch(raw, name, args));
    return { overrides, first: (raw) => gate.followCursor(raw) };
}
/** Sends the pipeline of a writing aggregation; undefined for every other cursor. */
function writeOf({ gate, driver, writingCursors }, raw) {
    const command = writingCursors.get(raw);
    if (command !== undefined)
        return command;
    if (!(raw instanceof driver.classes.AggregationCursor))
        return undefined;
    const cursor = raw;
    const from = sourceOf(cursor, gate.database);
    const target = writingStage(cursor.pipeline, from.database);
    if (target === undefined)
        return undefined;
    return () => gate.perform({
        call: pipelineCall(from, target),
        session: cursor.session?.explicit === true ? cursor.session : undefined,
        send: () => invokeAsync(raw, 'hasNext', []),
        change: () => ({ other: `${target.stage} ${shownName(target.into, gate.database)}` }),
    });
}
function sourceOf(cursor, home) {
    const { namespace } = cursor;
    if (namespace === undefined)
        return { database: home };
    if (typeof namespace === 'string')
        return parseNamespace(namespace);
    return { database: namespace.db, collection: namespace.collection };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/commands.js



/**
 * Commands that change no data and no catalog, in small letters (names differ between versions in case only).
 * From the server's command reference. A command that is not here counts as a change.
 */
const reading = new Set(`abortTransaction aggregate availableQueryOptions buildInfo collStats commitTransaction connPoolStats connectionStatus
   count currentOp dataSize dbHash dbStats distinct endSessions explain features filemd5 find getCmdLineOpts
   getDefaultRWConcern getLastError getLog getMore getParameter hello hostInfo isMaster killCursors killOp killSessions
   listCollections listCommands listDatabases listIndexes listSearchIndexes lockInfo logApplicationMessage ping planCacheListFilters
   refreshSessions replSetGetConfig replSetGetStatus rolesInfo serverStatus startSession top usersInfo validate
   validateDBMetadata whatsmyuri`
    .toLowerCase()
    .split(/\s+/));
const named = (database, value) => typeof value === 'string' ? { database, collection: value } : { database };
/** What a raw command does, by its name: the first key. */
function commandKind(command, database) {
    const name = Object.keys(command)[0] ?? '';
    const namespace = named(database, command[name]);
    const writes = (call, more = {}) => ({
        kind: 'writes',
        name,
        call,
        namespace,
        multi: true,
        mayCreate: false,
        ...more,
    });
    const lower = name.toLowerCase();
    switch (lower) {
        case 'insert':
            return writes('insert', { multi: false, mayCreate: true });
        case 'update':
            return writes('update', { mayCreate: upserts(command.updates) });
        case 'delete':
            return writes('delete');
        case 'findandmodify':
            return writes(command.remove === true ? 'delete' : 'update', {
                multi: false,
                mayCreate: command.upsert === true,
            });
        case 'bulkwrite':
            return writes('bulk');
        case 'aggregate': {
            const target = command.explain === true ? undefined : writingStage(command.pipeline, database);
            if (target === undefined)
                return { kind: 'reads' };
            return writes('pipeline', { name: `aggregate ${target.stage}`, also: target.into, mayCreate: true });
        }
        case 'mapreduce': {
            const out = command.out;
            if (typeof out === 'object' && out !== null && 'inline' in out)
                return { kind: 'reads' };
            return writes('pipeline', { also: named(database, typeof out === 'string' ? out : Object.values(out ?? {})[0]) });
        }
        case 'renamecollection':
            return writes('catalog', {
                multi: false,
                namespace: parseNamespace(String(command[name])),
                also: parseNamespace(String(command.to)),
            });
        case 'create':
        case 'drop':
        case 'dropindexes':
        case 'deleteindexes':
        case 'collmod':
            return writes('catalog', { multi: false });
        case 'createindexes':
            return writes('catalog', { multi: false, mayCreate: true });
        case 'dropdatabase':
            return { kind: 'drops-database' };
        case 'listcollections':
            return { kind: 'lists' };
        default:
            return reading.has(lower) ? { kind: 'reads' } : writes('command');
    }
}
function upserts(updates) {
    return Array.isArray(updates) && updates.some((update) => update.upsert === true);
}
/** What a writing command did, from the server's reply and from the names of the indexes before it. */
function commandChange(gate, write, command, reply, seen) {
    const shown = shownName(write.namespace, gate.database);
    const lower = write.name.toLowerCase();
    switch (lower) {
        case 'insert':
        case 'update':
        case 'delete':
        case 'bulkwrite': {
            const failed = reply.writeErrors?.length ?? 0;
            // A failed statement of an update or delete may have changed some of its documents.
            return { counts: countsOfReply(lower, reply), unknown: lower === 'insert' ? 0 : failed };
        }
        case 'findandmodify': {
            const n = reply.lastErrorObject?.n ?? 0;
            const updated = reply.lastErrorObject?.updatedExisting === true ? n : 0;
            const removes = write.call === 'delete';
            return {
                counts: removes
                    ? { matched: 0, modified: 0, inserted: 0, deleted: n }
                    : { matched: updated, modified: updated, inserted: n - updated, deleted: 0 },
            };
        }
        case 'create':
            return seen.absent ? { collectionsCreated: [write.namespace] } : {};
        case 'drop':
            return seen.absent ? {} : { collectionsDropped: [write.namespace] };
        case 'createindexes':
        case 'dropindexes':
        case 'deleteindexes': {
            const named = (names) => names.map((index) => `${shown}.${index}`);
            return {
                indexesCreated: named(seen.indexesAfter.filter((index) => !seen.indexesBefore.includes(index) && index !== '_id_')),
                indexesDropped: named(seen.indexesBefore.filter((index) => !seen.indexesAfter.includes(index))),
            };
        }
        default: {
            if (write.also !== undefined)
                return { other: `${write.name.replace('aggregate ', '')} ${shownName(write.also, gate.database)}` };
            const first = Object.values(command)[0];
            return { other: typeof first === 'string' ? `${write.name} ${shown}` : write.name };
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/database-ours.js

/** A filter for listCollections that leaves our collections out. An equality on `name` stays on top: it is fast there. */
function hideOurs({ gate }, filter) {
    const ours = { name: { $regex: `^${gate.own.prefix.replaceAll(/[^\w]/g, '\\$&')}\\.` } };
    const asked = (filter ?? {});
    return { ...asked, $nor: [...(asked.$nor ?? []), ours] };
}
/**
 * Drops collection by collection: `dropDatabase` itself would take our history and lease along. The database is gone
 * afterwards where nothing of ours was in it.
 */
async function dropDatabase(wrappers, raw) {
    const { gate, membrane } = wrappers;
    if (gate.enclosing !== undefined) {
        throw new observe_error/* ReleaseError */.K('TRANSACTION_CATALOG', 'dropDatabase cannot run inside a transaction.', {
            hint: 'Move it to a migration of its own without transaction: true.',
        });
    }
    const { mine } = await gate.catalog.collections(raw.databaseName);
    const db = membrane.out(raw);
    for (const name of mine)
        await db.dropCollection(name);
    return true;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/database-commands.js





/** Reading commands that the server takes inside a transaction. */
const readsInTransaction = new Set(['find', 'aggregate', 'distinct']);
const indexCommands = new Set(['createindexes', 'dropindexes', 'deleteindexes']);
/** `command` of a Db or an Admin. */
function commandOverride(wrappers, databaseOf) {
    const { gate, driver, membrane } = wrappers;
    return (raw, args) => answering(driver.major, args, async (args) => {
        const command = (args[0] ?? {});
        const kind = commandKind(command, databaseOf(raw));
        switch (kind.kind) {
            case 'reads': {
                const joins = readsInTransaction.has(Object.keys(command)[0] ?? '');
                if (!joins)
                    return gate.followRead(invokeAsync(raw, 'command', args));
                return gate.read(() => invokeAsync(raw, 'command', readArguments(gate, args, 1)));
            }
            case 'lists': {
                const hiding = { ...command, filter: hideOurs(wrappers, command.filter) };
                return gate.followRead(invokeAsync(raw, 'command', [hiding, ...args.slice(1)]));
            }
            case 'drops-database':
                await dropDatabase(wrappers, raw);
                return { ok: 1, dropped: databaseOf(raw) };
            case 'writes': {
                const send = (session) => invokeAsync(raw, 'command', withSession(args, 1, session));
                return performCommand(wrappers, kind, command, membrane.sessionOf(args[1]), send);
            }
        }
    });
}
/** `runCursorCommand`: nothing is sent before the cursor's first fetch. */
function cursorCommandOverride(wrappers, databaseOf) {
    const { gate, membrane, writingCursors } = wrappers;
    return (raw, args) => {
        const command = (args[0] ?? {});
        const kind = commandKind(command, databaseOf(raw));
        if (kind.kind === 'lists') {
            return invoke(raw, 'runCursorCommand', [
                { ...command, filter: hideOurs(wrappers, command.filter) },
                ...args.slice(1),
            ]);
        }
        if (kind.kind !== 'writes') {
            const joins = readsInTransaction.has(Object.keys(command)[0] ?? '');
            return invoke(raw, 'runCursorCommand', joins ? readArguments(gate, args, 1) : args);
        }
        const cursor = invoke(raw, 'runCursorCommand', withSession(args, 1, gate.enclosing));
        const session = membrane.sessionOf(args[1]);
        writingCursors.set(cursor, () => performCommand(wrappers, kind, command, session, () => invokeAsync(cursor, 'hasNext', [])));
        return cursor;
    };
}
function performCommand({ gate }, write, command, session, send) {
    const { namespace, also, multi, mayCreate } = write;
    if (write.name === 'renameCollection' && also !== undefined) {
        return renameCollection(gate, namespace, also, session, 'command renameCollection', send);
    }
    const call = { kind: write.call, method: `command ${write.name}`, namespace, also, multi, mayCreate };
    const lower = write.name.toLowerCase();
    const seen = { absent: false, indexesBefore: [], indexesAfter: [] };
    return gate.perform({
        call,
        session,
        send: async (session) => {
            const indexes = indexCommands.has(lower) && !inTransaction(session);
            if (lower === 'create' || lower === 'drop')
                seen.absent = await gate.catalog.absent(namespace);
            if (indexes)
                seen.indexesBefore = await gate.catalog.indexNames(namespace);
            const reply = await send(session);
            if (indexes)
                seen.indexesAfter = await gate.catalog.indexNames(namespace);
            return reply;
        },
        change: (reply) => commandChange(gate, write, command, (reply ?? {}), seen),
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/database.js






const nameOf = (raw) => raw.databaseName;
/** The gate's part of a Db. */
function databaseWrapping(wrappers) {
    const { gate, driver, membrane } = wrappers;
    const later = (run) => {
        return (raw, args) => answering(driver.major, args, (args) => run(raw, args));
    };
    const overrides = {
        command: commandOverride(wrappers, nameOf),
        runCursorCommand: cursorCommandOverride(wrappers, nameOf),
        aggregate: (raw, args) => invoke(raw, 'aggregate', readArguments(gate, args, 1)),
        createCollection: later((raw, args) => {
            const namespace = { database: nameOf(raw), collection: String(args[0]) };
            let absent = false;
            return gate.perform({
                call: { kind: 'catalog', method: 'createCollection', namespace, multi: false, mayCreate: false },
                session: membrane.sessionOf(args[1]),
                send: async (session) => {
                    absent = await gate.catalog.absent(namespace);
                    return invoke(raw, 'createCollection', withSession(args, 1, session));
                },
                change: () => (absent ? { collectionsCreated: [namespace] } : {}),
            });
        }),
        createIndex: (raw, args) => {
            const [collection, ...rest] = args;
            return invoke(membrane.out(raw.collection(String(collection))), 'createIndex', rest);
        },
        dropCollection: later((raw, args) => {
            const namespace = { database: nameOf(raw), collection: String(args[0]) };
            return dropCollection(gate, namespace, membrane.sessionOf(args[1]), 'dropCollection', (session) => invokeAsync(raw, 'dropCollection', withSession(args, 1, session)));
        }),
        renameCollection: later((raw, args) => {
            const from = { database: nameOf(raw), collection: String(args[0]) };
            const to = { database: nameOf(raw), collection: String(args[1]) };
            return renameCollection(gate, from, to, membrane.sessionOf(args[2]), 'renameCollection', (session) => invokeAsync(raw, 'renameCollection', withSession(args, 2, session)));
        }),
        dropDatabase: later((raw) => dropDatabase(wrappers, raw)),
        listCollections: (raw, args) => invoke(raw, 'listCollections', [hideOurs(wrappers, args[0]), ...args.slice(1)]),
        collections: later(async (raw, args) => {
            const all = (await gate.followRead(invokeAsync(raw, 'collections', args)));
            const shown = all.filter(({ collectionName }) => !gate.own.owns(collectionName));
            return shown.map((collection) => membrane.out(collection));
        }),
    };
    return {
        overrides,
        unlisted: (name) => readsOfDb.has(name) ? undefined : otherChange(wrappers, name, (raw) => ({ database: nameOf(raw) })),
    };
}
/** The gate's part of an Admin: its database is `admin`. */
function adminWrapping(wrappers) {
    const admin = () => 'admin';
    return {
        overrides: { command: commandOverride(wrappers, admin) },
        unlisted: (name) => readsOfAdmin.has(name) ? undefined : otherChange(wrappers, name, () => ({ database: 'admin' })),
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/membrane.js
/** Properties that hold the driver's internals: what they refer to is wrapped as well. */
const internals = new Set(['s', 'topology']);
/**
 * Proxies around the driver's objects that pass `instanceof`, hand out only wrapped objects, and run the driver's own
 * code with the driver's own objects. It keeps user code from going around the gate by accident; it is no jail.
 */
class Membrane {
    #choose;
    #proxies = new WeakMap();
    #raws = new WeakMap();
    #sessionClass;
    constructor(driver, choose) {
        this.#choose = choose;
        this.#sessionClass = driver.classes.ClientSession;
    }
    /** What user code gets for a value that comes out of the driver. */
    out(value) {
        if (typeof value !== 'object' || value === null)
            return value;
        const known = this.#proxies.get(value);
        if (known !== undefined)
            return known;
        if (this.#raws.has(value))
            return value;
        const wrapping = this.#choose(value);
        if (wrapping === undefined)
            return value;
        wrapping.first?.(value);
        return this.#wrap(value, wrapping);
    }
    /** What the driver gets for a value that comes from user code: its own objects, also inside options. */
    in(value) {
        if (typeof value !== 'object' || value === null)
            return value;
        const raw = this.#raws.get(value);
        if (raw !== undefined)
            return raw;
        const session = value.session;
        if (!(session instanceof this.#sessionClass))
            return value;
        return { ...value, session: this.#raws.get(session) ?? session };
    }
    /** The driver's session behind the one in these options. */
    sessionOf(options) {
        const session = options?.session;
        if (!(session instanceof this.#sessionClass))
            return undefined;
        return (this.#raws.get(session) ?? session);
    }
    #wrap(raw, wrapping) {
        const methods = new Map();
        const proxy = new Proxy(raw, {
            get: (target, key) => {
                const value = Reflect.get(target, key, target);
                if (typeof value !== 'function')
                    return this.#property(target, key, value);
                if (key === 'constructor')
                    return value;
                const cached = methods.get(key);
                if (cached?.from === value)
                    return cached.method;
                const method = this.#method(target, key, value, wrapping);
                methods.set(key, { from: value, method });
                return method;
            },
            set: (target, key, value) => Reflect.set(target, key, value, target),
        });
        this.#proxies.set(raw, proxy);
        this.#raws.set(proxy, raw);
        return proxy;
    }
    #property(target, key, value) {
        if (typeof value !== 'object' || value === null)
            return value;
        const out = internals.has(key) ? this.#internals(value) : this.out(value);
        if (out === value)
            return value;
        // A proxy has to give the value itself of a property that can never change.
        const own = Reflect.getOwnPropertyDescriptor(target, key);
        return own !== undefined && own.configurable === false && own.writable === false ? value : out;
    }
    #internals(value) {
        return this.#proxies.get(value) ?? this.#wrap(value, { overrides: {} });
    }
    #method(target, key, method, wrapping) {
        const override = Object.hasOwn(wrapping.overrides, key)
            ? wrapping.overrides[key]
            : typeof key === 'string' && !(key in Object.prototype)
                ? wrapping.unlisted?.(key, method)
                : undefined;
        const call = override ?? ((raw, args) => method.apply(raw, args));
        return (...args) => this.#result(call(target, args.map((arg) => this.in(arg))));
    }
    #result(result) {
        return result instanceof Promise ? result.then((value) => this.out(value)) : this.out(result);
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/client.js









/** A client through which every write passes the gate; what it hands out (databases, sessions, cursors) does too. */
function wrapClient(raw, gate, driver) {
    const { classes } = driver;
    const choose = (object) => {
        if (object instanceof classes.Collection)
            return collection;
        if (object instanceof classes.AbstractCursor)
            return cursor;
        if (object instanceof classes.Db)
            return database;
        if (object instanceof classes.ClientSession)
            return session;
        if (object instanceof classes.OrderedBulkOperation || object instanceof classes.UnorderedBulkOperation)
            return bulk;
        if (object instanceof classes.Admin)
            return admin;
        if (object instanceof classes.MongoClient)
            return object === raw ? client : undefined;
        // Not exported as a class by all drivers: the half-built statement of a bulk operation.
        if (object.constructor?.name === 'FindOperators')
            return passive;
        if (object instanceof classes.ChangeStream)
            return passive;
        return undefined;
    };
    const membrane = new Membrane(driver, choose);
    const wrappers = { gate, driver, membrane, writingCursors: new WeakMap() };
    const client = clientWrapping(wrappers);
    const database = databaseWrapping(wrappers);
    const admin = adminWrapping(wrappers);
    const collection = collectionWrapping(wrappers);
    const cursor = cursorWrapping(wrappers);
    const bulk = bulkWrapping(wrappers);
    const session = sessionWrapping(wrappers);
    const passive = { overrides: {} };
    return { client: membrane.out(raw), membrane };
}
function clientWrapping(wrappers) {
    const { gate, membrane } = wrappers;
    let told = false;
    const ignoreClose = async () => {
        if (!told)
            gate.warn('The migration closed its client: ignored, since the connection belongs to the runner.');
        told = true;
    };
    return {
        overrides: {
            db: (raw, args) => invoke(raw, 'db', [args[0] ?? gate.database, ...args.slice(1)]),
            connect: async (raw) => raw,
            close: ignoreClose,
            [Symbol.asyncDispose]: ignoreClose,
            withSession: async (raw, args) => {
                const use = args.at(-1);
                const session = membrane.out(invoke(raw, 'startSession', args.length > 1 ? [args[0]] : []));
                try {
                    return await use(session);
                }
                finally {
                    await session.endSession();
                }
            },
            bulkWrite: (raw, args) => clientBulkWrite(wrappers, raw, args),
        },
    };
}
/** Writes to several collections in one command (server 8.0). */
function clientBulkWrite({ gate, membrane }, raw, args) {
    const models = (Array.isArray(args[0]) ? args[0] : []);
    const names = new Set(models.map(({ namespace }) => String(namespace)));
    const namespaces = [...names].map(parseNamespace);
    const [only] = namespaces;
    const ours = namespaces.find(({ collection }) => collection !== undefined && gate.own.owns(collection));
    const call = {
        kind: 'bulk',
        method: 'client bulkWrite',
        namespace: only ?? { database: gate.database },
        also: ours,
        multi: true,
        mayCreate: namespaces.length === 1,
    };
    return gate.perform({
        call,
        session: membrane.sessionOf(args[1]),
        send: (session) => invokeAsync(raw, 'bulkWrite', withSession(args, 1, session)),
        // The totals of several collections cannot be told apart: counted under the first, and named as one change.
        change: (result) => ({
            counts: countsOf(result),
            other: namespaces.length > 1 ? `bulkWrite over ${namespaces.length} collections` : undefined,
        }),
    });
}
/** Methods of a session that end or begin transactions. */
const ofTransactions = ['startTransaction', 'commitTransaction', 'abortTransaction', 'endSession', 'withTransaction'];
function sessionWrapping({ gate, membrane }) {
    const overrides = {};
    for (const name of [...ofTransactions, Symbol.asyncDispose]) {
        overrides[name] = (raw, args) => {
            if (raw === gate.enclosing)
                throw enclosed(String(name));
            if (name !== 'withTransaction')
                return invoke(raw, name, args);
            const [run, ...options] = args;
            return invoke(raw, name, [() => run(membrane.out(raw)), ...options]);
        };
    }
    return { overrides, first: (raw) => gate.transactions.follow(raw) };
}
function enclosed(method) {
    return new observe_error/* ReleaseError */.K('TRANSACTION_ENCLOSED', `The migration called ${method} on the session it was given.`, {
        hint: 'The runner commits or aborts it: leave the call out, or leave transaction: true out.',
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/lane.js
/**
 * Lets one through at a time, in the order of arrival. Parallel calls in one transaction fail on the server
 * (ConflictingOperationInProgress), and user code calls in parallel.
 */
class Lane {
    #last = Promise.resolve();
    pass(run) {
        const turn = this.#last.then(run, run);
        this.#last = turn.catch(() => { });
        return turn;
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/operations.js
/** What stays in memory of a migration of millions of calls. */
const keptRuns = 200;
/** The record of what was sent, in order. Equal neighbours are counted, not listed. */
class Operations {
    #entries = [];
    /** Notes that a call is about to be sent; call the result with how it ended. */
    begin(call, namespace) {
        const entry = { method: call.method, namespace, state: 'running', count: 1, startedAt: Date.now() };
        this.#entries.push(entry);
        return (state) => {
            entry.state = state;
            entry.endedAt = Date.now();
            this.#fold(entry);
        };
    }
    runs() {
        return this.#entries.slice(-keptRuns).map((entry) => ({ ...entry }));
    }
    #fold(entry) {
        const at = this.#entries.lastIndexOf(entry);
        // Parallel calls end in any order: both neighbours may have been waiting for this one.
        if (foldable(entry, this.#entries[at + 1]))
            this.#join(at);
        if (foldable(this.#entries[at - 1], entry))
            this.#join(at - 1);
        if (this.#entries.length <= keptRuns)
            return;
        const oldest = this.#entries.findIndex(({ state }) => state !== 'running');
        if (oldest >= 0)
            this.#entries.splice(oldest, 1);
    }
    /** Makes one entry of this one and the next. */
    #join(at) {
        const [entry, next] = this.#entries.slice(at, at + 2);
        if (entry === undefined || next === undefined)
            return;
        entry.count += next.count;
        entry.endedAt = Math.max(entry.endedAt ?? 0, next.endedAt ?? 0);
        this.#entries.splice(at + 1, 1);
    }
}
function foldable(a, b) {
    if (a === undefined || b === undefined || a.state === 'running')
        return false;
    return a.state === b.state && a.method === b.method && a.namespace === b.namespace;
}

// EXTERNAL MODULE: ./emitted/migration/gate/tally.js
var tally = __webpack_require__(88940);
;// CONCATENATED MODULE: ./emitted/migration/gate/recorder.js





/** The gate's books: what is under way, what was sent, what it did. */
class Recorder {
    /** What counts: all that was done outside of transactions, and in those that were committed. */
    run = new tally/* Tally */.F0();
    #options;
    #operations = new Operations();
    /** Writes under way, and whether they change the target at once: inside a transaction its commit does. */
    #writing = new Map();
    #failed = new WeakMap();
    #begun = 0;
    constructor(options) {
        this.#options = options;
    }
    /** Writes without an answer, as `method on namespace`. */
    writing() {
        return [...this.#writing.keys()].map((call) => this.#told(call));
    }
    /** How many writes may be changing the target right now. */
    get exposed() {
        return [...this.#writing.values()].filter((atOnce) => atOnce).length;
    }
    /** How many writes were begun. */
    get begun() {
        return this.#begun;
    }
    operations() {
        return this.#operations.runs();
    }
    /** What was sent last, as `method on namespace`. */
    last() {
        const run = this.#operations.runs().at(-1);
        return run === undefined ? 'a write' : `${run.method} on ${run.namespace}`;
    }
    /** The call that an error of the driver came from, as `method on namespace`. */
    callOf(error) {
        const call = typeof error === 'object' && error !== null ? this.#failed.get(error) : undefined;
        return call === undefined ? undefined : this.#told(call);
    }
    #told(call) {
        return `${call.method} on ${this.#shown(call)}`;
    }
    #shown(call) {
        return shownName(call.namespace, this.#options.database);
    }
    /** The stage that keeps the books. */
    stage = async (operation, next) => {
        const { call, session } = operation;
        const tally = this.#options.transactionTally(session) ?? this.run;
        this.#writing.set(call, tally === this.run);
        this.#begun += 1;
        let ended;
        try {
            const missing = await this.#options.catalog.missing(call);
            // Inside a transaction nothing changes before its commit, which comes through here by itself.
            if (tally === this.run)
                await this.#options.beforeWrite();
            this.#options.refuseWhenClosed();
            ended = this.#operations.begin(call, this.#shown(call));
            try {
                const result = await next();
                tally.operations += 1;
                this.#note(tally, operation, result);
                for (const namespace of missing)
                    if (this.#options.catalog.appeared(namespace))
                        tally.add(this.#named({ collectionsCreated: [namespace] }));
                ended('done');
                return result;
            }
            catch (error) {
                ended(await this.#noteFailure(tally, call, error, missing));
                throw error;
            }
        }
        finally {
            this.#writing.delete(call);
        }
    };
    #note(tally, operation, result) {
        let change;
        try {
            change = operation.change(result);
        }
        catch {
            change = { unknown: 1 };
        }
        // Write concern 0: the server was told, and did not answer.
        if (result?.acknowledged === false)
            change = { unknown: 1 };
        tally.unknown += change.unknown ?? 0;
        tally.add({ collection: this.#shown(operation.call), ...this.#named(change) });
        for (const namespace of change.collectionsDropped ?? [])
            this.#options.catalog.forget(shownName(namespace, this.#options.database));
        for (const namespace of change.collectionsCreated ?? [])
            this.#options.catalog.appeared(namespace);
    }
    async #noteFailure(tally, call, error, missing = []) {
        if (typeof error === 'object' && error !== null)
            this.#failed.set(error, call);
        const kind = failureKind(error, call);
        if (kind === 'not-sent')
            return 'refused';
        tally.operations += 1;
        const partial = error.result;
        if (partial !== undefined)
            tally.add({ collection: this.#shown(call), counts: countsOf(partial) });
        if (kind === 'unknown')
            tally.unknown += 1;
        // A refused insert may have left the empty collection behind.
        for (const namespace of missing) {
            if (tally === this.run && (await this.#options.catalog.emerged(namespace)))
                tally.add(this.#named({ collectionsCreated: [namespace] }));
        }
        return kind;
    }
    #named(change) {
        const { collectionsCreated, collectionsDropped, ...rest } = change;
        const names = (list) => list?.map((namespace) => shownName(namespace, this.#options.database));
        return { ...rest, collectionsCreated: names(collectionsCreated), collectionsDropped: names(collectionsDropped) };
    }
    /** Sends a commit: the one write of its transaction, which has been in the books of that until now. */
    async commit(send) {
        const call = {
            kind: 'commit',
            method: 'commitTransaction',
            namespace: { database: this.#options.database },
            multi: true,
            mayCreate: false,
        };
        this.#options.refuseWhenClosed();
        this.#writing.set(call, true);
        const ended = this.#operations.begin(call, this.#options.database);
        try {
            await this.#options.beforeWrite();
            const result = await send();
            ended('done');
            return result;
        }
        catch (error) {
            this.#failed.set(error, call);
            ended(labelled(error, 'UnknownTransactionCommitResult') ? 'unknown' : 'refused');
            throw error;
        }
        finally {
            this.#writing.delete(call);
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/transactions.js


/**
 * Follows the transactions of user code: what they did counts when they commit, and not at all when they abort.
 *
 * The driver's own `withTransaction` and `endSession` call start, commit and abort on the session itself, so these are
 * replaced on the session and not on a wrapper around it.
 */
class Transactions {
    #run;
    #catalog;
    #events;
    #tallies = new Map();
    #followed = new WeakSet();
    /** Commits whose result never arrived; a later attempt may settle them. */
    #uncertain = new WeakSet();
    constructor(run, catalog, events) {
        this.#run = run;
        this.#catalog = catalog;
        this.#events = events;
    }
    /** The tally of the session's open transaction; undefined when it has none. */
    tallyOf(session) {
        return session?.inTransaction() ? this.#tallies.get(session) : undefined;
    }
    /** Sessions with a transaction that is neither committed nor aborted. */
    open() {
        return [...this.#tallies.keys()].filter((session) => session.inTransaction());
    }
    follow(session) {
        if (this.#followed.has(session))
            return;
        this.#followed.add(session);
        const raw = session;
        const { startTransaction, commitTransaction, abortTransaction } = raw;
        if (startTransaction === undefined || commitTransaction === undefined || abortTransaction === undefined)
            return;
        let first = true;
        replace(session, 'startTransaction', (...args) => {
            const result = startTransaction.apply(session, args);
            if (first)
                this.#events.begun(session);
            first = false;
            this.#tallies.set(session, new tally/* Tally */.F0());
            this.#uncertain.delete(session);
            return result;
        });
        replace(session, 'commitTransaction', (...args) => this.#commit(session, () => commitTransaction.apply(session, args)));
        replace(session, 'abortTransaction', async (...args) => {
            try {
                return await abortTransaction.apply(session, args);
            }
            finally {
                this.#discard(session);
            }
        });
    }
    async #commit(session, send) {
        const tally = this.#tallies.get(session);
        if (tally === undefined || tally.operations === 0) {
            const result = await send();
            this.#tallies.delete(session);
            return result;
        }
        try {
            const result = await this.#events.commit(async () => send());
            if (this.#uncertain.delete(session))
                this.#run.unknown -= 1;
            this.#run.join(tally);
            this.#tallies.delete(session);
            return result;
        }
        catch (error) {
            if (labelled(error, 'UnknownTransactionCommitResult')) {
                if (!this.#uncertain.has(session))
                    this.#run.unknown += 1;
                this.#uncertain.add(session);
            }
            else if (!this.#uncertain.has(session)) {
                this.#discard(session);
            }
            throw error;
        }
    }
    #discard(session) {
        const effects = this.#tallies.get(session)?.effects();
        for (const collection of effects?.collectionsCreated ?? [])
            this.#catalog.forget(collection);
        this.#tallies.delete(session);
    }
}
function replace(session, name, method) {
    Object.defineProperty(session, name, { value: method, configurable: true, writable: true, enumerable: false });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/gate.js






/**
 * What every write of a migration passes. It refuses, records and counts; the wrappers around the driver's objects
 * (`client.ts` and its neighbours) bring each write here as an `Operation`.
 */
class Gate {
    database;
    own;
    catalog;
    transactions;
    warn;
    /** What is under way, was sent, and did. */
    books;
    #lane = new Lane();
    #stages;
    #cursors = new Set();
    #reading = 0;
    #closed;
    #enclosing;
    constructor(options) {
        this.database = options.database;
        this.own = options.own;
        this.warn = options.warn;
        this.catalog = new Catalog(options.client, options.own, options.database);
        this.books = new Recorder({
            database: options.database,
            catalog: this.catalog,
            beforeWrite: options.beforeWrite,
            transactionTally: (session) => this.transactions.tallyOf(session),
            refuseWhenClosed: () => this.#refuseWhenClosed(),
        });
        this.transactions = new Transactions(this.books.run, this.catalog, {
            commit: (send) => this.books.commit(send),
            begun: (session) => options.transactionBegun?.(session),
        });
        this.#stages = [this.#whileOpen, this.#notOurs, this.#inEnclosing, this.books.stage];
    }
    /** Sends one write through all stages. Rejects with the driver's own error, or a ReleaseError of a stage. */
    perform(operation) {
        const step = (index) => {
            const stage = this.#stages[index];
            return stage === undefined ? operation.send(operation.session) : stage(operation, () => step(index + 1));
        };
        return step(0);
    }
    /** Sends one read. With an enclosing transaction it takes its turn with all other calls. */
    async read(send) {
        this.#refuseWhenClosed();
        this.#reading += 1;
        try {
            return await (this.#enclosing === undefined ? send() : this.#lane.pass(send));
        }
        finally {
            this.#reading -= 1;
        }
    }
    /** Follows a read that the driver has already begun, so that the end of the migration can wait for it. */
    followRead(promise) {
        this.#reading += 1;
        return promise.finally(() => {
            this.#reading -= 1;
        });
    }
    /** From here on every call without a session of its own joins this session's transaction, one after the other. */
    enclose(session) {
        this.#enclosing = session;
    }
    get enclosing() {
        return this.#enclosing;
    }
    /** Every later call is refused with this error. */
    close(reason) {
        this.#closed ??= reason;
    }
    /** Follows a cursor until it is closed. */
    followCursor(cursor) {
        this.#cursors.add(cursor);
        cursor.once('close', () => this.#cursors.delete(cursor));
    }
    /** Whether a cursor was begun and is neither exhausted nor closed. */
    cursorOpen() {
        // The server gives an exhausted cursor the id 0.
        return [...this.#cursors].some(({ id, closed, killed }) => id != null && !id.isZero() && !closed && !killed);
    }
    get reading() {
        return this.#reading;
    }
    effects() {
        return this.books.run.effects();
    }
    shown(call) {
        return shownName(call.namespace, this.database);
    }
    #refuseWhenClosed() {
        if (this.#closed !== undefined)
            throw this.#closed;
    }
    #whileOpen = async (_operation, next) => {
        this.#refuseWhenClosed();
        return next();
    };
    #notOurs = async ({ call }, next) => {
        for (const namespace of [call.namespace, call.also]) {
            if (namespace?.collection === undefined || !this.own.owns(namespace.collection))
                continue;
            throw new observe_error/* ReleaseError */.K('GATE_OWN_COLLECTION', `A migration may not change ${namespace.collection}: mongo-release keeps its records there.`, { hint: `Leave out collections whose name begins with ${this.own.prefix}. in the migration.` });
        }
        return next();
    };
    #inEnclosing = async (operation, next) => {
        const session = this.#enclosing;
        if (session === undefined)
            return next();
        operation.session ??= session;
        if (operation.session !== session)
            return next();
        return this.#lane.pass(async () => {
            try {
                return await next();
            }
            catch (error) {
                throw catalogInTransaction(error, operation.call, this.shown(operation.call));
            }
        });
    };
}
/** The server's number for a catalog change that transactions do not take (OperationNotSupportedInTransaction). */
const notInTransaction = 263;
function catalogInTransaction(error, call, shown) {
    if (call.kind !== 'catalog' || error.code !== notInTransaction)
        return error;
    return new observe_error/* ReleaseError */.K('TRANSACTION_CATALOG', `${call.method} on ${shown} cannot run inside a transaction.`, {
        hint: 'Move it to a migration of its own without transaction: true.',
        cause: error,
    });
}

;// CONCATENATED MODULE: ./emitted/migration/child/connect.js
/** How long to look for a usable server where the address does not say, in milliseconds. */
const selectionMs = 10_000;
/** A client of the project's own driver, connected. Throws that driver's errors. */
async function connectMigration(driver, uri, database, options = {}) {
    const client = new driver.classes.MongoClient(uri, {
        appName: 'mongo-release migration',
        ...(/[?&]serverSelectionTimeoutMS=/i.test(uri) ? {} : { serverSelectionTimeoutMS: selectionMs }),
        ...options,
    });
    await client.connect();
    // One round trip shows that the credentials are taken, before any user code runs.
    await client.db(database).command({ ping: 1 });
    nameDatabase(client, database);
    return client;
}
/** The database that Mongoose takes from a client: the address may name another one or none. */
function nameDatabase(client, database) {
    const { s } = client;
    if (s?.options !== undefined && !Object.isFrozen(s.options))
        s.options.dbName = database;
}

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
;// CONCATENATED MODULE: ./emitted/migration/child/driver.js
var driver_rewriteRelativeImportExtension = (undefined && undefined.__rewriteRelativeImportExtension) || function (path, preserveJsx) {
    if (typeof path === "string" && /^\.\.?\//.test(path)) {
        return path.replace(/\.(tsx)$|((?:\.d)?)((?:\.[^./]+?)?)\.([cm]?)ts$/i, function (m, tsx, d, ext, cm) {
            return tsx ? preserveJsx ? ".jsx" : ".js" : d && (!ext || !cm) ? m : (d + ext + "." + cm.toLowerCase() + "js");
        });
    }
    return path;
};





/** The oldest driver whose methods answer with promises and whose answers carry counts. */
const oldestMajor = 4;
/** Of the bundled driver; a test holds it to package.json. */
const bundledVersion = '7.8.0';
/**
 * The driver that a migration works with: Mongoose's own where Mongoose is in use, since it knows no other's objects;
 * else the project's; else the one that belongs to this program.
 *
 * Throws `DRIVER_UNSUPPORTED`.
 */
async function loadDriver(migrationPath, mongoosePath) {
    const path = resolveFrom(mongoosePath ?? migrationPath) ?? nestedInMongoose(migrationPath);
    if (path === undefined)
        return driverOf(await __webpack_require__.e(/* import() */ 4).then(__webpack_require__.t.bind(__webpack_require__, 85226, 19)), bundledVersion);
    const version = await versionOf(path);
    const loaded = (await import(driver_rewriteRelativeImportExtension(/* webpackIgnore: true */ (0,external_node_url_.pathToFileURL)(path).href)));
    return driverOf((loaded.default ?? loaded), version);
}
/** Path of the main file of the driver that a file of the project would get; undefined where there is none. */
function resolveFrom(path) {
    try {
        return (0,external_node_module_.createRequire)(path).resolve('mongodb');
    }
    catch {
        return undefined;
    }
}
function nestedInMongoose(path) {
    try {
        return resolveFrom((0,external_node_module_.createRequire)(path).resolve('mongoose'));
    }
    catch {
        return undefined;
    }
}
function driverOf(classes, version) {
    const major = Number.parseInt(version, 10);
    if (!(major >= oldestMajor)) {
        throw new observe_error/* ReleaseError */.K('DRIVER_UNSUPPORTED', `The project's mongodb package is version ${version}.`, {
            hint: `Update it to version ${oldestMajor} or newer: npm install mongodb@latest`,
        });
    }
    return { version, major, classes };
}
/** From the package.json above a file. */
async function versionOf(path) {
    for (let folder = (0,external_node_path_.dirname)(path);; folder = (0,external_node_path_.dirname)(folder)) {
        try {
            const manifest = JSON.parse(await (0,promises_.readFile)((0,external_node_path_.join)(folder, 'package.json'), 'utf8'));
            if (manifest.name === 'mongodb')
                return String(manifest.version);
        }
        catch {
            // No package.json here: look one folder up.
        }
        if ((0,external_node_path_.dirname)(folder) === folder)
            return '0.0.0';
    }
}

;// CONCATENATED MODULE: ./emitted/migration/child/enclosing.js


/** How often a commit is sent whose result does not arrive. */
const commitAttempts = 5;
/**
 * Begins the transaction around a whole migration: from here on every call joins it.
 *
 * Throws `TRANSACTIONS_UNAVAILABLE` on a standalone server.
 */
async function begin(raw, gate) {
    const hello = await raw.db('admin').command({ hello: 1 });
    if (hello.setName === undefined && hello.msg !== 'isdbgrid') {
        throw new observe_error/* ReleaseError */.K('TRANSACTIONS_UNAVAILABLE', 'The server is a standalone: it has no transactions.', {
            hint: 'Run it as a replica set (one member is enough), or leave transaction: true out.',
        });
    }
    const session = raw.startSession();
    gate.transactions.follow(session);
    session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } });
    gate.enclose(session);
    return session;
}
/** Sent again while its result is unknown: the server answers a repeated commit with the first one's result. */
async function commit(session) {
    for (let attempt = 1;; attempt += 1) {
        try {
            await session.commitTransaction();
            return;
        }
        catch (error) {
            if (attempt >= commitAttempts || !labelled(error, 'UnknownTransactionCommitResult'))
                throw error;
        }
    }
}
/** Never throws: what cannot be aborted now, the server aborts when its time is up. */
async function abort(session) {
    await session.abortTransaction().catch(() => { });
}

;// CONCATENATED MODULE: ./emitted/migration/child/log.js

/** The `log` of a migration's context: a function, and an object with a method a level, since both are in use. */
function migrationLog(source, send) {
    const write = (level) => (message, fields) => send({ type: 'log', level, message: hideUnknown(String(message), source), fields: hideFields(fields, source) });
    const levels = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
    return Object.assign(write('info'), levels);
}

// EXTERNAL MODULE: external "node:timers/promises"
var external_node_timers_promises_ = __webpack_require__(58500);
;// CONCATENATED MODULE: ./emitted/migration/child/settle.js

/** Waits until no write is under way; false when the time ran out first. */
async function settled(gate, limitMs) {
    const until = performance.now() + limitMs;
    while (gate.books.writing().length > 0) {
        if (performance.now() > until)
            return false;
        await (0,external_node_timers_promises_.setTimeout)(5);
    }
    return true;
}
/** Code that nobody waits for has at least this long to show itself; with reads still open, as long as the second. */
const quietMs = 20;
const readingMs = 400;
/**
 * Looks for calls that go on after the migration has returned: a missing `await`. Gives what is left over, in words;
 * an empty list when all is quiet.
 */
async function dangling(gate) {
    const left = gate.books.writing();
    if (left.length > 0)
        return left;
    const transactions = gate.transactions.open().filter((session) => session !== gate.enclosing);
    if (transactions.length > 0)
        return ['a transaction that is neither committed nor aborted'];
    const begun = gate.books.begun;
    const start = performance.now();
    for (;;) {
        await (0,external_node_timers_promises_.setTimeout)(5);
        if (gate.books.begun !== begun)
            return gate.books.writing().length > 0 ? gate.books.writing() : [gate.books.last()];
        const waited = performance.now() - start;
        if (waited >= readingMs || (waited >= quietMs && gate.reading === 0 && !gate.cursorOpen()))
            return [];
    }
}

;// CONCATENATED MODULE: ./emitted/migration/child/run.js














/** How long writes under way may take to be answered once the migration has ended, in milliseconds. */
const settleMs = 5000;
/** The failure of one step, ready for the parent. */
class Failure extends Error {
    failure;
    constructor(failure) {
        super(failure.message);
        this.failure = failure;
    }
}
/** What user code threw where nobody was waiting for it. */
class Unseen {
    thrown;
    constructor(thrown) {
        this.thrown = thrown;
    }
}
/** Runs one migration in this process, once. */
class MigrationRun {
    #job;
    #parent;
    #reporter;
    #loaded;
    #stop = new AbortController();
    /** Rejects with what user code threw where nobody was waiting. */
    #unseen = Promise.withResolvers();
    #gate;
    #source;
    #startedAt;
    #durationMs = 0;
    #returned = false;
    #ended = false;
    constructor(job, parent, reporter, loaded) {
        this.#job = job;
        this.#parent = parent;
        this.#reporter = reporter;
        this.#loaded = loaded;
        this.#unseen.promise.catch(() => { });
    }
    /** Ends the process when it is through. */
    async run() {
        for (const event of ['unhandledRejection', 'uncaughtException']) {
            process.on(event, (error) => this.#unseen.reject(new Unseen(error)));
        }
        try {
            await this.#through();
            await this.#end({ state: 'done' });
        }
        catch (error) {
            const failure = error instanceof Failure ? error.failure : this.#describe(error, false);
            await this.#end({ state: 'failed', error: failure });
        }
    }
    /** Lets nothing more be sent, waits for what is under way, and ends. */
    async stop() {
        // All is done but the commit and the report: that is quicker than undoing it.
        if (this.#returned)
            return;
        this.#close('The migration was stopped.');
        this.#stop.abort();
        await this.#end({ state: 'stopped' });
    }
    async #through() {
        const job = this.#job;
        const source = sourceAt(job.path, this.#loaded.words, job.showValues);
        this.#source = source;
        const modelsModule = job.models === undefined ? undefined : await this.#loadModels(job.models);
        const migration = recognise(await this.#watched(loadModule(source)), source.fileName);
        const step = migration[job.direction];
        if (step === undefined) {
            throw new observe_error/* ReleaseError */.K('IRREVERSIBLE', `${source.fileName} has no down.`, {
                hint: 'Write its down, or go back by restoring a backup.',
            });
        }
        const mongoosePath = [...this.#loaded.mongooses.keys()][0];
        const driver = await loadDriver(job.path, mongoosePath);
        const raw = await this.#failing(connectMigration(driver, job.uri, job.database, job.driverOptions), (error) => describeConnectFailure(error, job.database));
        const gate = new Gate({
            client: raw,
            database: job.database,
            own: (0,own/* ownNames */.D)(job.ownPrefix),
            beforeWrite: () => this.#reporter.beforeWrite(),
            warn: (message) => void this.#parent.send({ type: 'log', level: 'warn', message, fields: {} }),
            transactionBegun: ({ id }) => {
                if (id !== undefined)
                    void this.#parent.send({ type: 'transaction', session: new Uint8Array(id.id.buffer) });
            },
        });
        this.#gate = gate;
        this.#reporter.follow(gate);
        const { client, membrane } = wrapClient(raw, gate, driver);
        const models = this.#bindModels(client, modelsModule);
        const enclosing = migration.facts.transaction ? await begin(raw, gate) : undefined;
        const context = {
            db: client.db(job.database),
            client,
            models,
            session: enclosing === undefined ? undefined : membrane.out(enclosing),
            log: migrationLog(source, (message) => void this.#parent.send(message)),
            signal: this.#stop.signal,
        };
        this.#startedAt = performance.now();
        await this.#watched(Promise.resolve().then(() => call(migration, step, context)));
        await this.#watched(this.#refuseDangling(gate));
        this.#returned = true;
        if (enclosing !== undefined)
            await this.#failing(commit(enclosing), (error) => this.#describe(error, false));
        this.#durationMs = performance.now() - this.#startedAt;
    }
    /** The promise of user code, or what it threw elsewhere meanwhile. */
    #watched(promise) {
        return Promise.race([promise, this.#unseen.promise]).catch((error) => {
            if (error instanceof Failure)
                throw error;
            throw new Failure(error instanceof Unseen ? this.#describe(error.thrown, true) : this.#describe(error, false));
        });
    }
    async #failing(promise, describe) {
        try {
            return await promise;
        }
        catch (error) {
            throw new Failure(describe(error));
        }
    }
    #describe(error, unseen) {
        if (this.#source === undefined)
            throw error;
        if (error instanceof observe_error/* ReleaseError */.K && error.code === 'MIGRATION_INVALID')
            return asChildError(error);
        return describeFailure(error, this.#source, this.#gate?.books.callOf(error), unseen);
    }
    async #loadModels(path) {
        const source = sourceAt(path, this.#loaded.words, this.#job.showValues);
        const exports = await this.#watched(loadModule(source, 'MODELS_INVALID'));
        if (this.#loaded.mongooses.size > 0)
            return exports;
        throw new observe_error/* ReleaseError */.K('MODELS_INVALID', `The models' module ${source.fileName} does not use mongoose.`, {
            hint: 'Let migrations.models name the module that exports the Mongoose models, or leave it out.',
        });
    }
    #bindModels(client, exports) {
        let models = {};
        for (const mongoose of this.#loaded.mongooses.values()) {
            bindMongoose(mongoose, client);
            models = { ...modelsOf(mongoose), ...models };
        }
        if (exports === undefined)
            return models;
        const all = { ...models, ...exportedModels(exports) };
        if (Object.keys(all).length === 0) {
            throw new observe_error/* ReleaseError */.K('MODELS_INVALID', "The models' module has no Mongoose model.", {
                hint: 'Export the models from it: export const City = mongoose.model("City", citySchema).',
            });
        }
        return all;
    }
    async #refuseDangling(gate) {
        const left = await dangling(gate);
        if (left.length === 0)
            return;
        const shown = left.slice(0, 3).join(', ');
        const more = left.length > 3 ? ` and ${left.length - 3} more` : '';
        throw new Failure({
            code: 'MIGRATION_DANGLING',
            message: `${this.#job.direction} returned while it was still at work: ${shown}${more}.`,
            hint: 'Await every call (await Promise.all(list.map(…)), not list.forEach(async …)), and run it again.',
        });
    }
    #close(message) {
        this.#gate?.close(new observe_error/* ReleaseError */.K('GATE_CLOSED', message, {
            hint: 'Await every call, so that the migration ends when its work does.',
        }));
    }
    async #end(outcome) {
        if (this.#ended)
            return;
        this.#ended = true;
        const gate = this.#gate;
        if (this.#durationMs === 0 && this.#startedAt !== undefined)
            this.#durationMs = performance.now() - this.#startedAt;
        if (gate !== undefined) {
            this.#close('The migration has ended.');
            await settled(gate, settleMs);
            for (const session of gate.transactions.open())
                await abort(session);
        }
        const state = this.#reporter.state();
        await this.#parent.finish({ type: 'end', end: { ...state, outcome, durationMs: Math.round(this.#durationMs) } });
    }
}
function call(migration, step, context) {
    return migration.facts.form === 'context' ? step(context) : step(context.db, context.client);
}

;// CONCATENATED MODULE: ./emitted/migration/child/main.js
/** Entry of the process that loads and runs a project's migrations. Started by `../child-process.ts` alone. */






const main_parent = new Parent();
const loaded = registerHooks();
const main_reporter = new reporter/* Reporter */.a(main_parent);
let run;
main_parent.receive((message) => {
    switch (message.type) {
        case 'run':
            run = new MigrationRun(message.job, main_parent, main_reporter, loaded);
            main_parent.onEarlyExit(() => ({ type: 'exiting', state: main_reporter.state() }));
            main_reporter.start();
            void run.run();
            return;
        case 'describe':
            void describeFiles(message.job, main_parent, loaded);
            return;
        case 'config':
            void readConfig(message.path, main_parent, loaded);
            return;
        case 'stop':
            void run?.stop();
            return;
    }
});


/***/ }),

/***/ 95396:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   a: () => (/* binding */ Reporter),
/* harmony export */   f: () => (/* binding */ heartbeatMs)
/* harmony export */ });
/* harmony import */ var _gate_tally_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(88940);

/** How often the parent hears from a child that is alive, in milliseconds. Three missed ones count as silence. */
const heartbeatMs = 300;
/**
 * Tells the parent how far it got, often enough for progress and life, and before every write that would make the last
 * report untrue: after a kill the parent knows either the exact effects, or that something is unknown.
 */
class Reporter {
    #parent;
    #gate;
    /** Whether the parent believes that nothing is under way. */
    #calm = true;
    constructor(parent) {
        this.#parent = parent;
    }
    start() {
        setInterval(() => void this.#report(), heartbeatMs);
    }
    follow(gate) {
        this.#gate = gate;
    }
    /** Awaited by the gate before a write is sent; costs a message only when the parent believes that all is calm. */
    beforeWrite() {
        if (!this.#calm)
            return undefined;
        this.#calm = false;
        return this.#parent.send({ type: 'writing' });
    }
    state() {
        const gate = this.#gate;
        if (gate === undefined)
            return { effects: _gate_tally_js__WEBPACK_IMPORTED_MODULE_0__/* .noEffects */ .CC, operations: [], writing: 0 };
        return { effects: gate.effects(), operations: gate.books.operations(), writing: gate.books.exposed };
    }
    async #report() {
        const state = this.state();
        this.#calm = state.writing === 0;
        await this.#parent.send({ type: 'state', state });
    }
}


/***/ }),

/***/ 88940:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   CC: () => (/* binding */ noEffects),
/* harmony export */   F0: () => (/* binding */ Tally)
/* harmony export */ });
/* unused harmony export noCounts */
const noCounts = { matched: 0, modified: 0, inserted: 0, deleted: 0 };
function sum(a, b) {
    return {
        matched: a.matched + b.matched,
        modified: a.modified + b.modified,
        inserted: a.inserted + b.inserted,
        deleted: a.deleted + b.deleted,
    };
}
/** Adds effects up: one for the run, one for each open transaction, which joins the run's when it commits. */
class Tally {
    operations = 0;
    unknown = 0;
    #byCollection = new Map();
    #indexesCreated = [];
    #indexesDropped = [];
    #collectionsCreated = [];
    #collectionsDropped = [];
    #otherChanges = new Set();
    add(change) {
        if (change.collection !== undefined && change.counts !== undefined) {
            const before = this.#byCollection.get(change.collection) ?? noCounts;
            this.#byCollection.set(change.collection, sum(before, change.counts));
        }
        this.#indexesCreated.push(...(change.indexesCreated ?? []));
        this.#indexesDropped.push(...(change.indexesDropped ?? []));
        this.#collectionsCreated.push(...(change.collectionsCreated ?? []));
        this.#collectionsDropped.push(...(change.collectionsDropped ?? []));
        if (change.other !== undefined)
            this.#otherChanges.add(change.other);
    }
    join(tally) {
        const effects = tally.effects();
        this.operations += tally.operations;
        this.unknown += tally.unknown;
        for (const [collection, counts] of Object.entries(effects.byCollection))
            this.add({ collection, counts });
        this.add(effects);
        for (const other of effects.otherChanges)
            this.add({ other });
    }
    effects() {
        let total = noCounts;
        for (const counts of this.#byCollection.values())
            total = sum(total, counts);
        return {
            ...total,
            operations: this.operations,
            byCollection: Object.fromEntries(this.#byCollection),
            indexesCreated: [...this.#indexesCreated],
            indexesDropped: [...this.#indexesDropped],
            collectionsCreated: [...this.#collectionsCreated],
            collectionsDropped: [...this.#collectionsDropped],
            otherChanges: [...this.#otherChanges],
            unknown: this.unknown,
        };
    }
}
/** The effects of having done nothing. */
const noEffects = new Tally().effects();


/***/ }),

/***/ 89228:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   D: () => (/* binding */ ownNames)
/* harmony export */ });
function ownNames(prefix = '_mongo_release') {
    return {
        prefix,
        history: `${prefix}.history`,
        lease: `${prefix}.lease`,
        journal: `${prefix}.journal`,
        releases: `${prefix}.releases`,
        quarantine: `${prefix}.quarantine`,
        dropped: (uuid) => `${prefix}.dropped.${uuid}`,
        owns: (name) => name.startsWith(`${prefix}.`),
    };
}


/***/ }),

/***/ 52563:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   JL: () => (/* binding */ describeServerError),
/* harmony export */   Wc: () => (/* binding */ serverCodes),
/* harmony export */   XY: () => (/* binding */ serverCode)
/* harmony export */ });
/** What a server's error is, by its code alone: no driver is loaded for it, and errors of every driver fit. */
/** Server error codes that decisions depend on; names and numbers from the server's `src/mongo/base/error_codes.yml`. */
const serverCodes = {
    Unauthorized: 13,
    AuthenticationFailed: 18,
    NamespaceNotFound: 26,
    IndexNotFound: 27,
    NamespaceExists: 48,
    MaxTimeMSExpired: 50,
    CommandNotFound: 59,
    WriteConflict: 112,
    DocumentValidationFailure: 121,
    CommandNotSupportedOnView: 166,
    SnapshotTooOld: 239,
    SnapshotUnavailable: 246,
    CollectionUUIDMismatch: 361,
    AtlasError: 8000,
    DuplicateKey: 11_000,
};
/** The server's number for an error, also where the driver rewrote it (it rewrites code 20 on writes). */
function serverCode(error) {
    if (!(error instanceof Error))
        return undefined;
    const original = error.originalError;
    const fromOriginal = original === undefined ? undefined : serverCode(original);
    if (fromOriginal !== undefined)
        return fromOriginal;
    const code = error.code;
    return typeof code === 'number' ? code : undefined;
}
/**
 * What a server's error says, rebuilt from its code: the server's own text may quote documents and is never shown.
 *
 * `where` names the namespace or action it is about. Works on errors of any driver version, since it looks at the
 * shape and not at the class.
 */
function describeServerError(error, where) {
    const code = serverCode(error);
    const name = error?.codeName;
    const at = where === undefined ? '' : ` (${where})`;
    if (code === serverCodes.DuplicateKey) {
        const keys = Object.keys(error.keyPattern ?? {});
        return `duplicate key${keys.length > 0 ? ` in ${keys.join(', ')}` : ''}${at}`;
    }
    if (code === serverCodes.DocumentValidationFailure)
        return `a document fails the collection's validator${at}`;
    if (code !== undefined)
        return `server error ${code}${typeof name === 'string' ? ` ${name}` : ''}${at}`;
    return `${error instanceof Error ? error.name : typeof error}${at}`;
}


/***/ }),

/***/ 79734:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  K: () => (/* binding */ ReleaseError),
  o: () => (/* binding */ asReleaseError)
});

;// CONCATENATED MODULE: ./emitted/observe/error-codes.js
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
    MIGRATION_EXISTS: { exit: 2, meaning: 'A migration of this name exists already and is not overwritten.' },
    PROJECT_EXISTS: { exit: 2, meaning: 'A project is set up in this folder already, and is left as it is.' },
    MIGRATION_UNKNOWN: { exit: 2, meaning: 'No migration has the name that was given.' },
    MIGRATION_NOT_APPLIED: { exit: 2, meaning: 'The named migration is not applied, so it cannot be gone down to.' },
    PLAN_FILE_INVALID: { exit: 2, meaning: 'The named plan file is missing, or is no plan of mongo-release.' },
    PLAN_MOVED: { exit: 5, meaning: 'What would be applied is no longer what was planned or asked for.' },
    IRREVERSIBLE: { exit: 5, meaning: 'A migration on the way down cannot be undone.' },
    DOWN_BLOCKED: { exit: 5, meaning: 'Later migrations stand on what should be taken back.' },
    HISTORY_CONFLICT: { exit: 5, meaning: 'A record of the history is not in the state that the next step needs.' },
    CHANGELOG_MISSING: { exit: 5, meaning: "migrate-mongo's changelog is gone, and history has migrations from it." },
    LEASE_HELD: { exit: 6, meaning: 'Another run has the right to change the history of this target.' },
    LEASE_ALIVE: { exit: 6, meaning: 'The lease is not taken away while its owner shows signs of life.' },
    LEASE_LOST: { exit: 6, meaning: 'The lease ran out or was taken over, so this run may not write any more.' },
    MIGRATION_INVALID: { exit: 2, meaning: 'A file is no migration, or cannot be loaded.' },
    MODELS_INVALID: { exit: 2, meaning: 'The module of Mongoose models cannot be loaded or exports no model.' },
    TSX_MISSING: { exit: 2, meaning: 'The configuration asks for tsx, and the project has none.' },
    DRIVER_UNSUPPORTED: { exit: 2, meaning: "The project's MongoDB driver is older than version 4." },
    TRANSACTIONS_UNAVAILABLE: { exit: 5, meaning: 'A migration asks for a transaction, and the server has none.' },
    TRANSACTION_CATALOG: { exit: 8, meaning: 'A change of the catalog was tried where transactions do not take it.' },
    TRANSACTION_ENCLOSED: { exit: 8, meaning: 'A migration tried to end the transaction that the runner put around it.' },
    GATE_OWN_COLLECTION: { exit: 8, meaning: 'A migration tried to change a collection that mongo-release keeps.' },
    GATE_CLOSED: { exit: 8, meaning: 'Code of a migration went on after the migration had ended or was stopped.' },
    MIGRATION_FAILED: { exit: 8, meaning: "The migration's code threw, or a promise of it was rejected unseen." },
    MIGRATION_DANGLING: { exit: 8, meaning: 'A migration returned while calls of it were still under way.' },
    MIGRATION_TIMED_OUT: { exit: 8, meaning: 'A migration ran longer than its time limit and was stopped.' },
    MIGRATION_EXITED: { exit: 8, meaning: "The migration's process ended before the migration did." },
    MIGRATION_CANCELLED: { exit: 130, meaning: 'A migration was stopped because the run was cancelled.' },
    MIGRATIONS_PENDING: { exit: 3, meaning: 'Migrations are pending, and --check asks for none.' },
    FINDINGS: { exit: 4, meaning: 'Lint, policy, guards or the history have something to say that stops a release.' },
    BLOCKED_BY_GUARD: { exit: 5, meaning: 'A guard says that a release may not start now, or a guard could not look.' },
    BACKUP_MOVED: { exit: 5, meaning: 'The history of the target moved since the backup was taken.' },
    CONFIRMATION_NEEDED: { exit: 2, meaning: 'A person has to agree, and nobody was there to ask.' },
    CONFIRMATION_REFUSED: { exit: 2, meaning: 'A person was asked and did not agree.' },
    FAILED_CLEAN: { exit: 7, meaning: 'A migration failed, and the target is as it was.' },
    FAILED_DIRTY: {
        exit: 8,
        meaning: 'A migration failed after it had changed the target; the message says how far it got.',
    },
    DEPLOY_FAILED: { exit: 8, meaning: 'The migrations are applied, and the deploy hook failed.' },
    VERIFICATION_FAILED: { exit: 9, meaning: 'A probe failed or could not look; nothing was rolled back.' },
    ROLLBACK_FAILED: { exit: 10, meaning: 'The way back failed or is incomplete.' },
    SANDBOX_UNAVAILABLE: { exit: 5, meaning: 'No mongod was found or could be started to run a sandbox with.' },
    SANDBOX_REFUSED: { exit: 5, meaning: 'The named sandbox address is not safe to use as a sandbox.' },
    REHEARSAL_FAILED: { exit: 13, meaning: 'The rehearsal failed; the target was not touched.' },
    ROLLED_BACK: { exit: 14, meaning: 'The release failed and was rolled back, as asked.' },
    NO_WAY_BACK: { exit: 5, meaning: 'The release cannot be taken back in the way that was asked for, or in any.' },
    RELEASE_UNKNOWN: { exit: 2, meaning: 'The target has no record of the release that was named.' },
    HOOK_FAILED: { exit: 8, meaning: 'A hook of the project failed or ran out of time.' },
    CANCELLED: { exit: 130, meaning: 'The run was cancelled; 143 when by SIGTERM.' },
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
    BACKUP_NOT_FOUND: { exit: 11, meaning: 'The store has no backup of this name.' },
    BACKUP_NAMESPACE_UNKNOWN: { exit: 2, meaning: 'The backup holds no collection of the name that was given.' },
    ARCHIVE_DAMAGED: { exit: 11, meaning: "A backup's archive is not what was written, or does not fit its manifest." },
    MANIFEST_DAMAGED: { exit: 11, meaning: "A backup's manifest cannot be read, or was changed." },
    RESTORE_IN_PROGRESS: { exit: 6, meaning: 'Another run is restoring into this database right now.' },
    RESTORE_FAILED: { exit: 7, meaning: 'The restore failed before it touched any collection; the data is as it was.' },
    RESTORE_INCOMPLETE: {
        exit: 8,
        meaning: 'The restore was interrupted while it swapped collections in; the next restore finishes it.',
    },
    SERVER_UNREACHABLE: { exit: 12, meaning: 'No usable server answered in time.' },
    CREDENTIALS_REFUSED: { exit: 12, meaning: 'The server refused the user name or password.' },
    NOT_AUTHORIZED: { exit: 12, meaning: 'The user may not do what the command needs.' },
    SERVER_ERROR: { exit: 12, meaning: 'The server answered a command with an error that has no case of its own.' },
};

;// CONCATENATED MODULE: ./emitted/observe/error.js

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
        return errorCodes[this.code].exit;
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


/***/ })

};

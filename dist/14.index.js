export const id = 14;
export const ids = [14];
export const modules = {

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

/***/ 23295:
/***/ ((__unused_webpack___webpack_module__, __unused_webpack___webpack_exports__, __webpack_require__) => {


// EXTERNAL MODULE: ./emitted/observe/error.js
var observe_error = __webpack_require__(3510);
// EXTERNAL MODULE: ./emitted/mongo/server-code.js + 1 modules
var server_code = __webpack_require__(20724);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
;// CONCATENATED MODULE: ./emitted/migration/child/known.js


/** Of errors that many meet. `where`: the driver's call that it came from. Undefined for all others. */
function known(error, where) {
    if (!(error instanceof Error))
        return undefined;
    if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.BSONObjectTooLarge)
        return { hint: tooLarge };
    const { code } = error;
    switch (code) {
        case 'ERR_AMBIGUOUS_MODULE_SYNTAX':
            return {
                text: 'it has require, exports or module beside an await at its top level, which no module can have',
                hint: 'Move that await into up, or name the file .mjs and write import and export.',
            };
        case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
            return {
                hint: 'Node only strips types: replace enums, namespaces and parameter properties, or set migrations.import: tsx.',
            };
        case 'ERR_MODULE_NOT_FOUND':
        case 'MODULE_NOT_FOUND':
        case 'ERR_UNSUPPORTED_DIR_IMPORT':
            return {
                text: missing(error.message),
                hint: 'Install the missing package (npm ci), or write the import with its file extension.',
            };
        // Of the buffer that the driver writes documents into: it has room for one of that size.
        case 'ERR_OUT_OF_RANGE':
            return where === undefined ? undefined : { text: `a document is larger than 16 MB (${where})`, hint: tooLarge };
    }
    // The engine has no code for these. They hold no data, only what was written in a file that Node takes for CommonJS.
    if (error instanceof SyntaxError &&
        /^Cannot use import statement|^Unexpected token 'export'|'import\.meta'/.test(error.message)) {
        return {
            text: 'it has import or export, and package.json says "type": "commonjs"',
            hint: 'Name the file .mjs, or write "type": "module" into package.json; what is written with require and module.exports is named .cjs then.',
        };
    }
    if (error.name === 'MongooseError' && error.stack?.includes('openUri')) {
        return {
            code: 'OWN_CONNECTION',
            text: 'Mongoose was asked for a connection of its own (mongoose.connect or openUri)',
            hint: "Work with the db, client and models that up is given: the runner has connected them, and the target's address is in no variable of the migration's environment.",
        };
    }
    return undefined;
}
const tooLarge = 'MongoDB takes 16 MB a document: keep the large part in documents of its own, or outside of the database.';
/** Names of packages and files are no data; a path is shown from the project's folder. */
function missing(message) {
    const [, name = ''] = /^Cannot find (?:module|package) '([^'\n]+)'/.exec(message) ?? [];
    const shown = name.startsWith('/') ? (0,external_node_path_.relative)(process.cwd(), name) : name;
    return /^[\w@./-]{1,214}$/.test(shown) ? `the module ${shown} cannot be found` : undefined;
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
   expected Expected Expression keyword reserved word strict mode Illegal return statement continue break label for of duplicate
   fetch failed terminated its extensible redefine delete assign only JSON valid Reduce with empty initial time
   Symbol iterator`.split(/\s+/));
/** The same of the driver's own errors, and of Mongoose's, thrown before anything is sent. */
const driverWords = new Set(`Update document requires atomic operators Replacement must not contain use Bulk find operation specify a selector Invalid
   BulkOperation Batch cannot be empty Argument filter update docs operations pipeline replacement an object array of documents
   aggregation stages Document valid JavaScript Collection insertMany called with that has null undefined values is larger than
   the maximum size Operation as key passed in Array Option requires sort specification direction format batchSize limit skip
   integer Cursor options Use expired sessions not permitted Cannot have explicit session unacknowledged writes ClientSession from
   same MongoClient Client connected before running to perform this Topology closed No transaction started Transaction already
   progress call abortTransaction commitTransaction after calling twice Read preference primary callback form helper been removed
   Timed out during withTransaction request Database names character convert circular structure BSON Unrecognized JS type
   connection connect monitor Server selection after ms pool cleared socket ECONNREFUSED ECONNRESET ETIMEDOUT getaddrinfo ENOTFOUND
   Input does match accepted types string hex characters collection name contain Function provided return Promise
   The uri parameter openUri got Make sure first or mongoose createConnection is a`.split(/\s+/));
const driverErrors = /^(?:Mongo|BSON)[A-Za-z]*$/;
const engineErrors = new Set(['TypeError', 'ReferenceError', 'RangeError', 'SyntaxError']);
/** Ids that may be shown: ObjectId, UUID. */
const idPattern = /^(?:[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
/** Words, ids, numbers, and runs of what is none of them. Digits joined by more than a space are no count: a date, a phone. */
const tokenPattern = /[\p{L}_$][\p{L}\p{N}_$]*|\p{N}[\p{L}\p{N}_$.,:/+-]*|\s+|[^\p{L}\p{N}_$\s]+/gu;
/** As many digits as a count has; longer ones are somebody's number. */
const countPattern = /^\d{1,9}$/;
/**
 * Text of user code with only those words that stand in the migration's source, or in the vocabulary given; and with
 * messages of ours that it quotes.
 */
function hideUnknown(text, source, vocabulary = new Set()) {
    const ours = [...source.given].find((message) => text.includes(message));
    const parts = ours === undefined ? [text] : text.split(ours);
    return parts
        .map((part) => knownWords(part, source, vocabulary))
        .join(ours)
        .trim();
}
function knownWords(text, source, vocabulary) {
    let shown = '';
    let wasNumber = false;
    for (const token of joined(text)) {
        if (/^\s+$/.test(token) || !/[\p{L}\p{N}]/u.test(token)) {
            // Signs of ASCII say nothing about anybody.
            shown += token.replace(/[^\s!-~→–—…]+/gu, '');
            continue;
        }
        const number = /^\p{N}/u.test(token);
        const known = number
            ? idPattern.test(token) || (countPattern.test(token.replace(/[.,:]+$/, '')) && !wasNumber)
            : idPattern.test(token) || source.words.has(token) || vocabulary.has(token);
        shown += known ? token : redact_hidden;
        wasNumber = number;
    }
    return shown.replaceAll(new RegExp(`${redact_hidden}(?:[\\s.,:/@+-]*${redact_hidden})+`, 'g'), redact_hidden);
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
/** What `batch` and the driver's methods answer with. */
const resultWords = new Set(`matched modified deleted skipped quarantined acknowledged matchedCount modifiedCount insertedCount deletedCount
   upsertedCount insertedId upsertedId ok nMatched nModified nInserted nUpserted nRemoved`.split(/\s+/));
/** Each has a name of its own, or the last one would stand for all. */
function hiddenKey(taken) {
    let name = redact_hidden;
    for (let number = 2; Object.hasOwn(taken, name); number += 1)
        name = `${redact_hidden} ${number}`;
    return name;
}
/** A log line of user code, for whoever looks on. */
function shownText(text, source) {
    return source.showValues ? text : hideUnknown(text, source);
}
/** Fields of a log line of user code: numbers and booleans; texts that are ids or words of the source. */
function hideFields(fields, source) {
    const shown = {};
    if (typeof fields !== 'object' || fields === null)
        return shown;
    for (const [key, value] of Object.entries(fields)) {
        const name = source.words.has(key) || resultWords.has(key) || source.showValues ? key : hiddenKey(shown);
        if (typeof value === 'number' || typeof value === 'boolean')
            shown[name] = value;
        else if (typeof value === 'bigint')
            shown[name] = Number(value);
        else if (value !== undefined && value !== null)
            shown[name] = shownText(String(value), source);
    }
    return shown;
}
/**
 * Prints what an error of user code says as it is, where somebody asked for that: a person at a terminal sees what user
 * code prints, and it goes nowhere else. What is kept, or handed on, is always `hiddenText`.
 */
function showWhole(error, { showValues }) {
    if (!showValues || error instanceof observe_error/* ReleaseError */.K)
        return;
    process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
}
/**
 * What an error of user code says, without a document's values and without a full stop. A server's error is rebuilt from
 * its code, the system's about a connection from its fields; one of ours holds no values.
 */
function hiddenText(error, source, where) {
    return textOf(error, source, where).replace(/\.$/, '');
}
function textOf(error, source, where) {
    if (error instanceof observe_error/* ReleaseError */.K)
        return `${error.message.replace(/\.$/, '')} [${error.code}]`;
    if (!(error instanceof Error))
        return thrownText(error, source);
    if ((0,server_code/* serverCode */.XY)(error) !== undefined && isDriverError(error))
        return (0,server_code/* describeServerError */.JL)(error, where);
    const ours = validationText(error, source) ?? connectionText(error) ?? known(error, where)?.text;
    if (ours !== undefined)
        return ours;
    const name = errorName(error, source);
    const text = hideUnknown(error.message, source, vocabularyOf(error));
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
function vocabularyOf(error) {
    if (engineErrors.has(error.name) || isLoaderError(error))
        return engineWords;
    return driverErrors.test(error.name) ? driverWords : undefined;
}
/** https://nodejs.org/api/errors.html#common-system-errors, and those of `dns`. */
const connectionCodes = /^(?:ECONN(?:REFUSED|RESET|ABORTED)|E(?:HOST|NET)UNREACH|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EADDRNOTAVAIL)$/;
/** What the system says of a connection: where to, and no more. Several attempts come as one error without a place. */
function connectionText(error) {
    if (error instanceof AggregateError && error.errors[0] instanceof Error)
        return connectionText(error.errors[0]);
    const { code, syscall, hostname, address = hostname, port } = error;
    if (typeof code !== 'string' || typeof syscall !== 'string' || !connectionCodes.test(code))
        return undefined;
    const host = typeof address === 'string' && /^[\w.:-]{1,253}$/.test(address) ? ` ${address}` : '';
    return `${/^\w+$/.test(syscall) ? syscall : ''} ${code}${host}${host && typeof port === 'number' ? `:${port}` : ''}`.trim();
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
function describeFailure(error, source, where, unseen, lastRead) {
    const place = placeIn(error, source);
    const at = place === undefined ? '' : ` at ${place}`;
    if (error instanceof observe_error/* ReleaseError */.K) {
        const told = place !== undefined && error.message.includes(place);
        return { ...asChildError(error), message: `${error.message.replace(/\.$/, '')}${told ? '' : at}.` };
    }
    const text = hiddenText(error, source, where);
    showWhole(error, source);
    const how = unseen ? 'A promise that nobody waited for was rejected' : 'The code threw';
    const ours = known(error, where);
    const hint = ours?.hint ?? hintFor(error, text, source.fileName);
    const read = lastRead === undefined ? '' : ` It had read the document ${lastRead.id} of ${lastRead.collection} last.`;
    return {
        code: ours?.code ?? 'MIGRATION_FAILED',
        message: `${how}${at}: ${text}.${read}`,
        hint,
        lastRead,
        serverCode: (0,server_code/* serverCode */.XY)(error),
    };
}
function hintFor(error, shown, fileName) {
    if ((0,server_code/* labelled */.wW)(error, 'TransientTransactionError')) {
        return 'Another write was in the way, or the transaction took too long. Run the same command again.';
    }
    const correct = `Correct ${whatIn((0,server_code/* serverCode */.XY)(error), fileName)} first, then type the same command again.`;
    return shown.includes(redact_hidden) ? `${correct} --show-values on a terminal shows the whole message.` : correct;
}
/** Where the server says that the code may be right. Codes: src/mongo/base/error_codes.yml. */
function whatIn(code, fileName) {
    switch (code) {
        case 13:
            return `the roles of the user (docs/privileges.md), or ${fileName},`;
        case 14:
            return `the types of the documents' fields, or ${fileName},`;
        case 121:
        case 241:
        case 11000:
            return `the documents, or ${fileName},`;
        default:
            return fileName;
    }
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
        // One of ours says what it refused, and not of which file.
        const { hint: ours } = error instanceof observe_error/* ReleaseError */.K ? error : {};
        const hint = ours ?? known(error)?.hint ?? `Correct ${source.fileName} and run the same command again.`;
        throw new observe_error/* ReleaseError */.K(code, await whatFailed(source, error), { hint, cause: error });
    }
}
async function whatFailed(source, error) {
    const text = hiddenText(error, source);
    showWhole(error, source);
    if (!(error instanceof SyntaxError))
        return `${placeIn(error, source) ?? source.fileName} cannot be loaded: ${text}.`;
    const place = placeIn(error, source) ?? (await syntaxPlace(source));
    return `${place ?? source.fileName} cannot be read${place === undefined ? ' (or a file that it imports)' : ''}: ${text}.`;
}
const check = (0,external_node_util_.promisify)(external_node_child_process_.execFile);
/** For ES modules the engine keeps the place of a syntax error to itself, but Node prints it when it checks a file. */
async function syntaxPlace(source) {
    try {
        await check(process.execPath, ['--check', source.path], { timeout: 10_000, env: {} });
        return undefined;
    }
    catch (error) {
        return placeIn({ stack: String(error.stderr ?? '') }, source);
    }
}

;// CONCATENATED MODULE: ./emitted/migration/child/source.js

const wordPattern = /[\p{L}_$][\p{L}\p{N}_$]*/gu;
function wordsOf(text) {
    return text.match(wordPattern) ?? [];
}
/** The file at this path; `words` are those of all project code that is loaded. */
function sourceAt(path, words, showValues) {
    return { path, fileName: (0,external_node_path_.basename)(path), words, given: new Set(), showValues };
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

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
// EXTERNAL MODULE: external "node:timers/promises"
var promises_ = __webpack_require__(58500);
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
/** Whether no connection of this Mongoose is open or being opened. */
function isUnconnected({ connections }) {
    return connections.every(({ readyState }) => readyState === disconnected);
}
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

;// CONCATENATED MODULE: ./emitted/migration/child/models.js






/**
 * What the models' module exports. Throws `MODELS_INVALID` where it cannot be loaded, does without Mongoose, or connects:
 * its models have to be the runner's.
 */
async function loadModels(source, { mongooses, connections }) {
    if (!(0,external_node_fs_.existsSync)(source.path)) {
        const named = (0,external_node_path_.relative)(process.cwd(), source.path);
        throw new observe_error/* ReleaseError */.K('MODELS_INVALID', `There is no file ${named}, which migrations.models names.`, {
            hint: 'Correct migrations.models in the configuration: it is relative to that file, and has its extension.',
        });
    }
    const exports = await loadModule(source, 'MODELS_INVALID');
    // Connecting begins a few turns of the queue later.
    await (0,promises_.setImmediate)();
    const connects = connections.refused !== undefined || ![...mongooses.values()].every(isUnconnected);
    if (connects) {
        throw new observe_error/* ReleaseError */.K('MODELS_INVALID', `The models' module ${source.fileName}, or what it imports, connects to a database.`, {
            hint: `Let ${source.fileName} only declare models, with mongoose.model(), and call mongoose.connect or createConnection in the file that starts the application.`,
        });
    }
    if (mongooses.size > 0)
        return exports;
    throw new observe_error/* ReleaseError */.K('MODELS_INVALID', `The models' module ${source.fileName} does not use mongoose.`, {
        hint: 'Let migrations.models name the module that exports the Mongoose models, or leave it out.',
    });
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
    const { up, down, downDocument } = main;
    if (typeof up !== 'function') {
        throw invalid(`${fileName} is no migration: its up is ${kindOf(up)}.`, expected);
    }
    if (down !== undefined && down !== null && typeof down !== 'function') {
        throw invalid(`${fileName}: its down is ${kindOf(down)}.`, 'Write down as a function, or leave it out.');
    }
    if (downDocument !== undefined && typeof downDocument !== 'function') {
        throw invalid(`${fileName}: its downDocument is ${kindOf(downDocument)}.`, 'Write downDocument as a function of one document, or leave it out.');
    }
    const bound = (step) => (typeof step === 'function' ? step.bind(main) : undefined);
    if (!context && takesContext(up)) {
        throw invalid(`${fileName}: its up takes { db }, and nothing says that it is of the form that gets that: it would be given db itself.`, 'Write export default defineMigration({ up, down }), which mongo-release-action exports, or up(db, client).');
    }
    const facts = context ? declared(main, fileName) : undeclared(typeof down === 'function');
    return {
        up: up.bind(main),
        down: bound(down),
        downDocument: bound(downDocument),
        facts: downDocument === undefined ? facts : { ...facts, hasDownDocument: true },
    };
}
/** `module.default ?? module`, as migrate-mongo takes it, unless only the other one has an `up`. */
function mainOf(exports) {
    const inner = exports.default;
    const candidates = [inner, exports].filter((one) => typeof one === 'object' && one !== null);
    return candidates.find((one) => migrationMark in one || 'up' in one);
}
/** Whether a function takes `db` out of its first argument: a database has no such member, so that was meant for a context. */
function takesContext(up) {
    const taken = /^[^({=]*\(\s*\{([^{}]*)\}/.exec(String(up))?.[1];
    return taken !== undefined && /(?:^|,)\s*db\s*(?:$|[,:=])/.test(taken);
}
function undeclared(hasDown) {
    return { form: 'migrate-mongo', phase: 'before-deploy', hasDown, transaction: false };
}
const recognise_known = ['name', 'description', 'phase', 'irreversible', 'transaction', 'requires', 'up', 'down', 'downDocument'];
function declared(main, fileName) {
    if (migrationMark in main) {
        const unknown = Object.keys(main).find((key) => !recognise_known.includes(key));
        if (unknown !== undefined) {
            throw invalid(`${fileName}: defineMigration does not know ${unknown}.`, `It knows ${recognise_known.join(', ')}.`);
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
async function describeFiles(job, parent, loaded) {
    // What a file leaves behind at its top level is no failure of loading it; running it will tell.
    for (const event of ['unhandledRejection', 'uncaughtException'])
        process.on(event, () => { });
    const failure = (error, source) => error instanceof observe_error/* ReleaseError */.K ? asChildError(error) : describeFailure(error, source, undefined, false);
    const models = job.models === undefined ? undefined : sourceAt(job.models, loaded.words, job.showValues);
    const unusable = models &&
        (await loadModels(models, loaded).then(() => undefined, (error) => failure(error, models)));
    for (const { name, path } of job.files) {
        if (unusable !== undefined) {
            await parent.send({ type: 'undescribed', name, error: unusable });
            continue;
        }
        await parent.send({ type: 'loading', name });
        const source = sourceAt(path, loaded.words, job.showValues);
        try {
            const { facts } = recognise(await loadModule(source), source.fileName);
            await parent.send({ type: 'described', name, facts });
        }
        catch (error) {
            await parent.send({ type: 'undescribed', name, error: failure(error, source) });
        }
    }
    await parent.finish({ type: 'all-described' });
}

// EXTERNAL MODULE: ./emitted/mongo/raw-bson.js
var raw_bson = __webpack_require__(53545);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/driver-classes.js
function classesOf(driver) {
    return driver.classes;
}

// EXTERNAL MODULE: external "node:fs/promises"
var external_node_fs_promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:module"
var external_node_module_ = __webpack_require__(98995);
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
            const manifest = JSON.parse(await (0,external_node_fs_promises_.readFile)((0,external_node_path_.join)(folder, 'package.json'), 'utf8'));
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

;// CONCATENATED MODULE: ./emitted/migration/child/exact.js
/** Numbers as objects of their BSON types. */
const withTypes = { promoteValues: false, promoteLongs: false, bsonRegExp: true };
/**
 * The bytes of what code made of a document that the driver had read for it. A driver reads 64-bit integers and doubles
 * as plain numbers, and writes those back as whatever fits: here a number gets the type that the value in its place has
 * in the first of `models` (BSON bytes) which has a number there. What is undefined is left out.
 */
function exactBytes(bson, made, models) {
    const known = models.map((model) => bson.deserialize(model, withTypes));
    return bson.serialize(typed(bson, made, known), { ignoreUndefined: true });
}
function typed(bson, value, models) {
    if (typeof value === 'number')
        return typedNumber(bson, value, models);
    if (!Array.isArray(value) && !isPlain(value))
        return value;
    const inner = (key) => models.map((model) => (isOpen(model) ? model[key] : undefined));
    if (Array.isArray(value))
        return value.map((one, i) => typed(bson, one, inner(i)));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typed(bson, one, inner(key))]));
}
function typedNumber(bson, value, models) {
    for (const model of models) {
        switch (model?._bsontype) {
            case 'Double':
                return new bson.Double(value);
            case 'Long':
                return Number.isSafeInteger(value) ? bson.Long.fromNumber(value) : value;
            case 'Int32':
                return value;
        }
    }
    return value;
}
function isPlain(value) {
    if (typeof value !== 'object' || value === null || '_bsontype' in value)
        return false;
    const prototype = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
}
function isOpen(value) {
    return Array.isArray(value) || isPlain(value);
}

;// CONCATENATED MODULE: ./emitted/migration/child/down-document.js










/** Asks the `downDocument` of one migration about documents, as often as the parent wants; knows no database. */
class DownDocuments {
    #parent;
    #loaded;
    #asking;
    constructor(parent, loaded) {
        this.#parent = parent;
        this.#loaded = loaded;
    }
    async ask(job) {
        const source = sourceAt(job.path, this.#loaded.words, job.showValues);
        try {
            this.#asking ??= this.#load(job, source);
            const asking = await this.#asking;
            const answers = [];
            for (const asked of job.documents)
                answers.push(await answer(asking, asked));
            await this.#parent.send({ type: 'down-documents', answers });
        }
        catch (error) {
            const failure = error instanceof observe_error/* ReleaseError */.K ? asChildError(error) : describeFailure(error, source, undefined, false);
            await this.#parent.finish({ type: 'no-down-documents', error: failure });
        }
    }
    async #load(job, source) {
        // Told by the documents that it makes something of; a promise that it forgot is none of them.
        for (const event of ['unhandledRejection', 'uncaughtException'])
            process.on(event, () => { });
        if (job.models !== undefined) {
            await loadModels(sourceAt(job.models, this.#loaded.words, job.showValues), this.#loaded);
        }
        const { downDocument } = recognise(await loadModule(source), source.fileName);
        if (downDocument === undefined) {
            throw new observe_error/* ReleaseError */.K('MIGRATION_INVALID', `${source.fileName} has no downDocument any more.`, {
                hint: `Bring its downDocument back, or run the command again: it goes on without.`,
            });
        }
        const driver = await loadDriver(job.path, [...this.#loaded.mongooses.keys()][0]);
        return { source, bson: classesOf(driver).BSON, downDocument };
    }
}
async function answer(asking, asked) {
    try {
        const back = await once(asking, asked, asked.document);
        if (back === undefined)
            return { state: 'left' };
        if ((0,raw_bson/* sameBytes */.er)(back, asked.document))
            return { state: 'same' };
        // A document may be asked about again after an interruption: what is in the old shape has to stay as it is.
        const again = await once(asking, asked, back);
        if (again !== undefined && !(0,raw_bson/* sameBytes */.er)(again, back)) {
            throw new observe_error/* ReleaseError */.K('MIGRATION_INVALID', 'It changes what it has returned itself when it is given that.', {
                hint: 'Let downDocument return a document that is in the old shape already as it is.',
            });
        }
        return { state: 'changed', document: back };
    }
    catch (error) {
        return { state: 'failed', error: describeFailure(error, asking.source, undefined, false) };
    }
}
/** The document in the old shape; undefined where it is left as it is. Throws what the code throws. */
async function once({ bson, downDocument }, asked, document) {
    const read = (bytes) => bytes && bson.deserialize(bytes);
    const about = { collection: asked.collection, before: read(asked.before), after: read(asked.after) };
    const made = (await downDocument(bson.deserialize(document), about));
    if (made === undefined || made === null)
        return undefined;
    if (typeof made !== 'object' || Array.isArray(made) || '_bsontype' in made) {
        throw new observe_error/* ReleaseError */.K('MIGRATION_INVALID', 'It returned what is no document.', {
            hint: 'Let downDocument return the document in its old shape, or nothing to leave it as it is.',
        });
    }
    // As the driver sees it, so that a document which only looks another way to JavaScript counts as unchanged.
    const plain = (one) => bson.serialize(one, { ignoreUndefined: true });
    const original = bson.deserialize(document);
    const complete = { ...made, _id: made._id ?? original._id };
    if ((0,raw_bson/* sameBytes */.er)(plain({ ...original }), plain(complete)))
        return document;
    const { _id, ...fields } = complete;
    const back = exactBytes(bson, { _id, ...fields }, [...(asked.before ? [asked.before] : []), document]);
    if ((0,raw_bson/* idKey */.T4)(back) === (0,raw_bson/* idKey */.T4)(document))
        return back;
    throw new observe_error/* ReleaseError */.K('MIGRATION_INVALID', 'It returned a document with another _id.', {
        hint: 'Let downDocument return the _id as it is: it says which document is meant.',
    });
}

;// CONCATENATED MODULE: ./emitted/migration/child/connections.js

const watched = new WeakSet();
/**
 * Watches over the connections that code of the project opens by itself: what is written there passes no gate. Loading
 * code needs none, and a rehearsal knows the sandbox alone, so all are refused there. Elsewhere those are which go to the
 * target itself, whatever name its servers are called by.
 */
class Connections {
    #ours = new WeakSet();
    #allowed;
    #refused;
    #listener = () => { };
    /** The runner's own. */
    admit(client) {
        this.#ours.add(client);
    }
    /** From here on connections to others than the target may be opened. */
    allow(allowed) {
        this.#allowed = allowed;
        this.#listener = allowed.refused;
    }
    /** From here on `refused` is told, and all are still refused. */
    refuse(refused) {
        this.#listener = refused;
    }
    /** What was refused first; code may have passed over it. */
    get refused() {
        return this.#refused;
    }
    /** Sets a copy of the driver up. */
    watch({ MongoClient }) {
        const prototype = MongoClient?.prototype;
        if (prototype === undefined || watched.has(prototype))
            return;
        watched.add(prototype);
        const connect = prototype.connect;
        const check = (client, args) => this.#connect(client, () => connect.apply(client, args));
        prototype.connect = function (...args) {
            const callback = args.at(-1);
            // Of driver 4.
            if (typeof callback !== 'function')
                return check(this, args);
            return check(this, args.slice(0, -1)).then(() => callback(undefined, this), (error) => callback(error));
        };
    }
    async #connect(client, connect) {
        if (this.#ours.has(client))
            return connect();
        const allowed = this.#allowed;
        if (allowed === undefined)
            throw this.#refuse();
        const targets = serversOf(allowed.beside);
        const isTarget = (servers) => [...servers].some((server) => targets.has(server));
        if (isTarget(hostsOf(client)))
            throw this.#refuse();
        const connected = await connect();
        const servers = serversOf(client);
        if (isTarget(servers)) {
            await client.close().catch(() => { });
            throw this.#refuse();
        }
        allowed.opened([...servers].filter((server) => server.includes(':')).join(', '));
        return connected;
    }
    #refuse() {
        const error = new observe_error/* ReleaseError */.K('OWN_CONNECTION', `Code opened a connection of its own (MongoClient, mongoose.connect or createConnection), ${this.#allowed === undefined ? 'which is refused to any server while code is loaded or rehearsed' : 'which is refused to the target'}: what it writes there is neither counted, fenced nor taken back.`, {
            hint: 'Use the db and client that up is given. Models made with mongoose.model() have that connection, and the context form is given them as models: export them, and call mongoose.connect only in the file that starts the application.',
        });
        this.#refused ??= error;
        this.#listener(this.#refused);
        return error;
    }
}
/** As the connection string has them. */
function hostsOf({ options }) {
    return (options?.hosts ?? []).map(String);
}
/** Addresses, and the ids that the processes of servers gave themselves: one server has many addresses. */
function serversOf(client) {
    const { topology } = client;
    const described = [...(topology?.description?.servers?.values() ?? [])];
    return new Set(described.flatMap(({ address, topologyVersion }) => {
        const id = topologyVersion?.processId?.toString();
        return id === undefined ? [address] : [address, id];
    }));
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
;// CONCATENATED MODULE: ./emitted/migration/child/loaded-files.js



/**
 * SHA-256 of the files that user code has loaded, by path. Of a package its package.json, which has the version, stands
 * for all of them.
 */
class LoadedFiles {
    #files = new Map();
    get all() {
        return this.#files;
    }
    add(path) {
        if (isOurs(path))
            return;
        const folder = packageOf(path);
        const file = folder === undefined ? path : (0,external_node_path_.join)(folder, 'package.json');
        if (this.#files.has(file))
            return;
        try {
            this.#files.set(file, (0,external_node_crypto_.hash)('sha256', (0,external_node_fs_.readFileSync)(file), 'hex'));
        }
        catch {
            // Node says by itself that it cannot read a file; a package without a package.json is none.
        }
    }
}
/** Whether a file is part of this program, and not of what it runs. */
function isOurs(path) {
    return path.startsWith((0,external_node_path_.dirname)(process.argv[1] ?? '') + external_node_path_.sep);
}
/** The folder of the package that a file belongs to; undefined for the project's own. */
function packageOf(path) {
    const folder = `${external_node_path_.sep}node_modules${external_node_path_.sep}`;
    const at = path.lastIndexOf(folder);
    if (at < 0)
        return undefined;
    const [scope = '', name = ''] = path.slice(at + folder.length).split(external_node_path_.sep);
    return path.slice(0, at) + folder + (scope.startsWith('@') ? (0,external_node_path_.join)(scope, name) : scope);
}

// EXTERNAL MODULE: external "node:worker_threads"
var external_node_worker_threads_ = __webpack_require__(75919);
;// CONCATENATED MODULE: ./emitted/migration/child/processes.js








const starting = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'];
/**
 * Keeps code of the project from starting processes and threads: what runs there opens connections that nobody sees.
 * Against accidents, not against intent. A package may start them while it is loaded, as one that writes logs does, and
 * tsx for its compiler.
 */
class Processes {
    #refusing = false;
    #told = () => { };
    /** From here on none is started. To be called before code of the project is loaded. */
    refuse() {
        if (this.#refusing)
            return;
        this.#refusing = true;
        const functions = external_node_child_process_;
        for (const name of starting)
            functions[name] = this.#checked(name, functions[name]);
        const construct = (worker, args, made) => {
            this.#check('Worker');
            return Reflect.construct(worker, args, made);
        };
        external_node_worker_threads_.Worker = new Proxy(external_node_worker_threads_.Worker, { construct });
        (0,external_node_module_.syncBuiltinESMExports)();
    }
    /** From here on `told` gets the reason of each refusal. What is only tried while code is loaded harms nobody. */
    tell(told) {
        this.#told = told;
    }
    #checked(name, start) {
        const checked = (...args) => {
            this.#check(name);
            return start(...args);
        };
        // Some have a version of their own for `promisify`, which answers otherwise than the usual one.
        const promised = start[external_node_util_.promisify.custom];
        if (promised === undefined)
            return checked;
        const custom = (...args) => {
            this.#check(name);
            return promised(...args);
        };
        return Object.defineProperty(checked, external_node_util_.promisify.custom, { value: custom });
    }
    #check(what) {
        // After the error itself, this function, and the one in the place of Node's.
        const stack = new Error().stack?.split('\n').slice(3) ?? [];
        const { path, line } = callerIn(stack);
        const loading = stack.some((frame) => frame.includes('node:internal/modules/'));
        const folder = path === undefined ? undefined : packageOf(path);
        if (folder !== undefined && (loading || /[\\/]esbuild$/.test(folder)))
            return;
        const by = path === undefined ? '' : ` of ${(0,external_node_path_.relative)(process.cwd(), path)}:${line}`;
        const text = `${what}()${by} was refused: what another process or thread writes passes no gate, and in a rehearsal nobody would see whether it writes to the target`;
        const reason = new observe_error/* ReleaseError */.K('OWN_PROCESS', text, { hint: loading ? atTopLevel : inFunction });
        this.#told(reason);
        throw reason;
    }
}
const atTopLevel = 'Files are loaded to see what is in them, before anything is run: move it into the function that needs it.';
const inFunction = "Do it in a hook (hooks.deploy, hooks.reconcile) or a job of its own. Where a migration has to start it, its up cannot be rehearsed: apply with --rehearsal none, in production with --waive-rehearsal 'why'.";
/** The first frame that is in a file, and no part of Node. */
function callerIn(stack) {
    for (const frame of stack) {
        const [, place = '', line] = /(?:\s|\()((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*):(\d+):\d+\)?$/.exec(frame) ?? [];
        if (line !== undefined)
            return { path: place.startsWith('file:') ? (0,external_node_url_.fileURLToPath)(place) : place, line };
    }
    return {};
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
 * then on it builds no indexes and makes no collections by itself. Every copy of the driver tells before it connects.
 */
function registerHooks() {
    const words = new Set();
    const connections = new Connections();
    const loaded = new Map();
    const seen = new Set();
    const files = new LoadedFiles();
    external_node_module_.registerHooks({
        resolve(specifier, context, next) {
            if (specifier === packageName)
                return { url: virtualUrl, format: 'commonjs', shortCircuit: true };
            const resolved = next(specifier, context);
            // Not in `load`: what tsx takes over never comes there.
            if (resolved.url.startsWith('file:'))
                files.add((0,external_node_url_.fileURLToPath)(resolved.url));
            const known = specifier === 'mongoose' || specifier === 'mongodb';
            if (!known || !resolved.url.startsWith('file:') || seen.has(resolved.url))
                return resolved;
            seen.add(resolved.url);
            const path = (0,external_node_url_.fileURLToPath)(resolved.url);
            if (specifier === 'mongodb') {
                connections.watch((0,external_node_module_.createRequire)(path)(path));
                return resolved;
            }
            // All files of one copy share the instance that `require` gives.
            const mongoose = (0,external_node_module_.createRequire)(resolved.url)('mongoose');
            prepareMongoose(mongoose);
            loaded.set(path, mongoose);
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
    return { mongooses: loaded, words, connections, files, processes: new Processes() };
}
/** Code only: a .json that a migration loads may well hold data. */
function isProjectCode(url) {
    if (!url.startsWith('file:') || !/\.[cm]?[jt]s$/.test(url))
        return false;
    const path = (0,external_node_url_.fileURLToPath)(url);
    return packageOf(path) === undefined && !isOurs(path);
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
    #last;
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
    /** What goes out before the last message, whatever that is. */
    beforeFinish(last) {
        this.#last = last;
    }
    /** Sends the last message and ends the process. */
    async finish(message) {
        if (this.#ended)
            return;
        this.#ended = true;
        if (this.#last !== undefined)
            void this.send(this.#last());
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

// EXTERNAL MODULE: ./emitted/migration/gate/counts.js
var gate_counts = __webpack_require__(21760);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/built.js
/**
 * A list of statements that user code built call by call. Two runs that build the same have the same fingerprint,
 * though the driver gives other `_id`s to their documents while they are added.
 */
class BuiltBulk {
    raw;
    /** Documents that had no `_id` when they were added. */
    #unnamed = new Set();
    constructor(raw) {
        this.raw = raw;
    }
    /** Adds a document by way of the driver, and remembers whether that gave it its `_id`. */
    noting(document, add) {
        const unnamed = typeof document === 'object' && document !== null && document._id == null;
        const result = add();
        if (unnamed)
            this.#unnamed.add(document);
        return result;
    }
    /** Whether `execute` would send anything: it does so once, and not for an empty list. */
    get executable() {
        return !this.raw.s.executed && this.raw.batches.some(({ operations }) => operations.length > 0);
    }
    /** Whether a missing collection comes into being by it. */
    get creates() {
        return this.raw.batches.some(({ batchType, operations }) => operations.length > 0 && (batchType === 1 || operations.some(({ upsert }) => upsert === true)));
    }
    /** Whether the driver gave this document its `_id`. */
    named(document) {
        return this.#unnamed.has(document);
    }
    /** The document that the statement of this index inserts. */
    documentAt(index) {
        for (const { batchType, operations, originalIndexes } of this.raw.batches) {
            const at = batchType === 1 ? originalIndexes.indexOf(index) : -1;
            if (at >= 0)
                return operations[at];
        }
        return undefined;
    }
    /** What the fingerprint is taken of. */
    toBSON() {
        const { collation, comment, let: variables, bypassDocumentValidation, forceServerObjectId } = this.raw.s.options;
        return {
            ordered: this.raw.isOrdered,
            options: { collation, comment, let: variables, bypassDocumentValidation, forceServerObjectId },
            batches: this.raw.batches.map(({ batchType, operations }) => ({
                batchType,
                operations: operations.map((operation) => {
                    if (!this.#unnamed.has(operation))
                        return operation;
                    const { _id, ...rest } = operation;
                    return rest;
                }),
            })),
        };
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/raw.js
function namespaceOf(collection) {
    return { database: collection.dbName, collection: collection.collectionName };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/bulk.js




/** The gate's part of a bulk operation that is built call by call: nothing is sent before `execute`. */
function bulkWrapping({ gate, driver, membrane }) {
    const built = new WeakMap();
    const of = (raw) => {
        const known = built.get(raw) ?? new BuiltBulk(raw);
        built.set(raw, known);
        return known;
    };
    const adding = (name) => (raw, args) => {
        const document = name === 'insert' ? args[0] : insertedBy(args[0]);
        return of(raw).noting(document, () => invoke(raw, name, args));
    };
    return {
        overrides: {
            insert: adding('insert'),
            raw: adding('raw'),
            execute: (raw, args) => answering(driver.major, args, async (args) => {
                const list = of(raw);
                // Nothing is sent then: the driver says what is wrong.
                if (!list.executable)
                    return invokeAsync(raw, 'execute', args);
                const { collection, options } = list.raw.s;
                try {
                    return await gate.perform({
                        call: {
                            kind: 'bulk',
                            method: 'bulk execute',
                            namespace: namespaceOf(collection),
                            multi: true,
                            mayCreate: list.creates,
                        },
                        args: [list, ...args],
                        on: raw,
                        session: membrane.sessionOf(args[0]) ?? membrane.sessionOf(options),
                        send: (session) => invokeAsync(raw, 'execute', withSession(args, 0, session)),
                        change: (result) => ({ counts: (0,gate_counts/* countsOf */.mQ)(result) }),
                    });
                }
                finally {
                    // Also where the journal answered in the driver's place: a list is executed once.
                    list.raw.s.executed = true;
                }
            }),
        },
    };
}
/** The document of a model that inserts one; the driver also takes it without `document` around it. */
function insertedBy(model) {
    const inner = model?.insertOne;
    return inner?.document ?? inner;
}

// EXTERNAL MODULE: ./emitted/migration/gate/names.js
var gate_names = __webpack_require__(13666);
;// CONCATENATED MODULE: ./emitted/migration/gate/collections.js

function createCollection(gate, call) {
    const { namespace } = call;
    return perform(gate, call, undefined, (absent) => (absent ? { collectionsCreated: [namespace] } : {}));
}
/** Dropping a collection that does not exist is no change, whatever the driver answers. */
function dropCollection(gate, call) {
    const { namespace } = call;
    return perform(gate, call, undefined, (absent) => (absent ? {} : { collectionsDropped: [namespace] }));
}
function renameCollection(gate, to, call) {
    const from = (0,gate_names/* shownName */.H)(call.namespace, gate.database);
    return perform(gate, call, to, (absent) => {
        gate.catalog.forget(from);
        gate.catalog.appeared(to);
        return {
            collectionsDropped: absent ? [] : [to],
            other: `rename ${from} → ${(0,gate_names/* shownName */.H)(to, gate.database)}`,
        };
    });
}
/** `change` is told whether nothing had the name before that comes into being or goes: of a rename the second one. */
function perform(gate, { method, namespace, args, object, ...call }, to, change) {
    // Where nobody may look, a rename counts as one that replaces nothing.
    let absent = to !== undefined;
    return gate.perform({
        call: { kind: 'catalog', method, namespace, also: to, multi: false, mayCreate: false },
        args,
        session: call.session,
        send: async (session, sent = args) => {
            if (gate.looksAround(session))
                absent = await gate.catalog.absent(to ?? namespace);
            return call.send(session, sent);
        },
        change: () => change(absent),
        catalog: {
            object,
            seen: ({ existed, replaced }) => {
                absent = !(to === undefined ? existed : replaced);
            },
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
        const name = (0,gate_names/* shownName */.H)(namespace, this.#home);
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
        const name = (0,gate_names/* shownName */.H)(namespace, this.#home);
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
            const collection = this.#client.db(namespace.database).collection(namespace.collection);
            // A partial index may hold what JavaScript does not know as a regular expression.
            const list = await collection.listIndexes({ bsonRegExp: true }).toArray();
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
        const shown = (0,gate_names/* shownName */.H)(namespace, gate.database);
        const named = (names) => names.map((index) => `${shown}.${index}`);
        let before = [];
        let after;
        return gate.perform({
            call: { kind: 'catalog', method: name, namespace, multi: false, mayCreate: makes },
            args,
            session: membrane.sessionOf(args[at]),
            send: async (session, sent = args) => {
                const outside = gate.looksAround(session) && !inTransaction(session);
                if (outside)
                    before = await gate.catalog.indexNames(namespace);
                const result = await invoke(raw, name, withSession(sent, at, session));
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
            catalog: {
                seen: ({ indexesBefore, indexesAfter }) => {
                    before = [...indexesBefore];
                    after = [...indexesAfter];
                },
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
/** Those that ask the server and give one value. */
const answersOfDb = ['indexInformation', 'profilingLevel', 'stats'];
const answersOfAdmin = [
    'buildInfo',
    'listDatabases',
    'ping',
    'replSetGetStatus',
    'serverInfo',
    'serverStatus',
    'validateCollection',
];
const readsOfDb = new Set([...everywhere, ...answersOfDb, 'admin', 'collection', 'getLogger', 'unref']);
const readsOfAdmin = new Set([...everywhere, ...answersOfAdmin]);
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
            args,
            session: undefined,
            send: () => invokeAsync(raw, name, args),
            change: () => ({ other: `${name} ${gate.shown(call)}` }),
        });
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/cursor-plan.js
/** What is known of a cursor before it is begun: the driver keeps it in other places with each version. */
class CursorPlan {
    origin;
    /** Method and arguments of each call that shaped it. */
    shape = [];
    transforms = [];
    constructor(origin) {
        this.origin = origin;
    }
    copy() {
        const copy = new CursorPlan(this.origin);
        copy.shape.push(...this.shape);
        copy.transforms.push(...this.transforms);
        return copy;
    }
    /** What makes its fingerprint. */
    get args() {
        return [...this.origin.args, ...this.shape];
    }
    /** The option that is in force: given with the call, or set later. */
    option(name) {
        const options = (this.origin.method === 'find' ? this.origin.args[1] : undefined);
        const set = this.shape.findLast(([method]) => method === name);
        return set === undefined ? options?.[name] : set[1];
    }
    flag(name) {
        const set = this.shape.findLast(([method, flag]) => method === 'addCursorFlag' && flag === name);
        return set === undefined ? this.option(name) === true : set[2] === true;
    }
    /** For reading its documents again by their ids: what decides on how they look. */
    readOptions() {
        const given = this.origin.args[1];
        return lookOf({ ...given, projection: this.option('project') ?? given?.projection ?? given?.fields });
    }
    async transform(document) {
        let value = document;
        for (const transform of this.transforms)
            value = await transform(value);
        return value;
    }
}
const looks = ['projection', 'promoteValues', 'promoteLongs', 'promoteBuffers', 'bsonRegExp', 'useBigInt64', 'raw'];
/** Of a read's options those that decide on how a document looks. */
function lookOf(options) {
    const given = (options ?? {});
    return Object.fromEntries(looks.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]));
}
/** Methods that shape a cursor before its first fetch. Those that change nothing of what it gives are among them. */
const shaping = [
    ...['addCursorFlag', 'addQueryModifier', 'allowDiskUse', 'batchSize', 'collation', 'comment', 'filter', 'hint'],
    ...['limit', 'max', 'maxAwaitTimeMS', 'maxTimeMS', 'min', 'project', 'returnKey', 'setReadPreference'],
    ...['showRecordId', 'skip', 'snapshot', 'sort', 'withReadConcern', 'withReadPreference'],
    ...['addStage', 'geoNear', 'group', 'lookup', 'match', 'out', 'redact', 'unwind'],
];
const plans = new WeakMap();
/** Remembers how a cursor came about. */
function planned(cursor, origin) {
    if (typeof cursor === 'object' && cursor !== null)
        plans.set(cursor, new CursorPlan(origin));
    return cursor;
}
function planOf(cursor) {
    return plans.get(cursor);
}
function copyPlan(from, to) {
    const plan = plans.get(from);
    if (plan !== undefined)
        plans.set(to, plan.copy());
}

;// CONCATENATED MODULE: ./emitted/migration/gate/reading.js

/** Sends one read of user code, or answers it as in the run that this one takes up; what it gives is kept. */
function reading({ gate }, call, send) {
    return gate.replay === undefined ? send() : gate.replay.reads.read(call, send);
}
/** A cursor that the driver has just made of this call. */
function cursorOf({ membrane }, cursor, origin) {
    const { method, namespace, args, collection } = origin;
    const session = membrane.sessionOf(args[origin.options]);
    return planned(cursor, { method, namespace, args, session, collection });
}
/** A change stream gives what others write, and when: nothing of that can be given again. */
function followingChanges({ gate }) {
    gate.replay?.reads.log.close();
    gate.journal?.context.note('It follows a change stream, so it cannot be taken up again in the middle.');
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
    bulkWrite: { kind: 'bulk', options: 1, multi: true, creates: 'models' },
};
const findAndModify = {
    findOneAndUpdate: { kind: 'update', options: 2, creates: 'upsert' },
    findOneAndReplace: { kind: 'update', options: 2, creates: 'upsert' },
    findOneAndDelete: { kind: 'delete', options: 1 },
};
/** Reads that can be part of a transaction, with the index of their options. */
const reads = { findOne: 1, countDocuments: 1, count: 1, distinct: 2 };
const cursors = { find: 1, aggregate: 1 };
/** Cursors over the catalog, which the server refuses inside a transaction. */
const cursorsOutside = { listIndexes: 0, listSearchIndexes: 1 };
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
    const { gate, driver, membrane } = wrappers;
    const overrides = {};
    for (const [name, write] of Object.entries(writes)) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => collection_perform(wrappers, raw, name, args, write, (result) => ({ counts: (0,gate_counts/* countsOf */.mQ)(result) })));
    }
    for (const [name, write] of Object.entries(findAndModify)) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => findAndModifyWithCounts(wrappers, raw, name, args, write));
    }
    for (const [name, at] of Object.entries(reads)) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => {
            const collection = raw;
            const session = membrane.sessionOf(args[at]) ?? gate.enclosing;
            const again = name === 'findOne' ? { collection, options: lookOf(args[1]) } : undefined;
            return reading(wrappers, { method: name, namespace: namespaceOf(collection), args, session, again }, () => gate.read(() => invokeAsync(raw, name, readArguments(gate, args, at))));
        });
    }
    for (const [name, at] of Object.entries(cursors)) {
        overrides[name] = (raw, args) => {
            const collection = raw;
            const origin = { method: name, namespace: namespaceOf(collection), args, options: at, collection };
            return cursorOf(wrappers, invoke(raw, name, readArguments(gate, args, at)), origin);
        };
    }
    for (const [name, at] of Object.entries(cursorsOutside)) {
        overrides[name] = (raw, args) => {
            const origin = { method: name, namespace: namespaceOf(raw), args, options: at };
            return cursorOf(wrappers, invoke(raw, name, args), origin);
        };
    }
    overrides.watch = (raw, args) => {
        followingChanges(wrappers);
        return invoke(raw, 'watch', args);
    };
    for (const name of readsOutside) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => {
            const call = { method: name, namespace: namespaceOf(raw), args, session: undefined };
            return gate.followRead(reading(wrappers, call, () => invokeAsync(raw, name, args)));
        });
    }
    Object.assign(overrides, indexOverrides(wrappers), collectionCatalogOverrides(wrappers));
    return {
        overrides,
        unlisted: (name) => readsOfCollection.has(name) ? undefined : otherChange(wrappers, name, (raw) => namespaceOf(raw)),
    };
}
function mayCreate({ creates, options }, args) {
    if (creates !== 'models') {
        return creates === 'always' || (creates === 'upsert' && args[options]?.upsert === true);
    }
    const models = Array.isArray(args[0]) ? args[0] : [];
    return models.some((model) => Object.entries(model ?? {}).some(([name, { upsert } = {}]) => name === 'insertOne' || upsert === true));
}
function collection_perform({ gate, membrane }, raw, name, args, write, change) {
    const options = args[write.options];
    const call = {
        kind: write.kind,
        method: name,
        namespace: namespaceOf(raw),
        multi: write.multi === true,
        mayCreate: mayCreate(write, args),
    };
    return gate.perform({
        call,
        args,
        on: raw,
        session: membrane.sessionOf(options),
        send: (session, sent = args) => invokeAsync(raw, name, withSession(sent, write.options, session)),
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
    const result = await collection_perform(wrappers, raw, name, asked, write, (answer) => ({
        counts: (0,gate_counts/* countsOfFindAndModify */.O1)(answer, removes),
    }));
    return shortened ? (result?.value ?? null) : result;
}
function collectionCatalogOverrides({ gate, driver, membrane }) {
    return {
        drop: (raw, args) => answering(driver.major, args, (args) => dropCollection(gate, {
            method: 'drop',
            namespace: namespaceOf(raw),
            args,
            session: membrane.sessionOf(args[0]),
            send: (session, sent) => invokeAsync(raw, 'drop', withSession(sent, 0, session)),
        })),
        rename: (raw, args) => answering(driver.major, args, (args) => {
            const from = namespaceOf(raw);
            const name = String(args[0]);
            return renameCollection(gate, { database: from.database, collection: name }, {
                method: 'rename',
                namespace: from,
                args,
                session: membrane.sessionOf(args[1]),
                send: (session, sent) => invokeAsync(raw, 'rename', withSession(sent, 1, session)),
                object: () => siblingOf(raw, name),
            });
        }),
    };
}
/** What `rename` gives back: the collection of the new name, with the options of the old. */
function siblingOf(raw, name) {
    const { s, db = s?.db } = raw;
    return db?.collection(name, s?.options);
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
/**
 * The call that a writing pipeline is. The server does not say how many documents it wrote. `$out` writes aside and puts
 * that in place in the end: one that is refused has left nothing.
 */
function pipelineCall(from, target) {
    return {
        kind: 'pipeline',
        method: `aggregate ${target.stage}`,
        namespace: from,
        also: target.into,
        multi: target.stage !== '$out',
        mayCreate: true,
    };
}

;// CONCATENATED MODULE: ./emitted/migration/journal/fingerprint.js

/**
 * The name of a call by what it asks for: method, namespace, arguments. Equal calls of two runs have equal
 * fingerprints. The order of keys counts, since it does in MongoDB; sessions, functions and signals do not.
 *
 * To be taken before the driver gets the arguments: it puts `_id`s into documents that have none.
 */
function fingerprintOf(method, { database, collection }, args) {
    const text = `${method}\n${database}\n${collection ?? ''}\n${args.map((arg) => canonical(arg, [])).join('\n')}`;
    return (0,external_node_crypto_.createHash)('sha256').update(text).digest('base64url').slice(0, 22);
}
/** A digest of a value that came from the server, for comparing it with what a later read gives. */
function valueDigest(value) {
    return (0,external_node_crypto_.createHash)('sha256').update(canonical(value, [])).digest('base64url').slice(0, 22);
}
/** A text that is equal for equal values, also where their bytes differ. */
function canonicalText(value) {
    return canonical(value, []);
}
/** `within`: the objects that it stands in; the driver refuses a circle, and has to be asked. */
function canonical(value, within) {
    switch (typeof value) {
        case 'undefined':
            return 'undefined';
        case 'function':
        case 'symbol':
            return 'function';
        case 'bigint':
            return `bigint:${value}`;
        case 'number':
            return Object.is(value, -0) ? '-0' : String(value);
        case 'boolean':
            return String(value);
        case 'string':
            return JSON.stringify(value);
    }
    if (value === null)
        return 'null';
    const object = value;
    if (object instanceof Date)
        return `date:${object.getTime()}`;
    if (object instanceof RegExp)
        return `regexp:${object.source}/${object.flags}`;
    if (ArrayBuffer.isView(object)) {
        return `bytes:${Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString('base64')}`;
    }
    if (object instanceof AbortSignal)
        return 'function';
    const bson = object;
    if (typeof bson._bsontype === 'string') {
        const plain = bson.toExtendedJSON?.({ relaxed: false });
        return `${bson._bsontype}:${plain === undefined ? String(object) : JSON.stringify(plain)}`;
    }
    if (within.includes(object))
        return 'circle';
    within.push(object);
    try {
        return inner(object, within);
    }
    finally {
        within.pop();
    }
}
function inner(object, within) {
    if (Array.isArray(object))
        return `[${object.map((entry) => canonical(entry, within)).join(',')}]`;
    if (object instanceof Map)
        return fields([...object.entries()].map(([key, value]) => [String(key), value]), within);
    const converted = object.toBSON;
    if (typeof converted === 'function')
        return canonical(converted.call(object), within);
    return fields(Object.entries(object), within);
}
function fields(entries, within) {
    const kept = entries.filter(([, value]) => value !== undefined && typeof value !== 'function' && !isSession(value));
    return `{${kept.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value, within)}`).join(',')}}`;
}
/** By shape: the class belongs to whichever driver the project has. */
function isSession(value) {
    return typeof value?.inTransaction === 'function';
}

// EXTERNAL MODULE: ./emitted/mongo/unsent.js
var unsent = __webpack_require__(3439);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/result.js
class WriteError {
    err;
    constructor(err) {
        this.err = err;
    }
    get code() {
        return this.err.code;
    }
    get index() {
        return this.err.index;
    }
    get errmsg() {
        return this.err.errmsg;
    }
    get errInfo() {
        return this.err.errInfo;
    }
    getOperation() {
        return this.err.op;
    }
    toJSON() {
        return { code: this.err.code, index: this.err.index, errmsg: this.err.errmsg, op: this.err.op };
    }
    toString() {
        return `WriteError(${JSON.stringify(this.toJSON())})`;
    }
}
class BulkWriteResult {
    insertedCount;
    matchedCount;
    modifiedCount;
    deletedCount;
    upsertedCount;
    upsertedIds;
    insertedIds;
    constructor(raw, insertedIds) {
        this.insertedCount = raw.nInserted;
        this.matchedCount = raw.nMatched;
        this.modifiedCount = raw.nModified;
        this.deletedCount = raw.nRemoved;
        this.upsertedCount = raw.upserted.length;
        this.upsertedIds = byIndex(raw.upserted);
        this.insertedIds = insertedIds;
        Object.defineProperty(this, 'result', { value: raw, enumerable: false });
    }
    get ok() {
        return this.result.ok;
    }
    getUpsertedIdAt(index) {
        return this.result.upserted[index];
    }
    getRawResponse() {
        return this.result;
    }
    hasWriteErrors() {
        return this.result.writeErrors.length > 0;
    }
    getWriteErrorCount() {
        return this.result.writeErrors.length;
    }
    getWriteErrorAt(index) {
        return this.result.writeErrors[index];
    }
    getWriteErrors() {
        return this.result.writeErrors;
    }
    getWriteConcernError() {
        return this.result.writeConcernErrors[0];
    }
    isOk() {
        return this.result.ok === 1;
    }
    toString() {
        return `BulkWriteResult(${JSON.stringify(this.result)})`;
    }
}
/** The names that drivers up to 5 still have. */
class OlderBulkWriteResult extends BulkWriteResult {
    get nInserted() {
        return this.result.nInserted;
    }
    get nUpserted() {
        return this.result.nUpserted;
    }
    get nMatched() {
        return this.result.nMatched;
    }
    get nModified() {
        return this.result.nModified;
    }
    get nRemoved() {
        return this.result.nRemoved;
    }
    getInsertedIds() {
        return this.result.insertedIds;
    }
    getUpsertedIds() {
        return this.result.upserted;
    }
}
/** Driver 4 shows what is inside as JSON. */
class OldestBulkWriteResult extends OlderBulkWriteResult {
    toJSON() {
        return this.result;
    }
    getLastOp() {
        return undefined;
    }
}
for (const older of [OlderBulkWriteResult, OldestBulkWriteResult]) {
    Object.defineProperty(older, 'name', { value: 'BulkWriteResult' });
}
/** The result as this major of the driver makes it; `insertedIds` where they are not those of a list of this kind. */
function bulkWriteResult(raw, major, ordered, insertedIds) {
    const result = major >= 6 ? BulkWriteResult : major === 5 ? OlderBulkWriteResult : OldestBulkWriteResult;
    return new result(raw, insertedIds ?? byIndex(shownIds(raw, major, ordered)));
}
/** Which inserts a result names: 4 names all, later majors those that were done, counted in their own way. */
function shownIds(raw, major, ordered) {
    const [first] = raw.writeErrors;
    if (first === undefined || major < 5)
        return raw.insertedIds;
    if (ordered)
        return raw.insertedIds.slice(0, first.index);
    const failed = new Set(raw.writeErrors.map(({ index }) => index));
    return raw.insertedIds.filter(({ index }) => !failed.has(index));
}
function byIndex(ids) {
    const map = {};
    for (const { index, _id } of ids)
        map[index] = _id;
    return map;
}
/** For a list of which nothing has been sent yet. */
function emptyResult(insertedIds) {
    return {
        ok: 1,
        writeErrors: [],
        writeConcernErrors: [],
        insertedIds,
        nInserted: 0,
        nUpserted: 0,
        nMatched: 0,
        nModified: 0,
        nRemoved: 0,
        upserted: [],
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/size.js
/**
 * About how many bytes of BSON a value is, counted no further than `enough`. Without the driver's own function, whose
 * BSON refuses the objects of another major.
 */
function bsonSize(value, enough) {
    let bytes = 0;
    const count = (inner) => {
        if (bytes > enough)
            return;
        if (typeof inner === 'string')
            bytes += 5 + Buffer.byteLength(inner);
        else if (typeof inner !== 'object' || inner === null || inner instanceof Date)
            bytes += 8;
        else if (ArrayBuffer.isView(inner))
            bytes += 5 + inner.byteLength;
        else if (Array.isArray(inner)) {
            bytes += 5;
            for (const [index, entry] of inner.entries()) {
                bytes += 2 + String(index).length;
                count(entry);
            }
        }
        else if ('_bsontype' in inner)
            bytes += bsonTypeSize(inner);
        else {
            bytes += 5;
            for (const [name, entry] of inner instanceof Map ? inner : Object.entries(inner)) {
                bytes += 2 + Buffer.byteLength(String(name));
                count(entry);
            }
        }
    };
    count(value);
    return bytes;
}
function bsonTypeSize(value) {
    const { buffer, code, value: text } = value;
    if (ArrayBuffer.isView(buffer))
        return 5 + buffer.byteLength;
    if (typeof code === 'string')
        return 5 + Buffer.byteLength(code);
    if (typeof text === 'string')
        return 5 + Buffer.byteLength(text);
    return 16;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/stored.js





/** An entry is one document of at most 16 MB, and holds reads as well; a result is kept up to this many bytes of BSON. */
const keptBytes = 1_000_000;
/** For the journal: what the driver answered. Objects of the driver (collections, cursors) are no data: `omitted`. */
function storeResult(value) {
    if (value === undefined)
        return { form: 'nothing' };
    if (isBulkResult(value))
        return fitting({ form: 'bulk', value: storedBulk(value) });
    if (!isData(value))
        return { form: 'omitted' };
    return fitting({ form: 'plain', value: withoutUndefined(value) });
}
/**
 * What user code gets on a replay; undefined for `nothing` and for `omitted`, which the caller has to look at first:
 * such a call cannot be answered.
 *
 * Read the journal with `promoteLongs: false`: a Long that user code gave as an `_id` is a Long again then.
 */
function restoreResult({ form, value }, driver) {
    switch (form) {
        case 'plain':
            return value;
        case 'bulk':
            return restoredBulk(value, driver);
        default:
            return undefined;
    }
}
/** Of an error that is kept without what the server answered. */
const messageLength = 10_000;
/**
 * For the journal: an answer of the server, or of the driver by itself, that says no. Undefined for all else: a
 * network's failure, an unsettled outcome; such a call was not answered, and has to be made again.
 */
function storeError(error) {
    if ((0,unsent/* unsent */.Y)(error))
        return { name: error.name, message: error.message.slice(0, messageLength) };
    if (!(error instanceof Error) || !error.name.startsWith('Mongo'))
        return undefined;
    for (const label of unsettled)
        if ((0,server_code/* labelled */.wW)(error, label))
            return undefined;
    const { name, message, code, result } = error;
    if (typeof code !== 'number' && !(0,unsent/* unsent */.Y)(error.cause))
        return undefined;
    const stored = { name, message, ...(typeof code === 'number' ? { code } : {}), response: responseOf(error) };
    return fittingError(isBulkResult(result) ? { ...stored, result: storedBulk(result) } : stored);
}
const unsettled = ['UnknownTransactionCommitResult', 'TransientTransactionError', 'RetryableWriteError'];
/** An error of the driver's own class, as user code got it in the first place. */
function restoreError({ name, message, code, response, result }, driver) {
    const classes = classesOf(driver);
    const own = classNamed(name, classes)?.prototype;
    if (code === undefined && result === undefined) {
        const error = name.startsWith('Mongo') ? new classes.MongoError(message) : new Error(message);
        if (own === undefined)
            Object.defineProperty(error, 'name', { value: name, configurable: true });
        else
            Object.setPrototypeOf(error, own);
        return error;
    }
    const answer = { ...response, ...(code === undefined ? {} : { code }) };
    if (name === 'MongoBulkWriteError' && result !== undefined) {
        const restored = restoredBulk(result, driver);
        const { writeErrors } = restored.getRawResponse();
        // The driver copies the fields of a refused command to the error; of refused statements it has the first one's code.
        const cause = writeErrors.length > 0 || response === undefined
            ? { message, code, writeErrors }
            : new classes.MongoServerError({ ...answer, errmsg: message });
        return new classes.MongoBulkWriteError(cause, restored);
    }
    const error = new classes.MongoServerError({ ...answer, errmsg: message });
    if (own !== undefined)
        Object.setPrototypeOf(error, own);
    return error;
}
/** Of the driver, of BSON or of the language: user code asks by `instanceof`. */
function classNamed(name, classes) {
    for (const place of [classes, classes.BSON, globalThis]) {
        const found = place[name];
        if (typeof found === 'function' && found.prototype instanceof Error)
            return found;
    }
    return undefined;
}
function isBulkResult(value) {
    return typeof value?.getRawResponse === 'function';
}
function storedBulk(result) {
    const { writeErrors, writeConcernErrors: _unacknowledged, ...raw } = result.getRawResponse();
    return withoutUndefined({
        raw,
        writeErrors: writeErrors.map(({ err: { index, code, errmsg, errInfo } }) => ({ index, code, errmsg, errInfo })),
        shown: Object.keys(result.insertedIds).map(Number),
    });
}
function restoredBulk({ raw, writeErrors, shown }, driver) {
    const { ok, ...rest } = raw;
    const errors = writeErrors.map((fields) => new WriteError(fields));
    const ids = new Map(raw.insertedIds.map(({ index, _id }) => [index, _id]));
    return bulkWriteResult({ ok, writeErrors: errors, writeConcernErrors: [], ...rest }, driver.major, true, Object.fromEntries(shown.map((index) => [index, ids.get(index)])));
}
/** What the server said: driver 6 and later keep it, earlier ones spread it over the error. */
function responseOf(error) {
    const kept = error.errorResponse;
    const fields = kept !== null && typeof kept === 'object' && !(kept instanceof Error) ? kept : error;
    const response = {};
    for (const [name, value] of Object.entries(fields)) {
        if (!notOfTheServer.has(name) && isData(value))
            response[name] = withoutUndefined(value);
    }
    const labels = error.errorLabels;
    if (Array.isArray(labels) && labels.length > 0)
        response.errorLabels = [...labels];
    return Object.keys(response).length === 0 ? undefined : response;
}
const notOfTheServer = new Set([
    'message',
    'errmsg',
    'stack',
    'result',
    'writeErrors',
    'err',
    'errorLabels',
    'errorLabelSet',
    'errorResponse',
    'connectionGeneration',
    'topologyVersion',
    // Of this one answer, and `$` at the beginning of a name is refused in documents before server 5.0.
    '$clusterTime',
    'operationTime',
]);
function fitting(stored) {
    return bsonSize(stored.value, keptBytes) > keptBytes ? { form: 'omitted' } : stored;
}
/** An error is never left out: user code has to meet it again. What it quotes is. */
function fittingError(stored) {
    if (bsonSize(stored, keptBytes) <= keptBytes)
        return stored;
    const { name, message, code, result } = stored;
    const brief = { name, message: message.slice(0, messageLength), code };
    if (result === undefined || bsonSize(result, 4 * keptBytes) > 4 * keptBytes)
        return brief;
    return { ...brief, result };
}
/** Values that BSON takes: everything but functions and objects of classes that are not BSON's. */
function isData(value) {
    if (typeof value === 'function' || typeof value === 'symbol')
        return false;
    if (typeof value !== 'object' || value === null)
        return true;
    if (Array.isArray(value) || value instanceof Date || value instanceof RegExp || value instanceof Map)
        return true;
    if (ArrayBuffer.isView(value) || '_bsontype' in value)
        return true;
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype;
}
/** BSON has no undefined: a field of it is left out, rather than become null. */
function withoutUndefined(value) {
    if (Array.isArray(value))
        return value.map(withoutUndefined);
    if (typeof value !== 'object' || value === null || '_bsontype' in value)
        return value;
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype)
        return value;
    const copy = {};
    for (const [name, inner] of Object.entries(value)) {
        if (inner === undefined || name === '$clusterTime')
            continue;
        copy[name] = withoutUndefined(inner);
    }
    return copy;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/ids.js

/**
 * The name of an `_id`, equal where MongoDB takes two for the same (5, 5.0 and Long 5). Undefined for kinds that are
 * seldom ids: documents, Decimal128, regular expressions.
 */
function idName(id) {
    switch (typeof id) {
        case 'string':
            return `s${id}`;
        case 'number':
        case 'bigint':
            return `n${id}`;
        case 'boolean':
            return `b${id}`;
    }
    if (id === null || typeof id !== 'object')
        return undefined;
    if (id instanceof Date)
        return `d${id.getTime()}`;
    const bson = id;
    switch (bson._bsontype) {
        case 'ObjectId':
        case 'ObjectID':
            return `o${bson.toHexString?.()}`;
        case 'Long':
        case 'Int32':
        case 'Double':
            return `n${String(id)}`;
        case 'Binary':
        case 'UUID': {
            const bytes = (0,raw_bson/* bytesOf */.$$)(id);
            return bytes === undefined ? undefined : `x${String(bson.sub_type)}:${bytes.toString('hex')}`;
        }
        default:
            return undefined;
    }
}
/** The name of the `_id` of a document in bytes, as `idName` gives it. */
function rawIdName(document) {
    const bytes = (0,raw_bson/* asBuffer */.bS)(document);
    for (const { name, type, valueStart: at, end } of (0,raw_bson/* elementsOf */.ZE)(document)) {
        if (name !== '_id')
            continue;
        switch (type) {
            case raw_bson/* bsonTypes */.uI.string:
                return `s${bytes.toString('utf8', at + 4, end - 1)}`;
            case raw_bson/* bsonTypes */.uI.int32:
                return `n${bytes.readInt32LE(at)}`;
            case raw_bson/* bsonTypes */.uI.int64:
                return `n${bytes.readBigInt64LE(at)}`;
            case raw_bson/* bsonTypes */.uI.double:
                return `n${bytes.readDoubleLE(at)}`;
            case raw_bson/* bsonTypes */.uI.boolean:
                return `b${bytes[at] === 1}`;
            case raw_bson/* bsonTypes */.uI.date:
                return `d${bytes.readBigInt64LE(at)}`;
            case raw_bson/* bsonTypes */.uI.objectId:
                return `o${bytes.toString('hex', at, end)}`;
            case raw_bson/* bsonTypes */.uI.binary:
                return `x${bytes[at + 4]}:${bytes.toString('hex', at + 5, end)}`;
            default:
                return undefined;
        }
    }
    return undefined;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/plain.js
/**
 * Copies of what user code was given, for the journal: user code changes its own. Only what comes back from BSON just
 * as it went in is copied: not `Int32` for a number, a bare buffer for a Binary, a bigint, as options of the driver
 * make them; and no names that servers before 5.0 do not store.
 */
/** Deeper than this a document may not fit into the journal's: the server stops at 100 levels or so. */
const deepest = 80;
/** What comes back as the same class with the driver's default options. A Long only where no number holds it. */
const steady = new Set(['ObjectId', 'ObjectID', 'Binary', 'UUID', 'Decimal128', 'Timestamp', 'MinKey', 'MaxKey']);
/** Undefined where the value would not come back as it is, or is larger than `limit` bytes. */
function plainCopy(value, limit) {
    const copier = new Copier(limit);
    try {
        return { value: copier.copy(value, 0), size: copier.size };
    }
    catch (error) {
        if (error instanceof NotPlain)
            return undefined;
        throw error;
    }
}
class NotPlain extends Error {
}
class Copier {
    size = 0;
    #limit;
    constructor(limit) {
        this.#limit = limit;
    }
    copy(value, depth) {
        this.#count(8);
        switch (typeof value) {
            case 'boolean':
                return value;
            case 'string':
                this.#count(value.length);
                return value;
            case 'number':
                if (Object.is(value, -0))
                    throw new NotPlain();
                return value;
            case 'object':
                return value === null ? null : this.#object(value, depth);
            default:
                throw new NotPlain();
        }
    }
    #object(value, depth) {
        if (depth > deepest)
            throw new NotPlain();
        if (Array.isArray(value))
            return value.map((entry) => this.copy(entry, depth + 1));
        const prototype = Object.getPrototypeOf(value);
        if (prototype === Object.prototype || prototype === null)
            return this.#fields(value, depth);
        if (value instanceof Date) {
            if (Number.isNaN(value.getTime()))
                throw new NotPlain();
            return new Date(value);
        }
        const bson = value;
        if (typeof bson._bsontype !== 'string')
            throw new NotPlain();
        if (bson._bsontype === 'Long') {
            if (bson.toNumber === undefined || Number.isSafeInteger(bson.toNumber()))
                throw new NotPlain();
            return value;
        }
        if (!steady.has(bson._bsontype))
            throw new NotPlain();
        this.#count(bson.buffer?.length ?? 0);
        return value;
    }
    #fields(value, depth) {
        const copy = {};
        for (const [name, inner] of Object.entries(value)) {
            if (name.startsWith('$') || name === '' || name === '__proto__' || name.includes('.'))
                throw new NotPlain();
            this.#count(name.length);
            copy[name] = this.copy(inner, depth + 1);
        }
        return copy;
    }
    #count(bytes) {
        this.size += bytes;
        if (this.size > this.#limit)
            throw new NotPlain();
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/stored-reads.js
/** In place of a fingerprint: from here on the run did not keep its reads. */
const keptNoLonger = '*';
function readKey(fingerprint, occurrence) {
    return `${fingerprint}/${occurrence}`;
}
/**
 * The reads of all entries, by key. The same read may stand in several entries, and a cursor in pieces; undefined
 * where a read before one of the entries was not kept, so that the replay cannot be had.
 */
function storedReads(reads) {
    const pieces = new Map();
    for (const read of reads) {
        if (read.fingerprint === keptNoLonger)
            return undefined;
        const key = readKey(read.fingerprint, read.occurrence);
        const list = pieces.get(key);
        if (list === undefined)
            pieces.set(key, [read]);
        else
            list.push(read);
    }
    const stored = new Map();
    for (const [key, list] of pieces) {
        const whole = stored_reads_joined(list);
        if (whole === undefined)
            return undefined;
        stored.set(key, whole);
    }
    return stored;
}
function stored_reads_joined(pieces) {
    const [first] = pieces;
    if (first === undefined)
        return undefined;
    if (first.form === 'value')
        return { form: 'value', value: first.value, error: first.error };
    if (pieces.every(({ form, count }) => form === 'digest' && count === undefined)) {
        return typeof first.value === 'string' ? { form: 'digest', digest: first.value } : undefined;
    }
    return joinedCursor(pieces);
}
function joinedCursor(pieces) {
    const documents = [];
    const lists = pieces.filter(({ form }) => form === 'documents').sort((a, b) => (a.count ?? 0) - (b.count ?? 0));
    for (const { count = 0, value } of lists) {
        const list = value;
        const start = count - list.length;
        if (start > documents.length)
            return undefined;
        documents.push(...list.slice(documents.length - start));
    }
    const ended = pieces.some((piece) => piece.ended === true);
    const error = pieces.find((piece) => piece.error !== undefined)?.error;
    const last = pieces
        .filter(({ form }) => form === 'digest')
        .reduce((a, b) => ((a?.count ?? 0) > (b.count ?? 0) ? a : b), undefined);
    if (last === undefined)
        return { form: 'cursor', documents, count: documents.length, ended, error };
    if (typeof last.value !== 'string')
        return undefined;
    return { form: 'cursor', documents, count: last.count ?? 0, digest: last.value, ended, error };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/read-log.js




/** Values are kept up to this many bytes a migration, so that entries stay small. */
const valueBytes = 1024 * 1024;
/**
 * Beyond that only digests are kept, up to this many bytes of text: digests cost time and never serve where the migration
 * changes what it reads, as a long loop mostly does. What comes later is not kept, and a run that was killed behind it
 * cannot be taken up. Errors, cursors and each digest itself count as well for as long as they wait for an entry: all of
 * it may stand in one, of at most 16 MB.
 */
const digestBytes = 8 * 1024 * 1024;
/**
 * Where more than this many bytes wait for an entry, one call takes them along and the next ones wait for it, so that a
 * thousand calls at once after a large read do not store it a thousand times. They wait so long at most, milliseconds.
 */
const heavyBytes = 32 * 1024;
const carriedMs = 500;
/** What a read costs beside its value: fingerprint, number, names of fields; in the entry, and in memory. */
const overheadBytes = 130;
/**
 * What the reads of user code were answered with, until an entry takes it along: whatever depended on it comes later.
 *
 * A read is handed out again and again until an entry with it is known to be committed: of two operations under way at
 * once the second may be committed, and the first, which was begun earlier, not.
 */
class ReadLog {
    #items = new Map();
    #within = new Map();
    #occurrences = new Map();
    #taken = new WeakMap();
    #values;
    #digests = 0;
    #closed = false;
    /** Bytes of values that no entry is known to have, roughly. */
    #waiting = 0;
    #carrier;
    /** `spent`: bytes of values that earlier runs of the attempt have kept already. */
    constructor(spent = 0) {
        this.#values = spent;
    }
    /** Whether reads are not kept any more. */
    get closed() {
        return this.#closed;
    }
    /** Numbers a read among its equals. Of a session in a transaction: until that is aborted. */
    occurrence(fingerprint, session) {
        if (this.#closed)
            return 0;
        const occurrence = this.#occurrences.get(fingerprint) ?? 0;
        this.#occurrences.set(fingerprint, occurrence + 1);
        if (session !== undefined)
            this.#of(session).counted.push(fingerprint);
        return occurrence;
    }
    answered(fingerprint, occurrence, value, session) {
        if (this.#closed)
            return;
        const copy = this.keep(value);
        if (copy !== undefined) {
            this.#add({ fingerprint, occurrence, form: 'value', value: copy.value }, session);
            return;
        }
        const text = canonicalText(value);
        if (this.affords(text)) {
            const digest = (0,external_node_crypto_.createHash)('sha256').update(text).digest('base64url').slice(0, 22);
            this.#add({ fingerprint, occurrence, form: 'digest', value: digest }, session, overheadBytes);
        }
    }
    /** `error` is undefined where no entry can hold it. */
    failed(fingerprint, occurrence, error, session) {
        if (this.#closed)
            return;
        if (error === undefined)
            this.close();
        else {
            const text = canonicalText(error);
            const charge = overheadBytes + text.length;
            if (this.affords(text))
                this.#add({ fingerprint, occurrence, form: 'value', error }, session, charge);
        }
    }
    /** A cursor that has given out `count` documents already, in an earlier run. */
    cursor(fingerprint, occurrence, session, count = 0, hash) {
        const items = session === undefined ? this.#items : this.#of(session).items;
        const dirty = (log) => {
            // It may give nothing, and its end is kept all the same.
            if (!items.has(log) && this.affords(''))
                items.set(log, overheadBytes);
        };
        return new CursorLog({ log: this, fingerprint, occurrence, dirty }, count, hash);
    }
    /** A copy that an entry can hold; undefined where it would not come back as it is, or is too large. */
    keep(value) {
        const copy = plainCopy(value, valueBytes - this.#values - overheadBytes);
        if (copy === undefined)
            return undefined;
        this.#values += copy.size + overheadBytes;
        this.#waiting += copy.size + overheadBytes;
        return copy;
    }
    /** Whether a text of that size may still be digested, or kept; where not, nothing is kept from here on. */
    affords(text) {
        this.#digests += text.length + overheadBytes;
        if (this.#digests > digestBytes)
            this.close();
        return !this.#closed;
    }
    /** Puts on record that from here on reads are not kept. */
    close() {
        if (this.#closed)
            return;
        this.#closed = true;
        this.#occurrences.clear();
        this.#items.clear();
        this.#within.clear();
        this.#add({ fingerprint: keptNoLonger, occurrence: 0, form: 'digest' }, undefined);
    }
    /** To be awaited before a new call is begun: see `heavyBytes`. Undefined where nothing is to be waited for. */
    carried() {
        return this.#waiting <= heavyBytes ? undefined : this.#carry();
    }
    async #carry() {
        while (this.#waiting > heavyBytes) {
            if (this.#carrier === undefined) {
                const timer = setTimeout(() => this.#release(), carriedMs);
                this.#carrier = { ...Promise.withResolvers(), timer };
                return;
            }
            await this.#carrier.promise;
        }
    }
    #release() {
        const carrier = this.#carrier;
        this.#carrier = undefined;
        clearTimeout(carrier?.timer);
        carrier?.resolve();
    }
    /** All that no entry is known to have, with what was read in this session's open transaction. */
    take(session) {
        const own = session === undefined ? undefined : this.#within.get(session)?.items;
        const taken = [];
        for (const items of own === undefined ? [this.#items] : [this.#items, own]) {
            for (const item of items.keys())
                taken.push([items, item, item.snapshot()]);
        }
        const reads = taken.flatMap(([, , snapshot]) => snapshot.reads);
        this.#taken.set(reads, taken);
        return reads;
    }
    /** An entry with what `take` gave was committed. */
    stored(reads) {
        const taken = this.#taken.get(reads);
        if (taken === undefined)
            return;
        this.#taken.delete(reads);
        for (const [items, item, snapshot] of taken)
            if (snapshot.stored())
                this.#discharge(items, item);
        // What was read meanwhile is forgotten here: it is little, or counts again with the next large read.
        this.#waiting = 0;
        this.#release();
    }
    /**
     * A session's transaction is over. `given-back`: user code will make it again from its top, so that its reads never
     * happened; `kept`: what was read in it counts.
     */
    ended(session, how) {
        const within = this.#within.get(session);
        if (within === undefined)
            return;
        this.#within.delete(session);
        if (how === 'kept') {
            for (const [item, charge] of within.items)
                this.#items.set(item, charge);
            return;
        }
        for (const item of within.items.keys())
            this.#discharge(within.items, item);
        for (const fingerprint of within.counted) {
            this.#occurrences.set(fingerprint, (this.#occurrences.get(fingerprint) ?? 1) - 1);
        }
    }
    #of(session) {
        let within = this.#within.get(session);
        if (within === undefined) {
            within = { items: new Map(), counted: [] };
            this.#within.set(session, within);
        }
        return within;
    }
    #discharge(items, item) {
        this.#digests -= items.get(item) ?? 0;
        items.delete(item);
    }
    #add(read, session, charge = 0) {
        const items = session === undefined ? this.#items : this.#of(session).items;
        const snapshot = { reads: [read], stored: () => true };
        items.set({ snapshot: () => snapshot }, charge);
    }
}
/** What one cursor has given out: the first documents as they were, the others as one digest. */
class CursorLog {
    #place;
    /** Documents that no entry is known to have; the last of them is number `#kept`. */
    #documents = [];
    #kept;
    #count;
    #hash;
    #ended = false;
    #error;
    constructor(place, count, hash) {
        this.#place = place;
        this.#count = count;
        this.#kept = count;
        this.#hash = hash;
    }
    gave(document) {
        const { log } = this.#place;
        if (log.closed)
            return;
        if (this.#hash === undefined) {
            const copy = log.keep(document);
            if (copy !== undefined) {
                this.#documents.push(copy.value);
                this.#kept += 1;
            }
            else {
                this.#hash = (0,external_node_crypto_.createHash)('sha256');
            }
        }
        if (this.#hash !== undefined) {
            const text = canonicalText(document);
            if (!log.affords(text))
                return;
            this.#hash.update(text);
        }
        this.#count += 1;
        this.#place.dirty(this);
    }
    ended() {
        if (this.#place.log.closed || this.#ended)
            return;
        this.#ended = true;
        this.#place.dirty(this);
    }
    /** `error` is undefined where no entry can hold it. */
    failed(error) {
        const { log } = this.#place;
        if (log.closed)
            return;
        if (error === undefined)
            log.close();
        else
            log.affords(canonicalText(error));
        if (log.closed)
            return;
        this.#error = error;
        this.#place.dirty(this);
    }
    snapshot() {
        const { fingerprint, occurrence } = this.#place;
        const kept = this.#kept;
        const state = {
            fingerprint,
            occurrence,
            ended: this.#ended,
            ...(this.#error === undefined ? {} : { error: this.#error }),
        };
        const count = this.#count;
        const reads = [];
        if (this.#documents.length > 0 || this.#hash === undefined) {
            reads.push({ ...state, form: 'documents', value: [...this.#documents], count: kept });
        }
        if (this.#hash !== undefined) {
            reads.push({ ...state, form: 'digest', value: digestOf(this.#hash), count });
        }
        const { ended } = state;
        const error = this.#error;
        return {
            reads,
            stored: () => {
                this.#documents.splice(0, Math.max(0, this.#documents.length - (this.#kept - kept)));
                return this.#count === count && this.#ended === ended && this.#error === error;
            },
        };
    }
}
/** The digest of what went into it so far; more may follow. */
function digestOf(hash) {
    return hash.copy().digest('base64url').slice(0, 22);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/logged-cursor.js






/**
 * One cursor of user code that reads: gives out the documents that an earlier run got, then goes on for real, and keeps
 * what it gives out.
 *
 * A cursor that an earlier run had not read to its end is opened again, and leaves out what was given out already. That
 * is the same only where it reads documents by a filter (no aggregation, no `skip`) and the attempt changed none but
 * those that were given out; everywhere else the replay diverges.
 */
class LoggedCursor {
    #raw;
    #plan;
    #caught;
    #gate;
    #driver;
    #replay;
    #track;
    #log;
    /** Documents given out, in the earlier run's counting too. */
    #given = 0;
    /** What `hasNext` has fetched. */
    #ahead = [];
    #begun = false;
    #over = false;
    /** Names of the ids that were given out by an earlier run: left out from now on. */
    #without;
    /** How many documents may still be given out of a limited cursor that goes on. */
    #rest = Number.POSITIVE_INFINITY;
    /** Of the documents of which only a digest is stored. */
    #compare;
    constructor(raw, plan, caught, { gate, driver, replay, track }) {
        this.#raw = raw;
        this.#plan = plan;
        this.#caught = caught;
        this.#gate = gate;
        this.#driver = driver;
        this.#replay = replay;
        this.#track = track;
    }
    /** Whether it can be left to the driver from here on: nothing of it is kept any more, compared or left out. */
    get direct() {
        return (this.#begun &&
            this.#ahead.length === 0 &&
            this.#compare === undefined &&
            this.#without === undefined &&
            this.#replay.reads.log.closed);
    }
    async next() {
        if (this.#ahead.length > 0)
            return this.#ahead.shift();
        return this.#fetch('next');
    }
    async tryNext() {
        if (this.#ahead.length > 0)
            return this.#ahead.shift();
        return this.#fetch('tryNext');
    }
    /** Fetches one document ahead: that there is one is something that user code may act on. */
    async hasNext() {
        if (this.#ahead.length > 0)
            return true;
        const document = await this.#fetch('next');
        if (document === null)
            return false;
        this.#ahead.push(document);
        return true;
    }
    async toArray() {
        if (this.#track.stored === undefined && !this.#begun && this.#plan.transforms.length === 0)
            return this.#all();
        const all = [];
        for (;;) {
            const document = await this.next();
            if (document === null)
                break;
            all.push(document);
        }
        await invokeAsync(this.#raw, 'close', []);
        return all;
    }
    /** In one go, as the driver does it: nothing is stored of this cursor, and nothing was fetched yet. */
    async #all() {
        this.#begun = true;
        let all;
        try {
            all = (await this.#sent('toArray'));
        }
        catch (error) {
            this.#logged().failed(storeError(error));
            throw error;
        }
        for (const document of all)
            this.#gave(document);
        this.#finish();
        return all;
    }
    #sent(method) {
        return this.#replay.progress.follow(() => this.#gate.read(() => invokeAsync(this.#raw, method, [])));
    }
    async #fetch(method) {
        const { stored } = this.#track;
        if (stored === undefined || this.#begun)
            return this.#real(method);
        if (this.#given < stored.documents.length) {
            const document = stored.documents[this.#given];
            this.#given += 1;
            this.#replay.progress.moved();
            const unfinished = stored.ended || stored.error !== undefined || stored.digest !== undefined;
            if (this.#given === stored.count && !unfinished)
                this.#track.claimed();
            return this.#plan.transform(document);
        }
        if (stored.count === stored.documents.length) {
            if (stored.error !== undefined) {
                this.#track.claimed();
                throw restoreError(stored.error, this.#driver);
            }
            if (stored.ended) {
                if (this.#over)
                    return this.#real(method);
                this.#over = true;
                this.#track.claimed();
                await invokeAsync(this.#raw, 'close', []);
                return null;
            }
        }
        await this.#goOn(stored.documents);
        if (stored.digest !== undefined)
            this.#compare = (0,external_node_crypto_.createHash)('sha256');
        else
            this.#log = this.#track.log();
        return this.#real(method);
    }
    /** Opens the cursor for what the earlier run did not give out. */
    async #goOn(documents) {
        this.#begun = true;
        if (documents.length === 0)
            return;
        const { changed, progress } = this.#replay;
        const names = documents.map((document) => idName(document?._id));
        const limit = this.#plan.option('limit');
        const plain = this.#plan.origin.method === 'find' &&
            !Number(this.#plan.option('skip') ?? 0) &&
            Number(limit ?? 0) >= 0 &&
            !this.#plan.flag('tailable') &&
            !names.includes(undefined);
        if (!plain || changed === undefined)
            throw this.#cannot();
        const without = new Set(names);
        const { namespace } = this.#plan.origin;
        await progress.follow(async () => {
            if (!(await changed.known(namespace)))
                throw this.#cannot();
            for await (const name of changed.ids(namespace)) {
                if (name === undefined || !without.has(name))
                    throw this.#cannot();
            }
        });
        this.#without = without;
        this.#caught.leftOut = (document) => this.#leavesOut(document);
        if (!Number(limit ?? 0))
            return;
        this.#rest = Number(limit) - documents.length;
        // So many that enough are left without those that were given out.
        invoke(this.#raw, 'limit', [Number(limit) + documents.length]);
    }
    #cannot() {
        return this.#replay.progress.diverge(`${this.#plan.origin.method} on ${this.#plan.origin.namespace.collection} cannot go on in the middle`);
    }
    async #real(method) {
        this.#begun = true;
        if (this.#rest <= 0)
            return this.#end();
        for (;;) {
            let given;
            try {
                given = await this.#sent(method);
            }
            catch (error) {
                if (this.#compare === undefined)
                    this.#logged().failed(storeError(error));
                throw error;
            }
            if (given === null || given === undefined) {
                // An empty batch of a cursor that waits for more: what comes when is nothing that a replay could repeat.
                if (method === 'tryNext' && !this.#raw.closed)
                    this.#replay.reads.log.close();
                else
                    this.#finish();
                return given;
            }
            const document = this.#plan.transforms.length === 0 ? given : this.#caught.document;
            if (this.#leavesOut(document))
                continue;
            this.#rest -= 1;
            this.#gave(document);
            return given;
        }
    }
    #leavesOut(document) {
        return this.#without?.has(idName(document._id) ?? '') === true;
    }
    async #end() {
        this.#finish();
        await invokeAsync(this.#raw, 'close', []);
        return null;
    }
    #gave(document) {
        this.#given += 1;
        if (this.#compare === undefined) {
            this.#logged().gave(document);
            return;
        }
        const { stored } = this.#track;
        this.#compare.update(canonicalText(document));
        if (stored === undefined || this.#given < stored.count)
            return;
        if (this.#given > stored.count || digestOf(this.#compare) !== stored.digest)
            throw this.#differs();
        if (stored.ended)
            return;
        this.#log = this.#track.log(this.#compare);
        this.#compare = undefined;
        this.#track.claimed();
    }
    #finish() {
        if (this.#compare === undefined) {
            this.#logged().ended();
            return;
        }
        const { stored } = this.#track;
        if (stored === undefined || this.#given !== stored.count)
            throw this.#differs();
        this.#compare = undefined;
        this.#log = this.#track.log();
        this.#track.claimed();
    }
    #differs() {
        return this.#replay.progress.diverge(`${this.#plan.origin.method} gave something else`);
    }
    #logged() {
        this.#log ??= this.#track.log();
        return this.#log;
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/cursor-logs.js



/** The cursors of user code, from their first fetch on. */
class CursorLogs {
    #gate;
    #driver;
    /** `undefined` for one whose documents are not kept. */
    #begun = new WeakMap();
    #caught = new WeakMap();
    constructor(gate, driver) {
        this.#gate = gate;
        this.#driver = driver;
    }
    /** Whether what the cursor gives out has to pass here. */
    wants(raw) {
        const { replay } = this.#gate;
        return replay !== undefined && (!replay.reads.idle || this.#begun.get(raw) !== undefined);
    }
    begun(raw) {
        return this.#begun.get(raw);
    }
    /** Undefined where the cursor passes as it is. Throws `REPLAY_DIVERGED`. */
    of(raw) {
        const { replay } = this.#gate;
        if (replay === undefined)
            return undefined;
        if (this.#begun.has(raw))
            return this.#begun.get(raw);
        const plan = planOf(raw);
        // One that user code has made around the collection's methods: what it gives is not known when it is needed.
        if (plan === undefined)
            replay.reads.log.close();
        const track = plan === undefined ? undefined : replay.reads.cursor(this.#call(plan));
        const logged = plan === undefined || track === undefined
            ? undefined
            : new LoggedCursor(raw, plan, this.#caughtOf(raw), { gate: this.#gate, driver: this.#driver, replay, track });
        this.#begun.set(raw, logged);
        return logged;
    }
    /** A question about a cursor that gives a value. */
    asked(raw, method, args, send) {
        const { replay } = this.#gate;
        const plan = planOf(raw);
        if (replay === undefined || plan === undefined)
            return this.#gate.read(send);
        const call = { ...this.#call(plan), again: undefined };
        const asked = { ...call, method: `${call.method} ${method}`, args: [...call.args, ...args] };
        return replay.reads.read(asked, () => this.#gate.read(send));
    }
    /**
     * Puts the functions of `map` behind one of ours, once: what is kept is what came from the server, before user code
     * made something else of it.
     */
    catchDocuments(raw, plan) {
        const caught = this.#caughtOf(raw);
        invoke(raw, 'map', [
            (document) => {
                caught.document = document;
                if (caught.leftOut?.(document) === true)
                    return document;
                return plan.transforms.reduce((value, transform) => transform(value), document);
            },
        ]);
    }
    /** The clone has the functions of `map` in it already, with the original's catch. */
    cloned(raw, clone) {
        this.#caught.set(clone, this.#caughtOf(raw));
    }
    /** It begins from its top: that is another read. */
    rewound(raw) {
        this.#begun.delete(raw);
    }
    /** User code looks into the driver's buffer, which depends on the network's timing: nothing that can be repeated. */
    lookedInto(_raw) {
        this.#gate.replay?.reads.log.close();
    }
    #caughtOf(raw) {
        const caught = this.#caught.get(raw) ?? { document: undefined };
        this.#caught.set(raw, caught);
        return caught;
    }
    #call(plan) {
        const { method, namespace, session, collection } = plan.origin;
        const again = method === 'find' && collection !== undefined ? { collection, options: plan.readOptions() } : undefined;
        return { method, namespace, args: plan.args, session: session ?? this.#gate.enclosing, again };
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/cursor.js






/** Methods that fetch documents one by one or all at once. */
const fetches = ['next', 'hasNext', 'tryNext', 'toArray'];
/** What the cursor of a writing pipeline gives out. */
const afterWriting = { next: null, hasNext: false, tryNext: null };
/**
 * The gate's part of a cursor. What a cursor gives out is kept for a replay; an aggregation that ends in `$out` or
 * `$merge` is a write at its first fetch; and with a transaction around the migration each fetch takes its turn.
 */
function cursorWrapping(wrappers) {
    const { gate, driver } = wrappers;
    const written = new WeakMap();
    const logs = new CursorLogs(gate, driver);
    const fetch = async (raw, name, args) => {
        const write = writeOf(wrappers, raw);
        if (write === undefined) {
            const logged = logs.of(raw);
            return logged === undefined || logged.direct ? gate.read(() => invokeAsync(raw, name, args)) : logged[name]();
        }
        let begun = written.get(raw);
        if (begun === undefined) {
            // The first fetch runs the whole pipeline, or is answered in its place; its cursor is empty then.
            begun = write().then(() => invokeAsync(raw, 'close', []));
            written.set(raw, begun);
        }
        await begun;
        return name === 'toArray' ? [] : afterWriting[name];
    };
    const given = (raw, document) => {
        if (document !== null)
            gate.lastRead = { namespace: sourceOf(raw, gate.database), document };
    };
    /** A long loop: what it gives out is not kept any more, and costs what it costs without us. */
    const direct = (raw) => gate.enclosing === undefined && logs.begun(raw)?.direct === true;
    async function* each(raw) {
        try {
            for (;;) {
                const document = await (direct(raw) ? invokeAsync(raw, 'next', []) : fetch(raw, 'next', []));
                if (document === null)
                    return;
                given(raw, document);
                yield document;
            }
        }
        finally {
            await invokeAsync(raw, 'close', []);
        }
    }
    const plain = (raw) => !gate.followsReads &&
        gate.enclosing === undefined &&
        writeOf(wrappers, raw) === undefined &&
        !logs.wants(raw);
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
            // As far ahead as the driver's own stream reads.
            const stream = external_node_stream_.Readable.from(each(raw), { objectMode: true, highWaterMark: 1 });
            return transform === undefined ? stream : stream.map(transform);
        },
        [Symbol.asyncIterator]: (raw) => (plain(raw) ? invoke(raw, Symbol.asyncIterator, []) : each(raw)),
        map: (raw, args) => {
            const plan = planOf(raw);
            const [transform] = args;
            if (plan === undefined || typeof transform !== 'function')
                return invoke(raw, 'map', args);
            plan.transforms.push(transform);
            if (plan.transforms.length === 1)
                logs.catchDocuments(raw, plan);
            return raw;
        },
        clone: (raw, args) => {
            const clone = invoke(raw, 'clone', args);
            copyPlan(raw, clone);
            logs.cloned(raw, clone);
            return clone;
        },
        rewind: (raw, args) => {
            logs.rewound(raw);
            return invoke(raw, 'rewind', args);
        },
        bufferedCount: (raw, args) => {
            logs.lookedInto(raw);
            return invoke(raw, 'bufferedCount', args);
        },
        readBufferedDocuments: (raw, args) => {
            logs.lookedInto(raw);
            return invoke(raw, 'readBufferedDocuments', args);
        },
    };
    for (const name of ['count', 'explain']) {
        overrides[name] = (raw, args) => answering(driver.major, args, (args) => logs.asked(raw, name, args, () => invokeAsync(raw, name, args)));
    }
    for (const name of shaping) {
        overrides[name] = (raw, args) => {
            const result = invoke(raw, name, args);
            planOf(raw)?.shape.push([name, ...args]);
            return result;
        };
    }
    for (const name of fetches)
        overrides[name] = (raw, args) => answering(driver.major, args, async (args) => {
            const answer = await fetch(raw, name, args);
            if (name === 'next' || name === 'tryNext')
                given(raw, answer);
            return answer;
        });
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
        args: [cursor.pipeline],
        session: cursor.session?.explicit === true ? cursor.session : undefined,
        send: (_session, sent) => sendWith(raw, cursor.pipeline, sent?.[0]),
        change: () => ({ other: `${target.stage} ${(0,gate_names/* shownName */.H)(target.into, gate.database)}` }),
    });
}
/** Runs the cursor's pipeline, or another one in its place: the driver reads it when it sends it. */
async function sendWith(raw, pipeline, sent) {
    if (sent === undefined || !Array.isArray(pipeline))
        return invokeAsync(raw, 'hasNext', []);
    const own = pipeline.splice(0, pipeline.length, ...sent);
    try {
        return await invokeAsync(raw, 'hasNext', []);
    }
    finally {
        pipeline.splice(0, pipeline.length, ...own);
    }
}
function sourceOf(cursor, home) {
    const { namespace } = cursor;
    if (namespace === undefined)
        return { database: home };
    if (typeof namespace === 'string')
        return (0,gate_names/* parseNamespace */.L)(namespace);
    return { database: namespace.db, collection: namespace.collection };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/commands.js



/**
 * Commands that change no data and no catalog, in small letters (names differ between versions in case only).
 * From the server's command reference. A command that is not here counts as a change.
 */
const commands_reading = new Set(`abortTransaction aggregate availableQueryOptions buildInfo collStats commitTransaction connPoolStats connectionStatus
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
            return writes('pipeline', {
                ...{ name: `aggregate ${target.stage}`, also: target.into, mayCreate: true },
                multi: target.stage !== '$out',
            });
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
                namespace: (0,gate_names/* parseNamespace */.L)(String(command[name])),
                also: (0,gate_names/* parseNamespace */.L)(String(command.to)),
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
            return commands_reading.has(lower) ? { kind: 'reads' } : writes('command');
    }
}
function upserts(updates) {
    return Array.isArray(updates) && updates.some((update) => update.upsert === true);
}
/** What a writing command did, from the server's reply and from the names of the indexes before it. */
function commandChange(gate, write, command, reply, seen) {
    const shown = (0,gate_names/* shownName */.H)(write.namespace, gate.database);
    const lower = write.name.toLowerCase();
    switch (lower) {
        case 'insert':
        case 'update':
        case 'delete':
        case 'bulkwrite': {
            const failed = reply.writeErrors?.length ?? 0;
            // A failed statement of an update or delete may have changed some of its documents.
            return { counts: (0,gate_counts/* countsOfReply */.oH)(lower, reply), unknown: lower === 'insert' ? 0 : failed };
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
                return { other: `${write.name.replace('aggregate ', '')} ${(0,gate_names/* shownName */.H)(write.also, gate.database)}` };
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
async function dropDatabase({ gate }, raw, method, args) {
    if (gate.enclosing !== undefined) {
        throw new observe_error/* ReleaseError */.K('TRANSACTION_CATALOG', 'dropDatabase cannot run inside a transaction.', {
            hint: 'Move it to a migration of its own without transaction: true.',
        });
    }
    const database = raw.databaseName;
    await gate.perform({
        call: { kind: 'catalog', method, namespace: { database }, multi: true, mayCreate: false },
        args,
        // It is several commands: no session would hold them together.
        session: undefined,
        send: async () => {
            const { mine } = await gate.catalog.collections(database);
            for (const name of mine)
                await raw.dropCollection(name);
            return mine;
        },
        change: (dropped) => ({ collectionsDropped: dropped.map((collection) => ({ database, collection })) }),
    });
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
                const name = Object.keys(command)[0] ?? '';
                const call = { method: `command ${name}`, namespace: { database: databaseOf(raw) }, args };
                if (!readsInTransaction.has(name)) {
                    const outside = { ...call, session: undefined };
                    return gate.followRead(reading(wrappers, outside, () => invokeAsync(raw, 'command', args)));
                }
                const session = membrane.sessionOf(args[1]) ?? gate.enclosing;
                return reading(wrappers, { ...call, session }, () => gate.read(() => invokeAsync(raw, 'command', readArguments(gate, args, 1))));
            }
            case 'lists': {
                const hiding = { ...command, filter: hideOurs(wrappers, command.filter) };
                const call = { method: 'command listCollections', namespace: { database: databaseOf(raw) }, args };
                return gate.followRead(reading(wrappers, { ...call, session: undefined }, () => invokeAsync(raw, 'command', [hiding, ...args.slice(1)])));
            }
            case 'drops-database':
                await dropDatabase(wrappers, raw, 'command dropDatabase', args);
                return { ok: 1 };
            case 'writes': {
                const send = (session, sent) => invokeAsync(raw, 'command', withSession(sent, 1, session));
                return performCommand(wrappers, kind, args, membrane.sessionOf(args[1]), send, raw);
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
        const name = Object.keys(command)[0] ?? '';
        const origin = { method: `cursor of ${name}`, namespace: { database: databaseOf(raw) }, args, options: 1 };
        if (kind.kind === 'lists') {
            const hiding = { ...command, filter: hideOurs(wrappers, command.filter) };
            return cursorOf(wrappers, invoke(raw, 'runCursorCommand', [hiding, ...args.slice(1)]), origin);
        }
        if (kind.kind !== 'writes') {
            const joins = readsInTransaction.has(name);
            return cursorOf(wrappers, invoke(raw, 'runCursorCommand', joins ? readArguments(gate, args, 1) : args), origin);
        }
        const cursor = invoke(raw, 'runCursorCommand', withSession(args, 1, gate.enclosing));
        const session = membrane.sessionOf(args[1]);
        // Another command than this one has no cursor: what it writes is all that counts.
        const send = (session, sent) => sent === args ? invokeAsync(cursor, 'hasNext', []) : invokeAsync(raw, 'command', withSession(sent, 1, session));
        writingCursors.set(cursor, () => performCommand(wrappers, kind, args, session, send, cursor));
        return cursor;
    };
}
function performCommand({ gate }, write, args, session, send, on) {
    const { namespace, also, multi, mayCreate } = write;
    const command = (args[0] ?? {});
    const method = `command ${write.name}`;
    if (write.name === 'renameCollection' && also !== undefined) {
        return renameCollection(gate, also, { method, namespace, args, session, send });
    }
    const call = { kind: write.call, method, namespace, also, multi, mayCreate };
    const lower = write.name.toLowerCase();
    const seen = { absent: false, indexesBefore: [], indexesAfter: [] };
    return gate.perform({
        call,
        args,
        on,
        session,
        send: async (session, sent = args) => {
            const indexes = indexCommands.has(lower) && !inTransaction(session);
            const looks = gate.looksAround(session);
            if (looks && (lower === 'create' || lower === 'drop'))
                seen.absent = await gate.catalog.absent(namespace);
            if (indexes && looks)
                seen.indexesBefore = await gate.catalog.indexNames(namespace);
            const reply = await send(session, sent);
            if (indexes && looks)
                seen.indexesAfter = await gate.catalog.indexNames(namespace);
            return reply;
        },
        change: (reply) => commandChange(gate, write, command, (reply ?? {}), seen),
        catalog: {
            seen: ({ existed, indexesBefore, indexesAfter }) => Object.assign(seen, { absent: !existed, indexesBefore, indexesAfter }),
        },
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
        aggregate: (raw, args) => {
            const origin = { method: 'aggregate', namespace: { database: nameOf(raw) }, args, options: 1 };
            return cursorOf(wrappers, invoke(raw, 'aggregate', readArguments(gate, args, 1)), origin);
        },
        createCollection: later((raw, args) => {
            const name = String(args[0]);
            return createCollection(gate, {
                method: 'createCollection',
                namespace: { database: nameOf(raw), collection: name },
                args,
                session: membrane.sessionOf(args[1]),
                send: (session, sent) => invokeAsync(raw, 'createCollection', withSession(sent, 1, session)),
                object: () => raw.collection(name, args[1]),
            });
        }),
        createIndex: (raw, args) => {
            const [collection, ...rest] = args;
            return invoke(membrane.out(raw.collection(String(collection))), 'createIndex', rest);
        },
        dropCollection: later((raw, args) => dropCollection(gate, {
            method: 'dropCollection',
            namespace: { database: nameOf(raw), collection: String(args[0]) },
            args,
            session: membrane.sessionOf(args[1]),
            send: (session, sent) => invokeAsync(raw, 'dropCollection', withSession(sent, 1, session)),
        })),
        renameCollection: later((raw, args) => {
            const [from, to] = args.map(String);
            return renameCollection(gate, { database: nameOf(raw), collection: to }, {
                method: 'renameCollection',
                namespace: { database: nameOf(raw), collection: from },
                args,
                session: membrane.sessionOf(args[2]),
                send: (session, sent) => invokeAsync(raw, 'renameCollection', withSession(sent, 2, session)),
                object: () => raw.collection(String(to)),
            });
        }),
        dropDatabase: later((raw, args) => dropDatabase(wrappers, raw, 'dropDatabase', args)),
        listCollections: (raw, args) => {
            const origin = { method: 'listCollections', namespace: { database: nameOf(raw) }, args, options: 1 };
            const hiding = [hideOurs(wrappers, args[0]), ...args.slice(1)];
            return cursorOf(wrappers, invoke(raw, 'listCollections', hiding), origin);
        },
        collections: later(async (raw, args) => {
            const call = { method: 'collections', namespace: { database: nameOf(raw) }, args, session: undefined };
            const names = await gate.followRead(reading(wrappers, call, async () => {
                const all = (await invokeAsync(raw, 'collections', args));
                return all.map(({ collectionName }) => collectionName).filter((name) => !gate.own.owns(name));
            }));
            return names.map((name) => membrane.out(raw.collection(name)));
        }),
        watch: (raw, args) => {
            followingChanges(wrappers);
            return invoke(raw, 'watch', args);
        },
    };
    for (const name of answersOfDb)
        overrides[name] = database_answer(wrappers, name, nameOf);
    return {
        overrides,
        unlisted: (name) => readsOfDb.has(name) ? undefined : otherChange(wrappers, name, (raw) => ({ database: nameOf(raw) })),
    };
}
/** The gate's part of an Admin: its database is `admin`. */
function adminWrapping(wrappers) {
    const admin = () => 'admin';
    const overrides = { command: commandOverride(wrappers, admin) };
    for (const name of answersOfAdmin)
        overrides[name] = database_answer(wrappers, name, admin);
    return {
        overrides,
        unlisted: (name) => readsOfAdmin.has(name) ? undefined : otherChange(wrappers, name, () => ({ database: 'admin' })),
    };
}
/** A read that gives one value, of a database or the server. */
function database_answer(wrappers, method, databaseOf) {
    return (raw, args) => answering(wrappers.driver.major, args, (args) => {
        const call = { method, namespace: { database: databaseOf(raw) }, args, session: undefined };
        return wrappers.gate.followRead(reading(wrappers, call, () => invokeAsync(raw, method, args)));
    });
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
    const namespaces = [...names].map(gate_names/* parseNamespace */.L);
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
        args,
        session: membrane.sessionOf(args[1]),
        send: (session, sent = args) => invokeAsync(raw, 'bulkWrite', withSession(sent, 1, session)),
        // The totals of several collections cannot be told apart: counted under the first, and named as one change.
        change: (result) => ({
            counts: (0,gate_counts/* countsOf */.mQ)(result),
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

;// CONCATENATED MODULE: ./emitted/migration/gate/failure.js



/**
 * Server codes that mean that nothing of the command was begun, also where it names several documents
 * (`src/mongo/base/error_codes.yml`): Unauthorized, IllegalOperation, CommandNotFound,
 * OperationNotSupportedInTransaction, CannotCreateIndex and IndexOptionsConflict and IndexKeySpecsConflict.
 */
const neverBegun = new Set([13, 20, 59, 67, 85, 86, 263]);
/** Errors of calls that were answered, and whose answer the driver could not read. */
const done = new WeakSet();
/** Says of an error of the driver's that the server had done the call by then. */
function wasDone(error) {
    done.add(error);
}
function failureKind(error, call) {
    if (error instanceof observe_error/* ReleaseError */.K && error.code === 'COMMIT_UNKNOWN')
        return 'unknown';
    if (typeof error === 'object' && error !== null && done.has(error))
        return 'unknown';
    const code = (0,server_code/* serverCode */.XY)(error);
    if (code === undefined)
        return error instanceof observe_error/* ReleaseError */.K || (0,unsent/* unsent */.Y)(error) ? 'not-sent' : 'unknown';
    // The driver has tried twice by then; the first attempt may have arrived.
    if ((0,server_code/* labelled */.wW)(error, 'RetryableWriteError'))
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
var gate_tally = __webpack_require__(88940);
;// CONCATENATED MODULE: ./emitted/migration/gate/recorder.js






/** The gate's books: what is under way, what was sent, what it did. */
class Recorder {
    /** What counts: all that was done outside of transactions, and in those that were committed. */
    run = new gate_tally/* Tally */.F0();
    #options;
    #operations = new Operations();
    /** Writes under way, and where they count: inside a transaction nothing changes before its commit. */
    #writing = new Map();
    #failed = new WeakMap();
    /** Of calls in several transactions: what was committed and is in the tally already. */
    #progress = new WeakMap();
    /** Answered from the journal. */
    #replayed = new WeakSet();
    /** What they brought into being is in the tally already. */
    #created = new WeakSet();
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
        return [...this.#writing.values()].filter((tally) => tally === this.run).length;
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
    /**
     * Counts what a call has committed so far, in all: once it has said so, nothing of what it did is unknown should it
     * be refused later.
     */
    progress(call, counts) {
        this.#count(this.run, call);
        this.run.add({ collection: this.#shown(call), counts: this.#news(call, counts) });
        this.#progress.set(call, counts);
    }
    /** Notes that the journal answers a call, which is not sent. To be called before anything else is said of it. */
    replayed(call) {
        this.#replayed.add(call);
    }
    /** Notes that a call under way brought a collection into being in an earlier run: nobody saw it missing in this one. */
    created(call, namespace) {
        this.#created.add(call);
        this.#writing.get(call)?.add(this.#named({ collectionsCreated: [namespace] }));
    }
    #count(tally, call) {
        if (this.#progress.has(call))
            return;
        tally.operations += 1;
        if (this.#replayed.has(call))
            tally.replayed += 1;
    }
    /** What of these counts of a call is not in the tally yet. */
    #news(call, counts) {
        const known = this.#progress.get(call) ?? gate_tally/* noCounts */.Yi;
        // An answer leaves out what a statement did that was refused in its middle: that was told, and stays.
        const more = (now, before) => Math.max(0, now - before);
        return {
            matched: more(counts.matched, known.matched),
            modified: more(counts.modified, known.modified),
            inserted: more(counts.inserted, known.inserted),
            deleted: more(counts.deleted, known.deleted),
            quarantined: more(counts.quarantined ?? 0, known.quarantined ?? 0),
        };
    }
    #told(call) {
        return `${call.method} on ${this.#shown(call)}`;
    }
    #shown(call) {
        return (0,gate_names/* shownName */.H)(call.namespace, this.#options.database);
    }
    /** The stage that keeps the books. */
    stage = async (operation, next) => {
        const { call, session } = operation;
        const tally = this.#options.transactionTally(session) ?? this.run;
        this.#writing.set(call, tally);
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
                this.#count(tally, call);
                this.#note(tally, operation, result);
                for (const namespace of missing)
                    if (this.#options.catalog.appeared(namespace))
                        this.#noteCreated(tally, call, namespace);
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
        // One that has told how far it got has left nothing open.
        if (!this.#progress.has(operation.call))
            tally.unknown += change.unknown ?? 0;
        const counts = change.counts === undefined ? undefined : this.#news(operation.call, change.counts);
        tally.add({ collection: this.#shown(operation.call), ...this.#named(change), counts });
        for (const namespace of change.collectionsDropped ?? [])
            this.#options.catalog.forget((0,gate_names/* shownName */.H)(namespace, this.#options.database));
        for (const namespace of change.collectionsCreated ?? [])
            this.#options.catalog.appeared(namespace);
    }
    async #noteFailure(tally, call, error, missing) {
        if (typeof error === 'object' && error !== null)
            this.#failed.set(error, call);
        // A refused insert may have left the empty collection behind, and so does one that was stopped after it was made.
        for (const namespace of missing) {
            if (tally === this.run && (await this.#options.catalog.emerged(namespace)))
                this.#noteCreated(tally, call, namespace);
        }
        const kind = failureKind(error, call);
        if (kind === 'not-sent')
            return 'refused';
        this.#count(tally, call);
        const partial = error.result;
        if (partial !== undefined) {
            tally.add({ collection: this.#shown(call), counts: this.#news(call, (0,gate_counts/* countsOf */.mQ)(partial)) });
        }
        // One that has told how far it got has left nothing open.
        const refused = kind === 'refused' || (this.#progress.has(call) && wasAnswered(error));
        if (!refused)
            tally.unknown += 1;
        return refused ? 'refused' : kind;
    }
    #noteCreated(tally, call, namespace) {
        if (!this.#created.has(call))
            tally.add(this.#named({ collectionsCreated: [namespace] }));
    }
    #named(change) {
        const { collectionsCreated, collectionsDropped, ...rest } = change;
        const names = (list) => list?.map((namespace) => (0,gate_names/* shownName */.H)(namespace, this.#options.database));
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
        this.#writing.set(call, this.run);
        const ended = this.#operations.begin(call, this.#options.database);
        try {
            await this.#options.beforeWrite();
            const result = await send();
            ended('done');
            return result;
        }
        catch (error) {
            this.#failed.set(error, call);
            ended((0,server_code/* labelled */.wW)(error, 'UnknownTransactionCommitResult') ? 'unknown' : 'refused');
            throw error;
        }
        finally {
            this.#writing.delete(call);
        }
    }
}
/** The server refused it; a commit that may have been done is another thing. */
function wasAnswered(error) {
    return (0,server_code/* serverCode */.XY)(error) !== undefined && !(0,server_code/* labelled */.wW)(error, 'UnknownTransactionCommitResult');
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
            this.#events.reset(session);
            if (first)
                this.#events.begun(session);
            first = false;
            this.#tallies.set(session, new gate_tally/* Tally */.F0());
            this.#uncertain.delete(session);
            return result;
        });
        replace(session, 'commitTransaction', (...args) => this.#commit(session, () => commitTransaction.apply(session, args)));
        replace(session, 'abortTransaction', async (...args) => {
            try {
                return await abortTransaction.apply(session, args);
            }
            finally {
                this.#events.reset(session);
                this.#discard(session);
            }
        });
    }
    async #commit(session, send) {
        const tally = this.#tallies.get(session);
        if (tally === undefined || tally.operations === 0) {
            const result = await send();
            this.#tallies.delete(session);
            // Nothing was written: what was read in it stands for itself.
            this.#events.reset(session);
            return result;
        }
        try {
            const result = await this.#events.commit(() => this.#events.committing(session, async () => send()));
            if (this.#uncertain.delete(session))
                this.#run.unknown -= 1;
            this.#run.join(tally);
            this.#tallies.delete(session);
            return result;
        }
        catch (error) {
            answersForLabels(error);
            if ((0,server_code/* labelled */.wW)(error, 'UnknownTransactionCommitResult')) {
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
/** The driver's `withTransaction` asks every error for its labels, and an error of ours has to bear that. */
function answersForLabels(error) {
    if (!(error instanceof Error) || 'hasErrorLabel' in error)
        return;
    Object.defineProperty(error, 'hasErrorLabel', { value: () => false, configurable: true });
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
    #journal;
    #replay;
    /** The document that a cursor gave to user code last: most often the one that its loop is at. */
    lastRead;
    /** Whether every cursor that is looped over passes here, also where nothing of it is kept. */
    followsReads;
    #cursors = new Set();
    #reading = 0;
    #closed;
    #enclosing;
    constructor(options) {
        this.database = options.database;
        this.followsReads = options.followsReads ?? false;
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
            committing: (session, send) => (this.#journal === undefined ? send() : this.#journal.commit(session, send)),
            reset: (session) => this.#journal?.reset(session),
        });
        this.#stages = [this.#whileOpen, this.#notOurs, this.#inEnclosing, this.books.stage];
    }
    /** From here on the journal is the last stage: it sends what passes, and keeps it. */
    keepJournal(journal) {
        this.#journal = journal;
        this.#stages.push(journal.stage);
    }
    /** Undefined where nothing can be kept: on a standalone server. */
    get journal() {
        return this.#journal;
    }
    /** From here on reads are kept, and answered as in the run that this one takes up. */
    keepReads(replay) {
        this.#replay = replay;
    }
    get replay() {
        return this.#replay;
    }
    /**
     * Whether what a change of the catalog does has to be looked up around it. The journal looks before it writes its
     * intent down: nothing may come between that and the change, since the change itself cannot be fenced.
     */
    looksAround(session) {
        return this.#journal === undefined || inTransaction(session);
    }
    /** What throws when nothing may be sent any more. */
    refuseWhenClosed = () => this.#refuseWhenClosed();
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
    /** Counts documents that were put aside by a write of ours, which passes no stage. */
    noteQuarantined(namespace, quarantined, session) {
        const tally = this.transactions.tallyOf(session) ?? this.books.run;
        tally.add({ collection: (0,gate_names/* shownName */.H)(namespace, this.database), counts: { ...gate_tally/* noCounts */.Yi, quarantined } });
    }
    shown(call) {
        return (0,gate_names/* shownName */.H)(call.namespace, this.database);
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

// EXTERNAL MODULE: ./emitted/migration/journal/documents.js
var journal_documents = __webpack_require__(63170);
// EXTERNAL MODULE: ./emitted/migration/journal/images.js
var journal_images = __webpack_require__(1308);
;// CONCATENATED MODULE: ./emitted/migration/gate/replay/changed.js




class ChangedByImages {
    #options;
    constructor(options) {
        this.#options = options;
    }
    async known(namespace) {
        if (this.#options.entries.some((entry) => blind(entry, namespace)))
            return false;
        const kind = await this.#options.kinds.of(namespace);
        return kind === 'plain' || kind === 'absent' || kind === 'capped';
    }
    async *ids({ database, collection }) {
        const { client, database: home, journal, attempt } = this.#options;
        const filter = {
            ...(0,journal_documents/* ofAttempt */.Be)(attempt),
            kind: 'images',
            'namespace.database': database,
            'namespace.collection': collection,
        };
        const found = client
            .db(home)
            .collection(journal)
            .find(filter, { readConcern: { level: 'majority' }, readPreference: 'primary' })
            .sort({ _id: 1 });
        let parts = [];
        for await (const document of found) {
            if (document.part === 0)
                parts = [];
            parts.push((0,raw_bson/* bytesOf */.$$)(document.data));
            if (parts.length < document.parts)
                continue;
            for (const image of (0,journal_images/* unpackImages */.Fg)(parts)) {
                const document = (0,journal_images/* documentOf */.lM)(image);
                if (document !== undefined)
                    yield rawIdName(document);
            }
            parts = [];
        }
    }
}
const movesDocuments = new Set(['drop-collection', 'rename-collection', 'replace-collection']);
/** Whether an entry may have changed documents of the collection without images of them. */
function blind({ kind, state, images, namespace, catalog }, asked) {
    if (state === 'refused')
        return false;
    switch (kind) {
        case 'unfenced':
            // Where `$merge` and raw commands write to, the entry does not say.
            return true;
        case 'transaction':
            return !images;
        case 'write':
            return !images && same(namespace, asked);
        case 'implicit':
        case 'catalog':
            return movesDocuments.has(catalog?.type ?? '') && (same(namespace, asked) || same(catalog?.to, asked));
    }
}
function same(a, b) {
    return a !== undefined && a.database === b.database && (a.collection ?? b.collection) === b.collection;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/entries.js



/**
 * Entries of so many bytes of BSON are held for a replay; it has to look for the next call among all of them. In memory
 * they take up to three times that (measured with entries of 600 bytes on Node 24), which leaves room in the smallest
 * heap that Node gives itself on a runner: 2 GB.
 */
const mostBytes = 256 * 1024 * 1024;
/**
 * The entries that an earlier run of the attempt has left, in their order. What makes a replay impossible is asked of
 * the server before any of them is loaded.
 *
 * Throws `REPLAY_DIVERGED` where they cannot be replayed, and the driver's errors.
 */
async function entriesToReplay(options) {
    const { client, database, journal, attempt } = options;
    const filter = { ...(0,journal_documents/* ofAttempt */.Be)(attempt), kind: { $ne: 'images' } };
    const how = { readConcern: { level: 'majority' }, readPreference: 'primary' };
    const entries = client.db(database).collection(journal);
    const summarised = { ...(0,journal_documents/* ofAttempt */.Be)(attempt), $or: [{ kind: { $ne: 'images' } }, { undoCount: { $exists: true } }] };
    const [found] = await entries.aggregate([{ $match: summarised }, ...summary], how).toArray();
    const why = whyNot(found ?? nothing, options);
    if (why !== undefined) {
        throw new observe_error/* ReleaseError */.K('REPLAY_DIVERGED', `The migration cannot be taken up. ${why}`, {
            hint: 'Run the same command again: what was done is undone first.',
        });
    }
    // A Long that user code was given, as an _id for example, stays one.
    const loaded = entries.find(filter, { ...how, promoteLongs: false }).sort({ _id: 1 });
    return (await loaded.toArray());
}
const nothing = { entries: 0, bytes: 0, undone: 0, unread: 0, halfway: 0, drivers: [] };
const isSet = (field) => ({ $ne: [{ $type: field }, 'missing'] });
const count = (condition) => ({ $sum: { $cond: [condition, 1, 0] } });
const summary = [
    {
        $group: {
            _id: null,
            entries: { $sum: 1 },
            bytes: { $sum: { $bsonSize: '$$ROOT' } },
            undone: count({ $or: [isSet('$undone'), isSet('$undoCount')] }),
            unread: count({ $in: [keptNoLonger, { $ifNull: ['$reads.fingerprint', []] }] }),
            halfway: count({ $and: [isSet('$endedRun'), { $eq: ['$state', 'done'] }] }),
            drivers: { $addToSet: { $ifNull: ['$driver', 0] } },
        },
    },
];
function whyNot({ entries, bytes, undone, unread, halfway, drivers }, { expected, driverMajor, mostBytes: most = mostBytes }) {
    // Also of an entry that is not undone in whole: then it is its images that say so.
    if (undone > 0)
        return 'A part of it was undone since.';
    // Nothing would be known of those that are missing, and all of them would be done a second time.
    if (expected !== undefined && entries !== expected)
        return `Its journal has ${entries} of ${expected} operations.`;
    if (drivers.some((major) => major !== driverMajor)) {
        return `It was begun with another major version of the driver than ${driverMajor}.`;
    }
    if (unread > 0)
        return 'It had read more than is kept.';
    if (halfway > 0)
        return 'It failed in the middle of one call, which cannot be made a second time over its first half.';
    if (bytes > most) {
        const [size, limit] = [bytes, most].map(megabytes);
        return `Its ${entries} operations take ${size} MB in the journal, and a run can be held against ${limit} MB of them.`;
    }
    return undefined;
}
function megabytes(bytes) {
    return Math.ceil(bytes / 1_000_000);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/divergence.js

/** The failure of a replay: the migration went another way than the run that it takes up. `how` names no value. */
function divergence(how) {
    return new observe_error/* ReleaseError */.K('REPLAY_DIVERGED', `The migration went another way than before it was interrupted: ${how}.`, {
        hint: 'Run the same command again: what was done is undone first, as far as nobody wrote there since.',
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/progress.js

/** So long nothing may happen, while calls are held, before the replay counts as diverged; milliseconds. */
const quietDefault = 5000;
const tickMs = 50;
/** A tick that comes later than this says that the event loop was busy: user code was computing. */
const lateMs = 40;
/**
 * How far a replay has got: what of the earlier run was not asked for yet, and the new calls that are held meanwhile.
 *
 * They are let go together, once everything was asked for and the last check found nothing. Where only held calls are
 * left, none of them can ever go on: the replay has diverged.
 */
class Progress {
    #options;
    #held = new Set();
    #expected;
    #underWay = 0;
    #activity = 0;
    #passed;
    #checking = false;
    #ticking = false;
    #diverged;
    #divergence = Promise.withResolvers();
    constructor(expected, options) {
        this.#expected = expected;
        this.#passed = expected === 0;
        this.#options = options;
        this.#divergence.promise.catch(() => { });
    }
    /** Rejects when the replay diverges; user code need not be waited for then. */
    get divergence() {
        return this.#divergence.promise;
    }
    /** Whether new calls go through. */
    get passed() {
        return this.#passed;
    }
    get diverged() {
        return this.#diverged;
    }
    /** Whether everything was asked for. */
    get complete() {
        return this.#expected === 0 && this.#diverged === undefined;
    }
    /** One of the things that were expected was asked for. */
    claimed() {
        this.#expected -= 1;
        this.#activity += 1;
        this.#leaveWhenComplete();
    }
    /** What was asked for was given back: it will be asked for again. */
    givenBack() {
        this.#expected += 1;
        this.#activity += 1;
    }
    /** User code was given something. */
    moved() {
        this.#activity += 1;
    }
    /** Follows something that is sent during the replay: while it is under way nothing is decided. */
    async follow(send) {
        if (this.#passed)
            return send();
        this.#underWay += 1;
        try {
            return await send();
        }
        finally {
            this.#underWay -= 1;
            this.#activity += 1;
        }
    }
    /** Resolves once new calls may go through; rejects with `REPLAY_DIVERGED`. */
    async hold() {
        this.refuseWhenDiverged();
        if (this.#passed)
            return;
        const held = Promise.withResolvers();
        this.#held.add(held);
        this.#leaveWhenComplete();
        void this.#watch();
        await held.promise;
    }
    /** Ends the replay: everything that is held and everything later is refused. Gives the error for the caller to throw. */
    diverge(how) {
        this.#diverged ??= divergence(how);
        this.#divergence.reject(this.#diverged);
        for (const held of this.#held)
            held.reject(this.#diverged);
        this.#held.clear();
        return this.#diverged;
    }
    refuseWhenDiverged() {
        if (this.#diverged !== undefined)
            throw this.#diverged;
    }
    #leaveWhenComplete() {
        if (this.#passed || this.#checking || this.#expected > 0 || this.#held.size === 0)
            return;
        this.#checking = true;
        this.#options.check().then((difference) => {
            this.#checking = false;
            // A transaction that was given back meanwhile is awaited again.
            if (difference !== undefined)
                this.diverge(difference);
            else if (this.#expected === 0)
                this.#leave();
        }, (error) => {
            for (const held of this.#held)
                held.reject(error);
            this.#held.clear();
            this.#checking = false;
        });
    }
    #leave() {
        if (this.#diverged !== undefined)
            return;
        this.#passed = true;
        for (const held of this.#held)
            held.resolve();
        this.#held.clear();
    }
    async #watch() {
        if (this.#ticking)
            return;
        this.#ticking = true;
        const quietMs = this.#options.quietMs ?? quietDefault;
        let quiet = 0;
        let activity = this.#activity;
        while (this.#held.size > 0 && quiet < quietMs) {
            const begun = performance.now();
            await new Promise((resolve) => setTimeout(resolve, tickMs));
            const still = activity === this.#activity && this.#underWay === 0 && !this.#checking;
            const free = performance.now() - begun < tickMs + lateMs;
            if (!still)
                quiet = 0;
            else if (free)
                quiet += tickMs;
            activity = this.#activity;
        }
        this.#ticking = false;
        if (this.#held.size > 0)
            this.diverge(`it asks for something new, and never came to ${this.#options.missing()}`);
    }
}

// EXTERNAL MODULE: external "node:async_hooks"
var external_node_async_hooks_ = __webpack_require__(16698);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/inside-each.js

const scope = new external_node_async_hooks_.AsyncLocalStorage();
/**
 * Whether the code that asks was called by the function of a batch. What it reads belongs to no entry: a batch that is
 * taken up again does not call the function for documents that are done.
 */
function insideEach() {
    return scope.getStore() === true;
}
function runEach(call) {
    return scope.run(true, call);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/reads.js






/**
 * Every read of user code: it is answered as in the run before, or sent and kept.
 *
 * A stored answer takes no server. Where only a digest is stored the read is sent, and has to give the same. A read that
 * the earlier run did not store is sent: nothing that was kept came after its answer.
 */
class Reads {
    log;
    #stored;
    #driver;
    #progress;
    #rechecks;
    constructor(stored, driver, progress, rechecks) {
        this.#stored = stored;
        this.#driver = driver;
        this.#progress = progress;
        this.#rechecks = rechecks;
        this.log = new ReadLog(sizeOf(stored));
    }
    /** Whether reads need not come here any more: nothing is stored, and nothing is kept. */
    get idle() {
        return this.log.closed && this.#stored.size === 0;
    }
    async read(call, send) {
        if (this.idle || insideEach())
            return send();
        const { fingerprint, occurrence, session, stored } = this.#claim(call);
        if (stored?.form === 'value') {
            this.#rechecks.add(call.again, [stored.value]);
            this.#claimed(fingerprint, occurrence);
            if (stored.error !== undefined)
                throw restoreError(stored.error, this.#driver);
            return stored.value;
        }
        if (stored !== undefined && session !== undefined) {
            throw this.#progress.diverge(`a read in a transaction (${call.method}) was too large to be kept`);
        }
        let value;
        try {
            value = await this.#progress.follow(send);
        }
        catch (error) {
            if (stored === undefined)
                this.log.failed(fingerprint, occurrence, storeError(error), session);
            throw error;
        }
        if (stored === undefined) {
            this.log.answered(fingerprint, occurrence, withoutTimes(value), session);
            return value;
        }
        if (stored.form !== 'digest' || stored.digest !== valueDigest(withoutTimes(value))) {
            throw this.#progress.diverge(`${call.method} gave something else`);
        }
        this.#claimed(fingerprint, occurrence);
        return value;
    }
    /** To be called at a cursor's first fetch; undefined where nothing of it is to be kept. */
    cursor(call) {
        if (this.idle || insideEach())
            return undefined;
        const { fingerprint, occurrence, session, stored } = this.#claim(call);
        if (stored !== undefined && stored.form !== 'cursor') {
            throw this.#progress.diverge(`${call.method} was another kind of read before`);
        }
        if (stored?.digest !== undefined && session !== undefined) {
            throw this.#progress.diverge(`a read in a transaction (${call.method}) was too large to be kept`);
        }
        if (stored !== undefined)
            this.#rechecks.add(call.again, stored.documents);
        return {
            stored,
            log: (hash) => this.log.cursor(fingerprint, occurrence, session, stored?.count, hash),
            claimed: () => this.#claimed(fingerprint, occurrence),
        };
    }
    /** All reads that no entry is known to have. */
    take(session) {
        return this.log.take(session);
    }
    #claim({ method, namespace, args, session }) {
        this.#progress.refuseWhenDiverged();
        const within = session?.inTransaction() ? session : undefined;
        const fingerprint = fingerprintOf(within === undefined ? method : `in transaction ${method}`, namespace, args);
        const occurrence = this.log.occurrence(fingerprint, within);
        const stored = this.#stored.size === 0 ? undefined : this.#stored.get(readKey(fingerprint, occurrence));
        return { fingerprint, occurrence, session: within, stored };
    }
    #claimed(fingerprint, occurrence) {
        if (this.#stored.delete(readKey(fingerprint, occurrence)))
            this.#progress.claimed();
    }
}
/** The server's times in the reply to a command: they differ with each, and their names do not fit into older servers. */
function withoutTimes(value) {
    if (typeof value !== 'object' || value === null || !('$clusterTime' in value))
        return value;
    const { $clusterTime: _time, operationTime: _operation, ...reply } = value;
    return reply;
}
/** What the stored values cost, roughly as `ReadLog` counts it. */
function sizeOf(stored) {
    let size = 0;
    for (const read of stored.values()) {
        const values = read.form === 'value' ? [read.value] : read.form === 'cursor' ? read.documents : [];
        for (const value of values)
            size += (plainCopy(value, Number.POSITIVE_INFINITY)?.size ?? 0) + 100;
    }
    return size;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/recheck.js



/** So many ids are asked for at once. */
const atOnce = 1000;
/**
 * The documents that stored reads gave, for reading them once more before anything new is done: where a user has changed
 * one meanwhile, going on from the old answer would be wrong.
 *
 * Left out is what the attempt itself has changed; a collection of which the images do not tell what it changed; what is
 * without `_id`, projected by position or a condition, or known by a digest only; and reads that give no documents
 * (count, distinct, aggregate): they mix what the attempt changed with what users did.
 */
class Rechecks {
    #reads = new Map();
    #changed;
    constructor(changed) {
        this.#changed = changed;
    }
    add(again, documents) {
        if (again === undefined || this.#changed === undefined || conditional(again.options.projection))
            return;
        for (const document of documents) {
            if (typeof document !== 'object' || document === null)
                continue;
            const { _id: id } = document;
            if (idName(id) === undefined)
                continue;
            const { database, collection } = namespaceOf(again.collection);
            const name = `${database}.${collection}`;
            const reads = this.#reads.get(name);
            const read = { again, id, text: canonicalText(document) };
            if (reads === undefined)
                this.#reads.set(name, [read]);
            else
                reads.push(read);
        }
    }
    /** What differs, in words; undefined where nothing does. */
    async difference() {
        for (const reads of this.#reads.values()) {
            const [first] = reads;
            if (first === undefined || this.#changed === undefined)
                continue;
            const namespace = namespaceOf(first.again.collection);
            if (!(await this.#changed.known(namespace)))
                continue;
            const own = await changedAmong(this.#changed.ids(namespace), reads);
            if (own === undefined)
                continue;
            const others = reads.filter(({ id }) => !own.has(idName(id)));
            if (await this.#differ(others))
                return `documents of ${namespace.collection} were changed meanwhile`;
        }
        this.#reads.clear();
        return undefined;
    }
    async #differ(reads) {
        const groups = Map.groupBy(reads, ({ again }) => canonicalText(again.options));
        for (const group of groups.values()) {
            for (let at = 0; at < group.length; at += atOnce)
                if (await changed(group.slice(at, at + atOnce)))
                    return true;
        }
        return false;
    }
}
async function changed(reads) {
    const [first] = reads;
    if (first === undefined)
        return false;
    const { collection, options } = first.again;
    const found = new Map();
    const ids = reads.map(({ id }) => id);
    for await (const document of collection.find({ _id: { $in: ids } }, options)) {
        found.set(idName(document._id), canonicalText(document));
    }
    return reads.some(({ id, text }) => found.get(idName(id)) !== text);
}
/** Those of the reads' ids that the attempt changed; undefined where it is not known of all. */
async function changedAmong(ids, reads) {
    const asked = new Set(reads.map(({ id }) => idName(id)));
    const own = new Set();
    for await (const id of ids) {
        if (id === undefined)
            return undefined;
        if (asked.has(id))
            own.add(id);
    }
    return own;
}
function conditional(projection) {
    return projection !== undefined && canonicalText(projection).includes('$');
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/transaction-claims.js
/**
 * Transactions of user code in a replay. One is known by its first call; from there on every call has to be one of the
 * same entry, and at the commit all of them must have been made.
 */
class TransactionClaims {
    #entries;
    #progress;
    #open = new Map();
    constructor(entries, progress) {
        this.#entries = [...entries];
        this.#progress = progress;
    }
    async claim(fingerprint, session) {
        let open = this.#open.get(session);
        if (open === undefined) {
            open = this.#bind(fingerprint);
            if (open === 'new' && !this.#progress.passed)
                await this.#progress.hold();
            this.#open.set(session, open);
        }
        if (open === 'new')
            return { kind: 'new' };
        const { entry, left } = open;
        for (const index of left) {
            const call = entry.calls?.[index];
            if (call?.fingerprint !== fingerprint)
                continue;
            if (call.result?.form === 'omitted')
                throw this.#progress.diverge(`the result of ${call.method} was not kept`);
            left.delete(index);
            this.#progress.moved();
            return { kind: 'call', call, entry };
        }
        throw this.#progress.diverge('a transaction has another call than before');
    }
    commit(session) {
        const open = this.#open.get(session);
        this.#open.delete(session);
        if (open === undefined || open === 'new')
            return { kind: 'new' };
        if (open.left.size > 0)
            throw this.#progress.diverge('a transaction has fewer calls than before');
        this.#progress.claimed();
        return { kind: 'recorded', entry: open.entry };
    }
    /** Gives back what the session's open transaction has claimed; whether that was anything. */
    rollBack(session) {
        const open = this.#open.get(session);
        this.#open.delete(session);
        if (open === undefined || open === 'new')
            return false;
        this.#entries.unshift(open.entry);
        this.#progress.moved();
        return true;
    }
    missing() {
        const open = [...this.#open.values()].flatMap((bound) => (bound === 'new' ? [] : [bound.entry]));
        return [...open, ...this.#entries].flatMap(({ calls = [] }) => calls.slice(0, 1));
    }
    #bind(fingerprint) {
        const at = this.#entries.findIndex(({ calls }) => calls?.[0]?.fingerprint === fingerprint);
        const [entry] = at < 0 ? [] : this.#entries.splice(at, 1);
        if (entry === undefined)
            return 'new';
        return { entry, left: new Set((entry.calls ?? []).keys()) };
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/replay/replay.js






/**
 * The run of an attempt from its top, held against the entries that an earlier run of it has left.
 *
 * A call claims the first entry of its fingerprint that is not claimed yet, and is answered from it. One that no entry
 * answers is new, and held until everything that was stored has been claimed: what comes first in user code comes first
 * here, whatever order parallel calls arrive in. Where that never happens, the migration goes another way than it did:
 * the replay has diverged, and nothing new has been done. A fresh run has no entries, and everything is new at once.
 */
class Replay {
    reads;
    changed;
    #writes = new Map();
    /** Collections that writes brought into being, as they are shown; no call asks for these entries. */
    #created = [];
    #transactions;
    #progress;
    constructor(entries, { driver, changed, quietMs }) {
        this.changed = changed;
        const reads = storedReads(entries.flatMap((entry) => entry.reads ?? []));
        const rechecks = new Rechecks(changed);
        let expected = reads?.size ?? 0;
        for (const entry of entries) {
            if (entry.kind === 'implicit' && entry.state === 'done' && entry.catalog?.type === 'create-collection') {
                this.#created.push(inFull(entry.namespace));
            }
            if (entry.kind === 'implicit' || entry.endedRun === true)
                continue;
            expected += 1;
            if (entry.kind === 'transaction')
                continue;
            const equal = this.#writes.get(entry.fingerprint);
            if (equal === undefined)
                this.#writes.set(entry.fingerprint, [entry]);
            else
                equal.push(entry);
        }
        this.#progress = new Progress(expected, {
            quietMs,
            check: () => rechecks.difference(),
            missing: () => this.#missing(),
        });
        this.#transactions = new TransactionClaims(entries.filter(({ kind }) => kind === 'transaction'), this.#progress);
        this.reads = new Reads(reads ?? new Map(), driver, this.#progress, rechecks);
        if (reads === undefined)
            this.#progress.diverge('it had read more than is kept');
    }
    /** Why the replay ended before its time; undefined while it has not. User code may have swallowed the error. */
    get diverged() {
        return this.#progress.diverged;
    }
    /** Rejects with that, as soon as it is known: user code may go on trying for ever. */
    get divergence() {
        return this.#progress.divergence;
    }
    get progress() {
        return this.#progress;
    }
    /**
     * Waits until it is certain what the call is. `transaction`: the session, where the call belongs to its transaction.
     * Entries in state `intent` and `progress` are given once everything else is claimed: they go on from there.
     * Throws `REPLAY_DIVERGED`.
     */
    async claim(fingerprint, { transaction } = {}) {
        this.#progress.refuseWhenDiverged();
        if (transaction !== undefined)
            return this.#transactions.claim(fingerprint, transaction);
        const equal = this.#writes.get(fingerprint);
        const entry = equal?.shift();
        if (entry === undefined) {
            if (!this.#progress.passed)
                await this.#progress.hold();
            await this.reads.log.carried();
            return { kind: 'new' };
        }
        if (equal?.length === 0)
            this.#writes.delete(fingerprint);
        if (entry.result?.form === 'omitted' && entry.state === 'done') {
            throw this.#progress.diverge(`the result of ${shown(entry)} was not kept`);
        }
        this.#progress.claimed();
        if (entry.state === 'intent' || entry.state === 'progress')
            await this.#progress.hold();
        return { kind: 'recorded', entry };
    }
    /** Whether an earlier run made this collection for a write into it; told once for each time that it did. */
    takeCreated(namespace) {
        const at = this.#created.indexOf(inFull(namespace));
        if (at >= 0)
            this.#created.splice(at, 1);
        return at >= 0;
    }
    /** Asked before a transaction of user code is committed. `recorded`: it was committed by the earlier run. */
    commit(transaction) {
        return this.#transactions.commit(transaction);
    }
    /** The transaction was committed: what was read in it counts. */
    committed(transaction) {
        this.reads.log.ended(transaction, 'kept');
    }
    /**
     * The transaction was aborted, or begins. With `writes` user code will make it again from its top: claims and reads of
     * it are given back. Without any, its reads stand for themselves.
     */
    rollBack(transaction, writes = true) {
        const claimed = this.#transactions.rollBack(transaction);
        this.reads.log.ended(transaction, writes || claimed ? 'given-back' : 'kept');
    }
    /** Reads that no entry is known to have: every entry takes them along. With a session those of its transaction too. */
    takeReads(transaction) {
        return this.reads.take(transaction);
    }
    /** The entry that took these reads along is committed. */
    readsStored(reads) {
        this.reads.log.stored(reads);
    }
    /** To be asked when the migration has returned or thrown: `diverged` where something stored was never asked for. */
    end() {
        if (this.#progress.diverged === undefined && !this.#progress.complete) {
            this.#progress.diverge(`it ended, and never came to ${this.#missing()}`);
        }
        return this.#progress.diverged === undefined ? 'complete' : 'diverged';
    }
    #missing() {
        const entries = [...this.#writes.values()].flat();
        const missing = [...entries, ...this.#transactions.missing()];
        const [first] = missing;
        if (first === undefined)
            return 'a read that it made before';
        return missing.length === 1 ? shown(first) : `${shown(first)} and ${missing.length - 1} more`;
    }
}
function inFull(namespace) {
    return (0,gate_names/* shownName */.H)(namespace, '');
}
function shown({ method, namespace }) {
    return `${method} on ${(0,gate_names/* shownName */.H)(namespace, namespace.database)}`;
}

// EXTERNAL MODULE: ./emitted/migration/lease/fresh-fence.js
var fresh_fence = __webpack_require__(9593);
// EXTERNAL MODULE: ./emitted/migration/journal/transactions.js
var transactions = __webpack_require__(26715);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/unheard.js


/** A server that stops being the primary, or stops (`src/mongo/base/error_codes.yml`); what it was asked for may be done. */
const stepsDown = new Set([
    91, // ShutdownInProgress
    189, // PrimarySteppedDown
    10_107, // NotWritablePrimary
    11_600, // InterruptedAtShutdown
    11_602, // InterruptedDueToReplStateChange
    13_435, // NotPrimaryNoSecondaryOk
    13_436, // NotPrimaryOrSecondary
]);
/** Whether an answer never came to what was sent outside of a transaction, so that it is open what was done. */
function unheard(error) {
    return stepsDown.has((0,server_code/* serverCode */.XY)(error)) || (0,transactions/* passing */.qO)(error) === 'outage';
}

// EXTERNAL MODULE: ./emitted/migration/gate/journal/catalog/look.js
var look = __webpack_require__(2539);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/commands.js


/** Server 6.0, the first that takes `collectionUUID` in changes of the catalog, says so (`src/mongo/db/wire_version.h`). */
const wireVersionOf60 = 17;
const answers = new WeakMap();
function server({ client }) {
    let answer = answers.get(client);
    if (answer === undefined) {
        answer = client
            .db('admin')
            .command({ hello: 1 })
            .then(({ maxWireVersion, msg }) => ({
            takesUuid: Number(maxWireVersion) >= wireVersionOf60,
            sharded: msg === 'isdbgrid',
        }));
        answers.set(client, answer);
        answer.catch(() => answers.delete(client));
    }
    return answer;
}
/** `collectionUUID` for a command, where the server knows it: a collection that took the name meanwhile is left alone. */
async function only(context, uuid) {
    if (uuid === undefined || !(await server(context)).takesUuid)
        return {};
    const { Binary } = classesOf(context.driver).BSON;
    return { collectionUUID: new Binary(Buffer.from(uuid, 'hex'), Binary.SUBTYPE_UUID) };
}
/** Whether the collection is spread over shards; where that may not be looked at, it counts as one that is. */
async function isSharded(context, { database, collection }) {
    if (!(await server(context)).sharded)
        return false;
    try {
        const id = `${database}.${collection}`;
        const found = await context.client
            .db('config')
            .collection('collections')
            .findOne({ _id: id });
        return found !== null && found.dropped !== true && found.key !== undefined;
    }
    catch {
        return true;
    }
}
/**
 * Runs a command of ours in the place of a method. Waits for the majority, unless another one right behind it does: what is
 * on record may not be rolled back.
 */
async function run(context, database, command, { session, options, ready }, w = 'majority') {
    const { maxTimeMS, comment } = (options ?? {});
    const kept = {
        ...(typeof maxTimeMS === 'number' ? { maxTimeMS } : {}),
        ...(comment === undefined ? {} : { comment }),
    };
    const whole = { ...command, ...kept, writeConcern: { w } };
    await ready?.();
    return (0,look/* databaseOf */.zJ)(context, database).command(whole, session === undefined ? {} : { session });
}
/** Rejects where the new name is taken, and (6.0 and later) where another collection has the old one by now. */
async function rename(context, from, to, uuid, along, w) {
    const full = ({ database, collection }) => `${database}.${collection}`;
    const command = { renameCollection: full(from), to: full(to), ...(await only(context, uuid)) };
    await run(context, 'admin', command, along, w);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/carry-along.js




/**
 * What others inserted while a name was free for a moment, and that stands in tombstones, goes into the collection that has
 * the name now: the server does it, so every byte stays. Not to be repeated: what users have deleted there since would come
 * again. A document whose `_id` another one has there, or that the server refuses there, is in its tombstone alone: of these
 * the names come back. Rejects where nobody heard whether it was done, and as `ready` does.
 */
async function carryAlong(context, { database, collection }, tombstones, ready) {
    const db = (0,look/* databaseOf */.zJ)(context, database);
    const [into] = await db.listCollections({ name: collection }, { nameOnly: false, bsonRegExp: true }).toArray();
    // There the first documents would go for them.
    if (into?.options?.capped === true)
        return [...tombstones];
    const kept = [];
    for (const tombstone of tombstones) {
        const $merge = { into: collection, on: '_id', whenMatched: 'keepExisting', whenNotMatched: 'insert' };
        const merge = { aggregate: tombstone, pipeline: [{ $merge }], cursor: {} };
        try {
            await run(context, database, merge, { session: undefined, ready });
            const [others] = await db.collection(tombstone).aggregate(notIn(collection)).toArray();
            if (others !== undefined)
                kept.push(tombstone);
        }
        catch (error) {
            if ((0,server_code/* serverCode */.XY)(error) === undefined || unheard(error))
                throw error;
            kept.push(tombstone);
        }
    }
    return kept;
}
/** One of the documents that are not in the other collection as they are here; nothing where there is none. */
function notIn(collection) {
    const same = [
        { $match: { $expr: { $eq: ['$_id', '$$id'] } } },
        { $match: { $expr: { $eq: ['$$ROOT', '$$document'] } } },
        { $project: { _id: 1 } },
    ];
    const $lookup = { from: collection, let: { id: '$_id', document: '$$ROOT' }, pipeline: same, as: 'there' };
    return [{ $lookup }, { $match: { 'there.0': { $exists: false } } }, { $limit: 1 }, { $project: { _id: 1 } }];
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/doubt.js

/** A call of an interrupted run of which nobody can tell whether it was done. */
function inDoubt({ method, namespace }, why) {
    return new observe_error/* ReleaseError */.K('OPERATION_IN_DOUBT', `The migration was interrupted while it ran ${method} on ${doubt_named(namespace)}, and nobody can tell whether that was done: ${why}.`, {
        hint: `Look at ${doubt_named(namespace)}: if the migration's work is done, or after finishing it by hand, type mongo-release baseline with its name.`,
    });
}
function doubt_named({ database, collection }) {
    return collection === undefined ? database : `${database}.${collection}`;
}

// EXTERNAL MODULE: ./emitted/migration/gate/journal/catalog/found.js
var catalog_found = __webpack_require__(78194);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/carry-out.js










/** How long a lock of others, an index build or an election is waited for, in milliseconds. */
const patienceMs = 60_000;
/**
 * Intent on record, the change, its result on record: no transaction takes a change of the catalog, so after an
 * interruption the catalog itself says whether it was made. Rejects with what user code is to see.
 */
async function carryOut(context, operation, { fingerprint, takeReads, begun }, step, kind = 'catalog') {
    const { method, namespace } = operation.call;
    const about = { kind, method, namespace, fingerprint, ...undoable(context, step.note) };
    // The intent of an earlier run says nothing of this one's lease.
    const fence = new fresh_fence/* FreshFence */.k(() => context.transactor.transact(async () => { }));
    let entry = begun?._id;
    if (entry === undefined) {
        const reads = takeReads();
        entry = await fence.shownBy(() => context.transactor.transact((tx) => tx.record({ ...about, reads, state: 'intent', catalog: step.change })));
    }
    const recorded = entry;
    const amend = (fields) => context.transactor.transact((tx) => tx.amend(recorded, fields));
    let { change } = step;
    const record = async (more) => {
        change = { ...change, ...more };
        await fence.shownBy(() => amend({ catalog: change }));
    };
    const fenced = {
        ready: async () => {
            try {
                await fence.assertFresh();
                context.refuseWhenClosed();
            }
            catch (error) {
                throw new NotSent(error);
            }
        },
        record,
        displaces: async (tombstone) => {
            const { displaced = [] } = change;
            if (!displaced.includes(tombstone))
                await record({ displaced: [...displaced, tombstone] });
        },
    };
    const outcome = await attempt(context, namespace, step, begun !== undefined, fenced);
    context.kinds.forget();
    if ('result' in outcome)
        change = await withDisplaced(context, change, fenced);
    if ('error' in outcome && !answered(outcome.error, operation))
        throw replacedMeanwhile(outcome.error, namespace);
    const found = await (0,catalog_found/* lookAround */.h3)(context, namespace, step.change.to);
    const { note, ...otherwise } = step.otherwise?.() ?? {};
    // What is known to be the migration's stays so, and what stands there after a refusal others may have made.
    const there = 'result' in outcome ? found.there : undefined;
    const after = change.after ?? (step.change.to === undefined ? found.here : there);
    const catalog = { ...change, after, ...otherwise };
    operation.catalog?.seen((0,catalog_found/* lookOf */.Li)(catalog));
    // A refused call may have made the collection all the same, and left it empty.
    const others = 'error' in outcome && step.madeByOthers?.(outcome.error) === true;
    const done = 'result' in outcome || (!others && (0,catalog_found/* changed */.tD)(change, found));
    await amend({
        state: done ? 'done' : 'refused',
        ...(done ? { catalog } : {}),
        ...(note === undefined ? {} : undoable(context, note)),
        // An object of the driver's is made anew for a replay.
        ...('error' in outcome ? { error: told(outcome.error) } : stored(outcome.result, operation)),
    });
    if ('error' in outcome)
        throw outcome.error;
    return outcome.result;
}
/** What others made under the second name belongs to what is there now; what is not in that is kept, and told. */
async function withDisplaced(context, change, { ready, record }) {
    const { to, displaced = [], carried = [] } = change;
    if (to === undefined || displaced.length === 0)
        return change;
    try {
        await record({ carried: displaced });
        // Of those that an earlier try was at nobody can tell.
        const doubtful = displaced.filter((tombstone) => carried.includes(tombstone));
        const others = displaced.filter((tombstone) => !carried.includes(tombstone));
        const kept = [...doubtful, ...(await carryAlong(context, to, others, ready))];
        for (const tombstone of kept)
            context.note(`Of what others wrote to ${doubt_named(to)} while that was put in place, documents are in ${tombstone} alone, or may be.`);
        return { ...change, displaced: kept, carried: displaced };
    }
    catch (error) {
        throw error instanceof NotSent ? error.cause : error;
    }
}
function undoable(context, note) {
    if (note !== undefined)
        context.note(note);
    return { images: note === undefined, note };
}
function stored(result, { catalog }) {
    return { result: catalog?.object === undefined ? storeResult(result) : { form: 'nothing' } };
}
async function attempt(context, namespace, step, resumed, fenced) {
    const since = performance.now();
    const done = async () => step.done(await (0,catalog_found/* lookAround */.h3)(context, namespace, step.change.to));
    // Whether a try that nobody heard the end of may have made the change.
    let unsure = resumed;
    for (;;) {
        try {
            const made = unsure ? await done() : undefined;
            if (made !== undefined)
                return made;
            await fenced.ready();
            return { result: await step.act(fenced) };
        }
        catch (error) {
            if (error instanceof NotSent)
                throw error.cause;
            if (error instanceof observe_error/* ReleaseError */.K)
                return { error };
            const lost = unheard(error);
            // That earlier try may have been made while this one was under way, and be why this one was refused.
            if (!lost && !busy.has((0,server_code/* serverCode */.XY)(error)))
                return (unsure ? await done() : undefined) ?? { error };
            if (step.once === true || performance.now() - since > patienceMs)
                return { error };
            unsure ||= lost;
            await (0,promises_.setTimeout)(100 + 200 * Math.random());
        }
    }
}
/** It ends the run, and is no answer to the call. */
class NotSent extends Error {
    constructor(cause) {
        super('The fence forbids it.', { cause });
    }
}
/** Locks and index builds of others: they pass, and nothing was done (`src/mongo/base/error_codes.yml`). */
const busy = new Set([
    24, // LockTimeout
    112, // WriteConflict
    117, // ConflictingOperationInProgress
    12_586, // BackgroundOperationInProgressForDatabase
    12_587, // BackgroundOperationInProgressForNamespace
]);
/** Whether user code may be told so for good: the driver or the server said no. */
function answered(error, { call }) {
    if (error instanceof observe_error/* ReleaseError */.K || unheard(error))
        return false;
    if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.CollectionUUIDMismatch)
        return false;
    // Of some refusals the driver makes errors without a code.
    return storeError(error) !== undefined || failureKind(error, call) !== 'unknown';
}
function told(error) {
    const { name, message } = error;
    return storeError(error) ?? { name, message };
}
/** The server's own words for this are about UUIDs; what matters is that somebody else was at work. */
function replacedMeanwhile(error, { database, collection }) {
    if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.CollectionUUIDMismatch)
        return error;
    return new observe_error/* ReleaseError */.K('CATALOG_MOVED', `${database}.${collection} was replaced by another collection while a migration changed it.`, {
        hint: 'Find out what drops and makes collections while migrations run, stop it, and run the command again.',
        cause: error,
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/create.js







/** `createCollection`, `create`: collections, views, time series. */
async function createStep(context, operation, begun) {
    const { call } = operation;
    const change = begun ?? {
        type: 'create-collection',
        before: await (0,look/* lookAt */.t5)(context, call.namespace),
    };
    return {
        change,
        act: () => operation.send(operation.session),
        done: async ({ here }) => {
            // Where it was there before, the server's answer is the same again.
            if (change.before !== undefined || here === undefined)
                return undefined;
            // Who made what is as it was asked for makes no difference: others may write to it from its first moment on.
            if (!(await isAsAsked(context, operation, here))) {
                throw inDoubt(call, 'what has that name by now is not what the call makes');
            }
            return { result: operation.catalog?.object?.() ?? { ok: 1 } };
        },
        // Asked only where no earlier try may have made it.
        madeByOthers: (error) => (0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.NamespaceExists,
    };
}
/**
 * The same call is made under a name of ours: what the server makes of its options only the server knows. Where the
 * process dies before it is dropped again, the next run's `prepareJournal` drops it.
 */
async function isAsAsked(context, operation, here) {
    const { database } = operation.call.namespace;
    const [first, second] = operation.args;
    // With these the driver makes further collections.
    const { encryptedFields } = (second ?? {});
    if (encryptedFields !== undefined)
        return here.type === 'collection';
    const collection = context.own.compared((0,external_node_crypto_.randomUUID)());
    const name = typeof first === 'string' ? collection : { ...first, create: collection };
    try {
        await operation.send(undefined, [name, ...operation.args.slice(1)]);
        const made = await (0,look/* lookAt */.t5)(context, { database, collection });
        return made?.type === here.type && (0,raw_bson/* sameBytes */.er)(made.options, here.options);
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) === undefined || unheard(error))
            throw error;
        return false;
    }
    finally {
        await run(context, database, { drop: collection }, { session: undefined }).catch(() => { });
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/implicit.js






/** Parallel writes into one missing collection make it once. */
const underWay = new WeakMap();
/**
 * Makes the collection that a write is about to bring into being, with an entry of its own: no transaction tells which
 * collection it made, and a refused write leaves the empty collection behind, here as without the gate. Does nothing
 * where there is a collection. Rejects with the server's error.
 */
async function ensureCollection(context, namespace) {
    if ((await context.kinds.of(namespace)) !== 'absent')
        return;
    const making = underWay.get(context) ?? new Map();
    underWay.set(context, making);
    const name = doubt_named(namespace);
    let made = making.get(name);
    if (made === undefined) {
        made = make(context, namespace).finally(() => making.delete(name));
        making.set(name, made);
    }
    await made;
}
async function make(context, namespace) {
    const operation = {
        call: { kind: 'catalog', method: 'createCollection', namespace, multi: false, mayCreate: false },
        args: [namespace.collection],
        session: undefined,
        send: (_session, [create] = [namespace.collection]) => (0,look/* databaseOf */.zJ)(context, namespace.database).command({ create, writeConcern: { w: 'majority' } }),
        change: () => ({}),
    };
    const step = await createStep(context, operation, { type: 'create-collection' });
    try {
        await carryOut(context, operation, { fingerprint: '', takeReads: () => [] }, step, 'implicit');
    }
    catch (error) {
        // Somebody else was first.
        if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.NamespaceExists)
            throw error;
    }
}
/**
 * Settles an entry of `ensureCollection` that an earlier run left in the state `intent`: no call will come for it. To
 * be called before the migration runs again. Comes back with the entry as it is then.
 */
async function settleImplicit(context, entry) {
    const change = entry.catalog;
    if (entry.kind !== 'implicit' || entry.state !== 'intent' || change?.type !== 'create-collection')
        return entry;
    const after = await (0,look/* lookAt */.t5)(context, entry.namespace);
    // A write makes no views, and sets no options: then somebody else was at work.
    const made = after?.type === 'collection' && (0,raw_bson/* sameBytes */.er)(after.options, raw_bson/* emptyDocument */.vM);
    const settled = made ? { state: 'done', catalog: { ...change, after } } : { state: 'refused' };
    await context.transactor.transact((tx) => tx.amend(entry._id, settled));
    return { ...entry, ...settled };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/collection-kinds.js
/** What kind of collection stands behind a name: on it depends whether a transaction takes writes to it. */
class CollectionKinds {
    #client;
    #seen = new Map();
    constructor(client) {
        this.#client = client;
    }
    /** Looked up once, and again after `forget`; what is absent is looked up each time. */
    async of(namespace) {
        const { database, collection } = namespace;
        if (collection === undefined)
            return 'unknown';
        const name = `${database}.${collection}`;
        let look = this.#seen.get(name);
        if (look === undefined) {
            look = this.#look(database, collection);
            this.#seen.set(name, look);
        }
        const kind = await look;
        if (kind === 'absent' || kind === 'unknown')
            this.#seen.delete(name);
        return kind;
    }
    /** After a change of the catalog. */
    forget() {
        this.#seen.clear();
    }
    async #look(database, collection) {
        if (collection.startsWith('system.'))
            return 'system';
        try {
            // A validator may hold what JavaScript does not know as a regular expression.
            const listed = this.#client.db(database).listCollections({ name: collection }, { bsonRegExp: true });
            const [info] = await listed.toArray();
            if (info === undefined)
                return 'absent';
            if (info.type === 'view')
                return 'view';
            if (info.type === 'timeseries')
                return 'time-series';
            return info.options?.capped === true ? 'capped' : 'plain';
        }
        catch {
            return 'unknown';
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/entry-writer.js


/** The highest number that an attempt has given out: of an entry, or of images. 0 where it has none. */
async function lastSequence({ client, database, journal, attempt }) {
    const [last] = await client
        .db(database)
        .collection(journal)
        .find((0,journal_documents/* ofAttempt */.Be)(attempt), {
        ...{ readConcern: { level: 'majority' }, readPreference: 'primary', projection: { _id: 1 } },
    })
        .sort({ _id: -1 })
        .limit(1)
        .toArray();
    return last === undefined ? 0 : (0,journal_documents/* sequenceOf */.nD)(String(last._id));
}
/** Writes entries and images, in sessions that have a transaction open. */
class EntryWriter {
    #options;
    #sequence;
    constructor(options) {
        this.#options = options;
        this.#sequence = options.lastSequence;
    }
    /** Adds an entry, and its images right behind it. */
    async record(session, draft, images = []) {
        const _id = this.#nextId();
        const at = new Date();
        const entry = { _id, ...draft, driver: this.#options.driverMajor, at };
        await this.#insert(session, [entry, ...images.flatMap(imageDocuments(_id, { at }))]);
        return _id;
    }
    /**
     * Changes fields of an entry that an earlier transaction wrote. Images that are added get a number of their own: other
     * calls may have changed the same documents since that transaction, and undo has to meet all of it in its order.
     */
    async amend(session, id, fields, images) {
        if (images !== undefined && images.images.length > 0) {
            await this.#insert(session, imageDocuments(this.#nextId(), { at: new Date(), of: id })(images));
        }
        await this.#collection().updateOne({ _id: id }, { $set: fields }, { session, ignoreUndefined: true });
    }
    #nextId() {
        this.#sequence += 1;
        return (0,journal_documents/* entryId */.ub)(this.#options.attempt, this.#sequence);
    }
    async #insert(session, documents) {
        await this.#collection().insertMany(documents, { session, ignoreUndefined: true });
    }
    #collection() {
        return this.#options.client.db(this.#options.database).collection(this.#options.journal);
    }
}
/** So many images make a pack at most: two transactions of an undo take no part of the same one. */
const mostOfPack = 1000;
/** Makes documents that follow one another behind `place`. */
function imageDocuments(place, more) {
    let number = 0;
    return ({ namespace, images }) => {
        const documents = [];
        for (let from = 0; from < images.length; from += mostOfPack) {
            const some = images.slice(from, from + mostOfPack);
            const packed = (0,journal_images/* packImages */.IY)(some);
            for (const [part, data] of packed.entries()) {
                const _id = (0,journal_documents/* imagesId */.Cj)(place, number++);
                documents.push({
                    _id,
                    kind: 'images',
                    namespace,
                    count: some.length,
                    part,
                    parts: packed.length,
                    data,
                    ...more,
                });
            }
        }
        return documents;
    };
}

// EXTERNAL MODULE: ./emitted/mongo/shown-id.js
var shown_id = __webpack_require__(1619);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/failure.js



/** Why a document cannot be changed, where neither user code nor the server said so. Its message holds no values. */
class Unusable extends Error {
    name = 'Unusable';
    /** What to change in the migration; undefined where it is no fault of that. */
    hint;
    constructor(message, hint) {
        super(message);
        this.hint = hint;
    }
}
/** What is no fault of the document: it would be the same with every other one. */
function isOutage({ failure }) {
    return (0,transactions/* passing */.qO)(failure) !== undefined;
}
/** The error that a batch ends with at a document, with the place in user code where there is one. */
function documentFailed(backfill, failed, survey) {
    const several = survey !== undefined && survey.failed > 1 ? survey : undefined;
    const all = several === undefined ? '' : `${allThatFail(several)} `;
    const message = `${backfill.title}: ${all}${toldOf(backfill, failed)}.`;
    const hint = `${whatToDo(failed, several !== undefined)}, then type the same command again.`;
    return atItsPlace(failed, message, hint);
}
function allThatFail({ failed, asked, ids, more }) {
    const of = `${more ? 'the first ' : ''}${asked} documents`;
    return `each fails for ${failed} of ${of}: ${ids.join(', ')}${failed > ids.length ? ', …' : ''}. The first of them:`;
}
function whatToDo(failed, several) {
    const { failure, row } = failed;
    if (isOutage(failed))
        return 'Look at the servers and at the network between';
    if (failure instanceof Unusable && failure.hint !== undefined)
        return failure.hint;
    const documents = several ? 'these documents' : `the document ${(0,shown_id/* shownId */.f)(row.bytes)}`;
    return `Correct ${documents} or the migration, or let the batch leave such documents out (onError: 'quarantine', maxErrors: how many)`;
}
function tooManyFailed(backfill, failed) {
    const { title, maxErrors } = backfill;
    if (maxErrors === 0)
        return documentFailed(backfill, failed);
    const message = `${title}: more than ${maxErrors} documents failed. The last: ${toldOf(backfill, failed)}.`;
    const hint = 'Look at the others in quarantine, each with its error. Correct the migration, or raise maxErrors where that many may be left out.';
    return atItsPlace(failed, message, hint);
}
function toldOf({ describe }, failed) {
    const { row, failure, by } = failed;
    const byCode = by === 'each' ? 'each failed for' : 'the server refused the change of';
    const what = isOutage(failed)
        ? 'the connection was lost at'
        : failure instanceof Unusable
            ? 'nothing was done with'
            : byCode;
    return `${what} the document ${(0,shown_id/* shownId */.f)(row.bytes)}: ${describe(failure)}`;
}
function atItsPlace({ failure, by }, message, hint) {
    const error = new observe_error/* ReleaseError */.K('BATCH_DOCUMENT_FAILED', message, { hint, cause: failure });
    // Its place is where user code threw: the way from here to there is of no use to anybody.
    const { stack } = Object(failure);
    if (by === 'each' && typeof stack === 'string')
        error.stack = stack;
    return error;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/ids.js

/** An `_id` that cannot be said to the server so that it finds exactly its document. */
class UnnameableId extends Error {
    name = 'UnnameableId';
}
/**
 * The `_id` of a document given as bytes, as a value that the driver sends back unchanged: documents become Maps, since
 * objects would sort integer-like keys; 64-bit integers stay exact. Numbers may change between int32 and double, which
 * are one and the same `_id` to the server.
 *
 * Throws `UnnameableId` for types that no driver sends back as they were.
 */
function idOf(document, driver) {
    const buffer = (0,raw_bson/* asBuffer */.bS)(document);
    for (const { name, type, valueStart, end } of (0,raw_bson/* elementsOf */.ZE)(buffer)) {
        if (name === '_id')
            return decoded(buffer, type, valueStart, end, driver.classes);
    }
    throw new UnnameableId();
}
/** Type of the `_id` of a document which has it in front, as the server's have. */
function idTypeOf(document) {
    return document[4];
}
function decoded(buffer, type, at, end, classes) {
    switch (type) {
        case raw_bson/* bsonTypes */.uI.double:
            return buffer.readDoubleLE(at);
        case raw_bson/* bsonTypes */.uI.int32:
            return buffer.readInt32LE(at);
        case raw_bson/* bsonTypes */.uI.int64:
            return classes.Long.fromBits(buffer.readInt32LE(at), buffer.readInt32LE(at + 4));
        case raw_bson/* bsonTypes */.uI.string:
            return buffer.toString('utf8', at + 4, end - 1);
        case raw_bson/* bsonTypes */.uI.objectId:
            return new classes.ObjectId(Buffer.from(buffer.subarray(at, end)));
        case raw_bson/* bsonTypes */.uI.date:
            return dateOf(buffer.readBigInt64LE(at));
        case raw_bson/* bsonTypes */.uI.boolean:
            return buffer[at] === 1;
        case raw_bson/* bsonTypes */.uI.null:
            return null;
        case raw_bson/* bsonTypes */.uI.binary:
            return binaryOf(buffer, at, end, classes);
        case raw_bson/* bsonTypes */.uI.timestamp:
            return classes.Timestamp.fromBits(buffer.readInt32LE(at), buffer.readInt32LE(at + 4));
        case raw_bson/* bsonTypes */.uI.decimal128:
            return new classes.Decimal128(Buffer.from(buffer.subarray(at, end)));
        case raw_bson/* bsonTypes */.uI.minKey:
            return new classes.MinKey();
        case raw_bson/* bsonTypes */.uI.maxKey:
            return new classes.MaxKey();
        case raw_bson/* bsonTypes */.uI.document:
            return new Map(fieldsOf(buffer, at, classes));
        case raw_bson/* bsonTypes */.uI.array:
            return fieldsOf(buffer, at, classes).map(([, value]) => value);
        default:
            throw new UnnameableId();
    }
}
function fieldsOf(buffer, at, classes) {
    const fields = [...(0,raw_bson/* elementsOf */.ZE)(buffer, at)].map(({ name, type, valueStart, end }) => [
        name,
        decoded(buffer, type, valueStart, end, classes),
    ]);
    if (new Set(fields.map(([name]) => name)).size < fields.length)
        throw new UnnameableId();
    return fields;
}
function binaryOf(buffer, at, end, classes) {
    const subType = buffer[at + 4];
    // The old form of subtype 2 has its length twice, which drivers write in their own way.
    if (subType === 2)
        throw new UnnameableId();
    return new classes.Binary(Buffer.from(buffer.subarray(at + 5, end)), subType);
}
function dateOf(milliseconds) {
    const date = new Date(Number(milliseconds));
    // Beyond what JavaScript's dates reach.
    if (Number.isNaN(date.getTime()))
        throw new UnnameableId();
    return date;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/rows.js



/** Throws `UnnameableId` for an `_id` that no driver sends back as it was. */
function rowOf(bytes, place, index, driver) {
    return { bytes, id: idOf(bytes, driver), key: (0,raw_bson/* idKey */.T4)(bytes), index, place };
}
/** The document as `find` of this collection would give it to user code. */
function rows_decoded(row, collection, driver) {
    const { bsonOptions } = collection;
    return classesOf(driver).BSON.deserialize(row.bytes, { ...bsonOptions, raw: false });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/answers.js





/**
 * Asks user code what to do with each of these documents. With `onError: 'stop'` the last answer is the first failure:
 * what comes after it is not asked, or its answers are forgotten where several are asked at a time.
 */
async function ask(rows, asking) {
    const { backfill } = asking;
    if (backfill.work.kind === 'update') {
        const write = { kind: 'update', update: backfill.work.update };
        return rows.map((row) => ({ row, write }));
    }
    const answers = [];
    let next = 0;
    let failed = false;
    const turns = async () => {
        while (next < rows.length && !(failed && backfill.onError === 'stop')) {
            const position = next;
            next += 1;
            asking.refuseWhenClosed();
            const answer = await askOne(rows[position], asking);
            failed ||= answer.write === undefined;
            answers[position] = answer;
        }
    };
    await Promise.all(Array.from({ length: backfill.concurrency }, turns));
    const first = backfill.onError === 'stop' ? answers.findIndex((answer) => answer?.write === undefined) : -1;
    return first < 0 ? answers : answers.slice(0, first + 1);
}
async function askOne(row, { collection, driver, backfill }) {
    const { work } = backfill;
    if (work.kind !== 'each')
        return { row, write: { kind: 'keep' } };
    try {
        const document = rows_decoded(row, collection, driver);
        const answer = await runEach(() => work.each(document, { index: row.index }));
        return { row, write: answers_writeOf(answer, row, collection, driver) };
    }
    catch (failure) {
        // Ours: the run was stopped, or its lease is lost. That is not about the document.
        if (failure instanceof observe_error/* ReleaseError */.K)
            throw failure;
        return { row, write: undefined, failure, by: 'each' };
    }
}
/** Throws `Unusable` for an answer that means nothing. */
function answers_writeOf(answer, row, collection, driver) {
    if (answer === undefined || answer === null)
        return { kind: 'keep' };
    if (answer === 'delete')
        return { kind: 'delete' };
    if (Array.isArray(answer))
        return { kind: 'update', update: answer };
    if (typeof answer !== 'object')
        throw unusable(`a ${typeof answer}`);
    const { toBSON } = answer;
    const document = (typeof toBSON === 'function' ? toBSON.call(answer) : answer);
    const names = Object.keys(document);
    if (names.length === 0)
        throw unusable('an empty object');
    const operators = names.filter((name) => name.startsWith('$')).length;
    if (operators === names.length)
        return { kind: 'update', update: document };
    if (operators > 0)
        throw unusable('an object of both operators and fields');
    return { kind: 'replace', document: withoutSameId(document, row, collection, driver) };
}
function unusable(what) {
    return new Unusable(`each returned ${what}`, "Let each return an update ({ $set: { … } } or a pipeline), the whole document to replace it by, 'delete', or nothing to leave the document as it is");
}
/** An `_id` that was only handed back is left out: decoding it may have changed its type of number. */
function withoutSameId(document, row, collection, driver) {
    const { BSON } = classesOf(driver);
    const { _id, ...rest } = document;
    if (_id === undefined)
        return rest;
    const was = rows_decoded(row, collection, driver)._id;
    return Buffer.from(BSON.serialize({ _id })).equals(BSON.serialize({ _id: was })) ? rest : document;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/description.js
const noTallies = { matched: 0, modified: 0, inserted: 0, deleted: 0, skipped: 0, quarantined: 0 };

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/checkpoint.js



function checkpointOf({ tallies, place }) {
    const { skipped, quarantined, ...counts } = tallies;
    return { through: place, counts, constants: { skipped, quarantined } };
}
/** Where the entry of an earlier run stands; the beginning where there is none. */
function positionOf(entry) {
    const checkpoint = entry?.checkpoint;
    if (checkpoint === undefined)
        return { tallies: noTallies, place: undefined };
    const { skipped = 0, quarantined = 0 } = (checkpoint.constants ?? {});
    const { matched, modified, inserted, deleted } = checkpoint.counts;
    const tallies = { matched, modified, inserted, deleted, skipped, quarantined };
    return { tallies: asNumbers(tallies), place: (0,raw_bson/* bytesOf */.$$)(checkpoint.through) };
}
function sum(a, b) {
    return {
        ...(0,gate_tally/* sum */.cz)(a, b),
        skipped: a.skipped + b.skipped,
        quarantined: a.quarantined + b.quarantined,
    };
}
/** Options of the driver decide whether a number of BSON comes back as a number or as a Long. */
function asNumbers(tallies) {
    return Object.fromEntries(Object.entries(tallies).map(([name, count]) => [name, Number(count)]));
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/decode.js

/** Numbers, binaries and regular expressions as what they are in BSON. */
function decodedExactly(bytes, driver) {
    const exact = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true };
    return classesOf(driver).BSON.deserialize(bytes, exact);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/order.js




/** Throws `BATCH_INVALID` where a field of the order holds a list: it has no one place then. */
function placeOf(document, order, driver) {
    const [only] = order;
    if (order.length === 1 && only?.[0] === '_id')
        return idPlace(document);
    const values = decodedExactly(document, driver);
    const place = {};
    for (const [position, [field]] of order.entries())
        place[position] = valueAt(values, field) ?? null;
    return classesOf(driver).BSON.serialize(place);
}
/** The document's own bytes of `_id`, under the name `0`: nothing is decoded. */
function idPlace(document) {
    const buffer = (0,raw_bson/* asBuffer */.bS)(document);
    for (const { name, type, valueStart, end } of (0,raw_bson/* elementsOf */.ZE)(buffer)) {
        if (name !== '_id')
            continue;
        const place = Buffer.alloc(4 + 1 + 2 + (end - valueStart) + 1);
        place.writeInt32LE(place.length);
        place[4] = type;
        place.write('0\0', 5, 'latin1');
        buffer.copy(place, 7, valueStart, end);
        return place;
    }
    throw new RangeError('A document without _id has no place.');
}
/** A filter for the documents after this place, with MongoDB's order across all types. */
function after(place, order, driver) {
    const values = decodedPlace(place, driver);
    const alternatives = order.map(([field, direction], position) => ({
        $and: [
            ...order.slice(0, position).map(([earlier], at) => ({ $eq: [operand(earlier), literal(values[at])] })),
            { [direction === 1 ? '$gt' : '$lt']: [operand(field), literal(values[position])] },
        ],
    }));
    return { $expr: { $or: alternatives } };
}
/** Embedded documents come back with the order of their keys, which plain objects lose where a key is a number. */
function decodedPlace(place, driver) {
    const values = decodedExactly(place, driver);
    for (const { name, type, valueStart, end } of (0,raw_bson/* elementsOf */.ZE)(place)) {
        if (type === raw_bson/* bsonTypes */.uI.document)
            values[name] = asMap((0,raw_bson/* asBuffer */.bS)(place).subarray(valueStart, end), driver);
    }
    return values;
}
function asMap(bytes, driver) {
    const values = decodedExactly(bytes, driver);
    return new Map([...(0,raw_bson/* elementsOf */.ZE)(bytes)].map(({ name, type, valueStart, end }) => [
        name,
        type === raw_bson/* bsonTypes */.uI.document ? asMap((0,raw_bson/* asBuffer */.bS)(bytes).subarray(valueStart, end), driver) : values[name],
    ]));
}
/** A missing field sorts like null; in an expression it would not. */
function operand(field) {
    return field === '_id' ? '$_id' : { $ifNull: [`$${field}`, null] };
}
function literal(value) {
    return { $literal: value };
}
function valueAt(document, path) {
    let value = document;
    for (const name of path.split('.')) {
        if (Array.isArray(value))
            break;
        value = typeof value === 'object' && value !== null ? value[name] : undefined;
    }
    if (!Array.isArray(value))
        return value;
    throw new observe_error/* ReleaseError */.K('BATCH_INVALID', `A batch cannot go in the order of ${path}: there are lists in it.`, {
        hint: 'Order by a field with one value a document, or leave order out.',
    });
}
function sortOf(order) {
    return order.map(([field, direction]) => [field, direction]);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/count-left.js

/** Counting may not take longer than what it is good for, in milliseconds. */
const countMs = 60_000;
/** How many documents a batch has to do after this place; all of them without one. */
function countLeft({ collection, backfill, driver }, place) {
    const { filter, order } = backfill;
    const left = place === undefined ? filter : { $and: [filter, after(place, order, driver)] };
    return collection.countDocuments(left, { maxTimeMS: countMs });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/pace.js

/** Waits between two pages for as long as servers and user code ask for. Ends early when the run is stopped. */
class Pace {
    #backfill;
    #throttle;
    #since = performance.now();
    constructor(backfill, throttle) {
        this.#backfill = backfill;
        this.#throttle = throttle;
    }
    /** After so many documents, and before more. */
    async pause(documents) {
        await this.#throttle?.pause();
        const { pauseMs, documentsPerSecond } = this.#backfill.throttle;
        const least = documentsPerSecond === undefined ? 0 : (documents / documentsPerSecond) * 1000;
        const wait = Math.max(pauseMs, least - (performance.now() - this.#since));
        if (wait > 0)
            await (0,promises_.setTimeout)(wait, undefined, { signal: this.#backfill.signal }).catch(() => { });
        this.#since = performance.now();
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/pages.js








/** A page holds no more than this, and one transaction with the images three times as much. */
const pageBytes = 8 * 1024 * 1024;
const pages_reading = { readPreference: 'primary', allowDiskUse: true };
/** How long reading is tried again without getting on, in milliseconds: longer than an election takes. */
const pages_patienceMs = 60_000;
/**
 * Reads the documents of a batch page by page, with one cursor. Where that dies (a new primary, a long pause between
 * two pages), another one goes on after the last document that was read.
 */
async function* pages(options, start, index) {
    const reader = new Reader(options, start);
    try {
        let next = index;
        for (;;) {
            const found = await reader.read(options.backfill.size);
            if (found.documents.length === 0)
                return;
            const rows = found.documents.map(({ bytes, place }, at) => nameable(options, bytes, place, next + at));
            next += rows.length;
            yield { rows, more: found.more };
            if (!found.more)
                return;
        }
    }
    finally {
        await reader.close();
    }
}
function nameable({ driver, backfill }, bytes, place, index) {
    try {
        return rowOf(bytes, place, index, driver);
    }
    catch (error) {
        if (!(error instanceof UnnameableId))
            throw error;
        const message = `${backfill.title}: the document ${(0,shown_id/* shownId */.f)(bytes)} has an _id that no driver sends back as it is.`;
        throw new observe_error/* ReleaseError */.K('BATCH_DOCUMENT_FAILED', message, {
            hint: 'Leave it out by the filter, for example with { _id: { $type: "objectId" } }.',
            cause: error,
        });
    }
}
class Reader {
    #options;
    #place;
    #cursor;
    constructor(options, start) {
        this.#options = options;
        this.#place = start;
    }
    async read(count) {
        const documents = [];
        let read = 0;
        let since = performance.now();
        for (;;) {
            this.#options.refuseWhenClosed();
            try {
                const cursor = this.#open();
                while (documents.length < count && read < pageBytes) {
                    const bytes = (await cursor.next());
                    if (bytes === null)
                        return { documents, more: false };
                    this.#place = placeOf(bytes, this.#options.backfill.order, this.#options.driver);
                    documents.push({ bytes, place: this.#place });
                    read += bytes.length;
                    since = performance.now();
                }
                return { documents, more: await cursor.hasNext() };
            }
            catch (error) {
                if (!mayPass(error) || performance.now() - since > pages_patienceMs)
                    throw error;
                await this.close();
                await (0,promises_.setTimeout)(500 * Math.random());
            }
        }
    }
    async close() {
        const cursor = this.#cursor;
        this.#cursor = undefined;
        await cursor?.close().catch(() => { });
    }
    #open() {
        const { collection, backfill, driver } = this.#options;
        const { filter, order, size } = backfill;
        const rest = this.#place === undefined ? filter : { $and: [filter, after(this.#place, order, driver)] };
        this.#cursor ??= collection.find(rest, { sort: sortOf(order), raw: true, batchSize: size, ...pages_reading });
        return this.#cursor;
    }
}
/**
 * CursorNotFound, QueryPlanKilled, CursorKilled (`src/mongo/base/error_codes.yml`): the cursor is gone, and another one
 * may do.
 */
const cursorGone = new Set([43, 175, 237]);
function mayPass(error) {
    return cursorGone.has((0,server_code/* serverCode */.XY)(error) ?? -1) || (0,transactions/* passing */.qO)(error) !== undefined;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/progress.js
/** How often a line is written, in milliseconds. */
const everyMs = 5000;
/**
 * Says now and then how far a batch is. What is left to do is counted only once it is clear that the batch takes long,
 * so that small ones cost nothing.
 */
class progress_Progress {
    #backfill;
    /** How many documents are left to do. */
    #count;
    #before;
    #started = performance.now();
    #said = performance.now();
    #total;
    #counting = false;
    #lines = 0;
    constructor(backfill, done, count) {
        this.#backfill = backfill;
        this.#before = done;
        this.#count = count;
    }
    /** To be called when so many documents are done in all. */
    advance(done) {
        const now = performance.now();
        if (!this.#counting && now - this.#started > everyMs / 2)
            this.#countRest(done);
        if (now - this.#said < everyMs)
            return;
        this.#said = now;
        this.#lines += 1;
        const rate = ((done - this.#before) / (now - this.#started)) * 1000;
        const total = this.#total === undefined ? undefined : Math.max(this.#total, done);
        const of = total === undefined ? '' : ` of ${grouped(total)} (${Math.floor((done / total) * 100)} %)`;
        const left = total === undefined || rate === 0 ? '' : `, ${duration((total - done) / rate)} left`;
        this.#tell(`${grouped(done)}${of} documents, ${grouped(Math.round(rate))} a second${left}.`, {
            done,
            ...(total === undefined ? {} : { total }),
        });
    }
    /** Counts at once: for a batch whose done documents cannot be told from those that are left. */
    count() {
        if (!this.#counting)
            this.#countRest(0);
    }
    /** The last line, where there was one before. */
    end(done) {
        if (this.#lines > 0)
            this.#tell(`all ${grouped(done)} documents are done.`, { done });
    }
    #countRest(done) {
        this.#counting = true;
        this.#count().then((rest) => {
            this.#total = done + rest;
        }, 
        // Then there is no total.
        () => { });
    }
    #tell(text, fields) {
        this.#backfill.tell('info', `${this.#backfill.title}: ${text}`, fields);
    }
}
function grouped(count) {
    return count.toLocaleString('en-US');
}
function duration(seconds) {
    if (seconds < 90)
        return `${Math.ceil(seconds)} s`;
    return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/quarantine.js

/** Of the 16 MB that a document may have. */
const largestKept = 15 * 1024 * 1024;
function quarantined(about, { row, failure }, placeOf, exactly) {
    const { code } = Object(failure);
    const known = typeof code === 'number' || typeof code === 'string' ? { code } : {};
    const at = placeOf(failure);
    const thrown = { name: typeof failure, message: typeof failure === 'string' ? failure : '' };
    const { name, message } = failure instanceof Error ? failure : thrown;
    return {
        ...about,
        why: 'batch',
        documentId: row.id,
        error: { name, message, ...known, ...(at === undefined ? {} : { at }) },
        at: new Date(),
        ...(row.bytes.length > largestKept ? {} : { document: exactly() }),
    };
}
/** So many are told of; the copies say it of all. */
const mostTold = 3;
/** Says why the first documents of a batch are left out: of a rehearsal's copies nothing stays. */
class LeftOut {
    #backfill;
    #told = 0;
    constructor(backfill) {
        this.#backfill = backfill;
    }
    tell(failed) {
        const { title, describe, placeOf, tell } = this.#backfill;
        for (const { row, failure } of failed.slice(0, mostTold - this.#told)) {
            this.#told += 1;
            const place = placeOf(failure);
            const at = place === undefined ? '' : ` at ${place}`;
            tell('warn', `${title}: the document ${(0,shown_id/* shownId */.f)(row.bytes)} is left as it is: ${describe(failure)}${at}.`, {});
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/imaging.js

/** The documents of a filter as the server has them in this session, as bytes. */
async function readDocuments(context, namespace, session, filter, finding = {}) {
    const { database, collection = '' } = namespace;
    const found = context.client
        .db(database)
        .collection(collection)
        .find(filter, { ...defined(finding), session, raw: true, batchSize: 10_000 });
    return (await found.toArray());
}
/** The `_id` of the one document that a statement for one would choose; undefined where none fits. */
async function chooseOne(context, namespace, session, filter, finding = {}) {
    const [id] = await chooseMany(context, namespace, session, filter, { ...finding, limit: 1 });
    return id === undefined ? undefined : { id };
}
/** The `_id`s of the documents that a filter finds. */
async function chooseMany(context, { database, collection = '' }, session, filter, finding = {}) {
    const found = context.client
        .db(database)
        .collection(collection)
        .find(filter, { ...defined(finding), ...exactTypes, session, projection: { _id: 1 }, batchSize: 10_000 });
    return (await found.toArray()).map(({ _id }) => _id);
}
/** Numbers and binaries stay what they are in BSON, so that the value finds its document again. */
const exactTypes = { promoteValues: false, promoteLongs: false, promoteBuffers: false };
/** Pairs documents by `_id`; those that did not change are left out. */
function pairImages(before, after) {
    const later = new Map(after.map((document) => [(0,raw_bson/* idKey */.T4)(document), document]));
    const images = [];
    for (const document of before) {
        const key = (0,raw_bson/* idKey */.T4)(document);
        const changed = later.get(key);
        later.delete(key);
        if (changed === undefined || !(0,raw_bson/* asBuffer */.bS)(document).equals(changed))
            images.push({ before: document, after: changed });
    }
    for (const document of later.values())
        images.push({ after: document });
    return images;
}
/** Whether a filter is `{ _id: VALUE }` with a value that is no operator: it finds one document at most. */
function isById(filter) {
    if (typeof filter !== 'object' || filter === null)
        return false;
    const keys = Object.keys(filter);
    return keys.length === 1 && keys[0] === '_id' && isPlainValue(filter._id);
}
function isPlainValue(value) {
    if (value === undefined || value instanceof RegExp)
        return false;
    if (typeof value !== 'object' || value === null)
        return true;
    if (Array.isArray(value))
        return false;
    const bson = value._bsontype;
    if (typeof bson === 'string')
        return bson !== 'BSONRegExp';
    return !Object.keys(value).some((key) => key.startsWith('$'));
}
/**
 * A filter for the document of an `_id`. Without an operator where the value allows it: the server goes to the document
 * at once then, which more than doubled the updates a second (6.0.5).
 */
function filterOfId(id) {
    const { _bsontype: type } = (id ?? {});
    const plain = typeof id !== 'object' || id === null || id instanceof Date || typeof type === 'string';
    return plain && isPlainValue(id) ? { _id: id } : { _id: { $eq: id } };
}
/** The filter, for this one document only. */
function narrowed(filter, id) {
    return '_id' in filter ? { $and: [filter, { _id: { $eq: id } }] } : { ...filter, _id: { $eq: id } };
}
function defined(options) {
    return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
/**
 * Options that a transaction decides on by itself, which the server refuses inside one; and the one for ids that the
 * driver does not tell, since images are found by them.
 */
function withoutConcerns(options) {
    const { writeConcern, readConcern, readPreference, w, j, wtimeout, wtimeoutMS, journal, session, forceServerObjectId, ...rest } = (options ?? {});
    return rest;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/statements.js

/** The statement that does this with one document; undefined where it stays as it is. `guard`: what it must still fit. */
function statementFor(row, write, guard = {}) {
    const filter = { ...guard, ...filterOfId(row.id) };
    switch (write.kind) {
        case 'keep':
            return undefined;
        case 'update':
            return { updateOne: { filter, update: write.update } };
        case 'replace':
            return { replaceOne: { filter, replacement: write.document } };
        case 'delete':
            return { deleteOne: { filter } };
    }
}
/** Index of the statement of a bulk that the server refused; undefined for an error of another kind. By shape, for every driver. */
function refusedStatement(error) {
    const { writeErrors } = error;
    const [first] = Array.isArray(writeErrors) ? writeErrors : [writeErrors];
    const index = first?.index;
    return typeof index === 'number' ? index : undefined;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/stored-page.js






/** The server refused what is to be done with a document. Nothing of the transaction stays. */
class Refused extends Error {
    /** The document's; undefined where it was one statement for several. */
    key;
    constructor(key, cause) {
        super('refused', { cause });
        this.key = key;
    }
}
/**
 * Carries answers out within a transaction, up to the first document that somebody changed since it was read: what was
 * decided on other content is not written over it.
 *
 * Throws `Refused`, or the server's error where that is about no single document. With `oneByOne` that tells which.
 */
async function stored_page_carryOut(context, backfill, { session }, answers, oneByOne) {
    const { namespace } = backfill;
    const byIds = (rows) => readDocuments(context, namespace, session, { _id: { $in: rows.map(({ id }) => id) } });
    const rows = answers.map(({ row }) => row);
    const now = new Map((await byIds(rows)).map((bytes) => [(0,raw_bson/* idKey */.T4)(bytes), bytes]));
    const stale = new Set(rows.filter((row) => !(0,raw_bson/* sameBytes */.er)(row.bytes, now.get(row.key) ?? noBytes)).map(({ key }) => key));
    const first = rows.findIndex(({ key }) => stale.has(key));
    const fresh = first < 0 ? answers : answers.slice(0, first);
    const written = fresh.filter(({ write }) => write !== undefined && write.kind !== 'keep');
    const sending = { collection: collectionOf(context, backfill), backfill, session };
    const whole = backfill.work.kind === 'update' && !oneByOne;
    const counts = await (whole ? sendWhole(sending, written) : sendEach(sending, written));
    const failed = fresh.filter((answer) => answer.write === undefined);
    if (failed.length > 0)
        await putAside(context, backfill, failed, session);
    const before = written.map(({ row }) => row.bytes);
    const after = context.images && before.length > 0 ? await byIds(written.map(({ row }) => row)) : [];
    return {
        count: fresh.length,
        change: {
            ...counts,
            matched: fresh.length,
            inserted: 0,
            skipped: fresh.length - written.length - failed.length,
            quarantined: failed.length,
        },
        images: context.images ? pairImages(before, after) : [],
        stale,
    };
}
const noBytes = new Uint8Array();
/** An update that is the same for all. The filter is part of it: a positional operator refers to what it matched. */
async function sendWhole({ collection, backfill, session }, answers) {
    const { work, filter } = backfill;
    if (answers.length === 0 || work.kind !== 'update')
        return { modified: 0, deleted: 0 };
    const these = { $and: [filter, { _id: { $in: answers.map(({ row }) => row.id) } }] };
    try {
        const { modifiedCount } = await collection.updateMany(these, work.update, { session });
        return { modified: modifiedCount, deleted: 0 };
    }
    catch (error) {
        throw (0,transactions/* wasRefused */.GD)(error) ? new Refused(undefined, error) : error;
    }
}
async function sendEach({ collection, backfill, session }, answers) {
    const guard = backfill.work.kind === 'update' ? { $and: [backfill.filter] } : {};
    const statements = [];
    for (const { row, write } of answers) {
        const statement = write && statementFor(row, write, guard);
        if (statement !== undefined)
            statements.push(statement);
    }
    if (statements.length === 0)
        return { modified: 0, deleted: 0 };
    try {
        const { modifiedCount, deletedCount } = await collection.bulkWrite(statements, { ordered: true, session });
        return { modified: modifiedCount, deleted: deletedCount };
    }
    catch (error) {
        const at = refusedStatement(error);
        throw at !== undefined && (0,transactions/* wasRefused */.GD)(error) ? new Refused(answers[at]?.row.key, error) : error;
    }
}
function collectionOf({ client }, { namespace }) {
    return client.db(namespace.database).collection(namespace.collection ?? '');
}
async function putAside({ client, database, own, attempt, driver }, { namespace, placeOf }, failed, session) {
    const about = { migration: attempt.migration, attempt: attempt.number, namespace };
    const documents = failed.map((answer) => quarantined(about, answer, placeOf, () => decodedExactly(answer.row.bytes, driver)));
    await client.db(database).collection(own.quarantine).insertMany(documents, { session });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/survey.js




const mostIds = 10;
const longestMs = 10_000;
/**
 * Asks about every document after `start`, and does nothing with the answers: whoever corrects what a rehearsal ended at
 * wants to correct all of it. Only there, since user code may write by itself. Asks no more after ten seconds, nor once a
 * server is out. Undefined where that cannot be told; throws nothing.
 */
async function survey(asking, start, done) {
    const all = { ...asking, backfill: { ...asking.backfill, onError: 'quarantine' } };
    const { concurrency } = all.backfill;
    const until = performance.now() + longestMs;
    const ids = [];
    let failed = 0;
    let asked = done;
    try {
        for await (const { rows } of pages(all, start, done)) {
            for (let next = 0; next < rows.length; next += concurrency) {
                if (performance.now() > until)
                    return { failed, asked, ids, more: true };
                for (const answer of await ask(rows.slice(next, next + concurrency), all)) {
                    if (answer.write === undefined) {
                        if (isOutage(answer))
                            return { failed, asked, ids, more: true };
                        failed += 1;
                        if (ids.length < mostIds)
                            ids.push((0,shown_id/* shownId */.f)(answer.row.bytes));
                    }
                    asked += 1;
                }
            }
        }
    }
    catch {
        return undefined;
    }
    return { failed, asked, ids, more: false };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/backfill.js












/**
 * The `batch` of a migration: reads a page of documents, asks user code about each, and carries out the answers with
 * images and checkpoint in one transaction. One that was interrupted goes on after its checkpoint.
 */
const backfill = async (context, operation, turn) => {
    const run = new BackfillRun(context, operation, turn);
    return (await run.all());
};
class BackfillRun {
    #context;
    #call;
    #backfill;
    #turn;
    #asking;
    #pace;
    #progress;
    #leftOut;
    #entry;
    #position;
    #reads;
    /** Answers in one transaction: halved on a conflict, doubled again after each that went well. */
    #limit;
    constructor(context, { call, backfill }, turn) {
        const { client, driver, refuseWhenClosed } = context;
        const { database, collection = '' } = backfill.namespace;
        this.#context = context;
        this.#call = call;
        this.#backfill = backfill;
        this.#turn = turn;
        this.#asking = { collection: client.db(database).collection(collection), driver, backfill, refuseWhenClosed };
        this.#entry = turn.begun?._id;
        this.#position = positionOf(turn.begun);
        this.#limit = backfill.size;
        this.#leftOut = new LeftOut(backfill);
        this.#pace = new Pace(backfill, context.throttle);
        this.#progress = new progress_Progress(backfill, this.#done, () => countLeft(this.#asking, this.#position.place));
    }
    async all() {
        const { tell, title } = this.#backfill;
        if (this.#turn.begun !== undefined) {
            this.#context.progress?.(this.#call, this.#position.tallies);
            tell('info', `${title}: goes on after ${grouped(this.#done)} documents.`, { done: this.#done });
        }
        const finished = await this.#pages();
        if (!finished)
            await this.#context.transactor.transact((tx) => this.#keep(tx, this.#position, true));
        this.#progress.end(this.#done);
        return this.#position.tallies;
    }
    get #done() {
        return this.#position.tallies.matched;
    }
    /** Whether the last transaction has put on record that it was the last. */
    async #pages() {
        let finished = false;
        for await (const { rows, more } of pages(this.#asking, this.#position.place, this.#done)) {
            finished = await this.#page(rows, more);
            this.#progress.advance(this.#done);
            if (!more)
                continue;
            await this.#pace.pause(rows.length);
            this.#context.refuseWhenClosed();
        }
        return finished;
    }
    async #page(rows, more) {
        let queue = await ask(rows, this.#asking);
        let oneByOne = false;
        let finished = false;
        while (queue.length > 0) {
            this.#context.refuseWhenClosed();
            const allowed = this.#allowed(queue);
            if (typeof allowed === 'object')
                throw await this.#endingAt(allowed);
            const part = queue.slice(0, Math.min(this.#limit, allowed));
            const last = !more && part.length === queue.length;
            const done = await this.#store(part, last, oneByOne);
            if (done === 'conflict')
                continue;
            if (done instanceof Refused) {
                const { key, cause } = done;
                queue = queue.map((answer) => answer.row.key === key ? { row: answer.row, write: undefined, failure: cause, by: 'server' } : answer);
                oneByOne = true;
                continue;
            }
            finished = last && done.stale.size === 0;
            queue = await this.#askedAgain(queue.slice(done.count), done.stale);
        }
        return finished;
    }
    /** How many of these may be carried out before one fails that may not; that one where it is the first. */
    #allowed(queue) {
        const { onError, maxErrors } = this.#backfill;
        let left = onError === 'stop' ? 0 : maxErrors - this.#position.tallies.quarantined;
        for (const [index, answer] of queue.entries()) {
            if (answer.write !== undefined)
                continue;
            left -= 1;
            if (left >= 0 && !isOutage(answer))
                continue;
            return index > 0 ? index : answer;
        }
        return queue.length;
    }
    async #endingAt(failed) {
        const { onError, surveys } = this.#backfill;
        if (isOutage(failed))
            return documentFailed(this.#backfill, failed);
        if (onError === 'quarantine')
            return tooManyFailed(this.#backfill, failed);
        const surveyed = surveys && failed.by === 'each';
        const { place } = this.#position;
        return documentFailed(this.#backfill, failed, surveyed ? await survey(this.#asking, place, this.#done) : undefined);
    }
    async #store(part, last, oneByOne) {
        try {
            const { done, position, entry } = await this.#context.transactor.transact(async (tx) => {
                const done = await stored_page_carryOut(this.#context, this.#backfill, tx, part, oneByOne);
                const through = part[done.count - 1];
                if (through === undefined)
                    return { done, position: this.#position, entry: this.#entry };
                const position = { tallies: sum(this.#position.tallies, done.change), place: through.row.place };
                const finished = last && done.stale.size === 0;
                return { done, position, entry: await this.#keep(tx, position, finished, done.images) };
            }, 
            // A batch of several gives way to users; a single document is tried for as long as there is patience.
            part.length > 1 ? { conflicts: 0 } : {});
            this.#position = position;
            this.#entry = entry;
            this.#leftOut.tell(part.slice(0, done.count).filter((answer) => answer.write === undefined));
            if (entry !== undefined)
                this.#context.progress?.(this.#call, position.tallies);
            if (done.stale.size === 0)
                this.#limit = Math.min(this.#backfill.size, this.#limit * 2);
            return done;
        }
        catch (error) {
            if (error instanceof Refused)
                return error;
            if (part.length === 1 || (0,transactions/* passing */.qO)(error) !== 'conflict')
                throw error;
            this.#limit = Math.ceil(part.length / 2);
            return 'conflict';
        }
    }
    async #keep(tx, position, finished, images = []) {
        const fields = {
            state: finished ? 'done' : 'progress',
            checkpoint: checkpointOf(position),
            result: finished ? { form: 'plain', value: position.tallies } : undefined,
        };
        const { namespace } = this.#backfill;
        if (this.#entry !== undefined) {
            await tx.amend(this.#entry, fields, { namespace, images });
            return this.#entry;
        }
        this.#reads ??= this.#turn.takeReads();
        const about = { kind: 'write', method: 'batch', namespace, fingerprint: this.#turn.fingerprint };
        return tx.record({ ...about, ...fields, reads: this.#reads, images: this.#context.images }, images);
    }
    /** The rest of a page, where user code has been asked again about what others changed since; what is gone is left out. */
    async #askedAgain(queue, stale) {
        if (stale.size === 0)
            return [...queue];
        const rows = queue.map(({ row }) => row).filter(({ key }) => stale.has(key));
        const found = await this.#read(rows);
        const fresh = rows.flatMap((row) => {
            const bytes = found.get(row.key);
            return bytes === undefined ? [] : [{ ...row, bytes }];
        });
        const answers = new Map((await ask(fresh, this.#asking)).map((answer) => [answer.row.key, answer]));
        return queue.flatMap((answer) => {
            const { key } = answer.row;
            if (!stale.has(key))
                return [answer];
            if (!found.has(key))
                return [];
            return [answers.get(key) ?? answer];
        });
    }
    /** Those of the documents that fit the filter still, or again. */
    async #read(rows) {
        const { collection, backfill } = this.#asking;
        const these = { $and: [backfill.filter, { _id: { $in: rows.map(({ id }) => id) } }] };
        const found = (await collection.find(these, { raw: true }).toArray());
        return new Map(found.map((bytes) => [(0,raw_bson/* idKey */.T4)(bytes), bytes]));
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/images.js
/** Documents that do not fit into one transaction and this process's memory. */
class TooLarge extends Error {
    name = 'TooLarge';
}
/** How much a batch may hold before it is given up for a smaller one; twice that after its update, which may have grown. */
const images_mostBytes = 48 * 1024 * 1024;
/**
 * The documents of a filter as the server has them in this session, as bytes. Throws `TooLarge` as soon as they are
 * more than `limit` bytes or documents, unless there is but one.
 */
async function readImages({ collection }, session, filter, finding, limit) {
    const cursor = collection.find(filter, { ...finding, session, raw: true, batchSize: 20_000 });
    const documents = [];
    let bytes = 0;
    try {
        while (await cursor.hasNext()) {
            // With `raw` the driver's documents are bytes, which its types do not say.
            for (const document of cursor.readBufferedDocuments()) {
                documents.push(document);
                bytes += document.length;
            }
            if (documents.length > 1 && (bytes > limit.bytes || documents.length > limit.documents))
                throw new TooLarge();
        }
    }
    finally {
        await cursor.close().catch(() => { });
    }
    return { documents, bytes };
}
function deletedImages(before) {
    return before.map((document) => ({ before: document }));
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/pairs.js


/**
 * The images of documents that were read in the order of `_id` before and after their change; those that did not change
 * are left out. Where the same ones were found both times, which is nearly always, nothing has to be looked up.
 *
 * `after` may hold others: ids that were named, and that the statement did not find any more. They have no image.
 */
function pairsInOrder(before, after) {
    const images = [];
    if (before.length === after.length) {
        for (const [index, document] of before.entries()) {
            const [one, other] = [(0,raw_bson/* asBuffer */.bS)(document), (0,raw_bson/* asBuffer */.bS)(after[index])];
            const end = idEnd(one);
            if (one.compare(other, 4, end, 4, end) !== 0)
                return byKey(before, after);
            if (!one.equals(other))
                images.push({ before: one, after: other });
        }
        return images;
    }
    return byKey(before, after);
}
function byKey(before, after) {
    const found = new Set(before.map(raw_bson/* idKey */.T4));
    return pairImages(before, after.filter((document) => found.has((0,raw_bson/* idKey */.T4)(document))));
}
/** First byte after the type of the `_id`, its name and the closing zero of that. */
const valueStart = 9;
/** Where the `_id` ends, which the server keeps in front of all other fields. */
function idEnd(document) {
    switch (document[4]) {
        case raw_bson/* bsonTypes */.uI.int32:
            return valueStart + 4;
        case raw_bson/* bsonTypes */.uI.objectId:
            return valueStart + 12;
        case raw_bson/* bsonTypes */.uI.int64:
        case raw_bson/* bsonTypes */.uI.double:
        case raw_bson/* bsonTypes */.uI.date:
            return valueStart + 8;
        case raw_bson/* bsonTypes */.uI.string:
            return valueStart + 4 + document.readInt32LE(valueStart);
    }
    for (const { end } of (0,raw_bson/* elementsOf */.ZE)(document))
        return end;
    return document.length;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/statement.js

function statementOf(context, operation) {
    const { call, args } = operation;
    const removes = call.kind === 'delete';
    const options = withoutConcerns(args[removes ? 1 : 2]);
    const { database, collection = '' } = call.namespace;
    return {
        operation,
        removes,
        upsert: !removes && options.upsert === true,
        filter: (args[0] ?? {}),
        update: removes ? undefined : args[1],
        options,
        collection: operation.on ?? context.client.db(database).collection(collection),
        finding: defined({ collation: options.collation, hint: options.hint, ...writing(options) }),
    };
}
/** What decides what a filter means, beside collation and index: how it becomes BSON, and its variables. */
function writing({ let: variables, ignoreUndefined, serializeFunctions }) {
    return defined({ let: variables, ignoreUndefined, serializeFunctions });
}
/** Sends it as user code wrote it. */
function statement_sendWhole(statement, session) {
    const { operation, removes, options } = statement;
    const [filter, update] = operation.args;
    return operation.send(session, removes ? [filter, options] : [filter, update, options]);
}
/** Sends it for some of its documents: `filter` says which, and whether they still fit. It inserts nothing. */
function sendPart({ operation, removes, update, options }, session, filter, hint) {
    const { upsert: _upsert, hint: _hint, ...rest } = options;
    const narrowed = hint === undefined ? rest : { ...rest, hint };
    return operation.send(session, removes ? [filter, narrowed] : [filter, update, narrowed]);
}
/** The driver's answer to a part, with the counts of all parts put in. */
function resultOf(answer, counts, removes) {
    const sums = removes
        ? { deletedCount: counts.deleted }
        : { matchedCount: counts.matched, modifiedCount: counts.modified };
    return { ...answer, ...sums };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/batch.js




const byId = { _id: 1 };
/** Both reads give the documents in the same order. */
const ordered = { hint: byId, sort: byId };
/**
 * Changes the documents of one selection in a session's transaction, with their images where they are kept. Its snapshot
 * makes the documents that are read, found by the statement and read again the same ones.
 */
async function changePart(context, statement, session, { ids, filter }) {
    const send = () => sendPart(statement, session, filter, byId);
    if (!context.images) {
        const answer = await send();
        return { answer, counts: (0,gate_counts/* countsOf */.mQ)(answer), images: [] };
    }
    const finding = { ...writing(statement.options), ...ordered };
    const limit = { bytes: images_mostBytes, documents: Number.POSITIVE_INFINITY };
    const before = await readImages(statement, session, filter, finding, limit);
    const answer = await send();
    const counts = (0,gate_counts/* countsOf */.mQ)(answer);
    const part = { answer, counts, bytes: before.bytes };
    if (statement.removes)
        return { ...part, images: deletedImages(before.documents) };
    if (counts.modified === 0)
        return { ...part, images: [] };
    const after = await readImages(statement, session, ids, ordered, { ...limit, bytes: 2 * images_mostBytes });
    return { ...part, images: pairsInOrder(before.documents, after.documents) };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/entry.js


/** The one entry of a statement: written by its first transaction, amended by each later one. */
class StatementEntry {
    /** What is committed. */
    counts = gate_tally/* noCounts */.Yi;
    #context;
    #operation;
    #draft;
    #constants;
    #id;
    #through;
    constructor(context, operation, turn, constants) {
        const { method, namespace } = operation.call;
        const { fingerprint, begun } = turn;
        this.#context = context;
        this.#operation = operation;
        this.#constants = constants;
        const reads = begun === undefined ? turn.takeReads() : begun.reads;
        this.#draft = { kind: 'write', method, namespace, fingerprint, reads, images: context.images };
        if (begun?.checkpoint === undefined)
            return;
        this.#id = begun._id;
        this.#through = begun.checkpoint.through;
        this.counts = begun.checkpoint.counts;
        this.#report();
    }
    /** Whether some of it is committed already. */
    get begun() {
        return this.#id !== undefined;
    }
    /** Writes into the transaction that this much is done, which counts once `committed` is called with what comes back. */
    async write(tx, counts, how, images) {
        const id = this.#id ?? (await tx.record({ ...this.#draft, ...this.#fields(counts, how) }, images));
        if (this.#id !== undefined) {
            await tx.amend(id, this.#fields(counts, how), { namespace: this.#draft.namespace, images });
        }
        return { id, counts, through: 'through' in how ? how.through : undefined };
    }
    committed({ id, counts, through }) {
        this.#id = id;
        this.counts = counts;
        this.#through = through ?? this.#through;
        this.#report();
    }
    /** The statement was refused, and this is where it ended. */
    async refused(error) {
        this.#report();
        if (storeError(error) === undefined)
            return;
        await this.#context.transactor.transact((tx) => this.write(tx, this.counts, { error }, []));
    }
    #fields(counts, how) {
        if ('result' in how)
            return { state: 'done', result: storeResult(how.result) };
        if ('through' in how) {
            return { state: 'progress', checkpoint: { through: how.through, counts, constants: this.#constants } };
        }
        const nothing = counts.modified + counts.inserted + counts.deleted === 0;
        const checkpoint = { through: this.#through ?? null, counts, constants: this.#constants };
        return { state: nothing ? 'refused' : 'done', error: storeError(how.error), checkpoint };
    }
    #report() {
        this.#context.progress?.(this.#operation.call, this.counts);
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/failure.js





/**
 * Server codes that say that a transaction was too large or too long (`src/mongo/base/error_codes.yml`):
 * ExceededMemoryLimit, NoSuchTransaction (where the server ended it), ExceededTimeLimit,
 * TransactionExceededLifetimeLimitSeconds, TemporarilyUnavailable, TransactionTooLargeForCache.
 */
const tooMuch = new Set([146, 251, 262, 290, 365, 388]);
/** Whether a transaction may go through when it holds fewer documents. */
function tooManyAtOnce(error) {
    if (error instanceof TooLarge)
        return true;
    if ((0,server_code/* labelled */.wW)(error, 'UnknownTransactionCommitResult'))
        return false;
    return (0,transactions/* passing */.qO)(error) === 'conflict' || isTooMuch(error);
}
function isTooMuch(error) {
    return tooMuch.has((0,server_code/* serverCode */.XY)(error) ?? 0);
}
/** The refusal of a statement that neither fits into one transaction nor may be cut; every other error as it is. */
function asTooLarge(error, call, home, why) {
    if (!(error instanceof TooLarge) && !isTooMuch(error))
        return error;
    const shown = (0,gate_names/* shownName */.H)(call.namespace, home);
    return new observe_error/* ReleaseError */.K('STATEMENT_TOO_LARGE', `${call.method} on ${shown} is about more documents than one transaction takes, and cannot be done in batches, since ${why}.`, {
        hint: 'Cut it into several statements, each for a part of the documents, or find their ids first and name them: { _id: { $in: ids } }.',
        cause: error,
    });
}
/** The refusal of a statement about a document that cannot be found again by its `_id`. */
function asIdUnusable(error, call, home) {
    const shown = (0,gate_names/* shownName */.H)(call.namespace, home);
    return new observe_error/* ReleaseError */.K('ID_UNUSABLE', `${call.method} on ${shown} is about a document whose _id no driver sends back as it is stored.`, {
        hint: 'Give that document another _id: look for dates after the year 275760, binaries of subtype 2, or documents with two fields of one name.',
        cause: error,
    });
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/id-reader.js

/** How many ids are fetched at a time: a reply of some hundred kilobytes. */
const idsPerReply = 10_000;
/** How often one place is read again after the cursor died, with a pause of a second in between. */
const reopenings = 30;
/**
 * The ids of all documents that a statement is about, read ahead: the next reply is fetched while transactions work on
 * the ids of the last. A cursor that dies (a new primary, a long pause) is opened again behind the last id it gave.
 */
class IdReader {
    #open;
    #cursors;
    #held = [];
    /** Index of the first of `#held` that was not dropped. */
    #from = 0;
    #last;
    #coming;
    #ended = false;
    #failures = 0;
    constructor(open, after) {
        this.#open = open;
        this.#last = after;
        this.#cursors = open(after);
    }
    /**
     * The next ids, `count` of them or all that are left. They stay in front until they are dropped.
     * Throws the server's error when they cannot be read.
     */
    async peek(count) {
        while (!this.#ended && this.#held.length - this.#from < count) {
            const coming = this.#coming ?? this.#page();
            this.#coming = undefined;
            const page = await coming;
            if (page.length === 0) {
                this.#ended = true;
                break;
            }
            this.#held = this.#from === 0 ? this.#held.concat(page) : this.#held.slice(this.#from).concat(page);
            this.#from = 0;
        }
        return this.#held.slice(this.#from, this.#from + count);
    }
    /** Starts to fetch the next reply, if fewer than this many ids are at hand. */
    readAhead(count) {
        if (this.#ended || this.#coming !== undefined || this.#held.length - this.#from > count)
            return;
        this.#coming = this.#page();
        // Whoever asks next gets the error.
        this.#coming.catch(() => { });
    }
    drop(count) {
        this.#from += count;
    }
    async close() {
        await this.#coming?.catch(() => { });
        for (const cursor of this.#cursors)
            await cursor.close().catch(() => { });
    }
    async #page() {
        for (;;) {
            try {
                return await this.#fetch();
            }
            catch (error) {
                // At its beginning the statement itself may be wrong, and the driver has tried a read twice already.
                if (this.#last === undefined || this.#failures >= reopenings)
                    throw error;
                this.#failures += 1;
                for (const cursor of this.#cursors)
                    await cursor.close().catch(() => { });
                await (0,promises_.setTimeout)(1000);
                this.#cursors = this.#open(this.#last);
            }
        }
    }
    async #fetch() {
        for (;;) {
            const cursor = this.#cursors[0];
            if (cursor === undefined)
                return [];
            if (await cursor.hasNext()) {
                // With `raw` the driver's documents are bytes, which its types do not say.
                const page = cursor.readBufferedDocuments();
                // An index may be read twice at the seam of two cursors, and only there.
                const fresh = this.#last !== undefined && page[0]?.equals(this.#last) === true ? page.slice(1) : page;
                this.#last = page.at(-1) ?? this.#last;
                this.#failures = 0;
                if (fresh.length > 0)
                    return fresh;
                continue;
            }
            await cursor.close();
            this.#cursors.shift();
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/now.js
/**
 * `$$NOW` is one value in one statement. In batches it has to be a date that was recorded: this puts it in.
 * Strings below `$literal` are data and stay.
 */
function withNow(expression, now) {
    return replaced(expression, now);
}
/** The filter, with the date in its expressions: elsewhere in a filter the string is data. */
function filterWithNow(filter, now) {
    return inFilter(filter, now);
}
function mentionsNow(value) {
    return mentions(value, (inner) => inner === '$$NOW');
}
/** Whether something below matches, keys included; a cheap look that may find data, too. */
function mentions(value, matches) {
    // A circle is the driver's to refuse.
    const seen = new Set();
    const look = (inner) => {
        if (matches(inner))
            return true;
        const fields = Array.isArray(inner) ? [...inner.entries()] : now_fieldsOf(inner);
        if (fields.length === 0 || seen.has(inner))
            return false;
        seen.add(inner);
        return fields.some(([key, below]) => matches(key) || look(below));
    };
    return look(value);
}
function replaced(value, now) {
    if (value === '$$NOW')
        return now;
    if (Array.isArray(value))
        return value.map((inner) => replaced(inner, now));
    const fields = now_fieldsOf(value);
    if (fields.length === 0)
        return value;
    return rebuilt(value, fields.map(([key, inner]) => [key, key === '$literal' ? inner : replaced(inner, now)]));
}
function inFilter(value, now) {
    if (Array.isArray(value))
        return value.map((inner) => inFilter(inner, now));
    const fields = now_fieldsOf(value);
    if (fields.length === 0)
        return value;
    const logical = new Set(['$and', '$or', '$nor']);
    return rebuilt(value, fields.map(([key, inner]) => {
        if (key === '$expr')
            return [key, replaced(inner, now)];
        return [key, logical.has(key) ? inFilter(inner, now) : inner];
    }));
}
function rebuilt(value, fields) {
    return value instanceof Map ? new Map(fields) : Object.fromEntries(fields);
}
/** Of plain objects and Maps; values of BSON types are no containers. */
function now_fieldsOf(value) {
    if (typeof value !== 'object' || value === null)
        return [];
    if (value instanceof Map)
        return [...value].map(([key, inner]) => [String(key), inner]);
    if ('_bsontype' in value || value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value))
        return [];
    return Object.entries(value);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/one-now.js

/** The statement for batches: `$$NOW` is one date in all of them, kept with the checkpoint. */
async function withOneNow(context, statement, kept) {
    const { filter, update, options, finding } = statement;
    // An update document holds data; only pipelines hold expressions.
    const pipeline = Array.isArray(update) ? update : undefined;
    if (!mentionsNow([filter, pipeline, options.let]))
        return { statement, constants: kept };
    const now = kept?.now ?? (await serversNow(context));
    const variables = options.let === undefined ? {} : { let: withNow(options.let, now) };
    return {
        constants: { ...kept, now },
        statement: {
            ...statement,
            filter: filterWithNow(filter, now),
            update: pipeline === undefined ? update : withNow(pipeline, now),
            options: { ...options, ...variables },
            finding: { ...finding, ...variables },
        },
    };
}
async function serversNow({ client }) {
    const { localTime } = await client.db('admin').command({ hello: 1 });
    return localTime instanceof Date ? localTime : new Date();
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/open-ids.js


/**
 * The ids of a statement's documents, in the order of `_id` across all types.
 *
 * After an id: a filter on `_id` would leave out the other types, so the index itself is entered there. Entered from
 * below it ends before `MaxKey` (seen on 6.0.5), so that one `_id` gets a cursor of its own. Where user code chose the
 * index, the place is an expression, which compares across types; it is read from the beginning for that.
 */
function openIds(statement, driver, filter) {
    const { collection, finding } = statement;
    const find = (filter, options) => collection.find(filter, {
        ...finding,
        ...options,
        projection: { _id: 1 },
        sort: { _id: 1 },
        raw: true,
        allowDiskUse: true,
        batchSize: idsPerReply,
        noCursorTimeout: true,
        readPreference: 'primary',
    });
    return (after) => {
        if (after === undefined)
            return [find(filter, {})];
        const id = idOf(after, driver);
        if (finding.hint !== undefined || isMaxKey(id)) {
            return [find({ $and: [filter, { $expr: { $gt: ['$_id', { $literal: id }] } }] }, {})];
        }
        const maxKey = new driver.classes.MaxKey();
        return [
            find(filter, { hint: { _id: 1 }, min: { _id: id } }),
            find({ $and: [filter, { _id: { $eq: maxKey } }] }, { hint: { _id: 1 } }),
        ];
    };
}
function isMaxKey(id) {
    return id?._bsontype === 'MaxKey';
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/pace.js
/** Batches are bounded by what users feel of them: their writes wait, or fail, for as long as a batch is open. */
const targetMs = 200;
/**
 * A batch also costs what does not depend on its size. Time alone does not make batches smaller than this, so that a
 * slow network or a busy machine does not end in batches that are nothing but this cost; …
 */
const least = 1000;
/** … unless they take this long, and then not smaller than this. */
const longMs = 1000;
const leastOfLong = 100;
/** Before-images of one batch; the transaction holds about twice as much in the server's cache. */
const targetBytes = 16 * 1024 * 1024;
const usualSizes = { whole: 1000, atOnce: 20_000, first: 1000, most: 10_000 };
/** How many documents the next batch gets. */
class pace_Pace {
    #size;
    /** Halved by a conflict, and slowly raised again: what was in the way is likely to be there still. */
    #ceiling;
    #averageBytes;
    #most;
    /** `averageBytes`: of a document, as far as it is known. */
    constructor({ first, most }, averageBytes = 0) {
        this.#averageBytes = averageBytes;
        this.#size = first;
        this.#ceiling = most;
        this.#most = most;
    }
    get size() {
        const byBytes = this.#averageBytes === 0 ? this.#most : targetBytes / this.#averageBytes;
        return Math.max(1, Math.floor(Math.min(this.#size, this.#ceiling, byBytes)));
    }
    /** A batch was committed. `bytes` of its documents where they were read. */
    committed(documents, ms, bytes) {
        if (bytes !== undefined && documents > 0)
            this.#averageBytes = bytes / documents;
        const fitting = Math.min(2, Math.max(0.5, targetMs / Math.max(1, ms)));
        const floor = Math.min(documents, ms > longMs ? leastOfLong : least);
        // A batch that was smaller than it might have been says little about larger ones.
        if (documents >= this.size || fitting < 1)
            this.#size = Math.min(this.#most, Math.max(floor, documents * fitting));
        this.#ceiling = Math.min(this.#most, this.#ceiling * 1.1 + 1);
    }
    /** A batch of this many documents was in the way of somebody, or too large. */
    failed(documents) {
        this.#ceiling = Math.max(1, Math.floor(documents / 2));
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/selection.js


/** Which `_id`s may be named by their first and last: of these types an index has no others in between. */
const ranged = new Set([raw_bson/* bsonTypes */.uI.objectId, raw_bson/* bsonTypes */.uI.int32, raw_bson/* bsonTypes */.uI.int64, raw_bson/* bsonTypes */.uI.date]);
/**
 * Names the documents of a batch by their ids. A statement for all documents takes the range from the first to the last
 * where all are of one type: quicker, since the server need not look each of them up. Not with a filter that fits few
 * documents, since it would look at all of them in between; not with doubles, since NaN is in no range; not with strings,
 * whose order depends on collations.
 */
function selectionOf(filter, documents, driver) {
    const [first, last] = [documents[0], documents.at(-1)];
    if (first !== undefined && last !== undefined && documents.length > 1 && Object.keys(filter).length === 0) {
        const type = idTypeOf(first);
        if (ranged.has(type) && documents.every((document) => idTypeOf(document) === type)) {
            const ids = { _id: { $gte: idOf(first, driver), $lte: idOf(last, driver) } };
            return { ids, filter: ids };
        }
    }
    const ids = { _id: { $in: documents.map((document) => idOf(document, driver)) } };
    return { ids, filter: { $and: [filter, ids] } };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/prefix.js






/** A document that the server refuses, and which one it was. */
class RefusedAt extends Error {
    index;
    error;
    constructor(index, error) {
        super();
        this.index = index;
        this.error = error;
    }
}
/** How many documents are sent one by one at most. */
const mostDocuments = 2000;
/**
 * Outside of a transaction a statement that is refused leaves the documents before the refused one changed. This does
 * the same in one transaction: one document after the other, in the order in which the statement finds them.
 *
 * Resolves where none is refused any more. Rejects with the driver's error once the entry is written, and with
 * `TooLarge`, nothing being done, where it is about too many documents for this way.
 */
async function changeUpToRefused(context, statement, entry) {
    let upTo = mostDocuments;
    let refusal;
    for (;;) {
        try {
            const { written, answer } = await context.transactor.transact(async (tx) => {
                const limit = { documents: mostDocuments, bytes: Number.POSITIVE_INFINITY };
                const only = { ...statement.finding, projection: { _id: 1 } };
                const found = await readImages(statement, tx.session, statement.filter, only, limit);
                if (found.documents.length > mostDocuments)
                    throw new TooLarge();
                let counts = gate_tally/* noCounts */.Yi;
                let answer;
                const images = [];
                for (const [index, document] of found.documents.slice(0, upTo).entries()) {
                    const selection = selectionOf(statement.filter, [document], context.driver);
                    const part = await changePart(context, statement, tx.session, selection).catch((error) => {
                        throw (0,transactions/* wasRefused */.GD)(error) ? new RefusedAt(index, error) : error;
                    });
                    answer = part.answer;
                    counts = (0,gate_tally/* sum */.cz)(counts, part.counts);
                    images.push(...part.images);
                }
                const result = answer === undefined ? undefined : resultOf(answer, counts, statement.removes);
                const written = await entry.write(tx, counts, refusal ?? { result }, images);
                return { written, answer: result };
            });
            entry.committed(written);
            if (refusal !== undefined)
                throw refusal.error;
            return answer;
        }
        catch (error) {
            if (!(error instanceof RefusedAt))
                throw error;
            upTo = error.index;
            refusal = { error: error.error };
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/unique.js
/**
 * Whether an update may change a field of a unique index. In the order of `_id`, in batches, a value can meet one that
 * the statement would have moved away before (a number shifted by one), so such a statement is better sent whole.
 * True also where the indexes may not be looked at.
 */
async function mayMoveUniqueValues({ collection, update, removes }) {
    if (removes)
        return false;
    let indexes;
    try {
        // A partial index may hold what JavaScript does not know as a regular expression.
        indexes = await collection.indexes({ bsonRegExp: true });
    }
    catch {
        return true;
    }
    const keys = indexes.filter(({ unique }) => unique === true).flatMap(({ key }) => Object.keys(key));
    if (keys.length === 0)
        return false;
    const paths = changedPaths(update);
    return paths === 'any' || keys.some((key) => paths.some((path) => overlap(path, key)));
}
const setting = new Set(['$set', '$addFields']);
/** The paths that an update writes, without positions in arrays. */
function changedPaths(update) {
    const paths = [];
    for (const part of Array.isArray(update) ? update : [update]) {
        for (const [operator, value] of Object.entries((part ?? {}))) {
            if (Array.isArray(update) && operator === '$unset')
                paths.push(...[value].flat());
            else if (Array.isArray(update) && !setting.has(operator))
                return 'any';
            else {
                paths.push(...Object.keys((value ?? {})));
                if (operator === '$rename')
                    paths.push(...Object.values(value).map(String));
            }
        }
    }
    return paths.map(withoutPositions);
}
function withoutPositions(path) {
    return path
        .split('.')
        .filter((part) => !part.startsWith('$') && !/^\d+$/.test(part))
        .join('.');
}
function overlap(a, b) {
    return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/whole.js






/** What a statement may touch in one transaction before it counts as too large for that. */
const wholeLimit = { documents: 20_000, bytes: images_mostBytes };
/**
 * Why a statement is not cut into batches; undefined where it may be. With a collation other `_id`s than the named ones
 * would be found; what a text or place index finds depends on that index; random choices would be made twice.
 */
function whyWhole({ filter, options, upsert }) {
    if (options.collation !== undefined && options.collation !== null)
        return 'it has a collation';
    if (choosesAtRandom(filter))
        return 'its filter chooses at random';
    if (mentions(filter, (inner) => inner === '$text'))
        return 'its filter has $text';
    if (mentions(filter, (inner) => inner === '$near' || inner === '$nearSphere'))
        return 'its filter has $near';
    // The server refuses the two together, also where something is found; the parts of a statement insert nothing.
    if (upsert && mentions(filter, (inner) => inner === '$expr'))
        return 'it inserts, and its filter has $expr';
    // One value for the whole statement, which nobody but the server can give.
    if (mentions([filter, options.let], (inner) => inner === '$$CLUSTER_TIME'))
        return 'it has $$CLUSTER_TIME';
    return undefined;
}
function choosesAtRandom(filter) {
    return mentions(filter, (inner) => inner === '$rand' || inner === '$sampleRate');
}
/** The statement's documents cannot be read: what is wrong with it is to be said of the statement itself. */
class ReadRefused extends Error {
    name = 'ReadRefused';
}
/** Sends a statement as it is in a session's transaction, with its images. Throws `TooLarge` and `ReadRefused`. */
async function changeWhole(context, statement, session) {
    const random = choosesAtRandom(statement.filter);
    if (!context.images && !random)
        return { answer: await statement_sendWhole(statement, session), images: [] };
    const before = await readImages(statement, session, statement.filter, statement.finding, wholeLimit).catch((error) => {
        throw (0,transactions/* wasRefused */.GD)(error) ? new ReadRefused(undefined, { cause: error }) : error;
    });
    const ids = before.documents.map((document) => idOf(document, context.driver));
    // Chosen once, here: the statement would choose others.
    const answer = await (random
        ? sendPart(statement, session, { _id: { $in: ids } }, undefined)
        : statement_sendWhole(statement, session));
    if (!context.images)
        return { answer, images: [] };
    if (statement.removes)
        return { answer, images: deletedImages(before.documents) };
    const limit = { ...wholeLimit, bytes: 2 * wholeLimit.bytes };
    const after = ids.length === 0 ? [] : (await readImages(statement, session, { _id: { $in: ids } }, {}, limit)).documents;
    const upserted = answer.upsertedId ?? undefined;
    const made = upserted === undefined
        ? []
        : await readDocuments(context, statement.operation.call.namespace, session, { _id: { $eq: upserted } });
    return { answer, images: [...pairImages(before.documents, after), ...pairImages([], made)] };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/batches/batches.js




















/** How often a small statement is tried again as one transaction after conflicts, before it is cut nevertheless. */
const patience = 8;
/**
 * `updateMany` and `deleteMany`: in one transaction where they are about few documents, else in batches in the order of
 * `_id`, each a transaction with its images and the checkpoint.
 *
 * Answers as the driver does, with the counts of all batches. Rejects with the driver's own error where the server
 * refuses a document: those before it are changed then, as without the gate. Throws `STATEMENT_TOO_LARGE`.
 */
const batches = (context, operation, turn) => inBatches(usualSizes, context, operation, turn);
/** The same with other sizes. */
async function inBatches(sizes, context, operation, turn) {
    const written = statementOf(context, operation);
    const why = whyWhole(written);
    const { statement, constants } = await withOneNow(context, written, turn.begun?.checkpoint?.constants);
    const entry = new StatementEntry(context, operation, turn, constants);
    const pass = new Pass(sizes, context, written, statement, entry);
    if (why !== undefined && !entry.begun)
        return pass.whole(why);
    try {
        return await pass.run(turn);
    }
    catch (error) {
        if (!(error instanceof UnnameableId))
            throw error;
        // Sent whole it would change again what is done already.
        if (entry.begun)
            throw asIdUnusable(error, operation.call, context.database);
        return pass.whole('the _id of one of them cannot be named');
    }
}
/** The whole statement turned out to match nothing, and would insert. */
class NothingMatched extends Error {
}
class Pass {
    #sizes;
    #context;
    /** As user code wrote it. */
    #written;
    /** With the values put in that are the same in all batches. */
    #statement;
    #entry;
    constructor(sizes, context, written, statement, entry) {
        this.#sizes = sizes;
        this.#context = context;
        this.#written = written;
        this.#statement = statement;
        this.#entry = entry;
    }
    async run({ begun }) {
        const statement = this.#statement;
        const open = openIds(statement, this.#context.driver, statement.filter);
        const reader = new IdReader(open, (0,raw_bson/* bytesOf */.$$)(begun?.checkpoint?.through));
        try {
            return await (this.#entry.begun ? this.#inBatches(reader) : this.#fromTop(reader));
        }
        catch (error) {
            if (error instanceof NothingMatched)
                return this.whole('it inserts where nothing is found');
            throw error;
        }
        finally {
            await reader.close();
        }
    }
    /** In one transaction, as it is written. */
    async whole(why) {
        const { call } = this.#written.operation;
        try {
            return await this.#whole();
        }
        catch (error) {
            if ((0,transactions/* wasRefused */.GD)(error))
                await this.#entry.refused(error);
            if (error instanceof UnnameableId)
                throw asIdUnusable(error, call, this.#context.database);
            throw asTooLarge(error, call, this.#context.database, why);
        }
    }
    async #whole(conflicts) {
        const { transactor } = this.#context;
        const changing = transactor.transact(async (tx) => {
            const { answer, images } = await changeWhole(this.#context, this.#written, tx.session);
            const counts = (0,gate_tally/* sum */.cz)(this.#entry.counts, (0,gate_counts/* countsOf */.mQ)(answer));
            const written = await this.#entry.write(tx, counts, { result: answer }, images);
            return { written, answer };
        }, { conflicts });
        const { written, answer } = await changing.catch((error) => {
            if (!(error instanceof ReadRefused))
                throw error;
            return transactor.transact(async (tx) => {
                await statement_sendWhole(this.#written, tx.session);
                // It was not refused; without images it must not be committed.
                throw error.cause;
            });
        });
        this.#entry.committed(written);
        return answer;
    }
    async #fromTop(reader) {
        let ids;
        try {
            ids = await reader.peek(this.#sizes.whole + 1);
        }
        catch (error) {
            // What is wrong with its filter is to be said of the statement itself.
            if ((0,transactions/* wasRefused */.GD)(error))
                return this.whole('its documents cannot be found beforehand');
            throw error;
        }
        if (ids.length === 0)
            return this.whole('it finds no documents');
        if (ids.length <= this.#sizes.whole)
            return this.#small(reader, ids);
        if (await this.#fitsAndMovesUniqueValues(reader)) {
            try {
                return await this.#whole(patience);
            }
            catch (error) {
                if (!tooManyAtOnce(error) && (0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.DuplicateKey)
                    throw error;
            }
        }
        return this.#inBatches(reader);
    }
    async #fitsAndMovesUniqueValues(reader) {
        if (!(await mayMoveUniqueValues(this.#statement)))
            return false;
        const { atOnce } = this.#sizes;
        return (await reader.peek(atOnce + 1)).length <= atOnce;
    }
    async #small(reader, ids) {
        try {
            const { answer } = await this.#batch(ids, true, patience);
            return answer;
        }
        catch (error) {
            if (tooManyAtOnce(error))
                return this.#inBatches(reader);
            if (!(0,transactions/* wasRefused */.GD)(error))
                throw error;
            return this.#asPlainRefuses(reader, error);
        }
    }
    /** In the order of `_id` it was refused. In its own order it may go through; else it gets as far as it does there. */
    async #asPlainRefuses(reader, refused) {
        try {
            if ((0,server_code/* serverCode */.XY)(refused) === server_code/* serverCodes */.Wc.DuplicateKey && !this.#written.removes)
                return await this.#whole(patience);
        }
        catch (error) {
            if (!(0,transactions/* wasRefused */.GD)(error) && !tooManyAtOnce(error))
                throw error;
        }
        try {
            const answer = await changeUpToRefused(this.#context, this.#statement, this.#entry);
            return answer ?? (await this.whole('it finds no documents'));
        }
        catch (error) {
            if (error instanceof TooLarge)
                return this.#inBatches(reader);
            throw error;
        }
    }
    async #inBatches(reader) {
        const { throttle, refuseWhenClosed } = this.#context;
        const pace = new pace_Pace(this.#sizes, await this.#averageBytes());
        for (;;) {
            refuseWhenClosed();
            await throttle.pause();
            refuseWhenClosed();
            const { size } = pace;
            const ids = await reader.peek(size + 1);
            const last = ids.length <= size;
            const batch = last ? ids : ids.slice(0, size);
            reader.readAhead(2 * size);
            const since = performance.now();
            try {
                const { answer, part } = await this.#batch(batch, last, batch.length > 1 ? 0 : undefined);
                if (last)
                    return answer;
                reader.drop(batch.length);
                pace.committed(batch.length, performance.now() - since, part.bytes);
            }
            catch (error) {
                if (batch.length <= 1)
                    return this.#refuse(error);
                // The documents before the refused one are found by halving, too.
                if (!tooManyAtOnce(error) && !(0,transactions/* wasRefused */.GD)(error))
                    throw error;
                pace.failed(batch.length);
            }
        }
    }
    /** One transaction; none of its documents may be left when it is the last. */
    async #batch(ids, last, conflicts) {
        const { transactor, driver } = this.#context;
        const statement = this.#statement;
        const through = ids.at(-1);
        const selection = selectionOf(statement.filter, ids, driver);
        const done = await transactor.transact(async (tx) => {
            const part = await changePart(this.#context, statement, tx.session, selection);
            const counts = (0,gate_tally/* sum */.cz)(this.#entry.counts, part.counts);
            if (last && statement.upsert && counts.matched === 0)
                throw new NothingMatched();
            const answer = resultOf(part.answer, counts, statement.removes);
            const how = last || through === undefined ? { result: answer } : { through };
            return { written: await this.#entry.write(tx, counts, how, part.images), answer, part };
        }, { conflicts });
        this.#entry.committed(done.written);
        return done;
    }
    async #refuse(error) {
        if (!(0,transactions/* wasRefused */.GD)(error))
            throw error;
        const { call } = this.#written.operation;
        const { modified, deleted } = this.#entry.counts;
        await this.#entry.refused(error);
        const shown = (0,gate_names/* shownName */.H)(call.namespace, this.#context.database);
        this.#context.note(`${call.method} on ${shown} was refused after ${modified + deleted} documents were changed.`);
        throw error;
    }
    /** 0 where it cannot be known beforehand. */
    async #averageBytes() {
        try {
            const stats = [{ $collStats: { storageStats: {} } }];
            const [found] = await this.#statement.collection.aggregate(stats).toArray();
            return Number(found?.storageStats?.avgObjSize ?? 0);
        }
        catch {
            return 0;
        }
    }
}

// EXTERNAL MODULE: ./emitted/mongo/end-out.js
var end_out = __webpack_require__(17164);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/ordered.js


/**
 * A document as a map of the project's driver, so that every key stays at its place and every number keeps its type
 * when it is sent again.
 */
function ordered_ordered(bytes, driver) {
    const buffer = (0,raw_bson/* asBuffer */.bS)(bytes);
    const { BSON } = classesOf(driver);
    return new Map([...(0,raw_bson/* elementsOf */.ZE)(bytes)].map(({ type, name, start, valueStart, end }) => {
        const value = buffer.subarray(valueStart, end);
        if (type === raw_bson/* bsonTypes */.uI.document)
            return [name, ordered_ordered(value, driver)];
        if (type === raw_bson/* bsonTypes */.uI.array)
            return [name, [...ordered_ordered(value, driver).values()]];
        const alone = Buffer.alloc(end - start + 5);
        alone.writeInt32LE(alone.length);
        buffer.copy(alone, 4, start, end);
        return [name, BSON.deserialize(alone, { promoteValues: false, bsonRegExp: true })[name]];
    }));
}

// EXTERNAL MODULE: ./emitted/mongo/take-name.js
var take_name = __webpack_require__(19605);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/along.js
/** Where the options of these methods stand among the arguments; those of a command are its fields. */
const optionsAt = {
    drop: 0,
    dropCollection: 1,
    dropIndex: 1,
    rename: 1,
    renameCollection: 2,
};
/** What user code asked for beside the change itself. */
function alongOf(method, args) {
    return { options: args[optionsAt[method] ?? 0] };
}

// EXTERNAL MODULE: ./emitted/mongo/expiry.js
var expiry = __webpack_require__(82561);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/tombstone.js


/**
 * Puts a collection out of sight in place of dropping it: nothing in it expires any more, and its name is the
 * tombstone's. Can be repeated where it was interrupted. Rejects with the server's error.
 */
async function bury(...at) {
    const move = await toBury(...at);
    await move();
}
/** All of that but the rename itself, which comes back. */
async function toBury(context, { database, collection }, { uuid, options, indexes }, tombstone, along) {
    const stopped = await (0,expiry/* stopExpiry */.k)((0,expiry/* expiriesOf */.R3)(options, indexes), async (change) => {
        const command = { collMod: collection, ...change, ...(await only(context, uuid)) };
        await run(context, database, command, { session: undefined, ready: along.ready });
    });
    if (stopped === 'not-authorized')
        context.note(`The expiry of ${collection} could not be stopped without the right to collMod: its documents expire in the tombstone as well.`);
    return (w) => rename(context, { database, collection }, { database, collection: tombstone }, uuid, along, w);
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/rename.js








/** An application may make a collection anew each time that its name is free for a moment. */
const mostDisplaced = 50;
/** `rename`, `renameCollection`; what is replaced by it becomes a tombstone. */
async function renameStep(context, operation, begun) {
    const { call, args, session } = operation;
    const from = call.namespace;
    const to = call.also ?? from;
    const options = alongOf(call.method, args).options;
    const drops = options?.dropTarget === true;
    const result = () => operation.catalog?.object?.() ?? { ok: 1 };
    const fresh = begun === undefined ? await (0,catalog_found/* lookAround */.h3)(context, from, to) : undefined;
    const change = begun ?? (await intended(context, call, fresh ?? { here: undefined, there: undefined }, drops));
    const { before, replaced, tombstone } = change;
    const swaps = !drops || replaced === undefined || tombstone !== undefined;
    const refuses = replaced?.type !== 'collection' || replaced.uuid === before?.uuid;
    return {
        change,
        note: swaps || refuses ? undefined : `The collection ${doubt_named(to)} was replaced for good.`,
        act: async ({ ready, displaces }) => {
            const ours = before?.type === 'collection' && before.uuid !== undefined && from.database === to.database;
            if (!ours || !swaps || doubt_named(from) === doubt_named(to))
                return operation.send(session);
            const along = { session, options, ready, displaces };
            if (drops)
                await moveIn(context, from, to, before.uuid ?? '', replaced?.uuid, along);
            else
                await rename(context, from, to, before.uuid ?? '', along);
            return result();
        },
        done: async ({ here, there }) => {
            // What is not there cannot be renamed, now as then.
            if (before === undefined)
                return undefined;
            if (here?.type === before.type && here.uuid === before.uuid)
                return undefined;
            // Into another database it is copied: under another UUID.
            const arrived = from.database === to.database ? there?.uuid === before.uuid : here === undefined;
            if (there !== undefined && arrived)
                return { result: result() };
            throw inDoubt(call, 'the collection is under neither name');
        },
    };
}
async function intended(context, { namespace, also }, { here, there }, drops) {
    const change = { type: 'rename-collection', before: here, to: also, replaced: there };
    if (!drops || !context.images || here?.type !== 'collection' || there?.type !== 'collection')
        return change;
    if (also === undefined || doubt_named(namespace) === doubt_named(also) || namespace.database !== also.database)
        return change;
    if (there.uuid === undefined || (await isSharded(context, namespace)) || (await isSharded(context, also))) {
        return change;
    }
    return { ...change, tombstone: context.own.dropped(there.uuid) };
}
/**
 * Puts a collection under a name, and what is there under tombstones first. Goes on where it was interrupted.
 * What was not known of, others have made while the name was free: `displaces` is told before it goes.
 */
async function moveIn(context, from, to, uuid, known, { displaces, ...along }) {
    for (let attempt = 1; attempt <= mostDisplaced; attempt += 1) {
        const free = await toFree(context, to, known, { displaces, ...along });
        // Else the second would wait for that behind the first.
        await along.ready?.();
        if (await (0,take_name/* takeName */.r)(free, () => rename(context, from, to, uuid, along)))
            return;
    }
    throw new observe_error/* ReleaseError */.K('CATALOG_MOVED', `${doubt_named(to)} was made anew ${mostDisplaced} times, each time that its name was free for a moment for the collection that a migration puts there.`, { hint: `Stop what writes to ${doubt_named(to)}, then run the command again: it goes on there.` });
}
/** The session is one command's at a time: it is that of the one which takes the name. */
async function toFree(context, to, known, { displaces, ...along }) {
    const present = await (0,look/* lookAt */.t5)(context, to);
    if (!isCollection(present))
        return async () => { };
    const tombstone = context.own.dropped(present.uuid);
    if (present.uuid !== known)
        await displaces(tombstone);
    const free = await toBury(context, to, present, tombstone, { ...along, options: undefined, session: undefined });
    return () => free(1);
}
function isCollection(state) {
    return state?.type === 'collection' && state.uuid !== undefined;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/replace.js









/** Fields that `listIndexes` adds, or added on older servers, and `createIndexes` refuses. */
const listingOnly = new Set(['ns', 'clustered']);
/**
 * `$out`: the collection that it replaces becomes a tombstone, which the stage by itself would destroy. The pipeline
 * writes into a collection aside, made like the old one where there is one, since the stage keeps options and indexes.
 * Its UUID goes on record before it is put in place: the server goes on with the stage when the process dies, and only
 * by that is the migration's collection told from one that others made. Where no images are kept, it runs as it is.
 */
async function replaceStep(context, operation, begun) {
    const { call } = operation;
    const into = call.also ?? call.namespace;
    const change = begun ?? (await replace_intended(context, operation, into));
    const replaced = (0,catalog_found/* maybeSeen */.m6)(change.replaced);
    if (change.aside === undefined) {
        return {
            change,
            note: replaced?.type === 'collection' ? `The collection ${doubt_named(into)} was replaced for good.` : undefined,
            once: true,
            act: () => operation.send(operation.session),
            // What the server refuses to replace has its UUID still; a view has none.
            done: async ({ there }) => {
                const made = replaced === undefined ? there !== undefined : there?.uuid !== replaced.uuid;
                return made ? { result: answerOf(operation) } : undefined;
            },
        };
    }
    const aside = { database: into.database, collection: change.aside };
    const write = async (ready) => {
        await clear(context, aside, ready);
        const empty = replaced === undefined ? undefined : await makeLike(context, aside, replaced, ready);
        let result;
        await ready();
        try {
            result = await operation.send(operation.session, writingInto(operation, aside));
        }
        catch (error) {
            await clear(context, aside, ready).catch(() => { });
            throw error;
        }
        const after = await (0,look/* lookAt */.t5)(context, aside);
        if (after?.uuid === undefined || after.uuid === empty?.uuid)
            throw inDoubt(call, 'it wrote nothing');
        return { result, after };
    };
    return {
        change,
        once: true,
        act: async ({ ready, record, displaces }) => {
            let result = answerOf(operation);
            let after = change.after;
            if (after === undefined) {
                ({ result, after } = await write(ready));
                await record({ after });
            }
            const along = { session: undefined, ready, displaces };
            await moveIn(context, aside, into, after.uuid ?? '', replaced?.uuid, along);
            return result;
        },
        done: async ({ there }) => {
            const { after } = change;
            if (after === undefined || (await (0,look/* lookAt */.t5)(context, aside))?.uuid === after.uuid)
                return undefined;
            if (there?.uuid !== after.uuid)
                throw inDoubt(call, `${doubt_named(into)} was dropped since`);
            return { result: answerOf(operation) };
        },
    };
}
async function replace_intended(context, operation, into) {
    const { here, there } = await (0,catalog_found/* lookAround */.h3)(context, operation.call.namespace, into);
    const change = { type: 'replace-collection', before: here, to: into, replaced: there };
    if (!context.images || (there !== undefined && (there.type !== 'collection' || there.uuid === undefined))) {
        return change;
    }
    // The server takes none of these, and renames no time series.
    if (into.collection?.startsWith('system.') || (await isSharded(context, into)) || makesSeries(operation))
        return change;
    if (there === undefined)
        return { ...change, aside: `${context.own.dropped((0,external_node_crypto_.randomUUID)().replaceAll('-', ''))}.new` };
    if ((await context.kinds.of(into)) !== 'plain')
        return change;
    const tombstone = context.own.dropped(there.uuid ?? '');
    return { ...change, tombstone, aside: `${tombstone}.new` };
}
/** An empty collection with the options and indexes of another one. */
async function makeLike(context, aside, { options, indexes }, ready) {
    const { database, collection } = aside;
    const along = { session: undefined, ready };
    await run(context, database, { create: collection, ...Object.fromEntries(ordered_ordered(options, context.driver)) }, along);
    const specs = indexes
        .map((index) => ordered_ordered(index, context.driver))
        .filter((index) => String(index.get('name')) !== '_id_' && index.get('clustered') === undefined)
        .map((index) => new Map([...index].filter(([key]) => !listingOnly.has(key))));
    if (specs.length > 0)
        await run(context, database, { createIndexes: collection, indexes: specs }, along);
    return (0,look/* lookAt */.t5)(context, aside);
}
/** Drops what is there, and what the server still writes there for a process that is gone. */
async function clear(context, namespace, ready) {
    await ready();
    await (0,end_out/* endOut */.q)(context.client.db('admin'), namespace);
    const left = await (0,look/* lookAt */.t5)(context, namespace);
    if (left === undefined)
        return;
    const command = { drop: namespace.collection, ...(await only(context, left.uuid)) };
    await run(context, namespace.database, command, { session: undefined, ready }).catch((error) => {
        if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.NamespaceNotFound)
            throw error;
    });
}
/** The arguments with another collection as the pipeline's last stage: of a raw command, or a pipeline by itself. */
function writingInto(operation, { database, collection }) {
    const stage = {
        $out: operation.call.namespace.database === database ? collection : { db: database, coll: collection },
    };
    const [first, ...rest] = operation.args;
    const pipeline = [...pipelineOf(operation).slice(0, -1), stage];
    return [Array.isArray(first) ? pipeline : { ...first, pipeline }, ...rest];
}
function makesSeries(operation) {
    const { $out } = (pipelineOf(operation).at(-1) ?? {});
    return $out?.timeseries !== undefined;
}
function pipelineOf({ args: [first] }) {
    if (Array.isArray(first))
        return first;
    return first.pipeline ?? [];
}
function answerOf({ call }) {
    if (!call.method.startsWith('command '))
        return false;
    return { cursor: { firstBatch: [], id: 0, ns: doubt_named(call.namespace) }, ok: 1 };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/unreadable.js


/**
 * Whether an error says that an answer could not be read, so that the server had done the call; the gate's books are told
 * so. BSON says the same of a document that it cannot write and of one that it cannot read, such as one with invalid
 * UTF-8: what was to be sent tells which of them it was.
 */
function isUnreadable(error, { args }, driver) {
    if (!(error instanceof Error) || !(error.name === 'RangeError' || error.name.startsWith('BSON')))
        return false;
    const sent = args.map((argument) => typeof argument === 'object' && argument !== null && 'session' in argument
        ? { ...argument, session: undefined }
        : argument);
    try {
        classesOf(driver).BSON.serialize({ sent }, { ignoreUndefined: true });
    }
    catch {
        return false;
    }
    wasDone(error);
    return true;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/unfenced.js









/**
 * What no transaction takes: `$out`, of which the catalog tells; and what nothing tells of: `$merge`, map-reduce, writes to capped collections, time
 * series and views, commands that the gate does not know. Intent on record, the call as it is, its answer on record.
 *
 * Throws `OPERATION_IN_DOUBT` for a call of which an earlier run has left the intent alone.
 */
const unfenced = async (...[context, operation, turn]) => {
    const { call } = operation;
    const { method } = call;
    const namespace = writtenBy(call);
    if (method.endsWith('$out') && (turn.begun === undefined || turn.begun.catalog !== undefined)) {
        const step = await unlessForbidden(replaceStep(context, operation, turn.begun?.catalog));
        if (step !== undefined)
            return carryOut(context, operation, turn, step);
    }
    if (turn.begun !== undefined)
        throw inDoubt({ method, namespace }, 'no transaction takes it');
    const note = noteOf(call, await context.kinds.of(namespace));
    context.note(note);
    const reads = turn.takeReads();
    const { transactor } = context;
    const fence = new fresh_fence/* FreshFence */.k(() => transactor.transact(async () => { }));
    const about = { kind: 'unfenced', method, namespace, fingerprint: turn.fingerprint, images: false, note };
    const id = await fence.shownBy(() => transactor.transact((tx) => tx.record({ ...about, state: 'intent', reads })));
    await fence.assertFresh();
    context.refuseWhenClosed();
    try {
        const result = await operation.send(operation.session);
        await transactor.transact((tx) => tx.amend(id, { state: 'done', result: storeResult(result) }));
        return result;
    }
    catch (error) {
        const settled = settledBy(error, operation, context);
        if (settled !== undefined)
            await transactor.transact((tx) => tx.amend(id, settled));
        throw error;
    }
    finally {
        context.kinds.forget();
    }
};
/** Undefined where the user may not look at the catalog. */
async function unlessForbidden(step) {
    try {
        return await step;
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.Unauthorized)
            throw error;
        return undefined;
    }
}
/** Undefined where no answer came: the intent stays alone then. */
function settledBy(error, operation, { driver }) {
    if (unheard(error))
        return undefined;
    const kind = isUnreadable(error, operation, driver) ? 'unknown' : failureKind(error, operation.call);
    const stored = storeError(error);
    if (kind === 'unknown')
        return stored === undefined ? undefined : { state: 'done', error: stored };
    const { name, message } = error;
    const told = stored ?? { name, message };
    return { state: 'refused', error: told };
}
/** What it is about for whoever has to look: of a pipeline not what it reads. */
function writtenBy({ kind, namespace, also }) {
    return kind === 'pipeline' && also !== undefined ? also : namespace;
}
function noteOf(call, kind) {
    const what = `${call.method} on ${doubt_named(writtenBy(call))}`;
    const why = kind === 'plain' || kind === 'absent' || kind === 'unknown' ? 'no transaction takes it' : reasons[kind];
    return `${what} cannot be undone, nor taken up again when it is interrupted: ${why}.`;
}
const reasons = {
    capped: 'the collection is capped, and no transaction takes it',
    'time-series': 'the collection is a time series, and no transaction takes it',
    view: 'it is about a view',
    system: "the collection is the server's own",
};

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/one-transaction.js



/**
 * Carries a call out in one transaction with its images and its entry; that the server refused it goes on record as well.
 * Without images it can be taken up again, and not undone, which is put on record. Rejects as `Transactor` does.
 */
async function inOneTransaction(context, { call: { method, namespace } }, { fingerprint, takeReads }, work) {
    const { transactor } = context;
    const about = { kind: 'write', method, namespace, fingerprint, reads: takeReads() };
    try {
        return await transactor.transact(async (tx) => {
            const { result, images } = await work(tx.session);
            if (context.images && images === undefined) {
                context.note(`${method} on ${(0,gate_names/* shownName */.H)(namespace, context.database)} keeps no images: it cannot be undone.`);
            }
            const kept = context.images && images !== undefined;
            await tx.record({ ...about, state: 'done', result: storeResult(result), images: kept }, images);
            return result;
        });
    }
    catch (error) {
        const stored = (0,transactions/* wasRefused */.GD)(error) ? storeError(error) : undefined;
        if (stored !== undefined) {
            await transactor.transact((tx) => tx.record({ ...about, state: 'refused', error: stored, images: context.images }));
        }
        throw error;
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/whole.js



/** Sends a call as it is, with its entry, in one transaction; without `apply` no images are kept. */
function whole(context, operation, turn, apply) {
    const args = withoutWriteConcern(operation);
    return inOneTransaction(context, operation, turn, async (session) => apply === undefined || !context.images
        ? { result: await operation.send(session, args).catch(unwrap), images: undefined }
        : apply(session, args));
}
/** A client's bulk write hides in its error what the transaction was ended by. */
function unwrap(error) {
    const { cause } = error;
    throw cause !== undefined && (0,transactions/* passing */.qO)(cause) !== undefined ? cause : error;
}
/** The transaction has its own; of a raw command it stands in the command, else in the options. */
function withoutWriteConcern({ call, args }) {
    const [first, options, ...rest] = args;
    if (!call.method.startsWith('command '))
        return [first, withoutConcerns(options), ...rest];
    const { writeConcern: _own, ...command } = first;
    return [command, withoutConcerns(options), ...rest];
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/find-and-modify.js


/** The raw `findAndModify` command: for the one document that it would choose, chosen first. */
const find_and_modify_findAndModify = (context, operation, turn) => {
    const command = operation.args[0];
    const { query, sort, collation, hint, let: variables } = command;
    const { namespace } = operation.call;
    return whole(context, operation, turn, async (session, args) => {
        const [sent, ...rest] = args;
        const filter = (query ?? {});
        const finding = { sort, collation, hint, let: variables };
        const chosen = await chooseOne(context, namespace, session, filter, finding);
        const read = (ids) => readDocuments(context, namespace, session, { _id: { $in: ids } });
        const before = chosen === undefined ? [] : await read([chosen.id]);
        const narrow = chosen === undefined ? sent : { ...sent, query: narrowed(filter, chosen.id) };
        const result = await operation.send(session, [narrow, ...rest]);
        const upserted = result?.lastErrorObject?.upserted;
        const ids = [chosen?.id, upserted].filter((id) => id !== undefined);
        return { result, images: pairImages(before, ids.length === 0 ? [] : await read(ids)) };
    });
};

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/ids.js

/**
 * The `_id`s of one list's documents that have none: as the driver makes them, each counting up from the one before. A
 * list that is taken up again so gets the same ids, and the journal has to keep only the first.
 */
class CountedIds {
    first;
    #driver;
    #known;
    #given = 0n;
    /** `first` is that of an earlier run of the same list. */
    constructor(driver, first) {
        this.#driver = driver;
        this.#known = first !== undefined;
        this.first = Uint8Array.from(first ?? new (classesOf(driver).ObjectId)().id);
    }
    next() {
        const { ObjectId } = classesOf(this.#driver);
        const bytes = Buffer.from(this.first);
        bytes.writeBigUInt64BE(BigInt.asUintN(64, bytes.readBigUInt64BE(4) + this.#given), 4);
        // The driver's own counter keeps step: what it makes next comes after.
        if (!this.#known && this.#given > 0n)
            new ObjectId();
        this.#given += 1n;
        return new ObjectId(bytes);
    }
}
const defaultFactories = new WeakMap();
/** Who gives `_id`s to documents that have none. */
function idsFrom(driver, { s, db }, force) {
    if (force ?? (db ?? s?.db)?.options?.forceServerObjectId)
        return 'server';
    const { MongoClient } = driver.classes;
    if (!defaultFactories.has(MongoClient)) {
        // Never connected: it only has what a collection without settings has.
        const plain = new MongoClient('mongodb://localhost').db('a').collection('a');
        defaultFactories.set(MongoClient, plain.s?.pkFactory);
    }
    return s?.pkFactory === defaultFactories.get(MongoClient) ? 'driver' : 'factory';
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/list.js
/** Whether a statement may change several documents. */
function isMany({ kind, op }) {
    return kind === 'update' ? op.multi === true : kind === 'delete' && op.limit === 0;
}
/** The `_id` of a document to insert. */
function list_idOf(document) {
    return document instanceof Map ? document.get('_id') : document._id;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/parse.js





const methods = new Set(['insertMany', 'insert', 'bulkWrite', 'bulk execute']);
const commands = new Set(['command insert', 'command update', 'command delete']);
/** Whether a call is a list of statements for one collection. */
function isList({ call: { method }, args: [first] }) {
    if (commands.has(method))
        return true;
    // What is no array, the driver refuses; only the oldest method takes a document alone.
    return methods.has(method) && (Array.isArray(first) || first instanceof BuiltBulk || method === 'insert');
}
/**
 * The statements of a call. The driver itself reads what user code passed, so that it checks, completes and refuses it
 * as it always does: throws the driver's own errors, before anything is sent. Undefined for a command that is malformed,
 * which is the server's to refuse.
 */
function parse(context, operation, ids) {
    const { method, namespace } = operation.call;
    if (method.startsWith('command '))
        return parseCommand(context, operation.args[0], namespace);
    const [first, options = {}] = operation.args;
    if (first instanceof BuiltBulk)
        return parseBuilt(context, first, options, namespace, ids.given);
    const collection = (operation.on ??
        context.client.db(namespace.database).collection(namespace.collection ?? ''));
    const models = method === 'bulkWrite' ? first : insertModels(context, first, method);
    const settled = {
        ...withoutConcerns(options),
        ...defined({ forceServerObjectId: options?.forceServerObjectId }),
        ...(method === 'insert' && options?.keepGoing === true ? { ordered: false } : {}),
        ...(method === 'insert' && operation.args[1] === undefined ? { ordered: false } : {}),
    };
    const gives = idsFrom(context.driver, collection, settled.forceServerObjectId);
    let foreignIds = false;
    for (const document of models.map(parse_insertedBy)) {
        if (document === undefined || document._id != null)
            continue;
        if (gives === 'driver')
            document._id = ids.counted.next();
        else if (gives === 'factory')
            foreignIds = true;
    }
    const raw = (settled.ordered === false
        ? collection.initializeUnorderedBulkOp(settled)
        : collection.initializeOrderedBulkOp(settled));
    for (const model of models)
        raw.raw(model);
    const list = listOf(context, raw, settled, namespace, (op) => op);
    return { list, form: method === 'bulkWrite' ? 'bulk' : 'insertMany', given: [], foreignIds };
}
function insertModels({ driver }, documents, method) {
    const list = method === 'insert' && !Array.isArray(documents) ? [documents] : documents;
    // Up to version 5 the driver looks at each document before it makes a model of it.
    if (driver.major < 6)
        for (const document of list)
            void document._id;
    return list.map((document) => ({ insertOne: { document } }));
}
/** The document of a model that inserts one; the driver also takes it without `document` around it. */
function parse_insertedBy(model) {
    const inner = model?.insertOne;
    const document = (inner?.document ?? inner);
    return typeof document === 'object' && document !== null ? document : undefined;
}
function parseBuilt(context, built, options, namespace, known) {
    const { raw } = built;
    const { BSON } = classesOf(context.driver);
    const ids = new Map(known.map(({ index, _id }) => [index, _id]));
    // User code may have changed a document since it was added: what counts is what it was then, where the driver keeps that.
    const read = listOf(context, raw, { ...raw.s.options, ...options }, namespace, (op, bytes) => bytes === undefined ? op : BSON.deserialize(bytes, { ...exactTypes, bsonRegExp: true }));
    const statements = read.statements.map((statement) => {
        if (!ids.has(statement.index))
            return statement;
        const _id = ids.get(statement.index);
        statement.given._id = _id;
        return { ...statement, op: { ...statement.op, _id } };
    });
    const insertedIds = read.insertedIds.map(({ index, _id }) => ({ index, _id: ids.has(index) ? ids.get(index) : _id }));
    const named = statements.filter(({ kind, given }) => kind === 'insert' && built.named(given));
    const given = named.map(({ index, op }) => ({ index, _id: list_idOf(op) }));
    return { list: { ...read, statements, insertedIds }, form: 'bulk', given, foreignIds: false };
}
function listOf(context, raw, options, namespace, sent) {
    const { comment, collation, maxTimeMS, let: variables } = options;
    const common = { comment, maxTimeMS };
    const bypass = options.bypassDocumentValidation === true || raw.s.bypassDocumentValidation === true || undefined;
    return {
        namespace,
        ordered: raw.isOrdered,
        statements: statementsOf(context, raw.batches, sent),
        insertedIds: raw.s.bulkResult.insertedIds.map(({ index, _id }) => ({ index, _id })),
        fields: {
            // As drivers send them: the server refuses a collation here.
            insert: defined({ ...common, collation, bypassDocumentValidation: bypass }),
            update: defined({ ...common, let: variables || undefined, bypassDocumentValidation: bypass }),
            delete: defined({ ...common, collation, let: variables || undefined }),
        },
        bson: bsonOptions(raw.bsonOptions),
    };
}
/** Those that change what is sent, or the ids in the answer. */
function bsonOptions(options = {}) {
    const { ignoreUndefined, serializeFunctions, promoteLongs, promoteBuffers, useBigInt64, bsonRegExp } = options;
    return defined({ ignoreUndefined, serializeFunctions, promoteLongs, promoteBuffers, useBigInt64, bsonRegExp });
}
const kinds = { 1: 'insert', 2: 'update', 3: 'delete' };
function statementsOf(context, batches, sent) {
    const { BSON, ObjectId } = classesOf(context.driver);
    return batches.flatMap(({ batchType, operations, originalIndexes, originalZeroIndex, serializedOperations = [] }, batch) => {
        const kind = kinds[batchType] ?? 'insert';
        return operations.map((given, at) => {
            const read = sent(given, serializedOperations[at]);
            const op = kind === 'insert' ? withId(read, () => new ObjectId()) : read;
            // Up to version 6 the driver makes them only for sending: what it cannot send is refused here, before any of it.
            const bytes = (serializedOperations[at] ?? BSON.serialize(op)).length;
            const index = originalIndexes[at] ?? at;
            return { kind, op, given, index, upsertIndex: originalZeroIndex + at, batch, bytes };
        });
    });
}
/** The server would give it an id that nobody is told: its image is found by this one. */
function withId(document, id) {
    const plain = typeof document.toBSON === 'function' ? document.toBSON() : document;
    if (list_idOf(plain) !== undefined)
        return plain;
    return plain instanceof Map ? new Map([['_id', id()], ...plain]) : { _id: id(), ...plain };
}
const listed = {
    insert: { field: 'documents', batchType: 1 },
    update: { field: 'updates', batchType: 2 },
    delete: { field: 'deletes', batchType: 3 },
};
/** Of the session and the transaction: they are the journal's here. */
const notSent = new Set(['writeConcern', 'lsid', 'txnNumber', 'autocommit', 'startTransaction', 'readConcern', '$db']);
function parseCommand(context, command, namespace) {
    const name = Object.keys(command)[0] ?? '';
    const form = listed[name];
    const operations = form === undefined ? undefined : command[form.field];
    if (form === undefined || !Array.isArray(operations) || operations.length === 0)
        return undefined;
    if (!operations.every((entry) => typeof entry === 'object' && entry !== null))
        return undefined;
    const batch = {
        batchType: form.batchType,
        originalZeroIndex: 0,
        originalIndexes: [...operations.keys()],
        operations,
    };
    const statements = statementsOf(context, [batch], (op) => op);
    const fields = {};
    for (const [field, value] of Object.entries(command)) {
        if (field !== name && field !== form.field && field !== 'ordered' && !notSent.has(field))
            fields[field] = value;
    }
    const list = {
        ...{ namespace, statements, ordered: command.ordered !== false, insertedIds: [], bson: {} },
        fields: { insert: fields, update: fields, delete: fields },
    };
    return { list, form: 'reply', given: [], foreignIds: false };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/progress.js




/**
 * An entry is one document of at most 16 MB, and holds reads as well: up to this many bytes of BSON a checkpoint keeps
 * what its list answered so far.
 */
const progress_keptBytes = 4_000_000;
function atBeginning(insertedIds) {
    return { done: 0, raw: emptyResult(insertedIds), uncounted: gate_tally/* noCounts */.Yi };
}
/** Further by what was applied, and by a statement that was refused. */
function advanced({ raw, uncounted }, done, applied, refused) {
    return {
        done,
        uncounted,
        raw: {
            ...raw,
            writeErrors: refused === undefined ? raw.writeErrors : [...raw.writeErrors, new WriteError(refused)],
            nInserted: raw.nInserted + applied.inserted,
            nUpserted: raw.nUpserted + applied.upserted.length,
            nMatched: raw.nMatched + applied.matched,
            nModified: raw.nModified + applied.modified,
            nRemoved: raw.nRemoved + applied.removed,
            upserted: applied.upserted.length === 0 ? raw.upserted : [...raw.upserted, ...applied.upserted],
        },
    };
}
/** Further by what the driver is told nothing of. */
function silently({ raw, uncounted }, done, counts) {
    return { done, raw, uncounted: (0,gate_tally/* sum */.cz)(uncounted, counts) };
}
/** All that is done by then. */
function countsOfProgress(progress) {
    return (0,gate_counts/* countsOfCheckpoint */.cq)(progress_checkpointOf(progress, {}));
}
/**
 * What has to be known to go on with the list in another process; `constants` beside it. With `omitted` among them no
 * other process can: what was answered so far is too large to keep, and known only to the one that runs.
 */
function progress_checkpointOf({ done, raw, uncounted, within }, constants) {
    const { nMatched, nModified, nInserted, nUpserted, nRemoved, upserted, writeErrors } = raw;
    const answered = { upserted, refused: writeErrors.map(({ err: { op: _op, ...fields } }) => fields) };
    return {
        through: done - 1,
        counts: { matched: nMatched, modified: nModified, inserted: nInserted + nUpserted, deleted: nRemoved },
        constants: {
            ...constants,
            ...(bsonSize(answered, progress_keptBytes) > progress_keptBytes ? { omitted: true } : answered),
            ...(uncounted === gate_tally/* noCounts */.Yi ? {} : { uncounted }),
            ...(within === undefined ? {} : { within }),
        },
    };
}
/** `statement` gives what user code passed at an index, for errors to quote. */
function progressFrom({ through, counts, constants = {} }, insertedIds, statement) {
    const upserted = (constants.upserted ?? []);
    const refused = (constants.refused ?? []);
    return {
        done: Number(through) + 1,
        uncounted: constants.uncounted ?? gate_tally/* noCounts */.Yi,
        within: constants.within,
        raw: {
            ...emptyResult(insertedIds),
            writeErrors: refused.map((fields) => new WriteError({ ...fields, op: statement(fields.index) })),
            nInserted: counts.inserted - upserted.length,
            nUpserted: upserted.length,
            nMatched: counts.matched,
            nModified: counts.modified,
            nRemoved: counts.deleted,
            upserted,
        },
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/answer.js



/** The answer of the driver to a list of which this was done. `refused`: a whole command was, with this error. */
function answer_answerOf(driver, form, ordered, raw, kind, refused) {
    if (form === 'reply')
        return refused ?? { value: replyOf(kind, raw) };
    const result = bulkWriteResult(raw, driver.major, ordered);
    const { MongoBulkWriteError } = classesOf(driver);
    if (refused !== undefined) {
        const error = new MongoBulkWriteError(refused.error, result);
        // There is no code then that tells of it.
        if ((0,unsent/* unsent */.Y)(refused.error))
            error.cause ??= refused.error;
        return { error };
    }
    const { writeErrors } = raw;
    const [first] = writeErrors;
    if (first !== undefined) {
        const about = { message: first.errmsg || 'write operation failed', code: first.code, writeErrors };
        return { error: new MongoBulkWriteError(about, result) };
    }
    if (form === 'bulk')
        return { value: result };
    const { insertedCount, insertedIds } = result;
    return { value: { acknowledged: true, insertedCount, insertedIds } };
}
/** What the server replies to a raw command. */
function replyOf(kind, raw) {
    const { upserted, writeErrors } = raw;
    const n = { insert: raw.nInserted, update: raw.nMatched + upserted.length, delete: raw.nRemoved }[kind];
    return {
        n,
        ...(upserted.length > 0 ? { upserted } : {}),
        ...(writeErrors.length > 0 ? { writeErrors: writeErrors.map(({ err: { op: _op, ...answer } }) => answer) } : {}),
        ...(kind === 'update' ? { nModified: raw.nModified } : {}),
        ok: 1,
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/candidates.js






/**
 * The documents that a list of statements can change, read before its first one. That is every document that any of its
 * filters finds now: one that only fits a later filter because of an earlier statement was found by that one's, or is
 * inserted by the list. Undefined where there are more than the bound, or where what they find cannot be known.
 */
async function candidatesOf(context, list, statements, session, bound) {
    const ids = [];
    const given = [];
    const groups = new Map();
    for (const [at, { kind, op }] of statements.entries()) {
        if (kind === 'insert') {
            given.push(list_idOf(op));
            continue;
        }
        const filter = (op.q ?? {});
        if (op.collation === undefined && namesItsDocument(filter)) {
            ids.push(filter._id);
            continue;
        }
        if (bound !== undefined && isUncertain(filter))
            return undefined;
        const alone = standsAlone(filter);
        const key = alone ? `alone ${at}` : JSON.stringify(op.collation ?? null);
        const group = groups.get(key) ?? {
            filters: [],
            finding: { collation: op.collation, let: list.fields[kind].let, hint: alone ? op.hint : undefined },
        };
        group.filters.push(filter);
        groups.set(key, group);
    }
    const before = [];
    const known = ids.length;
    if (ids.length > 0)
        before.push(...(await read(context, list, session, { _id: { $in: ids } })));
    for (const { filters, finding } of groups.values()) {
        for (let at = 0; at < filters.length; at += branches) {
            const some = filters.slice(at, at + branches);
            const filter = some.length === 1 ? (some[0] ?? {}) : { $or: some };
            const limit = bound === undefined ? undefined : bound.documents + 1;
            const found = await readDocuments(context, list.namespace, session, filter, { ...finding, limit });
            before.push(...found);
            if (bound !== undefined && before.length > bound.documents + known)
                return undefined;
        }
    }
    if (bound !== undefined && statements.length > 1) {
        const bytes = before.reduce((sum, document) => sum + document.length, 0);
        if (bytes > bound.bytes)
            return undefined;
    }
    if (groups.size === 0)
        return { before, ids: [...ids, ...given] };
    // Several filters may find the same one.
    const different = [...new Map(before.map((document) => [(0,raw_bson/* idKey */.T4)(document), document])).values()];
    return { before: different, ids: [...ids, ...different.map((document) => exactId(context, document)), ...given] };
}
/** Of documents by their `_id`s, as bytes. */
function read(context, { namespace }, session, filter) {
    return readDocuments(context, namespace, session, filter);
}
/** Branches of one `$or`: a command is at most 16 MB, and planning takes longer than proportionally. */
const branches = 250;
/** Whether a filter asks for one `_id` by value, with or without more conditions. */
function namesItsDocument(filter) {
    return '_id' in filter && isById({ _id: filter._id });
}
/** Operators that no `$or` takes, or that decide on the index. */
function standsAlone(filter) {
    return mentions(filter, (inner) => inner === '$text' || inner === '$near' || inner === '$nearSphere');
}
/** Whether a filter finds others each time, by chance or by the clock: nothing read before tells what it will find. */
function isUncertain(filter) {
    return choosesAtRandom(filter) || mentions(filter, (inner) => inner === '$$NOW' || inner === '$$CLUSTER_TIME');
}
/** The `_id` of a document, such that it finds just that one. */
function exactId({ driver }, document) {
    // The server keeps it in front: no more than that is read of most documents.
    return classesOf(driver).BSON.deserialize(idOnly(document), exactTypes)._id;
}
function idOnly(document) {
    for (const { name, start, end } of (0,raw_bson/* elementsOf */.ZE)(document)) {
        if (name !== '_id')
            continue;
        const bytes = Buffer.alloc(end - start + 5);
        bytes.writeInt32LE(bytes.length);
        bytes.set(document.subarray(start, end), 4);
        return bytes;
    }
    return raw_bson/* emptyDocument */.vM;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/apply.js





const nothingApplied = { inserted: 0, matched: 0, modified: 0, removed: 0, upserted: [], images: [] };
function countsOfApplied({ inserted, matched, modified, removed, upserted }) {
    return { matched, modified, inserted: inserted + upserted.length, deleted: removed };
}
/** The server refused one statement, and with it, inside a transaction, all before it. */
class StatementRefused extends Error {
    /** In the statements that were to be applied. */
    at;
    answer;
    constructor(at, answer) {
        super('A statement of a list was refused.');
        this.at = at;
        this.answer = answer;
    }
}
/** The server refused a whole command, before any of its statements. */
class CommandRefused extends Error {
    /** The first of its statements. */
    at;
    constructor(at, cause) {
        super('A command of a list was refused.', { cause });
        this.at = at;
    }
}
/** More documents than one transaction should hold. */
class TooMany extends Error {
}
/** What the statements are about cannot be read beforehand: most likely one of them is wrong. */
class Unreadable extends Error {
}
/**
 * Applies statements one after the other, up to the first that is refused. With a bound it may throw `TooMany` before it
 * has sent anything. Throws the other errors of this file, and those that the transaction has to be tried again for.
 */
async function applyStatements(context, list, statements, session, bound) {
    if (!context.images)
        return send(context, list, statements, session);
    const candidates = await candidatesOf(context, list, statements, session, bound).catch((error) => {
        throw (0,transactions/* wasRefused */.GD)(error) ? new Unreadable('', { cause: error }) : error;
    });
    if (candidates === undefined) {
        if (statements.some(isMany))
            throw new TooMany();
        return applyEach(context, list, statements, session);
    }
    const applied = await send(context, list, statements, session);
    const ids = [...candidates.ids, ...applied.upserted.map(({ _id }) => _id)];
    // What a transaction reads by `_id`, it reads as it wrote it.
    const after = ids.length === 0 ? [] : await read(context, list, session, { _id: { $in: ids } });
    return { ...applied, images: pairImages(candidates.before, after) };
}
/** Each statement by itself, for the one document that it finds first: what else its filter finds is not looked at. */
async function applyEach(context, list, statements, session) {
    const images = new Map();
    let sum = nothingApplied;
    for (const [at, statement] of statements.entries()) {
        const { op, kind } = statement;
        const { sort, collation, hint } = op;
        const chosen = kind === 'insert'
            ? undefined
            : await chooseOne(context, list.namespace, session, op.q ?? {}, {
                ...{ sort, collation, hint, let: list.fields[kind].let },
            });
        const target = chosen === undefined ? statement : { ...statement, op: { ...op, q: narrowed(op.q ?? {}, chosen.id) } };
        const ids = chosen !== undefined ? [chosen.id] : kind === 'insert' ? [op._id] : [];
        const before = chosen === undefined ? [] : await read(context, list, session, { _id: { $in: ids } });
        const applied = await placed(at, () => send(context, list, [target], session));
        const found = { _id: { $in: [...ids, ...applied.upserted.map(({ _id }) => _id)] } };
        keep(images, before, await read(context, list, session, found));
        sum = plus(sum, applied);
    }
    return { ...sum, images: [...images.values()].filter(apply_changed) };
}
/** A refusal counts in the whole list. */
async function placed(at, run) {
    try {
        return await run();
    }
    catch (error) {
        if (error instanceof StatementRefused)
            throw new StatementRefused(at, error.answer);
        if (error instanceof CommandRefused)
            throw new CommandRefused(at, error.cause);
        throw error;
    }
}
/** Several statements may change the same document: from what it was before the first to what it is after the last. */
function keep(images, before, after) {
    for (const document of before) {
        const key = (0,raw_bson/* idKey */.T4)(document);
        images.set(key, { before: images.has(key) ? images.get(key)?.before : document });
    }
    for (const document of after) {
        const key = (0,raw_bson/* idKey */.T4)(document);
        images.set(key, { before: images.get(key)?.before, after: document });
    }
}
function apply_changed({ before, after }) {
    if (before === undefined || after === undefined)
        return before !== after;
    return !Buffer.from(before).equals(after);
}
function plus(a, b) {
    return {
        inserted: a.inserted + b.inserted,
        matched: a.matched + b.matched,
        modified: a.modified + b.modified,
        removed: a.removed + b.removed,
        upserted: [...a.upserted, ...b.upserted],
        images: a.images,
    };
}
const statementsField = {
    insert: 'documents',
    update: 'updates',
    delete: 'deletes',
};
async function send(context, { namespace, fields, bson, singly }, statements, session) {
    const db = context.client.db(namespace.database);
    let sum = nothingApplied;
    for (let from = 0; from < statements.length;) {
        const { kind, batch } = statements[from];
        let to = from + 1;
        while (singly !== true && statements[to]?.batch === batch)
            to += 1;
        const some = statements.slice(from, to);
        let reply;
        try {
            reply = await db.command(
            // Ordered, also for a list that is not: a transaction is over with the first refusal.
            {
                [kind]: namespace.collection,
                [statementsField[kind]]: some.map(({ op }) => op),
                ordered: true,
                ...fields[kind],
            }, { ...bson, session });
        }
        catch (error) {
            throw (0,transactions/* wasRefused */.GD)(error) ? new CommandRefused(from, error) : error;
        }
        const [refused] = reply.writeErrors ?? [];
        if (refused !== undefined)
            throw new StatementRefused(from + refused.index, refused);
        sum = plus(sum, appliedOf(kind, reply, some));
        from = to;
    }
    return sum;
}
function appliedOf(kind, { n = 0, nModified = 0, upserted = [] }, sent) {
    if (kind === 'insert')
        return { ...nothingApplied, inserted: n };
    if (kind === 'delete')
        return { ...nothingApplied, removed: n };
    return {
        ...nothingApplied,
        matched: n - upserted.length,
        modified: nModified,
        upserted: upserted.map(({ index, _id }) => ({ index: sent[index]?.upsertIndex ?? index, _id })),
    };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/divided.js




/**
 * Carries out one statement of a list that is about many documents, as an `updateMany` or `deleteMany` of its own would
 * be: in batches, and as far as it gets where the server refuses a document. Its entry stays the list's: `write` puts
 * each stage of it there, within a transaction that `committed` is called after.
 *
 * Rejects with the driver's error where it is refused, which `write` has been told of then.
 */
async function divided(context, list, statement, from, write, committed) {
    const { transactor } = context;
    const put = async (tx, { checkpoint, result, error, state }, images) => write(tx, state === 'progress' ? { checkpoint } : { result, error, done: checkpoint?.counts }, images);
    const within = {
        ...context,
        // The list tells of its own.
        progress: undefined,
        transactor: {
            transact: async (work, options) => {
                const result = await transactor.transact((tx) => work({
                    session: tx.session,
                    record: async (draft, images = []) => {
                        await put(tx, draft, images);
                        return partOf;
                    },
                    amend: (_, fields, added) => put(tx, fields, added?.images ?? []),
                }), options);
                committed();
                return result;
            },
        },
    };
    const begun = from === undefined ? undefined : { _id: partOf, checkpoint: from, state: 'progress' };
    const turn = { fingerprint: '', takeReads: () => [], begun };
    return batches(within, operationOf(context, list, statement), turn);
}
/** The list's entry has an id of its own. */
const partOf = 'part of a list';
function operationOf(context, list, statement) {
    const { op, kind } = statement;
    const { database, collection: name = '' } = list.namespace;
    const collection = context.client.db(database).collection(name);
    const { q, u, upsert, collation, hint, arrayFilters } = op;
    const options = { ...list.bson, ...list.fields[kind], ...divided_plain({ upsert, collation, hint, arrayFilters }) };
    const removes = kind === 'delete';
    const method = removes ? 'deleteMany' : 'updateMany';
    return {
        call: { kind: removes ? 'delete' : 'update', method, namespace: list.namespace, multi: true, mayCreate: false },
        args: removes ? [q, options] : [q, u, options],
        on: collection,
        session: undefined,
        send: (session, args = []) => {
            const sent = [...args];
            sent[removes ? 1 : 2] = { ...sent[removes ? 1 : 2], session };
            const call = collection[method];
            return call.apply(collection, sent);
        },
        change: (result) => ({ counts: (0,gate_counts/* countsOf */.mQ)(result) }),
    };
}
function divided_plain(options) {
    return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
/** Whether a statement for many documents can be sent as the `updateMany` or `deleteMany` that it is. */
function isDividable(statement) {
    if (!isMany(statement))
        return false;
    const { u } = statement.op;
    return statement.kind === 'delete' || Array.isArray(u) || Object.keys(u ?? {}).every((key) => key.startsWith('$'));
}
/** Of the answer to an `updateMany` or `deleteMany`. */
function appliedBy({ kind, upsertIndex }, answer) {
    const { matchedCount, modifiedCount, upsertedCount, upsertedId, deletedCount } = (answer ?? {});
    if (kind === 'delete')
        return { ...nothingApplied, removed: deletedCount };
    const upserted = upsertedCount > 0 ? [{ index: upsertIndex, _id: upsertedId }] : [];
    return { ...nothingApplied, matched: matchedCount, modified: modifiedCount, upserted };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/failing.js

function storedFailing({ from, until, error }) {
    return { from, until, error: storeError(error) };
}
function failingFrom({ from, until, error }, driver) {
    return { from, until, error: error === undefined ? undefined : restoreError(error, driver) };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/run-list.js











/** What one transaction takes: statements, bytes of them, and documents that they may find. */
const most = { statements: 1000, bytes: 8_000_000, documents: 5000, documentBytes: 16_000_000 };
/** A transaction that takes longer is felt by users: the next one is made smaller. */
const run_list_longestMs = 250;
/** Conflicts with users' writes after which a part of the list is halved. */
const conflictsBeforeHalving = 2;
/** UnknownField (`src/mongo/base/error_codes.yml`): of the command itself, before any of its statements. */
const unknownField = 40415;
/**
 * Carries a list of statements out: in one transaction where it fits, else in several, the entry then in progress from
 * the first to the last.
 *
 * What the server refuses aborts a transaction. It is made again without that statement: an ordered list then ends
 * before it, as it does without us; an unordered one goes on behind it.
 */
class ListRun {
    #context;
    #call;
    #parsed;
    #about;
    /** Kept with each checkpoint. */
    #constants;
    #progress;
    #entry;
    #size = most.statements;
    /** A statement for many documents that the server refused: it is carried out as far as it gets. */
    #toDivide;
    /** A command of the list that was refused as a whole. */
    #failing;
    /** A statement whose documents the server refuses to find: it is sent for the server to refuse. */
    #unreadable;
    constructor(context, call, parsed, about, constants, begun) {
        this.#context = context;
        this.#call = call;
        this.#parsed = parsed;
        this.#about = about;
        this.#constants = constants;
        this.#progress = begun?.progress ?? atBeginning(parsed.list.insertedIds);
        this.#entry = begun?.entry;
        if (begun?.failing !== undefined)
            this.#failing = failingFrom(begun.failing, context.driver);
    }
    async run() {
        for (;;) {
            const { done, within } = this.#progress;
            const divides = within !== undefined || done === this.#toDivide;
            const answer = await (divides ? this.#divide() : this.#step(this.#nextGoal()));
            if (answer !== undefined)
                return answer;
            await this.#context.throttle.pause();
            this.#context.refuseWhenClosed();
        }
    }
    /** Reaches a goal, or a nearer one where the server refuses it. The answer where the list is over then. */
    async #step(goal) {
        for (let next = goal;;) {
            try {
                return await this.#reach(next);
            }
            catch (error) {
                const nearer = this.#nearer(next, error);
                if (nearer === undefined)
                    throw error instanceof Unreadable ? error.cause : error;
                if (nearer.to === this.#progress.done && nearer.to === this.#toDivide)
                    return this.#divide();
                next = nearer;
            }
        }
    }
    /** What can be reached in spite of an error; undefined where that is for user code to see as it is. */
    #nearer({ to }, error) {
        const from = this.#progress.done;
        if (error instanceof StatementRefused) {
            const at = from + error.at;
            const statement = this.#statement(at);
            // Fewer at once from here on: what comes before a refusal is sent twice.
            this.#size = Math.max(20, Math.min(this.#size, 2 * error.at));
            if (isDividable(statement)) {
                this.#toDivide = at;
                return { to: at };
            }
            return { to: at, refused: this.#refused(statement, error.answer) };
        }
        const several = to - from > 1;
        const cause = error instanceof CommandRefused ? error.cause : error;
        if (error instanceof Unreadable && !several) {
            if (this.#unreadable?.at === from)
                return undefined;
            this.#unreadable = { at: from, cause: error.cause };
            return { to };
        }
        if (error instanceof TooMany || error instanceof Unreadable || tooManyAtOnce(cause)) {
            if (several) {
                this.#size = Math.ceil((to - from) / 2);
                return { to: from + this.#size };
            }
            if (isDividable(this.#statement(from))) {
                this.#toDivide = from;
                return { to: from };
            }
        }
        return error instanceof CommandRefused ? this.#nearerThanCommand(from + error.at, error.cause) : undefined;
    }
    /**
     * A command failed as a whole, which has two reasons. Nothing of it was begun; or one of its statements is such that
     * the server forgets what it has to say of the others. They are done all the same: before that one in an ordered list,
     * around it in an unordered one, and counted nowhere.
     */
    #nearerThanCommand(at, error) {
        const { statements, ordered } = this.#parsed.list;
        const { batch, kind } = this.#statement(at);
        let until = at;
        while (statements[until]?.batch === batch)
            until += 1;
        const known = this.#failing;
        if (known === undefined) {
            this.#failing = { from: at, until, error };
            const notBegun = kind === 'insert' || (0,server_code/* serverCode */.XY)(error) === unknownField || (0,unsent/* unsent */.Y)(error);
            if (notBegun)
                return { to: at, ends: true };
            if (until - at > 1)
                return { to: at };
        }
        return ordered ? { to: at, ends: true } : { to: at, passesOver: true };
    }
    /** As user code sees it: of a raw command's reply all that the server says, of the driver's errors what those hold. */
    #refused({ index, given }, answer) {
        const { code, errmsg, errInfo } = answer;
        const more = this.#parsed.form === 'reply' ? answer : {};
        return { ...more, index, code, errmsg, errInfo, op: given };
    }
    async #reach({ to, refused, passesOver, ends }) {
        const { list } = this.#parsed;
        const from = this.#progress.done;
        const silent = this.#failing !== undefined && from >= this.#failing.from;
        const done = refused === undefined && passesOver !== true ? to : to + 1;
        const over = ends === true || this.#isOver(done, refused);
        const further = (applied) => silent
            ? silently(this.#progress, done, countsOfApplied(applied))
            : advanced(this.#progress, done, applied, refused);
        if (to === from && !over) {
            // Nothing to write down: after a crash it is refused again.
            this.#progress = further(nothingApplied);
            return undefined;
        }
        const statements = list.statements.slice(from, to);
        const began = performance.now();
        const reached = await this.#transact(statements.length, async (tx) => {
            const applied = await this.#apply(tx, statements);
            const progress = further(applied);
            const answer = over ? this.#answer(progress) : undefined;
            return { answer, progress, entry: await this.#write(tx, progress, answer, applied.images) };
        });
        this.#committed(reached);
        this.#adapt(statements.length, performance.now() - began);
        return reached.answer;
    }
    async #apply(tx, statements) {
        if (statements.length === 0)
            return nothingApplied;
        const [first] = statements;
        if (this.#progress.done === this.#unreadable?.at) {
            await send(this.#context, this.#sent(), statements, tx.session);
            // Without an image it may not go through: what the reading met is what user code is told.
            throw new Unreadable('', { cause: this.#unreadable.cause });
        }
        // What cannot be done in parts is done whole, however much it is.
        const whole = statements.length === 1 && first !== undefined && isMany(first) && !isDividable(first);
        const bound = whole ? undefined : { documents: most.documents, bytes: most.documentBytes };
        return applyStatements(this.#context, this.#sent(), statements, tx.session, bound);
    }
    /** In a command that failed as a whole each statement is sent by itself, to find the one. */
    #sent() {
        const silent = this.#failing !== undefined && this.#progress.done >= this.#failing.from;
        return { ...this.#parsed.list, singly: silent };
    }
    /** Carries the next statement out by itself, in batches. */
    async #divide() {
        const before = this.#progress;
        const statement = this.#statement(before.done);
        let written;
        let over;
        const write = async (tx, { checkpoint, result, error, done }, images) => {
            const refused = error === undefined
                ? undefined
                : this.#refused(statement, { ...error.response, index: 0, code: error.code ?? 0, errmsg: error.message });
            const applied = refused === undefined ? appliedBy(statement, result?.value) : nothingApplied;
            const known = done === undefined ? before : silently(before, before.done, done);
            const progress = checkpoint === undefined
                ? advanced(known, before.done + 1, applied, refused)
                : { ...before, within: checkpoint };
            const ends = checkpoint === undefined && this.#isOver(progress.done, refused);
            const answer = ends ? this.#answer(progress) : undefined;
            written = { answer, progress, entry: await this.#write(tx, progress, answer, images) };
        };
        const committed = () => {
            if (written === undefined)
                return;
            this.#committed(written);
            if (written.progress.within === undefined)
                over = written;
        };
        try {
            await divided(this.#context, this.#parsed.list, statement, before.within, write, committed);
        }
        catch (error) {
            // It was refused, which stands in the entry by now: user code gets the list's error, not the statement's.
            if (over === undefined)
                throw error;
        }
        return over?.answer;
    }
    #isOver(done, refused) {
        const { ordered, statements } = this.#parsed.list;
        return (refused !== undefined && ordered) || done >= (this.#failing?.until ?? statements.length);
    }
    #committed({ progress, entry }) {
        this.#progress = progress;
        this.#entry = entry;
        this.#context.progress?.(this.#call, countsOfProgress(progress));
    }
    async #transact(size, work) {
        let conflicts = 0;
        return this.#context.transactor.transact(work, {
            onConflict: (error) => {
                conflicts += 1;
                // Thrown from here it ends the repetitions: a smaller part is tried.
                if (size > 1 && conflicts > conflictsBeforeHalving && (0,transactions/* passing */.qO)(error) === 'conflict')
                    throw error;
            },
        });
    }
    async #write(tx, progress, answer, images) {
        const state = this.#state(progress, answer);
        const { method, namespace } = this.#call;
        if (this.#entry !== undefined) {
            await tx.amend(this.#entry, state, { namespace, images });
            return this.#entry;
        }
        const about = { kind: 'write', method, namespace, ...this.#about, images: this.#context.images };
        return tx.record({ ...about, ...state }, images);
    }
    #state(progress, answer) {
        if (answer === undefined) {
            const failing = this.#failing === undefined ? {} : { failing: storedFailing(this.#failing) };
            return { state: 'progress', checkpoint: progress_checkpointOf(progress, { ...this.#constants, ...failing }) };
        }
        // An answer does not count all that was done, or is too large to keep.
        const counts = countsOfProgress(progress);
        const checkpoint = { through: progress.done - 1, counts, last: true };
        if ('value' in answer)
            return { state: 'done', result: storeResult(answer.value), checkpoint };
        const clean = this.#entry === undefined && counts.matched + counts.inserted + counts.deleted === 0;
        return { state: clean ? 'refused' : 'done', error: storeError(answer.error), checkpoint };
    }
    #answer({ raw, done }) {
        const { form, list } = this.#parsed;
        const kind = list.statements[0]?.kind ?? 'insert';
        const failing = this.#failing;
        if (failing === undefined || done < failing.from)
            return answer_answerOf(this.#context.driver, form, list.ordered, raw, kind);
        // Its command says nothing of them.
        const { batch } = this.#statement(failing.from);
        const silent = new Set(list.statements.filter((statement) => statement.batch === batch).map(({ index }) => index));
        const writeErrors = raw.writeErrors.filter(({ index }) => !silent.has(index));
        return answer_answerOf(this.#context.driver, form, list.ordered, { ...raw, writeErrors }, kind, failing);
    }
    #nextGoal() {
        const { statements } = this.#parsed.list;
        const from = this.#progress.done;
        const failing = this.#failing;
        const end = failing === undefined ? statements.length : from < failing.from ? failing.from : failing.until;
        let to = from;
        let bytes = 0;
        while (to < end && to - from < this.#size) {
            bytes += this.#statement(to).bytes;
            if (bytes > most.bytes && to > from)
                break;
            to += 1;
        }
        return { to };
    }
    #adapt(statements, ms) {
        if (ms > run_list_longestMs)
            this.#size = Math.max(20, Math.ceil((statements * run_list_longestMs) / ms));
        else if (statements >= this.#size)
            this.#size = Math.min(most.statements, this.#size * 2);
    }
    #statement(at) {
        return this.#parsed.list.statements[at];
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/bulk.js










/**
 * Lists of statements: `insertMany`, `bulkWrite`, the older builders, raw `insert`, `update` and `delete` commands; and
 * what else writes documents by one call: raw `findAndModify`, the client's `bulkWrite`.
 *
 * Rejects with the driver's own errors. Throws `REPLAY_DIVERGED` where an earlier run has inserted documents under ids
 * that this one cannot give again, or was answered more than is kept; and `STATEMENT_TOO_LARGE`.
 */
const bulk = (context, operation, turn) => {
    const { method } = operation.call;
    // A cursor of a raw command sends it by itself, at its first fetch.
    if (operation.on instanceof context.driver.classes.AbstractCursor)
        return unfenced(context, operation, turn);
    if (isList(operation))
        return list(context, operation, turn);
    // No array: the driver refuses it.
    if (method === 'insertMany' || method === 'bulkWrite')
        return operation.send(operation.session);
    if (method.toLowerCase() === 'command findandmodify')
        return find_and_modify_findAndModify(context, operation, turn);
    return whole(context, operation, turn);
};
async function list(context, operation, turn) {
    const { begun, fingerprint } = turn;
    const { first, given } = (begun?.checkpoint?.constants ?? {});
    const counted = new CountedIds(context.driver, first === undefined ? undefined : (0,raw_bson/* bytesOf */.$$)(first));
    const parsed = parse(context, operation, { counted, given: given ?? [] });
    if (parsed === undefined)
        return whole(context, operation, turn);
    // The driver refuses an empty list, and sends nothing.
    if (parsed.list.statements.length === 0)
        return operation.send(operation.session);
    const constants = { first: counted.first, ...keptIds(parsed) };
    if (begun?.checkpoint === undefined) {
        const run = new ListRun(context, operation.call, parsed, { fingerprint, reads: turn.takeReads() }, constants);
        return taken(await run.run());
    }
    if (parsed.foreignIds || (parsed.given.length > 0 && given === undefined)) {
        throw divergence('documents that were inserted have got other ids by now');
    }
    if (begun.checkpoint.constants?.omitted === true) {
        throw divergence('what a list answered so far was too large to keep');
    }
    const { statements, insertedIds } = parsed.list;
    const byIndex = new Map(statements.map(({ index, given }) => [index, given]));
    const progress = progressFrom(begun.checkpoint, insertedIds, (index) => byIndex.get(index));
    const { failing } = (begun.checkpoint.constants ?? {});
    const earlier = { entry: begun._id, progress, failing };
    const run = new ListRun(context, operation.call, parsed, { fingerprint }, constants, earlier);
    return taken(await run.run());
}
/** They stand in each checkpoint, of at most 16 MB with all else: up to this many bytes of BSON, about 20,000 ObjectIds. */
const givenBytes = 1_000_000;
function keptIds({ given }) {
    return given.length === 0 || bsonSize(given, givenBytes) > givenBytes ? {} : { given };
}
function taken(answer) {
    if ('error' in answer)
        throw answer.error;
    return answer.value;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/give-ids.js


/**
 * Gives the ids of an earlier run to user code's own documents, into which the driver puts those that it makes: also
 * when a call is answered from the journal, whether it succeeded or not. `answer` is its result, or its error.
 */
function giveIds(args, answer) {
    const [first] = args;
    const { insertedId, insertedIds } = (answer ?? {});
    const ids = insertedIds ?? (insertedId === undefined ? {} : { 0: insertedId });
    for (const [index, id] of Object.entries(ids)) {
        if (first instanceof BuiltBulk) {
            const document = first.documentAt(Number(index));
            if (document !== undefined && first.named(document))
                document._id = id;
            continue;
        }
        const entry = (Array.isArray(first) ? first[Number(index)] : first);
        const document = parse_insertedBy(entry) ?? entry;
        if (typeof document === 'object' && document !== null && document._id == null && id != null)
            document._id = id;
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/drop.js






/** `drop`, `dropCollection`: the collection becomes a tombstone, where it can. */
async function dropStep(context, operation, begun) {
    const change = begun ?? (await drop_intended(context, operation));
    const { before, tombstone } = change;
    if (before === undefined)
        return dropOfNothing(operation, change);
    const answer = drop_answerOf(operation, before.indexes.length, before.type === 'view');
    if (tombstone !== undefined)
        return dropToTombstone(context, operation, change, answer);
    return {
        change,
        note: before.type === 'view' ? undefined : `The collection ${doubt_named(operation.call.namespace)} was dropped for good.`,
        act: ({ ready }) => dropForGood(context, operation, before.type === 'collection' ? before.uuid : undefined, answer, ready),
        done: async ({ here }) => {
            const still = before.uuid === undefined ? here?.type === before.type : here?.uuid === before.uuid;
            return still ? undefined : { result: answer };
        },
    };
}
async function drop_intended(context, operation) {
    const { namespace } = operation.call;
    const before = await (0,look/* lookAt */.t5)(context, namespace);
    const type = 'drop-collection';
    if (before?.uuid === undefined || !(await renamable(context, operation, before)))
        return { type, before };
    return { type, before, tombstone: context.own.dropped(before.uuid) };
}
async function renamable(context, { call, args }, { type }) {
    if (!context.images || type !== 'collection' || call.namespace.collection?.startsWith('system.'))
        return false;
    // With these the driver drops further collections.
    const { encryptedFields } = (alongOf(call.method, args).options ?? {});
    return encryptedFields === undefined && !(await isSharded(context, call.namespace));
}
/** The driver and the server agree on what that is: true, false or an error, by their versions. */
function dropOfNothing(operation, change) {
    return {
        change,
        act: () => operation.send(operation.session),
        done: async ({ here }) => {
            if (here === undefined)
                return undefined;
            throw inDoubt(operation.call, 'there was nothing to drop, and now there is');
        },
    };
}
function dropToTombstone(context, operation, change, answer) {
    const { call, args, session } = operation;
    const { namespace } = call;
    const { uuid = '' } = change.before ?? {};
    const tombstone = change.tombstone ?? '';
    let otherwise = {};
    return {
        change,
        act: async ({ ready }) => {
            const state = await (0,look/* lookAt */.t5)(context, namespace);
            if (state === undefined) {
                await ready();
                return operation.send(session);
            }
            if (state.uuid !== uuid)
                throw inDoubt(call, 'another collection has its name by now');
            try {
                const along = { ...alongOf(call.method, args), session, ready };
                await bury(context, namespace, { ...state, uuid }, tombstone, along);
            }
            catch (error) {
                if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.Unauthorized)
                    throw error;
                const note = `The collection ${doubt_named(namespace)} was dropped for good: the user has no right to rename it.`;
                otherwise = { tombstone: undefined, note };
                return dropForGood(context, operation, uuid, answer, ready);
            }
            return answer;
        },
        done: async ({ here }) => {
            const { database } = namespace;
            if ((await (0,look/* lookAt */.t5)(context, { database, collection: tombstone }))?.uuid === uuid)
                return { result: answer };
            if (here?.uuid === uuid)
                return undefined;
            if (here !== undefined)
                throw inDoubt(call, 'another collection has its name by now');
            const note = `The collection ${doubt_named(namespace)} is gone, and so is its tombstone.`;
            otherwise = { tombstone: undefined, note };
            return { result: answer };
        },
        otherwise: () => otherwise,
    };
}
async function dropForGood(context, operation, uuid, answer, ready) {
    const { call, args, session } = operation;
    const { database, collection } = call.namespace;
    const along = alongOf(call.method, args);
    const guard = await only(context, uuid);
    const plain = guard.collectionUUID === undefined || encrypted(along.options);
    if (plain) {
        await ready();
        return operation.send(session);
    }
    await run(context, database, { drop: collection, ...guard }, { ...along, session, ready });
    return answer;
}
function encrypted(options) {
    return options?.encryptedFields !== undefined;
}
function drop_answerOf({ call }, nIndexesWas, view) {
    if (!call.method.startsWith('command '))
        return true;
    return { ...(view ? {} : { nIndexesWas }), ns: doubt_named(call.namespace), ok: 1 };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/drop-database.js





/**
 * `dropDatabase`: collection by collection, each with an entry of its own behind the one of the call. Answers with the
 * names of what it dropped, views first.
 */
async function drop_database_dropDatabase(context, { call }, { fingerprint, takeReads, begun }) {
    const { method, namespace } = call;
    const about = { kind: 'catalog', method, namespace, fingerprint, images: true };
    const reads = takeReads();
    const id = begun?._id ?? (await context.transactor.transact((tx) => tx.record({ ...about, reads, state: 'intent' })));
    const before = begun === undefined ? [] : await droppedAfter(context, begun);
    for (const entry of before)
        if (entry.state === 'intent')
            await drop(context, entry.namespace.collection ?? '', call, entry);
    const { mine } = await context.catalog.collections(namespace.database);
    for (const name of mine)
        await drop(context, name, call);
    const dropped = [...before.map((entry) => entry.namespace.collection ?? ''), ...mine];
    await context.transactor.transact((tx) => tx.amend(id, { state: 'done', result: storeResult(dropped) }));
    return dropped;
}
async function drop(context, collection, call, begun) {
    const namespace = { database: call.namespace.database, collection };
    const operation = {
        call: { ...call, method: 'dropCollection', namespace, multi: false },
        args: [collection],
        session: undefined,
        send: () => (0,look/* databaseOf */.zJ)(context, namespace.database).dropCollection(collection),
        change: () => ({}),
    };
    const step = await dropStep(context, operation, begun?.catalog);
    // Somebody else was first.
    if (step.change.before === undefined)
        return;
    await carryOut(context, operation, { fingerprint: '', takeReads: () => [], begun }, step, 'implicit');
}
/** Entries of the collections that an interrupted `dropDatabase` has begun to drop. */
async function droppedAfter(context, { _id, namespace }) {
    const { client, database, own, attempt } = context;
    const filter = {
        _id: { $gt: _id, $lt: (0,journal_documents/* ofAttempt */.Be)(attempt)._id.$lt },
        kind: 'implicit',
        'catalog.type': 'drop-collection',
        'namespace.database': namespace.database,
    };
    const found = client
        .db(database)
        .collection(own.journal)
        .find(filter, { readPreference: 'primary' });
    return (await found.sort({ _id: 1 }).toArray());
}

// EXTERNAL MODULE: ./emitted/migration/journal/asked-indexes.js
var asked_indexes = __webpack_require__(80637);
;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/asked.js

/**
 * The indexes that `createIndex`, `ensureIndex`, `createIndexes` or the command asks for, under the names that the
 * driver gives them. What neither the driver nor the server would take is left out: nothing is made by it.
 */
function askedIndexes({ call, args }) {
    const [first, options] = args;
    if (call.method.startsWith('command '))
        return asked_listed(first.indexes);
    if (call.method === 'createIndexes')
        return asked_listed(first);
    const key = specified(first);
    return [{ name: asked_nameOf(options) ?? defaultName(key), key: (0,asked_indexes/* keyText */.P)(key) }];
}
function asked_listed(specs) {
    if (!Array.isArray(specs))
        return [];
    return specs.filter(isObject).map((spec) => {
        const key = asked_fieldsOf(spec.key);
        return { name: asked_nameOf(spec) ?? defaultName(key), key: (0,asked_indexes/* keyText */.P)(key) };
    });
}
/** The forms of `createIndex` (https://www.mongodb.com/docs/drivers/node/current/indexes/): they may be mixed in a list. */
function specified(spec) {
    const parts = Array.isArray(spec) && !isPair(spec) ? spec : [spec];
    const key = new Map();
    for (const part of parts) {
        if (typeof part === 'string')
            key.set(part, 1);
        else if (Array.isArray(part))
            key.set(String(part[0]), part[1] ?? 1);
        else
            for (const [field, direction] of asked_fieldsOf(part))
                key.set(field, direction);
    }
    return [...key];
}
/** A field and its direction, and not two fields. */
function isPair(spec) {
    return spec.length === 2 && (typeof spec[1] === 'number' || directions.has(spec[1]));
}
const directions = new Set(['2d', '2dsphere', 'text', 'geoHaystack']);
function asked_fieldsOf(key) {
    if (key instanceof Map)
        return [...key].map(([field, direction]) => [String(field), direction]);
    return isObject(key) ? Object.entries(key) : [];
}
function asked_nameOf(options) {
    const name = isObject(options) ? options.name : undefined;
    return name === undefined || name === null ? undefined : String(name);
}
function defaultName(key) {
    return key.flat().join('_');
}
function isObject(value) {
    return typeof value === 'object' && value !== null;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/indexes.js







/**
 * `createIndex`, `createIndexes`, `ensureIndex`: sent again after an interruption, since the server does not make an
 * index twice, and waits for one that is being built.
 */
async function createIndexesStep(context, operation, begun) {
    const change = begun ?? {
        ...(await indexes_intended(context, operation, 'create-indexes')),
        asked: askedIndexes(operation),
    };
    return {
        change,
        act: async ({ ready }) => {
            const { session } = operation;
            if (!isCommand(operation))
                return operation.send(session);
            const guarded = await onlyThis(context, operation, change);
            await ready();
            const reply = await operation.send(session, guarded);
            return asAtFirst(reply, change, operation);
        },
        done: async () => undefined,
    };
}
/** What the server answered, or would have, when the indexes were not there yet. */
function asAtFirst(reply, { before }, { args }) {
    // A collection that is made by it has the index of `_id` before the others.
    const numIndexesBefore = before?.indexes.length ?? 1;
    if (reply.numIndexesBefore === undefined || reply.numIndexesBefore <= numIndexesBefore)
        return reply;
    const { note: _allThere, numIndexesBefore: _now, numIndexesAfter, ...rest } = reply;
    const { commitQuorum = 'votingMembers' } = args[0];
    const made = { createdCollectionAutomatically: before === undefined };
    return { numIndexesBefore, numIndexesAfter, ...made, ...{ commitQuorum }, ...rest };
}
/** `dropIndex`, `dropIndexes`: done where all that it names is gone. */
async function dropIndexesStep(context, operation, begun) {
    const change = begun ?? (await indexes_intended(context, operation, 'drop-indexes'));
    const { call, args, session } = operation;
    const before = (0,catalog_found/* maybeSeen */.m6)(change.before);
    const which = indexes_named(operation);
    const gone = before === undefined ? [] : meant(context, before, which);
    // Where one of them was not there, the server refused the whole.
    const possible = gone.length > 0 && gone.every((name) => (0,look/* indexNames */.dC)(before).includes(name));
    return {
        change,
        act: async ({ ready }) => {
            const uuid = change.before?.uuid;
            if (isCommand(operation)) {
                const guarded = await onlyThis(context, operation, change);
                await ready();
                return operation.send(session, guarded);
            }
            // The others swallow errors, each version of the driver in its way.
            if (call.method !== 'dropIndex' || typeof which !== 'string')
                return operation.send(session);
            const guard = await only(context, uuid);
            if (guard.collectionUUID === undefined) {
                await ready();
                return operation.send(session);
            }
            const { database, collection } = call.namespace;
            const command = { dropIndexes: collection, index: which, ...guard };
            return (await run(context, database, command, { ...alongOf(call.method, args), session, ready }));
        },
        done: async ({ here }) => {
            if (before === undefined || !possible || here?.uuid !== before.uuid)
                return undefined;
            const now = (0,look/* indexNames */.dC)(here);
            if (gone.some((name) => now.includes(name)))
                return undefined;
            if (call.method === 'dropIndexes' || call.method === 'dropAllIndexes')
                return { result: true };
            const msg = which === '*' ? { msg: 'non-_id indexes dropped for collection' } : {};
            return { result: { nIndexesWas: before.indexes.length, ...msg, ok: 1 } };
        },
    };
}
/** What stands for the indexes: a name, `*`, several names, or a key. */
function indexes_named({ call, args }) {
    if (call.method === 'dropIndex')
        return args[0];
    return call.method.startsWith('command ') ? args[0].index : '*';
}
function meant(context, state, which) {
    if (which === '*')
        return (0,look/* indexNames */.dC)(state).filter((name) => name !== '_id_');
    if (typeof which === 'string')
        return [which];
    if (Array.isArray(which))
        return which.map(String);
    if (typeof which !== 'object' || which === null)
        return [];
    const { BSON } = classesOf(context.driver);
    const key = Buffer.from(BSON.serialize(which, { ignoreUndefined: true }));
    return state.indexes
        .filter((index) => key.equals((0,look/* documentField */.OW)(index, 'key') ?? Buffer.alloc(0)))
        .map((index) => (0,raw_bson/* textNamed */.Ls)(index, 'name') ?? '');
}
async function indexes_intended(context, { call }, type) {
    return { type, before: await (0,look/* lookAt */.t5)(context, call.namespace) };
}
function isCommand({ call }) {
    return call.method.startsWith('command ');
}
/** The arguments of a command that fails where another collection has the name by now. */
async function onlyThis(context, { args }, { before }) {
    const [command, ...rest] = args;
    const guard = before?.type === 'collection' ? await only(context, before.uuid) : {};
    // First the command itself: its name is the first field.
    return [{ ...command, ...guard, ...command }, ...rest];
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/modify.js





/** `collMod`: validators, expiry, hidden indexes, definitions of views. */
async function modifyStep(context, operation, begun) {
    const { call, args, session } = operation;
    const change = begun ?? { type: 'modify-collection', before: await (0,look/* lookAt */.t5)(context, call.namespace) };
    const { index } = args[0];
    const before = (0,catalog_found/* maybeSeen */.m6)(change.before);
    let tries = 0;
    return {
        change,
        act: async ({ ready }) => {
            tries += 1;
            const guarded = await onlyThis(context, operation, change);
            await ready();
            const reply = await operation.send(session, guarded);
            if (tries === 1 && begun === undefined)
                return reply;
            // An earlier try may have made the change, and this one has nothing to tell of what was before.
            const here = (0,catalog_found/* maybeSeen */.m6)(await (0,look/* lookAt */.t5)(context, call.namespace));
            if (before === undefined || here === undefined || index === undefined)
                return reply;
            const [was, is] = [indexOf(context, before, index), indexOf(context, here, index)];
            return { ...reply, ...difference(context, was, is) };
        },
        // Sent again in any case: twice is as good as once, and what differs may be somebody else's change.
        done: async () => undefined,
    };
}
function indexOf(context, state, index) {
    const { BSON } = classesOf(context.driver);
    if (index.name !== undefined)
        return state.indexes.find((spec) => (0,raw_bson/* textNamed */.Ls)(spec, 'name') === index.name);
    const key = BSON.serialize((index.keyPattern ?? {}), { ignoreUndefined: true });
    return state.indexes.find((spec) => (0,raw_bson/* sameBytes */.er)((0,look/* documentField */.OW)(spec, 'key'), key));
}
/** The server names the old and the new value of what it changed in an index. */
function difference(context, was, is) {
    if (was === undefined || is === undefined)
        return {};
    const { BSON } = classesOf(context.driver);
    const [before = {}, after = {}] = [was, is].map((spec) => BSON.deserialize(spec, { bsonRegExp: true }));
    const reply = {};
    if (before.expireAfterSeconds !== after.expireAfterSeconds) {
        if (before.expireAfterSeconds !== undefined)
            reply.expireAfterSeconds_old = before.expireAfterSeconds;
        reply.expireAfterSeconds_new = after.expireAfterSeconds;
    }
    if ((before.hidden ?? false) !== (after.hidden ?? false)) {
        reply.hidden_old = before.hidden ?? false;
        reply.hidden_new = after.hidden ?? false;
    }
    return reply;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/catalog/catalog-change.js










/** Methods and commands, in small letters. */
const prepared = {
    createcollection: createStep,
    create: createStep,
    drop: dropStep,
    dropcollection: dropStep,
    rename: renameStep,
    renamecollection: renameStep,
    createindex: createIndexesStep,
    ensureindex: createIndexesStep,
    createindexes: createIndexesStep,
    dropindex: dropIndexesStep,
    dropindexes: dropIndexesStep,
    dropallindexes: dropIndexesStep,
    deleteindexes: dropIndexesStep,
    collmod: modifyStep,
};
/**
 * A change of collections, indexes, validators, names. No transaction takes it: what it is about goes on record first,
 * and after an interruption the catalog says whether it was done.
 */
const catalogChange = async (...[context, operation, turn]) => {
    const name = operation.call.method.replace('command ', '').toLowerCase();
    if (name === 'dropdatabase')
        return (await drop_database_dropDatabase(context, operation, turn));
    const prepare = prepared[name];
    if (prepare === undefined)
        return unfenced(context, operation, turn);
    let step;
    try {
        step = await prepare(context, operation, turn.begun?.catalog);
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.Unauthorized)
            throw error;
        context.note(`What ${operation.call.method} on ${doubt_named(operation.call.namespace)} changed is not on record: the user may not list collections and indexes.`);
        return unfenced(context, operation, turn);
    }
    return carryOut(context, operation, turn, step);
};

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/bulk/in-session.js





/** What a transaction of user code may hold anyway, as the server's cache allows. */
const in_session_most = { documents: 20_000, bytes: 64_000_000 };
/**
 * Sends a list of statements in a transaction of user code, by the driver's own call, with the images of what it may
 * change. A refusal ends that transaction, as it does without us. Images are undefined where they cannot be had.
 */
async function sendList(context, operation, session) {
    const whole = async () => ({ result: await operation.send(session), images: undefined });
    if (!isList(operation))
        return whole();
    const parsed = parse(context, operation, { counted: new CountedIds(context.driver), given: [] });
    if (parsed === undefined || parsed.list.statements.length === 0)
        return whole();
    const { list } = parsed;
    // Whose ids only the server would know.
    if (list.statements.some(({ kind, given }) => kind === 'insert' && list_idOf(given) === undefined))
        return whole();
    const candidates = await candidatesOf(context, list, list.statements, session, in_session_most);
    if (candidates === undefined)
        return whole();
    const result = await operation.send(session);
    const ids = [...candidates.ids, ...upsertedIds(result)];
    const after = ids.length === 0 ? [] : await read(context, list, session, { _id: { $in: ids } });
    return { result, images: pairImages(candidates.before, after) };
}
function upsertedIds(answer) {
    const { upsertedIds = {}, upserted = [] } = (answer ?? {});
    return [...Object.values(upsertedIds), ...upserted.map(({ _id }) => _id)];
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/one-document.js

/** Index of the options among the arguments of the methods that write one document. */
const one_document_optionsAt = {
    insertOne: 1,
    updateOne: 2,
    replaceOne: 2,
    findOneAndUpdate: 2,
    findOneAndReplace: 2,
    deleteOne: 1,
    findOneAndDelete: 1,
};
function writesOneDocument(method) {
    return Object.hasOwn(one_document_optionsAt, method);
}
/**
 * Sends a write of one document in a transaction, with the document read before and after where images are kept. Which
 * one it is, is decided by reading first: the statement is narrowed to it, so that the image is certainly of that one.
 */
async function writeOne(context, { call, args, send }, session) {
    const at = one_document_optionsAt[call.method] ?? 1;
    const options = withoutConcerns(args[at]);
    const sent = [...args];
    while (sent.length < at)
        sent.push(undefined);
    sent[at] = options;
    if (call.method === 'insertOne')
        return insert(context, call.namespace, sent, session, send);
    if (!context.images)
        return { result: await send(session, sent), images: [] };
    const filter = (args[0] ?? {});
    const { sort, collation, hint, let: variables } = options;
    const finding = { collation, hint, let: variables };
    const read = (filter, finding = {}) => readDocuments(context, call.namespace, session, filter, finding);
    if (isById(filter)) {
        const before = await read(filter, { ...finding, limit: 1 });
        const result = await send(session, sent);
        return { result, images: pairImages(before, await read(filter, { ...finding, limit: 1 })) };
    }
    const chosen = await chooseOne(context, call.namespace, session, filter, { ...finding, sort });
    if (chosen === undefined) {
        const result = await send(session, sent);
        const id = upsertedId(result);
        return { result, images: id === undefined ? [] : pairImages([], await read(filterOfId(id))) };
    }
    const byId = filterOfId(chosen.id);
    const before = await read(byId);
    const result = await send(session, [narrowed(filter, chosen.id), ...sent.slice(1)]);
    return { result, images: pairImages(before, await read(byId)) };
}
async function insert(context, namespace, sent, session, send) {
    const result = await send(session, sent);
    if (!context.images)
        return { result, images: [] };
    const id = result.insertedId ?? sent[0]?._id;
    return { result, images: pairImages([], await readDocuments(context, namespace, session, filterOfId(id))) };
}
/** Of `updateOne` and its like, and of `findOneAnd…` (which the gate always asks for the whole answer). */
function upsertedId(result) {
    const { upsertedId, lastErrorObject } = result;
    return upsertedId ?? lastErrorObject?.upserted ?? undefined;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/in-transaction.js








/**
 * All calls of a transaction stand in one entry, of at most 16 MB: as many are kept as have these bytes with their
 * results. Its reads take up to 9 MB (`ReadLog`).
 */
const in_transaction_keptBytes = 6_000_000;
/**
 * Transactions of user code, and the one around a whole migration: they are kept as they are. Fence and entry become
 * their last writes, so that all of it is committed or nothing.
 */
class OwnTransactions {
    #context;
    #lanes;
    #entries;
    #open = new Map();
    constructor(context, lanes, entries) {
        this.#context = context;
        this.#lanes = lanes;
        this.#entries = entries;
    }
    /** Sends a call in its session's transaction. An error aborts that transaction, as it does without us. */
    async send(operation, session, fingerprint) {
        await this.#lanes.register(session);
        const open = this.#of(session);
        const { call } = operation;
        const creates = call.mayCreate && (await this.#context.kinds.of(call.namespace)) === 'absent';
        const about = { fingerprint, method: call.method, namespace: call.namespace };
        const { result, images } = await this.#apply(operation, session).catch((error) => {
            if ((0,unsent/* unsent */.Y)(error)) {
                keepCall(open, { ...about, error: storeError(error) });
                if (isUnreadable(error, operation, this.#context.driver))
                    Object.assign(open, { wrote: true, complete: false });
            }
            throw error;
        });
        open.wrote = true;
        if (images === undefined)
            open.complete = false;
        else
            this.#keep(open, call.namespace, images);
        if (creates)
            open.created.set((0,gate_names/* shownName */.H)(call.namespace, this.#context.database), call.namespace);
        keepCall(open, { ...about, result: storeResult(result) });
        return result;
    }
    /**
     * The last writes before a commit: fence, entry, images. Comes back with the lane, which the caller gives back once
     * the commit has been answered; undefined where the transaction wrote nothing.
     */
    async beforeCommit(session, reads) {
        const open = this.#open.get(session);
        if (open === undefined || !this.has(session))
            return undefined;
        const lane = await this.#lanes.takeRested();
        try {
            await this.#lanes.fence(lane, session, 1 + open.created.size);
            for (const namespace of open.created.values())
                await this.#entries.record(session, { ...created, namespace });
            const namespace = { database: this.#context.database };
            const entry = {
                ...{ kind: 'transaction', state: 'done', method: 'transaction', namespace, fingerprint: '' },
                ...{ calls: open.calls, reads: reads(), images: this.#context.images && open.complete },
            };
            await this.#entries.record(session, entry, [...open.images.values()]);
            return lane;
        }
        catch (error) {
            this.#lanes.give(lane);
            throw error;
        }
    }
    /** Whether the session's transaction may have written anything. */
    has(session) {
        return this.#open.get(session)?.wrote === true;
    }
    ended(session, lane) {
        if (lane !== undefined)
            this.#lanes.give(lane);
        this.#open.delete(session);
    }
    #of(session) {
        let open = this.#open.get(session);
        if (open === undefined) {
            open = {
                ...{ calls: [], bytes: 0, whole: true, images: new Map(), complete: true, wrote: false },
                created: new Map(),
            };
            this.#open.set(session, open);
        }
        return open;
    }
    #keep(open, namespace, images) {
        const name = (0,gate_names/* shownName */.H)(namespace, this.#context.database);
        const kept = open.images.get(name) ?? { namespace, images: [] };
        kept.images.push(...images);
        open.images.set(name, kept);
    }
    /** `images` is undefined where they cannot be had. */
    async #apply(operation, session) {
        const { call, args, send } = operation;
        if (writesOneDocument(call.method))
            return writeOne(this.#context, operation, session);
        if (!this.#context.images)
            return { result: await send(session), images: [] };
        const read = (filter, finding = {}) => readDocuments(this.#context, call.namespace, session, filter, finding);
        if (call.method === 'updateMany' || call.method === 'deleteMany') {
            const { collation, hint, let: variables } = withoutConcerns(args[call.method === 'updateMany' ? 2 : 1]);
            const finding = { collation, hint, let: variables };
            const ids = await chooseMany(this.#context, call.namespace, session, (args[0] ?? {}), finding);
            const named = { _id: { $in: ids } };
            const before = ids.length === 0 ? [] : await read(named);
            const result = await send(session);
            const after = ids.length === 0 ? [] : await read(named);
            const upserted = result.upsertedId ?? undefined;
            const made = upserted === undefined ? [] : await read({ _id: { $eq: upserted } });
            return { result, images: [...pairImages(before, after), ...pairImages([], made)] };
        }
        return sendList(this.#context, operation, session);
    }
}
/** The first one that does not fit is kept without its result: a replay cannot answer it, and diverges there. */
function keepCall(open, call) {
    if (!open.whole)
        return;
    open.bytes += bsonSize(call, in_transaction_keptBytes);
    open.whole = open.bytes <= in_transaction_keptBytes;
    open.calls.push(open.whole ? call : { ...call, result: { form: 'omitted' } });
}
/** Of a collection that a transaction brought into being: an undo removes it, where it is empty then. */
const created = {
    kind: 'implicit',
    state: 'done',
    method: 'createCollection',
    fingerprint: '',
    images: true,
    catalog: { type: 'create-collection' },
};

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/refusals.js


/**
 * Refusals that ended a run. Whoever corrects what the server refused types the same command and is to hear from the
 * server, not from the journal; whereas one that the code caught and went on from has to be answered as it was.
 *
 * Which is which only the end of the run tells: then the entries of those that were thrown to its end, and of those
 * after which nothing was begun any more, are marked. A run that was killed marks none, and all are answered as they were.
 */
class Refusals {
    #context;
    #fingerprints = new WeakMap();
    /** Those after which nothing was begun. */
    #last = new Set();
    constructor(context) {
        this.#context = context;
    }
    /** User code goes on with a call of its own. */
    begun() {
        this.#last.clear();
    }
    /** User code is about to be given this error, whether from the server or from an entry. */
    told(error, fingerprint) {
        if (storeError(error) === undefined)
            return;
        this.#fingerprints.set(error, fingerprint);
        this.#last.add(error);
    }
    /** To be called when all calls are settled, with what user code threw. Rejects where the marks could not be written. */
    async endRun(thrown) {
        const ended = new Set([...this.#last, ...causesOf(thrown)]);
        const fingerprints = [...ended].flatMap((error) => this.#fingerprints.get(error) ?? []);
        if (fingerprints.length === 0)
            return;
        const marked = await this.#entriesOf(fingerprints);
        const last = await this.#lastBut(marked);
        await this.#context.transactor.transact(async (tx) => {
            // Where nothing came after it, it is as if it had never been sent: what was read for it is read anew as well.
            for (const id of marked)
                await tx.amend(id, { endedRun: true, ...(id > last ? { reads: [] } : {}) });
        });
    }
    /** The newest of these fingerprints, as many of each as there are. */
    async #entriesOf(fingerprints) {
        const left = new Map();
        for (const fingerprint of fingerprints)
            left.set(fingerprint, (left.get(fingerprint) ?? 0) + 1);
        const found = await this.#find({
            ...(0,journal_documents/* ofAttempt */.Be)(this.#context.attempt),
            ...{ fingerprint: { $in: [...left.keys()] }, error: { $exists: true }, endedRun: { $exists: false } },
        }).toArray();
        return found.flatMap(({ _id, fingerprint }) => {
            const more = left.get(fingerprint) ?? 0;
            left.set(fingerprint, more - 1);
            return more > 0 ? [_id] : [];
        });
    }
    /** The last entry that is still expected; an empty text where there is none. */
    async #lastBut(marked) {
        const { _id } = (0,journal_documents/* ofAttempt */.Be)(this.#context.attempt);
        const filter = { _id: { ..._id, $nin: marked }, kind: { $ne: 'images' }, endedRun: { $exists: false } };
        const [last] = await this.#find(filter).limit(1).toArray();
        return last?._id ?? '';
    }
    #find(filter) {
        const { client, database, own } = this.#context;
        return client
            .db(database)
            .collection(own.journal)
            .find(filter, {
            ...{ readConcern: { level: 'majority' }, readPreference: 'primary', projection: { fingerprint: 1 } },
        })
            .sort({ _id: -1 });
    }
}
/** The error itself, and all that it was made from. */
function causesOf(thrown, found = new Set()) {
    if (typeof thrown !== 'object' || thrown === null || found.has(thrown))
        return found;
    found.add(thrown);
    const { cause, errors } = thrown;
    for (const inner of [cause, ...(Array.isArray(errors) ? errors : [])])
        causesOf(inner, found);
    return found;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/single.js


/** A write of one document: effect, images and entry in one transaction. */
const single = (context, operation, turn) => inOneTransaction(context, operation, turn, (session) => writeOne(context, operation, session));

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/journal.js





















/**
 * The last stage of the gate on a server with transactions: an operation's effect, its images and its entry are
 * committed together, under the fence; and what an earlier run has committed already is answered from its entry.
 */
class Journal {
    context;
    #replay;
    #own;
    #refusals;
    constructor(context, replay, lanes, entries) {
        this.context = context;
        this.#replay = replay;
        this.#own = new OwnTransactions(context, lanes, entries);
        this.#refusals = new Refusals(context);
    }
    stage = async (operation) => {
        const { call, args, session } = operation;
        this.#refusals.begun();
        if (session?.inTransaction())
            return this.#inTransaction(operation, session);
        // The driver refuses it before it sends anything: nothing to keep, and nothing to wait for.
        if (isEmptyList(args[0]))
            return operation.send(session);
        const fingerprint = fingerprintOf(call.method, call.namespace, args);
        const claim = await this.#replay.claim(fingerprint);
        const entry = claim.kind === 'recorded' ? claim.entry : undefined;
        if (call.mayCreate)
            this.#tellCreated(call);
        if (entry?.state === 'done' || entry?.state === 'refused')
            return this.#answer(entry, operation);
        let reads;
        const takeReads = () => {
            reads = this.#replay.takeReads();
            return reads;
        };
        const turn = { fingerprint, takeReads, begun: entry };
        try {
            const handler = await this.#handler(operation);
            const result = await handler(this.context, operation, turn);
            if (reads !== undefined)
                this.#replay.readsStored(reads);
            if (entry !== undefined && madeCollection(entry))
                this.context.created?.(call, call.also ?? call.namespace);
            return result;
        }
        catch (error) {
            const gone = error instanceof observe_error/* ReleaseError */.K && error.code === 'REPLAY_DIVERGED';
            if (gone)
                throw this.#replay.progress.diverge(error.message);
            // It was refused before its handler came to writing it down.
            if (entry === undefined && reads === undefined)
                await this.#refused(call, turn, error);
            this.#refusals.told(error, fingerprint);
            throw error;
        }
    };
    /**
     * To be called when the run has failed, with what user code threw, and every call is settled: what the server refused
     * it is asked anew by the next run. Rejects where that could not be written down.
     */
    failed(thrown) {
        return this.#refusals.endRun(thrown);
    }
    /** A session begins a transaction, or gives one up. */
    reset(session) {
        this.#replay.rollBack(session, this.#own.has(session));
        this.#own.ended(session, undefined);
    }
    /** Commits a transaction of user code, with its entry. What an earlier run has committed is not sent again. */
    async commit(session, send) {
        this.#refusals.begun();
        if (this.#replay.commit(session).kind === 'recorded') {
            this.#replay.committed(session);
            return send();
        }
        let reads = [];
        const entered = this.#own.beforeCommit(session, () => {
            reads = this.#replay.takeReads(session);
            return reads;
        });
        // As after a commit that the server refuses: user code, or withTransaction, begins it anew.
        const lane = await entered.catch(async (error) => {
            await session.abortTransaction().catch(() => { });
            throw error;
        });
        try {
            const result = await send();
            this.#replay.committed(session);
            this.#replay.readsStored(reads);
            return result;
        }
        catch (error) {
            if ((0,server_code/* labelled */.wW)(error, 'TransientTransactionError'))
                this.#replay.rollBack(session, true);
            throw error;
        }
        finally {
            this.#own.ended(session, lane);
        }
    }
    async #inTransaction(operation, session) {
        const { call, args } = operation;
        const fingerprint = fingerprintOf(call.method, call.namespace, args);
        const claim = await this.#replay.claim(fingerprint, { transaction: session });
        if (call.mayCreate)
            this.#tellCreated(call);
        if (claim.kind !== 'call')
            return this.#own.send(operation, session, fingerprint);
        this.context.replayed?.(call);
        const { result, error } = claim.call;
        if (error !== undefined) {
            const restored = restoreError(error, this.context.driver);
            // The books must count it as they did: a transaction without any write is not committed with an entry.
            isUnreadable(restored, operation, this.context.driver);
            throw restored;
        }
        if (result === undefined)
            return undefined;
        const answer = restoreResult(result, this.context.driver);
        giveIds(args, answer);
        return answer;
    }
    /** Looked up by the books it would be there already. */
    #tellCreated(call) {
        const namespace = call.also ?? call.namespace;
        if (this.#replay.takeCreated(namespace))
            this.context.created?.(call, namespace);
    }
    #answer(entry, { call, args, catalog: ofCatalog }) {
        const { result, error, catalog, fingerprint, state, checkpoint } = entry;
        this.context.replayed?.(call);
        if (madeCollection(entry))
            this.context.created?.(call, call.also ?? call.namespace);
        // Of an error the books could only guess how far the call had got by then; nor does an answer count all of it.
        if (checkpoint !== undefined || (error?.code !== undefined && state === 'refused')) {
            this.context.progress?.(call, checkpoint === undefined ? gate_tally/* noCounts */.Yi : (0,gate_counts/* countsOfCheckpoint */.cq)(checkpoint));
        }
        if (error !== undefined) {
            const restored = restoreError(error, this.context.driver);
            giveIds(args, restored);
            this.#refusals.told(restored, fingerprint);
            throw restored;
        }
        if (catalog !== undefined)
            ofCatalog?.seen((0,catalog_found/* lookOf */.Li)(catalog));
        if (ofCatalog?.object !== undefined)
            return ofCatalog.object();
        if (result === undefined)
            return undefined;
        const answer = restoreResult(result, this.context.driver);
        giveIds(args, answer);
        return answer;
    }
    async #refused({ kind, method, namespace }, { fingerprint, takeReads }, refusal) {
        // What passes by itself says nothing of the call: it may have met a look-up of ours.
        const error = (0,transactions/* wasRefused */.GD)(refusal) && !unheard(refusal) ? storeError(refusal) : undefined;
        if (error === undefined)
            return;
        const { transactor, images } = this.context;
        const about = { kind: kind === 'catalog' ? kind : 'write', method, namespace, fingerprint };
        const reads = takeReads();
        await transactor.transact((tx) => tx.record({ ...about, state: 'refused', error, reads, images }));
    }
    async #handler({ call }) {
        const { kinds } = this.context;
        if (call.kind === 'catalog')
            return catalogChange;
        if (call.kind === 'pipeline' || call.kind === 'command')
            return unfenced;
        const kind = await kinds.of(call.namespace);
        if (kind === 'capped' || kind === 'time-series' || kind === 'view' || kind === 'system')
            return unfenced;
        if (call.mayCreate && kind === 'absent')
            await ensureCollection(this.context, call.namespace);
        if (call.method === 'batch')
            return backfill;
        if (writesOneDocument(call.method))
            return single;
        return manyMethods.has(call.method) ? batches : bulk;
    }
}
/** Whether a change of the catalog brought the collection into being by the way. */
function madeCollection({ state, catalog }) {
    if (state === 'refused' || catalog === undefined)
        return false;
    const { type, before, replaced } = catalog;
    return type === 'create-indexes' ? before === undefined : type === 'replace-collection' && replaced === undefined;
}
const manyMethods = new Set(['updateMany', 'deleteMany', 'update', 'remove']);
function isEmptyList(argument) {
    return Array.isArray(argument) && argument.length === 0;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/lanes.js


/**
 * The lanes of this run: see `LaneDocument`. Every transaction has one to itself while it is open, and the fence is a
 * write into its document. The one last given back is taken first, so a loop of single calls stays in one.
 */
class Lanes {
    #options;
    #sessions = new Map();
    #registered = new WeakSet();
    #free = Array.from({ length: journal_documents/* laneCount */.S5 }, (_, i) => journal_documents/* laneCount */.S5 - 1 - i);
    #waiting = [];
    constructor(options) {
        this.#options = options;
    }
    /** Waits for a free lane; its session is known to the server's records of this run. */
    async take() {
        const number = await this.#takeNumber(this.#free.pop());
        try {
            let session = this.#sessions.get(number);
            if (session === undefined) {
                session = this.#options.client.startSession();
                await this.register(session);
                this.#sessions.set(number, session);
            }
            return { number, session };
        }
        catch (error) {
            this.give(number);
            throw error;
        }
    }
    /**
     * A lane for a transaction of user code, the one that rested longest: that transaction has its snapshot already, and a
     * lane that was written since then would be a conflict.
     */
    takeRested() {
        return this.#takeNumber(this.#free.shift());
    }
    #takeNumber(free) {
        if (free !== undefined)
            return Promise.resolve(free);
        return new Promise((resolve) => this.#waiting.push(resolve));
    }
    give(number) {
        const next = this.#waiting.shift();
        if (next === undefined)
            this.#free.push(number);
        else
            next(number);
    }
    /** A session of this lane that can be used for nothing more: after a network error the driver ends it dirty. */
    async renew(number) {
        const session = this.#sessions.get(number);
        this.#sessions.delete(number);
        await session?.endSession().catch(() => { });
    }
    /**
     * Writes the session's id down, so that a takeover can end a transaction that was left open: the process that began
     * it may be frozen. Throws `LEASE_LOST`.
     */
    async register(session) {
        if (this.#registered.has(session))
            return;
        const id = session.id?.id;
        const { matchedCount } = await this.#collection().updateOne(this.#mine(0), { $inc: { turns: 1 }, ...(id === undefined ? {} : { $addToSet: { sessions: id } }) }, { writeConcern: { w: 'majority' } });
        if (matchedCount !== 1)
            throw (0,transactions/* leaseLost */.XM)();
        this.#registered.add(session);
        this.#options.begun?.(session);
    }
    /** The fence: to be the first write of a transaction. Throws `LEASE_LOST` when a newer run has taken over. */
    async fence(number, session, entries) {
        const { matchedCount } = await this.#collection().updateOne(this.#mine(number), { $inc: { turns: 1, entries } }, { session });
        if (matchedCount !== 1)
            throw (0,transactions/* leaseLost */.XM)();
    }
    #mine(number) {
        const { fence, attempt } = this.#options;
        return { _id: (0,journal_documents/* laneId */.AQ)(number), fence, migration: attempt.migration, attempt: attempt.number };
    }
    #collection() {
        const { client, database, own } = this.#options;
        return client.db(database).collection(own.lease);
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/transactor.js



/** The gate's own transactions, each in a lane of its own. */
class LaneTransactor {
    #options;
    #patienceMs;
    constructor(options) {
        this.#options = options;
        this.#patienceMs = options.patienceMs ?? transactions/* usualPatienceMs */.SV;
    }
    async transact(work, options = {}) {
        const { lanes, refuseWhenClosed } = this.#options;
        const since = performance.now();
        const conflictsAllowed = options.conflicts ?? Number.POSITIVE_INFINITY;
        let conflicts = 0;
        for (let attempt = 1;; attempt += 1) {
            let lane;
            try {
                lane = await lanes.take();
                return await this.#once(lane, work);
            }
            catch (error) {
                if ((0,server_code/* labelled */.wW)(error, 'UnknownTransactionCommitResult'))
                    throw this.#giveUp(error);
                const kind = (0,transactions/* passing */.qO)(error);
                if (kind === undefined || performance.now() - since > this.#patienceMs)
                    throw error;
                options.onConflict?.(error);
                if (kind === 'conflict')
                    conflicts += 1;
                if (conflicts > conflictsAllowed)
                    throw error;
                if (kind === 'outage' && lane !== undefined)
                    await lanes.renew(lane.number);
                refuseWhenClosed();
                const longest = kind === 'conflict' ? Math.min(5 * 2 ** attempt, 250) : 500;
                await (0,promises_.setTimeout)(longest * (0.3 + 0.7 * Math.random()));
            }
            finally {
                if (lane !== undefined)
                    lanes.give(lane.number);
            }
        }
    }
    /** Code that catches the error must not go on as if nothing had been done. */
    #giveUp(cause) {
        const reason = (0,transactions/* commitUnknown */.qN)(cause);
        this.#options.close(reason);
        return reason;
    }
    async #once({ number, session }, work) {
        const { lanes, entries } = this.#options;
        let recorded = 0;
        const reads = [];
        session.startTransaction(transactions/* transactionOptions */.dd);
        try {
            // Nearly every transaction records one entry: counted here, and corrected below where it is otherwise.
            await lanes.fence(number, session, 1);
            const result = await work({
                session,
                record: async (draft, images = []) => {
                    recorded += 1;
                    if (draft.reads !== undefined)
                        reads.push(draft.reads);
                    return entries.record(session, draft, [{ namespace: draft.namespace, images }]);
                },
                amend: (id, fields, images) => entries.amend(session, id, fields, images),
            });
            if (recorded !== 1)
                await lanes.fence(number, session, recorded - 1);
            await (0,transactions/* commit */.cd)(session, this.#patienceMs);
            for (const stored of reads)
                this.#options.readsStored(stored);
            return result;
        }
        catch (error) {
            if (session.inTransaction())
                await session.abortTransaction().catch(() => { });
            throw error;
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/open.js









/** Puts the journal of this run at the end of the gate, with what an earlier run of the attempt has left in it. */
async function openJournal({ gate, client, driver, job, ...options }) {
    const { attempt, fence, images } = job;
    const { own, database } = gate;
    const journalled = { client, database, attempt, journal: own.journal };
    const { entries: expected, resumes } = job;
    const toReplay = { ...journalled, expected, driverMajor: driver.major, mostBytes: options.mostReplayBytes };
    const entries = resumes ? await entriesToReplay(toReplay) : [];
    const lanes = new Lanes({ client, database, own, attempt, fence, begun: options.begun });
    const writer = new EntryWriter({
        ...{ ...journalled, driverMajor: driver.major },
        lastSequence: resumes ? await lastSequence(journalled) : 0,
    });
    const notes = new Set();
    const context = {
        ...{ client, driver, database, own, images, attempt },
        transactor: new LaneTransactor({
            ...{ lanes, entries: writer, refuseWhenClosed: gate.refuseWhenClosed, patienceMs: job.patienceMs },
            close: (reason) => gate.close(reason),
            readsStored: (reads) => replay.readsStored(reads),
        }),
        catalog: gate.catalog,
        kinds: new CollectionKinds(client),
        throttle: options.throttle,
        note: (text) => void notes.add(text),
        progress: (call, counts) => gate.books.progress(call, counts),
        replayed: (call) => gate.books.replayed(call),
        created: (call, namespace) => gate.books.created(call, namespace),
        refuseWhenClosed: gate.refuseWhenClosed,
    };
    const settled = [];
    for (const entry of entries)
        settled.push(await settleImplicit(context, entry));
    const changed = new ChangedByImages({ ...journalled, entries: settled, kinds: context.kinds });
    const replay = new Replay(settled, { driver, changed });
    const journal = new Journal(context, replay, lanes, writer);
    gate.keepJournal(journal);
    gate.keepReads(replay);
    return { journal, replay, notes: () => [...notes] };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/throttle/admin.js
/** A server that is too busy to answer within this is asked again later. Milliseconds. */
const admin_patienceMs = 5000;
/** Unauthorized, CommandNotFound (mongos has no replSetGetStatus), NoReplicationEnabled, AtlasError. */
const refusals = new Set([13, 59, 76, 8000]);
/** Rejects where the server did not answer in time, or with another error. */
async function askAdmin(client, command) {
    const asked = client.db('admin').command(command, { readPreference: 'primary' });
    const patience = Promise.withResolvers();
    const timer = setTimeout(() => patience.reject(new Error('no answer in time')), admin_patienceMs);
    timer.unref();
    try {
        return { state: 'answered', document: await Promise.race([asked, patience.promise]) };
    }
    catch (error) {
        if (refusals.has(Number(error.code)))
            return { state: 'refused' };
        throw error;
    }
    finally {
        clearTimeout(timer);
        asked.catch(() => { });
    }
}

;// CONCATENATED MODULE: ./emitted/migration/gate/throttle/load.js

/**
 * At 20 % of dirty and 95 % of all content of the cache, WiredTiger makes the threads that write clean it up first, and
 * everybody waits (eviction_dirty_trigger, eviction_trigger: https://source.wiredtiger.com/develop/tune_cache.html).
 * A batch must not be what takes it there.
 */
const mostDirty = 0.15;
const mostUsed = 0.94;
/** What is large in the answer and not looked at. */
const left = { metrics: 0, repl: 0, locks: 0, logicalSessionRecordCache: 0, tcmalloc: 0, transactions: 0, network: 0 };
/** Whether the primary has to be spared. Rejects as `askAdmin` does. */
async function readLoad(client) {
    const answer = await askAdmin(client, { serverStatus: 1, ...left });
    return answer.state === 'refused' ? { state: 'unseen' } : loadOf(answer.document);
}
/** What an answer of `serverStatus` says. A part that this server does not report says nothing. Pure. */
function loadOf(status) {
    const { wiredTiger, flowControl, globalLock, queues } = status;
    if (flowControl?.isLagged === true)
        return { state: 'busy', with: 'slowing writes down for its secondaries (flow control)' };
    const cache = (wiredTiger?.cache ?? {});
    const most = Number(cache['maximum bytes configured'] ?? 0);
    const share = (key) => (most > 0 ? Number(cache[key] ?? 0) / most : 0);
    const dirty = share('tracked dirty bytes in the cache');
    if (dirty >= mostDirty)
        return { state: 'busy', with: `writing its cache out (${percent(dirty)} of it is dirty)` };
    const used = share('bytes currently in the cache');
    if (used >= mostUsed)
        return { state: 'busy', with: `making room in its cache (${percent(used)} of it is in use)` };
    // Server 8.0 reports its tickets in `queues`, older ones beside the storage engine.
    const tickets = (queues?.execution?.write ?? wiredTiger?.concurrentTransactions?.write);
    const waiting = Number(globalLock?.currentQueue?.writers ?? 0);
    if (tickets !== undefined && Number(tickets.available) === 0 && waiting > 0)
        return {
            state: 'busy',
            with: `serving others (${waiting} ${waiting === 1 ? 'writer waits' : 'writers wait'} for a turn)`,
        };
    return { state: 'calm' };
}
function percent(share) {
    return `${Math.round(share * 100)} %`;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/throttle/replication.js

/** Of `replSetGetStatus`: https://www.mongodb.com/docs/manual/reference/replica-states/ */
const states = { primary: 1, secondary: 2 };
/** Looks at replication, for as long as a migration runs. What the user may not read is asked for once only. */
class Replication {
    #client;
    #statusAllowed = true;
    /** Milliseconds by which members are delayed on purpose, by name. */
    #delays;
    constructor(client) {
        this.#client = client;
    }
    /**
     * The largest lag of a secondary that replicates, less what it is delayed by on purpose; without the right to see that,
     * how far the point is behind that a majority has. Undefined where there is no secondary, or nothing to see.
     */
    async lag() {
        const status = this.#statusAllowed
            ? await askAdmin(this.#client, { replSetGetStatus: 1 })
            : { state: 'refused' };
        if (status.state === 'answered')
            return this.#ofMembers(status.document.members);
        this.#statusAllowed = false;
        const hello = await askAdmin(this.#client, { hello: 1 });
        return hello.state === 'answered' ? ofMajority(hello.document) : undefined;
    }
    async #ofMembers(members) {
        this.#delays ??= await this.#readDelays();
        const primary = members.find(({ state }) => state === states.primary);
        // One that is down or still copies would be waited for until somebody mends it: the guards speak of those.
        const replicating = members.filter(({ state, health }) => state === states.secondary && health === 1);
        if (primary === undefined)
            return undefined;
        let most;
        for (const member of replicating) {
            const ms = behind(member, primary) - (this.#delays.get(member.name) ?? 0);
            if (ms > (most?.ms ?? -1))
                most = { ms: Math.max(0, ms), of: `member ${member.name}` };
        }
        return most;
    }
    async #readDelays() {
        const answer = await askAdmin(this.#client, { replSetGetConfig: 1 });
        if (answer.state === 'refused')
            return new Map();
        const members = answer.document.config.members;
        // `slaveDelay` before server 5.0.
        return new Map(members.map(({ host, secondaryDelaySecs, slaveDelay }) => [
            String(host),
            Number(secondaryDelaySecs ?? slaveDelay ?? 0) * 1000,
        ]));
    }
}
function behind(member, primary) {
    const [from, to] = member.lastAppliedWallTime && primary.lastAppliedWallTime
        ? [member.lastAppliedWallTime, primary.lastAppliedWallTime]
        : [member.optimeDate, primary.optimeDate];
    return from === undefined || to === undefined ? 0 : to.getTime() - from.getTime();
}
function ofMajority({ lastWrite }) {
    const { lastWriteDate, majorityWriteDate } = (lastWrite ?? {});
    if (!(lastWriteDate instanceof Date) || !(majorityWriteDate instanceof Date))
        return undefined;
    return { ms: Math.max(0, lastWriteDate.getTime() - majorityWriteDate.getTime()), of: 'the majority of the members' };
}

;// CONCATENATED MODULE: ./emitted/migration/gate/throttle/throttle.js



/** Milliseconds. */
const lookEvery = 1000;
const sayEvery = 5000;
/** How soon a closed gate ends the waiting. */
const step = 100;
/** A sample older than this says nothing about now. */
const stale = 5000;
/** Batches are cut for about 200 ms; one that takes this long tells of a busy server. */
const longBatch = 1000;
const longestRest = 2000;
/**
 * Waits between two batches while secondaries are too far behind or the primary has no room, and never for ever.
 *
 * It looks once a second at most, while batches go on; so the price of a look is no batch's. A look that fails is no
 * reason to wait. Where the user may not see the load, batches that take long are followed by a rest of their length.
 */
class ServerThrottle {
    #options;
    #replication;
    #last;
    #looking;
    #waiting;
    #resumedAt;
    #loadUnseen = false;
    constructor(options) {
        this.#options = options;
        this.#replication = new Replication(options.client);
    }
    /** Rejects only with what `refuseWhenClosed` throws. */
    async pause() {
        const now = performance.now();
        const age = now - (this.#last?.at ?? Number.NEGATIVE_INFINITY);
        const looked = age < lookEvery ? undefined : this.#look();
        if (age >= stale || this.#last?.wait !== undefined)
            await looked;
        if (this.#last?.wait !== undefined) {
            // Parallel operations wait together, and one of them says so.
            this.#waiting ??= this.#wait().finally(() => {
                this.#waiting = undefined;
            });
            await this.#waiting;
        }
        else if (this.#loadUnseen && this.#options.settings.serverLoad && this.#resumedAt !== undefined) {
            const took = now - this.#resumedAt;
            if (took >= longBatch)
                await this.#sleep(Math.min(took, longestRest));
        }
        this.#resumedAt = performance.now();
    }
    async #wait() {
        const { say, settings } = this.#options;
        const from = performance.now();
        let saidAt = Number.NEGATIVE_INFINITY;
        for (;;) {
            const waited = performance.now() - from;
            const why = this.#last?.wait;
            if (why === undefined)
                return say('info', `The migration goes on after a pause of ${seconds(waited)}.`);
            if (waited >= settings.maxPauseMs) {
                return say('warn', `${why} The migration waited ${seconds(waited)} for that, and goes on with one batch.`);
            }
            if (performance.now() - saidAt >= sayEvery) {
                say('info', `The migration waits between two batches: ${why}`);
                saidAt = performance.now();
            }
            await this.#sleep(Math.min(lookEvery, settings.maxPauseMs - waited));
            await this.#look();
        }
    }
    async #sleep(ms) {
        const until = performance.now() + ms;
        for (let left = ms; left > 0; left = until - performance.now()) {
            this.#options.refuseWhenClosed();
            await (0,promises_.setTimeout)(Math.min(step, left));
        }
        this.#options.refuseWhenClosed();
    }
    #look() {
        this.#looking ??= this.#sample().finally(() => {
            this.#looking = undefined;
        });
        return this.#looking;
    }
    async #sample() {
        const { client, settings } = this.#options;
        const [lag, load] = await Promise.all([
            this.#replication.lag().catch(() => undefined),
            settings.serverLoad && !this.#loadUnseen ? readLoad(client).catch(() => undefined) : undefined,
        ]);
        if (load?.state === 'unseen')
            this.#loadUnseen = true;
        const reasons = [
            lag !== undefined && lag.ms > settings.maxLagMs
                ? `${lag.of} ${lag.of.startsWith('the') ? 'are' : 'is'} ${seconds(lag.ms)} behind; ${seconds(settings.maxLagMs)} are allowed (migrations.throttle.max-lag)`
                : undefined,
            load?.state === 'busy' ? `the primary is busy with ${load.with}` : undefined,
        ].filter((reason) => reason !== undefined);
        const text = reasons.join(', and ');
        const wait = text === '' ? undefined : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
        this.#last = { at: performance.now(), ...(wait !== undefined && { wait }) };
        return this.#last;
    }
}
function seconds(ms) {
    return ms < 950 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}

;// CONCATENATED MODULE: ./emitted/migration/gate/journal/backfill/plain.js













/** How often user code is asked about one document that others keep changing. */
const attempts = 20;
/**
 * A batch without a journal: document by document, each written only as long as it is what user code was asked about.
 * It begins at the top when it is run again. For a standalone server, and inside a transaction of the migration's own.
 */
async function runPlain(options) {
    const run = new PlainRun(options);
    await run.all();
    return run.tallies;
}
class PlainRun {
    #options;
    #progress;
    #leftOut;
    #last;
    tallies = noTallies;
    constructor(options) {
        this.#options = options;
        this.#leftOut = new LeftOut(options.backfill);
        this.#progress = new progress_Progress(options.backfill, 0, () => countLeft(options, this.#last));
    }
    async all() {
        const { backfill } = this.#options;
        const pace = new Pace(backfill, undefined);
        for await (const { rows, more } of pages(this.#options, undefined, 0)) {
            for (const answer of await ask(rows, this.#options)) {
                this.#options.refuseWhenClosed();
                await this.#one(answer, 1);
                this.#last = answer.row.place;
            }
            this.#progress.advance(this.tallies.matched);
            if (more)
                await pace.pause(rows.length);
        }
        this.#progress.end(this.tallies.matched);
    }
    async #one(answer, attempt, guarded = true) {
        if (answer.write === undefined)
            return this.#failed(answer);
        const { row } = answer;
        const sent = await this.#send(answer, guarded);
        if (sent instanceof Error)
            return this.#failed({ row, write: undefined, failure: sent, by: 'server' });
        if (sent !== undefined)
            return this.#add(sent);
        const now = await this.#again(row);
        if (now === undefined)
            return;
        // As it was, and yet not found by its own content: some documents no driver can write down as they are.
        if ((0,raw_bson/* sameBytes */.er)(row.bytes, now.bytes))
            return this.#one(answer, attempt, false);
        const failure = new Unusable('others change it all the time');
        if (attempt > attempts)
            return this.#failed({ row: now, write: undefined, failure, by: 'server' });
        const [next] = await ask([now], this.#options);
        if (next !== undefined)
            await this.#one(next, attempt + 1);
    }
    /** What was done; the error where the server refused it; undefined where the document is not any more what it was. */
    async #send(answer, guarded) {
        const { collection } = this.#options;
        const { row, write } = answer;
        const filter = { ...this.#guard(row, guarded), ...filterOfId(row.id) };
        try {
            switch (write?.kind) {
                case 'update': {
                    const { matchedCount, modifiedCount } = await collection.updateOne(filter, write.update);
                    return matchedCount === 0 ? undefined : { modified: modifiedCount };
                }
                case 'replace': {
                    const { matchedCount, modifiedCount } = await collection.replaceOne(filter, write.document);
                    return matchedCount === 0 ? undefined : { modified: modifiedCount };
                }
                case 'delete': {
                    const { deletedCount } = await collection.deleteOne(filter);
                    return deletedCount === 0 ? undefined : { deleted: deletedCount };
                }
                default:
                    return { skipped: 1 };
            }
        }
        catch (error) {
            if (error instanceof Error && (0,transactions/* wasRefused */.GD)(error))
                return error;
            throw error;
        }
    }
    /** The comparison does not tell 1 from 1.0. */
    #guard(row, guarded) {
        const { backfill, driver } = this.#options;
        if (backfill.work.kind === 'update')
            return { $and: [backfill.filter] };
        return guarded ? { $expr: { $eq: ['$$ROOT', { $literal: decodedExactly(row.bytes, driver) }] } } : {};
    }
    async #failed(answer) {
        const { backfill, putAside } = this.#options;
        if (backfill.onError === 'stop' || isOutage(answer))
            throw documentFailed(backfill, answer);
        if (this.tallies.quarantined >= backfill.maxErrors)
            throw tooManyFailed(backfill, answer);
        await putAside([answer]);
        this.#leftOut.tell([answer]);
        this.#add({ quarantined: 1 });
    }
    #add(change) {
        this.tallies = sum(this.tallies, { ...noTallies, ...change, matched: 1 });
    }
    /** The document as it is now; undefined when it is gone, or does not fit the filter any more. */
    async #again(row) {
        const { collection, backfill } = this.#options;
        const this_ = { $and: [backfill.filter, { _id: { $eq: row.id } }] };
        const [bytes] = (await collection.find(this_, { raw: true }).toArray());
        return bytes !== undefined && (0,raw_bson/* idKey */.T4)(bytes) === row.key ? { ...row, bytes } : undefined;
    }
}

// EXTERNAL MODULE: ./emitted/config/nearest.js
var nearest = __webpack_require__(25492);
;// CONCATENATED MODULE: ./emitted/migration/child/batch-options.js


const batch_options_known = [
    ...['collection', 'filter', 'update', 'each', 'name', 'size', 'order'],
    ...['throttle', 'onError', 'maxErrors', 'concurrency'],
];
/** The most documents of one transaction: beyond it users wait for it noticeably. */
const largestSize = 10_000;
const mostConcurrency = 100;
/** Throws `BATCH_INVALID` for what it cannot mean. `database`: of collections that are given by name. */
function checkedOptions(given, database) {
    if (!batch_options_isPlain(given))
        throw batch_options_invalid('batch takes one object.', 'Write batch({ collection, filter, each }).');
    const unknown = Object.keys(given).find((key) => !batch_options_known.includes(key));
    if (unknown !== undefined)
        throw batch_options_invalid(`batch does not know ${unknown}.`, `It knows ${batch_options_known.join(', ')}.${(0,nearest/* didYouMean */.a)(unknown, batch_options_known)}`);
    const { filter = {}, name, throttle, onError } = given;
    const { namespace, also } = batch_options_collectionOf(given.collection, database);
    if (!batch_options_isPlain(filter))
        throw batch_options_invalid('The filter of batch is no object.', 'Write filter: { field: value }.');
    if (name !== undefined && typeof name !== 'string')
        throw batch_options_invalid('The name of batch is no text.', "Write name: '…'.");
    if (onError !== undefined && onError !== 'stop' && onError !== 'quarantine') {
        throw batch_options_invalid("batch's onError is neither 'stop' nor 'quarantine'.", "Write onError: 'stop' (the default) or onError: 'quarantine'.");
    }
    return {
        namespace,
        filter: also === undefined ? filter : { $and: [also, filter] },
        work: workOf(given),
        name,
        order: given.order === undefined ? undefined : orderOf(given.order),
        size: numberOf(given, 'size', 1, largestSize),
        concurrency: numberOf(given, 'concurrency', 1, mostConcurrency),
        throttle: throttle === undefined ? undefined : throttleOf(throttle),
        onError,
        maxErrors: numberOf(given, 'maxErrors', 0, Number.MAX_SAFE_INTEGER),
    };
}
function workOf({ update, each }) {
    if ((update === undefined) === (each === undefined)) {
        throw batch_options_invalid('batch takes either update or each.', 'Write one of them: update: { $set: … }, or each: (document) => ….');
    }
    if (each !== undefined) {
        if (typeof each === 'function')
            return { kind: 'each', each: each };
        throw batch_options_invalid('The each of batch is no function.', 'Write each: (document) => ({ $set: { … } }).');
    }
    const operators = batch_options_isPlain(update) && Object.keys(update).every((key) => key.startsWith('$'));
    const some = Array.isArray(update) ? update.length > 0 : operators && Object.keys(update).length > 0;
    if (some)
        return { kind: 'update', update: update };
    throw batch_options_invalid('The update of batch is neither an object of operators nor a pipeline.', 'Write update: { $set: { … } }, or a pipeline: update: [{ $set: { … } }].');
}
function orderOf(order) {
    const fields = batch_options_isPlain(order) ? Object.entries(order) : [];
    if (fields.length === 0 || !fields.every(([name, way]) => !name.startsWith('$') && (way === 1 || way === -1))) {
        throw batch_options_invalid('The order of batch does not say 1 or -1 for each field.', 'Write order: { field: 1 }, or -1 for the other way.');
    }
    const given = fields;
    const unique = given.findIndex(([name]) => name === '_id');
    return unique < 0 ? [...given, ['_id', 1]] : given.slice(0, unique + 1);
}
function throttleOf(throttle) {
    const hint = 'Write throttle: { pauseMs: 100 } or throttle: { documentsPerSecond: 500 }.';
    if (!batch_options_isPlain(throttle))
        throw batch_options_invalid('The throttle of batch is no object.', hint);
    const unknown = Object.keys(throttle).find((key) => key !== 'pauseMs' && key !== 'documentsPerSecond');
    if (unknown !== undefined)
        throw batch_options_invalid(`The throttle of batch does not know ${unknown}.`, hint);
    return {
        pauseMs: numberOf(throttle, 'pauseMs', 0, longestPauseMs),
        documentsPerSecond: numberOf(throttle, 'documentsPerSecond', 1, Number.MAX_SAFE_INTEGER),
    };
}
/** The server closes a cursor that was not asked for 10 minutes (`cursorTimeoutMillis`). */
const longestPauseMs = 540_000;
function numberOf(given, key, least, most) {
    const value = given[key];
    if (value === undefined)
        return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
        return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
    throw batch_options_invalid(`batch's ${key} is no whole number ${range}.`, `Write for example ${key}: ${Math.max(least, 10)}.`);
}
/** Of a name, a collection of the driver or of Mongoose, a model. By shape: the classes are the project's. */
function batch_options_collectionOf(given, database) {
    if (typeof given === 'string' && given !== '')
        return { namespace: { database, collection: given } };
    const shaped = (typeof given === 'object' || typeof given === 'function' ? given : undefined);
    const model = typeof given === 'function' && typeof shaped?.modelName === 'string' ? shaped : undefined;
    const collection = model === undefined ? shaped : model.collection;
    if (typeof collection?.collectionName !== 'string') {
        throw batch_options_invalid('batch got no collection.', "Write collection: 'cities', or give a collection of db or a Mongoose model.");
    }
    const names = [model?.db?.name, collection.conn?.name, collection.dbName];
    const home = names.find((name) => typeof name === 'string' && name !== '') ?? database;
    const { key, value, isRoot } = model?.schema?.discriminatorMapping ?? {};
    // The documents of one kind among several in a collection.
    const also = typeof key === 'string' && isRoot === false ? { [key]: value } : undefined;
    return { namespace: { database: home, collection: collection.collectionName }, also };
}
function batch_options_isPlain(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function batch_options_invalid(message, hint) {
    return new observe_error/* ReleaseError */.K('BATCH_INVALID', message, { hint });
}

;// CONCATENATED MODULE: ./emitted/migration/child/missing.js
const thereIsNone = (collection) => `there is no collection ${collection} in this database`;
/**
 * Collections that a migration wrote to and changed nothing in, because they are not there. No error: a migration runs on
 * databases that are empty still, too. A misspelt name must not pass in silence.
 */
async function missingCollections(gate) {
    const { byCollection, collectionsDropped, otherChanges } = gate.effects();
    const missing = [];
    for (const [collection, counts] of Object.entries(byCollection)) {
        if (Object.values(counts).some((count) => count > 0))
            continue;
        // One of another database has a dot in its name here; one that it dropped or renamed itself is rightly gone.
        if (collection.includes('.') || collectionsDropped.includes(collection))
            continue;
        if (otherChanges.some((change) => change.includes(collection)))
            continue;
        if (await gate.catalog.absent({ database: gate.database, collection }))
            missing.push(collection);
    }
    return missing;
}

;// CONCATENATED MODULE: ./emitted/migration/child/batch.js












/** Documents in one transaction, where the migration does not say. */
const usualSize = 500;
const usualMaxErrors = 100;
/**
 * The `batch` of a migration's context; see `define.ts` for what it promises.
 *
 * What it gives throws `BATCH_INVALID` and `BATCH_DOCUMENT_FAILED`, and whatever the driver throws.
 */
function batchOf(surroundings) {
    return async (given) => {
        try {
            const checked = checkedOptions(given, surroundings.gate.database);
            await warnOfNothing(surroundings, checked);
            return await (plainUpdate(checked) ? updateMany(surroundings, checked) : inPages(surroundings, checked));
        }
        catch (error) {
            if (error instanceof observe_error/* ReleaseError */.K)
                surroundings.source.given.add(error.message);
            throw error;
        }
    };
}
/** Before it begins, and also where no write comes of it. */
async function warnOfNothing(surroundings, checked) {
    const { gate, note } = surroundings;
    const { namespace } = checked;
    if (!(await gate.catalog.absent(namespace)))
        return;
    const { tell, title } = backfillOf(surroundings, checked);
    const text = `${title}: ${thereIsNone((0,gate_names/* shownName */.H)(namespace, gate.database))}, so it has nothing to do.`;
    note(text);
    tell('warn', text, {});
}
/** An update that asks for nothing which `updateMany` would not do; the gate makes batches of that one by itself. */
function plainUpdate({ work, size, order, throttle, onError }) {
    return (work.kind === 'update' && [size, order, throttle].every((one) => one === undefined) && onError !== 'quarantine');
}
async function updateMany(surroundings, checked) {
    const { client, raw, gate } = surroundings;
    const { namespace, filter, work } = checked;
    const update = work.kind === 'update' ? work.update : {};
    const { database, collection = '' } = namespace;
    const left = () => raw.db(database).collection(collection).countDocuments(filter, { maxTimeMS: countMs });
    const progress = new progress_Progress(backfillOf(surroundings, checked), 0, left);
    progress.count();
    const shown = (0,gate_names/* shownName */.H)(namespace, gate.database);
    const seen = () => gate.effects().byCollection[shown]?.matched ?? 0;
    const before = seen();
    const timer = setInterval(() => progress.advance(seen() - before), lookMs);
    try {
        const written = client.db(database).collection(collection);
        const { matchedCount, modifiedCount } = await written.updateMany(filter, update);
        progress.end(matchedCount);
        return { matched: matchedCount, modified: modifiedCount, deleted: 0, skipped: 0, quarantined: 0 };
    }
    finally {
        clearInterval(timer);
    }
}
/** How often it is looked how far an update is, in milliseconds. */
const lookMs = 500;
async function inPages(surroundings, checked) {
    const { gate } = surroundings;
    const backfill = backfillOf(surroundings, checked);
    const { matched, modified, deleted, skipped, quarantined } = (await journalled(gate, backfill))
        ? await gate.perform(batch_operationOf(backfill, checked))
        : await withoutJournal(surroundings, backfill);
    if (quarantined > 0) {
        const left = `${quarantined} ${quarantined === 1 ? 'document was' : 'documents were'} left as before`;
        backfill.tell('warn', `${backfill.title}: ${left}, with a copy in ${gate.own.quarantine}.`, { quarantined });
    }
    return { matched, modified, deleted, skipped, quarantined };
}
function backfillOf({ gate, source, signal, send, rehearsal }, checked) {
    const { namespace, name, throttle } = checked;
    const collection = (0,gate_names/* shownName */.H)(namespace, gate.database);
    return {
        namespace,
        filter: checked.filter,
        work: checked.work,
        order: checked.order ?? [['_id', 1]],
        size: checked.size ?? usualSize,
        concurrency: checked.concurrency ?? 1,
        throttle: { pauseMs: throttle?.pauseMs ?? 0, documentsPerSecond: throttle?.documentsPerSecond },
        onError: checked.onError ?? 'stop',
        maxErrors: checked.maxErrors ?? usualMaxErrors,
        surveys: rehearsal,
        signal,
        describe: (error) => {
            if (error instanceof Unusable)
                return error.message;
            showWhole(error, source);
            return hiddenText(error, source);
        },
        placeOf: (error) => placeIn(error, source),
        tell: (level, message, fields) => send({ type: 'log', level, message, fields: { collection, ...fields } }),
        title: name === undefined ? `batch on ${collection}` : `batch ${hideUnknown(name, source)} on ${collection}`,
    };
}
/** Whether each page can be one transaction of the journal's: not on a standalone, not inside another transaction. */
async function journalled(gate, { namespace }) {
    if (gate.journal === undefined || gate.enclosing !== undefined)
        return false;
    const kind = await gate.journal.context.kinds.of(namespace);
    return kind === 'plain' || kind === 'absent' || kind === 'unknown';
}
/** What its fingerprint is made of are the arguments: of functions only that they are there. */
function batch_operationOf(backfill, { name, filter, work, order }) {
    // What was done before it is refused is told as it is committed.
    const call = {
        kind: 'update',
        method: 'batch',
        namespace: backfill.namespace,
        multi: false,
        mayCreate: false,
    };
    return {
        call,
        args: [{ name, filter, update: work.kind === 'update' ? work.update : undefined, order }],
        session: undefined,
        send: () => Promise.reject(new Error('A batch is carried out by the journal.')),
        change: (tallies) => ({ counts: tallies }),
        backfill,
    };
}
async function withoutJournal(surroundings, backfill) {
    const { gate, client, raw, driver, migration } = surroundings;
    const { namespace, title, tell, placeOf } = backfill;
    const session = gate.enclosing;
    if (session === undefined) {
        const why = gate.journal === undefined ? 'this server has no transactions' : 'its collection takes no transactions';
        tell('info', `${title}: ${why}, so a batch that is interrupted begins at its top again.`, {});
    }
    const putAside = async (failed) => {
        const about = { migration, namespace };
        const exactly = (one) => () => decodedExactly(one.row.bytes, driver);
        const documents = failed.map((one) => quarantined(about, one, placeOf, exactly(one)));
        await raw.db(gate.database).collection(gate.own.quarantine).insertMany(documents, { session });
        gate.noteQuarantined(namespace, failed.length, session);
    };
    return runPlain({
        collection: client.db(namespace.database).collection(namespace.collection ?? ''),
        driver,
        backfill,
        refuseWhenClosed: gate.refuseWhenClosed,
        putAside,
    });
}

;// CONCATENATED MODULE: ./emitted/migration/child/connect.js
/** How long to look for a usable server where the address does not say, in milliseconds. */
const selectionMs = 10_000;
/** A client of the project's own driver, connected. Throws that driver's errors. */
async function connectMigration(driver, uri, database, options = {}, admit = () => { }) {
    const client = new driver.classes.MongoClient(uri, {
        appName: 'mongo-release migration',
        ...(/[?&]serverSelectionTimeoutMS=/i.test(uri) ? {} : { serverSelectionTimeoutMS: selectionMs }),
        ...options,
    });
    admit(client);
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

;// CONCATENATED MODULE: ./emitted/migration/child/enclosing.js



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
    session.startTransaction(transactions/* transactionOptions */.dd);
    gate.enclose(session);
    return session;
}
/** Throws `COMMIT_UNKNOWN` where the server never says whether it was done. */
async function commit(session, patienceMs = transactions/* usualPatienceMs */.SV) {
    try {
        await (0,transactions/* commit */.cd)(session, patienceMs);
    }
    catch (error) {
        throw (0,server_code/* labelled */.wW)(error, 'UnknownTransactionCommitResult') ? (0,transactions/* commitUnknown */.qN)(error) : error;
    }
}
/** Never throws: what cannot be aborted now, the server aborts when its time is up. */
async function abort(session) {
    await session.abortTransaction().catch(() => { });
}

;// CONCATENATED MODULE: ./emitted/migration/child/last-read.js



/**
 * The document that a cursor gave to user code last. Undefined where it gave none, or what it gave has no `_id`, as with a
 * projection or what `map` makes.
 */
function lastReadOf({ lastRead, database }, driver) {
    if (lastRead === undefined)
        return undefined;
    const { _id } = Object(lastRead.document);
    if (_id === undefined)
        return undefined;
    try {
        const id = (0,shown_id/* shownId */.f)(classesOf(driver).BSON.serialize({ _id }));
        return { collection: (0,gate_names/* shownName */.H)(lastRead.namespace, database), id };
    }
    catch {
        // User code may have put anything there.
        return undefined;
    }
}

;// CONCATENATED MODULE: ./emitted/migration/child/log.js

/** The `log` of a migration's context: a function, and an object with a method a level, since both are in use. */
function migrationLog(source, send) {
    const write = (level) => (message, fields) => send({ type: 'log', level, message: shownText(String(message), source), fields: hideFields(fields, source) });
    const levels = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
    return Object.assign(write('info'), levels);
}

;// CONCATENATED MODULE: ./emitted/migration/child/settle.js

/** Waits until no write is under way; false when the time ran out first. */
async function settled(gate, limitMs) {
    const until = performance.now() + limitMs;
    while (gate.books.writing().length > 0) {
        if (performance.now() > until)
            return false;
        await (0,promises_.setTimeout)(5);
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
        await (0,promises_.setTimeout)(5);
        if (gate.books.begun !== begun)
            return gate.books.writing().length > 0 ? gate.books.writing() : [gate.books.last()];
        const waited = performance.now() - start;
        if (waited >= readingMs || (waited >= quietMs && gate.reading === 0 && !gate.cursorOpen()))
            return [];
    }
}

// EXTERNAL MODULE: external "node:timers"
var external_node_timers_ = __webpack_require__(87997);
;// CONCATENATED MODULE: ./emitted/migration/child/timers.js





/** So many are held before those that have run out are let go. */
const mostHeld = 1000;
/**
 * Watches the timers that files of the project set, their packages' own left out: what one of them does once the
 * migration has returned, nobody waits for, and it is lost when the process ends.
 */
class Timers {
    #running = [];
    /**
     * To be called before code of the project is loaded, which keeps the functions that it finds. They stay watched for the
     * rest of this process; all else about them is as it was.
     */
    constructor() {
        for (const functions of [globalThis, external_node_timers_]) {
            for (const name of ['setTimeout', 'setInterval']) {
                this.#replace(functions, name, (timer) => {
                    const { _destroyed } = timer;
                    return _destroyed === true || !timer.hasRef();
                });
            }
        }
        const settled = new WeakSet();
        this.#replace(promises_, 'setTimeout', (promise) => settled.has(promise), settled);
        (0,external_node_module_.syncBuiltinESMExports)();
    }
    /** Only timers that are set from here on count. */
    begin() {
        this.#running = [];
    }
    /** Where those were set that still run, as `file.ts:12`; each place once. */
    open() {
        return [...new Set(this.#running.filter(({ over }) => !over()).map(({ place }) => place))];
    }
    #replace(functions, name, over, settled) {
        const original = functions[name];
        if (original === undefined)
            return;
        const replaced = (...args) => {
            const made = original.apply(functions, args);
            const place = placeInProject();
            if (place === undefined)
                return made;
            if (settled !== undefined) {
                const end = () => void settled.add(made);
                made.then(end, end);
                if (args[2]?.ref === false)
                    return made;
            }
            if (this.#running.length >= mostHeld)
                this.#running = this.#running.filter((timer) => !timer.over());
            this.#running.push({ place, over: () => over(made) });
            return made;
        };
        // `promisify` finds its own version of a function under a symbol.
        Object.defineProperties(replaced, Object.getOwnPropertyDescriptors(original));
        functions[name] = replaced;
    }
}
/** Frames above the one that set the timer: of this file. */
const timers_own = 2;
/** The place that set a timer, where that is a file of the project's own. */
function placeInProject() {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = timers_own + 1;
    const { stack = '' } = new Error();
    Error.stackTraceLimit = limit;
    const frame = stack.split('\n').at(timers_own + 1) ?? '';
    const folders = [`${(0,external_node_url_.pathToFileURL)(process.cwd()).href}/`, `${process.cwd()}/`];
    if (frame.includes('/node_modules/') || !folders.some((folder) => frame.includes(folder)))
        return undefined;
    const [, path, line] = /([^\s(]+):(\d+):\d+\)?$/.exec(frame) ?? [];
    return path === undefined ? undefined : `${(0,external_node_path_.basename)(path)}:${line}`;
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
    #driver;
    #journal;
    #source;
    /** By user code. */
    #thrown;
    /** What is to be put on record of what the code did that is in no count. */
    #notes = new Set();
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
        const timers = new Timers();
        const modelsModule = job.models === undefined ? undefined : await this.#loadModels(job.models);
        const migration = recognise(await this.#watched(loadModule(source)), source.fileName);
        this.#refuseConnected();
        const step = migration[job.direction];
        if (step === undefined) {
            throw new observe_error/* ReleaseError */.K('IRREVERSIBLE', `${source.fileName} has no down.`, {
                hint: 'Write its down, or go back by restoring a backup.',
            });
        }
        const { connections } = this.#loaded;
        const mongoosePath = [...this.#loaded.mongooses.keys()][0];
        const driver = await loadDriver(job.path, mongoosePath);
        this.#driver = driver;
        const raw = await this.#failing(connectMigration(driver, job.uri, job.database, job.driverOptions, (client) => connections.admit(client)), (error) => describeConnectFailure(error, job.database));
        const begun = ({ id }) => {
            if (id !== undefined)
                void this.#parent.send({ type: 'transaction', session: new Uint8Array(id.id.buffer) });
        };
        const gate = new Gate({
            client: raw,
            database: job.database,
            own: (0,own/* ownNames */.D)(job.ownPrefix),
            beforeWrite: () => this.#reporter.beforeWrite(),
            warn: (message) => void this.#parent.send({ type: 'log', level: 'warn', message, fields: {} }),
            followsReads: job.rehearsal === true,
            transactionBegun: begun,
        });
        this.#gate = gate;
        this.#watchConnections(gate, raw);
        if (job.journal !== undefined) {
            const throttle = this.#throttle(raw, gate);
            const opening = openJournal({ gate, client: raw, driver, job: job.journal, throttle, begun });
            this.#journal = await this.#failing(opening, (error) => this.#describe(error, false));
        }
        this.#reporter.follow(gate);
        const { client, membrane } = wrapClient(raw, gate, driver);
        const models = this.#bindModels(client, modelsModule);
        const enclosing = migration.facts.transaction ? await begin(raw, gate) : undefined;
        const send = (message) => void this.#parent.send(message);
        const context = {
            db: client.db(job.database),
            client,
            models,
            session: enclosing === undefined ? undefined : membrane.out(enclosing),
            batch: batchOf({
                ...{ gate, driver, raw, client, source, send, migration: job.name },
                ...{ signal: this.#stop.signal, rehearsal: job.rehearsal === true },
                ...{ note: (text) => void this.#notes.add(text) },
            }),
            log: migrationLog(source, send),
            signal: this.#stop.signal,
        };
        this.#startedAt = performance.now();
        timers.begin();
        const replay = this.#journal?.replay;
        this.#refuseDiverged('so far');
        const code = Promise.resolve().then(() => call(migration, step, context));
        // Code that tries again and again what is refused need not be waited for.
        const running = this.#watched(replay === undefined ? code : Promise.race([code, replay.divergence]));
        // What user code made of it does not count where it went another way than before: nothing of that way was done.
        await running.catch((error) => {
            this.#refuseDiverged('whole');
            throw error;
        });
        this.#refuseDiverged(enclosing === undefined ? 'whole' : 'so far');
        await this.#watched(this.#refuseDangling(gate));
        const open = timers.open();
        if (open.length > 0) {
            const set = open.length === 1 ? 'a timer that was' : 'timers that were';
            this.#warn(`${job.direction} returned before ${set} set at ${shortList(open)} had run out: what was to be done then is not waited for, and not done.`);
        }
        // Whatever the code made of that error: of one write it is not known whether it was done.
        gate.refuseWhenClosed();
        this.#returned = true;
        if (enclosing !== undefined) {
            const committing = commit(enclosing, job.journal?.patienceMs);
            await this.#failing(committing, (error) => this.#describe(error, false));
            this.#refuseDiverged('whole');
        }
        this.#durationMs = performance.now() - this.#startedAt;
        if (job.direction === 'up')
            await this.#warnOfMissing(gate);
    }
    /** A batch has said it already. */
    async #warnOfMissing(gate) {
        for (const name of await missingCollections(gate)) {
            if ([...this.#notes].some((note) => note.includes(thereIsNone(name))))
                continue;
            this.#warn(`What it was to change in ${name} changed nothing: ${thereIsNone(name)}.`);
        }
    }
    #throttle(client, { refuseWhenClosed }) {
        const settings = this.#job.throttle;
        if (settings === undefined)
            return { pause: async () => { } };
        const say = (level, message) => void this.#parent.send({ type: 'log', level, message, fields: {} });
        return new ServerThrottle({ client, settings, say, refuseWhenClosed });
    }
    /** The promise of user code, or what it threw elsewhere meanwhile. */
    #watched(promise) {
        return Promise.race([promise, this.#unseen.promise]).catch((error) => {
            if (error instanceof Failure)
                throw error;
            const unseen = error instanceof Unseen;
            this.#thrown = unseen ? error.thrown : error;
            throw new Failure(this.#describe(this.#thrown, unseen));
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
        const lastRead = this.#gate && this.#driver && lastReadOf(this.#gate, this.#driver);
        return describeFailure(error, this.#source, this.#gate?.books.callOf(error), unseen, lastRead);
    }
    async #loadModels(path) {
        const source = sourceAt(path, this.#loaded.words, this.#job.showValues);
        // A refused connection that nobody waits for is told by this.
        return loadModels(source, this.#loaded);
    }
    #watchConnections(gate, raw) {
        const { connections, processes } = this.#loaded;
        this.#refuseConnected();
        // Whatever the code makes of it: nothing more is written.
        const refused = (reason) => gate.close(reason);
        if (this.#job.rehearsal) {
            connections.refuse(refused);
            processes.tell(refused);
            return;
        }
        const say = (hosts) => `The migration connected to ${hosts} by itself: what it wrote there is neither counted nor on record, and nothing takes it back.`;
        const opened = (hosts) => {
            this.#warn(say(hosts));
        };
        connections.allow({ beside: raw, opened, refused });
    }
    /** On record, and for whoever looks on. */
    #warn(message) {
        this.#notes.add(message);
        void this.#parent.send({ type: 'log', level: 'warn', message, fields: {} });
    }
    #refuseConnected() {
        const { refused } = this.#loaded.connections;
        if (refused !== undefined)
            throw new Failure(asChildError(refused));
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
    /** `whole`: nothing more comes by which it could still be what it was before. */
    #refuseDiverged(run) {
        const { replay } = this.#journal ?? {};
        if (run === 'whole')
            replay?.end();
        if (replay?.diverged !== undefined)
            throw new Failure(asChildError(replay.diverged));
    }
    async #refuseDangling(gate) {
        const left = await dangling(gate);
        if (left.length === 0)
            return;
        throw new Failure({
            code: 'MIGRATION_DANGLING',
            message: `${this.#job.direction} returned while it was still at work: ${shortList(left)}.`,
            hint: 'Await every call (await Promise.all(list.map(…)), not list.forEach(async …)), and run it again.',
        });
    }
    #close(message) {
        this.#gate?.close(new observe_error/* ReleaseError */.K('GATE_CLOSED', message, {
            hint: 'Await every call, so that the migration ends when its work does.',
        }));
    }
    async #markRefusals() {
        const { journal, replay } = this.#journal ?? {};
        if (journal === undefined || replay?.diverged !== undefined)
            return;
        // Without the marks the next run is told the same once more, ends with it, and marks it.
        await Promise.race([journal.failed(this.#thrown).catch(() => { }), (0,promises_.setTimeout)(settleMs)]);
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
        if (outcome.state === 'failed')
            await this.#markRefusals();
        const state = this.#reporter.state();
        const notes = [...(this.#journal?.notes() ?? []), ...this.#notes];
        const end = { ...state, outcome, notes, durationMs: Math.round(this.#durationMs) };
        await this.#parent.finish({ type: 'end', end });
    }
}
function shortList(all) {
    const more = all.length > 3 ? ` and ${all.length - 3} more` : '';
    return `${all.slice(0, 3).join(', ')}${more}`;
}
function call(migration, step, context) {
    return migration.facts.form === 'context' ? step(context) : step(context.db, context.client);
}

;// CONCATENATED MODULE: ./emitted/migration/child/main.js
/** Entry of the process that loads and runs a project's migrations. Started by `../child-process.ts` alone. */







// The usual ten frames of an error end inside the driver and the gate, before the line of the migration.
Error.stackTraceLimit = 100;
const main_parent = new Parent();
const loaded = registerHooks();
main_parent.beforeFinish(() => ({ type: 'loaded', files: loaded.files.all }));
const main_reporter = new reporter/* Reporter */.a(main_parent);
const downDocuments = new DownDocuments(main_parent, loaded);
let main_run;
main_parent.receive((message) => {
    switch (message.type) {
        case 'run':
            if (message.job.rehearsal)
                loaded.processes.refuse();
            main_run = new MigrationRun(message.job, main_parent, main_reporter, loaded);
            main_parent.onEarlyExit(() => ({ type: 'exiting', state: main_reporter.state() }));
            main_reporter.start();
            void main_run.run();
            return;
        case 'describe':
            loaded.processes.refuse();
            void describeFiles(message.job, main_parent, loaded);
            return;
        case 'down-documents':
            loaded.processes.refuse();
            void downDocuments.ask(message.job);
            return;
        case 'config':
            void readConfig(message.path, main_parent, loaded);
            return;
        case 'stop':
            void main_run?.stop();
            return;
    }
});


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


/***/ })

};

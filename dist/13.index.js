export const id = 13;
export const ids = [13];
export const modules = {

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

/***/ 22874:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   ES: () => (/* binding */ leftDocumentsTable),
/* harmony export */   U7: () => (/* binding */ leftInWords)
/* harmony export */ });
/* unused harmony export reasonInWords */
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);

/** The server's code for a document that a validator refuses. */
const documentValidationFailure = 121;
/** Why documents stay as users left them. */
function reasonInWords({ reason, index, code }) {
    switch (reason) {
        case 'same-fields':
            return 'users and the migration wrote to the same fields';
        case 'inserted':
            return 'users wrote to what the migration inserted';
        case 'name-twice':
            return 'a field name stands twice';
        case 'unique':
            return `another document has the unique value${index === undefined ? '' : ` (index ${index})`}`;
        case 'refused':
            return code === documentValidationFailure
                ? 'the validator does not take what was there before'
                : `the server does not take what was there before (${code})`;
        case 'made-again':
            return 'the migration deleted it, and users made it again';
        case 'gone':
            return 'users have dropped or renamed the collection';
        case 'too-large':
            return 'too large to be kept on its way';
        case 'created':
            return 'users created it since';
        case 'unknown':
            return 'not on record';
    }
}
/** Documents that stay as users left them, by collection and reason. A rollback that an older version began has none on record. */
function leftDocumentsTable(title, undo) {
    const rows = undo.flatMap(({ name, conflicts = [] }) => conflicts.map((one) => [
        { name },
        { name: one.collection },
        { text: reasonInWords(one) },
        { text: (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatCount */ .B4)(one.documents) },
        { names: one.fields ?? [] },
    ]));
    const columns = ['Migration', 'Collection', 'Why', 'Documents', 'Fields'].map((column) => ({
        title: column,
        ...(column === 'Documents' && { numeric: true }),
    }));
    return rows.length === 0 ? [] : [{ kind: 'table', title, columns, rows }];
}
/** The same in a line: `towns: 2, since users and the migration wrote to the same fields: mayor`. */
function leftInWords(conflicts) {
    return conflicts
        .map((one) => {
        const fields = one.fields === undefined ? '' : `: ${one.fields.join(', ')}`;
        return `in ${one.collection} ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(one.documents, 'document')}, since ${reasonInWords(one)}${fields}`;
    })
        .join('; ');
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
/* harmony export */   Oi: () => (/* binding */ notCountedInWords),
/* harmony export */   ef: () => (/* binding */ undoSentence),
/* harmony export */   fT: () => (/* binding */ undoTable),
/* harmony export */   uB: () => (/* binding */ playbookTable)
/* harmony export */ });
/* harmony import */ var _format_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77447);
/* harmony import */ var _left_documents_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(22874);
/* harmony import */ var _steps_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(80645);



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
/** `Changed` is the sum of all those that are of nothing else. `seldom`: shown where there is any. */
const undoColumns = [
    { title: 'Changed', count: ({ changed = 0 }) => changed },
    { title: 'Put back', count: ({ documents = 0 }) => documents },
    { title: 'of which around users’ writes', seldom: true, count: ({ merged = 0 }) => merged },
    { title: 'of which taken out', seldom: true, count: ({ deleted = 0 }) => deleted },
    { title: 'of which put in again', seldom: true, count: ({ inserted = 0 }) => inserted },
    {
        title: 'By downDocument',
        seldom: true,
        count: ({ downDocuments = 0, downCreated = 0 }) => downDocuments - downCreated,
    },
    { title: 'Left to users', count: ({ quarantined = 0 }) => quarantined },
    { title: 'Deleted by users', seldom: true, count: ({ deletedSince = 0 }) => deletedSince },
    { title: 'As before already', seldom: true, count: ({ asBefore = 0 }) => asBefore },
    {
        title: 'Beside them, created by users: by downDocument',
        seldom: true,
        count: ({ downCreated = 0 }) => downCreated,
    },
];
/** What an undo did, or would do, with the documents that the migration changed. */
function undoTable(title, undo) {
    if (undo.length === 0)
        return [];
    // A rollback that an older version began has not all of them on record.
    const columns = undoColumns.filter(({ seldom, count }) => !seldom || undo.some((one) => count(one) > 0));
    return [
        {
            kind: 'table',
            title,
            columns: [{ title: 'Migration' }, ...columns.map((column) => ({ title: column.title, numeric: true }))],
            rows: undo.map((one) => [
                { name: one.name },
                ...columns.map(({ count }) => ({ text: (0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatCount */ .B4)(count(one)) })),
            ]),
        },
        ...(0,_left_documents_js__WEBPACK_IMPORTED_MODULE_1__/* .leftDocumentsTable */ .ES)('Left to users', undo),
        ...leftList(undo),
        ...createdSinceList(undo),
    ];
}
/** What an undo would do, and above all what it would leave as users have it. */
function undoSentence(undo) {
    const sum = (of) => undo.reduce((total, one) => total + of(one), 0);
    const quarantined = sum((one) => one.quarantined);
    const deleted = sum((one) => one.deletedSince ?? 0);
    const created = undo.flatMap(({ createdSince }) => createdSince);
    const counted = created.reduce((total, { documents }) => total + (documents === 'unknown' ? 0 : documents), 0);
    const unknown = [...new Set(created.flatMap((one) => (one.documents === 'unknown' ? [one.collection] : [])))];
    const left = sum((one) => one.left?.length ?? 0);
    const stays = [
        quarantined > 0 ? `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(quarantined, 'document')} that users wrote to, in quarantine` : undefined,
        counted > 0 ? `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(counted, 'document')} that they created since` : undefined,
        deleted > 0 ? `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(deleted, 'document')} that they deleted since` : undefined,
        unknown.length > 0 ? `what they created in ${unknown.join(', ')} since, if anything` : undefined,
        left > 0 ? `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(left, 'thing')} of the catalog` : undefined,
    ].filter((part) => part !== undefined);
    const back = `An undo would put ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(sum((one) => one.documents + one.downDocuments), 'document')} back`;
    const touching = undo.filter((one) => one.changed > 0 || one.downDocuments > 0 || one.createdSince.length > 0);
    const each = touching.length > 1 ? ' A document of several migrations counts once for each.' : '';
    return `${back}, and leave ${stays.length === 0 ? 'nothing as it is now' : `as they are: ${stays.join('; ')}`}.${each}`;
}
/** Collections, indexes and options that stay as others left them. */
function leftList(undo) {
    // A rollback that an older version began has none on record.
    const items = undo.flatMap(({ name, left = [] }) => left.map(({ why }) => `${why} (${name})`));
    return items.length === 0 ? [] : [{ kind: 'list', title: 'Of the catalog, left as it is', items }];
}
/** The steps of a rollback, each as it went the last time, and in the order of that. */
function playbookTable(steps) {
    if (steps.length === 0)
        return [];
    return [
        {
            kind: 'table',
            title: 'Steps of the way back',
            columns: [{ title: 'Step' }, { title: 'State' }, { title: 'Took', numeric: true }, { title: 'Note' }],
            rows: steps.map(({ name, state, durationMs, attempt, note = '' }) => [
                { name },
                { mark: (0,_steps_js__WEBPACK_IMPORTED_MODULE_2__/* .stepMark */ .e)(state), text: state },
                { text: state === 'skipped' ? '' : tookOf(durationMs, attempt) },
                { text: note },
            ]),
        },
    ];
}
function tookOf(durationMs, attempt) {
    const which = attempt === undefined ? [] : [`attempt ${attempt}`];
    return [...which, ...(durationMs === undefined ? [] : [(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatDuration */ .a3)(durationMs)])].join(', ');
}
/** What a restore has lost. */
function lossSentence(loss) {
    const kept = loss.kept === undefined ? '' : ' What users wrote last is kept aside.';
    if (loss.writes === null)
        return `How much users had written since is not known: ${loss.why}.${kept}`;
    const series = notCountedInWords(loss.notCounted);
    if (loss.writes === 0 && kept !== '')
        return `${kept.trimStart()}${series}`;
    if (loss.writes === 0)
        return series === ''
            ? 'Users had written nothing since.'
            : `How much users had written since is not known.${series}`;
    const but = kept === '' ? '' : ', but for the last of them, which are kept aside';
    return `${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .plural */ .LS)(loss.writes, 'write')} of users since ${(0,_format_js__WEBPACK_IMPORTED_MODULE_0__/* .formatTime */ .fU)(loss.since)} went with it${but}.${series}`;
}
/** A sentence that follows on the number; empty where nothing is left out of it. */
function notCountedInWords(series = []) {
    return series.length === 0 ? '' : ` Not counted: what was written to the time series ${series.join(', ')}.`;
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

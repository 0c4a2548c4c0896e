export const id = 8;
export const ids = [8];
export const modules = {

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

/***/ 21760:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   O1: () => (/* binding */ countsOfFindAndModify),
/* harmony export */   co: () => (/* binding */ countsOfAnswer),
/* harmony export */   cq: () => (/* binding */ countsOfCheckpoint),
/* harmony export */   mQ: () => (/* binding */ countsOf),
/* harmony export */   oH: () => (/* binding */ countsOfReply)
/* harmony export */ });
/* harmony import */ var _tally_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(88940);

/** Options of the driver decide in which class a number of BSON comes: Int32, Long, bigint. */
const number = (value) => {
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    return isNumber || (typeof value === 'object' && value !== null && '_bsontype' in value) ? Number(value) : 0;
};
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
/** All that was done up to a checkpoint: also by the statement of a list that is at work, and what no answer counts. */
function countsOfCheckpoint({ counts, constants = {} }) {
    const { within, uncounted, quarantined } = constants;
    const all = [counts, within?.counts, uncounted, quarantined ? { ..._tally_js__WEBPACK_IMPORTED_MODULE_0__/* .noCounts */ .Yi, quarantined } : undefined];
    return all.reduce((total, some) => (some === undefined ? total : (0,_tally_js__WEBPACK_IMPORTED_MODULE_0__/* .sum */ .cz)(total, some)), _tally_js__WEBPACK_IMPORTED_MODULE_0__/* .noCounts */ .Yi);
}
/** What an answer says that the journal keeps, of whichever method; undefined where it does not: one too large to be kept. */
function countsOfAnswer(method, { form, value }) {
    if (typeof value !== 'object' || value === null)
        return undefined;
    const answer = value;
    if (form === 'bulk') {
        const { nMatched, nModified, nInserted, nUpserted, nRemoved } = (answer.raw ?? {});
        return {
            ...{ matched: number(nMatched), modified: number(nModified), deleted: number(nRemoved) },
            inserted: number(nInserted) + number(nUpserted),
        };
    }
    if ('lastErrorObject' in answer) {
        const { updatedExisting } = (answer.lastErrorObject ?? {});
        return countsOfFindAndModify(answer, updatedExisting === undefined);
    }
    if (method === 'batch') {
        const { matched, modified, inserted, deleted, quarantined } = answer;
        return {
            ...{ matched: number(matched), modified: number(modified) },
            ...{ inserted: number(inserted), deleted: number(deleted) },
            ...(number(quarantined) > 0 ? { quarantined: number(quarantined) } : {}),
        };
    }
    if (method.startsWith('command '))
        return countsOfReply(method.replace('command ', '').toLowerCase(), answer);
    return answer.acknowledged === true ? countsOf(answer) : undefined;
}


/***/ }),

/***/ 78194:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Li: () => (/* binding */ lookOf),
/* harmony export */   h3: () => (/* binding */ lookAround),
/* harmony export */   m6: () => (/* binding */ maybeSeen),
/* harmony export */   tD: () => (/* binding */ changed)
/* harmony export */ });
/* unused harmony export seen */
/* harmony import */ var _mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(53545);
/* harmony import */ var _look_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(2539);


async function lookAround(context, namespace, to) {
    const here = await (0,_look_js__WEBPACK_IMPORTED_MODULE_1__/* .lookAt */ .t5)(context, namespace);
    return { here, there: to === undefined ? undefined : await (0,_look_js__WEBPACK_IMPORTED_MODULE_1__/* .lookAt */ .t5)(context, to) };
}
/** A state of the journal with plain bytes again. */
function seen(state) {
    return { ...state, options: (0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .bytesOf */ .$$)(state.options), indexes: state.indexes.map((index) => (0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .bytesOf */ .$$)(index)) };
}
function maybeSeen(state) {
    return state === undefined ? undefined : seen(state);
}
/** Whether anything is not as it was before the change. */
function changed({ before, replaced, displaced }, { here, there }) {
    if (displaced !== undefined)
        return true;
    return !(0,_look_js__WEBPACK_IMPORTED_MODULE_1__/* .sameState */ .yY)(maybeSeen(before), here) || !(0,_look_js__WEBPACK_IMPORTED_MODULE_1__/* .sameState */ .yY)(maybeSeen(replaced), there);
}
/** What the gate counts a change by; also of an entry, for a call that is answered from it. */
function lookOf({ before, after, replaced }) {
    return {
        existed: before !== undefined,
        replaced: replaced !== undefined,
        indexesBefore: (0,_look_js__WEBPACK_IMPORTED_MODULE_1__/* .indexNames */ .dC)(maybeSeen(before)),
        indexesAfter: (0,_look_js__WEBPACK_IMPORTED_MODULE_1__/* .indexNames */ .dC)(maybeSeen(after)),
    };
}


/***/ }),

/***/ 2539:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   OW: () => (/* binding */ documentField),
/* harmony export */   dC: () => (/* binding */ indexNames),
/* harmony export */   t5: () => (/* binding */ lookAt),
/* harmony export */   yY: () => (/* binding */ sameState),
/* harmony export */   zJ: () => (/* binding */ databaseOf)
/* harmony export */ });
/* harmony import */ var _mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(53545);
/* harmony import */ var _mongo_raw_listing_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(7947);
/* harmony import */ var _mongo_server_code_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(20724);



/**
 * What stands under a name now; undefined when nothing does. Read as bytes by the project's driver, from the primary:
 * a secondary may be behind what was just changed. Rejects with the driver's error.
 */
async function lookAt(context, namespace) {
    const { collection } = namespace;
    if (collection === undefined)
        return undefined;
    const db = databaseOf(context, namespace.database);
    const entry = await entryOf(db, collection);
    if (entry === undefined)
        return undefined;
    const options = Buffer.from((0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .documentNamed */ .vD)(entry, 'options') ?? _mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .emptyDocument */ .vM);
    const type = ((0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .textNamed */ .Ls)(entry, 'type') ?? 'collection');
    if (type === 'view')
        return { type, options, indexes: [] };
    const storage = type === 'timeseries' ? await entryOf(db, _mongo_raw_listing_js__WEBPACK_IMPORTED_MODULE_1__/* .bucketsPrefix */ .YH + collection) : entry;
    const indexes = await indexesOf(db, collection);
    // Dropped between the two looks.
    if (indexes === undefined)
        return undefined;
    return { type, uuid: storage === undefined ? undefined : (0,_mongo_raw_listing_js__WEBPACK_IMPORTED_MODULE_1__/* .uuidOf */ .pV)(storage), options, indexes };
}
/** Names of the indexes, in their order. */
function indexNames({ indexes = [] } = {}) {
    return indexes.map((index) => (0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .textNamed */ .Ls)(index, 'name') ?? '');
}
/** The bytes of an embedded document; undefined where there is none of that name. */
function documentField(document, name) {
    const bytes = (0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .documentNamed */ .vD)(document, name);
    return bytes === undefined ? undefined : (0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .asBuffer */ .bS)(bytes);
}
/** Whether two states are one and the same: the collection itself, its options, its indexes. */
function sameState(a, b) {
    if (a === undefined || b === undefined)
        return a === b;
    if (a.type !== b.type || a.uuid !== b.uuid || !(0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .sameBytes */ .er)(a.options, b.options))
        return false;
    const texts = (state) => state.indexes.map((index) => (0,_mongo_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .asBuffer */ .bS)(index).toString('hex')).sort();
    return texts(a).join() === texts(b).join();
}
/** The primary is asked, whatever the connection string prefers. */
function databaseOf({ client }, name) {
    return client.db(name, { readPreference: 'primary' });
}
async function entryOf(db, name) {
    const [entry] = await (0,_mongo_raw_listing_js__WEBPACK_IMPORTED_MODULE_1__/* .rawDocuments */ .lK)(db.listCollections({ name }, { raw: true }));
    return entry;
}
async function indexesOf(db, name) {
    try {
        return await (0,_mongo_raw_listing_js__WEBPACK_IMPORTED_MODULE_1__/* .rawDocuments */ .lK)(db.collection(name).listIndexes({ raw: true }));
    }
    catch (error) {
        if ((0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_2__/* .serverCode */ .XY)(error) === _mongo_server_code_js__WEBPACK_IMPORTED_MODULE_2__/* .serverCodes */ .Wc.NamespaceNotFound)
            return undefined;
        throw error;
    }
}


/***/ }),

/***/ 13666:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   H: () => (/* binding */ shownName),
/* harmony export */   L: () => (/* binding */ parseNamespace)
/* harmony export */ });
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


/***/ }),

/***/ 88940:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   CC: () => (/* binding */ noEffects),
/* harmony export */   F0: () => (/* binding */ Tally),
/* harmony export */   Yi: () => (/* binding */ noCounts),
/* harmony export */   cz: () => (/* binding */ sum)
/* harmony export */ });
const noCounts = { matched: 0, modified: 0, inserted: 0, deleted: 0 };
function sum(a, b) {
    return {
        matched: a.matched + b.matched,
        modified: a.modified + b.modified,
        inserted: a.inserted + b.inserted,
        deleted: a.deleted + b.deleted,
        ...(a.quarantined || b.quarantined ? { quarantined: (a.quarantined ?? 0) + (b.quarantined ?? 0) } : {}),
    };
}
/** Adds effects up: one for the run, one for each open transaction, which joins the run's when it commits. */
class Tally {
    operations = 0;
    /** Of those: what an earlier run had done, and the journal answered. */
    replayed = 0;
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
        this.replayed += tally.replayed;
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
            ...(this.replayed > 0 ? { replayed: this.replayed } : {}),
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

/***/ 80637:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   P: () => (/* binding */ keyText)
/* harmony export */ });
/**
 * One text for equal keys of indexes, whichever driver's number types they have: names of servers before 5.0 may not
 * hold `$`, which a key may have, so no document is kept. Undefined for text indexes, whose key the server makes.
 */
function keyText(key) {
    const fields = [...key].map(([field, direction]) => [field, String(direction)]);
    return fields.some(([, direction]) => direction === 'text') ? undefined : JSON.stringify(fields);
}


/***/ }),

/***/ 63170:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   AQ: () => (/* binding */ laneId),
/* harmony export */   Be: () => (/* binding */ ofAttempt),
/* harmony export */   Cj: () => (/* binding */ imagesId),
/* harmony export */   Jz: () => (/* binding */ placeOfImages),
/* harmony export */   Mc: () => (/* binding */ entriesOf),
/* harmony export */   Ms: () => (/* binding */ entryOf),
/* harmony export */   S5: () => (/* binding */ laneCount),
/* harmony export */   eB: () => (/* binding */ attemptPrefix),
/* harmony export */   nD: () => (/* binding */ sequenceOf),
/* harmony export */   q5: () => (/* binding */ isOfImages),
/* harmony export */   ub: () => (/* binding */ entryId)
/* harmony export */ });
/** No file has a slash in its name, so names cannot run into each other. */
function attemptPrefix({ migration, number }) {
    return `${migration}/${padded(number, 6)}/`;
}
function entryId(attempt, sequence) {
    return `${attemptPrefix(attempt)}${padded(sequence, 10)}`;
}
/** `place`: the entry's id; of later transactions an id with a number of their own. */
function imagesId(place, part) {
    return `${place}/${padded(part, 6)}`;
}
/** Whether an id is of images: an entry's has one part less. */
function isOfImages(_id) {
    return _id.split('/').length === 4;
}
/** What all images have in common that one transaction of an entry wrote. */
function placeOfImages(_id) {
    return _id.slice(0, _id.lastIndexOf('/'));
}
/** The id of the entry that images belong to. */
function entryOf({ _id, of }) {
    return of ?? placeOfImages(_id);
}
/** The number of an entry, or of images, within their attempt. */
function sequenceOf(id) {
    return Number(id.split('/')[2]);
}
/** A filter for all documents of an attempt: `0` follows `/` in code units. */
function ofAttempt(attempt) {
    const prefix = attemptPrefix(attempt);
    return { _id: { $gte: prefix, $lt: `${prefix.slice(0, -1)}0` } };
}
/** A filter for its entries alone: the key tells, so that no images are fetched. Their ids have one part more. */
function entriesOf(attempt) {
    return { _id: { ...ofAttempt(attempt)._id, $regex: /^[^/]*\/\d+\/\d+$/ } };
}
function padded(number, digits) {
    return String(number).padStart(digits, '0');
}
const laneCount = 8;
function laneId(lane) {
    return `lane.${lane}`;
}


/***/ }),

/***/ 1308:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Fg: () => (/* binding */ unpackImages),
/* harmony export */   IY: () => (/* binding */ packImages),
/* harmony export */   X3: () => (/* binding */ JournalDamage),
/* harmony export */   lM: () => (/* binding */ documentOf)
/* harmony export */ });
/* harmony import */ var node_zlib__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(38522);

/** The newest that an image has of its document: its `_id` is the same in both. */
function documentOf({ before, after }) {
    return after ?? before;
}
/** The journal is not what was written. */
class JournalDamage extends Error {
    name = 'JournalDamage';
}
/** A part has to fit, with its entry's fields, into a document of 16 MB (`maxBsonObjectSize`). */
const partBytes = 12 * 1024 * 1024;
/**
 * One zstd frame over documents one after the other, before and after next to each other: what is equal in both costs
 * next to nothing then. An absent one is four zero bytes; a BSON document begins with its own length, which is never 0.
 * Cut into parts that each fit into one document of the journal.
 */
function packImages(images) {
    const plain = Buffer.concat(images.flatMap(({ before, after }) => [before ?? absent, after ?? absent]));
    const packed = (0,node_zlib__WEBPACK_IMPORTED_MODULE_0__.zstdCompressSync)(plain);
    const parts = [];
    for (let at = 0; at < packed.length; at += partBytes)
        parts.push(packed.subarray(at, at + partBytes));
    return parts;
}
/** The images of all parts of one `packImages`. Throws `JournalDamage` where the bytes are not what it made. */
function unpackImages(parts) {
    const plain = decompressed(Buffer.concat(parts));
    const images = [];
    let at = 0;
    const next = () => {
        if (at + 4 > plain.length)
            throw new JournalDamage('The images of the journal end in the middle of a document.');
        const length = plain.readInt32LE(at);
        const bytes = length === 0 ? undefined : plain.subarray(at, at + length);
        at += Math.max(4, length);
        if (at > plain.length)
            throw new JournalDamage('The images of the journal end in the middle of a document.');
        return bytes;
    };
    while (at < plain.length) {
        const before = next();
        images.push({ before, after: next() });
    }
    return images;
}
function decompressed(packed) {
    try {
        return (0,node_zlib__WEBPACK_IMPORTED_MODULE_0__.zstdDecompressSync)(packed, { chunkSize: chunkFor(packed) });
    }
    catch (cause) {
        throw new JournalDamage('The images of the journal are not what was packed.', { cause });
    }
}
/** Node's default, in bytes, and as much as is taken at once on a frame's own word, which may be damaged. */
const [usualChunk, mostChunk] = [16 * 1024, 512 * 1024 * 1024];
/**
 * All of it in one piece where the frame says how much that is in 32 bits: put together of many it takes up to twice as
 * long. One byte more, else Node asks for another piece. https://datatracker.ietf.org/doc/html/rfc8878#section-3.1.1.1
 */
function chunkFor(frame) {
    const descriptor = frame[4] ?? 0;
    const at = (descriptor & 0x20) === 0 ? 6 : 5;
    if (descriptor >> 6 !== 2 || (descriptor & 3) !== 0 || frame.length < at + 4)
        return usualChunk;
    const stated = frame.readUInt32LE(at) + 1;
    return stated > mostChunk ? usualChunk : stated;
}
const absent = Buffer.alloc(4);


/***/ }),

/***/ 26715:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   GD: () => (/* binding */ wasRefused),
/* harmony export */   SV: () => (/* binding */ usualPatienceMs),
/* harmony export */   XM: () => (/* binding */ leaseLost),
/* harmony export */   cd: () => (/* binding */ commit),
/* harmony export */   dd: () => (/* binding */ transactionOptions),
/* harmony export */   qN: () => (/* binding */ commitUnknown),
/* harmony export */   qO: () => (/* binding */ passing)
/* harmony export */ });
/* harmony import */ var node_timers_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(58500);
/* harmony import */ var _mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(20724);
/* harmony import */ var _mongo_unsent_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(3439);
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(3510);




/** What the transactions of the gate and those of an undo have in common, with whichever driver they are sent. */
const transactionOptions = {
    readConcern: { level: 'snapshot' },
    writeConcern: { w: 'majority' },
    readPreference: 'primary',
};
/** How long one is tried again without any success in between, in milliseconds: longer than an election takes. */
const usualPatienceMs = 60_000;
/**
 * Sent again while its result is unknown: the server answers a repeated commit with the first one's result. Rejects with
 * an error labelled `TransientTransactionError` where it was certainly not done, and with one labelled
 * `UnknownTransactionCommitResult` where that is not known after so many milliseconds.
 */
async function commit(session, patienceMs) {
    const since = performance.now();
    for (;;) {
        try {
            await session.commitTransaction();
            return;
        }
        catch (error) {
            if ((0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .labelled */ .wW)(error, 'TransientTransactionError'))
                throw error;
            if (!(0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .labelled */ .wW)(error, 'UnknownTransactionCommitResult') && !unanswered(error))
                throw error;
            if (performance.now() - since > patienceMs)
                throw asUnknown(error);
            await (0,node_timers_promises__WEBPACK_IMPORTED_MODULE_0__.setTimeout)(200 + 300 * Math.random());
        }
    }
}
/** For what `commit` rejects with where it is not known whether it was done. */
function commitUnknown(cause) {
    return new _observe_error_js__WEBPACK_IMPORTED_MODULE_3__/* .ReleaseError */ .K('COMMIT_UNKNOWN', 'The server did not say whether a write was committed.', {
        hint: 'Run the same command again when it can be reached: the journal tells.',
        cause,
    });
}
/** Not every driver labels an error that it has while it looks for a server to ask again. */
function asUnknown(error) {
    error.addErrorLabel?.('UnknownTransactionCommitResult');
    return error;
}
/**
 * What may pass by itself, when the whole transaction is tried again; undefined for every other error. `conflict`: with
 * another write, or with a lock that another operation holds, such as a pending rename: a smaller transaction may get
 * through.
 */
function passing(error) {
    const code = (0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCode */ .XY)(error);
    if (code === _mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCodes */ .Wc.WriteConflict || code === _mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCodes */ .Wc.LockTimeout)
        return 'conflict';
    // Also without a label: the driver looks for a server before there is a transaction that could have one.
    if (unanswered(error))
        return 'outage';
    return (0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .labelled */ .wW)(error, 'TransientTransactionError') || (0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .labelled */ .wW)(error, 'RetryableWriteError') ? 'outage' : undefined;
}
/** Whether the server answered that it did not do it, or the driver did not send it; the transaction was aborted then. */
function wasRefused(error) {
    if ((0,_mongo_unsent_js__WEBPACK_IMPORTED_MODULE_2__/* .unsent */ .Y)(error))
        return true;
    if ((0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .labelled */ .wW)(error, 'UnknownTransactionCommitResult'))
        return false;
    return (0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCode */ .XY)(error) !== undefined && passing(error) === undefined;
}
/** The fence in a lane is another run's by now. */
function leaseLost() {
    return new _observe_error_js__WEBPACK_IMPORTED_MODULE_3__/* .ReleaseError */ .K('LEASE_LOST', 'A newer run has taken the target over; this run writes no more.', {
        hint: 'Look at mongo-release status, then run the command again.',
    });
}
/** By name: the class belongs to whichever driver the project has. */
const unreachable = new Set([
    'MongoServerSelectionError',
    'MongoNetworkError',
    'MongoNetworkTimeoutError',
    'MongoPoolClearedError',
    'PoolClearedError',
    'PoolClearedOnNetworkError',
    'MongoPoolClearedOnNetworkError',
]);
function unanswered(error) {
    return error instanceof Error && (0,_mongo_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCode */ .XY)(error) === undefined && unreachable.has(error.name);
}


/***/ }),

/***/ 45487:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   P: () => (/* binding */ Elapsed),
/* harmony export */   o: () => (/* binding */ answerWithin)
/* harmony export */ });
/* harmony import */ var node_timers_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(58500);
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(3510);


/**
 * Measures how long a promise of the server has been running, without asking the server.
 *
 * The monotonic clock is the measure. It stands still while a virtual machine or laptop sleeps, though, and the
 * server's does not; so the wall clock is asked too, and the longer of the two counts. A wall clock that is set forward
 * can thereby end a lease early, which costs a run; the other mistake would cost data.
 */
class Elapsed {
    #monotonic = performance.now();
    #wall = Date.now();
    /** Milliseconds since this was made. */
    get ms() {
        return Math.max(performance.now() - this.#monotonic, Date.now() - this.#wall);
    }
}
/** The driver has no time limit of its own for an operation; a silent network would hold it for ever. */
async function answerWithin(ms, operation) {
    const timer = new AbortController();
    const silence = (0,node_timers_promises__WEBPACK_IMPORTED_MODULE_0__.setTimeout)(ms, undefined, { signal: timer.signal, ref: false }).then(() => {
        throw new _observe_error_js__WEBPACK_IMPORTED_MODULE_1__/* .ReleaseError */ .K('SERVER_UNREACHABLE', 'The server did not answer a request for the lease in time.', {
            hint: 'Check the network between this machine and the replica set, and that it has a primary; then run it again.',
        });
    });
    try {
        return await Promise.race([operation, silence]);
    }
    finally {
        timer.abort();
    }
}


/***/ }),

/***/ 9593:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   k: () => (/* binding */ FreshFence),
/* harmony export */   r: () => (/* binding */ slowlyFencedForMs)
/* harmony export */ });
/* harmony import */ var _observe_error_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(3510);
/* harmony import */ var _clock_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(45487);


/**
 * How long after its fence something that no transaction takes may be sent, in milliseconds: a process that was frozen
 * in between looks again. Far below the shortest life of a lease, 3 s.
 */
const fencedForMs = 500;
/** A server may need longer than that for an answer. Below the shortest life of a lease all the same. */
const slowlyFencedForMs = 2000;
/** After so many answers that took too long the longer time counts, and after ten times as many nothing is sent. */
const mostTries = 3;
/** The fence of what no transaction takes: shown to the server right before it is sent. */
class FreshFence {
    #show;
    /** Since before the last fence was sent: nobody knows when the server saw it. */
    #shown;
    #looking;
    /** `show` is to reject where a newer run has taken over. */
    constructor(show) {
        this.#show = show;
    }
    /** Work that shows the fence as well, as every transaction does. */
    async shownBy(work) {
        const sent = new _clock_js__WEBPACK_IMPORTED_MODULE_1__/* .Elapsed */ .P();
        const result = await work();
        this.#shown = sent;
        return result;
    }
    /**
     * To be awaited right before what cannot be fenced. Rejects as `show` does, and with `SERVER_UNREACHABLE` where the
     * server does not answer in time again and again.
     */
    assertFresh() {
        // Of what is sent at the same time one looks, for all.
        this.#looking ??= this.#look().finally(() => {
            this.#looking = undefined;
        });
        return this.#looking;
    }
    async #look() {
        for (let tries = 0; !this.#isFresh(tries < mostTries ? fencedForMs : slowlyFencedForMs); tries += 1) {
            if (tries === 10 * mostTries)
                throw tooSlow();
            await this.shownBy(this.#show);
        }
    }
    #isFresh(forMs) {
        return this.#shown !== undefined && this.#shown.ms <= forMs;
    }
}
function tooSlow() {
    return new _observe_error_js__WEBPACK_IMPORTED_MODULE_0__/* .ReleaseError */ .K('SERVER_UNREACHABLE', 'The server takes too long for a change that has to be sent right after the lease was shown.', { hint: 'Look at the load of the primary and its network, then run the command again.' });
}


/***/ }),

/***/ 17164:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   q: () => (/* binding */ endOut)
/* harmony export */ });
/* harmony import */ var node_timers_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(58500);

/** How long a stage may take to notice that it was ended, in milliseconds. */
const patienceMs = 30_000;
/**
 * Ends every `$out` into a collection of this name that the server is still at, and waits until it has ended: of a
 * pipeline that writes, the server takes no notice when its client is gone. A user sees and may end operations of its
 * own without any privilege.
 *
 * Does nothing where the server does not tell of its operations.
 */
async function endOut(admin, { database, collection }) {
    const until = performance.now() + patienceMs;
    for (;;) {
        const running = await operationsInto(admin, `${database}.${collection}`);
        if (running.length === 0 || performance.now() > until)
            return;
        for (const op of running)
            await admin.command({ killOp: 1, op }).catch(() => { });
        await (0,node_timers_promises__WEBPACK_IMPORTED_MODULE_0__.setTimeout)(50);
    }
}
async function operationsInto(admin, namespace) {
    const pipeline = [{ $currentOp: {} }, { $match: { 'command.aggregate': { $exists: true } } }];
    try {
        const { cursor } = await admin.command({ aggregate: 1, pipeline, cursor: { batchSize: 10_000 } });
        const found = cursor.firstBatch;
        return found.filter(({ command }) => targetOf(command) === namespace).map(({ opid }) => opid);
    }
    catch {
        return [];
    }
}
function targetOf({ pipeline, $db }) {
    const out = Array.isArray(pipeline) ? pipeline.at(-1)?.$out : undefined;
    return typeof out === 'object' ? `${out?.db ?? $db}.${out?.coll}` : `${$db}.${out}`;
}


/***/ }),

/***/ 82561:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   R3: () => (/* binding */ expiriesOf),
/* harmony export */   k: () => (/* binding */ stopExpiry),
/* harmony export */   zw: () => (/* binding */ neverExpires)
/* harmony export */ });
/* harmony import */ var _raw_bson_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(53545);
/* harmony import */ var _server_code_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(20724);


/** The longest that a TTL index takes (`expireAfterSeconds` is an int32): 68 years. */
const neverExpires = 2_147_483_647;
/** Of options and indexes as the catalog has them, in bytes; what was stopped is not among them. */
function expiriesOf(options, indexes) {
    const own = secondsIn(options);
    const ofIndexes = indexes.flatMap((index) => {
        const expireAfterSeconds = secondsIn(index);
        if (expireAfterSeconds === undefined || expireAfterSeconds === neverExpires)
            return [];
        return [{ index: (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .textNamed */ .Ls)(index, 'name'), expireAfterSeconds }];
    });
    return own === undefined ? ofIndexes : [...ofIndexes, { expireAfterSeconds: own }];
}
/**
 * Has nothing expire any more; `modify` sends the rest of a collMod. Can be repeated where it was interrupted. Rejects with
 * the server's error, but for a missing right to collMod.
 */
async function stopExpiry(expiries, modify) {
    for (const { index: name } of expiries) {
        try {
            await modify(name === undefined ? { expireAfterSeconds: 'off' } : { index: { name, expireAfterSeconds: neverExpires } });
        }
        catch (error) {
            const code = (0,_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCode */ .XY)(error);
            if (code === _server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCodes */ .Wc.Unauthorized)
                return 'not-authorized';
            // An index that is still being built: it has nothing expire before it is there, and is gone with a rename.
            if (code !== _server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCodes */ .Wc.IndexNotFound)
                throw error;
        }
    }
    return 'stopped';
}
/** Only a number counts: the server passes any other value over. */
function secondsIn(document) {
    for (const { name, type, valueStart } of (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .elementsOf */ .ZE)(document)) {
        if (name !== 'expireAfterSeconds')
            continue;
        const buffer = (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .asBuffer */ .bS)(document);
        if (type === _raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .bsonTypes */ .uI.int32)
            return buffer.readInt32LE(valueStart);
        if (type === _raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .bsonTypes */ .uI.double)
            return buffer.readDoubleLE(valueStart);
        return type === _raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .bsonTypes */ .uI.int64 ? Number(buffer.readBigInt64LE(valueStart)) : undefined;
    }
    return undefined;
}


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
        compared: (unique) => `${prefix}.compared.${unique}`,
        owns: (name) => name.startsWith(`${prefix}.`),
    };
}


/***/ }),

/***/ 53545:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   $$: () => (/* binding */ bytesOf),
/* harmony export */   FF: () => (/* binding */ BsonError),
/* harmony export */   Ls: () => (/* binding */ textNamed),
/* harmony export */   T4: () => (/* binding */ idKey),
/* harmony export */   Y8: () => (/* binding */ valueLength),
/* harmony export */   ZE: () => (/* binding */ elementsOf),
/* harmony export */   _U: () => (/* binding */ idElement),
/* harmony export */   bS: () => (/* binding */ asBuffer),
/* harmony export */   er: () => (/* binding */ sameBytes),
/* harmony export */   pw: () => (/* binding */ endOfCString),
/* harmony export */   uI: () => (/* binding */ bsonTypes),
/* harmony export */   vD: () => (/* binding */ documentNamed),
/* harmony export */   vM: () => (/* binding */ emptyDocument)
/* harmony export */ });
/**
 * BSON as bytes, without making JavaScript objects of it: objects put integer-like keys first, keep one of two equal
 * keys and lose the types of numbers. Layout and type numbers from https://bsonspec.org/spec.html.
 */
const bsonTypes = {
    double: 0x01,
    string: 0x02,
    document: 0x03,
    array: 0x04,
    binary: 0x05,
    undefined: 0x06,
    objectId: 0x07,
    boolean: 0x08,
    date: 0x09,
    null: 0x0a,
    regex: 0x0b,
    dbPointer: 0x0c,
    code: 0x0d,
    symbol: 0x0e,
    codeWithScope: 0x0f,
    int32: 0x10,
    timestamp: 0x11,
    int64: 0x12,
    decimal128: 0x13,
    maxKey: 0x7f,
    minKey: 0xff,
};
/** Bytes that are no BSON document. */
class BsonError extends Error {
    name = 'BsonError';
}
/**
 * The elements of the document at `offset`, in order, duplicates included; those from `from` on, where one begins there.
 * Throws `BsonError` where it is malformed.
 */
function* elementsOf(bytes, offset = 0, from = offset + 4) {
    const buffer = asBuffer(bytes);
    const end = offset + documentLength(buffer, offset);
    let at = from;
    while (at < end - 1) {
        const type = buffer[at];
        const nameEnd = endOfCString(buffer, at + 1, end);
        const valueStart = nameEnd + 1;
        const valueEnd = valueStart + valueLength(buffer, type, valueStart, end);
        if (valueEnd > end - 1)
            throw new BsonError('a value reaches beyond its document');
        yield { type, name: buffer.toString('utf8', at + 1, nameEnd), start: at, valueStart, end: valueEnd };
        at = valueEnd;
    }
}
/** The bytes of the first embedded document of that name, no copy; undefined when there is none. */
function documentNamed(bytes, name) {
    for (const element of elementsOf(bytes)) {
        if (element.name === name && element.type === bsonTypes.document) {
            return bytes.subarray(element.valueStart, element.end);
        }
    }
    return undefined;
}
/** The value of a text field; undefined where there is none of that name. */
function textNamed(document, name) {
    for (const element of elementsOf(document)) {
        // A length of four bytes before it, a zero behind it.
        if (element.name === name)
            return asBuffer(document).toString('utf8', element.valueStart + 4, element.end - 1);
    }
    return undefined;
}
/** The bytes of `_id` and the zero behind it. */
const idName = 0x5f696400;
/** The `_id` of a document. Throws `BsonError` where it has none: it cannot be found again. */
function idElement(document) {
    const buffer = asBuffer(document);
    // The server keeps it in front.
    if (buffer.length > 9 && buffer.readUInt32BE(5) === idName) {
        const [length, type] = [documentLength(buffer, 0), buffer[4]];
        const end = 9 + valueLength(buffer, type, 9, length);
        if (end > length - 1)
            throw new BsonError('a value reaches beyond its document');
        return { type, name: '_id', start: 4, valueStart: 9, end };
    }
    for (const element of elementsOf(document))
        if (element.name === '_id')
            return element;
    throw new BsonError('a document lacks its _id');
}
/** One text for the `_id`s that are equal in type and bytes. */
function idKey(document) {
    const { type, valueStart, end } = idElement(document);
    return `${type}:${asBuffer(document).toString('latin1', valueStart, end)}`;
}
function bytesOf(value) {
    if (value instanceof Uint8Array)
        return asBuffer(value);
    const { buffer, position } = (value ?? {});
    if (!(buffer instanceof Uint8Array) || typeof position !== 'number')
        return undefined;
    return asBuffer(buffer).subarray(0, position);
}
const emptyDocument = Buffer.from([5, 0, 0, 0, 0]);
function sameBytes(a, b) {
    if (a === undefined || b === undefined)
        return a === b;
    return asBuffer(a).equals(b);
}
/** Same bytes, no copy. */
function asBuffer(bytes) {
    return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
/** Length in bytes that the document at `offset` states, checked against the buffer and its closing zero. */
function documentLength(buffer, offset) {
    if (offset + 5 > buffer.length)
        throw new BsonError('a document ends early');
    const length = buffer.readInt32LE(offset);
    if (length < 5 || offset + length > buffer.length)
        throw new BsonError('the length of a document is impossible');
    if (buffer[offset + length - 1] !== 0)
        throw new BsonError('a document lacks its closing zero');
    return length;
}
function endOfCString(buffer, from, limit) {
    const end = buffer.indexOf(0, from);
    if (end < 0 || end >= limit)
        throw new BsonError('a name has no end');
    return end;
}
/** Bytes of the value of that type at `at`, in a document that ends at `limit`. Throws `BsonError` where it is none. */
function valueLength(buffer, type, at, limit) {
    switch (type) {
        case bsonTypes.double:
        case bsonTypes.date:
        case bsonTypes.timestamp:
        case bsonTypes.int64:
            return 8;
        case bsonTypes.int32:
            return 4;
        case bsonTypes.string:
        case bsonTypes.code:
        case bsonTypes.symbol:
            return 4 + stated(buffer, at, limit, 1);
        case bsonTypes.document:
        case bsonTypes.array:
        case bsonTypes.codeWithScope:
            return stated(buffer, at, limit, 5);
        case bsonTypes.binary:
            return 5 + stated(buffer, at, limit, 0);
        case bsonTypes.objectId:
            return 12;
        case bsonTypes.boolean:
            return 1;
        case bsonTypes.decimal128:
            return 16;
        case bsonTypes.undefined:
        case bsonTypes.null:
        case bsonTypes.minKey:
        case bsonTypes.maxKey:
            return 0;
        case bsonTypes.regex:
            return endOfCString(buffer, endOfCString(buffer, at, limit) + 1, limit) + 1 - at;
        case bsonTypes.dbPointer:
            return 4 + stated(buffer, at, limit, 1) + 12;
        default:
            throw new BsonError(`there is no type ${type}`);
    }
}
function stated(buffer, at, limit, least) {
    if (at + 4 > limit)
        throw new BsonError('a value ends early');
    const length = buffer.readInt32LE(at);
    if (length < least)
        throw new BsonError('the length of a value is impossible');
    return length;
}


/***/ }),

/***/ 7947:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   YH: () => (/* binding */ bucketsPrefix),
/* harmony export */   lK: () => (/* binding */ rawDocuments),
/* harmony export */   pV: () => (/* binding */ uuidOf)
/* harmony export */ });
/* harmony import */ var _raw_bson_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(53545);

/** Listings of the catalog as bytes, with whichever driver they were asked for: nothing of a driver is loaded for it. */
/** The documents of the time series `ts` are in the collection `system.buckets.ts`. */
const bucketsPrefix = 'system.buckets.';
/**
 * The documents of a cursor with `raw`. They are views into the reply, which the driver's types do not say; copies let it
 * go. Drivers 4 and 5 give the reply itself, as if it were the one document: no listing is longer than its first batch.
 */
async function rawDocuments(cursor) {
    const documents = (await cursor.toArray());
    const [first] = documents;
    const reply = first === undefined ? undefined : (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .documentNamed */ .vD)(first, 'cursor');
    return (reply === undefined ? documents : firstBatch(reply)).map((bytes) => Buffer.from(bytes));
}
function firstBatch(cursor) {
    for (const { name, valueStart, end } of (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .elementsOf */ .ZE)(cursor)) {
        if (name !== 'firstBatch')
            continue;
        const list = cursor.subarray(valueStart, end);
        return [...(0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .elementsOf */ .ZE)(list)].map((element) => list.subarray(element.valueStart, element.end));
    }
    return [];
}
/** Of an entry of `listCollections`: 32 hex digits; undefined for views. */
function uuidOf(entry) {
    const info = (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .documentNamed */ .vD)(entry, 'info');
    if (info === undefined)
        return undefined;
    for (const { name, valueStart, end } of (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .elementsOf */ .ZE)(info)) {
        // The 16 bytes behind the length and the subtype of a binary.
        if (name === 'uuid')
            return (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_0__/* .asBuffer */ .bS)(info).toString('hex', valueStart + 5, end);
    }
    return undefined;
}


/***/ }),

/***/ 20724:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  JL: () => (/* binding */ describeServerError),
  wW: () => (/* binding */ labelled),
  XY: () => (/* binding */ serverCode),
  Wc: () => (/* binding */ serverCodes)
});

;// CONCATENATED MODULE: ./emitted/mongo/server-code-names.js
/**
 * Names of the server's errors that come without one: in the answer to a write each refused statement has a number only.
 * Those that a write or an index can be refused with; names from the server's `src/mongo/base/error_codes.yml`.
 */
const serverCodeNames = {
    2: 'BadValue',
    9: 'FailedToParse',
    10: 'CannotMutateObject',
    14: 'TypeMismatch',
    15: 'Overflow',
    16: 'InvalidLength',
    20: 'IllegalOperation',
    22: 'InvalidBSON',
    28: 'PathNotViable',
    40: 'ConflictingUpdateOperators',
    50: 'MaxTimeMSExpired',
    52: 'DollarPrefixedFieldName',
    53: 'InvalidIdField',
    54: 'NotSingleValueField',
    55: 'InvalidDBRef',
    56: 'EmptyFieldName',
    57: 'DottedFieldName',
    61: 'ShardKeyNotFound',
    64: 'WriteConcernTimeout',
    66: 'ImmutableField',
    67: 'CannotCreateIndex',
    72: 'InvalidOptions',
    73: 'InvalidNamespace',
    96: 'OperationFailed',
    100: 'UnsatisfiableWriteConcern',
    112: 'WriteConflict',
    146: 'ExceededMemoryLimit',
    166: 'CommandNotSupportedOnView',
    168: 'InvalidPipelineOperator',
    171: 'CannotIndexParallelArrays',
    201: 'CannotBuildIndexKeys',
    224: 'QueryFeatureNotAllowed',
    241: 'ConversionFailure',
    263: 'OperationNotSupportedInTransaction',
    10107: 'NotWritablePrimary',
    10334: 'BSONObjectTooLarge',
};

;// CONCATENATED MODULE: ./emitted/mongo/server-code.js
/** What a server's error is, by its code alone: no driver is loaded for it, and errors of every driver fit. */

/** Server error codes that decisions depend on; names and numbers from the server's `src/mongo/base/error_codes.yml`. */
const serverCodes = {
    BadValue: 2,
    Unauthorized: 13,
    TypeMismatch: 14,
    AuthenticationFailed: 18,
    LockTimeout: 24,
    NamespaceNotFound: 26,
    IndexNotFound: 27,
    NamespaceExists: 48,
    MaxTimeMSExpired: 50,
    CommandNotFound: 59,
    WriteConflict: 112,
    DocumentValidationFailure: 121,
    CappedPositionLost: 136,
    CommandNotSupportedOnView: 166,
    QueryPlanKilled: 175,
    SnapshotTooOld: 239,
    SnapshotUnavailable: 246,
    CollectionUUIDMismatch: 361,
    AtlasError: 8000,
    BSONObjectTooLarge: 10_334,
    DuplicateKey: 11_000,
    DatabaseDifferCase: 13_297,
    /** `$sample` drew the same documents again and again; it has no name (`document_source_sample_from_random_cursor.cpp`). */
    NoOtherSample: 28_799,
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
/** By shape: the class depends on which driver the project has. */
function labelled(error, label) {
    const check = error?.hasErrorLabel;
    return typeof check === 'function' && check.call(error, label) === true;
}
/**
 * What a server's error says, rebuilt from its code: the server's own text may quote documents and is never shown.
 *
 * `where` names the namespace or action it is about. Works on errors of any driver version, since it looks at the
 * shape and not at the class.
 */
function describeServerError(error, where) {
    const code = serverCode(error);
    const { codeName } = (error ?? {});
    const name = typeof codeName === 'string' ? codeName : serverCodeNames[code ?? 0];
    const at = where === undefined ? '' : ` (${where})`;
    if (code === serverCodes.DuplicateKey) {
        const { keyPattern = {}, message } = error;
        const keys = Object.keys(keyPattern).join(', ');
        return `duplicate key${keys === '' ? indexIn(String(message)) : ` in ${keys}`}${at}`;
    }
    if (code === serverCodes.DocumentValidationFailure)
        return `a document fails the collection's validator${at}`;
    if (code === serverCodes.TypeMismatch)
        return `a value is not of the type that this needs (TypeMismatch)${at}`;
    if (code === serverCodes.BSONObjectTooLarge)
        return `a document would be larger than 16 MB${at}`;
    if (code !== undefined)
        return `server error ${code}${name === undefined ? '' : ` ${name}`}${at}`;
    return `${error instanceof Error ? error.name : typeof error}${at}`;
}
/** Of a bulk write's error the driver keeps only the text, which names the index before it quotes values. */
function indexIn(message) {
    const name = /^E11000 [^{]*? index: ([\w.$-]+) dup key/.exec(message)?.[1];
    return name === undefined ? '' : ` in index ${name}`;
}


/***/ }),

/***/ 1619:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   f: () => (/* binding */ shownId)
/* harmony export */ });
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(77598);
/* harmony import */ var _raw_bson_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(53545);


/** https://bsonspec.org/spec.html */
const uuidSubtype = 4;
/**
 * The `_id` of a document, for people: ids of machines (ObjectId, UUID, number) as they are, what may be a person's as
 * a hash. Completes "the document …".
 */
function shownId(document) {
    const buffer = (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_1__/* .asBuffer */ .bS)(document);
    for (const { name, type, valueStart, end } of (0,_raw_bson_js__WEBPACK_IMPORTED_MODULE_1__/* .elementsOf */ .ZE)(buffer)) {
        if (name !== '_id')
            continue;
        switch (type) {
            case _raw_bson_js__WEBPACK_IMPORTED_MODULE_1__/* .bsonTypes */ .uI.objectId:
                return buffer.toString('hex', valueStart, end);
            case _raw_bson_js__WEBPACK_IMPORTED_MODULE_1__/* .bsonTypes */ .uI.int32:
                return String(buffer.readInt32LE(valueStart));
            case _raw_bson_js__WEBPACK_IMPORTED_MODULE_1__/* .bsonTypes */ .uI.double:
                return String(buffer.readDoubleLE(valueStart));
            case _raw_bson_js__WEBPACK_IMPORTED_MODULE_1__/* .bsonTypes */ .uI.int64:
                return String(buffer.readBigInt64LE(valueStart));
            case _raw_bson_js__WEBPACK_IMPORTED_MODULE_1__/* .bsonTypes */ .uI.binary:
                if (buffer[valueStart + 4] === uuidSubtype && end - valueStart === 21) {
                    return dashed(buffer.toString('hex', valueStart + 5, end));
                }
        }
        const digest = (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createHash)('sha256').update(buffer.subarray(valueStart, end)).digest('hex');
        return `with the hash ${digest.slice(0, 12)}`;
    }
    return 'without _id';
}
function dashed(uuid) {
    return uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}


/***/ }),

/***/ 19605:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   r: () => (/* binding */ takeName)
/* harmony export */ });
/* harmony import */ var node_timers_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(58500);
/* harmony import */ var _server_code_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(20724);


/** Of what frees a name before what takes it, so that they come to the server in this order, in milliseconds. */
const headStartMs = 2;
/**
 * Frees a name and takes it. Both are on their way at once: were the answer to the first waited for, an application that
 * writes would make the name its own meanwhile, above all where the server is far or a majority has to have it.
 *
 * False where somebody has made the name anew all the same: then only the first was done. Throws what the first throws,
 * whether or not the second was done, or else what the second throws. The first need not wait for a majority: one that has
 * the second has this one.
 */
async function takeName(free, take) {
    const freed = free();
    freed.catch(() => { });
    await Promise.race([freed, (0,node_timers_promises__WEBPACK_IMPORTED_MODULE_0__.setTimeout)(headStartMs)]);
    const [before, taken] = await Promise.allSettled([freed, take()]);
    if (before.status === 'rejected')
        throw before.reason;
    if (taken.status === 'fulfilled')
        return true;
    if ((0,_server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCode */ .XY)(taken.reason) !== _server_code_js__WEBPACK_IMPORTED_MODULE_1__/* .serverCodes */ .Wc.NamespaceExists)
        throw taken.reason;
    return false;
}


/***/ }),

/***/ 3439:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Y: () => (/* binding */ unsent)
/* harmony export */ });
/* harmony import */ var _server_code_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(20724);

/** Errors of the driver (4 to 7) and of BSON that are thrown before anything goes over the wire. */
const beforeSending = new Set([
    'TypeError',
    'RangeError',
    'ReferenceError',
    'BSONError',
    'BSONTypeError',
    'BSONVersionError',
    'BSONOffsetError',
    'BSONRuntimeError',
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
]);
/** Whether the driver, whichever the project has, refused something by itself: the server has not heard of it. */
function unsent(error) {
    return error instanceof Error && (0,_server_code_js__WEBPACK_IMPORTED_MODULE_0__/* .serverCode */ .XY)(error) === undefined && beforeSending.has(error.name);
}


/***/ })

};

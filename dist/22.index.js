export const id = 22;
export const ids = [22];
export const modules = {

/***/ 95310:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  y: () => (/* binding */ mergeFacts),
  q: () => (/* binding */ tell)
});

// EXTERNAL MODULE: ./emitted/report/format.js
var format = __webpack_require__(77447);
;// CONCATENATED MODULE: ./emitted/report/checks.js

const probeMarks = { passed: 'good', failed: 'bad', unknown: 'unknown' };
const guardMarks = { passed: 'good', blocked: 'blocked', unknown: 'unknown' };
const severityMarks = { error: 'bad', warning: 'warning', note: 'info' };
const severities = ['error', 'warning', 'note'];
function probesTable(probes, title = 'Probes') {
    if (probes.length === 0)
        return [];
    const columns = [
        ...['', 'Probe', 'Expected', 'Seen'].map((title) => ({ title })),
        { title: 'Attempts', numeric: true },
        { title: 'Duration', numeric: true },
    ];
    const rows = probes.map((probe) => [
        { mark: probeMarks[probe.state], text: probe.state },
        { name: probe.name },
        { text: probe.expected },
        { text: probe.seen },
        { text: (0,format/* formatCount */.B4)(probe.attempts) },
        { text: (0,format/* formatDuration */.a3)(probe.durationMs) },
    ]);
    return [{ kind: 'table', title, columns, rows }];
}
/** `4 of 4 probes passed`, `1 of 4 probes failed, 1 could not look`. */
function probesSentence(probes) {
    const of = (state) => probes.filter((probe) => probe.state === state).length;
    const all = (0,format/* plural */.LS)(probes.length, 'probe');
    if (of('passed') === probes.length)
        return `${(0,format/* formatCount */.B4)(probes.length)} of ${all} passed`;
    const failed = of('failed') > 0 ? `${(0,format/* formatCount */.B4)(of('failed'))} of ${all} failed` : undefined;
    const unknown = of('unknown') > 0 ? `${(0,format/* formatCount */.B4)(of('unknown'))}${failed ? '' : ` of ${all}`} could not look` : undefined;
    return [failed, unknown].filter((part) => part !== undefined).join(', ');
}
function guardsTable(guards) {
    if (guards.length === 0)
        return [];
    const columns = ['', 'Guard', 'Seen'].map((title) => ({ title }));
    const rows = guards.map((guard) => [
        guard.state === 'passed' && guard.findings.length > 0
            ? { mark: 'warning', text: 'passed, but' }
            : { mark: guardMarks[guard.state], text: guard.state },
        { name: guard.id },
        { text: guard.seen },
    ]);
    return [{ kind: 'table', title: 'Guards', columns, rows }];
}
/** The worst first. */
function findingsTable(findings) {
    if (findings.length === 0)
        return [];
    const columns = [
        { title: '' },
        { title: 'About' },
        { title: 'Finding', below: '' },
        { title: 'Next', below: '→ ' },
        { title: 'Rule' },
    ];
    // A guard's findings may stand in the plan, too.
    const once = [...new Map(findings.map((one) => [JSON.stringify([one.rule, one.place, one.message]), one])).values()];
    const sorted = once.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
    const rows = sorted.map((finding) => [
        { mark: severityMarks[finding.severity], text: finding.severity },
        { name: placeOf(finding) },
        { text: finding.message },
        { text: finding.next },
        // What a guard found is about nothing else.
        { name: placeOf(finding) === finding.rule ? '' : finding.rule },
    ]);
    return [{ kind: 'table', title: 'Findings', columns, rows }];
}
function placeOf({ place }) {
    if (place.file === undefined)
        return place.name ?? '';
    return place.line === undefined ? place.file : `${place.file}:${place.line}`;
}

;// CONCATENATED MODULE: ./emitted/report/migrations.js

/** More names than these in one cell make the table unreadable; they are counted instead. */
const mostNames = 4;
/** Migrations that ran, in their order, the one that failed last. */
function migrationsTable(title, migrations, failed) {
    const all = migrations.map((migration) => ({
        migration,
        failed: false,
    }));
    if (failed)
        all.push({ migration: failed, failed: true });
    if (all.length === 0)
        return [];
    const others = all.map(({ migration }) => otherChanges(migration.effects));
    const withOthers = others.some((names) => names.length > 0);
    const withLeftOut = all.some(({ migration }) => migration.effects?.quarantined);
    const columns = [
        { title: '' },
        { title: 'Migration' },
        ...['Matched', 'Modified', 'Inserted', 'Deleted', ...(withLeftOut ? ['Left out'] : [])].map((title) => ({
            title,
            numeric: true,
        })),
        { title: 'Indexes', below: '' },
        ...(withOthers ? [{ title: 'Also', below: '' }] : []),
        { title: 'Duration', numeric: true },
    ];
    const rows = all.map(({ migration: { name, durationMs, effects }, failed }, i) => [
        failed ? { mark: 'bad', text: 'failed' } : { mark: 'good', text: 'done' },
        { name },
        number(effects?.matched),
        number(effects?.modified),
        number(effects?.inserted),
        number(effects?.deleted),
        ...(withLeftOut ? [number(effects && (effects.quarantined ?? 0))] : []),
        namesOrCount(indexChanges(effects), 'index change'),
        ...(withOthers ? [namesOrCount(others[i] ?? [], 'change')] : []),
        { text: (0,format/* formatDuration */.a3)(durationMs) },
    ]);
    return [{ kind: 'table', title, columns, rows }];
}
function pendingTable(pending) {
    if (pending.length === 0)
        return [];
    const columns = ['Migration', 'Phase', 'Runs', 'After a kill', 'Way back', 'Checksum'].map((title) => ({ title }));
    const rows = pending.map((one) => [
        { name: one.name },
        { text: one.phase },
        { text: runWords(one) },
        afterKill(one),
        wayBack(one),
        { name: one.checksum.slice(0, 12) },
    ]);
    return [{ kind: 'table', title: 'Pending', columns, rows }];
}
function runWords({ run }) {
    const { journal, transaction, batches } = run;
    const kept = journal === 'none' ? 'without journal' : journal === 'images' ? 'with journal' : 'journal without images';
    return [transaction ? 'in one transaction' : undefined, batches ? 'in batches' : undefined, kept]
        .filter((word) => word !== undefined)
        .join(', ');
}
/** The first that `rollback` would take of itself. */
function wayBack({ run, reversible }) {
    if (run.undoable)
        return { mark: 'good', text: 'undo' };
    return reversible ? { mark: 'good', text: 'down' } : { mark: 'warning', text: 'only the backup' };
}
/** What becomes of it when its run is killed in the middle. */
function afterKill({ run }) {
    const { journal, transaction, resumable, undoable } = run;
    if (transaction)
        return { mark: 'good', text: 'as it was' };
    if (resumable)
        return { mark: 'good', text: 'goes on' };
    if (undoable)
        return { mark: 'info', text: 'undone, begins afresh' };
    return journal === 'none'
        ? { mark: 'warning', text: 'begins from its top' }
        : { mark: 'warning', text: 'may stop with exit code 8' };
}
/** `3 migrations, 106,312 changes of documents, 2 indexes built`: nobody knows which documents two migrations changed. */
function totals(migrations) {
    const sum = (of) => migrations.reduce((total, one) => total + of(one.effects), 0);
    const changes = ({ modified, inserted, deleted }) => modified + inserted + deleted;
    const leftOut = ({ quarantined = 0 }) => quarantined;
    const bySeveral = (of) => migrations.filter((one) => of(one.effects) > 0).length > 1;
    const changed = sum(changes);
    const indexes = sum((effects) => effects.indexesCreated.length);
    const quarantined = sum(leftOut);
    const unknown = sum((effects) => effects.unknown);
    return [
        (0,format/* plural */.LS)(migrations.length, 'migration'),
        bySeveral(changes) ? `${(0,format/* plural */.LS)(changed, 'change')} of documents` : `${(0,format/* plural */.LS)(changed, 'document')} changed`,
        indexes > 0 ? `${(0,format/* plural */.LS)(indexes, 'index', 'indexes')} built` : undefined,
        quarantined > 0
            ? `${bySeveral(leftOut) ? `${(0,format/* plural */.LS)(quarantined, 'time')} a document` : (0,format/* plural */.LS)(quarantined, 'document')} left out`
            : undefined,
        unknown > 0 ? `${(0,format/* plural */.LS)(unknown, 'operation')} with an unknown result` : undefined,
    ]
        .filter((part) => part !== undefined)
        .join(', ');
}
function indexChanges(effects) {
    if (effects === undefined)
        return [];
    return [...effects.indexesCreated.map((name) => `+ ${name}`), ...effects.indexesDropped.map((name) => `− ${name}`)];
}
function otherChanges(effects) {
    if (effects === undefined)
        return [];
    return [
        ...effects.collectionsCreated.map((name) => `create ${name}`),
        ...effects.collectionsDropped.map((name) => `drop ${name}`),
        ...effects.otherChanges,
        ...(effects.replayed ? [`${(0,format/* plural */.LS)(effects.replayed, 'operation')} by an earlier run`] : []),
        ...(effects.unknown > 0 ? [`${(0,format/* plural */.LS)(effects.unknown, 'operation')} with an unknown result`] : []),
    ];
}
/** A dash where nothing was seen: 0 would be a claim. */
function number(count) {
    return { text: count === undefined ? '–' : (0,format/* formatCount */.B4)(count) };
}
function namesOrCount(names, what) {
    if (names.length === 0)
        return { text: '' };
    return names.length > mostNames ? { text: (0,format/* plural */.LS)(names.length, what) } : { names };
}

;// CONCATENATED MODULE: ./emitted/report/drill.js



/** Whether a database came back that is right, in whatever time. */
function recovered({ recoveryTimeMs, counts, probes = [] }) {
    const right = counts.every(({ state }) => state === 'equal') && probes.every(({ state }) => state === 'passed');
    return recoveryTimeMs !== undefined && right;
}
function drillLead(drill) {
    const { recoveryTimeMs, documents, bytes, recoveryPoint, probes = [] } = drill;
    const data = `${(0,format/* plural */.LS)(documents, 'document')} (${(0,format/* formatBytes */.z3)(bytes)}), as they were ${(0,format/* formatDuration */.a3)(recoveryPoint.ageMs)} before`;
    return [
        recoveryTimeMs !== undefined && recovered(drill)
            ? `Recovered in ${(0,format/* formatDuration */.a3)(recoveryTimeMs)}: ${data}.`
            : `The backup holds ${data}.`,
        ...(probes.length > 0 ? [`In the sandbox ${probesSentence(probes)}.`] : []),
    ];
}
function drillBlocks(drill) {
    const { backupId, createdAt, recoveryPoint, sandbox, serverVersion, migrations, failed, probes = [] } = drill;
    return [
        ...limitsTable(drill),
        ...migrationsTable('Applied in the sandbox', migrations, failed),
        ...probesTable(probes, 'Probes in the sandbox'),
        ...countsTable(drill.counts),
        {
            kind: 'facts',
            title: 'Backup',
            facts: [
                ['Id', { name: backupId }],
                ['Taken', { text: (0,format/* formatTime */.fU)(createdAt) }],
                ['Data as of', { text: (0,format/* formatTime */.fU)(recoveryPoint.at) }],
                ['Archive', drill.verified ? { mark: 'good', text: 'whole' } : { mark: 'unknown', text: 'not verified' }],
                ...(sandbox === undefined ? [] : [['Restored in', { text: `MongoDB ${serverVersion}, ${sandbox}` }]]),
                ...(drill.record === undefined ? [] : [['On record', { name: drill.record }]]),
            ],
        },
    ];
}
const limitMarks = { kept: 'good', exceeded: 'bad', unknown: 'unknown' };
function limitsTable({ limits, recoveryTimeMs, recoveryPoint }) {
    const row = (name, seenMs) => {
        const limit = limits.find((one) => one.name === name);
        const seen = { text: seenMs === undefined ? 'not known' : (0,format/* formatDuration */.a3)(seenMs) };
        if (limit === undefined)
            return [{ mark: 'idle', text: 'no limit' }, { text: name }, seen, { text: '' }];
        return [
            { mark: limitMarks[limit.state], text: limit.state },
            { text: name },
            seen,
            { text: (0,format/* formatDuration */.a3)(limit.limitMs) },
        ];
    };
    const columns = [
        { title: '' },
        { title: 'Measured' },
        { title: 'Seen', numeric: true },
        { title: 'Limit', numeric: true },
    ];
    const rows = [row('recovery-time', recoveryTimeMs), row('recovery-point', recoveryPoint.ageMs)];
    return [{ kind: 'table', title: 'Recovery', columns, rows }];
}
function countsTable(counts) {
    if (counts.length === 0)
        return [];
    const columns = [
        ...['', 'Collection'].map((title) => ({ title })),
        ...['Documents', 'In the backup', 'Bytes', 'Bytes in the backup'].map((title) => ({ title, numeric: true })),
    ];
    const rows = counts.map(({ collection, expected, restored, state }) => [
        state === 'equal' ? { mark: 'good', text: state } : { mark: 'bad', text: state },
        { name: collection },
        ...[restored.documents, expected.documents, restored.bytes, expected.bytes].map((n) => ({ text: (0,format/* formatCount */.B4)(n) })),
    ]);
    return [{ kind: 'table', title: 'Restored', columns, rows }];
}

// EXTERNAL MODULE: ./emitted/report/offending.js
var offending = __webpack_require__(692);
// EXTERNAL MODULE: ./emitted/report/oplog.js
var report_oplog = __webpack_require__(90045);
;// CONCATENATED MODULE: ./emitted/report/story.js
function detailWhere(detail, blocks) {
    return blocks.map((block) => ({ ...block, detail }));
}

// EXTERNAL MODULE: ./emitted/report/way-back.js
var way_back = __webpack_require__(65561);
;// CONCATENATED MODULE: ./emitted/report/rehearsal.js







/** What a rehearsal showed. `short`: what it ran is told elsewhere, since all of it was applied. */
function rehearsalBlocks(rehearsal, short) {
    const { migrations, failed, remaining = [], probes = [], wayBack, uncovered } = rehearsal;
    const unverified = (wayBack?.probes ?? []).filter(({ state }) => state !== 'passed');
    // Those that a migration failed on stand in its error.
    const notes = migrations.flatMap(({ seen }) => (seen?.violations ?? []).map(offending/* describeViolations */.yO));
    return [
        ...(short ? [] : detailWhere(failed === undefined, migrationsTable('Rehearsed', migrations, failed))),
        ...(remaining.length > 0 ? [{ kind: 'list', title: 'Not rehearsed', items: remaining }] : []),
        ...(notes.length > 0 ? [{ kind: 'list', title: 'Documents to look at', items: notes }] : []),
        ...detailWhere(true, [...fieldsTable(migrations), ...targetTable(rehearsal)]),
        ...detailWhere(probes.every(({ state }) => state === 'passed'), probesTable(probes, 'Probes in the sandbox')),
        ...probesTable(unverified, 'Probes that a rollback would not pass'),
        {
            kind: 'facts',
            title: 'Rehearsal',
            // What is said against a way back stands in there.
            detail: [wayBack?.undo, wayBack?.down].every((way) => way === undefined || way.state === 'equal'),
            facts: [
                ['Level', { text: rehearsal.level }],
                ...(short ? [['Ran', { text: ranInWords(rehearsal) }]] : []),
                ['Restored', { text: `${restoredData(rehearsal)}${ofBackup(rehearsal)}` }],
                ['Server', { text: `${rehearsal.serverVersion}, ${rehearsal.sandbox}` }],
                ...(0,way_back/* wayBackFacts */.Cn)(wayBack),
                ...oplogFacts(rehearsal),
                ...needFacts(rehearsal),
                ['Took', { text: (0,format/* formatDuration */.a3)(rehearsal.durationMs) }],
            ],
        },
        ...(uncovered.length > 0
            ? [{ kind: 'list', title: 'What the rehearsal could not show', detail: true, items: uncovered }]
            : []),
    ];
}
function ofBackup({ backup, level }) {
    if (backup === undefined)
        return level === 'sample' ? ', a sample of the target as it was then' : '';
    const which = backup.id === undefined ? 'a backup taken for this' : `backup ${backup.id}`;
    return ` of ${which}, as the data were at ${(0,format/* formatTime */.fU)(backup.at)}`;
}
/** What ran of it: the numbers of what failed stand in its row of the table. */
function ranInWords({ migrations, failed }) {
    if (failed === undefined)
        return totals(migrations);
    return migrations.length === 0 ? `${failed.name} failed` : `${totals(migrations)}, then ${failed.name} failed`;
}
function restoredData({ restoredDocuments, restoredBytes }) {
    return `${(0,format/* plural */.LS)(restoredDocuments, 'document')} (${(0,format/* formatBytes */.z3)(restoredBytes)})`;
}
/** What stands for a rehearsal: its proof, or a waiver. */
function reliedFacts({ proof, waiver }) {
    if (waiver !== undefined) {
        const { reason, failed } = waiver;
        const text = `waived${failed === undefined ? '' : `, though ${knownFailure(failed)}`}: ${reason}`;
        return [['Rehearsal', { mark: 'warning', text }]];
    }
    if (proof?.id === undefined)
        return [];
    const { id, level, at, sandboxVersion } = proof;
    const elsewhere = sandboxVersion === undefined ? '' : ` in a sandbox of MongoDB ${sandboxVersion}`;
    return [['Proof', { text: `${id} (${level}), passed ${(0,format/* formatTime */.fU)(at)}${elsewhere}` }]];
}
/** For whoever asks what was known when it was waived. */
function knownFailure({ releaseId, at }) {
    return `it had failed in release ${releaseId} at ${(0,format/* formatTime */.fU)(at)}`;
}
function oplogFacts({ oplog }) {
    if (oplog === undefined)
        return [];
    const text = `${(0,format/* formatBytes */.z3)(oplog.maxBytes)}, reaches back about ${(0,format/* formatDuration */.a3)(oplog.reachMs)}`;
    return [['Oplog of the target', { text }]];
}
function needFacts({ need }) {
    if (need === undefined)
        return [];
    const { leastBytes, diskBytes, freeBytes, seconds, basis } = need;
    const free = freeBytes === null ? 'free: unknown' : `${(0,format/* formatBytes */.z3)(freeBytes)} free`;
    const text = `${(0,format/* formatBytesBetween */.dj)(leastBytes, diskBytes)} of disk (${free}), about ${(0,format/* formatDuration */.a3)(seconds * 1000)} on an idle machine: ${basis}`;
    return [['A full one needs', { text }]];
}
/** Which fields the migrations changed: names and types. */
function fieldsTable(migrations) {
    const rows = migrations.flatMap(({ name, seen }) => (seen?.fields?.fields ?? []).map(({ collection, path, before, after, changes }) => [
        { name },
        { name: `${collection}.${path}` },
        { text: before ?? '–' },
        { text: after ?? '–' },
        { text: (0,format/* formatCount */.B4)(changes) },
    ]));
    if (rows.length === 0)
        return [];
    const looked = migrations.reduce((sum, { seen }) => sum + (seen?.fields?.changes ?? 0), 0);
    const made = migrations.reduce((sum, { seen, effects }) => sum + (seen?.fields ? effects.modified : 0), 0);
    const columns = ['Migration', 'Field', 'Before', 'After'].map((title) => ({ title }));
    const first = `Changed fields, in ${(0,format/* formatCount */.B4)(looked)} of ${(0,format/* formatCount */.B4)(made)} changes`;
    const title = made > looked ? first : 'Changed fields';
    return [{ kind: 'table', title, columns: [...columns, { title: 'Changes', numeric: true }], rows }];
}
/** What to expect on the target. */
function targetTable({ migrations, oplog }) {
    const known = migrations.filter(({ onTarget }) => onTarget !== undefined);
    if (known.length === 0)
        return [];
    const rows = known.map(({ name, seen, onTarget }) => [
        { name },
        { text: onTarget === undefined ? '–' : `about ${(0,format/* formatDuration */.a3)(onTarget.durationMs)}` },
        { text: bytes(seen?.journalBytes) },
        oplogCell(onTarget, oplog),
        {
            text: (seen?.indexBuilds ?? [])
                .map(({ collection, indexes, durationMs }) => `${collection}: ${indexes.join(', ')} (${(0,format/* formatDuration */.a3)(durationMs)})`)
                .join('; '),
        },
    ]);
    const columns = [
        { title: 'Migration' },
        ...['Time', 'Journal', 'Oplog'].map((title) => ({ title, numeric: true })),
        { title: 'Index builds in the sandbox', below: '' },
    ];
    return [{ kind: 'table', title: 'To be expected on the target', columns, rows }];
}
function oplogCell(onTarget, oplog) {
    const { oplogBytes, oplogMore } = onTarget ?? {};
    const written = `${oplogMore ? 'more than ' : ''}${bytes(oplogBytes)}`;
    if (onTarget === undefined || oplogBytes === undefined || !oplog?.maxBytes)
        return { text: written };
    const share = oplogMore ? '' : `${((100 * oplogBytes) / oplog.maxBytes).toFixed(1)}% `;
    const text = `${written} (${share}of ${(0,format/* formatBytes */.z3)(oplog.maxBytes)})`;
    return (0,report_oplog/* isTight */.F)(onTarget, oplog) ? { mark: 'warning', text } : { text };
}
function bytes(count) {
    return count === undefined ? '–' : (0,format/* formatBytes */.z3)(count);
}

;// CONCATENATED MODULE: ./emitted/report/audit.js



function auditSentence({ entries, since }) {
    const from = since === undefined ? '' : ` since ${(0,format/* formatTime */.fU)(since)}`;
    return entries.length === 0
        ? `Nothing is on record${from}.`
        : `${(0,format/* plural */.LS)(entries.length, 'entry', 'entries')}${from}.`;
}
/** A row each; what else there is to say of one stands below it on a terminal. */
function auditTable({ entries }) {
    if (entries.length === 0)
        return [];
    const columns = [
        ...['', 'When', 'What', 'Who'].map((title) => ({ title })),
        { title: 'Took', numeric: true },
        { title: 'Id' },
        { title: 'More', below: '' },
    ];
    const rows = entries.map((entry) => [
        stateCell(entry),
        { text: (0,format/* formatTime */.fU)(entry.startedAt) },
        { text: entry.kind },
        entry.actor === undefined ? { mark: 'unknown', text: 'unknown' } : { name: entry.actor },
        { text: formatMaybe(tookOf(entry)) },
        { name: entry.id },
        { text: moreOf(entry).join(' · ') },
    ]);
    return [{ kind: 'table', title: 'On record', columns, rows }];
}
const marks = {
    ...{ applied: 'good', rehearsed: 'good', passed: 'good', 'nothing-to-do': 'idle', 'rolled-back': 'back' },
    ...{ running: 'info', failed: 'bad', 'failed-clean': 'bad', 'failed-dirty': 'bad' },
    ...{ blocked: 'blocked', cancelled: 'cancelled', unknown: 'unknown' },
};
function stateCell(entry) {
    const text = isCutOff(entry) ? 'cut off' : entry.state;
    const back = 'takenBackBy' in entry && entry.takenBackBy !== undefined && text !== 'rolled-back';
    if (back)
        return { mark: 'back', text: `${text}, taken back` };
    return { mark: isCutOff(entry) ? 'unknown' : marks[entry.state], text };
}
/** As far as can be seen: its record says that it is running. */
function isCutOff(entry) {
    return 'presence' in entry && entry.presence !== undefined && entry.presence !== 'here';
}
function beganAt({ startedAt, ...entry }) {
    const { typedAt, reopenedAt } = entry.kind === 'drill' ? {} : entry;
    return new Date(typedAt ?? reopenedAt ?? startedAt).getTime();
}
/** From its first moment to its last, in milliseconds; of what was tried again, the latest attempt. */
function tookOf(entry) {
    const { finishedAt } = entry;
    return finishedAt === undefined ? undefined : Math.max(0, new Date(finishedAt).getTime() - beganAt(entry));
}
function formatMaybe(durationMs) {
    return durationMs === undefined ? '' : (0,format/* formatDuration */.a3)(durationMs);
}
/** What the whole consists of, step by step; undefined where no step is on record. */
function partsOf(entry) {
    // A rollback that is gone on with has done some of them in an earlier attempt.
    const began = beganAt(entry);
    const own = (entry.steps ?? []).filter(({ startedAt }) => startedAt === undefined || +new Date(startedAt) >= began);
    const parts = own.flatMap(({ name, durationMs }) => (durationMs === undefined ? [] : [{ name, durationMs }]));
    if (parts.length === 0)
        return undefined;
    const rest = (tookOf(entry) ?? 0) - parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const all = rest > 0 ? [...parts, { name: 'around them', durationMs: rest }] : parts;
    return `took: ${all.map(({ name, durationMs }) => `${name} ${(0,format/* formatDuration */.a3)(durationMs)}`).join(', ')}`;
}
/** More of them say less than how many there are. */
const audit_mostNames = 3;
function moreOf(entry) {
    const said = [
        entry.backupId && `backup ${entry.backupId}`,
        entry.error?.code,
        entry.commit && `commit ${entry.commit.slice(0, 12)}`,
        entry.runUrl,
        `on ${entry.host}`,
        partsOf(entry),
    ];
    if (entry.kind === 'drill') {
        const { recoveryTimeMs = 0, recoveryPoint } = entry.result ?? {};
        said.unshift(entry.result && recovered(entry.result) ? `recovered in ${(0,format/* formatDuration */.a3)(recoveryTimeMs)}` : undefined, recoveryPoint && `data ${(0,format/* formatDuration */.a3)(recoveryPoint.ageMs)} old`);
    }
    else {
        const { of, takenBackBy, strategy, reason, waivers = [], acceptedLoss, planDigest } = entry;
        const { attempts = [], attemptsLeftOut = 0 } = entry;
        const before = attempts.length + attemptsLeftOut;
        const at = entry.steps?.findLast(({ state }) => state === 'running')?.name;
        said.unshift(isCutOff(entry) && at ? `at ${at}` : undefined, isCutOff(entry) && entry.heard ? `last heard of at ${(0,format/* formatTime */.fU)(entry.heard.at)}` : undefined, of && `of ${of}`, takenBackBy && `taken back by ${takenBackBy}`, strategy && `by ${strategy}`, reason && `because: ${reason}`, ...waivers.map(({ what, reason, failed }) => {
            const known = failed === undefined ? '' : `, though ${knownFailure(failed)}`;
            return `without ${what}${known}, because: ${reason}`;
        }), acceptedLoss && `accepted loss of writes: ${acceptedLoss}`, before > 0 ? (0,format/* plural */.LS)(before, 'earlier attempt') : undefined, planDigest && `plan ${planDigest.slice(0, 12)}`);
    }
    const { migrations = [] } = entry;
    const [first, last] = [migrations[0], migrations.at(-1)];
    const names = migrations.length > audit_mostNames
        ? `${(0,format/* plural */.LS)(migrations.length, 'migration')}, ${first} to ${last}`
        : migrations.join(', ');
    return [names, ...said].flatMap((one) => one || []);
}

;// CONCATENATED MODULE: ./emitted/report/backups.js

function backupFacts(backup) {
    return [
        {
            kind: 'facts',
            title: 'Backup',
            facts: [
                [backup.engine === 'file' ? 'File' : 'Id', { name: backup.id }],
                ...(backup.engine === 'file' ? [] : [['Of', ofCell(backup)]]),
                ...factsOf(backup),
                ...(backup.engine === 'file' ? [] : [['Location', { name: backup.location }]]),
                [backup.engine === 'file' ? 'File changed' : 'Taken', { text: takenText(backup) }],
            ],
        },
    ];
}
function factsOf(backup) {
    switch (backup.engine) {
        case 'atlas':
            return snapshotFacts(backup);
        case 'file':
            return fileFacts(backup);
        default:
            return archiveFacts(backup);
    }
}
function fileFacts({ databases, serverVersion, oplogEntries, ...backup }) {
    return [
        ...databases.map(({ name, collections, documents, bytes }) => [
            'Holds',
            {
                text: `${name}: ${(0,format/* plural */.LS)(collections, 'collection')}, ${(0,format/* plural */.LS)(documents, 'document')}, ${(0,format/* formatBytes */.z3)(bytes)}`,
            },
        ]),
        archiveFact(backup),
        ['Server', { text: `MongoDB ${serverVersion}` }],
        [
            'Point in time',
            oplogEntries === undefined
                ? { mark: 'unknown', text: 'unknown: the file itself does not say' }
                : { mark: 'warning', text: `with ${(0,format/* plural */.LS)(oplogEntries, 'oplog entry', 'oplog entries')} to be applied` },
        ],
    ];
}
function archiveFacts(backup) {
    const { consistency, clusterTime, outsideSnapshot } = backup;
    return [
        ['Holds', { text: `${(0,format/* plural */.LS)(backup.documents, 'document')}, ${(0,format/* formatBytes */.z3)(backup.bytes)}` }],
        archiveFact(backup),
        [
            'Point in time',
            clusterTime === undefined
                ? { mark: 'warning', text: `not one point in time (${consistency})` }
                : { text: `${(0,format/* formatTime */.fU)(clusterTime)} (${consistency})` },
        ],
        ...(outsideSnapshot.length === 0 ? [] : [['Except capped', { names: outsideSnapshot }]]),
    ];
}
function archiveFact(backup) {
    const compression = backup.compression === 'none' ? 'not compressed' : backup.compression;
    const encrypted = backup.encrypted ? 'encrypted' : 'not encrypted';
    return ['Archive', { text: `${(0,format/* formatBytes */.z3)(backup.archiveBytes)} (${compression}, ${encrypted})` }];
}
function snapshotFacts({ cluster, snapshotId, snapshot, expiresAt }) {
    return [
        ['Holds', { text: `the whole cluster ${cluster}` }],
        ['Snapshot', { name: snapshotId }],
        ['Atlas says', snapshot === 'completed' ? { mark: 'good', text: snapshot } : { mark: 'warning', text: snapshot }],
        ...(expiresAt === undefined ? [] : [['Expires', { text: (0,format/* formatTime */.fU)(expiresAt) }]]),
    ];
}
function ofCell({ target, database }) {
    return { name: `${target} / ${database}` };
}
/** What it holds, in a sentence. */
function backupHolds(backup) {
    return backup.engine === 'atlas'
        ? `The backup is snapshot ${backup.snapshotId} of cluster ${backup.cluster} in Atlas.`
        : `Backup ${backup.id} holds ${(0,format/* plural */.LS)(backup.documents, 'document')}.`;
}
function takenText({ createdAt, durationMs }) {
    const time = (0,format/* formatTime */.fU)(createdAt);
    return durationMs === undefined ? time : `${time}, in ${(0,format/* formatDuration */.a3)(durationMs)}`;
}
function backupsTable(backups) {
    if (backups.length === 0)
        return [];
    const columns = [
        { title: 'Backup' },
        { title: 'Of' },
        { title: 'Taken' },
        { title: 'Documents', numeric: true },
        { title: 'Archive', numeric: true },
        { title: 'Encrypted' },
        { title: 'Consistency' },
        { title: 'Verified' },
    ];
    const rows = backups.map((backup) => [
        { name: backup.id },
        ofCell(backup),
        { text: (0,format/* formatTime */.fU)(backup.createdAt) },
        ...(backup.engine === 'atlas'
            ? [{ text: '' }, { text: '' }, { text: '' }, { text: `snapshot of Atlas: ${backup.snapshot}` }, { text: '' }]
            : archiveCells(backup)),
    ]);
    return [{ kind: 'table', title: 'Backups', columns, rows }];
}
function archiveCells({ documents, archiveBytes, encrypted, consistency, outsideSnapshot, verifiedAt, }) {
    const except = outsideSnapshot.length === 0 ? '' : `, except ${outsideSnapshot.length} capped`;
    return [
        { text: (0,format/* formatCount */.B4)(documents) },
        { text: (0,format/* formatBytes */.z3)(archiveBytes) },
        { text: encrypted ? 'yes' : 'no' },
        { text: `${consistency}${except}` },
        { text: verifiedAt === undefined ? 'no' : (0,format/* formatTime */.fU)(verifiedAt) },
    ];
}
function restoreBlocks(restore) {
    const rows = [
        ...restore.restored.map((one) => [
            { name: one.collection },
            { mark: 'good', text: 'restored' },
            { text: (0,format/* formatCount */.B4)(one.documents) },
        ]),
        ...restore.removed.map((name) => [
            { name },
            { mark: 'warning', text: 'removed: not in the backup' },
            { text: '' },
        ]),
        ...restore.kept.map((name) => [{ name }, { mark: 'idle', text: 'kept: not in the backup' }, { text: '' }]),
    ];
    if (rows.length === 0)
        return [];
    const columns = [{ title: 'Collection' }, { title: '' }, { title: 'Documents', numeric: true }];
    return [{ kind: 'table', title: 'Collections', columns, rows }];
}

;// CONCATENATED MODULE: ./emitted/report/headline.js
const subjects = {
    status: 'Status',
    plan: 'Plan',
    migrate: 'Migration',
    up: 'Migration',
    verify: 'Verification',
    backup: 'Backup',
    inspect: 'Inspection',
    restore: 'Restore',
    release: 'Release',
    rollback: 'Rollback',
    drill: 'Drill',
    audit: 'Audit',
    down: 'Rollback',
    init: 'New project',
    create: 'New migration',
    baseline: 'Baseline',
    unlock: 'Lease',
};
const onNoTarget = new Set(['inspect', 'init', 'create', 'drill']);
/** The first line of every report: what it was, how it ended, where. */
function headlineOf(ended) {
    const { mark, headline } = ended.error === undefined ? success(ended) : failure(ended, ended.error);
    const { target } = ended;
    if (target === undefined)
        return { mark, headline };
    const where = target.database === undefined ? target.name : `${target.name} / ${target.database}`;
    return { mark, headline: `${headline} · ${where}` };
}
const needsAttention = { mark: 'bad', headline: 'Status: the target needs attention' };
function failure(ended, error) {
    const { command, outcome } = ended;
    const subject = subjects[command];
    const unfinished = `${subject} not ${wasBegun(ended) ? 'finished' : 'started'}`;
    const seen = command === 'status' && ended.result !== undefined;
    // The exit code says most precisely what failed (contract.md); the outcome says what became of the target.
    switch (error.exitCode) {
        case 3:
            return { mark: 'warning', headline: 'Migrations are pending' };
        case 4:
            return { mark: 'blocked', headline: `${subject}: there are findings` };
        case 6:
            if (command === 'unlock')
                return { mark: 'blocked', headline: 'Lease not cleared: its last sign of life is too young' };
            return { mark: 'blocked', headline: `${unfinished}: the lease is somebody else's` };
        case 9:
            if (command === 'drill')
                return { mark: 'bad', headline: 'The drill failed' };
            return { mark: 'bad', headline: 'Verification failed; nothing was rolled back' };
        case 10:
            return { mark: 'bad', headline: `${subject}: the way back failed or is incomplete` };
        case 11:
            return { mark: 'bad', headline: `${subject}: the backup cannot be used` };
        case 13:
            return { mark: 'bad', headline: 'Rehearsal failed; the target was not touched' };
        case 14:
            return { mark: 'back', headline: `${subject} failed, and was rolled back` };
        case 130:
            if (outcome === 'failed-dirty')
                return { mark: 'cancelled', headline: `${subject} cancelled half-way; the target needs attention` };
    }
    const ends = {
        applied: { mark: 'bad', headline: `${subject} failed after it was applied` },
        rehearsed: { mark: 'bad', headline: `${subject} failed after the rehearsal` },
        'nothing-to-do': { mark: 'bad', headline: `${subject} failed` },
        'rolled-back': { mark: 'back', headline: `${subject} failed, and was rolled back` },
        'failed-clean': {
            mark: 'bad',
            headline: `${subject} failed${onNoTarget.has(command) ? '' : '; the target is as it was'}`,
        },
        'failed-dirty': { mark: 'bad', headline: `${subject} failed; the target needs attention` },
        // With a result a look at the target has come to its end, and the error is what it saw.
        blocked: seen ? needsAttention : { mark: 'blocked', headline: unfinished },
        cancelled: { mark: 'cancelled', headline: `${subject} cancelled` },
        unknown: { mark: 'unknown', headline: `${subject} ended, and what became of the target is unknown` },
    };
    return ends[outcome];
}
/** Whether it stopped between two migrations, or within a drill. */
function wasBegun(ended) {
    const { command, result } = ended;
    if (command === 'drill')
        return result !== undefined;
    const migrate = command === 'release' ? result?.migrate : command === 'migrate' || command === 'up' ? result : undefined;
    return (migrate?.remaining ?? []).length > 0;
}
function isUsersLetIn({ name, state }) {
    return name === 'start-traffic' && state === 'done';
}
function success(ended) {
    const subject = subjects[ended.command];
    switch (ended.outcome) {
        case 'unknown':
            return { mark: 'unknown', headline: `${subject}: the outcome is unknown` };
        case 'cancelled':
            return { mark: 'cancelled', headline: `${subject} cancelled` };
        case 'blocked':
            return { mark: 'blocked', headline: `${subject} not started` };
        case 'failed-clean':
            return { mark: 'bad', headline: `${subject} failed; the target is as it was` };
        case 'failed-dirty':
            // By --start-traffic, which has done what it was to do.
            if (ended.command === 'rollback' && ended.result?.steps?.some(isUsersLetIn))
                return { mark: 'warning', headline: 'Users are in; the rollback is not complete' };
            return { mark: 'bad', headline: `${subject} failed; the target needs attention` };
    }
    switch (ended.command) {
        case 'status':
            if (ended.result?.attention)
                return needsAttention;
            return { mark: (ended.result?.pending ?? 0) > 0 ? 'info' : 'good', headline: 'Status' };
        case 'plan':
            return { mark: 'info', headline: 'Plan' };
        case 'verify':
            return ended.result?.probes.length === 0
                ? { mark: 'warning', headline: 'Nothing was verified' }
                : { mark: 'good', headline: 'Verified' };
        case 'backup':
            return { mark: 'good', headline: 'Backup taken' };
        case 'inspect':
            if (ended.result === undefined || !('backup' in ended.result))
                return { mark: 'info', headline: 'Backups' };
            if (ended.result.verified)
                return { mark: 'good', headline: 'The backup is whole' };
            return ended.result.backup.engine === 'atlas'
                ? { mark: 'info', headline: 'Atlas has the snapshot; what is in it was not read' }
                : { mark: 'unknown', headline: 'The backup was not verified' };
        case 'restore':
            return { mark: 'good', headline: 'Restored' };
        case 'drill':
            return { mark: 'good', headline: 'The drill passed' };
        case 'audit':
            return { mark: 'info', headline: 'On record' };
        case 'init':
            return { mark: 'good', headline: 'Project set up' };
        case 'create':
            return { mark: 'good', headline: 'Migration created' };
        case 'baseline':
            return {
                mark: 'good',
                headline: ended.outcome === 'applied' ? 'Recorded as applied' : 'Baseline: nothing to do',
            };
        case 'unlock':
            return { mark: 'good', headline: ended.outcome === 'applied' ? 'Lease cleared' : 'Lease: nobody holds it' };
    }
    const back = ended.command === 'rollback' || ended.command === 'down' ? ended : undefined;
    if (back?.result?.steps?.some(({ state }) => state === 'planned'))
        return { mark: 'info', headline: 'Rollback, as it would go; a dry run changes nothing' };
    // A way back has two cases of this: there is none to go, and it was only asked what it would be.
    const idle = back === undefined ? 'nothing to do' : 'nothing was done';
    const words = {
        applied: `${subject} applied`,
        rehearsed: `${subject} rehearsed`,
        'rolled-back': 'Rolled back',
        'nothing-to-do': `${subject}: ${idle}`,
    };
    return { mark: ended.outcome === 'rolled-back' ? 'back' : 'good', headline: words[ended.outcome] ?? subject };
}

// EXTERNAL MODULE: ./emitted/report/status.js
var report_status = __webpack_require__(6378);
;// CONCATENATED MODULE: ./emitted/report/tell.js











/** What there is to say about how a command ended, for a terminal and for a summary alike. */
function tell(ended) {
    const { lead, blocks } = tellResult(ended);
    const { error, steps = [], warnings = [], durationMs, releaseId, recorded = false } = ended;
    const time = durationMs === undefined ? [] : [`It took ${(0,format/* formatDuration */.a3)(durationMs)}.`];
    const named = releaseId !== undefined && recorded;
    const about = named ? [{ kind: 'facts', title: '', facts: [['Release', { name: releaseId }]] }] : [];
    return {
        ...headlineOf(ended),
        lead: [...lead, ...(lead.length > 0 ? time : [])],
        failure: error && { code: error.code, message: error.message, hint: error.hint },
        blocks: mergeFacts([
            ...(warnings.length > 0 ? [{ kind: 'list', title: 'Warnings', items: warnings }] : []),
            ...(steps.length > 0 ? [{ kind: 'steps', title: 'Steps', steps }] : []),
            ...blocks,
            ...about,
        ]),
    };
}
/** Facts without a title that follow each other are one list. */
function mergeFacts(blocks) {
    const merged = [];
    for (const block of blocks) {
        const last = merged.at(-1);
        if (block.kind === 'facts' && last?.kind === 'facts' && block.title === '' && last.title === '')
            merged[merged.length - 1] = { ...last, facts: [...last.facts, ...block.facts] };
        else
            merged.push(block);
    }
    return merged;
}
function tellResult(ended) {
    if (ended.result === undefined)
        return { lead: [], blocks: [] };
    switch (ended.command) {
        case 'status':
            return tellStatus(ended.result);
        case 'plan':
            return tellPlan(ended.result);
        case 'migrate':
        case 'up':
            return tellMigrate(ended.result);
        case 'verify':
            return tellVerify(ended.result);
        case 'backup':
            return tellBackup(ended.result);
        case 'inspect':
            return tellInspect(ended.result);
        case 'restore':
            return tellRestore(ended.result);
        case 'rollback':
        case 'down':
            return tellRollback(ended.result);
        case 'release':
            return tellRelease(ended.result);
        case 'drill':
            return { lead: drillLead(ended.result), blocks: drillBlocks(ended.result) };
        case 'audit':
            return { lead: [auditSentence(ended.result)], blocks: auditTable(ended.result) };
        case 'init':
            return { lead: [`Wrote ${ended.result.file}; name the database there.`], blocks: [] };
        case 'create':
            return { lead: [`Wrote ${ended.result.file}.`], blocks: [] };
        case 'baseline':
            return tellBaseline(ended.result);
        case 'unlock':
            return tellUnlock(ended.result);
    }
}
function tellStatus(status) {
    return { lead: [(0,report_status/* statusSentence */.A)(status)], blocks: (0,report_status/* statusBlocks */.V)(status) };
}
function tellPlan({ digest, pending, findings }) {
    const what = pending === 'unknown'
        ? 'What is pending is unknown: no database was asked.'
        : pending.length === 0
            ? 'Nothing is pending.'
            : `${(0,format/* plural */.LS)(pending.length, 'migration')} would be applied.`;
    return {
        lead: [what],
        blocks: [
            ...findingsTable(findings),
            ...(pending === 'unknown' ? [] : pendingTable(pending)),
            { kind: 'facts', title: '', facts: [['Digest', { name: digest }]] },
        ],
    };
}
function tellMigrate({ applied, failed, remaining = [], rehearsal, ...relied }) {
    const rehearsed = rehearsal === undefined ? undefined : tellRehearsalOf(rehearsal, { applied, failed });
    const ran = applied.length > 0 ? [`Applied: ${totals(applied)}.`] : [];
    const left = remaining.length > 0 ? [`Not begun: ${(0,format/* plural */.LS)(remaining.length, 'migration')}.`] : [];
    return {
        // Once something was applied, that is the news, and the rehearsal only led to it.
        lead: [...ran, ...left, ...(rehearsed?.lead ?? [])],
        blocks: [
            ...migrationsTable('Applied', applied, failed),
            ...(remaining.length > 0 ? [{ kind: 'list', title: 'Not begun', items: remaining }] : []),
            ...(rehearsed?.blocks ?? []),
            ...reliedBlocks(relied),
        ],
    };
}
function reliedBlocks(relied) {
    const facts = reliedFacts(relied);
    return facts.length > 0 ? [{ kind: 'facts', title: '', facts }] : [];
}
function tellRehearsal(rehearsal) {
    const { probes = [] } = rehearsal;
    return {
        lead: [
            `Rehearsed on ${restoredData(rehearsal)} in a sandbox: ${ranInWords(rehearsal)}. mongo-release itself only read the target.`,
            ...(probes.length > 0 ? [`In the sandbox ${probesSentence(probes)}.`] : []),
        ],
        blocks: rehearsalBlocks(rehearsal, false),
    };
}
function tellBaseline({ recorded }) {
    const what = recorded.length === 0 ? 'It was recorded so already.' : `Nothing was run: ${recorded.join(', ')}.`;
    return { lead: [what], blocks: [] };
}
function tellUnlock({ was }) {
    return { lead: was === null ? [] : [`It was held by ${was.owner} (fence ${was.fence}).`], blocks: [] };
}
function tellVerify({ probes }) {
    return { lead: probes.length === 0 ? [] : [`${probesSentence(probes)}.`], blocks: probesTable(probes) };
}
function tellBackup(backup) {
    const lead = backup.engine === 'atlas'
        ? backupHolds(backup)
        : `${(0,format/* plural */.LS)(backup.documents, 'document')}, ${(0,format/* formatBytes */.z3)(backup.bytes)}.`;
    return { lead: [lead], blocks: backupFacts(backup) };
}
function tellInspect(result) {
    if ('backup' in result)
        return { lead: [], blocks: backupFacts(result.backup) };
    const { backups } = result;
    return {
        lead: [
            backups.length === 0 ? 'The store holds no backup.' : `The store holds ${(0,format/* plural */.LS)(backups.length, 'backup')}.`,
        ],
        blocks: backupsTable(backups),
    };
}
function tellRestore(restore) {
    if (restore.cluster !== undefined)
        return { lead: [`The whole cluster ${restore.cluster} is as it was in backup ${restore.backupId}.`], blocks: [] };
    const { displaced = [] } = restore;
    const documents = restore.restored.reduce((total, one) => total + one.documents, 0);
    const changes = [
        `${(0,format/* plural */.LS)(restore.restored.length, 'collection')} restored with ${(0,format/* plural */.LS)(documents, 'document')}`,
        restore.removed.length > 0 ? `${(0,format/* formatCount */.B4)(restore.removed.length)} removed` : undefined,
        restore.kept.length > 0 ? `${(0,format/* formatCount */.B4)(restore.kept.length)} kept` : undefined,
    ];
    const followed = restore.migrate === undefined ? undefined : tellMigrate(restore.migrate);
    return {
        lead: [
            `${changes.filter((part) => part !== undefined).join(', ')}.`,
            // Of what was replaced and is kept, a warning tells.
            ...displaced
                .filter(({ writes }) => writes === undefined)
                .map(({ name, tombstone }) => `What others made as ${name} while it was replaced is in ${tombstone}.`),
            ...(followed?.lead ?? []),
        ],
        blocks: [...restoreBlocks(restore), ...(followed?.blocks ?? [])],
    };
}
function tellRollback(rollback) {
    const { strategy, reverted, failed, kept, conflicts, undo = [], restore, loss, probes = [], steps = [] } = rollback;
    const restored = restore === undefined ? undefined : tellRestore(restore);
    const counted = reverted.filter((one) => one.effects !== undefined);
    const restoredAway = reverted.flatMap((one) => (one.effects === undefined ? [one.name] : []));
    const foretold = undo.length > 0 && reverted.length === 0 && failed === undefined;
    const conflicting = conflicts.reduce((total, one) => total + one.documents, 0);
    const leaving = undo.filter(({ quarantined }) => quarantined > 0);
    const each = leaving.length > 1 ? '; one that several migrations left counts once for each' : '';
    return {
        lead: [
            ...(foretold ? [(0,way_back/* undoSentence */.ef)(undo)] : []),
            ...(reverted.length > 0 || failed || restored ? [`Way back: ${strategy}.`] : []),
            ...(counted.length > 0 ? [`Taken back: ${totals(counted)}.`] : []),
            ...(restored?.lead ?? []),
            ...(restoredAway.length > 0 ? [`Taken back with that: ${restoredAway.join(', ')}.`] : []),
            ...(restored !== undefined && loss !== undefined ? [(0,way_back/* lossSentence */.Fz)(loss)] : []),
            ...(conflicting > 0 ? [`${(0,format/* plural */.LS)(conflicting, 'document')} left to the users, in quarantine${each}.`] : []),
            ...(probes.length > 0 ? [`Afterwards ${probesSentence(probes)}.`] : []),
        ],
        blocks: [
            ...(0,way_back/* playbookTable */.uB)(steps),
            ...(0,way_back/* undoTable */.fT)(foretold ? 'An undo would put back, in documents' : 'Undone, in documents', undo),
            ...migrationsTable('Taken back', counted, failed),
            ...(restored?.blocks ?? []),
            ...(kept.length > 0 ? [{ kind: 'list', title: 'Kept', items: kept }] : []),
            ...probesTable(probes, 'Probes after the way back'),
        ],
    };
}
function tellRelease(release) {
    const { guards = [], plan, backup, rehearsal, migrate, verify, rollback } = release;
    const findings = [...(plan?.findings ?? []), ...guards.flatMap((guard) => guard.findings)];
    const parts = [
        rollback && tellRollback(rollback),
        migrate && tellMigrate({ ...migrate, rehearsal: undefined }),
        verify && tellVerify(verify),
        { lead: [], blocks: findingsTable(findings) },
        backup && tellBackupOfRelease(backup),
        rehearsal && tellRehearsalOf(rehearsal, migrate),
        { lead: [], blocks: reliedBlocks(release) },
        {
            lead: [],
            blocks: detailWhere(guards.every(({ findings }) => findings.length === 0), guardsTable(guards)),
        },
        plan && { lead: [], blocks: planOfRelease(plan, migrate ?? rehearsal) },
    ].filter((part) => part !== undefined);
    return { lead: parts.flatMap((part) => part.lead), blocks: parts.flatMap((part) => part.blocks) };
}
function tellBackupOfRelease(backup) {
    return { lead: [backupHolds(backup)], blocks: detailWhere(true, backupFacts(backup)) };
}
/** Where everything that was rehearsed is also applied, the same table twice would only be in the way. */
function tellRehearsalOf(rehearsal, migrate) {
    const { applied = [], failed } = migrate ?? {};
    if (applied.length === 0 && failed === undefined)
        return tellRehearsal(rehearsal);
    const repeated = failed === undefined && rehearsal.failed === undefined && applied.length === rehearsal.migrations.length;
    return { lead: [], blocks: rehearsalBlocks(rehearsal, repeated) };
}
/** The pending migrations are of interest where none of them ran. */
function planOfRelease(plan, ran) {
    return [
        ...(ran === undefined && plan.pending !== 'unknown' ? pendingTable(plan.pending) : []),
        { kind: 'facts', title: '', facts: [['Plan digest', { name: plan.digest }]] },
    ];
}


/***/ })

};

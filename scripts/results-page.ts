import type { Effects, PlannedMigration } from '../src/migration/types.ts';
import type { Finding } from '../src/observe/finding.ts';
import { outcomes } from '../src/observe/outcome.ts';
import type { BackupFacts, FileFacts } from '../src/release/backup/backup-facts.ts';
import type { RecordedStep } from '../src/release/record/record.ts';
import type {
  ExpectedOnTarget,
  MigrationSeen,
  RehearsalResult,
  RehearsedMigration,
  RehearsedWay,
  WayBackRehearsal,
} from '../src/release/rehearsal/result.ts';
import type { AppliedMigration, FailedMigration, Results, Step } from '../src/release/result.ts';
import type { UndoneMigration } from '../src/release/rollback/result.ts';
import type { LeaseStatus, MigrationStatus } from '../src/release/status.ts';
import type { ProbeResult } from '../src/verify/probe.ts';

type KeyOf<T> = T extends unknown ? keyof T : never;
/** Every key of a result, and none that it has not: the types hold this page. */
type About<T> = Readonly<Record<KeyOf<T> & string, string>>;

const proof = 'the proof of a rehearsal that it relied on, or that a dry run leaves: `id`, `level`, `at`, `dataAt`';
const waiver = 'what it was let off, by whom and why, instead of a proof';
const rehearsal = 'a [rehearsal](#rehearsal), where one ran';

const migrate: About<Results['migrate']> = {
  releaseId: 'names the release, for `rollback`',
  backupId: 'the backup that stands behind it',
  applied: '[migrations](#migration), in the order in which they were applied; empty after a rehearsal',
  failed: 'the migration that it ended at: `name`, `durationMs`, `effects`, `offending`',
  remaining: 'names of those that were not begun',
  rehearsal,
  ...{ proof, waiver },
};

const back: About<Results['rollback']> = {
  releaseId: 'the release that is taken back',
  rollbackId: 'the rollback itself, as `status` and `audit` name it; absent where none was begun',
  strategy: '`undo`, `down`, `restore`, or `none` where nothing of it is in the data',
  reverted:
    '[migrations](#migration) that were taken back, in that order, of those that went back with a restore only the `name`; empty in a dry run',
  failed: 'the one that it ended at',
  kept: 'what was left as it is',
  conflicts:
    'of each `collection` how many `documents` stay as users left them, in quarantine; one that several migrations left counts once for each',
  undo: 'of `undo` the numbers of each [migration](#undone-migration): what was done, in a dry run what would be',
  restore: 'of `restore` what `restore` says',
  loss: 'of `restore` the writes of users that it does not bring back: `writes` (`null` where nobody can count them, with `why`), `since`, `collections`, and in `notCounted` the names of time series, of which nobody can count them. The last of them are not lost where there is `kept`: of each `name` the `tombstone` where all that was replaced is, with the `writes` that came after the last count (or `unknown`: then `writes` above has those up to it), and `expiry` and `expiring` as `restore.displaced` has them',
  probes: '[probes](#probe) that it was verified by',
  steps:
    'its [steps](#step), in the order in which they last ran; in a dry run those that it would take, `planned`. A dry run without them has nothing to do',
};

const results: { readonly [C in keyof Results]: About<Results[C]> } = {
  status: {
    ...{ target: 'name of the target', database: 'its database' },
    migrations: '[each](#migration-in-status), in order',
    pending: 'how many',
    lease: 'who changes the target at the moment ([lease](#lease)), or `null`',
    traffic: 'only while users are shut out, or may be: `state`, `since`, `rollbackId`, `releaseId`',
    attention: '`true` where somebody has to do something beside applying what is pending: `warnings` say what',
    quarantine:
      'of each `migration` that has some, how many `documents` wait for somebody to look after them; of an undo `conflicts`, as with an [undone migration](#undone-migration), and `rollbackId`, where one rollback has left all of them',
    keptAside:
      'collections that restores, and rollbacks by one, have put aside and kept, and that nobody has dropped since: of each `name` its `tombstone`, with `writes` and `expiring` as `restore.displaced` has them, the `rollbackId` (absent where it was no rollback), and `since` when; absent where there are none',
    leftByRestore:
      'collections that a restore has not removed which was cut off, and that only take up room: `what` they are (`copies` that it built, having replaced nothing, or `replaced` by it, since it is in place), the `backupId`, `since` when nothing was heard of it, and their names (`collections`); absent where there are none, somebody has the lease, or a sign of life came within the last 10 s',
    changelog: 'of a project of migrate-mongo: what that says of each file',
  },
  plan: {
    digest: 'names exactly what is pending; `unknown` with `--offline`',
    pending: '[each](#pending-migration), in order; `unknown` with `--offline`',
    findings: '[findings](#finding) of lint, history, rehearsals and [guards](errors.md#the-guards)',
  },
  migrate,
  up: migrate,
  verify: { probes: '[each](#probe)' },
  backup: backupFacts(),
  inspect: {
    backups: 'without BACKUP: [each](#a-backup)',
    backup: 'with BACKUP: [that one](#a-backup)',
    verified: 'whether it was read whole and is what was written',
  },
  restore: {
    backupId: 'what was restored',
    database: 'what it was restored into',
    restored: 'of each `collection` how many `documents`',
    removed: 'collections that the backup does not hold, and that are gone',
    kept: 'the same, where they stay',
    displaced:
      'what others made under a restored name meanwhile: `name`, and the `tombstone` where it is; with `writes` what was replaced, and is kept since that many came to it after the last count, more than was agreed to; with `expiry` (`index`, absent where it is the collection itself, and `expireAfterSeconds`) where its documents expired before and do not there, or in `expiring` where they still do, since the user may not `collMod`',
    cluster: 'of Atlas: the cluster, all of which was restored',
    history: '`set` to where the backup was taken, or `unchanged`',
    migrate: 'with `--then-migrate` what `migrate` says of what was applied afterwards',
  },
  release: {
    releaseId: 'names the release, for `rollback`',
    guards: 'of each guard `id`, `state` (`passed`, `blocked`, `unknown`), `seen`, `findings`, `durationMs`',
    plan: 'what `plan` says',
    backup: 'the [backup](#a-backup)',
    rehearsal,
    migrate: 'what `migrate` says',
    deploy: '`durationMs`',
    verify: 'what `verify` says',
    rollback: 'what `rollback` says, where `--on-failure rollback` began one',
    ...{ proof, waiver },
  },
  rollback: back,
  down: back,
  drill: {
    backupId: 'the backup that was restored',
    location: 'the store that it is in',
    createdAt: 'when it was taken',
    ...{ documents: 'how many it holds', bytes: 'how much that is as BSON' },
    verified: 'whether the archive was read whole and is what was written',
    recoveryTimeMs: 'how long it took until the last probe',
    recoveryPoint: 'of when the data are (`at`), and how old they were (`ageMs`)',
    limits: 'of each configured one `name`, `state` (`kept`, `exceeded`, `unknown`), `limitMs`, `seenMs`',
    counts: 'of each `collection` `state` (`equal`, `differs`), `expected`, `restored`',
    migrations: '[those](#migration) that brought the data to the schema of this checkout',
    failed: 'the one that it ended at',
    probes: '[each](#probe)',
    ...{ serverVersion: 'of the sandbox', sandbox: 'where its mongod came from' },
    record: 'where the drill is on record',
  },
  audit: {
    since: 'from when on',
    drills: '`listed`, `no-store` or `unreadable`',
    entries: '[each](audit.md), the newest first',
  },
  init: { file: 'the configuration that was written' },
  create: { file: 'the new migration' },
  baseline: { releaseId: 'names the record of it', recorded: 'names of migrations whose record changed' },
  unlock: { was: 'the [lease](#lease) that was cleared, or `null`' },
};

function backupFacts(): About<BackupFacts> {
  return {
    id: 'names it',
    location: 'where it is',
    createdAt: 'when it was taken',
    durationMs: 'how long that took; not where it is only looked at',
    engine: '`built-in`, `mongodump`, `atlas`; of a file `file`',
    ...{ target: 'what it is of:', database: 'its database', environment: 'and what that was called' },
    verifiedAt: 'when it was last read whole and found to be what was written',
    ...{ documents: 'how many', bytes: 'how much that is as BSON', archiveBytes: 'how much is stored' },
    clusterTime: 'the moment that every collection was read at',
    consistency: '`snapshot` or `per-collection`',
    outsideSnapshot: 'collections that are not of that moment',
    ...{ compression: '`zstd`, `gzip`, `none`', encrypted: 'whether by age' },
    ...{ projectId: 'of `atlas`', cluster: 'of `atlas`', snapshotId: 'of `atlas`' },
    expiresAt: 'of `atlas`: by when it removes the snapshot',
    snapshot: 'of `atlas`: what it says of it',
  };
}

const file: About<Omit<FileFacts, KeyOf<BackupFacts>>> = {
  serverVersion: 'of a file: the server that it was taken from',
  databases: 'of a file: of each `name`, `collections`, `documents`, `bytes`',
  oplogEntries: 'of a file: of what happened while it was made',
};

const migration: About<AppliedMigration & Pick<FailedMigration, 'offending'>> = {
  name: 'of the file, without its extension',
  durationMs: 'how long it took',
  effects: 'what it did: [effects](#effects)',
  offending: 'of one that failed: the documents that it failed on, as far as they were found; ids alone',
};

const effects: About<Effects> = {
  ...{ matched: 'documents; one that several writes meet counts with each, here and below', modified: 'documents' },
  ...{ inserted: 'documents', deleted: 'documents' },
  quarantined: 'documents that `batch` put aside',
  operations:
    'writes and catalog changes that were sent; with 0 the target is as it was. Of an undo one for each document and each change of the catalog that it went back over',
  replayed: 'of those: what an earlier run had done, and was not sent again',
  byCollection: 'the counts of each collection; empty for an undo, which counts by migration: `undo`',
  ...{ indexesCreated: 'as `collection.index`', indexesDropped: 'the same' },
  ...{ collectionsCreated: 'names', collectionsDropped: 'names' },
  otherChanges: 'of the catalog, such as `rename a → b`',
  unknown: 'operations whose result never arrived',
};

const shapes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Step: {
    name: 'of the release: `guards plan backup rehearsal apply deploy verify rollback`; of a rollback: [the playbook](rollback.md#the-playbook)',
    state: '`done failed skipped running unknown planned`',
    ...{ startedAt: 'when', durationMs: 'how long', note: 'a few words, such as why it was skipped' },
    attempt:
      'of a rollback that was gone on with: which attempt at it this is about, from the second on; where it was skipped, how many there were before',
    ...{ actor: 'of a rollback, who was at it', host: 'on which machine', runUrl: 'by which run' },
  } satisfies About<Step | RecordedStep>,
  Finding: {
    rule: 'stable id of the rule',
    severity: '`error` (stops a release), `warning`, `note`',
    place: '`file`, `line`, or `name`',
    ...{ message: 'what is so', next: 'what settles it' },
  } satisfies About<Finding>,
  'Pending migration': {
    ...{ name: 'of the file, without its extension', fileName: 'the file' },
    ...{ phase: '`before-deploy` or `after-deploy`', checksum: 'of its content' },
    transaction: 'whether all of it is one',
    journal: 'whether what it does is kept',
    reversible: 'whether it has a `down`; an undo needs none: `run.undoable`',
    description: 'its own',
    run: 'how it is going to be run: `journal` (`images`, `operations`, `none`), `transaction`, `batches`; whether it is `resumable` after a kill, and `undoable` by the journal; `notes`',
  } satisfies About<PlannedMigration>,
  Migration: migration,
  Effects: effects,
  'Migration in status': {
    ...{ name: 'of the file', state: '`pending running applied failed interrupted rolled-back`' },
    appliedAt: '`null` while it does not count as applied',
    origin: 'how it came to be applied where no migration ran: `baseline`, `restore`, `migrate-mongo`',
    checksum: 'of the file, or of the record where that is gone',
    note: '`edited-since-applied` or `file-missing`',
    error: 'what it failed of: `code`, `message`, `direction`',
  } satisfies About<MigrationStatus>,
  'Undone migration': {
    name: 'of the file',
    attempts: 'those of it that were undone: their `attempt` in quarantine',
    changed:
      'documents that the migration changed: the sum of `documents`, `deletedSince`, `asBefore`, `quarantined`, and of `downDocuments` without `downCreated`',
    documents: 'put back, each once; of those:',
    ...{ inserted: 'put in again', deleted: 'taken out', merged: 'put back around what users wrote' },
    deletedSince: 'that users deleted since: they stay deleted',
    asBefore: 'that were as before already: nothing was to be done',
    quarantined: 'left to users, in quarantine',
    conflicts:
      'those: of each `collection` and `reason` how many `documents`, with the names of `fields`, the `index`, the `code` of the server where there are such: [why](rollback.md#what-stays-with-users)',
    downDocuments: 'brought back by `downDocument`; of those:',
    downCreated: 'that users had created since, and the migration did not change',
    createdSince: 'what stays in the new shape',
    catalogOperations: 'operations on the catalog that were gone back over',
    left: 'of the catalog, left as it is, with `why`',
  } satisfies About<UndoneMigration>,
  Lease: {
    ...{ owner: 'host, process and command', fence: 'its number', expiresAt: 'when', releaseId: 'of its run' },
  } satisfies About<LeaseStatus>,
  Probe: {
    ...{ name: 'its own', state: '`passed failed unknown`', expected: 'what', seen: 'what' },
    ...{ durationMs: 'of all attempts', attempts: 'how many' },
  } satisfies About<ProbeResult>,
  'A backup': { ...backupFacts(), ...file },
  Rehearsal: {
    level: '`full` or `sample`',
    need: 'what a full one needs: `leastBytes diskBytes freeBytes seconds basis`',
    backup: 'what was restored: `id`, `at`',
    migrations: '[migrations](#rehearsed-migration)',
    ...{ failed: 'the one that it ended at', remaining: 'names of those after it' },
    oplog: 'of the target: `maxBytes reachMs`',
    ...{ serverVersion: 'of the sandbox', sandbox: 'where its mongod came from' },
    ...{ restoredDocuments: 'how many', restoredBytes: 'how much' },
    durationMs: 'of all of it',
    probes: '[each](#probe)',
    wayBack: 'the [ways back](#ways-back)',
    uncovered: 'what it could not show, a sentence each',
  } satisfies About<RehearsalResult>,
  'Rehearsed migration': {
    name: migration.name,
    durationMs: migration.durationMs,
    effects: migration.effects,
    seen: 'what the sandbox [showed](#seen) beside that',
    onTarget: 'what it [comes to](#on-target)',
  } satisfies About<RehearsedMigration>,
  Seen: {
    fields:
      '`fields`: of each `collection`, `path` and types (`before`, `after`) the number of `changes`; `changes`: how many were looked at, each operation having its share; `cut`: there are more changes, or fields. Absent without a journal',
    indexBuilds: 'of each `collection` the `indexes` and how long their calls took (`durationMs`)',
    violations:
      'of each `collection` how many `documents` do not fulfil its validator (`null`: that could not be looked at), whether there are `more`, and `ids` of some',
    journalBytes: 'as BSON; absent without a journal',
    oplogBytes: 'all that it wrote to the oplog, the journal with it; absent where that could not be read',
    oplogMore: '`true` where it was more than that',
  } satisfies About<MigrationSeen>,
  'On target': {
    durationMs: 'about how long it takes there',
    basis: 'what that is reckoned from',
    ...{ oplogBytes: 'what it writes to the oplog', oplogMore: '`true` where it is more than that' },
  } satisfies About<ExpectedOnTarget>,
  'Ways back': {
    undo: 'by the journal: a [way](#way)',
    down: 'by each `down`: a [way](#way)',
    probes: '[those](#probe) that a rollback is verified by, asked before the migrations',
  } satisfies About<WayBackRehearsal>,
  Way: {
    state: '`equal differs not-compared impossible failed`; `not-compared` where nothing tells what was there',
    why: 'why it does not lead further, or nowhere',
    migrations: 'those that were taken back, in that order: `name`, `durationMs`',
    differences: 'in what the database differs, a line each',
    notes: 'what is not as it was, and is as good',
    durationMs: 'of showing it, too',
  } satisfies About<RehearsedWay>,
};

function table(about: Readonly<Record<string, string>>): string {
  const rows = Object.entries(about).map(([key, text]) => `| \`${key}\` | ${text} |`);
  return ['| key | is |', '| --- | --- |', ...rows].join('\n');
}

/** docs/results.md: what `--json` prints, by command. */
export function resultsPage(): string {
  const same: Readonly<Record<string, string>> = { up: 'migrate', backup: '' };
  const commands = Object.entries(results).map(([name, about]) => {
    if (same[name] === '') return `### ${name}\n\nThe keys of a [backup](#a-backup).\n`;
    if (name === 'down')
      return `### down\n\nThe keys of [rollback](#rollback) but \`rollbackId\`; \`releaseId\` names the run itself.\n`;
    if (same[name] !== undefined) return `### ${name}\n\nThe keys of [${same[name]}](#${same[name]}).\n`;
    return `### ${name}\n\n${table(about)}\n`;
  });
  const parts = Object.entries(shapes).map(([name, about]) => `### ${name}\n\n${table(about)}\n`);
  return `# Results

With \`--json\` stdout is one document, also on failure; the action's output \`report-path\` names a file with the same. People's text goes to
stderr. Keys that have nothing to say are left out, moments are ISO 8601, durations milliseconds; no value of a document is in any of it.
New keys may come, and these stay, as long as \`schemaVersion\` is 1. This page is generated, and held by the types of the sources.

| key | is |
| --- | --- |
| \`schemaVersion\` | 1 |
| \`command\` | which |
| \`outcome\` | ${outcomes.map((one) => `\`${one}\``).join(', ')}. What only reads, and a dry run of \`rollback\`, ends as \`nothing-to-do\` where all is well |
| \`target\`, \`database\`, \`environment\` | what it was about |
| \`releaseId\` | the release, of commands that belong to one |
| \`durationMs\` | of the whole command |
| \`steps\` | of a release, in order: [steps](#step) |
| \`warnings\` | what a person should know although nothing failed, a sentence each |
| \`error\` | on failure: \`code\` ([errors.md](errors.md)), \`message\`, \`hint\` (the next thing to type), \`details\` |

## By command

${commands.join('\n')}
## Parts of them

${parts.join('\n')}
## The log

stderr is for people. With \`MONGO_RELEASE_LOG=json\` in the environment each line of the log is a JSON document of its own: \`time\`, \`level\`
(\`debug info warn error\`), \`message\`, \`releaseId\`, and what the line is about, such as \`migration\` or \`guard\`.
`;
}

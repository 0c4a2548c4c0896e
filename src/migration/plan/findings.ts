import type { Finding } from '../../observe/finding.ts';
import { isHalfDone } from '../beginning.ts';
import { byCodeUnit } from '../canonical.ts';
import { unknownChecksum } from '../files/files.ts';
import { listed } from '../files/find.ts';
import type { HistoryRecord, MigrationFacts, MigrationFile, PlannedMigration, PlanScope } from '../types.ts';

interface Considered {
  /** In the order of file names. */
  readonly files: readonly MigrationFile[];
  readonly records: readonly HistoryRecord[];
  readonly facts: ReadonlyMap<string, MigrationFacts>;
  /** All pending migrations, in the order of file names. */
  readonly open: readonly PlannedMigration[];
  /** Those in scope, in the order of application. */
  readonly pending: readonly PlannedMigration[];
  readonly scope: PlanScope;
  /** What comes next of each migration that has not reached its end, by name. */
  readonly waysOn: ReadonlyMap<string, string>;
}

/** What history and order have to say about a plan: of the history as a whole, then of what would be applied. */
export function planFindings(plan: Considered, aboutRuns: readonly Finding[] = []): Finding[] {
  const files = new Map(plan.files.map((file) => [file.name, file]));
  const records = [...plan.records].sort((a, b) => byCodeUnit(a._id, b._id));
  return [
    ...records.flatMap((record) => recordFindings(record, files.get(record._id), plan.waysOn.get(record._id))),
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
export function isEdited({ checksum }: HistoryRecord, file: MigrationFile): boolean {
  return checksum !== unknownChecksum && checksum !== file.checksum;
}

/** Rules of findings about a migration that has not reached its end. */
export const halfDoneRules: ReadonlySet<string> = new Set(['history-running', 'history-interrupted', 'history-failed']);

function recordFindings(
  record: HistoryRecord,
  file: MigrationFile | undefined,
  wayOn = 'mongo-release status says what comes next of it.',
): Finding[] {
  const { _id: name, state, direction } = record;
  const place = { name };
  const findings: Finding[] = [];
  const trace = state === 'applied' || isHalfDone(record);
  if (file === undefined && state !== 'rolled-back' && trace) {
    findings.push({
      rule: 'history-missing-file',
      // Of a file that was gone before we came there is nothing to bring back, and migrate-mongo never missed it.
      severity: record.checksum === unknownChecksum ? 'warning' : 'error',
      place,
      message: `${name} is ${state} in this target, and there is no file ${record.fileName} for it.`,
      next:
        state === 'applied'
          ? `Bring ${record.fileName} back from version control, or release from a commit that has it.`
          : wayOn,
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
      next: wayOn,
    });
  }
  if (state === 'running') {
    findings.push({
      rule: 'history-running',
      severity: 'warning',
      place,
      message: `${name} is on its way ${direction}, or the run that wrote so was killed.`,
      next: `mongo-release status says whether a run holds the lease. Where none does: ${wayOn}`,
    });
  }
  return findings;
}

/**
 * A file that is older than the newest one that is applied or begun. After-deploy files are compared with their like only: while a
 * release deploys, they are pending although newer before-deploy ones are applied, and that is how it should be.
 */
function outOfOrder({ pending, records, files, scope }: Considered): Finding[] {
  const fileNames = new Map(files.map((file) => [file.name, file.fileName]));
  const newest = { 'before-deploy': '', 'after-deploy': '' };
  const begun = new Set(records.filter(isHalfDone).map((record) => record._id));
  const begunFiles = new Set<string>();
  for (const { _id, state, fileName: recorded, phase } of records) {
    const fileName = fileNames.get(_id) ?? recorded;
    if (begun.has(_id)) begunFiles.add(fileName);
    if ((state === 'applied' || begun.has(_id)) && byCodeUnit(fileName, newest[phase]) > 0) newest[phase] = fileName;
  }
  return pending.flatMap(({ name, fileName, phase }) => {
    const after = newest['after-deploy'];
    const last = phase === 'after-deploy' || byCodeUnit(after, newest[phase]) > 0 ? after : newest[phase];
    if (begun.has(name) || byCodeUnit(fileName, last) > 0) return [];
    return [
      {
        rule: 'history-out-of-order',
        // Whoever names it alone has decided.
        severity: scope.name === undefined ? ('error' as const) : ('warning' as const),
        place: { name },
        message: `${fileName} is not applied, and ${last}, which comes after it, is${begunFiles.has(last) ? ' begun' : ''}.`,
        next: `Give the file the present time as its name, or apply it alone, knowingly, with --name ${name}; where the target has it already: mongo-release baseline ${name}.`,
      },
    ];
  });
}

/** Older pending migrations that the scope leaves out, although what it picks may stand on them. */
function skipped({ open, pending, scope }: Considered): Finding[] {
  const picked = new Set(pending.map((migration) => migration.name));
  if (scope.name === undefined && scope.phase !== 'after-deploy') return [];
  return pending.flatMap(({ name, fileName }) => {
    const left = open.filter((other) => !picked.has(other.name) && byCodeUnit(other.fileName, fileName) < 0);
    if (left.length === 0) return [];
    const names = listed(left.map((other) => other.name));
    return [
      {
        rule: 'plan-skips-pending',
        severity: scope.name === undefined ? ('error' as const) : ('warning' as const),
        place: { name },
        message: `${name} would be applied before ${names}, which ${left.length === 1 ? 'is' : 'are'} older and pending.`,
        next:
          scope.name === undefined
            ? 'Apply the earlier phase first: mongo-release migrate --apply --phase before-deploy'
            : `Check that ${name} does not need them, or use --to ${name}.`,
      },
    ];
  });
}

/** A before-deploy migration that is newer than an after-deploy one of the same plan, and yet runs before it. */
function phaseOrder({ pending }: Considered): Finding[] {
  const newest = pending.filter((migration) => migration.phase === 'before-deploy').at(-1);
  const overtaken = pending.filter(
    (migration) => migration.phase === 'after-deploy' && newest && byCodeUnit(migration.fileName, newest.fileName) < 0,
  );
  return overtaken.map(({ name }) => ({
    rule: 'plan-phase-order',
    severity: 'warning',
    place: { name },
    message: `${name} runs after the deploy, so newer before-deploy migrations, up to ${newest?.name}, run before it.`,
    next: `Check that they do not need it; or release in two steps, first with --to ${name}.`,
  }));
}

function noWayBack({ name, run }: PlannedMigration, facts: ReadonlyMap<string, MigrationFacts>): Finding[] {
  const known = facts.get(name);
  if (known === undefined || known.hasDown || known.irreversible !== undefined) return [];
  return [
    {
      rule: 'no-way-back',
      severity: 'warning',
      place: { name },
      message: `${name} has no down, and does not say that it is irreversible.`,
      next: `Write its down, or state irreversible: 'the reason'; without either only ${run.undoable ? 'an undo by the journal, or a restore,' : 'a restore'} leads back.`,
    },
  ];
}

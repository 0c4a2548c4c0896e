import { ReleaseError } from '../../observe/error.ts';
import type { Finding } from '../../observe/finding.ts';
import { byCodeUnit, digestOf } from '../canonical.ts';
import { findMigration } from '../files/find.ts';
import { position } from '../history/position.ts';
import type { SourceNote } from '../source-scan/scan.ts';
import type {
  HistoryRecord,
  MigrationFacts,
  MigrationFile,
  Phase,
  PlannedMigration,
  PlanScope,
  Position,
} from '../types.ts';
import { planFindings } from './findings.ts';
import { type HowItRuns, runFindings, runOf } from './run.ts';

export interface PlanInput {
  readonly files: readonly MigrationFile[];
  /** Of every file that is not applied; others are not asked for. */
  readonly facts: ReadonlyMap<string, MigrationFacts>;
  readonly records: readonly HistoryRecord[];
  readonly scope: PlanScope;
  readonly database: string;
  readonly target: string;
  /** Default: images on a server that nobody asked. */
  readonly how?: HowItRuns;
  /** What the text of the files says, by name; one that is not here says nothing. */
  readonly sources?: ReadonlyMap<string, readonly SourceNote[]>;
  /** What comes next of each migration that has not reached its end, by name. */
  readonly waysOn?: ReadonlyMap<string, string>;
}

export interface MigrationPlan {
  readonly target: string;
  readonly database: string;
  readonly scope: PlanScope;
  /** SHA-256 over what would be applied, in order, to which position of which database; hex. */
  readonly digest: string;
  readonly position: Position;
  readonly pending: readonly PlannedMigration[];
  readonly findings: readonly Finding[];
}

/**
 * What a migrate with this scope would apply, in its order: all of before-deploy by file name, then all of
 * after-deploy, since a release deploys between the two and a rehearsal has to prove that very order.
 *
 * Pending is what is not `applied`: a migration that failed or was interrupted runs again from its top. Pure.
 * Throws `MIGRATION_UNKNOWN` for a name in the scope that no file has, `USAGE` for both names at once.
 */
export function makePlan(input: PlanInput): MigrationPlan {
  const { records, facts, scope, database, target, waysOn = new Map() } = input;
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
    findings: planFindings({ files, records, facts, open, pending, scope, waysOn }, runFindings(pending)),
  };
}

/**
 * The name of a plan: changes with anything that would be applied, its order, the position, the database, and with what
 * the journal keeps: who agreed to a plan that can be undone has not agreed to one that cannot.
 */
export function planDigest(
  database: string,
  positionDigest: string,
  pending: readonly Pick<PlannedMigration, 'name' | 'checksum' | 'phase' | 'transaction' | 'run'>[],
): string {
  const migrations = pending.map(({ name, checksum, phase, transaction, run }) => [
    ...[name, checksum, phase, transaction],
    run.journal,
  ]);
  return digestOf({ database, position: positionDigest, migrations });
}

const phaseRank: Record<Phase, number> = { 'before-deploy': 0, 'after-deploy': 1 };

function inScope(scope: PlanScope, files: readonly MigrationFile[]): (migration: PlannedMigration) => boolean {
  if (scope.to !== undefined && scope.name !== undefined) {
    throw new ReleaseError('USAGE', '--to and --name exclude each other.', {
      hint: '--to NAME applies everything up to a migration, --name NAME that one alone: leave one of them out.',
    });
  }
  const last = scope.to === undefined ? undefined : findMigration(scope.to, files, '--to').fileName;
  const only = scope.name === undefined ? undefined : findMigration(scope.name, files, '--name').name;
  return ({ name, fileName, phase }) =>
    (scope.phase === undefined || phase === scope.phase) &&
    (only === undefined || name === only) &&
    (last === undefined || byCodeUnit(fileName, last) <= 0);
}

const usual: HowItRuns = { server: 'unknown', journal: 'images' };

function planned(file: MigrationFile, { facts, sources, how = usual }: PlanInput): PlannedMigration {
  const known = facts.get(file.name);
  if (known === undefined) throw new Error(`makePlan was not given the facts of ${file.name}`);
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
